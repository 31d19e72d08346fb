//! Aggregates against sums done by hand.

use std::collections::BTreeMap;

use tusklet_ir::*;
use tusklet_vector::{Phys, Value};

use crate::harness::*;

fn agg(name: &str, args: Vec<Expr>) -> Aggregate {
    let types: Vec<u32> = args.iter().map(|a| a.ty.oid).collect();
    let star = args.is_empty();
    Aggregate {
        func: proc(name, &types),
        direct: vec![],
        args: args
            .into_iter()
            .enumerate()
            .map(|(i, expr)| Target {
                expr,
                name: String::new(),
                attno: i as i16 + 1,
                sort_ref: i as u32 + 1,
                junk: false,
                origin: (0, 0),
            })
            .collect(),
        order_by: vec![],
        distinct: vec![],
        filter: None,
        star,
        variadic: false,
        kind: b'n',
        level: 0,
        input_collation: 0,
        trans_type: 0,
    }
}

fn aggregate(input: Plan, groups: Vec<SortKey>, sets: Option<Vec<AggregateSet>>, aggs: Vec<Aggregate>) -> Plan {
    let strategy = if groups.is_empty() { AggStrategy::Plain } else { AggStrategy::Hashed };
    let mut columns = vec![INT4; groups.len()];
    columns.extend(aggs.iter().map(|_| INT8));
    let all: Vec<u32> = (0..groups.len() as u32).collect();
    let groupings = if sets.is_some() { vec![all] } else { vec![] };
    columns.extend(groupings.iter().map(|_| INT4));
    node(Node::Aggregate { input: Box::new(input), strategy, groups, carried: 0, sets, groupings, aggs }, &columns)
}

#[test]
fn groups_are_sums_by_hand() {
    let mut rnd = Random(11);
    let db = Db::new();
    let rows: Rows = (0..7000).map(|_| vec![rnd.value(30), rnd.value(100)]).collect();
    let t = db.table(&[Phys::I32, Phys::I32], &rows);
    let input = || scan(t, &[(1, INT4), (2, INT4)]);
    db.with(|cx| {
        let mut distinct = agg("sum", vec![col(1, INT4)]);
        distinct.distinct = vec![SortClause {
            target: 1,
            eq_op: 96,
            sort_op: 97,
            cmp: proc("btint4cmp", &[23, 23]),
            desc: false,
            nulls_first: false,
        }];
        let mut filtered = agg("count", vec![]);
        filtered.filter = Some(call("int4gt", vec![col(1, INT4), int(50)], BOOL));
        let aggs = vec![
            agg("count", vec![]),
            agg("sum", vec![col(1, INT4)]),
            agg("min", vec![col(1, INT4)]),
            distinct,
            filtered,
        ];
        let got = run(cx, stmt(aggregate(input(), vec![sort_key(0, false, false)], None, aggs)));

        let mut by_hand: BTreeMap<Option<i64>, Vec<Option<i64>>> = BTreeMap::new();
        let mut order = Vec::new();
        for r in &rows {
            let g = by_hand.entry(num(&r[0])).or_insert_with(|| {
                order.push(num(&r[0]));
                vec![]
            });
            g.push(num(&r[1]));
        }
        assert_eq!(got.iter().map(|r| num(&r[0])).collect::<Vec<_>>(), order, "first seen first");
        for r in &got {
            let all = &by_hand[&num(&r[0])];
            let some: Vec<i64> = all.iter().flatten().copied().collect();
            let mut different = some.clone();
            different.sort();
            different.dedup();
            let expect = [
                Some(all.len() as i64),
                Some(some.iter().sum()),
                some.iter().min().copied(),
                Some(different.iter().sum()),
                Some(some.iter().filter(|v| **v > 50).count() as i64),
            ];
            assert_eq!(r[1..].iter().map(num).collect::<Vec<_>>(), expect);
        }
    });
}

#[test]
fn nothing_still_has_one_row_without_groups() {
    let db = Db::new();
    let t = db.table(&[Phys::I32], &[]);
    db.with(|cx| {
        let aggs = || vec![agg("count", vec![]), agg("sum", vec![col(0, INT4)])];
        let rows = run(cx, stmt(aggregate(scan(t, &[(1, INT4)]), vec![], None, aggs())));
        assert_eq!(rows, vec![vec![Value::I64(0), Value::Null]]);
        let rows = run(cx, stmt(aggregate(scan(t, &[(1, INT4)]), vec![sort_key(0, false, false)], None, aggs())));
        assert!(rows.is_empty());
    });
}

#[test]
fn grouping_sets_have_nulls_and_tell_of_them() {
    let db = Db::new();
    let t = db.table(&[Phys::I32, Phys::I32], &[[1, 5], [1, 6], [2, 5]].map(|r| r.map(Value::I32).to_vec()));
    db.with(|cx| {
        let groups = vec![sort_key(0, false, false), sort_key(1, false, false)];
        let set = |columns: &[u32]| AggregateSet { columns: columns.to_vec(), rollup: None };
        let sets = Some(vec![set(&[0, 1]), set(&[0]), set(&[])]);
        let plan = aggregate(scan(t, &[(1, INT4), (2, INT4)]), groups, sets, vec![agg("count", vec![])]);
        let got: Vec<Vec<Option<i64>>> = run(cx, stmt(plan)).iter().map(|r| r.iter().map(num).collect()).collect();
        let n = Some;
        assert_eq!(
            got,
            [
                vec![n(1), n(5), n(1), n(0)],
                vec![n(1), n(6), n(1), n(0)],
                vec![n(2), n(5), n(1), n(0)],
                vec![n(1), None, n(2), n(1)],
                vec![n(2), None, n(1), n(1)],
                vec![None, None, n(3), n(3)],
            ]
        );
    });
}

#[test]
fn the_earliest_rows_error_is_raised() {
    let db = Db::new();
    let t = db.table(&[Phys::I32], &[4, i32::MAX, 0].map(|v| vec![Value::I32(v)]));
    db.with(|cx| {
        let div = call("int4div", vec![int(1), col(0, INT4)], INT4);
        let add = call("int4pl", vec![col(0, INT4), int(1)], INT4);
        let aggs = vec![agg("sum", vec![div]), agg("sum", vec![add])];
        let (_, e) = run_until(cx, stmt(aggregate(scan(t, &[(1, INT4)]), vec![], None, aggs)), 1);
        assert_eq!(e.map(|e| e.code().to_string()), Some("22003".into()));
    });
}
