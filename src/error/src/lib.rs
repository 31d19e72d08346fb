//! Errors and notices as PostgreSQL words them, and the source positions they point at.
//!
//! There is one error type in the whole workspace. The SQLSTATE, message, detail and hint are given where the error is
//! raised, in PostgreSQL's words; nothing upstream rewrites them, it only adds what it alone knows (position, context).

pub mod fill;
mod sort;
mod sorted;
mod sqlstate;
mod try_vec;
pub mod words;

use std::fmt;

pub use sort::SortShort;
pub use sorted::{SortedMap, SortedSet};
pub use sqlstate::{CONDITIONS, SqlState};
pub use try_vec::TryVec;

/// `Result` with this workspace's only error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A byte range of the SQL text a node or token came from. `start == end == u32::MAX` is "nowhere".
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// No position: made by the system, not written by the user.
    pub const NONE: Span = Span { start: u32::MAX, end: u32::MAX };

    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// Whether this span points at nothing.
    pub fn is_none(self) -> bool {
        self.start == u32::MAX
    }

    /// The smallest span that holds both; `NONE` is neutral.
    pub fn to(self, other: Span) -> Span {
        match (self.is_none(), other.is_none()) {
            (true, _) => other,
            (_, true) => self,
            _ => Span { start: self.start.min(other.start), end: self.end.max(other.end) },
        }
    }
}

impl Default for Span {
    fn default() -> Span {
        Span::NONE
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() { write!(f, "-") } else { write!(f, "{}..{}", self.start, self.end) }
    }
}

impl SqlState {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX000")
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How serious a message is. Errors are `Error` or worse; the rest are notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Severity {
    Debug,
    Log,
    Info,
    Notice,
    Warning,
    Error,
    Fatal,
    Panic,
}

impl Severity {
    /// The word of the protocol's `S` and `V` fields.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Log => "LOG",
            Severity::Info => "INFO",
            Severity::Notice => "NOTICE",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
            Severity::Panic => "PANIC",
        }
    }
}

/// Everything an error or notice can carry (`ErrorData` of PostgreSQL's `elog.h`).
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How serious.
    pub severity: Severity,
    /// The SQLSTATE.
    pub code: SqlState,
    /// Primary message: lower case, no full stop.
    pub message: String,
    /// A sentence with more facts.
    pub detail: Option<String>,
    /// A sentence with advice.
    pub hint: Option<String>,
    /// Where in the statement's text; the protocol's 1-based character position is computed from it at the edge.
    pub span: Span,
    /// Call stack of functions, innermost first, one a line (`W` field).
    pub context: Option<String>,
    /// Text of a statement the user did not write, when the position belongs to it.
    pub internal_query: Option<String>,
    /// Position in `internal_query`.
    pub internal_span: Span,
    /// Names of the object the error is about.
    pub schema: Option<String>,
    /// Table name.
    pub table: Option<String>,
    /// Column name.
    pub column: Option<String>,
    /// Data type name.
    pub datatype: Option<String>,
    /// Constraint name.
    pub constraint: Option<String>,
}

/// A message for the client that ends nothing.
pub type Notice = Report;

impl Report {
    /// A report with the three things every report has.
    pub fn new(severity: Severity, code: SqlState, message: impl Into<String>) -> Report {
        Report {
            severity,
            code,
            message: message.into(),
            detail: None,
            hint: None,
            span: Span::NONE,
            context: None,
            internal_query: None,
            internal_span: Span::NONE,
            schema: None,
            table: None,
            column: None,
            datatype: None,
            constraint: None,
        }
    }
}

/// An error: one machine word, so that `Result` stays small on the paths that do not fail.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Report>);

impl Error {
    /// An `ERROR` with its SQLSTATE and primary message.
    #[cold]
    pub fn new(code: SqlState, message: impl Into<String>) -> Error {
        Error::report_of(&code, message.into())
    }

    /// What `err!` calls: everything behind one call that is no generic, for there are a thousand of them.
    #[cold]
    #[inline(never)]
    pub fn format(code: &SqlState, message: fmt::Arguments<'_>) -> Error {
        Error::report_of(code, message.to_string())
    }

    /// What `err!` calls for a text whose holes strings fill.
    #[cold]
    #[inline(never)]
    pub fn filled1(code: &SqlState, text: &str, a: &str) -> Error {
        Error::report_of(code, fill::with(text, &[a]))
    }

    /// As [`Error::filled1`].
    #[cold]
    #[inline(never)]
    pub fn filled2(code: &SqlState, text: &str, a: &str, b: &str) -> Error {
        Error::report_of(code, fill::with(text, &[a, b]))
    }

    /// As [`Error::filled1`].
    #[cold]
    #[inline(never)]
    pub fn filled3(code: &SqlState, text: &str, a: &str, b: &str, c: &str) -> Error {
        Error::report_of(code, fill::with(text, &[a, b, c]))
    }

    #[cold]
    #[inline(never)]
    fn report_of(code: &SqlState, message: String) -> Error {
        Error(Box::new(Report::new(Severity::Error, *code, message)))
    }

    /// 0A000: PostgreSQL has it, we do not yet. `what` names it, e.g. `"MERGE"` or `"function xmlagg"`.
    #[cold]
    pub fn unsupported(what: impl fmt::Display) -> Error {
        Error::format(&SqlState::FEATURE_NOT_SUPPORTED, format_args!("{what} is not supported yet"))
    }

    /// XX000: something that cannot happen did.
    #[cold]
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(SqlState::INTERNAL_ERROR, message)
    }

    /// With `DETAIL`.
    #[cold]
    pub fn detail(self, text: impl Into<String>) -> Error {
        self.with_detail(text.into())
    }

    /// With `HINT`.
    #[cold]
    pub fn hint(self, text: impl Into<String>) -> Error {
        self.with_hint(text.into())
    }

    #[cold]
    #[inline(never)]
    fn with_detail(mut self, text: String) -> Error {
        self.0.detail = Some(text);
        self
    }

    #[cold]
    #[inline(never)]
    fn with_hint(mut self, text: String) -> Error {
        self.0.hint = Some(text);
        self
    }

    /// With a position, overwriting none that is already there: the innermost one knows best.
    #[cold]
    #[inline(never)]
    pub fn at(mut self, span: Span) -> Error {
        if self.0.span.is_none() {
            self.0.span = span;
        }
        self
    }

    /// Without a position: it was one in a text of its own, and the place of that text is what helps.
    #[cold]
    pub fn nowhere(mut self) -> Error {
        self.0.span = Span::NONE;
        self
    }

    /// With one more line of context, outermost last.
    #[cold]
    pub fn context(self, line: impl Into<String>) -> Error {
        self.with_context(line.into())
    }

    #[cold]
    #[inline(never)]
    fn with_context(mut self, line: String) -> Error {
        match &mut self.0.context {
            Some(all) => {
                all.push('\n');
                all.push_str(&line);
            }
            none => *none = Some(line),
        }
        self
    }

    /// With the table it is about.
    #[cold]
    pub fn table(self, schema: impl Into<String>, table: impl Into<String>) -> Error {
        self.with(|r| &mut r.schema, schema.into()).with(|r| &mut r.table, table.into())
    }

    /// With the column it is about.
    #[cold]
    pub fn column(self, column: impl Into<String>) -> Error {
        self.with(|r| &mut r.column, column.into())
    }

    /// With the data type it is about.
    #[cold]
    pub fn datatype(self, schema: impl Into<String>, datatype: impl Into<String>) -> Error {
        self.with(|r| &mut r.schema, schema.into()).with(|r| &mut r.datatype, datatype.into())
    }

    /// With the constraint it is about.
    #[cold]
    pub fn constraint(self, constraint: impl Into<String>) -> Error {
        self.with(|r| &mut r.constraint, constraint.into())
    }

    #[cold]
    #[inline(never)]
    fn with(mut self, field: fn(&mut Report) -> &mut Option<String>, text: String) -> Error {
        *field(&mut self.0) = Some(text);
        self
    }

    /// As `FATAL`: the session ends with it.
    pub fn fatal(mut self) -> Error {
        self.0.severity = Severity::Fatal;
        self
    }

    /// The SQLSTATE.
    pub fn code(&self) -> SqlState {
        self.0.code
    }

    /// The primary message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Everything.
    pub fn report(&self) -> &Report {
        &self.0
    }

    /// Everything, to change.
    pub fn report_mut(&mut self) -> &mut Report {
        &mut self.0
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = &*self.0;
        write!(f, "{}: {}: {}", r.severity.as_str(), r.code, r.message)?;
        if let Some(d) = &r.detail {
            write!(f, "\nDETAIL:  {d}")?;
        }
        if let Some(h) = &r.hint {
            write!(f, "\nHINT:  {h}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Raises an [`Error`]: `bail!(SYNTAX_ERROR, "bad {thing}")`, or as [`err!`] takes it.
#[macro_export]
macro_rules! bail {
    ($code:ident, $($fmt:tt)+) => {
        return Err($crate::err!($code, $($fmt)+))
    };
}

/// Makes an [`Error`]: `err!(DIVISION_BY_ZERO, "division by zero")`. With a semicolon, `err!(UNDEFINED_TABLE, "relation \"{}\" does not
/// exist"; name)`, one to three strings fill the holes: that is half the code, and there are a thousand of them.
#[macro_export]
macro_rules! err {
    ($code:ident, $text:literal; $a:expr) => {{
        const { $crate::fill::check($text, 1) };
        $crate::Error::filled1(&$crate::SqlState::$code, $text, ::core::convert::AsRef::<str>::as_ref(&$a))
    }};
    ($code:ident, $text:literal; $a:expr, $b:expr) => {{
        const { $crate::fill::check($text, 2) };
        $crate::Error::filled2(
            &$crate::SqlState::$code,
            $text,
            ::core::convert::AsRef::<str>::as_ref(&$a),
            ::core::convert::AsRef::<str>::as_ref(&$b),
        )
    }};
    ($code:ident, $text:literal; $a:expr, $b:expr, $c:expr) => {{
        const { $crate::fill::check($text, 3) };
        $crate::Error::filled3(
            &$crate::SqlState::$code,
            $text,
            ::core::convert::AsRef::<str>::as_ref(&$a),
            ::core::convert::AsRef::<str>::as_ref(&$b),
            ::core::convert::AsRef::<str>::as_ref(&$c),
        )
    }};
    ($code:ident, $($fmt:tt)+) => {
        $crate::Error::format(&$crate::SqlState::$code, format_args!($($fmt)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_fill_holes() {
        let e = err!(DIVISION_BY_ZERO, "{} of \"{}\""; "half", String::from("{}"));
        assert_eq!(e.message(), "half of \"{}\"");
        assert_eq!(filled!("({})"; "x"), "(x)");
    }

    #[test]
    fn words_are_matched_as_match_does() {
        let f = |s: &str| match_word!(s; "a" => 1, "bc" | "b" => 2; other => other.len() + 10);
        assert_eq!(["a", "b", "bc", "", "c", "a|bc"].map(f), [1, 2, 2, 10, 11, 14]);
    }

    #[test]
    fn an_error_is_one_word_and_keeps_the_innermost_position() {
        assert_eq!(std::mem::size_of::<Error>(), std::mem::size_of::<usize>());
        let e = err!(DIVISION_BY_ZERO, "division by zero").at(Span::new(3, 4)).at(Span::new(9, 10));
        assert_eq!(e.report().span, Span::new(3, 4));
        assert_eq!(e.to_string(), "ERROR: 22012: division by zero");
    }
}
