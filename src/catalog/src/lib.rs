//! See the crate's README.

pub mod builtin;
pub mod live;
