//! Running one file: sessions that take turns, statements that wait, answers as text.

use std::collections::BTreeMap;
use std::io;

use crate::golden::{Golden, Statement};
use crate::render::{render, type_oid};
use crate::target::{Link, Received, Target};
use crate::wire::{self, Body, Message};

/// One session of a target.
pub struct Session {
    link: Box<dyn Link>,
    buffer: Vec<u8>,
    messages: Vec<Message>,
    /// What runs, and may be waiting.
    running: Option<Statement>,
    status: u8,
}

/// How far a statement has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is over.
    Done,
    /// It waits for another session.
    Waits,
}

impl Session {
    /// Connects.
    pub fn open(link: Box<dyn Link>, database: &str, settings: &[(&str, &str)]) -> io::Result<Session> {
        let mut s = Session { link, buffer: vec![], messages: vec![], running: None, status: b'I' };
        let mut all = vec![
            ("user", "postgres"),
            ("database", database),
            ("client_encoding", "UTF8"),
            ("application_name", "golden"),
            ("TimeZone", "UTC"),
            ("DateStyle", "ISO, MDY"),
        ];
        all.extend_from_slice(settings);
        s.link.send(&wire::startup(&all))?;
        s.until_ready(&Statement::default())?;
        if let Some(error) = s.messages.iter().find(|m| m.kind == b'E') {
            return Err(io::Error::other(render(std::slice::from_ref(error), "", false).join(" ")));
        }
        let pid = s.messages.iter().find(|m| m.kind == b'K').map(|m| Body(&m.body).i32());
        if let Some(pid) = pid {
            s.link.served_by(pid);
        }
        s.messages.clear();
        Ok(s)
    }

    /// The answer to one simple query that must not wait.
    pub fn simple(&mut self, sql: &str) -> io::Result<Vec<String>> {
        self.start(&Statement { sql: sql.into(), ..Statement::default() })?;
        match self.go_on()? {
            Progress::Done => Ok(self.answer()),
            Progress::Waits => Err(io::Error::other("the statement waits")),
        }
    }

    fn start(&mut self, statement: &Statement) -> io::Result<()> {
        let mut bytes;
        if statement.is_extended() {
            let types: Vec<u32> = statement.types.iter().map(|t| type_oid(t)).collect();
            bytes = wire::parse(&statement.sql, &types);
            bytes.extend(wire::describe());
            for values in &statement.params {
                bytes.extend(wire::bind_execute(values));
            }
            bytes.extend(wire::sync());
        } else {
            bytes = wire::query(&statement.sql);
        }
        self.running = Some(statement.clone());
        self.link.send(&bytes)
    }

    /// Reads until the running statement is over or waits.
    fn go_on(&mut self) -> io::Result<Progress> {
        let Some(statement) = self.running.clone() else { return Ok(Progress::Done) };
        self.until_ready(&statement)
    }

    fn until_ready(&mut self, statement: &Statement) -> io::Result<Progress> {
        loop {
            while let Some(message) = wire::take(&mut self.buffer) {
                match message.kind {
                    b'Z' => {
                        let status = message.body.first().copied().unwrap_or(b'I');
                        if status != self.status {
                            self.status = status;
                            self.messages.push(Message { kind: b'z', body: vec![status] });
                        }
                        return Ok(Progress::Done);
                    }
                    b'G' => {
                        let mut bytes = vec![];
                        for line in &statement.data {
                            bytes.extend(wire::message(b'd', format!("{line}\n").as_bytes()));
                        }
                        match &statement.fail {
                            Some(text) => bytes.extend(wire::message(b'f', format!("{text}\0").as_bytes())),
                            None => bytes.extend(wire::message(b'c', &[])),
                        }
                        self.link.send(&bytes)?;
                        self.messages.push(message);
                    }
                    _ => self.messages.push(message),
                }
            }
            match self.link.receive(&mut self.buffer)? {
                Received::Data => {}
                Received::Blocked => return Ok(Progress::Waits),
                Received::Closed => {
                    // A last message without ReadyForQuery is how a connection is refused.
                    if wire::take(&mut self.buffer).is_none() && self.messages.iter().any(|m| m.kind == b'E') {
                        return Ok(Progress::Done);
                    }
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
                }
            }
        }
    }

    fn answer(&mut self) -> Vec<String> {
        let statement = self.running.take().unwrap_or_default();
        let messages = std::mem::take(&mut self.messages);
        let mut out = render(&messages, &statement.sql, statement.sorted);
        for m in messages.iter().filter(|m| m.kind == b'z') {
            out.push(
                match m.body.first() {
                    Some(b'T') => "(in a transaction)",
                    Some(b'E') => "(in a failed transaction)",
                    _ => "(idle)",
                }
                .into(),
            );
        }
        out
    }
}

/// The answers of a target to a file's statements, in order. A target that dies or hangs answers `!` and why, from there on.
pub fn run(golden: &Golden, target: &mut dyn Target) -> Vec<Vec<String>> {
    let mut answers = vec![];
    let outcome = target.fresh().and_then(|database| {
        let outcome = run_in(golden, target, &database, &mut answers);
        target.drop(&database);
        outcome
    });
    if let Err(e) = outcome {
        let first = answers.len();
        for i in first..golden.statements.len() {
            answers.push(vec![if i == first { format!("! {e}") } else { "! not run".into() }]);
        }
    }
    answers
}

fn run_in(golden: &Golden, target: &mut dyn Target, database: &str, answers: &mut Vec<Vec<String>>) -> io::Result<()> {
    let mut sessions: BTreeMap<String, Session> = BTreeMap::new();
    for statement in &golden.statements {
        if !sessions.contains_key(&statement.session) {
            let mut link = target.connect(database)?;
            if golden.has_sessions() {
                link.may_block();
            }
            let settings: Vec<(&str, &str)> = target.settings().to_vec();
            sessions.insert(statement.session.clone(), Session::open(link, database, &settings)?);
        }
        let Some(session) = sessions.get_mut(&statement.session) else { continue };
        if session.running.is_some() {
            return Err(io::Error::other(format!("session {} is still waiting", statement.session)));
        }
        session.start(statement)?;
        let mut answer = match session.go_on()? {
            Progress::Done => session.answer(),
            Progress::Waits => vec!["(waits)".to_string()],
        };
        // Its end may be what others wait for, and theirs what yet others wait for.
        loop {
            let mut moved = false;
            for (name, s) in sessions.iter_mut().filter(|(n, s)| **n != statement.session && s.running.is_some()) {
                if s.go_on()? == Progress::Done {
                    answer.extend(s.answer().into_iter().map(|l| format!("[{name}] {l}")));
                    moved = true;
                }
            }
            // The one that waited may itself have been let go by one of them.
            if let Some(s) = sessions.get_mut(&statement.session).filter(|s| s.running.is_some()) {
                if moved && s.go_on()? == Progress::Done {
                    answer.extend(s.answer());
                    continue;
                }
            }
            if !moved {
                break;
            }
        }
        answers.push(answer);
    }
    Ok(())
}
