//! Contents against what a real PowerDNS 4.7 did with them: `data/rdata.tsv` has for each the verdicts of its zone
//! loader and of its API, and the form the API stores (after `?` without the priority, and names there end in dots).

use tusklet_dns::{Record, Severity, check_record, format_zone, parse_zone};

const ZONE: &str = "oracle.test";
const DATA: &str = include_str!("data/rdata.tsv");
const DIFFERENCES: &str = include_str!("data/differences.tsv");

/// Undoes the escapes of the data files.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            _ => match chars.next() {
                Some('x') => out.push(hex(&mut chars, 2)),
                Some('u') => out.push(hex(&mut chars, 4)),
                Some(c) => out.push(c),
                None => out.push('\\'),
            },
        }
    }
    out
}

fn hex(chars: &mut std::str::Chars<'_>, n: usize) -> char {
    let digits: String = chars.take(n).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap()
}

struct Row {
    kind: String,
    input: String,
    load: bool,
    api: String,
    stored: String,
}

fn rows() -> Vec<Row> {
    let read = |line: &str| {
        let c: Vec<&str> = line.split('\t').collect();
        Row { kind: c[0].into(), input: plain(c[1]), load: c[2] == "ok", api: c[3].into(), stored: plain(c[4]) }
    };
    DATA.lines().skip(1).map(read).collect()
}

/// Type and input of the rows we answer differently on purpose, with what we do: `refused`, `accepted`, or our stored form.
fn difference(row: &Row) -> Option<String> {
    DIFFERENCES.lines().skip(1).find_map(|line| {
        let c: Vec<&str> = line.split('\t').collect();
        (c[0] == row.kind && plain(c[1]) == row.input).then(|| plain(c[2]))
    })
}

/// As an entry of a zone file.
fn load(row: &Row) -> Result<Record, String> {
    let owner = if row.kind == "SOA" { "@" } else { "x" };
    let (records, problems) = parse_zone(&format!("$TTL 60\n{owner} IN {} {}\n", row.kind, row.input), ZONE);
    match problems.iter().find(|p| p.severity == Severity::Error) {
        Some(p) => Err(p.message.clone()),
        None => Ok(records.into_iter().next().expect("a record or an error")),
    }
}

/// What we do with a row, in one word or as `prio | content`.
fn ours(row: &Row) -> String {
    load(row).map_or("refused".into(), |r| format!("{} | {}", r.prio.unwrap(), r.content))
}

/// Whether our stored form is what PowerDNS said it parsed. It says so with dots after names, and takes relative names
/// for absolute ones, which we do not.
fn parsed_alike(row: &Row, ours: &str) -> bool {
    let Some(parsed) = row.stored.strip_prefix("? | ") else { return true };
    let bare = |s: &str| {
        s.split_whitespace().map(|w| if w == "." { w } else { w.trim_end_matches('.') }).collect::<Vec<_>>().join(" ")
    };
    let prio = if matches!(row.kind.as_str(), "MX" | "SRV") { ours.replace(" | ", " ") } else { ours[4..].into() };
    bare(parsed) == bare(&prio) || ours.contains(ZONE)
}

#[test]
fn contents_are_taken_and_stored_as_powerdns_does() {
    let mut wrong = Vec::new();
    for row in rows() {
        let ours = ours(&row);
        let theirs = match row.api.as_str() {
            _ if !row.load => "refused".into(),
            "ok" => row.stored.clone(),
            _ => "accepted".into(),
        };
        let same = theirs == ours
            || (theirs == "accepted" && ours != "refused" && parsed_alike(&row, &ours))
            // A zone that has no NS record gives this no stored form.
            || (theirs.is_empty() && ours != "refused");
        match difference(&row) {
            None if same => {}
            Some(d) if !same && (d == ours || (d == "accepted" && ours != "refused")) => {}
            expected => wrong.push(format!(
                "{} {:.150}\n   theirs {theirs:.150}\n   ours {ours:.150} {expected:.150?} {:?}",
                row.kind,
                row.input,
                load(&row).err()
            )),
        }
    }
    assert!(wrong.is_empty(), "{}\n{} rows", wrong.join("\n"), wrong.len());
}

#[test]
fn every_difference_has_a_row_and_a_reason() {
    for line in DIFFERENCES.lines().skip(1) {
        let c: Vec<&str> = line.split('\t').collect();
        assert_eq!(c.len(), 4, "{line}");
        assert!(rows().iter().any(|r| r.kind == c[0] && r.input == plain(c[1])), "{line}");
        assert!(c[3].len() > 10, "{line}");
    }
}

#[test]
fn what_is_stored_is_checked_to_itself_and_survives_a_zone_file() {
    let mut n = 0;
    for row in rows() {
        let Ok(record) = load(&row) else { continue };
        let checked = check_record(ZONE, &record);
        assert_eq!(checked.content.as_deref(), Some(record.content.as_str()), "{record:?} {:?}", checked.problems);
        assert_eq!(checked.prio, record.prio);
        let text = format_zone(ZONE, std::slice::from_ref(&record));
        let (again, problems) = parse_zone(&text, ZONE);
        assert_eq!(again, vec![record], "{text} {problems:?}");
        n += 1;
    }
    assert!(n > 100);
}

#[test]
fn what_the_api_takes_is_taken_as_typed() {
    for row in rows().iter().filter(|r| r.api == "ok" && difference(r).is_none() && !r.stored.is_empty()) {
        let owner = if row.kind == "SOA" { ZONE.to_string() } else { format!("x.{ZONE}") };
        let kind = if row.kind == "TYPE1" { "A" } else { &row.kind };
        let record =
            Record { name: owner, rtype: kind.into(), ttl: Some(60), content: row.input.clone(), ..Record::default() };
        let checked = check_record(ZONE, &record);
        let ours = checked.content.map(|c| format!("{} | {c}", checked.prio.unwrap()));
        assert_eq!(ours.as_deref(), Some(row.stored.as_str()), "{} {} {:?}", row.kind, row.input, checked.problems);
    }
}
