//! `bytea`: input and output, `encode` and `decode`, single bits and bytes.

use tusklet_error::{Error, Result, bail, err};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hexadecimal.
pub fn to_hex(b: &[u8]) -> String {
    let mut s = Vec::with_capacity(b.len() * 2);
    for x in b {
        s.extend_from_slice(&[HEX[usize::from(x >> 4)], HEX[usize::from(x & 15)]]);
    }
    String::from_utf8(s).unwrap_or_default()
}

/// Hexadecimal digits, blanks between pairs allowed.
pub fn from_hex(s: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(s.len() / 2);
    let digit = |c: char| {
        c.to_digit(16).ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "invalid hexadecimal digit: \"{c}\""))
    };
    let mut it = s.chars();
    while let Some(c) = it.next() {
        if matches!(c, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let hi = digit(c)?;
        let Some(c) = it.next() else {
            bail!(INVALID_PARAMETER_VALUE, "invalid hexadecimal data: odd number of digits");
        };
        out.push((hi * 16 + digit(c)?) as u8);
    }
    Ok(out)
}

fn from_escape(s: &str) -> Result<Vec<u8>> {
    let b = s.as_bytes();
    let mut out = Vec::with_capacity(b.len());
    let mut i = 0;
    while i < b.len() {
        if b[i] != b'\\' {
            out.push(b[i]);
            i += 1;
            continue;
        }
        match b[i + 1..] {
            [b'\\', ..] => {
                out.push(b'\\');
                i += 2;
            }
            [x @ b'0'..=b'3', y @ b'0'..=b'7', z @ b'0'..=b'7', ..] => {
                out.push(((x - b'0') << 6) | ((y - b'0') << 3) | (z - b'0'));
                i += 4;
            }
            _ => bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type bytea"),
        }
    }
    Ok(out)
}

/// Reads a `bytea`: `\x` and hexadecimal, or the escape format.
pub fn parse(s: &str) -> Result<Vec<u8>> {
    match s.strip_prefix("\\x") {
        Some(hex) => from_hex(hex),
        None => from_escape(s),
    }
}

/// Writes in the hexadecimal format.
pub fn write_hex(b: &[u8], out: &mut String) {
    out.push_str("\\x");
    for x in b {
        out.push(char::from(HEX[usize::from(x >> 4)]));
        out.push(char::from(HEX[usize::from(x & 15)]));
    }
}

fn octal(x: u8, out: &mut String) {
    out.push('\\');
    for shift in [6, 3, 0] {
        out.push(char::from(b'0' + ((x >> shift) & 7)));
    }
}

/// Writes in the escape format of `bytea_output = escape`: what is not printable ASCII is octal.
pub fn write_escape(b: &[u8], out: &mut String) {
    for &x in b {
        match x {
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(x)),
            _ => octal(x, out),
        }
    }
}

fn unrecognized(name: &str) -> Error {
    err!(INVALID_PARAMETER_VALUE, "unrecognized encoding: \"{}\""; name)
}

/// `encode(b, format)`.
pub fn encode(b: &[u8], format: &str) -> Result<String> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => Ok(to_hex(b)),
        "base64" => Ok(to_base64(b)),
        "escape" => {
            // Unlike the output format, only zero, the backslash and high bytes are escaped.
            let mut s = String::new();
            for &x in b {
                match x {
                    b'\\' => s.push_str("\\\\"),
                    0 | 0x80.. => octal(x, &mut s),
                    _ => s.push(char::from(x)),
                }
            }
            Ok(s)
        }
        _ => Err(unrecognized(format)),
    }
}

/// `decode(s, format)`.
pub fn decode(s: &str, format: &str) -> Result<Vec<u8>> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => from_hex(s),
        "base64" => from_base64(s),
        "escape" => from_escape(s),
        _ => Err(unrecognized(format)),
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 in lines of 76 characters.
fn to_base64(b: &[u8]) -> String {
    let mut out = String::with_capacity(b.len() * 4 / 3 + 4);
    let mut line = 0;
    for chunk in b.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &x| (n << 8) | u32::from(x)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let c = if i <= chunk.len() { BASE64[(n >> (18 - 6 * i)) as usize & 63] } else { b'=' };
            out.push(char::from(c));
        }
        line += 4;
        // A full line of whole groups is ended even when nothing follows.
        if line == 76 && chunk.len() == 3 {
            out.push('\n');
            line = 0;
        }
    }
    out
}

fn from_base64(s: &str) -> Result<Vec<u8>> {
    let end = || {
        err!(INVALID_PARAMETER_VALUE, "invalid base64 end sequence")
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted.")
    };
    let mut out = Vec::with_capacity(s.len() * 3 / 4);
    let (mut buf, mut pos, mut pad) = (0u32, 0, 0);
    for c in s.chars() {
        if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let v = if c == '=' {
            if pad == 0 {
                match pos {
                    2 => pad = 1,
                    3 => pad = 2,
                    _ => bail!(INVALID_PARAMETER_VALUE, "unexpected \"=\" while decoding base64 sequence"),
                }
            }
            0
        } else {
            u8::try_from(c)
                .ok()
                .and_then(|b| BASE64.iter().position(|&x| x == b))
                .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "invalid symbol \"{c}\" found while decoding base64 sequence"))?
                as u32
        };
        buf = (buf << 6) | v;
        pos += 1;
        if pos == 4 {
            out.push((buf >> 16) as u8);
            if pad == 0 || pad > 1 {
                out.push((buf >> 8) as u8);
            }
            if pad == 0 || pad > 2 {
                out.push(buf as u8);
            }
            (buf, pos) = (0, 0);
        }
    }
    if pos != 0 { Err(end()) } else { Ok(out) }
}

fn check_index(n: i64, len: i64) -> Result<usize> {
    if n < 0 || n >= len {
        bail!(ARRAY_SUBSCRIPT_ERROR, "index {n} out of valid range, 0..{}", len - 1);
    }
    Ok(n as usize)
}

/// `get_byte(b, n)`.
pub fn get_byte(b: &[u8], n: i32) -> Result<i32> {
    check_index(i64::from(n), b.len() as i64).map(|i| i32::from(b[i]))
}

/// `set_byte(b, n, value)`.
pub fn set_byte(b: &[u8], n: i32, value: i32) -> Result<Vec<u8>> {
    let i = check_index(i64::from(n), b.len() as i64)?;
    let mut out = b.to_vec();
    out[i] = value as u8;
    Ok(out)
}

/// `get_bit(b, n)`: bit 0 is the lowest of the first byte.
pub fn get_bit(b: &[u8], n: i64) -> Result<i32> {
    let i = check_index(n, b.len() as i64 * 8)?;
    Ok(i32::from(b[i / 8] >> (i % 8) & 1))
}

/// `set_bit(b, n, value)`.
pub fn set_bit(b: &[u8], n: i64, value: i32) -> Result<Vec<u8>> {
    let i = check_index(n, b.len() as i64 * 8)?;
    if value != 0 && value != 1 {
        bail!(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
    }
    let mut out = b.to_vec();
    let mask = 1 << (i % 8);
    out[i / 8] = if value == 1 { out[i / 8] | mask } else { out[i / 8] & !mask };
    Ok(out)
}

/// `bit_count(b)`.
pub fn bit_count(b: &[u8]) -> i64 {
    b.iter().map(|x| i64::from(x.count_ones())).sum()
}

/// `substring(b from start for length)`.
pub fn substring(b: &[u8], start: i32, length: Option<i32>) -> Result<&[u8]> {
    let (from, to) = crate::text::window(start, length)?;
    let from = from.min(b.len());
    Ok(&b[from..to.clamp(from, b.len())])
}

/// `overlay(b placing new from start for length)`.
pub fn overlay(b: &[u8], new: &[u8], start: i32, length: i32) -> Result<Vec<u8>> {
    if start <= 0 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let end = start.checked_add(length).ok_or_else(crate::int::int4_range)?;
    Ok([substring(b, 1, Some(start - 1))?, new, substring(b, end, None)?].concat())
}

/// `position(needle in b)`.
pub fn position(b: &[u8], needle: &[u8]) -> i32 {
    crate::text::find(b, needle).map_or(0, |i| i as i32 + 1)
}

/// `ltrim(b, set)`.
pub fn ltrim<'a>(b: &'a [u8], set: &[u8]) -> &'a [u8] {
    &b[b.iter().position(|x| !set.contains(x)).unwrap_or(b.len())..]
}

/// `rtrim(b, set)`.
pub fn rtrim<'a>(b: &'a [u8], set: &[u8]) -> &'a [u8] {
    &b[..b.iter().rposition(|x| !set.contains(x)).map_or(0, |i| i + 1)]
}

/// `btrim(b, set)`.
pub fn btrim<'a>(b: &'a [u8], set: &[u8]) -> &'a [u8] {
    rtrim(ltrim(b, set), set)
}

/// Appends bytes that order as the values do and are no prefix of one another: a zero byte is `00 ff`, the end `00 00`.
pub fn key(b: &[u8], out: &mut Vec<u8>) {
    for &x in b {
        out.push(x);
        if x == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}
