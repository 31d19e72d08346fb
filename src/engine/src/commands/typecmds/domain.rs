//! Domains: CREATE, ALTER, their constraints, and the columns that must obey a new one.

use std::rc::Rc;

use tusklet_catalog::live::{
    DependencyKind, DomainCheck, ObjectAddress, ObjectClass, RelKind, Relation, Type, TypeEntryKind,
};
use tusklet_error::{Error, Result, SortShort, bail, err};
use tusklet_exec::Evaluator;
use tusklet_ir::{Expr, Oid, TypeRef, Value};
use tusklet_syntax::ast::{
    AlterDomainCmd, AlterDomainStmt, Constraint, ConstraintKind, CreateDomainStmt, TypeName,
};

use super::{blank, change_type, check_free, in_schema};
use crate::missing;
use crate::commands::object_address::Objects;
use crate::commands::tablecmds::each_row;
use crate::commands::{acl, dependency, expressions, heap, namespace, pg_type};
use crate::session::{About, Shared};

/// CREATE DOMAIN.
pub fn create_domain(shared: &Shared, s: &CreateDomainStmt) -> Result<()> {
    let CreateDomainStmt { domainname, type_name, coll_clause, constraints, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, domainname)?;
    check_free(shared, schema, &name)?;
    let base = expressions::resolve_type(shared, type_name)?;
    let c = shared.catalog();
    let Some(bt) = c.ty(base.oid) else { return Err(Error::internal("no base type")) };
    if matches!(bt.kind, TypeEntryKind::Pseudo) {
        let shown = crate::commands::object_lookup::find_type(shared, type_name)?
            .map(|o| shared.type_name(o))
            .unwrap_or_default();
        bail!(DATATYPE_MISMATCH, "\"{}\" is not a valid base type for a domain"; shown);
    }
    let collation = expressions::collation(shared, base.oid, coll_clause.as_ref())?;
    let (mut not_null, mut nullable, mut default) = (false, false, None);
    let mut saw_default = false;
    for k in constraints {
        match &k.kind {
            ConstraintKind::Default(e) => {
                if saw_default {
                    bail!(SYNTAX_ERROR, "multiple default expressions");
                }
                saw_default = true;
                let e = expressions::default(shared, &name, base, e)?;
                if !matches!(e.as_const(), Some(v) if v.is_null()) {
                    default = Some(Rc::new(e));
                }
            }
            ConstraintKind::NotNull => {
                if nullable {
                    bail!(SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints");
                }
                not_null = true;
            }
            ConstraintKind::Null => {
                if not_null {
                    bail!(SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints");
                }
                nullable = true;
            }
            ConstraintKind::Check { no_inherit, .. } => {
                if *no_inherit {
                    bail!(
                        INVALID_OBJECT_DEFINITION,
                        "check constraints for domains cannot be marked NO INHERIT"
                    );
                }
            }
            ConstraintKind::Unique { .. } => bail!(SYNTAX_ERROR, "unique constraints not possible for domains"),
            ConstraintKind::Primary(_) => bail!(SYNTAX_ERROR, "primary key constraints not possible for domains"),
            ConstraintKind::Exclusion { .. } => bail!(SYNTAX_ERROR, "exclusion constraints not possible for domains"),
            ConstraintKind::Foreign(_) => bail!(SYNTAX_ERROR, "foreign key constraints not possible for domains"),
            ConstraintKind::AttrDeferrable
            | ConstraintKind::AttrNotDeferrable
            | ConstraintKind::AttrDeferred
            | ConstraintKind::AttrImmediate => {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED, "specifying constraint deferrability not supported for domains"
                ));
            }
            ConstraintKind::Identity { .. } | ConstraintKind::Generated { .. } => {
                bail!(SYNTAX_ERROR, "unrecognized constraint subtype")
            }
        }
    }
    let mut t: Type =
        blank(shared, &name, schema, TypeEntryKind::Domain { base, not_null, default: default.clone(), checks: vec![] });
    t.category = bt.category;
    t.len = bt.len;
    t.by_val = bt.by_val;
    t.align = bt.align;
    t.storage = bt.storage;
    t.delim = bt.delim;
    t.collation = collation;
    // A domain reads through its own input functions, which check it, and writes as its base does.
    let domain_io = pg_type::io("domain");
    t.io = vec![
        domain_io[0],
        bt.io.get(1).copied().unwrap_or(0),
        domain_io[2],
        bt.io.get(3).copied().unwrap_or(0),
    ];
    let oid = t.oid;
    pg_type::put_with_array(shared, t)?;
    in_schema(shared, oid, schema)?;
    let mut edges = vec![];
    heap::needs(&mut edges, &Objects::ty(oid), ObjectClass::Type, base.oid);
    if let Some(d) = &default {
        dependency::expr_edges(&shared.catalog(), &mut edges, Objects::ty(oid), d, None, DependencyKind::Normal);
    }
    dependency::record(shared, &edges)?;
    for k in constraints {
        if let ConstraintKind::Check { .. } = &k.kind {
            add_check(shared, oid, k, false)?;
        }
    }
    Ok(())
}

/// Adds a CHECK; with `validate` the columns of the domain are looked through.
fn add_check(shared: &Shared, oid: Oid, k: &Constraint, validate: bool) -> Result<()> {
    let ConstraintKind::Check { expr, no_inherit: _ } = &k.kind else { return Ok(()) };
    let c = shared.catalog();
    let Some(t) = c.user_type(oid).cloned() else { return Err(Error::internal("no such domain")) };
    let TypeEntryKind::Domain { base, checks, .. } = &t.kind else { return Err(Error::internal("no domain")) };
    let name = match &k.conname {
        Some(n) => {
            if checks.iter().any(|o| o.name == *n) {
                bail!(DUPLICATE_OBJECT, "constraint \"{}\" for domain \"{}\" already exists"; n, t.name);
            }
            n.clone()
        }
        None => heap::choose_constraint_name(&c, &t.name, None, "check", t.schema, &[]),
    };
    let e = expressions::domain_check(shared, *base, t.collation, expr)?;
    if validate && !k.skip_validation {
        validate_check(shared, &t, &name, &e)?;
    }
    let new = DomainCheck { oid: shared.db.new_oid(), name, expr: Rc::new(e.clone()), validated: !k.skip_validation };
    let me = Objects::constraint(new.oid);
    change_type(shared, oid, |t| {
        if let TypeEntryKind::Domain { checks, .. } = &mut t.kind {
            checks.push(new);
            checks.order_by(|a, b| a.name.cmp(&b.name));
        }
    })?;
    let mut edges = vec![];
    heap::edge(&mut edges, &me, &Objects::ty(oid), DependencyKind::Auto);
    dependency::expr_edges(&shared.catalog(), &mut edges, me, &e, None, DependencyKind::Normal);
    dependency::record(shared, &edges)
}

/// The columns of tables whose type is the domain or one over it (`get_rels_with_domain`).
fn columns(shared: &Shared, oid: Oid) -> Result<Vec<(Rc<Relation>, i16)>> {
    let c = shared.catalog();
    let mut out = vec![];
    for d in c.dependents(Objects::ty(oid)).to_vec() {
        match d.dependent {
            ObjectAddress { class: ObjectClass::Type, oid: other, .. } => {
                match c.ty(other).as_deref().map(|t| &t.kind) {
                    Some(TypeEntryKind::Domain { .. }) => out.extend(columns(shared, other)?),
                    // A container of the domain that some table uses would have to be looked through.
                    Some(_) => refuse_used(&c, oid, other, 0)?,
                    _ => {}
                }
            }
            ObjectAddress { class: ObjectClass::Relation, oid: rel, sub } if sub > 0 => {
                if let Some(r) = c.relation(rel) {
                    if r.row_type != 0 {
                        refuse_used(&c, oid, r.row_type, 0)?;
                    }
                    if matches!(r.kind, RelKind::Table | RelKind::MatView) && r.column(sub as i16).is_some() {
                        out.push((r, sub as i16));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

/// Refuses to look through values of `ty`, in which there are some of `domain`, where a table's column holds them
/// (`find_composite_type_dependencies`).
fn refuse_used(c: &tusklet_catalog::live::Catalog, domain: Oid, ty: Oid, depth: u32) -> Result<()> {
    for d in c.dependents(Objects::ty(ty)).to_vec() {
        let at = d.dependent;
        match at.class {
            ObjectClass::Type if depth < 32 => refuse_used(c, domain, at.oid, depth + 1)?,
            ObjectClass::Relation if at.sub > 0 => {
                let Some(rel) = c.relation(at.oid) else { continue };
                if matches!(rel.kind, RelKind::Table | RelKind::MatView) {
                    let shown = c.ty(domain).map(|t| t.name.clone()).unwrap_or_default();
                    let column = rel.column(at.sub as i16).map(|k| k.name.clone()).unwrap_or_default();
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot alter type \"{}\" because column \"{}.{}\" uses it";
                        shown,
                        rel.name,
                        column
                    ));
                }
                if rel.row_type != 0 && depth < 32 {
                    refuse_used(c, domain, rel.row_type, depth + 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn validate_check(shared: &Shared, t: &Type, name: &str, e: &Expr) -> Result<()> {
    let _ = (t, name);
    for (rel, a) in columns(shared, t.oid)? {
        let eval = expressions::with_cx(shared, |cx| Evaluator::new(cx, e))?;
        let at = a as usize - 1;
        each_row(shared, &rel, &mut |cx, _, row| {
            let v = row.get(at).cloned().unwrap_or(Value::Null);
            if eval.eval_domain(cx, &v)? == Value::Bool(false) {
                let column = rel.columns.get(at).map(|c| c.name.clone()).unwrap_or_default();
                return Err(err!(
                    CHECK_VIOLATION,
                    "column \"{}\" of table \"{}\" contains values that violate the new constraint";
                    column,
                    rel.name
                )
                .about(shared, &rel)
                .column(column));
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn find(shared: &Shared, name: &TypeName) -> Result<Rc<Type>> {
    let oid = expressions::resolve_type(shared, name)?.oid;
    let c = shared.catalog();
    let shown = shared.type_name(oid);
    let Some(t) = c.ty(oid) else { return Err(Error::internal("no such type")) };
    if !matches!(t.kind, TypeEntryKind::Domain { .. }) {
        bail!(WRONG_OBJECT_TYPE, "{} is not a domain"; shown);
    }
    acl::check_owner(shared, t.owner, "domain", &shown)?;
    Ok(t)
}

/// ALTER DOMAIN.
pub fn alter_domain(shared: &Shared, s: &AlterDomainStmt) -> Result<()> {
    let AlterDomainStmt { type_name, cmd, span: _ } = s;
    let t = find(shared, type_name)?;
    let TypeEntryKind::Domain { base, not_null, checks, .. } = &t.kind else { return Ok(()) };
    let base: TypeRef = *base;
    match cmd {
        AlterDomainCmd::Default(e) => {
            let new = match e {
                Some(e) => Some(expressions::default(shared, &t.name, base, e)?)
                    .filter(|e| !matches!(e.as_const(), Some(v) if v.is_null())),
                None => None,
            };
            change_type(shared, t.oid, |t| {
                if let TypeEntryKind::Domain { default, .. } = &mut t.kind {
                    *default = new.map(Rc::new);
                }
            })
        }
        AlterDomainCmd::SetNotNull => {
            if *not_null {
                return Ok(());
            }
            for (rel, a) in columns(shared, t.oid)? {
                let at = a as usize - 1;
                each_row(shared, &rel, &mut |_, _, row| {
                    if row.get(at).is_some_and(Value::is_null) {
                        let column = rel.columns.get(at).map(|c| c.name.clone()).unwrap_or_default();
                        return Err(err!(
                            NOT_NULL_VIOLATION, "column \"{}\" of table \"{}\" contains null values"; column, rel.name
                        )
                        .about(shared, &rel)
                        .column(column));
                    }
                    Ok(())
                })?;
            }
            set_not_null(shared, t.oid, true)
        }
        AlterDomainCmd::DropNotNull => set_not_null(shared, t.oid, false),
        AlterDomainCmd::AddConstraint(k) => match &k.kind {
            ConstraintKind::Check { .. } => add_check(shared, t.oid, k, true),
            ConstraintKind::Unique { .. } => bail!(SYNTAX_ERROR, "unique constraints not possible for domains"),
            ConstraintKind::Primary(_) => bail!(SYNTAX_ERROR, "primary key constraints not possible for domains"),
            ConstraintKind::Exclusion { .. } => bail!(SYNTAX_ERROR, "exclusion constraints not possible for domains"),
            ConstraintKind::Foreign(_) => bail!(SYNTAX_ERROR, "foreign key constraints not possible for domains"),
            _ => Err(Error::unsupported("this constraint of a domain")),
        },
        AlterDomainCmd::DropConstraint { name, behavior, missing_ok } => {
            match checks.iter().find(|k| k.name == *name) {
                Some(k) => dependency::delete(shared, &[Objects::constraint(k.oid)], *behavior),
                None => {
                    let e = err!(UNDEFINED_OBJECT, "constraint \"{}\" of domain \"{}\" does not exist"; name, t.name);
                    missing::unless(*missing_ok, shared, e)
                }
            }
        }
        AlterDomainCmd::ValidateConstraint { name } => {
            let Some(k) = checks.iter().find(|k| k.name == *name) else {
                bail!(UNDEFINED_OBJECT, "constraint \"{}\" of domain \"{}\" does not exist"; name, t.name);
            };
            validate_check(shared, &t, name, &k.expr)?;
            change_type(shared, t.oid, |t| {
                if let TypeEntryKind::Domain { checks, .. } = &mut t.kind {
                    checks.iter_mut().filter(|k| k.name == *name).for_each(|k| k.validated = true);
                }
            })
        }
    }
}

fn set_not_null(shared: &Shared, oid: Oid, on: bool) -> Result<()> {
    change_type(shared, oid, |t| {
        if let TypeEntryKind::Domain { not_null, .. } = &mut t.kind {
            *not_null = on;
        }
    })
}
