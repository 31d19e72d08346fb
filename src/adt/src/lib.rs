//! See the crate's README.

pub mod bool;
pub mod char;
pub mod float;
pub mod int;
pub mod like;
pub mod network;
pub mod numeric;
pub mod oid;
pub mod bytea;
pub mod digest;
pub mod hash;
#[cfg(test)]
mod testing;
pub mod text;
pub mod text_format;
pub mod uuid;
pub mod varchar;
