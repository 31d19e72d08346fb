//! Multiranges. An argument that is a range counts as the multirange of it, so one kernel serves all three mixtures.

use std::cmp::Ordering;

use tusklet_adt::array::Array;
use tusklet_adt::multirange::{self as adt, Multirange, parts};
use tusklet_adt::range::Subtype;
use tusklet_error::{Result, bail};
use tusklet_vector::{
    Accumulator, AggSpec, Call, CallContext, Datum, Kernel, Out, RowSource, Sel, TypeKind, Vector,
};

use crate::array::stored;
use crate::bind::{Entry, too_few};
use crate::range::{read_range, site_subtype, with};
use crate::stored::phys_of;

/// Whether a type is a range type, below any domains.
fn is_range(cx: &mut dyn CallContext, ty: u32) -> Result<bool> {
    Ok(match &cx.type_desc(ty)?.kind {
        TypeKind::Range(_) => true,
        TypeKind::Domain(base) => is_range(cx, base.oid)?,
        _ => false,
    })
}

fn with_two<R>(
    c: &mut Call<'_>,
    a: &[u8],
    b: &[u8],
    f: impl FnOnce(&Multirange<'_>, &Multirange<'_>, &Subtype<'_>) -> R,
) -> Result<R> {
    let mut read = |i: usize, b| -> Result<Multirange<'_>> {
        let ty = c.site.args.get(i).map_or(0, |t| t.oid);
        Ok(if is_range(&mut *c.cx, ty)? { Multirange::of_range(b) } else { Multirange::decode(b) })
    };
    let (a, b) = (read(0, a)?, read(1, b)?);
    let ty = site_subtype(c)?;
    // The lifetimes of both sides become one here.
    with(c, ty, |t| f(&a, &b, t))
}

fn compare(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<Ordering> {
    with_two(c, a, b, |a, b, t| a.cmp(b, t))
}

fn contains(c: &mut Call<'_>, a: &[u8], x: Datum<'_>) -> Result<bool> {
    let ty = site_subtype(c)?;
    let x = stored(x).unwrap_or_default();
    with(c, ty, |t| Multirange::decode(a).contains_value(&x, t))
}

fn collect(c: &mut Call<'_>, ranges: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    let ty = site_subtype(c)?;
    with(c, ty, |t| adt::collect(ranges, t))?
}

fn of_array(c: &mut Call<'_>, b: &[u8]) -> Result<Vec<u8>> {
    let a = Array::decode(b)?;
    if a.dims.len() > 1 {
        bail!(CARDINALITY_VIOLATION, "multiranges cannot be constructed from multidimensional arrays");
    }
    let ranges: Option<Vec<Vec<u8>>> = a.iter().map(|r| r.map(<[u8]>::to_vec)).collect();
    match ranges {
        Some(r) => collect(c, r),
        None => bail!(NULL_VALUE_NOT_ALLOWED, "multirange values cannot contain null members"),
    }
}

fn multirange_in(c: &mut Call<'_>, text: &str, mut ty: u32, typmod: i32) -> Result<Vec<u8>> {
    let (range, subtype) = loop {
        match c.cx.type_desc(ty)?.kind {
            TypeKind::Multirange(r) => match c.cx.type_desc(r)?.kind {
                TypeKind::Range(s) => break (r, s),
                _ => return Err(tusklet_error::Error::internal(format!("type {ty} is not a multirange type"))),
            },
            TypeKind::Domain(base) => ty = base.oid,
            _ => return Err(tusklet_error::Error::internal(format!("type {ty} is not a multirange type"))),
        }
    };
    let mut ranges = Vec::new();
    adt::split(text, &mut |s| {
        ranges.push(read_range(c, s, range, typmod)?);
        Ok(())
    })?;
    with(c, subtype, |t| adt::collect(ranges, t))?
}

fn multirange_out(c: &mut Call<'_>, b: &[u8]) -> Result<String> {
    let ty = site_subtype(c)?;
    let phys = phys_of(&mut *c.cx, ty)?;
    let cx = &mut *c.cx;
    let mut out = String::new();
    Multirange::decode(b).write(&mut |b, s| cx.output(ty, Datum::load(phys, b), s), &mut out)?;
    Ok(out)
}

fn bound(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, upper: bool) -> Result<()> {
    let &[a, ..] = args else { return Err(too_few()) };
    let ends = Multirange::decode(a.bytes()).ends();
    if let Some(v) = ends.and_then(|(l, u)| if upper { u.value } else { l.value }) {
        let ty = site_subtype(c)?;
        out.set(Datum::load(phys_of(&mut *c.cx, ty)?, v));
    }
    Ok(())
}

struct Ranges {
    bytes: Vec<u8>,
    at: usize,
}

impl RowSource for Ranges {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let Some(out) = out.first_mut() else { return Ok(0) };
        let mut n = 0;
        for r in adt::parts(&self.bytes[self.at..]).into_iter().take(want) {
            out.push(Datum::Bytes(r));
            self.at += 4 + r.len();
            n += 1;
        }
        Ok(n)
    }
}

fn unnest(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    match args.first().filter(|d| !d.is_null()) {
        Some(d) => Ok(Box::new(Ranges { bytes: d.bytes().to_vec(), at: 0 })),
        None => Ok(Box::new(crate::sets::Nothing)),
    }
}

/// `range_agg`: the union of everything; NULLs are left out.
#[derive(Default)]
struct RangeAgg {
    states: Vec<Option<Vec<Vec<u8>>>>,
    held: usize,
}

impl Accumulator for RangeAgg {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, None);
    }

    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let ty = call.site.args.first().map_or(0, |t| t.oid);
        let range = is_range(&mut *call.cx, ty)?;
        for (k, row) in sel.iter().enumerate() {
            if v.is_null(row) {
                continue;
            }
            let b = v.get(row).bytes();
            self.held += b.len();
            let state = self.states[groups.get(k).map_or(0, |g| *g as usize)].get_or_insert_default();
            if range {
                state.push(b.to_vec());
            } else {
                state.extend(adt::parts(b).into_iter().map(<[u8]>::to_vec));
            }
        }
        Ok(())
    }

    fn finish(&mut self, call: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let Some(ranges) = &self.states[group] {
            out.bytes(&collect(call, ranges.clone())?);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.held
    }
}

pub const RANGE_AGG: AggSpec = AggSpec { make: |_| Box::<RangeAgg>::default() };

/// `range_intersect_agg` of ranges and of multiranges.
#[derive(Default)]
struct IntersectAgg(Vec<Option<Vec<u8>>>);

impl Accumulator for IntersectAgg {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups, None);
    }

    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let ty = call.site.args.first().map_or(0, |t| t.oid);
        let range = is_range(&mut *call.cx, ty)?;
        let subtype = site_subtype(call)?;
        for (k, row) in sel.iter().enumerate() {
            if v.is_null(row) {
                continue;
            }
            let b = v.get(row).bytes();
            let state = &mut self.0[groups.get(k).map_or(0, |g| *g as usize)];
            *state = Some(match state.take() {
                None => b.to_vec(),
                Some(a) => with(call, subtype, |t| {
                    if range {
                        let decode = tusklet_adt::range::Range::decode;
                        decode(&a).intersect(&decode(b), t)
                    } else {
                        Multirange::decode(&a).intersect(&Multirange::decode(b), t)
                    }
                })??,
            });
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let Some(b) = &self.0[group] {
            out.bytes(b);
        }
        Ok(())
    }
}

pub const INTERSECT_AGG: AggSpec = AggSpec { make: |_| Box::<IntersectAgg>::default() };

macro_rules! tests {
    (|$a:ident, $b:ident, $t:ident| $e:expr) => {
        f!(c; x: &[u8], y: &[u8] => with_two(c, x, y, |$a, $b, $t| $e)?)
    };
}

macro_rules! ordered {
    ($test:ident) => {
        f!(c; a: &[u8], b: &[u8] => compare(c, a, b)?.$test())
    };
}

fn has(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    with_two(c, a, b, |a, b, t| a.contains(b, t))
}

fn within(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    with_two(c, a, b, |a, b, t| b.contains(a, t))
}

const OVERLAPS: Kernel = tests!(|a, b, t| a.overlaps(b, t));
const BEFORE: Kernel = f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| before(a, b, t))?);
const AFTER: Kernel = f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| before(b, a, t))?);
const OVER_LEFT: Kernel = f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.over_left(b, t))?);
const OVER_RIGHT: Kernel = f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.over_right(b, t))?);
const ADJACENT: Kernel = f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.adjacent(b, t))??);
const CONTAINS: Kernel = f!(c; a: &[u8], b: &[u8] => has(c, a, b)?);
const CONTAINED: Kernel = f!(c; a: &[u8], b: &[u8] => within(c, a, b)?);

fn before(a: &Multirange<'_>, b: &Multirange<'_>, t: &Subtype<'_>) -> bool {
    a.before(b, t)
}

/// `multirange_send`: how many ranges, then each with its length.
fn send(c: &mut Call<'_>, b: &[u8]) -> Result<Vec<u8>> {
    let ty = site_subtype(c)?;
    let ranges = parts(b);
    let mut out = (ranges.len() as u32).to_be_bytes().to_vec();
    for r in ranges {
        let mut wire = vec![];
        crate::range::send(c, ty, r, &mut wire)?;
        out.extend_from_slice(&(wire.len() as u32).to_be_bytes());
        out.extend_from_slice(&wire);
    }
    Ok(out)
}

fn recv(c: &mut Call<'_>, b: &[u8], ty: u32, typmod: i32) -> Result<Vec<u8>> {
    let TypeKind::Multirange(range) = c.cx.type_desc(ty)?.kind else {
        bail!(DATATYPE_MISMATCH, "type {ty} is not a multirange type")
    };
    let mut wire = crate::io::Wire(b);
    let mut ranges = vec![];
    for _ in 0..wire.int()? {
        let n = wire.int()?;
        ranges.push(crate::range::recv(c, wire.take(n as usize)?, range, typmod)?);
    }
    wire.end()?;
    let TypeKind::Range(subtype) = c.cx.type_desc(range)?.kind else { return Ok(vec![]) };
    with(c, subtype, |t| adt::collect(ranges, t))?
}

pub const TABLES: &[&[Entry]] = &[&[
    ("multirange_in", f!(c; a: &str, ty: i64, typmod: i32 => multirange_in(c, a, ty as u32, typmod)?)),
    ("multirange_send", f!(c; a: &[u8] => send(c, a)?)),
    ("multirange_recv", f!(c; a: &[u8], ty: i64, typmod: i32 => recv(c, a, ty as u32, typmod)?)),
    ("anymultirange_out", f!(c; a: &[u8] => multirange_out(c, a)?)),
    ("anycompatiblemultirange_out", f!(c; a: &[u8] => multirange_out(c, a)?)),
    ("multirange_out", f!(c; a: &[u8] => multirange_out(c, a)?)),
    ("multirange_constructor0", Kernel::Scalar(|_, _, out| { out.bytes(&[]); Ok(()) })),
    ("multirange_constructor1", f!(c; a: &[u8] => collect(c, vec![a.to_vec()])?)),
    ("multirange_constructor2", f!(c; a: &[u8] => of_array(c, a)?)),
    ("multirange_lower", Kernel::Scalar(|c, args, out| bound(c, args, out, false))),
    ("multirange_upper", Kernel::Scalar(|c, args, out| bound(c, args, out, true))),
    ("multirange_empty", f!(a: &[u8] => a.is_empty())),
    ("multirange_lower_inc", f!(a: &[u8] => Multirange::decode(a).ends().is_some_and(|e| e.0.inclusive))),
    ("multirange_upper_inc", f!(a: &[u8] => Multirange::decode(a).ends().is_some_and(|e| e.1.inclusive))),
    ("multirange_lower_inf", f!(a: &[u8] => Multirange::decode(a).ends().is_some_and(|e| e.0.value.is_none()))),
    ("multirange_upper_inf", f!(a: &[u8] => Multirange::decode(a).ends().is_some_and(|e| e.1.value.is_none()))),
    ("multirange_eq", ordered!(is_eq)),
    ("multirange_ne", ordered!(is_ne)),
    ("multirange_lt", ordered!(is_lt)),
    ("multirange_le", ordered!(is_le)),
    ("multirange_gt", ordered!(is_gt)),
    ("multirange_ge", ordered!(is_ge)),
    ("multirange_cmp", f!(c; a: &[u8], b: &[u8] => compare(c, a, b)? as i32)),
    ("multirange_contains_elem", f!(c; a: &[u8], x: Datum => contains(c, a, x)?)),
    ("elem_contained_by_multirange", f!(c; x: Datum, a: &[u8] => contains(c, a, x)?)),
    ("multirange_contains_multirange", CONTAINS),
    ("multirange_contains_range", CONTAINS),
    ("range_contains_multirange", CONTAINS),
    ("multirange_contained_by_multirange", CONTAINED),
    ("multirange_contained_by_range", CONTAINED),
    ("range_contained_by_multirange", CONTAINED),
    ("multirange_overlaps_multirange", OVERLAPS),
    ("multirange_overlaps_range", OVERLAPS),
    ("range_overlaps_multirange", OVERLAPS),
    ("multirange_before_multirange", BEFORE),
    ("multirange_before_range", BEFORE),
    ("range_before_multirange", BEFORE),
    ("multirange_after_multirange", AFTER),
    ("multirange_after_range", AFTER),
    ("range_after_multirange", AFTER),
    ("multirange_overleft_multirange", OVER_LEFT),
    ("multirange_overleft_range", OVER_LEFT),
    ("range_overleft_multirange", OVER_LEFT),
    ("multirange_overright_multirange", OVER_RIGHT),
    ("multirange_overright_range", OVER_RIGHT),
    ("range_overright_multirange", OVER_RIGHT),
    ("multirange_adjacent_multirange", ADJACENT),
    ("multirange_adjacent_range", ADJACENT),
    ("range_adjacent_multirange", ADJACENT),
    ("multirange_union", f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.union(b, t))??)),
    ("multirange_intersect", f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.intersect(b, t))??)),
    ("multirange_minus", f!(c; a: &[u8], b: &[u8] => with_two(c, a, b, |a, b, t| a.minus(b, t))??)),
    (
        "range_merge_from_multirange",
        f!(c; a: &[u8] => {
            let ty = site_subtype(c)?;
            with(c, ty, |t| Multirange::decode(a).hull(t))??
        }),
    ),
    ("multirange_unnest", Kernel::Set(unnest)),
]];
