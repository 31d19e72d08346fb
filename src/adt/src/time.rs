//! `time` (microseconds since midnight, 24:00 included) and `timetz` (the same with an offset).

use std::cmp::Ordering;

use tusklet_error::{Error, Result, bail, err};

use crate::datetime::encode::{push_time, push_zone};
use crate::datetime::parse::{DATE_LIMIT, Decoded, decode, split};
use crate::datetime::tokens::Unit;
use crate::datetime::{
    DateTimeConfig, Refused, Tm, USECS_PER_DAY, USECS_PER_HOUR, USECS_PER_MINUTE, USECS_PER_SEC, round_micros,
};
use crate::interval::Interval;
use crate::timestamp::{Extracted, is_finite, not_recognized, not_supported, timestamptz_tm, unix_secs};
use crate::timezone::{TimeZone, ZoneSpec};

/// A time of day with an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeTz {
    /// Microseconds since midnight.
    pub micros: i64,
    /// Seconds west of UTC.
    pub zone: i32,
}

impl TimeTz {
    /// Microseconds of the same moment in UTC, not reduced to one day.
    #[inline]
    pub fn utc(&self) -> i64 {
        self.micros + i64::from(self.zone) * USECS_PER_SEC
    }

    /// The stored form: micros, zone, four zero bytes, little endian.
    pub fn encode(&self) -> [u8; 16] {
        let mut b = [0; 16];
        b[..8].copy_from_slice(&self.micros.to_le_bytes());
        b[8..12].copy_from_slice(&self.zone.to_le_bytes());
        b
    }

    /// From the stored form.
    pub fn decode(b: &[u8; 16]) -> TimeTz {
        let n = u128::from_le_bytes(*b);
        TimeTz { micros: n as i64, zone: (n >> 64) as i32 }
    }

    /// Sixteen bytes that order as the values do.
    pub fn key_bytes(&self) -> [u8; 16] {
        let mut b = [0; 16];
        b[..8].copy_from_slice(&((self.utc() as u64) ^ (1 << 63)).to_be_bytes());
        b[8..12].copy_from_slice(&((self.zone as u32) ^ (1 << 31)).to_be_bytes());
        b
    }

    /// The protocol's binary form.
    pub fn send(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.micros.to_be_bytes());
        out.extend_from_slice(&self.zone.to_be_bytes());
    }

    /// From the protocol's binary form.
    pub fn recv(b: &[u8], typmod: i32) -> Result<TimeTz> {
        let Some((time, Ok(zone))) = b.split_at_checked(8).map(|(t, z)| (t, <[u8; 4]>::try_from(z))) else {
            return Err(crate::datetime::wrong_length(b, 12))
        };
        let zone = i32::from_be_bytes(zone);
        let micros = time_recv(time, typmod)?;
        if zone <= -57600 || zone >= 57600 {
            bail!(INVALID_TIME_ZONE_DISPLACEMENT_VALUE, "time zone displacement out of range");
        }
        Ok(TimeTz { micros, zone })
    }
}

impl PartialOrd for TimeTz {
    fn partial_cmp(&self, other: &TimeTz) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TimeTz {
    /// By the moment, then by the offset: equal means identical.
    fn cmp(&self, other: &TimeTz) -> Ordering {
        self.utc().cmp(&other.utc()).then(self.zone.cmp(&other.zone))
    }
}

fn decode_text(text: &str, config: &DateTimeConfig<'_>, type_name: &str) -> Result<Decoded> {
    split(text, DATE_LIMIT)
        .and_then(|fields| decode(&fields, true, true, config))
        .map_err(|r: Refused| r.report(text, type_name))
}

/// `time_in`. A zone in the text is read and ignored.
pub fn time_in(text: &str, typmod: i32, config: &DateTimeConfig<'_>) -> Result<i64> {
    let d = decode_text(text, config, "time")?;
    Ok(time_scale(d.tm.time_of_day(), typmod))
}

/// `timetz_in`.
pub fn timetz_in(text: &str, typmod: i32, config: &DateTimeConfig<'_>) -> Result<TimeTz> {
    let d = decode_text(text, config, "time with time zone")?;
    Ok(TimeTz { micros: time_scale(d.tm.time_of_day(), typmod), zone: d.west })
}

/// Rounds to a precision; -1 leaves as is.
#[inline]
pub fn time_scale(t: i64, typmod: i32) -> i64 {
    round_micros(t, typmod)
}

/// Appends a time.
pub fn time_out(out: &mut String, t: i64) {
    let mut tm = Tm::default();
    tm.set_time(t);
    push_time(out, &tm);
}

/// Appends a time with its offset.
pub fn timetz_out(out: &mut String, t: &TimeTz) {
    time_out(out, t.micros);
    push_zone(out, t.zone);
}

/// `time + interval`: the interval's time only, around the clock.
pub fn time_pl_interval(t: i64, v: &Interval) -> i64 {
    t.wrapping_add(v.micros).rem_euclid(USECS_PER_DAY)
}

/// `time - interval`.
pub fn time_mi_interval(t: i64, v: &Interval) -> i64 {
    t.wrapping_sub(v.micros).rem_euclid(USECS_PER_DAY)
}

/// `time - time`.
pub fn time_mi(a: i64, b: i64) -> Interval {
    Interval { micros: a - b, days: 0, months: 0 }
}

/// The time of day of a local timestamp; `None` for the infinities.
pub fn timestamp_to_time(t: i64) -> Option<i64> {
    is_finite(t).then(|| t.rem_euclid(USECS_PER_DAY))
}

/// The time of day of an instant on the clock of `zone`.
pub fn timestamptz_to_time(t: i64, zone: &TimeZone) -> Option<i64> {
    is_finite(t).then(|| timestamptz_tm(t, zone).time_of_day())
}

/// The time of day of an instant with the offset of `zone`.
pub fn timestamptz_to_timetz(t: i64, zone: &TimeZone) -> Option<TimeTz> {
    is_finite(t).then(|| TimeTz { micros: timestamptz_tm(t, zone).time_of_day(), zone: -zone.at(unix_secs(t)).offset })
}

/// `time::timetz`: with the offset the session's zone has at that time today.
pub fn time_to_timetz(t: i64, config: &DateTimeConfig<'_>) -> TimeTz {
    let (mut tm, _) = crate::datetime::parse::now_tm(config);
    tm.set_time(t);
    TimeTz { micros: t, zone: crate::datetime::parse::session_west(config, &tm) }
}

/// `timetz AT TIME ZONE zone`.
pub fn timetz_at_zone(t: &TimeTz, zone: &ZoneSpec, now: i64) -> TimeTz {
    timetz_at_offset(t, zone.offset_at(unix_secs(now)))
}

/// `timetz` at an offset in seconds east of UTC.
pub fn timetz_at_offset(t: &TimeTz, east: i32) -> TimeTz {
    let mut micros = t.utc() + i64::from(east) * USECS_PER_SEC;
    // 24:00 stays as it is; beyond that the clock goes round.
    while micros < 0 {
        micros += USECS_PER_DAY;
    }
    while micros >= USECS_PER_DAY {
        micros -= USECS_PER_DAY;
    }
    TimeTz { micros, zone: -east }
}

/// Microseconds of a time given in parts, if they make one (`float_time_overflows`).
pub(crate) fn checked_time(hour: i32, min: i32, sec: f64) -> Option<i64> {
    if !(0..=24).contains(&hour) || !(0..60).contains(&min) || sec.is_nan() {
        return None;
    }
    let usec = (sec * 1e6).round_ties_even();
    if !(0.0..=60e6).contains(&usec) {
        return None;
    }
    let t = i64::from(hour) * USECS_PER_HOUR + i64::from(min) * USECS_PER_MINUTE + usec as i64;
    (t <= USECS_PER_DAY).then_some(t)
}

/// `make_time`.
pub fn make_time(hour: i32, min: i32, sec: f64) -> Result<i64> {
    match checked_time(hour, min, sec) {
        Some(t) => Ok(t),
        None => bail!(
            DATETIME_FIELD_OVERFLOW,
            "time field value out of range: {hour}:{min:02}:{}",
            crate::timestamp::c_seconds(sec)
        ),
    }
}

/// `extract(unit FROM time)`.
pub fn time_extract(unit: &str, t: i64) -> Result<Extracted> {
    const TYPE: &str = "time without time zone";
    let Some(u) = Unit::parse(unit) else { return Err(not_recognized(unit, TYPE)) };
    extract(u, t).ok_or_else(|| not_supported(unit, TYPE))
}

/// `extract(unit FROM timetz)`.
pub fn timetz_extract(unit: &str, t: &TimeTz) -> Result<Extracted> {
    const TYPE: &str = "time with time zone";
    let Some(u) = Unit::parse(unit) else { return Err(not_recognized(unit, TYPE)) };
    let east = i128::from(-t.zone);
    Ok(match u {
        Unit::Timezone => Extracted::int(east),
        Unit::TimezoneHour => Extracted::int(east / 3600),
        Unit::TimezoneMinute => Extracted::int(east / 60 % 60),
        Unit::Epoch => Extracted::scaled(i128::from(t.utc()), 6),
        _ => return extract(u, t.micros).ok_or_else(|| not_supported(unit, TYPE)),
    })
}

fn extract(u: Unit, t: i64) -> Option<Extracted> {
    let secs = i128::from(t % USECS_PER_MINUTE);
    Some(match u {
        Unit::Microsecond => Extracted::int(secs),
        Unit::Millisecond => Extracted::scaled(secs, 3),
        Unit::Second => Extracted::scaled(secs, 6),
        Unit::Minute => Extracted::int(i128::from(t / USECS_PER_MINUTE % 60)),
        Unit::Hour => Extracted::int(i128::from(t / USECS_PER_HOUR)),
        Unit::Epoch => Extracted::scaled(i128::from(t), 6),
        _ => return None,
    })
}

/// Receives eight bytes as a time of the precision.
pub fn time_recv(b: &[u8], typmod: i32) -> Result<i64> {
    let out: fn() -> Error = || err!(DATETIME_VALUE_OUT_OF_RANGE, "time out of range");
    let Ok(b) = <[u8; 8]>::try_from(b) else {
        return Err(crate::datetime::wrong_length(b, 8))
    };
    let t = i64::from_be_bytes(b);
    if !(0..=USECS_PER_DAY).contains(&t) { Err(out()) } else { Ok(time_scale(t, typmod)) }
}
