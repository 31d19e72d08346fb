//! Sorting by key bytes.
//!
//! Rows are sorted as pairs of a sixteen-byte prefix of their key and their number; the whole key is only looked at when
//! prefixes are equal; rows with equal keys come in the order PostgreSQL's quicksort leaves them in, in large inputs in
//! their own order. One integer column without NULLs needs no key bytes
//! at all. A column whose type has no key bytes (an enum, whose labels may have been added in the middle; a user's operator
//! class) is ranked by its comparison function first.

use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_error::Result;
use tusklet_ir::{SortKey, TypeRef};
use tusklet_vector::key::{KeyOrder, KeyPart};
use tusklet_vector::{Batch, Column, Datum, Phys, Sel, Vector, sort};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::{CCall, no_collation};
use crate::quicksort;
use crate::types::phys;

/// The columns rows are ordered by.
pub(crate) struct Order {
    pub keys: Vec<(usize, KeyPart, Phys)>,
    /// For a column whose order no key bytes tell: its comparison function.
    compare: Vec<Option<CCall>>,
    /// Of a key it is not known by which collation.
    torn: bool,
}

/// Comparison functions over bytes whose order is that of the bytes.
const BYTEWISE: [&str; 8] = [
    "bttextcmp",
    "bttext_pattern_cmp",
    "btbpchar_pattern_cmp",
    "btnamecmp",
    "byteacmp",
    "uuid_cmp",
    "macaddr_cmp",
    "macaddr8_cmp",
];

/// Whether key bytes order values as the function compares them: it has a key function, or the physical order is its.
fn has_keys(c: &Compiler<'_, '_>, cmp: u32, oid: u32, ty: Phys) -> bool {
    let Some(src) = builtin::proc(cmp).map(|p| p.src()) else { return false };
    if matches!(src, "btarraycmp" | "btrecordcmp" | "range_cmp" | "multirange_cmp" | "enum_cmp") {
        return c.cx.catalog.keys_order(cmp, oid);
    }
    matches!(c.kernels().key(src, 0), KeyOrder::Custom(..))
        || BYTEWISE.contains(&src)
        || !matches!(ty, Phys::Bytes | Phys::Fixed16)
}

impl Order {
    pub fn new(c: &mut Compiler<'_, '_>, keys: &[SortKey]) -> Result<Order> {
        let mut list = Vec::with_capacity(keys.len());
        let mut compare = Vec::with_capacity(keys.len());
        for k in keys {
            let ty = phys(&c.cx.catalog, k.ty);
            compare.push(if k.cmp == 0 || has_keys(c, k.cmp, k.ty, ty) {
                None
            } else {
                Some(c.binary(k.cmp, TypeRef::new(k.ty), TypeRef::new(k.ty), k.collation)?)
            });
            list.push((k.column as usize, c.key_part(k), ty));
        }
        let torn = keys.iter().any(|k| k.collation == 0 && c.cx.catalog.type_collation(k.ty) != 0);
        Ok(Order { keys: list, compare, torn })
    }

    /// The key bytes of a row.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn row_key(&self, batch: &Batch, row: usize, out: &mut Vec<u8>) {
        out.clear();
        for (c, part, _) in &self.keys {
            if let Some(v) = batch.columns.get(*c) {
                part.write_row(v, row, out);
            }
        }
    }

    /// The numbers of rows `0..n` in order.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn sorted(&self, cx: &mut ExecCx<'_>, columns: &[Vector], n: usize) -> Result<Vec<u32>> {
        if self.torn {
            return Err(no_collation("comparison"));
        }
        if self.compare.iter().any(|c| c.is_some()) {
            return self.sorted_by_ranks(cx, columns, n);
        }
        if let [(c, part, _)] = self.keys.as_slice()
            && let Some(fast) = columns.get(*c).and_then(|v| integer_keys(v, part, n))
        {
            return Ok(sort_rows(fast, None, |rows, _| sort::sort_numbers(rows)));
        }
        let mut keys = SortedKeys::default();
        for i in 0..n {
            if i % LOOK == 0 {
                cx.host.check_interrupts()?;
            }
            keys.add(|out| {
                for (c, part, _) in &self.keys {
                    if let Some(v) = columns.get(*c) {
                        part.write_row(v, i, out);
                    }
                }
            });
        }
        Ok(keys.sorted())
    }

    /// The selected rows of a batch that come strictly before the row whose key bytes are `bound`; all of them when only a
    /// comparison function could tell.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn before(&self, batch: &Batch, bound: &[u8]) -> Sel {
        if self.compare.iter().any(|c| c.is_some()) {
            return batch.sel.clone();
        }
        if let [(c, part, _)] = self.keys.as_slice()
            && let Some(v) = batch.columns.get(*c)
            && matches!(part.order, KeyOrder::Native)
            && v.validity.is_all_set()
            && !v.constant
            && bound.first() == Some(&1)
        {
            let low = |from: usize| {
                let mut b = [0; 8];
                b[8 - from..].copy_from_slice(&bound[1..1 + from]);
                let k = u64::from_be_bytes(b);
                if part.desc { !k & (u64::MAX >> (64 - 8 * from)) } else { k }
            };
            // The bound as the column's own number.
            match &v.data {
                Column::I32(x) if bound.len() == 5 => {
                    let b = (low(4) as u32 ^ 1 << 31) as i32;
                    return if part.desc { batch.sel.filter(|i| x[i] > b) } else { batch.sel.filter(|i| x[i] < b) };
                }
                Column::I64(x) if bound.len() == 9 => {
                    let b = (low(8) ^ 1 << 63) as i64;
                    return if part.desc { batch.sel.filter(|i| x[i] > b) } else { batch.sel.filter(|i| x[i] < b) };
                }
                _ => {}
            }
        }
        let mut key = Vec::new();
        batch.sel.filter(|i| {
            self.row_key(batch, i, &mut key);
            key.as_slice() < bound
        })
    }

    /// The key bytes of a kept row.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn stored_key(&self, columns: &[Vector], row: usize) -> Vec<u8> {
        let mut key = Vec::new();
        for (c, part, _) in &self.keys {
            if let Some(v) = columns.get(*c) {
                part.write_row(v, row, &mut key);
            }
        }
        key
    }

    /// Where a comparison function must be asked, a column's values are first replaced by their ranks.
    #[cfg_attr(tuned, optimize(speed))]
    /// How row `i` of the columns compares with what lies `before` columns before each, in the same row. The key bytes are written to `keys`.
    pub fn compare_at(
        &self,
        cx: &mut ExecCx<'_>,
        i: usize,
        columns: &[Rc<Vector>],
        before: usize,
        keys: &mut [Vec<u8>; 2],
    ) -> Result<Ordering> {
        for ((c, part, _), cmp) in self.keys.iter().zip(&self.compare) {
            let (theirs, mine) = (&columns[*c], &columns[c.saturating_sub(before)]);
            let order = match cmp {
                Some(cmp) if !theirs.is_null(i) && !mine.is_null(i) => {
                    let order = cmp.call(cx, &[theirs.get(i), mine.get(i)])?.as_datum().int().cmp(&0);
                    if part.desc { order.reverse() } else { order }
                }
                _ => {
                    for (key, v) in keys.iter_mut().zip([theirs, mine]) {
                        key.clear();
                        part.write_row(v, i, key);
                    }
                    keys[0].cmp(&keys[1])
                }
            };
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }

    fn sorted_by_ranks(&self, cx: &mut ExecCx<'_>, columns: &[Vector], n: usize) -> Result<Vec<u32>> {
        let mut ranks = Vec::with_capacity(self.keys.len());
        for ((c, _, _), cmp) in self.keys.iter().zip(&self.compare) {
            ranks.push(match (cmp, columns.get(*c)) {
                (Some(cmp), Some(v)) => Some(ranked(cx, cmp, v, n)?),
                _ => None,
            });
        }
        let mut keys = SortedKeys::default();
        for i in 0..n {
            if i % LOOK == 0 {
                cx.host.check_interrupts()?;
            }
            keys.add(|out| {
                for ((c, part, _), rank) in self.keys.iter().zip(&ranks) {
                    let Some(v) = columns.get(*c) else { continue };
                    match rank {
                        None => part.write_row(v, i, out),
                        Some(_) if v.is_null(i) => part.write(Datum::Null, out),
                        Some(r) => KeyPart { order: KeyOrder::Native, ..*part }.write(Datum::I64(r[i] as i64), out),
                    }
                }
            });
        }
        Ok(keys.sorted())
    }
}

/// How the two sides of a merge join compare.
pub(crate) struct MergeOrder {
    keys: Vec<MergeKey>,
    /// Every column has key bytes, so the bytes alone tell.
    by_bytes: bool,
}

struct MergeKey {
    /// Columns of the left and right side.
    columns: [usize; 2],
    part: KeyPart,
    /// The sides are integers of different width.
    widen: bool,
    compare: Option<CCall>,
}

/// The key bytes of a batch's selected rows.
#[derive(Default)]
pub(crate) struct MergeKeys {
    arena: Vec<u8>,
    ends: Vec<usize>,
    nulls: Vec<bool>,
}

impl MergeKeys {
    /// Of the `at`th selected row.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn bytes(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.arena[start..self.ends[at]]
    }

    /// Some column of its key is NULL, so it equals nothing.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn has_null(&self, at: usize) -> bool {
        self.nulls[at]
    }
}

/// A row of one side of a merge join.
#[derive(Clone, Copy)]
pub(crate) struct KeyRow<'a> {
    pub columns: &'a [Rc<Vector>],
    pub row: usize,
    /// Its key bytes.
    pub bytes: &'a [u8],
    pub right: bool,
}

impl MergeOrder {
    pub fn new(c: &mut Compiler<'_, '_>, keys: &[(SortKey, SortKey)]) -> Result<MergeOrder> {
        let mut list = Vec::with_capacity(keys.len());
        for (l, r) in keys {
            let ty = phys(&c.cx.catalog, l.ty);
            let compare = match has_keys(c, l.cmp, l.ty, ty) {
                true => None,
                false => Some(c.binary(l.cmp, TypeRef::new(l.ty), TypeRef::new(r.ty), l.collation)?),
            };
            list.push(MergeKey {
                columns: [l.column as usize, r.column as usize],
                part: c.key_part(l),
                widen: ty != phys(&c.cx.catalog, r.ty),
                compare,
            });
        }
        let by_bytes = list.iter().all(|k| k.compare.is_none());
        Ok(MergeOrder { keys: list, by_bytes })
    }

    /// The keys of a batch of one side.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn keys(&self, batch: &Batch, right: bool, out: &mut MergeKeys) {
        out.arena.clear();
        out.ends.clear();
        out.nulls.clear();
        for row in batch.sel.iter() {
            let mut null = false;
            for k in &self.keys {
                let v = &batch.columns[k.columns[right as usize]];
                null |= v.is_null(row);
                if k.widen { k.part.write_row_widened(v, row, &mut out.arena) } else { k.part.write_row(v, row, &mut out.arena) }
            }
            out.ends.push(out.arena.len());
            out.nulls.push(null);
        }
    }

    /// The order of two rows, NULLs where the keys place them and equal to each other.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn compare(&self, cx: &mut ExecCx<'_>, a: KeyRow<'_>, b: KeyRow<'_>) -> Result<Ordering> {
        if self.by_bytes { Ok(a.bytes.cmp(b.bytes)) } else { self.compare_columns(cx, a, b) }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn compare_columns(&self, cx: &mut ExecCx<'_>, a: KeyRow<'_>, b: KeyRow<'_>) -> Result<Ordering> {
        for k in &self.keys {
            let x = a.columns[k.columns[a.right as usize]].get(a.row);
            let y = b.columns[k.columns[b.right as usize]].get(b.row);
            let order = match &k.compare {
                Some(f) if !x.is_null() && !y.is_null() => {
                    let order = f.call(cx, &[x, y])?.as_datum().int().cmp(&0);
                    if k.part.desc { order.reverse() } else { order }
                }
                Some(_) => match (x.is_null(), y.is_null()) {
                    (true, true) => Ordering::Equal,
                    (x_null, _) => {
                        if x_null == k.part.nulls_first {
                            Ordering::Less
                        } else {
                            Ordering::Greater
                        }
                    }
                },
                None => {
                    let (mut l, mut r) = (Vec::new(), Vec::new());
                    k.write(x, &mut l);
                    k.write(y, &mut r);
                    l.cmp(&r)
                }
            };
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    }
}

impl MergeKey {
    #[cfg_attr(tuned, optimize(speed))]
    fn write(&self, d: Datum<'_>, out: &mut Vec<u8>) {
        if self.widen { self.part.write_widened(d, out) } else { self.part.write(d, out) }
    }
}

/// The rank of each value, equal ones alike: a merge sort whose comparisons may fail.
#[cfg_attr(tuned, optimize(speed))]
fn ranked(cx: &mut ExecCx<'_>, cmp: &CCall, v: &Vector, n: usize) -> Result<Vec<u32>> {
    let mut rows: Vec<u32> = (0..n as u32).filter(|i| !v.is_null(*i as usize)).collect();
    let mut compare =
        |a: u32, b: u32| -> Result<i64> { Ok(cmp.call(cx, &[v.get(a as usize), v.get(b as usize)])?.as_datum().int()) };
    let mut width = 1;
    let mut merged = Vec::with_capacity(rows.len());
    while width < rows.len() {
        merged.clear();
        for pair in rows.chunks(2 * width) {
            let (mut a, mut b) = pair.split_at(width.min(pair.len()));
            while let (Some(x), Some(y)) = (a.first(), b.first()) {
                if compare(*y, *x)? < 0 {
                    merged.push(*y);
                    b = &b[1..];
                } else {
                    merged.push(*x);
                    a = &a[1..];
                }
            }
            merged.extend_from_slice(a);
            merged.extend_from_slice(b);
        }
        std::mem::swap(&mut rows, &mut merged);
        width *= 2;
    }
    let mut ranks = vec![0; n];
    let mut rank = 0;
    for (k, row) in rows.iter().enumerate() {
        if k > 0 && compare(rows[k - 1], *row)? != 0 {
            rank += 1;
        }
        ranks[*row as usize] = rank;
    }
    Ok(ranks)
}

/// A new piece of a key arena is begun when the last one has this many bytes: one long one would have to be copied to grow,
/// and large ones do not fit twice.
const PIECE: usize = 64 << 20;
/// Keys written between two looks at interrupts.
const LOOK: usize = 4096;

/// Key bytes of many rows.
#[derive(Default)]
pub(crate) struct SortedKeys {
    /// Where each row's key ends in its piece.
    ends: Vec<u32>,
    /// The pieces, each with the number of its first row.
    pieces: Vec<(u32, Vec<u8>)>,
    prefixes: Vec<(u128, u32)>,
    /// Some key is longer than its prefix.
    long: bool,
}

impl SortedKeys {
    /// Adds the key `write` writes, of the next row.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let row = self.ends.len() as u32;
        if self.pieces.last().is_none_or(|(_, p)| p.len() >= PIECE) {
            self.pieces.push((row, Vec::new()));
        }
        let Some((_, piece)) = self.pieces.last_mut() else { return };
        let start = piece.len();
        write(piece);
        let key = &piece[start..];
        let mut prefix = [0u8; 16];
        let n = key.len().min(16);
        prefix[..n].copy_from_slice(&key[..n]);
        self.long |= key.len() > 16;
        self.prefixes.push((u128::from_be_bytes(prefix), row));
        self.ends.push(piece.len() as u32);
    }

    /// The key of row `i`.
    pub fn key(&self, i: u32) -> &[u8] {
        let at = if self.pieces.len() == 1 { 0 } else { self.pieces.partition_point(|(first, _)| *first <= i) - 1 };
        let (first, piece) = &self.pieces[at];
        let start = if i == *first { 0 } else { self.ends[i as usize - 1] };
        &piece[start as usize..self.ends[i as usize] as usize]
    }

    /// The row numbers in key order.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn sorted(&mut self) -> Vec<u32> {
        let prefixes = std::mem::take(&mut self.prefixes);
        // Keys delimit themselves, so short ones that fill their prefixes with the same bytes are the same.
        let rest = |a, b| self.key(a).cmp(self.key(b));
        sort_rows(prefixes, if self.long { Some(&rest) } else { None }, sort::sort_prefixes)
    }
}

/// Compares rows whose prefixes are the same.
type Rest<'a> = Option<&'a dyn Fn(u32, u32) -> Ordering>;

#[cfg_attr(tuned, optimize(speed))]
fn sort_rows<P: Ord + Copy>(mut rows: Vec<(P, u32)>, rest: Rest<'_>, many: fn(&mut [(P, u32)], Rest<'_>)) -> Vec<u32> {
    if rows.len() <= quicksort::MOST {
        quicksort::sort(&mut rows, &mut |a, b| a.0.cmp(&b.0).then_with(|| rest.map_or(Ordering::Equal, |r| r(a.1, b.1))));
    } else {
        many(&mut rows, rest);
    }
    rows.into_iter().map(|r| r.1).collect()
}

/// One integer column without NULLs as numbers that order alike.
#[cfg_attr(tuned, optimize(speed))]
fn integer_keys(v: &Vector, part: &KeyPart, n: usize) -> Option<Vec<(u64, u32)>> {
    if !matches!(part.order, KeyOrder::Native) || !v.validity.is_all_set() || v.constant {
        return None;
    }
    let flip = if part.desc { u64::MAX } else { 0 };
    let key = |x: i64| ((x as u64) ^ 1 << 63) ^ flip;
    macro_rules! keys {
        ($v:ident) => {
            Some($v.iter().take(n).enumerate().map(|(i, x)| (key(*x as i64), i as u32)).collect())
        };
    }
    match &v.data {
        Column::I16(v) => keys!(v),
        Column::I32(v) => keys!(v),
        Column::I64(v) => keys!(v),
        _ => None,
    }
}
