//! DECLARE, FETCH, MOVE.
//!
//! A cursor keeps every row it has read, so that going back is looking at them again. It reads its plan only as far as
//! FETCH asks.

use std::rc::Rc;

use tusklet_error::{Error, Result, err};
use tusklet_exec::{Executor, Step};
use tusklet_ir::{Node, Plan};
use tusklet_syntax::ast::{DeclareCursorStmt, FetchDirection, FetchStmt, Stmt};
use tusklet_vector::{Batch, Value};

use crate::missing;
use crate::output::{Output, Tag};
use crate::portal::{Cursor, FetchState, Portal, PortalState, PortalStep, Span};
use crate::query::Prepared;
use crate::session::{Session, Shared};
use crate::utility::Started;

/// DECLARE.
pub fn declare(session: &mut Session, d: &DeclareCursorStmt, from: &Portal) -> Result<()> {
    let shared = session.shared.clone();
    if !d.options.hold && !shared.in_block() {
        return Err(err!(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks"));
    }
    if session.has_portal(&d.portalname) {
        return Err(err!(DUPLICATE_CURSOR, "cursor \"{}\" already exists", d.portalname));
    }
    check_options(d)?;
    let stmt = Rc::new(Stmt::Select(d.query.clone()));
    let types = from.prepared.param_types.clone();
    let prepared = Rc::new(Prepared::new(&shared, from.prepared.sql.clone(), Some(stmt), types, false)?);
    let mut p = Portal::new(prepared, from.params.clone(), vec![]);
    let program = p.prepared.program(&shared)?;
    // Rows that are locked are read once (`PerformCursorOpen`).
    let backward = d.query.locking_clause.is_empty() && supports_backward_scan(&program.stmt.plan);
    p.level = shared.savepoints();
    p.cursor = Some(Cursor {
        no_scroll: d.options.no_scroll || (!d.options.scroll && !backward),
        hold: d.options.hold,
        binary: d.options.binary,
        text: from.prepared.sql.to_string(),
        created: shared.statement_start.get(),
        ..Cursor::default()
    });
    // The snapshot is of now, whenever the first FETCH comes.
    let snapshot = shared.snapshot()?;
    p.state = PortalState::Query(Box::new(Executor::new(program, p.params.clone())), snapshot);
    shared.cursors.borrow_mut().insert(d.portalname.clone(), p);
    Ok(())
}

/// What a cursor may not be together (`transformDeclareCursorStmt`).
fn check_options(d: &DeclareCursorStmt) -> Result<()> {
    let o = d.options;
    for (both, names) in [
        (o.scroll && o.no_scroll, "SCROLL and NO SCROLL"),
        (o.asensitive && o.insensitive, "ASENSITIVE and INSENSITIVE"),
    ] {
        if both {
            return Err(err!(INVALID_CURSOR_DEFINITION, "cannot specify both {names}"));
        }
    }
    let ctes = d.query.with_clause.as_ref().map_or(&[][..], |w| &w.ctes);
    if ctes.iter().any(|c| !matches!(*c.query, Stmt::Select(_))) {
        return Err(err!(
            FEATURE_NOT_SUPPORTED,
            "DECLARE CURSOR must not contain data-modifying statements in WITH"
        ));
    }
    let Some(lock) = d.query.locking_clause.first().map(|l| tusklet_analyze::lock_name(l.strength)) else { return Ok(()) };
    let (what, detail) = match () {
        () if o.hold => ("DECLARE CURSOR WITH HOLD ... ", "Holdable cursors must be READ ONLY."),
        () if o.scroll => ("DECLARE SCROLL CURSOR ... ", "Scrollable cursors must be READ ONLY."),
        () if o.insensitive => {
            let e = err!(INVALID_CURSOR_DEFINITION, "DECLARE INSENSITIVE CURSOR ... {lock} is not valid");
            return Err(e.detail("Insensitive cursors must be READ ONLY."));
        }
        () => return Ok(()),
    };
    Err(err!(FEATURE_NOT_SUPPORTED, "{what}{lock} is not supported").detail(detail))
}

/// Whether a cursor that does not say SCROLL can be read backwards: in PostgreSQL it depends on the plan (`ExecSupportsBackwardScan`).
fn supports_backward_scan(plan: &Plan) -> bool {
    match &plan.node {
        Node::Result { input: Some(input), .. }
        | Node::SubqueryScan { input, .. }
        | Node::With { input, .. }
        | Node::Limit { input, .. } => supports_backward_scan(input),
        Node::Append { inputs, .. } => inputs.iter().all(supports_backward_scan),
        Node::SeqScan { sample: None, .. }
        | Node::IndexScan { .. }
        | Node::TidScan { .. }
        | Node::CatalogScan { .. }
        | Node::FunctionScan { .. }
        | Node::ValuesScan { .. }
        | Node::LiteralScan { .. }
        | Node::CteScan { .. }
        | Node::Material { .. }
        | Node::Sort { presorted: 0, .. } => true,
        _ => false,
    }
}

/// FETCH and MOVE: works out which rows.
pub fn fetch(session: &mut Session, portal: &mut Portal, f: &FetchStmt) -> Result<Started> {
    let mut cursors = session.shared.cursors.borrow_mut();
    let Some(p) = cursors.get_mut(&f.portalname) else {
        if session.work.portals.contains_key(&f.portalname) {
            return Err(Error::unsupported("FETCH from a portal that was not declared"));
        }
        return Err(missing::cursor(&f.portalname));
    };
    let Some(c) = &mut p.cursor else { return Err(Error::internal("not a cursor")) };
    let span = Span::of(c.position, f.direction, f.how_many);
    span.check(&f.portalname, c)?;
    portal.columns = if f.ismove { None } else { p.columns.clone() };
    if c.binary {
        portal.formats = vec![1];
    }
    portal.state = PortalState::Fetch(FetchState { name: f.portalname.clone(), span, silent: f.ismove });
    Ok(Started::Running)
}

/// Takes a cursor out of the session while it runs: its plan may call what looks at the others.
pub(crate) fn take(shared: &Shared, name: &str) -> Option<Portal> {
    shared.cursors.borrow_mut().remove(name)
}

impl Span {
    /// The rows that a cursor at row `at` is asked for.
    fn of(at: i64, direction: FetchDirection, n: i64) -> Span {
        let forward = |n: i64| Span { from: at + 1, to: at.saturating_add(n), backward: false, rest: at.saturating_add(n) };
        let back = |n: i64| {
            let from = if n == i64::MAX { 1 } else { (at - n).max(1) };
            Span { from, to: at - 1, backward: true, rest: if n == i64::MAX || at - n < 1 { 0 } else { at - n } }
        };
        let one = |n, backward| Span { from: n, to: n, backward, rest: n };
        let many = n.unsigned_abs() as i64;
        match direction {
            FetchDirection::Forward | FetchDirection::Backward if n == 0 => one(at, false),
            FetchDirection::Forward if n > 0 => forward(n),
            FetchDirection::Backward if n < 0 => forward(many),
            FetchDirection::Forward | FetchDirection::Backward => back(many),
            FetchDirection::Absolute if n > 0 => one(n, n <= at),
            FetchDirection::Absolute => one(n, true),
            FetchDirection::Relative => one((at + n).max(0), n < 0),
        }
    }

    fn check(&self, name: &str, c: &mut Cursor) -> Result<()> {
        if c.failed {
            return Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{name}\" cannot be run"));
        }
        if self.backward && c.no_scroll {
            c.failed = true;
            return Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
                .hint("Declare it with SCROLL option to enable backward scan."));
        }
        Ok(())
    }
}

/// Goes on with a FETCH, whose rows the portal then has.
pub fn run_fetch(session: &mut Session, portal: &mut Portal, out: &mut dyn Output) -> Result<Option<PortalStep>> {
    let PortalState::Fetch(f) = &portal.state else { return Err(Error::internal("not fetching")) };
    let shared = session.shared.clone();
    let (name, silent, span) = (f.name.clone(), f.silent, f.span);
    let Some(mut source) = take(&shared, &name) else { return Err(missing::cursor(&name)) };
    let result = read_span(&shared, &mut source, span);
    shared.cursors.borrow_mut().insert(name, source);
    let rows = match result? {
        Ok(rows) => rows,
        Err(step) => return Ok(Some(step)),
    };
    session.flush_notices(out, &portal.prepared.sql);
    if let (false, Some(columns)) = (portal.described, &portal.columns) {
        out.columns(columns, &portal.formats)?;
    }
    if silent {
        portal.state = PortalState::Done;
        return Ok(Some(PortalStep::Finished(Tag::counted("MOVE", rows.len() as u64))));
    }
    let one = |(b, i): (Batch, u16)| Batch { columns: b.columns, sel: tusklet_vector::Sel::Rows(Rc::new(vec![i])) };
    portal.state = PortalState::Rows(rows.into_iter().map(one).collect(), Tag::counted("FETCH", 0));
    Ok(None)
}

/// A span's rows, the cursor then standing behind them; or why it must pause.
fn read_span(shared: &Shared, source: &mut Portal, span: Span) -> Result<Result<Vec<(Batch, u16)>, PortalStep>> {
    let Span { mut from, mut to, backward, mut rest } = span;
    let target = if from < 0 { i64::MAX } else { to };
    let read = read_to(shared, source, target);
    if let (Err(_), Some(c)) = (&read, &mut source.cursor) {
        c.failed = true;
    }
    if let Some(step) = read? {
        return Ok(Err(step));
    }
    let Some(c) = &mut source.cursor else { return Err(Error::internal("not a cursor")) };
    if from < 0 {
        // ABSOLUTE -n counts from the end.
        from = (c.rows + 1 + from).max(0);
        (to, rest) = (from, from);
    }
    let last = to.min(c.rows);
    let first = from.max(1);
    let mut rows = Vec::new();
    if first <= last {
        rows = pick(&c.batches, first, last);
        if backward {
            rows.reverse();
        }
    }
    c.position = if rest > c.rows { c.rows + 1 } else { rest };
    Ok(Ok(rows))
}

/// What a function fetches: `count` rows on.
pub(crate) fn fetch_rows(shared: &Shared, name: &str, count: i64) -> Result<Vec<Vec<Value>>> {
    let Some(mut p) = take(shared, name) else { return Err(missing::cursor(name)) };
    let span = Span::of(p.cursor.as_ref().map_or(0, |c| c.position), FetchDirection::Forward, count);
    let checked = p.cursor.as_mut().map_or(Ok(()), |c| span.check(name, c));
    let rows = checked.and_then(|()| at_once(|| read_span(shared, &mut p, span)));
    shared.cursors.borrow_mut().insert(name.to_string(), p);
    let rows = rows?;
    Ok(rows.iter().map(|(b, i)| b.columns.iter().map(|c| c.get(usize::from(*i)).to_value()).collect()).collect())
}

/// Runs to the end what would rather pause; what another transaction holds cannot be waited for here.
fn at_once<T>(mut step: impl FnMut() -> Result<Result<T, PortalStep>>) -> Result<T> {
    loop {
        match step()? {
            Ok(done) => return Ok(done),
            Err(PortalStep::Yield) => {}
            Err(_) => return Err(err!(LOCK_NOT_AVAILABLE, "could not obtain lock for a cursor")),
        }
    }
}

/// Rows `first..=last`, counted from 1.
fn pick(batches: &[Batch], first: i64, last: i64) -> Vec<(Batch, u16)> {
    let mut rows = Vec::new();
    let mut seen = 0;
    for b in batches {
        let n = b.len() as i64;
        if seen + n >= first && seen < last {
            for k in 0..n {
                if (first..=last).contains(&(seen + k + 1)) {
                    rows.push((b.clone(), b.sel.row(k as usize) as u16));
                }
            }
        }
        seen += n;
    }
    rows
}

/// Reads a cursor's plan until it has `target` rows or ends. `Some`: it must pause.
fn read_to(shared: &Shared, p: &mut Portal, target: i64) -> Result<Option<PortalStep>> {
    let Some(c) = &mut p.cursor else { return Ok(None) };
    while !c.complete && c.rows < target {
        let PortalState::Query(run, snapshot) = &mut p.state else {
            c.complete = true;
            break;
        };
        let mut cx = shared.exec_cx(snapshot.clone())?;
        let want = (target - c.rows).clamp(1, 2048) as usize;
        match run.step(&mut cx, want)? {
            Step::Batch(b) => {
                c.rows += b.len() as i64;
                c.batches.push(b);
            }
            Step::Done => {
                c.complete = true;
                p.state = PortalState::Done;
            }
            Step::Yield => return Ok(Some(PortalStep::Yield)),
            Step::Blocked(w) | Step::Restart(w) => return Ok(Some(PortalStep::Blocked(w))),
        }
    }
    Ok(None)
}

/// Execute of a cursor: the next rows, as FETCH FORWARD gives them.
pub fn run_execute(shared: &Shared, p: &mut Portal, max: usize, out: &mut dyn Output) -> Result<PortalStep> {
    shared.begin_transaction(false);
    shared.refresh_catalog()?;
    let at = p.cursor.as_ref().map_or(0, |c| c.position);
    let count = if max == 0 { i64::MAX } else { max as i64 };
    let rows = match read_span(shared, p, Span::of(at, FetchDirection::Forward, count))? {
        Ok(rows) => rows,
        Err(step) => return Ok(step),
    };
    let mut cx = shared.exec_cx(shared.snapshot()?)?;
    let n = rows.len();
    for (b, i) in rows {
        let one = Batch { columns: b.columns, sel: tusklet_vector::Sel::Rows(Rc::new(vec![i])) };
        out.rows(&mut cx, p.columns.as_deref().unwrap_or_default(), &p.formats, &one)?;
    }
    Ok(if max != 0 && n == max { PortalStep::Suspended } else { PortalStep::Finished(Tag::counted("SELECT", n as u64)) })
}

/// WITH HOLD cursors are read to their end before the transaction that declared them commits.
pub fn hold_at_commit(session: &mut Session) -> Result<()> {
    let shared = session.shared.clone();
    let names: Vec<String> = shared
        .cursors
        .borrow()
        .iter()
        .filter(|(_, p)| p.cursor.as_ref().is_some_and(|c| c.hold && !c.kept && !c.failed))
        .map(|(n, _)| n.clone())
        .collect();
    for n in names {
        let Some(mut p) = take(&shared, &n) else { continue };
        let r = at_once(|| Ok(read_to(&shared, &mut p, i64::MAX)?.map_or(Ok(()), Err)));
        if let (Ok(_), Some(c)) = (&r, &mut p.cursor) {
            c.kept = true;
        }
        shared.cursors.borrow_mut().insert(n, p);
        r?;
    }
    Ok(())
}
