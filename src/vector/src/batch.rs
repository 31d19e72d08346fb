//! Batches: a few columns of up to [`BATCH`] rows and the selection of those that count.

use std::rc::Rc;

use crate::Vector;

/// Most rows of a batch, and rows of a storage row group.
pub const BATCH: usize = 2048;

/// Which rows of a batch count, ascending.
#[derive(Clone, Debug)]
pub enum Sel {
    /// Rows `0..n`.
    All(usize),
    /// These rows.
    Rows(Rc<Vec<u16>>),
}

impl Sel {
    /// How many rows.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Sel::All(n) => *n,
            Sel::Rows(r) => r.len(),
        }
    }

    /// Whether none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k`-th selected row.
    #[inline]
    pub fn row(&self, k: usize) -> usize {
        match self {
            Sel::All(_) => k,
            Sel::Rows(r) => r[k] as usize,
        }
    }

    /// The rows, ascending.
    pub fn iter(&self) -> SelIter<'_> {
        match self {
            Sel::All(n) => SelIter { rows: &[], next: 0, end: *n },
            Sel::Rows(r) => SelIter { rows: r, next: 0, end: r.len() },
        }
    }

    /// Runs `f` for each row, with the common whole-batch case as a plain counted loop.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn each(&self, mut f: impl FnMut(usize)) {
        match self {
            Sel::All(n) => (0..*n).for_each(f),
            Sel::Rows(r) => r.iter().for_each(|i| f(*i as usize)),
        }
    }

    /// Runs `f` for each row until it fails.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn try_each<E>(&self, mut f: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        match self {
            Sel::All(n) => (0..*n).try_for_each(f),
            Sel::Rows(r) => r.iter().try_for_each(|i| f(*i as usize)),
        }
    }

    /// The rows for which `keep` holds.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn filter(&self, mut keep: impl FnMut(usize) -> bool) -> Sel {
        let mut rows = Vec::with_capacity(self.len());
        self.each(|i| {
            if keep(i) {
                rows.push(i as u16);
            }
        });
        if rows.len() == self.len() { self.clone() } else { Sel::Rows(Rc::new(rows)) }
    }

    /// The first `n` selected rows.
    pub fn take(&self, n: usize) -> Sel {
        match self {
            Sel::All(len) => Sel::All(n.min(*len)),
            Sel::Rows(r) if n >= r.len() => Sel::Rows(r.clone()),
            Sel::Rows(r) => Sel::Rows(Rc::new(r[..n].to_vec())),
        }
    }

    /// All but the first `n` selected rows.
    pub fn skip(&self, n: usize) -> Sel {
        match self {
            _ if n == 0 => self.clone(),
            Sel::All(len) => Sel::Rows(Rc::new((n.min(*len)..*len).map(|i| i as u16).collect())),
            Sel::Rows(r) => Sel::Rows(Rc::new(r[n.min(r.len())..].to_vec())),
        }
    }
}

/// Iterator over a [`Sel`].
pub struct SelIter<'a> {
    rows: &'a [u16],
    next: usize,
    end: usize,
}

impl Iterator for SelIter<'_> {
    type Item = usize;

    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self) -> Option<usize> {
        if self.next >= self.end {
            return None;
        }
        let k = self.next;
        self.next += 1;
        Some(if self.rows.is_empty() { k } else { self.rows[k] as usize })
    }
}

/// Columns of equal physical length and the rows of them that count. Columns are shared, never copied to be passed on.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The columns; each holds at least every selected row, or is constant.
    pub columns: Vec<Rc<Vector>>,
    /// The rows that count.
    pub sel: Sel,
}

impl Batch {
    /// All `rows` rows of `columns`.
    pub fn new(columns: Vec<Rc<Vector>>, rows: usize) -> Batch {
        Batch { columns, sel: Sel::All(rows) }
    }

    /// Selected rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.sel.len()
    }

    /// Whether no row is selected.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.sel.is_empty()
    }

    /// Physical rows an expression's result must have room for: one past the last selected row.
    pub fn extent(&self) -> usize {
        match &self.sel {
            Sel::All(n) => *n,
            Sel::Rows(r) => r.last().map_or(0, |i| *i as usize + 1),
        }
    }
}
