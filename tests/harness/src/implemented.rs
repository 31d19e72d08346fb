//! Which built-in functions can be called: those with a kernel, parts of aggregates with an accumulator, and the session's own.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use tusklet_functions::KERNELS;

/// The rows of a table of the catalog's data.
pub(crate) fn rows(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/catalog/data").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|l| l.split('\t').map(str::to_owned).collect()).collect()
}

/// The `prosrc`s of `pg_proc` that are implemented: what `cargo xtask unimplemented` reads.
pub fn prosrcs() -> BTreeSet<String> {
    let table = rows("pg_proc.tsv");
    let column = table[0].iter().position(|c| c == "prosrc").expect("pg_proc has prosrc");
    let parts: HashSet<&str> = KERNELS.aggregates.iter().flat_map(|(name, _)| name.split('/')).collect();
    // Window functions are operators of the executor.
    let known = |s: &str| {
        KERNELS.kernel(s).is_some() || parts.contains(s) || s.starts_with("window_") || tusklet_engine::implements(s)
    };
    table[1..].iter().map(|r| r[column].clone()).filter(|s| known(s)).collect()
}

#[test]
fn the_list_holds_what_has_no_kernel() {
    let implemented = prosrcs();
    let table = rows("pg_proc.tsv");
    let at = |name: &str| table[0].iter().position(|c| c == name).expect("a column of pg_proc");
    let (language, kind, source) = (at("prolang"), at("prokind"), at("prosrc"));
    let needed: BTreeSet<&str> =
        table[1..].iter().filter(|r| r[language] != "sql" && r[kind] != "a").map(|r| r[source].as_str()).collect();
    let list = rows("unimplemented.tsv");
    let listed: BTreeSet<&str> = list[1..].iter().map(|r| r[0].as_str()).collect();
    let stale: Vec<&&str> = listed.iter().filter(|s| implemented.contains(**s) || !needed.contains(**s)).collect();
    let lost: Vec<&&str> = needed.iter().filter(|s| !implemented.contains(**s) && !listed.contains(**s)).collect();
    assert!(stale.is_empty(), "in unimplemented.tsv, but implemented (cargo xtask unimplemented FILE --write): {stale:?}");
    assert!(lost.is_empty(), "neither implemented nor in unimplemented.tsv: {lost:?}");
}

/// Functions that SQL can call by name and that have no kernel. The number only falls.
#[cfg(test)]
const CALLABLE: usize = 29;

#[test]
fn what_is_missing_has_a_reason_and_little_of_it_can_be_called() {
    let list = rows("unimplemented.tsv");
    let without: Vec<&String> = list[1..].iter().filter(|r| r.get(2).is_none_or(String::is_empty)).map(|r| &r[1]).collect();
    assert!(without.is_empty(), "no reason in unimplemented.tsv: {without:?}");
    // Nobody can make a value of type internal.
    let callable = list[1..].iter().filter(|r| !r[1].contains("internal")).count();
    assert!(callable <= CALLABLE, "{callable} functions that can be called have no kernel, more than {CALLABLE}");
}
