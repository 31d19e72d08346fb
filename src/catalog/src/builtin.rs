//! PostgreSQL 15's built-in catalog, linked in as data.
//!
//! Every row of `data/*.tsv` is here, under PostgreSQL's OIDs, and costs nothing when the engine starts: no parsing, no
//! maps (`builtin/table.rs` says how). A row is a `Copy` view of two bytes whose methods each do one load; a lookup is a
//! binary search.
//!
//! Three doors, from the most used to the most general:
//! - functions per question, named as PostgreSQL's caches (`proc`, `operator_exact`, `cast`, `opclass_default`, …);
//! - `X::all()`, the rows of one catalog in OID order;
//! - [`TABLES`] and [`table`], which show any catalog column by column, for the virtual tables of `pg_catalog`.
//!
//! What is the same for every row (`proowner`), belongs to one database (`relpages`) or follows from another column
//! (`attlen`) is not here; the live catalog supplies it.

#[rustfmt::skip]
mod generated;
pub mod oids;
mod pg_am;
mod pg_cast;
mod pg_class;
mod pg_namespace;
mod pg_operator;
mod pg_proc;
mod pg_settings;
mod pg_ts;
mod pg_type;
mod table;

pub use generated::TABLES;
pub use pg_am::*;
pub use pg_cast::*;
pub use pg_class::*;
pub use pg_namespace::*;
pub use pg_operator::*;
pub use pg_proc::*;
pub use pg_settings::*;
pub use pg_ts::*;
pub use pg_type::*;
pub use table::{Class, Column, Field, Kind, Table, Texts};

/// The first OID that is not a built-in object's; everything made by a user is at or above it.
pub const FIRST_NORMAL_OBJECT_ID: u32 = 16384;

/// A built-in catalog by name, for showing it as a table.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|t| t.name == name)
}

/// Declares a row type: a row number with one method per column, each a single load.
macro_rules! view {
    ($(#[$doc:meta])* $view:ident of $module:ident { $($(#[$method_doc:meta])* $method:ident: $kind:ident = $column:ident;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $view(pub(super) u16);

        // `Type::len` is `typlen`, not a count.
        #[allow(clippy::len_without_is_empty)]
        impl $view {
            $(
                $(#[$method_doc])*
                #[inline]
                pub fn $method(self) -> $crate::builtin::returned!($kind) {
                    let raw = $crate::builtin::generated::$module::$column.get(self.0 as usize);
                    $crate::builtin::cell!($kind, raw)
                }
            )*

            /// The row's number in [`table`]'s order.
            #[inline]
            pub fn row(self) -> usize {
                self.0 as usize
            }

            /// All rows, in the order of their key.
            pub fn all() -> impl ExactSizeIterator<Item = $view> + Clone {
                (0..$crate::builtin::generated::$module::ROWS as u16).map($view)
            }
        }

        impl std::fmt::Debug for $view {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($module), "[{}]"), self.0)
            }
        }
    };
}

macro_rules! returned {
    (bool) => { bool };
    (char) => { u8 };
    (int) => { i32 };
    (oid) => { u32 };
    (text) => { &'static str };
    (opt_text) => { Option<&'static str> };
    (list) => { &'static [u32] };
    (opt_list) => { Option<&'static [u32]> };
    (opt_texts) => { Option<$crate::builtin::Texts> };
}

macro_rules! cell {
    (bool, $raw:ident) => {
        $raw != 0
    };
    (char, $raw:ident) => {
        $raw as u8
    };
    (int, $raw:ident) => {
        $raw
    };
    (oid, $raw:ident) => {
        $raw as u32
    };
    (text, $raw:ident) => {
        $crate::builtin::table::text($raw as u32).unwrap_or("")
    };
    (opt_text, $raw:ident) => {
        $crate::builtin::table::text($raw as u32)
    };
    (list, $raw:ident) => {
        $crate::builtin::table::list($raw as u32).unwrap_or(&[])
    };
    (opt_list, $raw:ident) => {
        $crate::builtin::table::list($raw as u32)
    };
    (opt_texts, $raw:ident) => {
        $crate::builtin::table::list($raw as u32).map($crate::builtin::Texts)
    };
}

/// The row whose key column (unique, ascending) holds `$value`.
macro_rules! by_key {
    ($module:ident, $column:ident, $value:expr) => {{
        use $crate::builtin::generated::$module as catalog;
        let value = $value as i32;
        let row = $crate::builtin::table::search(catalog::ROWS, |row| catalog::$column.get(row) < value);
        if row < catalog::ROWS && catalog::$column.get(row) == value { Some(row as u16) } else { None }
    }};
}

/// The rows, in a second order, whose leading columns of that order hold the values.
macro_rules! by_order {
    ($module:ident, $order:ident, $($column:ident == $value:expr),+) => {{
        use $crate::builtin::generated::$module as catalog;
        let wanted = [$($value as i32),+];
        let range = $crate::builtin::table::equal_range(catalog::ROWS, |i| {
            let row = catalog::$order.get(i) as usize;
            [$(catalog::$column.get(row)),+].cmp(&wanted)
        });
        range.map(|i| catalog::$order.get(i) as u16)
    }};
}

use {by_key, by_order, cell, returned, view};
