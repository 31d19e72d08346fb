//! The workspace's own tools: catalog extraction and code generation, the house rules, size reports.
//!
//! Run as `cargo xtask <command>`; without a command it prints what there is. Nothing beyond the standard library is used
//! but a reader and a writer of WebAssembly, and outside programs (`psql`, `pg_config`, `node`) only where a command's text says so.

mod catalog;
mod size;
mod snowball;
mod split;
mod tidy;
mod unicode;

use std::path::PathBuf;
use std::process::ExitCode;

/// What a command answers: `Err` holds the text for standard error.
pub type Outcome<T = ()> = Result<T, String>;

const USAGE: &str = "usage: cargo xtask <command>

  catalog [--dsn DSN]   extract src/catalog/data/*.tsv from a running PostgreSQL 15 (psql, pg_config), then generate
  catalog --generate    generate the linked-in form from the committed TSVs, without a server
  catalog --check       say whether the committed generated files are what the TSVs generate
  unimplemented FILE    compare the functions of the catalog with FILE, the implemented prosrcs one per line;
                        --write rewrites src/catalog/data/unimplemented.tsv, which may only shrink
  unicode [--dsn DSN]   extract src/adt/data/{normalization,encodings}.bin from a running PostgreSQL 15
  bless [WORDS...]      rewrite golden expectations from a running PostgreSQL 15 (the harness in tests does it)
  tidy                  check the house rules: crate dependencies, READMEs, file lengths, forbidden words
  size [FILE...]        raw, gzip and brotli sizes of FILEs (default: pkg/dist), through node's zlib
  snowball ALGORITHMS STOPWORDS
                        compile the stemmers (folder of *.sbl) and stop words (folder of *.stop) into one data file
  instrument IN OUT     a WebAssembly module whose functions note that they ran, for scripts/train.mjs
  split IN PROFILE OUT COLD
                        one module in two: what ran according to PROFILE, and the rest
";

/// The root of the workspace.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map(PathBuf::from).unwrap_or(manifest)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.split_first() {
        Some((&"catalog", rest)) => catalog::run(rest),
        Some((&"unimplemented", rest)) => catalog::unimplemented::run(rest),
        Some((&"unicode", rest)) => unicode::run(rest),
        Some((&"bless", rest)) => bless(rest),
        Some((&"tidy", rest)) => tidy::run(rest),
        Some((&"size", rest)) => size::run(rest),
        Some((&"snowball", rest)) => snowball::run(rest),
        Some((&"instrument", rest)) => split::instrument(rest),
        Some((&"split", rest)) => split::split(rest),
        _ => Err(USAGE.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{}", text.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The engine is no business of this crate's: the harness is run as a program.
fn bless(rest: &[&str]) -> Outcome {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut harness = std::process::Command::new(cargo);
    harness.current_dir(root()).args(["run", "--quiet", "--package", "tusklet-harness", "--", "bless"]).args(rest);
    match harness.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the harness ended with {status}")),
        Err(e) => Err(format!("cargo: {e}")),
    }
}
