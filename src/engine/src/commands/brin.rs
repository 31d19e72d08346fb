//! Ranges of BRIN indexes, as the functions that make summaries count them.
//!
//! A block is a row group, as in `ctid`, and a range `pages_per_range` of them. Summaries are of single groups, and whoever scans
//! makes those that are missing (`exec::op::brin_scan`): that a range counts as summarized says what PostgreSQL would answer,
//! not what a scan can pass over. An index that was opened counts all ranges there are, as if autovacuum had been at work.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Relation;
use tusklet_error::Result;
use tusklet_planner::pages_per_range;

use super::heap;
use crate::session::Shared;

/// Calls `f` with the ranges that count as summarized, the blocks of the table and the length of a range; not while the
/// table is not loaded.
fn with(shared: &Shared, index: &Relation, f: &mut dyn FnMut(&mut Vec<bool>, usize, usize)) -> Result<()> {
    let store = &shared.db.store;
    let file = store.index(heap::file(index))?;
    if store.is_loaded(file.table().rel()) {
        let (blocks, long) = (file.table().groups(), pages_per_range(index) as usize);
        let mut known = file.summarized.borrow_mut();
        f(known.get_or_insert_with(|| vec![true; blocks.div_ceil(long)]), blocks, long);
    }
    Ok(())
}

/// An index that was just filled has all its ranges summarized, and the first of an empty table too (`brinbuild`).
pub fn built(shared: &Shared, index: &Relation) -> Result<()> {
    shared.db.store.index(heap::file(index))?.table().rest();
    with(shared, index, &mut |known, blocks, long| *known = vec![true; blocks.div_ceil(long).max(1)])
}

/// Summarizes all ranges, or the one with a block, and says how many were not (`brinsummarize`). `partial`: the last one too
/// if it has not all its blocks.
pub fn summarize(shared: &Shared, index: &Relation, block: Option<usize>, partial: bool) -> Result<i32> {
    let mut count = 0;
    with(shared, index, &mut |known, blocks, long| {
        let ranges = if partial { blocks.div_ceil(long) } else { blocks / long };
        known.resize(known.len().max(ranges), false);
        for (r, is) in known.iter_mut().enumerate().take(ranges) {
            if !*is && block.is_none_or(|b| b / long == r) {
                *is = true;
                count += 1;
            }
        }
    })?;
    Ok(count)
}

/// Takes the summary of the range with a block away.
pub fn desummarize(shared: &Shared, index: &Relation, block: usize) -> Result<()> {
    with(shared, index, &mut |known, _, long| {
        if let Some(is) = known.get_mut(block / long) {
            *is = false;
        }
    })
}

/// VACUUM summarizes what is whole.
pub fn vacuum(shared: &Shared, table: &Relation) -> Result<()> {
    let c = shared.catalog();
    for index in table.indexes.iter().filter_map(|i| c.relation(*i)).filter(|i| i.access_method == oids::AM_BRIN) {
        summarize(shared, &index, None, false)?;
    }
    Ok(())
}
