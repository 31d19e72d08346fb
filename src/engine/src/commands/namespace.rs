//! Names of relations and where new objects go (`namespace.c`), temporary schemas included.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Catalog, Persistence, Relation, Schema};
use tusklet_error::{Result, SortShort, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{QualifiedName, RangeVar, RelPersistence};

use super::acl;
use super::object_address::Objects;
use crate::missing;
use crate::session::Shared;

/// A relation's name as messages show it.
pub fn written(r: &RangeVar) -> String {
    match &r.schemaname {
        Some(s) => filled!("{}.{}"; s, r.relname),
        None => r.relname.clone(),
    }
}

fn check_catalog(shared: &Shared, r: &RangeVar) -> Result<()> {
    if let Some(c) = &r.catalogname {
        if *c != *shared.db.name.borrow() {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "cross-database references are not implemented: \"{}.{}.{}\"";
                c,
                r.schemaname.as_deref().unwrap_or_default(),
                r.relname
            ));
        }
    }
    Ok(())
}

/// A schema by name; `pg_temp` is the session's.
pub fn schema(shared: &Shared, name: &str) -> Result<Option<Oid>> {
    if name == "pg_temp" {
        return Ok(Some(shared.temp_schema.get()).filter(|s| *s != 0));
    }
    Ok(shared.catalog().schema_named(name))
}

/// A schema that must exist.
pub fn existing_schema(shared: &Shared, name: &str) -> Result<Oid> {
    schema(shared, name)?.ok_or_else(|| missing::schema(&name))
}

/// A schema that a name says, into which the user may look (`LookupExplicitNamespace`).
pub fn explicit(shared: &Shared, name: &str) -> Result<Option<Oid>> {
    let found = schema(shared, name)?;
    if let Some(s) = found.filter(|s| *s != shared.temp_schema.get()) {
        acl::check_schema(shared, s, acl::USAGE)?;
    }
    Ok(found)
}

/// One that must exist.
pub fn existing_explicit(shared: &Shared, name: &str) -> Result<Oid> {
    explicit(shared, name)?.ok_or_else(|| missing::schema(name))
}

/// The relation meant, if there is one (`RangeVarGetRelid` with `missing_ok`).
pub fn find(shared: &Shared, r: &RangeVar) -> Result<Option<Rc<Relation>>> {
    check_catalog(shared, r)?;
    let c = shared.catalog();
    let oid = match (&r.schemaname, r.relpersistence) {
        (Some(s), _) => explicit(shared, s)?.and_then(|s| c.relation_named(s, &r.relname)),
        (None, RelPersistence::Temp) => c.relation_named(shared.temp_schema.get(), &r.relname),
        (None, _) => c.lookup_relation(&shared.search_path(), None, &r.relname),
    };
    Ok(oid.and_then(|o| c.relation(o)))
}

/// The relation meant.
pub fn get(shared: &Shared, r: &RangeVar) -> Result<Rc<Relation>> {
    check_catalog(shared, r)?;
    if let Some(s) = &r.schemaname {
        existing_schema(shared, s)?;
    }
    find(shared, r)?.ok_or_else(|| missing::relation(&written(r)))
}

/// The relation meant; `None` after a notice when it may be missing.
pub fn find_or_skip(shared: &Shared, r: &RangeVar, missing_ok: bool) -> Result<Option<Rc<Relation>>> {
    let found = find(shared, r)?;
    if found.is_none() {
        if !missing_ok {
            return get(shared, r).map(Some);
        }
        missing::skipping(shared, filled!("relation \"{}\" does not exist"; r.relname));
    }
    Ok(found)
}

/// A name list as a range variable (`makeRangeVarFromNameList`).
pub fn range_var(names: &[String]) -> Result<RangeVar> {
    let (catalogname, schemaname, relname) = match names {
        [r] => (None, None, r),
        [s, r] => (None, Some(s), r),
        [c, s, r] => (Some(c), Some(s), r),
        _ => bail!(SYNTAX_ERROR, "improper relation name (too many dotted names): {}"; names.join(".")),
    };
    Ok(RangeVar {
        catalogname: catalogname.cloned(),
        schemaname: schemaname.cloned(),
        relname: relname.clone(),
        inh: true,
        relpersistence: RelPersistence::Permanent,
        alias: None,
        span: tusklet_error::Span::NONE,
    })
}

/// Schema and name of a qualified name.
pub fn split<'n>(shared: &Shared, names: &'n [String]) -> Result<(Option<&'n str>, &'n str)> {
    match names {
        [n] => Ok((None, n)),
        [s, n] => Ok((Some(s), n)),
        [c, s, n] if *c == *shared.db.name.borrow() => Ok((Some(s), n)),
        [_, _, _] => Err(err!(
            FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}"; names.join(".")
        )),
        _ => bail!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {}"; names.join(".")),
    }
}

fn check_create(shared: &Shared, schema: Oid, name: &str) -> Result<()> {
    if schema == oids::NAMESPACE_PG_CATALOG || schema == oids::NAMESPACE_PG_TOAST {
        return Err(err!(
            INSUFFICIENT_PRIVILEGE,
            "permission denied to create \"{}.{}\"";
            shared.catalog().schema_name(schema).unwrap_or_default(),
            name
        )
        .detail("System catalog modifications are currently disallowed."));
    }
    acl::check_schema(shared, schema, acl::CREATE)
}

/// Where a new relation goes, and for how long it lives (`RangeVarGetAndCheckCreationNamespace`).
pub fn creation(shared: &Shared, r: &RangeVar) -> Result<(Oid, Persistence)> {
    check_catalog(shared, r)?;
    let persistence = match r.relpersistence {
        RelPersistence::Permanent => Persistence::Permanent,
        RelPersistence::Unlogged => Persistence::Unlogged,
        RelPersistence::Temp => Persistence::Temporary,
    };
    let schema = match &r.schemaname {
        None if persistence == Persistence::Temporary => temp_schema(shared)?,
        None => default_creation(shared)?,
        Some(s) if s == "pg_temp" => temp_schema(shared)?,
        Some(s) => existing_schema(shared, s)?,
    };
    let temp = is_temp_schema(shared, schema);
    let mine = schema == shared.temp_schema.get() && schema != 0;
    match (temp, persistence) {
        (true, _) if !mine => {
            bail!(INVALID_TABLE_DEFINITION, "cannot create relations in temporary schemas of other sessions")
        }
        (true, Persistence::Unlogged) => {
            bail!(INVALID_TABLE_DEFINITION, "only temporary relations may be created in temporary schemas")
        }
        (false, Persistence::Temporary) => {
            bail!(INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema")
        }
        _ => {}
    }
    if !mine {
        check_create(shared, schema, &r.relname)?;
    }
    Ok((schema, if mine { Persistence::Temporary } else { persistence }))
}

fn default_creation(shared: &Shared) -> Result<Oid> {
    let path = shared.search_path();
    match path.creation {
        0 => bail!(INVALID_SCHEMA_NAME, "no schema has been selected to create in"),
        s => Ok(s),
    }
}

/// Where a new type, function or other qualified object goes, and its own name.
pub fn creation_of(shared: &Shared, names: &QualifiedName) -> Result<(Oid, String)> {
    let (s, name) = split(shared, names)?;
    let schema = match s {
        Some("pg_temp") => temp_schema(shared)?,
        Some(s) => existing_schema(shared, s)?,
        None => default_creation(shared)?,
    };
    check_create(shared, schema, name)?;
    Ok((schema, name.to_string()))
}

/// Whether it is any session's temporary schema.
pub fn is_temp_schema(shared: &Shared, schema: Oid) -> bool {
    schema != 0 && shared.catalog().schema_name(schema).is_some_and(|n| n.starts_with("pg_temp_"))
}

/// The session's temporary schema, made when first needed (`InitTempTableNamespace`).
pub fn temp_schema(shared: &Shared) -> Result<Oid> {
    let name = format!("pg_temp_{}", shared.id);
    // The number may be left over from a transaction that was rolled back.
    if let Some(oid) = shared.catalog().user_schema_named(&name) {
        shared.temp_schema.set(oid);
        shared.forget_path();
        return Ok(oid);
    }
    let oid = shared.db.new_oid();
    super::schemacmds::store(shared, Schema { oid, name, owner: crate::database::BOOTSTRAP_ROLE, acl: None })?;
    shared.temp_schema.set(oid);
    shared.forget_path();
    Ok(oid)
}

/// The key under which the ON COMMIT actions of a temporary schema's tables are kept: `16400d 16410D`.
fn on_commit_key(schema: Oid) -> String {
    format!("tusklet.on_commit.{schema}")
}

fn on_commit_actions(c: &Catalog, schema: Oid) -> Vec<(Oid, char)> {
    let text = c.stored_setting(&on_commit_key(schema)).unwrap_or_default();
    let entry = |w: &str| {
        let action = w.chars().last()?;
        Some((w.trim_end_matches(action).parse().ok()?, action))
    };
    text.split_whitespace().filter_map(entry).collect()
}

/// Notes or, with `None`, forgets a temporary table's ON COMMIT action: `d` deletes rows, `D` drops.
pub fn set_on_commit(c: &mut Catalog, schema: Oid, table: Oid, action: Option<char>) {
    let mut all = on_commit_actions(c, schema);
    if action.is_none() && !all.iter().any(|(o, _)| *o == table) {
        return;
    }
    all.retain(|(o, _)| *o != table);
    all.extend(action.map(|a| (table, a)));
    let text: Vec<String> = all.iter().map(|(o, a)| format!("{o}{a}")).collect();
    c.put_setting(&on_commit_key(schema), if text.is_empty() { None } else { Some(text.join(" ")) }.as_deref());
}

/// ON COMMIT DELETE ROWS and DROP of the session's temporary tables. To be called inside every transaction about to commit.
pub fn on_commit(shared: &Shared) -> Result<()> {
    let schema = shared.temp_schema.get();
    if schema == 0 {
        return Ok(());
    }
    let c = shared.catalog();
    let (mut delete, mut drop) = (vec![], vec![]);
    for (oid, action) in on_commit_actions(&c, schema) {
        if action == 'd' { delete.push(oid) } else { drop.push(oid) }
    }
    delete.order();
    drop.order();
    let delete: Vec<Oid> = delete
        .into_iter()
        .filter(|o| {
            let live = c.user_relation(*o).and_then(|r| shared.db.store.table(tusklet_storage::RelId(r.storage)).ok());
            live.is_some_and(|t| t.slots() > 0)
        })
        .collect();
    if !delete.is_empty() {
        super::tablecmds::truncate::truncate_files(shared, &delete)?;
    }
    if !drop.is_empty() {
        let targets: Vec<_> = drop.into_iter().map(Objects::relation).collect();
        super::dependency::delete_quietly(shared, &targets)?;
    }
    Ok(())
}

impl Shared {
    /// Drops the session's temporary objects: at the end of a session, and for DISCARD.
    pub fn drop_temp_schema(&self) {
        let name = format!("pg_temp_{}", self.id);
        let Some(oid) = self.catalog().user_schema_named(&name) else { return };
        // Nobody is left to hear of an error; what stays behind is in a schema nobody else looks at.
        let own = self.transaction.borrow().is_none();
        self.begin_transaction(false);
        let done = super::dependency::delete_quietly(self, &[Objects::schema(oid)]);
        self.temp_schema.set(0);
        match (own, done) {
            (true, Ok(())) => {
                let _ = self.commit_transaction();
            }
            (true, Err(_)) => self.abort_transaction(),
            (false, _) => {}
        }
        self.forget_path();
    }
}
