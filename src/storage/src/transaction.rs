//! Transactions: ids, states, subtransactions, and what each has written.
//!
//! As in PostgreSQL a transaction gets an [`Xid`] only when it first writes, and every savepoint that writes gets one of
//! its own. What a transaction did is undone by nothing but a state in the transaction table: a row whose `xmin` aborted
//! was never there. The write set below exists for the redo record, and so that vacuum learns what an abort left behind.

use std::cell::{Cell, Ref, RefCell};
use std::rc::{Rc, Weak};

use tusklet_error::{Error, Result};

use crate::meta::MetaChange;
use crate::snapshot::{Registry, Snapshot};
use crate::{Cid, RelId, Tid, TxNo, Xid};

/// What became of a transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XidStatus {
    /// Still running, or an id not given out yet.
    InProgress,
    /// Committed.
    Committed,
    /// Rolled back, alone or with its parent.
    Aborted,
}

/// Two bits for every id from `base` on; everything below is committed (only committed work survives a restart).
#[derive(Debug, Default)]
pub(crate) struct StatusTable {
    base: u64,
    words: Vec<u64>,
    /// The next id to give out.
    pub next: u64,
}

impl StatusTable {
    pub fn starting_at(next: u64) -> StatusTable {
        StatusTable { base: next, words: Vec::new(), next }
    }

    #[inline]
    pub fn get(&self, xid: Xid) -> XidStatus {
        if xid.0 < self.base {
            return XidStatus::Committed;
        }
        let i = xid.0 - self.base;
        match self.words.get((i >> 5) as usize).map_or(0, |w| w >> ((i & 31) * 2) & 3) {
            1 => XidStatus::Committed,
            2 => XidStatus::Aborted,
            _ => XidStatus::InProgress,
        }
    }

    #[inline]
    pub fn committed(&self, xid: Xid) -> bool {
        self.get(xid) == XidStatus::Committed
    }

    pub fn set(&mut self, xid: Xid, status: XidStatus) {
        if xid.0 < self.base {
            return;
        }
        let i = xid.0 - self.base;
        let w = (i >> 5) as usize;
        if w >= self.words.len() {
            self.words.resize(w + 1, 0);
        }
        let bits = match status {
            XidStatus::InProgress => 0,
            XidStatus::Committed => 1,
            XidStatus::Aborted => 2,
        };
        self.words[w] = self.words[w] & !(3 << ((i & 31) * 2)) | bits << ((i & 31) * 2);
    }
}

/// What all transactions, tables and snapshots of a store share.
pub(crate) struct TxnTable {
    pub status: RefCell<StatusTable>,
    /// Ids in progress, subtransactions included, ascending. Shared with the snapshots taken of it.
    pub running: RefCell<Rc<Vec<Xid>>>,
    pub live: RefCell<Vec<Weak<TxData>>>,
    pub registry: Registry,
    next_no: Cell<u64>,
    /// Whether a redo record will be wanted; without a log nobody keeps index keys for one.
    pub logging: Cell<bool>,
    pub rows: crate::lock::RowLocks,
    /// Tables that want vacuum.
    pub needy: RefCell<Vec<RelId>>,
}

impl TxnTable {
    pub fn new(next_xid: u64) -> TxnTable {
        TxnTable {
            status: RefCell::new(StatusTable::starting_at(next_xid)),
            running: RefCell::default(),
            live: RefCell::default(),
            registry: Registry::default(),
            next_no: Cell::new(1),
            logging: Cell::new(false),
            rows: crate::lock::RowLocks::default(),
            needy: RefCell::default(),
        }
    }

    /// The ids below which nobody who runs or looks can tell the difference: a version deleted by a committed id below
    /// this is dead to all.
    pub fn horizon(&self) -> Xid {
        let next = Xid(self.status.borrow().next);
        let running = self.running.borrow().first().copied().unwrap_or(next);
        self.registry.oldest().map_or(running, |s| s.min(running))
    }

    /// The live transaction that owns `xid`.
    pub fn owner(&self, xid: Xid) -> Option<Rc<TxData>> {
        self.live.borrow().iter().filter_map(Weak::upgrade).find(|t| t.owns(xid))
    }

    pub fn find(&self, no: TxNo) -> Option<Rc<TxData>> {
        self.live.borrow().iter().filter_map(Weak::upgrade).find(|t| t.no == no && !t.ended())
    }

    fn assign(&self) -> Xid {
        let mut status = self.status.borrow_mut();
        let xid = Xid(status.next);
        status.next += 1;
        status.set(xid, XidStatus::InProgress);
        Rc::make_mut(&mut *self.running.borrow_mut()).push(xid);
        xid
    }

    pub fn begin(self: &Rc<Self>) -> Tx {
        let no = self.next_no.get();
        self.next_no.set(no + 1);
        let data = Rc::new(TxData {
            no: TxNo(no),
            top: Cell::new(Xid::NONE),
            current: Cell::new(Xid::NONE),
            last: Cell::new(Xid::NONE),
            cid: Cell::new(0),
            cid_used: Cell::new(false),
            epoch: Cell::new(0),
            state: Cell::new(TxState::Active),
            subs: RefCell::default(),
            xids: RefCell::default(),
            writes: RefCell::default(),
            row_locks: RefCell::default(),
            table_locks: RefCell::default(),
            floor: Cell::new(0),
            txns: self.clone(),
        });
        self.live.borrow_mut().push(Rc::downgrade(&data));
        Tx(data)
    }

    /// Ends `tx` with `status`: all its ids get it at once, which is the moment the work becomes visible or void.
    pub fn finish(&self, tx: &TxData, status: XidStatus) {
        let xids = tx.xids.borrow();
        if !xids.is_empty() {
            let mut table = self.status.borrow_mut();
            xids.iter().for_each(|x| table.set(*x, status));
            Rc::make_mut(&mut *self.running.borrow_mut()).retain(|x| xids.binary_search(x).is_err());
        }
        tx.state.set(if status == XidStatus::Committed { TxState::Committed } else { TxState::Aborted });
        self.live.borrow_mut().retain(|t| t.upgrade().is_some_and(|t| !t.ended()));
        self.rows.release(tx);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TxState {
    Active,
    Committed,
    Aborted,
}

/// One thing a transaction did, in order.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// `n` rows at consecutive offsets of one group.
    Insert {
        rel: RelId,
        tid: Tid,
        n: u32,
    },
    Update {
        rel: RelId,
        old: Tid,
        new: Tid,
        hot: bool,
    },
    Delete {
        rel: RelId,
        tid: Tid,
    },
    /// Key bytes `keys[start..end]` of the write set.
    IndexPut {
        rel: RelId,
        entry: u64,
        start: u32,
        end: u32,
    },
    /// A whole index built at once: logged from its tree.
    IndexBuild {
        rel: RelId,
    },
    CreateTable {
        rel: RelId,
    },
    CreateIndex {
        rel: RelId,
        table: RelId,
    },
    Drop {
        rel: RelId,
    },
    AddColumn {
        rel: RelId,
    },
    DropColumn {
        rel: RelId,
        column: u32,
    },
    CreateSequence {
        rel: RelId,
    },
}

#[derive(Default, Debug)]
pub(crate) struct WriteSet {
    pub ops: Vec<Op>,
    pub keys: Vec<u8>,
    pub meta: Vec<MetaChange>,
}

#[derive(Debug)]
pub(crate) struct Sub {
    xid: Xid,
    ops: usize,
    keys: usize,
    meta: usize,
    pub table_locks: usize,
}

pub(crate) struct TxData {
    pub no: TxNo,
    pub top: Cell<Xid>,
    /// The innermost level's id, none until that level writes.
    pub current: Cell<Xid>,
    last: Cell<Xid>,
    pub cid: Cell<u32>,
    pub cid_used: Cell<bool>,
    /// Counts savepoint rollbacks: each may have released what somebody waits for.
    pub epoch: Cell<u32>,
    pub state: Cell<TxState>,
    pub subs: RefCell<Vec<Sub>>,
    /// Own ids that are not rolled back, ascending.
    pub xids: RefCell<Vec<Xid>>,
    pub writes: RefCell<WriteSet>,
    pub row_locks: RefCell<Vec<(RelId, Tid)>>,
    pub table_locks: RefCell<Vec<(crate::LockTag, u8)>>,
    /// Operations before a savepoint: later ones must not be folded into them.
    floor: Cell<usize>,
    pub txns: Rc<TxnTable>,
}

/// Forgetting a transaction rolls it back, except for definitions, which only the store can undo.
impl Drop for TxData {
    fn drop(&mut self) {
        if !self.ended() {
            let txns = self.txns.clone();
            txns.finish(self, XidStatus::Aborted);
        }
    }
}

impl TxData {
    pub fn ended(&self) -> bool {
        self.state.get() != TxState::Active
    }

    /// Whether `xid` is this transaction's or one of its subtransactions that were not rolled back.
    #[inline]
    pub fn owns(&self, xid: Xid) -> bool {
        let top = self.top.get();
        if top.is_none() || xid < top || xid > self.last.get() {
            return false;
        }
        xid == top || self.xids.borrow().binary_search(&xid).is_ok()
    }

    /// The id to write with, assigned now if need be: parents first, as `AssignTransactionId` does.
    #[inline]
    pub fn write_xid(&self) -> Result<Xid> {
        let x = self.current.get();
        if !x.is_none() { Ok(x) } else { self.assign() }
    }

    #[cold]
    fn assign(&self) -> Result<Xid> {
        if self.ended() {
            return Err(Error::internal("write in a transaction that has ended"));
        }
        let new = |slot: &mut Xid| {
            if slot.is_none() {
                *slot = self.txns.assign();
                self.xids.borrow_mut().push(*slot);
                self.last.set(*slot);
            }
            *slot
        };
        let mut top = self.top.get();
        let mut xid = new(&mut top);
        self.top.set(top);
        for s in self.subs.borrow_mut().iter_mut() {
            xid = new(&mut s.xid);
        }
        self.current.set(xid);
        Ok(xid)
    }

    /// The command number a write carries.
    #[inline]
    pub fn write_cid(&self) -> u32 {
        self.cid_used.set(true);
        self.cid.get()
    }

    pub fn record(&self, op: Op) {
        self.writes.borrow_mut().ops.push(op);
    }

    pub fn record_insert(&self, rel: RelId, tid: Tid, n: usize) {
        let mut w = self.writes.borrow_mut();
        if w.ops.len() > self.floor.get()
            && let Some(Op::Insert { rel: r, tid: t, n: m }) = w.ops.last_mut()
            && *r == rel
            && t.0 + *m as i64 == tid.0
        {
            *m += n as u32;
            return;
        }
        w.ops.push(Op::Insert { rel, tid, n: n as u32 });
    }
}

/// A transaction. A cheap handle; the store's `commit` or `abort` ends it.
#[derive(Clone)]
pub struct Tx(pub(crate) Rc<TxData>);

impl Tx {
    /// Its number, which it has from the start.
    pub fn no(&self) -> TxNo {
        self.0.no
    }

    /// The top-level id, if it has written.
    pub fn xid(&self) -> Option<Xid> {
        Some(self.0.top.get()).filter(|x| !x.is_none())
    }

    /// The id of the innermost level, assigned now if it has none (`txid_current`, `pg_current_xact_id` ask the top's).
    pub fn assign_xid(&self) -> Result<Xid> {
        self.0.write_xid()?;
        Ok(self.0.top.get())
    }

    /// Whether `xid` is its own.
    pub fn owns(&self, xid: Xid) -> bool {
        self.0.owns(xid)
    }

    /// The current command.
    pub fn cid(&self) -> Cid {
        Cid(self.0.cid.get())
    }

    /// Makes what was written so far visible to snapshots taken from now on (`CommandCounterIncrement`). Free when
    /// nothing was written.
    pub fn next_command(&self) {
        if self.0.cid_used.replace(false) {
            self.0.cid.set(self.0.cid.get() + 1);
        }
    }

    /// Whether anything was written that a commit would have to log.
    pub fn has_writes(&self) -> bool {
        let w = self.0.writes.borrow();
        !w.ops.is_empty() || !w.meta.is_empty()
    }

    /// Whether it is over.
    pub fn ended(&self) -> bool {
        self.0.ended()
    }

    /// Savepoints open.
    pub fn depth(&self) -> usize {
        self.0.subs.borrow().len()
    }

    /// Opens a subtransaction; the number names it until it is released or rolled back.
    pub fn savepoint(&self) -> usize {
        let w = self.0.writes.borrow();
        let mut subs = self.0.subs.borrow_mut();
        subs.push(Sub {
            xid: Xid::NONE,
            ops: w.ops.len(),
            keys: w.keys.len(),
            meta: w.meta.len(),
            table_locks: self.0.table_locks.borrow().len(),
        });
        self.0.current.set(Xid::NONE);
        self.0.floor.set(w.ops.len());
        subs.len() - 1
    }

    /// Folds savepoint `level` and those inside it into its parent.
    pub fn release(&self, level: usize) {
        self.0.subs.borrow_mut().truncate(level);
        self.restore_current();
    }

    fn restore_current(&self) {
        let subs = self.0.subs.borrow();
        self.0.current.set(subs.last().map_or(self.0.top.get(), |s| s.xid));
    }

    /// Marks everything since savepoint `level` aborted and closes it; returns the operations that are void.
    pub(crate) fn cut(&self, level: usize) -> (Vec<Op>, Option<Sub>) {
        let d = &*self.0;
        let mut subs = d.subs.borrow_mut();
        if level >= subs.len() {
            return (Vec::new(), None);
        }
        let mut inner = subs.split_off(level);
        drop(subs);
        let first = inner.swap_remove(0);
        let mut w = d.writes.borrow_mut();
        let from = first.ops.min(w.ops.len());
        let void = w.ops.split_off(from);
        w.keys.truncate(first.keys);
        w.meta.truncate(first.meta);
        drop(w);
        // Every id assigned since the savepoint opened belongs to it or to a child, whether or not that was released;
        // its own is the smallest of them, because parents are assigned first.
        let gone = if first.xid.is_none() {
            Vec::new()
        } else {
            let mut xids = d.xids.borrow_mut();
            let at = xids.partition_point(|x| *x < first.xid);
            xids.split_off(at)
        };
        if !gone.is_empty() {
            let mut status = d.txns.status.borrow_mut();
            gone.iter().for_each(|x| status.set(*x, XidStatus::Aborted));
            Rc::make_mut(&mut *d.txns.running.borrow_mut()).retain(|x| gone.binary_search(x).is_err());
        }
        d.epoch.set(d.epoch.get() + 1);
        self.restore_current();
        (void, Some(first))
    }

    pub(crate) fn writes(&self) -> Ref<'_, WriteSet> {
        self.0.writes.borrow()
    }

    /// A snapshot of everything committed by now and of this transaction's commands before the current one.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::take(self)
    }
}
