//! Databases, sessions, statements, commands, the wire protocol as bytes in and bytes out. See the crate's README.

pub mod bind;
mod cold;
pub mod commands;
mod constraints;
mod copy;
mod cursor;
pub mod database;
mod explain;
mod fastpath;
mod host;
mod large_object;
mod literals;
mod missing;
pub mod output;
mod portal;
mod privileges;
pub mod protocol;
pub mod query;
mod routine;
mod ruleutils;
mod sequence;
mod sleep;
pub mod session;
pub mod settings;
mod statement_cache;
mod system;
mod text_search;
mod transaction;
mod utility;
pub mod work;

pub use system::implements;
pub use tusklet_exec::ExecCx;
pub use tusklet_ir::ResultColumn;
pub use tusklet_vector::{Batch, KernelTable};
pub use tusklet_ir::{TypeRef, Value};
pub use tusklet_syntax::split;
pub use tusklet_vector::CallContext;

/// `typlen` of a type for clients; -1 for what has no fixed length.
pub fn type_len(oid: u32) -> i16 {
    tusklet_catalog::builtin::ty(oid).map_or(-1, |t| t.len() as i16)
}
