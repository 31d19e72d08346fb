//! `to_char` of numbers, `to_number`, `to_date`, `to_timestamp`.

use tusklet_adt::formatting::datetime;
use tusklet_adt::formatting::number::{self, NumberFormat, Wanted};
use tusklet_adt::numeric::Numeric;
use tusklet_error::{Result, filled};

use crate::bind::Entry;

fn shown(write: impl FnOnce(&mut String) -> Result<bool>) -> Result<Option<String>> {
    let mut s = String::new();
    Ok(if write(&mut s)? { Some(s) } else { None })
}

/// The number in scientific notation, as `numeric_out_sci`: the exponent is the number's before rounding.
fn scientific(n: &Numeric, scale: usize) -> Result<String> {
    if !n.is_finite() {
        return Ok(n.to_string());
    }
    let plain = n.abs().to_string();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = filled!("{}{}"; whole, fraction);
    let first = digits.bytes().position(|d| d != b'0');
    let exponent = first.map_or(0, |f| whole.len() as i32 - 1 - f as i32);
    let ten = Numeric::from_i64(10);
    let scaled = if exponent >= 0 {
        let unit = ten.power(&Numeric::from_i64(exponent as i64))?.round(0)?;
        // Enough places for the rounding to see an exact quotient.
        Numeric::from_var(n.to_var().div(&unit.to_var(), scale as i32, true))?
    } else {
        n.mul(&ten.power(&Numeric::from_i64(-exponent as i64))?.round(0)?)?.round(scale as i32)?
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    Ok(format!("{scaled}e{sign}{:02}", exponent.unsigned_abs()))
}

fn numeric_to_char(n: Numeric, format: &str) -> Result<Option<String>> {
    if format.is_empty() {
        return Ok(None);
    }
    let f = NumberFormat::parse(format)?;
    let text = match f.wanted() {
        Wanted::Roman => n.round(0)?.to_int4()?.to_string(),
        Wanted::Scientific { scale } => scientific(&n, scale)?,
        Wanted::Plain { shift, scale } => {
            let n = if shift > 0 {
                n.mul(&Numeric::from_i64(10).power(&Numeric::from_i64(shift as i64))?.round(0)?)?
            } else {
                n
            };
            n.round(scale as i32)?.to_string()
        }
    };
    shown(|s| f.write(s, &text, false).map(|()| true))
}

fn to_number(text: &str, format: &str) -> Result<Option<Numeric>> {
    let Some(r) = number::to_number(text, format)? else { return Ok(None) };
    let parsed = Numeric::parse(&r.text)?;
    // Made by hand, without a look at its limits.
    let typmod = (((r.precision + r.scale) as i32) << 16 | (r.scale as i32 & 0x7ff)) + 4;
    let n = parsed.apply_typmod(typmod)?;
    let Some(shift) = r.shift else { return Ok(Some(n)) };
    let unit = Numeric::from_i64(10).power(&Numeric::from_i64(-(shift as i64)))?;
    Ok(Some(n.mul(&unit)?))
}

pub const TABLES: &[&[Entry]] = &[&[
    ("int4_to_char", f!(a: i64, fmt: &str => shown(|s| number::int_to_char(s, a, false, fmt))?.unwrap_or_default())),
    ("int8_to_char", f!(a: i64, fmt: &str => shown(|s| number::int_to_char(s, a, true, fmt))?.unwrap_or_default())),
    ("float4_to_char", f!(a: f64, fmt: &str => shown(|s| number::float_to_char(s, a, 6, fmt))?.unwrap_or_default())),
    ("float8_to_char", f!(a: f64, fmt: &str => shown(|s| number::float_to_char(s, a, 15, fmt))?.unwrap_or_default())),
    ("numeric_to_char", f!(a: Numeric, fmt: &str => numeric_to_char(a, fmt)?.unwrap_or_default())),
    ("numeric_to_number", f!(a: &str, fmt: &str => to_number(a, fmt)?)),
    ("to_date", f!(a: &str, fmt: &str => datetime::to_date(a, fmt)?)),
    ("to_timestamp", f!(c; a: &str, fmt: &str => datetime::to_timestamp(a, fmt, &crate::bind::datetime(c)?)?)),
]];
