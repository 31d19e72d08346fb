//! Merge joins: when the planner takes one, and how its sides come to be sorted.
//!
//! A merge join is taken where it costs less than hashing, which is so above all where both sides come sorted by the keys as
//! they are, and for a full join nothing else can do. A side that is a plain table is read through an index that gives the order where that
//! costs less than sorting it.

use tusklet_error::{Error, Result, err};
use tusklet_ir::*;

use crate::join::{FromContext, Item, join_rows};
use crate::resolve::find;
use crate::scan::Wanted;
use crate::upper::is_ordered;
use crate::{Planner, Rel, RelSet, cost, expr, resolve};

/// One equality between the sides.
struct MergeClause {
    left: Expr,
    right: Expr,
    left_cmp: Oid,
    right_cmp: Oid,
    collation: Oid,
}

impl MergeClause {
    fn key(e: &Expr, cmp: Oid, collation: Oid) -> SortKey {
        SortKey { column: 0, ty: e.ty.oid, cmp, collation, desc: false, nulls_first: false }
    }
}

/// A condition as an equality whose sides order alike: of one type, or integers or floats of different width, which are
/// compared as they are.
fn merge_clause(c: &Expr, left: RelSet, right: RelSet) -> Option<MergeClause> {
    let ExprKind::Call(call) = &c.kind else { return None };
    if call.op == 0 || call.args.len() != 2 || expr::volatile(c) {
        return None;
    }
    let (a, b) = (&call.args[0], &call.args[1]);
    let (ar, br) = (expr::rels(a), expr::rels(b));
    if ar == 0 || br == 0 {
        return None;
    }
    let eq = expr::equality(call.op)?;
    let (a_cmp, b_cmp) = if eq.left == eq.right {
        (eq.cmp, eq.cmp)
    } else {
        expr::equal_sides(call.op, a, b)?;
        (expr::own_cmp(a.ty.oid)?, expr::own_cmp(b.ty.oid)?)
    };
    let collation = call.input_collation;
    if ar & !left == 0 && br & !right == 0 {
        Some(MergeClause { left: a.clone(), right: b.clone(), left_cmp: a_cmp, right_cmp: b_cmp, collation })
    } else if ar & !right == 0 && br & !left == 0 {
        Some(MergeClause { left: b.clone(), right: a.clone(), left_cmp: b_cmp, right_cmp: a_cmp, collation })
    } else {
        None
    }
}

/// The equalities among the conditions in an order that the sides come in, if they do; with the orders of both sides.
fn merge_clauses(quals: &[&Expr], left: &Rel, right: &Rel) -> Vec<(MergeClause, SortKey, SortKey)> {
    let mut open: Vec<MergeClause> = Vec::new();
    for c in quals {
        if let Some(c) = merge_clause(c, left.set, right.set)
            && !open.iter().any(|o| expr::same(&o.left, &c.left) && expr::same(&o.right, &c.right))
        {
            open.push(c);
        }
    }
    let mut out = Vec::new();
    let mut take = |c: MergeClause, desc: bool, nulls_first: bool| {
        let key = |e: &Expr, cmp| SortKey { desc, nulls_first, ..MergeClause::key(e, cmp, c.collation) };
        let (l, r) = (key(&c.left, c.left_cmp), key(&c.right, c.right_cmp));
        out.push((c, l, r));
    };
    // A side that is ordered decides the order of the keys, the left one first.
    let side = if left.order.is_empty() { 1 } else { 0 };
    for (e, k) in &[left, right][side].order {
        let found = open.iter().position(|c| {
            let (mine, cmp) = if side == 0 { (&c.left, c.left_cmp) } else { (&c.right, c.right_cmp) };
            expr::same(mine, e) && cmp == k.cmp && c.collation == k.collation
        });
        let Some(i) = found else { break };
        take(open.remove(i), k.desc, k.nulls_first);
    }
    for c in open {
        take(c, false, false);
    }
    out
}

impl Planner<'_> {
    /// Whether conditions make a merge join of these sides possible without sorting either.
    pub(crate) fn merges_as_is(&self, quals: &[&Expr], left: &Rel, right: &Rel) -> bool {
        if left.order.is_empty() || right.order.is_empty() {
            return false;
        }
        let clauses = merge_clauses(quals, left, right);
        let (l, r) = wanted_orders(&clauses);
        !clauses.is_empty() && is_ordered(left, &l) && is_ordered(right, &r)
    }

    /// Whether a merge join can test a condition by merging.
    pub(crate) fn mergeable(&self, c: &Expr, left: RelSet, right: RelSet) -> bool {
        merge_clause(c, left, right).is_some()
    }

    /// A merge join. Without equalities every row meets every other, which is how a full join on a constant is run.
    pub(crate) fn merge_join(
        &mut self,
        fc: &FromContext<'_>,
        kind: JoinKind,
        left: Item,
        right: Item,
        quals: Vec<Expr>,
    ) -> Result<Rel> {
        let refs: Vec<&Expr> = quals.iter().collect();
        let clauses = merge_clauses(&refs, &left.rel, &right.rel);
        let (lsides, rsides) = (left.rel.set, right.rel.set);
        let (l_order, r_order) = wanted_orders(&clauses);
        let left = self.merge_side(fc, left, l_order)?;
        let right = self.merge_side(fc, right, r_order)?;
        let set = left.set | right.set;
        let mut native = left.cols.clone();
        native.extend(right.cols.iter().cloned());
        let mut keys = Vec::new();
        for (c, l, r) in &clauses {
            let at = |e: &Expr, rel: &Rel| find(e, &rel.cols).ok_or_else(|| Error::internal("merge key not found"));
            let (lc, rc) = (at(&c.left, &left)?, at(&c.right, &right)?);
            keys.push((SortKey { column: lc as u32, ..l.clone() }, SortKey { column: rc as u32, ..r.clone() }));
        }
        let mut rest = Vec::new();
        for c in quals.iter().filter(|c| merge_clause(c, lsides, rsides).is_none()) {
            rest.push(resolve::resolve(c, &native)?);
        }
        let (lrows, rrows) = (left.plan.rows, right.plan.rows);
        let sel = match keys.len() {
            0 => 1.0,
            _ => 1.0 / lrows.max(rrows).max(1.0),
        };
        let rows = join_rows(kind, lrows, rrows, sel * 0.3f64.powi(rest.len() as i32));
        let of = |p: &Plan| cost::Cost { startup: p.startup_cost, total: p.total_cost };
        let cost::Cost { startup, total } =
            cost::merge_join(of(&left.plan), lrows, of(&right.plan), rrows, keys.len() as f64, rows);
        let cols = match kind {
            JoinKind::Semi | JoinKind::Anti => left.cols.clone(),
            _ => native,
        };
        let mut params = left.params.clone();
        params.extend(right.params.clone());
        let needs = (left.needs | right.needs) & !set;
        let order = match kind {
            JoinKind::Right | JoinKind::Full => vec![],
            _ => left.order.clone(),
        };
        let node =
            Node::MergeJoin { kind, left: left.plan, right: right.plan, keys, on: expr::and(rest) };
        let mut rel = Rel::new(node, cols, set, rows, startup, total);
        rel.order = order;
        rel.params = params;
        rel.needs = needs;
        Ok(rel)
    }

    /// A side sorted by `order`, whose expressions are columns of it afterwards.
    fn merge_side(&mut self, fc: &FromContext<'_>, side: Item, order: Vec<(Expr, SortKey)>) -> Result<Rel> {
        let mut rel = side.rel;
        if order.is_empty() {
            return Ok(rel);
        }
        if !is_ordered(&rel, &order)
            && let Some((r, own)) = &side.table
        {
            let wanted = Wanted { keys: order.clone(), limit: None, whole: false };
            let ordered = self.plan_entry(fc.q, *r, own.clone(), &fc.needed[*r as usize], Some(&wanted))?;
            if is_ordered(&ordered, &order) {
                rel = ordered;
            }
        }
        let missing: Vec<Expr> =
            order.iter().map(|(e, _)| e).filter(|e| find(e, &rel.cols).is_none()).cloned().collect();
        if !missing.is_empty() {
            let kept = rel.order.clone();
            let mut cols = rel.cols.clone();
            cols.extend(missing);
            rel = self.project(rel, cols)?;
            rel.order = kept;
        }
        let mut keys = order;
        for (e, k) in &mut keys {
            if let Some(at) = find(e, &rel.cols) {
                k.column = at as u32;
            }
        }
        Ok(self.sorted(rel, &keys, None))
    }

    /// A full join, which only a hash or merge join can be.
    pub(crate) fn full_join(&mut self, fc: &FromContext<'_>, left: Item, right: Item, quals: Vec<Expr>) -> Result<Rel> {
        let (l, r) = (left.rel.set, right.rel.set);
        let mergeable = quals.iter().filter(|c| self.mergeable(c, l, r)).count();
        // As PostgreSQL: a condition that is no equality can be tested by a hash join only, one without variables by both.
        let all = quals.iter().all(|c| self.mergeable(c, l, r) || expr::rels(c) == 0);
        if mergeable == 0 && !all {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"
            ));
        }
        let refs: Vec<&Expr> = quals.iter().collect();
        let merge_on = self.cx.enabled("enable_mergejoin");
        let as_is = self.merges_as_is(&refs, &left.rel, &right.rel);
        let (lp, rp) = (&left.rel.plan, &right.rel.plan);
        let of = |p: &Plan| cost::Cost { startup: p.startup_cost, total: p.total_cost };
        let sort = |p: &Plan| if as_is { of(p) } else { cost::sort(of(p), p.rows, p.width, None) };
        let (n, out) = (mergeable as f64, lp.rows.max(rp.rows));
        let merged = cost::merge_join(sort(lp), lp.rows, sort(rp), rp.rows, n, out).total;
        let (lc, rc, lr, rr) = (of(lp), of(rp), lp.rows, rp.rows);
        let hashed = cost::hash_join(lc, lr, rc, rr, n, self.bucket(fc, &refs, r, rr), out).total;
        let merge = mergeable == 0
            || all && merge_on && (!self.cx.enabled("enable_hashjoin") || merged <= hashed);
        if merge {
            self.merge_join(fc, JoinKind::Full, left, right, quals)
        } else {
            self.hash_join(JoinKind::Full, left.rel, right.rel, quals)
        }
    }
}

fn wanted_orders(clauses: &[(MergeClause, SortKey, SortKey)]) -> (Vec<(Expr, SortKey)>, Vec<(Expr, SortKey)>) {
    let left = clauses.iter().map(|(c, l, _)| (c.left.clone(), l.clone())).collect();
    let right = clauses.iter().map(|(c, _, r)| (c.right.clone(), r.clone())).collect();
    (left, right)
}
