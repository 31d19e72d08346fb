//! Operators (`parse_oper.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Operator;
use tusklet_catalog::resolve::{SortOperators, is_polymorphic};
use tusklet_error::{Error, Result, Span, bail, err, filled};
use tusklet_ir::{CoercionForm, Expr, ExprKind, FuncCall, Oid, TypeRef};
use tusklet_syntax::ast;

use crate::parse_coerce::volatility;
use crate::parse_func::FuncDetail;
use crate::parse_node::{Analyzer, lookup_failed};

/// The operator with exactly these operand types, 0 when there is none (`LookupOperName`).
pub fn lookup_operator(cx: &mut dyn crate::AnalyzeContext, names: &[String], left: Oid, right: Oid) -> Result<Oid> {
    let a = Analyzer::new(cx, crate::ParamTypes::none());
    let (schema, name) = a.deconstruct(names, Span::NONE)?;
    Ok(a.cat.operator_exact(&a.path, schema, name, left, right))
}

/// The operator that stands between two values of the type.
pub fn same_type_operator(cx: &mut dyn crate::AnalyzeContext, name: &ast::OperatorName, ty: Oid) -> Result<Oid> {
    Ok(Analyzer::new(cx, crate::ParamTypes::none()).oper(name, ty, ty, Span::NONE)?.oid)
}

/// An operator with its operand types, as messages show it (`op_signature_string`).
pub fn operator_text(cx: &mut dyn crate::AnalyzeContext, names: &[String], left: Oid, right: Oid) -> String {
    let a = Analyzer::new(cx, crate::ParamTypes::none());
    let left = if left == 0 { String::new() } else { filled!("{} "; a.type_name(left)) };
    filled!("{}{} {}"; left, names.join("."), a.type_name(right))
}

impl Analyzer<'_> {
    /// The binary operator for two operand types (`oper`).
    pub fn oper(&mut self, name: &ast::OperatorName, left: Oid, right: Oid, span: Span) -> Result<Rc<Operator>> {
        match self.oper_quiet(name, left, right).map_err(|e| e.at(span))? {
            Ok(o) => Ok(o),
            Err(detail) => Err(self.op_error(name, left, right, detail, span)),
        }
    }

    fn oper_quiet(
        &mut self,
        name: &ast::OperatorName,
        left: Oid,
        right: Oid,
    ) -> Result<Result<Rc<Operator>, FuncDetail>> {
        let schema = self.operator_schema(name)?;
        let schema = schema.as_deref();
        let exact = self.binary_oper_exact(schema, &name.name, left, right);
        if exact != 0 {
            return Ok(Ok(self.operator_by_oid(exact)?));
        }
        let (l, r) = match (left, right) {
            (0, r) => (r, r),
            (l, 0) => (l, l),
            lr => lr,
        };
        let candidates = self.cat.operator_candidates(&self.path, schema, &name.name, false);
        let types: Vec<Vec<Oid>> = candidates.iter().map(|c| vec![c.left, c.right]).collect();
        Ok(match self.select_candidate(&[l, r], &types) {
            Ok(i) => Ok(self.operator_by_oid(candidates[i].oid)?),
            Err(d) => Err(d),
        })
    }

    fn binary_oper_exact(&self, schema: Option<&str>, name: &str, left: Oid, right: Oid) -> Oid {
        let (mut l, mut r, mut was_unknown) = (left, right, false);
        if l == oids::UNKNOWN && r != 0 {
            l = r;
            was_unknown = true;
        } else if r == oids::UNKNOWN && l != 0 {
            r = l;
            was_unknown = true;
        }
        let found = self.cat.operator_exact(&self.path, schema, name, l, r);
        if found != 0 {
            return found;
        }
        if was_unknown {
            let base = self.cat.base_type(l);
            if base != l {
                return self.cat.operator_exact(&self.path, schema, name, base, base);
            }
        }
        0
    }

    /// The prefix operator for an operand type (`left_oper`).
    pub fn left_oper(&mut self, name: &ast::OperatorName, arg: Oid, span: Span) -> Result<Rc<Operator>> {
        let schema = self.operator_schema(name).map_err(|e| e.at(span))?;
        let schema = schema.as_deref();
        let exact = self.cat.operator_exact(&self.path, schema, &name.name, 0, arg);
        if exact != 0 {
            return self.operator_by_oid(exact);
        }
        let candidates = self.cat.operator_candidates(&self.path, schema, &name.name, true);
        let types: Vec<Vec<Oid>> = candidates.iter().map(|c| vec![c.right]).collect();
        match self.select_candidate(&[arg], &types) {
            Ok(i) => self.operator_by_oid(candidates[i].oid),
            Err(d) => Err(self.op_error(name, 0, arg, d, span)),
        }
    }

    fn operator_by_oid(&self, oid: Oid) -> Result<Rc<Operator>> {
        self.cat.operator(oid).ok_or_else(|| lookup_failed("operator", oid))
    }

    fn operator_schema(&self, name: &ast::OperatorName) -> Result<Option<String>> {
        let ast::OperatorName { qualifiers, name } = name;
        let schema = match qualifiers.as_slice() {
            [] => return Ok(None),
            [s] => s,
            [c, s] if *c == self.cx.database() => s,
            [_, _] => bail!(
                FEATURE_NOT_SUPPORTED,
                "cross-database references are not implemented: {}.{}";
                qualifiers.join("."),
                name
            ),
            _ => bail!(
                SYNTAX_ERROR, "improper qualified name (too many dotted names): {}.{}"; qualifiers.join("."), name
            ),
        };
        if self.cat.lookup_schema(&self.path, schema).is_none() {
            bail!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist"; schema);
        }
        Ok(Some(schema.clone()))
    }

    fn op_error(&self, name: &ast::OperatorName, left: Oid, right: Oid, detail: FuncDetail, span: Span) -> Error {
        let signature = self.op_signature(name, left, right);
        match detail {
            FuncDetail::Multiple => err!(AMBIGUOUS_FUNCTION, "operator is not unique: {}"; signature)
                .hint("Could not choose a best candidate operator. You might need to add explicit type casts."),
            FuncDetail::NotFound => err!(
                UNDEFINED_FUNCTION, "operator does not exist: {}"; signature
            ).hint(if left == 0 {
                "No operator matches the given name and argument type. You might need to add an explicit type cast."
            } else {
                "No operator matches the given name and argument types. You might need to add explicit type casts."
            }),
        }
        .at(span)
    }

    fn op_signature(&self, name: &ast::OperatorName, left: Oid, right: Oid) -> String {
        let op = operator_name(name);
        if left == 0 {
            filled!("{} {}"; op, self.type_name(right))
        } else {
            filled!("{} {} {}"; self.type_name(left), op, self.type_name(right))
        }
    }

    /// Applies an operator (`make_op`). `last_srf` is the count of set-returning functions before the operands.
    pub fn make_op(
        &mut self,
        name: &ast::OperatorName,
        left: Option<Expr>,
        right: Expr,
        last_srf: u32,
        span: Span,
    ) -> Result<Expr> {
        let op = match &left {
            Some(l) => self.oper(name, l.ty.oid, right.ty.oid, span)?,
            None => self.left_oper(name, right.ty.oid, span)?,
        };
        let (mut actual, mut declared, mut args) = (vec![], vec![], vec![]);
        if let Some(l) = left {
            actual.push(l.ty.oid);
            declared.push(op.left);
            args.push(l);
        }
        actual.push(right.ty.oid);
        declared.push(op.right);
        args.push(right);
        if op.func == 0 {
            let (l, r) = if actual.len() == 2 { (op.left, op.right) } else { (0, op.right) };
            return Err(err!(
                UNDEFINED_FUNCTION, "operator is only a shell: {}"; self.op_signature(name, l, r)
            ).at(span));
        }
        let result = self.enforce_generic_type_consistency(&actual, &mut declared, op.result, false)?;
        let args = self.make_fn_arguments(args, &declared)?;
        let p = self.cat.proc(op.func).ok_or_else(|| lookup_failed("function", op.func))?;
        if p.retset {
            self.check_srf_call_placement(last_srf, span)?;
            self.note_srf(span);
        }
        Ok(Expr::make(
            ExprKind::Call(Box::new(FuncCall {
                func: op.func,
                op: op.oid,
                args,
                input_collation: 0,
                variadic: false,
                retset: p.retset,
                form: CoercionForm::Call,
                strict: p.strict,
                volatility: volatility(p.volatility),
            })),
            TypeRef::new(result),
            0,
            span,
        ))
    }

    /// `left op ANY/ALL (array)` (`make_scalar_array_op`).
    pub fn make_scalar_array_op(
        &mut self,
        name: &ast::OperatorName,
        any: bool,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Result<Expr> {
        let (ltype, atype) = (left.ty.oid, right.ty.oid);
        let rtype = if atype == oids::UNKNOWN {
            oids::UNKNOWN
        } else {
            match self.cat.base_element_type(atype) {
                0 => return Err(err!(WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires array on right side").at(span)),
                e => e,
            }
        };
        let op = self.oper(name, ltype, rtype, span)?;
        if op.func == 0 {
            let s = self.op_signature(name, op.left, op.right);
            return Err(err!(UNDEFINED_FUNCTION, "operator is only a shell: {}"; s).at(span));
        }
        let mut declared = vec![op.left, op.right];
        let result = self.enforce_generic_type_consistency(&[ltype, rtype], &mut declared, op.result, false)?;
        if result != oids::BOOL {
            return Err(err!(WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator to yield boolean").at(span));
        }
        let p = self.cat.proc(op.func).ok_or_else(|| lookup_failed("function", op.func))?;
        if p.retset {
            return Err(err!(WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator not to return a set").at(span));
        }
        let array = if is_polymorphic(op.right) {
            atype
        } else {
            match self.cat.array_type(declared[1]) {
                0 => {
                    return Err(err!(
                        UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(declared[1])
                    )
                    .at(span));
                }
                a => a,
            }
        };
        declared[1] = array;
        let mut args = self.make_fn_arguments(vec![left, right], &declared)?;
        let (Some(right), Some(left)) = (args.pop(), args.pop()) else { return Err(Error::internal("lost arguments")) };
        Ok(Expr::make(
            ExprKind::ScalarArray { op: op.oid, func: op.func, any, left: left, right: right, input_collation: 0 },
            TypeRef::new(oids::BOOL),
            0,
            span,
        ))
    }

    /// A type's ordering and equality, insisted upon as asked (`get_sort_group_operators`).
    pub fn sort_group_operators(&self, ty: Oid, need_lt: bool, need_eq: bool, need_gt: bool) -> Result<SortOperators> {
        let s = self.cat.sort_operators(ty);
        if (need_lt && s.lt == 0) || (need_gt && s.gt == 0) {
            return Err(err!(
                UNDEFINED_FUNCTION, "could not identify an ordering operator for type {}"; self.type_name(ty)
            )
                .hint("Use an explicit ordering operator or modify the query."));
        }
        if need_eq && s.eq == 0 {
            bail!(UNDEFINED_FUNCTION, "could not identify an equality operator for type {}"; self.type_name(ty));
        }
        Ok(s)
    }
}

/// An operator's name for messages.
pub fn operator_name(name: &ast::OperatorName) -> String {
    let ast::OperatorName { qualifiers, name } = name;
    if qualifiers.is_empty() { name.clone() } else { filled!("{}.{}"; qualifiers.join("."), name) }
}

/// An unqualified operator.
pub fn op_named(name: &str) -> ast::OperatorName {
    ast::OperatorName { qualifiers: vec![], name: name.to_string() }
}
