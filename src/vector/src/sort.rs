//! Sorting many rows by numbers: by the bits in which they differ, from the highest down, each time into as many heaps as up to eight of them
//! tell apart, in place. So little code per type of row that the standard library's sort, which is ten times that, is used nowhere.

use std::cmp::Ordering;

use tusklet_error::SortShort;

/// Up to so many rows are moved one by one.
const FEW: usize = 24;

/// Rows by a number, rows of the same number by their own.
pub fn sort_numbers(rows: &mut [(u64, u32)]) {
    sort_by_words(rows, 2, &|r, word| if word == 0 { r.0 } else { u64::from(r.1) }, &|_, _| Ordering::Equal);
}

/// Rows by the first bytes of their keys; where these are the same `rest` compares two rows, and where that is too, the rows' numbers.
pub fn sort_prefixes(rows: &mut [(u128, u32)], rest: Option<&dyn Fn(u32, u32) -> Ordering>) {
    let word = |r: &(u128, u32), word| match word {
        0 => (r.0 >> 64) as u64,
        1 => r.0 as u64,
        _ => u64::from(r.1),
    };
    match rest {
        Some(rest) => sort_by_words(rows, 2, &word, &|a, b| rest(a.1, b.1).then(a.1.cmp(&b.1))),
        None => sort_by_words(rows, 3, &word, &|_, _| Ordering::Equal),
    }
}

/// Rows by numbers, of which each has `words`, the first the most significant; rows that have all in common, by `rest`. Not stable.
pub fn sort_by_words<T: Copy>(
    rows: &mut [T],
    words: usize,
    word: &impl Fn(&T, usize) -> u64,
    rest: &dyn Fn(&T, &T) -> Ordering,
) {
    let order = |a: &T, b: &T| compare(a, b, 0, words, word, rest);
    let [first, second, ..] = rows else { return };
    // What is in order, or the other way round, often is.
    let falling = order(first, second).is_gt();
    if rows.windows(2).all(|w| order(&w[0], &w[1]).is_gt() == falling) {
        if falling {
            rows.reverse();
        }
        return;
    }
    into_heaps(rows, 0, words, word, rest);
}

#[cfg_attr(tuned, optimize(speed))]
fn into_heaps<T: Copy>(
    rows: &mut [T],
    mut at: usize,
    words: usize,
    word: &impl Fn(&T, usize) -> u64,
    rest: &dyn Fn(&T, &T) -> Ordering,
) {
    if rows.len() <= FEW {
        for end in 1..rows.len() {
            let row = rows[end];
            let mut i = end;
            while i > 0 && compare(&rows[i - 1], &row, at, words, word, rest).is_gt() {
                rows[i] = rows[i - 1];
                i -= 1;
            }
            rows[i] = row;
        }
        return;
    }
    let different = loop {
        if at == words {
            return rows.order_by(rest);
        }
        let first = word(&rows[0], at);
        let different = rows.iter().fold(0, |d, r| d | (word(r, at) ^ first));
        if different != 0 {
            break different;
        }
        at += 1;
    };
    // A few rows a heap: looking at empty heaps would take longer than the rows.
    let bits = (rows.len().ilog2() - 2).min(8);
    let shift = (64 - different.leading_zeros()).saturating_sub(bits);
    let last = (1 << bits) - 1;
    let heap = |r: &T| (word(r, at) >> shift) as usize & last;
    // Where each heap's rows that are not at their place begin, and where it ends.
    let (mut begin, mut end) = ([0; 256], [0; 256]);
    for r in rows.iter() {
        end[heap(r)] += 1;
    }
    let mut sum = 0;
    for h in 0..=last {
        begin[h] = sum;
        sum += end[h];
        end[h] = sum;
    }
    for h in 0..=last {
        while begin[h] < end[h] {
            let mut row = rows[begin[h]];
            loop {
                let to = heap(&row);
                let place = &mut begin[to];
                *place += 1;
                if to == h {
                    rows[*place - 1] = row;
                    break;
                }
                std::mem::swap(&mut row, &mut rows[*place - 1]);
            }
        }
    }
    let mut start = 0;
    for end in &end[..=last] {
        if end - start > 1 {
            into_heaps(&mut rows[start..*end], at, words, word, rest);
        }
        start = *end;
    }
}

#[inline]
fn compare<T>(
    a: &T,
    b: &T,
    from: usize,
    words: usize,
    word: &impl Fn(&T, usize) -> u64,
    rest: &dyn Fn(&T, &T) -> Ordering,
) -> Ordering {
    for at in from..words {
        match word(a, at).cmp(&word(b, at)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    rest(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut x = 88172645463325252u64;
        let mut next = || {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        };
        for n in [0, 1, 2, 3, 20, 25, 100, 1000, 20_000] {
            for mask in [0, 1, 7, 0xff, 0xff00, 0xf0f0f0f0, u64::MAX, 1 << 63 | 1] {
                let numbers: Vec<(u64, u32)> = (0..n).map(|i| (next() & mask, i)).collect();
                let mut a = numbers.clone();
                sort_numbers(&mut a);
                let mut b = numbers.clone();
                b.sort();
                assert_eq!(a, b);
                a.reverse();
                sort_numbers(&mut a);
                assert_eq!(a, b);
                let keys: Vec<u64> = (0..n).map(|_| next() & 3).collect();
                let wide: Vec<(u128, u32)> = numbers.iter().map(|r| (u128::from(r.0) << 20 | u128::from(r.0 & 1), r.1)).collect();
                let rest = |a: u32, b: u32| keys[a as usize].cmp(&keys[b as usize]);
                for rest in [None, Some(&rest as &dyn Fn(u32, u32) -> Ordering)] {
                    let (mut a, mut b) = (wide.clone(), wide.clone());
                    sort_prefixes(&mut a, rest);
                    b.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| rest.map_or(Ordering::Equal, |r| r(a.1, b.1))).then(a.1.cmp(&b.1)));
                    assert_eq!(a, b);
                }
            }
        }
    }
}
