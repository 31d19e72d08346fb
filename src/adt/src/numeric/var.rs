//! The exact big representation: base 10000 digits, as many as it takes.
//!
//! PostgreSQL's rules for the scale of a quotient, a root or a logarithm are stated in terms of base-10000 digits (the
//! weight of the first one and its value), so this representation has the same shape as its `NumericVar` and every rule can
//! be written down as it stands. `value = ±Σ digits[i] · 10000^(weight − i)`; `dscale` is the number of decimal digits
//! shown after the point and never less than the digits actually there.

use std::cmp::Ordering;

use tusklet_error::Result;

/// The base.
pub const NBASE: i32 = 10_000;
/// Decimal digits in one digit.
pub const DEC_DIGITS: i32 = 4;

/// An exact decimal number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Var {
    /// Below zero. Never set when there are no digits.
    pub neg: bool,
    /// Power of 10000 of the first digit.
    pub weight: i32,
    /// Decimal digits shown after the point.
    pub dscale: i32,
    /// Digits, most significant first, each below 10000.
    pub digits: Vec<u16>,
}

const ROUND_POWERS: [i32; 4] = [0, 1000, 100, 10];

impl Var {
    /// Zero, shown with `dscale` digits.
    pub fn zero(dscale: i32) -> Var {
        Var { dscale, ..Var::default() }
    }

    /// An integer.
    pub fn from_i128(v: i128) -> Var {
        Var::from_mantissa(v.unsigned_abs(), v < 0, 0)
    }

    /// `±m · 10^-scale`.
    pub fn from_mantissa(m: u128, neg: bool, scale: u32) -> Var {
        let mut m = m;
        let mut digits = Vec::with_capacity(12);
        // Align to a whole number of base-10000 digits after the point.
        let groups = scale.div_ceil(4);
        let pad = groups * 4 - scale;
        if pad > 0 {
            let low = 10u128.pow(4 - pad);
            digits.push(((m % low) * 10u128.pow(pad)) as u16);
            m /= low;
        }
        while m > 0 {
            if let Ok(small) = u64::try_from(m) {
                let mut small = small;
                while small > 0 {
                    digits.push((small % 10_000) as u16);
                    small /= 10_000;
                }
                break;
            }
            digits.push((m % 10_000) as u16);
            m /= 10_000;
        }
        digits.reverse();
        let weight = digits.len() as i32 - 1 - groups as i32;
        let mut v = Var { neg, weight, dscale: scale as i32, digits };
        v.strip();
        v
    }

    /// The mantissa at the number's own `dscale`, when it fits.
    pub fn mantissa(&self) -> Option<i128> {
        let mut m: i128 = 0;
        for &d in &self.digits {
            m = m.checked_mul(10_000)?.checked_add(i128::from(d))?;
        }
        // m · 10^(4·(weight+1−n)) is the value; bring it to dscale.
        let shift = 4 * (self.weight + 1 - self.digits.len() as i32) + self.dscale;
        if m == 0 {
            return Some(0);
        }
        if shift >= 0 {
            m = m.checked_mul(10i128.checked_pow(shift as u32)?)?;
        } else {
            m /= 10i128.checked_pow(shift.unsigned_abs())?;
        }
        Some(if self.neg { -m } else { m })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Removes zeros at both ends.
    pub fn strip(&mut self) {
        let lead = self.digits.iter().take_while(|&&d| d == 0).count();
        if lead > 0 {
            self.digits.drain(..lead);
            self.weight -= lead as i32;
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            self.neg = false;
            self.weight = 0;
        }
    }

    /// Rounds to `rscale` decimal places, half away from zero; negative places round before the point.
    pub fn round(&mut self, rscale: i32) {
        self.dscale = rscale;
        let di = (self.weight + 1) * DEC_DIGITS + rscale;
        if di < 0 {
            self.digits.clear();
            self.strip();
            return;
        }
        let mut n = ((di + DEC_DIGITS - 1) / DEC_DIGITS) as usize;
        let di = di % DEC_DIGITS;
        let have = self.digits.len();
        if n > have || (n == have && di == 0) {
            return;
        }
        let mut carry;
        if di == 0 {
            carry = u16::from(self.digits[n] >= (NBASE / 2) as u16);
            self.digits.truncate(n);
        } else {
            self.digits.truncate(n);
            n -= 1;
            let mut pow = ROUND_POWERS[di as usize];
            let d = i32::from(self.digits[n]);
            let extra = d % pow;
            let mut d = d - extra;
            carry = 0;
            if extra >= pow / 2 {
                pow += d;
                if pow >= NBASE {
                    pow -= NBASE;
                    carry = 1;
                }
                d = pow;
            }
            self.digits[n] = d as u16;
        }
        let mut at = n;
        while carry > 0 {
            if at == 0 {
                self.digits.insert(0, 1);
                self.weight += 1;
                break;
            }
            at -= 1;
            let d = self.digits[at] + carry;
            if d >= NBASE as u16 {
                self.digits[at] = d - NBASE as u16;
            } else {
                self.digits[at] = d;
                carry = 0;
            }
        }
        self.strip();
    }

    /// Cuts to `rscale` decimal places.
    pub fn trunc(&mut self, rscale: i32) {
        self.dscale = rscale;
        let di = (self.weight + 1) * DEC_DIGITS + rscale;
        if di <= 0 {
            self.digits.clear();
            self.strip();
            return;
        }
        let n = ((di + DEC_DIGITS - 1) / DEC_DIGITS) as usize;
        if n <= self.digits.len() {
            self.digits.truncate(n);
            let di = di % DEC_DIGITS;
            if di > 0 {
                let d = i32::from(self.digits[n - 1]);
                self.digits[n - 1] = (d - d % ROUND_POWERS[di as usize]) as u16;
            }
        }
        self.strip();
    }

    /// Compares absolute values.
    pub fn cmp_abs(&self, o: &Var) -> Ordering {
        match (self.is_zero(), o.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
        self.weight.cmp(&o.weight).then_with(|| self.digits.cmp(&o.digits))
    }

    /// Compares values.
    pub fn cmp(&self, o: &Var) -> Ordering {
        match (self.neg, o.neg) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_abs(o),
            (true, true) => o.cmp_abs(self),
        }
    }

    /// The digit at power `w` of the base.
    fn at(&self, w: i32) -> i32 {
        let i = self.weight - w;
        if i < 0 { 0 } else { self.digits.get(i as usize).map_or(0, |&d| i32::from(d)) }
    }

    fn add_abs(&self, o: &Var) -> Var {
        let hi = self.weight.max(o.weight) + 1;
        let lo = (self.weight - self.digits.len() as i32).min(o.weight - o.digits.len() as i32) + 1;
        let mut digits = vec![0u16; (hi - lo + 1).max(0) as usize];
        let mut carry = 0;
        for w in lo..=hi {
            let mut d = self.at(w) + o.at(w) + carry;
            carry = 0;
            if d >= NBASE {
                d -= NBASE;
                carry = 1;
            }
            digits[(hi - w) as usize] = d as u16;
        }
        let mut v = Var { neg: false, weight: hi, dscale: self.dscale.max(o.dscale), digits };
        v.strip();
        v
    }

    /// `|self| − |o|`, where the first is not the smaller.
    fn sub_abs(&self, o: &Var) -> Var {
        let hi = self.weight.max(o.weight);
        let lo = (self.weight - self.digits.len() as i32).min(o.weight - o.digits.len() as i32) + 1;
        let mut digits = vec![0u16; (hi - lo + 1).max(0) as usize];
        let mut borrow = 0;
        for w in lo..=hi {
            let mut d = self.at(w) - o.at(w) - borrow;
            borrow = 0;
            if d < 0 {
                d += NBASE;
                borrow = 1;
            }
            digits[(hi - w) as usize] = d as u16;
        }
        let mut v = Var { neg: false, weight: hi, dscale: self.dscale.max(o.dscale), digits };
        v.strip();
        v
    }

    /// `self + o`.
    pub fn add(&self, o: &Var) -> Var {
        let mut r = if self.neg == o.neg {
            let mut r = self.add_abs(o);
            r.neg = self.neg;
            r
        } else {
            match self.cmp_abs(o) {
                Ordering::Equal => Var::zero(0),
                Ordering::Greater => {
                    let mut r = self.sub_abs(o);
                    r.neg = self.neg;
                    r
                }
                Ordering::Less => {
                    let mut r = o.sub_abs(self);
                    r.neg = o.neg;
                    r
                }
            }
        };
        r.dscale = self.dscale.max(o.dscale);
        if r.is_zero() {
            r.neg = false;
        }
        r
    }

    /// `−self`.
    pub fn negated(&self) -> Var {
        let mut r = self.clone();
        r.neg = !r.neg && !r.is_zero();
        r
    }

    /// `self − o`.
    pub fn sub(&self, o: &Var) -> Var {
        self.add(&o.negated())
    }

    /// `self · o`, exact, shown with the sum of the scales.
    pub fn mul_exact(&self, o: &Var) -> Var {
        let dscale = self.dscale + o.dscale;
        if self.is_zero() || o.is_zero() {
            return Var::zero(dscale);
        }
        let (a, b) = (&self.digits, &o.digits);
        let mut acc = vec![0u64; a.len() + b.len()];
        for (i, &x) in a.iter().enumerate() {
            if x == 0 {
                continue;
            }
            for (j, &y) in b.iter().enumerate() {
                acc[i + j + 1] += u64::from(x) * u64::from(y);
            }
        }
        let mut carry = 0u64;
        let mut digits = vec![0u16; acc.len()];
        for i in (0..acc.len()).rev() {
            let d = acc[i] + carry;
            digits[i] = (d % NBASE as u64) as u16;
            carry = d / NBASE as u64;
        }
        let mut v = Var { neg: self.neg != o.neg, weight: self.weight + o.weight + 1, dscale, digits };
        v.strip();
        v
    }

    /// `self · o`, rounded to `rscale`.
    pub fn mul(&self, o: &Var, rscale: i32) -> Var {
        let mut v = self.mul_exact(o);
        v.round(rscale);
        v
    }

    /// `self / o` to `rscale` places, rounded or cut. `o` must not be zero.
    pub fn div(&self, o: &Var, rscale: i32, round: bool) -> Var {
        if self.is_zero() || o.is_zero() {
            return Var::zero(rscale);
        }
        let weight = self.weight - o.weight;
        let n = (weight + 1 + (rscale + DEC_DIGITS - 1).div_euclid(DEC_DIGITS) + i32::from(round)).max(1) as usize;
        let digits = quotient(&self.digits, &o.digits, n);
        let mut v = Var { neg: self.neg != o.neg, weight, dscale: rscale, digits };
        if round { v.round(rscale) } else { v.trunc(rscale) }
        v.strip();
        v
    }

    /// PostgreSQL's scale for a quotient: at least sixteen significant digits, at least either operand's scale.
    pub fn div_scale(&self, o: &Var) -> i32 {
        let (w1, d1) = self.digits.first().map_or((0, 0), |&d| (self.weight, d));
        let (w2, d2) = o.digits.first().map_or((0, 0), |&d| (o.weight, d));
        super::quotient_scale(w1, i32::from(d1), self.dscale, w2, i32::from(d2), o.dscale)
    }

    /// The remainder of truncating division, with the sign of `self`.
    pub fn rem(&self, o: &Var) -> Var {
        let q = self.div(o, 0, false);
        let p = q.mul_exact(o);
        let mut r = self.sub(&p);
        r.dscale = self.dscale.max(o.dscale);
        r
    }

    /// `⌈self⌉`.
    pub fn ceil(&self) -> Var {
        let mut t = self.clone();
        t.trunc(0);
        if !self.neg && self.cmp_abs(&t) != Ordering::Equal { t.add(&Var::from_i128(1)) } else { t }
    }

    /// `⌊self⌋`.
    pub fn floor(&self) -> Var {
        let mut t = self.clone();
        t.trunc(0);
        if self.neg && self.cmp_abs(&t) != Ordering::Equal { t.sub(&Var::from_i128(1)) } else { t }
    }

    /// The fewest decimal places that hold the value.
    pub fn min_scale(&self) -> i32 {
        let Some(&last) = self.digits.last() else { return 0 };
        let mut s = (self.digits.len() as i32 - self.weight - 1) * DEC_DIGITS;
        if s <= 0 {
            return 0;
        }
        let mut d = last;
        while d % 10 == 0 && d > 0 {
            s -= 1;
            d /= 10;
        }
        s.max(0)
    }

    /// Whether there is nothing after the point.
    pub fn is_integer(&self) -> bool {
        self.digits.len() as i32 <= self.weight + 1
    }

    /// The integer it rounds to, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        let mut r = self.clone();
        r.round(0);
        r.mantissa()
    }

    /// The nearest double; infinite when too large.
    pub fn to_f64(&self) -> f64 {
        let mut s = String::new();
        self.write(&mut s);
        crate::float::number(&s).unwrap_or(f64::NAN)
    }

    /// `⌊√self⌋` at `rscale` places, rounded: Newton's iteration on the scaled integer would be as long; digit by digit
    /// doubling of precision starts from the hardware root.
    pub fn sqrt(&self, rscale: i32) -> Var {
        if self.is_zero() {
            return Var::zero(rscale);
        }
        // Result digits needed, with guard; the root is refined at doubling precision: x ← (x + a/x) / 2.
        let guard = rscale + 2 * DEC_DIGITS;
        // A first estimate from the leading digits: self = f · 10000^(2e).
        let e = self.weight.div_euclid(2);
        let mut f = 0.0;
        for i in 0..4 {
            f += f64::from(self.at(self.weight - i)) * 10_000f64.powi(self.weight - i - 2 * e);
        }
        let root = f.sqrt();
        let mut x = Var::from_mantissa((root * 1e12) as u128, false, 12);
        x.weight += e;
        let sig = |scale: i32| scale + (e + 2) * DEC_DIGITS;
        let mut exact = 12;
        let half = Var::from_mantissa(5, false, 1);
        loop {
            exact = (exact * 2).min(sig(guard).max(16));
            let scale = exact - e * DEC_DIGITS + DEC_DIGITS;
            let q = self.div(&x, scale.max(-4 * e.max(0)), true);
            let next = x.add(&q).mul(&half, scale);
            let done = exact >= sig(guard).max(16);
            let same = next.cmp(&x) == Ordering::Equal;
            x = next;
            if done && same {
                break;
            }
            if done {
                // One more round settles the last digits.
                let q = self.div(&x, scale, true);
                x = x.add(&q).mul(&half, scale);
                break;
            }
        }
        // An exact tie cannot happen for a root that is not itself exact at guard precision.
        x.round(rscale);
        x
    }

    /// Appends the decimal form with `dscale` places. The number must already be rounded to `dscale`.
    pub fn write(&self, out: &mut String) {
        if self.neg {
            out.push('-');
        }
        let push4 = |d: i32, out: &mut String| {
            for p in [1000, 100, 10, 1] {
                out.push(char::from(b'0' + (d / p % 10) as u8));
            }
        };
        if self.weight < 0 || self.digits.is_empty() {
            out.push('0');
        } else {
            crate::int::write(i64::from(self.at(self.weight)), out);
            for w in (0..self.weight).rev() {
                push4(self.at(w), out);
            }
        }
        if self.dscale > 0 {
            out.push('.');
            let end = out.len() + self.dscale as usize;
            let mut w = -1;
            while out.len() < end {
                push4(self.at(w), out);
                w -= 1;
            }
            out.truncate(end);
        }
    }

    /// Whether the value is within PostgreSQL's format; raised as it does otherwise.
    pub fn check(self) -> Result<Var> {
        if self.weight > 32767 || self.dscale > 16383 { Err(super::overflow()) } else { Ok(self) }
    }
}

/// The first `n` base-10000 digits of a/b (as fractions 0.a and 0.b shifted alike), by long division (Knuth's algorithm D).
fn quotient(a: &[u16], b: &[u16], n: usize) -> Vec<u16> {
    const B: i64 = NBASE as i64;
    if b.len() == 1 {
        let d = u32::from(b[0]);
        let mut carry = 0u32;
        return (0..n)
            .map(|i| {
                let cur = carry * NBASE as u32 + a.get(i).map_or(0, |&x| u32::from(x));
                carry = cur % d;
                (cur / d) as u16
            })
            .collect();
    }
    let m = b.len();
    // Normalise so that the divisor's first digit is at least half the base.
    let scale = B / (i64::from(b[0]) + 1);
    let mut v = vec![0i64; m];
    let mut carry = 0;
    for i in (0..m).rev() {
        let d = i64::from(b[i]) * scale + carry;
        v[i] = d % B;
        carry = d / B;
    }
    // Dividend with one leading zero digit; the first quotient digit is that of a[0..] over b.
    let len = n + m;
    let mut u = vec![0i64; len + 1];
    carry = 0;
    for i in (0..len).rev() {
        let d = a.get(i).map_or(0, |&x| i64::from(x)) * scale + carry;
        u[i + 1] = d % B;
        carry = d / B;
    }
    u[0] = carry;
    let mut q = vec![0u16; n];
    for (j, out) in q.iter_mut().enumerate() {
        // u[j..=j+m] / v: the window starts so that digit j of the quotient aligns a[j] with b[m−1]... of the shifted a.
        let num = u[j] * B + u[j + 1];
        let mut digit = (num / v[0]).min(B - 1);
        let mut rest = num - digit * v[0];
        while rest < B && digit * v[1] > rest * B + u[j + 2] {
            digit -= 1;
            rest += v[0];
        }
        if digit > 0 {
            let mut borrow = 0;
            for i in (0..m).rev() {
                let mut d = u[j + 1 + i] - digit * v[i] - borrow;
                borrow = 0;
                if d < 0 {
                    borrow = (-d + B - 1) / B;
                    d += borrow * B;
                }
                u[j + 1 + i] = d;
            }
            u[j] -= borrow;
            if u[j] < 0 {
                digit -= 1;
                let mut c = 0;
                for i in (0..m).rev() {
                    let d = u[j + 1 + i] + v[i] + c;
                    u[j + 1 + i] = d % B;
                    c = d / B;
                }
                u[j] += c;
            }
        }
        *out = digit as u16;
    }
    q
}
