//! Indexes that are no B-trees: which conditions they look for, and when that pays. The conditions stay in the plan's
//! filter, so that an index that finds too much changes no answer.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{IndexColumn, Relation};
use tusklet_catalog::resolve::{Summarized, brin_class, index_class, is_tree};
use tusklet_error::{Result, SortShort};
use tusklet_ir::*;

use crate::bitmap::BitmapChoice;
use crate::cost::{Cost, GinEntries};
use crate::scan::{Wanted, as_key, free, implied, is_key, match_bound, operator_on, prefix_bounds};
use crate::{PlanContext, Planner, Rel, RelSet, RelStats, cost, expr, resolve};

/// The other side of an operator on an index column, and what its family calls the operator.
fn matched(r: u32, c: &Expr, col: &IndexColumn, purpose: u8) -> Option<(i16, Expr)> {
    let (op, value) = match &c.kind {
        ExprKind::Call(call) => operator_on(r, call, col)?,
        ExprKind::ScalarArray { op, any: true, left, right, .. } if is_key(r, left, col) && free(r, right) => (*op, right),
        _ => return None,
    };
    let m = builtin::amops_by_operator(op).find(|m| m.family() == col.opfamily && m.purpose() == purpose)?;
    let (strategy, value) = (m.strategy() as i16, value.clone());
    let Some(kept) = brin_class(col.opclass) else { return Some((strategy, value)) };
    Some(match kept {
        // Values are compared as the column's own.
        Summarized::Order | Summarized::Multi | Summarized::Bloom => match as_key(&value, col.ty.oid) {
            // Elements of an array are the column's own, or nothing is known of them.
            _ if matches!(c.kind, ExprKind::ScalarArray { .. }) && m.right() == m.left() => (strategy, value),
            Some(v) => (strategy, v),
            None if expr::integer(value.ty.oid) => (strategy, value),
            None => (MethodCond::ANYTHING, value),
        },
        Summarized::Space("gist box_ops") => (strategy, value),
        Summarized::Space(_) => {
            let mut gist = builtin::amops_by_operator(op).filter(|m| m.method() == oids::AM_GIST && m.purpose() == b's');
            (gist.next().map_or(MethodCond::ANYTHING, |m| m.strategy() as i16), value)
        }
    })
}

/// A test for NULL of an index column.
fn null_test(r: u32, c: &Expr, col: &IndexColumn) -> Option<(i16, Expr)> {
    match &c.kind {
        ExprKind::NullTest { arg, negated, row: false } if is_key(r, arg, col) => {
            let strategy = if *negated { MethodCond::IS_NOT_NULL } else { MethodCond::IS_NULL };
            Some((strategy, Expr::constant(Value::Null, col.ty)))
        }
        _ => None,
    }
}

/// A condition that an index's predicate has, as one of the index.
fn said(c: &Expr) -> MethodCond {
    let value = Expr::constant(Value::Null, TypeRef::new(oids::BOOL));
    MethodCond { column: 0, strategy: MethodCond::PREDICATE, value, each: false, derived: false, cond: c.clone() }
}

/// A condition that an index looks for: which one, and on which key column.
#[derive(Clone)]
struct Found {
    qual: usize,
    column: u32,
    strategy: i16,
    value: Expr,
    /// What follows from the condition, if it is not looked for itself.
    derived: Option<Expr>,
}

impl Found {
    fn cond(&self, quals: &[Expr]) -> Option<MethodCond> {
        let (whole, derived) = (quals.get(self.qual)?, self.derived.is_some());
        Some(MethodCond {
            column: self.column,
            strategy: self.strategy,
            value: self.value.clone(),
            each: !derived && matches!(whole.kind, ExprKind::ScalarArray { .. }),
            derived,
            cond: self.derived.as_ref().unwrap_or(whole).clone(),
        })
    }
}

/// The bounds that LIKE and its kind put to a column (`like_regex_support`, `text_starts_with_support`), each as a strategy
/// and a condition.
fn bounds(cx: &dyn PlanContext, r: u32, c: &Expr, col: &IndexColumn) -> Vec<(i16, Expr, Expr)> {
    let mut out = Vec::new();
    let tree = index_class(oids::AM_SPGIST, col.opclass) == Some("spgist text_ops");
    let ordered = matches!(brin_class(col.opclass), Some(Summarized::Order | Summarized::Multi));
    let ExprKind::Call(call) = &c.kind else { return out };
    if col.ty.oid != oids::TEXT || !tree && !ordered {
        return out;
    }
    let found = match (&call.args[..], builtin::proc(call.func).map(|p| p.name())) {
        ([key, value], Some("starts_with")) if is_key(r, key, col) => match value.as_const() {
            Some(Value::Bytes(prefix)) => prefix_bounds(prefix.to_vec(), false, col.ty),
            _ => None,
        },
        _ => match_bound(cx, r, c, col).filter(|m| !m.exact),
    };
    for (op, value) in found.into_iter().flat_map(|m| m.bounds) {
        let (strategy, name) = match op {
            BoundOp::Eq => (3, "="),
            BoundOp::Ge if tree => (28, "^@"),
            BoundOp::Lt if ordered => (1, "<"),
            BoundOp::Ge => (4, ">="),
            _ => continue,
        };
        let Some(o) = builtin::operator_exact(name, oids::TEXT, oids::TEXT) else { continue };
        let args = vec![call.args[0].clone(), value.clone()];
        let call = FuncCall { op: o.oid(), func: o.code(), args, ..(**call).clone() };
        out.push((strategy, value, c.with_kind(ExprKind::Call(Box::new(call)))));
    }
    out
}

/// A way to use such an index.
#[derive(Clone)]
pub(crate) struct Choice {
    index: Oid,
    storage: u32,
    conds: Vec<Found>,
    /// Conditions that are in its predicate.
    said: Vec<usize>,
    /// The strategy, the value and the whole of a distance to order by.
    nearest: Option<(i16, Expr, Expr)>,
    /// Pages of the index.
    pages: f64,
    /// What a GIN index is searched for.
    gin: Option<GinEntries>,
    /// What a BRIN index costs, and the share of the table that the ranges it finds have.
    brin: Option<(Cost, f64)>,
    /// Share of the table's rows that satisfy the conditions.
    selectivity: f64,
    only: bool,
    partial: bool,
    /// Rows come in the order of the heap.
    pub bitmap: bool,
}

/// What a setting that is off costs.
const DISABLED: f64 = 1e10;

impl Choice {
    /// The conditions it looks for, by their numbers.
    pub fn answered(&self) -> impl Iterator<Item = usize> {
        self.conds.iter().map(|c| c.qual)
    }

    /// The conditions among `all` that stay with the scan, and the choice in terms of these.
    pub fn own(mut self, all: &[Expr], stays: impl Fn(usize, &Expr) -> bool) -> (Vec<Expr>, Choice) {
        let mut own = Vec::new();
        for (i, c) in all.iter().enumerate() {
            if stays(i, c) {
                self.conds.iter_mut().filter(|f| f.qual == i).for_each(|f| f.qual = own.len());
                self.said.iter_mut().filter(|q| **q == i).for_each(|q| *q = own.len());
                own.push(c.clone());
            }
        }
        (own, self)
    }

    /// Whether it is worth a look: it looks for something, or is smaller than the table.
    pub fn useful(&self) -> bool {
        !self.conds.is_empty() || self.only || self.partial
    }

    /// The rows it finds.
    pub fn rows(&self, stats: &RelStats) -> f64 {
        (stats.rows * self.selectivity).round().max(1.0)
    }

    /// What finding the entries costs.
    fn entries(&self, stats: &RelStats, loops: f64) -> Cost {
        let ops = self.conds.len() + usize::from(self.nearest.is_some());
        match (&self.gin, self.brin) {
            (Some(g), _) => cost::gin_entries(g, stats, self.pages, self.selectivity, ops, loops),
            (_, Some((found, _))) => Cost { total: found.total + loops * self.pages * cost::RANDOM_PAGE, ..found },
            _ => cost::spatial_entries(self.pages, self.rows(stats), ops, stats, loops),
        }
    }

    /// What finding its entries costs, that with the bitmap of them, and the share of the table that is in it.
    fn bitmap_cost(&self, stats: &RelStats, loops: f64) -> (f64, f64, f64) {
        let share = self.brin.map_or(self.selectivity, |b| b.1);
        let entries = self.entries(stats, loops).total;
        (entries, entries + 0.1 * cost::OP * self.rows(stats), share)
    }

    /// The whole scan, one of `loops`.
    pub fn cost(&self, stats: &RelStats, loops: f64, quals: &[Expr]) -> Cost {
        if self.bitmap {
            let (_, cost, share) = self.bitmap_cost(stats, loops);
            return cost::bitmap_scan((cost, share), stats, loops, &quals.iter().collect::<Vec<_>>());
        }
        let found = self.entries(stats, loops);
        let rest: Vec<&Expr> = quals.iter().enumerate().filter(|(i, _)| !self.answered().any(|a| a == *i)).map(|(_, c)| c).collect();
        let seen = self.only && stats.visible;
        cost::index_scan(found, (self.selectivity, self.rows(stats)), 0.0, seen, stats, loops, &rest)
    }
}

impl Planner<'_> {
    /// The indexes of a table that are no B-trees, with what each can do for these conditions.
    pub(crate) fn method_choices(
        &mut self,
        attnos: &[i16],
        r: u32,
        relation: &Relation,
        quals: &[Expr],
        stats: &RelStats,
    ) -> Result<Vec<Choice>> {
        let mut out = Vec::new();
        let only = self.cx.enabled("enable_indexonlyscan");
        for oid in &relation.indexes {
            let index = self.cx.relation(*oid)?;
            let (Some(ix), method) = (&index.index, index.access_method) else { continue };
            if !ix.valid || is_tree(method) {
                continue;
            }
            let Some(predicate) = implied(self.cx, r, ix, quals) else { continue };
            let (gin, brin) = (method == oids::AM_GIN, method == oids::AM_BRIN);
            let known = |c: &IndexColumn| index_class(method, c.opclass).is_some() || brin && brin_class(c.opclass).is_some();
            if !ix.columns.first().is_some_and(known) {
                continue;
            }
            // Only a bitmap takes what any element of an array finds.
            let mut with_arrays = false;
            for arrays in [false, true] {
                if arrays && !with_arrays {
                    break;
                }
                let mut conds = vec![];
                let mut entries = gin.then(GinEntries::default);
                for (k, col) in ix.columns.iter().take(ix.keys as usize).enumerate() {
                    if !known(col) {
                        continue;
                    }
                    let col = &*self.folded_key(col)?;
                    let (mut full, mut normal) = (false, false);
                    for (i, c) in quals.iter().enumerate() {
                        let found = matched(r, c, col, b's').or_else(|| if gin { None } else { null_test(r, c, col) });
                        let column = k as u32;
                        let Some((strategy, value)) = found else {
                            for (strategy, value, derived) in bounds(self.cx, r, c, col) {
                                conds.push(Found { qual: i, column, strategy, value, derived: Some(derived) });
                            }
                            continue;
                        };
                        if matches!(c.kind, ExprKind::ScalarArray { .. }) {
                            with_arrays = true;
                            if !arrays {
                                continue;
                            }
                        }
                        if let Some(e) = &mut entries {
                            let q = match &value.kind {
                                ExprKind::Const(_) if !arrays => self.cx.index_query(&index, k, strategy, &value),
                                _ => None,
                            };
                            if e.add(q.as_deref()) { full = true } else { normal = true }
                        }
                        conds.push(Found { qual: i, column, strategy, value, derived: None });
                    }
                    if let Some(e) = &mut entries {
                        e.whole |= full && !normal;
                    }
                }
                let is_said = |i: &usize| {
                    predicate.iter().any(|p| expr::same(p, &quals[*i])) && !conds.iter().any(|c| c.qual == *i)
                };
                let said = (0..quals.len()).filter(is_said).collect();
                let has = |a: &i16| {
                    let at = ix.columns.iter().position(|c| c.attno == *a && *a > 0);
                    at.is_some_and(|i| self.cx.catalog().returns(method, (i < ix.keys as usize).then(|| &ix.columns[i])))
                };
                let types: Vec<TypeRef> = ix.columns.iter().map(|c| c.ty).collect();
                let used = |i: usize| conds.iter().any(|c: &Found| c.qual == i);
                let used: Vec<&Expr> = quals.iter().enumerate().filter(|(i, _)| used(*i)).map(|(_, q)| q).collect();
                let selectivity = cost::conjunction(&used, stats);
                let mut pages = cost::spatial_pages(&types, if method == oids::AM_SPGIST { 2.0 } else { 0.0 }, stats);
                let brin = brin.then(|| {
                    let attnos = conds.iter().filter_map(|c| Some(ix.columns.get(c.column as usize)?.attno));
                    let (found, share, own) = cost::brin_ranges(&index, selectivity, attnos, stats);
                    pages = own;
                    (found, share)
                });
                out.push(Choice {
                    index: *oid,
                    storage: index.storage,
                    selectivity,
                    conds,
                    said,
                    nearest: None,
                    pages,
                    gin: entries,
                    brin,
                    only: only && !gin && brin.is_none() && attnos.iter().all(has),
                    partial: ix.predicate.is_some(),
                    bitmap: arrays || gin || brin.is_some(),
                });
            }
        }
        Ok(out)
    }

    /// The bitmap of a choice's rows, if it makes any.
    pub(crate) fn method_bitmap(&self, c: &Choice, quals: &[Expr], stats: &RelStats) -> Option<BitmapChoice> {
        if c.conds.is_empty() && !(c.bitmap && c.useful()) {
            return None;
        }
        let (entries, cost, share) = c.bitmap_cost(stats, 1.0);
        let mut conds: Vec<MethodCond> = c.conds.iter().filter_map(|f| f.cond(quals)).collect();
        conds.extend(c.said.iter().filter_map(|q| quals.get(*q)).map(said));
        let source = BitmapSource::Method { index: c.index, index_storage: c.storage, conds };
        let mut used: Vec<usize> = c.answered().collect();
        used.order();
        used.dedup();
        Some(BitmapChoice {
            bitmap: Bitmap { source, rows: (stats.rows * share).max(1.0), cost: entries },
            cost,
            share,
            answered: vec![],
            used,
        })
    }

    /// The ways to enter a table by these indexes, as scans and as `bitmaps`, with the settings in their costs.
    pub(crate) fn method_ways(
        &mut self,
        choices: &[Choice],
        quals: &[Expr],
        stats: &RelStats,
        loops: f64,
        bitmaps: bool,
    ) -> Vec<(Choice, Cost)> {
        let off = |this: &Self, setting: &str| if this.cx.enabled(setting) { 0.0 } else { DISABLED };
        let (bitmap_off, plain_off) = (off(self, "enable_bitmapscan"), off(self, "enable_indexscan"));
        let mut out = Vec::new();
        for c in choices.iter().filter(|c| c.useful()) {
            for bitmap in [false, true] {
                // Some give nothing but bitmaps, and a bitmap of everything is no use.
                if c.bitmap && !bitmap || bitmap && (!bitmaps || c.conds.is_empty() && !c.bitmap) {
                    continue;
                }
                let c = Choice { bitmap, only: c.only && !bitmap, ..c.clone() };
                let off = if bitmap { bitmap_off } else { plain_off };
                let Cost { startup, total } = c.cost(stats, loops, quals);
                out.push((c, Cost { startup: startup + off, total: total + off }));
            }
        }
        out
    }

    /// A table by distance (`ORDER BY column <-> value`), nearest first.
    pub(crate) fn nearest_choice(
        &mut self,
        attnos: &[i16],
        r: u32,
        relation: &Relation,
        quals: &[Expr],
        wanted: &Wanted,
        stats: &RelStats,
    ) -> Result<Option<(Choice, Cost)>> {
        let [(e, key)] = &wanted.keys[..] else { return Ok(None) };
        if key.desc || key.nulls_first || e.ty.oid != oids::FLOAT8 || !self.cx.enabled("enable_indexscan") {
            return Ok(None);
        }
        for mut choice in self.method_choices(attnos, r, relation, quals, stats)? {
            if choice.bitmap {
                continue;
            }
            let index = self.cx.relation(choice.index)?;
            let col = index.index.as_ref().and_then(|ix| ix.columns.first());
            let Some((strategy, value)) = col.and_then(|col| matched(r, e, col, b'o')) else { continue };
            choice.nearest = Some((strategy, value, e.clone()));
            let cost = choice.cost(stats, 1.0, quals);
            return Ok(Some((choice, cost)));
        }
        Ok(None)
    }

    /// The scan of a choice under conditions; its costs are the caller's to set. Values of other entries become parameters.
    pub(crate) fn method_rel(
        &mut self,
        r: u32,
        rel: ScanRel,
        cols: Vec<Expr>,
        mut quals: Vec<Expr>,
        choice: Choice,
        stats: &RelStats,
    ) -> Result<Rel> {
        let found = choice.bitmap.then(|| choice.bitmap_cost(stats, 1.0)).map(|(c, _, s)| (c, (stats.rows * s).max(1.0)));
        let mut params = Vec::new();
        let set: RelSet = 1 << r;
        quals.iter_mut().for_each(|c| self.foreign_to_params(set, c, &mut params));
        let mut resolved = |mut c: MethodCond, this: &mut Self| -> Result<MethodCond> {
            this.foreign_to_params(set, &mut c.value, &mut params);
            c.cond = resolve::resolve(&c.cond, &cols)?;
            Ok(c)
        };
        let mut conds = Vec::new();
        for c in choice.conds.iter().filter_map(|f| f.cond(&quals)) {
            conds.push(resolved(c, self)?);
        }
        for q in choice.said.iter().filter_map(|q| quals.get(*q)) {
            conds.push(MethodCond { cond: resolve::resolve(q, &cols)?, ..said(q) });
        }
        let nearest = match choice.nearest {
            Some((strategy, value, cond)) => {
                let c = MethodCond { column: 0, strategy, value, each: false, derived: false, cond };
                Some(Box::new(resolved(c, self)?))
            }
            None => None,
        };
        let (index, index_storage, only) = (choice.index, choice.storage, choice.only);
        let node = match found {
            None => Node::MethodScan { rel, index, index_storage, conds, nearest, only },
            Some((cost, rows)) => {
                let source = BitmapSource::Method { index, index_storage, conds };
                Node::BitmapScan { rel, bitmap: Bitmap { source, rows, cost } }
            }
        };
        let scan = self.filtered(Rel::new(node, cols, set, 1.0, 0.0, 1.0), quals, &RelStats::default())?;
        Ok(self.with_params(scan, params))
    }

    /// The cheapest of these indexes that conditions with the other entries can enter.
    pub(crate) fn method_probe(
        &mut self,
        attnos: &[i16],
        r: u32,
        relation: &Relation,
        others: RelSet,
        all: &[Expr],
        loops: f64,
    ) -> Result<Option<(Choice, Cost)>> {
        if relation.indexes.is_empty() {
            return Ok(None);
        }
        let stats = self.cx.stats(relation);
        let mut choices = self.method_choices(attnos, r, relation, all, &stats)?;
        choices.retain(|c| c.conds.iter().any(|f| expr::rels(&f.value) & others != 0));
        let mut best: Option<(Choice, Cost)> = None;
        for (c, cost) in self.method_ways(&choices, all, &stats, loops, true) {
            if best.as_ref().is_none_or(|(_, b)| cost.total < b.total) {
                best = Some((c, cost));
            }
        }
        Ok(best)
    }
}
