//! B+trees over opaque order-preserving key bytes.
//!
//! Entries are `(key, payload)` pairs in that order; the payload is a tid and its slot's generation, so duplicates of a key
//! come in heap order and an entry can be found again to be removed. Nodes live in one vector and name each other by
//! number. Leaves are linked both ways. A leaf that becomes empty leaves the tree; sparse ones are not merged, a sweep
//! rebuilds the whole tree when much of it has gone stale.

mod cursor;
mod node;

use tusklet_error::{Error, Result};

pub(crate) use cursor::Position;
pub(crate) use node::{CAPACITY, NIL, Node, Parts, join, split};

pub(crate) struct BTree {
    #[allow(clippy::vec_box)] // Nodes are large and the vector grows.
    pub nodes: Vec<Box<Node>>,
    root: u32,
    unused: Vec<u32>,
    pub first: u32,
    pub last: u32,
    pub len: usize,
    /// Changes with every change: a cursor that finds another number searches its place again.
    pub version: u64,
    height: u32,
}

impl Default for BTree {
    fn default() -> BTree {
        BTree {
            nodes: vec![Node::leaf()],
            root: 0,
            unused: Vec::new(),
            first: 0,
            last: 0,
            len: 0,
            version: 0,
            height: 1,
        }
    }
}

impl BTree {
    /// Builds a tree from entries in ascending order.
    #[cfg(test)]
    pub fn from_sorted(entries: impl Iterator<Item = (impl AsRef<[u8]>, u64)>) -> BTree {
        let mut b = Builder::default();
        for (k, v) in entries {
            b.push(split(k.as_ref()), v);
        }
        b.finish()
    }

    /// Builds a tree from entries in ascending order; of equal ones one is kept.
    pub fn from_parts<'k>(entries: impl Iterator<Item = (Parts<'k>, u64)>) -> BTree {
        let mut b = Builder::default();
        let mut before: Option<(Parts<'k>, u64)> = None;
        for (k, v) in entries {
            if !before.is_some_and(|(p, w)| w == v && p.head == k.head && p.tail == k.tail) {
                b.push(k, v);
            }
            before = Some((k, v));
        }
        b.finish()
    }

    /// Levels, leaves included.
    pub fn height(&self) -> u32 {
        self.height
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len() - self.unused.len()
    }

    #[inline]
    pub fn find_leaf(&self, k: Parts<'_>, val: u64) -> u32 {
        let mut n = self.root;
        loop {
            let node = &self.nodes[n as usize];
            if node.is_leaf() {
                return n;
            }
            n = node.children[node.child(k, val)];
        }
    }

    fn path(&self, k: Parts<'_>, val: u64, out: &mut Vec<(u32, usize)>) -> u32 {
        let mut n = self.root;
        loop {
            let node = &self.nodes[n as usize];
            if node.is_leaf() {
                return n;
            }
            let c = node.child(k, val);
            out.push((n, c));
            n = node.children[c];
        }
    }

    fn add(&mut self, node: Box<Node>) -> u32 {
        match self.unused.pop() {
            Some(i) => {
                self.nodes[i as usize] = node;
                i
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        }
    }

    /// Inserts an entry; an identical one is left alone.
    pub fn insert(&mut self, key: &[u8], val: u64) -> Result<()> {
        if self.nodes.len() >= NIL as usize - 64 {
            return Err(Error::internal("index has too many pages"));
        }
        let k = split(key);
        // Keys that only grow go to the last leaf without a search.
        let last = &mut self.nodes[self.last as usize];
        let n = last.len();
        if n > 0 && n < CAPACITY && last.lower_bound(k, val) == n {
            last.insert(n, k, val);
            self.len += 1;
            self.version += 1;
            return Ok(());
        }
        let leaf = self.find_leaf(k, val);
        let node = &mut self.nodes[leaf as usize];
        let at = node.lower_bound(k, val);
        if at < node.len() && node.is(at, k, val) {
            return Ok(());
        }
        self.len += 1;
        self.version += 1;
        node.insert(at, k, val);
        if node.len() > CAPACITY {
            self.split_leaf(leaf, k, val, at);
        }
        Ok(())
    }

    /// Inserts entries in ascending order. Neighbours find their leaf without a search.
    pub fn insert_sorted<'k>(&mut self, entries: impl Iterator<Item = (Parts<'k>, u64)>) -> Result<()> {
        let mut leaf = NIL;
        for (k, val) in entries {
            if self.nodes.len() >= NIL as usize - 64 {
                return Err(Error::internal("index has too many pages"));
            }
            // The one before went to `leaf`; so does this one if it is not past its end.
            let mut at = None;
            if leaf != NIL {
                let node = &self.nodes[leaf as usize];
                let i = node.lower_bound(k, val);
                at = (i < node.len() || node.next == NIL).then_some(i);
            }
            let at = match at {
                Some(i) => i,
                None => {
                    leaf = self.find_leaf(k, val);
                    self.nodes[leaf as usize].lower_bound(k, val)
                }
            };
            let node = &mut self.nodes[leaf as usize];
            if at < node.len() && node.is(at, k, val) {
                continue;
            }
            self.len += 1;
            self.version += 1;
            node.insert(at, k, val);
            if node.len() > CAPACITY {
                self.split_leaf(leaf, k, val, at);
                leaf = NIL;
            }
        }
        Ok(())
    }

    fn split_leaf(&mut self, leaf: u32, k: Parts<'_>, val: u64, at: usize) {
        let mut path = Vec::with_capacity(8);
        self.path(k, val, &mut path);
        let node = &mut self.nodes[leaf as usize];
        // Growing at the right end leaves full nodes behind.
        let cut = if node.next == NIL && at + 1 == node.len() { at } else { node.len() / 2 };
        let mut right = node.split_off(cut);
        right.prev = leaf;
        right.next = node.next;
        let after = node.next;
        let (head, sep_val) = (right.head(0), right.val(0));
        let tail: Box<[u8]> = right.tail(0).into();
        let new = self.add(right);
        self.nodes[leaf as usize].next = new;
        match after {
            NIL => self.last = new,
            a => self.nodes[a as usize].prev = new,
        }
        self.put_separator(path, head, &tail, sep_val, new);
    }

    fn put_separator(
        &mut self,
        mut path: Vec<(u32, usize)>,
        mut head: u128,
        tail: &[u8],
        mut val: u64,
        mut child: u32,
    ) {
        let mut tail: Box<[u8]> = tail.into();
        loop {
            let Some((parent, at)) = path.pop() else {
                let mut root = Node::leaf();
                root.insert(0, Parts { head, tail: &tail }, val);
                root.children = vec![self.root, child];
                self.root = self.add(root);
                self.height += 1;
                return;
            };
            let node = &mut self.nodes[parent as usize];
            node.insert(at, Parts { head, tail: &tail }, val);
            node.children.insert(at + 1, child);
            if node.len() <= CAPACITY {
                return;
            }
            let cut = if at + 1 == node.len() { node.len() - 2 } else { node.len() / 2 };
            let mut right = node.split_off(cut);
            right.children = node.children.split_off(cut + 1);
            // The first of the right half moves up.
            (head, val) = (right.head(0), right.val(0));
            tail = right.tail(0).into();
            right.remove(0);
            child = self.add(right);
        }
    }

    /// Removes an entry; whether it was there.
    pub fn remove(&mut self, key: &[u8], val: u64) -> bool {
        let k = split(key);
        let leaf = self.find_leaf(k, val);
        let node = &mut self.nodes[leaf as usize];
        let at = node.lower_bound(k, val);
        if at >= node.len() || !node.is(at, k, val) {
            return false;
        }
        node.remove(at);
        self.len -= 1;
        self.version += 1;
        if self.nodes[leaf as usize].len() == 0 && leaf != self.root {
            self.unlink(leaf, k, val);
        }
        true
    }

    /// Takes an empty leaf out, and parents left without children.
    fn unlink(&mut self, leaf: u32, k: Parts<'_>, val: u64) {
        let mut path = Vec::with_capacity(8);
        if self.path(k, val, &mut path) != leaf {
            return;
        }
        let (prev, next) = (self.nodes[leaf as usize].prev, self.nodes[leaf as usize].next);
        match prev {
            NIL => self.first = next,
            p => self.nodes[p as usize].next = next,
        }
        match next {
            NIL => self.last = prev,
            n => self.nodes[n as usize].prev = prev,
        }
        self.unused.push(leaf);
        while let Some((parent, at)) = path.pop() {
            let node = &mut self.nodes[parent as usize];
            node.children.remove(at);
            if !node.children.is_empty() {
                node.remove(at.saturating_sub(1));
                break;
            }
            self.unused.push(parent);
        }
        // A root with one child is not needed. (It cannot have none: the tree had another leaf.)
        while self.nodes[self.root as usize].children.len() == 1 {
            let old = self.root;
            self.root = self.nodes[old as usize].children[0];
            self.unused.push(old);
            self.height -= 1;
        }
    }

    /// Keeps the entries `keep` wants, rebuilding the tree packed.
    pub fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) {
        let mut b = Builder::default();
        let mut leaf = self.first;
        while leaf != NIL {
            let node = &self.nodes[leaf as usize];
            for i in 0..node.len() {
                if keep(node.val(i)) {
                    b.push(Parts { head: node.head(i), tail: node.tail(i) }, node.val(i));
                }
            }
            leaf = node.next;
        }
        let version = self.version + 1;
        *self = b.finish();
        self.version = version;
    }

    /// All entries in order.
    pub fn each(&self, mut f: impl FnMut(&[u8], u64)) {
        let mut key = Vec::new();
        let mut leaf = self.first;
        while leaf != NIL {
            let node = &self.nodes[leaf as usize];
            for i in 0..node.len() {
                key.clear();
                node.key(i, &mut key);
                f(&key, node.val(i));
            }
            leaf = node.next;
        }
    }
}

/// Packs sorted entries into leaves, then builds the levels above.
#[derive(Default)]
pub(crate) struct Builder {
    #[allow(clippy::vec_box)]
    leaves: Vec<Box<Node>>,
    len: usize,
}

/// Leaves are left some room, so that the first inserts after a build do not split every one.
const FILL: usize = CAPACITY * 7 / 8;

impl Builder {
    pub fn push(&mut self, k: Parts<'_>, val: u64) {
        if self.leaves.last().is_none_or(|l| l.len() >= FILL) {
            self.leaves.push(Node::leaf());
        }
        if let Some(leaf) = self.leaves.last_mut() {
            leaf.insert(leaf.len(), k, val);
        }
        self.len += 1;
    }

    pub fn finish(self) -> BTree {
        let Builder { leaves: mut nodes, len } = self;
        if nodes.is_empty() {
            return BTree::default();
        }
        let n = nodes.len();
        for (i, leaf) in nodes.iter_mut().enumerate() {
            leaf.prev = if i == 0 { NIL } else { i as u32 - 1 };
            leaf.next = if i + 1 == n { NIL } else { i as u32 + 1 };
        }
        // A level is the numbers of its nodes with the first leaf entry below each.
        let mut level: Vec<(u32, u32)> = (0..n as u32).map(|i| (i, i)).collect();
        let mut height = 1;
        while level.len() > 1 {
            let mut above = Vec::new();
            let mut i = 0;
            while i < level.len() {
                // No node with a single child: the last two share.
                let left = level.len() - i;
                let take = if left > FILL && left < FILL + 2 { left / 2 } else { left.min(FILL) };
                let mut node = Node::leaf();
                for (j, (id, first)) in level[i..i + take].iter().enumerate() {
                    if j > 0 {
                        let f = &nodes[*first as usize];
                        let (head, val) = (f.head(0), f.val(0));
                        let tail: Box<[u8]> = f.tail(0).into();
                        node.insert(node.len(), Parts { head, tail: &tail }, val);
                    }
                    node.children.push(*id);
                }
                nodes.push(node);
                above.push((nodes.len() as u32 - 1, level[i].1));
                i += take;
            }
            level = above;
            height += 1;
        }
        BTree { root: level[0].0, nodes, unused: Vec::new(), first: 0, last: n as u32 - 1, len, version: 0, height }
    }
}

#[cfg(test)]
mod tests;
