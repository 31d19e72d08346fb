//! Sizes as people read and write them.

use tusklet_adt::int::is_space;
use tusklet_adt::numeric::Numeric;
use tusklet_error::{Result, err, filled};

use crate::bind::{Entry, written};

/// Name, the size it is left at, and bits.
const UNITS: [(&str, i64, u32); 6] = [
    ("bytes", 10 * 1024, 0),
    ("kB", 20 * 1024 - 1, 10),
    ("MB", 20 * 1024 - 1, 20),
    ("GB", 20 * 1024 - 1, 30),
    ("TB", 20 * 1024 - 1, 40),
    ("PB", 20 * 1024 - 1, 50),
];

/// As `pg_size_pretty`: a unit is left when ten thousand of it are reached; halves are rounded away from zero.
fn pretty(size: Numeric) -> Result<String> {
    let mut size = size;
    for (i, (name, limit, bits)) in UNITS.iter().enumerate() {
        let Some(next) = UNITS.get(i + 1).filter(|_| size.abs().cmp(&Numeric::from_i64(*limit)).is_ge()) else {
            if i > 0 {
                let one = Numeric::from_i64(if size.signum() < 0 { -1 } else { 1 });
                size = size.add(&one)?.div_trunc(&Numeric::from_i64(2))?;
            }
            return Ok(written(|s| {
                size.write(s);
                s.push(' ');
                s.push_str(name);
            }));
        };
        // All units but the first count in halves, to be rounded at the end.
        size = size.div_trunc(&Numeric::from_i64(1 << (next.2 - bits - (i == 0) as u32)))?;
    }
    Ok(String::new())
}

/// `pg_size_bytes`.
fn bytes(text: &str) -> Result<i64> {
    let bad = || err!(INVALID_PARAMETER_VALUE, "invalid size: \"{}\""; text);
    let s = text.trim_start_matches(is_space);
    let b = s.as_bytes();
    let digits = |from: usize| b[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let signed = |at: usize| matches!(b.get(at), Some(b'+' | b'-')) as usize;
    let start = signed(0);
    let mut end = start + digits(start);
    let mut seen = end - start;
    if b.get(end) == Some(&b'.') {
        let n = digits(end + 1);
        seen += n;
        end += 1 + n;
    }
    if seen == 0 {
        return Err(bad());
    }
    if let Some(b'e' | b'E') = b.get(end) {
        let from = end + 1 + signed(end + 1);
        let n = digits(from);
        if n > 0 {
            end = from + n;
        }
    }
    let number = Numeric::parse(&s[..end])?;
    let unit = s[end..].trim_matches(is_space);
    if unit.is_empty() {
        return number.to_int8();
    }
    match UNITS.iter().find(|u| u.0.eq_ignore_ascii_case(unit)) {
        Some(u) => number.mul(&Numeric::from_i64(1 << u.2))?.to_int8(),
        None => Err(bad()
            .detail(filled!("Invalid size unit: \"{}\"."; unit))
            .hint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")),
    }
}

pub const TABLES: &[&[Entry]] = &[&[
    ("pg_size_pretty", f!(a: i64 => pretty(Numeric::from_i64(a))?)),
    ("pg_size_pretty_numeric", f!(a: Numeric => pretty(a)?)),
    ("pg_size_bytes", f!(a: &str => bytes(a)?)),
]];
