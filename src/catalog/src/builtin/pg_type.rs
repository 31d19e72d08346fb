//! Types, ranges and collations.

use super::table::find_text;
use super::{by_key, by_order, oids, view};

view! {
    /// A row of `pg_type`.
    Type of pg_type {
        /// `oid`.
        oid: oid = OID;
        /// `typname`.
        name: text = TYPNAME;
        /// `typnamespace`.
        namespace: oid = TYPNAMESPACE;
        /// `typlen`: -1 for variable length, -2 for a C string.
        len: int = TYPLEN;
        /// `typbyval`.
        byval: bool = TYPBYVAL;
        /// `typtype`: `b`ase, `c`omposite, `d`omain, `e`num, `m`ultirange, `p`seudo, `r`ange.
        kind: char = TYPTYPE;
        /// `typcategory`.
        category: char = TYPCATEGORY;
        /// `typispreferred`.
        preferred: bool = TYPISPREFERRED;
        /// `typdelim`.
        delim: char = TYPDELIM;
        /// `typrelid`: the relation of a composite type.
        relid: oid = TYPRELID;
        /// `typsubscript`.
        subscript: oid = TYPSUBSCRIPT;
        /// `typelem`: also set for the fixed-length types that can be subscripted; see [`type_of_array`].
        elem: oid = TYPELEM;
        /// `typarray`.
        array: oid = TYPARRAY;
        /// `typinput`.
        input: oid = TYPINPUT;
        /// `typoutput`.
        output: oid = TYPOUTPUT;
        /// `typreceive`.
        receive: oid = TYPRECEIVE;
        /// `typsend`.
        send: oid = TYPSEND;
        /// `typmodin`.
        modin: oid = TYPMODIN;
        /// `typmodout`.
        modout: oid = TYPMODOUT;
        /// `typanalyze`.
        analyze: oid = TYPANALYZE;
        /// `typalign`.
        align: char = TYPALIGN;
        /// `typstorage`.
        storage: char = TYPSTORAGE;
        /// `typnotnull`.
        notnull: bool = TYPNOTNULL;
        /// `typbasetype`: what a domain is over.
        basetype: oid = TYPBASETYPE;
        /// `typtypmod`: a domain's modifier of its base type, else -1.
        typmod: int = TYPTYPMOD;
        /// `typndims`.
        ndims: int = TYPNDIMS;
        /// `typcollation`.
        collation: oid = TYPCOLLATION;
        /// `typdefault`, a domain's default as SQL.
        default: opt_text = TYPDEFAULT;
        /// `typacl` as text.
        acl: opt_text = TYPACL;
    }
}

view! {
    /// A row of `pg_range`.
    Range of pg_range {
        /// `rngtypid`.
        range: oid = RNGTYPID;
        /// `rngsubtype`.
        subtype: oid = RNGSUBTYPE;
        /// `rngmultitypid`.
        multirange: oid = RNGMULTITYPID;
        /// `rngcollation`.
        collation: oid = RNGCOLLATION;
        /// `rngsubopc`.
        subopc: oid = RNGSUBOPC;
        /// `rngcanonical`.
        canonical: oid = RNGCANONICAL;
        /// `rngsubdiff`.
        subdiff: oid = RNGSUBDIFF;
    }
}

view! {
    /// A row of `pg_collation`; of PostgreSQL's, those that need no library.
    Collation of pg_collation {
        /// `oid`.
        oid: oid = OID;
        /// `collname`.
        name: text = COLLNAME;
        /// `collnamespace`.
        namespace: oid = COLLNAMESPACE;
        /// `collprovider`.
        provider: char = COLLPROVIDER;
        /// `collisdeterministic`.
        deterministic: bool = COLLISDETERMINISTIC;
        /// `collencoding`.
        encoding: int = COLLENCODING;
        /// `collcollate`.
        collate: opt_text = COLLCOLLATE;
        /// `collctype`.
        ctype: opt_text = COLLCTYPE;
    }
}

/// A type by OID.
pub fn ty(oid: u32) -> Option<Type> {
    by_key!(pg_type, OID, oid).map(Type)
}

/// A type by its name and schema.
pub fn type_by_name(namespace: u32, name: &str) -> Option<Type> {
    let name = find_text(name)?;
    by_order!(pg_type, BY_NAME, TYPNAME == name, TYPNAMESPACE == namespace).next().map(Type)
}

/// The types of this name in any schema.
pub fn types_by_name(name: &str) -> impl Iterator<Item = Type> {
    find_text(name).into_iter().flat_map(|name| by_order!(pg_type, BY_NAME, TYPNAME == name)).map(Type)
}

/// The element type of a true array type, as `get_element_type` says: `oidvector` and `int2vector` are such, the fixed-length
/// types that can be subscripted (`name`, `point`) are not.
pub fn type_of_array(array: u32) -> Option<u32> {
    let ty = ty(array)?;
    if ty.subscript() == oids::F_ARRAY_SUBSCRIPT_HANDLER_INTERNAL { Some(ty.elem()) } else { None }
}

/// The array type over a type.
pub fn array_of(element: u32) -> Option<u32> {
    ty(element).map(Type::array).filter(|&array| array != 0)
}

/// The types whose `typelem` is this one.
pub fn types_with_elem(element: u32) -> impl Iterator<Item = Type> {
    by_order!(pg_type, BY_ELEM, TYPELEM == element).map(Type)
}

/// The range row of a range type.
pub fn range(range: u32) -> Option<Range> {
    by_key!(pg_range, RNGTYPID, range).map(Range)
}

/// The range row of a multirange type.
pub fn range_of_multirange(multirange: u32) -> Option<Range> {
    Range::all().find(|r| r.multirange() == multirange)
}

/// The range rows over a subtype; at most one in the built-in catalog.
pub fn range_for_subtype(subtype: u32) -> Option<Range> {
    Range::all().find(|r| r.subtype() == subtype)
}

/// A collation by OID.
pub fn collation(oid: u32) -> Option<Collation> {
    by_key!(pg_collation, OID, oid).map(Collation)
}

/// A collation of `pg_catalog` by name.
pub fn collation_by_name(name: &str) -> Option<Collation> {
    Collation::all().find(|c| c.name() == name)
}
