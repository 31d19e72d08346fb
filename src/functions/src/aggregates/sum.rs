//! Sums and averages of integers and intervals.

use tusklet_adt::interval::Interval;
use tusklet_adt::numeric::Numeric;
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Call, Out, Sel, Vector};

use super::{dense, each, try_each};
use crate::batch::Elem;
use crate::bind::{Arg, Ret};

/// How a sum of integers ends.
type Finish<S> = fn(S, i64, &mut Out<'_>) -> Result<()>;

/// Sums of 16- and 32-bit integers, which 64 bits hold.
struct Narrow<A> {
    states: Vec<(i64, i64)>,
    finish: Finish<i64>,
    of: std::marker::PhantomData<A>,
}

impl<A> Narrow<A> {
    fn new(finish: Finish<i64>) -> Narrow<A> {
        Narrow { states: Vec::new(), finish, of: std::marker::PhantomData }
    }
}

impl<A: Elem + Into<i64>> Accumulator for Narrow<A> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, (0, 0));
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = A::col(v);
        if let Some(all) = dense(v, a, sel, groups) {
            let Some(state) = self.states.first_mut() else { return Ok(()) };
            if v.validity.is_all_set() {
                let mut sum = 0;
                for x in all {
                    sum += (*x).into();
                }
                state.0 += sum;
                state.1 += all.len() as i64;
                return Ok(());
            }
            for (chunk, w) in all.chunks(64).enumerate() {
                let bits = v.validity.words().get(chunk).copied().unwrap_or(u64::MAX);
                for (i, x) in w.iter().enumerate() {
                    let keep = (bits >> i & 1) as i64;
                    state.0 += (*x).into() & -keep;
                    state.1 += keep;
                }
            }
            return Ok(());
        }
        each(v, sel, groups, |i, g| {
            let s = &mut self.states[g];
            s.0 += a[i].into();
            s.1 += 1;
        });
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let (sum, n) = self.states[group];
        if n > 0 { (self.finish)(sum, n, out) } else { Ok(()) }
    }

    fn memory(&self) -> usize {
        self.states.len() * 16
    }
}

/// Sums of `bigint`.
struct Wide {
    states: Vec<(i128, i64)>,
    finish: Finish<i128>,
}

impl Wide {
    fn boxed(finish: Finish<i128>) -> Box<dyn Accumulator> {
        Box::new(Wide { states: Vec::new(), finish })
    }
}

impl Accumulator for Wide {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, (0, 0));
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = v.i64s();
        if let Some(all) = dense(v, a, sel, groups).filter(|_| v.validity.is_all_set()) {
            let Some(state) = self.states.first_mut() else { return Ok(()) };
            // Halves apart: both sums are plain 64-bit loops, and at most 2^20 rows of 32 bits each cannot overflow.
            for part in all.chunks(1 << 20) {
                let (mut low, mut high) = (0u64, 0i64);
                for x in part {
                    low += *x as u32 as u64;
                    high += x >> 32;
                }
                state.0 += ((high as i128) << 32) + low as i128;
            }
            state.1 += all.len() as i64;
            return Ok(());
        }
        each(v, sel, groups, |i, g| {
            let s = &mut self.states[g];
            s.0 += a[i] as i128;
            s.1 += 1;
        });
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let (sum, n) = self.states[group];
        if n > 0 { (self.finish)(sum, n, out) } else { Ok(()) }
    }

    fn memory(&self) -> usize {
        self.states.len() * 32
    }
}

fn average(sum: i128, n: i64, out: &mut Out<'_>) -> Result<()> {
    Numeric::from_i128(sum).div(&Numeric::from_i64(n))?.put(out);
    Ok(())
}

macro_rules! narrow {
    ($t:ty, $finish:expr) => {
        AggSpec { make: |_| Box::new(Narrow::<$t>::new($finish)) }
    };
}

pub const SUM_I16: AggSpec = narrow!(i16, |s, _, out| {
    out.i64(s);
    Ok(())
});
pub const SUM_I32: AggSpec = narrow!(i32, |s, _, out| {
    out.i64(s);
    Ok(())
});
pub const AVG_I16: AggSpec = narrow!(i16, |s, n, out| average(s as i128, n, out));
pub const AVG_I32: AggSpec = narrow!(i32, |s, n, out| average(s as i128, n, out));
pub const SUM_I64: AggSpec = AggSpec {
    make: |_| {
        Wide::boxed(|s, _, out| {
            Numeric::from_i128(s).put(out);
            Ok(())
        })
    },
};
pub const AVG_I64: AggSpec = AggSpec { make: |_| Wide::boxed(average) };
/// Sums of intervals, field by field with `interval_pl`'s checks.
struct Intervals {
    states: Vec<(Interval, i64)>,
    average: bool,
}

impl Accumulator for Intervals {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, (Interval { micros: 0, days: 0, months: 0 }, 0));
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let states = &mut self.states;
        try_each(call, v, sel, groups, |_, i, g| {
            let s = &mut states[g];
            s.0 = s.0.add(&Interval::arg(v.get(i)))?;
            s.1 += 1;
            Ok(())
        })
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let (sum, n) = &self.states[group];
        if *n > 0 {
            if self.average { sum.div(*n as f64)? } else { *sum }.put(out);
        }
        Ok(())
    }
}

pub const SUM_INTERVAL: AggSpec = AggSpec { make: |_| Box::new(Intervals { states: Vec::new(), average: false }) };
pub const AVG_INTERVAL: AggSpec = AggSpec { make: |_| Box::new(Intervals { states: Vec::new(), average: true }) };
