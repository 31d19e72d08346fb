//! See the crate's README.

#![allow(long_running_const_eval)]

#[macro_use]
mod bind;
mod batch;

mod bool;
mod bytea;
mod char;
mod float;
mod int;
mod io;
mod like;
mod oid;
mod oids;
mod text;

pub mod aggregates;
pub mod keys;
mod table;

pub use table::KERNELS;
