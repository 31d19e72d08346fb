//! `date`: days since 2000-01-01; `i32::MIN` and `i32::MAX` are the infinities.

use tusklet_error::{Error, Result, bail, err};

use crate::datetime::encode::push_date;
use crate::datetime::parse::{DATE_LIMIT, Meaning, decode, split};
use crate::datetime::tokens::Unit;
use crate::datetime::{
    DateStyle, DateTimeConfig, EPOCH_DAYS, POSTGRES_EPOCH_JDATE, Refused, Tm, USECS_PER_DAY, days_in_month,
    is_valid_date, is_valid_julian,
};
use crate::timestamp::{self, Extracted, bad_unit, date_field, not_supported};

/// `-infinity`.
pub const NEG_INFINITY: i32 = i32::MIN;
/// `infinity`.
pub const INFINITY: i32 = i32::MAX;

/// Whether a date is neither infinity.
#[inline]
pub fn is_finite(d: i32) -> bool {
    d != NEG_INFINITY && d != INFINITY
}

/// 22008 `date out of range`.
#[cold]
pub fn date_out_of_range() -> Error {
    err!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range")
}

/// `date_in`. A time and a zone in the text are read and ignored.
pub fn date_in(text: &str, config: &DateTimeConfig<'_>) -> Result<i32> {
    if let Some(d) = iso(text.as_bytes()) {
        return Ok(d);
    }
    let decoded = split(text, DATE_LIMIT)
        .and_then(|fields| decode(&fields, true, false, config))
        .and_then(|d| if d.meaning == Meaning::TimeOnly { Err(Refused::BadFormat) } else { Ok(d) })
        .map_err(|r| r.report(text, "date"))?;
    match decoded.meaning {
        Meaning::Infinity => return Ok(INFINITY),
        Meaning::MinusInfinity => return Ok(NEG_INFINITY),
        Meaning::Epoch => return Ok(-EPOCH_DAYS as i32),
        _ => {}
    }
    let date = decoded.tm.date();
    if !is_valid_julian(decoded.tm.year, decoded.tm.mon) || !is_valid_date(date) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"{}\""; text);
    }
    Ok(date as i32)
}

/// `yyyy-mm-dd` in range; anything else is left to the full reader.
fn iso(s: &[u8]) -> Option<i32> {
    let s: &[u8; 10] = s.try_into().ok()?;
    let d = |i: usize| i32::from(s[i].wrapping_sub(b'0'));
    let digits = [0, 1, 2, 3, 5, 6, 8, 9].iter().all(|&i| s[i].is_ascii_digit());
    if !digits || s[4] != b'-' || s[7] != b'-' {
        return None;
    }
    let (y, m, day) = (d(0) * 1000 + d(1) * 100 + d(2) * 10 + d(3), d(5) * 10 + d(6), d(8) * 10 + d(9));
    if y < 1 || !(1..=12).contains(&m) || day < 1 || day > days_in_month(y, m) {
        return None;
    }
    Some((crate::datetime::days_from_civil(i64::from(y), m, day) - EPOCH_DAYS) as i32)
}

/// Appends a date in the session's style.
pub fn date_out(out: &mut String, d: i32, config: &DateTimeConfig<'_>) {
    if !is_finite(d) {
        out.push_str(if d < 0 { "-infinity" } else { "infinity" });
        return;
    }
    let tm = Tm::from_date(d);
    if config.date_style == DateStyle::Iso && (1..10000).contains(&tm.year) {
        let mut b = *b"0000-00-00";
        let mut put = |i: usize, n: i32| {
            b[i] = b'0' + (n / 10) as u8;
            b[i + 1] = b'0' + (n % 10) as u8;
        };
        put(0, tm.year / 100);
        put(2, tm.year % 100);
        put(5, tm.mon);
        put(8, tm.mday);
        // ASCII throughout.
        out.push_str(std::str::from_utf8(&b).unwrap_or(""));
        return;
    }
    push_date(out, &tm, config.date_style, config.date_order);
}

/// `date + integer`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn date_pli(d: i32, days: i32) -> Result<i32> {
    if !is_finite(d) {
        return Ok(d);
    }
    d.checked_add(days).filter(|&r| is_valid_date(i64::from(r))).ok_or_else(date_out_of_range)
}

/// `date - integer`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn date_mii(d: i32, days: i32) -> Result<i32> {
    if !is_finite(d) {
        return Ok(d);
    }
    d.checked_sub(days).filter(|&r| is_valid_date(i64::from(r))).ok_or_else(date_out_of_range)
}

/// `date - date`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn date_mi(a: i32, b: i32) -> Result<i32> {
    if !is_finite(a) || !is_finite(b) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "cannot subtract infinite dates");
    }
    Ok(a.wrapping_sub(b))
}

/// Midnight of a date as a timestamp.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn date_to_timestamp(d: i32) -> Result<i64> {
    match d {
        NEG_INFINITY => return Ok(timestamp::NEG_INFINITY),
        INFINITY => return Ok(timestamp::INFINITY),
        _ => {}
    }
    if i64::from(d) >= crate::datetime::END_TIMESTAMP / USECS_PER_DAY {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp");
    }
    Ok(i64::from(d) * USECS_PER_DAY)
}

/// Midnight of a date in a zone as an instant.
pub fn date_to_timestamptz(d: i32, zone: &crate::timezone::TimeZone) -> Result<i64> {
    let local = date_to_timestamp(d)?;
    timestamp::local_to_utc(local, zone)
        .map_err(|_| err!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range for timestamp"))
}

/// The date of a local timestamp.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn timestamp_to_date(t: i64) -> i32 {
    match t {
        timestamp::NEG_INFINITY => NEG_INFINITY,
        timestamp::INFINITY => INFINITY,
        _ => t.div_euclid(USECS_PER_DAY) as i32,
    }
}

/// The date of an instant on the clock of `zone`.
pub fn timestamptz_to_date(t: i64, zone: &crate::timezone::TimeZone) -> i32 {
    if timestamp::is_finite(t) { timestamp::timestamptz_tm(t, zone).date() as i32 } else { timestamp_to_date(t) }
}

/// A date compared with a timestamp: a date beyond the timestamps is greater than all but `infinity` (`date_cmp_timestamp_internal`).
pub fn date_cmp_timestamp(d: i32, t: i64) -> std::cmp::Ordering {
    match date_to_timestamp(d) {
        Ok(x) => x.cmp(&t),
        Err(_) if t == timestamp::INFINITY => std::cmp::Ordering::Less,
        Err(_) => std::cmp::Ordering::Greater,
    }
}

/// The same against an instant, midnight being that of `zone`.
pub fn date_cmp_timestamptz(d: i32, t: i64, zone: &crate::timezone::TimeZone) -> std::cmp::Ordering {
    match date_to_timestamptz(d, zone) {
        Ok(x) => x.cmp(&t),
        Err(_) if d > 0 && t != timestamp::INFINITY => std::cmp::Ordering::Greater,
        Err(_) if d > 0 || t != timestamp::NEG_INFINITY => std::cmp::Ordering::Less,
        Err(_) => std::cmp::Ordering::Greater,
    }
}

/// Days of a date given in parts, `None` if far out of range; 22008 if a part is. `make_date` shows the year as counted
/// through zero in that error, `make_timestamp` as given.
pub(crate) fn checked_date(year: i32, mon: i32, mday: i32, show_adjusted: bool) -> Result<Option<i64>> {
    let refuse = |y: i32| err!(DATETIME_FIELD_OVERFLOW, "date field value out of range: {y}-{mon:02}-{mday:02}");
    if year == 0 || year == i32::MIN {
        return Err(refuse(year));
    }
    // A negative year is BC.
    let y = if year < 0 { year + 1 } else { year };
    if !(1..=12).contains(&mon) || mday < 1 || mday > days_in_month(y, mon) {
        return Err(refuse(if show_adjusted { y } else { year }));
    }
    if !is_valid_julian(y, mon) {
        return Ok(None);
    }
    Ok(Some(Tm { year: y, mon, mday, ..Tm::default() }.date()))
}

/// `make_date`.
pub fn make_date(year: i32, mon: i32, mday: i32) -> Result<i32> {
    match checked_date(year, mon, mday, true)? {
        Some(d) if is_valid_date(d) => Ok(d as i32),
        _ => {
            let y = if year < 0 { year + 1 } else { year };
            bail!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: {y}-{mon:02}-{mday:02}")
        }
    }
}

/// `extract(unit FROM date)`.
pub fn date_extract(unit: &str, d: i32) -> Result<Extracted> {
    let Some(u) = Unit::parse(unit) else { return Err(bad_unit(unit, "date")) };
    let timed = matches!(
        u,
        Unit::Microsecond
            | Unit::Millisecond
            | Unit::Second
            | Unit::Minute
            | Unit::Hour
            | Unit::Timezone
            | Unit::TimezoneHour
            | Unit::TimezoneMinute
    );
    if timed {
        return Err(not_supported(unit, "date"));
    }
    if !is_finite(d) {
        use Unit::*;
        return Ok(match u {
            Year | Decade | Century | Millennium | Julian | IsoYear | Epoch if d > 0 => Extracted::Infinity,
            Year | Decade | Century | Millennium | Julian | IsoYear | Epoch => Extracted::NegInfinity,
            _ => Extracted::Null,
        });
    }
    match u {
        Unit::Julian => return Ok(Extracted::int(i128::from(d) + i128::from(POSTGRES_EPOCH_JDATE))),
        Unit::Epoch => return Ok(Extracted::int((i128::from(d) + i128::from(EPOCH_DAYS)) * 86400)),
        _ => {}
    }
    let tm = Tm::from_date(d);
    date_field(u, tm.year, tm.mon, tm.mday).map(Extracted::int).ok_or_else(|| not_supported(unit, "date"))
}

/// Receives four bytes as a date.
pub fn date_recv(b: &[u8]) -> Result<i32> {
    let Ok(b) = <[u8; 4]>::try_from(b) else {
        return Err(crate::datetime::wrong_length(b, 4))
    };
    let d = i32::from_be_bytes(b);
    if is_finite(d) && !is_valid_date(i64::from(d)) {
        return Err(date_out_of_range());
    }
    Ok(d)
}
