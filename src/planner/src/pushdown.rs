//! Conditions on a subquery, moved into it.

use tusklet_catalog::builtin;
use tusklet_ir::*;

use crate::expr::{self, oids_am::BTREE};

/// Moves conditions on entry `r` into its query where that changes no answer; those that stay are given back.
///
/// As `subquery_is_pushdown_safe` and `qual_is_pushdown_safe`: nothing goes past LIMIT or grouping sets; into a set operation
/// only into all its sides, and not into EXCEPT; past DISTINCT ON and windows only what is about their own keys, since it
/// keeps or drops whole partitions. NULL: a row is kept when the condition is TRUE, inside as outside. Volatility: neither
/// the condition nor a column it is about is volatile. Errors may be raised for rows that would not have come out, as
/// PostgreSQL's are.
pub(crate) fn push_down(sub: &mut Query, r: u32, quals: Vec<Expr>) -> Vec<Expr> {
    if sub.limit.is_some() || sub.offset.is_some() || sub.command != CommandType::Select || !sub.grouping_sets.is_empty() {
        return quals;
    }
    quals.into_iter().filter(|c| !push_one(sub, r, c)).collect()
}

fn push_one(sub: &mut Query, r: u32, c: &Expr) -> bool {
    let fits = expr::rels(c) == 1 << r
        && !expr::volatile(c)
        && !expr::returns_set(c)
        && !visit::any(c, &mut |x| match &x.kind {
            ExprKind::SubPlan(_) | ExprKind::SubLink(_) | ExprKind::CurrentOf { .. } => true,
            ExprKind::Var(v) => v.attno < 1,
            _ => false,
        });
    fits && push_into(sub, r, c, true) && push_into(sub, r, c, false)
}

/// Whether it can be pushed; unless `dry`, pushes it.
fn push_into(sub: &mut Query, r: u32, c: &Expr, dry: bool) -> bool {
    if sub.limit.is_some() || sub.offset.is_some() || !sub.grouping_sets.is_empty() || sub.command != CommandType::Select {
        return false;
    }
    if let Some(tree) = &sub.set_op {
        let mut leaves = Vec::new();
        return set_leaves(tree, &mut leaves)
            && leaves.iter().all(|l| match sub.rtable.get_mut(*l as usize).map(|e| &mut e.kind) {
                Some(RteKind::Subquery { query, .. }) => push_into(query, r, c, dry),
                _ => false,
            });
    }
    let shown: Vec<&Target> = sub.targets.iter().filter(|t| !t.junk).collect();
    let in_list = |list: &[SortClause], t: &Target| list.iter().any(|s| s.target == t.sort_ref && t.sort_ref != 0);
    let mut safe = true;
    visit::walk(c, &mut |x| {
        let ExprKind::Var(v) = &x.kind else { return true };
        if v.level != 0 || v.rte != r {
            return true;
        }
        safe &= shown.get(v.attno as usize - 1).is_some_and(|t| {
            t.expr.ty.oid == x.ty.oid
                && t.expr.collation == x.collation
                && !expr::volatile(&t.expr)
                && !expr::returns_set(&t.expr)
                && !visit::any(&t.expr, &mut |y| matches!(y.kind, ExprKind::SubLink(_) | ExprKind::Window(_)))
                && sub.distinct.as_ref().is_none_or(|d| !d.on || in_list(&d.items, t))
                && (!sub.has_windows || sub.windows.iter().all(|w| in_list(&w.partition_by, t)))
        });
        true
    });
    if !safe || dry {
        return safe;
    }
    let outputs: Vec<Expr> = shown.iter().map(|t| t.expr.clone()).collect();
    let mut c = c.clone();
    visit::walk_mut(&mut c, &mut |x| {
        // A whole row of this entry is one of its outputs now.
        if let ExprKind::Relabel { arg, form: CoercionForm::Call } = &x.kind
            && expr::rels(arg) == 1 << r
        {
            *x = arg.clone();
        }
    });
    visit::walk_mut(&mut c, &mut |x| {
        if let ExprKind::Var(v) = &x.kind
            && v.level == 0
            && v.rte == r
            && let Some(o) = outputs.get(v.attno as usize - 1)
        {
            *x = o.clone();
        }
    });
    let grouped = sub.has_aggs || !sub.group_by.is_empty() || sub.having.is_some();
    let place = if grouped { &mut sub.having } else { &mut sub.filter };
    let mut all = Vec::new();
    if let Some(old) = place.take() {
        expr::conjuncts(old, &mut all);
    }
    all.push(c);
    *place = expr::and(all);
    true
}

fn set_leaves(tree: &SetOpTree, out: &mut Vec<u32>) -> bool {
    match tree {
        SetOpTree::Leaf(r) => {
            out.push(*r);
            true
        }
        SetOpTree::Op { kind: SetOpKind::Except, .. } => false,
        SetOpTree::Op { left, right, .. } => set_leaves(left, out) && set_leaves(right, out),
    }
}

/// Moves HAVING's conditions without aggregates to WHERE: a group is kept or dropped with all its rows. Not with grouping
/// sets, whose columns become NULL; and where there is one group of no rows, the condition stays to judge that one, too.
pub(crate) fn having_to_where(q: &mut Query) {
    if q.having.is_none() || !q.grouping_sets.is_empty() && !q.group_by.is_empty() {
        return;
    }
    let one = q.group_by.is_empty();
    let mut parts = Vec::new();
    if let Some(h) = if one { q.having.clone() } else { q.having.take() } {
        expr::conjuncts(h, &mut parts);
    }
    let stays = |c: &Expr| {
        expr::volatile(c)
            || visit::any(c, &mut |x| {
                matches!(
                    x.kind,
                    ExprKind::Aggregate(_) | ExprKind::Grouping { .. } | ExprKind::SubLink(_) | ExprKind::SubPlan(_)
                )
            })
    };
    let (having, filter): (Vec<Expr>, Vec<Expr>) = parts.into_iter().partition(stays);
    if !one {
        q.having = expr::and(having);
    }
    if !filter.is_empty() {
        let mut all = Vec::new();
        if let Some(f) = q.filter.take() {
            expr::conjuncts(f, &mut all);
        }
        all.extend(filter);
        q.filter = expr::and(all);
    }
}

/// Gives a condition on a window function's result to the node that computes it, when no later row can pass once one has
/// not (`find_window_run_conditions`). Whether the condition is done with there.
pub(crate) fn run_condition(plan: &mut Plan, r: u32, c: &Expr) -> bool {
    let ExprKind::Call(call) = &c.kind else { return false };
    let [a, b] = call.args.as_slice() else { return false };
    let Some(name) = builtin::operator(call.op).map(|o| o.name()).filter(|_| call.strict) else { return false };
    if !builtin::amops_by_operator(call.op).any(|m| m.method() == BTREE) {
        return false;
    }
    let fixed = |e: &Expr| expr::rels(e) == 0 && matches!(e.kind, ExprKind::Const(_) | ExprKind::Param(_));
    let (column, mirrored) = match (&a.kind, &b.kind) {
        (ExprKind::Var(v), _) if v.rte == r && v.attno > 0 && fixed(b) => (v.attno as usize - 1, false),
        (_, ExprKind::Var(v)) if v.rte == r && v.attno > 0 && fixed(a) => (v.attno as usize - 1, true),
        _ => return false,
    };
    // The top node filters, whichever computes; the ones in between pass the column on.
    let at = match &plan.project {
        Some(list) => match list.get(column).map(|e| &e.kind) {
            Some(ExprKind::Column(c)) => *c as usize,
            _ => return false,
        },
        None => column,
    };
    let Some((keep, op)) = mark(plan, at, name, mirrored, call) else { return false };
    if !keep {
        let own = condition(call, op, mirrored, at);
        let mut all: Vec<Expr> = Vec::new();
        all.extend(plan.filter.take());
        all.push(own);
        plan.filter = expr::and(all);
    }
    !keep
}

/// The condition over column `at`, with another operator.
fn condition(call: &FuncCall, (op, func): (Oid, Oid), mirrored: bool, at: usize) -> Expr {
    let mut call = call.clone();
    (call.op, call.func) = (op, func);
    let arg = &mut call.args[usize::from(mirrored)];
    *arg = Expr::column(at, arg);
    Expr::new(ExprKind::Call(Box::new(call)), TypeRef::new(builtin::oids::BOOL))
}

/// Finds the node that computes column `at` and notes the condition there: whether it must be tested above all the same, and
/// the operator to test with.
fn mark(plan: &mut Plan, at: usize, name: &str, mirrored: bool, call: &FuncCall) -> Option<(bool, (Oid, Oid))> {
    match &mut plan.node {
        Node::Sort { input, limit: None, .. } => {
            let below = through(&input.project, at)?;
            mark(input, below, name, mirrored, call)
        }
        Node::WindowAgg { input, calls, order, frame, run, .. } => {
            let width = input.columns.len();
            let Some(w) = at.checked_sub(width) else {
                let below = through(&input.project, at)?;
                return mark(input, below, name, mirrored, call);
            };
            let w = calls.get(w)?;
            let (up, down) = match builtin::proc(w.func)?.src() {
                "window_row_number" | "window_rank" | "window_dense_rank" => (true, false),
                "aggregate_dummy" if builtin::proc(w.func)?.name() == "count"
                    && w.filter.is_none()
                    && w.args.iter().all(|a| matches!(a.kind, ExprKind::Const(_))) =>
                {
                    let none = order.is_empty();
                    (
                        none || matches!(frame.start, FrameBound::UnboundedPreceding),
                        none || matches!(frame.end, FrameBound::UnboundedFollowing),
                    )
                }
                _ => return None,
            };
            let below = name.starts_with('<') != mirrored;
            let (keep, name) = match name {
                "<" | "<=" | ">" | ">=" if if below { up } else { down } => (false, name),
                "=" if up && down => (false, "="),
                "=" if up => (true, if mirrored { ">=" } else { "<=" }),
                "=" if down => (true, if mirrored { "<=" } else { ">=" }),
                _ => return None,
            };
            let op = builtin::operator_exact(name, call.args[0].ty.oid, call.args[1].ty.oid)?;
            let op = (op.oid(), op.code());
            run.push(condition(call, op, mirrored, at));
            Some((keep, op))
        }
        _ => None,
    }
}

fn through(project: &Option<Vec<Expr>>, at: usize) -> Option<usize> {
    match project {
        None => Some(at),
        Some(list) => match list.get(at)?.kind {
            ExprKind::Column(c) => Some(c as usize),
            _ => None,
        },
    }
}
