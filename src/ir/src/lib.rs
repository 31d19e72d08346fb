//! The analysed query, typed expressions, plans and commands. Data only: no behaviour but visiting and (de)coding.
//!
//! [`Query`] is what `analyze` makes of a statement and `planner` reads; [`Plan`] is what `planner` makes and `exec`
//! runs; [`Expr`] serves both, with a few variants that live on one side only (each says so). Names and shapes follow
//! PostgreSQL's `primnodes.h`, `parsenodes.h` and `plannodes.h`, so that who knows those finds their way.

pub mod codec;
pub mod expr;
pub mod plan;
pub mod query;
pub mod visit;

pub use expr::*;
pub use plan::*;
pub use query::*;
pub use tusklet_vector::{Datum, Phys, TypeRef, Value};

/// An object identifier.
pub type Oid = u32;
