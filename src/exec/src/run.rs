//! The state of one run that is not an operator's own: parameters, subqueries of expressions, WITH queries.

use std::rc::Rc;

use tusklet_storage::Tid;
use tusklet_vector::{Batch, Value, Vector};

use crate::compile::Program;
use crate::expr::SubState;
use crate::op::Operator;

/// What a plan node did, for EXPLAIN ANALYZE. Nodes are numbered as [`tusklet_ir::Plan::children`] walks them, the main
/// plan first, then the subplans, then the WITH queries.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodeStats {
    /// Times started.
    pub loops: u64,
    /// Rows given, all loops together.
    pub rows: u64,
    /// Rows its filter removed.
    pub removed: u64,
    /// Entries that the index of its bitmap gave.
    pub found: u64,
    /// Microseconds up to the first row, all loops together.
    pub startup: i64,
    /// Microseconds in it and below, all loops together.
    pub total: i64,
}

/// A `PARAM_EXEC` value and when it was set. Whoever keeps a result made from it compares the time.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExecParam {
    pub value: Value,
    pub version: u64,
}

/// A WITH query being read: rows so far, and the operator that makes more.
#[derive(Default)]
pub(crate) struct CteState {
    pub op: Option<Box<dyn Operator>>,
    pub batches: Vec<Batch>,
    pub done: bool,
    /// Counts the times its rows were forgotten, so that scans notice.
    pub epoch: u64,
}

/// The work table of a recursive union.
#[derive(Default)]
pub(crate) struct WorkTable {
    pub batches: Rc<Vec<Batch>>,
}

/// The value of a CASE's argument, or of a domain's VALUE, or an array element.
#[derive(Clone)]
pub(crate) enum CaseValue {
    Column(Rc<Vector>),
    One(Value),
}

/// EvalPlanQual: the scan with this range-table number yields the one row version at `tid`, whoever sees it.
#[derive(Clone, Copy)]
pub(crate) struct Epq {
    pub rte: u32,
    pub tid: Tid,
}

/// The state of one run beside its operators. Lives in the [`crate::Executor`] and is put into the context for each step.
#[derive(Default)]
pub struct Run {
    pub(crate) program: Option<Rc<Program>>,
    /// `$1`, `$2`, ….
    pub params: Rc<[Value]>,
    pub(crate) exec: Vec<ExecParam>,
    pub(crate) clock: u64,
    pub(crate) subplans: Vec<Option<Box<SubState>>>,
    pub(crate) ctes: Vec<CteState>,
    pub(crate) work: Vec<WorkTable>,
    pub(crate) epq: Option<Epq>,
    pub(crate) case: Vec<CaseValue>,
    /// Rows inserted, updated, deleted by the main ModifyTable.
    pub processed: u64,
    /// What the nodes did, when asked for.
    pub stats: Option<Vec<NodeStats>>,
    /// Entries that an index gave for a bitmap, until they are counted.
    pub(crate) found: u64,
    /// Data-changing WITH queries whose rows nobody reads, the first last.
    pub(crate) pending: Vec<u32>,
}

impl Run {
    pub(crate) fn set_param(&mut self, id: u32, value: Value) {
        self.clock += 1;
        let i = id as usize;
        if i >= self.exec.len() {
            self.exec.resize(i + 1, ExecParam::default());
        }
        self.exec[i] = ExecParam { value, version: self.clock };
    }

    pub(crate) fn param(&self, id: u32) -> Value {
        self.exec.get(id as usize).map(|p| p.value.clone()).unwrap_or_default()
    }

    fn version(&self, id: u32) -> u64 {
        self.exec.get(id as usize).map_or(0, |p| p.version)
    }

    pub(crate) fn work_table(&mut self, id: u32) -> &mut WorkTable {
        let i = id as usize;
        while self.work.len() <= i {
            self.work.push(WorkTable::default());
        }
        &mut self.work[i]
    }
}

/// The parameters a kept result was made from, and their times.
#[derive(Clone, Debug)]
pub(crate) struct Deps {
    ids: Rc<[u32]>,
    newest: u64,
}

impl Deps {
    pub fn new(ids: &Rc<[u32]>) -> Deps {
        Deps { ids: ids.clone(), newest: 0 }
    }

    /// Whether any was set since the last call.
    pub fn changed(&mut self, run: &Run) -> bool {
        let newest = self.ids.iter().map(|i| run.version(*i)).max().unwrap_or(0);
        std::mem::replace(&mut self.newest, newest) != newest
    }

    /// Notes the present times.
    pub fn note(&mut self, run: &Run) {
        self.changed(run);
    }
}
