//! Plan → batches. See the crate's README.
//!
//! A [`Program`] is a planned statement with every expression compiled and every function bound: immutable, made once,
//! kept with the prepared statement. An [`Executor`] is one run of it: a tree of operators whose state lives in them, so
//! that a run can stop at any batch (out of budget, waiting for a row lock) and go on later. [`ExecCx`] is what a run may
//! touch, made anew by the engine for each step.

#![cfg_attr(tuned, feature(optimize_attribute))]

mod compile;
mod cx;
mod executor;
mod expr;
pub mod func;
pub mod index_keys;
mod op;
mod order;
mod quicksort;
mod row;
mod rowstore;
mod run;
mod straight;
mod straight_write;
pub mod types;

pub use compile::Program;
pub use cx::{ChangedRow, ExecCx, Host, RowEvent};
pub use executor::{Executor, Step};
pub use op::exclusion::{Excluded, Exclusion, over_row};
pub use expr::{Evaluator, Given, eval_constant};
pub use func::{Caches, Func};
pub use run::{NodeStats, Run};
pub use straight::Straight;
pub use straight_write::{StraightWrite, Straightly};

/// Rows an executor reads before it yields.
pub const BUDGET: i64 = 1 << 17;
