//! What collations, operator classes and families have in common: names, addresses, owners; CREATE COLLATION
//! (`collationcmds.c`).

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Dependency, Item, ItemKind, ObjectAddress, ObjectClass};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterCollationStmt, DefElem, DefineStmt, ObjectName, ObjectType};

use super::define::{conflict, definition_names};
use super::object_identity::row_named;
use super::{acl, bool_option, expressions, heap, kind_words, namespace, opclasscmds, option_text};
use crate::missing;
use crate::session::Shared;

/// The class of an item's address.
pub fn class_of(k: &ItemKind) -> ObjectClass {
    match k {
        ItemKind::Collation { .. } => ObjectClass::Collation,
        ItemKind::OpFamily { .. } => ObjectClass::OpFamily,
        ItemKind::OpClass { .. } => ObjectClass::OpClass,
    }
}

/// Adds an item that needs its schema and `edges`.
pub fn put_item(shared: &Shared, i: Item, edges: &[Dependency]) -> Result<()> {
    let me = ObjectAddress::new(class_of(&i.kind), i.oid);
    let mut all = edges.to_vec();
    heap::needs(&mut all, &me, ObjectClass::Schema, i.schema);
    shared.edit_catalog(|c| {
        c.put_item(i);
        c.put_depends(me, all);
    })
}

/// The item a name means.
fn named(shared: &Shared, class: ObjectClass, method: Oid, names: &[String]) -> Result<Option<Oid>> {
    let (schema, name) = namespace::split(shared, names)?;
    let schemas = match schema {
        Some(s) => vec![namespace::existing_explicit(shared, s)?],
        None => shared.search_path().schemas.clone(),
    };
    Ok(row_named(&shared.catalog(), class, &schemas, method, name).map(|r| r.oid))
}

/// An operator family by name.
pub fn family(shared: &Shared, names: &[String], method: Oid) -> Result<Option<Oid>> {
    named(shared, ObjectClass::OpFamily, method, names)
}

/// The item ALTER names, which the current user must own.
pub fn address(shared: &Shared, t: ObjectType, o: &ObjectName, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    let found = find(shared, t, o, missing_ok)?;
    if let (Some(a), ObjectName::Name(n) | ObjectName::Using { name: n, .. }) = (found, o) {
        let owner = shared.catalog().item(a.oid).map_or(crate::database::BOOTSTRAP_ROLE, |i| i.owner);
        let name = n.last().map_or("", String::as_str);
        acl::check_owner(shared, owner, &kind_words(t).to_ascii_lowercase(), name)?;
    }
    Ok(found)
}

/// The item a name means; `None` after a notice when it may be missing.
pub fn find(shared: &Shared, t: ObjectType, o: &ObjectName, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    let (names, using) = match o {
        ObjectName::Name(n) => (n, None),
        ObjectName::Using { name, method } => (name, Some(opclasscmds::method_named(method)?)),
        _ => return Err(Error::unsupported(kind_words(t))),
    };
    let (method, method_name) = using.unwrap_or((0, ""));
    if builtin::am(method).is_some_and(|m| m.kind() == b't') {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "access method \"{}\" is not of type INDEX"; method_name);
    }
    let word = kind_words(t).to_ascii_lowercase();
    let shown = names.join(".");
    let class = match t {
        ObjectType::Collation => ObjectClass::Collation,
        ObjectType::OpFamily => ObjectClass::OpFamily,
        _ => ObjectClass::OpClass,
    };
    let found = match named(shared, class, method, names) {
        Err(e) if missing_ok && e.code() == SqlState::INVALID_SCHEMA_NAME => {
            missing::unless(true, shared, e)?;
            return Ok(None);
        }
        found => found?,
    };
    let Some(oid) = found else {
        let (missing, skipped) = if t == ObjectType::Collation {
            (filled!(
                "collation \"{}\" for encoding \"UTF8\" does not exist"; shown
            ), filled!("collation \"{}\" does not exist"; shown))
        } else {
            let m = filled!("{} \"{}\" does not exist for access method \"{}\""; word, shown, method_name);
            (m.clone(), m)
        };
        if missing_ok {
            missing::skipping(shared, skipped);
            return Ok(None);
        }
        return Err(Error::new(SqlState::UNDEFINED_OBJECT, missing));
    };
    Ok(Some(ObjectAddress::new(class, oid)))
}

/// Refuses a name another item of the kind has in the schema.
fn check_free(shared: &Shared, i: &Item, schema: Oid, name: &str) -> Result<()> {
    let c = shared.catalog();
    let method = |k: &ItemKind| match k {
        ItemKind::OpFamily { method, .. } | ItemKind::OpClass { method, .. } => *method,
        ItemKind::Collation { .. } => 0,
    };
    let taken = c.items().find(|o| {
        o.oid != i.oid
            && o.schema == schema
            && o.name == name
            && class_of(&o.kind) == class_of(&i.kind)
            && method(&o.kind) == method(&i.kind)
    });
    let Some(taken) = taken else { return Ok(()) };
    let schema_name = c.schema_name(schema).unwrap_or_default();
    let am = builtin::am(method(&i.kind)).map_or("", |a| a.name());
    Err(match &i.kind {
        ItemKind::Collation { .. } => {
            err!(DUPLICATE_OBJECT, "collation {} already exists in schema \"{}\""; of_encoding(taken), schema_name)
        }
        k => {
            let word = if matches!(k, ItemKind::OpClass { .. }) { "class" } else { "family" };
            err!(
                DUPLICATE_OBJECT,
                "operator {word} \"{name}\" for access method \"{am}\" already exists in schema \"{schema_name}\""
            )
        }
    })
}

/// Changes an item's entry; PostgreSQL's own cannot be.
pub fn change(shared: &Shared, oid: Oid, f: &mut dyn FnMut(&mut Item) -> Result<()>) -> Result<()> {
    let c = shared.catalog();
    let Some(i) = c.item(oid) else { return Err(Error::unsupported("changing a built-in object")) };
    let mut i = (**i).clone();
    f(&mut i)?;
    shared.edit_catalog(|c| c.put_item(i))
}

/// ALTER … RENAME TO.
pub fn rename(shared: &Shared, a: ObjectAddress, new: &str) -> Result<()> {
    change(shared, a.oid, &mut |i| {
        acl::check_schema(shared, i.schema, acl::CREATE)?;
        check_free(shared, i, i.schema, new)?;
        i.name = new.to_string();
        Ok(())
    })
}

/// ALTER … SET SCHEMA.
pub fn set_schema(shared: &Shared, a: ObjectAddress, to: Oid) -> Result<()> {
    change(shared, a.oid, &mut |i| {
        check_free(shared, i, to, &i.name)?;
        i.schema = to;
        Ok(())
    })
}

/// The number of the only encoding.
const UTF8: i32 = 6;

/// A collation's name, with its encoding where it is for one.
fn of_encoding(i: &Item) -> String {
    match i.kind {
        ItemKind::Collation { encoding: -1, .. } => filled!("\"{}\""; i.name),
        _ => filled!("\"{}\" for encoding \"UTF8\""; i.name),
    }
}

fn locale_exists(name: &str) -> bool {
    matches!(name, "C" | "POSIX" | "" | "C.UTF-8" | "C.utf8")
}

/// CREATE COLLATION.
pub fn create_collation(shared: &Shared, s: &DefineStmt) -> Result<()> {
    let DefineStmt { kind: _, oldstyle: _, defnames, args: _, definition, from, if_not_exists, replace: _, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, defnames)?;
    const KNOWN: [&str; 7] = ["from", "locale", "lc_collate", "lc_ctype", "provider", "deterministic", "version"];
    let mut given: [Option<&DefElem>; 7] = [None; 7];
    for o in definition {
        let Some(at) = KNOWN.iter().position(|k| *k == o.name) else {
            return Err(err!(SYNTAX_ERROR, "collation attribute \"{}\" not recognized"; o.name).at(o.span));
        };
        if given[at].replace(o).is_some() {
            return Err(conflict(o));
        }
    }
    let [from_el, locale, lc_collate, lc_ctype, provider, deterministic, _version] = given;
    let conflict = |detail: &str| Err(err!(SYNTAX_ERROR, "conflicting or redundant options").detail(detail));
    if locale.is_some() && (lc_collate.is_some() || lc_ctype.is_some()) {
        return conflict("LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.");
    }
    if from_el.is_some() && definition.len() != 1 {
        return conflict("FROM cannot be specified together with any other options.");
    }
    let source = match (from, from_el) {
        (Some(n), _) => Some(n.clone()),
        (None, Some(o)) => Some(definition_names(o)?),
        (None, None) => None,
    };
    let kind = if let Some(n) = source {
        let oid = expressions::collation_named(shared, &n)?;
        let c = shared.catalog();
        match (c.item(oid).map(|i| i.kind.clone()), builtin::collation(oid)) {
            (Some(k), _) => k,
            (None, Some(_)) if oid == oids::COLLATION_DEFAULT => {
                bail!(INVALID_OBJECT_DEFINITION, "collation \"default\" cannot be copied")
            }
            (None, b) => {
                let text = b.map_or("C", |b| b.name()).to_string();
                ItemKind::Collation { provider: b'c', deterministic: true, encoding: -1, collate: text.clone(), ctype: text }
            }
        }
    } else {
        let text = |o: Option<&DefElem>| o.map(option_text).transpose();
        let provider = text(provider)?;
        let deterministic = deterministic.map_or(Ok(true), bool_option)?;
        match provider.as_deref() {
            None => {}
            Some(p) if p.eq_ignore_ascii_case("libc") => {}
            Some(p) if p.eq_ignore_ascii_case("icu") => {
                if locale.is_none() {
                    bail!(INVALID_OBJECT_DEFINITION, "parameter \"locale\" must be specified");
                }
                return Err(Error::unsupported("collation provider icu"));
            }
            Some(p) => bail!(INVALID_OBJECT_DEFINITION, "unrecognized collation provider: {}"; p),
        }
        let all = text(locale)?;
        let collate = text(lc_collate)?.or_else(|| all.clone());
        let ctype = text(lc_ctype)?.or(all);
        let Some(collate) = collate else {
            bail!(INVALID_OBJECT_DEFINITION, "parameter \"lc_collate\" must be specified")
        };
        let Some(ctype) = ctype else { bail!(INVALID_OBJECT_DEFINITION, "parameter \"lc_ctype\" must be specified") };
        if !deterministic {
            bail!(FEATURE_NOT_SUPPORTED, "nondeterministic collations not supported with this provider");
        }
        for l in [&collate, &ctype] {
            if !locale_exists(l) {
                return Err(err!(INVALID_PARAMETER_VALUE, "could not create locale \"{}\": No such file or directory"; l)
                .detail(filled!("The operating system could not find any locale data for the locale name \"{}\"."; l)));
            }
        }
        ItemKind::Collation { provider: b'c', deterministic, encoding: UTF8, collate, ctype }
    };
    let c = shared.catalog();
    let taken = c.items().find(|i| {
        i.schema == schema && i.name == name && matches!(i.kind, ItemKind::Collation { .. })
    });
    if let Some(taken) = taken {
        let e = err!(DUPLICATE_OBJECT, "collation {} already exists"; of_encoding(taken));
        return missing::unless_wanted(*if_not_exists, shared, e);
    }
    put_item(shared, Item { oid: shared.db.new_oid(), name, schema, owner: shared.user(), kind }, &[])
}

/// ALTER COLLATION … REFRESH VERSION: there is only one version of "C".
pub fn alter_collation(shared: &Shared, s: &AlterCollationStmt) -> Result<()> {
    let AlterCollationStmt { collname, span: _ } = s;
    let o = ObjectName::Name(collname.clone());
    if address(shared, ObjectType::Collation, &o, false)?.is_some() {
        shared.notify_user("version has not changed");
    }
    Ok(())
}
