//! All files: finding them, running them side by side, comparing, blessing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::golden::Golden;
use crate::known::Known;
use crate::native::Native;
use crate::run;
use crate::target::Target;
use crate::tcp::Server;

/// What to run against.
#[derive(Debug, Clone)]
pub enum Against {
    /// The engine in this process.
    Native,
    /// A server of ours.
    Server(String),
    /// One where a connection's database makes itself.
    Bridge(String),
    /// PostgreSQL.
    Oracle(String),
}

impl Against {
    fn target(&self) -> Box<dyn Target> {
        match self {
            Against::Native => Box::new(Native::default()),
            Against::Server(address) => Box::new(Server::ours(address)),
            Against::Bridge(address) => Box::new(Server::bridge(address)),
            Against::Oracle(address) => Box::new(Server::oracle(address)),
        }
    }
}

/// A file's outcome.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Its name below `tests/sql`, without the ending.
    pub name: String,
    /// How many statements it has.
    pub statements: usize,
    /// Statements that answer otherwise, from 1.
    pub failed: Vec<usize>,
    /// A text for each of them: the statement, what was expected, what came.
    pub reports: Vec<String>,
}

/// The longest a file may take. A debug build shares its two cores with others.
const FILE_LIMIT: Duration = Duration::from_secs(180);
/// A debug build's frames are several times those of the release, whose stack is what deep nesting is limited by.
const STACK: usize = 256 << 20;

/// The golden files: all, or those whose names contain one of the words.
pub fn files(words: &[String]) -> Vec<PathBuf> {
    let mut out = vec![];
    collect(&crate::root().join("tests/sql"), &mut out);
    out.retain(|p| words.is_empty() || words.iter().any(|w| name(p).contains(w.trim_end_matches(".test"))));
    out.sort();
    out
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "test") {
            out.push(path);
        }
    }
}

/// A file's name below `tests/sql`, without the ending.
pub fn name(path: &Path) -> String {
    let sql = crate::root().join("tests/sql");
    let short = path.strip_prefix(sql).unwrap_or(path).with_extension("");
    short.to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> Result<Golden, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Golden::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Runs a file in a thread of its own, so that one that hangs or panics costs only itself.
fn answers(path: &Path, against: &Against) -> Vec<Vec<String>> {
    let (send, receive) = mpsc::channel();
    let (path_, against_) = (path.to_path_buf(), against.clone());
    let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
        if let Ok(golden) = read(&path_) {
            let _ = send.send(run::run(&golden, &mut *against_.target()));
        }
    });
    if let Err(e) = spawned {
        return vec![vec![format!("! {e}")]];
    }
    match receive.recv_timeout(FILE_LIMIT) {
        Ok(answers) => answers,
        Err(mpsc::RecvTimeoutError::Timeout) => vec![vec![format!("! not over after {} s", FILE_LIMIT.as_secs())]],
        Err(mpsc::RecvTimeoutError::Disconnected) => vec![vec!["! the engine panicked".into()]],
    }
}

/// Runs the files, two at a time, and compares.
pub fn check(paths: &[PathBuf], against: &Against) -> Result<Vec<Outcome>, String> {
    let jobs = thread::available_parallelism().map_or(2, |n| n.get()).min(4);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results = std::sync::Mutex::new(vec![]);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(path) = paths.get(i) else { return };
                    let outcome = compare(path, against);
                    if let Ok(mut all) = results.lock() {
                        all.push((i, outcome));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().map_err(|e| e.to_string())?;
    results.sort_by_key(|r| r.0);
    results.into_iter().map(|r| r.1).collect()
}

fn compare(path: &Path, against: &Against) -> Result<Outcome, String> {
    let golden = read(path)?;
    let answers = answers(path, against);
    let mut outcome = Outcome { name: name(path), statements: golden.statements.len(), ..Outcome::default() };
    let none = vec!["! not run".to_string()];
    for (i, s) in golden.statements.iter().enumerate() {
        let answer = answers.get(i).unwrap_or(&none);
        if s.expected.is_empty() && answer.is_empty() {
            continue;
        }
        if *answer != s.expected {
            outcome.failed.push(i + 1);
            let mut text = format!("{}.test:{}: statement {}\n", outcome.name, s.line, i + 1);
            s.source.iter().for_each(|l| text.push_str(&format!("    {l}\n")));
            let lines = s.expected.len().max(answer.len());
            for k in 0..lines.min(60) {
                let (want, got) = (s.expected.get(k), answer.get(k));
                if want == got {
                    text.push_str(&format!("    {}\n", want.map_or("", |w| w)));
                } else {
                    want.into_iter().for_each(|l| text.push_str(&format!("  - {l}\n")));
                    got.into_iter().for_each(|l| text.push_str(&format!("  + {l}\n")));
                }
            }
            outcome.reports.push(text);
        }
    }
    Ok(outcome)
}

/// Rewrites the files' expectations with the oracle's answers.
pub fn bless(paths: &[PathBuf], oracle: &str) -> Result<usize, String> {
    let mut changed = 0;
    for path in paths {
        let mut golden = read(path)?;
        let answers = answers(path, &Against::Oracle(oracle.into()));
        for (i, s) in golden.statements.iter_mut().enumerate() {
            let answer = answers.get(i).cloned().unwrap_or_else(|| vec!["! not run".into()]);
            if let Some(problem) = answer.iter().find(|l| l.starts_with("! ")) {
                return Err(format!("{}:{}: the oracle: {problem}", path.display(), s.line));
            }
            s.expected = answer;
        }
        let text = golden.write();
        if fs::read_to_string(path).ok().as_deref() != Some(&text) {
            fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Failures that are not in the list, and entries of the list that pass, as texts.
pub fn surprises(outcome: &Outcome, known: &Known) -> Vec<String> {
    let empty = Default::default();
    let known = known.get(&outcome.name).unwrap_or(&empty);
    let mut out: Vec<String> =
        outcome.failed.iter().zip(&outcome.reports).filter(|(n, _)| !known.contains(n)).map(|(_, r)| r.clone()).collect();
    for n in known.iter().filter(|n| !outcome.failed.contains(n)) {
        out.push(format!("{}.test: statement {n} passes: take it out of tests/known_failures.txt\n", outcome.name));
    }
    out
}

/// Runs everything, prints a line a file and what surprised, and a closing line in cargo's words. True when nothing did.
pub fn report(words: &[String], against: &Against, known: &Known) -> Result<bool, String> {
    let outcomes = check(&files(words), against)?;
    let (mut statements, mut failed, mut bad) = (0, 0, 0);
    for o in &outcomes {
        let surprises = surprises(o, known);
        statements += o.statements;
        failed += o.failed.len();
        let verdict = if surprises.is_empty() { "ok" } else { "FAILED" };
        println!("test {} ... {verdict} ({} of {})", o.name, o.statements - o.failed.len(), o.statements);
        surprises.iter().take(12).for_each(|s| println!("{s}"));
        if surprises.len() > 12 {
            println!("… and {} more\n", surprises.len() - 12);
        }
        bad += usize::from(!surprises.is_empty());
    }
    println!("\ngoldens: {} of {statements} statements as PostgreSQL answers", statements - failed);
    println!(
        "test result: {}. {} passed; {bad} failed; 0 ignored; 0 measured; 0 filtered out",
        if bad == 0 { "ok" } else { "FAILED" },
        outcomes.len() - bad
    );
    Ok(bad == 0)
}
