//! For editors and shells: cutting a text that need not be correct into statements and coloured pieces.
//!
//! The lexer proper stops at its first error; here an unterminated literal runs to the end of the text and a stray
//! character is a piece of its own, because the text is being typed.

use crate::keywords::{Kw, lookup};
use crate::lexer::{block_comment, continuation, dollar_end, dollar_tag, is_op_char, is_word_start, word_end};
use crate::{EditorToken, EditorTokenKind as K};
use tusklet_error::Span;

/// All pieces but white space.
pub(crate) fn tokens(sql: &str) -> Vec<EditorToken> {
    let src = sql.as_bytes();
    let mut all = Vec::new();
    let mut pos = 0;
    while pos < src.len() {
        if matches!(src[pos], b' ' | b'\t' | b'\n' | b'\r' | 0x0c) {
            pos += 1;
            continue;
        }
        let (kind, end) = token(sql, pos);
        all.push(EditorToken { kind, span: Span::new(pos, end) });
        pos = end;
    }
    all
}

fn token(sql: &str, pos: usize) -> (K, usize) {
    let src = sql.as_bytes();
    let at = |i: usize| src.get(i).copied().unwrap_or(0);
    let c = src[pos];
    let or_rest = |kind, end: Option<usize>| end.map_or((K::Invalid, src.len()), |end| (kind, end));
    match c {
        b'-' if at(pos + 1) == b'-' => {
            let end = src[pos..].iter().position(|c| matches!(c, b'\n' | b'\r')).map_or(src.len(), |n| pos + n);
            (K::Comment, end)
        }
        b'/' if at(pos + 1) == b'*' => or_rest(K::Comment, block_comment(src, pos)),
        b'\'' => or_rest(K::String, string_end(src, pos, false)),
        b'"' => or_rest(K::QuotedIdentifier, quoted_end(src, pos)),
        b'e' | b'E' if at(pos + 1) == b'\'' => or_rest(K::String, string_end(src, pos + 1, true)),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if at(pos + 1) == b'\'' => {
            or_rest(K::String, string_end(src, pos + 1, false))
        }
        b'u' | b'U' if at(pos + 1) == b'&' && at(pos + 2) == b'\'' => {
            or_rest(K::String, string_end(src, pos + 2, false))
        }
        b'u' | b'U' if at(pos + 1) == b'&' && at(pos + 2) == b'"' => {
            or_rest(K::QuotedIdentifier, quoted_end(src, pos + 2))
        }
        b'$' if at(pos + 1).is_ascii_digit() => {
            let end = src[pos + 1..].iter().position(|c| !c.is_ascii_digit()).map_or(src.len(), |n| pos + 1 + n);
            (K::Parameter, end)
        }
        b'$' => match dollar_tag(src, pos) {
            Some(body) => or_rest(K::String, dollar_end(src, pos, body)),
            None => (K::Invalid, pos + 1),
        },
        b'0'..=b'9' => (K::Number, number_end(src, pos)),
        b'.' if at(pos + 1).is_ascii_digit() => (K::Number, number_end(src, pos)),
        b':' if matches!(at(pos + 1), b':' | b'=') => (K::Operator, pos + 2),
        b',' | b';' | b'.' | b'(' | b')' | b'[' | b']' | b':' => (K::Punctuation, pos + 1),
        _ if is_word_start(c) => {
            let end = word_end(src, pos);
            (if lookup(&src[pos..end]) == Kw::NIL { K::Identifier } else { K::Keyword }, end)
        }
        _ if is_op_char(c) => {
            let mut end = pos + 1;
            while is_op_char(at(end)) && !src[end..].starts_with(b"--") && !src[end..].starts_with(b"/*") {
                end += 1;
            }
            (K::Operator, end)
        }
        _ => (K::Invalid, pos + 1),
    }
}

/// The end of the string whose opening quote is at `quote`.
fn string_end(src: &[u8], quote: usize, escapes: bool) -> Option<usize> {
    let mut i = quote + 1;
    loop {
        match *src.get(i)? {
            b'\\' if escapes => i += 2,
            b'\'' if src.get(i + 1) == Some(&b'\'') => i += 2,
            b'\'' => match continuation(src, i + 1) {
                Some(next) => i = next,
                None => return Some(i + 1),
            },
            _ => i += 1,
        }
    }
}

fn quoted_end(src: &[u8], quote: usize) -> Option<usize> {
    let mut i = quote + 1;
    loop {
        match *src.get(i)? {
            b'"' if src.get(i + 1) == Some(&b'"') => i += 2,
            b'"' => return Some(i + 1),
            _ => i += 1,
        }
    }
}

/// Digits, point, exponent; no judgement on what follows.
fn number_end(src: &[u8], pos: usize) -> usize {
    let digits = |mut i: usize| {
        while src.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut i = digits(pos);
    if src.get(i) == Some(&b'.') && src.get(i + 1) != Some(&b'.') {
        i = digits(i + 1);
    }
    if src.get(i).is_some_and(|c| c | 0x20 == b'e') {
        let j = i + 1 + usize::from(matches!(src.get(i + 1), Some(b'+' | b'-')));
        if src.get(j).is_some_and(u8::is_ascii_digit) {
            i = digits(j);
        }
    }
    i
}

/// Statements as psql finds them: semicolons at no parenthesis' depth, and not inside `BEGIN ATOMIC … END`.
pub(crate) fn split(sql: &str) -> Vec<Span> {
    let mut all = Vec::new();
    let mut current: Option<Span> = None;
    let mut parens = 0u32;
    // As psql: how many of the statement's first words were seen, and what they were, tell CREATE FUNCTION apart.
    let mut words: Vec<Kw> = Vec::new();
    let mut blocks = 0u32;
    for token in tokens(sql) {
        let text = &sql[token.span.start as usize..token.span.end as usize];
        match (token.kind, text) {
            (K::Comment, _) => continue,
            (K::Punctuation, "(") => parens += 1,
            (K::Punctuation, ")") => parens = parens.saturating_sub(1),
            (K::Punctuation, ";") if parens == 0 && blocks == 0 => {
                all.extend(current.take());
                words.clear();
                continue;
            }
            (K::Keyword | K::Identifier, _) => {
                let kw = lookup(text.as_bytes());
                if words.len() < 4 {
                    words.push(kw);
                }
                let routine = words.first() == Some(&Kw::CREATE)
                    && (matches!(words.get(1), Some(Kw::FUNCTION | Kw::PROCEDURE))
                        || matches!(words.get(1..4), Some([Kw::OR, Kw::REPLACE, Kw::FUNCTION | Kw::PROCEDURE])));
                if routine && parens == 0 {
                    match kw {
                        Kw::BEGIN => blocks += 1,
                        Kw::CASE if blocks > 0 => blocks += 1,
                        Kw::END => blocks = blocks.saturating_sub(1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        current = Some(current.map_or(token.span, |s| s.to(token.span)));
    }
    all.extend(current);
    all
}
