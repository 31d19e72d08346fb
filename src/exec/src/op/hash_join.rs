//! Hash joins: the right side's rows in a table, the left side's looked up batch by batch.
//!
//! Candidate pairs are made up to a batch at a time; a residual condition is evaluated over them as one batch. Left rows
//! come out in their order, each with its matches in the right side's order; of a left or anti join the rows without a
//! match take their places among them.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, HashKey, JoinKind, Plan};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{BATCH, Batch, Phys, Sel, Vector};

use super::{Compiled, Operator, PlanNode, null_column, pull};
use crate::compile::{Compiler, needed};
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CExpr, eval_filter, eval_list};
use tusklet_vector::hashing::{KeyTable, NONE};
use crate::rowstore::{RowStore, gather_or_null};
use crate::run::{Deps, Run};

struct HashJoinPlan {
    kind: JoinKind,
    null_aware: bool,
    left: Rc<Compiled>,
    right: Rc<Compiled>,
    left_keys: Vec<CExpr>,
    right_keys: Vec<CExpr>,
    parts: Vec<KeyPart>,
    on: Option<CExpr>,
    left_types: Rc<[Phys]>,
    right_types: Rc<[Phys]>,
    /// Columns somebody looks at, of left ++ right.
    needed: Vec<bool>,
    right_deps: Rc<[u32]>,
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    p: &Plan,
    kind: JoinKind,
    left: &Plan,
    right: &Plan,
    keys: &[HashKey],
    on: Option<&Expr>,
    null_aware: bool,
) -> Result<Rc<dyn PlanNode>> {
    let left_types = c.phys_of(&left.columns);
    let right_types = c.phys_of(&right.columns);
    let left = c.plan(left)?;
    let (right, right_deps) = c.tracked(|c| c.plan(right))?;
    let mut left_keys = Vec::with_capacity(keys.len());
    let mut right_keys = Vec::with_capacity(keys.len());
    let mut parts = Vec::with_capacity(keys.len());
    for k in keys {
        left_keys.push(c.hashed(&k.left, k)?);
        right_keys.push(c.hashed(&k.right, k)?);
        parts.push(c.cmp_part(k.cmp, k.left.ty.oid));
    }
    let on = on.map(|e| c.expr(e)).transpose()?;
    let extra: Vec<&CExpr> = on.iter().collect();
    let mut needed = needed(p, left_types.len() + right_types.len(), &extra);
    if p.project.is_none() && matches!(kind, JoinKind::Semi | JoinKind::Anti) && on.is_none() {
        needed[left_types.len()..].fill(false);
    }
    Ok(Rc::new(HashJoinPlan {
        kind,
        null_aware,
        left,
        right,
        left_keys,
        right_keys,
        parts,
        on,
        left_types,
        right_types,
        needed,
        right_deps,
    }))
}

impl PlanNode for HashJoinPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let mut deps = Deps::new(&self.right_deps);
        deps.note(run);
        Box::new(HashJoinOp {
            left: self.left.start(run),
            right: self.right.start(run),
            built: None,
            building: None,
            deps,
            probe: None,
            failed: None,
            left_done: false,
            unmatched_at: 0,
            plan: self,
        })
    }
}

/// The right side.
struct Built {
    table: KeyTable,
    rows: RowStore,
    /// First and last row of each key, and each row's next with the same key.
    head: Vec<u32>,
    tail: Vec<u32>,
    next: Vec<u32>,
    /// Some key was NULL (NOT IN then holds for nothing).
    has_null: bool,
    /// Rows that found a partner, for right and full joins.
    matched: Vec<bool>,
}

impl Built {
    fn new(plan: &HashJoinPlan) -> Built {
        let types: Vec<Phys> = plan.right_keys.iter().map(|k| k.phys).collect();
        Built {
            table: KeyTable::new(&types, &plan.parts, false),
            rows: RowStore::new(&plan.right_types),
            head: vec![],
            tail: vec![],
            next: vec![],
            has_null: false,
            matched: vec![],
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn add(&mut self, cx: &mut ExecCx<'_>, plan: &HashJoinPlan, batch: &Batch) -> Result<()> {
        let (keys, sel, failed) = eval_list(cx, &plan.right_keys, batch);
        if let Some(e) = failed {
            return Err(e);
        }
        let columns: Vec<&Vector> = keys.iter().map(|k| &**k).collect();
        let mut numbers = Vec::new();
        self.table.numbers(&columns, &sel, true, &mut numbers);
        let keep_null = matches!(plan.kind, JoinKind::Right | JoinKind::Full);
        let mut kept = Vec::with_capacity(numbers.len());
        for (k, n) in numbers.iter().enumerate() {
            if *n == NONE {
                self.has_null = true;
                if !keep_null {
                    continue;
                }
            }
            let row = self.next.len() as u32;
            self.next.push(NONE);
            kept.push(sel.row(k) as u16);
            if *n == NONE {
                continue;
            }
            if *n as usize == self.head.len() {
                self.head.push(row);
                self.tail.push(row);
            } else {
                let last = std::mem::replace(&mut self.tail[*n as usize], row);
                self.next[last as usize] = row;
            }
        }
        let sel = if kept.len() == batch.len() { sel } else { Sel::Rows(Rc::new(kept)) };
        self.rows.push(&Batch { columns: batch.columns.clone(), sel });
        Ok(())
    }
}

/// A left batch being looked up.
struct Probe {
    batch: Batch,
    numbers: Vec<u32>,
    null: Vec<bool>,
    /// The current selected row and the next right row to pair it with.
    at: usize,
    chain: u32,
    entered: bool,
    /// The current row has found a partner.
    matched: bool,
}

struct HashJoinOp {
    plan: Rc<HashJoinPlan>,
    left: Box<dyn Operator>,
    right: Box<dyn Operator>,
    built: Option<Built>,
    building: Option<Built>,
    deps: Deps,
    probe: Option<Probe>,
    failed: Option<Error>,
    left_done: bool,
    unmatched_at: usize,
}

/// Left and right row numbers of output rows; `NONE` for the side that is NULL.
#[derive(Default)]
struct Pairs {
    left: Vec<u16>,
    right: Vec<u32>,
}

impl HashJoinOp {
    /// The output of pairs of one left batch.
    #[cfg_attr(tuned, optimize(speed))]
    fn output(&self, left: Option<&Batch>, pairs: &Pairs) -> Batch {
        let plan = &self.plan;
        let n = pairs.right.len();
        let mut columns: Vec<Rc<Vector>> = Vec::with_capacity(plan.needed.len());
        for (i, p) in plan.left_types.iter().enumerate() {
            columns.push(match left {
                Some(b) if plan.needed.get(i) == Some(&true) => Rc::new(b.columns[i].gather(&pairs.left[..])),
                _ => null_column(*p),
            });
        }
        if matches!(plan.kind, JoinKind::Semi | JoinKind::Anti) {
            return Batch::new(columns, n);
        }
        self.right_columns(&pairs.right, &mut columns);
        Batch::new(columns, n)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn right_columns(&self, rows: &[u32], columns: &mut Vec<Rc<Vector>>) {
        let plan = &self.plan;
        let Some(built) = &self.built else { return };
        for (i, p) in plan.right_types.iter().enumerate() {
            if plan.needed.get(plan.left_types.len() + i) != Some(&true) {
                columns.push(null_column(*p));
                continue;
            }
            columns.push(Rc::new(gather_or_null(&built.rows.columns[i], rows)));
        }
    }

    /// Pairs from the current left batch: up to `want`, or all there are. Rows of a semi or anti join, and left rows
    /// without partner, have [`NONE`] on the right.
    #[cfg_attr(tuned, optimize(speed))]
    fn pairs(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Option<(Batch, Pairs)>> {
        let plan = self.plan.clone();
        let Some(mut p) = self.probe.take() else { return Ok(None) };
        let mut out = Pairs::default();
        if plan.on.is_none() {
            self.plain_pairs(&plan, &mut p, want, &mut out);
        } else {
            self.tested_pairs(cx, &plan, &mut p, want, &mut out)?;
        }
        let batch = p.batch.clone();
        if p.at < p.batch.len() {
            self.probe = Some(p);
        }
        Ok(Some((batch, out)))
    }

    /// Whether a left row without partner is given.
    fn gives_alone(&self, null: bool) -> bool {
        match self.plan.kind {
            JoinKind::Left | JoinKind::Full => true,
            JoinKind::Anti if self.plan.null_aware => {
                let empty = self.built.as_ref().is_none_or(|b| b.rows.rows == 0 && !b.has_null);
                empty || !null && !self.built.as_ref().is_some_and(|b| b.has_null)
            }
            JoinKind::Anti => true,
            JoinKind::Inner | JoinKind::Right | JoinKind::Semi => false,
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn plain_pairs(&mut self, plan: &HashJoinPlan, p: &mut Probe, want: usize, out: &mut Pairs) {
        while p.at < p.batch.len() && out.right.len() < want {
            let row = p.batch.sel.row(p.at) as u16;
            let n = p.numbers[p.at];
            if n == NONE {
                if self.gives_alone(p.null[p.at]) {
                    out.left.push(row);
                    out.right.push(NONE);
                }
                p.at += 1;
                continue;
            }
            let Some(built) = &mut self.built else { return };
            match plan.kind {
                JoinKind::Semi => {
                    out.left.push(row);
                    out.right.push(NONE);
                }
                JoinKind::Anti => {}
                JoinKind::Inner | JoinKind::Left | JoinKind::Right | JoinKind::Full => {
                    let mut r = if p.entered { p.chain } else { built.head[n as usize] };
                    while r != NONE && out.right.len() < want {
                        out.left.push(row);
                        out.right.push(r);
                        if let Some(m) = built.matched.get_mut(r as usize) {
                            *m = true;
                        }
                        r = built.next[r as usize];
                    }
                    if r != NONE {
                        p.chain = r;
                        p.entered = true;
                        return;
                    }
                }
            }
            p.entered = false;
            p.at += 1;
        }
    }

    /// With a residual condition: candidates of whole left rows are tested together, then merged with the rows left alone.
    #[cfg_attr(tuned, optimize(speed))]
    fn tested_pairs(
        &mut self,
        cx: &mut ExecCx<'_>,
        plan: &HashJoinPlan,
        p: &mut Probe,
        want: usize,
        out: &mut Pairs,
    ) -> Result<()> {
        let single = matches!(plan.kind, JoinKind::Semi | JoinKind::Anti);
        while p.at < p.batch.len() && out.right.len() < want {
            // Candidates for the rows from here on, as many as fit; `spans` are their ends by left row.
            let mut cand = Pairs::default();
            let mut spans: Vec<(usize, bool)> = Vec::new();
            let start = p.at;
            {
                let Some(built) = &self.built else { return Ok(()) };
                let mut at = p.at;
                while at < p.batch.len() && cand.right.len() < want.max(64).min(BATCH) {
                    let row = p.batch.sel.row(at) as u16;
                    let mut r = match p.numbers[at] {
                        NONE => NONE,
                        _ if at == start && p.entered => p.chain,
                        n => built.head[n as usize],
                    };
                    while r != NONE && cand.right.len() < BATCH {
                        cand.left.push(row);
                        cand.right.push(r);
                        r = built.next[r as usize];
                    }
                    spans.push((cand.right.len(), r == NONE));
                    if r != NONE {
                        p.chain = r;
                        break;
                    }
                    at += 1;
                }
            }
            let mut columns: Vec<Rc<Vector>> = Vec::new();
            for (i, t) in plan.left_types.iter().enumerate() {
                columns.push(if plan.needed.get(i) == Some(&true) {
                    Rc::new(p.batch.columns[i].gather(&cand.left[..]))
                } else {
                    null_column(*t)
                });
            }
            self.right_columns(&cand.right, &mut columns);
            let test = Batch::new(columns, cand.right.len());
            let (sel, failed) = match &plan.on {
                Some(on) if !cand.right.is_empty() => eval_filter(cx, on, &test),
                _ => (Sel::All(0), None),
            };
            let failed_at = if failed.is_some() { cx.fail_row } else { usize::MAX };
            let mut hits = sel.iter().peekable();
            for (end, complete) in spans {
                let row = p.batch.sel.row(p.at) as u16;
                while let Some(k) = hits.next_if(|k| *k < end) {
                    let again = std::mem::replace(&mut p.matched, true);
                    if single {
                        if plan.kind == JoinKind::Semi && !again {
                            out.left.push(row);
                            out.right.push(NONE);
                        }
                        continue;
                    }
                    out.left.push(row);
                    out.right.push(cand.right[k]);
                    if let Some(b) = &mut self.built
                        && let Some(m) = b.matched.get_mut(cand.right[k] as usize)
                    {
                        *m = true;
                    }
                }
                let hidden = failed_at < end;
                if hidden && !(single && p.matched) {
                    self.failed = failed;
                    return Ok(());
                }
                if !complete {
                    p.entered = true;
                    break;
                }
                if !p.matched && self.gives_alone(p.null[p.at]) {
                    out.left.push(row);
                    out.right.push(NONE);
                }
                p.entered = false;
                p.matched = false;
                p.at += 1;
                if hidden {
                    // The row's partner hides the error, but what comes after the failed candidate was not tested.
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Operator for HashJoinOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let plan = self.plan.clone();
        while self.built.is_none() {
            let mut building = self.building.take().unwrap_or_else(|| Built::new(&plan));
            match self.right.next(cx, usize::MAX)? {
                Step::Batch(b) => {
                    building.add(cx, &plan, &b)?;
                    self.building = Some(building);
                }
                Step::Done => {
                    if matches!(plan.kind, JoinKind::Right | JoinKind::Full) {
                        building.matched = vec![false; building.rows.rows];
                    }
                    self.built = Some(building);
                }
                other => {
                    self.building = Some(building);
                    return Ok(other);
                }
            }
        }
        let some = want.clamp(1, BATCH);
        loop {
            if self.probe.is_some() {
                if let Some((batch, pairs)) = self.pairs(cx, some)?
                    && !pairs.right.is_empty()
                {
                    return Ok(Step::Batch(self.output(Some(&batch), &pairs)));
                }
                if self.failed.is_none() {
                    continue;
                }
            }
            if let Some(e) = self.failed.take() {
                return Err(e);
            }
            if self.left_done {
                break;
            }
            // Nothing can come of an empty right side.
            let nothing = self.built.as_ref().is_none_or(|b| b.rows.rows == 0)
                && matches!(plan.kind, JoinKind::Inner | JoinKind::Semi | JoinKind::Right);
            if nothing {
                self.left_done = true;
                continue;
            }
            let Some(batch) = pull!(self.left, cx, want) else {
                self.left_done = true;
                continue;
            };
            let (keys, sel, failed) = eval_list(cx, &plan.left_keys, &batch);
            self.failed = failed;
            let batch = Batch { columns: batch.columns, sel };
            if batch.is_empty() {
                continue;
            }
            let columns: Vec<&Vector> = keys.iter().map(|k| &**k).collect();
            let mut numbers = Vec::new();
            if let Some(b) = &mut self.built {
                b.table.numbers(&columns, &batch.sel, false, &mut numbers);
            }
            let null = match plan.null_aware {
                true => batch.sel.iter().map(|i| columns.iter().any(|c| c.is_null(i))).collect(),
                false => vec![false; numbers.len()],
            };
            // A failure at a later row is raised after this batch's pairs.
            self.probe = Some(Probe { batch, numbers, null, at: 0, chain: NONE, entered: false, matched: false });
            if let Some(e) = self.failed.take() {
                return self.before_failure(cx, e);
            }
        }
        if let Some(b) = &self.built
            && !b.matched.is_empty()
        {
            let rest: Vec<u32> =
                (self.unmatched_at..b.matched.len()).filter(|r| !b.matched[*r]).take(some).map(|r| r as u32).collect();
            if let Some(last) = rest.last() {
                self.unmatched_at = *last as usize + 1;
                let pairs = Pairs { left: vec![], right: rest };
                return Ok(Step::Batch(self.output(None, &pairs)));
            }
            self.unmatched_at = b.matched.len();
        }
        Ok(Step::Done)
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.probe = None;
        self.failed = None;
        self.left_done = false;
        self.unmatched_at = 0;
        if self.deps.changed(&cx.run) || self.built.is_none() {
            self.built = None;
            self.building = None;
            self.right.rescan(cx)?;
        } else if let Some(b) = &mut self.built {
            b.matched.fill(false);
        }
        self.left.rescan(cx)
    }
}

impl HashJoinOp {
    /// All pairs of the rows before a row whose key failed; the error comes after them.
    fn before_failure(&mut self, cx: &mut ExecCx<'_>, e: Error) -> Result<Step> {
        let found = self.pairs(cx, usize::MAX)?;
        if self.failed.is_none() {
            self.failed = Some(e);
        }
        self.probe = None;
        match found {
            Some((batch, pairs)) if !pairs.right.is_empty() => Ok(Step::Batch(self.output(Some(&batch), &pairs))),
            _ => match self.failed.take() {
                Some(e) => Err(e),
                None => Ok(Step::Done),
            },
        }
    }
}
