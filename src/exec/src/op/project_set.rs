//! Set-returning functions in a select list: for each input row they run in step, shorter ones filled up with NULLs,
//! until the longest ends; plain expressions are repeated.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, Plan};
use tusklet_vector::{Batch, Datum, Phys, RowSource, Value, Vector};

use super::function_scan::{Source, returns_set};
use super::{Compiled, Operator, PlanNode, pull, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::row::Row;
use crate::run::Run;

enum Item {
    Plain(CExpr),
    Set(Source),
}

struct ProjectSetPlan {
    input: Rc<Compiled>,
    items: Vec<Item>,
    types: Vec<Phys>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, input: &Plan, exprs: &[Expr]) -> Result<Rc<dyn PlanNode>> {
    let input = c.plan(input)?;
    let mut items = Vec::with_capacity(exprs.len());
    let mut types = Vec::with_capacity(exprs.len());
    for e in exprs {
        let item = if returns_set(e) {
            match c.set_call(e)? {
                Some(call) => Item::Set(Source::of_call(c, call, e.ty)?),
                None => return Err(crate::func::no_set()),
            }
        } else {
            Item::Plain(c.expr(e)?)
        };
        types.push(match &item {
            Item::Plain(e) => e.phys,
            Item::Set(s) => s.types[0],
        });
        items.push(item);
    }
    Ok(Rc::new(ProjectSetPlan { input, items, types }))
}

impl PlanNode for ProjectSetPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        Box::new(ProjectSetOp { plan: self, input, batch: None, at: 0, current: None, failed: None })
    }
}

enum Running {
    Plain(Value),
    Set(Option<Box<dyn RowSource>>),
}

struct ProjectSetOp {
    plan: Rc<ProjectSetPlan>,
    input: Box<dyn Operator>,
    batch: Option<Batch>,
    /// The next selected row of `batch`.
    at: usize,
    current: Option<Vec<Running>>,
    failed: Option<Error>,
}

impl ProjectSetOp {
    /// Adds rows of the current input row; false when it has no more.
    #[cfg_attr(tuned, optimize(speed))]
    fn produce(&mut self, cx: &mut ExecCx<'_>, out: &mut [Vector], rows: &mut usize, want: usize) -> Result<bool> {
        let Some(running) = &mut self.current else { return Ok(false) };
        let mut longest = 0;
        let mut parts: Vec<Option<Vector>> = Vec::with_capacity(running.len());
        for (r, ty) in running.iter_mut().zip(&self.plan.types) {
            let Running::Set(source) = r else {
                parts.push(None);
                continue;
            };
            let mut v = [Vector::empty(*ty)];
            let mut n = 0;
            while let Some(s) = source
                && n < want
            {
                let got = s.next(cx, &mut v, want - n)?;
                if got == 0 {
                    *source = None;
                }
                n += got;
            }
            longest = longest.max(n);
            let [v] = v;
            parts.push(Some(v));
        }
        for ((part, r), o) in parts.iter().zip(running.iter()).zip(out.iter_mut()) {
            match (part, r) {
                (Some(v), _) => {
                    o.extend_from(v, 0..v.len());
                    for _ in v.len()..longest {
                        o.push(Datum::Null);
                    }
                }
                (None, Running::Plain(v)) => {
                    for _ in 0..longest {
                        o.push(v.as_datum());
                    }
                }
                (None, Running::Set(_)) => {}
            }
        }
        *rows += longest;
        Ok(longest > 0)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn open(&mut self, cx: &mut ExecCx<'_>, batch: &Batch, i: usize) -> Result<()> {
        let plan = self.plan.clone();
        let mut list = Vec::with_capacity(plan.items.len());
        for item in &plan.items {
            list.push(match item {
                Item::Plain(e) => Running::Plain(e.value(cx, Row::Batch(batch, i))?),
                Item::Set(s) => Running::Set(Some(s.open(cx, Row::Batch(batch, i))?)),
            });
        }
        self.current = Some(list);
        Ok(())
    }
}

impl Operator for ProjectSetOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let want = want.clamp(1, tusklet_vector::BATCH);
        let mut out: Vec<Vector> = self.plan.types.iter().map(|p| Vector::empty(*p)).collect();
        let mut rows = 0;
        while rows < want {
            let room = want - rows;
            let more = match self.produce(cx, &mut out, &mut rows, room) {
                Ok(m) => m,
                Err(e) if rows == 0 => return Err(e),
                Err(e) => {
                    self.failed = Some(e);
                    break;
                }
            };
            if more {
                continue;
            }
            self.current = None;
            let batch = match &self.batch {
                Some(b) if self.at < b.len() => b.clone(),
                _ => {
                    // What was made so far is given before the input is asked, which may have to wait.
                    if rows > 0 {
                        break;
                    }
                    match pull!(self.input, cx, want) {
                        Some(b) => {
                            self.batch = Some(b.clone());
                            self.at = 0;
                            b
                        }
                        None => return Ok(Step::Done),
                    }
                }
            };
            if self.at >= batch.len() {
                continue;
            }
            let i = batch.sel.row(self.at);
            self.at += 1;
            if let Err(e) = self.open(cx, &batch, i) {
                if rows == 0 {
                    return Err(e);
                }
                self.failed = Some(e);
                break;
            }
        }
        spend(cx, rows);
        Ok(Step::Batch(Batch::new(out.into_iter().map(Rc::new).collect(), rows)))
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.batch = None;
        self.current = None;
        self.failed = None;
        self.at = 0;
        self.input.rescan(cx)
    }
}
