//! LIKE in CREATE TABLE (`transformTableLikeClause`, `expandTableLikeClause`).

use std::rc::Rc;

use tusklet_catalog::live::{ConstraintKind, ObjectAddress, RelKind, Relation};
use tusklet_error::{Result, bail};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{TableLikeClause, TableLikeOption};

use super::inherit::map_columns;
use crate::commands::acl;
use crate::commands::parse_utilcmd::{CheckExpr, NewCheck, NewColumn, NewSequence, Parts};
use crate::commands::{heap, indexcmds, namespace, sequence};
use crate::session::Shared;

/// What is left of a LIKE clause once the columns are there.
pub struct Copy {
    source: Rc<Relation>,
    wanted: Vec<TableLikeOption>,
}

const ALL: &[TableLikeOption] = &[
    TableLikeOption::Comments,
    TableLikeOption::Compression,
    TableLikeOption::Constraints,
    TableLikeOption::Defaults,
    TableLikeOption::Generated,
    TableLikeOption::Identity,
    TableLikeOption::Indexes,
    TableLikeOption::Statistics,
    TableLikeOption::Storage,
];

/// Adds the columns.
pub fn columns(shared: &Shared, l: &TableLikeClause, parts: &mut Parts) -> Result<Copy> {
    let TableLikeClause { relation, options } = l;
    let source = namespace::get(shared, relation).map_err(|e| e.at(relation.span))?;
    if matches!(source.kind, RelKind::Index | RelKind::Sequence | RelKind::Toast | RelKind::PartitionedIndex) {
        return Err(tusklet_error::err!(WRONG_OBJECT_TYPE, "relation \"{}\" is invalid in LIKE clause"; source.name)
        .detail(match source.kind {
            RelKind::Sequence => "This operation is not supported for sequences.",
            RelKind::Toast => "This operation is not supported for TOAST tables.",
            _ => "This operation is not supported for indexes.",
        })
        .at(relation.span));
    }
    acl::check_relation(shared, &source, acl::SELECT)?;
    let mut wanted: Vec<TableLikeOption> = vec![];
    for (including, o) in options {
        let which: &[TableLikeOption] = if *o == TableLikeOption::All { ALL } else { std::slice::from_ref(o) };
        wanted.retain(|w| !which.contains(w));
        if *including {
            wanted.extend_from_slice(which);
        }
    }
    let has = |o: TableLikeOption| wanted.contains(&o);
    for c in source.columns.iter().filter(|c| !c.dropped) {
        if parts.columns.iter().any(|p| p.column.name == c.name) {
            bail!(DUPLICATE_COLUMN, "column \"{}\" specified more than once"; c.name);
        }
        let mut column = heap::column(&c.name, c.ty, c.collation);
        column.not_null = c.not_null;
        if has(TableLikeOption::Storage) {
            column.storage = c.storage;
        }
        if has(TableLikeOption::Compression) {
            column.compression = c.compression;
        }
        let mut new = NewColumn {
            column,
            default: None,
            generated: None,
            sequence: None,
            cooked: None,
            cooked_generated: false,
        };
        if let (Some(always), true) = (c.identity, has(TableLikeOption::Identity)) {
            new.column.identity = Some(always);
            let attno = source.attno(&c.name).unwrap_or(0);
            let options = sequence::options_of_owned(shared, source.oid, attno)?;
            new.sequence = Some(NewSequence { ty: c.ty.oid, options, identity: true });
        }
        if has(TableLikeOption::Comments) {
            let attno = source.attno(&c.name).unwrap_or(0);
            if let Some(t) = shared.catalog().comment(ObjectAddress::column(source.oid, attno)) {
                parts.comments.push((c.name.clone(), t.to_string()));
            }
        }
        parts.columns.push(new);
    }
    Ok(Copy { source, wanted })
}

/// Adds defaults, checks and indexes once the table is there.
pub fn finish(shared: &Shared, table: Oid, copy: Copy) -> Result<()> {
    let Copy { source, wanted } = copy;
    let has = |o: TableLikeOption| wanted.contains(&o);
    let to = |rel: &Relation| {
        let rel = rel.clone();
        move |n: &str| rel.attno(n)
    };
    let rel = heap::get(shared, table)?;
    for c in source.columns.iter().filter(|c| !c.dropped) {
        let Some(e) = &c.default else { continue };
        if !has(if c.generated { TableLikeOption::Generated } else { TableLikeOption::Defaults }) {
            continue;
        }
        if let Some(a) = rel.attno(&c.name) {
            let e = map_columns(e, &source, &to(&rel))?;
            heap::store_default(shared, table, a, Some(e), c.generated)?;
        }
    }
    if has(TableLikeOption::Constraints) {
        let mut checks = vec![];
        for k in &source.constraints {
            if let ConstraintKind::Check(e) = &k.kind {
                checks.push(NewCheck {
                    name: Some(k.name.clone()),
                    expr: CheckExpr::Cooked(Rc::new(map_columns(e, &source, &to(&rel))?)),
                    no_inherit: k.no_inherit,
                    not_valid: false,
                    is_local: true,
                    inherit_count: 0,
                });
            }
        }
        super::constraints::add_checks(shared, table, checks, false)?;
        if has(TableLikeOption::Comments) {
            copy_constraint_comments(shared, &source, table)?;
        }
    }
    if has(TableLikeOption::Indexes) {
        for ix in &source.indexes {
            indexcmds::clone_index(shared, *ix, &source, table, has(TableLikeOption::Comments))?;
        }
    }
    Ok(())
}

fn copy_constraint_comments(shared: &Shared, source: &Relation, table: Oid) -> Result<()> {
    use crate::commands::object_address::Objects;
    let c = shared.catalog();
    let new = heap::get(shared, table)?;
    for k in source.constraints.iter().filter(|k| matches!(k.kind, ConstraintKind::Check(_))) {
        let text = c.comment(Objects::constraint(k.oid)).map(str::to_string);
        let mine = new.constraints.iter().find(|n| n.name == k.name).map(|n| n.oid);
        if let (Some(t), Some(oid)) = (text, mine) {
            super::super::comment::put(shared, Objects::constraint(oid), Some(&t))?;
        }
    }
    Ok(())
}
