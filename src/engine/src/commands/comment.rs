//! COMMENT ON (`comment.c`).

use tusklet_catalog::live::{ObjectAddress, ObjectClass, RelKind, TypeEntryKind};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_syntax::ast::{CommentStmt, ObjectName, ObjectType};

use super::object_address::{Objects, relation_word};
use super::{acl, functioncmds, kind_words, namespace, tsearchcmds, user};
use crate::missing;
use crate::session::Shared;

/// COMMENT ON.
pub fn comment(shared: &Shared, s: &CommentStmt) -> Result<()> {
    let CommentStmt { objtype, object, comment, span: _ } = s;
    let a = address(shared, *objtype, object)?;
    // An empty comment is none.
    let text = comment.as_deref().filter(|t| !t.is_empty());
    put(shared, a, text)
}

/// Stores what is said of an object.
pub fn put(shared: &Shared, a: ObjectAddress, text: Option<&str>) -> Result<()> {
    shared.edit_catalog(|c| c.put_comment(a, text))
}

fn address(shared: &Shared, t: ObjectType, o: &ObjectName) -> Result<ObjectAddress> {
    match (t, o) {
        (
            ObjectType::Table | ObjectType::View | ObjectType::MatView | ObjectType::Index | ObjectType::Sequence,
            ObjectName::Name(n),
        ) => {
            let r = namespace::get(shared, &namespace::range_var(n)?)?;
            let want = match t {
                ObjectType::Table => RelKind::Table,
                ObjectType::View => RelKind::View,
                ObjectType::MatView => RelKind::MatView,
                ObjectType::Index => RelKind::Index,
                _ => RelKind::Sequence,
            };
            if r.kind != want {
                let article = if want == RelKind::Index { "an" } else { "a" };
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not {} {}"; r.name, article, kind_words(t).to_ascii_lowercase());
            }
            acl::check_owner(shared, r.owner, relation_word(r.kind), &r.name)?;
            Ok(Objects::relation(r.oid))
        }
        (ObjectType::Column, ObjectName::Name(n)) => {
            let (column, rel) = n.split_last().ok_or_else(|| err!(SYNTAX_ERROR, "column name must be qualified"))?;
            if rel.is_empty() {
                bail!(SYNTAX_ERROR, "column name must be qualified");
            }
            let r = namespace::get(shared, &namespace::range_var(rel)?)?;
            acl::check_owner(shared, r.owner, relation_word(r.kind), &r.name)?;
            if !matches!(
                r.kind,
                RelKind::Table | RelKind::View | RelKind::MatView | RelKind::Composite | RelKind::Foreign
            ) {
                return Err(err!(WRONG_OBJECT_TYPE, "cannot set comment on relation \"{}\""; r.name)
                    .detail(super::indexcmds::unsupported_for(r.kind)));
            }
            match r.attno(column) {
                Some(a) => Ok(ObjectAddress::column(r.oid, a)),
                None => return Err(missing::column(&rel.join("."), &column)),
            }
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(name)) => {
            let ty = super::expressions::resolve_type(shared, name).map_err(super::without_position)?.oid;
            let c = shared.catalog();
            let Some(e) = c.ty(ty) else { bail!(UNDEFINED_OBJECT, "type does not exist") };
            if t == ObjectType::Domain && !matches!(e.kind, TypeEntryKind::Domain { .. }) {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain"; name.names.join("."));
            }
            acl::check_owner(shared, e.owner, "type", &shared.type_name(ty))?;
            Ok(Objects::ty(ty))
        }
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate,
            ObjectName::WithArgs(w),
        ) => {
            let found = functioncmds::lookup(shared, w, t, false)?;
            let Some(oid) = found else { bail!(UNDEFINED_FUNCTION, "function does not exist") };
            let owner = shared.catalog().proc(oid).map_or(0, |p| p.owner);
            acl::check_owner(shared, owner, "function", &w.name.join("."))?;
            Ok(Objects::proc(oid))
        }
        (ObjectType::TabConstraint, ObjectName::OfRelation { relation, name }) => {
            let r = namespace::get(shared, &namespace::range_var(relation)?)?;
            acl::check_owner(shared, r.owner, relation_word(r.kind), &r.name)?;
            match r.constraints.iter().find(|k| k.name == *name) {
                Some(k) => Ok(Objects::constraint(k.oid)),
                None => bail!(UNDEFINED_OBJECT, "constraint \"{}\" for table \"{}\" does not exist"; name, r.name),
            }
        }
        (ObjectType::DomConstraint, ObjectName::OfDomain { domain, name }) => {
            let ty = super::expressions::resolve_type(shared, domain)?.oid;
            let c = shared.catalog();
            let shown = shared.type_name(ty);
            match c.ty(ty).as_deref().map(|e| &e.kind) {
                Some(TypeEntryKind::Domain { checks, .. }) => match checks.iter().find(|k| k.name == *name) {
                    Some(k) => Ok(Objects::constraint(k.oid)),
                    None => bail!(UNDEFINED_OBJECT, "constraint \"{}\" for domain {} does not exist"; name, shown),
                },
                _ => bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain"; shown),
            }
        }
        (ObjectType::Database, ObjectName::Name(n)) => {
            let name = n.join(".");
            if name != *shared.db.name.borrow() {
                // As a dump may be restored under another name.
                shared.warn(SqlState::INVALID_CATALOG_NAME, filled!("database \"{}\" does not exist"; name));
                return Err(Error::unsupported("COMMENT ON another database"));
            }
            Ok(ObjectAddress::new(ObjectClass::Database, shared.db.oid))
        }
        (ObjectType::Role, ObjectName::Name(n)) => {
            let name = n.join(".");
            match user::role_named(shared, &name) {
                Some(oid) => Ok(ObjectAddress::new(ObjectClass::Role, oid)),
                None => return Err(missing::role(&name)),
            }
        }
        (ObjectType::Schema | ObjectType::Operator | ObjectType::Cast | ObjectType::Extension, _)
        | (ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass, _) => find(shared, o, t),
        _ if tsearchcmds::kind_of(t).is_some() => find(shared, o, t),
        _ => Err(Error::unsupported(filled!("COMMENT ON {}"; kind_words(t)))),
    }
}

fn find(shared: &Shared, o: &ObjectName, t: ObjectType) -> Result<ObjectAddress> {
    super::tablecmds::drop::find(shared, o, t, false)?.ok_or_else(|| err!(UNDEFINED_OBJECT, "object does not exist"))
}
