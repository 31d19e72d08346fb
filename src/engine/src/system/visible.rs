//! `pg_*_is_visible`: would the unqualified name find this object? NULL when there is no such object.

use tusklet_catalog::live::{Catalog, ObjectClass, TsKind};
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_vector::{Datum, Value};

use super::Env;
use crate::commands::object_identity::{row, row_named};

fn answer(v: Option<bool>) -> Result<Value> {
    Ok(v.map_or(Value::Null, Value::Bool))
}

fn oid(args: &[Datum<'_>]) -> Oid {
    args[0].int() as u32
}

pub(super) fn table(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (c, path) = (&env.cx.catalog, env.shared.search_path());
    answer(c.relation(oid(args)).map(|_| c.relation_is_visible(&path, oid(args))))
}

pub(super) fn ty(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (c, path) = (&env.cx.catalog, env.shared.search_path());
    answer(c.ty(oid(args)).map(|_| c.type_is_visible(&path, oid(args))))
}

/// Whether the function is the first of its name and arguments along the path.
pub(crate) fn function_is_visible(c: &Catalog, path: &SearchPath, oid: Oid) -> Option<bool> {
    let p = c.proc(oid)?;
    let all = c.procs_named(&p.name);
    let found = path
        .schemas
        .iter()
        .filter(|s| **s != path.temp)
        .find_map(|s| all.iter().find(|o| o.schema == *s && o.args == p.args));
    Some(found.is_some_and(|f| f.oid == oid))
}

pub(super) fn function(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    answer(function_is_visible(&env.cx.catalog, &env.shared.search_path(), oid(args)))
}

/// The same for an operator.
pub(crate) fn operator_is_visible(c: &Catalog, path: &SearchPath, oid: Oid) -> Option<bool> {
    let o = c.operator(oid)?;
    Some(c.operator_exact(path, None, &o.name, o.left, o.right) == oid)
}

pub(super) fn operator(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    answer(operator_is_visible(&env.cx.catalog, &env.shared.search_path(), oid(args)))
}

/// The same for what has a row with a name and little else.
fn row_is_visible(env: &Env<'_, '_>, class: ObjectClass, args: &[Datum<'_>]) -> Result<Value> {
    let (c, path) = (&env.cx.catalog, env.shared.search_path());
    let found = row(c, class, &|r| r.oid == oid(args));
    answer(found.map(|r| row_named(c, class, &path.schemas, r.method, r.name).is_some_and(|f| f.oid == r.oid)))
}

pub(super) fn collation(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    row_is_visible(env, ObjectClass::Collation, args)
}

pub(super) fn opclass(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    row_is_visible(env, ObjectClass::OpClass, args)
}

pub(super) fn opfamily(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    row_is_visible(env, ObjectClass::OpFamily, args)
}

pub(super) fn conversion(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    row_is_visible(env, ObjectClass::Conversion, args)
}

fn ts_object(env: &Env<'_, '_>, kind: TsKind, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    let found = c.ts_object(kind, oid(args));
    answer(found.map(|o| c.ts_lookup(kind, &env.shared.search_path(), &o.name) == Some(o.oid)))
}

pub(super) fn ts_config(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_object(env, TsKind::Configuration, args)
}

pub(super) fn ts_dict(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_object(env, TsKind::Dictionary, args)
}

pub(super) fn ts_parser(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_object(env, TsKind::Parser, args)
}

pub(super) fn ts_template(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_object(env, TsKind::Template, args)
}
