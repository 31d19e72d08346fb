//! The relations of `pg_catalog` and `information_schema`: tables, indexes, views, their columns and constraints.

use super::table::find_text;
use super::{by_key, by_order, oids, view};

/// The columns every table and materialized view has besides its own: number, name, type. All are NOT NULL.
pub const SYSTEM_ATTRIBUTES: [(i32, &str, u32); 6] = [
    (-6, "tableoid", oids::OID),
    (-5, "cmax", oids::CID),
    (-4, "xmax", oids::XID),
    (-3, "cmin", oids::CID),
    (-2, "xmin", oids::XID),
    (-1, "ctid", oids::TID),
];

/// Number and type of the system column of the name.
pub fn system_attribute(name: &str) -> Option<(i16, u32)> {
    SYSTEM_ATTRIBUTES.iter().find(|a| a.1 == name).map(|a| (a.0 as i16, a.2))
}

/// The name of the system column with the number.
pub fn system_attribute_name(number: i16) -> Option<&'static str> {
    SYSTEM_ATTRIBUTES.iter().find(|a| a.0 == i32::from(number)).map(|a| a.1)
}

view! {
    /// A row of `pg_class`.
    Relation of pg_class {
        /// `oid`.
        oid: oid = OID;
        /// `relname`.
        name: text = RELNAME;
        /// `relnamespace`.
        namespace: oid = RELNAMESPACE;
        /// `reltype`: the row type; 0 for an index.
        row_type: oid = RELTYPE;
        /// `relam`.
        am: oid = RELAM;
        /// `reltablespace`.
        tablespace: oid = RELTABLESPACE;
        /// `relhasindex`.
        has_index: bool = RELHASINDEX;
        /// `relisshared`.
        shared: bool = RELISSHARED;
        /// `relkind`: `r` table, `i` index, `v` view.
        kind: char = RELKIND;
        /// `relnatts`.
        natts: int = RELNATTS;
        /// `relhasrules`.
        has_rules: bool = RELHASRULES;
        /// `relreplident`.
        replident: char = RELREPLIDENT;
        /// `relacl` as text.
        acl: opt_text = RELACL;
        /// `reloptions` as text.
        options: opt_text = RELOPTIONS;
    }
}

view! {
    /// A row of `pg_attribute`; the columns that repeat the type's (`attlen`, `attalign`, …) and the system columns are
    /// not here.
    Attribute of pg_attribute {
        /// `attrelid`.
        relation: oid = ATTRELID;
        /// `attnum`.
        number: int = ATTNUM;
        /// `attname`.
        name: text = ATTNAME;
        /// `atttypid`.
        ty: oid = ATTTYPID;
        /// `atttypmod`.
        typmod: int = ATTTYPMOD;
        /// `attndims`.
        ndims: int = ATTNDIMS;
        /// `attstattarget`.
        stattarget: int = ATTSTATTARGET;
        /// `attnotnull`.
        notnull: bool = ATTNOTNULL;
        /// `attcollation`.
        collation: oid = ATTCOLLATION;
        /// `attacl` as text.
        acl: opt_text = ATTACL;
    }
}

view! {
    /// A row of `pg_index`.
    Index of pg_index {
        /// `indexrelid`.
        oid: oid = INDEXRELID;
        /// `indrelid`.
        relation: oid = INDRELID;
        /// `indnatts`.
        natts: int = INDNATTS;
        /// `indnkeyatts`.
        key_natts: int = INDNKEYATTS;
        /// `indisunique`.
        unique: bool = INDISUNIQUE;
        /// `indisprimary`.
        primary: bool = INDISPRIMARY;
        /// `indkey`.
        key: list = INDKEY;
        /// `indcollation`.
        collations: list = INDCOLLATION;
        /// `indclass`.
        classes: list = INDCLASS;
        /// `indoption`.
        options: list = INDOPTION;
    }
}

view! {
    /// A row of `pg_constraint`.
    Constraint of pg_constraint {
        /// `oid`.
        oid: oid = OID;
        /// `conname`.
        name: text = CONNAME;
        /// `connamespace`.
        namespace: oid = CONNAMESPACE;
        /// `contype`: `p`rimary key, `u`nique, `c`heck.
        kind: char = CONTYPE;
        /// `conrelid`; 0 for a domain's.
        relation: oid = CONRELID;
        /// `contypid`: the domain.
        domain: oid = CONTYPID;
        /// `conindid`.
        index: oid = CONINDID;
        /// `conkey`.
        key: list = CONKEY;
        /// What `pg_get_constraintdef` says.
        definition: text = CONDEF;
    }
}

view! {
    /// A system view's definition.
    SystemView of system_views {
        /// The view.
        oid: oid = VIEWID;
        /// Its `_RETURN` rule.
        rule: oid = RULEID;
        /// What `pg_get_viewdef` says.
        definition: text = DEFINITION;
    }
}

/// A system relation by OID.
pub fn relation(oid: u32) -> Option<Relation> {
    by_key!(pg_class, OID, oid).map(Relation)
}

/// All system relations, in OID order.
pub fn relations() -> impl ExactSizeIterator<Item = Relation> + Clone {
    Relation::all()
}

/// A system relation by schema and name.
pub fn relation_by_name(namespace: u32, name: &str) -> Option<Relation> {
    let name = find_text(name)?;
    by_order!(pg_class, BY_NAME, RELNAME == name, RELNAMESPACE == namespace).next().map(Relation)
}

/// The user columns of a system relation, in order.
pub fn attributes(relation: u32) -> impl ExactSizeIterator<Item = Attribute> + Clone {
    use super::generated::pg_attribute::{ATTRELID, ROWS};
    let rows = super::table::equal_range(ROWS, |row| (ATTRELID.get(row) as u32).cmp(&relation));
    (rows.start as u16..rows.end as u16).map(Attribute)
}

/// An index by its OID.
pub fn index(oid: u32) -> Option<Index> {
    by_key!(pg_index, INDEXRELID, oid).map(Index)
}

/// The indexes of a system relation, in OID order.
pub fn indexes_of(relation: u32) -> impl Iterator<Item = Index> {
    by_order!(pg_index, BY_RELATION, INDRELID == relation).map(Index)
}

/// A constraint by OID.
pub fn constraint(oid: u32) -> Option<Constraint> {
    by_key!(pg_constraint, OID, oid).map(Constraint)
}

/// The constraints of a system relation, in OID order.
pub fn constraints_of(relation: u32) -> impl Iterator<Item = Constraint> {
    by_order!(pg_constraint, BY_RELATION, CONRELID == relation).map(Constraint)
}

/// The constraints of a domain, in OID order.
pub fn constraints_of_domain(domain: u32) -> impl Iterator<Item = Constraint> {
    constraints_of(0).filter(move |c| c.domain() == domain)
}

/// The definition of a system view, to be parsed when it is first used.
pub fn system_view(view: u32) -> Option<SystemView> {
    by_key!(system_views, VIEWID, view).map(SystemView)
}

/// The SQL of a system view.
pub fn view_definition(view: u32) -> Option<&'static str> {
    system_view(view).map(SystemView::definition)
}
