//! `format()`.

use tusklet_error::{Error, Result, bail, err};

use crate::text::{length, quote_ident, quote_literal};

fn unterminated() -> Error {
    err!(INVALID_PARAMETER_VALUE, "unterminated format() type specifier").hint("For a single \"%\" use \"%%\".")
}

/// Reads decimal digits; `None` when there are none.
fn digits(b: &[u8], i: &mut usize) -> Result<Option<i32>> {
    let start = *i;
    let mut v: i32 = 0;
    while let Some(c) = b.get(*i).filter(|c| c.is_ascii_digit()) {
        v = v
            .checked_mul(10)
            .and_then(|v| v.checked_add(i32::from(c - b'0')))
            .ok_or_else(|| err!(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))?;
        *i += 1;
    }
    if *i >= b.len() {
        return Err(unterminated());
    }
    Ok((*i > start).then_some(v))
}

fn check_position(n: i32) -> Result<usize> {
    if n == 0 {
        bail!(INVALID_PARAMETER_VALUE, "format specifies argument 0, but arguments are numbered from 1");
    }
    Ok(n as usize)
}

/// Formats; arguments come as their text, `None` for NULL.
pub fn format(fmt: &str, args: &[Option<&str>]) -> Result<String> {
    let b = fmt.as_bytes();
    let mut out = String::with_capacity(fmt.len());
    let mut i = 0;
    let mut next = 0;
    while i < b.len() {
        let stop = b[i..].iter().position(|&c| c == b'%').map_or(b.len(), |n| i + n);
        out.push_str(&fmt[i..stop]);
        i = stop + 1;
        if stop == b.len() {
            break;
        }
        if i >= b.len() {
            return Err(unterminated());
        }
        if b[i] == b'%' {
            out.push('%');
            i += 1;
            continue;
        }
        let mut argument = None;
        let mut width: i32 = 0;
        let mut width_from = None;
        let mut left = false;
        let mut width_done = false;
        if let Some(n) = digits(b, &mut i)? {
            if b[i] == b'$' {
                argument = Some(check_position(n)?);
                i += 1;
                if i >= b.len() {
                    return Err(unterminated());
                }
            } else {
                width = n;
                width_done = true;
            }
        }
        if !width_done {
            while b[i] == b'-' {
                left = true;
                i += 1;
                if i >= b.len() {
                    return Err(unterminated());
                }
            }
            if b[i] == b'*' {
                i += 1;
                if i >= b.len() {
                    return Err(unterminated());
                }
                if let Some(n) = digits(b, &mut i)? {
                    if b[i] != b'$' {
                        bail!(INVALID_PARAMETER_VALUE, "width argument position must be ended by \"$\"");
                    }
                    width_from = Some(Some(check_position(n)?));
                    i += 1;
                    if i >= b.len() {
                        return Err(unterminated());
                    }
                } else {
                    width_from = Some(None);
                }
            } else if let Some(n) = digits(b, &mut i)? {
                width = n;
            }
        }
        let kind = b[i];
        if !matches!(kind, b's' | b'I' | b'L') {
            let c = fmt[i..].chars().next().unwrap_or(' ');
            return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized format() type specifier \"{c}\"")
                .hint("For a single \"%\" use \"%%\"."));
        }
        i += 1;
        let mut fetch = |position: Option<usize>| {
            next = position.unwrap_or(next + 1);
            args.get(next - 1).copied().ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "too few arguments for format()"))
        };
        if let Some(position) = width_from {
            width = match fetch(position)? {
                Some(w) => crate::int::parse_int4(w)?,
                None => 0,
            };
        }
        if width < 0 {
            left = true;
            width = width.checked_neg().ok_or_else(|| err!(NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range"))?;
        }
        let quoted;
        let value = match (kind, fetch(argument)?) {
            (b's', v) => v.unwrap_or(""),
            (b'I', None) => bail!(NULL_VALUE_NOT_ALLOWED, "null values cannot be formatted as an SQL identifier"),
            (b'I', Some(v)) => {
                quoted = quote_ident(v);
                &quoted
            }
            (_, None) => "NULL",
            (_, Some(v)) => {
                quoted = quote_literal(v);
                &quoted
            }
        };
        let pad = (width - length(value)).max(0) as usize;
        if !left {
            out.extend(std::iter::repeat_n(' ', pad));
        }
        out.push_str(value);
        if left {
            out.extend(std::iter::repeat_n(' ', pad));
        }
    }
    Ok(out)
}
