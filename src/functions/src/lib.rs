//! See the crate's README.

#![allow(long_running_const_eval)]
#![cfg_attr(tuned, feature(optimize_attribute))]

#[macro_use]
mod bind;
mod batch;
mod stored;

mod array;
mod bit;
mod bool;
mod bytea;
mod char;
mod date;
mod dbsize;
mod enums;
mod float;
mod formatting;
mod geo;
mod hash;
mod indexing;
mod int;
mod inverted;
mod io;
mod json;
mod jsonb;
mod jsonpath;
mod like;
mod money;
mod multirange;
mod network;
mod numeric;
mod oid;
mod oids;
mod populate;
mod range;
mod record;
mod regexp;
mod sets;
mod text;
mod timestamp;
mod tsearch;
mod tsvector;
mod to_json;
mod uuid;
mod xid8funcs;
mod xml;

pub mod aggregates;
pub mod keys;
mod table;

pub use table::KERNELS;

#[cfg(test)]
mod tests;
