//! GROUP BY and aggregates.
//!
//! Groups are numbered as they are first seen, by hashing, whatever the plan calls the strategy: on sorted input that is
//! the sorted order, and of hashed groups PostgreSQL promises none. Each grouping set has its own table and states; the
//! groups of a rollup are put in order at the end.

use std::rc::Rc;

use tusklet_error::{Result, TryVec};
use tusklet_ir::{AggStrategy, Aggregate, AggregateSet, Plan, SortKey};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Datum, Phys, Sel, Vector};

use super::aggcall::{AggCall, AggState};
use super::{Compiled, Operator, PlanNode, null_column, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::before;
use crate::order::SortedKeys;
use tusklet_vector::hashing::KeyTable;
use crate::rowstore::RowStore;
use crate::run::{Deps, Run};
use crate::types::phys;

struct AggPlan {
    input: Rc<Compiled>,
    groups: Vec<(usize, KeyPart, Phys)>,
    /// The members of `groups` each set has; one set of all without grouping sets.
    sets: Vec<Vec<usize>>,
    /// What rollup each set is a part of; empty without grouping sets.
    rollups: Vec<Option<u32>>,
    /// The groups of each GROUPING.
    groupings: Vec<Vec<u32>>,
    calls: Vec<AggCall>,
    deps: Rc<[u32]>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    input: &Plan,
    _strategy: AggStrategy,
    groups: &[SortKey],
    sets: Option<&[AggregateSet]>,
    groupings: &[Vec<u32>],
    aggs: &[Aggregate],
) -> Result<Rc<dyn PlanNode>> {
    let ((input, calls), deps) = c.tracked(|c| {
        let input = c.plan(input)?;
        let calls: Vec<AggCall> = aggs.iter().map(|a| AggCall::compile(c, a)).try_vec()?;
        Ok((input, calls))
    })?;
    let groups: Vec<_> =
        groups.iter().map(|k| (k.column as usize, c.cmp_part(k.cmp, k.ty), phys(&c.cx.catalog, k.ty))).collect();
    let rollups = sets.iter().flat_map(|s| s.iter().map(|s| s.rollup)).collect();
    let sets = match sets {
        Some(s) => s.iter().map(|s| s.columns.iter().map(|i| *i as usize).collect()).collect(),
        None => vec![(0..groups.len()).collect()],
    };
    Ok(Rc::new(AggPlan { input, groups, sets, rollups, groupings: groupings.to_vec(), calls, deps }))
}

impl PlanNode for AggPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let mut deps = Deps::new(&self.deps);
        deps.note(run);
        let input = self.input.start(run);
        let sets = self.start_sets();
        Box::new(AggOp { plan: self, input, deps, sets, done: false, order: None, set: 0, at: 0 })
    }
}

/// One grouping set's groups and states.
struct SetState {
    /// `None` for the set without columns: one group that is always there.
    table: Option<KeyTable>,
    rows: RowStore,
    states: Vec<AggState>,
    groups: usize,
}

impl AggPlan {
    fn start_sets(&self) -> Vec<SetState> {
        self.sets
            .iter()
            .map(|set| {
                let types: Vec<Phys> = set.iter().map(|g| self.groups[*g].2).collect();
                let parts: Vec<KeyPart> = set.iter().map(|g| self.groups[*g].1).collect();
                let table = (!set.is_empty()).then(|| KeyTable::new(&types, &parts, true));
                let groups = if set.is_empty() { 1 } else { 0 };
                let mut states: Vec<AggState> = self.calls.iter().map(|c| c.start()).collect();
                for (s, c) in states.iter_mut().zip(&self.calls) {
                    s.resize(c, groups);
                }
                SetState { table, rows: RowStore::new(&types), states, groups }
            })
            .collect()
    }
}

struct AggOp {
    plan: Rc<AggPlan>,
    input: Box<dyn Operator>,
    deps: Deps,
    sets: Vec<SetState>,
    done: bool,
    /// The groups in the order they are given, when that is not set by set.
    order: Option<Vec<(u32, u32)>>,
    /// The next group to give.
    set: usize,
    at: usize,
}

/// The groups of `inner`'s rows, of which `outer` has all, in order.
#[cfg_attr(tuned, optimize(speed))]
fn narrow(outer: &Sel, groups: &[u32], inner: &Sel) -> Vec<u32> {
    let mut all = outer.iter().zip(groups);
    inner.iter().filter_map(|i| all.find(|(o, _)| *o == i).map(|(_, g)| *g)).collect()
}

impl AggOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn take(&mut self, cx: &mut ExecCx<'_>, batch: Batch) -> Result<()> {
        let mut rest = Some(batch);
        while let Some(b) = rest {
            rest = self.take_some(cx, b)?;
        }
        Ok(())
    }

    /// Takes rows; those that were put off are given back.
    #[cfg_attr(tuned, optimize(speed))]
    fn take_some(&mut self, cx: &mut ExecCx<'_>, mut batch: Batch) -> Result<Option<Batch>> {
        let plan = self.plan.clone();
        // Arguments of all calls first: the error of the earliest row is the one to raise.
        let mut failed = None;
        let whole = batch.clone();
        let mut wide = false;
        let args = 'again: loop {
            let mut all = Vec::with_capacity(plan.calls.len());
            for c in &plan.calls {
                if batch.is_empty() {
                    break;
                }
                match cx.splitting(|cx| c.arguments(cx, &batch)) {
                    Ok(a) => all.push(a),
                    Err(e) => {
                        failed = Some(e);
                        wide = std::mem::take(&mut cx.too_wide);
                        let shorter = before(&batch.sel, cx.fail_row);
                        batch.sel = if shorter.len() < batch.len() { shorter } else { Sel::All(0) };
                        continue 'again;
                    }
                }
            }
            break all;
        };
        if !batch.is_empty() {
            let mut numbers = Vec::new();
            for (set, members) in self.sets.iter_mut().zip(&plan.sets) {
                if let Some(table) = &mut set.table {
                    let columns: Vec<&Vector> = members.iter().map(|g| &*batch.columns[plan.groups[*g].0]).collect();
                    table.numbers(&columns, &batch.sel, true, &mut numbers);
                    if table.count() > set.groups {
                        let mut first = Vec::new();
                        for (k, n) in numbers.iter().enumerate() {
                            if *n as usize == set.groups {
                                set.groups += 1;
                                first.push(batch.sel.row(k) as u16);
                            }
                        }
                        let columns = members.iter().map(|g| batch.columns[plan.groups[*g].0].clone()).collect();
                        set.rows.push(&Batch { columns, sel: Sel::Rows(Rc::new(first)) });
                    }
                }
                for ((state, call), (args, sel)) in set.states.iter_mut().zip(&plan.calls).zip(&args) {
                    state.resize(call, set.groups);
                    // Direct arguments are over the group's columns: those it does not have are NULL.
                    let own;
                    let args = if call.direct > 0 && members.len() < plan.groups.len() {
                        let mut grouped = batch.clone();
                        for (g, (column, _, p)) in plan.groups.iter().enumerate() {
                            if !members.contains(&g) {
                                grouped.columns[*column] = null_column(*p);
                            }
                        }
                        own = call.with_direct(cx, &grouped, sel, args)?;
                        &own
                    } else {
                        args
                    };
                    if set.table.is_none() {
                        state.update(cx, call, args, sel, &[])?;
                    } else if sel.len() == batch.len() {
                        state.update(cx, call, args, sel, &numbers)?;
                    } else {
                        state.update(cx, call, args, sel, &narrow(&batch.sel, &numbers, sel))?;
                    }
                }
            }
        }
        match failed {
            Some(_) if wide => Ok(Some(Batch { sel: whole.sel.skip(batch.len()), columns: whole.columns })),
            Some(e) => Err(e),
            None => Ok(None),
        }
    }

    /// The groups of rollups in the order of their keys, a set's before those of the sets with fewer columns; then those of
    /// hashed sets as they were met.
    #[cfg_attr(tuned, optimize(speed))]
    fn arrange(&mut self) {
        if self.plan.rollups.iter().all(|r| r.is_none()) {
            return;
        }
        let (mut all, mut keys) = (Vec::new(), SortedKeys::default());
        for (i, set) in self.sets.iter().enumerate() {
            let rollup = self.plan.rollups.get(i).copied().flatten();
            for g in 0..set.groups {
                let place = (i as u32, g as u32);
                keys.add(|key| {
                    key.extend(rollup.unwrap_or(u32::MAX).to_be_bytes());
                    if rollup.is_some() {
                        for (k, m) in self.plan.sets[i].iter().enumerate() {
                            // Behind all values stands that there is none.
                            key.push(0);
                            self.plan.groups[*m].1.write_row(&set.rows.columns[k], g, key);
                        }
                        key.push(1);
                    }
                    key.extend(place.0.to_be_bytes());
                    key.extend(place.1.to_be_bytes());
                });
                all.push(place);
            }
        }
        self.order = Some(keys.sorted().into_iter().map(|i| all[i as usize]).collect());
    }

    /// Groups `from..to` of a set.
    #[cfg_attr(tuned, optimize(speed))]
    fn output(&mut self, cx: &mut ExecCx<'_>, set: usize, from: usize, to: usize) -> Result<Batch> {
        let plan = self.plan.clone();
        let state = &mut self.sets[set];
        let n = to - from;
        let mut columns: Vec<Rc<Vector>> = Vec::with_capacity(plan.groups.len() + plan.calls.len() + 1);
        for (g, (_, _, p)) in plan.groups.iter().enumerate() {
            columns.push(match plan.sets[set].iter().position(|m| *m == g) {
                Some(i) => Rc::new(state.rows.columns[i].gather(from..to)),
                None => null_column(*p),
            });
        }
        for (s, c) in state.states.iter_mut().zip(&plan.calls) {
            let mut v = Vector::zeroed(c.phys, n);
            for k in 0..n {
                s.finish(cx, c, from + k, &mut v, k)?;
            }
            columns.push(Rc::new(v));
        }
        for list in &plan.groupings {
            let absent = |g: &u32| i32::from(!plan.sets[set].contains(&(*g as usize)));
            let bits = list.iter().fold(0, |b, g| b << 1 | absent(g));
            columns.push(Rc::new(Vector::constant(Phys::I32, Datum::I32(bits))));
        }
        Ok(Batch::new(columns, n))
    }
}

impl Operator for AggOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        while !self.done {
            match pull!(self.input, cx, usize::MAX) {
                Some(b) => self.take(cx, b)?,
                None => {
                    let plan = self.plan.clone();
                    for set in &mut self.sets {
                        for (s, c) in set.states.iter_mut().zip(&plan.calls) {
                            s.settle(cx, c)?;
                        }
                    }
                    self.done = true;
                    self.arrange();
                }
            }
        }
        if let Some(order) = &self.order {
            let Some(&(set, from)) = order.get(self.at) else { return Ok(Step::Done) };
            // Neighbours that stood together go together.
            let most = want.clamp(1, tusklet_vector::BATCH);
            let n = order[self.at..].iter().take(most).zip(from..).take_while(|(o, g)| **o == (set, *g)).count();
            let b = self.output(cx, set as usize, from as usize, from as usize + n)?;
            self.at += n;
            return Ok(Step::Batch(b));
        }
        while self.set < self.sets.len() {
            let groups = self.sets[self.set].groups;
            if self.at >= groups {
                self.set += 1;
                self.at = 0;
                continue;
            }
            let end = groups.min(self.at + want.clamp(1, tusklet_vector::BATCH));
            let b = self.output(cx, self.set, self.at, end)?;
            self.at = end;
            return Ok(Step::Batch(b));
        }
        Ok(Step::Done)
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.set = 0;
        self.at = 0;
        if self.deps.changed(&cx.run) || !self.done {
            self.done = false;
            self.order = None;
            self.sets = self.plan.start_sets();
            self.input.rescan(cx)?;
        }
        Ok(())
    }
}
