//! GENERATED … AS IDENTITY of an existing column: added, changed, dropped.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Relation;
use tusklet_error::{Result, bail, err};
use tusklet_syntax::ast::{DefArg, DefElem};

use super::alter_table::existing_column;
use crate::commands::define::conflict;
use crate::missing;
use crate::commands::object_address::Objects;
use crate::commands::parse_utilcmd::NewSequence;
use crate::commands::{dependency, heap, sequence};
use crate::session::Shared;

/// ADD GENERATED … AS IDENTITY.
pub fn add(shared: &Shared, rel: &Relation, name: &str, always: bool, options: &[DefElem]) -> Result<()> {
    let oid = rel.oid;
    let a = existing_column(&rel, name)?;
    let Some(c) = rel.column(a) else { return Ok(()) };
    if !matches!(c.ty.oid, oids::INT2 | oids::INT4 | oids::INT8) {
        bail!(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint");
    }
    if !c.not_null {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" must be declared NOT NULL before identity can be added";
            name,
            rel.name
        );
    }
    if c.identity.is_some() {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" is already an identity column";
            name,
            rel.name
        );
    }
    if c.default.is_some() {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" already has a default value";
            name,
            rel.name
        );
    }
    let new = NewSequence { ty: c.ty.oid, options: options.to_vec(), identity: true };
    let seq = sequence::create_for_column(shared, &rel.name, rel.schema, rel.persistence, name, &new)?;
    sequence::set_owner(shared, seq, oid, a, true)?;
    heap::change_column(shared, oid, a, |c| c.identity = Some(always))
}

/// SET GENERATED …, SET sequence_option, RESTART.
pub fn set(shared: &Shared, rel: &Relation, name: &str, options: &[DefElem]) -> Result<()> {
    let oid = rel.oid;
    let a = existing_column(&rel, name)?;
    let identity = rel.column(a).and_then(|c| c.identity);
    if identity.is_none() {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" is not an identity column";
            name,
            rel.name
        );
    }
    let mut generated = None;
    let mut rest: Vec<DefElem> = vec![];
    for o in options {
        if o.name == "generated" {
            if generated.is_some() {
                return Err(conflict(o));
            }
            generated = Some(match &o.arg {
                Some(DefArg::Integer(n)) => *n == i32::from(b'a'),
                Some(DefArg::Boolean(b)) => *b,
                Some(DefArg::String(s)) => matches!(s.as_str(), "a" | "always"),
                _ => bail!(SYNTAX_ERROR, "invalid GENERATED option"),
            });
        } else {
            rest.push(o.clone());
        }
    }
    if !rest.is_empty() {
        if let Some(seq) = sequence::owned(shared, oid, a, true) {
            sequence::alter_options(shared, seq, &rest)?;
        }
    }
    match generated {
        Some(always) => heap::change_column(shared, oid, a, |c| c.identity = Some(always)),
        None => Ok(()),
    }
}

/// DROP IDENTITY: the sequence goes with it.
pub fn drop(shared: &Shared, rel: &Relation, name: &str, missing_ok: bool) -> Result<()> {
    let oid = rel.oid;
    let a = existing_column(&rel, name)?;
    if rel.column(a).is_some_and(|c| c.identity.is_none()) {
        let e = err!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" is not an identity column";
            name,
            rel.name
        );
        return missing::unless(missing_ok, shared, e);
    }
    heap::change_column(shared, oid, a, |c| c.identity = None)?;
    let Some(seq) = sequence::owned(shared, oid, a, true) else { return Ok(()) };
    // It was part of the column; now it is on its own, and can be dropped.
    sequence::set_owner(shared, seq, 0, 0, false)?;
    dependency::delete(shared, &[Objects::relation(seq)], tusklet_syntax::ast::DropBehavior::Restrict)
}
