//! `pg_*_is_visible`: would the unqualified name find this object? NULL when there is no such object.

use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, TsKind};
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_vector::{Datum, Value};

use super::Env;

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

/// The schema of a user's collation, operator class or family.
fn item_schema(env: &Env<'_, '_>, oid: Oid) -> Option<Oid> {
    env.cx.catalog.item(oid).map(|i| i.schema)
}

fn in_path(env: &Env<'_, '_>, schema: Option<Oid>) -> Result<Value> {
    let path = env.shared.search_path();
    answer(schema.map(|s| path.schemas.contains(&s)))
}

pub(super) fn collation(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    in_path(env, item_schema(env, oid(args)).or_else(|| builtin::collation(oid(args)).map(|c| c.namespace())))
}

pub(super) fn opclass(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    in_path(env, item_schema(env, oid(args)).or_else(|| builtin::opclass(oid(args)).map(|c| c.namespace())))
}

pub(super) fn opfamily(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    in_path(env, item_schema(env, oid(args)).or_else(|| builtin::opfamily(oid(args)).map(|c| c.namespace())))
}

pub(super) fn conversion(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let found = builtin::Conversion::all().find(|c| c.oid() == oid(args));
    in_path(env, found.map(|c| c.namespace()))
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
