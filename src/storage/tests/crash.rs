//! What survives: every prefix of a log, every flipped bit, failing sinks, lost and torn checkpoints.

use std::collections::BTreeMap;
use std::rc::Rc;

use tusklet_error::SqlState;
use tusklet_storage::*;
use tusklet_vector::{BATCH, Datum, Phys, Value};

fn key(i: i32) -> Vec<u8> {
    let mut k = Vec::new();
    tusklet_vector::key::KeyPart::ASC.write(Datum::I32(i), &mut k);
    k
}

struct Rng(u64);

impl Rng {
    fn next(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

type Model = BTreeMap<i32, Vec<u8>>;

const OPTIONS: SequenceOptions = SequenceOptions { start: 1, increment: 1, min: 1, max: i64::MAX, cycle: false };

/// A database with one table, one unique index on its first column, a sequence; their numbers are in `meta`.
struct Db {
    store: Store,
    disk: MemorySink,
}

fn create() -> Db {
    let disk = MemorySink::default();
    let store = Store::new(Box::new(disk.clone()));
    let tx = store.begin();
    let t = store.create_table(&tx, &[Phys::I32, Phys::Bytes, Phys::F64]).unwrap();
    let i = store.create_index(&tx, t).unwrap();
    let q = store.create_sequence(&tx, OPTIONS).unwrap();
    for (k, v) in [("t", t), ("i", i), ("q", q)] {
        store.meta_put(&tx, k.as_bytes(), &v.0.to_le_bytes()).unwrap();
    }
    store.commit(&tx).unwrap();
    Db { store, disk }
}

fn rel(s: &Store, name: &str) -> Option<RelId> {
    s.meta_get(name.as_bytes()).map(|b| RelId(u32::from_le_bytes(b.try_into().unwrap())))
}

fn put(s: &Store, tx: &Tx, k: i32, v: &[u8]) {
    let (t, ix) = (s.table(rel(s, "t").unwrap()).unwrap(), s.index(rel(s, "i").unwrap()).unwrap());
    let snap = tx.snapshot();
    let row = [Datum::I32(k), Datum::Bytes(v), if k % 3 == 0 { Datum::Null } else { Datum::F64(k as f64) }];
    match ix.lookup(&snap, &key(k)) {
        Some(tid) => {
            let w = t.update(tx, &snap, tid, &row, false, RowLock::NoKeyUpdate).unwrap();
            assert!(matches!(w, Write::Done(_)));
        }
        None => {
            let tid = t.insert(tx, &row).unwrap();
            ix.insert(tx, &key(k), tid).unwrap();
        }
    }
    tx.next_command();
}

fn remove(s: &Store, tx: &Tx, k: i32) {
    let (t, ix) = (s.table(rel(s, "t").unwrap()).unwrap(), s.index(rel(s, "i").unwrap()).unwrap());
    let snap = tx.snapshot();
    if let Some(tid) = ix.lookup(&snap, &key(k)) {
        assert_eq!(t.delete(tx, &snap, tid).unwrap(), Write::Done(tid));
    }
    tx.next_command();
}

/// Gives a row another key, so that it gets new index entries.
fn rename(s: &Store, tx: &Tx, from: i32, to: i32) -> bool {
    let (t, ix) = (s.table(rel(s, "t").unwrap()).unwrap(), s.index(rel(s, "i").unwrap()).unwrap());
    let snap = tx.snapshot();
    let (Some(tid), None) = (ix.lookup(&snap, &key(from)), ix.lookup(&snap, &key(to))) else { return false };
    let text = t.row(tid).unwrap().get(1).to_value();
    let row = [Value::I32(to), text, if to % 3 == 0 { Value::Null } else { Value::F64(to as f64) }];
    let Write::Done(new) = t.update_values(tx, &snap, tid, &row, true, RowLock::Update).unwrap() else { panic!() };
    ix.insert(tx, &key(to), new).unwrap();
    tx.next_command();
    true
}

/// Contents by scan, checked against contents by index.
fn contents(s: &Store) -> Model {
    let mut got = Model::new();
    let Some(trel) = rel(s, "t") else { return got };
    while !s.load(trel).unwrap() {}
    let (t, ix) = (s.table(trel).unwrap(), s.index(rel(s, "i").unwrap()).unwrap());
    let tx = s.begin();
    let snap = tx.snapshot();
    let mut scan = TableScan::new(&t, (0..3).map(ScanColumn::Column).collect());
    while let Some(b) = scan.next(&snap).unwrap() {
        let c = &b.batch.columns;
        for i in b.batch.sel.iter() {
            let k = c[0].get(i).i32();
            assert_eq!(c[2].get(i), if k % 3 == 0 { Datum::Null } else { Datum::F64(k as f64) });
            assert!(got.insert(k, c[1].get(i).bytes().to_vec()).is_none(), "row {k} twice");
        }
    }
    let mut by_index = Vec::new();
    let mut scan = ix.scan(KeyRange::all(), false);
    while let Some(tid) = scan.next(&snap).unwrap() {
        by_index.push(t.row(tid).unwrap().get(0).i32());
    }
    assert!(by_index.iter().eq(got.keys()), "index and table differ");
    for k in got.keys() {
        let tid = ix.lookup(&snap, &key(*k)).unwrap();
        assert_eq!(t.row(tid).unwrap().get(0), Datum::I32(*k));
    }
    assert_eq!(t.live_rows() as usize, got.len());
    got
}

fn reopen(disk: &MemoryDisk) -> tusklet_error::Result<(Store, Recovery, MemorySink)> {
    let sink = MemorySink(Rc::new(std::cell::RefCell::new(disk.clone())));
    let (s, r) = Store::open(Box::new(sink.clone()), disk.manifest.as_deref(), &disk.log_bytes())?;
    Ok((s, r, sink))
}

fn random_transaction(db: &Db, r: &mut Rng, keys: u64, model: &mut Model) -> Option<Lsn> {
    let s = &db.store;
    let tx = s.begin();
    let mut next = model.clone();
    for _ in 0..1 + r.next(8) {
        let k = r.next(keys) as i32;
        let level = (r.next(6) == 0).then(|| (tx.savepoint(), next.clone()));
        if r.next(5) == 0 {
            remove(s, &tx, k);
            next.remove(&k);
        } else if r.next(6) == 0 {
            let to = r.next(keys) as i32;
            if rename(s, &tx, k, to) {
                let v = next.remove(&k).unwrap();
                next.insert(to, v);
            }
        } else {
            let v = vec![b'a' + r.next(26) as u8; r.next(40) as usize];
            put(s, &tx, k, &v);
            next.insert(k, v);
        }
        if let Some((level, was)) = level {
            if r.next(2) == 0 {
                s.rollback_to(&tx, level);
                next = was;
            } else {
                tx.release(level);
            }
        }
    }
    if r.next(5) == 0 {
        s.abort(&tx);
        return None;
    }
    let lsn = s.commit(&tx).unwrap();
    *model = next;
    lsn
}

#[test]
fn every_prefix_of_a_log_is_a_past_state_and_checkpoints_change_nothing() {
    for seed in 1..5u64 {
        let mut r = Rng(seed * 7919);
        let db = create();
        let mut model = Model::new();
        let mut states: BTreeMap<Lsn, Model> = BTreeMap::from([(Lsn(0), Model::new())]);
        // Few keys fill groups with versions of few rows; many keys fill groups with rows.
        let keys = if seed % 2 == 0 { 300 } else { 6000 };
        // One transaction stays open across checkpoints and vacuums, and commits long after it wrote.
        let mut running = db.store.begin();
        put(&db.store, &running, -1, b"not yet committed");
        for step in 0..2000 {
            if let Some(lsn) = random_transaction(&db, &mut r, keys, &mut model) {
                states.insert(lsn, model.clone());
            }
            if r.next(80) == 0 {
                let lsn = db.store.commit(&running).unwrap().unwrap();
                model.insert(-1, b"not yet committed".to_vec());
                states.insert(lsn, model.clone());
                running = db.store.begin();
                if r.next(3) == 0 {
                    remove(&db.store, &running, -1);
                }
                put(&db.store, &running, -1, b"not yet committed");
            }
            if r.next(100) == 0 {
                db.store.vacuum(rel(&db.store, "t").unwrap()).unwrap();
            }
            if r.next(300) == 0 {
                assert!(matches!(db.store.checkpoint().unwrap(), Checkpointed::Done { .. }));
            }
            if step % 500 == 250 || r.next(300) == 0 {
                let disk = db.disk.0.borrow().clone();
                // All of it, then cut: at a record's end, inside of one, and everything.
                let n = disk.log.len();
                for cut in [n, n.saturating_sub(1), r.next(n as u64 + 1) as usize, 0] {
                    let mut d = disk.clone();
                    d.log.truncate(cut);
                    let base = d.log.last().map(|e| e.0);
                    if cut < n && r.next(2) == 0 {
                        let mut torn = disk.log[cut].clone();
                        let keep = r.next(torn.1.len() as u64) as usize;
                        torn.1.truncate(keep);
                        d.log.push(torn);
                    }
                    let (s, rec, _) = reopen(&d).unwrap();
                    let at = base.unwrap_or(rec.last);
                    assert_eq!(rec.last, at);
                    let want = states.range(..=at).next_back().unwrap().1;
                    assert_eq!(&contents(&s), want, "seed {seed} step {step} lsn {at:?}");
                }
            }
        }
        // What was opened is a database like any other: go on with it, twice.
        let mut db = db;
        for _ in 0..3 {
            let disk = db.disk.0.borrow().clone();
            let (s, _, sink) = reopen(&disk).unwrap();
            db = Db { store: s, disk: sink };
            db.disk.0.borrow_mut().slow_loads = 3;
            assert_eq!(contents(&db.store), model);
            for _ in 0..400 {
                random_transaction(&db, &mut r, keys, &mut model);
            }
            assert_eq!(contents(&db.store), model);
            if r.next(2) == 0 {
                db.store.checkpoint().unwrap();
            }
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let db = create();
    let mut model = Model::new();
    let mut states = vec![Model::new(), Model::new()];
    for i in 0..4 {
        let tx = db.store.begin();
        put(&db.store, &tx, i, b"some value that is not short");
        db.store.commit(&tx).unwrap();
        model.insert(i, b"some value that is not short".to_vec());
        states.push(model.clone());
    }
    let disk = db.disk.0.borrow().clone();
    let log = disk.log_bytes();
    let (mut refused, mut cut) = (0, 0);
    for i in 0..log.len() {
        for bit in [0, 3, 7] {
            let mut bad = log.clone();
            bad[i] ^= 1 << bit;
            match Store::open(Box::new(NoLog), None, &bad) {
                Err(e) => {
                    assert_eq!(e.code(), SqlState::DATA_CORRUPTED);
                    refused += 1;
                }
                Ok((s, rec)) => {
                    // Only the last record may be taken for one that was being written.
                    assert_eq!((rec.last, contents(&s)), (Lsn(4), states[4].clone()));
                    assert!(rec.dropped_bytes > 0);
                    cut += 1;
                }
            }
        }
    }
    assert!(refused > 0 && cut > 0);
    for n in 0..log.len() {
        let (s, rec) = Store::open(Box::new(NoLog), None, &log[..n]).unwrap();
        assert_eq!(contents(&s), states[rec.last.0 as usize]);
        assert_eq!(rec.valid_bytes + rec.dropped_bytes, n);
    }
    // A record that is missing, or out of order, is not passed over.
    let mut d = disk.clone();
    d.log.remove(2);
    assert!(reopen(&d).is_err_and(|e| e.code() == SqlState::DATA_CORRUPTED));
    let mut d = disk;
    d.log.swap(2, 3);
    assert!(reopen(&d).is_err_and(|e| e.code() == SqlState::DATA_CORRUPTED));
}

#[test]
fn damaged_manifests_and_segments_are_errors_and_lost_checkpoints_are_nothing() {
    let db = create();
    let mut model = Model::new();
    let mut r = Rng(99);
    for _ in 0..60 {
        random_transaction(&db, &mut r, 50, &mut model);
    }
    db.disk.0.borrow_mut().drop_checkpoints = true;
    db.store.checkpoint().unwrap();
    let lost = db.disk.0.borrow().clone();
    assert!(lost.manifest.is_none());
    assert_eq!(contents(&reopen(&lost).unwrap().0), model);

    let disk = lost;
    let (s, _, sink) = reopen(&disk).unwrap();
    contents(&s);
    sink.0.borrow_mut().drop_checkpoints = false;
    assert!(matches!(s.checkpoint().unwrap(), Checkpointed::Done { segments: 2.., .. }));
    assert!(sink.0.borrow().log.is_empty());
    let disk = sink.0.borrow().clone();
    assert_eq!(contents(&reopen(&disk).unwrap().0), model);
    // Nothing changed: nothing to write, and the old log is passed over if it is still there.
    assert!(matches!(s.checkpoint().unwrap(), Checkpointed::Done { segments: 0, .. }));
    let manifest = disk.manifest.clone().unwrap();
    for i in 0..manifest.len() {
        let mut d = disk.clone();
        d.manifest.as_mut().unwrap()[i] ^= 0x10;
        assert!(reopen(&d).is_err(), "byte {i}");
        let mut d = disk.clone();
        d.manifest.as_mut().unwrap().truncate(i);
        assert!(reopen(&d).is_err());
    }
    for name in disk.segments.keys() {
        for spoil in 0..3 {
            let mut d = disk.clone();
            match spoil {
                0 => drop(d.segments.remove(name)),
                1 => d.segments.get_mut(name).unwrap()[30] ^= 1,
                _ => d.segments.get_mut(name).unwrap().truncate(20),
            }
            let (s, ..) = reopen(&d).unwrap();
            let t = rel(&s, "t").unwrap();
            assert_eq!(s.load(t).unwrap_err().code(), SqlState::DATA_CORRUPTED);
            assert!(s.table(t).is_err() && s.load(t).is_err(), "it stays unusable rather than half there");
        }
    }
}

#[test]
fn a_sink_that_fails_fails_the_commit_and_nothing_of_it_shows() {
    let db = create();
    let s = &db.store;
    let tx = s.begin();
    put(s, &tx, 1, b"kept");
    s.commit(&tx).unwrap();
    db.disk.0.borrow_mut().broken = true;
    let tx = s.begin();
    put(s, &tx, 2, b"lost");
    s.meta_put(&tx, b"x", b"y").unwrap();
    assert!(s.commit(&tx).is_err());
    s.abort(&tx);
    assert!(s.checkpoint().is_err());
    assert_eq!(contents(s).into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(s.meta_get(b"x"), None);
    assert!(s.log_failure().is_some());
    assert!(s.commit(&s.begin()).unwrap().is_none(), "reading goes on");
    let disk = db.disk.0.borrow().clone();
    assert_eq!(contents(&reopen(&disk).unwrap().0).len(), 1);
}

#[test]
fn sequences_never_give_a_value_twice() {
    let db = create();
    let q = rel(&db.store, "q").unwrap();
    let mut given = Vec::new();
    let mut r = Rng(5);
    let mut db = db;
    for round in 0..20 {
        for _ in 0..r.next(70) {
            let NextValue::Value(v) = db.store.nextval(q).unwrap() else { panic!() };
            assert!(given.last().is_none_or(|l| v > *l), "{v} after {given:?}");
            given.push(v);
        }
        if round % 3 == 1 {
            db.store.checkpoint().unwrap();
        }
        let disk = db.disk.0.borrow().clone();
        let (store, _, sink) = reopen(&disk).unwrap();
        db = Db { store, disk: sink };
    }
    assert!(given.last().unwrap() - (given.len() as i64) < 20 * 33);
    db.store.setval(q, i64::MAX, true).unwrap();
    assert_eq!(db.store.nextval(q).unwrap(), NextValue::Exhausted(i64::MAX));
    let o = SequenceOptions { start: -1, increment: -2, min: -6, max: -1, cycle: true };
    let tx = db.store.begin();
    let c = db.store.create_sequence(&tx, o).unwrap();
    db.store.commit(&tx).unwrap();
    let got: Vec<_> = (0..5).map(|_| db.store.nextval(c).unwrap()).collect();
    assert_eq!(got, [-1, -3, -5, -1, -3].map(NextValue::Value));
}

#[test]
fn definitions_survive_and_big_tables_are_written_once() {
    let db = create();
    let s = &db.store;
    let t = rel(s, "t").unwrap();
    let tx = s.begin();
    for k in 0..3 * BATCH as i32 + 100 {
        put(s, &tx, k, b"v");
    }
    s.commit(&tx).unwrap();
    let Checkpointed::Done { segments: first, .. } = s.checkpoint().unwrap() else { panic!() };
    assert!(first >= 5);
    let tx = s.begin();
    put(s, &tx, 2 * BATCH as i32 + 7, b"changed");
    s.commit(&tx).unwrap();
    let Checkpointed::Done { segments: second, .. } = s.checkpoint().unwrap() else { panic!() };
    assert!(second <= 2, "{second} segments for one changed row");

    let tx = s.begin();
    s.add_column(&tx, t, Phys::I64, &Value::I64(5)).unwrap();
    s.drop_column(&tx, t, 1).unwrap();
    let extra = s.create_table(&tx, &[Phys::I16]).unwrap();
    s.table(extra).unwrap().insert(&tx, &[Datum::I16(3)]).unwrap();
    let ix = s.create_index(&tx, t).unwrap();
    let table = s.table(t).unwrap();
    let snap = tx.snapshot();
    let mut pairs = Vec::new();
    let mut scan = TableScan::new(&table, vec![ScanColumn::Column(0)]);
    while let Some(b) = scan.next(&snap).unwrap() {
        pairs.extend(b.batch.sel.iter().map(|i| (key(-b.batch.columns[0].get(i).i32()), b.tid(i))));
    }
    s.index(ix).unwrap().build(&tx, pairs.into_iter().collect()).unwrap();
    let q = rel(s, "q").unwrap();
    s.drop_rel(&tx, q).unwrap();
    s.commit(&tx).unwrap();
    for checkpoint in [false, true] {
        if checkpoint {
            s.checkpoint().unwrap();
        }
        let disk = db.disk.0.borrow().clone();
        let (o, ..) = reopen(&disk).unwrap();
        assert!(o.load(t).unwrap() && o.load(extra).unwrap());
        let tx = o.begin();
        let snap = tx.snapshot();
        let tid = o.index(ix).unwrap().lookup(&snap, &key(-(2 * BATCH as i32 + 7))).unwrap();
        let table = o.table(t).unwrap();
        let row = table.row(tid).unwrap();
        assert_eq!(
            (row.get(0), row.get(1), row.get(3)),
            (Datum::I32(2 * BATCH as i32 + 7), Datum::Null, Datum::I64(5))
        );
        assert_eq!(o.table(extra).unwrap().live_rows(), 1);
        assert!(o.nextval(q).is_err());
        assert!(o.next_xid() >= s.next_xid());
    }
}
