//! Walking expressions and queries. Every variant is named, so that a new one cannot be forgotten.

use crate::*;

/// The direct sub-expressions, not entering subqueries.
pub fn children<'a>(e: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    match &e.kind {
        ExprKind::Const(_)
        | ExprKind::Var(_)
        | ExprKind::Column(_)
        | ExprKind::Param(_)
        | ExprKind::CaseTest
        | ExprKind::DomainValue
        | ExprKind::SqlValue(_)
        | ExprKind::SetToDefault
        | ExprKind::CurrentOf { .. }
        | ExprKind::NextVal(_)
        | ExprKind::WholeRow { .. } => {}
        ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => c.args.iter().for_each(f),
        ExprKind::And(v) | ExprKind::Or(v) | ExprKind::Coalesce(v) => v.iter().for_each(f),
        ExprKind::MinMax { args, .. } | ExprKind::Grouping { args, .. } => args.iter().for_each(f),
        ExprKind::Not(a) | ExprKind::Collate(a) => f(a),
        ExprKind::Case { arg, whens, default } => {
            if let Some(a) = arg {
                f(a);
            }
            for w in whens {
                f(&w.cond);
                f(&w.result);
            }
            f(default);
        }
        ExprKind::NullTest { arg, .. }
        | ExprKind::BoolTest { arg, .. }
        | ExprKind::Field { arg, .. }
        | ExprKind::Relabel { arg, .. }
        | ExprKind::ViaIo { arg, .. }
        | ExprKind::ConvertRowtype { arg, .. }
        | ExprKind::ToDomain { arg, .. }
        | ExprKind::NamedArg { arg, .. } => f(arg),
        ExprKind::ScalarArray { left, right, .. } => {
            f(left);
            f(right);
        }
        ExprKind::Array { elements, .. } => elements.iter().for_each(f),
        ExprKind::Xml { args, .. } => args.iter().for_each(f),
        ExprKind::XmlTable(t) => t.args.iter().for_each(f),
        ExprKind::Row { fields, .. } => fields.iter().for_each(f),
        ExprKind::RowCompare { left, right, .. } => left.iter().chain(right).for_each(f),
        ExprKind::FieldStore { arg, values, .. } => {
            f(arg);
            values.iter().for_each(f);
        }
        ExprKind::Subscript { container, upper, lower, assign, .. } => {
            f(container);
            upper.iter().flatten().for_each(&mut *f);
            lower.iter().flatten().flatten().for_each(&mut *f);
            if let Some(a) = assign {
                f(a);
            }
        }
        ExprKind::ArrayCoerce { arg, element, .. } => {
            f(arg);
            f(element);
        }
        ExprKind::SubLink(s) => s.test.iter().for_each(f),
        ExprKind::SubPlan(s) => {
            s.test.iter().for_each(&mut *f);
            s.args.iter().for_each(|(_, e)| f(e));
            for k in s.hashed.iter().flatten() {
                f(&k.left);
            }
        }
        ExprKind::Aggregate(a) => {
            a.direct.iter().for_each(&mut *f);
            a.args.iter().for_each(|t| f(&t.expr));
            if let Some(e) = &a.filter {
                f(e);
            }
        }
        ExprKind::Window(w) => {
            w.args.iter().for_each(&mut *f);
            if let Some(e) = &w.filter {
                f(e);
            }
        }
    }
}

/// The direct sub-expressions, to change.
pub fn children_mut(e: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    match &mut e.kind {
        ExprKind::Const(_)
        | ExprKind::Var(_)
        | ExprKind::Column(_)
        | ExprKind::Param(_)
        | ExprKind::CaseTest
        | ExprKind::DomainValue
        | ExprKind::SqlValue(_)
        | ExprKind::SetToDefault
        | ExprKind::CurrentOf { .. }
        | ExprKind::NextVal(_)
        | ExprKind::WholeRow { .. } => {}
        ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => c.args.iter_mut().for_each(f),
        ExprKind::And(v) | ExprKind::Or(v) | ExprKind::Coalesce(v) => v.iter_mut().for_each(f),
        ExprKind::MinMax { args, .. } | ExprKind::Grouping { args, .. } => args.iter_mut().for_each(f),
        ExprKind::Not(a) | ExprKind::Collate(a) => f(a),
        ExprKind::Case { arg, whens, default } => {
            if let Some(a) = arg {
                f(a);
            }
            for w in whens {
                f(&mut w.cond);
                f(&mut w.result);
            }
            f(default);
        }
        ExprKind::NullTest { arg, .. }
        | ExprKind::BoolTest { arg, .. }
        | ExprKind::Field { arg, .. }
        | ExprKind::Relabel { arg, .. }
        | ExprKind::ViaIo { arg, .. }
        | ExprKind::ConvertRowtype { arg, .. }
        | ExprKind::ToDomain { arg, .. }
        | ExprKind::NamedArg { arg, .. } => f(arg),
        ExprKind::ScalarArray { left, right, .. } => {
            f(left);
            f(right);
        }
        ExprKind::Array { elements, .. } => elements.iter_mut().for_each(f),
        ExprKind::Xml { args, .. } => args.iter_mut().for_each(f),
        ExprKind::XmlTable(t) => t.args.iter_mut().for_each(f),
        ExprKind::Row { fields, .. } => fields.iter_mut().for_each(f),
        ExprKind::RowCompare { left, right, .. } => left.iter_mut().chain(right).for_each(f),
        ExprKind::FieldStore { arg, values, .. } => {
            f(arg);
            values.iter_mut().for_each(f);
        }
        ExprKind::Subscript { container, upper, lower, assign, .. } => {
            f(container);
            upper.iter_mut().flatten().for_each(&mut *f);
            lower.iter_mut().flatten().flatten().for_each(&mut *f);
            if let Some(a) = assign {
                f(a);
            }
        }
        ExprKind::ArrayCoerce { arg, element, .. } => {
            f(arg);
            f(element);
        }
        ExprKind::SubLink(s) => s.test.iter_mut().for_each(f),
        ExprKind::SubPlan(s) => {
            s.test.iter_mut().for_each(&mut *f);
            s.args.iter_mut().for_each(|(_, e)| f(e));
            for k in s.hashed.iter_mut().flatten() {
                f(&mut k.left);
            }
        }
        ExprKind::Aggregate(a) => {
            a.direct.iter_mut().for_each(&mut *f);
            a.args.iter_mut().for_each(|t| f(&mut t.expr));
            if let Some(e) = &mut a.filter {
                f(e);
            }
        }
        ExprKind::Window(w) => {
            w.args.iter_mut().for_each(&mut *f);
            if let Some(e) = &mut w.filter {
                f(e);
            }
        }
    }
}

/// Visits `e` and everything below it, subqueries excepted. `f` returns whether to go below the node.
pub fn walk<'a>(e: &'a Expr, f: &mut dyn FnMut(&'a Expr) -> bool) {
    if f(e) {
        children(e, &mut |c| walk(c, f));
    }
}

/// Visits bottom-up, to change.
pub fn walk_mut(e: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    children_mut(e, &mut |c| walk_mut(c, f));
    f(e);
}

/// Whether `test` holds anywhere in `e`, subqueries excepted.
pub fn any(e: &Expr, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
    let mut found = false;
    walk(e, &mut |x| {
        found = found || test(x);
        !found
    });
    found
}

/// Every expression directly in a query (not those of its subqueries, WITH queries or subquery entries).
pub fn query_exprs<'a>(q: &'a Query, f: &mut dyn FnMut(&'a Expr)) {
    q.filter.iter().for_each(&mut *f);
    q.targets.iter().chain(&q.returning).for_each(|t| f(&t.expr));
    q.having.iter().chain(&q.limit).chain(&q.offset).chain(&q.merge_on).for_each(&mut *f);
    for w in &q.windows {
        for b in [&w.frame.start, &w.frame.end] {
            if let FrameBound::Preceding(e) | FrameBound::Following(e) = b {
                f(e);
            }
        }
    }
    if let Some(c) = &q.on_conflict {
        c.set.iter().for_each(|t| f(&t.expr));
        c.filter.iter().chain(&c.predicate).chain(&c.elements).for_each(&mut *f);
    }
    q.view_checks.0.iter().filter_map(|c| c.qual.as_ref()).for_each(&mut *f);
    for a in &q.merge_actions {
        a.cond.iter().for_each(&mut *f);
        a.targets.iter().for_each(|t| f(&t.expr));
    }
    fn from<'a>(n: &'a FromNode, f: &mut dyn FnMut(&'a Expr)) {
        if let FromNode::Join { left, right, on, .. } = n {
            from(left, f);
            from(right, f);
            on.iter().for_each(f);
        }
    }
    q.from.iter().for_each(|n| from(n, f));
    for r in &q.rtable {
        match &r.kind {
            RteKind::Join { columns, .. } => columns.iter().for_each(&mut *f),
            RteKind::Function { functions, .. } => functions.iter().for_each(|x| f(&x.expr)),
            RteKind::Values { rows } => rows.iter().flatten().for_each(&mut *f),
            RteKind::Relation { sample: Some(s), .. } => s.args.iter().chain(&s.repeatable).for_each(&mut *f),
            RteKind::Relation { sample: None, .. }
            | RteKind::Subquery { .. }
            | RteKind::Cte { .. }
            | RteKind::Result
            | RteKind::Literals(_) => {}
        }
    }
}

/// Every expression directly in a query, to change.
pub fn query_exprs_mut(q: &mut Query, f: &mut dyn FnMut(&mut Expr)) {
    q.filter.iter_mut().for_each(&mut *f);
    q.targets.iter_mut().chain(&mut q.returning).for_each(|t| f(&mut t.expr));
    q.having.iter_mut().chain(&mut q.limit).chain(&mut q.offset).chain(&mut q.merge_on).for_each(&mut *f);
    for w in &mut q.windows {
        for b in [&mut w.frame.start, &mut w.frame.end] {
            if let FrameBound::Preceding(e) | FrameBound::Following(e) = b {
                f(e);
            }
        }
    }
    if let Some(c) = &mut q.on_conflict {
        c.set.iter_mut().for_each(|t| f(&mut t.expr));
        c.filter.iter_mut().chain(&mut c.predicate).chain(&mut c.elements).for_each(&mut *f);
    }
    q.view_checks.0.iter_mut().filter_map(|c| c.qual.as_mut()).for_each(&mut *f);
    for a in &mut q.merge_actions {
        a.cond.iter_mut().for_each(&mut *f);
        a.targets.iter_mut().for_each(|t| f(&mut t.expr));
    }
    fn from(n: &mut FromNode, f: &mut dyn FnMut(&mut Expr)) {
        if let FromNode::Join { left, right, on, .. } = n {
            from(left, f);
            from(right, f);
            on.iter_mut().for_each(f);
        }
    }
    q.from.iter_mut().for_each(|n| from(n, f));
    for r in &mut q.rtable {
        match &mut r.kind {
            RteKind::Join { columns, .. } => columns.iter_mut().for_each(&mut *f),
            RteKind::Function { functions, .. } => functions.iter_mut().for_each(|x| f(&mut x.expr)),
            RteKind::Values { rows } => rows.iter_mut().flatten().for_each(&mut *f),
            RteKind::Relation { sample: Some(s), .. } => s.args.iter_mut().chain(&mut s.repeatable).for_each(&mut *f),
            RteKind::Relation { sample: None, .. }
            | RteKind::Subquery { .. }
            | RteKind::Cte { .. }
            | RteKind::Result
            | RteKind::Literals(_) => {}
        }
    }
}

/// The queries directly inside a query: subquery entries, WITH queries, subqueries in expressions.
/// `levels` is how many levels down each is (always 1; WITH queries too).
pub fn subqueries_mut(q: &mut Query, f: &mut dyn FnMut(&mut Query)) {
    for c in &mut q.ctes {
        f(&mut c.query);
    }
    for r in &mut q.rtable {
        if let RteKind::Subquery { query, .. } = &mut r.kind {
            f(query);
        }
    }
    query_exprs_mut(q, &mut |e| {
        walk_mut(e, &mut |x| {
            if let ExprKind::SubLink(s) = &mut x.kind {
                f(&mut s.query);
            }
        })
    });
}

/// Visits every expression of a query and its subqueries with the number of query levels it lies below `q`, bottom-up:
/// what adjusting `Var::level` and finding outer references need.
pub fn walk_levels_mut(q: &mut Query, level: u32, f: &mut dyn FnMut(&mut Expr, u32)) {
    query_exprs_mut(q, &mut |e| expr_levels_mut(e, level, f));
    for c in &mut q.ctes {
        walk_levels_mut(&mut c.query, level + 1, f);
    }
    for r in &mut q.rtable {
        if let RteKind::Subquery { query, .. } = &mut r.kind {
            walk_levels_mut(query, level + 1, f);
        }
    }
}

/// As [`walk_levels_mut`], for one expression.
pub fn expr_levels_mut(e: &mut Expr, level: u32, f: &mut dyn FnMut(&mut Expr, u32)) {
    walk_mut(e, &mut |x| {
        if let ExprKind::SubLink(s) = &mut x.kind {
            walk_levels_mut(&mut s.query, level + 1, f);
        }
        f(x, level);
    });
}
