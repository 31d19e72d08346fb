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

/// Mantissa and scale.
#[inline]
pub fn read(b: &[u8]) -> Option<(i128, u32)> {
    let (&[kind, scale], digits) = b.split_first_chunk::<2>()?;
    if kind & 0xf0 != SMALL {
        return None;
    }
    let m = if digits.len() <= 8 {
        let mut w = [0u8; 8];
        w[..digits.len()].copy_from_slice(digits);
        u64::from_le_bytes(w) as i128
    } else {
        let mut w = [0u8; 16];
        w.get_mut(..digits.len())?.copy_from_slice(digits);
        u128::from_le_bytes(w) as i128
    };
    Some((if kind & 1 == 1 { -m } else { m }, scale as u32))
}

/// Stored bytes of `m · 10^-scale` and how many of them count; `None` when it is not small.
#[inline]
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
fn align(a: &[u8], b: &[u8]) -> Option<(i128, i128, u32)> {
    let ((m, s), (n, t)) = (read(a)?, read(b)?);
    match s.cmp(&t) {
        Ordering::Equal => Some((m, n, s)),
        Ordering::Less => Some((m.checked_mul(*POW10.get((t - s) as usize)?)?, n, t)),
        Ordering::Greater => Some((m, n.checked_mul(*POW10.get((s - t) as usize)?)?, s)),
    }
}

/// `a + b`, or `a - b`.
#[inline]
pub fn add(a: &[u8], b: &[u8], minus: bool) -> Option<([u8; 18], usize)> {
    let (m, n, scale) = align(a, b)?;
    write(if minus { m.checked_sub(n)? } else { m.checked_add(n)? }, scale)
}

/// `a * b`.
#[inline]
pub fn mul(a: &[u8], b: &[u8]) -> Option<([u8; 18], usize)> {
    let ((m, s), (n, t)) = (read(a)?, read(b)?);
    write(m.checked_mul(n)?, s + t)
}

/// Order of any two stored numerics.
#[inline]
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
        }
    }
}
