//! Everything a running statement may touch, and the session as kernels and operators see it.
//!
//! [`ExecCx`] is made by the engine for one call into the executor and passed down by `&mut`. It implements
//! [`CallContext`], so a kernel can call functions, compare, cast and print values through it. What only the engine knows
//! (settings, clocks, routines in SQL or PL/pgSQL, triggers, virtual catalogs) it asks of [`Host`], whose methods take
//! `&self`: the engine keeps its session behind cells, so that a function running a query can come back in here.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::Catalog;
use tusklet_error::{Error, Notice, Result, err};
use tusklet_ir::{LockStrength, Oid, SqlValueKind};
use tusklet_storage::{Snapshot, Store, Tid, Tx, Wait};
use tusklet_vector::{CallContext, CallSite, Datum, KernelTable, RowSource, TextSearch, TypeDesc, TypeKind, TypeRef, Value};

use crate::func::{Caches, Func};
use crate::run::Run;

/// What happened to a row, for triggers and foreign keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RowEvent {
    Insert,
    Update,
    Delete,
}

/// A changed row as AFTER triggers and foreign keys want it: values by attribute.
#[derive(Clone, Debug)]
pub struct ChangedRow<'r> {
    /// The table.
    pub rel: Oid,
    /// What happened.
    pub event: RowEvent,
    /// The row before, for UPDATE and DELETE.
    pub old: Option<&'r [Value]>,
    /// The row after, for INSERT and UPDATE.
    pub new: Option<&'r [Value]>,
    /// Where the old version is.
    pub old_tid: Tid,
    /// Where the new version is.
    pub new_tid: Tid,
}

/// What the engine does for a running statement. Methods take `&self`; those that may run SQL get the context back.
pub trait Host {
    /// Start of the transaction, µs since 2000-01-01 UTC.
    fn transaction_time(&self) -> i64;
    /// Start of the statement.
    fn statement_time(&self) -> i64;
    /// Now.
    fn clock_time(&self) -> i64;
    /// Uniform random bits of the session's generator.
    fn random(&self) -> u64;
    /// Whether an enum's label was added by the running transaction to a type that was there before.
    fn label_is_new(&self, _ty: Oid, _label: Oid) -> bool {
        false
    }
    /// Seeds that generator.
    fn set_seed(&self, seed: f64);
    /// Unpredictable bits.
    fn entropy(&self) -> u64;
    /// A setting's value, as SHOW prints it.
    fn setting(&self, name: &str) -> Option<String>;
    /// Sends a notice to the client.
    fn notice(&self, notice: Notice);
    /// Raises 57014 when the statement was cancelled or ran out of time.
    fn check_interrupts(&self) -> Result<()>;

    /// A text search object for kernels; see [`CallContext::text_search`].
    fn text_search(&self, what: TextSearch<'_>) -> Result<Rc<dyn Any>>;
    /// CURRENT_DATE and friends, as a value of the given type and modifier.
    fn sql_value(&self, cx: &mut ExecCx<'_>, kind: SqlValueKind, ty: TypeRef) -> Result<Value>;
    /// Refuses a user who may not call this function or `what` else it is.
    fn check_execute(&self, func: Oid, what: &str) -> Result<()>;
    /// The next value of a sequence, without privilege check.
    fn next_value(&self, cx: &mut ExecCx<'_>, sequence: Oid) -> Result<i64>;
    /// A built-in function that needs the session and so has no kernel (`current_schema`, `pg_get_viewdef`, `nextval`,
    /// `has_table_privilege`, …), by `prosrc`. Strictness is already handled. `None`: there is no such function either.
    fn system(&self, cx: &mut ExecCx<'_>, prosrc: &str, site: &CallSite, args: &[Datum<'_>]) -> Option<Result<Value>>;
    /// The same for set-returning ones (`pg_show_all_settings`, …). `columns` are the types of the rows' columns.
    fn system_set(
        &self,
        cx: &mut ExecCx<'_>,
        prosrc: &str,
        site: &CallSite,
        args: &[Datum<'_>],
        columns: &[TypeRef],
    ) -> Option<Result<Box<dyn RowSource>>>;
    /// Calls a function in SQL, PL/pgSQL or another language that is not kernels.
    fn routine(&self, cx: &mut ExecCx<'_>, func: Oid, site: &CallSite, args: &[Datum<'_>]) -> Result<Value>;
    /// Calls one that returns a set.
    fn routine_set(
        &self,
        cx: &mut ExecCx<'_>,
        func: Oid,
        site: &CallSite,
        args: &[Datum<'_>],
        columns: &[TypeRef],
    ) -> Result<Box<dyn RowSource>>;

    /// The rows of a virtual table (`pg_class`, `information_schema`'s base tables, …), by attribute number.
    fn catalog_rows(&self, cx: &mut ExecCx<'_>, rel: Oid, columns: &[i16]) -> Result<Box<dyn RowSource>>;

    /// BEFORE ROW triggers of a table whose target says `before_rows`. May change `new`; `false` skips the row.
    fn before_row(
        &self,
        cx: &mut ExecCx<'_>,
        rel: Oid,
        event: RowEvent,
        old: Option<&[Value]>,
        new: Option<&mut Vec<Value>>,
    ) -> Result<bool>;
    /// Notes a changed row of a table whose target says `after_rows`. The engine runs what it asks for when the statement
    /// (or the transaction) ends.
    fn after_row(&self, cx: &mut ExecCx<'_>, row: ChangedRow<'_>) -> Result<()>;
    /// A deferrable unique index met a possible duplicate: to be checked when the constraint is due.
    fn defer_unique(&self, cx: &mut ExecCx<'_>, index: Oid, key: &[u8], tid: Tid) -> Result<()>;
    /// An index's columns as `pg_get_indexdef` prints them, separated by `, `: for the detail of 23505.
    fn index_columns(&self, cx: &mut ExecCx<'_>, index: Oid) -> Result<String>;
    /// The row a cursor is on, for WHERE CURRENT OF.
    fn cursor_row(&self, cx: &mut ExecCx<'_>, cursor: &str, rel: Oid) -> Result<Option<Tid>>;
}

/// Everything a running statement may touch.
pub struct ExecCx<'a> {
    /// Tables and indexes.
    pub store: &'a Store,
    /// The catalog as this statement sees it.
    pub catalog: Catalog,
    /// The engine.
    pub host: &'a dyn Host,
    /// The kernels.
    pub kernels: KernelTable,
    /// Looked-up functions and types; lives with the session.
    pub caches: &'a Caches,
    /// The session's formatting state (`tusklet_adt` structures). Replaced by `set_config` while a statement runs.
    pub formats: Rc<dyn Any>,
    /// The transaction.
    pub tx: Tx,
    /// What this statement sees.
    pub snapshot: Snapshot,
    /// A row changed by others meanwhile is rechecked (READ COMMITTED) rather than refused with 40001.
    pub read_committed: bool,
    /// Rows that may be read before operators yield; the executor refills it at each step.
    pub budget: i64,
    /// State of the statement that is running.
    pub run: Run,
    /// The row at which the last expression failed.
    pub(crate) fail_row: usize,
    /// Whoever evaluates can take a batch in parts: see [`ExecCx::too_wide`].
    pub(crate) splits: bool,
    /// The error is none: the rows before [`ExecCx::fail_row`] filled the bytes a column may have, the others are to be
    /// evaluated when those have been seen to. A batch of rows of a megabyte each would not fit into memory.
    pub(crate) too_wide: bool,
    /// Set when something below an expression had to wait for a lock: the statement starts over.
    pub(crate) wait: Option<Wait>,
}

impl<'a> ExecCx<'a> {
    /// A context for one call into the executor.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        store: &'a Store,
        catalog: Catalog,
        host: &'a dyn Host,
        kernels: KernelTable,
        caches: &'a Caches,
        formats: Rc<dyn Any>,
        tx: Tx,
        snapshot: Snapshot,
    ) -> ExecCx<'a> {
        ExecCx {
            store,
            catalog,
            host,
            kernels,
            caches,
            formats,
            tx,
            snapshot,
            read_committed: true,
            budget: crate::BUDGET,
            run: Run::default(),
            fail_row: 0,
            splits: false,
            too_wide: false,
            wait: None,
        }
    }

    /// A function, looked up once.
    pub fn func(&self, oid: Oid) -> Result<Rc<Func>> {
        self.caches.func(self, oid)
    }

    /// The error that says the statement has to wait and start over; [`crate::Executor::step`] turns it into
    /// [`crate::Step::Restart`].
    pub fn must_wait(&mut self, wait: Wait) -> Error {
        self.wait = Some(wait);
        Error::internal("statement must wait for a lock")
    }

    /// What something below had to wait for, when an error was [`ExecCx::must_wait`]'s.
    pub fn take_wait(&mut self) -> Option<Wait> {
        self.wait.take()
    }

    /// Runs `f`, which can take a batch in parts.
    pub(crate) fn splitting<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.splits, true);
        let result = f(self);
        self.splits = outer;
        result
    }

    /// NULL as a value of a type: a domain may refuse it.
    pub fn input_null(&mut self, ty: TypeRef) -> Result<Value> {
        crate::func::check_domain(self, ty.oid, Value::Null)
    }

    /// The type under a domain and the domains it is made from.
    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn below_domain(&mut self, ty: Oid) -> Result<Option<TypeRef>> {
        let mut base = None;
        let mut at = ty;
        while let TypeKind::Domain(b) = self.type_desc(at)?.kind {
            base = Some(b);
            at = b.oid;
        }
        Ok(base)
    }

    /// Runs `f` as part of the statement, with row `row` noted when it fails.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn at_row<T>(&mut self, row: usize, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        f(self).inspect_err(|_| self.fail_row = row)
    }
}

impl CallContext for ExecCx<'_> {
    fn formats(&self) -> &dyn Any {
        &*self.formats
    }

    fn transaction_time(&self) -> i64 {
        self.host.transaction_time()
    }

    fn statement_time(&self) -> i64 {
        self.host.statement_time()
    }

    fn clock_time(&self) -> i64 {
        self.host.clock_time()
    }

    fn random(&mut self) -> u64 {
        self.host.random()
    }

    fn label_is_new(&mut self, ty: u32, label: u32) -> bool {
        self.host.label_is_new(ty, label)
    }

    fn set_seed(&mut self, seed: f64) {
        self.host.set_seed(seed)
    }

    fn entropy(&mut self) -> u64 {
        self.host.entropy()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.host.setting(name)
    }

    fn text_search(&mut self, what: TextSearch<'_>) -> Result<Rc<dyn Any>> {
        self.host.text_search(what)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn type_desc(&mut self, oid: u32) -> Result<Rc<TypeDesc>> {
        self.caches.type_desc(self, oid)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn output(&mut self, ty: u32, d: Datum<'_>, out: &mut String) -> Result<()> {
        let io = self.caches.type_io(self, ty)?;
        let v = io.output.call(self, &io.output_site, &[d])?;
        out.push_str(v.as_datum().str());
        Ok(())
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value> {
        if let Some(base) = self.below_domain(ty.oid)? {
            let v = self.input(base, text)?;
            return crate::func::check_domain(self, ty.oid, v);
        }
        let io = self.caches.type_io(self, ty.oid)?;
        let mut site = io.input_site.clone();
        site.result = ty;
        let args = [Datum::Bytes(text.as_bytes()), Datum::I64(io.io_param as i64), Datum::I32(ty.typmod)];
        io.input.call(self, &site, &args)
    }

    fn send(&mut self, ty: u32, d: Datum<'_>, out: &mut Vec<u8>) -> Result<()> {
        let io = self.caches.type_io(self, ty)?;
        let Some(send) = &io.send else {
            return Err(no_binary(&io.desc.name, "output"));
        };
        let v = send.call(self, &io.output_site, &[d])?;
        out.extend_from_slice(v.as_datum().bytes());
        Ok(())
    }

    fn recv(&mut self, ty: TypeRef, bytes: &[u8]) -> Result<Value> {
        if let Some(base) = self.below_domain(ty.oid)? {
            let v = self.recv(base, bytes)?;
            return crate::func::check_domain(self, ty.oid, v);
        }
        let io = self.caches.type_io(self, ty.oid)?;
        let Some(recv) = &io.recv else {
            return Err(no_binary(&io.desc.name, "input"));
        };
        let mut site = io.input_site.clone();
        site.result = ty;
        recv.call(self, &site, &[Datum::Bytes(bytes), Datum::I64(io.io_param as i64), Datum::I32(ty.typmod)])
    }

    fn comparable(&mut self, ty: u32, equality: bool) -> Result<()> {
        let s = self.caches.sort_operators(&self.catalog, ty);
        let (missing, what) = if equality { (s.eq == 0, "an equality operator") } else { (s.cmp == 0, "a comparison function") };
        if missing {
            let name = &self.caches.type_desc(self, ty)?.name;
            return Err(err!(UNDEFINED_FUNCTION, "could not identify {} for type {}"; what, name));
        }
        Ok(())
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn compare(&mut self, ty: u32, collation: u32, a: Datum<'_>, b: Datum<'_>) -> Result<Ordering> {
        let f = match self.caches.comparison(self, ty) {
            Ok(f) => f,
            // `xid` has equality and no order: who needs an order has asked `comparable`.
            Err(e) => {
                let equal = builtin::operator(self.caches.sort_operators(&self.catalog, ty).eq).ok_or(e)?.code();
                let equal = self.call(equal, collation, &[a, b])?;
                return Ok(if equal.as_datum().bool() { Ordering::Equal } else { Ordering::Less });
            }
        };
        let site = CallSite {
            func: f.oid,
            args: vec![TypeRef::new(ty), TypeRef::new(ty)],
            result: TypeRef::new(crate::types::INT4),
            collation,
            variadic: false,
            columns: None,
        };
        Ok(f.call(self, &site, &[a, b])?.as_datum().int().cmp(&0))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn call(&mut self, func: u32, collation: u32, args: &[Datum<'_>]) -> Result<Value> {
        let f = self.func(func)?;
        let site = CallSite { collation, ..f.site.clone() };
        f.call(self, &site, args)
    }

    fn cast(&mut self, from: u32, to: TypeRef, d: Datum<'_>) -> Result<Value> {
        crate::func::cast(self, from, to, d)
    }

    fn notice(&mut self, notice: Notice) {
        self.host.notice(notice)
    }

    fn check_interrupts(&mut self) -> Result<()> {
        self.host.check_interrupts()
    }
}

fn no_binary(name: &str, which: &str) -> Error {
    tusklet_error::err!(UNDEFINED_FUNCTION, "no binary {} function available for type {}"; which, name)
}

/// Row lock strength as storage knows it.
pub(crate) fn row_lock(s: LockStrength) -> tusklet_storage::RowLock {
    match s {
        LockStrength::KeyShare => tusklet_storage::RowLock::KeyShare,
        LockStrength::Share => tusklet_storage::RowLock::Share,
        LockStrength::NoKeyUpdate => tusklet_storage::RowLock::NoKeyUpdate,
        LockStrength::Update => tusklet_storage::RowLock::Update,
    }
}
