//! Table scans: a group at a time, its columns lent.
//!
//! A scan visits groups in order and yields one batch for each group with visible rows. The batch's columns *are* the
//! group's: nothing is copied, and when the open group grows while somebody holds them, it is the group that copies.
//! Rows nobody may see are left out by the batch's selection; a group whose rows all are visible to everybody, as most
//! are, has `Sel::All` without looking at a row.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_vector::{Batch, Phys, Sel, Vector};

use crate::heap::{Group, Heap, Table};
use crate::snapshot::Snapshot;
use crate::stats::{Zone, ZoneFilter};
use crate::transaction::StatusTable;
use crate::{Tid, Xid};

/// A column of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanColumn {
    /// A column slot of the table.
    Column(usize),
    /// Where the version is, as an SQL `tid` (I64).
    Ctid,
    /// The inserting transaction (I64).
    Xmin,
    /// The deleting transaction, 0 for none (I64).
    Xmax,
    /// The inserting command (I64).
    Cmin,
    /// The deleting command (I64).
    Cmax,
}

/// One step of a scan: rows of one group.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// The columns asked for and the visible rows.
    pub batch: Batch,
    /// The group; row `i` of the batch is `Tid::new(group, i)`.
    pub group: usize,
}

impl Scanned {
    /// The tid of physical row `i` of the batch.
    #[inline]
    pub fn tid(&self, i: usize) -> Tid {
        Tid::new(self.group, i)
    }
}

/// A resumable scan. It borrows nothing between calls, and rows added after it started are never visited twice: what its
/// snapshot does not see, it does not yield.
#[derive(Clone)]
pub struct TableScan {
    table: Rc<Table>,
    columns: Vec<ScanColumn>,
    filters: Vec<ZoneFilter>,
    group: usize,
    end: usize,
    /// First offset in the first group and one past the last in the last.
    first: usize,
    last: usize,
    backward: bool,
}

impl TableScan {
    /// A scan of all groups there are now.
    pub fn new(table: &Rc<Table>, columns: Vec<ScanColumn>) -> TableScan {
        let end = table.groups();
        TableScan {
            table: table.clone(),
            columns,
            filters: Vec::new(),
            group: 0,
            end,
            first: 0,
            last: usize::MAX,
            backward: false,
        }
    }

    /// Passes over groups that cannot hold a row satisfying all of `filters`. Rows of the others still need the test.
    pub fn with_filters(mut self, filters: Vec<ZoneFilter>) -> TableScan {
        self.filters = filters;
        self
    }

    /// Only versions from `low` to `high`, both included.
    pub fn with_range(mut self, low: Option<Tid>, high: Option<Tid>) -> TableScan {
        if let Some(t) = low {
            self.group = t.group();
            self.first = if t.0 & 0xFFFF == 0 { 0 } else { t.offset() };
        }
        if let Some(t) = high {
            self.end = self.end.min(t.group() + 1);
            if t.group() + 1 == self.end {
                self.last = (t.0 & 0xFFFF) as usize;
            }
        }
        self
    }

    /// Last group first (rows inside a batch still ascend): for cursors that fetch backwards.
    pub fn backward(mut self) -> TableScan {
        self.backward = true;
        self
    }

    /// The table.
    pub fn table(&self) -> &Rc<Table> {
        &self.table
    }

    /// Groups yet to visit.
    pub fn remaining(&self) -> usize {
        self.end.saturating_sub(self.group)
    }

    /// The next group with visible rows, `None` at the end.
    pub fn next(&mut self, snapshot: &Snapshot) -> Result<Option<Scanned>> {
        let txns = self.table.txns.clone();
        while self.group < self.end {
            let is_first = self.first > 0 && (!self.backward || self.end - self.group == 1);
            let is_last = self.last < usize::MAX && (self.backward || self.end - self.group == 1);
            let g = if self.backward { self.end - 1 } else { self.group };
            if self.backward {
                self.end -= 1
            } else {
                self.group += 1
            }
            let low = if is_first { self.first } else { 0 };
            let high = if is_last { self.last } else { usize::MAX };
            if is_last && self.backward {
                self.last = usize::MAX;
            }
            if is_first && !self.backward {
                self.first = 0;
            }
            // Noting what is visible to all, and zone maps, need the heap to write; while a row of it is held they wait.
            if let Ok(mut heap) = self.table.heap.try_borrow_mut() {
                let Heap { groups, columns, .. } = &mut *heap;
                let Some(group) = groups.get_mut(g) else { continue };
                if group.rows == 0 || !self.filters.is_empty() && !group.may_match(columns, &self.filters) {
                    continue;
                }
                if group.visible < group.rows {
                    let horizon = txns.horizon();
                    let status = txns.status.borrow();
                    group.advance_visible(horizon, &status);
                    if group.visible < group.rows && group.slots.is_some() && group.settled.is_none() {
                        group.settle(horizon, &status);
                    }
                }
            }
            let heap = self.table.read()?;
            let columns = &heap.columns;
            let Some(group) = heap.groups.get(g) else { continue };
            let mut sel = select(group, snapshot, &txns.status.borrow());
            if low > 0 || high < group.rows {
                sel = sel.filter(|i| i >= low && i < high);
            }
            if sel.is_empty() {
                continue;
            }
            let mut out = Vec::with_capacity(self.columns.len());
            for c in &self.columns {
                out.push(match c {
                    ScanColumn::Column(c) => match (group.columns.get(*c), columns.get(*c)) {
                        (Some(v), _) => v.clone(),
                        (None, Some(m)) => m.missing.clone(),
                        (None, None) => return Err(Error::internal("no such column in the table file")),
                    },
                    system => Rc::new(system_column(group, g, *system)),
                });
            }
            return Ok(Some(Scanned { batch: Batch { columns: out, sel }, group: g }));
        }
        Ok(None)
    }
}

fn system_column(group: &Group, g: usize, which: ScanColumn) -> Vector {
    let mut v = Vector::zeroed(Phys::I64, group.rows);
    for (i, x) in v.i64s_mut().iter_mut().enumerate() {
        *x = match which {
            ScanColumn::Ctid => Tid::new(g, i).0,
            ScanColumn::Xmin => group.xmin(i).0 as i64,
            ScanColumn::Xmax => group.xmax(i).0 as i64,
            ScanColumn::Cmin => group.cmin(i) as i64,
            ScanColumn::Cmax => group.cmax(i) as i64,
            ScanColumn::Column(_) => 0,
        };
    }
    v
}

/// The rows of a group that a snapshot sees.
pub(crate) fn select(group: &Group, snapshot: &Snapshot, status: &StatusTable) -> Sel {
    use crate::heap::group::Begins;
    if group.visible >= group.rows {
        return Sel::All(group.rows);
    }
    if let Some(rows) = &group.settled {
        return Sel::Rows(rows.clone());
    }
    if let (Begins::Uniform(x, c), None, None) = (&group.begin, &group.ends, &group.slots) {
        return Sel::All(if snapshot.sees_insert(*x, *c, status) { group.rows } else { group.visible });
    }
    let mut rows: Vec<u16> = Vec::with_capacity(group.rows);
    rows.extend((0..group.visible).map(|i| i as u16));
    // Neighbours tend to come from one command, so the last answers are kept.
    let (mut born, mut born_seen) = ((Xid::NONE, 0), false);
    let (mut died, mut died_seen) = ((Xid::NONE, 0), false);
    let hidden = group.slots.as_ref().map(|s| s.hidden.words());
    let from = group.visible;
    for w in from / 64..group.rows.div_ceil(64) {
        let mut bits = hidden.map_or(u64::MAX, |h| !h[w]);
        if w == from / 64 {
            bits &= u64::MAX << (from % 64);
        }
        if w == group.rows / 64 {
            bits &= (1 << (group.rows % 64)) - 1;
        }
        while bits != 0 {
            let i = w * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let b = (group.xmin(i), group.cmin(i));
            if b != born {
                (born, born_seen) = (b, snapshot.sees_insert(b.0, b.1, status));
            }
            if !born_seen {
                continue;
            }
            let xmax = group.xmax(i);
            if !xmax.is_none() {
                let d = (xmax, group.cmax(i));
                if d != died {
                    (died, died_seen) = (d, snapshot.sees_delete(d.0, d.1, status));
                }
                if died_seen {
                    continue;
                }
            }
            rows.push(i as u16);
        }
    }
    if rows.len() == group.rows { Sel::All(group.rows) } else { Sel::Rows(Rc::new(rows)) }
}

impl Group {
    /// Whether the zone maps leave room for a row that satisfies all of `filters`. Only full groups have zones; each
    /// column's is computed when first asked for.
    fn may_match(&mut self, columns: &[crate::heap::ColumnMeta], filters: &[ZoneFilter]) -> bool {
        if !self.full() {
            return true;
        }
        for f in filters {
            let c = f.column;
            let Some(v) = self.columns.get(c) else {
                if columns.get(c).is_some_and(|m| Zone::of(&m.missing).is_some_and(|z| !z.meets(f))) {
                    return false;
                }
                continue;
            };
            let zones = &mut self.known.get_or_insert_default().zones;
            if zones.len() <= c {
                zones.resize(c + 1, None);
            }
            let zone = match zones[c] {
                Some(z) => z,
                None => match Zone::of(v) {
                    Some(z) => *zones[c].insert(z),
                    None => continue,
                },
            };
            if !zone.meets(f) {
                return false;
            }
        }
        true
    }
}
