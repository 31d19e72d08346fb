//! Enum types: a value is its label's OID, its order is the catalog's.

use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_adt::array::ArrayBuilder;
use tusklet_error::{Result, bail, err};
use tusklet_vector::{Call, CallContext, TypeDesc, TypeKind};

use crate::bind::Entry;

/// The enum type itself, below any domains.
fn enum_type(cx: &mut dyn CallContext, ty: u32) -> Result<Rc<TypeDesc>> {
    let desc = cx.type_desc(ty)?;
    match &desc.kind {
        TypeKind::Domain(base) => enum_type(cx, base.oid),
        _ => Ok(desc),
    }
}

fn labels(desc: &TypeDesc) -> &[(u32, f32, String)] {
    match &desc.kind {
        TypeKind::Enum(l) => l,
        _ => &[],
    }
}

fn site_type(c: &mut Call<'_>) -> Result<Rc<TypeDesc>> {
    let ty = c.site.args.first().map_or(c.site.result.oid, |t| t.oid);
    let desc = enum_type(&mut *c.cx, ty)?;
    if labels(&desc).is_empty() && !matches!(desc.kind, TypeKind::Enum(_)) {
        bail!(FEATURE_NOT_SUPPORTED, "could not determine actual enum type");
    }
    Ok(desc)
}

/// A label as a value; one that an open transaction added must not get anywhere (`check_safe_enum_use`).
fn usable(c: &mut Call<'_>, desc: &TypeDesc, l: &(u32, f32, String)) -> Result<i64> {
    if c.cx.label_is_new(desc.oid, l.0) {
        return Err(err!(UNSAFE_NEW_ENUM_VALUE_USAGE, "unsafe use of new value \"{}\" of enum type {}"; l.2, desc.name)
        .hint("New enum values must be committed before they can be used."));
    }
    Ok(l.0 as i64)
}

fn parse(c: &mut Call<'_>, s: &str, ty: u32) -> Result<i64> {
    let desc = enum_type(&mut *c.cx, ty)?;
    match labels(&desc).iter().find(|l| l.2 == s) {
        Some(l) => usable(c, &desc, l),
        None => {
            let name = crate::record::type_name(c, ty)?;
            bail!(INVALID_TEXT_REPRESENTATION, "invalid input value for enum {}: \"{}\""; name, s)
        }
    }
}

fn show(c: &mut Call<'_>, v: i64) -> Result<String> {
    let desc = site_type(c)?;
    match labels(&desc).iter().find(|l| l.0 as i64 == v) {
        Some(l) => Ok(l.2.clone()),
        None => bail!(INVALID_BINARY_REPRESENTATION, "invalid internal value for enum: {v}"),
    }
}

fn compare(c: &mut Call<'_>, a: i64, b: i64) -> Result<Ordering> {
    if a == b {
        return Ok(Ordering::Equal);
    }
    let desc = site_type(c)?;
    let at = |v: i64| labels(&desc).iter().position(|l| l.0 as i64 == v);
    Ok(at(a).cmp(&at(b)))
}

fn range(c: &mut Call<'_>, from: Option<i64>, to: Option<i64>) -> Result<Vec<u8>> {
    let desc = site_type(c)?;
    let mut b = ArrayBuilder::new(desc.oid);
    let mut inside = from.is_none();
    for l in labels(&desc) {
        let v = l.0 as i64;
        inside |= Some(v) == from;
        if inside {
            usable(c, &desc, l)?;
            b.push(Some(&v.to_le_bytes()));
        }
        if Some(v) == to {
            break;
        }
    }
    b.finish_1d()
}

fn end(c: &mut Call<'_>, last: bool) -> Result<i64> {
    let desc = site_type(c)?;
    let l = labels(&desc);
    match if last { l.last() } else { l.first() } {
        Some(l) => usable(c, &desc, l),
        None => bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "enum {} contains no values"; desc.name),
    }
}

macro_rules! ordered {
    ($test:ident) => {
        f!(c; a: i64, b: i64 => compare(c, a, b)?.$test())
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("enum_in", f!(c; s: &str, ty: i64 => parse(c, s, ty as u32)?)),
    ("enum_out", f!(c; v: i64 => show(c, v)?)),
    ("enum_recv", f!(c; b: &[u8], ty: i64 => { let s = crate::io::received(c, b)?; parse(c, &s, ty as u32)? })),
    ("anyenum_out", f!(c; v: i64 => show(c, v)?)),
    ("enum_send", f!(c; v: i64 => { let s = show(c, v)?; crate::io::sent(c, s.as_bytes())?.into_owned() })),
    ("enum_eq", f!(a: i64, b: i64 => a == b)),
    ("enum_ne", f!(a: i64, b: i64 => a != b)),
    ("enum_lt", ordered!(is_lt)),
    ("enum_le", ordered!(is_le)),
    ("enum_gt", ordered!(is_gt)),
    ("enum_ge", ordered!(is_ge)),
    ("enum_cmp", f!(c; a: i64, b: i64 => compare(c, a, b)? as i32)),
    ("enum_larger", f!(c; a: i64, b: i64 => if compare(c, a, b)?.is_gt() { a } else { b })),
    ("enum_smaller", f!(c; a: i64, b: i64 => if compare(c, a, b)?.is_lt() { a } else { b })),
    ("enum_first", f!(c; => end(c, false)?)),
    ("enum_last", f!(c; => end(c, true)?)),
    ("enum_range_all", f!(c; => range(c, None, None)?)),
    ("enum_range_bounds", f!(c; from: Option<i64>, to: Option<i64> => range(c, from, to)?)),
]];
