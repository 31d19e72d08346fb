//! CREATE TABLE AS, SELECT INTO, materialized views (`createas.c`, `matview.c`).

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_catalog::live::{Dependency, ObjectAddress, Persistence, RelKind, Relation, View};
use tusklet_error::{Error, Result, bail, err};
use tusklet_ir::{Oid, Query, TypeRef};
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{
    CreateTableAsStmt, IntoClause, ObjectType, OnCommitAction, RefreshMatViewStmt, SelectBody, SelectStmt, Stmt,
};
use tusklet_vector::Batch;

use super::object_address::Objects;
use super::tablecmds::truncate;
use super::{acl, dependency, expressions, heap, indexcmds, lock, namespace};
use crate::missing;
use crate::query::run_query;
use crate::session::Shared;

/// The INTO of a SELECT, which makes it a CREATE TABLE AS.
pub fn into_clause(s: &SelectStmt) -> Option<Rc<IntoClause>> {
    into_place(s)?.borrow().clone()
}

/// Where INTO is written, if it is. It may stand in the first SELECT of a set operation.
fn into_place(s: &SelectStmt) -> Option<&RefCell<Option<Rc<IntoClause>>>> {
    match &s.body {
        SelectBody::Select(core) => Some(&core.into_clause),
        SelectBody::SetOp(op) => into_place(&op.larg),
        SelectBody::Values(_) => None,
    }
}

/// SELECT INTO.
pub fn select_into(shared: &Shared, stmt: &Stmt) -> Result<String> {
    let Stmt::Select(s) = stmt else { return Err(Error::internal("SELECT INTO expected")) };
    let Some(place) = into_place(s) else { return Err(Error::internal("SELECT INTO expected")) };
    let Some(into) = into_clause(s) else { return Err(Error::internal("SELECT INTO expected")) };
    let query = || {
        place.take();
        let query = expressions::query(shared, stmt);
        place.replace(Some(into.clone()));
        query
    };
    create(shared, &query, &into, RelKind::Table, false, "SELECT INTO")
}

/// CREATE TABLE AS and CREATE MATERIALIZED VIEW.
pub fn create_table_as(shared: &Shared, s: &CreateTableAsStmt) -> Result<String> {
    let CreateTableAsStmt { query, into, objtype, if_not_exists, span: _ } = s;
    let kind = if *objtype == ObjectType::MatView { RelKind::MatView } else { RelKind::Table };
    let words = if kind == RelKind::MatView { "CREATE MATERIALIZED VIEW" } else { "CREATE TABLE AS" };
    let query = || match query {
        Stmt::Execute(e) => prepared_query(shared, e),
        other => expressions::query(shared, other),
    };
    create(shared, &query, into, kind, *if_not_exists, words)
}

fn create(
    shared: &Shared,
    query: &dyn Fn() -> Result<Query>,
    into: &IntoClause,
    kind: RelKind,
    if_not_exists: bool,
    words: &str,
) -> Result<String> {
    let IntoClause { rel, col_names, access_method, options, on_commit, table_space_name, skip_data } = into;
    heap::table_access_method(access_method.as_deref())?;
    heap::tablespace(table_space_name.as_deref())?;
    let options = heap::reloptions(RelKind::Table, options)?;
    let (schema, persistence) = namespace::creation(shared, rel)?;
    if shared.catalog().relation_named(schema, &rel.relname).is_some() {
        missing::unless_wanted(if_not_exists, shared, missing::name_taken(&rel.relname))?;
        return Ok(words.to_string());
    }
    if *on_commit != OnCommitAction::Noop && persistence != Persistence::Temporary {
        bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    }
    let query = query()?;
    if kind == RelKind::MatView {
        check_matview_query(shared, &query)?;
    }
    let mut new = heap::blank(shared, &rel.relname, schema, kind, persistence);
    new.options = options;
    new.columns = columns_of(shared, &query, col_names)?;
    if kind == RelKind::MatView {
        let stored = stored_query(&query);
        new.view = Some(View {
            query: Some(Rc::new(stored)),
            text: String::new(),
            check_option: 0,
            populated: !skip_data,
        });
    }
    let created = heap::create(shared, new)?;
    if kind == RelKind::MatView {
        record_view(shared, created.oid, &query)?;
    }
    super::tablecmds::create_table::note_on_commit(shared, schema, created.oid, *on_commit)?;
    if *skip_data {
        return Ok(words.to_string());
    }
    let n = fill(shared, &created, query)?;
    Ok(format!("SELECT {n}"))
}

/// The query behind a prepared statement, for CREATE TABLE AS EXECUTE.
fn prepared_query(shared: &Shared, e: &tusklet_syntax::ast::ExecuteStmt) -> Result<Query> {
    let (prepared, values) = crate::utility::execute_target(shared, e)?;
    match prepared.stmt.as_deref() {
        Some(s @ Stmt::Select(_)) => crate::query::bound_query(shared, s, &prepared, &values),
        _ => bail!(WRONG_OBJECT_TYPE, "prepared statement is not a SELECT"),
    }
}

fn check_matview_query(shared: &Shared, q: &Query) -> Result<()> {
    if q.ctes.iter().any(|c| c.query.command != tusklet_ir::CommandType::Select) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "materialized views must not use data-modifying statements in WITH"));
    }
    if uses_temporary(shared, q) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "materialized views must not use temporary tables or views"));
    }
    Ok(())
}

/// Whether a query reads temporary relations.
pub fn uses_temporary(shared: &Shared, q: &Query) -> bool {
    let mut edges: Vec<Dependency> = vec![];
    let c = shared.catalog();
    dependency::query_edges(&c, &mut edges, ObjectAddress::new(tusklet_catalog::live::ObjectClass::Relation, 0), q);
    edges.iter().any(|d| {
        d.referenced.class == tusklet_catalog::live::ObjectClass::Relation
            && c.relation(d.referenced.oid).is_some_and(|r| r.persistence == Persistence::Temporary)
    })
}

/// The columns a query's result makes, under the names given.
pub fn columns_of(shared: &Shared, q: &Query, names: &[String]) -> Result<Vec<tusklet_catalog::live::Column>> {
    let mut out = vec![];
    let c = shared.catalog();
    for t in q.targets.iter().filter(|t| !t.junk) {
        let name = names.get(out.len()).unwrap_or(&t.name);
        let ty = match t.expr.ty.oid {
            // An unknown literal is text by now; what is left is a bare NULL.
            tusklet_catalog::builtin::oids::UNKNOWN => TypeRef::new(tusklet_catalog::builtin::oids::TEXT),
            _ => t.expr.ty,
        };
        let mut collation = t.expr.collation;
        let default = c.type_collation(ty.oid);
        if default != 0 && collation == 0 {
            return Err(err!(
                INDETERMINATE_COLLATION,
                "no collation was derived for column \"{name}\" with collatable type {}",
                shared.type_name(ty.oid)
            )
            .hint("Use the COLLATE clause to set the collation explicitly."));
        }
        if default == 0 {
            collation = 0;
        }
        out.push(heap::column(name, ty, collation));
    }
    if names.len() > out.len() {
        bail!(SYNTAX_ERROR, "too many column names were specified");
    }
    Ok(out)
}

/// A query as the catalog keeps it: positions in a statement long gone mean nothing.
pub fn stored_query(q: &Query) -> Query {
    let mut q = q.clone();
    q.span = tusklet_error::Span::NONE;
    tusklet_ir::visit::walk_levels_mut(&mut q, 0, &mut |e, _| e.span = tusklet_error::Span::NONE);
    q
}

/// What a view needs.
pub fn record_view(shared: &Shared, oid: Oid, q: &Query) -> Result<()> {
    let mut edges = vec![];
    dependency::query_edges(&shared.catalog(), &mut edges, Objects::relation(oid), q);
    dependency::record(shared, &edges)
}

/// Runs the query and puts its rows into the (new) file of the relation.
fn fill(shared: &Shared, rel: &Relation, query: Query) -> Result<u64> {
    let (_, batches) = run_query(shared, query)?;
    let table = shared.db.store.table(heap::file(rel))?;
    let tx = shared.tx()?;
    let mut n = 0;
    for b in &batches {
        n += b.len() as u64;
        insert(&table, &tx, b, rel)?;
    }
    super::next_command(shared)?;
    Ok(n)
}

fn insert(
    table: &tusklet_storage::Table,
    tx: &tusklet_storage::Tx,
    b: &Batch,
    rel: &Relation,
) -> Result<()> {
    // A result without rows' worth of columns (all constants) comes as constant vectors, which storage unfolds.
    let mut b = b.clone();
    b.columns.truncate(rel.columns.len());
    table.insert_batch(tx, &b, None)
}

/// REFRESH MATERIALIZED VIEW.
pub fn refresh(shared: &Shared, s: &RefreshMatViewStmt) -> Result<()> {
    let RefreshMatViewStmt { concurrent, skip_data, relation, span: _ } = s;
    let r = namespace::get(shared, relation)?;
    lock(shared, r.oid, LockMode::AccessExclusive)?;
    if r.kind != RelKind::MatView {
        return Err(err!(FEATURE_NOT_SUPPORTED, "\"{}\" is not a materialized view"; r.name));
    }
    acl::check_owner(shared, r.owner, "materialized view", &r.name)?;
    let Some(view) = r.view.clone() else { return Err(Error::internal("materialized view without query")) };
    if *concurrent {
        if !view.populated {
            return Err(err!(
                FEATURE_NOT_SUPPORTED, "CONCURRENTLY cannot be used when the materialized view is not populated"
            ));
        }
        if *skip_data {
            bail!(SYNTAX_ERROR, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together");
        }
        let c = shared.catalog();
        let usable = r.indexes.iter().any(|o| {
            c.relation(*o).and_then(|i| i.index.clone()).is_some_and(|i| {
                i.unique && i.valid && i.predicate.is_none() && i.columns.iter().all(|k| k.expr.is_none())
            })
        });
        if !usable {
            return Err(err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot refresh materialized view \"{}\" concurrently";
                super::object_address::relation_name(&c, &tusklet_catalog::resolve::SearchPath::system(), &r)
            )
            .hint("Create a unique index with no WHERE clause on one or more columns of the materialized view."));
        }
    }
    truncate::new_files(shared, r.oid)?;
    let populated = !*skip_data;
    heap::change(shared, r.oid, |r| {
        if let Some(v) = &mut r.view {
            v.populated = populated;
        }
    })?;
    if *skip_data {
        return Ok(());
    }
    let Some(q) = view.query else { return Err(Error::internal("materialized view without query")) };
    let rel = heap::get(shared, r.oid)?;
    fill(shared, &rel, (*q).clone())?;
    for ix in &rel.indexes {
        indexcmds::build(shared, &rel, &*heap::get(shared, *ix)?)?;
    }
    Ok(())
}
