//! CHECK and NOT NULL: added, validated, dropped, and the statement forms of all constraints in ALTER TABLE.

use std::rc::Rc;

use tusklet_analyze::Clause;
use tusklet_catalog::live::{
    Constraint, ConstraintKind, Dependency, DependencyKind, ObjectAddress, Relation,
};
use tusklet_error::{Result, bail, err, filled};
use tusklet_exec::Evaluator;
use tusklet_ir::{Expr, Oid, Value};
use tusklet_syntax::ast::DropBehavior;

use super::{each_row, is_empty};
use crate::missing;
use crate::commands::object_address::Objects;
use crate::commands::parse_utilcmd::{CheckExpr, NewCheck};
use crate::commands::{dependency, expressions, heap};
use crate::session::{About, Shared};

/// What kind of constraint, as a blank to fill in.
pub fn blank(shared: &Shared, name: &str, kind: ConstraintKind, columns: Vec<i16>) -> Constraint {
    Constraint {
        oid: shared.db.new_oid(),
        name: name.to_string(),
        kind,
        columns,
        deferrable: false,
        deferred: false,
        validated: true,
        is_local: true,
        inherit_count: 0,
        no_inherit: false,
        parent: 0,
    }
}

/// Adds CHECK constraints to a table (`AddRelationNewConstraints`); with `validate` existing rows are checked. Returns the
/// names and conditions of those really added, for the children.
pub fn add_checks(shared: &Shared, oid: Oid, checks: Vec<NewCheck>, validate: bool) -> Result<Vec<(String, Rc<Expr>)>> {
    let mut added: Vec<(String, Rc<Expr>)> = vec![];
    let mut names: Vec<String> = vec![];
    for k in checks {
        let NewCheck { name, expr, no_inherit, not_valid, is_local, inherit_count } = k;
        let rel = heap::get(shared, oid)?;
        let cooked = match expr {
            CheckExpr::Raw(e) => Rc::new(expressions::condition(shared, &rel, &e, Clause::CheckConstraint)?),
            CheckExpr::Cooked(e) => e,
        };
        let used = dependency::columns_used(&cooked);
        let name = match name {
            Some(n) => {
                if names.contains(&n) && is_local {
                    // One inherited from a parent and written again says the same or is refused below.
                    let inherited = rel.constraints.iter().any(|k| k.name == n && !k.is_local);
                    if !inherited {
                        bail!(DUPLICATE_OBJECT, "check constraint \"{}\" already exists"; n);
                    }
                }
                n
            }
            None => {
                let c = shared.catalog();
                let column = match used.as_slice() {
                    [a] if *a > 0 => rel.column(*a).map(|c| c.name.clone()),
                    _ => None,
                };
                heap::choose_constraint_name(&c, &rel.name, column.as_deref(), "check", rel.schema, &names)
            }
        };
        if merge_with_existing(shared, &rel, &name, &cooked, is_local, not_valid, no_inherit)? {
            names.push(name);
            continue;
        }
        names.push(name.clone());
        let mut new =
            blank(shared, &name, ConstraintKind::Check(cooked.clone()), used.iter().copied().filter(|a| *a > 0).collect());
        new.no_inherit = no_inherit;
        new.validated = !not_valid;
        new.is_local = is_local;
        new.inherit_count = inherit_count;
        let me = Objects::constraint(new.oid);
        let mut edges: Vec<Dependency> = vec![];
        if new.columns.is_empty() {
            heap::edge(&mut edges, &me, &Objects::relation(oid), DependencyKind::Auto);
        }
        for a in &new.columns {
            heap::edge(&mut edges, &me, &ObjectAddress::column(oid, *a), DependencyKind::Auto);
        }
        let mut others = vec![];
        dependency::expr_edges(&shared.catalog(), &mut others, me, &cooked, Some(oid), DependencyKind::Normal);
        edges.extend(others.into_iter().filter(|d| d.referenced.oid != oid));
        if validate && !not_valid {
            validate_check(shared, &rel, &name, &cooked)?;
        }
        heap::store_constraint(shared, oid, new, &edges)?;
        added.push((name, cooked));
    }
    Ok(added)
}

/// As `MergeWithExistingConstraint`: an inherited constraint and the same one written again become one.
fn merge_with_existing(
    shared: &Shared,
    rel: &Relation,
    name: &str,
    e: &Expr,
    is_local: bool,
    not_valid: bool,
    no_inherit: bool,
) -> Result<bool> {
    let Some(old) = rel.constraints.iter().find(|k| k.name == name) else { return Ok(false) };
    let same = matches!(&old.kind, ConstraintKind::Check(o) if tusklet_analyze::equal(o, e));
    if !same || is_local == old.is_local && is_local {
        bail!(DUPLICATE_OBJECT, "constraint \"{}\" for relation \"{}\" already exists"; name, rel.name);
    }
    if old.no_inherit {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "constraint \"{}\" conflicts with non-inherited constraint on relation \"{}\"";
            name,
            rel.name
        );
    }
    if no_inherit && old.inherit_count > 0 {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "constraint \"{}\" conflicts with inherited constraint on relation \"{}\"";
            name,
            rel.name
        );
    }
    if !not_valid && !old.validated {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "constraint \"{}\" conflicts with NOT VALID constraint on relation \"{}\"";
            name,
            rel.name
        );
    }
    shared.notify_user(filled!("merging constraint \"{}\" with inherited definition"; name));
    heap::change(shared, rel.oid, |r| {
        if let Some(k) = r.constraints.iter_mut().find(|k| k.name == name) {
            if is_local {
                k.is_local = true;
            } else {
                k.inherit_count += 1;
            }
        }
    })?;
    Ok(true)
}

/// Checks existing rows against a condition.
pub fn validate_check(shared: &Shared, rel: &Relation, name: &str, e: &Expr) -> Result<()> {
    if is_empty(shared, rel) {
        return Ok(());
    }
    let e = expressions::over_row(e, rel.columns.len());
    let eval = expressions::with_cx(shared, |cx| Evaluator::new(cx, &e))?;
    each_row(shared, rel, &mut |cx, _, row| match eval.eval(cx, row)? {
        Value::Bool(false) => Err(err!(
            CHECK_VIOLATION, "check constraint \"{}\" of relation \"{}\" is violated by some row"; name, rel.name
        )
        .about(shared, rel)
        .constraint(name)),
        _ => Ok(()),
    })
}

/// Checks that no row has NULL in the column.
pub fn validate_not_null(shared: &Shared, rel: &Relation, attno: i16) -> Result<()> {
    if is_empty(shared, rel) {
        return Ok(());
    }
    let at = attno as usize - 1;
    each_row(shared, rel, &mut |_, _, row| match row.get(at) {
        Some(v) if v.is_null() => {
            let name = rel.columns.get(at).map(|c| c.name.clone()).unwrap_or_default();
            Err(err!(NOT_NULL_VIOLATION, "column \"{}\" of relation \"{}\" contains null values"; name, rel.name)
                .about(shared, rel)
                .column(name))
        }
        _ => Ok(()),
    })
}

/// SET NOT NULL of a column, its table's children included when `recurse`.
pub fn set_not_null(shared: &Shared, oid: Oid, name: &str, recurse: bool) -> Result<()> {
    let targets = if recurse { heap::all_inheritors(&shared.catalog(), oid) } else { vec![oid] };
    for t in targets {
        let rel = heap::get(shared, t)?;
        let Some(attno) = rel.attno(name) else { continue };
        if rel.column(attno).is_some_and(|c| c.not_null) {
            continue;
        }
        validate_not_null(shared, &rel, attno)?;
        heap::change_column(shared, t, attno, |c| c.not_null = true)?;
    }
    Ok(())
}

/// DROP NOT NULL.
pub fn drop_not_null(shared: &Shared, rel: &Relation, name: &str, recurse: bool) -> Result<()> {
    let oid = rel.oid;
    let attno = super::alter_table::existing_column(&rel, name)?;
    let Some(c) = rel.column(attno) else { return Ok(()) };
    if c.identity.is_some() {
        bail!(SYNTAX_ERROR, "column \"{}\" of relation \"{}\" is an identity column"; name, rel.name);
    }
    let cat = shared.catalog();
    for ix in &rel.indexes {
        let Some(i) = cat.relation(*ix).and_then(|r| r.index.clone()) else { continue };
        let key = |i: &tusklet_catalog::live::Index| i.columns.iter().take(i.keys as usize).any(|k| k.attno == attno);
        if i.primary && key(&i) {
            bail!(INVALID_TABLE_DEFINITION, "column \"{}\" is in a primary key"; name);
        }
        if i.replica_identity && key(&i) {
            bail!(INVALID_TABLE_DEFINITION, "column \"{}\" is in index used as replica identity"; name);
        }
    }
    let targets = if recurse { heap::all_inheritors(&cat, oid) } else { vec![oid] };
    for t in targets {
        let rel = heap::get(shared, t)?;
        if let Some(a) = rel.attno(name) {
            heap::change_column(shared, t, a, |c| c.not_null = false)?;
        }
    }
    Ok(())
}

/// ADD CHECK in ALTER TABLE, to the children too.
pub fn alter_add_check(shared: &Shared, oid: Oid, check: NewCheck, recurse: bool) -> Result<()> {
    let no_inherit = check.no_inherit;
    let not_valid = check.not_valid;
    let rel = heap::get(shared, oid)?;
    let added = add_checks(shared, oid, vec![check], true)?;
    if no_inherit || rel.children.is_empty() {
        return Ok(());
    }
    if !recurse {
        bail!(INVALID_TABLE_DEFINITION, "constraint must be added to child tables too");
    }
    for (name, e) in added {
        for child in &rel.children {
            let k = heap::get(shared, *child)?;
            let mapped = super::inherit::map_columns(&e, &rel, &|n| k.attno(n))?;
            alter_add_check(
                shared,
                *child,
                NewCheck {
                    name: Some(name.clone()),
                    expr: CheckExpr::Cooked(Rc::new(mapped)),
                    no_inherit: false,
                    not_valid,
                    is_local: false,
                    inherit_count: 1,
                },
                true,
            )?;
        }
    }
    Ok(())
}

/// DROP CONSTRAINT.
pub fn drop_constraint(
    shared: &Shared,
    oid: Oid,
    name: &str,
    behavior: DropBehavior,
    missing_ok: bool,
    recurse: bool,
    recursing: bool,
) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let Some(k) = rel.constraints.iter().find(|k| k.name == name) else {
        return missing::unless(missing_ok, shared, missing::constraint(&rel.name, name));
    };
    if k.inherit_count > 0 && !recursing {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop inherited constraint \"{}\" of relation \"{}\""; name, rel.name);
    }
    let inheritable = matches!(k.kind, ConstraintKind::Check(_)) && !k.no_inherit;
    dependency::delete(shared, &[Objects::constraint(k.oid)], behavior)?;
    if !inheritable {
        return Ok(());
    }
    for child in rel.children.clone() {
        let c = heap::get(shared, child)?;
        let Some(ck) = c.constraints.iter().find(|k| k.name == name) else { continue };
        if ck.inherit_count <= 0 {
            continue;
        }
        if recurse && ck.inherit_count == 1 && !ck.is_local {
            drop_constraint(shared, child, name, behavior, true, true, true)?;
        } else {
            heap::change(shared, child, |r| {
                if let Some(k) = r.constraints.iter_mut().find(|k| k.name == name) {
                    k.inherit_count -= 1;
                    if !recurse {
                        k.is_local = true;
                    }
                }
            })?;
        }
    }
    Ok(())
}

/// VALIDATE CONSTRAINT.
pub fn validate(shared: &Shared, oid: Oid, name: &str, recurse: bool) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let Some(k) = rel.constraints.iter().find(|k| k.name == name) else {
        return Err(missing::constraint(&rel.name, &name));
    };
    match &k.kind {
        _ if k.validated && matches!(k.kind, ConstraintKind::Check(_) | ConstraintKind::Foreign(_)) => return Ok(()),
        ConstraintKind::Check(e) => {
            if recurse && !k.no_inherit {
                for c in &rel.children {
                    validate(shared, *c, name, true)?;
                }
            } else if !rel.children.is_empty() && !k.no_inherit {
                bail!(INVALID_TABLE_DEFINITION, "constraint must be validated on child tables too");
            }
            validate_check(shared, &rel, name, e)?;
        }
        ConstraintKind::Foreign(fk) => super::foreign_key::validate(shared, &rel, k, fk)?,
        _ => bail!(
            WRONG_OBJECT_TYPE,
            "constraint \"{}\" of relation \"{}\" is not a foreign key or check constraint";
            name,
            rel.name
        ),
    }
    heap::change(shared, oid, |r| {
        if let Some(k) = r.constraints.iter_mut().find(|k| k.name == name) {
            k.validated = true;
        }
    })
}

/// ALTER CONSTRAINT: only foreign keys, only when they are checked.
pub fn alter(shared: &Shared, rel: &Relation, name: &str, deferrable: bool, deferred: bool) -> Result<()> {
    let oid = rel.oid;
    let Some(k) = rel.constraints.iter().find(|k| k.name == name) else {
        return Err(missing::constraint(&rel.name, &name));
    };
    if !matches!(k.kind, ConstraintKind::Foreign(_)) {
        bail!(
            WRONG_OBJECT_TYPE, "constraint \"{}\" of relation \"{}\" is not a foreign key constraint"; name, rel.name
        );
    }
    heap::change(shared, oid, |r| {
        if let Some(k) = r.constraints.iter_mut().find(|k| k.name == name) {
            k.deferrable = deferrable;
            k.deferred = deferred;
        }
    })
}
