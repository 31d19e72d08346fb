//! Indexes that are no B-trees: which conditions they look for, and when that pays. The conditions stay in the plan's
//! filter, so that an index that finds too much changes no answer.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Index, IndexColumn, Relation};
use tusklet_catalog::resolve::{index_class, is_tree};
use tusklet_error::Result;
use tusklet_ir::*;

use crate::cost::Cost;
use crate::scan::{Wanted, implied, operator_on};
use crate::{Planner, Rel, RelStats, cost, resolve};

/// The other side of an operator on an index column, and what its family calls the operator.
fn matched(r: u32, c: &Expr, col: &IndexColumn, purpose: u8) -> Option<(i16, Oid, Expr)> {
    let ExprKind::Call(call) = &c.kind else { return None };
    let (op, value) = operator_on(r, call, col)?;
    let m = builtin::amops_by_operator(op).find(|m| m.family() == col.opfamily && m.purpose() == purpose)?;
    Some((m.strategy() as i16, op, value.clone()))
}

/// What share of the rows an operator is thought to find, by its estimator.
fn share(op: Oid, c: &Expr, stats: &RelStats) -> f64 {
    let rest = builtin::operator(op).and_then(|o| builtin::proc(o.rest()));
    match rest.as_ref().map(|p| p.name()) {
        Some("eqsel") => cost::selectivity(c, stats),
        Some("contsel") => 0.001,
        Some("positionsel") => 0.1,
        Some("scalarltsel" | "scalarlesel" | "scalargtsel" | "scalargesel") => 1.0 / 3.0,
        _ => 0.005,
    }
}

/// A way to use such an index.
pub(crate) struct Choice {
    index: Oid,
    storage: u32,
    conds: Vec<MethodCond>,
    nearest: Option<Box<MethodCond>>,
    /// Rows come in the order of the heap.
    bitmap: bool,
}

/// What a setting that is off costs.
const DISABLED: f64 = 1e10;
/// Entries on a page.
const PAGE: f64 = 100.0;

impl Planner<'_> {
    /// The usable indexes of a table that are no B-trees.
    fn method_indexes(&mut self, r: u32, relation: &Relation, quals: &[Expr]) -> Result<Vec<(Oid, u32, Oid, Index)>> {
        let mut out = Vec::new();
        for oid in &relation.indexes {
            let index = self.cx.relation(*oid)?;
            let Some(ix) = &index.index else { continue };
            if ix.valid && !is_tree(index.access_method) && implied(self.cx, r, ix, quals).is_some() {
                out.push((*oid, index.storage, index.access_method, ix.clone()));
            }
        }
        Ok(out)
    }

    /// The cheapest such index for the conditions.
    pub(crate) fn method_choice(
        &mut self,
        r: u32,
        relation: &Relation,
        cols: &[Expr],
        quals: &[Expr],
        stats: &RelStats,
    ) -> Result<Option<(Choice, Cost)>> {
        let rows = stats.rows.max(1.0);
        let mut best: Option<(Choice, Cost)> = None;
        let refs: Vec<&Expr> = quals.iter().collect();
        let off = |this: &Self, setting: &str| if this.cx.enabled(setting) { 0.0 } else { DISABLED };
        let (bitmap_off, plain_off) = (off(self, "enable_bitmapscan"), off(self, "enable_indexscan"));
        for (index, storage, method, ix) in self.method_indexes(r, relation, quals)? {
            let gin = method == oids::AM_GIN;
            let (mut conds, mut part) = (vec![], 1.0);
            let columns = if gin { ix.keys as usize } else { 1 };
            for (k, col) in ix.columns.iter().take(columns).enumerate() {
                if index_class(method, col.opclass).is_none() {
                    continue;
                }
                for c in quals {
                    let Some((strategy, op, value)) = matched(r, c, col, b's') else { continue };
                    let cond = resolve::resolve(c, cols)?;
                    conds.push(MethodCond { column: k as u32, strategy, value, cond });
                    part *= share(op, c, stats);
                }
            }
            // A path of JSON says nothing of keys.
            if conds.iter().all(|c| gin && matches!(c.strategy, 15 | 16)) {
                continue;
            }
            let tuples = (rows * part).round().max(1.0);
            let entries = (tuples / PAGE).ceil() * cost::RANDOM_PAGE + tuples * (cost::INDEX_ROW + cost::OP);
            let mut c = cost::bitmap_scan((entries + 0.1 * cost::OP * tuples, part), stats, 1.0, &refs);
            // One row is as well fetched at once.
            let bitmap = gin || bitmap_off == 0.0 && (tuples > 1.0 || plain_off != 0.0);
            let disabled = if bitmap { bitmap_off } else { plain_off };
            c.startup = if bitmap { c.startup } else { 0.0 } + disabled;
            c.total += disabled;
            if best.as_ref().is_none_or(|(_, b)| c.total < b.total) {
                best = Some((Choice { index, storage, conds, nearest: None, bitmap }, c));
            }
        }
        Ok(best)
    }

    /// A table by distance (`ORDER BY column <-> value`), nearest first.
    pub(crate) fn nearest_choice(
        &mut self,
        r: u32,
        relation: &Relation,
        cols: &[Expr],
        quals: &[Expr],
        wanted: &Wanted,
        stats: &RelStats,
    ) -> Result<Option<(Choice, Cost)>> {
        let [(e, key)] = &wanted.keys[..] else { return Ok(None) };
        if key.desc || key.nulls_first || e.ty.oid != oids::FLOAT8 || !self.cx.enabled("enable_indexscan") {
            return Ok(None);
        }
        let refs: Vec<&Expr> = quals.iter().collect();
        for (index, storage, method, ix) in self.method_indexes(r, relation, quals)? {
            let Some(col) = ix.columns.first().filter(|c| index_class(method, c.opclass).is_some()) else { continue };
            let Some((strategy, _, value)) = matched(r, e, col, b'o') else { continue };
            let mut conds = vec![];
            for c in quals {
                if let Some((strategy, _, value)) = matched(r, c, col, b's') {
                    conds.push(MethodCond { column: 0, strategy, value, cond: resolve::resolve(c, cols)? });
                }
            }
            let nearest = MethodCond { column: 0, strategy, value, cond: resolve::resolve(e, cols)? };
            let rows = stats.rows.max(1.0);
            let pages = (rows / PAGE).ceil() + cost::pages_fetched(rows, stats.pages.max(1.0));
            let each = cost::INDEX_ROW + cost::ROW + cost::OP + cost::quals_cost(&refs);
            let total = pages * cost::RANDOM_PAGE + rows * each;
            let choice = Choice { index, storage, conds, nearest: Some(Box::new(nearest)), bitmap: false };
            return Ok(Some((choice, Cost { startup: 0.0, total })));
        }
        Ok(None)
    }

    /// The scan of a choice; its costs are the caller's to set.
    pub(crate) fn method_rel(
        &mut self,
        r: u32,
        rel: ScanRel,
        cols: Vec<Expr>,
        quals: Vec<Expr>,
        choice: Choice,
    ) -> Result<Rel> {
        let mut params = Vec::new();
        let Choice { index, storage, mut conds, mut nearest, bitmap } = choice;
        for c in conds.iter_mut().chain(nearest.as_deref_mut()) {
            self.outer_to_params(&mut c.value, &mut params);
        }
        let node = Node::MethodScan { rel, index, index_storage: storage, conds, nearest, bitmap };
        let scan = self.filtered(Rel::new(node, cols, 1 << r, 1.0, 0.0, 1.0), quals, &RelStats::default())?;
        Ok(self.with_params(scan, params))
    }
}
