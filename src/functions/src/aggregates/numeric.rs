//! Sums, averages and variances that are exact: of `numeric`, and the variances of integers.

use tusklet_adt::numeric::{Numeric, NumericSum, NumericVariance, Var, variance};
use tusklet_adt::numeric_small;
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, BytesColumn, Call, Out, Sel, Vector};

use super::{each, try_each};
use crate::batch::Elem;
use crate::bind::{Arg, Ret};
use crate::numeric::quick;

/// A running sum. Everyday numbers are added as mantissas at the largest scale seen; the rest goes to the exact sum.
#[derive(Clone, Default)]
struct Running {
    mantissa: i128,
    scale: u32,
    rest: Option<Box<NumericSum>>,
    count: i64,
}

impl Running {
    #[inline]
    fn fast(&mut self, b: &[u8]) -> Option<()> {
        let (m, scale) = numeric_small::read(b)?;
        let (sum, top) = if scale == self.scale {
            (self.mantissa.checked_add(m)?, scale)
        } else if scale < self.scale {
            (self.mantissa.checked_add(m.checked_mul(10i128.checked_pow(self.scale - scale)?)?)?, self.scale)
        } else {
            (self.mantissa.checked_mul(10i128.checked_pow(scale - self.scale)?)?.checked_add(m)?, scale)
        };
        (self.mantissa, self.scale) = (sum, top);
        Some(())
    }

    #[inline(always)]
    fn add(&mut self, a: &BytesColumn, i: usize) -> Result<()> {
        self.count += 1;
        if let Some((m, scale)) = quick(a, i)
            && scale == self.scale
            && let Some(sum) = self.mantissa.checked_add(m as i128)
        {
            self.mantissa = sum;
            return Ok(());
        }
        self.add_any(a.get(i))
    }

    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn add_any(&mut self, b: &[u8]) -> Result<()> {
        match self.fast(b) {
            Some(()) => Ok(()),
            None => self.rest.get_or_insert_default().add(&Numeric::decode(b)),
        }
    }

    fn sum(&self) -> Result<Option<Numeric>> {
        if self.count == 0 {
            return Ok(None);
        }
        let fast = Numeric::from_i128_with_scale(self.mantissa, self.scale);
        match &self.rest {
            None => Ok(Some(fast)),
            Some(rest) => {
                let mut all = (**rest).clone();
                all.add(&fast)?;
                all.sum()
            }
        }
    }

    fn avg(&self) -> Result<Option<Numeric>> {
        match self.sum()? {
            Some(s) => s.div(&Numeric::from_i64(self.count)).map(Some),
            None => Ok(None),
        }
    }
}

struct Sum {
    states: Vec<Running>,
    end: fn(&Running) -> Result<Option<Numeric>>,
}

impl Accumulator for Sum {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Running::default());
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let Some(a) = v.bytes() else { return Ok(()) };
        let states = &mut self.states;
        try_each(call, v, sel, groups, |_, i, g| states[g].add(a, i))
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        (self.end)(&self.states[group])?.put(out);
        Ok(())
    }

    fn memory(&self) -> usize {
        self.states.len() * std::mem::size_of::<Running>()
    }
}

pub const SUM: AggSpec = AggSpec { make: |_| Box::new(Sum { states: Vec::new(), end: Running::sum }) };
pub const AVG: AggSpec = AggSpec { make: |_| Box::new(Sum { states: Vec::new(), end: Running::avg }) };

/// Variance of `numeric` and of `bigint`.
struct Exact {
    states: Vec<NumericVariance>,
    population: bool,
    root: bool,
    big: bool,
}

impl Accumulator for Exact {
    fn resize(&mut self, groups: usize) {
        self.states.resize_with(groups, NumericVariance::default);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let (states, big) = (&mut self.states, self.big);
        try_each(call, v, sel, groups, |_, i, g| {
            let d = v.get(i);
            states[g].add(&if big { Numeric::from_i64(d.i64()) } else { Numeric::arg(d) })
        })
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        self.states[group].finish(self.population, self.root)?.put(out);
        Ok(())
    }
}

/// Variance of small integers, whose squares 128 bits can sum.
struct Small<A> {
    states: Vec<(i64, i128, i128)>,
    population: bool,
    root: bool,
    of: std::marker::PhantomData<A>,
}

impl<A: Elem + Into<i64>> Accumulator for Small<A> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, (0, 0, 0));
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = A::col(v);
        let states = &mut self.states;
        each(v, sel, groups, |i, g| {
            let x: i64 = a[i].into();
            let s = &mut states[g];
            s.0 += 1;
            s.1 += x as i128;
            s.2 += (x * x) as i128;
        });
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let (n, x, xx) = self.states[group];
        variance(n, Var::from_i128(x), Var::from_i128(xx), self.population, self.root)?.put(out);
        Ok(())
    }
}

macro_rules! variances {
    ($($num:ident $i64:ident $i32:ident $i16:ident $population:literal $root:literal;)*) => {$(
        pub const $num: AggSpec = AggSpec {
            make: |_| Box::new(Exact { states: Vec::new(), population: $population, root: $root, big: false }),
        };
        pub const $i64: AggSpec = AggSpec {
            make: |_| Box::new(Exact { states: Vec::new(), population: $population, root: $root, big: true }),
        };
        pub const $i32: AggSpec = AggSpec {
            make: |_| Box::new(Small::<i32> { states: Vec::new(), population: $population, root: $root, of: std::marker::PhantomData }),
        };
        pub const $i16: AggSpec = AggSpec {
            make: |_| Box::new(Small::<i16> { states: Vec::new(), population: $population, root: $root, of: std::marker::PhantomData }),
        };
    )*};
}

variances!(
    VAR_POP VAR_POP_I64 VAR_POP_I32 VAR_POP_I16 true false;
    VAR_SAMP VAR_SAMP_I64 VAR_SAMP_I32 VAR_SAMP_I16 false false;
    STDDEV_POP STDDEV_POP_I64 STDDEV_POP_I32 STDDEV_POP_I16 true true;
    STDDEV_SAMP STDDEV_SAMP_I64 STDDEV_SAMP_I32 STDDEV_SAMP_I16 false true;
);
