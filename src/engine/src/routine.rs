//! Functions written in SQL.

use std::rc::Rc;

use tusklet_analyze::Returned;
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, Proc};
use tusklet_error::{Error, Report, Result, Span, err, filled};
use tusklet_exec::ExecCx;
use tusklet_ir::{Oid, Query, Value};
use tusklet_syntax::ast::{RawStmt, Stmt};
use tusklet_vector::{CallSite, Datum, RowSource, TypeRef};

use crate::host::ValueRows;
use crate::query::{Analyzer, BodyContext, Prepared, prepare_in_function};
use crate::session::Shared;

/// Most functions inside functions.
const MAX_DEPTH: u32 = 60;

/// A function's body, analysed for certain argument types.
pub(crate) struct Body {
    /// What it was made for.
    types: Vec<Oid>,
    returned: Returned,
    version: u64,
    user: Oid,
    parts: Vec<Part>,
}

enum Part {
    Query(Rc<Prepared>),
    Command(Rc<Stmt>),
}

/// The type's part in a call's polymorphism: what `declared` arguments make of a polymorphic type.
fn settle(c: &Catalog, declared: &[Oid], actual: &[TypeRef], ty: Oid) -> Oid {
    use oids::*;
    if !tusklet_catalog::resolve::is_polymorphic(ty) {
        return ty;
    }
    let compatible = tusklet_catalog::resolve::is_polymorphic_family2(ty);
    let (mut element, mut range, mut multirange) = (0, 0, 0);
    for (d, a) in declared.iter().zip(actual).filter(|(d, _)| tusklet_catalog::resolve::is_polymorphic_family2(**d) == compatible) {
        let a = a.oid;
        match *d {
            // Of an array of unknown elements nothing more is known.
            ANYARRAY | ANYCOMPATIBLEARRAY => element = if a == ANYARRAY { a } else { c.base_element_type(a) },
            ANYRANGE | ANYCOMPATIBLERANGE => (range, element) = (a, c.range_subtype(c.base_type(a))),
            ANYMULTIRANGE | ANYCOMPATIBLEMULTIRANGE => {
                multirange = a;
                range = c.multirange_range(c.base_type(a));
                element = c.range_subtype(range);
            }
            d if tusklet_catalog::resolve::is_polymorphic(d) => element = a,
            _ => {}
        }
    }
    match ty {
        ANYARRAY | ANYCOMPATIBLEARRAY => c.array_type(element),
        ANYRANGE | ANYCOMPATIBLERANGE => range,
        ANYMULTIRANGE | ANYCOMPATIBLEMULTIRANGE if multirange == 0 => c.range_multirange(range),
        ANYMULTIRANGE | ANYCOMPATIBLEMULTIRANGE => multirange,
        _ => element,
    }
}

/// What a function's body must give as one value, for arguments of these types.
pub(crate) fn wanted(shared: &Shared, p: &Proc, args: &[Oid]) -> Returned {
    let c = shared.catalog();
    let actual: Vec<TypeRef> = args.iter().map(|t| TypeRef::new(*t)).collect();
    let site = CallSite {
        func: p.oid,
        result: TypeRef::new(settle(&c, &p.args, &actual, p.result)),
        args: actual,
        collation: 0,
        variadic: false,
        columns: None,
    };
    Returned { ty: site.result.oid, columns: row_columns(&c, p, &site), as_value: true }
}

/// An error found in a body that was to take its call's place.
pub(crate) fn while_inlining(e: Error, p: &Proc) -> Error {
    transpose(e, &p.source).context(filled!("SQL function \"{}\" during inlining"; p.name))
}

/// The columns of the rows a function returns, where they are known.
fn row_columns(c: &Catalog, p: &Proc, site: &CallSite) -> Option<Vec<TypeRef>> {
    if let Some(k) = &site.columns {
        return Some(k.iter().map(|k| k.1).collect());
    }
    let rel = c.type_relation(site.result.oid);
    if rel != 0 {
        return Some(c.relation(rel)?.columns.iter().filter(|k| !k.dropped).map(|k| k.ty).collect());
    }
    let out: Vec<TypeRef> = p
        .all_args
        .iter()
        .zip(&p.modes)
        .filter(|(_, m)| matches!(**m, b'o' | b'b' | b't'))
        .map(|(t, _)| TypeRef::new(settle(c, &p.args, &site.args, *t)))
        .collect();
    (out.len() > 1).then_some(out)
}

/// Moves an error's position from the statement's text into the function's, which goes with it.
pub(crate) fn transpose(mut e: Error, source: &str) -> Error {
    place_inside(e.report_mut(), source);
    e
}

fn place_inside(r: &mut Report, source: &str) {
    if r.span != Span::NONE && r.internal_query.is_none() {
        r.internal_span = std::mem::replace(&mut r.span, Span::NONE);
        r.internal_query = Some(source.to_string());
    }
}

/// The statements of a function's text, which is looked at for a call.
pub(crate) fn parse_body(shared: &Shared, p: &Proc, source: &str, when: &str) -> Result<Vec<RawStmt>> {
    shared.parse_text(source, &|w| {
        place_inside(w, source);
        w.context = Some(filled!("SQL function \"{}\" during {}"; p.name, when));
    })
}

/// Whether PostgreSQL would put the body in place of the call, were it one expression (`inline_function`, or for a set
/// `inline_set_returning_function`): errors found then are said to be of that time.
fn may_inline(p: &Proc, parts: usize) -> bool {
    let set = p.retset && (p.volatility == b'v' || p.strict);
    parts == 1 && p.kind == b'f' && !p.security_definer && p.config.is_empty() && !set && (p.retset || p.result != oids::RECORD)
}

fn make_body(shared: &Shared, p: &Proc, source: &str, types: Vec<Oid>, returned: Returned) -> Result<Body> {
    let (parts, count) = match make_parts(shared, p, source, &types, &returned, true, &|s| parse_body(shared, p, s, "startup")) {
        Ok(parts) => (Ok(parts), 0),
        Err(e) => {
            let count = if p.body.is_empty() { tusklet_syntax::parse(source).map_or(2, |l| l.len()) } else { p.body.len() };
            (Err(e), count)
        }
    };
    let parts = parts.map_err(|e| {
        let when = if may_inline(p, count) { "inlining" } else { "startup" };
        transpose(e, source).context(filled!("SQL function \"{}\" during {}"; p.name, when))
    })?;
    let version = shared.catalog.borrow().version();
    Ok(Body { types, returned, version, user: shared.user(), parts })
}

/// The statements of a body, with `plan` ready to run, else only analysed.
fn make_parts(
    shared: &Shared,
    p: &Proc,
    source: &str,
    types: &[Oid],
    returned: &Returned,
    plan: bool,
    parse: &dyn Fn(&str) -> Result<Vec<RawStmt>>,
) -> Result<Vec<Part>> {
    let text: Rc<str> = Rc::from(source);
    let mut statements: Vec<(Option<Rc<Query>>, Option<Rc<Stmt>>)> =
        p.body.iter().map(|q| (Some(q.clone()), None)).collect();
    if statements.is_empty() {
        statements.extend(parse(source)?.into_iter().map(|raw| (None, Some(Rc::new(raw.stmt)))));
    }
    let count = statements.len();
    let mut parts = vec![];
    let mut gives = false;
    for (i, (query, stmt)) in statements.into_iter().enumerate() {
        if let Some(s) = stmt.as_ref().filter(|s| !crate::query::is_query(s)) {
            if plan {
                check_command(p, s)?;
            }
            parts.push(Part::Command(s.clone()));
            gives = false;
            continue;
        }
        let body = BodyContext {
            function: p.name.clone(),
            names: input_names(p),
            query,
            returned: (i + 1 == count && p.kind != b'p').then(|| returned.clone()),
        };
        gives = true;
        if plan {
            let made = prepare_in_function(shared, text.clone(), stmt, types.to_vec(), body)?;
            parts.push(Part::Query(Rc::new(made)));
        } else {
            crate::query::analyze_in_function(shared, stmt.as_deref(), types, &body)?;
        }
    }
    if !gives && returned.ty != oids::VOID && p.kind != b'p' {
        return Err(tusklet_analyze::no_result(&mut Analyzer(shared), returned.ty));
    }
    Ok(parts)
}

/// Checks a body when its function is made (`fmgr_sql_validator`): with polymorphic arguments its syntax alone.
/// Warnings are sent as `place` leaves them.
pub(crate) fn validate(shared: &Shared, p: &Proc, place: &dyn Fn(&mut Report)) -> Result<()> {
    if p.args.iter().any(|t| tusklet_catalog::resolve::is_polymorphic(*t)) {
        return shared.parse_text(&p.source, place).map(|_| ());
    }
    let returned = wanted(shared, p, &p.args);
    make_parts(shared, p, &p.source, &p.args, &returned, false, &|s| shared.parse_text(s, place)).map(|_| ())
}

/// Refuses commands no SQL function may have.
pub(crate) fn check_command(p: &Proc, stmt: &Stmt) -> Result<()> {
    let what = match stmt {
        Stmt::Transaction(_) => "an SQL function",
        _ if p.volatility != b'v' => "a non-volatile function",
        _ => return Ok(()),
    };
    Err(err!(FEATURE_NOT_SUPPORTED, "{} is not allowed in {}"; crate::commands::tag(stmt), what))
}

fn body_for(
    shared: &Shared,
    p: &Proc,
    site: &CallSite,
    source: &str,
    columns: Option<Vec<TypeRef>>,
    as_value: bool,
) -> Result<Rc<Body>> {
    let ty = if site.result.oid == 0 { p.result } else { site.result.oid };
    let version = shared.catalog.borrow().version();
    let user = shared.user();
    if let Some(list) = shared.routines.borrow_mut().get_mut(&p.oid) {
        list.retain(|b| b.version == version);
        let found = list.iter().find(|b| {
            b.user == user
                && b.returned.ty == ty
                && b.returned.as_value == as_value
                && b.returned.columns == columns
                && b.types.iter().copied().eq(site.args.iter().map(|a| a.oid))
        });
        if let Some(b) = found {
            return Ok(b.clone());
        }
    }
    let types = site.args.iter().map(|a| a.oid).collect();
    let body = Rc::new(make_body(shared, p, source, types, Returned { ty, columns, as_value })?);
    shared.routines.borrow_mut().or_default(p.oid).push(body.clone());
    Ok(body)
}

fn run(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    func: Oid,
    site: &CallSite,
    args: &[Datum<'_>],
    columns: Option<&[TypeRef]>,
) -> Result<Vec<Vec<Value>>> {
    let Some(p) = cx.catalog.proc(func) else {
        return Err(err!(INTERNAL_ERROR, "cache lookup failed for function {func}"));
    };
    let source = match p.language {
        oids::LANGUAGE_SQL if p.source.is_empty() && p.body.is_empty() => builtin_body(func)?,
        oids::LANGUAGE_SQL => p.source.clone(),
        // CREATE FUNCTION … LANGUAGE internal over a built-in function that is in SQL.
        oids::LANGUAGE_INTERNAL => {
            let b = builtin::proc_by_source(&p.source).ok_or_else(|| Error::internal("no such built-in function"))?;
            builtin_body(b.oid())?
        }
        _ => return Err(Error::unsupported(filled!("function {}() in this language"; p.name))),
    };
    if shared.depth.get() >= MAX_DEPTH {
        return Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(
            "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.",
        ));
    }
    shared.depth.set(shared.depth.get() + 1);
    let mut around = Around::enter(shared, &p);
    let result = around.settings().and_then(|()| run_body(shared, cx, &p, site, args, columns, &source));
    drop(around);
    shared.depth.set(shared.depth.get() - 1);
    result
}

/// The user and the settings a function runs with, put back at its end.
struct Around<'s, 'p> {
    shared: &'s Shared,
    user: Option<(Oid, String)>,
    mark: Option<usize>,
    own: &'p [(String, String)],
}

impl<'s, 'p> Around<'s, 'p> {
    fn enter(shared: &'s Shared, p: &'p Proc) -> Around<'s, 'p> {
        let owner = p.security_definer.then(|| {
            let c = shared.catalog();
            let name = c.user_role(p.owner).map_or_else(|| "postgres".to_string(), |r| r.name.clone());
            shared.current_user.replace((p.owner, name))
        });
        if owner.is_some() {
            shared.forget_path();
        }
        Around { shared, user: owner, mark: None, own: &p.config }
    }

    fn settings(&mut self) -> Result<()> {
        if self.own.is_empty() {
            return Ok(());
        }
        self.mark = Some(self.shared.settings.borrow().mark());
        for (name, value) in self.own {
            self.shared.settings.borrow_mut().set(name, value, true, crate::settings::Source::Session)?;
        }
        self.shared.settings_changed();
        Ok(())
    }
}

impl Drop for Around<'_, '_> {
    fn drop(&mut self) {
        if let Some(m) = self.mark {
            self.shared.settings.borrow_mut().leave(m, self.own);
            self.shared.settings_changed();
        }
        if let Some(u) = self.user.take() {
            *self.shared.current_user.borrow_mut() = u;
            self.shared.forget_path();
        }
    }
}

fn run_body(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    p: &Proc,
    site: &CallSite,
    args: &[Datum<'_>],
    columns: Option<&[TypeRef]>,
    source: &str,
) -> Result<Vec<Vec<Value>>> {
    let row = site.result.oid == oids::RECORD || cx.catalog.type_relation(site.result.oid) != 0;
    // A set of rows as single values has the row type for its only column.
    let as_value = columns.is_none_or(|k| matches!(k, [one] if one.oid == site.result.oid));
    let known = match columns {
        _ if !row => None,
        Some(k) if !as_value => Some(k.to_vec()),
        _ => row_columns(&cx.catalog, p, site),
    };
    let body = body_for(shared, p, site, source, known, as_value)?;
    let values: Vec<Value> = args.iter().map(|a| a.to_value()).collect();
    let mut rows = Vec::new();
    let count = body.parts.len();
    for (i, part) in body.parts.iter().enumerate() {
        let inner = || -> Result<Vec<Vec<Value>>> {
            let prepared = match part {
                Part::Query(q) => q,
                Part::Command(stmt) => {
                    shared.tx()?.next_command();
                    crate::commands::run(shared, stmt, source)?;
                    shared.tx()?.next_command();
                    return Ok(vec![]);
                }
            };
            let program = prepared.program(shared)?;
            let snapshot = if p.volatility == b'v' {
                shared.tx()?.next_command();
                shared.snapshot()?
            } else {
                cx.snapshot.clone()
            };
            let mut inner = shared.exec_cx(snapshot)?;
            let (_, batches) = crate::query::run_program(shared, &mut inner, program, &values)?;
            Ok(if i + 1 == count { crate::query::rows_of(&batches) } else { vec![] })
        };
        let said = shared.notices.borrow().len();
        let result = inner();
        let whose = || format!("SQL function \"{}\" statement {}", p.name, i + 1);
        for n in shared.notices.borrow_mut().iter_mut().skip(said) {
            place_inside(n, source);
            match &mut n.context {
                Some(c) => *c = filled!("{}\n{}"; c, whose()),
                none => *none = Some(whose()),
            }
        }
        rows = result.map_err(|e| transpose(e, source).context(whose()))?;
    }
    Ok(if body.returned.ty == oids::VOID { vec![] } else { rows })
}

/// What the input arguments are called; empty where they have no name.
pub(crate) fn input_names(p: &Proc) -> Vec<String> {
    let input = |n: usize| p.modes.is_empty() || matches!(p.modes.get(n), Some(b'i' | b'b' | b'v'));
    p.arg_names.iter().enumerate().filter(|(n, _)| input(*n)).map(|(_, name)| name.clone()).collect()
}

/// A built-in function's SQL text.
pub(crate) fn builtin_body(func: Oid) -> Result<String> {
    let text = tusklet_catalog::builtin::proc(func).and_then(|p| p.sql_body());
    match text {
        Some(t) if t.starts_with("RETURN ") => Ok(filled!("SELECT {}"; &t[7..])),
        Some(t) => {
            let body = t.trim().strip_prefix("BEGIN ATOMIC").and_then(|b| b.trim_end().strip_suffix("END"));
            Ok(body.unwrap_or(t).trim().trim_end_matches(';').to_string())
        }
        None => Err(err!(INTERNAL_ERROR, "function {func} has no body")),
    }
}

/// Calls a function that gives one value.
pub fn call(shared: &Shared, cx: &mut ExecCx<'_>, func: Oid, site: &CallSite, args: &[Datum<'_>]) -> Result<Value> {
    let rows = run(shared, cx, func, site, args, None)?;
    Ok(rows.into_iter().next().and_then(|r| r.into_iter().next()).unwrap_or_default())
}

/// Calls a function that gives rows of these columns.
pub fn call_set(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    func: Oid,
    site: &CallSite,
    args: &[Datum<'_>],
    columns: &[TypeRef],
) -> Result<Box<dyn RowSource>> {
    Ok(ValueRows::boxed(run(shared, cx, func, site, args, Some(columns))?))
}
