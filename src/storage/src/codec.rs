//! The bytes of numbers, values and columns in records, segments and manifests. See `FORMAT.md`.

use tusklet_error::Result;
use tusklet_vector::{Column, Datum, Phys, Value, Vector};

use crate::log::corrupt;

pub(crate) fn put_u64(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub(crate) fn put_i64(out: &mut Vec<u8>, v: i64) {
    put_u64(out, (v << 1 ^ v >> 63) as u64);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, b: &[u8]) {
    put_u64(out, b.len() as u64);
    out.extend_from_slice(b);
}

const PHYS: [Phys; 8] = [Phys::Bool, Phys::I16, Phys::I32, Phys::I64, Phys::F32, Phys::F64, Phys::Fixed16, Phys::Bytes];

pub(crate) fn put_phys(out: &mut Vec<u8>, p: Phys) {
    out.push(PHYS.iter().position(|x| *x == p).unwrap_or(0) as u8);
}

pub(crate) fn put_value(out: &mut Vec<u8>, v: Datum<'_>) {
    out.push(!v.is_null() as u8);
    if !v.is_null() {
        let mut b = Vec::new();
        v.store(&mut b);
        put_bytes(out, &b);
    }
}

/// Writes the values at `rows` of a column.
pub(crate) fn put_column(out: &mut Vec<u8>, v: &Vector, rows: impl Iterator<Item = usize> + Clone) {
    let nulls = !v.validity.is_all_set() && rows.clone().any(|i| v.is_null(i));
    out.push(nulls as u8);
    if nulls {
        let (mut byte, mut n) = (0u8, 0);
        for i in rows.clone() {
            byte |= (!v.is_null(i) as u8) << n;
            n += 1;
            if n == 8 {
                out.push(byte);
                (byte, n) = (0, 0);
            }
        }
        if n > 0 {
            out.push(byte);
        }
    }
    match &v.data {
        Column::Bytes(b) => {
            for i in rows {
                put_bytes(out, if v.is_null(i) { &[] } else { b.get(v.at(i)) });
            }
        }
        Column::Bool(x) => rows.for_each(|i| out.push(x[v.at(i)])),
        Column::I16(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)].to_le_bytes())),
        Column::I32(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)].to_le_bytes())),
        Column::I64(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)].to_le_bytes())),
        Column::F32(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)].to_le_bytes())),
        Column::F64(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)].to_le_bytes())),
        Column::Fixed16(x) => rows.for_each(|i| out.extend_from_slice(&x[v.at(i)])),
    }
}

/// Reads what was written, refusing with XX001 instead of reading past the end.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    pub fn at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    #[cfg_attr(tuned, optimize(size))]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.bytes.len() {
            return Err(corrupt("stored data ends too early"));
        }
        let (a, b) = self.bytes.split_at(n);
        self.bytes = b;
        Ok(a)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    #[cfg_attr(tuned, optimize(size))]
    pub fn u64(&mut self) -> Result<u64> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            v |= ((b & 0x7F) as u64) << shift;
            if b < 0x80 {
                return Ok(v);
            }
        }
        Err(corrupt("stored number is too long"))
    }

    pub fn u32(&mut self) -> Result<u32> {
        u32::try_from(self.u64()?).map_err(|_| corrupt("stored number is too large"))
    }

    /// A number of things each of which takes at least one byte, or is otherwise bounded by `most`.
    #[cfg_attr(tuned, optimize(size))]
    pub fn count(&mut self, most: usize) -> Result<usize> {
        let n = self.u64()?;
        if n > most as u64 {
            return Err(corrupt("stored count is too large"));
        }
        Ok(n as usize)
    }

    pub fn i64(&mut self) -> Result<i64> {
        let v = self.u64()?;
        Ok((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.u64()?;
        self.take(usize::try_from(n).map_err(|_| corrupt("stored length is too large"))?)
    }

    pub fn phys(&mut self) -> Result<Phys> {
        let b = self.u8()?;
        PHYS.get(b as usize).copied().ok_or_else(|| corrupt("stored column has an unknown physical type"))
    }

    pub fn value(&mut self, phys: Phys) -> Result<Value> {
        if self.u8()? == 0 {
            return Ok(Value::Null);
        }
        Ok(Datum::load(phys, self.bytes()?).to_value())
    }

    /// Reads `n` values of a column.
    #[cfg_attr(tuned, optimize(size))]
    pub fn column(&mut self, phys: Phys, n: usize) -> Result<Vector> {
        let nulls = self.u8()? != 0;
        let valid = if nulls { self.take(n.div_ceil(8))? } else { &[] };
        let mut v = Vector::empty(phys);
        macro_rules! plain {
            ($variant:ident, $t:ty) => {{
                let w = std::mem::size_of::<$t>();
                let raw = self.take(n * w)?;
                let read = |c: &[u8]| <$t>::from_le_bytes(c.try_into().unwrap_or_default());
                v.data = Column::$variant(raw.chunks_exact(w).map(read).collect());
            }};
        }
        match phys {
            Phys::Bool => v.data = Column::Bool(self.take(n)?.iter().map(|b| (*b != 0) as u8).collect()),
            Phys::I16 => plain!(I16, i16),
            Phys::I32 => plain!(I32, i32),
            Phys::I64 => plain!(I64, i64),
            Phys::F32 => plain!(F32, f32),
            Phys::F64 => plain!(F64, f64),
            Phys::Fixed16 => {
                let raw = self.take(n * 16)?;
                v.data = Column::Fixed16(raw.chunks_exact(16).map(|c| c.try_into().unwrap_or_default()).collect());
            }
            Phys::Bytes => {
                for _ in 0..n {
                    v.push(Datum::Bytes(self.bytes()?));
                }
            }
        }
        if nulls {
            for i in 0..n {
                if valid[i / 8] >> (i % 8) & 1 == 0 {
                    v.validity.set(i, false);
                }
            }
        }
        Ok(v)
    }
}
