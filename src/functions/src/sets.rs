//! Set-returning functions: series and pieces of text. `unnest` is with the arrays, the JSON ones with JSON.

use tusklet_adt::interval::Interval;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::timestamp;
use tusklet_adt::{text, timezone::TimeZone};
use tusklet_error::{Result, bail};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Phys, RowSource, Value, Vector};

use crate::bind::{Arg, Entry, formats, too_few};

/// No rows.
pub(crate) struct Nothing;

impl RowSource for Nothing {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, _: &mut dyn CallContext, _: &mut [Vector], _: usize) -> Result<usize> {
        Ok(0)
    }
}

/// An arithmetic series; `next` is `None` when it is over.
struct Ints {
    next: Option<i64>,
    stop: i64,
    step: i64,
}

impl RowSource for Ints {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let (Some(out), Some(first)) = (out.first_mut(), self.next) else { return Ok(0) };
        let (stop, step) = (self.stop as i128, self.step as i128);
        let left = (stop - first as i128) / step;
        if (step > 0 && first as i128 > stop) || (step < 0 && (first as i128) < stop) {
            self.next = None;
            return Ok(0);
        }
        let n = want.min(usize::try_from(left + 1).unwrap_or(usize::MAX));
        let start = out.len();
        out.resize(start + n);
        // Wrapping is of values past the end only, which are not kept.
        let value = |k: usize| first.wrapping_add(self.step.wrapping_mul(k as i64));
        match out.phys() {
            Phys::I32 => out.i32s_mut()[start..].iter_mut().enumerate().for_each(|(k, v)| *v = value(k) as i32),
            _ => out.i64s_mut()[start..].iter_mut().enumerate().for_each(|(k, v)| *v = value(k)),
        }
        if !out.validity.is_all_set() {
            (start..start + n).for_each(|i| out.validity.set(i, true));
        }
        self.next = if n as i128 > left { None } else { Some(value(n)) };
        Ok(n)
    }
}

/// From one bound to the other, forwards or backwards.
pub(crate) fn counting(lower: i64, upper: i64, backwards: bool) -> Box<dyn RowSource> {
    let (first, stop, step) = if backwards { (upper, lower, -1) } else { (lower, upper, 1) };
    Box::new(Ints { next: Some(first), stop, step })
}

fn no_zero(zero: bool) -> Result<()> {
    if zero {
        bail!(INVALID_PARAMETER_VALUE, "step size cannot equal zero");
    }
    Ok(())
}

fn ints(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [first, stop, rest @ ..] = args else { return Err(too_few()) };
    let step = rest.first().map_or(1, |d| d.int());
    no_zero(step == 0)?;
    Ok(Box::new(Ints { next: Some(first.int()), stop: stop.int(), step }))
}

struct Numerics {
    next: Option<Numeric>,
    stop: Numeric,
    step: Numeric,
}

impl RowSource for Numerics {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let Some(out) = out.first_mut() else { return Ok(0) };
        let mut n = 0;
        while n < want {
            let Some(v) = self.next.take() else { break };
            let order = v.cmp(&self.stop);
            if if self.step.signum() > 0 { order.is_gt() } else { order.is_lt() } {
                break;
            }
            out.push(Datum::Bytes(&v.to_bytes()));
            n += 1;
            // What is beyond the format is beyond the end too.
            self.next = v.add(&self.step).ok();
        }
        cx.check_interrupts()?;
        Ok(n)
    }
}

fn numerics(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [first, stop, rest @ ..] = args else { return Err(too_few()) };
    let (first, stop) = (Numeric::arg(*first), Numeric::arg(*stop));
    let step = rest.first().map_or(Numeric::from_i64(1), |d| Numeric::arg(*d));
    for (n, name) in [(&first, "start"), (&stop, "stop"), (&step, "step size")] {
        if n.is_nan() {
            bail!(INVALID_PARAMETER_VALUE, "{}{} cannot be NaN"; name, if name == "step size" { "" } else { " value" });
        }
        if !n.is_finite() {
            bail!(
                INVALID_PARAMETER_VALUE,
                "{}{} cannot be infinity";
                name,
                if name == "step size" { "" } else { " value" }
            );
        }
    }
    no_zero(step.is_zero())?;
    Ok(Box::new(Numerics { next: Some(first), stop, step }))
}

struct Timestamps {
    next: Option<i64>,
    stop: i64,
    step: Interval,
    down: bool,
    /// With a zone, days and months are those of its clock.
    zone: Option<std::rc::Rc<TimeZone>>,
}

impl RowSource for Timestamps {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let Some(out) = out.first_mut() else { return Ok(0) };
        let mut n = 0;
        while n < want {
            let Some(t) = self.next.take() else { break };
            if if self.down { t < self.stop } else { t > self.stop } {
                break;
            }
            out.push(Datum::I64(t));
            n += 1;
            self.next = Some(match &self.zone {
                Some(zone) => timestamp::timestamptz_pl_interval(t, &self.step, zone)?,
                None => timestamp::timestamp_pl_interval(t, &self.step)?,
            });
        }
        cx.check_interrupts()?;
        Ok(n)
    }
}

fn timestamps(c: &mut Call<'_>, args: &[Datum<'_>], zoned: bool) -> Result<Box<dyn RowSource>> {
    let [first, stop, step, ..] = args else { return Err(too_few()) };
    let step = Interval::arg(*step);
    let down = timestamp::series_step_is_negative(&step)?;
    let zone = if zoned { Some(formats(&*c.cx)?.zone.clone()) } else { None };
    Ok(Box::new(Timestamps { next: Some(first.i64()), stop: stop.i64(), step, down, zone }))
}

/// Rows that are already there, one column or several.
pub(crate) struct Ready {
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl Ready {
    /// One column.
    pub fn column(values: Vec<Value>) -> Box<dyn RowSource> {
        Ready::rows(values.into_iter().map(|v| vec![v]).collect())
    }

    /// Several columns.
    pub fn rows(rows: Vec<Vec<Value>>) -> Box<dyn RowSource> {
        Box::new(Ready { rows: rows.into_iter() })
    }
}

impl RowSource for Ready {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let mut n = 0;
        for row in self.rows.by_ref().take(want) {
            for (v, x) in out.iter_mut().zip(&row) {
                v.push(x.as_datum());
            }
            n += 1;
        }
        Ok(n)
    }
}

fn text_to_table(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [s, sep, rest @ ..] = args else { return Err(too_few()) };
    if s.is_null() {
        return Ok(Box::new(Nothing));
    }
    let sep = Option::<&str>::arg(*sep);
    let null = rest.first().and_then(|d| Option::<&str>::arg(*d));
    let parts = text::split(s.str(), sep);
    Ok(Ready::column(parts.into_iter().map(|p| if Some(p) == null { Value::Null } else { Value::text(p) }).collect()))
}

pub const TABLES: &[&[Entry]] = &[&[
    ("generate_series_int4", Kernel::Set(ints)),
    ("generate_series_step_int4", Kernel::Set(ints)),
    ("generate_series_int8", Kernel::Set(ints)),
    ("generate_series_step_int8", Kernel::Set(ints)),
    ("generate_series_numeric", Kernel::Set(numerics)),
    ("generate_series_step_numeric", Kernel::Set(numerics)),
    ("generate_series_timestamp", Kernel::Set(|c, a| timestamps(c, a, false))),
    ("generate_series_timestamptz", Kernel::Set(|c, a| timestamps(c, a, true))),
    ("text_to_table", Kernel::Set(text_to_table)),
    ("text_to_table_null", Kernel::Set(text_to_table)),
]];
