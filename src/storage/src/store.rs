//! The store: relations, transactions and the log, put together.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_error::{Error, Result, SortedSet};
use tusklet_vector::{Phys, Value};

use crate::heap::{ColumnMeta, Table, Wait};
use crate::index::Index;
use crate::lock::{LockMode, LockTable, LockTag, TableLock};
use crate::log::{LogSink, NoLog, SegmentName};
use crate::meta::{Meta, MetaChange};
use crate::sequence::{NextValue, Sequence, SequenceOptions, SequenceState};
use crate::transaction::{Op, Tx, TxnTable, XidStatus};
use crate::{Lsn, RelId, TxNo, Xid};

#[derive(Clone)]
pub(crate) enum Rel {
    Table(Rc<Table>),
    Index(Rc<Index>),
    Sequence(Rc<Sequence>),
}

#[derive(Clone)]
pub(crate) struct Slot {
    pub rel: Rel,
    /// Its creator has committed.
    pub committed: bool,
}

/// A database's storage. One owner, one thread; everything is reached through `&self`.
pub struct Store {
    pub(crate) txns: Rc<TxnTable>,
    pub(crate) rels: RefCell<Vec<Option<Slot>>>,
    locks: LockTable,
    pub(crate) sink: RefCell<Box<dyn LogSink>>,
    pub(crate) lsn: Cell<Lsn>,
    pub(crate) meta: RefCell<Meta>,
    record: RefCell<Vec<u8>>,
    /// Log bytes since the last checkpoint.
    pub(crate) log_bytes: Cell<u64>,
    /// Segments the sink has.
    pub(crate) segments: RefCell<SortedSet<SegmentName>>,
    /// Tables that were not loaded when the store was opened, and have not been since.
    pub(crate) cold: Cell<usize>,
}

impl Default for Store {
    fn default() -> Store {
        Store::in_memory()
    }
}

impl Store {
    /// An empty store that logs to `sink`.
    pub fn new(sink: Box<dyn LogSink>) -> Store {
        let txns = TxnTable::new(Xid::FIRST.0);
        txns.logging.set(sink.wants_log());
        Store {
            txns: Rc::new(txns),
            // Number 0 is nobody's.
            rels: RefCell::new(vec![None]),
            locks: LockTable::default(),
            sink: RefCell::new(sink),
            lsn: Cell::default(),
            meta: RefCell::default(),
            record: RefCell::default(),
            log_bytes: Cell::new(0),
            segments: RefCell::default(),
            cold: Cell::new(0),
        }
    }

    /// An empty store that forgets everything when dropped.
    pub fn in_memory() -> Store {
        Store::new(Box::new(NoLog))
    }

    // Transactions.

    /// Begins a transaction. It has no [`Xid`] until it writes.
    pub fn begin(&self) -> Tx {
        self.maintain();
        self.txns.begin()
    }

    /// Commits. With `Some(lsn)`, the work survives a crash once [`Store::durable`] reaches it. On an error nothing was
    /// committed and the caller aborts.
    pub fn commit(&self, tx: &Tx) -> Result<Option<Lsn>> {
        if tx.ended() {
            return Err(Error::internal("commit of a transaction that has ended"));
        }
        let mut lsn = None;
        if tx.has_writes() {
            if self.txns.logging.get() {
                let mut record = self.record.borrow_mut();
                self.encode_commit(tx, &mut record)?;
                lsn = Some(self.append(&mut record)?);
                if record.capacity() > 1 << 20 {
                    *record = Vec::new();
                }
            }
            let mut w = tx.0.writes.borrow_mut();
            let mut meta = self.meta.borrow_mut();
            w.meta.drain(..).for_each(|c| meta.apply(c));
            for op in &w.ops {
                self.commit_definition(op);
            }
            w.ops.clear();
        }
        self.txns.finish(&tx.0, XidStatus::Committed);
        self.locks.release_from(&tx.0, 0);
        self.locks.set_waiting(tx.no(), None);
        Ok(lsn)
    }

    pub(crate) fn commit_definition(&self, op: &Op) {
        let mut rels = self.rels.borrow_mut();
        match op {
            Op::CreateTable { rel } | Op::CreateIndex { rel, .. } | Op::CreateSequence { rel } => {
                if let Some(Some(s)) = rels.get_mut(rel.0 as usize) {
                    s.committed = true;
                }
            }
            Op::Drop { rel } => {
                let gone = rels.get_mut(rel.0 as usize).and_then(Option::take);
                if let Some(Slot { rel: Rel::Index(i), .. }) = gone
                    && let Ok(mut heap) = i.table.write()
                {
                    heap.indexes = heap.indexes.saturating_sub(1);
                }
            }
            Op::DropColumn { rel, column } => {
                if let Some(Some(Slot { rel: Rel::Table(t), .. })) = rels.get(rel.0 as usize)
                    && let Ok(mut heap) = t.write()
                {
                    heap.drop_column(*column as usize);
                }
            }
            _ => {}
        }
    }

    /// Rolls back. Nothing fails: what was written simply never was.
    pub fn abort(&self, tx: &Tx) {
        if tx.ended() {
            return;
        }
        let ops = std::mem::take(&mut tx.0.writes.borrow_mut().ops);
        tx.0.subs.borrow_mut().clear();
        self.txns.finish(&tx.0, XidStatus::Aborted);
        self.void(&ops);
        self.locks.release_from(&tx.0, 0);
        self.locks.set_waiting(tx.no(), None);
    }

    /// Rolls back to savepoint `level` and closes it; open it again to keep it (`ROLLBACK TO`).
    pub fn rollback_to(&self, tx: &Tx, level: usize) {
        let (ops, sub) = tx.cut(level);
        if let Some(sub) = sub {
            self.locks.release_from(&tx.0, sub.table_locks);
        }
        self.void(&ops);
    }

    /// Undoes what is not undone by a transaction's state: definitions, counts; and shows vacuum the dead rows.
    #[cfg_attr(tuned, optimize(size))]
    fn void(&self, ops: &[Op]) {
        for op in ops.iter().rev() {
            match op {
                Op::Insert { rel, tid, n } => {
                    if let Ok(t) = self.table(*rel) {
                        t.count(-(*n as i64));
                        if let Ok(mut h) = t.write() {
                            h.dying.extend((0..*n as i64).map(|k| crate::Tid(tid.0 + k)));
                            t.dying_more(h.dying.len());
                        }
                    }
                }
                Op::Update { rel, new, .. } => {
                    if let Ok(t) = self.table(*rel)
                        && let Ok(mut h) = t.write()
                    {
                        h.dying.push(*new);
                    }
                }
                Op::Delete { rel, .. } => {
                    if let Ok(t) = self.table(*rel) {
                        t.count(1);
                    }
                }
                Op::CreateTable { rel } | Op::CreateSequence { rel } => {
                    self.rels.borrow_mut()[rel.0 as usize] = None;
                }
                Op::CreateIndex { rel, table } => {
                    self.rels.borrow_mut()[rel.0 as usize] = None;
                    if let Ok(t) = self.table(*table)
                        && let Ok(mut h) = t.write()
                    {
                        h.indexes = h.indexes.saturating_sub(1);
                    }
                }
                Op::AddColumn { rel } => {
                    if let Ok(t) = self.table(*rel)
                        && let Ok(mut h) = t.write()
                    {
                        h.columns.pop();
                        let n = h.columns.len();
                        h.groups.iter_mut().for_each(|g| g.columns.truncate(n));
                    }
                }
                _ => {}
            }
        }
    }

    /// What became of a transaction id.
    pub fn xid_status(&self, xid: Xid) -> XidStatus {
        self.txns.status.borrow().get(xid)
    }

    /// The next id to be given out.
    pub fn next_xid(&self) -> Xid {
        Xid(self.txns.status.borrow().next)
    }

    /// Versions deleted by ids below this are dead to everybody.
    pub fn horizon(&self) -> Xid {
        self.txns.horizon()
    }

    // Waiting.

    /// Whether what `wait` was for has ended, so that it is worth trying again.
    pub fn wait_over(&self, wait: &Wait) -> bool {
        match self.txns.find(wait.tx) {
            Some(t) => t.epoch.get() != wait.epoch,
            None => true,
        }
    }

    /// What ends when `tx` does.
    pub fn wait_for(&self, tx: &Tx) -> Wait {
        Wait { tx: tx.no(), xid: crate::Xid::NONE, epoch: tx.0.epoch.get() }
    }

    /// Notes that `waiter` is suspended for `holder`, or with `None` that it goes on.
    pub fn set_waiting(&self, waiter: TxNo, holder: Option<TxNo>) {
        self.locks.set_waiting(waiter, holder);
    }

    /// Whom a transaction waits for.
    pub fn waits_for(&self, waiter: TxNo) -> Option<TxNo> {
        self.locks.waits_for(waiter)
    }

    /// Whether `waiter` would wait for itself if it waited for `holder` (40P01).
    pub fn would_deadlock(&self, waiter: TxNo, holder: TxNo) -> bool {
        self.locks.would_deadlock(waiter, holder)
    }

    /// Takes a table lock (or any heavyweight lock) until the transaction or its savepoint ends.
    pub fn lock_table(&self, tx: &Tx, tag: LockTag, mode: LockMode) -> TableLock {
        self.locks.lock(tx, tag, mode)
    }

    /// The same where the transactions `own` are the same holder as `tx`.
    pub fn lock_table_beside(&self, tx: &Tx, tag: LockTag, mode: LockMode, own: &[TxNo]) -> TableLock {
        self.locks.lock_beside(tx, tag, mode, own)
    }

    /// Who holds which table lock, for `pg_locks`.
    pub fn locks_held(&self) -> Vec<(LockTag, TxNo, LockMode)> {
        self.locks.held()
    }

    // Relations.

    fn add_rel(&self, make: impl FnOnce(RelId) -> Rel) -> RelId {
        let mut rels = self.rels.borrow_mut();
        let rel = RelId(rels.len() as u32);
        rels.push(Some(Slot { rel: make(rel), committed: false }));
        rel
    }

    /// Creates an empty table file; it goes when the transaction or savepoint rolls back.
    #[cfg_attr(tuned, optimize(size))]
    pub fn create_table(&self, tx: &Tx, columns: &[Phys]) -> Result<RelId> {
        tx.0.write_xid()?;
        let columns = columns.iter().map(|p| ColumnMeta::new(*p, &Value::Null)).collect();
        let rel = self.add_rel(|rel| Rel::Table(Rc::new(Table::new(rel, columns, self.txns.clone()))));
        tx.0.record(Op::CreateTable { rel });
        Ok(rel)
    }

    /// Creates an empty index on a table file.
    #[cfg_attr(tuned, optimize(size))]
    pub fn create_index(&self, tx: &Tx, table: RelId) -> Result<RelId> {
        let t = self.table(table)?;
        tx.0.write_xid()?;
        t.write()?.indexes += 1;
        let new = |rel| Index { summarized: RefCell::new(Some(vec![true])), ..Index::new(rel, t) };
        let rel = self.add_rel(|rel| Rel::Index(Rc::new(new(rel))));
        tx.0.record(Op::CreateIndex { rel, table });
        Ok(rel)
    }

    /// Creates a sequence. Its creation is transactional, its values are not.
    #[cfg_attr(tuned, optimize(size))]
    pub fn create_sequence(&self, tx: &Tx, options: SequenceOptions) -> Result<RelId> {
        if options.increment == 0 {
            return Err(Error::internal("sequence increment is zero"));
        }
        tx.0.write_xid()?;
        let rel = self.add_rel(|rel| Rel::Sequence(Rc::new(Sequence::new(rel, options))));
        tx.0.record(Op::CreateSequence { rel });
        Ok(rel)
    }

    /// Drops a table, index or sequence file when the transaction commits. A table's indexes are dropped by their own.
    pub fn drop_rel(&self, tx: &Tx, rel: RelId) -> Result<()> {
        self.slot(rel)?;
        tx.0.write_xid()?;
        tx.0.record(Op::Drop { rel });
        Ok(())
    }

    /// Adds a column slot; rows there are already have `missing` in it. The caller holds the table exclusively.
    #[cfg_attr(tuned, optimize(size))]
    pub fn add_column(&self, tx: &Tx, rel: RelId, phys: Phys, missing: &Value) -> Result<usize> {
        let t = self.table(rel)?;
        tx.0.write_xid()?;
        let mut h = t.write()?;
        h.columns.push(ColumnMeta::new(phys, missing));
        tx.0.record(Op::AddColumn { rel });
        t.forget_statistics();
        Ok(h.columns.len() - 1)
    }

    /// Drops a column's values when the transaction commits. Its slot stays and reads NULL.
    #[cfg_attr(tuned, optimize(size))]
    pub fn drop_column(&self, tx: &Tx, rel: RelId, column: usize) -> Result<()> {
        let t = self.table(rel)?;
        if column >= t.column_count() {
            return Err(Error::internal("no such column in the table file"));
        }
        tx.0.write_xid()?;
        tx.0.record(Op::DropColumn { rel, column: column as u32 });
        Ok(())
    }

    /// What `take` copies of a relation's slot; tables and indexes are asked for once a row.
    fn at<T>(&self, rel: RelId, take: impl FnOnce(&Slot) -> T) -> Result<T> {
        match self.rels.borrow().get(rel.0 as usize) {
            Some(Some(s)) => Ok(take(s)),
            _ => Err(Error::internal(format!("relation file {} does not exist", rel.0))),
        }
    }

    pub(crate) fn slot(&self, rel: RelId) -> Result<Slot> {
        self.at(rel, Slot::clone)
    }

    /// A table's handle. After opening, [`Store::load`] must have answered true for it, unless the sink's segments are
    /// always at hand.
    pub fn table(&self, rel: RelId) -> Result<Rc<Table>> {
        let table = self.at(rel, |s| if let Rel::Table(t) = &s.rel { Some(t.clone()) } else { None })?;
        let Some(t) = table else { return Err(Error::internal(format!("relation file {} is not a table", rel.0))) };
        self.warm(&t).map(|()| t)
    }

    /// A table's live rows, without loading it: of a cold one what the last checkpoint counted.
    pub fn live_rows(&self, rel: RelId) -> u64 {
        match self.slot(rel).map(|s| s.rel) {
            Ok(Rel::Table(t)) => t.live_rows(),
            _ => 0,
        }
    }

    /// Whether a table is loaded.
    pub fn is_loaded(&self, rel: RelId) -> bool {
        match self.slot(rel).map(|s| s.rel) {
            Ok(Rel::Table(t)) => t.cold.borrow().is_none(),
            _ => true,
        }
    }

    /// An index's handle.
    pub fn index(&self, rel: RelId) -> Result<Rc<Index>> {
        let index = self.at(rel, |s| if let Rel::Index(i) = &s.rel { Some(i.clone()) } else { None })?;
        let Some(i) = index else { return Err(Error::internal(format!("relation file {} is not an index", rel.0))) };
        self.warm(&i.table).map(|()| i)
    }

    #[inline]
    fn warm(&self, t: &Rc<Table>) -> Result<()> {
        if t.cold.borrow().is_none() || self.load_table(t)? {
            return Ok(());
        }
        Err(Error::internal(format!("relation file {} is not loaded yet", t.rel.0)))
    }

    pub(crate) fn indexes_of(&self, table: RelId) -> Vec<Rc<Index>> {
        let rels = self.rels.borrow();
        let of = |s: &Slot| match &s.rel {
            Rel::Index(i) if i.table.rel == table => Some(i.clone()),
            _ => None,
        };
        rels.iter().flatten().filter_map(of).collect()
    }

    // Sequences.

    fn sequence(&self, rel: RelId) -> Result<(Rc<Sequence>, bool)> {
        match self.slot(rel)? {
            Slot { rel: Rel::Sequence(s), committed } => Ok((s, committed)),
            _ => Err(Error::internal(format!("relation file {} is not a sequence", rel.0))),
        }
    }

    /// Takes a sequence's next value.
    #[cfg_attr(tuned, optimize(size))]
    pub fn nextval(&self, rel: RelId) -> Result<NextValue> {
        let (s, committed) = self.sequence(rel)?;
        let before = s.state.get();
        let (value, log) = s.next();
        if let Some(state) = log
            && let Err(e) = self.log_sequence(rel, committed, &s, state)
        {
            s.state.set(before);
            return Err(e);
        }
        Ok(value)
    }

    /// Sets a sequence's position; the caller has checked the bounds.
    #[cfg_attr(tuned, optimize(size))]
    pub fn setval(&self, rel: RelId, last: i64, called: bool) -> Result<()> {
        let (s, committed) = self.sequence(rel)?;
        let state = SequenceState { last, called, log_count: 0 };
        self.log_sequence(rel, committed, &s, state)?;
        s.state.set(state);
        Ok(())
    }

    /// Where a sequence stands.
    pub fn sequence_state(&self, rel: RelId) -> Result<SequenceState> {
        Ok(self.sequence(rel)?.0.state.get())
    }

    /// What a sequence is made of.
    pub fn sequence_options(&self, rel: RelId) -> Result<SequenceOptions> {
        Ok(self.sequence(rel)?.0.options.get())
    }

    /// A sequence nobody else can see yet is logged whole when its creator commits.
    #[cfg_attr(tuned, optimize(size))]
    fn log_sequence(&self, rel: RelId, committed: bool, s: &Sequence, state: SequenceState) -> Result<()> {
        debug_assert_eq!(s.rel, rel);
        if !committed || !self.txns.logging.get() {
            return Ok(());
        }
        let mut record = self.record.borrow_mut();
        self.encode_sequence(rel, state, &mut record);
        self.append(&mut record)?;
        Ok(())
    }

    // Catalog store.

    /// Puts a key when the transaction commits.
    pub fn meta_put(&self, tx: &Tx, key: &[u8], value: &[u8]) -> Result<()> {
        self.meta_change(tx, key, Some(value.to_vec()))
    }

    /// Removes a key when the transaction commits.
    pub fn meta_delete(&self, tx: &Tx, key: &[u8]) -> Result<()> {
        self.meta_change(tx, key, None)
    }

    fn meta_change(&self, tx: &Tx, key: &[u8], value: Option<Vec<u8>>) -> Result<()> {
        tx.0.write_xid()?;
        tx.0.writes.borrow_mut().meta.push(MetaChange { key: key.to_vec(), value });
        Ok(())
    }

    /// A committed value.
    pub fn meta_get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.meta.borrow().map.get(key).cloned()
    }

    /// Runs `f` for every committed pair whose key starts with `prefix`, in key order. `f` must not use the store's `meta`.
    pub fn meta_each(&self, prefix: &[u8], mut f: impl FnMut(&[u8], &[u8])) {
        let meta = self.meta.borrow();
        for (k, v) in meta.map.from(prefix) {
            if !k.starts_with(prefix) {
                break;
            }
            f(k, v);
        }
    }

    // Log.

    fn append(&self, record: &mut [u8]) -> Result<Lsn> {
        let mut sink = self.sink.borrow_mut();
        if let Some(e) = sink.failed() {
            return Err(e);
        }
        if record.len() >= u32::MAX as usize {
            return Err(tusklet_error::err!(PROGRAM_LIMIT_EXCEEDED, "transaction is too large to be logged"));
        }
        let lsn = Lsn(self.lsn.get().0 + 1);
        crate::log::seal(record, lsn, crate::log::Kind::Log);
        sink.append(lsn, record)?;
        self.lsn.set(lsn);
        self.log_bytes.set(self.log_bytes.get() + record.len() as u64);
        Ok(lsn)
    }

    /// The last record appended. What was read or given out so far is durable when [`Store::durable`] reaches it.
    pub fn last_lsn(&self) -> Lsn {
        self.lsn.get()
    }

    /// The last record that survives a crash.
    pub fn durable(&self) -> Lsn {
        self.sink.borrow().durable()
    }

    /// Why the store has become read-only, if it has.
    pub fn log_failure(&self) -> Option<Error> {
        self.sink.borrow().failed()
    }

    /// Log bytes written since the last checkpoint: the host checkpoints when they are many.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes.get()
    }
}
