//! Ordered-set aggregates: `percentile_cont`, `percentile_disc`, `mode`. Rows come sorted, direct arguments first.

use tusklet_adt::array::{Array, ArrayBuilder};
use tusklet_adt::interval::Interval;
use tusklet_error::{Result, bail};
use tusklet_vector::{Accumulator, AggSpec, Call, Datum, Out, Phys, Sel, Value, Vector};

use crate::array::stored;
use crate::bind::Arg;

/// Which value a fraction picks.
type Pick = fn(&[Value], f64) -> Result<Value>;

struct Percentile {
    values: Vec<Vec<Value>>,
    /// The direct argument.
    fraction: Vec<Value>,
    pick: Pick,
    /// For an array of fractions: an array of results of this element type.
    element: Option<u32>,
}

fn checked(p: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&p) {
        let shown = tusklet_adt::timestamp::general(p);
        bail!(NUMERIC_VALUE_OUT_OF_RANGE, "percentile value {} is not between 0 and 1"; shown);
    }
    Ok(p)
}

fn discrete(values: &[Value], p: f64) -> Result<Value> {
    let row = (p * values.len() as f64).ceil() as usize;
    Ok(values.get(row.max(1) - 1).cloned().unwrap_or_default())
}

/// The rows a fraction falls between and how far it is from the first.
fn between(n: usize, p: f64) -> (usize, usize, f64) {
    let at = p * (n as f64 - 1.0);
    (at.floor() as usize, at.ceil() as usize, at - at.floor())
}

fn continuous(values: &[Value], p: f64) -> Result<Value> {
    let (lo, hi, part) = between(values.len(), p);
    let (Some(lo), Some(hi)) = (values.get(lo), values.get(hi)) else { return Ok(Value::Null) };
    let (lo, hi) = (lo.as_datum().f64(), hi.as_datum().f64());
    Ok(Value::F64(if part == 0.0 { lo } else { lo + part * (hi - lo) }))
}

fn continuous_interval(values: &[Value], p: f64) -> Result<Value> {
    let (lo, hi, part) = between(values.len(), p);
    let (Some(lo), Some(hi)) = (values.get(lo), values.get(hi)) else { return Ok(Value::Null) };
    let (lo, hi) = (Interval::arg(lo.as_datum()), Interval::arg(hi.as_datum()));
    let v = if part == 0.0 { lo } else { lo.add(&hi.sub(&lo)?.mul(part)?)? };
    Ok(Value::Fixed16(v.encode()))
}

impl Accumulator for Percentile {
    fn resize(&mut self, groups: usize) {
        self.values.resize(groups, Vec::new());
        self.fraction.resize(groups, Value::Null);
    }

    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [fraction, v, ..] = args else { return Ok(()) };
        for (k, row) in sel.iter().enumerate() {
            let g = groups.get(k).map_or(0, |g| *g as usize);
            if self.fraction[g].is_null() {
                self.fraction[g] = fraction.value(row);
            }
            if !v.is_null(row) {
                self.values[g].push(v.value(row));
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let (values, fraction) = (&self.values[group], &self.fraction[group]);
        if fraction.is_null() {
            return Ok(());
        }
        let Some(element) = self.element else {
            let p = checked(fraction.as_datum().f64())?;
            if !values.is_empty() {
                out.set((self.pick)(values, p)?.as_datum());
            }
            return Ok(());
        };
        let fractions = Array::decode(fraction.as_datum().bytes())?;
        if values.is_empty() {
            return Ok(());
        }
        let mut b = ArrayBuilder::new(element);
        for f in fractions.iter() {
            match f {
                None => b.push(None),
                Some(f) => {
                    let p = checked(Datum::load(Phys::F64, f).f64())?;
                    b.push(stored((self.pick)(values, p)?.as_datum()).as_deref());
                }
            }
        }
        out.bytes(&b.finish(&fractions.dims)?);
        Ok(())
    }

    fn memory(&self) -> usize {
        self.values.iter().map(|v| v.len() * 24).sum()
    }
}

macro_rules! percentile {
    ($pick:expr, one) => {
        AggSpec {
            make: |_| Box::new(Percentile { values: Vec::new(), fraction: Vec::new(), pick: $pick, element: None }),
        }
    };
    ($pick:expr, many) => {
        AggSpec {
            make: |site| {
                let element = Some(site.args.get(1).map_or(0, |t| t.oid));
                Box::new(Percentile { values: Vec::new(), fraction: Vec::new(), pick: $pick, element })
            },
        }
    };
}

pub const CONT: AggSpec = percentile!(continuous, one);
pub const CONT_MULTI: AggSpec = percentile!(continuous, many);
pub const CONT_INTERVAL: AggSpec = percentile!(continuous_interval, one);
pub const CONT_INTERVAL_MULTI: AggSpec = percentile!(continuous_interval, many);
pub const DISC: AggSpec = percentile!(discrete, one);
pub const DISC_MULTI: AggSpec = percentile!(discrete, many);

/// The most frequent value; the first in order among equals.
#[derive(Clone, Default)]
struct Run {
    value: Value,
    length: i64,
    best: Value,
    best_length: i64,
}

#[derive(Default)]
struct Mode {
    states: Vec<Run>,
}

impl Accumulator for Mode {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Run::default());
    }

    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let ty = call.site.args.first().map_or(0, |t| t.oid);
        let collation = call.site.collation;
        for (k, row) in sel.iter().enumerate() {
            if v.is_null(row) {
                continue;
            }
            let s = &mut self.states[groups.get(k).map_or(0, |g| *g as usize)];
            let x = v.get(row);
            if s.length > 0 && call.cx.compare(ty, collation, s.value.as_datum(), x)?.is_eq() {
                s.length += 1;
            } else {
                s.value = x.to_value();
                s.length = 1;
            }
            if s.length > s.best_length {
                s.best = s.value.clone();
                s.best_length = s.length;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        out.set(self.states[group].best.as_datum());
        Ok(())
    }
}

pub const MODE: AggSpec = AggSpec { make: |_| Box::<Mode>::default() };
