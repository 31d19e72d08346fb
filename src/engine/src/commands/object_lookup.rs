//! Names to the objects they mean, whoever owns them, and who may change those (`get_object_address`,
//! `check_object_ownership`). DROP, COMMENT and `pg_get_object_address` all look here.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::{ObjectAddress, ObjectClass, RelKind, Relation, TypeEntryKind};
use tusklet_catalog::system::attribute::column_names;
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{DefArg, ObjectName, ObjectType, TypeName};

use super::object_address::Objects;
use super::object_identity::{self as identity, row_named};
use super::{
    acl, castcmds, expressions, functioncmds, items, kind_words, namespace, operatorcmds, tsearchcmds, user,
    without_position,
};
use crate::database::BOOTSTRAP_ROLE;
use crate::{large_object, missing};
use crate::session::Shared;

/// What objects of a type are called in messages.
pub fn word(t: ObjectType) -> String {
    match t {
        ObjectType::Fdw => "foreign-data wrapper".to_string(),
        ObjectType::StatisticExt => "statistics object".to_string(),
        ObjectType::Parameter => "parameter ACL".to_string(),
        t => kind_words(t).to_ascii_lowercase(),
    }
}

/// Whether relations of a kind are what such statements are about; `None` when those are not about relations.
pub fn fits(t: ObjectType, k: RelKind) -> Option<bool> {
    Some(match t {
        ObjectType::Table => matches!(k, RelKind::Table | RelKind::Partitioned),
        ObjectType::View => k == RelKind::View,
        ObjectType::MatView => k == RelKind::MatView,
        ObjectType::Index => matches!(k, RelKind::Index | RelKind::PartitionedIndex),
        ObjectType::Sequence => k == RelKind::Sequence,
        ObjectType::ForeignTable => k == RelKind::Foreign,
        _ => return None,
    })
}

/// The relation is of another kind.
pub fn wrong_kind(name: &str, t: ObjectType) -> Error {
    let article = if t == ObjectType::Index { "an" } else { "a" };
    err!(WRONG_OBJECT_TYPE, "\"{}\" is not {} {}"; name, article, word(t))
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

/// A database's OID.
fn database(shared: &Shared, name: &str) -> Option<Oid> {
    crate::system::all_databases(shared).into_iter().find(|d| d.1 == name).map(|d| d.0)
}

/// The object a name means; `None` after a notice when it may be missing.
pub fn get(shared: &Shared, o: &ObjectName, t: ObjectType, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    match (t, o) {
        (_, ObjectName::Name(n)) if fits(t, RelKind::Table).is_some() => {
            let Some(r) = namespace::find_or_skip(shared, &namespace::range_var(n)?, missing_ok)? else {
                return Ok(None);
            };
            if fits(t, r.kind) != Some(true) {
                return Err(wrong_kind(&r.name, t));
            }
            Ok(Some(Objects::relation(r.oid)))
        }
        (ObjectType::Column, ObjectName::Name(n)) => {
            let (r, column) = column_of(shared, n)?;
            match column_number(shared, &r, column) {
                Some(sub) => Ok(Some(ObjectAddress { sub, ..Objects::relation(r.oid) })),
                None => Err(missing::column(&n[..n.len() - 1].join("."), column)),
            }
        }
        (_, ObjectName::OfRelation { relation, name }) => part(shared, t, relation, name, missing_ok),
        (ObjectType::DomConstraint, ObjectName::OfDomain { domain, name }) => {
            let Some(ty) = get_type(shared, ObjectType::Domain, domain, missing_ok)? else { return Ok(None) };
            let c = shared.catalog();
            let own = match c.ty(ty.oid).as_deref().map(|e| &e.kind) {
                Some(TypeEntryKind::Domain { checks, .. }) => checks.iter().find(|k| k.name == *name).map(|k| k.oid),
                _ => None,
            };
            let ours = || builtin::constraints_of_domain(ty.oid).find(|k| k.name() == name).map(|k| k.oid());
            match own.or_else(ours) {
                Some(k) => Ok(Some(Objects::constraint(k))),
                None => bail!(
                    UNDEFINED_OBJECT,
                    "constraint \"{}\" for domain {} does not exist";
                    name,
                    shared.type_name(ty.oid)
                ),
            }
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => get_type(shared, t, name, missing_ok),
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate,
            ObjectName::WithArgs(w),
        ) => Ok(functioncmds::lookup(shared, w, t, missing_ok)?.map(Objects::proc)),
        (ObjectType::Operator, ObjectName::WithArgs(w)) => {
            let found = operatorcmds::with_args(shared, w, missing_ok)?;
            Ok(found.map(|o| ObjectAddress::new(ObjectClass::Operator, o)))
        }
        (ObjectType::Cast, ObjectName::Cast { source, target }) => castcmds::find(shared, source, target, missing_ok),
        (ObjectType::Transform, ObjectName::Transform { type_name, language }) => {
            let ty = expressions::resolve_type(shared, type_name).map_err(without_position)?.oid;
            let language_oid = builtin::language_by_name(language);
            let e = match language_oid {
                None => err!(UNDEFINED_OBJECT, "language \"{}\" does not exist"; language),
                Some(_) => err!(
                    UNDEFINED_OBJECT,
                    "transform for type {} language \"{}\" does not exist";
                    shared.type_name(ty),
                    language
                ),
            };
            missing::unless(missing_ok, shared, e)?;
            Ok(None)
        }
        (ObjectType::LargeObject, ObjectName::LargeObject(number)) => {
            let text = match number {
                DefArg::Integer(i) => i.to_string(),
                DefArg::Float(t) | DefArg::String(t) => t.clone(),
                _ => String::new(),
            };
            let oid = tusklet_adt::oid::parse(&text)?;
            if !large_object::exists(shared, oid)? {
                bail!(UNDEFINED_OBJECT, "large object {oid} does not exist");
            }
            Ok(Some(ObjectAddress::new(ObjectClass::LargeObject, oid)))
        }
        (ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass, _) => {
            items::find(shared, t, o, missing_ok)
        }
        (_, ObjectName::Name(n)) => match tsearchcmds::kind_of(t) {
            Some(kind) => tsearchcmds::find(shared, kind, n, missing_ok),
            None => named(shared, t, n, missing_ok),
        },
        _ => Err(Error::unsupported(filled!("DROP {}"; kind_words(t)))),
    }
}

/// The relation before a column's name, and that name.
pub fn column_of<'n>(shared: &Shared, n: &'n [String]) -> Result<(Rc<Relation>, &'n str)> {
    match n.split_last() {
        Some((column, rel)) if !rel.is_empty() => Ok((namespace::get(shared, &namespace::range_var(rel)?)?, column)),
        _ => bail!(SYNTAX_ERROR, "column name must be qualified"),
    }
}

/// A live column's number, a system column's too.
pub fn column_number(shared: &Shared, r: &Relation, name: &str) -> Option<i32> {
    let live = |n: i32| r.columns.get((n - 1).max(0) as usize).is_none_or(|c| n < 0 || !c.dropped);
    column_names(&shared.catalog(), r).into_iter().find(|(n, k)| k == name && live(*n)).map(|k| k.0)
}

/// What is found by a name that no relation has: in a schema, or alone.
fn named(shared: &Shared, t: ObjectType, n: &[String], missing_ok: bool) -> Result<Option<ObjectAddress>> {
    let c = shared.catalog();
    let shown = n.join(".");
    let mut code = SqlState::UNDEFINED_OBJECT;
    let row = |class: ObjectClass, schemas: &[Oid]| {
        row_named(&c, class, schemas, 0, n.last()?).map(|r| ObjectAddress::new(class, r.oid))
    };
    let new = ObjectAddress::new;
    let found = match t {
        ObjectType::Conversion | ObjectType::StatisticExt => {
            let path = shared.search_path();
            let schemas = match namespace::split(shared, n)?.0 {
                Some(s) => match namespace::explicit(shared, s)? {
                    Some(oid) => vec![oid],
                    None => {
                        missing::unless(missing_ok, shared, missing::schema(s))?;
                        return Ok(None);
                    }
                },
                None => path.schemas.clone(),
            };
            if t == ObjectType::Conversion { row(ObjectClass::Conversion, &schemas) } else { None }
        }
        ObjectType::Schema => {
            code = SqlState::INVALID_SCHEMA_NAME;
            namespace::schema(shared, &shown)?.map(Objects::schema)
        }
        ObjectType::Role => user::role_named(shared, &shown).map(|o| new(ObjectClass::Role, o)),
        ObjectType::Database => {
            code = SqlState::INVALID_CATALOG_NAME;
            database(shared, &shown).map(|o| new(ObjectClass::Database, o))
        }
        ObjectType::Language => row(ObjectClass::Language, &[0]),
        ObjectType::AccessMethod => row(ObjectClass::AccessMethod, &[0]),
        ObjectType::Tablespace => row(ObjectClass::Tablespace, &[0]),
        ObjectType::Extension => row(ObjectClass::Extension, &[0]),
        // None of the others can exist yet.
        _ => None,
    };
    if found.is_none() {
        missing::unless(missing_ok, shared, Error::new(code, filled!("{} \"{}\" does not exist"; word(t), shown)))?;
    }
    Ok(found)
}

fn get_type(shared: &Shared, t: ObjectType, name: &TypeName, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    if let [s, _] = name.names.as_slice()
        && namespace::explicit(shared, s)?.is_none()
    {
        missing::unless(missing_ok, shared, missing::schema(s))?;
        return Ok(None);
    }
    let shown = expressions::type_name_text(name);
    let Some(oid) = find_type(shared, name)? else {
        missing::unless(missing_ok, shared, err!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown))?;
        return Ok(None);
    };
    let domain = matches!(shared.catalog().ty(oid).as_deref().map(|e| &e.kind), Some(TypeEntryKind::Domain { .. }));
    if t == ObjectType::Domain && !domain {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain"; shown);
    }
    Ok(Some(Objects::ty(oid)))
}

/// A constraint, trigger, rule or policy of a relation (`get_object_address_relobject`).
fn part(
    shared: &Shared,
    t: ObjectType,
    relation: &[String],
    name: &str,
    missing_ok: bool,
) -> Result<Option<ObjectAddress>> {
    let rv = namespace::range_var(relation)?;
    if !missing_ok {
        namespace::get(shared, &rv)?;
    }
    if let Some(s) = &rv.schemaname
        && namespace::explicit(shared, s)?.is_none()
    {
        missing::skipping(shared, missing::schema(s).message().to_string());
        return Ok(None);
    }
    let Some(rel) = namespace::find(shared, &rv)? else {
        missing::skipping(shared, filled!("relation \"{}\" does not exist"; namespace::written(&rv)));
        return Ok(None);
    };
    match rel.kind {
        RelKind::Index | RelKind::PartitionedIndex => bail!(WRONG_OBJECT_TYPE, "\"{}\" is an index"; rel.name),
        RelKind::Composite => bail!(WRONG_OBJECT_TYPE, "\"{}\" is a composite type"; rel.name),
        _ => {}
    }
    let (class, found) = match t {
        ObjectType::Trigger => (ObjectClass::Trigger, rel.triggers.iter().find(|g| g.name == name).map(|g| g.oid)),
        ObjectType::Rule => {
            let own = rel.rules.iter().find(|u| u.name == name).map(|u| u.oid);
            let view = (rel.view.is_some() && name == "_RETURN")
                .then(|| builtin::system_view(rel.oid).map_or(rel.oid, |v| v.rule()));
            (ObjectClass::Rule, own.or(view))
        }
        ObjectType::Policy => (ObjectClass::Policy, None),
        _ => {
            let own = rel.constraints.iter().find(|k| k.name == name).map(|k| k.oid);
            let ours = || builtin::constraints_of(rel.oid).find(|k| k.name() == name).map(|k| k.oid());
            (ObjectClass::Constraint, own.or_else(ours))
        }
    };
    if let Some(oid) = found {
        return Ok(Some(ObjectAddress::new(class, oid)));
    }
    let word = if t == ObjectType::TabConstraint { "constraint".to_string() } else { word(t) };
    if missing_ok {
        missing::skipping(
            shared,
            filled!("{} \"{}\" for relation \"{}\" does not exist"; word, name, namespace::written(&rv)),
        );
        return Ok(None);
    }
    let of = if t == ObjectType::Rule { "relation" } else { "table" };
    Err(err!(UNDEFINED_OBJECT, "{word} \"{name}\" for {of} \"{}\" does not exist", rel.name))
}

/// Refuses who does not own the object that a name meant.
pub fn check_ownership(shared: &Shared, o: &ObjectName, t: ObjectType, a: ObjectAddress) -> Result<()> {
    if acl::is_superuser(shared) {
        return Ok(());
    }
    let c = shared.catalog();
    let (mut rel, mut ty, mut owner) = (0, 0, BOOTSTRAP_ROLE);
    match (a.class, t) {
        (ObjectClass::Relation, _) => rel = a.oid,
        (ObjectClass::Rule, _) => rel = identity::rule(&c, a.oid).map_or(0, |r| r.0),
        (ObjectClass::Constraint, _) => (rel, ty) = identity::constraint(&c, a.oid).map_or((0, 0), |k| (k.0, k.1)),
        (ObjectClass::Trigger, _) => {
            rel = c.user_relations().find(|r| r.triggers.iter().any(|g| g.oid == a.oid)).map_or(0, |r| r.oid);
        }
        (ObjectClass::Type, _) => ty = a.oid,
        (ObjectClass::Cast, _) => return castcmds::check_owner_of(shared, a.oid),
        (ObjectClass::Role, _) => return user::check_role_changer(shared, a.oid),
        (ObjectClass::AccessMethod, _) | (_, ObjectType::TsParser | ObjectType::TsTemplate) => {
            bail!(INSUFFICIENT_PRIVILEGE, "must be superuser")
        }
        (ObjectClass::LargeObject, _) => return large_object::check_owner(shared, a.oid),
        (ObjectClass::Proc, _) => owner = c.proc(a.oid).map_or(owner, |p| p.owner),
        (ObjectClass::Operator, _) => owner = c.operator(a.oid).map_or(owner, |p| p.owner),
        (ObjectClass::Schema, _) => owner = c.user_schema(a.oid).map_or(owner, |s| s.owner),
        (ObjectClass::TsObject, _) => owner = c.any_ts_object(a.oid).map_or(owner, |s| s.owner),
        _ => owner = c.item(a.oid).map_or(owner, |i| i.owner),
    }
    if let Some(r) = c.relation(rel) {
        // Of a part of one, messages speak of the relation.
        let what = if fits(t, r.kind).is_some() { word(t) } else { "relation".to_string() };
        return acl::check_owner(shared, r.owner, &what, &r.name);
    }
    if let Some(e) = c.ty(ty) {
        return acl::check_owner(shared, e.owner, "type", &shared.type_name(ty));
    }
    let named = match o {
        ObjectName::Name(n) => n.join("."),
        ObjectName::Using { method, name } => filled!("{}.{}"; method, name.join(".")),
        ObjectName::WithArgs(w) => w.name.join("."),
        _ => String::new(),
    };
    acl::check_owner(shared, owner, &word(t), &named)
}
