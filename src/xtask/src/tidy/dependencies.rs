//! Which crate may use which: section "Crates" of the design, as data. Dev-dependencies count.

use super::{File, Report};

/// A package folder, the crates of ours it may use, and the prescribed crates of others.
struct Rule {
    folder: &'static str,
    ours: &'static [&'static str],
    others: &'static [&'static str],
}

const fn rule(folder: &'static str, ours: &'static [&'static str], others: &'static [&'static str]) -> Rule {
    Rule { folder, ours, others }
}

const WASM: &[&str] = &["wasm-bindgen", "js-sys", "serde-wasm-bindgen", "serde", "wasm-bindgen-test"];

// `error` is at the bottom of everything, so the shells may name it too.
const RULES: &[Rule] = &[
    rule("src/error", &[], &[]),
    rule("src/vector", &["error"], &[]),
    rule("src/adt", &["error"], &["rust_decimal"]),
    rule("src/syntax", &["error"], &["sqlparser"]),
    rule("src/ir", &["error", "vector"], &[]),
    rule("src/catalog", &["error", "vector", "adt", "ir"], &[]),
    rule("src/storage", &["error", "vector"], &[]),
    rule("src/functions", &["error", "vector", "adt"], &[]),
    rule("src/analyze", &["error", "vector", "adt", "syntax", "ir", "catalog"], &[]),
    rule("src/planner", &["error", "vector", "ir", "catalog"], &[]),
    rule("src/exec", &["error", "vector", "ir", "catalog", "storage"], &[]),
    rule("src/plpgsql", &["error", "vector", "syntax"], &[]),
    rule(
        "src/engine",
        &["error", "vector", "adt", "syntax", "ir", "catalog", "storage", "analyze", "planner", "exec", "plpgsql"],
        &[],
    ),
    rule("src/dns", &["error"], &[]),
    rule("src/wasm", &["error", "vector", "storage", "engine", "functions", "dns"], WASM),
    rule("src/server", &["error", "storage", "engine", "functions"], &[]),
    rule("src/xtask", &[], &["wasm-encoder", "wasmparser"]),
    rule("tests/harness", &["error", "storage", "engine", "functions"], &[]),
];

/// Checks every manifest.
pub fn check(files: &[File], report: &mut Report) {
    for file in files {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else { continue };
        let Some(rule) = RULES.iter().find(|r| r.folder == folder) else {
            report.errors.push(format!("{}: a crate that the dependency table does not know", file.path));
            continue;
        };
        let text = file.text.as_deref().unwrap_or("");
        for (name, line) in dependencies(text) {
            let allowed = match name.strip_prefix("tusklet-") {
                Some(ours) => rule.ours.contains(&ours),
                None => rule.others.contains(&name),
            };
            if !allowed {
                report.errors.push(format!("{}:{line}: may not depend on {name}", file.path));
            }
        }
        if !text.contains("[lints]\nworkspace = true") {
            report.errors.push(format!("{}: does not take the workspace's lints", file.path));
        }
    }
    for rule in RULES {
        let manifest = format!("{}/Cargo.toml", rule.folder);
        if !files.iter().any(|f| f.path == manifest) {
            report.errors.push(format!("{manifest}: in the dependency table, but not there"));
        }
    }
}

/// The names under every `[…dependencies]` table of a manifest, `[dependencies.x]` included, with their lines.
fn dependencies(manifest: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table == "dependencies" || table.ends_with("-dependencies") || table.ends_with(".dependencies");
            if let Some((before, name)) = table.rsplit_once('.')
                && before.ends_with("dependencies")
            {
                found.push((name, number + 1));
            }
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let end = line.find([' ', '.', '=']).unwrap_or(line.len());
            found.push((line[..end].trim_matches('"'), number + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_dependency_is_seen() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# no\nb = \"1\"\n[dev-dependencies]\nc={}\n\
                        [target.'cfg(unix)'.dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n[lints]\nworkspace = true\n";
        let names: Vec<_> = dependencies(manifest).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn engine_may_not_use_functions() {
        let text = "[lints]\nworkspace = true\n[dev-dependencies]\ntusklet-functions.workspace = true\n";
        let file = File { path: "src/engine/Cargo.toml".into(), text: Some(text.into()) };
        let mut report = Report::default();
        check(&[file], &mut report);
        assert_eq!(report.errors[0], "src/engine/Cargo.toml:4: may not depend on tusklet-functions");
    }

    /// The table only points down: no crate may use one listed after it.
    #[test]
    fn the_table_has_no_cycle() {
        for (at, rule) in RULES.iter().enumerate() {
            for ours in rule.ours {
                let used = RULES.iter().position(|r| r.folder.strip_prefix("src/") == Some(ours));
                assert!(used.is_some_and(|used| used < at), "{} uses {ours}", rule.folder);
            }
        }
    }
}
