//! A column of values of one physical type.

use crate::{Bitmap, BytesColumn, Datum, Phys, Value};

/// The values. NULL rows hold some value of the type that nobody may look at.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Column {
    Bool(Vec<u8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Fixed16(Vec<[u8; 16]>),
    Bytes(BytesColumn),
}

/// A column with its validity; constant when it holds one value that stands for every row.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The values.
    pub data: Column,
    /// Bit set: not NULL.
    pub validity: Bitmap,
    /// One physical row stands for all.
    pub constant: bool,
}

macro_rules! on_column {
    ($data:expr, $v:ident => $body:expr, bytes $b:ident => $other:expr) => {
        match $data {
            Column::Bool($v) => $body,
            Column::I16($v) => $body,
            Column::I32($v) => $body,
            Column::I64($v) => $body,
            Column::F32($v) => $body,
            Column::F64($v) => $body,
            Column::Fixed16($v) => $body,
            Column::Bytes($b) => $other,
        }
    };
}

macro_rules! slices {
    ($($get:ident $get_mut:ident $variant:ident $t:ty),*) => {$(
        /// The values when the physical type is this one; an empty slice otherwise.
        #[inline]
        pub fn $get(&self) -> &[$t] {
            match &self.data { Column::$variant(v) => v, _ => &[] }
        }

        /// The values, to write, when the physical type is this one; an empty slice otherwise.
        #[inline]
        pub fn $get_mut(&mut self) -> &mut [$t] {
            match &mut self.data { Column::$variant(v) => v, _ => &mut [] }
        }
    )*};
}

impl Vector {
    /// `n` valid rows of zeros, to be overwritten.
    pub fn zeroed(phys: Phys, n: usize) -> Vector {
        let data = match phys {
            Phys::Bool => Column::Bool(vec![0; n]),
            Phys::I16 => Column::I16(vec![0; n]),
            Phys::I32 => Column::I32(vec![0; n]),
            Phys::I64 => Column::I64(vec![0; n]),
            Phys::F32 => Column::F32(vec![0.0; n]),
            Phys::F64 => Column::F64(vec![0.0; n]),
            Phys::Fixed16 => Column::Fixed16(vec![[0; 16]; n]),
            Phys::Bytes => Column::Bytes(BytesColumn::with_len(n)),
        };
        Vector { data, validity: Bitmap::all_set(), constant: false }
    }

    /// No rows yet.
    pub fn empty(phys: Phys) -> Vector {
        Vector::zeroed(phys, 0)
    }

    /// One value that stands for every row.
    pub fn constant(phys: Phys, value: Datum<'_>) -> Vector {
        let mut v = Vector::zeroed(phys, 1);
        v.set(0, value);
        v.constant = true;
        v
    }

    /// The physical type.
    pub fn phys(&self) -> Phys {
        match &self.data {
            Column::Bool(_) => Phys::Bool,
            Column::I16(_) => Phys::I16,
            Column::I32(_) => Phys::I32,
            Column::I64(_) => Phys::I64,
            Column::F32(_) => Phys::F32,
            Column::F64(_) => Phys::F64,
            Column::Fixed16(_) => Phys::Fixed16,
            Column::Bytes(_) => Phys::Bytes,
        }
    }

    /// Physical rows (1 when constant).
    pub fn len(&self) -> usize {
        on_column!(&self.data, v => v.len(), bytes b => b.len())
    }

    /// Whether there are no physical rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The physical row that holds logical row `i`.
    #[inline]
    pub fn at(&self, i: usize) -> usize {
        if self.constant { 0 } else { i }
    }

    /// Whether row `i` is NULL.
    #[inline]
    pub fn is_null(&self, i: usize) -> bool {
        !self.validity.is_all_set() && !self.validity.get(self.at(i))
    }

    /// Row `i`.
    #[inline]
    pub fn get(&self, i: usize) -> Datum<'_> {
        self.datum(i)
    }

    /// As [`Vector::get`], for the few loops in which a call would show.
    #[inline(always)]
    pub(crate) fn datum(&self, i: usize) -> Datum<'_> {
        let i = self.at(i);
        if !self.validity.is_all_set() && !self.validity.get(i) {
            return Datum::Null;
        }
        match &self.data {
            Column::Bool(v) => Datum::Bool(v[i] != 0),
            Column::I16(v) => Datum::I16(v[i]),
            Column::I32(v) => Datum::I32(v[i]),
            Column::I64(v) => Datum::I64(v[i]),
            Column::F32(v) => Datum::F32(v[i]),
            Column::F64(v) => Datum::F64(v[i]),
            Column::Fixed16(v) => Datum::Fixed16(v[i]),
            Column::Bytes(v) => Datum::Bytes(v.get(i)),
        }
    }

    /// Row `i`, owned.
    pub fn value(&self, i: usize) -> Value {
        self.get(i).to_value()
    }

    /// Overwrites row `i`. A datum of another physical type stores its zero: types were settled by `analyze`.
    pub fn set(&mut self, i: usize, d: Datum<'_>) {
        if d.is_null() {
            self.validity.set(i, false);
            return;
        }
        if !self.validity.is_all_set() {
            self.validity.set(i, true);
        }
        match &mut self.data {
            Column::Bool(v) => v[i] = d.bool() as u8,
            Column::I16(v) => v[i] = d.i16(),
            Column::I32(v) => v[i] = d.i32(),
            Column::I64(v) => v[i] = d.i64(),
            Column::F32(v) => v[i] = d.f32(),
            Column::F64(v) => v[i] = d.f64(),
            Column::Fixed16(v) => v[i] = d.fixed16(),
            Column::Bytes(v) => v.set(i, d.bytes()),
        }
    }

    /// Appends a row.
    pub fn push(&mut self, d: Datum<'_>) {
        let i = self.len();
        match &mut self.data {
            Column::Bool(v) => v.push(d.bool() as u8),
            Column::I16(v) => v.push(d.i16()),
            Column::I32(v) => v.push(d.i32()),
            Column::I64(v) => v.push(d.i64()),
            Column::F32(v) => v.push(d.f32()),
            Column::F64(v) => v.push(d.f64()),
            Column::Fixed16(v) => v.push(d.fixed16()),
            Column::Bytes(v) => v.push(d.bytes()),
        }
        if d.is_null() {
            self.validity.set(i, false);
        } else if !self.validity.is_all_set() {
            self.validity.set(i, true);
        }
    }

    /// Grows with zeros or shrinks to `n` rows.
    pub fn resize(&mut self, n: usize) {
        match &mut self.data {
            Column::Bool(v) => v.resize(n, 0),
            Column::I16(v) => v.resize(n, 0),
            Column::I32(v) => v.resize(n, 0),
            Column::I64(v) => v.resize(n, 0),
            Column::F32(v) => v.resize(n, 0.0),
            Column::F64(v) => v.resize(n, 0.0),
            Column::Fixed16(v) => v.resize(n, [0; 16]),
            Column::Bytes(v) => v.resize(n),
        }
    }

    /// Appends `rows` of `other`, which has the same physical type; long byte values share their arenas.
    pub fn extend_from(&mut self, other: &Vector, rows: impl Iterator<Item = usize> + Clone) {
        let start = self.len();
        if !other.validity.is_all_set() || !self.validity.is_all_set() {
            for (k, i) in rows.clone().enumerate() {
                self.validity.set(start + k, !other.is_null(i));
            }
        }
        let at = |i: usize| other.at(i);
        match (&mut self.data, &other.data) {
            (Column::Bool(a), Column::Bool(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::I16(a), Column::I16(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::I32(a), Column::I32(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::I64(a), Column::I64(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::F32(a), Column::F32(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::F64(a), Column::F64(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::Fixed16(a), Column::Fixed16(b)) => a.extend(rows.map(|i| b[at(i)])),
            (Column::Bytes(a), Column::Bytes(b)) => a.extend_from(b, rows.map(at)),
            _ => {
                for i in rows {
                    self.push(other.get(i));
                }
            }
        }
    }

    /// The rows `rows` of this vector, in that order, as a new one.
    pub fn gather(&self, rows: impl Iterator<Item = usize> + Clone) -> Vector {
        let mut v = Vector::empty(self.phys());
        v.extend_from(self, rows);
        v
    }

    slices!(
        bools bools_mut Bool u8,
        i16s i16s_mut I16 i16,
        i32s i32s_mut I32 i32,
        i64s i64s_mut I64 i64,
        f32s f32s_mut F32 f32,
        f64s f64s_mut F64 f64,
        fixed16s fixed16s_mut Fixed16 [u8; 16]
    );

    /// The byte strings when that is the physical type.
    pub fn bytes(&self) -> Option<&BytesColumn> {
        match &self.data {
            Column::Bytes(b) => Some(b),
            _ => None,
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let n = self.len();
        n / 8 + on_column!(&self.data, v => std::mem::size_of_val(v.as_slice()), bytes b => b.memory())
    }
}
