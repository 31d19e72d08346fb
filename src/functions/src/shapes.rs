//! Geometry beyond `point`: reading, writing and the simple operators. A shape is stored as its floats, little-endian; a
//! path has a byte in front, 1 when it is closed. A box is its upper right and its lower left corner.

use tusklet_adt::float::{float8, parse_float8, write_float8};
use tusklet_adt::geo::{point_distance, point_from_bytes, point_to_bytes};
use tusklet_error::{Result, bail, err};

use crate::bind::Entry;

const EPSILON: f64 = 1e-6;

fn floats(b: &[u8]) -> Vec<f64> {
    b.chunks_exact(8).map(|c| f64::from_le_bytes(<[u8; 8]>::try_from(c).unwrap_or_default())).collect()
}

/// The first `N` floats of a shape.
fn of<const N: usize>(b: &[u8]) -> [f64; N] {
    let mut out = [0.0; N];
    out.iter_mut().zip(floats(b)).for_each(|(o, v)| *o = v);
    out
}

fn pack(v: &[f64]) -> Vec<u8> {
    v.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn eq(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EPSILON || (a.is_nan() && b.is_nan())
}

fn lt(a: f64, b: f64) -> bool {
    a + EPSILON < b
}

fn le(a: f64, b: f64) -> bool {
    a <= b + EPSILON
}

fn bad(ty: &str, text: &str) -> tusklet_error::Error {
    err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {ty}: \"{text}\"")
}

fn number(ty: &str, text: &str, s: &str) -> Result<f64> {
    parse_float8(s).map_err(|e| if e.message().contains("out of range") { e } else { bad(ty, text) })
}

/// The numbers of a text whose brackets nest rightly, and whether the outermost are square.
fn numbers(ty: &str, text: &str) -> Result<(Vec<f64>, bool)> {
    let t = text.trim();
    let (mut depth, mut square) = (0usize, false);
    for (i, c) in t.char_indices() {
        match c {
            '(' | '<' => depth += 1,
            '[' if i == 0 => (depth, square) = (depth + 1, true),
            ')' | '>' | ']' => depth = depth.checked_sub(1).ok_or_else(|| bad(ty, text))?,
            '[' => return Err(bad(ty, text)),
            _ => {}
        }
    }
    if depth != 0 || square != t.ends_with(']') || t.contains('<') != t.ends_with('>') {
        return Err(bad(ty, text));
    }
    let mut out = Vec::new();
    for part in t.split(',') {
        // Brackets open before a number and close after one.
        let s = part.trim_start_matches(|c: char| c.is_ascii_whitespace() || "([<".contains(c));
        let s = s.trim_end_matches(|c: char| c.is_ascii_whitespace() || ")]>".contains(c));
        out.push(number(ty, text, s)?);
    }
    Ok((out, square))
}

fn exactly<const N: usize>(ty: &str, text: &str) -> Result<([f64; N], bool)> {
    let (v, square) = numbers(ty, text)?;
    Ok((<[f64; N]>::try_from(v).map_err(|_| bad(ty, text))?, square))
}

fn points(ty: &str, text: &str) -> Result<(Vec<f64>, bool)> {
    let (v, square) = numbers(ty, text)?;
    if v.len() % 2 != 0 {
        return Err(bad(ty, text));
    }
    Ok((v, square))
}

fn write_points(v: &[f64], open: &str, close: &str) -> String {
    let mut out = open.to_owned();
    for (i, p) in v.chunks_exact(2).enumerate() {
        out.push_str(if i > 0 { ",(" } else { "(" });
        write_float8(p[0], &mut out);
        out.push(',');
        write_float8(p[1], &mut out);
        out.push(')');
    }
    out + close
}

fn plain(v: &[f64], open: &str, close: &str) -> String {
    let mut out = open.to_owned();
    for (i, x) in v.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_float8(*x, &mut out);
    }
    out + close
}

/// A box of two corners; NaN counts as the greatest.
fn boxed(x1: f64, y1: f64, x2: f64, y2: f64) -> Vec<u8> {
    let order = |a: f64, b: f64| if tusklet_adt::float::cmp_float8(a, b).is_gt() { (a, b) } else { (b, a) };
    let ((hx, lx), (hy, ly)) = (order(x1, x2), order(y1, y2));
    pack(&[hx, hy, lx, ly])
}

fn line_in(text: &str) -> Result<Vec<u8>> {
    let Some(body) = text.trim().strip_prefix('{') else {
        let ([x1, y1, x2, y2], _) = exactly::<4>("line", text)?;
        if eq(x1, x2) && eq(y1, y2) {
            bail!(INVALID_TEXT_REPRESENTATION, "invalid line specification: must be two distinct points");
        }
        return line_through(x1, y1, x2, y2);
    };
    let body = body.strip_suffix('}').ok_or_else(|| bad("line", text))?;
    let v = body.split(',').map(|s| number("line", text, s)).collect::<Result<Vec<f64>>>()?;
    let [a, b, c] = <[f64; 3]>::try_from(v).map_err(|_| bad("line", text))?;
    if eq(a, 0.0) && eq(b, 0.0) {
        bail!(INVALID_TEXT_REPRESENTATION, "invalid line specification: A and B cannot both be zero");
    }
    Ok(pack(&[a, b, c]))
}

fn line_through(x1: f64, y1: f64, x2: f64, y2: f64) -> Result<Vec<u8>> {
    if eq(x1, x2) {
        return Ok(pack(&[-1.0, 0.0, x1]));
    }
    if eq(y1, y2) {
        return Ok(pack(&[0.0, -1.0, y1]));
    }
    let m = float8::div(float8::sub(y1, y2)?, float8::sub(x1, x2)?)?;
    let c = float8::sub(y1, float8::mul(m, x1)?)?;
    // Not minus zero.
    Ok(pack(&[m, -1.0, if c == 0.0 { 0.0 } else { c }]))
}

fn path_in(text: &str) -> Result<Vec<u8>> {
    let (v, open) = points("path", text)?;
    let mut out = vec![u8::from(!open)];
    out.extend(pack(&v));
    Ok(out)
}

fn path_out(b: &[u8]) -> String {
    let (closed, rest) = b.split_first().unwrap_or((&1, &[]));
    if *closed == 1 { write_points(&floats(rest), "(", ")") } else { write_points(&floats(rest), "[", "]") }
}

fn area(b: &[u8]) -> f64 {
    let [hx, hy, lx, ly] = of(b);
    (hx - lx) * (hy - ly)
}

fn center(b: &[u8]) -> [u8; 16] {
    let [hx, hy, lx, ly] = of(b);
    point_to_bytes((hx + lx) / 2.0, (hy + ly) / 2.0)
}

fn circle_area(b: &[u8]) -> f64 {
    let [_, _, r] = of(b);
    r * r * std::f64::consts::PI
}

/// A comparison of two boxes' corners.
macro_rules! boxes {
    ([$ahx:ident, $ahy:ident, $alx:ident, $aly:ident], [$bhx:ident, $bhy:ident, $blx:ident, $bly:ident] => $e:expr) => {
        f!(a: &[u8], b: &[u8] => {
            let ([$ahx, $ahy, $alx, $aly], [$bhx, $bhy, $blx, $bly]) = (of::<4>(a), of::<4>(b));
            let _ = ($ahx, $ahy, $alx, $aly, $bhx, $bhy, $blx, $bly);
            $e
        })
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("box_in", f!(a: &str => {
        let ([x1, y1, x2, y2], square) = exactly::<4>("box", a)?;
        if square {
            return Err(bad("box", a));
        }
        boxed(x1, y1, x2, y2)
    })),
    ("box_out", f!(a: &[u8] => write_points(&floats(a), "", ""))),
    ("points_box", f!(a: [u8; 16], b: [u8; 16] => {
        let ((x1, y1), (x2, y2)) = (point_from_bytes(&a), point_from_bytes(&b));
        boxed(x1, y1, x2, y2)
    })),
    ("point_box", f!(a: [u8; 16] => {
        let (x, y) = point_from_bytes(&a);
        boxed(x, y, x, y)
    })),
    ("box_area", f!(a: &[u8] => area(a))),
    ("box_center", f!(a: &[u8] => center(a))),
    ("box_width", f!(a: &[u8] => { let [hx, _, lx, _] = of(a); hx - lx })),
    ("box_height", f!(a: &[u8] => { let [_, hy, _, ly] = of(a); hy - ly })),
    ("box_lt", f!(a: &[u8], b: &[u8] => lt(area(a), area(b)))),
    ("box_gt", f!(a: &[u8], b: &[u8] => lt(area(b), area(a)))),
    ("box_le", f!(a: &[u8], b: &[u8] => le(area(a), area(b)))),
    ("box_ge", f!(a: &[u8], b: &[u8] => le(area(b), area(a)))),
    ("box_eq", f!(a: &[u8], b: &[u8] => eq(area(a), area(b)))),
    ("box_same", boxes!([a, b, c, d], [e, f, g, h] => eq(a, e) && eq(b, f) && eq(c, g) && eq(d, h))),
    ("box_overlap", boxes!([a, b, c, d], [e, f, g, h] => le(c, e) && le(g, a) && le(d, f) && le(h, b))),
    ("box_left", boxes!([a, b, c, d], [e, f, g, h] => lt(a, g))),
    ("box_right", boxes!([a, b, c, d], [e, f, g, h] => lt(e, c))),
    ("box_overleft", boxes!([a, b, c, d], [e, f, g, h] => le(a, e))),
    ("box_overright", boxes!([a, b, c, d], [e, f, g, h] => le(g, c))),
    ("box_below", boxes!([a, b, c, d], [e, f, g, h] => lt(b, h))),
    ("box_above", boxes!([a, b, c, d], [e, f, g, h] => lt(f, d))),
    ("box_overbelow", boxes!([a, b, c, d], [e, f, g, h] => le(b, f))),
    ("box_overabove", boxes!([a, b, c, d], [e, f, g, h] => le(h, d))),
    ("box_contain", boxes!([a, b, c, d], [e, f, g, h] => le(e, a) && le(c, g) && le(f, b) && le(d, h))),
    ("box_contained", boxes!([a, b, c, d], [e, f, g, h] => le(a, e) && le(g, c) && le(b, f) && le(h, d))),
    ("box_distance", boxes!([a, b, c, d], [e, f, g, h] =>
        point_distance(((a + c) / 2.0, (b + d) / 2.0), ((e + g) / 2.0, (f + h) / 2.0)))),
    ("lseg_in", f!(a: &str => pack(&exactly::<4>("lseg", a)?.0))),
    ("lseg_out", f!(a: &[u8] => write_points(&floats(a), "[", "]"))),
    ("lseg_construct", f!(a: [u8; 16], b: [u8; 16] => [a, b].concat())),
    ("lseg_length", f!(a: &[u8] => { let [x1, y1, x2, y2] = of(a); point_distance((x1, y1), (x2, y2)) })),
    ("line_in", f!(a: &str => line_in(a)?)),
    ("line_out", f!(a: &[u8] => plain(&floats(a), "{", "}"))),
    ("line_construct_pp", f!(a: [u8; 16], b: [u8; 16] => {
        let ((x1, y1), (x2, y2)) = (point_from_bytes(&a), point_from_bytes(&b));
        if eq(x1, x2) && eq(y1, y2) {
            bail!(INVALID_PARAMETER_VALUE, "invalid line specification: must be two distinct points");
        }
        line_through(x1, y1, x2, y2)?
    })),
    ("circle_in", f!(a: &str => {
        let (v, square) = exactly::<3>("circle", a)?;
        if square || v[2] < 0.0 {
            return Err(bad("circle", a));
        }
        pack(&v)
    })),
    ("circle_out", f!(a: &[u8] => {
        let [x, y, r] = of(a);
        plain(&[r], &write_points(&[x, y], "<", ","), ">")
    })),
    ("cr_circle", f!(a: [u8; 16], r: f64 => {
        let (x, y) = point_from_bytes(&a);
        pack(&[x, y, r])
    })),
    ("circle_area", f!(a: &[u8] => circle_area(a))),
    ("circle_radius", f!(a: &[u8] => { let [_, _, r] = of(a); r })),
    ("circle_diameter", f!(a: &[u8] => { let [_, _, r] = of(a); r * 2.0 })),
    ("circle_center", f!(a: &[u8] => { let [x, y, _] = of(a); point_to_bytes(x, y) })),
    ("circle_eq", f!(a: &[u8], b: &[u8] => eq(circle_area(a), circle_area(b)))),
    ("circle_ne", f!(a: &[u8], b: &[u8] => !eq(circle_area(a), circle_area(b)))),
    ("circle_lt", f!(a: &[u8], b: &[u8] => lt(circle_area(a), circle_area(b)))),
    ("circle_gt", f!(a: &[u8], b: &[u8] => lt(circle_area(b), circle_area(a)))),
    ("circle_le", f!(a: &[u8], b: &[u8] => le(circle_area(a), circle_area(b)))),
    ("circle_ge", f!(a: &[u8], b: &[u8] => le(circle_area(b), circle_area(a)))),
    ("path_in", f!(a: &str => path_in(a)?)),
    ("path_out", f!(a: &[u8] => path_out(a))),
    ("path_isclosed", f!(a: &[u8] => a.first() == Some(&1))),
    ("path_isopen", f!(a: &[u8] => a.first() != Some(&1))),
    ("path_npoints", f!(a: &[u8] => (a.len() / 16) as i32)),
    ("path_open", f!(a: &[u8] => [&[0], a.get(1..).unwrap_or_default()].concat())),
    ("path_close", f!(a: &[u8] => [&[1], a.get(1..).unwrap_or_default()].concat())),
    ("poly_in", f!(a: &str => {
        let (v, open) = points("polygon", a)?;
        if open {
            return Err(bad("polygon", a));
        }
        pack(&v)
    })),
    ("poly_out", f!(a: &[u8] => write_points(&floats(a), "(", ")"))),
    ("poly_npoints", f!(a: &[u8] => (a.len() / 16) as i32)),
    ("path_poly", f!(a: &[u8] => match a.split_first() {
        Some((1, points)) => points,
        _ => bail!(INVALID_PARAMETER_VALUE, "open path cannot be converted to polygon"),
    })),
    ("poly_path", f!(a: &[u8] => [&[1], a].concat())),
]];
