//! Inserting, deleting, updating and locking rows.
//!
//! Writers never wait here: an operation that meets another transaction's work says so ([`Write`]) and changes nothing;
//! the caller waits, follows the chain, or raises 40001, as its isolation level demands.
//!
//! *Where a new version goes.* To the end of the table, so that heap order is insertion order and an updated row comes
//! last, as in a small PostgreSQL table. Only in full groups reclaimed slots are used again: by updates of rows of the same
//! group first, by anything else when so many are free that the table would otherwise keep growing.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_vector::{BATCH, Batch, Datum, Sel, Value};

use crate::heap::group::NO_KEY;
use crate::heap::{ColumnMeta, Heap, Table};
use crate::snapshot::Snapshot;
use crate::transaction::{Op, Tx};
use crate::{Tid, TxNo, Xid, XidStatus};

/// Whom to wait for. Over when that transaction has ended or rolled back to a savepoint; then try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The transaction.
    pub tx: TxNo,
    /// Its id, none when it holds a table lock without having written.
    pub xid: Xid,
    pub(crate) epoch: u32,
}

/// What came of an attempt to write or lock a row version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Write {
    /// Done; the new version for an update, the same one otherwise.
    Done(Tid),
    /// This version was never visible to the caller: a bug of the caller, or a row of its own command.
    Invisible,
    /// The caller's own transaction already updated or deleted it, in this command or a later one.
    SelfModified,
    /// Another running transaction holds it.
    Blocked(Wait),
    /// A committed update replaced it; the newer version, to recheck and try again.
    Updated(Tid),
    /// A committed delete removed it.
    Deleted,
}

/// Row lock strengths, weakest first (`FOR KEY SHARE` … `FOR UPDATE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowLock {
    /// Foreign key checks: only `Update` conflicts.
    KeyShare,
    /// Nobody may change the row.
    Share,
    /// As an update that leaves keys alone.
    NoKeyUpdate,
    /// As a delete or an update of keys.
    Update,
}

impl RowLock {
    /// PostgreSQL's table "Conflicting Row-Level Locks".
    pub fn conflicts(self, other: RowLock) -> bool {
        use RowLock::*;
        match self {
            KeyShare => other == Update,
            Share => other >= NoKeyUpdate,
            NoKeyUpdate => other >= Share,
            Update => true,
        }
    }
}

impl Heap {
    /// Where the next inserted row goes: `(group, offset)`.
    fn place_insert(&mut self, live: i64) -> (usize, usize) {
        if self.free >= BATCH
            && self.free as i64 * 2 > live
            && self.groups.last().is_none_or(|g| g.full())
            && let Some(p) = self.pop_free()
        {
            return p;
        }
        let g = self.open_group();
        (g, self.groups[g].rows)
    }

    fn place_update(&mut self, old: Tid) -> (usize, usize) {
        let g = old.group();
        if let Some(i) = self.take_free(g) {
            return (g, i);
        }
        if self.free >= BATCH / 4
            && self.groups.last().is_none_or(|g| g.full())
            && let Some(p) = self.pop_free()
        {
            return p;
        }
        let g = self.open_group();
        (g, self.groups[g].rows)
    }

    fn pop_free(&mut self) -> Option<(usize, usize)> {
        while let Some(&g) = self.free_groups.last() {
            if let Some(i) = self.take_free(g) {
                return Some((g, i));
            }
            self.free_groups.pop();
        }
        None
    }

    /// Takes the first free slot of a full group.
    fn take_free(&mut self, g: usize) -> Option<usize> {
        let group = self.groups.get_mut(g).filter(|g| g.full())?;
        let s = group.slots.as_mut().filter(|s| s.free_count > 0)?;
        let i = s.free.first()?;
        s.free.set(i, false);
        s.hidden.set(i, false);
        s.hot.set(i, false);
        s.hot_indexed.set(i, false);
        s.free_count -= 1;
        self.free -= 1;
        group.visible = group.visible.min(i);
        if group.columns.len() < self.columns.len() {
            group.complete(&self.columns);
        }
        Some(i)
    }

    pub(crate) fn put_row<'a>(
        &mut self,
        at: (usize, usize),
        xmin: Xid,
        cmin: u32,
        row: impl Iterator<Item = Datum<'a>>,
    ) -> Tid {
        let (g, i) = at;
        let group = &mut self.groups[g];
        group.write_row(i, row);
        group.set_begin(i, xmin, cmin);
        if group.ends.as_ref().is_some_and(|e| i < e.xmax.len()) {
            group.set_end(i, Xid::NONE, 0, Tid::NONE);
        }
        let full = i + 1 == BATCH && group.free_count() > 0;
        if full {
            self.free_groups.push(g);
        }
        Tid::new(g, i)
    }
}

fn fits(columns: &[ColumnMeta], given: usize) -> Result<()> {
    if columns.len() == given {
        return Ok(());
    }
    Err(Error::internal(format!("row of {given} columns for a table file of {}", columns.len())))
}

impl Table {
    /// Inserts a row: one datum for every column slot.
    pub fn insert(&self, tx: &Tx, row: &[Datum<'_>]) -> Result<Tid> {
        self.insert_row(tx, row.len(), row.iter().copied())
    }

    /// Inserts a row of owned values.
    pub fn insert_values(&self, tx: &Tx, row: &[Value]) -> Result<Tid> {
        self.insert_row(tx, row.len(), row.iter().map(Value::as_datum))
    }

    fn insert_row<'a>(&self, tx: &Tx, given: usize, row: impl Iterator<Item = Datum<'a>>) -> Result<Tid> {
        let xid = tx.0.write_xid()?;
        let mut heap = self.write()?;
        fits(&heap.columns, given)?;
        let at = heap.place_insert(self.live.get());
        let tid = heap.put_row(at, xid, tx.0.write_cid(), row);
        drop(heap);
        tx.0.record_insert(self.rel, tid, 1);
        self.count(1);
        Ok(tid)
    }

    /// Inserts a batch's selected rows at the end of the table; their tids go to `tids` when asked for. A whole group's
    /// worth of plain vectors is adopted as it is, without copying.
    pub fn insert_batch(&self, tx: &Tx, batch: &Batch, mut tids: Option<&mut Vec<Tid>>) -> Result<()> {
        let n = batch.len();
        if n == 0 {
            return Ok(());
        }
        let xid = tx.0.write_xid()?;
        let cid = tx.0.write_cid();
        let mut heap = self.write()?;
        let heap = &mut *heap;
        fits(&heap.columns, batch.columns.len())?;
        if heap.columns.iter().zip(&batch.columns).any(|(m, c)| m.phys != c.phys()) {
            return Err(Error::internal("batch of other physical types than the table file's"));
        }
        let mut done = 0;
        while done < n {
            let g = heap.open_group();
            let group = &mut heap.groups[g];
            let from = group.rows;
            let take = (BATCH - from).min(n - done);
            let whole = from == 0
                && take == BATCH
                && done == 0
                && matches!(batch.sel, Sel::All(_))
                && batch.columns.iter().all(|c| !c.constant && c.len() == BATCH);
            if whole {
                group.columns = batch.columns.clone();
            } else {
                for (to, c) in group.columns.iter_mut().zip(&batch.columns) {
                    let to = Rc::make_mut(to);
                    // A wholly reclaimed group has given its values back; its slots still count.
                    if to.len() < from {
                        to.resize(from);
                    }
                    match &batch.sel {
                        Sel::All(_) => to.extend_from(c, done..done + take),
                        Sel::Rows(r) => to.extend_from(c, &r[done..done + take]),
                    }
                }
            }
            group.rows = from + take;
            group.set_begin_range(from, xid, cid);
            group.known = None;
            group.settled = None;
            let now_full = group.full() && group.free_count() > 0;
            if now_full {
                heap.free_groups.push(g);
            }
            if let Some(out) = tids.as_deref_mut() {
                out.extend((from..from + take).map(|i| Tid::new(g, i)));
            }
            tx.0.record_insert(self.rel, Tid::new(g, from), take);
            done += take;
        }
        self.count(n as i64);
        Ok(())
    }

    /// Whether `tx` may change or lock the version at `tid`, which the statement whose snapshot has `cid` found.
    fn may_write(&self, heap: &Heap, tx: &Tx, cid: u32, tid: Tid, mode: RowLock) -> Write {
        let Some(g) = heap.group(tid) else { return Write::Invisible };
        let i = tid.offset();
        if g.is_hidden(i) {
            return Write::Deleted;
        }
        let status = self.txns.status.borrow();
        let xmin = g.xmin(i);
        if tx.owns(xmin) {
            if g.cmin(i) >= cid {
                return Write::Invisible;
            }
        } else if !status.committed(xmin) {
            return Write::Invisible;
        }
        let xmax = g.xmax(i);
        if !xmax.is_none() {
            if tx.owns(xmax) {
                return if g.cmax(i) >= cid { Write::SelfModified } else { Write::Invisible };
            }
            match status.get(xmax) {
                XidStatus::Committed => {
                    let next = g.next(i);
                    return if next.is_none() { Write::Deleted } else { Write::Updated(next) };
                }
                XidStatus::InProgress if mode == RowLock::KeyShare && g.raw_cmax(i) & NO_KEY != 0 => {}
                XidStatus::InProgress => return Write::Blocked(self.txns.wait_for(xmax)),
                XidStatus::Aborted => {}
            }
        }
        match self.txns.rows.conflict(self.rel, tid, mode, tx, &status) {
            Some(xid) => Write::Blocked(self.txns.wait_for(xid)),
            None => Write::Done(tid),
        }
    }

    /// Deletes the version at `tid`, found under `snapshot`.
    pub fn delete(&self, tx: &Tx, snapshot: &Snapshot, tid: Tid) -> Result<Write> {
        let mut heap = self.write()?;
        let w = self.may_write(&heap, tx, snapshot.0.cid, tid, RowLock::Update);
        if let Write::Done(_) = w {
            let xid = tx.0.write_xid()?;
            if let Some(g) = heap.group_mut(tid) {
                g.set_end(tid.offset(), xid, tx.0.write_cid() & !NO_KEY, Tid::NONE);
            }
            heap.dying.push(tid);
            self.dying_more(heap.dying.len());
            drop(heap);
            tx.0.record(Op::Delete { rel: self.rel, tid });
            self.count(-1);
        }
        Ok(w)
    }

    /// Replaces the version at `tid` by `row` (a datum for every column slot). `keys_changed`: some index's key is
    /// different (or some index's predicate answers differently), so the caller puts entries for the new tid into every
    /// index; otherwise it must put none. `lock` is `Update` when a column that a foreign key may refer to changes,
    /// `NoKeyUpdate` otherwise.
    pub fn update(
        &self,
        tx: &Tx,
        snapshot: &Snapshot,
        tid: Tid,
        row: &[Datum<'_>],
        keys_changed: bool,
        lock: RowLock,
    ) -> Result<Write> {
        self.update_row(tx, snapshot, tid, (row.len(), row.iter().copied()), keys_changed, lock)
    }

    /// As [`Table::update`], with owned values.
    pub fn update_values(
        &self,
        tx: &Tx,
        snapshot: &Snapshot,
        tid: Tid,
        row: &[Value],
        keys_changed: bool,
        lock: RowLock,
    ) -> Result<Write> {
        self.update_row(tx, snapshot, tid, (row.len(), row.iter().map(Value::as_datum)), keys_changed, lock)
    }

    fn update_row<'a>(
        &self,
        tx: &Tx,
        snapshot: &Snapshot,
        tid: Tid,
        (given, row): (usize, impl Iterator<Item = Datum<'a>>),
        keys_changed: bool,
        lock: RowLock,
    ) -> Result<Write> {
        let mut heap = self.write()?;
        fits(&heap.columns, given)?;
        let w = self.may_write(&heap, tx, snapshot.0.cid, tid, lock);
        let Write::Done(_) = w else { return Ok(w) };
        let xid = tx.0.write_xid()?;
        let cid = tx.0.write_cid();
        let hot = !keys_changed;
        let at = heap.place_update(tid);
        let new = heap.put_row(at, xid, cid, row);
        heap.link(tid, new, hot, xid, if lock < RowLock::Update { cid | NO_KEY } else { cid & !NO_KEY });
        self.dying_more(heap.dying.len());
        drop(heap);
        self.txns.rows.carry_over(self.rel, tid, new, tx);
        tx.0.record(Op::Update { rel: self.rel, old: tid, new, hot });
        self.changes.set(self.changes.get() + 1);
        Ok(Write::Done(new))
    }

    /// Locks the version at `tid`, found under `snapshot`, until the transaction or its savepoint ends.
    pub fn lock_row(&self, tx: &Tx, snapshot: &Snapshot, tid: Tid, mode: RowLock) -> Result<Write> {
        let heap = self.read()?;
        let w = self.may_write(&heap, tx, snapshot.0.cid, tid, mode);
        if let Write::Done(_) = w {
            let xid = tx.0.write_xid()?;
            let own = heap.group(tid).is_some_and(|g| tx.owns(g.xmin(tid.offset())));
            if !own {
                self.txns.rows.add(self.rel, tid, mode, tx, xid);
            }
        }
        Ok(w)
    }
}

impl Heap {
    /// Ends `old` in favour of `new`.
    pub(crate) fn link(&mut self, old: Tid, new: Tid, hot: bool, xid: Xid, cmax: u32) {
        let mut root = old;
        if let Some(g) = self.group_mut(old) {
            if g.is_hot(old.offset()) {
                root = g.root(old.offset());
            }
            g.set_end(old.offset(), xid, cmax, new);
        }
        if hot && let Some(g) = self.group_mut(new) {
            g.set_hot(new.offset(), root);
        }
        self.dying.push(old);
    }
}
