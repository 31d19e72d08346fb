//! INSERT, UPDATE, DELETE, conflicts, waiting, and looking again.

use std::rc::Rc;

use tusklet_exec::{Executor, Program, Step};
use tusklet_ir::*;
use tusklet_storage::RelId;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

struct Table {
    storage: u32,
    index: u32,
}

const INDEX: Oid = 20001;

fn setup(db: &mut Db) -> Table {
    let rows: Rows = (1..=3).map(|i| vec![Value::I32(i), Value::I32(i * 10)]).collect();
    let storage = db.table(&[Phys::I32, Phys::I32], &rows);
    let index = db.index(INDEX, storage, 0);
    Table { storage, index }
}

impl Table {
    fn target(&self) -> ModifyTarget {
        let column = |name: &str, not_null| TargetColumn { name: name.into(), ty: INT4, not_null, dropped: false };
        ModifyTarget {
            rel: 1,
            name: ("public".into(), "t".into()),
            storage: self.storage,
            columns: vec![column("a", true), column("b", false)],
            checks: vec![("t_b_check".into(), call("int4lt", vec![col(1, INT4), int(1000)], BOOL))],
            generated: vec![],
            indexes: vec![TargetIndex {
                oid: INDEX,
                name: "t_pkey".into(),
                storage: self.index,
                keys: vec![(col(0, INT4), sort_key(0, false, false))],
                attnos: vec![1],
                unique: true,
                nulls_not_distinct: false,
                immediate: true,
                predicate: None,
            }],
            view_checks: vec![],
            after_rows: false,
            before_rows: false,
            attribute_map: None,
        }
    }

    fn modify(&self, command: CommandType, input: Plan) -> ModifyTable {
        ModifyTable {
            command,
            input,
            targets: vec![self.target()],
            rte: 0,
            ctid: 0,
            tableoid: None,
            set: vec![],
            returning: false,
            on_conflict: None,
            actions: vec![],
        }
    }

    fn insert(&self, rows: &[(Option<i32>, i32)]) -> ModifyTable {
        let rows = rows.iter().map(|(a, b)| vec![a.map_or(null(), int), int(*b)]).collect();
        self.modify(CommandType::Insert, node(Node::ValuesScan { rows }, &[INT4, INT4]))
    }

    /// `UPDATE t SET b = b + 1 WHERE a = key` (or `SET a = …`).
    fn update(&self, cond: Expr, attno: i16, value: Expr) -> ModifyTable {
        let input =
            project(filter(scan(self.storage, &[(-1, TID), (1, INT4), (2, INT4)]), cond), vec![col(0, TID), value]);
        ModifyTable { set: vec![(attno, 1)], ..self.modify(CommandType::Update, input) }
    }

    fn rows(&self, db: &Db) -> Vec<(i64, i64)> {
        let plan = scan(self.storage, &[(1, INT4), (2, INT4)]);
        let mut rows: Vec<(i64, i64)> = db
            .with(|cx| run(cx, stmt(plan)))
            .iter()
            .map(|r| (num(&r[0]).unwrap_or(-1), num(&r[1]).unwrap_or(-1)))
            .collect();
        rows.sort();
        rows
    }
}

fn modify(m: ModifyTable) -> PlannedStmt {
    let columns = [INT4, INT4, TID, INT8, INT4, INT4];
    stmt(node(Node::ModifyTable(Box::new(m)), &columns))
}

fn plus(e: Expr, n: i32) -> Expr {
    call("int4pl", vec![e, int(n)], INT4)
}

#[test]
fn rows_are_inserted_changed_and_deleted() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let mut m = t.insert(&[(Some(4), 40), (Some(5), 50)]);
    m.returning = true;
    let rows = db.with(|cx| run(cx, modify(m)));
    assert_eq!(rows.iter().map(|r| num(&r[0])).collect::<Vec<_>>(), [Some(4), Some(5)]);
    db.with(|cx| run(cx, modify(t.update(eq(col(1, INT4), int(5)), 2, plus(col(2, INT4), 1)))));
    db.with(|cx| run(cx, modify(t.update(eq(col(1, INT4), int(1)), 1, int(11)))));
    let gone = project(filter(scan(t.storage, &[(-1, TID), (1, INT4)]), eq(col(1, INT4), int(2))), vec![col(0, TID)]);
    let mut m = t.modify(CommandType::Delete, gone);
    m.returning = true;
    let rows = db.with(|cx| run(cx, modify(m)));
    assert_eq!(num(&rows[0][1]), Some(20), "RETURNING shows the old row");
    assert_eq!(t.rows(&db), [(3, 30), (4, 40), (5, 51), (11, 10)]);
    // The index has the new keys and no old ones.
    let index = db.store.index(RelId(t.index)).unwrap();
    let tx = db.begin();
    let found = |k: i32| {
        let mut key = Vec::new();
        tusklet_vector::key::KeyPart::ASC.write(Value::I32(k).as_datum(), &mut key);
        index.lookup(&tx.snapshot(), &key).is_some()
    };
    assert_eq!([1, 2, 3, 4, 5, 11].map(found), [false, false, true, true, true, true]);
    assert_eq!(index.len(), 6, "an update of b costs no index entry");
}

#[test]
fn constraints_speak_as_postgresql_does() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let error = |m: ModifyTable| {
        let tx = db.begin();
        let e = db.within(&tx, |cx| run_until(cx, modify(m), usize::MAX).1).expect("an error");
        db.store.abort(&tx);
        e.to_string()
    };
    assert_eq!(
        error(t.insert(&[(None, 1)])),
        "ERROR: 23502: null value in column \"a\" of relation \"t\" violates not-null constraint\n\
         DETAIL:  Failing row contains (null, 1)."
    );
    assert_eq!(
        error(t.insert(&[(Some(7), 1), (Some(8), 1000)])),
        "ERROR: 23514: new row for relation \"t\" violates check constraint \"t_b_check\"\n\
         DETAIL:  Failing row contains (8, 1000)."
    );
    assert_eq!(
        error(t.insert(&[(Some(3), 1)])),
        "ERROR: 23505: duplicate key value violates unique constraint \"t_pkey\"\n\
         DETAIL:  Key (a)=(3) already exists."
    );
    assert_eq!(
        error(t.insert(&[(Some(7), 1), (Some(7), 2)])),
        "ERROR: 23505: duplicate key value violates unique constraint \"t_pkey\"\n\
         DETAIL:  Key (a)=(7) already exists."
    );
    assert_eq!(
        error(t.update(eq(col(1, INT4), int(1)), 1, int(2))),
        "ERROR: 23505: duplicate key value violates unique constraint \"t_pkey\"\n\
         DETAIL:  Key (a)=(2) already exists."
    );
    assert_eq!(t.rows(&db), [(1, 10), (2, 20), (3, 30)]);
}

#[test]
fn on_conflict_does_nothing_or_updates() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let mut m = t.insert(&[(Some(3), 1), (Some(4), 4), (Some(4), 5)]);
    m.on_conflict = Some(ConflictAction { arbiters: vec![INDEX], update: None, filter: None });
    db.with(|cx| run(cx, modify(m)));
    assert_eq!(t.rows(&db), [(1, 10), (2, 20), (3, 30), (4, 4)]);

    // DO UPDATE SET b = t.b + excluded.b WHERE t.b < 100; existing ++ (ctid, tableoid) ++ proposed.
    let upsert = |rows: &[(Option<i32>, i32)]| {
        let mut m = t.insert(rows);
        m.on_conflict = Some(ConflictAction {
            arbiters: vec![INDEX],
            update: Some(vec![(2, call("int4pl", vec![col(1, INT4), col(5, INT4)], INT4))]),
            filter: Some(call("int4lt", vec![col(1, INT4), int(100)], BOOL)),
        });
        m
    };
    db.with(|cx| run(cx, modify(upsert(&[(Some(3), 100), (Some(9), 9)]))));
    db.with(|cx| run(cx, modify(upsert(&[(Some(3), 100)]))));
    assert_eq!(t.rows(&db), [(1, 10), (2, 20), (3, 130), (4, 4), (9, 9)]);
    let tx = db.begin();
    let e = db.within(&tx, |cx| run_until(cx, modify(upsert(&[(Some(6), 1), (Some(6), 2)])), 1).1);
    assert_eq!(e.unwrap().message(), "ON CONFLICT DO UPDATE command cannot affect row a second time");
    db.store.abort(&tx);
}

/// Runs a statement in `tx` until it waits.
fn until_blocked(
    db: &Db,
    tx: &tusklet_storage::Tx,
    m: ModifyTable,
    read_committed: bool,
) -> (Executor, tusklet_storage::Snapshot) {
    db.within(tx, |cx| {
        cx.read_committed = read_committed;
        let program = Program::compile(cx, Rc::new(modify(m))).unwrap();
        let mut ex = Executor::new(program, Rc::from([]));
        match ex.step(cx, usize::MAX) {
            Ok(Step::Blocked(w)) => assert!(!db.store.wait_over(&w)),
            other => panic!("{other:?}"),
        }
        (ex, cx.snapshot.clone())
    })
}

#[test]
fn an_update_waits_and_looks_again() {
    let mut db = Db::new();
    let t = setup(&mut db);
    // The first adds 1 to row 1 and moves row 2 out of the second's sight.
    for commit in [true, false] {
        let before = t.rows(&db);
        let first = db.begin();
        db.within(&first, |cx| run(cx, modify(t.update(eq(col(1, INT4), int(1)), 2, plus(col(2, INT4), 1)))));
        let second = db.begin();
        let (mut ex, snapshot) =
            until_blocked(&db, &second, t.update(eq(col(1, INT4), int(1)), 2, plus(col(2, INT4), 100)), true);
        if commit {
            db.store.commit(&first).unwrap();
        } else {
            db.store.abort(&first);
        }
        db.within(&second, |cx| {
            cx.snapshot = snapshot.clone();
            assert!(matches!(ex.step(cx, 1), Ok(Step::Done)));
            assert_eq!(ex.processed(), 1);
        });
        db.store.commit(&second).unwrap();
        let gain = if commit { 101 } else { 100 };
        assert_eq!(t.rows(&db)[0], (1, before[0].1 + gain));
    }
    // A row that no longer qualifies is left alone.
    let first = db.begin();
    db.within(&first, |cx| run(cx, modify(t.update(eq(col(1, INT4), int(2)), 2, int(0)))));
    let second = db.begin();
    let (mut ex, snapshot) = until_blocked(&db, &second, t.update(eq(col(2, INT4), int(20)), 2, int(5)), true);
    db.store.commit(&first).unwrap();
    db.within(&second, |cx| {
        cx.snapshot = snapshot;
        assert!(matches!(ex.step(cx, 1), Ok(Step::Done)));
        assert_eq!(ex.processed(), 0);
    });
    db.store.commit(&second).unwrap();
    // Repeatable read refuses.
    let first = db.begin();
    db.within(&first, |cx| run(cx, modify(t.update(eq(col(1, INT4), int(3)), 2, int(0)))));
    let second = db.begin();
    let (mut ex, snapshot) = until_blocked(&db, &second, t.update(eq(col(1, INT4), int(3)), 2, int(5)), false);
    db.store.commit(&first).unwrap();
    db.within(&second, |cx| {
        cx.read_committed = false;
        cx.snapshot = snapshot;
        let e = ex.step(cx, 1).unwrap_err();
        assert_eq!(e.to_string(), "ERROR: 40001: could not serialize access due to concurrent update");
    });
    db.store.abort(&second);
}

#[test]
fn locked_rows_are_looked_at_again() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let lock = |wait| {
        let input = filter(
            scan(t.storage, &[(-1, TID), (1, INT4), (2, INT4)]),
            call("int4lt", vec![col(2, INT4), int(100)], BOOL),
        );
        let mark = LockMark { rte: 0, rel: 1, storage: t.storage, ctid: 0, strength: LockStrength::Update, wait };
        stmt(node(Node::LockRows { input: Box::new(input), marks: vec![mark] }, &[TID, INT4, INT4]))
    };
    let first = db.begin();
    db.within(&first, |cx| run(cx, modify(t.update(eq(col(1, INT4), int(1)), 2, int(500)))));
    db.within(&first, |cx| run(cx, modify(t.update(eq(col(1, INT4), int(2)), 2, int(21)))));
    let second = db.begin();
    db.within(&second, |cx| {
        assert_eq!(run(cx, lock(LockWait::SkipLocked)).len(), 1);
        let e = run_until(cx, lock(LockWait::Error), 1).1.unwrap();
        assert_eq!(e.code().to_string(), "55P03");
        let program = Program::compile(cx, Rc::new(lock(LockWait::Block))).unwrap();
        let mut ex = Executor::new(program, Rc::from([]));
        assert!(matches!(ex.step(cx, 10), Ok(Step::Blocked(_))));
        db.store.commit(&first).unwrap();
        let mut seen = Vec::new();
        while let Step::Batch(b) = ex.step(cx, 10).unwrap() {
            seen.extend(b.sel.iter().map(|i| (num(&b.columns[1].value(i)), num(&b.columns[2].value(i)))));
        }
        assert_eq!(seen, [(Some(2), Some(21)), (Some(3), Some(30))], "row 1 does not qualify any more");
    });
    db.store.commit(&second).unwrap();
}

#[test]
fn merge_takes_the_first_action_that_fits() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let source = db.table(
        &[Phys::I32, Phys::I32],
        &[
            vec![Value::I32(1), Value::I32(1000)],
            vec![Value::I32(2), Value::I32(-1)],
            vec![Value::I32(8), Value::I32(80)],
        ],
    );
    // source LEFT JOIN t ON t.a = source.a: source a, source b, ctid, t.a, t.b.
    let mut right = scan(t.storage, &[(-1, TID), (1, INT4), (2, INT4)]);
    if let Node::SeqScan { rel, .. } = &mut right.node {
        rel.rte = 1;
    }
    let input = node(
        Node::HashJoin {
            kind: JoinKind::Left,
            left: Box::new(scan(source, &[(1, INT4), (2, INT4)])),
            right: Box::new(right),
            keys: vec![HashKey {
                left: col(0, INT4),
                right: col(1, INT4),
                cmp: proc("btint4cmp", &[23, 23]),
                collation: 0,
            }],
            on: None,
            null_aware: false,
        },
        &[INT4, INT4, TID, INT4, INT4],
    );
    let step = |matched, cond, command, values| MergeStep { matched, cond, command, values };
    let actions = vec![
        step(true, Some(call("int4lt", vec![col(1, INT4), int(0)], BOOL)), Some(CommandType::Delete), vec![]),
        step(true, None, Some(CommandType::Update), vec![(2, plus(col(4, INT4), 7))]),
        step(false, None, Some(CommandType::Insert), vec![(1, col(0, INT4)), (2, col(1, INT4))]),
    ];
    let m = ModifyTable { ctid: 2, rte: 1, actions, ..t.modify(CommandType::Merge, input) };
    db.with(|cx| {
        run(cx, modify(m));
    });
    assert_eq!(t.rows(&db), [(1, 17), (3, 30), (8, 80)]);
}

#[test]
fn many_rows_go_in_at_once_and_a_bad_one_is_still_found() {
    let mut db = Db::new();
    let t = setup(&mut db);
    let series = |from: i32, to: i32, b: Expr| {
        let source = FunctionSource { expr: series_call(int(from), int(to)), columns: vec![INT4], names: vec![], composite: false };
        let scan = node(Node::FunctionScan { functions: vec![source], ordinality: false, alias: "g".into() }, &[INT4]);
        project(scan, vec![col(0, INT4), b])
    };
    db.with(|cx| run(cx, modify(t.modify(CommandType::Insert, series(10, 5009, int(1))))));
    assert_eq!(t.rows(&db).len(), 5003);
    let refuse = |input: Plan, code: &str, detail: &str| {
        let tx = db.begin();
        let e = db.within(&tx, |cx| run_until(cx, modify(t.modify(CommandType::Insert, input)), 1).1).unwrap();
        assert_eq!((e.code().as_str(), e.report().detail.as_deref()), (code, Some(detail)));
        db.store.abort(&tx);
    };
    refuse(series(6000, 7000, col(0, INT4)), "23514", "Failing row contains (6000, 6000).");
    refuse(series(-5, 20, int(1)), "23505", "Key (a)=(1) already exists.");
    assert_eq!(t.rows(&db).len(), 5003);
}

#[test]
fn an_insert_waits_for_an_undecided_duplicate() {
    let mut db = Db::new();
    let t = setup(&mut db);
    for commit in [false, true] {
        let first = db.begin();
        db.within(&first, |cx| run(cx, modify(t.insert(&[(Some(7), 1)]))));
        let second = db.begin();
        let (mut ex, _) = until_blocked(&db, &second, t.insert(&[(Some(6), 6), (Some(7), 2)]), true);
        if commit {
            db.store.commit(&first).unwrap();
        } else {
            db.store.abort(&first);
        }
        db.within(&second, |cx| match (ex.step(cx, 1), commit) {
            (Ok(Step::Done), false) => assert_eq!(ex.processed(), 2),
            (Err(e), true) => assert_eq!(e.code().to_string(), "23505"),
            (other, _) => panic!("{other:?}"),
        });
        db.store.abort(&second);
    }
    assert_eq!(t.rows(&db).last(), Some(&(7, 1)));
}

#[test]
fn the_straight_path_finds_what_the_plan_finds() {
    let mut db = Db::new();
    let rows: Rows = (0..5000).map(|i| vec![Value::I32(i), Value::I32(i * 2)]).collect();
    let storage = db.table(&[Phys::I32, Phys::I32], &rows);
    let index = db.index(INDEX, storage, 0);
    db.with(|cx| {
        let mut s = stmt(scan(storage, &[(1, INT4), (2, INT4)]));
        s.straight = Some(Rc::new(Straight {
            rel: 1,
            storage,
            index: INDEX,
            index_storage: index,
            key: vec![IndexBound { op: BoundOp::Eq, value: Expr::new(ExprKind::Param(Param::External(1)), INT4) }],
            columns: vec![1, 2],
            filter: None,
            project: Some(vec![plus(col(1, INT4), 1)]),
        }));
        let program = Program::compile(cx, Rc::new(s)).unwrap();
        let straight = program.straight.clone().expect("a straight path");
        for (key, expect) in [(0, Some(1)), (4999, Some(9999)), (5000, None)] {
            let params: Rc<[Value]> = Rc::from([Value::I32(key)]);
            let found = straight.run(cx, &params).unwrap();
            assert_eq!(found.and_then(|b| num(&b.columns[0].value(0))), expect);
        }
    });
}
