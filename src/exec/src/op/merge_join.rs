//! Merge joins: both sides come sorted by the merge keys and are read once, side by side.
//!
//! The right rows that share a key are a *group*: every left row with that key is paired with all of them, so the group
//! is what PostgreSQL marks and restores. A group that lies within one right batch stays there; only one that goes on in
//! the next batch is copied. Nothing else is kept, so memory is two batches and the current group.
//!
//! Pairs are collected as row numbers and become columns when there are enough, or when the left batch or the place of
//! the right rows changes. A condition besides the keys is evaluated over collected candidates as one batch; what a
//! row's fate depends on (its last candidate, the end of its group) is noted among them as [`Event`]s and settled in
//! their order, so rows come out as a row-by-row merge join gives them: in key order, those without partner in place.
//! A key with a NULL in it has no partner.

use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, JoinKind, Plan, SortKey};
use tusklet_vector::{BATCH, Batch, Phys, Sel, Vector};

use super::{Compiled, Operator, PlanNode, null_column, spend};
use crate::compile::{Compiler, needed};
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CExpr, eval_filter};
use tusklet_vector::hashing::NONE;
use crate::order::{KeyRow, MergeKeys, MergeOrder};
use crate::rowstore::{RowStore, gather_or_null};
use crate::run::Run;

struct MergeJoinPlan {
    kind: JoinKind,
    left: Rc<Compiled>,
    right: Rc<Compiled>,
    order: MergeOrder,
    on: Option<CExpr>,
    left_types: Rc<[Phys]>,
    right_types: Rc<[Phys]>,
    /// Columns somebody looks at, of left ++ right.
    needed: Vec<bool>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    p: &Plan,
    kind: JoinKind,
    left: &Plan,
    right: &Plan,
    keys: &[(SortKey, SortKey)],
    on: Option<&Expr>,
) -> Result<Rc<dyn PlanNode>> {
    let left_types = c.phys_of(&left.columns);
    let right_types = c.phys_of(&right.columns);
    let left = c.plan(left)?;
    let right = c.plan(right)?;
    let order = MergeOrder::new(c, keys)?;
    let on = on.map(|e| c.expr(e)).transpose()?;
    let extra: Vec<&CExpr> = on.iter().collect();
    let mut needed = needed(p, left_types.len() + right_types.len(), &extra);
    if p.project.is_none() && matches!(kind, JoinKind::Semi | JoinKind::Anti) && on.is_none() {
        needed[left_types.len()..].fill(false);
    }
    Ok(Rc::new(MergeJoinPlan { kind, left, right, order, on, left_types, right_types, needed }))
}

impl PlanNode for MergeJoinPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        Box::new(MergeJoinOp {
            left: Side::new(self.left.start(run), false),
            right: Side::new(self.right.start(run), true),
            source: Rc::from([]),
            copied: false,
            matched: vec![],
            store: None,
            group: None,
            group_key: vec![],
            pending: Pending::default(),
            row_matched: false,
            failed: None,
            finished: false,
            plan: self,
        })
    }
}

impl MergeJoinPlan {
    fn fills_left(&self) -> bool {
        matches!(self.kind, JoinKind::Left | JoinKind::Full | JoinKind::Anti)
    }

    fn fills_right(&self) -> bool {
        matches!(self.kind, JoinKind::Right | JoinKind::Full)
    }

    /// One partner is all there is to know of a left row.
    fn single(&self) -> bool {
        matches!(self.kind, JoinKind::Semi | JoinKind::Anti)
    }
}

/// One input and where in it the merge stands.
struct Side {
    op: Box<dyn Operator>,
    batch: Batch,
    keys: MergeKeys,
    /// The current selected row.
    at: usize,
    done: bool,
    right: bool,
}

impl Side {
    fn new(op: Box<dyn Operator>, right: bool) -> Side {
        Side { op, batch: Batch::new(vec![], 0), keys: MergeKeys::default(), at: 0, done: false, right }
    }

    /// There is a current row.
    fn ready(&self) -> bool {
        self.at < self.batch.len()
    }

    /// Its number in the batch's columns.
    fn row(&self) -> usize {
        self.batch.sel.row(self.at)
    }

    fn key(&self) -> KeyRow<'_> {
        self.key_at(self.at)
    }

    fn key_at(&self, at: usize) -> KeyRow<'_> {
        KeyRow {
            columns: &self.batch.columns,
            row: self.batch.sel.row(at),
            bytes: self.keys.bytes(at),
            right: self.right,
        }
    }

    fn reset(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.batch = Batch::new(vec![], 0);
        self.at = 0;
        self.done = false;
        self.op.rescan(cx)
    }
}

/// The right rows with one key: numbers of rows in the source.
struct Group {
    rows: Vec<u32>,
    /// The next of them the current left row is to be paired with.
    next: usize,
}

/// What happens after the candidates collected so far.
enum Event {
    /// A left row has met all its candidates.
    Left(u16),
    /// No left row will meet these right rows any more.
    Right(Vec<u32>),
}

/// Collected candidates (left row, right row), and events with the number of candidates before each.
#[derive(Default)]
struct Pending {
    left: Vec<u32>,
    right: Vec<u32>,
    events: Vec<(usize, Event)>,
}

impl Pending {
    fn len(&self) -> usize {
        self.right.len() + self.events.len()
    }

    fn then(&mut self, event: Event) {
        self.events.push((self.right.len(), event));
    }
}

/// Left and right row numbers of output rows; [`NONE`] for the side that is NULL.
#[derive(Default)]
struct Pairs {
    left: Vec<u32>,
    right: Vec<u32>,
}

/// What a step of the merge came to.
enum Progress {
    On,
    /// What is pending must be settled before anything else.
    Settle,
    /// To be passed on.
    Pass(Step),
}

struct MergeJoinOp {
    plan: Rc<MergeJoinPlan>,
    left: Side,
    right: Side,
    /// The columns the right row numbers of the group and of what is pending refer to: the right batch's, or those of a
    /// copied group.
    source: Rc<[Rc<Vector>]>,
    copied: bool,
    /// By row of the source, for right and full joins with a condition: has found a partner.
    matched: Vec<bool>,
    /// A group being copied from batch to batch.
    store: Option<RowStore>,
    group: Option<Group>,
    /// The key bytes of the group, or of the one being copied.
    group_key: Vec<u8>,
    pending: Pending,
    /// The left row whose candidates are being settled has found a partner.
    row_matched: bool,
    failed: Option<Error>,
    finished: bool,
}

impl MergeJoinOp {
    /// Makes the source what right row numbers refer to from now on. Nothing may be pending.
    fn set_source(&mut self, columns: Vec<Rc<Vector>>, rows: usize, copied: bool) {
        self.source = columns.into();
        self.copied = copied;
        self.matched.clear();
        if self.plan.fills_right() && self.plan.on.is_some() {
            self.matched.resize(rows, false);
        }
    }

    fn source_is_batch(&mut self) {
        let columns = self.right.batch.columns.clone();
        let rows = self.right.batch.sel.iter().max().map_or(0, |r| r + 1);
        self.set_source(columns, rows, false);
    }

    /// The next batch of a side, when nothing is pending.
    fn pull(&mut self, cx: &mut ExecCx<'_>, right: bool, want: usize) -> Result<Progress> {
        if self.pending.len() > 0 {
            return Ok(Progress::Settle);
        }
        let side = if right { &mut self.right } else { &mut self.left };
        match side.op.next(cx, want)? {
            Step::Batch(b) => {
                self.plan.order.keys(&b, right, &mut side.keys);
                side.at = 0;
                side.batch = b;
                if right && self.store.is_none() {
                    self.source_is_batch();
                }
            }
            Step::Done => side.done = true,
            other => return Ok(Progress::Pass(other)),
        }
        Ok(Progress::On)
    }

    /// One step of the merge. Adds to what is pending, `some` rows at most at a time.
    #[cfg_attr(tuned, optimize(speed))]
    fn advance(&mut self, cx: &mut ExecCx<'_>, want: usize, some: usize) -> Result<Progress> {
        // A group that reached the end of its batch may go on in the next one.
        if self.store.is_some() {
            if !self.right.ready() && !self.right.done {
                return self.pull(cx, true, want.max(16));
            }
            self.copy_group(cx)?;
            return Ok(Progress::On);
        }
        if !self.left.ready() && !self.left.done {
            return self.pull(cx, false, want);
        }
        if let Some(g) = &self.group {
            let same = !self.left.done && !self.left.keys.has_null(self.left.at) && {
                let row = g.rows[0] as usize;
                let key = KeyRow { columns: &self.source, row, bytes: &self.group_key, right: true };
                self.plan.order.compare(cx, self.left.key(), key)? == Ordering::Equal
            };
            if same {
                self.pair(some);
                return Ok(Progress::On);
            }
            if let Some(g) = self.group.take()
                && self.plan.on.is_some()
            {
                // Without a condition all of them have found a partner.
                self.alone_right(g.rows);
            }
        }
        if self.copied {
            if self.pending.len() > 0 {
                return Ok(Progress::Settle);
            }
            self.source_is_batch();
        }
        if self.left.done {
            return self.rest_of_right(cx, want, some);
        }
        if !self.right.ready() {
            if !self.right.done {
                return self.pull(cx, true, want.max(16));
            }
            self.finished = !self.plan.fills_left();
            self.alone_left();
            return Ok(Progress::On);
        }
        // What can have no partner is not compared, wherever the other side is.
        let order = if self.left.keys.has_null(self.left.at) {
            Ordering::Less
        } else if self.right.keys.has_null(self.right.at) {
            Ordering::Greater
        } else {
            self.plan.order.compare(cx, self.left.key(), self.right.key())?
        };
        match order {
            Ordering::Less => self.alone_left(),
            Ordering::Equal => self.start_group(cx)?,
            Ordering::Greater => {
                let row = self.right.row() as u32;
                self.right.at += 1;
                self.alone_right(vec![row]);
            }
        }
        Ok(Progress::On)
    }

    /// There are no left rows any more.
    fn rest_of_right(&mut self, cx: &mut ExecCx<'_>, want: usize, some: usize) -> Result<Progress> {
        if !self.plan.fills_right() || !self.right.ready() && self.right.done {
            self.finished = true;
            return Ok(Progress::On);
        }
        if !self.right.ready() {
            return self.pull(cx, true, want);
        }
        let rest = self.right.batch.sel.skip(self.right.at).take(some);
        self.right.at += rest.len();
        self.alone_right(rest.iter().map(|r| r as u32).collect());
        Ok(Progress::Settle)
    }

    /// The current left row has no partner.
    fn alone_left(&mut self) {
        if self.plan.fills_left() {
            self.pending.then(Event::Left(self.left.row() as u16));
        }
        self.left.at += 1;
    }

    fn alone_right(&mut self, rows: Vec<u32>) {
        if self.plan.fills_right() {
            self.pending.then(Event::Right(rows));
        }
    }

    /// The right rows from the current one on that share its key.
    fn start_group(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        let side = &self.right;
        let mut end = side.at + 1;
        while end < side.batch.len() && self.plan.order.compare(cx, side.key(), side.key_at(end))? == Ordering::Equal {
            end += 1;
        }
        self.group_key.clear();
        self.group_key.extend_from_slice(side.keys.bytes(side.at));
        let rows = side.batch.sel.skip(side.at).take(end - side.at);
        // Where one partner is enough, more of them in the next batch are passed over there.
        if end < side.batch.len() || side.done || self.plan.single() && self.plan.on.is_none() {
            self.group = Some(Group { rows: rows.iter().map(|r| r as u32).collect(), next: 0 });
        } else {
            let mut store = RowStore::new(&self.plan.right_types);
            store.push(&Batch { columns: side.batch.columns.clone(), sel: rows });
            self.store = Some(store);
        }
        self.right.at = end;
        Ok(())
    }

    /// Takes the rows of the new right batch, if there is one, that belong to the group being copied.
    fn copy_group(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        let Some(mut store) = self.store.take() else { return Ok(()) };
        if self.right.ready() {
            let first: Vec<Rc<Vector>> = store.columns.iter().map(|c| Rc::new(c.gather(0..1))).collect();
            let key = KeyRow { columns: &first, row: 0, bytes: &self.group_key, right: true };
            let mut end = 0;
            while end < self.right.batch.len()
                && self.plan.order.compare(cx, key, self.right.key_at(end))? == Ordering::Equal
            {
                end += 1;
            }
            let sel = self.right.batch.sel.take(end);
            store.push(&Batch { columns: self.right.batch.columns.clone(), sel });
            self.right.at = end;
            if !self.right.ready() {
                self.store = Some(store);
                return Ok(());
            }
        }
        let rows = store.rows;
        self.set_source(store.columns.into_iter().map(Rc::new).collect(), rows, true);
        self.group = Some(Group { rows: (0..rows as u32).collect(), next: 0 });
        Ok(())
    }

    /// Pairs the current left row with the group's rows, some at a time.
    #[cfg_attr(tuned, optimize(speed))]
    fn pair(&mut self, some: usize) {
        let row = self.left.row();
        let plan = &self.plan;
        let Some(g) = &mut self.group else { return };
        let settled = match plan.on {
            None => plan.single(),
            // An earlier part of the group has decided it.
            Some(_) => plan.single() && g.next > 0 && self.row_matched && self.pending.len() == 0,
        };
        if !settled {
            let room = some.saturating_sub(self.pending.right.len()).max(1);
            let end = g.rows.len().min(g.next + room);
            self.pending.left.extend(std::iter::repeat_n(row as u32, end - g.next));
            self.pending.right.extend_from_slice(&g.rows[g.next..end]);
            g.next = end;
            if end < g.rows.len() {
                return;
            }
        } else if plan.on.is_none() && plan.kind == JoinKind::Semi {
            self.pending.left.push(row as u32);
            self.pending.right.push(NONE);
        }
        g.next = 0;
        self.left.at += 1;
        if plan.on.is_some() && (plan.fills_left() || plan.single()) {
            self.pending.then(Event::Left(row as u16));
        }
    }

    /// Decides about everything pending; the rows that come of it, perhaps none.
    #[cfg_attr(tuned, optimize(speed))]
    fn settle(&mut self, cx: &mut ExecCx<'_>) -> Pairs {
        let plan = self.plan.clone();
        let Pending { left, right, events } = std::mem::take(&mut self.pending);
        let Some(on) = &plan.on else {
            return self.settle_plain(left, right, events);
        };
        let n = right.len();
        let columns = self.columns(&left, &right, true);
        let mut out = Pairs::default();
        let mut events = events.into_iter().peekable();
        let mut from = 0;
        // Once more from behind a left row whose partner hides an error of a later candidate.
        'again: loop {
            spend(cx, n - from);
            let rest = Batch { columns: columns.clone(), sel: Sel::All(n).skip(from) };
            let (sel, failed) = if from < n { eval_filter(cx, on, &rest) } else { (Sel::All(0), None) };
            let failed_at = if failed.is_some() { cx.fail_row } else { usize::MAX };
            let mut hits = sel.iter().peekable();
            loop {
                let event = events.next();
                let end = event.as_ref().map_or(n, |e| e.0);
                while let Some(k) = hits.next_if(|k| *k < end) {
                    let again = std::mem::replace(&mut self.row_matched, true);
                    match plan.kind {
                        JoinKind::Semi if !again => {
                            out.left.push(left[k]);
                            out.right.push(NONE);
                        }
                        JoinKind::Semi | JoinKind::Anti => {}
                        _ => {
                            out.left.push(left[k]);
                            out.right.push(right[k]);
                            if let Some(m) = self.matched.get_mut(right[k] as usize) {
                                *m = true;
                            }
                        }
                    }
                }
                let hidden = failed_at < end;
                if hidden && !(plan.single() && self.row_matched) {
                    self.failed = failed;
                    return out;
                }
                let Some((_, event)) = event else { return out };
                self.happen(event, &mut out);
                if hidden {
                    from = end;
                    continue 'again;
                }
            }
        }
    }

    /// Without a condition every candidate is a pair.
    #[cfg_attr(tuned, optimize(speed))]
    fn settle_plain(&mut self, left: Vec<u32>, right: Vec<u32>, events: Vec<(usize, Event)>) -> Pairs {
        if events.is_empty() {
            return Pairs { left, right };
        }
        let mut out = Pairs::default();
        let mut from = 0;
        for (end, event) in events {
            out.left.extend_from_slice(&left[from..end]);
            out.right.extend_from_slice(&right[from..end]);
            from = end;
            self.happen(event, &mut out);
        }
        out.left.extend_from_slice(&left[from..]);
        out.right.extend_from_slice(&right[from..]);
        out
    }

    fn happen(&mut self, event: Event, out: &mut Pairs) {
        match event {
            Event::Left(row) => {
                if !std::mem::replace(&mut self.row_matched, false) && self.plan.fills_left() {
                    out.left.push(row as u32);
                    out.right.push(NONE);
                }
            }
            Event::Right(rows) => {
                for r in rows {
                    if self.matched.get(r as usize) != Some(&true) {
                        out.left.push(NONE);
                        out.right.push(r);
                    }
                }
            }
        }
    }

    /// The columns of pairs, those nobody looks at left out.
    #[cfg_attr(tuned, optimize(speed))]
    fn columns(&self, left: &[u32], right: &[u32], both: bool) -> Vec<Rc<Vector>> {
        let plan = &self.plan;
        let mut columns = Vec::with_capacity(plan.needed.len());
        let width = plan.left_types.len();
        for (i, p) in plan.left_types.iter().enumerate() {
            columns.push(match self.left.batch.columns.get(i) {
                Some(c) if plan.needed.get(i) == Some(&true) => Rc::new(gather_or_null(c, left)),
                _ => null_column(*p),
            });
        }
        if both {
            for (i, p) in plan.right_types.iter().enumerate() {
                columns.push(match self.source.get(i) {
                    Some(c) if plan.needed.get(width + i) == Some(&true) => Rc::new(gather_or_null(c, right)),
                    _ => null_column(*p),
                });
            }
        }
        columns
    }
}

impl Operator for MergeJoinOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let mut some = want.clamp(1, BATCH);
        if self.plan.on.is_some() {
            // Candidates are fewer rows than they look.
            some = some.max(64);
        }
        let mut settle = false;
        loop {
            if settle || self.finished || self.failed.is_some() || self.pending.len() >= some {
                settle = false;
                if self.pending.len() > 0 {
                    // An error in what is pending belongs to an earlier row than one that stopped the merge.
                    let later = self.failed.take();
                    let pairs = self.settle(cx);
                    self.failed = self.failed.take().or(later);
                    if !pairs.right.is_empty() {
                        let columns = self.columns(&pairs.left, &pairs.right, !self.plan.single());
                        return Ok(Step::Batch(Batch::new(columns, pairs.right.len())));
                    }
                }
                if let Some(e) = self.failed.take() {
                    return Err(e);
                }
                if self.finished {
                    return Ok(Step::Done);
                }
                if cx.budget < 0 {
                    return Ok(Step::Yield);
                }
            }
            match self.advance(cx, want, some) {
                Ok(Progress::On) => {}
                Ok(Progress::Settle) => settle = true,
                Ok(Progress::Pass(step)) => return Ok(step),
                Err(e) => self.failed = Some(e),
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.source = Rc::from([]);
        self.copied = false;
        self.matched.clear();
        self.store = None;
        self.group = None;
        self.pending = Pending::default();
        self.row_matched = false;
        self.failed = None;
        self.finished = false;
        self.left.reset(cx)?;
        self.right.reset(cx)
    }
}
