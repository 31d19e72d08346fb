//! Variable-length columns: 16-byte views, short values inline, long ones in shared arenas.

use std::rc::Rc;

use crate::vector::Picked;

/// A value of up to 12 bytes inline, or its length, 4-byte prefix, arena number and offset.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct View {
    len: u32,
    data: [u8; 12],
}

impl View {
    /// Longest value that needs no arena.
    pub const INLINE: usize = 12;

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it is the empty string.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first four bytes, zeros beyond the end.
    #[inline]
    pub fn prefix(&self) -> [u8; 4] {
        [self.data[0], self.data[1], self.data[2], self.data[3]]
    }

    /// The bytes of an inline value as little-endian numbers, zeros beyond the end.
    #[inline]
    pub fn words(&self) -> (u64, u32) {
        let d = &self.data;
        (u64::from_le_bytes([d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]]), u32::from_le_bytes([d[8], d[9], d[10], d[11]]))
    }

    /// The inline value of `len` bytes, zeros beyond them.
    #[inline]
    pub fn of_words(len: usize, lo: u64, hi: u32) -> View {
        let (l, h) = (lo.to_le_bytes(), hi.to_le_bytes());
        View { len: len as u32, data: [l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7], h[0], h[1], h[2], h[3]] }
    }

    /// A hash of an inline value.
    #[inline]
    pub fn hash(&self) -> u64 {
        let (lo, hi) = self.words();
        crate::hash::word(crate::hash::combine(crate::hash::combine(0, lo), (self.len as u64) << 32 | hi as u64))
    }

    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    fn inline(b: &[u8]) -> View {
        let mut data = [0; 12];
        data[..b.len()].copy_from_slice(b);
        View { len: b.len() as u32, data }
    }

    #[inline]
    fn far(b: &[u8], arena: u32, offset: u32) -> View {
        let mut data = [0; 12];
        data[..4].copy_from_slice(&b[..4]);
        data[4..8].copy_from_slice(&arena.to_le_bytes());
        data[8..].copy_from_slice(&offset.to_le_bytes());
        View { len: b.len() as u32, data }
    }

    #[inline]
    fn place(&self) -> (usize, usize) {
        let d = &self.data;
        (u32::from_le_bytes([d[4], d[5], d[6], d[7]]) as usize, u32::from_le_bytes([d[8], d[9], d[10], d[11]]) as usize)
    }
}

/// A column of byte strings. Arenas are append-only and shared between columns that took values from each other, so
/// moving a value costs 16 bytes. The last arena is the one being filled while nobody else holds it.
#[derive(Clone, Debug, Default)]
pub struct BytesColumn {
    views: Vec<View>,
    arenas: Vec<Rc<Vec<u8>>>,
}

impl BytesColumn {
    /// `n` empty strings.
    pub fn with_len(n: usize) -> BytesColumn {
        BytesColumn { views: vec![View::default(); n], arenas: Vec::new() }
    }

    /// Rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// Bytes of the arenas it keeps alive.
    pub fn held(&self) -> usize {
        self.arenas.iter().map(|a| a.len()).sum()
    }

    /// The views, for prefix and length tests that need no arena.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// Overwrites row `i` with an inline value.
    #[inline]
    pub fn set_inline(&mut self, i: usize, v: View) {
        debug_assert!(v.len() <= View::INLINE);
        self.views[i] = v;
    }

    /// Row `i`.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn get(&self, i: usize) -> &[u8] {
        let v = &self.views[i];
        if v.len() <= View::INLINE {
            &v.data[..v.len()]
        } else {
            let (a, o) = v.place();
            &self.arenas[a][o..o + v.len()]
        }
    }

    fn make(&mut self, b: &[u8]) -> View {
        if b.len() <= View::INLINE {
            return View::inline(b);
        }
        // A new arena when there is none, somebody else reads the last one, or offsets would pass 32 bits.
        let full = match self.arenas.last_mut() {
            None => true,
            Some(last) => last.len() + b.len() > (1 << 30) || Rc::get_mut(last).is_none(),
        };
        if full {
            self.arenas.push(Rc::new(Vec::with_capacity(b.len().max(64))));
        }
        let index = self.arenas.len() - 1;
        let Some(arena) = Rc::get_mut(&mut self.arenas[index]) else { return View::default() };
        let offset = arena.len();
        arena.extend_from_slice(b);
        View::far(b, index as u32, offset as u32)
    }

    /// Appends a row.
    pub fn push(&mut self, b: &[u8]) {
        let v = self.make(b);
        self.views.push(v);
    }

    /// Overwrites row `i` (the old bytes stay in their arena).
    pub fn set(&mut self, i: usize, b: &[u8]) {
        self.views[i] = self.make(b);
    }

    /// Grows with empty strings or shrinks to `n` rows.
    pub fn resize(&mut self, n: usize) {
        self.views.resize(n, View::default());
    }

    /// Appends the rows of `other` that `rows` names, sharing its arenas.
    pub(crate) fn extend_from(&mut self, other: &BytesColumn, rows: Picked<'_>) {
        let mut map: Vec<u32> = Vec::new();
        rows.each(|_, i| {
            let v = self.adopt(other, i, &mut map);
            self.views.push(v);
        });
    }

    /// Overwrites row `i` with row `j` of `other`, sharing its arena. `map` is scratch for one pair of columns.
    pub fn set_from(&mut self, i: usize, other: &BytesColumn, j: usize, map: &mut Vec<u32>) {
        self.views[i] = self.adopt(other, j, map);
    }

    /// Overwrites row `i` with part of row `j` of `other`, sharing its arena.
    pub fn set_part(&mut self, i: usize, other: &BytesColumn, j: usize, part: std::ops::Range<usize>, map: &mut Vec<u32>) {
        let Some(b) = other.get(j).get(part.clone()) else { return };
        self.views[i] = if b.len() <= View::INLINE {
            View::inline(b)
        } else {
            let whole = self.adopt(other, j, map).place();
            View::far(b, whole.0 as u32, (whole.1 + part.start) as u32)
        };
    }

    fn adopt(&mut self, other: &BytesColumn, j: usize, map: &mut Vec<u32>) -> View {
        let v = other.views[j];
        if v.len() <= View::INLINE {
            return v;
        }
        let (a, o) = v.place();
        if map.is_empty() {
            map.resize(other.arenas.len(), u32::MAX);
        }
        if map[a] == u32::MAX {
            let theirs = &other.arenas[a];
            let at = match self.arenas.iter().position(|mine| Rc::ptr_eq(mine, theirs)) {
                Some(p) => p,
                None => {
                    self.arenas.push(theirs.clone());
                    self.arenas.len() - 1
                }
            };
            map[a] = at as u32;
        }
        let mut w = v;
        w.data[4..8].copy_from_slice(&map[a].to_le_bytes());
        debug_assert_eq!(w.place().1, o);
        w
    }

    /// Bytes held, arenas counted whole.
    pub fn memory(&self) -> usize {
        self.views.len() * 16 + self.arenas.iter().map(|a| a.capacity()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_lengths_survive_pushing_sharing_and_overwriting() {
        let make = |n: usize| vec![b'a' + (n % 26) as u8; n];
        let mut a = BytesColumn::default();
        for n in 0..40 {
            a.push(&make(n));
        }
        let mut b = BytesColumn::default();
        b.push(b"a first value of its own");
        let backwards: Vec<u32> = (0..40).rev().collect();
        b.extend_from(&a, Picked::Long(&backwards));
        a.set(39, b"overwritten with something else");
        for n in 0..40 {
            assert_eq!(b.get(1 + 39 - n), make(n));
        }
        assert_eq!(b.get(0), b"a first value of its own");
        assert_eq!(a.get(39), b"overwritten with something else");
    }
}
