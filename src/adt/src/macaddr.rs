//! `macaddr` and `macaddr8`: their bytes, which are their own key.

use tusklet_error::{Error, Result, bail, err};

use crate::int::is_space;

/// Reads a `macaddr` in any of its seven spellings.
pub fn parse(s: &str) -> Result<[u8; 6]> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type macaddr: \"{s}\"");
    let t = s.trim_matches(is_space);
    let hex = |p: &str| -> Result<u32> {
        if p.is_empty() || p.len() > 8 {
            return Err(bad());
        }
        u32::from_str_radix(p, 16).map_err(|_| bad())
    };
    if t.contains('+') {
        return Err(bad());
    }
    let pairs = |p: &str, out: &mut Vec<u32>| -> Result<()> {
        if !p.is_ascii() || p.len() % 2 != 0 {
            return Err(bad());
        }
        for i in (0..p.len()).step_by(2) {
            out.push(hex(&p[i..i + 2])?);
        }
        Ok(())
    };
    let mut out = Vec::new();
    for separator in [':', '-', '.'] {
        let parts: Vec<&str> = t.split(separator).collect();
        match parts.len() {
            6 if separator != '.' => {
                for p in parts {
                    out.push(hex(p)?);
                }
            }
            2 if separator != '.' && parts.iter().all(|p| p.len() == 6) => parts.iter().try_for_each(|p| pairs(p, &mut out))?,
            3 if separator != ':' && parts.iter().all(|p| p.len() == 4) => parts.iter().try_for_each(|p| pairs(p, &mut out))?,
            _ => continue,
        }
        break;
    }
    if out.is_empty() && t.len() == 12 {
        pairs(t, &mut out)?;
    }
    if out.len() != 6 {
        return Err(bad());
    }
    let mut v = [0; 6];
    for (b, x) in v.iter_mut().zip(out) {
        *b = u8::try_from(x)
            .map_err(|_| err!(NUMERIC_VALUE_OUT_OF_RANGE, "invalid octet value in \"macaddr\" value: \"{s}\""))?;
    }
    Ok(v)
}

/// Reads a `macaddr8`: six or eight pairs of digits with at most one kind of separator between; six get `ff:fe` in the middle.
pub fn parse8(s: &str) -> Result<[u8; 8]> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type macaddr8: \"{s}\"");
    let b = s.trim_matches(is_space).as_bytes();
    let mut out = Vec::with_capacity(8);
    let mut spacer = None;
    let mut i = 0;
    while i < b.len() {
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
