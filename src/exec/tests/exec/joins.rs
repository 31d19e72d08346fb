//! Hash joins, merge joins and nested loops against each other and the definition.

use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn sorted(mut rows: Rows) -> Vec<String> {
    let mut out: Vec<String> = rows.drain(..).map(|r| format!("{r:?}")).collect();
    out.sort();
    out
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Hash,
    Merge,
    Loop,
}

fn int4_key(column: u32, desc: bool, nulls_first: bool) -> SortKey {
    SortKey { column, ty: 23, cmp: proc("btint4cmp", &[23, 23]), collation: 0, desc, nulls_first }
}

fn join(kind: JoinKind, method: Method, l: u32, r: u32, residual: bool, null_aware: bool) -> Plan {
    let left = scan(l, &[(1, INT4), (2, INT4)]);
    let right = scan(r, &[(1, INT4), (2, INT4)]);
    let rest = call("int4lt", vec![col(1, INT4), col(3, INT4)], BOOL);
    let on = residual.then(|| rest.clone());
    let wide = [INT4, INT4, INT4, INT4];
    let width = if matches!(kind, JoinKind::Semi | JoinKind::Anti) { 2 } else { 4 };
    match method {
        Method::Hash => {
            let cmp = proc("btint4cmp", &[23, 23]);
            let key = HashKey { left: col(0, INT4), right: col(0, INT4), cmp, collation: 0 };
            node(
                Node::HashJoin { kind, left: Box::new(left), right: Box::new(right), keys: vec![key], on, null_aware },
                &wide[..width],
            )
        }
        Method::Merge => merge(kind, left, right, on, false, false),
        Method::Loop => {
            let key = eq(col(0, INT4), col(2, INT4));
            let on = Some(match on {
                Some(o) => Expr::new(ExprKind::And(vec![key, o]), BOOL),
                None => key,
            });
            let right = node(Node::Material { input: Box::new(right) }, &[INT4, INT4]);
            let node_kind = Node::NestLoop { kind, left: Box::new(left), right: Box::new(right), on, params: vec![] };
            node(node_kind, &wide[..width])
        }
    }
}

/// A merge join of two inputs of two columns, sorted by the first.
fn merge(kind: JoinKind, left: Plan, right: Plan, on: Option<Expr>, desc: bool, nulls_first: bool) -> Plan {
    let key = int4_key(0, desc, nulls_first);
    let sort = |input: Plan| {
        let node_kind = Node::Sort { input: Box::new(input), keys: vec![key.clone()], presorted: 0, limit: None };
        Box::new(node(node_kind, &[INT4, INT4]))
    };
    let width = if matches!(kind, JoinKind::Semi | JoinKind::Anti) { 2 } else { 4 };
    let keys = vec![(key.clone(), key.clone())];
    node(Node::MergeJoin { kind, left: sort(left), right: sort(right), keys, on }, &[INT4; 4][..width])
}

#[test]
fn every_method_joins_by_the_definition() {
    let mut rnd = Random(7);
    for size in [0, 1, 40, 300, 2500] {
        let db = Db::new();
        let rows =
            |n: u64, rnd: &mut Random| -> Rows { (0..n).map(|_| vec![rnd.value(n / 8 + 8), rnd.value(9)]).collect() };
        let (lr, rr) = (rows(size, &mut rnd), rows(size / 2 + 1, &mut rnd));
        let l = db.table(&[Phys::I32, Phys::I32], &lr);
        let r = db.table(&[Phys::I32, Phys::I32], &rr);
        for residual in [false, true] {
            let hits = |a: &Vec<Value>, b: &Vec<Value>| {
                !a[0].is_null() && a[0] == b[0] && (!residual || num(&a[1]).zip(num(&b[1])).is_some_and(|(x, y)| x < y))
            };
            for kind in
                [JoinKind::Inner, JoinKind::Left, JoinKind::Semi, JoinKind::Anti, JoinKind::Right, JoinKind::Full]
            {
                let mut naive: Rows = Vec::new();
                for a in &lr {
                    let mates: Vec<_> = rr.iter().filter(|b| hits(a, b)).collect();
                    match kind {
                        JoinKind::Semi if !mates.is_empty() => naive.push(a.clone()),
                        JoinKind::Anti if mates.is_empty() => naive.push(a.clone()),
                        JoinKind::Semi | JoinKind::Anti => {}
                        _ => naive.extend(mates.iter().map(|b| [a.as_slice(), b.as_slice()].concat())),
                    }
                    if mates.is_empty() && matches!(kind, JoinKind::Left | JoinKind::Full) {
                        naive.push([a.as_slice(), &[Value::Null, Value::Null]].concat());
                    }
                }
                if matches!(kind, JoinKind::Right | JoinKind::Full) {
                    for b in rr.iter().filter(|b| !lr.iter().any(|a| hits(a, b))) {
                        naive.push([&[Value::Null, Value::Null], b.as_slice()].concat());
                    }
                }
                db.with(|cx| {
                    for want in [usize::MAX, 1, 7] {
                        if size == 2500 && want != usize::MAX {
                            continue;
                        }
                        for method in [Method::Hash, Method::Merge] {
                            let (got, e) = run_until(cx, stmt(join(kind, method, l, r, residual, false)), want);
                            assert!(e.is_none(), "{e:?}");
                            let by = format!("{method:?} {kind:?} {size} {residual} {want}");
                            if method == Method::Merge {
                                // A row without a key comes when it is met.
                                let keys: Vec<_> =
                                    got.iter().filter_map(|r| num(&r[0]).or(r.get(2).and_then(num))).collect();
                                assert!(keys.is_sorted(), "order: {by}");
                            }
                            assert_eq!(sorted(got), sorted(naive.clone()), "{by}");
                        }
                        if size < 2500 && !matches!(kind, JoinKind::Right | JoinKind::Full) {
                            let plan = join(kind, Method::Loop, l, r, residual, false);
                            let (got, e) = run_until(cx, stmt(plan), want);
                            assert!(e.is_none(), "{e:?}");
                            assert_eq!(got, naive, "loop {kind:?} {size} {residual} {want}");
                        }
                    }
                });
            }
        }
    }
}

/// Groups that go on over batches, in every order, and columns of different width.
#[test]
fn merge_joins_copy_groups_that_cross_batches() {
    let db = Db::new();
    let pair = |a: i32, b: i32| vec![Value::I32(a), Value::I32(b)];
    let lr: Rows = (0..40).map(|i| pair(i / 10, i)).chain([vec![Value::Null, Value::I32(7)]]).collect();
    // Keys 0 (not there), 1 (100 rows), 2 (6000 rows over several batches), 3 (once), 4.
    let rr: Rows = (0..100)
        .map(|i| pair(1, i % 50))
        .chain((0..6000).map(|i| pair(2, i % 40)))
        .chain([pair(3, 35), pair(4, 1), vec![Value::Null, Value::I32(1)]])
        .collect();
    let l = db.table(&[Phys::I32, Phys::I32], &lr);
    let r = db.table(&[Phys::I32, Phys::I32], &rr);
    for (desc, nulls_first) in [(false, false), (false, true), (true, true), (true, false)] {
        for residual in [false, true] {
            for kind in
                [JoinKind::Inner, JoinKind::Left, JoinKind::Semi, JoinKind::Anti, JoinKind::Right, JoinKind::Full]
            {
                let on = residual.then(|| call("int4lt", vec![col(1, INT4), col(3, INT4)], BOOL));
                let sides = || (scan(l, &[(1, INT4), (2, INT4)]), scan(r, &[(1, INT4), (2, INT4)]));
                let (a, b) = sides();
                db.with(|cx| {
                    let merged = run(cx, stmt(merge(kind, a, b, on, desc, nulls_first)));
                    let hashed = run(cx, stmt(join(kind, Method::Hash, l, r, residual, false)));
                    assert_eq!(sorted(merged), sorted(hashed), "{kind:?} {residual} {desc} {nulls_first}");
                });
            }
        }
    }
}

/// The error of a candidate PostgreSQL would not look at stays hidden, that of a later row does not.
#[test]
fn a_partner_hides_the_errors_of_later_candidates() {
    let db = Db::new();
    let pair = |a: i32, b: i32| vec![Value::I32(a), Value::I32(b)];
    // 10 / right column: an error where that is 0.
    let l = db.table(&[Phys::I32, Phys::I32], &[pair(1, 3), pair(2, 3), pair(3, 3)]);
    for (last, fails) in [(5, false), (0, true)] {
        let rows = [pair(1, 1), pair(1, 0), pair(2, 1), pair(3, last)];
        let r = db.table(&[Phys::I32, Phys::I32], &rows);
        let on = call("int4lt", vec![col(1, INT4), call("int4div", vec![int(20), col(3, INT4)], INT4)], BOOL);
        for method in [Method::Hash, Method::Merge] {
            let mut plan = join(JoinKind::Semi, method, l, r, true, false);
            match &mut plan.node {
                Node::HashJoin { on: o, .. } | Node::MergeJoin { on: o, .. } => *o = Some(on.clone()),
                _ => unreachable!("a join"),
            }
            let (got, e) = db.with(|cx| run_until(cx, stmt(plan), usize::MAX));
            assert_eq!((got.len(), e.is_some()), (if fails { 2 } else { 3 }, fails), "{method:?} {e:?}");
        }
    }
}

#[test]
fn not_in_knows_nulls() {
    let db = Db::new();
    let pair = |v: Value| vec![v, Value::I32(0)];
    let l = db.table(&[Phys::I32, Phys::I32], &[pair(Value::I32(1)), pair(Value::I32(2)), pair(Value::Null)]);
    let count = |rows: Vec<Value>| {
        let r = db.table(&[Phys::I32, Phys::I32], &rows.into_iter().map(pair).collect::<Vec<_>>());
        db.with(|cx| run(cx, stmt(join(JoinKind::Anti, Method::Hash, l, r, false, true))).len())
    };
    assert_eq!(count(vec![]), 3);
    assert_eq!(count(vec![Value::I32(1)]), 1);
    assert_eq!(count(vec![Value::I32(1), Value::Null]), 0);
    assert_eq!(count(vec![Value::Null]), 0);
}

#[test]
fn a_nested_loop_probes_an_index_by_parameter() {
    let mut db = Db::new();
    let l = db.table(&[Phys::I32], &[3, 1, 7, 3].map(|v| vec![Value::I32(v)]));
    let r = db
        .table(&[Phys::I32, Phys::I32], &(0..5000).map(|i| vec![Value::I32(i), Value::I32(i * 2)]).collect::<Vec<_>>());
    let i = db.index(20000, r, 0);
    db.with(|cx| {
        let probe = |op, value| {
            node(
                Node::IndexScan {
                    rel: scan_rel(r, &[1, 2]),
                    index: 20000,
                    index_storage: i,
                    keys: vec![(0, IndexBound { op, value })],
                    backward: false,
                    only: false,
                },
                &[INT4, INT4],
            )
        };
        let param = || Expr::new(ExprKind::Param(Param::Exec(0)), INT4);
        let plan = node(
            Node::NestLoop {
                kind: JoinKind::Inner,
                left: Box::new(scan(l, &[(1, INT4)])),
                right: Box::new(probe(BoundOp::Eq, param())),
                on: None,
                params: vec![(0, col(0, INT4))],
            },
            &[INT4, INT4, INT4],
        );
        let mut s = stmt(plan);
        s.params = vec![INT4];
        let got: Vec<_> = run(cx, s).iter().map(|r| num(&r[2])).collect();
        assert_eq!(got, [Some(6), Some(2), Some(14), Some(6)]);

        let range = |op, v: Expr| run(cx, stmt(probe(op, v))).len();
        let mut range = range;
        assert_eq!(range(BoundOp::Lt, int(10)), 10);
        assert_eq!(range(BoundOp::Le, int(10)), 11);
        assert_eq!(range(BoundOp::Gt, int(10)), 4989);
        assert_eq!(range(BoundOp::Ge, Expr::constant(Value::I64(1 << 40), INT8)), 0);
        assert_eq!(range(BoundOp::Le, Expr::constant(Value::I64(1 << 40), INT8)), 5000);
        assert_eq!(range(BoundOp::Eq, null()), 0);
    });
}
