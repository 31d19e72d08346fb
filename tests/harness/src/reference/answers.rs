//! What is answered to the examples.

use std::collections::HashMap;
use std::io;

use super::json;
use super::source::{Chapter, Example};
use crate::differential::unescape;
use crate::native::Native;
use crate::target::{Link, Received, Target};
use crate::tcp::Server;
use crate::wire::{self, Body, Message};

/// The file with PostgreSQL's answers: chapter, example, answer as JSON.
pub const FILE: &str = "answers.tsv";

/// A session that is asked.
pub struct Asked {
    link: Box<dyn Link>,
    buffer: Vec<u8>,
}

/// Columns with the numbers of their types, and rows; or an error's fields.
pub struct Answer {
    columns: Vec<(String, u32)>,
    /// Values as text.
    pub rows: Vec<Vec<Option<String>>>,
    error: Vec<(u8, String)>,
}

impl Asked {
    /// A session with a fresh database of `target`; the second value is its name.
    pub fn open(target: &mut dyn Target) -> io::Result<(Asked, String)> {
        let database = target.fresh()?;
        let mut asked = Asked { link: target.connect(&database)?, buffer: vec![] };
        let mut settings = vec![
            ("user", "postgres"),
            ("database", &database),
            ("client_encoding", "UTF8"),
            ("TimeZone", "UTC"),
            ("DateStyle", "ISO, MDY"),
        ];
        settings.extend_from_slice(target.settings());
        asked.link.send(&wire::startup(&settings))?;
        asked.read()?;
        Ok((asked, database))
    }

    /// Asks; an error is an answer too.
    pub fn ask(&mut self, sql: &str) -> io::Result<Answer> {
        self.link.send(&wire::query(sql))?;
        let mut answer = Answer { columns: vec![], rows: vec![], error: vec![] };
        for m in self.read()? {
            let mut b = Body(&m.body);
            match m.kind {
                b'T' => {
                    answer.rows.clear();
                    answer.columns = (0..b.i16())
                        .map(|_| {
                            let name = b.text();
                            (b.i32(), b.i16());
                            let oid = b.i32() as u32;
                            (b.i16(), b.i32(), b.i16());
                            (name, oid)
                        })
                        .collect();
                }
                b'D' => answer.rows.push((0..b.i16()).map(|_| b.value()).collect()),
                b'E' => answer.error = wire::fields(&m.body),
                _ => {}
            }
        }
        Ok(answer)
    }

    /// Rows without NULLs; an error is one.
    pub fn rows(&mut self, sql: &str) -> io::Result<Vec<Vec<String>>> {
        let answer = self.ask(sql)?;
        if let Some(message) = answer.field(b'M') {
            return Err(io::Error::other(format!("{sql}: {message}")));
        }
        Ok(answer.rows.into_iter().map(|r| r.into_iter().map(Option::unwrap_or_default).collect()).collect())
    }

    fn read(&mut self) -> io::Result<Vec<Message>> {
        let (mut out, mut waits) = (vec![], 0);
        loop {
            while let Some(message) = wire::take(&mut self.buffer) {
                if message.kind == b'Z' {
                    return Ok(out);
                }
                out.push(message);
            }
            match self.link.receive(&mut self.buffer)? {
                Received::Data => {}
                // There is no other session: it waits for time to pass.
                Received::Blocked if waits < 1000 => {
                    waits += 1;
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                other => return Err(io::Error::other(format!("instead of an answer: {other:?}"))),
            }
        }
    }
}

impl Answer {
    /// A field of the error, if there is one.
    pub fn field(&self, code: u8) -> Option<&str> {
        self.error.iter().find(|(c, _)| *c == code).map(|(_, text)| text.as_str())
    }

    /// As JSON; of a volatile example only the types.
    fn json(&self, types: &HashMap<u32, String>, volatile: bool) -> String {
        if !self.error.is_empty() {
            let fields = [("code", b'C'), ("message", b'M'), ("detail", b'D'), ("hint", b'H')]
                .into_iter()
                .filter_map(|(name, code)| Some(format!("\"{name}\":{}", json::text(self.field(code)?))));
            return format!("{{\"error\":{{{}}}}}", fields.collect::<Vec<_>>().join(","));
        }
        let columns = json::array(self.columns.iter().map(|(name, oid)| {
            let kind = types.get(oid).map_or("?", String::as_str);
            json::texts([name.as_str(), kind])
        }));
        if volatile {
            return format!("{{\"columns\":{columns}}}");
        }
        let rows = json::array(self.rows.iter().map(|r| json::array(r.iter().map(|v| json::optional(v.as_deref())))));
        format!("{{\"columns\":{columns},\"rows\":{rows}}}")
    }
}

/// Runs a chapter's examples in a fresh database: the example, its answer.
fn run<'a>(chapter: &'a Chapter, target: &mut dyn Target) -> io::Result<Vec<(&'a Example, String)>> {
    let (mut asked, database) = Asked::open(target)?;
    for sql in &chapter.setup {
        let answer = asked.ask(sql)?;
        if let Some(message) = answer.field(b'M') {
            return Err(io::Error::other(format!("{}: {sql}: {message}", chapter.file)));
        }
    }
    let mut answers = vec![];
    for example in chapter.groups.iter().flat_map(|g| &g.entries).flat_map(|e| &e.examples) {
        answers.push((example, asked.ask(&example.statement())?));
    }
    let types = asked.rows("SELECT oid, format_type(oid, NULL) FROM pg_type")?;
    let types = types.into_iter().filter_map(|r| Some((r.first()?.parse().ok()?, r.get(1)?.clone()))).collect();
    for sql in &chapter.teardown {
        asked.ask(sql)?;
    }
    drop(asked);
    target.drop(&database);
    Ok(answers.into_iter().map(|(example, a)| (example, a.json(&types, example.volatile))).collect())
}

/// The text of the file, answered by `target`.
pub fn text(chapters: &[Chapter], target: &mut dyn Target) -> io::Result<String> {
    let mut out = String::from("chapter\texample\tanswer\n");
    for chapter in chapters {
        for (example, answer) in run(chapter, target)? {
            let sql = example.sql.replace('\\', "\\\\");
            out.push_str(&format!("{}\t{sql}\t{answer}\n", chapter.file));
        }
    }
    Ok(out)
}

/// Asks PostgreSQL and writes the file.
pub fn record(oracle: &str) -> io::Result<usize> {
    let text = text(&super::source::chapters()?, &mut Server::oracle(oracle))?;
    std::fs::write(super::path(FILE), &text)?;
    Ok(text.lines().count() - 1)
}

/// PostgreSQL's answers in order: chapter, example, answer.
pub fn recorded() -> io::Result<Vec<[String; 3]>> {
    let text = std::fs::read_to_string(super::path(FILE))?;
    let fields = |l: &str| {
        let mut fields = l.split('\t');
        Some([fields.next()?.into(), unescape(fields.next()?), fields.next()?.into()])
    };
    Ok(text.lines().skip(1).filter_map(fields).collect())
}

/// Our answers where they are not PostgreSQL's.
pub fn differences() -> io::Result<Vec<String>> {
    let recorded = std::fs::read_to_string(super::path(FILE))?;
    let ours = text(&super::source::chapters()?, &mut Native::default())?;
    let mut out = vec![];
    if recorded.lines().count() != ours.lines().count() {
        out.push("the examples are not those PostgreSQL was asked: `cargo xtask bless reference`".into());
    }
    let missing: Vec<String> =
        crate::implemented::rows("unimplemented.tsv").into_iter().filter_map(|r| r.into_iter().nth(1)).collect();
    for (theirs, ours) in recorded.lines().zip(ours.lines()) {
        // What is missing is refused by its name, and the reference says so.
        let refused = ours
            .split_once(r#""code":"0A000","message":"function "#)
            .and_then(|(_, m)| m.split_once(" is not supported yet"));
        if refused.is_some_and(|(name, _)| missing.iter().any(|m| m.split('(').next() == name.split(' ').next())) {
            continue;
        }
        if theirs != ours {
            out.push(format!("PostgreSQL: {theirs}\n      ours: {ours}"));
        }
    }
    Ok(out)
}
