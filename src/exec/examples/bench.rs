//! Times of the executor's hot paths with hand-made kernels: `cargo run --profile fast -p tusklet-exec --example bench`.

#[path = "../tests/exec/harness.rs"]
#[allow(dead_code, unused_imports)]
mod harness;

use std::rc::Rc;
use std::time::Instant;

use harness::*;
use tusklet_error::Result;
use tusklet_exec::{ExecCx, Executor, Program, Step};
use tusklet_ir::*;
use tusklet_vector::{
    Accumulator, AggSpec, Batch, Call, CallSite, Datum, Kernel, KernelTable, Out, Phys, Sel, Value, Vector,
};

struct Sum(Vec<i64>);

impl Accumulator for Sum {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups, 0);
    }
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let v = args[0].i32s();
        if groups.is_empty() {
            let mut s = 0i64;
            sel.each(|i| s += v[i] as i64);
            self.0[0] += s;
        } else {
            for (i, g) in sel.iter().zip(groups) {
                self.0[*g as usize] += v[i] as i64;
            }
        }
        Ok(())
    }
    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        out.i64(self.0[group]);
        Ok(())
    }
}

fn make(_: &CallSite) -> Box<dyn Accumulator> {
    Box::new(Sum(vec![]))
}

fn gt(_: &mut Call<'_>, a: &[&Vector], sel: &Sel, out: &mut Vector) -> Result<()> {
    let (x, y) = (a[0].i32s(), a[1].i32s()[0]);
    let o = out.bools_mut();
    match sel {
        Sel::All(n) => o[..*n].iter_mut().zip(x).for_each(|(o, x)| *o = (*x > y) as u8),
        Sel::Rows(r) => r.iter().for_each(|i| o[*i as usize] = (x[*i as usize] > y) as u8),
    }
    Ok(())
}

fn gt1(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.bool(a[0].i32() > a[1].i32());
    Ok(())
}

const KERNELS: &[(&str, Kernel)] = &[("int4gt", Kernel::Batch(gt, gt1))];
static AGGS: &[(&str, AggSpec)] = &[("int4_sum/-", AggSpec { make })];

fn within<T>(db: &Db, f: impl FnOnce(&mut ExecCx<'_>) -> T) -> T {
    let tx = db.begin();
    let table = KernelTable { kernels: tusklet_vector::kernels!(KERNELS), aggregates: AGGS, keys: &[] };
    let mut cx =
        ExecCx::new(&db.store, db.catalog.clone(), &NoHost, table, &db.caches, Rc::new(()), tx.clone(), tx.snapshot());
    let r = f(&mut cx);
    drop(cx);
    db.store.commit(&tx).expect("commit");
    r
}

fn drain(cx: &mut ExecCx<'_>, p: &Rc<Program>, params: &Rc<[Value]>) -> usize {
    let mut ex = Executor::new(p.clone(), params.clone());
    let mut n = 0;
    loop {
        match ex.step(cx, 2048).expect("step") {
            Step::Batch(b) => n += b.len(),
            Step::Done => return n,
            _ => {}
        }
    }
}

fn time(name: &str, times: u32, mut f: impl FnMut()) {
    f();
    let start = Instant::now();
    for _ in 0..times {
        f();
    }
    let each = start.elapsed() / times;
    println!("{name:40} {each:>12.2?}");
}

fn sum(input: Plan, groups: Vec<SortKey>, arg: u32) -> PlannedStmt {
    let target =
        Target { expr: col(arg, INT4), name: String::new(), attno: 1, sort_ref: 0, junk: false, origin: (0, 0) };
    let agg = Aggregate {
        func: proc("sum", &[23]),
        direct: vec![],
        args: vec![target],
        order_by: vec![],
        distinct: vec![],
        filter: None,
        star: false,
        variadic: false,
        kind: b'n',
        level: 0,
        input_collation: 0,
        trans_type: 20,
    };
    let columns: Vec<_> = groups.iter().map(|_| INT4).chain([INT8]).collect();
    let strategy = AggStrategy::Hashed;
    stmt(node(Node::Aggregate { input: Box::new(input), strategy, groups, carried: 0, sets: None, groupings: vec![], aggs: vec![agg] }, &columns))
}

fn main() {
    const N: i32 = 1_000_000;
    let mut db = Db::new();
    let tx = db.begin();
    let rel = db.store.create_table(&tx, &[Phys::I32, Phys::I32, Phys::I32]).expect("table");
    let t = db.store.table(rel).expect("table");
    for from in (0..N).step_by(2048) {
        let mut c: Vec<Vector> = (0..3).map(|_| Vector::empty(Phys::I32)).collect();
        for i in from..(from + 2048).min(N) {
            c[0].push(Datum::I32(i));
            c[1].push(Datum::I32((i as i64 * 7919 % 1000) as i32));
            c[2].push(Datum::I32((i as i64 * 2654435761 % 1_000_003) as i32));
        }
        let n = c[0].len();
        t.insert_batch(&tx, &Batch::new(c.into_iter().map(Rc::new).collect(), n), None).expect("insert");
    }
    db.store.commit(&tx).expect("commit");
    let index = db.index(20000, rel.0, 0);
    let none: Rc<[Value]> = Rc::from([]);
    let input = || scan(rel.0, &[(1, INT4), (2, INT4), (3, INT4)]);

    within(&db, |cx| {
        let half = call("int4gt", vec![col(1, INT4), int(500)], BOOL);
        let p = Program::compile(cx, Rc::new(sum(filter(input(), half), vec![], 2))).expect("compile");
        time("10^6 rows, filter half, sum", 20, || assert_eq!(drain(cx, &p, &none), 1));
        let p = Program::compile(cx, Rc::new(sum(input(), vec![sort_key(1, false, false)], 2))).expect("compile");
        time("10^6 rows, sum by 1000 groups", 10, || assert_eq!(drain(cx, &p, &none), 1000));
        let p = Program::compile(cx, Rc::new(sum(input(), vec![sort_key(2, false, false)], 0))).expect("compile");
        time("10^6 rows, sum by 10^6 groups", 3, || assert!(drain(cx, &p, &none) > 600_000));
        let sort = Node::Sort { input: Box::new(input()), keys: vec![sort_key(2, false, false)], presorted: 0, limit: None };
        let p = Program::compile(cx, Rc::new(stmt(node(sort, &[INT4; 3])))).expect("compile");
        time("10^6 rows, sort by int", 3, || assert_eq!(drain(cx, &p, &none), N as usize));
        let keys = vec![sort_key(1, false, false), sort_key(2, true, false)];
        let sort = Node::Sort { input: Box::new(input()), keys, presorted: 0, limit: None };
        let p = Program::compile(cx, Rc::new(stmt(node(sort, &[INT4; 3])))).expect("compile");
        time("10^6 rows, sort by two ints", 3, || assert_eq!(drain(cx, &p, &none), N as usize));
        let ten = || Some(Expr::constant(Value::I64(10), INT8));
        let sort = Node::Sort {
            input: Box::new(input()),
            keys: vec![sort_key(2, false, false)],
            presorted: 0,
            limit: Some(Box::new((ten(), None))),
        };
        let p = Program::compile(cx, Rc::new(stmt(node(sort, &[INT4; 3])))).expect("compile");
        time("10^6 rows, top 10", 10, || assert_eq!(drain(cx, &p, &none), 10));
        let key = HashKey { left: col(0, INT4), right: col(0, INT4), cmp: proc("btint4cmp", &[23, 23]), collation: 0 };
        let join = project(
            node(
                Node::HashJoin {
                    kind: JoinKind::Inner,
                    left: Box::new(input()),
                    right: Box::new(input()),
                    keys: vec![key],
                    on: None,
                    null_aware: false,
                },
                &[INT4; 6],
            ),
            vec![col(1, INT4), col(5, INT4)],
        );
        let p = Program::compile(cx, Rc::new(sum(join, vec![], 1))).expect("compile");
        time("10^6 x 10^6 rows, hash join, sum", 3, || assert_eq!(drain(cx, &p, &none), 1));
    });

    let param = || Expr::new(ExprKind::Param(Param::External(1)), INT4);
    let bound = || IndexBound { op: BoundOp::Eq, value: param() };
    within(&db, |cx| {
        let rel = scan_rel(rel.0, &[1, 2, 3]);
        let keys = vec![(0, bound())];
        let lookup = Node::IndexScan { rel, index: 20000, index_storage: index, keys, backward: false, only: false };
        let mut s = stmt(node(lookup, &[INT4; 3]));
        s.straight = Some(Rc::new(Straight {
            rel: 1,
            storage: t.rel().0,
            index: 20000,
            index_storage: index,
            key: vec![bound()],
            columns: vec![1, 2, 3],
            filter: None,
            project: None,
        }));
        let p = Program::compile(cx, Rc::new(s)).expect("compile");
        let mut i = 0;
        let mut next = || {
            i = (i + 7919) % N;
            Rc::from([Value::I32(i)])
        };
        time("point lookup, operators", 200_000, || assert_eq!(drain(cx, &p, &next()), 1));
        let straight = p.straight.clone().expect("straight");
        time("point lookup, straight", 1_000_000, || assert!(straight.run(cx, &next()).expect("run").is_some()));
    });

    let insert = |values: Vec<Expr>| {
        let columns =
            ["a", "b", "c"].map(|n| TargetColumn { name: n.into(), ty: INT4, not_null: false, dropped: false });
        let target = ModifyTarget {
            rel: 1,
            name: ("public".into(), "t".into()),
            storage: t.rel().0,
            columns: columns.to_vec(),
            checks: vec![],
            generated: vec![],
            indexes: vec![TargetIndex {
                oid: 20000,
                name: "t_pkey".into(),
                storage: index,
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
        };
        let m = ModifyTable {
            command: CommandType::Insert,
            input: node(Node::ValuesScan { rows: vec![values] }, &[INT4; 3]),
            targets: vec![target],
            rte: 0,
            ctid: 0,
            tableoid: None,
            set: vec![],
            returning: false,
            on_conflict: None,
            actions: vec![],
        };
        stmt(node(Node::ModifyTable(Box::new(m)), &[INT4; 3]))
    };
    let updated = |one: ModifyTable| {
        let input = project(
            node(
                Node::IndexScan {
                    rel: scan_rel(t.rel().0, &[-1, 3]),
                    index: 20000,
                    index_storage: index,
                    keys: vec![(0, bound())],
                    backward: false,
                    only: false,
                },
                &[TID, INT4],
            ),
            vec![col(0, TID), int(5)],
        );
        ModifyTable { command: CommandType::Update, input, set: vec![(3, 1)], ..one }
    };
    within(&db, |cx| {
        let s = insert(vec![param(), int(1), int(2)]);
        let Node::ModifyTable(m) = &s.plan.node else { return };
        let u = stmt(node(Node::ModifyTable(Box::new(updated((**m).clone()))), &[INT4; 3]));
        let p = Program::compile(cx, Rc::new(s.clone())).expect("compile");
        let mut i = N;
        time("insert one row", 200_000, || {
            i += 1;
            drain(cx, &p, &Rc::from([Value::I32(i)]));
        });
        let p = Program::compile(cx, Rc::new(u)).expect("compile");
        let mut i = 0;
        time("update one row by key", 200_000, || {
            i = (i + 7919) % N;
            drain(cx, &p, &Rc::from([Value::I32(i)]));
        });
    });
}
