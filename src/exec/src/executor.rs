//! One run of a program.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_storage::Wait;
use tusklet_vector::{Batch, Value};

use crate::compile::Program;
use crate::cx::ExecCx;
use crate::op::Operator;
use crate::run::{NodeStats, Run};

/// What a step came to.
#[derive(Debug)]
pub enum Step {
    /// Rows. Never none.
    Batch(Batch),
    /// The end.
    Done,
    /// A row lock must be waited for; call again when that is over.
    Blocked(Wait),
    /// A row lock must be waited for by something whose stack cannot be suspended (a subquery of an expression, a
    /// function): when that is over, roll back to the statement's start and run it again.
    Restart(Wait),
    /// The budget is spent; call again.
    Yield,
}

/// One run of a [`Program`]. Dropping it ends it.
pub struct Executor {
    program: Rc<Program>,
    root: Option<Box<dyn Operator>>,
    run: Run,
    finished: bool,
}

impl Executor {
    /// A run with these external parameters. Nothing happens before the first step.
    pub fn new(program: Rc<Program>, params: Rc<[Value]>) -> Executor {
        let run = Run { program: Some(program.clone()), params, ..Run::default() };
        Executor { program, root: None, run, finished: false }
    }

    /// With a count of what every node does.
    pub fn instrument(mut self) -> Executor {
        self.run.stats = Some(vec![NodeStats::default(); self.program.nodes as usize]);
        self
    }

    /// The program.
    pub fn program(&self) -> &Rc<Program> {
        &self.program
    }

    /// Rows written so far.
    pub fn processed(&self) -> u64 {
        self.run.processed
    }

    /// What the nodes did, if it was counted.
    pub fn stats(&self) -> Option<&[NodeStats]> {
        self.run.stats.as_deref()
    }

    /// Goes on until there are rows (about `want`; more may come), the end, or something to wait for. After an error the
    /// run is over. May be called from inside another run's step with the same context.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn step(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if self.finished {
            return Ok(Step::Done);
        }
        std::mem::swap(&mut cx.run, &mut self.run);
        let budget = std::mem::replace(&mut cx.budget, crate::BUDGET);
        let splits = std::mem::replace(&mut cx.splits, false);
        let want = if self.program.talks { 1 } else { want.max(1) };
        let result = self.advance(cx, want);
        cx.splits = splits;
        cx.budget = budget;
        std::mem::swap(&mut cx.run, &mut self.run);
        match result {
            Ok(Step::Done) => {
                self.finished = true;
                self.root = None;
                Ok(Step::Done)
            }
            Err(e) => {
                self.finished = true;
                self.root = None;
                match cx.wait.take() {
                    Some(w) => Ok(Step::Restart(w)),
                    None => Err(e),
                }
            }
            step => step,
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn advance(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let root = match &mut self.root {
            Some(r) => r,
            none => {
                cx.host.check_interrupts()?;
                prepare(&self.program, cx);
                none.insert(self.program.root.start(&cx.run))
            }
        };
        loop {
            match root.next(cx, want)? {
                Step::Batch(b) if b.is_empty() => continue,
                Step::Done => break,
                step => return Ok(step),
            }
        }
        // Data-changing WITH queries run to their end whether or not anybody read them.
        while let Some(&i) = cx.run.pending.last() {
            match crate::op::cte::fill(cx, i, usize::MAX, usize::MAX)? {
                Step::Done => {
                    cx.run.pending.pop();
                }
                Step::Batch(_) => {}
                step => return Ok(step),
            }
        }
        Ok(Step::Done)
    }

    /// Runs to the end and gives all batches: for callers that cannot be suspended (functions, tests). Waiting for a lock
    /// makes the whole statement start over.
    pub fn run_to_end(&mut self, cx: &mut ExecCx<'_>) -> Result<Vec<Batch>> {
        let mut all = Vec::new();
        loop {
            match self.step(cx, usize::MAX)? {
                Step::Batch(b) => all.push(b),
                Step::Done => return Ok(all),
                Step::Yield => cx.host.check_interrupts()?,
                Step::Blocked(w) | Step::Restart(w) => return Err(cx.must_wait(w)),
            }
        }
    }
}

fn prepare(program: &Program, cx: &mut ExecCx<'_>) {
    cx.run.subplans.resize_with(program.subplans.len(), || None);
    cx.run.ctes.resize_with(program.ctes.len(), Default::default);
    cx.run.pending = program.ctes.iter().enumerate().filter(|(_, c)| c.modifies).map(|(i, _)| i as u32).rev().collect();
}
