//! Functions written in SQL.

use std::rc::Rc;

use tusklet_error::{Error, Result, err};
use tusklet_exec::ExecCx;
use tusklet_ir::{Oid, Value};
use tusklet_vector::{CallSite, Datum, RowSource, TypeRef};

use crate::host::ValueRows;
use crate::query::Prepared;
use crate::session::Shared;

/// OID of language SQL.
const SQL: Oid = 14;

/// Most functions inside functions.
const MAX_DEPTH: u32 = 60;

fn run(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    func: Oid,
    site: &CallSite,
    args: &[Datum<'_>],
    limit_one: bool,
) -> Result<Vec<Vec<Value>>> {
    let Some(p) = cx.catalog.proc(func) else {
        return Err(Error::internal(format!("cache lookup failed for function {func}")));
    };
    if p.language != SQL {
        return Err(Error::unsupported(format!("function {}() in this language", p.name)));
    }
    if shared.depth.get() >= MAX_DEPTH {
        return Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(
            "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.",
        ));
    }
    shared.depth.set(shared.depth.get() + 1);
    let result = (|| {
        let source = if p.source.is_empty() { builtin_body(func)? } else { p.source.clone() };
        let mut rows = Vec::new();
        let list = tusklet_syntax::parse(&source)?;
        let count = list.len();
        for (i, raw) in list.into_iter().enumerate() {
            let last = i + 1 == count;
            let types: Vec<Oid> = site.args.iter().map(|a| a.oid).collect();
            let key = format!("\u{1}{func}/{i}/{types:?}");
            // CREATE OR REPLACE gives the same function another body.
            let known = shared.internal_plans.borrow().get(&key).filter(|p| *p.sql == *source).cloned();
            let prepared = match known {
                Some(p) => p,
                None => {
                    let made = crate::query::prepare_in_function(shared, Rc::from(source.as_str()), raw.stmt, types, &input_names(&p))?;
                    let made: Rc<Prepared> = Rc::new(made);
                    shared.internal_plans.borrow_mut().insert(key, made.clone());
                    made
                }
            };
            let program = prepared.program(shared)?;
            let values: Vec<Value> = args.iter().map(|a| a.to_value()).collect();
            let snapshot = cx.snapshot.clone();
            let mut inner = shared.exec_cx(if p.volatility == b'v' {
                shared.tx()?.next_command();
                shared.snapshot()?
            } else {
                snapshot
            })?;
            let (_, batches) = crate::query::run_program(shared, &mut inner, program, &values)?;
            if last {
                rows = crate::query::rows_of(&batches);
                if limit_one {
                    rows.truncate(1);
                }
            }
        }
        Ok(rows)
    })();
    shared.depth.set(shared.depth.get() - 1);
    result.map_err(|e: Error| e.context(format!("SQL function \"{}\"", p.name)))
}

/// What the input arguments are called; empty where they have no name.
fn input_names(p: &tusklet_catalog::live::Proc) -> Vec<String> {
    let input = |n: usize| p.modes.is_empty() || matches!(p.modes.get(n), Some(b'i' | b'b' | b'v'));
    p.arg_names.iter().enumerate().filter(|(n, _)| input(*n)).map(|(_, name)| name.clone()).collect()
}

/// A built-in function's SQL text.
pub(crate) fn builtin_body(func: Oid) -> Result<String> {
    let text = tusklet_catalog::builtin::proc(func).and_then(|p| p.sql_body());
    match text {
        Some(t) if t.starts_with("RETURN ") => Ok(format!("SELECT {}", &t[7..])),
        Some(t) => {
            let body = t.trim().strip_prefix("BEGIN ATOMIC").and_then(|b| b.trim_end().strip_suffix("END"));
            Ok(body.unwrap_or(t).trim().trim_end_matches(';').to_string())
        }
        None => Err(Error::internal(format!("function {func} has no body"))),
    }
}

/// Calls a function that gives one value.
pub fn call(shared: &Shared, cx: &mut ExecCx<'_>, func: Oid, site: &CallSite, args: &[Datum<'_>]) -> Result<Value> {
    let rows = run(shared, cx, func, site, args, true)?;
    let Some(row) = rows.into_iter().next() else { return Ok(Value::Null) };
    if row.len() == 1 {
        return Ok(row.into_iter().next().unwrap_or_default());
    }
    Err(Error::unsupported("a SQL function that returns a row as one value"))
}

/// Calls a function that gives rows.
pub fn call_set(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    func: Oid,
    site: &CallSite,
    args: &[Datum<'_>],
    _columns: &[TypeRef],
) -> Result<Box<dyn RowSource>> {
    Ok(ValueRows::boxed(run(shared, cx, func, site, args, false)?))
}
