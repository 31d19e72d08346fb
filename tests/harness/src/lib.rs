//! Golden files: SQL with the answers a real PostgreSQL 15 gave, compared to the letter.
//!
//! A file is run against a *target*: the oracle (to write the expectations), the engine in this process, or any server
//! that speaks the wire protocol. Whatever the target, its bytes are read by the same code ([`wire`]) and written down
//! by the same code ([`render`]), so that two answers are equal exactly when their texts are. The README has the format.

pub mod compat;
pub mod differential;
pub mod golden;
pub mod implemented;
pub mod known;
pub mod native;
pub mod reference;
pub mod render;
pub mod run;
pub mod suite;
pub mod target;
pub mod tcp;
pub mod wire;

use std::path::PathBuf;

/// The root of the workspace.
pub fn root() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map(PathBuf::from).unwrap_or(manifest)
}

/// SplitMix64: the next state, and a number.
fn split_mix(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (state, z ^ (z >> 31))
}
