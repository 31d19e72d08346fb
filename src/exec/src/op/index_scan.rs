//! Index scans: bounds become ranges of key bytes.
//!
//! A key column with `=` (or IS NULL, or each element of `= ANY`) extends the prefix; the first column without ends it
//! with a range. Bounds on columns after that cannot narrow the range and are tested on the rows.

use std::rc::Rc;

use tusklet_catalog::live;
use tusklet_error::{Error, Result, SortShort};
use tusklet_ir::{BoundOp, IndexBound, Oid, ScanRel};
use tusklet_storage::{IndexScan, KeyRange, RelId, Tid};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Datum, Phys, TypeRef};

use super::seq_scan::ScanColumns;
use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CCall, CExpr, array_elements, container_call};
use crate::func::key_order;
use crate::row::Row;
use crate::run::Run;
use crate::types::phys;

/// A key column of an index.
pub(crate) struct KeyColumn {
    pub part: KeyPart,
    pub phys: Phys,
    /// The table's column slot, unless an expression.
    pub slot: Option<usize>,
}

/// The key columns of an index as the catalog has them.
pub(crate) fn key_columns(cx: &ExecCx<'_>, index: Oid) -> Result<Vec<KeyColumn>> {
    let rel = cx.catalog.user_relation(index);
    let Some(def) = rel.and_then(|r| r.index.as_ref()) else {
        return Err(Error::internal(format!("cache lookup failed for index {index}")));
    };
    Ok(def.columns.iter().take(def.keys as usize).map(|c| key_column(cx, c)).collect())
}

fn key_column(cx: &ExecCx<'_>, c: &live::IndexColumn) -> KeyColumn {
    KeyColumn {
        part: KeyPart { order: key_order(cx, c.cmp, c.ty.oid), desc: c.desc, nulls_first: c.nulls_first },
        phys: phys(&cx.catalog, c.ty.oid),
        slot: (c.attno > 0).then(|| c.attno as usize - 1),
    }
}

struct Bound {
    column: usize,
    op: BoundOp,
    value: CExpr,
    /// For `= ANY`: takes the array apart.
    elements: Option<CCall>,
}

pub(crate) struct IndexScanPlan {
    columns: ScanColumns,
    index: RelId,
    keys: Vec<KeyColumn>,
    bounds: Vec<Bound>,
    backward: bool,
    /// Bounds that the ranges do not imply.
    recheck: Vec<usize>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    rel: &ScanRel,
    index: Oid,
    index_storage: u32,
    bounds: &[(u32, IndexBound)],
    backward: bool,
) -> Result<IndexScanPlan> {
    let keys = key_columns(c.cx, index)?;
    let mut list = Vec::with_capacity(bounds.len());
    for (column, b) in bounds {
        let column = *column as usize;
        let Some(key) = keys.get(column) else { return Err(Error::internal("index bound on no key column")) };
        let elements = (b.op == BoundOp::In).then(|| {
            let element = TypeRef::new(c.array_element(b.value.ty.oid));
            container_call(c.cx, "tusklet_array_elements", vec![], vec![b.value.ty], element, key.phys)
        });
        list.push(Bound { column, op: b.op, value: c.expr(&b.value)?, elements });
    }
    // The prefix: columns with an equality, then one with anything.
    let exact =
        |i: usize| list.iter().any(|b| b.column == i && matches!(b.op, BoundOp::Eq | BoundOp::In | BoundOp::IsNull));
    let covered = (0..keys.len()).take_while(|i| exact(*i)).count();
    let recheck: Vec<usize> = (0..list.len())
        .filter(|i| {
            let b = &list[*i];
            b.column > covered
                || b.column < covered && list[..*i].iter().any(|o| o.column == b.column)
                || b.column < covered && !matches!(b.op, BoundOp::Eq | BoundOp::In | BoundOp::IsNull)
        })
        .collect();
    if recheck.iter().any(|i| keys[list[*i].column].slot.is_none()) {
        return Err(Error::unsupported("index scan with a bound on an expression after a range"));
    }
    Ok(IndexScanPlan {
        columns: ScanColumns::new(rel)?,
        index: RelId(index_storage),
        keys,
        bounds: list,
        backward,
        recheck,
    })
}

impl PlanNode for IndexScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(IndexScanOp::new(self))
    }
}

/// A bound's value in the key's own physical type.
pub(crate) enum Fit<'d> {
    Value(Datum<'d>),
    Below,
    Above,
}

/// Integers of another width that the key's type cannot hold lie below or above all keys.
pub(crate) fn fit(d: Datum<'_>, to: Phys) -> Fit<'_> {
    let (low, high) = match to {
        Phys::I16 => (i16::MIN as i64, i16::MAX as i64),
        Phys::I32 => (i32::MIN as i64, i32::MAX as i64),
        Phys::I64 => (i64::MIN, i64::MAX),
        Phys::F64 | Phys::F32 | Phys::Bool | Phys::Fixed16 | Phys::Bytes => return Fit::Value(d),
    };
    let v = match d {
        Datum::I16(_) | Datum::I32(_) | Datum::I64(_) => d.int(),
        _ => return Fit::Value(d),
    };
    match v {
        v if v < low => Fit::Below,
        v if v > high => Fit::Above,
        v => Fit::Value(match to {
            Phys::I16 => Datum::I16(v as i16),
            Phys::I32 => Datum::I32(v as i32),
            _ => Datum::I64(v),
        }),
    }
}

pub(crate) struct IndexScanOp {
    plan: Rc<IndexScanPlan>,
    ranges: Option<std::vec::IntoIter<KeyRange>>,
    scan: Option<IndexScan>,
    /// Values of the bounds, for rechecking.
    values: Vec<tusklet_vector::Value>,
    tids: Vec<Tid>,
    done: bool,
}

impl IndexScanOp {
    pub fn new(plan: Rc<IndexScanPlan>) -> IndexScanOp {
        IndexScanOp { plan, ranges: None, scan: None, values: vec![], tids: vec![], done: false }
    }

    /// The places of all rows it finds, in index order.
    pub fn places(&mut self, cx: &mut ExecCx<'_>) -> Result<Vec<Tid>> {
        self.tids.clear();
        for range in self.ranges(cx)? {
            let mut scan = cx.store.index(self.plan.index)?.scan(range, false);
            loop {
                let before = self.tids.len();
                scan.next_batch(&cx.snapshot, tusklet_vector::BATCH, &mut self.tids)?;
                if self.tids.len() - before < tusklet_vector::BATCH {
                    break;
                }
            }
        }
        let plan = self.plan.clone();
        self.recheck(cx, &plan.recheck)?;
        spend(cx, self.tids.len());
        Ok(std::mem::take(&mut self.tids))
    }

    /// Whether the row there satisfies all bounds (on columns).
    pub fn holds(&mut self, cx: &mut ExecCx<'_>, tid: Tid) -> Result<bool> {
        self.ranges(cx)?;
        self.tids = vec![tid];
        let all: Vec<usize> = (0..self.plan.bounds.len()).collect();
        self.recheck(cx, &all)?;
        Ok(!self.tids.is_empty())
    }

    /// The ranges to scan, in scan order.
    #[cfg_attr(tuned, optimize(speed))]
    fn ranges(&mut self, cx: &mut ExecCx<'_>) -> Result<Vec<KeyRange>> {
        let plan = self.plan.clone();
        self.values.clear();
        for b in &plan.bounds {
            let v = b.value.value(cx, Row::None)?;
            self.values.push(v);
        }
        let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
        for (i, key) in plan.keys.iter().enumerate() {
            let exact = plan
                .bounds
                .iter()
                .position(|b| b.column == i && matches!(b.op, BoundOp::Eq | BoundOp::In | BoundOp::IsNull));
            let Some(at) = exact else {
                return self.range(i, key, prefixes);
            };
            let mut ends: Vec<Vec<u8>> = Vec::new();
            let mut add = |d: Datum<'_>| {
                if let Fit::Value(d) = fit(d, key.phys) {
                    let mut k = Vec::new();
                    key.part.write(d, &mut k);
                    ends.push(k);
                }
            };
            let value = self.values[at].as_datum();
            match (plan.bounds[at].op, &plan.bounds[at].elements) {
                (BoundOp::IsNull, _) => add(Datum::Null),
                (BoundOp::In, Some(elements)) if !value.is_null() => {
                    for v in array_elements(cx, elements, elements.phys, value)? {
                        if !v.is_null() {
                            add(v.as_datum());
                        }
                    }
                }
                (BoundOp::Eq, _) if !value.is_null() => add(value),
                _ => {}
            }
            ends.order();
            ends.dedup();
            prefixes =
                prefixes.iter().flat_map(|p| ends.iter().map(|e| [p.as_slice(), e.as_slice()].concat())).collect();
            if prefixes.is_empty() {
                return Ok(vec![]);
            }
        }
        Ok(prefixes.iter().map(|p| KeyRange::prefix(p)).collect())
    }

    /// The range on the first column without equality, behind each prefix.
    #[cfg_attr(tuned, optimize(speed))]
    fn range(&self, column: usize, key: &KeyColumn, prefixes: Vec<Vec<u8>>) -> Result<Vec<KeyRange>> {
        let mut low: Option<(Vec<u8>, bool)> = None;
        let mut high: Option<(Vec<u8>, bool)> = None;
        let mut not_null = false;
        for (b, v) in self.plan.bounds.iter().zip(&self.values).filter(|(b, _)| b.column == column) {
            if b.op == BoundOp::IsNotNull {
                not_null = true;
                continue;
            }
            if v.is_null() {
                return Ok(vec![]);
            }
            not_null = true;
            let upper = matches!(b.op, BoundOp::Lt | BoundOp::Le);
            let d = match (fit(v.as_datum(), key.phys), upper) {
                (Fit::Value(d), _) => d,
                (Fit::Above, true) | (Fit::Below, false) => continue,
                (Fit::Below, true) | (Fit::Above, false) => return Ok(vec![]),
            };
            let mut k = Vec::new();
            key.part.write(d, &mut k);
            let inclusive = matches!(b.op, BoundOp::Le | BoundOp::Ge);
            // In a descending column's bytes, less is more.
            if upper != key.part.desc {
                let tighter = high.as_ref().is_none_or(|(h, inc)| k < *h || k == *h && *inc);
                if tighter {
                    high = Some((k, inclusive));
                }
            } else {
                let tighter = low.as_ref().is_none_or(|(l, inc)| k > *l || k == *l && *inc);
                if tighter {
                    low = Some((k, inclusive));
                }
            }
        }
        if !not_null {
            return Ok(prefixes
                .iter()
                .map(|p| if p.is_empty() { KeyRange::all() } else { KeyRange::prefix(p) })
                .collect());
        }
        // Everything that is not NULL starts with 01.
        let low = low.unwrap_or((vec![1], true));
        let high = high.unwrap_or((vec![1], true));
        Ok(prefixes
            .iter()
            .map(|p| {
                let l = [p.as_slice(), low.0.as_slice()].concat();
                let h = [p.as_slice(), high.0.as_slice()].concat();
                KeyRange::between(Some((&l, low.1)), Some((&h, high.1)))
            })
            .collect())
    }

    /// Whether a stored row satisfies a bound.
    fn test(&self, cx: &mut ExecCx<'_>, bound: usize, d: Datum<'_>) -> Result<bool> {
        let b = &self.plan.bounds[bound];
        let key = &self.plan.keys[b.column];
        let value = self.values[bound].as_datum();
        match b.op {
            BoundOp::IsNull => return Ok(d.is_null()),
            BoundOp::IsNotNull => return Ok(!d.is_null()),
            _ if d.is_null() || value.is_null() => return Ok(false),
            _ => {}
        }
        let part = KeyPart { desc: false, ..key.part };
        let bytes = |d: Datum<'_>| {
            let mut k = Vec::new();
            part.write(d, &mut k);
            k
        };
        if let (BoundOp::In, Some(elements)) = (b.op, &b.elements) {
            let all = array_elements(cx, elements, elements.phys, value)?;
            let mine = bytes(d);
            return Ok(all.iter().any(|v| match fit(v.as_datum(), key.phys) {
                Fit::Value(x) if !x.is_null() => bytes(x) == mine,
                _ => false,
            }));
        }
        let order = match fit(value, key.phys) {
            Fit::Value(v) => bytes(d).cmp(&bytes(v)),
            Fit::Below => std::cmp::Ordering::Greater,
            Fit::Above => std::cmp::Ordering::Less,
        };
        Ok(match b.op {
            BoundOp::Lt => order.is_lt(),
            BoundOp::Le => order.is_le(),
            BoundOp::Eq => order.is_eq(),
            BoundOp::Ge => order.is_ge(),
            BoundOp::Gt => order.is_gt(),
            BoundOp::IsNull | BoundOp::IsNotNull | BoundOp::In => true,
        })
    }

    /// Drops the tids whose rows fail some of these bounds.
    fn recheck(&mut self, cx: &mut ExecCx<'_>, bounds: &[usize]) -> Result<()> {
        if bounds.is_empty() {
            return Ok(());
        }
        let table = cx.store.table(self.plan.columns.storage)?;
        let tids = std::mem::take(&mut self.tids);
        let mut kept = Vec::with_capacity(tids.len());
        'rows: for tid in tids {
            let Some(row) = table.row(tid) else { continue };
            for b in bounds {
                if let Some(slot) = self.plan.keys[self.plan.bounds[*b].column].slot
                    && !self.test(cx, *b, row.get(slot))?
                {
                    continue 'rows;
                }
            }
            kept.push(tid);
        }
        self.tids = kept;
        Ok(())
    }

    fn epq(&mut self, cx: &mut ExecCx<'_>) -> Result<Option<Batch>> {
        let Some(e) = cx.run.epq.filter(|e| e.rte == self.plan.columns.rte) else { return Ok(None) };
        self.holds(cx, e.tid)?;
        let tids = std::mem::take(&mut self.tids);
        self.plan.columns.fetch(cx, &tids).map(Some)
    }
}

impl Operator for IndexScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if self.done {
            return Ok(Step::Done);
        }
        if cx.run.epq.is_some()
            && let Some(b) = self.epq(cx)?
        {
            self.done = true;
            return Ok(Step::Batch(b));
        }
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        if self.ranges.is_none() {
            let mut ranges = self.ranges(cx)?;
            if self.plan.backward {
                ranges.reverse();
            }
            self.ranges = Some(ranges.into_iter());
        }
        loop {
            let scan = match &mut self.scan {
                Some(s) => s,
                none => match self.ranges.as_mut().and_then(|r| r.next()) {
                    Some(range) => none.insert(cx.store.index(self.plan.index)?.scan(range, self.plan.backward)),
                    None => {
                        self.done = true;
                        return Ok(Step::Done);
                    }
                },
            };
            self.tids.clear();
            let want = want.clamp(1, tusklet_vector::BATCH);
            // Most ranges are short.
            self.tids.reserve(want.min(64));
            scan.next_batch(&cx.snapshot, want, &mut self.tids)?;
            if self.tids.len() < want {
                self.scan = None;
            }
            let plan = self.plan.clone();
            self.recheck(cx, &plan.recheck)?;
            if self.tids.is_empty() {
                continue;
            }
            spend(cx, self.tids.len());
            return Ok(Step::Batch(self.plan.columns.fetch(cx, &self.tids)?));
        }
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.ranges = None;
        self.scan = None;
        self.done = false;
        Ok(())
    }
}
