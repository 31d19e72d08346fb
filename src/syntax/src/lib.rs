//! SQL text to PostgreSQL's raw parse tree. See the crate's README.

pub mod ast;

use ast::{Expr, RawStmt, Span, TypeName};
use tusklet_error::{Error, Result};

/// How a word may be used without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeywordCategory {
    /// Anywhere.
    Unreserved,
    /// As a column, not as a function or type.
    ColName,
    /// As a function or type, not as a column.
    TypeFuncName,
    /// Nowhere, except after AS.
    Reserved,
}

/// A word of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword {
    /// In lower case.
    pub word: &'static str,
    /// How it may be used as a name.
    pub category: KeywordCategory,
    /// Whether it can be a column label without AS.
    pub bare_label: bool,
}

/// What a piece of text is, for highlighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EditorTokenKind {
    /// A word of the grammar.
    Keyword,
    /// A name.
    Identifier,
    /// A name in double quotes.
    QuotedIdentifier,
    /// A string, bit string or dollar-quoted literal.
    String,
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// An operator, `::` and `:=` included.
    Operator,
    /// A comma, semicolon, dot, bracket or parenthesis.
    Punctuation,
    /// A comment, either kind.
    Comment,
    /// Text the lexer refuses: an unterminated literal, a stray character.
    Invalid,
}

/// A piece of text for an editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditorToken {
    /// What it is.
    pub kind: EditorTokenKind,
    /// Where it is.
    pub span: Span,
}

/// All statements of a text; spans count from the start of the text.
pub fn parse(sql: &str) -> Result<Vec<RawStmt>> {
    let _ = sql;
    Err(Error::unsupported("parsing"))
}

/// Exactly one statement.
pub fn parse_one(sql: &str) -> Result<RawStmt> {
    let _ = sql;
    Err(Error::unsupported("parsing"))
}

/// One expression, as PL/pgSQL and `pg_get_expr`-like callers need it.
pub fn parse_expr(sql: &str) -> Result<Expr> {
    let _ = sql;
    Err(Error::unsupported("parsing"))
}

/// One type name, as `regtypein` and PL/pgSQL need it.
pub fn parse_type_name(sql: &str) -> Result<TypeName> {
    let _ = sql;
    Err(Error::unsupported("parsing"))
}

/// The statements of a text as psql would send them: from first to last token, without the semicolon. Never fails: what
/// cannot be lexed is part of a statement.
pub fn split(sql: &str) -> Vec<Span> {
    let _ = sql;
    Vec::new()
}

/// The text cut into pieces for highlighting; white space is left out. Never fails.
pub fn tokens_for_editor(sql: &str) -> Vec<EditorToken> {
    let _ = sql;
    Vec::new()
}

/// Every keyword of PostgreSQL 15, sorted.
pub fn keywords() -> &'static [Keyword] {
    &[]
}
