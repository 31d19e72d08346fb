//! `numeric`: exact decimals with a display scale.
//!
//! Ordinary values (a mantissa below 2^96, at most 28 places) are a `rust_decimal::Decimal`; everything else, up to
//! PostgreSQL's 131072 digits before and 16383 after the point, is a [`Var`] of base-10000 digits. Which of the two holds a
//! value is decided by value and scale alone, so the stored bytes are canonical for each (value, scale) pair. Fast paths
//! take `Decimal`'s result only when it is exact at the scale PostgreSQL prescribes; otherwise the long way is gone.
//!
//! Stored bytes: `kind|sign, scale, mantissa…` little-endian without leading zero bytes, at most 12 bytes for 24 digits;
//! big values are `kind|sign, dscale u16, weight i32, digits u16…`; specials are one byte.

mod math;
mod sum;
mod var;

use std::cmp::Ordering;

use rust_decimal::Decimal;
use tusklet_error::{Error, Result, bail, err};

pub use sum::{NumericSum, NumericVariance, variance};
pub use var::Var;

use crate::int::{division_by_zero, int2_range, int4_range, int8_range, is_space};

const MIN_SIG_DIGITS: i32 = 16;
const MAX_DISPLAY_SCALE: i32 = 1000;
const MAX_RESULT_SCALE: i32 = 2000;
/// The most digits behind the point that can be stored.
const MAX_SCALE: i32 = 16_383;

const KIND_SMALL: u8 = 0x10;
const KIND_BIG: u8 = 0x20;
const KIND_NAN: u8 = 0x30;
const KIND_INF: u8 = 0x40;

/// An SQL `numeric`.
#[derive(Clone, Debug)]
pub enum Numeric {
    /// A mantissa below 2^96 with at most 28 places.
    Small(Decimal),
    /// Anything larger or finer.
    Big(Box<Var>),
    /// Not a number: equal to itself, above everything.
    NaN,
    /// Infinity.
    PosInf,
    /// Minus infinity.
    NegInf,
}

use Numeric::{Big, NaN, NegInf, PosInf, Small};

/// `value overflows numeric format`.
#[cold]
pub fn overflow() -> Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format")
}

/// Scale of a quotient from weights, first base-10000 digits and scales, as `select_div_scale` chooses it.
fn quotient_scale(w1: i32, d1: i32, s1: i32, w2: i32, d2: i32, s2: i32) -> i32 {
    let mut q = w1 - w2;
    if d1 <= d2 {
        q -= 1;
    }
    (MIN_SIG_DIGITS - q * 4).max(s1).max(s2).clamp(0, MAX_DISPLAY_SCALE)
}

const POW10: [u128; 39] = {
    let mut t = [1u128; 39];
    let mut i = 1;
    while i < 39 {
        t[i] = t[i - 1] * 10;
        i += 1;
    }
    t
};

fn decimal_digits(m: u128) -> usize {
    if m == 0 { 0 } else { m.ilog10() as usize + 1 }
}

/// Weight and value of the first base-10000 digit of `m · 10^-scale`.
fn head(m: u128, scale: u32) -> (i32, i32) {
    if m == 0 {
        return (0, 0);
    }
    let n = decimal_digits(m);
    let top = n as i32 - 1 - scale as i32;
    let keep = top.rem_euclid(4) as usize + 1;
    let d = if n >= keep { m / POW10[n - keep] } else { m * POW10[keep - n] };
    (top.div_euclid(4), d as i32)
}

const MAX_MANTISSA: u128 = (1 << 96) - 1;

impl Numeric {
    /// Zero without places.
    pub const ZERO: Numeric = Small(Decimal::ZERO);

    /// `m · 10^-scale`, when the fast representation holds it.
    fn small(m: i128, scale: i32) -> Option<Numeric> {
        if m.unsigned_abs() > MAX_MANTISSA || !(0..=28).contains(&scale) {
            return None;
        }
        Some(Small(Decimal::from_i128_with_scale(m, scale as u32)))
    }

    fn from_decimal(mut d: Decimal) -> Numeric {
        if d.is_zero() {
            d.set_sign_positive(true);
        }
        Small(d)
    }

    /// From the exact representation, which must be rounded to its `dscale`.
    pub fn from_var(v: Var) -> Result<Numeric> {
        if v.dscale <= 28
            && v.weight <= 7
            && let Some(n) = v.mantissa().and_then(|m| Numeric::small(m, v.dscale))
        {
            return Ok(n);
        }
        Ok(Big(Box::new(v.check()?)))
    }

    /// The exact representation of a finite number; zero for the others.
    pub fn to_var(&self) -> Var {
        match self {
            Small(d) => {
                let m = d.mantissa();
                Var::from_mantissa(m.unsigned_abs(), m < 0, d.scale())
            }
            Big(v) => (**v).clone(),
            _ => Var::default(),
        }
    }

    /// From any integer.
    pub fn from_i128(v: i128) -> Numeric {
        Numeric::small(v, 0).unwrap_or_else(|| Big(Box::new(Var::from_i128(v))))
    }

    /// From `bigint`, `integer` or `smallint`.
    pub fn from_i64(v: i64) -> Numeric {
        Small(Decimal::from(v))
    }

    /// From `m · 10^-scale`.
    pub fn from_i128_with_scale(m: i128, scale: u32) -> Numeric {
        Numeric::small(m, scale as i32).unwrap_or_else(|| Big(Box::new(Var::from_mantissa(m.unsigned_abs(), m < 0, scale))))
    }

    fn from_printed(v: f64, digits: i32) -> Result<Numeric> {
        if v.is_nan() {
            return Ok(NaN);
        }
        if v.is_infinite() {
            return Ok(if v > 0.0 { PosInf } else { NegInf });
        }
        let mut s = String::new();
        crate::float::write_general(v, digits, &mut s);
        Numeric::parse(&s)
    }

    /// From `double precision`: fifteen significant digits.
    pub fn from_f64(v: f64) -> Result<Numeric> {
        Numeric::from_printed(v, 15)
    }

    /// From `real`: six significant digits.
    pub fn from_f32(v: f32) -> Result<Numeric> {
        Numeric::from_printed(f64::from(v), 6)
    }

    /// To `double precision`; out of range raises.
    pub fn to_f64(&self) -> Result<f64> {
        Ok(match self {
            NaN => f64::NAN,
            PosInf => f64::INFINITY,
            NegInf => f64::NEG_INFINITY,
            Small(d) if d.mantissa().unsigned_abs() < 1 << 53 && d.scale() <= 22 => {
                // Both operands are exact, so one division rounds correctly.
                d.mantissa() as f64 / 10f64.powi(d.scale() as i32)
            }
            _ => crate::float::parse_float8(&self.to_string())?,
        })
    }

    /// To `real`; out of range raises.
    pub fn to_f32(&self) -> Result<f32> {
        match self {
            NaN => Ok(f32::NAN),
            PosInf => Ok(f32::INFINITY),
            NegInf => Ok(f32::NEG_INFINITY),
            _ => crate::float::parse_float4(&self.to_string()),
        }
    }

    /// The integer it rounds to (half away from zero); `None` when it is not finite or beyond 128 bits.
    pub fn to_i128(&self) -> Option<i128> {
        match self {
            Small(d) => {
                let m = d.mantissa();
                let p = POW10[d.scale() as usize] as i128;
                let (q, r) = (m / p, m % p);
                Some(if r.abs() * 2 >= p { q + m.signum() } else { q })
            }
            Big(v) => v.to_i128(),
            _ => None,
        }
    }

    fn not_integer(&self, name: &str) -> Option<Error> {
        match self {
            NaN => Some(err!(FEATURE_NOT_SUPPORTED, "cannot convert NaN to {}"; name)),
            PosInf | NegInf => Some(err!(FEATURE_NOT_SUPPORTED, "cannot convert infinity to {}"; name)),
            _ => None,
        }
    }

    /// To `smallint`.
    pub fn to_int2(&self) -> Result<i16> {
        if let Some(e) = self.not_integer("smallint") {
            return Err(e);
        }
        self.to_i128().and_then(|v| i16::try_from(v).ok()).ok_or_else(int2_range)
    }

    /// To `integer`.
    pub fn to_int4(&self) -> Result<i32> {
        if let Some(e) = self.not_integer("integer") {
            return Err(e);
        }
        self.to_i128().and_then(|v| i32::try_from(v).ok()).ok_or_else(int4_range)
    }

    /// To `bigint`.
    pub fn to_int8(&self) -> Result<i64> {
        if let Some(e) = self.not_integer("bigint") {
            return Err(e);
        }
        self.to_i128().and_then(|v| i64::try_from(v).ok()).ok_or_else(int8_range)
    }

    /// Reads a `numeric`.
    pub fn parse(s: &str) -> Result<Numeric> {
        let bad = || err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type numeric: \"{}\""; s);
        let t = s.trim_matches(is_space);
        let b = t.as_bytes();
        let mut i = 0;
        let mut neg = false;
        if let Some(c @ (b'+' | b'-')) = b.first() {
            neg = *c == b'-';
            i = 1;
        }
        if b.get(i).is_some_and(|c| !c.is_ascii_digit() && *c != b'.') {
            let word = &t[i..];
            if word.eq_ignore_ascii_case("infinity") || word.eq_ignore_ascii_case("inf") {
                return Ok(if neg { NegInf } else { PosInf });
            }
            if i == 0 && word.eq_ignore_ascii_case("nan") {
                return Ok(NaN);
            }
            return Err(bad());
        }
        let start = i;
        let mut point = None;
        let mut small: u128 = 0;
        let mut count = 0usize;
        while i < b.len() {
            match b[i] {
                c @ b'0'..=b'9' => {
                    if count < 28 {
                        small = small * 10 + u128::from(c - b'0');
                    }
                    // Leading zeros do not count against the fast path's 28 digits.
                    if small > 0 {
                        count += 1;
                    }
                }
                b'.' if point.is_none() => point = Some(i),
                _ => break,
            }
            i += 1;
        }
        let end = i;
        if end - start == usize::from(point.is_some()) {
            return Err(bad());
        }
        let mut scale = point.map_or(0, |p| (end - p - 1) as i64);
        if i < b.len() {
            if b[i] | 32 != b'e' {
                return Err(bad());
            }
            i += 1;
            // `strtol` skips blanks.
            let exp = t[i..].trim_start_matches(crate::int::is_space);
            let digits = exp.strip_prefix(['+', '-']).unwrap_or(exp);
            let (digits, junk) = digits.split_at(digits.bytes().take_while(u8::is_ascii_digit).count());
            if digits.is_empty() {
                return Err(bad());
            }
            let e: i64 = digits.parse().unwrap_or(i64::MAX);
            if e >= i64::from(i32::MAX / 2) {
                return Err(overflow());
            }
            if !junk.is_empty() {
                return Err(bad());
            }
            scale -= if exp.starts_with('-') { -e } else { e };
        }
        if count <= 28 && (-9..=28).contains(&scale) {
            let shift = POW10[(-scale).max(0) as usize];
            if let Some(m) = small.checked_mul(shift).filter(|&m| m <= MAX_MANTISSA) {
                let m = if neg { -(m as i128) } else { m as i128 };
                if let Some(n) = Numeric::small(m, scale.max(0) as i32) {
                    return Ok(n);
                }
            }
        }
        let digits: Vec<u8> = b[start..end].iter().filter(|&&c| c != b'.').map(|c| c - b'0').collect();
        Numeric::from_var(var_from_decimal(&digits, scale, neg)?)
    }

    /// Appends the value as text, with its scale.
    pub fn write(&self, out: &mut String) {
        match self {
            NaN => out.push_str("NaN"),
            PosInf => out.push_str("Infinity"),
            NegInf => out.push_str("-Infinity"),
            Big(v) => v.write(out),
            Small(d) => {
                let m = d.mantissa();
                if m < 0 {
                    out.push('-');
                }
                let mut buf = [b'0'; 40];
                let mut at = buf.len();
                let mut u = m.unsigned_abs();
                while u > u128::from(u64::MAX) {
                    at -= 1;
                    buf[at] = b'0' + (u % 10) as u8;
                    u /= 10;
                }
                let mut u = u as u64;
                while u > 0 {
                    at -= 1;
                    buf[at] = b'0' + (u % 10) as u8;
                    u /= 10;
                }
                let scale = d.scale() as usize;
                at = at.min(buf.len() - scale - 1);
                let point = buf.len() - scale;
                out.extend(buf[at..point].iter().map(|&c| char::from(c)));
                if scale > 0 {
                    out.push('.');
                    out.extend(buf[point..].iter().map(|&c| char::from(c)));
                }
            }
        }
    }

    // Stored bytes.

    /// Appends the stored bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            NaN => out.push(KIND_NAN),
            PosInf => out.push(KIND_INF),
            NegInf => out.push(KIND_INF | 1),
            Small(d) => {
                let m = d.mantissa();
                out.push(KIND_SMALL | u8::from(m < 0));
                out.push(d.scale() as u8);
                let bytes = m.unsigned_abs().to_le_bytes();
                let used = 16 - m.unsigned_abs().leading_zeros() as usize / 8;
                out.extend_from_slice(&bytes[..used]);
            }
            Big(v) => {
                out.push(KIND_BIG | u8::from(v.neg));
                out.extend_from_slice(&(v.dscale as u16).to_le_bytes());
                out.extend_from_slice(&v.weight.to_le_bytes());
                for d in &v.digits {
                    out.extend_from_slice(&d.to_le_bytes());
                }
            }
        }
    }

    /// The stored bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(12);
        self.encode(&mut out);
        out
    }

    /// Reads stored bytes; bytes that are none read as NaN.
    pub fn decode(b: &[u8]) -> Numeric {
        let Some(&kind) = b.first() else { return NaN };
        match kind & 0xf0 {
            KIND_SMALL if b.len() >= 2 && b.len() <= 18 => {
                let mut m = [0u8; 16];
                m[..b.len() - 2].copy_from_slice(&b[2..]);
                let m = u128::from_le_bytes(m) as i128;
                Numeric::small(if kind & 1 == 1 { -m } else { m }, i32::from(b[1])).unwrap_or(NaN)
            }
            KIND_BIG if b.len() >= 7 && (-5000..=32767).contains(&i32::from_le_bytes([b[3], b[4], b[5], b[6]])) => Big(Box::new(Var {
                neg: kind & 1 == 1,
                dscale: i32::from(u16::from_le_bytes([b[1], b[2]])),
                weight: i32::from_le_bytes([b[3], b[4], b[5], b[6]]),
                digits: b[7..].chunks_exact(2).map(|d| u16::from_le_bytes([d[0], d[1]])).collect(),
            })),
            KIND_INF => {
                if kind & 1 == 1 {
                    NegInf
                } else {
                    PosInf
                }
            }
            _ => NaN,
        }
    }

    /// Compares two values by their stored bytes.
    pub fn cmp_encoded(a: &[u8], b: &[u8]) -> Ordering {
        if a == b { Ordering::Equal } else { Numeric::decode(a).cmp(&Numeric::decode(b)) }
    }

    /// Order: NaN equals itself and is above infinity.
    pub fn cmp(&self, o: &Numeric) -> Ordering {
        if let (Small(a), Small(b)) = (self, o) {
            return a.cmp(b);
        }
        let rank = |n: &Numeric| match n {
            NegInf => 0,
            Small(_) | Big(_) => 1,
            PosInf => 2,
            NaN => 3,
        };
        match (rank(self), rank(o)) {
            (1, 1) => self.to_var().cmp(&o.to_var()),
            (a, b) => a.cmp(&b),
        }
    }

    /// Hash: equal for equal values whatever their scale.
    pub fn hash(&self) -> u64 {
        match self {
            Small(d) => {
                let m = d.mantissa();
                let (mut u, mut scale) = (m.unsigned_abs(), d.scale());
                while scale > 0 && u.is_multiple_of(10) {
                    u /= 10;
                    scale -= 1;
                }
                if u == 0 {
                    return crate::hash::word(0);
                }
                let sign = u64::from(m < 0);
                crate::hash::combine(crate::hash::word(u as u64 ^ ((u >> 64) as u64)), (u64::from(scale) << 1) | sign)
            }
            Big(v) => {
                let mut t = (**v).clone();
                t.dscale = t.min_scale();
                match Numeric::from_var(t) {
                    Ok(n @ Small(_)) => n.hash(),
                    _ => v.digits.iter().fold(v.weight as u64, |h, &d| crate::hash::combine(h, u64::from(d) << 1 | u64::from(v.neg))),
                }
            }
            NaN => crate::hash::word(1 << 63),
            PosInf => crate::hash::word(2 << 60),
            NegInf => crate::hash::word(3 << 60),
        }
    }

    /// Appends bytes whose order is the numbers' order and none of which is a prefix of another's.
    pub fn key(&self, out: &mut Vec<u8>) {
        let v = match self {
            NegInf => return out.push(1),
            PosInf => return out.push(5),
            NaN => return out.push(6),
            _ => self.to_var(),
        };
        if v.is_zero() {
            return out.push(3);
        }
        out.push(if v.neg { 2 } else { 4 });
        let start = out.len();
        out.extend_from_slice(&((v.weight + 0x2000) as u16).to_be_bytes());
        for &d in &v.digits {
            out.push((d / 100) as u8 + 1);
            out.push((d % 100) as u8 + 1);
        }
        out.push(0);
        if v.neg {
            for b in &mut out[start..] {
                *b = !*b;
            }
        }
    }

    // Binary protocol.

    /// Appends the binary form of the protocol.
    pub fn send(&self, out: &mut Vec<u8>) {
        let v = self.to_var();
        let sign: u16 = match self {
            NaN => 0xc000,
            PosInf => 0xd000,
            NegInf => 0xf000,
            _ if v.neg => 0x4000,
            _ => 0,
        };
        // PostgreSQL sends the low bits of an infinity's header as its scale.
        let dscale = if matches!(self, PosInf | NegInf) { 0x20 } else { v.dscale as u16 };
        for x in [v.digits.len() as u16, v.weight as u16, sign, dscale] {
            out.extend_from_slice(&x.to_be_bytes());
        }
        for d in &v.digits {
            out.extend_from_slice(&d.to_be_bytes());
        }
    }

    /// Reads the binary form of the protocol.
    pub fn recv(b: &[u8]) -> Result<Numeric> {
        let word = |i: usize| b.get(2 * i..2 * i + 2).map(|x| u16::from_be_bytes([x[0], x[1]]));
        let short = || err!(PROTOCOL_VIOLATION, "insufficient data left in message");
        let n = usize::from(word(0).ok_or_else(short)?);
        let weight = i32::from(word(1).ok_or_else(short)? as i16);
        let sign = word(2).ok_or_else(short)?;
        let dscale = i32::from(word(3).ok_or_else(short)?);
        match sign {
            0xc000 => return Ok(NaN),
            0xd000 => return Ok(PosInf),
            0xf000 => return Ok(NegInf),
            0 | 0x4000 => {}
            _ => bail!(INVALID_BINARY_REPRESENTATION, "invalid sign in external \"numeric\" value"),
        }
        if dscale > 0x3fff {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid scale in external \"numeric\" value");
        }
        let mut digits = Vec::with_capacity(n.min(b.len()));
        for i in 0..n {
            let d = word(4 + i).ok_or_else(short)?;
            if d >= 10_000 {
                bail!(INVALID_BINARY_REPRESENTATION, "invalid digit in external \"numeric\" value");
            }
            digits.push(d);
        }
        let mut v = Var { neg: sign == 0x4000, weight, dscale, digits };
        v.strip();
        v.trunc(dscale);
        Numeric::from_var(v)
    }

    // Facts about a value.

    /// Whether it is NaN.
    pub fn is_nan(&self) -> bool {
        matches!(self, NaN)
    }

    /// Whether it is neither NaN nor infinite.
    pub fn is_finite(&self) -> bool {
        matches!(self, Small(_) | Big(_))
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Small(d) => d.is_zero(),
            Big(v) => v.is_zero(),
            _ => false,
        }
    }

    /// −1, 0 or 1; NaN counts as positive.
    pub fn signum(&self) -> i32 {
        match self {
            Small(d) => d.mantissa().signum() as i32,
            Big(v) if v.is_zero() => 0,
            Big(v) if v.neg => -1,
            NegInf => -1,
            _ => 1,
        }
    }

    /// `scale(n)`: places shown; `None` (NULL) when it is not finite.
    pub fn scale(&self) -> Option<i32> {
        match self {
            Small(d) => Some(d.scale() as i32),
            Big(v) => Some(v.dscale),
            _ => None,
        }
    }

    /// `min_scale(n)`: the fewest places that hold it.
    pub fn min_scale(&self) -> Option<i32> {
        match self {
            Small(d) => {
                let (mut u, mut s) = (d.mantissa().unsigned_abs(), d.scale() as i32);
                while s > 0 && u.is_multiple_of(10) {
                    u /= 10;
                    s -= 1;
                }
                Some(s)
            }
            Big(v) => Some(v.min_scale()),
            _ => None,
        }
    }

    /// `trim_scale(n)`.
    pub fn trim_scale(&self) -> Numeric {
        match self.min_scale() {
            Some(s) if Some(s) != self.scale() => {
                let mut v = self.to_var();
                v.dscale = s;
                Numeric::from_var(v).unwrap_or(NaN)
            }
            _ => self.clone(),
        }
    }

    // Arithmetic.

    /// Both finite: their exact forms.
    fn vars(&self, o: &Numeric) -> Option<(Var, Var)> {
        (self.is_finite() && o.is_finite()).then(|| (self.to_var(), o.to_var()))
    }

    fn infinity(negative: bool) -> Numeric {
        if negative { NegInf } else { PosInf }
    }

    /// `self + o`.
    pub fn add(&self, o: &Numeric) -> Result<Numeric> {
        if let (Small(a), Small(b)) = (self, o)
            && let Some(r) = a.checked_add(*b)
            && r.scale() == a.scale().max(b.scale())
        {
            return Ok(Numeric::from_decimal(r));
        }
        match self.vars(o) {
            Some((a, b)) => Numeric::from_var(a.add(&b)),
            None => Ok(match (self, o) {
                (NaN, _) | (_, NaN) | (PosInf, NegInf) | (NegInf, PosInf) => NaN,
                (PosInf, _) | (_, PosInf) => PosInf,
                _ => NegInf,
            }),
        }
    }

    /// `-self`.
    pub fn neg(&self) -> Numeric {
        match self {
            Small(d) => Numeric::from_decimal(-*d),
            Big(v) => Big(Box::new(v.negated())),
            NaN => NaN,
            PosInf => NegInf,
            NegInf => PosInf,
        }
    }

    /// `abs(self)`.
    pub fn abs(&self) -> Numeric {
        if self.signum() < 0 { self.neg() } else { self.clone() }
    }

    /// `sign(self)`.
    pub fn sign(&self) -> Numeric {
        if self.is_nan() { NaN } else { Numeric::from_i64(i64::from(self.signum())) }
    }

    /// `self - o`.
    pub fn sub(&self, o: &Numeric) -> Result<Numeric> {
        if let (Small(a), Small(b)) = (self, o)
            && let Some(r) = a.checked_sub(*b)
            && r.scale() == a.scale().max(b.scale())
        {
            return Ok(Numeric::from_decimal(r));
        }
        self.add(&o.neg())
    }

    /// `self * o`.
    pub fn mul(&self, o: &Numeric) -> Result<Numeric> {
        if let (Small(a), Small(b)) = (self, o)
            && let Some(r) = a.checked_mul(*b)
            && r.scale() == a.scale() + b.scale()
        {
            return Ok(Numeric::from_decimal(r));
        }
        match self.vars(o) {
            Some((a, b)) => {
                let mut r = a.mul_exact(&b);
                if r.dscale > 16383 {
                    r.round(16383);
                }
                Numeric::from_var(r)
            }
            None if self.is_nan() || o.is_nan() => Ok(NaN),
            None => Ok(match self.signum() * o.signum() {
                0 => NaN,
                s => Numeric::infinity(s < 0),
            }),
        }
    }

    /// What dividing by something does when one side is not finite. `finite_by_infinite` is the answer for x/∞.
    fn special_division(&self, o: &Numeric, finite_by_infinite: &Numeric, infinite_by_finite: bool) -> Result<Numeric> {
        match (self, o) {
            (NaN, _) | (_, NaN) => Ok(NaN),
            (PosInf | NegInf, PosInf | NegInf) => Ok(NaN),
            (PosInf | NegInf, _) => match o.signum() {
                0 => Err(division_by_zero()),
                s if infinite_by_finite => Ok(Numeric::infinity(self.signum() * s < 0)),
                _ => Ok(NaN),
            },
            _ => Ok(finite_by_infinite.clone()),
        }
    }

    /// `self / o`, with at least sixteen significant digits.
    pub fn div(&self, o: &Numeric) -> Result<Numeric> {
        if !self.is_finite() || !o.is_finite() {
            return self.special_division(o, &Numeric::ZERO, true);
        }
        if o.is_zero() {
            return Err(division_by_zero());
        }
        if let (Small(a), Small(b)) = (self, o) {
            let (ma, mb) = (a.mantissa(), b.mantissa());
            let (w1, d1) = head(ma.unsigned_abs(), a.scale());
            let (w2, d2) = head(mb.unsigned_abs(), b.scale());
            let rscale = quotient_scale(w1, d1, a.scale() as i32, w2, d2, b.scale() as i32);
            let shift = rscale + b.scale() as i32 - a.scale() as i32;
            if (0..=38).contains(&shift)
                && let Some(n) = ma.unsigned_abs().checked_mul(POW10[shift as usize])
                && n < 1 << 126
            {
                let d = mb.unsigned_abs();
                let (mut q, r) = if let (Ok(n), Ok(d)) = (u64::try_from(n), u64::try_from(d)) {
                    (u128::from(n / d), u128::from(n % d))
                } else {
                    (n / d, n % d)
                };
                if r * 2 >= d {
                    q += 1;
                }
                let q = if (ma < 0) != (mb < 0) { -(q as i128) } else { q as i128 };
                if let Some(n) = Numeric::small(q, rscale) {
                    return Ok(n);
                }
            }
        }
        let (a, b) = (self.to_var(), o.to_var());
        let rscale = a.div_scale(&b);
        Numeric::from_var(a.div(&b, rscale, true))
    }

    /// `div(self, o)`: the quotient cut to an integer.
    pub fn div_trunc(&self, o: &Numeric) -> Result<Numeric> {
        if !self.is_finite() || !o.is_finite() {
            return self.special_division(o, &Numeric::ZERO, true);
        }
        if o.is_zero() {
            return Err(division_by_zero());
        }
        Numeric::from_var(self.to_var().div(&o.to_var(), 0, false))
    }

    /// `self % o`, with the sign of `self`.
    pub fn rem(&self, o: &Numeric) -> Result<Numeric> {
        if !self.is_finite() || !o.is_finite() {
            return self.special_division(o, self, false);
        }
        if o.is_zero() {
            return Err(division_by_zero());
        }
        if let (Small(a), Small(b)) = (self, o)
            && a.scale() == b.scale()
        {
            return Ok(Numeric::small(a.mantissa() % b.mantissa(), a.scale() as i32).unwrap_or(NaN));
        }
        Numeric::from_var(self.to_var().rem(&o.to_var()))
    }

    fn map(&self, f: impl FnOnce(&mut Var)) -> Result<Numeric> {
        if !self.is_finite() {
            return Ok(self.clone());
        }
        let mut v = self.to_var();
        f(&mut v);
        Numeric::from_var(v)
    }

    /// `round(self, scale)`, half away from zero; negative scales round before the point.
    pub fn round(&self, scale: i32) -> Result<Numeric> {
        let scale = scale.clamp(-131_073, MAX_SCALE);
        if let Small(d) = self
            && (0..=28).contains(&scale)
        {
            let (m, s) = (d.mantissa(), d.scale() as i32);
            if s > scale {
                let p = POW10[(s - scale) as usize] as i128;
                let (q, r) = (m / p, m % p);
                let q = if r.abs() * 2 >= p { q + m.signum() } else { q };
                return Ok(Numeric::small(q, scale).unwrap_or(NaN));
            }
            if let Some(n) = m.checked_mul(POW10[(scale - s) as usize] as i128).and_then(|m| Numeric::small(m, scale)) {
                return Ok(n);
            }
        }
        self.map(|v| {
            v.round(scale);
            v.dscale = scale.max(0);
        })
    }

    /// `trunc(self, scale)`.
    pub fn trunc(&self, scale: i32) -> Result<Numeric> {
        let scale = scale.clamp(-131_073, MAX_SCALE);
        self.map(|v| {
            v.trunc(scale);
            v.dscale = scale.max(0);
        })
    }

    /// `ceil(self)`.
    pub fn ceil(&self) -> Result<Numeric> {
        self.map(|v| *v = v.ceil())
    }

    /// `floor(self)`.
    pub fn floor(&self) -> Result<Numeric> {
        self.map(|v| *v = v.floor())
    }

    /// `self + 1`.
    pub fn inc(&self) -> Result<Numeric> {
        self.add(&Numeric::from_i64(1))
    }

    /// `sqrt(self)`.
    pub fn sqrt(&self) -> Result<Numeric> {
        match self {
            NaN | PosInf => Ok(self.clone()),
            _ if self.signum() < 0 => {
                bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number")
            }
            _ => Numeric::from_var(math::sqrt(&self.to_var())),
        }
    }

    /// `exp(self)`.
    pub fn exp(&self) -> Result<Numeric> {
        match self {
            NaN | PosInf => Ok(self.clone()),
            NegInf => Ok(Numeric::ZERO),
            _ => Numeric::from_var(math::exp(&self.to_var())?),
        }
    }

    /// Refuses minus infinity as any other negative number.
    fn check_log(&self) -> Result<()> {
        if matches!(self, NegInf) {
            bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
        }
        Ok(())
    }

    /// `ln(self)`.
    pub fn ln(&self) -> Result<Numeric> {
        self.check_log()?;
        match self {
            NaN | PosInf => Ok(self.clone()),
            _ => Numeric::from_var(math::ln(&self.to_var())?),
        }
    }

    /// `log(base, self)`.
    pub fn log(&self, base: &Numeric) -> Result<Numeric> {
        if self.is_nan() || base.is_nan() {
            return Ok(NaN);
        }
        if !self.is_finite() || !base.is_finite() {
            for n in [base, self] {
                match n.signum() {
                    0 => bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero"),
                    -1 => bail!(INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number"),
                    _ => {}
                }
            }
            return Ok(match (base.is_finite(), self.is_finite()) {
                (false, false) => NaN,
                (false, true) => Numeric::ZERO,
                _ => PosInf,
            });
        }
        Numeric::from_var(math::log(&base.to_var(), &self.to_var())?)
    }

    /// `power(self, exp)`.
    pub fn power(&self, exp: &Numeric) -> Result<Numeric> {
        let one = Numeric::from_i64(1);
        let is_one = |n: &Numeric| n.cmp(&one) == Ordering::Equal;
        if self.is_nan() {
            return Ok(if exp.is_zero() { one } else { NaN });
        }
        if exp.is_nan() {
            return Ok(if is_one(self) { one } else { NaN });
        }
        if self.is_zero() && exp.signum() < 0 {
            bail!(INVALID_ARGUMENT_FOR_POWER_FUNCTION, "zero raised to a negative power is undefined");
        }
        if self.is_finite() && exp.is_finite() {
            return Numeric::from_var(math::power(&self.to_var(), &exp.to_var())?);
        }
        let exp_is_integer = exp.is_finite() && exp.to_var().is_integer();
        if self.signum() < 0 && exp.is_finite() && !exp_is_integer {
            bail!(
                INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                "a negative number raised to a non-integer power yields a complex result"
            );
        }
        if is_one(self) || exp.is_zero() {
            return Ok(one);
        }
        if self.is_zero() {
            return Ok(Numeric::ZERO);
        }
        if !exp.is_finite() {
            return Ok(match self.abs().cmp(&one) {
                Ordering::Equal => one,
                Ordering::Greater if exp.signum() > 0 => PosInf,
                Ordering::Less if exp.signum() < 0 => PosInf,
                _ => Numeric::ZERO,
            });
        }
        // Infinite base, finite exponent.
        if exp.signum() < 0 {
            return Ok(Numeric::ZERO);
        }
        let odd = exp_is_integer && !exp.rem(&Numeric::from_i64(2))?.is_zero();
        Ok(Numeric::infinity(self.signum() < 0 && odd))
    }

    /// `factorial(n)`.
    pub fn factorial(n: i64) -> Result<Numeric> {
        Numeric::from_var(math::factorial(n)?)
    }

    /// `gcd(self, o)`.
    pub fn gcd(&self, o: &Numeric) -> Result<Numeric> {
        match self.vars(o) {
            Some((a, b)) => Numeric::from_var(math::gcd(&a, &b)),
            None => Ok(NaN),
        }
    }

    /// `lcm(self, o)`.
    pub fn lcm(&self, o: &Numeric) -> Result<Numeric> {
        let Some((a, b)) = self.vars(o) else { return Ok(NaN) };
        let dscale = a.dscale.max(b.dscale);
        if a.is_zero() || b.is_zero() {
            return Numeric::from_var(Var::zero(dscale));
        }
        let g = math::gcd(&a, &b);
        let mut r = a.div(&g, 0, false).mul_exact(&b);
        r.neg = false;
        r.dscale = dscale;
        Numeric::from_var(r)
    }

    /// `width_bucket(self, low, high, count)`.
    pub fn width_bucket(&self, low: &Numeric, high: &Numeric, count: i32) -> Result<i32> {
        if count <= 0 {
            bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "count must be greater than zero");
        }
        if self.is_nan() || low.is_nan() || high.is_nan() {
            bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "operand, lower bound, and upper bound cannot be NaN");
        }
        if !low.is_finite() || !high.is_finite() {
            bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower and upper bounds must be finite");
        }
        let order = low.cmp(high);
        let (before, inside) = match order {
            Ordering::Equal => {
                bail!(INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "lower bound cannot equal upper bound")
            }
            Ordering::Less => (self.cmp(low) == Ordering::Less, self.cmp(high) == Ordering::Less),
            Ordering::Greater => (self.cmp(low) == Ordering::Greater, self.cmp(high) == Ordering::Greater),
        };
        if before {
            return Ok(0);
        }
        if !inside {
            return count.checked_add(1).ok_or_else(int4_range);
        }
        let (x, l, h) = (self.to_var(), low.to_var(), high.to_var());
        let n = x.sub(&l).mul_exact(&Var::from_i128(i128::from(count)));
        // As `compute_bucket`, the quotient is rounded before it is cut: just below the upper bound it may reach past it.
        let d = h.sub(&l);
        let mut q = n.div(&d, n.div_scale(&d), true);
        q.trunc(0);
        i32::try_from(q.to_i128().unwrap_or(0) + 1).map_err(|_| int4_range())
    }

    /// Applies `numeric(precision, scale)`; the modifier is PostgreSQL's (`((p << 16) | (s & 0x7ff)) + 4`), negative none.
    pub fn apply_typmod(&self, typmod: i32) -> Result<Numeric> {
        let Some((precision, scale)) = unpack_typmod(typmod) else { return Ok(self.clone()) };
        let field = || err!(NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
        if matches!(self, PosInf | NegInf) {
            return Err(field().detail(format!(
                "A field with precision {precision}, scale {scale} cannot hold an infinite value."
            )));
        }
        let r = self.round(scale)?;
        let max_digits = precision - scale;
        let v = match &r {
            NaN => return Ok(r),
            Small(d) => {
                let whole = decimal_digits(d.mantissa().unsigned_abs()) as i32 - d.scale() as i32;
                if whole <= max_digits || d.is_zero() {
                    return Ok(r);
                }
                r.to_var()
            }
            _ => r.to_var(),
        };
        let digits = v.digits.first().map_or(0, |&d| v.weight * 4 + decimal_digits(u128::from(d)) as i32);
        if digits > max_digits && !v.is_zero() {
            let power = if max_digits != 0 { format!("10^{max_digits}") } else { "1".to_owned() };
            return Err(field().detail(format!(
                "A field with precision {precision}, scale {scale} must round to an absolute value less than {power}."
            )));
        }
        Ok(r)
    }
}

impl std::fmt::Display for Numeric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut s = String::new();
        self.write(&mut s);
        f.write_str(&s)
    }
}

/// Precision and scale of a type modifier.
pub fn unpack_typmod(typmod: i32) -> Option<(i32, i32)> {
    if typmod < 4 {
        return None;
    }
    let t = typmod - 4;
    Some(((t >> 16) & 0xffff, ((t & 0x7ff) ^ 1024) - 1024))
}

/// The modifier of `numeric(arguments…)`.
pub fn typmod_in(arguments: &[i32]) -> Result<i32> {
    let (precision, scale) = match *arguments {
        [p] => (p, 0),
        [p, s] => (p, s),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier"),
    };
    if !(1..=1000).contains(&precision) {
        bail!(INVALID_PARAMETER_VALUE, "NUMERIC precision {precision} must be between 1 and 1000");
    }
    if !(-1000..=1000).contains(&scale) {
        bail!(INVALID_PARAMETER_VALUE, "NUMERIC scale {scale} must be between -1000 and 1000");
    }
    Ok(((precision << 16) | (scale & 0x7ff)) + 4)
}

/// `(p,s)` of a modifier, empty for none.
pub fn typmod_out(typmod: i32) -> String {
    unpack_typmod(typmod).map_or(String::new(), |(p, s)| format!("({p},{s})"))
}

/// The exact form of decimal digits with `scale` of them after the point.
fn var_from_decimal(digits: &[u8], scale: i64, neg: bool) -> Result<Var> {
    if digits.iter().all(|&d| d == 0) {
        return Var::zero(i32::try_from(scale.max(0)).map_err(|_| overflow())?).check();
    }
    // Decimal exponent of the last digit is −scale; align groups of four at the point.
    let top = digits.len() as i64 - 1 - scale;
    if top > 200_000 || scale > 17_000 {
        // Leading zeros may still bring it in range.
        let zeros = digits.iter().take_while(|&&d| d == 0).count() as i64;
        if top - zeros > 200_000 || scale > 17_000 {
            return Err(overflow());
        }
    }
    let weight = top.div_euclid(4);
    let lead = 3 - top.rem_euclid(4) as usize;
    let mut out = Vec::with_capacity(digits.len() / 4 + 2);
    let mut group = 0u16;
    let mut filled = lead;
    for &d in digits {
        group = group * 10 + u16::from(d);
        filled += 1;
        if filled == 4 {
            out.push(group);
            group = 0;
            filled = 0;
        }
    }
    if filled > 0 {
        for _ in filled..4 {
            group *= 10;
        }
        out.push(group);
    }
    let mut v = Var { neg, weight: weight as i32, dscale: scale.max(0) as i32, digits: out };
    v.strip();
    v.check()
}

#[cfg(test)]
mod tests;
