//! Geometry: every function of points, lines, segments, boxes, paths, polygons and circles. What they compute is in
//! `tusklet_adt::geo`; here arguments become slices of floats, and answers SQL values.

use tusklet_adt::geo::ops::{self, Kind};
use tusklet_adt::geo::{self, Fp, Point, at, bounds, eq, le, lt, pt, same};
use tusklet_error::{Result, bail, err};
use tusklet_vector::{Call, Datum, Kernel, Out};

use crate::bind::{Entry, formats};

/// What an operation answers.
enum Geo {
    Null,
    Bool(bool),
    Int(usize),
    Float(f64),
    Point(Point),
    Shape(Vec<f64>),
    Path(Vec<f64>),
}

macro_rules! from {
    ($($t:ty => $v:ident),*) => { $(impl From<$t> for Geo { fn from(v: $t) -> Geo { Geo::$v(v) } })* };
}

from!(bool => Bool, usize => Int, f64 => Float, Point => Point, Vec<f64> => Shape);

impl<T: Into<Geo>> From<Option<T>> for Geo {
    fn from(v: Option<T>) -> Geo {
        v.map_or(Geo::Null, T::into)
    }
}

/// The point of a closest pair; NULL where their distance is no number.
fn closest((d, p): (f64, Point)) -> Geo {
    if d.is_nan() { Geo::Null } else { Geo::Point(p) }
}

type Fun = fn(&Fp, &[f64], &[f64]) -> Geo;

/// A shape's floats.
fn floats(d: Option<&Datum<'_>>) -> Vec<f64> {
    match d {
        Some(Datum::Fixed16(b)) => geo::from_bytes(b),
        Some(Datum::Bytes(b)) => geo::from_bytes(b),
        Some(Datum::F64(v)) => vec![*v],
        _ => Vec::new(),
    }
}

fn put(g: Geo, out: &mut Out<'_>) {
    match g {
        Geo::Null => out.null(),
        Geo::Bool(v) => out.bool(v),
        Geo::Int(v) => out.i32(v as i32),
        Geo::Float(v) => out.f64(v),
        Geo::Point(p) => point(&p, out),
        Geo::Shape(v) => out.bytes(&geo::to_bytes(&v, false)),
        Geo::Path(v) => out.bytes(&geo::to_bytes(&v, true)),
    }
}

fn point(p: &[f64], out: &mut Out<'_>) {
    let mut b = [0; 16];
    b[..8].copy_from_slice(&at(p, 0).to_le_bytes());
    b[8..].copy_from_slice(&at(p, 1).to_le_bytes());
    out.fixed16(b);
}

#[inline(never)]
fn run(f: Fun, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let fp = Fp::default();
    let g = f(&fp, &floats(args.first()), &floats(args.get(1)));
    fp.done()?;
    put(g, out);
    Ok(())
}

/// The same with the arguments exchanged.
#[inline(never)]
fn swapped(f: Fun, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    match args {
        [a, b, ..] => run(f, &[*b, *a], out),
        _ => Err(crate::bind::too_few()),
    }
}

/// `g!(fp, a, b => answer)`.
macro_rules! g {
    ($m:pat, $a:pat, $b:pat => $e:expr) => {
        Kernel::Scalar(|_, args, out| run(|$m, $a, $b| ($e).into(), args, out))
    };
    ($f:ident) => { Kernel::Scalar(|_, args, out| run($f, args, out)) };
    (swap $f:ident) => { Kernel::Scalar(|_, args, out| swapped($f, args, out)) };
}

macro_rules! side {
    ($kind:ident, $axis:literal, $side:literal) => { g!(m, a, b => ops::position(m, Kind::$kind, $axis, $side, a, b)) };
}

fn on_pl(m: &Fp, p: &[f64], l: &[f64]) -> Geo {
    ops::on_line(m, ops::line(l), pt(p, 0)).into()
}
fn dist_pl(m: &Fp, p: &[f64], l: &[f64]) -> Geo {
    ops::close_pl(m, pt(p, 0), ops::line(l)).0.into()
}
fn dist_ps(m: &Fp, p: &[f64], s: &[f64]) -> Geo {
    ops::close_ps(m, pt(p, 0), ops::lseg(s)).0.into()
}
fn dist_pb(m: &Fp, p: &[f64], b: &[f64]) -> Geo {
    ops::close_pb(m, pt(p, 0), b).0.into()
}
fn dist_sb(m: &Fp, s: &[f64], b: &[f64]) -> Geo {
    ops::close_sb(m, ops::lseg(s), b).0.into()
}
fn dist_sl(m: &Fp, s: &[f64], l: &[f64]) -> Geo {
    ops::close_ls(m, ops::line(l), ops::lseg(s)).0.into()
}
fn dist_ppath(m: &Fp, p: &[f64], path: &[f64]) -> Geo {
    ops::point_path_distance(m, pt(p, 0), path).into()
}
fn dist_ppoly(m: &Fp, p: &[f64], poly: &[f64]) -> Geo {
    ops::point_poly_distance(m, pt(p, 0), poly).into()
}
fn dist_pc(m: &Fp, p: &[f64], c: &[f64]) -> Geo {
    ops::beyond(m, ops::centers(m, p, c), at(c, 2)).into()
}
fn dist_cpoly(m: &Fp, c: &[f64], poly: &[f64]) -> Geo {
    ops::beyond(m, ops::point_poly_distance(m, pt(c, 0), poly), at(c, 2)).into()
}
fn on_pb(_: &Fp, p: &[f64], b: &[f64]) -> Geo {
    ops::box_has(b, pt(p, 0)).into()
}
fn pt_contained_poly(m: &Fp, p: &[f64], poly: &[f64]) -> Geo {
    ops::inside(m, pt(p, 0), poly).into()
}
fn pt_contained_circle(m: &Fp, p: &[f64], c: &[f64]) -> Geo {
    (ops::centers(m, p, c) <= at(c, 2)).into()
}
fn box_contain(_: &Fp, a: &[f64], b: &[f64]) -> Geo {
    ops::box_contain(a, b).into()
}
fn poly_contain(m: &Fp, a: &[f64], b: &[f64]) -> Geo {
    ops::poly_contain(m, a, b).into()
}
fn path_lengths(a: &[f64], b: &[f64]) -> (usize, usize) {
    (a.len() / 2, b.len() / 2)
}
/// A measure of two shapes. Where both fail, the second one's failure is PostgreSQL's.
fn both(m: &Fp, f: fn(&Fp, &[f64]) -> f64, a: &[f64], b: &[f64]) -> (f64, f64) {
    let b = f(m, b);
    (f(m, a), b)
}
fn areas(m: &Fp, a: &[f64], b: &[f64]) -> (f64, f64) {
    both(m, ops::box_area, a, b)
}
fn circle_areas(m: &Fp, a: &[f64], b: &[f64]) -> (f64, f64) {
    both(m, ops::circle_area, a, b)
}
fn length(m: &Fp, s: &[f64]) -> f64 {
    m.distance(pt(s, 0), pt(s, 1))
}
fn lengths(m: &Fp, a: &[f64], b: &[f64]) -> (f64, f64) {
    both(m, length, a, b)
}
fn lseg_same(a: &[f64], b: &[f64]) -> bool {
    same(pt(a, 0), pt(b, 0)) && same(pt(a, 1), pt(b, 1))
}
fn path_each(m: &Fp, f: fn(&Fp, Point, Point) -> Point, path: &[f64], p: &[f64]) -> Geo {
    let mut v = vec![at(path, 0)];
    v.extend(ops::each(m, f, path.get(1..).unwrap_or_default(), pt(p, 0)));
    Geo::Path(v)
}


#[inline(never)]
fn input(read: fn(&str) -> Result<Vec<f64>>, wrap: fn(Vec<f64>) -> Geo, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    put(wrap(read(args.first().map_or("", |d| d.str()))?), out);
    Ok(())
}

fn a_point(v: Vec<f64>) -> Geo {
    Geo::Point(pt(&v, 0))
}

macro_rules! reader {
    ($read:ident, $wrap:expr) => { Kernel::Scalar(|_, args, out| input(geo::$read, $wrap, args, out)) };
}

#[inline(never)]
fn output(c: &mut Call<'_>, form: &str, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let v = floats(args.first());
    let (form, v) = match v.split_first() {
        // A path: the first number says which brackets.
        Some((closed, rest)) if form.is_empty() => (if *closed == 0.0 { "[p]" } else { "(p)" }, rest),
        _ => (form, &v[..]),
    };
    let mut s = String::new();
    geo::write(v, form, formats(&*c.cx)?.extra_float_digits, &mut s);
    out.str(&s);
    Ok(())
}

macro_rules! writer {
    ($form:literal) => { Kernel::Scalar(|c, args, out| output(c, $form, args, out)) };
}

/// What lies in front of the floats of a wire form.
#[derive(Clone, Copy, PartialEq)]
enum Wire {
    /// So many floats and nothing else.
    Floats(usize),
    /// How many points.
    Polygon,
    /// Whether it is closed, and how many points.
    Path,
}

fn wire(form: Wire, b: &[u8]) -> Result<Vec<f64>> {
    let short = || err!(PROTOCOL_VIOLATION, "insufficient data left in message");
    let (mut v, mut b) = (Vec::new(), b);
    if form == Wire::Path {
        let (first, rest) = b.split_first().ok_or_else(short)?;
        v.push(f64::from(u8::from(*first != 0)));
        b = rest;
    }
    let count = match form {
        Wire::Floats(n) => n,
        _ => {
            let (n, rest) = b.split_first_chunk::<4>().ok_or_else(short)?;
            b = rest;
            let n = i32::from_be_bytes(*n);
            if n <= 0 || n >= i32::MAX / 16 - 2 {
                let name = if form == Wire::Path { "path" } else { "polygon" };
                bail!(INVALID_BINARY_REPRESENTATION, "invalid number of points in external \"{}\" value"; name);
            }
            n as usize * 2
        }
    };
    if b.len() < count * 8 {
        return Err(short());
    }
    if b.len() > count * 8 {
        bail!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    }
    v.extend(b.chunks_exact(8).map(|c| f64::from_be_bytes(<[u8; 8]>::try_from(c).unwrap_or_default())));
    Ok(v)
}

#[inline(never)]
fn recv(form: Wire, make: fn(Vec<f64>) -> Result<Geo>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    put(make(wire(form, args.first().map_or(&[], |d| d.bytes()))?)?, out);
    Ok(())
}

#[inline(never)]
fn send(form: Wire, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let v = floats(args.first());
    let (mut b, mut rest) = (Vec::with_capacity(v.len() * 8 + 5), &v[..]);
    if form == Wire::Path {
        b.push(at(&v, 0) as u8);
        rest = v.get(1..).unwrap_or_default();
    }
    if !matches!(form, Wire::Floats(_)) {
        b.extend_from_slice(&(rest.len() as i32 / 2).to_be_bytes());
    }
    rest.iter().for_each(|x| b.extend_from_slice(&x.to_be_bytes()));
    out.bytes(&b);
    Ok(())
}

macro_rules! receiver {
    ($form:expr, $make:expr) => { Kernel::Scalar(|_, args, out| recv($form, $make, args, out)) };
}

macro_rules! sender {
    ($form:expr) => { Kernel::Scalar(|_, args, out| send($form, args, out)) };
}

fn line_recv(v: Vec<f64>) -> Result<Geo> {
    if geo::zero(at(&v, 0)) && geo::zero(at(&v, 1)) {
        bail!(INVALID_BINARY_REPRESENTATION, "{}"; geo::BOTH_ZERO);
    }
    Ok(Geo::Shape(v))
}

fn circle_recv(v: Vec<f64>) -> Result<Geo> {
    if at(&v, 2) < 0.0 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid radius in external \"circle\" value");
    }
    Ok(Geo::Shape(v))
}

fn line_construct(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let (a, b) = (pt(&floats(args.first()), 0), pt(&floats(args.get(1)), 0));
    if same(a, b) {
        bail!(INVALID_PARAMETER_VALUE, "{}"; geo::DISTINCT);
    }
    let fp = Fp::default();
    let line = ops::line_through(&fp, a, b);
    fp.done()?;
    put(line.to_vec().into(), out);
    Ok(())
}

fn circle_poly(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let (n, c) = (args.first().map_or(0, |d| d.i32()), floats(args.get(1)));
    if geo::zero(at(&c, 2)) {
        bail!(FEATURE_NOT_SUPPORTED, "cannot convert circle with radius zero to polygon");
    }
    if n < 2 {
        bail!(INVALID_PARAMETER_VALUE, "must request at least 2 points");
    }
    if n >= i32::MAX / 16 - 2 {
        bail!(PROGRAM_LIMIT_EXCEEDED, "too many points requested");
    }
    if n > (0x3fff_ffff - 40) / 16 {
        return Err(tusklet_error::Error::internal(&format!("invalid memory alloc request size {}", i64::from(n) * 16 + 40)));
    }
    let fp = Fp::default();
    let v = ops::circle_poly(&fp, n, &c);
    fp.done()?;
    put(v.into(), out);
    Ok(())
}

fn path_poly(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    match args.first().map_or(&[][..], |d| d.bytes()).split_first() {
        Some((1, points)) => out.bytes(points),
        _ => bail!(INVALID_PARAMETER_VALUE, "open path cannot be converted to polygon"),
    }
    Ok(())
}

const PT: Wire = Wire::Floats(2);
const FOUR: Wire = Wire::Floats(4);
const THREE: Wire = Wire::Floats(3);

const IO: &[Entry] = &[
    ("point_in", reader!(point_in, a_point)),
    ("point_out", writer!("p")),
    ("point_recv", receiver!(PT, |v| Ok(a_point(v)))),
    ("point_send", sender!(PT)),
    ("line_in", reader!(line_in, Geo::Shape)),
    ("line_out", writer!("{n}")),
    ("line_recv", receiver!(THREE, line_recv)),
    ("line_send", sender!(THREE)),
    ("lseg_in", reader!(lseg_in, Geo::Shape)),
    ("lseg_out", writer!("[p]")),
    ("lseg_recv", receiver!(FOUR, |v| Ok(Geo::Shape(v)))),
    ("lseg_send", sender!(FOUR)),
    ("box_in", reader!(box_in, Geo::Shape)),
    ("box_out", writer!("p")),
    ("box_recv", receiver!(FOUR, |v| Ok(Geo::Shape(geo::boxed(pt(&v, 0), pt(&v, 1)).to_vec())))),
    ("box_send", sender!(FOUR)),
    ("path_in", reader!(path_in, Geo::Path)),
    ("path_out", writer!("")),
    ("path_recv", receiver!(Wire::Path, |v| Ok(Geo::Path(v)))),
    ("path_send", sender!(Wire::Path)),
    ("poly_in", reader!(poly_in, Geo::Shape)),
    ("poly_out", writer!("(p)")),
    ("poly_recv", receiver!(Wire::Polygon, |v| Ok(Geo::Shape(v)))),
    ("poly_send", sender!(Wire::Polygon)),
    ("circle_in", reader!(circle_in, Geo::Shape)),
    ("circle_out", writer!("<1,n>")),
    ("circle_recv", receiver!(THREE, circle_recv)),
    ("circle_send", sender!(THREE)),
];

const POINTS: &[Entry] = &[
    ("construct_point", g!(_, x, y => [at(x, 0), at(y, 0)])),
    ("point_eq", g!(_, a, b => same(pt(a, 0), pt(b, 0)))),
    ("point_ne", g!(_, a, b => !same(pt(a, 0), pt(b, 0)))),
    ("point_add", g!(m, a, b => ops::point_add(m, pt(a, 0), pt(b, 0)))),
    ("point_sub", g!(m, a, b => ops::point_sub(m, pt(a, 0), pt(b, 0)))),
    ("point_mul", g!(m, a, b => ops::point_mul(m, pt(a, 0), pt(b, 0)))),
    ("point_div", g!(m, a, b => ops::point_div(m, pt(a, 0), pt(b, 0)))),
    ("point_distance", g!(m, a, b => ops::centers(m, a, b))),
    ("point_slope", g!(m, a, b => ops::slope(m, [pt(a, 0), pt(b, 0)]))),
    ("point_left", g!(_, a, b => lt(at(a, 0), at(b, 0)))),
    ("point_right", g!(_, a, b => at(a, 0) > at(b, 0) + geo::EPSILON)),
    ("point_above", g!(_, a, b => at(a, 1) > at(b, 1) + geo::EPSILON)),
    ("point_below", g!(_, a, b => lt(at(a, 1), at(b, 1)))),
    ("point_vert", g!(_, a, b => eq(at(a, 0), at(b, 0)))),
    ("point_horiz", g!(_, a, b => eq(at(a, 1), at(b, 1)))),
    ("point_box", g!(_, a, _ => [a, a].concat())),
    ("on_pb", g!(on_pb)),
    ("on_pl", g!(on_pl)),
    ("on_ps", g!(m, p, s => ops::on_lseg(m, ops::lseg(s), pt(p, 0)))),
    ("on_ppath", g!(m, p, path => ops::on_path(m, pt(p, 0), path))),
    ("pt_contained_poly", g!(pt_contained_poly)),
    ("pt_contained_circle", g!(pt_contained_circle)),
    ("dist_pl", g!(dist_pl)),
    ("dist_lp", g!(swap dist_pl)),
    ("dist_ps", g!(dist_ps)),
    ("dist_sp", g!(swap dist_ps)),
    ("dist_pb", g!(dist_pb)),
    ("dist_bp", g!(swap dist_pb)),
    ("dist_ppath", g!(dist_ppath)),
    ("dist_pathp", g!(swap dist_ppath)),
    ("dist_ppoly", g!(dist_ppoly)),
    ("dist_polyp", g!(swap dist_ppoly)),
    ("dist_pc", g!(dist_pc)),
    ("dist_cpoint", g!(swap dist_pc)),
    ("close_pl", g!(m, p, l => closest(ops::close_pl(m, pt(p, 0), ops::line(l))))),
    ("close_ps", g!(m, p, s => closest(ops::close_ps(m, pt(p, 0), ops::lseg(s))))),
    ("close_pb", g!(m, p, b => closest(ops::close_pb(m, pt(p, 0), b)))),
];

const LINES: &[Entry] = &[
    ("line_construct_pp", Kernel::Scalar(line_construct)),
    ("line_intersect", g!(m, a, b => ops::meet(m, ops::line(a), ops::line(b)).is_some())),
    ("line_parallel", g!(m, a, b => ops::meet(m, ops::line(a), ops::line(b)).is_none())),
    ("line_perp", g!(m, a, b => ops::line_perp(m, ops::line(a), ops::line(b)))),
    ("line_vertical", g!(_, a, _ => geo::zero(at(a, 1)))),
    ("line_horizontal", g!(_, a, _ => geo::zero(at(a, 0)))),
    ("line_eq", g!(m, a, b => ops::line_eq(m, ops::line(a), ops::line(b)))),
    ("line_distance", g!(m, a, b => ops::line_distance(m, ops::line(a), ops::line(b)))),
    ("line_interpt", g!(m, a, b => ops::meet(m, ops::line(a), ops::line(b)))),
    ("inter_lb", g!(m, l, b => ops::line_meets_box(m, ops::line(l), b))),
    ("dist_ls", g!(swap dist_sl)),
    ("dist_sl", g!(dist_sl)),
    ("close_ls", g!(m, l, s => closest(ops::close_ls_sql(m, ops::line(l), ops::lseg(s))))),
];

const LSEGS: &[Entry] = &[
    ("lseg_construct", g!(_, a, b => [a, b].concat())),
    ("lseg_length", g!(m, a, _ => length(m, a))),
    ("lseg_intersect", g!(m, a, b => ops::lsegs_meet(m, ops::lseg(a), ops::lseg(b)).is_some())),
    ("lseg_parallel", g!(m, a, b => eq(ops::slope(m, ops::lseg(a)), ops::slope(m, ops::lseg(b))))),
    ("lseg_perp", g!(m, a, b => eq(ops::slope(m, ops::lseg(a)), ops::inverse_slope(m, ops::lseg(b))))),
    ("lseg_vertical", g!(_, a, _ => eq(at(a, 0), at(a, 2)))),
    ("lseg_horizontal", g!(_, a, _ => eq(at(a, 1), at(a, 3)))),
    ("lseg_eq", g!(_, a, b => lseg_same(a, b))),
    ("lseg_ne", g!(_, a, b => !lseg_same(a, b))),
    ("lseg_lt", g!(m, a, b => { let (a, b) = lengths(m, a, b); lt(a, b) })),
    ("lseg_le", g!(m, a, b => { let (a, b) = lengths(m, a, b); le(a, b) })),
    ("lseg_gt", g!(m, a, b => { let (a, b) = lengths(m, a, b); a > b + geo::EPSILON })),
    ("lseg_ge", g!(m, a, b => { let (a, b) = lengths(m, a, b); a + geo::EPSILON >= b })),
    ("lseg_distance", g!(m, a, b => ops::close_lseg(m, ops::lseg(a), ops::lseg(b)).0)),
    ("lseg_center", g!(m, a, _ => ops::middle(m, pt(a, 0), pt(a, 1)))),
    ("lseg_interpt", g!(m, a, b => ops::lsegs_meet(m, ops::lseg(a), ops::lseg(b)))),
    ("on_sl", g!(m, s, l => { let l = ops::line(l); ops::on_line(m, l, pt(s, 0)) && ops::on_line(m, l, pt(s, 1)) })),
    ("on_sb", g!(_, s, b => ops::box_has(b, pt(s, 0)) && ops::box_has(b, pt(s, 1)))),
    ("inter_sl", g!(m, s, l => ops::lseg_meets_line(m, ops::lseg(s), ops::line(l)).is_some())),
    ("inter_sb", g!(m, s, b => ops::lseg_meets_box(m, ops::lseg(s), b))),
    ("dist_sb", g!(dist_sb)),
    ("dist_bs", g!(swap dist_sb)),
    ("close_lseg", g!(m, a, b => {
        let (a, b) = (ops::lseg(a), ops::lseg(b));
        if ops::same_slope(m, a, b) { Geo::Null } else { closest(ops::close_lseg(m, b, a)) }
    })),
    ("close_sb", g!(m, s, b => closest(ops::close_sb(m, ops::lseg(s), b)))),
];

const BOXES: &[Entry] = &[
    ("points_box", g!(_, a, b => geo::boxed(pt(a, 0), pt(b, 0)).to_vec())),
    ("box_area", g!(m, a, _ => ops::box_area(m, a))),
    ("box_center", g!(m, a, _ => ops::middle(m, pt(a, 0), pt(a, 1)))),
    ("box_width", g!(m, a, _ => m.sub(at(a, 0), at(a, 2)))),
    ("box_height", g!(m, a, _ => m.sub(at(a, 1), at(a, 3)))),
    ("box_lt", g!(m, a, b => { let (a, b) = areas(m, a, b); lt(a, b) })),
    ("box_gt", g!(m, a, b => { let (a, b) = areas(m, a, b); a > b + geo::EPSILON })),
    ("box_le", g!(m, a, b => { let (a, b) = areas(m, a, b); le(a, b) })),
    ("box_ge", g!(m, a, b => { let (a, b) = areas(m, a, b); a + geo::EPSILON >= b })),
    ("box_eq", g!(m, a, b => { let (a, b) = areas(m, a, b); eq(a, b) })),
    ("box_same", g!(_, a, b => lseg_same(a, b))),
    ("box_overlap", g!(_, a, b => ops::box_overlap(a, b))),
    ("box_left", side!(Box, 0, 0)),
    ("box_overleft", side!(Box, 0, 1)),
    ("box_overright", side!(Box, 0, 2)),
    ("box_right", side!(Box, 0, 3)),
    ("box_below", side!(Box, 1, 0)),
    ("box_overbelow", side!(Box, 1, 1)),
    ("box_overabove", side!(Box, 1, 2)),
    ("box_above", side!(Box, 1, 3)),
    ("box_below_eq", g!(_, a, b => le(at(a, 1), at(b, 3)))),
    ("box_above_eq", g!(_, a, b => at(a, 3) + geo::EPSILON >= at(b, 1))),
    ("box_contain", g!(box_contain)),
    ("box_contained", g!(swap box_contain)),
    ("box_contain_pt", g!(swap on_pb)),
    ("box_distance", g!(m, a, b =>
        m.distance(ops::middle(m, pt(a, 0), pt(a, 1)), ops::middle(m, pt(b, 0), pt(b, 1))))),
    ("box_diagonal", g!(_, a, _ => a.to_vec())),
    ("box_intersect", g!(_, a, b => ops::box_intersect(a, b))),
    ("boxes_bound_box", g!(_, a, b => ops::bound_box(a, b))),
    ("box_add", g!(m, b, p => ops::box_each(m, ops::point_add, b, pt(p, 0)))),
    ("box_sub", g!(m, b, p => ops::box_each(m, ops::point_sub, b, pt(p, 0)))),
    ("box_mul", g!(m, b, p => ops::box_each(m, ops::point_mul, b, pt(p, 0)))),
    ("box_div", g!(m, b, p => ops::box_each(m, ops::point_div, b, pt(p, 0)))),
    ("box_circle", g!(m, b, _ => {
        let c = ops::middle(m, pt(b, 0), pt(b, 1));
        vec![c[0], c[1], m.distance(c, pt(b, 0))]
    })),
    ("box_poly", g!(_, b, _ => ops::box_poly(b))),
];

const PATHS: &[Entry] = &[
    ("path_isclosed", g!(_, a, _ => at(a, 0) != 0.0)),
    ("path_isopen", g!(_, a, _ => at(a, 0) == 0.0)),
    ("path_npoints", g!(_, a, _ => a.len() / 2)),
    ("path_open", g!(_, a, _ => Geo::Path([&[0.0], &a[1.min(a.len())..]].concat()))),
    ("path_close", g!(_, a, _ => Geo::Path([&[1.0], &a[1.min(a.len())..]].concat()))),
    ("path_area", g!(m, a, _ => ops::path_area(m, a))),
    ("path_length", g!(m, a, _ => ops::path_length(m, a))),
    ("path_inter", g!(m, a, b => ops::path_meets(m, a, b))),
    ("path_distance", g!(m, a, b => ops::path_distance(m, a, b))),
    ("path_n_lt", g!(_, a, b => { let (a, b) = path_lengths(a, b); a < b })),
    ("path_n_gt", g!(_, a, b => { let (a, b) = path_lengths(a, b); a > b })),
    ("path_n_eq", g!(_, a, b => { let (a, b) = path_lengths(a, b); a == b })),
    ("path_n_le", g!(_, a, b => { let (a, b) = path_lengths(a, b); a <= b })),
    ("path_n_ge", g!(_, a, b => { let (a, b) = path_lengths(a, b); a >= b })),
    ("path_add", g!(_, a, b => {
        let open = at(a, 0) == 0.0 && at(b, 0) == 0.0;
        if open { Geo::Path([a, &b[1.min(b.len())..]].concat()) } else { Geo::Null }
    })),
    ("path_add_pt", g!(m, a, p => path_each(m, ops::point_add, a, p))),
    ("path_sub_pt", g!(m, a, p => path_each(m, ops::point_sub, a, p))),
    ("path_mul_pt", g!(m, a, p => path_each(m, ops::point_mul, a, p))),
    ("path_div_pt", g!(m, a, p => path_each(m, ops::point_div, a, p))),
    ("path_poly", Kernel::Scalar(path_poly)),
];

const POLYGONS: &[Entry] = &[
    ("poly_npoints", g!(_, a, _ => a.len() / 2)),
    ("poly_path", g!(_, a, _ => Geo::Path(ops::closed(a)))),
    ("poly_box", g!(_, a, _ => bounds(a).to_vec())),
    ("spg_poly_quad_compress", g!(_, a, _ => bounds(a).to_vec())),
    ("poly_center", g!(m, a, _ => pt(&ops::poly_circle(m, a), 0))),
    ("poly_circle", g!(m, a, _ => ops::poly_circle(m, a))),
    ("poly_same", g!(_, a, b => ops::poly_same(a, b))),
    ("poly_overlap", g!(m, a, b => ops::poly_overlap(m, a, b))),
    ("poly_contain", g!(poly_contain)),
    ("poly_contained", g!(swap poly_contain)),
    ("poly_contain_pt", g!(swap pt_contained_poly)),
    ("poly_distance", g!(m, a, b => ops::poly_distance(m, a, b))),
    ("poly_left", side!(Polygon, 0, 0)),
    ("poly_overleft", side!(Polygon, 0, 1)),
    ("poly_overright", side!(Polygon, 0, 2)),
    ("poly_right", side!(Polygon, 0, 3)),
    ("poly_below", side!(Polygon, 1, 0)),
    ("poly_overbelow", side!(Polygon, 1, 1)),
    ("poly_overabove", side!(Polygon, 1, 2)),
    ("poly_above", side!(Polygon, 1, 3)),
];

const CIRCLES: &[Entry] = &[
    ("cr_circle", g!(_, p, r => [p, r].concat())),
    ("circle_area", g!(m, a, _ => ops::circle_area(m, a))),
    ("circle_radius", g!(_, a, _ => at(a, 2))),
    ("circle_diameter", g!(m, a, _ => m.mul(at(a, 2), 2.0))),
    ("circle_center", g!(_, a, _ => pt(a, 0))),
    ("circle_same", g!(_, a, b => ops::circle_same(a, b))),
    ("circle_eq", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); eq(a, b) })),
    ("circle_ne", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); a != b && (a - b).abs() > geo::EPSILON })),
    ("circle_lt", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); lt(a, b) })),
    ("circle_gt", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); a > b + geo::EPSILON })),
    ("circle_le", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); le(a, b) })),
    ("circle_ge", g!(m, a, b => { let (a, b) = circle_areas(m, a, b); a + geo::EPSILON >= b })),
    ("circle_left", side!(Circle, 0, 0)),
    ("circle_overleft", side!(Circle, 0, 1)),
    ("circle_overright", side!(Circle, 0, 2)),
    ("circle_right", side!(Circle, 0, 3)),
    ("circle_below", side!(Circle, 1, 0)),
    ("circle_overbelow", side!(Circle, 1, 1)),
    ("circle_overabove", side!(Circle, 1, 2)),
    ("circle_above", side!(Circle, 1, 3)),
    ("circle_overlap", g!(m, a, b => le(ops::centers(m, a, b), m.add(at(a, 2), at(b, 2))))),
    ("circle_contain", g!(m, a, b => le(ops::centers(m, a, b), m.sub(at(a, 2), at(b, 2))))),
    ("circle_contained", g!(m, a, b => le(ops::centers(m, a, b), m.sub(at(b, 2), at(a, 2))))),
    ("circle_contain_pt", g!(swap pt_contained_circle)),
    ("circle_distance", g!(m, a, b => ops::beyond(m, ops::centers(m, a, b), m.add(at(a, 2), at(b, 2))))),
    ("dist_cpoly", g!(dist_cpoly)),
    ("dist_polyc", g!(swap dist_cpoly)),
    ("circle_add_pt", g!(m, c, p => {
        let q = ops::point_add(m, pt(c, 0), pt(p, 0));
        vec![q[0], q[1], at(c, 2)]
    })),
    ("circle_sub_pt", g!(m, c, p => {
        let q = ops::point_sub(m, pt(c, 0), pt(p, 0));
        vec![q[0], q[1], at(c, 2)]
    })),
    ("circle_mul_pt", g!(m, c, p => {
        let q = ops::point_mul(m, pt(c, 0), pt(p, 0));
        vec![q[0], q[1], m.mul(at(c, 2), m.hypot(at(p, 0), at(p, 1)))]
    })),
    ("circle_div_pt", g!(m, c, p => {
        let q = ops::point_div(m, pt(c, 0), pt(p, 0));
        vec![q[0], q[1], m.div(at(c, 2), m.hypot(at(p, 0), at(p, 1)))]
    })),
    ("circle_box", g!(m, c, _ => {
        let d = m.div(at(c, 2), std::f64::consts::SQRT_2);
        vec![m.add(at(c, 0), d), m.add(at(c, 1), d), m.sub(at(c, 0), d), m.sub(at(c, 1), d)]
    })),
    ("circle_poly", Kernel::Scalar(circle_poly)),
];

pub const TABLES: &[&[Entry]] = &[IO, POINTS, LINES, LSEGS, BOXES, PATHS, POLYGONS, CIRCLES];
