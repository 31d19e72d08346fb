//! One row as expressions see it when they are evaluated for a single row.

use tusklet_vector::{Batch, Datum, Value};

/// Where columns come from.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    /// No columns at all.
    None,
    /// Owned values.
    Values(&'r [Value]),
    /// Borrowed ones.
    Datums(&'r [Datum<'r>]),
    /// A row of a batch.
    Batch(&'r Batch, usize),
    /// Columns of a stored row, by slot.
    Stored(&'r tusklet_storage::Row<'r>, &'r [usize]),
    /// The same, and more values after them.
    StoredWith(&'r tusklet_storage::Row<'r>, &'r [usize], &'r [Datum<'r>]),
}

impl<'r> Row<'r> {
    /// Column `i`.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn get(self, i: usize) -> Datum<'r> {
        match self {
            Row::None => Datum::Null,
            Row::Values(v) => v.get(i).map_or(Datum::Null, |v| v.as_datum()),
            Row::Datums(d) => d.get(i).copied().unwrap_or(Datum::Null),
            Row::Batch(b, row) => b.columns.get(i).map_or(Datum::Null, |c| c.get(row)),
            Row::Stored(r, slots) => slots.get(i).map_or(Datum::Null, |s| r.get(*s)),
            Row::StoredWith(r, slots, more) => match slots.get(i) {
                Some(s) => r.get(*s),
                None => more.get(i - slots.len()).copied().unwrap_or(Datum::Null),
            },
        }
    }

    /// Its place in the batch.
    #[inline]
    pub fn index(self) -> usize {
        match self {
            Row::Batch(_, i) => i,
            _ => 0,
        }
    }
}

/// A value, borrowed from the row or made.
pub(crate) enum Val<'r> {
    D(Datum<'r>),
    V(Value),
}

impl Val<'_> {
    pub const NULL: Val<'static> = Val::D(Datum::Null);

    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn d(&self) -> Datum<'_> {
        match self {
            Val::D(d) => *d,
            Val::V(v) => v.as_datum(),
        }
    }

    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn into_value(self) -> Value {
        match self {
            Val::D(d) => d.to_value(),
            Val::V(v) => v,
        }
    }

    pub fn bool(b: bool) -> Val<'static> {
        Val::D(Datum::Bool(b))
    }
}
