//! sqlparser's full parser as a second opinion: it reads our tokens, prints what it understood, and that must mean to us what
//! the original did. Only statements of which parser.md's comparison found it to agree with PostgreSQL are asked.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use tusklet_syntax::{location, parse, sqlparser_tokens};

/// The tree without positions.
fn shape(sql: &str) -> String {
    let tree = format!("{:?}", parse(sql).unwrap_or_else(|e| panic!("{sql}: {e}")));
    let mut out = String::new();
    let mut rest = tree.as_str();
    while let Some(i) = rest.find("span: ") {
        out.push_str(&rest[..i]);
        let tail = &rest[i + 6..];
        rest = &tail[tail.find([',', ' ', '}']).unwrap_or(tail.len())..];
    }
    out + rest
}

const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "SELECT a, b.c AS d, b.* FROM t AS a, s.b WHERE a.x = $1 AND NOT b.y OR z IS NULL",
    "SELECT DISTINCT ON (a) a, count(*) FILTER (WHERE b > 0) FROM t GROUP BY a HAVING count(*) > 1 ORDER BY a DESC NULLS LAST LIMIT 3 OFFSET 4",
    "SELECT a + b * c - d / e % f, a || b, a && b, a @> b, a <@ b, a -> 'x' ->> 'y', a #>> b FROM t",
    "SELECT sum(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN a THEN 1 END, a BETWEEN 1 AND 2, a NOT IN (1, 2), a LIKE 'x%' FROM t",
    "SELECT a::int, CAST(a AS numeric(10,2)), a::varchar(5)[], ARRAY[1, 2], (SELECT max(b) FROM u), EXISTS (SELECT 1)",
    "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y) CROSS JOIN d",
    "SELECT * FROM (SELECT 1 AS a) AS s, LATERAL (SELECT s.a) AS l",
    "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT n FROM r",
    "SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4",
    "SELECT $$a'b$$, E'a\\nb', U&'\\0061', 1.5e3, .5",
    "INSERT INTO t (a, b) VALUES (1, DEFAULT), (2, 'x') ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.a > 1 RETURNING a, b",
    "UPDATE t SET a = a + 1, b = 'x' WHERE c IN (SELECT d FROM u) RETURNING *",
    "DELETE FROM t USING u WHERE t.a = u.a",
    "CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL DEFAULT 'x', c numeric(10,2) CHECK (c > 0), UNIQUE (a, b))",
    "CREATE UNIQUE INDEX i ON t (a, b)",
    "DROP TABLE IF EXISTS a, b CASCADE",
];

#[test]
fn sqlparser_reads_our_tokens_as_we_do() {
    for sql in STATEMENTS {
        let tokens = sqlparser_tokens(sql).unwrap();
        let read = Parser::new(&PostgreSqlDialect {})
            .with_tokens_with_locations(tokens)
            .parse_statements()
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        let printed = read.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert_eq!(shape(&printed), shape(sql), "{sql}\n{printed}");
    }
}

#[test]
fn tokens_keep_their_byte_offsets() {
    let sql = "SELECT 'é', U&\"b\" UESCAPE '!' &>c";
    let texts: Vec<&str> = sqlparser_tokens(sql)
        .unwrap()
        .iter()
        .map(|t| &sql[t.span.start.column as usize - 1..t.span.end.column as usize - 1])
        .collect();
    assert_eq!(texts, ["SELECT", "'é'", ",", "U&\"b\" UESCAPE '!'", "&>", "c"]);
}

#[test]
fn locations_count_lines_and_characters() {
    let at = |byte| {
        let l = location("é1\nab\n", byte);
        (l.line, l.column)
    };
    assert_eq!(
        [at(0), at(2), at(3), at(4), at(5), at(7), at(99)],
        [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1), (3, 1)]
    );
}
