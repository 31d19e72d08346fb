//! A row without columns, a condition looked at once, and the passing on of a subquery.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Expr, Plan};
use tusklet_vector::Batch;

use super::{Compiled, Operator, PlanNode};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::row::Row;
use crate::run::Run;

struct ResultPlan {
    once: Option<CExpr>,
    input: Option<Rc<Compiled>>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, once: Option<&Expr>, input: Option<&Plan>) -> Result<Rc<dyn PlanNode>> {
    let once = once.map(|e| c.expr(e)).transpose()?;
    let input = input.map(|p| c.plan(p)).transpose()?;
    Ok(Rc::new(ResultPlan { once, input }))
}

impl PlanNode for ResultPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.as_ref().map(|p| p.start(run));
        Box::new(ResultOp { plan: self, input, state: State::Fresh })
    }
}

enum State {
    Fresh,
    Running,
    Done,
}

struct ResultOp {
    plan: Rc<ResultPlan>,
    input: Option<Box<dyn Operator>>,
    state: State,
}

impl Operator for ResultOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if let State::Fresh = self.state {
            let go = match &self.plan.once {
                Some(e) => e.holds(cx, Row::None)?,
                None => true,
            };
            self.state = if go { State::Running } else { State::Done };
        }
        match (&self.state, &mut self.input) {
            (State::Running, Some(input)) => input.next(cx, want),
            (State::Running, None) => {
                self.state = State::Done;
                Ok(Step::Batch(Batch::new(vec![], 1)))
            }
            _ => Ok(Step::Done),
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.state = State::Fresh;
        match &mut self.input {
            Some(i) => i.rescan(cx),
            None => Ok(()),
        }
    }
}

struct SubqueryPlan(Rc<Compiled>);

impl PlanNode for SubqueryPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        self.0.start(run)
    }
}

/// A subquery is its input.
pub(crate) fn compile_subquery(c: &mut Compiler<'_, '_>, input: &Plan) -> Result<Rc<dyn PlanNode>> {
    Ok(Rc::new(SubqueryPlan(c.plan(input)?)))
}
