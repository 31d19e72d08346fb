//! INSERT, UPDATE, DELETE, MERGE.
//!
//! A row is written in two steps. *Preparing* computes it: BEFORE triggers, generated columns, constraints. *Finishing*
//! asks the unique indexes, writes the version and its index entries, and notes it for AFTER triggers and RETURNING. Only
//! finishing can have to wait; what was prepared is kept and finished when the wait is over. Between the questions to the
//! indexes and the write nobody else runs, so asking first is as good as PostgreSQL's writing first.

use std::rc::Rc;

use tusklet_error::{Error, Result, TryVec, err};
use tusklet_ir::{CommandType, ConflictAction, MergeStep, ModifyTable, Node};
use tusklet_storage::{Entries, RowLock, Tid, Wait, Write};
use tusklet_vector::{Batch, Datum, Phys, Value};

use super::epq::Recheck;
use super::lock_rows::serialization;
use super::write_index::{CTarget, Checked, Key, Targets, enter, keys};
use super::{Compiled, Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::{ChangedRow, ExecCx, RowEvent};
use crate::executor::Step;
use crate::expr::CExpr;
use crate::row::Row;
use crate::rowstore::RowStore;
use crate::run::Run;

pub(crate) struct ModifyPlan {
    command: CommandType,
    input: Rc<Compiled>,
    targets: Targets,
    rte: u32,
    ctid: u32,
    tableoid: Option<u32>,
    set: Vec<(usize, u32)>,
    returning: bool,
    conflict: Option<Conflict>,
    actions: Vec<Action>,
    /// Columns of the RETURNING output: the first target's, ctid, tableoid, the input's.
    types: Vec<Phys>,
    /// Its rows count for the command tag.
    main: bool,
    /// Its input asks nobody for anything: rows may wait for their index entries until all are there.
    gathers: bool,
}

struct Conflict {
    /// Which of the target's indexes.
    arbiters: Vec<usize>,
    update: Option<Vec<(usize, CExpr)>>,
    filter: Option<CExpr>,
}

struct Action {
    matched: bool,
    cond: Option<CExpr>,
    command: Option<CommandType>,
    values: Vec<(usize, CExpr)>,
}

fn slot(attno: i16) -> usize {
    (attno as usize).saturating_sub(1)
}

fn conflict(c: &mut Compiler<'_, '_>, a: &ConflictAction, target: &CTarget) -> Result<Conflict> {
    let arbiters = target
        .indexes
        .iter()
        .enumerate()
        .filter(|(_, i)| if a.arbiters.is_empty() { i.unique || !i.exclusion.is_empty() } else { a.arbiters.contains(&i.oid) })
        .map(|(n, _)| n)
        .collect();
    let update = match &a.update {
        Some(list) => Some(list.iter().map(|(a, e)| Ok((slot(*a), c.expr(e)?))).try_vec()?),
        None => None,
    };
    Ok(Conflict { arbiters, update, filter: a.filter.as_ref().map(|e| c.expr(e)).transpose()? })
}

fn action(c: &mut Compiler<'_, '_>, s: &MergeStep) -> Result<Action> {
    Ok(Action {
        matched: s.matched,
        cond: s.cond.as_ref().map(|e| c.expr(e)).transpose()?,
        command: s.command,
        values: s.values.iter().map(|(a, e)| Ok((slot(*a), c.expr(e)?))).try_vec()?,
    })
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, m: &ModifyTable) -> Result<Rc<dyn PlanNode>> {
    let main = c.at_top;
    let input_types = c.phys_of(&m.input.columns);
    let input = c.plan(&m.input)?;
    let targets: Targets = m.targets.iter().map(|t| CTarget::compile(c, t)).try_vec()?.into();
    let Some(first) = targets.first() else { return Err(Error::internal("ModifyTable without a target")) };
    let mut types = first.phys.clone();
    types.extend([Phys::I64, Phys::I64]);
    types.extend_from_slice(&input_types);
    let conflict = m.on_conflict.as_ref().map(|a| conflict(c, a, first)).transpose()?;
    let actions = m.actions.iter().map(|s| action(c, s)).try_vec()?;
    Ok(Rc::new(ModifyPlan {
        command: m.command,
        input,
        targets,
        rte: m.rte,
        ctid: m.ctid,
        tableoid: m.tableoid,
        set: m.set.iter().map(|(a, col)| (slot(*a), *col)).collect(),
        returning: m.returning,
        conflict,
        actions,
        types,
        main,
        gathers: matches!(m.input.node, Node::LiteralScan { .. }),
    }))
}

impl PlanNode for ModifyPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        let out = RowStore::new(&self.types);
        Box::new(ModifyOp {
            plan: self,
            input,
            batch: None,
            at: 0,
            whole: vec![],
            pending: None,
            out,
            done: false,
            failed: None,
        })
    }
}

/// A row of the input.
type Source = (Batch, usize);

/// A prepared row.
enum Pending {
    Insert {
        row: Vec<Value>,
        source: Source,
    },
    Update {
        target: usize,
        tid: Tid,
        old: Vec<Value>,
        new: Vec<Value>,
        source: Source,
        conflict: bool,
    },
    Delete {
        target: usize,
        tid: Tid,
        old: Vec<Value>,
        source: Source,
    },
    /// An input row to be prepared (again).
    Input {
        source: Source,
    },
    /// Rows that are in the table already (`ModifyOp::whole`); from the `at`th on they are not in the indexes.
    Entries {
        at: usize,
    },
}

/// What finishing came to.
enum Outcome {
    Done,
    /// Wait, then finish this.
    Blocked(Wait, Pending),
}

struct ModifyOp {
    plan: Rc<ModifyPlan>,
    input: Box<dyn Operator>,
    batch: Option<Batch>,
    at: usize,
    /// Batches whose rows are in the table and not in the indexes.
    whole: Vec<(Batch, Vec<Tid>)>,
    pending: Option<Pending>,
    out: RowStore,
    done: bool,
    /// The input's error: it is raised when the rows before it are written.
    failed: Option<Error>,
}

/// Rows that may wait for their index entries.
const GATHERED: usize = 1 << 16;

/// Enters rows that are in the table into all indexes, if nothing speaks against any of them. `false`: nothing was entered.
#[cfg_attr(tuned, optimize(speed))]
fn enter_whole(cx: &mut ExecCx<'_>, t: &CTarget, whole: &[(Batch, Vec<Tid>)]) -> Result<bool> {
    let mut all = Vec::with_capacity(t.indexes.len());
    for index in &t.indexes {
        if !index.exclusion.is_empty() {
            return Ok(false);
        }
        let storage = cx.store.index(index.storage)?;
        let mut entries = Entries::default();
        let mut framed = Vec::new();
        for (batch, tids) in whole {
            for (i, tid) in tids.iter().enumerate() {
                if index.method.is_some() {
                    framed.clear();
                    if index.key_into(cx, Row::Batch(batch, i), &mut framed).is_err() {
                        cx.take_wait();
                        return Ok(false);
                    }
                    for k in index.entries(&framed) {
                        entries.key().extend_from_slice(k);
                        entries.add(*tid, false);
                    }
                    continue;
                }
                match index.key_into(cx, Row::Batch(batch, i), entries.key()) {
                    Ok(Some(null)) => entries.add(*tid, index.unique && (!null || index.nulls_not_distinct)),
                    Ok(None) => {}
                    Err(_) => {
                        cx.take_wait();
                        return Ok(false);
                    }
                }
            }
        }
        if index.unique && !storage.all_free(&cx.tx, &mut entries)? {
            return Ok(false);
        }
        all.push((storage, entries));
    }
    for (storage, mut entries) in all {
        storage.insert_all(&cx.tx, &mut entries)?;
    }
    Ok(true)
}

fn input_value(source: &Source, column: u32) -> Value {
    source.0.columns.get(column as usize).map(|c| c.value(source.1)).unwrap_or_default()
}

impl ModifyOp {
    /// The target a row of the input belongs to.
    fn target_of(&self, source: &Source) -> usize {
        match self.plan.tableoid {
            Some(c) => {
                let oid = input_value(source, c).as_datum().int() as u32;
                self.plan.targets.iter().position(|t| t.rel == oid).unwrap_or(0)
            }
            None => 0,
        }
    }

    /// A stored version's values by attribute.
    fn stored(&self, cx: &ExecCx<'_>, target: &CTarget, tid: Tid) -> Result<Option<Vec<Value>>> {
        let table = cx.store.table(target.storage)?;
        let Some(row) = table.row(tid) else { return Ok(None) };
        Ok(Some((0..target.columns.len()).map(|c| row.get(c).to_value()).collect()))
    }

    /// Prepares an input row; `None` when nothing is to be done with it.
    #[cfg_attr(tuned, optimize(speed))]
    fn prepare(&mut self, cx: &mut ExecCx<'_>, source: Source) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        match plan.command {
            CommandType::Insert => {
                let target = &plan.targets[0];
                let row: Vec<Value> = match &target.attribute_map {
                    Some(map) => map.iter().map(|c| c.map_or(Value::Null, |c| input_value(&source, c))).collect(),
                    None => (0..target.columns.len()).map(|c| input_value(&source, c as u32)).collect(),
                };
                self.prepare_insert(cx, row, source)
            }
            CommandType::Update => {
                let target = self.target_of(&source);
                let tid = Tid(input_value(&source, plan.ctid).as_datum().int());
                let t = &plan.targets[target];
                let mut changes: Vec<(usize, Value)> = Vec::with_capacity(plan.set.len());
                for (a, c) in &plan.set {
                    // A subtable's attribute of the same name.
                    let at = match &t.attribute_map {
                        Some(map) => map.iter().position(|m| *m == Some(*a as u32)),
                        None => Some(*a),
                    };
                    if let Some(at) = at {
                        changes.push((at, input_value(&source, *c)));
                    }
                }
                self.prepare_update(cx, target, tid, changes, source, false)
            }
            CommandType::Delete => {
                let target = self.target_of(&source);
                let tid = Tid(input_value(&source, plan.ctid).as_datum().int());
                self.prepare_delete(cx, target, tid, source)
            }
            CommandType::Merge => self.prepare_merge(cx, source),
            CommandType::Select => Err(Error::internal("ModifyTable of a SELECT")),
        }
    }

    fn prepare_insert(&mut self, cx: &mut ExecCx<'_>, mut row: Vec<Value>, source: Source) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        let target = &plan.targets[0];
        if target.before_rows {
            let host = cx.host;
            if !host.before_row(cx, target.rel, RowEvent::Insert, None, Some(&mut row))? {
                return Ok(None);
            }
        }
        target.generate(cx, &mut row)?;
        target.check(cx, Row::Values(&row))?;
        Ok(Some(Pending::Insert { row, source }))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn prepare_update(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: usize,
        tid: Tid,
        changes: Vec<(usize, Value)>,
        source: Source,
        conflict: bool,
    ) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        let t = &plan.targets[target];
        let Some(old) = self.stored(cx, t, tid)? else { return Ok(None) };
        let mut new = old.clone();
        for (a, v) in changes {
            if let Some(s) = new.get_mut(a) {
                *s = v;
            }
        }
        if t.before_rows {
            let host = cx.host;
            if !host.before_row(cx, t.rel, RowEvent::Update, Some(&old), Some(&mut new))? {
                return Ok(None);
            }
        }
        t.generate(cx, &mut new)?;
        t.check(cx, Row::Values(&new))?;
        Ok(Some(Pending::Update { target, tid, old, new, source, conflict }))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn prepare_delete(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: usize,
        tid: Tid,
        source: Source,
    ) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        let t = &plan.targets[target];
        let wanted = plan.returning || t.after_rows || t.before_rows;
        let old = if wanted { self.stored(cx, t, tid)?.unwrap_or_default() } else { Vec::new() };
        if t.before_rows {
            let host = cx.host;
            if !host.before_row(cx, t.rel, RowEvent::Delete, Some(&old), None)? {
                return Ok(None);
            }
        }
        Ok(Some(Pending::Delete { target, tid, old, source }))
    }

    fn prepare_merge(&mut self, cx: &mut ExecCx<'_>, source: Source) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        let ctid = input_value(&source, plan.ctid);
        let row = Row::Batch(&source.0, source.1);
        for a in plan.actions.iter().filter(|a| a.matched != ctid.is_null()) {
            if let Some(c) = &a.cond
                && !c.holds(cx, row)?
            {
                continue;
            }
            let mut values = Vec::with_capacity(a.values.len());
            for (s, e) in &a.values {
                values.push((*s, e.value(cx, row)?));
            }
            let tid = Tid(ctid.as_datum().int());
            let target = self.target_of(&source);
            return match a.command {
                None | Some(CommandType::Select | CommandType::Merge) => Ok(None),
                Some(CommandType::Insert) => {
                    let mut new = vec![Value::Null; plan.targets[0].columns.len()];
                    for (s, v) in values {
                        if let Some(x) = new.get_mut(s) {
                            *x = v;
                        }
                    }
                    self.prepare_insert(cx, new, source)
                }
                Some(CommandType::Update) => self.prepare_update(cx, target, tid, values, source, false),
                Some(CommandType::Delete) => self.prepare_delete(cx, target, tid, source),
            };
        }
        Ok(None)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn finish(&mut self, cx: &mut ExecCx<'_>, pending: Pending) -> Result<Outcome> {
        match pending {
            Pending::Input { source } => match self.prepare(cx, source)? {
                Some(p) => self.finish(cx, p),
                None => Ok(Outcome::Done),
            },
            Pending::Insert { row, source } => self.finish_insert(cx, row, source),
            Pending::Update { target, tid, old, new, source, conflict } => {
                self.finish_update(cx, target, tid, old, new, source, conflict)
            }
            Pending::Delete { target, tid, old, source } => self.finish_delete(cx, target, tid, old, source),
            Pending::Entries { at } => self.finish_entries(cx, at),
        }
    }

    /// Whether a batch of new rows may go in at once: nobody wants to see single rows, and all satisfy all constraints.
    /// When in doubt the answer is no, and the rows are written one by one.
    fn whole(&self, cx: &mut ExecCx<'_>, batch: &Batch) -> Option<Batch> {
        let plan = &self.plan;
        let t = &plan.targets[0];
        let plain = plan.command == CommandType::Insert
            && plan.conflict.is_none()
            && !plan.returning
            && !t.before_rows
            && !t.after_rows
            && t.view_checks.is_empty()
            && t.attribute_map.is_none();
        if !plain || batch.len() < 8 || batch.columns.len() < t.columns.len() {
            return None;
        }
        let mut rows = super::pack(batch);
        rows.columns.truncate(t.columns.len());
        for (slot, e) in &t.generated {
            if e.volatile {
                return None;
            }
            rows.columns[*slot] = e.eval(cx, &rows, &rows.sel).ok()?;
        }
        for ((c, v), p) in t.columns.iter().zip(&rows.columns).zip(&t.phys) {
            if v.phys() != *p || c.not_null && !c.dropped && (0..rows.len()).any(|i| v.is_null(i)) {
                return None;
            }
        }
        for (_, check) in &t.checks {
            if check.volatile {
                return None;
            }
            let v = check.eval(cx, &rows, &rows.sel).ok()?;
            if (0..rows.len()).any(|i| v.get(i) == Datum::Bool(false)) {
                return None;
            }
        }
        Some(rows)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn insert_whole(&mut self, cx: &mut ExecCx<'_>, batch: Batch) -> Result<Option<Pending>> {
        let plan = self.plan.clone();
        let t = &plan.targets[0];
        let table = cx.store.table(t.storage)?;
        if t.indexes.is_empty() {
            table.insert_batch(&cx.tx, &batch, None)?;
            if plan.main {
                cx.run.processed += batch.len() as u64;
            }
            return Ok(None);
        }
        let mut tids = Vec::with_capacity(batch.len());
        table.insert_batch(&cx.tx, &batch, Some(&mut tids))?;
        self.whole.push((batch, tids));
        let rows: usize = self.whole.iter().map(|w| w.1.len()).sum();
        Ok((!plan.gathers || rows >= GATHERED).then_some(Pending::Entries { at: 0 }))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn finish_entries(&mut self, cx: &mut ExecCx<'_>, at: usize) -> Result<Outcome> {
        let plan = self.plan.clone();
        let t = &plan.targets[0];
        let whole = std::mem::take(&mut self.whole);
        if at == 0 && enter_whole(cx, t, &whole)? {
            if plan.main {
                cx.run.processed += whole.iter().map(|w| w.1.len() as u64).sum::<u64>();
            }
            return Ok(Outcome::Done);
        }
        // Something is amiss with one of them, or has to be waited for: row by row it is found.
        let all = vec![true; t.indexes.len()];
        let rows = whole.iter().flat_map(|(b, tids)| tids.iter().enumerate().map(move |(i, tid)| (b, i, *tid)));
        for (n, (batch, i, tid)) in rows.enumerate().skip(at) {
            let row = Row::Batch(batch, i);
            let mut keys = Vec::with_capacity(t.indexes.len());
            for index in &t.indexes {
                keys.push(index.key(cx, row)?);
            }
            match self.uniqueness(cx, t, row, &keys, None, &all)? {
                Ok(deferred) => enter(cx, t, &keys, tid, &deferred)?,
                Err(w) => {
                    self.whole = whole;
                    return Ok(Outcome::Blocked(w, Pending::Entries { at: n }));
                }
            }
            if plan.main {
                cx.run.processed += 1;
            }
        }
        Ok(Outcome::Done)
    }

    /// Asks the unique indexes that are `changed`; the answer says which checks are put off.
    fn uniqueness(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: &CTarget,
        row: Row<'_>,
        keys: &[Option<Key>],
        except: Option<Tid>,
        changed: &[bool],
    ) -> Result<std::result::Result<Vec<bool>, Wait>> {
        let mut deferred = vec![false; target.indexes.len()];
        for (n, (index, key)) in target.indexes.iter().zip(keys).enumerate() {
            let Some(key) = key else { continue };
            if !changed[n] {
                continue;
            }
            if !index.exclusion.is_empty() {
                match index.check_exclusion(cx, target, row, key, except)? {
                    (Checked::Free, _) => {}
                    _ if !index.immediate => deferred[n] = true,
                    (Checked::Conflict(_), other) => return Err(index.excluded(cx, target, row, &other)?),
                    (Checked::Wait(w), _) => return Ok(Err(w)),
                }
                continue;
            }
            match index.check_unique(cx, key, except)? {
                Checked::Free => {}
                _ if !index.immediate => deferred[n] = true,
                Checked::Conflict(_) => return Err(index.duplicate(cx, target, row)?),
                Checked::Wait(w) => return Ok(Err(w)),
            }
        }
        Ok(Ok(deferred))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn finish_insert(&mut self, cx: &mut ExecCx<'_>, row: Vec<Value>, source: Source) -> Result<Outcome> {
        let plan = self.plan.clone();
        let target = &plan.targets[0];
        let keys = keys(cx, target, &row)?;
        if let Some(c) = &plan.conflict {
            for n in &c.arbiters {
                let Some(Some(key)) = keys.get(*n) else { continue };
                if !target.indexes[*n].immediate {
                    return Err(err!(
                        OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
                    )
                    .table(target.name.0.clone(), target.name.1.clone())
                    .constraint(target.indexes[*n].name.clone()));
                }
                let index = &target.indexes[*n];
                let asked = if index.exclusion.is_empty() {
                    index.check_unique(cx, key, None)?
                } else {
                    index.check_exclusion(cx, target, Row::Values(&row), key, None)?.0
                };
                match asked {
                    Checked::Free => {}
                    Checked::Wait(w) => return Ok(Outcome::Blocked(w, Pending::Insert { row, source })),
                    Checked::Conflict(tid) => return self.on_conflict(cx, c, tid, row, source),
                }
            }
        }
        let all = vec![true; target.indexes.len()];
        let deferred = match self.uniqueness(cx, target, Row::Values(&row), &keys, None, &all)? {
            Ok(d) => d,
            Err(w) => return Ok(Outcome::Blocked(w, Pending::Insert { row, source })),
        };
        let tid = cx.store.table(target.storage)?.insert_values(&cx.tx, &row)?;
        enter(cx, target, &keys, tid, &deferred)?;
        self.written(cx, target, RowEvent::Insert, None, Some(&row), Tid::NONE, tid, &source)?;
        Ok(Outcome::Done)
    }

    /// The proposed row met an existing one.
    fn on_conflict(
        &mut self,
        cx: &mut ExecCx<'_>,
        c: &Conflict,
        tid: Tid,
        row: Vec<Value>,
        source: Source,
    ) -> Result<Outcome> {
        let plan = self.plan.clone();
        let target = &plan.targets[0];
        let Some(update) = &c.update else {
            if !cx.read_committed && !self.is_visible(cx, target, tid)? {
                return Err(serialization());
            }
            return Ok(Outcome::Done);
        };
        let table = cx.store.table(target.storage)?;
        let keys_change = update.iter().any(|(s, _)| target.key_slots.contains(s));
        let mode = if keys_change { RowLock::Update } else { RowLock::NoKeyUpdate };
        match table.lock_row(&cx.tx, &cx.snapshot, tid, mode)? {
            Write::Done(_) => {}
            Write::Blocked(w) => return Ok(Outcome::Blocked(w, Pending::Insert { row, source })),
            Write::Invisible | Write::SelfModified => {
                return Err(err!(
                    CARDINALITY_VIOLATION,
                    "ON CONFLICT DO UPDATE command cannot affect row a second time"
                )
                .hint(
                    "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
                ));
            }
            Write::Updated(_) | Write::Deleted if !cx.read_committed => return Err(serialization()),
            // The row went away between the question and the lock: ask again.
            Write::Updated(_) | Write::Deleted => return self.finish_insert(cx, row, source),
        }
        if !cx.read_committed && !self.is_visible(cx, target, tid)? {
            return Err(serialization());
        }
        let Some(existing) = self.stored(cx, target, tid)? else { return Ok(Outcome::Done) };
        let mut both = existing;
        both.push(Value::I64(tid.0));
        both.push(Value::I64(target.rel as i64));
        both.extend(row);
        if let Some(f) = &c.filter
            && !f.holds(cx, Row::Values(&both))?
        {
            return Ok(Outcome::Done);
        }
        let mut changes = Vec::with_capacity(update.len());
        for (s, e) in update {
            changes.push((*s, e.value(cx, Row::Values(&both))?));
        }
        match self.prepare_update(cx, 0, tid, changes, source, true)? {
            Some(p) => self.finish(cx, p),
            None => Ok(Outcome::Done),
        }
    }

    fn is_visible(&self, cx: &ExecCx<'_>, target: &CTarget, tid: Tid) -> Result<bool> {
        Ok(cx.store.table(target.storage)?.is_visible(&cx.snapshot, tid))
    }

    #[allow(clippy::too_many_arguments)]
    #[cfg_attr(tuned, optimize(speed))]
    fn finish_update(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: usize,
        tid: Tid,
        old: Vec<Value>,
        new: Vec<Value>,
        source: Source,
        conflict: bool,
    ) -> Result<Outcome> {
        let plan = self.plan.clone();
        let t = &plan.targets[target];
        let differs: Vec<bool> = old.iter().zip(&new).map(|(a, b)| a != b).collect();
        let touched = |slots: &[usize]| slots.iter().any(|s| differs.get(*s) == Some(&true));
        let mut changed = vec![false; t.indexes.len()];
        let mut new_keys: Vec<Option<Key>> = Vec::new();
        if t.indexes.iter().any(|i| touched(&i.slots)) {
            new_keys = keys(cx, t, &new)?;
            for (n, index) in t.indexes.iter().enumerate().filter(|(_, i)| touched(&i.slots)) {
                let before = index.key(cx, Row::Values(&old))?;
                changed[n] = match (&before, &new_keys[n]) {
                    // Not all columns of an exclusion constraint are in its entries.
                    (Some(a), Some(b)) => a.bytes != b.bytes || !index.exclusion.is_empty(),
                    (None, None) => false,
                    _ => true,
                };
            }
        }
        let keys_changed = changed.contains(&true);
        let table = cx.store.table(t.storage)?;
        let mode = if touched(&t.key_slots) { RowLock::Update } else { RowLock::NoKeyUpdate };
        // Who may write is asked before uniqueness, as PostgreSQL meets the row before its index entries.
        let mut deferred = vec![false; t.indexes.len()];
        if keys_changed {
            match table.lock_row(&cx.tx, &cx.snapshot, tid, mode)? {
                Write::Done(_) => {}
                other => return self.not_written(cx, other, target, tid, (old, new), source, conflict),
            }
            match self.uniqueness(cx, t, Row::Values(&new), &new_keys, Some(tid), &changed)? {
                Ok(d) => deferred = d,
                Err(w) => {
                    return Ok(Outcome::Blocked(w, Pending::Update { target, tid, old, new, source, conflict }));
                }
            }
        }
        match table.update_values(&cx.tx, &cx.snapshot, tid, &new, keys_changed, mode)? {
            Write::Done(to) => {
                if keys_changed {
                    enter(cx, t, &new_keys, to, &deferred)?;
                }
                self.written(cx, t, RowEvent::Update, Some(&old), Some(&new), tid, to, &source)?;
                Ok(Outcome::Done)
            }
            other => self.not_written(cx, other, target, tid, (old, new), source, conflict),
        }
    }

    /// An update that met somebody else's work.
    #[allow(clippy::too_many_arguments)]
    fn not_written(
        &mut self,
        cx: &mut ExecCx<'_>,
        write: Write,
        target: usize,
        tid: Tid,
        (old, new): (Vec<Value>, Vec<Value>),
        source: Source,
        conflict: bool,
    ) -> Result<Outcome> {
        match write {
            Write::Blocked(w) => Ok(Outcome::Blocked(w, Pending::Update { target, tid, old, new, source, conflict })),
            other => self.superseded(cx, other, target, source),
        }
    }

    /// The version to write is not the row's latest any more.
    fn superseded(&mut self, cx: &mut ExecCx<'_>, write: Write, target: usize, source: Source) -> Result<Outcome> {
        let plan = self.plan.clone();
        match write {
            Write::Done(_) | Write::Blocked(_) => Ok(Outcome::Done),
            Write::Invisible | Write::SelfModified => match plan.command {
                CommandType::Merge => Err(err!(CARDINALITY_VIOLATION, "MERGE command cannot affect row a second time")
                    .hint("Ensure that not more than one source row matches any one target row.")),
                // A join that finds a row twice changes it once.
                _ => Ok(Outcome::Done),
            },
            Write::Updated(_) if !cx.read_committed => Err(serialization()),
            Write::Deleted if !cx.read_committed => {
                Err(err!(T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent delete"))
            }
            Write::Deleted => Ok(Outcome::Done),
            Write::Updated(next) => {
                // The latest version must be held before it is looked at.
                let table = cx.store.table(plan.targets[target].storage)?;
                let mut tid = next;
                loop {
                    match table.lock_row(&cx.tx, &cx.snapshot, tid, RowLock::NoKeyUpdate)? {
                        Write::Done(_) => break,
                        Write::Updated(n) => tid = n,
                        Write::Blocked(w) => return Ok(Outcome::Blocked(w, Pending::Input { source })),
                        Write::Deleted | Write::Invisible | Write::SelfModified => return Ok(Outcome::Done),
                    }
                }
                match Recheck::run(cx, &plan.input, plan.rte, tid, Some(plan.ctid))? {
                    Some(found) => self.finish(cx, Pending::Input { source: found }),
                    None => Ok(Outcome::Done),
                }
            }
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn finish_delete(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: usize,
        tid: Tid,
        old: Vec<Value>,
        source: Source,
    ) -> Result<Outcome> {
        let plan = self.plan.clone();
        let t = &plan.targets[target];
        match cx.store.table(t.storage)?.delete(&cx.tx, &cx.snapshot, tid)? {
            Write::Done(_) => {
                self.written(cx, t, RowEvent::Delete, Some(&old), None, tid, Tid::NONE, &source)?;
                Ok(Outcome::Done)
            }
            Write::Blocked(w) => Ok(Outcome::Blocked(w, Pending::Delete { target, tid, old, source })),
            other => self.superseded(cx, other, target, source),
        }
    }

    /// A row was written: view checks, AFTER triggers, the count, RETURNING.
    #[allow(clippy::too_many_arguments)]
    #[cfg_attr(tuned, optimize(speed))]
    fn written(
        &mut self,
        cx: &mut ExecCx<'_>,
        target: &CTarget,
        event: RowEvent,
        old: Option<&[Value]>,
        new: Option<&[Value]>,
        old_tid: Tid,
        new_tid: Tid,
        source: &Source,
    ) -> Result<()> {
        if let Some(new) = new {
            target.check_views(cx, new)?;
        }
        if target.after_rows {
            let host = cx.host;
            host.after_row(cx, ChangedRow { rel: target.rel, event, old, new, old_tid, new_tid })?;
        }
        if self.plan.main {
            cx.run.processed += 1;
        }
        if !self.plan.returning {
            return Ok(());
        }
        let Some(row) = new.or(old) else { return Ok(()) };
        let tid = if new.is_some() { new_tid } else { old_tid };
        let first = &self.plan.targets[0];
        let same = first.rel == target.rel;
        let mut columns = self.out.columns.iter_mut();
        for (i, c) in first.columns.iter().enumerate() {
            // A subtable's row is shown as the named table's: columns by name.
            let at = if same { Some(i) } else { target.columns.iter().position(|o| o.name == c.name && !o.dropped) };
            let d = at.and_then(|i| row.get(i)).map_or(Datum::Null, |v| v.as_datum());
            if let Some(v) = columns.next() {
                v.push(d);
            }
        }
        for d in [tid.0, target.rel as i64] {
            if let Some(v) = columns.next() {
                v.push(Datum::I64(d));
            }
        }
        for (v, c) in columns.zip(&source.0.columns) {
            v.extend_from(c, source.1..source.1 + 1);
        }
        self.out.rows += 1;
        Ok(())
    }

    fn flush(&mut self) -> Step {
        let out = std::mem::replace(&mut self.out, RowStore::new(&self.plan.types));
        Step::Batch(Batch::new(out.columns.into_iter().map(Rc::new).collect(), out.rows))
    }
}

impl Operator for ModifyOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let want = want.clamp(1, tusklet_vector::BATCH);
        loop {
            if self.out.rows >= want {
                return Ok(self.flush());
            }
            if let Some(p) = self.pending.take() {
                match self.finish(cx, p)? {
                    Outcome::Done => {}
                    Outcome::Blocked(w, p) => {
                        self.pending = Some(p);
                        return Ok(Step::Blocked(w));
                    }
                }
                continue;
            }
            match &self.batch {
                Some(b) if self.at < b.len() => {
                    let source = (b.clone(), b.sel.row(self.at));
                    self.at += 1;
                    self.pending = Some(Pending::Input { source });
                    continue;
                }
                _ => self.batch = None,
            }
            if let Some(e) = self.failed.take() {
                return Err(e);
            }
            if self.done {
                return Ok(if self.out.rows > 0 { self.flush() } else { Step::Done });
            }
            // Everything is written before anything is returned, as far as one batch of the input goes.
            match self.input.next(cx, tusklet_vector::BATCH) {
                Ok(Step::Batch(b)) => match self.whole(cx, &b) {
                    Some(rows) => {
                        self.pending = self.insert_whole(cx, rows)?;
                        continue;
                    }
                    None => {
                        self.batch = Some(b);
                        self.at = 0;
                    }
                },
                Ok(Step::Done) => self.done = true,
                Ok(other) => return Ok(other),
                Err(e) if self.whole.is_empty() => return Err(e),
                Err(e) => self.failed = Some(e),
            }
            if !self.whole.is_empty() {
                self.pending = Some(Pending::Entries { at: 0 });
            }
        }
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        Err(Error::internal("ModifyTable cannot be run twice"))
    }
}
