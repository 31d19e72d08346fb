//! Heap tables: row versions in groups, found by [`Tid`].
//!
//! A row's versions form a chain: UPDATE appends the new version and the old one's `next` points at it. When no index key
//! changed, the new version is *heap-only* (PostgreSQL's HOT): no index entry points at it, and an index lookup reaches it
//! from the chain's first version, its *root*. When keys changed, the new version has index entries of its own, and index
//! lookups do not follow the chain that far, so a version is never found under a key it does not have.
//!
//! A [`Table`] is a cheap shared handle. Nothing it lends keeps it borrowed except a [`Row`], which must be dropped
//! before the same table is written; a write while one is held is refused with XX000, it never panics.

mod fetch;
pub(crate) mod group;
pub(crate) mod prune;
mod write;

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_vector::{BATCH, Phys, Value, Vector};

pub use fetch::Row;
pub(crate) use fetch::visible_in_chain;
pub(crate) use group::Group;
pub use write::{RowLock, Wait, Write};

use crate::stats::{LookedAt, TableStats};
use crate::transaction::TxnTable;
use crate::{RelId, Tid};

/// What a table knows of a column.
#[derive(Clone, Debug)]
pub(crate) struct ColumnMeta {
    pub phys: Phys,
    /// The value of rows older than the column; a constant vector, lent to scans.
    pub missing: Rc<Vector>,
    pub dropped: bool,
}

impl ColumnMeta {
    pub fn new(phys: Phys, missing: &Value) -> ColumnMeta {
        ColumnMeta { phys, missing: Rc::new(Vector::constant(phys, missing.as_datum())), dropped: false }
    }
}

#[derive(Default)]
pub(crate) struct Heap {
    pub columns: Vec<ColumnMeta>,
    pub groups: Vec<Group>,
    /// Versions that were superseded, deleted or aborted: vacuum looks at these and at nothing else.
    pub dying: Vec<Tid>,
    /// Reclaimed slots in full groups, all together.
    pub free: usize,
    /// Full groups with free slots, unordered, maybe twice.
    pub free_groups: Vec<usize>,
    /// How many indexes point here.
    pub indexes: u32,
    /// Index entries made stale by reclaiming their versions, since the last sweep.
    pub stale_entries: u64,
    /// Moves not logged yet, `(from, to)`.
    pub moves: Vec<(Tid, Tid)>,
}

impl Heap {
    #[inline]
    pub fn group(&self, tid: Tid) -> Option<&Group> {
        self.groups.get(tid.group()).filter(|g| tid.offset() < g.rows)
    }

    #[inline]
    pub fn group_mut(&mut self, tid: Tid) -> Option<&mut Group> {
        self.groups.get_mut(tid.group()).filter(|g| tid.offset() < g.rows)
    }

    /// The group appends go to.
    pub fn open_group(&mut self) -> usize {
        if self.groups.last().is_none_or(Group::full) {
            self.groups.push(Group::new(&self.columns));
        }
        let g = self.groups.len() - 1;
        if self.groups[g].columns.len() < self.columns.len() {
            self.groups[g].complete(&self.columns);
        }
        g
    }

    /// Whether index entries may point at the version.
    pub fn is_indexed(&self, tid: Tid) -> bool {
        match self.group(tid) {
            Some(g) if g.is_hot(tid.offset()) => g.slots.as_ref().is_some_and(|s| s.hot_indexed.get(tid.offset())),
            Some(_) => self.indexes > 0,
            None => false,
        }
    }

    /// The payload of an index entry for `tid`: the tid and its slot's generation.
    #[inline]
    pub fn entry(&self, tid: Tid) -> u64 {
        (tid.0 as u64) << 16 | self.group(tid).map_or(0, |g| g.generation(tid.offset())) as u64
    }

    /// The tid of an index entry, unless its slot has been reclaimed since.
    #[inline]
    pub fn entry_tid(&self, entry: u64) -> Option<Tid> {
        let tid = entry_tid(entry);
        let g = self.group(tid)?;
        (g.generation(tid.offset()) == entry as u16 && !g.is_free(tid.offset())).then_some(tid)
    }
}

/// The place an index entry names, whatever is there now.
#[inline]
pub(crate) fn entry_tid(entry: u64) -> Tid {
    Tid((entry >> 16) as i64)
}

/// A table's rows. Shared handle; see the module's note on what may be held across writes.
pub struct Table {
    pub(crate) rel: RelId,
    pub(crate) heap: RefCell<Heap>,
    pub(crate) txns: Rc<TxnTable>,
    pub(crate) live: Cell<i64>,
    /// Rows written or deleted since the table was opened; statistics age by it.
    pub(crate) changes: Cell<u64>,
    pub(crate) stats: RefCell<Option<Rc<TableStats>>>,
    pub(crate) looked_at: Cell<LookedAt>,
    /// How many dying versions make it ask for vacuum.
    pub(crate) vacuum_at: Cell<usize>,
    pub(crate) cold: RefCell<Option<crate::recovery::ColdTable>>,
}

impl Table {
    pub(crate) fn new(rel: RelId, columns: Vec<ColumnMeta>, txns: Rc<TxnTable>) -> Table {
        Table {
            rel,
            heap: RefCell::new(Heap { columns, ..Heap::default() }),
            txns,
            live: Cell::new(0),
            changes: Cell::new(0),
            stats: RefCell::default(),
            looked_at: Cell::default(),
            vacuum_at: Cell::new(64),
            cold: RefCell::default(),
        }
    }

    /// Its number.
    pub fn rel(&self) -> RelId {
        self.rel
    }

    /// Physical types of the column slots, dropped ones included.
    pub fn columns(&self) -> Vec<Phys> {
        self.heap.borrow().columns.iter().map(|c| c.phys).collect()
    }

    /// Column slots, dropped ones included.
    pub fn column_count(&self) -> usize {
        self.heap.borrow().columns.len()
    }

    /// Row groups, the open one included: the unit costs are counted in.
    pub fn groups(&self) -> usize {
        self.heap.borrow().groups.len()
    }

    /// Live rows, uncommitted ones included: exact when nothing runs, and always free to ask.
    pub fn live_rows(&self) -> u64 {
        self.live.get().max(0) as u64
    }

    /// Slots in use or reusable; compare with [`Table::live_rows`] for bloat.
    pub fn slots(&self) -> usize {
        self.heap.borrow().groups.iter().map(|g| g.rows).sum()
    }

    /// Bytes held by the column values.
    pub fn memory(&self) -> usize {
        self.heap.borrow().groups.iter().flat_map(|g| &g.columns).map(|c| c.memory()).sum()
    }

    pub(crate) fn read(&self) -> Result<Ref<'_, Heap>> {
        self.heap.try_borrow().map_err(|_| Error::internal("table is being written while it is read"))
    }

    pub(crate) fn write(&self) -> Result<RefMut<'_, Heap>> {
        self.heap.try_borrow_mut().map_err(|_| Error::internal("table is written while a row of it is held"))
    }

    pub(crate) fn count(&self, rows: i64) {
        self.live.set(self.live.get() + rows);
        self.changes.set(self.changes.get() + rows.unsigned_abs());
    }
}

const _: () = assert!(BATCH < 1 << 16);
