//! Collecting what may fail, in one loop: the standard library does it by five small functions for each closure.

use crate::Result;

/// An iterator of results.
pub trait TryVec<T> {
    /// All of them, or the first that failed.
    fn try_vec(self) -> Result<Vec<T>>;
}

impl<T, I: Iterator<Item = Result<T>>> TryVec<T> for I {
    fn try_vec(self) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for one in self {
            all.push(one?);
        }
        Ok(all)
    }
}
