//! What key bytes (`vector::key`) can say of values, by their types.

use tusklet_ir::Oid;
use tusklet_vector::key::{KEY_MULTIRANGE, KEY_RANGE};

use crate::builtin::{self, oids};
use crate::live::{Catalog, TypeEntryKind};

/// Built-in types whose values inside containers have key bytes that order as they do.
const PLAIN: [Oid; 26] = [
    oids::BOOL,
    oids::BYTEA,
    oids::CHAR,
    oids::NAME,
    oids::INT8,
    oids::INT2,
    oids::INT4,
    oids::TEXT,
    oids::OID,
    oids::CIDR,
    oids::FLOAT4,
    oids::FLOAT8,
    oids::MONEY,
    oids::INET,
    oids::BPCHAR,
    oids::VARCHAR,
    oids::DATE,
    oids::TIME,
    oids::TIMESTAMP,
    oids::TIMESTAMPTZ,
    oids::INTERVAL,
    oids::TIMETZ,
    oids::BIT,
    oids::VARBIT,
    oids::NUMERIC,
    oids::UUID,
];

impl Catalog {
    /// A type as key functions know it (`vector::key::KeyFn`), when the key bytes of its values inside containers order as
    /// they do.
    pub fn key_shape(&self, ty: Oid) -> Option<u32> {
        let ty = self.base_type(ty);
        if PLAIN.contains(&ty) {
            return Some(ty);
        }
        match self.ty(ty).as_deref().map(|t| &t.kind)? {
            TypeEntryKind::Range { subtype, opclass, .. } => {
                let own = self.default_opclass(oids::AM_BTREE, *subtype).is_some_and(|c| c.oid == *opclass || *opclass == 0);
                let inner = self.key_shape(*subtype).filter(|s| own && s & (KEY_RANGE | KEY_MULTIRANGE) == 0)?;
                Some(inner | KEY_RANGE)
            }
            TypeEntryKind::Multirange(range) => Some(self.key_shape(*range)? & !KEY_RANGE | KEY_MULTIRANGE),
            // A label is its OID; those added between others have later ones.
            TypeEntryKind::Enum(labels) => {
                let ordered = labels.iter().all(|a| labels.iter().all(|b| (a.order < b.order) == (a.oid < b.oid)));
                ordered.then_some(oids::INT8)
            }
            _ => None,
        }
    }

    /// What a key function is told of the contents of a type's values (`vector::key::KeyFn`).
    pub fn key_contents(&self, ty: Oid) -> u32 {
        let ty = self.base_type(ty);
        let element = self.element_type(ty);
        let shape = self.key_shape(if element == 0 { ty } else { element }).unwrap_or(0);
        if element == 0 { shape & !(KEY_RANGE | KEY_MULTIRANGE) } else { shape }
    }

    /// Whether key bytes of a type's values order as a comparison function does. Where they do not, they still tell equal
    /// from different.
    pub fn keys_order(&self, cmp: Oid, ty: Oid) -> bool {
        match builtin::proc(cmp).map_or("", |p| p.src()) {
            "range_cmp" | "multirange_cmp" | "enum_cmp" => self.key_shape(ty).is_some(),
            "btarraycmp" => self.key_shape(self.base_element_type(ty)).is_some(),
            // A field's type is the built-in one it says.
            "btrecordcmp" => {
                let columns = self.relation(self.type_relation(self.base_type(ty)));
                columns.is_some_and(|r| r.columns.iter().all(|c| c.dropped || PLAIN.contains(&c.ty.oid)))
            }
            "btrecordimagecmp" | "tsvector_cmp" | "tsquery_cmp" => false,
            _ => true,
        }
    }
}
