//! `pg_get_*def` and `pg_get_expr`: what an object was made with.

use std::rc::Rc;

use tusklet_analyze::ParamTypes;
use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, PartitionBound, Relation, TypeEntryKind};
use tusklet_catalog::system::values;
use tusklet_error::{Result, filled};
use tusklet_ir::{Expr, Oid, Query};
use tusklet_vector::{Datum, Value};

use super::{Env, names};
use crate::missing;
use crate::query::Analyzer;
use crate::ruleutils::{self, Arguments};

fn oid(args: &[Datum<'_>]) -> Oid {
    args[0].int() as u32
}

fn optional(s: Option<String>) -> Result<Value> {
    Ok(s.map_or(Value::Null, |s| Value::text(&s)))
}

fn pretty(args: &[Datum<'_>], at: usize) -> bool {
    args.get(at).is_some_and(|a| a.bool())
}

/// `pg_get_expr(tree, relation[, pretty])`.
pub(super) fn expr(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let tree = args[0].str();
    let rel = args[1].int() as u32;
    if rel != 0 && env.cx.catalog.relation(rel).is_none() {
        return Ok(Value::Null);
    }
    let rel = (rel != 0).then_some(rel);
    if let Some(Ok(list)) = values::read_node::<Vec<Expr>>(tree) {
        let mut out = vec![];
        for e in &list {
            out.push(ruleutils::expression(env.shared, env.cx, e, rel, pretty(args, 2))?);
        }
        return Ok(Value::text(&out.join(", ")));
    }
    if let Some(Ok(b)) = values::read_node::<PartitionBound>(tree) {
        return Ok(Value::text(&ruleutils::partition_bound(env.shared, env.cx, &b)?));
    }
    // A built-in function's defaults are kept as text.
    Ok(Value::text(tree))
}

pub(super) fn indexdef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let column = if args.len() > 1 { args[1].i32() } else { 0 };
    optional(ruleutils::index_def(env.shared, env.cx, oid(args), column, pretty(args, 2))?)
}

fn relation_of<T>(c: &Catalog, find: impl Fn(&Relation) -> Option<T>) -> Option<(Rc<Relation>, T)> {
    c.user_relations().find_map(|r| find(r).map(|t| (r.clone(), t)))
}

pub(super) fn constraintdef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let wanted = oid(args);
    if let Some(c) = builtin::constraint(wanted) {
        return Ok(Value::text(c.definition()));
    }
    let catalog = env.cx.catalog.clone();
    if let Some((r, c)) = relation_of(&catalog, |r| r.constraints.iter().find(|c| c.oid == wanted).cloned()) {
        return Ok(Value::text(&ruleutils::constraint_def(env.shared, env.cx, &r, &c, pretty(args, 1))?));
    }
    for t in catalog.user_types() {
        let TypeEntryKind::Domain { checks, .. } = &t.kind else { continue };
        if let Some(c) = checks.iter().find(|c| c.oid == wanted) {
            let text = ruleutils::expression(env.shared, env.cx, &c.expr, None, pretty(args, 1))?;
            let valid = if c.validated { "" } else { " NOT VALID" };
            return Ok(Value::text(&filled!("CHECK ({}){}"; text, valid)));
        }
    }
    Ok(Value::Null)
}

fn view_text(env: &mut Env<'_, '_>, view: Oid, pretty: bool, wrap: i32) -> Result<Value> {
    if let Some(text) = builtin::view_definition(view) {
        if !pretty {
            return Ok(Value::text(text));
        }
        // The text as kept is not the pretty one.
        let raw = tusklet_syntax::parse_one(text.trim_end_matches(';'))?;
        let q = tusklet_analyze::analyze_stmt(&mut Analyzer(env.shared), &raw.stmt, &mut ParamTypes::none())?;
        return Ok(Value::text(&ruleutils::view_def(env.shared, env.cx, view, &q, true, wrap)?));
    }
    let catalog = env.cx.catalog.clone();
    let Some(r) = catalog.user_relation(view) else { return Ok(Value::Null) };
    let query: Option<Rc<Query>> = r.view.as_ref().and_then(|v| v.query.clone());
    match query {
        Some(q) => Ok(Value::text(&ruleutils::view_def(env.shared, env.cx, view, &q, pretty, wrap)?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn viewdef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    view_text(env, oid(args), pretty(args, 1), 0)
}

pub(super) fn viewdef_name(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = args[0].str();
    let found = names::parse_relation_name(env.shared, name)?;
    let Some(view) = found else { return Err(missing::relation(&name)) };
    view_text(env, view, pretty(args, 1), 0)
}

pub(super) fn viewdef_wrap(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    view_text(env, oid(args), true, args[1].i32())
}

pub(super) fn ruledef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let wanted = oid(args);
    let catalog = env.cx.catalog.clone();
    let found = relation_of(&catalog, |r| {
        (r.rules.iter().any(|u| u.oid == wanted) || r.oid == wanted && r.view.is_some()).then_some(())
    });
    match found {
        Some((r, ())) => optional(ruleutils::rule_def(env.shared, env.cx, &r, wanted, pretty(args, 1))?),
        None => Ok(Value::Null),
    }
}

pub(super) fn triggerdef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let wanted = oid(args);
    let catalog = env.cx.catalog.clone();
    match relation_of(&catalog, |r| r.triggers.iter().find(|t| t.oid == wanted).cloned()) {
        Some((r, t)) => optional(Some(ruleutils::trigger_def(env.shared, env.cx, &r, &t, pretty(args, 1))?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn partkeydef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let catalog = env.cx.catalog.clone();
    let Some(r) = catalog.user_relation(oid(args)) else { return Ok(Value::Null) };
    match &r.partition_key {
        Some(k) => optional(Some(ruleutils::partition_key(env.shared, env.cx, r, k, true)?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn functiondef(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match env.cx.catalog.proc(oid(args)) {
        Some(p) => optional(Some(ruleutils::function_def(env.shared, env.cx, &p)?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn function_sqlbody(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if let Some(b) = builtin::proc(oid(args)) {
        return optional(b.sql_body().map(str::to_string));
    }
    match env.cx.catalog.proc(oid(args)) {
        Some(p) if !p.body.is_empty() => optional(Some(ruleutils::sql_body(env.shared, env.cx, &p)?)),
        _ => Ok(Value::Null),
    }
}

pub(super) fn function_arguments(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match env.cx.catalog.proc(oid(args)) {
        Some(p) => optional(Some(ruleutils::function_arguments(env.shared, env.cx, &p, Arguments::All)?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn function_identity_arguments(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match env.cx.catalog.proc(oid(args)) {
        Some(p) => optional(Some(ruleutils::function_arguments(env.shared, env.cx, &p, Arguments::Identity)?)),
        None => Ok(Value::Null),
    }
}

pub(super) fn function_result(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    optional(env.cx.catalog.proc(oid(args)).and_then(|p| ruleutils::function_result(env.shared, env.cx, &p)))
}

pub(super) fn function_arg_default(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let catalog = env.cx.catalog.clone();
    let Some(p) = catalog.proc(oid(args)) else { return Ok(Value::Null) };
    let count = catalog.proc_default_count(&p);
    // The n-th argument among the inputs.
    let n = args[1].int();
    let modes: Vec<u8> = if p.modes.is_empty() { vec![b'i'; p.args.len()] } else { p.modes.clone() };
    if n < 1 || n as usize > modes.len() || !matches!(modes[n as usize - 1], b'i' | b'b' | b'v') {
        return Ok(Value::Null);
    }
    let input = modes[..n as usize].iter().filter(|m| matches!(**m, b'i' | b'b' | b'v')).count();
    let Some(at) = (input + count).checked_sub(p.args.len() + 1) else { return Ok(Value::Null) };
    match p.defaults.get(at) {
        Some(e) => optional(Some(ruleutils::expression(env.shared, env.cx, e, None, false)?)),
        None => optional(ruleutils::split_list(catalog.proc_default_text(p.oid).unwrap_or("")).get(at).cloned()),
    }
}
