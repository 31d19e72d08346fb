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

/// Whether a path of JSON, whose value is its text, looks as if an index could look for something of it.
fn names_keys(c: &MethodCond) -> bool {
    let Some(Value::Bytes(path)) = c.value.as_const() else { return true };
    let has = |what: &[u8]| path.windows(what.len()).any(|w| w == what);
    has(b"==") || has(b"exists") || c.strategy == 15 && has(b"$.")
}

/// A way to use such an index.
pub(crate) struct Choice {
    index: Oid,
    storage: u32,
    conds: Vec<MethodCond>,
    nearest: Option<Box<MethodCond>>,
    /// Rows come in the order of the heap.
    pub bitmap: bool,
    /// The index has all columns that are read.
    only: bool,
}

/// Whether an index's column can be had from its entries (`amcanreturn`): from GiST if values are kept as they are or there
/// is a function to fetch them, from SP-GiST if values are kept whole.
fn returns(method: Oid, col: &IndexColumn) -> bool {
    let Some(class) = builtin::opclass(col.opclass) else { return false };
    let has = |number| builtin::amproc(class.family(), class.intype(), class.intype(), number).is_some();
    match method {
        oids::AM_GIST => has(9) || !has(3),
        oids::AM_SPGIST => !has(6),
        _ => false,
    }
}

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

    /// The conditions an index looks for, and which of `quals` they are.
    fn method_conds(r: u32, method: Oid, ix: &Index, cols: &[Expr], quals: &[Expr]) -> Result<(Vec<MethodCond>, Vec<usize>)> {
        let (mut conds, mut used) = (vec![], vec![]);
        let columns = if method == oids::AM_GIN { ix.keys as usize } else { 1 };
        for (k, col) in ix.columns.iter().take(columns).enumerate() {
            if index_class(method, col.opclass).is_none() {
                continue;
            }
            for (i, c) in quals.iter().enumerate() {
                let Some((strategy, _, value)) = matched(r, c, col, b's') else { continue };
                conds.push(MethodCond { column: k as u32, strategy, value, cond: resolve::resolve(c, cols)? });
                if !used.contains(&i) {
                    used.push(i);
                }
            }
        }
        Ok((conds, used))
    }

    /// Whether all columns that are read can be had from an index.
    fn returns_all(&self, method: Oid, ix: &Index, attnos: &[i16]) -> bool {
        self.cx.enabled("enable_indexonlyscan")
            && attnos.iter().all(|a| *a > 0 && ix.columns.iter().any(|c| c.attno == *a && returns(method, c)))
    }

    /// What scans of an index with such conditions cost, plain and as a bitmap.
    fn method_costs(
        method: Oid,
        ix: &Index,
        (used, ops): (&[usize], usize),
        only: bool,
        quals: &[Expr],
        stats: &RelStats,
    ) -> (Cost, Cost) {
        let all: Vec<&Expr> = quals.iter().collect();
        let mine: Vec<&Expr> = used.iter().filter_map(|i| quals.get(*i)).collect();
        let rest: Vec<&Expr> = quals.iter().enumerate().filter(|(i, _)| !used.contains(i)).map(|(_, c)| c).collect();
        let keys: Vec<TypeRef> = ix.columns.iter().map(|c| c.ty).collect();
        let fixed = if method == oids::AM_SPGIST { 2.0 } else { 0.0 };
        cost::spatial_scan(&keys, fixed, (cost::conjunction(&mine, stats), ops), (only, &rest, &all), stats)
    }

    /// The cheapest plain scan of such an index for the conditions, and the cheapest bitmap.
    pub(crate) fn method_choices(
        &mut self,
        r: u32,
        relation: &Relation,
        attnos: &[i16],
        cols: &[Expr],
        quals: &[Expr],
        stats: &RelStats,
    ) -> Result<Vec<(Choice, Cost)>> {
        let mut best: Vec<(Choice, Cost)> = vec![];
        for (index, storage, method, ix) in self.method_indexes(r, relation, quals)? {
            let gin = method == oids::AM_GIN;
            let (conds, used) = Self::method_conds(r, method, &ix, cols, quals)?;
            let only = !gin && index_class(method, ix.columns[0].opclass).is_some() && self.returns_all(method, &ix, attnos);
            if conds.is_empty() && !only {
                continue;
            }
            let (plain, mut bitmap) = Self::method_costs(method, &ix, (&used, conds.len()), only, quals, stats);
            // Of a path of JSON that says nothing of keys every entry is read.
            if gin && conds.iter().all(|c| matches!(c.strategy, 15 | 16) && !names_keys(c)) {
                bitmap.total += cost::seq_scan(stats, &[]).total * cost::RANDOM_PAGE;
                bitmap.startup = bitmap.total;
            }
            for (bitmap, c) in [(false, plain), (true, bitmap)] {
                if if bitmap { conds.is_empty() } else { gin } {
                    continue;
                }
                let at = best.iter().position(|(b, _)| b.bitmap == bitmap);
                if at.is_none_or(|i| c.beats(best[i].1)) {
                    best.retain(|(b, _)| b.bitmap != bitmap);
                    let only = only && !bitmap;
                    best.push((Choice { index, storage, conds: conds.clone(), nearest: None, bitmap, only }, c));
                }
            }
        }
        Ok(best)
    }

    /// A table by distance (`ORDER BY column <-> value`), nearest first.
    pub(crate) fn nearest_choice(
        &mut self,
        r: u32,
        relation: &Relation,
        attnos: &[i16],
        cols: &[Expr],
        quals: &[Expr],
        wanted: &Wanted,
        stats: &RelStats,
    ) -> Result<Option<(Choice, Cost)>> {
        let [(e, key)] = &wanted.keys[..] else { return Ok(None) };
        if key.desc || key.nulls_first || e.ty.oid != oids::FLOAT8 || !self.cx.enabled("enable_indexscan") {
            return Ok(None);
        }
        for (index, storage, method, ix) in self.method_indexes(r, relation, quals)? {
            let Some(col) = ix.columns.first().filter(|c| index_class(method, c.opclass).is_some()) else { continue };
            let Some((strategy, _, value)) = matched(r, e, col, b'o') else { continue };
            let (conds, used) = Self::method_conds(r, method, &ix, cols, quals)?;
            let nearest = Some(Box::new(MethodCond { column: 0, strategy, value, cond: resolve::resolve(e, cols)? }));
            let only = self.returns_all(method, &ix, attnos);
            let (c, _) = Self::method_costs(method, &ix, (&used, conds.len() + 1), only, quals, stats);
            return Ok(Some((Choice { index, storage, conds, nearest, bitmap: false, only }, c)));
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
        let Choice { index, storage, mut conds, mut nearest, bitmap, only } = choice;
        for c in conds.iter_mut().chain(nearest.as_deref_mut()) {
            self.outer_to_params(&mut c.value, &mut params);
        }
        let node = Node::MethodScan { rel, index, index_storage: storage, conds, nearest, bitmap, only };
        let scan = self.filtered(Rel::new(node, cols, 1 << r, 1.0, 0.0, 1.0), quals, &RelStats::default())?;
        Ok(self.with_params(scan, params))
    }
}
