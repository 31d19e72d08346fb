//! `cargo run -p tusklet-harness -- <command>`: see the README.

use std::process::ExitCode;

use tusklet_harness::differential;
use tusklet_harness::known::{self, Known};
use tusklet_harness::reference;
use tusklet_harness::suite::{self, Against};

const USAGE: &str = "usage: tusklet-harness <command> [words of file names...]

  check [--server HOST:PORT]   run goldens in this process, or against a server; known failures must fail
        [--bridge HOST:PORT]   the same where a connection's database makes itself
  diff [--server HOST:PORT]    the same, showing the known failures too
  known [--grow]               take what passes out of tests/known_failures.txt; --grow also adds what fails
  implemented            the prosrcs of all functions that can be called, for `cargo xtask unimplemented`
  differential [--calls N] [--seed N] [--literals] [--dsn HOST:PORT]
                         random calls, or damaged literals, answered by PostgreSQL and in this process; words choose what is called
  compat                 writes COMPAT.md
  reference              writes www/data/reference.json; first says where our answers to its examples are not PostgreSQL's
  record [--calls N]     writes tests/differential/sample.tsv
  bless [--dsn HOST:PORT]      rewrite the expectations from a running PostgreSQL 15 (default: TUSKLET_ORACLE or 127.0.0.1:54315);
                         `bless reference`: the answers to the examples of tests/reference
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<bool, String> {
    let Some((command, rest)) = args.split_first() else { return Err(USAGE.into()) };
    let mut words = vec![];
    let mut address = None;
    let mut grow = false;
    let mut bridge = false;
    let (mut calls, mut seed, mut literals) = (10_000usize, 1u64, false);
    let mut rest = rest.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--server" | "--dsn" => address = Some(rest.next().ok_or(USAGE)?.clone()),
            "--bridge" => {
                address = Some(rest.next().ok_or(USAGE)?.clone());
                bridge = true;
            }
            "--grow" => grow = true,
            "--literals" => literals = true,
            "--calls" => calls = rest.next().and_then(|n| n.parse().ok()).ok_or(USAGE)?,
            "--seed" => seed = rest.next().and_then(|n| n.parse().ok()).ok_or(USAGE)?,
            flag if flag.starts_with("--") => return Err(USAGE.into()),
            word => words.push(word.rsplit("tests/sql/").next().unwrap_or(word).to_string()),
        }
    }
    let against = address.clone().map_or(Against::Native, if bridge { Against::Bridge } else { Against::Server });
    match command.as_str() {
        "check" => suite::report(&words, &against, &known::read()?),
        "diff" => suite::report(&words, &against, &Known::new()),
        "known" => refresh(&words, &against, grow),
        "implemented" => {
            tusklet_harness::implemented::prosrcs().iter().for_each(|s| println!("{s}"));
            Ok(true)
        }
        "differential" => {
            let found = differential::run(&oracle(address), calls, seed, &words, literals).map_err(|e| e.to_string())?;
            Ok(differential::report(&found))
        }
        "compat" => {
            let text = tusklet_harness::compat::text().map_err(|e| e.to_string())?;
            std::fs::write(tusklet_harness::root().join("COMPAT.md"), text).map_err(|e| e.to_string())?;
            Ok(true)
        }
        "reference" => {
            let differences = reference::answers::differences().map_err(|e| e.to_string())?;
            differences.iter().for_each(|d| println!("{d}"));
            let text = reference::data::text().map_err(|e| e.to_string())?;
            std::fs::write(reference::target(), text).map_err(|e| e.to_string())?;
            Ok(differences.is_empty())
        }
        "bless" if words == ["reference"] => {
            println!("{} examples", reference::answers::record(&oracle(address)).map_err(|e| e.to_string())?);
            Ok(true)
        }
        "record" => {
            println!("{} statements", differential::record(&oracle(address), calls, seed).map_err(|e| e.to_string())?);
            Ok(true)
        }
        "bless" => {
            let oracle = oracle(address);
            let changed = suite::bless(&suite::files(&words), &oracle)?;
            println!("{changed} files rewritten");
            Ok(true)
        }
        _ => Err(USAGE.into()),
    }
}

fn oracle(address: Option<String>) -> String {
    address.or_else(|| std::env::var("TUSKLET_ORACLE").ok()).unwrap_or_else(|| "127.0.0.1:54315".into())
}

fn refresh(words: &[String], against: &Against, grow: bool) -> Result<bool, String> {
    let mut list = known::read()?;
    let (mut added, mut removed) = (0, 0);
    for outcome in suite::check(&suite::files(words), against)? {
        let entry = list.entry(outcome.name.clone()).or_default();
        let before = entry.len();
        entry.retain(|n| outcome.failed.contains(n));
        removed += before - entry.len();
        if grow {
            let before = entry.len();
            entry.extend(&outcome.failed);
            added += entry.len() - before;
        }
    }
    if words.is_empty() {
        let names: Vec<String> = suite::files(&[]).iter().map(|p| suite::name(p)).collect();
        list.retain(|name, _| names.contains(name));
    }
    known::write(&list)?;
    println!("{removed} taken out, {added} added; {} left", list.values().map(|s| s.len()).sum::<usize>());
    Ok(true)
}
