//! Reading single rows by tid.

use std::cell::Ref;
use std::rc::Rc;

use tusklet_error::Result;
use tusklet_vector::{Batch, Datum, Picked, Value, Vector};

use crate::heap::{Group, Heap, Table};
use crate::snapshot::Snapshot;
use crate::transaction::StatusTable;
use crate::{Cid, Tid, Xid};

/// One row version, borrowed from its table: drop it before writing to that table.
pub struct Row<'a> {
    heap: Ref<'a, Heap>,
    tid: Tid,
}

impl Row<'_> {
    /// Its place.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    fn group(&self) -> Option<&Group> {
        self.heap.groups.get(self.tid.group())
    }

    /// Column `c`.
    #[inline]
    pub fn get(&self, c: usize) -> Datum<'_> {
        match self.group() {
            Some(g) => g.value(&self.heap.columns, self.tid.offset(), c),
            None => Datum::Null,
        }
    }

    /// Column slots.
    pub fn columns(&self) -> usize {
        self.heap.columns.len()
    }

    /// The inserting transaction.
    pub fn xmin(&self) -> Xid {
        self.group().map_or(Xid::NONE, |g| g.xmin(self.tid.offset()))
    }

    /// The deleting transaction, running, aborted or committed.
    pub fn xmax(&self) -> Xid {
        self.group().map_or(Xid::NONE, |g| g.xmax(self.tid.offset()))
    }

    /// The inserting command.
    pub fn cmin(&self) -> Cid {
        Cid(self.group().map_or(0, |g| g.cmin(self.tid.offset())))
    }

    /// The deleting command.
    pub fn cmax(&self) -> Cid {
        Cid(self.group().map_or(0, |g| g.cmax(self.tid.offset())))
    }

    /// The newer version, if an update made one.
    pub fn next(&self) -> Option<Tid> {
        self.group().map(|g| g.next(self.tid.offset())).filter(|t| !t.is_none())
    }
}

pub(crate) fn visible(g: &Group, i: usize, snapshot: &Snapshot, status: &StatusTable) -> bool {
    i < g.visible
        || !g.is_hidden(i)
            && snapshot.sees_insert(g.xmin(i), g.cmin(i), status)
            && !snapshot.sees_delete(g.xmax(i), g.cmax(i), status)
}

/// The version of the chain at `tid` that `snapshot` sees, following heap-only versions alone.
pub(crate) fn visible_in_chain(heap: &Heap, tid: Tid, snapshot: &Snapshot, status: &StatusTable) -> Option<Tid> {
    let mut at = tid;
    loop {
        let (g, i) = (heap.group(at)?, at.offset());
        if visible(g, i, snapshot, status) {
            return Some(at);
        }
        let next = g.next(i);
        if next.is_none() {
            return None;
        }
        // A chain goes on only from a version whose deleter did not abort; `next` of another is stale.
        if !g.is_hidden(i) && status.get(g.xmax(i)) == crate::XidStatus::Aborted {
            return None;
        }
        let h = heap.group(next)?;
        if !h.is_hot(next.offset()) || h.is_free(next.offset()) {
            return None;
        }
        at = next;
    }
}

impl Table {
    /// The version that `snapshot` sees of the row whose chain starts at `tid`, as an index entry names it.
    pub fn visible_version(&self, snapshot: &Snapshot, tid: Tid) -> Option<Tid> {
        let heap = self.heap.try_borrow().ok()?;
        visible_in_chain(&heap, tid, snapshot, &self.txns.status.borrow())
    }

    /// Whether `snapshot` sees the version at `tid` itself.
    pub fn is_visible(&self, snapshot: &Snapshot, tid: Tid) -> bool {
        self.heap
            .try_borrow()
            .ok()
            .and_then(|h| h.group(tid).map(|g| visible(g, tid.offset(), snapshot, &self.txns.status.borrow())))
            .unwrap_or(false)
    }

    /// The visible version of the chain at `tid`, read in place.
    pub fn fetch(&self, snapshot: &Snapshot, tid: Tid) -> Option<Row<'_>> {
        let heap = self.heap.try_borrow().ok()?;
        let tid = visible_in_chain(&heap, tid, snapshot, &self.txns.status.borrow())?;
        Some(Row { heap, tid })
    }

    /// The version at exactly `tid`, whoever may see it: for rechecks after a wait, triggers and RETURNING.
    pub fn row(&self, tid: Tid) -> Option<Row<'_>> {
        let heap = self.heap.try_borrow().ok()?;
        if heap.group(tid).is_none_or(|g| g.is_hidden(tid.offset())) {
            return None;
        }
        Some(Row { heap, tid })
    }

    /// Copies `columns` of the visible version of the chain at `tid` into `out`; returns that version's tid.
    pub fn fetch_into(&self, snapshot: &Snapshot, tid: Tid, columns: &[usize], out: &mut Vec<Value>) -> Option<Tid> {
        let row = self.fetch(snapshot, tid)?;
        out.clear();
        out.extend(columns.iter().map(|c| row.get(*c).to_value()));
        Some(row.tid)
    }

    /// The newest version of the row that has a version at `tid`, following updates whatever became of them but aborted
    /// ones (`heap_get_latest_tid`).
    pub fn latest(&self, tid: Tid) -> Tid {
        let (Ok(heap), status) = (self.heap.try_borrow(), self.txns.status.borrow()) else { return tid };
        let mut at = tid;
        while let Some(g) = heap.group(at) {
            let next = g.next(at.offset());
            if next.is_none() || status.get(g.xmax(at.offset())) == crate::XidStatus::Aborted {
                break;
            }
            at = next;
        }
        at
    }

    /// The rows at `tids` (exact versions, in that order) as a batch of `columns`. Nothing is checked for visibility.
    pub fn gather(&self, tids: &[Tid], columns: &[usize]) -> Result<Batch> {
        let heap = self.read()?;
        let mut out = Vec::with_capacity(columns.len());
        let offsets: Vec<u16> = tids.iter().map(|t| t.offset() as u16).collect();
        for c in columns {
            let Some(meta) = heap.columns.get(*c) else {
                return Err(tusklet_error::Error::internal("no such column in the table file"));
            };
            let mut v = Vector::empty(meta.phys);
            let mut k = 0;
            while k < tids.len() {
                let g = tids[k].group();
                let run = tids[k..].iter().take_while(|t| t.group() == g).count();
                let rows = &offsets[k..k + run];
                match heap.groups.get(g).and_then(|g| g.columns.get(*c).map(|v| (g, v))) {
                    Some((g, from)) if rows.iter().all(|i| (*i as usize) < g.rows.min(from.len())) => {
                        v.extend_from(from, rows)
                    }
                    _ => v.extend_from(&meta.missing, Picked::Times(0, run)),
                }
                k += run;
            }
            out.push(Rc::new(v));
        }
        Ok(Batch::new(out, tids.len()))
    }
}
