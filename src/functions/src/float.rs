//! `real` and `double precision`.

use tusklet_adt::float as adt;
use tusklet_adt::float::{float4, float8};
use tusklet_error::Result;
use tusklet_vector::{Call, Datum, Kernel, Out, Sel, Vector};

use crate::batch::{Elem, checked2, map2};
use crate::bind::{Entry, formats, written};
use crate::int::{map, try_map, widened};

type Args<'a, 'b> = &'a [&'b Vector];

/// PostgreSQL's order of floats: NaN equals itself and is above everything.
trait Float: Elem + PartialOrd {
    fn nan(self) -> bool;
}

impl Float for f32 {
    #[inline(always)]
    fn nan(self) -> bool {
        self.is_nan()
    }
}

impl Float for f64 {
    #[inline(always)]
    fn nan(self) -> bool {
        self.is_nan()
    }
}

#[inline(always)]
fn same<T: Float>(a: T, b: T) -> bool {
    a == b || (a.nan() & b.nan())
}

#[inline(always)]
fn less<T: Float>(a: T, b: T) -> bool {
    (a < b) | (b.nan() & !a.nan())
}

macro_rules! ops {
    ($($name:ident |$a:ident, $b:ident| $e:expr);*) => {$(
        #[cfg_attr(tuned, optimize(speed))]
        fn $name<R: Float>(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
            map2::<R, R, u8>(args, sel, out, |$a, $b| $e as u8);
            Ok(())
        }
    )*};
}

ops!(eq |a, b| same(a, b); ne |a, b| !same(a, b); lt |a, b| less(a, b); ge |a, b| !less(a, b); gt |a, b| less(b, a); le |a, b| !less(b, a));

fn ord(args: &[Datum<'_>]) -> std::cmp::Ordering {
    match args {
        [a, b, ..] => adt::cmp_float8(a.f64(), b.f64()),
        _ => std::cmp::Ordering::Equal,
    }
}

#[cfg_attr(tuned, optimize(speed))]
fn cmp_row(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    out.i32(ord(args) as i32);
    Ok(())
}

macro_rules! rows {
    ($($name:ident $test:ident),*) => {
        /// Comparisons of any two widths, row by row.
        mod row {
            use super::*;
            $(
                #[cfg_attr(tuned, optimize(speed))]
                pub(super) fn $name(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
                    out.bool(ord(args).$test());
                    Ok(())
                }
            )*
        }
    };
}

rows!(eq is_eq, ne is_ne, lt is_lt, le is_le, gt is_gt, ge is_ge);

macro_rules! cmp {
    ($p:literal, $t:ty) => {
        [
            (concat!($p, "eq"), Kernel::Batch(eq::<$t>, row::eq)),
            (concat!($p, "ne"), Kernel::Batch(ne::<$t>, row::ne)),
            (concat!($p, "lt"), Kernel::Batch(lt::<$t>, row::lt)),
            (concat!($p, "le"), Kernel::Batch(le::<$t>, row::le)),
            (concat!($p, "gt"), Kernel::Batch(gt::<$t>, row::gt)),
            (concat!($p, "ge"), Kernel::Batch(ge::<$t>, row::ge)),
        ]
    };
    ($p:literal, wide $t:ty) => {
        [
            (concat!($p, "eq"), widened!(eq::<$t>, row::eq)),
            (concat!($p, "ne"), widened!(ne::<$t>, row::ne)),
            (concat!($p, "lt"), widened!(lt::<$t>, row::lt)),
            (concat!($p, "le"), widened!(le::<$t>, row::le)),
            (concat!($p, "gt"), widened!(gt::<$t>, row::gt)),
            (concat!($p, "ge"), widened!(ge::<$t>, row::ge)),
        ]
    };
}

/// What arithmetic needs: results that look fine cost a compare, the others are decided by the exact function.
macro_rules! op {
    ($kind:ident, $r:ty, $m:ident :: $f:ident, |$x:ident, $y:ident, $z:ident| $calc:expr, $odd:expr) => {{
        #[cfg_attr(tuned, optimize(speed))]
        fn batch(c: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
            checked2::<$r, $r, $r, i8>(
                c,
                args,
                sel,
                out,
                |$x, $y| {
                    let $z = $calc;
                    ($z, -($odd as i8))
                },
                $m::$f,
            )
        }
        $kind!(batch, s!(a: $r, b: $r => $m::$f(a, b)?))
    }};
}

macro_rules! same_width {
    ($batch:expr, $row:expr) => {
        Kernel::Batch($batch, $row)
    };
}

macro_rules! arith {
    ($p:literal, $kind:ident, $r:ty, $m:ident) => {
        [
            (concat!($p, "pl"), op!($kind, $r, $m::add, |a, b, r| a + b, r.is_infinite())),
            (concat!($p, "mi"), op!($kind, $r, $m::sub, |a, b, r| a - b, r.is_infinite())),
            (
                concat!($p, "mul"),
                op!($kind, $r, $m::mul, |a, b, r| a * b, (r.is_infinite() | ((r == 0.0) & (a != 0.0) & (b != 0.0)))),
            ),
            (
                concat!($p, "div"),
                op!($kind, $r, $m::div, |a, b, r| a / b, (r.is_infinite() | (b == 0.0) | ((r == 0.0) & (a != 0.0)))),
            ),
        ]
    };
}

pub const TABLES: &[&[Entry]] = &[
    &cmp!("float4", f32),
    &cmp!("float8", f64),
    &cmp!("float48", wide f64),
    &cmp!("float84", wide f64),
    &arith!("float4", same_width, f32, float4),
    &arith!("float8", same_width, f64, float8),
    &arith!("float48", widened, f64, float8),
    &arith!("float84", widened, f64, float8),
    &[
        ("btfloat4cmp", Kernel::Scalar(cmp_row)),
        ("btfloat8cmp", Kernel::Scalar(cmp_row)),
        ("btfloat48cmp", Kernel::Scalar(cmp_row)),
        ("btfloat84cmp", Kernel::Scalar(cmp_row)),
        ("float4larger", f!(a: f32, b: f32 => if adt::cmp_float4(a, b).is_gt() { a } else { b })),
        ("float8larger", f!(a: f64, b: f64 => if adt::cmp_float8(a, b).is_gt() { a } else { b })),
        ("float4smaller", f!(a: f32, b: f32 => if adt::cmp_float4(a, b).is_lt() { a } else { b })),
        ("float8smaller", f!(a: f64, b: f64 => if adt::cmp_float8(a, b).is_lt() { a } else { b })),
        ("float4um", map!(f32 => f32, |a| -a)),
        ("float8um", map!(f64 => f64, |a| -a)),
        ("float4up", f!(a: f32 => a)),
        ("float8up", f!(a: f64 => a)),
        ("float4abs", map!(f32 => f32, |a| a.abs())),
        ("float8abs", map!(f64 => f64, |a| a.abs())),
        ("ftod", map!(f32 => f64, |a| a as f64)),
        ("dtof", try_map!(f64 => f32, |a| adt::float8_to_float4(a))),
        ("i2tof", map!(i16 => f32, |a| a as f32)),
        ("i4tof", map!(i32 => f32, |a| a as f32)),
        ("i8tof", map!(i64 => f32, |a| a as f32)),
        ("i2tod", map!(i16 => f64, |a| a as f64)),
        ("i4tod", map!(i32 => f64, |a| a as f64)),
        ("i8tod", map!(i64 => f64, |a| a as f64)),
        ("dtoi2", try_map!(f64 => i16, |a| adt::to_int2(a))),
        ("dtoi4", try_map!(f64 => i32, |a| adt::to_int4(a))),
        ("dtoi8", try_map!(f64 => i64, |a| adt::to_int8(a))),
        ("ftoi2", f!(a: f64 => adt::to_int2(a)?)),
        ("ftoi4", f!(a: f64 => adt::to_int4(a)?)),
        ("ftoi8", f!(a: f64 => adt::to_int8(a)?)),
        ("dround", map!(f64 => f64, |a| a.round_ties_even())),
        ("dceil", map!(f64 => f64, |a| a.ceil())),
        ("dfloor", map!(f64 => f64, |a| a.floor())),
        ("dtrunc", map!(f64 => f64, |a| a.trunc())),
        ("dsign", f!(a: f64 => adt::sign(a))),
        ("dsqrt", try_map!(f64 => f64, |a| adt::sqrt(a))),
        ("dcbrt", f!(a: f64 => adt::cbrt(a)?)),
        ("dpow", f!(a: f64, b: f64 => adt::power(a, b)?)),
        ("dexp", f!(a: f64 => adt::exp(a)?)),
        ("dlog1", f!(a: f64 => adt::ln(a)?)),
        ("dlog10", f!(a: f64 => adt::log10(a)?)),
        ("dacos", f!(a: f64 => adt::acos(a)?)),
        ("dasin", f!(a: f64 => adt::asin(a)?)),
        ("datan", f!(a: f64 => if a.is_nan() { a } else { a.atan() })),
        ("datan2", f!(a: f64, b: f64 => a.atan2(b))),
        ("dcos", f!(a: f64 => adt::cos(a)?)),
        ("dcot", f!(a: f64 => adt::cot(a)?)),
        ("dsin", f!(a: f64 => adt::sin(a)?)),
        ("dtan", f!(a: f64 => adt::tan(a)?)),
        ("dacosd", f!(a: f64 => adt::acosd(a)?)),
        ("dasind", f!(a: f64 => adt::asind(a)?)),
        ("datand", f!(a: f64 => adt::atand(a))),
        ("datan2d", f!(a: f64, b: f64 => adt::atan2d(a, b))),
        ("dcosd", f!(a: f64 => adt::cosd(a)?)),
        ("dcotd", f!(a: f64 => adt::cotd(a)?)),
        ("dsind", f!(a: f64 => adt::sind(a)?)),
        ("dtand", f!(a: f64 => adt::tand(a)?)),
        ("dsinh", f!(a: f64 => adt::sinh(a))),
        ("dcosh", f!(a: f64 => adt::cosh(a))),
        ("dtanh", f!(a: f64 => adt::tanh(a))),
        ("dasinh", f!(a: f64 => adt::asinh(a))),
        ("dacosh", f!(a: f64 => adt::acosh(a)?)),
        ("datanh", f!(a: f64 => adt::atanh(a)?)),
        ("degrees", f!(a: f64 => adt::degrees(a)?)),
        ("radians", f!(a: f64 => adt::radians(a)?)),
        ("dpi", f!( => std::f64::consts::PI)),
        // 53 uniform bits.
        ("drandom", f!(c; => (c.cx.random() >> 11) as f64 / (1u64 << 53) as f64)),
        (
            "setseed",
            f!(c; a: f64 => {
                if !(-1.0..=1.0).contains(&a) {
                    let shown = written(|s| adt::write_float8(a, s));
                    tusklet_error::bail!(
                        INVALID_PARAMETER_VALUE, "setseed parameter {} is out of allowed range [-1,1]"; shown
                    );
                }
                c.cx.set_seed(a)
            }),
        ),
        ("width_bucket_float8", f!(a: f64, lo: f64, hi: f64, n: i32 => adt::width_bucket(a, lo, hi, n)?)),
        ("float4in", f!(a: &str => adt::parse_float4(a)?)),
        ("float8in", f!(a: &str => adt::parse_float8(a)?)),
        (
            "float4out",
            f!(c; a: f32 => {
                let extra = formats(&*c.cx)?.extra_float_digits;
                written(|s| adt::write_float4_extra(a, extra, s))
            }),
        ),
        (
            "float8out",
            f!(c; a: f64 => {
                let extra = formats(&*c.cx)?.extra_float_digits;
                written(|s| adt::write_float8_extra(a, extra, s))
            }),
        ),
    ],
];
