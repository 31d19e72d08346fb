//! Subqueries in expressions.
//!
//! A correlated one is started over for every row after its parameters are set. Of one without correlation the rows (or
//! the value, or a hash table of them) are kept until a parameter that it uses from further out changes. Its operators
//! cannot be suspended in the middle of an expression: when one has to wait for a row lock, the whole statement starts
//! over ([`ExecCx::must_wait`]).

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_error::{Result, err};
use tusklet_ir::SubLinkKind;
use tusklet_vector::hashing::ByteSet;
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Datum, Value};

use super::eval_row::{from_truth, truth};
use super::{CCall, CExpr};
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::op::{Compiled, Operator};
use crate::row::{Row, Val};
use crate::run::Deps;

/// A compiled reference to a subplan.
pub(crate) struct CSubPlan {
    pub kind: SubLinkKind,
    pub plan: Rc<Compiled>,
    /// Place of its state in [`crate::Run`].
    pub slot: u32,
    pub test: Option<CExpr>,
    pub outputs: Vec<u32>,
    pub args: Vec<(u32, CExpr)>,
    pub hashed: Option<Vec<CHashKey>>,
    /// Parameters it uses that are set further out.
    pub deps: Rc<[u32]>,
    /// For ARRAY(…): makes the array.
    pub array: Option<CCall>,
}

/// One equality of a hashed IN.
pub(crate) struct CHashKey {
    pub left: CExpr,
    pub right: CExpr,
    pub key: KeyPart,
}

/// The state of a subplan.
pub(crate) struct SubState {
    op: Box<dyn Operator>,
    fresh: bool,
    deps: Deps,
    kept: Option<Kept>,
}

enum Kept {
    Value(Value),
    Rows(Rc<Vec<Batch>>),
    Hash(Rc<HashedRows>),
}

/// The rows of a hashed IN: complete keys in a set, rows with NULLs aside.
#[derive(Default)]
struct HashedRows {
    keys: ByteSet,
    /// Every key's columns, `None` for NULL: what NULLs on either side are matched against.
    partial: Vec<Vec<Option<Vec<u8>>>>,
    /// Complete rows' columns, only looked at by probes with NULLs; made when first wanted.
    complete: RefCell<Option<Vec<Vec<Option<Vec<u8>>>>>>,
    rows: Rc<Vec<Batch>>,
}

impl CSubPlan {
    pub fn children(&self, f: &mut dyn FnMut(&CExpr)) {
        self.args.iter().for_each(|(_, e)| f(e));
        self.test.iter().for_each(&mut *f);
        for k in self.hashed.iter().flatten() {
            f(&k.left);
        }
    }

    /// Sets parameters that other columns of the same list read.
    pub fn is_multi(&self) -> bool {
        self.kind == SubLinkKind::Multi
    }

    /// The same value for every row.
    pub fn is_constant(&self) -> bool {
        self.args.is_empty() && matches!(self.kind, SubLinkKind::Exists | SubLinkKind::Expr | SubLinkKind::Array)
    }

    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        for (id, e) in &self.args {
            let v = e.value(cx, row)?;
            cx.run.set_param(*id, v);
        }
        let slot = self.slot as usize;
        if cx.run.subplans.len() <= slot {
            cx.run.subplans.resize_with(slot + 1, || None);
        }
        let mut state = match cx.run.subplans[slot].take() {
            Some(s) => s,
            None => Box::new(SubState {
                op: self.plan.start(&cx.run),
                fresh: true,
                deps: Deps::new(&self.deps),
                kept: None,
            }),
        };
        let outer_changed = state.deps.changed(&cx.run);
        if outer_changed || !self.args.is_empty() {
            state.kept = None;
        }
        let result = self.answer(cx, &mut state, row);
        cx.run.subplans[slot] = Some(state);
        result
    }

    fn answer<'r>(&'r self, cx: &mut ExecCx<'_>, state: &mut SubState, row: Row<'r>) -> Result<Val<'r>> {
        if let Some(Kept::Value(v)) = &state.kept {
            return Ok(Val::V(v.clone()));
        }
        match self.kind {
            SubLinkKind::Exists => {
                self.restart(cx, state)?;
                let found = next(cx, state, 1)?.is_some();
                self.keep(state, Value::Bool(found))
            }
            SubLinkKind::Expr => {
                let v = match self.single_row(cx, state)? {
                    Some((b, i)) => b.columns.first().map_or(Value::Null, |c| c.value(i)),
                    None => Value::Null,
                };
                self.keep(state, v)
            }
            SubLinkKind::Multi | SubLinkKind::RowCompare => {
                let found = self.single_row(cx, state)?;
                for (i, id) in self.outputs.iter().enumerate() {
                    let v = match &found {
                        Some((b, r)) => b.columns.get(i).map_or(Value::Null, |c| c.value(*r)),
                        None => Value::Null,
                    };
                    cx.run.set_param(*id, v);
                }
                match (&self.test, found) {
                    (Some(t), Some(_)) => t.eval_row(cx, row),
                    _ => Ok(Val::NULL),
                }
            }
            SubLinkKind::Array => {
                self.restart(cx, state)?;
                let mut values = Vec::new();
                while let Some(b) = next(cx, state, usize::MAX)? {
                    if let Some(c) = b.columns.first() {
                        values.extend(b.sel.iter().map(|i| c.value(i)));
                    }
                }
                let datums: Vec<Datum<'_>> = values.iter().map(Value::as_datum).collect();
                let v = match &self.array {
                    Some(a) => a.call(cx, &datums)?,
                    None => Value::Null,
                };
                self.keep(state, v)
            }
            SubLinkKind::Any | SubLinkKind::All => {
                if let Some(keys) = &self.hashed
                    && self.kind == SubLinkKind::Any
                {
                    let table = match &state.kept {
                        Some(Kept::Hash(h)) => h.clone(),
                        _ => {
                            let h = Rc::new(self.build(cx, state, keys)?);
                            state.kept = Some(Kept::Hash(h.clone()));
                            h
                        }
                    };
                    return self.probe(cx, keys, &table, row);
                }
                let stop = self.kind == SubLinkKind::Any;
                let mut t = Some(!stop);
                if self.args.is_empty() {
                    let rows = match &state.kept {
                        Some(Kept::Rows(r)) => r.clone(),
                        _ => {
                            let r = Rc::new(self.all_rows(cx, state)?);
                            state.kept = Some(Kept::Rows(r.clone()));
                            r
                        }
                    };
                    for b in rows.iter() {
                        if self.test_rows(cx, b, row, stop, &mut t)? {
                            return Ok(Val::bool(stop));
                        }
                    }
                } else {
                    self.restart(cx, state)?;
                    let mut want = 16;
                    while let Some(b) = next(cx, state, want)? {
                        want = 2048;
                        if self.test_rows(cx, &b, row, stop, &mut t)? {
                            return Ok(Val::bool(stop));
                        }
                    }
                }
                Ok(from_truth(t))
            }
        }
    }

    fn keep(&self, state: &mut SubState, v: Value) -> Result<Val<'static>> {
        if self.args.is_empty() {
            state.kept = Some(Kept::Value(v.clone()));
        }
        Ok(Val::V(v))
    }

    fn restart(&self, cx: &mut ExecCx<'_>, state: &mut SubState) -> Result<()> {
        if !std::mem::replace(&mut state.fresh, false) {
            state.op.rescan(cx)?;
        }
        Ok(())
    }

    fn all_rows(&self, cx: &mut ExecCx<'_>, state: &mut SubState) -> Result<Vec<Batch>> {
        self.restart(cx, state)?;
        let mut rows = Vec::new();
        while let Some(b) = next(cx, state, usize::MAX)? {
            rows.push(b);
        }
        Ok(rows)
    }

    /// The only row, if there is one.
    fn single_row(&self, cx: &mut ExecCx<'_>, state: &mut SubState) -> Result<Option<(Batch, usize)>> {
        self.restart(cx, state)?;
        let Some(b) = next(cx, state, 2)? else { return Ok(None) };
        if b.len() > 1 || next(cx, state, 1)?.is_some() {
            return Err(err!(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression"));
        }
        let i = b.sel.row(0);
        Ok(Some((b, i)))
    }

    /// Runs the test over some rows; whether one decided.
    fn test_rows(
        &self,
        cx: &mut ExecCx<'_>,
        b: &Batch,
        row: Row<'_>,
        stop: bool,
        t: &mut Option<bool>,
    ) -> Result<bool> {
        let Some(test) = &self.test else { return Ok(false) };
        for i in b.sel.iter() {
            for (c, id) in b.columns.iter().zip(&self.outputs) {
                cx.run.set_param(*id, c.value(i));
            }
            match truth(test.eval_row(cx, row)?.d()) {
                Some(x) if x == stop => return Ok(true),
                Some(_) => {}
                None => *t = None,
            }
        }
        Ok(false)
    }

    fn build(&self, cx: &mut ExecCx<'_>, state: &mut SubState, keys: &[CHashKey]) -> Result<HashedRows> {
        let rows = self.all_rows(cx, state)?;
        let mut table = HashedRows::default();
        for b in &rows {
            for i in b.sel.iter() {
                let cols = encode(cx, keys, |k| &k.right, Row::Batch(b, i))?;
                if cols.iter().all(|c| c.is_some()) {
                    table.keys.insert(&whole(&cols));
                } else {
                    table.partial.push(cols);
                }
            }
        }
        table.rows = Rc::new(rows);
        Ok(table)
    }

    /// As `ExecHashSubPlan`: true on a match, NULL when only NULLs stand between the row and a match, false otherwise.
    fn probe(&self, cx: &mut ExecCx<'_>, keys: &[CHashKey], table: &HashedRows, row: Row<'_>) -> Result<Val<'static>> {
        if table.keys.is_empty() && table.partial.is_empty() {
            return Ok(Val::bool(false));
        }
        let cols = encode(cx, keys, |k| &k.left, row)?;
        let maybe =
            |other: &Vec<Option<Vec<u8>>>| cols.iter().zip(other).all(|(a, b)| a.is_none() || b.is_none() || a == b);
        if cols.iter().all(|c| c.is_some()) {
            if table.keys.contains(&whole(&cols)) {
                return Ok(Val::bool(true));
            }
        } else {
            if cols.iter().all(|c| c.is_none()) {
                return Ok(Val::NULL);
            }
            if table.complete.borrow().is_none() {
                let mut all = Vec::new();
                for b in table.rows.iter() {
                    for i in b.sel.iter() {
                        all.push(encode(cx, keys, |k| &k.right, Row::Batch(b, i))?);
                    }
                }
                *table.complete.borrow_mut() = Some(all);
            }
            if table.complete.borrow().iter().flatten().any(maybe) {
                return Ok(Val::NULL);
            }
        }
        Ok(if table.partial.iter().any(maybe) { Val::NULL } else { Val::bool(false) })
    }
}

/// The key of complete columns.
fn whole(cols: &[Option<Vec<u8>>]) -> Vec<u8> {
    cols.iter().flatten().flatten().copied().collect()
}

fn encode<'k>(
    cx: &mut ExecCx<'_>,
    keys: &'k [CHashKey],
    side: impl Fn(&'k CHashKey) -> &'k CExpr,
    row: Row<'k>,
) -> Result<Vec<Option<Vec<u8>>>> {
    let mut cols = Vec::with_capacity(keys.len());
    for k in keys {
        let v = side(k).eval_row(cx, row)?;
        cols.push(if v.d().is_null() {
            None
        } else {
            let mut bytes = Vec::new();
            k.key.write_widened(v.d(), &mut bytes);
            Some(bytes)
        });
    }
    Ok(cols)
}

/// The subplan's next batch. What would suspend an operator is dealt with here.
fn next(cx: &mut ExecCx<'_>, state: &mut SubState, want: usize) -> Result<Option<Batch>> {
    loop {
        match state.op.next(cx, want)? {
            Step::Batch(b) if b.is_empty() => {}
            Step::Batch(b) => return Ok(Some(b)),
            Step::Done => return Ok(None),
            Step::Yield => {
                cx.host.check_interrupts()?;
                cx.budget = crate::BUDGET;
            }
            Step::Blocked(w) | Step::Restart(w) => return Err(cx.must_wait(w)),
        }
    }
}
