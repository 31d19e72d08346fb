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

/// Rows of a vector in some order. A closed list rather than any iterator, so that the loops over them exist once, in this crate.
#[derive(Clone, Copy, Debug)]
pub enum Picked<'a> {
    /// From one up to another.
    Range(usize, usize),
    /// These, of a batch.
    Short(&'a [u16]),
    /// These.
    Long(&'a [u32]),
    /// One row, as many times.
    Times(usize, usize),
}

impl Picked<'_> {
    fn len(&self) -> usize {
        match *self {
            Picked::Range(from, to) => to - from,
            Picked::Short(r) => r.len(),
            Picked::Long(r) => r.len(),
            Picked::Times(_, n) => n,
        }
    }

    /// Calls `f` with each place in the list and the row there.
    pub(crate) fn each(&self, mut f: impl FnMut(usize, usize)) {
        match *self {
            Picked::Range(from, to) => (from..to).enumerate().for_each(|(k, i)| f(k, i)),
            Picked::Short(r) => r.iter().enumerate().for_each(|(k, i)| f(k, *i as usize)),
            Picked::Long(r) => r.iter().enumerate().for_each(|(k, i)| f(k, *i as usize)),
            Picked::Times(row, n) => (0..n).for_each(|k| f(k, row)),
        }
    }
}

/// Appends rows of `from`.
fn pick<T: Copy>(to: &mut Vec<T>, from: &[T], rows: Picked<'_>) {
    match rows {
        Picked::Range(first, end) => to.extend_from_slice(&from[first..end]),
        Picked::Short(r) => to.extend(r.iter().map(|i| from[*i as usize])),
        Picked::Long(r) => to.extend(r.iter().map(|i| from[*i as usize])),
        Picked::Times(_, 0) => {}
        Picked::Times(row, n) => to.resize(to.len() + n, from[row]),
    }
}

impl From<std::ops::Range<usize>> for Picked<'_> {
    fn from(r: std::ops::Range<usize>) -> Self {
        Picked::Range(r.start, r.end)
    }
}

impl<'a> From<&'a [u16]> for Picked<'a> {
    fn from(r: &'a [u16]) -> Self {
        Picked::Short(r)
    }
}

impl<'a> From<&'a [u32]> for Picked<'a> {
    fn from(r: &'a [u32]) -> Self {
        Picked::Long(r)
    }
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
    #[cfg_attr(tuned, optimize(speed))]
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
    #[inline]
    pub fn extend_from<'a>(&mut self, other: &Vector, rows: impl Into<Picked<'a>>) {
        self.extend_picked(other, rows.into());
    }

    fn extend_picked(&mut self, other: &Vector, rows: Picked<'_>) {
        let start = self.len();
        let rows = if other.constant { Picked::Times(0, rows.len()) } else { rows };
        if !other.validity.is_all_set() || !self.validity.is_all_set() {
            rows.each(|k, i| self.validity.set(start + k, !other.is_null(i)));
        }
        match (&mut self.data, &other.data) {
            (Column::Bool(a), Column::Bool(b)) => pick(a, b, rows),
            (Column::I16(a), Column::I16(b)) => pick(a, b, rows),
            (Column::I32(a), Column::I32(b)) => pick(a, b, rows),
            (Column::I64(a), Column::I64(b)) => pick(a, b, rows),
            (Column::F32(a), Column::F32(b)) => pick(a, b, rows),
            (Column::F64(a), Column::F64(b)) => pick(a, b, rows),
            (Column::Fixed16(a), Column::Fixed16(b)) => pick(a, b, rows),
            (Column::Bytes(a), Column::Bytes(b)) => a.extend_from(b, rows),
            _ => rows.each(|_, i| self.push(other.get(i))),
        }
    }

    /// The rows `rows` of this vector, in that order, as a new one.
    pub fn gather<'a>(&self, rows: impl Into<Picked<'a>>) -> Vector {
        let mut v = Vector::empty(self.phys());
        v.extend_picked(self, rows.into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_rows_come_in_order_with_their_validity() {
        let mut from = Vector::empty(Phys::I32);
        for d in [Datum::I32(10), Datum::Null, Datum::I32(12), Datum::I32(13)] {
            from.push(d);
        }
        let check = |rows: Picked<'_>, want: &[Option<i32>]| {
            let mut v = Vector::empty(Phys::I32);
            v.push(Datum::I32(1));
            v.extend_from(&from, rows);
            let got: Vec<_> = (1..v.len()).map(|i| if v.is_null(i) { None } else { Some(v.get(i).i32()) }).collect();
            assert_eq!(got, want);
            let mut same = Vector::empty(Phys::I32);
            same.extend_from(&Vector::constant(Phys::I32, Datum::I32(7)), rows);
            assert_eq!(same.i32s(), vec![7; want.len()]);
        };
        check(Picked::Range(1, 3), &[None, Some(12)]);
        check(Picked::Short(&[3, 0]), &[Some(13), Some(10)]);
        check(Picked::Long(&[2, 1, 2]), &[Some(12), None, Some(12)]);
        check(Picked::Times(3, 2), &[Some(13), Some(13)]);
        check(Picked::Times(9, 0), &[]);
    }
}
