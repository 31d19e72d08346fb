//! WITH, UNION ALL, functions that return sets, and stopping in between.

use std::rc::Rc;

use tusklet_exec::{Executor, Program, Step};
use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn all(rows: &Rows) -> Vec<Vec<Option<i64>>> {
    rows.iter().map(|r| r.iter().map(num).collect()).collect()
}

fn firsts(rows: &Rows) -> Vec<i64> {
    rows.iter().filter_map(|r| num(&r[0])).collect()
}

fn series(from: i32, to: i32) -> Plan {
    let source = FunctionSource { expr: series_call(int(from), int(to)), columns: vec![INT4], names: vec![], composite: false };
    node(Node::FunctionScan { functions: vec![source], ordinality: false, alias: "g".into() }, &[INT4])
}

#[test]
fn set_returning_functions_run_in_step() {
    let db = Db::new();
    let t = db.table(&[Phys::I32], &[3, 0, 1].map(|v| vec![Value::I32(v)]));
    let plan = || {
        let exprs = vec![col(0, INT4), series_call(int(1), col(0, INT4)), series_call(int(8), int(9))];
        node(Node::ProjectSet { input: Box::new(scan(t, &[(1, INT4)])), exprs }, &[INT4; 3])
    };
    let n = Some;
    let expect = vec![
        vec![n(3), n(1), n(8)],
        vec![n(3), n(2), n(9)],
        vec![n(3), n(3), None],
        vec![n(0), None, n(8)],
        vec![n(0), None, n(9)],
        vec![n(1), n(1), n(8)],
        vec![n(1), None, n(9)],
    ];
    for want in [1, 2, 3, usize::MAX] {
        let (rows, e) = db.with(|cx| run_until(cx, stmt(plan()), want));
        assert!(e.is_none());
        assert_eq!(all(&rows), expect, "{want}");
    }
    // In FROM, with ordinality.
    let functions = [(1, 3), (5, 6)].map(|(a, b)| FunctionSource {
        expr: series_call(int(a), int(b)),
        columns: vec![INT4],
        names: vec![],
        composite: false,
    });
    let scan = node(
        Node::FunctionScan { functions: functions.to_vec(), ordinality: true, alias: "f".into() },
        &[INT4, INT4, INT8],
    );
    let rows = db.with(|cx| run(cx, stmt(scan)));
    assert_eq!(all(&rows), [[n(1), n(5), n(1)], [n(2), n(6), n(2)], [n(3), None, n(3)]]);
}

#[test]
fn with_queries_are_read_by_all_and_run_once() {
    let db = Db::new();
    let read = || node(Node::CteScan { cte: 0, alias: "c".into() }, &[INT4]);
    let mut s = stmt(node(Node::Append { inputs: vec![read(), series(7, 8), read()], names: vec![] }, &[INT4]));
    s.ctes = vec![CtePlan { name: "c".into(), plan: series(1, 3), modifies: false }];
    for want in [1, usize::MAX] {
        let (rows, _) = db.with(|cx| run_until(cx, s.clone(), want));
        assert_eq!(firsts(&rows), [1, 2, 3, 7, 8, 1, 2, 3]);
    }
}

#[test]
fn sorted_inputs_merge() {
    let db = Db::new();
    let inputs = vec![series(1, 4), series(3, 3), series(9, 8), series(2, 5)];
    let plan = node(Node::MergeAppend { inputs, keys: vec![sort_key(0, false, false)] }, &[INT4]);
    for want in [1, 3, usize::MAX] {
        let (rows, _) = db.with(|cx| run_until(cx, stmt(plan.clone()), want));
        assert_eq!(firsts(&rows), [1, 2, 2, 3, 3, 3, 4, 4, 5]);
    }
    let plan = node(Node::Unique { input: Box::new(plan), keys: vec![sort_key(0, false, false)] }, &[INT4]);
    for want in [1, usize::MAX] {
        let (rows, _) = db.with(|cx| run_until(cx, stmt(plan.clone()), want));
        assert_eq!(firsts(&rows), [1, 2, 3, 4, 5]);
    }
}

/// Operators lose nothing when the run stops because its budget is spent.
#[test]
fn a_run_yields_and_goes_on() {
    let db = Db::new();
    let sort = |input: Plan, desc| {
        node(Node::Sort { input: Box::new(input), keys: vec![sort_key(0, desc, false)], presorted: 0, limit: None }, &[INT4])
    };
    let key = HashKey { left: col(0, INT4), right: col(0, INT4), cmp: proc("btint4cmp", &[23, 23]), collation: 0 };
    let join = node(
        Node::HashJoin {
            kind: JoinKind::Inner,
            left: Box::new(sort(series(1, 300_000), true)),
            right: Box::new(series(1, 200_000)),
            keys: vec![key],
            on: None,
            null_aware: false,
        },
        &[INT4, INT4],
    );
    db.with(|cx| {
        let program = Program::compile(cx, Rc::new(stmt(join))).unwrap();
        let mut ex = Executor::new(program, Rc::from([])).instrument();
        let (mut yields, mut next) = (0, 200_000);
        loop {
            match ex.step(cx, 2048).unwrap() {
                Step::Yield => yields += 1,
                Step::Batch(b) => {
                    for i in b.sel.iter() {
                        assert_eq!(num(&b.columns[0].value(i)), Some(next));
                        next -= 1;
                    }
                }
                Step::Done => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(next, 0);
        assert!(yields >= 3, "{yields}");
        let stats = ex.stats().unwrap();
        // Join, sort, series, series.
        assert_eq!(stats.iter().map(|s| s.rows).collect::<Vec<_>>(), [200_000, 300_000, 300_000, 200_000]);
    });
}
