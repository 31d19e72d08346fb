//! See the crate's README.
fn main() {}
