//! Which rows are evaluated, and which error is raised when.

use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn numbers(db: &Db, list: &[i32]) -> u32 {
    db.table(&[Phys::I32], &list.iter().map(|v| vec![Value::I32(*v)]).collect::<Vec<_>>())
}

fn ints(rows: &Rows) -> Vec<Option<i64>> {
    rows.iter().map(|r| num(&r[0])).collect()
}

#[test]
fn rows_before_a_failing_one_are_delivered_and_the_earliest_error_wins() {
    let db = Db::new();
    let t = numbers(&db, &[5, 2, i32::MAX, 0, 1]);
    let a = || col(0, INT4);
    db.with(|cx| {
        // Column by column division fails first (row 3); row by row addition does (row 2).
        let list = vec![call("int4div", vec![int(10), a()], INT4), call("int4pl", vec![a(), int(1)], INT4)];
        let (rows, e) = run_until(cx, stmt(project(scan(t, &[(1, INT4)]), list)), usize::MAX);
        assert_eq!(rows, vec![vec![Value::I32(2), Value::I32(6)], vec![Value::I32(5), Value::I32(3)]]);
        assert_eq!(e.map(|e| e.code().to_string()), Some("22003".into()));

        // LIMIT 2 never gets there.
        let list = vec![call("int4div", vec![int(10), a()], INT4)];
        let plan = Node::Limit {
            input: Box::new(project(scan(t, &[(1, INT4)]), list)),
            limit: Some(Expr::constant(Value::I64(2), INT8)),
            offset: None,
            ties: None,
        };
        assert_eq!(ints(&run(cx, stmt(node(plan, &[INT4])))), [Some(2), Some(5)]);
    });
}

#[test]
fn case_and_or_protect_rows() {
    let db = Db::new();
    let t = numbers(&db, &[0, 5, 0, 2]);
    let a = || col(0, INT4);
    let div = || call("int4div", vec![int(10), a()], INT4);
    db.with(|cx| {
        let case = Expr::new(
            ExprKind::Case { arg: None, whens: vec![When { cond: eq(a(), int(0)), result: int(-1) }], default: div() },
            INT4,
        );
        let rows = run(cx, stmt(project(scan(t, &[(1, INT4)]), vec![case])));
        assert_eq!(ints(&rows), [Some(-1), Some(2), Some(-1), Some(5)]);

        let case = Expr::new(
            ExprKind::Case {
                arg: Some(a()),
                whens: vec![
                    When { cond: eq(Expr::new(ExprKind::CaseTest, INT4), int(2)), result: int(20) },
                    When { cond: eq(Expr::new(ExprKind::CaseTest, INT4), int(5)), result: int(50) },
                ],
                default: null(),
            },
            INT4,
        );
        let rows = run(cx, stmt(project(scan(t, &[(1, INT4)]), vec![case])));
        assert_eq!(ints(&rows), [None, Some(50), None, Some(20)]);

        let safe = Expr::new(ExprKind::Or(vec![eq(a(), int(0)), call("int4gt", vec![div(), int(3)], BOOL)]), BOOL);
        assert_eq!(ints(&run(cx, stmt(filter(scan(t, &[(1, INT4)]), safe)))), [Some(0), Some(0), Some(2)]);

        let coalesce = Expr::new(
            ExprKind::Coalesce(vec![
                Expr::new(
                    ExprKind::NullIf(Box::new(match eq(a(), int(0)).into_kind() {
                        ExprKind::Call(c) => *c,
                        _ => unreachable!(),
                    })),
                    INT4,
                ),
                int(7),
            ]),
            INT4,
        );
        let rows = run(cx, stmt(project(scan(t, &[(1, INT4)]), vec![coalesce])));
        assert_eq!(ints(&rows), [Some(7), Some(5), Some(7), Some(2)]);
    });
}

#[test]
fn three_valued_logic() {
    let db = Db::new();
    let values = [Some(true), Some(false), None];
    let constant = |v: Option<bool>| Expr::constant(v.map_or(Value::Null, Value::Bool), BOOL);
    let mut rows = Vec::new();
    for a in values {
        for b in values {
            rows.push(vec![a.map_or(Value::Null, Value::Bool), b.map_or(Value::Null, Value::Bool)]);
        }
    }
    let t = db.table(&[Phys::Bool, Phys::Bool], &rows);
    db.with(|cx| {
        let (a, b) = (col(0, BOOL), col(1, BOOL));
        let list = vec![
            Expr::new(ExprKind::And(vec![a.clone(), b.clone()]), BOOL),
            Expr::new(ExprKind::Or(vec![a.clone(), b.clone()]), BOOL),
            Expr::new(ExprKind::Not(a.clone()), BOOL),
        ];
        let batch = run(cx, stmt(project(scan(t, &[(1, BOOL), (2, BOOL)]), list)));
        for ((x, y), got) in values.iter().flat_map(|x| values.iter().map(move |y| (*x, *y))).zip(&batch) {
            let and = match (x, y) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            let or = match (x, y) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
            let truth = |v: &Value| match v {
                Value::Bool(b) => Some(*b),
                _ => None,
            };
            assert_eq!([truth(&got[0]), truth(&got[1]), truth(&got[2])], [and, or, x.map(|b| !b)], "{x:?} {y:?}");
            // The row evaluator agrees.
            let one = Expr::new(ExprKind::And(vec![constant(x), constant(y)]), BOOL);
            assert_eq!(truth(&tusklet_exec::eval_constant(cx, &one).unwrap()), and);
        }
    });
}

/// `x IN (SELECT …)` hashed and tested row by row, with NULLs on both sides.
#[test]
fn hashed_in_answers_like_the_test() {
    let db = Db::new();
    let outer: Vec<Vec<Value>> = vec![vec![Value::I32(1)], vec![Value::I32(9)], vec![Value::Null]];
    let o = db.table(&[Phys::I32], &outer);
    for inner in [vec![], vec![Value::I32(1)], vec![Value::I32(1), Value::Null], vec![Value::Null]] {
        let i = db.table(&[Phys::I32], &inner.iter().map(|v| vec![v.clone()]).collect::<Vec<_>>());
        let mut answers = Vec::new();
        for hashed in [false, true] {
            let sub = SubPlanRef {
                kind: SubLinkKind::Any,
                plan: 0,
                test: Some(eq(col(0, INT4), Expr::new(ExprKind::Param(Param::Exec(0)), INT4))),
                outputs: vec![0],
                args: vec![],
                hashed: hashed.then(|| {
                    vec![HashKey {
                        left: col(0, INT4),
                        right: col(0, INT4),
                        cmp: proc("btint4cmp", &[23, 23]),
                        collation: 0,
                    }]
                }),
            };
            let list = vec![Expr::new(ExprKind::SubPlan(Box::new(sub)), BOOL)];
            let mut s = stmt(project(scan(o, &[(1, INT4)]), list));
            s.subplans = vec![scan(i, &[(1, INT4)])];
            s.params = vec![INT4];
            answers.push(db.with(|cx| run(cx, s)));
        }
        assert_eq!(answers[0], answers[1], "{inner:?}");
    }
}

#[test]
fn correlated_subqueries_run_for_each_row() {
    let db = Db::new();
    let o = numbers(&db, &[1, 2, 3, 2]);
    let i =
        db.table(&[Phys::I32, Phys::I32], &[vec![Value::I32(1), Value::I32(10)], vec![Value::I32(2), Value::I32(20)]]);
    let sub = |kind| {
        Expr::new(
            ExprKind::SubPlan(Box::new(SubPlanRef {
                kind,
                plan: 0,
                test: None,
                outputs: vec![],
                args: vec![(0, col(0, INT4))],
                hashed: None,
            })),
            if kind == SubLinkKind::Exists { BOOL } else { INT4 },
        )
    };
    let inner = || {
        let key = Expr::new(ExprKind::Param(Param::Exec(0)), INT4);
        project(filter(scan(i, &[(1, INT4), (2, INT4)]), eq(col(0, INT4), key)), vec![col(1, INT4)])
    };
    db.with(|cx| {
        let mut s = stmt(project(scan(o, &[(1, INT4)]), vec![sub(SubLinkKind::Expr)]));
        s.subplans = vec![inner()];
        assert_eq!(ints(&run(cx, s)), [Some(10), Some(20), None, Some(20)]);
        let mut s = stmt(filter(scan(o, &[(1, INT4)]), sub(SubLinkKind::Exists)));
        s.subplans = vec![inner()];
        assert_eq!(ints(&run(cx, s)), [Some(1), Some(2), Some(2)]);
        // Two rows are one too many.
        let mut s = stmt(project(scan(o, &[(1, INT4)]), vec![sub(SubLinkKind::Expr)]));
        s.subplans = vec![scan(i, &[(1, INT4)])];
        let (_, e) = run_until(cx, s, usize::MAX);
        assert_eq!(e.map(|e| e.code().to_string()), Some("21000".into()));
    });
}

#[test]
fn recursive_union_counts() {
    let db = Db::new();
    db.with(|cx| {
        for all in [true, false] {
            let initial = node(Node::ValuesScan { rows: vec![vec![int(1)], vec![int(1)]] }, &[INT4]);
            let recursive = project(
                filter(
                    node(Node::WorkTableScan { id: 0, alias: "t".into() }, &[INT4]),
                    call("int4lt", vec![col(0, INT4), int(4)], BOOL),
                ),
                vec![call("int4pl", vec![col(0, INT4), int(1)], INT4)],
            );
            let union = node(
                Node::RecursiveUnion {
                    id: 0,
                    all,
                    initial: Box::new(initial),
                    recursive: Box::new(recursive),
                    keys: vec![sort_key(0, false, false)],
                },
                &[INT4],
            );
            let got: Vec<_> = ints(&run(cx, stmt(union))).into_iter().flatten().collect();
            assert_eq!(got, if all { vec![1, 1, 2, 2, 3, 3, 4, 4] } else { vec![1, 2, 3, 4] });
        }
    });
}
