//! `tests/known_failures.txt`: statements whose answer is not yet PostgreSQL's. The list only shrinks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// Statement numbers, from 1, by file.
pub type Known = BTreeMap<String, BTreeSet<usize>>;

const HEAD: &str = "\
# Statements of tests/sql whose answer is not yet PostgreSQL's: file: statement numbers, counted from 1.
# The list may only shrink: a statement here that passes fails the run until it is taken out
# (`cargo run -p tusklet-harness -- known` does that).
";

fn path() -> PathBuf {
    crate::root().join("tests/known_failures.txt")
}

/// Reads the list.
pub fn read() -> Result<Known, String> {
    let mut known = Known::new();
    let text = fs::read_to_string(path()).unwrap_or_default();
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
        let bad = || format!("known_failures.txt: cannot read \"{line}\"");
        let (file, numbers) = line.split_once(':').ok_or_else(bad)?;
        let set = known.entry(file.trim().to_string()).or_default();
        for part in numbers.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let from: usize = from.trim().parse().map_err(|_| bad())?;
            let to: usize = to.trim().parse().map_err(|_| bad())?;
            set.extend(from..=to);
        }
    }
    Ok(known)
}

/// Writes the list.
pub fn write(known: &Known) -> Result<(), String> {
    let mut out = String::from(HEAD);
    for (file, numbers) in known.iter().filter(|(_, n)| !n.is_empty()) {
        let mut ranges: Vec<(usize, usize)> = vec![];
        for n in numbers {
            match ranges.last_mut() {
                Some(last) if last.1 + 1 == *n => last.1 = *n,
                _ => ranges.push((*n, *n)),
            }
        }
        let text: Vec<String> =
            ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
        out.push_str(&format!("{file}: {}\n", text.join(", ")));
    }
    fs::write(path(), out).map_err(|e| format!("known_failures.txt: {e}"))
}
