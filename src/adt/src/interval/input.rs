//! Reading intervals: words and units, SQL's `1-2 3 4:05:06`, ISO 8601 (`DecodeInterval`, `DecodeISO8601Interval`).

use super::{FULL_RANGE, Interval, M_DAY, M_HOUR, M_MINUTE, M_MONTH, M_SECOND, M_YEAR, interval_out_of_range};
use crate::datetime::parse::{
    ALL_SECS, DAY, Field, HOUR, INTERVAL_LIMIT, Kind, MICROSECOND, MILLISECOND, MINUTE, MONTH, SECOND, TIME_M, YEAR,
    clock, fraction, int, int64, split,
};
use crate::datetime::tokens::{Unit, Word, units};
use crate::datetime::{IntervalStyle, Refused, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC};

type Parsed<T> = Result<T, Refused>;

const WEEK: u32 = 1 << 20;
const DECADE: u32 = 1 << 21;
const CENTURY: u32 = 1 << 22;
const MILLENNIUM: u32 = 1 << 23;

/// Fields as they are collected; years apart from months since either alone may be near its limit.
#[derive(Default)]
struct Parts {
    micros: i64,
    days: i32,
    months: i32,
    years: i32,
}

const OVERFLOW: Refused = Refused::FieldOverflow;

impl Parts {
    fn add_micros(&mut self, value: i64, part: f64, scale: i64) -> Parsed<()> {
        let v = value.checked_mul(scale).and_then(|v| v.checked_add(self.micros));
        self.micros = v.ok_or(OVERFLOW)?;
        self.add_part_micros(part, scale)
    }

    /// A fraction of `scale` microseconds, rounded half towards zero.
    fn add_part_micros(&mut self, part: f64, scale: i64) -> Parsed<()> {
        if part == 0.0 {
            return Ok(());
        }
        let scaled = part * scale as f64;
        let mut micros = scaled as i64;
        let rest = scaled - micros as f64;
        // The whole part must not overflow before rounding is looked at.
        self.micros.checked_add(micros).ok_or(OVERFLOW)?;
        if rest > 0.5 {
            micros += 1;
        } else if rest < -0.5 {
            micros -= 1;
        }
        self.micros = self.micros.checked_add(micros).ok_or(OVERFLOW)?;
        Ok(())
    }

    fn add_days(&mut self, value: i64, scale: i32) -> Parsed<()> {
        let v = i32::try_from(value).ok().and_then(|v| v.checked_mul(scale)).and_then(|v| v.checked_add(self.days));
        self.days = v.ok_or(OVERFLOW)?;
        Ok(())
    }

    fn add_part_days(&mut self, part: f64, scale: i32) -> Parsed<()> {
        if part == 0.0 {
            return Ok(());
        }
        let days = part * f64::from(scale);
        let whole = days as i32;
        self.days = self.days.checked_add(whole).ok_or(OVERFLOW)?;
        self.add_part_micros(days - f64::from(whole), USECS_PER_DAY)
    }

    fn add_months(&mut self, value: i64) -> Parsed<()> {
        let v = i32::try_from(value).ok().and_then(|v| v.checked_add(self.months));
        self.months = v.ok_or(OVERFLOW)?;
        Ok(())
    }

    fn add_years(&mut self, value: i64, part: f64, scale: i32) -> Parsed<()> {
        let v = i32::try_from(value).ok().and_then(|v| v.checked_mul(scale)).and_then(|v| v.checked_add(self.years));
        self.years = v.ok_or(OVERFLOW)?;
        let months = (part * f64::from(scale) * 12.0).round_ties_even() as i32;
        self.months = self.months.checked_add(months).ok_or(OVERFLOW)?;
        Ok(())
    }

    fn add_unit(&mut self, unit: Unit, value: i64, part: f64) -> Parsed<u32> {
        Ok(match unit {
            Unit::Microsecond => {
                self.add_micros(value, part, 1)?;
                MICROSECOND
            }
            Unit::Millisecond => {
                self.add_micros(value, part, 1000)?;
                MILLISECOND
            }
            Unit::Second => {
                self.add_micros(value, part, USECS_PER_SEC)?;
                if part == 0.0 { SECOND } else { ALL_SECS }
            }
            Unit::Minute => {
                self.add_micros(value, part, USECS_PER_MINUTE)?;
                MINUTE
            }
            Unit::Hour => {
                self.add_micros(value, part, USECS_PER_HOUR)?;
                HOUR
            }
            Unit::Day => {
                self.add_days(value, 1)?;
                self.add_part_micros(part, USECS_PER_DAY)?;
                DAY
            }
            Unit::Week => {
                self.add_days(value, 7)?;
                self.add_part_days(part, 7)?;
                WEEK
            }
            Unit::Month => {
                self.add_months(value)?;
                self.add_part_days(part, 30)?;
                MONTH
            }
            Unit::Year => {
                self.add_years(value, part, 1)?;
                YEAR
            }
            Unit::Decade => {
                self.add_years(value, part, 10)?;
                DECADE
            }
            Unit::Century => {
                self.add_years(value, part, 100)?;
                CENTURY
            }
            Unit::Millennium => {
                self.add_years(value, part, 1000)?;
                MILLENNIUM
            }
            _ => return Err(Refused::BadFormat),
        })
    }

    fn finish(self) -> Parsed<Interval> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        match i32::try_from(months) {
            Ok(months) => Ok(Interval { micros: self.micros, days: self.days, months }),
            Err(_) => Err(Refused::Error(interval_out_of_range())),
        }
    }
}

/// Reads an interval; `range` is the typmod's.
pub(super) fn parse(text: &str, range: i32, style: IntervalStyle) -> Parsed<Interval> {
    let verbose = split(text, INTERVAL_LIMIT).and_then(|fields| verbose(&fields, range, style));
    let result = match verbose {
        Err(Refused::BadFormat) => iso8601(text),
        other => other,
    };
    match result {
        Ok(parts) => parts.finish(),
        Err(Refused::FieldOverflow) => Err(Refused::IntervalOverflow),
        Err(other) => Err(other),
    }
}

/// `hh:mm:ss` in microseconds.
fn time(text: &str, range: i32) -> Parsed<i64> {
    let (hour, min, sec, usec) = clock(text, range == M_MINUTE | M_SECOND)?;
    let rest = i64::from(min) * USECS_PER_MINUTE + i64::from(sec) * USECS_PER_SEC + i64::from(usec);
    hour.checked_mul(USECS_PER_HOUR).and_then(|h| h.checked_add(rest)).ok_or(OVERFLOW)
}

/// The unit of a last number without one.
fn default_unit(range: i32) -> Unit {
    match range {
        M_YEAR => Unit::Year,
        r if r == M_MONTH || r == M_YEAR | M_MONTH => Unit::Month,
        M_DAY => Unit::Day,
        r if r == M_HOUR || r == M_DAY | M_HOUR => Unit::Hour,
        r if r == M_MINUTE || r == M_HOUR | M_MINUTE || r == M_DAY | M_HOUR | M_MINUTE => Unit::Minute,
        FULL_RANGE => Unit::Second,
        _ => Unit::Second,
    }
}

fn verbose(fields: &[Field], range: i32, style: IntervalStyle) -> Parsed<Parts> {
    let signed = |f: &Field| f.text.starts_with(['-', '+']);
    // In SQL's style a single leading minus holds for all fields.
    let force_negative = style == IntervalStyle::SqlStandard
        && fields.first().is_some_and(|f| f.text.starts_with('-'))
        && !fields[1..].iter().any(signed);
    let mut parts = Parts::default();
    let mut unit: Option<Unit> = None;
    let (mut ago, mut fmask) = (false, 0u32);
    // From right to left, so that a unit is known before its number.
    for f in fields.iter().rev() {
        let t = f.text.as_str();
        let mask = match f.kind {
            Kind::Time => {
                // Parts of days that units after it gave are forgotten.
                parts.micros = time(t, range)?;
                if force_negative && parts.micros > 0 {
                    parts.micros = -parts.micros;
                }
                unit = Some(Unit::Day);
                TIME_M
            }
            Kind::Zone if t[1..].contains(':') && time(&t[1..], range).is_ok() => {
                parts.micros = time(&t[1..], range)?;
                if t.starts_with('-') {
                    parts.micros = parts.micros.checked_neg().ok_or(OVERFLOW)?;
                }
                if force_negative && parts.micros > 0 {
                    parts.micros = -parts.micros;
                }
                unit = Some(Unit::Day);
                TIME_M
            }
            Kind::Zone | Kind::Date | Kind::Number => {
                let mut u = *unit.get_or_insert_with(|| default_unit(range));
                let (mut value, rest) = int64(t)?;
                let mut part = 0.0;
                let negative = t.starts_with('-');
                if let Some(months) = rest.strip_prefix('-') {
                    let (m, rest) = int(months)?;
                    if !(0..12).contains(&m) {
                        return Err(OVERFLOW);
                    }
                    if !rest.is_empty() {
                        return Err(Refused::BadFormat);
                    }
                    u = Unit::Month;
                    unit = Some(u);
                    let m = i64::from(if negative { -m } else { m });
                    value = value.checked_mul(12).and_then(|v| v.checked_add(m)).ok_or(OVERFLOW)?;
                } else if rest.starts_with('.') {
                    part = fraction(rest)?;
                    if negative {
                        part = -part;
                    }
                } else if !rest.is_empty() {
                    return Err(Refused::BadFormat);
                }
                if force_negative {
                    value = if value > 0 { -value } else { value };
                    part = if part > 0.0 { -part } else { part };
                }
                let mask = parts.add_unit(u, value, part)?;
                if u == Unit::Hour {
                    unit = Some(Unit::Day);
                }
                mask
            }
            Kind::String | Kind::Special => match units(t) {
                Some(Word::Unit(u)) => {
                    unit = Some(u);
                    0
                }
                Some(Word::Ago) => {
                    ago = true;
                    // Whatever number follows needs a unit of its own.
                    unit = Some(Unit::Epoch);
                    0
                }
                // The words of dates mean nothing here; PostgreSQL 15 has no infinite intervals.
                _ => return Err(Refused::BadFormat),
            },
        };
        if mask & fmask != 0 {
            return Err(Refused::BadFormat);
        }
        fmask |= mask;
    }
    if fmask == 0 {
        return Err(Refused::BadFormat);
    }
    if ago {
        let neg = |v: i32| v.checked_neg().ok_or(OVERFLOW);
        parts = Parts {
            micros: parts.micros.checked_neg().ok_or(OVERFLOW)?,
            days: neg(parts.days)?,
            months: neg(parts.months)?,
            years: neg(parts.years)?,
        };
    }
    Ok(parts)
}

/// A number of ISO 8601 with its fraction, and the rest of the text.
fn iso_number(s: &str) -> Parsed<(i64, f64, &str)> {
    let b = s.as_bytes();
    if !b.first().is_some_and(|c| c.is_ascii_digit() || matches!(c, b'-' | b'.')) {
        return Err(Refused::BadFormat);
    }
    let mut i = usize::from(b[0] == b'-');
    let digits = |mut i: usize| {
        while b.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let start = i;
    i = digits(i);
    let mut seen = i > start;
    if b.get(i) == Some(&b'.') {
        let end = digits(i + 1);
        seen |= end > i + 1;
        i = end;
    }
    if !seen {
        return Err(Refused::BadFormat);
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        let end = digits(i + 1 + sign);
        if end > i + 1 + sign {
            i = end;
        }
    }
    let value = crate::float::number(&s[..i]).ok_or(Refused::BadFormat)?;
    if !value.is_finite() {
        return Err(Refused::BadFormat);
    }
    let whole = value.trunc();
    if !(-9.2e18..9.2e18).contains(&whole) {
        return Err(OVERFLOW);
    }
    Ok((whole as i64, value - whole, &s[i..]))
}

/// Digits of the number's whole part.
fn width(s: &str) -> usize {
    let s = s.strip_prefix('-').unwrap_or(s);
    s.bytes().take_while(u8::is_ascii_digit).count()
}

fn iso8601(text: &str) -> Parsed<Parts> {
    let mut s = text.strip_prefix('P').filter(|s| !s.is_empty()).ok_or(Refused::BadFormat)?;
    let mut p = Parts::default();
    let (mut date, mut have) = (true, false);
    while !s.is_empty() {
        if let Some(rest) = s.strip_prefix('T') {
            (date, have, s) = (false, false, rest);
            continue;
        }
        let start = s;
        let (value, part, rest) = iso_number(s)?;
        let unit = rest.chars().next();
        s = rest.get(unit.map_or(0, char::len_utf8)..).unwrap_or("");
        if date {
            match unit {
                Some('Y') => p.add_years(value, part, 1)?,
                Some('M') => {
                    p.add_months(value)?;
                    p.add_part_days(part, 30)?;
                }
                Some('W') => {
                    p.add_days(value, 7)?;
                    p.add_part_days(part, 7)?;
                }
                Some('D') => {
                    p.add_days(value, 1)?;
                    p.add_part_micros(part, USECS_PER_DAY)?;
                }
                None | Some('T') if width(start) == 8 && !have => {
                    p.add_years(value / 10000, 0.0, 1)?;
                    p.add_months(value / 100 % 100)?;
                    p.add_days(value % 100, 1)?;
                    p.add_part_micros(part, USECS_PER_DAY)?;
                    if unit.is_none() {
                        return Ok(p);
                    }
                    (date, have) = (false, false);
                    continue;
                }
                None | Some('T' | '-') => {
                    if have {
                        return Err(Refused::BadFormat);
                    }
                    p.add_years(value, part, 1)?;
                    if unit == Some('-') {
                        let (value, part, rest) = iso_number(s)?;
                        p.add_months(value)?;
                        p.add_part_days(part, 30)?;
                        s = rest;
                        if let Some(rest) = s.strip_prefix('-') {
                            let (value, part, rest) = iso_number(rest)?;
                            p.add_days(value, 1)?;
                            p.add_part_micros(part, USECS_PER_DAY)?;
                            s = rest;
                        }
                        if s.is_empty() {
                            return Ok(p);
                        }
                        s = s.strip_prefix('T').ok_or(Refused::BadFormat)?;
                    } else if unit.is_none() {
                        return Ok(p);
                    }
                    (date, have) = (false, false);
                    continue;
                }
                _ => return Err(Refused::BadFormat),
            }
        } else {
            match unit {
                Some('H') => p.add_micros(value, part, USECS_PER_HOUR)?,
                Some('M') => p.add_micros(value, part, USECS_PER_MINUTE)?,
                Some('S') => p.add_micros(value, part, USECS_PER_SEC)?,
                None if width(start) == 6 && !have => {
                    p.add_micros(value / 10000, 0.0, USECS_PER_HOUR)?;
                    p.add_micros(value / 100 % 100, 0.0, USECS_PER_MINUTE)?;
                    p.add_micros(value % 100, 0.0, USECS_PER_SEC)?;
                    p.add_part_micros(part, 1)?;
                    return Ok(p);
                }
                None | Some(':') => {
                    if have {
                        return Err(Refused::BadFormat);
                    }
                    p.add_micros(value, part, USECS_PER_HOUR)?;
                    if unit.is_none() {
                        return Ok(p);
                    }
                    let (value, part, rest) = iso_number(s)?;
                    p.add_micros(value, part, USECS_PER_MINUTE)?;
                    if rest.is_empty() {
                        return Ok(p);
                    }
                    let rest = rest.strip_prefix(':').ok_or(Refused::BadFormat)?;
                    let (value, part, rest) = iso_number(rest)?;
                    p.add_micros(value, part, USECS_PER_SEC)?;
                    return if rest.is_empty() { Ok(p) } else { Err(Refused::BadFormat) };
                }
                _ => return Err(Refused::BadFormat),
            }
        }
        have = true;
    }
    Ok(p)
}
