//! `macaddr` and `macaddr8`: their bytes, which are their own key.

use tusklet_error::{Error, Result, bail, err};

use crate::int::is_space;

/// Six numbers as `sscanf` reads them with `%x`, and nothing behind them.
fn scan(b: &[u8], width: usize, between: &[u8; 5]) -> Option<[u32; 6]> {
    let (mut i, mut out) = (0, [0u32; 6]);
    let space = |i: usize| i + b[i..].iter().take_while(|&&c| is_space(char::from(c))).count();
    for (n, x) in out.iter_mut().enumerate() {
        i = space(i);
        let end = i.saturating_add(width).min(b.len());
        let minus = b.get(i) == Some(&b'-');
        if i < end && matches!(b[i], b'-' | b'+') {
            i += 1;
        }
        if i + 2 < end && b[i] == b'0' && b[i + 1] | 32 == b'x' && b[i + 2].is_ascii_hexdigit() {
            i += 2;
        }
        let start = i;
        let mut v = 0u64;
        while let Some(d) = b[i..end].first().and_then(|&c| char::from(c).to_digit(16)) {
            v = if v >> 60 == 0 { v << 4 | u64::from(d) } else { u64::MAX };
            i += 1;
        }
        if i == start {
            return None;
        }
        *x = if minus { v.wrapping_neg() as u32 } else { v as u32 };
        match between.get(n) {
            Some(b' ') | None => {}
            Some(c) if b.get(i) == Some(c) => i += 1,
            Some(_) => return None,
        }
    }
    (space(i) == b.len()).then_some(out)
}

/// Reads a `macaddr` in any of its seven spellings.
pub fn parse(s: &str) -> Result<[u8; 6]> {
    // Each byte's most digits, and what stands behind the bytes: what PostgreSQL gives `sscanf`, in its order.
    const FORMS: [(usize, &[u8; 5]); 7] = [
        (usize::MAX, b":::::"),
        (usize::MAX, b"-----"),
        (2, b"  :  "),
        (2, b"  -  "),
        (2, b" . . "),
        (2, b" - - "),
        (2, b"     "),
    ];
    let Some(out) = FORMS.iter().find_map(|(width, between)| scan(s.as_bytes(), *width, between)) else {
        return Err(err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type macaddr: \"{}\""; s));
    };
    let mut v = [0; 6];
    for (b, x) in v.iter_mut().zip(out) {
        *b = u8::try_from(x)
            .map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "invalid octet value in \"macaddr\" value: \"{}\""; s))?;
    }
    Ok(v)
}

/// Reads a `macaddr8`: six or eight pairs of digits with at most one kind of separator between; six get `ff:fe` in the middle.
pub fn parse8(s: &str) -> Result<[u8; 8]> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type macaddr8: \"{}\""; s);
    let b = s.trim_matches(is_space).as_bytes();
    let mut out = Vec::with_capacity(8);
    let mut spacer = None;
    let mut i = 0;
    // A last single character is not looked at: `macaddr8_in` does not either.
    while i + 1 < b.len() {
        let digit = |i: usize| b.get(i).and_then(|&c| char::from(c).to_digit(16));
        let (Some(hi), Some(lo)) = (digit(i), digit(i + 1)) else { return Err(bad()) };
        if out.len() == 8 {
            return Err(bad());
        }
        out.push((hi * 16 + lo) as u8);
        i += 2;
        if let Some(&c @ (b':' | b'-' | b'.')) = b.get(i) {
            if *spacer.get_or_insert(c) != c {
                return Err(bad());
            }
            i += 1;
            // A separator must have something after it.
            if i == b.len() && out.len() != 6 && out.len() != 8 {
                return Err(bad());
            }
        }
    }
    match <[u8; 8]>::try_from(out) {
        Ok(v) => Ok(v),
        Err(v) if v.len() == 6 => Ok([v[0], v[1], v[2], 0xff, 0xfe, v[3], v[4], v[5]]),
        Err(_) => Err(bad()),
    }
}

/// Writes either kind.
pub fn write(v: &[u8], out: &mut String) {
    for (i, b) in v.iter().enumerate() {
        if i > 0 {
            out.push(':');
        }
        out.push_str(&format!("{b:02x}"));
    }
}

/// `trunc`: keeps the manufacturer's three bytes.
pub fn trunc<const N: usize>(mut v: [u8; N]) -> [u8; N] {
    v[3..].fill(0);
    v
}

/// `macaddr` to `macaddr8`.
pub fn to_macaddr8(v: [u8; 6]) -> [u8; 8] {
    [v[0], v[1], v[2], 0xff, 0xfe, v[3], v[4], v[5]]
}

/// `macaddr8` to `macaddr`.
pub fn to_macaddr(v: [u8; 8]) -> Result<[u8; 6]> {
    if v[3] != 0xff || v[4] != 0xfe {
        let e: Error = err!(NUMERIC_VALUE_OUT_OF_RANGE, "macaddr8 data out of range to convert to macaddr");
        return Err(e.hint(
            "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.",
        ));
    }
    Ok([v[0], v[1], v[2], v[5], v[6], v[7]])
}

/// `macaddr8_set7bit`.
pub fn set7bit(mut v: [u8; 8]) -> [u8; 8] {
    v[0] |= 2;
    v
}

/// `~`.
pub fn not<const N: usize>(v: [u8; N]) -> [u8; N] {
    v.map(|b| !b)
}

/// `&`.
pub fn and<const N: usize>(a: [u8; N], b: [u8; N]) -> [u8; N] {
    std::array::from_fn(|i| a[i] & b[i])
}

/// `|`.
pub fn or<const N: usize>(a: [u8; N], b: [u8; N]) -> [u8; N] {
    std::array::from_fn(|i| a[i] | b[i])
}

/// Stored bytes as the fixed array; anything else is refused as corrupt.
pub fn from_stored<const N: usize>(b: &[u8]) -> Result<[u8; N]> {
    match b.try_into() {
        Ok(v) => Ok(v),
        Err(_) => bail!(DATA_CORRUPTED, "stored MAC address has the wrong length"),
    }
}
