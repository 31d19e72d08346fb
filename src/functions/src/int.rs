//! `smallint`, `integer`, `bigint` and their mixtures.

use tusklet_adt::int::{int2, int2_range, int4, int4_range, int8, to_hex4, to_hex8};
use tusklet_adt::{int, numeric::Numeric};
use tusklet_error::{Error, Result};
use tusklet_vector::{Call, Datum, Kernel, Out, Sel, Vector};

use crate::batch::{Elem, checked2, map2, try2};
use crate::bind::{Arg, Entry, Ret};

/// What arithmetic needs of an integer type.
pub trait Int: Elem + Ord + for<'a> Arg<'a> + Ret {
    /// Sum and a negative mark when it overflowed.
    fn plus(a: Self, b: Self) -> (Self, Self);
    /// Difference, likewise.
    fn minus(a: Self, b: Self) -> (Self, Self);
    /// Product, likewise.
    fn times(a: Self, b: Self) -> (Self, Self);
    /// Checked forms.
    const ADD: fn(Self, Self) -> Result<Self>;
    /// `-`
    const SUB: fn(Self, Self) -> Result<Self>;
    /// `*`
    const MUL: fn(Self, Self) -> Result<Self>;
    /// `/`
    const DIV: fn(Self, Self) -> Result<Self>;
    /// `%`
    const MOD: fn(Self, Self) -> Result<Self>;
}

macro_rules! impl_int {
    ($($t:ty, $m:ident, |$a:ident, $b:ident| $times:expr);*) => {$(
        impl Int for $t {
            #[inline(always)]
            fn plus(a: $t, b: $t) -> ($t, $t) {
                let r = a.wrapping_add(b);
                (r, (a ^ r) & (b ^ r))
            }
            #[inline(always)]
            fn minus(a: $t, b: $t) -> ($t, $t) {
                let r = a.wrapping_sub(b);
                (r, (a ^ b) & (a ^ r))
            }
            #[inline(always)]
            fn times($a: $t, $b: $t) -> ($t, $t) { $times }
            const ADD: fn($t, $t) -> Result<$t> = $m::add;
            const SUB: fn($t, $t) -> Result<$t> = $m::sub;
            const MUL: fn($t, $t) -> Result<$t> = $m::mul;
            const DIV: fn($t, $t) -> Result<$t> = $m::div;
            const MOD: fn($t, $t) -> Result<$t> = $m::rem;
        }
    )*};
}

impl_int!(
    i16, int2, |a, b| { let p = a as i32 * b as i32; (p as i16, -((p as i16 as i32 != p) as i16)) };
    i32, int4, |a, b| { let p = a as i64 * b as i64; (p as i32, -((p as i32 as i64 != p) as i32)) };
    i64, int8, |a, b| { let (p, o) = a.overflowing_mul(b); (p, -(o as i64)) }
);

type Args<'a, 'b> = &'a [&'b Vector];

#[cfg_attr(tuned, optimize(speed))]
fn add<R: Int + std::ops::BitOrAssign>(
    c: &mut Call<'_>,
    args: Args<'_, '_>,
    sel: &Sel,
    out: &mut Vector,
) -> Result<()> {
    checked2::<R, R, R, R>(c, args, sel, out, R::plus, R::ADD)
}

#[cfg_attr(tuned, optimize(speed))]
fn sub<R: Int + std::ops::BitOrAssign>(
    c: &mut Call<'_>,
    args: Args<'_, '_>,
    sel: &Sel,
    out: &mut Vector,
) -> Result<()> {
    checked2::<R, R, R, R>(c, args, sel, out, R::minus, R::SUB)
}

#[cfg_attr(tuned, optimize(speed))]
fn mul<R: Int + std::ops::BitOrAssign>(
    c: &mut Call<'_>,
    args: Args<'_, '_>,
    sel: &Sel,
    out: &mut Vector,
) -> Result<()> {
    checked2::<R, R, R, R>(c, args, sel, out, R::times, R::MUL)
}

#[cfg_attr(tuned, optimize(speed))]
fn div<R: Int>(c: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    try2::<R, R, R>(c, args, sel, out, R::DIV)
}

#[cfg_attr(tuned, optimize(speed))]
fn rem<R: Int>(c: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    try2::<R, R, R>(c, args, sel, out, R::MOD)
}

#[cfg_attr(tuned, optimize(speed))]
fn scalar<R: Int>(args: &[Datum<'_>], out: &mut Out<'_>, f: fn(R, R) -> Result<R>) -> Result<()> {
    let &[a, b, ..] = args else { return Err(crate::bind::too_few()) };
    f(R::arg(a), R::arg(b))?.put(out);
    Ok(())
}

macro_rules! arith {
    ($p:literal, $r:ty) => {
        [
            (concat!($p, "pl"), Kernel::Batch(add::<$r>, |_, a, o| scalar(a, o, <$r>::ADD))),
            (concat!($p, "mi"), Kernel::Batch(sub::<$r>, |_, a, o| scalar(a, o, <$r>::SUB))),
            (concat!($p, "mul"), Kernel::Batch(mul::<$r>, |_, a, o| scalar(a, o, <$r>::MUL))),
            (concat!($p, "div"), Kernel::Batch(div::<$r>, |_, a, o| scalar(a, o, <$r>::DIV))),
        ]
    };
    ($p:literal, wide $r:ty) => {
        [
            (concat!($p, "pl"), widened!(add::<$r>, |_, a, o| scalar(a, o, <$r>::ADD))),
            (concat!($p, "mi"), widened!(sub::<$r>, |_, a, o| scalar(a, o, <$r>::SUB))),
            (concat!($p, "mul"), widened!(mul::<$r>, |_, a, o| scalar(a, o, <$r>::MUL))),
            (concat!($p, "div"), widened!(div::<$r>, |_, a, o| scalar(a, o, <$r>::DIV))),
        ]
    };
}

macro_rules! comparisons {
    ($($name:ident $op:tt),*) => {$(
        #[cfg_attr(tuned, optimize(speed))]
        pub(crate) fn $name<T: Elem + Ord>(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
            map2::<T, T, u8>(args, sel, out, |a, b| (a $op b) as u8);
            Ok(())
        }
    )*};
}

comparisons!(eq ==, ne !=, lt <, le <=, gt >, ge >=);

fn ord(args: &[Datum<'_>]) -> std::cmp::Ordering {
    match args {
        [a, b, ..] => a.int().cmp(&b.int()),
        _ => std::cmp::Ordering::Equal,
    }
}

/// Comparison operators of any integer physical types, row by row.
pub(crate) mod row {
    use super::*;

    macro_rules! ops {
        ($($name:ident $test:ident),*) => {$(
            #[cfg_attr(tuned, optimize(speed))]
            pub(crate) fn $name(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
                out.bool(ord(args).$test());
                Ok(())
            }
        )*};
    }

    ops!(eq is_eq, ne is_ne, lt is_lt, le is_le, gt is_gt, ge is_ge);

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn cmp(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
        out.i32(ord(args) as i32);
        Ok(())
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn larger(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
        let at = ord(args).is_lt() as usize;
        out.set(args.get(at).copied().unwrap_or(Datum::Null));
        Ok(())
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn smaller(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
        let at = ord(args).is_gt() as usize;
        out.set(args.get(at).copied().unwrap_or(Datum::Null));
        Ok(())
    }
}

/// The six comparisons of a type that orders as its integers do, named with a prefix.
macro_rules! int_cmp {
    ($p:literal, $t:ty) => {
        [
            (concat!($p, "eq"), ::tusklet_vector::Kernel::Batch($crate::int::eq::<$t>, $crate::int::row::eq)),
            (concat!($p, "ne"), ::tusklet_vector::Kernel::Batch($crate::int::ne::<$t>, $crate::int::row::ne)),
            (concat!($p, "lt"), ::tusklet_vector::Kernel::Batch($crate::int::lt::<$t>, $crate::int::row::lt)),
            (concat!($p, "le"), ::tusklet_vector::Kernel::Batch($crate::int::le::<$t>, $crate::int::row::le)),
            (concat!($p, "gt"), ::tusklet_vector::Kernel::Batch($crate::int::gt::<$t>, $crate::int::row::gt)),
            (concat!($p, "ge"), ::tusklet_vector::Kernel::Batch($crate::int::ge::<$t>, $crate::int::row::ge)),
        ]
    };
    ($p:literal, wide $t:ty) => {
        [
            (concat!($p, "eq"), $crate::int::widened!($crate::int::eq::<$t>, $crate::int::row::eq)),
            (concat!($p, "ne"), $crate::int::widened!($crate::int::ne::<$t>, $crate::int::row::ne)),
            (concat!($p, "lt"), $crate::int::widened!($crate::int::lt::<$t>, $crate::int::row::lt)),
            (concat!($p, "le"), $crate::int::widened!($crate::int::le::<$t>, $crate::int::row::le)),
            (concat!($p, "gt"), $crate::int::widened!($crate::int::gt::<$t>, $crate::int::row::gt)),
            (concat!($p, "ge"), $crate::int::widened!($crate::int::ge::<$t>, $crate::int::row::ge)),
        ]
    };
}
pub(crate) use int_cmp;

/// A batch kernel of two types: the narrower argument is widened first, so that the loops exist once per physical type.
macro_rules! widened {
    ($batch:expr, $row:expr) => {
        ::tusklet_vector::Kernel::Batch(|c, args, sel, out| $crate::batch::widened(c, args, sel, out, $batch), $row)
    };
}
pub(crate) use widened;

/// A batch kernel that maps one column without raising.
macro_rules! map {
    ($a:ty => $r:ty, |$x:ident| $e:expr) => {
        Kernel::Batch(
            batch!(|_, args, sel, out| {
                $crate::batch::map1::<$a, $r>(args, sel, out, |$x| $e);
                Ok(())
            }),
            s!($x: $a => $e),
        )
    };
}
pub(crate) use map;

/// A batch kernel that maps one column and may raise.
macro_rules! try_map {
    ($a:ty => $r:ty, |$x:ident| $e:expr) => {
        Kernel::Batch(batch!(|c, args, sel, out| $crate::batch::try1::<$a, $r>(c, args, sel, out, |$x| $e)), s!($x: $a => {
            let r: ::tusklet_error::Result<$r> = $e;
            r?
        }))
    };
}
pub(crate) use try_map;

macro_rules! bits {
    ($a:ty, $op:tt) => {
        Kernel::Batch(
            |_, args, sel, out| {
                map2::<$a, $a, $a>(args, sel, out, |a, b| a $op b);
                Ok(())
            },
            s!(a: $a, b: $a => a $op b),
        )
    };
}

fn narrow<T, U: TryFrom<T>>(v: T, range: fn() -> Error) -> Result<U> {
    U::try_from(v).map_err(|_| range())
}

pub const TABLES: &[&[Entry]] = &[
    &arith!("int2", i16),
    &arith!("int4", i32),
    &arith!("int8", i64),
    &arith!("int24", wide i32),
    &arith!("int42", wide i32),
    &arith!("int28", wide i64),
    &arith!("int82", wide i64),
    &arith!("int48", wide i64),
    &arith!("int84", wide i64),
    &int_cmp!("int2", i16),
    &int_cmp!("int4", i32),
    &int_cmp!("int8", i64),
    &int_cmp!("int24", wide i32),
    &int_cmp!("int42", wide i32),
    &int_cmp!("int28", wide i64),
    &int_cmp!("int82", wide i64),
    &int_cmp!("int48", wide i64),
    &int_cmp!("int84", wide i64),
    &[
        ("btint2cmp", f!(a: i32, b: i32 => a - b)),
        ("btint4cmp", Kernel::Scalar(row::cmp)),
        ("btint8cmp", Kernel::Scalar(row::cmp)),
        ("btint24cmp", Kernel::Scalar(row::cmp)),
        ("btint28cmp", Kernel::Scalar(row::cmp)),
        ("btint42cmp", Kernel::Scalar(row::cmp)),
        ("btint48cmp", Kernel::Scalar(row::cmp)),
        ("btint82cmp", Kernel::Scalar(row::cmp)),
        ("btint84cmp", Kernel::Scalar(row::cmp)),
        ("int2larger", Kernel::Scalar(row::larger)),
        ("int4larger", Kernel::Scalar(row::larger)),
        ("int8larger", Kernel::Scalar(row::larger)),
        ("int2smaller", Kernel::Scalar(row::smaller)),
        ("int4smaller", Kernel::Scalar(row::smaller)),
        ("int8smaller", Kernel::Scalar(row::smaller)),
        ("int2mod", Kernel::Batch(rem::<i16>, |_, a, o| scalar(a, o, i16::MOD))),
        ("int4mod", Kernel::Batch(rem::<i32>, |_, a, o| scalar(a, o, i32::MOD))),
        ("int8mod", Kernel::Batch(rem::<i64>, |_, a, o| scalar(a, o, i64::MOD))),
        ("int2um", try_map!(i16 => i16, |a| int2::neg(a))),
        ("int4um", try_map!(i32 => i32, |a| int4::neg(a))),
        ("int8um", try_map!(i64 => i64, |a| int8::neg(a))),
        ("int2up", f!(a: i16 => a)),
        ("int4up", f!(a: i32 => a)),
        ("int8up", f!(a: i64 => a)),
        ("int2abs", f!(a: i16 => int2::abs(a)?)),
        ("int4abs", f!(a: i32 => int4::abs(a)?)),
        ("int8abs", f!(a: i64 => int8::abs(a)?)),
        ("int4gcd", f!(a: i32, b: i32 => int4::gcd(a, b)?)),
        ("int8gcd", f!(a: i64, b: i64 => int8::gcd(a, b)?)),
        ("int4lcm", f!(a: i32, b: i32 => int4::lcm(a, b)?)),
        ("int8lcm", f!(a: i64, b: i64 => int8::lcm(a, b)?)),
        ("int2and", bits!(i16, &)),
        ("int4and", bits!(i32, &)),
        ("int8and", bits!(i64, &)),
        ("int2or", bits!(i16, |)),
        ("int4or", bits!(i32, |)),
        ("int8or", bits!(i64, |)),
        ("int2xor", bits!(i16, ^)),
        ("int4xor", bits!(i32, ^)),
        ("int8xor", bits!(i64, ^)),
        ("int2not", f!(a: i16 => !a)),
        ("int4not", f!(a: i32 => !a)),
        ("int8not", f!(a: i64 => !a)),
        ("int2shl", f!(a: i16, n: i32 => int2::shl(a, n))),
        ("int4shl", f!(a: i32, n: i32 => int4::shl(a, n))),
        ("int8shl", f!(a: i64, n: i32 => int8::shl(a, n))),
        ("int2shr", f!(a: i16, n: i32 => int2::shr(a, n))),
        ("int4shr", f!(a: i32, n: i32 => int4::shr(a, n))),
        ("int8shr", f!(a: i64, n: i32 => int8::shr(a, n))),
        ("int4inc", f!(a: i32 => int4::add(a, 1)?)),
        ("int8inc", f!(a: i64 => int8::add(a, 1)?)),
        ("int8dec", f!(a: i64 => int8::sub(a, 1)?)),
        ("int8inc_any", f!(a: i64 => int8::add(a, 1)?)),
        ("int8dec_any", f!(a: i64 => int8::sub(a, 1)?)),
        ("int8inc_float8_float8", f!(a: i64 => int8::add(a, 1)?)),
        (
            "int2_sum",
            f!(sum: Option<i64>, a: Option<i16> => match (sum, a) { (s, None) => s, (s, Some(a)) => Some(s.unwrap_or(0).wrapping_add(a as i64)) }),
        ),
        (
            "int4_sum",
            f!(sum: Option<i64>, a: Option<i32> => match (sum, a) { (s, None) => s, (s, Some(a)) => Some(s.unwrap_or(0).wrapping_add(a as i64)) }),
        ),
        (
            "int8_sum",
            f!(sum: Option<Numeric>, a: Option<i64> => match (sum, a) {
                (s, None) => s,
                (None, Some(a)) => Some(Numeric::from_i64(a)),
                (Some(s), Some(a)) => Some(s.add(&Numeric::from_i64(a))?),
            }),
        ),
        ("i2toi4", map!(i16 => i32, |a| a as i32)),
        ("int28", map!(i16 => i64, |a| a as i64)),
        ("int48", map!(i32 => i64, |a| a as i64)),
        ("i4toi2", try_map!(i32 => i16, |a| narrow(a, int2_range))),
        ("int82", try_map!(i64 => i16, |a| narrow(a, int2_range))),
        ("int84", try_map!(i64 => i32, |a| narrow(a, int4_range))),
        (
            "in_range_int4_int4",
            f!(v: i32, base: i32, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int4_int2",
            f!(v: i32, base: i32, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int4_int8",
            f!(v: i32, base: i32, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int2_int4",
            f!(v: i16, base: i16, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int2_int2",
            f!(v: i16, base: i16, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int2_int8",
            f!(v: i16, base: i16, by: i64, sub: bool, less: bool => in_range(v as i64, base as i64, by, sub, less)?),
        ),
        (
            "in_range_int8_int8",
            f!(v: i64, base: i64, by: i64, sub: bool, less: bool => in_range(v, base, by, sub, less)?),
        ),
        ("to_hex32", f!(a: i32 => to_hex4(a))),
        ("to_hex64", f!(a: i64 => to_hex8(a))),
        ("int2in", f!(a: &str => int::parse_int2(a)?)),
        ("int4in", f!(a: &str => int::parse_int4(a)?)),
        ("int8in", f!(a: &str => int::parse_int8(a)?)),
        ("int2out", f!(a: i64 => crate::bind::written(|s| int::write(a, s)))),
        ("int4out", f!(a: i64 => crate::bind::written(|s| int::write(a, s)))),
        ("int8out", f!(a: i64 => crate::bind::written(|s| int::write(a, s)))),
    ],
];

fn in_range(v: i64, base: i64, by: i64, sub: bool, less: bool) -> Result<bool> {
    if by < 0 {
        tusklet_error::bail!(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function"
        );
    }
    let bound = if sub { base as i128 - by as i128 } else { base as i128 + by as i128 };
    Ok(if less { v as i128 <= bound } else { v as i128 >= bound })
}
