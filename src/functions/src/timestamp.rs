//! `timestamp`, `timestamptz` and `interval`, and the clock.

use std::cmp::Ordering;

use tusklet_adt::datetime::{DateTimeConfig, USECS_PER_DAY, is_valid_timestamp};
use tusklet_adt::formatting::datetime as to_char;
use tusklet_adt::interval::Interval;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::numeric_small::quick_write;
use tusklet_adt::timestamp::{self as adt, Extracted, Field};
use tusklet_adt::timezone::ZoneSpec;
use tusklet_error::Result;
use tusklet_vector::{Call, Column, Datum, Kernel, Out, Sel, Vector, View};

use crate::batch::{rows, try2};
use crate::bind::{Arg, Entry, Ret, datetime, written};
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

/// What the local times of one span have in common, kept from row to row: most columns of times are nearly in order.
struct Span<T> {
    from: i64,
    to: i64,
    value: T,
}

impl<T: Copy> Span<T> {
    #[inline]
    fn get(&self, t: i64) -> Option<T> {
        (self.from <= t && t < self.to).then_some(self.value)
    }

    fn set(&mut self, t: i64, length: i64, value: T) {
        let from = t - t.rem_euclid(length);
        *self = Span { from, to: from + length, value };
    }
}

/// `extract` over a column; `local` when the field is one of the value's own clock.
#[cfg_attr(tuned, optimize(speed))]
fn fields(
    c: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    one: fn(&Call<'_>, Field<'_>, Datum<'_>) -> Result<Extracted>,
    local: bool,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let fixed = x.constant.then(|| Field::of_extract(x.get(0).str()));
    let length = fixed.filter(|_| local).map_or(1, |f| f.span());
    let times = y.i64s();
    let mut kept = Span { from: 0, to: 0, value: View::default() };
    for i in sel.iter() {
        if out.is_null(i) {
            continue;
        }
        let t = if length > 1 { times[y.at(i)] } else { 0 };
        if let Some(v) = kept.get(t)
            && let Column::Bytes(out) = &mut out.data
        {
            out.set_inline(i, v);
            continue;
        }
        c.row = i;
        let e = one(c, fixed.unwrap_or_else(|| Field::of_extract(x.get(i).str())), y.get(i))?;
        match (&e, &mut out.data) {
            (Extracted::Decimal { mantissa, scale }, Column::Bytes(out)) if mantissa.unsigned_abs() < 1 << 53 && *scale <= 28 => {
                let (len, lo, hi) = quick_write((*mantissa as i64, *scale));
                let v = View::of_words(len, lo, hi);
                out.set_inline(i, v);
                if length > 1 {
                    kept.set(t, length, v);
                }
            }
            _ => {
                let mut o = Out::new(out, i);
                extracted(e).put(&mut o);
                o.finish();
            }
        }
    }
    Ok(())
}

/// `date_trunc` over a column, likewise.
#[cfg_attr(tuned, optimize(speed))]
fn truncated(
    c: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    one: fn(&Call<'_>, Field<'_>, i64) -> Result<i64>,
    local: bool,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let fixed = x.constant.then(|| Field::of_trunc(x.get(0).str()));
    let length = fixed.filter(|_| local).map_or(1, |f| f.span());
    let times = y.i64s();
    let mut kept = Span { from: 0, to: 0, value: 0 };
    let checked = !out.validity.is_all_set();
    let (Column::I64(results), step) = (&mut out.data, !y.constant as usize) else { return Ok(()) };
    for i in sel.iter() {
        if checked && !out.validity.get(i) {
            continue;
        }
        let t = times[i * step];
        let value = match kept.get(t) {
            Some(value) => value,
            None => {
                c.row = i;
                let value = one(c, fixed.unwrap_or_else(|| Field::of_trunc(x.get(i).str())), t)?;
                if length > 1 && adt::is_finite(t) {
                    kept.set(t, length, value);
                }
                value
            }
        };
        results[i] = value;
    }
    Ok(())
}

/// A timestamp and an interval: how far one interval goes from the times of one day is the same for all of them.
#[cfg_attr(tuned, optimize(speed))]
fn shifted(
    c: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    one: fn(i64, &Interval) -> Result<i64>,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let (times, by) = (x.i64s(), y.fixed16s());
    let mut kept = Span { from: 0, to: 0, value: 0 };
    rows(c, sel, out, |out, i| {
        let t = times[x.at(i)];
        let far = kept.get(t).and_then(|far| t.checked_add(far)).filter(|r| is_valid_timestamp(*r));
        out.i64s_mut()[i] = match far {
            Some(r) => r,
            None => {
                let r = one(t, &Interval::decode(&by[y.at(i)]))?;
                if y.constant && adt::is_finite(t) {
                    kept.set(t, USECS_PER_DAY, r - t);
                }
                r
            }
        };
        Ok(())
    })
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
        (
            "timestamp_pl_interval",
            Kernel::Batch(|c, a, s, o| shifted(c, a, s, o, adt::timestamp_pl_interval), s!(a: i64, b: Interval => adt::timestamp_pl_interval(a, &b)?)),
        ),
        (
            "timestamp_mi_interval",
            Kernel::Batch(|c, a, s, o| shifted(c, a, s, o, adt::timestamp_mi_interval), s!(a: i64, b: Interval => adt::timestamp_mi_interval(a, &b)?)),
        ),
        (
            "timestamp_mi",
            Kernel::Batch(
                batch!(|c, a, s, o| try2(c, a, s, o, |a: i64, b: i64| Ok(adt::timestamp_mi(a, b)?.encode()))),
                s!(a: i64, b: i64 => adt::timestamp_mi(a, b)?),
            ),
        ),
        ("timestamp_age", f!(a: i64, b: i64 => adt::timestamp_age(a, b)?)),
        ("timestamp_bin", f!(stride: Interval, a: i64, origin: i64 => adt::date_bin(&stride, a, origin)?)),
        (
            "timestamp_trunc",
            Kernel::Batch(
                |c, a, s, o| truncated(c, a, s, o, |_, f, t| adt::timestamp_trunc(f, t), true),
                s!(unit: &str, a: i64 => adt::timestamp_trunc(Field::of_trunc(unit), a)?),
            ),
        ),
        ("timestamp_part", f!(unit: &str, a: i64 => part(adt::timestamp_extract(Field::of_extract(unit), a)?))),
        (
            "extract_timestamp",
            Kernel::Batch(
                |c, a, s, o| fields(c, a, s, o, |_, f, d| adt::timestamp_extract(f, d.i64()), true),
                s!(unit: &str, a: i64 => extracted(adt::timestamp_extract(Field::of_extract(unit), a)?)),
            ),
        ),
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
        (
            "timestamptz_trunc",
            Kernel::Batch(
                |c, a, s, o| truncated(c, a, s, o, |c, f, t| adt::timestamptz_trunc(f, t, datetime(c)?.zone), false),
                s!(c; unit: &str, a: i64 => adt::timestamptz_trunc(Field::of_trunc(unit), a, datetime(c)?.zone)?),
            ),
        ),
        (
            "timestamptz_trunc_zone",
            f!(c; unit: &str, a: i64, name: &str => if adt::is_finite(a) { let z = zone(c, name)?; adt::timestamptz_trunc_zone(Field::of_trunc(unit), a, &z)? } else { a }),
        ),
        ("timestamptz_part", f!(c; unit: &str, a: i64 => part(adt::timestamptz_extract(Field::of_extract(unit), a, datetime(c)?.zone)?))),
        (
            "extract_timestamptz",
            Kernel::Batch(
                |c, a, s, o| fields(c, a, s, o, |c, f, d| adt::timestamptz_extract(f, d.i64(), datetime(c)?.zone), false),
                s!(c; unit: &str, a: i64 => extracted(adt::timestamptz_extract(Field::of_extract(unit), a, datetime(c)?.zone)?)),
            ),
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
        ("interval_part", f!(unit: &str, a: Interval => part(a.extract(Field::of_extract(unit))?))),
        (
            "extract_interval",
            Kernel::Batch(
                |c, a, s, o| fields(c, a, s, o, |_, f, d| Interval::arg(d).extract(f), false),
                s!(unit: &str, a: Interval => extracted(a.extract(Field::of_extract(unit))?)),
            ),
        ),
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
