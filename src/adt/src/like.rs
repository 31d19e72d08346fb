//! `LIKE`, `ILIKE`, and the translation of `SIMILAR TO`.
//!
//! A pattern is looked at once: most are a literal with `%` at either end, and those become a comparison or a search. The
//! rest are matched by walking back to the last `%` only, which is linear in text times pattern. Malformed patterns are
//! noticed where PostgreSQL's matcher notices them: when it gets there.

use std::borrow::Cow;

use tusklet_error::{Result, bail, err};

use crate::text::find;

/// A pattern ready for use. Case-insensitive ones hold lower case.
#[derive(Clone, Debug)]
pub struct Pattern {
    shape: Shape,
    fold: bool,
}

#[derive(Clone, Debug)]
enum Shape {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    General(Vec<u8>),
}

impl Pattern {
    /// Prepares a pattern whose escape character is the backslash.
    pub fn new(pattern: &str, ignore_case: bool) -> Pattern {
        let p = if ignore_case { pattern.to_ascii_lowercase().into_bytes() } else { pattern.as_bytes().to_vec() };
        Pattern { shape: shape(p), fold: ignore_case }
    }

    /// Whether `text` matches. Inlined into the loop over a column: bytes compared as text are matched elsewhere too.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn matches(&self, text: &[u8]) -> Result<bool> {
        let t: Cow<'_, [u8]> = if self.fold { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) };
        match &self.shape {
            Shape::Exact(p) => Ok(*t == **p),
            Shape::Prefix(p) => Ok(t.starts_with(p)),
            Shape::Suffix(p) => Ok(t.ends_with(p)),
            Shape::Contains(p) => Ok(find(&t, p).is_some()),
            Shape::General(p) => general(&t, p),
        }
    }

    /// The literal every match begins with, and whether nothing follows it: what an index can use.
    pub fn prefix(&self) -> (Vec<u8>, bool) {
        match &self.shape {
            _ if self.fold => (Vec::new(), false),
            Shape::Exact(p) => (p.clone(), true),
            Shape::Prefix(p) => (p.clone(), false),
            Shape::General(p) => {
                let mut out = Vec::new();
                let mut i = 0;
                while i < p.len() && p[i] != b'%' && p[i] != b'_' {
                    if p[i] == b'\\' {
                        i += 1;
                    }
                    out.extend(p.get(i));
                    i += 1;
                }
                (out, false)
            }
            _ => (Vec::new(), false),
        }
    }
}

fn shape(p: Vec<u8>) -> Shape {
    let body = p.iter().position(|&b| b != b'%').unwrap_or(p.len());
    let mut literal = Vec::with_capacity(p.len());
    let mut i = body;
    while i < p.len() {
        match p[i] {
            b'_' => return Shape::General(p),
            b'%' => break,
            b'\\' => match p.get(i + 1) {
                Some(&c) => {
                    literal.push(c);
                    i += 1;
                }
                None => return Shape::General(p),
            },
            c => literal.push(c),
        }
        i += 1;
    }
    if p[i..].iter().any(|&b| b != b'%') {
        return Shape::General(p);
    }
    match (body > 0, i < p.len()) {
        (false, false) => Shape::Exact(literal),
        (false, true) => Shape::Prefix(literal),
        (true, false) if literal.is_empty() => Shape::Prefix(literal),
        (true, false) => Shape::Suffix(literal),
        (true, true) => Shape::Contains(literal),
    }
}

fn char_len(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    }
}

fn general(t: &[u8], p: &[u8]) -> Result<bool> {
    let dangling = || err!(INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
    let (mut i, mut j) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        if j < p.len() && p[j] == b'%' {
            while j < p.len() && p[j] == b'%' {
                j += 1;
            }
            if j == p.len() {
                return Ok(true);
            }
            if p[j] == b'\\' && j + 1 == p.len() {
                return Err(dangling());
            }
            back = Some((i, j));
            continue;
        }
        let advanced = if i == t.len() {
            if j == p.len() {
                return Ok(true);
            }
            // Text is used up and the pattern wants more: going back would only leave less text.
            return Ok(false);
        } else if j == p.len() {
            false
        } else if p[j] == b'_' {
            i += char_len(t[i]);
            j += 1;
            true
        } else {
            let mut k = j;
            if p[k] == b'\\' {
                k += 1;
                if k == p.len() {
                    return Err(dangling());
                }
            }
            if p[k] == t[i] {
                i += 1;
                j = k + 1;
                true
            } else {
                false
            }
        };
        if !advanced {
            let Some((ti, pj)) = back else { return Ok(false) };
            if ti >= t.len() {
                return Ok(false);
            }
            i = ti + char_len(t[ti]);
            j = pj;
            back = Some((i, pj));
        }
        i = i.min(t.len());
    }
}

#[cold]
fn invalid_escape() -> tusklet_error::Error {
    err!(INVALID_ESCAPE_SEQUENCE, "invalid escape string").hint("Escape string must be empty or one character.")
}

/// `like_escape(pattern, escape)`: the same pattern with the backslash as escape character; empty means none.
pub fn like_escape(pattern: &str, escape: &str) -> Result<String> {
    let mut it = escape.chars();
    let e = it.next();
    if it.next().is_some() {
        return Err(invalid_escape());
    }
    if e == Some('\\') {
        return Ok(pattern.to_owned());
    }
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut after = false;
    for c in pattern.chars() {
        if Some(c) == e && !after {
            out.push('\\');
            after = true;
        } else if c == '\\' {
            out.push('\\');
            if !after {
                out.push('\\');
            }
            after = false;
        } else {
            out.push(c);
            after = false;
        }
    }
    Ok(out)
}

/// The regular expression of a `SIMILAR TO` pattern; the escape character defaults to the backslash, empty means none.
pub fn similar_to_escape(pattern: &str, escape: Option<&str>) -> Result<String> {
    let e = match escape {
        None => Some('\\'),
        Some(s) => {
            let mut it = s.chars();
            let e = it.next();
            if it.next().is_some() {
                return Err(invalid_escape());
            }
            e
        }
    };
    let mut out = String::from("^(?:");
    // How deep in brackets; how far into one, of which the first three steps (`[`, `^`, `]`) count.
    let (mut after, mut depth, mut step, mut quotes) = (false, 0, 0, 0);
    for c in pattern.chars() {
        if after {
            if c == '"' && depth == 0 {
                match quotes {
                    0 => out.push_str("){1,1}?("),
                    1 => out.push_str("){1,1}(?:"),
                    _ => bail!(
                        INVALID_USE_OF_ESCAPE_CHARACTER,
                        "SQL regular expression may not contain more than two escape-double-quote separators"
                    ),
                }
                quotes += 1;
            } else {
                out.push('\\');
                out.push(c);
                step = 3;
            }
            after = false;
        } else if Some(c) == e {
            after = true;
        } else if depth > 0 {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            match c {
                ']' if step > 2 => depth -= 1,
                '[' => {
                    depth += 1;
                    step = 3;
                }
                '^' => step += 1,
                _ => step = 3,
            }
        } else {
            match c {
                '[' => {
                    out.push(c);
                    depth = 1;
                    step = 1;
                }
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
        }
    }
    out.push_str(")$");
    Ok(out)
}
