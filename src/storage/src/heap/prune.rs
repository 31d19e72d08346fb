//! Reclaiming what is dead to everybody.
//!
//! Vacuum looks only at versions noted as dying when they were superseded, deleted or aborted, so its cost is that of the
//! writes that made them, not the table's size. For each it collapses the row's chain:
//!
//! - A dead version no index entry points at is freed.
//! - A chain's dead first version that index entries point at stays as a *redirect* to the first version alive: hidden
//!   from scans, still the entry's way to the row. When all of the chain is dead its slot is freed and its generation
//!   changes, which makes the entries stale.
//! - When nobody is looking at all (no snapshot, no row lock), a row whose newest version is settled is *moved back* into
//!   its redirect's slot, once that group is full. So a table updated over and over stays as large, as ordered and as
//!   quick to scan as it was, and the newer slots become free. In a table of less than one group nothing moves and nothing
//!   is used again: there updated rows come last, as people expect.

use std::rc::Rc;

use tusklet_error::SortShort;
use tusklet_vector::{BATCH, Column, Datum, Value, Vector};

use crate::heap::{Group, Heap};
use crate::transaction::StatusTable;
use crate::{Tid, Xid, XidStatus};

/// What [`Heap::prune`] may assume.
pub(crate) struct Pruning<'a> {
    pub horizon: Xid,
    pub status: &'a StatusTable,
    /// No snapshot is in use and no row is locked: rows may move.
    pub quiet: bool,
    pub log_moves: bool,
}

impl Heap {
    /// Reclaims what it can; returns how many versions it freed.
    pub(crate) fn prune(&mut self, p: &Pruning<'_>) -> usize {
        let dying = std::mem::take(&mut self.dying);
        let mut keep = Vec::new();
        let before = self.free;
        let mut touched: Vec<usize> = Vec::new();
        for t in dying {
            let Some(g) = self.group(t) else { continue };
            let i = t.offset();
            if g.is_free(i) {
                continue;
            }
            let root = if g.is_hot(i) { g.root(i) } else { t };
            if !g.is_hidden(i) && !g.is_dead(i, p.horizon, p.status) {
                let xmax = g.xmax(i);
                if !xmax.is_none() && p.status.get(xmax) == XidStatus::Aborted {
                    if let Some(g) = self.group_mut(t) {
                        g.set_end(i, Xid::NONE, 0, Tid::NONE);
                    }
                } else if !xmax.is_none() {
                    keep.push(t);
                    continue;
                }
                // A row that came alive again, or a redirect's live end: only the chain before it is of interest.
                if root == t {
                    continue;
                }
            }
            let settled = self.collapse(root, t, p, &mut touched);
            if !settled {
                keep.push(t);
            }
        }
        self.dying = keep;
        touched.order();
        touched.dedup();
        touched.iter().for_each(|g| self.tidy(*g));
        self.truncate_tail();
        self.free.saturating_sub(before)
    }

    /// Collapses the chain that starts at `root`, on behalf of `dying`. Answers false when a move was possible but for
    /// somebody looking, so that it is worth coming back.
    fn collapse(&mut self, root: Tid, dying: Tid, p: &Pruning<'_>, touched: &mut Vec<usize>) -> bool {
        let mut dead = Vec::new();
        let mut live = Tid::NONE;
        let mut at = root;
        while let Some(g) = self.group(at) {
            let i = at.offset();
            if g.is_free(i) {
                break;
            }
            if !g.is_hidden(i) && !g.is_dead(i, p.horizon, p.status) {
                live = at;
                break;
            }
            dead.push(at);
            if !g.is_hidden(i) && p.status.get(g.xmin(i)) == XidStatus::Aborted {
                break;
            }
            let next = g.next(i);
            match self.group(next) {
                Some(h) if h.is_hot(next.offset()) && h.root(next.offset()) == root => at = next,
                _ => break,
            }
        }
        if live == dying && dead.is_empty() {
            return true;
        }
        // An aborted version hangs off a live one; nothing leads to it but the chain's stale end.
        if !dead.contains(&dying) && live != dying {
            let is_dead = self
                .group(dying)
                .is_some_and(|g| !g.is_free(dying.offset()) && g.is_dead(dying.offset(), p.horizon, p.status));
            if is_dead {
                self.free_slot(dying, touched);
            }
        }
        if live.is_none() {
            dead.iter().for_each(|d| self.free_slot(*d, touched));
            return true;
        }
        let mut first = Tid::NONE;
        for d in dead.iter().copied() {
            if self.is_indexed(d) {
                if first.is_none() {
                    first = d;
                }
                if let Some(g) = self.group_mut(d) {
                    let i = d.offset();
                    g.slots_mut().hidden.set(i, true);
                    g.set_end(i, g.xmax(i), 0, live);
                    g.settled = None;
                }
            } else {
                self.free_slot(d, touched);
            }
        }
        if first != root && !dead.is_empty() {
            // The root is gone: without indexes, or because they point further down. The rest of the chain gets another.
            let new_root = if first.is_none() { live } else { first };
            if let Some(g) = self.group_mut(new_root) {
                g.slots_mut().hot.set(new_root.offset(), false);
            }
            let mut at = live;
            while let Some(g) = self.group_mut(at) {
                let i = at.offset();
                if !g.is_hot(i) && at != new_root {
                    break;
                }
                if at != new_root {
                    g.set_hot_root(i, new_root);
                }
                at = g.next(i);
                if at.is_none() {
                    break;
                }
            }
        }
        let kept = dead.iter().filter(|d| self.group(**d).is_some_and(|g| !g.is_free(d.offset()))).count();
        if kept == 1 && first == root && !self.is_indexed(live) {
            return self.move_back(live, root, p, touched);
        }
        true
    }

    /// Moves the settled version at `from` into the redirect slot `to`. False when it would do so if it were quiet.
    fn move_back(&mut self, from: Tid, to: Tid, p: &Pruning<'_>, touched: &mut Vec<usize>) -> bool {
        let (Some(f), Some(t)) = (self.group(from), self.group(to)) else { return true };
        let i = from.offset();
        let xmin = f.xmin(i);
        if !t.full() || !f.xmax(i).is_none() || !f.is_hot(i) {
            return true;
        }
        if !p.quiet || xmin >= p.horizon || !p.status.committed(xmin) {
            return false;
        }
        let cmin = f.cmin(i);
        let values: Vec<Value> = (0..self.columns.len()).map(|c| f.value(&self.columns, i, c).to_value()).collect();
        if let Some(g) = self.groups.get_mut(to.group()) {
            g.complete(&self.columns);
            g.slots_mut().hidden.set(to.offset(), false);
        }
        self.put_row((to.group(), to.offset()), xmin, cmin, values.iter().map(Value::as_datum));
        self.free_slot(from, touched);
        touched.push(to.group());
        if p.log_moves {
            self.moves.push((from, to));
        }
        true
    }

    /// Makes a slot free. Entries that point at it become stale by its new generation.
    pub(crate) fn free_slot(&mut self, t: Tid, touched: &mut Vec<usize>) {
        let indexed = self.is_indexed(t);
        let indexes = self.indexes as u64;
        let Some(g) = self.groups.get_mut(t.group()) else { return };
        let i = t.offset();
        if g.is_free(i) {
            return;
        }
        let mut usable = true;
        if indexed {
            let generation = g.generation(i);
            usable = generation < u16::MAX - 1;
            g.set_generation(i, generation + usable as u16);
            self.stale_entries += indexes;
        }
        let s = g.slots_mut();
        s.hidden.set(i, true);
        s.hot.set(i, false);
        s.hot_indexed.set(i, false);
        // A slot that ran out of generations rests until its group is gone.
        if usable {
            s.free.set(i, true);
            s.free_count += 1;
            self.free += 1;
        }
        g.visible = g.visible.min(i);
        g.settled = None;
        g.saved = None;
        if touched.last() != Some(&t.group()) {
            touched.push(t.group());
        }
    }

    /// After frees in a group: lists it for reuse, gives back memory.
    fn tidy(&mut self, g: usize) {
        let Some(group) = self.groups.get_mut(g) else { return };
        if group.free_count() == 0 {
            return;
        }
        if group.full() {
            self.free_groups.push(g);
            if self.free_groups.len() > 2 * self.groups.len() + 64 {
                self.free_groups.order_by(|a, b| b.cmp(a));
                self.free_groups.dedup();
            }
        }
        let group = &mut self.groups[g];
        if group.free_count() == group.rows {
            group.columns = self.columns.iter().map(|c| Rc::new(Vector::empty(c.phys))).collect();
            group.ends = None;
            group.known = None;
        } else {
            compact_arenas(group);
        }
    }

    /// Drops groups at the end all of whose slots are free, so that the table's end is its last rows again. Not when
    /// index entries may still name them.
    fn truncate_tail(&mut self) {
        while let Some(g) = self.groups.last() {
            let gens = g.slots.as_ref().is_some_and(|s| !s.gens.is_empty());
            if g.rows == 0 || g.free_count() < g.rows || gens {
                break;
            }
            self.free = self.free.saturating_sub(g.free_count());
            self.groups.pop();
        }
    }

    /// Gives up a dropped column's values; its slot reads NULL from now on.
    pub(crate) fn drop_column(&mut self, c: usize) {
        let Some(meta) = self.columns.get_mut(c) else { return };
        meta.dropped = true;
        meta.missing = Rc::new(Vector::constant(meta.phys, Datum::Null));
        for g in &mut self.groups {
            if let Some(v) = g.columns.get_mut(c) {
                let mut empty = Vector::zeroed(meta.phys, v.len());
                empty.validity.clear_all(v.len());
                *v = Rc::new(empty);
                g.saved = None;
            }
        }
    }
}

/// Overwritten long values stay in their arenas; when those are mostly such, the column is copied.
fn compact_arenas(group: &mut Group) {
    let hidden = group.slots.as_ref().map(|s| s.hidden.clone()).unwrap_or_default();
    for c in &mut group.columns {
        let Column::Bytes(b) = &c.data else { continue };
        let held = b.memory();
        if held < BATCH * 16 + (64 << 10) {
            continue;
        }
        let used: usize =
            b.views().iter().enumerate().filter(|(i, _)| !hidden.get(*i)).map(|(_, v)| v.len() + 16).sum();
        if held > 3 * used + (64 << 10) {
            let mut v = Vector::empty(c.phys());
            for i in 0..c.len() {
                v.push(if hidden.get(i) { Datum::Bytes(&[]) } else { c.get(i) });
            }
            *c = Rc::new(v);
        }
    }
}
