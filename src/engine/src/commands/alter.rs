//! RENAME, SET SCHEMA, OWNER TO, for every kind of object (`alter.c`, and the rename parts of `tablecmds.c`).

use tusklet_catalog::live::{ConstraintKind, Dependency, ObjectAddress, ObjectClass, Operator, RelKind, TypeEntryKind};
use tusklet_error::{Error, Result, SortShort, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{
    AlterObjectSchemaStmt, AlterOwnerStmt, ObjectName, ObjectType, RangeVar, RenameStmt, RenameTarget, TypeName,
};

use super::object_address::{Objects, relation_word};
use super::tablecmds::alter_table::check_word;
use super::{acl, dbcommands, dependency, expressions, functioncmds, heap, items, kind_words, lock, namespace, object_lookup, operatorcmds, pg_type, schemacmds, tsearchcmds, typecmds, user};
use crate::{large_object, missing};
use crate::session::Shared;

/// The relation a statement is about, locked; `None` after a notice when it may be missing.
fn relation(
    shared: &Shared,
    rv: &RangeVar,
    t: ObjectType,
    missing_ok: bool,
) -> Result<Option<std::rc::Rc<tusklet_catalog::live::Relation>>> {
    let Some(rel) = namespace::find_or_skip(shared, rv, missing_ok)? else { return Ok(None) };
    lock(shared, rel.oid, LockMode::AccessExclusive)?;
    acl::check_owner(shared, rel.owner, relation_word(rel.kind), &rel.name)?;
    heap::refuse_system(&rel)?;
    check_word(&rel, t)?;
    Ok(Some(rel))
}

fn target(t: &RenameTarget) -> Result<RangeVar> {
    match t {
        RenameTarget::Relation(r) => Ok(r.clone()),
        RenameTarget::Object(ObjectName::Name(n)) => namespace::range_var(n),
        RenameTarget::Object(ObjectName::OfRelation { relation, name: _ }) => namespace::range_var(relation),
        RenameTarget::Object(_) => Err(Error::internal("relation expected")),
    }
}

/// ALTER … RENAME.
pub fn rename(shared: &Shared, s: &RenameStmt) -> Result<()> {
    let RenameStmt { rename_type, relation_type, object, subname, newname, behavior, missing_ok, span: _ } = s;
    let sub = subname.as_deref().unwrap_or_default();
    match rename_type {
        ObjectType::Table
        | ObjectType::View
        | ObjectType::MatView
        | ObjectType::Index
        | ObjectType::Sequence
        | ObjectType::ForeignTable => {
            let rv = target(object)?;
            // ALTER INDEX renames tables too.
            let word = if *rename_type == ObjectType::Index { ObjectType::Table } else { *rename_type };
            match relation(shared, &rv, word, *missing_ok)? {
                Some(rel) => rename_relation(shared, rel.oid, newname),
                None => Ok(()),
            }
        }
        ObjectType::Column | ObjectType::Attribute => {
            let rv = target(object)?;
            let t = if *rename_type == ObjectType::Attribute { ObjectType::Type } else { *relation_type };
            match relation(shared, &rv, t, *missing_ok)? {
                Some(rel) => {
                    if matches!(rel.kind, RelKind::Sequence) {
                        return Err(err!(WRONG_OBJECT_TYPE, "cannot rename columns of relation \"{}\""; rel.name)
                            .detail(super::indexcmds::unsupported_for(rel.kind)));
                    }
                    let _ = behavior;
                    rename_column(shared, rel.oid, sub, newname, rv.inh, false)
                }
                None => Ok(()),
            }
        }
        ObjectType::TabConstraint => {
            let rv = target(object)?;
            match relation(shared, &rv, ObjectType::Table, *missing_ok)? {
                Some(rel) => rename_constraint(shared, rel.oid, sub, newname, rv.inh, false),
                None => Ok(()),
            }
        }
        ObjectType::Schema => rename_schema(shared, &object_name(object)?, newname),
        ObjectType::Database => dbcommands::rename_database(shared, &object_name(object)?, newname),
        ObjectType::Role => rename_role(shared, &object_name(object)?, newname),
        ObjectType::Type | ObjectType::Domain => {
            let ty = type_target(shared, object)?;
            rename_type_entry(shared, ty, *rename_type, newname)
        }
        ObjectType::DomConstraint => {
            let ty = match object {
                RenameTarget::Object(ObjectName::OfDomain { domain, .. }) => expressions::resolve_type(shared, domain)?.oid,
                _ => type_target(shared, object)?,
            };
            let old = match object {
                RenameTarget::Object(ObjectName::OfDomain { name, .. }) if sub.is_empty() => name.clone(),
                _ => sub.to_string(),
            };
            rename_domain_constraint(shared, ty, &old, newname)
        }
        ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass => {
            let RenameTarget::Object(o) = object else { return Err(Error::internal("object expected")) };
            match items::address(shared, *rename_type, o, *missing_ok)? {
                Some(a) => items::rename(shared, a, newname),
                None => Ok(()),
            }
        }
        ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate => {
            let RenameTarget::Object(ObjectName::WithArgs(w)) = object else {
                return Err(Error::internal("function expected"));
            };
            let Some(oid) = functioncmds::lookup(shared, w, *rename_type, false)? else { return Ok(()) };
            let mut p = functioncmds::to_change(shared, oid, "renaming")?;
            acl::check_owner(shared, p.owner, "function", &p.name)?;
            let c = shared.catalog();
            if functioncmds::is_taken(&c, p.schema, newname, &p.args) {
                let args: Vec<String> = p.args.iter().map(|a| shared.type_name(*a)).collect();
                bail!(
                    DUPLICATE_FUNCTION,
                    "function {}({}) already exists in schema \"{}\"";
                    newname,
                    args.join(", "),
                    c.schema_name(p.schema).unwrap_or_default()
                );
            }
            p.name = newname.clone();
            functioncmds::store(shared, *p)
        }
        ObjectType::Trigger | ObjectType::Rule | ObjectType::Policy => {
            let rv = target(object)?;
            let rel = namespace::get(shared, &rv)?;
            let word = kind_words(*rename_type).to_ascii_lowercase();
            let of = if *rename_type == ObjectType::Rule { "relation" } else { "table" };
            bail!(UNDEFINED_OBJECT, "{word} \"{sub}\" for {of} \"{}\" does not exist", rel.name)
        }
        t => match (tsearchcmds::kind_of(*t), object) {
            (Some(kind), RenameTarget::Object(ObjectName::Name(n))) => tsearchcmds::rename(shared, kind, n, newname),
            _ => Err(Error::unsupported(filled!("ALTER {} RENAME"; kind_words(*t)))),
        },
    }
}

fn object_name(t: &RenameTarget) -> Result<String> {
    match t {
        RenameTarget::Object(ObjectName::Name(n)) => Ok(n.join(".")),
        _ => Err(Error::internal("name expected")),
    }
}

fn type_target(shared: &Shared, t: &RenameTarget) -> Result<Oid> {
    let name: TypeName = match t {
        RenameTarget::Object(ObjectName::Type(n)) => n.clone(),
        RenameTarget::Object(ObjectName::Name(n)) => expressions::type_named(n.clone()),
        RenameTarget::Relation(r) => {
            expressions::type_named(r.schemaname.iter().cloned().chain([r.relname.clone()]).collect())
        }
        _ => return Err(Error::internal("type expected")),
    };
    Ok(expressions::resolve_type(shared, &name).map_err(super::without_position)?.oid)
}

/// Renames a relation, its row type with it, and an index's constraint (`RenameRelationInternal`).
pub fn rename_relation(shared: &Shared, oid: Oid, new: &str) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let c = shared.catalog();
    if rel.name != *new || c.relation_named(rel.schema, new).is_some() {
        heap::check_name_free(&c, rel.schema, new)?;
    }
    heap::change(shared, oid, |r| r.name = new.to_string())?;
    if rel.row_type != 0 {
        rename_type_and_array(shared, rel.row_type, new)?;
    }
    if let Some(ix) = &rel.index {
        if ix.constraint != 0 {
            heap::change(shared, ix.table, |t| {
                if let Some(k) = t.constraints.iter_mut().find(|k| k.oid == ix.constraint) {
                    k.name = new.to_string();
                }
            })?;
        }
    }
    Ok(())
}

/// Renames a type and its array (`RenameTypeInternal`).
fn rename_type_and_array(shared: &Shared, oid: Oid, new: &str) -> Result<()> {
    let c = shared.catalog();
    let Some(t) = c.user_type(oid).cloned() else { return Ok(()) };
    pg_type::claim_name(shared, t.schema, new, false)?;
    typecmds::change_type(shared, oid, |t| t.name = new.to_string())?;
    if t.array != 0 {
        let name = pg_type::array_name(&shared.catalog(), new, t.schema);
        typecmds::change_type(shared, t.array, |a| a.name = name)?;
    }
    Ok(())
}

fn rename_type_entry(shared: &Shared, oid: Oid, t: ObjectType, new: &str) -> Result<()> {
    let c = shared.catalog();
    let shown = shared.type_name(oid);
    let Some(ty) = c.ty(oid) else { return Ok(()) };
    acl::check_owner(shared, ty.owner, "type", &shown)?;
    if t == ObjectType::Domain && !matches!(ty.kind, TypeEntryKind::Domain { .. }) {
        bail!(WRONG_OBJECT_TYPE, "{} is not a domain"; shown);
    }
    match &ty.kind {
        TypeEntryKind::Composite(rel) => match c.relation(*rel) {
            Some(r) if r.kind == RelKind::Composite => rename_relation(shared, r.oid, new),
            _ => Err(err!(WRONG_OBJECT_TYPE, "{} is a table's row type"; shown).hint("Use ALTER TABLE instead.")),
        },
        TypeEntryKind::Array { varlena: true, element } => {
            Err(err!(
                WRONG_OBJECT_TYPE, "cannot alter array type {}"; shown
            ).hint(filled!("You can alter type {}, which will alter the array type as well."; shared.type_name(*element))))
        }
        _ => rename_type_and_array(shared, oid, new),
    }
}

fn rename_column(shared: &Shared, oid: Oid, old: &str, new: &str, recurse: bool, recursing: bool) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let a = match rel.attno(old) {
        Some(a) => a,
        None if heap::is_system_column(old) => {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cannot rename system column \"{}\""; old));
        }
        None => bail!(UNDEFINED_COLUMN, "column \"{}\" does not exist"; old),
    };
    if rel.column(a).is_some_and(|c| c.inherit_count > 0) && !recursing {
        bail!(INVALID_TABLE_DEFINITION, "cannot rename inherited column \"{}\""; old);
    }
    if !rel.children.is_empty() && !recurse {
        bail!(INVALID_TABLE_DEFINITION, "inherited column \"{}\" must be renamed in child tables too"; old);
    }
    if rel.kind != RelKind::View && rel.kind != RelKind::Composite {
        heap::check_column(shared, rel.kind, rel.row_type, new, rel.column(a).map_or(0, |c| c.ty.oid))?;
    }
    if rel.attno(new).is_some() {
        return Err(missing::column_taken(&rel.name, &new));
    }
    for child in &rel.children {
        rename_column(shared, *child, old, new, true, true)?;
    }
    heap::change_column(shared, oid, a, |c| c.name = new.to_string())?;
    // Plain index columns are called as the table's.
    let c = shared.catalog();
    for ix in &rel.indexes {
        let Some(i) = c.relation(*ix).and_then(|r| r.index.clone()) else { continue };
        for (n, k) in i.columns.iter().enumerate() {
            if k.attno == a {
                heap::change_column(shared, *ix, n as i16 + 1, |c| c.name = new.to_string())?;
            }
        }
    }
    if rel.kind == RelKind::View || rel.kind == RelKind::MatView {
        heap::change(shared, oid, |r| {
            if let Some(q) = r.view.as_mut().and_then(|v| v.query.as_mut()) {
                let q = std::rc::Rc::make_mut(q);
                if let Some(t) = q.targets.iter_mut().filter(|t| !t.junk).nth(a as usize - 1) {
                    t.name = new.to_string();
                }
            }
        })?;
    }
    Ok(())
}

fn rename_constraint(shared: &Shared, oid: Oid, old: &str, new: &str, recurse: bool, recursing: bool) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let Some(k) = rel.constraints.iter().find(|k| k.name == old) else {
        bail!(UNDEFINED_OBJECT, "constraint \"{}\" for table \"{}\" does not exist"; old, rel.name);
    };
    if matches!(k.kind, ConstraintKind::Check(_)) && !k.no_inherit {
        if recurse {
            for child in &rel.children {
                rename_constraint(shared, *child, old, new, true, true)?;
            }
        } else if !rel.children.is_empty() {
            bail!(INVALID_TABLE_DEFINITION, "inherited constraint \"{}\" must be renamed in child tables too"; old);
        }
        if k.inherit_count > 0 && !recursing {
            bail!(INVALID_TABLE_DEFINITION, "cannot rename inherited constraint \"{}\""; old);
        }
    }
    match &k.kind {
        ConstraintKind::Primary(ix) | ConstraintKind::Unique(ix) | ConstraintKind::Exclude { index: ix, .. } => {
            rename_relation(shared, *ix, new)
        }
        _ => {
            if rel.constraints.iter().any(|k| k.name == new) {
                bail!(DUPLICATE_OBJECT, "constraint \"{}\" for relation \"{}\" already exists"; new, rel.name);
            }
            heap::change(shared, oid, |r| r.constraints.iter_mut().filter(|k| k.name == old).for_each(|k| k.name = new.to_string()))
        }
    }
}

fn rename_domain_constraint(shared: &Shared, ty: Oid, old: &str, new: &str) -> Result<()> {
    let c = shared.catalog();
    let shown = shared.type_name(ty);
    let Some(t) = c.ty(ty) else { return Ok(()) };
    acl::check_owner(shared, t.owner, "type", &shown)?;
    let TypeEntryKind::Domain { checks, .. } = &t.kind else {
        bail!(WRONG_OBJECT_TYPE, "{} is not a domain"; shown);
    };
    if !checks.iter().any(|k| k.name == old) {
        bail!(UNDEFINED_OBJECT, "constraint \"{}\" for domain {} does not exist"; old, shown);
    }
    if checks.iter().any(|k| k.name == new) {
        bail!(DUPLICATE_OBJECT, "constraint \"{}\" for domain {} already exists"; new, shown);
    }
    typecmds::change_type(shared, ty, |t| {
        if let TypeEntryKind::Domain { checks, .. } = &mut t.kind {
            checks.iter_mut().filter(|k| k.name == old).for_each(|k| k.name = new.to_string());
            checks.order_by(|a, b| a.name.cmp(&b.name));
        }
    })
}

fn rename_schema(shared: &Shared, old: &str, new: &str) -> Result<()> {
    let c = shared.catalog();
    let Some(oid) = namespace::schema(shared, old)? else {
        return Err(missing::schema(&old));
    };
    if c.schema_named(new).is_some() {
        bail!(DUPLICATE_SCHEMA, "schema \"{}\" already exists"; new);
    }
    let Some(s) = c.user_schema(oid) else {
        bail!(INSUFFICIENT_PRIVILEGE, "must be owner of schema {}"; old);
    };
    acl::check_owner(shared, s.owner, "schema", old)?;
    acl::check_database_create(shared)?;
    if new.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "unacceptable schema name \"{}\""; new)
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    let mut s = (**s).clone();
    s.name = new.to_string();
    schemacmds::store(shared, s)
}

fn rename_role(shared: &Shared, old: &str, new: &str) -> Result<()> {
    let Some(oid) = user::role_named(shared, old) else { return Err(missing::role(&old)) };
    if oid == shared.session_user.borrow().0 {
        return Err(err!(FEATURE_NOT_SUPPORTED, "session user cannot be renamed"));
    }
    if oid == shared.user() {
        return Err(err!(FEATURE_NOT_SUPPORTED, "current user cannot be renamed"));
    }
    if old.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "role name \"{}\" is reserved"; old)
            .detail("Role names starting with \"pg_\" are reserved."));
    }
    if new.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "role name \"{}\" is reserved"; new)
            .detail("Role names starting with \"pg_\" are reserved."));
    }
    if user::role_named(shared, new).is_some() {
        bail!(DUPLICATE_OBJECT, "role \"{}\" already exists"; new);
    }
    large_object::rename_role(shared, &|| user::change(shared, oid, "renaming", &mut |r| r.name = new.to_string()))
}

/// ALTER … SET SCHEMA.
pub fn set_schema(shared: &Shared, s: &AlterObjectSchemaStmt) -> Result<()> {
    let AlterObjectSchemaStmt { object_type, object, newschema, missing_ok, span: _ } = s;
    match object_type {
        ObjectType::Table | ObjectType::View | ObjectType::MatView | ObjectType::Sequence | ObjectType::ForeignTable => {
            let rv = target(object)?;
            let Some(rel) = relation(shared, &rv, *object_type, *missing_ok)? else { return Ok(()) };
            if let Some(q) = &rel.sequence {
                if q.owned_by.0 != 0 {
                    let table = heap::get(shared, q.owned_by.0)?;
                    return Err(err!(FEATURE_NOT_SUPPORTED, "cannot move an owned sequence into another schema")
                    .detail(filled!("Sequence \"{}\" is linked to table \"{}\"."; rel.name, table.name)));
                }
            }
            let to = namespace::existing_schema(shared, newschema)?;
            check_move(shared, rel.schema, to)?;
            acl::check_schema(shared, to, acl::CREATE)?;
            if rel.schema == to {
                return Ok(());
            }
            if shared.catalog().relation_named(to, &rel.name).is_some() {
                bail!(DUPLICATE_TABLE, "relation \"{}\" already exists in schema \"{}\""; rel.name, newschema);
            }
            move_relation(shared, rel.oid, to)
        }
        ObjectType::Type | ObjectType::Domain => {
            let ty = type_target(shared, object)?;
            let to = namespace::existing_schema(shared, newschema)?;
            let c = shared.catalog();
            let shown = shared.type_name(ty);
            let Some(t) = c.ty(ty) else { return Ok(()) };
            acl::check_owner(shared, t.owner, "type", &shown)?;
            if *object_type == ObjectType::Domain && !matches!(t.kind, TypeEntryKind::Domain { .. }) {
                bail!(WRONG_OBJECT_TYPE, "{} is not a domain"; shown);
            }
            acl::check_schema(shared, to, acl::CREATE)?;
            check_move(shared, t.schema, to)?;
            if t.schema == to {
                return Ok(());
            }
            if c.type_named(to, &t.name).is_some() {
                bail!(DUPLICATE_OBJECT, "type \"{}\" already exists in schema \"{}\""; t.name, newschema);
            }
            match &t.kind {
                TypeEntryKind::Composite(rel) => match c.relation(*rel) {
                    Some(r) if r.kind == RelKind::Composite => move_relation(shared, r.oid, to),
                    _ => Err(err!(
                        WRONG_OBJECT_TYPE, "{} is a table's row type"; shown
                    ).hint("Use ALTER TABLE instead.")),
                },
                _ => move_type(shared, ty, to),
            }
        }
        ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass => {
            let RenameTarget::Object(o) = object else { return Err(Error::internal("object expected")) };
            let Some(a) = items::address(shared, *object_type, o, *missing_ok)? else { return Ok(()) };
            let to = namespace::existing_schema(shared, newschema)?;
            acl::check_schema(shared, to, acl::CREATE)?;
            if let Some(i) = shared.catalog().item(a.oid) {
                check_move(shared, i.schema, to)?;
            }
            items::set_schema(shared, a, to)?;
            change_schema_edge(shared, a, to)
        }
        ObjectType::Operator => {
            let RenameTarget::Object(ObjectName::WithArgs(w)) = object else {
                return Err(Error::internal("operator expected"));
            };
            let Some(oid) = operatorcmds::with_args(shared, w, *missing_ok)? else { return Ok(()) };
            operatorcmds::set_schema(shared, oid, newschema)
        }
        ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate => {
            let RenameTarget::Object(ObjectName::WithArgs(w)) = object else {
                return Err(Error::internal("function expected"));
            };
            let Some(oid) = functioncmds::lookup(shared, w, *object_type, *missing_ok)? else { return Ok(()) };
            let to = namespace::existing_schema(shared, newschema)?;
            let mut p = functioncmds::to_change(shared, oid, "moving")?;
            acl::check_owner(shared, p.owner, "function", &p.name)?;
            acl::check_schema(shared, to, acl::CREATE)?;
            check_move(shared, p.schema, to)?;
            if p.schema == to {
                return Ok(());
            }
            let c = shared.catalog();
            if functioncmds::is_taken(&c, to, &p.name, &p.args) {
                bail!(
                    DUPLICATE_FUNCTION,
                    "function {} already exists in schema \"{}\"";
                    super::object_address::proc_signature(&c, &shared.search_path(), oid),
                    newschema
                );
            }
            p.schema = to;
            functioncmds::store(shared, *p)?;
            change_schema_edge(shared, Objects::proc(oid), to)
        }
        t => match (tsearchcmds::kind_of(*t), object) {
            (Some(kind), RenameTarget::Object(ObjectName::Name(n))) => tsearchcmds::set_schema(shared, kind, n, newschema),
            _ => Err(Error::unsupported(filled!("ALTER {} SET SCHEMA"; kind_words(*t)))),
        },
    }
}

fn check_move(shared: &Shared, from: Oid, to: Oid) -> Result<()> {
    if namespace::is_temp_schema(shared, from) || namespace::is_temp_schema(shared, to) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas"));
    }
    Ok(())
}

fn change_schema_edge(shared: &Shared, a: ObjectAddress, to: Oid) -> Result<()> {
    let mut edges: Vec<Dependency> = vec![];
    heap::needs(&mut edges, &a, ObjectClass::Schema, to);
    let had = shared.catalog().depends_on(a).iter().any(|d| d.referenced.class == ObjectClass::Schema);
    if !had {
        return Ok(());
    }
    dependency::replace_edges(shared, a, &|d| d.referenced.class != ObjectClass::Schema, &edges)
}

fn move_type(shared: &Shared, ty: Oid, to: Oid) -> Result<()> {
    let c = shared.catalog();
    let Some(t) = c.user_type(ty) else { return Ok(()) };
    let (array, name) = (t.array, t.name.clone());
    typecmds::change_type(shared, ty, |t| t.schema = to)?;
    change_schema_edge(shared, Objects::ty(ty), to)?;
    if array != 0 {
        let name = pg_type::array_name(&shared.catalog(), &name, to);
        typecmds::change_type(shared, array, |a| {
            a.schema = to;
            a.name = name;
        })?;
    }
    Ok(())
}

/// Moves a relation with its type, indexes and owned sequences (`AlterTableNamespaceInternal`).
fn move_relation(shared: &Shared, oid: Oid, to: Oid) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    if shared.catalog().relation_named(to, &rel.name).is_some() {
        let schema = shared.catalog().schema_name(to).unwrap_or_default();
        bail!(DUPLICATE_TABLE, "relation \"{}\" already exists in schema \"{}\""; rel.name, schema);
    }
    heap::change(shared, oid, |r| r.schema = to)?;
    change_schema_edge(shared, Objects::relation(oid), to)?;
    if rel.row_type != 0 {
        move_type(shared, rel.row_type, to)?;
    }
    for ix in &rel.indexes {
        move_relation(shared, *ix, to)?;
    }
    let c = shared.catalog();
    let owned: Vec<Oid> = c
        .user_relations()
        .filter(|r| r.sequence.as_ref().is_some_and(|q| q.owned_by.0 == oid))
        .map(|r| r.oid)
        .collect();
    owned.into_iter().try_for_each(|q| move_relation(shared, q, to))
}

/// ALTER … OWNER TO.
pub fn set_owner(shared: &Shared, s: &AlterOwnerStmt) -> Result<()> {
    let AlterOwnerStmt { object_type, object, newowner, span: _ } = s;
    let to = user::role(shared, newowner)?;
    let a = match (object_type, object) {
        (ObjectType::Schema, ObjectName::Name(n)) => {
            let name = n.join(".");
            let oid = namespace::existing_schema(shared, &name)?;
            let owner = shared.catalog().user_schema(oid).map_or(crate::database::BOOTSTRAP_ROLE, |s| s.owner);
            acl::check_owner(shared, owner, "schema", &name)?;
            Objects::schema(oid)
        }
        (ObjectType::Type | ObjectType::Domain, ObjectName::Type(n)) => {
            let ty = expressions::resolve_type(shared, n).map_err(super::without_position)?.oid;
            let c = shared.catalog();
            let shown = shared.type_name(ty);
            let Some(t) = c.ty(ty) else { return Ok(()) };
            acl::check_owner(shared, t.owner, "type", &shown)?;
            if *object_type == ObjectType::Domain && !matches!(t.kind, TypeEntryKind::Domain { .. }) {
                bail!(WRONG_OBJECT_TYPE, "{} is not a domain"; shown);
            }
            match &t.kind {
                TypeEntryKind::Composite(rel) => match c.relation(*rel) {
                    Some(r) if r.kind == RelKind::Composite => Objects::relation(r.oid),
                    _ => {
                        return Err(
                            err!(WRONG_OBJECT_TYPE, "{} is a table's row type"; shown).hint("Use ALTER TABLE instead.")
                        );
                    }
                },
                _ => Objects::ty(ty),
            }
        }
        (ObjectType::Collation | ObjectType::OpFamily | ObjectType::OpClass, o) => {
            match items::address(shared, *object_type, o, false)? {
                Some(a) => a,
                None => return Ok(()),
            }
        }
        (ObjectType::Operator, ObjectName::WithArgs(w)) => {
            let Some(oid) = operatorcmds::with_args(shared, w, false)? else { return Ok(()) };
            let owner = shared.catalog().operator(oid).map_or(0, |p| p.owner);
            acl::check_owner(shared, owner, "operator", &w.name.join("."))?;
            ObjectAddress::new(ObjectClass::Operator, oid)
        }
        (
            ObjectType::Function | ObjectType::Procedure | ObjectType::Routine | ObjectType::Aggregate,
            ObjectName::WithArgs(w),
        ) => {
            let Some(oid) = functioncmds::lookup(shared, w, *object_type, false)? else { return Ok(()) };
            let owner = shared.catalog().proc(oid).map_or(0, |p| p.owner);
            acl::check_owner(shared, owner, "function", &w.name.join("."))?;
            Objects::proc(oid)
        }
        (ObjectType::Database, ObjectName::Name(_)) => {
            // Every database belongs to the bootstrap role, as far as anybody can see.
            if to == crate::database::BOOTSTRAP_ROLE {
                return Ok(());
            }
            return Err(Error::unsupported("ALTER DATABASE OWNER TO another role"));
        }
        (ObjectType::LargeObject, o) => {
            let Some(a) = object_lookup::get(shared, o, *object_type, false)? else { return Ok(()) };
            object_lookup::check_ownership(shared, o, *object_type, a)?;
            a
        }
        (t, o) => match (tsearchcmds::kind_of(*t), o) {
            (Some(kind), ObjectName::Name(n)) => tsearchcmds::address(tsearchcmds::owned(shared, kind, n)?.oid),
            _ => return Err(Error::unsupported(filled!("ALTER {} OWNER TO"; kind_words(*t)))),
        },
    };
    change_owner(shared, a, to)
}

/// Gives an object and its parts another owner.
pub fn change_owner(shared: &Shared, a: ObjectAddress, to: Oid) -> Result<()> {
    if !acl::is_superuser(shared) && !acl::is_member(shared, shared.user(), to) {
        bail!(INSUFFICIENT_PRIVILEGE, "must be member of role \"{}\""; user::role_name(shared, to));
    }
    match a.class {
        ObjectClass::Relation => {
            let rel = heap::get(shared, a.oid)?;
            if rel.index.is_some() {
                return Err(err!(WRONG_OBJECT_TYPE, "cannot change owner of index \"{}\""; rel.name)
                    .hint("Change the ownership of the index's table, instead."));
            }
            if let Some(q) = &rel.sequence {
                if q.owned_by.0 != 0 {
                    let table = heap::get(shared, q.owned_by.0)?;
                    if table.owner != to {
                        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot change owner of sequence \"{}\""; rel.name)
                        .detail(filled!("Sequence \"{}\" is linked to table \"{}\"."; rel.name, table.name)));
                    }
                }
            }
            own_relation(shared, a.oid, to)
        }
        ObjectClass::Type => {
            let array = shared.catalog().ty(a.oid).map_or(0, |t| t.array);
            own_type(shared, a.oid, to)?;
            if array != 0 { own_type(shared, array, to) } else { Ok(()) }
        }
        ObjectClass::Schema => {
            let mut s = schemacmds::to_change(shared, a.oid, "owner of")?;
            acl::new_owner(&mut s.acl, s.owner, to);
            s.owner = to;
            schemacmds::store(shared, s)
        }
        ObjectClass::Collation | ObjectClass::OpFamily | ObjectClass::OpClass => {
            items::change(shared, a.oid, &mut |i| {
                i.owner = to;
                Ok(())
            })
        }
        ObjectClass::Operator => {
            let c = shared.catalog();
            let Some(o) = c.user_operator(a.oid) else { return Err(Error::unsupported("owner of a built-in operator")) };
            shared.edit_catalog(|c| c.put_operator(Operator { owner: to, ..(**o).clone() }))
        }
        ObjectClass::Proc => {
            let mut p = functioncmds::to_change(shared, a.oid, "owner of")?;
            acl::new_owner(&mut p.acl, p.owner, to);
            p.owner = to;
            functioncmds::store(shared, *p)
        }
        ObjectClass::TsObject => tsearchcmds::set_owner(shared, a.oid, to),
        ObjectClass::LargeObject => large_object::change(shared, a.oid, &mut |o| {
            acl::new_owner(&mut o.1, o.0, to);
            o.0 = to;
            Ok(())
        }),
        other => Err(err!(INTERNAL_ERROR, "{other:?} has no owner")),
    }
}

fn own_type(shared: &Shared, ty: Oid, to: Oid) -> Result<()> {
    if shared.catalog().user_type(ty).is_none() {
        return Ok(());
    }
    typecmds::change_type(shared, ty, |t| {
        acl::new_owner(&mut t.acl, t.owner, to);
        t.owner = to;
    })
}

fn own_relation(shared: &Shared, oid: Oid, to: Oid) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    heap::change(shared, oid, |r| {
        acl::new_owner(&mut r.acl, r.owner, to);
        r.owner = to;
    })?;
    if rel.row_type != 0 {
        let array = shared.catalog().ty(rel.row_type).map_or(0, |t| t.array);
        own_type(shared, rel.row_type, to)?;
        own_type(shared, array, to)?;
    }
    for ix in &rel.indexes {
        own_relation(shared, *ix, to)?;
    }
    let c = shared.catalog();
    let owned: Vec<Oid> = c
        .user_relations()
        .filter(|r| r.sequence.as_ref().is_some_and(|q| q.owned_by.0 == oid))
        .map(|r| r.oid)
        .collect();
    owned.into_iter().try_for_each(|q| own_relation(shared, q, to))
}
