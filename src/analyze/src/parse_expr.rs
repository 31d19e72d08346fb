//! Expressions (`parse_expr.c`).

use tusklet_catalog::builtin::{self, oids};
use tusklet_error::{Error, Result, Span, SqlState, bail, err};
use tusklet_ir::{
    BoolTest, CoercionForm, Expr, ExprKind, Oid, Param, RowCompareKind, SqlValueKind, SubLink, SubLinkKind, TypeRef, Value,
    Var, When,
};
use tusklet_syntax::ast;

use crate::parse_coerce::CoercionContext;
use crate::parse_func::{Arg, CallSyntax};
use crate::parse_node::{Analyzer, Clause, location};
use crate::parse_oper::{op_named, operator_name};

/// The longest row.
pub const MAX_TARGETS: usize = 1664;

impl Analyzer<'_> {
    /// An expression in a clause of the current query level (`transformExpr`).
    pub fn transform_expr(&mut self, e: &ast::Expr, clause: Clause) -> Result<Expr> {
        self.within(clause, |a| a.expr(e))
    }

    /// An expression in the clause being worked on (`transformExprRecurse`).
    pub fn expr(&mut self, e: &ast::Expr) -> Result<Expr> {
        match e {
            ast::Expr::Const(c) => self.make_const(c),
            ast::Expr::ColumnRef(c) => self.column_ref(c),
            ast::Expr::ParamRef(ast::ParamRef { number, span }) => self.param_ref(*number, *span),
            ast::Expr::AExpr(a) => self.a_expr(a),
            ast::Expr::In(i) => self.in_expr(i),
            ast::Expr::Between(b) => self.between(b),
            ast::Expr::Bool(b) => self.bool_expr(b),
            ast::Expr::TypeCast(t) => self.type_cast(t),
            ast::Expr::Collate(c) => self.collate_clause(c),
            ast::Expr::FuncCall(f) => self.func_call(f),
            ast::Expr::Indirection(i) => {
                let ast::AIndirection { arg, indirection } = &**i;
                let base = self.expr(arg)?;
                self.indirection(base, indirection)
            }
            ast::Expr::Array(a) => self.array_expr(a, None),
            ast::Expr::Row(r) => self.row_expr(r),
            ast::Expr::Case(c) => self.case_expr(c),
            ast::Expr::Coalesce(c) => self.coalesce(c),
            ast::Expr::MinMax(m) => self.min_max(m),
            ast::Expr::SubLink(s) => self.sub_link(s),
            ast::Expr::NullTest(n) => {
                let ast::NullTest { arg, not, span } = &**n;
                let arg = self.expr(arg)?;
                let row = self.is_rowtype(arg.ty.oid);
                Ok(boolean(ExprKind::NullTest { arg: arg, negated: *not, row }, *span))
            }
            ast::Expr::BooleanTest(b) => self.boolean_test(b),
            ast::Expr::SqlValueFunction(s) => self.sql_value(s),
            ast::Expr::Xml(x) => self.xml_expr(x),
            ast::Expr::XmlSerialize(x) => self.xml_serialize(x),
            ast::Expr::Grouping(g) => self.grouping_func(g),
            ast::Expr::CurrentOf(c) => self.current_of(c),
            ast::Expr::SetToDefault(ast::SetToDefault { span }) => {
                Err(err!(SYNTAX_ERROR, "DEFAULT is not allowed in this context").at(*span))
            }
        }
    }

    /// Whether values of the type are rows (`type_is_rowtype`).
    pub fn is_rowtype(&self, ty: Oid) -> bool {
        ty == oids::RECORD || self.cat.type_relation(ty) != 0
    }

    fn a_expr(&mut self, a: &ast::AExpr) -> Result<Expr> {
        let ast::AExpr { kind, name, lexpr, rexpr, span } = a;
        let last_srf = self.ps().srf_count;
        match kind {
            ast::AExprKind::Op => {}
            ast::AExprKind::Like | ast::AExprKind::ILike | ast::AExprKind::Similar => {}
            ast::AExprKind::OpAny | ast::AExprKind::OpAll => {
                let Some(l) = lexpr else { bail!(SYNTAX_ERROR, "missing left argument") };
                let (l, r) = (self.expr(l)?, self.expr(rexpr)?);
                return self.make_scalar_array_op(name, *kind == ast::AExprKind::OpAny, l, r, *span);
            }
            ast::AExprKind::Distinct | ast::AExprKind::NotDistinct => {
                let Some(l) = lexpr else { bail!(SYNTAX_ERROR, "missing left argument") };
                let negate = *kind == ast::AExprKind::NotDistinct;
                return self.distinct_expr(name, l, rexpr, negate, *span);
            }
            ast::AExprKind::NullIf => {
                let Some(l) = lexpr else { bail!(SYNTAX_ERROR, "missing left argument") };
                let (l, r) = (self.expr(l)?, self.expr(rexpr)?);
                let op = self.make_op(name, Some(l), r, last_srf, *span)?;
                if op.ty.oid != oids::BOOL {
                    return Err(err!(DATATYPE_MISMATCH, "NULLIF requires = operator to yield boolean").at(*span));
                }
                let ExprKind::Call(c) = op.into_kind() else { bail!(INTERNAL_ERROR, "operator is no call") };
                if c.retset {
                    return Err(err!(DATATYPE_MISMATCH, "NULLIF must not return a set").at(*span));
                }
                let ty = TypeRef::new(c.args[0].ty.oid);
                return Ok(Expr::make(ExprKind::NullIf(c), ty, 0, *span));
            }
        }
        self.operator_expr(name, lexpr.as_ref(), rexpr, *span)
    }

    /// A plain operator over operands that may be rows.
    fn operator_expr(
        &mut self,
        name: &ast::OperatorName,
        lexpr: Option<&ast::Expr>,
        rexpr: &ast::Expr,
        span: Span,
    ) -> Result<Expr> {
        let last_srf = self.ps().srf_count;
        match (lexpr, rexpr) {
            (Some(ast::Expr::Row(l)), ast::Expr::SubLink(s)) if matches!(s.kind, ast::SubLinkType::Expr) => {
                self.row_compare_sublink(l, name, s)
            }
            (Some(ast::Expr::Row(l)), ast::Expr::Row(r)) => {
                let (l, r) = (self.expr_list(&l.args)?, self.expr_list(&r.args)?);
                self.make_row_comparison_op(name, l, r, span)
            }
            (Some(l), r) => {
                if name.qualifiers.is_empty() && name.name == "=" && self.null_equals(l, r) {
                    let arg = if is_null_literal(l) { r } else { l };
                    let arg = self.expr(arg)?;
                    let row = self.is_rowtype(arg.ty.oid);
                    return Ok(boolean(ExprKind::NullTest { arg: arg, negated: false, row }, span));
                }
                let (l, r) = (self.expr(l)?, self.expr(r)?);
                self.make_op(name, Some(l), r, last_srf, span)
            }
            (None, r) => {
                let r = self.expr(r)?;
                self.make_op(name, None, r, last_srf, span)
            }
        }
    }

    fn null_equals(&self, l: &ast::Expr, r: &ast::Expr) -> bool {
        (is_null_literal(l) || is_null_literal(r)) && self.cx.setting("transform_null_equals").as_deref() == Some("on")
    }

    pub fn expr_list(&mut self, list: &[ast::Expr]) -> Result<Vec<Expr>> {
        // `a.*` in a row or an argument list stands for all its columns.
        let mut out = Vec::with_capacity(list.len());
        for e in list {
            match e {
                ast::Expr::ColumnRef(c) if c.star => {
                    out.extend(self.expand_column_ref_star(c)?.into_iter().map(|(_, e, _)| e));
                }
                ast::Expr::Indirection(i) if matches!(i.indirection.last(), Some(ast::Indirection::Star)) => {
                    out.extend(self.expand_indirection_star(i)?.into_iter().map(|(_, e, _)| e));
                }
                _ => out.push(self.expr(e)?),
            }
        }
        Ok(out)
    }

    fn distinct_expr(
        &mut self,
        name: &ast::OperatorName,
        l: &ast::Expr,
        r: &ast::Expr,
        negate: bool,
        span: Span,
    ) -> Result<Expr> {
        if is_null_literal(r) || is_null_literal(l) {
            let arg = self.expr(if is_null_literal(r) { l } else { r })?;
            // A row is distinct from NULL even when all its fields are NULL.
            return Ok(boolean(ExprKind::NullTest { arg: arg, negated: !negate, row: false }, span));
        }
        let result = match (l, r) {
            (ast::Expr::Row(l), ast::Expr::Row(r)) => {
                let (l, r) = (self.expr_list(&l.args)?, self.expr_list(&r.args)?);
                if l.len() != r.len() {
                    return Err(err!(SYNTAX_ERROR, "unequal number of entries in row expressions").at(span));
                }
                let mut all = None;
                for (x, y) in l.into_iter().zip(r) {
                    let cmp = self.make_distinct_op(name, x, y, span)?;
                    all = Some(match all {
                        None => cmp,
                        Some(prev) => boolean(ExprKind::Or(vec![prev, cmp]), span),
                    });
                }
                all.unwrap_or_else(|| Expr::constant(Value::Bool(false), TypeRef::new(oids::BOOL)))
            }
            _ => {
                let (l, r) = (self.expr(l)?, self.expr(r)?);
                self.make_distinct_op(name, l, r, span)?
            }
        };
        Ok(if negate { boolean(ExprKind::Not(result), span) } else { result })
    }

    fn make_distinct_op(&mut self, name: &ast::OperatorName, l: Expr, r: Expr, span: Span) -> Result<Expr> {
        let last_srf = self.ps().srf_count;
        let op = self.make_op(name, Some(l), r, last_srf, span)?;
        if op.ty.oid != oids::BOOL {
            return Err(err!(DATATYPE_MISMATCH, "IS DISTINCT FROM requires = operator to yield boolean").at(span));
        }
        let ExprKind::Call(c) = op.into_kind() else { bail!(INTERNAL_ERROR, "operator is no call") };
        if c.retset {
            return Err(err!(DATATYPE_MISMATCH, "IS DISTINCT FROM must not return a set").at(span));
        }
        Ok(boolean(ExprKind::Distinct(c), span))
    }

    fn in_expr(&mut self, i: &ast::InExpr) -> Result<Expr> {
        let ast::InExpr { not, expr, list, span } = i;
        let use_or = !*not;
        let name = op_named(if *not { "<>" } else { "=" });
        let last_srf = self.ps().srf_count;
        let left = self.expr(expr)?;
        let mut items = vec![];
        for e in list {
            items.push(self.expr(e)?);
        }
        let has_var: Vec<bool> = items.iter().map(contains_own_vars).collect();
        let mut result: Option<Expr> = None;
        if has_var.iter().filter(|v| !**v).count() > 1 {
            let mut all: Vec<(Oid, Span)> = vec![(left.ty.oid, location(&left))];
            all.extend(items.iter().zip(&has_var).filter(|(_, v)| !**v).map(|(e, _)| (e.ty.oid, location(e))));
            let mut scalar = self.select_common_type(&all, None)?;
            if scalar != 0
                && !all.iter().all(|(t, _)| self.can_coerce_type(&[*t], &[scalar], CoercionContext::Implicit))
            {
                scalar = 0;
            }
            let array = if scalar != 0 && scalar != oids::RECORD { self.cat.array_type(scalar) } else { 0 };
            if array != 0 {
                let mut elements = vec![];
                let mut rest = vec![];
                for (e, v) in items.into_iter().zip(has_var) {
                    if v {
                        rest.push(e);
                    } else {
                        elements.push(self.coerce_to_common_type(e, scalar, "IN")?);
                    }
                }
                items = rest;
                let a = Expr::make(ExprKind::Array { elements, element: scalar, nested: false }, TypeRef::new(array), 0, Span::NONE);
                result = Some(self.make_scalar_array_op(&name, use_or, left.clone(), a, *span)?);
            }
        }
        for item in items {
            let cmp = match (&left.kind, &item.kind) {
                (ExprKind::Row { fields: l, .. }, ExprKind::Row { fields: r, .. }) => {
                    self.make_row_comparison_op(&name, l.clone(), r.clone(), *span)?
                }
                _ => self.make_op(&name, Some(left.clone()), item, last_srf, *span)?,
            };
            let cmp = self.coerce_to_boolean(cmp, "IN")?;
            result = Some(match result {
                None => cmp,
                Some(prev) if use_or => boolean(ExprKind::Or(vec![prev, cmp]), *span),
                Some(prev) => boolean(ExprKind::And(vec![prev, cmp]), *span),
            });
        }
        result.ok_or_else(|| err!(SYNTAX_ERROR, "syntax error").at(*span))
    }

    fn between(&mut self, b: &ast::BetweenExpr) -> Result<Expr> {
        let ast::BetweenExpr { not, symmetric, expr, low, high, span } = b;
        let (from, to, inside, outside) = if *not { ("<", ">", "OR", "AND") } else { (">=", "<=", "AND", "OR") };
        let junction = |word, args| boolean(if word == "OR" { ExprKind::Or(args) } else { ExprKind::And(args) }, *span);
        let mut pairs = vec![];
        for (low, high) in [(low, high), (high, low)] {
            let mut both = vec![];
            for (op, bound) in [(from, low), (to, high)] {
                let e = self.operator_expr(&op_named(op), Some(expr), bound, *span)?;
                both.push(self.coerce_to_boolean(e, inside)?);
            }
            let pair = junction(inside, both);
            if !*symmetric {
                return Ok(pair);
            }
            pairs.push(pair);
        }
        Ok(junction(outside, pairs))
    }

    fn bool_expr(&mut self, b: &ast::BoolExpr) -> Result<Expr> {
        let ast::BoolExpr { op, args, span } = b;
        let name = match op {
            ast::BoolOp::And => "AND",
            ast::BoolOp::Or => "OR",
            ast::BoolOp::Not => "NOT",
        };
        let mut out = vec![];
        for a in args {
            let e = self.expr(a)?;
            out.push(self.coerce_to_boolean(e, name)?);
        }
        let kind = match op {
            ast::BoolOp::And => ExprKind::And(out),
            ast::BoolOp::Or => ExprKind::Or(out),
            ast::BoolOp::Not => match out.into_iter().next() {
                Some(e) => ExprKind::Not(e),
                None => bail!(INTERNAL_ERROR, "NOT without argument"),
            },
        };
        Ok(boolean(kind, *span))
    }

    fn type_cast(&mut self, t: &ast::TypeCast) -> Result<Expr> {
        let ast::TypeCast { arg, type_name, span } = t;
        let target = self.type_name_to_type(type_name)?;
        let e = match arg {
            ast::Expr::Array(a) => {
                let base = self.cat.base_type_and_typmod(target);
                let element = self.cat.element_type(base.oid);
                if element != 0 { self.array_expr(a, Some((base, element)))? } else { self.expr(arg)? }
            }
            _ => self.expr(arg)?,
        };
        let at = if span.is_none() { type_name.span } else { *span };
        let (from, from_at) = (e.ty.oid, location(&e));
        match self.coerce_to_target_type(e, target, CoercionContext::Explicit, CoercionForm::Explicit, at)? {
            Some(e) => Ok(e),
            None => Err(err!(
                CANNOT_COERCE,
                "cannot cast type {} to {}",
                self.type_name(from),
                self.type_name(target.oid)
            )
            .at(if at.is_none() { from_at } else { at })),
        }
    }

    fn collate_clause(&mut self, c: &ast::CollateClause) -> Result<Expr> {
        let ast::CollateClause { arg, collname, span } = c;
        let Some(arg) = arg else { bail!(INTERNAL_ERROR, "COLLATE without argument") };
        let e = self.expr(arg)?;
        if e.ty.oid != oids::UNKNOWN && self.cat.type_collation(e.ty.oid) == 0 {
            return Err(
                err!(DATATYPE_MISMATCH, "collations are not supported by type {}", self.type_name(e.ty.oid)).at(*span)
            );
        }
        let collation = self.lookup_collation(collname, *span)?;
        let ty = e.ty;
        Ok(Expr::make(ExprKind::Collate(e), ty, collation, *span))
    }

    /// A function call as written (`transformFuncCall`).
    pub fn func_call(&mut self, f: &ast::FuncCall) -> Result<Expr> {
        self.func_call_over(f, &f.args)
    }

    /// The call, with these arguments.
    pub fn func_call_over(&mut self, f: &ast::FuncCall, args: &[ast::FuncArg]) -> Result<Expr> {
        let ast::FuncCall {
            funcname,
            args: _,
            agg_order,
            agg_filter,
            over,
            agg_within_group,
            agg_star,
            agg_distinct,
            func_variadic,
            funcformat,
            span,
        } = f;
        let last_srf = self.ps().srf_count;
        let mut out = vec![];
        for ast::FuncArg { name, expr, span } in args {
            out.push(Arg { name: name.clone(), expr: self.expr(expr)?, span: *span });
        }
        if *agg_within_group {
            for s in agg_order {
                let e = self.transform_expr(&s.node, Clause::OrderBy)?;
                out.push(Arg::positional(e));
            }
        }
        let syntax = CallSyntax {
            agg_order,
            agg_filter: agg_filter.as_ref(),
            over: over.as_ref(),
            within_group: *agg_within_group,
            star: *agg_star,
            distinct: *agg_distinct,
            variadic: *func_variadic,
            sql_syntax: *funcformat == ast::CoercionForm::SqlSyntax,
            call: false,
            column: false,
        };
        match self.parse_func_or_column(funcname, out, last_srf, &syntax, *span)? {
            Some(e) => Ok(e),
            None => Err(Error::internal("function call came to nothing")),
        }
    }

    /// Field selections and subscripts (`transformIndirection`).
    pub fn indirection(&mut self, base: Expr, steps: &[ast::Indirection]) -> Result<Expr> {
        let at = location(&base);
        let last_srf = self.ps().srf_count;
        let mut result = base;
        let mut subscripts: Vec<&ast::Indirection> = vec![];
        for s in steps {
            match s {
                ast::Indirection::Index(_) | ast::Indirection::Slice(_, _) => subscripts.push(s),
                ast::Indirection::Star => {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here").at(at));
                }
                ast::Indirection::Field(name) => {
                    if !subscripts.is_empty() {
                        result = self.container_subscripts(result, &std::mem::take(&mut subscripts), None)?;
                    }
                    let arg = vec![Arg::positional(result.clone())];
                    let syntax = CallSyntax { column: true, ..CallSyntax::default() };
                    result = match self.parse_func_or_column(std::slice::from_ref(name), arg, last_srf, &syntax, at)? {
                        Some(e) => e,
                        None => return Err(self.unknown_attribute(&result, name, at)),
                    };
                }
            }
        }
        if !subscripts.is_empty() {
            result = self.container_subscripts(result, &subscripts, None)?;
        }
        Ok(result)
    }

    fn unknown_attribute(&mut self, e: &Expr, name: &str, at: Span) -> Error {
        if let ExprKind::Var(Var { rte, attno: 0, level }) = e.kind {
            let rel = self.level(level).rtable[rte as usize].name.clone();
            return err!(UNDEFINED_COLUMN, "column {}.{} does not exist"; rel, name).at(at);
        }
        if self.cat.type_relation(e.ty.oid) != 0 {
            err!(UNDEFINED_COLUMN, "column \"{name}\" not found in data type {}", self.type_name(e.ty.oid))
        } else if e.ty.oid == oids::RECORD {
            err!(UNDEFINED_COLUMN, "could not identify column \"{}\" in record data type"; name)
        } else {
            err!(
                WRONG_OBJECT_TYPE,
                "column notation .{name} applied to type {}, which is not a composite type",
                self.type_name(e.ty.oid)
            )
        }
        .at(at)
    }

    /// ARRAY[…]; `wanted` is the array type of a cast around it, with its element type (`transformArrayExpr`).
    /// Whether values of a type are arrays of one dimension less; the vectors of system catalogs count as scalars.
    fn makes_dimension(&self, ty: Oid) -> bool {
        self.cat.element_type(ty) != 0 && !matches!(ty, oids::INT2VECTOR | oids::OIDVECTOR)
    }

    fn array_expr(&mut self, a: &ast::AArrayExpr, wanted: Option<(TypeRef, Oid)>) -> Result<Expr> {
        let ast::AArrayExpr { elements, span } = a;
        let mut items = vec![];
        let mut nested = false;
        for e in elements {
            let item = match e {
                ast::Expr::Array(inner) => {
                    nested = true;
                    self.array_expr(inner, wanted)?
                }
                _ => {
                    let item = self.expr(e)?;
                    nested |= self.makes_dimension(item.ty.oid);
                    item
                }
            };
            items.push(item);
        }
        let (array, element, common) = match wanted {
            Some((array, element)) => (array.oid, element, if nested { array.oid } else { element }),
            None => {
                if items.is_empty() {
                    return Err(err!(INDETERMINATE_DATATYPE, "cannot determine type of empty array")
                        .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
                        .at(*span));
                }
                let common = self.common_type(&items, Some("ARRAY"))?;
                if nested {
                    let element = self.cat.element_type(common);
                    if element == 0 {
                        return Err(err!(
                            UNDEFINED_OBJECT, "could not find element type for data type {}"; self.type_name(common)
                        )
                        .at(*span));
                    }
                    (common, element, common)
                } else {
                    let array = self.cat.array_type(common);
                    if array == 0 {
                        return Err(err!(
                            UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(common)
                        )
                        .at(*span));
                    }
                    (array, common, common)
                }
            }
        };
        let mut out = vec![];
        for e in items {
            out.push(match wanted {
                Some((t, _)) => {
                    let (from, at) = (e.ty.oid, location(&e));
                    let target = TypeRef { oid: common, typmod: t.typmod };
                    let done = self.coerce_to_target_type(
                        e,
                        target,
                        CoercionContext::Explicit,
                        CoercionForm::Explicit,
                        Span::NONE,
                    )?;
                    match done {
                        Some(e) => e,
                        None => {
                            return Err(err!(
                                CANNOT_COERCE, "cannot cast type {} to {}"; self.type_name(from), self.type_name(common)
                            )
                            .at(at));
                        }
                    }
                }
                None => self.coerce_to_common_type(e, common, "ARRAY")?,
            });
        }
        Ok(Expr::make(ExprKind::Array { elements: out, element, nested }, TypeRef::new(array), 0, *span))
    }

    fn row_expr(&mut self, r: &ast::RowExpr) -> Result<Expr> {
        let ast::RowExpr { args, implicit: _, span } = r;
        let fields = self.expr_list(args)?;
        if fields.len() > MAX_TARGETS {
            return Err(err!(TOO_MANY_COLUMNS, "ROW expressions can have at most {MAX_TARGETS} entries").at(*span));
        }
        let names = (1..=fields.len()).map(|i| format!("f{i}")).collect();
        Ok(Expr::make(ExprKind::Row { fields, names }, TypeRef::new(oids::RECORD), 0, *span))
    }

    fn case_expr(&mut self, c: &ast::CaseExpr) -> Result<Expr> {
        let ast::CaseExpr { arg, args, defresult, span } = c;
        let srfs = self.ps().srf_count;
        let mut test = None;
        let arg = match arg {
            Some(a) => {
                let mut e = self.expr(a)?;
                if e.ty.oid == oids::UNKNOWN {
                    e = self.coerce_to_common_type(e, oids::TEXT, "CASE")?;
                }
                self.assign_expr_collations(&mut e)?;
                test = Some(Expr::make(ExprKind::CaseTest, e.ty, e.collation, Span::NONE));
                Some(e)
            }
            None => None,
        };
        let mut conds = vec![];
        let mut results = vec![];
        for ast::CaseWhen { expr, result, span } in args {
            let cond = match &test {
                Some(t) => {
                    let last_srf = self.ps().srf_count;
                    let r = self.expr(expr)?;
                    self.make_op(&op_named("="), Some(t.clone()), r, last_srf, *span)?
                }
                None => self.expr(expr)?,
            };
            conds.push(self.coerce_to_boolean(cond, "CASE/WHEN")?);
            results.push(self.expr(result)?);
        }
        let default = match defresult {
            Some(d) => self.expr(d)?,
            None => Expr::constant(Value::Null, TypeRef::new(oids::UNKNOWN)),
        };
        // The default counts first when the type is chosen.
        let mut list = vec![(default.ty.oid, location(&default))];
        list.extend(results.iter().map(|e| (e.ty.oid, location(e))));
        let ty = self.select_common_type(&list, Some("CASE"))?;
        let default = self.coerce_to_common_type(default, ty, "CASE/ELSE")?;
        let mut whens = vec![];
        for (cond, result) in conds.into_iter().zip(results) {
            whens.push(When { cond, result: self.coerce_to_common_type(result, ty, "CASE/WHEN")? });
        }
        self.no_srf_since(srfs, "CASE")?;
        let all: Vec<&Expr> = std::iter::once(&default).chain(whens.iter().map(|w| &w.result)).collect();
        let typmod = Self::common_typmod(&all, ty);
        Ok(Expr::make(ExprKind::Case { arg, whens, default }, TypeRef { oid: ty, typmod }, 0, *span))
    }

    fn no_srf_since(&mut self, before: u32, construct: &str) -> Result<()> {
        let ps = self.ps();
        if ps.srf_count != before {
            let at = ps.last_srf.0;
            return Err(err!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {}"; construct)
                .hint("You might be able to move the set-returning function into a LATERAL FROM item.")
                .at(at));
        }
        Ok(())
    }

    fn coalesce(&mut self, c: &ast::CoalesceExpr) -> Result<Expr> {
        let ast::CoalesceExpr { args, span } = c;
        let srfs = self.ps().srf_count;
        let mut items = vec![];
        for a in args {
            items.push(self.expr(a)?);
        }
        let ty = self.common_type(&items, Some("COALESCE"))?;
        let mut out = vec![];
        for e in items {
            out.push(self.coerce_to_common_type(e, ty, "COALESCE")?);
        }
        self.no_srf_since(srfs, "COALESCE")?;
        let typmod = Self::common_typmod(&out.iter().collect::<Vec<_>>(), ty);
        Ok(Expr::make(ExprKind::Coalesce(out), TypeRef { oid: ty, typmod }, 0, *span))
    }

    fn min_max(&mut self, m: &ast::MinMaxExpr) -> Result<Expr> {
        let ast::MinMaxExpr { greatest, args, span } = m;
        let name = if *greatest { "GREATEST" } else { "LEAST" };
        let mut items = vec![];
        for a in args {
            items.push(self.expr(a)?);
        }
        let ty = self.common_type(&items, Some(name))?;
        let mut out = vec![];
        for e in items {
            out.push(self.coerce_to_common_type(e, ty, name)?);
        }
        let cmp = self.cat.sort_operators(ty).cmp;
        if cmp == 0 {
            bail!(UNDEFINED_FUNCTION, "could not identify a comparison function for type {}"; self.type_name(ty));
        }
        let typmod = Self::common_typmod(&out.iter().collect::<Vec<_>>(), ty);
        Ok(Expr::make(ExprKind::MinMax { greatest: *greatest, args: out, cmp, input_collation: 0 }, TypeRef { oid: ty, typmod }, 0, *span))
    }

    fn boolean_test(&mut self, b: &ast::BooleanTest) -> Result<Expr> {
        let ast::BooleanTest { arg, kind, span } = b;
        let (name, kind) = match kind {
            ast::BoolTestType::IsTrue => ("IS TRUE", BoolTest::True),
            ast::BoolTestType::IsNotTrue => ("IS NOT TRUE", BoolTest::NotTrue),
            ast::BoolTestType::IsFalse => ("IS FALSE", BoolTest::False),
            ast::BoolTestType::IsNotFalse => ("IS NOT FALSE", BoolTest::NotFalse),
            ast::BoolTestType::IsUnknown => ("IS UNKNOWN", BoolTest::Unknown),
            ast::BoolTestType::IsNotUnknown => ("IS NOT UNKNOWN", BoolTest::NotUnknown),
        };
        let e = self.expr(arg)?;
        let e = self.coerce_to_boolean(e, name)?;
        Ok(boolean(ExprKind::BoolTest { arg: e, kind }, *span))
    }

    fn sql_value(&mut self, s: &ast::SqlValueFunction) -> Result<Expr> {
        use ast::SqlValueFunctionOp as Op;
        let ast::SqlValueFunction { op, typmod, span } = s;
        let (kind, ty, name) = match op {
            Op::CurrentDate => (SqlValueKind::CurrentDate, oids::DATE, ""),
            Op::CurrentTime => (SqlValueKind::CurrentTime, oids::TIMETZ, "TIME"),
            Op::CurrentTimestamp => (SqlValueKind::CurrentTimestamp, oids::TIMESTAMPTZ, "TIMESTAMP"),
            Op::LocalTime => (SqlValueKind::LocalTime, oids::TIME, "TIME"),
            Op::LocalTimestamp => (SqlValueKind::LocalTimestamp, oids::TIMESTAMP, "TIMESTAMP"),
            Op::CurrentRole => (SqlValueKind::CurrentRole, oids::NAME, ""),
            Op::CurrentUser => (SqlValueKind::CurrentUser, oids::NAME, ""),
            Op::User => (SqlValueKind::User, oids::NAME, ""),
            Op::SessionUser => (SqlValueKind::SessionUser, oids::NAME, ""),
            Op::CurrentCatalog => (SqlValueKind::CurrentCatalog, oids::NAME, ""),
            Op::CurrentSchema => (SqlValueKind::CurrentSchema, oids::NAME, ""),
        };
        let mut m = typmod.unwrap_or(-1);
        if !name.is_empty() && m > 6 {
            let zone = if matches!(ty, oids::TIMETZ | oids::TIMESTAMPTZ) { " WITH TIME ZONE" } else { "" };
            self.warn(
                SqlState::INVALID_PARAMETER_VALUE,
                format!("{name}({m}){zone} precision reduced to maximum allowed, 6"),
                Span::NONE,
            );
            m = 6;
        }
        Ok(Expr::make(ExprKind::SqlValue(kind), TypeRef { oid: ty, typmod: m }, 0, *span))
    }

    fn current_of(&mut self, c: &ast::CurrentOfExpr) -> Result<Expr> {
        let ast::CurrentOfExpr { cursor_name, span } = c;
        let Some(t) = &self.ps().target else {
            return Err(err!(SYNTAX_ERROR, "WHERE CURRENT OF is only allowed in UPDATE and DELETE").at(*span));
        };
        let rte = t.rte;
        Ok(boolean(ExprKind::CurrentOf { rte, cursor: cursor_name.clone() }, *span))
    }

    fn row_compare_sublink(&mut self, l: &ast::RowExpr, name: &ast::OperatorName, s: &ast::SubLink) -> Result<Expr> {
        self.check_sublink_place(s.span)?;
        self.ps().has_sublinks = true;
        let query = self.sub_select(&s.subselect)?;
        let left = self.expr_list(&l.args)?;
        let test = self.sublink_test(name, left, &query, s.span)?;
        let shown = operator_name(name);
        Ok(sublink(SubLinkKind::RowCompare, Some(test), shown, query, TypeRef::new(oids::BOOL), s.span))
    }

    fn check_sublink_place(&mut self, span: Span) -> Result<()> {
        use Clause::*;
        let place = match self.ps().clause {
            CheckConstraint | DomainCheck => "check constraint",
            ColumnDefault | FunctionDefault => "DEFAULT expression",
            IndexExpression => "index expression",
            IndexPredicate => "index predicate",
            StatsExpression => "statistics expression",
            AlterColTransform => "transform expression",
            ExecuteParameter => "EXECUTE parameter",
            TriggerWhen => "trigger WHEN condition",
            PartitionBound => "partition bound",
            PartitionExpression => "partition key expression",
            CallArgument => "CALL argument",
            CopyWhere => "COPY FROM WHERE condition",
            GeneratedColumn => "column generation expression",
            _ => return Ok(()),
        };
        Err(err!(FEATURE_NOT_SUPPORTED, "cannot use subquery in {}"; place).at(span))
    }

    fn sub_link(&mut self, s: &ast::SubLink) -> Result<Expr> {
        let ast::SubLink { kind, subselect, span } = s;
        self.check_sublink_place(*span)?;
        self.ps().has_sublinks = true;
        let query = self.sub_select(subselect)?;
        let one_column = |q: &tusklet_ir::Query| {
            if q.targets.iter().filter(|t| !t.junk).count() != 1 {
                return Err(err!(SYNTAX_ERROR, "subquery must return only one column").at(*span));
            }
            Ok(())
        };
        let boolean = TypeRef::new(oids::BOOL);
        match kind {
            ast::SubLinkType::Exists => {
                Ok(sublink(SubLinkKind::Exists, None, String::new(), query, boolean, *span))
            }
            ast::SubLinkType::Expr => {
                one_column(&query)?;
                let ty = query.targets[0].expr.ty;
                let collation = query.targets[0].expr.collation;
                let mut e = sublink(SubLinkKind::Expr, None, String::new(), query, ty, *span);
                e.collation = collation;
                Ok(e)
            }
            ast::SubLinkType::Array => {
                one_column(&query)?;
                let inner = query.targets[0].expr.ty.oid;
                // A subquery of arrays gives an array of more dimensions.
                let ty = if self.makes_dimension(inner) { inner } else { self.cat.array_type(inner) };
                if ty == 0 {
                    return Err(err!(
                        UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(inner)
                    ));
                }
                let typmod = query.targets[0].expr.ty.typmod;
                let collation = query.targets[0].expr.collation;
                let mut e =
                    sublink(SubLinkKind::Array, None, String::new(), query, TypeRef { oid: ty, typmod }, *span);
                e.collation = collation;
                Ok(e)
            }
            ast::SubLinkType::All { testexpr, oper_name } => {
                let left = self.test_expr(testexpr)?;
                let test = self.sublink_test(oper_name, left, &query, *span)?;
                Ok(sublink(SubLinkKind::All, Some(test), operator_name(oper_name), query, boolean, *span))
            }
            ast::SubLinkType::Any { testexpr, oper_name } => {
                let left = self.test_expr(testexpr)?;
                let name = oper_name.clone().unwrap_or_else(|| op_named("="));
                let test = self.sublink_test(&name, left, &query, *span)?;
                let shown = oper_name.as_ref().map(operator_name).unwrap_or_default();
                Ok(sublink(SubLinkKind::Any, Some(test), shown, query, boolean, *span))
            }
        }
    }

    fn test_expr(&mut self, e: &ast::Expr) -> Result<Vec<Expr>> {
        match e {
            ast::Expr::Row(r) => self.expr_list(&r.args),
            _ => Ok(vec![self.expr(e)?]),
        }
    }

    fn sublink_test(
        &mut self,
        name: &ast::OperatorName,
        left: Vec<Expr>,
        query: &tusklet_ir::Query,
        span: Span,
    ) -> Result<Expr> {
        let right: Vec<Expr> = query
            .targets
            .iter()
            .filter(|t| !t.junk)
            .enumerate()
            .map(|(i, t)| Expr::make(ExprKind::Param(Param::SubLink(i as u32 + 1)), t.expr.ty, t.expr.collation, Span::NONE))
            .collect();
        if left.len() < right.len() {
            return Err(err!(SYNTAX_ERROR, "subquery has too many columns").at(span));
        }
        if left.len() > right.len() {
            return Err(err!(SYNTAX_ERROR, "subquery has too few columns").at(span));
        }
        self.make_row_comparison_op(name, left, right, span)
    }

    /// `(a, b) op (c, d)` (`make_row_comparison_op`).
    pub fn make_row_comparison_op(
        &mut self,
        name: &ast::OperatorName,
        left: Vec<Expr>,
        right: Vec<Expr>,
        span: Span,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(err!(SYNTAX_ERROR, "unequal number of entries in row expressions").at(span));
        }
        if left.is_empty() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length").at(span));
        }
        let last_srf = self.ps().srf_count;
        let mut cmps = vec![];
        for (l, r) in left.into_iter().zip(right) {
            let cmp = self.make_op(name, Some(l), r, last_srf, span)?;
            if cmp.ty.oid != oids::BOOL {
                return Err(err!(
                    DATATYPE_MISMATCH,
                    "row comparison operator must yield type boolean, not type {}",
                    self.type_name(cmp.ty.oid)
                )
                .at(span));
            }
            if crate::parse_coerce::returns_set(&cmp) {
                return Err(err!(DATATYPE_MISMATCH, "row comparison operator must not return a set").at(span));
            }
            cmps.push(cmp);
        }
        if cmps.len() == 1 {
            return cmps.pop().ok_or_else(|| Error::internal("lost comparison"));
        }
        // What the operators mean in B-tree families; all must have one meaning in common.
        let mut common: Option<Vec<(Oid, i32)>> = None;
        for c in &cmps {
            let ExprKind::Call(call) = &c.kind else { bail!(INTERNAL_ERROR, "operator is no call") };
            let meanings = self.btree_interpretation(call.op);
            common = Some(match common {
                None => meanings,
                Some(have) => {
                    have.into_iter().filter(|(_, s)| meanings.iter().any(|(_, t)| t == s)).collect()
                }
            });
        }
        let Some(&(_, strategy)) = common.as_ref().and_then(|c| c.iter().min_by_key(|(_, s)| *s)) else {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "could not determine interpretation of row comparison operator {}";
                operator_name(name)
            )
            .hint("Row comparison operators must be associated with btree operator families.")
            .at(span));
        };
        let kind = match strategy {
            3 => return Ok(boolean(ExprKind::And(cmps), span)),
            6 => return Ok(boolean(ExprKind::Or(cmps), span)),
            1 => RowCompareKind::Lt,
            2 => RowCompareKind::Le,
            4 => RowCompareKind::Ge,
            _ => RowCompareKind::Gt,
        };
        let (mut ops, mut funcs, mut ls, mut rs) = (vec![], vec![], vec![], vec![]);
        for c in cmps {
            let ExprKind::Call(call) = c.into_kind() else { bail!(INTERNAL_ERROR, "operator is no call") };
            ops.push(call.op);
            let mut args = call.args.into_iter();
            if let (Some(l), Some(r)) = (args.next(), args.next()) {
                // The comparison function of the operator's family for these operand types.
                let op = self.cat.operator(call.op);
                let (lt, rt) = op.map_or((0, 0), |o| (o.left, o.right));
                let family = self.btree_interpretation(call.op).into_iter().find(|(_, s)| *s == strategy).map_or(0, |f| f.0);
                funcs.push(self.cat.opfamily_proc(family, lt, rt, 1));
                ls.push(l);
                rs.push(r);
            }
        }
        let collations = vec![0; ops.len()];
        Ok(boolean(ExprKind::RowCompare { kind, ops, funcs, left: ls, right: rs, collations }, span))
    }

    /// B-tree families and strategies of an operator, 6 for `<>` (`get_op_btree_interpretation`).
    fn btree_interpretation(&self, op: Oid) -> Vec<(Oid, i32)> {
        let find = |op: Oid| -> Vec<(Oid, i32)> {
            builtin::amops_by_operator(op)
                .filter(|m| m.method() == oids::AM_BTREE && m.purpose() == b's')
                .map(|m| (m.family(), m.strategy()))
                .collect()
        };
        let mut found = find(op);
        if found.is_empty() {
            let negator = self.cat.operator(op).map_or(0, |o| o.negator);
            if negator != 0 {
                found = find(negator).into_iter().filter(|(_, s)| *s == 3).map(|(f, _)| (f, 6)).collect();
            }
        }
        found
    }
}

/// An expression of type boolean.
pub fn boolean(kind: ExprKind, span: Span) -> Expr {
    Expr::make(kind, TypeRef::new(oids::BOOL), 0, span)
}

fn sublink(
    kind: SubLinkKind,
    test: Option<Expr>,
    op_name: String,
    query: tusklet_ir::Query,
    ty: TypeRef,
    span: Span,
) -> Expr {
    Expr::make(ExprKind::SubLink(Box::new(SubLink { kind, test, op_name, query, id: 0 })), ty, 0, span)
}

fn is_null_literal(e: &ast::Expr) -> bool {
    matches!(e, ast::Expr::Const(ast::AConst { value: ast::Const::Null, .. }))
}

/// Whether an expression has columns of its own query level (`contain_vars_of_level(…, 0)`).
pub fn contains_own_vars(e: &Expr) -> bool {
    let mut found = false;
    let mut e = e.clone();
    tusklet_ir::visit::expr_levels_mut(&mut e, 0, &mut |x, level| {
        if let ExprKind::Var(v) = &x.kind {
            found |= v.level == level;
        }
    });
    found
}
