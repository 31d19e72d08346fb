//! How the linked-in catalog is stored and read.
//!
//! `builtin.bin` holds one run of integers per column, as narrow as its values allow: all low bytes, then all high bytes.
//! Where the values mostly count up, the row number is taken off first (`ramp`), which leaves little to download.
//! `generated.rs` says where each run starts.
//!
//! A text is an index into the pool `strings.bin`: every text once, ended by a NUL, in blocks whose starts are known. First come
//! the names that lookups ask for, in byte order: finding one is a binary search over block heads and a scan of one
//! block, and rows ordered by its index are ordered by name. The other texts follow as the rows use them.
//! Nothing is prepared when the engine starts.

use std::cmp::Ordering;
use std::ffi::CStr;

use super::generated::{BLOCK, BLOCKS, LISTS, NAMES};

static DATA: &[u8] = include_bytes!("builtin.bin");
static POOL: &str = include_str!("strings.bin");

/// What a column holds, and so which [`Field`] a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A truth value.
    Bool,
    /// A `"char"`.
    Char,
    /// An integer.
    Int,
    /// An OID that no other built-in catalog explains.
    Oid,
    /// A text or name, possibly NULL.
    Text,
    /// A text; stored as 0 when it equals the row's second column, its name.
    TextOrName,
    /// An OID of a row of another catalog, or 0.
    Ref(Class),
    /// A list of integers, possibly NULL.
    Ints,
    /// A list of texts, possibly NULL.
    Texts,
    /// A list of `"char"`s, possibly NULL.
    Chars,
    /// A list of references, possibly NULL.
    Refs(Class),
}

/// The catalogs that references point into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `pg_type`.
    Type,
    /// `pg_proc`.
    Proc,
    /// `pg_operator`.
    Operator,
    /// `pg_class`.
    Relation,
    /// `pg_namespace`.
    Namespace,
    /// `pg_language`.
    Language,
    /// `pg_am`.
    Am,
    /// `pg_opfamily`.
    Opfamily,
    /// `pg_opclass`.
    Opclass,
    /// `pg_collation`.
    Collation,
    /// `pg_ts_parser`.
    TsParser,
    /// `pg_ts_template`.
    TsTemplate,
    /// `pg_ts_dict`.
    TsDict,
    /// `pg_ts_config`.
    TsConfig,
}

/// How many bytes a cell takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// None: every row has the base.
    Constant,
    /// One bit.
    Bit,
    /// One byte.
    One,
    /// Two bytes.
    Two,
}

/// One column: where it is and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// PostgreSQL's name of it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    pub(super) width: Width,
    pub(super) base: i32,
    pub(super) ramp: i32,
    pub(super) start: u32,
    pub(super) rows: u32,
}

impl Column {
    /// The integer of a row. Inlined with a constant `self`, this is one or two loads.
    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> i32 {
        let start = self.start as usize;
        let stored = match self.width {
            Width::Constant => 0,
            Width::Bit => i32::from(DATA[start + row / 8] >> (row % 8) & 1),
            Width::One => i32::from(DATA[start + row]),
            Width::Two => i32::from(u16::from_le_bytes([DATA[start + row], DATA[start + self.rows as usize + row]])),
        };
        self.base + self.ramp * row as i32 + stored
    }
}

/// A cell of any catalog, for whoever shows catalogs as tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field {
    /// NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// A `"char"`; 0 is the empty one.
    Char(u8),
    /// An integer.
    Int(i32),
    /// An OID, 0 for none.
    Oid(u32),
    /// A text.
    Text(&'static str),
    /// Integers or OIDs.
    Numbers(&'static [u32]),
    /// Texts.
    Texts(Texts),
    /// `"char"`s, one in each number.
    Chars(&'static [u32]),
}

/// A whole catalog, for whoever shows catalogs as tables. Rows are in the order of their key, mostly the OID.
#[derive(Debug)]
pub struct Table {
    /// PostgreSQL's name of it; `system_views` and `pg_settings` are no catalogs there.
    pub name: &'static str,
    /// How many rows.
    pub rows: usize,
    /// The extracted columns; those that are the same everywhere are left out.
    pub columns: &'static [Column],
}

impl Table {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// A cell. `row` must be less than `rows`, `column` one of this table's.
    pub fn field(&self, row: usize, column: &Column) -> Field {
        let raw = column.get(row);
        match column.kind {
            Kind::Bool => Field::Bool(raw != 0),
            Kind::Char => Field::Char(raw as u8),
            Kind::Int => Field::Int(raw),
            Kind::Oid | Kind::Ref(_) => Field::Oid(raw as u32),
            Kind::Text => text(raw as u32).map_or(Field::Null, Field::Text),
            Kind::TextOrName if raw == 0 => self.field(row, &self.columns[1]),
            Kind::TextOrName => text(raw as u32).map_or(Field::Null, Field::Text),
            Kind::Ints | Kind::Refs(_) => list(raw as u32).map_or(Field::Null, Field::Numbers),
            Kind::Chars => list(raw as u32).map_or(Field::Null, Field::Chars),
            Kind::Texts => list(raw as u32).map_or(Field::Null, |l| Field::Texts(Texts(l))),
        }
    }
}

/// A list of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts(pub(super) &'static [u32]);

impl Texts {
    /// How many.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    pub fn get(self, index: usize) -> Option<&'static str> {
        self.0.get(index).and_then(|&id| text(id))
    }

    /// All of them.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'static str> {
        self.0.iter().map(|&id| text(id).unwrap_or(""))
    }
}

/// The text with this index; `None` for index 0, NULL.
pub(super) fn text(id: u32) -> Option<&'static str> {
    if id == 0 {
        return None;
    }
    let mut rest = &POOL[BLOCKS[id as usize / BLOCK] as usize..];
    for _ in 0..id as usize % BLOCK {
        rest = &rest[end(rest) + 1..];
    }
    Some(&rest[..end(rest)])
}

fn end(text: &str) -> usize {
    // The library's search looks at a word at a time, however small this crate is compiled.
    CStr::from_bytes_until_nul(text.as_bytes()).map_or(text.len(), CStr::count_bytes)
}

/// The index of a name that a lookup may ask for, if any catalog has it.
pub(super) fn find_text(wanted: &str) -> Option<u32> {
    if wanted.bytes().any(|b| b == 0) {
        return None;
    }
    // The last block whose first text is not greater; NULL's block head is the empty text.
    let block =
        search(NAMES.div_ceil(BLOCK), |block| compare_at(BLOCKS[block] as usize, wanted) != Ordering::Greater) - 1;
    let mut at = BLOCKS[block] as usize;
    for id in block * BLOCK..((block + 1) * BLOCK).min(NAMES) {
        // Index 0 stands for NULL.
        if id != 0 && compare_at(at, wanted) == Ordering::Equal {
            return Some(id as u32);
        }
        at += end(&POOL[at..]) + 1;
    }
    None
}

/// The pooled text at `at` against `wanted`, which holds no NUL.
fn compare_at(at: usize, wanted: &str) -> Ordering {
    let pooled = &POOL.as_bytes()[at..];
    let len = wanted.len().min(pooled.len());
    // Texts end in NUL, which is less than any byte of `wanted`, so the terminator decides when a text is a prefix.
    pooled[..len]
        .cmp(wanted.as_bytes())
        .then_with(|| if pooled.get(len) == Some(&0) { Ordering::Equal } else { Ordering::Greater })
}

/// The list at this offset; `None` for offset 0, NULL.
pub(super) fn list(offset: u32) -> Option<&'static [u32]> {
    let at = offset as usize;
    if at == 0 { None } else { Some(&LISTS[at + 1..at + 1 + LISTS[at] as usize]) }
}

/// The first of `0..len` for which `before` no longer holds; it must hold for a prefix.
pub(super) fn search(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The positions whose key equals the wanted one, given each position's comparison with it.
pub(super) fn equal_range(len: usize, compare: impl Fn(usize) -> Ordering) -> std::ops::Range<usize> {
    let start = search(len, |i| compare(i) == Ordering::Less);
    let count = search(len - start, |i| compare(start + i) == Ordering::Equal);
    start..start + count
}
