//! DROP (`RemoveRelations`, `RemoveObjects`).

use tusklet_catalog::builtin;
use tusklet_catalog::live::{FIRST_USER_OID, ObjectAddress, ObjectClass, RelKind};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{DropStmt, ObjectName, ObjectType};

use crate::missing;
use crate::commands::object_address::{Objects, relation_word};
use crate::commands::object_identity::describe;
use crate::commands::{acl, dependency, functioncmds, heap, kind_words, lock, namespace, object_lookup};
use crate::session::Shared;

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
        let found = match (object_lookup::fits(*remove_type, RelKind::Table), o) {
            (Some(_), ObjectName::Name(n)) => relation(shared, n, *remove_type, *missing_ok)?,
            _ => {
                let found = object_lookup::get(shared, o, *remove_type, *missing_ok)?;
                if let Some(a) = found {
                    object_lookup::check_ownership(shared, o, *remove_type, a)?;
                    check_droppable(shared, *remove_type, a)?;
                }
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

fn relation(
    shared: &Shared,
    names: &[String],
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
        let code = match t {
            ObjectType::Index | ObjectType::ForeignTable => SqlState::UNDEFINED_OBJECT,
            _ => SqlState::UNDEFINED_TABLE,
        };
        // The messages speak of the bare name.
        missing::unless(missing_ok, shared, Error::new(code, filled!(
            "{} \"{}\" does not exist"; object_lookup::word(t), rv.relname
        )))?;
        return Ok(None);
    };
    if object_lookup::fits(t, r.kind) != Some(true) {
        let e = object_lookup::wrong_kind(&rv.relname, t);
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
    heap::refuse_system(&r)?;
    if let Some(ix) = &r.index {
        lock(shared, ix.table, LockMode::AccessExclusive)?;
    }
    lock(shared, r.oid, LockMode::AccessExclusive)?;
    Ok(Some(Objects::relation(r.oid)))
}

/// Refuses what cannot be dropped: PostgreSQL's own, parts of something else, what there are no commands for.
fn check_droppable(shared: &Shared, t: ObjectType, a: ObjectAddress) -> Result<()> {
    let (c, path) = (shared.catalog(), shared.search_path());
    let requires = |what: ObjectAddress| {
        let (me, other) = (describe(&c, &path, a), describe(&c, &path, what));
        err!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {} because {} requires it"; me, other)
            .hint(filled!("You can drop {} instead."; other))
    };
    if let (ObjectType::Function, Some(p)) = (t, c.proc(a.oid)) {
        functioncmds::no_aggregate(&p).map_err(|e| e.hint("Use DROP AGGREGATE to drop aggregate functions."))?;
    }
    match a.class {
        ObjectClass::Rule if a.oid >= FIRST_USER_OID => return Err(requires(Objects::relation(a.oid))),
        ObjectClass::Extension => return Err(Error::unsupported("DROP EXTENSION")),
        ObjectClass::Language => {
            let owner = builtin::Extension::all().find(|e| Some(e.name()) == builtin::language(a.oid).map(|l| l.name()));
            if let Some(e) = owner {
                return Err(requires(ObjectAddress::new(ObjectClass::Extension, e.oid())));
            }
        }
        _ => {}
    }
    if heap::is_pinned(a) || a.class == ObjectClass::Schema && c.user_schema(a.oid).is_none() {
        bail!(
            DEPENDENT_OBJECTS_STILL_EXIST,
            "cannot drop {} because it is required by the database system";
            describe(&c, &path, a)
        );
    }
    if matches!(a.class, ObjectClass::Trigger | ObjectClass::Rule | ObjectClass::Policy) {
        return Err(Error::unsupported(filled!("DROP {}"; kind_words(t))));
    }
    Ok(())
}
