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

/// The first of `entries` not below `head`. Keys are often spread evenly (numbers that count up), so the place is guessed
/// first; a wrong guess costs two comparisons. The search itself has no branch to mispredict.
#[inline]
fn first_not_below(entries: &[Entry], first: u128, last: u128, head: u128) -> usize {
    const REACH: usize = 3;
    let (mut lo, mut n) = (0, entries.len());
    if n > 4 * REACH {
        if head <= first {
            return 0;
        }
        if head > last {
            return n;
        }
        let shift = 64u32.saturating_sub((last - first).leading_zeros());
        let guess = ((head - first) >> shift) as u64 as f32 / ((last - first) >> shift) as u64 as f32;
        let guess = ((guess * (n - 1) as f32) as usize).clamp(REACH, n - 1 - REACH);
        if entries[guess - REACH].head() < head && entries[guess + REACH].head() >= head {
            (lo, n) = (guess - REACH, 2 * REACH);
        }
    }
    while n > 0 {
        let half = n.div_ceil(2);
        lo += if entries[lo + half - 1].head() < head { half } else { 0 };
        n -= half;
    }
    lo
}

/// A head in two halves, so that an entry takes 24 bytes, and the payload beside it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    hi: u64,
    lo: u64,
    val: u64,
}

impl Entry {
    #[inline]
    fn head(&self) -> u128 {
        (self.hi as u128) << 64 | self.lo as u128
    }
}

/// A vector that lies in its node, so that a lookup meets one stretch of memory a level and not three.
#[derive(Clone, Debug)]
#[repr(C)]
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
        let mut right = Inline { len: self.len - at, ..Inline::default() };
        right.items[..right.len].copy_from_slice(&self.items[at..self.len]);
        self.len = at;
        right
    }
}

/// What a search reads first lies in the first cache line: how many entries there are and between which heads.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Node {
    first: u128,
    last: u128,
    /// Inner nodes: one more than the separators. Child `i` holds what is below separator `i`.
    pub children: Vec<u32>,
    pub entries: Inline<Entry>,
    /// Empty while every key is short; otherwise one for each entry.
    pub tails: Vec<Box<[u8]>>,
    pub next: u32,
    pub prev: u32,
}

impl Node {
    pub fn leaf() -> Box<Node> {
        Box::new(Node {
            first: 0,
            last: 0,
            entries: Inline::default(),
            tails: Vec::new(),
            children: Vec::new(),
            next: NIL,
            prev: NIL,
        })
    }

    fn note_ends(&mut self) {
        self.first = self.entries.first().map_or(0, Entry::head);
        self.last = self.entries.last().map_or(0, Entry::head);
    }

    #[inline]
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub fn head(&self, i: usize) -> u128 {
        self.entries[i].head()
    }

    #[inline]
    pub fn val(&self, i: usize) -> u64 {
        self.entries[i].val
    }

    #[inline]
    pub fn tail(&self, i: usize) -> &[u8] {
        self.tails.get(i).map_or(&[], |t| t)
    }

    #[inline]
    fn below(&self, i: usize, k: Parts<'_>, val: u64) -> bool {
        let h = self.head(i);
        if h != k.head {
            return h < k.head;
        }
        // Equal heads have equal lengths, or are both of long keys: then both have a tail.
        if !k.tail.is_empty() {
            let t = self.tail(i);
            if t != k.tail {
                return t < k.tail;
            }
        }
        self.val(i) < val
    }

    /// The first entry not below `(k, val)`.
    #[inline]
    pub fn lower_bound(&self, k: Parts<'_>, val: u64) -> usize {
        let lo = first_not_below(&self.entries, self.first, self.last, k.head);
        if self.entries.get(lo).is_none_or(|e| e.head() != k.head) {
            return lo;
        }
        // Entries with the same head: duplicates, or long keys that begin alike.
        let run = &self.entries[lo..];
        let mut n = match run.get(1) {
            Some(e) if e.head() == k.head => run.partition_point(|e| e.head() == k.head),
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
        self.head(i) == k.head && (k.tail.is_empty() || self.tail(i) == k.tail)
    }

    #[inline]
    pub fn is(&self, i: usize, k: Parts<'_>, val: u64) -> bool {
        self.val(i) == val && self.has_key(i, k)
    }

    pub fn insert(&mut self, i: usize, k: Parts<'_>, val: u64) {
        if !k.tail.is_empty() && self.tails.is_empty() {
            self.tails = vec![Box::default(); self.entries.len()];
        }
        self.entries.insert(i, Entry { hi: (k.head >> 64) as u64, lo: k.head as u64, val });
        self.note_ends();
        if !self.tails.is_empty() || !k.tail.is_empty() {
            self.tails.insert(i, k.tail.into());
        }
    }

    pub fn remove(&mut self, i: usize) {
        self.entries.remove(i);
        self.note_ends();
        if !self.tails.is_empty() {
            self.tails.remove(i);
        }
    }

    /// Moves entries `at..` out.
    pub fn split_off(&mut self, at: usize) -> Box<Node> {
        let mut right = Node::leaf();
        right.entries = self.entries.split_off(at);
        right.note_ends();
        self.note_ends();
        if !self.tails.is_empty() {
            right.tails = self.tails.split_off(at);
        }
        right
    }

    pub fn key(&self, i: usize, out: &mut Vec<u8>) {
        join(self.head(i), self.tail(i), out);
    }
}
