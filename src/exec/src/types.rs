//! How SQL types lie in columns: the one table from type to [`Phys`].

use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, TypeEntryKind};
use tusklet_ir::Oid;
use tusklet_vector::Phys;

pub(crate) const BOOL: Oid = 16;
pub(crate) const INT4: Oid = 23;
pub(crate) const TEXT: Oid = 25;
pub(crate) const RECORD: Oid = 2249;

/// The physical type of a built-in type; `None` for what is not built in.
fn builtin_phys(oid: Oid) -> Option<Phys> {
    Some(match oid {
        16 => Phys::Bool,
        // int2, "char"
        21 | 18 => Phys::I16,
        // int4, date
        23 | 1082 => Phys::I32,
        // int8, oid, tid, xid, cid, money, time, timestamp, timestamptz, pg_lsn, xid8
        20 | 26 | 27 | 28 | 29 | 790 | 1083 | 1114 | 1184 | 3220 | 5069 => Phys::I64,
        // regproc, regprocedure, regoper, regoperator, regclass, regtype, regconfig, regdictionary, regnamespace,
        // regrole, regcollation; anyenum
        24 | 2202 | 2203 | 2204 | 2205 | 2206 | 3734 | 3769 | 4089 | 4096 | 4191 | 3500 => Phys::I64,
        700 => Phys::F32,
        701 => Phys::F64,
        // uuid, interval, timetz, point
        2950 | 1186 | 1266 | 600 => Phys::Fixed16,
        oid if oid < builtin::FIRST_NORMAL_OBJECT_ID => match builtin::ty(oid) {
            Some(t) if t.kind() == b'd' => return builtin_phys(t.basetype()),
            _ => Phys::Bytes,
        },
        _ => return None,
    })
}

/// The physical type of any type. Unknown types lie as bytes.
pub fn phys(catalog: &Catalog, oid: Oid) -> Phys {
    let mut oid = oid;
    // Domains over domains: the depth is bounded by how they were made, the limit guards against a corrupted catalog.
    for _ in 0..64 {
        if let Some(p) = builtin_phys(oid) {
            return p;
        }
        match catalog.user_type(oid).map(|t| &t.kind) {
            Some(TypeEntryKind::Domain { base, .. }) => oid = base.oid,
            Some(TypeEntryKind::Enum(_)) => return Phys::I64,
            Some(TypeEntryKind::Base { like, .. }) => return builtin_phys(*like).unwrap_or(Phys::Bytes),
            _ => return Phys::Bytes,
        }
    }
    Phys::Bytes
}

/// The type under any domains.
pub fn base_type(catalog: &Catalog, oid: Oid) -> Oid {
    let mut oid = oid;
    for _ in 0..64 {
        if oid < builtin::FIRST_NORMAL_OBJECT_ID {
            match builtin::ty(oid) {
                Some(t) if t.kind() == b'd' => oid = t.basetype(),
                _ => return oid,
            }
        } else {
            match catalog.user_type(oid).map(|t| &t.kind) {
                Some(TypeEntryKind::Domain { base, .. }) => oid = base.oid,
                _ => return oid,
            }
        }
    }
    oid
}
