//! A sort for short slices. The standard library's is a program of four kilobytes for every type it is used on, which a page downloads sixty
//! times; this one is there once, and a comparison and an exchange for each type. Where many rows are sorted, `tusklet_vector::sort` is right.
//! It lives here because every crate sees this one.

use std::cmp::Ordering;

/// Up to this length, elements are moved one by one.
const FEW: usize = 12;

/// Sorting in little code.
pub trait SortShort<T> {
    /// Stable, by a comparison.
    fn order_by(&mut self, cmp: impl FnMut(&T, &T) -> Ordering);

    /// Stable, by a key.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);

    /// By the elements' own order.
    fn order(&mut self)
    where
        T: Ord;
}

impl<T> SortShort<T> for [T] {
    fn order_by(&mut self, cmp: impl FnMut(&T, &T) -> Ordering) {
        sort(self.len(), &mut Elements(self, cmp));
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }

    fn order(&mut self)
    where
        T: Ord,
    {
        self.order_by(T::cmp);
    }
}

/// What is sorted, whatever it is.
trait Sorted {
    fn compare(&mut self, a: usize, b: usize) -> Ordering;
    fn swap(&mut self, a: usize, b: usize);
}

struct Elements<'a, T, F>(&'a mut [T], F);

impl<T, F: FnMut(&T, &T) -> Ordering> Sorted for Elements<'_, T, F> {
    fn compare(&mut self, a: usize, b: usize) -> Ordering {
        self.1(&self.0[a], &self.0[b])
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.0.swap(a, b);
    }
}

fn sort(len: usize, all: &mut dyn Sorted) {
    if len <= FEW {
        for end in 1..len {
            let mut i = end;
            while i > 0 && all.compare(i - 1, i).is_gt() {
                all.swap(i - 1, i);
                i -= 1;
            }
        }
        return;
    }
    let mut order = permutation(len, all);
    // Round every cycle of the permutation.
    for start in 0..len {
        let mut i = start;
        loop {
            let from = std::mem::replace(&mut order[i], i);
            if from == start {
                break;
            }
            all.swap(i, from);
            i = from;
        }
    }
}

/// Where the element of each place comes from: a merge sort of the places, stable.
fn permutation(len: usize, all: &mut dyn Sorted) -> Vec<usize> {
    let (mut from, mut to): (Vec<usize>, Vec<usize>) = ((0..len).collect(), vec![0; len]);
    let mut width = 1;
    while width < len {
        for start in (0..len).step_by(2 * width) {
            let (middle, end) = ((start + width).min(len), (start + 2 * width).min(len));
            let (mut a, mut b) = (start, middle);
            for place in &mut to[start..end] {
                let left = b == end || (a < middle && all.compare(from[a], from[b]).is_le());
                let next = if left { &mut a } else { &mut b };
                *place = from[*next];
                *next += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut state = 7u32;
        for len in (0..40).chain([100, 1000]) {
            let mut a: Vec<(u32, usize)> = (0..len)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24 & 15, i)
                })
                .collect();
            let mut b = a.clone();
            a.order_by_key(|x| x.0);
            b.sort_by_key(|x| x.0);
            assert_eq!(a, b);
            a.order_by(|x, y| y.cmp(x));
            b.sort_by(|x, y| y.cmp(x));
            assert_eq!(a, b);
            a.order();
            b.sort();
            assert_eq!(a, b);
        }
    }
}
