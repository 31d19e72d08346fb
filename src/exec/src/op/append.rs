//! UNION ALL, and the merge of sorted inputs.

use std::rc::Rc;

use tusklet_error::{Result, TryVec};
use tusklet_ir::{Plan, SortKey};
use tusklet_vector::{Batch, Phys};

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::order::Order;
use crate::rowstore::RowStore;
use crate::run::Run;

struct AppendPlan(Vec<Rc<Compiled>>);

pub(crate) fn compile(c: &mut Compiler<'_, '_>, inputs: &[Plan]) -> Result<Rc<dyn PlanNode>> {
    Ok(Rc::new(AppendPlan(inputs.iter().map(|p| c.plan(p)).try_vec()?)))
}

impl PlanNode for AppendPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        Box::new(AppendOp { inputs: self.0.iter().map(|p| p.start(run)).collect(), at: 0 })
    }
}

struct AppendOp {
    inputs: Vec<Box<dyn Operator>>,
    at: usize,
}

impl Operator for AppendOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        while let Some(op) = self.inputs.get_mut(self.at) {
            match pull!(op, cx, want) {
                Some(b) => return Ok(Step::Batch(b)),
                None => self.at += 1,
            }
        }
        Ok(Step::Done)
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        self.inputs.iter_mut().try_for_each(|i| i.rescan(cx))
    }
}

struct MergeAppendPlan {
    inputs: Vec<Rc<Compiled>>,
    order: Order,
    types: Rc<[Phys]>,
}

pub(crate) fn compile_merge(c: &mut Compiler<'_, '_>, inputs: &[Plan], keys: &[SortKey]) -> Result<Rc<dyn PlanNode>> {
    let types = inputs.first().map_or_else(|| Rc::from([]), |p| c.phys_of(&p.columns));
    let inputs = inputs.iter().map(|p| c.plan(p)).try_vec()?;
    Ok(Rc::new(MergeAppendPlan { inputs, order: Order::new(c, keys)?, types }))
}

impl PlanNode for MergeAppendPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let inputs = self.inputs.iter().map(|p| Feed::new(p.start(run))).collect();
        Box::new(MergeAppendOp { plan: self, inputs })
    }
}

/// One input with the key of its next row.
struct Feed {
    op: Box<dyn Operator>,
    batch: Option<Batch>,
    at: usize,
    key: Vec<u8>,
    done: bool,
}

impl Feed {
    fn new(op: Box<dyn Operator>) -> Feed {
        Feed { op, batch: None, at: 0, key: vec![], done: false }
    }
}

struct MergeAppendOp {
    plan: Rc<MergeAppendPlan>,
    inputs: Vec<Feed>,
}

impl Operator for MergeAppendOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let mut store = RowStore::new(&self.plan.types);
        let want = want.clamp(1, tusklet_vector::BATCH);
        while store.rows < want {
            for f in &mut self.inputs {
                if f.done || f.batch.as_ref().is_some_and(|b| f.at < b.len()) {
                    continue;
                }
                if store.rows > 0 {
                    // Given before an input is asked, which may have to wait.
                    return Ok(Step::Batch(finish(store)));
                }
                loop {
                    match pull!(f.op, cx, want) {
                        Some(b) if b.is_empty() => {}
                        Some(b) => {
                            f.at = 0;
                            self.plan.order.row_key(&b, b.sel.row(0), &mut f.key);
                            f.batch = Some(b);
                            break;
                        }
                        None => {
                            f.done = true;
                            f.batch = None;
                            break;
                        }
                    }
                }
            }
            let Some(i) = (0..self.inputs.len())
                .filter(|i| self.inputs[*i].batch.is_some())
                .min_by(|a, b| self.inputs[*a].key.cmp(&self.inputs[*b].key))
            else {
                break;
            };
            let f = &mut self.inputs[i];
            if let Some(b) = &f.batch {
                let row = b.sel.row(f.at);
                for (to, from) in store.columns.iter_mut().zip(&b.columns) {
                    to.extend_from(from, row..row + 1);
                }
                store.rows += 1;
                f.at += 1;
                if f.at < b.len() {
                    self.plan.order.row_key(b, b.sel.row(f.at), &mut f.key);
                }
            }
        }
        Ok(if store.rows == 0 { Step::Done } else { Step::Batch(finish(store)) })
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        for f in &mut self.inputs {
            f.batch = None;
            f.done = false;
            f.op.rescan(cx)?;
        }
        Ok(())
    }
}

fn finish(store: RowStore) -> Batch {
    let rows = store.rows;
    Batch::new(store.columns.into_iter().map(Rc::new).collect(), rows)
}
