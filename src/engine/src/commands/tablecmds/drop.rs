//! DROP (`RemoveRelations`, `RemoveObjects`).

use tusklet_catalog::live::{ObjectAddress, ObjectClass, RelKind, TypeEntryKind};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{DropStmt, ObjectName, ObjectType, TypeName};

use crate::missing;
use crate::commands::object_address::{Objects, relation_word};
use crate::commands::{acl, castcmds, dependency, functioncmds, heap, items, kind_words, lock, namespace, operatorcmds, tsearchcmds};
use crate::session::Shared;

fn wanted_kind(t: ObjectType) -> Option<RelKind> {
    Some(match t {
        ObjectType::Table => RelKind::Table,
        ObjectType::View => RelKind::View,
        ObjectType::MatView => RelKind::MatView,
        ObjectType::Index => RelKind::Index,
        ObjectType::Sequence => RelKind::Sequence,
        ObjectType::ForeignTable => RelKind::Foreign,
        _ => return None,
    })
}

/// DROP.
pub fn drop(shared: &Shared, s: &DropStmt) -> Result<()> {
    let DropStmt { objects, remove_type, behavior, missing_ok, concurrent, span: _ } = s;
    if *concurrent {
        shared.prevent_in_block("DROP INDEX CONCURRENTLY")?;
        if objects.len() > 1 {
            return Err(err!(
                FEATURE_NOT_SUPPORTED, "DROP INDEX CONCURRENTLY does not support dropping multiple objects"
            ));
        }
        if *behavior == tusklet_syntax::ast::DropBehavior::Cascade {
            return Err(err!(FEATURE_NOT_SUPPORTED, "DROP INDEX CONCURRENTLY does not support CASCADE"));
        }
    }
    let mut targets = vec![];
    for o in objects {
        let found = match (wanted_kind(*remove_type), o) {
            (Some(kind), ObjectName::Name(n)) => relation(shared, n, kind, *remove_type, *missing_ok)?,
            _ => {
                let found = find(shared, o, *remove_type, *missing_ok)?;
                found.iter().try_for_each(|a| pinned(shared, *a))?;
                found
            }
        };
        if let Some(a) = found {
            if !targets.contains(&a) {
                targets.push(a);
            }
        }
    }
    dependency::delete(shared, &targets, *behavior)
}

fn word(t: ObjectType) -> String {
    kind_words(t).to_ascii_lowercase()
}

fn relation(
    shared: &Shared,
    names: &[String],
    kind: RelKind,
    t: ObjectType,
    missing_ok: bool,
) -> Result<Option<ObjectAddress>> {
    let rv = namespace::range_var(names)?;
    let name = namespace::written(&rv);
    if let Some(s) = &rv.schemaname {
        if namespace::schema(shared, s)?.is_none() {
            missing::unless(missing_ok, shared, missing::schema(&s))?;
            return Ok(None);
        }
    }
    let Some(r) = namespace::find(shared, &rv)? else {
        let code = match kind {
            RelKind::Table | RelKind::View | RelKind::MatView | RelKind::Sequence => SqlState::UNDEFINED_TABLE,
            _ => SqlState::UNDEFINED_OBJECT,
        };
        // The messages speak of the bare name.
        missing::unless(missing_ok, shared, Error::new(code, filled!(
            "{} \"{}\" does not exist"; word(t), rv.relname
        )))?;
        return Ok(None);
    };
    let matches = r.kind == kind || r.kind == RelKind::Partitioned && kind == RelKind::Table;
    if !matches {
        let article = if kind == RelKind::Index { "an" } else { "a" };
        let e = err!(WRONG_OBJECT_TYPE, "\"{}\" is not {} {}"; rv.relname, article, word(t));
        let hint = match r.kind {
            RelKind::Table | RelKind::Partitioned => "Use DROP TABLE to remove a table.",
            RelKind::Index | RelKind::PartitionedIndex => "Use DROP INDEX to remove an index.",
            RelKind::Sequence => "Use DROP SEQUENCE to remove a sequence.",
            RelKind::View => "Use DROP VIEW to remove a view.",
            RelKind::MatView => "Use DROP MATERIALIZED VIEW to remove a materialized view.",
            RelKind::Foreign => "Use DROP FOREIGN TABLE to remove a foreign table.",
            RelKind::Composite => "Use DROP TYPE to remove a type.",
            RelKind::Toast => return Err(e),
        };
        return Err(e.hint(hint));
    }
    let _ = name;
    let schema_owner = shared.catalog().user_schema(r.schema).map_or(0, |s| s.owner);
    if !acl::is_owner(shared, r.owner) && !acl::is_owner(shared, schema_owner) {
        acl::check_owner(shared, r.owner, relation_word(r.kind), &r.name)?;
    }
    if r.system {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog"; r.name);
    }
    if let Some(ix) = &r.index {
        lock(shared, ix.table, LockMode::AccessExclusive)?;
    }
    lock(shared, r.oid, LockMode::AccessExclusive)?;
    Ok(Some(Objects::relation(r.oid)))
}

/// The type a name means, without an error when there is none.
pub fn find_type(shared: &Shared, t: &TypeName) -> Result<Option<Oid>> {
    let (schema, name) = namespace::split(shared, &t.names)?;
    let c = shared.catalog();
    let oid = c.lookup_type(&shared.search_path(), schema, name);
    Ok(match oid {
        Some(o) if !t.array_bounds.is_empty() => Some(c.array_type(o)).filter(|a| *a != 0),
        o => o,
    })
}

/// What a name that is no relation's means, of which the user must be the owner; `None` after a notice when it may be missing.
pub fn find(shared: &Shared, o: &ObjectName, t: ObjectType, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    match (t, o) {
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => {
            if let [s, _] = name.names.as_slice() {
                if namespace::schema(shared, s)?.is_none() {
                    missing::unless(missing_ok, shared, missing::schema(&s))?;
                    return Ok(None);
                }
            }
            let shown = name.names.join(".");
            let Some(oid) = find_type(shared, name)? else {
                missing::unless(missing_ok, shared, err!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown))?;
                return Ok(None);
            };
            let c = shared.catalog();
            let Some(ty) = c.ty(oid) else { return Ok(None) };
            if t == ObjectType::Domain && !matches!(ty.kind, TypeEntryKind::Domain { .. }) {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain"; shown);
            }
            acl::check_owner(shared, ty.owner, "type", &shared.type_name(oid))?;
            Ok(Some(Objects::ty(oid)))
        }
        (ObjectType::Schema, ObjectName::Name(n)) => {
            let name = n.join(".");
            let Some(oid) = namespace::schema(shared, &name)? else {
                missing::unless(missing_ok, shared, missing::schema(&name))?;
                return Ok(None);
            };
            let owner = shared.catalog().user_schema(oid).map_or(crate::database::BOOTSTRAP_ROLE, |s| s.owner);
            acl::check_owner(shared, owner, "schema", &name)?;
            Ok(Some(Objects::schema(oid)))
        }
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate,
            ObjectName::WithArgs(w),
        ) => {
            let Some(oid) = functioncmds::lookup(shared, w, t, missing_ok)? else { return Ok(None) };
            let c = shared.catalog();
            let owner = match c.proc(oid) {
                Some(p) if t == ObjectType::Function => {
                    functioncmds::no_aggregate(&p).map_err(|e| e.hint("Use DROP AGGREGATE to drop aggregate functions."))?;
                    p.owner
                }
                p => p.map_or(0, |p| p.owner),
            };
            acl::check_owner(shared, owner, &word(t), w.name.last().map(String::as_str).unwrap_or_default())?;
            Ok(Some(Objects::proc(oid)))
        }
        (ObjectType::Operator, ObjectName::WithArgs(w)) => {
            let Some(oid) = operatorcmds::with_args(shared, w, missing_ok)? else { return Ok(None) };
            let owner = shared.catalog().operator(oid).map_or(0, |p| p.owner);
            acl::check_owner(shared, owner, "operator", &w.name.join("."))?;
            Ok(Some(ObjectAddress::new(ObjectClass::Operator, oid)))
        }
        (ObjectType::Cast, ObjectName::Cast { source, target }) => castcmds::find(shared, source, target, missing_ok),
        (ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass, _) => items::address(shared, t, o, missing_ok),
        (ObjectType::Extension, ObjectName::Name(n)) => {
            let name = n.join(".");
            missing::unless(missing_ok, shared, err!(UNDEFINED_OBJECT, "extension \"{}\" does not exist"; name))?;
            Ok(None)
        }
        (ObjectType::Trigger | ObjectType::Rule | ObjectType::Policy, ObjectName::OfRelation { relation, name }) => {
            of_relation(shared, t, relation, name, missing_ok)
        }
        (
            ObjectType::TsParser | ObjectType::TsDictionary | ObjectType::TsTemplate | ObjectType::TsConfiguration,
            ObjectName::Name(n),
        ) => {
            let Some(kind) = tsearchcmds::kind_of(t) else { return Ok(None) };
            tsearchcmds::to_drop(shared, kind, n, missing_ok)
        }
        _ if missing_ok => missing_object(shared, t, o),
        _ => Err(Error::unsupported(filled!("DROP {}"; kind_words(t)))),
    }
}

/// None of these can exist yet, so IF EXISTS can only pass over them.
fn missing_object(shared: &Shared, t: ObjectType, o: &ObjectName) -> Result<Option<ObjectAddress>> {
    let name = match o {
        ObjectName::Name(n) => n.join("."),
        ObjectName::WithArgs(w) => w.name.join("."),
        ObjectName::Using { name, .. } => name.join("."),
        _ => return Err(Error::unsupported(filled!("DROP {}"; kind_words(t)))),
    };
    match t {
        ObjectType::Publication
        | ObjectType::Subscription
        | ObjectType::EventTrigger
        | ObjectType::ForeignServer
        | ObjectType::StatisticExt => {
            let what = match t {
                ObjectType::StatisticExt => "statistics object".to_string(),
                t => word(t),
            };
            missing::skipping(shared, filled!("{} \"{}\" does not exist"; what, name));
            Ok(None)
        }
        _ => Err(Error::unsupported(filled!("DROP {}"; kind_words(t)))),
    }
}

fn of_relation(
    shared: &Shared,
    t: ObjectType,
    relation: &[String],
    name: &str,
    missing_ok: bool,
) -> Result<Option<ObjectAddress>> {
    let rv = namespace::range_var(relation)?;
    let found = namespace::find(shared, &rv)?;
    let Some(rel) = found else {
        missing::unless(missing_ok, shared, missing::relation(&namespace::written(&rv)))?;
        return Ok(None);
    };
    let (preposition, what) = match t {
        ObjectType::Policy => ("for", "table"),
        ObjectType::Trigger => ("for", "table"),
        _ => ("for", "relation"),
    };
    let text = format!("{} \"{name}\" {preposition} {what} \"{}\" does not exist", word(t), rel.name);
    let notice = filled!("{} \"{}\" for relation \"{}\" does not exist"; word(t), name, namespace::written(&rv));
    if missing_ok {
        missing::skipping(shared, notice);
        return Ok(None);
    }
    Err(Error::new(SqlState::UNDEFINED_OBJECT, text))
}

fn pinned(shared: &Shared, a: ObjectAddress) -> Result<()> {
    if heap::is_pinned(a) || a.class == ObjectClass::Schema && shared.catalog().user_schema(a.oid).is_none() {
        let what = crate::commands::object_address::describe(&shared.catalog(), &shared.search_path(), a);
        bail!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {} because it is required by the database system"; what);
    }
    Ok(())
}
