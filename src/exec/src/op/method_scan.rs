//! Scans of indexes that are no B-trees: the rows that may satisfy the conditions, in heap order; or all rows nearest first.
//!
//! Nearest first is a search through the cells of the index, the least possible distance first. A cell with few rows gives
//! them with their real distances, any other one its halves; what stands first and is a row is the next nearest.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use tusklet_error::{Error, Result, TryVec};
use tusklet_ir::{MethodCond, Oid, ScanRel};
use tusklet_storage::{RelId, Tid};
use tusklet_vector::zorder::Point;
use tusklet_vector::{Batch, Datum, TypeRef, Value};

use super::seq_scan::ScanColumns;
use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CCall, CExpr, array_elements, container_call};
use crate::index_keys::{Cell, IndexKeys, origin, unplaced};
use crate::row::Row;
use crate::run::Run;
use crate::types::phys;

/// A compiled condition of an index.
pub(crate) struct Cond {
    pub column: usize,
    pub strategy: i16,
    pub ty: TypeRef,
    pub value: CExpr,
    /// For `= ANY`: takes the array apart.
    elements: Option<CCall>,
}

impl Cond {
    fn compile(c: &mut Compiler<'_, '_>, m: &MethodCond) -> Result<Cond> {
        let (mut ty, mut elements) = (m.value.ty, None);
        if m.each {
            ty = TypeRef::new(c.array_element(m.value.ty.oid));
            let phys = phys(&c.cx.catalog, ty.oid);
            elements = Some(container_call(c.cx, "tusklet_array_elements", vec![], vec![m.value.ty], ty, phys));
        }
        Ok(Cond { column: m.column as usize, strategy: m.strategy, ty, value: c.expr(&m.value)?, elements })
    }

    /// Those that are to be looked for.
    pub fn all(c: &mut Compiler<'_, '_>, conds: &[MethodCond]) -> Result<Vec<Cond>> {
        conds.iter().filter(|m| m.strategy != MethodCond::PREDICATE).map(|m| Cond::compile(c, m)).try_vec()
    }

    /// What the column is compared with: one value, or none that is NULL.
    pub fn values(&self, cx: &mut ExecCx<'_>) -> Result<Vec<Value>> {
        let v = self.value.value(cx, Row::None)?;
        let mut all = match &self.elements {
            Some(e) if !v.is_null() => array_elements(cx, e, e.phys, v.as_datum())?,
            _ => vec![v],
        };
        all.retain(|v| !v.is_null());
        Ok(all)
    }
}

/// An index, and what it is asked for.
pub(crate) struct Finder {
    index: RelId,
    keys: IndexKeys,
    conds: Vec<Cond>,
}

impl Finder {
    pub fn compile(c: &mut Compiler<'_, '_>, index: Oid, storage: u32, conds: &[MethodCond]) -> Result<Finder> {
        let keys = c.cx.catalog.relation(index).and_then(|r| IndexKeys::of(&r));
        let Some(keys) = keys else { return Err(Error::internal(format!("cache lookup failed for index {index}"))) };
        Ok(Finder { index: RelId(storage), keys, conds: Cond::all(c, conds)? })
    }

    fn query(&self, cx: &mut ExecCx<'_>, c: &Cond) -> Result<Vec<u8>> {
        if c.strategy < 0 {
            return self.keys.query(cx, c.column, c.strategy, (c.ty, Datum::Null));
        }
        let mut all = Vec::new();
        for v in c.values(cx)? {
            all.push(self.keys.query(cx, c.column, c.strategy, (c.ty, v.as_datum()))?);
        }
        Ok(self.keys.any(all))
    }

    /// The rows that may satisfy the conditions, in heap order.
    pub fn find(&self, cx: &mut ExecCx<'_>) -> Result<Vec<Tid>> {
        let mut queries = Vec::with_capacity(self.conds.len());
        for c in &self.conds {
            queries.push((c.column, self.query(cx, c)?));
        }
        let index = cx.store.index(self.index)?;
        let found = self.keys.find(&index, &queries)?;
        index.visible(&cx.snapshot, found)
    }
}

struct MethodScanPlan {
    columns: ScanColumns,
    finder: Finder,
    nearest: Option<(Cond, CExpr)>,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    rel: &ScanRel,
    index: Oid,
    index_storage: u32,
    conds: &[MethodCond],
    nearest: Option<&MethodCond>,
) -> Result<Rc<dyn PlanNode>> {
    let finder = Finder::compile(c, index, index_storage, conds)?;
    let nearest = match nearest {
        Some(m) => Some((Cond::compile(c, m)?, c.expr(&m.cond)?)),
        None => None,
    };
    Ok(Rc::new(MethodScanPlan { columns: ScanColumns::new(rel)?, finder, nearest }))
}

impl PlanNode for MethodScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(MethodScanOp { plan: self, tids: None, at: 0, search: None })
    }
}

/// Something to be looked at, at a distance it has at least.
enum Item {
    Cell(Cell),
    Row(Tid),
}

struct Entry {
    /// NULL is the farthest, NaN next.
    distance: (bool, f64),
    item: Item,
}

impl Ord for Entry {
    fn cmp(&self, o: &Entry) -> Ordering {
        // The heap gives the greatest first; of equals a row.
        let order = self.distance.0.cmp(&o.distance.0).then(self.distance.1.total_cmp(&o.distance.1));
        let rank = |e: &Entry| match e.item {
            Item::Cell(_) => Tid(-1),
            Item::Row(t) => t,
        };
        order.then_with(|| rank(self).0.cmp(&rank(o).0)).reverse()
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, o: &Entry) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}

impl PartialEq for Entry {
    fn eq(&self, o: &Entry) -> bool {
        self.cmp(o).is_eq()
    }
}

impl Eq for Entry {}

struct Search {
    queue: BinaryHeap<Entry>,
    origin: Option<(Point, usize)>,
}

struct MethodScanOp {
    plan: Rc<MethodScanPlan>,
    tids: Option<Vec<Tid>>,
    at: usize,
    search: Option<Search>,
}

/// A coordinate's number (`f64_key` back).
fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ 1 << 63 } else { !key })
}

/// The least distance something in a cell can have from a point.
fn least(cell: &Cell, from: &Point, dims: usize) -> f64 {
    let mut sum = 0.0;
    for axis in 0..2 {
        // Of a shape the ends are dimensions of their own.
        let (low, high) = if dims == 4 { (axis * 2, axis * 2 + 1) } else { (axis, axis) };
        let (p, low, high) = (number(from[axis]), number(cell.low[low]), number(cell.high[high]));
        let d = if p < low { low - p } else if p > high { p - high } else { 0.0 };
        // An edge that is no number says nothing.
        sum += if d.is_finite() { d * d } else { 0.0 };
    }
    // Distances are rounded, and within the tolerance of geometry zero.
    (sum.sqrt() * (1.0 - 1e-9) - 1e-5).max(0.0)
}

impl MethodScanOp {
    /// Puts rows into the queue by their real distances.
    fn measure(&self, cx: &mut ExecCx<'_>, search: &mut Search, tids: Vec<Tid>) -> Result<()> {
        let Some((_, distance)) = &self.plan.nearest else { return Ok(()) };
        let tids = cx.store.index(self.plan.finder.index)?.visible(&cx.snapshot, tids)?;
        for part in tids.chunks(tusklet_vector::BATCH) {
            let batch = self.plan.columns.fetch(cx, part)?;
            for (i, tid) in part.iter().enumerate() {
                let v = distance.eval_row(cx, Row::Batch(&batch, i))?;
                let d = if v.d().is_null() { (true, 0.0) } else { (false, v.d().f64()) };
                // A NaN's sign is nothing to order by.
                let d = (d.0, if d.1.is_nan() { f64::NAN.abs() } else { d.1 });
                search.queue.push(Entry { distance: d, item: Item::Row(*tid) });
            }
        }
        Ok(())
    }

    fn nearest(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Vec<Tid>> {
        let plan = self.plan.clone();
        let Some((cond, _)) = &plan.nearest else { return Ok(vec![]) };
        let index = cx.store.index(plan.finder.index)?;
        let mut search = match self.search.take() {
            Some(s) => s,
            None => {
                let origin = origin(&plan.finder.query(cx, cond)?);
                let mut s = Search { queue: BinaryHeap::new(), origin };
                if origin.is_some() {
                    s.queue.push(Entry { distance: (false, 0.0), item: Item::Cell(Cell::all()) });
                    self.measure(cx, &mut s, unplaced(&index)?)?;
                } else {
                    self.measure(cx, &mut s, plan.finder.keys.find(&index, &[])?)?;
                }
                s
            }
        };
        let mut out = Vec::new();
        while out.len() < want {
            let Some(e) = search.queue.pop() else { break };
            let cell = match e.item {
                Item::Row(tid) => {
                    out.push(tid);
                    continue;
                }
                Item::Cell(c) => c,
            };
            let Some((from, dims)) = search.origin else { continue };
            match cell.open(&index, dims)? {
                Ok(tids) => self.measure(cx, &mut search, tids)?,
                Err(halves) => {
                    for c in halves {
                        let d = least(&c, &from, dims);
                        search.queue.push(Entry { distance: (false, d), item: Item::Cell(c) });
                    }
                }
            }
        }
        self.search = Some(search);
        Ok(out)
    }

    fn batch(&mut self, cx: &mut ExecCx<'_>, tids: &[Tid]) -> Result<Batch> {
        spend(cx, tids.len());
        self.plan.columns.fetch(cx, tids)
    }
}

impl Operator for MethodScanOp {
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        let want = want.clamp(1, tusklet_vector::BATCH);
        if let Some(e) = cx.run.epq.filter(|e| e.rte == self.plan.columns.rte) {
            // The conditions are in the filter.
            if self.at > 0 {
                return Ok(Step::Done);
            }
            self.at = 1;
            return Ok(Step::Batch(self.batch(cx, &[e.tid])?));
        }
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        if self.plan.nearest.is_some() {
            let tids = self.nearest(cx, want)?;
            if tids.is_empty() {
                return Ok(Step::Done);
            }
            return Ok(Step::Batch(self.batch(cx, &tids)?));
        }
        let tids = match self.tids.take() {
            Some(t) => t,
            None => self.plan.finder.find(cx)?,
        };
        let end = (self.at + want).min(tids.len());
        let step = if self.at < end { Step::Batch(self.batch(cx, &tids[self.at..end])?) } else { Step::Done };
        self.at = end;
        self.tids = Some(tids);
        Ok(step)
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        (self.tids, self.at, self.search) = (None, 0, None);
        Ok(())
    }
}
