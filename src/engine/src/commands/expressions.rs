//! Types and expressions of utility statements, through `analyze`: everything here that reads a name or an expression.

use tusklet_analyze::{Clause, ExprScope, ParamTypes};
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::Relation;
use tusklet_error::{Result, bail, err, filled};
pub use tusklet_exec::over_row;
use tusklet_exec::{ExecCx, eval_constant};
use tusklet_ir::{CoercionForm, Expr, ExprKind, FuncCall, Oid, Query, TypeRef, Value, Volatility, visit};
use tusklet_syntax::ast::{self, Stmt};
use tusklet_vector::CallContext;

use crate::query::Analyzer;
use crate::session::Shared;

/// The type a name means.
pub fn resolve_type(shared: &Shared, name: &ast::TypeName) -> Result<TypeRef> {
    tusklet_analyze::resolve_type_name(&mut Analyzer(shared), name)
}

/// The type a name means, shells included, if there is one (`LookupTypeName`).
pub fn lookup_type(shared: &Shared, name: &ast::TypeName) -> Result<Option<TypeRef>> {
    tusklet_analyze::lookup_type_name(&mut Analyzer(shared), name)
}

/// A type name of these parts alone (`makeTypeNameFromNameList`).
pub fn type_named(names: Vec<String>) -> ast::TypeName {
    ast::TypeName {
        names,
        setof: false,
        pct_type: false,
        typmods: [].into(),
        array_bounds: vec![],
        span: tusklet_error::Span::NONE,
    }
}

/// A type name as written (`TypeNameToString`).
pub use tusklet_analyze::type_name_to_string as type_name_text;

/// A column's type and collation.
pub fn column_type(
    shared: &Shared,
    column: &str,
    name: &ast::TypeName,
    collate: Option<&ast::CollateClause>,
) -> Result<(TypeRef, Oid)> {
    let ty = resolve_type(shared, name)?;
    if name.setof {
        bail!(INVALID_TABLE_DEFINITION, "column \"{}\" cannot be declared SETOF"; column);
    }
    Ok((ty, collation(shared, ty.oid, collate)?))
}

/// The collation of a column of the type (`GetColumnDefCollation`).
pub fn collation(shared: &Shared, ty: Oid, collate: Option<&ast::CollateClause>) -> Result<Oid> {
    let c = shared.catalog();
    let default = c.type_collation(ty);
    let Some(clause) = collate else { return Ok(default) };
    let oid = collation_named(shared, &clause.collname).map_err(|e| e.at(clause.span))?;
    if default == 0 {
        return Err(err!(DATATYPE_MISMATCH, "collations are not supported by type {}"; shared.type_name(ty))
        .at(clause.span));
    }
    Ok(oid)
}

/// A collation by name.
pub fn collation_named(shared: &Shared, names: &[String]) -> Result<Oid> {
    let (schema, name) = super::namespace::split(shared, names)?;
    if let Some(s) = schema {
        super::namespace::existing_explicit(shared, s)?;
    }
    shared.catalog().lookup_collation(&shared.search_path(), schema, name).ok_or_else(|| {
        err!(UNDEFINED_OBJECT, "collation \"{}\" for encoding \"UTF8\" does not exist"; names.join("."))
    })
}

fn analyze(shared: &Shared, e: &ast::Expr, scope: ExprScope<'_>) -> Result<Expr> {
    tusklet_analyze::analyze_expr(&mut Analyzer(shared), e, &scope, &mut ParamTypes::none())
}

/// An expression over a table's columns (entry 0), as `clause` allows it.
pub fn over_table(shared: &Shared, rel: &Relation, e: &ast::Expr, clause: Clause) -> Result<Expr> {
    analyze(shared, e, ExprScope { relation: Some(rel), clause, ..ExprScope::default() })
}

/// A condition over a table's columns.
pub fn condition(shared: &Shared, rel: &Relation, e: &ast::Expr, clause: Clause) -> Result<Expr> {
    let what = match clause {
        Clause::IndexPredicate => "WHERE",
        _ => "CHECK",
    };
    analyze(shared, e, ExprScope { relation: Some(rel), clause, condition: Some(what), ..ExprScope::default() })
}

/// WHERE of COPY FROM, over the table's columns.
pub fn copy_condition(shared: &Shared, rel: &Relation, e: &ast::Expr) -> Result<Expr> {
    let scope = ExprScope {
        relation: Some(rel),
        clause: Clause::CopyWhere,
        condition: Some("WHERE"),
        ..ExprScope::default()
    };
    let x = analyze(shared, e, scope)?;
    let mut bad = None;
    visit::walk(&x, &mut |n| {
        if let (ExprKind::Var(v), None) = (&n.kind, &bad) {
            bad = match rel.column(v.attno) {
                Some(c) if c.generated => Some(
                    err!(
                        INVALID_COLUMN_REFERENCE,
                        "generated columns are not supported in COPY FROM WHERE conditions"
                    )
                    .detail(filled!("Column \"{}\" is a generated column."; c.name)),
                ),
                None if v.attno < 0 => {
                    Some(tusklet_error::Error::unsupported("system columns in COPY FROM WHERE conditions"))
                }
                _ => None,
            };
        }
        true
    });
    bad.map_or(Ok(x), Err)
}

/// What an INSERT that does not name the column puts there; `None` for NULL.
pub fn insert_default(shared: &Shared, rel: &Relation, attno: i16) -> Result<Option<Expr>> {
    tusklet_analyze::insert_default(&mut Analyzer(shared), rel, attno)
}

/// A domain's CHECK, over VALUE.
pub fn domain_check(shared: &Shared, base: TypeRef, collation: Oid, e: &ast::Expr) -> Result<Expr> {
    let scope = ExprScope {
        clause: Clause::DomainCheck,
        domain: Some((base, collation)),
        condition: Some("CHECK"),
        ..ExprScope::default()
    };
    analyze(shared, e, scope)
}

/// A default for a column or domain, coerced to its type (`cookDefault`).
pub fn default(shared: &Shared, name: &str, ty: TypeRef, e: &ast::Expr) -> Result<Expr> {
    tusklet_analyze::coerce_default(&mut Analyzer(shared), e, None, name, ty)
}

/// A function parameter's default.
pub fn parameter_default(shared: &Shared, ty: TypeRef, e: &ast::Expr) -> Result<Expr> {
    let scope =
        ExprScope { clause: Clause::FunctionDefault, target: Some((ty, "DEFAULT")), ..ExprScope::default() };
    analyze(shared, e, scope)
}

/// A generation expression, coerced to its column's type.
pub fn generated(shared: &Shared, rel: &Relation, name: &str, ty: TypeRef, e: &ast::Expr) -> Result<Expr> {
    let x = tusklet_analyze::coerce_default(&mut Analyzer(shared), e, Some(rel), name, ty)?;
    let mut bad = None;
    visit::walk(&x, &mut |n| {
        if let ExprKind::Var(v) = &n.kind {
            let found = if v.attno == 0 {
                Some(
                    err!(INVALID_OBJECT_DEFINITION, "cannot use whole-row variable in column generation expression")
                        .detail("This would cause the generated column to depend on its own value."),
                )
            } else {
                rel.column(v.attno).filter(|c| c.generated).map(|c| {
                    err!(
                        INVALID_OBJECT_DEFINITION,
                        "cannot use generated column \"{}\" in column generation expression";
                        c.name
                    )
                    .detail("A generated column cannot reference another generated column.")
                })
            };
            if let (Some(e), true) = (found, bad.is_none()) {
                bad = Some(e.at(n.span));
            }
        }
        true
    });
    if let Some(e) = bad {
        return Err(e);
    }
    if is_mutable(shared, &x) {
        bail!(INVALID_OBJECT_DEFINITION, "generation expression is not immutable");
    }
    Ok(x)
}

/// ALTER COLUMN TYPE's new value, over the old row; `None` when the types do not go together.
pub fn transform(shared: &Shared, rel: &Relation, ty: TypeRef, e: &ast::Expr) -> Result<Option<Expr>> {
    let scope = ExprScope {
        relation: Some(rel),
        clause: Clause::AlterColTransform,
        target: Some((ty, "USING")),
        ..ExprScope::default()
    };
    match analyze(shared, e, scope) {
        Ok(x) => Ok(Some(x)),
        Err(x) if x.code() == tusklet_error::SqlState::DATATYPE_MISMATCH && x.message().starts_with("argument of USING") => {
            Ok(None)
        }
        Err(x) => Err(x),
    }
}

/// Analyses a query, without rewriting it.
pub fn query(shared: &Shared, stmt: &Stmt) -> Result<Query> {
    tusklet_analyze::analyze_stmt(&mut Analyzer(shared), stmt, &mut ParamTypes::none())
}

/// Runs `f` with a context that sees everything committed and everything done so far.
pub fn with_cx<T>(shared: &Shared, f: impl FnOnce(&mut ExecCx<'_>) -> Result<T>) -> Result<T> {
    let tx = shared.tx()?;
    tx.next_command();
    f(&mut shared.exec_cx(tx.snapshot())?)
}

/// The value of an expression without columns.
pub fn constant(shared: &Shared, e: &Expr) -> Result<Value> {
    with_cx(shared, |cx| eval_constant(cx, e))
}

/// A value as text.
pub fn text_of(cx: &mut ExecCx<'_>, ty: Oid, v: &Value) -> Result<String> {
    let mut out = String::new();
    if v.is_null() {
        out.push_str("null");
    } else {
        cx.output(ty, v.as_datum(), &mut out)?;
    }
    Ok(out)
}

/// `nextval('sequence'::regclass)` as a value of an integer type: SERIAL's default.
pub fn nextval_of(sequence: Oid, ty: Oid) -> Expr {
    let arg = Expr::constant(Value::I64(sequence as i64), TypeRef::new(oids::REGCLASS));
    let func = builtin::procs_by_name("nextval").next().map_or(0, |p| p.oid());
    let next = call(func, arg, oids::INT8, CoercionForm::Call, Volatility::Volatile);
    match builtin::cast(oids::INT8, ty) {
        Some(c) if ty != oids::INT8 => call(c.func(), next, ty, CoercionForm::Implicit, Volatility::Immutable),
        _ => next,
    }
}

fn call(func: Oid, arg: Expr, ty: Oid, form: CoercionForm, volatility: Volatility) -> Expr {
    let c = FuncCall {
        func,
        op: 0,
        args: vec![arg],
        input_collation: 0,
        variadic: false,
        retset: false,
        form,
        strict: true,
        volatility,
    };
    Expr::new(ExprKind::Call(Box::new(c)), TypeRef::new(ty))
}

/// Whether a function that may answer differently each time is called anywhere (`contain_mutable_functions`).
pub fn is_mutable(shared: &Shared, e: &Expr) -> bool {
    let c = shared.catalog();
    visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(f) => f.volatility != Volatility::Immutable,
        ExprKind::NullIf(f) | ExprKind::Distinct(f) => f.volatility != Volatility::Immutable,
        ExprKind::ScalarArray { func, .. } => c.proc(*func).is_some_and(|p| p.volatility != b'i'),
        ExprKind::SqlValue(_) | ExprKind::NextVal(_) => true,
        ExprKind::ViaIo { arg, .. } => {
            // The output of one type and the input of the other decide.
            let io = |ty: Oid, at: usize| c.ty(ty).and_then(|t| t.io.get(at).copied()).unwrap_or(0);
            [io(arg.ty.oid, 1), io(x.ty.oid, 0)].iter().any(|f| c.proc(*f).is_some_and(|p| p.volatility != b'i'))
        }
        _ => false,
    })
}

/// Whether it calls a volatile function.
pub fn is_volatile(e: &Expr) -> bool {
    visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(f) => f.volatility == Volatility::Volatile,
        ExprKind::NextVal(_) => true,
        _ => false,
    })
}

/// An expression over a table's columns as text.
pub fn deparse(shared: &Shared, rel: Oid, e: &Expr) -> Result<String> {
    with_cx(shared, |cx| crate::ruleutils::expression(shared, cx, e, Some(rel), false))
}

/// An expression as text, resolved again: after a column it uses got another type.
pub fn reanalyze(shared: &Shared, rel: &Relation, text: &str, is_condition: bool) -> Result<Expr> {
    let raw = tusklet_syntax::parse_expr(text)?;
    if is_condition {
        condition(shared, rel, &raw, Clause::CheckConstraint)
    } else {
        over_table(shared, rel, &raw, Clause::IndexExpression)
    }
}
