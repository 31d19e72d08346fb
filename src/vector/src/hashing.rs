//! Keys to numbers: the table behind grouping, DISTINCT, set operations and hash joins.
//!
//! A table gives every distinct key the next number, so numbers are in first-seen order and everything that hangs on a
//! key lives in plain vectors. One integer-like column or one of text is hashed by value; anything else by its key bytes
//! ([`crate::key`]), equal exactly when the values are. Integers of every width have the same key here, so
//! `int4 = int8` joins need no cast.

use crate::bytes::View;
use crate::key::{KeyOrder, KeyPart};
use crate::{BytesColumn, Column, Phys, Sel, Vector, hash};

/// No number: the key is not in the table, or holds a NULL that cannot match.
pub const NONE: u32 = u32::MAX;

/// Numbers for keys.
pub struct KeyTable {
    parts: Vec<KeyPart>,
    /// Whether NULLs are keys like any other (grouping) or never match (joins).
    nulls: bool,
    slots: Slots,
    kind: Keys,
    /// The number of the NULL key of one column.
    null: u32,
    scratch: Vec<u8>,
    words: Vec<u64>,
}

enum Keys {
    /// One column of integers: values by number.
    Int(Vec<i64>),
    /// One column of byte strings in their own order, by number.
    Text(BytesColumn),
    /// Key bytes by number.
    Bytes(Arena),
}

/// Byte strings by number, one behind the other.
#[derive(Clone, Default)]
struct Arena {
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Arena {
    fn get(&self, n: usize) -> &[u8] {
        let start = if n == 0 { 0 } else { self.ends[n - 1] };
        &self.bytes[start..self.ends[n]]
    }

    fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }
}

/// A set of byte strings, each with its number.
#[derive(Clone, Default)]
pub struct ByteSet {
    slots: Slots,
    keys: Arena,
}

impl ByteSet {
    /// The number of the key, and whether it is new: numbers are in first-seen order.
    pub fn insert(&mut self, key: &[u8]) -> (usize, bool) {
        if self.slots.slots.is_empty() {
            self.slots.grow();
        }
        let (n, fresh) = self.slots.find::<true>(hash::bytes(key), true, |n| self.keys.get(n) == key);
        if fresh {
            self.keys.push(key);
        }
        (n as usize, fresh)
    }

    /// Whether the key is in it.
    pub fn contains(&self, key: &[u8]) -> bool {
        !self.slots.slots.is_empty() && self.slots.look::<true>(hash::bytes(key), |n| self.keys.get(n) == key).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.ends.is_empty()
    }

    /// The keys by number.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|n| self.keys.get(n))
    }
}

/// Open addressing. A slot is 0, or the low half of a hash over number + 1: most keys that differ are told apart without
/// looking at them, and the table grows without them.
#[derive(Clone, Default)]
struct Slots {
    slots: Vec<u64>,
    mask: usize,
    count: u32,
}

impl Slots {
    /// The number of the key with hash `h` that is the `same`, or the free slot it would get. `TAGS`: the hash decides before
    /// the key is looked at.
    #[inline(always)]
    fn look<const TAGS: bool>(&self, h: u64, same: impl Fn(usize) -> bool) -> Result<u32, usize> {
        let tag = h << 32;
        let mut at = h as usize & self.mask;
        loop {
            let s = self.slots[at & self.mask];
            if s == 0 {
                return Err(at);
            }
            if (!TAGS || (s ^ tag) >> 32 == 0) && same((s as u32 - 1) as usize) {
                return Ok(s as u32 - 1);
            }
            at = (at + 1) & self.mask;
        }
    }

    /// The number of the key, or of a new one.
    #[inline(always)]
    fn find<const TAGS: bool>(&mut self, h: u64, insert: bool, same: impl Fn(usize) -> bool) -> (u32, bool) {
        let at = match self.look::<TAGS>(h, same) {
            Ok(n) => return (n, false),
            Err(_) if !insert => return (NONE, false),
            Err(at) => at,
        };
        let n = self.count;
        self.count += 1;
        self.slots[at] = h << 32 | (n + 1) as u64;
        if n as usize * 2 > self.slots.len() {
            self.grow();
        }
        (n, true)
    }

    #[inline(never)]
    fn grow(&mut self) {
        let n = (self.slots.len() * if self.slots.len() <= 1 << 16 { 4 } else { 2 }).max(8);
        let old = std::mem::replace(&mut self.slots, vec![0; n]);
        self.mask = n - 1;
        for s in old {
            if s != 0 {
                let mut at = (s >> 32) as usize & self.mask;
                while self.slots[at] != 0 {
                    at = (at + 1) & self.mask;
                }
                self.slots[at] = s;
            }
        }
    }
}

/// Whether row `i` of one column is row `j` of the other; most are told apart by the views.
#[inline]
fn same(a: &BytesColumn, i: usize, b: &BytesColumn, j: usize) -> bool {
    let (x, y) = (&a.views()[i], &b.views()[j]);
    if x.len() <= View::INLINE { x == y } else { x.len() == y.len() && equal(a.get(i), b.get(j)) }
}

/// Whether two strings of one length, at least eight, are the same.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() > 64 {
        return a == b;
    }
    let pairs = a.chunks_exact(8).zip(b.chunks_exact(8));
    a.last_chunk::<8>() == b.last_chunk::<8>() && pairs.fold(0, |d, (x, y)| d | word(x) ^ word(y)) == 0
}

#[inline]
fn word(b: &[u8]) -> u64 {
    b.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

/// The selected integers.
fn widen<T: Copy + Into<i64>>(v: &[T], constant: bool, sel: &Sel, words: &mut Vec<u64>) {
    match sel {
        Sel::All(n) if !constant => words.extend(v.iter().take(*n).map(|x| (*x).into() as u64)),
        _ => sel.each(|i| words.push(v[if constant { 0 } else { i }].into() as u64)),
    }
}

fn is_int(p: Phys) -> bool {
    matches!(p, Phys::Bool | Phys::I16 | Phys::I32 | Phys::I64)
}

impl KeyTable {
    /// A table over columns of these types.
    pub fn new(types: &[Phys], parts: &[KeyPart], nulls: bool) -> KeyTable {
        let kind = match (types, parts) {
            ([t], [KeyPart { order: KeyOrder::Native, .. }]) if is_int(*t) => Keys::Int(Vec::new()),
            ([Phys::Bytes], [KeyPart { order: KeyOrder::Native, .. }]) => Keys::Text(BytesColumn::default()),
            _ => Keys::Bytes(Arena::default()),
        };
        KeyTable {
            parts: parts.to_vec(),
            nulls,
            slots: Slots { slots: vec![0; 64], mask: 63, count: 0 },
            kind,
            null: NONE,
            scratch: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Distinct keys so far.
    pub fn count(&self) -> usize {
        self.slots.count as usize
    }

    /// The numbers of the selected rows' keys, in selection order; new keys get one when `insert`, else [`NONE`].
    pub fn numbers(&mut self, columns: &[&Vector], sel: &Sel, insert: bool, out: &mut Vec<u32>) {
        out.clear();
        out.reserve(sel.len());
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        match (&mut self.kind, columns) {
            (Keys::Int(values), [c]) => {
                match &c.data {
                    Column::Bool(v) => widen(v, c.constant, sel, &mut words),
                    Column::I16(v) => widen(v, c.constant, sel, &mut words),
                    Column::I32(v) => widen(v, c.constant, sel, &mut words),
                    Column::I64(v) => widen(v, c.constant, sel, &mut words),
                    _ => out.resize(sel.len(), NONE),
                }
                let checked = !c.validity.is_all_set();
                let mut last = (0, NONE);
                for (i, w) in sel.iter().zip(&words) {
                    if checked && c.is_null(i) {
                        out.push(null_number(&mut self.null, self.nulls, insert, &mut self.slots, || values.push(0)));
                        continue;
                    }
                    // Many a column has runs of one value.
                    if last.0 != *w || last.1 == NONE {
                        let (n, fresh) = self.slots.find::<false>(hash::word(*w), insert, |n| values[n] == *w as i64);
                        if fresh {
                            values.push(*w as i64);
                        }
                        last = (*w, n);
                    }
                    out.push(last.1);
                }
            }
            (Keys::Text(keys), [c]) => {
                let Some(b) = c.bytes() else { return out.resize(sel.len(), NONE) };
                // All hashes first: a loop whose looks into memory do not wait for those into the table.
                let step = !c.constant as usize;
                words.reserve(sel.len());
                sel.each(|i| {
                    let v = &b.views()[i * step];
                    words.push(if v.len() <= View::INLINE { v.hash() } else { hash::bytes(b.get(i * step)) });
                });
                if self.slots.slots.len() > 1 << 14 {
                    // So too for the table's own memory, which is far away when it is large.
                    let read = |h: &u64| {
                        let s = self.slots.slots[*h as usize & self.slots.mask] as u32 as usize;
                        keys.views().get(s.wrapping_sub(1)).map_or(0, |v| v.words().0)
                    };
                    std::hint::black_box(words.iter().fold(0, |sum, h| sum ^ read(h)));
                }
                let checked = !c.validity.is_all_set();
                for (i, h) in sel.iter().zip(&words) {
                    if checked && c.is_null(i) {
                        out.push(null_number(&mut self.null, self.nulls, insert, &mut self.slots, || keys.push(b"")));
                        continue;
                    }
                    let i = i * step;
                    let (n, fresh) = self.slots.find::<true>(*h, insert, |n| same(b, i, keys, n));
                    if fresh {
                        keys.push(b.get(i));
                    }
                    out.push(n);
                }
            }
            (Keys::Bytes(keys), _) => {
                let key = &mut self.scratch;
                for i in sel.iter() {
                    key.clear();
                    let mut null = false;
                    for (c, p) in columns.iter().zip(&self.parts) {
                        null |= c.is_null(i);
                        p.write_row_widened(c, i, key);
                    }
                    if null && !self.nulls {
                        out.push(NONE);
                        continue;
                    }
                    let (n, fresh) = self.slots.find::<true>(hash::bytes(key), insert, |n| keys.get(n) == &**key);
                    if fresh {
                        keys.push(key);
                    }
                    out.push(n);
                }
            }
            _ => out.resize(sel.len(), NONE),
        }
        self.words = words;
    }
}

/// The number of one column's NULL. It is in no slot, so that no value is the same.
#[cold]
fn null_number(null: &mut u32, nulls: bool, insert: bool, slots: &mut Slots, push: impl FnOnce()) -> u32 {
    if nulls && insert && *null == NONE {
        *null = slots.count;
        slots.count += 1;
        push();
    }
    *null
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

        let mut v = Vector::empty(Phys::Bytes);
        for x in ["", "one", "a value too long for a view", "one", "a value too long for a viex"] {
            v.push(Datum::Bytes(x.as_bytes()));
        }
        v.push(Datum::Null);
        v.push(Datum::Bytes(b""));
        v.push(Datum::Bytes(b"a value too long for a view"));
        let mut t = KeyTable::new(&[Phys::Bytes], &[KeyPart::ASC], true);
        t.numbers(&[&v], &Sel::All(8), true, &mut out);
        assert_eq!(out, [0, 1, 2, 1, 3, 4, 0, 2]);
        assert_eq!(t.count(), 5);

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
