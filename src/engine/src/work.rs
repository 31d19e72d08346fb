//! What a session is doing, one step at a time.
//!
//! A request (a simple query, an Execute) is a task. [`Session::step`] advances it until it is done or has to wait: for
//! another transaction, for the log to be durable, for the host. Nothing here blocks and nothing recurses into itself, so
//! many sessions take turns on one thread.

use std::rc::Rc;

use tusklet_error::{Error, Result, SortedMap, Span, err};
use tusklet_exec::{Executor, Step};
use tusklet_ir::{CommandType, Value};
use tusklet_storage::{LockMode, LockTag, Lsn, TableLock, Wait};
use tusklet_syntax::ast::Stmt;
use tusklet_syntax::{Item, Known, Script};
use tusklet_vector::Batch;

use crate::output::{Output, Tag};
use crate::portal::{Cursor, Portal, PortalState, PortalStep};
use crate::query::{Prepared, is_query};
use crate::session::{Session, Shared};
use crate::{cold, constraints, utility};

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The request is answered; ready for the next.
    Done,
    /// Call again after others had their turn.
    Yield,
    /// Another transaction must end first.
    Blocked,
    /// The commit is complete when the log is durable up to here.
    Ack(Lsn),
    /// A segment of storage must be loaded.
    Segment,
    /// The output is full: take it and call again.
    Full,
    /// COPY wants data: [`Session::copy_data`], [`Session::copy_done`], [`Session::copy_fail`].
    CopyIn,
}

/// What [`Session::execute_once`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// Answered and committed.
    Done,
    /// Committed; the log is still to be waited for: [`Session::step`] until done.
    Committing,
    /// It goes on, as an Execute of the unnamed portal; Sync is still to be said. What it waits for.
    Running(Status),
}

#[cold]
fn no_portal(name: &str) -> Error {
    err!(INVALID_CURSOR_NAME, "portal \"{}\" does not exist"; name)
}

/// A session's task and portals.
#[derive(Default)]
pub struct Work {
    task: Option<Task>,
    pub(crate) portals: SortedMap<String, Portal>,
    waiting: Option<Wait>,
    /// When that began, for `lock_timeout`.
    waiting_since: i64,
    /// After an error in the extended protocol everything is skipped up to Sync.
    pub(crate) skip: bool,
}

enum Task {
    Simple(Simple),
    Execute { portal: String, max: usize },
    /// The commit at Sync.
    Sync,
    /// Only waiting for the log.
    Ack(Lsn, Option<Tag>, Box<Option<Task>>),
}

pub(crate) struct Simple {
    pub(crate) sql: Rc<str>,
    pub(crate) queue: std::vec::IntoIter<Item>,
    /// Of the statements of known shapes.
    pub(crate) literals: Vec<Span>,
    current: Option<Portal>,
    /// What `current` runs, if its shape was known.
    known: Option<Known>,
    /// A statement that had to wait before it began: it is looked at anew.
    again: Option<Known>,
    pub(crate) any: bool,
}

/// Rows asked of the executor at a time.
const WANT: usize = 2048;

impl Session {
    /// Whether a request is under way.
    pub fn is_busy(&self) -> bool {
        self.work.task.is_some()
    }

    /// Begins a simple query: any number of statements.
    pub fn simple_query(&mut self, sql: &str, out: &mut dyn Output) {
        self.start_request();
        self.flush(out, "");
        self.work.portals.remove("");
        self.shared.prepared.borrow_mut().remove("");
        if let Some(p) = self.again(sql, &[]).filter(|p| p.param_types.is_empty()) {
            self.shared.query_text.replace(p.sql.clone());
            let current = Some(Portal::new(p.clone(), Rc::from([]), vec![]));
            let queue = Vec::new().into_iter();
            self.work.task = Some(Task::Simple(Simple { sql: p.sql.clone(), queue, literals: vec![], current, known: None, again: None, any: true }));
            return;
        }
        let script = match self.shared.straight.get() && self.shared.flags.get().strings.standard() {
            true => tusklet_syntax::parse_script(sql, &mut self.shared.shapes.borrow_mut()),
            false => self
                .shared
                .parse_text(sql, &|_| ())
                .map(|list| Script { items: list.into_iter().map(Item::Stmt).collect(), literals: vec![] }),
        };
        match script {
            Ok(Script { items, literals }) => {
                self.flush_notices(out, sql);
                self.shared.several.set(items.len() > 1);
                let sql = Rc::from(sql);
                self.shared.query_text.replace(Rc::clone(&sql));
                self.work.task = Some(Task::Simple(Simple {
                    sql,
                    queue: items.into_iter(),
                    literals,
                    current: None,
                    known: None,
                    again: None,
                    any: false,
                }));
            }
            Err(e) => {
                self.flush_notices(out, sql);
                out.error(&e, sql);
                self.shared.statement_failed();
            }
        }
    }

    /// The statement if its text came before. Not in a failed transaction, where even to know it would be too much.
    fn again(&self, sql: &str, given: &[u32]) -> Option<Rc<Prepared>> {
        let s = &self.shared;
        // A text with escapes is warned of every time.
        if s.status() == b'E' || !s.flags.get().strings.conforming {
            return None;
        }
        s.begin_transaction(false);
        s.refresh_catalog().ok()?;
        s.remembered(sql, given)
    }

    pub(crate) fn start_request(&mut self) {
        let s = &self.shared;
        s.several.set(false);
        s.cancelled.set(false);
        s.statement_start.set(s.db.env.now());
        let timeout = s.flags.get().statement_timeout;
        s.deadline.set((timeout > 0).then(|| s.statement_start.get() + timeout * 1000));
    }

    /// Parse: prepares a statement under a name (empty: the unnamed one).
    pub fn parse(&mut self, name: &str, sql: &str, types: Vec<u32>) -> Result<Rc<Prepared>> {
        self.start_request();
        if name.is_empty()
            && let Some(p) = self.again(sql, &types)
        {
            self.shared.prepared.borrow_mut().insert(String::new(), p.clone());
            return Ok(p);
        }
        let mut list = self.shared.parse_text(sql, &|_| ())?;
        if list.len() > 1 {
            return Err(err!(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement"));
        }
        let stmt = list.pop().map(|r| Rc::new(r.stmt));
        if let Some(s) = &stmt {
            self.refuse_if_failed(s)?;
        }
        if name.is_empty() {
            self.shared.prepared.borrow_mut().remove("");
        }
        self.shared.begin_transaction(false);
        self.shared.refresh_catalog()?;
        let p = Prepared::new(&self.shared, Rc::from(sql), stmt, types, true)?;
        if let Some(i) = p.param_types.iter().position(|t| matches!(*t, 0 | 705)) {
            return Err(err!(INDETERMINATE_DATATYPE, "could not determine data type of parameter ${}", i + 1));
        }
        self.shared.refuse_prepared(name)?;
        let p = Rc::new(p);
        self.shared.remember(&p);
        self.shared.prepared.borrow_mut().insert(name.to_string(), p.clone());
        Ok(p)
    }

    /// A prepared statement.
    pub fn prepared(&self, name: &str) -> Result<Rc<Prepared>> {
        let found = self.shared.prepared.borrow().get(name).cloned();
        found.ok_or_else(|| {
            if name.is_empty() {
                err!(INVALID_SQL_STATEMENT_NAME, "unnamed prepared statement does not exist")
            } else {
                err!(INVALID_SQL_STATEMENT_NAME, "prepared statement \"{}\" does not exist"; name)
            }
        })
    }

    /// Before a portal is made: the unnamed one gives way.
    pub(crate) fn refuse_taken(&self, portal: &str) -> Result<()> {
        if !portal.is_empty() && self.has_portal(portal) {
            return Err(err!(DUPLICATE_CURSOR, "cursor \"{}\" already exists"; portal));
        }
        Ok(())
    }

    /// Bind with values.
    pub fn bind_values(&mut self, portal: &str, prepared: Rc<Prepared>, params: Vec<Value>, formats: Vec<i16>) -> Result<()> {
        self.refuse_taken(portal)?;
        self.shared.begin_transaction(false);
        let mut p = Portal::new(prepared, params.into(), formats);
        p.level = self.shared.savepoints();
        self.work.portals.insert(portal.to_string(), p);
        Ok(())
    }

    /// After ROLLBACK TO: what was made since the savepoint is gone.
    pub(crate) fn drop_newer_portals(&mut self) {
        let level = self.shared.savepoints();
        self.work.portals.retain(|_, p| p.level < level);
        self.shared.cursors.borrow_mut().retain(|_, p| p.level < level);
    }

    /// After RELEASE: what was made since the savepoint belongs to what is around it.
    pub(crate) fn release_portals(&mut self) {
        let level = self.shared.savepoints();
        let lower = |_: &String, p: &mut Portal| {
            p.level = p.level.min(level);
            true
        };
        self.work.portals.retain(lower);
        self.shared.cursors.borrow_mut().retain(lower);
    }

    /// Whether a portal has the name, bound or declared.
    pub(crate) fn has_portal(&self, name: &str) -> bool {
        self.work.portals.contains_key(name) || self.shared.cursors.borrow().contains_key(name)
    }

    /// Takes a portal out of the session while it runs, or for good.
    pub(crate) fn take_portal(&mut self, name: &str) -> Option<Portal> {
        self.work.portals.remove(name).or_else(|| crate::cursor::take(&self.shared, name))
    }

    fn put_portal(&mut self, name: String, p: Portal) {
        if p.cursor.is_some() {
            self.shared.cursors.borrow_mut().insert(name, p);
        } else {
            self.work.portals.insert(name, p);
        }
    }

    /// Asks a portal, bound or declared.
    pub fn portal<T>(&mut self, name: &str, ask: impl FnOnce(&mut Portal) -> T) -> Result<T> {
        if let Some(p) = self.work.portals.get_mut(name) {
            return Ok(ask(p));
        }
        match self.shared.cursors.borrow_mut().get_mut(name) {
            Some(p) => Ok(ask(p)),
            None => Err(no_portal(name)),
        }
    }

    /// Begins executing a portal, up to `max` rows (0: all).
    pub fn execute(&mut self, portal: &str, max: usize) -> Result<()> {
        let (prepared, over) = self.portal(portal, |p| {
            p.given = 0;
            (p.prepared.clone(), matches!(p.state, PortalState::Done))
        })?;
        if let Some(s) = &prepared.stmt {
            self.refuse_if_failed(s)?;
            if over && !(is_query(s) && prepared.columns.is_some()) {
                return Err(cannot_run(portal));
            }
        }
        self.shared.query_text.replace(prepared.sql.clone());
        self.start_request();
        self.work.task = Some(Task::Execute { portal: portal.to_string(), max });
        Ok(())
    }

    /// Bind, Execute and Sync of an unnamed portal in one: nothing is kept of a statement that ends at once.
    pub fn execute_once(
        &mut self,
        prepared: Rc<Prepared>,
        params: Rc<[Value]>,
        max: usize,
        out: &mut dyn Output,
    ) -> Result<Once> {
        self.work.portals.remove("");
        self.start_request();
        if let Some(s) = &prepared.stmt {
            self.refuse_if_failed(s)?;
        }
        self.shared.query_text.replace(prepared.sql.clone());
        let mut p = Portal::new(prepared, params, vec![]);
        match self.run_portal(&mut p, out, max, false)? {
            PortalStep::Finished(tag) => {
                self.flush(out, &p.prepared.sql);
                if tag.words.is_empty() { out.empty() } else { out.complete(&tag) }
            }
            PortalStep::Suspended => out.suspended(),
            other => {
                let status = self.pause(other)?;
                self.work.portals.insert(String::new(), p);
                self.work.task = Some(Task::Execute { portal: String::new(), max });
                return Ok(Once::Running(status));
            }
        }
        drop(p);
        let mut lsn = self.shared.commit_lsn.take();
        if !self.in_block() {
            lsn = self.commit()?.or(lsn);
        }
        self.close_transaction_portals();
        self.flush(out, "");
        match lsn {
            Some(l) if self.shared.flags.get().strict && self.shared.db.store.durable() < l => {
                self.wait_for_log(lsn, None, None);
                Ok(Once::Committing)
            }
            _ => Ok(Once::Done),
        }
    }

    /// Commits; what cursors keep beyond that is read first.
    fn commit(&mut self) -> Result<Option<Lsn>> {
        if !self.shared.cursors.borrow().is_empty() && self.shared.transaction.borrow().is_some() {
            crate::cursor::hold_at_commit(self)?;
        }
        self.shared.commit_transaction()
    }

    fn in_block(&self) -> bool {
        self.shared.transaction.borrow().as_ref().is_some_and(|t| t.block)
    }

    /// Closes a prepared statement.
    pub fn close_statement(&mut self, name: &str) {
        self.shared.prepared.borrow_mut().remove(name);
    }

    /// Closes a portal.
    pub fn close_portal(&mut self, name: &str) {
        self.take_portal(name);
    }

    /// Sync: ends the implicit transaction.
    pub fn sync(&mut self) {
        self.work.skip = false;
        self.work.task = Some(Task::Sync);
    }

    pub(crate) fn refuse_if_failed(&self, stmt: &Stmt) -> Result<()> {
        if utility::ends_transaction(stmt) { Ok(()) } else { self.shared.refuse_if_failed() }
    }

    /// Goes on with the request.
    pub fn step(&mut self, out: &mut dyn Output) -> Status {
        if let Some(w) = self.work.waiting.take() {
            self.shared.sleep.look(self.shared.db.env.now());
            let over = self.shared.db.store.wait_over(&w);
            let stop = if over { Ok(()) } else { self.interrupt_wait() };
            if !over && stop.is_ok() {
                self.work.waiting = Some(w);
                return Status::Blocked;
            }
            if let Some(no) = self.tx_no() {
                self.shared.db.store.set_waiting(no, None);
            }
            if let Err(e) = stop {
                self.flush_notices(out, "");
                out.error(&e, "");
                self.failed();
                return Status::Done;
            }
        }
        let status = loop {
            match self.advance(out) {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err((e, sql)) => {
                    self.flush_notices(out, &sql);
                    out.error(&e, &sql);
                    self.failed();
                    break Status::Done;
                }
            }
        };
        if status == Status::Done {
            self.flush(out, "");
            self.work.task = None;
        } else {
            self.flush_notices(out, "");
        }
        status
    }

    /// Why a statement that waits for a lock must wait no longer.
    fn interrupt_wait(&self) -> Result<()> {
        use tusklet_exec::Host;
        self.shared.check_interrupts()?;
        let timeout = self.shared.flags.get().lock_timeout;
        if timeout > 0 && !self.shared.sleep.is_on() && self.shared.db.env.now() > self.work.waiting_since + timeout * 1000 {
            return Err(err!(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout"));
        }
        Ok(())
    }

    fn tx_no(&self) -> Option<tusklet_storage::TxNo> {
        self.shared.transaction.borrow().as_ref().map(|t| t.tx.no())
    }

    /// For hosts that start a request by hand: as an error of a step ends one.
    pub fn fail(&mut self) {
        self.failed();
    }

    /// After an error: the transaction is failed or over, the rest of the request is dropped.
    pub(crate) fn failed(&mut self) {
        self.work.task = None;
        self.work.waiting = None;
        self.shared.sleep.forget();
        self.shared.statement_failed();
        self.close_transaction_portals();
    }

    fn close_transaction_portals(&mut self) {
        if self.shared.transaction.borrow().is_none() {
            self.work.portals.clear();
            self.shared.cursors.borrow_mut().retain(|_, p| p.cursor.as_ref().is_some_and(Cursor::held));
        }
    }

    /// Sends what gathered: notices, changed settings, and, between transactions, notifications.
    pub fn flush(&mut self, out: &mut dyn Output, sql: &str) {
        self.flush_notices(out, sql);
        if !out.hears_when_ready() {
            self.tell(out);
        }
    }

    /// Sends what clients hear between requests: notifications, if no transaction runs, and settings that changed.
    pub fn tell(&mut self, out: &mut dyn Output) {
        if self.shared.transaction.borrow().is_none() {
            for (pid, channel, payload) in self.shared.inbox.take() {
                out.notification(pid, &channel, &payload);
            }
        }
        if !self.shared.report_due.replace(false) {
            return;
        }
        let now = self.shared.reported();
        let before = self.shared.told.replace(now.clone());
        for ((name, now), before) in crate::settings::REPORTED.iter().zip(now).zip(before) {
            if now != before {
                out.setting(name, &now);
            }
        }
    }

    /// Notices go before the tag of the statement they came from, settings and notifications after it.
    pub(crate) fn flush_notices(&mut self, out: &mut dyn Output, sql: &str) {
        flush_notices(&self.shared, out, sql);
    }

    /// One move. `Ok(None)`: go on.
    fn advance(&mut self, out: &mut dyn Output) -> Result<Option<Status>, (Error, Rc<str>)> {
        match self.work.task.take() {
            None => Ok(Some(Status::Done)),
            Some(Task::Ack(lsn, tag, then)) => {
                let store = &self.shared.db.store;
                if store.durable() >= lsn {
                    if let Some(t) = tag {
                        out.complete(&t);
                    }
                    self.work.task = *then;
                    return Ok(if self.work.task.is_none() { Some(Status::Done) } else { None });
                }
                if let Some(e) = store.log_failure() {
                    return Err((e, Rc::from("")));
                }
                self.work.task = Some(Task::Ack(lsn, tag, then));
                Ok(Some(Status::Ack(lsn)))
            }
            Some(Task::Sync) => {
                let block = self.shared.transaction.borrow().as_ref().is_some_and(|t| t.block);
                if block {
                    return Ok(Some(Status::Done));
                }
                let lsn = self.commit().map_err(|e| (e, Rc::from("")))?;
                self.close_transaction_portals();
                self.wait_for_log(lsn, None, None);
                Ok(None)
            }
            Some(Task::Execute { portal, max }) => {
                let Some(mut p) = self.take_portal(&portal) else { return Err((no_portal(&portal), Rc::from(""))) };
                let sql = p.prepared.sql.clone();
                let r = match p.cursor {
                    None => self.run_portal(&mut p, out, max, false),
                    Some(_) => crate::cursor::run_execute(&self.shared, &mut p, max, out),
                };
                let step = match r {
                    Ok(step) => step,
                    Err(e) => return Err((e, sql)),
                };
                // What cannot be rolled back is committed at once.
                let now = self.shared.transaction.borrow().as_ref().is_some_and(|t| t.commit_now && !t.block);
                if now && matches!(step, PortalStep::Finished(_)) {
                    let lsn = self.commit().map_err(|e| (e, sql.clone()))?;
                    self.shared.commit_lsn.set(lsn);
                }
                if let (PortalStep::Finished(_) | PortalStep::Suspended, Some(t)) =
                    (&step, &mut *self.shared.transaction.borrow_mut())
                {
                    t.piped = true;
                }
                let keep = match step {
                    PortalStep::Finished(tag) => {
                        self.flush_notices(out, &sql);
                        if tag.words.is_empty() { out.empty() } else { out.complete(&tag) }
                        self.put_portal(portal, p);
                        self.close_transaction_portals();
                        let lsn = self.shared.commit_lsn.take();
                        self.wait_for_log(lsn, None, None);
                        return Ok(None);
                    }
                    PortalStep::Suspended => {
                        out.suspended();
                        self.put_portal(portal, p);
                        return Ok(Some(Status::Done));
                    }
                    other => self.pause(other),
                };
                self.put_portal(portal.clone(), p);
                self.work.task = Some(Task::Execute { portal, max });
                keep.map(Some).map_err(|e| (e, sql))
            }
            Some(Task::Simple(mut s)) => {
                let r = self.advance_simple(&mut s, out);
                let sql = s.sql.clone();
                match r {
                    Ok(Advance::Again) => {
                        self.work.task = Some(Task::Simple(s));
                        Ok(None)
                    }
                    Ok(Advance::Wait(status)) => {
                        self.work.task = Some(Task::Simple(s));
                        Ok(Some(status))
                    }
                    Ok(Advance::Log(lsn, tag)) => {
                        let more = s.queue.len() > 0;
                        self.wait_for_log(lsn, tag, more.then_some(Task::Simple(s)));
                        Ok(None)
                    }
                    Err(e) => Err((e, sql)),
                }
            }
        }
    }

    /// Waits for the log if a commit must, says `tag`, then goes on with `then`.
    fn wait_for_log(&mut self, lsn: Option<Lsn>, tag: Option<Tag>, then: Option<Task>) {
        let lsn = match lsn {
            Some(l) if self.shared.flags.get().strict => l,
            _ => Lsn(0),
        };
        self.work.task = Some(Task::Ack(lsn, tag, Box::new(then)));
    }

    fn pause(&mut self, step: PortalStep) -> Result<Status> {
        Ok(match step {
            PortalStep::Yield => Status::Yield,
            PortalStep::Full => Status::Full,
            PortalStep::CopyIn => Status::CopyIn,
            PortalStep::Segment => Status::Segment,
            PortalStep::Blocked(w) => {
                // What a cancel request woke has run into the same lock again.
                tusklet_exec::Host::check_interrupts(&*self.shared)?;
                self.block_on(w)?;
                Status::Blocked
            }
            PortalStep::Suspended | PortalStep::Finished(_) => Status::Done,
        })
    }

    /// Notes what is waited for; a circle of waiting is a deadlock.
    fn block_on(&mut self, w: Wait) -> Result<()> {
        let store = &self.shared.db.store;
        let holder = w.tx;
        if let Some(me) = self.tx_no() {
            if store.would_deadlock(me, holder) {
                let holder_pid = self.pid_of(holder);
                let detail = format!(
                    "Process {0} waits for ShareLock on transaction {1}; blocked by process {2}.\nProcess {2} waits for ShareLock on transaction {3}; blocked by process {0}.",
                    self.shared.id, w.xid.0, holder_pid, me.0
                );
                return Err(err!(T_R_DEADLOCK_DETECTED, "deadlock detected")
                    .detail(detail)
                    .hint("See server log for query details."));
            }
            store.set_waiting(me, Some(holder));
        }
        self.work.waiting = Some(w);
        self.work.waiting_since = self.shared.db.env.now();
        Ok(())
    }

    fn pid_of(&self, no: tusklet_storage::TxNo) -> u32 {
        let sessions = self.shared.db.sessions.borrow();
        sessions
            .iter()
            .filter_map(|s| s.upgrade())
            .find(|s| s.transaction.try_borrow().is_ok_and(|t| t.as_ref().is_some_and(|t| t.tx.no() == no)))
            .map_or(0, |s| s.id)
    }

    fn advance_simple(&mut self, s: &mut Simple, out: &mut dyn Output) -> Result<Advance> {
        let Some(mut portal) = s.current.take() else {
            if s.again.is_none()
                && let Some(pause) = self.run_straight(s, out)?
            {
                return Ok(Advance::Wait(pause));
            }
            let Some(item) = s.again.take().map(Item::Known).or_else(|| s.queue.next()) else {
                if !s.any {
                    out.empty();
                }
                let block = self.shared.transaction.borrow().as_ref().is_some_and(|t| t.block);
                if block {
                    return Ok(Advance::Log(None, None));
                }
                let lsn = self.commit()?;
                self.close_transaction_portals();
                return Ok(Advance::Log(lsn, None));
            };
            let raw = match item {
                Item::Stmt(raw) => {
                    self.refuse_if_failed(&raw.stmt)?;
                    self.shared.begin_transaction(false);
                    self.shared.refresh_catalog()?;
                    raw
                }
                Item::Known(known) => {
                    self.shared.refuse_if_failed()?;
                    self.shared.begin_transaction(false);
                    self.shared.refresh_catalog()?;
                    if let Some(portal) = self.portal_for(&s.sql, &known, &s.literals) {
                        s.any = true;
                        s.current = Some(portal);
                        s.known = Some(known);
                        return Ok(Advance::Again);
                    }
                    tusklet_syntax::parse_at(&s.sql, known.span)?
                }
            };
            let prepared = Rc::new(Prepared::new(&self.shared, s.sql.clone(), Some(Rc::new(raw.stmt)), vec![], false)?);
            if s.queue.len() == 0 && !s.any {
                self.shared.remember(&prepared);
            }
            s.any = true;
            let portal = Portal::new(prepared, Rc::from([]), vec![]);
            s.current = Some(portal);
            return Ok(Advance::Again);
        };
        let step = self.run_portal(&mut portal, out, 0, true)?;
        match step {
            PortalStep::Finished(tag) => {
                s.known = None;
                let block = self.shared.transaction.borrow().as_ref().is_some_and(|t| t.block);
                let mut lsn = self.shared.commit_lsn.take();
                // The last statement's commit comes before its tag, so that an error of the commit is the answer.
                if s.queue.len() == 0 && !block {
                    lsn = self.commit()?.or(lsn);
                    self.close_transaction_portals();
                }
                self.flush_notices(out, &s.sql.clone());
                Ok(Advance::Log(lsn, Some(tag)))
            }
            other => {
                match s.known.take() {
                    // What it waits for may change what it means.
                    Some(known) if matches!(portal.state, PortalState::Fresh) && !portal.described => s.again = Some(known),
                    known => (s.known, s.current) = (known, Some(portal)),
                }
                Ok(Advance::Wait(self.pause(other)?))
            }
        }
    }

    /// Runs a portal for a while. With `describe`, the columns are announced before the first row.
    fn run_portal(&mut self, p: &mut Portal, out: &mut dyn Output, max: usize, describe: bool) -> Result<PortalStep> {
        let step = self.portal_step(p, out, max, describe);
        if matches!(step, Ok(PortalStep::Finished(_))) {
            self.shared.sleep.forget();
        }
        step
    }

    fn portal_step(&mut self, p: &mut Portal, out: &mut dyn Output, max: usize, describe: bool) -> Result<PortalStep> {
        let shared = self.shared.clone();
        // An Execute that paused goes on with what it has not given yet.
        let mut left = if max == 0 { usize::MAX } else { max.saturating_sub(p.given as usize) };
        loop {
            match &mut p.state {
                PortalState::Fresh => {
                    let Some(stmt) = p.prepared.stmt.clone() else {
                        p.state = PortalState::Done;
                        return Ok(PortalStep::Finished(Tag::default()));
                    };
                    shared.begin_transaction(false);
                    shared.refresh_catalog()?;
                    if is_query(&stmt) {
                        if describe && p.params.is_empty() && !p.prepared.from_sql && p.prepared.is_stale(&shared)? {
                            // A simple query that waited for a table that was altered meanwhile: it sees the new one.
                            let given = p.prepared.given().to_vec();
                            p.prepared =
                                Rc::new(Prepared::new(&shared, p.prepared.sql.clone(), Some(stmt.clone()), given, false)?);
                            p.columns = p.prepared.columns.clone();
                        }
                        let program = p.prepared.program(&shared)?;
                        if describe && !shared.notices.borrow().is_empty() {
                            let sql = p.prepared.sql.clone();
                            self.flush_notices(out, &sql);
                        }
                        if !cold::load_for(&shared, &program.stmt)? {
                            return Ok(PortalStep::Segment);
                        }
                        crate::query::prevent_in_read_only(&shared, &program.stmt)?;
                        if let Some(wait) = lock_relations(&shared, &program.stmt)? {
                            return Ok(PortalStep::Blocked(wait));
                        }
                        let snapshot = shared.snapshot()?;
                        if let (Some(straight), true) = (&program.straight, left > 1 && p.cursor.is_none()) {
                            use tusklet_exec::Host;
                            shared.check_interrupts()?;
                            let mut cx = shared.exec_cx(snapshot)?;
                            let row = match straight.run(&mut cx, &p.params) {
                                Ok(row) => row,
                                Err(e) => return cx.take_wait().map(PortalStep::Blocked).ok_or(e),
                            };
                            let columns = p.columns.as_deref().unwrap_or_default();
                            if describe {
                                out.columns(columns, &p.formats)?;
                            }
                            if let Some(b) = row {
                                out.rows(&mut cx, columns, &p.formats, &b)?;
                                p.given = 1;
                            }
                            shared.tx()?.next_command();
                            p.state = PortalState::Done;
                            return Ok(PortalStep::Finished(Tag::counted("SELECT", p.given)));
                        }
                        if !p.params.is_empty() && p.cursor.is_none() && shared.straight.get() {
                            use tusklet_exec::Host;
                            shared.check_interrupts()?;
                            let mut cx = shared.exec_cx(snapshot.clone())?;
                            match crate::literals::write_straight(&mut cx, &program, &p.params) {
                                Ok(Some(tag)) => {
                                    shared.tx()?.next_command();
                                    p.state = PortalState::Done;
                                    return Ok(PortalStep::Finished(tag));
                                }
                                Ok(None) => {}
                                Err(e) => return cx.take_wait().map(PortalStep::Blocked).ok_or(e),
                            }
                        }
                        if let (Some(columns), true) = (&p.columns, describe && !p.described) {
                            out.columns(columns, &p.formats)?;
                            // A statement that starts over says it once.
                            p.described = true;
                        }
                        p.state = PortalState::Query(Box::new(Executor::new(program, p.params.clone())), snapshot);
                    } else {
                        let touches_none = matches!(&*stmt, Stmt::Transaction(_) | Stmt::VariableSet(_) | Stmt::VariableShow(_));
                        if !touches_none && !cold::load_all(&shared)? {
                            return Ok(PortalStep::Segment);
                        }
                        match utility::start(self, p, &stmt)? {
                            utility::Started::Tag(tag) => {
                                p.state = PortalState::Done;
                                return Ok(PortalStep::Finished(tag));
                            }
                            utility::Started::Wait(w) => return Ok(PortalStep::Blocked(w)),
                            utility::Started::Running => {
                                // EXECUTE goes on as a query, which announces its columns itself.
                                let fresh = matches!(p.state, PortalState::Fresh);
                                if !shared.notices.borrow().is_empty() {
                                    flush_notices(&shared, out, &p.prepared.sql);
                                }
                                // FETCH does it itself too, when its rows are there.
                                p.described |= !fresh && !describe;
                                let fetch = matches!(p.state, PortalState::Fetch(_));
                                if let (Some(columns), true) = (&p.columns, describe && !fresh && !fetch) {
                                    out.columns(columns, &p.formats)?;
                                }
                            }
                        }
                    }
                }
                PortalState::Query(run, snapshot) => {
                    let mut cx = shared.exec_cx(snapshot.clone())?;
                    if let Some(b) = p.leftover.take() {
                        if let Some(step) = give(&mut cx, p.columns.as_deref(), &p.formats, &mut p.leftover, &mut p.given, &mut left, b, out)? {
                            return Ok(step);
                        }
                    }
                    if out.is_full() {
                        return Ok(PortalStep::Full);
                    }
                    let step = run.step(&mut cx, left.min(WANT));
                    if !shared.notices.borrow().is_empty() {
                        // What was said while rows were computed comes before them.
                        flush_notices(&shared, out, &p.prepared.sql);
                    }
                    match step? {
                        Step::Batch(b) if max != 0 && run.program().stmt.command != CommandType::Select => p.kept.push_back(b),
                        Step::Batch(b) => {
                            if let Some(step) = give(&mut cx, p.columns.as_deref(), &p.formats, &mut p.leftover, &mut p.given, &mut left, b, out)? {
                                return Ok(step);
                            }
                        }
                        Step::Yield => {
                            use tusklet_exec::Host;
                            shared.check_interrupts()?;
                            return Ok(PortalStep::Yield);
                        }
                        Step::Blocked(w) => return Ok(PortalStep::Blocked(w)),
                        Step::Restart(w) => {
                            if run.processed() > 0 {
                                return Err(err!(
                                    T_R_SERIALIZATION_FAILURE,
                                    "could not serialize access due to concurrent update"
                                ));
                            }
                            p.state = PortalState::Fresh;
                            return Ok(PortalStep::Blocked(w));
                        }
                        Step::Done => {
                            let tag = match run.program().stmt.command {
                                CommandType::Select => Tag::counted("SELECT", p.given),
                                CommandType::Insert => Tag::counted("INSERT", run.processed()),
                                CommandType::Update => Tag::counted("UPDATE", run.processed()),
                                CommandType::Delete => Tag::counted("DELETE", run.processed()),
                                CommandType::Merge => Tag::counted("MERGE", run.processed()),
                            };
                            shared.tx()?.next_command();
                            p.state = PortalState::Checks(tag);
                        }
                    }
                }
                PortalState::Checks(tag) => {
                    let tag = tag.clone();
                    if let Some(w) = constraints::run_immediate(&shared)? {
                        return Ok(PortalStep::Blocked(w));
                    }
                    if !p.kept.is_empty() {
                        p.state = PortalState::Rows(std::mem::take(&mut p.kept), tag);
                        continue;
                    }
                    p.state = PortalState::Done;
                    return Ok(PortalStep::Finished(tag));
                }
                PortalState::Rows(batches, tag) => {
                    let mut cx = shared.exec_cx(shared.snapshot()?)?;
                    let next = p.leftover.take().or_else(|| batches.pop_front());
                    match next {
                        Some(b) => {
                            if let Some(step) = give(&mut cx, p.columns.as_deref(), &p.formats, &mut p.leftover, &mut p.given, &mut left, b, out)? {
                                return Ok(step);
                            }
                        }
                        None => {
                            // It can be asked again, and has no more.
                            let rows = tag.rows.map(|_| p.given);
                            return Ok(PortalStep::Finished(Tag { rows, ..tag.clone() }));
                        }
                    }
                }
                PortalState::Fetch(_) => {
                    if let Some(step) = crate::cursor::run_fetch(self, p, out)? {
                        return Ok(step);
                    }
                }
                PortalState::CopyIn(_) => return crate::copy::run_in(self, p, out),
                PortalState::CopyOut(_) => return crate::copy::run_out(self, p, out),
                PortalState::Done => {
                    let words = match p.prepared.stmt.as_deref() {
                        None => "",
                        Some(Stmt::Insert(_)) => "INSERT",
                        Some(Stmt::Update(_)) => "UPDATE",
                        Some(Stmt::Delete(_)) => "DELETE",
                        Some(_) => "SELECT",
                    };
                    return Ok(PortalStep::Finished(Tag::counted(words, 0)));
                }
            }
        }
    }

    /// The COPY that waits for data.
    pub(crate) fn copying(&mut self) -> Option<&mut crate::copy::CopyIn> {
        let portal = match &mut self.work.task {
            Some(Task::Simple(s)) => s.current.as_mut(),
            Some(Task::Execute { portal, .. }) => self.work.portals.get_mut(portal),
            _ => None,
        };
        match portal.map(|p| &mut p.state) {
            Some(PortalState::CopyIn(c)) => Some(c),
            _ => None,
        }
    }

    /// Data for COPY FROM STDIN.
    pub fn copy_data(&mut self, data: &[u8]) {
        if let Some(c) = self.copying() {
            c.feed(data);
        }
    }

    /// The end of the data.
    pub fn copy_done(&mut self) {
        if let Some(c) = self.copying() {
            c.finish(None);
        }
    }

    /// The client gives up.
    pub fn copy_fail(&mut self, reason: &str) {
        self.copy_stop(err!(QUERY_CANCELED, "COPY from stdin failed: {}"; reason));
    }

    /// The data cannot go on.
    pub(crate) fn copy_stop(&mut self, e: Error) {
        if let Some(c) = self.copying() {
            c.finish(Some(e));
        }
    }
}

fn flush_notices(shared: &Shared, out: &mut dyn Output, sql: &str) {
    for n in shared.notices.take() {
        out.notice(&n, sql);
    }
}

#[cold]
fn cannot_run(portal: &str) -> Error {
    err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run"; portal)
}

enum Advance {
    Again,
    Wait(Status),
    Log(Option<Lsn>, Option<Tag>),
}

/// Gives rows to the output, as many as are still wanted.
#[allow(clippy::too_many_arguments)]
fn give(
    cx: &mut tusklet_exec::ExecCx<'_>,
    columns: Option<&[tusklet_ir::ResultColumn]>,
    formats: &[i16],
    leftover: &mut Option<Batch>,
    given: &mut u64,
    left: &mut usize,
    batch: Batch,
    out: &mut dyn Output,
) -> Result<Option<PortalStep>> {
    let n = batch.len();
    let Some(columns) = columns else { return Ok(None) };
    if n > *left {
        let now = Batch { columns: batch.columns.clone(), sel: batch.sel.take(*left) };
        *leftover = Some(Batch { sel: batch.sel.skip(*left), columns: batch.columns });
        out.rows(cx, columns, formats, &now)?;
        *given += *left as u64;
        *left = 0;
        return Ok(Some(PortalStep::Suspended));
    }
    out.rows(cx, columns, formats, &batch)?;
    *given += n as u64;
    *left -= n;
    if *left == 0 {
        return Ok(Some(PortalStep::Suspended));
    }
    Ok(None)
}

/// Takes the table locks a statement needs; `Some` when it has to wait for one.
pub(crate) fn lock_relations(shared: &Shared, stmt: &tusklet_ir::PlannedStmt) -> Result<Option<Wait>> {
    let tx = shared.tx()?;
    for u in &stmt.relations {
        if u.rel < tusklet_catalog::live::FIRST_USER_OID {
            continue;
        }
        let mode = if u.insert || u.update || u.delete {
            LockMode::RowExclusive
        } else if u.row_lock {
            LockMode::RowShare
        } else {
            LockMode::AccessShare
        };
        if let TableLock::Wait(w) = shared.db.store.lock_table(&tx, LockTag(u.rel as u64), mode) {
            return Ok(Some(w));
        }
    }
    Ok(None)
}
