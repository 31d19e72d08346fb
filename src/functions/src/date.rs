//! `date`, `time` and `timetz`.

use std::cmp::Ordering;

use tusklet_adt::date as adt;
use tusklet_adt::datetime::{DateTimeConfig, USECS_PER_SEC};
use tusklet_adt::interval::Interval;
use tusklet_adt::time::{self, TimeTz};
use tusklet_adt::timestamp;
use tusklet_error::{Result, bail};
use tusklet_vector::Kernel;

use crate::bind::{Entry, datetime, written};
use crate::int::{int_cmp, row};
use crate::timestamp::{extracted, part, zone};

/// Comparisons of a type by an order: six operators with a prefix and a suffix.
macro_rules! ordered {
    ($p:literal, $s:literal, |$c:ident, $a:ident : $x:ty, $b:ident : $y:ty| $e:expr) => {
        [
            (concat!($p, "eq", $s), f!($c; $a: $x, $b: $y => $e.is_eq())),
            (concat!($p, "ne", $s), f!($c; $a: $x, $b: $y => $e.is_ne())),
            (concat!($p, "lt", $s), f!($c; $a: $x, $b: $y => $e.is_lt())),
            (concat!($p, "le", $s), f!($c; $a: $x, $b: $y => $e.is_le())),
            (concat!($p, "gt", $s), f!($c; $a: $x, $b: $y => $e.is_gt())),
            (concat!($p, "ge", $s), f!($c; $a: $x, $b: $y => $e.is_ge())),
            (concat!($p, "cmp", $s), f!($c; $a: $x, $b: $y => $e as i32)),
        ]
    };
}
pub(crate) use ordered;

/// Midnight of a date, to compare in windows.
fn midnight(d: i32) -> Result<i64> {
    adt::date_to_timestamp(d)
}

fn at(d: i32, t: i64) -> Result<i64> {
    if !adt::is_finite(d) {
        return adt::date_to_timestamp(d);
    }
    adt::date_to_timestamp(d)?
        .checked_add(t)
        .filter(|t| tusklet_adt::datetime::is_valid_timestamp(*t))
        .ok_or_else(timestamp::timestamp_out_of_range)
}

fn cmp_tz(d: i32, t: i64, config: &DateTimeConfig<'_>) -> Ordering {
    adt::date_cmp_timestamptz(d, t, config.zone)
}

pub(crate) fn not_negative(by: &Interval) -> Result<()> {
    if by.cmp_value() < 0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    Ok(())
}

/// `in_range` of times of day: no wrapping around midnight.
fn in_range_time(v: i64, base: i64, by: &Interval, sub: bool, less: bool) -> Result<bool> {
    if by.micros < 0 {
        bail!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function");
    }
    let bound = if sub { base as i128 - by.micros as i128 } else { base as i128 + by.micros as i128 };
    Ok(if less { v as i128 <= bound } else { v as i128 >= bound })
}

pub const TABLES: &[&[Entry]] = &[
    &int_cmp!("date_", i32),
    &int_cmp!("time_", i64),
    &ordered!("timetz_", "", |_c, a: TimeTz, b: TimeTz| a.cmp(&b)),
    &ordered!("date_", "_timestamp", |_c, a: i32, b: i64| adt::date_cmp_timestamp(a, b)),
    &ordered!("date_", "_timestamptz", |c, a: i32, b: i64| cmp_tz(a, b, &datetime(c)?)),
    &ordered!("timestamp_", "_date", |_c, a: i64, b: i32| adt::date_cmp_timestamp(b, a).reverse()),
    &ordered!("timestamptz_", "_date", |c, a: i64, b: i32| cmp_tz(b, a, &datetime(c)?).reverse()),
    &[
        ("date_cmp", Kernel::Scalar(row::cmp)),
        ("time_cmp", Kernel::Scalar(row::cmp)),
        ("date_larger", Kernel::Scalar(row::larger)),
        ("date_smaller", Kernel::Scalar(row::smaller)),
        ("time_larger", Kernel::Scalar(row::larger)),
        ("time_smaller", Kernel::Scalar(row::smaller)),
        ("timetz_larger", f!(a: TimeTz, b: TimeTz => a.max(b))),
        ("timetz_smaller", f!(a: TimeTz, b: TimeTz => a.min(b))),
        ("date_in", f!(c; a: &str => adt::date_in(a, &datetime(c)?)?)),
        ("date_out", f!(c; a: i32 => { let d = datetime(c)?; written(|s| adt::date_out(s, a, &d)) })),
        ("date_finite", f!(a: i32 => adt::is_finite(a))),
        ("date_pli", f!(a: i32, b: i32 => adt::date_pli(a, b)?)),
        ("date_mii", f!(a: i32, b: i32 => adt::date_mii(a, b)?)),
        ("date_mi", f!(a: i32, b: i32 => adt::date_mi(a, b)?)),
        (
            "date_pl_interval",
            f!(a: i32, b: Interval => timestamp::timestamp_pl_interval(adt::date_to_timestamp(a)?, &b)?),
        ),
        (
            "date_mi_interval",
            f!(a: i32, b: Interval => timestamp::timestamp_mi_interval(adt::date_to_timestamp(a)?, &b)?),
        ),
        ("date_timestamp", f!(a: i32 => adt::date_to_timestamp(a)?)),
        ("date_timestamptz", f!(c; a: i32 => adt::date_to_timestamptz(a, datetime(c)?.zone)?)),
        ("timestamp_date", f!(a: i64 => adt::timestamp_to_date(a))),
        ("timestamptz_date", f!(c; a: i64 => adt::timestamptz_to_date(a, datetime(c)?.zone))),
        ("datetime_timestamp", f!(a: i32, b: i64 => at(a, b)?)),
        ("datetimetz_timestamptz", f!(a: i32, b: TimeTz => at(a, b.micros + b.zone as i64 * USECS_PER_SEC)?)),
        ("make_date", f!(y: i32, m: i32, d: i32 => adt::make_date(y, m, d)?)),
        ("extract_date", f!(unit: &str, d: i32 => extracted(adt::date_extract(unit, d)?))),
        (
            "in_range_date_interval",
            f!(v: i32, base: i32, by: Interval, sub: bool, less: bool =>
            crate::timestamp::in_range(midnight(v)?, midnight(base)?, &by, sub, less)?),
        ),
    ],
    &[
        ("time_in", f!(c; a: &str, _t: i64, typmod: i32 => time::time_in(a, typmod, &datetime(c)?)?)),
        ("time_out", f!(a: i64 => written(|s| time::time_out(s, a)))),
        ("time_scale", f!(a: i64, typmod: i32 => time::time_scale(a, typmod))),
        ("time_pl_interval", f!(a: i64, b: Interval => time::time_pl_interval(a, &b))),
        ("time_mi_interval", f!(a: i64, b: Interval => time::time_mi_interval(a, &b))),
        ("time_mi_time", f!(a: i64, b: i64 => time::time_mi(a, b))),
        ("time_interval", f!(a: i64 => Interval { micros: a, days: 0, months: 0 })),
        ("interval_time", f!(a: Interval => a.to_time())),
        ("timestamp_time", f!(a: i64 => time::timestamp_to_time(a))),
        ("timestamptz_time", f!(c; a: i64 => time::timestamptz_to_time(a, datetime(c)?.zone))),
        ("time_timetz", f!(c; a: i64 => time::time_to_timetz(a, &datetime(c)?))),
        ("make_time", f!(h: i32, m: i32, s: f64 => time::make_time(h, m, s)?)),
        ("extract_time", f!(unit: &str, a: i64 => extracted(time::time_extract(unit, a)?))),
        ("time_part", f!(unit: &str, a: i64 => part(time::time_extract(unit, a)?))),
        (
            "overlaps_time",
            f!(a: Option<i64>, b: Option<i64>, c: Option<i64>, d: Option<i64> => timestamp::overlaps(a, b, c, d)),
        ),
        (
            "in_range_time_interval",
            f!(v: i64, base: i64, by: Interval, sub: bool, less: bool => in_range_time(v, base, &by, sub, less)?),
        ),
        ("timetz_in", f!(c; a: &str, _t: i64, typmod: i32 => time::timetz_in(a, typmod, &datetime(c)?)?)),
        ("timetz_out", f!(a: TimeTz => written(|s| time::timetz_out(s, &a)))),
        ("timetz_scale", f!(a: TimeTz, typmod: i32 => TimeTz { micros: time::time_scale(a.micros, typmod), ..a })),
        ("timetz_time", f!(a: TimeTz => a.micros)),
        ("timestamptz_timetz", f!(c; a: i64 => time::timestamptz_to_timetz(a, datetime(c)?.zone))),
        (
            "timetz_pl_interval",
            f!(a: TimeTz, b: Interval => TimeTz { micros: time::time_pl_interval(a.micros, &b), ..a }),
        ),
        (
            "timetz_mi_interval",
            f!(a: TimeTz, b: Interval => TimeTz { micros: time::time_mi_interval(a.micros, &b), ..a }),
        ),
        (
            "timetz_zone",
            f!(c; name: &str, a: TimeTz => { let z = zone(c, name)?; time::timetz_at_zone(&a, &z, c.cx.transaction_time()) }),
        ),
        (
            "timetz_izone",
            f!(c; z: Interval, a: TimeTz => time::timetz_at_offset(&a, timestamp::interval_zone(&z, datetime(c)?.interval_style)?)),
        ),
        ("extract_timetz", f!(unit: &str, a: TimeTz => extracted(time::timetz_extract(unit, &a)?))),
        ("timetz_part", f!(unit: &str, a: TimeTz => part(time::timetz_extract(unit, &a)?))),
        (
            "overlaps_timetz",
            f!(a: Option<TimeTz>, b: Option<TimeTz>, c: Option<TimeTz>, d: Option<TimeTz> => timestamp::overlaps(a, b, c, d)),
        ),
        (
            "in_range_timetz_interval",
            f!(v: TimeTz, base: TimeTz, by: Interval, sub: bool, less: bool => in_range_time(v.utc(), base.utc(), &by, sub, less)?),
        ),
    ],
];
