//! Multiranges: ranges of one type, sorted, none empty, none touching the next.
//!
//! Stored bytes: each range as its length (u32, little-endian) and its stored bytes. A single range stands for the
//! multirange of it alone, so operators between the two need no code of their own.

use std::cmp::Ordering;

use tusklet_error::{Result, SortShort, err};

use crate::int::is_space;
use crate::range::{Bound, Range, Subtype, make};

/// A multirange read from its stored bytes.
pub struct Multirange<'a>(Vec<Range<'a>>);

impl<'a> Multirange<'a> {
    /// Reads stored bytes.
    pub fn decode(b: &'a [u8]) -> Multirange<'a> {
        Multirange(parts(b).into_iter().map(Range::decode).collect())
    }

    /// The multirange of one range's stored bytes.
    pub fn of_range(b: &'a [u8]) -> Multirange<'a> {
        Multirange(Some(Range::decode(b)).into_iter().filter(|r| !r.empty).collect())
    }

    /// Has no ranges.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its ranges, in order.
    pub fn ranges(&self) -> &[Range<'a>] {
        &self.0
    }

    /// The lowest and the highest bound.
    pub fn ends(&self) -> Option<(Bound<'a>, Bound<'a>)> {
        Some((self.0.first()?.lower, self.0.last()?.upper))
    }

    fn both<'s>(&'s self, o: &'s Multirange<'_>) -> Option<[Bound<'s>; 4]> {
        let ((a, b), (c, d)) = (self.ends()?, o.ends()?);
        Some([a, b, c, d])
    }

    /// Range by range, then the shorter first.
    pub fn cmp(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> Ordering {
        let order = self.0.iter().zip(&o.0).map(|(a, b)| a.cmp(b, t)).find(|c| c.is_ne());
        order.unwrap_or(self.0.len().cmp(&o.0.len()))
    }

    /// `self @> value`.
    pub fn contains_value(&self, v: &[u8], t: &Subtype<'_>) -> bool {
        self.0.iter().any(|r| r.contains_value(v, t))
    }

    /// `self @> o`: as no two ranges of `self` touch, each of `o` must lie within one of them.
    pub fn contains(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> bool {
        o.0.iter().all(|b| self.0.iter().any(|a| a.contains(b, t)))
    }

    /// `self && o`.
    pub fn overlaps(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> bool {
        self.0.iter().any(|a| o.0.iter().any(|b| a.overlaps(b, t)))
    }

    /// `self << o`.
    pub fn before(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> bool {
        self.both(o).is_some_and(|[_, b, c, _]| b.cmp(&c, t).is_lt())
    }

    /// `self &< o`.
    pub fn over_left(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> bool {
        self.both(o).is_some_and(|[_, b, _, d]| b.cmp(&d, t).is_le())
    }

    /// `self &> o`.
    pub fn over_right(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> bool {
        self.both(o).is_some_and(|[a, _, c, _]| a.cmp(&c, t).is_ge())
    }

    /// `self -|- o`.
    pub fn adjacent(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> Result<bool> {
        let Some([a, b, c, d]) = self.both(o) else { return Ok(false) };
        Ok(Range::touch(&b, &c, t)? || Range::touch(&d, &a, t)?)
    }

    /// `self + o`.
    pub fn union(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        collect(self.0.iter().chain(&o.0).map(|r| r.to_bytes()).collect(), t)
    }

    /// `self * o`.
    pub fn intersect(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        let (mut i, mut j, mut out) = (0, 0, Vec::new());
        while let (Some(a), Some(b)) = (self.0.get(i), o.0.get(j)) {
            out.push(a.intersect(b, t)?);
            match a.upper.cmp(&b.upper, t) {
                Ordering::Less => i += 1,
                _ => j += 1,
            }
        }
        collect(out, t)
    }

    /// `self - o`.
    pub fn minus(&self, o: &Multirange<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for a in &self.0 {
            // What of `a` is left lies from `lower` on.
            let mut lower = Some(a.lower);
            for b in &o.0 {
                let Some(from) = lower else { break };
                if b.upper.cmp(&from, t).is_lt() {
                    continue;
                }
                if b.lower.cmp(&a.upper, t).is_gt() {
                    break;
                }
                if b.lower.cmp(&from, t).is_gt() {
                    out.push(make(from.value, b.lower.value, from.inclusive, !b.lower.inclusive, t)?);
                }
                lower = b.upper.cmp(&a.upper, t).is_lt().then_some(Bound { lower: true, inclusive: !b.upper.inclusive, ..b.upper });
            }
            if let Some(from) = lower {
                out.push(make(from.value, a.upper.value, from.inclusive, a.upper.inclusive, t)?);
            }
        }
        collect(out, t)
    }

    /// The smallest range around everything (`range_merge`).
    pub fn hull(&self, t: &Subtype<'_>) -> Result<Vec<u8>> {
        match self.ends() {
            None => Ok(crate::range::empty()),
            Some((l, u)) => make(l.value, u.value, l.inclusive, u.inclusive, t),
        }
    }

    /// Writes the multirange; `text` writes a bound.
    pub fn write(&self, text: &mut dyn FnMut(&[u8], &mut String) -> Result<()>, out: &mut String) -> Result<()> {
        out.push('{');
        for (i, r) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            r.write(text, out)?;
        }
        out.push('}');
        Ok(())
    }
}

/// The stored bytes of a multirange's ranges.
pub fn parts(mut b: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    while let Some((n, rest)) = b.split_first_chunk::<4>() {
        let n = (u32::from_le_bytes(*n) as usize).min(rest.len());
        out.push(&rest[..n]);
        b = &rest[n..];
    }
    out
}

/// A multirange from ranges' stored bytes, made canonical.
pub fn collect(mut ranges: Vec<Vec<u8>>, t: &Subtype<'_>) -> Result<Vec<u8>> {
    ranges.retain(|r| !Range::decode(r).empty);
    ranges.order_by(|a, b| Range::decode(a).cmp(&Range::decode(b), t));
    let mut merged: Vec<Vec<u8>> = Vec::new();
    for r in ranges {
        let range = Range::decode(&r);
        if let Some(last) = merged.last_mut() {
            let before = Range::decode(last);
            if before.overlaps(&range, t) || before.adjacent(&range, t)? {
                *last = before.merge(&range, t)?;
                continue;
            }
        }
        merged.push(r);
    }
    let mut out = Vec::new();
    for r in merged {
        out.extend_from_slice(&(r.len() as u32).to_le_bytes());
        out.extend_from_slice(&r);
    }
    Ok(out)
}

/// Hands out the range literals in a multirange literal as they come, so that the first mistake is the one told.
pub fn split(s: &str, range: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let malformed = |detail: &str| Err(err!(
        INVALID_TEXT_REPRESENTATION, "malformed multirange literal: \"{}\""; s
    ).detail(detail));
    let Some(body) = s.trim_start_matches(is_space).strip_prefix('{') else { return malformed("Missing left brace.") };
    let mut first = true;
    let mut rest = body;
    loop {
        rest = rest.trim_start_matches(is_space);
        let end = match rest.as_bytes() {
            [] => return malformed("Unexpected end of input."),
            [b'}', ..] if first => break,
            [b'(' | b'[', tail @ ..] => {
                let (mut quoted, mut escaped) = (false, false);
                let close = tail.iter().position(|c| {
                    match c {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => quoted = !quoted,
                        b')' | b']' => return !quoted,
                        _ => {}
                    }
                    false
                });
                match close {
                    Some(n) => n + 2,
                    None => return malformed("Unexpected end of input."),
                }
            }
            b if b.len() >= 5 && b[..5].eq_ignore_ascii_case(b"empty") => 5,
            _ => return malformed("Expected range start."),
        };
        let (literal, tail) = rest.split_at(end);
        range(literal)?;
        first = false;
        rest = tail.trim_start_matches(is_space);
        match rest.as_bytes() {
            [] => return malformed("Unexpected end of input."),
            [b',', ..] => rest = &rest[1..],
            [b'}', ..] => break,
            _ => return malformed("Expected comma or end of multirange."),
        }
    }
    match rest[1..].trim_start_matches(is_space) {
        "" => Ok(()),
        _ => malformed("Junk after closing right brace."),
    }
}
