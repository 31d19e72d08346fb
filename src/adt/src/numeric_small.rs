//! The stored bytes of everyday numerics without a detour through [`Numeric`](crate::numeric::Numeric): one mantissa below
//! 2^96 and up to 28 places. What kernels and sums use on whole columns; anything else answers `None`.

use std::cmp::Ordering;

use crate::numeric::Numeric;

const SMALL: u8 = 0x10;
const LIMIT: u128 = 1 << 96;

const POW10: [i128; 29] = {
    let mut t = [1i128; 29];
    let mut i = 1;
    while i < 29 {
        t[i] = t[i - 1] * 10;
        i += 1;
    }
    t
};

/// Mantissas that doubles hold: what the functions on [`Quick`] take.
const QUICK: f64 = (1u64 << 53) as f64;

/// Mantissa, below 2^53 without its sign, and scale.
pub type Quick = (i64, u32);

/// From the number of stored bytes and their first twelve, little-endian with zeros beyond the end.
#[inline]
pub fn quick(len: usize, lo: u64, hi: u32) -> Option<Quick> {
    let u = lo >> 16 | (hi as u64) << 48;
    if lo as u8 & 0xf0 != SMALL || len > 10 || u >> 53 != 0 {
        return None;
    }
    let sign = -((lo & 1) as i64);
    Some(((u as i64 ^ sign) - sign, (lo >> 8) as u32 & 0xff))
}

/// What [`quick`] reads.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_write((m, scale): Quick) -> (usize, u64, u32) {
    let u = m.unsigned_abs();
    (10 - u.leading_zeros() as usize / 8, SMALL as u64 | (m < 0) as u64 | (scale as u64) << 8 | u << 16, (u >> 48) as u32)
}

/// Order, `None` when it takes more than doubles to tell. The quotients are rounded once, so that they are in order.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_cmp((m, s): Quick, (n, t): Quick) -> Option<Ordering> {
    if s == t {
        return Some(m.cmp(&n));
    }
    quick_rank((m, s))?.partial_cmp(&quick_rank((n, t))?).filter(|o| o.is_ne())
}

/// A double whose order is that of the numbers when two differ.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_rank((m, s): Quick) -> Option<f64> {
    Some(m as f64 / POW10_F64.get(s as usize)?)
}

/// `a + b`, or `a - b`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_add(a: Quick, b: Quick, minus: bool) -> Option<Quick> {
    let (mut m, mut n) = (a.0, if minus { -b.0 } else { b.0 });
    if a.1 != b.1 {
        let less = if a.1 < b.1 { &mut m } else { &mut n };
        let by = *POW10_F64.get(a.1.abs_diff(b.1) as usize)?;
        if *less as f64 * by >= QUICK || *less as f64 * by <= -QUICK {
            return None;
        }
        *less *= by as i64;
    }
    Some((m + n, a.1.max(b.1)))
}

/// `a * b`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_mul((m, s): Quick, (n, t): Quick) -> Option<Quick> {
    let p = m as f64 * n as f64;
    if p >= QUICK || p <= -QUICK || s + t > 28 {
        return None;
    }
    Some((m * n, s + t))
}

/// What [`Numeric::key`] appends.
#[cfg_attr(tuned, optimize(speed))]
pub fn quick_key((m, s): Quick, out: &mut Vec<u8>) {
    if m == 0 {
        return out.push(3);
    }
    // Digits of base 10000, aligned with the point, the last one first; a mantissa below 2^53 leaves room for three zeros.
    let places = s.next_multiple_of(4);
    let mut u = m.unsigned_abs() * [1, 10, 100, 1000][(places - s) as usize & 3];
    let mut weight = -(places as i32 / 4);
    let mut key = [0; 14];
    let mut at = 13;
    while u > 0 {
        let d = u % 10000;
        u /= 10000;
        if d > 0 || at < 13 {
            at -= 2;
            key[at] = (d / 100) as u8 + 1;
            key[at + 1] = (d % 100) as u8 + 1;
        }
        weight += 1;
    }
    at -= 2;
    key[at..at + 2].copy_from_slice(&((weight - 1 + 0x2000) as u16).to_be_bytes());
    if m < 0 {
        key.iter_mut().for_each(|b| *b = !*b);
    }
    out.push(if m < 0 { 2 } else { 4 });
    out.extend_from_slice(&key[at..]);
}

/// Powers of ten that doubles hold.
const POW10_F64: [f64; 23] = {
    let mut t = [1.0; 23];
    let mut i = 1;
    while i < 23 {
        t[i] = t[i - 1] * 10.0;
        i += 1;
    }
    t
};

/// Mantissa and scale.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn read(b: &[u8]) -> Option<(i128, u32)> {
    let (&[kind, scale], digits) = b.split_first_chunk::<2>()?;
    if kind & 0xf0 != SMALL {
        return None;
    }
    let m = if digits.len() <= 8 {
        digits.iter().rev().fold(0, |u, b| u << 8 | *b as u64) as i128
    } else {
        let mut w = [0u8; 16];
        w.get_mut(..digits.len())?.copy_from_slice(digits);
        u128::from_le_bytes(w) as i128
    };
    Some((if kind & 1 == 1 { -m } else { m }, scale as u32))
}

/// Stored bytes of `m · 10^-scale` and how many of them count; `None` when it is not small.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn write(m: i128, scale: u32) -> Option<([u8; 18], usize)> {
    let u = m.unsigned_abs();
    if u >= LIMIT || scale > 28 {
        return None;
    }
    let mut out = [0u8; 18];
    out[0] = SMALL | (m < 0) as u8;
    out[1] = scale as u8;
    out[2..].copy_from_slice(&u.to_le_bytes());
    Some((out, 18 - u.leading_zeros() as usize / 8))
}

/// Both mantissas at the larger of the two scales.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
fn align(a: &[u8], b: &[u8]) -> Option<(i128, i128, u32)> {
    let ((m, s), (n, t)) = (read(a)?, read(b)?);
    match s.cmp(&t) {
        Ordering::Equal => Some((m, n, s)),
        Ordering::Less => Some((m.checked_mul(*POW10.get((t - s) as usize)?)?, n, t)),
        Ordering::Greater => Some((m, n.checked_mul(*POW10.get((s - t) as usize)?)?, s)),
    }
}

/// The nearest double, for numbers of which it is one rounding away: mantissa and power of ten are doubles themselves.
#[cfg_attr(tuned, optimize(speed))]
pub fn to_f64(b: &[u8]) -> Option<f64> {
    let (m, scale) = read(b)?;
    let m = i64::try_from(m).ok().filter(|m| m.unsigned_abs() <= 1 << 53)?;
    (scale <= 22).then(|| m as f64 / POW10_F64[scale as usize])
}

/// `a + b`, or `a - b`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn add(a: &[u8], b: &[u8], minus: bool) -> Option<([u8; 18], usize)> {
    let (m, n, scale) = align(a, b)?;
    write(if minus { m.checked_sub(n)? } else { m.checked_add(n)? }, scale)
}

/// `a * b`.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn mul(a: &[u8], b: &[u8]) -> Option<([u8; 18], usize)> {
    let ((m, s), (n, t)) = (read(a)?, read(b)?);
    write(m.checked_mul(n)?, s + t)
}

/// Order of any two stored numerics.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub fn cmp(a: &[u8], b: &[u8]) -> Ordering {
    match align(a, b) {
        Some((m, n, _)) => m.cmp(&n),
        None => Numeric::cmp_encoded(a, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rng;

    #[test]
    fn agrees_with_numeric() {
        let mut r = Rng::new(7);
        let mut number = || {
            let digits = r.below(30);
            let mut s = String::from(if r.below(2) == 0 { "-" } else { "" });
            s.push('1');
            (0..digits).for_each(|_| s.push((b'0' + r.below(10) as u8) as char));
            if r.below(3) > 0 {
                s.push('.');
                (0..r.below(20)).for_each(|_| s.push((b'0' + r.below(10) as u8) as char));
            }
            Numeric::parse(&s).unwrap()
        };
        let mut quicks = 0;
        for _ in 0..20_000 {
            let (x, y) = (number(), number());
            let (a, b) = (x.to_bytes(), y.to_bytes());
            let check = |got: Option<([u8; 18], usize)>, want: Numeric| {
                if let Some((got, n)) = got {
                    assert_eq!(got[..n], want.to_bytes(), "{x} {y}");
                }
            };
            check(add(&a, &b, false), x.add(&y).unwrap());
            check(add(&a, &b, true), x.sub(&y).unwrap());
            check(mul(&a, &b), x.mul(&y).unwrap());
            assert_eq!(cmp(&a, &b), x.cmp(&y), "{x} {y}");
            if let Some(v) = to_f64(&a) {
                assert_eq!(v, x.to_f64().unwrap(), "{x}");
            }
            let words = |b: &[u8]| {
                let mut w = [0u8; 12];
                let n = b.len().min(12);
                w[..n].copy_from_slice(&b[..n]);
                quick(b.len(), u64::from_le_bytes(w[..8].try_into().unwrap()), u32::from_le_bytes(w[8..].try_into().unwrap()))
            };
            let check = |got: Option<Quick>, want: Numeric| {
                if let Some(got) = got {
                    let (n, lo, hi) = quick_write(got);
                    let bytes: Vec<u8> = lo.to_le_bytes().into_iter().chain(hi.to_le_bytes()).collect();
                    assert_eq!(bytes[..n], want.to_bytes(), "{x} {y}");
                }
            };
            check(words(&a), x.clone());
            if let Some(q) = words(&a) {
                let (mut got, mut want) = (Vec::new(), Vec::new());
                quick_key(q, &mut got);
                x.key(&mut want);
                assert_eq!(got, want, "{x}");
            }
            if let (Some(p), Some(q)) = (words(&a), words(&b)) {
                quicks += 1;
                check(quick_add(p, q, false), x.add(&y).unwrap());
                check(quick_add(p, q, true), x.sub(&y).unwrap());
                check(quick_mul(p, q), x.mul(&y).unwrap());
                quick_cmp(p, q).inspect(|o| assert_eq!(*o, x.cmp(&y), "{x} {y}"));
            }
        }
        assert!(quicks > 1000, "{quicks}");
    }
}
