//! Ranges over any subtype. The range type comes from the call site: a stored range does not say what it is of.

use std::cmp::Ordering;

use tusklet_adt::date::date_pli;
use tusklet_adt::int::{int4, int8};
use tusklet_adt::numeric::Numeric;
use tusklet_adt::range::{self as adt, Range, Subtype};
use tusklet_error::{Error, Result, bail, filled};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, Phys, TypeKind, TypeRef};

use crate::array::stored;
use crate::bind::{Entry, too_few};
use crate::io::Wire;
use crate::oids;
use crate::stored::{phys_of, with_order};

/// The subtype of a range type, below any domains.
fn subtype(cx: &mut dyn CallContext, ty: u32) -> Result<u32> {
    let desc = cx.type_desc(ty)?;
    match &desc.kind {
        TypeKind::Range(s) => Ok(*s),
        TypeKind::Multirange(range) => subtype(cx, *range),
        TypeKind::Domain(base) => subtype(cx, base.oid),
        _ => Err(Error::internal(format!("type {ty} is not a range type"))),
    }
}

/// The subtype of the first range or multirange among the argument types, or of the result.
pub(crate) fn site_subtype(c: &mut Call<'_>) -> Result<u32> {
    for t in c.site.args.iter().chain([&c.site.result]) {
        if let Ok(s) = subtype(&mut *c.cx, t.oid) {
            return Ok(s);
        }
    }
    bail!(DATATYPE_MISMATCH, "no range type at this call")
}

/// The next value of the built-in discrete subtypes.
fn next(ty: u32) -> Option<fn(&[u8]) -> Result<Vec<u8>>> {
    match ty {
        oids::INT4 => Some(|b| Ok(int4::add(Datum::load(Phys::I32, b).i32(), 1)?.to_le_bytes().to_vec())),
        oids::INT8 => Some(|b| Ok(int8::add(Datum::load(Phys::I64, b).i64(), 1)?.to_le_bytes().to_vec())),
        oids::DATE => Some(|b| Ok(date_pli(Datum::load(Phys::I32, b).i32(), 1)?.to_le_bytes().to_vec())),
        _ => None,
    }
}

/// Runs `f` with what ranges need of the subtype.
pub(crate) fn with<R>(c: &mut Call<'_>, ty: u32, f: impl FnOnce(&Subtype<'_>) -> R) -> Result<R> {
    let collation = c.site.collation;
    let step = next(ty);
    with_order(&mut *c.cx, ty, collation, |cmp| {
        let next: Option<&dyn Fn(&[u8]) -> Result<Vec<u8>>> =
            step.as_ref().map(|f| f as &dyn Fn(&[u8]) -> Result<Vec<u8>>);
        f(&Subtype { cmp, next })
    })
}

fn test(
    c: &mut Call<'_>,
    a: &[u8],
    b: &[u8],
    f: impl FnOnce(&Range<'_>, &Range<'_>, &Subtype<'_>) -> bool,
) -> Result<bool> {
    let ty = site_subtype(c)?;
    with(c, ty, |t| f(&Range::decode(a), &Range::decode(b), t))
}

fn make(
    c: &mut Call<'_>,
    a: &[u8],
    b: &[u8],
    f: impl FnOnce(&Range<'_>, &Range<'_>, &Subtype<'_>) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let ty = site_subtype(c)?;
    with(c, ty, |t| f(&Range::decode(a), &Range::decode(b), t))?
}

/// A transition function called by a user; the aggregate has its own.
pub(crate) fn outside(name: &str) -> Result<&'static [u8]> {
    Err(Error::internal(filled!("{} called in non-aggregate context"; name)))
}

fn compare(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let ty = site_subtype(c)?;
    with(c, ty, |t| Range::decode(a).cmp(&Range::decode(b), t))
}

fn contains(c: &mut Call<'_>, a: &[u8], x: Datum<'_>) -> Result<bool> {
    let ty = site_subtype(c)?;
    let x = stored(x).unwrap_or_default();
    with(c, ty, |t| Range::decode(a).contains_value(&x, t))
}

fn construct(c: &mut Call<'_>, lower: Datum<'_>, upper: Datum<'_>, flags: &str) -> Result<Vec<u8>> {
    let (l, u) = adt::parse_flags(flags)?;
    let result = c.site.result.oid;
    let ty = subtype(&mut *c.cx, result)?;
    let (lower, upper) = (stored(lower), stored(upper));
    with(c, ty, |t| adt::make(lower.as_deref(), upper.as_deref(), l, u, t))?
}

/// Reads a range literal of a range type.
pub(crate) fn read_range(c: &mut Call<'_>, text: &str, range: u32, typmod: i32) -> Result<Vec<u8>> {
    let ty = subtype(&mut *c.cx, range)?;
    // The bounds are read first: reading and comparing both need the session.
    let nothing = |_: &[u8], _: &[u8]| Ordering::Less;
    let cx = &mut *c.cx;
    let bounds = adt::parse(
        text,
        &mut |s| Ok(stored(cx.input(TypeRef { oid: ty, typmod }, s)?.as_datum()).unwrap_or_default()),
        &Subtype { cmp: &nothing, next: None },
    )?;
    let r = Range::decode(&bounds);
    if r.empty {
        return Ok(bounds);
    }
    let (lower_inc, upper_inc) = (r.lower.inclusive, r.upper.inclusive);
    let (lower, upper) = (r.lower.value, r.upper.value);
    with(c, ty, |t| adt::make(lower, upper, lower_inc, upper_inc, t))?
}

fn range_out(c: &mut Call<'_>, b: &[u8]) -> Result<String> {
    let ty = site_subtype(c)?;
    let phys = phys_of(&mut *c.cx, ty)?;
    let cx = &mut *c.cx;
    let mut out = String::new();
    Range::decode(b).write(&mut |b, s| cx.output(ty, Datum::load(phys, b), s), &mut out)?;
    Ok(out)
}

/// `range_send`: the flags, then every bound there is with its length.
pub(crate) fn send(c: &mut Call<'_>, ty: u32, b: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let phys = phys_of(&mut *c.cx, ty)?;
    out.push(b.first().copied().unwrap_or(1));
    let r = Range::decode(b);
    for v in [r.lower.value, r.upper.value].into_iter().flatten() {
        let mut wire = vec![];
        c.cx.send(ty, Datum::load(phys, v), &mut wire)?;
        out.extend_from_slice(&(wire.len() as u32).to_be_bytes());
        out.extend_from_slice(&wire);
    }
    Ok(())
}

/// `range_recv`.
pub(crate) fn recv(c: &mut Call<'_>, b: &[u8], range: u32, typmod: i32) -> Result<Vec<u8>> {
    let ty = subtype(&mut *c.cx, range)?;
    let mut wire = Wire(b);
    let flags = wire.take(1)?.first().copied().unwrap_or(1) & 31;
    let mut bounds = [None, None];
    for (v, infinite) in bounds.iter_mut().zip([8, 16]) {
        // 1 is the empty range.
        if flags & (1 | infinite) == 0 {
            let n = wire.int()?;
            let value = c.cx.recv(TypeRef { oid: ty, typmod }, wire.take(n as usize)?)?;
            *v = stored(value.as_datum());
        }
    }
    wire.end()?;
    if flags & 1 != 0 {
        return Ok(adt::empty());
    }
    let [lower, upper] = bounds;
    with(c, ty, |t| adt::make(lower.as_deref(), upper.as_deref(), flags & 2 != 0, flags & 4 != 0, t))?
}

/// A discrete range as `[lower, upper)`. Stored ranges already are.
const CANONICAL: Kernel = f!(a: &[u8] => a);
const INT_DIFF: Kernel = f!(a: Datum, b: Datum => a.int() as f64 - b.int() as f64);
const TIME_DIFF: Kernel = f!(a: i64, b: i64 => (a as f64 - b as f64) / 1e6);

fn bound(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, upper: bool) -> Result<()> {
    let &[a, ..] = args else { return Err(too_few()) };
    let r = Range::decode(a.bytes());
    let b = if upper { r.upper } else { r.lower };
    if let Some(v) = b.value.filter(|_| !r.empty) {
        let ty = site_subtype(c)?;
        out.set(Datum::load(phys_of(&mut *c.cx, ty)?, v));
    }
    Ok(())
}

macro_rules! tests {
    (|$a:ident, $b:ident, $t:ident| $e:expr) => {
        f!(c; x: &[u8], y: &[u8] => test(c, x, y, |$a, $b, $t| $e)?)
    };
}

macro_rules! ordered {
    ($test:ident) => {
        f!(c; a: &[u8], b: &[u8] => compare(c, a, b)?.$test())
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("range_in", f!(c; a: &str, ty: i64, typmod: i32 => read_range(c, a, ty as u32, typmod)?)),
    ("range_out", f!(c; a: &[u8] => range_out(c, a)?)),
    ("anyrange_out", f!(c; a: &[u8] => range_out(c, a)?)),
    ("anycompatiblerange_out", f!(c; a: &[u8] => range_out(c, a)?)),
    ("range_send", f!(c; a: &[u8] => {
        let ty = site_subtype(c)?;
        let mut out = vec![];
        send(c, ty, a, &mut out)?;
        out
    })),
    ("range_recv", f!(c; a: &[u8], ty: i64, typmod: i32 => recv(c, a, ty as u32, typmod)?)),
    ("int4range_canonical", CANONICAL),
    ("int8range_canonical", CANONICAL),
    ("daterange_canonical", CANONICAL),
    ("int4range_subdiff", INT_DIFF),
    ("int8range_subdiff", INT_DIFF),
    ("daterange_subdiff", INT_DIFF),
    ("numrange_subdiff", f!(a: Numeric, b: Numeric => a.sub(&b)?.to_f64()?)),
    ("tsrange_subdiff", TIME_DIFF),
    ("tstzrange_subdiff", TIME_DIFF),
    ("range_constructor2", f!(c; a: Datum, b: Datum => construct(c, a, b, "[)")?)),
    (
        "range_constructor3",
        f!(c; a: Datum, b: Datum, flags: Option<&str> => match flags {
            Some(flags) => construct(c, a, b, flags)?,
            None => bail!(DATA_EXCEPTION, "range constructor flags argument must not be null"),
        }),
    ),
    ("range_lower", tusklet_vector::Kernel::Scalar(|c, args, out| bound(c, args, out, false))),
    ("range_upper", tusklet_vector::Kernel::Scalar(|c, args, out| bound(c, args, out, true))),
    ("range_empty", f!(a: &[u8] => Range::decode(a).empty)),
    ("range_lower_inc", f!(a: &[u8] => { let r = Range::decode(a); !r.empty && r.lower.inclusive })),
    ("range_upper_inc", f!(a: &[u8] => { let r = Range::decode(a); !r.empty && r.upper.inclusive })),
    ("range_lower_inf", f!(a: &[u8] => { let r = Range::decode(a); !r.empty && r.lower.value.is_none() })),
    ("range_upper_inf", f!(a: &[u8] => { let r = Range::decode(a); !r.empty && r.upper.value.is_none() })),
    ("range_eq", ordered!(is_eq)),
    ("range_ne", ordered!(is_ne)),
    ("range_lt", ordered!(is_lt)),
    ("range_le", ordered!(is_le)),
    ("range_gt", ordered!(is_gt)),
    ("range_ge", ordered!(is_ge)),
    ("range_cmp", f!(c; a: &[u8], b: &[u8] => compare(c, a, b)? as i32)),
    ("range_contains", tests!(|a, b, t| a.contains(b, t))),
    ("range_contained_by", tests!(|a, b, t| b.contains(a, t))),
    ("range_contains_elem", f!(c; a: &[u8], x: Datum => contains(c, a, x)?)),
    ("elem_contained_by_range", f!(c; x: Datum, a: &[u8] => contains(c, a, x)?)),
    ("range_overlaps", tests!(|a, b, t| a.overlaps(b, t))),
    ("range_before", tests!(|a, b, t| a.before(b, t))),
    ("range_after", tests!(|a, b, t| b.before(a, t))),
    ("range_overleft", tests!(|a, b, t| a.over_left(b, t))),
    ("range_overright", tests!(|a, b, t| a.over_right(b, t))),
    (
        "range_adjacent",
        f!(c; a: &[u8], b: &[u8] => {
            let ty = site_subtype(c)?;
            with(c, ty, |t| Range::decode(a).adjacent(&Range::decode(b), t))??
        }),
    ),
    ("range_intersect", f!(c; a: &[u8], b: &[u8] => make(c, a, b, |a, b, t| a.intersect(b, t))?)),
    (
        "range_intersect_agg_transfn",
        f!(_a: &[u8], _b: &[u8] => outside("range_intersect_agg_transfn")?),
    ),
    ("range_merge", f!(c; a: &[u8], b: &[u8] => make(c, a, b, |a, b, t| a.merge(b, t))?)),
    ("range_union", f!(c; a: &[u8], b: &[u8] => make(c, a, b, |a, b, t| a.union(b, t))?)),
    ("range_minus", f!(c; a: &[u8], b: &[u8] => make(c, a, b, |a, b, t| a.minus(b, t))?)),
]];
