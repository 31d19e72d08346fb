//! Types: enums, composites; the others have files of their own (`typecmds.c`).

pub mod base;
pub mod domain;
pub mod range;

use tusklet_catalog::live::{Dependency, EnumLabel, ObjectClass, RelKind, Type, TypeEntryKind};
use tusklet_error::{Error, Result, bail, err};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterEnumStmt, CompositeTypeStmt, CreateEnumStmt};

use super::object_address::Objects;
use super::{acl, expressions, heap, namespace, pg_type};
use crate::missing;
use crate::session::Shared;

/// Changes a type's entry. Only `f` is compiled anew for each of its callers.
pub fn change_type(shared: &Shared, oid: Oid, f: impl FnOnce(&mut Type)) -> Result<()> {
    let mut t = to_change(shared, oid)?;
    f(&mut t);
    changed(shared, t)
}

#[inline(never)]
fn to_change(shared: &Shared, oid: Oid) -> Result<Box<Type>> {
    match shared.catalog().user_type(oid) {
        Some(t) => Ok(Box::new((**t).clone())),
        None => Err(Error::unsupported("changing a built-in type")),
    }
}

#[inline(never)]
fn changed(shared: &Shared, t: Box<Type>) -> Result<()> {
    shared.edit_catalog(|c| c.put_type(*t))
}

/// What a new type and its schema have to do with each other.
fn in_schema(shared: &Shared, ty: Oid, schema: Oid) -> Result<()> {
    let mut edges: Vec<Dependency> = vec![];
    heap::needs(&mut edges, &Objects::ty(ty), ObjectClass::Schema, schema);
    super::dependency::record(shared, &edges)
}

/// Refuses a name a type or relation has.
fn check_free(shared: &Shared, schema: Oid, name: &str) -> Result<()> {
    pg_type::claim_name(shared, schema, name, false)
}

fn blank(shared: &Shared, name: &str, schema: Oid, kind: TypeEntryKind) -> Type {
    pg_type::blank(shared.db.new_oid(), name, schema, shared.user(), kind)
}

fn check_label(label: &str) -> Result<()> {
    if label.len() > 63 {
        return Err(err!(INVALID_NAME, "invalid enum label \"{}\""; label).detail("Labels must be 63 bytes or less."));
    }
    Ok(())
}

/// CREATE TYPE … AS ENUM.
pub fn create_enum(shared: &Shared, s: &CreateEnumStmt) -> Result<()> {
    let CreateEnumStmt { type_name, vals, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, type_name)?;
    check_free(shared, schema, &name)?;
    let mut labels: Vec<EnumLabel> = vec![];
    let t = blank(shared, &name, schema, TypeEntryKind::Enum(vec![]));
    for (i, v) in vals.iter().enumerate() {
        check_label(v)?;
        if labels.iter().any(|l| l.label == *v) {
            return Err(err!(
                UNIQUE_VIOLATION,
                "duplicate key value violates unique constraint \"pg_enum_typid_label_index\""
            )
            .detail(format!("Key (enumtypid, enumlabel)=({}, {v}) already exists.", t.oid))
            .table("pg_catalog", "pg_enum")
            .constraint("pg_enum_typid_label_index"));
        }
        labels.push(EnumLabel { oid: shared.db.new_oid(), order: (i + 1) as f32, label: v.clone() });
    }
    let mut t = Type { kind: TypeEntryKind::Enum(labels), ..t };
    t.category = b'E';
    t.len = 4;
    t.by_val = true;
    t.storage = b'p';
    t.io = pg_type::io("enum");
    let oid = t.oid;
    pg_type::put_with_array(shared, t)?;
    in_schema(shared, oid, schema)
}

fn find_enum(shared: &Shared, names: &[String]) -> Result<(Oid, Vec<EnumLabel>)> {
    let (schema, name) = namespace::split(shared, names)?;
    if let Some(s) = schema {
        namespace::existing_schema(shared, s)?;
    }
    let c = shared.catalog();
    let shown = names.join(".");
    let Some(oid) = c.lookup_type(&shared.search_path(), schema, name) else {
        bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown);
    };
    let Some(t) = c.ty(oid) else { bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown) };
    let TypeEntryKind::Enum(labels) = &t.kind else {
        bail!(WRONG_OBJECT_TYPE, "{} is not an enum"; shared.type_name(oid));
    };
    acl::check_owner(shared, t.owner, "type", &shared.type_name(oid))?;
    Ok((oid, labels.clone()))
}

/// ALTER TYPE … ADD VALUE, RENAME VALUE.
pub fn alter_enum(shared: &Shared, s: &AlterEnumStmt) -> Result<()> {
    match s {
        AlterEnumStmt::AddValue { type_name, new_val, neighbor, after, skip_if_exists } => {
            check_label(new_val)?;
            let (oid, mut labels) = find_enum(shared, type_name)?;
            if labels.iter().any(|l| l.label == *new_val) {
                let e = err!(DUPLICATE_OBJECT, "enum label \"{}\" already exists"; new_val);
                return missing::unless_wanted(*skip_if_exists, shared, e);
            }
            let at = match neighbor {
                None => labels.len(),
                Some(n) => match labels.iter().position(|l| l.label == *n) {
                    Some(i) => i + usize::from(*after),
                    None => bail!(INVALID_PARAMETER_VALUE, "\"{}\" is not an existing enum label"; n),
                },
            };
            let before = at.checked_sub(1).and_then(|i| labels.get(i)).map(|l| l.order);
            let next = labels.get(at).map(|l| l.order);
            let order = match (before, next) {
                (None, None) => 1.0,
                (Some(b), None) => b + 1.0,
                (None, Some(n)) => n - 1.0,
                (Some(b), Some(n)) => {
                    let mid = (b + n) / 2.0;
                    if mid == b || mid == n {
                        // No room is left between the two: all are numbered anew.
                        for (i, l) in labels.iter_mut().enumerate() {
                            l.order = (i + 1 + usize::from(i >= at)) as f32;
                        }
                        (at + 1) as f32
                    } else {
                        mid
                    }
                }
            };
            labels.insert(at, EnumLabel { oid: shared.db.new_oid(), order, label: new_val.clone() });
            put_labels(shared, oid, labels)
        }
        AlterEnumStmt::RenameValue { type_name, old_val, new_val } => {
            check_label(new_val)?;
            let (oid, mut labels) = find_enum(shared, type_name)?;
            if !labels.iter().any(|l| l.label == *old_val) {
                bail!(INVALID_PARAMETER_VALUE, "\"{}\" is not an existing enum label"; old_val);
            }
            if labels.iter().any(|l| l.label == *new_val) {
                bail!(DUPLICATE_OBJECT, "enum label \"{}\" already exists"; new_val);
            }
            labels.iter_mut().filter(|l| l.label == *old_val).for_each(|l| l.label = new_val.clone());
            put_labels(shared, oid, labels)
        }
    }
}

fn put_labels(shared: &Shared, oid: Oid, labels: Vec<EnumLabel>) -> Result<()> {
    change_type(shared, oid, |t| t.kind = TypeEntryKind::Enum(labels))
}

/// CREATE TYPE … AS (…).
pub fn create_composite(shared: &Shared, s: &CompositeTypeStmt) -> Result<()> {
    let CompositeTypeStmt { typevar, coldeflist, span: _ } = s;
    let (schema, _) = namespace::creation(shared, typevar)?;
    check_free(shared, schema, &typevar.relname)?;
    let mut rel = heap::blank(
        shared,
        &typevar.relname,
        schema,
        RelKind::Composite,
        tusklet_catalog::live::Persistence::Permanent,
    );
    rel.replica_identity = b'n';
    for d in coldeflist {
        let Some(t) = &d.type_name else { return Err(Error::internal("attribute without type")) };
        let (ty, collation) = expressions::column_type(shared, &d.colname, t, d.coll_clause.as_ref())?;
        rel.columns.push(heap::column(&d.colname, ty, collation));
    }
    heap::create(shared, rel)?;
    Ok(())
}
