//! `extract`, `date_part` and `date_trunc`.

use tusklet_error::{Error, Result, err};

use super::{INFINITY, is_finite, local_to_utc, timestamp_out_of_range, timestamptz_tm, unix_secs};
pub use crate::datetime::tokens::Field;
use crate::datetime::tokens::{Unit, Word, special};
use crate::datetime::{
    EPOCH_SECS, Tm, USECS_PER_DAY, date2j, is_valid_timestamp, iso_year_start, iso_year_week, j2date, j2day,
};
use crate::timezone::{TimeZone, ZoneSpec};

/// What `extract` answers: a numeric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extracted {
    /// `mantissa / 10^scale`, printed with `scale` digits.
    Decimal {
        /// The digits.
        mantissa: i128,
        /// Digits after the point.
        scale: u32,
    },
    /// `Infinity`.
    Infinity,
    /// `-Infinity`.
    NegInfinity,
    /// SQL NULL: the field of an infinity that never settles, such as its hour.
    Null,
}

impl Extracted {
    pub(crate) fn int(mantissa: i128) -> Extracted {
        Extracted::Decimal { mantissa, scale: 0 }
    }

    pub(crate) fn scaled(mantissa: i128, scale: u32) -> Extracted {
        Extracted::Decimal { mantissa, scale }
    }

    /// What `date_part` answers for the same question.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Extracted::Null => None,
            Extracted::Infinity => Some(f64::INFINITY),
            Extracted::NegInfinity => Some(f64::NEG_INFINITY),
            Extracted::Decimal { mantissa, scale } => {
                let one = 10i128.pow(scale.min(30));
                if scale > 6 {
                    return Some((mantissa / one) as f64 + (mantissa % one) as f64 / one as f64);
                }
                // Seconds and milliseconds are summed from their parts there, with the rounding that gives.
                let (whole, micros) = (mantissa / 1_000_000, (mantissa % 1_000_000) as f64);
                Some(match scale {
                    3 => whole as f64 * 1000.0 + micros / 1000.0,
                    6 if mantissa.abs() < 60_000_000 => whole as f64 + micros / 1e6,
                    _ => mantissa as f64 / one as f64,
                })
            }
        }
    }
}

/// 22023 `unit "x" not recognized for type t`.
#[cold]
pub(crate) fn not_recognized(unit: &str, type_name: &str) -> Error {
    err!(INVALID_PARAMETER_VALUE, "unit \"{}\" not recognized for type {}"; unit.to_ascii_lowercase(), type_name)
}

/// 0A000 `unit "x" not supported for type t`.
#[cold]
pub(crate) fn not_supported(unit: &str, type_name: &str) -> Error {
    err!(FEATURE_NOT_SUPPORTED, "unit \"{}\" not supported for type {}"; unit.to_ascii_lowercase(), type_name)
}

/// Of a word that is no unit: reserved words are units PostgreSQL does not support, others it does not recognize.
#[cold]
pub(crate) fn bad_unit(unit: &str, type_name: &str) -> Error {
    use Word::*;
    match special(unit) {
        Some(Now | Today | Tomorrow | Yesterday | AllBalls | Infinity | MinusInfinity) => {
            not_supported(unit, type_name)
        }
        _ => not_recognized(unit, type_name),
    }
}

/// Fields that depend on the date alone.
pub(crate) fn date_field(unit: Unit, year: i32, mon: i32, mday: i32) -> Option<i128> {
    let y = i128::from(year);
    // There is no year zero: the century before the first is the minus first.
    let span = |n: i128| if y > 0 { (y + n - 1) / n } else { -((n - 1 - (y - 1)) / n) };
    Some(match unit {
        Unit::Day => i128::from(mday),
        Unit::Month => i128::from(mon),
        Unit::Quarter => i128::from((mon - 1) / 3 + 1),
        Unit::Week => i128::from(iso_year_week(year, mon, mday).1),
        Unit::Year => {
            if y > 0 {
                y
            } else {
                y - 1
            }
        }
        Unit::Decade => y.div_euclid(10),
        Unit::Century => span(100),
        Unit::Millennium => span(1000),
        Unit::IsoYear => {
            let iso = i128::from(iso_year_week(year, mon, mday).0);
            if iso > 0 { iso } else { iso - 1 }
        }
        Unit::DayOfWeek => i128::from(j2day(date2j(year, mon, mday))),
        Unit::IsoDayOfWeek => match j2day(date2j(year, mon, mday)) {
            0 => 7,
            d => i128::from(d),
        },
        Unit::DayOfYear => i128::from(date2j(year, mon, mday) - date2j(year, 1, 1) + 1),
        _ => return None,
    })
}

/// The field of an infinity: itself where the field grows without end, NULL where it runs in circles.
fn non_finite(unit: Unit, positive: bool) -> Extracted {
    use Unit::*;
    match unit {
        Year | Decade | Century | Millennium | Julian | IsoYear | Epoch if positive => Extracted::Infinity,
        Year | Decade | Century | Millennium | Julian | IsoYear | Epoch => Extracted::NegInfinity,
        _ => Extracted::Null,
    }
}

fn local_extract(unit: Unit, tm: &Tm) -> Option<Extracted> {
    let secs = i128::from(tm.sec) * 1_000_000 + i128::from(tm.usec);
    Some(match unit {
        Unit::Microsecond => Extracted::int(secs),
        Unit::Millisecond => Extracted::scaled(secs, 3),
        Unit::Second => Extracted::scaled(secs, 6),
        Unit::Minute => Extracted::int(i128::from(tm.min)),
        Unit::Hour => Extracted::int(i128::from(tm.hour)),
        Unit::Julian => julian(date2j(tm.year, tm.mon, tm.mday), tm.time_of_day()),
        _ => Extracted::int(date_field(unit, tm.year, tm.mon, tm.mday)?),
    })
}

/// Julian day and part of a day, with as many digits as numeric division gives (`select_div_scale`).
fn julian(day: i64, micros: i64) -> Extracted {
    // The divisor 86400000000 is 864 at weight 2 in base 10000.
    let (mut weight, mut first) = (0i32, micros);
    while first >= 10000 {
        first /= 10000;
        weight += 1;
    }
    if micros == 0 {
        (weight, first) = (0, 0);
    }
    let quotient_weight = weight - 2 - i32::from(first <= 864);
    let scale = (16 - quotient_weight * 4).max(0) as u32;
    let one = 10i128.pow(scale);
    let divisor = i128::from(USECS_PER_DAY);
    // Rounded half up; both are positive.
    let part = (i128::from(micros) * one * 2 + divisor) / (divisor * 2);
    Extracted::scaled(i128::from(day) * one + part, scale)
}

/// `extract(unit FROM timestamp)`.
pub fn timestamp_extract(field: Field<'_>, t: i64) -> Result<Extracted> {
    const TYPE: &str = "timestamp without time zone";
    let Some(u) = field.unit else { return Err(bad_unit(field.name, TYPE)) };
    if !is_finite(t) {
        return Ok(non_finite(u, t == INFINITY));
    }
    if u == Unit::Epoch {
        return Ok(epoch(t));
    }
    local_extract(u, &Tm::from_timestamp(t)).ok_or_else(|| not_supported(field.name, TYPE))
}

fn epoch(t: i64) -> Extracted {
    Extracted::scaled(i128::from(t) + i128::from(EPOCH_SECS) * 1_000_000, 6)
}

/// `extract(unit FROM timestamptz)` on the clock of `zone`.
pub fn timestamptz_extract(field: Field<'_>, t: i64, zone: &TimeZone) -> Result<Extracted> {
    const TYPE: &str = "timestamp with time zone";
    let Some(u) = field.unit else { return Err(bad_unit(field.name, TYPE)) };
    if !is_finite(t) {
        return Ok(non_finite(u, t == INFINITY));
    }
    let east = i128::from(zone.at(unix_secs(t)).offset);
    Ok(match u {
        Unit::Epoch => epoch(t),
        Unit::Timezone => Extracted::int(east),
        Unit::TimezoneHour => Extracted::int(east / 3600),
        Unit::TimezoneMinute => Extracted::int(east / 60 % 60),
        _ => return local_extract(u, &timestamptz_tm(t, zone)).ok_or_else(|| not_supported(field.name, TYPE)),
    })
}

/// Truncates broken-down time; true if hours or less were kept, so that a zone's offset need not be found anew.
fn trunc_tm(unit: Unit, tm: &mut Tm) -> Option<bool> {
    let first = |tm: &mut Tm| {
        (tm.mon, tm.mday) = (1, 1);
        tm.set_time(0);
    };
    let span = |y: i32, n: i32| if y > 0 { (y + n - 1) / n * n - n + 1 } else { -((n - 1 - (y - 1)) / n) * n + 1 };
    match unit {
        Unit::Week => {
            let (mut year, week) = iso_year_week(tm.year, tm.mon, tm.mday);
            // The ISO year may be another than the calendar's.
            if week >= 52 && tm.mon == 1 {
                year = tm.year - 1;
            } else if week <= 1 && tm.mon == 12 {
                year = tm.year + 1;
            }
            (tm.year, tm.mon, tm.mday) = j2date(iso_year_start(year) + i64::from(week - 1) * 7);
            tm.set_time(0);
        }
        Unit::Millennium => {
            tm.year = span(tm.year, 1000);
            first(tm);
        }
        Unit::Century => {
            tm.year = span(tm.year, 100);
            first(tm);
        }
        Unit::Decade => {
            tm.year = if tm.year > 0 { tm.year / 10 * 10 } else { -((8 - (tm.year - 1)) / 10) * 10 };
            first(tm);
        }
        Unit::Year => first(tm),
        Unit::Quarter => {
            tm.mon = (tm.mon - 1) / 3 * 3 + 1;
            tm.mday = 1;
            tm.set_time(0);
        }
        Unit::Month => {
            tm.mday = 1;
            tm.set_time(0);
        }
        Unit::Day => tm.set_time(0),
        Unit::Hour => {
            (tm.min, tm.sec, tm.usec) = (0, 0, 0);
            return Some(true);
        }
        Unit::Minute => {
            (tm.sec, tm.usec) = (0, 0);
            return Some(true);
        }
        Unit::Second => {
            tm.usec = 0;
            return Some(true);
        }
        Unit::Millisecond => {
            tm.usec = tm.usec / 1000 * 1000;
            return Some(true);
        }
        Unit::Microsecond => return Some(true),
        _ => return None,
    }
    Some(false)
}

/// `date_trunc(unit, timestamp)`.
pub fn timestamp_trunc(field: Field<'_>, t: i64) -> Result<i64> {
    const TYPE: &str = "timestamp without time zone";
    if !is_finite(t) {
        return Ok(t);
    }
    let Some(u) = field.unit else { return Err(not_recognized(field.name, TYPE)) };
    if u == Unit::Day {
        return Ok(t.div_euclid(USECS_PER_DAY) * USECS_PER_DAY);
    }
    let mut tm = Tm::from_timestamp(t);
    trunc_tm(u, &mut tm).ok_or_else(|| not_supported(field.name, TYPE))?;
    tm.to_timestamp().ok_or_else(timestamp_out_of_range)
}

/// `date_trunc(unit, timestamptz)` on the clock of `zone`.
pub fn timestamptz_trunc(field: Field<'_>, t: i64, zone: &TimeZone) -> Result<i64> {
    trunc_at(field, t, |unix| zone.at(unix).offset, |local| local_to_utc(local, zone))
}

/// `date_trunc(unit, timestamptz, zone)`.
pub fn timestamptz_trunc_zone(field: Field<'_>, t: i64, zone: &ZoneSpec) -> Result<i64> {
    if let ZoneSpec::Dynamic(_, zone) = zone {
        // Here PostgreSQL takes the abbreviation for its whole zone.
        return timestamptz_trunc(field, t, zone);
    }
    trunc_at(field, t, |unix| zone.offset_at(unix), |local| super::timestamp_at_zone(local, zone))
}

fn trunc_at(field: Field<'_>, t: i64, east: impl Fn(i64) -> i32, to_utc: impl Fn(i64) -> Result<i64>) -> Result<i64> {
    const TYPE: &str = "timestamp with time zone";
    if !is_finite(t) {
        return Ok(t);
    }
    let Some(u) = field.unit else { return Err(not_recognized(field.name, TYPE)) };
    let east = east(unix_secs(t));
    let mut tm = super::local_tm(t, east);
    let keep = trunc_tm(u, &mut tm).ok_or_else(|| not_supported(field.name, TYPE))?;
    if keep {
        return tm.to_timestamp_at(-east).ok_or_else(timestamp_out_of_range);
    }
    let local = tm.date() * USECS_PER_DAY;
    let result = to_utc(local)?;
    if is_valid_timestamp(result) { Ok(result) } else { Err(timestamp_out_of_range()) }
}
