//! What indexes and their access methods can do (`pg_index_has_property` and its kin), and what is done about their contents.

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, IndexColumn, Relation};
use tusklet_error::{Result, bail, err, words};
use tusklet_ir::Oid;
use tusklet_vector::{Datum, Value};

use super::Env;
use crate::commands::index_options::Method;
use crate::commands::{acl, brin};

const OF_METHOD: &str = "can_order|can_unique|can_multi_col|can_exclude|can_include|";
const OF_INDEX: &str = "clusterable|index_scan|bitmap_scan|backward_scan|";

/// An answer about a name that is a property at all of what is asked about.
fn answer(known: &str, method: Option<&Method>, name: &str) -> Value {
    let name = name.to_ascii_lowercase();
    match method {
        Some(m) if words::has(known, &name) => Value::Bool(m.can(&name)),
        _ => Value::Null,
    }
}

pub(super) fn method_has_property(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(answer(OF_METHOD, Method::of(args[0].int() as Oid), args[1].str()))
}

/// Phases of the one access method that tells them.
pub(super) fn phase_name(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = match args[1].int() {
        _ if args[0].int() as Oid != oids::AM_BTREE => return Ok(Value::Null),
        1 => "initializing",
        2 => "scanning table",
        3 => "sorting live tuples",
        4 => "sorting dead tuples",
        5 => "loading tuples in tree",
        _ => return Ok(Value::Null),
    };
    Ok(Value::text(name))
}

pub(super) fn has_property(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    let Some(r) = c.relation(args[0].int() as Oid).filter(|r| r.index.is_some()) else { return Ok(Value::Null) };
    Ok(answer(OF_INDEX, Method::of(r.access_method), args[1].str()))
}

pub(super) fn column_has_property(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    let Some(r) = c.relation(args[0].int() as Oid) else { return Ok(Value::Null) };
    let Some(index) = &r.index else { return Ok(Value::Null) };
    let number = args[1].int().checked_sub(1).and_then(|n| usize::try_from(n).ok());
    let Some((number, column)) = number.and_then(|n| Some((n, index.columns.get(n)?))) else { return Ok(Value::Null) };
    let Some(method) = Method::of(r.access_method) else { return Ok(Value::Null) };
    let key = number < index.keys as usize;
    let orderable = method.can("can_order");
    let ordered = |is: bool| match key {
        true => Value::Bool(orderable && is),
        false => Value::Null,
    };
    let name = args[2].str().to_ascii_lowercase();
    Ok(match name.as_str() {
        "asc" => ordered(!column.desc),
        "desc" => ordered(column.desc),
        "nulls_first" => ordered(column.nulls_first),
        "nulls_last" => ordered(!column.nulls_first),
        "orderable" => Value::Bool(key && orderable),
        "search_array" | "search_nulls" if key => Value::Bool(method.can(&name)),
        "distance_orderable" if !method.can(&name) => Value::Bool(false),
        // These methods answer by the column's class, and an INCLUDE column has none.
        "distance_orderable" if !key => Value::Null,
        "distance_orderable" => Value::Bool(by_distance(c, r.access_method, column)),
        "returnable" if r.access_method == oids::AM_GIST && !key => Value::Null,
        "returnable" => Value::Bool(c.returns(r.access_method, key.then_some(column))),
        _ => Value::Null,
    })
}

/// An index of an access method that the user owns, to do something about its contents.
fn own_index(env: &Env<'_, '_>, arg: &Datum<'_>, method: Oid, what: &str) -> Result<Rc<Relation>> {
    let oid = arg.int() as Oid;
    let Some(r) = env.cx.catalog.relation(oid) else {
        return Err(err!(INTERNAL_ERROR, "could not open relation with OID {oid}"));
    };
    if r.index.is_none() {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index"; r.name);
    }
    if r.access_method != method {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a {} index"; r.name, what);
    }
    acl::check_owner(env.shared, r.owner, "index", &r.name)?;
    Ok(r)
}

/// The number of a block, if it is below `end`.
fn block(arg: &Datum<'_>, end: i64) -> Result<usize> {
    match arg.int() {
        b if (0..end).contains(&b) => Ok(b as usize),
        b => Err(err!(NUMERIC_VALUE_OUT_OF_RANGE, "block number out of range: {b}")),
    }
}

/// Stands for all ranges (`BRIN_ALL_BLOCKRANGES`).
const ALL_RANGES: i64 = u32::MAX as i64;

pub(super) fn summarize(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let at = args.get(1).map(|b| block(b, ALL_RANGES + 1)).transpose()?.filter(|b| *b as i64 != ALL_RANGES);
    let index = own_index(env, &args[0], oids::AM_BRIN, "BRIN")?;
    Ok(Value::I32(brin::summarize(env.shared, &index, at, true)?))
}

pub(super) fn desummarize(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let at = block(&args[1], ALL_RANGES)?;
    let index = own_index(env, &args[0], oids::AM_BRIN, "BRIN")?;
    brin::desummarize(env.shared, &index, at)?;
    Ok(Value::bytes(&[]))
}

/// GIN entries are written at once; nothing is ever pending.
pub(super) fn clean_pending_list(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    own_index(env, &args[0], oids::AM_GIN, "GIN")?;
    Ok(Value::I64(0))
}

const GIST_DISTANCE: i32 = 8;

fn by_distance(c: &Catalog, am: Oid, column: &IndexColumn) -> bool {
    let Some(o) = c.opclass(column.opclass) else { return false };
    if am == oids::AM_GIST {
        return c.opfamily_proc(o.family, o.input_type, o.input_type, GIST_DISTANCE) != 0;
    }
    builtin::amops_of_family(o.family)
        .any(|m| m.purpose() == b'o' && (m.left() == o.input_type || m.right() == o.input_type))
}
