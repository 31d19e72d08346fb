//! The straight paths against the ordinary route: the same random scripts, with and without them, give the same rows,
//! tags, errors with their positions, and places of rows in their tables.

mod common;

use tusklet_engine::database::Cluster;
use tusklet_engine::output::{Output, Tag, char_position, write_text};
use tusklet_engine::session::Session;
use tusklet_engine::work::Status;
use tusklet_engine::{Batch, ExecCx, ResultColumn};
use tusklet_error::{Error, Notice, Result};

use common::{Random, Still};

/// Everything a client would see, as text.
#[derive(Default)]
struct Transcript(String);

impl Transcript {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }
}

impl Output for Transcript {
    fn columns(&mut self, columns: &[ResultColumn], _: &[i16]) -> Result<()> {
        let names: Vec<String> = columns.iter().map(|c| format!("{}:{}", c.name, c.ty.oid)).collect();
        self.line(&names.join(" "));
        Ok(())
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], _: &[i16], batch: &Batch) -> Result<()> {
        for i in batch.sel.iter() {
            let mut row = Vec::new();
            for (c, v) in columns.iter().zip(&batch.columns) {
                let mut text = Vec::new();
                match v.is_null(i) {
                    true => text.extend_from_slice(b"null"),
                    false => write_text(cx, c.ty.oid, v.get(i), &mut text, &mut String::new())?,
                }
                row.push(String::from_utf8_lossy(&text).into_owned());
            }
            self.line(&row.join("|"));
        }
        Ok(())
    }

    fn complete(&mut self, tag: &Tag) {
        self.line(&tag.text());
    }

    fn suspended(&mut self) {}

    fn empty(&mut self) {
        self.line("empty");
    }

    fn error(&mut self, error: &Error, sql: &str) {
        let r = error.report();
        let at = if r.span.is_none() { 0 } else { char_position(sql, r.span.start) };
        self.line(&format!("{:?} {} {:?} {:?} {:?} at {at}", r.code, r.message, r.detail, r.constraint, r.column));
    }

    fn notice(&mut self, notice: &Notice, _: &str) {
        self.line(&notice.message);
    }

    fn setting(&mut self, _: &str, _: &str) {}
    fn notification(&mut self, _: u32, _: &str, _: &str) {}
    fn copy_in(&mut self, _: usize, _: bool) {}
    fn copy_out(&mut self, _: usize, _: bool) {}
    fn copy_data(&mut self, _: &[u8]) {}
    fn copy_done(&mut self) {}
}

fn session(straight: bool) -> Session {
    let cluster = Cluster::in_memory(Still::new(), tusklet_functions::KERNELS).expect("an engine");
    let session = cluster.connect("postgres", "postgres").expect("a session");
    session.shared.straight.set(straight);
    session
}

fn run(session: &mut Session, sql: &str) -> String {
    let mut out = Transcript::default();
    session.simple_query(sql, &mut out);
    while session.is_busy() {
        match session.step(&mut out) {
            Status::Done => break,
            Status::Blocked => {
                out.line("blocked");
                break;
            }
            _ => {}
        }
    }
    out.0
}

const TABLES: &str = "
    CREATE TABLE t (a int PRIMARY KEY, b int, c varchar(10), d numeric(6,2) CHECK (d >= 0), e text NOT NULL DEFAULT 'x', f date);
    CREATE INDEX ON t (b);
    CREATE UNIQUE INDEX ON t (c, b);
    CREATE TABLE u (a smallint, b bigint, c text);
    CREATE INDEX ON u (a);
    CREATE TABLE v (a int PRIMARY KEY, b int, g int GENERATED ALWAYS AS (b * 2) STORED);
    CREATE TABLE w (a int REFERENCES v, b int);
    CREATE INDEX ON w (b) WHERE b > 5;
    INSERT INTO u SELECT i % 300, i, 'u' || i FROM generate_series(1, 900) i;
    INSERT INTO v VALUES (1, 1), (2, 2), (3, 3);
";

/// A statement, or now and then none.
fn statement(r: &mut Random) -> String {
    let key = r.below(40) as i64 - 2;
    let n = r.below(400) as i64 - 20;
    let text = r.one(&["'one'", "'it''s'", "''", "'much too long for it'", "'x'", "NULL", "'back\\slash'", "'é'", "7"]);
    let number =
        r.one(&["1", "-1", "2.5", "0.005", "99999", "NULL", "'3'", "'x'", "3000000000", "12345678901234567890"]);
    let date = r.one(&["'2020-02-29'", "'2021-02-29'", "'now'", "NULL"]);
    match r.below(24) {
        0..=4 => format!("INSERT INTO t VALUES ({key}, {n}, {text}, {number}, 'e', {date})"),
        5 => format!("INSERT INTO t (a, c, e) VALUES ({key}, {text}, NULL)"),
        6 => format!("INSERT INTO u VALUES ({n}, {number}, {text})"),
        7 => format!("INSERT INTO v VALUES ({key}, {n})"),
        8 => format!("INSERT INTO w VALUES ({key}, {n})"),
        9 | 10 => format!("UPDATE t SET b = {n} WHERE a = {key}"),
        11 => format!("UPDATE t SET c = {text}, d = {number} WHERE a = {key}"),
        12 => format!("UPDATE t SET d = d + 1, b = b * 2 WHERE a >= {key} AND a < {n}"),
        13 => format!("UPDATE u SET c = {text} WHERE a = {n}"),
        14 => format!("UPDATE t SET a = {key} WHERE a = {n} AND e <> {text}"),
        15 => format!("DELETE FROM t WHERE a = {key}"),
        16 => format!("DELETE FROM u WHERE b = {n}"),
        17 => format!("UPDATE v SET b = {n} WHERE a = {key}"),
        18 => format!("SELECT * FROM t WHERE b BETWEEN {key} AND {n} ORDER BY a"),
        19 => format!("SELECT count(*), sum(b), min(c) FROM u WHERE a >= {key} AND a < {n}"),
        20 => format!("SELECT a, b + 1 AS x FROM u WHERE b = {n} OR a = {key} ORDER BY b, a LIMIT 3"),
        21 => format!("SELECT count(*) FROM w WHERE b = {n}"),
        22 => format!("UPDATE nowhere SET b = {n} WHERE a = {key}"),
        _ => r.one(&["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", ""]).to_string(),
    }
}

const STATE: &str =
    "SELECT ctid, * FROM t; SELECT ctid, * FROM u WHERE a < 0 OR b < 30; SELECT ctid, * FROM v; SELECT ctid, * FROM w";

#[test]
fn straight_paths_and_the_ordinary_route_agree() {
    for seed in 1..=4u64 {
        let mut r = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut a, mut b) = (session(true), session(false));
        assert_eq!(run(&mut a, TABLES), run(&mut b, TABLES));
        for step in 0..150 {
            let mut script = String::new();
            let first = statement(&mut r);
            for i in 0..1 + r.below(6) {
                // Statements of one kind in a row, as scripts have them.
                let s = if i == 0 || r.below(3) > 0 { first.clone() } else { statement(&mut r) };
                script.push_str(&s);
                script.push_str(r.one(&[";", "; ", ";\n", " ;"]));
            }
            assert_eq!(run(&mut a, &script), run(&mut b, &script), "seed {seed}, step {step}: {script}");
            if step % 10 == 9 {
                assert_eq!(run(&mut a, STATE), run(&mut b, STATE), "seed {seed}, step {step}: {script}");
            }
        }
    }
}

/// A straight write that meets another transaction waits as any other.
#[test]
fn who_is_in_the_way_is_waited_for() {
    let cluster = Cluster::in_memory(Still::new(), tusklet_functions::KERNELS).expect("an engine");
    let connect = || cluster.connect("postgres", "postgres").expect("a session");
    let (mut a, mut b) = (connect(), connect());
    run(&mut a, "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 2);");
    run(&mut a, "BEGIN; INSERT INTO t VALUES (3, 3); INSERT INTO t VALUES (4, 4); UPDATE t SET b = 5 WHERE a = 1;");
    let waiting = run(&mut b, "INSERT INTO t VALUES (5, 5); INSERT INTO t VALUES (3, 6); INSERT INTO t VALUES (7, 7);");
    assert_eq!(waiting, "INSERT 0 1\nblocked\n");
    run(&mut a, "ROLLBACK");
    let mut out = Transcript::default();
    while b.is_busy() && b.step(&mut out) != Status::Done {}
    assert_eq!(out.0, "INSERT 0 1\nINSERT 0 1\n");
    run(&mut a, "BEGIN; UPDATE t SET b = 9 WHERE a = 1;");
    let waiting = run(&mut b, "UPDATE t SET b = b + 1 WHERE a = 2; UPDATE t SET b = b + 1 WHERE a = 1; SELECT 1;");
    assert_eq!(waiting, "UPDATE 1\nblocked\n");
    run(&mut a, "COMMIT");
    let mut out = Transcript::default();
    while b.is_busy() && b.step(&mut out) != Status::Done {}
    assert_eq!(run(&mut b, "SELECT a, b FROM t ORDER BY a"), "a:23 b:23\n1|10\n2|3\n3|6\n5|5\n7|7\nSELECT 5\n");
}
