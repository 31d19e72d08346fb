//! fill
use crate::{Problem, Record};
/// check
pub fn check_zone(_origin: &str, _records: &[Record]) -> Vec<Problem> { Vec::new() }
