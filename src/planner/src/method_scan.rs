//! Indexes that are no B-trees: which conditions they look for, and when that pays. The conditions stay in the plan's
//! filter, so that an index that finds too much changes no answer.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{IndexColumn, Relation};
use tusklet_catalog::resolve::{index_class, is_tree};
use tusklet_error::Result;
use tusklet_ir::*;

use crate::cost::{Cost, GinEntries};
use crate::scan::{Wanted, implied, operator_on};
use crate::{Planner, Rel, RelSet, RelStats, cost, expr, resolve};

/// The other side of an operator on an index column, and what its family calls the operator.
fn matched(r: u32, c: &Expr, col: &IndexColumn, purpose: u8) -> Option<(i16, Expr)> {
    let ExprKind::Call(call) = &c.kind else { return None };
    let (op, value) = operator_on(r, call, col)?;
    let m = builtin::amops_by_operator(op).find(|m| m.family() == col.opfamily && m.purpose() == purpose)?;
    Some((m.strategy() as i16, value.clone()))
}

/// A condition that an index looks for: which one, and on which key column.
#[derive(Clone)]
struct Found {
    qual: usize,
    column: u32,
    strategy: i16,
    value: Expr,
}

/// A way to use such an index.
#[derive(Clone)]
pub(crate) struct Choice {
    index: Oid,
    storage: u32,
    conds: Vec<Found>,
    /// The strategy, the value and the whole of a distance to order by.
    nearest: Option<(i16, Expr, Expr)>,
    /// Pages of the index.
    pages: f64,
    /// What a GIN index is searched for.
    gin: Option<GinEntries>,
    /// Share of the table's rows that it visits.
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
        match &self.gin {
            Some(g) => cost::gin_entries(g, stats, self.pages, self.selectivity, ops, loops),
            None => cost::spatial_entries(self.pages, self.rows(stats), ops, stats, loops),
        }
    }

    /// The whole scan, one of `loops`.
    pub fn cost(&self, stats: &RelStats, loops: f64, quals: &[Expr]) -> Cost {
        let found = self.entries(stats, loops);
        if self.bitmap {
            let bitmap = (found.total + 0.1 * cost::OP * self.rows(stats), self.selectivity);
            return cost::bitmap_scan(bitmap, stats, loops, &quals.iter().collect::<Vec<_>>());
        }
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
            if !ix.valid || is_tree(method) || implied(self.cx, r, ix, quals).is_none() {
                continue;
            }
            let gin = method == oids::AM_GIN;
            let columns = if gin { ix.keys as usize } else { 1 };
            if ix.columns.first().and_then(|c| index_class(method, c.opclass)).is_none() {
                continue;
            }
            let mut conds = vec![];
            let mut entries = gin.then(GinEntries::default);
            for (k, col) in ix.columns.iter().take(columns).enumerate() {
                if index_class(method, col.opclass).is_none() {
                    continue;
                }
                let (mut full, mut normal) = (false, false);
                for (i, c) in quals.iter().enumerate() {
                    let Some((strategy, value)) = matched(r, c, col, b's') else { continue };
                    if let Some(e) = &mut entries {
                        let q = match &value.kind {
                            ExprKind::Const(_) => self.cx.index_query(&index, k, strategy, &value),
                            _ => None,
                        };
                        if e.add(q.as_deref()) { full = true } else { normal = true }
                    }
                    conds.push(Found { qual: i, column: k as u32, strategy, value });
                }
                if let Some(e) = &mut entries {
                    e.whole |= full && !normal;
                }
            }
            let has = |a: &i16| {
                let at = ix.columns.iter().position(|c| c.attno == *a && *a > 0);
                at.is_some_and(|i| self.cx.catalog().returns(method, (i < ix.keys as usize).then(|| &ix.columns[i])))
            };
            let types: Vec<TypeRef> = ix.columns.iter().map(|c| c.ty).collect();
            let used: Vec<&Expr> = conds.iter().map(|c: &Found| &quals[c.qual]).collect();
            out.push(Choice {
                index: *oid,
                storage: index.storage,
                selectivity: cost::conjunction(&used, stats),
                conds,
                nearest: None,
                pages: cost::spatial_pages(&types, if method == oids::AM_SPGIST { 2.0 } else { 0.0 }, stats),
                gin: entries,
                only: only && attnos.iter().all(has),
                partial: ix.predicate.is_some(),
                bitmap: gin,
            });
        }
        Ok(out)
    }

    /// The ways to enter a table by these indexes, each as a scan and as a bitmap, with the settings in their costs.
    pub(crate) fn method_ways(
        &mut self,
        choices: Vec<Choice>,
        quals: &[Expr],
        stats: &RelStats,
        loops: f64,
    ) -> Vec<(Choice, Cost)> {
        let off = |this: &Self, setting: &str| if this.cx.enabled(setting) { 0.0 } else { DISABLED };
        let (bitmap_off, plain_off) = (off(self, "enable_bitmapscan"), off(self, "enable_indexscan"));
        let mut out = Vec::new();
        for c in choices.into_iter().filter(|c| c.useful()) {
            for bitmap in [false, true] {
                // GIN gives nothing but bitmaps, and a bitmap of everything is no use.
                if c.gin.is_some() && !bitmap || bitmap && c.conds.is_empty() && c.gin.is_none() {
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
    ) -> Result<Rel> {
        let mut params = Vec::new();
        let set: RelSet = 1 << r;
        quals.iter_mut().for_each(|c| self.foreign_to_params(set, c, &mut params));
        let mut cond = |column, strategy, mut value: Expr, whole: &Expr, this: &mut Self| -> Result<MethodCond> {
            this.foreign_to_params(set, &mut value, &mut params);
            Ok(MethodCond { column, strategy, value, cond: resolve::resolve(whole, &cols)? })
        };
        let mut conds = Vec::new();
        for f in choice.conds {
            if let Some(c) = quals.get(f.qual) {
                conds.push(cond(f.column, f.strategy, f.value, c, self)?);
            }
        }
        let nearest = match choice.nearest {
            Some((strategy, value, e)) => Some(Box::new(cond(0, strategy, value, &e, self)?)),
            None => None,
        };
        let (index, index_storage, only, bitmap) = (choice.index, choice.storage, choice.only, choice.bitmap);
        let node = Node::MethodScan { rel, index, index_storage, conds, nearest, bitmap, only };
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
        for (c, cost) in self.method_ways(choices, all, &stats, loops) {
            if best.as_ref().is_none_or(|(_, b)| cost.total < b.total) {
                best = Some((c, cost));
            }
        }
        Ok(best)
    }
}
