//! `min` and `max` of a whole table from an index (`planagg.c`): each becomes a subquery that takes the first row of an
//! ordered scan.

use tusklet_catalog::builtin::{self, oids};
use tusklet_error::Result;
use tusklet_ir::*;

use crate::expr::oids_am::BTREE;
use crate::scan::Wanted;
use crate::{Planner, cost, expr};

impl Planner<'_> {
    /// `SELECT min(a), max(b) FROM t WHERE …` as `SELECT (SELECT a FROM t WHERE … AND a IS NOT NULL ORDER BY a LIMIT 1), …`.
    ///
    /// An aggregate of no rows is NULL, as is a scalar subquery without rows; NULLs are no candidates for either function;
    /// of equal values any may be the answer. The condition is evaluated for fewer rows and once per aggregate, so it must
    /// not be volatile; errors in rows that are not read are not raised, nor does PostgreSQL raise them. All aggregates
    /// must profit, or the table is read anyway.
    pub fn min_max_from_indexes(&mut self, q: &mut Query) -> Result<()> {
        let [FromNode::Ref(r)] = q.from.as_slice() else { return Ok(()) };
        let r = *r;
        let plain = q.has_aggs
            && q.group_by.is_empty()
            && q.grouping_sets.len() <= 1
            && q.grouping_sets.iter().all(|s| s.is_empty())
            && q.having.is_none()
            && !q.has_windows
            && q.locks.is_empty()
            && q.ctes.is_empty();
        let movable = |e: &Expr| !expr::volatile(e) && !visit::any(e, &mut |x| matches!(x.kind, ExprKind::SubLink(_)));
        if !plain || !q.filter.iter().all(movable) {
            return Ok(());
        }
        let RteKind::Relation { oid, sample: None } = q.rtable[r as usize].kind else { return Ok(()) };
        // The aggregates, each once, with the order whose first row is its answer.
        let mut found: Vec<(Expr, Expr, SortClause)> = Vec::new();
        let mut other = false;
        for t in &q.targets {
            visit::walk(&t.expr, &mut |x| {
                if !matches!(x.kind, ExprKind::Aggregate(_)) {
                    other |= matches!(x.kind, ExprKind::SubLink(_));
                    return true;
                }
                match first_of(x) {
                    Some((arg, by)) if movable(&arg) => {
                        if !found.iter().any(|(a, _, _)| expr::same(a, x)) {
                            found.push((x.clone(), arg, by));
                        }
                    }
                    _ => other = true,
                }
                false
            });
        }
        if other || found.is_empty() {
            return Ok(());
        }
        let relation = self.cx.relation(oid)?;
        if relation.system || relation.indexes.is_empty() {
            return Ok(());
        }
        let stats = self.cx.stats(&relation);
        let rows = stats.rows.max(1.0);
        let needed = self.needed(q).swap_remove(r as usize);
        let mut links = Vec::new();
        let mut total = 0.0;
        for (aggregate, arg, mut by) in found {
            let not_null =
                Expr::new(ExprKind::NullTest { arg: arg.clone(), negated: true, row: false }, TypeRef::new(oids::BOOL));
            let mut quals = Vec::new();
            if let Some(f) = &q.filter {
                expr::conjuncts(f.clone(), &mut quals);
            }
            if !quals.iter().any(|c| expr::same(c, &not_null)) {
                quals.insert(0, not_null);
            }
            // Where NULLs would stand does not matter: any index will do that has the values in order.
            let mut found = None;
            for nulls_first in [by.desc, !by.desc] {
                by.nulls_first = nulls_first;
                let key = crate::upper::sort_key(&by, 0, &arg);
                let wanted = Wanted { keys: vec![(arg.clone(), key)], limit: Some(1.0), whole: false };
                found = self.ordered_choice(q, r, &quals, &needed, &wanted)?;
                if found.is_some() {
                    break;
                }
            }
            let Some((choice, _)) = found else { return Ok(()) };
            let refs: Vec<&Expr> = quals.iter().collect();
            let kept = (rows * cost::conjunction(&refs, &stats)).max(1.0);
            let rest: Vec<&Expr> =
                quals.iter().enumerate().filter(|(i, _)| !choice.answered.contains(i)).map(|(_, c)| c).collect();
            total += choice.scan_cost(&stats, 1.0, &rest).part((1.0 / kept).min(1.0)) + cost::ROW;
            links.push((aggregate, self.first_row(q, arg, by, quals)));
        }
        let whole = cost::seq_scan(&stats, &q.filter.iter().collect::<Vec<_>>()).total;
        if total >= whole + rows * cost::OP * links.len() as f64 {
            return Ok(());
        }
        for t in &mut q.targets {
            replace(&mut t.expr, &links);
        }
        q.from.clear();
        q.filter = None;
        q.has_aggs = false;
        q.grouping_sets.clear();
        q.has_sublinks = true;
        Ok(())
    }

    /// The subquery for one aggregate.
    fn first_row(&self, q: &Query, arg: Expr, by: SortClause, quals: Vec<Expr>) -> Expr {
        let (ty, collation, span) = (arg.ty, arg.collation, arg.span);
        let mut sub = Query::new(CommandType::Select);
        sub.rtable = q.rtable.clone();
        sub.from = q.from.clone();
        sub.filter = expr::and(quals);
        sub.targets =
            vec![Target { expr: arg, name: String::new(), attno: 1, sort_ref: by.target, junk: false, origin: (0, 0) }];
        sub.order_by = vec![by];
        sub.limit = Some(Expr::constant(Value::I64(1), TypeRef::new(oids::INT8)));
        // What was outside the query is one level further out now.
        visit::query_exprs_mut(&mut sub, &mut |e| {
            visit::walk_mut(e, &mut |x| {
                let level = match &mut x.kind {
                    ExprKind::Var(v) => &mut v.level,
                    ExprKind::Aggregate(a) => &mut a.level,
                    ExprKind::Grouping { level, .. } => level,
                    _ => return,
                };
                *level += (*level > 0) as u32;
            })
        });
        let kind = SubLinkKind::Expr;
        let link = SubLink { kind, test: None, op_name: String::new(), query: sub, id: 0 };
        Expr::make(ExprKind::SubLink(Box::new(link)), ty, collation, span)
    }
}

/// The argument of an aggregate whose answer is the first of its argument's values in some order, and that order.
fn first_of(e: &Expr) -> Option<(Expr, SortClause)> {
    let ExprKind::Aggregate(a) = &e.kind else { return None };
    let Aggregate {
        func,
        direct,
        args,
        order_by,
        distinct: _,
        filter,
        star,
        variadic: _,
        kind,
        level,
        input_collation: _,
        trans_type: _,
    } = &**a;
    let [arg] = args.as_slice() else { return None };
    if *star || *level != 0 || *kind != b'n' || filter.is_some() || !direct.is_empty() || !order_by.is_empty() {
        return None;
    }
    let op = builtin::aggregate(*func)?.sortop();
    let m = builtin::amops_by_operator(op).find(|m| m.method() == BTREE && m.purpose() == b's')?;
    let desc = match m.strategy() {
        1 => false,
        5 => true,
        _ => return None,
    };
    let cmp = builtin::amproc(m.family(), m.left(), m.right(), 1)?.function();
    // An outer aggregate's argument could be anything; polymorphic ones answer as another type.
    let inner = visit::any(&arg.expr, &mut |x| matches!(x.kind, ExprKind::Aggregate(_) | ExprKind::Grouping { .. }));
    if inner || expr::rels(&arg.expr) == 0 || arg.expr.ty.oid != e.ty.oid {
        return None;
    }
    Some((arg.expr.clone(), SortClause { target: 1, eq_op: 0, sort_op: op, cmp, desc, nulls_first: desc }))
}

fn replace(e: &mut Expr, links: &[(Expr, Expr)]) {
    if matches!(e.kind, ExprKind::Aggregate(_)) {
        if let Some((_, link)) = links.iter().find(|(a, _)| expr::same(a, e)) {
            *e = e.with_kind(link.kind.clone());
        }
        return;
    }
    visit::children_mut(e, &mut |c| replace(c, links));
}
