//! Walking a tree's entries in either direction while it changes.

use crate::btree::{BTree, NIL, Parts, split};

/// A place between entries. It remembers the entry it last passed, and finds its place again by that when the tree has
/// changed meanwhile: nothing is visited twice, and whatever is still ahead is visited.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    leaf: u32,
    slot: usize,
    version: u64,
    key: Vec<u8>,
    val: u64,
    /// Nothing was passed yet; `key`, `val` is a bound.
    fresh: bool,
}

impl Position {
    /// Before the first entry not below `(key, val)`; for walking backwards, after the last entry below it.
    pub fn at(key: &[u8], val: u64) -> Position {
        Position { leaf: NIL, slot: 0, version: u64::MAX, key: key.to_vec(), val, fresh: true }
    }

    fn place(&mut self, tree: &BTree) {
        if self.version == tree.version {
            return;
        }
        let k = split(&self.key);
        self.leaf = tree.find_leaf(k, self.val);
        self.slot = tree.nodes[self.leaf as usize].lower_bound(k, self.val);
        self.version = tree.version;
    }

    /// The next entry forward.
    #[inline]
    pub fn next<'t>(&mut self, tree: &'t BTree) -> Option<(Parts<'t>, u64)> {
        if self.version != tree.version {
            self.place(tree);
            if !self.fresh {
                let node = &tree.nodes[self.leaf as usize];
                if self.slot < node.len() && node.is(self.slot, split(&self.key), self.val) {
                    self.slot += 1;
                }
            }
        }
        loop {
            let node = &tree.nodes[self.leaf as usize];
            if self.slot < node.len() {
                let i = self.slot;
                self.slot += 1;
                self.fresh = false;
                self.val = node.val(i);
                return Some((Parts { head: node.head(i), tail: node.tail(i) }, node.val(i)));
            }
            if node.next == NIL {
                return None;
            }
            self.leaf = node.next;
            self.slot = 0;
        }
    }

    /// The next entry backward.
    #[inline]
    pub fn prev<'t>(&mut self, tree: &'t BTree) -> Option<(Parts<'t>, u64)> {
        self.place(tree);
        loop {
            if self.slot > 0 {
                self.slot -= 1;
                let node = &tree.nodes[self.leaf as usize];
                let i = self.slot;
                self.fresh = false;
                self.val = node.val(i);
                return Some((Parts { head: node.head(i), tail: node.tail(i) }, node.val(i)));
            }
            let prev = tree.nodes[self.leaf as usize].prev;
            if prev == NIL {
                return None;
            }
            self.leaf = prev;
            self.slot = tree.nodes[prev as usize].len();
        }
    }

    /// Notes the key of the entry just passed. Must be called before the tree may change, so once a batch of entries.
    pub fn note(&mut self, k: Parts<'_>) {
        self.key.clear();
        crate::btree::node::join(k.head, k.tail, &mut self.key);
    }
}
