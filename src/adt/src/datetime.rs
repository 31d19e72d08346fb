//! Calendar arithmetic, session settings, reading and writing of everything that has a date or a time of day.
//!
//! Input is PostgreSQL's two-stage reader: [`parse`] splits the text into typed fields, and the decoders give every field a
//! meaning from what came before it. The order of the tests in the decoders *is* the specification: a field like `080599`
//! is a date, a time or a year depending on which of them is still missing.
//!
//! A zone offset inside this module counts seconds *west* of UTC, as in PostgreSQL's sources and its `timetz` values;
//! [`crate::timezone`] counts east, as the tz database does.

pub(crate) mod encode;
pub(crate) mod parse;
pub(crate) mod tokens;

use tusklet_error::{Error, err};

use crate::timezone::TimeZone;

/// A binary form that is not of the `n` bytes it should have.
#[cold]
pub(crate) fn wrong_length(b: &[u8], n: usize) -> tusklet_error::Error {
    if b.len() < n {
        return tusklet_error::err!(PROTOCOL_VIOLATION, "insufficient data left in message");
    }
    tusklet_error::err!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
}

/// Output style of dates (`DateStyle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateStyle {
    /// `1997-12-17 07:37:16-08`.
    Iso,
    /// `12/17/1997 07:37:16.00 PST`.
    Sql,
    /// `Wed Dec 17 07:37:16 1997 PST`.
    Postgres,
    /// `17.12.1997 07:37:16.00 PST`.
    German,
}

/// Order of day, month and year in input that does not say (`DateStyle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Year, month, day.
    Ymd,
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

/// Output style of intervals (`IntervalStyle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalStyle {
    /// `1 year 2 mons 3 days 04:05:06`.
    Postgres,
    /// `@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs`.
    PostgresVerbose,
    /// `+1-2 +3 +4:05:06`.
    SqlStandard,
    /// `P1Y2M3DT4H5M6S`.
    Iso8601,
}

/// What of the session the date and time types depend on.
#[derive(Clone, Copy, Debug)]
pub struct DateTimeConfig<'a> {
    /// Output style of dates.
    pub date_style: DateStyle,
    /// Field order of dates.
    pub date_order: DateOrder,
    /// Output style of intervals.
    pub interval_style: IntervalStyle,
    /// The session's time zone.
    pub zone: &'a TimeZone,
    /// Start of the transaction, microseconds since 2000-01-01 00:00 UTC.
    pub now: i64,
}

impl<'a> DateTimeConfig<'a> {
    /// ISO output, month before day, PostgreSQL's interval style: the defaults of a server.
    pub fn new(zone: &'a TimeZone, now: i64) -> DateTimeConfig<'a> {
        DateTimeConfig {
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            zone,
            now,
        }
    }
}

/// Microseconds in a second.
pub const USECS_PER_SEC: i64 = 1_000_000;
/// Microseconds in a minute.
pub const USECS_PER_MINUTE: i64 = 60 * USECS_PER_SEC;
/// Microseconds in an hour.
pub const USECS_PER_HOUR: i64 = 60 * USECS_PER_MINUTE;
/// Microseconds in a day.
pub const USECS_PER_DAY: i64 = 24 * USECS_PER_HOUR;
/// Days from 1970-01-01 to 2000-01-01.
pub const EPOCH_DAYS: i64 = 10957;
/// Seconds from 1970-01-01 to 2000-01-01.
pub const EPOCH_SECS: i64 = EPOCH_DAYS * 86400;
/// Julian day of 2000-01-01.
pub const POSTGRES_EPOCH_JDATE: i64 = 2_451_545;
/// First timestamp: 4714-11-24 BC.
pub const MIN_TIMESTAMP: i64 = -211_813_488_000_000_000;
/// First microsecond that is no timestamp any more: 294277-01-01.
pub const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;

/// Broken-down time. `year` counts 1 BC as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tm {
    /// Astronomical year.
    pub year: i32,
    /// 1..=12.
    pub mon: i32,
    /// 1..=31.
    pub mday: i32,
    /// 0..=24.
    pub hour: i32,
    /// 0..=59.
    pub min: i32,
    /// 0..=60.
    pub sec: i32,
    /// Microseconds.
    pub usec: i32,
    /// Day of the year, when input gave it.
    pub yday: i32,
}

impl Tm {
    /// Seconds since 1970 on the local clock.
    pub fn local_secs(&self) -> i64 {
        days_from_civil(i64::from(self.year), self.mon, self.mday) * 86400
            + i64::from(self.hour) * 3600
            + i64::from(self.min) * 60
            + i64::from(self.sec)
    }

    /// Microseconds since midnight.
    pub fn time_of_day(&self) -> i64 {
        ((i64::from(self.hour) * 60 + i64::from(self.min)) * 60 + i64::from(self.sec)) * USECS_PER_SEC
            + i64::from(self.usec)
    }

    /// Sets hour, minute, second and microsecond.
    pub fn set_time(&mut self, micros: i64) {
        self.hour = (micros / USECS_PER_HOUR) as i32;
        self.min = (micros / USECS_PER_MINUTE % 60) as i32;
        self.sec = (micros / USECS_PER_SEC % 60) as i32;
        self.usec = (micros % USECS_PER_SEC) as i32;
    }

    /// Midnight of a date in days since 2000-01-01.
    pub fn from_date(days: i32) -> Tm {
        let (year, mon, mday) = civil_from_days(i64::from(days) + EPOCH_DAYS);
        Tm { year: year as i32, mon, mday, ..Tm::default() }
    }

    /// Broken-down local time of a timestamp.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn from_timestamp(t: i64) -> Tm {
        let days = t.div_euclid(USECS_PER_DAY);
        let (year, mon, mday) = civil_from_days(days + EPOCH_DAYS);
        let mut tm = Tm { year: year as i32, mon, mday, ..Tm::default() };
        tm.set_time(t - days * USECS_PER_DAY);
        tm
    }

    /// Days since 2000-01-01.
    pub fn date(&self) -> i64 {
        days_from_civil(i64::from(self.year), self.mon, self.mday) - EPOCH_DAYS
    }

    /// The timestamp of this local time, unless out of range.
    pub fn to_timestamp(&self) -> Option<i64> {
        if !is_valid_julian(self.year, self.mon) {
            return None;
        }
        let t = self.date().checked_mul(USECS_PER_DAY)?.checked_add(self.time_of_day())?;
        is_valid_timestamp(t).then_some(t)
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar; `month` 1..=12, `day` may overflow its month.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn days_from_civil(year: i64, month: i32, day: i32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y - era * 400;
    let mp = i64::from((month + 9) % 12);
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn civil_from_days(days: i64) -> (i64, i32, i32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = (z - era * 146_097) as u32;
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as i32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as i32;
    (i64::from(yoe) + era * 400 + i64::from(month <= 2), month, day)
}

/// Julian day of a date (`date2j`).
pub fn date2j(year: i32, month: i32, day: i32) -> i64 {
    days_from_civil(i64::from(year), month, day) + 2_440_588
}

/// Date of a Julian day (`j2date`).
pub fn j2date(julian: i64) -> (i32, i32, i32) {
    let (y, m, d) = civil_from_days(julian - 2_440_588);
    (y as i32, m, d)
}

/// Weekday of a Julian day, Sunday 0.
pub fn j2day(julian: i64) -> i32 {
    (julian + 1).rem_euclid(7) as i32
}

/// Whether the year is a leap year.
pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, 1..=12.
pub fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Whether the Julian day of a date can be computed and is no earlier than 4714-11 BC (`IS_VALID_JULIAN`).
pub fn is_valid_julian(year: i32, month: i32) -> bool {
    (year > -4713 || year == -4713 && month >= 11) && (year < 5_874_898 || year == 5_874_898 && month < 6)
}

/// Whether a number of days since 2000-01-01 is a date.
pub fn is_valid_date(days: i64) -> bool {
    (-POSTGRES_EPOCH_JDATE..2_147_483_494 - POSTGRES_EPOCH_JDATE).contains(&days)
}

/// Whether a number of microseconds since 2000-01-01 is a timestamp.
#[inline]
pub fn is_valid_timestamp(t: i64) -> bool {
    (MIN_TIMESTAMP..END_TIMESTAMP).contains(&t)
}

/// Julian day of the Monday of the first ISO week of a year.
pub fn iso_year_start(year: i32) -> i64 {
    let day4 = date2j(year, 1, 4);
    day4 - i64::from(j2day(day4 - 1))
}

/// ISO year and week of a date.
pub fn iso_year_week(year: i32, month: i32, day: i32) -> (i32, i32) {
    let j = date2j(year, month, day);
    let mut y = year;
    if j < iso_year_start(y) {
        y -= 1;
    } else if j >= iso_year_start(y + 1) {
        y += 1;
    }
    (y, ((j - iso_year_start(y)) / 7 + 1) as i32)
}

/// Why a reader refused (`DTERR_…`).
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// Not this type's syntax.
    BadFormat,
    /// A field out of its range.
    FieldOverflow,
    /// Month or day out of range: maybe the fields are in another order.
    MonthDayOverflow,
    /// An interval's field out of range.
    IntervalOverflow,
    /// A zone displacement out of range.
    ZoneOverflow,
    /// An error with its own words.
    Error(Error),
}

impl From<Error> for Refused {
    fn from(e: Error) -> Refused {
        Refused::Error(e)
    }
}

impl Refused {
    /// The error a user sees (`DateTimeParseError`).
    #[cold]
    pub(crate) fn report(self, text: &str, type_name: &str) -> Error {
        match self {
            Refused::BadFormat => {
                err!(INVALID_DATETIME_FORMAT, "invalid input syntax for type {}: \"{}\""; type_name, text)
            }
            Refused::FieldOverflow => err!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{}\""; text),
            Refused::MonthDayOverflow => {
                err!(DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"{}\""; text)
                    .hint("Perhaps you need a different \"datestyle\" setting.")
            }
            Refused::IntervalOverflow => {
                err!(INTERVAL_FIELD_OVERFLOW, "interval field value out of range: \"{}\""; text)
            }
            Refused::ZoneOverflow => {
                err!(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range: \"{}\""; text)
            }
            Refused::Error(e) => e,
        }
    }
}

/// A token folded to lower case and cut to the ten characters PostgreSQL compares.
pub(crate) fn token_key<'a>(token: &str, buf: &'a mut [u8; 10]) -> Option<&'a str> {
    let n = token.len().min(10);
    for (to, from) in buf.iter_mut().zip(token.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    std::str::from_utf8(&buf[..n]).ok()
}

/// Rounds a time within a day or timestamp to `precision` digits of a second, halves away from zero (`AdjustTimestampForTypmod`).
pub(crate) fn round_micros(t: i64, precision: i32) -> i64 {
    if !(0..6).contains(&precision) {
        return t;
    }
    let scale = 10i64.pow(6 - precision as u32);
    let half = scale / 2;
    if t >= 0 { (t + half) / scale * scale } else { -((-t + half) / scale * scale) }
}
