//! EXPLAIN: the plan as PostgreSQL prints one.
//!
//! [`node`] makes one tree of properties of a plan, named as PostgreSQL's JSON names them; [`format`] writes it in any of
//! the formats.

mod format;
mod node;

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Result, err, filled, match_word};
use tusklet_exec::{Executor, NodeStats, Step};
use tusklet_ir::{Query, ResultColumn, TypeRef, Value};
use tusklet_syntax::ast::{DefArg, ExplainStmt, Stmt};

use crate::commands::option_text;
use crate::query::{Prepared, analyze_query, bound_query, compile, is_query, rewrite};
use crate::session::{Session, Shared};

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Text,
    Json,
    Xml,
    Yaml,
}

/// What was asked for.
struct Options {
    analyze: bool,
    costs: bool,
    timing: bool,
    summary: bool,
    verbose: bool,
    format: Format,
}

fn options(e: &ExplainStmt) -> Result<Options> {
    let mut o =
        Options { analyze: false, costs: true, timing: true, summary: false, verbose: false, format: Format::Text };
    let mut summary = None;
    for d in &e.options {
        let on = || -> Result<bool> {
            match &d.arg {
                None => Ok(true),
                Some(DefArg::Boolean(b)) => Ok(*b),
                Some(DefArg::Integer(n)) => Ok(*n != 0),
                Some(DefArg::String(_) | DefArg::TypeName(_)) => crate::settings::parse_bool(&option_text(d)?)
                    .ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value"; d.name)),
                _ => Err(err!(SYNTAX_ERROR, "{} requires a Boolean value"; d.name)),
            }
        };
        match_word!(d.name.as_str();
            "analyze" => o.analyze = on()?,
            "costs" => o.costs = on()?,
            "timing" => o.timing = on()?,
            "verbose" => o.verbose = on()?,
            "summary" => summary = Some(on()?),
            "buffers" | "settings" | "wal" => {
                if on()? {
                    return Err(Error::unsupported(filled!("EXPLAIN ({})"; d.name.to_ascii_uppercase())));
                }
            },
            "format" => {
                let f = match &d.arg {
                    Some(DefArg::String(_) | DefArg::TypeName(_)) => option_text(d)?,
                    _ => String::new(),
                };
                match f.as_str() {
                    "text" => o.format = Format::Text,
                    "json" => o.format = Format::Json,
                    "xml" => o.format = Format::Xml,
                    "yaml" => o.format = Format::Yaml,
                    f => {
                        return Err(err!(
                            INVALID_PARAMETER_VALUE, "unrecognized value for EXPLAIN option \"format\": \"{}\""; f
                        )
                        .at(d.span));
                    }
                }
            };
            n => return Err(err!(SYNTAX_ERROR, "unrecognized EXPLAIN option \"{}\""; n).at(d.span)),
        )
    }
    o.summary = summary.unwrap_or(o.analyze);
    Ok(o)
}

/// The result column.
pub fn column(e: &ExplainStmt) -> Result<ResultColumn> {
    let (ty, collation) = match options(e)?.format {
        Format::Text | Format::Yaml => (oids::TEXT, 100),
        Format::Json => (oids::JSON, 0),
        Format::Xml => (oids::XML, 0),
    };
    Ok(ResultColumn { name: "QUERY PLAN".into(), ty: TypeRef::new(ty), collation, origin: (0, 0) })
}

/// The query to explain: of EXECUTE the prepared one with its parameters' values, of CREATE TABLE AS and DECLARE the one
/// inside.
fn explained(shared: &Shared, stmt: &Stmt, given: &Prepared, params: &[Value]) -> Result<Query> {
    match stmt {
        Stmt::Execute(x) => {
            let (prepared, values) = crate::utility::execute_target(shared, x)?;
            match prepared.stmt.as_deref() {
                Some(s) if is_query(s) => rewrite(shared, bound_query(shared, s, &prepared, &values)?),
                _ => Err(Error::unsupported("EXPLAIN of this statement")),
            }
        }
        Stmt::CreateTableAs(c) => explained(shared, &c.query, given, params),
        Stmt::DeclareCursor(d) => explained(shared, &Stmt::Select(d.query.clone()), given, params),
        s if is_query(s) && !params.is_empty() => rewrite(shared, bound_query(shared, s, given, params)?),
        s if is_query(s) => analyze_query(shared, s, &mut tusklet_analyze::ParamTypes::variable(vec![])),
        _ => Err(Error::unsupported("EXPLAIN of this statement")),
    }
}

/// Explains, and with ANALYZE runs.
pub fn run(
    session: &mut Session,
    e: &ExplainStmt,
    given: &Prepared,
    params: &std::rc::Rc<[Value]>,
) -> Result<Vec<String>> {
    let o = options(e)?;
    if o.analyze && matches!(e.query, Stmt::CreateTableAs(_)) {
        return Err(Error::unsupported("EXPLAIN ANALYZE of CREATE TABLE AS"));
    }
    let shared = session.shared.clone();
    let started = shared.db.env.now();
    let query = explained(&shared, &e.query, given, params)?;
    let program = compile(&shared, query.clone())?;
    let planned = shared.db.env.now();
    let mut stats: Option<Vec<NodeStats>> = None;
    if o.analyze {
        let snapshot = shared.snapshot()?;
        let mut cx = shared.exec_cx(snapshot)?;
        let mut run = Executor::new(program.clone(), params.clone()).instrument();
        loop {
            match run.step(&mut cx, 2048)? {
                Step::Done => break,
                Step::Batch(_) => {}
                Step::Yield => tusklet_exec::Host::check_interrupts(&*shared)?,
                Step::Blocked(_) | Step::Restart(_) => {
                    return Err(err!(LOCK_NOT_AVAILABLE, "could not obtain lock on row"));
                }
            }
        }
        stats = run.stats().map(<[NodeStats]>::to_vec);
        shared.tx()?.next_command();
    }
    let ended = shared.db.env.now();
    let snapshot = shared.snapshot()?;
    let mut cx = shared.exec_cx(snapshot)?;
    let mut first = node::Explainer::new(&shared, &mut cx, &program.stmt, &query, &o, stats);
    let alone = first.alone;
    let mut plan = first.statement()?;
    if o.verbose && alone {
        // With VERBOSE columns show their table wherever they stand, but in output lists only when there are several.
        let mut bare = node::Explainer::new(&shared, &mut cx, &program.stmt, &query, &o, None);
        bare.prefix = false;
        node::take_outputs(&mut plan, bare.statement()?);
    }
    let mut times = Vec::new();
    if o.summary {
        times.push(("Planning Time", (planned - started) as f64 / 1000.0));
        if o.analyze {
            times.push(("Execution Time", (ended - planned) as f64 / 1000.0));
        }
    }
    let report = format::Report { plan, times };
    Ok(match o.format {
        Format::Text => format::text(&report),
        Format::Json => vec![format::json(&report)],
        Format::Xml => vec![format::xml(&report)],
        Format::Yaml => vec![format::yaml(&report)],
    })
}
