//! VALUES lists.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::Expr;
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
    let rows: Vec<Vec<CExpr>> = rows.iter().map(|r| c.exprs(r)).collect::<Result<_>>()?;
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

fn batch(out: Vec<Vector>, n: usize) -> Step {
    Step::Batch(Batch::new(out.into_iter().map(Rc::new).collect(), n))
}
