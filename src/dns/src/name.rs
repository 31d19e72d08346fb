//! Domain names: labels of bytes, kept as on the wire without the final zero.
//!
//! Three texts of one name: as typed (`Name::parse`, where `\.` and `\ddd` escape), as stored (`stored`: absolute, no
//! trailing dot, the root is `.`) and as in a zone file (`file`: relative to an origin, or with a trailing dot).

use tusklet_error::filled;
use std::fmt::Write;

/// A domain name: every label ≤ 63 bytes, all of it ≤ 255 on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Name {
    /// Length-prefixed labels; empty for the root.
    wire: Vec<u8>,
}

/// The byte an escape stands for, given what follows the backslash, and how many bytes it took.
pub(crate) fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match *rest {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let n = u32::from(a - b'0') * 100 + u32::from(b - b'0') * 10 + u32::from(c - b'0');
            u8::try_from(n).ok().map(|n| (n, 3))
        }
        [b'0'..=b'9', ..] | [] => None,
        [c, ..] => Some((c, 1)),
    }
}

impl Name {
    /// The root.
    pub fn root() -> Name {
        Name::default()
    }

    /// Reads a name as typed, and whether it ended in a dot. The error is a sentence.
    pub fn parse(text: &str) -> Result<(Name, bool), String> {
        if text == "." {
            return Ok((Name::root(), true));
        }
        let bytes = text.as_bytes();
        let mut wire = vec![0];
        let (mut start, mut i, mut absolute) = (0, 0, false);
        // Writes the length of the label that began at `start`.
        let close = |wire: &mut Vec<u8>, start: usize| -> Result<(), String> {
            match wire.len() - start - 1 {
                0 if text.is_empty() => Err("the name is empty".into()),
                0 => Err(filled!("the name '{}' has an empty label"; text)),
                n @ 1..=63 => {
                    wire[start] = n as u8;
                    Ok(())
                }
                n => Err(format!("a label of '{}' has {n} bytes, the limit is 63", short(text))),
            }
        };
        while let Some(&c) = bytes.get(i) {
            i += 1;
            match c {
                b'.' => {
                    close(&mut wire, start)?;
                    absolute = i == bytes.len();
                    if !absolute {
                        start = wire.len();
                        wire.push(0);
                    }
                }
                b'\\' => {
                    let (c, used) =
                        escape(&bytes[i..]).ok_or_else(|| filled!("the name '{}' has a bad escape"; short(text)))?;
                    wire.push(c);
                    i += used;
                }
                c => wire.push(c),
            }
        }
        if !absolute {
            close(&mut wire, start)?;
        }
        Name { wire }.checked().map(|name| (name, absolute))
    }

    /// Reads an absolute name, with or without the trailing dot.
    pub fn absolute(text: &str) -> Result<Name, String> {
        Name::parse(text).map(|(name, _)| name)
    }

    /// `self` below `origin`.
    pub fn join(&self, origin: &Name) -> Result<Name, String> {
        let mut wire = self.wire.clone();
        wire.extend_from_slice(&origin.wire);
        Name { wire }.checked()
    }

    fn checked(self) -> Result<Name, String> {
        // The root label takes the last of 255.
        if self.wire.len() > 254 {
            return Err(format!("a name of {} bytes is too long, the limit is 255", self.wire.len() + 1));
        }
        Ok(self)
    }

    /// Labels, the leftmost first.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire.as_slice();
        std::iter::from_fn(move || {
            let (&n, tail) = rest.split_first()?;
            let (label, tail) = tail.split_at_checked(usize::from(n))?;
            rest = tail;
            Some(label)
        })
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.wire.is_empty()
    }

    /// The name without its leftmost label.
    pub fn parent(&self) -> Option<Name> {
        let n = usize::from(*self.wire.first()?);
        Some(Name { wire: self.wire.get(n + 1..)?.to_vec() })
    }

    /// In lower case, which is how owners are stored.
    pub fn lower(mut self) -> Name {
        self.wire.make_ascii_lowercase();
        self
    }

    /// Bytes that sort as RFC 4034 orders names, without regard to case. A name's key is a prefix of the keys of the
    /// names below it, followed there by a zero byte.
    pub fn key(&self) -> Vec<u8> {
        let labels: Vec<&[u8]> = self.labels().collect();
        let mut key = Vec::with_capacity(self.wire.len() + 2);
        for label in labels.iter().rev() {
            key.push(0);
            for &c in *label {
                match c {
                    0 | 1 => key.extend([1, c + 1]),
                    c => key.push(c.to_ascii_lowercase()),
                }
            }
        }
        key
    }

    /// Whether this is `other` or below it.
    pub fn is_within(&self, other: &Name) -> bool {
        let (a, b) = (self.key(), other.key());
        a.starts_with(&b) && matches!(a.get(b.len()), None | Some(0))
    }

    /// Letters, digits and inner hyphens only, and not empty.
    pub fn is_hostname(&self) -> bool {
        !self.is_root()
            && self.labels().all(|l| {
                l.iter().all(|c| c.is_ascii_alphanumeric() || *c == b'-')
                    && l.first() != Some(&b'-')
                    && l.last() != Some(&b'-')
            })
    }

    /// As the tables keep it.
    pub fn stored(&self) -> String {
        match write_labels(self.labels(), false) {
            text if text.is_empty() => ".".into(),
            // Alone it would be read as the zone.
            text if text == "@" => "\\@".into(),
            text => text,
        }
    }

    /// As a zone file has it under `$ORIGIN origin`.
    pub fn file(&self, origin: &Name) -> String {
        let (mine, its) = (self.labels().count(), origin.labels().count());
        if self.is_root() {
            ".".into()
        } else if origin.is_root() || !self.is_within(origin) {
            write_labels(self.labels(), true) + "."
        } else if mine == its {
            "@".into()
        } else {
            write_labels(self.labels().take(mine - its), true)
        }
    }
}

/// The beginning of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => filled!("{}…"; &text[..end]),
        None => text.into(),
    }
}

fn write_labels<'a>(labels: impl Iterator<Item = &'a [u8]>, file: bool) -> String {
    let mut out = String::new();
    for (i, label) in labels.enumerate() {
        if i > 0 {
            out.push('.');
        }
        for &c in label {
            match c {
                b'.' | b'\\' | b'"' => out.extend(['\\', c as char]),
                b'(' | b')' | b';' | b'@' | b'$' if file => out.extend(['\\', c as char]),
                0x21..=0x7e => out.push(c as char),
                _ => {
                    let _ = write!(out, "\\{c:03}");
                }
            }
        }
    }
    out
}
