//! `timestamp` and `timestamptz`: microseconds since 2000-01-01, on the local clock or in UTC; `i64::MIN` and `i64::MAX` are the
//! infinities.

mod parts;

use tusklet_error::{Error, Result, bail, err};

use crate::datetime::encode::push_datetime;
use crate::datetime::parse::{DATE_LIMIT, Decoded, Meaning, decode, split};
use crate::datetime::{
    DateStyle, DateTimeConfig, EPOCH_SECS, Refused, Tm, USECS_PER_DAY, USECS_PER_SEC, date2j, days_from_civil,
    days_in_month, is_valid_timestamp, j2date, round_micros,
};
use crate::interval::{Interval, interval_out_of_range};
use crate::timezone::{TimeZone, ZoneSpec};

pub use parts::{
    Extracted, Field, timestamp_extract, timestamp_trunc, timestamptz_extract, timestamptz_trunc, timestamptz_trunc_zone,
};
pub(crate) use parts::{bad_unit, date_field, not_recognized, not_supported};

/// `-infinity`.
pub const NEG_INFINITY: i64 = i64::MIN;
/// `infinity`.
pub const INFINITY: i64 = i64::MAX;

/// Whether a timestamp is neither infinity.
#[inline]
pub fn is_finite(t: i64) -> bool {
    t != NEG_INFINITY && t != INFINITY
}

/// 22008 `timestamp out of range`.
#[cold]
pub fn timestamp_out_of_range() -> Error {
    err!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range")
}

/// Checks and clips the precision of a `timestamp(p)` or `time(p)` declaration; true with it when a warning is due.
pub fn precision_typmod(precision: i32, type_name: &str) -> Result<(i32, bool)> {
    if precision < 0 {
        bail!(INVALID_PARAMETER_VALUE, "{} precision must not be negative"; type_name);
    }
    Ok((precision.min(6), precision > 6))
}

fn decode_text(text: &str, zoned: bool, config: &DateTimeConfig<'_>, type_name: &str) -> Result<Decoded> {
    split(text, DATE_LIMIT)
        .and_then(|fields| decode(&fields, zoned, false, config))
        .and_then(|d| if d.meaning == Meaning::TimeOnly { Err(Refused::BadFormat) } else { Ok(d) })
        .map_err(|r| r.report(text, type_name))
}

/// `timestamp_in`. A zone in the text is read and ignored.
pub fn timestamp_in(text: &str, typmod: i32, config: &DateTimeConfig<'_>) -> Result<i64> {
    if let Some((t, None)) = iso(text.as_bytes()) {
        return timestamp_scale(t, typmod);
    }
    let d = decode_text(text, true, config, "timestamp")?;
    let t = match d.meaning {
        Meaning::Infinity => INFINITY,
        Meaning::MinusInfinity => NEG_INFINITY,
        Meaning::Epoch => -EPOCH_SECS * USECS_PER_SEC,
        _ => match d.tm.to_timestamp() {
            Some(t) => t,
            None => bail!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"{}\""; text),
        },
    };
    timestamp_scale(t, typmod)
}

/// `timestamptz_in`.
pub fn timestamptz_in(text: &str, typmod: i32, config: &DateTimeConfig<'_>) -> Result<i64> {
    if let Some((local, zone)) = iso(text.as_bytes()) {
        let t = match zone {
            Some(east) => local - i64::from(east) * USECS_PER_SEC,
            None => local_to_utc(local, config.zone)?,
        };
        if is_valid_timestamp(t) {
            return timestamp_scale(t, typmod);
        }
    }
    let d = decode_text(text, true, config, "timestamp with time zone")?;
    let t = match d.meaning {
        Meaning::Infinity => INFINITY,
        Meaning::MinusInfinity => NEG_INFINITY,
        Meaning::Epoch => -EPOCH_SECS * USECS_PER_SEC,
        _ => match d.tm.to_timestamp_at(d.west) {
            Some(t) => t,
            None => bail!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"{}\""; text),
        },
    };
    timestamp_scale(t, typmod)
}

/// The shape nearly all input has: `yyyy-mm-dd[( |T)hh:mm:ss[.ffffff][(+|-)hh[:mm]|Z]]` with everything in range.
/// Anything else is left to the full reader, errors included.
fn iso(s: &[u8]) -> Option<(i64, Option<i32>)> {
    let two = |i: usize| -> Option<i32> {
        let (a, b) = (s.get(i)?.wrapping_sub(b'0'), s.get(i + 1)?.wrapping_sub(b'0'));
        (a < 10 && b < 10).then(|| i32::from(a) * 10 + i32::from(b))
    };
    let (year, mon, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
    let ok = s[4] == b'-'
        && s[7] == b'-'
        && year > 0
        && (1..=12).contains(&mon)
        && day >= 1
        && day <= days_in_month(year, mon);
    if !ok {
        return None;
    }
    let mut t = (days_from_civil(i64::from(year), mon, day) * 86400 - EPOCH_SECS) * USECS_PER_SEC;
    if s.len() == 10 {
        return Some((t, None));
    }
    let (hour, min, sec) = (two(11)?, two(14)?, two(17)?);
    if !matches!(s[10], b' ' | b'T') || s[13] != b':' || s[16] != b':' || hour > 23 || min > 59 || sec > 59 {
        return None;
    }
    t += i64::from(hour * 3600 + min * 60 + sec) * USECS_PER_SEC;
    let mut i = 19;
    if s.get(i) == Some(&b'.') {
        i += 1;
        let (mut usec, mut scale) = (0i64, 1_000_000i64);
        while let Some(c) = s.get(i).filter(|c| c.is_ascii_digit()) {
            if scale == 1 {
                return None;
            }
            usec = usec * 10 + i64::from(c - b'0');
            scale /= 10;
            i += 1;
        }
        if scale == 1_000_000 {
            return None;
        }
        t += usec * scale;
    }
    match *s.get(i..)? {
        [] => Some((t, None)),
        [b'Z'] => Some((t, Some(0))),
        [sign @ (b'+' | b'-'), _, _, ..] => {
            let mut east = two(i + 1)? * 3600;
            if s.len() == i + 6 && s[i + 3] == b':' && two(i + 4)? < 60 {
                east += two(i + 4)? * 60;
            } else if s.len() != i + 3 {
                return None;
            }
            (east < 15 * 3600).then_some((t, Some(if sign == b'-' { -east } else { east })))
        }
        _ => None,
    }
}

/// Length coercion to a precision; -1 leaves as is (`AdjustTimestampForTypmod`).
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn timestamp_scale(t: i64, typmod: i32) -> Result<i64> {
    if !(0..6).contains(&typmod) || !is_finite(t) {
        if is_finite(t) && typmod != -1 && typmod != 6 {
            bail!(INVALID_PARAMETER_VALUE, "timestamp({typmod}) precision must be between 0 and 6");
        }
        return Ok(t);
    }
    // Rounding up at the very end leaves the range, as in PostgreSQL.
    Ok(round_micros(t, typmod))
}

/// Appends a `timestamp` in the session's style.
pub fn timestamp_out(out: &mut String, t: i64, config: &DateTimeConfig<'_>) {
    if !is_finite(t) {
        out.push_str(if t < 0 { "-infinity" } else { "infinity" });
        return;
    }
    if config.date_style == DateStyle::Iso {
        return push_iso(out, t);
    }
    push_datetime(out, &Tm::from_timestamp(t), None, config.date_style, config.date_order);
}

/// The common case in one piece: four-digit years after Christ.
#[inline]
fn push_iso(out: &mut String, t: i64) {
    let tm = Tm::from_timestamp(t);
    if !(1..10000).contains(&tm.year) {
        return push_datetime(out, &tm, None, DateStyle::Iso, crate::datetime::DateOrder::Mdy);
    }
    let mut b = *b"0000-00-00 00:00:00.000000";
    let mut put = |i: usize, n: i32| {
        b[i] = b'0' + (n / 10) as u8;
        b[i + 1] = b'0' + (n % 10) as u8;
    };
    put(0, tm.year / 100);
    put(2, tm.year % 100);
    put(5, tm.mon);
    put(8, tm.mday);
    put(11, tm.hour);
    put(14, tm.min);
    put(17, tm.sec);
    let mut n = 19;
    if tm.usec != 0 {
        put(20, tm.usec / 10000);
        put(22, tm.usec / 100 % 100);
        put(24, tm.usec % 100);
        n = 26;
        while b[n - 1] == b'0' {
            n -= 1;
        }
    }
    // ASCII throughout.
    out.push_str(std::str::from_utf8(&b[..n]).unwrap_or(""));
}

/// Appends a `timestamptz` in the session's style and zone.
pub fn timestamptz_out(out: &mut String, t: i64, config: &DateTimeConfig<'_>) {
    if !is_finite(t) {
        out.push_str(if t < 0 { "-infinity" } else { "infinity" });
        return;
    }
    let ty = config.zone.at(unix_secs(t));
    let local = t.saturating_add(i64::from(ty.offset) * USECS_PER_SEC);
    if config.date_style == DateStyle::Iso && (-63_082_281_600_000_000..252_455_616_000_000_000).contains(&local) {
        // Years 1 to 9999 have no ` BC` after the zone.
        push_iso(out, local);
        return crate::datetime::encode::push_zone(out, -ty.offset);
    }
    let tm = local_tm(t, ty.offset);
    push_datetime(out, &tm, Some((-ty.offset, &ty.abbreviation)), config.date_style, config.date_order);
}

/// Seconds since 1970 of a timestamptz.
#[inline]
pub fn unix_secs(t: i64) -> i64 {
    t.div_euclid(USECS_PER_SEC) + EPOCH_SECS
}

/// Broken-down time `east` seconds from UTC; days are counted apart so that the last timestamps do not overflow.
fn local_tm(t: i64, east: i32) -> Tm {
    let mut days = t.div_euclid(USECS_PER_DAY);
    let mut rest = t.rem_euclid(USECS_PER_DAY) + i64::from(east) * USECS_PER_SEC;
    days += rest.div_euclid(USECS_PER_DAY);
    rest = rest.rem_euclid(USECS_PER_DAY);
    let (year, mon, mday) = crate::datetime::civil_from_days(days + crate::datetime::EPOCH_DAYS);
    let mut tm = Tm { year: year as i32, mon, mday, ..Tm::default() };
    tm.set_time(rest);
    tm
}

/// Broken-down local time of a timestamptz in a zone.
pub fn timestamptz_tm(t: i64, zone: &TimeZone) -> Tm {
    local_tm(t, zone.at(unix_secs(t)).offset)
}

impl Tm {
    /// The instant of this local time in a zone `west` seconds west of UTC.
    pub(crate) fn to_timestamp_at(self, west: i32) -> Option<i64> {
        if !crate::datetime::is_valid_julian(self.year, self.mon) {
            return None;
        }
        // PostgreSQL checks the local part for overflow, then the instant for its range.
        let local = self.date().checked_mul(USECS_PER_DAY)?.checked_add(self.time_of_day())?;
        let t = local.checked_add(i64::from(west) * USECS_PER_SEC)?;
        is_valid_timestamp(t).then_some(t)
    }
}

/// The instant a local timestamp is in a zone (`timestamp2timestamptz`).
pub fn local_to_utc(local: i64, zone: &TimeZone) -> Result<i64> {
    if !is_finite(local) {
        return Ok(local);
    }
    let east = zone.at_local(unix_secs(local)).offset;
    let t = local.checked_sub(i64::from(east) * USECS_PER_SEC).filter(|&t| is_valid_timestamp(t));
    t.ok_or_else(timestamp_out_of_range)
}

/// The local timestamp of an instant in a zone (`timestamptz2timestamp`).
pub fn utc_to_local(t: i64, zone: &TimeZone) -> Result<i64> {
    if !is_finite(t) {
        return Ok(t);
    }
    let east = zone.at(unix_secs(t)).offset;
    t.checked_add(i64::from(east) * USECS_PER_SEC).filter(|&t| is_valid_timestamp(t)).ok_or_else(timestamp_out_of_range)
}

/// `timestamptz AT TIME ZONE zone`.
pub fn timestamptz_at_zone(t: i64, zone: &ZoneSpec) -> Result<i64> {
    if !is_finite(t) {
        return Ok(t);
    }
    let east = i64::from(zone.offset_at(unix_secs(t)));
    t.checked_add(east * USECS_PER_SEC).filter(|&t| is_valid_timestamp(t)).ok_or_else(timestamp_out_of_range)
}

/// `timestamp AT TIME ZONE zone`.
pub fn timestamp_at_zone(local: i64, zone: &ZoneSpec) -> Result<i64> {
    if !is_finite(local) {
        return Ok(local);
    }
    let east = i64::from(zone.offset_at_local(unix_secs(local)));
    local.checked_sub(east * USECS_PER_SEC).filter(|&t| is_valid_timestamp(t)).ok_or_else(timestamp_out_of_range)
}

/// Seconds east of UTC that an interval means as a zone (`AT TIME ZONE interval`).
pub fn interval_zone(v: &Interval, style: crate::datetime::IntervalStyle) -> Result<i32> {
    if v.months != 0 || v.days != 0 {
        let mut text = String::new();
        v.write(&mut text, style);
        bail!(INVALID_PARAMETER_VALUE, "interval time zone \"{}\" must not include months or days"; text);
    }
    Ok((v.micros / USECS_PER_SEC) as i32)
}

/// Adds an interval on the local clock; `to_utc` turns a local time back into a timestamp (`timestamp_pl_interval`).
fn add_calendar(mut t: i64, v: &Interval, split: impl Fn(i64) -> Tm, join: impl Fn(&Tm) -> Option<i64>) -> Option<i64> {
    if v.months != 0 {
        let mut tm = split(t);
        let months = i64::from(tm.year) * 12 + i64::from(tm.mon - 1) + i64::from(v.months);
        tm.year = i32::try_from(months.div_euclid(12)).ok()?;
        tm.mon = months.rem_euclid(12) as i32 + 1;
        tm.mday = tm.mday.min(days_in_month(tm.year, tm.mon));
        t = join(&tm)?;
    }
    if v.days != 0 {
        let mut tm = split(t);
        let julian = date2j(tm.year, tm.mon, tm.mday) + i64::from(v.days);
        if julian < 0 {
            return None;
        }
        (tm.year, tm.mon, tm.mday) = j2date(julian);
        t = join(&tm)?;
    }
    t.checked_add(v.micros).filter(|&t| is_valid_timestamp(t))
}

/// `timestamp + interval`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn timestamp_pl_interval(t: i64, v: &Interval) -> Result<i64> {
    if !is_finite(t) {
        return Ok(t);
    }
    let micros = if v.months == 0 {
        // Days have 24 hours on a clock without zone.
        i64::try_from(i128::from(v.days) * i128::from(USECS_PER_DAY) + i128::from(t))
            .ok()
            .filter(|&t| is_valid_timestamp(t))
            .and_then(|t| t.checked_add(v.micros))
            .filter(|&t| is_valid_timestamp(t))
    } else {
        add_calendar(t, v, Tm::from_timestamp, Tm::to_timestamp)
    };
    micros.ok_or_else(timestamp_out_of_range)
}

/// `timestamp - interval`.
pub fn timestamp_mi_interval(t: i64, v: &Interval) -> Result<i64> {
    timestamp_pl_interval(t, &negated(v))
}

/// Negation that wraps, as PostgreSQL's subtraction of an interval does.
fn negated(v: &Interval) -> Interval {
    Interval { micros: v.micros.wrapping_neg(), days: v.days.wrapping_neg(), months: v.months.wrapping_neg() }
}

/// `timestamptz + interval`: months and days on the clock of `zone`.
pub fn timestamptz_pl_interval(t: i64, v: &Interval, zone: &TimeZone) -> Result<i64> {
    if !is_finite(t) {
        return Ok(t);
    }
    let join = |tm: &Tm| tm.to_timestamp_at(-zone.at_local(tm.local_secs()).offset);
    add_calendar(t, v, |t| timestamptz_tm(t, zone), join).ok_or_else(timestamp_out_of_range)
}

/// `timestamptz - interval`.
pub fn timestamptz_mi_interval(t: i64, v: &Interval, zone: &TimeZone) -> Result<i64> {
    timestamptz_pl_interval(t, &negated(v), zone)
}

/// `timestamp - timestamp`, in days and time.
pub fn timestamp_mi(a: i64, b: i64) -> Result<Interval> {
    if !is_finite(a) || !is_finite(b) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite timestamps");
    }
    Interval { micros: a.wrapping_sub(b), days: 0, months: 0 }.justify_hours()
}

/// `age(timestamp, timestamp)`.
pub fn timestamp_age(a: i64, b: i64) -> Result<Interval> {
    // PostgreSQL 15 takes `infinity` for a date like any other here.
    if a == NEG_INFINITY || b == NEG_INFINITY {
        return Err(timestamp_out_of_range());
    }
    age(&Tm::from_timestamp(a), &Tm::from_timestamp(b), a < b)
}

/// `age(timestamptz, timestamptz)` on the clock of `zone`.
pub fn timestamptz_age(a: i64, b: i64, zone: &TimeZone) -> Result<Interval> {
    // PostgreSQL 15 takes `infinity` for a date like any other here.
    if a == NEG_INFINITY || b == NEG_INFINITY {
        return Err(timestamp_out_of_range());
    }
    age(&timestamptz_tm(a, zone), &timestamptz_tm(b, zone), a < b)
}

fn age(a: &Tm, b: &Tm, negative: bool) -> Result<Interval> {
    let sign = if negative { -1 } else { 1 };
    let mut micros = sign * (a.time_of_day() - b.time_of_day());
    let mut days = sign as i32 * (a.mday - b.mday);
    let mut months = sign * ((i64::from(a.year) - i64::from(b.year)) * 12 + i64::from(a.mon - b.mon));
    while micros < 0 {
        micros += USECS_PER_DAY;
        days -= 1;
    }
    while days < 0 {
        let borrow = if negative { a } else { b };
        days += days_in_month(borrow.year, borrow.mon);
        months -= 1;
    }
    let months = i32::try_from(sign * months).map_err(|_| interval_out_of_range())?;
    Ok(Interval { micros: sign * micros, days: sign as i32 * days, months })
}

/// `date_bin(stride, timestamp, origin)`; the same for both types.
pub fn date_bin(stride: &Interval, t: i64, origin: i64) -> Result<i64> {
    if !is_finite(t) {
        return Ok(t);
    }
    if !is_finite(origin) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "origin out of range");
    }
    if stride.months != 0 {
        bail!(FEATURE_NOT_SUPPORTED, "timestamps cannot be binned into intervals containing months or years");
    }
    let step = i64::from(stride.days).checked_mul(USECS_PER_DAY).and_then(|d| d.checked_add(stride.micros));
    let step = step.ok_or_else(interval_out_of_range)?;
    if step <= 0 {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "stride must be greater than zero");
    }
    let diff = t.checked_sub(origin).ok_or_else(interval_out_of_range)?;
    let modulo = diff % step;
    let mut result = origin + (diff - modulo);
    if modulo < 0 {
        result = result.checked_sub(step).ok_or_else(timestamp_out_of_range)?;
    }
    if is_valid_timestamp(result) { Ok(result) } else { Err(timestamp_out_of_range()) }
}

/// `OVERLAPS` over values of any ordered type (`overlaps_timestamp`).
pub fn overlaps<T: Ord + Copy>(s1: Option<T>, e1: Option<T>, s2: Option<T>, e2: Option<T>) -> Option<bool> {
    // The start is the end that is known, or the lesser.
    let order = |s: Option<T>, e: Option<T>| match (s, e) {
        (Some(s), Some(e)) => Some((s.min(e), Some(s.max(e)))),
        (Some(x), None) | (None, Some(x)) => Some((x, None)),
        (None, None) => None,
    };
    let ((s1, e1), (s2, e2)) = (order(s1, e1)?, order(s2, e2)?);
    let (late, late_end, early_end) = match s1.cmp(&s2) {
        std::cmp::Ordering::Greater => (s1, e1, e2),
        std::cmp::Ordering::Less => (s2, e2, e1),
        std::cmp::Ordering::Equal => return (e1.is_some() && e2.is_some()).then_some(true),
    };
    if late < early_end? {
        return Some(true);
    }
    late_end.map(|_| false)
}

/// `make_timestamp`.
pub fn make_timestamp(year: i32, mon: i32, mday: i32, hour: i32, min: i32, sec: f64) -> Result<i64> {
    let date = crate::date::checked_date(year, mon, mday, false)?;
    let date = match date {
        Some(d) => d,
        None => bail!(DATETIME_FIELD_OVERFLOW, "date out of range: {year}-{mon:02}-{mday:02}"),
    };
    let Some(time) = crate::time::checked_time(hour, min, sec) else {
        bail!(DATETIME_FIELD_OVERFLOW, "time field value out of range: {hour}:{min:02}:{}", c_seconds(sec));
    };
    let t = date.checked_mul(USECS_PER_DAY).and_then(|d| d.checked_add(time));
    match t.filter(|&t| is_valid_timestamp(t)) {
        Some(t) => Ok(t),
        None => bail!(
            DATETIME_VALUE_OUT_OF_RANGE,
            "timestamp out of range: {year}-{mon:02}-{mday:02} {hour}:{min:02}:{}",
            c_seconds(sec)
        ),
    }
}

/// Seconds as C's `%02g` prints them.
pub(crate) fn c_seconds(sec: f64) -> String {
    let text = general(sec);
    if sec.is_finite() { format!("{text:0>2}") } else { text }
}

/// A number as PostgreSQL's `%g` prints it.
pub fn general(sec: f64) -> String {
    let mut out = String::new();
    crate::float::write_general(sec, 6, &mut out);
    out
}

/// `make_timestamptz`, in the session's zone or a named one.
pub fn make_timestamptz(local: i64, zone: Option<&str>, config: &DateTimeConfig<'_>) -> Result<i64> {
    let Some(name) = zone else { return local_to_utc(local, config.zone) };
    // A leading digit would be taken for a POSIX zone with an empty name.
    if name.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid input syntax for type numeric time zone: \"{}\""; name)
            .hint("Numeric time zones must have \"-\" or \"+\" as first character."));
    }
    let east = match crate::datetime::parse::zone(name) {
        Ok(west) => -west,
        Err(Refused::ZoneOverflow) => bail!(INVALID_PARAMETER_VALUE, "numeric time zone \"{}\" out of range"; name),
        Err(Refused::BadFormat) => ZoneSpec::parse(name)?.offset_at_local(unix_secs(local)),
        Err(_) => bail!(INVALID_PARAMETER_VALUE, "time zone \"{}\" not recognized"; name),
    };
    let t = local.checked_sub(i64::from(east) * USECS_PER_SEC).filter(|&t| is_valid_timestamp(t));
    t.ok_or_else(timestamp_out_of_range)
}

/// `to_timestamp(float8)`: seconds since 1970.
pub fn from_unix(seconds: f64) -> Result<i64> {
    if seconds.is_infinite() {
        return Ok(if seconds < 0.0 { NEG_INFINITY } else { INFINITY });
    }
    if seconds.is_nan() {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp cannot be NaN");
    }
    let refuse = || {
        let mut text = c_general(seconds);
        if text.is_empty() {
            text = seconds.to_string();
        }
        err!(DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range: \"{}\""; text)
    };
    if !(-210_866_803_200.0..9_224_318_016_000.0).contains(&seconds) {
        return Err(refuse());
    }
    let t = ((seconds - EPOCH_SECS as f64) * 1e6).round_ties_even();
    let t = t as i64;
    if is_valid_timestamp(t) { Ok(t) } else { Err(refuse()) }
}

/// C's `%g`.
fn c_general(x: f64) -> String {
    let text = c_seconds(x);
    // `%02g` differs only for one-character results.
    if text.len() == 2 && text.starts_with('0') { text[1..].to_string() } else { text }
}

/// Refuses a step of zero and tells whether it is negative, for `generate_series` over timestamps.
pub fn series_step_is_negative(step: &Interval) -> Result<bool> {
    match step.cmp_value() {
        0 => bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero"),
        n => Ok(n < 0),
    }
}

/// Receives eight bytes as a timestamp of the precision.
pub fn timestamp_recv(b: &[u8], typmod: i32) -> Result<i64> {
    let Ok(b) = <[u8; 8]>::try_from(b) else {
        return Err(crate::datetime::wrong_length(b, 8))
    };
    let t = i64::from_be_bytes(b);
    if is_finite(t) && !is_valid_timestamp(t) {
        return Err(timestamp_out_of_range());
    }
    timestamp_scale(t, typmod)
}
