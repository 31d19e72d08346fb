//! What an index says of the values of a whole group, in bytes that are the caller's: which values can be there.
//!
//! Nothing of it is stored or logged. Who scans makes it of a group that has none, from all versions, and it is gone when a
//! value of the group changes; so it is never narrower than the group, whoever wrote, rolled back or crashed. Of the group
//! that still grows it is made only by the second who looks since it changed: for one it would be no use.

use std::rc::Rc;

use tusklet_vector::{Batch, Sel};

use crate::RelId;
use crate::heap::{Heap, Table};

/// A group to an index.
pub enum Summary {
    /// It grew since somebody looked: anything can be in it.
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
    pub fn summary(&self, group: usize, index: RelId) -> Summary {
        // While a row is held nothing can be noted.
        let Ok(mut heap) = self.heap.try_borrow_mut() else { return Summary::Open };
        let Heap { groups, columns, .. } = &mut *heap;
        let Some(g) = groups.get_mut(group) else { return Summary::Open };
        if !g.full() && g.known.is_none() {
            g.known = Some(Box::default());
            return Summary::Open;
        }
        if let Some((_, s)) = g.known.iter().flat_map(|k| &k.summaries).find(|(i, _)| *i == index) {
            return Summary::Known(s.clone());
        }
        g.known.get_or_insert_default();
        let columns = columns.iter().enumerate();
        let columns = columns.map(|(c, m)| g.columns.get(c).unwrap_or(&m.missing).clone()).collect();
        // Free slots may have no value at all.
        let all = Sel::All(g.rows);
        let sel = if g.free_count() > 0 { all.filter(|i| !g.is_free(i)) } else { all };
        Summary::Unknown(Batch { columns, sel })
    }

    /// Somebody looked at the group that grows, and it is unlikely to grow now.
    #[cfg_attr(tuned, optimize(size))]
    pub fn rest(&self) {
        if let Ok(mut heap) = self.heap.try_borrow_mut()
            && let Some(g) = heap.groups.last_mut()
        {
            g.known.get_or_insert_default();
        }
    }

    /// Remembers what `index` says of a group that [`Table::summary`] did not know, unless it has changed meanwhile.
    #[cfg_attr(tuned, optimize(size))]
    pub fn summarize(&self, group: usize, index: RelId, summary: &[u8]) -> Rc<[u8]> {
        let summary: Rc<[u8]> = summary.into();
        if let Ok(mut heap) = self.heap.try_borrow_mut()
            && let Some(known) = heap.groups.get_mut(group).and_then(|g| g.known.as_mut())
        {
            let list = &mut known.summaries;
            if list.len() >= MOST {
                list.clear();
            }
            list.push((index, summary.clone()));
        }
        summary
    }
}
