//! Keys of many rows, entered into an index together: sorted, so that most of them find their leaf without a search.

use tusklet_error::{Error, Result};
use tusklet_vector::sort::sort_by_words;

use crate::Tid;
use crate::btree::{BTree, Parts, join, split};
use crate::index::{Index, Unique, dirty_conflict, each_with_key};
use crate::transaction::{Op, Tx};

/// Keys of rows.
#[derive(Default)]
pub struct Entries {
    /// What of the keys does not fit their heads; the key being written after it.
    bytes: Vec<u8>,
    start: usize,
    items: Vec<Item>,
    sorted: bool,
}

#[derive(Clone, Copy)]
struct Item {
    hi: u64,
    lo: u64,
    tid: Tid,
    start: usize,
    len: u32,
    distinct: bool,
}

impl Item {
    fn head(&self) -> u128 {
        (self.hi as u128) << 64 | self.lo as u128
    }

    fn word(&self, at: usize) -> u64 {
        match at {
            0 => self.hi,
            1 => self.lo,
            _ => self.tid.0 as u64,
        }
    }
}

impl Entries {
    /// Where the next key is to be appended.
    #[inline]
    pub fn key(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What was appended since the last one is this row's key. `distinct`: a unique index must not have it twice.
    #[inline]
    pub fn add(&mut self, tid: Tid, distinct: bool) {
        let start = self.start;
        let k = split(&self.bytes[start..]);
        let (head, len) = (k.head, k.tail.len());
        let end = self.bytes.len();
        self.bytes.copy_within(end - len..end, start);
        self.bytes.truncate(start + len);
        self.start = start + len;
        self.items.push(Item { hi: (head >> 64) as u64, lo: head as u64, tid, start, len: len as u32, distinct });
        self.sorted = false;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// In the order of the keys, rows of the same key in the table's.
    fn sort(&mut self) {
        if std::mem::replace(&mut self.sorted, true) {
            return;
        }
        let bytes = &self.bytes;
        let tail = |i: &Item| &bytes[i.start..i.start + i.len as usize];
        // Where heads are all there is, rows are the third number.
        let words = if bytes.is_empty() { 3 } else { 2 };
        sort_by_words(&mut self.items, words, &Item::word, &|a, b| tail(a).cmp(tail(b)).then(a.tid.cmp(&b.tid)));
    }

    fn parts(&self, i: &Item) -> Parts<'_> {
        Parts { head: i.head(), tail: &self.bytes[i.start..i.start + i.len as usize] }
    }

    /// A row whose key must be distinct and is not; the first by key.
    pub fn duplicate(&mut self) -> Option<Tid> {
        self.sort();
        let same = |a: &Item, b: &Item| {
            let (x, y) = (self.parts(a), self.parts(b));
            a.distinct && b.distinct && x.head == y.head && x.tail == y.tail
        };
        self.items.windows(2).find(|w| same(&w[0], &w[1])).map(|w| w[0].tid)
    }
}

impl<K: AsRef<[u8]>> FromIterator<(K, Tid)> for Entries {
    fn from_iter<I: IntoIterator<Item = (K, Tid)>>(pairs: I) -> Entries {
        let mut all = Entries::default();
        for (k, tid) in pairs {
            all.key().extend_from_slice(k.as_ref());
            all.add(tid, false);
        }
        all
    }
}

impl Index {
    /// Fills a new index at once.
    pub fn build(&self, tx: &Tx, mut entries: Entries) -> Result<()> {
        entries.sort();
        self.dirty.set(true);
        let mut heap = self.table.write()?;
        for i in &entries.items {
            if let Some(s) = heap.group_mut(i.tid).and_then(|g| g.slots.as_mut())
                && s.hot.get(i.tid.offset())
            {
                s.hot_indexed.set(i.tid.offset(), true);
            }
        }
        let tree = BTree::from_parts(entries.items.iter().map(|i| (entries.parts(i), heap.entry(i.tid))));
        *self.tree.try_borrow_mut().map_err(|_| Error::internal("index is written while it is read"))? = tree;
        tx.0.write_xid()?;
        tx.0.record(Op::IndexBuild { rel: self.rel });
        Ok(())
    }

    /// Adds entries for new row versions, as [`Index::insert`] does for one.
    pub fn insert_all(&self, tx: &Tx, entries: &mut Entries) -> Result<()> {
        entries.sort();
        let entries = &*entries;
        self.dirty.set(true);
        let heap = self.table.read()?;
        let all = || entries.items.iter().map(|i| (entries.parts(i), heap.entry(i.tid)));
        let mut tree = self.tree.try_borrow_mut().map_err(|_| Error::internal("index is written while it is read"))?;
        if tree.len == 0 {
            let version = tree.version + 1;
            *tree = BTree::from_parts(all());
            tree.version = version;
        } else {
            tree.insert_sorted(all())?;
        }
        if tx.0.txns.logging.get() {
            let mut w = tx.0.writes.borrow_mut();
            for (k, entry) in all() {
                let start = w.keys.len() as u32;
                join(k.head, k.tail, &mut w.keys);
                let end = w.keys.len() as u32;
                w.ops.push(Op::IndexPut { rel: self.rel, entry, start, end });
            }
        }
        Ok(())
    }

    /// Whether those of the keys that must be distinct are, and nobody has one of them, as [`Index::check_unique`] asks for
    /// one key.
    pub fn all_free(&self, tx: &Tx, entries: &mut Entries) -> Result<bool> {
        if entries.duplicate().is_some() {
            return Ok(false);
        }
        let tree = self.tree.try_borrow().map_err(|_| Error::internal("index is read while it is written"))?;
        if tree.len == 0 {
            return Ok(true);
        }
        let heap = self.table.read()?;
        let status = self.table.txns.status.borrow();
        let mut free = true;
        for i in entries.items.iter().filter(|i| i.distinct) {
            each_with_key(&tree, &heap, entries.parts(i), |tid| {
                free = dirty_conflict(&heap, tid, tx, &status, None) == Unique::Free;
                free
            });
            if !free {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
