//! Rules across records, and zone files with everything in them.

use tusklet_dns::{Problem, Record, Severity, check_zone, format_zone, parse_zone};

const HEAD: &str =
    "$TTL 3600\n@ SOA ns1 hostmaster 1 10800 3600 604800 3600\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n";

fn records(text: &str) -> Vec<Record> {
    let (records, problems) = parse_zone(text, "example.org");
    assert!(problems.iter().all(|p| p.severity != Severity::Error), "{problems:?}");
    records
}

/// `record type: severity message` of each problem of the zone.
fn told(records: &[Record]) -> Vec<String> {
    let line = |p: &Problem| {
        let record = p.record.map_or("zone".into(), |i| format!("{} {}", records[i].name, records[i].rtype));
        format!("{record}: {} {}", p.severity.as_str(), p.message)
    };
    check_zone("example.org", records).iter().map(line).collect()
}

/// What a zone of the usual head and `more` tells.
#[track_caller]
fn check(more: &str, expected: &[&str]) {
    assert_eq!(told(&records(&format!("{HEAD}{more}"))), expected, "{more}");
}

#[test]
fn a_clean_zone_is_clean() {
    check("", &[]);
    check(
        "@ MX 10 mail\nmail A 192.0.2.3\nwww CNAME @\n* A 192.0.2.4\nx MX 10 wild\nsub NS ns.sub\nns.sub A 192.0.2.5\n\
         sub DS 1 8 2 b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2\n_sip._tcp SRV 0 5 5060 mail\nout CNAME a.example.net.\n",
        &[],
    );
}

#[test]
fn defects_are_found() {
    check(
        "a CNAME b\na A 192.0.2.9\nb A 192.0.2.9",
        &["a.example.org CNAME: error a CNAME cannot stand beside other records (A)"],
    );
    check("a CNAME ns1\na CNAME ns2", &["a.example.org CNAME: error a name can have only one CNAME"]);
    check("a CNAME a", &["a.example.org CNAME: error the CNAME is its own target"]);
    check(
        "a CNAME b\nb CNAME a",
        &["a.example.org CNAME: error the CNAMEs go in a loop", "b.example.org CNAME: error the CNAMEs go in a loop"],
    );
    check("a CNAME gone", &["a.example.org CNAME: warning gone.example.org does not exist in this zone"]);
    check(
        "@ SOA a b 2 10800 3600 604800 3600",
        &[
            "example.org SOA: error a name can have only one SOA",
            "example.org SOA: warning a.example.org does not exist in this zone",
        ],
    );
    check(
        "a SOA ns1 b 2 10800 3600 604800 3600",
        &["a.example.org SOA: error a SOA belongs at example.org, not below"],
    );
    check(
        "a 60 A 192.0.2.8\na 61 A 192.0.2.9",
        &["a.example.org A: error the A records of a name must have one TTL: 60 and 61"],
    );
    check("a A 192.0.2.8\nA A 192.0.2.8", &["a.example.org A: error the same A record is there twice"]);
    check(
        "a AAAA 2001:db8::1\na AAAA 2001:DB8:0::1",
        &["a.example.org AAAA: error the same AAAA record is there twice"],
    );
    check("a TXT x\na TXT X", &[]);
    check("@ MX 10 gone", &["example.org MX: warning gone.example.org has no address in this zone"]);
    check("@ MX 10 a\na CNAME ns1", &["example.org MX: warning a.example.org is a CNAME, which a MX must not lead to"]);
    check("@ MX 0 .\n@ MX 10 ns1", &["example.org MX: warning a null MX ('.') stands alone or means nothing"]);
    check(
        "sub NS ns.sub",
        &["sub.example.org NS: warning ns.sub.example.org is below the delegation and needs an address here (glue)"],
    );
    check(
        "sub NS ns1\nsub TXT x\na.sub A 192.0.2.7\nb.a.sub TXT y",
        &[
            "sub.example.org TXT: warning the delegation at this name hides this record",
            "a.sub.example.org A: warning an address at or below a delegation, of no name server: it is not served",
            "b.a.sub.example.org TXT: warning the delegation above hides this record",
        ],
    );
    check("d DNAME example.net.\na.d A 192.0.2.7", &["a.d.example.org A: warning a DNAME above hides this record"]);
    check(
        "a DS 1 8 2 b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2",
        &["a.example.org DS: warning a DS without a delegation: there is no NS at this name"],
    );
    check(
        "@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 ~all\"",
        &["example.org TXT: warning two SPF policies at one name make both invalid"],
    );
    check(
        "_443._tcp.www TLSA 3 1 1 b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2",
        &["_443._tcp.www.example.org TLSA: warning www.example.org has no records, this TLSA is for it"],
    );
    check(
        "*.d DNAME example.net.",
        &["*.d.example.org DNAME: warning servers do not agree on what a wildcard DNAME means"],
    );
    check(
        "a HTTPS 1 . ipv4hint=auto ipv6hint=auto\na AAAA 2001:db8::1",
        &[
            "a.example.org HTTPS: info ipv4hint=auto is PowerDNS' own: the addresses of the target",
            "a.example.org HTTPS: info ipv6hint=auto is PowerDNS' own: the addresses of the target",
            "a.example.org HTTPS: warning ipv4hint=auto, but a.example.org has no A record",
        ],
    );
    check("a HTTPS 0 a", &["a.example.org HTTPS: error the alias is its own target"]);
    check("sip SRV 0 5 5060 ns1", &["sip.example.org SRV: warning a service is looked for at _service._protocol"]);
}

#[test]
fn a_zone_needs_a_soa_and_name_servers() {
    assert_eq!(
        told(&records("$TTL 60\nwww A 192.0.2.1")),
        [
            "zone: error the zone has no SOA record at example.org",
            "zone: error the zone has no NS record at example.org",
        ]
    );
    let mut rows = records(HEAD);
    rows[0].disabled = true;
    assert_eq!(told(&rows), ["zone: error the zone has no SOA record at example.org"]);
    let rows = records("$TTL 60\n@ SOA ns1.example.net. h 1 10800 3600 604800 3600\n@ NS ns2\n");
    assert_eq!(
        told(&rows),
        [
            "zone: warning the zone has only one name server",
            "example.org SOA: info the primary ns1.example.net is not among the name servers",
            "example.org NS: error ns2.example.org has no address in this zone",
        ]
    );
}

#[test]
fn rows_that_are_not_in_stored_form_are_told() {
    let mut rows = records(HEAD);
    rows[3].content = "192.0.2.001".into();
    rows[4].name = "NS2.example.org.".into();
    let mut lower = rows[3].clone();
    (lower.rtype, lower.name) = ("txt".into(), "x.example.net".into());
    lower.content = "\"x\"".into();
    rows.push(lower);
    assert_eq!(
        told(&rows),
        [
            "ns1.example.org A: warning the content is not in its canonical form: 192.0.2.1",
            "NS2.example.org. A: error the name must not end in a dot in the table: it would never be found",
            "NS2.example.org. A: error the name must be in lower case: ns2.example.org.",
            "x.example.net txt: error x.example.net is not in the zone example.org",
            "x.example.net txt: error the type must be written TXT",
        ]
    );
}

/// Name, type, TTL, priority and content of what a file has.
fn read(text: &str) -> Vec<String> {
    records(text)
        .iter()
        .map(|r| format!("{} {} {} {} {}", r.name, r.rtype, r.ttl.unwrap(), r.prio.unwrap(), r.content))
        .collect()
}

#[test]
fn files_are_read_as_bind_reads_them() {
    let text = "; a comment\n$ORIGIN example.org.\n$TTL 1h30m\n\
        @  IN SOA ns1.example.net. first\\.last ( ; the start\n  2024010101 ; serial\n  3h 1H (1w)\n  1d )\n\
        \tNS ns1.example.net.\n\
        WWW 60 IN A 192.0.2.1\n    IN 61 AAAA 2001:DB8::1\n\
        $ORIGIN sub\nhost MX 5 mail\n@ CNAME @\n\
        $ORIGIN example.org.\n\
        t TXT ( \"one;two\" \"(three)\"\n \"four \\\" five\" )\n\
        s SRV 1 2 3 @\nh HTTPS 1 . alpn=\"h2,h3\" port=8443\nn NAPTR 1 2 u s \"!a!b!\" next\nx.y\\.z.Q A 192.0.2.4\n";
    assert_eq!(
        read(text),
        [
            "example.org SOA 5400 0 ns1.example.net first\\.last.example.org 2024010101 10800 3600 604800 86400",
            "example.org NS 5400 0 ns1.example.net",
            "www.example.org A 60 0 192.0.2.1",
            "www.example.org AAAA 61 0 2001:db8::1",
            "host.sub.example.org MX 5400 5 mail.sub.example.org",
            "sub.example.org CNAME 5400 0 sub.example.org",
            "t.example.org TXT 5400 0 \"one;two\" \"(three)\" \"four \\\" five\"",
            "s.example.org SRV 5400 1 2 3 example.org",
            "h.example.org HTTPS 5400 0 1 . alpn=h2,h3 port=8443",
            "n.example.org NAPTR 5400 0 1 2 \"u\" \"s\" \"!a!b!\" next.example.org",
            "x.y\\.z.q.example.org A 5400 0 192.0.2.4",
        ]
    );
}

#[test]
fn generate_makes_records() {
    assert_eq!(
        read("$TTL 60\n$GENERATE 1-3/2 h$ A 192.0.2.$\n$GENERATE 9-10 p-${1,3,d} 30 IN CNAME ${0,2,x}.$$\n"),
        [
            "h1.example.org A 60 0 192.0.2.1",
            "h3.example.org A 60 0 192.0.2.3",
            "p-010.example.org CNAME 30 0 09.$.example.org",
            "p-011.example.org CNAME 30 0 0a.$.example.org",
        ]
    );
    assert_eq!(read("$TTL 60\n$GENERATE 18-18 ${0,7,n} PTR x"), ["2.1.0.0.example.org PTR 60 0 x.example.org"]);
}

#[test]
fn all_errors_of_a_file_have_their_places() {
    let text = "$TTL 60\n a A 192.0.2.1\na A 1.2.3\nb FOO x\nc A 192.0.2.1 2\n$INCLUDE other\n$BAD\nd TXT \"open\ne A )\n\
        f 60 CH A 192.0.2.1\n  A 192.0.2.5\né..x A 192.0.2.1\n  A 192.0.2.6\ng MX mail\nh TXT ö \"ü\\999\"\n\
        i SOA ( a b 1\n 2 3\n 4 5\nj A 192.0.2.7\n$GENERATE 3-1 x A 1\nk A\n$GENERATE 1-9 $ A 192.0.2.300\n";
    let (records, problems) = parse_zone(text, "example.org");
    let told: Vec<String> = problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.message)).collect();
    assert_eq!(
        told,
        [
            "2:2 the first record has no owner",
            "3:5 '1.2.3' is not an IPv4 address",
            "4:3 unknown record type 'FOO'",
            "5:15 '2' is one word too many",
            "6:1 $INCLUDE is not supported: paste the other file in its place",
            "7:1 unknown directive '$BAD'",
            "8:7 the quoted string does not end on its line",
            "9:5 a closing parenthesis without an opening one",
            "10:6 only the class IN is supported, not CH",
            "12:1 the name 'é..x' has an empty label",
            "14:6 the priority is missing",
            "15:9 'ü\\999' has a bad escape: \\ and three digits up to 255, or \\ and a character",
            "16:7 the parenthesis is never closed",
            "20:11 '3-1' is not start-stop or start-stop/step",
            "21:3 the IPv4 address is missing",
            "22:19 '192.0.2.300' is not an IPv4 address",
        ]
    );
    let names: Vec<&str> = records.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["f.example.org", "j.example.org"]);
    let (_, problems) = parse_zone(&"(\n".repeat(50_000), "example.org");
    assert!(problems.len() < 30);
}

#[test]
fn signatures_and_foreign_names_are_left_out_and_told() {
    let (records, problems) =
        parse_zone("a 60 NSEC b A RRSIG\nx.example.net. 60 A 192.0.2.1\na 60 A 192.0.2.1\n", "example.org");
    assert_eq!(records.len(), 1);
    let told: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        told,
        ["left out: NSEC records are made by the server", "left out: x.example.net is not in the zone example.org",]
    );
}

#[test]
fn what_is_written_is_read_again() {
    let rows = records(&format!(
        "{HEAD}@ 60 MX 10 mail\nmail A 192.0.2.3\na\\;b\\@c\\$.x TXT \"a;b\" \"\\200\"\n\\$x CNAME \\@\n* A 192.0.2.4\n1 PTR .\nz SVCB 1 x.y.net. port=53\n"
    ));
    let text = format_zone("example.org", &rows);
    let (mut again, problems) = parse_zone(&text, "example.net");
    // `$ORIGIN` is in the file, so only the zone it is read into is another.
    assert!(again.is_empty() && problems.len() == rows.len());
    (again, _) = parse_zone(&text, "example.org");
    let sorted = |mut rows: Vec<Record>| {
        rows.sort_by_key(|r| (r.name.clone(), r.rtype.clone(), r.content.clone()));
        rows
    };
    assert_eq!(sorted(again), sorted(rows.clone()), "{text}");
    assert_eq!(
        format_zone("example.org", &records(HEAD)),
        "$ORIGIN example.org.\n$TTL 3600\n\
         @   IN SOA ns1 hostmaster 1 10800 3600 604800 3600\n\
         @   IN NS  ns1\n@   IN NS  ns2\nns1 IN A   192.0.2.1\nns2 IN A   192.0.2.2\n"
    );
    let mut off = records(HEAD);
    off[3].disabled = true;
    off[4].content = "no\naddress".into();
    assert!(
        format_zone("example.org", &off)
            .ends_with("; disabled: ns1 IN A   192.0.2.1\n; cannot be read: ns2 IN A   no address\n")
    );
}

#[test]
fn nothing_makes_it_panic() {
    // A linear congruential generator, so that a failure can be repeated.
    let mut seed = 42u64;
    let mut random = |n: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % n
    };
    let data = include_str!("data/rdata.tsv");
    let rows: Vec<(&str, String)> = data
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect::<Vec<_>>())
        .map(|c| (c[0], c[1].replace("\\\\", "\\")))
        .filter(|(_, input)| input.len() < 300)
        .collect();
    let scraps = [
        "\\",
        "\"",
        "(",
        ")",
        ";",
        "\n",
        " ",
        "$",
        "${",
        "0",
        "99999999999999999999",
        ".",
        "..",
        "é",
        "\u{0}",
        "=",
        ",",
        "-",
        "@",
        "auto",
        "\\25",
        "\\256",
        "/",
        ":",
        "!",
        "N",
    ];
    for round in 0..40_000 {
        let (kind, input) = &rows[random(rows.len())];
        let mut text: Vec<char> = input.chars().collect();
        for _ in 0..=random(4) {
            let at = random(text.len() + 1);
            match random(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.truncate(at.max(1)),
                _ => {
                    let scrap = scraps[random(scraps.len())];
                    text.splice(at..at, scrap.chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        let name = if round % 5 == 0 { text.clone() } else { "x.example.org".into() };
        let record = Record {
            name,
            rtype: kind.to_string(),
            ttl: Some(60),
            prio: Some(1),
            content: text.clone(),
            disabled: false,
        };
        let checked = tusklet_dns::check_record("example.org", &record);
        if let (Some(content), Some(name)) = (checked.content, checked.name) {
            // The stored form is the end of it.
            let stored = Record { name, content, prio: checked.prio, ..record };
            let again = tusklet_dns::check_record("example.org", &stored);
            assert_eq!(again.content.as_ref(), Some(&stored.content), "{kind} {text:?} {:?}", again.problems);
            let file = format_zone("example.org", std::slice::from_ref(&stored));
            let (back, problems) = parse_zone(&file, "example.org");
            assert_eq!(
                back.first().map(|r| (&r.content, &r.name)),
                Some((&stored.content, &stored.name)),
                "{file} {problems:?}"
            );
        }
        let file = format!("$TTL 60\nx {kind} {text}\n$GENERATE 1-3 {text} {kind} {text}\n{text}\n");
        let (rows, _) = parse_zone(&file, "example.org");
        check_zone("example.org", &rows);
    }
}
