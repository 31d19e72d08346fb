//! Casts.

use super::{by_order, view};

view! {
    /// A row of `pg_cast`.
    Cast of pg_cast {
        /// `oid`.
        oid: oid = OID;
        /// `castsource`.
        source: oid = CASTSOURCE;
        /// `casttarget`.
        target: oid = CASTTARGET;
        /// `castfunc`; 0 unless the method is `f`.
        func: oid = CASTFUNC;
        /// `castcontext`: `e`xplicit, in `a`ssignment, `i`mplicit.
        context: char = CASTCONTEXT;
        /// `castmethod`: by `f`unction, `b`inary coercible, by `i`nput and output.
        method: char = CASTMETHOD;
    }
}

/// The cast from one type to another.
pub fn cast(source: u32, target: u32) -> Option<Cast> {
    by_order!(pg_cast, BY_SOURCE, CASTSOURCE == source, CASTTARGET == target).next().map(Cast)
}

/// The casts from a type, by target.
pub fn casts_from(source: u32) -> impl Iterator<Item = Cast> {
    by_order!(pg_cast, BY_SOURCE, CASTSOURCE == source).map(Cast)
}

/// The casts to a type, by source.
pub fn casts_to(target: u32) -> impl Iterator<Item = Cast> {
    by_order!(pg_cast, BY_TARGET, CASTTARGET == target).map(Cast)
}
