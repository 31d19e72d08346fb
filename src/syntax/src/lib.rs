//! SQL text to PostgreSQL's raw parse tree. See the crate's README.

pub mod ast;
mod editor;
mod keywords;
mod lexer;
mod literals;
mod parser;
mod shape;
mod sqlparser_tokens;

use ast::{Expr, RawStmt, Span, TypeName};
use parser::Parser;
use sqlparser::tokenizer::{Location, TokenWithSpan};
use tusklet_error::{Notice, Result};

pub use shape::{Item, Known, LiteralKind, Script, Shape, Shapes};

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
    Parser::new(sql).statements()
}

/// How strings are read: three of PostgreSQL's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strings {
    /// `standard_conforming_strings`: a backslash in `'…'` is itself.
    pub conforming: bool,
    /// `escape_string_warning`: where it is not, the first one is warned of.
    pub warn: bool,
    /// `backslash_quote` is not off: `\'` may stand for a quote.
    pub backslash_quote: bool,
}

impl Default for Strings {
    fn default() -> Strings {
        Strings { conforming: true, warn: true, backslash_quote: true }
    }
}

impl Strings {
    /// Whether texts mean what they mean to [`parse`].
    pub fn standard(self) -> bool {
        self.conforming && self.backslash_quote
    }
}

/// All statements of a text whose strings are read as `strings` says; what is warned of goes to `warnings`.
pub fn parse_as(sql: &str, strings: Strings, warnings: &mut Vec<Notice>) -> Result<Vec<RawStmt>> {
    Parser::warned(sql, strings, warnings)
}

/// All statements of a text, as [`parse`]; those whose shape came before are recognised without being parsed.
pub fn parse_script(sql: &str, shapes: &mut Shapes) -> Result<Script> {
    let mark = shapes.mark();
    let script = Parser::script(sql, shapes);
    if script.is_err() {
        shapes.forget_since(mark);
    }
    script
}

/// The one statement of a longer text that covers `span`; its spans count from the start of the text.
pub fn parse_at(sql: &str, span: Span) -> Result<RawStmt> {
    Parser::from(sql.get(..span.end as usize).unwrap_or(sql), span.start as usize).one_statement()
}

/// Exactly one statement; an empty text or a second statement is a syntax error.
pub fn parse_one(sql: &str) -> Result<RawStmt> {
    Parser::new(sql).one_statement()
}

/// One expression, as PL/pgSQL needs it.
pub fn parse_expr(sql: &str) -> Result<Expr> {
    Parser::new(sql).whole_expr()
}

/// One type name, as `regtypein` and PL/pgSQL need it; `SETOF` is a syntax error.
pub fn parse_type_name(sql: &str) -> Result<TypeName> {
    Parser::new(sql).whole_type_name()
}

/// The statements of a text as psql would send them: from first to last token, without the semicolon. Never fails: what
/// cannot be lexed is part of a statement.
pub fn split(sql: &str) -> Vec<Span> {
    editor::split(sql)
}

/// The text cut into pieces for highlighting; white space is left out. Never fails.
pub fn tokens_for_editor(sql: &str) -> Vec<EditorToken> {
    editor::tokens(sql)
}

/// Line and column, both from 1, the column in characters, of a byte of the text: what an editor or a log shows.
pub fn location(sql: &str, byte: usize) -> Location {
    sqlparser_tokens::location(sql, byte)
}

/// PostgreSQL's tokens of the text in sqlparser's types, for its parser and other tools that stand on them. A place is the
/// line 1 and the byte offset plus one as the column, so that it can be turned into a [`Span`]. Fails where the text cannot
/// be cut into tokens.
pub fn sqlparser_tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    sqlparser_tokens::tokens(sql)
}

/// Every keyword of PostgreSQL 15, sorted.
pub fn keywords() -> &'static [Keyword] {
    &keywords::KEYWORDS
}
