//! The class TypeScript drives. `PACKED.md` says what each call means.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_engine::database::{Cluster, Environment};
use tusklet_engine::output::{Output, Tag, write_text};
use tusklet_engine::protocol::{Connection, Wait};
use tusklet_engine::query::Prepared;
use tusklet_engine::settings::Source;
use tusklet_engine::work::{Once, Status};
use tusklet_engine::{Batch, CallContext, ExecCx, ResultColumn, TypeRef, Value};
use tusklet_error::{Error, Notice, Result, SortedMap, SortedSet, err};
use tusklet_storage::{Checkpoint, Checkpointed, LogSink, Lsn, NoLog, Segment, SegmentName, Store};
use wasm_bindgen::prelude::*;

use crate::input;
use crate::packed::{self, EMPTY, Field, Item, TRUNCATED, UNNAMED};
use crate::request::{Kind, Param, Request};

const DONE: u32 = 0;
const YIELDED: u32 = 1;
const BLOCKED: u32 = 2;
const WAITING: u32 = 3;
const SEGMENTS: u32 = 4;
const FULL: u32 = 5;
const FAILED: u32 = 6;

/// Output at which a statement pauses.
const ENOUGH: usize = 1 << 20;
/// Log bytes after which a checkpoint is due.
const CHECKPOINT_BYTES: u64 = 4 << 20;
/// A blocked session looks again after so long, for its timeouts.
const LOOK_AGAIN_MS: u32 = 50;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(buffer: &mut [u8]);
}

struct Host;

impl Environment for Host {
    fn now(&self) -> i64 {
        const EPOCH_2000_MS: f64 = 946_684_800_000.0;
        ((js_sys::Date::now() - EPOCH_2000_MS) * 1000.0) as i64
    }

    fn entropy(&self) -> u64 {
        let mut b = [0; 8];
        fill_random(&mut b);
        u64::from_le_bytes(b)
    }

    fn memory_exhausted(&self) -> bool {
        crate::memory::exhausted()
    }
}

/// The log and checkpoint on their way to and from the host.
#[derive(Default)]
struct Queue {
    records: Vec<(Lsn, Vec<u8>)>,
    appended: Lsn,
    durable: Lsn,
    /// A checkpoint taken and not yet handed out: manifest, segments, segments to drop, its place.
    checkpoint: Option<Pending>,
    /// Segments stored.
    stored: SortedSet<SegmentName>,
    /// What will be stored once the checkpoint under way is.
    storing: Option<SortedSet<SegmentName>>,
    /// Segments the host has brought. They stay until nobody waits: a table is loaded from all of its segments at once.
    provided: SortedMap<SegmentName, Vec<u8>>,
    /// Segments to ask the host for.
    wanted: SortedSet<SegmentName>,
    /// Sessions that wait for segments, and 0 for the checkpoint.
    loading: SortedSet<u32>,
}

struct Pending {
    manifest: Vec<u8>,
    segments: Vec<(SegmentName, Vec<u8>)>,
    keep: Vec<SegmentName>,
    lsn: Lsn,
}

struct Sink(Rc<RefCell<Queue>>);

impl LogSink for Sink {
    fn append(&mut self, lsn: Lsn, record: &[u8]) -> Result<()> {
        let mut q = self.0.borrow_mut();
        q.records.push((lsn, record.to_vec()));
        q.appended = lsn;
        Ok(())
    }

    fn durable(&self) -> Lsn {
        self.0.borrow().durable
    }

    fn failed(&self) -> Option<Error> {
        // The host lets go of an engine whose log it cannot write.
        None
    }

    fn checkpoint(&mut self, c: Checkpoint<'_>) -> Result<()> {
        self.0.borrow_mut().checkpoint = Some(Pending {
            manifest: c.manifest.to_vec(),
            segments: c.segments.to_vec(),
            keep: c.keep.to_vec(),
            lsn: c.lsn,
        });
        Ok(())
    }

    fn load_segment(&mut self, name: SegmentName) -> Result<Segment> {
        let mut q = self.0.borrow_mut();
        match q.provided.get(&name) {
            Some(b) if b.is_empty() => Err(err!(DATA_CORRUPTED, "segment {name} is missing")),
            Some(b) => Ok(Segment::Ready(b.clone())),
            None => {
                q.wanted.insert(name);
                Ok(Segment::Pending)
            }
        }
    }
}

/// A prepared statement the host holds.
struct Statement {
    prepared: Rc<Prepared>,
    /// Columns and flags of the last Fields item sent for it.
    sent: Option<(Rc<[ResultColumn]>, u32)>,
}

struct Slot {
    connection: Connection,
    statements: SortedMap<u32, Statement>,
    next_statement: u32,
    /// What the request is, while it runs.
    job: Job,
    cancelled: bool,
}

impl Slot {
    /// Whether there is anything left to step after a statement was run at once.
    fn goes_on(&mut self, once: Once, flags: u32) -> bool {
        self.job = match once {
            Once::Done => Job::Idle,
            Once::Committing => Job::Ending,
            Once::Running(_) => Job::Portal { flags },
        };
        self.job != Job::Idle
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Job {
    Idle,
    /// Simple query.
    Exec { flags: u32 },
    /// A portal; the commit follows.
    Portal { flags: u32 },
    /// The commit.
    Ending,
    Protocol,
}

/// An engine: one database and its sessions.
#[wasm_bindgen]
pub struct Engine {
    cluster: Rc<Cluster>,
    database: String,
    user: String,
    settings: Vec<(String, String)>,
    queue: Option<Rc<RefCell<Queue>>>,
    /// While opening: the manifest and the log so far.
    manifest: Option<Vec<u8>>,
    log: Vec<u8>,
    /// The last record of it.
    last: Lsn,
    sessions: SortedMap<u32, Slot>,
    io: Box<[u32; 16]>,
    input: Vec<u64>,
    out: packed::Output,
    blocked: bool,
}

struct Packed<'a> {
    out: &'a mut packed::Output,
    flags: u32,
    types: Vec<u32>,
    scratch: String,
    /// Columns are announced as they come (EXEC); else the caller did.
    announce: bool,
    truncated: bool,
}

impl Output for Packed<'_> {
    fn columns(&mut self, columns: &[ResultColumn], _: &[i16]) -> Result<()> {
        if self.announce {
            write_fields(self.out, columns, self.flags);
        }
        Ok(())
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], _: &[i16], batch: &Batch) -> Result<()> {
        if self.types.len() != columns.len() || !self.types.iter().zip(columns).all(|(t, c)| *t == c.ty.oid) {
            self.types = columns.iter().map(|c| c.ty.oid).collect();
        }
        let types = &self.types;
        let scratch = &mut self.scratch;
        self.out.rows(batch, types, self.flags, &mut |i, d, buf| write_text(cx, types[i], d, buf, scratch))
    }

    fn complete(&mut self, tag: &Tag) {
        self.out.complete(&tag.words, tag.rows, 0);
    }

    fn suspended(&mut self) {
        self.truncated = true;
        self.out.complete("SELECT", None, TRUNCATED);
    }

    fn empty(&mut self) {
        self.out.complete("", None, EMPTY);
    }

    fn error(&mut self, error: &Error, sql: &str) {
        self.out.report(error.report(), sql);
    }

    fn notice(&mut self, notice: &Notice, sql: &str) {
        self.out.report(notice, sql);
    }

    fn setting(&mut self, name: &str, value: &str) {
        self.out.setting(name, value);
    }

    fn notification(&mut self, pid: u32, channel: &str, payload: &str) {
        self.out.notification(pid, channel, payload);
    }

    fn copy_in(&mut self, _: usize, _: bool) {}

    fn copy_out(&mut self, _: usize, _: bool) {}

    fn copy_data(&mut self, _: &[u8]) {}

    fn copy_done(&mut self) {}

    fn is_full(&self) -> bool {
        self.out.len() >= ENOUGH
    }
}

fn write_fields(out: &mut packed::Output, columns: &[ResultColumn], flags: u32) {
    let fields: Vec<Field<'_>> = columns
        .iter()
        .map(|c| Field {
            name: &c.name,
            type_oid: c.ty.oid,
            typmod: c.ty.typmod,
            table: c.origin.0,
            attnum: c.origin.1,
            typlen: tusklet_engine::type_len(c.ty.oid),
        })
        .collect();
    out.fields(&fields, flags);
}

#[wasm_bindgen]
impl Engine {
    /// An engine; stored ones are then opened with `open`, `replay`, `open_done`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: JsValue) -> std::result::Result<Engine, JsValue> {
        let text = |field| input::text(&options, field);
        let stored = !matches!(text("durability")?.as_deref(), None | Some("none"));
        let cluster = Cluster::new(
            Rc::new(Host),
            tusklet_functions::KERNELS,
            Box::new(move |_| match stored {
                // One store is one database: another would be lost with the page.
                true => Err(Error::unsupported("CREATE DATABASE in a stored database")),
                false => Ok(Box::new(NoLog)),
            }),
            Box::new(|_| Ok(())),
        );
        let database = text("database")?.unwrap_or_else(|| "postgres".into());
        if !stored {
            cluster.create_database(&database).map_err(|e| JsValue::from_str(&e.to_string()))?;
        }
        let mut engine = Engine {
            cluster,
            database,
            user: text("user")?.unwrap_or_else(|| "postgres".into()),
            settings: input::texts(&options, "settings")?,
            queue: stored.then(Default::default),
            manifest: None,
            log: vec![],
            last: Lsn(0),
            sessions: SortedMap::new(),
            io: Box::new([0; 16]),
            input: vec![0; 8192],
            out: packed::Output::default(),
            blocked: false,
        };
        engine.io[7] = 65536;
        engine.io[10] = engine.input.as_ptr() as u32;
        Ok(engine)
    }

    /// Address of the io block.
    pub fn io_ptr(&self) -> u32 {
        self.io.as_ptr() as u32
    }

    /// An input area of at least `len` bytes; 0 when there is no memory for it. A much larger one than is needed is given back.
    pub fn reserve_input(&mut self, len: u32) -> u32 {
        const KEPT: usize = (4 << 20) / 8;
        let words = (len as usize).div_ceil(8).max(1);
        if words > self.input.len() || self.input.len() > KEPT {
            self.input = Vec::new();
            if self.input.try_reserve_exact(words).is_ok() {
                self.input.resize(words, 0);
            }
        }
        self.io[7] = (self.input.len() * 8) as u32;
        self.io[10] = if self.input.is_empty() { 0 } else { self.input.as_ptr() as u32 };
        self.io[10]
    }

    fn begin(&mut self) {
        self.out.clear();
        self.io[1] = 0;
        self.io[2] = 0;
        self.io[3] = 0;
    }

    fn finish(&mut self, session: u32, status: u32) -> u32 {
        self.io[0] = status;
        let bytes = self.out.as_bytes();
        self.io[1] = bytes.as_ptr() as u32;
        self.io[2] = bytes.len() as u32;
        let mut flags = 0;
        if let Some(q) = &self.queue {
            let mut q = q.borrow_mut();
            if q.loading.is_empty() {
                q.provided.clear();
                q.wanted.clear();
            }
            if !q.records.is_empty() {
                flags |= 1;
            }
            if q.storing.is_none() {
                if let Some(db) = self.cluster.database(&self.database) {
                    if db.store.log_bytes() > CHECKPOINT_BYTES {
                        flags |= 2;
                    }
                }
            }
        }
        if self.blocked && session != 0 && status != BLOCKED {
            // They ask again, and those that still wait say so.
            self.blocked = false;
            flags |= 4;
        }
        if let Some(slot) = self.sessions.get_mut(&session) {
            if let Some(s) = slot.connection.session() {
                self.io[6] = s.shared.status() as u32;
            }
        }
        for (id, slot) in self.sessions.iter_mut() {
            if slot.job == Job::Idle {
                if let Some(s) = slot.connection.session() {
                    if !s.shared.inbox.borrow().is_empty() {
                        flags |= 8;
                        self.io[8] = *id;
                    }
                }
            }
        }
        self.io[3] = flags;
        status
    }

    fn fail(&mut self, e: &Error) -> u32 {
        self.out.report(e.report(), "");
        self.finish(0, FAILED)
    }

    /// Opens a session: its number, 0 with an Error item.
    pub fn open_session(&mut self, user: &str, database: &str) -> u32 {
        self.begin();
        let user = if user.is_empty() { self.user.clone() } else { user.to_string() };
        let database = if database.is_empty() { self.database.clone() } else { database.to_string() };
        match self.connect(&user, &database) {
            Ok(id) => {
                self.finish(id, DONE);
                id
            }
            Err(e) => {
                self.fail(&e);
                0
            }
        }
    }

    fn connect(&mut self, user: &str, database: &str) -> Result<u32> {
        let session = self.cluster.connect(database, user)?;
        for (k, v) in &self.settings {
            session.shared.settings.borrow_mut().set(k, v, false, Source::Startup)?;
        }
        session.shared.settings_changed();
        let id = session.shared.id;
        let connection = Connection::over(self.cluster.clone(), session);
        let slot =
            Slot { connection, statements: SortedMap::new(), next_statement: 1, job: Job::Idle, cancelled: false };
        self.sessions.insert(id, slot);
        Ok(id)
    }

    /// Closes a session.
    pub fn close_session(&mut self, id: u32) {
        self.begin();
        self.sessions.remove(&id);
        self.loaded(id);
        self.finish(id, DONE);
    }

    /// Starts a request and steps it once.
    pub fn run(&mut self, session: u32, kind: u32, len: u32, budget_ms: f64) -> u32 {
        self.begin();
        let input = std::mem::take(&mut self.input);
        // SAFETY: the words are initialised and `len` is cut to what they hold.
        let bytes = unsafe {
            std::slice::from_raw_parts(input.as_ptr().cast::<u8>(), (len as usize).min(input.len() * 8))
        };
        let r = self.start(session, kind, bytes);
        self.input = input;
        match r {
            Ok(true) => self.advance(session, budget_ms),
            Ok(false) => self.finish(session, DONE),
            Err((e, sql)) => self.failed(session, &e, &sql),
        }
    }

    fn failed(&mut self, session: u32, e: &Error, sql: &str) -> u32 {
        if let Some(slot) = self.sessions.get_mut(&session) {
            slot.job = Job::Idle;
            if let Some(s) = slot.connection.session() {
                let mut out = packed_out(&mut self.out, 0, false);
                s.flush(&mut out, sql);
                s.fail();
            }
        }
        self.out.report(e.report(), sql);
        self.finish(session, DONE)
    }

    /// Whether there is anything to step.
    fn start(&mut self, id: u32, kind: u32, bytes: &[u8]) -> Result<bool, (Error, String)> {
        let none = |e: Error| (e, String::new());
        let Some(slot) = self.sessions.get_mut(&id) else {
            return Err(none(err!(CONNECTION_DOES_NOT_EXIST, "session {id} does not exist")));
        };
        slot.cancelled = false;
        let kind = Kind::from_u32(kind).map_err(none)?;
        let mut r = Request::new(bytes);
        if kind == Kind::Protocol {
            slot.connection.feed(r.bytes());
            slot.job = Job::Protocol;
            return Ok(true);
        }
        let Some(session) = slot.connection.session() else {
            return Err(none(err!(CONNECTION_DOES_NOT_EXIST, "session {id} is closed")));
        };
        let out = &mut self.out;
        match kind {
            Kind::Exec => {
                let flags = r.u32().map_err(none)?;
                let sql = r.text().map_err(none)?;
                session.simple_query(sql, &mut packed_out(out, flags, true));
                slot.job = if session.is_busy() { Job::Exec { flags } } else { Job::Idle };
                Ok(session.is_busy())
            }
            Kind::Query => {
                let flags = r.u32().map_err(none)?;
                let max = r.u32().map_err(none)? as usize;
                let sql = r.text().map_err(none)?;
                let mut params = Vec::new();
                r.params(&mut params).map_err(none)?;
                let types = r.types().map_err(none)?;
                let once = (|| -> Result<Once> {
                    let prepared = session.parse("", sql, types)?;
                    let values = values(session, &prepared, &params)?;
                    if let Some(c) = &prepared.columns {
                        write_fields(out, c, flags);
                    }
                    session.execute_once(prepared, values.into(), max, &mut packed_out(out, flags, false))
                })()
                .map_err(|e| (e, sql.to_string()))?;
                Ok(slot.goes_on(once, flags))
            }
            Kind::Prepare => {
                let flags = r.u32().map_err(none)?;
                let sql = r.text().map_err(none)?;
                let types = r.types().map_err(none)?;
                let prepared = session.parse("", sql, types).map_err(|e| (e, sql.to_string()))?;
                let handle = slot.next_statement;
                slot.next_statement += 1;
                out.statement(handle);
                out.param_types(&prepared.param_types);
                let mut sent = None;
                if let Some(c) = &prepared.columns {
                    write_fields(out, c, flags);
                    sent = Some((c.clone(), flags & 3));
                }
                slot.statements.insert(handle, Statement { prepared, sent });
                session.sync();
                slot.job = Job::Ending;
                Ok(true)
            }
            Kind::Describe => {
                let sql = r.text().map_err(none)?;
                let prepared = session.parse("", sql, vec![]).map_err(|e| (e, sql.to_string()))?;
                out.param_types(&prepared.param_types);
                if let Some(c) = &prepared.columns {
                    write_fields(out, c, 0);
                }
                session.sync();
                slot.job = Job::Ending;
                Ok(true)
            }
            Kind::Execute => {
                let flags = r.u32().map_err(none)?;
                let max = r.u32().map_err(none)? as usize;
                let handle = r.u32().map_err(none)?;
                let mut params = Vec::new();
                r.params(&mut params).map_err(none)?;
                let Some(statement) = slot.statements.get_mut(&handle) else {
                    return Err(none(err!(INVALID_SQL_STATEMENT_NAME, "prepared statement {handle} does not exist")));
                };
                let sql = statement.prepared.sql.clone();
                let once = (|| -> Result<Once> {
                    if flags & UNNAMED != 0 && statement.prepared.is_stale(&session.shared)? {
                        let types = statement.prepared.given().to_vec();
                        statement.prepared = session.parse("", &sql, types)?;
                        statement.sent = None;
                    }
                    let prepared = statement.prepared.clone();
                    let values = values(session, &prepared, &params)?;
                    if let Some(c) = &prepared.columns {
                        let known = statement.sent.as_ref().is_some_and(|(s, f)| Rc::ptr_eq(s, c) && *f == flags & 3);
                        if !known {
                            write_fields(out, c, flags);
                            statement.sent = Some((c.clone(), flags & 3));
                        }
                    }
                    session.execute_once(prepared, values.into(), max, &mut packed_out(out, flags, false))
                })()
                .map_err(|e| (e, sql.to_string()))?;
                Ok(slot.goes_on(once, flags))
            }
            Kind::Close => {
                slot.statements.remove(&r.u32().map_err(none)?);
                Ok(false)
            }
            Kind::Protocol => Ok(false),
        }
    }

    /// Continues a request.
    pub fn step(&mut self, session: u32, budget_ms: f64) -> u32 {
        self.begin();
        self.advance(session, budget_ms)
    }

    /// `id` does not wait for segments any more.
    fn loaded(&self, id: u32) {
        if let Some(q) = &self.queue {
            q.borrow_mut().loading.remove(&id);
        }
    }

    fn need_segments(&mut self, id: u32) {
        if let Some(q) = &self.queue {
            let mut q = q.borrow_mut();
            q.loading.insert(id);
            for name in q.wanted.iter() {
                self.out.segment_name(Item::NeedSegment, &name.to_string());
            }
        }
    }

    fn advance(&mut self, id: u32, budget_ms: f64) -> u32 {
        self.loaded(id);
        let end = js_sys::Date::now() + budget_ms;
        loop {
            let Some(slot) = self.sessions.get_mut(&id) else { return self.finish(0, DONE) };
            if slot.job == Job::Protocol {
                let wait = slot.connection.run();
                let bytes = slot.connection.take_output();
                if !bytes.is_empty() {
                    self.out.bytes(&bytes);
                }
                let status = match wait {
                    Wait::Input | Wait::Closed => {
                        slot.job = Job::Idle;
                        DONE
                    }
                    Wait::Turn if js_sys::Date::now() < end => continue,
                    Wait::Turn => YIELDED,
                    Wait::Output => FULL,
                    Wait::Lock => BLOCKED,
                    Wait::Log(lsn) => {
                        self.set_lsn(lsn);
                        WAITING
                    }
                    Wait::Segment => SEGMENTS,
                };
                return self.paused(id, status);
            }
            let job = slot.job;
            let Some(session) = slot.connection.session() else { return self.finish(0, DONE) };
            let flags = match job {
                Job::Portal { flags } | Job::Exec { flags } => flags,
                _ => 0,
            };
            let mut out = packed_out(&mut self.out, flags, matches!(job, Job::Exec { .. }));
            let status = session.step(&mut out);
            let truncated = out.truncated;
            match status {
                Status::Done => match job {
                    Job::Portal { .. } => {
                        if truncated {
                            session.close_portal("");
                        }
                        session.sync();
                        slot.job = Job::Ending;
                    }
                    _ => {
                        slot.job = Job::Idle;
                        return self.finish(id, DONE);
                    }
                },
                Status::Yield if js_sys::Date::now() < end => {}
                Status::Yield => return self.paused(id, YIELDED),
                Status::Blocked => return self.paused(id, BLOCKED),
                Status::Full => return self.paused(id, FULL),
                Status::Segment => return self.paused(id, SEGMENTS),
                Status::Ack(lsn) => {
                    self.set_lsn(lsn);
                    return self.paused(id, WAITING);
                }
                Status::CopyIn => session.copy_fail("COPY FROM STDIN needs the protocol"),
            }
        }
    }

    fn set_lsn(&mut self, lsn: Lsn) {
        self.io[4] = lsn.0 as u32;
        self.io[5] = (lsn.0 >> 32) as u32;
    }

    fn paused(&mut self, id: u32, status: u32) -> u32 {
        self.io[9] = 0;
        if status == BLOCKED {
            self.blocked = true;
            self.io[9] = LOOK_AGAIN_MS;
        }
        if status == SEGMENTS {
            self.need_segments(id);
        }
        self.finish(id, status)
    }

    /// The running statement ends at its next step.
    pub fn cancel(&mut self, session: u32) {
        self.begin();
        if let Some(slot) = self.sessions.get_mut(&session) {
            if slot.job != Job::Idle {
                if let Some(s) = slot.connection.session() {
                    s.shared.cancelled.set(true);
                }
            }
        }
        self.finish(session, DONE);
    }

    /// Pending notifications of an idle session.
    pub fn poll(&mut self, session: u32) {
        self.begin();
        if let Some(slot) = self.sessions.get_mut(&session) {
            if slot.job == Job::Idle {
                if let Some(s) = slot.connection.session() {
                    s.flush(&mut packed_out(&mut self.out, 0, false), "");
                }
            }
        }
        self.finish(session, DONE);
    }

    /// Everything up to `lsn` is durable.
    pub fn ack(&mut self, lsn: f64) {
        self.begin();
        if let Some(q) = &self.queue {
            let mut q = q.borrow_mut();
            q.durable = q.durable.max(Lsn(lsn as u64));
        }
        self.finish(0, DONE);
    }

    /// Log records for the host.
    pub fn take_log(&mut self) {
        self.begin();
        if let Some(q) = &self.queue {
            for (lsn, record) in q.borrow_mut().records.drain(..) {
                self.out.at_lsn(Item::LogRecord, lsn.0, &record);
            }
        }
        self.finish(0, DONE);
    }

    /// A checkpoint for the host: 1 when there is one, 2 when segments (in the output) have to be provided first.
    pub fn take_checkpoint(&mut self) -> u32 {
        self.begin();
        let Some(q) = self.queue.clone() else { return self.finish(0, DONE) };
        let Some(db) = self.cluster.database(&self.database) else { return self.finish(0, DONE) };
        self.loaded(0);
        match db.store.checkpoint() {
            Err(e) => {
                self.fail(&e);
                return 0;
            }
            Ok(Checkpointed::Pending) => {
                self.need_segments(0);
                self.finish(0, SEGMENTS);
                return 2;
            }
            Ok(Checkpointed::Done { .. }) => {}
        }
        let mut q = q.borrow_mut();
        let Some(c) = q.checkpoint.take() else {
            drop(q);
            self.finish(0, DONE);
            return 0;
        };
        for (name, bytes) in &c.segments {
            self.out.segment(&name.to_string(), bytes);
        }
        let mut keep: SortedSet<SegmentName> = c.keep.iter().copied().collect();
        keep.extend(c.segments.iter().map(|s| s.0));
        for gone in q.stored.iter().filter(|n| !keep.contains(n)) {
            self.out.segment_name(Item::DropSegment, &gone.to_string());
        }
        q.storing = Some(keep);
        self.out.at_lsn(Item::Manifest, c.lsn.0, &c.manifest);
        drop(q);
        self.finish(0, DONE);
        1
    }

    /// The transaction with the checkpoint committed, or failed.
    pub fn checkpoint_done(&mut self, ok: bool) {
        self.begin();
        if let Some(q) = &self.queue {
            let mut q = q.borrow_mut();
            match q.storing.take() {
                Some(now) if ok => q.stored = now,
                // Its transaction failed: what was stored before is what there is.
                _ => {
                    if let Some(db) = self.cluster.database(&self.database) {
                        db.store.checkpoint_lost();
                    }
                }
            }
        }
        self.finish(0, DONE);
    }

    /// First call on a stored database.
    pub fn open(&mut self, manifest: Option<Vec<u8>>) -> u32 {
        self.begin();
        self.manifest = manifest;
        self.log.clear();
        self.finish(0, DONE)
    }

    /// Each log record, in order.
    pub fn replay(&mut self, lsn: f64, record: &[u8]) -> u32 {
        self.begin();
        self.last = Lsn(lsn as u64);
        self.log.extend_from_slice(record);
        self.finish(0, DONE)
    }

    /// End of recovery.
    pub fn open_done(&mut self) -> u32 {
        self.begin();
        let Some(queue) = self.queue.clone() else { return self.finish(0, DONE) };
        let manifest = self.manifest.take();
        let log = std::mem::take(&mut self.log);
        let opened = Store::open(Box::new(Sink(queue.clone())), manifest.as_deref(), &log).and_then(|(store, found)| {
            {
                let mut q = queue.borrow_mut();
                q.appended = found.last;
                q.durable = found.last;
                q.stored = store.segment_names();
            }
            // A record is written whole or not at all: one that is not whole was changed since.
            if found.dropped_bytes > 0 || found.last < self.last {
                let damaged = found.last.0 + 1;
                return Err(err!(DATA_CORRUPTED, "log record {damaged} is damaged"));
            }
            self.cluster.add(&self.database, Rc::new(store))
        });
        match opened {
            Ok(_) => self.finish(0, DONE),
            Err(e) => self.fail(&e),
        }
    }

    /// A segment that was asked for; empty when the host does not have it.
    pub fn provide_segment(&mut self, name: &str, bytes: Vec<u8>) -> u32 {
        self.begin();
        if let (Some(q), Some(n)) = (&self.queue, SegmentName::parse(name)) {
            let mut q = q.borrow_mut();
            q.wanted.remove(&n);
            q.provided.insert(n, bytes);
        }
        self.finish(0, DONE)
    }

    /// Statement boundaries in UTF-16 units: start, end pairs.
    pub fn split(&self, sql: &str) -> Vec<u32> {
        let mut out = Vec::new();
        let (mut byte, mut unit) = (0usize, 0u32);
        let mut at = |to: usize| {
            unit += sql.get(byte..to).map_or(0, |s| s.encode_utf16().count() as u32);
            byte = to;
            unit
        };
        for s in tusklet_engine::split(sql) {
            out.push(at(s.start as usize));
            out.push(at(s.end as usize));
        }
        out
    }
}

fn packed_out(out: &mut packed::Output, flags: u32, announce: bool) -> Packed<'_> {
    Packed { out, flags, types: vec![], scratch: String::new(), announce, truncated: false }
}

/// Parameters as values of the statement's types.
fn values(
    session: &mut tusklet_engine::session::Session,
    prepared: &Prepared,
    params: &[Param<'_>],
) -> Result<Vec<Value>> {
    if params.len() != prepared.param_types.len() {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "bind message supplies {} parameters, but prepared statement \"\" requires {}",
            params.len(),
            prepared.param_types.len()
        ));
    }
    if params.is_empty() {
        return Ok(vec![]);
    }
    let mut all = Vec::with_capacity(params.len());
    let shared = session.shared.clone();
    shared.begin_transaction(false);
    let mut cx: Option<ExecCx<'_>> = None;
    for (p, ty) in params.iter().zip(&prepared.param_types) {
        if matches!(p, Param::Text(s) if s.contains('\0')) {
            return Err(err!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": 0x00"));
        }
        let direct = match (p, *ty) {
            (Param::Null, _) => Some(Value::Null),
            (Param::Int(n), 23) => i32::try_from(*n).ok().map(Value::I32),
            (Param::Int(n), 20) => Some(Value::I64(*n)),
            (Param::Int(n), 21) => i16::try_from(*n).ok().map(Value::I16),
            (Param::Int(n), 701) => Some(Value::F64(*n as f64)),
            (Param::Float(f), 701) => Some(Value::F64(*f)),
            (Param::Float(f), 700) => Some(Value::F32(*f as f32)),
            (Param::Bool(b), 16) => Some(Value::Bool(*b)),
            (Param::Text(s), 25) => Some(Value::text(s)),
            (Param::Bytes(b), 17) => Some(Value::bytes(b)),
            _ => None,
        };
        if let Some(v) = direct {
            all.push(v);
            continue;
        }
        let text = match p {
            Param::Null => String::new(),
            Param::Text(s) => s.to_string(),
            Param::Int(n) => n.to_string(),
            Param::Float(f) if *f == f64::INFINITY => "Infinity".into(),
            Param::Float(f) if *f == f64::NEG_INFINITY => "-Infinity".into(),
            Param::Float(f) => format!("{f}"),
            Param::Bool(b) => b.to_string(),
            Param::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
        };
        if cx.is_none() {
            cx = Some(shared.exec_cx(shared.snapshot()?)?);
        }
        if let Some(cx) = &mut cx {
            all.push(cx.input(TypeRef::new(*ty), &text)?);
        }
    }
    Ok(all)
}

