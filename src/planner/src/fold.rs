//! Constant folding, as `eval_const_expressions` does it.
//!
//! Only immutable functions of constants are computed, so the answer cannot change; an error is raised now that
//! PostgreSQL, too, raises while planning. A strict function with a NULL constant is NULL without being called. AND and
//! OR drop what cannot matter; a FALSE in an AND makes the rest unevaluated, which SQL allows.

use tusklet_catalog::builtin::{self, oids};
use tusklet_error::{Result, filled};
use tusklet_ir::*;

use crate::Planner;

/// The collation of the database.
const DEFAULT_COLLATION: Oid = oids::COLLATION_DEFAULT;

impl Planner<'_> {
    /// Folds constants in every direct expression of a query.
    pub fn fold_query(&mut self, q: &mut Query) -> Result<()> {
        let mut failed = None;
        visit::query_exprs_mut(q, &mut |e| {
            if failed.is_none() {
                failed = self.fold(e).err();
            }
        });
        failed.map_or(Ok(()), Err)
    }

    /// Folds constants in one expression.
    pub fn fold(&mut self, e: &mut Expr) -> Result<()> {
        // A simple CASE of a constant is one of conditions about that constant.
        if let ExprKind::Case { arg, whens, .. } = &mut e.kind
            && let Some(a) = arg
        {
            self.fold(a)?;
            if matches!(a.kind, ExprKind::Const(_)) {
                for w in whens.iter_mut() {
                    replace_case_test(&mut w.cond, a);
                }
                *arg = None;
            }
        }
        // CASE first: branches that cannot be taken must not be folded, they may raise.
        if let ExprKind::Case { arg: None, whens, default } = &mut e.kind {
            let mut kept = Vec::new();
            let mut done = None;
            for mut w in std::mem::take(whens) {
                self.fold(&mut w.cond)?;
                match w.cond.as_const() {
                    Some(Value::Bool(true)) => {
                        self.fold(&mut w.result)?;
                        done = Some(w.result);
                        break;
                    }
                    Some(_) => continue,
                    None => {
                        self.fold(&mut w.result)?;
                        kept.push(w);
                    }
                }
            }
            match done {
                Some(r) => *default = r,
                None => self.fold(default)?,
            }
            *whens = kept;
            if whens.is_empty() {
                *e = default.clone();
            }
            return Ok(());
        }
        let mut failed = None;
        visit::children_mut(e, &mut |c| {
            if failed.is_none() {
                failed = self.fold(c).err();
            }
        });
        if let Some(e) = failed {
            return Err(e);
        }
        let bool_const = |v: Option<bool>| Expr::constant(v.map_or(Value::Null, Value::Bool), TypeRef::new(oids::BOOL));
        let or = matches!(e.kind, ExprKind::Or(_));
        let (ty, collation) = (e.ty, e.collation);
        match &mut e.kind {
            ExprKind::And(args) | ExprKind::Or(args) => {
                let mut flat = Vec::new();
                for mut a in std::mem::take(args) {
                    match &mut a.kind {
                        ExprKind::And(inner) if !or => flat.append(inner),
                        ExprKind::Or(inner) if or => flat.append(inner),
                        _ => flat.push(a),
                    }
                }
                if flat.iter().any(|a| a.as_const() == Some(&Value::Bool(or))) {
                    *e = bool_const(Some(or));
                    return Ok(());
                }
                flat.retain(|a| a.as_const() != Some(&Value::Bool(!or)));
                match flat.len() {
                    0 => *e = bool_const(Some(!or)),
                    1 => *e = flat.swap_remove(0),
                    _ => *args = flat,
                }
            }
            ExprKind::Not(a) => match a.as_const() {
                Some(Value::Bool(b)) => *e = bool_const(Some(!*b)),
                Some(_) => *e = bool_const(None),
                None => {}
            },
            ExprKind::Coalesce(args) => {
                args.retain(|a| a.as_const() != Some(&Value::Null));
                if let Some(i) = args.iter().position(|a| a.as_const().is_some()) {
                    args.truncate(i + 1);
                }
                match args.len() {
                    0 => e.kind = ExprKind::Const(Value::Null),
                    1 => *e = args.swap_remove(0),
                    _ => {}
                }
            }
            ExprKind::Row { fields, .. } if fields.iter().all(|a| a.as_const().is_some()) => return self.compute(e),
            ExprKind::Field { arg, field } => match &arg.kind {
                ExprKind::Const(_) => return self.compute(e),
                // The other fields are not evaluated then, as in PostgreSQL.
                _ => {
                    if let Some(fields) = crate::expr::row_fields(arg)
                        && let Some(f) = fields.get((*field - 1).max(0) as usize)
                        && f.ty == ty
                        && f.collation == collation
                    {
                        *e = f.clone();
                    }
                }
            },
            // A row of its fields: each is tested by itself, a NULL row among them being no row of NULLs.
            ExprKind::NullTest { arg, negated, row: true } => {
                let ExprKind::Row { fields, .. } = &arg.kind else { return Ok(()) };
                let mut tests = Vec::new();
                for f in fields {
                    match f.as_const() {
                        Some(v) if v.is_null() == *negated => {
                            *e = bool_const(Some(false));
                            return Ok(());
                        }
                        Some(_) => {}
                        None => {
                            let test = ExprKind::NullTest { arg: f.clone(), negated: *negated, row: false };
                            tests.push(Expr::new(test, TypeRef::new(oids::BOOL)));
                        }
                    }
                }
                *e = crate::expr::and(tests).unwrap_or_else(|| bool_const(Some(true)));
            }
            ExprKind::NullTest { arg, negated, row: false } => {
                if let Some(v) = arg.as_const() {
                    *e = bool_const(Some(v.is_null() != *negated));
                }
            }
            ExprKind::Call(c) if !c.retset => {
                if c.strict && c.args.iter().any(|a| a.as_const() == Some(&Value::Null)) {
                    e.kind = ExprKind::Const(Value::Null);
                } else if c.volatility == Volatility::Immutable && c.args.iter().all(|a| a.as_const().is_some()) {
                    return self.compute(e);
                } else if let Some(simple) = boolean_equality(e) {
                    *e = simple;
                } else if let Some(body) = self.inlined(e)? {
                    if let ExprKind::Call(c) = &e.kind {
                        self.inlining.push(c.func);
                    }
                    *e = body;
                    let r = self.fold(e);
                    let func = self.inlining.pop();
                    return r.map_err(|e| match func.and_then(|f| self.cx.catalog().proc(f)) {
                        Some(p) => e.context(filled!("SQL function \"{}\" during inlining"; p.name)),
                        None => e,
                    });
                }
            }
            // COLLATE has said which collation to use; what is left of it is the label.
            ExprKind::Collate(arg) => {
                let arg = std::mem::replace(arg, Expr::constant(Value::Null, ty));
                if arg.collation == e.collation {
                    *e = arg;
                } else if let ExprKind::Const(_) = &arg.kind {
                    *e = arg.collated(e.collation);
                } else {
                    e.kind = ExprKind::Relabel { arg, form: CoercionForm::Implicit };
                }
            }
            ExprKind::Relabel { arg, .. } if arg.as_const().is_some() => return self.compute(e),
            ExprKind::ViaIo { arg, .. } if arg.as_const().is_some() => {
                let stable = |f: Oid| builtin::proc(f).is_some_and(|p| p.volatile() == b'i');
                let (from, to) = (builtin::ty(arg.ty.oid), builtin::ty(e.ty.oid));
                if from.is_some_and(|t| stable(t.output())) && to.is_some_and(|t| stable(t.input())) {
                    return self.compute(e);
                }
            }
            ExprKind::ArrayCoerce { arg, .. } if arg.as_const().is_some() => {
                if crate::expr::is_constant(arg) && !uses_unfoldable(e) {
                    return self.compute(e);
                }
            }
            ExprKind::Array { elements, .. } if elements.iter().all(|a| a.as_const().is_some()) => {
                return self.compute(e);
            }
            ExprKind::ScalarArray { left, right, func, .. }
                if left.as_const().is_some()
                    && right.as_const().is_some()
                    && builtin::proc(*func).is_some_and(|p| p.volatile() == b'i') =>
            {
                return self.compute(e);
            }
            ExprKind::NullIf(c) | ExprKind::Distinct(c)
                if c.volatility == Volatility::Immutable && c.args.iter().all(|a| a.as_const().is_some()) =>
            {
                return self.compute(e);
            }
            ExprKind::BoolTest { arg, .. } if arg.as_const().is_some() => return self.compute(e),
            ExprKind::Subscript { container, upper, lower, assign: None, .. }
                if container.as_const().is_some()
                    && upper.iter().flatten().all(|x| x.as_const().is_some())
                    && lower.iter().flatten().flatten().all(|x| x.as_const().is_some()) =>
            {
                return self.compute(e);
            }
            _ => {}
        }
        Ok(())
    }

    /// A call of a function in SQL as what its body computes (`inline_function`).
    ///
    /// NULL: a strict function's body must be strict in every argument, so that it is NULL when the call is. Errors: the
    /// same, from the same operators. Volatility: the body does nothing its function does not admit to, and an argument
    /// that is not plain is evaluated exactly once, as by the call.
    fn inlined(&mut self, e: &Expr) -> Result<Option<Expr>> {
        let ExprKind::Call(c) = &e.kind else { return Ok(None) };
        let inlinable = match builtin::proc(c.func) {
            Some(p) => p.language() == oids::LANGUAGE_SQL && !p.retset() && !c.variadic,
            None => self.cx.catalog().user_proc(c.func).is_some_and(|p| {
                p.language == oids::LANGUAGE_SQL
                    && p.kind == b'f'
                    && !p.retset
                    && !p.security_definer
                    && p.config.is_empty()
                    && !matches!(p.result, oids::RECORD | oids::VOID)
            }),
        };
        if !inlinable || self.inlining.contains(&c.func) || !matches!(c.input_collation, 0 | DEFAULT_COLLATION) {
            return Ok(None);
        }
        let types: Vec<Oid> = c.args.iter().map(|a| a.ty.oid).collect();
        let Some(body) = self.cx.sql_body(c.func, &types)? else { return Ok(None) };
        let mut uses = vec![0; c.args.len()];
        let mut fits = body.ty.oid == e.ty.oid && body.collation == e.collation;
        visit::walk(&body, &mut |x| {
            // A column or argument of the caller would be taken for one of the body's.
            fits &= !matches!(x.kind, ExprKind::Var(_));
            match &x.kind {
                ExprKind::Param(Param::External(n)) => match uses.get_mut((*n as usize).wrapping_sub(1)) {
                    Some(u) => *u += 1,
                    None => fits = false,
                },
                ExprKind::Call(f) | ExprKind::NullIf(f) | ExprKind::Distinct(f) => {
                    fits &= (f.volatility as u8) <= c.volatility as u8 && (!c.strict || f.strict) && f.func != c.func;
                }
                ExprKind::Const(_) => {}
                ExprKind::Relabel { .. } | ExprKind::ViaIo { .. } => {
                    // Output functions of some types are stable; the function was declared by somebody who knew.
                }
                ExprKind::SqlValue(_) => fits &= c.volatility != Volatility::Immutable,
                _ => fits &= !c.strict,
            }
            true
        });
        let plain = |a: &Expr| matches!(a.kind, ExprKind::Var(_) | ExprKind::Const(_) | ExprKind::Param(_));
        if !fits || !c.args.iter().zip(&uses).all(|(a, n)| *n == 1 || plain(a) && (*n > 0 || !c.strict)) {
            return Ok(None);
        }
        let mut out = (*body).clone();
        visit::walk_mut(&mut out, &mut |x| {
            if let ExprKind::Param(Param::External(n)) = x.kind {
                *x = c.args[n as usize - 1].clone();
            }
        });
        out.ty = e.ty;
        Ok(Some(out))
    }

    fn compute(&mut self, e: &mut Expr) -> Result<()> {
        let v = self.cx.evaluate(e)?;
        e.kind = ExprKind::Const(v);
        Ok(())
    }
}

/// Puts a value where a CASE compares with its argument; what a CASE inside does so is that one's own.
fn replace_case_test(e: &mut Expr, value: &Expr) {
    match &mut e.kind {
        ExprKind::CaseTest => *e = value.clone(),
        ExprKind::Case { arg: Some(a), .. } => replace_case_test(a, value),
        ExprKind::ArrayCoerce { arg, .. } => replace_case_test(arg, value),
        _ => visit::children_mut(e, &mut |c| replace_case_test(c, value)),
    }
}

/// `x = true` as `x`, `x = false` as `NOT x`, and the like with `<>`: NULL stays NULL, nothing is evaluated less or more
/// (`simplify_boolean_equality`).
fn boolean_equality(e: &Expr) -> Option<Expr> {
    let ExprKind::Call(c) = &e.kind else { return None };
    let [a, b] = c.args.as_slice() else { return None };
    if c.op == 0 || a.ty.oid != oids::BOOL || b.ty.oid != oids::BOOL {
        return None;
    }
    let (other, value) = match (&a.kind, &b.kind) {
        (_, ExprKind::Const(Value::Bool(v))) => (a, *v),
        (ExprKind::Const(Value::Bool(v)), _) => (b, *v),
        _ => return None,
    };
    let equal = match builtin::operator(c.op)?.name() {
        "=" => true,
        "<>" => false,
        _ => return None,
    };
    Some(match value == equal {
        true => other.clone(),
        false => e.with_kind(ExprKind::Not(other.clone())),
    })
}

/// Whether an element conversion calls something not immutable.
fn uses_unfoldable(e: &Expr) -> bool {
    visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(c) => c.volatility != Volatility::Immutable,
        ExprKind::ViaIo { .. } | ExprKind::ToDomain { .. } => true,
        _ => false,
    })
}
