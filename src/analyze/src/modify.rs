//! INSERT, UPDATE, DELETE (the rest of `analyze.c`) and the arbiter of ON CONFLICT (`plancat.c`'s `infer_arbiter_indexes`).

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{ConstraintKind, FIRST_USER_OID, RelKind, Relation};
use tusklet_error::{Error, Result, Span, bail, err};
use tusklet_ir::{
    CommandType, Expr, ExprKind, FromNode, OnConflict, Overriding, Param, Query, Rte, RteColumn, RteKind, SubLink,
    SubLinkKind, Target, TypeRef, Var,
};
use tusklet_syntax::ast;

use crate::equal::equal;
use crate::parse_node::{Analyzer, Clause, location};
use crate::parse_target::{combine_assignments, set_to_default};

impl Analyzer<'_> {
    pub fn transform_insert(&mut self, s: &ast::InsertStmt) -> Result<Query> {
        let ast::InsertStmt {
            with_clause,
            relation,
            cols,
            overriding,
            select_stmt,
            on_conflict_clause,
            returning_list,
            span,
        } = s;
        let mut q = Query::new(CommandType::Insert);
        q.span = *span;
        q.recursive = self.transform_with(with_clause.as_deref())?;
        self.ps().is_insert = true;
        q.overriding = overriding_kind(*overriding);
        let (rel, rte) = self.set_target_table(relation, false, false)?;
        q.result_rel = Some(rte);
        let columns = self.check_insert_targets(&rel, cols)?;
        let named = !cols.is_empty();
        let exprs = match select_stmt.as_deref() {
            None => vec![],
            Some(sel) => match &sel.body {
                ast::SelectBody::Values(rows)
                    if sel.with_clause.is_none()
                        && sel.sort_clause.is_empty()
                        && sel.limit_count.is_none()
                        && sel.limit_offset.is_none()
                        && sel.locking_clause.is_empty() =>
                {
                    if let [row] = rows.as_slice() {
                        let list = self.expression_list(row, Clause::ValuesSingle, true)?;
                        self.insert_row(list, named, &rel, &columns, false)?
                    } else {
                        self.insert_values(rows, named, &rel, &columns, &mut q)?
                    }
                }
                _ => self.insert_select(sel, named, &rel, &columns, &mut q)?,
            },
        };
        for (e, (attno, t)) in exprs.into_iter().zip(&columns) {
            add_assignment(&mut q.targets, e, *attno, &t.name)?;
        }
        if on_conflict_clause.is_some() || !returning_list.is_empty() {
            let target = self.ps().target.clone();
            self.ps().namespace = target.into_iter().collect();
        }
        if let Some(c) = on_conflict_clause {
            q.on_conflict = Some(Box::new(self.transform_on_conflict(c, &rel, relation)?));
        }
        q.returning = self.transform_returning(returning_list)?;
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }

    fn insert_values(
        &mut self,
        rows: &[Vec<ast::Expr>],
        named: bool,
        rel: &Rc<Relation>,
        columns: &[(i16, ast::AssignTarget)],
        q: &mut Query,
    ) -> Result<Vec<Expr>> {
        if let Some((literals, types)) = self.literal_rows(rows, named, rel, columns) {
            return self.insert_from_rows(RteKind::Literals(literals), types, named, rel, columns, q);
        }
        let mut lists: Vec<Vec<Expr>> = vec![];
        let mut width = None;
        for r in rows {
            let list = self.expression_list(r, Clause::Values, true)?;
            if width.is_some_and(|w| w != list.len()) {
                let at = list.first().map_or(Span::NONE, location);
                return Err(err!(SYNTAX_ERROR, "VALUES lists must all be the same length").at(at));
            }
            width = Some(list.len());
            let mut list = self.insert_row(list, named, rel, columns, true)?;
            for e in &mut list {
                self.assign_expr_collations(e)?;
            }
            lists.push(list);
        }
        let types: Vec<RteColumn> = lists.first().map_or(vec![], |l| {
            l.iter()
                .enumerate()
                .map(|(i, e)| RteColumn { name: format!("column{}", i + 1), ty: e.ty, collation: e.collation })
                .collect()
        });
        self.insert_from_rows(RteKind::Values { rows: lists }, types, named, rel, columns, q)
    }

    /// The rows of VALUES as the entry the target list takes its columns from.
    fn insert_from_rows(
        &mut self,
        kind: RteKind,
        types: Vec<RteColumn>,
        named: bool,
        rel: &Rc<Relation>,
        columns: &[(i16, ast::AssignTarget)],
        q: &mut Query,
    ) -> Result<Vec<Expr>> {
        let n = types.len();
        let item = self.add_rte(
            Rte {
                kind,
                alias: String::new(),
                column_aliases: vec![],
                name: "*VALUES*".into(),
                columns: types,
                lateral: false,
                inherit: false,
                in_from: true,
            },
            0,
        );
        q.from = vec![FromNode::Ref(item.rte)];
        let vars: Vec<Expr> = item.columns.iter().take(n).map(|c| self.make_var(c, 0, Span::NONE)).collect();
        self.insert_row(vars, named, rel, columns, false)
    }

    fn insert_select(
        &mut self,
        sel: &ast::SelectStmt,
        named: bool,
        rel: &Rc<Relation>,
        columns: &[(i16, ast::AssignTarget)],
        q: &mut Query,
    ) -> Result<Vec<Expr>> {
        let sub = self.sub_analyze_select(sel, false, false)?;
        let outputs: Vec<Expr> = sub.targets.iter().filter(|t| !t.junk).map(|t| t.expr.clone()).collect();
        let item = self.add_subquery(sub, None, "*SELECT*", false, true)?;
        q.from = vec![FromNode::Ref(item.rte)];
        let mut exprs = vec![];
        for (i, out) in outputs.into_iter().enumerate() {
            let untyped = out.ty.oid == oids::UNKNOWN && matches!(out.kind, ExprKind::Const(_) | ExprKind::Param(_));
            exprs.push(if untyped {
                // Taken up as it is, so that it gets the column's type.
                out
            } else {
                Expr::make(ExprKind::Var(Var { rte: item.rte, attno: i as i16 + 1, level: 0 }), out.ty, out.collation, location(&out))
            });
        }
        let exprs = self.insert_row(exprs, named, rel, columns, false)?;
        // Literals that were taken up leave untyped columns behind.
        let mut text = vec![];
        if let RteKind::Subquery { query, .. } = &mut self.ps().rtable[item.rte as usize].kind {
            text = std::mem::take(&mut query.targets);
        }
        for t in &mut text {
            if let ExprKind::Param(Param::External(n)) = t.expr.kind {
                if t.expr.ty.oid == oids::UNKNOWN {
                    if let Some(ty) = self.params.types.get(n as usize - 1).copied().filter(|t| *t != oids::UNKNOWN && *t != 0) {
                        t.expr.ty = TypeRef::new(ty);
                        t.expr.collation = self.cat.type_collation(ty);
                    }
                }
            }
        }
        self.resolve_unknowns(&mut text)?;
        let entry = &mut self.ps().rtable[item.rte as usize];
        for (c, t) in entry.columns.iter_mut().zip(text.iter().filter(|t| !t.junk)) {
            c.ty = t.expr.ty;
            c.collation = t.expr.collation;
        }
        if let RteKind::Subquery { query, .. } = &mut entry.kind {
            query.targets = text;
        }
        Ok(exprs)
    }

    /// Values made ready for the columns (`transformInsertRow`); with `strip`, without storing into parts of columns.
    fn insert_row(
        &mut self,
        exprs: Vec<Expr>,
        named: bool,
        rel: &Rc<Relation>,
        columns: &[(i16, ast::AssignTarget)],
        strip: bool,
    ) -> Result<Vec<Expr>> {
        if exprs.len() > columns.len() {
            return Err(err!(SYNTAX_ERROR, "INSERT has more expressions than target columns")
                .at(location(&exprs[columns.len()])));
        }
        if named && exprs.len() < columns.len() {
            let row = match exprs.as_slice() {
                [e] => match &e.kind {
                    ExprKind::Row { fields, .. } => fields.len(),
                    _ => self.tuple_columns(e)?.map_or(0, |c| c.len()),
                },
                _ => 0,
            };
            let e = err!(SYNTAX_ERROR, "INSERT has more target columns than expressions").at(columns[exprs.len()].1.span);
            return Err(if row == columns.len() {
                e.hint(
                    "The insertion source is a row expression containing the same number of columns expected by the INSERT. Did you accidentally use extra parentheses?",
                )
            } else {
                e
            });
        }
        let mut out = vec![];
        for (e, (attno, t)) in exprs.into_iter().zip(columns) {
            let mut e = self.transform_assigned(e, Clause::InsertTarget, rel, *attno, t)?;
            if strip {
                loop {
                    e = match &mut e.kind {
                        ExprKind::FieldStore { values, .. } if !values.is_empty() => values.swap_remove(0),
                        ExprKind::Subscript { assign, .. } if assign.is_some() => match assign.take() {
                            Some(a) => a,
                            None => break,
                        },
                        _ => break,
                    };
                }
            }
            out.push(e);
        }
        Ok(out)
    }

    pub fn transform_update(&mut self, s: &ast::UpdateStmt) -> Result<Query> {
        let ast::UpdateStmt { with_clause, relation, target_list, from_clause, where_clause, returning_list, span } = s;
        let mut q = Query::new(CommandType::Update);
        q.span = *span;
        q.recursive = self.transform_with(with_clause.as_deref())?;
        let (rel, rte) = self.set_target_table(relation, relation.inh, true)?;
        q.result_rel = Some(rte);
        let from = self.with_hidden_target(|a| a.transform_from(from_clause))?;
        q.from = vec![FromNode::Ref(rte)];
        q.from.extend(from);
        q.filter = self.transform_where(where_clause.as_ref(), Clause::Where, "WHERE")?;
        q.returning = self.transform_returning(returning_list)?;
        q.targets = self.update_targets(target_list, &rel)?;
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }

    /// SET (`transformUpdateTargetList`).
    pub fn update_targets(&mut self, list: &[ast::SetClause], rel: &Rc<Relation>) -> Result<Vec<Target>> {
        // All sources first, then the assignments, so that errors come in PostgreSQL's order.
        let mut pairs: Vec<(&ast::AssignTarget, Expr)> = vec![];
        for c in list {
            match c {
                ast::SetClause::Single { target, val } => {
                    let e = match val {
                        ast::Expr::SetToDefault(d) => set_to_default(d.span),
                        _ => self.transform_expr(val, Clause::UpdateSource)?,
                    };
                    pairs.push((target, e));
                }
                ast::SetClause::Multi { targets, source } => {
                    let values = self.multi_assign(targets.len(), source)?;
                    pairs.extend(targets.iter().zip(values));
                }
            }
        }
        let mut out: Vec<Target> = vec![];
        for (t, e) in pairs {
            let Some(attno) = rel.attno(&t.name) else {
                if builtin::system_attribute(&t.name).is_some() {
                    return Err(
                        err!(FEATURE_NOT_SUPPORTED, "cannot assign to system column \"{}\""; t.name).at(t.span)
                    );
                }
                let e = err!(UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist"; t.name, rel.name);
                return Err(e.at(t.span));
            };
            let e = self.transform_assigned(e, Clause::UpdateTarget, rel, attno, t)?;
            add_assignment(&mut out, e, attno, &t.name)?;
        }
        Ok(out)
    }

    /// `(a, b) = …`: one value for each.
    fn multi_assign(&mut self, n: usize, source: &ast::Expr) -> Result<Vec<Expr>> {
        let wrong = |at: Span| err!(SYNTAX_ERROR, "number of columns does not match number of values").at(at);
        match source {
            ast::Expr::SubLink(s) if matches!(s.kind, ast::SubLinkType::Expr) => {
                self.ps().has_sublinks = true;
                let query = self.within(Clause::UpdateSource, |a| a.sub_select(&s.subselect))?;
                let outputs: Vec<(TypeRef, u32)> =
                    query.targets.iter().filter(|t| !t.junk).map(|t| (t.expr.ty, t.expr.collation)).collect();
                if outputs.len() != n {
                    return Err(wrong(s.span));
                }
                self.ps().sublink_id += 1;
                let id = self.ps().sublink_id;
                Ok(outputs
                    .into_iter()
                    .enumerate()
                    .map(|(i, (ty, collation))| {
                        let test = Expr::make(ExprKind::Param(Param::SubLink(i as u32 + 1)), ty, collation, Span::NONE);
                        Expr::make(ExprKind::SubLink(Box::new(SubLink {
                                kind: SubLinkKind::Multi,
                                test: Some(test),
                                op_name: String::new(),
                                query: query.clone(),
                                id,
                            })), ty, collation, s.span)
                    })
                    .collect())
            }
            ast::Expr::Row(r) => {
                let values = self.expression_list(&r.args, Clause::UpdateSource, true)?;
                if values.len() != n {
                    return Err(wrong(r.span));
                }
                Ok(values)
            }
            _ => Err(err!(
                FEATURE_NOT_SUPPORTED,
                "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression"
            )
            .at(source.location())),
        }
    }

    pub fn transform_delete(&mut self, s: &ast::DeleteStmt) -> Result<Query> {
        let ast::DeleteStmt { with_clause, relation, using_clause, where_clause, returning_list, span } = s;
        let mut q = Query::new(CommandType::Delete);
        q.span = *span;
        q.recursive = self.transform_with(with_clause.as_deref())?;
        let (_, rte) = self.set_target_table(relation, relation.inh, true)?;
        q.result_rel = Some(rte);
        let from = self.with_hidden_target(|a| a.transform_from(using_clause))?;
        q.from = vec![FromNode::Ref(rte)];
        q.from.extend(from);
        q.filter = self.transform_where(where_clause.as_ref(), Clause::Where, "WHERE")?;
        q.returning = self.transform_returning(returning_list)?;
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }

    /// ON CONFLICT (`transformOnConflictClause`).
    fn transform_on_conflict(
        &mut self,
        c: &ast::OnConflictClause,
        rel: &Rc<Relation>,
        relation: &ast::RangeVar,
    ) -> Result<OnConflict> {
        let ast::OnConflictClause { infer, action, span } = c;
        let update = matches!(action, ast::OnConflictAction::Update { .. });
        if update && infer.is_none() {
            return Err(
                err!(SYNTAX_ERROR, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
                    .hint("For example, ON CONFLICT (column_name).")
                    .at(*span),
            );
        }
        if rel.oid < FIRST_USER_OID {
            return Err(err!(FEATURE_NOT_SUPPORTED, "ON CONFLICT is not supported with system catalog tables").at(*span));
        }
        let mut out = OnConflict {
            update,
            arbiters: vec![],
            set: vec![],
            filter: None,
            excluded: 0,
            constraint: 0,
            elements: vec![],
            predicate: None,
        };
        if let Some(i) = infer {
            self.infer_arbiter(i, rel, &mut out)?;
        }
        if let ast::OnConflictAction::Update { target_list, where_clause } = action {
            self.ps().is_insert = false;
            let alias = ast::Alias { aliasname: "excluded".into(), colnames: vec![] };
            let item = self.add_relation(rel, Some(&alias), false, false)?;
            out.excluded = item.rte;
            let saved = self.ps().namespace.clone();
            self.check_namespace_conflicts(&saved, std::slice::from_ref(&item)).map_err(|e| e.at(relation.span))?;
            self.ps().namespace.push(item);
            out.set = self.update_targets(target_list, rel)?;
            out.filter = self.transform_where(where_clause.as_ref(), Clause::Where, "WHERE")?;
            self.ps().namespace = saved;
        }
        Ok(out)
    }

    fn infer_arbiter(&mut self, i: &ast::InferClause, rel: &Rc<Relation>, out: &mut OnConflict) -> Result<()> {
        let ast::InferClause { index_elems, where_clause, conname, span } = i;
        if let Some(name) = conname {
            let Some(c) = rel.constraints.iter().find(|c| c.name == *name) else {
                bail!(UNDEFINED_OBJECT, "constraint \"{}\" for table \"{}\" does not exist"; name, rel.name);
            };
            let index = match &c.kind {
                ConstraintKind::Primary(i) | ConstraintKind::Unique(i) => *i,
                ConstraintKind::Exclude { index, .. } => {
                    if out.update {
                        bail!(WRONG_OBJECT_TYPE, "ON CONFLICT DO UPDATE not supported with exclusion constraints");
                    }
                    *index
                }
                ConstraintKind::Check(_) | ConstraintKind::Foreign(_) | ConstraintKind::Trigger => {
                    bail!(WRONG_OBJECT_TYPE, "constraint in ON CONFLICT clause has no associated index");
                }
            };
            if c.deferrable {
                let schema = self.cat.schema_name(rel.schema).unwrap_or_default();
                return Err(err!(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
                )
                .table(schema, rel.name.clone())
                .constraint(c.name.clone()));
            }
            out.constraint = c.oid;
            out.arbiters = vec![index];
            return Ok(());
        }
        // Only the target's own columns are visible, unqualified.
        let saved = self.ps().namespace.clone();
        for n in &mut self.ps().namespace {
            n.rel_visible = false;
        }
        let done = self.infer_elements(index_elems, where_clause.as_ref(), *span, out);
        self.ps().namespace = saved;
        let wanted = done?;
        let mut arbiters = vec![];
        for oid in &rel.indexes {
            let Some(index_rel) = self.cat.relation(*oid) else { continue };
            let Some(ix) = &index_rel.index else { continue };
            if !ix.unique || !ix.immediate || !ix.valid {
                continue;
            }
            let keys = &ix.columns[..(ix.keys as usize).min(ix.columns.len())];
            let matches_one = |k: &tusklet_catalog::live::IndexColumn, w: &(Expr, u32, u32)| {
                let (e, collation, opclass) = w;
                let same = match (&k.expr, &e.kind) {
                    (None, ExprKind::Var(v)) => v.attno == k.attno,
                    (Some(x), _) => equal(&rebased(x, self_rte(e)), e),
                    (None, _) => false,
                };
                same && (*collation == 0 || *collation == k.collation) && (*opclass == 0 || *opclass == k.opclass)
            };
            let all_keys = keys.iter().all(|k| wanted.iter().any(|w| matches_one(k, w)));
            let all_wanted = wanted.iter().all(|w| keys.iter().any(|k| matches_one(k, w)));
            if !all_keys || !all_wanted {
                continue;
            }
            let implied = match (&ix.predicate, &out.predicate) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(p), Some(given)) => {
                    let p = rebased(p, self_rte(given));
                    let parts: Vec<&Expr> = match &given.kind {
                        ExprKind::And(v) => v.iter().collect(),
                        _ => vec![given],
                    };
                    equal(&p, given) || parts.iter().any(|g| equal(&p, g))
                }
            };
            if implied {
                arbiters.push(*oid);
            }
        }
        if arbiters.is_empty() && !matches!(rel.kind, RelKind::View) {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification"
            );
        }
        out.arbiters = arbiters;
        Ok(())
    }

    fn infer_elements(
        &mut self,
        elems: &[ast::IndexElem],
        filter: Option<&ast::Expr>,
        infer: Span,
        out: &mut OnConflict,
    ) -> Result<Vec<(Expr, u32, u32)>> {
        let mut wanted = vec![];
        for e in elems {
            let ast::IndexElem { key, collation, opclass, opclassopts, ordering, nulls_ordering, span } = e;
            if *ordering != ast::SortByDir::Default {
                return Err(
                    err!(INVALID_COLUMN_REFERENCE, "ASC/DESC is not allowed in ON CONFLICT clause").at(infer)
                );
            }
            if *nulls_ordering != ast::SortByNulls::Default {
                return Err(
                    err!(INVALID_COLUMN_REFERENCE, "NULLS FIRST/LAST is not allowed in ON CONFLICT clause").at(infer)
                );
            }
            if !opclassopts.is_empty() {
                return Err(Error::unsupported("operator class options in ON CONFLICT").at(*span));
            }
            let column;
            let raw = match key {
                ast::IndexKey::Column(name) => {
                    let fields = vec![name.clone()];
                    column = ast::Expr::ColumnRef(ast::ColumnRef { fields, star: false, span: infer });
                    &column
                }
                ast::IndexKey::Expr(e) => e,
            };
            let mut x = self.transform_expr(raw, Clause::IndexExpression)?;
            self.assign_expr_collations(&mut x)?;
            let coll = match collation {
                Some(c) => self.lookup_collation(c, *span)?,
                None => 0,
            };
            let class = match opclass {
                Some(c) => {
                    let (schema, name) = self.deconstruct(c, *span)?;
                    self.cat
                        .lookup_opclass(&self.path, schema, oids::AM_BTREE, name)
                        .ok_or_else(|| {
                            err!(
                                UNDEFINED_OBJECT,
                                "operator class \"{}\" does not exist for access method \"btree\"";
                                c.join(".")
                            )
                        })?
                }
                None => 0,
            };
            out.elements.push(x.clone());
            wanted.push((x, coll, class));
        }
        if let Some(f) = filter {
            let e = self.transform_where(Some(f), Clause::IndexPredicate, "WHERE")?;
            out.predicate = e;
            if let Some(p) = &mut out.predicate {
                self.assign_expr_collations(p)?;
            }
        }
        Ok(wanted)
    }
}

fn self_rte(e: &Expr) -> u32 {
    let mut rte = 0;
    tusklet_ir::visit::walk(e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind {
            rte = v.rte;
        }
        true
    });
    rte
}

/// A stored expression over a table, with the table at another place of the range table.
pub fn rebased(e: &Expr, rte: u32) -> Expr {
    let mut e = e.clone();
    tusklet_ir::visit::expr_levels_mut(&mut e, 0, &mut |x, depth| {
        if let ExprKind::Var(v) = &mut x.kind {
            if v.level == depth {
                v.rte = rte;
            }
        }
    });
    e
}

pub fn overriding_kind(o: ast::OverridingKind) -> Overriding {
    match o {
        ast::OverridingKind::NotSet => Overriding::None,
        ast::OverridingKind::UserValue => Overriding::User,
        ast::OverridingKind::SystemValue => Overriding::System,
    }
}

/// Adds an assignment; two to parts of one column become one.
pub fn add_assignment(targets: &mut Vec<Target>, expr: Expr, attno: i16, name: &str) -> Result<()> {
    if let Some(t) = targets.iter_mut().find(|t| t.attno == attno) {
        match combine_assignments(&t.expr, expr) {
            Ok(e) => t.expr = e,
            Err(_) => bail!(SYNTAX_ERROR, "multiple assignments to same column \"{}\""; name),
        }
        return Ok(());
    }
    targets.push(Target { expr, name: name.to_string(), attno, sort_ref: 0, junk: false, origin: (0, 0) });
    Ok(())
}
