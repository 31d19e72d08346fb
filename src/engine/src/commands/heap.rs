//! Relations as catalog entries with their files: made, changed, and what hangs on their columns (`heap.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{
    Catalog, Column, Constraint, Dependency, DependencyKind, FIRST_USER_OID, ObjectAddress, ObjectClass, Persistence,
    RelKind, Relation, TypeEntryKind,
};
use tusklet_error::{Error, Result, SortShort, bail, err};
use tusklet_ir::{Expr, Oid, Phys, TypeRef};
use tusklet_storage::RelId;

use super::dependency;
use super::namespace;
use super::object_address::Objects;
use super::pg_type;
use crate::missing;
use crate::database::PUBLIC_SCHEMA;
use crate::session::Shared;

/// Most columns a table has.
pub const MAX_COLUMNS: usize = 1600;

/// A relation without anything.
pub fn blank(shared: &Shared, name: &str, schema: Oid, kind: RelKind, persistence: Persistence) -> Relation {
    Relation {
        oid: shared.db.new_oid(),
        name: name.to_string(),
        schema,
        kind,
        owner: shared.user(),
        row_type: 0,
        storage: 0,
        persistence,
        columns: vec![],
        constraints: vec![],
        indexes: vec![],
        index: None,
        view: None,
        sequence: None,
        parents: vec![],
        children: vec![],
        triggers: vec![],
        rules: vec![],
        of_type: 0,
        partition_key: None,
        partition_bound: None,
        options: vec![],
        acl: None,
        row_security: false,
        force_row_security: false,
        replica_identity: b'd',
        access_method: match kind {
            RelKind::Table | RelKind::MatView => oids::AM_HEAP,
            _ => 0,
        },
        system: false,
    }
}

/// A column without anything but its type.
pub fn column(name: &str, ty: TypeRef, collation: Oid) -> Column {
    Column {
        name: name.to_string(),
        ty,
        collation,
        not_null: false,
        default: None,
        generated: false,
        identity: None,
        dropped: false,
        is_local: true,
        inherit_count: 0,
        storage: 0,
        compression: 0,
        statistics: -1,
        acl: None,
        options: vec![],
    }
}

/// Whether DROP of the object needs no thought, because it is PostgreSQL's own.
pub fn is_pinned(a: ObjectAddress) -> bool {
    a.oid < FIRST_USER_OID && a.oid != PUBLIC_SCHEMA && a.class != ObjectClass::LargeObject
}

/// One edge, unless it leads to PostgreSQL's own.
pub fn edge(out: &mut Vec<Dependency>, dependent: &ObjectAddress, referenced: &ObjectAddress, kind: DependencyKind) {
    let e = Dependency { dependent: *dependent, referenced: *referenced, kind };
    if !is_pinned(*referenced) && !out.contains(&e) {
        out.push(e);
    }
}

/// An edge of the usual kind to a whole object.
pub fn needs(out: &mut Vec<Dependency>, dependent: &ObjectAddress, class: ObjectClass, oid: Oid) {
    edge(out, dependent, &ObjectAddress::new(class, oid), DependencyKind::Normal);
}

/// What a column's type and collation make it depend on.
pub fn column_edges(out: &mut Vec<Dependency>, rel: Oid, attno: i16, c: &Column) {
    needs(out, &ObjectAddress::column(rel, attno), ObjectClass::Type, c.ty.oid);
    if c.collation != 0 {
        needs(out, &ObjectAddress::column(rel, attno), ObjectClass::Collation, c.collation);
    }
}

/// Checks one column's name and type (`CheckAttributeNamesTypes`). `row` is the row type that gets the column, 0 while there
/// is none yet.
pub fn check_column(shared: &Shared, kind: RelKind, row: Oid, name: &str, ty: Oid) -> Result<()> {
    let stored = matches!(kind, RelKind::Table | RelKind::MatView | RelKind::Foreign | RelKind::Partitioned);
    if kind != RelKind::View && kind != RelKind::Composite && is_system_column(name) {
        bail!(DUPLICATE_COLUMN, "column name \"{}\" conflicts with a system column name"; name);
    }
    check_column_type(shared, name, ty, stored, row, &mut vec![])
}

/// As `CheckAttributeType`. Each type inside is looked at once: no row type but `row` could hold itself.
fn check_column_type(shared: &Shared, name: &str, ty: Oid, stored: bool, row: Oid, seen: &mut Vec<Oid>) -> Result<()> {
    let c = shared.catalog();
    let Some(t) = c.ty(ty) else { return Err(err!(INTERNAL_ERROR, "cache lookup failed for type {ty}")) };
    let shown = || shared.type_name(ty);
    let inner = match &t.kind {
        TypeEntryKind::Pseudo if !(ty == oids::RECORD && !stored && !seen.is_empty()) => {
            if !stored && ty == oids::UNKNOWN {
                return Ok(());
            }
            bail!(INVALID_TABLE_DEFINITION, "column \"{}\" has pseudo-type {}"; name, shown())
        }
        TypeEntryKind::Composite(_) if ty == row => {
            bail!(INVALID_TABLE_DEFINITION, "composite type {} cannot be made a member of itself"; shown())
        }
        _ if seen.contains(&ty) || seen.len() > 1000 => return Ok(()),
        TypeEntryKind::Composite(rel) => {
            seen.push(ty);
            for k in c.relation(*rel).iter().flat_map(|r| &r.columns).filter(|k| !k.dropped) {
                check_column_type(shared, &k.name, k.ty.oid, stored, row, seen)?;
            }
            return Ok(());
        }
        TypeEntryKind::Array { element, .. } => *element,
        TypeEntryKind::Domain { base, .. } => base.oid,
        TypeEntryKind::Range { subtype, .. } => *subtype,
        TypeEntryKind::Multirange(range) => *range,
        _ => return Ok(()),
    };
    seen.push(ty);
    check_column_type(shared, name, inner, stored, row, seen)
}

/// Refuses a name another relation has.
pub fn check_name_free(c: &Catalog, schema: Oid, name: &str) -> Result<()> {
    if c.relation_named(schema, name).is_some() {
        return Err(missing::name_taken(name));
    }
    Ok(())
}

/// How the columns lie in the file; a dropped one keeps its slot.
pub fn physical(c: &Catalog, columns: &[Column]) -> Vec<Phys> {
    columns.iter().map(|k| if k.dropped { Phys::Bool } else { c.phys(k.ty.oid) }).collect()
}

/// Enters a new relation: its name is free, its row type is made, tables get a file (`heap_create_with_catalog`).
/// Defaults and constraints of `rel` must be empty: they come later, when the relation can be named.
pub fn create(shared: &Shared, mut rel: Relation) -> Result<Rc<Relation>> {
    let c = shared.catalog();
    check_name_free(&c, rel.schema, &rel.name)?;
    if rel.columns.len() > MAX_COLUMNS {
        bail!(TOO_MANY_COLUMNS, "tables can have at most {MAX_COLUMNS} columns");
    }
    for (i, k) in rel.columns.iter().enumerate() {
        if rel.kind != RelKind::Sequence {
            check_column(shared, rel.kind, 0, &k.name, k.ty.oid)?;
        }
        if rel.columns[..i].iter().any(|o| o.name == k.name) {
            bail!(DUPLICATE_COLUMN, "column \"{}\" specified more than once"; k.name);
        }
    }
    if rel.kind != RelKind::Index {
        pg_type::claim_name(shared, rel.schema, &rel.name, true)?;
    }
    let me = Objects::relation(rel.oid);
    let mut edges = vec![];
    if !matches!(rel.kind, RelKind::Index | RelKind::Sequence) {
        rel.row_type = shared.db.new_oid();
        pg_type::put_with_array(
            shared,
            pg_type::composite(rel.row_type, &rel.name, rel.schema, rel.owner, rel.oid),
        )?;
        // A composite type's relation is the type's part; everywhere else it is the other way round.
        if rel.kind == RelKind::Composite {
            edge(&mut edges, &me, &Objects::ty(rel.row_type), DependencyKind::Internal);
            needs(&mut edges, &Objects::ty(rel.row_type), ObjectClass::Schema, rel.schema);
        } else {
            edge(&mut edges, &Objects::ty(rel.row_type), &me, DependencyKind::Internal);
        }
    }
    if rel.kind != RelKind::Composite && rel.kind != RelKind::Index {
        needs(&mut edges, &me, ObjectClass::Schema, rel.schema);
    }
    if rel.of_type != 0 {
        needs(&mut edges, &me, ObjectClass::Type, rel.of_type);
    }
    for p in &rel.parents {
        needs(&mut edges, &me, ObjectClass::Relation, *p);
    }
    if rel.kind != RelKind::Index {
        for (i, k) in rel.columns.iter().enumerate() {
            column_edges(&mut edges, rel.oid, i as i16 + 1, k);
        }
    }
    if matches!(rel.kind, RelKind::Table | RelKind::MatView) {
        let phys = physical(&c, &rel.columns);
        rel.storage = shared.db.store.create_table(&shared.tx()?, &phys)?.0;
    }
    let oid = rel.oid;
    let parents = rel.parents.clone();
    shared.edit_catalog(|c| {
        c.put_relation(rel);
        c.add_depends(&edges);
    })?;
    for p in parents {
        change(shared, p, |r| {
            if !r.children.contains(&oid) {
                r.children.push(oid);
            }
        })?;
    }
    get(shared, oid)
}

/// A relation by OID that must be there.
pub fn get(shared: &Shared, oid: Oid) -> Result<Rc<Relation>> {
    shared
        .catalog()
        .relation(oid)
        .ok_or_else(|| err!(UNDEFINED_TABLE, "could not open relation with OID {oid}"))
}

/// Changes a relation's entry. Only `f` is compiled anew for each of its callers.
pub fn change(shared: &Shared, oid: Oid, f: impl FnOnce(&mut Relation)) -> Result<()> {
    let mut r = to_change(shared, oid)?;
    f(&mut r);
    changed(shared, r)
}

#[inline(never)]
fn to_change(shared: &Shared, oid: Oid) -> Result<Box<Relation>> {
    match shared.catalog().user_relation(oid) {
        Some(r) => Ok(Box::new((**r).clone())),
        None => Err(err!(INTERNAL_ERROR, "relation {oid} is not there to be changed")),
    }
}

#[inline(never)]
fn changed(shared: &Shared, r: Box<Relation>) -> Result<()> {
    shared.edit_catalog(|c| c.put_relation(*r))
}

/// Changes one column's entry.
pub fn change_column(shared: &Shared, oid: Oid, attno: i16, f: impl FnOnce(&mut Column)) -> Result<()> {
    let mut r = to_change(shared, oid)?;
    f(column_mut(&mut r, attno)?);
    changed(shared, r)
}

#[inline(never)]
fn column_mut(r: &mut Relation, attno: i16) -> Result<&mut Column> {
    r.columns.get_mut((attno - 1).max(0) as usize).ok_or_else(|| Error::internal("no such column"))
}

/// Stores a column's default or generation expression and what it depends on; `None` removes it.
pub fn store_default(shared: &Shared, oid: Oid, attno: i16, expr: Option<Expr>, generated: bool) -> Result<()> {
    let me = Objects::default(oid, attno);
    let mut edges = vec![];
    if let Some(e) = &expr {
        edges.push(Dependency {
            dependent: me,
            referenced: ObjectAddress::column(oid, attno),
            // A generated column's expression is part of it.
            kind: if generated { DependencyKind::Internal } else { DependencyKind::Auto },
        });
        dependency::expr_edges(&shared.catalog(), &mut edges, me, e, Some(oid), DependencyKind::Normal);
    }
    change_column(shared, oid, attno, |c| {
        c.default = expr.map(Rc::new);
        c.generated = generated;
    })?;
    shared.edit_catalog(|c| c.put_depends(me, edges))
}

/// Adds a constraint to a table's entry, with what it depends on.
pub fn store_constraint(shared: &Shared, table: Oid, k: Constraint, edges: &[Dependency]) -> Result<()> {
    change(shared, table, |r| r.constraints.push(k))?;
    dependency::record(shared, edges)
}

/// The file of a relation.
pub fn file(r: &Relation) -> RelId {
    RelId(r.storage)
}

/// Whether every table has a column of the name.
pub fn is_system_column(name: &str) -> bool {
    builtin::system_attribute(name).is_some()
}

/// Refuses PostgreSQL's own relations.
pub fn refuse_system(r: &Relation) -> Result<()> {
    if r.system || r.schema == oids::NAMESPACE_PG_CATALOG {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog"; r.name);
    }
    Ok(())
}

/// All tables below a table, itself first, in PostgreSQL's order (`find_all_inheritors`: level by level, by OID).
pub fn all_inheritors(c: &Catalog, oid: Oid) -> Vec<Oid> {
    let mut out = vec![oid];
    let mut i = 0;
    while i < out.len() {
        if let Some(r) = c.relation(out[i]) {
            let mut children = r.children.clone();
            children.order();
            for k in children {
                if !out.contains(&k) {
                    out.push(k);
                }
            }
        }
        i += 1;
    }
    out
}

/// `first_second_label`, cut so that it fits: the longer part first (`makeObjectName`).
pub fn make_object_name(first: &str, second: Option<&str>, label: &str) -> String {
    let overhead = if label.is_empty() { 0 } else { label.len() + 1 } + usize::from(second.is_some());
    let room = 63usize.saturating_sub(overhead);
    let (mut a, mut b) = (first.len(), second.map_or(0, str::len));
    while a + b > room {
        if a > b {
            a -= 1;
        } else {
            b -= 1;
        }
    }
    let mut name = pg_type::clip(first, a).to_string();
    if let Some(s) = second {
        name.push('_');
        name.push_str(pg_type::clip(s, b));
    }
    if !label.is_empty() {
        name.push('_');
        name.push_str(label);
    }
    name
}

/// Whether a constraint of any table or domain of the schema has the name.
pub fn constraint_name_used(c: &Catalog, schema: Oid, name: &str) -> bool {
    c.user_relations().any(|r| r.schema == schema && r.constraints.iter().any(|k| k.name == name))
        || c.user_types().any(|t| {
            t.schema == schema
                && matches!(&t.kind, TypeEntryKind::Domain { checks, .. } if checks.iter().any(|k| k.name == name))
        })
}

/// A relation name nobody has (`ChooseRelationName`).
pub fn choose_relation_name(
    c: &Catalog,
    first: &str,
    second: Option<&str>,
    label: &str,
    schema: Oid,
    is_constraint: bool,
) -> String {
    let mut pass = 0;
    let mut tail = label.to_string();
    loop {
        let name = make_object_name(first, second, &tail);
        if c.relation_named(schema, &name).is_none() && !(is_constraint && constraint_name_used(c, schema, &name)) {
            return name;
        }
        pass += 1;
        tail = format!("{label}{pass}");
    }
}

/// A constraint name nobody has, `others` neither (`ChooseConstraintName`).
pub fn choose_constraint_name(
    c: &Catalog,
    first: &str,
    second: Option<&str>,
    label: &str,
    schema: Oid,
    others: &[String],
) -> String {
    let mut pass = 0;
    let mut tail = label.to_string();
    loop {
        let name = make_object_name(first, second, &tail);
        if !others.contains(&name) && !constraint_name_used(c, schema, &name) {
            return name;
        }
        pass += 1;
        tail = format!("{label}{pass}");
    }
}

/// Removes everything of a column but its place (`RemoveAttributeById`).
pub fn remove_column(shared: &Shared, oid: Oid, attno: i16) -> Result<()> {
    let (mut storage, mut kind) = (0, RelKind::Table);
    change(shared, oid, |r| {
        (storage, kind) = (r.storage, r.kind);
        if let Some(c) = r.columns.get_mut((attno - 1).max(0) as usize) {
            c.name = format!("........pg.dropped.{attno}........");
            c.dropped = true;
            c.not_null = false;
            c.default = None;
            c.generated = false;
            c.identity = None;
            c.acl = None;
            c.options.clear();
            c.statistics = 0;
        }
    })?;
    if matches!(kind, RelKind::Table | RelKind::MatView) && storage != 0 {
        shared.db.store.drop_column(&shared.tx()?, RelId(storage), attno as usize - 1)?;
    }
    Ok(())
}

/// Removes a relation's entry and file (`heap_drop_with_catalog`, `index_drop`); what depends on it is gone already.
pub fn drop_relation(shared: &Shared, oid: Oid) -> Result<()> {
    let r = get(shared, oid)?;
    let tx = shared.tx()?;
    if r.storage != 0 {
        shared.db.store.drop_rel(&tx, file(&r))?;
    }
    shared.edit_catalog(|c| {
        c.remove_relation(oid);
        if r.persistence == Persistence::Temporary {
            namespace::set_on_commit(c, r.schema, oid, None);
        }
    })?;
    for p in &r.parents {
        if shared.catalog().user_relation(*p).is_some() {
            change(shared, *p, |q| q.children.retain(|k| *k != oid))?;
        }
    }
    if let Some(ix) = &r.index {
        if shared.catalog().user_relation(ix.table).is_some() {
            change(shared, ix.table, |q| q.indexes.retain(|k| *k != oid))?;
        }
    }
    if r.kind == RelKind::Sequence {
        let mut s = shared.sequences.borrow_mut();
        s.0.remove(&oid);
        if s.1 == Some(oid) {
            s.1 = None;
        }
    }
    Ok(())
}

/// The text of a storage or row level setting that is only recorded; unknown names are refused as PostgreSQL refuses them.
pub fn reloptions(kind: RelKind, options: &[tusklet_syntax::ast::DefElem]) -> Result<Vec<(String, String)>> {
    const TABLE: &[&str] = &[
        "fillfactor", "toast_tuple_target", "parallel_workers", "autovacuum_enabled", "vacuum_index_cleanup",
        "vacuum_truncate", "autovacuum_vacuum_threshold", "autovacuum_vacuum_scale_factor",
        "autovacuum_vacuum_insert_threshold", "autovacuum_vacuum_insert_scale_factor", "autovacuum_analyze_threshold",
        "autovacuum_analyze_scale_factor", "autovacuum_vacuum_cost_delay", "autovacuum_vacuum_cost_limit",
        "autovacuum_freeze_min_age", "autovacuum_freeze_max_age", "autovacuum_freeze_table_age",
        "autovacuum_multixact_freeze_min_age", "autovacuum_multixact_freeze_max_age",
        "autovacuum_multixact_freeze_table_age", "log_autovacuum_min_duration", "user_catalog_table",
    ];
    const INDEX: &[&str] = &["fillfactor", "deduplicate_items", "vacuum_cleanup_index_scale_factor"];
    const VIEW: &[&str] = &["security_barrier", "security_invoker", "check_option"];
    let known = match kind {
        RelKind::Index => INDEX,
        RelKind::View => VIEW,
        _ => TABLE,
    };
    let mut out: Vec<(String, String)> = vec![];
    for o in options {
        let tusklet_syntax::ast::DefElem { namespace, name, arg, action: _, span: _ } = o;
        match namespace.as_deref() {
            None => {}
            // Nothing here is ever stored out of line.
            Some("toast") if TABLE.contains(&name.as_str()) && known.len() == TABLE.len() => continue,
            Some(n) => bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter namespace \"{}\""; n),
        }
        if name == "oids" && kind == RelKind::Table {
            if super::bool_option(o)? {
                return Err(err!(FEATURE_NOT_SUPPORTED, "tables declared WITH OIDS are not supported"));
            }
            continue;
        }
        if !known.contains(&name.as_str()) {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{}\""; name);
        }
        if out.iter().any(|(n, _)| n == name) {
            bail!(INVALID_PARAMETER_VALUE, "parameter \"{}\" specified more than once"; name);
        }
        let value = if arg.is_none() { "true".to_string() } else { super::option_text(o)? };
        check_reloption(kind, name, &value)?;
        out.push((name.clone(), value));
    }
    Ok(out)
}

fn check_reloption(kind: RelKind, name: &str, value: &str) -> Result<()> {
    let range = match (name, kind) {
        ("fillfactor", _) => Some((10, 100)),
        ("parallel_workers", _) => Some((0, 1024)),
        ("toast_tuple_target", _) => Some((128, 8160)),
        _ => None,
    };
    if let Some((low, high)) = range {
        let Ok(n) = value.parse::<i64>() else {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for integer option \"{}\": {}"; name, value);
        };
        if n < low || n > high {
            return Err(err!(INVALID_PARAMETER_VALUE, "value {} out of bounds for option \"{}\""; value, name)
                .detail(format!("Valid values are between \"{low}\" and \"{high}\".")));
        }
    }
    let boolean = matches!(
        name,
        "autovacuum_enabled" | "vacuum_truncate" | "security_barrier" | "security_invoker" | "deduplicate_items"
            | "user_catalog_table"
    );
    if boolean && crate::settings::parse_bool(value).is_none() {
        bail!(INVALID_PARAMETER_VALUE, "invalid value for boolean option \"{}\": {}"; name, value);
    }
    if name == "check_option" && !matches!(value, "local" | "cascaded") {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid value for enum option \"check_option\": {}"; value)
            .detail("Valid values are \"local\" and \"cascaded\"."));
    }
    Ok(())
}

/// The access method of tables, which is always `heap`.
pub fn table_access_method(name: Option<&str>) -> Result<()> {
    match name {
        None | Some("heap") => Ok(()),
        Some(n) => match builtin::am_by_name(n) {
            Some(_) => bail!(WRONG_OBJECT_TYPE, "access method \"{}\" is not of type TABLE"; n),
            None => bail!(UNDEFINED_OBJECT, "access method \"{}\" does not exist"; n),
        },
    }
}

/// Tablespaces are names without a place: only the default one is there.
pub fn tablespace(name: Option<&str>) -> Result<()> {
    match name {
        None | Some("pg_default") => Ok(()),
        Some("pg_global") => bail!(
            INVALID_PARAMETER_VALUE,
            "only shared relations can be placed in pg_global tablespace"
        ),
        Some(n) => bail!(UNDEFINED_OBJECT, "tablespace \"{}\" does not exist"; n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_cut_the_longer_part_first() {
        assert_eq!(make_object_name("t", Some("c"), "seq"), "t_c_seq");
        assert_eq!(make_object_name("t", None, "pkey"), "t_pkey");
        let a = "a".repeat(60);
        let name = make_object_name(&a, Some("column"), "key");
        assert_eq!(name.len(), 63);
        assert!(name.ends_with("a_column_key"));
        let both = make_object_name(&"x".repeat(63), Some(&"y".repeat(63)), "fkey");
        assert_eq!(both, format!("{}_{}_fkey", "x".repeat(29), "y".repeat(28)));
    }
}
