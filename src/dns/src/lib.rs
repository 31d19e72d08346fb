//! The rules of DNS a zone editor needs: names, record contents, zone files, and what must hold across a zone.
//!
//! Records are held as PowerDNS' generic SQL backends store them (the *stored form*): owner names and names inside
//! contents absolute without a trailing dot, owners in lower case, the priority of MX and SRV apart. A *zone file* is
//! BIND's format, where names are relative to an origin unless they end in a dot. One set of parsers reads both and
//! writes both; what is accepted is what PowerDNS loads *and* resolvers can read. See the crate's README.

mod diff;
mod export;
mod lexer;
mod name;
mod rdata;
mod serial;
mod zone;
mod zonefile;

pub use diff::{Param, Statement, Stored, diff};
pub use export::format_zone;
pub use name::Name;
pub use rdata::{Checked, check_record, type_names};
pub use serial::{bump_serial, next_serial};
pub use zone::check_zone;
pub use zonefile::{parse_period, parse_zone};

/// A row of the table `records`, in stored form.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Owner, absolute, without trailing dot.
    pub name: String,
    /// Type mnemonic (the column `type`).
    pub rtype: String,
    /// Seconds; `None` is NULL, the server's default.
    pub ttl: Option<i64>,
    /// Priority, which only MX and SRV use.
    pub prio: Option<i64>,
    /// Everything else.
    pub content: String,
    /// Kept, but not served.
    pub disabled: bool,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The record or zone does not work.
    Error,
    /// It works, and probably not as meant.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word the page shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One thing wrong with a record, a zone file or a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// A sentence without full stop.
    pub message: String,
    /// 1-based line of a zone file; 0 when there is no file.
    pub line: u32,
    /// 1-based character in the line of the file, or in the content of a record; 0 when nowhere.
    pub column: u32,
    /// Which column of the record: `name`, `type`, `ttl`, `prio` or `content`; empty when it is the whole.
    pub field: &'static str,
    /// Index of the record among those given to `check_zone`.
    pub record: Option<usize>,
}

impl Problem {
    fn new(severity: Severity, field: &'static str, message: impl Into<String>) -> Problem {
        Problem { severity, message: message.into(), line: 0, column: 0, field, record: None }
    }
}

/// What is wrong with one record of a zone, in stored form or as someone typed it.
pub fn validate_record(zone: &str, record: &Record) -> Vec<Problem> {
    check_record(zone, record).problems
}
