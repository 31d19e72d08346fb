//! Single values: [`Datum`] borrows, [`Value`] owns.

use std::rc::Rc;

/// How a value lies in memory. Which SQL types use which is fixed in `ARCHITECTURE.md`, "Physical types".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Phys {
    Bool,
    I16,
    I32,
    I64,
    F32,
    F64,
    Fixed16,
    Bytes,
}

impl Phys {
    /// Bytes of one value, 0 when it varies.
    pub fn width(self) -> usize {
        match self {
            Phys::Bool => 1,
            Phys::I16 => 2,
            Phys::I32 | Phys::F32 => 4,
            Phys::I64 | Phys::F64 => 8,
            Phys::Fixed16 => 16,
            Phys::Bytes => 0,
        }
    }
}

/// One value, borrowed from the column, constant or parameter that holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Datum<'a> {
    Null,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Fixed16([u8; 16]),
    Bytes(&'a [u8]),
}

/// One value, owned. Cloning is cheap: long bytes are shared.
#[derive(Clone, Debug, PartialEq, Default)]
#[allow(missing_docs)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Fixed16([u8; 16]),
    Bytes(Rc<[u8]>),
}

impl Value {
    /// The value, borrowed.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn as_datum(&self) -> Datum<'_> {
        match self {
            Value::Null => Datum::Null,
            Value::Bool(v) => Datum::Bool(*v),
            Value::I16(v) => Datum::I16(*v),
            Value::I32(v) => Datum::I32(*v),
            Value::I64(v) => Datum::I64(*v),
            Value::F32(v) => Datum::F32(*v),
            Value::F64(v) => Datum::F64(*v),
            Value::Fixed16(v) => Datum::Fixed16(*v),
            Value::Bytes(v) => Datum::Bytes(v),
        }
    }

    /// A text value.
    pub fn text(s: &str) -> Value {
        Value::Bytes(Rc::from(s.as_bytes()))
    }

    /// A bytes value.
    pub fn bytes(b: &[u8]) -> Value {
        Value::Bytes(Rc::from(b))
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

impl<'a> Datum<'a> {
    /// An owned copy.
    pub fn to_value(self) -> Value {
        match self {
            Datum::Null => Value::Null,
            Datum::Bool(v) => Value::Bool(v),
            Datum::I16(v) => Value::I16(v),
            Datum::I32(v) => Value::I32(v),
            Datum::I64(v) => Value::I64(v),
            Datum::F32(v) => Value::F32(v),
            Datum::F64(v) => Value::F64(v),
            Datum::Fixed16(v) => Value::Fixed16(v),
            Datum::Bytes(v) => Value::Bytes(Rc::from(v)),
        }
    }

    /// Whether it is NULL.
    #[inline]
    pub fn is_null(self) -> bool {
        matches!(self, Datum::Null)
    }

    /// `Bool`, false for anything else: kernels are bound by type, so another variant is a bug upstream, never input.
    #[inline]
    pub fn bool(self) -> bool {
        matches!(self, Datum::Bool(true))
    }

    /// Any integer, widened; 0 for anything else.
    #[inline]
    pub fn int(self) -> i64 {
        match self {
            Datum::I16(v) => v as i64,
            Datum::I32(v) => v as i64,
            Datum::I64(v) => v,
            Datum::Bool(v) => v as i64,
            _ => 0,
        }
    }

    /// `I16`, 0 for anything else.
    #[inline]
    pub fn i16(self) -> i16 {
        self.int() as i16
    }

    /// `I32`, 0 for anything else.
    #[inline]
    pub fn i32(self) -> i32 {
        self.int() as i32
    }

    /// `I64`, 0 for anything else.
    #[inline]
    pub fn i64(self) -> i64 {
        self.int()
    }

    /// `F32`, 0 for anything else.
    #[inline]
    pub fn f32(self) -> f32 {
        match self {
            Datum::F32(v) => v,
            Datum::F64(v) => v as f32,
            _ => 0.0,
        }
    }

    /// `F64` or `F32`, 0 for anything else.
    #[inline]
    pub fn f64(self) -> f64 {
        match self {
            Datum::F64(v) => v,
            Datum::F32(v) => v as f64,
            _ => 0.0,
        }
    }

    /// `Fixed16`, zeros for anything else.
    #[inline]
    pub fn fixed16(self) -> [u8; 16] {
        match self {
            Datum::Fixed16(v) => v,
            _ => [0; 16],
        }
    }

    /// `Bytes`, empty for anything else.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Datum::Bytes(v) => v,
            _ => &[],
        }
    }

    /// `Bytes` that hold text. Text columns only ever hold valid UTF-8; anything else reads as empty.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn str(self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }

    /// Appends the *stored bytes* (the form inside arrays, records, ranges): little-endian, or the raw bytes. NULL adds nothing.
    pub fn store(self, out: &mut Vec<u8>) {
        match self {
            Datum::Null => {}
            Datum::Bool(v) => out.push(v as u8),
            Datum::I16(v) => out.extend_from_slice(&v.to_le_bytes()),
            Datum::I32(v) => out.extend_from_slice(&v.to_le_bytes()),
            Datum::I64(v) => out.extend_from_slice(&v.to_le_bytes()),
            Datum::F32(v) => out.extend_from_slice(&v.to_le_bytes()),
            Datum::F64(v) => out.extend_from_slice(&v.to_le_bytes()),
            Datum::Fixed16(v) => out.extend_from_slice(&v),
            Datum::Bytes(v) => out.extend_from_slice(v),
        }
    }

    /// Reads stored bytes back. Bytes of the wrong length read as NULL.
    pub fn load(phys: Phys, b: &'a [u8]) -> Datum<'a> {
        fn arr<const N: usize>(b: &[u8]) -> Option<[u8; N]> {
            b.try_into().ok()
        }
        let d = match phys {
            Phys::Bool => b.first().map(|v| Datum::Bool(*v != 0)),
            Phys::I16 => arr(b).map(|a| Datum::I16(i16::from_le_bytes(a))),
            Phys::I32 => arr(b).map(|a| Datum::I32(i32::from_le_bytes(a))),
            Phys::I64 => arr(b).map(|a| Datum::I64(i64::from_le_bytes(a))),
            Phys::F32 => arr(b).map(|a| Datum::F32(f32::from_le_bytes(a))),
            Phys::F64 => arr(b).map(|a| Datum::F64(f64::from_le_bytes(a))),
            Phys::Fixed16 => arr(b).map(Datum::Fixed16),
            Phys::Bytes => Some(Datum::Bytes(b)),
        };
        d.unwrap_or(Datum::Null)
    }
}
