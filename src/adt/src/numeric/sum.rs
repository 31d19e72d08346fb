//! Accumulators for `sum`, `avg` and the variances of `numeric`.

use tusklet_error::Result;

use super::var::Var;
use super::{Numeric, POW10};

/// A running sum: a 128-bit mantissa at the largest scale seen, spilling to the exact representation when it overflows.
#[derive(Clone, Debug, Default)]
pub struct NumericSum {
    mantissa: i128,
    scale: u32,
    big: Option<Var>,
    max_scale: i32,
    max_scale_count: i64,
    count: i64,
    nan: i64,
    pos_inf: i64,
    neg_inf: i64,
}

impl NumericSum {
    /// How many values are in.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// Adds a value.
    pub fn add(&mut self, n: &Numeric) -> Result<()> {
        self.count += 1;
        self.note(n, 1);
        self.accumulate(n, false)
    }

    /// Takes a value out again, for moving aggregates; `false` when the result's scale could no longer be known and the
    /// caller must start over (`do_numeric_discard`).
    pub fn remove(&mut self, n: &Numeric) -> Result<bool> {
        if let Some(s) = n.scale()
            && s == self.max_scale
        {
            if self.max_scale_count > 1 || self.max_scale == 0 {
                self.max_scale_count -= 1;
            } else if self.count == 1 {
                self.max_scale = 0;
                self.max_scale_count = 0;
            } else {
                return Ok(false);
            }
        }
        self.count -= 1;
        match n {
            Numeric::NaN => self.nan -= 1,
            Numeric::PosInf => self.pos_inf -= 1,
            Numeric::NegInf => self.neg_inf -= 1,
            _ => {}
        }
        self.accumulate(n, true)?;
        Ok(true)
    }

    fn note(&mut self, n: &Numeric, by: i64) {
        match n {
            Numeric::NaN => self.nan += by,
            Numeric::PosInf => self.pos_inf += by,
            Numeric::NegInf => self.neg_inf += by,
            _ => {
                let s = n.scale().unwrap_or(0);
                if s > self.max_scale {
                    self.max_scale = s;
                    self.max_scale_count = 1;
                } else if s == self.max_scale {
                    self.max_scale_count += 1;
                }
            }
        }
    }

    fn accumulate(&mut self, n: &Numeric, minus: bool) -> Result<()> {
        let v = match n {
            Numeric::Small(d) => {
                if self.try_small(if minus { -d.mantissa() } else { d.mantissa() }, d.scale()) {
                    return Ok(());
                }
                n.to_var()
            }
            Numeric::Big(v) => (**v).clone(),
            _ => return Ok(()),
        };
        let sum = self.big.take().unwrap_or_default();
        self.big = Some(if minus { sum.sub(&v) } else { sum.add(&v) });
        Ok(())
    }

    fn try_small(&mut self, m: i128, scale: u32) -> bool {
        if scale > self.scale {
            match self.mantissa.checked_mul(POW10[(scale - self.scale) as usize] as i128) {
                Some(x) => {
                    self.mantissa = x;
                    self.scale = scale;
                }
                None => return false,
            }
        }
        let m = if scale < self.scale { m.checked_mul(POW10[(self.scale - scale) as usize] as i128) } else { Some(m) };
        match m.and_then(|m| self.mantissa.checked_add(m)) {
            Some(x) => {
                self.mantissa = x;
                true
            }
            None => false,
        }
    }

    /// Adds another sum's values.
    pub fn merge(&mut self, o: &NumericSum) -> Result<()> {
        self.count += o.count;
        self.nan += o.nan;
        self.pos_inf += o.pos_inf;
        self.neg_inf += o.neg_inf;
        if o.max_scale > self.max_scale {
            self.max_scale = o.max_scale;
            self.max_scale_count = o.max_scale_count;
        } else if o.max_scale == self.max_scale {
            self.max_scale_count += o.max_scale_count;
        }
        let sum = self.finite().add(&o.finite());
        self.mantissa = 0;
        self.scale = 0;
        self.big = Some(sum);
        Ok(())
    }

    fn finite(&self) -> Var {
        let mut v = Var::from_mantissa(self.mantissa.unsigned_abs(), self.mantissa < 0, self.scale);
        if let Some(b) = &self.big {
            v = v.add(b);
        }
        v.dscale = self.max_scale;
        v
    }

    fn special(&self) -> Option<Numeric> {
        if self.nan > 0 || (self.pos_inf > 0 && self.neg_inf > 0) {
            Some(Numeric::NaN)
        } else if self.pos_inf > 0 {
            Some(Numeric::PosInf)
        } else if self.neg_inf > 0 {
            Some(Numeric::NegInf)
        } else {
            None
        }
    }

    /// `sum`; NULL without values.
    pub fn sum(&self) -> Result<Option<Numeric>> {
        if self.count == 0 {
            return Ok(None);
        }
        match self.special() {
            Some(n) => Ok(Some(n)),
            None if self.big.is_none() && self.scale as i32 == self.max_scale => {
                Ok(Some(Numeric::from_i128_with_scale(self.mantissa, self.scale)))
            }
            None => Numeric::from_var(self.finite()).map(Some),
        }
    }

    /// `avg`; NULL without values.
    pub fn avg(&self) -> Result<Option<Numeric>> {
        match self.sum()? {
            Some(s) => s.div(&Numeric::from_i64(self.count)).map(Some),
            None => Ok(None),
        }
    }
}

/// Sums for variances: of the values and of their squares.
#[derive(Clone, Debug, Default)]
pub struct NumericVariance {
    x: NumericSum,
    xx: NumericSum,
}

impl NumericVariance {
    /// Adds a value.
    pub fn add(&mut self, n: &Numeric) -> Result<()> {
        self.x.add(n)?;
        if n.is_finite() {
            self.xx.add(&square(n)?)?;
        }
        Ok(())
    }

    /// Takes a value out again; see [`NumericSum::remove`].
    pub fn remove(&mut self, n: &Numeric) -> Result<bool> {
        if !self.x.remove(n)? {
            return Ok(false);
        }
        if n.is_finite() { self.xx.remove(&square(n)?) } else { Ok(true) }
    }

    /// The variance or standard deviation; NULL with too few values.
    pub fn finish(&self, population: bool, root: bool) -> Result<Option<Numeric>> {
        if self.x.count() <= i64::from(!population) {
            return Ok(None);
        }
        if self.x.special().is_some() {
            return Ok(Some(Numeric::NaN));
        }
        variance(self.x.count(), self.x.finite(), self.xx.finite(), population, root)
    }
}

/// A square, exact even beyond what a `numeric` holds: only sums of squares see it.
fn square(n: &Numeric) -> Result<Numeric> {
    match n {
        Numeric::Big(v) => Ok(Numeric::Big(Box::new(v.mul_exact(v)))),
        _ => n.mul(n),
    }
}

/// Variance or standard deviation from count, sum and sum of squares (`numeric_stddev_internal`).
pub fn variance(n: i64, x: Var, xx: Var, population: bool, root: bool) -> Result<Option<Numeric>> {
    if n <= i64::from(!population) {
        return Ok(None);
    }
    let count = Var::from_i128(i128::from(n));
    let rscale = x.dscale * 2;
    let square = x.mul(&x, rscale);
    let difference = xx.mul(&count, rscale).sub(&square);
    if difference.neg || difference.is_zero() {
        return Ok(Some(Numeric::ZERO));
    }
    let divisor = if population { count.mul_exact(&count) } else { count.mul_exact(&Var::from_i128(i128::from(n) - 1)) };
    let rscale = difference.div_scale(&divisor);
    let mut v = difference.div(&divisor, rscale, true);
    if root {
        v = v.sqrt(rscale);
    }
    Numeric::from_var(v).map(Some)
}
