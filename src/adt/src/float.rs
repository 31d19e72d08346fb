//! `real` and `double precision`.
//!
//! Output is shortest-precise: the fewest digits that read back as the same number. A decimal exactly half-way between two floats is
//! neither to PostgreSQL (`1e23` prints as `9.999999999999999e+22`), though one of them is what it reads.

mod decimal;
mod digits;

use std::cmp::Ordering;

use tusklet_error::{Error, Result, bail, err};

use digits::Digits;

use crate::int::{division_by_zero, int2_range, int4_range, int8_range, is_space};

/// `value out of range: overflow`.
#[cold]
pub fn overflow() -> Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

/// `value out of range: underflow`.
#[cold]
pub fn underflow() -> Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

#[cold]
fn out_of_range_input() -> Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

/// What a floating point literal says, before it is a number.
enum Literal<'a> {
    Decimal(&'a str, bool),
    Special(f64),
}

/// The longest prefix `strtod` would take, and what follows it.
fn scan(s: &str) -> Option<(Literal<'_>, &str)> {
    let b = s.as_bytes();
    let mut i = usize::from(matches!(b.first(), Some(b'+' | b'-')));
    let negative = b.first() == Some(&b'-');
    for (word, value) in [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        if b.len() >= i + word.len() && b[i..i + word.len()].eq_ignore_ascii_case(word.as_bytes()) {
            let value = if negative { -value } else { value };
            return Some((Literal::Special(value), &s[i + word.len()..]));
        }
    }
    if b.len() > i + 1 && b[i] == b'0' && b[i + 1] | 32 == b'x'
        && let Some((value, end)) = hexadecimal(b, i + 2)
    {
        return Some((Literal::Special(if negative { -value } else { value }), &s[end..]));
    }
    let (mut digits, mut nonzero) = (0, false);
    let mut point = false;
    while i < b.len() {
        match b[i] {
            c if c.is_ascii_digit() => {
                digits += 1;
                nonzero |= c != b'0';
            }
            b'.' if !point => point = true,
            _ => break,
        }
        i += 1;
    }
    if digits == 0 {
        return None;
    }
    if i < b.len() && (b[i] | 32) == b'e' {
        let mut j = i + 1;
        if j < b.len() && matches!(b[j], b'+' | b'-') {
            j += 1;
        }
        let first = j;
        while j < b.len() && b[j].is_ascii_digit() {
            j += 1;
        }
        if j > first {
            i = j;
        }
    }
    Some((Literal::Decimal(&s[..i], nonzero), &s[i..]))
}

/// The number that is all of `s`, as `strtod` reads it; `None` if it is none.
pub fn number(s: &str) -> Option<f64> {
    match scan(s)? {
        (Literal::Decimal(text, _), "") => Some(decimal::float8(text)),
        (Literal::Special(v), "") => Some(v),
        _ => None,
    }
}

/// C's hexadecimal floating point from `i` on, and where it ends. Digits beyond the sixteenth are not looked at.
fn hexadecimal(b: &[u8], mut i: usize) -> Option<(f64, usize)> {
    let (mut m, mut exp, mut digits, mut point) = (0u64, 0i32, 0, false);
    while let Some(&c) = b.get(i) {
        match char::from(c).to_digit(16) {
            Some(d) => {
                digits += 1;
                if m >> 60 == 0 {
                    m = m << 4 | u64::from(d);
                    exp -= if point { 4 } else { 0 };
                } else if !point {
                    exp = exp.saturating_add(4);
                }
            }
            None if c == b'.' && !point => point = true,
            None => break,
        }
        i += 1;
    }
    if digits == 0 {
        return None;
    }
    if let Some(b'p' | b'P') = b.get(i) {
        let sign = matches!(b.get(i + 1), Some(b'+' | b'-'));
        let start = i + 1 + usize::from(sign);
        let end = start + b[start.min(b.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
        if end > start {
            let e = std::str::from_utf8(&b[start..end]).ok()?.parse::<i32>().unwrap_or(1 << 20).min(1 << 20);
            exp = exp.saturating_add(if b[i + 1] == b'-' { -e } else { e });
            i = end;
        }
    }
    Some((m as f64 * 2f64.powi(exp.clamp(-2000, 2000)), i))
}

/// Reads a `double precision` at the start of a text, and gives what follows. None where no number starts.
pub fn scan_float8(s: &str) -> Result<Option<(f64, &str)>> {
    Ok(match scan(s.trim_start_matches(is_space)) {
        Some((Literal::Special(v), rest)) => Some((v, rest)),
        Some((Literal::Decimal(text, nonzero), rest)) => {
            let v = decimal::float8(text);
            if v.is_infinite() || (v == 0.0 && nonzero) {
                bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"{}\" is out of range for type double precision"; text);
            }
            Some((v, rest))
        }
        None => None,
    })
}

/// Reads a `double precision`.
pub fn parse_float8(s: &str) -> Result<f64> {
    match scan_float8(s)? {
        Some((v, rest)) if rest.trim_start_matches(is_space).is_empty() => Ok(v),
        _ => bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type double precision: \"{}\""; s),
    }
}

/// Reads a `real`.
pub fn parse_float4(s: &str) -> Result<f32> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type real: \"{}\""; s);
    let (literal, rest) = scan(s.trim_start_matches(is_space)).ok_or_else(bad)?;
    let v = match literal {
        Literal::Special(v) => v as f32,
        Literal::Decimal(text, nonzero) => {
            let v = decimal::float4(text);
            if v.is_infinite() || (v == 0.0 && nonzero) {
                bail!(NUMERIC_VALUE_OUT_OF_RANGE, "\"{}\" is out of range for type real"; s);
            }
            v
        }
    };
    if rest.trim_start_matches(is_space).is_empty() { Ok(v) } else { Err(bad()) }
}

/// Writes the digits from the first one, or that of the power `point`, to that of the power `last`, with a point behind that of `point`.
fn lay_out(d: &Digits, point: i32, last: i32, out: &mut String) {
    for power in (last..=d.exp.max(point)).rev() {
        out.push(d.at(power));
        if power == point && power > last {
            out.push('.');
        }
    }
}

/// An exponent as C writes it.
fn push_exponent(exp: i32, out: &mut String) {
    out.push_str(if exp < 0 { "e-" } else { "e+" });
    if exp.unsigned_abs() < 10 {
        out.push('0');
    }
    crate::int::write(i64::from(exp.unsigned_abs()), out);
}

/// Writes digits as `printf("%g")` lays them out.
fn lay_out_general(negative: bool, d: &Digits, limit: i32, out: &mut String) {
    if negative {
        out.push('-');
    }
    let last = d.exp + 1 - d.digits.len() as i32;
    if d.exp < -4 || d.exp >= limit {
        lay_out(d, d.exp, last, out);
        push_exponent(d.exp, out);
    } else {
        lay_out(d, 0, last.min(0), out);
    }
}

fn special(v: f64, out: &mut String) -> bool {
    if v.is_nan() {
        out.push_str("NaN");
    } else if v.is_infinite() {
        out.push_str(if v > 0.0 { "Infinity" } else { "-Infinity" });
    } else if v == 0.0 {
        out.push_str(if v.is_sign_negative() { "-0" } else { "0" });
    } else {
        return false;
    }
    true
}

/// Writes a `double precision` with the fewest digits that read back (`extra_float_digits` ≥ 1).
pub fn write_float8(v: f64, out: &mut String) {
    if !special(v, out) {
        lay_out_general(v < 0.0, &digits::shortest8(v.abs()), 15, out);
    }
}

/// Writes a `real` with the fewest digits that read back (`extra_float_digits` ≥ 1).
pub fn write_float4(v: f32, out: &mut String) {
    if !special(f64::from(v), out) {
        lay_out_general(v < 0.0, &digits::shortest4(v.abs()), 6, out);
    }
}

/// Writes with a fixed number of significant digits as `%.{n}g` does.
pub fn write_general(v: f64, digits: i32, out: &mut String) {
    if !special(v, out) {
        let mut d = digits::exact(v.abs());
        d.round(digits.max(1));
        lay_out_general(v < 0.0, &d, digits.max(1), out);
    }
}

/// What C's `printf` does with the digits of `v`.
fn printed(v: f64, layout: impl FnOnce(Digits, &mut String)) -> String {
    let mut out = String::new();
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_sign_negative() {
        out.push('-');
    }
    if v.is_infinite() {
        out.push_str("inf");
    } else {
        layout(digits::exact(v.abs()), &mut out);
    }
    out
}

/// C's `%.{places}f`.
pub fn fixed(v: f64, places: usize) -> String {
    let last = -(places as i32);
    printed(v, |mut d, out| {
        d.round(d.exp + 1 - last);
        lay_out(&d, 0, last, out);
    })
}

/// C's `%.{places}e`.
pub fn scientific(v: f64, places: usize) -> String {
    printed(v, |mut d, out| {
        d.round(places as i32 + 1);
        lay_out(&d, d.exp, d.exp - places as i32, out);
        push_exponent(d.exp, out);
    })
}

/// Writes a `double precision` under the session's `extra_float_digits`.
pub fn write_float8_extra(v: f64, extra: i32, out: &mut String) {
    if extra > 0 { write_float8(v, out) } else { write_general(v, 15 + extra, out) }
}

/// Writes a `real` under the session's `extra_float_digits`.
pub fn write_float4_extra(v: f32, extra: i32, out: &mut String) {
    if extra > 0 { write_float4(v, out) } else { write_general(f64::from(v), 6 + extra, out) }
}

/// Order: NaN equals itself and is above everything; zeros are equal.
pub fn cmp_float8(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// As [`cmp_float8`].
pub fn cmp_float4(a: f32, b: f32) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Hash: equal for equal values, so the zeros and all NaNs are folded; `real` hashes as `double precision`.
pub fn hash(v: f64) -> u64 {
    let v = if v == 0.0 { 0.0 } else if v.is_nan() { f64::NAN } else { v };
    crate::hash::word(if v.is_nan() { 0x7ff8_0000_0000_0000 } else { v.to_bits() })
}

macro_rules! arithmetic {
    ($module:ident, $t:ty, $name:literal) => {
        #[doc = concat!("Arithmetic of `", $name, "`: infinities only come from infinities, zero only from zero.")]
        pub mod $module {
            use super::*;

            /// `a + b`.
            pub fn add(a: $t, b: $t) -> Result<$t> {
                let r = a + b;
                if r.is_infinite() && !a.is_infinite() && !b.is_infinite() { Err(overflow()) } else { Ok(r) }
            }
            /// `a - b`.
            pub fn sub(a: $t, b: $t) -> Result<$t> {
                let r = a - b;
                if r.is_infinite() && !a.is_infinite() && !b.is_infinite() { Err(overflow()) } else { Ok(r) }
            }
            /// `a * b`.
            pub fn mul(a: $t, b: $t) -> Result<$t> {
                let r = a * b;
                if r.is_infinite() && !a.is_infinite() && !b.is_infinite() {
                    return Err(overflow());
                }
                if r == 0.0 && a != 0.0 && b != 0.0 {
                    return Err(underflow());
                }
                Ok(r)
            }
            /// `a / b`.
            pub fn div(a: $t, b: $t) -> Result<$t> {
                if b == 0.0 && !a.is_nan() {
                    return Err(division_by_zero());
                }
                let r = a / b;
                if r.is_infinite() && !a.is_infinite() {
                    return Err(overflow());
                }
                if r == 0.0 && a != 0.0 && !b.is_infinite() {
                    return Err(underflow());
                }
                Ok(r)
            }
        }
    };
}

arithmetic!(float4, f32, "real");
arithmetic!(float8, f64, "double precision");

/// `double precision` to `real`.
pub fn float8_to_float4(v: f64) -> Result<f32> {
    let r = v as f32;
    if r.is_infinite() && !v.is_infinite() {
        return Err(overflow());
    }
    if r == 0.0 && v != 0.0 {
        return Err(underflow());
    }
    Ok(r)
}

/// To `smallint`, rounding half to even.
pub fn to_int2(v: f64) -> Result<i16> {
    let r = v.round_ties_even();
    if (-32768.0..32768.0).contains(&r) { Ok(r as i16) } else { Err(int2_range()) }
}

/// To `integer`, rounding half to even.
pub fn to_int4(v: f64) -> Result<i32> {
    let r = v.round_ties_even();
    if (-2147483648.0..2147483648.0).contains(&r) { Ok(r as i32) } else { Err(int4_range()) }
}

/// To `bigint`, rounding half to even.
pub fn to_int8(v: f64) -> Result<i64> {
    let r = v.round_ties_even();
    if (-9223372036854775808.0..9223372036854775808.0).contains(&r) { Ok(r as i64) } else { Err(int8_range()) }
}

/// `sign(a)`.
pub fn sign(a: f64) -> f64 {
    if a > 0.0 {
        1.0
    } else if a < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// `sqrt(a)`.
pub fn sqrt(a: f64) -> Result<f64> {
    if a < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
    }
    Ok(a.sqrt())
}

/// `cbrt(a)`.
pub fn cbrt(a: f64) -> Result<f64> {
    checked(a.cbrt(), a.is_infinite(), a == 0.0)
}

fn checked(r: f64, may_be_infinite: bool, may_be_zero: bool) -> Result<f64> {
    if r.is_infinite() && !may_be_infinite {
        return Err(overflow());
    }
    if r == 0.0 && !may_be_zero {
        return Err(underflow());
    }
    Ok(r)
}

/// `power(a, b)`, as `dpow` treats POSIX's special cases.
pub fn power(a: f64, b: f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(if b == 0.0 { 1.0 } else { a });
    }
    if b.is_nan() {
        return Ok(if a == 1.0 { 1.0 } else { b });
    }
    if a == 0.0 && b < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
    }
    if a < 0.0 && b.floor() != b {
        bail!(
            INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "a negative number raised to a non-integer power yields a complex result"
        );
    }
    if a.is_infinite() || b.is_infinite() {
        return Ok(a.powf(b));
    }
    checked(a.powf(b), false, a == 0.0)
}

/// `exp(a)`.
pub fn exp(a: f64) -> Result<f64> {
    if a.is_nan() || a.is_infinite() {
        return Ok(a.exp());
    }
    checked(a.exp(), false, false)
}

fn check_log(a: f64) -> Result<()> {
    if a == 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    }
    if a < 0.0 {
        bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    }
    Ok(())
}

/// `ln(a)`.
pub fn ln(a: f64) -> Result<f64> {
    check_log(a)?;
    checked(a.ln(), a.is_infinite(), a == 1.0)
}

/// `log(a)`, base ten.
pub fn log10(a: f64) -> Result<f64> {
    check_log(a)?;
    checked(a.log10(), a.is_infinite(), a == 1.0)
}

/// A function defined on [-1, 1] only.
fn within_one(a: f64, f: fn(f64) -> f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(a);
    }
    if !(-1.0..=1.0).contains(&a) {
        return Err(out_of_range_input());
    }
    Ok(f(a))
}

/// `acos(a)`.
pub fn acos(a: f64) -> Result<f64> {
    within_one(a, f64::acos)
}

/// `asin(a)`.
pub fn asin(a: f64) -> Result<f64> {
    within_one(a, f64::asin)
}

/// A function that has no value at infinity.
fn finite(a: f64, f: impl Fn(f64) -> f64) -> Result<f64> {
    if a.is_infinite() { Err(out_of_range_input()) } else { Ok(f(a)) }
}

/// `sin(a)`.
pub fn sin(a: f64) -> Result<f64> {
    finite(a, f64::sin)
}

/// `cos(a)`.
pub fn cos(a: f64) -> Result<f64> {
    finite(a, f64::cos)
}

/// `tan(a)`.
pub fn tan(a: f64) -> Result<f64> {
    finite(a, f64::tan)
}

/// `cot(a)`.
pub fn cot(a: f64) -> Result<f64> {
    finite(a, |x| 1.0 / x.tan())
}

/// `sinh(a)`: infinite where the result would overflow.
pub fn sinh(a: f64) -> f64 {
    a.sinh()
}

/// `cosh(a)`.
pub fn cosh(a: f64) -> f64 {
    a.cosh()
}

/// `tanh(a)`.
pub fn tanh(a: f64) -> f64 {
    a.tanh()
}

/// `asinh(a)`.
pub fn asinh(a: f64) -> f64 {
    // Beyond 2^28 the square swallows the one, and squaring would overflow.
    let x = a.abs();
    if !x.is_finite() {
        return a;
    }
    let r = if x > 268435456.0 {
        x.ln() + std::f64::consts::LN_2
    } else if x > 2.0 {
        (2.0 * x + 1.0 / ((x * x + 1.0).sqrt() + x)).ln()
    } else {
        let t = x * x;
        (x + t / (1.0 + (1.0 + t).sqrt())).ln_1p()
    };
    if x < 3.7e-9 { a } else { r.copysign(a) }
}

/// `acosh(a)`.
pub fn acosh(a: f64) -> Result<f64> {
    if a < 1.0 {
        Err(out_of_range_input())
    } else if a > 268435456.0 && a.is_finite() {
        Ok(a.ln() + std::f64::consts::LN_2)
    } else if a > 2.0 {
        Ok((2.0 * a - 1.0 / (a + (a * a - 1.0).sqrt())).ln())
    } else {
        let t = a - 1.0;
        Ok((t + (2.0 * t + t * t).sqrt()).ln_1p())
    }
}

/// `atanh(a)`.
pub fn atanh(a: f64) -> Result<f64> {
    if !(-1.0..=1.0).contains(&a) && !a.is_nan() {
        return Err(out_of_range_input());
    }
    Ok(if a == 1.0 {
        f64::INFINITY
    } else if a == -1.0 {
        f64::NEG_INFINITY
    } else {
        let x = a.abs();
        let t = x + x;
        let r = if x < 0.5 { t + t * x / (1.0 - x) } else { t / (1.0 - x) };
        if x < 3.7e-9 { a } else { (0.5 * r.ln_1p()).copysign(a) }
    })
}

const RADIANS_PER_DEGREE: f64 = 0.0174532925199432957692;

/// `degrees(a)`.
pub fn degrees(a: f64) -> Result<f64> {
    float8::div(a, RADIANS_PER_DEGREE)
}

/// `radians(a)`.
pub fn radians(a: f64) -> Result<f64> {
    float8::mul(a, RADIANS_PER_DEGREE)
}

// The degree functions divide by the function's own value at 30, 60 or 45 degrees, so that those angles come out exact.

fn sin_30() -> f64 {
    (30.0 * RADIANS_PER_DEGREE).sin()
}

fn one_minus_cos_60() -> f64 {
    1.0 - (60.0 * RADIANS_PER_DEGREE).cos()
}

fn sind_0_to_30(x: f64) -> f64 {
    ((x * RADIANS_PER_DEGREE).sin() / sin_30()) / 2.0
}

fn cosd_0_to_60(x: f64) -> f64 {
    1.0 - ((1.0 - (x * RADIANS_PER_DEGREE).cos()) / one_minus_cos_60()) / 2.0
}

fn sind_q1(x: f64) -> f64 {
    if x <= 30.0 { sind_0_to_30(x) } else { cosd_0_to_60(90.0 - x) }
}

fn cosd_q1(x: f64) -> f64 {
    if x <= 60.0 { cosd_0_to_60(x) } else { sind_0_to_30(90.0 - x) }
}

fn asind_q1(x: f64) -> f64 {
    if x <= 0.5 { (x.asin() / 0.5f64.asin()) * 30.0 } else { 90.0 - (x.acos() / 0.5f64.acos()) * 60.0 }
}

fn acosd_q1(x: f64) -> f64 {
    if x <= 0.5 { 90.0 - (x.asin() / 0.5f64.asin()) * 30.0 } else { (x.acos() / 0.5f64.acos()) * 60.0 }
}

/// `sind(a)`.
pub fn sind(a: f64) -> Result<f64> {
    finite(a, |a| {
        let mut sign = 1.0;
        let mut x = a % 360.0;
        if x < 0.0 {
            x = -x;
            sign = -sign;
        }
        if x > 180.0 {
            x = 360.0 - x;
            sign = -sign;
        }
        if x > 90.0 {
            x = 180.0 - x;
        }
        sign * sind_q1(x)
    })
}

/// `cosd(a)`.
pub fn cosd(a: f64) -> Result<f64> {
    finite(a, |a| {
        let mut sign = 1.0;
        let mut x = (a % 360.0).abs();
        if x > 180.0 {
            x = 360.0 - x;
        }
        if x > 90.0 {
            x = 180.0 - x;
            sign = -sign;
        }
        if a.is_nan() { a } else { sign * cosd_q1(x) }
    })
}

/// Folds an angle into the first quadrant and says whether tangent and cotangent change sign.
fn fold_tangent(a: f64) -> (f64, f64) {
    let mut sign = 1.0;
    let mut x = a % 360.0;
    if x < 0.0 {
        x = -x;
        sign = -sign;
    }
    if x > 180.0 {
        x = 360.0 - x;
        sign = -sign;
    }
    if x > 90.0 {
        x = 180.0 - x;
        sign = -sign;
    }
    (x, sign)
}

/// `tand(a)`.
pub fn tand(a: f64) -> Result<f64> {
    finite(a, |a| {
        let (x, sign) = fold_tangent(a);
        let r = sign * ((sind_q1(x) / cosd_q1(x)) / (sind_q1(45.0) / cosd_q1(45.0)));
        // Zero is always positive here.
        if r == 0.0 { 0.0 } else { r }
    })
}

/// `cotd(a)`.
pub fn cotd(a: f64) -> Result<f64> {
    finite(a, |a| {
        let (x, sign) = fold_tangent(a);
        let r = sign * ((cosd_q1(x) / sind_q1(x)) / (cosd_q1(45.0) / sind_q1(45.0)));
        if r == 0.0 { 0.0 } else { r }
    })
}

/// `asind(a)`.
pub fn asind(a: f64) -> Result<f64> {
    within_one(a, |x| if x >= 0.0 { asind_q1(x) } else { -asind_q1(-x) })
}

/// `acosd(a)`.
pub fn acosd(a: f64) -> Result<f64> {
    within_one(a, |x| if x >= 0.0 { acosd_q1(x) } else { 90.0 + asind_q1(-x) })
}

/// `atand(a)`.
pub fn atand(a: f64) -> f64 {
    (a.atan() / 1.0f64.atan()) * 45.0
}

/// `atan2d(a, b)`.
pub fn atan2d(a: f64, b: f64) -> f64 {
    (a.atan2(b) / 1.0f64.atan()) * 45.0
}

/// `width_bucket(operand, low, high, count)`.
pub fn width_bucket(operand: f64, low: f64, high: f64, count: i32) -> Result<i32> {
    if count <= 0 {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "operand, lower bound, and upper bound cannot be NaN");
    }
    if low.is_infinite() || high.is_infinite() {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
    }
    let past = || count.checked_add(1).ok_or_else(int4_range);
    // Where high - low overflows, both are halved first.
    let ratio = |from: f64, to: f64, x: f64| {
        let (d, n) = if (to - from).is_infinite() { (to / 2.0 - from / 2.0, x / 2.0 - from / 2.0) } else { (to - from, x - from) };
        n / d
    };
    if low < high {
        if operand < low {
            Ok(0)
        } else if operand >= high {
            past()
        } else {
            Ok(((f64::from(count) * ratio(low, high, operand)) as i32).min(count - 1) + 1)
        }
    } else if low > high {
        if operand > low {
            Ok(0)
        } else if operand <= high {
            past()
        } else {
            Ok(((f64::from(count) * ratio(low, high, operand)) as i32).min(count - 1) + 1)
        }
    } else {
        bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f8(v: f64) -> String {
        let mut s = String::new();
        write_float8(v, &mut s);
        s
    }

    fn f4(v: f32) -> String {
        let mut s = String::new();
        write_float4(v, &mut s);
        s
    }

    #[test]
    fn answers_are_postgresql_s() {
        crate::testing::check_tsv(include_str!("../tests/data/float.tsv"), |f| {
            let text = |r: Result<f64>| r.map(f8);
            let x = || f[1].parse::<f64>().expect("a number");
            let y = || f[2].parse::<f64>().expect("a number");
            match f[0] {
                "in8" => text(parse_float8(f[1])),
                "in4" => parse_float4(f[1]).map(f4),
                "out8" => Ok(f8(x())),
                "out4" => Ok(f4(f[1].parse().expect("a number"))),
                "out8e" => {
                    let mut s = String::new();
                    write_float8_extra(x(), f[2].parse().expect("a number"), &mut s);
                    Ok(s)
                }
                "add" => text(float8::add(x(), y())),
                "sub" => text(float8::sub(x(), y())),
                "mul" => text(float8::mul(x(), y())),
                "div" => text(float8::div(x(), y())),
                "power" => text(power(x(), y())),
                "sqrt" => text(sqrt(x())),
                "cbrt" => text(cbrt(x())),
                "exp" => text(exp(x())),
                "ln" => text(ln(x())),
                "log10" => text(log10(x())),
                "acos" => text(acos(x())),
                "asin" => text(asin(x())),
                "sin" => text(sin(x())),
                "cos" => text(cos(x())),
                "tan" => text(tan(x())),
                "sind" => text(sind(x())),
                "cosd" => text(cosd(x())),
                "tand" => text(tand(x())),
                "cotd" => text(cotd(x())),
                "asind" => text(asind(x())),
                "acosd" => text(acosd(x())),
                "atand" => Ok(f8(atand(x()))),
                "sinh" => Ok(f8(sinh(x()))),
                "cosh" => Ok(f8(cosh(x()))),
                "tanh" => Ok(f8(tanh(x()))),
                "asinh" => Ok(f8(asinh(x()))),
                "acosh" => text(acosh(x())),
                "atanh" => text(atanh(x())),
                "degrees" => text(degrees(x())),
                "radians" => text(radians(x())),
                "sign" => Ok(f8(sign(x()))),
                "int2" => to_int2(x()).map(|v| v.to_string()),
                "int4" => to_int4(x()).map(|v| v.to_string()),
                "int8" => to_int8(x()).map(|v| v.to_string()),
                "float4" => float8_to_float4(x()).map(f4),
                other => panic!("unknown operation {other}"),
            }
        });
    }

    #[test]
    fn output_is_shortest_with_borders_excluded() {
        assert_eq!(f8(1e23), "9.999999999999999e+22");
        // Exactly between ..062 and ..063, but the lower one is nearer to the number before.
        assert_eq!(f8(2f64.powi(-24)), "5.960464477539063e-08");
        assert_eq!(f4(9.43e-43), "9.43e-43");
        assert_eq!(f8(9007199254740993.0), "9.007199254740992e+15");
        assert_eq!(f8(8.41e21), "8.409999999999999e+21");
        assert_eq!(f8(5e-324), "5e-324");
        assert_eq!(f8(123456789012345.0), "123456789012345");
        assert_eq!(f8(1e15), "1e+15");
        assert_eq!(f8(0.0001), "0.0001");
        assert_eq!(f8(-0.00001), "-1e-05");
        assert_eq!(f4(16777216.0), "1.6777216e+07");
        assert_eq!(f4(33554432.0), "3.3554432e+07");
        assert_eq!(f4(9.5367431640625e-7), "9.536743e-07");
        assert_eq!(f4(123456.0), "123456");
    }

    #[test]
    fn input_is_strtod() {
        assert_eq!(parse_float8(" 1. ").unwrap(), 1.0);
        assert_eq!(parse_float8("+inf").unwrap(), f64::INFINITY);
        assert_eq!(parse_float8("1e").unwrap_err().message(), "invalid input syntax for type double precision: \"1e\"");
        assert_eq!(parse_float8("1e400").unwrap_err().message(), "\"1e400\" is out of range for type double precision");
        assert_eq!(parse_float4("1e-60").unwrap_err().message(), "\"1e-60\" is out of range for type real");
    }

    #[test]
    fn degrees_are_exact_where_they_can_be() {
        assert_eq!((sind(30.0).unwrap(), cosd(60.0).unwrap(), tand(45.0).unwrap(), acosd(0.5).unwrap()), (0.5, 0.5, 1.0, 60.0));
        assert_eq!((sind(33.3).unwrap(), cosd(7.77).unwrap()), (0.5490228179981316, 0.9908187651661832));
    }
}
