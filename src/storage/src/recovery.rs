//! Opening: manifest, then the log; segments when somebody needs them.
//!
//! The manifest names every relation and segment but holds no rows. A table stays *cold* until [`Store::load`] is asked
//! for it; log records that concern a cold table wait with it. The log is believed up to the first record that is not
//! whole. If what follows it is itself a whole record, the damage is in the middle of acknowledged work, and opening fails
//! with XX001 rather than pretend that nothing came after.

use std::rc::Rc;

use tusklet_error::{Result, err};
use tusklet_vector::{BATCH, Value, Vector};

use crate::btree::{Builder, split};
use crate::codec::Reader;
use crate::heap::group::Begins;
use crate::heap::prune::Pruning;
use crate::heap::{ColumnMeta, Group, Heap, Table, entry_tid};
use crate::index::Index;
use crate::log::{Framed, Kind, LogSink, Segment, SegmentName, corrupt, unframe};
use crate::meta::MetaChange;
use crate::redo::tag;
use crate::sequence::{Sequence, SequenceOptions, SequenceState};
use crate::store::{Rel, Slot, Store};
use crate::transaction::{Op, StatusTable};
use crate::{Lsn, RelId, Tid, Xid};

/// The deleter of versions of which nothing but their place in a chain was kept.
const FROZEN: Xid = Xid(2);

/// A table whose segments are not loaded.
pub(crate) struct ColdTable {
    pub groups: Vec<(usize, SegmentName)>,
    /// Log operations to apply once it is: tag, transaction, body.
    pub pending: Vec<(u8, Xid, Vec<u8>)>,
}

/// What opening found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records applied.
    pub replayed: u64,
    /// The last record there is.
    pub last: Lsn,
    /// Bytes of the log that are whole records. The host cuts the log off here before it appends again.
    pub valid_bytes: usize,
    /// Bytes after them: a record that was being written when the process ended.
    pub dropped_bytes: usize,
}

impl Store {
    /// Opens what `manifest` and `log` describe; without either the store is empty. `log` is all log bytes there are, in
    /// order; records the manifest already covers are passed over.
    #[cfg_attr(tuned, optimize(size))]
    pub fn open(sink: Box<dyn LogSink>, manifest: Option<&[u8]>, log: &[u8]) -> Result<(Store, Recovery)> {
        let store = Store::new(sink);
        let mut next = Xid::FIRST.0;
        if let Some(bytes) = manifest {
            let (lsn, payload) = match unframe(bytes) {
                Framed::Record { kind: Kind::Manifest, lsn, payload, len } if len == bytes.len() => (lsn, payload),
                Framed::Foreign(v) => return Err(foreign(v)),
                _ => return Err(corrupt("the manifest is damaged")),
            };
            store.lsn.set(lsn);
            next = next.max(store.read_manifest(payload)?);
        }
        let (records, found) = split_log(log, store.lsn.get())?;
        for (_, payload) in &records {
            let mut r = Reader::new(payload);
            next = next.max(r.u64()?);
        }
        *store.txns.status.borrow_mut() = StatusTable::starting_at(next);
        for (lsn, payload) in records {
            store.replay(payload)?;
            store.lsn.set(lsn);
        }
        for s in store.rels.borrow().iter().flatten() {
            if let Rel::Table(t) = &s.rel {
                t.write()?.recount();
            }
        }
        Ok((store, Recovery { last: Lsn(found.last.0), ..found }))
    }

    #[cfg_attr(tuned, optimize(size))]
    fn read_manifest(&self, payload: &[u8]) -> Result<u64> {
        let mut r = Reader::new(payload);
        let next_xid = r.u64()?;
        let slots = r.count(1 << 30)?;
        self.room_for(slots.max(1))?;
        let mut known = Vec::new();
        for _ in 0..r.count(payload.len())? {
            let kind = r.u8()?;
            let rel = RelId(r.u32()?);
            let made = match kind {
                0 => {
                    let t = Table::new(rel, read_columns(&mut r)?, self.txns.clone());
                    t.live.set(r.u64()? as i64);
                    let mut groups = Vec::new();
                    for _ in 0..r.count(payload.len())? {
                        let n = r.u64()? as usize;
                        groups.push((n, name(&mut r)?));
                    }
                    known.extend(groups.iter().map(|g| g.1));
                    if !groups.is_empty() {
                        *t.cold.borrow_mut() = Some(ColdTable { groups, pending: Vec::new() });
                        self.cold.set(self.cold.get() + 1);
                    }
                    Rel::Table(Rc::new(t))
                }
                1 => {
                    let table = self.raw_table(RelId(r.u32()?))?;
                    let mut names = Vec::new();
                    for _ in 0..r.count(payload.len())? {
                        names.push(name(&mut r)?);
                    }
                    known.extend_from_slice(&names);
                    table.write()?.indexes += 1;
                    if !names.is_empty() && table.cold.borrow().is_none() {
                        return Err(corrupt("an index has entries and its table has no rows"));
                    }
                    let i = Index::new(rel, table);
                    *i.saved.borrow_mut() = names;
                    i.dirty.set(false);
                    Rel::Index(Rc::new(i))
                }
                2 => Rel::Sequence(Rc::new(read_sequence(&mut r, rel)?)),
                _ => return Err(corrupt("the manifest names an unknown kind of relation")),
            };
            self.put_rel(rel, made)?;
        }
        *self.segments.borrow_mut() = known.into_iter().collect();
        let mut meta = self.meta.borrow_mut();
        for _ in 0..r.count(payload.len())? {
            let k = r.bytes()?.to_vec();
            meta.map.insert(k, r.bytes()?.to_vec());
        }
        if !r.at_end() {
            return Err(corrupt("the manifest is longer than it says"));
        }
        Ok(next_xid)
    }

    #[cfg_attr(tuned, optimize(size))]
    fn room_for(&self, slots: usize) -> Result<()> {
        let mut rels = self.rels.borrow_mut();
        if slots > rels.len() + (1 << 24) {
            return Err(corrupt("a relation number is out of range"));
        }
        if slots > rels.len() {
            rels.resize_with(slots, || None);
        }
        Ok(())
    }

    #[cfg_attr(tuned, optimize(size))]
    fn put_rel(&self, rel: RelId, made: Rel) -> Result<()> {
        if rel.0 == 0 {
            return Err(corrupt("a relation has number 0"));
        }
        self.room_for(rel.0 as usize + 1)?;
        self.rels.borrow_mut()[rel.0 as usize] = Some(Slot { rel: made, committed: true });
        Ok(())
    }

    /// A table, cold or not.
    fn raw_table(&self, rel: RelId) -> Result<Rc<Table>> {
        match self.slot(rel).map(|s| s.rel) {
            Ok(Rel::Table(t)) => Ok(t),
            _ => Err(corrupt(format!("the log names table file {}, which does not exist", rel.0))),
        }
    }

    fn raw_index(&self, rel: RelId) -> Result<Rc<Index>> {
        match self.slot(rel).map(|s| s.rel) {
            Ok(Rel::Index(i)) => Ok(i),
            _ => Err(corrupt(format!("the log names index file {}, which does not exist", rel.0))),
        }
    }

    #[cfg_attr(tuned, optimize(size))]
    fn replay(&self, payload: &[u8]) -> Result<()> {
        let mut r = Reader::new(payload);
        r.u64()?;
        let xid = Xid(r.u64()?);
        let mut touched: Vec<Rc<Table>> = Vec::new();
        while !r.at_end() {
            let tag = r.u8()?;
            let n = r.take(4)?;
            let body = r.take(u32::from_le_bytes([n[0], n[1], n[2], n[3]]) as usize)?;
            let mut b = Reader::new(body);
            match tag {
                tag::CREATE_TABLE => {
                    let rel = RelId(b.u32()?);
                    let t = Table::new(rel, read_columns(&mut b)?, self.txns.clone());
                    self.put_rel(rel, Rel::Table(Rc::new(t)))?;
                }
                tag::CREATE_INDEX => {
                    let rel = RelId(b.u32()?);
                    let table = self.raw_table(RelId(b.u32()?))?;
                    table.write()?.indexes += 1;
                    self.put_rel(rel, Rel::Index(Rc::new(Index::new(rel, table))))?;
                }
                tag::SEQUENCE => {
                    let rel = RelId(b.u32()?);
                    self.put_rel(rel, Rel::Sequence(Rc::new(read_sequence(&mut b, rel)?)))?;
                }
                tag::SEQUENCE_STATE => {
                    let rel = RelId(b.u32()?);
                    // A sequence may have been dropped by a transaction that committed between its fetches.
                    if let Ok(Slot { rel: Rel::Sequence(s), .. }) = self.slot(rel) {
                        let state = SequenceState { last: b.i64()?, called: b.u8()? != 0, log_count: 0 };
                        s.state.set(state);
                    }
                }
                tag::ADD_COLUMN => {
                    let t = self.raw_table(RelId(b.u32()?))?;
                    let columns = read_columns(&mut b)?;
                    let mut heap = t.write()?;
                    let have = heap.columns.len();
                    heap.columns.extend(columns.into_iter().skip(have));
                }
                tag::DROP => self.commit_definition(&Op::Drop { rel: RelId(b.u32()?) }),
                tag::DROP_COLUMN => {
                    let (rel, column) = (RelId(b.u32()?), b.u32()?);
                    self.commit_definition(&Op::DropColumn { rel, column });
                }
                tag::META_PUT => {
                    let key = b.bytes()?.to_vec();
                    let value = Some(b.take(b.left())?.to_vec());
                    self.meta.borrow_mut().apply(MetaChange { key, value });
                }
                tag::META_DELETE => {
                    let key = b.bytes()?.to_vec();
                    self.meta.borrow_mut().apply(MetaChange { key, value: None });
                }
                tag::INDEX_PUT | tag::INDEX_BUILD => {
                    let t = self.raw_index(RelId(b.u32()?))?.table.clone();
                    self.apply(&t, tag, xid, body, &mut touched)?;
                }
                tag::MOVES | tag::INSERT | tag::UPDATE | tag::DELETE => {
                    let t = self.raw_table(RelId(b.u32()?))?;
                    self.apply(&t, tag, xid, body, &mut touched)?;
                }
                _ => return Err(corrupt("a log record has an unknown operation")),
            }
        }
        self.settle_replayed(&touched)
    }

    /// Everything replayed is committed and nobody looks: chains are collapsed before a later record uses their slots.
    #[cfg_attr(tuned, optimize(size))]
    fn settle_replayed(&self, touched: &[Rc<Table>]) -> Result<()> {
        let status = self.txns.status.borrow();
        for t in touched {
            let p = Pruning { horizon: Xid(u64::MAX), status: &status, quiet: false, log_moves: false };
            t.write()?.prune(&p);
        }
        Ok(())
    }

    #[cfg_attr(tuned, optimize(size))]
    fn apply(&self, t: &Rc<Table>, tag: u8, xid: Xid, body: &[u8], touched: &mut Vec<Rc<Table>>) -> Result<()> {
        if let Some(cold) = &mut *t.cold.borrow_mut() {
            cold.pending.push((tag, xid, body.to_vec()));
            return Ok(());
        }
        if !touched.last().is_some_and(|x| Rc::ptr_eq(x, t)) {
            touched.push(t.clone());
        }
        let mut b = Reader::new(body);
        let rel = RelId(b.u32()?);
        match tag {
            tag::INDEX_PUT => {
                let mut e = [0; 8];
                e.copy_from_slice(b.take(8)?);
                self.raw_index(rel)?.put(b.take(b.left())?, u64::from_le_bytes(e))?;
            }
            tag::INDEX_BUILD => {
                let index = self.raw_index(rel)?;
                let n = b.count(body.len())?;
                let mut heap = t.write()?;
                let mut builder = Builder::default();
                read_entries(&mut b, n, &mut builder, |entry| {
                    let tid = entry_tid(entry);
                    if let Some(s) = heap.group_mut(tid).and_then(|g| g.slots.as_mut())
                        && s.hot.get(tid.offset())
                    {
                        s.hot_indexed.set(tid.offset(), true);
                    }
                })?;
                *index.tree.borrow_mut() = builder.finish();
                index.dirty.set(true);
            }
            tag::MOVES => {
                let mut heap = t.write()?;
                while !b.at_end() {
                    let (from, to) = (tid(&mut b)?, tid(&mut b)?);
                    heap.replay_move(from, to)?;
                }
            }
            tag::INSERT => {
                let first = tid(&mut b)?;
                let n = b.count(BATCH)?;
                let mut heap = t.write()?;
                heap.replay_rows(first, n, xid, &mut b)?;
                drop(heap);
                t.count(n as i64);
            }
            tag::UPDATE => {
                let (old, new) = (tid(&mut b)?, tid(&mut b)?);
                let hot = b.u8()? != 0;
                let mut heap = t.write()?;
                heap.replay_rows(new, 1, xid, &mut b)?;
                if heap.group(old).is_none() {
                    return Err(corrupt("the log updates a row that does not exist"));
                }
                heap.link(old, new, hot, xid, 0);
            }
            _ => {
                let old = tid(&mut b)?;
                let mut heap = t.write()?;
                let Some(g) = heap.group_mut(old) else {
                    return Err(corrupt("the log deletes a row that does not exist"));
                };
                g.set_end(old.offset(), xid, 0, Tid::NONE);
                heap.dying.push(old);
                drop(heap);
                t.count(-1);
            }
        }
        Ok(())
    }

    // Loading.

    /// Whether any table may have to be loaded.
    pub fn has_cold(&self) -> bool {
        self.cold.get() > 0
    }

    /// [`Store::load`] for every table.
    #[cfg_attr(tuned, optimize(size))]
    pub fn load_all(&self) -> Result<bool> {
        if !self.has_cold() {
            return Ok(true);
        }
        let rels: Vec<_> = self.rels.borrow().iter().flatten().map(|s| s.rel.clone()).collect();
        let mut ready = true;
        for r in &rels {
            if let Rel::Table(t) = r {
                ready &= self.load_table(t)?;
            }
        }
        // What is left was dropped before anybody asked for it.
        if ready {
            self.cold.set(0);
        }
        Ok(ready)
    }

    /// Makes a table and its indexes ready for use. `false`: the host is still fetching segments; suspend the statement
    /// and ask again. True at once for a table that is loaded, which is the common case and costs a test.
    #[cfg_attr(tuned, optimize(size))]
    pub fn load(&self, rel: RelId) -> Result<bool> {
        let t = match self.slot(rel)?.rel {
            Rel::Table(t) => t,
            Rel::Index(i) => i.table.clone(),
            Rel::Sequence(_) => return Ok(true),
        };
        self.load_table(&t)
    }

    #[cfg_attr(tuned, optimize(size))]
    pub(crate) fn load_table(&self, t: &Rc<Table>) -> Result<bool> {
        let Some((groups, indexes)) = self.needed(t) else { return Ok(true) };
        let mut bytes = Vec::with_capacity(groups.len());
        let mut ready = true;
        {
            // All are asked for, so that the host fetches them together.
            let mut sink = self.sink.borrow_mut();
            for name in groups.iter().map(|g| g.1).chain(indexes.iter().flat_map(|i| i.1.clone())) {
                match sink.load_segment(name)? {
                    Segment::Ready(b) => bytes.push((name, b)),
                    Segment::Pending => ready = false,
                }
            }
        }
        if !ready {
            return Ok(false);
        }
        let mut bytes = bytes.into_iter();
        let mut next = || -> Result<Vec<u8>> {
            let Some((name, b)) = bytes.next() else { return Err(corrupt("a segment is missing")) };
            match unframe(&b) {
                Framed::Record { kind: Kind::Segment, len, .. } if len == b.len() => Ok(b),
                Framed::Foreign(v) => Err(foreign(v)),
                _ => Err(corrupt(format!("segment {name} is damaged"))),
            }
        };
        // Everything is decoded before anything is changed: a damaged segment leaves the table cold.
        let mut decoded = Vec::with_capacity(groups.len());
        {
            let heap = t.read()?;
            for (n, name) in &groups {
                let b = next()?;
                let mut g = decode_group(&heap, t.rel, *n, &b[crate::log::HEADER..])?;
                g.saved = g.saved_if(*name);
                decoded.push((*n, g));
            }
        }
        let mut trees = Vec::new();
        for (index, names) in &indexes {
            let mut builder = Builder::default();
            for _ in names {
                let b = next()?;
                let mut r = Reader::new(&b[crate::log::HEADER..]);
                if r.u32()? != index.rel.0 {
                    return Err(corrupt("an index segment belongs to another index"));
                }
                let n = r.count(b.len())?;
                read_entries(&mut r, n, &mut builder, |_| ())?;
            }
            trees.push(builder.finish());
        }
        {
            let mut heap = t.write()?;
            for (n, g) in decoded {
                while heap.groups.len() <= n {
                    let empty = Group::new(&heap.columns);
                    heap.groups.push(empty);
                }
                heap.groups[n] = g;
            }
            heap.close_gaps();
            // The manifest's number counted uncommitted rows too.
            let rows: usize = heap.groups.iter().map(|g| (0..g.rows).filter(|i| !g.is_hidden(*i)).count()).sum();
            t.live.set(rows as i64);
        }
        for ((index, _), tree) in indexes.iter().zip(trees) {
            *index.tree.borrow_mut() = tree;
        }
        let pending = t.cold.borrow_mut().take().map(|c| c.pending).unwrap_or_default();
        self.cold.set(self.cold.get().saturating_sub(1));
        let mut last = Xid::NONE;
        let mut touched = Vec::new();
        for (tag, xid, body) in pending {
            if xid != last {
                self.settle_replayed(&touched)?;
                touched.clear();
                last = xid;
            }
            self.apply(t, tag, xid, &body, &mut touched)?;
        }
        self.settle_replayed(&touched)?;
        t.write()?.recount();
        Ok(true)
    }

    #[allow(clippy::type_complexity)]
    #[cfg_attr(tuned, optimize(size))]
    fn needed(&self, t: &Rc<Table>) -> Option<(Vec<(usize, SegmentName)>, Vec<(Rc<Index>, Vec<SegmentName>)>)> {
        let groups = t.cold.borrow().as_ref()?.groups.clone();
        let indexes = self.indexes_of(t.rel).into_iter().map(|i| {
            let names = i.saved.borrow().clone();
            (i, names)
        });
        Some((groups, indexes.collect()))
    }
}

#[cold]
fn foreign(version: u16) -> tusklet_error::Error {
    err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "database files are incompatible with this program").detail(format!(
        "The database was written in format version {version}, which is not compatible with format version {}.",
        crate::FORMAT_VERSION
    ))
}

#[cfg_attr(tuned, optimize(size))]
fn tid(r: &mut Reader<'_>) -> Result<Tid> {
    let v = r.u64()?;
    let t = Tid(v as i64);
    if v >> 48 != 0 || t.offset() >= BATCH {
        return Err(corrupt("a stored tid is out of range"));
    }
    Ok(t)
}

fn name(r: &mut Reader<'_>) -> Result<SegmentName> {
    let mut b = [0; 16];
    b.copy_from_slice(r.take(16)?);
    Ok(SegmentName(u128::from_le_bytes(b)))
}

#[cfg_attr(tuned, optimize(size))]
fn read_columns(r: &mut Reader<'_>) -> Result<Vec<ColumnMeta>> {
    let mut columns = Vec::new();
    for _ in 0..r.count(1 << 16)? {
        let phys = r.phys()?;
        let dropped = r.u8()? != 0;
        let missing = r.value(phys)?;
        columns.push(ColumnMeta { dropped, ..ColumnMeta::new(phys, &missing) });
    }
    Ok(columns)
}

fn read_sequence(r: &mut Reader<'_>, rel: RelId) -> Result<Sequence> {
    let o = SequenceOptions { start: r.i64()?, increment: r.i64()?, min: r.i64()?, max: r.i64()?, cycle: r.u8()? != 0 };
    let s = Sequence::new(rel, o);
    s.state.set(SequenceState { last: r.i64()?, called: r.u8()? != 0, log_count: 0 });
    Ok(s)
}

#[cfg_attr(tuned, optimize(size))]
fn read_entries(r: &mut Reader<'_>, n: usize, builder: &mut Builder, mut each: impl FnMut(u64)) -> Result<()> {
    for _ in 0..n {
        let mut e = [0; 8];
        e.copy_from_slice(r.take(8)?);
        let entry = u64::from_le_bytes(e);
        each(entry);
        builder.push(split(r.bytes()?), entry);
    }
    Ok(())
}

/// Whole records after `from`, and how far the log can be believed.
#[cfg_attr(tuned, optimize(size))]
fn split_log(log: &[u8], from: Lsn) -> Result<(Vec<(Lsn, &[u8])>, Recovery)> {
    let mut records = Vec::new();
    let mut found = Recovery { last: from, ..Recovery::default() };
    let mut before: Option<Lsn> = None;
    while found.valid_bytes < log.len() {
        match unframe(&log[found.valid_bytes..]) {
            Framed::Record { kind: Kind::Log, lsn, payload, len } => {
                let follows = before.is_none_or(|b| lsn.0 == b.0 + 1) && lsn.0 <= found.last.0 + 1;
                if !follows {
                    return Err(corrupt(format!("log records between {} and {} are missing", found.last.0, lsn.0)));
                }
                before = Some(lsn);
                found.valid_bytes += len;
                if lsn > found.last {
                    found.last = lsn;
                    found.replayed += 1;
                    records.push((lsn, payload));
                }
            }
            Framed::Foreign(v) => return Err(foreign(v)),
            _ => break,
        }
    }
    let rest = &log[found.valid_bytes..];
    found.dropped_bytes = rest.len();
    for i in 1..rest.len() {
        if rest[i] == crate::log::MAGIC[0]
            && let Framed::Record { kind: Kind::Log, lsn, .. } = unframe(&rest[i..])
            && lsn > found.last
        {
            return Err(corrupt(format!("the log is damaged before record {}", lsn.0)));
        }
    }
    Ok((records, found))
}

#[cfg_attr(tuned, optimize(size))]
fn decode_group(heap: &Heap, rel: RelId, number: usize, payload: &[u8]) -> Result<Group> {
    let mut r = Reader::new(payload);
    if r.u32()? != rel.0 || r.u64()? != number as u64 {
        return Err(corrupt("a segment belongs to another table"));
    }
    let rows = r.count(BATCH)?;
    let bitmap = r.take(rows.div_ceil(8))?;
    let is_live = |i: &usize| bitmap[i / 8] >> (i % 8) & 1 == 1;
    let live: Vec<usize> = (0..rows).filter(is_live).collect();
    let mut g = Group::new(&heap.columns);
    g.rows = rows;
    g.begin = if r.u8()? != 0 {
        Begins::Uniform(Xid(r.u64()?), 0)
    } else {
        let mut xmin = vec![FROZEN; rows];
        for i in &live {
            xmin[*i] = Xid(r.u64()?);
        }
        Begins::Each(xmin, vec![0; rows])
    };
    for _ in 0..r.count(rows)? {
        let i = r.count(rows.saturating_sub(1))?;
        g.set_hot(i, tid(&mut r)?);
        let indexed = r.u8()? != 0;
        g.slots_mut().hot_indexed.set(i, indexed);
    }
    let mut redirect = vec![false; rows];
    for _ in 0..r.count(rows)? {
        let i = r.count(rows.saturating_sub(1))?;
        redirect[i] = true;
        g.set_end(i, FROZEN, 0, tid(&mut r)?);
        g.slots_mut().hidden.set(i, true);
    }
    if r.u8()? != 0 {
        for i in 0..rows {
            let generation = r.count(u16::MAX as usize)? as u16;
            g.set_generation(i, generation);
        }
    }
    for i in 0..rows {
        if !is_live(&i) && !redirect[i] {
            let usable = g.generation(i) < u16::MAX - 1;
            let s = g.slots_mut();
            s.hidden.set(i, true);
            s.free.set(i, usable);
            s.free_count += usable as usize;
        }
    }
    let columns = r.count(heap.columns.len())?;
    g.columns.clear();
    for meta in &heap.columns[..columns] {
        let dense = r.column(meta.phys, live.len())?;
        g.columns.push(Rc::new(if meta.dropped {
            // Dropped after the segment was written, while the table was cold.
            let mut nulls = Vector::zeroed(meta.phys, rows);
            nulls.validity.clear_all(rows);
            nulls
        } else if live.len() == rows {
            dense
        } else {
            let mut v = Vector::zeroed(meta.phys, rows);
            live.iter().enumerate().for_each(|(k, i)| v.set(*i, dense.get(k)));
            v
        }));
    }
    Ok(g)
}

impl Group {
    /// Only a group without redirects stays as it is whatever happens elsewhere.
    fn saved_if(&self, name: SegmentName) -> Option<SegmentName> {
        let redirects = self.ends.is_some();
        (!redirects).then_some(name)
    }
}

impl Heap {
    /// Makes the slot at `t` ready to be written, with the slots before it.
    #[cfg_attr(tuned, optimize(size))]
    fn replay_slot(&mut self, t: Tid) -> Result<()> {
        let (g, i) = (t.group(), t.offset());
        if g > self.groups.len() + (1 << 20) {
            return Err(corrupt("a stored tid is out of range"));
        }
        while self.groups.len() <= g {
            let group = Group::new(&self.columns);
            self.groups.push(group);
        }
        self.close_gaps();
        let columns = &self.columns;
        let group = &mut self.groups[g];
        group.complete(columns);
        while group.rows < i {
            group.add_free_slot();
        }
        if i < group.rows
            && let Some(s) = group.slots.as_mut()
        {
            if s.free.get(i) {
                s.free_count -= 1;
                self.free = self.free.saturating_sub(1);
            }
            s.free.set(i, false);
            s.hidden.set(i, false);
            s.hot.set(i, false);
            s.hot_indexed.set(i, false);
        }
        group.visible = group.visible.min(i);
        group.settled = None;
        Ok(())
    }

    /// Only the last group may have room at its end.
    #[cfg_attr(tuned, optimize(size))]
    fn close_gaps(&mut self) {
        let n = self.groups.len().saturating_sub(1);
        // Groups before the last that are not full are few and near the end.
        for g in self.groups[..n].iter_mut().rev().take_while(|g| !g.full()) {
            while !g.full() {
                g.add_free_slot();
            }
        }
    }

    #[cfg_attr(tuned, optimize(size))]
    fn replay_rows(&mut self, first: Tid, n: usize, xid: Xid, b: &mut Reader<'_>) -> Result<()> {
        if n == 0 || first.offset() + n > BATCH {
            return Err(corrupt("a log record inserts rows outside of a group"));
        }
        let mut gens = vec![0u16; n];
        if b.u8()? != 0 {
            for x in &mut gens {
                *x = b.count(u16::MAX as usize)? as u16;
            }
        }
        let given = b.count(self.columns.len())?;
        let mut columns = Vec::with_capacity(self.columns.len());
        for c in 0..given {
            columns.push(b.column(self.columns[c].phys, n)?);
        }
        for k in 0..n {
            let t = Tid(first.0 + k as i64);
            self.replay_slot(t)?;
            let metas = std::mem::take(&mut self.columns);
            let row = metas.iter().enumerate().map(|(c, m)| match columns.get(c) {
                Some(v) => v.get(k),
                None => m.missing.get(0),
            });
            self.put_row((t.group(), t.offset()), xid, 0, row);
            self.columns = metas;
            self.groups[t.group()].set_generation(t.offset(), gens[k]);
        }
        Ok(())
    }

    #[cfg_attr(tuned, optimize(size))]
    fn replay_move(&mut self, from: Tid, to: Tid) -> Result<()> {
        let (Some(f), Some(_)) = (self.group(from), self.group(to)) else {
            return Err(corrupt("the log moves a row that does not exist"));
        };
        if f.is_hidden(from.offset()) {
            return Err(corrupt("the log moves a row that is not there"));
        }
        let xmin = f.xmin(from.offset());
        let values: Vec<Value> =
            (0..self.columns.len()).map(|c| f.value(&self.columns, from.offset(), c).to_value()).collect();
        self.replay_slot(to)?;
        self.put_row((to.group(), to.offset()), xmin, 0, values.iter().map(Value::as_datum));
        self.free_slot(from, &mut Vec::new());
        Ok(())
    }

    /// Counts free slots anew.
    pub(crate) fn recount(&mut self) {
        self.free = self.groups.iter().map(Group::free_count).sum();
        self.free_groups =
            (0..self.groups.len()).filter(|g| self.groups[*g].full() && self.groups[*g].free_count() > 0).collect();
    }
}

impl Group {
    #[cfg_attr(tuned, optimize(size))]
    fn add_free_slot(&mut self) {
        let i = self.rows;
        self.rows += 1;
        self.visible = self.visible.min(i);
        if let Begins::Each(x, c) = &mut self.begin {
            x.resize(i + 1, FROZEN);
            c.resize(i + 1, 0);
        }
        for v in &mut self.columns {
            let v = Rc::make_mut(v);
            if v.len() <= i {
                v.resize(i + 1);
            }
        }
        let s = self.slots_mut();
        s.free.set(i, true);
        s.hidden.set(i, true);
        s.free_count += 1;
    }
}
