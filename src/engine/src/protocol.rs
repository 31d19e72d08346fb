//! PostgreSQL's protocol 3.0 as bytes in and bytes out.
//!
//! A [`Connection`] is fed what the client sent and says what to send back; it never waits. [`Connection::run`] works
//! until there is nothing to do or something to wait for, and says which.

mod startup;

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use tusklet_adt::encoding::{self, Client};
use tusklet_error::{Error, Notice, Report, Result, Span, TryVec, err};
use tusklet_exec::ExecCx;
use tusklet_ir::ResultColumn;
use tusklet_vector::{Batch, CallContext, Datum};

use crate::bind::Wired;
use crate::database::Cluster;
use crate::output::{Output, Tag, char_position, format_of, write_text};
use crate::session::Session;
use crate::work::Status;

/// Largest message taken: what PostgreSQL takes.
const MAX_MESSAGE: usize = 0x3FFF_FFFF;
/// … and of those that hold a name at most.
const SMALL_MESSAGE: usize = 10_000;
/// Output that makes a statement pause.
const FULL: usize = 1 << 20;

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
    /// COPY got a message that is none of its own: the connection ends with the statement.
    lost: bool,
    /// A cancel request this connection brought: process id and secret.
    pub cancel: Option<(u32, u32)>,
}

/// The output side.
#[derive(Default)]
pub struct Wire {
    bytes: Vec<u8>,
    scratch: String,
    /// The session's: what text is converted to.
    client: Rc<RefCell<Option<Rc<Client>>>>,
    /// An error was sent.
    failed: bool,
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

    /// As the client reads it; what it has no characters for is `?`.
    fn shown<'a>(&self, s: &'a str) -> Cow<'a, [u8]> {
        let Some(client) = &*self.client.borrow() else { return Cow::Borrowed(s.as_bytes()) };
        client.encode(s.as_bytes()).unwrap_or_else(|_| {
            let one =
                |c: char| client.encode(c.encode_utf8(&mut [0; 4]).as_bytes()).map_or(vec![b'?'], Cow::into_owned);
            Cow::Owned(s.chars().flat_map(one).collect())
        })
    }

    fn report(&mut self, kind: u8, r: &Report, sql: &str) {
        let position = |sql: &str, span: Span| {
            (!span.is_none() && !sql.is_empty()).then(|| char_position(sql, span.start).to_string())
        };
        let query = r.internal_query.as_deref();
        let severity = Some(r.severity.as_str());
        let (at, inside) = (position(sql, r.span), position(query.unwrap_or(""), r.internal_span));
        let fields = [
            (b'S', severity),
            (b'V', severity),
            (b'C', Some(r.code.as_str())),
            (b'M', Some(r.message.as_str())),
            (b'D', r.detail.as_deref()),
            (b'H', r.hint.as_deref()),
            (b'P', at.as_deref()),
            (b'p', inside.as_deref()),
            (b'q', query),
            (b'W', r.context.as_deref()),
            (b's', r.schema.as_deref()),
            (b't', r.table.as_deref()),
            (b'c', r.column.as_deref()),
            (b'd', r.datatype.as_deref()),
            (b'n', r.constraint.as_deref()),
        ];
        if kind == b'E' {
            // An error that cannot be told in the client's encoding is one of that.
            let client = self.client.borrow().clone();
            let told = |c: Rc<Client>| fields.iter().find_map(|(_, t)| c.encode((*t)?.as_bytes()).err());
            if let Some(e) = client.and_then(told) {
                return self.report(kind, e.report(), "");
            }
        }
        let mut body = Vec::new();
        for (code, t) in fields {
            let Some(t) = t else { continue };
            body.push(code);
            body.extend(self.shown(t).iter().filter(|b| **b != 0));
            body.push(0);
        }
        body.push(0);
        self.message(kind, |b| b.extend_from_slice(&body));
    }

    /// Texts and what stands before them.
    fn texts(&mut self, kind: u8, head: &[u8], all: &[&str]) {
        let mut body = head.to_vec();
        for t in all {
            body.extend_from_slice(&self.shown(t));
            body.push(0);
        }
        self.message(kind, |b| b.extend_from_slice(&body));
    }
}

fn text(b: &mut Vec<u8>, s: &str) {
    b.extend_from_slice(s.as_bytes());
    b.push(0);
}

impl Output for Wire {
    fn columns(&mut self, columns: &[ResultColumn], formats: &[i16]) -> Result<()> {
        let client = self.client.borrow().clone();
        if let Some(client) = &client {
            columns.iter().try_for_each(|c| client.encode(c.name.as_bytes()).map(drop))?;
        }
        self.message(b'T', |b| {
            b.extend_from_slice(&(columns.len() as i16).to_be_bytes());
            for (i, c) in columns.iter().enumerate() {
                match client.as_ref().and_then(|k| k.encode(c.name.as_bytes()).ok()) {
                    None => text(b, &c.name),
                    Some(name) => {
                        b.extend_from_slice(&name);
                        b.push(0);
                    }
                }
                b.extend_from_slice(&c.origin.0.to_be_bytes());
                b.extend_from_slice(&c.origin.1.to_be_bytes());
                b.extend_from_slice(&c.ty.oid.to_be_bytes());
                b.extend_from_slice(&crate::type_len(c.ty.oid).to_be_bytes());
                b.extend_from_slice(&c.ty.typmod.to_be_bytes());
                b.extend_from_slice(&format_of(formats, i).to_be_bytes());
            }
        });
        Ok(())
    }

    fn no_columns(&mut self) {
        self.message(b'n', |_| {});
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], formats: &[i16], batch: &Batch) -> Result<()> {
        let client = self.client.borrow().clone();
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
                let mut r = match format_of(formats, k) {
                    0 => write_text(cx, c.ty.oid, d, &mut self.bytes, &mut self.scratch),
                    1 => cx.send(c.ty.oid, d, &mut self.bytes),
                    n => Err(err!(INVALID_PARAMETER_VALUE, "unsupported format code: {n}")),
                };
                if let (Some(client), 0, Ok(())) = (&client, format_of(formats, k), &r) {
                    r = converted(client, &mut self.bytes, at + 4);
                }
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
        self.failed = true;
        self.report(b'E', error.report(), sql);
    }

    fn notice(&mut self, notice: &Notice, sql: &str) {
        self.report(b'N', notice, sql);
    }

    fn setting(&mut self, name: &str, value: &str) {
        self.texts(b'S', &[], &[name, value]);
    }

    fn hears_when_ready(&self) -> bool {
        true
    }

    fn notification(&mut self, pid: u32, channel: &str, payload: &str) {
        self.texts(b'A', &pid.to_be_bytes(), &[channel, payload]);
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

/// Text written from `at` on in the client's encoding.
#[cold]
pub(crate) fn converted(client: &Client, bytes: &mut Vec<u8>, at: usize) -> Result<()> {
    if let Cow::Owned(b) = client.encode(&bytes[at..])? {
        bytes.truncate(at);
        bytes.extend_from_slice(&b);
    }
    Ok(())
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
pub(crate) struct Body<'a> {
    bytes: &'a [u8],
    client: Option<Rc<Client>>,
}

impl<'a> Body<'a> {
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        if n > self.bytes.len() {
            return Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message"));
        }
        let (a, b) = self.bytes.split_at(n);
        self.bytes = b;
        Ok(a)
    }

    fn byte(&mut self) -> Result<u8> {
        let Some((first, rest)) = self.bytes.split_first() else {
            return Err(err!(PROTOCOL_VIOLATION, "no data left in message"));
        };
        self.bytes = rest;
        Ok(*first)
    }

    /// How many there are of something.
    pub(crate) fn count(&mut self) -> Result<usize> {
        self.i16().map(|n| n as u16 as usize)
    }

    pub(crate) fn formats(&mut self) -> Result<Vec<i16>> {
        (0..self.count()?).map(|_| self.i16()).try_vec()
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<()> {
        if !self.bytes.is_empty() {
            return Err(err!(PROTOCOL_VIOLATION, "invalid message format"));
        }
        Ok(())
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        let b = self.take(2)?;
        Ok(i16::from_be_bytes([b[0], b[1]]))
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        let b = self.take(4)?;
        Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn text(&mut self) -> Result<Cow<'a, str>> {
        let Some(end) = self.bytes.iter().position(|b| *b == 0) else {
            return Err(err!(PROTOCOL_VIOLATION, "invalid string in message"));
        };
        let s = &self.bytes[..end];
        self.bytes = &self.bytes[end + 1..];
        encoding::from_client(self.client.as_deref(), s)
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
            lost: false,
            cancel: None,
        }
    }

    /// A client over a session that is open already: no startup messages.
    pub fn over(cluster: Rc<Cluster>, session: Session) -> Connection {
        let mut c = Connection::new(cluster);
        c.out.client = session.shared.client.clone();
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
            if !s.is_busy() && s.shared.transaction.borrow().is_none() && !s.shared.inbox.borrow().is_empty() {
                s.tell(&mut self.out);
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
                let status = s.step(&mut self.out);
                if std::mem::take(&mut self.out.failed) && !self.ready_due {
                    // An Execute failed: all is passed over up to Sync.
                    s.work.skip = true;
                }
                match status {
                    Status::Done if self.lost => {
                        let e = err!(
                            PROTOCOL_VIOLATION,
                            "terminating connection because protocol synchronization was lost"
                        );
                        self.out.error(&e.fatal(), "");
                        self.state = State::Closed;
                        continue;
                    }
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
        if let Some(s) = &mut self.session {
            s.tell(&mut self.out);
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
        let limit = match kind {
            _ if header == 4 => SMALL_MESSAGE,
            b'Q' | b'F' | b'B' | b'P' | b'd' => MAX_MESSAGE,
            b'X' | b'C' | b'D' | b'E' | b'H' | b'S' | b'c' | b'f' => SMALL_MESSAGE,
            // In COPY it is said so of the statement.
            _ if self.copying => SMALL_MESSAGE,
            k => return Err(err!(PROTOCOL_VIOLATION, "invalid frontend message type {k}")),
        };
        if len < 4 || len > limit {
            // Who says this is no client to explain it to.
            self.state = State::Closed;
            return Ok(true);
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
            self.poll();
            self.message(kind, &body)?;
        }
        Ok(true)
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let client = session.shared.client.borrow().clone();
        let mut b = Body { bytes: body, client };
        if self.copying {
            match kind {
                b'd' => session.copy_data(body),
                b'c' => session.copy_done(),
                b'f' => {
                    let reason = b.text()?;
                    session.copy_fail(&reason);
                }
                // Flush and Sync are ignored while copying.
                b'H' | b'S' => return Ok(()),
                k => {
                    self.lost = true;
                    session.copy_stop(err!(
                        PROTOCOL_VIOLATION,
                        "unexpected message type 0x{k:02X} during COPY from stdin"
                    ));
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
                self.ready_due = true;
                match b.text().and_then(|sql| b.end().map(|()| sql)) {
                    Ok(sql) => session.simple_query(&sql, &mut self.out),
                    Err(e) => {
                        self.out.error(&e, "");
                        session.failed();
                    }
                }
            }
            b'S' => {
                if let Err(e) = b.end() {
                    self.out.error(&e, "");
                    session.failed();
                }
                session.sync();
                self.ready_due = true;
            }
            b'X' => self.state = State::Closed,
            // Late COPY messages after an error.
            b'd' | b'c' | b'f' => {}
            b'P' | b'B' | b'D' | b'E' | b'C' | b'H' => {
                if let Err((e, sql)) = extended(session, &mut self.out, kind, &mut b) {
                    session.flush_notices(&mut self.out, &sql);
                    self.out.error(&e, &sql);
                    session.failed();
                    session.work.skip = true;
                }
            }
            b'F' => {
                self.ready_due = true;
                match crate::fastpath::call(session, &mut b) {
                    Ok(answer) => {
                        session.flush_notices(&mut self.out, "");
                        self.out.message(b'V', |b| b.extend_from_slice(&answer));
                        session.sync();
                    }
                    Err(e) => {
                        session.flush_notices(&mut self.out, "");
                        self.out.error(&e, "");
                        session.failed();
                    }
                }
            }
            k => return Err(err!(PROTOCOL_VIOLATION, "invalid frontend message type {k}")),
        }
        self.out.failed = false;
        Ok(())
    }
}

fn extended(session: &mut Session, out: &mut Wire, kind: u8, b: &mut Body<'_>) -> Result<(), (Error, Rc<str>)> {
    let none = |e: Error| (e, Rc::<str>::from(""));
    match kind {
        b'P' => {
            let name = b.text().map_err(none)?;
            let sql = b.text().map_err(none)?;
            let types = (|| {
                let types = (0..b.count()?).map(|_| b.i32().map(|t| t as u32)).try_vec()?;
                b.end().map(|()| types)
            })();
            let parsed = session.parse(&name, &sql, types.map_err(none)?);
            session.flush_notices(out, &sql);
            parsed.map_err(|e| (e, Rc::from(&*sql)))?;
            out.message(b'1', |_| {});
        }
        b'B' => {
            let portal = b.text().map_err(none)?;
            let statement = b.text().map_err(none)?;
            let sql = session.prepared(&statement).map(|p| p.sql.clone()).map_err(none)?;
            bind(session, b, &portal, &statement).map_err(|e| (e, sql))?;
            out.message(b'2', |_| {});
        }
        b'D' => describe(session, out, b)?,
        b'E' => {
            let portal = b.text().map_err(none)?;
            let max = b.i32().map_err(none)?.max(0) as usize;
            b.end().map_err(none)?;
            session.execute(&portal, max).map_err(none)?;
        }
        b'H' => b.end().map_err(none)?,
        _ => {
            let what = b.byte().map_err(none)?;
            let name = b.text().map_err(none)?;
            b.end().map_err(none)?;
            match what {
                b'S' => session.close_statement(&name),
                b'P' => session.close_portal(&name),
                n => return Err(none(err!(PROTOCOL_VIOLATION, "invalid CLOSE message subtype {n}"))),
            }
            out.message(b'3', |_| {});
        }
    }
    Ok(())
}

fn bind(session: &mut Session, b: &mut Body<'_>, portal: &str, statement: &str) -> Result<()> {
    let formats = b.formats()?;
    let n = b.count()?;
    if formats.len() > 1 && formats.len() != n {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "bind message has {} parameter formats but {n} parameters",
            formats.len()
        ));
    }
    let mut params = Vec::new();
    let mut cut = false;
    for i in 0..n {
        // Each is read when it is its turn, so what is wrong with those before it is said first.
        params.push(match b.i32().map(|len| (len, b.take(len.max(0) as usize))) {
            _ if cut => Wired::Cut,
            Ok((-1, _)) => Wired::Null,
            Ok((len, Ok(v))) if len >= 0 => match format_of(&formats, i) {
                0 => Wired::Text(v),
                1 => Wired::Binary(v),
                n => Wired::Other(n),
            },
            _ => {
                cut = true;
                Wired::Cut
            }
        });
    }
    let results = if cut { vec![] } else { b.formats()? };
    if !cut {
        b.end()?;
    }
    session.bind(portal, statement, &params, results)
}

fn describe(session: &mut Session, out: &mut Wire, b: &mut Body<'_>) -> Result<(), (Error, Rc<str>)> {
    let none = |e: Error| (e, Rc::<str>::from(""));
    let what = b.byte().map_err(none)?;
    let name = b.text().map_err(none)?;
    b.end().map_err(none)?;
    let columns = match what {
        b'S' => {
            let p = session.prepared(&name).map_err(none)?;
            if p.columns.is_some() {
                session.shared.refuse_if_failed().map_err(none)?;
            }
            out.message(b't', |o| {
                o.extend_from_slice(&(p.param_types.len() as i16).to_be_bytes());
                p.param_types.iter().for_each(|t| o.extend_from_slice(&t.to_be_bytes()));
            });
            p.is_as_described(&session.shared).map_err(|e| (e, p.sql.clone()))?;
            p.columns.clone().map(|c| (c, vec![]))
        }
        b'P' => {
            let (columns, formats) = session.portal(&name, |p| (p.columns.clone(), p.formats.clone())).map_err(none)?;
            if columns.is_some() {
                session.shared.refuse_if_failed().map_err(none)?;
            }
            columns.map(|c| (c, formats))
        }
        n => return Err(none(err!(PROTOCOL_VIOLATION, "invalid DESCRIBE message subtype {n}"))),
    };
    match columns {
        Some((c, formats)) => out.columns(&c, &formats).map_err(none),
        None => {
            out.no_columns();
            Ok(())
        }
    }
}
