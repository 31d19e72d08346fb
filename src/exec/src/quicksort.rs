//! The quicksort of Bentley and McIlroy ("Engineering a sort function", 1993), as PostgreSQL sorts in memory.
//!
//! SQL leaves the order of rows with equal keys open, but people compare what they see with PostgreSQL: with the same
//! algorithm over the same input the ties come out the same. Not stable, worst case quadratic; callers bound the length.

use std::cmp::Ordering;

/// Longest input sorted this way.
pub(crate) const MOST: usize = 1 << 16;

/// Sorts `v`.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn sort<T: Copy>(mut v: &mut [T], cmp: &mut impl FnMut(&T, &T) -> Ordering) {
    loop {
        let n = v.len();
        if (1..n).all(|i| cmp(&v[i - 1], &v[i]).is_le()) {
            return;
        }
        if n < 7 {
            for i in 1..n {
                let mut k = i;
                while k > 0 && cmp(&v[k - 1], &v[k]).is_gt() {
                    v.swap(k - 1, k);
                    k -= 1;
                }
            }
            return;
        }
        let mut middle = n / 2;
        if n > 7 {
            let (mut low, mut high) = (0, n - 1);
            if n > 40 {
                let d = n / 8;
                low = median(v, low, low + d, low + 2 * d, cmp);
                middle = median(v, middle - d, middle, middle + d, cmp);
                high = median(v, high - 2 * d, high - d, high, cmp);
            }
            middle = median(v, low, middle, high, cmp);
        }
        v.swap(0, middle);
        // Equal to the pivot: ..a and d+1..; smaller: a..b; greater: c+1..=d. One past the end where C has pointers.
        let (mut a, mut b) = (1, 1);
        let (mut c, mut d) = (n, n);
        loop {
            while b < c {
                match cmp(&v[b], &v[0]) {
                    Ordering::Greater => break,
                    Ordering::Equal => {
                        v.swap(a, b);
                        a += 1;
                    }
                    Ordering::Less => {}
                }
                b += 1;
            }
            while b < c {
                match cmp(&v[c - 1], &v[0]) {
                    Ordering::Less => break,
                    Ordering::Equal => {
                        v.swap(c - 1, d - 1);
                        d -= 1;
                    }
                    Ordering::Greater => {}
                }
                c -= 1;
            }
            if b >= c {
                break;
            }
            v.swap(b, c - 1);
            b += 1;
            c -= 1;
        }
        let k = a.min(b - a);
        swap_runs(v, 0, b - k, k);
        let k = (d - c).min(n - d);
        swap_runs(v, b, n - k, k);
        let (less, greater) = (b - a, d - c);
        let (left, right) = v.split_at_mut(n - greater);
        let left = &mut left[..less];
        if less <= greater {
            if less > 1 {
                sort(left, cmp);
            }
            if greater <= 1 {
                return;
            }
            v = right;
        } else {
            if greater > 1 {
                sort(right, cmp);
            }
            if less <= 1 {
                return;
            }
            v = left;
        }
    }
}

fn swap_runs<T>(v: &mut [T], a: usize, b: usize, n: usize) {
    for i in 0..n {
        v.swap(a + i, b + i);
    }
}

#[cfg_attr(tuned, optimize(speed))]
fn median<T>(v: &[T], a: usize, b: usize, c: usize, cmp: &mut impl FnMut(&T, &T) -> Ordering) -> usize {
    if cmp(&v[a], &v[b]).is_lt() {
        if cmp(&v[b], &v[c]).is_lt() {
            b
        } else if cmp(&v[a], &v[c]).is_lt() {
            c
        } else {
            a
        }
    } else if cmp(&v[b], &v[c]).is_gt() {
        b
    } else if cmp(&v[a], &v[c]).is_lt() {
        a
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_whatever_comes() {
        let mut x = 88172645463325252u64;
        for n in 0..300usize {
            for span in [1u64, 3, 1000] {
                let mut v: Vec<u64> = (0..n)
                    .map(|_| {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        x % span
                    })
                    .collect();
                let mut expected = v.clone();
                expected.sort();
                sort(&mut v, &mut |a, b| a.cmp(b));
                assert_eq!(v, expected);
            }
        }
    }
}
