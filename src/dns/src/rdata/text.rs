//! Strings of TXT and others: bytes, written in quotes with escapes.

use tusklet_error::filled;
use std::fmt::Write;

use crate::name::{escape, short};

/// The bytes of a string as typed.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&c) = bytes.get(i) {
        i += 1;
        if c == b'\\' {
            let (c, used) = escape(&bytes[i..]).ok_or_else(|| {
                filled!("'{}' has a bad escape: \\ and three digits up to 255, or \\ and a character"; short(text))
            })?;
            out.push(c);
            i += used;
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

/// In quotes. UTF-8 stays readable, as PowerDNS keeps it; what is neither text nor UTF-8 becomes `\ddd`.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => {
                    let mut utf8 = [0; 4];
                    for b in c.encode_utf8(&mut utf8).bytes() {
                        let _ = write!(out, "\\{b:03}");
                    }
                }
                c => out.push(c),
            }
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\{b:03}");
        }
    }
    out.push('"');
    out
}

/// Pieces of at most 255 bytes, the most a string can have; characters stay whole.
pub(super) fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while rest.len() > 255 {
        let mut end = 255;
        while end > 251 && rest[end] & 0xc0 == 0x80 {
            end -= 1;
        }
        let (piece, tail) = rest.split_at(end);
        out.push(piece);
        rest = tail;
    }
    out.push(rest);
    out
}
