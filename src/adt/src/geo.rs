//! Points, lines, segments, boxes, paths, polygons and circles.
//!
//! A shape is a slice of floats: `point` x y; `line` A B C; `lseg` two points; `box` the upper right corner, then the lower
//! left; `path` 1 when closed or 0, then its points; `polygon` its points; `circle` center and radius. What PostgreSQL
//! keeps beside them (a polygon's bounding box) is computed when asked for.
//!
//! Answers are PostgreSQL's to the last bit, so arithmetic goes in the order of its `geo_ops.c`. It checks every single
//! operation for overflow; here [`Fp`] notes the first one that fails and calculates on, and whoever called looks once at
//! the end. Comparisons allow a tolerance, [`EPSILON`].

use std::cell::Cell;

use tusklet_error::{Error, Result, err};

use crate::float::{cmp_float8, overflow, scan_float8, underflow, write_float8_extra};
use crate::int::{division_by_zero, is_space};

pub mod ops;

/// Coordinates closer than this are equal.
pub const EPSILON: f64 = 1e-6;

/// Where a shape lies in its plane.
pub type Point = [f64; 2];

/// Arithmetic that remembers its first failure: 1 overflow, 2 underflow, 3 division by zero.
#[derive(Default)]
pub struct Fp(Cell<u8>);

impl Fp {
    fn note(&self, code: u8) {
        if self.0.get() == 0 {
            self.0.set(code);
        }
    }

    /// Raises what failed.
    pub fn done(&self) -> Result<()> {
        match self.0.get() {
            0 => Ok(()),
            1 => Err(overflow()),
            2 => Err(underflow()),
            3 => Err(division_by_zero()),
            _ => Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")),
        }
    }

    fn finite(&self, r: f64, a: f64, b: f64) -> f64 {
        if r.is_infinite() && !a.is_infinite() && !b.is_infinite() {
            self.note(1);
        }
        r
    }

    /// Sum.
    pub fn add(&self, a: f64, b: f64) -> f64 {
        self.finite(a + b, a, b)
    }

    /// Difference.
    pub fn sub(&self, a: f64, b: f64) -> f64 {
        self.finite(a - b, a, b)
    }

    /// Product.
    pub fn mul(&self, a: f64, b: f64) -> f64 {
        let r = self.finite(a * b, a, b);
        if r == 0.0 && a != 0.0 && b != 0.0 {
            self.note(2);
        }
        r
    }

    /// Quotient.
    pub fn div(&self, a: f64, b: f64) -> f64 {
        if b == 0.0 && !a.is_nan() {
            self.note(3);
        }
        let r = self.finite(a / b, a, 0.0);
        if r == 0.0 && a != 0.0 && !b.is_infinite() {
            self.note(2);
        }
        r
    }

    /// The hypotenuse, as `pg_hypot` finds it.
    pub fn hypot(&self, x: f64, y: f64) -> f64 {
        if x.is_infinite() || y.is_infinite() {
            return f64::INFINITY;
        }
        if x.is_nan() || y.is_nan() {
            return f64::NAN;
        }
        let (x, y) = (x.abs(), y.abs());
        let (x, y) = if x < y { (y, x) } else { (x, y) };
        if y == 0.0 {
            return x;
        }
        let yx = y / x;
        let r = self.finite(x * (1.0 + yx * yx).sqrt(), x, y);
        if r == 0.0 {
            self.note(2);
        }
        r
    }

    /// The distance of two points.
    pub fn distance(&self, a: Point, b: Point) -> f64 {
        self.hypot(self.sub(a[0], b[0]), self.sub(a[1], b[1]))
    }
}

/// Equal within the tolerance.
pub fn eq(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EPSILON
}

/// Zero within the tolerance.
pub fn zero(a: f64) -> bool {
    a.abs() <= EPSILON
}

/// Less, by more than the tolerance.
pub fn lt(a: f64, b: f64) -> bool {
    a + EPSILON < b
}

/// Less or equal.
pub fn le(a: f64, b: f64) -> bool {
    a <= b + EPSILON
}

/// Less, NaN being the greatest.
pub fn less(a: f64, b: f64) -> bool {
    cmp_float8(a, b).is_lt()
}

/// Equal without tolerance, NaN equal to itself.
pub fn exact(a: f64, b: f64) -> bool {
    cmp_float8(a, b).is_eq()
}

/// The same point. Where NaN is, no tolerance is.
pub fn same(a: Point, b: Point) -> bool {
    let test = if (a[0] + a[1] + b[0] + b[1]).is_nan() && [a, b].concat().iter().any(|x| x.is_nan()) { exact } else { eq };
    test(a[0], b[0]) && test(a[1], b[1])
}

/// The `i`-th number of a shape; 0 where damaged bytes have none.
pub fn at(s: &[f64], i: usize) -> f64 {
    s.get(i).copied().unwrap_or(0.0)
}

/// The `i`-th point.
pub fn pt(s: &[f64], i: usize) -> Point {
    [at(s, 2 * i), at(s, 2 * i + 1)]
}

/// A box of two opposite corners.
pub fn boxed(a: Point, b: Point) -> [f64; 4] {
    let order = |i: usize| if less(b[i], a[i]) { (a[i], b[i]) } else { (b[i], a[i]) };
    let ((hx, lx), (hy, ly)) = (order(0), order(1));
    [hx, hy, lx, ly]
}

/// The bounding box of points.
pub fn bounds(points: &[f64]) -> [f64; 4] {
    let [x, y] = pt(points, 0);
    let mut b = [x, y, x, y];
    for i in 1..points.len() / 2 {
        let p = pt(points, i);
        for k in 0..2 {
            if less(p[k], b[k + 2]) {
                b[k + 2] = p[k];
            }
            if less(b[k], p[k]) {
                b[k] = p[k];
            }
        }
    }
    b
}

/// What reads a shape's text.
struct Reader<'a> {
    kind: &'static str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    #[cold]
    fn bad(&self) -> Error {
        err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {}: \"{}\""; self.kind, self.text)
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(r) => {
                self.rest = r;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, c: char) -> Result<()> {
        if self.eat(c) { Ok(()) } else { Err(self.bad()) }
    }

    fn end(&mut self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.bad()) }
    }

    fn number(&mut self) -> Result<f64> {
        let Some((v, rest)) = scan_float8(self.rest)? else { return Err(self.bad()) };
        self.rest = rest.trim_start_matches(is_space);
        Ok(v)
    }

    /// `x,y` or `(x,y)`.
    fn pair(&mut self, out: &mut Vec<f64>) -> Result<()> {
        self.spaces();
        let open = self.eat('(');
        out.push(self.number()?);
        self.need(',')?;
        out.push(self.number()?);
        if open {
            self.need(')')?;
            self.spaces();
        }
        Ok(())
    }

    /// Whether a second parenthesis follows the first, or the first one is the only one.
    fn wraps(&self, alone: bool) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('(')?.trim_start_matches(is_space);
        (inner.starts_with('(') || (alone && self.rest.rfind('(') == Some(0))).then_some(inner)
    }

    /// So many points, with brackets around them or not (`path_decode`). True when the brackets are square.
    fn points(&mut self, square: bool, count: usize, out: &mut Vec<f64>) -> Result<bool> {
        self.spaces();
        let mut depth = 0;
        let open = self.eat('[');
        if open {
            if !square {
                return Err(self.bad());
            }
            depth = 1;
        } else if let Some(inner) = self.wraps(true) {
            (depth, self.rest) = (1, inner);
        }
        for _ in 0..count {
            self.pair(out)?;
            self.eat(',');
        }
        self.spaces();
        if depth == 1 {
            if !(self.eat(')') || (open && self.eat(']'))) {
                return Err(self.bad());
            }
            self.spaces();
        }
        Ok(open)
    }
}

fn read<'a>(kind: &'static str, text: &'a str) -> Reader<'a> {
    Reader { kind, text, rest: text }
}

/// Reads a `point`.
pub fn point_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("point", text), Vec::new());
    r.pair(&mut v)?;
    r.end()?;
    Ok(v)
}

/// Reads a `box`.
pub fn box_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("box", text), Vec::new());
    r.points(false, 2, &mut v)?;
    r.end()?;
    Ok(boxed(pt(&v, 0), pt(&v, 1)).to_vec())
}

/// Reads an `lseg`.
pub fn lseg_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("lseg", text), Vec::new());
    r.points(true, 2, &mut v)?;
    r.end()?;
    Ok(v)
}

/// Reads a `line`: `{A,B,C}` or two points.
pub fn line_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("line", text), Vec::new());
    r.spaces();
    if !r.eat('{') {
        r.points(true, 2, &mut v)?;
        r.end()?;
        let fp = Fp::default();
        let line = ops::line_through(&fp, pt(&v, 0), pt(&v, 1));
        if same(pt(&v, 0), pt(&v, 1)) {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "{DISTINCT}"));
        }
        fp.done()?;
        return Ok(line.to_vec());
    }
    for end in [',', ',', '}'] {
        v.push(r.number()?);
        r.need(end)?;
    }
    r.spaces();
    r.end()?;
    if zero(v[0]) && zero(v[1]) {
        return Err(err!(INVALID_TEXT_REPRESENTATION, "{BOTH_ZERO}"));
    }
    Ok(v)
}

/// What two equal points cannot give.
pub const DISTINCT: &str = "invalid line specification: must be two distinct points";
/// What is no line.
pub const BOTH_ZERO: &str = "invalid line specification: A and B cannot both be zero";

/// How many points the commas of a text promise (`pair_count`).
fn pairs(r: &Reader<'_>) -> Result<usize> {
    let commas = r.text.bytes().filter(|c| *c == b',').count();
    if commas % 2 == 1 { Ok(commas.div_ceil(2)) } else { Err(r.bad()) }
}

/// Reads a `path`.
pub fn path_in(text: &str) -> Result<Vec<f64>> {
    let mut r = read("path", text);
    let count = pairs(&r)?;
    r.spaces();
    let outer = r.rest.rfind('(') == Some(0) && r.eat('(');
    let mut v = vec![0.0];
    v[0] = if r.points(true, count, &mut v)? { 0.0 } else { 1.0 };
    if outer {
        r.need(')')?;
        r.spaces();
    }
    r.end()?;
    Ok(v)
}

/// Reads a `polygon`.
pub fn poly_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("polygon", text), Vec::new());
    let count = pairs(&r)?;
    r.points(false, count, &mut v)?;
    r.end()?;
    Ok(v)
}

/// Reads a `circle`.
pub fn circle_in(text: &str) -> Result<Vec<f64>> {
    let (mut r, mut v) = (read("circle", text), Vec::new());
    r.spaces();
    let mut depth = r.eat('<');
    if !depth && let Some(inner) = r.wraps(false) {
        (depth, r.rest) = (true, inner);
    }
    r.pair(&mut v)?;
    r.eat(',');
    v.push(r.number()?);
    if v[2] < 0.0 {
        return Err(r.bad());
    }
    if depth {
        if !(r.eat(')') || r.eat('>')) {
            return Err(r.bad());
        }
        r.spaces();
    }
    r.end()?;
    Ok(v)
}

fn numbers(v: &[f64], extra: i32, out: &mut String) {
    for (i, x) in v.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_float8_extra(*x, extra, out);
    }
}

/// Writes a shape under the session's `extra_float_digits`. `form` says how: its letters are written as they are, `p` is a
/// list of all points left, `1` a single point, `n` the numbers left.
pub fn write(v: &[f64], form: &str, extra: i32, out: &mut String) {
    let mut rest = v;
    for c in form.chars() {
        match c {
            'p' | '1' => {
                let take = if c == '1' { 2.min(rest.len()) } else { rest.len() };
                let (points, after) = rest.split_at(take);
                for (i, p) in points.chunks(2).enumerate() {
                    out.push_str(if i > 0 { ",(" } else { "(" });
                    numbers(p, extra, out);
                    out.push(')');
                }
                rest = after;
            }
            'n' => numbers(rest, extra, out),
            _ => out.push(c),
        }
    }
}

/// A shape's stored bytes: its floats, little-endian. Of a path's first number there is one byte.
pub fn to_bytes(v: &[f64], path: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(v.len() * 8);
    let mut v = v;
    if path {
        out.push(at(v, 0) as u8);
        v = v.get(1..).unwrap_or_default();
    }
    v.iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    out
}

/// Reads stored bytes.
pub fn from_bytes(b: &[u8]) -> Vec<f64> {
    let mut out = Vec::with_capacity(b.len() / 8 + 1);
    let mut b = b;
    if let (1, Some((first, rest))) = (b.len() % 8, b.split_first()) {
        out.push(f64::from(*first));
        b = rest;
    }
    out.extend(b.chunks_exact(8).map(|c| f64::from_le_bytes(<[u8; 8]>::try_from(c).unwrap_or_default())));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_read_and_write() {
        let show = |s: &str| {
            point_in(s).map(|v| {
                let mut out = String::new();
                write(&v, "p", 1, &mut out);
                out
            })
        };
        assert_eq!(show(" ( 1.5 , -2e3 ) ").unwrap(), "(1.5,-2000)");
        assert_eq!(show("1,2").unwrap(), "(1,2)");
        assert_eq!(show("(1,2").unwrap_err().message(), "invalid input syntax for type point: \"(1,2\"");
    }

    #[test]
    fn stored_bytes_read_back() {
        for v in [vec![1.0, 2.0], vec![1.0, 0.5, f64::INFINITY, -0.0, 3.0]] {
            let path = v.len() % 2 == 1;
            assert_eq!(from_bytes(&to_bytes(&v, path)), v);
        }
    }
}
