//! Contents of records by type: read as typed, as stored or as in a zone file; written as stored or for a zone file.
//!
//! A type is a row of `types::TYPES`: its fields in order (`fields` reads and writes each kind), and then `rules` looks
//! at the values together. Reading stops at the first error of a record; warnings add up.

mod address;
mod binary;
mod fields;
mod loc;
mod rules;
mod svcb;
mod text;
mod types;

use tusklet_error::filled;
use crate::lexer::{Lexer, Token};
use crate::name::{Name, short};
use crate::{Problem, Record, Severity};
use fields::Reader;
pub(crate) use types::find as find_type;
pub use types::type_names;
pub(crate) use types::{Type, is_made_by_server};

/// What names in a content are relative to, and what they are written for.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub zone: &'a Name,
    /// `$ORIGIN` when names without a trailing dot are relative; `None` when they are absolute.
    pub origin: Option<&'a Name>,
    /// Write names for a zone file of `zone` instead of the stored form.
    pub for_file: bool,
}

/// A content that could be read.
pub(crate) struct Content {
    /// The priority, for the types that have one.
    pub prio: Option<i64>,
    pub text: String,
}

/// Reads the words of a content. `prio` is the priority known from its own column; words win.
pub(crate) fn read(
    kind: &Type,
    scope: Scope<'_>,
    prio: Option<i64>,
    tokens: &[Token<'_>],
    problems: &mut Vec<Problem>,
) -> Option<Content> {
    let mut reader = Reader { tokens, at: 0, scope, values: Vec::new(), problems };
    let mut out = Content { prio: None, text: String::new() };
    let result = (|| {
        if kind.prio {
            let led = tokens.len() > kind.fields.len();
            out.prio = Some(match prio {
                Some(prio) if !led => {
                    if !(0..=65535).contains(&prio) {
                        return reader.fail("prio", format!("the priority {prio} is not between 0 and 65535"));
                    }
                    prio
                }
                None if !led => return reader.fail("prio", "the priority is missing"),
                _ => reader.number("the priority", 65535)? as i64,
            });
        }
        for field in kind.fields {
            reader.field(*field)?;
        }
        if let Some(extra) = reader.peek() {
            reader.at += 1;
            return reader.fail("content", filled!("'{}' is one word too many"; short(extra.text)));
        }
        rules::check(kind, out.prio, &mut reader)
    })();
    result.ok()?;
    out.text = reader.values.join(" ");
    Some(out)
}

/// What `check_record` finds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The owner in stored form, when it is a name.
    pub name: Option<String>,
    /// The content in stored form, when there is no error.
    pub content: Option<String>,
    /// The priority: 0 for types without one.
    pub prio: Option<i64>,
    /// All that is wrong.
    pub problems: Vec<Problem>,
}

/// Checks a record in stored form or as typed: a priority may lead the content of MX and SRV, `@` is the zone, TTL units
/// are taken in SOA, an unquoted TXT becomes one string.
pub fn check_record(zone: &str, record: &Record) -> Checked {
    let mut problems = Vec::new();
    let mut checked = Checked { name: None, content: None, prio: None, problems: Vec::new() };
    let zone = Name::absolute(zone).unwrap_or_else(|message| {
        problems.push(Problem::new(Severity::Error, "", filled!("the zone: {}"; message)));
        Name::root()
    });
    let owner = check_owner(&zone, &record.name, &mut problems);
    check_ttl(record.ttl, &mut problems);
    match find_type(&record.rtype) {
        Err(message) => problems.push(Problem::new(Severity::Error, "type", message)),
        Ok(kind) => {
            if record.rtype != kind.name() {
                let message = filled!("the type must be written {}"; kind.name());
                problems.push(Problem::new(Severity::Error, "type", message));
            }
            let owner = owner.as_ref().unwrap_or(&zone);
            rules::owner(&kind, owner, &mut problems);
            let scope = Scope { zone: &zone, origin: None, for_file: false };
            if let Some(content) = read_stored(&kind, scope, record, &mut problems) {
                checked.content = Some(content.text);
                checked.prio = Some(content.prio.unwrap_or(0));
            }
        }
    }
    if problems.iter().any(|p| p.severity == Severity::Error) {
        (checked.content, checked.prio) = (None, None);
    }
    checked.name = owner.map(|n| n.stored());
    checked.problems = problems;
    checked
}

/// Reads the content of a row of the table.
pub(crate) fn read_stored(
    kind: &Type,
    scope: Scope<'_>,
    record: &Record,
    problems: &mut Vec<Problem>,
) -> Option<Content> {
    let from = problems.len();
    let content = record.content.trim();
    let tokens = if kind.is_text() && !content.is_empty() && !content.contains('"') {
        // What PowerDNS serves of an unquoted text: all of it, as one string.
        Some(vec![Token { text: content, quoted: true, line: 1, column: 1 }])
    } else {
        Lexer::content(content, problems)
    };
    let out = tokens.and_then(|tokens| read(kind, scope, record.prio, &tokens, problems));
    for problem in problems.iter_mut().skip(from) {
        // There is no file, hence no line.
        problem.line = 0;
        if problem.field.is_empty() {
            problem.field = "content";
        }
    }
    out
}

fn check_owner(zone: &Name, text: &str, problems: &mut Vec<Problem>) -> Option<Name> {
    let mut add = |severity, message: String| problems.push(Problem::new(severity, "name", message));
    let (name, dot) = match Name::parse(text) {
        Ok(parsed) => parsed,
        Err(message) => {
            add(Severity::Error, message);
            return None;
        }
    };
    if dot && !name.is_root() {
        add(Severity::Error, "the name must not end in a dot in the table: it would never be found".into());
    }
    if text.bytes().any(|c| c.is_ascii_uppercase()) {
        add(Severity::Error, filled!("the name must be in lower case: {}"; text.to_ascii_lowercase()));
    }
    if !text.is_ascii() {
        add(Severity::Error, filled!("'{}' is not ASCII: write it in punycode (xn--…)"; text));
    }
    let name = name.lower();
    if !name.is_within(zone) {
        add(Severity::Error, filled!("{} is not in the zone {}"; name.stored(), zone.stored()));
    }
    if name.labels().skip(1).any(|l| l == b"*") {
        add(Severity::Warning, "an asterisk is a wildcard only as the first label".into());
    } else if name.labels().next().is_some_and(|l| l.len() > 1 && l.contains(&b'*')) {
        add(Severity::Warning, "an asterisk beside other characters is not a wildcard".into());
    }
    Some(name)
}

/// The longest TTL there is (RFC 2181).
const MAX_TTL: i64 = 2_147_483_647;

pub(crate) fn check_ttl(ttl: Option<i64>, problems: &mut Vec<Problem>) {
    let (severity, message) = match ttl {
        Some(t) if !(0..=MAX_TTL).contains(&t) => {
            (Severity::Error, format!("the TTL {t} is not between 0 and {MAX_TTL}"))
        }
        Some(0) => (Severity::Warning, "a TTL of 0 forbids caching".into()),
        Some(t) if t > 604_800 => (Severity::Warning, format!("a TTL of {t} seconds is more than a week")),
        _ => return,
    };
    problems.push(Problem::new(severity, "ttl", message));
}
