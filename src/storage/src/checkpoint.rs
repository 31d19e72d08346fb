//! Checkpoints: the committed state as segments and a manifest.
//!
//! A segment holds one row group, or a run of one index's entries, and is named by its contents, so what did not change
//! since the last checkpoint keeps its name and is not written again. Runs of index entries end where the entries' hash
//! says, not after a fixed count: an insertion changes one or two segments instead of all that follow.
//!
//! Only what is committed is written, so a checkpoint may be taken while transactions run: their rows appear as free
//! slots, and the record of their commit brings them. A group is only taken for unchanged next time when nothing in it
//! depended on a running transaction, nor on rows in other groups, as redirects do.

use tusklet_error::{Result, SortShort, SortedSet};
use tusklet_vector::BATCH;

use crate::codec::{put_bytes, put_column, put_u64};
use crate::heap::{Group, Heap, Table};
use crate::index::Index;
use crate::log::{Checkpoint, Kind, SegmentName, seal, start_record};
use crate::redo::{put_columns, put_sequence};
use crate::sequence::SequenceState;
use crate::store::{Rel, Store};
use crate::transaction::StatusTable;
use crate::{Lsn, Tid, XidStatus};

/// What a request for a checkpoint came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpointed {
    /// Handed to the sink, with this many new segments.
    Done {
        /// Segments the sink did not have.
        segments: usize,
        /// The log up to here is covered.
        lsn: Lsn,
    },
    /// A table with unapplied log records is not loaded yet; its segments have been asked for. Try again later.
    Pending,
}

/// What becomes of a slot in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Live,
    Redirect(Tid),
    /// Free; the flag says that index entries of its generation are void.
    Free(bool),
}

/// What survives of the version at `t` if everything running now is lost.
#[cfg_attr(tuned, optimize(size))]
pub(crate) fn keep(heap: &Heap, t: Tid, status: &StatusTable) -> Keep {
    let Some(g) = heap.group(t) else { return Keep::Free(false) };
    let i = t.offset();
    if g.is_free(i) || !g.is_hidden(i) && !status.committed(g.xmin(i)) {
        return Keep::Free(false);
    }
    let ended = !g.xmax(i).is_none() && status.committed(g.xmax(i));
    if !g.is_hidden(i) && !ended {
        return Keep::Live;
    }
    if !heap.is_indexed(t) {
        return Keep::Free(false);
    }
    let mut at = g.next(i);
    while let Some(h) = heap.group(at) {
        let j = at.offset();
        if h.is_free(j) || !h.is_hot(j) || !h.is_hidden(j) && !status.committed(h.xmin(j)) {
            break;
        }
        if !h.is_hidden(j) && (h.xmax(j).is_none() || !status.committed(h.xmax(j))) {
            return Keep::Redirect(at);
        }
        at = h.next(j);
    }
    Keep::Free(true)
}

/// Writes one group; whether the same group unchanged would be written the same next time.
#[cfg_attr(tuned, optimize(size))]
fn encode_group(out: &mut Vec<u8>, table: &Table, heap: &Heap, number: usize, status: &StatusTable) -> bool {
    let g: &Group = &heap.groups[number];
    let mut pure = true;
    let mut live: Vec<usize> = Vec::with_capacity(g.rows);
    let mut redirects: Vec<(usize, Tid)> = Vec::new();
    let mut gens = vec![0u16; g.rows];
    let mut bitmap = vec![0u8; g.rows.div_ceil(8)];
    for i in 0..g.rows {
        let t = Tid::new(number, i);
        gens[i] = g.generation(i);
        if !g.is_free(i) && !g.is_hidden(i) {
            let running = |x| status.get(x) == XidStatus::InProgress;
            pure &= !running(g.xmin(i)) && (g.xmax(i).is_none() || !running(g.xmax(i)));
        }
        match keep(heap, t, status) {
            Keep::Live => {
                bitmap[i / 8] |= 1 << (i % 8);
                live.push(i);
            }
            Keep::Redirect(to) => redirects.push((i, to)),
            Keep::Free(void) => gens[i] = gens[i].saturating_add(void as u16),
        }
    }
    pure &= redirects.is_empty();
    put_u64(out, table.rel.0 as u64);
    put_u64(out, number as u64);
    put_u64(out, g.rows as u64);
    out.extend_from_slice(&bitmap);
    let first = live.first().map_or(0, |i| g.xmin(*i).0);
    let uniform = live.iter().all(|i| g.xmin(*i).0 == first);
    out.push(uniform as u8);
    match uniform {
        true => put_u64(out, first),
        false => live.iter().for_each(|i| put_u64(out, g.xmin(*i).0)),
    }
    let slots = g.slots.as_deref();
    let stays_hot = |i: &usize| heap.indexes > 0 && slots.is_some_and(|s| s.hot.get(*i));
    let hot: Vec<usize> = live.iter().copied().chain(redirects.iter().map(|r| r.0)).filter(stays_hot).collect();
    put_u64(out, hot.len() as u64);
    for i in hot {
        put_u64(out, i as u64);
        put_u64(out, g.root(i).0 as u64);
        out.push(slots.is_some_and(|s| s.hot_indexed.get(i)) as u8);
    }
    put_u64(out, redirects.len() as u64);
    for (i, to) in redirects {
        put_u64(out, i as u64);
        put_u64(out, to.0 as u64);
    }
    let any = gens.iter().any(|x| *x != 0);
    out.push(any as u8);
    if any {
        gens.iter().for_each(|x| put_u64(out, *x as u64));
    }
    put_u64(out, g.columns.len() as u64);
    for c in &g.columns {
        put_column(out, c, live.iter().copied());
    }
    pure
}

fn mix(h: u64, w: u64) -> u64 {
    let x = (h.rotate_left(23) ^ w).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ x >> 29
}

/// A stable 128-bit hash. Part of the format: names are compared with those of older checkpoints.
#[cfg_attr(tuned, optimize(size))]
pub(crate) fn content_name(bytes: &[u8]) -> SegmentName {
    let (mut a, mut b) = (bytes.len() as u64 ^ 0x7475_736B, bytes.len() as u64 ^ 0x6C65_7473);
    for c in bytes.chunks(8) {
        let mut w = [0; 8];
        w[..c.len()].copy_from_slice(c);
        let w = u64::from_le_bytes(w);
        a = mix(a, w);
        b = mix(b ^ 0xD6E8_FEB8_6659_FD93, w.rotate_left(32));
    }
    SegmentName((mix(a, b) as u128) << 64 | mix(b, a) as u128)
}

/// Bounds of a run of index entries, in bytes.
const RUN: std::ops::Range<usize> = 16 << 10..256 << 10;

struct Writer {
    new: Vec<(SegmentName, Vec<u8>)>,
    keep: Vec<SegmentName>,
    known: SortedSet<SegmentName>,
}

impl Writer {
    #[cfg_attr(tuned, optimize(size))]
    fn add(&mut self, mut bytes: Vec<u8>) -> SegmentName {
        seal(&mut bytes, Lsn(0), Kind::Segment);
        let name = content_name(&bytes);
        self.keep.push(name);
        if self.known.insert(name) {
            self.new.push((name, bytes));
        }
        name
    }

    #[cfg_attr(tuned, optimize(size))]
    fn index(&mut self, index: &Index) -> Result<Vec<SegmentName>> {
        let heap = index.table.read()?;
        let status = index.table.txns.status.borrow();
        let mut names = Vec::new();
        let mut bytes = Vec::new();
        let mut count = 0u64;
        let mut body = Vec::new();
        let mut flush = |body: &mut Vec<u8>, count: &mut u64| {
            start_record(&mut bytes);
            put_u64(&mut bytes, index.rel.0 as u64);
            put_u64(&mut bytes, *count);
            bytes.extend_from_slice(body);
            names.push(self.add(std::mem::take(&mut bytes)));
            body.clear();
            *count = 0;
        };
        let mut pure = true;
        index.tree.borrow().each(|key, entry| {
            let Some(t) = heap.entry_tid(entry) else { return };
            if let Keep::Free(_) = keep(&heap, t, &status) {
                pure &= heap.group(t).is_some_and(|g| status.get(g.xmin(t.offset())) != XidStatus::InProgress);
                return;
            }
            body.extend_from_slice(&entry.to_le_bytes());
            put_bytes(&mut body, key);
            count += 1;
            let cut = key.iter().fold(entry, |h, b| mix(h, *b as u64)) & 0x3FF == 0;
            if body.len() >= RUN.end || cut && body.len() >= RUN.start {
                flush(&mut body, &mut count);
            }
        });
        if count > 0 {
            flush(&mut body, &mut count);
        }
        index.dirty.set(!pure);
        Ok(names)
    }
}

impl Store {
    /// Takes a checkpoint of everything committed. The host calls it when [`Store::log_bytes`] has grown, or on closing.
    #[cfg_attr(tuned, optimize(size))]
    pub fn checkpoint(&self) -> Result<Checkpointed> {
        let lsn = self.lsn.get();
        if !self.txns.logging.get() {
            return Ok(Checkpointed::Done { segments: 0, lsn });
        }
        let rels: Vec<_> = self.rels.borrow().iter().flatten().filter(|s| s.committed).map(|s| s.rel.clone()).collect();
        let mut ready = true;
        for r in &rels {
            if let Rel::Table(t) = r
                && t.cold.borrow().as_ref().is_some_and(|c| !c.pending.is_empty())
            {
                ready &= self.load_table(t)?;
            }
        }
        if !ready {
            return Ok(Checkpointed::Pending);
        }
        let mut w = Writer { new: Vec::new(), keep: Vec::new(), known: self.segments.borrow().clone() };
        let mut m = Vec::new();
        start_record(&mut m);
        put_u64(&mut m, self.next_xid().0);
        put_u64(&mut m, self.rels.borrow().len() as u64);
        put_u64(&mut m, rels.len() as u64);
        let status = self.txns.status.borrow();
        for r in &rels {
            match r {
                Rel::Table(t) => {
                    m.push(0);
                    put_u64(&mut m, t.rel.0 as u64);
                    put_columns(&mut m, t)?;
                    put_u64(&mut m, t.live_rows());
                    let mut names: Vec<(usize, SegmentName)> = Vec::new();
                    if let Some(cold) = &*t.cold.borrow() {
                        names.extend(cold.groups.iter().copied());
                        w.keep.extend(cold.groups.iter().map(|g| g.1));
                    } else {
                        let mut heap = t.write()?;
                        let heap = &mut *heap;
                        heap.moves.clear();
                        for n in 0..heap.groups.len() {
                            if heap.groups[n].rows == 0 {
                                continue;
                            }
                            if let Some(name) = heap.groups[n].saved {
                                w.keep.push(name);
                                names.push((n, name));
                                continue;
                            }
                            let mut bytes = Vec::new();
                            start_record(&mut bytes);
                            let pure = encode_group(&mut bytes, t, heap, n, &status);
                            let name = w.add(bytes);
                            heap.groups[n].saved = pure.then_some(name);
                            names.push((n, name));
                        }
                    }
                    put_u64(&mut m, names.len() as u64);
                    for (n, name) in names {
                        put_u64(&mut m, n as u64);
                        m.extend_from_slice(&name.0.to_le_bytes());
                    }
                }
                Rel::Index(i) => {
                    m.push(1);
                    put_u64(&mut m, i.rel.0 as u64);
                    put_u64(&mut m, i.table.rel.0 as u64);
                    let unchanged = i.table.cold.borrow().is_some() || !i.dirty.get();
                    if unchanged {
                        w.keep.extend(i.saved.borrow().iter());
                    } else {
                        let names = w.index(i)?;
                        *i.saved.borrow_mut() = names;
                    }
                    let names = i.saved.borrow();
                    put_u64(&mut m, names.len() as u64);
                    names.iter().for_each(|n| m.extend_from_slice(&n.0.to_le_bytes()));
                }
                Rel::Sequence(s) => {
                    m.push(2);
                    put_u64(&mut m, s.rel.0 as u64);
                    // The record that ran ahead is about to go: the next fetch logs anew.
                    let state = SequenceState { log_count: 0, ..s.state.get() };
                    s.state.set(state);
                    put_sequence(&mut m, s, state);
                }
            }
        }
        drop(status);
        let meta = self.meta.borrow();
        put_u64(&mut m, meta.map.len() as u64);
        for (k, v) in &meta.map {
            put_bytes(&mut m, k);
            put_bytes(&mut m, v);
        }
        seal(&mut m, lsn, Kind::Manifest);
        w.keep.order();
        w.keep.dedup();
        let c = Checkpoint { manifest: &m, segments: &w.new, keep: &w.keep, lsn };
        if let Err(e) = self.sink.borrow_mut().checkpoint(c) {
            // Nothing may be taken for saved that was not.
            self.forget_saved();
            return Err(e);
        }
        *self.segments.borrow_mut() = w.keep.iter().copied().collect();
        self.log_bytes.set(0);
        Ok(Checkpointed::Done { segments: w.new.len(), lsn })
    }

    /// The names of all segments the last checkpoint, or the manifest that was opened, rests on.
    pub fn segment_names(&self) -> SortedSet<SegmentName> {
        self.segments.borrow().clone()
    }

    /// The last checkpoint was taken by the sink and then not stored: nothing in it may be taken for saved.
    pub fn checkpoint_lost(&self) {
        self.forget_saved();
        self.segments.borrow_mut().clear();
    }

    #[cfg_attr(tuned, optimize(size))]
    fn forget_saved(&self) {
        for s in self.rels.borrow().iter().flatten() {
            match &s.rel {
                Rel::Table(t) => {
                    if let Ok(mut h) = t.write() {
                        h.groups.iter_mut().for_each(|g| g.saved = None);
                    }
                }
                Rel::Index(i) if i.table.cold.borrow().is_none() => i.dirty.set(true),
                _ => {}
            }
        }
    }
}

const _: () = assert!(BATCH <= u16::MAX as usize);
