//! `oid`, `xid`, `cid`, `tid`, `xid8`, `pg_lsn` and vectors of small numbers.

use tusklet_adt::array::{Array, ArrayBuilder, Dim};
use tusklet_adt::int::is_space;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::{int, oid as adt};
use tusklet_error::{Result, bail, err};
use tusklet_vector::Kernel;

use crate::bind::{Entry, written};
use crate::int::{eq, int_cmp, map, ne, row};
use crate::oids;

/// As C's `strtoul` with base 0, which these types' input takes as it comes: no error, only the number it sees.
fn unsigned(s: &str) -> u64 {
    let t = s.trim_start_matches(is_space);
    let (negative, t) = match t.as_bytes().first() {
        Some(b'-') => (true, &t[1..]),
        Some(b'+') => (false, &t[1..]),
        _ => (false, t),
    };
    let (radix, t) = match t.as_bytes() {
        [b'0', b'x' | b'X', d, ..] if d.is_ascii_hexdigit() => (16, &t[2..]),
        [b'0', ..] => (8, t),
        _ => (10, t),
    };
    let mut v: u64 = 0;
    for d in t.chars().map_while(|c| c.to_digit(radix)) {
        match v.checked_mul(radix as u64).and_then(|v| v.checked_add(d as u64)) {
            Some(x) => v = x,
            None => return u64::MAX,
        }
    }
    if negative { v.wrapping_neg() } else { v }
}

fn vector(element: u32, items: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<u8>> {
    let mut b = ArrayBuilder::new(element);
    for i in items {
        b.push(Some(&i));
    }
    let len = b.len() as i32;
    if len == 0 { b.finish_1d() } else { b.finish(&[Dim { len, lower: 0 }]) }
}

fn vector_items(b: &[u8]) -> Result<Vec<i64>> {
    let a = Array::decode(b)?;
    Ok(a.iter()
        .map(|i| match i {
            Some([a, b]) => i16::from_le_bytes([*a, *b]) as i64,
            Some(&[a, b, c, d, e, f, g, h]) => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        })
        .collect())
}

fn vector_out(b: &[u8]) -> Result<String> {
    Ok(vector_items(b)?.iter().map(|v| v.to_string()).collect::<Vec<_>>().join(" "))
}

/// As `btoidvectorcmp`: by length, then element by element.
fn vector_cmp(a: &[u8], b: &[u8]) -> Result<std::cmp::Ordering> {
    let (a, b) = (vector_items(a)?, vector_items(b)?);
    Ok(a.len().cmp(&b.len()).then_with(|| a.cmp(&b)))
}

fn tid(s: &str) -> Result<i64> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type tid: \"{}\""; s);
    // Whatever stands before the first parenthesis or comma, and behind the last, is not looked at: `tidin` does not either.
    let (_, r) = s.split_once(['(', ',']).ok_or_else(bad)?;
    let (block, r) = r.split_once(',').ok_or_else(bad)?;
    let (offset, _) = r.split_once(')').ok_or_else(bad)?;
    // As `strtoul`: nothing is zero.
    let number = |t: &str| match t.trim_start() {
        "" => Ok(0),
        t => t.parse::<i64>().map_err(|_| bad()),
    };
    let (block, offset) = (number(block)?, number(offset)?);
    let block = u32::try_from(block).or_else(|_| i32::try_from(block).map(|b| b as u32)).map_err(|_| bad())?;
    let offset = u16::try_from(offset).map_err(|_| bad())?;
    Ok((block as i64) << 16 | offset as i64)
}

fn lsn(s: &str) -> Result<i64> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type pg_lsn: \"{}\""; s);
    let (hi, lo) = s.split_once('/').ok_or_else(bad)?;
    let hex = |p: &str| {
        if p.is_empty() || p.len() > 8 || !p.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(bad());
        }
        u32::from_str_radix(p, 16).map_err(|_| bad())
    };
    Ok(((hex(hi)? as u64) << 32 | hex(lo)? as u64) as i64)
}

/// A position and a number added (or taken away).
fn lsn_plus(a: i64, b: Numeric, minus: bool) -> Result<i64> {
    if b.is_nan() {
        let what = if minus { "subtract NaN from" } else { "add NaN to" };
        bail!(FEATURE_NOT_SUPPORTED, "cannot {} pg_lsn"; what);
    }
    let a = Numeric::from_i128(a as u64 as i128);
    lsn_numeric(if minus { a.sub(&b)? } else { a.add(&b)? })
}

/// `numeric` to `pg_lsn`, rounded.
pub(crate) fn lsn_numeric(n: Numeric) -> Result<i64> {
    if n.is_nan() {
        bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to pg_lsn");
    }
    if !n.is_finite() {
        bail!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to pg_lsn");
    }
    match n.round(0)?.to_i128() {
        Some(v) if (0..=u64::MAX as i128).contains(&v) => Ok(v as u64 as i64),
        _ => Err(err!(INVALID_PARAMETER_VALUE, "pg_lsn out of range")),
    }
}

/// Comparisons of 64-bit values without a sign.
macro_rules! unsigned_cmp {
    ($p:literal) => {
        [
            (concat!($p, "eq"), Kernel::Batch(eq::<i64>, row::eq)),
            (concat!($p, "ne"), Kernel::Batch(ne::<i64>, row::ne)),
            (concat!($p, "lt"), f!(a: i64, b: i64 => (a as u64) < b as u64)),
            (concat!($p, "le"), f!(a: i64, b: i64 => a as u64 <= b as u64)),
            (concat!($p, "gt"), f!(a: i64, b: i64 => a as u64 > b as u64)),
            (concat!($p, "ge"), f!(a: i64, b: i64 => a as u64 >= b as u64)),
        ]
    };
}

const LSN_DIFF: Kernel = f!(a: i64, b: i64 => Numeric::from_i128(a as u64 as i128 - b as u64 as i128));

pub const TABLES: &[&[Entry]] = &[
    &int_cmp!("oid", i64),
    &int_cmp!("tid", i64),
    &unsigned_cmp!("pg_lsn_"),
    &unsigned_cmp!("xid8"),
    &[
        ("btoidcmp", Kernel::Scalar(row::cmp)),
        ("bttidcmp", Kernel::Scalar(row::cmp)),
        ("oidlarger", Kernel::Scalar(row::larger)),
        ("oidsmaller", Kernel::Scalar(row::smaller)),
        ("tidlarger", Kernel::Scalar(row::larger)),
        ("tidsmaller", Kernel::Scalar(row::smaller)),
        ("pg_lsn_larger", f!(a: i64, b: i64 => (a as u64).max(b as u64) as i64)),
        ("pg_lsn_smaller", f!(a: i64, b: i64 => (a as u64).min(b as u64) as i64)),
        ("xid8_larger", f!(a: i64, b: i64 => (a as u64).max(b as u64) as i64)),
        ("xid8_smaller", f!(a: i64, b: i64 => (a as u64).min(b as u64) as i64)),
        ("pg_lsn_cmp", f!(a: i64, b: i64 => (a as u64).cmp(&(b as u64)) as i32)),
        ("xid8cmp", f!(a: i64, b: i64 => (a as u64).cmp(&(b as u64)) as i32)),
        ("xideq", f!(a: i64, b: i64 => a as u32 == b as u32)),
        ("xidneq", f!(a: i64, b: i64 => a as u32 != b as u32)),
        ("cideq", Kernel::Scalar(row::eq)),
        ("oidin", f!(a: &str => adt::parse(a)? as i64)),
        ("oidout", f!(a: i64 => written(|s| int::write(a, s)))),
        ("i8tooid", f!(a: i64 => adt::from_int8(a)? as i64)),
        ("oidtoi8", map!(i64 => i64, |a| a)),
        ("xidin", f!(a: &str => unsigned(a) as u32 as i64)),
        ("xidout", f!(a: i64 => written(|s| int::write(a, s)))),
        ("cidin", f!(a: &str => unsigned(a) as u32 as i64)),
        ("cidout", f!(a: i64 => written(|s| int::write(a, s)))),
        ("xid8in", f!(a: &str => unsigned(a) as i64)),
        ("xid8out", f!(a: i64 => (a as u64).to_string())),
        ("xid8toxid", f!(a: i64 => a & 0xFFFF_FFFF)),
        ("tidin", f!(a: &str => tid(a)?)),
        ("tidout", f!(a: i64 => format!("({},{})", a >> 16, a & 0xFFFF))),
        ("pg_lsn_in", f!(a: &str => lsn(a)?)),
        ("pg_lsn_out", f!(a: i64 => format!("{:X}/{:X}", a as u64 >> 32, a as u32))),
        ("pg_lsn_mi", LSN_DIFF),
        ("pg_wal_lsn_diff", LSN_DIFF),
        ("pg_lsn_pli", f!(a: i64, b: Numeric => lsn_plus(a, b, false)?)),
        ("pg_lsn_mii", f!(a: i64, b: Numeric => lsn_plus(a, b, true)?)),
        (
            "oidvectorin",
            f!(a: &str => vector(oids::OID, adt::parse_vector(a)?.into_iter().map(|v| (v as i64).to_le_bytes().to_vec()))?),
        ),
        ("oidvectorout", f!(a: &[u8] => vector_out(a)?)),
        (
            "int2vectorin",
            f!(a: &str => vector(oids::INT2, int::parse_int2vector(a)?.into_iter().map(|v| v.to_le_bytes().to_vec()))?),
        ),
        ("int2vectorout", f!(a: &[u8] => vector_out(a)?)),
        ("oidvectoreq", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_eq())),
        ("oidvectorne", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_ne())),
        ("oidvectorlt", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_lt())),
        ("oidvectorle", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_le())),
        ("oidvectorgt", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_gt())),
        ("oidvectorge", f!(a: &[u8], b: &[u8] => vector_cmp(a, b)?.is_ge())),
        (
            "btoidvectorcmp",
            f!(a: &[u8], b: &[u8] => match vector_items(a)?.len() as i32 - vector_items(b)?.len() as i32 {
                0 => vector_cmp(a, b)? as i32,
                n => n,
            }),
        ),
    ],
];
