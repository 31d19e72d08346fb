//! `COMPAT.md`: what of PostgreSQL is there, by asking the engine and the catalog's data.

use std::collections::BTreeMap;

use crate::differential::Ours;
use crate::implemented::{prosrcs, rows};

/// The text of `COMPAT.md`.
pub fn text() -> std::io::Result<String> {
    let implemented = prosrcs();
    let procs = rows("pg_proc.tsv");
    let column = |table: &[Vec<String>], name: &str| table[0].iter().position(|c| c == name).unwrap_or(0);
    let [kind, language, source] = ["prokind", "prolang", "prosrc"].map(|c| column(&procs, c));
    let is_there = |r: &[String]| r[language] == "sql" || implemented.contains(&r[source]);
    let (mut functions, mut windows, mut aggregates) = ((0, 0), (0, 0), 0);
    for r in &procs[1..] {
        let count = match r[kind].as_str() {
            "a" => {
                aggregates += 1;
                continue;
            }
            "w" => &mut windows,
            _ => &mut functions,
        };
        count.1 += 1;
        count.0 += usize::from(is_there(r));
    }
    let missing = rows("unimplemented.tsv");
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for r in missing[1..].iter().filter(|r| !r[1].contains("internal")) {
        by_reason.entry(&r[2]).or_default().push(&r[1]);
    }
    let counted = |name: &str| rows(name).len() - 1;
    let mut out = format!(
        "# Compatibility with PostgreSQL 15\n\nMade by `cargo run -p tusklet-harness -- compat` from the engine itself; a test compares. What is missing raises `0A000` and says its \
         name.\n\n| of PostgreSQL's catalog | there | in all |\n|---|---:|---:|\n| functions and procedures | {} | {} |\n| window functions | {} | {} |\n| aggregates | {aggregates} | {aggregates} |\n\
         | operators | {op} | {op} |\n| casts | {casts} | {casts} |\n| types (arrays and row types included) | {types} | {types} |\n\n",
        functions.0,
        functions.1,
        windows.0,
        windows.1,
        op = counted("pg_operator.tsv"),
        casts = counted("pg_cast.tsv"),
        types = counted("pg_type.tsv"),
    );
    out.push_str("An operator or cast whose function is missing is refused by that function's name.\n\n## Functions that can be called by name and are missing\n\n");
    for (reason, list) in &by_reason {
        out.push_str(&format!("- {reason}: `{}`\n", list.join("`, `")));
    }
    out.push_str("\nThe others without a kernel take or give `internal` values: nobody can call them.\n\n## Commands\n\n");
    let commands: Vec<[String; 2]> = std::fs::read_to_string(crate::root().join("tests/compat/commands.tsv"))?
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once('\t').map(|(a, b)| [a.to_owned(), b.to_owned()]))
        .collect();
    let (mut there, mut refused) = (vec![], vec![]);
    let mut ours = Ours::new();
    for [command, statement] in &commands {
        let answers = ours.ask(&[statement.clone(), "ROLLBACK".into()])?;
        match answers.first().and_then(Option::as_deref).unwrap_or("a panic") {
            a if a == "a panic" || (a.starts_with("ERROR 0A000") && a.contains("not supported")) => refused.push(command.as_str()),
            _ => there.push(command.as_str()),
        }
    }
    out.push_str(&format!("Refused, of {}: {}.\n\nThere: {}.\n", commands.len(), refused.join(", "), there.join(", ")));
    Ok(out)
}

#[test]
fn compat_says_what_is() {
    let kept = std::fs::read_to_string(crate::root().join("COMPAT.md")).unwrap_or_default();
    let now = text().expect("the engine answers");
    assert!(kept == now, "COMPAT.md is of another engine: `cargo run -p tusklet-harness -- compat` writes it");
}
