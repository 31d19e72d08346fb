//! `point`: two floats in sixteen bytes.

use tusklet_adt::float::float8;
use tusklet_adt::geo::{parse_point, point_distance, point_from_bytes, point_to_bytes, write_point};
use tusklet_error::{Result, bail};

use crate::bind::{Entry, written};

type Point = [u8; 16];

/// Geometry compares with this tolerance.
const EPSILON: f64 = 1e-6;

fn xy(p: Point) -> (f64, f64) {
    point_from_bytes(&p)
}

fn same(a: Point, b: Point) -> bool {
    let ((ax, ay), (bx, by)) = (xy(a), xy(b));
    // NaN equals NaN here.
    if ax.is_nan() || ay.is_nan() || bx.is_nan() || by.is_nan() {
        return ax.to_bits() == bx.to_bits() && ay.to_bits() == by.to_bits();
    }
    near(ax, bx) && near(ay, by)
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EPSILON
}

fn each(a: Point, b: Point, f: fn(f64, f64) -> Result<f64>) -> Result<Point> {
    let ((ax, ay), (bx, by)) = (xy(a), xy(b));
    Ok(point_to_bytes(f(ax, bx)?, f(ay, by)?))
}

pub const TABLES: &[&[Entry]] = &[&[
    ("point_in", f!(a: &str => { let (x, y) = parse_point(a)?; point_to_bytes(x, y) })),
    ("point_out", f!(a: Point => { let (x, y) = xy(a); written(|s| write_point(x, y, s)) })),
    (
        "point_recv",
        f!(a: &[u8] => match a {
            [x @ .., _, _, _, _, _, _, _, _] if a.len() == 16 => {
                let x = f64::from_be_bytes(<[u8; 8]>::try_from(x).unwrap_or_default());
                let y = f64::from_be_bytes(<[u8; 8]>::try_from(&a[8..]).unwrap_or_default());
                point_to_bytes(x, y)
            }
            _ => bail!(PROTOCOL_VIOLATION, "insufficient data left in message"),
        }),
    ),
    ("point_send", f!(a: Point => { let (x, y) = xy(a); [x.to_be_bytes(), y.to_be_bytes()].concat() })),
    ("construct_point", f!(x: f64, y: f64 => point_to_bytes(x, y))),
    ("point_eq", f!(a: Point, b: Point => same(a, b))),
    ("point_ne", f!(a: Point, b: Point => !same(a, b))),
    ("point_add", f!(a: Point, b: Point => each(a, b, float8::add)?)),
    ("point_sub", f!(a: Point, b: Point => each(a, b, float8::sub)?)),
    ("point_distance", f!(a: Point, b: Point => point_distance(xy(a), xy(b)))),
    ("point_left", f!(a: Point, b: Point => xy(a).0 + EPSILON < xy(b).0)),
    ("point_right", f!(a: Point, b: Point => xy(a).0 > xy(b).0 + EPSILON)),
    ("point_above", f!(a: Point, b: Point => xy(a).1 > xy(b).1 + EPSILON)),
    ("point_below", f!(a: Point, b: Point => xy(a).1 + EPSILON < xy(b).1)),
    ("point_vert", f!(a: Point, b: Point => near(xy(a).0, xy(b).0))),
    ("point_horiz", f!(a: Point, b: Point => near(xy(a).1, xy(b).1))),
]];
