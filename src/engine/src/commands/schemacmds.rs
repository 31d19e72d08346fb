//! CREATE SCHEMA (`schemacmds.c`).

use tusklet_catalog::live::Schema;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, SortShort, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{CreateSchemaStmt, RawStmt, RelPersistence, Stmt};

use super::{acl, user};
use crate::missing;
use crate::session::Shared;
use crate::settings::Source;

/// A schema's entry to change and [`store`]; `doing` is what cannot be done to PostgreSQL's own.
pub fn to_change(shared: &Shared, oid: Oid, doing: &str) -> Result<Schema> {
    match shared.catalog().user_schema(oid) {
        Some(s) => Ok((**s).clone()),
        None => Err(Error::unsupported(filled!("{} a system schema"; doing))),
    }
}

/// Stores a schema's entry.
pub fn store(shared: &Shared, s: Schema) -> Result<()> {
    shared.edit_catalog(|c| c.put_schema(s))
}

/// CREATE SCHEMA, with the elements written inside it.
pub fn create_schema(shared: &Shared, s: &CreateSchemaStmt, sql: &str) -> Result<()> {
    let CreateSchemaStmt { schemaname, authrole, schema_elts, if_not_exists, span: _ } = s;
    let owner = match authrole {
        Some(r) => user::role(shared, r)?,
        None => shared.user(),
    };
    let name = match schemaname {
        Some(n) => n.clone(),
        None => user::role_name(shared, owner),
    };
    acl::check_database_create(shared)?;
    if name.starts_with("pg_") {
        return Err(err!(RESERVED_NAME, "unacceptable schema name \"{}\""; name)
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    if shared.catalog().schema_named(&name).is_some() {
        let e = err!(DUPLICATE_SCHEMA, "schema \"{}\" already exists"; name);
        return missing::unless_wanted(*if_not_exists, shared, e);
    }
    let oid = shared.db.new_oid();
    store(shared, Schema { oid, name: name.clone(), owner, acl: None })?;
    if schema_elts.is_empty() {
        return Ok(());
    }
    // The elements find each other without naming the schema. An error undoes the setting with the transaction.
    let mark = shared.settings.borrow().mark();
    let old = shared.settings.borrow().get("search_path").unwrap_or_default();
    let mut path = quote_identifier(&name);
    if !old.trim().is_empty() {
        path = filled!("{}, {}"; path, old);
    }
    shared.settings.borrow_mut().set("search_path", &path, true, Source::Session)?;
    shared.settings_changed();
    for RawStmt { stmt, span: _ } in order(schema_elts) {
        super::run(shared, inside(stmt, &name)?.as_ref().unwrap_or(stmt), sql)?;
        super::next_command(shared)?;
    }
    shared.settings.borrow_mut().roll_back_to(mark);
    shared.settings_changed();
    Ok(())
}

/// Sequences, tables, views, indexes, triggers, grants: in this order (`transformCreateSchemaStmtElements`).
fn order(elts: &[RawStmt]) -> Vec<&RawStmt> {
    let rank = |s: &Stmt| match s {
        Stmt::CreateSeq(_) => 0,
        Stmt::Create(_) => 1,
        Stmt::View(_) => 2,
        Stmt::Index(_) => 3,
        Stmt::CreateTrig(_) => 4,
        _ => 5,
    };
    let mut v: Vec<&RawStmt> = elts.iter().collect();
    v.order_by_key(|r| rank(&r.stmt));
    v
}

/// The statement with its object in the new schema, if that does not follow from the search path.
fn inside(stmt: &Stmt, schema: &str) -> Result<Option<Stmt>> {
    let mut moved = match stmt {
        Stmt::Index(s) => Some(Stmt::Index(s.clone())),
        Stmt::CreateTrig(s) => Some(Stmt::CreateTrig(s.clone())),
        _ => None,
    };
    let (named, existing) = match (stmt, &mut moved) {
        (Stmt::CreateSeq(s), _) => (&s.sequence, None),
        (Stmt::Create(s), _) => (&s.relation, None),
        (Stmt::View(s), _) => (&s.view, None),
        (Stmt::Index(s), Some(Stmt::Index(m))) => (&s.relation, Some(&mut m.relation)),
        (Stmt::CreateTrig(s), Some(Stmt::CreateTrig(m))) => (&s.relation, Some(&mut m.relation)),
        _ => return Ok(None),
    };
    match &named.schemaname {
        Some(s) if s == schema => {}
        Some(s) => bail!(
            INVALID_SCHEMA_DEFINITION,
            "CREATE specifies a schema ({s}) different from the one being created ({schema})"
        ),
        None => match existing {
            Some(relation) => relation.schemaname = Some(schema.to_string()),
            None if named.relpersistence == RelPersistence::Temp => {
                bail!(INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema")
            }
            None => {}
        },
    }
    Ok(moved)
}
