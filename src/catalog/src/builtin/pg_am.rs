//! Index support: access methods, operator classes and families, their operators and functions.

use super::table::find_text;
use super::{by_key, by_order, view};

view! {
    /// A row of `pg_am`.
    Am of pg_am {
        /// `oid`.
        oid: oid = OID;
        /// `amname`.
        name: text = AMNAME;
        /// `amhandler`.
        handler: oid = AMHANDLER;
        /// `amtype`: `i`ndex or `t`able.
        kind: char = AMTYPE;
    }
}

view! {
    /// A row of `pg_opfamily`.
    Opfamily of pg_opfamily {
        /// `oid`.
        oid: oid = OID;
        /// `opfmethod`.
        method: oid = OPFMETHOD;
        /// `opfname`.
        name: text = OPFNAME;
        /// `opfnamespace`.
        namespace: oid = OPFNAMESPACE;
    }
}

view! {
    /// A row of `pg_opclass`.
    Opclass of pg_opclass {
        /// `oid`.
        oid: oid = OID;
        /// `opcmethod`.
        method: oid = OPCMETHOD;
        /// `opcname`.
        name: text = OPCNAME;
        /// `opcnamespace`.
        namespace: oid = OPCNAMESPACE;
        /// `opcfamily`.
        family: oid = OPCFAMILY;
        /// `opcintype`.
        intype: oid = OPCINTYPE;
        /// `opcdefault`.
        default: bool = OPCDEFAULT;
        /// `opckeytype`; 0 when it is the input type.
        keytype: oid = OPCKEYTYPE;
    }
}

view! {
    /// A row of `pg_amop`.
    Amop of pg_amop {
        /// `oid`.
        oid: oid = OID;
        /// `amopfamily`.
        family: oid = AMOPFAMILY;
        /// `amoplefttype`.
        left: oid = AMOPLEFTTYPE;
        /// `amoprighttype`.
        right: oid = AMOPRIGHTTYPE;
        /// `amopstrategy`.
        strategy: int = AMOPSTRATEGY;
        /// `amoppurpose`: `s`earch or `o`rdering.
        purpose: char = AMOPPURPOSE;
        /// `amopopr`.
        operator: oid = AMOPOPR;
        /// `amopmethod`.
        method: oid = AMOPMETHOD;
        /// `amopsortfamily`.
        sort_family: oid = AMOPSORTFAMILY;
    }
}

view! {
    /// A row of `pg_amproc`.
    Amproc of pg_amproc {
        /// `oid`.
        oid: oid = OID;
        /// `amprocfamily`.
        family: oid = AMPROCFAMILY;
        /// `amproclefttype`.
        left: oid = AMPROCLEFTTYPE;
        /// `amprocrighttype`.
        right: oid = AMPROCRIGHTTYPE;
        /// `amprocnum`.
        number: int = AMPROCNUM;
        /// `amproc`.
        function: oid = AMPROC;
    }
}

/// An access method by OID.
pub fn am(oid: u32) -> Option<Am> {
    by_key!(pg_am, OID, oid).map(Am)
}

/// An access method by name.
pub fn am_by_name(name: &str) -> Option<Am> {
    Am::all().find(|am| am.name() == name)
}

/// An operator family by OID.
pub fn opfamily(oid: u32) -> Option<Opfamily> {
    by_key!(pg_opfamily, OID, oid).map(Opfamily)
}

/// The operator family of this name for an access method.
pub fn opfamily_by_name(method: u32, name: &str) -> Option<Opfamily> {
    Opfamily::all().find(|f| f.method() == method && f.name() == name)
}

/// An operator class by OID.
pub fn opclass(oid: u32) -> Option<Opclass> {
    by_key!(pg_opclass, OID, oid).map(Opclass)
}

/// The operator classes of this name, by access method.
pub fn opclasses_by_name(name: &str) -> impl Iterator<Item = Opclass> {
    find_text(name).into_iter().flat_map(|name| by_order!(pg_opclass, BY_NAME, OPCNAME == name)).map(Opclass)
}

/// The operator classes of an access method that take exactly this type.
pub fn opclasses_by_type(method: u32, intype: u32) -> impl Iterator<Item = Opclass> {
    by_order!(pg_opclass, BY_TYPE, OPCINTYPE == intype, OPCMETHOD == method).map(Opclass)
}

/// The default operator class of an access method for exactly this type. `GetDefaultOpClass` goes on to binary-coercible
/// types when there is none; that is the caller's.
pub fn opclass_default(method: u32, intype: u32) -> Option<Opclass> {
    opclasses_by_type(method, intype).find(|c| c.default())
}

/// The operator of a family for a strategy, as `get_opfamily_member` finds it.
pub fn amop(family: u32, left: u32, right: u32, strategy: i32) -> Option<Amop> {
    by_order!(
        pg_amop,
        BY_FAMILY,
        AMOPFAMILY == family,
        AMOPLEFTTYPE == left,
        AMOPRIGHTTYPE == right,
        AMOPSTRATEGY == strategy
    )
    .next()
    .map(Amop)
}

/// The operators of a family.
pub fn amops_of_family(family: u32) -> impl Iterator<Item = Amop> {
    by_order!(pg_amop, BY_FAMILY, AMOPFAMILY == family).map(Amop)
}

/// Where an operator is a member, ordering members before searching ones, then by family.
pub fn amops_by_operator(operator: u32) -> impl Iterator<Item = Amop> {
    by_order!(pg_amop, BY_OPERATOR, AMOPOPR == operator).map(Amop)
}

/// The support function of a family, as `get_opfamily_proc` finds it.
pub fn amproc(family: u32, left: u32, right: u32, number: i32) -> Option<Amproc> {
    by_order!(
        pg_amproc,
        BY_FAMILY,
        AMPROCFAMILY == family,
        AMPROCLEFTTYPE == left,
        AMPROCRIGHTTYPE == right,
        AMPROCNUM == number
    )
    .next()
    .map(Amproc)
}

/// The support functions of a family.
pub fn amprocs_of_family(family: u32) -> impl Iterator<Item = Amproc> {
    by_order!(pg_amproc, BY_FAMILY, AMPROCFAMILY == family).map(Amproc)
}
