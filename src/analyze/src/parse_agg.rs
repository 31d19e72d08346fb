//! Aggregates, window functions and GROUPING: where they may stand, which query level they belong to, and that what is not
//! aggregated is grouped (`parse_agg.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{ConstraintKind, Proc};
use tusklet_catalog::resolve::is_polymorphic;
use tusklet_error::{Error, Result, Span, bail, err};
use tusklet_ir::visit::{expr_levels_mut, walk};
use tusklet_ir::{
    Aggregate, Expr, ExprKind, Oid, Query, Rte, RteKind, Target, TypeRef, WindowCall,
};
use tusklet_syntax::ast;

use crate::equal::equal;
use crate::parse_coerce::CoercionContext;
use crate::parse_func::CallSyntax;
use crate::parse_group::expand_grouping_sets;
use crate::parse_node::{Analyzer, Clause, WindowState, location};

impl Analyzer<'_> {
    /// Checks of an aggregate's arguments that come before they are converted. An error without a message stands for
    /// "function does not exist", whose signature the caller knows.
    #[allow(clippy::too_many_arguments)]
    pub fn check_aggregate_call(
        &mut self,
        p: &Rc<Proc>,
        shown: &str,
        syntax: &CallSyntax<'_>,
        exprs: &mut [Expr],
        actual: &[Oid],
        declared: &mut [Oid],
        nvargs: usize,
        span: Span,
    ) -> Result<()> {
        let Some(agg) = &p.aggregate else { bail!(INTERNAL_ERROR, "function {} is no aggregate", p.oid) };
        if agg.kind == b'n' {
            if syntax.within_group {
                return Err(err!(
                    WRONG_OBJECT_TYPE, "{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP"; shown
                )
                .at(span));
            }
            return Ok(());
        }
        if !syntax.within_group {
            return Err(err!(
                WRONG_OBJECT_TYPE, "WITHIN GROUP is required for ordered-set aggregate {}"; shown
            ).at(span));
        }
        if syntax.over.is_some() {
            return Err(
                err!(FEATURE_NOT_SUPPORTED, "OVER is not supported for ordered-set aggregate {}"; shown).at(span)
            );
        }
        let nargs = actual.len();
        let aggregated = syntax.agg_order.len();
        let direct = nargs - aggregated.min(nargs);
        let wanted = agg.direct_args.max(0) as usize;
        let missing = |hint: String| -> Error { err!(UNDEFINED_FUNCTION, "").hint(hint) };
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let wrong_direct = || {
            missing(format!(
                "There is an ordered-set aggregate {shown}, but it requires {wanted} direct argument{}, not {direct}.",
                plural(wanted)
            ))
        };
        if p.variadic == 0 {
            if direct != wanted {
                return Err(wrong_direct());
            }
        } else {
            let pronargs = if nvargs > 1 { nargs - nvargs + 1 } else { nargs };
            if wanted < pronargs {
                if direct != wanted {
                    return Err(wrong_direct());
                }
            } else if agg.kind == b'h' {
                if nvargs != 2 * aggregated {
                    return Err(missing(format!(
                        "To use the hypothetical-set aggregate {shown}, the number of hypothetical direct arguments (here {}) must match the number of ordering columns (here {aggregated}).",
                        nvargs as i64 - aggregated as i64
                    )));
                }
            } else if nvargs <= aggregated {
                return Err(missing(format!(
                    "There is an ordered-set aggregate {shown}, but it requires at least {wanted} direct argument{}.",
                    plural(wanted)
                )));
            }
        }
        if agg.kind == b'h' {
            self.unify_hypothetical_args(exprs, aggregated, declared)?;
        }
        Ok(())
    }

    fn unify_hypothetical_args(&mut self, exprs: &mut [Expr], aggregated: usize, declared: &[Oid]) -> Result<()> {
        let direct = exprs.len() - aggregated;
        let plain = direct - aggregated.min(direct);
        for h in plain..direct {
            let a = direct + (h - plain);
            if declared.get(h) != Some(&oids::ANY) {
                continue;
            }
            // The aggregated argument's type is preferred: the direct one is converted once only.
            let both = [exprs[a].clone(), exprs[h].clone()];
            let common = self.common_type(&both, Some("WITHIN GROUP"))?;
            let typmod = Self::common_typmod(&[&both[0], &both[1]], common);
            let ty = TypeRef { oid: common, typmod };
            for (i, e) in [(a, 0), (h, 1)] {
                exprs[i] = self.coerce_type(
                    both[e].clone(),
                    ty,
                    CoercionContext::Implicit,
                    tusklet_ir::CoercionForm::Implicit,
                    Span::NONE,
                )?;
            }
        }
        Ok(())
    }

    /// An aggregate call from its converted arguments (`transformAggregateCall`).
    #[allow(clippy::too_many_arguments)]
    pub fn make_aggregate(
        &mut self,
        p: &Rc<Proc>,
        shown: &str,
        args: Vec<Expr>,
        input_types: &[Oid],
        ty: TypeRef,
        filter: Option<Expr>,
        syntax: &CallSyntax<'_>,
        named: bool,
        variadic: bool,
        span: Span,
    ) -> Result<Expr> {
        if args.is_empty() && !syntax.star && !syntax.within_group {
            return Err(err!(WRONG_OBJECT_TYPE, "{}(*) must be used to call a parameterless aggregate function"; shown)
            .at(span));
        }
        if p.retset {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "aggregates cannot return sets").at(span));
        }
        if named {
            return Err(err!(FEATURE_NOT_SUPPORTED, "aggregates cannot use named arguments").at(span));
        }
        let (kind, trans) = p.aggregate.as_ref().map_or((b'n', 0), |a| (a.kind, a.trans_type));
        let _ = input_types;
        let types: Vec<Oid> = args.iter().map(|a| a.ty.oid).collect();
        let trans_type = self.resolve_trans_type(p, trans, &types)?;
        let mut direct = vec![];
        let mut rest = args;
        let mut order = vec![];
        let mut distinct = vec![];
        let mut targets: Vec<Target>;
        if kind != b'n' {
            let n = rest.len() - syntax.agg_order.len().min(rest.len());
            // A variadic hypothetical-set aggregate has had its arguments gathered; those are "any" only, so they were not.
            let aggregated = rest.split_off(n);
            direct = rest;
            targets = plain_targets(aggregated);
            for (i, s) in syntax.agg_order.iter().enumerate() {
                if i < targets.len() {
                    self.add_to_sort_list(i, &mut targets, &mut order, s)?;
                }
            }
        } else {
            targets = plain_targets(rest);
            let saved = self.ps().next_resno;
            self.ps().next_resno = targets.len() as i16 + 1;
            order = self.transform_sort(syntax.agg_order, &mut targets, Clause::OrderBy, true)?;
            self.ps().next_resno = saved;
            if syntax.distinct {
                distinct = self.transform_distinct(&mut targets, &order, true)?;
                for d in &distinct {
                    if d.sort_op == 0 {
                        let (ty, at) = targets
                            .iter()
                            .find(|t| t.sort_ref == d.target)
                            .map_or((0, Span::NONE), |t| (t.expr.ty.oid, location(&t.expr)));
                        return Err(err!(
                            UNDEFINED_FUNCTION,
                            "could not identify an ordering operator for type {}";
                            self.type_name(ty)
                        )
                        .detail("Aggregates with DISTINCT must be able to sort their inputs.")
                        .at(at));
                    }
                }
            }
        }
        let mut parts: Vec<&Expr> = targets.iter().map(|t| &t.expr).collect();
        parts.extend(filter.iter());
        let level = self.aggregate_level(&direct, &parts, "aggregate function", span)?;
        self.level(level).has_aggs = true;
        Ok(Expr::make(ExprKind::Aggregate(Box::new(Aggregate {
                func: p.oid,
                direct,
                args: targets,
                order_by: order,
                distinct,
                filter,
                star: syntax.star,
                variadic,
                kind,
                level,
                input_collation: 0,
                trans_type,
            })), ty, 0, span))
    }

    fn resolve_trans_type(&mut self, p: &Proc, trans: Oid, inputs: &[Oid]) -> Result<Oid> {
        if !is_polymorphic(trans) {
            return Ok(trans);
        }
        let mut declared = p.args.clone();
        self.enforce_generic_type_consistency(inputs, &mut declared, trans, false)
    }

    /// Which level an aggregate or GROUPING belongs to: the innermost whose columns it uses
    /// (`check_agglevels_and_constraints`).
    fn aggregate_level(&mut self, direct: &[Expr], parts: &[&Expr], what: &str, span: Span) -> Result<u32> {
        let mut found = Levels::default();
        for e in parts {
            scan_levels(e, &mut found);
        }
        let Levels { var, agg, problem } = std::mem::take(&mut found);
        if let Some(e) = problem {
            return Err(e);
        }
        let level = [var, agg].iter().flatten().map(|f| f.0).min().unwrap_or(0);
        let nested = |at: Span| Err(err!(GROUPING_ERROR, "aggregate function calls cannot be nested").at(at));
        if let Some((_, at)) = agg.filter(|a| a.0 == level) {
            return nested(at);
        }
        // Direct arguments do not say where it belongs, but are evaluated there.
        for e in direct {
            scan_levels(e, &mut found);
        }
        if let Some(e) = found.problem {
            return Err(e);
        }
        if let Some((_, at)) = found.var.filter(|v| v.0 < level) {
            return Err(err!(
                GROUPING_ERROR,
                "outer-level aggregate cannot contain a lower-level variable in its direct arguments"
            )
            .at(at));
        }
        if let Some((_, at)) = found.agg.filter(|a| a.0 <= level) {
            return nested(at);
        }
        self.check_aggregate_place(level, what, span)?;
        Ok(level)
    }

    fn check_aggregate_place(&mut self, level: u32, what: &str, span: Span) -> Result<()> {
        use Clause::*;
        let clause = self.level(level).clause;
        let place = match clause {
            None | Other | Having | WindowPartition | WindowOrder | SelectTarget | OrderBy | DistinctOn => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromSubselect => "FROM clause of their own query level",
            FromFunction => "functions in FROM",
            Policy => "policy expressions",
            WindowFrameRange => "window RANGE",
            WindowFrameRows => "window ROWS",
            WindowFrameGroups => "window GROUPS",
            _ => match place_of(clause) {
                Some(p) => p,
                Option::None => clause.name(),
            },
        };
        Err(err!(GROUPING_ERROR, "{}s are not allowed in {}"; what, place).at(span))
    }

    /// A window function call (`transformWindowFuncCall`).
    #[allow(clippy::too_many_arguments)]
    pub fn make_window_func(
        &mut self,
        p: &Rc<Proc>,
        shown: &str,
        args: Vec<Expr>,
        input_types: &[Oid],
        ty: TypeRef,
        filter: Option<Expr>,
        syntax: &CallSyntax<'_>,
        last_srf: u32,
        span: Span,
    ) -> Result<Expr> {
        let Some(over) = syntax.over else { bail!(INTERNAL_ERROR, "window function without OVER") };
        let aggregate = p.kind == b'a';
        if syntax.distinct {
            return Err(err!(FEATURE_NOT_SUPPORTED, "DISTINCT is not implemented for window functions").at(span));
        }
        if aggregate && args.is_empty() && !syntax.star {
            return Err(err!(WRONG_OBJECT_TYPE, "{}(*) must be used to call a parameterless aggregate function"; shown)
            .at(span));
        }
        if !syntax.agg_order.is_empty() {
            return Err(
                err!(FEATURE_NOT_SUPPORTED, "aggregate ORDER BY is not implemented for window functions").at(span)
            );
        }
        if !aggregate && filter.is_some() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "FILTER is not implemented for non-aggregate window functions"
            )
            .at(span));
        }
        let ps = self.ps();
        if ps.srf_count != last_srf {
            let at = ps.last_srf.0;
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "window function calls cannot contain set-returning function calls"
            )
            .hint("You might be able to move the set-returning function into a LATERAL FROM item.")
            .at(at));
        }
        if p.retset {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "window functions cannot return sets").at(span));
        }
        for a in args.iter().chain(&filter) {
            if let Some(at) = find_window_func(a) {
                return Err(err!(WINDOWING_ERROR, "window function calls cannot be nested").at(at));
            }
        }
        self.check_window_place(span)?;
        let ast::WindowDef { name, refname, partition_clause, order_clause, frame, span: over_span } = &**over;
        let plain_name = name.is_some() && refname.is_none() && partition_clause.is_empty() && order_clause.is_empty() && frame.is_none();
        let window = match name {
            Some(n) if plain_name => {
                match self.ps().windows.iter().position(|w| !w.inline && w.def.name.as_deref() == Some(n)) {
                    Some(i) => i,
                    None => return Err(err!(UNDEFINED_OBJECT, "window \"{}\" does not exist"; n).at(*over_span)),
                }
            }
            _ => {
                let ps = self.ps();
                let same = ps.windows.iter().position(|w| w.inline && same_window(&w.def, over));
                match same {
                    Some(i) => i,
                    None => {
                        ps.windows.push(WindowState { def: over.clone(), inline: true });
                        ps.windows.len() - 1
                    }
                }
            }
        };
        self.ps().has_windows = true;
        let types: Vec<Oid> = args.iter().map(|a| a.ty.oid).collect();
        let _ = input_types;
        let trans_type = match &p.aggregate {
            Some(a) => self.resolve_trans_type(p, a.trans_type, &types)?,
            None => 0,
        };
        Ok(Expr::make(ExprKind::Window(Box::new(WindowCall {
                func: p.oid,
                args,
                filter,
                window: window as u32,
                star: syntax.star,
                aggregate,
                input_collation: 0,
                trans_type,
            })), ty, 0, span))
    }

    fn check_window_place(&mut self, span: Span) -> Result<()> {
        use Clause::*;
        let clause = self.ps().clause;
        let place = match clause {
            None | Other | SelectTarget | OrderBy | DistinctOn => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromFunction => "functions in FROM",
            Policy => "policy expressions",
            WindowPartition | WindowOrder | WindowFrameRange | WindowFrameRows | WindowFrameGroups => "window definitions",
            _ => match place_of(clause) {
                Some(p) => p,
                Option::None => clause.name(),
            },
        };
        Err(err!(WINDOWING_ERROR, "window functions are not allowed in {}"; place).at(span))
    }

    /// GROUPING(…) (`transformGroupingFunc`).
    pub fn grouping_func(&mut self, g: &ast::GroupingFunc) -> Result<Expr> {
        let ast::GroupingFunc { args, span } = g;
        if args.len() > 31 {
            return Err(err!(TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments").at(*span));
        }
        let mut out = vec![];
        for a in args {
            out.push(self.expr(a)?);
        }
        let parts: Vec<&Expr> = out.iter().collect();
        let level = self.aggregate_level(&[], &parts, "grouping operation", *span)?;
        self.level(level).has_aggs = true;
        Ok(Expr::make(ExprKind::Grouping { args: out, refs: vec![], level }, TypeRef::new(oids::INT4), 0, *span))
    }

    /// That everything outside aggregates is grouped (`parseCheckAggregates`).
    pub fn check_aggregates(&mut self, q: &mut Query, group_span: Span) -> Result<()> {
        let self_ref = q.rtable.iter().any(|r| matches!(r.kind, RteKind::Cte { recursive: true, .. }));
        let mut common: Vec<u32> = q.group_by.iter().map(|g| g.target).collect();
        if !q.grouping_written.is_empty() {
            q.grouping_sets = expand_grouping_sets(&q.grouping_written, q.group_distinct, group_span)?;
            common.retain(|r| q.grouping_sets.iter().all(|s| s.contains(r)));
        }
        let mut groups: Vec<(Expr, u32)> = vec![];
        for g in &q.group_by {
            if let Some(t) = q.targets.iter().find(|t| t.sort_ref == g.target) {
                let mut e = t.expr.clone();
                flatten_joins(&mut e, &q.rtable, 0);
                groups.push((e, g.target));
            }
        }
        // GROUPING's arguments by number.
        let rtable = q.rtable.clone();
        let mut bad = None;
        let mut number = |x: &mut Expr, depth: u32| {
            let span = x.span;
            if let ExprKind::Grouping { args, refs, level } = &mut x.kind {
                if *level != depth {
                    return;
                }
                refs.clear();
                for a in args.iter() {
                    let mut flat = a.clone();
                    flatten_joins(&mut flat, &rtable, depth);
                    expr_levels_mut(&mut flat, 0, &mut |e, inner| {
                        if let ExprKind::Var(v) = &mut e.kind {
                            if v.level == depth + inner {
                                v.level -= depth;
                            }
                        }
                    });
                    match groups.iter().find(|(g, _)| equal(g, &flat)) {
                        Some((_, r)) => refs.push(*r),
                        None => bad = bad.or(Some(location(a))),
                    }
                }
                let _ = span;
            }
        };
        for t in &mut q.targets {
            expr_levels_mut(&mut t.expr, 0, &mut number);
        }
        if let Some(h) = &mut q.having {
            expr_levels_mut(h, 0, &mut number);
        }
        if let Some(at) = bad {
            return Err(err!(
                GROUPING_ERROR,
                "arguments to GROUPING must be grouping expressions of the associated query level"
            )
            .at(at));
        }
        let check = Ungrouped {
            a: self,
            rtable: &q.rtable,
            groups: &groups,
            common: groups.iter().filter(|(_, r)| common.contains(r)).map(|(e, _)| e).collect(),
        };
        for t in &q.targets {
            let mut e = t.expr.clone();
            flatten_joins(&mut e, &q.rtable, 0);
            check.expr(&e, 0, false)?;
        }
        if let Some(h) = &q.having {
            let mut e = h.clone();
            flatten_joins(&mut e, &q.rtable, 0);
            check.expr(&e, 0, false)?;
        }
        if self_ref && q.has_aggs {
            let at = q.targets.iter().map(|t| &t.expr).chain(&q.having).find_map(find_aggregate).unwrap_or(Span::NONE);
            return Err(err!(
                INVALID_RECURSION,
                "aggregate functions are not allowed in a recursive query's recursive term"
            )
            .at(at));
        }
        Ok(())
    }
}

/// Where names the clause in a message that does not use [`Clause::name`].
fn place_of(c: Clause) -> Option<&'static str> {
    use Clause::*;
    Some(match c {
        MergeWhen => "MERGE WHEN conditions",
        CheckConstraint | DomainCheck => "check constraints",
        ColumnDefault | FunctionDefault => "DEFAULT expressions",
        IndexExpression => "index expressions",
        IndexPredicate => "index predicates",
        StatsExpression => "statistics expressions",
        AlterColTransform => "transform expressions",
        ExecuteParameter => "EXECUTE parameters",
        TriggerWhen => "trigger WHEN conditions",
        PartitionBound => "partition bound",
        PartitionExpression => "partition key expressions",
        CallArgument => "CALL arguments",
        CopyWhere => "COPY FROM WHERE conditions",
        GeneratedColumn => "column generation expressions",
        _ => return Option::None,
    })
}

fn plain_targets(args: Vec<Expr>) -> Vec<Target> {
    args.into_iter()
        .enumerate()
        .map(|(i, expr)| Target {
            expr,
            name: String::new(),
            attno: i as i16 + 1,
            sort_ref: 0,
            junk: false,
            origin: (0, 0),
        })
        .collect()
}

/// The innermost levels that expressions refer to, counted from the one around them, with the places.
#[derive(Default)]
struct Levels {
    var: Option<(u32, Span)>,
    agg: Option<(u32, Span)>,
    problem: Option<Error>,
}

/// The levels of columns and aggregates inside an aggregate's arguments.
fn scan_levels(e: &Expr, found: &mut Levels) {
    fn note(slot: &mut Option<(u32, Span)>, level: Option<u32>, at: Span) {
        if let Some(l) = level.filter(|l| slot.is_none_or(|(have, _)| *l < have)) {
            *slot = Some((l, at));
        }
    }
    fn visit(e: &Expr, depth: u32, found: &mut Levels) {
        let above = |level: u32| level.checked_sub(depth);
        match &e.kind {
            ExprKind::Var(v) => note(&mut found.var, above(v.level), e.span),
            ExprKind::Aggregate(a) => note(&mut found.agg, above(a.level), e.span),
            ExprKind::Grouping { level, .. } => note(&mut found.agg, above(*level), e.span),
            ExprKind::Call(c) if c.retset && depth == 0 && found.problem.is_none() => {
                found.problem = Some(
                    err!(
                        FEATURE_NOT_SUPPORTED,
                        "aggregate function calls cannot contain set-returning function calls"
                    )
                    .hint("You might be able to move the set-returning function into a LATERAL FROM item.")
                    .at(e.span),
                );
            }
            ExprKind::Window(_) if depth == 0 && found.problem.is_none() => {
                found.problem = Some(
                    err!(GROUPING_ERROR, "aggregate function calls cannot contain window function calls").at(e.span),
                );
            }
            ExprKind::SubLink(s) => each_query_expr(&s.query, &mut |x, d| visit(x, depth + 1 + d, found)),
            _ => {}
        }
        tusklet_ir::visit::children(e, &mut |c| visit(c, depth, found));
    }
    visit(e, 0, found);
}

/// Every expression of a query and its subquery entries, with how many levels below the query it is.
fn each_query_expr(q: &Query, f: &mut dyn FnMut(&Expr, u32)) {
    fn go(q: &Query, depth: u32, f: &mut dyn FnMut(&Expr, u32)) {
        tusklet_ir::visit::query_exprs(q, &mut |e| f(e, depth));
        for c in &q.ctes {
            go(&c.query, depth + 1, f);
        }
        for r in &q.rtable {
            if let RteKind::Subquery { query, .. } = &r.kind {
                go(query, depth + 1, f);
            }
        }
    }
    go(q, 0, f);
}

/// Where an aggregate of this level stands, if there is one.
pub fn find_aggregate(e: &Expr) -> Option<Span> {
    let mut at = None;
    walk(e, &mut |x| {
        let hit = match &x.kind {
            ExprKind::Aggregate(a) => a.level == 0,
            ExprKind::Grouping { level, .. } => *level == 0,
            _ => false,
        };
        if hit && at.is_none() {
            at = Some(x.span);
        }
        at.is_none()
    });
    at
}

/// Where a window function of this level stands, if there is one.
pub fn find_window_func(e: &Expr) -> Option<Span> {
    let mut at = None;
    walk(e, &mut |x| {
        if matches!(x.kind, ExprKind::Window(_)) && at.is_none() {
            at = Some(x.span);
        }
        at.is_none()
    });
    at
}

/// Replaces columns of joins by what they are made of, so that the same column by two names is one.
pub fn flatten_joins(e: &mut Expr, rtable: &[Rte], level: u32) {
    expr_levels_mut(e, level, &mut |x, depth| {
        // A merged column may be of a join that is of a join.
        for _ in 0..rtable.len() {
            let ExprKind::Var(v) = &x.kind else { return };
            if v.level != depth {
                return;
            }
            let RteKind::Join { columns, .. } = rtable.get(v.rte as usize).map_or(&RteKind::Result, |r| &r.kind) else {
                return;
            };
            let Some(made) = columns.get((v.attno as usize).wrapping_sub(1)) else { return };
            let span = x.span;
            let mut made = made.clone();
            if depth > 0 {
                expr_levels_mut(&mut made, 0, &mut |y, d| {
                    if let ExprKind::Var(v) = &mut y.kind {
                        if v.level >= d {
                            v.level += depth;
                        }
                    }
                });
            }
            *x = made;
            x.span = span;
            if !matches!(x.kind, ExprKind::Var(_)) {
                // Its own parts may again be columns of joins.
                let mut inner = x.clone();
                tusklet_ir::visit::children_mut(&mut inner, &mut |c| flatten_joins(c, rtable, depth));
                *x = inner;
                return;
            }
        }
    });
}

struct Ungrouped<'c, 'a> {
    a: &'c Analyzer<'a>,
    rtable: &'c [Rte],
    groups: &'c [(Expr, u32)],
    common: Vec<&'c Expr>,
}

impl Ungrouped<'_, '_> {
    fn expr(&self, e: &Expr, depth: u32, direct: bool) -> Result<()> {
        match &e.kind {
            ExprKind::Const(_) | ExprKind::Param(_) => return Ok(()),
            ExprKind::Aggregate(a) => {
                if a.level == depth {
                    for d in &a.direct {
                        self.expr(d, depth, true)?;
                    }
                    return Ok(());
                }
                if a.level > depth {
                    return Ok(());
                }
            }
            ExprKind::Grouping { level, .. } if *level >= depth => return Ok(()),
            _ => {}
        }
        if depth == 0 && self.groups.iter().any(|(g, _)| equal(g, e)) {
            return Ok(());
        }
        if let ExprKind::Var(v) = &e.kind {
            if v.level != depth {
                return Ok(());
            }
            let same = |g: &Expr| matches!(&g.kind, ExprKind::Var(w) if w.rte == v.rte && w.attno == v.attno && w.level == 0);
            if self.groups.iter().any(|(g, _)| same(g)) || self.depends_on_key(v.rte) {
                return Ok(());
            }
            let rte = &self.rtable[v.rte as usize];
            let column = match v.attno {
                0 => "*".to_string(),
                n if n < 0 => builtin::system_attribute_name(n).unwrap_or_default().to_string(),
                n => rte.columns.get(n as usize - 1).map_or(String::new(), |c| c.name.clone()),
            };
            let e2 = if depth == 0 {
                let x = err!(
                    GROUPING_ERROR,
                    "column \"{}.{}\" must appear in the GROUP BY clause or be used in an aggregate function";
                    rte.name,
                    column
                );
                if direct {
                    x.detail("Direct arguments of an ordered-set aggregate must use only grouped columns.")
                } else {
                    x
                }
            } else {
                err!(GROUPING_ERROR, "subquery uses ungrouped column \"{}.{}\" from outer query"; rte.name, column)
            };
            return Err(e2.at(e.span));
        }
        let mut result = Ok(());
        if let ExprKind::SubLink(s) = &e.kind {
            each_query_expr(&s.query, &mut |x, d| {
                if result.is_ok() {
                    result = self.expr(x, depth + 1 + d, direct);
                }
            });
        }
        tusklet_ir::visit::children(e, &mut |c| {
            if result.is_ok() {
                result = self.expr(c, depth, direct);
            }
        });
        result
    }

    /// Grouped by a primary key, a table's other columns follow (`check_functional_grouping`).
    fn depends_on_key(&self, rte: u32) -> bool {
        let RteKind::Relation { oid, .. } = &self.rtable[rte as usize].kind else { return false };
        let Some(rel) = self.a.cat.relation(*oid) else { return false };
        rel.constraints.iter().any(|c| {
            matches!(c.kind, ConstraintKind::Primary(_))
                && !c.deferrable
                && !c.columns.is_empty()
                && c.columns.iter().all(|k| {
                    self.common
                        .iter()
                        .any(|g| matches!(&g.kind, ExprKind::Var(v) if v.rte == rte && v.attno == *k && v.level == 0))
                })
        })
    }
}

/// Two OVER clauses written alike are one window.
fn same_window(a: &ast::WindowDef, b: &ast::WindowDef) -> bool {
    a.refname == b.refname
        && a.partition_clause.len() == b.partition_clause.len()
        && a.partition_clause.iter().zip(&b.partition_clause).all(|(x, y)| same_simple(x, y))
        && a.order_clause.len() == b.order_clause.len()
        && a.order_clause.iter().zip(&b.order_clause).all(|(x, y)| {
            same_simple(&x.node, &y.node) && x.direction == y.direction && x.nulls == y.nulls
        })
        && a.frame.is_none()
        && b.frame.is_none()
}

fn same_simple(a: &ast::Expr, b: &ast::Expr) -> bool {
    match (a, b) {
        (ast::Expr::ColumnRef(x), ast::Expr::ColumnRef(y)) => x.fields == y.fields && x.star == y.star,
        _ => false,
    }
}

