//! EvalPlanQual: looking again at a row that somebody else changed while this statement waited.
//!
//! The input plan is run anew with the scan of the changed table giving just the row's latest version; other scans give
//! what they gave. If a row still comes out, the statement goes on with that one.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_storage::Tid;
use tusklet_vector::Batch;

use super::Compiled;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::run::Epq;

pub(crate) struct Recheck;

impl Recheck {
    /// The row that now comes of the version at `tid` of scan `rte`, if any. `ctid` is the column that names the version.
    pub fn run(
        cx: &mut ExecCx<'_>,
        input: &Rc<Compiled>,
        rte: u32,
        tid: Tid,
        ctid: Option<u32>,
    ) -> Result<Option<(Batch, usize)>> {
        let outer = cx.run.epq.replace(Epq { rte, tid });
        let result = Recheck::first(cx, input, tid, ctid);
        cx.run.epq = outer;
        result
    }

    fn first(cx: &mut ExecCx<'_>, input: &Rc<Compiled>, tid: Tid, ctid: Option<u32>) -> Result<Option<(Batch, usize)>> {
        let stats = cx.run.stats.take();
        let mut op = input.start(&cx.run);
        let result = loop {
            match op.next(cx, usize::MAX) {
                Err(e) => break Err(e),
                Ok(Step::Batch(b)) => {
                    let hit = b.sel.iter().find(|i| match ctid.and_then(|c| b.columns.get(c as usize)) {
                        Some(c) => c.get(*i).int() == tid.0,
                        None => true,
                    });
                    if let Some(i) = hit {
                        break Ok(Some((b, i)));
                    }
                }
                Ok(Step::Done) => break Ok(None),
                Ok(Step::Yield) => {
                    if let Err(e) = cx.host.check_interrupts() {
                        break Err(e);
                    }
                    cx.budget = crate::BUDGET;
                }
                Ok(Step::Blocked(w) | Step::Restart(w)) => break Err(cx.must_wait(w)),
            }
        };
        cx.run.stats = stats;
        result
    }
}
