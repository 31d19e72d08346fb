//! Snapshots: which transactions a statement sees.
//!
//! A version is visible when its inserter is seen and its deleter is not. A transaction is *seen* when it committed before
//! the snapshot was taken; one's own is seen up to the command before the snapshot's. Taking a snapshot copies nothing:
//! the list of running ids is shared with the transaction table until that changes.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_error::SortedMap;

use crate::transaction::{StatusTable, Tx, TxData};
use crate::{Cid, Xid};

/// The `xmin`s of snapshots in use, and how many have each.
#[derive(Default)]
pub(crate) struct Registry(RefCell<SortedMap<Xid, u32>>);

impl Registry {
    fn add(&self, xmin: Xid) {
        *self.0.borrow_mut().or_default(xmin) += 1;
    }

    fn remove(&self, xmin: Xid) {
        let mut q = self.0.borrow_mut();
        if let Some(n) = q.get_mut(&xmin) {
            *n -= 1;
            if *n == 0 {
                q.remove(&xmin);
            }
        }
    }

    pub fn oldest(&self) -> Option<Xid> {
        self.0.borrow().first().map(|e| e.0)
    }
}

pub(crate) struct SnapshotData {
    /// All ids below are over.
    pub xmin: Xid,
    /// No id from here on is seen.
    pub xmax: Xid,
    pub running: Rc<Vec<Xid>>,
    pub cid: u32,
    pub tx: Rc<TxData>,
}

impl Drop for SnapshotData {
    fn drop(&mut self) {
        self.tx.txns.registry.remove(self.xmin);
    }
}

/// What a statement sees. Cloning is a reference count; while one lives, vacuum keeps what it sees.
#[derive(Clone)]
pub struct Snapshot(pub(crate) Rc<SnapshotData>);

impl Snapshot {
    pub(crate) fn take(tx: &Tx) -> Snapshot {
        let txns = &tx.0.txns;
        let running = txns.running.borrow().clone();
        let xmax = Xid(txns.status.borrow().next);
        let xmin = running.first().copied().unwrap_or(xmax);
        txns.registry.add(xmin);
        Snapshot(Rc::new(SnapshotData { xmin, xmax, running, cid: tx.0.cid.get(), tx: tx.0.clone() }))
    }

    /// The same view of others, with its own transaction's work up to its current command: the next statement of a
    /// repeatable read transaction, or a query inside a volatile function.
    pub fn at_current_command(&self) -> Snapshot {
        self.with_cid(Cid(self.0.tx.cid.get()))
    }

    /// Becomes [`Snapshot::at_current_command`], in place when nobody else holds it.
    pub fn advance(&mut self) {
        match Rc::get_mut(&mut self.0) {
            Some(s) => s.cid = s.tx.cid.get(),
            None => *self = self.at_current_command(),
        }
    }

    /// The same view of others, with its own transaction's commands below `cid`.
    pub fn with_cid(&self, cid: Cid) -> Snapshot {
        self.seen_by(&self.0.tx, cid.0)
    }

    /// The same view of others for another transaction, with all of its own work.
    pub fn for_transaction(&self, tx: &Tx) -> Snapshot {
        self.seen_by(&tx.0, tx.0.cid.get())
    }

    fn seen_by(&self, tx: &Rc<TxData>, cid: u32) -> Snapshot {
        let s = &*self.0;
        s.tx.txns.registry.add(s.xmin);
        Snapshot(Rc::new(SnapshotData { xmin: s.xmin, xmax: s.xmax, running: s.running.clone(), cid, tx: tx.clone() }))
    }

    /// Ids below this are over (`pg_snapshot_xmin`).
    pub fn xmin(&self) -> Xid {
        self.0.xmin
    }

    /// The first id not given out when it was taken (`pg_snapshot_xmax`).
    pub fn xmax(&self) -> Xid {
        self.0.xmax
    }

    /// Ids that were running (`pg_snapshot_xip`), subtransactions included.
    pub fn running(&self) -> &[Xid] {
        &self.0.running
    }

    /// Its own transaction's commands from this one on are not seen.
    pub fn cid(&self) -> Cid {
        Cid(self.0.cid)
    }

    /// The transaction that looks.
    pub fn tx(&self) -> Tx {
        Tx(self.0.tx.clone())
    }

    /// Whether another transaction's `xid` counts as committed.
    #[inline]
    pub(crate) fn sees(&self, xid: Xid, status: &StatusTable) -> bool {
        let s = &*self.0;
        if xid < s.xmin {
            return status.committed(xid);
        }
        xid < s.xmax && s.running.binary_search(&xid).is_err() && status.committed(xid)
    }

    /// Whether the insertion `(xid, cid)` is seen.
    #[inline]
    pub(crate) fn sees_insert(&self, xid: Xid, cid: u32, status: &StatusTable) -> bool {
        if xid >= self.0.xmin && self.0.tx.owns(xid) { cid < self.0.cid } else { self.sees(xid, status) }
    }

    /// Whether the deletion `(xid, cid)` is seen.
    #[inline]
    pub(crate) fn sees_delete(&self, xid: Xid, cid: u32, status: &StatusTable) -> bool {
        if xid.is_none() {
            return false;
        }
        self.sees_insert(xid, cid, status)
    }
}
