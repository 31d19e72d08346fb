//! Portals: statements being executed, and cursors.

use std::collections::VecDeque;
use std::rc::Rc;

use tusklet_exec::Executor;
use tusklet_ir::{ResultColumn, Value};
use tusklet_storage::{Snapshot, Wait};
use tusklet_vector::Batch;

use crate::copy::{CopyIn, CopyOut};
use crate::output::Tag;
use crate::query::Prepared;

/// A statement with its parameters, and how far it has got.
pub struct Portal {
    /// The statement.
    pub prepared: Rc<Prepared>,
    /// Values of `$1`, ….
    pub params: Rc<[Value]>,
    /// Result formats wanted.
    pub formats: Vec<i16>,
    /// Where it stands.
    pub state: PortalState,
    /// Rows read from the plan that no Execute has taken yet.
    pub leftover: Option<Batch>,
    /// The columns were announced.
    pub described: bool,
    /// Rows given.
    pub given: u64,
    /// Result columns.
    pub columns: Option<Rc<[ResultColumn]>>,
    /// For DECLAREd cursors.
    pub cursor: Option<Cursor>,
    /// How many savepoints there were when it was made.
    pub level: usize,
    /// What a data-changing statement returned, which runs to its end before it gives rows.
    pub kept: VecDeque<Batch>,
}

/// Where a portal stands.
pub enum PortalState {
    /// Not begun.
    Fresh,
    /// A query is running.
    Query(Box<Executor>, Snapshot),
    /// The rows are all there: what SHOW and EXPLAIN answer, and what a held cursor kept.
    Rows(VecDeque<Batch>, Tag),
    /// FETCH from a cursor: rows still wanted, forward or not.
    Fetch(FetchState),
    /// Taking in data.
    CopyIn(Box<CopyIn>),
    /// Giving data out.
    CopyOut(Box<CopyOut>),
    /// The statement is done; its deferred checks are not.
    Checks(Tag),
    /// Over.
    Done,
}

/// A FETCH or MOVE under way.
pub struct FetchState {
    /// The cursor.
    pub name: String,
    /// The rows wanted.
    pub span: Span,
    /// MOVE: rows are only counted.
    pub silent: bool,
}

/// Rows of a cursor.
#[derive(Clone, Copy)]
pub struct Span {
    /// The first, counting from 1 (0 before the first); below 0 it counts from the end.
    pub from: i64,
    /// Up to and including.
    pub to: i64,
    /// Rows come last first.
    pub backward: bool,
    /// Where the cursor stands afterwards if there are enough rows.
    pub rest: i64,
}

/// What a cursor keeps.
#[derive(Default)]
pub struct Cursor {
    /// Rows read so far; kept, so that one can go back.
    pub batches: Vec<Batch>,
    /// How many rows those are.
    pub rows: i64,
    /// The row it stands on, from 1; 0 before the first, `rows + 1` after the last.
    pub position: i64,
    /// The plan has no more.
    pub complete: bool,
    /// NO SCROLL: going back is an error.
    pub no_scroll: bool,
    /// WITH HOLD: survives its transaction.
    pub hold: bool,
    /// A FETCH from it failed: no other can be made, whatever is rolled back.
    pub failed: bool,
    /// Its transaction committed, and its rows were read before.
    pub kept: bool,
    /// BINARY.
    pub binary: bool,
    /// Its text, for `pg_cursors`.
    pub text: String,
    /// When it was declared.
    pub created: i64,
}

/// What running a portal for a while came to.
pub enum PortalStep {
    /// The row limit was reached.
    Suspended,
    /// Over, with the tag.
    Finished(Tag),
    /// The budget is spent.
    Yield,
    /// The output is full.
    Full,
    /// Waiting for another transaction.
    Blocked(Wait),
    /// Waiting for COPY data.
    CopyIn,
    /// Waiting for a segment of storage.
    Segment,
}

impl Cursor {
    /// Whether the transaction's end leaves it.
    pub fn held(&self) -> bool {
        self.hold && self.kept && !self.failed
    }
}

impl Portal {
    /// A portal that has not begun.
    pub fn new(prepared: Rc<Prepared>, params: Rc<[Value]>, formats: Vec<i16>) -> Portal {
        let columns = prepared.columns.clone();
        Portal { prepared, params, formats, state: PortalState::Fresh, leftover: None, described: false, given: 0, columns, cursor: None, level: 0, kept: VecDeque::new() }
    }
}
