//! Addresses: A, AAAA, and the prefixes of APL.

use std::net::Ipv6Addr;

use super::fields::{Failed, Reader};
use super::types::decimal;
use crate::name::short;

/// Four decimal numbers; leading zeros are dropped.
pub(super) fn ipv4(text: &str) -> Result<String, String> {
    let octets: Option<Vec<u8>> = text
        .split('.')
        .map(|part| decimal(part).filter(|_| part.len() <= 3).and_then(|n| u8::try_from(n).ok()))
        .collect();
    match octets.as_deref() {
        Some(&[a, b, c, d]) => Ok(format!("{a}.{b}.{c}.{d}")),
        _ => Err(format!("'{}' is not an IPv4 address", short(text))),
    }
}

/// Shortest form, and never with a dotted part, which PowerDNS' API refuses.
pub(super) fn ipv6(text: &str) -> Result<String, String> {
    let address: Ipv6Addr = text.parse().map_err(|_| format!("'{}' is not an IPv6 address", short(text)))?;
    let words = address.segments();
    // The first of the longest runs of zeros, if it is more than one.
    let (mut from, mut zeros) = (0, 1);
    for i in 0..words.len() {
        let n = words[i..].iter().take_while(|w| **w == 0).count();
        if n > zeros {
            (from, zeros) = (i, n);
        }
    }
    let shown = |words: &[u16]| words.iter().map(|w| format!("{w:x}")).collect::<Vec<_>>().join(":");
    Ok(match zeros {
        1 => shown(&words),
        n => format!("{}::{}", shown(&words[..from]), shown(&words[from + n..])),
    })
}

/// `1:192.168.32.0/21 !2:2001:db8::/32`
pub(super) fn prefixes(r: &mut Reader<'_>) -> Result<(), Failed> {
    while r.peek().is_some() {
        let word = r.word("the prefix")?;
        let value = prefix(word);
        let value = r.ok(value)?;
        r.values.push(value);
    }
    Ok(())
}

fn prefix(word: &str) -> Result<String, String> {
    let bad = || format!("'{}' is not family:address/length", short(word));
    let (not, rest) = match word.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", word),
    };
    let (family, rest) = rest.split_once(':').ok_or_else(bad)?;
    let (address, length) = rest.rsplit_once('/').ok_or_else(bad)?;
    let (address, max) = match family {
        "1" => (ipv4(address)?, 32),
        "2" => (ipv6(address)?, 128),
        _ => return Err(format!("the address family '{}' is neither 1 nor 2", short(family))),
    };
    match decimal(length) {
        Some(n) if n <= max => Ok(format!("{not}{family}:{address}/{n}")),
        _ => Err(format!("the prefix length '{}' is not between 0 and {max}", short(length))),
    }
}
