//! Walks over an index whose keys are not looked for as one range: the caller says of each key whether it is wanted and
//! where to go on. Answers are the first versions of rows, whoever sees them.

use tusklet_error::{Error, Result};

use crate::btree::{Position, join};
use crate::index::{Index, Unique, dirty_conflict};
use crate::snapshot::Snapshot;
use crate::transaction::Tx;
use crate::Tid;

/// What a key is to a walk.
pub enum Step {
    /// Wanted; go on.
    Take,
    /// Not wanted; go on.
    Skip,
    /// Not wanted, nor anything before this key.
    Seek(Vec<u8>),
    /// Past everything wanted.
    Stop,
}

impl Index {
    /// Walks from `start`; `f` sees every key that is not stale. Appends to `out` in key order, and says at which key it
    /// stopped because `most` were found.
    #[cfg_attr(tuned, optimize(size))]
    pub fn walk(
        &self,
        start: &[u8],
        most: usize,
        f: &mut dyn FnMut(&[u8]) -> Step,
        out: &mut Vec<Tid>,
    ) -> Result<Option<Vec<u8>>> {
        let tree = self.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
        let heap = self.table.read()?;
        let mut position = Position::at(start, 0);
        let mut key = Vec::new();
        let full = out.len() + most;
        while let Some((k, entry)) = position.next(&tree) {
            let Some(tid) = heap.entry_tid(entry) else { continue };
            key.clear();
            join(k.head, k.tail, &mut key);
            match f(&key) {
                Step::Take if out.len() == full => return Ok(Some(key)),
                Step::Take => out.push(tid),
                Step::Skip => {}
                // Never back: a caller that is wrong must not walk in circles.
                Step::Seek(to) if to > key => position = Position::at(&to, 0),
                Step::Seek(_) => {}
                Step::Stop => break,
            }
        }
        Ok(None)
    }

    /// Of rows found by their first versions, the versions a snapshot sees, in heap order and each once.
    #[cfg_attr(tuned, optimize(size))]
    pub fn visible(&self, snapshot: &Snapshot, mut found: Vec<Tid>) -> Result<Vec<Tid>> {
        Tid::arrange(&mut found);
        let heap = self.table.read()?;
        let status = self.table.txns.status.borrow();
        let mut out: Vec<Tid> =
            found.into_iter().filter_map(|t| crate::heap::visible_in_chain(&heap, t, snapshot, &status)).collect();
        Tid::arrange(&mut out);
        Ok(out)
    }

    /// What a row found by its first version is to somebody who cannot be beside it: as [`Index::check_unique`] says of a
    /// row with the same key.
    pub fn conflict(&self, tx: &Tx, tid: Tid, except: Option<Tid>) -> Result<Unique> {
        let heap = self.table.read()?;
        let status = self.table.txns.status.borrow();
        Ok(dirty_conflict(&heap, tid, tx, &status, except))
    }
}
