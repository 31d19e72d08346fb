//! Order-preserving key bytes: `memcmp` of two keys orders as the SQL comparison of the values does, and two values are
//! equal exactly when their keys are. So one encoding serves B-tree indexes, sorting, grouping, DISTINCT and hash joins.
//!
//! Every column's key is self-delimiting, so keys of several columns concatenate. A column starts with one byte that
//! places NULL (`0x01` not null; `0x00` NULL first, `0x02` NULL last). A descending column has all its bytes inverted,
//! the NULL byte excepted, which is chosen by NULLS FIRST/LAST alone.

use crate::{Datum, Vector};

/// Writes the self-delimiting key bytes of one non-NULL value whose order is not that of its physical type. The number says
/// what a container's values contain: a built-in type, with [`KEY_RANGE`] or [`KEY_MULTIRANGE`] one of these over it; 0 where
/// that is not known.
pub type KeyFn = fn(u32, Datum<'_>, &mut Vec<u8>);

/// A range of the type.
pub const KEY_RANGE: u32 = 1 << 31;
/// A multirange of the type.
pub const KEY_MULTIRANGE: u32 = 1 << 30;

/// How to order one column.
#[derive(Clone, Copy, Debug)]
pub struct KeyPart {
    /// Where the values' own order comes from.
    pub order: KeyOrder,
    /// Descending.
    pub desc: bool,
    /// NULLs before everything else.
    pub nulls_first: bool,
}

/// Where a column's order comes from.
#[derive(Clone, Copy, Debug)]
pub enum KeyOrder {
    /// Integers, booleans, floats (NaN greatest, -0 = 0), fixed bytes by `memcmp`, byte strings by `memcmp`.
    Native,
    /// A function of the type, and what it is called with.
    Custom(KeyFn, u32),
}

impl KeyPart {
    /// Ascending, NULLs last, by the physical type's own order.
    pub const ASC: KeyPart = KeyPart { order: KeyOrder::Native, desc: false, nulls_first: false };

    /// Appends the key of a row. Not inlined: its callers are compiled for size, and one call a cell is what they can afford.
    #[inline(never)]
    pub fn write_row(&self, v: &Vector, row: usize, out: &mut Vec<u8>) {
        self.append(v.datum(row), out);
    }

    /// As [`KeyPart::write_row`], with integers of every width alike, so that `int4 = int8` needs no cast.
    #[inline(never)]
    pub fn write_row_widened(&self, v: &Vector, row: usize, out: &mut Vec<u8>) {
        self.append(self.widened(v.datum(row)), out);
    }

    /// Appends the key of `d`, an integer as its widest type's.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn write_widened(&self, d: Datum<'_>, out: &mut Vec<u8>) {
        self.write(self.widened(d), out);
    }

    #[inline(always)]
    fn widened<'d>(&self, d: Datum<'d>) -> Datum<'d> {
        match (self.order, d) {
            (KeyOrder::Native, Datum::I16(v)) => Datum::I64(v as i64),
            (KeyOrder::Native, Datum::I32(v)) => Datum::I64(v as i64),
            (_, d) => d,
        }
    }

    /// Appends the key of `d`.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn write(&self, d: Datum<'_>, out: &mut Vec<u8>) {
        self.append(d, out);
    }

    #[inline(always)]
    fn append(&self, d: Datum<'_>, out: &mut Vec<u8>) {
        if d.is_null() {
            out.push(if self.nulls_first { 0 } else { 2 });
            return;
        }
        out.push(1);
        let start = out.len();
        match self.order {
            KeyOrder::Native => native(d, out),
            KeyOrder::Custom(f, inner) => f(inner, d, out),
        }
        if self.desc {
            for b in &mut out[start..] {
                *b = !*b;
            }
        }
    }
}

/// A float's bits as an integer that orders as PostgreSQL orders floats.
#[inline]
pub fn f64_key(v: f64) -> u64 {
    let v = if v == 0.0 { 0.0 } else { v };
    if v.is_nan() {
        return u64::MAX;
    }
    let b = v.to_bits();
    if b >> 63 == 1 { !b } else { b | 1 << 63 }
}

/// A byte string that may hold any byte: `00` is escaped as `00 FF`, the end is `00 00`.
pub fn escaped(b: &[u8], out: &mut Vec<u8>) {
    out.reserve(b.len() + 2);
    if !b.contains(&0) {
        out.extend_from_slice(b);
    } else {
        for x in b {
            out.push(*x);
            if *x == 0 {
                out.push(0xFF);
            }
        }
    }
    out.extend_from_slice(&[0, 0]);
}

#[inline(always)]
fn native(d: Datum<'_>, out: &mut Vec<u8>) {
    match d {
        Datum::Null => {}
        Datum::Bool(v) => out.push(v as u8),
        Datum::I16(v) => out.extend_from_slice(&((v as u16) ^ 1 << 15).to_be_bytes()),
        Datum::I32(v) => out.extend_from_slice(&((v as u32) ^ 1 << 31).to_be_bytes()),
        Datum::I64(v) => out.extend_from_slice(&((v as u64) ^ 1 << 63).to_be_bytes()),
        Datum::F32(v) => out.extend_from_slice(&f64_key(v as f64).to_be_bytes()),
        Datum::F64(v) => out.extend_from_slice(&f64_key(v).to_be_bytes()),
        Datum::Fixed16(v) => out.extend_from_slice(&v),
        Datum::Bytes(v) => escaped(v, out),
    }
}

/// The key of row `i` over several columns.
pub fn row_key(columns: &[&Vector], parts: &[KeyPart], i: usize, out: &mut Vec<u8>) {
    for (c, p) in columns.iter().zip(parts) {
        p.write_row(c, i, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(part: KeyPart, d: Datum<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        part.write(d, &mut out);
        out
    }

    #[test]
    fn keys_order_as_values_do_both_ways_and_delimit_themselves() {
        let ints = [i64::MIN, -5, -1, 0, 1, 7, i64::MAX];
        let floats = [f64::NEG_INFINITY, -1e300, -1.0, 0.0, 1e-300, 2.5, f64::INFINITY, f64::NAN];
        let texts: [&[u8]; 7] = [b"", b"\0", b"\0\x01", b"\x01", b"a", b"a\0", b"ab"];
        let desc = KeyPart { desc: true, ..KeyPart::ASC };
        let mut columns: Vec<Vec<Datum<'_>>> = vec![
            ints.iter().map(|v| Datum::I64(*v)).collect(),
            floats.iter().map(|v| Datum::F64(*v)).collect(),
            texts.iter().map(|v| Datum::Bytes(v)).collect(),
        ];
        for col in &mut columns {
            for w in col.windows(2) {
                assert!(key(KeyPart::ASC, w[0]) < key(KeyPart::ASC, w[1]), "{w:?}");
                assert!(key(desc, w[0]) > key(desc, w[1]), "{w:?}");
            }
            let null = key(KeyPart::ASC, Datum::Null);
            assert!(col.iter().all(|d| key(KeyPart::ASC, *d) < null));
            for a in col.iter() {
                for b in col.iter().filter(|b| key(KeyPart::ASC, **b) != key(KeyPart::ASC, *a)) {
                    assert!(!key(KeyPart::ASC, *b).starts_with(&key(KeyPart::ASC, *a)), "prefix: {a:?} {b:?}");
                }
            }
        }
        assert_eq!(key(KeyPart::ASC, Datum::F64(-0.0)), key(KeyPart::ASC, Datum::F64(0.0)));
    }
}
