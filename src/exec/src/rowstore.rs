//! Rows kept by an operator: one long vector a column.

use std::rc::Rc;

use tusklet_vector::{Batch, Phys, Sel, Vector};

use tusklet_vector::hashing::NONE;

/// Rows by column, addressed by number.
pub(crate) struct RowStore {
    pub columns: Vec<Vector>,
    pub rows: usize,
}

impl RowStore {
    pub fn new(types: &[Phys]) -> RowStore {
        RowStore { columns: types.iter().map(|p| Vector::empty(*p)).collect(), rows: 0 }
    }

    /// Appends the selected rows.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn push(&mut self, batch: &Batch) {
        for (to, from) in self.columns.iter_mut().zip(&batch.columns) {
            append(to, from, &batch.sel);
        }
        self.rows += batch.len();
    }

    /// The rows of these numbers, in that order.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn gather(&self, rows: &[u32]) -> Batch {
        let columns = self.columns.iter().map(|c| Rc::new(c.gather(rows))).collect();
        Batch { columns, sel: Sel::All(rows.len()) }
    }

    /// Only the rows of these numbers, in that order.
    pub fn keep(&mut self, rows: &[u32]) {
        for c in &mut self.columns {
            *c = c.gather(rows);
        }
        self.rows = rows.len();
    }

    pub fn clear(&mut self) {
        for c in &mut self.columns {
            *c = Vector::empty(c.phys());
        }
        self.rows = 0;
    }
}

/// Appends the selected rows of a column.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn append(to: &mut Vector, from: &Vector, sel: &Sel) {
    match sel {
        Sel::All(n) => to.extend_from(from, 0..*n),
        Sel::Rows(r) => to.extend_from(from, &r[..]),
    }
}

/// The rows of these numbers, NULL for [`NONE`].
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn gather_or_null(from: &Vector, rows: &[u32]) -> Vector {
    if !rows.contains(&NONE) {
        return from.gather(rows);
    }
    if from.is_empty() {
        let mut v = Vector::zeroed(from.phys(), rows.len());
        v.validity.clear_all(rows.len());
        return v;
    }
    let there: Vec<u32> = rows.iter().map(|r| if *r == NONE { 0 } else { *r }).collect();
    let mut v = from.gather(&there[..]);
    for (k, r) in rows.iter().enumerate() {
        if *r == NONE {
            v.validity.set(k, false);
        }
    }
    v
}
