//! `money` in the C locale: cents, shown with a dollar sign and commas.

use tusklet_adt::float::float8;
use tusklet_adt::int::{division_by_zero, int8, is_space};
use tusklet_adt::numeric::Numeric;
use tusklet_error::{Result, bail, err, filled};
use tusklet_vector::Kernel;

use crate::bind::Entry;
use crate::int::{int_cmp, row};

/// As `cash_in`: signs, parentheses and the currency sign at either end; cents beyond the second are rounded.
fn parse(text: &str) -> Result<i64> {
    let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type money: \"{}\""; text);
    let too_big = || err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type money"; text);
    let blank = |s: &str| s.trim_start_matches(is_space).len();
    let mut s = text;
    let skip = |s: &mut &str| {
        *s = &s[s.len() - blank(s)..];
        if let Some(rest) = s.strip_prefix('$') {
            *s = &rest[rest.len() - blank(rest)..];
        }
    };
    skip(&mut s);
    let mut negative = false;
    if let Some(rest) = s.strip_prefix(['-', '(']) {
        negative = true;
        s = rest;
    } else if let Some(rest) = s.strip_prefix('+') {
        s = rest;
    }
    skip(&mut s);
    // Counted downwards, so that the least value can be read.
    let mut value: i64 = 0;
    let (mut dot, mut places) = (false, 0);
    let mut rest = s.as_bytes();
    while let [c, tail @ ..] = rest {
        match c {
            b'0'..=b'9' if !dot || places < 2 => {
                value = value.checked_mul(10).and_then(|v| v.checked_sub((c - b'0') as i64)).ok_or_else(too_big)?;
                places += dot as u32;
            }
            b'.' if !dot => dot = true,
            b',' => {}
            _ => break,
        }
        rest = tail;
    }
    if rest.first().is_some_and(|c| (b'5'..=b'9').contains(c)) {
        value = value.checked_sub(1).ok_or_else(too_big)?;
    }
    for _ in places..2 {
        value = value.checked_mul(10).ok_or_else(too_big)?;
    }
    while rest.first().is_some_and(u8::is_ascii_digit) {
        rest = &rest[1..];
    }
    for c in rest {
        match c {
            b')' | b'+' | b'$' | b' ' | b'\t'..=b'\r' => {}
            b'-' => negative = true,
            _ => return Err(bad()),
        }
    }
    if negative { Ok(value) } else { value.checked_neg().ok_or_else(too_big) }
}

fn show(v: i64) -> String {
    let cents = v.unsigned_abs();
    let whole = (cents / 100).to_string();
    let mut out = String::from(if v < 0 { "-$" } else { "$" });
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out.push_str(&format!(".{:02}", cents % 100));
    out
}

fn range() -> tusklet_error::Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "money out of range")
}

fn rounded(v: f64) -> Result<i64> {
    let v = v.round_ties_even();
    // As FLOAT8_FITS_IN_INT64: the upper end is not representable.
    if v >= -9_223_372_036_854_775_808.0 && v < 9_223_372_036_854_775_808.0 { Ok(v as i64) } else { Err(range()) }
}

fn times(a: i64, f: f64) -> Result<i64> {
    rounded(float8::mul(a as f64, f)?)
}

fn over(a: i64, f: f64) -> Result<i64> {
    rounded(float8::div(a as f64, f)?)
}

fn over_int(a: i64, b: i64) -> Result<i64> {
    if b == 0 {
        return Err(division_by_zero());
    }
    a.checked_div(b).ok_or_else(range)
}

fn times_int(a: i64, b: i64) -> Result<i64> {
    a.checked_mul(b).ok_or_else(range)
}

fn ratio(a: i64, b: i64) -> Result<f64> {
    if b == 0 {
        return Err(division_by_zero());
    }
    Ok(a as f64 / b as f64)
}

fn from_numeric(n: Numeric) -> Result<i64> {
    if n.is_nan() {
        bail!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to bigint");
    }
    n.mul(&Numeric::from_i64(100))?.to_int8()
}

/// A number below a thousand in words (`num_word`).
fn words(n: u64) -> String {
    const SMALL: [&str; 20] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];
    const TENS: [&str; 10] =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let (hundreds, low) = (n / 100 % 10, n % 100);
    let small = |n: u64| SMALL[n as usize % 20];
    let tens = TENS[(low / 10) as usize];
    let tail = match low {
        0..20 => small(low).to_owned(),
        _ if low % 10 == 0 => tens.to_owned(),
        _ => filled!("{} {}"; tens, small(low % 10)),
    };
    match (hundreds, low) {
        (0, _) => tail,
        (h, 0) => filled!("{} hundred"; small(h)),
        (h, l) if l < 20 => filled!("{} hundred and {}"; small(h), tail),
        (h, _) => filled!("{} hundred {}"; small(h), tail),
    }
}

fn cash_words(v: i64) -> String {
    let n = v.unsigned_abs();
    let (cents, dollars) = (n % 100, n / 100);
    let mut out = String::from(if v < 0 { "minus " } else { "" });
    for (unit, name) in [
        (1_000_000_000_000_000u64, " quadrillion "),
        (1_000_000_000_000, " trillion "),
        (1_000_000_000, " billion "),
        (1_000_000, " million "),
        (1000, " thousand "),
    ] {
        let m = dollars / unit % 1000;
        if m > 0 {
            out += &words(m);
            out += name;
        }
    }
    let units = dollars % 1000;
    if units > 0 || dollars == 0 {
        out += &words(units);
    }
    out += if dollars == 1 { " dollar and " } else { " dollars and " };
    out += &words(cents);
    out += if cents == 1 { " cent" } else { " cents" };
    out[..1].to_ascii_uppercase() + &out[1..]
}

pub const TABLES: &[&[Entry]] = &[
    &int_cmp!("cash_", i64),
    &[
        ("cash_words", f!(v: i64 => cash_words(v))),
        ("cash_cmp", Kernel::Scalar(row::cmp)),
        ("cashlarger", Kernel::Scalar(row::larger)),
        ("cashsmaller", Kernel::Scalar(row::smaller)),
        ("cash_in", f!(a: &str => parse(a)?)),
        ("cash_out", f!(a: i64 => show(a))),
        ("cash_pl", f!(a: i64, b: i64 => a.checked_add(b).ok_or_else(range)?)),
        ("cash_mi", f!(a: i64, b: i64 => a.checked_sub(b).ok_or_else(range)?)),
        ("cash_mul_int2", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("cash_mul_int4", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("cash_mul_int8", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("int2_mul_cash", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("int4_mul_cash", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("int8_mul_cash", f!(a: i64, b: i64 => times_int(a, b)?)),
        ("cash_mul_flt4", f!(a: i64, b: f64 => times(a, b)?)),
        ("cash_mul_flt8", f!(a: i64, b: f64 => times(a, b)?)),
        ("flt4_mul_cash", f!(a: f64, b: i64 => times(b, a)?)),
        ("flt8_mul_cash", f!(a: f64, b: i64 => times(b, a)?)),
        ("cash_div_int2", f!(a: i64, b: i64 => over_int(a, b)?)),
        ("cash_div_int4", f!(a: i64, b: i64 => over_int(a, b)?)),
        ("cash_div_int8", f!(a: i64, b: i64 => over_int(a, b)?)),
        ("cash_div_flt4", f!(a: i64, b: f64 => over(a, b)?)),
        ("cash_div_flt8", f!(a: i64, b: f64 => over(a, b)?)),
        ("cash_div_cash", f!(a: i64, b: i64 => ratio(a, b)?)),
        ("int4_cash", f!(a: i64 => int8::mul(a, 100)?)),
        ("int8_cash", f!(a: i64 => int8::mul(a, 100)?)),
        ("cash_numeric", f!(a: i64 => Numeric::from_i128_with_scale(a as i128, 2))),
        ("numeric_cash", f!(a: Numeric => from_numeric(a)?)),
    ],
];
