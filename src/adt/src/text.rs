//! `text` and its functions, in the C collation: order is byte order, and only ASCII letters have case, as the reference
//! cluster's do. Lengths and positions count characters.

use tusklet_error::{Result, bail, err, filled};

/// The largest string PostgreSQL makes.
const MAX_ALLOC: u64 = 0x3fff_ffff;

/// Number of characters.
pub fn length(s: &str) -> i32 {
    if s.is_ascii() { s.len() as i32 } else { s.chars().count() as i32 }
}

/// Byte offset of the character with index `n`, or the end.
fn offset(s: &str, n: usize) -> usize {
    if s.is_ascii() { n.min(s.len()) } else { s.char_indices().nth(n).map_or(s.len(), |(i, _)| i) }
}

#[cold]
fn negative_length() -> tusklet_error::Error {
    err!(SUBSTRING_ERROR, "negative substring length not allowed")
}

#[cold]
fn too_large() -> tusklet_error::Error {
    err!(PROGRAM_LIMIT_EXCEEDED, "requested length too large")
}

/// Window of a one-based start and length, as zero-based start and end; an end past every string is `usize::MAX`.
pub(crate) fn window(start: i32, length: Option<i32>) -> Result<(usize, usize)> {
    let from = (i64::from(start) - 1).max(0) as usize;
    let Some(length) = length else { return Ok((from, usize::MAX)) };
    if length < 0 {
        return Err(negative_length());
    }
    // A sum beyond the range of integer means "to the end".
    match start.checked_add(length) {
        Some(end) => Ok((from, (i64::from(end) - 1).max(from as i64) as usize)),
        None => Ok((from, usize::MAX)),
    }
}

/// `substring(s from start for length)`.
pub fn substring(s: &str, start: i32, length: Option<i32>) -> Result<&str> {
    let (from, to) = window(start, length)?;
    let a = offset(s, from);
    let rest = &s[a..];
    Ok(if to == usize::MAX { rest } else { &rest[..offset(rest, to - from)] })
}

/// `overlay(s placing new from start for length)`.
pub fn overlay(s: &str, new: &str, start: i32, length: i32) -> Result<String> {
    if start <= 0 {
        return Err(negative_length());
    }
    let end = start.checked_add(length).ok_or_else(crate::int::int4_range)?;
    Ok([substring(s, 1, Some(start - 1))?, new, substring(s, end, None)?].concat())
}

/// `left(s, n)`; negative `n` leaves off the last ones.
pub fn left(s: &str, n: i32) -> &str {
    let n = if n < 0 { (i64::from(length(s)) + i64::from(n)).max(0) as usize } else { n as usize };
    &s[..offset(s, n)]
}

/// `right(s, n)`; negative `n` leaves off the first ones.
pub fn right(s: &str, n: i32) -> &str {
    // As PostgreSQL: the one length that cannot be negated takes nothing away.
    let skip = if n == i32::MIN {
        0
    } else if n < 0 {
        -i64::from(n)
    } else {
        (i64::from(length(s)) - i64::from(n)).max(0)
    };
    &s[offset(s, skip as usize)..]
}

/// First byte position of `needle`, quick on its first byte.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let Some((&first, rest)) = needle.split_first() else { return Some(0) };
    let mut from = 0;
    while from + needle.len() <= hay.len() {
        let at = from + hay[from..=hay.len() - needle.len()].iter().position(|&b| b == first)?;
        if hay[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// `position(needle in s)`, one-based, zero when absent.
pub fn position(s: &str, needle: &str) -> i32 {
    find(s.as_bytes(), needle.as_bytes()).map_or(0, |at| length(&s[..at]) + 1)
}

/// How many characters padding needs; `None` when the string is cut instead.
fn padding(s: &str, n: i32, fill: &str) -> Result<Result<usize, usize>> {
    let n = n.max(0) as usize;
    let have = length(s) as usize;
    if n <= have {
        return Ok(Err(n));
    }
    if fill.is_empty() {
        return Ok(Err(have));
    }
    if n as u64 * 4 > MAX_ALLOC {
        return Err(too_large());
    }
    Ok(Ok(n - have))
}

/// `lpad(s, n, fill)`.
pub fn lpad(s: &str, n: i32, fill: &str) -> Result<String> {
    Ok(match padding(s, n, fill)? {
        Err(cut) => s[..offset(s, cut)].to_owned(),
        Ok(more) => fill.chars().cycle().take(more).chain(s.chars()).collect(),
    })
}

/// `rpad(s, n, fill)`.
pub fn rpad(s: &str, n: i32, fill: &str) -> Result<String> {
    Ok(match padding(s, n, fill)? {
        Err(cut) => s[..offset(s, cut)].to_owned(),
        Ok(more) => s.chars().chain(fill.chars().cycle().take(more)).collect(),
    })
}

/// `ltrim(s, set)`.
pub fn ltrim<'a>(s: &'a str, set: &str) -> &'a str {
    s.trim_start_matches(|c| set.contains(c))
}

/// `rtrim(s, set)`.
pub fn rtrim<'a>(s: &'a str, set: &str) -> &'a str {
    s.trim_end_matches(|c| set.contains(c))
}

/// `btrim(s, set)`.
pub fn btrim<'a>(s: &'a str, set: &str) -> &'a str {
    rtrim(ltrim(s, set), set)
}

/// `translate(s, from, to)`.
pub fn translate(s: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    s.chars()
        .filter_map(|c| match from.chars().position(|f| f == c) {
            None => Some(c),
            Some(i) => to.get(i).copied(),
        })
        .collect()
}

/// `replace(s, from, to)`.
pub fn replace(s: &str, from: &str, to: &str) -> String {
    if from.is_empty() { s.to_owned() } else { s.replace(from, to) }
}

/// `split_part(s, delimiter, n)`; negative `n` counts from the end.
pub fn split_part<'a>(s: &'a str, delimiter: &str, n: i32) -> Result<&'a str> {
    if n == 0 {
        bail!(INVALID_PARAMETER_VALUE, "field position must not be zero");
    }
    if s.is_empty() {
        return Ok("");
    }
    if delimiter.is_empty() {
        return Ok(if n == 1 || n == -1 { s } else { "" });
    }
    let k = n.unsigned_abs() as usize - 1;
    Ok(if n > 0 { s.split(delimiter).nth(k) } else { nth_from_end(s, delimiter, k) }.unwrap_or(""))
}

/// Fields are those found from the left; `rsplit` would find others when the delimiter overlaps itself.
fn nth_from_end<'a>(s: &'a str, delimiter: &str, k: usize) -> Option<&'a str> {
    let all: Vec<&str> = s.split(delimiter).collect();
    all.len().checked_sub(k + 1).map(|i| all[i])
}

/// The pieces of `string_to_array`: every character without a separator, the whole for an empty one, none for an empty string.
pub fn split<'a>(s: &'a str, separator: Option<&str>) -> Vec<&'a str> {
    match separator {
        _ if s.is_empty() => Vec::new(),
        None => s.char_indices().map(|(i, c)| &s[i..i + c.len_utf8()]).collect(),
        Some("") => vec![s],
        Some(d) => s.split(d).collect(),
    }
}

/// `repeat(s, n)`.
pub fn repeat(s: &str, n: i32) -> Result<String> {
    let n = n.max(0) as usize;
    if s.len() as u64 * n as u64 > MAX_ALLOC - 4 {
        return Err(too_large());
    }
    Ok(s.repeat(n))
}

/// `reverse(s)`.
pub fn reverse(s: &str) -> String {
    s.chars().rev().collect()
}

/// `upper(s)`.
pub fn upper(s: &str) -> String {
    s.to_ascii_uppercase()
}

/// `lower(s)`.
pub fn lower(s: &str) -> String {
    s.to_ascii_lowercase()
}

/// `initcap(s)`: a word is a run of ASCII letters and digits.
pub fn initcap(s: &str) -> String {
    let mut inside = false;
    s.chars()
        .map(|c| {
            let r = if inside { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
            inside = c.is_ascii_alphanumeric();
            r
        })
        .collect()
}

/// `ascii(s)`: the first character's code point.
pub fn ascii(s: &str) -> i32 {
    s.chars().next().map_or(0, |c| c as i32)
}

/// `chr(n)`.
pub fn chr(n: i32) -> Result<String> {
    if n < 0 {
        bail!(INVALID_PARAMETER_VALUE, "character number must be positive");
    }
    if n == 0 {
        bail!(PROGRAM_LIMIT_EXCEEDED, "null character not permitted");
    }
    if n > 0x10ffff {
        bail!(PROGRAM_LIMIT_EXCEEDED, "requested character too large for encoding: {n}");
    }
    match char::from_u32(n as u32) {
        Some(c) => Ok(c.to_string()),
        None => Err(err!(PROGRAM_LIMIT_EXCEEDED, "requested character not valid for encoding: {n}")),
    }
}

/// `unistr(s)`: `\XXXX`, `\+XXXXXX`, `\uXXXX`, `\UXXXXXXXX` and `\\`.
pub fn unistr(s: &str) -> Result<String> {
    let invalid = || {
        err!(SYNTAX_ERROR, "invalid Unicode escape")
            .hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.")
    };
    let pair = || err!(SYNTAX_ERROR, "invalid Unicode surrogate pair");
    let mut out = String::new();
    let mut rest = s;
    let mut high: Option<u32> = None;
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            if high.is_some() {
                return Err(pair());
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let b = rest.as_bytes();
        if b.get(1) == Some(&b'\\') {
            if high.is_some() {
                return Err(pair());
            }
            out.push('\\');
            rest = &rest[2..];
            continue;
        }
        let (from, n) = match b.get(1) {
            Some(b'u') => (2, 4),
            Some(b'U') => (2, 8),
            Some(b'+') => (2, 6),
            _ => (1, 4),
        };
        let hex = b.get(from..from + n).filter(|h| h.iter().all(u8::is_ascii_hexdigit)).ok_or_else(invalid)?;
        let code = hex.iter().fold(0u64, |v, &h| v * 16 + u64::from(char::from(h).to_digit(16).unwrap_or(0)));
        if code == 0 || code > 0x10ffff {
            bail!(INVALID_PARAMETER_VALUE, "invalid Unicode code point: {code:04X}");
        }
        let code = code as u32;
        rest = &rest[from + n..];
        match (high.take(), code) {
            (None, 0xd800..=0xdbff) => high = Some(code),
            (Some(h), 0xdc00..=0xdfff) => {
                out.push(char::from_u32(0x10000 + ((h - 0xd800) << 10) + (code - 0xdc00)).ok_or_else(pair)?);
            }
            (None, _) => out.push(char::from_u32(code).ok_or_else(pair)?),
            _ => return Err(pair()),
        }
    }
    if high.is_some() {
        return Err(pair());
    }
    Ok(out)
}

/// `md5(s)` in hexadecimal.
pub fn md5(s: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let digest = crate::digest::md5(s);
    for i in 0..16 {
        out[2 * i] = b"0123456789abcdef"[usize::from(digest[i] >> 4)];
        out[2 * i + 1] = b"0123456789abcdef"[usize::from(digest[i] & 15)];
    }
    out
}

/// Words that cannot stand as an identifier without quotes (every keyword that is not unreserved), sorted.
const QUOTED_KEYWORDS: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
    "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce",
    "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
    "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec",
    "decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists", "extract",
    "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping",
    "having", "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is",
    "isnull", "join", "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp",
    "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset",
    "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision",
    "primary", "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "table", "tablesample", "then", "time", "timestamp", "to",
    "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values", "varchar", "variadic",
    "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

/// Whether an identifier needs quotes.
pub fn needs_quotes(s: &str) -> bool {
    let b = s.as_bytes();
    let plain = b.first().is_some_and(|c| c.is_ascii_lowercase() || *c == b'_')
        && b.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'_');
    !plain || QUOTED_KEYWORDS.binary_search(&s).is_ok()
}

/// `quote_ident(s)`.
pub fn quote_ident(s: &str) -> String {
    if needs_quotes(s) { filled!("\"{}\""; s.replace('"', "\"\"")) } else { s.to_owned() }
}

/// `quote_literal(s)`.
pub fn quote_literal(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 3);
    if s.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    for c in s.chars() {
        if c == '\'' || c == '\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

/// Appends bytes that order as the strings do and are no prefix of one another: zero cannot occur in text.
pub fn key(s: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(s.as_bytes());
    out.push(0);
}

/// Cuts to at most `limit` bytes without splitting a character, as names are (63 bytes).
pub fn clip(s: &str, limit: usize) -> &str {
    if s.len() <= limit {
        return s;
    }
    let mut end = limit;
    while !s.is_char_boundary(end) {
        end -= 1;
    }
    &s[..end]
}

/// `text` to `name`.
pub fn to_name(s: &str) -> &str {
    clip(s, 63)
}

#[cfg(test)]
mod tests;
