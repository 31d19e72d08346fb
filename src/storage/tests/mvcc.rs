//! Visibility, outcomes of writes, locks, unique checks, savepoints and vacuum, through the public API.

use std::rc::Rc;

use tusklet_storage::*;
use tusklet_vector::{BATCH, Batch, Datum, Phys, Sel, Value, Vector};

fn store() -> (Store, RelId) {
    let s = Store::in_memory();
    let tx = s.begin();
    let rel = s.create_table(&tx, &[Phys::I32, Phys::Bytes]).unwrap();
    s.commit(&tx).unwrap();
    (s, rel)
}

fn row(i: i32) -> [Datum<'static>; 2] {
    [Datum::I32(i), Datum::Bytes(b"a value of more than twelve bytes")]
}

fn all(s: &Store, rel: RelId, snap: &Snapshot) -> Vec<i32> {
    let t = s.table(rel).unwrap();
    let mut scan = TableScan::new(&t, vec![ScanColumn::Column(0)]);
    let mut out = Vec::new();
    while let Some(b) = scan.next(snap).unwrap() {
        out.extend(b.batch.sel.iter().map(|i| b.batch.columns[0].get(i).i32()));
    }
    out
}

fn now(s: &Store, rel: RelId) -> Vec<i32> {
    all(s, rel, &s.begin().snapshot())
}

fn key(i: i32) -> Vec<u8> {
    let mut k = Vec::new();
    tusklet_vector::key::KeyPart::ASC.write(Datum::I32(i), &mut k);
    k
}

#[test]
fn a_snapshot_sees_what_was_committed_before_it_and_its_own_earlier_commands() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let before = s.begin().snapshot();
    t.insert(&a, &row(1)).unwrap();
    assert!(all(&s, rel, &a.snapshot()).is_empty(), "own command");
    a.next_command();
    let own = a.snapshot();
    assert_eq!(all(&s, rel, &own), [1]);
    t.insert(&a, &row(2)).unwrap();
    a.next_command();
    assert_eq!(all(&s, rel, &own), [1]);
    assert_eq!(all(&s, rel, &own.at_current_command()), [1, 2]);
    let during = s.begin().snapshot();
    s.commit(&a).unwrap();
    assert!(all(&s, rel, &before).is_empty());
    assert!(all(&s, rel, &during).is_empty());
    assert_eq!(now(&s, rel), [1, 2]);
    let b = s.begin();
    t.insert(&b, &row(3)).unwrap();
    s.abort(&b);
    assert_eq!(now(&s, rel), [1, 2]);
    assert_eq!(t.live_rows(), 2);
    assert_eq!(s.xid_status(b.xid().unwrap()), XidStatus::Aborted);
}

#[test]
fn an_updated_row_comes_last_and_writers_learn_of_each_other() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let tids: Vec<Tid> = (1..=3).map(|i| t.insert(&a, &row(i)).unwrap()).collect();
    assert_eq!(tids[0].to_string(), "(0,1)");
    s.commit(&a).unwrap();

    let (b, c) = (s.begin(), s.begin());
    let (sb, sc) = (b.snapshot(), c.snapshot());
    let Write::Done(new) = t.update(&b, &sb, tids[0], &row(10), false, RowLock::NoKeyUpdate).unwrap() else { panic!() };
    assert_eq!(t.delete(&b, &sb, tids[0]).unwrap(), Write::SelfModified);
    assert_eq!(t.delete(&b, &sb, new).unwrap(), Write::Invisible);
    let Write::Blocked(w) = t.delete(&c, &sc, tids[0]).unwrap() else { panic!() };
    assert_eq!((w.tx, w.xid), (b.no(), b.xid().unwrap()));
    assert!(!s.wait_over(&w));
    // A key share lock goes past an update that changes no key.
    assert_eq!(t.lock_row(&c, &sc, tids[0], RowLock::KeyShare).unwrap(), Write::Done(tids[0]));
    assert!(matches!(t.lock_row(&c, &sc, tids[0], RowLock::Share).unwrap(), Write::Blocked(_)));
    s.commit(&b).unwrap();
    assert!(s.wait_over(&w));
    assert_eq!(t.delete(&c, &sc, tids[0]).unwrap(), Write::Updated(new));
    assert_eq!(t.latest(tids[0]), new);
    assert_eq!(now(&s, rel), [2, 3, 10]);
    assert_eq!(all(&s, rel, &sc), [1, 2, 3]);
    s.abort(&c);

    let (d, e) = (s.begin(), s.begin());
    let (sd, se) = (d.snapshot(), e.snapshot());
    assert_eq!(t.lock_row(&d, &sd, tids[1], RowLock::Share).unwrap(), Write::Done(tids[1]));
    assert_eq!(t.lock_row(&e, &se, tids[1], RowLock::Share).unwrap(), Write::Done(tids[1]));
    assert!(matches!(t.delete(&e, &se, tids[1]).unwrap(), Write::Blocked(_)));
    s.commit(&d).unwrap();
    assert_eq!(t.delete(&e, &se, tids[1]).unwrap(), Write::Done(tids[1]));
    s.commit(&e).unwrap();
    let f = s.begin();
    assert_eq!(t.delete(&f, &sd, tids[1]).unwrap(), Write::Deleted);
}

#[test]
fn savepoints_roll_back_their_rows_locks_definitions_and_wake_waiters() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let one = t.insert(&a, &row(1)).unwrap();
    s.commit(&a).unwrap();
    let b = s.begin();
    t.insert(&b, &row(2)).unwrap();
    b.next_command();
    let sp = b.savepoint();
    t.insert(&b, &row(3)).unwrap();
    let other = s.create_table(&b, &[Phys::I64]).unwrap();
    s.meta_put(&b, b"k", b"v").unwrap();
    assert_eq!(s.lock_table(&b, LockTag(5), LockMode::AccessExclusive), TableLock::Granted);
    assert!(matches!(t.delete(&b, &b.snapshot(), one).unwrap(), Write::Done(_)));
    let inner = b.savepoint();
    t.insert(&b, &row(4)).unwrap();
    b.release(inner);
    b.next_command();
    assert_eq!(all(&s, rel, &b.snapshot()), [2, 3, 4]);
    let c = s.begin();
    let TableLock::Wait(w) = s.lock_table(&c, LockTag(5), LockMode::AccessShare) else { panic!() };
    let Write::Blocked(w2) = t.delete(&c, &c.snapshot(), one).unwrap() else { panic!() };
    s.set_waiting(c.no(), Some(w.tx));
    assert!(s.would_deadlock(b.no(), c.no()) && !s.would_deadlock(c.no(), b.no()));
    s.rollback_to(&b, sp);
    assert!(s.wait_over(&w) && s.wait_over(&w2));
    s.set_waiting(c.no(), None);
    assert_eq!(s.lock_table(&c, LockTag(5), LockMode::AccessShare), TableLock::Granted);
    assert!(s.table(other).is_err());
    assert_eq!(all(&s, rel, &b.snapshot()), [1, 2]);
    s.commit(&b).unwrap();
    assert!(matches!(t.delete(&c, &c.snapshot(), one).unwrap(), Write::Done(_)));
    s.commit(&c).unwrap();
    assert_eq!(s.meta_get(b"k"), None);
    assert_eq!(now(&s, rel), [2]);
    assert_eq!(t.live_rows(), 1);
}

#[test]
fn unique_checks_wait_for_whoever_may_still_change_the_answer() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let irel = s.create_index(&a, rel).unwrap();
    s.commit(&a).unwrap();
    let ix = s.index(irel).unwrap();
    let put = |tx: &Tx, i: i32| {
        let tid = t.insert(tx, &row(i)).unwrap();
        ix.insert(tx, &key(i), tid).unwrap();
        tid
    };
    let (a, b) = (s.begin(), s.begin());
    let one = put(&a, 1);
    assert!(matches!(ix.check_unique(&b, &key(1), None).unwrap(), Unique::Wait(w) if w.tx == a.no()));
    assert_eq!(ix.check_unique(&a, &key(1), None).unwrap(), Unique::Conflict(one));
    assert_eq!(ix.check_unique(&a, &key(1), Some(one)).unwrap(), Unique::Free);
    assert_eq!(ix.check_unique(&b, &key(2), None).unwrap(), Unique::Free);
    s.commit(&a).unwrap();
    assert_eq!(ix.check_unique(&b, &key(1), None).unwrap(), Unique::Conflict(one));
    // A chain of versions that keep the key counts once, at its end; deleting frees the key for oneself at once.
    let snap = b.snapshot();
    let Write::Done(two) = t.update(&b, &snap, one, &row(1), false, RowLock::NoKeyUpdate).unwrap() else { panic!() };
    b.next_command();
    assert_eq!(ix.check_unique(&b, &key(1), None).unwrap(), Unique::Conflict(two));
    assert_eq!(ix.lookup(&b.snapshot(), &key(1)), Some(two));
    assert_eq!(ix.lookup(&snap, &key(1)), Some(one));
    assert_eq!(t.delete(&b, &b.snapshot(), two).unwrap(), Write::Done(two));
    assert_eq!(ix.check_unique(&b, &key(1), None).unwrap(), Unique::Free);
    let c = s.begin();
    assert!(matches!(ix.check_unique(&c, &key(1), None).unwrap(), Unique::Wait(_)));
    s.abort(&b);
    assert_eq!(ix.check_unique(&c, &key(1), None).unwrap(), Unique::Conflict(one));
}

#[test]
fn batches_are_adopted_lent_and_never_change_under_their_reader() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let mut ints = Vector::zeroed(Phys::I32, BATCH);
    ints.i32s_mut().iter_mut().enumerate().for_each(|(i, v)| *v = i as i32);
    let ints = Rc::new(ints);
    let text = Rc::new(Vector::zeroed(Phys::Bytes, BATCH));
    let batch = Batch::new(vec![ints.clone(), text.clone()], BATCH);
    let mut tids = Vec::new();
    t.insert_batch(&a, &batch, Some(&mut tids)).unwrap();
    let some = Batch { columns: vec![ints.clone(), text], sel: Sel::Rows(Rc::new(vec![5, 7, 2000])) };
    t.insert_batch(&a, &some, None).unwrap();
    s.commit(&a).unwrap();
    assert_eq!(tids.len(), BATCH);
    let b = s.begin();
    let snap = b.snapshot();
    let mut scan = TableScan::new(&t, vec![ScanColumn::Column(0), ScanColumn::Ctid]);
    let one = scan.next(&snap).unwrap().unwrap();
    assert!(Rc::ptr_eq(&one.batch.columns[0], &ints), "adopted and lent without a copy");
    assert!(matches!(one.batch.sel, Sel::All(BATCH)));
    assert_eq!(one.batch.columns[1].get(3), Datum::I64(one.tid(3).0));
    let two = scan.next(&snap).unwrap().unwrap();
    t.insert(&b, &row(99)).unwrap();
    assert_eq!(two.batch.columns[0].len(), 3);
    assert!(scan.next(&snap).unwrap().is_none());
    b.next_command();
    let mut scan =
        TableScan::new(&t, vec![ScanColumn::Column(0)]).with_range(Some(Tid::new(0, 2046)), Some(Tid::new(1, 1)));
    let snap = b.snapshot();
    let mut got = Vec::new();
    while let Some(x) = scan.next(&snap).unwrap() {
        got.extend(x.batch.sel.iter().map(|i| x.batch.columns[0].get(i).i32()));
    }
    assert_eq!(got, [2046, 2047, 5, 7]);
    // Zone maps rule the full group out, the open one is always looked at.
    let f = ZoneFilter::new(0, Some(Datum::I32(5000)), None).unwrap();
    let mut scan = TableScan::new(&t, vec![ScanColumn::Column(0)]).with_filters(vec![f]);
    assert_eq!(scan.next(&snap).unwrap().unwrap().group, 1);
}

#[test]
fn columns_come_with_their_missing_value_and_go_with_their_transaction() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    t.insert(&a, &row(1)).unwrap();
    s.commit(&a).unwrap();
    let b = s.begin();
    let sp = b.savepoint();
    assert_eq!(s.add_column(&b, rel, Phys::I64, &Value::I64(7)).unwrap(), 2);
    s.rollback_to(&b, sp);
    assert_eq!(t.column_count(), 2);
    s.add_column(&b, rel, Phys::I64, &Value::I64(8)).unwrap();
    t.insert(&b, &[Datum::I32(2), Datum::Null, Datum::I64(9)]).unwrap();
    s.drop_column(&b, rel, 0).unwrap();
    s.commit(&b).unwrap();
    let c = s.begin();
    let snap = c.snapshot();
    let mut out = Vec::new();
    assert_eq!(t.fetch_into(&snap, Tid::new(0, 0), &[0, 2], &mut out), Some(Tid::new(0, 0)));
    assert_eq!(out, [Value::Null, Value::I64(8)]);
    assert_eq!(t.fetch(&snap, Tid::new(0, 1)).unwrap().get(2), Datum::I64(9));
    assert!(t.insert(&c, &row(1)).is_err());
    let held = t.row(Tid::new(0, 0)).unwrap();
    assert!(t.insert_values(&c, &[Value::Null, Value::Null, Value::Null]).is_err(), "refused, not a panic");
    drop(held);
    assert!(t.insert_values(&c, &[Value::Null, Value::Null, Value::Null]).is_ok());
}

/// A model of a table with an index, under random committed and aborted work of all kinds, vacuum included.
#[test]
fn heap_index_and_vacuum_agree_with_a_model() {
    use std::collections::BTreeMap;
    for seed in 0..6u64 {
        let (s, rel) = store();
        let t = s.table(rel).unwrap();
        let a = s.begin();
        let irel = s.create_index(&a, rel).unwrap();
        s.commit(&a).unwrap();
        let ix = s.index(irel).unwrap();
        let mut r = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut rnd = move |n: u64| {
            r ^= r << 13;
            r ^= r >> 7;
            r ^= r << 17;
            (r >> 11) % n
        };
        let mut model: BTreeMap<i32, i32> = BTreeMap::new();
        let old_tx = s.begin();
        let mut held: Option<(Snapshot, BTreeMap<i32, i32>)> = None;
        let long = [Datum::Bytes(b"some long value, number one"), Datum::Bytes(b"another long value, second")];
        for step in 0..3000 {
            let tx = s.begin();
            let mut next = model.clone();
            for _ in 0..rnd(6) {
                tx.next_command();
                let snap = tx.snapshot();
                let k = rnd(3000) as i32;
                match (ix.lookup(&snap, &key(k)), rnd(10)) {
                    (None, _) => {
                        assert!(!next.contains_key(&k));
                        assert_eq!(ix.check_unique(&tx, &key(k), None).unwrap(), Unique::Free);
                        let tid = t.insert(&tx, &[Datum::I32(k), long[0]]).unwrap();
                        ix.insert(&tx, &key(k), tid).unwrap();
                        next.insert(k, 0);
                    }
                    (Some(tid), 0..7) => {
                        let d = [Datum::I32(k), long[1]];
                        assert!(matches!(
                            t.update(&tx, &snap, tid, &d, false, RowLock::NoKeyUpdate).unwrap(),
                            Write::Done(_)
                        ));
                        next.insert(k, 1);
                    }
                    (Some(tid), 7..9) => {
                        let k2 = rnd(3000) as i32;
                        if ix.lookup(&snap, &key(k2)).is_some() {
                            continue;
                        }
                        let v = next.remove(&k).unwrap();
                        let d = [Datum::I32(k2), long[v as usize]];
                        let w = t.update(&tx, &snap, tid, &d, true, RowLock::Update).unwrap();
                        let Write::Done(new) = w else { panic!("{w:?}") };
                        ix.insert(&tx, &key(k2), new).unwrap();
                        next.insert(k2, v);
                    }
                    (Some(tid), _) => {
                        assert_eq!(t.delete(&tx, &snap, tid).unwrap(), Write::Done(tid));
                        next.remove(&k);
                    }
                }
            }
            if rnd(4) == 0 {
                s.abort(&tx);
            } else {
                s.commit(&tx).unwrap();
                model = next;
            }
            if rnd(50) == 0 {
                s.vacuum(rel).unwrap();
            }
            if step % 97 == 0 {
                if let Some((snap, was)) = held.take() {
                    verify(&t, &ix, &snap, &was);
                }
                if rnd(2) == 0 {
                    held = Some((old_tx.snapshot(), model.clone()));
                }
                verify(&t, &ix, &s.begin().snapshot(), &model);
            }
        }
        drop(held);
        s.vacuum(rel).unwrap();
        verify(&t, &ix, &s.begin().snapshot(), &model);
        assert_eq!(t.live_rows() as usize, model.len());
        assert!(t.slots() <= model.len() * 2 + 3 * BATCH, "{} slots for {} rows", t.slots(), model.len());
    }
}

fn verify(t: &Rc<Table>, ix: &Rc<Index>, snap: &Snapshot, model: &std::collections::BTreeMap<i32, i32>) {
    let mut scan = TableScan::new(t, vec![ScanColumn::Column(0), ScanColumn::Column(1)]);
    let mut got = Vec::new();
    while let Some(b) = scan.next(snap).unwrap() {
        let c = &b.batch.columns;
        got.extend(b.batch.sel.iter().map(|i| (c[0].get(i).i32(), c[1].get(i).bytes()[0] as i32)));
    }
    got.sort();
    let want: Vec<(i32, i32)> = model.iter().map(|(k, v)| (*k, if *v == 0 { b's' } else { b'a' } as i32)).collect();
    assert_eq!(got, want);
    for backward in [false, true] {
        let mut scan = ix.scan(KeyRange::between(Some((&key(100), false)), Some((&key(2000), true))), backward);
        let mut keys = Vec::new();
        while let Some(tid) = scan.next(snap).unwrap() {
            keys.push(t.row(tid).unwrap().get(0).i32());
        }
        if backward {
            keys.reverse();
        }
        let want: Vec<i32> = model.range(101..=2000).map(|e| *e.0).collect();
        assert_eq!(keys, want);
    }
}

#[test]
fn tables_updated_over_and_over_stay_small() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let irel = s.create_index(&a, rel).unwrap();
    let ix = s.index(irel).unwrap();
    for i in 0..25_000 {
        let tid = t.insert(&a, &row(i)).unwrap();
        ix.insert(&a, &key(i), tid).unwrap();
    }
    s.commit(&a).unwrap();
    for round in 0..3 {
        for i in 0..25_000 {
            let i = (i * 7919) % 25_000;
            let tx = s.begin();
            let snap = tx.snapshot();
            let tid = ix.lookup(&snap, &key(i)).unwrap();
            assert!(matches!(t.update(&tx, &snap, tid, &row(i), false, RowLock::NoKeyUpdate).unwrap(), Write::Done(_)));
            drop(snap);
            s.commit(&tx).unwrap();
        }
        assert!(t.slots() < 33_000, "round {round}: {} slots", t.slots());
    }
    s.vacuum(rel).unwrap();
    assert!(t.slots() < 27_100, "{} slots", t.slots());
    assert!(now(&s, rel).iter().copied().take(20_000).eq(0..20_000), "rows are back where they were");
    // One row of a tiny table, over and over, with a key that changes each time.
    let tx = s.begin();
    let rel = s.create_table(&tx, &[Phys::I32, Phys::Bytes]).unwrap();
    let irel = s.create_index(&tx, rel).unwrap();
    let (t, ix) = (s.table(rel).unwrap(), s.index(irel).unwrap());
    let tid = t.insert(&tx, &row(0)).unwrap();
    ix.insert(&tx, &key(0), tid).unwrap();
    s.commit(&tx).unwrap();
    for i in 0..20_000 {
        let tx = s.begin();
        let snap = tx.snapshot();
        let tid = ix.lookup(&snap, &key(i)).unwrap();
        let Write::Done(new) = t.update(&tx, &snap, tid, &row(i + 1), true, RowLock::Update).unwrap() else { panic!() };
        ix.insert(&tx, &key(i + 1), new).unwrap();
        drop(snap);
        s.commit(&tx).unwrap();
    }
    assert!(t.slots() <= 2 * BATCH && ix.len() < 4000, "{} slots, {} entries", t.slots(), ix.len());
    assert!(t.memory() < 1 << 20, "{}", t.memory());
}

#[test]
fn a_forgotten_transaction_is_rolled_back_and_holds_nobody_up() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let a = s.begin();
    let one = t.insert(&a, &row(1)).unwrap();
    s.commit(&a).unwrap();
    let b = s.begin();
    assert_eq!(s.lock_table(&b, LockTag(1), LockMode::Exclusive), TableLock::Granted);
    assert_eq!(t.lock_row(&b, &b.snapshot(), one, RowLock::Update).unwrap(), Write::Done(one));
    t.insert(&b, &row(2)).unwrap();
    let c = s.begin();
    let Write::Blocked(w) = t.delete(&c, &c.snapshot(), one).unwrap() else { panic!() };
    drop(b);
    assert!(s.wait_over(&w));
    assert_eq!(s.lock_table(&c, LockTag(1), LockMode::Share), TableLock::Granted);
    assert_eq!(now(&s, rel), [1]);
    let held = t.row(one).unwrap();
    assert_eq!(now(&s, rel), [1], "scanning goes on while a row is held");
    drop(held);
    assert_eq!(t.delete(&c, &c.snapshot(), one).unwrap(), Write::Done(one));
    s.commit(&c).unwrap();
    assert_eq!(s.horizon(), s.next_xid());
}

#[test]
fn table_lock_modes_conflict_as_the_manual_says() {
    // Rows and columns of the manual's table "Conflicting Lock Modes", an X a conflict.
    let table = [".......X", "......XX", "....XXXX", "...XXXXX", "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX"];
    for (i, line) in table.iter().enumerate() {
        for (j, c) in line.chars().enumerate() {
            let (a, b) = (LockMode::from_index(i as u8).unwrap(), LockMode::from_index(j as u8).unwrap());
            assert_eq!(a.conflicts(b), c == 'X', "{} {}", a.name(), b.name());
        }
    }
}

#[test]
fn statistics_come_from_a_sample_and_age() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let tx = s.begin();
    for i in 0..10_000 {
        let text = [Datum::Bytes(b"often"), Datum::Bytes(b"seldom"), Datum::Null]
            [if i % 10 == 0 { 1 } else { (i % 2) as usize * 2 }];
        t.insert(&tx, &[Datum::I32(i), text]).unwrap();
    }
    s.commit(&tx).unwrap();
    let snap = s.begin().snapshot();
    let st = t.statistics(&snap).unwrap();
    assert_eq!((st.live_rows, st.groups), (10_000, 5));
    let c = &st.columns[0];
    assert_eq!((c.ndistinct, c.null_frac, &c.min, &c.max), (10_000.0, 0.0, &Value::I32(0), &Value::I32(9_999)));
    let c = &st.columns[1];
    assert_eq!((c.ndistinct, c.null_frac, &c.min), (2.0, 0.5, &Value::text("often")));
    assert_eq!(c.common, [(Value::text("often"), 0.4)]);
    assert!(Rc::ptr_eq(&st, &t.statistics(&snap).unwrap()), "taken once");
    t.forget_statistics();
    assert!(t.known_statistics().is_none());
}

#[test]
fn a_group_forgets_what_was_said_of_it_when_a_value_changes() {
    let (s, rel) = store();
    let t = s.table(rel).unwrap();
    let index = RelId(77);
    let known = |g: usize| matches!(t.summary(g, index), Summary::Known(b) if *b == [1, 2]);
    let tx = s.begin();
    let mut first = Tid::NONE;
    for i in 0..BATCH as i32 + 5 {
        let tid = t.insert(&tx, &row(i)).unwrap();
        first = if i == 0 { tid } else { first };
    }
    let Summary::Unknown(all) = t.summary(0, index) else { panic!("a full group is not known") };
    assert_eq!((all.columns.len(), all.len()), (2, BATCH), "uncommitted rows too");
    drop(all);
    t.summarize(0, index, &[1, 2]);
    assert!(known(0));
    // The one that grows is said something of when it has rested.
    assert!(matches!(t.summary(1, index), Summary::Open));
    assert!(matches!(t.summary(1, index), Summary::Unknown(b) if b.len() == 5));
    t.summarize(1, index, &[1, 2]);
    assert!(known(1));
    t.insert(&tx, &row(-1)).unwrap();
    assert!(matches!(t.summary(1, index), Summary::Open));
    assert!(matches!(t.summary(9, index), Summary::Open));
    s.commit(&tx).unwrap();
    // A deletion changes no value; a row in a slot that is used again does.
    let tx = s.begin();
    assert!(matches!(t.delete(&tx, &tx.snapshot(), first).unwrap(), Write::Done(_)));
    s.commit(&tx).unwrap();
    s.vacuum(rel).unwrap();
    assert!(known(0));
    let (tx, second) = (s.begin(), Tid(first.0 + 1));
    let Write::Done(new) = t.update(&tx, &tx.snapshot(), second, &row(-9), true, RowLock::Update).unwrap() else {
        panic!("not updated")
    };
    assert_eq!(new, first, "the slot");
    assert!(matches!(t.summary(0, index), Summary::Unknown(_)));
    s.abort(&tx);
    // What changed meanwhile is not known by what was seen.
    let tx = s.begin();
    assert!(matches!(t.summary(1, index), Summary::Unknown(_)));
    t.insert(&tx, &row(1)).unwrap();
    t.summarize(1, index, &[1, 2]);
    assert!(!known(1));
}
