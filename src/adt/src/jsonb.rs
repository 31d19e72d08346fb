//! `jsonb`: JSON decomposed.
//!
//! A value is a tag byte and a body whose length the enclosing value knows: nothing for null and booleans, the stored bytes
//! of a `numeric`, a string's bytes; an array's count and end offsets (u32 each) and its elements; an object's count, end
//! offsets of its keys and of its values, then keys, then values. Keys are unique and sorted by length, then bytes, which
//! is PostgreSQL's order and lets a lookup bisect without touching values. Pieces are copied between documents as they are.

use std::cmp::Ordering;

use tusklet_error::{Error, Result, SortShort, bail, err};

use crate::json::{self, Kind, Value};
use crate::numeric::Numeric;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const NUMBER: u8 = 3;
const STRING: u8 = 4;
const ARRAY: u8 = 5;
const OBJECT: u8 = 6;

/// A document, or a value inside one.
#[derive(Clone, Copy, Debug)]
pub struct Jsonb<'a>(pub &'a [u8]);

#[inline(always)]
fn u32_at(b: &[u8], i: usize) -> usize {
    b.get(i..i + 4).map_or(0, |x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]) as usize)
}

/// Where index `i` (negative: from the end) points among `n`.
pub(crate) fn index_from(n: usize, i: i32) -> Option<usize> {
    let at = if i < 0 { n as i64 + i64::from(i) } else { i64::from(i) };
    usize::try_from(at).ok().filter(|&at| at < n)
}

/// A path element as array index.
pub(crate) fn path_index(p: &str) -> Option<i32> {
    crate::int::parse_int4(p).ok().filter(|_| !p.ends_with(crate::int::is_space))
}

impl<'a> Jsonb<'a> {
    fn tag(&self) -> u8 {
        self.0.first().copied().unwrap_or(NULL)
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.tag() {
            FALSE | TRUE => Kind::Boolean,
            NUMBER => Kind::Number,
            STRING => Kind::String,
            ARRAY => Kind::Array,
            OBJECT => Kind::Object,
            _ => Kind::Null,
        }
    }

    /// Whether it is neither array nor object.
    pub fn is_scalar(&self) -> bool {
        self.tag() < ARRAY
    }

    /// A boolean's value.
    pub fn as_bool(&self) -> Option<bool> {
        match self.tag() {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }

    /// A number's value.
    pub fn as_number(&self) -> Option<Numeric> {
        (self.tag() == NUMBER).then(|| Numeric::decode(&self.0[1..]))
    }

    /// A string's value.
    pub fn as_str(&self) -> Option<&'a str> {
        if self.tag() == STRING { std::str::from_utf8(&self.0[1..]).ok() } else { None }
    }

    /// Number of elements or members; zero for scalars.
    pub fn len(&self) -> usize {
        if self.is_scalar() { 0 } else { u32_at(self.0, 1) }
    }

    /// Whether it has no elements or members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Piece `i` of the offset table at word `table`, of the data that starts at `data`.
    fn piece(&self, table: usize, i: usize, data: usize) -> &'a [u8] {
        let at = 5 + 4 * (table + i);
        let start = if i == 0 { 0 } else { u32_at(self.0, at - 4) };
        self.0.get(data + start..data + u32_at(self.0, at)).unwrap_or(&[])
    }

    /// Element `i` of an array.
    pub fn item(&self, i: usize) -> Option<Jsonb<'a>> {
        (self.tag() == ARRAY && i < self.len()).then(|| Jsonb(self.piece(0, i, 5 + 4 * self.len())))
    }

    /// Member `i` of an object.
    pub fn member(&self, i: usize) -> Option<(&'a str, Jsonb<'a>)> {
        let n = self.len();
        if self.tag() != OBJECT || i >= n {
            return None;
        }
        let keys = 5 + 8 * n;
        let values = keys + u32_at(self.0, 5 + 4 * (n - 1));
        Some((std::str::from_utf8(self.piece(0, i, keys)).unwrap_or(""), Jsonb(self.piece(n, i, values))))
    }

    /// Elements of an array.
    pub fn items(self) -> impl Iterator<Item = Jsonb<'a>> {
        (0..if self.tag() == ARRAY { self.len() } else { 0 }).filter_map(move |i| self.item(i))
    }

    /// Members of an object in stored order.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Jsonb<'a>)> {
        (0..if self.tag() == OBJECT { self.len() } else { 0 }).filter_map(move |i| self.member(i))
    }

    /// `-> key`.
    pub fn get(&self, key: &str) -> Option<Jsonb<'a>> {
        if self.tag() != OBJECT {
            return None;
        }
        let n = self.len();
        let keys = 5 + 8 * n;
        let (mut lo, mut hi) = (0, n);
        while lo < hi {
            let mid = (lo + hi) / 2;
            let k = self.piece(0, mid, keys);
            match k.len().cmp(&key.len()).then_with(|| k.cmp(key.as_bytes())) {
                Ordering::Less => lo = mid + 1,
                Ordering::Greater => hi = mid,
                Ordering::Equal => return Some(Jsonb(self.piece(n, mid, keys + u32_at(self.0, 5 + 4 * (n - 1))))),
            }
        }
        None
    }

    /// `-> index`; negative counts from the end. A scalar document counts as an array of itself here.
    pub fn at(&self, index: i32) -> Option<Jsonb<'a>> {
        if self.is_scalar() {
            return matches!(index, 0 | -1).then_some(*self);
        }
        index_from(self.len(), index).and_then(|i| self.item(i))
    }

    /// `#> path`.
    pub fn path(&self, path: &[&str]) -> Option<Jsonb<'a>> {
        let mut v = *self;
        for p in path {
            v = match v.tag() {
                OBJECT => v.get(p)?,
                ARRAY => v.at(path_index(p)?)?,
                _ => return None,
            };
        }
        Some(v)
    }

    /// A string's bytes.
    pub fn string_bytes(&self) -> Option<&'a [u8]> {
        self.0.split_first().and_then(|(tag, b)| (*tag == STRING).then_some(b))
    }

    /// A small whole number.
    pub fn as_small(&self) -> Option<i64> {
        let (tag, b) = self.0.split_first()?;
        match crate::numeric_small::read(b).filter(|_| *tag == NUMBER)? {
            (m, 0) => i64::try_from(m).ok(),
            _ => None,
        }
    }

    /// The text form of `->>`: strings bare, null is NULL.
    pub fn to_text(&self) -> Option<String> {
        match self.tag() {
            NULL => None,
            STRING => self.as_str().map(str::to_owned),
            _ => {
                let mut s = String::new();
                self.write(&mut s);
                Some(s)
            }
        }
    }

    /// `jsonb_out`.
    pub fn write(&self, out: &mut String) {
        match self.tag() {
            FALSE => out.push_str("false"),
            TRUE => out.push_str("true"),
            NUMBER => Numeric::decode(&self.0[1..]).write(out),
            STRING => json::escape(self.as_str().unwrap_or(""), out),
            ARRAY => {
                out.push('[');
                for (i, v) in self.items().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    v.write(out);
                }
                out.push(']');
            }
            OBJECT => {
                out.push('{');
                for (i, (k, v)) in self.members().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    json::escape(k, out);
                    out.push_str(": ");
                    v.write(out);
                }
                out.push('}');
            }
            _ => out.push_str("null"),
        }
    }

    /// `jsonb_pretty`.
    pub fn pretty(&self, depth: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', 4 * depth));
        };
        match self.tag() {
            ARRAY => {
                out.push('[');
                for (i, v) in self.items().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(depth + 1, out);
                    v.pretty(depth + 1, out);
                }
                line(depth, out);
                out.push(']');
            }
            OBJECT => {
                out.push('{');
                for (i, (k, v)) in self.members().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    line(depth + 1, out);
                    json::escape(k, out);
                    out.push_str(": ");
                    v.pretty(depth + 1, out);
                }
                line(depth, out);
                out.push('}');
            }
            _ => self.write(out),
        }
    }

    /// Null < string < number < boolean < array < object.
    fn rank(&self) -> u8 {
        match self.tag() {
            NULL => 0,
            STRING => 1,
            NUMBER => 2,
            FALSE | TRUE => 3,
            ARRAY => 4,
            _ => 5,
        }
    }

    fn cmp_inner(&self, o: &Jsonb<'_>) -> Ordering {
        match (self.tag(), o.tag()) {
            (NUMBER, NUMBER) => Numeric::cmp_encoded(&self.0[1..], &o.0[1..]),
            (STRING, STRING) => self.0.cmp(o.0),
            (ARRAY, ARRAY) => self.len().cmp(&o.len()).then_with(|| {
                self.items().zip(o.items()).map(|(a, b)| a.cmp_inner(&b)).find(|c| c.is_ne()).unwrap_or(Ordering::Equal)
            }),
            (OBJECT, OBJECT) => self.len().cmp(&o.len()).then_with(|| {
                self.members()
                    .zip(o.members())
                    .map(|((k, v), (l, w))| k.cmp(l).then_with(|| v.cmp_inner(&w)))
                    .find(|c| c.is_ne())
                    .unwrap_or(Ordering::Equal)
            }),
            (a, b) => self.rank().cmp(&o.rank()).then(a.cmp(&b)),
        }
    }

    /// Order of documents. A scalar document is an array of one below the real ones, so an empty array is the least of all.
    pub fn cmp(&self, o: &Jsonb<'_>) -> Ordering {
        let size = |j: &Jsonb<'_>| if j.is_scalar() { 1 } else { j.len() };
        if self.tag() == OBJECT || o.tag() == OBJECT || self.is_scalar() == o.is_scalar() {
            return self.cmp_inner(o);
        }
        size(self).cmp(&size(o)).then(o.is_scalar().cmp(&self.is_scalar()))
    }

    /// Hash: equal for equal documents.
    pub fn hash(&self) -> u64 {
        let h = match self.tag() {
            NUMBER => Numeric::decode(&self.0[1..]).hash(),
            ARRAY => self.items().fold(5, |h, v| crate::hash::combine(h, v.hash())),
            OBJECT => self.members().fold(6, |h, (k, v)| {
                crate::hash::combine(crate::hash::combine(h, crate::hash::bytes(k.as_bytes())), v.hash())
            }),
            _ => crate::hash::bytes(self.0),
        };
        crate::hash::combine(u64::from(self.tag()), h)
    }

    /// Appends bytes that order as documents do.
    pub fn key(&self, out: &mut Vec<u8>) {
        if self.is_scalar() {
            out.push(0);
            out.extend_from_slice(&[0, 0, 0, 1, 0]);
            self.key_inner(out);
        } else if self.tag() == ARRAY {
            out.push(0);
            out.extend_from_slice(&(self.len() as u32).to_be_bytes());
            out.push(1);
            self.items().for_each(|v| v.key_inner(out));
        } else {
            self.key_inner(out);
        }
    }

    fn key_inner(&self, out: &mut Vec<u8>) {
        out.push(self.rank());
        match self.tag() {
            FALSE | TRUE => out.push(self.tag()),
            NUMBER => Numeric::decode(&self.0[1..]).key(out),
            STRING => crate::text::key(self.as_str().unwrap_or(""), out),
            ARRAY => {
                out.extend_from_slice(&(self.len() as u32).to_be_bytes());
                self.items().for_each(|v| v.key_inner(out));
            }
            OBJECT => {
                out.extend_from_slice(&(self.len() as u32).to_be_bytes());
                for (k, v) in self.members() {
                    crate::text::key(k, out);
                    v.key_inner(out);
                }
            }
            _ => {}
        }
    }

    fn contains_inner(&self, o: &Jsonb<'_>) -> bool {
        match (self.tag(), o.tag()) {
            (OBJECT, OBJECT) => o.len() <= self.len() && o.members().all(|(k, w)| self.get(k).is_some_and(|v| v.contains_inner(&w))),
            (ARRAY, ARRAY) => o.items().all(|w| self.items().any(|v| v.contains_inner(&w))),
            (a, b) => a == b && self.cmp_inner(o).is_eq(),
        }
    }

    /// `self @> o`: an array also contains a scalar that is one of its elements.
    pub fn contains(&self, o: &Jsonb<'_>) -> bool {
        if self.tag() == ARRAY && o.is_scalar() {
            return self.items().any(|v| v.is_scalar() && v.contains_inner(o));
        }
        self.contains_inner(o)
    }

    /// `? key`: a member's key, a string element, or the string itself.
    pub fn exists(&self, key: &str) -> bool {
        match self.tag() {
            OBJECT => self.get(key).is_some(),
            ARRAY => self.items().any(|v| v.as_str() == Some(key)),
            _ => self.as_str() == Some(key),
        }
    }

    /// Bytes PostgreSQL's own stored form takes for this from offset `at` on, padding before it included.
    fn foreign_len(&self, at: usize) -> usize {
        let start = at.next_multiple_of(4);
        match self.tag() {
            NULL | FALSE | TRUE => 0,
            STRING => self.0.len() - 1,
            NUMBER => {
                let mut wire = Vec::new();
                Numeric::decode(&self.0[1..]).send(&mut wire);
                let word = |i: usize| wire.get(i..i + 2).map_or(0, |b| i16::from_be_bytes([b[0], b[1]]));
                let short = word(6) <= 63 && (-64..=63).contains(&word(2));
                start - at + 4 + if short { 2 } else { 4 } + 2 * word(0) as usize
            }
            _ => self.foreign_children(start).fold(0, |_, (end, _)| end).max(self.foreign_data(start)) - at,
        }
    }

    /// Where the data of this container begins there, when the container begins at `start`.
    fn foreign_data(&self, start: usize) -> usize {
        let keys: usize = self.members().map(|(k, _)| k.len()).sum();
        start + 4 + self.len() * if self.tag() == OBJECT { 8 } else { 4 } + keys
    }

    /// Elements or values with their ends there.
    fn foreign_children(&self, start: usize) -> impl Iterator<Item = (usize, Jsonb<'a>)> {
        let mut at = self.foreign_data(start);
        self.items().chain(self.members().map(|(_, v)| v)).map(move |v| {
            at += v.foreign_len(at);
            (at, v)
        })
    }

    /// Where a container inside this one would begin in PostgreSQL's own stored form, of which `keyvalue()` of a path
    /// makes its ids; `part` must be a slice of this very document.
    pub fn offset_of(&self, part: &[u8]) -> Option<usize> {
        let (mut at, mut v) = (0, *self);
        while v.0.as_ptr() != part.as_ptr() {
            let mut start = v.foreign_data(at);
            let inside = |b: &[u8]| b.as_ptr_range().contains(&part.as_ptr());
            let (_, child) = v.foreign_children(at).find(|(end, child)| {
                let found = inside(child.0);
                if !found {
                    start = *end;
                }
                found
            })?;
            (at, v) = (start.next_multiple_of(4), child);
        }
        Some(at)
    }

    /// `jsonb_array_length`.
    pub fn array_length(&self) -> Result<i32> {
        match self.kind() {
            Kind::Array => Ok(self.len() as i32),
            Kind::Object => bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a non-array"),
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a scalar"),
        }
    }

    /// `self || o`.
    pub fn concat(&self, o: &Jsonb<'_>) -> Vec<u8> {
        let both_objects = self.tag() == OBJECT && o.tag() == OBJECT;
        if (self.tag() == OBJECT) == (o.tag() == OBJECT) {
            if self.is_empty() && !self.is_scalar() && !o.is_scalar() {
                return o.0.to_vec();
            }
            if o.is_empty() && !o.is_scalar() && !self.is_scalar() {
                return self.0.to_vec();
            }
        }
        if both_objects {
            let mut b = ObjectBuilder::default();
            self.members().chain(o.members()).for_each(|(k, v)| b.push(k, v.0));
            return b.finish();
        }
        let mut b = ArrayBuilder::default();
        for side in [self, o] {
            if side.tag() == ARRAY {
                side.items().for_each(|v| b.push(v.0));
            } else {
                b.push(side.0);
            }
        }
        b.finish()
    }

    /// `- keys`: members with these keys, or elements that are these strings, go.
    pub fn delete_keys(&self, keys: &[&str]) -> Result<Vec<u8>> {
        match self.tag() {
            OBJECT => {
                let mut b = ObjectBuilder::default();
                self.members().filter(|(k, _)| !keys.contains(k)).for_each(|(k, v)| b.push(k, v.0));
                Ok(b.finish())
            }
            ARRAY => {
                let mut b = ArrayBuilder::default();
                self.items().filter(|v| !v.as_str().is_some_and(|s| keys.contains(&s))).for_each(|v| b.push(v.0));
                Ok(b.finish())
            }
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot delete from scalar"),
        }
    }

    /// `- index`.
    pub fn delete_index(&self, index: i32) -> Result<Vec<u8>> {
        match self.tag() {
            ARRAY => {
                let gone = index_from(self.len(), index);
                let mut b = ArrayBuilder::default();
                self.items().enumerate().filter(|&(i, _)| Some(i) != gone).for_each(|(_, v)| b.push(v.0));
                Ok(b.finish())
            }
            OBJECT => bail!(INVALID_PARAMETER_VALUE, "cannot delete from object using integer index"),
            _ => bail!(INVALID_PARAMETER_VALUE, "cannot delete from scalar"),
        }
    }

    /// `#- path`.
    pub fn delete_path(&self, path: &[Option<&str>]) -> Result<Vec<u8>> {
        if self.is_scalar() {
            bail!(INVALID_PARAMETER_VALUE, "cannot delete path in scalar");
        }
        self.edit(path, None, Edit::Delete)
    }

    /// `jsonb_set(self, path, value, create)`.
    pub fn set(&self, path: &[Option<&str>], value: &Jsonb<'_>, create: bool) -> Result<Vec<u8>> {
        if self.is_scalar() {
            bail!(INVALID_PARAMETER_VALUE, "cannot set path in scalar");
        }
        self.edit(path, Some(value), if create { Edit::Create } else { Edit::Replace })
    }

    /// `jsonb_insert(self, path, value, after)`.
    pub fn insert(&self, path: &[Option<&str>], value: &Jsonb<'_>, after: bool) -> Result<Vec<u8>> {
        if self.is_scalar() {
            bail!(INVALID_PARAMETER_VALUE, "cannot set path in scalar");
        }
        self.edit(path, Some(value), if after { Edit::InsertAfter } else { Edit::InsertBefore })
    }

    fn edit(&self, path: &[Option<&str>], value: Option<&Jsonb<'_>>, edit: Edit) -> Result<Vec<u8>> {
        let creates = !matches!(edit, Edit::Delete | Edit::Replace);
        if path.is_empty() || (self.is_empty() && !creates) {
            return Ok(self.0.to_vec());
        }
        self.edit_at(path, 0, value.map_or(&[], |v| v.0), edit)
    }

    fn edit_at(&self, path: &[Option<&str>], level: usize, value: &[u8], edit: Edit) -> Result<Vec<u8>> {
        let Some(p) = path[level] else {
            bail!(NULL_VALUE_NOT_ALLOWED, "path element at position {} is null", level + 1);
        };
        if self.is_scalar() {
            return Ok(self.0.to_vec());
        }
        let last = level + 1 == path.len();
        let creates = !matches!(edit, Edit::Delete | Edit::Replace);
        if self.tag() == OBJECT {
            let mut b = ObjectBuilder::default();
            let mut done = false;
            for (k, v) in self.members() {
                if k != p {
                    b.push(k, v.0);
                    continue;
                }
                done = true;
                if !last {
                    b.push(k, &v.edit_at(path, level + 1, value, edit)?);
                    continue;
                }
                match edit {
                    Edit::InsertBefore | Edit::InsertAfter => {
                        return Err(err!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
                            .hint("Try using the function jsonb_set to replace key value."));
                    }
                    Edit::Delete => {}
                    Edit::Create | Edit::Replace => b.push(k, value),
                }
            }
            if !done && last && creates {
                b.push(p, value);
            }
            return Ok(b.finish());
        }
        let n = self.len();
        let index = crate::int::parse_int4(p).map_err(|_| {
            err!(INVALID_TEXT_REPRESENTATION, "path element at position {} is not an integer: \"{p}\"", level + 1)
        })?;
        let at = if index < 0 { n as i64 + i64::from(index) } else { i64::from(index).min(n as i64) };
        let mut b = ArrayBuilder::default();
        let mut done = false;
        if last && creates && (at < 0 || n == 0) {
            b.push(value);
            done = true;
        }
        for (i, v) in self.items().enumerate() {
            if i as i64 != at {
                b.push(v.0);
                continue;
            }
            done = true;
            if !last {
                b.push(&v.edit_at(path, level + 1, value, edit)?);
                continue;
            }
            if matches!(edit, Edit::InsertBefore | Edit::Create) {
                b.push(value);
            }
            if matches!(edit, Edit::InsertBefore | Edit::InsertAfter) {
                b.push(v.0);
            }
            if matches!(edit, Edit::InsertAfter | Edit::Replace) {
                b.push(value);
            }
        }
        if last && creates && !done {
            b.push(value);
        }
        Ok(b.finish())
    }

    /// `jsonb_strip_nulls`.
    pub fn strip_nulls(&self) -> Vec<u8> {
        match self.tag() {
            OBJECT => {
                let mut b = ObjectBuilder::default();
                self.members().filter(|(_, v)| v.tag() != NULL).for_each(|(k, v)| b.push(k, &v.strip_nulls()));
                b.finish()
            }
            ARRAY => {
                let mut b = ArrayBuilder::default();
                self.items().for_each(|v| b.push(&v.strip_nulls()));
                b.finish()
            }
            _ => self.0.to_vec(),
        }
    }

    /// The error of a cast to a type this is not.
    pub fn cannot_cast(&self, to: &str) -> Error {
        let what = match self.kind() {
            Kind::Null => "jsonb null",
            Kind::String => "jsonb string",
            Kind::Number => "jsonb numeric",
            Kind::Boolean => "jsonb boolean",
            Kind::Array => "jsonb array",
            Kind::Object => "jsonb object",
        };
        err!(INVALID_PARAMETER_VALUE, "cannot cast {} to type {}"; what, to)
    }
}

#[derive(Clone, Copy)]
enum Edit {
    Create,
    Replace,
    Delete,
    InsertBefore,
    InsertAfter,
}

fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// A null.
pub fn null() -> Vec<u8> {
    vec![NULL]
}

/// A boolean.
pub fn boolean(v: bool) -> Vec<u8> {
    vec![if v { TRUE } else { FALSE }]
}

/// A number.
pub fn number(n: &Numeric) -> Vec<u8> {
    let mut out = vec![NUMBER];
    n.encode(&mut out);
    out
}

/// A string.
pub fn string(s: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + 1);
    out.push(STRING);
    out.extend_from_slice(s.as_bytes());
    out
}

/// Collects an array's elements.
#[derive(Clone, Debug, Default)]
pub struct ArrayBuilder {
    ends: Vec<u32>,
    data: Vec<u8>,
}

impl ArrayBuilder {
    /// Appends an element's bytes.
    pub fn push(&mut self, v: &[u8]) {
        self.data.extend_from_slice(v);
        self.ends.push(self.data.len() as u32);
    }

    /// The array.
    pub fn finish(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(5 + 4 * self.ends.len() + self.data.len());
        out.push(ARRAY);
        out.extend_from_slice(&(self.ends.len() as u32).to_le_bytes());
        self.ends.iter().for_each(|e| out.extend_from_slice(&e.to_le_bytes()));
        out.extend_from_slice(&self.data);
        out
    }
}

/// Collects an object's members in any order; of equal keys the last stays.
#[derive(Clone, Debug, Default)]
pub struct ObjectBuilder {
    members: Vec<(String, Vec<u8>)>,
}

impl ObjectBuilder {
    /// Adds a member.
    pub fn push(&mut self, key: &str, v: &[u8]) {
        self.members.push((key.to_owned(), v.to_vec()));
    }

    /// The object.
    pub fn finish(mut self) -> Vec<u8> {
        // Stable, so that among equals the last added is the last.
        self.members.order_by(|a, b| key_order(&a.0, &b.0));
        let keep: Vec<&(String, Vec<u8>)> = self
            .members
            .iter()
            .enumerate()
            .filter(|&(i, m)| self.members.get(i + 1).is_none_or(|next| next.0 != m.0))
            .map(|(_, m)| m)
            .collect();
        let mut out = vec![OBJECT];
        out.extend_from_slice(&(keep.len() as u32).to_le_bytes());
        let mut end = 0;
        for (k, _) in &keep {
            end += k.len() as u32;
            out.extend_from_slice(&end.to_le_bytes());
        }
        end = 0;
        for (_, v) in &keep {
            end += v.len() as u32;
            out.extend_from_slice(&end.to_le_bytes());
        }
        keep.iter().for_each(|(k, _)| out.extend_from_slice(k.as_bytes()));
        keep.iter().for_each(|(_, v)| out.extend_from_slice(v));
        out
    }
}

/// The bytes of a tree.
pub fn encode(v: &Value) -> Vec<u8> {
    match v {
        Value::Null => null(),
        Value::Bool(b) => boolean(*b),
        Value::Number(n) => number(n),
        Value::String(s) => string(s),
        Value::Array(items) => {
            let mut b = ArrayBuilder::default();
            items.iter().for_each(|v| b.push(&encode(v)));
            b.finish()
        }
        Value::Object(members) => {
            let mut b = ObjectBuilder::default();
            members.iter().for_each(|(k, v)| b.push(k, &encode(v)));
            b.finish()
        }
    }
}

/// `jsonb_in`.
pub fn parse(s: &str) -> Result<Vec<u8>> {
    json::parse_value(s).map(|v| encode(&v))
}

/// The document as text.
pub fn to_string(b: &[u8]) -> String {
    let mut s = String::new();
    Jsonb(b).write(&mut s);
    s
}

#[cfg(test)]
mod tests;
