//! Hash joins against nested loops against the definition.

use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn sorted(mut rows: Rows) -> Vec<String> {
    let mut out: Vec<String> = rows.drain(..).map(|r| format!("{r:?}")).collect();
    out.sort();
    out
}

fn join(kind: JoinKind, hash: bool, l: u32, r: u32, residual: bool, null_aware: bool) -> Plan {
    let left = scan(l, &[(1, INT4), (2, INT4)]);
    let right = scan(r, &[(1, INT4), (2, INT4)]);
    let rest = call("int4lt", vec![col(1, INT4), col(3, INT4)], BOOL);
    let on = residual.then(|| rest.clone());
    let wide = [INT4, INT4, INT4, INT4];
    let width = if matches!(kind, JoinKind::Semi | JoinKind::Anti) { 2 } else { 4 };
    if hash {
        let key = HashKey { left: col(0, INT4), right: col(0, INT4), cmp: proc("btint4cmp", &[23, 23]), collation: 0 };
        node(
            Node::HashJoin { kind, left: Box::new(left), right: Box::new(right), keys: vec![key], on, null_aware },
            &wide[..width],
        )
    } else {
        let key = eq(col(0, INT4), col(2, INT4));
        let on = Some(match on {
            Some(o) => Expr::new(ExprKind::And(vec![key, o]), BOOL),
            None => key,
        });
        let right = node(Node::Material { input: Box::new(right) }, &[INT4, INT4]);
        node(Node::NestLoop { kind, left: Box::new(left), right: Box::new(right), on, params: vec![] }, &wide[..width])
    }
}

#[test]
fn hash_joins_are_nested_loops() {
    let mut rnd = Random(7);
    for size in [0, 1, 40, 300] {
        let db = Db::new();
        let rows = |n: u64, rnd: &mut Random| -> Rows { (0..n).map(|_| vec![rnd.value(20), rnd.value(9)]).collect() };
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
                        let (got, e) = run_until(cx, stmt(join(kind, true, l, r, residual, false)), want);
                        assert!(e.is_none(), "{e:?}");
                        assert_eq!(sorted(got), sorted(naive.clone()), "hash {kind:?} {size} {residual} {want}");
                        if !matches!(kind, JoinKind::Right | JoinKind::Full) {
                            let (got, e) = run_until(cx, stmt(join(kind, false, l, r, residual, false)), want);
                            assert!(e.is_none(), "{e:?}");
                            assert_eq!(got, naive, "loop {kind:?} {size} {residual} {want}");
                        }
                    }
                });
            }
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
        db.with(|cx| run(cx, stmt(join(JoinKind::Anti, true, l, r, false, true))).len())
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
