//! Columnar memory: vectors, batches, selections, datums, keys, hashing, and the shapes of kernels.
//!
//! Nothing here knows an SQL type: a column has one of eight *physical* types ([`Phys`]), and what a value means is
//! decided by whoever built the expression or the index.

#![cfg_attr(tuned, feature(optimize_attribute))]

mod batch;
mod bitmap;
mod bytes;
mod datum;
pub mod hash;
pub mod hashing;
pub mod kernel;
pub mod kernel_table;
pub mod key;
pub mod sort;
mod vector;
pub mod zorder;

pub use batch::{BATCH, Batch, Sel};
pub use bitmap::Bitmap;
pub use bytes::{BytesColumn, View};
pub use datum::{Datum, Phys, Value};
pub use kernel::{
    Accumulator, AggSpec, Call, CallContext, CallSite, Kernel, Out, RowSource, TextSearch, TypeDesc, TypeKind, TypeRef,
};
pub use kernel_table::KernelTable;
pub use vector::{Column, Picked, Vector};
