//! The contents of redo records.
//!
//! A commit record is physical: rows by tid, index entries by key and tid. That is possible because reclaiming a slot is
//! never logged and need not be: a slot is only used again after its version's end was logged, so replaying in order
//! overwrites what is dead by then. Vacuum's moves are the one change of place, and precede the next commit.
//! Definitions come first in a record, so that rows can be written with all the columns there are at commit.

use tusklet_error::Result;

use crate::codec::{put_bytes, put_column, put_i64, put_phys, put_u64, put_value};
use crate::heap::{Heap, Table};
use crate::log::start_record;
use crate::sequence::{Sequence, SequenceState};
use crate::store::{Rel, Store};
use crate::transaction::{Op, Tx};
use crate::{RelId, Tid};

pub(crate) mod tag {
    pub const MOVES: u8 = 1;
    pub const CREATE_TABLE: u8 = 2;
    pub const INSERT: u8 = 3;
    pub const UPDATE: u8 = 4;
    pub const DELETE: u8 = 5;
    pub const INDEX_PUT: u8 = 6;
    pub const INDEX_BUILD: u8 = 7;
    pub const CREATE_INDEX: u8 = 8;
    pub const DROP: u8 = 9;
    pub const ADD_COLUMN: u8 = 10;
    pub const DROP_COLUMN: u8 = 11;
    pub const SEQUENCE: u8 = 12;
    pub const SEQUENCE_STATE: u8 = 13;
    pub const META_PUT: u8 = 14;
    pub const META_DELETE: u8 = 15;
}

/// Writes one operation: tag, length, body.
#[cfg_attr(tuned, optimize(size))]
fn op(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out)?;
    let n = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&n.to_le_bytes());
    Ok(())
}

#[cfg_attr(tuned, optimize(size))]
fn put_rows(out: &mut Vec<u8>, heap: &Heap, tid: Tid, n: usize) -> Result<()> {
    let first = tid.offset();
    let Some(g) = heap.groups.get(tid.group()).filter(|g| first + n <= g.rows) else {
        return Err(tusklet_error::Error::internal("written row is gone at commit"));
    };
    let gens = (first..first + n).any(|i| g.generation(i) != 0);
    out.push(gens as u8);
    if gens {
        (first..first + n).for_each(|i| put_u64(out, g.generation(i) as u64));
    }
    put_u64(out, heap.columns.len() as u64);
    for (c, meta) in heap.columns.iter().enumerate() {
        match g.columns.get(c) {
            Some(v) => put_column(out, v, first..first + n),
            None => put_column(out, &meta.missing, first..first + n),
        }
    }
    Ok(())
}

#[cfg_attr(tuned, optimize(size))]
pub(crate) fn put_columns(out: &mut Vec<u8>, table: &Table) -> Result<()> {
    let heap = table.read()?;
    put_u64(out, heap.columns.len() as u64);
    for c in &heap.columns {
        put_phys(out, c.phys);
        out.push(c.dropped as u8);
        put_value(out, c.missing.get(0));
    }
    Ok(())
}

#[cfg_attr(tuned, optimize(size))]
pub(crate) fn put_sequence(out: &mut Vec<u8>, s: &Sequence, state: SequenceState) {
    let o = s.options.get();
    for v in [o.start, o.increment, o.min, o.max] {
        put_i64(out, v);
    }
    out.push(o.cycle as u8);
    put_i64(out, state.last);
    out.push(state.called as u8);
}

impl Store {
    #[cfg_attr(tuned, optimize(size))]
    pub(crate) fn encode_commit(&self, tx: &Tx, out: &mut Vec<u8>) -> Result<()> {
        start_record(out);
        let w = tx.writes();
        put_u64(out, self.next_xid().0);
        put_u64(out, tx.0.write_xid()?.0);
        self.encode_moves(&w.ops, out)?;
        let mut created: Vec<RelId> = Vec::new();
        for o in &w.ops {
            match o {
                Op::CreateTable { rel } => {
                    created.push(*rel);
                    let t = self.table(*rel)?;
                    op(out, tag::CREATE_TABLE, |out| {
                        put_u64(out, rel.0 as u64);
                        put_columns(out, &t)
                    })?;
                }
                Op::CreateIndex { rel, table } => op(out, tag::CREATE_INDEX, |out| {
                    put_u64(out, rel.0 as u64);
                    put_u64(out, table.0 as u64);
                    Ok(())
                })?,
                Op::CreateSequence { rel } => {
                    if let Rel::Sequence(s) = self.slot(*rel)?.rel {
                        // From now on positions are logged on their own; this one must not lie behind what was given.
                        let state = SequenceState { log_count: 0, ..s.state.get() };
                        s.state.set(state);
                        op(out, tag::SEQUENCE, |out| {
                            put_u64(out, rel.0 as u64);
                            put_sequence(out, &s, state);
                            Ok(())
                        })?;
                    }
                }
                Op::AddColumn { rel } if !created.contains(rel) => {
                    created.push(*rel);
                    let t = self.table(*rel)?;
                    op(out, tag::ADD_COLUMN, |out| {
                        put_u64(out, rel.0 as u64);
                        put_columns(out, &t)
                    })?;
                }
                _ => {}
            }
        }
        let mut last: Option<std::rc::Rc<Table>> = None;
        let mut table = |rel: RelId| match &last {
            Some(t) if t.rel == rel => Ok(t.clone()),
            _ => {
                let t = self.table(rel)?;
                last = Some(t.clone());
                Ok::<_, tusklet_error::Error>(t)
            }
        };
        for o in &w.ops {
            match o {
                Op::Insert { rel, tid, n } => {
                    let t = table(*rel)?;
                    op(out, tag::INSERT, |out| {
                        put_u64(out, rel.0 as u64);
                        put_u64(out, tid.0 as u64);
                        put_u64(out, *n as u64);
                        put_rows(out, &*t.read()?, *tid, *n as usize)
                    })?;
                }
                Op::Update { rel, old, new, hot } => {
                    let t = table(*rel)?;
                    op(out, tag::UPDATE, |out| {
                        put_u64(out, rel.0 as u64);
                        put_u64(out, old.0 as u64);
                        put_u64(out, new.0 as u64);
                        out.push(*hot as u8);
                        put_rows(out, &*t.read()?, *new, 1)
                    })?;
                }
                Op::Delete { rel, tid } => op(out, tag::DELETE, |out| {
                    put_u64(out, rel.0 as u64);
                    put_u64(out, tid.0 as u64);
                    Ok(())
                })?,
                Op::IndexPut { rel, entry, start, end } => op(out, tag::INDEX_PUT, |out| {
                    put_u64(out, rel.0 as u64);
                    out.extend_from_slice(&entry.to_le_bytes());
                    out.extend_from_slice(w.keys.get(*start as usize..*end as usize).unwrap_or(&[]));
                    Ok(())
                })?,
                Op::IndexBuild { rel } => {
                    let i = self.index(*rel)?;
                    let tree = i.tree.borrow();
                    op(out, tag::INDEX_BUILD, |out| {
                        put_u64(out, rel.0 as u64);
                        put_u64(out, tree.len as u64);
                        tree.each(|k, v| {
                            out.extend_from_slice(&v.to_le_bytes());
                            put_bytes(out, k);
                        });
                        Ok(())
                    })?;
                }
                _ => {}
            }
        }
        for o in &w.ops {
            match o {
                Op::Drop { rel } => op(out, tag::DROP, |out| {
                    put_u64(out, rel.0 as u64);
                    Ok(())
                })?,
                Op::DropColumn { rel, column } => op(out, tag::DROP_COLUMN, |out| {
                    put_u64(out, rel.0 as u64);
                    put_u64(out, *column as u64);
                    Ok(())
                })?,
                _ => {}
            }
        }
        for m in &w.meta {
            op(out, if m.value.is_some() { tag::META_PUT } else { tag::META_DELETE }, |out| {
                put_bytes(out, &m.key);
                out.extend_from_slice(m.value.as_deref().unwrap_or(&[]));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Moves vacuum made in the tables this record writes to. Others' keep until their turn, or until a checkpoint.
    #[cfg_attr(tuned, optimize(size))]
    fn encode_moves(&self, ops: &[Op], out: &mut Vec<u8>) -> Result<()> {
        let mut done: Option<RelId> = None;
        for o in ops {
            let (Op::Insert { rel, .. } | Op::Update { rel, .. } | Op::Delete { rel, .. }) = o else { continue };
            if done == Some(*rel) {
                continue;
            }
            done = Some(*rel);
            let t = self.table(*rel)?;
            let moves = std::mem::take(&mut t.write()?.moves);
            if moves.is_empty() {
                continue;
            }
            op(out, tag::MOVES, |out| {
                put_u64(out, rel.0 as u64);
                for (from, to) in &moves {
                    put_u64(out, from.0 as u64);
                    put_u64(out, to.0 as u64);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    #[cfg_attr(tuned, optimize(size))]
    pub(crate) fn encode_sequence(&self, rel: RelId, state: SequenceState, out: &mut Vec<u8>) {
        start_record(out);
        put_u64(out, self.next_xid().0);
        put_u64(out, 0);
        let _ = op(out, tag::SEQUENCE_STATE, |out| {
            put_u64(out, rel.0 as u64);
            put_i64(out, state.last);
            out.push(state.called as u8);
            Ok(())
        });
    }
}
