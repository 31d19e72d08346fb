//! `"char"`: one byte, held as 0..=255.

use tusklet_error::{Result, err};

/// Reads a `"char"`: `\ooo` is a byte in octal, otherwise the first byte; empty is zero.
pub fn parse(s: &str) -> u8 {
    let b = s.as_bytes();
    let octal = |c: u8| (b'0'..=b'7').contains(&c);
    match b {
        [b'\\', x, y, z] if octal(*x) && octal(*y) && octal(*z) => {
            ((u32::from(x - b'0') << 6) | (u32::from(y - b'0') << 3) | u32::from(z - b'0')) as u8
        }
        [first, ..] => *first,
        [] => 0,
    }
}

/// Writes a `"char"`: zero is the empty string, bytes above 127 are octal.
pub fn write(v: u8, out: &mut String) {
    match v {
        0 => {}
        1..=127 => out.push(char::from(v)),
        _ => {
            out.push('\\');
            for shift in [6, 3, 0] {
                out.push(char::from(b'0' + ((v >> shift) & 7)));
            }
        }
    }
}

/// `"char"` to `integer`: the byte is signed.
pub fn to_int4(v: u8) -> i32 {
    i32::from(v as i8)
}

/// `integer` to `"char"`.
pub fn from_int4(v: i32) -> Result<u8> {
    i8::try_from(v).map(|x| x as u8).map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range"))
}
