//! What indexes and their access methods can do (`pg_index_has_property` and its kin).

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, IndexColumn};
use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_vector::{Datum, Value};

use super::Env;

/// Properties of access methods in general, of an index, and of its columns; the same for all its classes.
static METHODS: &[(Oid, &str)] = &[
    (
        oids::AM_BTREE,
        "can_order can_unique can_multi_col can_exclude can_include clusterable index_scan bitmap_scan backward_scan \
         search_array search_nulls",
    ),
    (oids::AM_HASH, "can_exclude index_scan bitmap_scan backward_scan"),
    (
        oids::AM_GIST,
        "can_multi_col can_exclude can_include clusterable index_scan bitmap_scan search_nulls distance_orderable",
    ),
    (oids::AM_GIN, "can_multi_col bitmap_scan"),
    (oids::AM_SPGIST, "can_exclude can_include index_scan bitmap_scan search_nulls distance_orderable"),
    (oids::AM_BRIN, "can_multi_col bitmap_scan search_nulls"),
];

const OF_METHOD: &str = "can_order can_unique can_multi_col can_exclude can_include";
const OF_INDEX: &str = "clusterable index_scan bitmap_scan backward_scan";

fn listed(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|n| n.eq_ignore_ascii_case(name))
}

fn method(oid: Oid) -> Option<&'static str> {
    METHODS.iter().find(|m| m.0 == oid).map(|m| m.1)
}

/// An answer about a name that is a property at all of what is asked about.
fn answer(known: &str, has: Option<&str>, name: &str) -> Value {
    match has {
        Some(has) if listed(known, name) => Value::Bool(listed(has, name)),
        _ => Value::Null,
    }
}

pub(super) fn method_has_property(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(answer(OF_METHOD, method(args[0].int() as Oid), args[1].str()))
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
    Ok(answer(OF_INDEX, method(r.access_method), args[1].str()))
}

pub(super) fn column_has_property(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    let Some(r) = c.relation(args[0].int() as Oid) else { return Ok(Value::Null) };
    let Some(index) = &r.index else { return Ok(Value::Null) };
    let number = args[1].int().checked_sub(1).and_then(|n| usize::try_from(n).ok());
    let Some((number, column)) = number.and_then(|n| Some((n, index.columns.get(n)?))) else { return Ok(Value::Null) };
    let has = method(r.access_method).unwrap_or_default();
    let key = number < index.keys as usize;
    let orderable = r.access_method == oids::AM_BTREE;
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
        "search_array" | "search_nulls" if key => Value::Bool(listed(has, &name)),
        "distance_orderable" if !listed(has, &name) => Value::Bool(false),
        // These methods answer by the column's class, and an INCLUDE column has none.
        "distance_orderable" if !key => Value::Null,
        "distance_orderable" => Value::Bool(by_distance(c, r.access_method, column)),
        "returnable" if r.access_method == oids::AM_GIST && !key => Value::Null,
        "returnable" => Value::Bool(returnable(c, r.access_method, key, column)),
        _ => Value::Null,
    })
}

const GIST_COMPRESS: i32 = 3;
const GIST_DISTANCE: i32 = 8;
const GIST_FETCH: i32 = 9;
const SPGIST_COMPRESS: i32 = 6;

fn supports(c: &Catalog, column: &IndexColumn, number: i32) -> bool {
    c.opclass(column.opclass).is_some_and(|o| c.opfamily_proc(o.family, o.input_type, o.input_type, number) != 0)
}

fn by_distance(c: &Catalog, am: Oid, column: &IndexColumn) -> bool {
    if am == oids::AM_GIST {
        return supports(c, column, GIST_DISTANCE);
    }
    let Some(o) = c.opclass(column.opclass) else { return false };
    builtin::amops_of_family(o.family)
        .any(|m| m.purpose() == b'o' && (m.left() == o.input_type || m.right() == o.input_type))
}

fn returnable(c: &Catalog, am: Oid, key: bool, column: &IndexColumn) -> bool {
    match am {
        oids::AM_BTREE => true,
        oids::AM_GIST => supports(c, column, GIST_FETCH) || !supports(c, column, GIST_COMPRESS),
        oids::AM_SPGIST => !key || !supports(c, column, SPGIST_COMPRESS),
        _ => false,
    }
}
