//! What an index says of the values of a whole group, in bytes that are the caller's: which values can be there.
//!
//! Nothing of it is stored or logged. Who scans makes it of a full group that has none, from all versions, and it is gone
//! when a value of the group changes; so it is never narrower than the group, whoever wrote, rolled back or crashed. The
//! group that still grows has none.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_vector::{Batch, Sel};

use crate::RelId;
use crate::heap::Table;

/// A group to an index.
pub enum Summary {
    /// It still grows: anything can be in it.
    Open,
    /// What was said of it.
    Known(Rc<[u8]>),
    /// All its versions, of which nothing was said yet; a column for every slot.
    Unknown(Batch),
}

/// Indexes that one group remembers; more are of indexes that are gone.
const MOST: usize = 16;

impl Table {
    /// What `index` says of a group.
    #[cfg_attr(tuned, optimize(size))]
    pub fn summary(&self, group: usize, index: RelId) -> Result<Summary> {
        let heap = self.read()?;
        let Some(g) = heap.groups.get(group).filter(|g| g.full()) else { return Ok(Summary::Open) };
        if let Some((_, s)) = g.known.iter().flat_map(|k| &k.summaries).find(|(i, _)| *i == index) {
            return Ok(Summary::Known(s.clone()));
        }
        let columns = heap.columns.iter().enumerate();
        let columns = columns.map(|(c, m)| g.columns.get(c).unwrap_or(&m.missing).clone()).collect();
        // Free slots may have no value at all.
        let all = Sel::All(g.rows);
        let sel = if g.free_count() > 0 { all.filter(|i| !g.is_free(i)) } else { all };
        Ok(Summary::Unknown(Batch { columns, sel }))
    }

    /// Remembers what `index` says of a group that [`Table::summary`] did not know.
    #[cfg_attr(tuned, optimize(size))]
    pub fn summarize(&self, group: usize, index: RelId, summary: &[u8]) -> Result<Rc<[u8]>> {
        let summary: Rc<[u8]> = summary.into();
        let mut heap = self.write()?;
        let Some(g) = heap.groups.get_mut(group).filter(|g| g.full()) else { return Ok(summary) };
        let list = &mut g.known.get_or_insert_default().summaries;
        if list.len() >= MOST {
            list.clear();
        }
        list.push((index, summary.clone()));
        Ok(summary)
    }
}
