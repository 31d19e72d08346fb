//! Virtual tables: the engine makes their rows from the live catalog.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_error::Result;
use tusklet_ir::{Oid, Plan, ScanRel};
use tusklet_vector::{Batch, Datum, Phys, RowSource, Vector};

use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::run::Run;
use crate::types::phys;

struct CatalogScanPlan {
    rel: Oid,
    /// Attribute numbers asked of the engine.
    attnos: Vec<i16>,
    types: Vec<Phys>,
    /// For each output column: which of those, or `None` for a system column.
    columns: Vec<Result<usize, i16>>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, rel: &ScanRel, _: &Plan) -> Result<Rc<dyn PlanNode>> {
    let mut plan = CatalogScanPlan { rel: rel.oid, attnos: vec![], types: vec![], columns: vec![] };
    for a in &rel.columns {
        if *a <= 0 {
            plan.columns.push(Err(*a));
            continue;
        }
        let builtin_type = builtin::attributes(rel.oid).find(|x| x.number() == *a as i32).map(|x| x.ty());
        let user_type = || c.cx.catalog.user_relation(rel.oid).and_then(|r| r.column(*a).map(|c| c.ty.oid));
        let ty = builtin_type.or_else(user_type).unwrap_or(crate::types::TEXT);
        plan.columns.push(Ok(plan.attnos.len()));
        plan.attnos.push(*a);
        plan.types.push(phys(&c.cx.catalog, ty));
    }
    Ok(Rc::new(plan))
}

impl PlanNode for CatalogScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(CatalogScanOp { plan: self, source: None, done: false, row: 0 })
    }
}

struct CatalogScanOp {
    plan: Rc<CatalogScanPlan>,
    source: Option<Box<dyn RowSource>>,
    done: bool,
    row: i64,
}

impl Operator for CatalogScanOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, _want: usize) -> Result<Step> {
        if self.done {
            return Ok(Step::Done);
        }
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let source = match &mut self.source {
            Some(s) => s,
            none => {
                let host = cx.host;
                none.insert(host.catalog_rows(cx, self.plan.rel, &self.plan.attnos)?)
            }
        };
        let mut out: Vec<Vector> = self.plan.types.iter().map(|p| Vector::empty(*p)).collect();
        // A filter above looks at a few at a time; making rows is cheap.
        let n = source.next(cx, &mut out, tusklet_vector::BATCH)?;
        if n == 0 {
            self.done = true;
            return Ok(Step::Done);
        }
        spend(cx, n);
        let made: Vec<Rc<Vector>> = out.into_iter().map(Rc::new).collect();
        let mut columns = Vec::with_capacity(self.plan.columns.len());
        for c in &self.plan.columns {
            columns.push(match c {
                Ok(i) => made[*i].clone(),
                Err(-6) => Rc::new(Vector::constant(Phys::I64, Datum::I64(self.plan.rel as i64))),
                Err(-1) => {
                    let mut v = Vector::zeroed(Phys::I64, n);
                    for (i, x) in v.i64s_mut().iter_mut().enumerate() {
                        *x = self.row + i as i64 + 1;
                    }
                    Rc::new(v)
                }
                Err(_) => Rc::new(Vector::constant(Phys::I64, Datum::I64(1))),
            });
        }
        self.row += n as i64;
        Ok(Step::Batch(Batch::new(columns, n)))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.source = None;
        self.done = false;
        self.row = 0;
        Ok(())
    }
}
