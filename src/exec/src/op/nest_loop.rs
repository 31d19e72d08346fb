//! Nested loops: for each left row the right side starts over, with parameters set from the left row.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, JoinKind, Plan};
use tusklet_vector::{Batch, Datum, Phys, Picked, Vector};

use super::{Compiled, Operator, PlanNode, spend};
use crate::compile::{Compiler, needed};
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CExpr, eval_filter};
use crate::row::Row;
use crate::rowstore::append;
use crate::run::Run;

struct NestLoopPlan {
    kind: JoinKind,
    left: Rc<Compiled>,
    right: Rc<Compiled>,
    on: Option<CExpr>,
    params: Vec<(u32, CExpr)>,
    types: Vec<Phys>,
    left_width: usize,
    /// Output columns somebody looks at.
    needed: Vec<bool>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    p: &Plan,
    kind: JoinKind,
    left: &Plan,
    right: &Plan,
    on: Option<&Expr>,
    params: &[(u32, Expr)],
) -> Result<Rc<dyn PlanNode>> {
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        return Err(Error::internal("nested loop cannot be a right or full join"));
    }
    let mut types = c.phys_of(&left.columns).to_vec();
    let left_width = types.len();
    types.extend_from_slice(&c.phys_of(&right.columns));
    let left = c.plan(left)?;
    let right = c.plan(right)?;
    let mut list = Vec::with_capacity(params.len());
    for (id, e) in params {
        c.set.push(*id);
        list.push((*id, c.expr(e)?));
    }
    let on = on.map(|e| c.expr(e)).transpose()?;
    let width = if matches!(kind, JoinKind::Semi | JoinKind::Anti) { left_width } else { types.len() };
    let needed = needed(p, width, &[]);
    Ok(Rc::new(NestLoopPlan { kind, left, right, on, params: list, types, left_width, needed }))
}

impl PlanNode for NestLoopPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let (left, right) = (self.left.start(run), self.right.start(run));
        Box::new(NestLoopOp {
            out: Builder::new(&self),
            plan: self,
            left,
            right,
            right_fresh: true,
            batch: None,
            at: 0,
            inner: false,
            matched: false,
            failed: None,
            left_done: false,
        })
    }
}

/// Output rows in the making.
struct Builder {
    columns: Vec<Vector>,
    rows: usize,
}

impl Builder {
    fn new(plan: &NestLoopPlan) -> Builder {
        let width = plan.needed.len();
        Builder { columns: plan.types[..width].iter().map(|p| Vector::empty(*p)).collect(), rows: 0 }
    }
}

struct NestLoopOp {
    plan: Rc<NestLoopPlan>,
    left: Box<dyn Operator>,
    right: Box<dyn Operator>,
    right_fresh: bool,
    batch: Option<Batch>,
    /// The current selected row of `batch`.
    at: usize,
    /// The right side is running for the current row.
    inner: bool,
    matched: bool,
    failed: Option<Error>,
    left_done: bool,
    out: Builder,
}

impl NestLoopOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn push_left(&mut self, batch: &Batch, row: usize, times: usize) {
        for (i, c) in batch.columns.iter().enumerate() {
            if self.plan.needed.get(i) == Some(&true) {
                self.out.columns[i].extend_from(c, Picked::Times(row, times));
            }
        }
    }

    fn push_nulls(&mut self) {
        for i in self.plan.left_width..self.plan.needed.len() {
            if self.plan.needed[i] {
                self.out.columns[i].push(Datum::Null);
            }
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn flush(&mut self) -> Step {
        let done = std::mem::replace(&mut self.out, Builder::new(&self.plan));
        let mut columns = Vec::with_capacity(done.columns.len());
        for ((c, needed), p) in done.columns.into_iter().zip(&self.plan.needed).zip(&self.plan.types) {
            columns.push(if *needed { Rc::new(c) } else { super::null_column(*p) });
        }
        Step::Batch(Batch::new(columns, done.rows))
    }

    /// One step of the loops; `Some` is to be passed on.
    #[cfg_attr(tuned, optimize(speed))]
    fn advance(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Option<Step>> {
        let plan = self.plan.clone();
        if !self.inner {
            let batch = match &self.batch {
                Some(b) if self.at < b.len() => b.clone(),
                _ => match self.left.next(cx, want)? {
                    Step::Batch(b) => {
                        self.batch = Some(b);
                        self.at = 0;
                        return Ok(None);
                    }
                    Step::Done => {
                        self.left_done = true;
                        return Ok(None);
                    }
                    other => return Ok(Some(other)),
                },
            };
            let row = batch.sel.row(self.at);
            for (id, e) in &plan.params {
                let v = e.value(cx, Row::Batch(&batch, row))?;
                cx.run.set_param(*id, v);
            }
            if !std::mem::replace(&mut self.right_fresh, false) {
                self.right.rescan(cx)?;
            }
            self.inner = true;
            self.matched = false;
        }
        let Some(batch) = self.batch.clone() else { return Ok(None) };
        let row = batch.sel.row(self.at);
        let probe = matches!(plan.kind, JoinKind::Semi | JoinKind::Anti);
        let right_want = if probe && plan.on.is_none() { 1 } else { want.max(16) };
        let right = match self.right.next(cx, right_want)? {
            Step::Batch(b) if b.is_empty() => return Ok(None),
            Step::Batch(b) => b,
            Step::Done => {
                self.inner = false;
                self.at += 1;
                let alone = match plan.kind {
                    JoinKind::Left => !self.matched,
                    JoinKind::Anti => !self.matched,
                    _ => false,
                };
                if alone {
                    self.push_left(&batch, row, 1);
                    self.push_nulls();
                    self.out.rows += 1;
                }
                return Ok(None);
            }
            other => return Ok(Some(other)),
        };
        spend(cx, right.len());
        let sel = match &plan.on {
            None => right.sel.clone(),
            Some(on) => {
                let mut columns: Vec<Rc<Vector>> = Vec::with_capacity(plan.types.len());
                for (c, p) in batch.columns.iter().zip(&plan.types) {
                    columns.push(Rc::new(Vector::constant(*p, c.get(row))));
                }
                columns.extend(right.columns.iter().cloned());
                let (sel, failed) = eval_filter(cx, on, &Batch { columns, sel: right.sel.clone() });
                self.failed = failed;
                sel
            }
        };
        if sel.is_empty() {
            return Ok(None);
        }
        self.matched = true;
        match plan.kind {
            JoinKind::Semi | JoinKind::Anti => {
                // One match settles it, and hides an error further on.
                self.failed = None;
                self.inner = false;
                self.at += 1;
                if plan.kind == JoinKind::Semi {
                    self.push_left(&batch, row, 1);
                    self.out.rows += 1;
                }
            }
            _ => {
                self.push_left(&batch, row, sel.len());
                for (i, c) in right.columns.iter().enumerate() {
                    let i = plan.left_width + i;
                    if plan.needed.get(i) == Some(&true) {
                        append(&mut self.out.columns[i], c, &sel);
                    }
                }
                self.out.rows += sel.len();
            }
        }
        Ok(None)
    }
}

impl Operator for NestLoopOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let enough = want.clamp(1, tusklet_vector::BATCH / 2);
        loop {
            if self.out.rows >= enough {
                return Ok(self.flush());
            }
            if self.failed.is_some() || self.left_done {
                if self.out.rows > 0 {
                    return Ok(self.flush());
                }
                return match self.failed.take() {
                    Some(e) => Err(e),
                    None => Ok(Step::Done),
                };
            }
            if cx.budget < 0 {
                return Ok(Step::Yield);
            }
            match self.advance(cx, want) {
                Ok(None) => {}
                Ok(Some(step)) => return Ok(step),
                Err(e) => self.failed = Some(e),
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.batch = None;
        self.inner = false;
        self.failed = None;
        self.left_done = false;
        self.out = Builder::new(&self.plan);
        self.left.rescan(cx)
    }
}
