//! Nodes: sorted arrays, compared by one 16-byte number.
//!
//! A key's first 15 bytes, zero-padded, and its length form the *head*, a `u128` that orders as the key does. Keys of up
//! to 15 bytes (a number with its NULL byte takes 9) are their head and nothing else; longer keys keep the rest in `tails`,
//! which is looked at only when heads are equal. Zero padding cannot confuse two keys: where one is another's prefix, as a
//! search bound may be, the length in the lowest byte decides, the shorter first.

pub(crate) const CAPACITY: usize = 128;
pub(crate) const NIL: u32 = u32::MAX;
/// Key bytes in a head.
const HEAD: usize = 15;

/// A key taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub head: u128,
    pub tail: &'a [u8],
}

#[inline]
pub(crate) fn split(key: &[u8]) -> Parts<'_> {
    let mut b = [0u8; 16];
    if key.len() <= HEAD {
        b[..key.len()].copy_from_slice(key);
        b[HEAD] = key.len() as u8;
        Parts { head: u128::from_be_bytes(b), tail: &[] }
    } else {
        b[..HEAD].copy_from_slice(&key[..HEAD]);
        b[HEAD] = HEAD as u8 + 1;
        Parts { head: u128::from_be_bytes(b), tail: &key[HEAD..] }
    }
}

pub(crate) fn join(head: u128, tail: &[u8], out: &mut Vec<u8>) {
    let b = head.to_be_bytes();
    let n = (b[HEAD] as usize).min(HEAD);
    out.extend_from_slice(&b[..n]);
    out.extend_from_slice(tail);
}

/// The first of `heads` not below `head`. Keys are often spread evenly (numbers that count up), so the place is guessed
/// first; a wrong guess costs two comparisons. The search itself has no branch to mispredict.
#[inline]
fn first_not_below(heads: &[u128], head: u128) -> usize {
    const REACH: usize = 3;
    let (mut lo, mut n) = (0, heads.len());
    if n > 4 * REACH {
        let (first, last) = (heads[0], heads[n - 1]);
        if head <= first {
            return 0;
        }
        if head > last {
            return n;
        }
        let shift = 64u32.saturating_sub((last - first).leading_zeros());
        let guess = ((head - first) >> shift) as u64 as f32 / ((last - first) >> shift) as u64 as f32;
        let guess = ((guess * (n - 1) as f32) as usize).clamp(REACH, n - 1 - REACH);
        if heads[guess - REACH] < head && heads[guess + REACH] >= head {
            (lo, n) = (guess - REACH, 2 * REACH);
        }
    }
    while n > 0 {
        let half = n.div_ceil(2);
        lo += if heads[lo + half - 1] < head { half } else { 0 };
        n -= half;
    }
    lo
}

/// A vector that lies in its node, so that a lookup meets one stretch of memory a level and not three.
#[derive(Clone, Debug)]
pub(crate) struct Inline<T> {
    len: usize,
    items: [T; CAPACITY + 1],
}

impl<T: Copy + Default> Default for Inline<T> {
    fn default() -> Inline<T> {
        Inline { len: 0, items: [T::default(); CAPACITY + 1] }
    }
}

impl<T> std::ops::Deref for Inline<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items[..self.len.min(CAPACITY + 1)]
    }
}

impl<T: Copy + Default> Inline<T> {
    fn insert(&mut self, i: usize, v: T) {
        self.items.copy_within(i..self.len, i + 1);
        self.items[i] = v;
        self.len += 1;
    }

    fn remove(&mut self, i: usize) {
        self.items.copy_within(i + 1..self.len, i);
        self.len -= 1;
    }

    fn split_off(&mut self, at: usize) -> Inline<T> {
        let mut right = Inline::default();
        right.len = self.len - at;
        right.items[..right.len].copy_from_slice(&self.items[at..self.len]);
        self.len = at;
        right
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub heads: Inline<u128>,
    pub vals: Inline<u64>,
    /// Empty while every key is short; otherwise one for each entry.
    pub tails: Vec<Box<[u8]>>,
    /// Inner nodes: one more than the separators. Child `i` holds what is below separator `i`.
    pub children: Vec<u32>,
    pub next: u32,
    pub prev: u32,
}

impl Node {
    pub fn leaf() -> Box<Node> {
        Box::new(Node {
            heads: Inline::default(),
            vals: Inline::default(),
            tails: Vec::new(),
            children: Vec::new(),
            next: NIL,
            prev: NIL,
        })
    }

    #[inline]
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    #[inline]
    pub fn tail(&self, i: usize) -> &[u8] {
        self.tails.get(i).map_or(&[], |t| t)
    }

    #[inline]
    fn below(&self, i: usize, k: Parts<'_>, val: u64) -> bool {
        let h = self.heads[i];
        if h != k.head {
            return h < k.head;
        }
        if !self.tails.is_empty() {
            let t = &*self.tails[i];
            if t != k.tail {
                return t < k.tail;
            }
        } else if !k.tail.is_empty() {
            return true;
        }
        self.vals[i] < val
    }

    /// The first entry not below `(k, val)`.
    #[inline]
    pub fn lower_bound(&self, k: Parts<'_>, val: u64) -> usize {
        let lo = first_not_below(&self.heads, k.head);
        if self.heads.get(lo).is_none_or(|h| *h != k.head) {
            return lo;
        }
        // Entries with the same head: duplicates, or long keys that begin alike.
        let run = &self.heads[lo..];
        let mut n = match run.get(1) {
            Some(h) if *h == k.head => run.partition_point(|h| *h == k.head),
            _ => 1,
        };
        let mut lo = lo;
        while n > 0 {
            let half = n / 2;
            let mid = lo + half;
            if self.below(mid, k, val) {
                lo = mid + 1;
                n -= half + 1;
            } else {
                n = half;
            }
        }
        lo
    }

    /// The child that holds `(k, val)`.
    #[inline]
    pub fn child(&self, k: Parts<'_>, val: u64) -> usize {
        let i = self.lower_bound(k, val);
        // A separator is its right child's first entry.
        i + (i < self.len() && self.is(i, k, val)) as usize
    }

    #[inline]
    pub fn has_key(&self, i: usize, k: Parts<'_>) -> bool {
        // A short key is all head.
        self.heads[i] == k.head && (k.tail.is_empty() || self.tail(i) == k.tail)
    }

    #[inline]
    pub fn is(&self, i: usize, k: Parts<'_>, val: u64) -> bool {
        self.vals[i] == val && self.has_key(i, k)
    }

    pub fn insert(&mut self, i: usize, k: Parts<'_>, val: u64) {
        if !k.tail.is_empty() && self.tails.is_empty() {
            self.tails = vec![Box::default(); self.heads.len()];
        }
        self.heads.insert(i, k.head);
        self.vals.insert(i, val);
        if !self.tails.is_empty() || !k.tail.is_empty() {
            self.tails.insert(i, k.tail.into());
        }
    }

    pub fn remove(&mut self, i: usize) {
        self.heads.remove(i);
        self.vals.remove(i);
        if !self.tails.is_empty() {
            self.tails.remove(i);
        }
    }

    /// Moves entries `at..` out.
    pub fn split_off(&mut self, at: usize) -> Box<Node> {
        let mut right = Node::leaf();
        right.heads = self.heads.split_off(at);
        right.vals = self.vals.split_off(at);
        if !self.tails.is_empty() {
            right.tails = self.tails.split_off(at);
        }
        right
    }

    pub fn key(&self, i: usize, out: &mut Vec<u8>) {
        join(self.heads[i], self.tail(i), out);
    }
}
