//! Inheritance: columns and checks a table takes over from its parents (`MergeAttributes`), INHERIT and NO INHERIT.

use std::rc::Rc;

use tusklet_catalog::live::{
    Column, ConstraintKind, Dependency, DependencyKind, ObjectAddress, ObjectClass, Persistence, RelKind, Relation,
};
use tusklet_error::{Result, bail, err, filled};
use tusklet_ir::{Expr, ExprKind, Oid, visit};
use tusklet_storage::LockMode;
use tusklet_syntax::ast::RangeVar;

use crate::commands::acl;
use crate::commands::object_address::Objects;
use crate::commands::parse_utilcmd::{CheckExpr, NewCheck, NewColumn, Parts};
use crate::commands::{heap, lock, namespace};
use crate::session::Shared;

/// The parents a statement names.
pub fn open_parents(shared: &Shared, names: &[RangeVar], persistence: Persistence) -> Result<Vec<Rc<Relation>>> {
    let mut out: Vec<Rc<Relation>> = vec![];
    for n in names {
        let p = namespace::get(shared, n)?;
        if p.kind == RelKind::Partitioned {
            bail!(WRONG_OBJECT_TYPE, "cannot inherit from partitioned table \"{}\""; p.name);
        }
        if p.kind != RelKind::Table {
            bail!(WRONG_OBJECT_TYPE, "inherited relation \"{}\" is not a table or foreign table"; p.name);
        }
        heap::refuse_system(&p)?;
        acl::check_owner(shared, p.owner, "table", &p.name)?;
        if persistence != Persistence::Temporary && p.persistence == Persistence::Temporary {
            bail!(WRONG_OBJECT_TYPE, "cannot inherit from temporary relation \"{}\""; p.name);
        }
        if out.iter().any(|o| o.oid == p.oid) {
            bail!(DUPLICATE_TABLE, "relation \"{}\" would be inherited from more than once"; p.name);
        }
        lock(shared, p.oid, LockMode::ShareUpdateExclusive)?;
        out.push(p);
    }
    Ok(out)
}

/// An expression over one table's columns as one over another's with the same column names.
pub fn map_columns(e: &Expr, from: &Relation, to: &dyn Fn(&str) -> Option<i16>) -> Result<Expr> {
    let mut e = e.clone();
    let mut failed = None;
    visit::walk_mut(&mut e, &mut |x| {
        if let ExprKind::Var(v) = &mut x.kind {
            if v.attno > 0 {
                let name = from.columns.get(v.attno as usize - 1).map(|c| c.name.clone()).unwrap_or_default();
                match to(&name) {
                    Some(a) => v.attno = a,
                    None => failed = Some(name),
                }
            } else if v.attno == 0 {
                failed = Some(String::new());
            }
        }
    });
    match failed {
        None => Ok(e),
        Some(_) => Err(err!(FEATURE_NOT_SUPPORTED, "cannot convert whole-row table reference")
        .detail(filled!("Constraint contains a whole-row reference to table \"{}\"."; from.name))),
    }
}

fn type_conflict(shared: &Shared, what: &str, a: &Column, b: &Column) -> Result<()> {
    if a.ty != b.ty {
        let (c, path) = (shared.catalog(), shared.search_path());
        return Err(err!(DATATYPE_MISMATCH, "{} \"{}\" has a type conflict"; what, a.name).detail(format!(
            "{} versus {}",
            c.format_type_with_typmod(&path, a.ty.oid, a.ty.typmod),
            c.format_type_with_typmod(&path, b.ty.oid, b.ty.typmod)
        )));
    }
    if a.collation != b.collation {
        let c = shared.catalog();
        return Err(err!(
            COLLATION_MISMATCH, "{} \"{}\" has a collation conflict"; what, a.name
        ).detail(filled!("\"{}\" versus \"{}\""; c.collation_name(a.collation).unwrap_or_default(), c.collation_name(b.collation).unwrap_or_default())));
    }
    Ok(())
}

/// Merges the parents' columns and checks in front of a new table's own. Returns the inherited columns' names.
pub fn merge(shared: &Shared, parents: &[Rc<Relation>], parts: &mut Parts) -> Result<Vec<String>> {
    if parents.is_empty() {
        return Ok(vec![]);
    }
    let mut merged: Vec<NewColumn> = vec![];
    // Two parents with different defaults need a word from the statement.
    let mut conflicting: Vec<(String, bool)> = vec![];
    for p in parents {
        for c in p.columns.iter().filter(|c| !c.dropped) {
            match merged.iter_mut().find(|m| m.column.name == c.name) {
                Some(m) => {
                    shared.notify_user(filled!("merging multiple inherited definitions of column \"{}\""; c.name));
                    type_conflict(shared, "inherited column", &m.column, c)?;
                    m.column.inherit_count += 1;
                    m.column.not_null |= c.not_null;
                    if m.cooked_generated != c.generated {
                        bail!(INVALID_TABLE_DEFINITION, "inherited column \"{}\" has a generation conflict"; c.name);
                    }
                    match (&m.cooked, &c.default) {
                        (Some(a), Some(b)) if !tusklet_analyze::equal(a, b) => {
                            conflicting.push((c.name.clone(), c.generated))
                        }
                        (None, Some(b)) => m.cooked = Some(b.clone()),
                        _ => {}
                    }
                }
                None => {
                    let mut column = heap::column(&c.name, c.ty, c.collation);
                    column.not_null = c.not_null;
                    column.is_local = false;
                    column.inherit_count = 1;
                    column.storage = c.storage;
                    column.compression = c.compression;
                    merged.push(NewColumn {
                        column,
                        default: None,
                        generated: None,
                        sequence: None,
                        cooked: c.default.clone(),
                        cooked_generated: c.generated,
                    });
                }
            }
        }
    }
    let names: Vec<String> = merged.iter().map(|m| m.column.name.clone()).collect();
    for own in std::mem::take(&mut parts.columns) {
        let name = own.column.name.clone();
        let Some(m) = merged.iter_mut().find(|m| m.column.name == name && names.contains(&name)) else {
            merged.push(own);
            continue;
        };
        shared.notify_user(filled!("merging column \"{}\" with inherited definition"; name));
        type_conflict(shared, "column", &m.column, &own.column)?;
        if m.cooked_generated && own.default.is_some() {
            bail!(
                INVALID_COLUMN_DEFINITION, "column \"{}\" inherits from generated column but specifies default"; name
            );
        }
        if m.cooked_generated && own.column.identity.is_some() {
            bail!(
                INVALID_COLUMN_DEFINITION, "column \"{}\" inherits from generated column but specifies identity"; name
            );
        }
        if own.generated.is_some() {
            return Err(err!(INVALID_COLUMN_DEFINITION, "child column \"{}\" specifies generation expression"; name)
            .hint(
                "Omit the generation expression in the definition of the child table column to inherit the generation \
                 expression from the parent table.",
            ));
        }
        m.column.is_local = true;
        m.column.not_null |= own.column.not_null;
        m.column.identity = own.column.identity;
        m.sequence = own.sequence;
        if own.column.compression != 0 {
            m.column.compression = own.column.compression;
        }
        if own.default.is_some() {
            m.cooked = None;
            m.default = own.default;
            conflicting.retain(|(n, _)| *n != name);
        }
    }
    if let Some((name, generated)) = conflicting.into_iter().next() {
        let e = if generated {
            err!(INVALID_COLUMN_DEFINITION, "column \"{}\" inherits conflicting generation expressions"; name)
        } else {
            err!(INVALID_COLUMN_DEFINITION, "column \"{}\" inherits conflicting default values"; name)
                .hint("To resolve the conflict, specify a default explicitly.")
        };
        return Err(e);
    }
    // Expressions of parents over the child's columns.
    let at: Vec<String> = merged.iter().map(|m| m.column.name.clone()).collect();
    let to = |n: &str| at.iter().position(|x| x == n).map(|i| i as i16 + 1);
    for m in &mut merged {
        if let Some(e) = &m.cooked {
            let source = parents.iter().find(|p| {
                p.columns.iter().any(|c| c.name == m.column.name && c.default.as_ref().is_some_and(|d| Rc::ptr_eq(d, e)))
            });
            if let Some(p) = source {
                m.cooked = Some(Rc::new(map_columns(e, p, &to)?));
            }
        }
    }
    parts.columns = merged;
    inherit_checks(parents, &to, parts)?;
    Ok(names)
}

fn inherit_checks(parents: &[Rc<Relation>], to: &dyn Fn(&str) -> Option<i16>, parts: &mut Parts) -> Result<()> {
    let mut inherited: Vec<NewCheck> = vec![];
    for p in parents {
        for k in &p.constraints {
            let ConstraintKind::Check(e) = &k.kind else { continue };
            if k.no_inherit {
                continue;
            }
            let e = Rc::new(map_columns(e, p, to)?);
            let same = inherited.iter_mut().find(|o| o.name.as_deref() == Some(&k.name));
            match same {
                Some(o) => {
                    let CheckExpr::Cooked(old) = &o.expr else { continue };
                    if !tusklet_analyze::equal(old, &e) {
                        bail!(
                            DUPLICATE_OBJECT,
                            "check constraint name \"{}\" appears multiple times but with different expressions";
                            k.name
                        );
                    }
                    o.inherit_count += 1;
                }
                None => inherited.push(NewCheck {
                    name: Some(k.name.clone()),
                    expr: CheckExpr::Cooked(e),
                    no_inherit: false,
                    not_valid: false,
                    is_local: false,
                    inherit_count: 1,
                }),
            }
        }
    }
    inherited.append(&mut parts.checks);
    parts.checks = inherited;
    Ok(())
}

/// ALTER TABLE … INHERIT.
pub fn add_inherit(shared: &Shared, child: Oid, parent: &RangeVar) -> Result<()> {
    let p = namespace::get(shared, parent)?;
    lock(shared, p.oid, LockMode::ShareUpdateExclusive)?;
    let c = heap::get(shared, child)?;
    if p.kind != RelKind::Table {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table"; p.name);
    }
    acl::check_owner(shared, p.owner, "table", &p.name)?;
    if p.persistence == Persistence::Temporary && c.persistence != Persistence::Temporary {
        bail!(WRONG_OBJECT_TYPE, "cannot inherit from temporary relation \"{}\""; p.name);
    }
    if heap::all_inheritors(&shared.catalog(), child).contains(&p.oid) {
        return Err(err!(
            DUPLICATE_TABLE, "circular inheritance not allowed"
        ).detail(filled!("\"{}\" is already a child of \"{}\"."; p.name, c.name)));
    }
    if c.parents.contains(&p.oid) {
        bail!(DUPLICATE_TABLE, "relation \"{}\" would be inherited from more than once"; p.name);
    }
    let mut columns = c.columns.clone();
    for pc in p.columns.iter().filter(|k| !k.dropped) {
        let Some(a) = c.attno(&pc.name) else {
            bail!(DATATYPE_MISMATCH, "child table is missing column \"{}\""; pc.name);
        };
        let Some(k) = columns.get_mut(a as usize - 1) else { continue };
        if k.ty != pc.ty {
            bail!(DATATYPE_MISMATCH, "child table \"{}\" has different type for column \"{}\""; c.name, pc.name);
        }
        if k.collation != pc.collation {
            bail!(COLLATION_MISMATCH, "child table \"{}\" has different collation for column \"{}\""; c.name, pc.name);
        }
        if pc.not_null && !k.not_null {
            bail!(DATATYPE_MISMATCH, "column \"{}\" in child table must be marked NOT NULL"; pc.name);
        }
        if pc.generated && !k.generated {
            bail!(DATATYPE_MISMATCH, "column \"{}\" in child table must be a generated column"; pc.name);
        }
        if k.generated && !pc.generated {
            bail!(DATATYPE_MISMATCH, "column \"{}\" in child table must not be a generated column"; pc.name);
        }
        k.inherit_count += 1;
    }
    let mut checks = c.constraints.clone();
    for pk in &p.constraints {
        let ConstraintKind::Check(pe) = &pk.kind else { continue };
        if pk.no_inherit {
            continue;
        }
        let want = map_columns(pe, &p, &|n| c.attno(n))?;
        let Some(k) = checks.iter_mut().find(|k| k.name == pk.name && matches!(k.kind, ConstraintKind::Check(_))) else {
            bail!(DATATYPE_MISMATCH, "child table is missing constraint \"{}\""; pk.name);
        };
        if !matches!(&k.kind, ConstraintKind::Check(e) if tusklet_analyze::equal(e, &want)) {
            bail!(
                DATATYPE_MISMATCH,
                "child table \"{}\" has different definition for check constraint \"{}\"";
                c.name,
                pk.name
            );
        }
        if k.no_inherit {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "constraint \"{}\" conflicts with non-inherited constraint on child table \"{}\"";
                pk.name,
                c.name
            );
        }
        if !k.validated && pk.validated {
            bail!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "constraint \"{}\" conflicts with NOT VALID constraint on child table \"{}\"";
                pk.name,
                c.name
            );
        }
        k.inherit_count += 1;
    }
    heap::change(shared, child, |r| {
        r.columns = columns;
        r.constraints = checks;
        r.parents.push(p.oid);
    })?;
    heap::change(shared, p.oid, |r| r.children.push(child))?;
    shared.edit_catalog(|c| {
        c.add_depends(&[Dependency {
            dependent: Objects::relation(child),
            referenced: Objects::relation(p.oid),
            kind: DependencyKind::Normal,
        }]);
    })
}

/// ALTER TABLE … NO INHERIT.
pub fn drop_inherit(shared: &Shared, child: Oid, parent: &RangeVar) -> Result<()> {
    let p = namespace::get(shared, parent)?;
    lock(shared, p.oid, LockMode::AccessShare)?;
    let c = heap::get(shared, child)?;
    if !c.parents.contains(&p.oid) {
        bail!(UNDEFINED_TABLE, "relation \"{}\" is not a parent of relation \"{}\""; p.name, c.name);
    }
    heap::change(shared, child, |r| {
        for k in r.columns.iter_mut().filter(|k| p.attno(&k.name).is_some()) {
            k.inherit_count -= 1;
            if k.inherit_count <= 0 {
                k.inherit_count = 0;
                k.is_local = true;
            }
        }
        for k in r.constraints.iter_mut() {
            let inherited = matches!(k.kind, ConstraintKind::Check(_))
                && p.constraints.iter().any(|o| o.name == k.name && matches!(o.kind, ConstraintKind::Check(_)));
            if inherited && k.inherit_count > 0 {
                k.inherit_count -= 1;
                k.is_local |= k.inherit_count == 0;
            }
        }
        r.parents.retain(|o| *o != p.oid);
    })?;
    heap::change(shared, p.oid, |r| r.children.retain(|o| *o != child))?;
    let gone = ObjectAddress::new(ObjectClass::Relation, p.oid);
    crate::commands::dependency::replace_edges(shared, Objects::relation(child), &|d| d.referenced != gone, &[])
}
