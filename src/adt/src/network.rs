//! `inet` and `cidr`.
//!
//! Stored bytes: family (4 or 6), prefix length, then the address's 4 or 16 bytes. `cidr` differs only in what it accepts
//! and how it is shown, so both share the value type.

use std::cmp::Ordering;
use std::net::Ipv6Addr;

use tusklet_error::{Error, Result, bail, err};

/// An address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inet {
    v6: bool,
    bits: u8,
    /// The address in the low bits.
    addr: u128,
}

impl Inet {
    /// Reads an `inet`.
    pub fn parse(s: &str) -> Result<Inet> {
        read(s, false).ok_or_else(|| err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type inet: \"{}\""; s))
    }

    /// Reads a `cidr`: a network, nothing set right of the mask.
    pub fn parse_cidr(s: &str) -> Result<Inet> {
        let v = read(s, true)
            .ok_or_else(|| err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type cidr: \"{}\""; s))?;
        if v.addr & v.host_mask() != 0 {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "invalid cidr value: \"{}\""; s)
                .detail("Value has bits set to right of mask."));
        }
        Ok(v)
    }

    /// The stored bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![if self.v6 { 6 } else { 4 }, self.bits];
        out.extend_from_slice(&self.addr.to_be_bytes()[16 - self.size()..]);
        out
    }

    /// Reads stored bytes; bytes that are none read as `0.0.0.0`.
    pub fn decode(b: &[u8]) -> Inet {
        match b {
            [family @ (4 | 6), bits, addr @ ..] => {
                Inet { v6: *family == 6, bits: *bits, addr: addr.iter().take(16).fold(0, |v, &x| (v << 8) | u128::from(x)) }
            }
            _ => Inet { v6: false, bits: 32, addr: 0 },
        }
    }

    /// Appends the binary form of the protocol.
    pub fn send(&self, is_cidr: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&[if self.v6 { 3 } else { 2 }, self.bits, u8::from(is_cidr), self.size() as u8]);
        out.extend_from_slice(&self.addr.to_be_bytes()[16 - self.size()..]);
    }

    /// Reads the binary form of the protocol.
    pub fn recv(b: &[u8], is_cidr: bool) -> Result<Inet> {
        let name = if is_cidr { "cidr" } else { "inet" };
        let [family, bits, _, n, addr @ ..] = b else {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
        };
        let v6 = match family {
            2 => false,
            3 => true,
            _ => bail!(INVALID_BINARY_REPRESENTATION, "invalid address family in external \"{}\" value"; name),
        };
        let v = Inet { v6, bits: *bits, addr: addr.iter().take(16).fold(0, |v, &x| (v << 8) | u128::from(x)) };
        if v.bits > v.max_bits() {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid bits in external \"{}\" value"; name);
        }
        if usize::from(*n) != v.size() || addr.len() != v.size() {
            bail!(INVALID_BINARY_REPRESENTATION, "invalid length in external \"{}\" value"; name);
        }
        if is_cidr && v.addr & v.host_mask() != 0 {
            return Err(err!(INVALID_BINARY_REPRESENTATION, "invalid external \"cidr\" value")
                .detail("Value has bits set to right of mask."));
        }
        Ok(v)
    }

    fn size(&self) -> usize {
        if self.v6 { 16 } else { 4 }
    }

    fn max_bits(&self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    fn full_mask(&self) -> u128 {
        if self.v6 { u128::MAX } else { 0xffff_ffff }
    }

    fn host_mask(&self) -> u128 {
        let free = u32::from(self.max_bits() - self.bits.min(self.max_bits()));
        if free == 128 { u128::MAX } else { (1 << free) - 1 }
    }

    fn address_text(&self) -> String {
        if self.v6 { v6_text(self.addr) } else { v4_text(self.addr as u32) }
    }

    /// Writes an `inet`: the prefix only when it is not the whole address.
    pub fn write(&self, out: &mut String) {
        out.push_str(&self.address_text());
        if self.bits != self.max_bits() {
            out.push_str(&format!("/{}", self.bits));
        }
    }

    /// Writes a `cidr`, and `text(inet)`: always with the prefix.
    pub fn write_cidr(&self, out: &mut String) {
        out.push_str(&format!("{}/{}", self.address_text(), self.bits));
    }

    /// Order: family, then the network, then its width, then the host.
    pub fn cmp(&self, o: &Inet) -> Ordering {
        self.sort_fields().cmp(&o.sort_fields())
    }

    /// Comparing masked addresses first equals comparing the common prefix first and the width next: a wider network's
    /// masked address is the lowest of all inside it.
    fn sort_fields(&self) -> (bool, u128, u8, u128) {
        (self.v6, self.addr & !self.host_mask(), self.bits, self.addr)
    }

    /// Appends bytes that order as the values do.
    pub fn key(&self, out: &mut Vec<u8>) {
        let skip = 16 - self.size();
        out.push(if self.v6 { 6 } else { 4 });
        out.extend_from_slice(&(self.addr & !self.host_mask()).to_be_bytes()[skip..]);
        out.push(self.bits);
        out.extend_from_slice(&self.addr.to_be_bytes()[skip..]);
    }

    /// Hash of the value.
    pub fn hash(&self) -> u64 {
        crate::hash::bytes(&self.to_bytes())
    }

    /// `family`: 4 or 6.
    pub fn family(&self) -> i32 {
        if self.v6 { 6 } else { 4 }
    }

    /// `masklen`.
    pub fn masklen(&self) -> i32 {
        i32::from(self.bits)
    }

    /// `host`: the address as text.
    pub fn host(&self) -> String {
        self.address_text()
    }

    fn whole(&self, addr: u128) -> Inet {
        Inet { v6: self.v6, bits: self.max_bits(), addr: addr & self.full_mask() }
    }

    /// `network`, and the cast to `cidr`.
    pub fn network(&self) -> Inet {
        Inet { addr: self.addr & !self.host_mask(), ..*self }
    }

    /// `broadcast`.
    pub fn broadcast(&self) -> Inet {
        Inet { addr: self.addr | self.host_mask(), ..*self }
    }

    /// `netmask`.
    pub fn netmask(&self) -> Inet {
        self.whole(!self.host_mask())
    }

    /// `hostmask`.
    pub fn hostmask(&self) -> Inet {
        self.whole(self.host_mask())
    }

    fn with_bits(&self, bits: i32) -> Result<Inet> {
        let bits = if bits == -1 { i32::from(self.max_bits()) } else { bits };
        if bits < 0 || bits > i32::from(self.max_bits()) {
            bail!(INVALID_PARAMETER_VALUE, "invalid mask length: {bits}");
        }
        Ok(Inet { bits: bits as u8, ..*self })
    }

    /// `set_masklen(inet, n)`.
    pub fn set_masklen(&self, bits: i32) -> Result<Inet> {
        self.with_bits(bits)
    }

    /// `set_masklen(cidr, n)`: also clears what falls right of the mask.
    pub fn set_masklen_cidr(&self, bits: i32) -> Result<Inet> {
        self.with_bits(bits).map(|v| v.network())
    }

    /// `abbrev(inet)`.
    pub fn abbrev(&self) -> String {
        let mut s = String::new();
        self.write(&mut s);
        s
    }

    /// `abbrev(cidr)`: without the parts the prefix makes zero.
    pub fn abbrev_cidr(&self) -> String {
        let body = if self.v6 { abbrev_v6(self.network().addr, self.bits) } else { abbrev_v4(self.network().addr as u32, self.bits) };
        format!("{body}/{}", self.bits)
    }

    fn contains_network(&self, o: &Inet) -> bool {
        self.v6 == o.v6 && (self.addr ^ o.addr) & !self.host_mask() == 0
    }

    /// `self >>= o`.
    pub fn contains_or_equals(&self, o: &Inet) -> bool {
        self.bits <= o.bits && self.contains_network(o)
    }

    /// `self >> o`.
    pub fn contains(&self, o: &Inet) -> bool {
        self.bits < o.bits && self.contains_network(o)
    }

    /// `self && o`.
    pub fn overlaps(&self, o: &Inet) -> bool {
        if self.bits <= o.bits { self.contains_network(o) } else { o.contains_network(self) }
    }

    /// `inet_same_family`.
    pub fn same_family(&self, o: &Inet) -> bool {
        self.v6 == o.v6
    }

    /// `inet_merge`: the smallest network holding both.
    pub fn merge(&self, o: &Inet) -> Result<Inet> {
        if self.v6 != o.v6 {
            bail!(INVALID_PARAMETER_VALUE, "cannot merge addresses from different families");
        }
        let differing = 128 - (self.addr ^ o.addr).leading_zeros() as u8;
        let bits = (self.max_bits() - differing).min(self.bits).min(o.bits);
        Ok(Inet { bits, ..*self }.network())
    }

    /// `~self`.
    pub fn not(&self) -> Inet {
        Inet { addr: !self.addr & self.full_mask(), ..*self }
    }

    fn combine(&self, o: &Inet, word: &str, f: impl Fn(u128, u128) -> u128) -> Result<Inet> {
        if self.v6 != o.v6 {
            bail!(INVALID_PARAMETER_VALUE, "cannot {} inet values of different sizes"; word);
        }
        Ok(Inet { v6: self.v6, bits: self.bits.max(o.bits), addr: f(self.addr, o.addr) })
    }

    /// `self & o`.
    pub fn and(&self, o: &Inet) -> Result<Inet> {
        self.combine(o, "AND", |a, b| a & b)
    }

    /// `self | o`.
    pub fn or(&self, o: &Inet) -> Result<Inet> {
        self.combine(o, "OR", |a, b| a | b)
    }

    /// `self + n`.
    pub fn add(&self, n: i64) -> Result<Inet> {
        let step = u128::from(n.unsigned_abs());
        let addr = if n < 0 { self.addr.checked_sub(step) } else { self.addr.checked_add(step) };
        match addr {
            Some(addr) if addr <= self.full_mask() => Ok(Inet { addr, ..*self }),
            _ => Err(result_range()),
        }
    }

    /// `self - n`.
    pub fn sub(&self, n: i64) -> Result<Inet> {
        // The least number is its own negative, as in PostgreSQL.
        self.add(n.wrapping_neg())
    }

    /// `self - o`: the distance.
    pub fn distance(&self, o: &Inet) -> Result<i64> {
        if self.v6 != o.v6 {
            bail!(INVALID_PARAMETER_VALUE, "cannot subtract inet values of different sizes");
        }
        let d = self.addr.abs_diff(o.addr);
        let d = i128::try_from(d).map_err(|_| result_range())?;
        i64::try_from(if self.addr < o.addr { -d } else { d }).map_err(|_| result_range())
    }
}

#[cold]
fn result_range() -> Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
}

fn v4_text(a: u32) -> String {
    let b = a.to_be_bytes();
    format!("{}.{}.{}.{}", b[0], b[1], b[2], b[3])
}

fn words(a: u128) -> [u16; 8] {
    std::array::from_fn(|i| (a >> (112 - 16 * i)) as u16)
}

/// The longest run of zero words among the first `n`, the first of equals.
fn zero_run(w: &[u16]) -> (usize, usize) {
    let (mut best, mut len, mut i) = (0, 0, 0);
    while i < w.len() {
        let run = w[i..].iter().take_while(|&&x| x == 0).count();
        if run > len {
            (best, len) = (i, run);
        }
        i += run.max(1);
    }
    (best, len)
}

fn v6_text(a: u128) -> String {
    let w = words(a);
    let (start, len) = zero_run(&w);
    let (start, len) = if len >= 2 { (start, len) } else { (8, 0) };
    let mut s = String::new();
    let mut i = 0;
    while i < 8 {
        if i == start {
            s.push(':');
            i += len;
            if i == 8 {
                s.push(':');
            }
            continue;
        }
        if i != 0 {
            s.push(':');
        }
        if i == 6 && start == 0 && (len == 6 || (len == 7 && w[7] != 1) || (len == 5 && w[5] == 0xffff)) {
            s.push_str(&v4_text(a as u32));
            break;
        }
        s.push_str(&format!("{:x}", w[i]));
        i += 1;
    }
    s
}

fn abbrev_v4(a: u32, bits: u8) -> String {
    let n = usize::from(bits.div_ceil(8)).max(1);
    let parts: Vec<String> = a.to_be_bytes()[..n].iter().map(u8::to_string).collect();
    parts.join(".")
}

fn abbrev_v6(a: u128, bits: u8) -> String {
    if bits == 0 {
        return "::".to_owned();
    }
    let n = usize::from(bits.div_ceil(16)).max(2);
    let all = words(a);
    let w = &all[..n];
    let (start, len) = zero_run(w);
    let bytes = a.to_be_bytes();
    let as_v4 = len != n
        && start == 0
        && (len == 6 || (len == 5 && w.get(5) == Some(&0xffff)) || (len == 7 && bytes[14] != 0 && bytes[15] != 1));
    let mut s = String::new();
    for p in 0..n {
        if len != 0 && p >= start && p < start + len {
            if p == start {
                s.push(':');
            }
            if p == n - 1 {
                s.push(':');
            }
        } else if as_v4 && p > 5 {
            s.push(if p == 6 { ':' } else { '.' });
            s.push_str(&bytes[2 * p].to_string());
            if p != 7 || bits > 120 {
                s.push_str(&format!(".{}", bytes[2 * p + 1]));
            }
        } else {
            if !s.is_empty() {
                s.push(':');
            }
            s.push_str(&format!("{:x}", w[p]));
        }
    }
    s
}

fn read_bits(s: &str, max: u32) -> Option<u8> {
    if s.is_empty() || !s.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    s.parse::<u32>().ok().filter(|&b| b <= max).map(|b| b as u8)
}

fn read(s: &str, is_cidr: bool) -> Option<Inet> {
    let (addr, bits) = match s.split_once('/') {
        Some((a, b)) => (a, Some(b)),
        None => (s, None),
    };
    if s.contains(':') {
        let a: Ipv6Addr = addr.parse().ok()?;
        let bits = match bits {
            // No leading zeros here, unlike IPv4.
            Some(b) if b.len() > 1 && b.starts_with('0') => return None,
            Some(b) => read_bits(b, 128)?,
            None => 128,
        };
        return Some(Inet { v6: true, bits, addr: u128::from(a) });
    }
    let mut octets = Vec::new();
    for part in addr.split('.') {
        if part.is_empty() || !part.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        octets.push(part.parse::<u32>().ok().filter(|&o| o <= 255)?);
    }
    let n = octets.len();
    if n > 4 {
        return None;
    }
    let bits = match bits {
        Some(b) => {
            let b = read_bits(b, 32)?;
            if !is_cidr && usize::from(b / 8) > n {
                return None;
            }
            b
        }
        None if n == 4 => 32,
        None if !is_cidr => return None,
        None => {
            // The old classes, widened to the octets given.
            let class = match octets[0] {
                240.. => 32,
                192..=223 => 24,
                128..=191 => 16,
                _ => 8,
            };
            let b = class.max(n as u8 * 8);
            if b == 8 && octets[0] == 224 { 4 } else { b }
        }
    };
    let addr = octets.iter().fold(0u128, |v, &o| (v << 8) | u128::from(o)) << (8 * (4 - n));
    Some(Inet { v6: false, bits, addr })
}
