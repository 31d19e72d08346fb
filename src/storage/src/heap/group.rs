//! A row group: up to [`BATCH`] row versions, a vector a column, and what MVCC must know of each.
//!
//! What few rows need is not there until one does: a group filled by one command has one `xmin` for all; a group nobody
//! deleted from has no `xmax`; a group without update chains or reclaimed slots has no [`Slots`].

use std::rc::Rc;

use tusklet_vector::{BATCH, Datum, Picked, Vector};

use crate::heap::ColumnMeta;
use crate::log::SegmentName;
use crate::stats::Known;
use crate::transaction::StatusTable;
use crate::{Tid, Xid};

/// One bit a slot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bits([u64; BATCH / 64]);

impl Default for Bits {
    fn default() -> Bits {
        Bits([0; BATCH / 64])
    }
}

impl Bits {
    #[inline]
    pub fn get(&self, i: usize) -> bool {
        self.0.get(i >> 6).is_some_and(|w| w >> (i & 63) & 1 == 1)
    }

    #[inline]
    pub fn set(&mut self, i: usize, on: bool) {
        if let Some(w) = self.0.get_mut(i >> 6) {
            *w = *w & !(1 << (i & 63)) | (on as u64) << (i & 63);
        }
    }

    pub fn first(&self) -> Option<usize> {
        self.0.iter().position(|w| *w != 0).map(|k| k * 64 + self.0[k].trailing_zeros() as usize)
    }

    pub fn words(&self) -> &[u64; BATCH / 64] {
        &self.0
    }
}

/// Who inserted the rows.
#[derive(Clone, Debug)]
pub(crate) enum Begins {
    /// One command inserted all of them.
    Uniform(Xid, u32),
    Each(Vec<Xid>, Vec<u32>),
}

/// In `cmax`: the deletion is an update that changes no key column, so KEY SHARE lockers need not wait for it.
pub(crate) const NO_KEY: u32 = 1 << 31;

/// Who deleted rows, and where the newer versions are. The vectors may be shorter than the group: no deletion there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ends {
    pub xmax: Vec<Xid>,
    pub cmax: Vec<u32>,
    pub next: Vec<Tid>,
}

/// What update chains and vacuum need to know of slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// Reclaimed and not used again yet.
    pub free: Bits,
    /// Free, or dead to all and kept only as the start of a chain: scans pass over it.
    pub hidden: Bits,
    /// A heap-only version: index lookups reach it through `root`'s chain.
    pub hot: Bits,
    /// A heap-only version that an index built later points at directly.
    pub hot_indexed: Bits,
    /// The chain's first version, for heap-only ones.
    pub root: Vec<Tid>,
    /// How often the slot was reclaimed from a version indexes point at. An index entry of another generation is stale.
    pub gens: Vec<u16>,
    pub free_count: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub rows: usize,
    /// May be fewer than the table's: the rest have their missing value.
    pub columns: Vec<Rc<Vector>>,
    pub begin: Begins,
    pub ends: Option<Box<Ends>>,
    pub slots: Option<Box<Slots>>,
    /// All versions below this offset are visible to every snapshot there is or will be.
    pub visible: usize,
    /// What was found out about its values since they last changed.
    pub known: Option<Box<Known>>,
    /// The rows that are not hidden, while all of them are visible to every snapshot there is or will be.
    pub settled: Option<Rc<Vec<u16>>>,
    /// The segment that holds this group as it is.
    pub saved: Option<SegmentName>,
}

impl Group {
    pub fn new(columns: &[ColumnMeta]) -> Group {
        Group {
            rows: 0,
            columns: columns.iter().map(|c| Rc::new(Vector::empty(c.phys))).collect(),
            begin: Begins::Uniform(Xid::NONE, 0),
            ends: None,
            slots: None,
            visible: 0,
            known: None,
            settled: None,
            saved: None,
        }
    }

    pub fn full(&self) -> bool {
        self.rows >= BATCH
    }

    #[inline]
    pub fn xmin(&self, i: usize) -> Xid {
        match &self.begin {
            Begins::Uniform(x, _) => *x,
            Begins::Each(x, _) => x.get(i).copied().unwrap_or_default(),
        }
    }

    #[inline]
    pub fn cmin(&self, i: usize) -> u32 {
        match &self.begin {
            Begins::Uniform(_, c) => *c,
            Begins::Each(_, c) => c.get(i).copied().unwrap_or_default(),
        }
    }

    #[inline]
    pub fn xmax(&self, i: usize) -> Xid {
        self.ends.as_ref().and_then(|e| e.xmax.get(i)).copied().unwrap_or_default()
    }

    #[inline]
    pub fn cmax(&self, i: usize) -> u32 {
        self.raw_cmax(i) & !NO_KEY
    }

    #[inline]
    pub fn raw_cmax(&self, i: usize) -> u32 {
        self.ends.as_ref().and_then(|e| e.cmax.get(i)).copied().unwrap_or_default()
    }

    #[inline]
    pub fn next(&self, i: usize) -> Tid {
        self.ends.as_ref().and_then(|e| e.next.get(i)).copied().unwrap_or_default()
    }

    pub fn set_end(&mut self, i: usize, xmax: Xid, cmax: u32, next: Tid) {
        let e = self.ends.get_or_insert_with(Box::default);
        if e.xmax.len() <= i {
            // Room for the whole group at once: rows around a deleted one tend to follow.
            let n = self.rows.max(i + 1);
            e.xmax.resize(n, Xid::NONE);
            e.cmax.resize(n, 0);
            e.next.resize(n, Tid::NONE);
        }
        e.xmax[i] = xmax;
        e.cmax[i] = cmax;
        e.next[i] = next;
        self.saved = None;
        if !xmax.is_none() {
            self.visible = self.visible.min(i);
            self.settled = None;
        }
    }

    #[inline]
    pub fn is_free(&self, i: usize) -> bool {
        i >= self.rows || self.slots.as_ref().is_some_and(|s| s.free.get(i))
    }

    #[inline]
    pub fn is_hidden(&self, i: usize) -> bool {
        i >= self.rows || self.slots.as_ref().is_some_and(|s| s.hidden.get(i))
    }

    #[inline]
    pub fn is_hot(&self, i: usize) -> bool {
        self.slots.as_ref().is_some_and(|s| s.hot.get(i))
    }

    pub fn root(&self, i: usize) -> Tid {
        self.slots.as_ref().and_then(|s| s.root.get(i)).copied().unwrap_or_default()
    }

    #[inline]
    pub fn generation(&self, i: usize) -> u16 {
        self.slots.as_ref().and_then(|s| s.gens.get(i)).copied().unwrap_or(0)
    }

    pub fn slots_mut(&mut self) -> &mut Slots {
        self.saved = None;
        self.slots.get_or_insert_with(Box::default)
    }

    pub fn set_generation(&mut self, i: usize, generation: u16) {
        if generation == 0 && self.generation(i) == 0 {
            return;
        }
        let s = self.slots_mut();
        if s.gens.len() <= i {
            s.gens.resize(i + 1, 0);
        }
        s.gens[i] = generation;
    }

    /// Makes row `i` a heap-only version of the chain that starts at `root`.
    pub fn set_hot(&mut self, i: usize, root: Tid) {
        let s = self.slots_mut();
        s.hot.set(i, true);
        s.hot_indexed.set(i, false);
        if s.root.len() <= i {
            s.root.resize(i + 1, Tid::NONE);
        }
        s.root[i] = root;
    }

    /// Gives a heap-only version another root.
    pub fn set_hot_root(&mut self, i: usize, root: Tid) {
        if let Some(r) = self.slots_mut().root.get_mut(i) {
            *r = root;
        }
    }

    /// Slots not in use, counting none past the end.
    pub fn free_count(&self) -> usize {
        self.slots.as_ref().map_or(0, |s| s.free_count)
    }

    /// Gives every column of the table a vector here, before one row's value differs from the missing one.
    pub fn complete(&mut self, columns: &[ColumnMeta]) {
        while self.columns.len() < columns.len() {
            let c = &columns[self.columns.len()];
            let mut v = Vector::empty(c.phys);
            v.extend_from(&c.missing, Picked::Times(0, self.rows));
            self.columns.push(Rc::new(v));
        }
    }

    /// Notes the inserter of row `i`, which is the last one or a reused slot.
    pub fn set_begin(&mut self, i: usize, xmin: Xid, cmin: u32) {
        self.saved = None;
        if let Begins::Uniform(x, c) = self.begin {
            if i == 0 && self.rows <= 1 {
                self.begin = Begins::Uniform(xmin, cmin);
                return;
            }
            if (x, c) == (xmin, cmin) {
                return;
            }
            self.begin = Begins::Each(vec![x; self.rows], vec![c; self.rows]);
        }
        if let Begins::Each(xs, cs) = &mut self.begin {
            if xs.len() <= i {
                xs.resize(i + 1, xmin);
                cs.resize(i + 1, cmin);
            }
            xs[i] = xmin;
            cs[i] = cmin;
        }
    }

    /// Notes one inserter for rows `from..self.rows`, just appended.
    pub fn set_begin_range(&mut self, from: usize, xmin: Xid, cmin: u32) {
        self.saved = None;
        if from == 0 {
            self.begin = Begins::Uniform(xmin, cmin);
            return;
        }
        if let Begins::Uniform(x, c) = self.begin {
            if (x, c) == (xmin, cmin) {
                return;
            }
            self.begin = Begins::Each(vec![x; from], vec![c; from]);
        }
        if let Begins::Each(xs, cs) = &mut self.begin {
            xs.resize(self.rows, xmin);
            cs.resize(self.rows, cmin);
        }
    }

    /// Writes a row's values into slot `i`, which is free or one past the end.
    pub fn write_row<'a>(&mut self, i: usize, values: impl Iterator<Item = Datum<'a>>) {
        for (c, d) in self.columns.iter_mut().zip(values) {
            let v = Rc::make_mut(c);
            // A wholly reclaimed group has given its values back.
            if i > v.len() {
                v.resize(i);
            }
            if i < v.len() {
                v.set(i, d);
            } else {
                v.push(d);
            }
        }
        if i >= self.rows {
            self.rows = i + 1;
        }
        self.known = None;
        self.settled = None;
    }

    /// One value, the table's missing one when the column is younger than the group.
    #[inline]
    pub fn value<'a>(&'a self, columns: &'a [ColumnMeta], i: usize, c: usize) -> Datum<'a> {
        match self.columns.get(c) {
            Some(v) => v.get(i),
            None => columns.get(c).map_or(Datum::Null, |m| m.missing.get(0)),
        }
    }

    /// Whether the version is dead to every snapshot there is or will be.
    pub fn is_dead(&self, i: usize, horizon: Xid, status: &StatusTable) -> bool {
        use crate::XidStatus::*;
        if status.get(self.xmin(i)) == Aborted {
            return true;
        }
        let xmax = self.xmax(i);
        !xmax.is_none() && xmax < horizon && status.get(xmax) == Committed
    }

    /// Notes which rows there are, if they are visible to all, in a group that has slots which are not rows.
    pub fn settle(&mut self, horizon: Xid, status: &StatusTable) {
        let Some(s) = &self.slots else { return };
        let mut rows = Vec::with_capacity(self.rows);
        let mut seen = Xid::NONE;
        for i in 0..self.rows {
            if s.hidden.get(i) {
                continue;
            }
            let x = self.xmin(i);
            if x != seen {
                if x >= horizon || !status.committed(x) {
                    return;
                }
                seen = x;
            }
            if !self.xmax(i).is_none() {
                return;
            }
            rows.push(i as u16);
        }
        self.settled = Some(Rc::new(rows));
    }

    /// The first slot at or after `self.visible` that is not visible to all, or `rows`.
    pub fn advance_visible(&mut self, horizon: Xid, status: &StatusTable) {
        if let (Begins::Uniform(x, _), None, None) = (&self.begin, &self.ends, &self.slots) {
            if *x < horizon && status.committed(*x) {
                self.visible = self.rows;
            }
            return;
        }
        let mut i = self.visible;
        let mut seen = Xid::NONE;
        while i < self.rows {
            let x = self.xmin(i);
            if x != seen {
                if x >= horizon || !status.committed(x) {
                    break;
                }
                seen = x;
            }
            if !self.xmax(i).is_none() || self.is_hidden(i) {
                break;
            }
            i += 1;
        }
        self.visible = i;
    }
}
