//! UNION, INTERSECT, EXCEPT (`transformSetOperationStmt`).
//!
//! Each arm becomes a subquery entry. Columns of the two sides are given a common type; here, unlike in PostgreSQL, the
//! conversions are put into the arms at once, since only this crate knows how to convert.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Result, Span, bail, err};
use tusklet_ir::{
    CommandType, Expr, ExprKind, FromNode, Oid, Query, Rte, RteColumn, RteKind, SetOpKind, SetOpTree, SortClause,
    Target, TypeRef, Var,
};
use tusklet_syntax::ast;

use crate::analyze::lock_name;
use crate::parse_node::{Analyzer, Clause, NsItem, location};

/// A column of an arm: its expression (or a stand-in with the right type), and where it is if the arm is a leaf.
struct ArmColumn {
    expr: Expr,
    name: String,
    leaf: Option<(u32, usize)>,
}

impl Analyzer<'_> {
    pub fn transform_set_operation(&mut self, s: &ast::SelectStmt, _op: &ast::SetOperation) -> Result<Query> {
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
        let mut leftmost = s;
        while let ast::SelectBody::SetOp(o) = &leftmost.body {
            leftmost = &o.larg;
        }
        if let ast::SelectBody::Select(c) = &leftmost.body {
            if let Some(into) = &*c.into_clause.borrow() {
                return Err(err!(SYNTAX_ERROR, "SELECT ... INTO is not allowed here").at(into.rel.span));
            }
        }
        if let Some(l) = locking_clause.first() {
            bail!(FEATURE_NOT_SUPPORTED, "{} is not allowed with UNION/INTERSECT/EXCEPT"; lock_name(l.strength));
        }
        q.recursive = self.transform_with(with_clause.as_deref())?;
        let (mut tree, columns) = self.set_op_tree(s, true)?;
        let types: Vec<TypeRef> = columns.iter().map(|c| c.expr.ty).collect();
        self.fit_arms(&mut tree, &types)?;
        // The result's columns are named after the leftmost arm's.
        let left = leftmost_leaf(&tree);
        let mut names = vec![];
        self.ps().next_resno = 1;
        for (i, c) in columns.iter().enumerate() {
            let entry = &self.ps().rtable[left as usize];
            let name = entry.columns.get(i).map_or(String::new(), |c| c.name.clone());
            let span = match &entry.kind {
                RteKind::Subquery { query, .. } => {
                    query.targets.iter().filter(|t| !t.junk).nth(i).map_or(Span::NONE, |t| location(&t.expr))
                }
                _ => Span::NONE,
            };
            let e = Expr::make(
                ExprKind::Var(Var { rte: left, attno: i as i16 + 1, level: 0 }),
                c.expr.ty,
                c.expr.collation,
                span,
            );
            let mut t = self.make_target(e, name.clone(), false);
            t.origin = (0, 0);
            q.targets.push(t);
            names.push(name);
        }
        // ORDER BY may use output names: a passing entry makes them visible.
        let rte = Rte {
            kind: RteKind::Join {
                kind: tusklet_ir::JoinKind::Inner,
                columns: q.targets.iter().map(|t| t.expr.clone()).collect(),
                merged: 0,
                using_alias: String::new(),
            },
            alias: String::new(),
            column_aliases: vec![],
            name: "unnamed_join".into(),
            columns: q
                .targets
                .iter()
                .map(|t| RteColumn { name: t.name.clone(), ty: t.expr.ty, collation: t.expr.collation })
                .collect(),
            lateral: false,
            inherit: false,
            in_from: false,
        };
        let before = self.ps().rtable.len();
        let mut item: NsItem = self.add_rte(rte, 0);
        item.rel_visible = false;
        let saved = std::mem::replace(&mut self.ps().namespace, vec![item]);
        let width = q.targets.len();
        let sorted = self.transform_sort(sort_clause, &mut q.targets, Clause::OrderBy, false);
        self.ps().namespace = saved;
        self.ps().rtable.truncate(before);
        q.order_by = sorted?;
        if let Some(extra) = q.targets.get(width) {
            return Err(err!(FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
                .detail("Only result column names can be used, not expressions or functions.")
                .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
                .at(location(&extra.expr)));
        }
        q.with_ties = *limit_option == ast::LimitOption::WithTies;
        q.offset = self.transform_limit(limit_offset.as_ref(), Clause::Offset, "OFFSET", q.with_ties)?;
        q.limit = self.transform_limit(limit_count.as_ref(), Clause::Limit, "LIMIT", q.with_ties)?;
        q.set_op = Some(tree);
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }

    fn set_op_tree(&mut self, s: &ast::SelectStmt, top: bool) -> Result<(SetOpTree, Vec<ArmColumn>)> {
        let op = match &s.body {
            ast::SelectBody::SetOp(op) => {
                let decorated = s.with_clause.is_some()
                    || !s.sort_clause.is_empty()
                    || s.limit_offset.is_some()
                    || s.limit_count.is_some()
                    || !s.locking_clause.is_empty();
                if decorated && !top { None } else { Some(op) }
            }
            ast::SelectBody::Select(_) | ast::SelectBody::Values(_) => None,
        };
        let Some(op) = op else { return self.set_op_leaf(s, top) };
        let ast::SetOperation { op: kind, all, larg, rarg, span: _ } = &**op;
        let (kind, context) = match kind {
            ast::SetOp::Union => (SetOpKind::Union, "UNION"),
            ast::SetOp::Intersect => (SetOpKind::Intersect, "INTERSECT"),
            ast::SetOp::Except => (SetOpKind::Except, "EXCEPT"),
        };
        let (left, lcols) = self.set_op_tree(larg, false)?;
        if top && self.ps().parent_cte.is_some() {
            let columns = lcols
                .iter()
                .map(|c| RteColumn { name: c.name.clone(), ty: c.expr.ty, collation: c.expr.collation })
                .collect();
            self.set_recursive_columns(columns)?;
        }
        let (right, rcols) = self.set_op_tree(rarg, false)?;
        if lcols.len() != rcols.len() {
            let at = rcols.first().map_or(Span::NONE, |c| location(&c.expr));
            return Err(err!(SYNTAX_ERROR, "each {} query must have the same number of columns"; context).at(at));
        }
        let keep_duplicates = kind == SetOpKind::Union && *all;
        let mut columns = vec![];
        let mut group = vec![];
        let mut out = vec![];
        for (l, r) in lcols.into_iter().zip(rcols) {
            let pair = [(l.expr.ty.oid, location(&l.expr)), (r.expr.ty.oid, location(&r.expr))];
            let ty = self.select_common_type(&pair, Some(context))?;
            // Point at the side that decided the type.
            let best = if pair[0].0 == ty || self.cat.base_type(pair[0].0) == ty { pair[0].1 } else { pair[1].1 };
            let name = l.name.clone();
            let le = self.check_arm(l, ty, context)?;
            let re = self.check_arm(r, ty, context)?;
            let typmod = Self::common_typmod(&[&le, &re], ty);
            let collation = self.common_collation(&mut [le, re], keep_duplicates)?;
            let ty = TypeRef { oid: ty, typmod };
            if !keep_duplicates {
                let recursive = self.is_recursive_body() && top;
                let o = self.sort_group_operators(ty.oid, false, true, false).map_err(|e| e.at(best))?;
                let _ = recursive;
                group.push(SortClause {
                    target: out.len() as u32 + 1,
                    eq_op: o.eq,
                    sort_op: o.lt,
                    cmp: o.cmp,
                    desc: false,
                    nulls_first: false,
                });
            }
            columns.push(RteColumn { name: name.clone(), ty, collation });
            let expr = Expr::make(ExprKind::SetToDefault, ty, collation, best);
            out.push(ArmColumn { expr, name, leaf: None });
        }
        let tree = SetOpTree::Op { kind, all: *all, left: Box::new(left), right: Box::new(right), columns, group };
        Ok((tree, out))
    }

    fn is_recursive_body(&mut self) -> bool {
        let Some(i) = self.ps().parent_cte else { return false };
        self.states.len() > 1 && self.level(1).ctes.get(i).is_some_and(|c| c.cte.recursive)
    }

    fn set_op_leaf(&mut self, s: &ast::SelectStmt, _top: bool) -> Result<(SetOpTree, Vec<ArmColumn>)> {
        if let ast::SelectBody::Select(c) = &s.body {
            if let Some(into) = &*c.into_clause.borrow() {
                return Err(err!(SYNTAX_ERROR, "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT")
                    .at(into.rel.span));
            }
        }
        let q = self.sub_analyze_select(s, false, false)?;
        let cols: Vec<(usize, Expr, String)> = q
            .targets
            .iter()
            .enumerate()
            .filter(|(_, t)| !t.junk)
            .map(|(i, t)| (i, t.expr.clone(), t.name.clone()))
            .collect();
        let name = format!("*SELECT* {}", self.ps().rtable.len() + 1);
        let item = self.add_subquery(q, None, &name, false, false)?;
        let out = cols.into_iter().map(|(i, expr, name)| ArmColumn { expr, name, leaf: Some((item.rte, i)) }).collect();
        Ok((SetOpTree::Leaf(item.rte), out))
    }

    /// That an arm's column can be converted; an untyped literal or parameter is, in place.
    fn check_arm(&mut self, c: ArmColumn, ty: Oid, context: &str) -> Result<Expr> {
        let ArmColumn { expr, name: _, leaf } = c;
        if expr.ty.oid != oids::UNKNOWN {
            let span = location(&expr);
            if expr.ty.oid == ty {
                return Ok(expr);
            }
            // Only whether and to what matters here; the arm itself is fitted later.
            let stand_in = Expr::make(ExprKind::CaseTest, expr.ty, expr.collation, span);
            return self.coerce_to_common_type(stand_in, ty, context);
        }
        if !matches!(expr.kind, ExprKind::Const(_) | ExprKind::Param(_)) {
            return Ok(expr);
        }
        let mut done = self.coerce_to_common_type(expr, ty, context)?;
        self.assign_expr_collations(&mut done)?;
        if let Some((rte, i)) = leaf {
            let entry = &mut self.ps().rtable[rte as usize];
            if let RteKind::Subquery { query, .. } = &mut entry.kind {
                query.targets[i].expr = done.clone();
                let at = query.targets[..i].iter().filter(|t| !t.junk).count();
                if let Some(col) = entry.columns.get_mut(at) {
                    col.ty = done.ty;
                    col.collation = done.collation;
                }
            }
        }
        Ok(done)
    }

    /// Makes the arms give exactly the wanted types.
    fn fit_arms(&mut self, tree: &mut SetOpTree, wanted: &[TypeRef]) -> Result<()> {
        match tree {
            SetOpTree::Leaf(rte) => self.fit_leaf(*rte, wanted),
            SetOpTree::Op { kind, all, left, right, columns, .. } => {
                let own: Vec<TypeRef> = columns.iter().map(|c| c.ty).collect();
                let same = own.iter().zip(wanted).all(|(a, b)| a.oid == b.oid);
                if same || (*kind == SetOpKind::Union && *all) {
                    let target = if same { own } else { wanted.to_vec() };
                    for (c, w) in columns.iter_mut().zip(&target) {
                        c.ty = *w;
                        c.collation = if self.cat.type_collation(w.oid) == 0 {
                            0
                        } else if c.collation == 0 {
                            self.cat.type_collation(w.oid)
                        } else {
                            c.collation
                        };
                    }
                    self.fit_arms(left, &target)?;
                    return self.fit_arms(right, &target);
                }
                // Duplicates are told apart by this operation's own types, so it becomes a subquery of its own.
                let (l, _) = (own.clone(), ());
                self.fit_arms(left, &l)?;
                self.fit_arms(right, &l)?;
                let inner = self.subquery_of_tree(tree);
                let name = format!("*SELECT* {}", self.ps().rtable.len() + 1);
                let item = self.add_subquery(inner, None, &name, false, false)?;
                *tree = SetOpTree::Leaf(item.rte);
                self.fit_leaf(item.rte, wanted)
            }
        }
    }

    fn subquery_of_tree(&mut self, tree: &SetOpTree) -> Query {
        let mut q = Query::new(CommandType::Select);
        let mut map = vec![];
        let moved = self.move_tree(tree, &mut q.rtable, &mut map);
        if let SetOpTree::Op { columns, .. } = &moved {
            let left = leftmost_leaf(&moved);
            for (i, c) in columns.iter().enumerate() {
                q.targets.push(Target {
                    expr: Expr::make(
                        ExprKind::Var(Var { rte: left, attno: i as i16 + 1, level: 0 }),
                        c.ty,
                        c.collation,
                        Span::NONE,
                    ),
                    name: c.name.clone(),
                    attno: i as i16 + 1,
                    sort_ref: 0,
                    junk: false,
                    origin: (0, 0),
                });
            }
        }
        // What the arms refer to outside is now one level further out.
        for r in &mut q.rtable {
            if let RteKind::Subquery { query, .. } = &mut r.kind {
                increment_levels(query, 1);
            }
        }
        q.set_op = Some(moved);
        q
    }

    fn move_tree(&mut self, tree: &SetOpTree, rtable: &mut Vec<Rte>, map: &mut Vec<u32>) -> SetOpTree {
        match tree {
            SetOpTree::Leaf(rte) => {
                rtable.push(self.ps().rtable[*rte as usize].clone());
                map.push(*rte);
                SetOpTree::Leaf(rtable.len() as u32 - 1)
            }
            SetOpTree::Op { kind, all, left, right, columns, group } => SetOpTree::Op {
                kind: *kind,
                all: *all,
                left: Box::new(self.move_tree(left, rtable, map)),
                right: Box::new(self.move_tree(right, rtable, map)),
                columns: columns.clone(),
                group: group.clone(),
            },
        }
    }

    fn fit_leaf(&mut self, rte: u32, wanted: &[TypeRef]) -> Result<()> {
        let entry = self.ps().rtable[rte as usize].clone();
        let RteKind::Subquery { mut query, view } = entry.kind.clone() else { return Ok(()) };
        let differs: Vec<bool> = entry.columns.iter().zip(wanted).map(|(c, w)| c.ty.oid != w.oid).collect();
        if !differs.contains(&true) {
            return Ok(());
        }
        // The conversion goes into the arm's own list when nothing there looks at the value.
        let simple = query.set_op.is_none()
            && query.distinct.is_none()
            && query.targets.iter().filter(|t| !t.junk).zip(&differs).all(|(t, d)| !d || t.sort_ref == 0)
            && !query.has_srfs;
        if !simple {
            let mut outer = Query::new(CommandType::Select);
            increment_levels(&mut query, 1);
            for (i, c) in entry.columns.iter().enumerate() {
                outer.targets.push(Target {
                    expr: Expr::make(
                        ExprKind::Var(Var { rte: 0, attno: i as i16 + 1, level: 0 }),
                        c.ty,
                        c.collation,
                        Span::NONE,
                    ),
                    name: c.name.clone(),
                    attno: i as i16 + 1,
                    sort_ref: 0,
                    junk: false,
                    origin: (0, 0),
                });
            }
            outer.from = vec![FromNode::Ref(0)];
            let mut inner = entry.clone();
            inner.kind = RteKind::Subquery { query, view };
            inner.in_from = true;
            outer.rtable = vec![inner];
            query = Box::new(outer);
        }
        let mut columns = entry.columns.clone();
        let mut n = 0;
        for t in query.targets.iter_mut().filter(|t| !t.junk) {
            let (Some(w), Some(d)) = (wanted.get(n), differs.get(n)) else { break };
            if *d {
                let e = std::mem::replace(&mut t.expr, Expr::constant(tusklet_ir::Value::Null, *w));
                let mut e = self.coerce_to_common_type(e, w.oid, "UNION")?;
                self.assign_expr_collations(&mut e)?;
                columns[n].ty = e.ty;
                columns[n].collation = e.collation;
                t.expr = e;
                t.origin = (0, 0);
            }
            n += 1;
        }
        let entry = &mut self.ps().rtable[rte as usize];
        entry.kind = RteKind::Subquery { query, view };
        entry.columns = columns;
        Ok(())
    }
}

fn leftmost_leaf(tree: &SetOpTree) -> u32 {
    match tree {
        SetOpTree::Leaf(r) => *r,
        SetOpTree::Op { left, .. } => leftmost_leaf(left),
    }
}

/// Puts a query `by` levels further in: references out of it grow (`IncrementVarSublevelsUp`).
pub fn increment_levels(q: &mut Query, by: u32) {
    tusklet_ir::visit::walk_levels_mut(q, 0, &mut |e, depth| match &mut e.kind {
        ExprKind::Var(v) if v.level > depth => v.level += by,
        ExprKind::Aggregate(a) if a.level > depth => a.level += by,
        ExprKind::Grouping { level, .. } if *level > depth => *level += by,
        _ => {}
    });
    cte_levels(q, 0, by);
}

fn cte_levels(q: &mut Query, depth: u32, by: u32) {
    for r in &mut q.rtable {
        if let RteKind::Cte { level, .. } = &mut r.kind {
            if *level > depth {
                *level += by;
            }
        }
    }
    tusklet_ir::visit::subqueries_mut(q, &mut |s| cte_levels(s, depth + 1, by));
}
