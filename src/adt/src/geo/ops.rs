//! What PostgreSQL's `geo_ops.c` computes. Arguments are shapes as slices, `fp` collects arithmetic failures.

use super::{EPSILON, Fp, Point, at, bounds, boxed, eq, le, less, lt, pt, same, zero};

/// `A B C` of Ax + By + C = 0.
pub type Line = [f64; 3];
/// Two ends.
pub type Lseg = [Point; 2];

/// A segment.
pub fn lseg(s: &[f64]) -> Lseg {
    [pt(s, 0), pt(s, 1)]
}

/// A line.
pub fn line(s: &[f64]) -> Line {
    [at(s, 0), at(s, 1), at(s, 2)]
}

/// No negative zero.
fn plus(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x }
}

/// Slope of the line through two points.
pub fn slope(fp: &Fp, [a, b]: Lseg) -> f64 {
    if eq(a[0], b[0]) {
        f64::INFINITY
    } else if eq(a[1], b[1]) {
        0.0
    } else {
        fp.div(fp.sub(a[1], b[1]), fp.sub(a[0], b[0]))
    }
}

/// Slope of what is perpendicular to it.
pub fn inverse_slope(fp: &Fp, [a, b]: Lseg) -> f64 {
    if eq(a[0], b[0]) {
        0.0
    } else if eq(a[1], b[1]) {
        f64::INFINITY
    } else {
        fp.div(fp.sub(a[0], b[0]), fp.sub(b[1], a[1]))
    }
}

fn line_slope(fp: &Fp, l: Line) -> f64 {
    if zero(l[0]) {
        0.0
    } else if zero(l[1]) {
        f64::INFINITY
    } else {
        fp.div(l[0], -l[1])
    }
}

fn line_inverse_slope(fp: &Fp, l: Line) -> f64 {
    if zero(l[0]) {
        f64::INFINITY
    } else if zero(l[1]) {
        0.0
    } else {
        fp.div(l[1], l[0])
    }
}

/// The line through a point with a slope.
fn line_of(fp: &Fp, p: Point, m: f64) -> Line {
    if m.is_infinite() {
        [-1.0, 0.0, p[0]]
    } else if m == 0.0 {
        [0.0, -1.0, p[1]]
    } else {
        [m, -1.0, plus(fp.sub(p[1], fp.mul(m, p[0])))]
    }
}

/// The line through two points.
pub fn line_through(fp: &Fp, a: Point, b: Point) -> Line {
    line_of(fp, a, slope(fp, [a, b]))
}

/// Whether a point satisfies the equation.
pub fn on_line(fp: &Fp, l: Line, p: Point) -> bool {
    zero(fp.add(fp.add(fp.mul(l[0], p[0]), fp.mul(l[1], p[1])), l[2]))
}

/// Where two lines meet; none when they are parallel.
pub fn meet(fp: &Fp, l: Line, k: Line) -> Option<Point> {
    let (l, k) = if !zero(l[1]) {
        (l, k)
    } else if !zero(k[1]) {
        (k, l)
    } else {
        return None;
    };
    if eq(k[0], fp.mul(l[0], fp.div(k[1], l[1]))) {
        return None;
    }
    let x = fp.div(
        fp.sub(fp.mul(l[1], k[2]), fp.mul(k[1], l[2])),
        fp.sub(fp.mul(l[0], k[1]), fp.mul(k[0], l[1])),
    );
    let y = fp.div(-fp.add(fp.mul(l[0], x), l[2]), l[1]);
    Some([plus(x), plus(y)])
}

/// `?-|` of lines.
pub fn line_perp(fp: &Fp, l: Line, k: Line) -> bool {
    if zero(l[0]) {
        zero(k[1])
    } else if zero(k[0]) {
        zero(l[1])
    } else if zero(l[1]) {
        zero(k[0])
    } else if zero(k[1]) {
        zero(l[0])
    } else {
        eq(fp.div(fp.mul(l[0], k[0]), fp.mul(l[1], k[1])), -1.0)
    }
}

/// `=` of lines: proportional equations.
pub fn line_eq(fp: &Fp, l: Line, k: Line) -> bool {
    if l.iter().chain(&k).any(|x| x.is_nan()) {
        return (0..3).all(|i| super::exact(l[i], k[i]));
    }
    let ratio = (0..3).find(|i| !zero(k[*i])).map_or(1.0, |i| fp.div(l[i], k[i]));
    (0..3).all(|i| eq(l[i], fp.mul(ratio, k[i])))
}

/// `<->` of lines.
pub fn line_distance(fp: &Fp, l: Line, k: Line) -> f64 {
    if meet(fp, l, k).is_some() {
        return 0.0;
    }
    let usable = |x: f64| !zero(x) && !x.is_nan();
    let ratio = (0..2).find(|i| usable(l[*i]) && usable(k[*i])).map_or(1.0, |i| fp.div(l[i], k[i]));
    fp.div(fp.sub(l[2], fp.mul(ratio, k[2])).abs(), fp.hypot(l[0], l[1]))
}

/// The foot of the perpendicular, and how far it is; NaN when there is none.
pub fn close_pl(fp: &Fp, p: Point, l: Line) -> (f64, Point) {
    match meet(fp, line_of(fp, p, line_inverse_slope(fp, l)), l) {
        Some(c) => (fp.distance(c, p), c),
        None => (f64::NAN, p),
    }
}

/// Whether a point lies on a segment: the ways to the ends add up to its length.
pub fn on_lseg(fp: &Fp, s: Lseg, p: Point) -> bool {
    eq(fp.add(fp.distance(p, s[0]), fp.distance(p, s[1])), fp.distance(s[0], s[1]))
}

/// Where a segment meets a line.
pub fn lseg_meets_line(fp: &Fp, s: Lseg, l: Line) -> Option<Point> {
    let c = meet(fp, line_of(fp, s[0], slope(fp, s)), l)?;
    if !on_lseg(fp, s, c) {
        return None;
    }
    // An end, not a rounded neighbour of it.
    Some(s.into_iter().find(|e| same(*e, c)).unwrap_or(c))
}

/// Where two segments meet.
pub fn lsegs_meet(fp: &Fp, s: Lseg, t: Lseg) -> Option<Point> {
    lseg_meets_line(fp, s, line_of(fp, t[0], slope(fp, t))).filter(|c| on_lseg(fp, t, *c))
}

/// How far a segment is from a line, and its point that is the closest.
pub fn close_ls(fp: &Fp, l: Line, s: Lseg) -> (f64, Point) {
    if let Some(c) = lseg_meets_line(fp, s, l) {
        return (0.0, c);
    }
    let (a, b) = (close_pl(fp, s[0], l).0, close_pl(fp, s[1], l).0);
    if a < b { (a, s[0]) } else { (b, s[1]) }
}

/// A segment's point that is closest to a point.
pub fn close_ps(fp: &Fp, p: Point, s: Lseg) -> (f64, Point) {
    let (_, c) = close_ls(fp, line_of(fp, p, inverse_slope(fp, s)), s);
    (fp.distance(c, p), c)
}

type Closest = (f64, Point);

fn closer(a: Closest, b: Closest) -> Closest {
    if less(b.0, a.0) { b } else { a }
}

/// The point of `s` that is closest to `t`.
pub fn close_lseg(fp: &Fp, s: Lseg, t: Lseg) -> Closest {
    if let Some(c) = lsegs_meet(fp, s, t) {
        return (0.0, c);
    }
    let mut best = closer(close_ps(fp, t[0], s), close_ps(fp, t[1], s));
    for e in s {
        best = closer(best, (close_ps(fp, e, t).0, e));
    }
    best
}

/// Whether two segments have the same slope, so that no point is the closest.
pub fn same_slope(fp: &Fp, s: Lseg, t: Lseg) -> bool {
    slope(fp, s) == slope(fp, t)
}

/// The closest point of a segment to a line; none when parallel.
pub fn close_ls_sql(fp: &Fp, l: Line, s: Lseg) -> Closest {
    if slope(fp, s) == line_slope(fp, l) { (f64::NAN, s[0]) } else { close_ls(fp, l, s) }
}

/// The sides of a box, in the order PostgreSQL looks at them.
fn sides(b: &[f64]) -> [Lseg; 4] {
    let (high, low) = (pt(b, 0), pt(b, 1));
    let (upper, lower) = ([low[0], high[1]], [high[0], low[1]]);
    [[low, upper], [high, upper], [low, lower], [high, lower]]
}

/// Whether a box has a point.
pub fn box_has(b: &[f64], p: Point) -> bool {
    at(b, 0) >= p[0] && at(b, 2) <= p[0] && at(b, 1) >= p[1] && at(b, 3) <= p[1]
}

/// Whether two boxes overlap.
pub fn box_overlap(a: &[f64], b: &[f64]) -> bool {
    le(at(a, 2), at(b, 0)) && le(at(b, 2), at(a, 0)) && le(at(a, 3), at(b, 1)) && le(at(b, 3), at(a, 1))
}

/// Whether `a` contains `b`.
pub fn box_contain(a: &[f64], b: &[f64]) -> bool {
    le(at(b, 0), at(a, 0)) && le(at(a, 2), at(b, 2)) && le(at(b, 1), at(a, 1)) && le(at(a, 3), at(b, 3))
}

/// The middle of two points.
pub fn middle(fp: &Fp, a: Point, b: Point) -> Point {
    [fp.div(fp.add(a[0], b[0]), 2.0), fp.div(fp.add(a[1], b[1]), 2.0)]
}

/// The point of a box closest to a point.
pub fn close_pb(fp: &Fp, p: Point, b: &[f64]) -> Closest {
    if box_has(b, p) {
        return (0.0, p);
    }
    let mut best = None;
    for s in sides(b) {
        let c = close_ps(fp, p, s);
        best = Some(best.map_or(c, |k| closer(k, c)));
    }
    best.unwrap_or((f64::NAN, p))
}

/// Whether a segment meets a box; its inside counts.
pub fn lseg_meets_box(fp: &Fp, s: Lseg, b: &[f64]) -> bool {
    box_overlap(&bounds(&s.concat()), b)
        && (s.iter().any(|e| box_has(b, *e)) || sides(b).into_iter().any(|t| lsegs_meet(fp, t, s).is_some()))
}

/// The point of a segment closest to a box.
pub fn close_sb(fp: &Fp, s: Lseg, b: &[f64]) -> Closest {
    if lseg_meets_box(fp, s, b) {
        return (0.0, close_ps(fp, middle(fp, pt(b, 0), pt(b, 1)), s).1);
    }
    let mut best = None;
    for t in sides(b) {
        let c = close_lseg(fp, t, s);
        best = Some(best.map_or(c, |k| closer(k, c)));
    }
    best.unwrap_or((f64::NAN, s[0]))
}

/// Whether a line meets a box.
pub fn line_meets_box(fp: &Fp, l: Line, b: &[f64]) -> bool {
    let (high, low) = (pt(b, 0), pt(b, 1));
    let (upper, lower) = ([low[0], high[1]], [high[0], low[1]]);
    [[low, upper], [high, upper], [high, lower], [low, lower]].into_iter().any(|s| lseg_meets_line(fp, s, l).is_some())
}

/// Product of points as complex numbers.
pub fn point_mul(fp: &Fp, a: Point, b: Point) -> Point {
    [
        fp.sub(fp.mul(a[0], b[0]), fp.mul(a[1], b[1])),
        fp.add(fp.mul(a[0], b[1]), fp.mul(a[1], b[0])),
    ]
}

/// Quotient of points as complex numbers.
pub fn point_div(fp: &Fp, a: Point, b: Point) -> Point {
    let d = fp.add(fp.mul(b[0], b[0]), fp.mul(b[1], b[1]));
    [
        fp.div(fp.add(fp.mul(a[0], b[0]), fp.mul(a[1], b[1])), d),
        fp.div(fp.sub(fp.mul(a[1], b[0]), fp.mul(a[0], b[1])), d),
    ]
}

/// Sum of points.
pub fn point_add(fp: &Fp, a: Point, b: Point) -> Point {
    [fp.add(a[0], b[0]), fp.add(a[1], b[1])]
}

/// Difference of points.
pub fn point_sub(fp: &Fp, a: Point, b: Point) -> Point {
    [fp.sub(a[0], b[0]), fp.sub(a[1], b[1])]
}

/// An operation on points done to all points of a list.
pub fn each(fp: &Fp, f: fn(&Fp, Point, Point) -> Point, points: &[f64], b: Point) -> Vec<f64> {
    points.chunks_exact(2).flat_map(|p| f(fp, pt(p, 0), b)).collect()
}

/// An operation on points done to a box's corners.
pub fn box_each(fp: &Fp, f: fn(&Fp, Point, Point) -> Point, b: &[f64], p: Point) -> Vec<f64> {
    boxed(f(fp, pt(b, 0), p), f(fp, pt(b, 1), p)).to_vec()
}

/// A segment of a list of points: from the one before the `i`-th to it. The first one closes.
fn edge(points: &[f64], i: usize) -> Lseg {
    let n = points.len() / 2;
    [pt(points, if i > 0 { i } else { n } - 1), pt(points, i)]
}

/// The segments of a path.
fn edges(path: &[f64]) -> Vec<Lseg> {
    let points = path.get(1..).unwrap_or_default();
    (usize::from(at(path, 0) == 0.0)..points.len() / 2).map(|i| edge(points, i)).collect()
}

/// A path of a polygon.
pub fn closed(poly: &[f64]) -> Vec<f64> {
    [&[1.0], poly].concat()
}

/// Whether two paths meet.
pub fn path_meets(fp: &Fp, a: &[f64], b: &[f64]) -> bool {
    if a.len() < 3 || b.len() < 3 || !box_overlap(&bounds(&a[1..]), &bounds(&b[1..])) {
        return false;
    }
    let others = edges(b);
    edges(a).into_iter().any(|s| others.iter().any(|t| lsegs_meet(fp, s, *t).is_some()))
}

/// The least of distances; none of none.
fn least(all: impl Iterator<Item = f64>) -> Option<f64> {
    all.reduce(|a, b| if less(b, a) { b } else { a })
}

/// The distance of two paths.
pub fn path_distance(fp: &Fp, a: &[f64], b: &[f64]) -> Option<f64> {
    let others = edges(b);
    let all = edges(a);
    least(all.iter().flat_map(|s| others.iter().map(|t| close_lseg(fp, *s, *t).0)))
}

/// The distance of a point and a path.
pub fn point_path_distance(fp: &Fp, p: Point, path: &[f64]) -> f64 {
    least(edges(path).into_iter().map(|s| close_ps(fp, p, s).0)).unwrap_or(0.0)
}

/// A path's length.
pub fn path_length(fp: &Fp, path: &[f64]) -> f64 {
    edges(path).into_iter().fold(0.0, |sum, [a, b]| fp.add(sum, fp.distance(a, b)))
}

/// The area a closed path surrounds.
pub fn path_area(fp: &Fp, path: &[f64]) -> Option<f64> {
    if at(path, 0) == 0.0 {
        return None;
    }
    let points = path.get(1..).unwrap_or_default();
    let n = points.len() / 2;
    let mut area = 0.0;
    for i in 0..n {
        let (p, q) = (pt(points, i), pt(points, (i + 1) % n));
        area = fp.add(area, fp.mul(p[0], q[1]));
        area = fp.sub(area, fp.mul(p[1], q[0]));
    }
    Some(fp.div(area.abs(), 2.0))
}

/// Whether a point lies on a path, or in a closed one.
pub fn on_path(fp: &Fp, p: Point, path: &[f64]) -> bool {
    if at(path, 0) == 0.0 {
        return edges(path).into_iter().any(|s| on_lseg(fp, s, p));
    }
    inside(fp, p, path.get(1..).unwrap_or_default())
}

/// Of `crossing`: the origin lies on the segment.
const ON: i32 = i32::MAX;

/// How a segment crosses the positive x axis: ±2 across, ±1 from or to it, 0 not at all.
fn crossing(fp: &Fp, [x, y]: Point, [px, py]: Point) -> i32 {
    let positive = |v: f64| v > EPSILON;
    let negative = |v: f64| lt(v, 0.0);
    if zero(y) {
        return match () {
            _ if zero(x) => ON,
            _ if positive(x) && zero(py) => if positive(px) { 0 } else { ON },
            _ if positive(x) => if negative(py) { 1 } else { -1 },
            _ if zero(py) => if negative(px) { 0 } else { ON },
            _ => 0,
        };
    }
    let sign = if positive(y) { 1 } else { -1 };
    if zero(py) {
        return if negative(px) { 0 } else { sign };
    }
    if (sign > 0 && positive(py)) || (sign < 0 && negative(py)) {
        return 0;
    }
    if x + EPSILON >= 0.0 && positive(px) {
        return 2 * sign;
    }
    if negative(x) && le(px, 0.0) {
        return 0;
    }
    let z = fp.sub(fp.mul(fp.sub(x, px), y), fp.mul(fp.sub(y, py), x));
    match () {
        _ if zero(z) => ON,
        _ if (sign > 0 && positive(z)) || (sign < 0 && negative(z)) => 0,
        _ => 2 * sign,
    }
}

/// Whether a point is in a polygon or on it.
pub fn inside(fp: &Fp, p: Point, poly: &[f64]) -> bool {
    let n = poly.len() / 2;
    let first = point_sub(fp, pt(poly, 0), p);
    let (mut previous, mut total) = (first, 0i32);
    for i in 1..=n {
        let this = if i == n { first } else { point_sub(fp, pt(poly, i), p) };
        match crossing(fp, this, previous) {
            ON => return true,
            c => total = total.wrapping_add(c),
        }
        previous = this;
    }
    total != 0
}

/// The distance of a point and a polygon.
pub fn point_poly_distance(fp: &Fp, p: Point, poly: &[f64]) -> f64 {
    if inside(fp, p, poly) {
        return 0.0;
    }
    let n = poly.len() / 2;
    let closing = [pt(poly, 0), pt(poly, n.saturating_sub(1))];
    let all = std::iter::once(closing).chain((1..n).map(|i| edge(poly, i)));
    least(all.map(|s| close_ps(fp, p, s).0)).unwrap_or(0.0)
}

/// Whether two polygons overlap.
pub fn poly_overlap(fp: &Fp, a: &[f64], b: &[f64]) -> bool {
    box_overlap(&bounds(a), &bounds(b))
        && (path_meets(fp, &closed(a), &closed(b)) || inside(fp, pt(a, 0), b) || inside(fp, pt(b, 0), a))
}

/// The distance of two polygons.
pub fn poly_distance(fp: &Fp, a: &[f64], b: &[f64]) -> Option<f64> {
    if poly_overlap(fp, a, b) { Some(0.0) } else { path_distance(fp, &closed(a), &closed(b)) }
}

/// Whether polygons have the same points, from any one on, in either direction.
pub fn poly_same(a: &[f64], b: &[f64]) -> bool {
    let n = a.len() / 2;
    a.len() == b.len()
        && (0..n).any(|i| {
            (0..n).all(|j| same(pt(b, (i + j) % n), pt(a, j))) || (0..n).all(|j| same(pt(b, (i + n - j) % n), pt(a, j)))
        })
}

/// How deep the search for a segment's parts may go.
const DEPTH: usize = 400;

/// Whether a segment lies in a polygon, its edges before `start` having been looked at (`lseg_inside_poly`).
fn lseg_inside(fp: &Fp, a: Point, b: Point, poly: &[f64], start: usize, depth: usize) -> bool {
    if depth > DEPTH {
        fp.note(4);
        return false;
    }
    let t = [a, b];
    let (n, mut crossed) = (poly.len() / 2, false);
    for i in start..n {
        let s = edge(poly, i);
        let (first, second) = (on_lseg(fp, s, a), on_lseg(fp, s, b));
        if first && second {
            return true;
        }
        let ok = if first {
            touched(fp, a, b, s, poly, i + 1, depth)
        } else if second {
            touched(fp, b, a, s, poly, i + 1, depth)
        } else if let Some(c) = lsegs_meet(fp, t, s) {
            crossed = true;
            lseg_inside(fp, a, c, poly, i + 1, depth + 1) && lseg_inside(fp, b, c, poly, i + 1, depth + 1)
        } else {
            true
        };
        if !ok {
            return false;
        }
    }
    crossed || inside(fp, middle(fp, a, b), poly)
}

/// The same where `a` lies on the edge `s` and `b` does not.
fn touched(fp: &Fp, a: Point, b: Point, s: Lseg, poly: &[f64], start: usize, depth: usize) -> bool {
    let t = [a, b];
    let other = if same(a, s[0]) {
        on_lseg(fp, t, s[1]).then_some(s[1])
    } else if same(a, s[1]) || on_lseg(fp, t, s[0]) {
        on_lseg(fp, t, s[0]).then_some(s[0])
    } else {
        on_lseg(fp, t, s[1]).then_some(s[1])
    };
    // Where it is not along the edge, the caller finds out.
    other.is_none_or(|p| lseg_inside(fp, b, p, poly, start, depth + 1))
}

/// Whether a polygon contains another one.
pub fn poly_contain(fp: &Fp, a: &[f64], b: &[f64]) -> bool {
    box_contain(&bounds(a), &bounds(b))
        && (0..b.len() / 2).all(|i| {
            let [p, q] = edge(b, i);
            lseg_inside(fp, p, q, a, 0, 0)
        })
}

/// A circle around a polygon's middle.
pub fn poly_circle(fp: &Fp, poly: &[f64]) -> Vec<f64> {
    let n = (poly.len() / 2) as f64;
    let sum = poly.chunks_exact(2).fold([0.0; 2], |c, p| point_add(fp, c, pt(p, 0)));
    let center = [fp.div(sum[0], n), fp.div(sum[1], n)];
    let radius = poly.chunks_exact(2).fold(0.0, |r, p| fp.add(r, fp.distance(pt(p, 0), center)));
    vec![center[0], center[1], fp.div(radius, n)]
}

/// A polygon on a circle.
pub fn circle_poly(fp: &Fp, n: i32, c: &[f64]) -> Vec<f64> {
    let step = fp.div(2.0 * std::f64::consts::PI, f64::from(n));
    let mut out = Vec::with_capacity(n as usize * 2);
    for i in 0..n {
        let angle = fp.mul(step, f64::from(i));
        out.push(fp.sub(at(c, 0), fp.mul(at(c, 2), angle.cos())));
        out.push(fp.add(at(c, 1), fp.mul(at(c, 2), angle.sin())));
    }
    out
}

/// A circle's area.
pub fn circle_area(fp: &Fp, c: &[f64]) -> f64 {
    fp.mul(fp.mul(at(c, 2), at(c, 2)), std::f64::consts::PI)
}

/// `~=` of circles.
pub fn circle_same(a: &[f64], b: &[f64]) -> bool {
    let (r, s) = (at(a, 2), at(b, 2));
    ((r.is_nan() && s.is_nan()) || eq(r, s)) && same(pt(a, 0), pt(b, 0))
}

/// How far two circles' centers are.
pub fn centers(fp: &Fp, a: &[f64], b: &[f64]) -> f64 {
    fp.distance(pt(a, 0), pt(b, 0))
}

/// What is left of a distance after a radius.
pub fn beyond(fp: &Fp, d: f64, radius: f64) -> f64 {
    let d = fp.sub(d, radius);
    if d < 0.0 { 0.0 } else { d }
}

/// A box's area.
pub fn box_area(fp: &Fp, b: &[f64]) -> f64 {
    fp.mul(fp.sub(at(b, 0), at(b, 2)), fp.sub(at(b, 1), at(b, 3)))
}

/// The part two boxes share.
pub fn box_intersect(a: &[f64], b: &[f64]) -> Option<Vec<f64>> {
    box_overlap(a, b).then(|| pick(a, b, false))
}

/// The box around two boxes.
pub fn bound_box(a: &[f64], b: &[f64]) -> Vec<f64> {
    pick(a, b, true)
}

fn pick(a: &[f64], b: &[f64], outer: bool) -> Vec<f64> {
    (0..4).map(|i| if less(at(a, i), at(b, i)) == ((i < 2) == outer) { at(b, i) } else { at(a, i) }).collect()
}

/// A box's corners as a polygon.
pub fn box_poly(b: &[f64]) -> Vec<f64> {
    let (h, l) = (pt(b, 0), pt(b, 1));
    vec![l[0], l[1], l[0], h[1], h[0], h[1], h[0], l[1]]
}

/// Which shapes [`position`] compares.
#[derive(Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Kind {
    Box,
    Polygon,
    Circle,
}

/// `<<` (0), `&<` (1), `&>` (2), `>>` (3) along the x axis (0) or the y axis (1).
pub fn position(fp: &Fp, kind: Kind, axis: usize, side: u8, a: &[f64], b: &[f64]) -> bool {
    let end = |s: &[f64], high: bool| match kind {
        Kind::Box => at(s, axis + if high { 0 } else { 2 }),
        Kind::Polygon => bounds(s)[axis + if high { 0 } else { 2 }],
        Kind::Circle if high => fp.add(at(s, axis), at(s, 2)),
        Kind::Circle => fp.sub(at(s, axis), at(s, 2)),
    };
    let (x, y) = (end(a, side < 2), end(b, side == 1 || side == 3));
    let e = if kind == Kind::Polygon { 0.0 } else { EPSILON };
    match side {
        0 => x + e < y,
        1 => x <= y + e,
        2 => x + e >= y,
        _ => x > y + e,
    }
}
