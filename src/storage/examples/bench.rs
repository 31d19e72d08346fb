//! How long storage takes, without SQL around it: `cargo run --profile fast -p tusklet-storage --example bench`.

use std::rc::Rc;
use std::time::Instant;

use tusklet_storage::*;
use tusklet_vector::{BATCH, Batch, Datum, Phys, Vector, key::KeyPart};

fn key(i: i64, out: &mut Vec<u8>) {
    out.clear();
    KeyPart::ASC.write(Datum::I64(i), out);
}

fn timed<T>(what: &str, n: usize, f: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = f();
    let ns = start.elapsed().as_nanos() as f64;
    println!("{what:<58} {:>9.1} ns each {:>9.2} ms", ns / n as f64, ns / 1e6);
    out
}

fn row(i: i64) -> [Datum<'static>; 3] {
    [Datum::I64(i), Datum::I32(i as i32), Datum::Bytes(b"a value of twenty by")]
}

fn scan(t: &Rc<Table>, s: &Snapshot) -> i64 {
    let mut scan = TableScan::new(t, vec![ScanColumn::Column(0), ScanColumn::Column(1)]);
    let mut sum = 0i64;
    while let Some(b) = scan.next(s).unwrap() {
        let v = b.batch.columns[0].i64s();
        b.batch.sel.each(|i| sum = sum.wrapping_add(v[i]));
    }
    sum
}

fn run(sink: Box<dyn LogSink>, name: &str) {
    println!("-- {name}");
    let s = Store::new(sink);
    let tx = s.begin();
    let cols = [Phys::I64, Phys::I32, Phys::Bytes];
    let rel = s.create_table(&tx, &cols).unwrap();
    let irel = s.create_index(&tx, rel).unwrap();
    s.commit(&tx).unwrap();
    let (t, ix) = (s.table(rel).unwrap(), s.index(irel).unwrap());
    let mut k = Vec::new();
    let n = 1_000_000;
    timed("insert 1 M rows with an index, one transaction", n, || {
        let tx = s.begin();
        for i in 0..n as i64 {
            let tid = t.insert(&tx, &row(i)).unwrap();
            key(i, &mut k);
            ix.insert(&tx, &k, tid).unwrap();
        }
        s.commit(&tx).unwrap();
    });
    let tx = s.begin();
    let snap = tx.snapshot();
    for span in [n as i64, 50_000] {
        timed(&format!("tree lookups, random over {span} keys"), n, || {
            let mut r = 1u64;
            let mut tids = Vec::new();
            for _ in 0..n {
                r = r.wrapping_mul(6364136223846793005).wrapping_add(1);
                key((r >> 33) as i64 % span, &mut k);
                tids.clear();
                ix.candidates(&k, &mut tids).unwrap();
                assert_eq!(tids.len(), 1);
            }
        });
    }
    timed("point lookups by index, random, reading a column", n, || {
        let mut r = 1u64;
        let mut sum = 0;
        for _ in 0..n {
            r = r.wrapping_mul(6364136223846793005).wrapping_add(1);
            key((r >> 33) as i64 % n as i64, &mut k);
            let tid = ix.lookup(&snap, &k).unwrap();
            sum += t.row(tid).unwrap().get(1).i32() as i64;
        }
        sum
    });
    timed("full scan of 1 M rows, first", n, || scan(&t, &snap));
    timed("full scan of 1 M rows, again", n, || scan(&t, &snap));
    drop((snap, tx));
    let m = 25_000;
    let tx = s.begin();
    let rel = s.create_table(&tx, &cols).unwrap();
    let irel = s.create_index(&tx, rel).unwrap();
    s.commit(&tx).unwrap();
    let (t, ix) = (s.table(rel).unwrap(), s.index(irel).unwrap());
    timed("25,000 transactions of one indexed insert", m, || {
        for i in 0..m as i64 {
            let tx = s.begin();
            key(i, &mut k);
            assert_eq!(ix.check_unique(&tx, &k, None).unwrap(), Unique::Free);
            let tid = t.insert(&tx, &row(i)).unwrap();
            ix.insert(&tx, &k, tid).unwrap();
            s.commit(&tx).unwrap();
        }
    });
    let fresh = timed("scan of 25,000 rows", m, || scan(&t, &s.begin().snapshot()));
    timed("25,000 transactions of one UPDATE by key", m, || {
        for i in 0..m as i64 {
            let i = (i * 7919) % m as i64;
            let tx = s.begin();
            let snap = tx.snapshot();
            key(i, &mut k);
            let tid = ix.lookup(&snap, &k).unwrap();
            assert!(matches!(t.update(&tx, &snap, tid, &row(i), false, RowLock::NoKeyUpdate).unwrap(), Write::Done(_)));
            drop(snap);
            s.commit(&tx).unwrap();
        }
    });
    timed("scan afterwards", m, || assert_eq!(scan(&t, &s.begin().snapshot()), fresh));
    timed("1000 transactions updating 1000 rows of a range each", 1_000_000, || {
        for r in 0..1000i64 {
            let tx = s.begin();
            let snap = tx.snapshot();
            let mut low = Vec::new();
            let mut high = Vec::new();
            key(r * 24, &mut low);
            key(r * 24 + 1000, &mut high);
            let mut scan = ix.scan(KeyRange::between(Some((&low, true)), Some((&high, false))), false);
            let mut tids = Vec::new();
            scan.next_batch(&snap, 1000, &mut tids).unwrap();
            for tid in &tids {
                let i = t.row(*tid).unwrap().get(0).i64();
                let w = t.update(&tx, &snap, *tid, &row(i), false, RowLock::NoKeyUpdate).unwrap();
                assert!(matches!(w, Write::Done(_)));
            }
            drop(snap);
            s.commit(&tx).unwrap();
        }
    });
    println!("   slots now {}, rows {}", t.slots(), t.live_rows());
    timed("scan afterwards", m, || assert_eq!(scan(&t, &s.begin().snapshot()), fresh));
    timed("scan once more", m, || assert_eq!(scan(&t, &s.begin().snapshot()), fresh));
    timed("empty transactions with a snapshot", n, || {
        for _ in 0..n {
            let tx = s.begin();
            let _snap = tx.snapshot();
            s.commit(&tx).unwrap();
        }
    });
    let tx = s.begin();
    let rel = s.create_table(&tx, &[Phys::I64, Phys::I64]).unwrap();
    let big = s.table(rel).unwrap();
    let mut v = Vector::zeroed(Phys::I64, BATCH);
    v.i64s_mut().iter_mut().enumerate().for_each(|(i, x)| *x = i as i64);
    let v = Rc::new(v);
    let batches = 5000;
    timed("bulk insert of 10 M rows in batches", batches * BATCH, || {
        for _ in 0..batches {
            big.insert_batch(&tx, &Batch::new(vec![v.clone(), v.clone()], BATCH), None).unwrap();
        }
        s.commit(&tx).unwrap();
    });
    let tx = s.begin();
    let snap = tx.snapshot();
    timed("full scan of 10 M rows", batches * BATCH, || scan(&big, &snap));
    timed("statistics of 10 M rows", batches * BATCH, || big.statistics(&snap).unwrap().columns[0].ndistinct);
    let irel = s.create_index(&tx, rel).unwrap();
    let pairs: Vec<_> = (0..n as i64)
        .map(|i| {
            key(i, &mut k);
            (k.clone(), Tid::new((i / BATCH as i64) as usize, (i % BATCH as i64) as usize))
        })
        .collect();
    timed("index built of 1 M sorted pairs", n, || s.index(irel).unwrap().build(&tx, pairs.into_iter().collect()).unwrap());
    s.abort(&tx);
    timed("checkpoint", 1, || s.checkpoint().unwrap());
}

fn main() {
    run(Box::new(NoLog), "in memory");
    run(Box::new(MemorySink::default()), "logging to memory");
}
