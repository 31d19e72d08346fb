//! What must hold across the records of a zone.
//!
//! Names are kept by `Name::key`, whose order puts everything below a name right behind it. So one walk finds what a
//! delegation or a DNAME hides, and a range tells whether a name exists though it owns nothing. Disabled records are
//! not served and so not looked at.

use tusklet_error::{SortShort, SortedMap, SortedSet, filled};

use crate::name::{Name, short};
use crate::rdata::{self, check_record};
use crate::{Problem, Record, Severity};

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const DNAME: u16 = 39;
const DS: u16 = 43;
const DNSKEY: u16 = 48;
const TLSA: u16 = 52;
const SVCB: u16 = 64;
const HTTPS: u16 = 65;
const ALIAS: u16 = 65401;

/// CNAMEs a resolver may follow in a row; more is asking for trouble.
const MAX_CHAIN: usize = 8;

/// A record that could be read.
struct Row {
    index: usize,
    kind: u16,
    type_name: String,
    prio: i64,
    ttl: Option<i64>,
    content: String,
}

/// The rows of one name.
struct Node {
    name: Name,
    rows: Vec<Row>,
    /// At or below the delegation with this key.
    cut: Option<Vec<u8>>,
}

impl Node {
    fn of(&self, kinds: &[u16]) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |r| kinds.contains(&r.kind))
    }

    fn has(&self, kinds: &[u16]) -> bool {
        self.of(kinds).next().is_some()
    }
}

struct Zone {
    name: Name,
    key: Vec<u8>,
    nodes: SortedMap<Vec<u8>, Node>,
    problems: Vec<Problem>,
}

/// What is wrong with a zone and each of its enabled records; a problem's `record` is an index into `records`.
pub fn check_zone(origin: &str, records: &[Record]) -> Vec<Problem> {
    let name = match Name::absolute(origin) {
        Ok(name) => name.lower(),
        Err(message) => return vec![Problem::new(Severity::Error, "", filled!("the zone: {}"; message))],
    };
    let mut zone = Zone { key: name.key(), name, nodes: SortedMap::new(), problems: Vec::new() };
    let enabled = records.iter().enumerate().filter(|(_, r)| !r.disabled);
    let rows = enabled.filter_map(|(index, record)| zone.read(origin, index, record)).collect();
    for (key, rows) in SortedMap::grouped(rows) {
        let (mut names, rows): (Vec<Name>, _) = rows.into_iter().unzip();
        if let Some(name) = names.pop() {
            zone.nodes.insert(key, Node { name, rows, cut: None });
        }
    }
    zone.find_cuts();
    zone.apex();
    let nodes = std::mem::take(&mut zone.nodes);
    let mut problems = std::mem::take(&mut zone.problems);
    zone.nodes = nodes;
    for (key, node) in &zone.nodes {
        zone.rrsets(key, node, &mut problems);
        zone.targets(key, node, &mut problems);
    }
    problems.order_by_key(|p| (p.record.is_some(), p.record));
    problems
}

/// A problem of one row.
fn at(row: &Row, severity: Severity, field: &'static str, message: impl Into<String>) -> Problem {
    Problem { record: Some(row.index), ..Problem::new(severity, field, message) }
}

/// The name a content leads to, for the types whose target should exist.
fn target(row: &Row) -> Option<Name> {
    let mut words = row.content.split(' ');
    let word = match row.kind {
        NS | MX | CNAME | ALIAS | SOA => words.next(),
        SVCB | HTTPS => words.nth(1),
        SRV => words.nth(2),
        _ => None,
    };
    Name::absolute(word?).ok().filter(|n| !n.is_root())
}

fn is_below(key: &[u8], above: &[u8]) -> bool {
    key.len() > above.len() && key.starts_with(above) && key.get(above.len()) == Some(&0)
}

impl Zone {
    /// The row of a record, by its name and that name's key, if it is in the zone.
    fn read(&mut self, origin: &str, index: usize, record: &Record) -> Option<(Vec<u8>, (Name, Row))> {
        let checked = check_record(origin, record);
        self.problems.extend(checked.problems.into_iter().map(|p| Problem { record: Some(index), ..p }));
        let (Ok(name), Ok(kind)) = (Name::absolute(&record.name), rdata::find_type(&record.rtype)) else { return None };
        if !name.is_within(&self.name) {
            return None;
        }
        if let Some(canonical) = &checked.content
            && !canonical.eq_ignore_ascii_case(&record.content)
        {
            let message = filled!("the content is not in its canonical form: {}"; short(canonical));
            // PowerDNS reads these in many spellings; of the others its check warns, too.
            let severity = if matches!(kind.number, AAAA | TXT) { Severity::Info } else { Severity::Warning };
            self.problems.push(Problem { record: Some(index), ..Problem::new(severity, "content", message) });
        }
        let row = Row {
            index,
            kind: kind.number,
            type_name: kind.name(),
            prio: checked.prio.or(record.prio).unwrap_or(0),
            ttl: record.ttl,
            content: checked.content.unwrap_or_else(|| record.content.clone()),
        };
        let name = name.lower();
        Some((name.key(), (name, row)))
    }

    /// Marks what is at or below a delegation, and reports what is hidden by one or by a DNAME.
    fn find_cuts(&mut self) {
        let mut cut: Option<Vec<u8>> = None;
        let mut dname: Option<Vec<u8>> = None;
        // Names of servers that need their address here.
        let servers: SortedSet<Vec<u8>> =
            self.nodes.values().flat_map(|n| n.of(&[NS])).filter_map(target).map(|n| n.key()).collect();
        for (key, node) in self.nodes.iter_mut() {
            if cut.as_ref().is_some_and(|c| !is_below(key, c)) {
                cut = None;
            }
            if dname.as_ref().is_some_and(|d| !is_below(key, d)) {
                dname = None;
            }
            let below = cut.is_some();
            if cut.is_none() && *key != self.key && node.has(&[NS]) {
                cut = Some(key.clone());
            }
            node.cut = cut.clone();
            for row in &node.rows {
                let message = match row.kind {
                    _ if dname.is_some() => "a DNAME above hides this record",
                    A | AAAA if cut.is_some() && !servers.contains(key) => {
                        "an address at or below a delegation, of no name server: it is not served"
                    }
                    A | AAAA => continue,
                    _ if below => "the delegation above hides this record",
                    NS | DS => continue,
                    _ if cut.is_some() => "the delegation at this name hides this record",
                    _ => continue,
                };
                self.problems.push(at(row, Severity::Warning, "name", message));
            }
            if dname.is_none() && node.has(&[DNAME]) {
                dname = Some(key.clone());
            }
        }
    }

    fn apex(&mut self) {
        let mut problems = Vec::new();
        let mut add = |severity, message: String| problems.push(Problem::new(severity, "", message));
        let apex = self.nodes.get(&self.key);
        let count = |kind| apex.map_or(0, |n| n.of(&[kind]).count());
        let name = self.name.stored();
        if count(SOA) == 0 {
            add(Severity::Error, filled!("the zone has no SOA record at {}"; name));
        }
        match count(NS) {
            0 => add(Severity::Error, filled!("the zone has no NS record at {}"; name)),
            1 => add(Severity::Warning, "the zone has only one name server".into()),
            _ => {}
        }
        if let Some(node) = apex
            && node.has(&[NS])
            && let Some(soa) = node.of(&[SOA]).next()
            && let Some(primary) = target(soa)
            && !node.of(&[NS]).filter_map(target).any(|n| n.key() == primary.key())
        {
            let message = filled!("the primary {} is not among the name servers"; primary.stored());
            problems.push(at(soa, Severity::Info, "content", message));
        }
        self.problems.append(&mut problems);
    }

    /// Rules inside one name.
    fn rrsets(&self, key: &[u8], node: &Node, problems: &mut Vec<Problem>) {
        use Severity::{Error, Warning};
        let apex = key == self.key;
        let mut add = |row: &Row, severity, field, message: String| problems.push(at(row, severity, field, message));
        // The first row of each type; a name has few types, and may have many rows.
        let mut first: Vec<&Row> = Vec::new();
        let mut seen: SortedSet<Vec<u8>> = SortedSet::new();
        for row in &node.rows {
            // Text is compared as it is, everything else without regard to case.
            let content = if row.kind == TXT { row.content.clone() } else { row.content.to_ascii_lowercase() };
            let duplicate =
                !seen.insert([&row.kind.to_be_bytes()[..], &row.prio.to_be_bytes(), content.as_bytes()].concat());
            if duplicate {
                add(row, Error, "content", filled!("the same {} record is there twice"; row.type_name));
            }
            let Some(head) = first.iter().find(|r| r.kind == row.kind) else {
                first.push(row);
                continue;
            };
            if head.ttl != row.ttl {
                let ttl = |t: Option<i64>| t.map_or("none".into(), |t| t.to_string());
                let message = filled!(
                    "the {} records of a name must have one TTL: {} and {}"; row.type_name, ttl(head.ttl), ttl(row.ttl)
                );
                add(row, Error, "ttl", message);
            }
            if matches!(row.kind, SOA | CNAME | DNAME) && !duplicate {
                add(row, Error, "type", filled!("a name can have only one {}"; row.type_name));
            }
        }
        let others: Vec<&str> = node.rows.iter().filter(|r| r.kind != CNAME).map(|r| r.type_name.as_str()).collect();
        for row in &node.rows {
            match row.kind {
                CNAME => {
                    if let Some(other) = others.first() {
                        add(row, Error, "type", filled!("a CNAME cannot stand beside other records ({})"; other));
                    }
                }
                SOA if !apex => add(row, Error, "name", filled!("a SOA belongs at {}, not below"; self.name.stored())),
                DS if apex => add(row, Error, "name", "a DS belongs into the parent zone".into()),
                DS if !node.has(&[NS]) => {
                    add(row, Warning, "name", "a DS without a delegation: there is no NS at this name".into())
                }
                DNSKEY if !apex => {
                    add(row, Warning, "name", filled!("a DNSKEY belongs at {}, not below"; self.name.stored()))
                }
                MX if row.content == "." && node.of(&[MX]).count() > 1 => {
                    add(row, Warning, "content", "a null MX ('.') stands alone or means nothing".into());
                }
                ALIAS if node.has(&[A, AAAA]) => add(row, Warning, "type", "an ALIAS beside addresses".into()),
                TLSA => {
                    let host = node.name.parent().and_then(|n| n.parent()).filter(|n| n.is_within(&self.name));
                    if let Some(host) = host.filter(|n| !self.nodes.contains_key(&n.key())) {
                        add(row, Warning, "name", filled!("{} has no records, this TLSA is for it"; host.stored()));
                    }
                }
                SVCB | HTTPS if row.content.starts_with("0 ") => {
                    if node.of(&[row.kind]).count() > 1 {
                        add(
                            row,
                            Warning,
                            "content",
                            filled!("an alias (priority 0) should be the only {} of a name"; row.type_name),
                        );
                    }
                    if target(row).is_some_and(|t| t.key() == key) {
                        add(row, Error, "content", "the alias is its own target".into());
                    }
                }
                SVCB | HTTPS => {
                    let host = target(row).unwrap_or_else(|| node.name.clone());
                    for (hint, kind, name) in [("ipv4hint=auto", A, "A"), ("ipv6hint=auto", AAAA, "AAAA")] {
                        let asked = row.content.split(' ').any(|w| w == hint) && host.is_within(&self.name);
                        if asked && !self.lookup(&host.key()).is_some_and(|n| n.has(&[kind])) {
                            let message = filled!("{}, but {} has no {} record"; hint, host.stored(), name);
                            add(row, Warning, "content", message);
                        }
                    }
                }
                DNAME if node.name.labels().next() == Some(b"*") => {
                    add(row, Warning, "name", "servers do not agree on what a wildcard DNAME means".into());
                }
                _ => {}
            }
        }
        let starts =
            |row: &&Row, what: &str| row.content.get(..what.len()).is_some_and(|s| s.eq_ignore_ascii_case(what));
        for (what, name) in [("\"v=spf1", "SPF"), ("\"v=DMARC1", "DMARC")] {
            if name == "DMARC" && node.name.labels().next() != Some(b"_dmarc") {
                continue;
            }
            if let Some(second) = node.of(&[TXT]).filter(|r| starts(r, what)).nth(1) {
                add(second, Warning, "content", filled!("two {} policies at one name make both invalid"; name));
            }
        }
    }

    /// Rules about the names that contents lead to.
    fn targets(&self, key: &[u8], node: &Node, problems: &mut Vec<Problem>) {
        use Severity::{Error, Warning};
        for row in &node.rows {
            let Some(target) = target(row) else { continue };
            if !target.is_within(&self.name) {
                continue;
            }
            let goal = target.key();
            let name = target.stored();
            let mut add = |severity, message: String| problems.push(at(row, severity, "content", message));
            let found = self.lookup(&goal);
            let addressed = found.is_some_and(|n| n.has(&[A, AAAA, ALIAS]));
            let cut = self.cut_above(&goal);
            match row.kind {
                CNAME => {
                    if goal == key {
                        add(Error, "the CNAME is its own target".into());
                    } else if let Some(message) = self.chain(key, goal) {
                        add(if message.contains("loop") { Error } else { Warning }, message);
                    } else if found.is_none() && cut.is_none() {
                        add(Warning, filled!("{} does not exist in this zone"; name));
                    }
                }
                NS | MX | SRV => {
                    let what = &row.type_name;
                    if found.is_some_and(|n| n.has(&[CNAME])) {
                        add(Warning, filled!("{} is a CNAME, which a {} must not lead to"; name, what));
                    } else if cut.is_some_and(|c| row.kind == NS && (c == key || is_below(c, key))) {
                        // Below the very delegation: resolvers can only learn the address from here.
                        let glue = self.nodes.get(&goal).is_some_and(|n| n.has(&[A, AAAA]));
                        if !glue {
                            add(Warning, filled!("{} is below the delegation and needs an address here (glue)"; name));
                        }
                    } else if !addressed && cut.is_none() {
                        let severity = if row.kind == NS && key == self.key { Error } else { Warning };
                        add(severity, filled!("{} has no address in this zone"; name));
                    }
                }
                SOA | ALIAS if found.is_none() && cut.is_none() => {
                    add(Warning, filled!("{} does not exist in this zone"; name))
                }
                SVCB | HTTPS if found.is_none() && cut.is_none() => {
                    add(Warning, filled!("{} does not exist in this zone"; name))
                }
                _ => {}
            }
        }
    }

    /// The records that answer for a name: its own, or the wildcard's.
    fn lookup(&self, key: &[u8]) -> Option<&Node> {
        if let Some(node) = self.nodes.get(key) {
            return Some(node);
        }
        let mut name = key;
        while !self.exists(name) {
            let end = name.iter().rposition(|c| *c == 0)?;
            name = &name[..end];
            if name.len() < self.key.len() {
                return None;
            }
        }
        if name == key {
            return None;
        }
        self.nodes.get(&[name, b"\0*"].concat())
    }

    /// Whether the name or anything below it owns a record.
    fn exists(&self, key: &[u8]) -> bool {
        let next = self.nodes.from(key).first();
        next.is_some_and(|(k, _)| k == key || is_below(k, key))
    }

    /// The delegation a name is at or below.
    fn cut_above(&self, key: &[u8]) -> Option<&[u8]> {
        let mut name = key;
        while name.len() > self.key.len() {
            if let Some(node) = self.nodes.get(name) {
                return node.cut.as_deref();
            }
            name = &name[..name.iter().rposition(|c| *c == 0)?];
        }
        None
    }

    /// Follows CNAMEs; what is wrong with the way.
    fn chain(&self, from: &[u8], to: Vec<u8>) -> Option<String> {
        let mut seen = vec![from.to_vec()];
        let mut at = to;
        loop {
            if seen.contains(&at) {
                return Some("the CNAMEs go in a loop".into());
            }
            let next = self.lookup(&at).and_then(|n| n.of(&[CNAME]).next()).and_then(target);
            let Some(next) = next else { break };
            seen.push(at);
            if seen.len() > 2 * MAX_CHAIN {
                break;
            }
            at = next.key();
        }
        (seen.len() > MAX_CHAIN).then(|| format!("more than {MAX_CHAIN} CNAMEs in a row"))
    }
}
