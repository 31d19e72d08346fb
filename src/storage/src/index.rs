//! Indexes: a B+tree beside a table.
//!
//! An entry names the first version of a row that had its key, and never changes when newer versions keep all keys.
//! Entries are not removed when rows die: an entry carries the generation its slot had, the slot's generation changes
//! when vacuum reclaims it, and an entry of another generation is *stale*. Scans step over stale entries and remove those
//! they meet; a sweep takes the rest when they have become many. So vacuum never needs to know how keys are computed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_error::{Error, Result};

use crate::btree::{BTree, Parts, Position, split};
use crate::heap::{Heap, Table, Wait};
use crate::snapshot::Snapshot;
use crate::transaction::{Op, StatusTable, Tx};
use crate::{RelId, Tid, XidStatus};

/// An index's entries. Shared handle.
pub struct Index {
    pub(crate) rel: RelId,
    pub(crate) table: Rc<Table>,
    pub(crate) tree: RefCell<BTree>,
    /// Stale entries of its table when it was last swept.
    pub(crate) swept: Cell<u64>,
    pub(crate) dirty: Cell<bool>,
    /// Its segments in the last checkpoint.
    pub(crate) saved: RefCell<Vec<crate::log::SegmentName>>,
    /// Which ranges of the table a BRIN index counts as summarized, the first of a new one; none of an index that was opened
    /// counts all there are.
    pub summarized: RefCell<Option<Vec<bool>>>,
}

/// The answer of [`Index::check_unique`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Unique {
    /// Nobody has the key.
    Free,
    /// This live row has it.
    Conflict(Tid),
    /// A running transaction is inserting or deleting a row with it: wait and ask again.
    Wait(Wait),
}

/// A half-open range of keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyRange {
    /// The first key in the range.
    pub low: Vec<u8>,
    /// The first key past it; `None` is the end.
    pub high: Option<Vec<u8>>,
}

/// The least byte string above everything that starts with `prefix`.
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let n = prefix.iter().rposition(|b| *b != 0xFF)?;
    let mut s = prefix[..=n].to_vec();
    s[n] += 1;
    Some(s)
}

impl KeyRange {
    /// Everything.
    pub fn all() -> KeyRange {
        KeyRange::default()
    }

    /// Keys that start with `prefix`: equality on an index's first columns.
    pub fn prefix(prefix: &[u8]) -> KeyRange {
        KeyRange { low: prefix.to_vec(), high: successor(prefix) }
    }

    /// Keys between two prefixes; an inclusive bound takes in all keys that start with it, an exclusive one none of them.
    pub fn between(low: Option<(&[u8], bool)>, high: Option<(&[u8], bool)>) -> KeyRange {
        let nothing = || KeyRange { low: vec![0xFF], high: Some(Vec::new()) };
        let low = match low {
            None => Vec::new(),
            Some((k, true)) => k.to_vec(),
            Some((k, false)) => match successor(k) {
                Some(s) => s,
                None => return nothing(),
            },
        };
        let high = match high {
            None => None,
            Some((k, true)) => successor(k),
            Some((k, false)) => Some(k.to_vec()),
        };
        KeyRange { low, high }
    }
}

impl Index {
    pub(crate) fn new(rel: RelId, table: Rc<Table>) -> Index {
        Index {
            rel,
            table,
            tree: RefCell::default(),
            swept: Cell::new(0),
            dirty: Cell::new(true),
            saved: RefCell::default(),
            summarized: RefCell::default(),
        }
    }

    /// Its number.
    pub fn rel(&self) -> RelId {
        self.rel
    }

    /// The table it is on.
    pub fn table(&self) -> &Rc<Table> {
        &self.table
    }

    /// Entries, stale ones included.
    pub fn len(&self) -> usize {
        self.tree.borrow().len
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Levels of the tree.
    pub fn height(&self) -> u32 {
        self.tree.borrow().height()
    }

    /// Nodes of the tree: the unit costs are counted in.
    pub fn pages(&self) -> usize {
        self.tree.borrow().node_count()
    }

    /// Adds an entry for a new row version (an insert, or an update with `keys_changed`). Uniqueness is not checked here.
    pub fn insert(&self, tx: &Tx, key: &[u8], tid: Tid) -> Result<()> {
        let entry = self.table.read()?.entry(tid);
        self.put(key, entry)?;
        if tx.0.txns.logging.get() {
            let mut w = tx.0.writes.borrow_mut();
            let start = w.keys.len() as u32;
            w.keys.extend_from_slice(key);
            let end = w.keys.len() as u32;
            w.ops.push(Op::IndexPut { rel: self.rel, entry, start, end });
        }
        Ok(())
    }

    pub(crate) fn put(&self, key: &[u8], entry: u64) -> Result<()> {
        self.dirty.set(true);
        self.tree.try_borrow_mut().map_err(|_| Error::internal("index is written while it is read"))?.insert(key, entry)
    }

    /// The visible row with this exact key: a unique index's lookup, nothing allocated.
    #[inline]
    pub fn lookup(&self, snapshot: &Snapshot, key: &[u8]) -> Option<Tid> {
        let tree = self.tree.try_borrow().ok()?;
        let heap = self.table.heap.try_borrow().ok()?;
        let status = self.table.txns.status.borrow();
        let k = split(key);
        let mut leaf = tree.find_leaf(k, 0);
        let mut i = tree.nodes[leaf as usize].lower_bound(k, 0);
        loop {
            let node = &tree.nodes[leaf as usize];
            if i >= node.len() {
                if node.next == crate::btree::NIL {
                    return None;
                }
                (leaf, i) = (node.next, 0);
                continue;
            }
            if !node.has_key(i, k) {
                return None;
            }
            if let Some(tid) = heap.entry_tid(node.val(i))
                && let Some(tid) = crate::heap::visible_in_chain(&heap, tid, snapshot, &status)
            {
                return Some(tid);
            }
            i += 1;
        }
    }

    /// The first versions of all rows whose entries have this exact key, whoever sees them.
    pub fn candidates(&self, key: &[u8], out: &mut Vec<Tid>) -> Result<()> {
        let tree = self.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
        let heap = self.table.read()?;
        each_with_key(&tree, &heap, split(key), |tid| {
            out.push(tid);
            true
        });
        Ok(())
    }

    /// All visible rows with this exact key, in heap order of their first versions.
    pub fn lookup_all(&self, snapshot: &Snapshot, key: &[u8], out: &mut Vec<Tid>) -> Result<()> {
        let tree = self.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
        let heap = self.table.read()?;
        let status = self.table.txns.status.borrow();
        each_with_key(&tree, &heap, split(key), |tid| {
            out.extend(crate::heap::visible_in_chain(&heap, tid, snapshot, &status));
            true
        });
        Ok(())
    }

    /// Whether a row other than `except` has `key`, counting what running transactions do (`_bt_check_unique`): their
    /// inserts and deletes must be waited for, one's own count as done.
    pub fn check_unique(&self, tx: &Tx, key: &[u8], except: Option<Tid>) -> Result<Unique> {
        let tree = self.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
        let heap = self.table.read()?;
        let status = self.table.txns.status.borrow();
        let mut answer = Unique::Free;
        each_with_key(&tree, &heap, split(key), |tid| {
            answer = dirty_conflict(&heap, tid, tx, &status, except);
            answer == Unique::Free
        });
        Ok(answer)
    }

    /// A scan of `range`.
    pub fn scan(self: &Rc<Self>, range: KeyRange, backward: bool) -> IndexScan {
        let start = if backward { range.high.clone().unwrap_or_else(|| vec![0xFF; 32]) } else { range.low.clone() };
        let unbounded = backward && range.high.is_none();
        let position = Position::at(&start, if unbounded { u64::MAX } else { 0 });
        IndexScan { index: self.clone(), range, backward, position, done: false, ready: Vec::new(), at: 0, ahead: 1 }
    }

    /// Removes all stale entries.
    pub(crate) fn sweep(&self) -> Result<()> {
        let heap = self.table.read()?;
        self.tree
            .try_borrow_mut()
            .map_err(|_| Error::internal("index is written while it is read"))?
            .retain(|e| heap.entry_tid(e).is_some());
        self.swept.set(heap.stale_entries);
        self.dirty.set(true);
        Ok(())
    }
}

/// Runs `f` for the tid of every entry with `key` that is not stale, until it answers false.
pub(crate) fn each_with_key(tree: &BTree, heap: &Heap, k: Parts<'_>, mut f: impl FnMut(Tid) -> bool) {
    let mut leaf = tree.find_leaf(k, 0);
    let mut i = tree.nodes[leaf as usize].lower_bound(k, 0);
    loop {
        let node = &tree.nodes[leaf as usize];
        if i >= node.len() {
            if node.next == crate::btree::NIL {
                return;
            }
            (leaf, i) = (node.next, 0);
            continue;
        }
        if !node.has_key(i, k) {
            return;
        }
        if let Some(tid) = heap.entry_tid(node.val(i))
            && !f(tid)
        {
            return;
        }
        i += 1;
    }
}

/// What the chain at `tid` means to somebody who wants its key, under PostgreSQL's dirty snapshot.
pub(crate) fn dirty_conflict(heap: &Heap, tid: Tid, tx: &Tx, status: &StatusTable, except: Option<Tid>) -> Unique {
    let mut at = tid;
    loop {
        let Some(g) = heap.group(at) else { return Unique::Free };
        let i = at.offset();
        let (xmin, xmax) = (g.xmin(i), g.xmax(i));
        let mut follow = true;
        if !g.is_hidden(i) {
            if !tx.owns(xmin) {
                match status.get(xmin) {
                    XidStatus::Aborted => return Unique::Free,
                    XidStatus::InProgress => return Unique::Wait(tx.0.txns.wait_for(xmin)),
                    XidStatus::Committed => {}
                }
            }
            let ended = !xmax.is_none() && status.get(xmax) != XidStatus::Aborted;
            if !ended {
                follow = false;
                if Some(at) != except {
                    return Unique::Conflict(at);
                }
            } else if !tx.owns(xmax) && status.get(xmax) == XidStatus::InProgress && Some(at) != except {
                return Unique::Wait(tx.0.txns.wait_for(xmax));
            }
        }
        let next = g.next(i);
        if !follow || next.is_none() {
            return Unique::Free;
        }
        match heap.group(next) {
            Some(h) if h.is_hot(next.offset()) && !h.is_free(next.offset()) => at = next,
            _ => return Unique::Free,
        }
    }
}

/// A resumable walk over an index's visible rows. It borrows nothing between calls.
#[derive(Clone)]
pub struct IndexScan {
    index: Rc<Index>,
    range: KeyRange,
    backward: bool,
    position: Position,
    done: bool,
    ready: Vec<Tid>,
    at: usize,
    ahead: usize,
}

impl IndexScan {
    /// The next visible row. Looks ahead more the longer it goes on.
    pub fn next(&mut self, snapshot: &Snapshot) -> Result<Option<Tid>> {
        if self.at >= self.ready.len() {
            let mut ready = std::mem::take(&mut self.ready);
            ready.clear();
            // Who takes one row may take no other; who takes many is served in batches.
            self.next_batch(snapshot, self.ahead, &mut ready)?;
            self.ahead = (self.ahead * 4).min(64);
            self.ready = ready;
            self.at = 0;
        }
        let tid = self.ready.get(self.at).copied();
        self.at += 1;
        Ok(tid)
    }

    /// Adds up to `want` visible rows to `out`, in key order; fewer only at the end of the range.
    pub fn next_batch(&mut self, snapshot: &Snapshot, want: usize, out: &mut Vec<Tid>) -> Result<()> {
        if self.done || want == 0 {
            return Ok(());
        }
        let mut stale: Vec<(Vec<u8>, u64)> = Vec::new();
        {
            let tree =
                self.index.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
            let heap = self.index.table.read()?;
            let status = self.index.table.txns.status.borrow();
            let low = split(&self.range.low);
            let high = self.range.high.as_deref().map(split);
            let below = |a: crate::btree::Parts<'_>, b: crate::btree::Parts<'_>| (a.head, a.tail) < (b.head, b.tail);
            let mut last = None;
            let full = out.len() + want;
            while out.len() < full {
                let step = if self.backward { self.position.prev(&tree) } else { self.position.next(&tree) };
                let Some((k, entry)) = step else {
                    self.done = true;
                    break;
                };
                let past = if self.backward { below(k, low) } else { high.is_some_and(|h| !below(k, h)) };
                if past {
                    self.done = true;
                    break;
                }
                last = Some(k);
                match heap.entry_tid(entry) {
                    Some(tid) => out.extend(crate::heap::visible_in_chain(&heap, tid, snapshot, &status)),
                    None if stale.len() < 256 => {
                        let mut key = Vec::new();
                        crate::btree::join(k.head, k.tail, &mut key);
                        stale.push((key, entry));
                    }
                    None => {}
                }
            }
            if let Some(k) = last {
                self.position.note(k);
            }
        }
        if !stale.is_empty()
            && let Ok(mut tree) = self.index.tree.try_borrow_mut()
        {
            self.index.dirty.set(true);
            for (key, entry) in &stale {
                tree.remove(key, *entry);
            }
        }
        Ok(())
    }
}
