//! INTERSECT and EXCEPT by counting: how often each row occurs on either side.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Plan, SetOpKind, SortKey};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Phys, Sel, Vector};

use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use tusklet_vector::hashing::KeyTable;
use crate::rowstore::RowStore;
use crate::run::Run;

struct SetOpPlan {
    kind: SetOpKind,
    all: bool,
    left: Rc<Compiled>,
    right: Rc<Compiled>,
    keys: Vec<(usize, KeyPart, Phys)>,
    types: Rc<[Phys]>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    kind: SetOpKind,
    all: bool,
    left: &Plan,
    right: &Plan,
    keys: &[SortKey],
) -> Result<Rc<dyn PlanNode>> {
    let types = c.phys_of(&left.columns);
    let left = c.plan(left)?;
    let right = c.plan(right)?;
    let keys = super::unique::distinct_keys(c, keys);
    Ok(Rc::new(SetOpPlan { kind, all, left, right, keys, types }))
}

impl PlanNode for SetOpPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let (left, right) = (self.left.start(run), self.right.start(run));
        Box::new(SetOpOp { state: State::new(&self), plan: self, left, right })
    }
}

struct State {
    table: KeyTable,
    /// The first left row of each key.
    rows: RowStore,
    counts: Vec<(u64, u64)>,
    left_done: bool,
    right_done: bool,
    /// Rows to give, by key number.
    out: Option<Vec<u32>>,
    at: usize,
}

impl State {
    fn new(plan: &SetOpPlan) -> State {
        let types: Vec<Phys> = plan.keys.iter().map(|k| k.2).collect();
        let parts: Vec<KeyPart> = plan.keys.iter().map(|k| k.1).collect();
        State {
            table: KeyTable::new(&types, &parts, true),
            rows: RowStore::new(&plan.types),
            counts: vec![],
            left_done: false,
            right_done: false,
            out: None,
            at: 0,
        }
    }
}

struct SetOpOp {
    plan: Rc<SetOpPlan>,
    left: Box<dyn Operator>,
    right: Box<dyn Operator>,
    state: State,
}

impl Operator for SetOpOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let mut numbers = Vec::new();
        while !self.state.left_done {
            let Some(b) = pull!(self.left, cx, usize::MAX) else {
                self.state.left_done = true;
                break;
            };
            let s = &mut self.state;
            let columns: Vec<&Vector> = self.plan.keys.iter().map(|k| &*b.columns[k.0]).collect();
            s.table.numbers(&columns, &b.sel, true, &mut numbers);
            let mut first = Vec::new();
            for (k, n) in numbers.iter().enumerate() {
                if *n as usize == s.counts.len() {
                    s.counts.push((0, 0));
                    first.push(b.sel.row(k) as u16);
                }
                s.counts[*n as usize].0 += 1;
            }
            s.rows.push(&Batch { columns: b.columns.clone(), sel: Sel::Rows(Rc::new(first)) });
        }
        while !self.state.right_done {
            let Some(b) = pull!(self.right, cx, usize::MAX) else {
                self.state.right_done = true;
                break;
            };
            let s = &mut self.state;
            let columns: Vec<&Vector> = self.plan.keys.iter().map(|k| &*b.columns[k.0]).collect();
            s.table.numbers(&columns, &b.sel, false, &mut numbers);
            for n in &numbers {
                if let Some(c) = s.counts.get_mut(*n as usize) {
                    c.1 += 1;
                }
            }
        }
        let s = &mut self.state;
        let (kind, all) = (self.plan.kind, self.plan.all);
        let out = s.out.get_or_insert_with(|| {
            let mut out = Vec::new();
            for (n, (l, r)) in s.counts.iter().enumerate() {
                let times = match (kind, all) {
                    (SetOpKind::Intersect, true) => *l.min(r),
                    (SetOpKind::Intersect, false) => (*r > 0) as u64,
                    (SetOpKind::Except, true) => l.saturating_sub(*r),
                    (SetOpKind::Except, false) => (*r == 0) as u64,
                    (SetOpKind::Union, true) => *l,
                    (SetOpKind::Union, false) => 1,
                };
                out.extend((0..times).map(|_| n as u32));
            }
            out
        });
        let end = out.len().min(s.at + want.clamp(1, tusklet_vector::BATCH));
        if s.at == end {
            return Ok(Step::Done);
        }
        let b = s.rows.gather(&out[s.at..end]);
        s.at = end;
        Ok(Step::Batch(b))
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.state = State::new(&self.plan);
        self.left.rescan(cx)?;
        self.right.rescan(cx)
    }
}
