//! TOAST tables. Storage keeps long values itself, so nothing is in them; but tools look for them, and for their sizes. Each is
//! made from its table when it is asked for: its OID is the table's with the highest bit, its index's with the next one, too.

use std::rc::Rc;

use super::convert;
use crate::builtin::{self, oids};
use crate::live::{Catalog, Column, FIRST_USER_OID, RelKind, Relation};
use tusklet_ir::Oid;

const TABLE: Oid = 1 << 31;
const INDEX: Oid = 1 << 30;
/// What a row may have before its long values move (`TOAST_TUPLE_THRESHOLD`).
pub const TOAST_TUPLE_TARGET: u32 = 2032;

/// The table that a TOAST table belongs to.
pub fn toasted(toast: Oid) -> Oid {
    toast & !(TABLE | INDEX)
}

/// How a column's values are stored: its own letter, or its type's (`attstorage`).
pub fn storage_letter(c: &Catalog, column: &Column) -> u8 {
    match column.storage {
        0 => c.ty(column.ty.oid).map_or(b'p', |t| t.storage),
        s => s,
    }
}

/// The most bytes a value takes, if that is known (`type_maximum_size`).
fn most_bytes(ty: Oid, typmod: i32) -> Option<i32> {
    match ty {
        _ if typmod < 0 => None,
        oids::BPCHAR | oids::VARCHAR => Some((typmod - 4) * 4 + 4),
        oids::BIT | oids::VARBIT => Some((typmod + 7) / 8 + 8),
        // Groups of four digits, two bytes each, one more for each side of the point.
        oids::NUMERIC => Some(((typmod - 4) >> 16 & 0xffff) / 2 + 14),
        _ => None,
    }
}

impl Catalog {
    /// The TOAST table of a table, 0 if it needs none (`needs_toast_table`).
    pub fn toast_table(&self, r: &Relation) -> Oid {
        if !matches!(r.kind, RelKind::Table | RelKind::MatView) || r.system {
            return 0;
        }
        let (mut long, mut size) = (false, 24 + r.columns.len() as i32 / 8);
        for c in r.columns.iter().filter(|c| !c.dropped) {
            let Some(t) = self.ty(c.ty.oid) else { continue };
            if t.len > 0 {
                size += i32::from(t.len);
                continue;
            }
            let movable = storage_letter(self, c) != b'p';
            long |= movable;
            match most_bytes(c.ty.oid, c.ty.typmod) {
                Some(n) => size = size.saturating_add(n),
                // PostgreSQL looks at the other columns no more.
                None if movable => return TABLE | r.oid,
                None => size = i32::MAX,
            }
        }
        if long && size > TOAST_TUPLE_TARGET as i32 { TABLE | r.oid } else { 0 }
    }

    /// A TOAST table or its index.
    pub(super) fn toast_relation(&self, oid: Oid) -> Option<Rc<Relation>> {
        let table = self.user_relation(toasted(oid))?;
        let toast = self.toast_table(table);
        if toast == 0 || oid & TABLE == 0 {
            return None;
        }
        // Large objects are cut into pieces likewise: numbered parts of something with an OID.
        let index = oid & INDEX != 0;
        let like = if index { "pg_largeobject_loid_pn_index" } else { "pg_largeobject" };
        let like = builtin::relations().find(|r| r.name() == like)?;
        let mut t = (*convert::relation(like.oid())?).clone();
        t.oid = oid;
        t.name = format!("pg_toast_{}{}", table.oid, if index { "_index" } else { "" });
        t.schema = oids::NAMESPACE_PG_TOAST;
        t.owner = table.owner;
        t.persistence = table.persistence;
        t.row_type = 0;
        t.constraints.clear();
        for (c, name) in t.columns.iter_mut().zip(["chunk_id", "chunk_seq", "chunk_data"]) {
            c.name = name.into();
            c.not_null = false;
            c.storage = b'p';
        }
        match &mut t.index {
            Some(i) => i.table = toast,
            None => {
                t.kind = RelKind::Toast;
                t.indexes = vec![toast | INDEX];
                t.replica_identity = b'n';
            }
        }
        Some(Rc::new(t))
    }

    /// The user's relations and the TOAST tables that are theirs.
    pub(crate) fn all_relations(&self) -> Vec<Rc<Relation>> {
        let mut all: Vec<Rc<Relation>> = self.user_relations().filter(|r| r.oid >= FIRST_USER_OID).cloned().collect();
        for i in 0..all.len() {
            let toast = self.toast_table(&all[i]);
            if toast != 0 {
                all.extend(self.toast_relation(toast));
                all.extend(self.toast_relation(toast | INDEX));
            }
        }
        all
    }
}
