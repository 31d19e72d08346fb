//! `uuid`: sixteen bytes in network order; order is byte order, so the bytes are their own key.

use tusklet_error::{Result, err};

/// Reads a uuid: 32 hexadecimal digits, a hyphen allowed after every fourth, braces around it allowed.
pub fn parse(s: &str) -> Result<[u8; 16]> {
    read(s.as_bytes()).ok_or_else(|| err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type uuid: \"{}\""; s))
}

fn read(s: &[u8]) -> Option<[u8; 16]> {
    let s = match s {
        [b'{', inner @ .., b'}'] => inner,
        [b'{', ..] => return None,
        _ => s,
    };
    let mut out = [0u8; 16];
    let mut at = 0;
    for (i, byte) in out.iter_mut().enumerate() {
        let hi = char::from(*s.get(at)?).to_digit(16)?;
        let lo = char::from(*s.get(at + 1)?).to_digit(16)?;
        *byte = (hi * 16 + lo) as u8;
        at += 2;
        if i % 2 == 1 && i < 15 && s.get(at) == Some(&b'-') {
            at += 1;
        }
    }
    (at == s.len()).then_some(out)
}

/// Writes a uuid in its standard form.
pub fn write(v: &[u8; 16], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (i, b) in v.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push(char::from(HEX[usize::from(b >> 4)]));
        out.push(char::from(HEX[usize::from(b & 15)]));
    }
}

/// Makes sixteen random bytes a version 4 uuid (`gen_random_uuid`).
pub fn from_random(mut v: [u8; 16]) -> [u8; 16] {
    v[6] = (v[6] & 0x0f) | 0x40;
    v[8] = (v[8] & 0x3f) | 0x80;
    v
}
