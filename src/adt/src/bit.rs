//! `bit(n)` and `bit varying(n)`.
//!
//! Stored bytes: number of bits (u32, little-endian), then the bits, first one highest, the last byte filled with zeros.

use std::cmp::Ordering;

use tusklet_error::{Result, bail, err};

/// A bit string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    len: usize,
    data: Vec<u8>,
}

impl Bits {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Bits {
        Bits { len, data: vec![0; len.div_ceil(8)] }
    }

    /// Reads stored bytes; bytes that are none read as empty.
    pub fn decode(b: &[u8]) -> Bits {
        let Some((head, data)) = b.split_first_chunk::<4>() else { return Bits::zeros(0) };
        let len = (u32::from_le_bytes(*head) as usize).min(data.len() * 8);
        Bits { len, data: data[..len.div_ceil(8)].to_vec() }
    }

    /// The stored bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&(self.len as u32).to_le_bytes()[..], &self.data].concat()
    }

    /// Number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bit `i`, false past the end.
    pub fn get(&self, i: usize) -> bool {
        i < self.len && self.data[i / 8] >> (7 - i % 8) & 1 == 1
    }

    fn set(&mut self, i: usize, v: bool) {
        let mask = 1 << (7 - i % 8);
        if v {
            self.data[i / 8] |= mask;
        } else {
            self.data[i / 8] &= !mask;
        }
    }

    fn from_fn(len: usize, f: impl Fn(usize) -> bool) -> Bits {
        let mut b = Bits::zeros(len);
        (0..len).filter(|&i| f(i)).for_each(|i| b.set(i, true));
        b
    }

    /// Reads binary digits, or hexadecimal ones behind an `x`; a `b` in front is allowed.
    pub fn parse(s: &str) -> Result<Bits> {
        let (hex, digits) = match s.as_bytes().first() {
            Some(b'x' | b'X') => (true, &s[1..]),
            Some(b'b' | b'B') => (false, &s[1..]),
            _ => (false, s),
        };
        let (width, name) = if hex { (4, "hexadecimal") } else { (1, "binary") };
        let mut b = Bits::zeros(digits.chars().count() * width);
        for (i, c) in digits.chars().enumerate() {
            let d = c
                .to_digit(1 << width)
                .ok_or_else(|| err!(INVALID_TEXT_REPRESENTATION, "\"{c}\" is not a valid {name} digit"))?;
            (0..width).for_each(|k| b.set(i * width + k, d >> (width - 1 - k) & 1 == 1));
        }
        Ok(b)
    }

    /// Writes binary digits.
    pub fn write(&self, out: &mut String) {
        (0..self.len).for_each(|i| out.push(if self.get(i) { '1' } else { '0' }));
    }

    /// Coerces to `bit(n)`: explicitly cut or filled with zeros, otherwise the length must match.
    pub fn to_bit(&self, typmod: i32, explicit: bool) -> Result<Bits> {
        let n = typmod.max(0) as usize;
        if typmod <= 0 || n == self.len {
            return Ok(self.clone());
        }
        if !explicit {
            bail!(STRING_DATA_LENGTH_MISMATCH, "bit string length {} does not match type bit({n})", self.len);
        }
        Ok(Bits::from_fn(n, |i| self.get(i)))
    }

    /// Coerces to `bit varying(n)`.
    pub fn to_varbit(&self, typmod: i32, explicit: bool) -> Result<Bits> {
        let n = typmod.max(0) as usize;
        if typmod <= 0 || self.len <= n {
            return Ok(self.clone());
        }
        if !explicit {
            bail!(STRING_DATA_RIGHT_TRUNCATION, "bit string too long for type bit varying({n})");
        }
        Ok(Bits::from_fn(n, |i| self.get(i)))
    }

    /// Order: bytes, then length.
    pub fn cmp(&self, o: &Bits) -> Ordering {
        self.data.cmp(&o.data).then(self.len.cmp(&o.len))
    }

    /// Appends bytes that order as the values do.
    pub fn key(&self, out: &mut Vec<u8>) {
        crate::bytea::key(&self.data, out);
        out.extend_from_slice(&(self.len as u32).to_be_bytes());
    }

    fn combine(&self, o: &Bits, word: &str, f: impl Fn(bool, bool) -> bool) -> Result<Bits> {
        if self.len != o.len {
            bail!(STRING_DATA_LENGTH_MISMATCH, "cannot {} bit strings of different sizes"; word);
        }
        Ok(Bits::from_fn(self.len, |i| f(self.get(i), o.get(i))))
    }

    /// `self & o`.
    pub fn and(&self, o: &Bits) -> Result<Bits> {
        self.combine(o, "AND", |a, b| a & b)
    }

    /// `self | o`.
    pub fn or(&self, o: &Bits) -> Result<Bits> {
        self.combine(o, "OR", |a, b| a | b)
    }

    /// `self # o`.
    pub fn xor(&self, o: &Bits) -> Result<Bits> {
        self.combine(o, "XOR", |a, b| a ^ b)
    }

    /// `~self`.
    pub fn not(&self) -> Bits {
        Bits::from_fn(self.len, |i| !self.get(i))
    }

    /// `self << n`; negative shifts right.
    pub fn shl(&self, n: i32) -> Bits {
        let n = i64::from(n);
        Bits::from_fn(self.len, |i| usize::try_from(i as i64 + n).is_ok_and(|j| self.get(j)))
    }

    /// `self >> n`.
    pub fn shr(&self, n: i32) -> Bits {
        let n = i64::from(n);
        Bits::from_fn(self.len, |i| usize::try_from(i as i64 - n).is_ok_and(|j| self.get(j)))
    }

    /// `self || o`.
    pub fn concat(&self, o: &Bits) -> Bits {
        Bits::from_fn(self.len + o.len, |i| if i < self.len { self.get(i) } else { o.get(i - self.len) })
    }

    /// `substring(self from start for length)`.
    pub fn substring(&self, start: i32, length: Option<i32>) -> Result<Bits> {
        let (from, to) = crate::text::window(start, length)?;
        let from = from.min(self.len);
        Ok(Bits::from_fn(to.clamp(from, self.len) - from, |i| self.get(from + i)))
    }

    /// `position(needle in self)`.
    pub fn position(&self, needle: &Bits) -> i32 {
        if needle.len > self.len || self.len == 0 {
            return 0;
        }
        let at = |p: usize| (0..needle.len).all(|i| self.get(p + i) == needle.get(i));
        (0..=self.len - needle.len).find(|&p| at(p)).map_or(0, |p| p as i32 + 1)
    }

    fn check(&self, n: i32) -> Result<usize> {
        match usize::try_from(n) {
            Ok(i) if i < self.len => Ok(i),
            _ => bail!(ARRAY_SUBSCRIPT_ERROR, "bit index {n} out of valid range (0..{})", self.len as i64 - 1),
        }
    }

    /// `get_bit(self, n)`, from the left.
    pub fn get_bit(&self, n: i32) -> Result<i32> {
        self.check(n).map(|i| i32::from(self.get(i)))
    }

    /// `set_bit(self, n, value)`.
    pub fn set_bit(&self, n: i32, value: i32) -> Result<Bits> {
        let i = self.check(n)?;
        if value != 0 && value != 1 {
            bail!(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
        }
        let mut b = self.clone();
        b.set(i, value == 1);
        Ok(b)
    }

    /// `bit_count(self)`.
    pub fn count_ones(&self) -> i64 {
        crate::bytea::bit_count(&self.data)
    }

    /// An integer of `width` bits as `bit(n)`: cut on the left or filled with its sign.
    pub fn from_int(v: i64, width: usize, typmod: i32) -> Bits {
        let n = if typmod <= 0 { 1 } else { typmod as usize };
        Bits::from_fn(n, |i| {
            let place = n - 1 - i;
            if place >= width { v < 0 } else { v >> place & 1 == 1 }
        })
    }

    /// To `integer` (width 32) or `bigint` (width 64).
    pub fn to_int(&self, width: usize) -> Result<i64> {
        if self.len > width {
            return Err(if width == 32 { crate::int::int4_range() } else { crate::int::int8_range() });
        }
        let v = (0..self.len).fold(0u64, |v, i| v << 1 | u64::from(self.get(i)));
        Ok(if width == 32 { i64::from(v as u32 as i32) } else { v as i64 })
    }

    /// Appends the binary form of the protocol.
    pub fn send(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.len as u32).to_be_bytes());
        out.extend_from_slice(&self.data);
    }

    /// Reads the binary form of the protocol.
    pub fn recv(b: &[u8]) -> Result<Bits> {
        let Some((head, data)) = b.split_first_chunk::<4>() else {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
        };
        let len = u32::from_be_bytes(*head) as usize;
        if len > i32::MAX as usize {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid length in external bit string");
        }
        if data.len() < len.div_ceil(8) {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
        }
        if data.len() > len.div_ceil(8) {
            bail!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
        }
        Ok(Bits::from_fn(len, |i| data[i / 8] >> (7 - i % 8) & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn b(s: &str) -> Bits {
        Bits::parse(s).unwrap()
    }

    fn text(b: &Bits) -> String {
        let mut s = String::new();
        b.write(&mut s);
        s
    }

    #[test]
    fn answers_are_postgresql_s() {
        assert_eq!(text(&b("101").to_bit(4, true).unwrap()), "1010");
        assert_eq!(text(&b("10101").to_varbit(3, true).unwrap()), "101");
        assert_eq!(text(&b("xAf")), "10101111");
        assert_eq!(Bits::parse("102").unwrap_err().message(), "\"2\" is not a valid binary digit");
        assert_eq!(b("101").and(&b("11")).unwrap_err().message(), "cannot AND bit strings of different sizes");
        assert_eq!(text(&Bits::from_int(5, 32, 8)), "00000101");
        assert_eq!(b("1010").to_int(32).unwrap(), 10);
        assert_eq!(text(&b("101").concat(&b("1"))), "1011");
        assert_eq!(b("101").get_bit(5).unwrap_err().message(), "bit index 5 out of valid range (0..2)");
        assert_eq!(text(&b("10101").substring(2, Some(2)).unwrap()), "01");
        assert_eq!((text(&b("101").not()), text(&b("101").shl(1))), ("010".into(), "010".into()));
        assert_eq!(Bits::decode(&b("10101010101").to_bytes()), b("10101010101"));
    }
}
