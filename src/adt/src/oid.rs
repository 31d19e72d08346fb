//! `oid` and `oidvector`.

use tusklet_error::{Result, err};

use crate::int::is_space;

fn bad(s: &str) -> tusklet_error::Error {
    err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type oid: \"{s}\"")
}

/// Reads an `oid` as `strtoul` would: a minus wraps around.
pub fn parse(s: &str) -> Result<u32> {
    let t = s.trim_matches(is_space);
    let (negative, digits) = match t.as_bytes().first() {
        Some(b'-') => (true, &t[1..]),
        Some(b'+') => (false, &t[1..]),
        _ => (false, t),
    };
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(bad(s));
    }
    let range = || err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{s}\" is out of range for type oid");
    let v: u64 = digits.parse().map_err(|_| range())?;
    if !negative {
        return u32::try_from(v).map_err(|_| range());
    }
    let v = i64::try_from(v).ok().and_then(i64::checked_neg).ok_or_else(range)?;
    i32::try_from(v).map(|x| x as u32).map_err(|_| range())
}

/// `bigint` to `oid`.
pub fn from_int8(v: i64) -> Result<u32> {
    u32::try_from(v).map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range"))
}

/// Reads an `oidvector` or, element by element, anything separated by blanks.
pub fn parse_vector(s: &str) -> Result<Vec<u32>> {
    s.split(is_space).filter(|w| !w.is_empty()).map(parse).collect()
}
