//! WITH queries: each is run once, as far as its readers ask, and its rows are kept for all of them.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::Plan;

use super::{Compiled, Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::run::{CteState, Deps, Run};

struct CteScanPlan {
    cte: u32,
    plan: Rc<Compiled>,
    deps: Rc<[u32]>,
}

pub(crate) fn compile_scan(c: &mut Compiler<'_, '_>, cte: u32) -> Result<Rc<dyn PlanNode>> {
    let (plan, deps) = c.cte_plan(cte)?;
    c.used.extend(deps.iter());
    Ok(Rc::new(CteScanPlan { cte, plan, deps }))
}

impl PlanNode for CteScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        let deps = Deps::new(&self.deps);
        Box::new(CteScanOp { plan: self, at: 0, epoch: 0, deps })
    }
}

struct CteScanOp {
    plan: Rc<CteScanPlan>,
    at: usize,
    epoch: u64,
    deps: Deps,
}

/// The state of a WITH query, started if need be.
fn state<'r>(run: &'r mut Run, cte: u32) -> &'r mut CteState {
    let i = cte as usize;
    while run.ctes.len() <= i {
        run.ctes.push(CteState::default());
    }
    &mut run.ctes[i]
}

/// Makes sure that batch `at` of the WITH query is there: `Batch` when it is.
pub(crate) fn fill(cx: &mut ExecCx<'_>, cte: u32, at: usize, want: usize) -> Result<Step> {
    let s = state(&mut cx.run, cte);
    if let Some(b) = s.batches.get(at) {
        return Ok(Step::Batch(b.clone()));
    }
    if s.done {
        return Ok(Step::Done);
    }
    let mut op = match s.op.take() {
        Some(op) => op,
        None => match cx.run.program.clone().and_then(|p| p.ctes.get(cte as usize).map(|c| c.plan.clone())) {
            Some(plan) => plan.start(&cx.run),
            None => return Err(tusklet_error::Error::internal("WITH query is missing or reads itself")),
        },
    };
    let step = op.next(cx, want);
    let s = state(&mut cx.run, cte);
    match &step {
        Ok(Step::Batch(b)) => {
            // Batches are kept whole; the caller may be asking for one further on.
            s.batches.push(b.clone());
            s.op = Some(op);
        }
        Ok(Step::Done) => s.done = true,
        _ => s.op = Some(op),
    }
    step
}

fn forget(run: &mut Run, cte: u32) {
    let s = state(run, cte);
    s.op = None;
    s.batches.clear();
    s.done = false;
    s.epoch += 1;
}

impl Operator for CteScanOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if self.at == 0 && self.deps.changed(&cx.run) && !self.plan.deps.is_empty() {
            forget(&mut cx.run, self.plan.cte);
        }
        let epoch = state(&mut cx.run, self.plan.cte).epoch;
        if epoch != self.epoch {
            self.epoch = epoch;
            self.at = 0;
        }
        let _ = &self.plan.plan;
        loop {
            match fill(cx, self.plan.cte, self.at, want)? {
                Step::Batch(b) => {
                    self.at += 1;
                    if b.is_empty() {
                        continue;
                    }
                    return Ok(Step::Batch(b));
                }
                step => return Ok(step),
            }
        }
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        Ok(())
    }
}

struct WithPlan {
    ctes: Vec<u32>,
    input: Rc<Compiled>,
}

pub(crate) fn compile_with(c: &mut Compiler<'_, '_>, ctes: &[u32], input: &Plan) -> Result<Rc<dyn PlanNode>> {
    Ok(Rc::new(WithPlan { ctes: ctes.to_vec(), input: c.plan(input)? }))
}

impl PlanNode for WithPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        Box::new(WithOp { plan: self, input })
    }
}

struct WithOp {
    plan: Rc<WithPlan>,
    input: Box<dyn Operator>,
}

impl Operator for WithOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        self.input.next(cx, want)
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        for c in &self.plan.ctes {
            forget(&mut cx.run, *c);
        }
        self.input.rescan(cx)
    }
}
