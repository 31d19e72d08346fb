//! Keys to numbers: the table behind grouping, DISTINCT, set operations and hash joins.
//!
//! A table gives every distinct key the next number, so numbers are in first-seen order and everything that hangs on a
//! key lives in plain vectors. One integer-like column is hashed by value; anything else by its key bytes
//! ([`crate::key`]), equal exactly when the values are. Integers of every width have the same key here, so
//! `int4 = int8` joins need no cast.

use crate::key::{KeyOrder, KeyPart};
use crate::{Column, Phys, Sel, Vector, hash};

/// No number: the key is not in the table, or holds a NULL that cannot match.
pub const NONE: u32 = u32::MAX;

/// Numbers for keys.
pub struct KeyTable {
    parts: Vec<KeyPart>,
    /// Whether NULLs are keys like any other (grouping) or never match (joins).
    nulls: bool,
    /// Open addressing: number + 1, or 0.
    slots: Vec<u32>,
    mask: usize,
    hashes: Vec<u64>,
    kind: Keys,
    scratch: Vec<u8>,
}

enum Keys {
    /// One column of integers: values by number; the NULL key's number.
    Int { values: Vec<i64>, null: u32 },
    /// Key bytes by number: ends in the arena.
    Bytes { ends: Vec<usize>, arena: Vec<u8> },
}

fn is_int(p: Phys) -> bool {
    matches!(p, Phys::Bool | Phys::I16 | Phys::I32 | Phys::I64)
}

impl KeyTable {
    /// A table over columns of these types.
    pub fn new(types: &[Phys], parts: &[KeyPart], nulls: bool) -> KeyTable {
        let ints = matches!((types, parts), ([t], [KeyPart { order: KeyOrder::Native, .. }]) if is_int(*t));
        KeyTable {
            parts: parts.to_vec(),
            nulls,
            slots: vec![0; 64],
            mask: 63,
            hashes: Vec::new(),
            kind: if ints {
                Keys::Int { values: Vec::new(), null: NONE }
            } else {
                Keys::Bytes { ends: Vec::new(), arena: Vec::new() }
            },
            scratch: Vec::new(),
        }
    }

    /// Distinct keys so far.
    pub fn count(&self) -> usize {
        self.hashes.len()
    }

    fn grow(&mut self) {
        let n = self.slots.len() * 2;
        self.mask = n - 1;
        self.slots.clear();
        self.slots.resize(n, 0);
        for (i, h) in self.hashes.iter().enumerate() {
            let mut at = *h as usize & self.mask;
            while self.slots[at] != 0 {
                at = (at + 1) & self.mask;
            }
            self.slots[at] = i as u32 + 1;
        }
    }

    /// The numbers of the selected rows' keys, in selection order; new keys get one when `insert`, else [`NONE`].
    pub fn numbers(&mut self, columns: &[&Vector], sel: &Sel, insert: bool, out: &mut Vec<u32>) {
        out.clear();
        out.reserve(sel.len());
        if let Keys::Int { .. } = self.kind
            && let [c] = columns
        {
            macro_rules! ints {
                ($v:ident, $i:ident => $x:expr) => {
                    for $i in sel.iter() {
                        if c.is_null($i) {
                            let n = self.null_number(insert);
                            out.push(n);
                            continue;
                        }
                        let $i = c.at($i);
                        let n = self.int_number($x, insert);
                        out.push(n);
                    }
                };
            }
            match &c.data {
                Column::Bool(v) => ints!(v, i => v[i] as i64),
                Column::I16(v) => ints!(v, i => v[i] as i64),
                Column::I32(v) => ints!(v, i => v[i] as i64),
                Column::I64(v) => ints!(v, i => v[i]),
                _ => out.resize(sel.len(), NONE),
            }
            return;
        }
        let mut key = std::mem::take(&mut self.scratch);
        for i in sel.iter() {
            key.clear();
            let mut null = false;
            for (c, p) in columns.iter().zip(&self.parts) {
                null |= c.is_null(i);
                p.write_row_widened(c, i, &mut key);
            }
            out.push(if null && !self.nulls { NONE } else { self.bytes_number(&key, insert) });
        }
        self.scratch = key;
    }

    fn null_number(&mut self, insert: bool) -> u32 {
        let fresh = self.hashes.len() as u32;
        match &mut self.kind {
            Keys::Int { values, null } if self.nulls => {
                if *null == NONE && insert {
                    *null = fresh;
                    values.push(0);
                    // Not in `slots`: found by `null` alone. Its hash keeps its place when the slots grow.
                    self.hashes.push(u64::MAX);
                    self.rehash_without_null();
                    return fresh;
                }
                *null
            }
            _ => NONE,
        }
    }

    /// The NULL key takes a slot when the table grows; harmless, because no value compares equal to it.
    fn rehash_without_null(&mut self) {
        if self.hashes.len() * 2 > self.slots.len() {
            self.grow();
        }
    }

    #[inline]
    fn int_number(&mut self, v: i64, insert: bool) -> u32 {
        let Keys::Int { values, null } = &mut self.kind else { return NONE };
        let h = hash::word(v as u64);
        let mut at = h as usize & self.mask;
        loop {
            let s = self.slots[at];
            if s == 0 {
                break;
            }
            if values[s as usize - 1] == v && s - 1 != *null {
                return s - 1;
            }
            at = (at + 1) & self.mask;
        }
        if !insert {
            return NONE;
        }
        let n = values.len() as u32;
        values.push(v);
        self.hashes.push(h);
        self.slots[at] = n + 1;
        if self.hashes.len() * 2 > self.slots.len() {
            self.grow();
        }
        n
    }

    #[inline]
    fn bytes_number(&mut self, key: &[u8], insert: bool) -> u32 {
        let Keys::Bytes { ends, arena } = &mut self.kind else { return NONE };
        let h = hash::bytes(key);
        let mut at = h as usize & self.mask;
        loop {
            let s = self.slots[at];
            if s == 0 {
                break;
            }
            let n = s as usize - 1;
            if self.hashes[n] == h {
                let start = if n == 0 { 0 } else { ends[n - 1] };
                if arena[start..ends[n]] == *key {
                    return n as u32;
                }
            }
            at = (at + 1) & self.mask;
        }
        if !insert {
            return NONE;
        }
        let n = self.hashes.len() as u32;
        arena.extend_from_slice(key);
        ends.push(arena.len());
        self.hashes.push(h);
        self.slots[at] = n + 1;
        if self.hashes.len() * 2 > self.slots.len() {
            self.grow();
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Datum;

    #[test]
    fn keys_get_numbers_in_the_order_they_are_first_seen() {
        let mut v = Vector::empty(Phys::I32);
        for x in [7, 7, 3, 7, 9, 3] {
            v.push(Datum::I32(x));
        }
        v.push(Datum::Null);
        v.push(Datum::I32(0));
        let mut out = Vec::new();
        let mut t = KeyTable::new(&[Phys::I32], &[KeyPart::ASC], true);
        t.numbers(&[&v], &Sel::All(8), true, &mut out);
        assert_eq!(out, [0, 0, 1, 0, 2, 1, 3, 4]);
        let mut t = KeyTable::new(&[Phys::I32], &[KeyPart::ASC], false);
        t.numbers(&[&v], &Sel::All(8), true, &mut out);
        assert_eq!(out, [0, 0, 1, 0, 2, 1, NONE, 3]);

        // Many keys, both ways of hashing, against a map.
        let mut big = Vector::empty(Phys::I64);
        let mut wide = Vector::empty(Phys::Bytes);
        let mut x = 1u64;
        for _ in 0..5000 {
            x = hash::word(x.wrapping_add(1));
            big.push(Datum::I64((x % 700) as i64));
            wide.push(Datum::Bytes(format!("a key that is long enough {}", x % 700).as_bytes()));
        }
        let (mut a, mut b) = (Vec::new(), Vec::new());
        KeyTable::new(&[Phys::I64], &[KeyPart::ASC], true).numbers(&[&big], &Sel::All(5000), true, &mut a);
        KeyTable::new(&[Phys::Bytes], &[KeyPart::ASC], true).numbers(&[&wide], &Sel::All(5000), true, &mut b);
        assert_eq!(a, b);
        assert!(a.iter().max().is_some_and(|m| *m < 700));
    }
}
