//! Vacuum: when dead versions are reclaimed, and stale index entries.
//!
//! A table asks for it when its dying versions outgrow an eighth of its rows; the next transaction to begin does it then,
//! which is between statements. What that costs is proportional to the writes since the last time. An index is swept when
//! stale entries are a quarter of it, which costs its size and happens at most every quarter of its size in deletions.

use tusklet_error::Result;

use crate::RelId;
use crate::heap::Table;
use crate::heap::prune::Pruning;
use crate::store::Store;

/// What a vacuum did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Versions reclaimed.
    pub removed: usize,
    /// Dead or dying versions that somebody may still see.
    pub kept: usize,
    /// Indexes whose stale entries were removed.
    pub swept: usize,
}

impl Table {
    /// Asks for vacuum once enough is dying. Called after every write that ends versions; costs a comparison.
    #[inline]
    pub(crate) fn dying_more(&self, dying: usize) {
        if dying >= self.vacuum_at.get() {
            self.vacuum_at.set(usize::MAX);
            self.txns.needy.borrow_mut().push(self.rel);
        }
    }

    /// Reclaims what is dead to everybody, moving rows back where that is allowed.
    pub(crate) fn prune(&self) -> Result<(usize, usize)> {
        let mut heap = self.write()?;
        let txns = &*self.txns;
        let horizon = txns.horizon();
        let status = txns.status.borrow();
        let quiet = txns.registry.oldest().is_none() && !txns.rows.any();
        let p = Pruning { horizon, status: &status, quiet, log_moves: txns.logging.get() };
        let removed = heap.prune(&p);
        let kept = heap.dying.len();
        self.vacuum_at.set(kept * 2 + 64 + (self.live_rows() / 8) as usize);
        Ok((removed, kept))
    }
}

impl Store {
    /// Vacuums a table and sweeps its indexes (VACUUM).
    pub fn vacuum(&self, rel: RelId) -> Result<Vacuumed> {
        self.vacuum_table(rel, 0)
    }

    fn vacuum_table(&self, rel: RelId, tolerated: u64) -> Result<Vacuumed> {
        let t = self.table(rel)?;
        let (removed, kept) = t.prune()?;
        let mut done = Vacuumed { removed, kept, swept: 0 };
        let stale = t.read()?.stale_entries;
        if stale == 0 {
            return Ok(done);
        }
        for i in self.indexes_of(rel) {
            let new = stale.saturating_sub(i.swept.get());
            if new > 0 && (tolerated == 0 || new > tolerated && new > i.len() as u64 / 4) {
                i.sweep()?;
                done.swept += 1;
            }
        }
        Ok(done)
    }

    /// Vacuums the tables that asked for it. Cheap when none did. `begin` calls it; a host with idle time may as well.
    pub fn maintain(&self) {
        if self.txns.needy.borrow().is_empty() {
            return;
        }
        let needy = std::mem::take(&mut *self.txns.needy.borrow_mut());
        for rel in needy {
            // A table that is being read right now asks again with its next write.
            if self.vacuum_table(rel, 1024).is_err()
                && let Ok(t) = self.table(rel)
            {
                t.vacuum_at.set(0);
            }
        }
    }
}
