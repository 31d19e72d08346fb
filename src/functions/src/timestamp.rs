//! `timestamp`, `timestamptz` and `interval`, and the clock.

use std::cmp::Ordering;

use tusklet_adt::datetime::DateTimeConfig;
use tusklet_adt::formatting::datetime as to_char;
use tusklet_adt::interval::Interval;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::timestamp::{self as adt, Extracted};
use tusklet_adt::timezone::ZoneSpec;
use tusklet_error::Result;
use tusklet_vector::{Call, Kernel};

use crate::bind::{Entry, datetime, written};
use crate::date::{not_negative, ordered};
use crate::int::{int_cmp, row};

/// `extract`'s answer.
pub(crate) fn extracted(e: Extracted) -> Option<Numeric> {
    match e {
        Extracted::Decimal { mantissa, scale } => Some(Numeric::from_i128_with_scale(mantissa, scale)),
        Extracted::Infinity => Some(Numeric::PosInf),
        Extracted::NegInfinity => Some(Numeric::NegInf),
        Extracted::Null => None,
    }
}

/// `date_part`'s answer.
pub(crate) fn part(e: Extracted) -> Option<f64> {
    e.to_f64()
}

/// A zone by name, kept at the call site.
pub(crate) fn zone(c: &mut Call<'_>, name: &str) -> Result<ZoneSpec> {
    let kept = c.extra(|| Ok((name.to_owned(), ZoneSpec::parse(name)?)))?;
    if kept.0 != name {
        *kept = (name.to_owned(), ZoneSpec::parse(name)?);
    }
    Ok(kept.1.clone())
}

/// A zone given as an interval.
fn izone(c: &Call<'_>, z: &Interval) -> Result<ZoneSpec> {
    Ok(ZoneSpec::Fixed(adt::interval_zone(z, datetime(c)?.interval_style)?))
}

/// Compares a local time with an instant; local times too far out for an instant are beyond all but the infinite.
fn cmp_tz(local: i64, t: i64, config: &DateTimeConfig<'_>) -> Ordering {
    match adt::local_to_utc(local, config.zone) {
        Ok(u) => u.cmp(&t),
        Err(_) if local < 0 => if t == i64::MIN { Ordering::Greater } else { Ordering::Less },
        Err(_) => if t == i64::MAX { Ordering::Less } else { Ordering::Greater },
    }
}

/// `in_range` over timestamps without a zone.
pub(crate) fn in_range(v: i64, base: i64, by: &Interval, sub: bool, less: bool) -> Result<bool> {
    not_negative(by)?;
    let bound = if sub { adt::timestamp_mi_interval(base, by)? } else { adt::timestamp_pl_interval(base, by)? };
    Ok(if less { v <= bound } else { v >= bound })
}

fn in_range_tz(c: &Call<'_>, v: i64, base: i64, by: &Interval, sub: bool, less: bool) -> Result<bool> {
    not_negative(by)?;
    let zone = datetime(c)?.zone;
    let bound =
        if sub { adt::timestamptz_mi_interval(base, by, zone)? } else { adt::timestamptz_pl_interval(base, by, zone)? };
    Ok(if less { v <= bound } else { v >= bound })
}

/// A template's text, or NULL when the template is empty.
fn shown(write: impl FnOnce(&mut String) -> Result<bool>) -> Result<Option<String>> {
    let mut s = String::new();
    Ok(if write(&mut s)? { Some(s) } else { None })
}

pub const TABLES: &[&[Entry]] = &[
    &int_cmp!("timestamp_", i64),
    &ordered!("timestamp_", "_timestamptz", |c, a: i64, b: i64| cmp_tz(a, b, &datetime(c)?)),
    &ordered!("timestamptz_", "_timestamp", |c, a: i64, b: i64| cmp_tz(b, a, &datetime(c)?).reverse()),
    &ordered!("interval_", "", |_c, a: Interval, b: Interval| a.cmp(&b)),
    &[
        ("timestamp_cmp", Kernel::Scalar(row::cmp)),
        ("timestamp_larger", Kernel::Scalar(row::larger)),
        ("timestamp_smaller", Kernel::Scalar(row::smaller)),
        ("timestamp_in", f!(c; a: &str, _t: i64, typmod: i32 => adt::timestamp_in(a, typmod, &datetime(c)?)?)),
        ("timestamp_out", f!(c; a: i64 => { let d = datetime(c)?; written(|s| adt::timestamp_out(s, a, &d)) })),
        ("timestamp_scale", f!(a: i64, typmod: i32 => adt::timestamp_scale(a, typmod)?)),
        ("timestamp_finite", f!(a: i64 => adt::is_finite(a))),
        ("timestamp_pl_interval", f!(a: i64, b: Interval => adt::timestamp_pl_interval(a, &b)?)),
        ("timestamp_mi_interval", f!(a: i64, b: Interval => adt::timestamp_mi_interval(a, &b)?)),
        ("timestamp_mi", f!(a: i64, b: i64 => adt::timestamp_mi(a, b)?)),
        ("timestamp_age", f!(a: i64, b: i64 => adt::timestamp_age(a, b)?)),
        ("timestamp_bin", f!(stride: Interval, a: i64, origin: i64 => adt::date_bin(&stride, a, origin)?)),
        ("timestamp_trunc", f!(unit: &str, a: i64 => adt::timestamp_trunc(unit, a)?)),
        ("timestamp_part", f!(unit: &str, a: i64 => part(adt::timestamp_extract(unit, a)?))),
        ("extract_timestamp", f!(unit: &str, a: i64 => extracted(adt::timestamp_extract(unit, a)?))),
        (
            "timestamp_zone",
            f!(c; name: &str, a: i64 => if adt::is_finite(a) { let z = zone(c, name)?; adt::timestamp_at_zone(a, &z)? } else { a }),
        ),
        (
            "timestamp_izone",
            f!(c; z: Interval, a: i64 => if adt::is_finite(a) { adt::timestamp_at_zone(a, &izone(c, &z)?)? } else { a }),
        ),
        ("timestamp_timestamptz", f!(c; a: i64 => adt::local_to_utc(a, datetime(c)?.zone)?)),
        ("timestamp_to_char", f!(a: i64, fmt: &str => shown(|s| to_char::timestamp_to_char(s, a, fmt))?)),
        (
            "make_timestamp",
            f!(y: i32, mo: i32, d: i32, h: i32, mi: i32, s: f64 => adt::make_timestamp(y, mo, d, h, mi, s)?),
        ),
        (
            "overlaps_timestamp",
            f!(a: Option<i64>, b: Option<i64>, c: Option<i64>, d: Option<i64> => adt::overlaps(a, b, c, d)),
        ),
        (
            "in_range_timestamp_interval",
            f!(v: i64, base: i64, by: Interval, sub: bool, less: bool => in_range(v, base, &by, sub, less)?),
        ),
    ],
    &[
        ("timestamptz_in", f!(c; a: &str, _t: i64, typmod: i32 => adt::timestamptz_in(a, typmod, &datetime(c)?)?)),
        ("timestamptz_out", f!(c; a: i64 => { let d = datetime(c)?; written(|s| adt::timestamptz_out(s, a, &d)) })),
        ("timestamptz_scale", f!(a: i64, typmod: i32 => adt::timestamp_scale(a, typmod)?)),
        (
            "timestamptz_pl_interval",
            f!(c; a: i64, b: Interval => adt::timestamptz_pl_interval(a, &b, datetime(c)?.zone)?),
        ),
        (
            "timestamptz_mi_interval",
            f!(c; a: i64, b: Interval => adt::timestamptz_mi_interval(a, &b, datetime(c)?.zone)?),
        ),
        ("timestamptz_age", f!(c; a: i64, b: i64 => adt::timestamptz_age(a, b, datetime(c)?.zone)?)),
        ("timestamptz_bin", f!(stride: Interval, a: i64, origin: i64 => adt::date_bin(&stride, a, origin)?)),
        ("timestamptz_trunc", f!(c; unit: &str, a: i64 => adt::timestamptz_trunc(unit, a, datetime(c)?.zone)?)),
        (
            "timestamptz_trunc_zone",
            f!(c; unit: &str, a: i64, name: &str => if adt::is_finite(a) { let z = zone(c, name)?; adt::timestamptz_trunc_zone(unit, a, &z)? } else { a }),
        ),
        ("timestamptz_part", f!(c; unit: &str, a: i64 => part(adt::timestamptz_extract(unit, a, datetime(c)?.zone)?))),
        (
            "extract_timestamptz",
            f!(c; unit: &str, a: i64 => extracted(adt::timestamptz_extract(unit, a, datetime(c)?.zone)?)),
        ),
        (
            "timestamptz_zone",
            f!(c; name: &str, a: i64 => if adt::is_finite(a) { let z = zone(c, name)?; adt::timestamptz_at_zone(a, &z)? } else { a }),
        ),
        (
            "timestamptz_izone",
            f!(c; z: Interval, a: i64 => if adt::is_finite(a) { adt::timestamptz_at_zone(a, &izone(c, &z)?)? } else { a }),
        ),
        ("timestamptz_timestamp", f!(c; a: i64 => adt::utc_to_local(a, datetime(c)?.zone)?)),
        (
            "timestamptz_to_char",
            f!(c; a: i64, fmt: &str => { let d = datetime(c)?; shown(|s| to_char::timestamptz_to_char(s, a, fmt, &d))? }),
        ),
        (
            "make_timestamptz",
            f!(c; y: i32, mo: i32, d: i32, h: i32, mi: i32, s: f64 =>
            adt::make_timestamptz(adt::make_timestamp(y, mo, d, h, mi, s)?, None, &datetime(c)?)?),
        ),
        (
            "make_timestamptz_at_timezone",
            f!(c; y: i32, mo: i32, d: i32, h: i32, mi: i32, s: f64, z: &str =>
            adt::make_timestamptz(adt::make_timestamp(y, mo, d, h, mi, s)?, Some(z), &datetime(c)?)?),
        ),
        ("float8_timestamptz", f!(a: f64 => adt::from_unix(a)?)),
        (
            "in_range_timestamptz_interval",
            f!(c; v: i64, base: i64, by: Interval, sub: bool, less: bool => in_range_tz(c, v, base, &by, sub, less)?),
        ),
        ("now", f!(c; => c.cx.transaction_time())),
        ("statement_timestamp", f!(c; => c.cx.statement_time())),
        ("clock_timestamp", f!(c; => c.cx.clock_time())),
        (
            "timeofday",
            f!(c; => {
                let now = c.cx.clock_time();
                let d = datetime(c)?;
                shown(|s| to_char::timestamptz_to_char(s, now, "Dy Mon DD HH24:MI:SS.US YYYY TZ", &d))?
            }),
        ),
    ],
    &[
        ("interval_larger", f!(a: Interval, b: Interval => if a > b { a } else { b })),
        ("interval_smaller", f!(a: Interval, b: Interval => if a < b { a } else { b })),
        (
            "interval_in",
            f!(c; a: &str, _t: i64, typmod: i32 => Interval::parse(a, typmod, datetime(c)?.interval_style)?),
        ),
        (
            "interval_out",
            f!(c; a: Interval => { let style = datetime(c)?.interval_style; written(|s| a.write(s, style)) }),
        ),
        ("interval_scale", f!(a: Interval, typmod: i32 => a.with_typmod(typmod)?)),
        ("interval_finite", f!(_a: Interval => true)),
        ("interval_um", f!(a: Interval => a.neg()?)),
        ("interval_pl", f!(a: Interval, b: Interval => a.add(&b)?)),
        ("interval_mi", f!(a: Interval, b: Interval => a.sub(&b)?)),
        ("interval_mul", f!(a: Interval, b: f64 => a.mul(b)?)),
        ("mul_d_interval", f!(a: f64, b: Interval => b.mul(a)?)),
        ("interval_div", f!(a: Interval, b: f64 => a.div(b)?)),
        ("interval_justify_hours", f!(a: Interval => a.justify_hours()?)),
        ("interval_justify_days", f!(a: Interval => a.justify_days()?)),
        ("interval_justify_interval", f!(a: Interval => a.justify_interval()?)),
        ("interval_trunc", f!(unit: &str, a: Interval => a.trunc(unit)?)),
        ("interval_part", f!(unit: &str, a: Interval => part(a.extract(unit)?))),
        ("extract_interval", f!(unit: &str, a: Interval => extracted(a.extract(unit)?))),
        ("interval_to_char", f!(a: Interval, fmt: &str => shown(|s| to_char::interval_to_char(s, &a, fmt))?)),
        (
            "make_interval",
            f!(y: i32, mo: i32, w: i32, d: i32, h: i32, mi: i32, s: f64 => Interval::make(y, mo, w, d, h, mi, s)?),
        ),
        (
            "in_range_interval_interval",
            f!(v: Interval, base: Interval, by: Interval, sub: bool, less: bool => {
                not_negative(&by)?;
                let bound = if sub { base.sub(&by)? } else { base.add(&by)? };
                if less { v <= bound } else { v >= bound }
            }),
        ),
    ],
];
