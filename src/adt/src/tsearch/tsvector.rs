//! `tsvector`: the sorted lexemes of a document with their positions and weights.
//!
//! Stored bytes are PostgreSQL's own after the length word: the number of lexemes (u32); per lexeme an entry (u32: bit 0 "has
//! positions", 11 bits length, 20 bits offset); then the lexemes' bytes, each followed, on an even offset, by the number of its
//! positions (u16) and the positions (u16 each, the weight in the upper two bits) if it has any. Keeping PostgreSQL's layout
//! gives its sizes, which its comparison begins with.

use std::cmp::Ordering;

use tusklet_error::{Error, Result, SortShort, bail, err, filled};

use super::{Message, is_space, weight_of};

/// Lexemes must be shorter than this.
pub const MAX_LEXEME: usize = (1 << 11) - 1;
/// The most bytes of lexemes and positions.
pub const MAX_DATA: usize = (1 << 20) - 1;
/// Positions end here; what lies behind is put at the last one.
pub const MAX_POSITION: u16 = (1 << 14) - 1;
/// The most positions of a lexeme.
pub const MAX_POSITIONS: usize = 256;

/// Where a position is.
pub fn position(p: u16) -> u16 {
    p & MAX_POSITION
}

/// The weight of a position, from 0 (D) to 3 (A).
pub fn weight(p: u16) -> u16 {
    p >> 14
}

fn with_weight(p: u16, w: u16) -> u16 {
    position(p) | w << 14
}

/// The order of lexemes, or, with `prefix`, `Equal` for whatever starts with `a`.
pub(crate) fn compare(a: &[u8], b: &[u8], prefix: bool) -> Ordering {
    if prefix && b.len() > a.len() { a.cmp(&b[..a.len()]) } else { a.cmp(b) }
}

/// Positions of a lexeme, as they lie.
#[derive(Clone, Copy)]
pub struct Positions<'a>(&'a [u8]);

impl<'a> Positions<'a> {
    /// How many; none for a lexeme without positions.
    pub fn len(self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = u16> + 'a {
        self.0.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }
}

/// A document, read from its stored bytes.
#[derive(Clone, Copy)]
pub struct TsVector<'a> {
    bytes: &'a [u8],
    len: usize,
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]))
}

impl<'a> TsVector<'a> {
    /// Reads stored bytes.
    pub fn new(bytes: &'a [u8]) -> TsVector<'a> {
        TsVector { bytes, len: (u32_at(bytes, 0) as usize).min(bytes.len() / 4) }
    }

    /// Number of lexemes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn piece(&self, at: usize, len: usize) -> &'a [u8] {
        let at = 4 + 4 * self.len + at;
        self.bytes.get(at..at + len).unwrap_or(&[])
    }

    /// Lexeme `i`.
    pub fn lexeme(&self, i: usize) -> &'a [u8] {
        let e = u32_at(self.bytes, 4 + 4 * i) as usize;
        self.piece(e >> 12, e >> 1 & 0x7ff)
    }

    /// Positions of lexeme `i`.
    pub fn positions(&self, i: usize) -> Positions<'a> {
        let e = u32_at(self.bytes, 4 + 4 * i) as usize;
        if e & 1 == 0 {
            return Positions(&[]);
        }
        let at = ((e >> 12) + (e >> 1 & 0x7ff)).next_multiple_of(2);
        match self.piece(at, 2) {
            &[a, b] => Positions(self.piece(at + 2, usize::from(u16::from_le_bytes([a, b])) * 2)),
            _ => Positions(&[]),
        }
    }

    /// All lexemes, in order: the entries of an inverted index.
    pub fn lexemes(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len).map(move |i| self.lexeme(i))
    }

    /// Where a lexeme is, or where it would be.
    pub fn find(&self, lexeme: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = (low + high) / 2;
            match lexeme.cmp(self.lexeme(middle)) {
                Ordering::Less => high = middle,
                Ordering::Greater => low = middle + 1,
                Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// Copies lexeme `i`.
    fn copy(&self, i: usize, to: &mut Builder) {
        to.push(self.lexeme(i), self.positions(i).iter());
    }
}

/// Puts a document together from lexemes in order.
#[derive(Default)]
struct Builder {
    entries: Vec<u8>,
    data: Vec<u8>,
}

impl Builder {
    fn push(&mut self, lexeme: &[u8], positions: impl Iterator<Item = u16>) {
        let at = self.data.len();
        self.data.extend_from_slice(lexeme);
        let end = self.data.len();
        let count = end.next_multiple_of(2);
        self.data.resize(count + 2, 0);
        positions.for_each(|p| self.data.extend_from_slice(&p.to_le_bytes()));
        let n = (self.data.len() - count - 2) / 2;
        match self.data.get_mut(count..count + 2) {
            Some(x) if n > 0 => x.copy_from_slice(&(n as u16).to_le_bytes()),
            _ => self.data.truncate(end),
        }
        let entry = (at << 12 | lexeme.len() << 1) as u32 | u32::from(n > 0);
        self.entries.extend_from_slice(&entry.to_le_bytes());
    }

    fn finish(self) -> Result<Vec<u8>> {
        if self.data.len() > MAX_DATA {
            return Err(too_long(self.data.len()));
        }
        let mut out = Vec::with_capacity(4 + self.entries.len() + self.data.len());
        out.extend_from_slice(&((self.entries.len() / 4) as u32).to_le_bytes());
        out.extend_from_slice(&self.entries);
        out.extend_from_slice(&self.data);
        Ok(out)
    }
}

#[cold]
fn too_long(len: usize) -> Error {
    err!(PROGRAM_LIMIT_EXCEEDED, "string is too long for tsvector ({len} bytes, max {MAX_DATA} bytes)")
}

/// One occurrence of a lexeme: a piece of a buffer, and its position with weight, 0 for none.
#[derive(Clone, Copy)]
pub struct Word {
    /// Where the lexeme starts.
    pub start: usize,
    /// Its length.
    pub len: usize,
    /// Its position.
    pub position: u16,
}

/// A document from occurrences in any order. Of a lexeme's positions the first `most` are kept, of two weights the higher.
pub fn assemble(buf: &[u8], words: &mut [Word], most: usize) -> Result<Vec<u8>> {
    let lexeme = |w: &Word| buf.get(w.start..w.start + w.len).unwrap_or(&[]);
    words.order_by(|a, b| lexeme(a).cmp(lexeme(b)).then(position(a.position).cmp(&position(b.position))));
    let mut out = Builder::default();
    let mut kept: Vec<u16> = vec![];
    for (i, w) in words.iter().enumerate() {
        let (p, n) = (w.position, kept.len());
        match kept.last_mut() {
            _ if p == 0 => {}
            // Behind the last possible position PostgreSQL looks at nothing any more.
            Some(last) if position(*last) == MAX_POSITION && n > 1 => {}
            Some(last) if position(*last) == position(p) => *last = p.max(*last),
            _ if n < most => kept.push(p),
            _ => {}
        }
        if words.get(i + 1).is_none_or(|n| lexeme(n) != lexeme(w)) {
            out.push(lexeme(w), kept.iter().copied());
            kept.clear();
        }
    }
    out.finish()
}

/// Reads words of a `tsvector` or `tsquery` (`gettoken_tsvector`).
pub(crate) struct Scanner<'a> {
    /// The whole text, for messages.
    pub text: &'a str,
    /// Where to go on.
    pub at: usize,
    /// In a query: operators end a word, and modifiers are left to the caller.
    pub query: bool,
    /// In a query of `websearch_to_tsquery`: quotes and backslashes are nothing special.
    pub web: bool,
}

/// What ends or joins words of a query.
pub(crate) fn is_operator(c: u8) -> bool {
    matches!(c, b'!' | b'&' | b'|' | b'(' | b')' | b'<')
}

impl Scanner<'_> {
    /// The byte at the current place; 0 at the end.
    pub fn here(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[cold]
    fn syntax(&self) -> Error {
        let what = if self.query { "tsquery" } else { "tsvector" };
        err!(SYNTAX_ERROR, "syntax error in {}: \"{}\""; what, self.text)
    }

    /// Appends the next word to `word` and its positions to `positions`; false at the end.
    pub fn next(&mut self, word: &mut Vec<u8>, positions: &mut Vec<u16>) -> Result<bool> {
        let start = word.len();
        while is_space(self.here()) {
            self.at += 1;
        }
        let quoted = match self.here() {
            0 => return Ok(false),
            b'\'' if !self.web => true,
            c if self.query && is_operator(c) || self.web && c == b'"' => return Err(self.syntax()),
            _ => false,
        };
        self.at += usize::from(quoted);
        // An unquoted word may begin with a colon; after that one ends it.
        let first = self.at;
        loop {
            let c = self.here();
            match c {
                b'\\' if !self.web => {
                    self.at += 1;
                    if self.here() == 0 {
                        bail!(SYNTAX_ERROR, "there is no escaped character: \"{}\""; self.text);
                    }
                }
                b'\'' if quoted => {
                    self.at += 1;
                    if self.here() != b'\'' {
                        break;
                    }
                }
                0 if quoted => return Err(self.syntax()),
                _ if quoted => {}
                b':' if self.at > first => break,
                _ if c == 0 || is_space(c) || self.query && is_operator(c) || self.web && c == b'"' => {
                    return Ok(true);
                }
                _ => {}
            }
            word.push(self.here());
            self.at += 1;
        }
        if word.len() == start {
            return Err(self.syntax());
        }
        if self.query || self.here() != b':' {
            return Ok(true);
        }
        self.positions(positions)?;
        Ok(true)
    }

    fn positions(&mut self, positions: &mut Vec<u16>) -> Result<()> {
        loop {
            // Over the colon or comma.
            self.at += 1;
            let mut number: u64 = 0;
            let first = self.at;
            while self.here().is_ascii_digit() {
                number = number.saturating_mul(10).saturating_add(u64::from(self.here() - b'0'));
                self.at += 1;
            }
            if self.at == first {
                return Err(self.syntax());
            }
            // As `atoi` and `LIMITPOS` have it.
            let number = number.min(i64::MAX as u64) as i32;
            let mut p = if number > i32::from(MAX_POSITION) { MAX_POSITION } else { position(number as u16) };
            if p == 0 {
                bail!(SYNTAX_ERROR, "wrong position info in tsvector: \"{}\""; self.text);
            }
            loop {
                let c = self.here();
                match if c == b'*' { Some(3) } else { weight_of(c) } {
                    Some(_) if weight(p) != 0 => return Err(self.syntax()),
                    Some(w) => p = with_weight(p, w),
                    None if c == b',' || c == 0 || is_space(c) => break,
                    None if c.is_ascii_digit() => {}
                    None => return Err(self.syntax()),
                }
                self.at += 1;
            }
            positions.push(p);
            if self.here() != b',' {
                return Ok(());
            }
        }
    }
}

/// Reads a document (`tsvectorin`).
pub fn parse(text: &str) -> Result<Vec<u8>> {
    let mut scan = Scanner { text, at: 0, query: false, web: false };
    let (mut buf, mut words, mut positions) = (vec![], vec![], vec![]);
    loop {
        let start = buf.len();
        positions.clear();
        if !scan.next(&mut buf, &mut positions)? {
            break;
        }
        let len = buf.len() - start;
        if len >= MAX_LEXEME {
            bail!(PROGRAM_LIMIT_EXCEEDED, "word is too long ({len} bytes, max {} bytes)", MAX_LEXEME - 1);
        }
        if start > MAX_DATA {
            return Err(too_long(start));
        }
        if positions.is_empty() {
            positions.push(0);
        }
        words.extend(positions.iter().map(|p| Word { start, len, position: *p }));
    }
    assemble(&buf, &mut words, MAX_POSITIONS)
}

/// Appends a quoted lexeme.
pub(crate) fn write_lexeme(lexeme: &[u8], out: &mut String) {
    out.push('\'');
    for c in String::from_utf8_lossy(lexeme).chars() {
        if c == '\'' || c == '\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
}

/// Writes a document (`tsvectorout`).
pub fn write(v: TsVector<'_>, out: &mut String) {
    for i in 0..v.len() {
        if i > 0 {
            out.push(' ');
        }
        write_lexeme(v.lexeme(i), out);
        let mut before = ':';
        for p in v.positions(i).iter() {
            out.push(before);
            out.push_str(&position(p).to_string());
            if weight(p) > 0 {
                out.push((b'D' - weight(p) as u8) as char);
            }
            before = ',';
        }
    }
}

/// The binary form (`tsvectorsend`).
pub fn send(v: TsVector<'_>) -> Vec<u8> {
    let mut out = (v.len() as u32).to_be_bytes().to_vec();
    for i in 0..v.len() {
        out.extend_from_slice(v.lexeme(i));
        out.push(0);
        out.extend_from_slice(&(v.positions(i).len() as u16).to_be_bytes());
        v.positions(i).iter().for_each(|p| out.extend_from_slice(&p.to_be_bytes()));
    }
    out
}

/// Reads the binary form (`tsvectorrecv`).
pub fn recv(b: &[u8]) -> Result<Vec<u8>> {
    let mut m = Message(b);
    let n = m.int(4)?;
    if n > 0x3fff_ffff / 4 {
        return Err(Error::internal("invalid size of tsvector"));
    }
    let mut rows = vec![];
    let mut total = 0;
    for _ in 0..n {
        let lexeme = m.string()?;
        let count = m.int(2)? as usize;
        let wrong = match () {
            _ if lexeme.len() > MAX_LEXEME => "invalid tsvector: lexeme too long",
            _ if total > MAX_DATA => "invalid tsvector: maximum total lexeme length exceeded",
            _ if count > MAX_POSITIONS => "unexpected number of tsvector positions",
            _ => "",
        };
        if !wrong.is_empty() {
            return Err(Error::internal(wrong));
        }
        total += lexeme.len() + if count > 0 { 2 + 2 * count } else { 0 };
        let mut positions: Vec<u16> = vec![];
        for _ in 0..count {
            let p = m.int(2)? as u16;
            if positions.last().is_some_and(|last| position(p) <= position(*last)) {
                return Err(Error::internal("position information is misordered"));
            }
            positions.push(p);
        }
        rows.push((lexeme, positions));
    }
    m.end()?;
    rows.order_by(|a, b| a.0.cmp(b.0));
    let mut out = Builder::default();
    rows.iter().for_each(|(l, p)| out.push(l, p.iter().copied()));
    out.finish()
}

/// Bytes that compare as `tsvector_cmp` does: by size, number of lexemes, then lexeme by lexeme, more positions first.
pub fn key(b: &[u8], out: &mut Vec<u8>) {
    let v = TsVector::new(b);
    out.extend_from_slice(&(b.len() as u32).to_be_bytes());
    out.extend_from_slice(&(v.len() as u32).to_be_bytes());
    for i in 0..v.len() {
        let positions = v.positions(i);
        out.push(u8::from(positions.is_empty()));
        out.extend_from_slice(v.lexeme(i));
        out.push(0);
        if !positions.is_empty() {
            out.extend_from_slice(&(!(positions.len() as u16)).to_be_bytes());
            positions.iter().for_each(|p| out.extend_from_slice(&(!p.rotate_left(2)).to_be_bytes()));
        }
    }
}

/// `tsvector_cmp`.
pub fn cmp(a: &[u8], b: &[u8]) -> Ordering {
    let (mut x, mut y) = (vec![], vec![]);
    if a.len() == b.len() {
        key(a, &mut x);
        key(b, &mut y);
    }
    a.len().cmp(&b.len()).then_with(|| x.cmp(&y))
}

/// The document without positions.
pub fn strip(v: TsVector<'_>) -> Result<Vec<u8>> {
    let mut out = Builder::default();
    v.lexemes().for_each(|l| out.push(l, std::iter::empty()));
    out.finish()
}

/// `setweight`: the weight of every position, or of those of some lexemes.
pub fn set_weight(v: TsVector<'_>, w: i8, only: Option<&[Option<&str>]>) -> Result<Vec<u8>> {
    let Some(w) = weight_of(w as u8) else {
        let shown = if only.is_some() { (w as u8 as char).to_string() } else { w.to_string() };
        return Err(Error::internal(filled!("unrecognized weight: {}"; shown)));
    };
    let chosen = only.map(|names| indices(v, names));
    let mut out = Builder::default();
    for i in 0..v.len() {
        if chosen.as_ref().is_none_or(|c| c.contains(&i)) {
            out.push(v.lexeme(i), v.positions(i).iter().map(|p| with_weight(p, w)));
        } else {
            v.copy(i, &mut out);
        }
    }
    out.finish()
}

fn indices(v: TsVector<'_>, names: &[Option<&str>]) -> Vec<usize> {
    names.iter().flatten().filter_map(|n| v.find(n.as_bytes()).ok()).collect()
}

/// `ts_delete`.
pub fn delete(v: TsVector<'_>, names: &[Option<&str>]) -> Result<Vec<u8>> {
    let gone = indices(v, names);
    let mut out = Builder::default();
    (0..v.len()).filter(|i| !gone.contains(i)).for_each(|i| v.copy(i, &mut out));
    out.finish()
}

/// `ts_filter`: positions of these weights, and lexemes that have some.
pub fn filter(v: TsVector<'_>, weights: &[Option<i8>]) -> Result<Vec<u8>> {
    let mut mask = 0u16;
    for w in weights {
        let Some(c) = w else { bail!(NULL_VALUE_NOT_ALLOWED, "weight array may not contain nulls") };
        let Some(w) = weight_of(*c as u8) else {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized weight: \"{}\"", *c as u8 as char);
        };
        mask |= 1 << w;
    }
    let mut out = Builder::default();
    for i in 0..v.len() {
        let kept: Vec<u16> = v.positions(i).iter().filter(|p| mask & 1 << weight(*p) != 0).collect();
        if !kept.is_empty() {
            out.push(v.lexeme(i), kept.into_iter());
        }
    }
    out.finish()
}

/// `||`: the second document's positions come after the first's.
pub fn concat(a: TsVector<'_>, b: TsVector<'_>) -> Result<Vec<u8>> {
    let shift = (0..a.len()).flat_map(|i| a.positions(i).iter()).map(position).max().unwrap_or(0);
    let mut out = Builder::default();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (i < a.len(), j < b.len()) {
            (true, true) => a.lexeme(i).cmp(b.lexeme(j)),
            (true, false) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let lexeme = if order.is_gt() { b.lexeme(j) } else { a.lexeme(i) };
        let mut positions: Vec<u16> = vec![];
        if order.is_le() {
            positions.extend(a.positions(i).iter());
            i += 1;
        }
        if order.is_ge() {
            for p in b.positions(j).iter() {
                if positions.len() >= MAX_POSITIONS || positions.last().is_some_and(|p| position(*p) == MAX_POSITION) {
                    break;
                }
                positions.push(with_weight((position(p) + shift).min(MAX_POSITION), weight(p)));
            }
            j += 1;
        }
        out.push(lexeme, positions.into_iter());
    }
    out.finish()
}

/// `array_to_tsvector`.
pub fn from_array(items: &[Option<&str>]) -> Result<Vec<u8>> {
    let mut lexemes = vec![];
    for item in items {
        match item {
            None => bail!(NULL_VALUE_NOT_ALLOWED, "lexeme array may not contain nulls"),
            Some("") => bail!(ZERO_LENGTH_CHARACTER_STRING, "lexeme array may not contain empty strings"),
            Some(s) => lexemes.push(s.as_bytes()),
        }
    }
    lexemes.order();
    lexemes.dedup();
    let mut out = Builder::default();
    lexemes.iter().for_each(|l| out.push(l, std::iter::empty()));
    out.finish()
}
