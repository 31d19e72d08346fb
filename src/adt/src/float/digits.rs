//! Binary numbers to decimal digits: the fewest that read back as the number, or as many as are asked for.
//!
//! Few digits are found by trying, and else all of them are computed: a binary number is a decimal of finite length. The standard library's
//! printing is faster for numbers very large or small, and 9 KiB of a download.

use super::decimal::{large, multiply};

/// `d.ddd × 10^exp`. No digits are zero.
#[derive(Debug, PartialEq)]
pub(super) struct Digits {
    /// As text, the first one not 0.
    pub digits: Vec<u8>,
    pub exp: i32,
}

/// What the search for the fewest digits must know of a number's format.
struct Format {
    /// So many digits always survive being read and printed, as a power of ten.
    safe: f64,
    /// The least significand but for numbers next to zero, and their exponent.
    normal: u64,
    least: i32,
}

/// The fewest digits that read back as `v`, which is finite and above zero.
pub(super) fn shortest8(v: f64) -> Digits {
    let format = Format { safe: 1e15, normal: 1 << 52, least: -1074 };
    shortest(v, &format, |d| d == v)
}

/// As [`shortest8`].
pub(super) fn shortest4(v: f32) -> Digits {
    let format = Format { safe: 1e6, normal: 1 << 23, least: -149 };
    // Rounded twice, a number halfway between two others may end at the wrong one.
    shortest(f64::from(v), &format, |d| d as f32 == v && d.to_bits() & 0x1fff_ffff != 0x1000_0000)
}

fn shortest(v: f64, format: &Format, reads_back: impl Fn(f64) -> bool) -> Digits {
    let mut power = 1.0;
    for places in 0..=22 {
        let whole = (v * power).round();
        if whole >= format.safe {
            break;
        }
        // Both are exact, so this is how the decimal would be read.
        if reads_back(whole / power) {
            let mut all = digits(&large(whole as u64));
            let exp = all.len() as i32 - 1 - places;
            trim(&mut all);
            return Digits { digits: all, exp };
        }
        power *= 10.0;
    }
    // In quarters of the last place: halfway to the numbers beside it, the lower of which is nearer below a power of two.
    let (mut m, mut e) = parts(v);
    while m >= 2 * format.normal || e < format.least {
        (m, e) = (m / 2, e + 1);
    }
    let below = if m == format.normal && e > format.least { 1 } else { 2 };
    let [low, this, mut high] = [4 * m - below, 4 * m, 4 * m + 2].map(|m| expand(m, e - 2));
    let scale = (2 - e).max(0);
    // Halfway is not the number any more, by PostgreSQL's rules: what is strictly below.
    let mut i = 0;
    while high[i] == 0 {
        high[i] = 999_999_999;
        i += 1;
    }
    high[i] -= 1;
    let high = digits(&high);
    let padded = |v: &[u32]| {
        let d = digits(v);
        [vec![b'0'; high.len().saturating_sub(d.len())], d].concat()
    };
    let (low, mut this) = (padded(&low), padded(&this));
    // As many digits as it takes for one to lie between.
    let keep = (0..high.len()).find(|i| low[*i] != high[*i]).map_or(high.len(), |i| i + 1);
    let up = this[..keep] == low[..keep] || rounds_up(&this, keep);
    let exp = high.len() as i32 - 1 - scale;
    this.truncate(keep);
    if up {
        count_up(&mut this);
    }
    let zeros = this.iter().take_while(|d| **d == b'0').count();
    this.drain(..zeros);
    trim(&mut this);
    Digits { digits: this, exp: exp - zeros as i32 }
}

/// All digits of `v`, which is finite and not below zero.
pub(super) fn exact(v: f64) -> Digits {
    let (mut m, mut e) = parts(v);
    if m == 0 {
        return Digits { digits: vec![], exp: 0 };
    }
    let even = m.trailing_zeros();
    (m, e) = (m >> even, e + even as i32);
    let mut all = digits(&expand(m, e));
    let exp = all.len() as i32 - 1 + e.min(0);
    trim(&mut all);
    Digits { digits: all, exp }
}

impl Digits {
    /// To so many digits, ties to even.
    pub fn round(&mut self, keep: i32) {
        let keep = keep.max(-1);
        if keep >= self.digits.len() as i32 {
            return;
        }
        let up = keep >= 0 && rounds_up(&self.digits, keep as usize);
        self.digits.truncate(keep.max(0) as usize);
        if up && count_up(&mut self.digits) {
            self.digits.insert(0, b'1');
            self.exp += 1;
        }
        trim(&mut self.digits);
    }

    /// The digit of this power of ten.
    pub fn at(&self, power: i32) -> char {
        usize::try_from(self.exp - power).ok().and_then(|i| self.digits.get(i)).map_or('0', |d| char::from(*d))
    }
}

/// The number is `m × 2^e`.
fn parts(v: f64) -> (u64, i32) {
    let bits = v.to_bits();
    let (fraction, exp) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32);
    if exp == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exp - 1075) }
}

/// `m × 2^e`, or where that is a fraction `m × 2^e × 10^-e`.
fn expand(m: u64, e: i32) -> Vec<u32> {
    let (base, most) = if e < 0 { (5u32, 13) } else { (2, 29) };
    let mut out = large(m);
    let mut left = e.unsigned_abs();
    while left > 0 {
        let n = left.min(most);
        multiply(&mut out, base.pow(n), 0);
        left -= n;
    }
    out
}

/// The decimal digits of a number in digits to base 10^9, of which the highest is not 0.
fn digits(v: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(9 * v.len());
    for part in v {
        let mut part = *part;
        for _ in 0..9 {
            out.push(b'0' + (part % 10) as u8);
            part /= 10;
        }
    }
    trim(&mut out);
    out.reverse();
    out
}

fn trim(digits: &mut Vec<u8>) {
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
}

/// Whether what follows the first `keep` digits is more than half of a unit, or half of one and that odd.
fn rounds_up(digits: &[u8], keep: usize) -> bool {
    let (kept, rest) = digits.split_at(keep);
    match rest.split_first() {
        Some((b'5', rest)) => rest.iter().any(|d| *d != b'0') || kept.last().is_some_and(|d| d & 1 == 1),
        Some((d, _)) => *d > b'5',
        None => false,
    }
}

/// Adds one to the last digit; whether there is a carry out of the first.
fn count_up(digits: &mut [u8]) -> bool {
    for d in digits.iter_mut().rev() {
        if *d < b'9' {
            *d += 1;
            return false;
        }
        *d = b'0';
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;

    fn same(d: &Digits, text: &str) {
        let (m, e) = text.split_once('e').expect("an exponent");
        let digits: String = m.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_end_matches('0');
        assert_eq!((String::from_utf8_lossy(&d.digits).as_ref(), d.exp), (digits, e.parse().expect("a number")), "{text}");
    }

    /// Where the standard library differs, as it takes borders of the interval for the number or has another of two that are as near,
    /// no fewer digits read back.
    fn fewest(d: &Digits, theirs: &str, safe: usize, reads_back: impl Fn(&str) -> bool) {
        let text = format!("{}e{}", String::from_utf8_lossy(&d.digits), d.exp + 1 - d.digits.len() as i32);
        assert!(reads_back(&text), "{text} for {theirs}");
        let digits = theirs.split('e').next().expect("digits").replace('.', "");
        assert!(d.digits.len() == digits.len() || d.digits.len() > digits.len() && d.digits.len() > safe, "{text} for {theirs}");
    }

    #[test]
    fn prints_as_the_standard_library_does() {
        let mut rng = Rng::new(1);
        let mut next = || rng.next();
        let mut numbers: Vec<f64> = vec![5e-324, f64::MAX, f64::MIN_POSITIVE, 1e23, 9007199254740993.0, 0.5, 0.25, 2.5, 9.5, 0.095, 999.5, 1e15];
        numbers.extend((-1074..1024).map(|e| 2f64.powi(e)));
        for _ in 0..20_000 {
            numbers.push(f64::from_bits(next() & !(1 << 63)));
            numbers.push(f64::from(f32::from_bits(next() as u32 & (1 << 23) - 1)));
            numbers.push((next() % 1_000_000) as f64 / 10f64.powi((next() % 8) as i32));
            numbers.push(next() as f64 / 2f64.powi((next() % 90) as i32));
        }
        for v in numbers.into_iter().filter(|v| v.is_finite() && *v > 0.0) {
            let theirs = format!("{v:e}");
            let ours = shortest8(v);
            fewest(&ours, &theirs, 15, |s| s.parse() == Ok(v));
            if ours.digits.len() < 15 {
                same(&ours, &theirs);
            }
            let f = v as f32;
            if f.is_finite() && f > 0.0 {
                let theirs = format!("{f:e}");
                let ours = shortest4(f);
                fewest(&ours, &theirs, 6, |s| s.parse() == Ok(f));
                if ours.digits.len() < 6 {
                    same(&ours, &theirs);
                }
            }
            same(&exact(v), &format!("{v:.800e}"));
            let p = (next() % 30) as usize;
            let mut d = exact(v);
            d.round(p as i32 + 1);
            same(&d, &format!("{v:.p$e}"));
        }
    }
}
