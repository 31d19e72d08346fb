//! Privileges (`acl.c`, `aclchk.c`): GRANT and REVOKE, and the checks of utility statements. Those of queries are in
//! [`crate::privileges`], which also defines the bits.

use tusklet_catalog::builtin;
use tusklet_catalog::live::{AclItem, ObjectAddress, ObjectClass, RelKind, Relation};
use tusklet_error::{Error, Result, SortShort, bail, err, filled, match_word, words};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{GrantStmt, GrantTarget, ObjectName, ObjectType, RoleSpecKind};

use super::object_address::{Objects, relation_word};
use super::{functioncmds, heap, namespace, object_lookup, schemacmds, user};
pub use crate::privileges::bits::*;
pub use crate::privileges::{is_member, is_superuser};
use crate::{large_object, missing};
use crate::session::Shared;
use crate::system::privilege::builtin_acl;

const TABLE_ALL: u32 = INSERT | SELECT | UPDATE | DELETE | TRUNCATE | REFERENCES | TRIGGER;
const SEQUENCE_ALL: u32 = SELECT | UPDATE | USAGE;
const SCHEMA_ALL: u32 = USAGE | CREATE;
const LARGE_OBJECT_ALL: u32 = SELECT | UPDATE;
const DATABASE_ALL: u32 = CREATE | TEMPORARY | CONNECT;

/// Whether the current user is (in effect) the owner.
pub fn is_owner(shared: &Shared, owner: Oid) -> bool {
    is_superuser(shared) || is_member(shared, shared.user(), owner)
}

/// Refuses who is not the owner.
pub fn check_owner(shared: &Shared, owner: Oid, what: &str, name: &str) -> Result<()> {
    if is_owner(shared, owner) {
        return Ok(());
    }
    let known = words::has(
        "table|index|sequence|view|materialized view|schema|type|function|domain|procedure|routine|aggregate|operator|\
         operator class|operator family|collation|conversion|text search dictionary|text search configuration|\
         language|tablespace|database|extension|foreign table|",
        what,
    );
    let what = if known { what } else { "relation" };
    bail!(INSUFFICIENT_PRIVILEGE, "must be owner of {} {}"; what, name)
}

fn held(shared: &Shared, acl: Option<&[AclItem]>, default: u32, owner: Oid) -> u32 {
    if is_owner(shared, owner) {
        return u32::MAX;
    }
    let Some(list) = acl else { return default };
    let user = shared.user();
    list.iter()
        .filter(|i| i.grantee == 0 || is_member(shared, user, i.grantee))
        .fold(0, |b, i| b | i.bits & 0xFFFF)
}

/// Whether the current user has all of `wanted` on a relation: what the engine asks before it runs a plan.
pub fn has_privilege(shared: &Shared, rel: &Relation, wanted: u32) -> bool {
    held(shared, rel.acl.as_deref(), 0, rel.owner) & wanted == wanted
}

/// Refuses who lacks a privilege on a relation.
pub fn check_relation(shared: &Shared, rel: &Relation, wanted: u32) -> Result<()> {
    if rel.system || has_privilege(shared, rel, wanted) {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {}"; relation_word(rel.kind), rel.name)
}

/// Refuses who has none of the privileges.
pub fn check_any(shared: &Shared, rel: &Relation, wanted: u32) -> Result<()> {
    if rel.system || held(shared, rel.acl.as_deref(), 0, rel.owner) & wanted != 0 {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {}"; relation_word(rel.kind), rel.name)
}

/// Refuses who lacks a privilege on a schema.
pub fn check_schema(shared: &Shared, schema: Oid, wanted: u32) -> Result<()> {
    let c = shared.catalog();
    let Some(s) = c.user_schema(schema) else { return Ok(()) };
    let default = if schema == crate::database::PUBLIC_SCHEMA { USAGE } else { 0 };
    if held(shared, s.acl.as_deref(), default, s.owner) & wanted == wanted {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "permission denied for schema {}"; s.name)
}

/// Refuses who may not create schemas in the database.
pub fn check_database_create(shared: &Shared) -> Result<()> {
    let name = shared.db.name.borrow().clone();
    let allowed = is_superuser(shared)
        || shared.catalog().stored_setting(&database_key(shared.user())).and_then(|b| b.parse::<u32>().ok()).unwrap_or(0)
            & CREATE
            != 0;
    if allowed { Ok(()) } else { Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied for database {}"; name)) }
}

/// Refuses who may not use a type; an array's element decides for it.
pub fn check_type(shared: &Shared, ty: Oid) -> Result<()> {
    let c = shared.catalog();
    let element = c.element_type(ty);
    let ty = if element != 0 { element } else { ty };
    let Some(t) = c.user_type(ty) else { return Ok(()) };
    if held(shared, t.acl.as_deref(), USAGE, t.owner) & USAGE != 0 {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "permission denied for type {}"; shared.type_name(ty))
}

/// Refuses who may not call a function, or `what` else it is.
pub fn check_proc(shared: &Shared, oid: Oid, what: &str) -> Result<()> {
    let c = shared.catalog();
    let Some(p) = c.proc(oid) else { return Ok(()) };
    let builtin = builtin::proc(oid).and_then(|p| builtin_acl(&c, p.acl()));
    if held(shared, p.acl.as_deref().or(builtin.as_deref()), EXECUTE, p.owner) & EXECUTE != 0 {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {}"; what, p.name)
}

fn database_key(role: Oid) -> String {
    format!("tusklet.database_acl.{role}")
}

fn bit(name: &str) -> Result<u32> {
    Ok(match_word!(name;
        "insert" => INSERT,
        "select" => SELECT,
        "update" => UPDATE,
        "delete" => DELETE,
        "truncate" => TRUNCATE,
        "references" => REFERENCES,
        "trigger" => TRIGGER,
        "execute" => EXECUTE,
        "usage" => USAGE,
        "create" => CREATE,
        "temp" | "temporary" => TEMPORARY,
        "connect" => CONNECT,
        "rule" => 0;
        n => bail!(SYNTAX_ERROR, "unrecognized privilege type \"{}\""; n),
    ))
}

fn bit_name(b: u32) -> &'static str {
    match b {
        INSERT => "INSERT",
        SELECT => "SELECT",
        UPDATE => "UPDATE",
        DELETE => "DELETE",
        TRUNCATE => "TRUNCATE",
        REFERENCES => "REFERENCES",
        TRIGGER => "TRIGGER",
        EXECUTE => "EXECUTE",
        USAGE => "USAGE",
        CREATE => "CREATE",
        TEMPORARY => "TEMPORARY",
        _ => "CONNECT",
    }
}

/// Adds or takes privileges in a list.
fn change(list: &mut Vec<AclItem>, grantee: Oid, grantor: Oid, bits: u32, grant: bool, option: bool) {
    if grant {
        let bits = bits | if option { bits << 16 } else { 0 };
        match list.iter_mut().find(|i| i.grantee == grantee && i.grantor == grantor) {
            Some(i) => i.bits |= bits,
            None => list.push(AclItem { grantee, grantor, bits }),
        }
    } else {
        for i in list.iter_mut().filter(|i| i.grantee == grantee) {
            i.bits &= !(if option { bits << 16 } else { bits | bits << 16 });
        }
        list.retain(|i| i.bits != 0);
    }
}

/// What the owner and PUBLIC have when nothing was granted.
fn default_acl(owner: Oid, all: u32, public: u32) -> Vec<AclItem> {
    let mut v = vec![];
    if public != 0 {
        v.push(AclItem { grantee: 0, grantor: owner, bits: public });
    }
    v.push(AclItem { grantee: owner, grantor: owner, bits: all });
    v
}

struct Wanted<'s> {
    stmt: &'s GrantStmt,
    grantees: Vec<Oid>,
}

impl Wanted<'_> {
    /// The bits asked for, for a kind of object that has `all`; columns separately.
    fn bits(&self, all: u32, what: &str) -> Result<u32> {
        if self.stmt.privileges.is_empty() {
            return Ok(all);
        }
        let mut bits = 0;
        for p in &self.stmt.privileges {
            if !p.cols.is_empty() {
                continue;
            }
            let Some(n) = &p.priv_name else {
                bits |= all;
                continue;
            };
            let b = bit(n)?;
            if b & !all != 0 {
                bail!(INVALID_GRANT_OPERATION, "invalid privilege type {} for {}"; bit_name(b), what);
            }
            bits |= b;
        }
        Ok(bits)
    }

    fn apply(&self, acl: &mut Option<Vec<AclItem>>, owner: Oid, all: u32, public: u32, bits: u32) {
        let mut list = acl.take().unwrap_or_else(|| default_acl(owner, all, public));
        for g in &self.grantees {
            change(&mut list, *g, owner, bits, self.stmt.is_grant, self.stmt.grant_option);
        }
        *acl = Some(list);
    }
}

fn may_grant(shared: &Shared, owner: Oid, acl: Option<&[AclItem]>, bits: u32, what: &str, name: &str) -> Result<()> {
    if is_owner(shared, owner) {
        return Ok(());
    }
    let user = shared.user();
    let options = acl
        .unwrap_or_default()
        .iter()
        .filter(|i| is_member(shared, user, i.grantee))
        .fold(0, |b, i| b | i.bits >> 16);
    if options & bits == 0 {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied for {} {}"; what, name);
    }
    Ok(())
}

/// GRANT and REVOKE of privileges.
pub fn grant(shared: &Shared, s: &GrantStmt) -> Result<()> {
    let GrantStmt { is_grant: _, privileges: _, target, grantees, grant_option, grantor, behavior: _, span: _ } = s;
    if let Some(g) = grantor {
        if user::role(shared, g)? != shared.user() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "grantor must be current user"));
        }
    }
    let mut to = vec![];
    for g in grantees {
        if g.kind == RoleSpecKind::Public {
            if *grant_option && s.is_grant {
                bail!(INVALID_GRANT_OPERATION, "grant options can only be granted to roles");
            }
            to.push(0);
        } else {
            to.push(user::role(shared, g)?);
        }
    }
    let w = Wanted { stmt: s, grantees: to };
    match target {
        GrantTarget::Relations { objtype, names } => {
            for n in names {
                let r = namespace::get(shared, n)?;
                relation(shared, &w, r.oid, *objtype)?;
            }
        }
        GrantTarget::AllInSchema { objtype, schemas } => {
            let c = shared.catalog();
            for n in schemas {
                let schema = namespace::existing_schema(shared, n)?;
                match objtype {
                    ObjectType::Table | ObjectType::Sequence => {
                        let mut all: Vec<Oid> = c
                            .user_relations()
                            .filter(|r| r.schema == schema)
                            .filter(|r| match objtype {
                                ObjectType::Sequence => r.kind == RelKind::Sequence,
                                _ => matches!(r.kind, RelKind::Table | RelKind::View | RelKind::MatView),
                            })
                            .map(|r| r.oid)
                            .collect();
                        all.order();
                        for oid in all {
                            relation(shared, &w, oid, *objtype)?;
                        }
                    }
                    _ => {
                        let all: Vec<Oid> =
                            c.user_procs().filter(|p| p.schema == schema).map(|p| p.oid).collect();
                        for oid in all {
                            function(shared, &w, oid)?;
                        }
                    }
                }
            }
        }
        GrantTarget::Objects { objtype, objects } => {
            for o in objects {
                object(shared, &w, *objtype, o)?;
            }
        }
        GrantTarget::Defaults { .. } => return Err(Error::unsupported("ALTER DEFAULT PRIVILEGES")),
    }
    Ok(())
}

fn relation(shared: &Shared, w: &Wanted<'_>, oid: Oid, objtype: ObjectType) -> Result<()> {
    let r = heap::get(shared, oid)?;
    match r.kind {
        RelKind::Index => bail!(WRONG_OBJECT_TYPE, "\"{}\" is an index"; r.name),
        RelKind::Composite => bail!(WRONG_OBJECT_TYPE, "\"{}\" is a composite type"; r.name),
        _ => {}
    }
    if objtype == ObjectType::Sequence && r.kind != RelKind::Sequence {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence"; r.name);
    }
    if r.system {
        return Err(Error::unsupported("GRANT on a system catalog"));
    }
    let all = if r.kind == RelKind::Sequence { SEQUENCE_ALL } else { TABLE_ALL };
    let what = if r.kind == RelKind::Sequence { "sequence" } else { "relation" };
    let bits = w.bits(all, what)?;
    may_grant(shared, r.owner, r.acl.as_deref(), bits, relation_word(r.kind), &r.name)?;
    let mut columns: Vec<(i16, u32)> = vec![];
    for p in &w.stmt.privileges {
        for name in &p.cols {
            let Some(a) = r.attno(name) else {
                return Err(missing::column(&r.name, &name));
            };
            let b = match &p.priv_name {
                None => SELECT | INSERT | UPDATE | REFERENCES,
                Some(n) => bit(n)?,
            };
            if b & !(SELECT | INSERT | UPDATE | REFERENCES) != 0 {
                bail!(INVALID_GRANT_OPERATION, "invalid privilege type {} for column"; bit_name(b));
            }
            columns.push((a, b));
        }
    }
    heap::change(shared, oid, |r| {
        if bits != 0 {
            w.apply(&mut r.acl, r.owner, all, 0, bits);
            if !w.stmt.is_grant && !w.stmt.grant_option {
                // What is taken from the table is taken from its columns.
                for c in r.columns.iter_mut() {
                    if let Some(list) = &mut c.acl {
                        w.grantees.iter().for_each(|g| change(list, *g, 0, bits, false, false));
                    }
                }
            }
        }
        let owner = r.owner;
        for (a, b) in columns {
            if let Some(c) = r.columns.get_mut(a as usize - 1) {
                let list = c.acl.get_or_insert_with(Vec::new);
                for g in &w.grantees {
                    change(list, *g, owner, b, w.stmt.is_grant, w.stmt.grant_option);
                }
                if list.is_empty() {
                    c.acl = None;
                }
            }
        }
    })
}

fn function(shared: &Shared, w: &Wanted<'_>, oid: Oid) -> Result<()> {
    let bits = w.bits(EXECUTE, "function")?;
    let mut p = functioncmds::to_change(shared, oid, "GRANT on")?;
    may_grant(shared, p.owner, p.acl.as_deref(), bits, "function", &p.name)?;
    w.apply(&mut p.acl, p.owner, EXECUTE, EXECUTE, bits);
    functioncmds::store(shared, *p)
}

fn object(shared: &Shared, w: &Wanted<'_>, objtype: ObjectType, o: &ObjectName) -> Result<()> {
    match (objtype, o) {
        (ObjectType::Schema, ObjectName::Name(n)) => {
            let oid = namespace::existing_schema(shared, &n.join("."))?;
            let bits = w.bits(SCHEMA_ALL, "schema")?;
            let mut s = schemacmds::to_change(shared, oid, "GRANT on")?;
            may_grant(shared, s.owner, s.acl.as_deref(), bits, "schema", &s.name)?;
            let public = if oid == crate::database::PUBLIC_SCHEMA { USAGE } else { 0 };
            w.apply(&mut s.acl, s.owner, SCHEMA_ALL, public, bits);
            schemacmds::store(shared, s)
        }
        (ObjectType::Database, ObjectName::Name(n)) => {
            let name = n.join(".");
            if name != *shared.db.name.borrow() {
                return Err(Error::unsupported("GRANT on another database"));
            }
            let bits = w.bits(DATABASE_ALL, "database")?;
            if !is_superuser(shared) {
                bail!(INSUFFICIENT_PRIVILEGE, "permission denied for database {}"; name);
            }
            shared.edit_catalog(|c| {
                for g in &w.grantees {
                    let key = database_key(*g);
                    let old = c.stored_setting(&key).and_then(|b| b.parse::<u32>().ok()).unwrap_or(0);
                    let new = if w.stmt.is_grant { old | bits } else { old & !bits };
                    c.put_setting(&key, Some(&new.to_string()));
                }
            })
        }
        (ObjectType::Function | ObjectType::Procedure | ObjectType::Routine, ObjectName::WithArgs(a)) => {
            let Some(oid) = functioncmds::lookup(shared, a, objtype, false)? else { return Ok(()) };
            function(shared, w, oid)
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(t)) => {
            let bits = w.bits(USAGE, "type")?;
            let oid = super::expressions::resolve_type(shared, t).map_err(super::without_position)?.oid;
            grant_type(shared, w, oid, bits)
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Name(n)) => {
            let bits = w.bits(USAGE, "type")?;
            let (schema, name) = namespace::split(shared, n)?;
            match shared.catalog().lookup_type(&shared.search_path(), schema, name) {
                Some(oid) => grant_type(shared, w, oid, bits),
                None => bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; n.join(".")),
            }
        }
        (ObjectType::LargeObject, o) => {
            let bits = w.bits(LARGE_OBJECT_ALL, "large object")?;
            let Some(a) = object_lookup::get(shared, o, objtype, false)? else { return Ok(()) };
            large_object::change(shared, a.oid, &mut |o| {
                // It is told twice what it is.
                let name = filled!("large object {}"; &a.oid.to_string());
                may_grant(shared, o.0, o.1.as_deref(), bits, "large object", &name)?;
                w.apply(&mut o.1, o.0, LARGE_OBJECT_ALL, 0, bits);
                Ok(())
            })
        }
        (t, _) => Err(Error::unsupported(filled!("GRANT on a {}"; super::kind_words(t).to_ascii_lowercase()))),
    }
}

fn grant_type(shared: &Shared, w: &Wanted<'_>, oid: Oid, bits: u32) -> Result<()> {
    let c = shared.catalog();
    let Some(t) = c.ty(oid) else { return Ok(()) };
    let shown = shared.type_name(oid);
    if matches!(t.kind, tusklet_catalog::live::TypeEntryKind::Array { varlena: true, .. }) {
        return Err(err!(INVALID_GRANT_OPERATION, "cannot set privileges of array types")
            .hint("Set the privileges of the element type instead."));
    }
    may_grant(shared, t.owner, t.acl.as_deref(), bits, "type", &shown)?;
    super::typecmds::change_type(shared, oid, |t| w.apply(&mut t.acl, t.owner, USAGE, USAGE, bits))
}

/// The objects on which a role was granted something.
pub fn granted_to(shared: &Shared, role: Oid) -> Result<Vec<ObjectAddress>> {
    let c = shared.catalog();
    let has = |acl: &Option<Vec<AclItem>>, owner: Oid| owner != role && acl.iter().flatten().any(|i| i.grantee == role);
    let mut out: Vec<ObjectAddress> = vec![];
    out.extend(c.user_relations().filter(|r| has(&r.acl, r.owner)).map(|r| Objects::relation(r.oid)));
    out.extend(c.user_schemas().filter(|s| has(&s.acl, s.owner)).map(|s| Objects::schema(s.oid)));
    out.extend(c.user_procs().filter(|p| has(&p.acl, p.owner)).map(|p| Objects::proc(p.oid)));
    out.extend(large_object::addresses(shared, &|owner, acl| has(acl, owner))?);
    out.order();
    Ok(out)
}

/// Takes away everything a role was granted (DROP OWNED).
pub fn revoke_everything(shared: &Shared, role: Oid) -> Result<()> {
    for a in granted_to(shared, role)? {
        let strip = |acl: &mut Option<Vec<AclItem>>| {
            if let Some(list) = acl {
                list.retain(|i| i.grantee != role);
            }
        };
        match a.class {
            ObjectClass::Relation => heap::change(shared, a.oid, |r| {
                strip(&mut r.acl);
                r.columns.iter_mut().for_each(|c| strip(&mut c.acl));
            })?,
            ObjectClass::Schema => {
                let mut s = schemacmds::to_change(shared, a.oid, "REVOKE on")?;
                strip(&mut s.acl);
                schemacmds::store(shared, s)?;
            }
            ObjectClass::LargeObject => large_object::change(shared, a.oid, &mut |o| {
                strip(&mut o.1);
                Ok(())
            })?,
            _ => {
                let mut p = functioncmds::to_change(shared, a.oid, "REVOKE on")?;
                strip(&mut p.acl);
                functioncmds::store(shared, *p)?;
            }
        }
    }
    Ok(())
}

/// When an object's owner changes, so do the grants made by and to the old one (`aclnewowner`).
pub fn new_owner(acl: &mut Option<Vec<AclItem>>, old: Oid, new: Oid) {
    let Some(list) = acl else { return };
    for i in list.iter_mut() {
        if i.grantee == old {
            i.grantee = new;
        }
        if i.grantor == old {
            i.grantor = new;
        }
    }
    let mut merged: Vec<AclItem> = vec![];
    for i in list.drain(..) {
        match merged.iter_mut().find(|m| m.grantee == i.grantee && m.grantor == i.grantor) {
            Some(m) => m.bits |= i.bits,
            None => merged.push(i),
        }
    }
    *list = merged;
}


#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_grants_merge_and_empty() {
        let mut l = default_acl(10, TABLE_ALL, 0);
        change(&mut l, 5, 10, SELECT, true, true);
        change(&mut l, 5, 10, INSERT, true, false);
        assert_eq!(l[1].bits, SELECT | SELECT << 16 | INSERT);
        change(&mut l, 5, 10, SELECT, false, true);
        assert_eq!(l[1].bits, SELECT | INSERT);
        change(&mut l, 5, 10, SELECT | INSERT, false, false);
        assert_eq!(l.len(), 1);
        let mut acl = Some(l);
        new_owner(&mut acl, 10, 7);
        assert_eq!(acl.unwrap()[0].grantee, 7);
    }
}
