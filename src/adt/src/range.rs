//! Ranges over stored bytes of any subtype.
//!
//! Stored bytes: flags, then the lower bound's length (u32, little-endian) and bytes if there is one, then the upper
//! bound's bytes if there is one. A range is always canonical: ranges without elements are the empty range, infinite bounds
//! are exclusive, and ranges of a discrete subtype are `[lower, upper)`. The subtype comes in as [`Subtype`].

use std::cmp::Ordering;

use tusklet_error::{Error, Result, bail, err};

use crate::int::is_space;
use crate::record::{quote_field, take_field};

const EMPTY: u8 = 1;
const LOWER_INC: u8 = 2;
const UPPER_INC: u8 = 4;
const LOWER_INF: u8 = 8;
const UPPER_INF: u8 = 16;

/// What a range needs of its subtype.
pub struct Subtype<'f> {
    /// Order of stored values.
    pub cmp: &'f dyn Fn(&[u8], &[u8]) -> Ordering,
    /// The next value, for discrete subtypes.
    pub next: Option<&'f dyn Fn(&[u8]) -> Result<Vec<u8>>>,
}

/// One end of a range; no value is infinity.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// Stored bytes.
    pub value: Option<&'a [u8]>,
    /// Whether the value itself belongs to the range.
    pub inclusive: bool,
    /// Which end.
    pub lower: bool,
}

/// A range read from its stored bytes.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a> {
    /// Has no elements; the bounds mean nothing then.
    pub empty: bool,
    /// Lower end.
    pub lower: Bound<'a>,
    /// Upper end.
    pub upper: Bound<'a>,
}

impl Bound<'_> {
    /// Order of bounds on the line (`range_cmp_bounds`).
    pub fn cmp(&self, o: &Bound<'_>, t: &Subtype<'_>) -> Ordering {
        let side = |lower: bool| if lower { Ordering::Less } else { Ordering::Greater };
        match (self.value, o.value) {
            (None, None) if self.lower == o.lower => Ordering::Equal,
            (None, _) => side(self.lower),
            (_, None) => side(o.lower).reverse(),
            (Some(a), Some(b)) => (t.cmp)(a, b).then_with(|| match (self.inclusive, o.inclusive) {
                (true, true) => Ordering::Equal,
                (false, false) if self.lower == o.lower => Ordering::Equal,
                (false, _) => side(self.lower).reverse(),
                (true, false) => side(o.lower),
            }),
        }
    }

    fn flipped(&self) -> Bound<'_> {
        Bound { lower: !self.lower, inclusive: !self.inclusive, ..*self }
    }
}

impl<'a> Range<'a> {
    /// Reads stored bytes; bytes that are none read as the empty range.
    pub fn decode(b: &'a [u8]) -> Range<'a> {
        let flags = b.first().copied().unwrap_or(EMPTY);
        let mut at = 1;
        let mut lower = None;
        if flags & (EMPTY | LOWER_INF) == 0 {
            let n = b.get(1..5).map_or(0, |x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]) as usize);
            lower = b.get(5..5 + n);
            at = 5 + n;
        }
        let upper = if flags & (EMPTY | UPPER_INF) == 0 { b.get(at..) } else { None };
        Range {
            empty: flags & EMPTY != 0,
            lower: Bound { value: lower, inclusive: flags & LOWER_INC != 0, lower: true },
            upper: Bound { value: upper, inclusive: flags & UPPER_INC != 0, lower: false },
        }
    }

    /// Order: the empty range first, then lower bounds, then upper bounds.
    pub fn cmp(&self, o: &Range<'_>, t: &Subtype<'_>) -> Ordering {
        match (self.empty, o.empty) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => self.lower.cmp(&o.lower, t).then_with(|| self.upper.cmp(&o.upper, t)),
        }
    }

    /// `self @> value`.
    pub fn contains_value(&self, v: &[u8], t: &Subtype<'_>) -> bool {
        let inside = |b: &Bound<'_>, beyond: Ordering| match b.value {
            None => true,
            Some(x) => match (t.cmp)(x, v) {
                Ordering::Equal => b.inclusive,
                c => c != beyond,
            },
        };
        !self.empty && inside(&self.lower, Ordering::Greater) && inside(&self.upper, Ordering::Less)
    }

    /// `self @> o`.
    pub fn contains(&self, o: &Range<'_>, t: &Subtype<'_>) -> bool {
        o.empty || (!self.empty && self.lower.cmp(&o.lower, t).is_le() && self.upper.cmp(&o.upper, t).is_ge())
    }

    /// `self && o`.
    pub fn overlaps(&self, o: &Range<'_>, t: &Subtype<'_>) -> bool {
        !self.empty && !o.empty && self.lower.cmp(&o.upper, t).is_le() && o.lower.cmp(&self.upper, t).is_le()
    }

    /// `self << o`.
    pub fn before(&self, o: &Range<'_>, t: &Subtype<'_>) -> bool {
        !self.empty && !o.empty && self.upper.cmp(&o.lower, t).is_lt()
    }

    /// `self &< o`.
    pub fn over_left(&self, o: &Range<'_>, t: &Subtype<'_>) -> bool {
        !self.empty && !o.empty && self.upper.cmp(&o.upper, t).is_le()
    }

    /// `self &> o`.
    pub fn over_right(&self, o: &Range<'_>, t: &Subtype<'_>) -> bool {
        !self.empty && !o.empty && self.lower.cmp(&o.lower, t).is_ge()
    }

    /// Whether nothing lies between an upper and a lower bound, and they do not overlap (`bounds_adjacent`).
    pub(crate) fn touch(a: &Bound<'_>, b: &Bound<'_>, t: &Subtype<'_>) -> Result<bool> {
        let (Some(x), Some(y)) = (a.value, b.value) else { return Ok(false) };
        Ok(match (t.cmp)(x, y) {
            Ordering::Equal => a.inclusive != b.inclusive,
            Ordering::Greater => false,
            // For a discrete subtype there may be no value between them.
            Ordering::Less => t.next.is_some() && Range::decode(&make(a.flipped().value, b.flipped().value, !a.inclusive, !b.inclusive, t)?).empty,
        })
    }

    /// `self -|- o`.
    pub fn adjacent(&self, o: &Range<'_>, t: &Subtype<'_>) -> Result<bool> {
        Ok(!self.empty && !o.empty && (Range::touch(&self.upper, &o.lower, t)? || Range::touch(&o.upper, &self.lower, t)?))
    }

    fn span(&self, o: &Range<'_>, t: &Subtype<'_>, hull: bool) -> Result<Vec<u8>> {
        let lower = if self.lower.cmp(&o.lower, t).is_lt() == hull { self.lower } else { Bound { ..o.lower } };
        let upper = if self.upper.cmp(&o.upper, t).is_gt() == hull { self.upper } else { Bound { ..o.upper } };
        make(lower.value, upper.value, lower.inclusive, upper.inclusive, t)
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        if self.empty { vec![EMPTY] } else { encode(self.lower.value, self.upper.value, self.lower.inclusive, self.upper.inclusive) }
    }

    /// `self * o`.
    pub fn intersect(&self, o: &Range<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        if !self.overlaps(o, t) { Ok(vec![EMPTY]) } else { self.span(o, t, false) }
    }

    /// `range_merge`.
    pub fn merge(&self, o: &Range<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        match (self.empty, o.empty) {
            (true, _) => Ok(o.to_bytes()),
            (_, true) => Ok(self.to_bytes()),
            _ => self.span(o, t, true),
        }
    }

    /// `self + o`.
    pub fn union(&self, o: &Range<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        if !self.empty && !o.empty && !self.overlaps(o, t) && !self.adjacent(o, t)? {
            bail!(DATA_EXCEPTION, "result of range union would not be contiguous");
        }
        self.merge(o, t)
    }

    /// `self - o`.
    pub fn minus(&self, o: &Range<'_>, t: &Subtype<'_>) -> Result<Vec<u8>> {
        if !self.overlaps(o, t) {
            return Ok(self.to_bytes());
        }
        let starts_before = self.lower.cmp(&o.lower, t).is_lt();
        let ends_after = self.upper.cmp(&o.upper, t).is_gt();
        match (starts_before, ends_after) {
            (true, true) => bail!(DATA_EXCEPTION, "result of range difference would not be contiguous"),
            (false, false) => Ok(vec![EMPTY]),
            (true, false) => make(self.lower.value, o.lower.value, self.lower.inclusive, !o.lower.inclusive, t),
            (false, true) => make(o.upper.value, self.upper.value, !o.upper.inclusive, self.upper.inclusive, t),
        }
    }

    /// Hash from the bounds' hashes.
    pub fn hash(&self, hash: &dyn Fn(&[u8]) -> u64) -> u64 {
        if self.empty {
            return crate::hash::word(1);
        }
        let one = |b: &Bound<'_>| crate::hash::combine(u64::from(b.inclusive), b.value.map_or(0, hash));
        crate::hash::combine(one(&self.lower), one(&self.upper))
    }

    /// Writes the range; `text` writes a bound.
    pub fn write(&self, text: &mut dyn FnMut(&[u8], &mut String) -> Result<()>, out: &mut String) -> Result<()> {
        if self.empty {
            out.push_str("empty");
            return Ok(());
        }
        out.push(if self.lower.inclusive { '[' } else { '(' });
        let mut bound = |b: &Bound<'_>, out: &mut String| -> Result<()> {
            if let Some(v) = b.value {
                let mut s = String::new();
                text(v, &mut s)?;
                quote_field(&s, &['(', ')', '[', ']', ','], out);
            }
            Ok(())
        };
        bound(&self.lower, out)?;
        out.push(',');
        bound(&self.upper, out)?;
        out.push(if self.upper.inclusive { ']' } else { ')' });
        Ok(())
    }
}

fn encode(lower: Option<&[u8]>, upper: Option<&[u8]>, lower_inc: bool, upper_inc: bool) -> Vec<u8> {
    let mut flags = 0;
    flags |= if lower.is_none() { LOWER_INF } else if lower_inc { LOWER_INC } else { 0 };
    flags |= if upper.is_none() { UPPER_INF } else if upper_inc { UPPER_INC } else { 0 };
    let mut out = vec![flags];
    if let Some(l) = lower {
        out.extend_from_slice(&(l.len() as u32).to_le_bytes());
        out.extend_from_slice(l);
    }
    out.extend_from_slice(upper.unwrap_or(&[]));
    out
}

/// The empty range.
pub fn empty() -> Vec<u8> {
    vec![EMPTY]
}

/// A range from its bounds, made canonical.
pub fn make(lower: Option<&[u8]>, upper: Option<&[u8]>, lower_inc: bool, upper_inc: bool, t: &Subtype<'_>) -> Result<Vec<u8>> {
    let nothing = |l: Option<&[u8]>, u: Option<&[u8]>, both: bool| -> Result<bool> {
        let (Some(l), Some(u)) = (l, u) else { return Ok(false) };
        match (t.cmp)(l, u) {
            Ordering::Greater => bail!(DATA_EXCEPTION, "range lower bound must be less than or equal to range upper bound"),
            Ordering::Equal => Ok(!both),
            Ordering::Less => Ok(false),
        }
    };
    if nothing(lower, upper, lower_inc && upper_inc)? {
        return Ok(vec![EMPTY]);
    }
    let Some(next) = t.next else { return Ok(encode(lower, upper, lower_inc, upper_inc)) };
    // What is its own successor (an infinite date) stays as it was given.
    let step = |v: Option<&[u8]>, inc: bool, wanted: bool| -> Result<(Option<Vec<u8>>, bool)> {
        let Some(v) = v else { return Ok((None, wanted)) };
        let stepped = if inc == wanted { v.to_vec() } else { next(v)? };
        let inc = if stepped == v { inc } else { wanted };
        Ok((Some(stepped), inc))
    };
    let (l, lower_inc) = step(lower, lower_inc, true)?;
    let (u, upper_inc) = step(upper, upper_inc, false)?;
    // (1,2) of integers has bounds in order but no element.
    if let (Some(l), Some(u)) = (&l, &u)
        && (t.cmp)(l, u).is_ge()
        && !(lower_inc && upper_inc && l == u)
    {
        return Ok(vec![EMPTY]);
    }
    Ok(encode(l.as_deref(), u.as_deref(), lower_inc, upper_inc))
}

/// The inclusiveness flags of the three-argument constructors.
pub fn parse_flags(s: &str) -> Result<(bool, bool)> {
    match s {
        "[]" => Ok((true, true)),
        "[)" => Ok((true, false)),
        "(]" => Ok((false, true)),
        "()" => Ok((false, false)),
        _ => Err(err!(SYNTAX_ERROR, "invalid range bound flags").hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\".")),
    }
}

/// Reads a range literal; `read` turns a bound's text into stored bytes.
pub fn parse(s: &str, read: &mut dyn FnMut(&str) -> Result<Vec<u8>>, t: &Subtype<'_>) -> Result<Vec<u8>> {
    let malformed = |detail: &str| -> Error { err!(
        INVALID_TEXT_REPRESENTATION, "malformed range literal: \"{}\""; s
    ).detail(detail) };
    let end = || malformed("Unexpected end of input.");
    let body = s.trim_start_matches(is_space);
    if body.len() >= 5 && body.is_char_boundary(5) && body[..5].eq_ignore_ascii_case("empty") {
        if !body[5..].trim_start_matches(is_space).is_empty() {
            return Err(malformed("Junk after \"empty\" key word."));
        }
        return Ok(vec![EMPTY]);
    }
    let lower_inc = body.starts_with('[');
    let mut rest = body.strip_prefix(['[', '(']).ok_or_else(|| malformed("Missing left parenthesis or bracket."))?;
    let bound = |rest: &mut &str| -> Result<Option<String>> {
        if rest.starts_with([',', ')', ']']) {
            return Ok(None);
        }
        let (v, tail) = take_field(rest, &[',', ')', ']']).ok_or_else(end)?;
        *rest = tail;
        Ok(Some(v))
    };
    let lower = bound(&mut rest)?;
    rest = rest.strip_prefix(',').ok_or_else(|| malformed("Missing comma after lower bound."))?;
    let upper = bound(&mut rest)?;
    let upper_inc = rest.starts_with(']');
    rest = rest.strip_prefix([']', ')']).ok_or_else(|| malformed("Too many commas."))?;
    if !rest.trim_start_matches(is_space).is_empty() {
        return Err(malformed("Junk after right parenthesis or bracket."));
    }
    let lower = lower.map(|v| read(&v)).transpose()?;
    let upper = upper.map(|v| read(&v)).transpose()?;
    make(lower.as_deref(), upper.as_deref(), lower_inc, upper_inc, t)
}

#[cfg(test)]
mod tests;
