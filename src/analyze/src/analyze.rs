//! Statements to queries (`analyze.c`): the doors, SELECT and VALUES. Set operations are in `set_operations.rs`, INSERT,
//! UPDATE and DELETE in `modify.rs`.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Relation;
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Result, Span, bail, err, filled};
use tusklet_ir::{
    CoercionForm, CommandType, Distinct, Expr, LockStrength, LockWait, Oid, Query, RowMark, Rte, RteColumn, RteKind,
    TypeRef,
};
use tusklet_syntax::ast;

use crate::parse_clause::set_lateral;
use crate::parse_coerce::CoercionContext;
use crate::parse_node::{Analyzer, Clause, WindowState, location};
use crate::{AnalyzeContext, ParamTypes};

/// Analyses a SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE. The types inferred for parameters are left in `params`.
pub fn analyze(cx: &mut dyn AnalyzeContext, stmt: &ast::Stmt, params: &mut ParamTypes) -> Result<Query> {
    let mut a = Analyzer::new(cx, std::mem::take(params));
    a.push();
    let r = a.transform_stmt(stmt);
    let r = r.and_then(|mut q| {
        a.check_variable_parameters(&mut q)?;
        Ok(q)
    });
    *params = std::mem::take(&mut a.params);
    r
}

/// As [`analyze`], for statements that wrap a query (EXPLAIN, DECLARE, PREPARE, CREATE TABLE AS, CREATE VIEW, COPY): the
/// query inside.
pub fn analyze_stmt(cx: &mut dyn AnalyzeContext, stmt: &ast::Stmt, params: &mut ParamTypes) -> Result<Query> {
    match stmt {
        ast::Stmt::Explain(e) => analyze_stmt(cx, &e.query, params),
        ast::Stmt::Prepare(p) => analyze_stmt(cx, &p.query, params),
        ast::Stmt::CreateTableAs(c) => analyze_stmt(cx, &c.query, params),
        ast::Stmt::DeclareCursor(d) => analyze(cx, &ast::Stmt::Select(d.query.clone()), params),
        ast::Stmt::View(v) => analyze(cx, &ast::Stmt::Select(v.query.clone()), params),
        ast::Stmt::Copy(c) => match &c.source {
            ast::CopySource::Query(q) => analyze_stmt(cx, q, params),
            ast::CopySource::Table { .. } => bail!(INTERNAL_ERROR, "COPY of a table has no query"),
        },
        _ => analyze(cx, stmt, params),
    }
}

/// What an expression outside a query may use.
pub struct ExprScope<'a> {
    /// The table whose columns it may name (`Var { rte: 0 }`).
    pub relation: Option<&'a Relation>,
    /// Where it stands.
    pub clause: crate::parse_node::Clause,
    /// For a domain's CHECK: the type and collation of VALUE.
    pub domain: Option<(TypeRef, Oid)>,
    /// The type it is to have, and what to call it in the error; `None` leaves it as it is.
    pub target: Option<(TypeRef, &'a str)>,
    /// It is a condition, called so in errors (`CHECK`, `WHERE`).
    pub condition: Option<&'a str>,
}

impl Default for ExprScope<'_> {
    fn default() -> Self {
        ExprScope { relation: None, clause: Clause::Other, domain: None, target: None, condition: None }
    }
}

/// Analyses an expression of a definition: a default, a CHECK, an index expression or predicate.
pub fn analyze_expr(
    cx: &mut dyn AnalyzeContext,
    e: &ast::Expr,
    scope: &ExprScope<'_>,
    params: &mut ParamTypes,
) -> Result<Expr> {
    let mut a = Analyzer::new(cx, std::mem::take(params));
    a.push();
    a.domain_value = scope.domain;
    let r = scoped_expr(&mut a, e, scope);
    *params = std::mem::take(&mut a.params);
    r
}

fn scoped_expr(a: &mut Analyzer<'_>, e: &ast::Expr, scope: &ExprScope<'_>) -> Result<Expr> {
    if let Some(rel) = scope.relation {
        let item = a.add_relation(rel, None, false, true)?;
        a.add_to_namespace(vec![item]);
    }
    let mut x = a.transform_expr(e, scope.clause)?;
    if let Some(what) = scope.condition {
        x = a.coerce_to_boolean(x, what)?;
    }
    if let Some((ty, what)) = scope.target {
        x = a.coerce_to_specific_type(x, ty, what)?;
    }
    // A polymorphic parameter's default is a literal yet to find its type.
    if x.ty.oid == oids::UNKNOWN && scope.target.is_none() {
        x = a.coerce_type(x, TypeRef::new(oids::TEXT), CoercionContext::Implicit, CoercionForm::Implicit, Span::NONE)?;
    }
    a.assign_expr_collations(&mut x)?;
    Ok(x)
}

/// A column's or domain's DEFAULT, or a generation expression, made ready to be stored (`cookDefault`).
pub fn coerce_default(
    cx: &mut dyn AnalyzeContext,
    e: &ast::Expr,
    relation: Option<&Relation>,
    column: &str,
    ty: TypeRef,
) -> Result<Expr> {
    let mut a = Analyzer::new(cx, ParamTypes::none());
    a.push();
    let clause = if relation.is_some() { Clause::GeneratedColumn } else { Clause::ColumnDefault };
    if let Some(rel) = relation {
        let item = a.add_relation(rel, None, false, true)?;
        a.add_to_namespace(vec![item]);
    }
    let x = a.transform_expr(e, clause)?;
    let from = x.ty.oid;
    let done = a.coerce_to_target_type(x, ty, CoercionContext::Assignment, CoercionForm::Implicit, Span::NONE)?;
    let Some(mut x) = done else {
        return Err(err!(
            DATATYPE_MISMATCH,
            "column \"{column}\" is of type {} but default expression is of type {}",
            a.type_name(ty.oid),
            a.type_name(from)
        )
        .hint("You will need to rewrite or cast the expression."));
    };
    a.assign_expr_collations(&mut x)?;
    Ok(x)
}

/// The defaults of a built-in function, which the catalog has as text.
pub fn builtin_defaults(cx: &mut dyn AnalyzeContext, text: &str, types: &[Oid]) -> Result<Vec<Expr>> {
    let sql = filled!("SELECT {}"; text);
    let raw = tusklet_syntax::parse_one(&sql)?;
    let ast::Stmt::Select(s) = raw.stmt else { bail!(INTERNAL_ERROR, "bad argument defaults") };
    let ast::SelectBody::Select(core) = &s.body else { bail!(INTERNAL_ERROR, "bad argument defaults") };
    let mut a = Analyzer::new(cx, ParamTypes::none());
    a.path = Rc::new(SearchPath::system());
    a.push();
    let mut out = vec![];
    for (t, ty) in core.target_list.iter().zip(types) {
        let e = a.transform_expr(&t.val, Clause::FunctionDefault)?;
        let e = a
            .coerce_to_target_type(
                e,
                TypeRef::new(*ty),
                CoercionContext::Assignment,
                CoercionForm::Implicit,
                Span::NONE,
            )?
            .ok_or_else(|| Error::internal("argument default has the wrong type"))?;
        let mut e = e;
        e.span = Span::NONE;
        out.push(e);
    }
    Ok(out)
}

impl Analyzer<'_> {
    /// A subquery, one level in (`parse_sub_analyze`).
    pub fn sub_analyze(
        &mut self,
        stmt: &ast::Stmt,
        parent_cte: Option<usize>,
        locked: bool,
        resolve_unknowns: bool,
    ) -> Result<Query> {
        self.push_sub(parent_cte, locked, resolve_unknowns);
        let r = self.transform_stmt(stmt);
        self.pop();
        r
    }

    /// The same of a query in parentheses.
    pub fn sub_analyze_select(&mut self, s: &ast::SelectStmt, locked: bool, resolve_unknowns: bool) -> Result<Query> {
        self.push_sub(None, locked, resolve_unknowns);
        let r = self.transform_select_stmt(s);
        self.pop();
        r
    }

    fn push_sub(&mut self, parent_cte: Option<usize>, locked: bool, resolve_unknowns: bool) {
        self.push();
        let ps = self.ps();
        ps.parent_cte = parent_cte;
        ps.locked_from_parent = locked;
        ps.resolve_unknowns = resolve_unknowns;
    }

    /// The query of a subquery in an expression.
    pub fn sub_select(&mut self, s: &ast::SelectStmt) -> Result<Query> {
        self.push();
        let r = self.transform_select_stmt(s);
        self.pop();
        r
    }

    /// Any statement that is a query, at the current level (`transformStmt`).
    pub fn transform_stmt(&mut self, stmt: &ast::Stmt) -> Result<Query> {
        match stmt {
            ast::Stmt::Select(s) => self.transform_select_stmt(s),
            ast::Stmt::Insert(s) => self.transform_insert(s),
            ast::Stmt::Update(s) => self.transform_update(s),
            ast::Stmt::Delete(s) => self.transform_delete(s),
            ast::Stmt::Merge(s) => self.transform_merge(s),
            _ => Err(Error::internal("statement is no query")),
        }
    }

    pub fn transform_select_stmt(&mut self, s: &ast::SelectStmt) -> Result<Query> {
        match &s.body {
            ast::SelectBody::Select(core) => self.transform_select(s, core),
            ast::SelectBody::Values(rows) => self.transform_values(s, rows),
            ast::SelectBody::SetOp(op) => self.transform_set_operation(s, op),
        }
    }

    fn transform_select(&mut self, s: &ast::SelectStmt, core: &ast::SelectCore) -> Result<Query> {
        let ast::SelectStmt {
            with_clause,
            body: _,
            sort_clause,
            limit_offset,
            limit_count,
            limit_option,
            locking_clause,
            span,
        } = s;
        let ast::SelectCore {
            distinct,
            target_list,
            into_clause,
            from_clause,
            where_clause,
            group_clause,
            group_distinct,
            having_clause,
            window_clause,
        } = core;
        let mut q = Query::new(CommandType::Select);
        q.span = *span;
        q.recursive = self.transform_with(with_clause.as_deref())?;
        if let Some(into) = &*into_clause.borrow() {
            return Err(err!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here").at(into.rel.span));
        }
        let ps = self.ps();
        ps.locking = locking_clause.clone();
        ps.windows =
            window_clause.iter().map(|w| WindowState { def: w.clone(), inline: false }).collect();
        q.from = self.transform_from(from_clause)?;
        self.ps().next_resno = 1;
        q.targets = self.transform_target_list(target_list, Clause::SelectTarget)?;
        crate::parse_target::check_target_count(q.targets.len())?;
        q.filter = self.transform_where(where_clause.as_ref(), Clause::Where, "WHERE")?;
        q.having = self.transform_where(having_clause.as_ref(), Clause::Having, "HAVING")?;
        q.order_by = self.transform_sort(sort_clause, &mut q.targets, Clause::OrderBy, false)?;
        let group = self.transform_group(group_clause, &mut q.targets, &q.order_by, Clause::GroupBy)?;
        q.group_by = group.items;
        q.grouping_written = group.written;
        q.group_distinct = *group_distinct;
        q.distinct = match distinct {
            None => None,
            Some(ast::DistinctClause::All) => {
                let items = self.transform_distinct(&mut q.targets, &q.order_by, false)?;
                Some(Distinct { items, on: false })
            }
            Some(ast::DistinctClause::On(list)) => {
                Some(self.transform_distinct_on(list, &mut q.targets, &q.order_by)?)
            }
        };
        q.with_ties = *limit_option == ast::LimitOption::WithTies;
        q.offset = self.transform_limit(limit_offset.as_ref(), Clause::Offset, "OFFSET", q.with_ties)?;
        q.limit = self.transform_limit(limit_count.as_ref(), Clause::Limit, "LIMIT", q.with_ties)?;
        q.windows = self.transform_windows(&mut q.targets)?;
        if self.ps().resolve_unknowns {
            self.resolve_unknowns(&mut q.targets)?;
        }
        self.finish_query(&mut q);
        for l in locking_clause {
            self.transform_locking(&mut q, l, false)?;
        }
        self.assign_query_collations(&mut q)?;
        if q.has_aggs || !q.group_by.is_empty() || !q.grouping_written.is_empty() || q.having.is_some() {
            let at = group_clause
                .iter()
                .find_map(|g| match g {
                    ast::GroupItem::Set(s) => Some(s.span),
                    ast::GroupItem::Expr(_) => None,
                })
                .unwrap_or(Span::NONE);
            self.check_aggregates(&mut q, at)?;
        }
        Ok(q)
    }

    /// Moves what the level gathered into the query.
    pub fn finish_query(&mut self, q: &mut Query) {
        let ps = self.ps();
        q.rtable = std::mem::take(&mut ps.rtable);
        q.ctes = ps.ctes.iter().map(|c| c.cte.clone()).collect();
        q.has_aggs = ps.has_aggs;
        q.has_windows = ps.has_windows;
        q.has_srfs = ps.has_srfs;
        q.has_sublinks = ps.has_sublinks;
        // What follows still looks names and columns up.
        ps.rtable = q.rtable.clone();
    }

    fn transform_values(&mut self, s: &ast::SelectStmt, rows: &[Vec<ast::Expr>]) -> Result<Query> {
        let ast::SelectStmt {
            with_clause,
            body: _,
            sort_clause,
            limit_offset,
            limit_count,
            limit_option,
            locking_clause,
            span,
        } = s;
        let mut q = Query::new(CommandType::Select);
        q.span = *span;
        q.recursive = self.transform_with(with_clause.as_deref())?;
        let mut lists: Vec<Vec<Expr>> = vec![];
        for r in rows {
            let list = self.expression_list(r, Clause::Values, false)?;
            if let Some(first) = lists.first() {
                if first.len() != list.len() {
                    let at = list.first().map_or(Span::NONE, location);
                    return Err(err!(SYNTAX_ERROR, "VALUES lists must all be the same length").at(at));
                }
            }
            lists.push(list);
        }
        let width = lists.first().map_or(0, Vec::len);
        let mut columns = vec![];
        for i in 0..width {
            let all: Vec<(Oid, Span)> = lists.iter().map(|l| (l[i].ty.oid, location(&l[i]))).collect();
            let ty = self.select_common_type(&all, Some("VALUES"))?;
            let mut col: Vec<Expr> = vec![];
            for l in &mut lists {
                let e = std::mem::replace(&mut l[i], Expr::constant(tusklet_ir::Value::Null, TypeRef::new(ty)));
                col.push(self.coerce_to_common_type(e, ty, "VALUES")?);
            }
            let typmod = Self::common_typmod(&col.iter().collect::<Vec<_>>(), ty);
            let collation = self.common_collation(&mut col, true)?;
            for (l, e) in lists.iter_mut().zip(col) {
                l[i] = e;
            }
            columns.push(RteColumn { name: format!("column{}", i + 1), ty: TypeRef { oid: ty, typmod }, collation });
        }
        let rte = Rte {
            kind: RteKind::Values { rows: lists },
            alias: String::new(),
            column_aliases: vec![],
            name: "*VALUES*".into(),
            columns,
            lateral: false,
            inherit: false,
            in_from: true,
        };
        let item = self.add_rte(rte, 0);
        q.from = vec![tusklet_ir::FromNode::Ref(item.rte)];
        let cols = item.columns.clone();
        self.add_to_namespace(vec![item]);
        self.ps().next_resno = 1;
        for c in cols.iter() {
            let e = self.make_var(c, 0, Span::NONE);
            let t = self.make_target(e, c.name.clone(), false);
            q.targets.push(t);
        }
        q.order_by = self.transform_sort(sort_clause, &mut q.targets, Clause::OrderBy, false)?;
        q.with_ties = *limit_option == ast::LimitOption::WithTies;
        q.offset = self.transform_limit(limit_offset.as_ref(), Clause::Offset, "OFFSET", q.with_ties)?;
        q.limit = self.transform_limit(limit_count.as_ref(), Clause::Limit, "LIMIT", q.with_ties)?;
        if let Some(l) = locking_clause.first() {
            bail!(FEATURE_NOT_SUPPORTED, "{} cannot be applied to VALUES"; lock_name(l.strength));
        }
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }

    /// FOR UPDATE and so on (`transformLockingClause`).
    pub fn transform_locking(&mut self, q: &mut Query, l: &ast::LockingClause, pushed: bool) -> Result<()> {
        let ast::LockingClause { locked_rels, strength, wait_policy } = l;
        let name = lock_name(*strength);
        check_locking(q, name)?;
        let strength = match strength {
            ast::LockClauseStrength::ForKeyShare => LockStrength::KeyShare,
            ast::LockClauseStrength::ForShare => LockStrength::Share,
            ast::LockClauseStrength::ForNoKeyUpdate => LockStrength::NoKeyUpdate,
            ast::LockClauseStrength::ForUpdate => LockStrength::Update,
        };
        let wait = match wait_policy {
            ast::LockWaitPolicy::Block => LockWait::Block,
            ast::LockWaitPolicy::Skip => LockWait::SkipLocked,
            ast::LockWaitPolicy::Error => LockWait::Error,
        };
        let all = ast::LockingClause { locked_rels: vec![], strength: l.strength, wait_policy: *wait_policy };
        if locked_rels.is_empty() {
            for i in 0..q.rtable.len() {
                if !q.rtable[i].in_from {
                    continue;
                }
                self.lock_entry(q, i, strength, wait, pushed, &all)?;
            }
            return Ok(());
        }
        for r in locked_rels {
            if r.schemaname.is_some() || r.catalogname.is_some() {
                return Err(err!(SYNTAX_ERROR, "{} must specify unqualified relation names"; name).at(r.span));
            }
            let Some(i) = (0..q.rtable.len()).find(|i| {
                let rte = &q.rtable[*i];
                rte.in_from && rte.name == r.relname && !(matches!(rte.kind, RteKind::Join { .. }) && rte.alias.is_empty())
            }) else {
                return Err(err!(
                    UNDEFINED_TABLE, "relation \"{}\" in {} clause not found in FROM clause"; r.relname, name
                )
                .at(r.span));
            };
            let cannot = match &q.rtable[i].kind {
                RteKind::Relation { .. } | RteKind::Subquery { .. } => None,
                RteKind::Join { .. } => Some("a join"),
                RteKind::Function { .. } => Some("a function"),
                RteKind::Values { .. } | RteKind::Literals(_) => Some("VALUES"),
                RteKind::Cte { .. } => Some("a WITH query"),
                RteKind::Result => Some("a result"),
            };
            if let Some(what) = cannot {
                return Err(err!(FEATURE_NOT_SUPPORTED, "{} cannot be applied to {}"; name, what).at(r.span));
            }
            self.lock_entry(q, i, strength, wait, pushed, &all)?;
        }
        Ok(())
    }

    fn lock_entry(
        &mut self,
        q: &mut Query,
        i: usize,
        strength: LockStrength,
        wait: LockWait,
        pushed: bool,
        all: &ast::LockingClause,
    ) -> Result<()> {
        match &mut q.rtable[i].kind {
            RteKind::Relation { .. } => {}
            RteKind::Subquery { query, .. } => self.transform_locking(query, all, true)?,
            _ => return Ok(()),
        }
        match q.locks.iter_mut().find(|m| m.rte == i as u32) {
            Some(m) => {
                m.strength = m.strength.max(strength);
                // The strictest way of waiting wins.
                m.wait = match (m.wait, wait) {
                    (LockWait::Error, _) | (_, LockWait::Error) => LockWait::Error,
                    (LockWait::SkipLocked, _) | (_, LockWait::SkipLocked) => LockWait::SkipLocked,
                    _ => LockWait::Block,
                };
                m.pushed_down &= pushed;
            }
            None => q.locks.push(RowMark { rte: i as u32, strength, wait, pushed_down: pushed }),
        }
        Ok(())
    }

    /// RETURNING (`transformReturningList`).
    pub fn transform_returning(&mut self, list: &[ast::ResTarget]) -> Result<Vec<tusklet_ir::Target>> {
        if list.is_empty() {
            return Ok(vec![]);
        }
        let saved = std::mem::replace(&mut self.ps().next_resno, 1);
        let mut out = self.transform_target_list(list, Clause::Returning)?;
        if out.is_empty() {
            let at = list.first().map_or(Span::NONE, |t| t.val.location());
            return Err(err!(SYNTAX_ERROR, "RETURNING must have at least one column").at(at));
        }
        if self.ps().resolve_unknowns {
            self.resolve_unknowns(&mut out)?;
        }
        self.ps().next_resno = saved;
        Ok(out)
    }

    /// Makes a target table's own names unusable while FROM or USING is analysed, and usable after.
    pub fn with_hidden_target<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let n = self.ps().namespace.len();
        if let Some(first) = self.ps().namespace.first_mut() {
            set_lateral(std::slice::from_mut(first), true, false);
        }
        let r = f(self);
        if n > 0 {
            if let Some(first) = self.ps().namespace.first_mut() {
                set_lateral(std::slice::from_mut(first), false, true);
            }
        }
        r
    }
}

/// `FOR UPDATE` and so on.
pub fn lock_name(s: ast::LockClauseStrength) -> &'static str {
    match s {
        ast::LockClauseStrength::ForKeyShare => "FOR KEY SHARE",
        ast::LockClauseStrength::ForShare => "FOR SHARE",
        ast::LockClauseStrength::ForNoKeyUpdate => "FOR NO KEY UPDATE",
        ast::LockClauseStrength::ForUpdate => "FOR UPDATE",
    }
}

fn check_locking(q: &Query, name: &str) -> Result<()> {
    let with = if q.set_op.is_some() {
        "UNION/INTERSECT/EXCEPT"
    } else if q.distinct.is_some() {
        "DISTINCT clause"
    } else if !q.group_by.is_empty() || !q.grouping_written.is_empty() {
        "GROUP BY clause"
    } else if q.having.is_some() {
        "HAVING clause"
    } else if q.has_aggs {
        "aggregate functions"
    } else if q.has_windows {
        "window functions"
    } else if q.has_srfs {
        "set-returning functions in the target list"
    } else {
        return Ok(());
    };
    bail!(FEATURE_NOT_SUPPORTED, "{} is not allowed with {}"; name, with);
}
