//! What index access methods beside `btree` ask of a type: the keys a value is entered under, and what a condition says of
//! keys. A class is named `am opclass`, as `gin jsonb_ops`.
//!
//! *Inverted* classes (GIN) enter a value under each of its items. A condition becomes a tree over keys: `K` length key,
//! `P` the same for keys that start so, `A`/`O` count and so many trees, `E` everything, `N` nothing.
//!
//! *Spatial* classes (GiST, SP-GiST) enter a value as a point of up to four dimensions (`vector::zorder`): a box as its
//! ends on both axes, a range as its bounds. A condition becomes boxes of such points: `R`, then low and high corner of
//! each; what of a coordinate cannot be known lies in a bucket of its own, which always is looked at.
//!
//! What is found so is a superset: the condition itself is tested on the rows.

use tusklet_adt::geo::{self, at, bounds};
use tusklet_adt::multirange::Multirange;
use tusklet_adt::network::Inet;
use tusklet_adt::range::Bound;
use tusklet_error::Result;
use tusklet_vector::key::{KeyPart, f64_key};
use tusklet_vector::zorder::{Point, Rect, write};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, Phys, TypeKind};

use crate::bind::{Entry, too_few};
use crate::inverted::{element_key, items, query as inverted_query};
use crate::oids;

/// The key of a value without items, and the bucket of what has no coordinates.
pub(crate) const NONE: &[u8] = &[0];

/// Keys longer than this end in a hash.
pub(crate) const LONG: usize = 200;

pub(crate) fn framed(key: &[u8], out: &mut Vec<u8>) {
    if key.len() > LONG {
        let hash = tusklet_adt::hash::bytes(key);
        out.extend_from_slice(&(LONG as u32 + 8).to_le_bytes());
        out.extend_from_slice(&key[..LONG]);
        out.extend_from_slice(&hash.to_be_bytes());
        return;
    }
    out.extend_from_slice(&(key.len() as u32).to_le_bytes());
    out.extend_from_slice(key);
}

/// The first eight key bytes of a value as a coordinate: order is kept, equality need not be.
fn coordinate(part: &KeyPart, d: Datum<'_>) -> u64 {
    let mut k = Vec::new();
    part.write(d, &mut k);
    // Behind the byte that says it is not NULL.
    let mut b = [0; 8];
    b.iter_mut().zip(k.iter().skip(1)).for_each(|(b, k)| *b = *k);
    u64::from_be_bytes(b)
}

/// How the values of a range's subtype order, if by their key bytes.
fn subtype_order(cx: &mut dyn CallContext, ty: u32) -> Result<Option<(Phys, KeyPart)>> {
    let mut ty = ty;
    for _ in 0..8 {
        match cx.type_desc(ty)?.kind {
            TypeKind::Range(s) | TypeKind::Multirange(s) => ty = s,
            TypeKind::Domain(base) => ty = base.oid,
            TypeKind::Base if ty < 10000 && ty != oids::MONEY => return element_key(cx, ty),
            _ => break,
        }
    }
    Ok(None)
}

fn bound(b: &Bound<'_>, (phys, part): &(Phys, KeyPart)) -> u64 {
    match b.value {
        Some(v) => coordinate(part, Datum::load(*phys, v)),
        None if b.lower => 0,
        None => u64::MAX,
    }
}

/// The lowest and highest bound of a range or multirange; none of what is empty.
fn range_ends(cx: &mut dyn CallContext, ty: u32, d: Datum<'_>) -> Result<Option<Option<[u64; 2]>>> {
    let Some(order) = subtype_order(cx, ty)? else { return Ok(None) };
    let mut base = ty;
    while let TypeKind::Domain(b) = cx.type_desc(base)?.kind {
        base = b.oid;
    }
    let multi = matches!(cx.type_desc(base)?.kind, TypeKind::Multirange(_));
    let m = if multi { Multirange::decode(d.bytes()) } else { Multirange::of_range(d.bytes()) };
    Ok(Some(m.ends().map(|(l, u)| [bound(&l, &order), bound(&u, &order)])))
}

fn inet_ends(d: Datum<'_>) -> [u64; 2] {
    let i = Inet::decode(d.bytes());
    let end = |i: Inet| {
        let mut b = [0; 16];
        b.iter_mut().zip(&i.to_bytes()[2..]).for_each(|(b, x)| *b = *x);
        u64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) >> 1 | u64::from(i.family() == 6) << 63
    };
    [end(i.network()), end(i.broadcast())]
}

/// Ends of a shape on both axes: x low, x high, y low, y high. None where a coordinate is no number, or of circles so
/// large that the tolerance is lost in rounding.
fn shape_ends(ty: u32, d: Datum<'_>) -> Option<[f64; 4]> {
    let v = match d {
        Datum::Fixed16(b) => geo::from_bytes(&b),
        d => geo::from_bytes(d.bytes()),
    };
    let (b, limit) = match ty {
        oids::POINT => ([at(&v, 0), at(&v, 1), at(&v, 0), at(&v, 1)], f64::INFINITY),
        oids::CIRCLE => {
            let (x, y, r) = (at(&v, 0), at(&v, 1), at(&v, 2));
            ([x + r, y + r, x - r, y - r], 1e8)
        }
        oids::BOX => ([at(&v, 0), at(&v, 1), at(&v, 2), at(&v, 3)], f64::INFINITY),
        _ => (bounds(&v), f64::INFINITY),
    };
    b.iter().all(|x| x.abs() <= limit).then_some([b[2], b[0], b[3], b[1]])
}

/// How a spatial class sees values.
#[derive(Clone, Copy, PartialEq)]
enum Space {
    Point,
    Shape,
    Range,
    Network,
    Text,
}

fn space(class: &str) -> Option<(Space, usize)> {
    let (_, name) = class.split_once(' ')?;
    Some(match name {
        "point_ops" | "quad_point_ops" | "kd_point_ops" => (Space::Point, 2),
        "box_ops" | "poly_ops" | "circle_ops" => (Space::Shape, 4),
        "range_ops" | "multirange_ops" => (Space::Range, 2),
        "inet_ops" => (Space::Network, 2),
        "text_ops" => (Space::Text, 1),
        _ => return None,
    })
}

fn text_coordinate(b: &[u8]) -> u64 {
    let mut k = [0; 8];
    k.iter_mut().zip(b).for_each(|(k, b)| *k = *b);
    u64::from_be_bytes(k)
}

/// A value as a point.
fn place(cx: &mut dyn CallContext, kind: Space, ty: u32, d: Datum<'_>) -> Result<Option<Point>> {
    Ok(match kind {
        Space::Point => shape_ends(ty, d).map(|b| [f64_key(b[0]), f64_key(b[2]), 0, 0]),
        Space::Shape => shape_ends(ty, d).map(|b| b.map(f64_key)),
        Space::Range => range_ends(cx, ty, d)?.flatten().map(|[l, u]| [l, u, 0, 0]),
        Space::Network => Some(inet_ends(d)).map(|[l, u]| [l, u, 0, 0]),
        Space::Text => Some([text_coordinate(d.bytes()), 0, 0, 0]),
    })
}

/// The side of a box with coordinates `low..=high` in dimension `d`.
fn limit(mut r: Rect, d: usize, low: u64, high: u64) -> Rect {
    r.low[d] = r.low[d].max(low);
    r.high[d] = r.high[d].min(high);
    r
}

const MOST: u64 = u64::MAX;

/// What `value strategy query` says of an interval in dimensions `d` (low end) and `d + 1` (high end), the query being
/// `l..=u`. Strategies: 0 before, 1 not beyond, 2 overlaps, 3 not before, 4 beyond, 5 the same, 6 contains, 7 within.
fn interval(r: Rect, d: usize, what: u8, l: u64, u: u64) -> Rect {
    match what {
        0 => limit(r, d + 1, 0, l),
        1 => limit(r, d + 1, 0, u),
        2 => limit(limit(r, d, 0, u), d + 1, l, MOST),
        3 => limit(r, d, l, MOST),
        4 => limit(r, d, u, MOST),
        5 => limit(limit(r, d, l, l), d + 1, u, u),
        6 => limit(limit(r, d, 0, l), d + 1, u, MOST),
        _ => limit(limit(r, d, l, MOST), d + 1, 0, u),
    }
}

fn shape_rect(kind: Space, strategy: i32, b: [f64; 4]) -> Rect {
    let most = b.iter().fold(0f64, |m, x| m.max(x.abs()));
    // Comparisons have a tolerance of 1e-6, and sums are rounded.
    let m = 3e-6 + most * 1e-12;
    let wide = |lo: f64, hi: f64| (f64_key(lo - m), f64_key(hi + m));
    let ((xl, xh), (yl, yh)) = (wide(b[0], b[1]), wide(b[2], b[3]));
    let all = Rect::ALL;
    if kind == Space::Point {
        return match strategy {
            1 => limit(all, 0, 0, xh),
            5 => limit(all, 0, xl, MOST),
            10 | 29 => limit(all, 1, 0, yh),
            11 | 30 => limit(all, 1, yl, MOST),
            _ => limit(limit(all, 0, xl, xh), 1, yl, yh),
        };
    }
    // Ends may be off by the tolerance in either direction.
    let ((xl2, xh2), (yl2, yh2)) = ((f64_key(b[0] + m), f64_key(b[1] - m)), (f64_key(b[2] + m), f64_key(b[3] - m)));
    match strategy {
        1 => limit(all, 1, 0, xl2),
        2 => limit(all, 1, 0, xh),
        3 => interval(interval(all, 0, 2, xl, xh), 2, 2, yl, yh),
        4 => limit(all, 0, xl, MOST),
        5 => limit(all, 0, xh2, MOST),
        6 => {
            let x = limit(limit(all, 0, xl, xl2), 1, xh2, xh);
            limit(limit(x, 2, yl, yl2), 3, yh2, yh)
        }
        7 => {
            let x = limit(limit(all, 0, 0, xl2), 1, xh2, MOST);
            limit(limit(x, 2, 0, yl2), 3, yh2, MOST)
        }
        8 => interval(interval(all, 0, 7, xl, xh), 2, 7, yl, yh),
        9 => limit(all, 3, 0, yh),
        10 => limit(all, 3, 0, yl2),
        11 => limit(all, 2, yh2, MOST),
        12 => limit(all, 2, yl, MOST),
        _ => all,
    }
}

fn spatial_query(cx: &mut dyn CallContext, class: &str, strategy: i32, ty: u32, column: u32, d: Datum<'_>) -> Result<Vec<Rect>> {
    let Some((kind, _)) = space(class) else { return Ok(vec![Rect::ALL]) };
    let all = Rect::ALL;
    Ok(match kind {
        // Where distances are measured from.
        Space::Point | Space::Shape if strategy == 15 => match shape_ends(ty, d) {
            Some(b) => {
                let p = [f64_key(b[0]), f64_key(b[2]), 0, 0];
                vec![Rect { low: p, high: p }]
            }
            None => vec![],
        },
        Space::Point | Space::Shape => match shape_ends(ty, d) {
            Some(b) => vec![shape_rect(kind, strategy, b)],
            None => vec![all],
        },
        Space::Range => {
            if strategy == 16 {
                let Some((_, part)) = subtype_order(cx, column)? else { return Ok(vec![all]) };
                let e = coordinate(&part, d);
                return Ok(vec![interval(all, 0, 6, e, e)]);
            }
            let Some(ends) = range_ends(cx, ty, d)? else { return Ok(vec![all]) };
            let Some([l, u]) = ends else {
                // Everything contains the empty range; what else has to do with it is empty, and so in the bucket.
                return Ok(if strategy == 7 { vec![all] } else { vec![] });
            };
            match strategy {
                // Next to it, on either side.
                6 => vec![limit(all, 1, l, l), limit(all, 0, u, u)],
                18 => vec![interval(all, 0, 5, l, u)],
                s @ 1..=5 => vec![interval(all, 0, s as u8 - 1, l, u)],
                7 => vec![interval(all, 0, 6, l, u)],
                8 => vec![interval(all, 0, 7, l, u)],
                _ => vec![all],
            }
        }
        Space::Network => {
            let [l, u] = inet_ends(d);
            match strategy {
                3 => vec![interval(all, 0, 2, l, u)],
                18 => vec![interval(all, 0, 5, l, u)],
                20 | 21 => vec![limit(all, 0, 0, l)],
                22 | 23 => vec![limit(all, 0, l, MOST)],
                24 | 25 => vec![interval(all, 0, 7, l, u)],
                26 | 27 => vec![interval(all, 0, 6, l, u)],
                _ => vec![all],
            }
        }
        Space::Text => {
            let c = text_coordinate(d.bytes());
            match strategy {
                1 | 2 | 11 | 12 => vec![limit(all, 0, 0, c)],
                4 | 5 | 14 | 15 => vec![limit(all, 0, c, MOST)],
                28 => {
                    let mut last = [0xFF; 8];
                    last.iter_mut().zip(d.bytes()).for_each(|(k, b)| *k = *b);
                    vec![limit(all, 0, c, u64::from_be_bytes(last))]
                }
                _ => vec![limit(all, 0, c, c)],
            }
        }
    })
}

/// `tusklet_index_keys(class, value)`: the keys of a value, each behind its length. The value's type is the call's.
fn keys(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [class, value, ..] = args else { return Err(too_few()) };
    let class = class.str();
    let ty = c.site.args.get(1).map_or(0, |t| t.oid);
    let mut b = Vec::new();
    if value.is_null() {
        framed(NONE, &mut b);
    } else if let Some((kind, dims)) = space(class) {
        match place(&mut *c.cx, kind, ty, *value)? {
            None => framed(NONE, &mut b),
            Some(p) => {
                let mut k = vec![1];
                write(&p, dims, &mut k);
                framed(&k, &mut b);
            }
        }
    } else {
        let keys = items(&mut *c.cx, class, *value)?;
        if keys.is_empty() {
            framed(NONE, &mut b);
        }
        keys.iter().for_each(|k| framed(k, &mut b));
    }
    out.bytes(&b);
    Ok(())
}

/// `tusklet_index_query(class, strategy, value, column)`: what a condition says of keys. The types of value and column are
/// the call's.
fn query(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [class, strategy, value, ..] = args else { return Err(too_few()) };
    let (class, strategy) = (class.str(), strategy.i32());
    let ty = |i: usize| c.site.args.get(i).map_or(0, |t| t.oid);
    let (value_ty, column) = (ty(2), ty(3));
    if value.is_null() {
        out.bytes(b"N");
        return Ok(());
    }
    if let Some((_, dims)) = space(class) {
        let mut b = vec![b'R', dims as u8];
        for r in spatial_query(&mut *c.cx, class, strategy, value_ty, column, *value)? {
            for v in r.low[..dims].iter().chain(&r.high[..dims]) {
                b.extend_from_slice(&v.to_le_bytes());
            }
        }
        out.bytes(&b);
        return Ok(());
    }
    out.bytes(&inverted_query(&mut *c.cx, class, strategy, *value)?);
    Ok(())
}

pub const TABLES: &[&[Entry]] = &[&[
    ("tusklet_index_keys", Kernel::Scalar(keys)),
    ("tusklet_index_query", Kernel::Scalar(query)),
]];

