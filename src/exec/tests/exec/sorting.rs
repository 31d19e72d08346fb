//! Sort, top-N, LIMIT, DISTINCT, set operations against the standard library.

use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn compare(a: &Value, b: &Value, desc: bool, nulls_first: bool) -> std::cmp::Ordering {
    match (num(a), num(b)) {
        (None, None) => std::cmp::Ordering::Equal,
        (None, _) if nulls_first => std::cmp::Ordering::Less,
        (None, _) => std::cmp::Ordering::Greater,
        (_, None) => compare(b, a, desc, nulls_first).reverse(),
        (Some(x), Some(y)) if desc => y.cmp(&x),
        (Some(x), Some(y)) => x.cmp(&y),
    }
}

fn big(v: i64) -> Expr {
    Expr::constant(Value::I64(v), INT8)
}

#[test]
fn sort_is_the_comparators_order_and_top_n_its_beginning() {
    let mut rnd = Random(3);
    for size in [0usize, 1, 100, 9000] {
        let db = Db::new();
        let rows: Rows = (0..size).map(|i| vec![rnd.value(50), rnd.value(1000), Value::I32(i as i32)]).collect();
        let t = db.table(&[Phys::I32, Phys::I32, Phys::I32], &rows);
        let input = || scan(t, &[(1, INT4), (2, INT4), (3, INT4)]);
        let types = [INT4, INT4, INT4];
        for (d0, n0, d1, n1) in [(false, false, false, false), (true, false, false, true), (true, true, true, false)] {
            let keys = vec![sort_key(0, d0, n0), sort_key(1, d1, n1)];
            let mut expect = rows.clone();
            expect.sort_by(|a, b| compare(&a[0], &b[0], d0, n0).then_with(|| compare(&a[1], &b[1], d1, n1)));
            db.with(|cx| {
                let sort = |limit| Node::Sort { input: Box::new(input()), keys: keys.clone(), presorted: 0, limit };
                // The order of rows with equal keys is open: the keys must come in order, every row once.
                let keys_of = |rows: &Rows| -> Vec<Vec<Value>> { rows.iter().map(|r| r[..2].to_vec()).collect() };
                let numbers = |rows: &Rows| -> Vec<Option<i64>> {
                    let mut n: Vec<Option<i64>> = rows.iter().map(|r| num(&r[2])).collect();
                    n.sort();
                    n
                };
                let all = run(cx, stmt(node(sort(None), &types)));
                assert_eq!(keys_of(&all), keys_of(&expect));
                assert_eq!(numbers(&all), numbers(&expect));
                for (limit, offset) in [(0i64, 0i64), (3, 0), (10, 5), (100000, 2)] {
                    let bound = Box::new((Some(big(limit)), Some(big(offset))));
                    let plan = Node::Limit {
                        input: Box::new(node(sort(Some(bound)), &types)),
                        limit: Some(big(limit)),
                        offset: Some(big(offset)),
                        ties: None,
                    };
                    let expect: Rows = expect.iter().skip(offset as usize).take(limit as usize).cloned().collect();
                    let got = run(cx, stmt(node(plan, &types)));
                    assert_eq!(keys_of(&got), keys_of(&expect), "{size} {limit} {offset}");
                    let mut once = numbers(&got);
                    once.dedup();
                    assert_eq!(once.len(), got.len());
                    assert!(got.iter().all(|r| rows.contains(r)));
                }
            });
        }
        // One integer column without NULLs takes another way, and top-N compares it with its bound.
        let mixed = |v: &Vec<Value>| tusklet_vector::hash::word(num(&v[2]).unwrap_or(0) as u64) as i32;
        let t = db.table(
            &[Phys::I32, Phys::I64],
            &rows.iter().map(|r| vec![Value::I32(mixed(r)), Value::I64(mixed(r) as i64 * 3)]).collect::<Vec<_>>(),
        );
        let mut expect: Vec<i64> = rows.iter().map(|r| mixed(r) as i64).collect();
        expect.sort();
        db.with(|cx| {
            for desc in [false, true] {
                for column in [0, 1] {
                    for limit in [None, Some(7)] {
                        let plan = Node::Sort {
                            input: Box::new(scan(t, &[(1, INT4), (2, INT8)])),
                            keys: vec![sort_key(column, desc, false)],
                            presorted: 0,
                            limit: limit.map(|n| Box::new((Some(big(n)), None))),
                        };
                        let got: Vec<i64> =
                            run(cx, stmt(node(plan, &[INT4, INT8]))).iter().filter_map(|r| num(&r[0])).collect();
                        let mut expect = expect.clone();
                        if desc {
                            expect.reverse();
                        }
                        expect.truncate(limit.unwrap_or(i64::MAX) as usize);
                        assert_eq!(got, expect, "{desc} {column} {limit:?}");
                    }
                }
            }
        });
    }
}

#[test]
fn ties_and_negative_limits() {
    let db = Db::new();
    let t = db.table(&[Phys::I32], &[1, 2, 2, 2, 3].map(|v| vec![Value::I32(v)]));
    db.with(|cx| {
        let limit = |n: i64, ties: bool| {
            let plan = Node::Limit {
                input: Box::new(scan(t, &[(1, INT4)])),
                limit: Some(big(n)),
                offset: None,
                ties: ties.then(|| vec![sort_key(0, false, false)]),
            };
            stmt(node(plan, &[INT4]))
        };
        for want in [1, 2, usize::MAX] {
            assert_eq!(run_until(cx, limit(2, true), want).0.len(), 4);
            assert_eq!(run_until(cx, limit(1, true), want).0.len(), 1);
            assert_eq!(run_until(cx, limit(5, true), want).0.len(), 5);
            assert_eq!(run_until(cx, limit(3, false), want).0.len(), 3);
        }
        let e = run_until(cx, limit(-1, false), 1).1.unwrap();
        assert_eq!(e.to_string(), "ERROR: 2201W: LIMIT must not be negative");
    });
}

#[test]
fn set_operations_count() {
    let db = Db::new();
    let values = |v: &[Option<i32>]| -> Rows { v.iter().map(|x| vec![x.map_or(Value::Null, Value::I32)]).collect() };
    let l = db.table(&[Phys::I32], &values(&[Some(1), Some(1), Some(2), None, Some(3), Some(1), None]));
    let r = db.table(&[Phys::I32], &values(&[Some(1), Some(1), Some(3), None, Some(9)]));
    db.with(|cx| {
        let mut op = |kind, all| {
            let plan = Node::SetOp {
                kind,
                all,
                left: Box::new(scan(l, &[(1, INT4)])),
                right: Box::new(scan(r, &[(1, INT4)])),
                keys: vec![sort_key(0, false, false)],
            };
            run(cx, stmt(node(plan, &[INT4]))).iter().map(|r| num(&r[0])).collect::<Vec<_>>()
        };
        assert_eq!(op(SetOpKind::Intersect, false), [Some(1), None, Some(3)]);
        assert_eq!(op(SetOpKind::Intersect, true), [Some(1), Some(1), None, Some(3)]);
        assert_eq!(op(SetOpKind::Except, false), [Some(2)]);
        assert_eq!(op(SetOpKind::Except, true), [Some(1), Some(2), None]);
    });
}
