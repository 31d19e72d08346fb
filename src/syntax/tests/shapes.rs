//! What expressions mean: every input must give the tree of its fully parenthesised twin. The groupings are those of
//! PostgreSQL 15's parser.

use tusklet_syntax::{parse, parse_expr};

/// The tree without positions.
fn shape(tree: &str) -> String {
    let mut out = String::new();
    let mut rest = tree;
    while let Some(i) = rest.find("span: ") {
        out.push_str(&rest[..i]);
        let tail = &rest[i + 6..];
        let end = tail.find([',', ' ', '}']).unwrap_or(tail.len());
        rest = &tail[end..];
    }
    out + rest
}

#[track_caller]
fn check(sql: &str, grouped: &str) {
    let tree = |sql: &str| match parse_expr(sql) {
        Ok(e) => shape(&format!("{e:?}")),
        Err(e) => panic!("{sql}: {e}"),
    };
    assert_eq!(tree(sql), tree(grouped), "{sql}");
}

#[test]
fn operators_group_as_postgresqls_do() {
    check("a OR b AND c", "a OR (b AND c)");
    check("NOT a = b", "NOT (a = b)");
    check("NOT a AND b", "(NOT a) AND b");
    check("a = b IS NULL", "(a = b) IS NULL");
    check("a = NOT b", "a = (NOT b)");
    check("a IS NULL IS NULL", "(a IS NULL) IS NULL");
}

#[test]
fn minus_and_casts() {
    check("-2 ^ 2", "(-2) ^ 2");
    check("-a::int", "-(a::int)");
    check("-a COLLATE \"C\"", "(-a) COLLATE \"C\"");
    check("-a AT TIME ZONE z", "(-a) AT TIME ZONE z");
    check("2 ^ 3 ^ 4", "(2 ^ 3) ^ 4");
    check("a - b - c", "(a - b) - c");
    check("a - b * c", "a - (b * c)");
    check("@ -5 + 3", "@ ((-5) + 3)");
    check("~ a + b", "~ (a + b)");
    check("|/ 25 + 1", "|/ (25 + 1)");
}

#[test]
fn other_operators_and_patterns() {
    check("a ~* b || c", "(a ~* b) || c");
    check("a || b + c", "a || (b + c)");
    check("a LIKE b || c ESCAPE d", "a LIKE (b || c) ESCAPE d");
    check("a = b LIKE c", "a = (b LIKE c)");
    check("a < b BETWEEN c AND d", "a < (b BETWEEN c AND d)");
    check("a BETWEEN b AND c AND d", "(a BETWEEN b AND c) AND d");
    check("a NOT IN (1, 2) OR b", "(a NOT IN (1, 2)) OR b");
    check("a IN ((SELECT 1))", "a IN (SELECT 1)");
    check("a OPERATOR(pg_catalog.+) b * c", "a OPERATOR(pg_catalog.+) (b * c)");
    check("a + b OPERATOR(pg_catalog.*) c", "(a + b) OPERATOR(pg_catalog.*) c");
    check("a AT TIME ZONE b COLLATE c", "a AT TIME ZONE (b COLLATE c)");
    check("a @>-1", "a @>- 1");
    check("a=-1", "a = (-1)");
    check("a != b", "a <> b");
}

#[test]
fn chains_are_flat_lists() {
    check("a AND b AND c AND d", "((a AND b) AND c) AND d");
    let text = format!("{:?}", parse_expr("a OR b OR c OR d").unwrap());
    assert_eq!(text.matches("BoolExpr").count(), 1, "{text}");
}

#[test]
fn sql_syntax_is_a_call() {
    check("EXTRACT(year FROM d)", "EXTRACT('year' FROM d)");
    check("CURRENT_TIMESTAMP", "current_timestamp");
    check("SUBSTRING(a FOR b FROM c)", "SUBSTRING(a FROM c FOR b)");
    check("TRIM(BOTH a FROM b)", "TRIM(a FROM b)");
    check("a ISNULL", "a IS NULL");
    check("x::character varying(3)", "CAST(x AS varchar(3))");
}

#[test]
fn keywords_are_labels_where_postgresql_takes_them() {
    for sql in
        ["SELECT a is FROM t", "SELECT 1 like", "SELECT a in, b FROM t", "SELECT a at FROM t", "SELECT a operator"]
    {
        let tree = format!("{:?}", parse(sql).unwrap());
        assert!(tree.contains("name: Some("), "{sql}: {tree}");
    }
    assert!(parse("SELECT a isnull FROM t").unwrap().len() == 1);
}

#[test]
fn names_are_folded_and_cut() {
    check("\"ABC\".DEF", "\"ABC\".def");
    let long = "é".repeat(40);
    check(&long, &"é".repeat(31));
    check("U&\"d\\0061t\"", "dat");
    check("U&'!0061' UESCAPE '!'", "'a'");
    check("E'\\x41\\u00e9\\101'", "'AéA'");
    check("'a'\n  'b' -- c\n 'd'", "'abd'");
    check("$x$a$$b$x$", "'a$$b'");
}

#[test]
fn statements_know_their_text() {
    let sql = "  SELECT 1 ; -- x\n ;UPDATE t SET a = 2  ";
    let spans: Vec<&str> =
        parse(sql).unwrap().iter().map(|s| &sql[s.span.start as usize..s.span.end as usize]).collect();
    assert_eq!(spans, ["SELECT 1", "UPDATE t SET a = 2"]);
}
