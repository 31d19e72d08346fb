//! Transition and final functions of aggregates over arrays, as SQL may call them and as an aggregate made by a user does.

use tusklet_adt::array::{Array, ArrayBuilder, from_items};
use tusklet_adt::interval::Interval;
use tusklet_adt::numeric::Numeric;
use tusklet_error::{Error, Result};
use tusklet_vector::{Datum, Kernel, Phys};

use super::float::{Moments, Pair, regression as pair, variance as one};
use crate::bind::{Arg, Entry};
use crate::oids;

fn numbers<const N: usize>(name: &str, b: &[u8]) -> Result<[f64; N]> {
    let wrong = || Error::internal(format!("{name}: expected {N}-element float8 array"));
    let a = Array::decode(b)?;
    let items: Vec<f64> = a.iter().flatten().map(|b| Datum::load(Phys::F64, b).f64()).collect();
    if a.dims.len() != 1 || a.element != oids::FLOAT8 || a.has_nulls() {
        return Err(wrong());
    }
    <[f64; N]>::try_from(items).map_err(|_| wrong())
}

fn floats(items: &[f64]) -> Result<Vec<u8>> {
    let mut b = ArrayBuilder::new(oids::FLOAT8);
    items.iter().for_each(|v| b.push(Some(&v.to_le_bytes())));
    b.finish_1d()
}

fn moments(name: &str, b: &[u8]) -> Result<Moments> {
    let [n, sx, sxx] = numbers(name, b)?;
    Ok(Moments { n, sx, sxx })
}

fn pairs(name: &str, b: &[u8]) -> Result<Pair> {
    let [n, sx, sxx, sy, syy, sxy] = numbers(name, b)?;
    Ok(Pair { n, sx, sxx, sy, syy, sxy })
}

fn accumulate(name: &str, b: &[u8], x: f64) -> Result<Vec<u8>> {
    let mut s = moments(name, b)?;
    s.add(x)?;
    floats(&[s.n, s.sx, s.sxx])
}

fn combine(a: &[u8], b: &[u8]) -> Result<Vec<u8>> {
    let (a, b) = (moments("float8_combine", a)?, moments("float8_combine", b)?);
    let s = a.merged(&b)?;
    floats(&[s.n, s.sx, s.sxx])
}

fn put_pair(s: &Pair) -> Result<Vec<u8>> {
    floats(&[s.n, s.sx, s.sxx, s.sy, s.syy, s.sxy])
}

fn regr_accum(b: &[u8], y: f64, x: f64) -> Result<Vec<u8>> {
    let mut s = pairs("float8_regr_accum", b)?;
    s.add(y, x)?;
    put_pair(&s)
}

fn regr_combine(a: &[u8], b: &[u8]) -> Result<Vec<u8>> {
    let (a, b) = (pairs("float8_regr_combine", a)?, pairs("float8_regr_combine", b)?);
    put_pair(&a.merged(&b)?)
}

macro_rules! ends {
    ($state:ident, $($name:literal $end:path),*) => {
        &[$(($name, f!(a: &[u8] => { let s = $state($name, a)?; if s.n > 0.0 { $end(&s) } else { None } }))),*]
    };
}

/// Count and sum, as the averages of small integers keep them.
fn count_and_sum(b: &[u8]) -> Result<(i64, i64)> {
    let a = Array::decode(b)?;
    let mut items = a.iter().flatten().map(|b| Datum::load(Phys::I64, b).i64());
    match (items.next(), items.next()) {
        (Some(n), Some(sum)) if a.dims.len() == 1 && a.element == oids::INT8 && a.len() == 2 => Ok((n, sum)),
        _ => Err(Error::internal("expected 2-element int8 array")),
    }
}

fn counted(b: &[u8], count: i64, x: i64) -> Result<Vec<u8>> {
    let (n, sum) = count_and_sum(b)?;
    let (n, sum) = (n.wrapping_add(count).to_le_bytes(), sum.wrapping_add(x).to_le_bytes());
    from_items(oids::INT8, [Some(&n[..]), Some(&sum[..])])
}

fn intervals(b: &[u8]) -> Result<(Interval, Interval)> {
    let a = Array::decode(b)?;
    let load = |i| a.item(i).map(|b| Interval::arg(Datum::load(Phys::Fixed16, b)));
    match (load(0), load(1)) {
        (Some(sum), Some(n)) if a.element == oids::INTERVAL && a.len() == 2 => Ok((sum, n)),
        _ => Err(Error::internal("expected 2-element interval array")),
    }
}

/// The count is kept in the microseconds of the second one.
fn put_intervals(sum: Interval, count: Interval) -> Result<Vec<u8>> {
    from_items(oids::INTERVAL, [Some(&sum.encode()[..]), Some(&count.encode()[..])])
}

fn interval_step(b: &[u8], x: &Interval, add: bool) -> Result<Vec<u8>> {
    let (sum, mut n) = intervals(b)?;
    n.micros += if add { 1 } else { -1 };
    put_intervals(if add { sum.add(x)? } else { sum.sub(x)? }, n)
}

/// What only an aggregate may call.
const INSIDE_ONLY: Kernel =
    Kernel::Scalar(|_, _, _| Err(Error::internal("aggregate function called in non-aggregate context")));

pub const TABLES: &[&[Entry]] = &[
    &[
        ("float8_accum", f!(a: &[u8], x: f64 => accumulate("float8_accum", a, x)?)),
        ("float4_accum", f!(a: &[u8], x: f32 => accumulate("float4_accum", a, x as f64)?)),
        ("float8_combine", f!(a: &[u8], b: &[u8] => combine(a, b)?)),
        ("float8_regr_accum", f!(a: &[u8], y: f64, x: f64 => regr_accum(a, y, x)?)),
        ("float8_regr_combine", f!(a: &[u8], b: &[u8] => regr_combine(a, b)?)),
        ("int2_avg_accum", f!(a: &[u8], x: i16 => counted(a, 1, x as i64)?)),
        ("int4_avg_accum", f!(a: &[u8], x: i32 => counted(a, 1, x as i64)?)),
        ("int2_avg_accum_inv", f!(a: &[u8], x: i16 => counted(a, -1, -(x as i64))?)),
        ("int4_avg_accum_inv", f!(a: &[u8], x: i32 => counted(a, -1, -(x as i64))?)),
        ("int4_avg_combine", INSIDE_ONLY),
        (
            "int8_avg",
            f!(a: &[u8] => match count_and_sum(a)? {
                (0, _) => None,
                (n, sum) => Some(Numeric::from_i64(sum).div(&Numeric::from_i64(n))?),
            }),
        ),
        ("int2int4_sum", f!(a: &[u8] => match count_and_sum(a)? { (0, _) => None, (_, sum) => Some(sum) })),
        ("interval_accum", f!(a: &[u8], x: Interval => interval_step(a, &x, true)?)),
        ("interval_accum_inv", f!(a: &[u8], x: Interval => interval_step(a, &x, false)?)),
        (
            "interval_combine",
            f!(a: &[u8], b: &[u8] => {
                let ((s, n), (t, m)) = (intervals(a)?, intervals(b)?);
                put_intervals(s.add(&t)?, Interval { micros: n.micros + m.micros, ..n })?
            }),
        ),
        (
            "interval_avg",
            f!(a: &[u8] => match intervals(a)? {
                (_, n) if n.micros == 0 => None,
                (sum, n) => Some(sum.div(n.micros as f64)?),
            }),
        ),
    ],
    ends!(
        moments,
        "float8_avg" one::avg,
        "float8_var_pop" one::var_pop,
        "float8_var_samp" one::var_samp,
        "float8_stddev_pop" one::stddev_pop,
        "float8_stddev_samp" one::stddev_samp
    ),
    ends!(
        pairs,
        "float8_regr_sxx" pair::sxx,
        "float8_regr_syy" pair::syy,
        "float8_regr_sxy" pair::sxy,
        "float8_regr_avgx" pair::avgx,
        "float8_regr_avgy" pair::avgy,
        "float8_regr_r2" pair::r2,
        "float8_regr_slope" pair::slope,
        "float8_regr_intercept" pair::intercept,
        "float8_covar_pop" pair::covar_pop,
        "float8_covar_samp" pair::covar_samp,
        "float8_corr" pair::corr
    ),
];
