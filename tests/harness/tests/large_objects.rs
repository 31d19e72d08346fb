//! Large objects in a stored database: what was committed is there after reopening, from the log and from a checkpoint, and is
//! fetched from a slow host when a statement first needs it.

use std::rc::Rc;

use tusklet_engine::database::{Cluster, Environment};
use tusklet_engine::protocol::{Connection, Wait};
use tusklet_harness::wire;
use tusklet_storage::{MemorySink, Store};

struct Still;

impl Environment for Still {
    fn now(&self) -> i64 {
        0
    }

    fn entropy(&self) -> u64 {
        4
    }
}

struct Opened {
    store: Rc<Store>,
    connection: Connection,
}

fn open(disk: &MemorySink) -> Opened {
    let (manifest, log) = (disk.0.borrow().manifest.clone(), disk.0.borrow().log_bytes());
    let (store, _) = Store::open(Box::new(disk.clone()), manifest.as_deref(), &log).expect("the store opens");
    let store = Rc::new(store);
    let cluster = Cluster::in_memory(Rc::new(Still), tusklet_functions::KERNELS).expect("a cluster");
    cluster.add("stored", store.clone()).expect("a database");
    let mut opened = Opened { store, connection: Connection::new(cluster) };
    opened.ask(&wire::startup(&[("user", "postgres"), ("database", "stored")]));
    opened
}

impl Opened {
    /// Errors' texts and first columns of rows.
    fn ask(&mut self, bytes: &[u8]) -> Vec<String> {
        let c = &mut self.connection;
        c.feed(bytes);
        let mut all = Vec::new();
        for _ in 0..1000 {
            let wait = c.run();
            let had = c.has_output();
            all.extend(c.take_output());
            if !had && wait == Wait::Input {
                break;
            }
        }
        let mut said = Vec::new();
        while let Some(m) = wire::take(&mut all) {
            let text = String::from_utf8_lossy(&m.body);
            match m.kind {
                b'E' => said.extend(text.split('\0').find_map(|f| f.strip_prefix('M')).map(str::to_string)),
                b'D' => said.push(text.chars().skip(6).collect()),
                _ => {}
            }
        }
        said
    }

    fn query(&mut self, sql: &str) -> Vec<String> {
        self.ask(&wire::query(sql))
    }
}

#[test]
fn they_are_there_after_reopening() {
    let disk = MemorySink::default();
    let mut db = open(&disk);
    let before = disk.0.borrow().log.len();
    db.query("SELECT count(*) FROM pg_largeobject, pg_largeobject_metadata");
    assert_eq!(disk.0.borrow().log.len(), before, "looking makes nothing");
    db.query("SELECT lo_from_bytea(1001, repeat('abc', 1000)::bytea), lo_create(1002)");
    db.query("COMMENT ON LARGE OBJECT 1001 IS 'kept'; CREATE ROLE r; GRANT SELECT ON LARGE OBJECT 1001 TO r");
    db.query("BEGIN; SELECT lo_put(1001, 1, 'X'), lo_unlink(1002), lo_create(1003); ROLLBACK");
    db.query("BEGIN; SAVEPOINT a; SELECT lo_put(1001, 3, 'X'); ROLLBACK TO a; SELECT lo_put(1001, 4, 'Y'); COMMIT");
    let made = db.query("SELECT lo_from_bytea(0, 'numbered')");
    db.query("BEGIN; SELECT lo_put(1001, 0, 'never committed'), lo_create(1004)");
    let look = "SELECT substr(lo_get(1001), 1, 6) || length(lo_get(1001))::text::bytea; \
        SELECT count(*) FROM pg_largeobject_metadata; SELECT lomacl FROM pg_largeobject_metadata WHERE oid = 1001; \
        SELECT obj_description(1001, 'pg_largeobject')";
    let expected = ["\\x61626361596333303030", "3", "{postgres=rw/postgres,r=r/postgres}", "kept"];

    // From the log alone.
    let mut db = open(&disk);
    assert_eq!(db.query(look), expected);
    assert_ne!(db.query("SELECT lo_from_bytea(0, 'numbered')"), made, "a number is given once");
    db.query("SELECT lo_unlink(max(oid)::oid) FROM pg_largeobject_metadata");

    // From a checkpoint, whose segments come late.
    db.store.checkpoint().expect("a checkpoint");
    disk.0.borrow_mut().slow_loads = 7;
    let mut db = open(&disk);
    assert_eq!(db.query("SELECT 1"), ["1"]);
    assert_eq!(disk.0.borrow().slow_loads, 7, "nothing is fetched that nobody asked for");
    assert_eq!(db.query(look), expected);
    assert_eq!(disk.0.borrow().slow_loads, 0);
    disk.0.borrow_mut().slow_loads = 7;
    let mut db = open(&disk);
    assert_eq!(db.query("BEGIN; SELECT lo_open(1001, 262144); SELECT loread(0, 6); COMMIT"), ["0", "\\x616263615963"]);
    disk.0.borrow_mut().slow_loads = 7;
    let mut db = open(&disk);
    assert_eq!(db.query("SELECT count(data) FROM pg_largeobject WHERE loid = 1001"), ["2"]);
    assert_eq!(db.query("SELECT lo_put(1001, 0, 'again'); SELECT lo_get(1001, 0, 6)")[1], "\\x616761696e63");

    // And with what came after it.
    let mut db = open(&disk);
    assert_eq!(db.query("SELECT lo_get(1001, 0, 6)"), ["\\x616761696e63"]);
    assert_eq!(db.query("SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata"), ["3"]);
    assert_eq!(db.query("SELECT count(*) FROM pg_largeobject"), ["0"]);
    assert_eq!(db.query("SELECT lo_get(1001)"), ["large object 1001 does not exist"]);
}
