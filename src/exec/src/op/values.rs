//! VALUES lists.

use std::rc::Rc;

use tusklet_error::{Error, Result, TryVec};
use tusklet_ir::{Expr, LiteralRows, TypeRef};
use tusklet_vector::{Batch, Phys, Vector};

use super::{Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::row::Row;
use crate::run::Run;

struct ValuesPlan {
    rows: Vec<Vec<CExpr>>,
    types: Vec<Phys>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, rows: &[Vec<Expr>]) -> Result<Rc<dyn PlanNode>> {
    let rows: Vec<Vec<CExpr>> = rows.iter().map(|r| c.exprs(r)).try_vec()?;
    let types = rows.first().map_or(vec![], |r| r.iter().map(|e| e.phys).collect());
    Ok(Rc::new(ValuesPlan { rows, types }))
}

impl PlanNode for ValuesPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(ValuesOp { plan: self, at: 0, failed: None })
    }
}

struct ValuesOp {
    plan: Rc<ValuesPlan>,
    at: usize,
    failed: Option<Error>,
}

impl Operator for ValuesOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        let mut out: Vec<Vector> = self.plan.types.iter().map(|p| Vector::empty(*p)).collect();
        let mut n = 0;
        while n < want.min(tusklet_vector::BATCH) {
            let Some(row) = self.plan.rows.get(self.at) else { break };
            let mut values = Vec::with_capacity(row.len());
            for e in row {
                match e.eval_row(cx, Row::None) {
                    Ok(v) => values.push(v),
                    Err(e) if n == 0 => return Err(e),
                    Err(e) => {
                        self.failed = Some(e);
                        return Ok(batch(out, n));
                    }
                }
            }
            for (v, d) in out.iter_mut().zip(&values) {
                v.push(d.d());
            }
            self.at += 1;
            n += 1;
        }
        if n == 0 {
            return Ok(Step::Done);
        }
        Ok(batch(out, n))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        self.failed = None;
        Ok(())
    }
}

/// Rows that are there already, batch by batch.
struct LiteralPlan {
    batches: Vec<Batch>,
}

pub(crate) fn literals(c: &mut Compiler<'_, '_>, rows: &LiteralRows, types: &[TypeRef]) -> Result<Rc<dyn PlanNode>> {
    let phys = c.phys_of(types);
    let fit = |(v, p): (&Rc<Vector>, &Phys)| match v.phys() == *p {
        true => Ok(v.clone()),
        // NULLs alone lie as anything.
        false if v.constant && v.is_null(0) => Ok(super::null_column(*p)),
        false => Err(Error::internal("literals do not lie as their column")),
    };
    let mut batches = Vec::with_capacity(rows.0.len());
    for b in rows.0.iter() {
        let columns = b.columns.iter().zip(phys.iter()).map(fit).try_vec()?;
        batches.push(Batch { columns, sel: b.sel.clone() });
    }
    Ok(Rc::new(LiteralPlan { batches }))
}

impl PlanNode for LiteralPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(LiteralOp { plan: self, at: 0 })
    }
}

struct LiteralOp {
    plan: Rc<LiteralPlan>,
    at: usize,
}

impl Operator for LiteralOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, _: &mut ExecCx<'_>, _: usize) -> Result<Step> {
        let next = self.plan.batches.get(self.at).cloned();
        self.at += 1;
        Ok(next.map_or(Step::Done, Step::Batch))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        Ok(())
    }
}

fn batch(out: Vec<Vector>, n: usize) -> Step {
    Step::Batch(Batch::new(out.into_iter().map(Rc::new).collect(), n))
}
