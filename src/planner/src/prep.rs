//! Rewrites of one query level before anything is planned.

use tusklet_error::Result;
use tusklet_ir::*;

use crate::{Planner, RelSet, expr};

/// A node's own entries.
pub(crate) fn from_rels(n: &FromNode) -> RelSet {
    match n {
        FromNode::Ref(r) => 1 << r,
        FromNode::Join { left, right, .. } => from_rels(left) | from_rels(right),
    }
}

/// Replaces references to columns of joins by what those columns are. No semantics involved: a join's columns are only
/// names (USING columns of a full join are COALESCE expressions already).
pub(crate) fn flatten_join_vars(q: &mut Query) {
    if !q.rtable.iter().any(|r| matches!(r.kind, RteKind::Join { .. })) {
        return;
    }
    let joins: Vec<Option<Vec<Expr>>> = q
        .rtable
        .iter()
        .map(|r| match &r.kind {
            RteKind::Join { columns, .. } => Some(columns.clone()),
            _ => None,
        })
        .collect();
    let names: Vec<Vec<String>> = q.rtable.iter().map(|r| r.columns.iter().map(|c| c.name.clone()).collect()).collect();
    fn replace(x: &mut Expr, depth: u32, joins: &[Option<Vec<Expr>>], names: &[Vec<String>]) {
        let ExprKind::Var(v) = &x.kind else { return };
        if v.level != depth {
            return;
        }
        let Some(Some(columns)) = joins.get(v.rte as usize) else { return };
        let mut e = if v.attno == 0 {
            let fields = columns.clone();
            x.with_kind(ExprKind::Row { fields, names: names[v.rte as usize].clone() })
        } else {
            match columns.get(v.attno as usize - 1) {
                Some(c) => c.clone(),
                None => return,
            }
        };
        // A column of a join may be a column of a join below it. `e` still has this level's own depth.
        visit::expr_levels_mut(&mut e, 0, &mut |y, d| replace(y, d, joins, names));
        if depth > 0 {
            expr::shift_levels(&mut e, depth as i32);
        }
        e.span = x.span;
        *x = e;
    }
    visit::walk_levels_mut(q, 0, &mut |x, depth| replace(x, depth, &joins, &names));
    // Nobody asks for them any more: what only they name is not read.
    for r in &mut q.rtable {
        if let RteKind::Join { columns, .. } = &mut r.kind {
            columns.clear();
        }
    }
}

/// Whole-row references become ROW(…) of the columns, under a relabelling of form `Call`, which nothing else has: as long as
/// the entry stays one, the row is still the entry's.
pub(crate) fn expand_whole_rows(q: &mut Query) {
    let columns: Vec<Vec<RteColumn>> = q.rtable.iter().map(|r| r.columns.clone()).collect();
    visit::walk_levels_mut(q, 0, &mut |x, depth| {
        let ExprKind::Var(v) = &x.kind else { return };
        if v.level != depth || v.attno != 0 {
            return;
        }
        let (rte, level) = (v.rte, v.level);
        let Some(cols) = columns.get(rte as usize) else { return };
        let fields = cols
            .iter()
            .enumerate()
            .filter(|(_, c)| !c.name.is_empty())
            .map(|(i, c)| Expr::make(ExprKind::Var(Var { rte, attno: i as i16 + 1, level }), c.ty, c.collation, x.span))
            .collect();
        let names = cols.iter().filter(|c| !c.name.is_empty()).map(|c| c.name.clone()).collect();
        let row = x.with_kind(ExprKind::Row { fields, names });
        x.kind = ExprKind::Relabel { arg: row, form: CoercionForm::Call };
    });
}

/// Whether a subquery only selects and filters, so that it can become part of the query above.
fn is_simple(q: &Query) -> bool {
    q.command == CommandType::Select
        && q.set_op.is_none()
        && q.ctes.is_empty()
        && !q.has_aggs
        && !q.has_windows
        && !q.has_srfs
        && q.group_by.is_empty()
        && q.grouping_sets.is_empty()
        && q.having.is_none()
        && q.distinct.is_none()
        && q.limit.is_none()
        && q.offset.is_none()
        && q.locks.is_empty()
        && q.order_by.is_empty()
        && !q.targets.iter().any(|t| expr::volatile(&t.expr) || expr::returns_set(&t.expr))
        && !q.filter.as_ref().is_some_and(expr::volatile)
}

/// A subquery without FROM.
fn is_bare(q: &Query, n: &FromNode) -> bool {
    let FromNode::Ref(r) = n else { return false };
    matches!(&q.rtable[*r as usize].kind, RteKind::Subquery { query, .. } if query.from.is_empty())
}

fn is_result(q: &Query, n: &FromNode) -> bool {
    matches!(n, FromNode::Ref(r) if matches!(q.rtable[*r as usize].kind, RteKind::Result))
}

fn has_result(q: &Query, n: &FromNode) -> bool {
    match n {
        FromNode::Join { kind: JoinKind::Inner, left, right, .. } => has_result(q, left) || has_result(q, right),
        FromNode::Join { kind: JoinKind::Semi, right, .. } => is_result(q, right),
        n => is_result(q, n),
    }
}

/// Joins without those sides that are one row without columns; their conditions go to `filters` (`remove_useless_results`).
fn without_results(q: &Query, n: FromNode, filters: &mut Vec<Expr>, out: &mut Vec<FromNode>) {
    let result = has_result(q, &n);
    match n {
        FromNode::Join { left, right, on, .. } if result => {
            filters.extend(on);
            without_results(q, *left, filters, out);
            without_results(q, *right, filters, out);
        }
        n => out.push(n),
    }
}

impl Planner<'_> {
    /// Makes simple subqueries (views above all) part of this query. On the side of an outer join that may be missing
    /// only those whose columns are plain variables of one entry and which filter nothing: then NULLs come out of the
    /// join as they came out of the subquery. Elsewhere their WHERE joins ours: inner joins and the kept side of an outer
    /// join do not mind when a row is dropped. Nothing volatile is moved, so nothing is evaluated more or less often.
    pub fn pull_up_subqueries(&mut self, q: &mut Query) -> Result<()> {
        let mut from = std::mem::take(&mut q.from);
        let mut filters = Vec::new();
        let mut pulled = Vec::new();
        for n in &mut from {
            self.pull_up_node(q, n, false, &mut filters, &mut pulled);
        }
        // One row without columns joined to others is nothing.
        for n in std::mem::take(&mut from) {
            without_results(q, n, &mut filters, &mut from);
        }
        if from.len() > 1 {
            from.retain(|n| !is_result(q, n));
        }
        q.from = from;
        if !filters.is_empty() {
            filters.extend(q.filter.take());
            q.filter = expr::and(filters);
        }
        // In the order they were pulled up: what one put in place, the next may replace.
        for i in 0..pulled.len() {
            // A lateral one refers to those before it.
            let (before, after) = pulled.split_at_mut(i);
            let (rte, outputs) = &mut after[0];
            for (earlier, e) in before {
                for o in outputs.iter_mut() {
                    visit::expr_levels_mut(o, 0, &mut |x, depth| own_row(x, depth, *earlier));
                    visit::expr_levels_mut(o, 0, &mut |x, depth| substitute_one(x, depth, *earlier, e));
                }
            }
            substitute(q, *rte, outputs);
        }
        Ok(())
    }

    fn pull_up_node(&mut self, q: &mut Query, n: &mut FromNode, nullable: bool, filters: &mut Vec<Expr>, pulled: &mut Vec<(u32, Vec<Expr>)>) {
        match n {
            FromNode::Join { kind, left, right, on, .. } => {
                let (l, r) = match kind {
                    // What a semi- or antijoin's right side gives is not seen above it.
                    JoinKind::Inner | JoinKind::Semi | JoinKind::Anti => (nullable, nullable && *kind == JoinKind::Inner),
                    JoinKind::Left => (nullable, true),
                    JoinKind::Right => (true, nullable),
                    JoinKind::Full => (true, true),
                };
                self.pull_up_node(q, left, l, filters, pulled);
                if *kind == JoinKind::Anti && is_bare(q, right) {
                    return;
                }
                if *kind == JoinKind::Inner {
                    self.pull_up_node(q, right, r, filters, pulled);
                } else {
                    let mut own = Vec::new();
                    self.pull_up_node(q, right, r, &mut own, pulled);
                    if *kind == JoinKind::Right || *kind == JoinKind::Full {
                        filters.append(&mut own);
                    } else if !own.is_empty() {
                        own.extend(on.take());
                        *on = expr::and(own);
                    }
                }
            }
            FromNode::Ref(r) => {
                let r = *r;
                let rte = &q.rtable[r as usize];
                let RteKind::Subquery { query, .. } = &rte.kind else { return };
                // Without FROM it is one row: its columns are computed where they are used, and what it refers to beside
                // itself is there.
                let bare = query.from.is_empty();
                if rte.lateral && !bare || bare && nullable || !is_simple(query) {
                    return;
                }
                // What is grouped by becomes NULL in some sets: a column without variables must stay one.
                if !q.grouping_sets.is_empty() && query.targets.iter().any(|t| expr::rels(&t.expr) == 0) {
                    return;
                }
                if nullable {
                    let plain = query.targets.iter().all(|t| matches!(&t.expr.kind, ExprKind::Var(v) if v.level == 0));
                    if !plain
                        || query.filter.is_some()
                        || query.from.len() != 1
                        || !matches!(query.from[0], FromNode::Ref(_))
                    {
                        return;
                    }
                }
                if q.rtable.len() + query.rtable.len() > 120 {
                    return;
                }
                let RteKind::Subquery { query, .. } =
                    std::mem::replace(&mut q.rtable[r as usize].kind, RteKind::Result)
                else {
                    return;
                };
                let mut sub = *query;
                flatten_join_vars(&mut sub);
                expand_whole_rows(&mut sub);
                let base = q.rtable.len() as u32;
                absorb(&mut sub, base);
                let outputs: Vec<Expr> = sub.targets.iter().filter(|t| !t.junk).map(|t| t.expr.clone()).collect();
                q.rtable.append(&mut sub.rtable);
                pulled.push((r, outputs));
                if let Some(f) = sub.filter {
                    filters.push(f);
                }
                let mut nodes = sub.from.into_iter();
                // Without FROM the entry stays, as that row.
                if let Some(first) = nodes.next() {
                    *n = nodes.fold(first, |l, r| FromNode::Join {
                        kind: JoinKind::Inner,
                        left: Box::new(l),
                        right: Box::new(r),
                        on: None,
                        rte: u32::MAX,
                        using: vec![],
                        natural: false,
                    });
                }
                // What was pulled up may hold such subqueries itself.
                self.pull_up_node(q, n, nullable, filters, pulled);
            }
        }
    }

    /// Turns outer joins into inner ones where a condition above drops the rows the outer join would invent: a strict
    /// condition is not TRUE for NULLs, so those rows could not have survived.
    pub fn reduce_outer_joins(&mut self, q: &mut Query) {
        let mut conditions = Vec::new();
        if let Some(f) = &q.filter {
            expr::conjuncts(f.clone(), &mut conditions);
        }
        for n in &mut q.from {
            reduce(n, &conditions);
        }
    }
}

fn reduce(n: &mut FromNode, above: &[Expr]) {
    let FromNode::Join { kind, left, right, on, .. } = n else { return };
    let (l, r) = (from_rels(left), from_rels(right));
    let rejects = |set: RelSet| above.iter().any(|c| expr::rejects_null(c, set));
    *kind = match *kind {
        JoinKind::Left if rejects(r) => JoinKind::Inner,
        JoinKind::Right if rejects(l) => JoinKind::Inner,
        JoinKind::Full => match (rejects(l), rejects(r)) {
            (true, true) => JoinKind::Inner,
            (true, false) => JoinKind::Left,
            (false, true) => JoinKind::Right,
            (false, false) => JoinKind::Full,
        },
        k => k,
    };
    let mut with_on = above.to_vec();
    if let Some(on) = on {
        expr::conjuncts(on.clone(), &mut with_on);
    }
    let (left_above, right_above): (&[Expr], &[Expr]) = match *kind {
        JoinKind::Inner | JoinKind::Semi => (&with_on, &with_on),
        JoinKind::Left | JoinKind::Anti => (above, &with_on),
        JoinKind::Right => (&with_on, above),
        JoinKind::Full => (&[], &[]),
    };
    reduce(left, left_above);
    reduce(right, right_above);
}

/// Renumbers the entries of `sub` as if its range table were appended to one of `base` entries, and brings what it refers
/// to outside itself one level nearer, since it becomes part of the query above.
pub(crate) fn absorb(sub: &mut Query, base: u32) {
    visit::walk_levels_mut(sub, 0, &mut |x, depth| match &mut x.kind {
        ExprKind::Var(v) if v.level == depth => v.rte += base,
        ExprKind::CurrentOf { rte, .. } if depth == 0 => *rte += base,
        _ => {}
    });
    // After that: what it refers to outside itself may be beside it.
    crate::cte::shift_query(sub, -1);
    fn node(n: &mut FromNode, base: u32) {
        match n {
            FromNode::Ref(r) => *r += base,
            FromNode::Join { left, right, rte, .. } => {
                node(left, base);
                node(right, base);
                *rte = rte.saturating_add(base);
            }
        }
    }
    sub.from.iter_mut().for_each(|n| node(n, base));
}

/// Replaces columns of entry `rte` by `outputs` everywhere in `q`, at any depth.
pub(crate) fn substitute(q: &mut Query, rte: u32, outputs: &[Expr]) {
    visit::walk_levels_mut(q, 0, &mut |x, depth| own_row(x, depth, rte));
    visit::walk_levels_mut(q, 0, &mut |x, depth| substitute_one(x, depth, rte, outputs));
}

/// A whole row of entry `rte`, which is going to be a row of something else.
fn own_row(x: &mut Expr, depth: u32, rte: u32) {
    let first = expr::row_fields(x).and_then(|f| f.first()).map(|f| &f.kind);
    if let (Some(ExprKind::Var(v)), ExprKind::Relabel { arg, .. }) = (first, &x.kind)
        && v.level == depth
        && v.rte == rte
    {
        *x = arg.clone();
    }
}

fn substitute_one(x: &mut Expr, depth: u32, rte: u32, outputs: &[Expr]) {
    let ExprKind::Var(v) = &x.kind else { return };
    if v.level != depth || v.rte != rte || v.attno < 1 {
        return;
    }
    if let Some(o) = outputs.get(v.attno as usize - 1) {
        let mut e = o.clone();
        if depth > 0 {
            expr::shift_levels(&mut e, depth as i32);
        }
        *x = e;
    }
}
