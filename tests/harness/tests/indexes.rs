//! An index never changes an answer: random rows and random queries over every access method and operator class, with
//! sequential scans forbidden and with indexes forbidden. `TUSKLET_INDEX_ROUNDS` says how many tables to make,
//! `TUSKLET_INDEX_SEED` which is the first.

mod common;

use tusklet_engine::database::Cluster;
use tusklet_engine::output::{Output, Tag, write_text};
use tusklet_engine::session::Session;
use tusklet_engine::work::Status;
use tusklet_engine::{Batch, ExecCx, ResultColumn};
use tusklet_error::{Error, Notice, Result};

use common::{Random, Still};

/// Rows as text, and what went wrong.
#[derive(Default)]
struct Rows(Vec<String>, Option<String>);

impl Output for Rows {
    fn columns(&mut self, _: &[ResultColumn], _: &[i16]) -> tusklet_error::Result<()> {
        Ok(())
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], _: &[i16], batch: &Batch) -> Result<()> {
        for i in batch.sel.iter() {
            let mut row = Vec::new();
            for (c, v) in columns.iter().zip(&batch.columns) {
                let mut text = Vec::new();
                if !v.is_null(i) {
                    write_text(cx, c.ty.oid, v.get(i), &mut text, &mut String::new())?;
                }
                row.push(String::from_utf8_lossy(&text).into_owned());
            }
            self.0.push(row.join("|"));
        }
        Ok(())
    }

    fn complete(&mut self, _: &Tag) {}
    fn suspended(&mut self) {}
    fn empty(&mut self) {}

    fn error(&mut self, error: &Error, _: &str) {
        self.1 = Some(error.report().message.to_string());
    }

    fn notice(&mut self, _: &Notice, _: &str) {}
    fn setting(&mut self, _: &str, _: &str) {}
    fn notification(&mut self, _: u32, _: &str, _: &str) {}
    fn copy_in(&mut self, _: usize, _: bool) {}
    fn copy_out(&mut self, _: usize, _: bool) {}
    fn copy_data(&mut self, _: &[u8]) {}
    fn copy_done(&mut self) {}
}

/// A type: its name, its values with `#` for a small number each, its indexes, and its conditions over `@` with `?` for
/// a value. Equal values of an `exact` one look alike.
struct Kind {
    name: &'static str,
    values: &'static [&'static str],
    indexes: &'static [&'static str],
    conditions: &'static [&'static str],
    distance: Option<&'static str>,
    exact: bool,
}

const fn kind(
    name: &'static str,
    values: &'static [&'static str],
    indexes: &'static [&'static str],
    conditions: &'static [&'static str],
) -> Kind {
    Kind { name, values, indexes, conditions, distance: None, exact: true }
}

/// What every ordered type can be asked.
const ORDERED: &[&str] = &["@ = ?", "@ < ?", "@ <= ?", "@ > ?", "? <= @", "@ BETWEEN ? AND ?", "@ IN (?, ?)", "@ IS NULL", "@ IS NOT NULL", "@ <> ?"];

const KINDS: &[Kind] = &[
    kind("int4", &["#", "-#", "1#"], &["btree", "hash", "brin", "brin int4_minmax_multi_ops", "brin int4_bloom_ops"], &["@ = ANY (ARRAY[?, ?])", "@ = ?::int8"]),
    kind("int8", &["#", "-#", "90000000000#"], &["btree", "hash", "brin", "brin int8_bloom_ops"], &["@ = ?", "@ < 5::int2"]),
    kind("float8", &["#", "-#.5", "NaN", "-Infinity", "1e300"], &["btree", "hash", "brin", "brin float8_minmax_multi_ops", "brin float8_bloom_ops"], &["@ > 2.5::float4"]),
    Kind { exact: false, ..kind("numeric", &["#", "#.0", "-#.50", "#.#", "NaN"], &["btree", "hash", "brin", "brin numeric_minmax_multi_ops", "brin numeric_bloom_ops"], &["@ = #"]) },
    kind("text", &["a#", "ab#", "b#", "", "a%", "é#", "abcdefghi#"], &["btree", "btree text_pattern_ops", "hash", "spgist", "brin", "brin text_bloom_ops"], &["@ LIKE 'ab%'", "@ LIKE 'a#%'", "@ ^@ 'a'", "starts_with( @ , 'ab#')", "@ ~ '^ab'", "@ LIKE 'ab#'", "@ ~<~ ?", "@ ~>=~ ?", "@ LIKE 'a_'"]),
    Kind { exact: false, ..kind("bpchar", &["a#", "a# ", "b"], &["btree", "btree bpchar_pattern_ops", "hash", "brin", "brin bpchar_bloom_ops"], &[]) },
    kind("bool", &["true", "false"], &["btree", "hash"], &["@", "NOT @", "@ IS TRUE"]),
    kind("date", &["2020-01-1#", "1999-12-1# BC", "infinity"], &["btree", "hash", "brin", "brin date_minmax_multi_ops", "brin date_bloom_ops"], &["@ < timestamp '2020-01-1# 12:00'", "timestamp '2020-01-1#' >= @"]),
    Kind { exact: false, ..kind("interval", &["# days", "# hours", "24 hours", "1 month # days", "-#"], &["btree", "hash", "brin", "brin interval_bloom_ops"], &[]) },
    kind("size", &["small", "medium", "large", "huge"], &["btree", "hash"], &[]),
    kind("inet", &["10.0.#.#", "10.0.#.0/24", "10.0.0.0/8", "::#", "::#/64"], &["btree", "hash", "gist inet_ops", "spgist", "brin inet_inclusion_ops", "brin inet_minmax_ops", "brin inet_bloom_ops"], &["@ << ?", "@ <<= ?", "@ >> ?", "@ >>= ?", "@ && ?"]),
    kind("int4range", &["[#,1#)", "[-#,#]", "empty", "(,#)", "[#,)", "(,)"], &["btree", "hash", "gist", "spgist", "brin"], RANGES),
    Kind { exact: false, ..kind("numrange", &["[#,1#)", "[#.0,1#)", "(-#,#]", "empty", "(,#.5)", "[#,)"], &["btree", "hash", "gist", "spgist", "brin"], RANGES) },
    Kind { exact: false, ..kind("nummultirange", &["{[#,1#)}", "{[#.0,9.5),[10,1#]}", "{}", "{(,#.5),[9,)}"], &["btree", "hash", "gist"], RANGES) },
    kind("int4[]", &["{#,#}", "{#}", "{}", "{#,NULL}", "{#,#,1#}"], &["btree", "hash", "gin"], ARRAYS),
    Kind { exact: false, ..kind("numeric[]", &["{#,#.0}", "{#.00}", "{}", "{NULL}"], &["btree", "hash", "gin"], ARRAYS) },
    kind("text[]", &["{a#,b}", "{b,c#,a}", "{}", "{a#}"], &["btree", "gin"], ARRAYS),
    Kind { exact: false, ..kind("numrange[]", &["{\"[#,1#)\"}", "{\"[#.0,1#)\",NULL}", "{}"], &["btree", "hash", "gin"], &["@ @> ?"]) },
    Kind { exact: false, ..kind("jsonb", &[r#"{"a": #}"#, r##"{"a": {"b": "s#"}, "c": [#, "s#"]}"##, "[#, null]", r##""s#""##, "#.0", "null", "{}"], &["btree", "hash", "gin", "gin jsonb_path_ops"], &["@ @> ?", "@ @> ANY (ARRAY[?, ?])", "@ ? 'a'", "@ ? 's#'", "@ ?| '{b,c}'", "@ ?& '{a,c}'", "@ @? '$.a ? (@ == #)'", "@ @? '$.**.b'", "@ @@ '$.c[*] == \"s#\" || $.a == #'", "@ @@ 'strict $.a.b == \"s#\"'", "@ @? '$[*] ? (@ == null)'", "@ @@ '!($.a == #)'", "@ @? '$.a.b ? (@ starts with \"s\")'"]) },
    kind("tsvector", &["a#:1 b#:2", "a#:3A ab#:4", "", "c", "b#:1,2 c:3"], &["btree", "gin", "gist"], &["@ @@ 'a#'", "@ @@ 'a# & !b#'", "@ @@ 'a:*'", "@ @@ 'a#:A | c'", "@ @@ 'b# <-> c'", "@ @@ '!c'", "@ @@ 'a# <-> !b#'", "@ @@ ('a# & b#' || 'c'::tsquery)"]),
    kind("tsquery", &["a#", "a# & b#", "!a# | c", "b# <-> c"], &["btree", "gist"], &["@ @> ?", "@ <@ ?"]),
    Kind { distance: Some("point '(#,-#)'"), ..kind("point", &["(#,#)", "(-#,#.5)", "(1#,1e300)", "(NaN,#)"], &["gist", "spgist", "spgist kd_point_ops"], &["@ << ?", "@ >> ?", "@ <<| ?", "@ |>> ?", "@ ~= ?", "@ <@ box '(#,#),(-#,1#)'", "box '(0,0),(#,#)' @> @", "@ <@ circle '((#,#),#)'", "@ <@ polygon '((0,0),(#,0),(#,#))'"]) },
    Kind { distance: Some("point '(#,-#)'"), ..kind("box", &["(#,#),(-#,-#)", "(1#,1#),(#,#)", "(#,#),(#,#)"], &["gist", "spgist", "brin"], SHAPES) },
    Kind { distance: Some("point '(#,#)'"), ..kind("circle", &["<(#,#),#>", "<(-#,1#),0>"], &["gist"], SHAPES) },
    Kind { distance: Some("point '(#,#)'"), ..kind("polygon", &["((#,#),(1#,#),(#,1#))", "((#,#))", "((-#,#),(#,#),(0,-#))"], &["gist", "spgist"], SHAPES) },
];

const RANGES: &[&str] = &["@ && ?", "@ @> ?", "@ <@ ?", "@ << ?", "@ >> ?", "@ &< ?", "@ &> ?", "@ -|- ?", "@ @> #::%", "@ && ANY (ARRAY[?, ?])", "? <@ @", "@ IS NULL", "@ IS NOT NULL"];
const ARRAYS: &[&str] = &["@ && ?", "@ @> ?", "@ <@ ?"];
const SHAPES: &[&str] = &["@ && ?", "@ << ?", "@ >> ?", "@ &< ?", "@ &> ?", "@ <<| ?", "@ |>> ?", "@ &<| ?", "@ |&> ?", "@ @> ?", "@ <@ ?", "@ ~= ?", "@ << ANY (ARRAY[?, ?])", "? >> @", "@ IS NULL", "@ IS NOT NULL"];

impl Kind {
    fn is_ordered(&self) -> bool {
        self.indexes[0] == "btree"
    }

    fn value(&self, r: &mut Random) -> String {
        format!("'{}'::{}", filled(r.one(self.values), r), self.name)
    }

    fn condition(&self, r: &mut Random, column: &str) -> String {
        let own = if self.is_ordered() { ORDERED.len() } else { 0 };
        let i = r.below(own + self.conditions.len());
        let text = if i < own { ORDERED[i] } else { self.conditions[i - own] };
        let text = filled(text, r).replace('%', if text.contains("::%") { if self.name == "int4range" { "int4" } else { "numeric" } } else { "%" });
        let tokens: Vec<&str> = text.split(' ').collect();
        let (mut out, mut quoted) = (Vec::new(), false);
        for (i, token) in tokens.iter().enumerate() {
            let core = token.trim_start_matches("(ARRAY[").trim_matches(['(', ')', '[', ']', ',']);
            // A `?` before a literal is an operator of documents.
            let operator = tokens.get(i + 1).is_some_and(|t| t.starts_with('\''));
            out.push(match core {
                "@" if !quoted => token.replace('@', column),
                "?" | "?::int8" if !quoted && !operator => token.replace('?', &self.value(r)),
                _ => token.to_string(),
            });
            quoted ^= token.matches('\'').count() % 2 == 1;
        }
        out.join(" ")
    }
}

fn filled(text: &str, r: &mut Random) -> String {
    text.chars().map(|c| if c == '#' { r.below(9).to_string() } else { c.to_string() }).collect()
}

struct Tester {
    session: Session,
    log: String,
    used: usize,
    asked: usize,
}

impl Tester {
    fn run(&mut self, sql: &str) -> Rows {
        let mut out = Rows::default();
        self.session.simple_query(sql, &mut out);
        while self.session.is_busy() && !matches!(self.session.step(&mut out), Status::Done) {}
        out
    }

    fn must(&mut self, sql: &str) {
        self.log.push_str(sql);
        self.log.push_str(";\n");
        if let Some(e) = self.run(sql).1 {
            panic!("{e}: {sql}\n{}", self.log);
        }
    }

    /// Asks with indexes and without.
    fn ask(&mut self, sql: &str, seed: u64) {
        self.run("SET enable_seqscan = on; SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off");
        let slow = self.run(sql);
        self.run("SET enable_seqscan = off; SET enable_indexscan = on; SET enable_indexonlyscan = on; SET enable_bitmapscan = on");
        let plan = self.run(&format!("EXPLAIN (COSTS OFF) {sql}"));
        self.asked += 1;
        self.used += usize::from(plan.0.iter().any(|l| l.contains("Index")));
        for way in ["on", "off"] {
            self.run(&format!("SET enable_bitmapscan = {way}"));
            let fast = self.run(sql);
            assert!(slow.1.is_none(), "{:?}: {sql}", slow.1);
            assert_eq!(fast.0, slow.0, "seed {seed}: {sql}\n{}\n{}", plan.0.join("\n"), self.log);
            assert_eq!(fast.1, slow.1, "seed {seed}: {sql}\n{}", self.log);
        }
    }
}

/// One index over some of the columns.
fn index(r: &mut Random, columns: &[&Kind]) -> String {
    let first = r.below(columns.len());
    let one = r.one(columns[first].indexes);
    let (method, class) = one.split_once(' ').unwrap_or((one, ""));
    let mut keys = vec![(first, class)];
    if matches!(method, "btree" | "gin" | "gist" | "brin") && r.below(3) == 0 {
        let second = r.below(columns.len());
        if let Some(c) = columns[second].indexes.iter().find(|c| c.split(' ').next() == Some(method) && second != first) {
            keys.push((second, c.split_once(' ').map_or("", |c| c.1)));
        }
    }
    let mut list = Vec::new();
    for (c, class) in keys {
        let expression = matches!(method, "btree" | "brin") && class.is_empty() && r.below(6) == 0;
        let key = match columns[c].name {
            "int4" | "numeric" if expression => format!("(c{c} + 1)"),
            "text" if expression => format!("upper(c{c})"),
            _ => format!("c{c}"),
        };
        let order = if method == "btree" { r.one(&["", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"]) } else { "" };
        list.push(format!("{key} {class}{order}"));
    }
    let partial = match r.below(5) {
        0 => format!(" WHERE c{first} IS NOT NULL"),
        1 => " WHERE i > 40".to_string(),
        _ => String::new(),
    };
    format!("CREATE INDEX ON t USING {method} ({}){partial}", list.join(", "))
}

fn condition(r: &mut Random, columns: &[&Kind]) -> String {
    let mut parts = Vec::new();
    for _ in 0..1 + r.below(2) {
        let c = r.below(columns.len());
        let column = format!("t.c{c}");
        parts.push(match (columns[c].name, r.below(8)) {
            ("int4" | "numeric", 0) => format!("{column} + 1 = {}", r.below(9)),
            ("text", 0) => format!("upper({column}) = 'AB{}'", r.below(9)),
            (_, 1) => "t.i > 60".to_string(),
            _ => columns[c].condition(r, &column),
        });
    }
    parts.join(r.one(&[" AND ", " AND ", " OR "]))
}

fn query(r: &mut Random, columns: &[&Kind]) -> String {
    let c = r.below(columns.len());
    let k = columns[c];
    let n = 1 + r.below(30);
    match r.below(10) {
        0 if k.is_ordered() && k.exact => {
            let order = r.one(&["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]);
            format!("SELECT c{c} FROM t WHERE {} ORDER BY c{c}{order} LIMIT {n}", condition(r, columns))
        }
        1 if k.is_ordered() && k.exact && !matches!(k.name, "bool" | "jsonb" | "tsvector" | "tsquery") && !k.name.ends_with("range") => {
            format!("SELECT min(c{c}), max(c{c}) FROM t")
        }
        2 if k.is_ordered() && k.exact => format!("SELECT c{c}, count(*) FROM t GROUP BY c{c} ORDER BY c{c}"),
        0..=3 if k.distance.is_some() => {
            let from = filled(k.distance.unwrap_or_default(), r);
            format!("SELECT c{c} <-> {from} FROM t ORDER BY c{c} <-> {from} LIMIT {n}")
        }
        4 => {
            // The inner side of a loop.
            let equal = r.one(if k.is_ordered() { &["= u.v", "< u.v"] } else { &["~= u.v"] });
            let join = match (k.name, r.below(2)) {
                ("int4range" | "numrange" | "int4[]" | "text[]" | "box" | "polygon" | "circle", 0) => "&& u.v",
                ("jsonb", 0) => "@> u.v",
                ("inet", 0) => "<< u.v",
                _ => equal,
            };
            let values: Vec<String> = (0..4).map(|i| format!("({i}, {})", k.value(r))).collect();
            let values = values.join(", ");
            format!("SELECT u.o, t.i FROM (VALUES {values}) u (o, v) JOIN t ON t.c{c} {join} ORDER BY 1, 2")
        }
        5 => format!("SELECT count(*) FROM t WHERE {}", condition(r, columns)),
        _ => format!("SELECT i FROM t WHERE {} ORDER BY i", condition(r, columns)),
    }
}

fn rows(r: &mut Random, columns: &[&Kind], from: usize, n: usize) -> String {
    let mut list = Vec::new();
    for i in from..from + n {
        let values: Vec<String> =
            columns.iter().map(|k| if r.below(10) == 0 { "NULL".into() } else { k.value(r) }).collect();
        list.push(format!("({i}, {})", values.join(", ")));
    }
    format!("INSERT INTO t VALUES {}", list.join(", "))
}

#[test]
fn an_index_never_changes_an_answer() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (rounds, start) = (number("TUSKLET_INDEX_ROUNDS", 24), number("TUSKLET_INDEX_SEED", 1));
    let cluster = Cluster::in_memory(Still::new(), tusklet_functions::KERNELS).expect("an engine");
    let session = cluster.connect("postgres", "postgres").expect("a session");
    let mut t = Tester { session, log: String::new(), used: 0, asked: 0 };
    t.must("CREATE TYPE size AS ENUM ('medium', 'large'); ALTER TYPE size ADD VALUE 'small' BEFORE 'medium'");
    t.must("ALTER TYPE size ADD VALUE 'huge'; SET enable_hashjoin = off; SET enable_mergejoin = off");
    for seed in start..start + rounds {
        let mut r = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // Each kind has its turn.
        let columns: Vec<&Kind> = vec![&KINDS[seed as usize % KINDS.len()], &KINDS[r.below(KINDS.len())]];
        t.log.clear();
        t.must("DROP TABLE IF EXISTS t");
        let list: Vec<String> = columns.iter().enumerate().map(|(i, k)| format!("c{i} {}", k.name)).collect();
        t.must(&format!("CREATE TABLE t (i int4, {})", list.join(", ")));
        for _ in 0..2 {
            let sql = index(&mut r, &columns);
            t.must(&sql);
        }
        let sql = rows(&mut r, &columns, 0, 80);
        t.must(&sql);
        for _ in 0..2 {
            let sql = index(&mut r, &columns);
            t.must(&sql);
        }
        for _ in 0..3 {
            for _ in 0..10 {
                let sql = query(&mut r, &columns);
                t.ask(&sql, seed);
            }
            let from = 200 + r.below(1000);
            let sql = rows(&mut r, &columns, from, 10);
            t.must(&sql);
            let (c, n) = (r.below(2), r.below(7));
            t.must(&format!("UPDATE t SET c{c} = {} WHERE i % 7 = {n}", columns[c].value(&mut r)));
            t.must(&format!("DELETE FROM t WHERE i % 9 = {n}"));
            if r.below(2) == 0 {
                t.must(r.one(&["VACUUM t", "ANALYZE t"]));
            }
        }
    }
    assert!(t.used * 3 > t.asked, "indexes were used by {} of {} queries", t.used, t.asked);
}

/// BRIN indexes over tables of several groups, whose values differ: whatever is written, rolled back, vacuumed or taken out
/// of summaries, answers are those of the scan, and groups are passed over.
#[test]
fn ranges_without_a_match_are_passed_over() {
    let cluster = Cluster::in_memory(Still::new(), tusklet_functions::KERNELS).expect("an engine");
    let session = cluster.connect("postgres", "postgres").expect("a session");
    let mut t = Tester { session, log: String::new(), used: 0, asked: 0 };
    t.must("CREATE TYPE size AS ENUM ('medium', 'large', 'small', 'huge'); SET enable_hashjoin = off; SET enable_mergejoin = off");
    const GROUPS: usize = 4;
    let (mut fewer, mut scans) = (0, 0);
    for (n, k) in KINDS.iter().filter(|k| k.indexes.iter().any(|i| i.starts_with("brin"))).enumerate() {
        let seed = n as u64 + 1;
        let mut r = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let columns: Vec<&Kind> = vec![k, &KINDS[r.below(3)]];
        let brin: Vec<&str> = k.indexes.iter().filter(|i| i.starts_with("brin")).copied().collect();
        t.log.clear();
        t.must(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t (i int4, c0 {}, c1 {})", k.name, columns[1].name));
        let class = |i: usize| brin[i % brin.len()].strip_prefix("brin").unwrap_or_default();
        t.must(&format!("CREATE INDEX one ON t USING brin (c0{}) WITH (pages_per_range = 1)", class(n)));
        for g in 0..GROUPS {
            // A group has three values and NULL, or one and no NULL.
            let mut list: Vec<String> = (0..3).map(|_| k.value(&mut r)).collect();
            list.push(format!("NULL::{}", k.name));
            list.truncate(if g % 2 == 0 { 4 } else { 1 });
            let other = columns[1].value(&mut r);
            let (from, to, many) = (g * 2048, g * 2048 + if g + 1 == GROUPS { 300 } else { 2047 }, list.len());
            let list = list.join(", ");
            t.must(&format!("INSERT INTO t SELECT i, (ARRAY[{list}])[i % {many} + 1], {other} FROM generate_series({from}, {to}) i"));
        }
        let last = class(n + 1);
        t.must(&format!("CREATE INDEX two ON t USING brin (c1, c0{last}); CREATE INDEX three ON t USING brin (c0{}) WHERE i > 40", class(n + 2)));
        for _ in 0..3 {
            for _ in 0..12 {
                let c = condition(&mut r, &columns);
                t.ask(&format!("SELECT i FROM t WHERE {c} ORDER BY i LIMIT 40"), seed);
                t.ask(&format!("SELECT count(*), sum(i) FROM t WHERE {c}"), seed);
                t.run("SET enable_bitmapscan = on");
                let plan = t.run(&format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT i FROM t WHERE {c}"));
                for line in plan.0.iter().filter(|l| l.contains("Bitmap Index Scan")) {
                    let rows = line.split("rows=").nth(1).and_then(|l| l.split(' ').next()?.parse::<usize>().ok());
                    scans += usize::from(rows.is_some());
                    fewer += usize::from(rows.is_some_and(|n| n < GROUPS * 10));
                }
            }
            let (v, g) = (k.value(&mut r), r.below(GROUPS));
            t.must(&format!("UPDATE t SET c0 = {v} WHERE i % 512 = 7 AND i / 2048 = {g}"));
            t.must(&format!("BEGIN; UPDATE t SET c0 = {v} WHERE i % 300 = 7; INSERT INTO t VALUES (-1, {v}); ROLLBACK"));
            t.must(&format!("DELETE FROM t WHERE i / 2048 = {g} AND i % 3 = {}", r.below(3)));
            t.must(r.one(&["VACUUM t", "SELECT brin_desummarize_range('one', 1)", "SELECT brin_summarize_new_values('one')", "ANALYZE t"]));
            let v = k.value(&mut r);
            t.must(&format!("INSERT INTO t SELECT i, {v} FROM generate_series(8000, 8000 + {}) i", r.below(600)));
        }
    }
    assert!(t.used * 3 > t.asked, "indexes were used by {} of {} queries", t.used, t.asked);
    assert!(fewer * 4 > scans, "groups were passed over by {fewer} of {scans} scans");
}

/// Exclusion constraints keep out what meets a row that is there, unique ones what equals it, and nothing else.
#[test]
fn constraints_know_what_conflicts() {
    let cluster = Cluster::in_memory(Still::new(), tusklet_functions::KERNELS).expect("an engine");
    let session = cluster.connect("postgres", "postgres").expect("a session");
    let mut t = Tester { session, log: String::new(), used: 0, asked: 0 };
    let mut r = Random(15);
    let cases = [
        ("int4range", "EXCLUDE USING gist (c0 WITH &&)", "&&"),
        ("numrange", "EXCLUDE USING spgist (c0 WITH &&)", "&&"),
        ("numrange", "UNIQUE (c0)", "="),
        ("nummultirange", "UNIQUE (c0)", "="),
        ("numeric[]", "UNIQUE (c0)", "="),
        ("box", "EXCLUDE USING gist (c0 WITH &&)", "&&"),
        ("circle", "EXCLUDE USING gist (c0 WITH ~=)", "~="),
        ("inet", "EXCLUDE USING gist (c0 inet_ops WITH &&)", "&&"),
        ("numeric", "EXCLUDE USING hash (c0 WITH =)", "="),
        ("interval", "EXCLUDE (c0 WITH =)", "="),
    ];
    for (name, constraint, op) in cases {
        let k = KINDS.iter().find(|k| k.name == name).expect("a kind");
        t.must(&format!("CREATE TABLE t (c0 {name}, {constraint}); CREATE TABLE plain (c0 {name})"));
        for _ in 0..60 {
            let v = k.value(&mut r);
            let met = t.run(&format!("SELECT 1 FROM plain WHERE c0 {op} {v}")).0.len();
            let refused = t.run(&format!("INSERT INTO t VALUES ({v})")).1;
            assert_eq!(met > 0, refused.is_some(), "{constraint}: {v} {refused:?}");
            if met == 0 {
                t.must(&format!("INSERT INTO plain VALUES ({v})"));
            }
        }
        t.must("DROP TABLE t; DROP TABLE plain");
    }
}
