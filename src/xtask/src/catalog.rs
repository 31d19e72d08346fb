//! `cargo xtask catalog`: PostgreSQL's built-in catalog as data.
//!
//! Three steps, each a pure function of the one before:
//!
//! 1. `extract`: a running PostgreSQL 15 → `src/catalog/data/*.tsv`. OIDs that point at other rows become symbols
//!    (`int4`, `int4pl(int4,int4)`, `btree/integer_ops`), so that a diff of the TSVs can be read.
//! 2. `generate`: TSVs → `builtin.bin`, `strings.txt`, `generated.rs` and `oids.rs` in `src/catalog/src/builtin/`.
//! 3. `--check` (also run by `tidy` and by this crate's tests): step 2 again in memory, compared with what is committed.

pub mod generate;
pub mod psql;
pub mod schema;
pub mod sqlstates;
pub mod symbols;
pub mod tsv;
pub mod unimplemented;

use std::fs;
use std::path::PathBuf;

use crate::{Outcome, root};
use schema::CATALOGS;
use symbols::Symbols;
use tsv::Table;

/// Where the TSVs live.
pub fn data_dir() -> PathBuf {
    root().join("src/catalog/data")
}

/// Runs the command.
pub fn run(args: &[&str]) -> Outcome {
    match args {
        ["--generate"] => write_generated(),
        ["--check"] => check(),
        [] => extract(psql::DEFAULT_DSN).and_then(|()| write_generated()),
        ["--dsn", dsn] => extract(dsn).and_then(|()| write_generated()),
        _ => Err("catalog takes nothing, --dsn DSN, --generate or --check".into()),
    }
}

fn extract(dsn: &str) -> Outcome {
    psql::require_version_15(dsn)?;
    let mut raw = Vec::new();
    for catalog in CATALOGS {
        raw.push(psql::copy(dsn, &catalog.query())?);
    }
    let symbols = Symbols::from_raw(&raw)?;
    for (catalog, table) in CATALOGS.iter().zip(&mut raw) {
        symbols.symbolise(catalog, table)?;
        save(&format!("{}.tsv", catalog.file()), table)?;
    }
    save("pg_description.tsv", &psql::copy(dsn, schema::DESCRIPTIONS)?)?;
    let sqlstates = sqlstates::extract()?;
    save("sqlstates.tsv", &sqlstates)
}

fn save(name: &str, table: &Table) -> Outcome {
    let path = data_dir().join(name);
    fs::write(&path, table.to_text()).map_err(|e| format!("{}: {e}", path.display()))
}

/// Reads one committed TSV.
pub fn load(name: &str) -> Outcome<Table> {
    let path = data_dir().join(name);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Table::from_text(&text).map_err(|e| format!("{name}: {e}"))
}

/// Every generated file with its content, made from the committed TSVs.
pub fn generated_files() -> Outcome<Vec<(PathBuf, Vec<u8>)>> {
    let mut tables = Vec::new();
    for catalog in CATALOGS {
        tables.push(load(&format!("{}.tsv", catalog.file()))?);
    }
    let symbols = Symbols::from_symbolic(&tables)?;
    let mut files = generate::generate(&tables, &symbols, &load("constants.tsv")?)?;
    files.push(("src/error/src/sqlstate.rs".into(), sqlstates::generate(&load("sqlstates.tsv")?)?.into_bytes()));
    Ok(files)
}

fn write_generated() -> Outcome {
    for (path, content) in generated_files()? {
        let path = root().join(path);
        if fs::read(&path).ok().as_deref() != Some(&content[..]) {
            fs::write(&path, &content).map_err(|e| format!("{}: {e}", path.display()))?;
            println!("wrote {} ({} bytes)", path.display(), content.len());
        }
    }
    Ok(())
}

/// Fails when a committed generated file is not what the TSVs generate.
pub fn check() -> Outcome {
    let mut stale = Vec::new();
    for (path, content) in generated_files()? {
        if fs::read(root().join(&path)).ok().as_deref() != Some(&content[..]) {
            stale.push(format!(
                "{} is not what src/catalog/data generates: cargo xtask catalog --generate",
                path.display()
            ));
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn committed_files_are_what_the_data_generates() {
        if let Err(text) = super::check() {
            panic!("{text}");
        }
    }
}
