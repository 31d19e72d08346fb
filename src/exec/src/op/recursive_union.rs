//! WITH RECURSIVE: the recursive part runs over the last round's rows until a round gives none.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Plan, SortKey};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Phys, Sel, Vector};

use super::{Compiled, Operator, PlanNode, pack, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use tusklet_vector::hashing::KeyTable;
use crate::run::Run;

struct RecursiveUnionPlan {
    id: u32,
    all: bool,
    initial: Rc<Compiled>,
    recursive: Rc<Compiled>,
    keys: Vec<(usize, KeyPart, Phys)>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    id: u32,
    all: bool,
    initial: &Plan,
    recursive: &Plan,
    keys: &[SortKey],
) -> Result<Rc<dyn PlanNode>> {
    let initial = c.plan(initial)?;
    let recursive = c.plan(recursive)?;
    c.set.push(id);
    let keys = super::unique::distinct_keys(c, keys);
    Ok(Rc::new(RecursiveUnionPlan { id, all, initial, recursive, keys }))
}

impl PlanNode for RecursiveUnionPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let initial = self.initial.start(run);
        let recursive = self.recursive.start(run);
        let seen = self.seen();
        Box::new(RecursiveUnionOp { plan: self, initial: Some(initial), recursive, seen, next_round: vec![] })
    }
}

impl RecursiveUnionPlan {
    fn seen(&self) -> KeyTable {
        let types: Vec<Phys> = self.keys.iter().map(|k| k.2).collect();
        let parts: Vec<KeyPart> = self.keys.iter().map(|k| k.1).collect();
        KeyTable::new(&types, &parts, true)
    }
}

struct RecursiveUnionOp {
    plan: Rc<RecursiveUnionPlan>,
    /// While it runs.
    initial: Option<Box<dyn Operator>>,
    recursive: Box<dyn Operator>,
    seen: KeyTable,
    next_round: Vec<Batch>,
}

impl RecursiveUnionOp {
    /// Keeps what was not seen before.
    #[cfg_attr(tuned, optimize(speed))]
    fn admit(&mut self, batch: Batch) -> Batch {
        if self.plan.all {
            return batch;
        }
        let columns: Vec<&Vector> = self.plan.keys.iter().map(|k| &*batch.columns[k.0]).collect();
        let mut rows = Vec::new();
        let mut number = Vec::new();
        for i in batch.sel.iter() {
            let before = self.seen.count();
            self.seen.numbers(&columns, &Sel::Rows(Rc::new(vec![i as u16])), true, &mut number);
            if self.seen.count() > before {
                rows.push(i as u16);
            }
        }
        Batch { sel: Sel::Rows(Rc::new(rows)), columns: batch.columns.clone() }
    }
}

impl Operator for RecursiveUnionOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        loop {
            let batch = match &mut self.initial {
                Some(op) => pull!(op, cx, want),
                None => pull!(self.recursive, cx, want),
            };
            match batch {
                Some(b) => {
                    let b = self.admit(b);
                    if b.is_empty() {
                        continue;
                    }
                    let b = pack(&b);
                    self.next_round.push(b.clone());
                    return Ok(Step::Batch(b));
                }
                None => {
                    if self.next_round.is_empty() {
                        return Ok(Step::Done);
                    }
                    let rows = std::mem::take(&mut self.next_round);
                    cx.run.work_table(self.plan.id).batches = Rc::new(rows);
                    cx.run.set_param(self.plan.id, tusklet_vector::Value::Null);
                    if self.initial.take().is_none() {
                        cx.host.check_interrupts()?;
                    }
                    self.recursive.rescan(cx)?;
                }
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.initial = Some(self.plan.initial.start(&cx.run));
        self.seen = self.plan.seen();
        self.next_round.clear();
        cx.run.work_table(self.plan.id).batches = Rc::default();
        Ok(())
    }
}

struct WorkTableScanPlan(u32);

/// The last round's rows.
pub(crate) fn compile_scan(c: &mut Compiler<'_, '_>, id: u32) -> Rc<dyn PlanNode> {
    c.used.push(id);
    Rc::new(WorkTableScanPlan(id))
}

impl PlanNode for WorkTableScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(WorkTableScanOp { id: self.0, at: 0 })
    }
}

struct WorkTableScanOp {
    id: u32,
    at: usize,
}

impl Operator for WorkTableScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, _: usize) -> Result<Step> {
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let rows = cx.run.work_table(self.id).batches.clone();
        match rows.get(self.at) {
            Some(b) => {
                self.at += 1;
                super::spend(cx, b.len());
                Ok(Step::Batch(b.clone()))
            }
            None => Ok(Step::Done),
        }
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        Ok(())
    }
}
