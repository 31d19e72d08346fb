//! Decimal text to the nearest binary number, ties to even.
//!
//! The standard library has a table of powers of five for this, 10 KiB of a download that do not compress. Here the power is made when it is
//! needed, to 128 bits rounded down, so that the product is known to lie in a short interval. A point halfway between two binary numbers
//! lies in it once in 2^50 numbers, and for decimals written to be such a point; only then is everything computed exactly.

use tusklet_error::filled;
use std::cmp::Ordering;

/// A binary format: digits of its significand, exponent of its least number, bits of its infinity.
struct Format {
    digits: u32,
    least: i32,
    infinity: u64,
}

const FLOAT8: Format = Format { digits: 53, least: -1074, infinity: 0x7ff << 52 };
const FLOAT4: Format = Format { digits: 24, least: -149, infinity: 0xff << 23 };

/// Digits kept as they are; a `u64` holds so many.
const KEPT: u32 = 19;

/// What long numbers count by: nine decimal digits each.
const BASE: u64 = 1_000_000_000;

/// Digits after which only whether there is another that is not zero decides: no halfway point has more.
const DECISIVE: usize = 800;

/// A decimal `digits × 10^exp`, of which `digits` may lack its end.
struct Decimal {
    digits: u64,
    exp: i64,
    /// A digit that is not zero was left out.
    more: bool,
}

/// The number that `text` says: a sign or none, digits with a point or none, an exponent or none.
pub(super) fn float8(text: &str) -> f64 {
    let (negative, text) = sign(text);
    let d = decimal(text);
    let v = exact(&d).unwrap_or_else(|| f64::from_bits(nearest(&d, text, &FLOAT8)));
    if negative { -v } else { v }
}

/// As [`float8`].
pub(super) fn float4(text: &str) -> f32 {
    let (negative, text) = sign(text);
    let d = decimal(text);
    // Rounding twice is only wrong if the first time ends halfway.
    let v = match exact(&d).filter(|v| v.to_bits() & 0x1fff_ffff != 0x1000_0000) {
        Some(v) => v as f32,
        None => f32::from_bits(nearest(&d, text, &FLOAT4) as u32),
    };
    if negative { -v } else { v }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn decimal(text: &str) -> Decimal {
    let mut d = Decimal { digits: 0, exp: 0, more: false };
    let (mut kept, mut fraction) = (0, false);
    for (i, c) in text.bytes().enumerate() {
        match c {
            b'0'..=b'9' if kept < KEPT => {
                d.digits = d.digits * 10 + u64::from(c - b'0');
                kept += u32::from(d.digits != 0);
                d.exp -= i64::from(fraction);
            }
            b'0'..=b'9' => {
                d.more |= c != b'0';
                d.exp += i64::from(!fraction);
            }
            b'.' => fraction = true,
            _ => {
                let (negative, digits) = sign(&text[i + 1..]);
                let e = digits.bytes().fold(0i64, |e, c| (e * 10 + i64::from(c & 15)).min(1 << 40));
                d.exp += if negative { -e } else { e };
                break;
            }
        }
    }
    d
}

/// One operation on two numbers that are exact.
fn exact(d: &Decimal) -> Option<f64> {
    if d.more || d.digits > 1 << 53 || d.exp.abs() > 22 {
        return None;
    }
    let power = (0..d.exp.abs()).fold(1.0, |p, _| p * 10.0);
    Some(if d.exp < 0 { d.digits as f64 / power } else { d.digits as f64 * power })
}

/// The bits of the nearest number.
fn nearest(d: &Decimal, text: &str, format: &Format) -> u64 {
    if d.digits == 0 || d.exp < -345 {
        return 0;
    }
    if d.exp > 309 {
        return format.infinity;
    }
    let exp = d.exp as i32;
    let (power, power_exp) = power_of_five(exp);
    let shift = d.digits.leading_zeros();
    let wide = u128::from(d.digits << shift);
    // The number is at least low × 2^low_exp, and less than (low + error) × 2^low_exp.
    let low = wide * (power >> 64) + ((wide * (power & u128::from(u64::MAX))) >> 64);
    let low_exp = power_exp + exp + 64 - shift as i32;
    let error = if d.more { 1 << 70 } else { 1 << 13 };
    let least = (128 - low.leading_zeros()).saturating_sub(format.digits);
    let drop = least.max((format.least - low_exp).max(0) as u32);
    if drop > 128 {
        return 0;
    }
    let significand = low.checked_shr(drop).unwrap_or(0);
    let rest = low - significand.checked_shl(drop).unwrap_or(0);
    let half = 1u128 << (drop - 1);
    let above = if rest > half {
        Ordering::Greater
    } else if half - rest >= error {
        Ordering::Less
    } else {
        compare(text, 2 * significand as u64 + 1, low_exp + drop as i32 - 1)
    };
    let up = match above {
        Ordering::Less => 0,
        Ordering::Equal => significand as u64 & 1,
        Ordering::Greater => 1,
    };
    // The significand's highest bit, and a carry out of it, count the exponent up.
    let field = (low_exp + drop as i32 - format.least) as u64;
    ((field << (format.digits - 1)) + significand as u64 + up).min(format.infinity)
}

/// `5^n` as `p × 2^e`, with the highest bit of `p` set, and short by less than 2^12.
fn power_of_five(n: i32) -> (u128, i32) {
    // 5, or 1/5.
    let mut square = if n < 0 { (u128::MAX / 5 * 4, -130) } else { (5 << 125, -125) };
    let mut out = (1 << 127, -127);
    let mut n = n.unsigned_abs();
    while n > 0 {
        if n & 1 == 1 {
            out = times(out, square);
        }
        square = times(square, square);
        n >>= 1;
    }
    out
}

fn times(a: (u128, i32), b: (u128, i32)) -> (u128, i32) {
    let half = |v: u128| (v >> 64, v & u128::from(u64::MAX));
    let ((ah, al), (bh, bl)) = (half(a.0), half(b.0));
    let middle = (half(ah * bl), half(al * bh));
    let low = (al * bl >> 64) + middle.0.1 + middle.1.1;
    let high = ah * bh + middle.0.0 + middle.1.0 + (low >> 64);
    if high >> 127 == 1 {
        (high, a.1 + b.1 + 128)
    } else {
        (high << 1 | (low >> 63 & 1), a.1 + b.1 + 127)
    }
}

/// The number in `text` against `m × 2^e`, exactly.
#[cold]
fn compare(text: &str, m: u64, e: i32) -> Ordering {
    let mut left = Vec::new();
    let (mut exp, mut taken, mut fraction, mut more) = (0i64, 0, false, false);
    for (i, c) in text.bytes().enumerate() {
        match c {
            b'0'..=b'9' if taken < DECISIVE => {
                multiply(&mut left, 10, u32::from(c - b'0'));
                taken += usize::from(!left.is_empty());
                exp -= i64::from(fraction);
            }
            b'0'..=b'9' => {
                more |= c != b'0';
                exp += i64::from(!fraction);
            }
            b'.' => fraction = true,
            _ => {
                exp += decimal(&filled!("0{}"; &text[i..])).exp;
                break;
            }
        }
    }
    if more {
        multiply(&mut left, 10, 1);
        exp -= 1;
    }
    let mut right = large(m);
    let exp = exp as i32;
    let fives = if exp < 0 { &mut right } else { &mut left };
    for _ in 0..exp.unsigned_abs() {
        multiply(fives, 5, 0);
    }
    let twos = if exp < e { &mut right } else { &mut left };
    for _ in 0..(exp - e).unsigned_abs() {
        multiply(twos, 2, 0);
    }
    for v in [&mut left, &mut right] {
        while v.last() == Some(&0) {
            v.pop();
        }
    }
    left.len().cmp(&right.len()).then_with(|| left.iter().rev().cmp(right.iter().rev()))
}

/// A number in digits to base 10^9, the lowest first.
pub(super) fn large(mut v: u64) -> Vec<u32> {
    let mut out = Vec::new();
    while v > 0 {
        out.push((v % BASE) as u32);
        v /= BASE;
    }
    out
}

/// `v × by + plus`.
pub(super) fn multiply(v: &mut Vec<u32>, by: u32, plus: u32) {
    let mut carry = u64::from(plus);
    for digit in v.iter_mut() {
        carry += u64::from(*digit) * u64::from(by);
        *digit = (carry % BASE) as u32;
        carry /= BASE;
    }
    while carry > 0 {
        v.push((carry % BASE) as u32);
        carry /= BASE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;

    fn check(text: &str) {
        assert_eq!(float8(text).to_bits(), text.parse::<f64>().expect("a number").to_bits(), "{text}");
        assert_eq!(float4(text).to_bits(), text.parse::<f32>().expect("a number").to_bits(), "{text}, real");
    }

    #[test]
    fn reads_as_the_standard_library_does() {
        for text in [
            "0", "-0", "0.0e5", "1", "+1.", ".5", "9007199254740993", "9007199254740992.999", "9007199254740993.0000000000000000000000001",
            "1e23", "8.5e22", "1e308", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309", "1e999999999999",
            "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.4703282292062329e-324", "1e-400",
            "2.2250738585072011e-308", "2.2250738585072014e-308", "16777217", "16777219", "1.00000017881393421514957253748434595763683319091796875",
            "1.00000017881393421514957253748434595763683319091796875001", "3.4028235677973366e38", "1.401298464324817e-45", "7.006492321624085e-46",
            "0.000000000000000000000000000000000000000000000000001e51", "6.631236846766476e-316", "3.2378839133029012895883524125015321748630994e-319",
        ] {
            check(text);
        }
        let long = "9".repeat(1200);
        check(&long[..309]);
        check(&format!("{long}e-1200"));
        check(&format!("0.{}{long}", "0".repeat(320)));
    }

    #[test]
    fn random_numbers_and_the_points_between_them() {
        let mut rng = Rng::new(1);
        let mut next = || rng.next();
        for i in 0..40_000 {
            let v = f64::from_bits(next() & !(1 << 63));
            if v.is_finite() {
                check(&format!("{v:e}"));
                check(&format!("{:.*e}", (next() % 25) as usize, v));
            }
            let v = f32::from_bits(next() as u32 & !(1 << 31));
            if v.is_finite() {
                check(&format!("{v:e}"));
                // Exactly between it and the next.
                let between = (f64::from(v) + f64::from(f32::from_bits(v.to_bits() + 1))) / 2.0;
                check(&format!("{between:e}"));
                check(&format!("{between:.60}"));
            }
            check(&format!("{}e{}", next() >> (next() % 60), (next() % 700) as i64 - 350));
            if i % 16 == 0 {
                let v = f64::from_bits(next() & !(1 << 63) | 1 << 52);
                if v.is_finite() && v > 1e-290 {
                    // The exact decimal of a halfway point: the number's, and half a unit in the last place more.
                    let bits = v.to_bits();
                    let (m, e) = (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52) as i32 - 1075);
                    let (mut digits, mut exp) = (large(2 * m + 1), 0);
                    for _ in 0..(e - 1).unsigned_abs() {
                        multiply(&mut digits, if e > 0 { 2 } else { 5 }, 0);
                        exp -= i32::from(e <= 0);
                    }
                    let mut text = String::new();
                    while digits.iter().any(|&d| d != 0) {
                        let rest = digits.iter_mut().rev().fold(0u64, |rest, d| {
                            let v = rest * BASE + u64::from(*d);
                            *d = (v / 10) as u32;
                            v % 10
                        });
                        text.insert(0, char::from(b'0' + rest as u8));
                    }
                    check(&format!("{text}e{exp}"));
                    check(&format!("{text}00000000000000000000000001e{}", exp - 26));
                }
            }
        }
    }
}
