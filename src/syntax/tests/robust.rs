//! Whatever the text: no panic, no overflow, spans that cover it. The inputs are made by a small generator from pieces that
//! hurt, the seed being fixed so that a failure repeats.

use tusklet_error::SqlState;
use tusklet_syntax::{EditorTokenKind, parse, split, tokens_for_editor};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "a",
    "b.c",
    "*",
    ",",
    "(",
    ")",
    "[",
    "]",
    ";",
    "::",
    ":=",
    "=>",
    "..",
    ".",
    "1",
    "2.5",
    "1e",
    "'x'",
    "'",
    "E'\\",
    "E'\\x4",
    "E'a\\'b'",
    "U&'\\00e9'",
    "U&\"",
    "UESCAPE",
    "'!'",
    "$$",
    "$q$",
    "$1",
    "$",
    "\"q\"",
    "\"",
    "/*",
    "*/",
    "--",
    "\n",
    " ",
    "é",
    "語",
    "+",
    "-",
    "@-",
    "<=",
    "|/",
    "~~*",
    "NOT",
    "IN",
    "LIKE",
    "AND",
    "OR",
    "INSERT",
    "INTO",
    "VALUES",
    "CREATE",
    "TABLE",
    "FUNCTION",
    "BEGIN",
    "ATOMIC",
    "END",
    "CASE",
    "WHEN",
    "interval",
    "double",
    "precision",
    "UNION",
    "ALL",
    "JOIN",
    "ON",
    "LATERAL",
    "WITH",
    "AS",
    "ORDER",
    "BY",
    "\0",
    "\\",
    "{",
];

fn text(random: &mut Random) -> String {
    let mut sql = String::new();
    for _ in 0..random.below(25) {
        sql.push_str(PIECES[random.below(PIECES.len())]);
        if random.below(3) > 0 {
            sql.push(' ');
        }
    }
    sql
}

#[test]
fn tokens_cover_the_text() {
    let mut random = Random(0x5eed);
    for _ in 0..20_000 {
        let sql = text(&mut random);
        let mut pos = 0;
        for token in tokens_for_editor(&sql) {
            let (start, end) = (token.span.start as usize, token.span.end as usize);
            assert!(start >= pos && end > start, "{sql:?} {token:?}");
            assert!(sql[pos..start].bytes().all(|c| b" \t\n\r\x0c".contains(&c)), "{sql:?} {token:?}");
            assert!(sql.is_char_boundary(end), "{sql:?} {token:?}");
            pos = end;
        }
        assert!(sql[pos..].trim_matches([' ', '\t', '\n', '\r', '\x0c']).is_empty(), "{sql:?}");
    }
}

#[test]
fn statements_are_split_where_the_parser_splits_them() {
    let mut random = Random(0xfeed);
    for _ in 0..20_000 {
        let sql = text(&mut random);
        let spans = split(&sql);
        let mut pos = 0;
        for span in &spans {
            assert!(span.start as usize >= pos && span.end > span.start && span.end as usize <= sql.len(), "{sql:?}");
            pos = span.end as usize;
        }
        if let Ok(stmts) = parse(&sql) {
            assert_eq!(stmts.iter().map(|s| s.span).collect::<Vec<_>>(), spans, "{sql:?}");
        }
    }
    let sql = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3";
    assert_eq!(split(sql).len(), 2);
    assert_eq!(parse(sql).map(|s| s.len()), Ok(2));
}

#[test]
fn editors_get_kinds() {
    let kinds: Vec<_> = tokens_for_editor("SELECT a, \"b\" || 'c' -- d").iter().map(|t| t.kind).collect();
    use EditorTokenKind as K;
    assert_eq!(
        kinds,
        [K::Keyword, K::Identifier, K::Punctuation, K::QuotedIdentifier, K::Operator, K::String, K::Comment]
    );
}

#[test]
fn deep_and_long_texts_neither_overflow_nor_hang() {
    const N: usize = 10_000;
    let deep = [
        format!("SELECT {}1{}", "(".repeat(N), ")".repeat(N)),
        format!("SELECT {}true", "NOT ".repeat(N)),
        format!("SELECT {}1", "- ".repeat(N)),
        format!("SELECT {}1{}", "f(".repeat(N), ")".repeat(N)),
        format!("SELECT {}1{}", "(SELECT ".repeat(N), ")".repeat(N)),
        format!("SELECT * FROM {}t{}", "(SELECT * FROM ".repeat(N), ") x".repeat(N)),
        format!("SELECT * FROM {}t{}", "(".repeat(N), " JOIN u ON true)".repeat(N)),
        format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(N), " END".repeat(N)),
        format!("SELECT ARRAY{}1{}", "[".repeat(N), "]".repeat(N)),
        format!("SELECT 1{}", " + 1".repeat(N)),
        format!("SELECT 1{}", "::int".repeat(N)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(N)),
        format!("SELECT * FROM t{}", " CROSS JOIN u".repeat(N)),
    ];
    for sql in &deep {
        let error = parse(sql).unwrap_err();
        assert_eq!(error.code(), SqlState::STATEMENT_TOO_COMPLEX, "{}", &sql[..40]);
        assert_eq!(error.message(), "stack depth limit exceeded");
    }
    let long = [
        format!("SELECT a{}", " OR a".repeat(N)),
        format!("SELECT a{}", " AND a".repeat(N)),
        format!("SELECT 1{}", " + 1".repeat(900)),
        format!("SELECT {}1{}", "(".repeat(150), ")".repeat(150)),
        format!("INSERT INTO t VALUES (1){}", ", (1)".repeat(N)),
        format!("SELECT '{}'", "x".repeat(5_000_000)),
        format!("{}SELECT 1{}", "/*".repeat(N), "*/".repeat(N)).replacen("SELECT 1", "", 1) + "SELECT 1",
    ];
    for sql in &long {
        assert!(parse(sql).is_ok(), "{}", &sql[..40]);
    }
}
