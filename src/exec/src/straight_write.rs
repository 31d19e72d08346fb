//! The straight path of writes: one row of values inserted, or one row found by an index's whole key updated or deleted,
//! without operators, batches or an [`crate::Executor`].
//!
//! It does what `op::modify` does, in the same order, for the case in which nobody is in the way. Whenever somebody is
//! (a lock, a newer version, several rows with the key) it has written nothing and says so: the ordinary program then runs
//! the statement from its start. Hence no volatile expressions here.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{BoundOp, CommandType, Expr, ExprKind, ModifyTable, Node, Param, PlannedStmt, Volatility};
use tusklet_storage::{RelId, RowLock, Tid, Unique, Write};
use tusklet_vector::{Datum, Value};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::CExpr;
use crate::op::index_scan::{Fit, KeyColumn, fit, key_columns};
use crate::op::write_index::CTarget;
use crate::row::{Row, Val};

/// What a straight write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Straightly {
    /// So many rows were written.
    Done(u64),
    /// None was: the ordinary program is to run.
    Ordinary,
}

/// A compiled straight write.
pub struct StraightWrite {
    target: CTarget,
    act: Act,
    /// Keys being built: their memory is used again.
    scratch: RefCell<Scratch>,
}

enum Act {
    Insert(Vec<CExpr>),
    Change { find: Find, set: Option<Vec<(usize, CExpr)>> },
}

/// How the row is found.
struct Find {
    index: RelId,
    key: Vec<(CExpr, KeyColumn)>,
    slots: Vec<usize>,
    filter: Option<CExpr>,
}

#[derive(Default)]
struct Scratch {
    keys: Vec<u8>,
    /// By index of the target: where its key ends, and whether the row is in the index and the key has a NULL.
    ends: Vec<(usize, bool, bool)>,
    tids: Vec<Tid>,
}

/// Columns of a table the stack has room for.
const MOST: usize = 32;

impl StraightWrite {
    /// Compiles one; `None` for what the ordinary program must do.
    pub(crate) fn compile(cx: &mut ExecCx<'_>, stmt: &PlannedStmt) -> Result<Option<StraightWrite>> {
        let Node::ModifyTable(m) = &stmt.plan.node else { return Ok(None) };
        let [target] = &m.targets[..] else { return Ok(None) };
        let plain = !m.returning
            && m.on_conflict.is_none()
            && m.tableoid.is_none()
            && m.actions.is_empty()
            && stmt.subplans.is_empty()
            && stmt.ctes.is_empty()
            && stmt.plan.filter.is_none()
            && !target.before_rows
            && !target.after_rows
            && target.view_checks.is_empty()
            && target.generated.is_empty()
            && target.attribute_map.is_none()
            && target.indexes.iter().all(|i| i.immediate)
            && target.columns.len() <= MOST
            && target.indexes.len() <= MOST;
        if !plain {
            return Ok(None);
        }
        let mut c = Compiler::new(cx, Some(stmt));
        let act = match m.command {
            CommandType::Insert => insert(&mut c, m)?,
            CommandType::Update | CommandType::Delete => change(&mut c, m)?,
            CommandType::Merge | CommandType::Select => None,
        };
        let Some(act) = act else { return Ok(None) };
        let target = CTarget::compile(&mut c, target)?;
        if target.indexes.iter().any(|i| !i.exclusion.is_empty()) {
            return Ok(None);
        }
        Ok(Some(StraightWrite { target, act, scratch: RefCell::default() }))
    }

    /// Runs it with these values for `$1`, `$2`, …
    #[cfg_attr(tuned, optimize(speed))]
    pub fn run(&self, cx: &mut ExecCx<'_>, params: &[Datum<'_>]) -> Result<Straightly> {
        // Taken, not borrowed: a CHECK's function could come back here.
        let mut scratch = self.scratch.take();
        let r = match &self.act {
            Act::Insert(values) => self.insert(cx, values, params, &mut scratch),
            Act::Change { find, set } => self.change(cx, find, set.as_deref(), params, &mut scratch),
        };
        self.scratch.replace(scratch);
        r
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn insert(
        &self,
        cx: &mut ExecCx<'_>,
        values: &[CExpr],
        params: &[Datum<'_>],
        scratch: &mut Scratch,
    ) -> Result<Straightly> {
        let t = &self.target;
        let mut row = [Datum::Null; MOST];
        // Values that are nobody's but ours, and their columns.
        let mut made: Vec<(usize, Value)> = Vec::new();
        for (i, e) in values.iter().enumerate() {
            match e.eval_row(cx, Row::Datums(params))? {
                Val::D(d) => row[i] = d,
                Val::V(v) => made.push((i, v)),
            }
        }
        for (i, v) in &made {
            row[*i] = v.as_datum();
        }
        let row = &row[..values.len()];
        t.check(cx, Row::Datums(row))?;
        self.keys(cx, Row::Datums(row), scratch)?;
        if !self.unique(cx, Row::Datums(row), None, scratch, None)? {
            return Ok(Straightly::Ordinary);
        }
        let tid = cx.store.table(t.storage)?.insert(&cx.tx, row)?;
        self.enter(cx, tid, scratch)?;
        Ok(Straightly::Done(1))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn change(
        &self,
        cx: &mut ExecCx<'_>,
        find: &Find,
        set: Option<&[(usize, CExpr)]>,
        params: &[Datum<'_>],
        scratch: &mut Scratch,
    ) -> Result<Straightly> {
        let t = &self.target;
        scratch.keys.clear();
        scratch.tids.clear();
        for (e, k) in &find.key {
            let v = e.eval_row(cx, Row::Datums(params))?;
            match fit(v.d(), k.phys) {
                Fit::Value(d) if !d.is_null() => k.part.write(d, &mut scratch.keys),
                _ => return Ok(Straightly::Done(0)),
            }
        }
        cx.store.index(find.index)?.lookup_all(&cx.snapshot, &scratch.keys, &mut scratch.tids)?;
        let tid = match scratch.tids[..] {
            [] => return Ok(Straightly::Done(0)),
            [tid] => tid,
            _ => return Ok(Straightly::Ordinary),
        };
        let table = cx.store.table(t.storage)?;
        let n = t.columns.len();
        let mut old: Vec<Value> = Vec::new();
        // The columns that change, and to what.
        let mut new: Vec<(usize, Value)> = Vec::new();
        {
            let Some(stored) = table.row(tid) else { return Ok(Straightly::Ordinary) };
            let row = Row::StoredWith(&stored, &find.slots, params);
            if let Some(f) = &find.filter
                && !f.holds(cx, row)?
            {
                return Ok(Straightly::Done(0));
            }
            if let Some(set) = set {
                new.reserve(set.len());
                for (a, e) in set {
                    new.push((*a, e.value(cx, row)?));
                }
                old.reserve(n);
                for i in 0..n {
                    old.push(stored.get(i).to_value());
                }
            }
        }
        if set.is_none() {
            return Ok(match table.delete(&cx.tx, &cx.snapshot, tid)? {
                Write::Done(_) => Straightly::Done(1),
                _ => Straightly::Ordinary,
            });
        }
        let mut row = [Datum::Null; MOST];
        let mut differs = 0u32;
        for (i, v) in old.iter().enumerate() {
            row[i] = v.as_datum();
        }
        for (i, v) in new.iter().filter(|(i, _)| *i < n) {
            differs |= u32::from(*v != old[*i]) << i;
            row[*i] = v.as_datum();
        }
        let row = Row::Datums(&row[..n]);
        t.check(cx, row)?;
        let touched = |slots: &[usize]| slots.iter().any(|s| differs >> s & 1 == 1);
        let mut keys_changed = 0u32;
        if t.indexes.iter().any(|i| touched(&i.slots)) {
            self.keys(cx, row, scratch)?;
            let mut before = Vec::new();
            let mut start = 0;
            for (k, index) in t.indexes.iter().enumerate() {
                let (end, there, _) = scratch.ends[k];
                if touched(&index.slots) {
                    before.clear();
                    let was = index.key_into(cx, Row::Values(&old), &mut before)?.is_some();
                    let same = was == there && (!was || before == scratch.keys[start..end]);
                    keys_changed |= u32::from(!same) << k;
                }
                start = end;
            }
        }
        let mode = if touched(&t.key_slots) { RowLock::Update } else { RowLock::NoKeyUpdate };
        // Who may write is asked before uniqueness, as PostgreSQL meets the row before its index entries.
        if keys_changed != 0 {
            if !matches!(table.lock_row(&cx.tx, &cx.snapshot, tid, mode)?, Write::Done(_)) {
                return Ok(Straightly::Ordinary);
            }
            if !self.unique(cx, row, Some(tid), scratch, Some(keys_changed))? {
                return Ok(Straightly::Ordinary);
            }
        }
        let Row::Datums(values) = row else { return Ok(Straightly::Ordinary) };
        match table.update(&cx.tx, &cx.snapshot, tid, values, keys_changed != 0, mode)? {
            Write::Done(to) => {
                if keys_changed != 0 {
                    self.enter(cx, to, scratch)?;
                }
                Ok(Straightly::Done(1))
            }
            _ => Ok(Straightly::Ordinary),
        }
    }

    /// The row's keys in all indexes.
    #[cfg_attr(tuned, optimize(speed))]
    fn keys(&self, cx: &mut ExecCx<'_>, row: Row<'_>, scratch: &mut Scratch) -> Result<()> {
        scratch.keys.clear();
        scratch.ends.clear();
        for i in &self.target.indexes {
            let null = i.key_into(cx, row, &mut scratch.keys)?;
            scratch.ends.push((scratch.keys.len(), null.is_some(), null == Some(true)));
        }
        Ok(())
    }

    /// Asks the unique indexes (those in `which`, or all): `false` when somebody must be waited for.
    #[cfg_attr(tuned, optimize(speed))]
    fn unique(
        &self,
        cx: &mut ExecCx<'_>,
        row: Row<'_>,
        except: Option<Tid>,
        scratch: &Scratch,
        which: Option<u32>,
    ) -> Result<bool> {
        let mut start = 0;
        for (k, (index, (end, there, null))) in self.target.indexes.iter().zip(&scratch.ends).enumerate() {
            let key = &scratch.keys[start..*end];
            start = *end;
            let asked = index.unique && *there && (!null || index.nulls_not_distinct);
            if !asked || which.is_some_and(|w| w >> k & 1 == 0) {
                continue;
            }
            match cx.store.index(index.storage)?.check_unique(&cx.tx, key, except)? {
                Unique::Free => {}
                Unique::Conflict(_) => return Err(index.duplicate(cx, &self.target, row)?),
                Unique::Wait(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn enter(&self, cx: &ExecCx<'_>, tid: Tid, scratch: &Scratch) -> Result<()> {
        let mut start = 0;
        for (index, (end, there, _)) in self.target.indexes.iter().zip(&scratch.ends) {
            if *there {
                let storage = cx.store.index(index.storage)?;
                for k in index.entries(&scratch.keys[start..*end]) {
                    storage.insert(&cx.tx, k, tid)?;
                }
            }
            start = *end;
        }
        Ok(())
    }
}

/// Whether it may be evaluated anew when the ordinary program runs, and needs nothing of it.
fn repeatable(e: &Expr) -> bool {
    !tusklet_ir::visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(c) => c.volatility == Volatility::Volatile || c.retset,
        ExprKind::Param(Param::External(_)) => false,
        ExprKind::NextVal(_) | ExprKind::SubPlan(_) | ExprKind::Param(_) => true,
        _ => false,
    })
}

/// The expression with `$n` as a column after the first `columns`; those in `absent` must not be read.
fn over_params(c: &mut Compiler<'_, '_>, e: &Expr, columns: usize, absent: &[usize]) -> Result<Option<CExpr>> {
    let reads = |x: &Expr| matches!(x.kind, ExprKind::Column(i) if absent.contains(&(i as usize)));
    if !repeatable(e) || tusklet_ir::visit::any(e, &mut |x| reads(x) || matches!(x.kind, ExprKind::WholeRow { .. })) {
        return Ok(None);
    }
    let mut e = e.clone();
    tusklet_ir::visit::walk_mut(&mut e, &mut |x| {
        if let ExprKind::Param(Param::External(n)) = &x.kind {
            x.kind = ExprKind::Column(columns as u32 + n - 1);
        }
    });
    c.expr(&e).map(Some)
}

#[cfg_attr(tuned, optimize(speed))]
fn insert(c: &mut Compiler<'_, '_>, m: &ModifyTable) -> Result<Option<Act>> {
    let input = &m.input;
    let (Node::Result { once: None, input: None }, None, Some(project)) = (&input.node, &input.filter, &input.project)
    else {
        return Ok(None);
    };
    let target = &m.targets[0];
    if project.len() < target.columns.len() {
        return Ok(None);
    }
    let mut values = Vec::with_capacity(target.columns.len());
    for (e, _) in project.iter().zip(&target.columns) {
        match over_params(c, e, 0, &[])? {
            Some(v) => values.push(v),
            None => return Ok(None),
        }
    }
    Ok(Some(Act::Insert(values)))
}

#[cfg_attr(tuned, optimize(speed))]
fn change(c: &mut Compiler<'_, '_>, m: &ModifyTable) -> Result<Option<Act>> {
    let Node::IndexScan { rel, index, index_storage, keys, .. } = &m.input.node else { return Ok(None) };
    let columns = key_columns(c.cx, *index)?;
    let whole = keys.len() == columns.len()
        && keys.iter().enumerate().all(|(i, (k, b))| *k as usize == i && b.op == BoundOp::Eq);
    let Some(project) = m.input.project.as_ref().filter(|_| whole && rel.oid == m.targets[0].rel) else {
        return Ok(None);
    };
    let mut key = Vec::with_capacity(columns.len());
    for ((_, b), k) in keys.iter().zip(columns) {
        match over_params(c, &b.value, 0, &[])? {
            Some(v) => key.push((v, k)),
            None => return Ok(None),
        }
    }
    let n = rel.columns.len();
    let system: Vec<usize> = (0..n).filter(|i| rel.columns[*i] < 1).collect();
    let filter = match &m.input.filter {
        Some(f) => match over_params(c, f, n, &system)? {
            Some(f) => Some(f),
            None => return Ok(None),
        },
        None => None,
    };
    let set = if m.command == CommandType::Update {
        let mut set = Vec::with_capacity(m.set.len());
        for (a, column) in &m.set {
            let Some(e) = project.get(*column as usize) else { return Ok(None) };
            match over_params(c, e, n, &system)? {
                Some(e) if *a > 0 => set.push((*a as usize - 1, e)),
                _ => return Ok(None),
            }
        }
        Some(set)
    } else {
        None
    };
    let slots = rel.columns.iter().map(|a| (*a as usize).saturating_sub(1)).collect();
    let find = Find { index: RelId(*index_storage), key, slots, filter };
    Ok(Some(Act::Change { find, set }))
}

/// Shared by the programs that have one.
pub(crate) type Writes = Rc<StraightWrite>;
