//! FROM, WHERE, LIMIT, and the sort and group lists (`parse_clause.c`). Windows and grouping are in `parse_window.rs` and
//! `parse_group.rs`.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Relation, TypeEntryKind};
use tusklet_error::{Result, Span, bail, err};
use tusklet_ir::{
    CoercionForm, Distinct, Expr, ExprKind, FromNode, JoinKind, Oid, RangeFunction, Rte, RteColumn, RteKind, SortClause,
    TableSample, Target, TypeRef,
};
use tusklet_syntax::ast;

use crate::equal::equal;
use crate::parse_coerce::CoercionContext;
use crate::parse_expr::contains_own_vars;
use crate::parse_node::{Analyzer, Clause, NsColumn, NsItem, location};
use crate::parse_oper::op_named;
use crate::parse_target::figure_colname;

/// A FROM item done: its node, the item that stands for all of it, and what it makes visible.
type FromDone = (FromNode, NsItem, Vec<NsItem>);

impl Analyzer<'_> {
    /// FROM; the namespace of the level holds its names afterwards (`transformFromClause`).
    pub fn transform_from(&mut self, list: &[ast::FromItem]) -> Result<Vec<FromNode>> {
        let mut out = vec![];
        for item in list {
            let (node, _, mut names) = self.from_item(item)?;
            let have = self.ps().namespace.clone();
            self.check_namespace_conflicts(&have, &names)?;
            set_lateral(&mut names, true, true);
            self.ps().namespace.extend(names);
            out.push(node);
        }
        set_lateral(&mut self.ps().namespace, false, true);
        Ok(out)
    }

    fn from_item(&mut self, item: &ast::FromItem) -> Result<FromDone> {
        let ns = match item {
            ast::FromItem::RangeVar(r) => self.range_var(r)?,
            ast::FromItem::Subselect(s) => self.range_subselect(s)?,
            ast::FromItem::Function(f) => self.range_function(f)?,
            ast::FromItem::TableSample(t) => return self.table_sample(t),
            ast::FromItem::TableFunc(t) => self.range_table_func(t)?,
            ast::FromItem::Join(j) => return self.join(j),
        };
        Ok((FromNode::Ref(ns.rte), ns.clone(), vec![ns]))
    }

    fn range_var(&mut self, r: &ast::RangeVar) -> Result<NsItem> {
        if r.schemaname.is_none() && r.catalogname.is_none() {
            if let Some((index, level)) = self.find_cte(&r.relname) {
                return self.add_cte_reference(r, index, level);
            }
        }
        let rel = self.open_relation(r)?;
        self.add_relation(&rel, r.alias.as_ref(), r.inh, true).map_err(|e| e.at(Span::NONE))
    }

    fn range_subselect(&mut self, s: &ast::RangeSubselect) -> Result<NsItem> {
        let ast::RangeSubselect { lateral, subquery, alias, span } = s;
        let Some(alias) = alias else {
            let (what, example) = match subquery.body {
                ast::SelectBody::Values(_) => ("VALUES", "For example, FROM (VALUES ...) [AS] foo."),
                _ => ("subquery", "For example, FROM (SELECT ...) [AS] foo."),
            };
            return Err(err!(SYNTAX_ERROR, "{} in FROM must have an alias"; what).hint(example).at(*span));
        };
        let ps = self.ps();
        let saved = std::mem::replace(&mut ps.clause, Clause::FromSubselect);
        ps.lateral_active = *lateral;
        let locked = self.is_locked(&alias.aliasname);
        let query = self.sub_analyze_select(subquery, locked, true);
        let ps = self.ps();
        ps.lateral_active = false;
        ps.clause = saved;
        self.add_subquery(query?, Some(alias), &alias.aliasname, *lateral, true)
    }

    fn is_locked(&mut self, name: &str) -> bool {
        let ps = self.ps();
        ps.locked_from_parent
            || ps
                .locking
                .iter()
                .any(|l| l.locked_rels.is_empty() || l.locked_rels.iter().any(|r| r.relname == name))
    }

    fn range_function(&mut self, f: &ast::RangeFunction) -> Result<NsItem> {
        let ast::RangeFunction { lateral, ordinality, is_rowsfrom, functions, alias, coldeflist, span: _ } = f;
        self.ps().lateral_active = true;
        let r = self.range_function_items(functions);
        self.ps().lateral_active = false;
        let mut items = r?;
        if !coldeflist.is_empty() {
            let at = coldeflist.first().map_or(Span::NONE, |c| c.span);
            if items.len() != 1 {
                return Err(if *is_rowsfrom {
                    err!(SYNTAX_ERROR, "ROWS FROM() with multiple functions cannot have a column definition list")
                        .hint("Put a separate column definition list for each function inside ROWS FROM().")
                } else {
                    err!(SYNTAX_ERROR, "UNNEST() with multiple arguments cannot have a column definition list").hint(
                        "Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to each one.",
                    )
                }
                .at(at));
            }
            if *ordinality {
                return Err(err!(SYNTAX_ERROR, "WITH ORDINALITY cannot be used with a column definition list")
                    .hint("Put the column definition list inside ROWS FROM().")
                    .at(at));
            }
            items[0].2 = coldeflist;
        }
        let is_lateral = *lateral || items.iter().any(|(e, _, _)| contains_own_vars(e));
        self.add_function_rte(items, alias.as_ref(), *ordinality, is_lateral)
    }

    #[allow(clippy::type_complexity)]
    fn range_function_items<'s>(
        &mut self,
        functions: &'s [ast::RangeFunctionItem],
    ) -> Result<Vec<(Expr, String, &'s [ast::RangeColumnDef])>> {
        let mut out = vec![];
        for ast::RangeFunctionItem { func, coldeflist } in functions {
            if let ast::Expr::FuncCall(c) = func {
                let plain = c.agg_order.is_empty()
                    && c.agg_filter.is_none()
                    && c.over.is_none()
                    && !c.agg_star
                    && !c.agg_distinct
                    && !c.func_variadic
                    && coldeflist.is_empty();
                if plain && c.funcname.len() == 1 && c.funcname[0] == "unnest" && c.args.len() > 1 {
                    // unnest(a, b) in FROM is ROWS FROM (unnest(a), unnest(b)).
                    for a in &c.args {
                        let e = self.range_function_expr(&mut |p| p.func_call_over(c, std::slice::from_ref(a)))?;
                        out.push((e, "unnest".to_string(), &[][..]));
                    }
                    continue;
                }
            }
            let e = self.range_function_expr(&mut |p| p.expr(func))?;
            let name = figure_colname(func, &e);
            out.push((e, name, coldeflist.as_slice()));
        }
        for (e, _, _) in &mut out {
            self.assign_expr_collations(e)?;
        }
        Ok(out)
    }

    fn range_function_expr(&mut self, func: &mut dyn FnMut(&mut Self) -> Result<Expr>) -> Result<Expr> {
        let before = self.ps().srf_count;
        let e = self.within(Clause::FromFunction, func)?;
        let top = matches!(&e.kind, ExprKind::Call(c) if c.retset);
        let ps = self.ps();
        if ps.srf_count != before && !top {
            let at = ps.last_srf.0;
            return Err(err!(FEATURE_NOT_SUPPORTED, "set-returning functions must appear at top level of FROM").at(at));
        }
        Ok(e)
    }

    fn add_function_rte(
        &mut self,
        items: Vec<(Expr, String, &[ast::RangeColumnDef])>,
        alias: Option<&ast::Alias>,
        ordinality: bool,
        lateral: bool,
    ) -> Result<NsItem> {
        let count = items.len();
        let name = match (alias, items.first()) {
            (Some(a), _) => a.aliasname.clone(),
            (None, Some((_, n, _))) => n.clone(),
            (None, None) => String::new(),
        };
        let mut columns = vec![];
        let mut functions = vec![];
        for (e, func_name, coldefs) in items {
            let known = self.tuple_columns(&e)?;
            if !coldefs.is_empty() {
                let at = coldefs[0].span;
                let complaint = match &known {
                    Some(_) if e.ty.oid == oids::RECORD => {
                        Some("a column definition list is redundant for a function with OUT parameters")
                    }
                    Some(_) => Some("a column definition list is redundant for a function returning a named composite type"),
                    None if e.ty.oid != oids::RECORD => {
                        Some("a column definition list is only allowed for functions returning \"record\"")
                    }
                    None => None,
                };
                if let Some(c) = complaint {
                    return Err(err!(SYNTAX_ERROR, "{}"; c).at(at));
                }
            } else if known.is_none() && e.ty.oid == oids::RECORD {
                return Err(err!(
                    SYNTAX_ERROR,
                    "a column definition list is required for functions returning \"record\""
                )
                .at(location(&e)));
            }
            let before = columns.len();
            if !coldefs.is_empty() {
                for (i, d) in coldefs.iter().enumerate() {
                    let ast::RangeColumnDef { colname, type_name, collation, span } = d;
                    if type_name.setof {
                        return Err(err!(INVALID_TABLE_DEFINITION, "column \"{}\" cannot be declared SETOF"; colname)
                        .at(*span));
                    }
                    if coldefs[..i].iter().any(|o| o.colname == *colname) {
                        bail!(DUPLICATE_COLUMN, "column name \"{}\" specified more than once"; colname);
                    }
                    let ty = self.type_name_to_type(type_name)?;
                    let collation = self.column_collation(ty.oid, collation.as_deref(), *span)?;
                    columns.push(RteColumn { name: colname.clone(), ty, collation });
                }
            } else if let Some(known) = known {
                columns.extend(known.into_iter().map(|(name, ty, collation)| RteColumn { name, ty, collation }));
            } else {
                let pseudo = self.cat.ty(e.ty.oid).is_some_and(|t| matches!(t.kind, TypeEntryKind::Pseudo));
                if pseudo && !matches!(e.ty.oid, oids::VOID | oids::CSTRING | oids::UNKNOWN) {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "function \"{func_name}\" in FROM has unsupported return type {}",
                        self.type_name(e.ty.oid)
                    )
                    .at(location(&e)));
                }
                columns.push(RteColumn {
                    name: self.scalar_function_alias(&e, &func_name, alias, count),
                    ty: e.ty,
                    collation: e.collation,
                });
            }
            functions.push(RangeFunction {
                expr: e,
                columns: (columns.len() - before) as u32,
                coldeflist: !coldefs.is_empty(),
            });
        }
        if ordinality {
            columns.push(RteColumn { name: "ordinality".into(), ty: TypeRef::new(oids::INT8), collation: 0 });
        }
        self.add_functions(RteKind::Function { functions, ordinality }, name, columns, lateral, alias)
    }

    /// Functions in FROM as an entry of the range table.
    pub(crate) fn add_functions(
        &mut self,
        kind: RteKind,
        name: String,
        columns: Vec<RteColumn>,
        lateral: bool,
        alias: Option<&ast::Alias>,
    ) -> Result<NsItem> {
        let mut rte =
            Rte { kind, alias: String::new(), column_aliases: vec![], name, columns, lateral, inherit: false, in_from: true };
        self.apply_aliases(&mut rte, alias, Span::NONE)?;
        Ok(self.add_rte(rte, 0))
    }

    /// The column name of a function that gives plain values (`chooseScalarFunctionAlias`).
    fn scalar_function_alias(&self, e: &Expr, name: &str, alias: Option<&ast::Alias>, count: usize) -> String {
        if let ExprKind::Call(c) = &e.kind {
            if let Some(p) = self.cat.proc(c.func) {
                let outs: Vec<usize> = (0..p.modes.len()).filter(|i| matches!(p.modes[*i], b'o' | b'b' | b't')).collect();
                if let [one] = outs[..] {
                    if let Some(n) = p.arg_names.get(one).filter(|n| !n.is_empty()) {
                        return n.clone();
                    }
                }
            }
        }
        match alias {
            Some(a) if count == 1 => a.aliasname.clone(),
            _ => name.to_string(),
        }
    }

    fn table_sample(&mut self, t: &ast::RangeTableSample) -> Result<FromDone> {
        let ast::RangeTableSample { relation, method, args, repeatable, span } = t;
        let (node, item, names) = self.from_item(relation)?;
        let rel_ok = match &self.ps().rtable[item.rte as usize].kind {
            RteKind::Relation { oid, .. } => {
                let oid = *oid;
                self.cat.relation(oid).is_some_and(|r| {
                    use tusklet_catalog::live::RelKind::*;
                    matches!(r.kind, Table | MatView | Partitioned)
                })
            }
            _ => false,
        };
        if !rel_ok {
            let at = match relation {
                ast::FromItem::RangeVar(r) => r.span,
                _ => *span,
            };
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "TABLESAMPLE clause can only be applied to tables and materialized views"
            )
            .at(at));
        }
        let (schema, name) = self.deconstruct(method, *span)?;
        let found = self
            .cat
            .proc_candidates(&self.path, schema, name, Some(1), &[], false, false, false)
            .into_iter()
            .filter_map(|c| c.proc)
            .find(|p| p.args == [oids::INTERNAL] && p.result == oids::TSM_HANDLER);
        let Some(handler) = found else {
            return Err(err!(UNDEFINED_OBJECT, "tablesample method {} does not exist"; method.join(".")).at(*span));
        };
        if args.len() != 1 {
            return Err(err!(
                INVALID_TABLESAMPLE_ARGUMENT,
                "tablesample method {} requires 1 argument, not {}",
                method.join("."),
                args.len()
            )
            .at(*span));
        }
        let mut out = vec![];
        for a in args {
            let e = self.transform_expr(a, Clause::FromFunction)?;
            let mut e = self.coerce_to_specific_type(e, TypeRef::new(oids::FLOAT4), "TABLESAMPLE")?;
            self.assign_expr_collations(&mut e)?;
            out.push(e);
        }
        let repeatable = match repeatable {
            Some(r) => {
                let e = self.transform_expr(r, Clause::FromFunction)?;
                let mut e = self.coerce_to_specific_type(e, TypeRef::new(oids::FLOAT8), "REPEATABLE")?;
                self.assign_expr_collations(&mut e)?;
                Some(e)
            }
            None => None,
        };
        if let RteKind::Relation { sample, .. } = &mut self.ps().rtable[item.rte as usize].kind {
            *sample = Some(Box::new(TableSample { method: handler.oid, args: out, repeatable }));
        }
        Ok((node, item, names))
    }

    fn join(&mut self, j: &ast::JoinExpr) -> Result<FromDone> {
        let ast::JoinExpr { jointype, natural, larg, rarg, qual, alias, span: _ } = j;
        let kind = match jointype {
            ast::JoinType::Inner => JoinKind::Inner,
            ast::JoinType::Left => JoinKind::Left,
            ast::JoinType::Full => JoinKind::Full,
            ast::JoinType::Right => JoinKind::Right,
        };
        let (lnode, litem, mut lnames) = self.from_item(larg)?;
        set_lateral(&mut lnames, true, matches!(kind, JoinKind::Inner | JoinKind::Left));
        let keep = self.ps().namespace.len();
        self.ps().namespace.extend(lnames.iter().cloned());
        let right = self.from_item(rarg);
        self.ps().namespace.truncate(keep);
        let (rnode, ritem, rnames) = right?;
        self.check_namespace_conflicts(&lnames, &rnames)?;
        let mut names = lnames;
        names.extend(rnames);
        // Columns to merge.
        let live = |i: &NsItem| i.columns.iter().filter(|c| !c.name.is_empty()).cloned().collect::<Vec<NsColumn>>();
        let (lcols, rcols) = (live(&litem), live(&ritem));
        let (using, using_alias): (Vec<String>, Option<&ast::Alias>) = match qual {
            _ if *natural => {
                (lcols.iter().filter(|l| rcols.iter().any(|r| r.name == l.name)).map(|l| l.name.clone()).collect(), None)
            }
            ast::JoinQual::Using { columns, alias } => (columns.clone(), alias.as_ref()),
            ast::JoinQual::None | ast::JoinQual::On(_) => (vec![], None),
        };
        let (mut merged_l, mut merged_r): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
        for (i, u) in using.iter().enumerate() {
            if using[..i].contains(u) {
                bail!(DUPLICATE_COLUMN, "column name \"{}\" appears more than once in USING clause"; u);
            }
            merged_l.push(find_using(&lcols, u, "left")?);
            merged_r.push(find_using(&rcols, u, "right")?);
        }
        let mut on = None;
        if !using.is_empty() {
            let mut all: Vec<Expr> = vec![];
            for (l, r) in merged_l.iter().zip(&merged_r) {
                let (l, r) = (self.make_var(&lcols[*l], 0, Span::NONE), self.make_var(&rcols[*r], 0, Span::NONE));
                let last_srf = self.ps().srf_count;
                all.push(self.make_op(&op_named("="), Some(l), r, last_srf, Span::NONE)?);
            }
            let e = match all.len() {
                1 => all.pop(),
                _ => Some(crate::parse_expr::boolean(ExprKind::And(all), Span::NONE)),
            };
            if let Some(e) = e {
                on = Some(self.coerce_to_boolean(e, "JOIN/USING")?);
            }
        } else if let ast::JoinQual::On(e) = qual {
            // ON sees the two sides only.
            let mut visible = names.clone();
            set_lateral(&mut visible, false, true);
            let saved = std::mem::replace(&mut self.ps().namespace, visible);
            let r = self.transform_where(Some(e), Clause::JoinOn, "JOIN/ON");
            self.ps().namespace = saved;
            on = r?;
        }
        // The join's own columns: merged ones, then the rest of the left, then of the right.
        let rte_index = self.ps().rtable.len() as u32;
        let mut columns = vec![];
        let mut exprs = vec![];
        let mut ns = vec![];
        for (k, (l, r)) in merged_l.iter().zip(&merged_r).enumerate() {
            let (lc, rc) = (lcols[*l].clone(), rcols[*r].clone());
            let (e, from) = self.merged_join_var(kind, &lc, &rc)?;
            let mut col = match from {
                Some(true) => lc.clone(),
                Some(false) => rc,
                None => NsColumn {
                    name: String::new(),
                    rte: rte_index,
                    attno: k as i16 + 1,
                    ty: e.ty,
                    collation: e.collation,
                    hidden: false,
                },
            };
            col.name = lc.name.clone();
            col.hidden = false;
            columns.push(RteColumn { name: lc.name.clone(), ty: e.ty, collation: e.collation });
            exprs.push(e);
            ns.push(col);
        }
        let rest_l = (0..lcols.len()).filter(|i| !merged_l.contains(i)).map(|i| lcols[i].clone());
        let rest_r = (0..rcols.len()).filter(|i| !merged_r.contains(i)).map(|i| rcols[i].clone());
        for c in rest_l.chain(rest_r).collect::<Vec<_>>() {
            columns.push(RteColumn { name: c.name.clone(), ty: c.ty, collation: c.collation });
            exprs.push(self.make_var(&c, 0, Span::NONE));
            ns.push(c);
        }
        if columns.len() > i16::MAX as usize {
            bail!(PROGRAM_LIMIT_EXCEEDED, "joins can have at most {} columns", i16::MAX);
        }
        let mut rte = Rte {
            kind: RteKind::Join {
                kind,
                columns: exprs,
                merged: using.len() as u32,
                using_alias: using_alias.map(|a| a.aliasname.clone()).unwrap_or_default(),
            },
            alias: String::new(),
            column_aliases: vec![],
            name: "unnamed_join".to_string(),
            columns,
            lateral: false,
            inherit: false,
            in_from: true,
        };
        self.apply_aliases(&mut rte, alias.as_ref(), Span::NONE)?;
        for (n, c) in ns.iter_mut().zip(&rte.columns) {
            n.name = c.name.clone();
        }
        let using_ns: Vec<NsColumn> = ns[..using.len()].to_vec();
        let mut item = self.add_rte(rte, 0);
        item.columns = Rc::new(ns);
        item.rel_visible = alias.is_some();
        item.cols_visible = true;
        if alias.is_some() {
            names.clear();
        } else {
            names.iter_mut().for_each(|n| n.cols_visible = false);
        }
        if let Some(a) = using_alias {
            let extra = NsItem {
                name: a.aliasname.clone(),
                columns: Rc::new(using_ns),
                rel_visible: true,
                cols_visible: false,
                ..item.clone()
            };
            self.check_namespace_conflicts(std::slice::from_ref(&extra), &names)?;
            names.push(extra);
        }
        names.push(item.clone());
        let node = FromNode::Join {
            kind,
            left: Box::new(lnode),
            right: Box::new(rnode),
            on,
            rte: item.rte,
            using: if *natural { vec![] } else { using },
            natural: *natural,
        };
        Ok((node, item, names))
    }

    /// A merged column's value, and whether it simply is the left (`true`) or right one (`buildMergedJoinVar`).
    fn merged_join_var(&mut self, kind: JoinKind, l: &NsColumn, r: &NsColumn) -> Result<(Expr, Option<bool>)> {
        let (le, re) = (self.make_var(l, 0, Span::NONE), self.make_var(r, 0, Span::NONE));
        let common = self.select_common_type(&[(le.ty.oid, Span::NONE), (re.ty.oid, Span::NONE)], Some("JOIN/USING"))?;
        let typmod = Self::common_typmod(&[&le, &re], common);
        let ty = TypeRef { oid: common, typmod };
        let (lvar, rvar) = (le.ty == ty, re.ty == ty);
        let mut fit = |e: Expr| -> Result<Expr> {
            if e.ty.oid != common {
                self.coerce_type(e, ty, CoercionContext::Implicit, CoercionForm::Implicit, Span::NONE)
            } else if e.ty.typmod != typmod {
                Ok(crate::parse_coerce::relabel(e, ty, CoercionForm::Implicit, Span::NONE))
            } else {
                Ok(e)
            }
        };
        let (ln, rn) = (fit(le)?, fit(re)?);
        let (mut e, from) = match kind {
            JoinKind::Inner if lvar => (ln, Some(true)),
            JoinKind::Inner if rvar => (rn, Some(false)),
            JoinKind::Inner => (ln, None),
            JoinKind::Left => (ln, lvar.then_some(true)),
            JoinKind::Right => (rn, rvar.then_some(false)),
            JoinKind::Full | JoinKind::Semi | JoinKind::Anti => {
                (Expr::make(ExprKind::Coalesce(vec![ln, rn]), ty, 0, Span::NONE), None)
            }
        };
        self.assign_expr_collations(&mut e)?;
        Ok((e, from))
    }

    /// The table a statement writes to; with `also_source`, its columns can be read (`setTargetTable`).
    pub fn set_target_table(&mut self, r: &ast::RangeVar, inherit: bool, also_source: bool) -> Result<(Rc<Relation>, u32)> {
        let rel = self.open_relation(r)?;
        let item = self.add_relation(&rel, r.alias.as_ref(), inherit, false)?;
        let rte = item.rte;
        self.ps().target = Some(item.clone());
        if also_source {
            self.ps().namespace.push(item);
        }
        Ok((rel, rte))
    }

    /// A condition (`transformWhereClause`).
    pub fn transform_where(&mut self, e: Option<&ast::Expr>, clause: Clause, construct: &str) -> Result<Option<Expr>> {
        let Some(e) = e else { return Ok(None) };
        let e = self.transform_expr(e, clause)?;
        Ok(Some(self.coerce_to_boolean(e, construct)?))
    }

    /// LIMIT and OFFSET (`transformLimitClause`).
    pub fn transform_limit(
        &mut self,
        e: Option<&ast::Expr>,
        clause: Clause,
        construct: &str,
        with_ties: bool,
    ) -> Result<Option<Expr>> {
        let Some(node) = e else { return Ok(None) };
        let e = self.transform_expr(node, clause)?;
        let e = self.coerce_to_specific_type(e, TypeRef::new(oids::INT8), construct)?;
        check_var_free(&e, construct)?;
        if clause == Clause::Limit
            && with_ties
            && matches!(node, ast::Expr::Const(ast::AConst { value: ast::Const::Null, .. }))
        {
            bail!(
                INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                "row count cannot be null in FETCH FIRST ... WITH TIES clause"
            );
        }
        Ok(Some(e))
    }

    /// The target an ORDER BY, GROUP BY or DISTINCT ON item means, as SQL92 has it: an output name, a number, or else an
    /// expression (`findTargetlistEntrySQL92`).
    pub fn find_target_sql92(&mut self, node: &ast::Expr, targets: &mut Vec<Target>, clause: Clause) -> Result<usize> {
        match node {
            ast::Expr::ColumnRef(ast::ColumnRef { fields, star: false, span }) if fields.len() == 1 => {
                let name = &fields[0];
                let hidden = clause == Clause::GroupBy && self.col_name_to_var(name, true, *span)?.is_some();
                if !hidden {
                    let mut found: Option<usize> = None;
                    for (i, t) in targets.iter().enumerate() {
                        if t.junk || t.name != *name {
                            continue;
                        }
                        match found {
                            Some(f) if !equal(&targets[f].expr, &t.expr) => {
                                return Err(err!(
                                    AMBIGUOUS_COLUMN, "{} \"{}\" is ambiguous"; clause.name(), name
                                ).at(*span));
                            }
                            Some(_) => {}
                            None => found = Some(i),
                        }
                    }
                    if let Some(i) = found {
                        self.check_target_sql92(&targets[i].expr, clause)?;
                        return Ok(i);
                    }
                }
            }
            ast::Expr::Const(ast::AConst { value, span }) => {
                let ast::Const::Integer(n) = value else {
                    return Err(err!(SYNTAX_ERROR, "non-integer constant in {}"; clause.name()).at(*span));
                };
                let at = targets
                    .iter()
                    .enumerate()
                    .filter(|(_, t)| !t.junk)
                    .nth((*n as usize).wrapping_sub(1))
                    .map(|(i, _)| i);
                match at.filter(|_| *n > 0) {
                    Some(i) => {
                        self.check_target_sql92(&targets[i].expr, clause)?;
                        return Ok(i);
                    }
                    None => {
                        return Err(err!(
                            INVALID_COLUMN_REFERENCE,
                            "{} position {n} is not in select list",
                            clause.name()
                        )
                        .at(*span));
                    }
                }
            }
            _ => {}
        }
        self.find_target_sql99(node, targets, clause)
    }

    fn check_target_sql92(&mut self, e: &Expr, clause: Clause) -> Result<()> {
        if clause == Clause::GroupBy {
            if let Some(at) = crate::parse_agg::find_aggregate(e) {
                return Err(
                    err!(GROUPING_ERROR, "aggregate functions are not allowed in {}"; clause.name()).at(at)
                );
            }
            if let Some(at) = crate::parse_agg::find_window_func(e) {
                return Err(err!(WINDOWING_ERROR, "window functions are not allowed in {}"; clause.name()).at(at));
            }
        }
        Ok(())
    }

    /// The target with the same expression, added when there is none (`findTargetlistEntrySQL99`).
    pub fn find_target_sql99(&mut self, node: &ast::Expr, targets: &mut Vec<Target>, clause: Clause) -> Result<usize> {
        let e = self.transform_expr(node, clause)?;
        for (i, t) in targets.iter().enumerate() {
            if equal(&e, strip_implicit(&t.expr)) {
                return Ok(i);
            }
        }
        let t = self.make_target(e, String::new(), true);
        targets.push(t);
        Ok(targets.len() - 1)
    }

    /// ORDER BY (`transformSortClause`).
    pub fn transform_sort(
        &mut self,
        list: &[ast::SortBy],
        targets: &mut Vec<Target>,
        clause: Clause,
        sql99: bool,
    ) -> Result<Vec<SortClause>> {
        let mut out = vec![];
        for s in list {
            let i = if sql99 {
                self.find_target_sql99(&s.node, targets, clause)?
            } else {
                self.find_target_sql92(&s.node, targets, clause)?
            };
            self.add_to_sort_list(i, targets, &mut out, s)?;
        }
        Ok(out)
    }

    fn unknown_to_text(&mut self, t: &mut Target) -> Result<()> {
        self.resolve_unknowns(std::slice::from_mut(t))
    }

    /// `addTargetToSortList`.
    pub fn add_to_sort_list(
        &mut self,
        i: usize,
        targets: &mut [Target],
        list: &mut Vec<SortClause>,
        s: &ast::SortBy,
    ) -> Result<()> {
        let ast::SortBy { node, direction, nulls, span } = s;
        self.unknown_to_text(&mut targets[i])?;
        let ty = targets[i].expr.ty.oid;
        let at = if span.is_none() { node.location() } else { *span };
        let (sort_op, eq_op, cmp, desc) = match direction {
            ast::SortByDir::Default | ast::SortByDir::Asc => {
                let o = self.sort_group_operators(ty, true, true, false).map_err(|e| e.at(at))?;
                (o.lt, o.eq, o.cmp, false)
            }
            ast::SortByDir::Desc => {
                let o = self.sort_group_operators(ty, false, true, true).map_err(|e| e.at(at))?;
                (o.gt, o.eq, o.cmp, true)
            }
            ast::SortByDir::Using(name) => {
                let op = self.oper(name, ty, ty, at)?;
                if !self.cat.is_binary_coercible(ty, op.left) || !self.cat.is_binary_coercible(ty, op.right) {
                    return Err(err!(
                        UNDEFINED_FUNCTION,
                        "operator requires run-time type coercion: {} {} {}";
                        self.type_name(ty),
                        crate::parse_oper::operator_name(name),
                        self.type_name(ty)
                    )
                    .at(at));
                }
                match self.cat.ordering_op(op.oid) {
                    Some((eq, cmp, desc)) => (op.oid, eq, cmp, desc),
                    None => {
                        return Err(err!(
                            WRONG_OBJECT_TYPE,
                            "operator {} is not a valid ordering operator";
                            crate::parse_oper::operator_name(name)
                        )
                        .hint("Ordering operators must be \"<\" or \">\" members of btree operator families.")
                        .at(at));
                    }
                }
            }
        };
        if self.in_sort_list(&targets[i], sort_op, list) {
            return Ok(());
        }
        let nulls_first = match nulls {
            ast::SortByNulls::Default => desc,
            ast::SortByNulls::First => true,
            ast::SortByNulls::Last => false,
        };
        let target = assign_sort_ref(i, targets);
        list.push(SortClause { target, eq_op, sort_op, cmp, desc, nulls_first });
        Ok(())
    }

    /// `targetIsInSortList`.
    fn in_sort_list(&self, t: &Target, sort_op: Oid, list: &[SortClause]) -> bool {
        t.sort_ref != 0
            && list.iter().any(|s| {
                s.target == t.sort_ref
                    && (sort_op == 0
                        || s.sort_op == sort_op
                        || self.cat.operator(s.sort_op).is_some_and(|o| o.commutator == sort_op))
            })
    }

    /// `addTargetToGroupList`.
    pub fn add_to_group_list(&mut self, i: usize, targets: &mut [Target], list: &mut Vec<SortClause>, at: Span) -> Result<()> {
        self.unknown_to_text(&mut targets[i])?;
        if self.in_sort_list(&targets[i], 0, list) {
            return Ok(());
        }
        let ty = targets[i].expr.ty.oid;
        let o = self.sort_group_operators(ty, false, true, false).map_err(|e| e.at(at))?;
        let target = assign_sort_ref(i, targets);
        list.push(SortClause { target, eq_op: o.eq, sort_op: o.lt, cmp: o.cmp, desc: false, nulls_first: false });
        Ok(())
    }

    /// DISTINCT over everything (`transformDistinctClause`); the ORDER BY items come first.
    pub fn transform_distinct(&mut self, targets: &mut [Target], order: &[SortClause], agg: bool) -> Result<Vec<SortClause>> {
        let mut out: Vec<SortClause> = vec![];
        for s in order {
            if let Some(t) = targets.iter().find(|t| t.sort_ref == s.target && t.junk) {
                return Err(err!(INVALID_COLUMN_REFERENCE, "{}"; if agg {
                        "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list"
                    } else {
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
                    })
                .at(location(&t.expr)));
            }
            out.push(s.clone());
        }
        for i in 0..targets.len() {
            if targets[i].junk {
                continue;
            }
            let at = location(&targets[i].expr);
            self.add_to_group_list(i, targets, &mut out, at)?;
        }
        if out.is_empty() {
            bail!(SYNTAX_ERROR, "{}"; if agg {
                    "an aggregate with DISTINCT must have at least one argument"
                } else {
                    "SELECT DISTINCT must have at least one column"
                });
        }
        Ok(out)
    }

    /// DISTINCT ON (`transformDistinctOnClause`).
    pub fn transform_distinct_on(
        &mut self,
        list: &[ast::Expr],
        targets: &mut Vec<Target>,
        order: &[SortClause],
    ) -> Result<Distinct> {
        let mut refs = vec![];
        for e in list {
            let i = self.find_target_sql92(e, targets, Clause::DistinctOn)?;
            refs.push(assign_sort_ref(i, targets));
        }
        const MISMATCH: &str = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
        let mut out: Vec<SortClause> = vec![];
        let mut skipped = false;
        for s in order {
            match refs.iter().position(|r| *r == s.target) {
                Some(k) if skipped => {
                    return Err(err!(INVALID_COLUMN_REFERENCE, "{MISMATCH}").at(list[k].location()));
                }
                Some(_) => out.push(s.clone()),
                None => skipped = true,
            }
        }
        for (e, r) in list.iter().zip(refs) {
            let Some(i) = targets.iter().position(|t| t.sort_ref == r) else { continue };
            if self.in_sort_list(&targets[i], 0, &out) {
                continue;
            }
            if skipped {
                return Err(err!(INVALID_COLUMN_REFERENCE, "{MISMATCH}").at(e.location()));
            }
            self.add_to_group_list(i, targets, &mut out, e.location())?;
        }
        Ok(Distinct { items: out, on: true })
    }
}

fn find_using(cols: &[NsColumn], name: &str, side: &str) -> Result<usize> {
    let mut hits = (0..cols.len()).filter(|i| cols[*i].name == name);
    let Some(first) = hits.next() else {
        bail!(UNDEFINED_COLUMN, "column \"{}\" specified in USING clause does not exist in {} table"; name, side);
    };
    if hits.next().is_some() {
        bail!(AMBIGUOUS_COLUMN, "common column name \"{}\" appears more than once in {} table"; name, side);
    }
    Ok(first)
}

/// Whether LATERAL references only may use the names (`setNamespaceLateralState`).
pub fn set_lateral(items: &mut [NsItem], only: bool, ok: bool) {
    for i in items {
        i.lateral_only = only;
        i.lateral_ok = ok;
    }
}

/// The number by which sort and group items refer to a target, given one when it has none (`assignSortGroupRef`).
pub fn assign_sort_ref(i: usize, targets: &mut [Target]) -> u32 {
    if targets[i].sort_ref == 0 {
        targets[i].sort_ref = targets.iter().map(|t| t.sort_ref).max().unwrap_or(0) + 1;
    }
    targets[i].sort_ref
}

/// An expression without the conversions nobody wrote (`strip_implicit_coercions`).
pub fn strip_implicit(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Call(c) if c.form == CoercionForm::Implicit && c.op == 0 => c.args.first().map_or(e, strip_implicit),
        ExprKind::Relabel { arg, form: CoercionForm::Implicit }
        | ExprKind::ViaIo { arg, form: CoercionForm::Implicit }
        | ExprKind::ConvertRowtype { arg, form: CoercionForm::Implicit }
        | ExprKind::ToDomain { arg, form: CoercionForm::Implicit } => strip_implicit(arg),
        ExprKind::ArrayCoerce { arg, form: CoercionForm::Implicit, .. } => strip_implicit(arg),
        _ => e,
    }
}

/// LIMIT and frame offsets cannot refer to columns (`checkExprIsVarFree`).
pub fn check_var_free(e: &Expr, construct: &str) -> Result<()> {
    if !contains_own_vars(e) {
        return Ok(());
    }
    let mut at = Span::NONE;
    tusklet_ir::visit::walk(e, &mut |x| {
        if let (ExprKind::Var(v), true) = (&x.kind, at.is_none()) {
            if v.level == 0 {
                at = x.span;
            }
        }
        true
    });
    Err(err!(INVALID_COLUMN_REFERENCE, "argument of {} must not contain variables"; construct).at(at))
}
