//! Locks on rows and on tables, and who waits for whom.
//!
//! A row's deleter is its `xmax`; everybody who merely locked it is in one small hash map beside the heap, which is empty
//! in most programs most of the time, and then costs a test. A lock names the (sub)transaction id that took it and is void
//! as soon as that id is no longer running, so rolling back to a savepoint releases nothing by hand.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use tusklet_error::{SortShort, SortedMap};
use tusklet_vector::hash;

use crate::heap::{RowLock, Wait};
use crate::transaction::{StatusTable, Tx, TxData, TxnTable};
use crate::{RelId, Tid, TxNo, Xid, XidStatus};

/// A hasher for keys that are numbers.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, b: &[u8]) {
        self.0 = hash::combine(self.0, hash::bytes(b));
    }
    fn write_u32(&mut self, v: u32) {
        self.0 = hash::word(self.0 ^ v as u64);
    }
    fn write_u64(&mut self, v: u64) {
        self.0 = hash::word(self.0 ^ v);
    }
    fn write_i64(&mut self, v: i64) {
        self.0 = hash::word(self.0 ^ v as u64);
    }
}

pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

#[derive(Clone, Copy)]
struct Locker {
    xid: Xid,
    tx: TxNo,
    mode: RowLock,
}

/// Row locks of running transactions.
#[derive(Default)]
pub(crate) struct RowLocks {
    map: RefCell<NumberMap<(RelId, Tid), Vec<Locker>>>,
    any: Cell<bool>,
}

impl RowLocks {
    pub fn any(&self) -> bool {
        self.any.get()
    }

    /// A running transaction other than `tx` whose lock conflicts with `mode`.
    #[inline]
    pub fn conflict(&self, rel: RelId, tid: Tid, mode: RowLock, tx: &Tx, status: &StatusTable) -> Option<Xid> {
        if !self.any.get() {
            return None;
        }
        let map = self.map.borrow();
        let found = map
            .get(&(rel, tid))?
            .iter()
            .find(|l| l.tx != tx.no() && l.mode.conflicts(mode) && status.get(l.xid) == XidStatus::InProgress);
        found.map(|l| l.xid)
    }

    pub fn add(&self, rel: RelId, tid: Tid, mode: RowLock, tx: &Tx, xid: Xid) {
        self.any.set(true);
        let mut map = self.map.borrow_mut();
        let holders = map.entry((rel, tid)).or_default();
        // A lock held outside the current savepoint is not replaced by one that may be rolled back with it.
        match holders.iter_mut().find(|l| l.tx == tx.no() && (l.xid == xid || l.mode >= mode && tx.owns(l.xid))) {
            Some(l) => l.mode = l.mode.max(mode),
            None => {
                holders.push(Locker { xid, tx: tx.no(), mode });
                tx.0.row_locks.borrow_mut().push((rel, tid));
            }
        }
    }

    /// An update goes past others' compatible locks (KEY SHARE); they hold on to the new version as well.
    pub fn carry_over(&self, rel: RelId, old: Tid, new: Tid, tx: &Tx) {
        if !self.any.get() {
            return;
        }
        let mut map = self.map.borrow_mut();
        let Some(holders) = map.get(&(rel, old)) else { return };
        let others: Vec<Locker> = holders.iter().filter(|l| l.tx != tx.no()).copied().collect();
        if !others.is_empty() {
            for l in &others {
                if let Some(t) = tx.0.txns.find(l.tx) {
                    t.row_locks.borrow_mut().push((rel, new));
                }
            }
            map.entry((rel, new)).or_default().extend(others);
        }
    }

    pub fn release(&self, tx: &TxData) {
        let held = tx.row_locks.take();
        if held.is_empty() {
            return;
        }
        let mut map = self.map.borrow_mut();
        for key in held {
            if let Some(holders) = map.get_mut(&key) {
                holders.retain(|l| l.tx != tx.no);
                if holders.is_empty() {
                    map.remove(&key);
                }
            }
        }
        self.any.set(!map.is_empty());
    }
}

impl TxnTable {
    pub(crate) fn wait_for(&self, xid: Xid) -> Wait {
        match self.owner(xid) {
            Some(t) => Wait { tx: t.no, xid, epoch: t.epoch.get() },
            // Its transaction was dropped without an end; `wait_over` says so at once.
            None => Wait { tx: TxNo(0), xid, epoch: 0 },
        }
    }
}

/// PostgreSQL's table lock modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl LockMode {
    /// The modes that conflict with each, as bits.
    const CONFLICTS: [u8; 8] =
        [0b1000_0000, 0b1100_0000, 0b1111_0000, 0b1111_1000, 0b1110_1100, 0b1111_1100, 0b1111_1110, 0b1111_1111];

    /// Whether two transactions cannot hold these on one table.
    pub fn conflicts(self, other: LockMode) -> bool {
        Self::CONFLICTS[self as usize] & (1 << other as u8) != 0
    }

    /// The name in `pg_locks`.
    pub fn name(self) -> &'static str {
        [
            "AccessShareLock",
            "RowShareLock",
            "RowExclusiveLock",
            "ShareUpdateExclusiveLock",
            "ShareLock",
            "ShareRowExclusiveLock",
            "ExclusiveLock",
            "AccessExclusiveLock",
        ][self as usize]
    }

    /// The mode of that number, 0 = `AccessShare`.
    pub fn from_index(i: u8) -> Option<LockMode> {
        use LockMode::*;
        [
            AccessShare,
            RowShare,
            RowExclusive,
            ShareUpdateExclusive,
            Share,
            ShareRowExclusive,
            Exclusive,
            AccessExclusive,
        ]
        .get(i as usize)
        .copied()
    }
}

/// What a lock is on: any number the caller chooses, such as a relation's oid or an advisory key it hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockTag(pub u64);

/// The answer to a table lock request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum TableLock {
    /// Held until the transaction or its savepoint ends.
    Granted,
    /// Somebody holds a conflicting mode: wait and ask again.
    Wait(Wait),
}

#[derive(Default)]
pub(crate) struct LockTable {
    holders: RefCell<SortedMap<LockTag, Vec<(TxNo, u8)>>>,
    waits: RefCell<SortedMap<TxNo, TxNo>>,
}

impl LockTable {
    pub fn lock(&self, tx: &Tx, tag: LockTag, mode: LockMode) -> TableLock {
        self.lock_beside(tx, tag, mode, &[])
    }

    /// The same where the transactions `own` are the same holder as `tx`: their locks are no obstacle.
    pub fn lock_beside(&self, tx: &Tx, tag: LockTag, mode: LockMode, own: &[TxNo]) -> TableLock {
        let bit = 1u8 << mode as u8;
        if tx.0.table_locks.borrow().iter().any(|(t, m)| *t == tag && m & bit != 0) {
            return TableLock::Granted;
        }
        let mut holders = self.holders.borrow_mut();
        let list = holders.or_default(tag);
        let against = LockMode::CONFLICTS[mode as usize];
        let mut i = 0;
        while let Some((no, held)) = list.get(i).copied() {
            i += 1;
            if no == tx.no() || held & against == 0 || own.contains(&no) {
                continue;
            }
            match tx.0.txns.find(no) {
                Some(t) => return TableLock::Wait(Wait { tx: no, xid: t.top.get(), epoch: t.epoch.get() }),
                // Dropped without an end.
                None => {
                    i -= 1;
                    list.swap_remove(i);
                }
            }
        }
        match list.iter_mut().find(|(no, _)| *no == tx.no()) {
            Some((_, held)) => *held |= bit,
            None => list.push((tx.no(), bit)),
        }
        tx.0.table_locks.borrow_mut().push((tag, bit));
        TableLock::Granted
    }

    /// Gives back the locks taken after the first `keep`.
    pub fn release_from(&self, tx: &TxData, keep: usize) {
        let mut held = tx.table_locks.borrow_mut();
        if held.len() <= keep {
            return;
        }
        let gone = held.split_off(keep);
        let mut holders = self.holders.borrow_mut();
        for (tag, _) in gone {
            let mask = held.iter().filter(|(t, _)| *t == tag).fold(0, |m, (_, b)| m | b);
            if let Some(list) = holders.get_mut(&tag) {
                match mask {
                    0 => list.retain(|(no, _)| *no != tx.no),
                    m => list.iter_mut().filter(|(no, _)| *no == tx.no).for_each(|(_, held)| *held = m),
                }
                if list.is_empty() {
                    holders.remove(&tag);
                }
            }
        }
    }

    /// Who holds what, for `pg_locks`.
    pub fn held(&self) -> Vec<(LockTag, TxNo, LockMode)> {
        let mut all = Vec::new();
        for (tag, list) in self.holders.borrow().iter() {
            for (no, mask) in list {
                all.extend(
                    (0..8).filter(|i| mask >> i & 1 == 1).filter_map(LockMode::from_index).map(|m| (*tag, *no, m)),
                );
            }
        }
        all.order();
        all
    }

    /// Notes that `waiter` waits for `holder`, or no longer waits.
    pub fn set_waiting(&self, waiter: TxNo, holder: Option<TxNo>) {
        let mut waits = self.waits.borrow_mut();
        match holder {
            Some(h) => waits.insert(waiter, h),
            None => waits.remove(&waiter),
        };
    }

    /// Whom `waiter` waits for.
    pub fn waits_for(&self, waiter: TxNo) -> Option<TxNo> {
        self.waits.borrow().get(&waiter).copied()
    }

    /// Whether `holder` waits, at however many removes, for `waiter`.
    pub fn would_deadlock(&self, waiter: TxNo, holder: TxNo) -> bool {
        let waits = self.waits.borrow();
        let mut at = holder;
        for _ in 0..=waits.len() {
            if at == waiter {
                return true;
            }
            match waits.get(&at) {
                Some(next) => at = *next,
                None => return false,
            }
        }
        false
    }
}
