//! DECLARE, FETCH, MOVE.
//!
//! A cursor keeps every row it has read, so that going back is looking at them again. It reads its plan only as far as
//! FETCH asks.

use std::rc::Rc;

use tusklet_error::{Error, Result, err};
use tusklet_exec::{Executor, Step};
use tusklet_syntax::ast::{DeclareCursorStmt, FetchDirection, FetchStmt, Stmt};
use tusklet_vector::Batch;

use crate::output::{Output, Tag};
use crate::portal::{Cursor, FetchState, Portal, PortalState, PortalStep};
use crate::query::Prepared;
use crate::session::Session;
use crate::utility::Started;

/// DECLARE.
pub fn declare(session: &mut Session, d: &DeclareCursorStmt, from: &Portal) -> Result<()> {
    let shared = session.shared.clone();
    let in_block = shared.transaction.borrow().as_ref().is_some_and(|t| t.block);
    if !d.options.hold && !in_block {
        return Err(err!(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks"));
    }
    if session.work.portals.contains_key(&d.portalname) {
        return Err(err!(DUPLICATE_CURSOR, "cursor \"{}\" already exists", d.portalname));
    }
    let stmt = Rc::new(Stmt::Select(d.query.clone()));
    let types = from.prepared.param_types.clone();
    let prepared = Rc::new(Prepared::new(&shared, from.prepared.sql.clone(), Some(stmt), types, false)?);
    let mut p = Portal::new(prepared, from.params.clone(), vec![]);
    p.cursor = Some(Cursor {
        no_scroll: d.options.no_scroll,
        hold: d.options.hold,
        binary: d.options.binary,
        text: from.prepared.sql.to_string(),
        created: shared.statement_start.get(),
        ..Cursor::default()
    });
    // The snapshot is of now, whenever the first FETCH comes.
    let program = p.prepared.program(&shared)?;
    let snapshot = shared.snapshot()?;
    p.state = PortalState::Query(Box::new(Executor::new(program, p.params.clone())), snapshot);
    session.work.portals.insert(d.portalname.clone(), p);
    if d.options.hold && !in_block {
        hold_at_commit(session)?;
    }
    Ok(())
}

/// FETCH and MOVE: works out which rows.
pub fn fetch(session: &mut Session, portal: &mut Portal, f: &FetchStmt) -> Result<Started> {
    let Some(p) = session.work.portals.get(&f.portalname) else {
        return Err(err!(INVALID_CURSOR_NAME, "cursor \"{}\" does not exist", f.portalname));
    };
    let Some(c) = &p.cursor else {
        return Err(Error::unsupported("FETCH from a portal that was not declared"));
    };
    let at = c.position;
    let n = f.how_many;
    // Rows from..=to, and where the cursor stands then.
    let (from, to, backward, rest) = match (f.direction, n) {
        (FetchDirection::Forward, n) if n > 0 => (at + 1, at.saturating_add(n), false, at.saturating_add(n)),
        (FetchDirection::Forward | FetchDirection::Backward, 0) => (at, at, false, at),
        (FetchDirection::Forward, n) => back(at, n.unsigned_abs() as i64),
        (FetchDirection::Backward, n) if n > 0 => back(at, n),
        (FetchDirection::Backward, n) => {
            let n = n.unsigned_abs() as i64;
            (at + 1, at.saturating_add(n), false, at.saturating_add(n))
        }
        (FetchDirection::Absolute, n) if n > 0 => (n, n, n <= at, n),
        (FetchDirection::Absolute, 0) => (0, 0, true, 0),
        (FetchDirection::Absolute, n) => (n, n, true, n),
        (FetchDirection::Relative, n) => {
            let to = (at + n).max(0);
            (to, to, n < 0, to)
        }
    };
    if backward && c.no_scroll {
        return Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward")
            .hint("Declare it with SCROLL option to enable backward scan."));
    }
    portal.columns = if f.ismove { None } else { p.columns.clone() };
    if c.binary {
        portal.formats = vec![1];
    }
    portal.state =
        PortalState::Fetch(FetchState { name: f.portalname.clone(), from, to, backward, silent: f.ismove, rest });
    Ok(Started::Running)
}

fn back(at: i64, n: i64) -> (i64, i64, bool, i64) {
    let from = if n == i64::MAX { 1 } else { (at - n).max(1) };
    (from, at - 1, true, if n == i64::MAX || at - n < 1 { 0 } else { at - n })
}

/// Goes on with a FETCH.
pub fn run_fetch(session: &mut Session, portal: &mut Portal, out: &mut dyn Output) -> Result<PortalStep> {
    let PortalState::Fetch(f) = &portal.state else { return Err(Error::internal("not fetching")) };
    let shared = session.shared.clone();
    let (name, silent, backward) = (f.name.clone(), f.silent, f.backward);
    let (mut from, mut to, mut rest) = (f.from, f.to, f.rest);
    let Some(mut source) = session.work.portals.remove(&name) else {
        return Err(err!(INVALID_CURSOR_NAME, "cursor \"{name}\" does not exist"));
    };
    let result = (|| {
        let target = if from < 0 { i64::MAX } else { to };
        let step = read_to(&shared, &mut source, target)?;
        if let Some(s) = step {
            return Ok(Err(s));
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
    })();
    let columns = source.columns.clone();
    session.work.portals.insert(name, source);
    let rows = match result? {
        Ok(rows) => rows,
        Err(step) => return Ok(step),
    };
    let n = rows.len() as u64;
    if let (false, Some(columns)) = (silent, columns) {
        let mut cx = shared.exec_cx(shared.snapshot()?)?;
        for (b, i) in rows {
            let one = Batch { columns: b.columns.clone(), sel: tusklet_vector::Sel::Rows(Rc::new(vec![i])) };
            out.rows(&mut cx, &columns, &portal.formats, &one)?;
        }
    }
    portal.state = PortalState::Done;
    Ok(PortalStep::Finished(Tag::counted(if silent { "MOVE" } else { "FETCH" }, n)))
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
fn read_to(shared: &crate::session::Shared, p: &mut Portal, target: i64) -> Result<Option<PortalStep>> {
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

/// WITH HOLD cursors are read to their end before the transaction that declared them commits.
pub fn hold_at_commit(session: &mut Session) -> Result<()> {
    let shared = session.shared.clone();
    let names: Vec<String> = session
        .work
        .portals
        .iter()
        .filter(|(_, p)| p.cursor.as_ref().is_some_and(|c| c.hold && !c.complete))
        .map(|(n, _)| n.clone())
        .collect();
    for n in names {
        let Some(mut p) = session.work.portals.remove(&n) else { continue };
        let r = loop {
            match read_to(&shared, &mut p, i64::MAX) {
                Ok(None) => break Ok(()),
                Ok(Some(PortalStep::Yield)) => continue,
                Ok(Some(_)) => break Err(err!(LOCK_NOT_AVAILABLE, "could not obtain lock for a held cursor")),
                Err(e) => break Err(e),
            }
        };
        session.work.portals.insert(n, p);
        r?;
    }
    Ok(())
}
