//! ALTER COLUMN … TYPE (`ATExecAlterColumnType`) and the writing anew of a table's rows (`ATRewriteTable`).
//!
//! All columns a statement retypes are converted in one pass, every USING over the old row. Indexes get their operator
//! classes for the new type and are filled again. CHECK constraints and index expressions over the column hold calls
//! that were chosen for the old type: they are written as text before, and resolved again after.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{
    ConstraintKind, Dependency, DependencyKind, ObjectAddress, ObjectClass, RelKind, Relation, TypeEntryKind,
};
use tusklet_error::{Error, Result, Span, SqlState, bail, err, filled};
use tusklet_exec::Evaluator;
use tusklet_ir::{CoercionForm, Expr, ExprKind, Oid, TypeRef, Value};
use tusklet_syntax::ast::{self, CollateClause, DropBehavior, TypeName};
use tusklet_vector::CallContext;

use super::alter_table::existing_column;
use super::{each_row, is_empty};
use crate::commands::object_address::Objects;
use crate::commands::object_identity::describe;
use crate::commands::{dependency, expressions, heap, indexcmds};
use crate::session::{About, Shared};

/// One ALTER COLUMN TYPE.
pub struct Retype<'s> {
    /// The column.
    pub name: String,
    /// Its new type.
    pub type_name: &'s TypeName,
    /// COLLATE.
    pub collate: Option<&'s CollateClause>,
    /// USING.
    pub using: Option<&'s ast::Expr>,
    /// Where.
    pub span: Span,
}

struct Change {
    attno: i16,
    ty: TypeRef,
    collation: Oid,
    value: Expr,
    /// The stored values are already right.
    same: bool,
    default: Option<Expr>,
}

/// Refuses to change the rows of a type that some table's column has (`find_composite_type_dependencies`).
pub fn refuse_used_rowtype(shared: &Shared, rel: &Relation) -> Result<()> {
    let c = shared.catalog();
    let array = c.array_type(rel.row_type);
    for ty in [rel.row_type, array] {
        for d in c.dependents(Objects::ty(ty)) {
            if d.dependent.class != ObjectClass::Relation || d.dependent.sub == 0 || d.dependent.oid == rel.oid {
                continue;
            }
            let Some(user) = c.relation(d.dependent.oid) else { continue };
            if !matches!(user.kind, RelKind::Table | RelKind::MatView) {
                continue;
            }
            let column = user.columns.get((d.dependent.sub - 1).max(0) as usize).map(|k| k.name.clone());
            let what = if rel.kind == RelKind::Composite { "type" } else { "table" };
            return Err(Error::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                format!(
                    "cannot alter {what} \"{}\" because column \"{}.{}\" uses {} type",
                    rel.name,
                    user.name,
                    column.unwrap_or_default(),
                    if rel.kind == RelKind::Composite { "it as its".to_string() } else { "its row".to_string() }
                )
                .replace("uses it as its type", "uses it"),
            ));
        }
    }
    Ok(())
}

/// Rows of a composite type that are stored somewhere keep the attributes they were written with.
pub fn refuse_stored_values(shared: &Shared, rel: &Relation) -> Result<()> {
    let c = shared.catalog();
    for ty in [rel.row_type, c.array_type(rel.row_type)] {
        for d in c.dependents(Objects::ty(ty)) {
            let user = c.relation(d.dependent.oid).filter(|_| d.dependent.class == ObjectClass::Relation);
            if user.is_some_and(|u| u.oid != rel.oid && !is_empty(shared, &u)) {
                return Err(Error::unsupported("changing the attributes of a composite type that stored rows have"));
            }
        }
    }
    Ok(())
}

/// ALTER COLUMN TYPE of one or several columns.
pub fn alter_types(shared: &Shared, oid: Oid, list: &[Retype<'_>], recurse: bool) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    for r in list {
        let a = existing_column(&rel, &r.name)?;
        if rel.column(a).is_some_and(|c| c.inherit_count > 0) {
            bail!(INVALID_TABLE_DEFINITION, "cannot alter inherited column \"{}\""; r.name);
        }
        if !recurse && !rel.children.is_empty() {
            bail!(
                INVALID_TABLE_DEFINITION, "type of inherited column \"{}\" must be changed in child tables too"; r.name
            );
        }
    }
    for t in heap::all_inheritors(&shared.catalog(), oid) {
        alter_one(shared, t, list)?;
    }
    Ok(())
}

fn alter_one(shared: &Shared, oid: Oid, list: &[Retype<'_>]) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let mut changes: Vec<Change> = vec![];
    for r in list {
        let c = change(shared, &rel, r)?;
        if changes.iter().any(|o| o.attno == c.attno) {
            bail!(FEATURE_NOT_SUPPORTED, "cannot alter type of column \"{}\" twice"; r.name);
        }
        changes.push(c);
    }
    if changes.iter().any(|c| !c.same) {
        refuse_used_rowtype(shared, &rel)?;
    }
    for c in &changes {
        check_users(shared, &rel, c)?;
    }
    let written = expressions_over(shared, &rel, &changes)?;
    let mut evaluators = vec![];
    for c in changes.iter().filter(|c| !c.same) {
        let e = expressions::over_row(&c.value, rel.columns.len());
        evaluators.push((c.attno, expressions::with_cx(shared, |cx| Evaluator::new(cx, &e))?));
    }
    for c in &changes {
        heap::change_column(shared, oid, c.attno, |k| {
            k.ty = c.ty;
            k.collation = c.collation;
            k.storage = 0;
        })?;
        let mut edges = vec![];
        heap::needs(&mut edges, &ObjectAddress::column(oid, c.attno), ObjectClass::Type, c.ty.oid);
        dependency::replace_edges(
            shared,
            ObjectAddress::column(oid, c.attno),
            &|d| d.referenced.class != ObjectClass::Type,
            &edges,
        )?;
        if rel.column(c.attno).is_some_and(|k| k.default.is_some()) {
            let generated = rel.column(c.attno).is_some_and(|k| k.generated);
            heap::store_default(shared, oid, c.attno, c.default.clone(), generated)?;
        }
    }
    retype_indexes(shared, oid, &changes)?;
    retype_expressions(shared, oid, written)?;
    if evaluators.is_empty() {
        // Same bits, but perhaps in another order.
        let rel = heap::get(shared, oid)?;
        for ix in affected(shared, &rel, &changes) {
            indexcmds::rebuild(shared, ix)?;
        }
        return Ok(());
    }
    rewrite(shared, &rel, &evaluators)
}

fn change(shared: &Shared, rel: &Relation, r: &Retype<'_>) -> Result<Change> {
    let attno = existing_column(rel, &r.name)?;
    let Some(c) = rel.column(attno) else { return Err(Error::internal("no such column")) };
    // PostgreSQL does not say where the type is.
    let (ty, collation) = expressions::column_type(shared, &r.name, r.type_name, r.collate).map_err(|mut e| {
        e.report_mut().span = Span::NONE;
        e
    })?;
    heap::check_column(shared, rel.kind, rel.row_type, &r.name, ty.oid)?;
    let cat = shared.catalog();
    let path = shared.search_path();
    let shown = shared.type_name(ty.oid);
    if c.generated && r.using.is_some() {
        return Err(err!(INVALID_COLUMN_DEFINITION, "cannot specify USING when altering type of generated column")
            .detail(filled!("Column \"{}\" is a generated column."; r.name))
            .at(r.span));
    }
    let own = ast::Expr::ColumnRef(ast::ColumnRef { fields: vec![r.name.clone()], star: false, span: Span::NONE });
    let value = match expressions::transform(shared, rel, ty, r.using.unwrap_or(&own))? {
        Some(e) => e,
        None if r.using.is_some() => {
            return Err(err!(
                DATATYPE_MISMATCH,
                "result of USING clause for column \"{}\" cannot be cast automatically to type {}";
                r.name,
                shown
            )
            .hint("You might need to add an explicit cast."));
        }
        None => {
            let e = err!(DATATYPE_MISMATCH, "column \"{}\" cannot be cast automatically to type {}"; r.name, shown);
            return Err(e.hint(format!(
                "You might need to specify \"USING {}::{}\".",
                tusklet_catalog::resolve::quote_identifier(&r.name),
                cat.format_type_with_typmod(&path, ty.oid, ty.typmod)
            )));
        }
    };
    let same = keeps_bits(shared, &value, attno);
    let default = match &c.default {
        Some(d) => Some(retype_default(shared, d, ty, &r.name, &shown, c.generated)?),
        None => None,
    };
    if c.identity.is_some() && !matches!(ty.oid, oids::INT2 | oids::INT4 | oids::INT8) {
        bail!(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint");
    }
    Ok(Change { attno, ty, collation, value, same, default })
}

/// Whether the new value is the old one's bits (`ATColumnChangeRequiresRewrite`).
fn keeps_bits(shared: &Shared, e: &Expr, attno: i16) -> bool {
    match &e.kind {
        ExprKind::Var(v) => v.attno == attno,
        ExprKind::Relabel { arg, .. } => keeps_bits(shared, arg, attno),
        ExprKind::ToDomain { arg, .. } => {
            let c = shared.catalog();
            let free = matches!(
                c.ty(e.ty.oid).as_deref().map(|t| &t.kind),
                Some(TypeEntryKind::Domain { checks, not_null: false, base, .. })
                    if checks.is_empty() && !matches!(c.ty(base.oid).as_deref().map(|t| &t.kind), Some(TypeEntryKind::Domain { .. }))
            );
            free && keeps_bits(shared, arg, attno)
        }
        // `varchar(10)` to `varchar(20)` and the like: a length coercion that cannot cut anything.
        ExprKind::Call(f) if f.form == CoercionForm::Implicit && f.args.len() == 3 => {
            let (from, to) = (f.args[0].ty, e.ty);
            let wider = from.oid == to.oid
                && matches!(to.oid, oids::VARCHAR | oids::VARBIT)
                && from.typmod >= 0
                && (to.typmod < 0 || to.typmod >= from.typmod);
            wider && keeps_bits(shared, &f.args[0], attno)
        }
        _ => false,
    }
}

/// A default for the new type.
fn retype_default(shared: &Shared, d: &Expr, ty: TypeRef, name: &str, shown: &str, generated: bool) -> Result<Expr> {
    let cannot = || {
        if generated {
            err!(
                DATATYPE_MISMATCH,
                "generation expression for column \"{}\" cannot be cast automatically to type {}";
                name,
                shown
            )
        } else {
            err!(DATATYPE_MISMATCH, "default for column \"{}\" cannot be cast automatically to type {}"; name, shown)
        }
    };
    let mut d = d;
    // The conversion to the old type is taken off first.
    loop {
        d = match &d.kind {
            ExprKind::Relabel { arg, form: CoercionForm::Implicit }
            | ExprKind::ToDomain { arg, form: CoercionForm::Implicit }
            | ExprKind::ViaIo { arg, form: CoercionForm::Implicit } => arg,
            ExprKind::Call(f) if f.form == CoercionForm::Implicit && f.op == 0 && !f.args.is_empty() => &f.args[0],
            _ => break,
        };
    }
    let d = d.clone();
    if d.ty == ty {
        return Ok(d);
    }
    let c = shared.catalog();
    if let Some(v) = d.as_const() {
        let assignable = d.ty.oid == ty.oid
            || c.is_binary_coercible(d.ty.oid, ty.oid)
            || c.cast(d.ty.oid, ty.oid).is_some_and(|k| k.context != b'e')
            || c.type_category(ty.oid).0 == b'S'
            || d.ty.oid == oids::UNKNOWN;
        if !assignable {
            return Err(cannot());
        }
        let value = if v.is_null() {
            Value::Null
        } else {
            let v = v.clone();
            expressions::with_cx(shared, |cx| cx.cast(d.ty.oid, ty, v.as_datum()))?
        };
        return Ok(Expr::constant(value, ty).collated(c.type_collation(ty.oid)));
    }
    if d.ty.oid == ty.oid && ty.typmod < 0 {
        return Ok(d);
    }
    if c.is_binary_coercible(d.ty.oid, ty.oid) && ty.typmod < 0 {
        let collation = c.type_collation(ty.oid);
        let kind = ExprKind::Relabel { arg: d, form: CoercionForm::Implicit };
        return Ok(Expr::new(kind, ty).collated(collation));
    }
    match c.cast(d.ty.oid, ty.oid) {
        Some(k) if k.context != b'e' && k.func != 0 && ty.typmod < 0 => {
            let strict = c.proc(k.func).is_some_and(|p| p.strict);
            let call = tusklet_ir::FuncCall {
                func: k.func,
                op: 0,
                input_collation: 0,
                args: vec![d],
                variadic: false,
                retset: false,
                form: CoercionForm::Implicit,
                strict,
                volatility: tusklet_ir::Volatility::Immutable,
            };
            Ok(Expr::new(ExprKind::Call(Box::new(call)), ty).collated(c.type_collation(ty.oid)))
        }
        // Anything else goes through its text, as a default written anew.
        Some(k) if k.context != b'e' => {
            let text = expressions::deparse(shared, 0, &d)?;
            expressions::default(shared, name, ty, &tusklet_syntax::parse_expr(&text)?)
        }
        _ => Err(cannot()),
    }
}

/// Refuses what PostgreSQL refuses: views, functions, generated columns over the column.
fn check_users(shared: &Shared, rel: &Relation, change: &Change) -> Result<()> {
    let c = shared.catalog();
    let path = shared.search_path();
    let name = rel.column(change.attno).map(|k| k.name.clone()).unwrap_or_default();
    for d in c.dependents(ObjectAddress::column(rel.oid, change.attno)) {
        let refuse = |what: &str| {
            err!(FEATURE_NOT_SUPPORTED, "cannot alter type of a column used by {}"; what)
        };
        match d.dependent.class {
            ObjectClass::Default if d.dependent.oid == rel.oid && d.dependent.sub != change.attno as i32 => {
                let other = rel.columns.get((d.dependent.sub - 1).max(0) as usize).map(|k| k.name.clone());
                return Err(refuse("a generated column").detail(filled!(
                    "Column \"{}\" is used by generated column \"{}\"."; name, other.unwrap_or_default()
                )));
            }
            ObjectClass::Relation => {
                let Some(user) = c.relation(d.dependent.oid) else { continue };
                if matches!(user.kind, RelKind::View | RelKind::MatView) {
                    return Err(refuse("a view or rule").detail(format!(
                        "rule _RETURN on {} depends on column \"{name}\"",
                        describe(&c, &path, Objects::relation(user.oid))
                    )));
                }
            }
            ObjectClass::Proc => {
                return Err(refuse("a function or procedure")
                    .detail(filled!("{} depends on column \"{}\""; describe(&c, &path, d.dependent), name)));
            }
            _ => {}
        }
    }
    Ok(())
}

fn affected(shared: &Shared, rel: &Relation, changes: &[Change]) -> Vec<Oid> {
    let c = shared.catalog();
    rel.indexes
        .iter()
        .copied()
        .filter(|o| {
            c.relation(*o).and_then(|r| r.index.clone()).is_some_and(|i| {
                i.columns.iter().any(|k| {
                    changes.iter().any(|c| {
                        c.attno == k.attno || k.expr.as_ref().is_some_and(|e| dependency::columns_used(e).contains(&c.attno))
                    })
                })
            })
        })
        .collect()
}

fn retype_indexes(shared: &Shared, oid: Oid, changes: &[Change]) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    for ix in affected(shared, &rel, changes) {
        let r = heap::get(shared, ix)?;
        let Some(mut i) = r.index.clone() else { continue };
        let keys = i.keys as usize;
        let mut columns = r.columns.clone();
        for (n, k) in i.columns.iter_mut().enumerate() {
            let Some(c) = changes.iter().find(|c| c.attno == k.attno && k.attno > 0) else { continue };
            if n < keys {
                indexcmds::retype_key(shared, k, c.ty, c.collation, r.access_method)?;
            } else {
                k.ty = c.ty;
            }
            if let Some(col) = columns.get_mut(n) {
                col.ty = c.ty;
                col.collation = k.collation;
            }
        }
        heap::change(shared, ix, |r| {
            r.index = Some(i);
            r.columns = columns;
        })?;
    }
    // Foreign keys compare by operators that belong to the types.
    let c = shared.catalog();
    let fks: Vec<(Oid, String)> = c
        .user_relations()
        .flat_map(|r| r.constraints.iter().map(move |k| (r.oid, k)))
        .filter(|(t, k)| match &k.kind {
            ConstraintKind::Foreign(f) => changes.iter().any(|c| {
                *t == oid && k.columns.contains(&c.attno) || f.table == oid && f.columns.contains(&c.attno)
            }),
            _ => false,
        })
        .map(|(t, k)| (t, k.name.clone()))
        .collect();
    for (t, name) in fks {
        super::foreign_key::retype(shared, t, &name)?;
    }
    Ok(())
}

/// The expressions over a column, as text: taken before the column changes, read again afterwards.
struct Expressions {
    /// By constraint.
    checks: Vec<(Oid, String)>,
    /// By index and column of the index; `None` is its predicate.
    indexes: Vec<(Oid, Option<usize>, String)>,
}

fn expressions_over(shared: &Shared, rel: &Relation, changes: &[Change]) -> Result<Expressions> {
    let uses = |e: &Expr| changes.iter().any(|c| dependency::columns_used(e).contains(&c.attno));
    let mut out = Expressions { checks: vec![], indexes: vec![] };
    for k in &rel.constraints {
        if let ConstraintKind::Check(e) = &k.kind {
            if uses(e) {
                out.checks.push((k.oid, expressions::deparse(shared, rel.oid, e)?));
            }
        }
    }
    for ix in &rel.indexes {
        let Some(i) = shared.catalog().relation(*ix).and_then(|r| r.index.clone()) else { continue };
        for (n, k) in i.columns.iter().enumerate() {
            if let Some(e) = k.expr.as_ref().filter(|e| uses(e)) {
                out.indexes.push((*ix, Some(n), expressions::deparse(shared, rel.oid, e)?));
            }
        }
        if let Some(p) = i.predicate.as_ref().filter(|e| uses(e)) {
            out.indexes.push((*ix, None, expressions::deparse(shared, rel.oid, p)?));
        }
    }
    Ok(out)
}

fn retype_expressions(shared: &Shared, oid: Oid, all: Expressions) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    for (k, text) in all.checks {
        let e = expressions::reanalyze(shared, &rel, &text, true)?;
        let me = Objects::constraint(k);
        let mut found: Vec<Dependency> = vec![];
        dependency::expr_edges(&shared.catalog(), &mut found, me, &e, Some(oid), DependencyKind::Normal);
        found.retain(|d| d.referenced.oid != oid);
        dependency::replace_edges(shared, me, &|d| d.referenced.oid == oid, &found)?;
        heap::change(shared, oid, |r| {
            if let Some(c) = r.constraints.iter_mut().find(|c| c.oid == k) {
                c.kind = ConstraintKind::Check(Rc::new(e));
            }
        })?;
    }
    for (ix, column, text) in all.indexes {
        let r = heap::get(shared, ix)?;
        let Some(mut i) = r.index.clone() else { continue };
        let e = expressions::reanalyze(shared, &rel, &text, column.is_none())?;
        let mut columns = r.columns.clone();
        match column.and_then(|n| i.columns.get_mut(n).map(|k| (n, k))) {
            Some((n, k)) => {
                let (ty, collation) = (e.ty, e.collation);
                k.expr = Some(Rc::new(e));
                indexcmds::retype_key(shared, k, ty, collation, r.access_method)?;
                if let Some(c) = columns.get_mut(n) {
                    c.ty = ty;
                    c.collation = k.collation;
                }
            }
            None => i.predicate = Some(Rc::new(e)),
        }
        heap::change(shared, ix, |r| {
            r.index = Some(i);
            r.columns = columns;
        })?;
    }
    Ok(())
}

/// Writes a table's rows anew: `old` is the entry the rows were written under, `compute` the attributes with new values
/// over the old row. Constraints are checked, indexes filled.
pub fn rewrite(shared: &Shared, old: &Relation, compute: &[(i16, Evaluator)]) -> Result<()> {
    let now = heap::get(shared, old.oid)?;
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let phys = heap::physical(&shared.catalog(), &now.columns);
    let file = store.create_table(&tx, &phys)?;
    let table = store.table(file)?;
    let mut checks = vec![];
    for k in &now.constraints {
        if let ConstraintKind::Check(e) = &k.kind {
            if k.validated {
                let e = expressions::over_row(e, now.columns.len());
                checks.push((k.name.clone(), expressions::with_cx(shared, |cx| Evaluator::new(cx, &e))?));
            }
        }
    }
    let mut new: Vec<Value> = Vec::with_capacity(now.columns.len());
    if !is_empty(shared, old) {
        each_row(shared, old, &mut |cx, _, row| {
            let mut wide: Vec<Value>;
            // A value may be computed over columns the old row does not have yet.
            let source: &[Value] = if row.len() < now.columns.len() {
                wide = row.to_vec();
                wide.resize(now.columns.len(), Value::Null);
                &wide
            } else {
                row
            };
            new.clear();
            new.extend_from_slice(source);
            for (i, c) in now.columns.iter().enumerate() {
                if c.dropped {
                    new[i] = Value::Null;
                }
            }
            for (a, e) in compute {
                let v = e.eval(cx, source)?;
                if let Some(slot) = new.get_mut(*a as usize - 1) {
                    *slot = v;
                }
            }
            for (i, c) in now.columns.iter().enumerate() {
                if c.not_null && new[i].is_null() {
                    return Err(err!(
                        NOT_NULL_VIOLATION, "column \"{}\" of relation \"{}\" contains null values"; c.name, now.name
                    )
                    .about(shared, &now)
                    .column(c.name.clone()));
                }
            }
            for (name, e) in &checks {
                if e.eval(cx, &new)? == Value::Bool(false) {
                    return Err(err!(
                        CHECK_VIOLATION,
                        "check constraint \"{}\" of relation \"{}\" is violated by some row";
                        name,
                        now.name
                    )
                    .about(shared, &now)
                    .constraint(name.clone()));
                }
            }
            table.insert_values(&tx, &new)?;
            Ok(())
        })?;
    }
    store.drop_rel(&tx, heap::file(old))?;
    heap::change(shared, old.oid, |r| r.storage = file.0)?;
    for ix in &now.indexes {
        indexcmds::rebuild(shared, *ix)?;
    }
    Ok(())
}

/// ALTER TYPE … ALTER ATTRIBUTE … TYPE.
pub fn alter_attribute(
    shared: &Shared,
    oid: Oid,
    name: &str,
    type_name: &TypeName,
    collate: Option<&CollateClause>,
    behavior: DropBehavior,
) -> Result<()> {
    let _ = behavior;
    let rel = heap::get(shared, oid)?;
    refuse_used_rowtype(shared, &rel)?;
    let a = existing_column(&rel, name)?;
    let (ty, collation) = expressions::column_type(shared, name, type_name, collate)?;
    heap::check_column(shared, rel.kind, rel.row_type, name, ty.oid)?;
    heap::change_column(shared, oid, a, |c| {
        c.ty = ty;
        c.collation = collation;
    })?;
    let mut edges = vec![];
    heap::needs(&mut edges, &ObjectAddress::column(oid, a), ObjectClass::Type, ty.oid);
    dependency::replace_edges(shared, ObjectAddress::column(oid, a), &|d| d.referenced.class != ObjectClass::Type, &edges)
}
