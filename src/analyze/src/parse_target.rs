//! Target lists: what SELECT, RETURNING, INSERT and UPDATE produce (`parse_target.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Relation;
use tusklet_error::{Result, Span, bail, err};
use tusklet_ir::{CoercionForm, Expr, ExprKind, Oid, RteKind, Target, TypeRef};
use tusklet_syntax::ast;

use crate::parse_coerce::CoercionContext;
use crate::parse_expr::MAX_TARGETS;
use crate::parse_node::{Analyzer, Clause, NsItem, location, lookup_failed};

/// A column that `*` stands for: name, value.
type Expanded = Vec<(String, Expr, ())>;

impl Analyzer<'_> {
    /// A select list (`transformTargetList`).
    pub fn transform_target_list(&mut self, list: &[ast::ResTarget], clause: Clause) -> Result<Vec<Target>> {
        let mut out: Vec<Target> = vec![];
        for t in list {
            let ast::ResTarget { name, val, span: _ } = t;
            let expanded = match val {
                ast::Expr::ColumnRef(c) if c.star => Some(self.within(clause, |a| a.expand_column_ref_star(c))?),
                ast::Expr::Indirection(i) if matches!(i.indirection.last(), Some(ast::Indirection::Star)) => {
                    Some(self.within(clause, |a| a.expand_indirection_star(i))?)
                }
                _ => None,
            };
            match expanded {
                Some(columns) => {
                    for (name, e, ()) in columns {
                        out.push(self.make_target(e, name, false));
                    }
                }
                None => {
                    let e = self.transform_expr(val, clause)?;
                    let name = match name {
                        Some(n) => n.clone(),
                        None => figure_colname(val, &e),
                    };
                    out.push(self.make_target(e, name, false));
                }
            }
        }
        Ok(out)
    }

    /// A target with the next number.
    pub fn make_target(&mut self, expr: Expr, name: String, junk: bool) -> Target {
        let attno = self.ps().next_resno;
        self.ps().next_resno = attno.saturating_add(1);
        let origin = self.origin(&expr);
        Target { expr, name, attno, sort_ref: 0, junk, origin }
    }

    /// The table column a target comes from (number 0: the whole row), for the row description (`markTargetListOrigin`).
    fn origin(&mut self, e: &Expr) -> (Oid, i16) {
        let ExprKind::Var(v) = &e.kind else { return (0, 0) };
        let rte = &self.level(v.level).rtable[v.rte as usize];
        let at = v.attno as usize;
        match &rte.kind {
            RteKind::Relation { oid, .. } => (*oid, v.attno),
            RteKind::Subquery { query, .. } => {
                let list = if query.command == tusklet_ir::CommandType::Select { &query.targets } else { &query.returning };
                list.iter().filter(|t| !t.junk).nth(at.wrapping_sub(1)).map_or((0, 0), |t| t.origin)
            }
            RteKind::Join { columns, .. } => match columns.get(at.wrapping_sub(1)).cloned() {
                Some(e) => self.origin(&e),
                None => (0, 0),
            },
            RteKind::Cte { name, level, .. } => {
                let (name, up) = (name.clone(), v.level + level);
                let ctes = &self.level(up).ctes;
                let Some(c) = ctes.iter().find(|c| c.cte.name == name && c.done) else { return (0, 0) };
                let q = &c.cte.query;
                let list = if q.command == tusklet_ir::CommandType::Select { &q.targets } else { &q.returning };
                list.iter().filter(|t| !t.junk).nth(at.wrapping_sub(1)).map_or((0, 0), |t| t.origin)
            }
            RteKind::Function { .. } | RteKind::Values { .. } | RteKind::Result | RteKind::Literals(_) => (0, 0),
        }
    }

    /// `*` and `t.*` (`ExpandColumnRefStar`).
    pub fn expand_column_ref_star(&mut self, c: &ast::ColumnRef) -> Result<Expanded> {
        let ast::ColumnRef { fields, star: _, span } = c;
        let span = *span;
        if fields.is_empty() {
            let items: Vec<NsItem> = self.ps().namespace.iter().filter(|i| i.cols_visible).cloned().collect();
            if items.is_empty() {
                return Err(err!(SYNTAX_ERROR, "SELECT * with no tables specified is not valid").at(span));
            }
            let mut out = vec![];
            for i in items {
                out.extend(self.expand_item(&i, 0, span));
            }
            return Ok(out);
        }
        let (schema, name) = match fields.as_slice() {
            [t] => (None, t),
            [s, t] => (Some(s.as_str()), t),
            [d, s, t] => {
                if *d != self.cx.database() {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}.*"; fields.join(".")
                    )
                    .at(span));
                }
                (Some(s.as_str()), t)
            }
            _ => {
                return Err(err!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {}.*"; fields.join("."))
                .at(span));
            }
        };
        match self.refname_item(schema, name, span)? {
            Some((item, level)) => Ok(self.expand_item(&item, level, span)),
            None => {
                // An embedding language may know a record of that name.
                if let Some(e) = self.cx.column_hook(fields, false)? {
                    return self.expand_row(&e, span);
                }
                Err(self.missing_rte(schema, name, span))
            }
        }
    }

    fn expand_item(&mut self, item: &NsItem, level: u32, span: Span) -> Expanded {
        item.columns
            .iter()
            .filter(|c| !c.name.is_empty() && !c.hidden)
            .map(|c| (c.name.clone(), self.make_var(c, level, span), ()))
            .collect()
    }

    /// `(expr).*` (`ExpandIndirectionStar`).
    pub fn expand_indirection_star(&mut self, i: &ast::AIndirection) -> Result<Expanded> {
        let ast::AIndirection { arg, indirection } = i;
        let base = self.expr(arg)?;
        let steps = &indirection[..indirection.len().saturating_sub(1)];
        let e = self.indirection(base, steps)?;
        let at = location(&e);
        self.expand_row(&e, at)
    }

    /// A row's columns one by one (`ExpandRowReference`).
    fn expand_row(&mut self, e: &Expr, span: Span) -> Result<Expanded> {
        if let ExprKind::Var(v) = &e.kind {
            if v.attno == 0 {
                let rte = &self.level(v.level).rtable[v.rte as usize];
                let columns = crate::parse_relation::ns_columns(v.rte, &rte.columns);
                return Ok(columns
                    .iter()
                    .filter(|c| !c.name.is_empty())
                    .map(|c| (c.name.clone(), self.make_var(c, v.level, span), ()))
                    .collect());
            }
        }
        match self.tuple_columns(e)? {
            Some(columns) => Ok(columns
                .into_iter()
                .enumerate()
                .map(|(i, (name, ty, collation))| {
                    let kind = ExprKind::Field { arg: e.clone(), field: i as i16 + 1 };
                    (name, Expr::make(kind, ty, collation, span), ())
                })
                .collect()),
            None if e.ty.oid == oids::RECORD => {
                Err(err!(WRONG_OBJECT_TYPE, "record type has not been registered").at(span))
            }
            None => {
                Err(err!(WRONG_OBJECT_TYPE, "type {} is not composite", self.type_name(e.ty.oid)).at(span))
            }
        }
    }

    /// Unknown literals that nothing wanted become text (`resolveTargetListUnknowns`).
    pub fn resolve_unknowns(&mut self, targets: &mut [Target]) -> Result<()> {
        for t in targets {
            if t.expr.ty.oid == oids::UNKNOWN {
                let e = std::mem::replace(&mut t.expr, Expr::constant(tusklet_ir::Value::Null, TypeRef::new(oids::TEXT)));
                t.expr = self.coerce_type(
                    e,
                    TypeRef::new(oids::TEXT),
                    CoercionContext::Implicit,
                    CoercionForm::Implicit,
                    Span::NONE,
                )?;
            }
        }
        Ok(())
    }

    /// A list of values, with `*` expanded (`transformExpressionList`); DEFAULT passes where it may.
    pub fn expression_list(&mut self, list: &[ast::Expr], clause: Clause, allow_default: bool) -> Result<Vec<Expr>> {
        let mut out = vec![];
        for e in list {
            match e {
                ast::Expr::ColumnRef(c) if c.star => {
                    let cols = self.within(clause, |a| a.expand_column_ref_star(c))?;
                    out.extend(cols.into_iter().map(|(_, e, ())| e));
                }
                ast::Expr::Indirection(i) if matches!(i.indirection.last(), Some(ast::Indirection::Star)) => {
                    let cols = self.within(clause, |a| a.expand_indirection_star(i))?;
                    out.extend(cols.into_iter().map(|(_, e, ())| e));
                }
                ast::Expr::SetToDefault(d) if allow_default => out.push(set_to_default(d.span)),
                _ => out.push(self.transform_expr(e, clause)?),
            }
        }
        Ok(out)
    }

    /// The columns an INSERT names (`checkInsertTargets`): attribute numbers with what is written after each name.
    pub fn check_insert_targets(
        &mut self,
        rel: &Relation,
        cols: &[ast::AssignTarget],
    ) -> Result<Vec<(i16, ast::AssignTarget)>> {
        if cols.is_empty() {
            return Ok(rel
                .columns
                .iter()
                .enumerate()
                .filter(|(_, c)| !c.dropped)
                .map(|(i, c)| {
                    let t = ast::AssignTarget { name: c.name.clone(), indirection: Rc::new([]), span: Span::NONE };
                    (i as i16 + 1, t)
                })
                .collect());
        }
        let mut out: Vec<(i16, ast::AssignTarget)> = vec![];
        for c in cols {
            let Some(attno) = rel.attno(&c.name) else {
                return Err(err!(UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist"; c.name, rel.name)
                .at(c.span));
            };
            let clash = out
                .iter()
                .any(|(a, t)| *a == attno && (t.indirection.is_empty() || c.indirection.is_empty()));
            if clash {
                return Err(err!(DUPLICATE_COLUMN, "column \"{}\" specified more than once"; c.name).at(c.span));
            }
            out.push((attno, c.clone()));
        }
        Ok(out)
    }

    /// A value made ready for a column (`transformAssignedExpr`).
    pub fn transform_assigned(
        &mut self,
        expr: Expr,
        clause: Clause,
        rel: &Relation,
        attno: i16,
        target: &ast::AssignTarget,
    ) -> Result<Expr> {
        self.within(clause, |a| a.assigned(expr, rel, attno, target))
    }

    fn assigned(&mut self, mut expr: Expr, rel: &Relation, attno: i16, target: &ast::AssignTarget) -> Result<Expr> {
        let ast::AssignTarget { name, indirection, span } = target;
        let Some(column) = rel.column(attno) else { bail!(INTERNAL_ERROR, "attribute {attno} is gone") };
        let (ty, collation) = (column.ty, column.collation);
        if matches!(expr.kind, ExprKind::SetToDefault) {
            expr.ty = ty;
            expr.collation = collation;
            match indirection.first() {
                Some(ast::Indirection::Index(_) | ast::Indirection::Slice(_, _)) => {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "cannot set an array element to DEFAULT").at(*span));
                }
                Some(_) => return Err(err!(FEATURE_NOT_SUPPORTED, "cannot set a subfield to DEFAULT").at(*span)),
                None => return Ok(expr),
            }
        }
        if !indirection.is_empty() {
            let base = if self.ps().is_insert {
                self.null_of(ty, collation)?
            } else {
                let rte = self.ps().target.as_ref().map_or(0, |t| t.rte);
                Expr::make(ExprKind::Var(tusklet_ir::Var { rte, attno, level: 0 }), ty, collation, Span::NONE)
            };
            return self.assignment_indirection(base, name, false, ty, indirection, expr, *span);
        }
        let (from, at) = (expr.ty.oid, location(&expr));
        match self.coerce_to_target_type(expr, ty, CoercionContext::Assignment, CoercionForm::Implicit, Span::NONE)? {
            Some(e) => Ok(e),
            None => Err(err!(
                DATATYPE_MISMATCH,
                "column \"{name}\" is of type {} but expression is of type {}",
                self.type_name(ty.oid),
                self.type_name(from)
            )
            .hint("You will need to rewrite or cast the expression.")
            .at(at)),
        }
    }

    /// Stores into a part of a column (`transformAssignmentIndirection`). `base` is what the part is of.
    #[allow(clippy::too_many_arguments)]
    fn assignment_indirection(
        &mut self,
        base: Expr,
        name: &str,
        subscripting: bool,
        ty: TypeRef,
        steps: &[ast::Indirection],
        rhs: Expr,
        span: Span,
    ) -> Result<Expr> {
        let n = steps
            .iter()
            .take_while(|s| matches!(s, ast::Indirection::Index(_) | ast::Indirection::Slice(_, _)))
            .count();
        if n > 0 {
            return self.assignment_subscripts(base, name, ty, &steps[..n], &steps[n..], rhs, span);
        }
        match steps.first() {
            Some(ast::Indirection::Star) => {
                Err(err!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here").at(span))
            }
            Some(ast::Indirection::Field(field)) => {
                let b = self.cat.base_type_and_typmod(ty);
                let rel = self.cat.type_relation(b.oid);
                if rel == 0 {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "cannot assign to field \"{field}\" of column \"{name}\" because its type {} is not a composite type",
                        self.type_name(ty.oid)
                    )
                    .at(span));
                }
                let rel = self.cat.relation(rel).ok_or_else(|| lookup_failed("relation", rel))?;
                let live = crate::parse_relation::relation_columns(&rel);
                let Some(at) = live.iter().position(|(n, _, _)| n == field) else {
                    return Err(err!(
                        UNDEFINED_COLUMN,
                        "cannot assign to field \"{field}\" of column \"{name}\" because there is no such column in data type {}",
                        self.type_name(ty.oid)
                    )
                    .at(span));
                };
                let (_, fty, fcoll) = live[at].clone();
                let inner_base = Expr::make(ExprKind::Field { arg: base.clone(), field: at as i16 + 1 }, fty, fcoll, Span::NONE);
                let value = self.assignment_indirection(inner_base, field, false, fty, &steps[1..], rhs, span)?;
                let store = Expr::make(ExprKind::FieldStore { arg: base, values: vec![value], fields: vec![at as i16 + 1] }, TypeRef::new(b.oid), 0, Span::NONE);
                if b.oid != ty.oid {
                    return self.coerce_to_domain(
                        store,
                        Some(b),
                        ty.oid,
                        CoercionContext::Implicit,
                        CoercionForm::Implicit,
                        span,
                        false,
                    );
                }
                Ok(store)
            }
            _ => {
                let (from, at) = (rhs.ty.oid, location(&rhs));
                let done =
                    self.coerce_to_target_type(rhs, ty, CoercionContext::Assignment, CoercionForm::Implicit, Span::NONE)?;
                match done {
                    Some(e) => Ok(e),
                    None => {
                        let (to, from) = (self.type_name(ty.oid), self.type_name(from));
                        let e = if subscripting {
                            err!(
                                DATATYPE_MISMATCH,
                                "subscripted assignment to \"{}\" requires type {} but expression is of type {}";
                                name,
                                to,
                                from
                            )
                        } else {
                            err!(
                                DATATYPE_MISMATCH,
                                "subfield \"{}\" is of type {} but expression is of type {}";
                                name,
                                to,
                                from
                            )
                        };
                        let _ = at;
                        Err(e.hint("You will need to rewrite or cast the expression.").at(span))
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn assignment_subscripts(
        &mut self,
        base: Expr,
        name: &str,
        ty: TypeRef,
        subscripts: &[ast::Indirection],
        rest: &[ast::Indirection],
        rhs: Expr,
        span: Span,
    ) -> Result<Expr> {
        let container = self.container_type(ty, location(&base))?;
        let slice = subscripts.iter().any(|s| matches!(s, ast::Indirection::Slice(_, _)));
        let wanted = self.subscript_result_type(&container, slice);
        let refs: Vec<&ast::Indirection> = subscripts.iter().collect();
        let value = if rest.is_empty() {
            self.assignment_indirection(base.clone(), name, true, wanted, rest, rhs, span)?
        } else {
            let inner = self.container_subscripts(base.clone(), &refs, None)?;
            self.assignment_indirection(inner, name, true, wanted, rest, rhs, span)?
        };
        let mut e = self.container_subscripts(base, &refs, Some(value))?;
        if e.ty.oid != ty.oid && self.cat.base_type(ty.oid) != ty.oid {
            return self.coerce_to_domain(
                e,
                None,
                ty.oid,
                CoercionContext::Assignment,
                CoercionForm::Implicit,
                Span::NONE,
                false,
            );
        }
        e.ty.oid = ty.oid;
        Ok(e)
    }
}

/// DEFAULT, to be replaced when the query is rewritten.
pub fn set_to_default(span: Span) -> Expr {
    Expr::make(ExprKind::SetToDefault, TypeRef::new(oids::UNKNOWN), 0, span)
}

/// Two assignments to parts of one column: the later is done on the result of the earlier (`process_matched_tle`). Gives
/// the later one back when they cannot be combined.
pub fn combine_assignments(prev: &Expr, mut new: Expr) -> std::result::Result<Expr, Expr> {
    fn is_partial(e: &Expr) -> bool {
        match &e.kind {
            ExprKind::FieldStore { .. } => true,
            ExprKind::Subscript { assign, .. } => assign.is_some(),
            ExprKind::ToDomain { arg, .. } => is_partial(arg),
            _ => false,
        }
    }
    /// Replaces the innermost thing a store or selection is of.
    fn rebase(e: &mut Expr, onto: &Expr) {
        match &mut e.kind {
            ExprKind::ToDomain { arg, .. } | ExprKind::Relabel { arg, .. } => rebase(arg, onto),
            ExprKind::FieldStore { arg, values, .. } => {
                rebase(arg, onto);
                values.iter_mut().filter(|v| is_partial(v)).for_each(|v| rebase(v, onto));
            }
            ExprKind::Subscript { container, assign, .. } => {
                rebase(container, onto);
                if let Some(a) = assign {
                    if is_partial(a) {
                        rebase(a, onto);
                    }
                }
            }
            ExprKind::Field { arg, .. } => rebase(arg, onto),
            _ => *e = onto.clone(),
        }
    }
    if !is_partial(prev) || !is_partial(&new) {
        return Err(new);
    }
    rebase(&mut new, prev);
    Ok(new)
}

/// More columns than a row can have.
pub fn check_target_count(n: usize) -> Result<()> {
    if n > MAX_TARGETS {
        bail!(TOO_MANY_COLUMNS, "target lists can have at most {MAX_TARGETS} entries");
    }
    Ok(())
}

/// The name of an output column without AS (`FigureColname`).
pub fn figure_colname(node: &ast::Expr, done: &Expr) -> String {
    figure(node, done).map_or_else(|| "?column?".to_string(), |(n, _)| n)
}

fn figure(node: &ast::Expr, done: &Expr) -> Option<(String, u8)> {
    let strong = |s: &str| Some((s.to_string(), 2));
    match node {
        ast::Expr::ColumnRef(c) => c.fields.last().filter(|_| !c.star).and_then(|f| strong(f)),
        ast::Expr::Indirection(i) => {
            let field = i.indirection.iter().rev().find_map(|s| match s {
                ast::Indirection::Field(f) => Some(f.clone()),
                _ => None,
            });
            match field {
                Some(f) => Some((f, 2)),
                None => figure(&i.arg, done),
            }
        }
        ast::Expr::FuncCall(f) => f.funcname.last().and_then(|n| strong(n)),
        ast::Expr::AExpr(a) if a.kind == ast::AExprKind::NullIf => strong("nullif"),
        ast::Expr::TypeCast(t) => match figure(&t.arg, done) {
            Some((n, 2)) => Some((n, 2)),
            _ => t.type_name.names.last().map(|n| (n.clone(), 1)),
        },
        ast::Expr::Collate(c) => c.arg.as_ref().and_then(|a| figure(a, done)),
        ast::Expr::Grouping(_) => strong("grouping"),
        ast::Expr::SubLink(s) => match s.kind {
            ast::SubLinkType::Exists => strong("exists"),
            ast::SubLinkType::Array => strong("array"),
            ast::SubLinkType::Expr => {
                let mut name = None;
                tusklet_ir::visit::walk(done, &mut |e| {
                    if let ExprKind::SubLink(l) = &e.kind {
                        if e.span == s.span && name.is_none() {
                            name = l.query.targets.first().map(|t| t.name.clone());
                        }
                    }
                    true
                });
                name.map(|n| (n, 2))
            }
            _ => None,
        },
        ast::Expr::Case(c) => match c.defresult.as_ref().and_then(|d| figure(d, done)) {
            Some((n, 2)) => Some((n, 2)),
            _ => Some(("case".to_string(), 1)),
        },
        ast::Expr::Array(_) => strong("array"),
        ast::Expr::Row(_) => strong("row"),
        ast::Expr::Coalesce(_) => strong("coalesce"),
        ast::Expr::MinMax(m) => strong(if m.greatest { "greatest" } else { "least" }),
        ast::Expr::SqlValueFunction(s) => {
            use ast::SqlValueFunctionOp as Op;
            strong(match s.op {
                Op::CurrentDate => "current_date",
                Op::CurrentTime => "current_time",
                Op::CurrentTimestamp => "current_timestamp",
                Op::LocalTime => "localtime",
                Op::LocalTimestamp => "localtimestamp",
                Op::CurrentRole => "current_role",
                Op::CurrentUser => "current_user",
                Op::User => "user",
                Op::SessionUser => "session_user",
                Op::CurrentCatalog => "current_catalog",
                Op::CurrentSchema => "current_schema",
            })
        }
        ast::Expr::Xml(x) => match x.op {
            ast::XmlExprOp::Concat => strong("xmlconcat"),
            ast::XmlExprOp::Element => strong("xmlelement"),
            ast::XmlExprOp::Forest => strong("xmlforest"),
            ast::XmlExprOp::Parse => strong("xmlparse"),
            ast::XmlExprOp::Pi => strong("xmlpi"),
            ast::XmlExprOp::Root => strong("xmlroot"),
            ast::XmlExprOp::Document => None,
        },
        ast::Expr::XmlSerialize(_) => strong("xmlserialize"),
        ast::Expr::Const(_)
        | ast::Expr::ParamRef(_)
        | ast::Expr::AExpr(_)
        | ast::Expr::In(_)
        | ast::Expr::Between(_)
        | ast::Expr::Bool(_)
        | ast::Expr::NullTest(_)
        | ast::Expr::BooleanTest(_)
        | ast::Expr::CurrentOf(_)
        | ast::Expr::SetToDefault(_) => None,
    }
}
