//! Sums, averages, variances and regressions of floats, in input order, as `float8_accum` and `float8_regr_accum` compute
//! them (Youngs and Cramer's update).

use tusklet_adt::float::overflow;
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Call, Out, Sel, Vector};

use super::try_each;
use crate::batch::Elem;

/// `sum`: plain addition.
struct Sum<A> {
    states: Vec<Option<A>>,
}

macro_rules! sum {
    ($t:ty, $put:ident) => {
        impl Accumulator for Sum<$t> {
            fn resize(&mut self, groups: usize) {
                self.states.resize(groups, None);
            }

            #[cfg_attr(tuned, optimize(speed))]
            fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
                let [v, ..] = args else { return Ok(()) };
                let a = <$t as Elem>::col(v);
                let states = &mut self.states;
                try_each(call, v, sel, groups, |_, i, g| {
                    let x = a[i];
                    states[g] = Some(match states[g] {
                        None => x,
                        Some(s) => {
                            let r = s + x;
                            if r.is_infinite() && !s.is_infinite() && !x.is_infinite() {
                                return Err(overflow());
                            }
                            r
                        }
                    });
                    Ok(())
                })
            }

            fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
                if let Some(v) = self.states[group] {
                    out.$put(v);
                }
                Ok(())
            }
        }
    };
}

sum!(f32, f32);
sum!(f64, f64);

pub const SUM_F32: AggSpec = AggSpec { make: |_| Box::new(Sum::<f32> { states: Vec::new() }) };
pub const SUM_F64: AggSpec = AggSpec { make: |_| Box::new(Sum::<f64> { states: Vec::new() }) };

/// Count, sum, and sum of squared differences from the mean.
#[derive(Clone, Copy, Default)]
pub(super) struct Moments {
    pub n: f64,
    pub sx: f64,
    pub sxx: f64,
}

impl Moments {
    /// As `float8_combine`.
    pub fn merged(&self, o: &Moments) -> Result<Moments> {
        if self.n == 0.0 || o.n == 0.0 {
            return Ok(if self.n == 0.0 { *o } else { *self });
        }
        let n = self.n + o.n;
        let t = self.sx / self.n - o.sx / o.n;
        let s = Moments { n, sx: self.sx + o.sx, sxx: self.sxx + o.sxx + self.n * o.n * t * t / n };
        let infinite = |a: f64, b: f64, sum: f64| sum.is_infinite() && !a.is_infinite() && !b.is_infinite();
        if infinite(self.sx, o.sx, s.sx) || infinite(self.sxx, o.sxx, s.sxx) {
            return Err(overflow());
        }
        Ok(s)
    }

    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn add(&mut self, x: f64) -> Result<()> {
        let before = *self;
        self.n += 1.0;
        self.sx += x;
        if before.n > 0.0 {
            let t = x * self.n - self.sx;
            self.sxx += t * t / (self.n * before.n);
            if self.sx.is_infinite() || self.sxx.is_infinite() {
                if !before.sx.is_infinite() && !x.is_infinite() {
                    return Err(overflow());
                }
                self.sxx = f64::NAN;
            }
        } else if !x.is_finite() {
            self.sxx = f64::NAN;
        }
        Ok(())
    }
}

/// Below this the squares of a thousand million values cannot overflow, so an average need not look at them; above it they
/// are computed, because PostgreSQL's `avg` raises when they overflow. What was left out before is too small to matter.
const SMALL: f64 = 1e140;

type End = fn(&Moments) -> Option<f64>;

struct Variance<A> {
    states: Vec<Moments>,
    squares: bool,
    end: End,
    of: std::marker::PhantomData<A>,
}

impl<A: Elem + Into<f64>> Accumulator for Variance<A> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Moments::default());
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = A::col(v);
        let (states, squares) = (&mut self.states, self.squares);
        try_each(call, v, sel, groups, |_, i, g| {
            let x: f64 = a[i].into();
            let s = &mut states[g];
            if !squares && x.abs() < SMALL && s.sx.abs() < SMALL * 1e10 && s.sxx == 0.0 {
                s.n += 1.0;
                s.sx += x;
                return Ok(());
            }
            s.add(x)
        })
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let s = &self.states[group];
        if let Some(v) = (self.end)(s) {
            out.f64(v);
        }
        Ok(())
    }
}

/// What the moments tell.
pub(super) mod variance {
    use super::Moments;

    pub fn avg(s: &Moments) -> Option<f64> {
        (s.n > 0.0).then(|| s.sx / s.n)
    }

    pub fn var_pop(s: &Moments) -> Option<f64> {
        (s.n > 0.0).then(|| s.sxx / s.n)
    }

    pub fn var_samp(s: &Moments) -> Option<f64> {
        (s.n > 1.0).then(|| s.sxx / (s.n - 1.0))
    }

    pub fn stddev_pop(s: &Moments) -> Option<f64> {
        var_pop(s).map(f64::sqrt)
    }

    pub fn stddev_samp(s: &Moments) -> Option<f64> {
        var_samp(s).map(f64::sqrt)
    }
}

macro_rules! variance {
    ($($f32:ident $f64:ident $squares:literal $end:ident;)*) => {$(
        pub const $f32: AggSpec = AggSpec {
            make: |_| Box::new(Variance::<f32> { states: Vec::new(), squares: $squares, end: variance::$end, of: std::marker::PhantomData }),
        };
        pub const $f64: AggSpec = AggSpec {
            make: |_| Box::new(Variance::<f64> { states: Vec::new(), squares: $squares, end: variance::$end, of: std::marker::PhantomData }),
        };
    )*};
}

variance!(
    AVG_F32 AVG_F64 false avg;
    VAR_POP_F32 VAR_POP_F64 true var_pop;
    VAR_SAMP_F32 VAR_SAMP_F64 true var_samp;
    STDDEV_POP_F32 STDDEV_POP_F64 true stddev_pop;
    STDDEV_SAMP_F32 STDDEV_SAMP_F64 true stddev_samp;
);

/// The sums of pairs.
#[derive(Clone, Copy, Default)]
pub(super) struct Pair {
    pub n: f64,
    pub sx: f64,
    pub sxx: f64,
    pub sy: f64,
    pub syy: f64,
    pub sxy: f64,
}

impl Pair {
    /// As `float8_regr_combine`.
    pub fn merged(&self, o: &Pair) -> Result<Pair> {
        if self.n == 0.0 || o.n == 0.0 {
            return Ok(if self.n == 0.0 { *o } else { *self });
        }
        let x = Moments { n: self.n, sx: self.sx, sxx: self.sxx }.merged(&Moments { n: o.n, sx: o.sx, sxx: o.sxx })?;
        let y = Moments { n: self.n, sx: self.sy, sxx: self.syy }.merged(&Moments { n: o.n, sx: o.sy, sxx: o.syy })?;
        let (tx, ty) = (self.sx / self.n - o.sx / o.n, self.sy / self.n - o.sy / o.n);
        let sxy = self.sxy + o.sxy + self.n * o.n * tx * ty / x.n;
        if sxy.is_infinite() && !self.sxy.is_infinite() && !o.sxy.is_infinite() {
            return Err(overflow());
        }
        Ok(Pair { n: x.n, sx: x.sx, sxx: x.sxx, sy: y.sx, syy: y.sxx, sxy })
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let b = *self;
        self.n += 1.0;
        self.sx += x;
        self.sy += y;
        if b.n > 0.0 {
            let (tx, ty) = (x * self.n - self.sx, y * self.n - self.sy);
            let scale = 1.0 / (self.n * b.n);
            self.sxx += tx * tx * scale;
            self.syy += ty * ty * scale;
            self.sxy += tx * ty * scale;
            let x_was_finite = !b.sx.is_infinite() && !x.is_infinite();
            let y_was_finite = !b.sy.is_infinite() && !y.is_infinite();
            if ((self.sx.is_infinite() || self.sxx.is_infinite()) && x_was_finite)
                || ((self.sy.is_infinite() || self.syy.is_infinite()) && y_was_finite)
                || (self.sxy.is_infinite() && x_was_finite && y_was_finite)
            {
                return Err(overflow());
            }
            for s in [&mut self.sxx, &mut self.syy, &mut self.sxy] {
                if s.is_infinite() {
                    *s = f64::NAN;
                }
            }
        } else {
            if !x.is_finite() {
                self.sxx = f64::NAN;
                self.sxy = f64::NAN;
            }
            if !y.is_finite() {
                self.syy = f64::NAN;
                self.sxy = f64::NAN;
            }
        }
        Ok(())
    }
}

struct Regression {
    states: Vec<Pair>,
    end: fn(&Pair) -> Option<f64>,
}

impl Accumulator for Regression {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Pair::default());
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [y, x, ..] = args else { return Ok(()) };
        for (k, i) in sel.iter().enumerate() {
            if y.is_null(i) || x.is_null(i) {
                continue;
            }
            let g = groups.get(k).map_or(0, |g| *g as usize);
            if let Err(e) = self.states[g].add(y.get(i).f64(), x.get(i).f64()) {
                call.row = i;
                return Err(e);
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let s = &self.states[group];
        if s.n > 0.0
            && let Some(v) = (self.end)(s)
        {
            out.f64(v);
        }
        Ok(())
    }
}

macro_rules! regression {
    ($($name:ident $end:ident |$s:ident| $e:expr;)*) => {
        $(pub const $name: AggSpec = AggSpec { make: |_| Box::new(Regression { states: Vec::new(), end: regression::$end }) };)*

        /// What the sums of at least one pair tell.
        pub(super) mod regression {
            use super::Pair;

            $(pub fn $end($s: &Pair) -> Option<f64> { $e })*
        }
    };
}

regression!(
    REGR_SXX sxx |s| Some(s.sxx);
    REGR_SYY syy |s| Some(s.syy);
    REGR_SXY sxy |s| Some(s.sxy);
    REGR_AVGX avgx |s| Some(s.sx / s.n);
    REGR_AVGY avgy |s| Some(s.sy / s.n);
    COVAR_POP covar_pop |s| Some(s.sxy / s.n);
    COVAR_SAMP covar_samp |s| (s.n >= 2.0).then(|| s.sxy / (s.n - 1.0));
    CORR corr |s| (s.sxx != 0.0 && s.syy != 0.0).then(|| s.sxy / (s.sxx * s.syy).sqrt());
    REGR_R2 r2 |s| if s.sxx == 0.0 { None } else if s.syy == 0.0 { Some(1.0) } else { Some((s.sxy * s.sxy) / (s.sxx * s.syy)) };
    REGR_SLOPE slope |s| (s.sxx != 0.0).then(|| s.sxy / s.sxx);
    REGR_INTERCEPT intercept |s| (s.sxx != 0.0).then(|| (s.sy - s.sx * s.sxy / s.sxx) / s.n);
);
