//! Words that may not be in the project: machine paths, unfinished code, skipped tests, `async` and misplaced `unsafe`.

use super::{File, Report};

// Spelled in two halves, or this file would break its own rules.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/tmp/", "helpers")];
const REGISTRY_HOSTS: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("static.cra", "tes.io"),
    concat!("index.cra", "tes.io"),
    concat!("files.python", "hosted.org"),
];
const CARGO_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

const UNSAFE_FOLDERS: &[&str] = &["src/vector/", "src/storage/", "src/wasm/"];

/// Checks every text file.
pub fn check(files: &[File], report: &mut Report) {
    for file in files {
        let Some(text) = file.text.as_deref() else { continue };
        for (number, line) in text.lines().enumerate() {
            let mut complain = |what: &str| report.errors.push(format!("{}:{}: {what}", file.path, number + 1));
            if MACHINE_PATHS.iter().any(|path| starts_path(line, path)) {
                complain("a path of one machine");
            }
            if REGISTRY_HOSTS.iter().any(|host| line.contains(host)) {
                complain("a registry's host name");
            }
            if file.path.ends_with("Cargo.lock") && line.starts_with("source = ") && line != CARGO_SOURCE {
                complain("a crate from elsewhere than crates.io");
            }
            if file.path.ends_with("package-lock.json") && line.trim_start().starts_with("\"resolved\": \"http") {
                complain("a registry's host name (npm's omit-lockfile-registry-resolved leaves it out)");
            }
        }
        match file.extension() {
            "rs" => rust(file, text, report),
            "ts" | "tsx" | "js" | "mjs" | "cjs" => javascript(file, text, report),
            _ => {}
        }
    }
}

/// Whether a path starts in the line, not the middle of a longer one.
fn starts_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '*' | '}'))
    })
}

fn rust(file: &File, text: &str, report: &mut Report) {
    let code = rust_code(text);
    for (number, line) in code.lines().enumerate() {
        let mut complain = |what: &str| report.errors.push(format!("{}:{}: {what}", file.path, number + 1));
        if line.contains("todo!") || line.contains("unimplemented!") {
            complain("unfinished code; what is missing raises 0A000");
        }
        if line.contains("#[ignore") {
            complain("an ignored test; a known failure goes to tests/known_failures.txt");
        }
        if !file.path.starts_with("src/") {
            continue;
        }
        if has_word(line, "async") || line.contains(".await") {
            complain("async; the engine is driven from outside");
        }
        if has_word(line, "unsafe") && !UNSAFE_FOLDERS.iter().any(|folder| file.path.starts_with(folder)) {
            complain("unsafe outside vector, storage and wasm");
        }
    }
}

fn javascript(file: &File, text: &str, report: &mut Report) {
    for (number, line) in text.lines().enumerate() {
        for word in [".skip(", ".only(", ".todo("] {
            for (at, _) in line.match_indices(word) {
                let callee = line[..at].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
                if matches!(callee, "test" | "it" | "describe" | "suite" | "t" | "bench") {
                    report.errors.push(format!("{}:{}: {callee}{word}: every test runs", file.path, number + 1));
                }
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part) && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

/// Rust text with comments and the insides of literals blanked; lines stay where they were.
fn rust_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let previous = out.chars().next_back();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) =
            raw_string(rest).filter(|_| !previous.is_some_and(|p| p.is_alphanumeric() || p == '_'))
        {
            length
        } else if c == '"' {
            quoted(rest, '"')
        } else if c == '\'' && is_char_literal(rest) {
            quoted(rest, '\'')
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"]
        .into_iter()
        .find(|p| text.strip_prefix(p).is_some_and(|t| t.trim_start_matches('#').starts_with('"')))?;
    let hashes = text[prefix.len()..].bytes().take_while(|&b| b == b'#').count();
    let start = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start..].find(&end).map_or(text.len(), |at| start + at + end.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A quote starts a character when an escape follows, or a closing quote comes after one character; else a lifetime.
fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    matches!((chars.next(), chars.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(path: &str, text: &str) -> Vec<String> {
        let mut report = Report::default();
        check(&[File { path: path.into(), text: Some(text.into()) }], &mut report);
        report.errors
    }

    #[test]
    fn comments_and_literals_do_not_count() {
        let text = "// unsafe\nlet a = \"unsafe \\\" async\"; /* unsafe /* x */\nasync */ let c = '\"'; r#\"unsafe\"#;\nfn f<'a>(x: &'a str) {}";
        assert_eq!(errors("src/exec/src/x.rs", text), Vec::<String>::new());
        assert_eq!(rust_code(text).lines().count(), text.lines().count());
    }

    #[test]
    fn code_does() {
        assert_eq!(
            errors("src/exec/src/x.rs", "\nunsafe { 1 }"),
            ["src/exec/src/x.rs:2: unsafe outside vector, storage and wasm"]
        );
        assert_eq!(errors("src/vector/src/x.rs", "unsafe { 1 }"), Vec::<String>::new());
        assert_eq!(errors("src/vector/src/x.rs", "pub async fn f() {}").len(), 1);
        assert_eq!(errors("src/vector/src/x.rs", concat!("un", "implemented!()")).len(), 1);
        assert_eq!(errors("tests/harness/src/x.rs", concat!("#[ig", "nore]")).len(), 1);
    }

    #[test]
    fn paths_and_hosts() {
        assert_eq!(errors("a.md", concat!("see /wo", "rk/x")).len(), 1);
        assert_eq!(errors("a.md", concat!("see net/wo", "rk/x")), Vec::<String>::new());
        assert_eq!(errors("Cargo.lock", "source = \"registry+https://example.com/\"").len(), 1);
        assert_eq!(errors("package-lock.json", "  \"resolved\": \"https://example.com/x.tgz\",").len(), 1);
    }

    #[test]
    fn skipped_tests() {
        assert_eq!(errors("pkg/tests/a.ts", "test.skip('x')").len(), 1);
        assert_eq!(errors("pkg/tests/a.ts", "rows.skip(1)"), Vec::<String>::new());
    }
}
