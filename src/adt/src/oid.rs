//! `oid` and `oidvector`.

use tusklet_error::{Result, err};

use crate::int::is_space;

fn bad(s: &str) -> tusklet_error::Error {
    err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type oid: \"{}\""; s)
}

/// What `strtoul` and the check behind it make of the start of `s`: the number and what follows. A minus wraps around; 64 bits
/// are cut to 32 when nothing but a sign is lost.
fn prefix(s: &str) -> Result<(u64, &str)> {
    let t = s.trim_start_matches(is_space);
    let (negative, digits) = match t.as_bytes().first() {
        Some(b'-') => (true, &t[1..]),
        Some(b'+') => (false, &t[1..]),
        _ => (false, t),
    };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return Err(bad(s));
    }
    let v: u64 = digits[..len].parse().map_err(|_| range(s))?;
    Ok((if negative { v.wrapping_neg() } else { v }, &digits[len..]))
}

fn cut(v: u64, s: &str) -> Result<u32> {
    if v > u64::from(u32::MAX) && v != v as i32 as u64 { Err(range(s)) } else { Ok(v as u32) }
}

fn range(s: &str) -> tusklet_error::Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type oid"; s)
}

/// Reads an `oid`.
pub fn parse(s: &str) -> Result<u32> {
    match prefix(s)? {
        (v, rest) if rest.trim_start_matches(is_space).is_empty() => cut(v, s),
        _ => Err(bad(s)),
    }
}

/// `bigint` to `oid`.
pub fn from_int8(v: i64) -> Result<u32> {
    u32::try_from(v).map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range"))
}

/// Reads an `oidvector`: number after number, with or without blanks between them.
pub fn parse_vector(s: &str) -> Result<Vec<u32>> {
    let (mut out, mut rest) = (Vec::new(), s.trim_start_matches(is_space));
    while !rest.is_empty() {
        let (v, tail) = prefix(rest)?;
        out.push(cut(v, rest)?);
        rest = tail.trim_start_matches(is_space);
    }
    Ok(out)
}
