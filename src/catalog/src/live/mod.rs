//! The live catalog: everything CREATE made, over the built-in rows.
//!
//! A [`Catalog`] is an immutable snapshot behind one `Rc`: a statement clones it for the price of a pointer and sees one
//! consistent catalog to its end. DDL works on a transaction's private copy ([`Catalog::edit`] copies on write) and
//! records which entries it touched; at commit the engine stores those entries in `storage`'s meta map and replays them
//! onto the shared snapshot ([`Catalog::merge`]). Entries are `ir` nodes, so each has its stored form by construction.
//!
//! Lookups by OID ask the user's objects first, then the built-in rows; both come back in the same shapes.

mod address;
mod entries;
mod lookup;
mod state;

pub use address::{Dependency, DependencyKind, ObjectAddress, ObjectClass};
pub use entries::*;
pub use state::{Catalog, Change, EntryKey, FIRST_USER_OID};
