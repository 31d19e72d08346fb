//! The first of each run of equal rows.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Plan, SortKey};
use tusklet_vector::Sel;
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Phys};

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::order::Order;
use crate::run::Run;
use crate::types::phys;

/// Columns that decide whether rows are the same, for hashing.
pub(crate) fn distinct_keys(c: &mut Compiler<'_, '_>, keys: &[SortKey]) -> Vec<(usize, KeyPart, Phys)> {
    keys.iter().map(|k| (k.column as usize, c.cmp_part(k.cmp, k.ty), phys(&c.cx.catalog, k.ty))).collect()
}

struct UniquePlan {
    input: Rc<Compiled>,
    order: Order,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, input: &Plan, keys: &[SortKey]) -> Result<Rc<dyn PlanNode>> {
    Ok(Rc::new(UniquePlan { input: c.plan(input)?, order: Order::new(c, keys)? }))
}

impl PlanNode for UniquePlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        Box::new(UniqueOp { plan: self, input, last: None })
    }
}

struct UniqueOp {
    plan: Rc<UniquePlan>,
    input: Box<dyn Operator>,
    last: Option<Vec<u8>>,
}

impl Operator for UniqueOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        loop {
            let Some(b) = pull!(self.input, cx, want) else { return Ok(Step::Done) };
            let mut rows = Vec::new();
            let mut key = Vec::new();
            for i in b.sel.iter() {
                self.plan.order.row_key(&b, i, &mut key);
                match &mut self.last {
                    Some(last) if *last == key => {}
                    Some(last) => {
                        std::mem::swap(last, &mut key);
                        rows.push(i as u16);
                    }
                    none => {
                        *none = Some(key.clone());
                        rows.push(i as u16);
                    }
                }
            }
            if !rows.is_empty() {
                return Ok(Step::Batch(Batch { columns: b.columns, sel: Sel::Rows(Rc::new(rows)) }));
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.last = None;
        self.input.rescan(cx)
    }
}
