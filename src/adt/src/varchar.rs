//! `varchar(n)` and `char(n)`: length modifiers and blank-padded comparison.
//!
//! The modifier is PostgreSQL's: the length plus four, negative for none.

use std::borrow::Cow;
use std::cmp::Ordering;

use tusklet_error::{Result, bail, err};

use crate::text::length;

/// The modifier of `varchar(arguments…)` or `char(arguments…)`; `name` is `varchar` or `char`.
pub fn typmod_in(arguments: &[i32], name: &str) -> Result<i32> {
    let [n] = *arguments else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if n < 1 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {} must be at least 1"; name);
    }
    if n > 10_485_760 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {} cannot exceed 10485760"; name);
    }
    Ok(n + 4)
}

/// `(n)` of a modifier, empty for none.
pub fn typmod_out(typmod: i32) -> String {
    if typmod > 4 { format!("({})", typmod - 4) } else { String::new() }
}

/// Where character `n` starts, when the string is longer than `n` characters.
fn excess(s: &str, n: usize) -> Option<usize> {
    // A string cannot have more characters than bytes.
    if s.len() <= n { None } else { s.char_indices().nth(n).map(|(i, _)| i) }
}

/// Cuts to `n` characters; unless explicit, only blanks may be lost.
fn cut<'a>(s: &'a str, n: usize, explicit: bool, name: &str) -> Result<&'a str> {
    match excess(s, n) {
        None => Ok(s),
        Some(at) if explicit || s[at..].bytes().all(|b| b == b' ') => Ok(&s[..at]),
        Some(_) => Err(err!(STRING_DATA_RIGHT_TRUNCATION, "value too long for type {name}({n})")),
    }
}

/// Coerces to `varchar(n)`.
pub fn varchar(s: &str, typmod: i32, explicit: bool) -> Result<&str> {
    if typmod < 4 { Ok(s) } else { cut(s, (typmod - 4) as usize, explicit, "character varying") }
}

/// Coerces to `char(n)`: cut or padded with blanks. Padding is part of the value.
pub fn bpchar(s: &str, typmod: i32, explicit: bool) -> Result<Cow<'_, str>> {
    if typmod < 4 {
        return Ok(Cow::Borrowed(s));
    }
    let n = (typmod - 4) as usize;
    let t = cut(s, n, explicit, "character")?;
    let have = length(t) as usize;
    if have >= n {
        return Ok(Cow::Borrowed(t));
    }
    // Only a modifier given to a function by hand is as large.
    if n >= 0x3fff_ffff {
        return Err(tusklet_error::Error::internal(format!("invalid memory alloc request size {}", t.len() + n - have + 4)));
    }
    let mut out = String::with_capacity(t.len() + n - have);
    out.push_str(t);
    out.extend(std::iter::repeat_n(' ', n - have));
    Ok(Cow::Owned(out))
}

/// A `char(n)` without its padding: what its length, comparison, hash, key and cast to text see.
pub fn trim_bpchar(s: &str) -> &str {
    s.trim_end_matches(' ')
}

/// Compares `char(n)` values.
pub fn cmp_bpchar(a: &str, b: &str) -> Ordering {
    trim_bpchar(a).cmp(trim_bpchar(b))
}
