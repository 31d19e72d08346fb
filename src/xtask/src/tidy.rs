//! `cargo xtask tidy`: the house rules that a machine can check.

use crate::{Outcome, catalog};

/// Runs the command.
pub fn run(_args: &[&str]) -> Outcome {
    catalog::check()
}
