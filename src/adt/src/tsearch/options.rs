//! Option lists as text: what `dictinitoption` holds and `ts_headline` takes (`deserialize_deflist`).

use tusklet_error::{Result, err};

use super::dict::DictOption;
use super::is_space;

/// Reads `name = value, …`.
pub fn read(text: &str) -> Result<Vec<DictOption>> {
    let bad = || err!(SYNTAX_ERROR, "invalid parameter list format: \"{}\""; text);
    let blank = |c: char| c.is_ascii() && is_space(c as u8);
    let mut out = vec![];
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c| blank(c) || c == ',');
        if rest.is_empty() {
            return Ok(out);
        }
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            (name, rest) = quoted_by('"', quoted).ok_or_else(bad)?;
        } else {
            let end = rest.find(|c| blank(c) || c == '=').ok_or_else(bad)?;
            name = rest[..end].to_owned();
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches(blank).strip_prefix('=').ok_or_else(bad)?.trim_start_matches(blank);
        let (value, number);
        let quoted = rest.strip_prefix('\'').or_else(|| rest.strip_prefix("E'"));
        if let Some(quoted) = quoted {
            (value, rest) = quoted_by('\'', quoted).ok_or_else(bad)?;
            number = false;
        } else if let Some(quoted) = rest.strip_prefix('"') {
            (value, rest) = quoted_by('"', quoted).ok_or_else(bad)?;
            number = false;
        } else {
            let end = rest.find(|c| blank(c) || c == ',').unwrap_or(rest.len());
            if end == 0 {
                return Err(bad());
            }
            value = rest[..end].to_owned();
            rest = &rest[end..];
            number = crate::float::number(&value).is_some();
        }
        out.push(DictOption { name, value: Some(value), number });
    }
}

/// A quoted text, in which doubled quotes and, in single quotes, doubled backslashes stand for one; and what follows it.
fn quoted_by(quote: char, text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let doubled = chars.peek().is_some_and(|n| n.1 == c);
        if c == quote && !doubled {
            return Some((out, text.get(i + c.len_utf8()..)?));
        }
        if doubled && (c == quote || c == '\\' && quote == '\'') {
            chars.next();
        }
        out.push(c);
    }
    None
}

/// Writes such a list (`serialize_deflist`); `quote` quotes a name where it must be.
pub fn write(options: &[DictOption], quote: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    for o in options {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&quote(&o.name));
        out.push_str(" = ");
        let value = o.value.as_deref().unwrap_or("");
        if o.number {
            out.push_str(value);
            continue;
        }
        if value.contains('\\') {
            out.push('E');
        }
        out.push('\'');
        for c in value.chars() {
            if c == '\'' || c == '\\' {
                out.push(c);
            }
            out.push(c);
        }
        out.push('\'');
    }
    out
}
