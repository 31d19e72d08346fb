//! See the crate's README.

pub mod array;
pub mod bit;
pub mod bool;
pub mod bytea;
pub mod char;
pub mod digest;
pub mod float;
pub mod geo;
pub mod hash;
pub mod int;
pub mod json;
pub mod jsonb;
pub mod like;
pub mod macaddr;
pub mod network;
pub mod numeric;
pub mod oid;
pub mod range;
pub mod record;
pub mod regex;
pub mod text;
pub mod text_format;
pub mod uuid;
pub mod varchar;

#[cfg(test)]
mod testing;
