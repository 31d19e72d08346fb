//! Reclaiming slots.

use std::rc::Rc;

use tusklet_vector::{Datum, Vector};

use crate::heap::Heap;

impl Heap {
    /// Gives up a dropped column's values; its slot reads NULL from now on.
    pub(crate) fn drop_column(&mut self, c: usize) {
        let Some(meta) = self.columns.get_mut(c) else { return };
        meta.dropped = true;
        meta.missing = Rc::new(Vector::constant(meta.phys, Datum::Null));
        for g in &mut self.groups {
            if let Some(v) = g.columns.get_mut(c) {
                let mut empty = Vector::zeroed(meta.phys, v.len());
                empty.validity.clear_all(v.len());
                *v = Rc::new(empty);
                g.saved = None;
            }
        }
    }
}
