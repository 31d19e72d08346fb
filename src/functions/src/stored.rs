//! Values inside containers: how stored bytes of the built-in types order, without asking the session.

use std::cell::RefCell;
use std::cmp::Ordering;

use tusklet_adt::float::{cmp_float4, cmp_float8};
use tusklet_adt::numeric_small;
use tusklet_error::{Error, Result};
use tusklet_vector::key::{KEY_MULTIRANGE, KEY_RANGE, KeyFn, KeyOrder};
use tusklet_vector::{CallContext, Datum, Phys};

use crate::oids;

/// An order of stored bytes.
pub(crate) type Order = fn(&[u8], &[u8]) -> Ordering;

fn ints(phys: Phys, a: &[u8], b: &[u8]) -> Ordering {
    Datum::load(phys, a).int().cmp(&Datum::load(phys, b).int())
}

fn trimmed(mut b: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = b {
        b = rest;
    }
    b
}

/// The order of a common type's stored values.
fn native(ty: u32) -> Option<Order> {
    Some(match ty {
        oids::BOOL | oids::TEXT | oids::VARCHAR | oids::NAME | oids::BYTEA | oids::UUID | oids::CSTRING => {
            |a, b| a.cmp(b)
        }
        oids::BPCHAR => |a, b| trimmed(a).cmp(trimmed(b)),
        oids::INT2 | oids::CHAR => |a, b| ints(Phys::I16, a, b),
        oids::INT4 | oids::DATE => |a, b| ints(Phys::I32, a, b),
        oids::INT8 | oids::TIMESTAMP | oids::TIMESTAMPTZ | oids::TIME | oids::MONEY | oids::OID => {
            |a, b| ints(Phys::I64, a, b)
        }
        oids::FLOAT4 => |a, b| cmp_float4(Datum::load(Phys::F32, a).f32(), Datum::load(Phys::F32, b).f32()),
        oids::FLOAT8 => |a, b| cmp_float8(Datum::load(Phys::F64, a).f64(), Datum::load(Phys::F64, b).f64()),
        oids::NUMERIC => numeric_small::cmp,
        _ => return None,
    })
}

/// Runs `f` with the order of a type's stored values: the built-in one, or the session's `compare`. What `compare` raises
/// is raised when `f` is done.
pub(crate) fn with_order<R>(
    cx: &mut dyn CallContext,
    ty: u32,
    collation: u32,
    f: impl FnOnce(Compare<'_>) -> R,
) -> Result<R> {
    once(cx, ty, collation, false, f)
}

/// The same for who asks only whether values are equal.
pub(crate) fn with_equality<R>(
    cx: &mut dyn CallContext,
    ty: u32,
    collation: u32,
    f: impl FnOnce(Compare<'_>) -> R,
) -> Result<R> {
    once(cx, ty, collation, true, f)
}

fn once<R>(
    cx: &mut dyn CallContext,
    ty: u32,
    collation: u32,
    equality: bool,
    f: impl FnOnce(Compare<'_>) -> R,
) -> Result<R> {
    let (mut f, mut r) = (Some(f), None);
    ordered(cx, ty, collation, equality, &mut |order| r = f.take().map(|f| f(order)))?;
    r.ok_or_else(|| Error::internal("no order"))
}

type Compare<'a> = &'a dyn Fn(&[u8], &[u8]) -> Ordering;

/// [`once`], whatever it gives: it has many callers.
fn ordered(cx: &mut dyn CallContext, ty: u32, collation: u32, equality: bool, f: &mut dyn FnMut(Compare<'_>)) -> Result<()> {
    if let Some(order) = native(ty) {
        f(&order);
        return Ok(());
    }
    cx.comparable(ty, equality)?;
    let phys = cx.type_desc(ty)?.phys;
    let cx = RefCell::new(cx);
    let failed = RefCell::new(None);
    f(&|a, b| {
        if failed.borrow().is_some() {
            return Ordering::Equal;
        }
        match cx.borrow_mut().compare(ty, collation, Datum::load(phys, a), Datum::load(phys, b)) {
            Ok(o) => o,
            Err(e) => {
                *failed.borrow_mut() = Some(e);
                Ordering::Equal
            }
        }
    });
    match failed.into_inner() {
        Some(e) => Err(e),
        None => Ok(()),
    }
}

/// How a type's values lie and order, for keys of containers; a type as [`KeyFn`] has it. One this does not know (made by a
/// user) counts as byte strings: values inside containers then group rightly but may sort otherwise
/// (`Catalog::keys_order`).
pub(crate) fn key_of(ty: u32) -> (Phys, KeyOrder) {
    let over = |f: KeyFn, inner: u32| (Phys::Bytes, KeyOrder::Custom(f, inner));
    let custom = |f: KeyFn| over(f, 0);
    if ty & KEY_RANGE != 0 {
        return over(crate::keys::range, ty & !KEY_RANGE);
    }
    if ty & KEY_MULTIRANGE != 0 {
        return over(crate::keys::multirange, ty & !KEY_MULTIRANGE);
    }
    let phys = match ty {
        oids::BOOL => Phys::Bool,
        oids::INT2 | oids::CHAR => Phys::I16,
        oids::INT4 | oids::DATE => Phys::I32,
        oids::INT8
        | oids::TIMESTAMP
        | oids::TIMESTAMPTZ
        | oids::TIME
        | oids::MONEY
        | oids::OID
        | oids::TID
        | oids::XID
        | oids::CID => Phys::I64,
        oids::FLOAT4 => Phys::F32,
        oids::FLOAT8 => Phys::F64,
        oids::UUID => Phys::Fixed16,
        oids::INTERVAL => return (Phys::Fixed16, KeyOrder::Custom(crate::keys::interval, 0)),
        oids::TIMETZ => return (Phys::Fixed16, KeyOrder::Custom(crate::keys::timetz, 0)),
        oids::BPCHAR => return custom(crate::keys::bpchar),
        oids::NUMERIC => return custom(crate::keys::numeric),
        oids::JSONB => return custom(crate::keys::jsonb),
        oids::INET | oids::CIDR => return custom(crate::keys::network),
        oids::BIT | oids::VARBIT => return custom(crate::keys::bits),
        oids::RECORD => return custom(crate::keys::record),
        oids::NUMRANGE => return over(crate::keys::range, oids::NUMERIC),
        oids::NUMMULTIRANGE => return over(crate::keys::multirange, oids::NUMERIC),
        oids::TSVECTOR => return custom(crate::keys::tsvector),
        oids::TSQUERY => return custom(crate::keys::tsquery),
        _ => Phys::Bytes,
    };
    (phys, KeyOrder::Native)
}

/// How values of a type lie, without asking for the built-in ones.
pub(crate) fn phys_of(cx: &mut dyn CallContext, ty: u32) -> Result<Phys> {
    match ty {
        oids::TEXT | oids::VARCHAR => Ok(Phys::Bytes),
        _ => match key_of(ty) {
            (Phys::Bytes, _) => Ok(cx.type_desc(ty)?.phys),
            (phys, _) => Ok(phys),
        },
    }
}
