//! Operators: one file each. An operator keeps its own place, so a run can stop at any batch and go on later: who gets
//! [`Step::Yield`] or [`Step::Blocked`] from below passes it on unchanged and is called again.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_vector::{Batch, Phys, Sel, Vector};

use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CExpr, eval_filter, eval_list};
use crate::run::Run;

pub(crate) mod agg;
pub(crate) mod aggcall;
pub(crate) mod append;
pub(crate) mod bitmap_scan;
pub(crate) mod brin_scan;
pub(crate) mod catalog_scan;
pub(crate) mod cte;
pub(crate) mod epq;
pub(crate) mod function_scan;
pub(crate) mod hash_join;
pub mod exclusion;
pub(crate) mod index_scan;
pub(crate) mod method_scan;
pub(crate) mod limit;
pub(crate) mod lock_rows;
pub(crate) mod material;
pub(crate) mod merge_join;
pub(crate) mod modify;
pub(crate) mod nest_loop;
pub(crate) mod project_set;
pub(crate) mod recursive_union;
pub(crate) mod result;
pub(crate) mod seq_scan;
pub(crate) mod set_op;
pub(crate) mod sort;
pub(crate) mod tid_scan;
pub(crate) mod unique;
pub(crate) mod values;
pub(crate) mod window;
pub(crate) mod window_frame;
pub(crate) mod xml_table;
pub(crate) mod write_index;

/// The state of a plan node in one run.
pub(crate) trait Operator {
    /// More rows: about `want`, perhaps more. Never an empty batch where it can be helped.
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step>;
    /// Back to the start: parameters may have changed.
    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()>;
}

/// A compiled plan node, shared by all its runs.
pub(crate) trait PlanNode {
    /// A run of it. Cheap: nothing is read.
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator>;
}

/// A plan node with its filter and projection.
pub(crate) struct Compiled {
    pub node: Rc<dyn PlanNode>,
    pub filter: Option<CExpr>,
    pub project: Option<Vec<CExpr>>,
    /// Number for statistics.
    pub id: u32,
}

impl Compiled {
    /// A run of the node, its filter and its projection.
    pub fn start(self: &Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let inner = self.node.clone().start(run);
        if self.filter.is_none() && self.project.is_none() && run.stats.is_none() {
            return inner;
        }
        let pipe = Pipe { plan: self.clone(), inner, rest: None, filtered: None, failed: None };
        if run.stats.is_none() { Box::new(pipe) } else { Box::new(Counted { inner: pipe, first: true }) }
    }
}

/// The next batch of a child; anything else is passed on.
macro_rules! pull {
    ($op:expr, $cx:expr, $want:expr) => {
        match $op.next($cx, $want)? {
            $crate::executor::Step::Batch(b) => Some(b),
            $crate::executor::Step::Done => None,
            other => return Ok(other),
        }
    };
}
pub(crate) use pull;

/// Filter and projection over a node's native output.
struct Pipe {
    plan: Rc<Compiled>,
    inner: Box<dyn Operator>,
    /// Rows of the last batch not looked at yet.
    rest: Option<Batch>,
    /// Rows that passed the filter and were put off.
    filtered: Option<Batch>,
    /// Raised when the rows before it have been delivered.
    failed: Option<Error>,
}

impl Pipe {
    /// The projection of rows that passed the filter; `None` when there is nothing to give.
    #[cfg_attr(tuned, optimize(speed))]
    fn project(&mut self, cx: &mut ExecCx<'_>, batch: Batch) -> Option<Batch> {
        let Some(exprs) = &self.plan.project else { return Some(batch) };
        let (columns, sel, failed) = cx.splitting(|cx| eval_list(cx, exprs, &batch));
        if std::mem::take(&mut cx.too_wide) {
            // What was made so far is large: a look at memory is due.
            cx.budget = -1;
            self.filtered = Some(Batch { sel: batch.sel.skip(sel.len()), columns: batch.columns });
        } else if let Some(e) = failed {
            // The projection's error belongs to an earlier row than the filter's.
            self.failed = Some(e);
            self.rest = None;
        }
        (!sel.is_empty()).then_some(Batch { columns, sel })
    }

    /// The rows of a batch from `row` on are looked at later, before what is left of it already.
    fn put_back(&mut self, batch: &Batch, row: usize) {
        let later = self.rest.take().map(|r| r.sel);
        let rows = batch.sel.iter().filter(|i| *i >= row).chain(later.iter().flat_map(|s| s.iter()));
        let sel = Sel::Rows(Rc::new(rows.map(|i| i as u16).collect()));
        self.rest = Some(Batch { columns: batch.columns.clone(), sel });
    }
}

impl Operator for Pipe {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        loop {
            if let Some(e) = self.failed.take() {
                return Err(e);
            }
            if let Some(batch) = self.filtered.take() {
                match self.project(cx, batch) {
                    Some(b) => return Ok(Step::Batch(b)),
                    None => continue,
                }
            }
            let mut batch = match self.rest.take() {
                Some(b) => b,
                None => match pull!(self.inner, cx, want) {
                    Some(b) => b,
                    None => return Ok(Step::Done),
                },
            };
            // A few rows at a time when a few are wanted, so that LIMIT 1 does not compute a whole group.
            let volatile = self.plan.filter.as_ref().is_some_and(|f| f.volatile)
                || self.plan.project.iter().flatten().any(|e| e.volatile);
            let step = match &self.plan.filter {
                None => want,
                Some(_) if volatile => want.min(batch.len()),
                Some(_) => want.saturating_mul(8).max(128),
            };
            if step < batch.len() {
                self.rest = Some(Batch { columns: batch.columns.clone(), sel: batch.sel.skip(step) });
                batch.sel = batch.sel.take(step);
            }
            if let Some(f) = &self.plan.filter {
                let before = batch.len();
                let (sel, failed) = cx.splitting(|cx| eval_filter(cx, f, &batch));
                if std::mem::take(&mut cx.too_wide) {
                    self.put_back(&batch, cx.fail_row);
                } else {
                    self.failed = failed;
                }
                batch.sel = sel;
                if let Some(s) = cx.run.stats.as_mut().and_then(|s| s.get_mut(self.plan.id as usize)) {
                    s.removed += (before - batch.len()) as u64;
                }
            }
            if batch.is_empty() {
                continue;
            }
            if let Some(b) = self.project(cx, batch) {
                return Ok(Step::Batch(b));
            }
        }
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.rest = None;
        self.filtered = None;
        self.failed = None;
        self.inner.rescan(cx)
    }
}

/// Counts rows and time for EXPLAIN ANALYZE.
struct Counted {
    inner: Pipe,
    first: bool,
}

impl Operator for Counted {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let start = cx.host.clock_time();
        let step = self.inner.next(cx, want);
        let spent = cx.host.clock_time() - start;
        let id = self.inner.plan.id as usize;
        let found = std::mem::take(&mut cx.run.found);
        if let Some(s) = cx.run.stats.as_mut().and_then(|s| s.get_mut(id)) {
            s.total += spent;
            s.found += found;
            if self.first {
                s.loops += 1;
                s.startup += spent;
                self.first = false;
            }
            if let Ok(Step::Batch(b)) = &step {
                s.rows += b.len() as u64;
            }
        }
        step
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.first = true;
        self.inner.rescan(cx)
    }
}

/// Spends budget; whether there is none left.
#[inline]
pub(crate) fn spend(cx: &mut ExecCx<'_>, rows: usize) -> bool {
    cx.budget -= rows as i64 + 16;
    cx.budget < 0
}

/// A column of NULLs.
pub(crate) fn null_column(phys: Phys) -> Rc<Vector> {
    Rc::new(Vector::constant(phys, tusklet_vector::Datum::Null))
}

/// The selected rows of a batch, packed.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn pack(batch: &Batch) -> Batch {
    match &batch.sel {
        Sel::All(_) => batch.clone(),
        Sel::Rows(r) => {
            let columns = batch.columns.iter().map(|c| Rc::new(c.gather(&r[..]))).collect();
            Batch { columns, sel: Sel::All(r.len()) }
        }
    }
}
