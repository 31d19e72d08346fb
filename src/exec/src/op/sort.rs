//! Sorting, and keeping only the first rows of the order.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Expr, Plan, SortKey};
use tusklet_vector::Phys;

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::order::Order;
use crate::row::Row;
use crate::rowstore::RowStore;
use crate::run::{Deps, Run};

struct SortPlan {
    input: Rc<Compiled>,
    order: Order,
    limit: Option<(Option<CExpr>, Option<CExpr>)>,
    types: Rc<[Phys]>,
    deps: Rc<[u32]>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    input: &Plan,
    keys: &[SortKey],
    limit: Option<&(Option<Expr>, Option<Expr>)>,
) -> Result<Rc<dyn PlanNode>> {
    let types = c.phys_of(&input.columns);
    let ((input, limit), deps) = c.tracked(|c| {
        let input = c.plan(input)?;
        let limit = match limit {
            Some((l, o)) => {
                let l = l.as_ref().map(|e| c.expr(e)).transpose()?;
                let o = o.as_ref().map(|e| c.expr(e)).transpose()?;
                Some((l, o))
            }
            None => None,
        };
        Ok((input, limit))
    })?;
    Ok(Rc::new(SortPlan { input, order: Order::new(c, keys)?, limit, types, deps }))
}

impl PlanNode for SortPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let mut deps = Deps::new(&self.deps);
        deps.note(run);
        Box::new(SortOp {
            input: self.input.start(run),
            store: RowStore::new(&self.types),
            plan: self,
            deps,
            sorted: None,
            at: 0,
            keep: None,
            bound: None,
        })
    }
}

struct SortOp {
    plan: Rc<SortPlan>,
    input: Box<dyn Operator>,
    deps: Deps,
    store: RowStore,
    sorted: Option<Vec<u32>>,
    at: usize,
    /// How many rows anybody will ask for; known once looked at.
    keep: Option<usize>,
    /// Top-N: the key of the last row that could still be given.
    bound: Option<Vec<u8>>,
}

impl SortOp {
    fn wanted(&self, cx: &mut ExecCx<'_>) -> Result<usize> {
        let Some((limit, offset)) = &self.plan.limit else { return Ok(usize::MAX) };
        let mut value = |e: &Option<CExpr>| -> Result<Option<i64>> {
            let Some(e) = e else { return Ok(None) };
            let v = e.eval_row(cx, Row::None)?;
            Ok((!v.d().is_null()).then(|| v.d().int()))
        };
        // A negative number is Limit's to refuse.
        let offset = value(offset)?.unwrap_or(0).max(0) as usize;
        Ok(match value(limit)? {
            Some(n) => (n.max(0) as usize).saturating_add(offset),
            None => usize::MAX,
        })
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn sort(&mut self, cx: &mut ExecCx<'_>) -> Result<Vec<u32>> {
        let mut rows = self.plan.order.sorted(cx, &self.store.columns, self.store.rows)?;
        rows.truncate(self.keep.unwrap_or(usize::MAX));
        Ok(rows)
    }
}

impl Operator for SortOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if self.keep.is_none() {
            self.keep = Some(self.wanted(cx)?);
        }
        let keep = self.keep.unwrap_or(usize::MAX);
        while self.sorted.is_none() {
            match pull!(self.input, cx, usize::MAX) {
                Some(mut b) => {
                    if let Some(bound) = &self.bound {
                        b.sel = self.plan.order.before(&b, bound);
                    }
                    self.store.push(&b);
                    // Top-N: sort away what cannot be among the first, whenever that is most of what is kept. A later row
                    // that equals the last one kept comes after it.
                    if self.store.rows > keep.saturating_mul(2).saturating_add(4096) {
                        let best = self.sort(cx)?;
                        self.bound = best.last().map(|r| self.plan.order.stored_key(&self.store.columns, *r as usize));
                        self.store.keep(&in_order(&best, self.store.rows));
                    }
                }
                None => self.sorted = Some(self.sort(cx)?),
            }
        }
        let sorted = self.sorted.as_deref().unwrap_or(&[]);
        let end = sorted.len().min(self.at + want.clamp(1, tusklet_vector::BATCH));
        let rows = &sorted[self.at..end];
        if rows.is_empty() {
            return Ok(Step::Done);
        }
        self.at = end;
        Ok(Step::Batch(self.store.gather(rows)))
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        if self.deps.changed(&cx.run) || self.sorted.is_none() {
            self.sorted = None;
            self.keep = None;
            self.bound = None;
            self.store.clear();
            self.input.rescan(cx)?;
        }
        Ok(())
    }
}

/// Numbers of rows `0..n` ascending, so that equal rows stay in input order when they are sorted again.
#[cfg_attr(tuned, optimize(speed))]
fn in_order(rows: &[u32], n: usize) -> Vec<u32> {
    let mut among = vec![false; n];
    rows.iter().for_each(|r| among[*r as usize] = true);
    (0..n as u32).filter(|r| among[*r as usize]).collect()
}
