//! Rows by ctid.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Expr, ExprKind, ScanRel};
use tusklet_storage::Tid;
use tusklet_vector::{Phys, TypeRef};

use super::seq_scan::ScanColumns;
use super::{Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CCall, CExpr, array_elements, container_call};
use crate::row::Row;
use crate::run::Run;

const TID: u32 = 27;

enum Source {
    One(CExpr),
    Array(CExpr, CCall),
    Cursor(String),
}

struct TidScanPlan {
    columns: ScanColumns,
    tids: Vec<Source>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, rel: &ScanRel, tids: &[Expr]) -> Result<Rc<dyn PlanNode>> {
    let mut list = Vec::with_capacity(tids.len());
    for e in tids {
        list.push(match &e.kind {
            ExprKind::CurrentOf { cursor, rte: _ } => Source::Cursor(cursor.clone()),
            _ if e.ty.oid == TID => Source::One(c.expr(e)?),
            _ => {
                let elements =
                    container_call(c.cx, "tusklet_array_elements", vec![], vec![e.ty], TypeRef::new(TID), Phys::I64);
                Source::Array(c.expr(e)?, elements)
            }
        });
    }
    Ok(Rc::new(TidScanPlan { columns: ScanColumns::new(rel)?, tids: list }))
}

impl PlanNode for TidScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(TidScanOp { plan: self, tids: None })
    }
}

struct TidScanOp {
    plan: Rc<TidScanPlan>,
    tids: Option<std::vec::IntoIter<Tid>>,
}

impl Operator for TidScanOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let tids = match &mut self.tids {
            Some(t) => t,
            none => {
                if let Some(e) = cx.run.epq.filter(|e| e.rte == self.plan.columns.rte) {
                    *none = Some(vec![].into_iter());
                    return Ok(Step::Batch(self.plan.columns.fetch(cx, &[e.tid])?));
                }
                let mut list = Vec::new();
                for s in &self.plan.tids {
                    match s {
                        Source::One(e) => {
                            let v = e.eval_row(cx, Row::None)?;
                            if !v.d().is_null() {
                                list.push(Tid(v.d().int()));
                            }
                        }
                        Source::Array(e, elements) => {
                            let v = e.value(cx, Row::None)?;
                            if !v.is_null() {
                                let all = array_elements(cx, elements, Phys::I64, v.as_datum())?;
                                list.extend(all.iter().filter(|v| !v.is_null()).map(|v| Tid(v.as_datum().int())));
                            }
                        }
                        Source::Cursor(name) => {
                            let host = cx.host;
                            list.extend(host.cursor_row(cx, name, self.plan.columns.oid)?);
                        }
                    }
                }
                Tid::arrange(&mut list);
                let table = cx.store.table(self.plan.columns.storage)?;
                list.retain(|t| table.is_visible(&cx.snapshot, *t));
                none.insert(list.into_iter())
            }
        };
        let some: Vec<Tid> = tids.take(want.clamp(1, tusklet_vector::BATCH)).collect();
        if some.is_empty() {
            return Ok(Step::Done);
        }
        Ok(Step::Batch(self.plan.columns.fetch(cx, &some)?))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.tids = None;
        Ok(())
    }
}
