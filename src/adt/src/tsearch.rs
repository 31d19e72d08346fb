//! Text search: documents as `tsvector`, queries as `tsquery`, and the way from text to both.
//!
//! Text goes through the *parser* ([`parser`]), which cuts it into tokens of 23 types; a *configuration* ([`config`]) names
//! the dictionaries ([`dict`], [`ispell`], [`thesaurus`], [`snowball`]) that turn a token of each type into lexemes or
//! find it a stop word; lexemes with their positions make a [`tsvector`]. A [`tsquery`] is a tree of lexemes and operators
//! ([`query_parse`] reads it), [`execute`] holds it against a document, [`rank`] tells how well it fits, [`headline`] shows
//! where.
//!
//! Everything here works as PostgreSQL does in a database of the C locale and the UTF-8 encoding: letters beyond ASCII count
//! as letters and have no case.
//!
//! For inverted indexes: the entries of a document are [`tsvector::TsVector::lexemes`]; the lexemes of a query are
//! [`tsquery::TsQuery::operands`] (with their `prefix` flag), [`execute::requires_match`] tells whether a document without
//! any of them may match, and [`execute::execute`] decides from "is this lexeme there" alone: answer [`execute::Ternary::Maybe`]
//! for an operand that has a weight restriction or whose positions are asked for.

pub mod config;
pub mod dict;
pub mod execute;
pub mod headline;
pub mod ispell;
pub mod options;
pub mod parser;
pub mod query_parse;
pub mod rank;
pub mod rewrite;
pub mod snowball;
pub mod thesaurus;
pub mod tsquery;
pub mod tsvector;

use tusklet_error::{Error, Result, err};

/// How deep a query may nest. PostgreSQL's limit is its stack's.
pub(crate) const MAX_DEPTH: usize = 2000;

/// The error for a query that nests deeper.
#[cold]
pub(crate) fn too_deep() -> Error {
    err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(
        "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.",
    )
}

/// Whitespace of the C locale.
pub(crate) fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// A letter as a weight from 0 (D) to 3 (A).
pub(crate) fn weight_of(c: u8) -> Option<u16> {
    match c.to_ascii_lowercase() {
        c @ b'a'..=b'd' => Some(u16::from(b'd' - c)),
        _ => None,
    }
}

/// A string of weight letters as a mask; other characters mean nothing.
pub fn weight_letters(s: &str) -> u16 {
    s.bytes().filter_map(weight_of).fold(0, |m, w| m | 1 << w)
}

/// Reads the binary form of the protocol.
struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        match self.0.split_at_checked(n) {
            Some((a, b)) => {
                self.0 = b;
                Ok(a)
            }
            None => Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message")),
        }
    }

    /// A big-endian integer of `n` bytes.
    fn int(&mut self, n: usize) -> Result<u32> {
        Ok(self.take(n)?.iter().fold(0, |v, b| v << 8 | u32::from(*b)))
    }

    /// Bytes up to a NUL, which must be text.
    fn string(&mut self) -> Result<&'a [u8]> {
        let Some(end) = self.0.iter().position(|b| *b == 0) else {
            return Err(err!(PROTOCOL_VIOLATION, "invalid string in message"));
        };
        let s = self.take(end)?;
        self.take(1)?;
        if std::str::from_utf8(s).is_err() {
            return Err(err!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\""));
        }
        Ok(s)
    }

    fn end(&self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(err!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format"))
    }
}
