//! Roots, exponentials and logarithms of `numeric`, with PostgreSQL's choice of result scale.
//!
//! Every function first estimates the decimal weight of its result in double precision, from it the number of places that
//! give at least sixteen significant digits, then computes with eight guard digits and rounds once.

use std::cmp::Ordering;

use tusklet_error::{Result, bail};

use super::var::{DEC_DIGITS, NBASE, Var};
use super::{MAX_DISPLAY_SCALE, MAX_RESULT_SCALE, MIN_SIG_DIGITS, overflow};
use crate::int::division_by_zero;

const LOG10_E: f64 = 0.434_294_481_903_252;
const LOG10_2: f64 = 0.301_029_995_663_981;

fn one() -> Var {
    Var::from_i128(1)
}

fn clamp_scale(rscale: i32, at_least: &[i32]) -> i32 {
    at_least.iter().fold(rscale, |r, &s| r.max(s)).clamp(0, MAX_DISPLAY_SCALE)
}

/// `sqrt(a)`; `a` must not be negative.
pub fn sqrt(a: &Var) -> Var {
    let sweight = a.weight * DEC_DIGITS / 2 + 1;
    a.sqrt(clamp_scale(MIN_SIG_DIGITS - sweight, &[a.dscale]))
}

/// `exp(a)`.
pub fn exp(a: &Var) -> Result<Var> {
    let val = (a.to_f64() * LOG10_E).clamp(f64::from(-MAX_RESULT_SCALE), f64::from(MAX_RESULT_SCALE));
    exp_at(a, clamp_scale(MIN_SIG_DIGITS - val as i32, &[a.dscale]))
}

/// e^a to `rscale` places: the argument is halved until small, the series summed, the result squared back.
fn exp_at(a: &Var, rscale: i32) -> Result<Var> {
    let mut val = a.to_f64();
    if val.abs() >= f64::from(MAX_RESULT_SCALE) * 3.0 {
        if val > 0.0 {
            return Err(overflow());
        }
        return Ok(Var::zero(rscale));
    }
    let dweight = (val * LOG10_E) as i32;
    let mut x = a.clone();
    let mut halvings = 0;
    if val.abs() > 0.01 {
        while val.abs() > 0.01 {
            halvings += 1;
            val /= 2.0;
        }
        let scale = x.dscale + halvings;
        x = x.div(&Var::from_i128(1i128 << halvings), scale, true);
    }
    let sig = (1 + dweight + rscale + (f64::from(halvings) * LOG10_2) as i32).max(0) + 8;
    let mut scale = sig - 1;
    let mut result = one().add(&x);
    let mut term = x.mul(&x, scale);
    let mut ni = 2;
    term = term.div(&Var::from_i128(ni), scale, true);
    while !term.is_zero() {
        result = result.add(&term);
        term = term.mul(&x, scale);
        ni += 1;
        term = term.div(&Var::from_i128(ni), scale, true);
    }
    for _ in 0..halvings {
        scale = (sig - result.weight * 2 * DEC_DIGITS).max(0);
        result = result.mul(&result, scale);
    }
    result.round(rscale);
    Ok(result)
}

/// The decimal weight of ln(a), roughly.
fn ln_dweight(a: &Var) -> i32 {
    if a.neg || a.is_zero() {
        return 0;
    }
    let lo = Var::from_mantissa(9, false, 1);
    let hi = Var::from_mantissa(11, false, 1);
    if a.cmp(&lo) != Ordering::Less && a.cmp(&hi) != Ordering::Greater {
        let x = a.sub(&one());
        return x.digits.first().map_or(0, |&d| x.weight * DEC_DIGITS + f64::from(d).log10() as i32);
    }
    let mut digits = i64::from(a.digits[0]);
    let mut dweight = a.weight * DEC_DIGITS;
    if let Some(&d) = a.digits.get(1) {
        digits = digits * i64::from(NBASE) + i64::from(d);
        dweight -= DEC_DIGITS;
    }
    ((digits as f64).ln() + f64::from(dweight) * std::f64::consts::LN_10).abs().log10() as i32
}

/// Raises what a logarithm of zero or less raises.
fn check_positive(a: &Var) -> Result<()> {
    if a.is_zero() {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    if a.neg {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    Ok(())
}

/// `ln(a)`.
pub fn ln(a: &Var) -> Result<Var> {
    check_positive(a)?;
    Ok(ln_at(a, clamp_scale(MIN_SIG_DIGITS - ln_dweight(a), &[a.dscale])))
}

/// ln(a) to `rscale` places: roots bring the argument near one, then 2·artanh((x−1)/(x+1)).
fn ln_at(a: &Var, rscale: i32) -> Var {
    let lo = Var::from_mantissa(9, false, 1);
    let hi = Var::from_mantissa(11, false, 1);
    let mut x = a.clone();
    let mut factor = Var::from_i128(2);
    let two = Var::from_i128(2);
    let mut roots = 0;
    while x.cmp(&lo) != Ordering::Greater || x.cmp(&hi) != Ordering::Less {
        let scale = rscale - x.weight * DEC_DIGITS / 2 + 8;
        x = x.sqrt(scale);
        factor = factor.mul_exact(&two);
        roots += 1;
    }
    let scale = rscale + (f64::from(roots + 1) * LOG10_2) as i32 + 8;
    let z = x.sub(&one()).div(&x.add(&one()), scale, true);
    let zz = z.mul(&z, scale);
    let mut result = z.clone();
    let mut power = z;
    let mut ni = 1;
    loop {
        ni += 2;
        power = power.mul(&zz, scale);
        let term = power.div(&Var::from_i128(ni), scale, true);
        if term.is_zero() {
            break;
        }
        result = result.add(&term);
    }
    result.mul(&factor, rscale)
}

/// `log(base, num)`.
pub fn log(base: &Var, num: &Var) -> Result<Var> {
    check_positive(base)?;
    check_positive(num)?;
    let wb = ln_dweight(base);
    let wn = ln_dweight(num);
    let w = wn - wb;
    let rscale = clamp_scale(MIN_SIG_DIGITS - w, &[base.dscale, num.dscale]);
    let lb = ln_at(base, (rscale + w - wb + 8).max(0));
    let ln = ln_at(num, (rscale + w - wn + 8).max(0));
    if lb.is_zero() {
        return Err(division_by_zero());
    }
    Ok(ln.div(&lb, rscale, true))
}

/// `power(base, exp)` of finite numbers; zero to a negative power has been refused.
pub fn power(base: &Var, exp: &Var) -> Result<Var> {
    if exp.is_integer()
        && let Some(n) = exp.to_i128().and_then(|n| i32::try_from(n).ok())
    {
        return power_int(base, n);
    }
    if base.is_zero() {
        return Ok(Var::zero(MIN_SIG_DIGITS));
    }
    let mut negative = false;
    let mut base = base.clone();
    if base.neg {
        if !exp.is_integer() {
            bail!(
                INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "a negative number raised to a non-integer power yields a complex result"
            );
        }
        negative = exp.digits.len() as i32 == exp.weight + 1 && exp.digits.last().is_some_and(|d| d % 2 == 1);
        base.neg = false;
    }
    let dweight = ln_dweight(&base);
    let scale = (8 - dweight).max(0);
    let mut val = ln_at(&base, scale).mul(exp, scale).to_f64();
    if val.abs() > f64::from(MAX_RESULT_SCALE) * 3.01 {
        if val > 0.0 {
            return Err(overflow());
        }
        return Ok(Var::zero(MAX_DISPLAY_SCALE));
    }
    val *= LOG10_E;
    let rscale = clamp_scale(MIN_SIG_DIGITS - val as i32, &[base.dscale, exp.dscale]);
    let sig = (rscale + val as i32).max(0);
    let scale = (sig - dweight + 8).max(0);
    let mut result = exp_at(&ln_at(&base, scale).mul(exp, scale), rscale)?;
    result.neg = negative && !result.is_zero();
    Ok(result)
}

/// An integer power: sixteen places, or as many as the base has; significant digits do not count here.
fn power_int(base: &Var, exp: i32) -> Result<Var> {
    let rscale = clamp_scale(MIN_SIG_DIGITS, &[base.dscale]);
    let f = match base.digits.first() {
        None => 0.0,
        Some(&d) => {
            let mut f = f64::from(d);
            let mut p = base.weight * DEC_DIGITS;
            for &d in base.digits.iter().skip(1).take(3) {
                f = f * f64::from(NBASE) + f64::from(d);
                p -= DEC_DIGITS;
            }
            f64::from(exp) * (f.log10() + f64::from(p))
        }
    };
    if f > 32768.0 * f64::from(DEC_DIGITS) {
        return Err(overflow());
    }
    if f + 1.0 < f64::from(-rscale) || f + 1.0 < f64::from(-MAX_DISPLAY_SCALE) {
        return Ok(Var::zero(rscale));
    }
    match exp {
        0 => return Ok(Var { dscale: rscale, ..one() }),
        1 => {
            let mut r = base.clone();
            r.round(rscale);
            return Ok(r);
        }
        -1 if base.is_zero() => return Err(division_by_zero()),
        -1 => return Ok(one().div(base, rscale, true)),
        2 => return Ok(base.mul(base, rscale)),
        _ => {}
    }
    if base.is_zero() {
        if exp < 0 {
            return Err(division_by_zero());
        }
        return Ok(Var::zero(rscale));
    }
    let sig = 1 + rscale + f as i32 + f64::from(exp).abs().ln() as i32 + 8;
    let mut mask = exp.unsigned_abs();
    let mut product = base.clone();
    let mut result = if mask & 1 == 1 { base.clone() } else { one() };
    loop {
        mask >>= 1;
        if mask == 0 {
            break;
        }
        let scale = (sig - 2 * product.weight * DEC_DIGITS).min(2 * product.dscale).max(0);
        product = product.mul(&product, scale);
        if mask & 1 == 1 {
            let scale = (sig - (product.weight + result.weight) * DEC_DIGITS).min(product.dscale + result.dscale).max(0);
            result = product.mul(&result, scale);
        }
        if product.weight > 32767 || result.weight > 32767 {
            if exp > 0 {
                return Err(overflow());
            }
            return Ok(Var::zero(rscale));
        }
    }
    if exp < 0 {
        if result.is_zero() {
            return Err(division_by_zero());
        }
        return Ok(one().div(&result, rscale, true));
    }
    result.round(rscale);
    Ok(result)
}

/// `factorial(n)`.
pub fn factorial(n: i64) -> Result<Var> {
    if n < 0 {
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined");
    }
    if n > 32177 {
        return Err(overflow());
    }
    let mut r = one();
    let mut k = 2;
    while k <= n {
        // Gather factors while they fit in a machine word: fewer passes over the digits.
        let mut f: u128 = 1;
        while k <= n && f < 1 << 60 {
            f *= k as u128;
            k += 1;
        }
        r = r.mul_exact(&Var::from_mantissa(f, false, 0));
    }
    Ok(r)
}

/// Greatest common divisor, never negative.
pub fn gcd(a: &Var, b: &Var) -> Var {
    let dscale = a.dscale.max(b.dscale);
    let (mut x, mut y) = (a.clone(), b.clone());
    x.neg = false;
    y.neg = false;
    if x.cmp_abs(&y) == Ordering::Less {
        std::mem::swap(&mut x, &mut y);
    }
    while !y.is_zero() {
        let r = x.rem(&y);
        x = y;
        y = r;
    }
    x.dscale = dscale;
    x
}
