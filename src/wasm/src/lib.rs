//! See the crate's README. The boundary itself is described in `PACKED.md`.

pub mod packed;
pub mod request;

mod dns;
mod engine;
mod input;
mod memory;

pub use engine::Engine;
