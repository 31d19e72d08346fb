//! FOR UPDATE and its relatives: locks the rows that come through.
//!
//! A row somebody else changed meanwhile is looked at anew in its latest version ([`super::epq`]), and comes through only
//! if it still qualifies.

use std::rc::Rc;

use tusklet_error::{Error, Result, err};
use tusklet_ir::{LockMark, LockWait, Plan};
use tusklet_storage::{RelId, Tid, Write};
use tusklet_vector::{Batch, Phys};

use super::epq::Recheck;
use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::{ExecCx, row_lock};
use crate::executor::Step;
use crate::rowstore::RowStore;
use crate::run::Run;

struct LockRowsPlan {
    input: Rc<Compiled>,
    marks: Vec<LockMark>,
    names: Vec<String>,
    types: Rc<[Phys]>,
}

pub(crate) fn compile(c: &mut Compiler<'_, '_>, input: &Plan, marks: &[LockMark]) -> Result<Rc<dyn PlanNode>> {
    let types = c.phys_of(&input.columns);
    let names =
        marks.iter().map(|m| c.cx.catalog.user_relation(m.rel).map_or_else(String::new, |r| r.name.clone())).collect();
    Ok(Rc::new(LockRowsPlan { input: c.plan(input)?, marks: marks.to_vec(), names, types }))
}

impl PlanNode for LockRowsPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let input = self.input.start(run);
        Box::new(LockRowsOp { plan: self, input, batch: None, at: 0 })
    }
}

struct LockRowsOp {
    plan: Rc<LockRowsPlan>,
    input: Box<dyn Operator>,
    batch: Option<Batch>,
    at: usize,
}

/// What became of one row.
enum Locked {
    Yes(Batch, usize),
    Skip,
    Wait(tusklet_storage::Wait),
}

impl LockRowsOp {
    fn lock(&self, cx: &mut ExecCx<'_>, batch: &Batch, row: usize) -> Result<Locked> {
        let mut current = (batch.clone(), row);
        for (m, name) in self.plan.marks.iter().zip(&self.plan.names) {
            let table = cx.store.table(RelId(m.storage))?;
            loop {
                let d = current.0.columns.get(m.ctid as usize).map(|c| c.value(current.1)).unwrap_or_default();
                if d.is_null() {
                    // The null-extended side of an outer join.
                    break;
                }
                let mut tid = Tid(d.as_datum().int());
                let mut recheck = false;
                let locked = loop {
                    match table.lock_row(&cx.tx, &cx.snapshot, tid, row_lock(m.strength))? {
                        Write::Done(_) => break true,
                        Write::Invisible | Write::SelfModified => break false,
                        Write::Blocked(w) => match m.wait {
                            LockWait::Block => return Ok(Locked::Wait(w)),
                            LockWait::SkipLocked => return Ok(Locked::Skip),
                            LockWait::Error => {
                                return Err(err!(
                                    LOCK_NOT_AVAILABLE, "could not obtain lock on row in relation \"{}\""; name
                                ));
                            }
                        },
                        Write::Updated(_) | Write::Deleted if !cx.read_committed => return Err(serialization()),
                        Write::Updated(next) => {
                            tid = next;
                            recheck = true;
                        }
                        Write::Deleted => break false,
                    }
                };
                if !locked {
                    return Ok(Locked::Skip);
                }
                if !recheck {
                    break;
                }
                match Recheck::run(cx, &self.plan.input, m.rte, tid, Some(m.ctid))? {
                    Some(found) => current = found,
                    None => return Ok(Locked::Skip),
                }
                break;
            }
        }
        Ok(Locked::Yes(current.0, current.1))
    }
}

/// 40001 for a row changed by somebody this snapshot does not see.
pub(crate) fn serialization() -> Error {
    err!(T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update")
}

impl Operator for LockRowsOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let want = want.clamp(1, tusklet_vector::BATCH);
        let mut out = RowStore::new(&self.plan.types);
        loop {
            let batch = match &self.batch {
                Some(b) if self.at < b.len() => b.clone(),
                _ if out.rows > 0 => break,
                _ => match pull!(self.input, cx, want) {
                    Some(b) => {
                        self.batch = Some(b.clone());
                        self.at = 0;
                        b
                    }
                    None => return Ok(Step::Done),
                },
            };
            if batch.is_empty() {
                continue;
            }
            match self.lock(cx, &batch, batch.sel.row(self.at))? {
                Locked::Yes(b, row) => {
                    for (to, from) in out.columns.iter_mut().zip(&b.columns) {
                        to.extend_from(from, row..row + 1);
                    }
                    out.rows += 1;
                    self.at += 1;
                }
                Locked::Skip => self.at += 1,
                Locked::Wait(_) if out.rows > 0 => break,
                Locked::Wait(w) => return Ok(Step::Blocked(w)),
            }
            if out.rows >= want {
                break;
            }
        }
        let rows = out.rows;
        Ok(Step::Batch(Batch::new(out.columns.into_iter().map(Rc::new).collect(), rows)))
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.batch = None;
        self.at = 0;
        self.input.rescan(cx)
    }
}
