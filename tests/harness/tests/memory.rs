//! When memory runs out: the statement ends with 53200, what was stored before is there, and the session goes on.

use std::cell::Cell;
use std::rc::Rc;

use tusklet_engine::database::{Cluster, Environment};
use tusklet_engine::protocol::{Connection, Wait};
use tusklet_harness::wire;

/// Says that memory is exhausted after being asked so often.
struct Small {
    asks: Cell<u32>,
}

impl Environment for Small {
    fn now(&self) -> i64 {
        0
    }

    fn entropy(&self) -> u64 {
        4
    }

    fn memory_exhausted(&self) -> bool {
        self.asks.set(self.asks.get().saturating_sub(1));
        self.asks.get() == 0
    }
}

/// Errors' SQLSTATEs and first columns of rows that a query answers.
fn ask(c: &mut Connection, bytes: &[u8]) -> Vec<String> {
    c.feed(bytes);
    let mut all = Vec::new();
    while c.run() == Wait::Turn || c.has_output() {
        all.extend(c.take_output());
    }
    let mut said = Vec::new();
    while let Some(m) = wire::take(&mut all) {
        let text = String::from_utf8_lossy(&m.body);
        match m.kind {
            b'E' => said.extend(text.split('\0').find_map(|f| f.strip_prefix('C')).map(str::to_string)),
            b'D' => said.push(text.chars().skip(6).collect()),
            _ => {}
        }
    }
    said
}

#[test]
fn a_statement_without_memory_ends_alone() {
    let world = Rc::new(Small { asks: Cell::new(u32::MAX) });
    let cluster = Cluster::in_memory(world.clone(), tusklet_functions::KERNELS).expect("a cluster");
    let mut c = Connection::new(cluster);
    ask(&mut c, &wire::startup(&[("user", "postgres"), ("database", "postgres")]));
    assert!(ask(&mut c, &wire::query("CREATE TABLE t AS SELECT 1 AS a")).is_empty());
    for greedy in [
        "INSERT INTO t SELECT g FROM generate_series(1, 200000) g",
        "SELECT count(*) FROM (SELECT g FROM generate_series(1, 200000) g ORDER BY g::text) q",
        "SELECT count(*) FROM (SELECT DISTINCT g::text FROM generate_series(1, 200000) g) q",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    ] {
        world.asks.set(2);
        assert_eq!(ask(&mut c, &wire::query(greedy)), ["53200"], "{greedy}");
        world.asks.set(u32::MAX);
        assert_eq!(ask(&mut c, &wire::query("SELECT count(*) FROM t")), ["1"], "after {greedy}");
    }
}
