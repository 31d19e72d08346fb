//! Composite values over stored bytes.
//!
//! Stored bytes: number of fields (u32), per field its type's oid and the end offset of its bytes (u32 each), the NULL
//! bitmap (bit set: NULL), then the fields' stored bytes. Everything little-endian. An anonymous record that came from named
//! columns carries their names after that, each with its length (u16): only printing as JSON looks at them.

use tusklet_error::{Error, Result, err};

use crate::int::is_space;

/// A composite value read from its stored bytes.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    count: usize,
}

fn u32_at(b: &[u8], i: usize) -> usize {
    b.get(i..i + 4).map_or(0, |x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]) as usize)
}

impl<'a> Record<'a> {
    /// Reads stored bytes.
    pub fn decode(bytes: &'a [u8]) -> Result<Record<'a>> {
        let count = u32_at(bytes, 0);
        if bytes.len() < 4 || count > bytes.len() / 8 || bytes.len() < 4 + 8 * count + count.div_ceil(8) {
            return Err(err!(DATA_CORRUPTED, "stored composite value is damaged"));
        }
        Ok(Record { bytes, count })
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Type of field `i`.
    pub fn field_type(&self, i: usize) -> u32 {
        u32_at(self.bytes, 4 + 8 * i) as u32
    }

    /// Stored bytes of field `i`; `None` is NULL.
    pub fn field(&self, i: usize) -> Option<&'a [u8]> {
        let nulls = 4 + 8 * self.count;
        if i >= self.count || self.bytes.get(nulls + i / 8)? >> (i % 8) & 1 == 1 {
            return None;
        }
        let end = |i: usize| u32_at(self.bytes, 8 + 8 * i);
        let data = nulls + self.count.div_ceil(8);
        let start = if i == 0 { 0 } else { end(i - 1) };
        self.bytes.get(data + start..data + end(i))
    }

    /// Name of field `i`, when the record carries names.
    pub fn name(&self, i: usize) -> Option<&'a str> {
        let fields = if self.count == 0 { 0 } else { u32_at(self.bytes, 8 + 8 * (self.count - 1)) };
        let mut at = 4 + 8 * self.count + self.count.div_ceil(8) + fields;
        for k in 0..=i {
            let len = self.bytes.get(at..at + 2)?;
            let len = u16::from_le_bytes([len[0], len[1]]) as usize;
            if k == i {
                return std::str::from_utf8(self.bytes.get(at + 2..at + 2 + len)?).ok();
            }
            at += 2 + len;
        }
        None
    }
}

/// Appends the fields' names to a record's stored bytes.
pub fn add_names<'n>(record: &mut Vec<u8>, names: impl Iterator<Item = &'n str>) {
    for n in names {
        record.extend_from_slice(&(n.len() as u16).to_le_bytes());
        record.extend_from_slice(n.as_bytes());
    }
}

/// The stored bytes of a composite value: each field's type and stored bytes.
pub fn encode(fields: &[(u32, Option<&[u8]>)]) -> Vec<u8> {
    let mut out = (fields.len() as u32).to_le_bytes().to_vec();
    let mut end = 0u32;
    for (oid, v) in fields {
        end += v.map_or(0, <[u8]>::len) as u32;
        out.extend_from_slice(&oid.to_le_bytes());
        out.extend_from_slice(&end.to_le_bytes());
    }
    for chunk in fields.chunks(8) {
        out.push(chunk.iter().enumerate().fold(0, |b, (i, f)| b | u8::from(f.1.is_none()) << i));
    }
    fields.iter().for_each(|(_, v)| out.extend_from_slice(v.unwrap_or(&[])));
    out
}

/// Splits a record literal into `count` fields, each handed on before the next is looked at; `None` is NULL.
pub fn parse(s: &str, count: usize, field: &mut dyn FnMut(usize, Option<&str>) -> Result<()>) -> Result<()> {
    let malformed = |detail: &str| -> Error {
        err!(INVALID_TEXT_REPRESENTATION, "malformed record literal: \"{}\""; s).detail(detail)
    };
    let end = || malformed("Unexpected end of input.");
    let Some(mut rest) = s.trim_start_matches(is_space).strip_prefix('(') else {
        return Err(malformed("Missing left parenthesis."));
    };
    for i in 0..count {
        if i > 0 {
            rest = rest.strip_prefix(',').ok_or_else(|| malformed("Too few columns."))?;
        }
        if rest.starts_with([',', ')']) {
            field(i, None)?;
            continue;
        }
        let (text, tail) = take_field(rest, &[',', ')']).ok_or_else(end)?;
        field(i, Some(&text))?;
        rest = tail;
    }
    let rest = rest.strip_prefix(')').ok_or_else(|| malformed("Too many columns."))?;
    if !rest.trim_start_matches(is_space).is_empty() {
        return Err(malformed("Junk after right parenthesis."));
    }
    Ok(())
}

/// Reads one possibly quoted piece up to a stop character outside quotes; `None` when the text ends first.
pub(crate) fn take_field<'a>(s: &'a str, stops: &[char]) -> Option<(String, &'a str)> {
    let mut out = String::new();
    let mut quoted = false;
    let mut it = s.char_indices().peekable();
    while let Some((i, c)) = it.next() {
        match c {
            _ if !quoted && stops.contains(&c) => return Some((out, &s[i..])),
            '\\' => out.push(it.next()?.1),
            '"' if quoted && it.peek().is_some_and(|&(_, c)| c == '"') => {
                it.next();
                out.push('"');
            }
            '"' => quoted = !quoted,
            c => out.push(c),
        }
    }
    None
}

/// Appends a piece, quoted where it must be; quotes and backslashes are doubled.
pub(crate) fn quote_field(s: &str, special: &[char], out: &mut String) {
    if !s.is_empty() && !s.contains(|c| matches!(c, '"' | '\\') || special.contains(&c) || is_space(c)) {
        out.push_str(s);
        return;
    }
    out.push('"');
    for c in s.chars() {
        if c == '"' || c == '\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('"');
}

/// Writes a record from its fields' texts.
pub fn write<'a>(fields: impl IntoIterator<Item = Option<&'a str>>, out: &mut String) {
    out.push('(');
    for (i, f) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if let Some(f) = f {
            quote_field(f, &['(', ')', ','], out);
        }
    }
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read_and_write_as_postgresql_s() {
        let show = |s: &str| {
            let mut fields: Vec<Option<String>> = vec![];
            parse(s, 2, &mut |_, f| {
                fields.push(f.map(str::to_owned));
                Ok(())
            })
            .map(|()| {
                let mut out = String::new();
                write(fields.iter().map(Option::as_deref), &mut out);
                out
            })
        };
        for (input, expected) in [
            ("(1,a)", "(1,a)"),
            ("(,)", "(,)"),
            ("(1,\"a\"\"b\")", "(1,\"a\"\"b\")"),
            ("(1,a\\,b)", "(1,\"a,b\")"),
            (" (1,a) ", "(1,a)"),
            ("(1,\"\")", "(1,\"\")"),
            ("(\"1\",a\"b\"c)", "(1,abc)"),
            ("(1, a )", "(1,\" a \")"),
        ] {
            assert_eq!(show(input).unwrap(), expected);
        }
        for (input, detail) in [
            ("(1)", "Too few columns."),
            ("(1,2,3)", "Too many columns."),
            ("1,2", "Missing left parenthesis."),
            ("(1,2", "Unexpected end of input."),
            ("(1,\"a", "Unexpected end of input."),
            ("(1,(x))", "Junk after right parenthesis."),
        ] {
            assert_eq!(show(input).unwrap_err().report().detail.as_deref(), Some(detail), "{input}");
        }
    }

    #[test]
    fn stored_bytes_round_trip() {
        let b = encode(&[(23, Some(&[1, 0, 0, 0])), (25, None), (25, Some(b"xy"))]);
        let r = Record::decode(&b).unwrap();
        assert_eq!(
            (r.len(), r.field_type(1), r.field(0), r.field(1), r.field(2)),
            (3, 25, Some(&[1u8, 0, 0, 0][..]), None, Some(&b"xy"[..]))
        );
    }
}
