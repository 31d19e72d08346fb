//! `interval`: months, days and microseconds, kept apart because none is a fixed number of the next.
//!
//! For comparison a month is 30 days and a day 24 hours ([`Interval::cmp_value`]); for addition to a date they are not.

mod input;

use std::cmp::Ordering;

use tusklet_error::{Error, Result, bail, err};

use crate::datetime::encode::{push_fraction, push_padded, push2};
pub use crate::datetime::tokens::Unit;
use crate::datetime::tokens::{Field, units};
use crate::datetime::{
    IntervalStyle, Tm, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC, round_micros,
};
use crate::timestamp::{Extracted, not_recognized, not_supported};

/// A span of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interval {
    /// Microseconds.
    pub micros: i64,
    /// Days.
    pub days: i32,
    /// Months.
    pub months: i32,
}

impl PartialEq for Interval {
    fn eq(&self, other: &Interval) -> bool {
        self.cmp_value() == other.cmp_value()
    }
}

impl Eq for Interval {}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Interval) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Interval) -> Ordering {
        self.cmp_value().cmp(&other.cmp_value())
    }
}

/// 22008 `interval out of range`.
#[cold]
pub fn interval_out_of_range() -> Error {
    err!(DATETIME_VALUE_OUT_OF_RANGE, "interval out of range")
}

// Bits of a typmod's range, as PostgreSQL numbers them.
const M_MONTH: i32 = 1 << 1;
const M_YEAR: i32 = 1 << 2;
const M_DAY: i32 = 1 << 3;
const M_HOUR: i32 = 1 << 10;
const M_MINUTE: i32 = 1 << 11;
const M_SECOND: i32 = 1 << 12;
const FULL_RANGE: i32 = 0x7fff;
const FULL_PRECISION: i32 = 0xffff;

/// Field ranges of `interval` and their names, in the order a declaration may give them.
const RANGES: &[(i32, &str)] = &[
    (M_YEAR, " year"),
    (M_MONTH, " month"),
    (M_DAY, " day"),
    (M_HOUR, " hour"),
    (M_MINUTE, " minute"),
    (M_SECOND, " second"),
    (M_YEAR | M_MONTH, " year to month"),
    (M_DAY | M_HOUR, " day to hour"),
    (M_DAY | M_HOUR | M_MINUTE, " day to minute"),
    (M_DAY | M_HOUR | M_MINUTE | M_SECOND, " day to second"),
    (M_HOUR | M_MINUTE, " hour to minute"),
    (M_HOUR | M_MINUTE | M_SECOND, " hour to second"),
    (M_MINUTE | M_SECOND, " minute to second"),
    (FULL_RANGE, ""),
];

impl Interval {
    /// Reads any of PostgreSQL's forms.
    pub fn parse(text: &str, typmod: i32, style: IntervalStyle) -> Result<Interval> {
        let range = if typmod >= 0 { (typmod >> 16) & 0x7fff } else { FULL_RANGE };
        let value = input::parse(text, range, style).map_err(|r| r.report(text, "interval"))?;
        value.with_typmod(typmod)
    }

    /// Appends the interval's text.
    pub fn write(&self, out: &mut String, style: IntervalStyle) {
        write(self, out, style);
    }

    /// Length coercion: drops fields below the typmod's range, rounds to its precision (`AdjustIntervalForTypmod`).
    pub fn with_typmod(mut self, typmod: i32) -> Result<Interval> {
        if typmod < 0 {
            return Ok(self);
        }
        let range = (typmod >> 16) & 0x7fff;
        let cut = |t: i64, unit: i64| t / unit * unit;
        match range {
            M_YEAR => self = Interval { micros: 0, days: 0, months: self.months / 12 * 12 },
            r if r == M_MONTH || r == M_YEAR | M_MONTH => self = Interval { micros: 0, days: 0, months: self.months },
            M_DAY => self.micros = 0,
            r if r == M_HOUR || r == M_DAY | M_HOUR => self.micros = cut(self.micros, USECS_PER_HOUR),
            r if r == M_MINUTE || r == M_HOUR | M_MINUTE || r == M_DAY | M_HOUR | M_MINUTE => {
                self.micros = cut(self.micros, USECS_PER_MINUTE);
            }
            r if RANGES.iter().any(|x| x.0 == r) => {}
            _ => return Err(Error::internal(format!("unrecognized interval typmod: {typmod}"))),
        }
        let precision = typmod & 0xffff;
        if precision != FULL_PRECISION {
            if precision > 6 {
                bail!(INVALID_PARAMETER_VALUE, "interval({precision}) precision must be between 0 and 6");
            }
            // Near the ends of the range, C's wrapped sum is what PostgreSQL keeps; refusing nothing there is enough.
            if self.micros.unsigned_abs() < i64::MAX as u64 - 1_000_000 {
                self.micros = round_micros(self.micros, precision);
            }
        }
        Ok(self)
    }

    /// The typmod of a declaration's field list and precision (`intervaltypmodin`): one or two numbers.
    pub fn typmod_in(fields: &[i32]) -> Result<i32> {
        let (range, precision) = match *fields {
            [range] => (range, FULL_PRECISION),
            [range, precision] => (range, precision),
            _ => bail!(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier"),
        };
        if !RANGES.iter().any(|r| r.0 == range) {
            bail!(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier");
        }
        if fields.len() == 1 {
            return Ok(if range == FULL_RANGE { -1 } else { FULL_PRECISION | range << 16 });
        }
        if precision < 0 {
            bail!(INVALID_PARAMETER_VALUE, "INTERVAL({precision}) precision must not be negative");
        }
        Ok((precision.min(6) & 0xffff) | range << 16)
    }

    /// What `format_type` prints after `interval` (`intervaltypmodout`).
    pub fn typmod_out(typmod: i32) -> Result<String> {
        if typmod < 0 {
            return Ok(String::new());
        }
        let range = (typmod >> 16) & 0x7fff;
        let Some((_, name)) = RANGES.iter().find(|r| r.0 == range) else {
            return Err(Error::internal(format!("invalid INTERVAL typmod: 0x{typmod:x}")));
        };
        Ok(match typmod & 0xffff {
            FULL_PRECISION => name.to_string(),
            p => format!("{name}({p})"),
        })
    }

    /// The number that orders and hashes intervals: microseconds, with months of 30 days.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn cmp_value(&self) -> i128 {
        let days = i64::from(self.months) * 30 + i64::from(self.days);
        i128::from(days) * i128::from(USECS_PER_DAY) + i128::from(self.micros)
    }

    /// Sixteen bytes that order as the intervals do.
    pub fn key_bytes(&self) -> [u8; 16] {
        ((self.cmp_value() as u128) ^ (1 << 127)).to_be_bytes()
    }

    /// The stored form: micros, days, months, little endian.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn encode(&self) -> [u8; 16] {
        (self.micros as u64 as u128 | (self.days as u32 as u128) << 64 | (self.months as u32 as u128) << 96).to_le_bytes()
    }

    /// From the stored form.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn decode(b: &[u8; 16]) -> Interval {
        let n = u128::from_le_bytes(*b);
        Interval { micros: n as i64, days: (n >> 64) as i32, months: (n >> 96) as i32 }
    }

    /// The protocol's binary form.
    pub fn send(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.micros.to_be_bytes());
        out.extend_from_slice(&self.days.to_be_bytes());
        out.extend_from_slice(&self.months.to_be_bytes());
    }

    /// From the protocol's binary form.
    pub fn recv(b: &[u8], typmod: i32) -> Result<Interval> {
        let b: &[u8; 16] = match b.try_into() {
            Ok(b) => b,
            Err(_) => return Err(crate::datetime::wrong_length(b, 16)),
        };
        let n = u128::from_be_bytes(*b);
        Interval { micros: (n >> 64) as i64, days: (n >> 32) as i32, months: n as i32 }.with_typmod(typmod)
    }

    /// Negation.
    pub fn neg(&self) -> Result<Interval> {
        match (self.micros.checked_neg(), self.days.checked_neg(), self.months.checked_neg()) {
            (Some(micros), Some(days), Some(months)) => Ok(Interval { micros, days, months }),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Sum, field by field.
    pub fn add(&self, o: &Interval) -> Result<Interval> {
        let sum = (self.micros.checked_add(o.micros), self.days.checked_add(o.days), self.months.checked_add(o.months));
        match sum {
            (Some(micros), Some(days), Some(months)) => Ok(Interval { micros, days, months }),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Difference, field by field.
    pub fn sub(&self, o: &Interval) -> Result<Interval> {
        let d = (self.micros.checked_sub(o.micros), self.days.checked_sub(o.days), self.months.checked_sub(o.months));
        match d {
            (Some(micros), Some(days), Some(months)) => Ok(Interval { micros, days, months }),
            _ => Err(interval_out_of_range()),
        }
    }

    /// Product with a number; fractions of months become days, fractions of days become time.
    pub fn mul(&self, factor: f64) -> Result<Interval> {
        let months = f64::from(self.months) * factor;
        let days = f64::from(self.days) * factor;
        if !fits_i32(months) || !fits_i32(days) {
            return Err(interval_out_of_range());
        }
        self.scaled(months, days, self.micros as f64 * factor)
    }

    /// Quotient.
    pub fn div(&self, divisor: f64) -> Result<Interval> {
        if divisor == 0.0 {
            bail!(DIVISION_BY_ZERO, "division by zero");
        }
        self.scaled(f64::from(self.months) / divisor, f64::from(self.days) / divisor, self.micros as f64 / divisor)
    }

    fn scaled(&self, months: f64, days: f64, micros: f64) -> Result<Interval> {
        let ts_round = |x: f64| (x * 1e6).round_ties_even() / 1e6;
        let mut r = Interval { micros: 0, days: days as i32, months: months as i32 };
        let month_days = ts_round((months - f64::from(r.months)) * 30.0);
        let part_days = days - f64::from(r.days) + month_days - f64::from(month_days as i32);
        let mut secs = ts_round(part_days * 86400.0);
        if secs.abs() >= 86400.0 {
            let whole = (secs / 86400.0) as i32;
            r.days = r.days.checked_add(whole).ok_or_else(interval_out_of_range)?;
            secs -= f64::from(whole) * 86400.0;
        }
        r.days = r.days.checked_add(month_days as i32).ok_or_else(interval_out_of_range)?;
        let total = (micros + secs * 1e6).round_ties_even();
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&total) {
            return Err(interval_out_of_range());
        }
        r.micros = total as i64;
        Ok(r)
    }

    /// 24 hours become days.
    pub fn justify_hours(&self) -> Result<Interval> {
        let mut r = *self;
        let whole = (r.micros / USECS_PER_DAY) as i32;
        r.micros -= i64::from(whole) * USECS_PER_DAY;
        r.days = r.days.checked_add(whole).ok_or_else(interval_out_of_range)?;
        if r.days > 0 && r.micros < 0 {
            r.micros += USECS_PER_DAY;
            r.days -= 1;
        } else if r.days < 0 && r.micros > 0 {
            r.micros -= USECS_PER_DAY;
            r.days += 1;
        }
        Ok(r)
    }

    /// 30 days become a month.
    pub fn justify_days(&self) -> Result<Interval> {
        let mut r = *self;
        r.fold_days()?;
        if r.months > 0 && r.days < 0 {
            r.days += 30;
            r.months -= 1;
        } else if r.months < 0 && r.days > 0 {
            r.days -= 30;
            r.months += 1;
        }
        Ok(r)
    }

    fn fold_days(&mut self) -> Result<()> {
        let whole = self.days / 30;
        self.days -= whole * 30;
        self.months = self.months.checked_add(whole).ok_or_else(interval_out_of_range)?;
        Ok(())
    }

    /// Both, with all fields of one sign.
    pub fn justify_interval(&self) -> Result<Interval> {
        let mut r = *self;
        // Folding days first can prevent an overflow.
        if r.days > 0 && r.micros > 0 || r.days < 0 && r.micros < 0 {
            r.fold_days()?;
        }
        let whole = (r.micros / USECS_PER_DAY) as i32;
        r.micros -= i64::from(whole) * USECS_PER_DAY;
        r.days = r.days.checked_add(whole).ok_or_else(interval_out_of_range)?;
        r.fold_days()?;
        if r.months > 0 && (r.days < 0 || r.days == 0 && r.micros < 0) {
            r.days += 30;
            r.months -= 1;
        } else if r.months < 0 && (r.days > 0 || r.days == 0 && r.micros > 0) {
            r.days -= 30;
            r.months += 1;
        }
        if r.days > 0 && r.micros < 0 {
            r.micros += USECS_PER_DAY;
            r.days -= 1;
        } else if r.days < 0 && r.micros > 0 {
            r.micros -= USECS_PER_DAY;
            r.days += 1;
        }
        Ok(r)
    }

    /// `make_interval`.
    #[allow(clippy::too_many_arguments)]
    pub fn make(years: i32, months: i32, weeks: i32, days: i32, hours: i32, mins: i32, secs: f64) -> Result<Interval> {
        if !secs.is_finite() {
            return Err(interval_out_of_range());
        }
        // PostgreSQL 15 computes these without looking for overflow.
        let micros = i64::from(hours) * USECS_PER_HOUR + i64::from(mins) * USECS_PER_MINUTE;
        let secs = (secs * 1e6).round_ties_even();
        // What does not fit is the least number, as the processor makes it.
        let secs = if secs.abs() < 9.3e18 { secs as i64 } else { i64::MIN };
        Ok(Interval {
            micros: micros.wrapping_add(secs),
            days: weeks.wrapping_mul(7).wrapping_add(days),
            months: years.wrapping_mul(12).wrapping_add(months),
        })
    }

    /// The interval as a time of day (`interval::time`).
    pub fn to_time(&self) -> i64 {
        self.micros.rem_euclid(USECS_PER_DAY)
    }

    /// `date_trunc(unit, interval)`.
    pub fn trunc(&self, unit: &str) -> Result<Interval> {
        let Some(crate::datetime::tokens::Word::Unit(u)) = units(unit) else {
            return Err(not_recognized(unit, "interval"));
        };
        let months = |n: i32| Ok(Interval { micros: 0, days: 0, months: self.months / n * n });
        let micros = |n: i64| Ok(Interval { micros: self.micros / n * n, ..*self });
        match u {
            Unit::Millennium => months(12_000),
            Unit::Century => months(1200),
            Unit::Decade => months(120),
            Unit::Year => months(12),
            Unit::Quarter => months(3),
            Unit::Month => months(1),
            Unit::Day => Ok(Interval { micros: 0, ..*self }),
            Unit::Hour => micros(USECS_PER_HOUR),
            Unit::Minute => micros(USECS_PER_MINUTE),
            Unit::Second => micros(USECS_PER_SEC),
            Unit::Millisecond => micros(1000),
            Unit::Microsecond => Ok(*self),
            Unit::Week => Err(not_supported(unit, "interval").detail("Months usually have fractional weeks.")),
            _ => Err(not_supported(unit, "interval")),
        }
    }

    /// `extract(unit FROM interval)`.
    pub fn extract(&self, field: Field<'_>) -> Result<Extracted> {
        let Some(u) = field.unit else { return Err(not_recognized(field.name, "interval")) };
        let (years, months) = (i128::from(self.months / 12), i128::from(self.months % 12));
        let t = self.micros;
        Ok(match u {
            Unit::Microsecond => Extracted::int(i128::from(t % USECS_PER_MINUTE)),
            Unit::Millisecond => Extracted::scaled(i128::from(t % USECS_PER_MINUTE), 3),
            Unit::Second => Extracted::scaled(i128::from(t % USECS_PER_MINUTE), 6),
            Unit::Minute => Extracted::int(i128::from(t / USECS_PER_MINUTE % 60)),
            Unit::Hour => Extracted::int(i128::from(t / USECS_PER_HOUR)),
            Unit::Day => Extracted::int(i128::from(self.days)),
            Unit::Month => Extracted::int(months),
            Unit::Quarter => Extracted::int(months / 3 + 1),
            Unit::Year => Extracted::int(years),
            Unit::Decade => Extracted::int(years / 10),
            Unit::Century => Extracted::int(years / 100),
            Unit::Millennium => Extracted::int(years / 1000),
            Unit::Epoch => {
                // A year is 365.25 days here.
                let quarter_days = 1461 * years + 120 * months + 4 * i128::from(self.days);
                Extracted::scaled(quarter_days * 21_600_000_000 + i128::from(t), 6)
            }
            _ => return Err(not_supported(field.name, "interval")),
        })
    }

    /// As `to_char` and `age` see it: years and months, days, and a time whose hours may exceed a day.
    pub(crate) fn to_tm(self) -> (Tm, i64) {
        let tm = Tm {
            year: self.months / 12,
            mon: self.months % 12,
            mday: self.days,
            hour: 0,
            min: (self.micros / USECS_PER_MINUTE % 60) as i32,
            sec: (self.micros / USECS_PER_SEC % 60) as i32,
            usec: (self.micros % USECS_PER_SEC) as i32,
            yday: 0,
        };
        (tm, self.micros / USECS_PER_HOUR)
    }
}

fn fits_i32(x: f64) -> bool {
    (-2_147_483_648.0..2_147_483_648.0).contains(&x)
}

fn push_seconds(out: &mut String, sec: i32, usec: i32, pad: bool) {
    if pad {
        push2(out, sec)
    } else {
        push_padded(out, i64::from(sec.unsigned_abs()), 1)
    }
    push_fraction(out, usec);
}

fn push_abs(out: &mut String, n: i64) {
    let u = n.unsigned_abs();
    push_padded(out, u.min(i64::MAX as u64) as i64, 1);
}

fn write(v: &Interval, out: &mut String, style: IntervalStyle) {
    let (tm, hour) = v.to_tm();
    let time_negative = hour < 0 || tm.min < 0 || tm.sec < 0 || tm.usec < 0;
    let has_time = v.micros != 0;
    match style {
        IntervalStyle::Postgres => {
            let (mut zero, mut before) = (true, false);
            for (value, unit) in [(tm.year, "year"), (tm.mon, "mon"), (tm.mday, "day")] {
                if value == 0 {
                    continue;
                }
                if !zero {
                    out.push(' ');
                }
                if before && value > 0 {
                    out.push('+');
                }
                push_padded(out, i64::from(value), 1);
                out.push(' ');
                out.push_str(unit);
                if value != 1 {
                    out.push('s');
                }
                before = value < 0;
                zero = false;
            }
            if zero || has_time {
                if !zero {
                    out.push(' ');
                }
                if time_negative {
                    out.push('-');
                } else if before {
                    out.push('+');
                }
                push_padded(out, hour.abs(), 2);
                out.push(':');
                push2(out, tm.min);
                out.push(':');
                push_seconds(out, tm.sec, tm.usec, true);
            }
        }
        IntervalStyle::PostgresVerbose => {
            let (mut zero, mut before) = (true, false);
            out.push('@');
            let parts = [
                (i64::from(tm.year), " year"),
                (i64::from(tm.mon), " mon"),
                (i64::from(tm.mday), " day"),
                (hour, " hour"),
                (i64::from(tm.min), " min"),
            ];
            for (mut value, unit) in parts {
                if value == 0 {
                    continue;
                }
                if zero {
                    before = value < 0;
                    value = value.abs();
                } else if before {
                    value = -value;
                }
                out.push(' ');
                push_padded(out, value, 1);
                out.push_str(unit);
                if value != 1 {
                    out.push('s');
                }
                zero = false;
            }
            if tm.sec != 0 || tm.usec != 0 {
                out.push(' ');
                if tm.sec < 0 || tm.sec == 0 && tm.usec < 0 {
                    if zero {
                        before = true;
                    } else if !before {
                        out.push('-');
                    }
                } else if before {
                    out.push('-');
                }
                push_seconds(out, tm.sec, tm.usec, false);
                out.push_str(if tm.sec.abs() != 1 || tm.usec != 0 { " secs" } else { " sec" });
                zero = false;
            }
            if zero {
                out.push_str(" 0");
            }
            if before {
                out.push_str(" ago");
            }
        }
        IntervalStyle::SqlStandard => {
            let negative = v.months < 0 || v.days < 0 || time_negative;
            let positive = v.months > 0 || v.days > 0 || v.micros > 0;
            let year_month = v.months != 0;
            let day_time = v.days != 0 || has_time;
            let standard = !(negative && positive) && !(year_month && day_time);
            if !negative && !positive {
                out.push('0');
                return;
            }
            if !standard {
                out.push(if v.months < 0 { '-' } else { '+' });
            } else if negative {
                out.push('-');
            }
            if !standard || year_month {
                push_abs(out, i64::from(tm.year));
                out.push('-');
                push_abs(out, i64::from(tm.mon));
            }
            if standard && year_month {
                return;
            }
            if !standard {
                out.push(' ');
                out.push(if v.days < 0 { '-' } else { '+' });
            }
            if !standard || v.days != 0 {
                push_abs(out, i64::from(v.days));
                out.push(' ');
            }
            if !standard {
                out.push(if time_negative { '-' } else { '+' });
            }
            push_abs(out, hour);
            out.push(':');
            push2(out, tm.min);
            out.push(':');
            push_seconds(out, tm.sec, tm.usec, true);
        }
        IntervalStyle::Iso8601 => {
            if v.months == 0 && v.days == 0 && v.micros == 0 {
                out.push_str("PT0S");
                return;
            }
            let part = |out: &mut String, value: i64, unit: char| {
                if value != 0 {
                    push_padded(out, value, 1);
                    out.push(unit);
                }
            };
            out.push('P');
            part(out, i64::from(tm.year), 'Y');
            part(out, i64::from(tm.mon), 'M');
            part(out, i64::from(tm.mday), 'D');
            if has_time {
                out.push('T');
            }
            part(out, hour, 'H');
            part(out, i64::from(tm.min), 'M');
            if tm.sec != 0 || tm.usec != 0 {
                if tm.sec < 0 || tm.usec < 0 {
                    out.push('-');
                }
                push_seconds(out, tm.sec, tm.usec, false);
                out.push('S');
            }
        }
    }
}
