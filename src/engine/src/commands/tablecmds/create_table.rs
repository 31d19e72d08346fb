//! CREATE TABLE (`DefineRelation`).
//!
//! The relation is entered bare, so that it can be named; then come defaults and checks, indexes, and last the foreign
//! keys, which may refer to the table itself.

use std::rc::Rc;

use tusklet_catalog::live::{Persistence, RelKind, Relation};
use tusklet_error::{Error, Result, bail};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{CreateStmt, OnCommitAction, TableElement};

use super::constraints;
use super::foreign_key;
use super::inherit;
use super::like;
use crate::missing;
use crate::commands::parse_utilcmd::{self, NewColumn, Parts};
use crate::commands::{expressions, heap, indexcmds, namespace, sequence};
use crate::session::Shared;

/// CREATE TABLE.
pub fn create_table(shared: &Shared, s: &CreateStmt) -> Result<()> {
    let CreateStmt {
        relation,
        table_elts,
        inh_relations,
        partbound,
        partspec,
        of_typename,
        options,
        on_commit,
        tablespacename,
        access_method,
        if_not_exists,
        span: _,
    } = s;
    if partspec.is_some() || partbound.is_some() {
        return Err(Error::unsupported("table partitioning"));
    }
    if of_typename.is_some() {
        return Err(Error::unsupported("CREATE TABLE OF"));
    }
    let (schema, persistence) = namespace::creation(shared, relation).map_err(|e| {
        // PostgreSQL refuses its own schemas later, when it no longer knows where the name stands.
        if e.message().starts_with("permission denied to create") { e } else { e.at(relation.span) }
    })?;
    if *if_not_exists && shared.catalog().relation_named(schema, &relation.relname).is_some() {
        return missing::unless_wanted(true, shared, missing::name_taken(&relation.relname));
    }
    // Columns and constraints in the order written.
    let mut parts = Parts::default();
    let mut copies = vec![];
    for e in table_elts {
        match e {
            TableElement::Column(d) => parse_utilcmd::column_definition(shared, relation, d, &mut parts)?,
            TableElement::Constraint(k) => parse_utilcmd::table_constraint(relation, k, &mut parts)?,
            TableElement::Like(l) => copies.push(like::columns(shared, l, &mut parts)?),
        }
    }
    if *on_commit != OnCommitAction::Noop && persistence != Persistence::Temporary {
        bail!(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables");
    }
    heap::tablespace(tablespacename.as_deref())?;
    heap::table_access_method(access_method.as_deref())?;
    let reloptions = heap::reloptions(RelKind::Table, options)?;
    let parents = inherit::open_parents(shared, inh_relations, persistence)?;
    let inherited = inherit::merge(shared, &parents, &mut parts)?;
    let known = |name: &str| inherited.iter().any(|n| n == name) || heap::is_system_column(name);
    parse_utilcmd::index_constraints(&relation.relname, &mut parts, &known)?;

    let mut rel = heap::blank(shared, &relation.relname, schema, RelKind::Table, persistence);
    rel.columns = parts.columns.iter().map(|c| c.column.clone()).collect();
    rel.options = reloptions;
    rel.parents = parents.iter().map(|p| p.oid).collect();
    let created = create_with_parts(shared, rel, parts)?;
    note_on_commit(shared, schema, created, *on_commit)?;
    for c in copies {
        like::finish(shared, created, c)?;
    }
    Ok(())
}

/// Notes a new table's ON COMMIT.
pub fn note_on_commit(shared: &Shared, schema: Oid, table: Oid, action: OnCommitAction) -> Result<()> {
    let action = match action {
        OnCommitAction::Noop | OnCommitAction::PreserveRows => return Ok(()),
        OnCommitAction::DeleteRows => 'd',
        OnCommitAction::Drop => 'D',
    };
    shared.edit_catalog(|c| namespace::set_on_commit(c, schema, table, Some(action)))
}

/// Enters the relation and everything its parts say.
pub fn create_with_parts(shared: &Shared, rel: Relation, parts: Parts) -> Result<Oid> {
    let Parts { columns, checks, indexes, foreign, comments } = parts;
    // Sequences of serial and identity columns come before the table, as they do in PostgreSQL.
    let mut sequences = vec![];
    for (i, c) in columns.iter().enumerate() {
        if let Some(s) = &c.sequence {
            let oid = sequence::create_for_column(shared, &rel.name, rel.schema, rel.persistence, &c.column.name, s)?;
            sequences.push((i as i16 + 1, oid, s.identity));
        }
    }
    let rel = heap::create(shared, rel)?;
    let oid = rel.oid;
    for (attno, seq, identity) in &sequences {
        sequence::set_owner(shared, *seq, oid, *attno, *identity)?;
        if !identity {
            serial_default(shared, oid, *attno, *seq)?;
        }
    }
    for (i, c) in columns.iter().enumerate() {
        column_default(shared, oid, i as i16 + 1, c)?;
    }
    constraints::add_checks(shared, oid, checks, false)?;
    for ix in indexes {
        indexcmds::define_index(shared, oid, &ix, false)?;
    }
    for f in foreign {
        foreign_key::add(shared, oid, &f, true)?;
    }
    for (column, text) in comments {
        let rel = heap::get(shared, oid)?;
        if let Some(a) = rel.attno(&column) {
            super::super::comment::put(shared, tusklet_catalog::live::ObjectAddress::column(oid, a), Some(&text))?;
        }
    }
    Ok(oid)
}

/// `DEFAULT nextval('t_c_seq'::regclass)`.
pub fn serial_default(shared: &Shared, oid: Oid, attno: i16, seq: Oid) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let Some(c) = rel.column(attno) else { return Ok(()) };
    heap::store_default(shared, oid, attno, Some(expressions::nextval_of(seq, c.ty.oid)), false)
}

/// A new column's DEFAULT or generation expression.
pub fn column_default(shared: &Shared, oid: Oid, attno: i16, c: &NewColumn) -> Result<()> {
    let rel: Rc<Relation> = heap::get(shared, oid)?;
    let k = &c.column;
    if let Some(e) = &c.default {
        let e = expressions::default(shared, &k.name, k.ty, e)?;
        // DEFAULT NULL is no default.
        let is_null = matches!(e.as_const(), Some(v) if v.is_null());
        if !is_null {
            heap::store_default(shared, oid, attno, Some(e), false)?;
        }
    } else if let Some(e) = &c.generated {
        let e = expressions::generated(shared, &rel, &k.name, k.ty, e)?;
        heap::store_default(shared, oid, attno, Some(e), true)?;
    } else if let Some(e) = &c.cooked {
        heap::store_default(shared, oid, attno, Some((**e).clone()), c.cooked_generated)?;
    }
    Ok(())
}
