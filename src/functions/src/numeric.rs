//! `numeric`.

use std::cmp::Ordering;

use tusklet_adt::float;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::numeric_small::{self as small, Quick};
use tusklet_error::{Result, bail};
use tusklet_vector::{BytesColumn, Call, Column, Datum, Kernel, Out, Sel, Vector, View};

use crate::batch::{EQ, GT, LT, Orders, compare, is, rows};
use crate::bind::{Entry, Ret, written};

type Args<'a, 'b> = &'a [&'b Vector];
type Exact = fn(&Numeric, &Numeric) -> Result<Numeric>;

/// What has a fast form, on numbers in views and on stored bytes.
#[derive(Clone, Copy)]
enum Op {
    Add,
    Sub,
    Mul,
    None,
}

impl Op {
    #[inline(always)]
    fn quick(self, a: Quick, b: Quick) -> Option<Quick> {
        match self {
            Op::Mul => small::quick_mul(a, b),
            Op::None => None,
            _ => small::quick_add(a, b, matches!(self, Op::Sub)),
        }
    }

    #[inline]
    fn small(self, a: &[u8], b: &[u8]) -> Option<([u8; 18], usize)> {
        match self {
            Op::Mul => small::mul(a, b),
            Op::None => None,
            _ => small::add(a, b, matches!(self, Op::Sub)),
        }
    }
}

/// The number of row `i` when its view holds a small one.
#[inline(always)]
pub fn quick(a: &BytesColumn, i: usize) -> Option<Quick> {
    let v = &a.views()[i];
    let (lo, hi) = v.words();
    small::quick(v.len(), lo, hi)
}

/// Runs the fast forms, the exact one where they decline.
#[cfg_attr(tuned, optimize(speed))]
fn binary(c: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector, op: Op, exact: Exact) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let (Some(a), Some(b)) = (x.bytes(), y.bytes()) else { return Ok(()) };
    let (sa, sb) = (!x.constant as usize, !y.constant as usize);
    rows(c, sel, out, |out, i| {
        let (p, q) = (i * sa, i * sb);
        if let (Some(m), Some(n)) = (quick(a, p), quick(b, q))
            && let Some(r) = op.quick(m, n)
            && let Column::Bytes(out) = &mut out.data
        {
            let (len, lo, hi) = small::quick_write(r);
            out.set_inline(i, View::of_words(len, lo, hi));
            return Ok(());
        }
        let (a, b) = (a.get(p), b.get(q));
        match op.small(a, b) {
            Some((r, n)) => out.set(i, Datum::Bytes(&r[..n])),
            None => out.set(i, Datum::Bytes(&exact(&Numeric::decode(a), &Numeric::decode(b))?.to_bytes())),
        }
        Ok(())
    })
}

#[cfg_attr(tuned, optimize(speed))]
fn one(args: &[Datum<'_>], out: &mut Out<'_>, op: Op, exact: Exact) -> Result<()> {
    let &[a, b, ..] = args else { return Err(crate::bind::too_few()) };
    let (a, b) = (a.bytes(), b.bytes());
    match op.small(a, b) {
        Some((r, n)) => out.bytes(&r[..n]),
        None => exact(&Numeric::decode(a), &Numeric::decode(b))?.put(out),
    }
    Ok(())
}

macro_rules! arith {
    ($op:ident, $exact:expr) => {
        Kernel::Batch(
            |c, args, sel, out| binary(c, args, sel, out, Op::$op, $exact),
            |_, args, out| one(args, out, Op::$op, $exact),
        )
    };
}

#[cfg_attr(tuned, optimize(speed))]
fn order(args: Args<'_, '_>, sel: &Sel, out: &mut Vector, orders: Orders) {
    compare(args, sel, out, orders, |a, i, b, j| {
        if let (Some(m), Some(n)) = (quick(a, i), quick(b, j))
            && let Some(order) = small::quick_cmp(m, n)
        {
            return order;
        }
        small::cmp(a.get(i), b.get(j))
    });
}

macro_rules! cmp {
    ($orders:expr) => {
        Kernel::Batch(
            |_, args, sel, out| {
                order(args, sel, out, $orders);
                Ok(())
            },
            s!(a: &[u8], b: &[u8] => is($orders, small::cmp(a, b))),
        )
    };
}

fn in_range(v: &Numeric, base: &Numeric, by: &Numeric, sub: bool, less: bool) -> Result<bool> {
    if by.is_nan() || by.signum() < 0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    if v.is_nan() {
        return Ok(base.is_nan() || !less);
    }
    if base.is_nan() {
        return Ok(less);
    }
    // An infinite offset from an infinity on its own side: everything is in range.
    if !by.is_finite() && !base.is_finite() && (base.signum() > 0) == sub {
        return Ok(true);
    }
    let bound = if sub { base.sub(by)? } else { base.add(by)? };
    let order = v.cmp(&bound);
    Ok(if less { order != Ordering::Greater } else { order != Ordering::Less })
}

pub const TABLES: &[&[Entry]] = &[&[
    ("numeric_add", arith!(Add, Numeric::add)),
    ("numeric_sub", arith!(Sub, Numeric::sub)),
    ("numeric_mul", arith!(Mul, Numeric::mul)),
    ("numeric_div", arith!(None, Numeric::div)),
    ("numeric_mod", f!(a: Numeric, b: Numeric => a.rem(&b)?)),
    ("numeric_div_trunc", f!(a: Numeric, b: Numeric => a.div_trunc(&b)?)),
    ("numeric_eq", cmp!(EQ)),
    ("numeric_ne", cmp!(LT | GT)),
    ("numeric_lt", cmp!(LT)),
    ("numeric_le", cmp!(LT | EQ)),
    ("numeric_gt", cmp!(GT)),
    ("numeric_ge", cmp!(GT | EQ)),
    ("numeric_cmp", f!(a: &[u8], b: &[u8] => small::cmp(a, b) as i32)),
    ("numeric_larger", f!(a: &[u8], b: &[u8] => if small::cmp(a, b).is_gt() { a } else { b })),
    ("numeric_smaller", f!(a: &[u8], b: &[u8] => if small::cmp(a, b).is_lt() { a } else { b })),
    ("numeric", f!(a: Numeric, typmod: i32 => a.apply_typmod(typmod)?)),
    ("numeric_abs", f!(a: Numeric => a.abs())),
    ("numeric_uminus", f!(a: Numeric => a.neg())),
    ("numeric_uplus", f!(a: &[u8] => a)),
    ("numeric_sign", f!(a: Numeric => a.sign())),
    ("numeric_round", f!(a: Numeric, n: i32 => a.round(n)?)),
    ("numeric_trunc", f!(a: Numeric, n: i32 => a.trunc(n)?)),
    ("numeric_ceil", f!(a: Numeric => a.ceil()?)),
    ("numeric_floor", f!(a: Numeric => a.floor()?)),
    ("numeric_inc", f!(a: Numeric => a.inc()?)),
    ("numeric_sqrt", f!(a: Numeric => a.sqrt()?)),
    ("numeric_exp", f!(a: Numeric => a.exp()?)),
    ("numeric_ln", f!(a: Numeric => a.ln()?)),
    ("numeric_log", f!(base: Numeric, a: Numeric => a.log(&base)?)),
    ("numeric_power", f!(a: Numeric, b: Numeric => a.power(&b)?)),
    ("numeric_fac", f!(n: i64 => Numeric::factorial(n)?)),
    ("numeric_gcd", f!(a: Numeric, b: Numeric => a.gcd(&b)?)),
    ("numeric_lcm", f!(a: Numeric, b: Numeric => a.lcm(&b)?)),
    ("numeric_scale", f!(a: Numeric => a.scale())),
    ("numeric_min_scale", f!(a: Numeric => a.min_scale())),
    ("numeric_trim_scale", f!(a: Numeric => a.trim_scale())),
    ("width_bucket_numeric", f!(a: Numeric, lo: Numeric, hi: Numeric, n: i32 => a.width_bucket(&lo, &hi, n)?)),
    ("int2_numeric", f!(a: i64 => Numeric::from_i64(a))),
    ("int4_numeric", f!(a: i64 => Numeric::from_i64(a))),
    ("int8_numeric", f!(a: i64 => Numeric::from_i64(a))),
    ("float4_numeric", f!(a: f32 => Numeric::from_f32(a)?)),
    ("float8_numeric", f!(a: f64 => Numeric::from_f64(a)?)),
    ("numeric_int2", f!(a: Numeric => a.to_int2()?)),
    ("numeric_int4", f!(a: Numeric => a.to_int4()?)),
    ("numeric_int8", f!(a: Numeric => a.to_int8()?)),
    ("numeric_float4", f!(a: Numeric => a.to_f32()?)),
    ("numeric_float8", f!(a: &[u8] => match small::to_f64(a) { Some(v) => v, None => Numeric::decode(a).to_f64()? })),
    ("numeric_pg_lsn", f!(a: Numeric => crate::oid::lsn_numeric(a)?)),
    (
        "in_range_numeric_numeric",
        f!(v: Numeric, base: Numeric, by: Numeric, sub: bool, less: bool => in_range(&v, &base, &by, sub, less)?),
    ),
    (
        "in_range_float8_float8",
        f!(v: f64, base: f64, by: f64, sub: bool, less: bool => in_range_float(v, base, by, sub, less)?),
    ),
    (
        "in_range_float4_float8",
        f!(v: f64, base: f64, by: f64, sub: bool, less: bool => in_range_float(v, base, by, sub, less)?),
    ),
    ("numeric_in", f!(a: &str, _t: i64, typmod: i32 => Numeric::parse(a)?.apply_typmod(typmod)?)),
    ("numeric_out", f!(a: Numeric => written(|s| a.write(s)))),
]];

fn in_range_float(v: f64, base: f64, by: f64, sub: bool, less: bool) -> Result<bool> {
    if by.is_nan() || by < 0.0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    if v.is_nan() {
        return Ok(base.is_nan() || !less);
    }
    if base.is_nan() {
        return Ok(less);
    }
    if by.is_infinite() && base.is_infinite() && (base > 0.0) == sub {
        return Ok(true);
    }
    let bound = if sub { base - by } else { base + by };
    let order = float::cmp_float8(v, bound);
    Ok(if less { order.is_le() } else { order.is_ge() })
}
