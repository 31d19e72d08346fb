//! LOC (RFC 1876): a place on the Earth, with a size and two precisions.

use tusklet_error::filled;
use super::fields::{Failed, Reader};
use super::types::decimal;
use crate::name::short;

/// Reads all of it; what is left out gets the RFC's defaults.
pub(super) fn read(r: &mut Reader<'_>) -> Result<(), Failed> {
    angle(r, "latitude", 90, ["N", "S"])?;
    angle(r, "longitude", 180, ["E", "W"])?;
    let altitude = match r.peek() {
        Some(_) => metres(r, "the altitude", -10_000_000, 4_284_967_295)?,
        None => 0,
    };
    let sign = if altitude < 0 { "-" } else { "" };
    r.values.push(format!("{sign}{}.{:02}m", altitude.abs() / 100, altitude.abs() % 100));
    for (what, default) in
        [("the size", 100), ("the horizontal precision", 1_000_000), ("the vertical precision", 1000)]
    {
        let cm = match r.peek() {
            Some(_) => metres(r, what, 0, 9_000_000_000)?,
            None => default,
        };
        // On the wire there is one digit and a power of ten.
        let mut power = 1;
        while cm / power >= 10 {
            power *= 10;
        }
        let cm = cm / power * power;
        r.values.push(format!("{}.{:02}m", cm / 100, cm % 100));
    }
    Ok(())
}

/// `degrees [minutes [seconds]] letter`
fn angle(r: &mut Reader<'_>, what: &str, max: u64, letters: [&str; 2]) -> Result<(), Failed> {
    let degrees = r.number(what, max)?;
    let (mut minutes, mut ms) = (0, 0);
    for step in 0..3 {
        let word = r.word(what)?;
        if let Some(letter) = letters.iter().find(|l| l.eq_ignore_ascii_case(word)) {
            if degrees == max && (minutes, ms) != (0, 0) {
                return r.fail("content", format!("the {what} is more than {max} degrees"));
            }
            r.values.extend([
                degrees.to_string(),
                minutes.to_string(),
                format!("{}.{:03}", ms / 1000, ms % 1000),
                letter.to_string(),
            ]);
            return Ok(());
        }
        let value = match step {
            0 => decimal(word).filter(|n| *n < 60).inspect(|n| minutes = *n),
            1 => fixed(word, 3).filter(|n| *n < 60_000).inspect(|n| ms = *n),
            _ => None,
        };
        if value.is_none() {
            let [a, b] = letters;
            return r.fail(
                "content",
                format!(
                    "'{}' is no part of a {what}: degrees, minutes and seconds below 60, then {a} or {b}",
                    short(word)
                ),
            );
        }
    }
    r.fail("content", filled!("the {} does not end in {} or {}"; what, letters[0], letters[1]))
}

/// Digits with a fraction, times ten to the `places`; further digits are cut off.
fn fixed(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("0000".chars()).take(places).collect();
    decimal(whole)?.checked_mul(10u64.pow(places as u32))?.checked_add(decimal(&digits)?)
}

/// Metres, as centimetres.
fn metres(r: &mut Reader<'_>, what: &str, min: i64, max: i64) -> Result<i64, Failed> {
    let word = r.word(what)?;
    let number = word.strip_suffix(['m', 'M']).unwrap_or(word);
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number),
    };
    match fixed(digits, 2).and_then(|n| i64::try_from(n).ok()).map(|n| n * sign) {
        Some(cm) if (min..=max).contains(&cm) => Ok(cm),
        _ => r.fail(
            "content",
            format!("{what} '{}' is not in metres between {} and {}", short(word), min / 100, max / 100),
        ),
    }
}
