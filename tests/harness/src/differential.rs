//! Random typed calls of what the catalog offers, answered by PostgreSQL and by us, compared to the letter.
//!
//! Every function, operator, cast and aggregate that depends on nothing but its arguments is drawn from the catalog's data, with
//! arguments from `tests/differential/values.tsv` (and random ones beside). Beside the calls there are literals: the same values,
//! damaged. What differs is told by what was called; `known.tsv` lists differences that stay, each with its reason.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::native::Native;
use crate::target::{Link, Received, Target};
use crate::tcp::Server;
use crate::wire::{self, Body, Message};

mod draw;

pub use draw::{Call, Drawer, unescape};

/// Statements sent at once.
const BATCH: usize = 256;

/// What a session is told first.
const SETUP: &str = "SET statement_timeout = '4s'; SET TimeZone = 'America/New_York'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; \
                     CREATE TYPE rainbow AS ENUM ('red', 'green', 'blue'); SET search_path = public, pg_catalog";

/// One side.
pub struct Side {
    link: Box<dyn Link>,
    buffer: Vec<u8>,
}

impl Side {
    /// Connects to a fresh database and sets it up.
    pub fn open(target: &mut dyn Target) -> io::Result<Side> {
        let database = target.fresh()?;
        let mut side = Side { link: target.connect(&database)?, buffer: vec![] };
        let settings: &[(&str, &str)] = &[("user", "postgres"), ("database", &database), ("client_encoding", "UTF8")];
        side.link.send(&wire::startup(settings))?;
        side.read(1)?;
        let told = side.ask(&[SETUP.to_owned()])?;
        if told.iter().any(|a| a.starts_with("ERROR")) {
            return Err(io::Error::other(told.join(" ")));
        }
        Ok(side)
    }

    /// The answers to simple queries sent together.
    pub fn ask(&mut self, statements: &[String]) -> io::Result<Vec<String>> {
        let bytes: Vec<u8> = statements.iter().flat_map(|s| wire::query(s)).collect();
        self.link.send(&bytes)?;
        self.read(statements.len())
    }

    fn read(&mut self, count: usize) -> io::Result<Vec<String>> {
        let (mut out, mut messages, mut at) = (vec![], vec![], 0);
        loop {
            while let Some((message, next)) = wire::message_at(&self.buffer, at) {
                at = next;
                if message.kind == b'Z' {
                    out.push(answer(&messages));
                    messages.clear();
                } else {
                    messages.push(message);
                }
                if out.len() == count {
                    self.buffer.drain(..at);
                    return Ok(out);
                }
            }
            match self.link.receive(&mut self.buffer)? {
                Received::Data => {}
                other => return Err(io::Error::other(format!("instead of an answer: {other:?} after {}", out.len()))),
            }
        }
    }
}

/// An answer on one line: type and values, or the error with all that PostgreSQL promises of it.
fn answer(messages: &[Message]) -> String {
    let mut out = String::new();
    let mut rows = 0;
    for m in messages {
        match m.kind {
            b'T' => {
                let mut b = Body(&m.body);
                if b.i16() > 0 {
                    b.text();
                    (b.i32(), b.i16());
                    let oid = b.i32() as u32;
                    // Types made in the database have other numbers on either side.
                    out.push_str(&if oid < 16_384 { format!("{oid}:") } else { "?:".into() });
                }
            }
            b'D' => {
                let mut b = Body(&m.body);
                for _ in 0..b.i16() {
                    out.push_str(if rows > 0 { " ; " } else { " " });
                    out.push_str(&b.value().map_or("NULL".into(), |v| format!("'{v}'")));
                }
                rows += 1;
            }
            b'E' => {
                out.clear();
                out.push_str("ERROR");
                for (code, text) in wire::fields(&m.body) {
                    match code {
                        b'C' => out.push_str(&format!(" {text}")),
                        b'M' => out.push_str(&format!(": {text}")),
                        b'D' => out.push_str(&format!(" DETAIL {text}")),
                        b'H' => out.push_str(&format!(" HINT {text}")),
                        b'P' => out.push_str(&format!(" AT {text}")),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    draw::escape(&out)
}

/// What came of a run.
#[derive(Default)]
pub struct Found {
    /// Statements asked.
    pub asked: usize,
    /// By what was called: how often it differed, and the first case.
    pub different: BTreeMap<String, (usize, String)>,
    /// Refused by name with 0A000: how often.
    pub missing: BTreeMap<String, usize>,
    /// Statements that made us panic.
    pub panics: Vec<String>,
}

/// Our side, which is made anew after a panic.
pub struct Ours(Option<Side>);

impl Ours {
    /// None yet.
    pub fn new() -> Ours {
        Ours(None)
    }

    /// The answers; a statement that panics has `None`.
    pub fn ask(&mut self, statements: &[String]) -> io::Result<Vec<Option<String>>> {
        if let Some(all) = self.attempt(statements)? {
            return Ok(all.into_iter().map(Some).collect());
        }
        // One of them panicked: one by one, to find it.
        let mut out = vec![];
        for s in statements {
            out.push(self.attempt(std::slice::from_ref(s))?.and_then(|mut a| a.pop()));
        }
        Ok(out)
    }

    fn attempt(&mut self, statements: &[String]) -> io::Result<Option<Vec<String>>> {
        if self.0.is_none() {
            self.0 = Some(Side::open(&mut Native::default())?);
        }
        let Some(side) = &mut self.0 else { return Ok(None) };
        match catch_unwind(AssertUnwindSafe(|| side.ask(statements))) {
            Ok(answers) => answers.map(Some),
            Err(_) => {
                self.0 = None;
                Ok(None)
            }
        }
    }
}

impl Default for Ours {
    fn default() -> Ours {
        Ours::new()
    }
}

/// Whether two answers count as the same.
fn same(theirs: &str, ours: &str) -> bool {
    // Time, and memory, run out where they do.
    let ran_out = |s: &str| s.starts_with("ERROR 57014") || s.starts_with("ERROR 53200");
    theirs == ours || ran_out(theirs) || ran_out(ours)
}

/// Draws `count` calls and compares.
pub fn run(oracle: &str, count: usize, seed: u64, only: &[String], literals: bool) -> io::Result<Found> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut drawer = Drawer::new(seed, only);
    let mut server = Server::oracle(oracle);
    let mut theirs = Side::open(&mut server)?;
    let mut ours = Ours::new();
    let mut found = Found::default();
    while found.asked < count {
        let calls: Vec<Call> = (0..BATCH).filter_map(|_| if literals { drawer.literal() } else { drawer.call() }).collect();
        if calls.is_empty() {
            return Err(io::Error::other("nothing to call"));
        }
        let statements: Vec<String> = calls.iter().map(|c| c.sql.clone()).collect();
        let expected = match theirs.ask(&statements) {
            Ok(all) => all,
            Err(_) => {
                // The server's process is gone: a call of this batch is PostgreSQL's own trouble.
                theirs = Side::open(&mut server)?;
                continue;
            }
        };
        let got = ours.ask(&statements)?;
        for ((call, want), got) in calls.iter().zip(&expected).zip(got) {
            found.asked += 1;
            let Some(got) = got else {
                found.panics.push(call.sql.clone());
                continue;
            };
            if same(want, &got) {
                continue;
            }
            if got.starts_with("ERROR 0A000") && got.contains("is not supported yet") {
                *found.missing.entry(call.what.clone()).or_default() += 1;
                continue;
            }
            let entry = found.different.entry(call.what.clone()).or_default();
            entry.0 += 1;
            if entry.1.is_empty() {
                entry.1 = format!("{}\n    PostgreSQL: {want}\n    ours:       {got}", call.sql);
            }
        }
    }
    Ok(found)
}

/// Differences that stay: what is called, and why.
pub fn known() -> HashMap<String, String> {
    draw::table("known.tsv").into_iter().filter_map(|r| Some((r.first()?.clone(), r.get(1)?.clone()))).collect()
}

/// Prints what was found; true when there is nothing that is not listed.
pub fn report(found: &Found) -> bool {
    let known = known();
    let mut open = 0;
    for (what, (times, example)) in &found.different {
        if known.contains_key(what) {
            continue;
        }
        open += 1;
        println!("{what}: {times}\n    {example}");
    }
    for sql in &found.panics {
        println!("panic: {sql}");
    }
    let missing: Vec<&str> = found.missing.keys().map(String::as_str).collect();
    if !missing.is_empty() {
        println!("not there yet: {}", missing.join(", "));
    }
    println!(
        "\n{} calls: {} differ in {} functions, {} of them not listed; {} panics; {} functions missing",
        found.asked,
        found.different.values().map(|d| d.0).sum::<usize>(),
        found.different.len(),
        open,
        found.panics.len(),
        found.missing.len(),
    );
    open == 0 && found.panics.is_empty()
}

/// Writes `count` calls and literals with PostgreSQL's answers: what the test `differential` asks of us where there is no PostgreSQL.
/// What is answered otherwise today is left out: `differential` tells of it.
pub fn record(oracle: &str, count: usize, seed: u64) -> io::Result<usize> {
    let (mut drawer, known) = (Drawer::new(seed, &[]), known());
    let mut theirs = Side::open(&mut Server::oracle(oracle))?;
    let mut ours = Ours::new();
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for literal in [false, true] {
        let mut rest = count / 2;
        while rest > 0 {
            let calls: Vec<Call> =
                (0..BATCH.min(rest)).filter_map(|_| if literal { drawer.literal() } else { drawer.call() }).collect();
            let statements: Vec<String> = calls.iter().map(|c| c.sql.clone()).collect();
            rest -= calls.len().min(rest);
            let answers = theirs.ask(&statements)?;
            let ours = ours.ask(&statements)?;
            for ((call, a), ours) in calls.into_iter().zip(answers).zip(ours) {
                // Long ones would make the file large and show nothing more.
                let told = call.sql.len() + a.len() < 240 && !a.starts_with("ERROR 57014");
                if told && ours.as_ref() == Some(&a) && !known.contains_key(&call.what) && !call.sql.contains("now") {
                    lines.insert(format!("{}\t{}", call.what, draw::escape(&call.sql)), a);
                }
            }
        }
    }
    let mut text = String::from("what\tstatement\tanswer\n");
    for (key, a) in &lines {
        text.push_str(&format!("{key}\t{a}\n"));
    }
    std::fs::write(draw::path("sample.tsv"), text)?;
    Ok(lines.len())
}

/// The recorded statements: what is called, the statement, PostgreSQL's answer.
pub fn recorded() -> Vec<[String; 3]> {
    draw::raw_table("sample.tsv")
        .into_iter()
        .filter_map(|r| Some([r.first()?.clone(), draw::unescape(r.get(1)?), r.get(2)?.clone()]))
        .collect()
}
