//! Hexadecimal, base64 and other ways to write bytes, and the mnemonics of numbers.

use tusklet_error::filled;
use crate::name::short;

/// Mnemonics of DNSSEC algorithms, which files may have and PowerDNS does not read.
pub(super) const ALGORITHMS: &[(&str, u16)] = &[
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("NSEC3RSASHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("INDIRECT", 252),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];

/// Mnemonics of certificate types (RFC 4398).
pub(super) const CERT_TYPES: &[(&str, u16)] = &[
    ("PKIX", 1),
    ("SPKI", 2),
    ("PGP", 3),
    ("IPKIX", 4),
    ("ISPKI", 5),
    ("IPGP", 6),
    ("ACPKIX", 7),
    ("IACPKIX", 8),
    ("URI", 253),
    ("OID", 254),
];

/// Whole bytes, in lower case.
pub(super) fn hex(what: &str, text: &str) -> Result<String, String> {
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("{what}: '{bad}' is not a hexadecimal digit"));
    }
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return Err(format!("{what} has {} hexadecimal digits, which is not a number of whole bytes", text.len()));
    }
    Ok(text.to_ascii_lowercase())
}

/// Alphabet, length and padding of base64.
pub(super) fn base64(what: &str, text: &str) -> Result<(), String> {
    let body = text.trim_end_matches('=');
    if let Some(bad) = body.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '+' && *c != '/') {
        return Err(format!("{what}: '{bad}' is not a character of base64"));
    }
    if text.is_empty() || !text.len().is_multiple_of(4) || text.len() - body.len() > 2 {
        return Err(filled!("{} is not whole in base64: its length must be a multiple of 4, with = at the end"; what));
    }
    Ok(())
}

/// `00-11-22-33-44-55`
pub(super) fn eui(text: &str, bytes: usize) -> Result<String, String> {
    let mut n = 0;
    for part in text.split('-') {
        n += usize::from(part.len() == 2 && part.bytes().all(|c| c.is_ascii_hexdigit()));
    }
    if n != bytes || text.len() != bytes * 3 - 1 {
        return Err(format!("'{}' is not {bytes} hexadecimal bytes joined by -", short(text)));
    }
    Ok(text.to_ascii_lowercase())
}

/// `0014:4FFF:FF20:EE64`, four groups of four digits in upper case as PowerDNS writes them.
pub(super) fn node64(text: &str) -> Result<String, String> {
    let groups: Option<Vec<String>> = text
        .split(':')
        .map(|g| {
            let fits = matches!(g.len(), 1..=4) && g.bytes().all(|c| c.is_ascii_hexdigit());
            fits.then(|| format!("{g:0>4}").to_ascii_uppercase())
        })
        .collect();
    match groups {
        Some(groups) if groups.len() == 4 => Ok(groups.join(":")),
        _ => Err(filled!("'{}' is not four groups of hexadecimal digits"; short(text))),
    }
}
