//! Sorting by key bytes.
//!
//! Rows are sorted as pairs of an eight-byte prefix of their key and their number; the whole key is only looked at when
//! prefixes are equal, the number last, which makes the sort stable. One integer column without NULLs needs no key bytes
//! at all.

use tusklet_error::Result;
use tusklet_ir::SortKey;
use tusklet_vector::key::{KeyOrder, KeyPart};
use tusklet_vector::{Batch, Column, Phys, Vector};

use crate::compile::Compiler;
use crate::types::phys;

/// The columns rows are ordered by.
pub(crate) struct Order {
    pub keys: Vec<(usize, KeyPart, Phys)>,
}

impl Order {
    pub fn new(c: &mut Compiler<'_, '_>, keys: &[SortKey]) -> Result<Order> {
        let keys = keys
            .iter()
            .map(|k| (k.column as usize, c.key_part(k), phys(&c.cx.catalog, k.ty)))
            .collect();
        Ok(Order { keys })
    }

    /// The key bytes of a row.
    pub fn row_key(&self, batch: &Batch, row: usize, out: &mut Vec<u8>) {
        out.clear();
        for (c, part, _) in &self.keys {
            if let Some(v) = batch.columns.get(*c) {
                part.write(v.get(row), out);
            }
        }
    }

    /// The numbers of rows `0..n` in order.
    pub fn sorted(&self, columns: &[Vector], n: usize) -> Vec<u32> {
        if let [(c, part, _)] = self.keys.as_slice()
            && let Some(fast) = columns.get(*c).and_then(|v| integer_keys(v, part, n))
        {
            return sort_prefixes(fast, |_, _| std::cmp::Ordering::Equal);
        }
        let mut keys = SortedKeys::default();
        for i in 0..n {
            keys.add(|out| {
                for (c, part, _) in &self.keys {
                    if let Some(v) = columns.get(*c) {
                        part.write(v.get(i), out);
                    }
                }
            });
        }
        keys.sorted()
    }
}

/// Key bytes of many rows.
#[derive(Default)]
pub(crate) struct SortedKeys {
    ends: Vec<usize>,
    arena: Vec<u8>,
    prefixes: Vec<(u64, u32)>,
}

impl SortedKeys {
    /// Adds the key `write` writes, of the next row.
    pub fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.arena.len();
        write(&mut self.arena);
        let key = &self.arena[start..];
        let mut prefix = [0u8; 8];
        let n = key.len().min(8);
        prefix[..n].copy_from_slice(&key[..n]);
        self.prefixes.push((u64::from_be_bytes(prefix), self.ends.len() as u32));
        self.ends.push(self.arena.len());
    }

    /// The key of row `i`.
    pub fn key(&self, i: u32) -> &[u8] {
        let i = i as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.arena[start..self.ends[i]]
    }

    /// The row numbers in key order.
    pub fn sorted(&mut self) -> Vec<u32> {
        let prefixes = std::mem::take(&mut self.prefixes);
        sort_prefixes(prefixes, |a, b| self.key(a).cmp(self.key(b)))
    }
}

fn sort_prefixes(mut rows: Vec<(u64, u32)>, full: impl Fn(u32, u32) -> std::cmp::Ordering) -> Vec<u32> {
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| full(a.1, b.1)).then(a.1.cmp(&b.1)));
    rows.into_iter().map(|r| r.1).collect()
}

/// One integer column without NULLs as numbers that order alike.
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
