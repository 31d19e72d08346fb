//! The keys of rows in indexes that are no B-trees: what the kernels `tusklet_index_keys` and `tusklet_index_query` say
//! (their doc is the format), turned into entries and walks of a B+tree.
//!
//! An inverted index (GIN) has a row under each item of each of its columns, behind a byte for the column. A spatial one
//! (GiST, SP-GiST) has it under a point for its first column; conditions on other columns are left to the test of the
//! rows, which follows in any case. GiST of text search is inverted, for its first column.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::Relation;
use tusklet_catalog::resolve::{index_class, is_tree};
use tusklet_error::{Error, Result};
use tusklet_ir::{MethodCond, Oid};
use tusklet_storage::{Index, Step, Tid, successor};
use tusklet_vector::zorder::{Point, Rect, next_inside, read, write};
use tusklet_vector::{CallSite, Datum, Phys, TypeRef, Value};

use crate::cx::ExecCx;
use crate::func::{Func, FuncImpl};

/// How an index that is no B-tree is kept.
pub struct IndexKeys {
    /// Its key columns, those without entries as none.
    columns: Vec<Option<(&'static str, TypeRef)>>,
    inverted: bool,
}

/// Points of a spatial index, behind the byte that tells them from the bucket of rows without one.
const PLACED: u8 = 1;
/// That bucket.
const UNPLACED: [u8; 1] = [0];

impl IndexKeys {
    /// How an index is kept; none for B-trees.
    pub fn of(index: &Relation) -> Option<IndexKeys> {
        let ix = index.index.as_ref().filter(|_| !is_tree(index.access_method))?;
        let class = |c: &tusklet_catalog::live::IndexColumn| Some((index_class(index.access_method, c.opclass)?, c.ty));
        let mut columns: Vec<_> = ix.columns.iter().take(ix.keys as usize).map(class).collect();
        // GiST of text search has items too; so it is kept as GIN is.
        let words = |c: &Option<(&str, TypeRef)>| c.is_some_and(|c| c.0.starts_with("gist ts"));
        let inverted = index.access_method == oids::AM_GIN || columns.first().is_some_and(words);
        if index.access_method != oids::AM_GIN {
            columns.iter_mut().skip(1).for_each(|c| *c = None);
        }
        Some(IndexKeys { columns, inverted })
    }

    /// Whether conditions on a key column can be looked for.
    pub fn has(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|c| c.is_some())
    }

    fn prefix(&self, column: usize) -> Vec<u8> {
        if self.inverted { vec![column as u8] } else { vec![] }
    }

    /// Appends the entries of a column's value, each behind its length.
    pub fn write(&self, cx: &mut ExecCx<'_>, column: usize, d: Datum<'_>, out: &mut Vec<u8>) -> Result<()> {
        let Some(Some((class, ty))) = self.columns.get(column) else { return Ok(()) };
        let types = vec![TypeRef::new(oids::TEXT), *ty];
        let f = bound(cx, "tusklet_index_keys", types)?;
        let keys = f.call_at(cx, &f.site, &mut None, Phys::Bytes, &[Datum::Bytes(class.as_bytes()), d])?;
        if !self.inverted {
            out.extend_from_slice(keys.as_datum().bytes());
            return Ok(());
        }
        for k in pieces(keys.as_datum().bytes()) {
            out.extend_from_slice(&(k.len() as u32 + 1).to_le_bytes());
            out.push(column as u8);
            out.extend_from_slice(k);
        }
        Ok(())
    }

    /// What a condition on a column says of keys.
    pub fn query(&self, cx: &mut ExecCx<'_>, column: usize, strategy: i16, value: (TypeRef, Datum<'_>)) -> Result<Vec<u8>> {
        let Some(Some((class, ty))) = self.columns.get(column) else { return Ok(vec![b'E']) };
        Ok(match strategy {
            MethodCond::IS_NOT_NULL => vec![b'E'],
            // NULLs are with what has no items, or no place.
            MethodCond::IS_NULL if self.inverted => vec![b'K', 1, 0, 0, 0, 0],
            MethodCond::IS_NULL => vec![b'R', 1],
            _ => query(cx, &query_of(cx, value.0, *ty)?, class, strategy, value.1)?.as_datum().bytes().to_vec(),
        })
    }

    /// What holds of keys if any of these conditions does.
    pub fn any(&self, mut queries: Vec<Vec<u8>>) -> Vec<u8> {
        if queries.len() == 1 {
            return queries.swap_remove(0);
        }
        queries.retain(|q| q.first() != Some(&b'N'));
        let Some(first) = queries.first() else { return vec![b'N'] };
        if self.inverted {
            let mut all = vec![b'O'];
            all.extend_from_slice(&(queries.len() as u32).to_le_bytes());
            queries.iter().for_each(|q| all.extend_from_slice(q));
            return all;
        }
        if queries.iter().any(|q| q.first() != Some(&b'R')) {
            return vec![b'E'];
        }
        let mut all = first[..2].to_vec();
        queries.iter().for_each(|q| all.extend_from_slice(&q[2..]));
        all
    }

    /// First versions of the rows that may satisfy all of these conditions, in no order, some perhaps twice.
    pub fn find(&self, index: &Index, queries: &[(usize, Vec<u8>)]) -> Result<Vec<Tid>> {
        if self.inverted {
            let mut found = None;
            for (column, q) in queries {
                let some = items(index, &self.prefix(*column), &mut Bytes(q))?;
                found = both(found, some);
            }
            return match found {
                Some(tids) => Ok(tids),
                None => prefixed(index, &[]),
            };
        }
        let mut rects: Option<(usize, Vec<Rect>)> = None;
        for (_, q) in queries {
            let Some((dims, mine)) = rects_of(q) else {
                if q.first() == Some(&b'N') {
                    return Ok(vec![]);
                }
                continue;
            };
            rects = Some(match rects {
                None => (dims, mine),
                Some((_, old)) => (dims, old.iter().flat_map(|a| mine.iter().map(|b| common(a, b))).collect()),
            });
        }
        match rects {
            None => prefixed(index, &[]),
            Some((dims, rects)) => {
                let mut out = prefixed(index, &UNPLACED)?;
                for r in &rects {
                    within(index, r, dims, &mut out)?;
                }
                Ok(out)
            }
        }
    }
}

/// The kernel that says what conditions of a class, over a column of type `ty`, say of keys.
pub(crate) fn query_of(cx: &ExecCx<'_>, value: TypeRef, ty: TypeRef) -> Result<Func> {
    let types = vec![TypeRef::new(oids::TEXT), TypeRef::new(oids::INT4), value, ty];
    bound(cx, "tusklet_index_query", types)
}

/// What one of them says.
pub(crate) fn query(cx: &mut ExecCx<'_>, f: &Func, class: &str, strategy: i16, value: Datum<'_>) -> Result<Value> {
    let args = [Datum::Bytes(class.as_bytes()), Datum::I32(i32::from(strategy)), value, Datum::Null];
    f.call_at(cx, &f.site, &mut None, Phys::Bytes, &args)
}

fn bound(cx: &ExecCx<'_>, name: &'static str, types: Vec<TypeRef>) -> Result<Func> {
    let imp = match cx.kernels.kernel(name) {
        Some(k) => FuncImpl::Kernel(k),
        None => return Err(Error::unsupported(name)),
    };
    let result = TypeRef::new(oids::BYTEA);
    let site = CallSite { func: 0, args: types, result, collation: 0, variadic: false, columns: None };
    Ok(Func { oid: 0, name: String::new(), strict: false, volatile: false, retset: false, guarded: false, imp, site })
}

/// Byte strings behind their lengths.
pub fn pieces(b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut b = Bytes(b);
    std::iter::from_fn(move || if b.0.is_empty() { None } else { b.piece() })
}

/// Bytes being read; what is missing reads as nothing.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        let (b, rest) = self.0.split_first().unwrap_or((&b'E', &[]));
        self.0 = rest;
        *b
    }

    fn number(&mut self) -> usize {
        let (n, rest) = self.0.split_at(4.min(self.0.len()));
        self.0 = rest;
        <[u8; 4]>::try_from(n).map_or(0, |b| u32::from_le_bytes(b) as usize)
    }

    fn piece(&mut self) -> Option<&'a [u8]> {
        let n = self.number();
        let (k, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(k)
    }
}

/// Everything under keys that start so.
fn prefixed(index: &Index, prefix: &[u8]) -> Result<Vec<Tid>> {
    let end = successor(prefix);
    let mut out = Vec::new();
    let mut step = |k: &[u8]| if end.as_deref().is_some_and(|e| k >= e) { Step::Stop } else { Step::Take };
    index.walk(prefix, usize::MAX >> 1, &mut step, &mut out)?;
    Ok(out)
}

/// In both lists, where none is everything. Lists are sorted.
fn both(a: Option<Vec<Tid>>, b: Option<Vec<Tid>>) -> Option<Vec<Tid>> {
    match (a, b) {
        (Some(mut a), Some(b)) => {
            a.retain(|t| b.binary_search(t).is_ok());
            Some(a)
        }
        (a, b) => a.or(b),
    }
}

/// The rows a tree of keys finds, sorted; none for everything.
fn items(index: &Index, prefix: &[u8], q: &mut Bytes<'_>) -> Result<Option<Vec<Tid>>> {
    Ok(match q.byte() {
        op @ (b'K' | b'P') => {
            let key = [prefix, q.piece().unwrap_or_default()].concat();
            let mut out = Vec::new();
            if op == b'K' {
                index.candidates(&key, &mut out)?;
            } else {
                out = prefixed(index, &key)?;
            }
            Tid::arrange(&mut out);
            Some(out)
        }
        b'A' => {
            let mut found = None;
            for _ in 0..q.number() {
                let some = items(index, prefix, q)?;
                found = both(found, some);
            }
            found
        }
        b'O' => {
            let (mut out, mut all) = (Vec::new(), false);
            for _ in 0..q.number() {
                match items(index, prefix, q)? {
                    Some(tids) => out.extend(tids),
                    None => all = true,
                }
            }
            Tid::arrange(&mut out);
            (!all).then_some(out)
        }
        b'N' => Some(vec![]),
        _ => None,
    })
}

/// The boxes of a spatial query; none for everything.
pub(crate) fn rects_of(q: &[u8]) -> Option<(usize, Vec<Rect>)> {
    let [b'R', dims, rest @ ..] = q else { return None };
    let dims = (*dims as usize).clamp(1, 4);
    let corner = |b: &[u8]| {
        let mut p: Point = [0; 4];
        for (c, v) in p.iter_mut().zip(b.chunks_exact(8)) {
            *c = u64::from_le_bytes(<[u8; 8]>::try_from(v).unwrap_or_default());
        }
        p
    };
    let all = rest.chunks_exact(16 * dims).map(|b| Rect { low: corner(&b[..8 * dims]), high: corner(&b[8 * dims..]) });
    Some((dims, all.collect()))
}

fn common(a: &Rect, b: &Rect) -> Rect {
    let mut r = *a;
    for d in 0..4 {
        r.low[d] = r.low[d].max(b.low[d]);
        r.high[d] = r.high[d].min(b.high[d]);
    }
    r
}

fn placed(p: &Point, dims: usize) -> Vec<u8> {
    let mut k = vec![PLACED];
    write(p, dims, &mut k);
    k
}

/// Keys outside a box that are walked over before the next one inside is looked for.
const PATIENCE: u32 = 8;

fn within(index: &Index, r: &Rect, dims: usize, out: &mut Vec<Tid>) -> Result<()> {
    if (0..dims).any(|d| r.low[d] > r.high[d]) {
        return Ok(());
    }
    let last = placed(&r.high, dims);
    let mut missed = 0;
    let mut step = |k: &[u8]| {
        if k > last.as_slice() {
            return Step::Stop;
        }
        let p = read(&k[1..], dims);
        if r.has(&p, dims) {
            missed = 0;
            return Step::Take;
        }
        missed += 1;
        if missed < PATIENCE {
            return Step::Skip;
        }
        missed = 0;
        match next_inside(&p, r, dims) {
            Some(next) => Step::Seek(placed(&next, dims)),
            None => Step::Stop,
        }
    };
    index.walk(&placed(&r.low, dims), usize::MAX >> 1, &mut step, out)?;
    Ok(())
}

/// A cell of a spatial index: the points whose keys agree in the first bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub low: Point,
    pub high: Point,
    bits: usize,
}

/// Rows a cell may have before it is divided.
const CELL: usize = 64;

impl Cell {
    /// All points.
    pub fn all() -> Cell {
        Cell { low: [0; 4], high: [u64::MAX; 4], bits: 0 }
    }

    /// Its rows, by their first versions, or its halves where there are many.
    pub fn open(&self, index: &Index, dims: usize) -> Result<std::result::Result<Vec<Tid>, [Cell; 2]>> {
        let last = placed(&self.high, dims);
        let mut out = Vec::new();
        let most = if self.bits == 64 * dims { usize::MAX >> 1 } else { CELL };
        let mut step = |k: &[u8]| if k > last.as_slice() { Step::Stop } else { Step::Take };
        if index.walk(&placed(&self.low, dims), most, &mut step, &mut out)?.is_none() {
            return Ok(Ok(out));
        }
        let (d, bit) = (self.bits % dims, 1u64 << (63 - self.bits / dims));
        let (mut a, mut b) = (*self, *self);
        (a.bits, b.bits) = (self.bits + 1, self.bits + 1);
        a.high[d] &= !bit;
        b.low[d] |= bit;
        Ok(Err([a, b]))
    }
}

/// The rows without a place.
pub(crate) fn unplaced(index: &Index) -> Result<Vec<Tid>> {
    prefixed(index, &UNPLACED)
}

/// The point that distances are measured from, and the dimensions of the index.
pub(crate) fn origin(q: &[u8]) -> Option<(Point, usize)> {
    let (dims, rects) = rects_of(q)?;
    Some((rects.first()?.low, dims))
}

/// The operators of an exclusion constraint of an index, with the functions behind them; empty when it has none.
pub(crate) fn exclusion(cx: &ExecCx<'_>, index: Oid) -> Vec<(Oid, Oid)> {
    use tusklet_catalog::live::ConstraintKind;
    let Some(ix) = cx.catalog.relation(index).and_then(|r| r.index.clone()).filter(|i| i.exclusion) else { return vec![] };
    let Some(table) = cx.catalog.relation(ix.table) else { return vec![] };
    let mine = table.constraints.iter().find_map(|c| match &c.kind {
        ConstraintKind::Exclude { index: i, operators } if *i == index => Some(operators.clone()),
        _ => None,
    });
    let code = |op: &Oid| builtin::operator(*op).map_or(0, |o| o.code());
    mine.unwrap_or_default().iter().map(|op| (*op, code(op))).collect()
}
