//! Every crate and folder has a README, and it lists every source file.
//!
//! A file belongs to the nearest README above it. It is listed when that README names its path from there, with or without the
//! leading `src/`. Outside `src` a folder named with its slash (`fixtures/`) stands for everything in it. A module's
//! `tests.rs` goes with the module.

use super::{File, Report};

/// Checks every source file and crate.
pub fn check(files: &[File], report: &mut Report) {
    let readme_of = |folder: &str| {
        let path = if folder.is_empty() { "README.md".to_string() } else { format!("{folder}/README.md") };
        files.iter().find(|f| f.path == path)
    };
    let mut bare: Vec<&str> = Vec::new();
    for file in files.iter().filter(|f| f.is_source() || f.path.ends_with("/Cargo.toml")) {
        // `.cargo`, `.ci` and the root's own few files explain themselves.
        if file.path.starts_with('.') || !file.path.contains('/') {
            continue;
        }
        let folders: Vec<&str> = file.path.match_indices('/').map(|(at, _)| &file.path[..at]).rev().collect();
        let owner = folders.iter().find_map(|&folder| readme_of(folder).map(|readme| (folder, readme)));
        let Some((folder, readme)) = owner else {
            bare.push(package_folder(&file.path));
            continue;
        };
        if !file.is_source() || file.path.ends_with("/tests.rs") {
            continue;
        }
        let relative = &file.path[folder.len() + 1..];
        let text = readme.text.as_deref().unwrap_or("");
        if !lists(text, relative) {
            report.errors.push(format!("{}: does not list {relative}", readme.path));
        }
    }
    bare.sort_unstable();
    bare.dedup();
    report.errors.extend(bare.iter().map(|folder| format!("{folder}: has no README.md")));
}

/// `src/exec/src/sort.rs` → `src/exec`; `pkg/src/index.ts` → `pkg`.
fn package_folder(path: &str) -> &str {
    let depth = if path.starts_with("src/") || path.starts_with("tests/") { 2 } else { 1 };
    match path.match_indices('/').nth(depth - 1) {
        Some((at, _)) => &path[..at],
        None => path.rsplit_once('/').map_or(path, |(folder, _)| folder),
    }
}

fn lists(readme: &str, relative: &str) -> bool {
    if names(readme, relative) || relative.strip_prefix("src/").is_some_and(|short| names(readme, short)) {
        return true;
    }
    let parents = relative.match_indices('/').map(|(at, _)| &relative[..=at]);
    !relative.starts_with("src/") && parents.into_iter().any(|parent| names(readme, parent))
}

/// Whether `name` stands in the text as a whole path, not as the tail of a longer one.
fn names(readme: &str, name: &str) -> bool {
    let part_of_path = |c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    readme.match_indices(name).any(|(at, _)| {
        let before = readme[..at].chars().next_back();
        let mut after = readme[at + name.len()..].chars();
        let ends = match after.next() {
            Some('.') => !after.next().is_some_and(char::is_alphanumeric),
            Some(c) => !part_of_path(c),
            None => true,
        };
        !before.is_some_and(part_of_path) && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: Some(text.into()) }
    }

    #[test]
    fn listing() {
        let readme = "- `lib.rs`: all\n- `sort/merge.rs`.\n- `fixtures/`";
        assert!(lists(readme, "src/lib.rs"));
        assert!(lists(readme, "src/sort/merge.rs"));
        assert!(!lists(readme, "src/merge.rs"));
        assert!(!lists(readme, "src/fixtures/a.rs"));
        assert!(lists(readme, "fixtures/a.ts"));
    }

    #[test]
    fn nearest_readme_answers() {
        let files = [
            file("src/a/Cargo.toml", ""),
            file("src/a/src/lib.rs", ""),
            file("src/b/README.md", "`lib.rs`"),
            file("src/b/src/lib.rs", ""),
            file("src/b/src/other.rs", ""),
        ];
        let mut report = Report::default();
        check(&files, &mut report);
        assert_eq!(report.errors, ["src/b/README.md: does not list src/other.rs", "src/a: has no README.md"]);
    }
}
