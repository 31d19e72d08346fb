//! Addresses of objects by kind, and the names of relations and functions in messages (`objectaddress.c`).

use tusklet_error::filled;
use tusklet_catalog::live::{Catalog, ObjectAddress, ObjectClass, RelKind, Relation, TypeEntryKind};
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_ir::Oid;

/// Addresses of whole objects by kind.
pub struct Objects;

#[allow(missing_docs)]
impl Objects {
    pub fn relation(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Relation, oid)
    }
    pub fn ty(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Type, oid)
    }
    pub fn proc(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Proc, oid)
    }
    pub fn schema(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Schema, oid)
    }
    pub fn constraint(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Constraint, oid)
    }
    /// A column's default: it has no OID of its own, so its address is the column's with another class.
    pub fn default(rel: Oid, attno: i16) -> ObjectAddress {
        ObjectAddress { class: ObjectClass::Default, oid: rel, sub: attno as i32 }
    }
}

/// What a kind of relation is called.
pub fn relation_word(kind: RelKind) -> &'static str {
    match kind {
        RelKind::Table | RelKind::Partitioned => "table",
        RelKind::Index | RelKind::PartitionedIndex => "index",
        RelKind::Sequence => "sequence",
        RelKind::View => "view",
        RelKind::MatView => "materialized view",
        RelKind::Composite => "composite type",
        RelKind::Foreign => "foreign table",
        RelKind::Toast => "toast table",
    }
}

/// A name with its schema, or alone where that is visible (`quote_qualified_identifier`).
pub fn qualified(c: &Catalog, visible: bool, schema: Oid, name: &str) -> String {
    let name = quote_identifier(name);
    if visible { name } else { filled!("{}.{}"; quote_identifier(&c.schema_name(schema).unwrap_or_default()), name) }
}

/// The name as one must write it to mean this relation.
pub fn relation_name(c: &Catalog, path: &SearchPath, r: &Relation) -> String {
    qualified(c, c.relation_is_visible(path, r.oid), r.schema, &r.name)
}

/// A function with its input arguments, its number when it is gone.
pub fn proc_signature(c: &Catalog, path: &SearchPath, oid: Oid) -> String {
    crate::system::format_procedure(c, path, oid).unwrap_or_else(|| oid.to_string())
}

/// The relation a constraint is on, and its name.
pub fn constraint_owner(c: &Catalog, oid: Oid) -> Option<(Oid, String)> {
    // Its table is what it depends on.
    for d in c.depends_on(Objects::constraint(oid)) {
        if d.referenced.class == ObjectClass::Relation {
            if let Some(r) = c.user_relation(d.referenced.oid) {
                if let Some(k) = r.constraints.iter().find(|k| k.oid == oid) {
                    return Some((r.oid, k.name.clone()));
                }
            }
        }
    }
    c.user_relations().find_map(|r| r.constraints.iter().find(|k| k.oid == oid).map(|k| (r.oid, k.name.clone())))
}

/// The domain a constraint is on, and its name.
pub fn domain_constraint_owner(c: &Catalog, oid: Oid) -> Option<(Oid, String)> {
    c.user_types().find_map(|t| match &t.kind {
        TypeEntryKind::Domain { checks, .. } => {
            checks.iter().find(|k| k.oid == oid).map(|k| (t.oid, k.name.clone()))
        }
        _ => None,
    })
}
