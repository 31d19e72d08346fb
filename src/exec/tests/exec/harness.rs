//! A store, a host that does nothing, a few kernels, and short names for building plans.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, Index, IndexColumn, Persistence, RelKind, Relation};
use tusklet_error::{Error, Notice, Result, err};
use tusklet_exec::{Caches, ChangedRow, ExecCx, Executor, Host, Program, RowEvent, Step};
use tusklet_ir::*;
use tusklet_storage::{RelId, Store, Tid, Tx};
use tusklet_vector::{
    Call, CallContext, CallSite, Datum, Kernel, KernelTable, Out, Phys, RowSource, Sel, TypeRef, Value, Vector,
};

pub const INT4: TypeRef = TypeRef::new(23);
pub const INT8: TypeRef = TypeRef::new(20);
pub const BOOL: TypeRef = TypeRef::new(16);
pub const TID: TypeRef = TypeRef::new(27);

pub struct NoHost;

impl Host for NoHost {
    fn transaction_time(&self) -> i64 {
        0
    }
    fn statement_time(&self) -> i64 {
        0
    }
    fn clock_time(&self) -> i64 {
        0
    }
    fn random(&self) -> u64 {
        4
    }
    fn set_seed(&self, _: f64) {}
    fn entropy(&self) -> u64 {
        4
    }
    fn setting(&self, _: &str) -> Option<String> {
        None
    }
    fn notice(&self, _: Notice) {}
    fn check_execute(&self, _: Oid, _: &str) -> Result<()> {
        Ok(())
    }
    fn text_search(&self, _: tusklet_vector::TextSearch<'_>) -> Result<std::rc::Rc<dyn std::any::Any>> {
        Err(tusklet_error::Error::unsupported("text search here"))
    }
    fn check_interrupts(&self) -> Result<()> {
        Ok(())
    }
    fn sql_value(&self, _: &mut ExecCx<'_>, _: SqlValueKind, _: TypeRef) -> Result<Value> {
        Err(Error::internal("sql_value"))
    }
    fn next_value(&self, _: &mut ExecCx<'_>, _: Oid) -> Result<i64> {
        Err(Error::internal("next_value"))
    }
    fn system(&self, _: &mut ExecCx<'_>, _: &str, _: &CallSite, _: &[Datum<'_>]) -> Option<Result<Value>> {
        None
    }
    fn system_set(
        &self,
        _: &mut ExecCx<'_>,
        _: &str,
        _: &CallSite,
        _: &[Datum<'_>],
        _: &[TypeRef],
    ) -> Option<Result<Box<dyn RowSource>>> {
        None
    }
    fn routine(&self, _: &mut ExecCx<'_>, _: Oid, _: &CallSite, _: &[Datum<'_>]) -> Result<Value> {
        Err(Error::internal("routine"))
    }
    fn routine_set(
        &self,
        _: &mut ExecCx<'_>,
        _: Oid,
        _: &CallSite,
        _: &[Datum<'_>],
        _: &[TypeRef],
    ) -> Result<Box<dyn RowSource>> {
        Err(Error::internal("routine_set"))
    }
    fn catalog_rows(&self, _: &mut ExecCx<'_>, _: Oid, _: &[i16]) -> Result<Box<dyn RowSource>> {
        Err(Error::internal("catalog_rows"))
    }
    fn before_row(
        &self,
        _: &mut ExecCx<'_>,
        _: Oid,
        _: RowEvent,
        _: Option<&[Value]>,
        _: Option<&mut Vec<Value>>,
    ) -> Result<bool> {
        Ok(true)
    }
    fn after_row(&self, _: &mut ExecCx<'_>, _: ChangedRow<'_>) -> Result<()> {
        Ok(())
    }
    fn defer_unique(&self, _: &mut ExecCx<'_>, _: Oid, _: &[u8], _: Tid) -> Result<()> {
        Ok(())
    }
    fn index_columns(&self, _: &mut ExecCx<'_>, _: Oid) -> Result<String> {
        Ok(String::new())
    }
    fn cursor_row(&self, _: &mut ExecCx<'_>, _: &str, _: Oid) -> Result<Option<Tid>> {
        Ok(None)
    }
}

fn int4pl(c: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let _ = c;
    match a[0].i32().checked_add(a[1].i32()) {
        Some(v) => out.i32(v),
        None => return Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")),
    }
    Ok(())
}

fn int4pl_batch(c: &mut Call<'_>, a: &[&Vector], sel: &Sel, out: &mut Vector) -> Result<()> {
    sel.try_each(|i| {
        if a[0].is_null(i) || a[1].is_null(i) {
            return Ok(());
        }
        match a[0].get(i).i32().checked_add(a[1].get(i).i32()) {
            Some(v) => out.i32s_mut()[i] = v,
            None => {
                c.row = i;
                return Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range"));
            }
        }
        Ok(())
    })
}

fn int4div(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    if a[1].i32() == 0 {
        return Err(err!(DIVISION_BY_ZERO, "division by zero"));
    }
    out.i32(a[0].i32().wrapping_div(a[1].i32()));
    Ok(())
}

macro_rules! compare {
    ($($name:ident $op:tt),*) => {$(
        fn $name(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
            out.bool(a[0].int() $op a[1].int());
            Ok(())
        }
    )*};
}
compare!(int4eq ==, int4lt <, int4gt >);

fn texteq(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.bool(a[0].bytes() == a[1].bytes());
    Ok(())
}

fn btint4cmp(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.i32(a[0].i32().cmp(&a[1].i32()) as i32);
    Ok(())
}

fn int4out(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.str(&a[0].i32().to_string());
    Ok(())
}

fn int8in(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.i64(a[0].str().parse().unwrap_or(0));
    Ok(())
}

fn textout(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.bytes(a[0].bytes());
    Ok(())
}

fn int8inc(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.i64(a[0].i64() + 1);
    Ok(())
}

fn int4_sum(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    match (a[0], a[1]) {
        (s, Datum::Null) => out.set(s),
        (s, v) => out.i64(s.i64() + v.int()),
    }
    Ok(())
}

fn int4smaller(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.i32(a[0].i32().min(a[1].i32()));
    Ok(())
}

fn in_range_int4_int4(_: &mut Call<'_>, a: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let (sub, less) = (a[3].bool(), a[4].bool());
    let bound = if sub { a[1].int() - a[2].int() } else { a[1].int() + a[2].int() };
    out.bool(if less { a[0].int() <= bound } else { a[0].int() >= bound });
    Ok(())
}

struct Series(i32, i32);

impl RowSource for Series {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let n = want.min((self.1 - self.0 + 1).max(0) as usize);
        for _ in 0..n {
            out[0].push(Datum::I32(self.0));
            self.0 += 1;
        }
        Ok(n)
    }
}

fn series(_: &mut Call<'_>, a: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    Ok(Box::new(Series(a[0].i32(), a[1].i32())))
}

const KERNELS: &[(&str, Kernel)] = &[
    ("btint4cmp", Kernel::Scalar(btint4cmp)),
    ("generate_series_int4", Kernel::Set(series)),
    ("in_range_int4_int4", Kernel::Scalar(in_range_int4_int4)),
    ("int4_sum", Kernel::Scalar(int4_sum)),
    ("int4div", Kernel::Scalar(int4div)),
    ("int4eq", Kernel::Scalar(int4eq)),
    ("int4gt", Kernel::Scalar(int4gt)),
    ("int4lt", Kernel::Scalar(int4lt)),
    ("int4out", Kernel::Scalar(int4out)),
    ("int4pl", Kernel::Batch(int4pl_batch, int4pl)),
    ("int4smaller", Kernel::Scalar(int4smaller)),
    ("int8in", Kernel::Scalar(int8in)),
    ("int8inc", Kernel::Scalar(int8inc)),
    ("int8inc_any", Kernel::Scalar(int8inc)),
    ("texteq", Kernel::Scalar(texteq)),
    ("textout", Kernel::Scalar(textout)),
];

pub const TABLE: KernelTable = KernelTable { kernels: tusklet_vector::kernels!(KERNELS), aggregates: &[], keys: &[] };

pub fn proc(name: &str, args: &[u32]) -> Oid {
    builtin::proc_exact(name, args).unwrap_or_else(|| panic!("no function {name}")).oid()
}

/// A database with a catalog of hand-made indexes.
pub struct Db {
    pub store: Store,
    pub catalog: Catalog,
    pub caches: Caches,
}

impl Db {
    pub fn new() -> Db {
        Db { store: Store::in_memory(), catalog: Catalog::new(), caches: Caches::default() }
    }

    pub fn begin(&self) -> Tx {
        self.store.begin()
    }

    /// Runs `f` in a transaction of its own.
    pub fn with<T>(&self, f: impl FnOnce(&mut ExecCx<'_>) -> T) -> T {
        let tx = self.begin();
        let r = self.within(&tx, f);
        if tx.ended() {
            return r;
        }
        self.store.commit(&tx).expect("commit");
        r
    }

    /// Runs `f` as the next command of a transaction.
    pub fn within<T>(&self, tx: &Tx, f: impl FnOnce(&mut ExecCx<'_>) -> T) -> T {
        tx.next_command();
        let mut cx = ExecCx::new(
            &self.store,
            self.catalog.clone(),
            &NoHost,
            TABLE,
            &self.caches,
            Rc::new(()),
            tx.clone(),
            tx.snapshot(),
        );
        f(&mut cx)
    }

    /// A table with these rows.
    pub fn table(&self, types: &[Phys], rows: &[Vec<Value>]) -> u32 {
        let tx = self.begin();
        let rel = self.store.create_table(&tx, types).expect("table");
        let t = self.store.table(rel).expect("table");
        for r in rows {
            t.insert_values(&tx, r).expect("insert");
        }
        self.store.commit(&tx).expect("commit");
        rel.0
    }

    /// A unique index on one int4 column, known to the catalog by `oid`.
    pub fn index(&mut self, oid: Oid, table: u32, column: usize) -> u32 {
        let tx = self.begin();
        let rel = self.store.create_index(&tx, RelId(table)).expect("index");
        let t = self.store.table(RelId(table)).expect("table");
        let index = self.store.index(rel).expect("index");
        let snapshot = tx.snapshot();
        let mut scan = tusklet_storage::TableScan::new(&t, vec![tusklet_storage::ScanColumn::Column(column)]);
        while let Some(s) = scan.next(&snapshot).expect("scan") {
            for i in s.batch.sel.iter() {
                let mut key = Vec::new();
                tusklet_vector::key::KeyPart::ASC.write(s.batch.columns[0].get(i), &mut key);
                index.insert(&tx, &key, s.tid(i)).expect("entry");
            }
        }
        self.store.commit(&tx).expect("commit");
        let cmp = proc("btint4cmp", &[23, 23]);
        self.catalog.put_relation(Relation {
            oid,
            name: format!("i{oid}"),
            schema: 2200,
            kind: RelKind::Index,
            owner: 10,
            row_type: 0,
            storage: rel.0,
            persistence: Persistence::Permanent,
            columns: vec![],
            constraints: vec![],
            indexes: vec![],
            index: Some(Index {
                table: 1,
                columns: vec![IndexColumn {
                    attno: column as i16 + 1,
                    expr: None,
                    ty: INT4,
                    opclass: 1978,
                    opfamily: 1976,
                    cmp,
                    collation: 0,
                    desc: false,
                    nulls_first: false,
                    options: vec![],
                }],
                keys: 1,
                unique: true,
                nulls_not_distinct: false,
                primary: true,
                exclusion: false,
                immediate: true,
                valid: true,
                clustered: false,
                replica_identity: false,
                predicate: None,
                constraint: 0,
                parent: 0,
            }),
            view: None,
            sequence: None,
            parents: vec![],
            children: vec![],
            triggers: vec![],
            rules: vec![],
            of_type: 0,
            partition_key: None,
            partition_bound: None,
            options: vec![],
            acl: None,
            row_security: false,
            force_row_security: false,
            replica_identity: b'd',
            access_method: 403,
            system: false,
        });
        rel.0
    }
}

pub fn stmt(plan: Plan) -> PlannedStmt {
    let command = match &plan.node {
        Node::ModifyTable(m) => m.command,
        _ => CommandType::Select,
    };
    PlannedStmt {
        command,
        plan,
        subplans: vec![],
        ctes: vec![],
        params: vec![],
        columns: vec![],
        relations: vec![],
        straight: None,
        inlined: false,
        volatile: false,
    }
}

pub type Rows = Vec<Vec<Value>>;

/// Runs a statement; the rows delivered, and the error they ended with.
pub fn run_until(cx: &mut ExecCx<'_>, s: PlannedStmt, want: usize) -> (Rows, Option<Error>) {
    let mut rows = Vec::new();
    let program = match Program::compile(cx, Rc::new(s)) {
        Ok(p) => p,
        Err(e) => return (rows, Some(e)),
    };
    let mut ex = Executor::new(program, Rc::from([]));
    loop {
        match ex.step(cx, want) {
            Ok(Step::Batch(b)) => {
                for i in b.sel.iter() {
                    rows.push(b.columns.iter().map(|c| c.value(i)).collect());
                }
            }
            Ok(Step::Done) => return (rows, None),
            Ok(Step::Yield) => {}
            Ok(Step::Blocked(_) | Step::Restart(_)) => return (rows, Some(Error::internal("blocked"))),
            Err(e) => return (rows, Some(e)),
        }
    }
}

pub fn run(cx: &mut ExecCx<'_>, s: PlannedStmt) -> Rows {
    let (rows, e) = run_until(cx, s, usize::MAX);
    if let Some(e) = e {
        panic!("{e}");
    }
    rows
}

pub fn node(node: Node, columns: &[TypeRef]) -> Plan {
    Plan {
        node,
        filter: None,
        project: None,
        columns: columns.to_vec(),
        rows: 1.0,
        width: 8,
        startup_cost: 0.0,
        total_cost: 0.0,
    }
}

pub fn scan_rel(storage: u32, attnos: &[i16]) -> ScanRel {
    ScanRel { oid: 1, storage, alias: "t".into(), rte: 0, columns: attnos.to_vec() }
}

/// A scan of these attributes.
pub fn scan(storage: u32, columns: &[(i16, TypeRef)]) -> Plan {
    let attnos: Vec<i16> = columns.iter().map(|c| c.0).collect();
    let types: Vec<TypeRef> = columns.iter().map(|c| c.1).collect();
    node(Node::SeqScan { rel: scan_rel(storage, &attnos), zones: vec![], sample: None }, &types)
}

pub fn filter(mut p: Plan, e: Expr) -> Plan {
    p.filter = Some(e);
    p
}

pub fn project(mut p: Plan, list: Vec<Expr>) -> Plan {
    p.columns = list.iter().map(|e| e.ty).collect();
    p.project = Some(list);
    p
}

pub fn col(i: u32, ty: TypeRef) -> Expr {
    Expr::new(ExprKind::Column(i), ty)
}

pub fn int(v: i32) -> Expr {
    Expr::constant(Value::I32(v), INT4)
}

pub fn null() -> Expr {
    Expr::constant(Value::Null, INT4)
}

pub fn call(name: &str, args: Vec<Expr>, ty: TypeRef) -> Expr {
    let types: Vec<u32> = args.iter().map(|a| a.ty.oid).collect();
    Expr::new(
        ExprKind::Call(Box::new(FuncCall {
            func: proc(name, &types),
            op: 0,
            args,
            input_collation: 0,
            variadic: false,
            retset: false,
            form: CoercionForm::Call,
            strict: true,
            volatility: Volatility::Immutable,
        })),
        ty,
    )
}

/// generate_series(from, to).
pub fn series_call(from: Expr, to: Expr) -> Expr {
    let mut e = call("generate_series", vec![from, to], INT4);
    if let ExprKind::Call(c) = &mut e.kind {
        c.retset = true;
    }
    e
}

pub fn eq(a: Expr, b: Expr) -> Expr {
    call("int4eq", vec![a, b], BOOL)
}

pub fn sort_key(column: u32, desc: bool, nulls_first: bool) -> SortKey {
    SortKey { column, ty: 23, cmp: proc("btint4cmp", &[23, 23]), collation: 0, desc, nulls_first }
}

/// A reproducible sequence.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = tusklet_vector::hash::word(self.0.wrapping_add(0x9E37));
        self.0 % n
    }

    /// A small number or NULL.
    pub fn value(&mut self, n: u64) -> Value {
        if self.below(8) == 0 { Value::Null } else { Value::I32(self.below(n) as i32) }
    }
}

pub fn num(v: &Value) -> Option<i64> {
    (!v.is_null()).then(|| v.as_datum().int())
}
