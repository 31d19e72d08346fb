//! Operators.

use super::table::find_text;
use super::{by_key, by_order, view};

view! {
    /// A row of `pg_operator`.
    Operator of pg_operator {
        /// `oid`.
        oid: oid = OID;
        /// `oprname`.
        name: text = OPRNAME;
        /// `oprnamespace`.
        namespace: oid = OPRNAMESPACE;
        /// `oprkind`: `b`inary or prefix (`l`).
        kind: char = OPRKIND;
        /// `oprcanmerge`.
        can_merge: bool = OPRCANMERGE;
        /// `oprcanhash`.
        can_hash: bool = OPRCANHASH;
        /// `oprleft`; 0 for a prefix operator.
        left: oid = OPRLEFT;
        /// `oprright`.
        right: oid = OPRRIGHT;
        /// `oprresult`.
        result: oid = OPRRESULT;
        /// `oprcom`: the commutator.
        commutator: oid = OPRCOM;
        /// `oprnegate`: the negator.
        negator: oid = OPRNEGATE;
        /// `oprcode`: the function.
        code: oid = OPRCODE;
        /// `oprrest`.
        rest: oid = OPRREST;
        /// `oprjoin`.
        join: oid = OPRJOIN;
    }
}

/// An operator by OID.
pub fn operator(oid: u32) -> Option<Operator> {
    by_key!(pg_operator, OID, oid).map(Operator)
}

/// The operators of this name, by left, then right operand type.
pub fn operators_by_name(name: &str) -> impl Iterator<Item = Operator> {
    find_text(name).into_iter().flat_map(|name| by_order!(pg_operator, BY_NAME, OPRNAME == name)).map(Operator)
}

/// The operator of this name with exactly these operand types; `left` is 0 for a prefix operator.
pub fn operator_exact(name: &str, left: u32, right: u32) -> Option<Operator> {
    let name = find_text(name)?;
    by_order!(pg_operator, BY_NAME, OPRNAME == name, OPRLEFT == left, OPRRIGHT == right).next().map(Operator)
}
