use std::collections::BTreeMap;

use super::*;

/// A small generator: tests must not depend on a crate or the clock.
struct Rng(u64);

impl Rng {
    fn next(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

fn key(r: &mut Rng) -> Vec<u8> {
    // Few short keys, many long ones with long common beginnings, so that heads tie. Self-delimiting by the last byte.
    let n = [1, 3, 9, 14, 15, 16, 17, 40][r.next(8) as usize];
    let mut k = vec![b'k'; n];
    for b in k.iter_mut().rev().take(2) {
        *b = r.next(40) as u8;
    }
    k
}

fn check(tree: &BTree, model: &BTreeMap<(Vec<u8>, u64), ()>) {
    let mut all = Vec::new();
    tree.each(|k, v| all.push((k.to_vec(), v)));
    assert_eq!(all.len(), tree.len);
    assert!(all.iter().eq(model.keys()));
    let mut back = Vec::new();
    let mut p = Position::at(&[0xFF; 50], u64::MAX);
    while let Some((k, v)) = p.prev(tree) {
        let mut b = Vec::new();
        join(k.head, k.tail, &mut b);
        back.push((b, v));
    }
    back.reverse();
    assert_eq!(back, all);
}

#[test]
fn it_agrees_with_a_btreemap_whatever_is_done_to_it() {
    for seed in 0..4 {
        let mut r = Rng(seed);
        let mut tree = BTree::default();
        let mut model = BTreeMap::new();
        for round in 0..12 {
            for _ in 0..2500 {
                let (k, v) = (key(&mut r), r.next(20));
                // Rounds alternately grow and shrink the tree.
                if r.next(10) < if round % 3 == 2 { 2 } else { 8 } {
                    tree.insert(&k, v).unwrap();
                    model.insert((k, v), ());
                } else if let Some((k, v)) = model.range((k.clone(), v)..).next().map(|e| e.0.clone()) {
                    assert!(tree.remove(&k, v));
                    model.remove(&(k, v));
                } else {
                    assert!(!tree.remove(&k, v));
                }
            }
            check(&tree, &model);
        }
        tree.retain(|v| v % 3 == 0);
        model.retain(|(_, v), _| v % 3 == 0);
        check(&tree, &model);
        let all: Vec<_> = model.keys().cloned().collect();
        for (k, v) in all {
            assert!(tree.remove(&k, v));
        }
        assert_eq!((tree.len, tree.height()), (0, 1));
    }
}

#[test]
fn ascending_inserts_fill_nodes_and_bulk_builds_are_searchable() {
    let mut tree = BTree::default();
    for i in 0..100_000u64 {
        tree.insert(&i.to_be_bytes(), i).unwrap();
    }
    assert!(tree.node_count() < 100_000 / CAPACITY + 20, "{}", tree.node_count());
    for n in [0u64, 1, 112, 113, 12_543, 12_544, 12_545, 12_656, 12_657, 30_000] {
        let built = BTree::from_sorted((0..n).map(|i| (i.to_be_bytes(), i)));
        for i in (0..n).step_by(37) {
            let k = i.to_be_bytes();
            let leaf = &built.nodes[built.find_leaf(split(&k), 0) as usize];
            let at = leaf.lower_bound(split(&k), 0);
            // The bound may be one past the leaf's end when the key starts the next.
            let v = if at < leaf.len() { leaf.val(at) } else { built.nodes[leaf.next as usize].val(0) };
            assert_eq!(v, i);
        }
        assert_eq!(built.len as u64, n);
    }
}

#[test]
fn a_cursor_keeps_its_place_while_the_tree_changes_under_it() {
    for backward in [false, true] {
        let mut r = Rng(7);
        let mut tree = BTree::default();
        (0..5000u64).for_each(|i| tree.insert(&(i * 2).to_be_bytes(), i).unwrap());
        let mut p = if backward { Position::at(&[0xFF; 9], u64::MAX) } else { Position::at(&[], 0) };
        let mut seen = Vec::new();
        loop {
            let step = if backward { p.prev(&tree) } else { p.next(&tree) };
            let Some((k, v)) = step else { break };
            p.note(k);
            if v < 1 << 40 {
                seen.push(v);
            }
            // Remove the one just seen half of the time, and add odd ones everywhere.
            if r.next(2) == 0 {
                tree.remove(&(v * 2).to_be_bytes(), v);
            }
            let odd = r.next(5000) * 2 + 1;
            tree.insert(&odd.to_be_bytes(), 1 << 40 | odd).unwrap();
        }
        if backward {
            seen.reverse();
        }
        assert!(seen.iter().copied().eq(0..5000));
    }
}

#[test]
fn sorted_inserts_are_inserts() {
    for seed in 0..4 {
        let mut r = Rng(seed);
        let mut tree = BTree::default();
        let mut model = BTreeMap::new();
        for round in 0..12 {
            let mut some: Vec<(Vec<u8>, u64)> = (0..1 + r.next(900)).map(|_| (key(&mut r), r.next(20))).collect();
            if round % 4 == 3 {
                // Past the end.
                some.iter_mut().for_each(|(k, _)| k.insert(0, b'z'));
            }
            some.sort_unstable();
            tree.insert_sorted(some.iter().map(|(k, v)| (split(k), *v))).unwrap();
            model.extend(some.into_iter().map(|e| (e, ())));
            check(&tree, &model);
        }
        let packed = BTree::from_parts(model.keys().flat_map(|(k, v)| [(split(k), *v); 2]));
        check(&packed, &model);
    }
}
