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

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub heads: Vec<u128>,
    pub vals: Vec<u64>,
    /// Empty while every key is short; otherwise one for each entry.
    pub tails: Vec<Box<[u8]>>,
    /// Inner nodes: one more than the separators. Child `i` holds what is below separator `i`.
    pub children: Vec<u32>,
    pub next: u32,
    pub prev: u32,
}

impl Node {
    pub fn leaf() -> Node {
        Node { heads: Vec::new(), vals: Vec::new(), tails: Vec::new(), children: Vec::new(), next: NIL, prev: NIL }
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
        let (mut lo, mut n) = (0, self.heads.len());
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
        self.heads[i] == k.head && self.tail(i) == k.tail
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
    pub fn split_off(&mut self, at: usize) -> Node {
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
