//! The reference of functions, operators and types: `tests/reference/*.txt` says what is told of each, with examples; PostgreSQL's
//! answers to the examples are kept beside, in `answers.tsv`; signatures and the like come from our engine. Together they are
//! `www/data/reference.json`, from which the site is made.

pub mod answers;
pub mod data;
pub mod json;
pub mod source;

use std::path::PathBuf;

/// A file of `tests/reference`.
pub fn path(name: &str) -> PathBuf {
    crate::root().join("tests/reference").join(name)
}

/// The file the site is made from.
pub fn target() -> PathBuf {
    crate::root().join("www/data/reference.json")
}
