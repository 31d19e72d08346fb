//! `data/unimplemented.tsv`: the built-in functions that have neither a kernel nor an SQL body.
//!
//! One line per function: `prosrc`, signature, reason (empty: not written yet). The list of implemented `prosrc`s comes
//! from the engine's side (a test that links the kernels writes it to a file), since nothing here links them. The file may only shrink:
//! a function that is in neither list is an error, never a new line.

use std::collections::BTreeSet;
use std::fs;

use super::tsv::Table;
use super::{data_dir, load};
use crate::Outcome;

const FILE: &str = "unimplemented.tsv";

/// One built-in function that needs a kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The symbol a kernel is bound by.
    pub prosrc: String,
    /// Its name and argument types.
    pub signature: String,
}

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Functions with no kernel and no line.
    pub unlisted: Vec<Needed>,
    /// Lines whose function has a kernel by now, or which name no function.
    pub stale: Vec<String>,
    /// Kernels that no function of the catalog is bound to.
    pub unbound: Vec<String>,
    /// Functions that still need a kernel, listed or not.
    pub missing: Vec<Needed>,
}

/// Runs the command: FILE [--write].
pub fn run(args: &[&str]) -> Outcome {
    let (file, write) = match args {
        [file] => (*file, false),
        [file, "--write"] | ["--write", file] => (*file, true),
        _ => return Err("unimplemented takes a file of implemented prosrcs, and perhaps --write".into()),
    };
    let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let implemented: BTreeSet<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let needed = needed(&load("pg_proc.tsv")?)?;
    let listed = if data_dir().join(FILE).exists() { Some(load(FILE)?) } else { None };
    let findings = compare(&needed, listed.as_ref(), &implemented)?;
    println!("{} of {} functions are implemented", needed.len() - findings.missing.len(), needed.len());
    for prosrc in &findings.unbound {
        println!("kernel {prosrc} belongs to no function of the catalog");
    }
    if write {
        if listed.is_some() && !findings.unlisted.is_empty() {
            return Err(format!("{FILE} may only shrink, but these lost their kernel:\n{}", lines(&findings.unlisted)));
        }
        let table = table(&findings.missing, listed.as_ref())?;
        let path = data_dir().join(FILE);
        return fs::write(&path, table.to_text()).map_err(|e| format!("{}: {e}", path.display()));
    }
    let mut errors = String::new();
    if !findings.unlisted.is_empty() {
        errors += &format!("neither a kernel, an SQL body nor a line in {FILE}:\n{}\n", lines(&findings.unlisted));
    }
    if !findings.stale.is_empty() {
        errors += &format!("lines of {FILE} to remove (--write does):\n{}\n", findings.stale.join("\n"));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn lines(needed: &[Needed]) -> String {
    needed.iter().map(|n| format!("  {}  {}", n.prosrc, n.signature)).collect::<Vec<_>>().join("\n")
}

/// Every function a kernel must exist for: written in C inside PostgreSQL, neither an aggregate (whose parts are functions
/// of their own) nor SQL.
pub fn needed(proc: &Table) -> Outcome<Vec<Needed>> {
    let [name, schema, language, kind, args, prosrc] =
        ["proname", "pronamespace", "prolang", "prokind", "proargtypes", "prosrc"].map(|c| proc.column(c));
    let (name, schema, language, kind, args, prosrc) = (name?, schema?, language?, kind?, args?, prosrc?);
    let mut needed = Vec::new();
    for row in 0..proc.rows.len() {
        if proc.text(row, language)? == "sql" || proc.text(row, kind)? == "a" {
            continue;
        }
        let prefix = match proc.text(row, schema)? {
            "pg_catalog" => String::new(),
            other => format!("{other}."),
        };
        let signature = format!("{prefix}{}({})", proc.text(row, name)?, proc.text(row, args)?);
        needed.push(Needed { prosrc: proc.text(row, prosrc)?.to_string(), signature });
    }
    needed.sort();
    Ok(needed)
}

/// Compares what is needed with the list and the kernels.
pub fn compare(needed: &[Needed], listed: Option<&Table>, implemented: &BTreeSet<&str>) -> Outcome<Findings> {
    let mut findings = Findings::default();
    let mut lines = BTreeSet::new();
    if let Some(table) = listed {
        for row in 0..table.rows.len() {
            let (prosrc, signature) = (table.text(row, 0)?.to_string(), table.text(row, 1)?.to_string());
            lines.insert(Needed { prosrc, signature });
        }
    }
    for function in needed {
        if implemented.contains(function.prosrc.as_str()) {
            continue;
        }
        findings.missing.push(function.clone());
        if !lines.remove(function) {
            findings.unlisted.push(function.clone());
        }
    }
    findings.stale = lines.into_iter().map(|n| format!("  {}  {}", n.prosrc, n.signature)).collect();
    let bound: BTreeSet<&str> = needed.iter().map(|n| n.prosrc.as_str()).collect();
    findings.unbound = implemented.difference(&bound).map(|s| s.to_string()).collect();
    Ok(findings)
}

/// The new file: `missing`, with the reasons the old one gave.
pub fn table(missing: &[Needed], old: Option<&Table>) -> Outcome<Table> {
    let mut rows = Vec::new();
    for function in missing {
        let old_row = old.and_then(|t| {
            t.rows
                .iter()
                .find(|r| r[0].as_deref() == Some(&function.prosrc) && r[1].as_deref() == Some(&function.signature))
        });
        let reason = old_row.and_then(|r| r[2].clone()).unwrap_or_default();
        rows.push(vec![Some(function.prosrc.clone()), Some(function.signature.clone()), Some(reason)]);
    }
    Ok(Table { header: ["prosrc", "signature", "reason"].map(String::from).to_vec(), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_may_only_shrink() {
        let function = |s: &str| Needed { prosrc: s.into(), signature: format!("{s}()") };
        let needed = [function("a"), function("b"), function("c")];
        let listed = Table::from_text("prosrc\tsignature\treason\nb\tb()\tneeds a network\nd\td()\t\n").unwrap();
        let findings = compare(&needed, Some(&listed), &BTreeSet::from(["a", "x"])).unwrap();
        assert_eq!(findings.unlisted, [function("c")]);
        assert_eq!(findings.stale, ["  d  d()"]);
        assert_eq!(findings.unbound, ["x"]);
        let rewritten = table(&findings.missing, Some(&listed)).unwrap();
        assert_eq!(rewritten.to_text(), "prosrc\tsignature\treason\nb\tb()\tneeds a network\nc\tc()\t\n");
    }
}
