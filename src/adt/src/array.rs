//! Arrays over stored bytes of any element type.
//!
//! Stored bytes: element type oid (u32), number of dimensions (u8), flags (u8, bit 0: has NULLs), per dimension length and
//! lower bound (i32 each); then for `n` elements the end offsets (u32 each), the NULL bitmap if there is one (bit set:
//! NULL), and the elements' stored bytes. Everything little-endian. An empty array has no dimensions.
//!
//! What depends on the element type comes in as a closure: reading, writing, comparing.

use std::cmp::Ordering;

use tusklet_error::{Error, Result, bail, err};

use crate::int::is_space;

/// PostgreSQL's limit.
pub const MAX_DIM: usize = 6;
/// The most elements an array can have.
const MAX_ELEMENTS: usize = 134_217_727;

/// One dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dim {
    /// Number of elements.
    pub len: i32,
    /// Index of the first.
    pub lower: i32,
}

/// An array read from its stored bytes.
#[derive(Clone, Debug)]
pub struct Array<'a> {
    /// Element type.
    pub element: u32,
    /// Dimensions; none for an empty array.
    pub dims: Vec<Dim>,
    count: usize,
    ends: &'a [u8],
    nulls: Option<&'a [u8]>,
    data: &'a [u8],
}

fn u32_at(b: &[u8], at: usize) -> Option<u32> {
    b.get(at..at + 4).map(|x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]))
}

#[cold]
fn subscript_range() -> Error {
    err!(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range")
}

#[cold]
fn too_big() -> Error {
    err!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({MAX_ELEMENTS})")
}

/// Number of elements of these dimensions. That there are too many is said before that a bound is too large (`ArrayGetNItems`,
/// `ArrayCheckBounds`), and a dimension of none makes none of however many.
fn item_count(dims: &[Dim]) -> Result<usize> {
    let mut n = i32::from(!dims.is_empty());
    for d in dims {
        n = n.checked_mul(d.len.max(0)).ok_or_else(too_big)?;
    }
    if n as usize > MAX_ELEMENTS {
        return Err(too_big());
    }
    if let Some(d) = dims.iter().find(|d| d.lower.checked_add(d.len).is_none()) {
        bail!(PROGRAM_LIMIT_EXCEEDED, "array lower bound is too large: {}", d.lower);
    }
    Ok(n as usize)
}

impl<'a> Array<'a> {
    /// Reads stored bytes.
    pub fn decode(b: &'a [u8]) -> Result<Array<'a>> {
        Array::read(b).ok_or_else(|| err!(DATA_CORRUPTED, "stored array is damaged"))
    }

    fn read(b: &'a [u8]) -> Option<Array<'a>> {
        let element = u32_at(b, 0)?;
        let ndim = usize::from(*b.get(4)?);
        let flags = *b.get(5)?;
        let mut dims = Vec::with_capacity(ndim);
        let mut at = 6;
        for _ in 0..ndim {
            dims.push(Dim { len: u32_at(b, at)? as i32, lower: u32_at(b, at + 4)? as i32 });
            at += 8;
        }
        let count = item_count(&dims).ok()?;
        let ends = b.get(at..at + 4 * count)?;
        at += 4 * count;
        let nulls = if flags & 1 == 1 {
            let n = b.get(at..at + count.div_ceil(8))?;
            at += n.len();
            Some(n)
        } else {
            None
        };
        Some(Array { element, dims, count, ends, nulls, data: b.get(at..)? })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether some element is NULL.
    pub fn has_nulls(&self) -> bool {
        self.nulls.is_some_and(|n| n.iter().any(|&b| b != 0))
    }

    /// Element `i` in storage order; `None` is NULL.
    pub fn item(&self, i: usize) -> Option<&'a [u8]> {
        if i >= self.count || self.nulls.is_some_and(|n| n[i / 8] >> (i % 8) & 1 == 1) {
            return None;
        }
        let start = if i == 0 { 0 } else { u32_at(self.ends, 4 * (i - 1))? };
        self.data.get(start as usize..u32_at(self.ends, 4 * i)? as usize)
    }

    /// Elements in storage order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&'a [u8]>> + '_ {
        (0..self.count).map(|i| self.item(i))
    }

    /// Storage position of a subscript list; `None` when it lies outside.
    fn position_of(&self, subscripts: &[i32]) -> Option<usize> {
        if subscripts.len() != self.dims.len() {
            return None;
        }
        let mut at = 0usize;
        for (d, &s) in self.dims.iter().zip(subscripts) {
            let i = i64::from(s) - i64::from(d.lower);
            if i < 0 || i >= i64::from(d.len) {
                return None;
            }
            at = at * d.len as usize + i as usize;
        }
        Some(at)
    }

    /// `array[i][j]…`: NULL outside the bounds or with the wrong number of subscripts.
    pub fn get(&self, subscripts: &[i32]) -> Option<&'a [u8]> {
        self.position_of(subscripts).and_then(|i| self.item(i))
    }

    /// `array[a:b][c:d]…`: the part inside the bounds, lower bounds one; missing bounds and dimensions are whole.
    pub fn slice(&self, bounds: &[(Option<i32>, Option<i32>)]) -> Result<Vec<u8>> {
        let empty = || ArrayBuilder::new(self.element).finish_1d();
        if self.dims.len() < bounds.len() || self.dims.is_empty() {
            return empty();
        }
        let mut ranges = Vec::with_capacity(self.dims.len());
        for (i, d) in self.dims.iter().enumerate() {
            let last = i64::from(d.lower) + i64::from(d.len) - 1;
            let (lo, hi) = bounds.get(i).copied().unwrap_or((None, None));
            let lo = lo.map_or(i64::from(d.lower), i64::from).max(i64::from(d.lower));
            let hi = hi.map_or(last, i64::from).min(last);
            if lo > hi {
                return empty();
            }
            ranges.push(((lo - i64::from(d.lower)) as usize, (hi - lo + 1) as usize));
        }
        let dims: Vec<Dim> = ranges.iter().map(|&(_, n)| Dim { len: n as i32, lower: 1 }).collect();
        let mut out = ArrayBuilder::new(self.element);
        self.for_each_in(&ranges, |i| out.push(self.item(i)));
        out.finish(&dims)
    }

    /// Visits the storage positions of a box given as (first, length) per dimension.
    fn for_each_in(&self, ranges: &[(usize, usize)], mut f: impl FnMut(usize)) {
        let mut at = vec![0usize; ranges.len()];
        loop {
            let mut i = 0;
            for (k, d) in self.dims.iter().enumerate() {
                i = i * d.len as usize + ranges[k].0 + at[k];
            }
            f(i);
            let mut k = ranges.len();
            loop {
                if k == 0 {
                    return;
                }
                k -= 1;
                at[k] += 1;
                if at[k] < ranges[k].1 {
                    break;
                }
                at[k] = 0;
            }
        }
    }

    fn copy_into(&self, out: &mut ArrayBuilder) {
        self.iter().for_each(|x| out.push(x));
    }

    /// The array with `array[subscripts] = value`; a one-dimensional one grows, with NULLs in the gap.
    pub fn set(&self, subscripts: &[i32], value: Option<&[u8]>) -> Result<Vec<u8>> {
        let mut out = ArrayBuilder::new(self.element);
        if self.dims.is_empty() {
            if subscripts.len() > MAX_DIM {
                return Err(too_many_dimensions(subscripts.len()));
            }
            out.push(value);
            let dims: Vec<Dim> = subscripts.iter().map(|&s| Dim { len: 1, lower: s }).collect();
            return out.finish(&dims);
        }
        if self.dims.len() != subscripts.len() {
            bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
        }
        if let Some(at) = self.position_of(subscripts) {
            for i in 0..self.count {
                out.push(if i == at { value } else { self.item(i) });
            }
            return out.finish(&self.dims);
        }
        let [d] = self.dims[..] else { return Err(subscript_range()) };
        let s = subscripts[0];
        let (before, after) = (i64::from(d.lower) - i64::from(s), i64::from(s) - i64::from(d.lower) - i64::from(d.len));
        if before.max(after) > MAX_ELEMENTS as i64 {
            return Err(too_big());
        }
        if before > 0 {
            out.push(value);
            (1..before).for_each(|_| out.push(None));
            self.copy_into(&mut out);
            return out.finish(&[Dim { len: d.len + before as i32, lower: s }]);
        }
        self.copy_into(&mut out);
        (0..after).for_each(|_| out.push(None));
        out.push(value);
        out.finish(&[Dim { len: d.len + after as i32 + 1, lower: d.lower }])
    }

    /// The array with `array[a:b]… = source`.
    pub fn set_slice(&self, bounds: &[(Option<i32>, Option<i32>)], source: &Array<'_>) -> Result<Vec<u8>> {
        let small = || err!(ARRAY_SUBSCRIPT_ERROR, "source array too small");
        let mut out = ArrayBuilder::new(self.element);
        if self.dims.is_empty() {
            let mut dims = Vec::new();
            for &(lo, hi) in bounds {
                let (Some(lo), Some(hi)) = (lo, hi) else {
                    return Err(err!(ARRAY_SUBSCRIPT_ERROR, "array slice subscript must provide both boundaries")
                        .detail("When assigning to a slice of an empty array value, slice boundaries must be fully specified."));
                };
                if lo > hi {
                    bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
                }
                let len = hi.checked_sub(lo).and_then(|n| n.checked_add(1)).ok_or_else(too_big)?;
                dims.push(Dim { len, lower: lo });
            }
            let n = item_count(&dims)?;
            if source.len() < n {
                return Err(small());
            }
            (0..n).for_each(|i| out.push(source.item(i)));
            return out.finish(&dims);
        }
        if self.dims.len() < bounds.len() {
            bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
        }
        let mut dims = self.dims.clone();
        let mut ranges = Vec::new();
        for (i, d) in self.dims.iter().enumerate() {
            let last = i64::from(d.lower) + i64::from(d.len) - 1;
            let (lo, hi) = bounds.get(i).copied().unwrap_or((None, None));
            let (lo, hi) = (lo.map_or(i64::from(d.lower), i64::from), hi.map_or(last, i64::from));
            if lo > hi {
                bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
            }
            if self.dims.len() > 1 && (lo < i64::from(d.lower) || hi > last) {
                return Err(subscript_range());
            }
            let (first, end) = (lo.min(i64::from(d.lower)), hi.max(last));
            if end - first >= MAX_ELEMENTS as i64 {
                return Err(too_big());
            }
            dims[i] = Dim { len: (end - first + 1) as i32, lower: first as i32 };
            ranges.push((lo, hi));
        }
        if let ([d], [(lo, hi)]) = (&dims[..], &ranges[..]) {
            if (source.len() as i64) < hi - lo + 1 {
                return Err(small());
            }
            for s in i64::from(d.lower)..i64::from(d.lower) + i64::from(d.len) {
                out.push(if s >= *lo && s <= *hi { source.item((s - lo) as usize) } else { self.get(&[s as i32]) });
            }
            return out.finish(&dims);
        }
        let boxes: Vec<(usize, usize)> =
            ranges.iter().zip(&self.dims).map(|(&(lo, hi), d)| ((lo - i64::from(d.lower)) as usize, (hi - lo + 1) as usize)).collect();
        let mut inside = vec![usize::MAX; self.count];
        let mut k = 0;
        self.for_each_in(&boxes, |i| {
            inside[i] = k;
            k += 1;
        });
        if source.len() < k {
            return Err(small());
        }
        for (i, &k) in inside.iter().enumerate() {
            out.push(if k == usize::MAX { self.item(i) } else { source.item(k) });
        }
        out.finish(&self.dims)
    }

    /// `array_append`.
    pub fn append(&self, value: Option<&[u8]>) -> Result<Vec<u8>> {
        match self.dims[..] {
            [] => self.set(&[1], value),
            [d] => self.set(&[d.lower.checked_add(d.len).ok_or_else(crate::int::int4_range)?], value),
            _ => Err(not_one_dimensional()),
        }
    }

    /// `array_prepend`: keeps the lower bound.
    pub fn prepend(&self, value: Option<&[u8]>) -> Result<Vec<u8>> {
        let mut out = ArrayBuilder::new(self.element);
        let lower = match self.dims[..] {
            [] => 1,
            [d] => d.lower,
            _ => return Err(not_one_dimensional()),
        };
        out.push(value);
        self.copy_into(&mut out);
        out.finish(&[Dim { len: self.count as i32 + 1, lower }])
    }

    /// `array_cat`.
    pub fn cat(&self, o: &Array<'_>) -> Result<Vec<u8>> {
        let mut out = ArrayBuilder::new(self.element);
        if self.dims.is_empty() || o.dims.is_empty() {
            let full = if self.dims.is_empty() { o } else { self };
            full.copy_into(&mut out);
            return out.finish(&full.dims);
        }
        let incompatible = |detail: String| err!(ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays").detail(detail);
        let (a, b) = (&self.dims, &o.dims);
        let same = |x: &[Dim], y: &[Dim]| x == y;
        let mut dims;
        if a.len() == b.len() {
            if !same(&a[1..], &b[1..]) {
                return Err(incompatible("Arrays with differing element dimensions are not compatible for concatenation.".into()));
            }
            dims = a.clone();
            dims[0].len = a[0].len.checked_add(b[0].len).ok_or_else(too_big)?;
        } else if a.len() + 1 == b.len() || a.len() == b.len() + 1 {
            let (outer, inner) = if a.len() < b.len() { (b, a) } else { (a, b) };
            if !same(&outer[1..], inner) {
                return Err(incompatible("Arrays with differing dimensions are not compatible for concatenation.".into()));
            }
            dims = outer.clone();
            dims[0].len += 1;
        } else {
            return Err(incompatible(format!(
                "Arrays of {} and {} dimensions are not compatible for concatenation.",
                a.len(),
                b.len()
            )));
        }
        self.copy_into(&mut out);
        o.copy_into(&mut out);
        out.finish(&dims)
    }

    /// `array_dims`; NULL when empty.
    pub fn dims_text(&self) -> Option<String> {
        if self.dims.is_empty() {
            return None;
        }
        Some(self.dims.iter().map(|d| format!("[{}:{}]", d.lower, d.lower + d.len - 1)).collect())
    }

    fn dim(&self, n: i32) -> Option<Dim> {
        usize::try_from(n).ok().and_then(|n| n.checked_sub(1)).and_then(|n| self.dims.get(n)).copied()
    }

    /// `array_lower`.
    pub fn lower(&self, n: i32) -> Option<i32> {
        self.dim(n).map(|d| d.lower)
    }

    /// `array_upper`.
    pub fn upper(&self, n: i32) -> Option<i32> {
        self.dim(n).map(|d| d.lower + d.len - 1)
    }

    /// `array_length`.
    pub fn length(&self, n: i32) -> Option<i32> {
        self.dim(n).map(|d| d.len)
    }

    /// Order (`btarraycmp`): elements first, NULL above everything, then size, then shape.
    pub fn cmp(&self, o: &Array<'_>, compare: &dyn Fn(&[u8], &[u8]) -> Ordering) -> Ordering {
        for i in 0..self.count.min(o.count) {
            let c = match (self.item(i), o.item(i)) {
                (None, None) => Ordering::Equal,
                (None, _) => Ordering::Greater,
                (_, None) => Ordering::Less,
                (Some(a), Some(b)) => compare(a, b),
            };
            if c != Ordering::Equal {
                return c;
            }
        }
        let shape = |d: &Dim| (d.len, d.lower);
        self.count
            .cmp(&o.count)
            .then(self.dims.len().cmp(&o.dims.len()))
            .then_with(|| self.dims.iter().map(|d| d.len).cmp(o.dims.iter().map(|d| d.len)))
            .then_with(|| self.dims.iter().map(shape).cmp(o.dims.iter().map(shape)))
    }

    /// Equality: the same shape and equal elements.
    pub fn equals(&self, o: &Array<'_>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
        self.dims == o.dims
            && self.iter().zip(o.iter()).all(|(a, b)| match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => equal(a, b),
                _ => false,
            })
    }

    /// Hash from the elements' hashes.
    pub fn hash(&self, hash: &dyn Fn(&[u8]) -> u64) -> u64 {
        self.iter().fold(1, |h, x| crate::hash::combine(h, x.map_or(0, hash)))
    }

    /// `self @> o`: every element of `o` equals one of `self`; NULL equals nothing.
    pub fn contains(&self, o: &Array<'_>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
        o.iter().all(|x| x.is_some_and(|x| self.iter().flatten().any(|y| equal(x, y))))
    }

    /// `self && o`.
    pub fn overlaps(&self, o: &Array<'_>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
        o.iter().flatten().any(|x| self.iter().flatten().any(|y| equal(x, y)))
    }

    fn is_match(x: Option<&[u8]>, value: Option<&[u8]>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> bool {
        match (x, value) {
            (None, None) => true,
            (Some(a), Some(b)) => equal(a, b),
            _ => false,
        }
    }

    /// Subscripts of all elements that are `value` (NULL matches NULL), as `array_positions`.
    pub fn positions(&self, value: Option<&[u8]>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<Vec<i32>> {
        if self.dims.len() > 1 {
            bail!(FEATURE_NOT_SUPPORTED, "searching for elements in multidimensional arrays is not supported");
        }
        let lower = self.dims.first().map_or(1, |d| d.lower);
        Ok((0..self.count).filter(|&i| Array::is_match(self.item(i), value, equal)).map(|i| lower + i as i32).collect())
    }

    /// `array_position(array, value, start)`.
    pub fn position(&self, value: Option<&[u8]>, start: Option<i32>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<Option<i32>> {
        Ok(self.positions(value, equal)?.into_iter().find(|&p| start.is_none_or(|s| p >= s)))
    }

    /// `array_remove`.
    pub fn remove(&self, value: Option<&[u8]>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<Vec<u8>> {
        if self.dims.len() > 1 {
            bail!(FEATURE_NOT_SUPPORTED, "removing elements from multidimensional arrays is not supported");
        }
        let mut out = ArrayBuilder::new(self.element);
        self.iter().filter(|&x| !Array::is_match(x, value, equal)).for_each(|x| out.push(x));
        let dims: Vec<Dim> = self.dims.iter().filter(|_| out.len() > 0).map(|d| Dim { len: out.len() as i32, ..*d }).collect();
        out.finish(&dims)
    }

    /// `array_replace`.
    pub fn replace(&self, from: Option<&[u8]>, to: Option<&[u8]>, equal: &dyn Fn(&[u8], &[u8]) -> bool) -> Result<Vec<u8>> {
        let mut out = ArrayBuilder::new(self.element);
        self.iter().for_each(|x| out.push(if Array::is_match(x, from, equal) { to } else { x }));
        out.finish(&self.dims)
    }

    /// `trim_array(array, n)`.
    pub fn trim(&self, n: i32) -> Result<Vec<u8>> {
        let len = self.dims.first().map_or(0, |d| d.len);
        if n < 0 || n > len {
            bail!(ARRAY_ELEMENT_ERROR, "number of elements to trim must be between 0 and {len}");
        }
        match self.dims.first() {
            Some(d) => self.slice(&[(None, Some(d.lower + d.len - 1 - n))]),
            None => ArrayBuilder::new(self.element).finish_1d(),
        }
    }

    /// `array_out`; `text` writes one element.
    pub fn write(&self, delimiter: char, text: &mut dyn FnMut(&[u8], &mut String) -> Result<()>, out: &mut String) -> Result<()> {
        if self.dims.is_empty() {
            out.push_str("{}");
            return Ok(());
        }
        if self.dims.iter().any(|d| d.lower != 1) {
            for d in &self.dims {
                out.push_str(&format!("[{}:{}]", d.lower, d.lower + d.len - 1));
            }
            out.push('=');
        }
        // Sizes of the sub-arrays: a brace opens and closes at their borders.
        let mut sizes: Vec<usize> = self.dims.iter().rev().scan(1, |n, d| {
            *n *= d.len as usize;
            Some(*n)
        }).collect();
        sizes.reverse();
        let mut piece = String::new();
        for i in 0..self.count {
            if i > 0 {
                out.push(delimiter);
            }
            sizes.iter().filter(|&&n| i % n == 0).for_each(|_| out.push('{'));
            match self.item(i) {
                None => out.push_str("NULL"),
                Some(x) => {
                    piece.clear();
                    text(x, &mut piece)?;
                    quote_element(&piece, delimiter, out);
                }
            }
            sizes.iter().filter(|&&n| (i + 1) % n == 0).for_each(|_| out.push('}'));
        }
        Ok(())
    }

    /// Appends the binary form of the protocol; `send` writes one element's.
    pub fn send(&self, send: &mut dyn FnMut(&[u8], &mut Vec<u8>) -> Result<()>, out: &mut Vec<u8>) -> Result<()> {
        for n in [self.dims.len() as u32, u32::from(self.has_nulls()), self.element] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        for d in &self.dims {
            out.extend_from_slice(&d.len.to_be_bytes());
            out.extend_from_slice(&d.lower.to_be_bytes());
        }
        for x in self.iter() {
            let at = out.len();
            out.extend_from_slice(&(-1i32).to_be_bytes());
            if let Some(x) = x {
                send(x, out)?;
                let n = (out.len() - at - 4) as i32;
                out[at..at + 4].copy_from_slice(&n.to_be_bytes());
            }
        }
        Ok(())
    }
}

#[cold]
fn not_one_dimensional() -> Error {
    err!(DATA_EXCEPTION, "argument must be empty or one-dimensional array")
}

#[cold]
fn too_many_dimensions(n: usize) -> Error {
    err!(PROGRAM_LIMIT_EXCEEDED, "number of array dimensions ({n}) exceeds the maximum allowed ({MAX_DIM})")
}

fn quote_element(s: &str, delimiter: char, out: &mut String) {
    let special = |c: char| matches!(c, '"' | '\\' | '{' | '}') || c == delimiter || is_space(c);
    if !s.is_empty() && !s.eq_ignore_ascii_case("null") && !s.contains(special) {
        out.push_str(s);
        return;
    }
    out.push('"');
    for c in s.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Collects elements into an array.
#[derive(Clone, Debug)]
pub struct ArrayBuilder {
    element: u32,
    ends: Vec<u32>,
    nulls: Vec<u8>,
    any_null: bool,
    data: Vec<u8>,
}

impl ArrayBuilder {
    /// An empty builder for an element type.
    pub fn new(element: u32) -> ArrayBuilder {
        ArrayBuilder { element, ends: Vec::new(), nulls: Vec::new(), any_null: false, data: Vec::new() }
    }

    /// Bytes of the elements that are in.
    pub fn data_len(&self) -> usize {
        self.data.len()
    }

    /// Appends an element's stored bytes; `None` is NULL. Offsets are 32 bits: who adds without bound asks [`Self::data_len`].
    pub fn push(&mut self, x: Option<&[u8]>) {
        let i = self.ends.len();
        if i.is_multiple_of(8) {
            self.nulls.push(0);
        }
        match x {
            Some(x) => self.data.extend_from_slice(x),
            None => {
                self.nulls[i / 8] |= 1 << (i % 8);
                self.any_null = true;
            }
        }
        self.ends.push(self.data.len() as u32);
    }

    /// How many are in.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether none is in.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The stored bytes with lower bound one.
    pub fn finish_1d(self) -> Result<Vec<u8>> {
        let n = self.ends.len() as i32;
        if n == 0 { self.finish(&[]) } else { self.finish(&[Dim { len: n, lower: 1 }]) }
    }

    /// The stored bytes with these dimensions; a dimension of length zero makes the array empty.
    pub fn finish(self, dims: &[Dim]) -> Result<Vec<u8>> {
        if dims.len() > MAX_DIM {
            return Err(too_many_dimensions(dims.len()));
        }
        let n = item_count(dims)?;
        let dims = if n == 0 { &[] } else { dims };
        if n != self.ends.len() {
            return Err(Error::internal("array dimensions do not match its elements"));
        }
        if self.data.len() > 0x3fff_ffff {
            return Err(too_big());
        }
        let mut out = Vec::with_capacity(6 + 8 * dims.len() + 5 * n + self.data.len());
        out.extend_from_slice(&self.element.to_le_bytes());
        out.push(dims.len() as u8);
        out.push(u8::from(self.any_null));
        for d in dims {
            out.extend_from_slice(&d.len.to_le_bytes());
            out.extend_from_slice(&d.lower.to_le_bytes());
        }
        self.ends.iter().for_each(|e| out.extend_from_slice(&e.to_le_bytes()));
        if self.any_null {
            out.extend_from_slice(&self.nulls);
        }
        out.extend_from_slice(&self.data);
        Ok(out)
    }
}

/// An array of one dimension from stored bytes.
pub fn from_items<'a>(element: u32, items: impl IntoIterator<Item = Option<&'a [u8]>>) -> Result<Vec<u8>> {
    let mut b = ArrayBuilder::new(element);
    items.into_iter().for_each(|x| b.push(x));
    b.finish_1d()
}

/// `ARRAY[a, b]` of arrays: sub-arrays become the elements of one more dimension; empty ones vanish together.
pub fn nest(element: u32, arrays: &[Option<&[u8]>]) -> Result<Vec<u8>> {
    let mismatch = || err!(ARRAY_SUBSCRIPT_ERROR, "multidimensional arrays must have array expressions with matching dimensions");
    let mut b = ArrayBuilder::new(element);
    let mut inner: Option<Vec<Dim>> = None;
    let mut empty = false;
    for a in arrays {
        let a = match a {
            Some(bytes) => Array::decode(bytes)?,
            None => {
                empty = true;
                continue;
            }
        };
        if a.dims.is_empty() {
            empty = true;
            continue;
        }
        if inner.get_or_insert_with(|| a.dims.clone()) != &a.dims {
            return Err(mismatch());
        }
        a.copy_into(&mut b);
    }
    let Some(inner) = inner else { return b.finish_1d() };
    if empty {
        return Err(mismatch());
    }
    let mut dims = vec![Dim { len: arrays.len() as i32, lower: 1 }];
    dims.extend(inner);
    b.finish(&dims)
}

/// `array_fill(value, lengths, lower bounds)`.
pub fn fill(element: u32, value: Option<&[u8]>, lengths: &[i32], lowers: Option<&[i32]>) -> Result<Vec<u8>> {
    if lengths.len() > MAX_DIM {
        return Err(too_many_dimensions(lengths.len()));
    }
    if lowers.is_some_and(|l| l.len() != lengths.len()) {
        return Err(err!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Low bound array has different size than dimensions array."));
    }
    if lengths.iter().any(|&n| n < 0) {
        bail!(PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed ({MAX_ELEMENTS})");
    }
    let dims: Vec<Dim> =
        lengths.iter().enumerate().map(|(i, &len)| Dim { len, lower: lowers.map_or(1, |l| l[i]) }).collect();
    let n = item_count(&dims)?;
    if n as u64 * (4 + value.map_or(0, <[u8]>::len) as u64) > 0x3fff_ffff {
        return Err(too_big());
    }
    let mut b = ArrayBuilder::new(element);
    (0..n).for_each(|_| b.push(value));
    b.finish(&dims)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    NoLevel,
    LevelStarted,
    ElementStarted,
    QuotedStarted,
    QuotedCompleted,
    ElementDelimited,
    LevelCompleted,
    LevelDelimited,
}

/// Reads an array literal; `read` turns an element's text into stored bytes.
pub fn parse(s: &str, element: u32, delimiter: char, read: &mut dyn FnMut(&str) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let malformed_part = |part: &str, detail: &str| err!(
        INVALID_TEXT_REPRESENTATION, "malformed array literal: \"{}\""; part
    ).detail(detail);
    let malformed = |detail: &str| malformed_part(s, detail);
    let mut rest = s.trim_start_matches(is_space);
    let mut given: Vec<Dim> = Vec::new();
    while let Some(t) = rest.strip_prefix('[') {
        let missing = || malformed("Missing array dimension value.");
        let integer = |t: &mut &str| -> Result<Option<i32>> {
            let n = t.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-')).count();
            let (a, b) = t.split_at(n);
            *t = b;
            if a.is_empty() { Ok(None) } else { crate::int::parse_int4(a).map(Some).map_err(|_| missing()) }
        };
        let mut t = t;
        if given.len() >= MAX_DIM {
            return Err(too_many_dimensions(given.len() + 1));
        }
        let first = integer(&mut t)?
            .ok_or_else(|| malformed("\"[\" must introduce explicitly-specified array dimensions."))?;
        let (lower, upper) = match t.strip_prefix(':') {
            Some(u) => {
                t = u;
                (first, integer(&mut t)?.ok_or_else(missing)?)
            }
            None => (1, first),
        };
        t = t.strip_prefix(']').ok_or_else(|| malformed("Missing \"]\" after array dimensions."))?;
        if upper < lower {
            bail!(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
        }
        let len = upper.checked_sub(lower).and_then(|n| n.checked_add(1)).ok_or_else(too_big)?;
        given.push(Dim { len, lower });
        rest = t.trim_start_matches(is_space);
    }
    if given.is_empty() {
        if !rest.starts_with('{') {
            return Err(malformed("Array value must start with \"{\" or dimension information."));
        }
    } else {
        rest = rest.strip_prefix('=').ok_or_else(|| malformed("Missing \"=\" after array dimensions."))?;
        rest = rest.trim_start_matches(is_space);
        if !rest.starts_with('{') {
            return Err(malformed("Array contents must start with \"{\"."));
        }
    }
    // First the structure alone, so that its errors come before any element's.
    let mut items: Vec<Option<String>> = Vec::new();
    // Of these only the braces are told, as `ArrayCount` knows no more.
    let lengths = scan(rest, delimiter, &mut items, &|detail| malformed_part(rest, detail))?;
    let dims = if given.is_empty() {
        lengths.iter().map(|&len| Dim { len, lower: 1 }).collect()
    } else {
        if given.len() != lengths.len() || given.iter().zip(&lengths).any(|(d, &n)| d.len != n) {
            return Err(malformed("Specified array dimensions do not match array contents."));
        }
        given
    };
    let mut out = ArrayBuilder::new(element);
    for x in &items {
        match x {
            None => out.push(None),
            Some(x) => out.push(Some(&read(x)?)),
        }
    }
    if items.is_empty() { out.finish_1d() } else { out.finish(&dims) }
}

/// Walks the braces as `ArrayCount` does; gives the lengths of the dimensions and collects the elements.
fn scan(s: &str, delimiter: char, items: &mut Vec<Option<String>>, malformed: &dyn Fn(&str) -> Error) -> Result<Vec<i32>> {
    use State::*;
    let unexpected = |c: char| malformed(&format!("Unexpected \"{c}\" character."));
    let element = || malformed("Unexpected array element.");
    let mismatch = || malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
    let mut state = NoLevel;
    let mut counts: Vec<i32> = Vec::new();
    let mut lengths: Vec<Option<i32>> = Vec::new();
    let mut leaf_depth = None;
    let mut text = String::new();
    // Length up to which trailing blanks must be kept: they were escaped.
    let mut keep = 0;
    let mut quoted = false;
    let mut it = s.char_indices();
    while let Some((at, c)) = it.next() {
        if state == QuotedStarted && c != '"' && c != '\\' {
            text.push(c);
            continue;
        }
        match c {
            '\\' => {
                if !matches!(state, LevelStarted | ElementStarted | QuotedStarted | ElementDelimited) {
                    return Err(unexpected('\\'));
                }
                if state != QuotedStarted {
                    state = ElementStarted;
                }
                let Some((_, e)) = it.next() else { return Err(malformed("Unexpected end of input.")) };
                text.push(e);
                keep = text.len();
                // An escape makes NULL a word.
                quoted = true;
            }
            '"' => match state {
                LevelStarted | ElementDelimited => {
                    state = QuotedStarted;
                    quoted = true;
                }
                QuotedStarted => {
                    state = QuotedCompleted;
                    keep = text.len();
                }
                _ => return Err(element()),
            },
            '{' => {
                if !matches!(state, NoLevel | LevelStarted | LevelDelimited) {
                    return Err(unexpected('{'));
                }
                state = LevelStarted;
                if counts.len() >= MAX_DIM {
                    return Err(too_many_dimensions(counts.len() + 1));
                }
                counts.push(0);
                if lengths.len() < counts.len() {
                    lengths.push(None);
                }
            }
            '}' => {
                let empty_ok = counts.len() == 1 && state == LevelStarted;
                if !empty_ok && !matches!(state, ElementStarted | QuotedCompleted | LevelCompleted) {
                    return Err(unexpected('}'));
                }
                if matches!(state, ElementStarted | QuotedCompleted) {
                    finish_element(&mut text, &mut keep, &mut quoted, items);
                    if *leaf_depth.get_or_insert(counts.len()) != counts.len() {
                        return Err(mismatch());
                    }
                }
                let Some(mut n) = counts.pop() else { return Err(unexpected('}')) };
                if !empty_ok {
                    n += 1;
                }
                if *lengths[counts.len()].get_or_insert(n) != n {
                    return Err(mismatch());
                }
                state = LevelCompleted;
                if counts.is_empty() {
                    if !s[at + 1..].trim_matches(is_space).is_empty() {
                        return Err(malformed("Junk after closing right brace."));
                    }
                    return Ok(lengths.into_iter().map(|n| n.unwrap_or(0)).collect());
                }
            }
            c if c == delimiter => {
                match state {
                    ElementStarted | QuotedCompleted => {
                        finish_element(&mut text, &mut keep, &mut quoted, items);
                        if *leaf_depth.get_or_insert(counts.len()) != counts.len() {
                            return Err(mismatch());
                        }
                        state = ElementDelimited;
                    }
                    LevelCompleted => state = LevelDelimited,
                    _ => return Err(unexpected(c)),
                }
                if let Some(n) = counts.last_mut() {
                    *n += 1;
                }
            }
            c if is_space(c) => {
                if state == ElementStarted {
                    text.push(c);
                }
            }
            c => {
                if !matches!(state, LevelStarted | ElementStarted | ElementDelimited) {
                    return Err(element());
                }
                state = ElementStarted;
                text.push(c);
            }
        }
    }
    Err(malformed("Unexpected end of input."))
}

fn finish_element(text: &mut String, keep: &mut usize, quoted: &mut bool, items: &mut Vec<Option<String>>) {
    while text.len() > *keep && text.ends_with(is_space) {
        text.pop();
    }
    let value = std::mem::take(text);
    items.push(if !*quoted && value.eq_ignore_ascii_case("null") { None } else { Some(value) });
    *keep = 0;
    *quoted = false;
}

/// Reads the binary form of the protocol; `recv` turns an element's wire bytes into stored bytes.
/// `other` words the refusal of elements of another type.
pub fn recv(
    b: &[u8],
    element: u32,
    recv: &mut dyn FnMut(&[u8]) -> Result<Vec<u8>>,
    other: &dyn Fn(u32) -> Error,
) -> Result<Vec<u8>> {
    let short = || err!(PROTOCOL_VIOLATION, "insufficient data left in message");
    let word = |at: usize| b.get(at..at + 4).map(|x| i32::from_be_bytes([x[0], x[1], x[2], x[3]])).ok_or_else(short);
    let ndim = word(0)?;
    if ndim < 0 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid number of dimensions: {ndim}");
    }
    if ndim > MAX_DIM as i32 {
        bail!(PROGRAM_LIMIT_EXCEEDED, "number of array dimensions ({ndim}) exceeds the maximum allowed ({MAX_DIM})");
    }
    let flags = word(4)?;
    if flags != 0 && flags != 1 {
        bail!(INVALID_BINARY_REPRESENTATION, "invalid array flags");
    }
    let found = word(8)? as u32;
    if found != element {
        return Err(other(found));
    }
    let mut at = 12;
    let mut dims = Vec::new();
    for _ in 0..ndim {
        dims.push(Dim { len: word(at)?, lower: word(at + 4)? });
        at += 8;
    }
    let n = item_count(&dims)?;
    let mut out = ArrayBuilder::new(element);
    for i in 0..n {
        let len = word(at)?;
        at += 4;
        match usize::try_from(len) {
            Err(_) => out.push(None),
            Ok(len) => {
                let x = b.get(at..at + len).ok_or_else(short)?;
                out.push(Some(&recv(x).map_err(|mut e| {
                    let r = e.report_mut();
                    if r.message == "incorrect binary data format" {
                        r.message = format!("improper binary format in array element {}", i + 1);
                    }
                    e
                })?));
                at += len;
            }
        }
    }
    out.finish(&dims)
}

#[cfg(test)]
mod tests;
