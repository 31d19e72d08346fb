//! What the text of a name or a literal stands for.

use crate::lexer::{T, Token, continuation, dollar_tag, error_near};
use tusklet_error::{Error, Result, Span, SqlState};

/// One more than the longest name.
pub(crate) const NAMEDATALEN: usize = 64;

/// Digits as an `int4`, or `None` if they do not fit.
pub(crate) fn small_integer(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0i32, |n, d| n.checked_mul(10)?.checked_add((d - b'0') as i32))
}

/// Cuts a name to what PostgreSQL keeps of it, at a character's edge.
pub(crate) fn truncate(mut name: String) -> String {
    if name.len() >= NAMEDATALEN {
        let mut end = NAMEDATALEN - 1;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
    }
    name
}

/// The name a token stands for; keywords included.
pub(crate) fn ident(sql: &str, token: &Token) -> String {
    let text = &sql[token.start as usize..token.end as usize];
    match token.t {
        T::QuotedIdent => {
            let inner = &text[1..text.len() - 1];
            truncate(if inner.contains('"') { inner.replace("\"\"", "\"") } else { inner.to_owned() })
        }
        // The lexer has checked it already.
        T::UnicodeIdent => truncate(unicode_text(sql, token).unwrap_or_default()),
        T::Keyword => token.kw.info().map_or_else(String::new, |k| k.word.to_owned()),
        _ => truncate(text.to_ascii_lowercase()),
    }
}

/// The value of a string token of any kind; the digits of a bit string with their `b` or `x`.
pub(crate) fn string(sql: &str, token: &Token) -> Result<String> {
    let (start, end) = (token.start as usize, token.end as usize);
    match token.t {
        T::EscapeString => unescape(sql, start + 1 - token.extra as usize, end),
        T::UnicodeString => unicode_text(sql, token),
        T::DollarString => {
            let body = dollar_tag(sql.as_bytes(), start).unwrap_or(start);
            Ok(sql.get(body..end - (body - start)).unwrap_or("").to_owned())
        }
        T::Bit => Ok(format!("b{}", plain_string(sql, start + 1, end))),
        T::Hex => Ok(format!("x{}", plain_string(sql, start + 1, end))),
        _ => Ok(plain_string(sql, start, end)),
    }
}

/// `start` is at the opening quote; continuations and doubled quotes are resolved.
pub(crate) fn plain_string(sql: &str, start: usize, end: usize) -> String {
    let inner = &sql[start + 1..end - 1];
    if !inner.contains('\'') {
        return inner.to_owned();
    }
    let src = sql.as_bytes();
    let mut out = String::with_capacity(inner.len());
    let mut from = start + 1;
    let mut i = from;
    while i < end - 1 {
        if src[i] != b'\'' {
            i += 1;
        } else if src.get(i + 1) == Some(&b'\'') {
            out.push_str(&sql[from..=i]);
            i += 2;
            from = i;
        } else {
            out.push_str(&sql[from..i]);
            i = continuation(src, i + 1).unwrap_or(end - 1);
            from = i;
        }
    }
    out.push_str(&sql[from.min(end - 1)..end - 1]);
    out
}

#[cold]
fn bad_escape(hint: &str, code: SqlState, span: Span) -> Error {
    Error::new(code, "invalid Unicode escape").hint(hint).at(span)
}

/// The value of `E'…'` from its opening quote; `end` is after the closing one, or the end of an unterminated text.
pub(crate) fn unescape(sql: &str, quote: usize, end: usize) -> Result<String> {
    unescape_noting(sql, quote, end, &mut 0)
}

/// As [`unescape`]; `first` gets the character after the first backslash.
pub(crate) fn unescape_noting(sql: &str, quote: usize, end: usize, first: &mut u8) -> Result<String> {
    const HINT: &str = "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.";
    let src = sql.as_bytes();
    let near = |message: &str, from: usize, to: usize| error_near(sql, message, Span::new(from, to.min(src.len())));
    let mut out: Vec<u8> = Vec::with_capacity(end - quote);
    let mut bytes_escaped = false;
    let mut high: Option<u32> = None;
    let mut i = quote + 1;
    while i < end {
        let c = src[i];
        let escape = if c == b'\\' { src.get(i + 1).copied() } else { None };
        if high.is_some() && !matches!(escape, Some(b'u' | b'U')) {
            let to = i + sql.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8);
            return Err(near("invalid Unicode surrogate pair", i, to));
        }
        let Some(e) = escape else {
            if c != b'\'' {
                out.push(c);
                i += 1;
            } else if i + 1 < end && src[i + 1] == b'\'' {
                out.push(c);
                i += 2;
            } else {
                match continuation(src, i + 1) {
                    Some(next) => i = next,
                    None => break,
                }
            }
            continue;
        };
        let before = std::mem::replace(first, if *first == 0 { e } else { *first });
        match e {
            b'0'..=b'7' => {
                let mut value = 0u32;
                let mut j = i + 1;
                while j < i + 4 && j < end && matches!(src[j], b'0'..=b'7') {
                    value = value * 8 + (src[j] - b'0') as u32;
                    j += 1;
                }
                out.push(value as u8);
                bytes_escaped = true;
                i = j;
            }
            b'x' if src.get(i + 2).is_some_and(u8::is_ascii_hexdigit) => {
                let mut value = 0u32;
                let mut j = i + 2;
                while j < i + 4 && src.get(j).is_some_and(u8::is_ascii_hexdigit) {
                    value = value * 16 + hex_digit(src[j]);
                    j += 1;
                }
                out.push(value as u8);
                bytes_escaped = true;
                i = j;
            }
            b'u' | b'U' => {
                let digits = if e == b'u' { 4 } else { 8 };
                let stop = i + 2 + digits;
                let Some(text) = src.get(i + 2..stop).filter(|t| t.iter().all(u8::is_ascii_hexdigit)) else {
                    let mut to = i + 2;
                    while to < stop && src.get(to).is_some_and(u8::is_ascii_hexdigit) {
                        to += 1;
                    }
                    // A bad one is complained about, not warned of.
                    *first = before;
                    return Err(bad_escape(HINT, SqlState::INVALID_ESCAPE_SEQUENCE, Span::new(i, to)));
                };
                let value = text.iter().fold(0u32, |n, &d| n << 4 | hex_digit(d));
                match pair(&mut high, value) {
                    Pair::Bad => return Err(near("invalid Unicode surrogate pair", i, stop)),
                    Pair::Half => {}
                    Pair::Whole(value) => match char::from_u32(value).filter(|&ch| ch != '\0') {
                        Some(ch) => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
                        None => return Err(near("invalid Unicode escape value", i, stop)),
                    },
                }
                i = stop;
            }
            _ => {
                let ch = match e {
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    // An escaped character beyond ASCII: its other bytes follow by themselves.
                    other => other,
                };
                out.push(ch);
                i += 2;
            }
        }
    }
    if bytes_escaped && out.contains(&0) {
        return Err(invalid_bytes(&[0]));
    }
    String::from_utf8(out).map_err(|e| {
        let from = e.utf8_error().valid_up_to();
        let bytes = e.as_bytes().get(from..).unwrap_or(&[]);
        let len = match bytes.first() {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf7) => 4,
            _ => 1,
        };
        invalid_bytes(bytes.get(..len).unwrap_or(bytes))
    })
}

/// As PostgreSQL's `report_invalid_encoding`; it has no position.
#[cold]
fn invalid_bytes(bytes: &[u8]) -> Error {
    let hex: Vec<String> = bytes.iter().map(|b| format!("0x{b:02x}")).collect();
    Error::new(
        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        format!("invalid byte sequence for encoding \"UTF8\": {}", hex.join(" ")),
    )
}

enum Pair {
    /// A first surrogate; the second must follow.
    Half,
    Whole(u32),
    Bad,
}

/// Joins the halves of a surrogate pair.
fn pair(high: &mut Option<u32>, value: u32) -> Pair {
    match (high.take(), value) {
        (None, 0xd800..=0xdbff) => {
            *high = Some(value);
            Pair::Half
        }
        (Some(h), 0xdc00..=0xdfff) => Pair::Whole(0x10000 + ((h & 0x3ff) << 10) + (value & 0x3ff)),
        (Some(_), _) | (None, 0xdc00..=0xdfff) => Pair::Bad,
        (None, _) => Pair::Whole(value),
    }
}

fn hex_digit(d: u8) -> u32 {
    (d as char).to_digit(16).unwrap_or(0)
}

/// The text of `U&'…'` and `U&"…"`.
pub(crate) fn unicode_text(sql: &str, token: &Token) -> Result<String> {
    const HINT: &str = "Unicode escapes must be \\XXXX or \\+XXXXXX.";
    let escape = if token.extra == 0 { b'\\' } else { token.extra };
    let src = sql.as_bytes();
    let start = token.start as usize + 3;
    let quote = src[start - 1];
    let at = |i: usize| src.get(i).copied().unwrap_or(0);
    let fail = |message: &str, i: usize| Err(Error::new(SqlState::SYNTAX_ERROR, message).at(Span::new(i, i + 1)));
    let mut out = String::new();
    let mut high = None;
    let mut i = start;
    let mut from = start;
    while i < token.end as usize {
        let c = at(i);
        if c == quote {
            if at(i + 1) == quote {
                out.push_str(&sql[from..=i]);
                i += 2;
                from = i;
                continue;
            }
            out.push_str(&sql[from..i]);
            match continuation(src, i + 1).filter(|_| quote == b'\'') {
                Some(next) => {
                    i = next;
                    from = i;
                    continue;
                }
                None => {
                    if high.is_some() {
                        return fail("invalid Unicode surrogate pair", i);
                    }
                    return Ok(out);
                }
            }
        }
        if c != escape {
            if high.is_some() {
                return fail("invalid Unicode surrogate pair", i);
            }
            i += 1;
            continue;
        }
        out.push_str(&sql[from..i]);
        if at(i + 1) == escape {
            if high.is_some() {
                return fail("invalid Unicode surrogate pair", i);
            }
            out.push(escape as char);
            i += 2;
            from = i;
            continue;
        }
        let (first, digits) = if at(i + 1) == b'+' { (i + 2, 6) } else { (i + 1, 4) };
        let Some(text) = src.get(first..first + digits).filter(|t| t.iter().all(u8::is_ascii_hexdigit)) else {
            return Err(bad_escape(HINT, SqlState::SYNTAX_ERROR, Span::new(i, i + 1)));
        };
        let value = text.iter().fold(0u32, |n, &d| n << 4 | hex_digit(d));
        if value == 0 || value > 0x10ffff {
            return fail("invalid Unicode escape value", i);
        }
        match pair(&mut high, value) {
            Pair::Bad => return fail("invalid Unicode surrogate pair", i),
            Pair::Half => {}
            Pair::Whole(value) => out.extend(char::from_u32(value)),
        }
        i = first + digits;
        from = i;
    }
    Ok(out)
}
