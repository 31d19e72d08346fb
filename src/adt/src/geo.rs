//! `point`; the other geometric types are to come.

use tusklet_error::{Result, err};

use crate::float::{parse_float8, write_float8};
use crate::int::is_space;

/// Reads a point: `(x,y)` or `x,y`.
pub fn parse_point(s: &str) -> Result<(f64, f64)> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type point: \"{s}\"");
    let t = s.trim_matches(is_space);
    let inner = match (t.strip_prefix('('), t.ends_with(')')) {
        (Some(rest), true) => &rest[..rest.len() - 1],
        (None, false) => t,
        _ => return Err(bad()),
    };
    let (x, y) = inner.split_once(',').ok_or_else(bad)?;
    let number = |p: &str| {
        // A number out of range keeps its own error; anything else is the point's.
        parse_float8(p).map_err(|e| if e.message().contains("out of range") { e } else { bad() })
    };
    Ok((number(x)?, number(y)?))
}

/// Writes a point.
pub fn write_point(x: f64, y: f64, out: &mut String) {
    out.push('(');
    write_float8(x, out);
    out.push(',');
    write_float8(y, out);
    out.push(')');
}

/// A point's sixteen stored bytes: x, then y, little-endian.
pub fn point_to_bytes(x: f64, y: f64) -> [u8; 16] {
    let mut b = [0; 16];
    b[..8].copy_from_slice(&x.to_le_bytes());
    b[8..].copy_from_slice(&y.to_le_bytes());
    b
}

/// Reads a point's stored bytes.
pub fn point_from_bytes(b: &[u8; 16]) -> (f64, f64) {
    let half = |at: usize| {
        let mut x = [0; 8];
        x.copy_from_slice(&b[at..at + 8]);
        f64::from_le_bytes(x)
    };
    (half(0), half(8))
}

/// `<->`: the distance.
pub fn point_distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_read_and_write() {
        let show = |s: &str| {
            parse_point(s).map(|(x, y)| {
                let mut out = String::new();
                write_point(x, y, &mut out);
                out
            })
        };
        assert_eq!(show(" ( 1.5 , -2e3 ) ").unwrap(), "(1.5,-2000)");
        assert_eq!(show("1,2").unwrap(), "(1,2)");
        assert_eq!(show("(1,2").unwrap_err().message(), "invalid input syntax for type point: \"(1,2\"");
    }
}
