use super::*;
use crate::datetime::DateTimeConfig;
use crate::jsonb;
use crate::jsonpath_exec::{Outcome, Request, array, execute, verdict};
use crate::testing::check_tsv;
use crate::timezone::TimeZone;

/// Operations: `in`; `query`, `exists` and `match` with document and variables, `silent` and `tz` in their names.
fn run(f: &[&str]) -> Result<String> {
    if f[0] == "in" {
        return to_string(f[1]);
    }
    let none = || "\\N".to_owned();
    let (root, vars) = (jsonb::parse(f[2])?, jsonb::parse(f[3])?);
    let path = parse(f[1])?;
    let zone = TimeZone::named("America/New_York").expect("zone");
    let zone = f[0].contains("tz").then(|| DateTimeConfig::new(&zone, 0));
    let silent = f[0].contains("silent");
    let request = Request { path: &path, root: &root, vars: Some(&vars), silent, zone };
    let truth = |b: Option<bool>| b.map_or_else(none, |b| b.to_string());
    if f[0].starts_with("exists") {
        return Ok(match execute(&request, None)? {
            Outcome::Error => none(),
            outcome => truth(Some(outcome == Outcome::Ok)),
        });
    }
    let mut found = Vec::new();
    execute(&request, Some(&mut found))?;
    if f[0].starts_with("match") {
        return verdict(&found, silent).map(truth);
    }
    Ok(jsonb::to_string(&array(&found)))
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/jsonpath.tsv"), run);
}

#[test]
fn deep_paths_are_refused() {
    for text in ["(".repeat(100_000), format!("$ + {}1", "-".repeat(100_000)), format!("1{}", " + 1".repeat(100_000))] {
        assert!(parse(&text).is_err());
    }
    assert!(parse(&format!("${}", ".a".repeat(100_000))).is_err());
}
