//! Maps and sets that are sorted vectors. A tree of the standard library is five kilobytes of code for every layout of its entries, a hash
//! table two, and nearly all maps of a database hold a handful of names or numbers, or grow at their end. What is found here costs a binary
//! search, what is inserted the move of all that follows: a map that takes many entries in random order is made by [`SortedMap::grouped`]
//! or hashes its keys. It lives here because every crate sees this one.

use std::borrow::Borrow;
use std::ops::Deref;

use crate::SortShort;

/// Values by key, in the order of the keys. Read as a slice of pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        SortedMap(Vec::new())
    }
}

impl<K, V> Deref for SortedMap<K, V> {
    type Target = [(K, V)];

    fn deref(&self) -> &[(K, V)] {
        &self.0
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// An empty one.
    pub const fn new() -> Self {
        SortedMap(Vec::new())
    }

    /// The place of the key, or that of the first greater one.
    pub fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|e| e.0.borrow().cmp(key))
    }

    /// The value of the key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|i| &self.0[i].1)
    }

    /// The same, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|i| &mut self.0[i].1)
    }

    /// Whether the key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Adds the value or replaces the key's; what it was before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(i) => Some(std::mem::replace(&mut self.0[i].1, value)),
            Err(i) => {
                self.0.insert(i, (key, value));
                None
            }
        }
    }

    /// The key's value, which is made if it is not there.
    pub fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let i = match self.place(&key) {
            Ok(i) => i,
            Err(i) => {
                self.0.insert(i, (key, make()));
                i
            }
        };
        &mut self.0[i].1
    }

    /// The key's value, empty if it was not there.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.or_insert_with(key, V::default)
    }

    /// Takes the key out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|i| self.0.remove(i).1)
    }

    /// The pairs with this key or a greater one.
    pub fn from<Q: Ord + ?Sized>(&self, key: &Q) -> &[(K, V)]
    where
        K: Borrow<Q>,
    {
        &self.0[self.place(key).unwrap_or_else(|i| i)..]
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|e| &e.0)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|e| &e.1)
    }

    /// The pairs, values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|e| (&e.0, &mut e.1))
    }

    /// Keeps the pairs for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|e| keep(&e.0, &mut e.1));
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<K: Ord, V> SortedMap<K, Vec<V>> {
    /// All values of each key, in the order in which they come.
    pub fn grouped(mut pairs: Vec<(K, V)>) -> Self {
        pairs.order_by(|a, b| a.0.cmp(&b.0));
        let mut all: Vec<(K, Vec<V>)> = Vec::new();
        for (key, value) in pairs {
            match all.last_mut() {
                Some(last) if last.0 == key => last.1.push(value),
                _ => all.push((key, vec![value])),
            }
        }
        SortedMap(all)
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Values in order, each once. Read as a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedSet<T>(Vec<T>);

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        SortedSet(Vec::new())
    }
}

impl<T> Deref for SortedSet<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Ord> SortedSet<T> {
    /// An empty one.
    pub const fn new() -> Self {
        SortedSet(Vec::new())
    }

    /// Whether it is there.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.binary_search_by(|e| e.borrow().cmp(value)).is_ok()
    }

    /// Adds it; whether it was not there.
    pub fn insert(&mut self, value: T) -> bool {
        let place = self.0.binary_search(&value);
        if let Err(i) = place {
            self.0.insert(i, value);
        }
        place.is_err()
    }

    /// Takes it out; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let place = self.0.binary_search_by(|e| e.borrow().cmp(value));
        place.map(|i| self.0.remove(i)).is_ok()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    /// For many values at once: all are sorted anew.
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.0.extend(values);
        self.0.order();
        self.0.dedup();
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = SortedSet::default();
        set.extend(values);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn they_do_what_trees_do() {
        let (mut map, mut tree) = (SortedMap::new(), BTreeMap::new());
        let (mut set, mut leaves) = (SortedSet::new(), BTreeSet::new());
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 24
        };
        for i in 0..2000 {
            let (k, gone) = (next(), next());
            assert_eq!(map.insert(k, i), tree.insert(k, i));
            assert_eq!(map.remove(&gone), tree.remove(&gone));
            assert_eq!(map.get(&i), tree.get(&i));
            assert_eq!(map.from(&gone).first().map(|e| e.0), tree.range(gone..).next().map(|e| *e.0));
            *map.or_default(gone / 2) += 1;
            *tree.entry(gone / 2).or_default() += 1;
            assert_eq!(set.insert(k), leaves.insert(k));
            assert_eq!(set.remove(&gone), leaves.remove(&gone));
            assert_eq!(set.contains(&i), leaves.contains(&i));
        }
        map.retain(|k, _| k % 3 > 0);
        tree.retain(|k, _| k % 3 > 0);
        assert!(map.iter().map(|(k, v)| (k, v)).eq(&tree));
        assert!(set.iter().eq(&leaves));
        assert_eq!(SortedSet::from_iter([3, 1, 3, 2]).to_vec(), [1, 2, 3]);
        let grouped = SortedMap::grouped(vec![(2, 'a'), (1, 'b'), (2, 'c')]);
        assert_eq!(grouped.to_vec(), [(1, vec!['b']), (2, vec!['a', 'c'])]);
    }
}
