//! Sorting many rows by the heads of their keys. Not generic: one copy, compiled with this crate for speed, whoever sorts.

use std::cmp::Ordering;

/// Rows by number, then row.
pub fn sort_numbers(rows: &mut [(u64, u32)]) {
    rows.sort_unstable();
}

/// Rows by the first bytes of their keys; where these are the same `rest` compares two rows, and where that is too, the rows' numbers.
pub fn sort_prefixes(rows: &mut [(u128, u32)], rest: &dyn Fn(u32, u32) -> Ordering) {
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| rest(a.1, b.1)).then(a.1.cmp(&b.1)));
}
