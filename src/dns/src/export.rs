//! Zone files from records: canonical order, names relative to the zone, columns aligned.

use std::fmt::Write;

use tusklet_error::SortShort;

use crate::Record;
use crate::name::Name;
use crate::rdata::{self, Scope};

struct Line {
    /// Apex first, then names in canonical order; SOA and NS before other types.
    order: (Vec<u8>, u8, u16, i64),
    owner: String,
    ttl: i64,
    kind: String,
    content: String,
    /// What cannot be written as a record stays in the file as a comment.
    comment: Option<&'static str>,
}

/// A zone file that `parse_zone` reads as the same records. Disabled records, and those whose content cannot be read,
/// become comments.
pub fn format_zone(origin: &str, records: &[Record]) -> String {
    let zone = Name::absolute(origin).unwrap_or_default().lower();
    let mut lines: Vec<Line> = records.iter().map(|r| line(&zone, r)).collect();
    lines.order_by(|a, b| (&a.order, &a.content).cmp(&(&b.order, &b.content)));
    let common = common_ttl(&lines);
    let width =
        |of: fn(&Line) -> &str| lines.iter().map(|l| of(l).chars().count()).filter(|n| *n <= 40).max().unwrap_or(0);
    let (owners, kinds) = (width(|l| &l.owner), width(|l| &l.kind));
    let ttls: Vec<String> =
        lines.iter().map(|l| if l.ttl == common { String::new() } else { l.ttl.to_string() }).collect();
    let ttl_width = ttls.iter().map(String::len).max().unwrap_or(0);
    let dot = if zone.is_root() { "" } else { "." };
    let mut out = format!("$ORIGIN {}{dot}\n$TTL {common}\n", zone.stored());
    for (line, ttl) in lines.iter().zip(ttls) {
        if let Some(why) = line.comment {
            let _ = write!(out, "; {why}: ");
        }
        let _ = write!(out, "{:owners$} ", line.owner);
        if ttl_width > 0 {
            let _ = write!(out, "{ttl:ttl_width$} ");
        }
        let _ = writeln!(out, "IN {:kinds$} {}", line.kind, line.content);
    }
    out
}

fn line(zone: &Name, record: &Record) -> Line {
    let owner = Name::absolute(&record.name).map(Name::lower);
    let scope = Scope { zone, origin: None, for_file: true };
    let kind = rdata::find_type(&record.rtype);
    let content = match (&owner, &kind) {
        (Ok(_), Ok(kind)) => rdata::read_stored(kind, scope, record, &mut Vec::new()).map(|c| match c.prio {
            Some(prio) => format!("{prio} {}", c.text),
            None => c.text,
        }),
        _ => None,
    };
    let comment = match &content {
        None => Some("cannot be read"),
        Some(_) if record.disabled => Some("disabled"),
        Some(_) => None,
    };
    let number = kind.as_ref().map_or(u16::MAX, |k| k.number);
    let rank = match number {
        6 => 0,
        2 => 1,
        _ => 2,
    };
    let one_line = |s: &str| s.replace(['\n', '\r'], " ");
    Line {
        order: (owner.as_ref().map(Name::key).unwrap_or_default(), rank, number, record.prio.unwrap_or(0)),
        owner: owner.map_or_else(|_| one_line(&record.name), |n| n.file(zone)),
        ttl: record.ttl.unwrap_or(3600),
        kind: kind.map_or_else(|_| one_line(&record.rtype), |k| k.name()),
        content: content.unwrap_or_else(|| one_line(&record.content)),
        comment,
    }
}

/// The TTL most records have; the lowest of several such.
fn common_ttl(lines: &[Line]) -> i64 {
    // A zone has few different TTLs.
    let mut counts: Vec<(i64, usize)> = Vec::new();
    for line in lines.iter().filter(|l| l.comment.is_none()) {
        match counts.iter_mut().find(|(ttl, _)| *ttl == line.ttl) {
            Some((_, n)) => *n += 1,
            None => counts.push((line.ttl, 1)),
        }
    }
    counts.iter().max_by_key(|(ttl, n)| (*n, std::cmp::Reverse(*ttl))).map_or(3600, |(ttl, _)| *ttl)
}
