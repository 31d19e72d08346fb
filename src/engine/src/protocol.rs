//! PostgreSQL's protocol 3.0 as bytes in and bytes out.
//!
//! A [`Connection`] is fed what the client sent and says what to send back; it never waits. [`Connection::run`] works
//! until there is nothing to do or something to wait for, and says which.

use std::rc::Rc;

use tusklet_error::{Error, Notice, Report, Result, TryVec, err};
use tusklet_exec::ExecCx;
use tusklet_ir::ResultColumn;
use tusklet_vector::{Batch, CallContext, Datum};

use crate::database::Cluster;
use crate::output::{Output, Tag, char_position, is_binary, write_text};
use crate::session::Session;
use crate::settings::{REPORTED, Source};
use crate::work::Status;

/// Largest message taken: what PostgreSQL takes.
const MAX_MESSAGE: usize = 0x3FFF_FFFF;
/// Output that makes a statement pause.
const FULL: usize = 1 << 20;

const SSL_REQUEST: u32 = 80877103;
const GSS_REQUEST: u32 = 80877104;
const CANCEL_REQUEST: u32 = 80877102;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The client's next bytes.
    Input,
    /// Its turn: call again soon.
    Turn,
    /// Another transaction's end.
    Lock,
    /// The log to be durable up to here.
    Log(tusklet_storage::Lsn),
    /// A segment.
    Segment,
    /// The client to take what is in the output.
    Output,
    /// Nothing: close it.
    Closed,
}

enum State {
    Startup,
    Ready,
    Closed,
}

/// One client.
pub struct Connection {
    cluster: Rc<Cluster>,
    session: Option<Session>,
    input: Vec<u8>,
    at: usize,
    out: Wire,
    state: State,
    /// ReadyForQuery is due when the task ends.
    ready_due: bool,
    copying: bool,
    /// A cancel request this connection brought: process id and secret.
    pub cancel: Option<(u32, u32)>,
}

/// The output side.
#[derive(Default)]
pub struct Wire {
    bytes: Vec<u8>,
    scratch: String,
}

impl Wire {
    fn message(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.push(kind);
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        body(&mut self.bytes);
        let len = (self.bytes.len() - at) as u32;
        self.bytes[at..at + 4].copy_from_slice(&len.to_be_bytes());
    }

    fn report(&mut self, kind: u8, r: &Report, sql: &str) {
        self.message(kind, |b| {
            let mut field = |code: u8, text: &str| {
                b.push(code);
                b.extend_from_slice(text.replace('\0', "").as_bytes());
                b.push(0);
            };
            field(b'S', r.severity.as_str());
            field(b'V', r.severity.as_str());
            field(b'C', r.code.as_str());
            field(b'M', &r.message);
            if let Some(t) = &r.detail {
                field(b'D', t);
            }
            if let Some(t) = &r.hint {
                field(b'H', t);
            }
            if !r.span.is_none() && !sql.is_empty() {
                field(b'P', &char_position(sql, r.span.start).to_string());
            }
            if let Some(q) = &r.internal_query {
                if !r.internal_span.is_none() {
                    field(b'p', &char_position(q, r.internal_span.start).to_string());
                }
                field(b'q', q);
            }
            if let Some(t) = &r.context {
                field(b'W', t);
            }
            for (code, t) in
                [(b's', &r.schema), (b't', &r.table), (b'c', &r.column), (b'd', &r.datatype), (b'n', &r.constraint)]
            {
                if let Some(t) = t {
                    field(code, t);
                }
            }
            b.push(0);
        });
    }
}

fn text(b: &mut Vec<u8>, s: &str) {
    b.extend_from_slice(s.as_bytes());
    b.push(0);
}

impl Output for Wire {
    fn columns(&mut self, columns: &[ResultColumn], formats: &[i16]) {
        self.message(b'T', |b| {
            b.extend_from_slice(&(columns.len() as i16).to_be_bytes());
            for (i, c) in columns.iter().enumerate() {
                text(b, &c.name);
                b.extend_from_slice(&c.origin.0.to_be_bytes());
                b.extend_from_slice(&c.origin.1.to_be_bytes());
                b.extend_from_slice(&c.ty.oid.to_be_bytes());
                b.extend_from_slice(&crate::type_len(c.ty.oid).to_be_bytes());
                b.extend_from_slice(&c.ty.typmod.to_be_bytes());
                b.extend_from_slice(&(is_binary(formats, i) as i16).to_be_bytes());
            }
        });
    }

    fn no_columns(&mut self) {
        self.message(b'n', |_| {});
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], formats: &[i16], batch: &Batch) -> Result<()> {
        for i in batch.sel.iter() {
            let begin = self.bytes.len();
            self.bytes.push(b'D');
            self.bytes.extend_from_slice(&[0; 4]);
            self.bytes.extend_from_slice(&(columns.len() as i16).to_be_bytes());
            for (k, c) in columns.iter().enumerate() {
                let d = batch.columns[k].get(i);
                if matches!(d, Datum::Null) {
                    self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
                    continue;
                }
                let at = self.bytes.len();
                self.bytes.extend_from_slice(&[0; 4]);
                let r = if is_binary(formats, k) {
                    cx.send(c.ty.oid, d, &mut self.bytes)
                } else {
                    write_text(cx, c.ty.oid, d, &mut self.bytes, &mut self.scratch)
                };
                if let Err(e) = r {
                    self.bytes.truncate(begin);
                    return Err(e);
                }
                let len = (self.bytes.len() - at - 4) as i32;
                self.bytes[at..at + 4].copy_from_slice(&len.to_be_bytes());
            }
            let len = (self.bytes.len() - begin - 1) as u32;
            self.bytes[begin + 1..begin + 5].copy_from_slice(&len.to_be_bytes());
        }
        Ok(())
    }

    fn complete(&mut self, tag: &Tag) {
        self.message(b'C', |b| text(b, &tag.text()));
    }

    fn suspended(&mut self) {
        self.message(b's', |_| {});
    }

    fn empty(&mut self) {
        self.message(b'I', |_| {});
    }

    fn error(&mut self, error: &Error, sql: &str) {
        self.report(b'E', error.report(), sql);
    }

    fn notice(&mut self, notice: &Notice, sql: &str) {
        self.report(b'N', notice, sql);
    }

    fn setting(&mut self, name: &str, value: &str) {
        self.message(b'S', |b| {
            text(b, name);
            text(b, value);
        });
    }

    fn notification(&mut self, pid: u32, channel: &str, payload: &str) {
        self.message(b'A', |b| {
            b.extend_from_slice(&pid.to_be_bytes());
            text(b, channel);
            text(b, payload);
        });
    }

    fn copy_in(&mut self, columns: usize, binary: bool) {
        self.copy_start(b'G', columns, binary);
    }

    fn copy_out(&mut self, columns: usize, binary: bool) {
        self.copy_start(b'H', columns, binary);
    }

    fn copy_data(&mut self, data: &[u8]) {
        self.message(b'd', |b| b.extend_from_slice(data));
    }

    fn copy_done(&mut self) {
        self.message(b'c', |_| {});
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }
}

impl Wire {
    fn copy_start(&mut self, kind: u8, columns: usize, binary: bool) {
        self.message(kind, |b| {
            b.push(binary as u8);
            b.extend_from_slice(&(columns as i16).to_be_bytes());
            for _ in 0..columns {
                b.extend_from_slice(&(binary as i16).to_be_bytes());
            }
        });
    }
}

/// A message's body being read.
struct Body<'a> {
    bytes: &'a [u8],
}

impl<'a> Body<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.bytes.len() {
            return Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message"));
        }
        let (a, b) = self.bytes.split_at(n);
        self.bytes = b;
        Ok(a)
    }

    fn i16(&mut self) -> Result<i16> {
        let b = self.take(2)?;
        Ok(i16::from_be_bytes([b[0], b[1]]))
    }

    fn i32(&mut self) -> Result<i32> {
        let b = self.take(4)?;
        Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn text(&mut self) -> Result<&'a str> {
        let Some(end) = self.bytes.iter().position(|b| *b == 0) else {
            return Err(err!(PROTOCOL_VIOLATION, "invalid string in message"));
        };
        let s = &self.bytes[..end];
        self.bytes = &self.bytes[end + 1..];
        std::str::from_utf8(s).map_err(|e| crate::work::invalid_utf8(s, e.valid_up_to()))
    }
}

impl Connection {
    /// A client that has said nothing yet.
    pub fn new(cluster: Rc<Cluster>) -> Connection {
        Connection {
            cluster,
            session: None,
            input: vec![],
            at: 0,
            out: Wire::default(),
            state: State::Startup,
            ready_due: false,
            copying: false,
            cancel: None,
        }
    }

    /// A client over a session that is open already: no startup messages.
    pub fn over(cluster: Rc<Cluster>, session: Session) -> Connection {
        let mut c = Connection::new(cluster);
        c.session = Some(session);
        c.state = State::Ready;
        c
    }

    /// The session, once there is one.
    pub fn session(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// What the client sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at == self.input.len() {
            self.input.clear();
            self.at = 0;
        } else if self.at > 1 << 16 {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// What to send.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out.bytes)
    }

    /// Whether there is something to send.
    pub fn has_output(&self) -> bool {
        !self.out.bytes.is_empty()
    }

    /// Sends notifications that came while idle.
    pub fn poll(&mut self) {
        if let Some(s) = &mut self.session {
            if !s.is_busy() {
                s.flush(&mut self.out, "");
            }
        }
    }

    /// Works until there is something to wait for.
    pub fn run(&mut self) -> Wait {
        loop {
            if matches!(self.state, State::Closed) {
                return Wait::Closed;
            }
            if self.out.is_full() {
                return Wait::Output;
            }
            let busy = self.session.as_ref().is_some_and(Session::is_busy);
            if busy && !self.copying {
                let Some(s) = &mut self.session else { return Wait::Closed };
                match s.step(&mut self.out) {
                    Status::Done => {}
                    Status::Yield => return Wait::Turn,
                    Status::Blocked => return Wait::Lock,
                    Status::Ack(lsn) => return Wait::Log(lsn),
                    Status::Segment => return Wait::Segment,
                    Status::Full => return Wait::Output,
                    Status::CopyIn => {
                        self.copying = true;
                        continue;
                    }
                }
            }
            if self.ready_due && self.session.as_ref().is_some_and(|s| !s.is_busy()) {
                self.ready_due = false;
                self.ready();
            }
            match self.next_message() {
                Ok(true) => {}
                Ok(false) => return Wait::Input,
                Err(e) => {
                    self.out.error(&e.fatal(), "");
                    self.state = State::Closed;
                }
            }
        }
    }

    fn ready(&mut self) {
        if let Some(s) = &self.session {
            let status = s.shared.status();
            self.out.message(b'Z', |b| b.push(status));
        }
    }

    /// Takes one message, if a whole one is there.
    fn next_message(&mut self) -> Result<bool> {
        let rest = self.input.len() - self.at;
        let header = if matches!(self.state, State::Startup) { 4 } else { 5 };
        if rest < header {
            return Ok(false);
        }
        let h = &self.input[self.at..self.at + header];
        let l = &h[header - 4..];
        let len = u32::from_be_bytes([l[0], l[1], l[2], l[3]]) as usize;
        let kind = h[0];
        let limit = if header == 4 { 10_000 } else { MAX_MESSAGE };
        if len < 4 || len > limit {
            return Err(err!(PROTOCOL_VIOLATION, "invalid message length"));
        }
        let whole = len + header - 4;
        if rest < whole {
            return Ok(false);
        }
        let body = self.input[self.at + header..self.at + whole].to_vec();
        self.at += whole;
        if header == 4 {
            self.startup(&body)?;
        } else {
            self.message(kind, &body)?;
        }
        Ok(true)
    }

    fn startup(&mut self, body: &[u8]) -> Result<()> {
        let mut b = Body { bytes: body };
        let version = b.i32()? as u32;
        match version {
            SSL_REQUEST | GSS_REQUEST => {
                self.out.bytes.push(b'N');
                return Ok(());
            }
            CANCEL_REQUEST => {
                let (pid, secret) = (b.i32()? as u32, b.i32()? as u32);
                self.cancel = Some((pid, secret));
                self.state = State::Closed;
                return Ok(());
            }
            v if v >> 16 != 3 => {
                return Err(err!(
                    PROTOCOL_VIOLATION,
                    "unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                    v >> 16,
                    v & 0xFFFF
                ));
            }
            _ => {}
        }
        let mut user = String::new();
        let mut database = String::new();
        let mut settings = Vec::new();
        while b.bytes.first().is_some_and(|c| *c != 0) {
            let (k, v) = (b.text()?.to_string(), b.text()?.to_string());
            match k.as_str() {
                "user" => user = v,
                "database" => database = v,
                "replication" => {}
                "options" => settings.extend(command_line_options(&v)),
                _ if k.starts_with("_pq_.") => {}
                _ => settings.push((k, v)),
            }
        }
        if user.is_empty() {
            return Err(err!(
                INVALID_AUTHORIZATION_SPECIFICATION,
                "no PostgreSQL user name specified in startup packet"
            ));
        }
        if database.is_empty() {
            database = user.clone();
        }
        let session = self.cluster.connect(&database, &user)?;
        for (k, v) in settings {
            session.shared.settings.borrow_mut().set(&k, &v, false, Source::Startup)?;
        }
        session.shared.settings_changed();
        self.out.message(b'R', |b| b.extend_from_slice(&[0; 4]));
        for name in REPORTED {
            let v = session.shared.settings.borrow().get(name).unwrap_or_default();
            self.out.setting(name, &v);
        }
        let (id, secret) = (session.shared.id, session.shared.secret);
        self.out.message(b'K', |b| {
            b.extend_from_slice(&id.to_be_bytes());
            b.extend_from_slice(&secret.to_be_bytes());
        });
        self.session = Some(session);
        self.state = State::Ready;
        self.ready();
        Ok(())
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let mut b = Body { bytes: body };
        if self.copying {
            match kind {
                b'd' => session.copy_data(body),
                b'c' => session.copy_done(),
                b'f' => session.copy_fail(b.text()?),
                // Flush and Sync are ignored while copying.
                b'H' | b'S' => return Ok(()),
                b'X' => {
                    self.state = State::Closed;
                    return Ok(());
                }
                _ => {
                    session.copy_fail("unexpected message type during COPY from stdin");
                }
            }
            self.copying = false;
            return Ok(());
        }
        // After an error in the extended protocol everything up to Sync is passed over, simple queries too.
        if session.work.skip && !matches!(kind, b'S' | b'X') {
            return Ok(());
        }
        match kind {
            b'Q' => {
                let sql = match b.text() {
                    Ok(s) => s,
                    Err(e) => {
                        self.out.error(&e, "");
                        session.failed();
                        self.ready_due = true;
                        return Ok(());
                    }
                };
                session.simple_query(sql, &mut self.out);
                self.ready_due = true;
            }
            b'S' => {
                session.sync();
                self.ready_due = true;
            }
            b'X' => self.state = State::Closed,
            b'H' => {}
            // Late COPY messages after an error.
            b'd' | b'c' | b'f' => {}
            b'P' | b'B' | b'D' | b'E' | b'C' => {
                if let Err((e, sql)) = extended(session, &mut self.out, kind, &mut b) {
                    session.flush(&mut self.out, &sql);
                    self.out.error(&e, &sql);
                    session.failed();
                    session.work.skip = true;
                }
            }
            b'F' => {
                self.out.error(&Error::unsupported("the function call protocol"), "");
                self.ready_due = true;
            }
            k => return Err(err!(PROTOCOL_VIOLATION, "invalid frontend message type {k}")),
        }
        Ok(())
    }
}

fn extended(session: &mut Session, out: &mut Wire, kind: u8, b: &mut Body<'_>) -> Result<(), (Error, Rc<str>)> {
    let none = |e: Error| (e, Rc::<str>::from(""));
    match kind {
        b'P' => {
            let name = b.text().map_err(none)?.to_string();
            let sql = b.text().map_err(none)?;
            let n = b.i16().map_err(none)?;
            let mut types = Vec::new();
            for _ in 0..n {
                types.push(b.i32().map_err(none)? as u32);
            }
            let parsed = session.parse(&name, sql, types);
            session.flush_notices(out, sql);
            parsed.map_err(|e| (e, Rc::from(sql)))?;
            out.message(b'1', |_| {});
        }
        b'B' => {
            let portal = b.text().map_err(none)?.to_string();
            let statement = b.text().map_err(none)?.to_string();
            let sql = session.prepared(&statement).map(|p| p.sql.clone()).map_err(none)?;
            let r = (|| -> Result<()> {
                let formats: Vec<i16> = (0..b.i16()?).map(|_| b.i16()).try_vec()?;
                let n = b.i16()?;
                if formats.len() > 1 && formats.len() != n as usize {
                    return Err(err!(
                        PROTOCOL_VIOLATION,
                        "bind message has {} parameter formats but {n} parameters",
                        formats.len()
                    ));
                }
                let mut params = Vec::new();
                for i in 0..n as usize {
                    let len = b.i32()?;
                    params.push(if len < 0 { None } else { Some((is_binary(&formats, i), b.take(len as usize)?)) });
                }
                let results: Vec<i16> = (0..b.i16()?).map(|_| b.i16()).try_vec()?;
                if portal.is_empty() {
                    session.close_portal("");
                }
                session.bind(&portal, &statement, &params, results)
            })();
            r.map_err(|e| (e, sql))?;
            out.message(b'2', |_| {});
        }
        b'D' => {
            let what = b.take(1).map_err(none)?[0];
            let name = b.text().map_err(none)?;
            if what == b'S' {
                let p = session.prepared(name).map_err(none)?;
                out.message(b't', |o| {
                    o.extend_from_slice(&(p.param_types.len() as i16).to_be_bytes());
                    for t in &p.param_types {
                        o.extend_from_slice(&t.to_be_bytes());
                    }
                });
                match &p.columns {
                    Some(c) => out.columns(c, &[]),
                    None => out.no_columns(),
                }
            } else {
                let (columns, formats) = session.portal(name, |p| (p.columns.clone(), p.formats.clone())).map_err(none)?;
                match columns {
                    Some(c) => out.columns(&c, &formats),
                    None => out.no_columns(),
                }
            }
        }
        b'E' => {
            let portal = b.text().map_err(none)?.to_string();
            let max = b.i32().map_err(none)?.max(0) as usize;
            session.execute(&portal, max).map_err(none)?;
        }
        _ => {
            let what = b.take(1).map_err(none)?[0];
            let name = b.text().map_err(none)?;
            if what == b'S' { session.close_statement(name) } else { session.close_portal(name) }
            out.message(b'3', |_| {});
        }
    }
    Ok(())
}

/// `-c name=value` and `--name=value` of the startup packet's `options`.
fn command_line_options(v: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = v.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    let mut all = Vec::new();
    let mut it = words.into_iter();
    while let Some(w) = it.next() {
        let pair = if w == "-c" {
            it.next()
        } else if let Some(r) = w.strip_prefix("-c").or_else(|| w.strip_prefix("--")) {
            Some(r.to_string())
        } else {
            None
        };
        if let Some((k, v)) = pair.as_deref().and_then(|p| p.split_once('=')) {
            all.push((k.replace('-', "_"), v.to_string()));
        }
    }
    all
}

