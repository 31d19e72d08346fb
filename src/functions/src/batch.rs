//! Loops over columns. Everything here is monomorphised, so only the hot list uses it; one shape of each loop is a plain
//! counted loop over slices, which the compiler turns into SIMD.
//!
//! Rows that are NULL hold values nobody may look at, and are computed along with the others. A check that fails only
//! marks the batch; the rows are then looked at again one by one to find the first that really raises.

use std::cmp::Ordering;

use tusklet_error::Result;
use tusklet_vector::kernel::BatchFn;
use tusklet_vector::{Bitmap, BytesColumn, Call, Column, Sel, Vector, View};

/// An element of a fixed-width column.
pub trait Elem: Copy + Default + 'static {
    /// The values.
    fn col(v: &Vector) -> &[Self];
    /// The values, to write.
    fn col_mut(v: &mut Vector) -> &mut [Self];
}

macro_rules! elem {
    ($($t:ty, $get:ident, $get_mut:ident);*) => {$(
        impl Elem for $t {
            #[inline]
            fn col(v: &Vector) -> &[$t] { v.$get() }
            #[inline]
            fn col_mut(v: &mut Vector) -> &mut [$t] { v.$get_mut() }
        }
    )*};
}

elem!(u8, bools, bools_mut; i16, i16s, i16s_mut; i32, i32s, i32s_mut; i64, i64s, i64s_mut; f32, f32s, f32s_mut; f64, f64s, f64s_mut; [u8; 16], fixed16s, fixed16s_mut);

/// How many rows to compute when that is all of them: a column that is mostly selected is done faster as a whole. What is
/// computed for the others nobody looks at.
#[inline]
fn whole(sel: &Sel, rows: usize) -> Option<usize> {
    match sel {
        Sel::All(n) => Some(*n),
        Sel::Rows(r) => (r.len() > rows / 8).then_some(rows),
    }
}

/// `out = f(a)`.
#[inline(always)]
pub fn map1<A: Elem, R: Elem>(args: &[&Vector], sel: &Sel, out: &mut Vector, mut f: impl FnMut(A) -> R) {
    let [x, ..] = args else { return };
    let a = A::col(x);
    let r = R::col_mut(out);
    match (whole(sel, r.len()), x.constant) {
        (Some(n), false) => {
            for (r, a) in r.iter_mut().zip(a).take(n) {
                *r = f(*a);
            }
        }
        _ => {
            let sa = !x.constant as usize;
            sel.each(|i| r[i] = f(a[i * sa]));
        }
    }
}

/// `out = f(a, b)`.
#[inline(always)]
pub fn map2<A: Elem, B: Elem, R: Elem>(args: &[&Vector], sel: &Sel, out: &mut Vector, mut f: impl FnMut(A, B) -> R) {
    let [x, y, ..] = args else { return };
    let (a, b) = (A::col(x), B::col(y));
    let r = R::col_mut(out);
    match (whole(sel, r.len()), x.constant, y.constant) {
        (Some(n), false, false) => {
            for ((r, a), b) in r.iter_mut().zip(a).zip(b).take(n) {
                *r = f(*a, *b);
            }
        }
        (Some(n), false, true) => {
            let b = b.first().copied().unwrap_or_default();
            for (r, a) in r.iter_mut().zip(a).take(n) {
                *r = f(*a, b);
            }
        }
        (Some(n), true, false) => {
            let a = a.first().copied().unwrap_or_default();
            for (r, b) in r.iter_mut().zip(b).take(n) {
                *r = f(a, *b);
            }
        }
        _ => {
            let (sa, sb) = (!x.constant as usize, !y.constant as usize);
            sel.each(|i| r[i] = f(a[i * sa], b[i * sb]));
        }
    }
}

/// Runs `f` for each selected row whose result is not NULL already, in order; the first error names its row.
#[inline(always)]
pub fn rows(
    call: &mut Call<'_>,
    sel: &Sel,
    out: &mut Vector,
    mut f: impl FnMut(&mut Vector, usize) -> Result<()>,
) -> Result<()> {
    let checked = !out.validity.is_all_set();
    for i in sel.iter() {
        if checked && !out.validity.get(i) {
            continue;
        }
        if let Err(e) = f(out, i) {
            call.row = i;
            return Err(e);
        }
    }
    Ok(())
}

/// `out = f(a)` where `f` may raise.
#[inline(always)]
pub fn try1<A: Elem, R: Elem>(
    call: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    f: impl Fn(A) -> Result<R>,
) -> Result<()> {
    let [x, ..] = args else { return Ok(()) };
    let (a, sa) = (A::col(x), !x.constant as usize);
    rows(call, sel, out, |out, i| {
        R::col_mut(out)[i] = f(a[i * sa])?;
        Ok(())
    })
}

/// `out = f(a, b)` where `f` may raise.
#[inline(always)]
pub fn try2<A: Elem, B: Elem, R: Elem>(
    call: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    f: impl Fn(A, B) -> Result<R>,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let (a, b) = (A::col(x), B::col(y));
    let (sa, sb) = (!x.constant as usize, !y.constant as usize);
    rows(call, sel, out, |out, i| {
        R::col_mut(out)[i] = f(a[i * sa], b[i * sb])?;
        Ok(())
    })
}

/// `out = fast(a, b)` unless some row's mark is negative, then `exact` decides who raises.
#[inline(always)]
pub fn checked2<A: Elem, B: Elem, R: Elem, M: Copy + Default + PartialOrd + std::ops::BitOrAssign>(
    call: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    fast: impl Fn(A, B) -> (R, M),
    exact: impl Fn(A, B) -> Result<R>,
) -> Result<()> {
    let mut marks = M::default();
    map2::<A, B, R>(args, sel, out, |a, b| {
        let (r, m) = fast(a, b);
        marks |= m;
        r
    });
    if marks < M::default() { try2(call, args, sel, out, exact) } else { Ok(()) }
}

/// Runs a kernel of two arguments of one type on numbers of two widths.
#[cfg_attr(tuned, optimize(speed))]
pub fn widened(call: &mut Call<'_>, args: &[&Vector], sel: &Sel, out: &mut Vector, f: BatchFn) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let (a, b) = (widen(x, y), widen(y, x));
    f(call, &[a.as_ref().unwrap_or(x), b.as_ref().unwrap_or(y)], sel, out)
}

/// The values of `v` in the type of `wide`, when that is the wider one. Which rows are NULL is the result's business.
#[cfg_attr(tuned, optimize(speed))]
fn widen(v: &Vector, wide: &Vector) -> Option<Vector> {
    let data = match (&v.data, &wide.data) {
        (Column::I16(v), Column::I32(_)) => Column::I32(v.iter().map(|&x| x.into()).collect()),
        (Column::I16(v), Column::I64(_)) => Column::I64(v.iter().map(|&x| x.into()).collect()),
        (Column::I32(v), Column::I64(_)) => Column::I64(v.iter().map(|&x| x.into()).collect()),
        (Column::F32(v), Column::F64(_)) => Column::F64(v.iter().map(|&x| x.into()).collect()),
        _ => return None,
    };
    Some(Vector { data, validity: Bitmap::all_set(), constant: v.constant })
}

/// Which orders make a comparison true: [`LT`] and its kin.
pub type Orders = u8;

/// `<`.
pub const LT: Orders = 1;
/// `=`.
pub const EQ: Orders = 2;
/// `>`.
pub const GT: Orders = 4;

/// Whether `orders` has `order`.
#[inline]
pub fn is(orders: Orders, order: Ordering) -> bool {
    orders >> (order as i8 + 1) & 1 == 1
}

/// Compares byte strings, to a boolean.
#[inline(always)]
pub fn compare(
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    orders: Orders,
    cmp: impl Fn(&BytesColumn, usize, &BytesColumn, usize) -> Ordering,
) {
    let [x, y, ..] = args else { return };
    let (Some(a), Some(b)) = (x.bytes(), y.bytes()) else { return };
    let r = out.bools_mut();
    let (sa, sb) = (!x.constant as usize, !y.constant as usize);
    for i in sel.iter() {
        r[i] = is(orders, cmp(a, i * sa, b, i * sb)) as u8;
    }
}

/// Order of byte strings, from their first bytes where those decide.
#[inline]
pub fn bytes_cmp(a: &BytesColumn, i: usize, b: &BytesColumn, j: usize) -> Ordering {
    let (x, y) = (&a.views()[i], &b.views()[j]);
    let order = u32::from_be_bytes(x.prefix()).cmp(&u32::from_be_bytes(y.prefix()));
    if order.is_ne() {
        return order;
    }
    if x.len() > View::INLINE || y.len() > View::INLINE {
        return a.get(i).cmp(b.get(j));
    }
    let ((p, q), (r, s)) = (x.words(), y.words());
    (p.swap_bytes(), q.swap_bytes(), x.len()).cmp(&(r.swap_bytes(), s.swap_bytes(), y.len()))
}

#[inline]
fn same(a: &BytesColumn, i: usize, x: &View, b: &BytesColumn, j: usize, y: &View) -> bool {
    if x.len() != y.len() {
        false
    } else if x.len() <= View::INLINE {
        x == y
    } else {
        a.get(i) == b.get(j)
    }
}

/// Equality of byte strings, from lengths and prefixes where those decide.
#[cfg_attr(tuned, optimize(speed))]
pub fn bytes_eq(args: &[&Vector], sel: &Sel, out: &mut Vector, negate: bool) {
    let [x, y, ..] = args else { return };
    let (Some(a), Some(b)) = (x.bytes(), y.bytes()) else { return };
    let (va, vb) = (a.views(), b.views());
    let r = out.bools_mut();
    if let (true, Some(w)) = (y.constant, vb.first()) {
        // A short constant compares as sixteen bytes, no memory is followed.
        if w.len() <= View::INLINE && !x.constant {
            match sel {
                Sel::All(n) => {
                    for (r, v) in r.iter_mut().zip(va).take(*n) {
                        *r = ((v == w) != negate) as u8;
                    }
                }
                Sel::Rows(rows) => rows.iter().for_each(|i| r[*i as usize] = ((va[*i as usize] == *w) != negate) as u8),
            }
            return;
        }
    }
    let (sa, sb) = (!x.constant as usize, !y.constant as usize);
    for i in sel.iter() {
        let (p, q) = (i * sa, i * sb);
        r[i] = (same(a, p, &va[p], b, q, &vb[q]) != negate) as u8;
    }
}
