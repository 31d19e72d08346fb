//! LIMIT, OFFSET, WITH TIES.

use std::rc::Rc;

use tusklet_error::{Result, err};
use tusklet_ir::{Expr, Plan, SortKey};
use tusklet_vector::Batch;

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::order::Order;
use crate::row::Row;
use crate::run::Run;

struct LimitPlan {
    input: Rc<Compiled>,
    limit: Option<CExpr>,
    offset: Option<CExpr>,
    ties: Option<Order>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    input: &Plan,
    limit: Option<&Expr>,
    offset: Option<&Expr>,
    ties: Option<&[SortKey]>,
) -> Result<Rc<dyn PlanNode>> {
    Ok(Rc::new(LimitPlan {
        input: c.plan(input)?,
        limit: limit.map(|e| c.expr(e)).transpose()?,
        offset: offset.map(|e| c.expr(e)).transpose()?,
        ties: ties.map(|t| Order::new(c, t)).transpose()?,
    }))
}

impl PlanNode for LimitPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        Box::new(LimitOp { plan: self, input, bounds: None, last: None, done: false })
    }
}

/// Rows still to skip and to give.
struct Bounds {
    skip: u64,
    left: u64,
}

struct LimitOp {
    plan: Rc<LimitPlan>,
    input: Box<dyn Operator>,
    bounds: Option<Bounds>,
    /// WITH TIES: the key of the last row counted.
    last: Option<Vec<u8>>,
    done: bool,
}

impl LimitOp {
    /// As `recompute_limits`: OFFSET is looked at first.
    fn bounds(&self, cx: &mut ExecCx<'_>) -> Result<Bounds> {
        let mut b = Bounds { skip: 0, left: u64::MAX };
        if let Some(e) = &self.plan.offset {
            let v = e.eval_row(cx, Row::None)?;
            if !v.d().is_null() {
                let n = v.d().int();
                if n < 0 {
                    return Err(err!(INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, "OFFSET must not be negative"));
                }
                b.skip = n as u64;
            }
        }
        if let Some(e) = &self.plan.limit {
            let v = e.eval_row(cx, Row::None)?;
            if !v.d().is_null() {
                let n = v.d().int();
                if n < 0 {
                    return Err(err!(INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, "LIMIT must not be negative"));
                }
                b.left = n as u64;
            } else if self.plan.ties.is_some() {
                return Err(err!(
                    INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                    "row count cannot be null in FETCH FIRST ... WITH TIES clause"
                ));
            }
        }
        Ok(b)
    }
}

impl Operator for LimitOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if self.done {
            return Ok(Step::Done);
        }
        if self.bounds.is_none() {
            self.bounds = Some(self.bounds(cx)?);
        }
        let ties = self.plan.ties.is_some();
        loop {
            let Some(b) = &mut self.bounds else { return Ok(Step::Done) };
            if b.left == 0 && self.last.is_none() {
                self.done = true;
                return Ok(Step::Done);
            }
            let need = usize::try_from(b.left.max(1)).unwrap_or(usize::MAX).min(want);
            let need = need.saturating_add(usize::try_from(b.skip).unwrap_or(usize::MAX));
            let Some(mut batch) = pull!(self.input, cx, need) else {
                self.done = true;
                return Ok(Step::Done);
            };
            if b.skip > 0 {
                let n = b.skip.min(batch.len() as u64);
                b.skip -= n;
                batch.sel = batch.sel.skip(n as usize);
            }
            if batch.is_empty() {
                continue;
            }
            let taken = (batch.len() as u64).min(b.left) as usize;
            b.left -= taken as u64;
            let mut end = taken;
            if ties && b.left == 0 {
                if let Some(order) = &self.plan.ties {
                    let mut key = Vec::new();
                    if taken > 0 {
                        order.row_key(&batch, batch.sel.row(taken - 1), &mut key);
                        self.last = Some(key.clone());
                    }
                    while end < batch.len() {
                        order.row_key(&batch, batch.sel.row(end), &mut key);
                        if self.last.as_ref() != Some(&key) {
                            break;
                        }
                        end += 1;
                    }
                }
                if end < batch.len() {
                    self.done = true;
                }
            }
            let sel = batch.sel.take(end);
            if sel.is_empty() {
                if self.done {
                    return Ok(Step::Done);
                }
                continue;
            }
            return Ok(Step::Batch(Batch { columns: batch.columns, sel }));
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.bounds = None;
        self.last = None;
        self.done = false;
        self.input.rescan(cx)
    }
}
