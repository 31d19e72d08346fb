//! Rows that indexes find, in the order of the heap.
//!
//! The places are gathered and sorted first, so the rows come as a scan of the whole table would give them.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Bitmap, BitmapSource, ScanRel};
use tusklet_storage::Tid;

use super::brin_scan::{self, BrinScanOp, BrinScanPlan};
use super::index_scan::{self, IndexScanOp, IndexScanPlan};
use super::method_scan::Finder;
use super::seq_scan::ScanColumns;
use super::{Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::run::Run;

enum Places {
    Index(Rc<IndexScanPlan>),
    Method(Finder),
    Brin(Rc<BrinScanPlan>),
    And(Vec<Places>),
    Or(Vec<Places>),
}

struct BitmapScanPlan {
    columns: ScanColumns,
    places: Places,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, rel: &ScanRel, bitmap: &Bitmap) -> Result<Rc<dyn PlanNode>> {
    Ok(match places(c, rel, bitmap)? {
        // Whole groups are read where they lie.
        Places::Brin(plan) => plan,
        places => Rc::new(BitmapScanPlan { columns: ScanColumns::new(rel)?, places }),
    })
}

fn places(c: &mut Compiler<'_, '_>, rel: &ScanRel, bitmap: &Bitmap) -> Result<Places> {
    let mut all = Vec::new();
    if let BitmapSource::And(list) | BitmapSource::Or(list) = &bitmap.source {
        for b in list {
            all.push(places(c, rel, b)?);
        }
    }
    Ok(match &bitmap.source {
        BitmapSource::Index { index, index_storage, keys } => {
            Places::Index(Rc::new(index_scan::compile(c, rel, *index, *index_storage, keys, false)?))
        }
        BitmapSource::Method { index, index_storage, conds } => {
            match brin_scan::compile(c, rel, *index, *index_storage, conds)? {
                Some(plan) => Places::Brin(Rc::new(plan)),
                None => Places::Method(Finder::compile(c, *index, *index_storage, conds)?),
            }
        }
        BitmapSource::And(_) => Places::And(all),
        BitmapSource::Or(_) => Places::Or(all),
    })
}

impl Places {
    /// In order, each once.
    #[cfg_attr(tuned, optimize(speed))]
    fn find(&self, cx: &mut ExecCx<'_>) -> Result<Vec<Tid>> {
        let (list, and) = match self {
            Places::Index(plan) => {
                let mut found = IndexScanOp::new(plan.clone()).places(cx)?;
                Tid::arrange(&mut found);
                return Ok(found);
            }
            Places::Method(finder) => return finder.find(cx),
            Places::Brin(plan) => return BrinScanOp::new(plan.clone()).places(cx),
            Places::And(list) => (list, true),
            Places::Or(list) => (list, false),
        };
        let mut all: Option<Vec<Tid>> = None;
        for p in list {
            let found = p.find(cx)?;
            all = Some(match all {
                None => found,
                Some(mut all) if and => {
                    all.retain(|t| found.binary_search(t).is_ok());
                    all
                }
                Some(mut all) => {
                    all.extend(found);
                    Tid::arrange(&mut all);
                    all
                }
            });
        }
        Ok(all.unwrap_or_default())
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn holds(&self, cx: &mut ExecCx<'_>, tid: Tid) -> Result<bool> {
        let (list, and) = match self {
            Places::Index(plan) => return IndexScanOp::new(plan.clone()).holds(cx, tid),
            // The scan's filter tests it.
            Places::Method(_) | Places::Brin(_) => return Ok(true),
            Places::And(list) => (list, true),
            Places::Or(list) => (list, false),
        };
        for p in list {
            if p.holds(cx, tid)? != and {
                return Ok(!and);
            }
        }
        Ok(and)
    }
}

impl PlanNode for BitmapScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(BitmapScanOp { plan: self, tids: None })
    }
}

struct BitmapScanOp {
    plan: Rc<BitmapScanPlan>,
    /// The places left.
    tids: Option<std::vec::IntoIter<Tid>>,
}

impl Operator for BitmapScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let plan = self.plan.clone();
        let tids = match &mut self.tids {
            Some(t) => t,
            none => {
                let found = match cx.run.epq.filter(|e| e.rte == plan.columns.rte).map(|e| e.tid) {
                    Some(tid) if plan.places.holds(cx, tid)? => vec![tid],
                    Some(_) => vec![],
                    None => plan.places.find(cx)?,
                };
                cx.run.found += found.len() as u64;
                none.insert(found.into_iter())
            }
        };
        let some: Vec<Tid> = tids.take(want.clamp(1, tusklet_vector::BATCH)).collect();
        if some.is_empty() {
            return Ok(Step::Done);
        }
        Ok(Step::Batch(plan.columns.fetch(cx, &some)?))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.tids = None;
        Ok(())
    }
}
