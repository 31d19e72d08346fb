//! Keeps its input's rows for rescans that change none of the parameters they were made from.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::Plan;
use tusklet_vector::Batch;

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::run::{Deps, Run};

struct MaterialPlan {
    input: Rc<Compiled>,
    deps: Rc<[u32]>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, input: &Plan) -> Result<Rc<dyn PlanNode>> {
    let (input, deps) = c.tracked(|c| c.plan(input))?;
    Ok(Rc::new(MaterialPlan { input, deps }))
}

impl PlanNode for MaterialPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let mut deps = Deps::new(&self.deps);
        deps.note(run);
        let input = self.input.start(run);
        Box::new(MaterialOp { input, deps, rows: vec![], at: 0, done: false })
    }
}

struct MaterialOp {
    input: Box<dyn Operator>,
    deps: Deps,
    rows: Vec<Batch>,
    at: usize,
    done: bool,
}

impl Operator for MaterialOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if let Some(b) = self.rows.get(self.at) {
            self.at += 1;
            return Ok(Step::Batch(b.clone()));
        }
        if self.done {
            return Ok(Step::Done);
        }
        match pull!(self.input, cx, want) {
            Some(b) => {
                self.rows.push(b.clone());
                self.at += 1;
                Ok(Step::Batch(b))
            }
            None => {
                self.done = true;
                Ok(Step::Done)
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        if self.deps.changed(&cx.run) {
            self.rows.clear();
            self.done = false;
            self.input.rescan(cx)?;
        }
        Ok(())
    }
}
