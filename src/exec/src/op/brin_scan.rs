//! Scans by BRIN indexes: whole groups of rows that may satisfy the conditions.
//!
//! A BRIN index has no entries. For each group of its table it has a summary that the first scan makes of the group's values
//! and that is forgotten when one of them changes (`storage::Summary`): the least and the greatest key of a column, those of
//! several stretches, the hashes of its keys, or the box of its points; and whether it has NULLs. The conditions are tested
//! on the rows by the scan's filter.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::Relation;
use tusklet_catalog::resolve::{Summarized, brin_class};
use tusklet_error::{Error, Result, SortShort};
use tusklet_ir::{Expr, ExprKind, MethodCond, Oid, ScanRel};
use tusklet_storage::{KeyRange, RelId, Summary, Table, TableScan, Tid, successor};
use tusklet_vector::key::KeyPart;
use tusklet_vector::zorder::Rect;
use tusklet_vector::{BATCH, Batch, Datum, Phys, TypeRef, hash};

use super::exclusion::over_row;
use super::index_scan::{Fit, fit};
use super::method_scan::Cond;
use super::seq_scan::ScanColumns;
use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::func::{Func, key_order};
use crate::index_keys::{pieces, query, query_of, rects_of};
use crate::run::Run;

/// A key column.
struct Key {
    /// Over the table's columns.
    value: CExpr,
    kept: Summarized,
    ty: TypeRef,
    part: KeyPart,
    phys: Phys,
    /// Of what has a place: the kernel that says where what equals a value is.
    place: Option<Func>,
}

pub(crate) struct BrinScanPlan {
    columns: ScanColumns,
    index: RelId,
    keys: Vec<Key>,
    conds: Vec<Cond>,
}

/// The scan of a BRIN index; none of another one.
pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    rel: &ScanRel,
    index: Oid,
    storage: u32,
    conds: &[MethodCond],
) -> Result<Option<BrinScanPlan>> {
    let Some(relation) = c.cx.catalog.relation(index) else { return Ok(None) };
    let conds = Cond::all(c, conds)?;
    let keys = keys(c, &relation)?;
    let columns = ScanColumns::new(rel)?;
    Ok(keys.map(|keys| BrinScanPlan { columns, index: RelId(storage), keys, conds }))
}

fn keys(c: &mut Compiler<'_, '_>, index: &Relation) -> Result<Option<Vec<Key>>> {
    let Some(ix) = &index.index else { return Ok(None) };
    let fields = c.cx.catalog.relation(ix.table).map_or(0, |t| t.columns.len());
    let mut keys = Vec::new();
    for k in ix.columns.iter().take(ix.keys as usize) {
        let (Some(kept), Some(class)) = (brin_class(k.opclass), builtin::opclass(k.opclass)) else { return Ok(None) };
        let value = match &k.expr {
            Some(e) => over_row(e, fields),
            None => Expr::new(ExprKind::Column((k.attno.max(1) - 1) as u32), k.ty),
        };
        let cmp = c.cx.catalog.sort_operators(class.intype()).cmp;
        let part = KeyPart { order: key_order(c.cx, cmp, k.ty.oid), ..KeyPart::ASC };
        let phys = crate::types::phys(&c.cx.catalog, k.ty.oid);
        let place = match kept {
            Summarized::Space(_) => Some(query_of(c.cx, k.ty, k.ty)?),
            _ => None,
        };
        keys.push(Key { value: c.expr(&value)?, kept, ty: k.ty, part, phys, place });
    }
    Ok(Some(keys))
}

/// What a condition asks of a summary.
enum Test {
    Never,
    Null,
    NotNull,
    /// A key in the range.
    Keys(KeyRange),
    Hash(u64),
    Rects(Vec<Rect>),
    Any(Vec<Test>),
}

/// Signs of a column in a summary: a NULL, a value, a value that has no place.
const NULLS: u8 = 1;
const VALUES: u8 = 2;
const UNPLACED: u8 = 4;
/// Most stretches of keys in a summary.
const STRETCHES: usize = 16;
/// Longest key in a summary.
const LONG: usize = 256;
/// Bytes of the hashes of a group.
const BLOOM: usize = BATCH;

/// The bits of a hash.
fn bits(hash: u64) -> impl Iterator<Item = usize> {
    (0..4).map(move |i| (hash >> (i * 16)) as usize % (BLOOM * 8))
}

/// Cuts long ends of a stretch, outwards.
fn shorten(low: &mut Vec<u8>, high: &mut Vec<u8>) {
    low.truncate(LONG);
    if high.len() > LONG
        && let Some(s) = successor(&high[..LONG])
    {
        *high = s;
    }
}

fn framed(b: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(b.len() as u32).to_le_bytes());
    out.extend_from_slice(b);
}

/// Where keys lie, with the widest gaps between them left out.
fn stretches(mut keys: Vec<Vec<u8>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    keys.order();
    keys.dedup();
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return vec![] };
    let same = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    // What differs first, as a number.
    let number = |k: &Vec<u8>| (0..8).fold(0, |n, i| n << 8 | u64::from(k.get(same + i).copied().unwrap_or(0)));
    let mut gaps: Vec<(u64, usize)> =
        (1..keys.len()).map(|i| (number(&keys[i]).saturating_sub(number(&keys[i - 1])), i)).collect();
    gaps.order_by(|a, b| b.cmp(a));
    let mut starts: Vec<usize> = gaps.iter().take(STRETCHES - 1).map(|g| g.1).chain([0, keys.len()]).collect();
    starts.order();
    starts.windows(2).map(|w| (keys[w[0]].clone(), keys[w[1] - 1].clone())).collect()
}

impl Key {
    fn key(&self, d: Datum<'_>, out: &mut Vec<u8>) {
        out.clear();
        self.part.write(d, out);
    }

    /// What a column of a group has: signs, and two byte strings.
    fn summary(&self, cx: &mut ExecCx<'_>, batch: &Batch) -> Result<(u8, [Vec<u8>; 2])> {
        let (mut low, mut high, mut key, mut signs) = (Vec::new(), Vec::new(), Vec::new(), 0);
        if batch.is_empty() {
            return Ok((signs, [low, high]));
        }
        let v = self.value.eval(cx, batch, &batch.sel)?;
        let (mut all, mut keys): (Option<Rect>, Vec<Vec<u8>>) = (None, Vec::new());
        for i in batch.sel.iter() {
            let d = v.get(i);
            if d.is_null() {
                signs |= NULLS;
                continue;
            }
            match self.kept {
                Summarized::Multi => {
                    self.key(d, &mut key);
                    keys.push(key.clone());
                }
                Summarized::Order => {
                    self.key(d, &mut key);
                    if signs & VALUES == 0 || key < low {
                        low.clone_from(&key);
                    }
                    if key > high {
                        high.clone_from(&key);
                    }
                }
                Summarized::Bloom => {
                    self.key(d, &mut key);
                    low.resize(BLOOM, 0);
                    bits(hash::bytes(&key)).for_each(|b| low[b / 8] |= 1 << (b % 8));
                }
                Summarized::Space(class) => {
                    // The box of what equals the value is its place.
                    let same = if class == "gist box_ops" { 6 } else { 18 };
                    let q = self.place.as_ref().map(|f| query(cx, f, class, same, d)).transpose()?;
                    let Some((_, list)) = q.as_ref().and_then(|q| rects_of(q.as_datum().bytes())) else {
                        return Err(Error::internal("a value without a place"));
                    };
                    if list.is_empty() {
                        signs |= UNPLACED;
                    }
                    for p in list {
                        let r = all.get_or_insert(p);
                        for d in 0..4 {
                            r.low[d] = r.low[d].min(p.low[d]);
                            r.high[d] = r.high[d].max(p.high[d]);
                        }
                    }
                }
            }
            signs |= VALUES;
        }
        if let Some(r) = all {
            for (corner, out) in [(r.low, &mut low), (r.high, &mut high)] {
                corner.iter().for_each(|c| out.extend_from_slice(&c.to_be_bytes()));
            }
        }
        if self.kept == Summarized::Order {
            shorten(&mut low, &mut high);
        }
        for (mut from, mut to) in stretches(keys) {
            shorten(&mut from, &mut to);
            framed(&from, &mut low);
            framed(&to, &mut low);
        }
        Ok((signs, [low, high]))
    }

    fn test(&self, cx: &mut ExecCx<'_>, c: &Cond) -> Result<Test> {
        match c.strategy {
            MethodCond::IS_NULL => return Ok(Test::Null),
            MethodCond::IS_NOT_NULL => return Ok(Test::NotNull),
            _ => {}
        }
        let mut all = Vec::new();
        for v in c.values(cx)? {
            all.push(self.test_of(cx, c, v.as_datum())?);
        }
        Ok(match all.len() {
            0 => Test::Never,
            1 => all.swap_remove(0),
            _ => Test::Any(all),
        })
    }

    /// The same for one value.
    fn test_of(&self, cx: &mut ExecCx<'_>, c: &Cond, v: Datum<'_>) -> Result<Test> {
        if c.strategy == MethodCond::ANYTHING {
            return Ok(Test::NotNull);
        }
        if let Summarized::Space(class) = self.kept {
            let f = query_of(cx, c.ty, self.ty)?;
            let q = query(cx, &f, class, c.strategy, v)?;
            return Ok(rects_of(q.as_datum().bytes()).map_or(Test::NotNull, |(_, r)| Test::Rects(r)));
        }
        // Strategies are those of B-trees, or of hashes.
        let d = match (fit(v, self.phys), c.strategy) {
            (Fit::Value(d), _) => d,
            (Fit::Above, 1 | 2) | (Fit::Below, 4 | 5) => return Ok(Test::NotNull),
            _ => return Ok(Test::Never),
        };
        let mut k = Vec::new();
        self.key(d, &mut k);
        if self.kept == Summarized::Bloom {
            return Ok(Test::Hash(hash::bytes(&k)));
        }
        Ok(Test::Keys(match c.strategy {
            s @ (1 | 2) => KeyRange::between(None, Some((&k, s == 2))),
            3 => KeyRange::prefix(&k),
            s => KeyRange::between(Some((&k, s == 4)), None),
        }))
    }
}

impl Test {
    /// Whether a value that passes can be among those of a summary.
    fn passes(&self, kept: Summarized, signs: u8, low: &[u8], high: &[u8]) -> bool {
        let values = signs & VALUES != 0;
        match self {
            Test::Never => false,
            Test::Any(list) => list.iter().any(|t| t.passes(kept, signs, low, high)),
            Test::Null => signs & NULLS != 0,
            Test::NotNull => values,
            Test::Keys(r) => {
                let meets =
                    |low: &[u8], high: &[u8]| high >= r.low.as_slice() && r.high.as_deref().is_none_or(|h| low < h);
                let mut ends = pieces(low);
                values
                    && match kept {
                        Summarized::Multi => {
                            std::iter::from_fn(|| ends.next().zip(ends.next())).any(|(a, b)| meets(a, b))
                        }
                        _ => meets(low, high),
                    }
            }
            Test::Hash(h) => values && bits(*h).all(|b| low.get(b / 8).is_some_and(|x| x >> (b % 8) & 1 == 1)),
            Test::Rects(list) => {
                let corner = |b: &[u8], d: usize| {
                    let c = b.get(d * 8..).and_then(|b| b.first_chunk::<8>());
                    c.map_or(0, |c| u64::from_be_bytes(*c))
                };
                signs & UNPLACED != 0
                    || !low.is_empty()
                        && list
                            .iter()
                            .any(|r| (0..4).all(|d| corner(high, d) >= r.low[d] && corner(low, d) <= r.high[d]))
            }
        }
    }
}

impl PlanNode for BrinScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(BrinScanOp::new(self))
    }
}

pub(crate) struct BrinScanOp {
    plan: Rc<BrinScanPlan>,
    tests: Option<Vec<(usize, Test)>>,
    /// The next group, and one past the last.
    at: usize,
    end: usize,
}

impl BrinScanOp {
    pub fn new(plan: Rc<BrinScanPlan>) -> BrinScanOp {
        BrinScanOp { plan, tests: None, at: 0, end: 0 }
    }

    /// The places of the visible rows of all groups that may have some.
    pub fn places(&mut self, cx: &mut ExecCx<'_>) -> Result<Vec<Tid>> {
        let table = self.begin(cx)?;
        let mut out = Vec::new();
        while self.at < self.end {
            if self.group(cx, &table)?
                && let Some(s) = whole(&table, self.at - 1, vec![]).next(&cx.snapshot)?
            {
                out.extend(s.batch.sel.iter().map(|i| s.tid(i)));
            }
        }
        spend(cx, out.len());
        Ok(out)
    }

    fn begin(&mut self, cx: &mut ExecCx<'_>) -> Result<Rc<Table>> {
        let table = cx.store.table(self.plan.columns.storage)?;
        if self.tests.is_none() {
            let plan = self.plan.clone();
            let mut tests = Vec::with_capacity(plan.conds.len());
            for c in &plan.conds {
                let Some(key) = plan.keys.get(c.column) else { continue };
                tests.push((c.column, key.test(cx, c)?));
            }
            let never = tests.iter().any(|t| matches!(t.1, Test::Never));
            (self.at, self.end) = (0, if never { 0 } else { table.groups() });
            self.tests = Some(tests);
        }
        Ok(table)
    }

    /// Takes the next group; whether it may have rows that pass.
    fn group(&mut self, cx: &mut ExecCx<'_>, table: &Table) -> Result<bool> {
        let g = self.at;
        self.at += 1;
        let plan = &self.plan;
        let summary = match table.summary(g, plan.index) {
            Summary::Open => return Ok(true),
            Summary::Known(s) => s,
            Summary::Unknown(batch) => {
                spend(cx, batch.len());
                let mut s = Vec::new();
                for k in &plan.keys {
                    // What cannot be computed of versions that are gone is no summary, and no error of the statement.
                    let Ok((signs, parts)) = k.summary(cx, &batch) else { return Ok(true) };
                    s.push(signs);
                    parts.iter().for_each(|p| framed(p, &mut s));
                }
                drop(batch);
                table.summarize(g, plan.index, &s)
            }
        };
        spend(cx, 0);
        let mut rest = &summary[..];
        for (column, key) in plan.keys.iter().enumerate() {
            let Some((signs, parts)) = rest.split_first() else { return Ok(true) };
            let mut parts = pieces(parts);
            let (Some(low), Some(high)) = (parts.next(), parts.next()) else { return Ok(true) };
            rest = &rest[9 + low.len() + high.len()..];
            let mut tests = self.tests.iter().flatten().filter(|t| t.0 == column);
            if !tests.all(|t| t.1.passes(key.kept, *signs, low, high)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The visible rows of a group.
fn whole(table: &Rc<Table>, group: usize, columns: Vec<tusklet_storage::ScanColumn>) -> TableScan {
    let (first, last) = (Tid::new(group, 0), Tid::new(group, BATCH - 1));
    TableScan::new(table, columns).with_range(Some(first), Some(last))
}

impl Operator for BrinScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, _: usize) -> Result<Step> {
        if cx.run.epq.is_some()
            && let Some(b) = self.plan.columns.epq_row(cx)?
        {
            // The conditions are in the filter.
            if self.tests.replace(vec![]).is_some() {
                return Ok(Step::Done);
            }
            return Ok(Step::Batch(b));
        }
        let table = self.begin(cx)?;
        while self.at < self.end {
            if cx.budget < 0 {
                return Ok(Step::Yield);
            }
            if !self.group(cx, &table)? {
                continue;
            }
            // As PostgreSQL counts a page.
            cx.run.found += 10;
            let columns = &self.plan.columns;
            if let Some(s) = whole(&table, self.at - 1, columns.storage_columns()).next(&cx.snapshot)? {
                spend(cx, s.batch.len());
                let sel = s.batch.sel;
                return Ok(Step::Batch(Batch { columns: columns.complete(s.batch.columns), sel }));
            }
        }
        Ok(Step::Done)
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.tests = None;
        Ok(())
    }
}
