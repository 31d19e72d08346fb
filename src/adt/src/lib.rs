//! See the crate's README.

#![cfg_attr(tuned, feature(optimize_attribute))]

pub mod array;
pub mod bit;
pub mod bool;
pub mod bytea;
pub mod char;
pub mod date;
pub mod datetime;
pub mod digest;
pub mod encoding;
pub mod float;
pub mod formats;
pub mod formatting;
pub mod geo;
pub mod hash;
pub mod hashfn;
pub mod int;
pub mod interval;
pub mod json;
pub mod jsonb;
pub mod jsonpath;
pub mod jsonpath_exec;
pub mod like;
pub mod macaddr;
pub mod multirange;
pub mod network;
pub mod numeric;
pub mod numeric_small;
pub mod oid;
pub mod range;
pub mod record;
pub mod regex;
pub mod text;
pub mod text_format;
pub mod time;
pub mod timestamp;
pub mod timezone;
pub mod tsearch;
pub mod unicode_norm;
pub mod uuid;
pub mod varchar;
pub mod xml;

#[cfg(test)]
mod testing;
