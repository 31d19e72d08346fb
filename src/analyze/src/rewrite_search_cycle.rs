//! SEARCH and CYCLE of a recursive WITH query (`rewriteSearchCycle.c`).
//!
//! Both add columns. SEARCH numbers rows so that sorting by its column gives the order asked for: the path of key rows
//! from the root for DEPTH FIRST, the depth and the key row for BREADTH FIRST. CYCLE keeps the path too, marks the row
//! whose key is already on it, and does not go on from a marked row:
//!
//! ```text
//! WITH RECURSIVE t(a) AS (l UNION ALL r) SEARCH DEPTH FIRST BY a SET s CYCLE a SET c USING p
//! WITH RECURSIVE t(a, s, c, p) AS (
//!     SELECT a, ARRAY[ROW(a)], false, ARRAY[ROW(a)] FROM (l)
//!   UNION ALL
//!     SELECT a, s || ARRAY[ROW(a)], CASE WHEN ROW(a) = ANY (p) THEN true ELSE false END, p || ARRAY[ROW(a)]
//!     FROM (r, its reference to t giving s, c and p as well) WHERE c <> true)
//! ```
//!
//! Unlike in PostgreSQL this happens right after the query's analysis, so that a view that has such a query stores the
//! rewritten one.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Result, Span, bail, err};
use tusklet_ir::{
    CoercionForm, CommandType, Expr, ExprKind, FromNode, FuncCall, Oid, Query, Rte, RteColumn, RteKind, SetOpTree,
    SortClause, Target, TypeRef, Value, Var, Volatility, When,
};
use tusklet_syntax::ast;

use crate::parse_node::{Analyzer, Clause, location};
use crate::set_operations::increment_levels;

/// `array_cat`, `int8inc`, and `record = record` with its function.
const ARRAY_CAT: Oid = 383;
const INT8INC: Oid = 1219;
const RECORD_EQ: (Oid, Oid) = (2988, 2981);

/// What SEARCH and CYCLE of one WITH query come to, settled before the query itself is analysed.
#[derive(Clone, Debug, Default)]
pub struct SearchCycle {
    /// The values that mark a cycle and no cycle, and the operator telling the first apart.
    mark: Option<(Expr, Expr, Expr)>,
    /// The columns that are added, in order.
    pub columns: Vec<RteColumn>,
}

fn record() -> TypeRef {
    TypeRef::new(oids::RECORD)
}

fn records() -> TypeRef {
    TypeRef::new(oids::RECORD_ARRAY)
}

fn row(fields: Vec<Expr>) -> Expr {
    let names = (1..=fields.len()).map(|i| format!("f{i}")).collect();
    Expr::new(ExprKind::Row { fields, names }, record())
}

fn array(element: Expr) -> Expr {
    Expr::new(ExprKind::Array { elements: vec![element], element: oids::RECORD, nested: false }, records())
}

fn call(func: Oid, args: Vec<Expr>, ty: TypeRef) -> Expr {
    let c = FuncCall {
        func,
        op: 0,
        args,
        input_collation: 0,
        variadic: false,
        retset: false,
        form: CoercionForm::Call,
        // `array_cat` is not strict, but no path is NULL.
        strict: func == INT8INC,
        volatility: Volatility::Immutable,
    };
    Expr::new(ExprKind::Call(Box::new(c)), ty)
}

fn target(expr: Expr, name: &str, at: usize) -> Target {
    Target { expr, name: name.to_string(), attno: at as i16 + 1, sort_ref: 0, junk: false, origin: (0, 0) }
}

impl Analyzer<'_> {
    /// The part of `analyzeCTE` that comes before the query's own analysis: types of the columns to be added.
    pub fn search_cycle(&mut self, c: &ast::CommonTableExpr) -> Result<SearchCycle> {
        let mut found = SearchCycle::default();
        if let Some(ast::CteSearchClause { search_col_list: _, breadth_first, search_seq_column, span: _ }) =
            &c.search_clause
        {
            let ty = if *breadth_first { record() } else { records() };
            found.columns.push(RteColumn { name: search_seq_column.clone(), ty, collation: 0 });
        }
        if let Some(clause) = c.cycle_clause.as_deref() {
            let ast::CteCycleClause {
                cycle_col_list: _,
                cycle_mark_column,
                cycle_mark_value,
                cycle_mark_default,
                cycle_path_column,
                span,
            } = clause;
            let value = self.transform_expr(cycle_mark_value, Clause::CycleMark)?;
            let default = self.transform_expr(cycle_mark_default, Clause::CycleMark)?;
            let pair = [(value.ty.oid, location(&value)), (default.ty.oid, location(&default))];
            let ty = self.select_common_type(&pair, Some("CYCLE"))?;
            let value = self.coerce_to_common_type(value, ty, "CYCLE/CYCLE")?;
            let default = self.coerce_to_common_type(default, ty, "CYCLE/CYCLE")?;
            let typmod = Self::common_typmod(&[&value, &default], ty);
            let mut both = [value, default];
            let collation = self.common_collation(&mut both, true)?;
            let ty = TypeRef { oid: ty, typmod };
            let operators = self.sort_group_operators(ty.oid, false, false, false)?;
            if operators.eq == 0 {
                bail!(
                    UNDEFINED_FUNCTION,
                    "could not identify an equality operator for type {}",
                    self.cat.format_type(&self.path, ty.oid)
                );
            }
            let column = Expr::new(ExprKind::CaseTest, ty).collated(collation);
            let [value, default] = both;
            let name = ast::OperatorName { qualifiers: vec![], name: "<>".into() };
            let mut differs = self.make_op(&name, Some(column), value.clone(), 0, *span)?;
            self.assign_expr_collations(&mut differs)?;
            found.mark = Some((value, default, differs));
            found.columns.push(RteColumn { name: cycle_mark_column.clone(), ty, collation });
            found.columns.push(RteColumn { name: cycle_path_column.clone(), ty: records(), collation: 0 });
        }
        Ok(found)
    }

    /// The part that comes after: what the clauses may not say.
    pub fn check_search_cycle(
        &mut self,
        c: &ast::CommonTableExpr,
        recursive: bool,
        q: &Query,
        own: &[RteColumn],
    ) -> Result<()> {
        if c.search_clause.is_none() && c.cycle_clause.is_none() {
            return Ok(());
        }
        if !recursive {
            return Err(err!(SYNTAX_ERROR, "WITH query is not recursive").at(c.span));
        }
        let Some(SetOpTree::Op { left, right, .. }) = &q.set_op else {
            return Err(Error::internal("recursive WITH query is no UNION"));
        };
        for (arm, side) in [(left, "left"), (right, "right")] {
            if !matches!(**arm, SetOpTree::Leaf(_)) {
                bail!(
                    FEATURE_NOT_SUPPORTED,
                    "with a SEARCH or CYCLE clause, the {} side of the UNION must be a SELECT";
                    side
                );
            }
        }
        let has = |name: &str| own.iter().any(|c| c.name == name);
        let check_list = |what: &str, list: &[String], span: Span| -> Result<()> {
            for (i, name) in list.iter().enumerate() {
                if !has(name) {
                    return Err(err!(
                        SYNTAX_ERROR, "{} column \"{}\" not in WITH query column list"; what, name
                    ).at(span));
                }
                if list[..i].contains(name) {
                    return Err(err!(
                        DUPLICATE_COLUMN, "{} column \"{}\" specified more than once"; what, name
                    ).at(span));
                }
            }
            Ok(())
        };
        let used = |what: &str, name: &str, span: Span| -> Result<()> {
            if has(name) {
                return Err(
                    err!(
                        SYNTAX_ERROR, "{} column name \"{}\" already used in WITH query column list"; what, name
                    ).at(span)
                );
            }
            Ok(())
        };
        let same = |a: &str, b: &str, span: Span| {
            Err(err!(SYNTAX_ERROR, "{} column name and {} column name are the same"; a, b).at(span))
        };
        if let Some(s) = &c.search_clause {
            check_list("search", &s.search_col_list, s.span)?;
            used("search sequence", &s.search_seq_column, s.span)?;
        }
        if let Some(y) = c.cycle_clause.as_deref() {
            check_list("cycle", &y.cycle_col_list, y.span)?;
            used("cycle mark", &y.cycle_mark_column, y.span)?;
            used("cycle path", &y.cycle_path_column, y.span)?;
            if y.cycle_mark_column == y.cycle_path_column {
                return same("cycle mark", "cycle path", y.span);
            }
            if let Some(s) = &c.search_clause {
                if s.search_seq_column == y.cycle_mark_column {
                    return same("search sequence", "cycle mark", s.span);
                }
                if s.search_seq_column == y.cycle_path_column {
                    return same("search sequence", "cycle path", s.span);
                }
            }
        }
        Ok(())
    }

    /// Adds the columns (`rewriteSearchAndCycle`). `own` are the query's columns without them.
    pub fn rewrite_search_cycle(
        &mut self,
        c: &ast::CommonTableExpr,
        found: &SearchCycle,
        own: &[RteColumn],
        q: &mut Query,
    ) -> Result<()> {
        let place = |names: &[String]| -> Vec<usize> {
            names.iter().filter_map(|n| own.iter().position(|c| c.name == *n)).collect()
        };
        let search = c.search_clause.as_ref().map(|s| (s.breadth_first, place(&s.search_col_list)));
        let cycle = c.cycle_clause.as_deref().map(|y| place(&y.cycle_col_list));
        let Some(SetOpTree::Op { all, left, right, columns, group, .. }) = &mut q.set_op else {
            return Err(Error::internal("recursive WITH query is no UNION"));
        };
        let (SetOpTree::Leaf(l), SetOpTree::Leaf(r)) = (&**left, &**right) else {
            return Err(Error::internal("arms of a recursive WITH query are no queries"));
        };
        let (l, r) = (*l, *r);
        let width = own.len();
        for added in &found.columns {
            columns.push(added.clone());
            if !*all {
                let o = self.sort_group_operators(added.ty.oid, false, true, false)?;
                group.push(SortClause {
                    target: columns.len() as u32,
                    eq_op: o.eq,
                    sort_op: o.lt,
                    cmp: o.cmp,
                    desc: false,
                    nulls_first: false,
                });
            }
        }
        for (arm, recursive) in [(l, false), (r, true)] {
            let entry = q.rtable.get_mut(arm as usize);
            let Some(Rte { kind: RteKind::Subquery { query, .. }, columns: shown, .. }) = entry else {
                return Err(Error::internal("an arm of a recursive WITH query is no query"));
            };
            let mut inner = std::mem::replace(&mut **query, Query::new(CommandType::Select));
            if recursive {
                let reference = inner.rtable.iter().position(
                    |t| matches!(&t.kind, RteKind::Cte { name, level: 2, recursive: true } if *name == c.ctename),
                );
                let Some(reference) = reference else {
                    bail!(
                        FEATURE_NOT_SUPPORTED,
                        "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" must be at the top level of its right-hand SELECT";
                        c.ctename
                    );
                };
                // Junk comes last, and the entry's columns are the others in order.
                let at = inner.targets.iter().position(|t| t.junk).unwrap_or(inner.targets.len());
                for (i, added) in found.columns.iter().enumerate() {
                    let v = Var { rte: reference as u32, attno: (width + i) as i16 + 1, level: 0 };
                    let e = Expr::new(ExprKind::Var(v), added.ty).collated(added.collation);
                    inner.targets.insert(at + i, target(e, &added.name, at + i));
                }
                for (i, t) in inner.targets.iter_mut().enumerate() {
                    t.attno = i as i16 + 1;
                }
            }
            let inner_columns = crate::parse_relation::query_columns(&inner);
            let column = |i: usize| {
                let from = inner_columns.get(i);
                let e = Expr::new(
                    ExprKind::Var(Var { rte: 0, attno: i as i16 + 1, level: 0 }),
                    from.map_or(TypeRef::new(oids::TEXT), |c| c.ty),
                );
                e.collated(from.map_or(0, |c| c.collation))
            };
            let keys = |places: &[usize]| places.iter().map(|i| column(*i)).collect::<Vec<_>>();
            let mut wrapped = Query::new(CommandType::Select);
            wrapped.targets = (0..width).map(|i| target(column(i), &own[i].name, i)).collect();
            let mut next = width;
            let mut add = |wrapped: &mut Query, e: Expr| {
                wrapped.targets.push(target(e, &found.columns[next - width].name, next));
                next += 1;
            };
            if let Some((breadth_first, places)) = &search {
                let seq = column(width);
                let mut fields = keys(places);
                let e = if *breadth_first {
                    let int8 = TypeRef::new(oids::INT8);
                    let depth = if recursive {
                        let so_far = Expr::new(ExprKind::Field { arg: seq, field: 1 }, int8);
                        call(INT8INC, vec![so_far], int8)
                    } else {
                        Expr::constant(Value::I64(0), int8)
                    };
                    fields.insert(0, depth);
                    row(fields)
                } else if recursive {
                    call(ARRAY_CAT, vec![seq, array(row(fields))], records())
                } else {
                    array(row(fields))
                };
                add(&mut wrapped, e);
            }
            if let (Some(places), Some((value, default, differs))) = (&cycle, &found.mark) {
                let at = width + search.is_some() as usize;
                let (mark, path) = (column(at), column(at + 1));
                let own_row = row(keys(places));
                if recursive {
                    let seen = ExprKind::ScalarArray {
                        op: RECORD_EQ.0,
                        func: RECORD_EQ.1,
                        any: true,
                        left: own_row.clone(),
                        right: path.clone(),
                        input_collation: 0,
                    };
                    let seen = Expr::new(seen, TypeRef::new(oids::BOOL));
                    let case = ExprKind::Case {
                        arg: None,
                        whens: vec![When { cond: seen, result: value.clone() }],
                        default: default.clone(),
                    };
                    add(&mut wrapped, Expr::make(case, mark.ty, mark.collation, Span::NONE));
                    add(&mut wrapped, call(ARRAY_CAT, vec![path, array(own_row)], records()));
                    let mut differs = differs.clone();
                    tusklet_ir::visit::walk_mut(&mut differs, &mut |x| {
                        if matches!(x.kind, ExprKind::CaseTest) {
                            *x = mark.clone();
                        }
                    });
                    wrapped.filter = Some(differs);
                } else {
                    add(&mut wrapped, default.clone());
                    add(&mut wrapped, array(own_row));
                }
            }
            increment_levels(&mut inner, 1);
            let name = if recursive { "*TROCRN*" } else { "*TLOCRN*" };
            wrapped.rtable.push(Rte {
                kind: RteKind::Subquery { query: Box::new(inner), view: 0 },
                alias: name.into(),
                column_aliases: vec![],
                name: name.into(),
                columns: inner_columns,
                lateral: false,
                inherit: false,
                in_from: true,
            });
            wrapped.from.push(FromNode::Ref(0));
            shown.extend(found.columns.iter().cloned());
            **query = wrapped;
        }
        for (i, added) in found.columns.iter().enumerate() {
            let v = Var { rte: l, attno: (width + i) as i16 + 1, level: 0 };
            let e = Expr::new(ExprKind::Var(v), added.ty).collated(added.collation);
            q.targets.push(target(e, &added.name, width + i));
        }
        Ok(())
    }
}
