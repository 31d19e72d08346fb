//! `json`: text that is valid, kept as written.
//!
//! One parser serves both JSON types. It reports errors as PostgreSQL's lexer and parser do: message, DETAIL naming the
//! token, CONTEXT quoting up to fifty bytes of the line. `jsonb` asks it for a tree ([`parse_value`]), `json` only for a
//! verdict ([`validate`]), which does not decode strings and so accepts escapes that cannot be text.

use tusklet_error::{Error, Result, bail, err, filled};

use crate::numeric::Numeric;

/// A JSON value as a tree.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exact.
    Number(Numeric),
    /// A string, decoded.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object's members as written, duplicates included.
    Object(Vec<(String, Value)>),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Comma,
    Colon,
    String,
    Number,
    True,
    False,
    Null,
    End,
}

/// Depth at which nesting is refused, well inside the stack of a browser's worker.
const MAX_DEPTH: usize = 1500;

struct Parser<'a> {
    s: &'a str,
    token: Token,
    start: usize,
    end: usize,
    line_start: usize,
    line: usize,
    /// The decoded string of a String token, when building.
    text: String,
    /// Strings are decoded.
    decode: bool,
    /// A tree is wanted.
    build: bool,
}

impl<'a> Parser<'a> {
    fn new(s: &'a str, build: bool) -> Parser<'a> {
        Parser { s, token: Token::End, start: 0, end: 0, line_start: 0, line: 1, text: String::new(), decode: build, build }
    }

    fn fail_with(&self, e: Error, detail: String) -> Error {
        let b = self.s.as_bytes();
        let stop = self.end.min(b.len());
        let mut from = self.line_start;
        while stop.saturating_sub(from) >= 50 {
            from += self.s[from..].chars().next().map_or(1, char::len_utf8);
        }
        if from - self.line_start <= 3 {
            from = self.line_start;
        }
        let prefix = if from > self.line_start { "..." } else { "" };
        let more = self.token != Token::End && stop < b.len() && b[stop] != b'\n' && b[stop] != b'\r';
        let mut stop = stop.max(from);
        while !self.s.is_char_boundary(stop) {
            stop += 1;
        }
        let quoted = &self.s[from..stop];
        e.detail(detail).context(format!("JSON data, line {}: {prefix}{quoted}{}", self.line, if more { "..." } else { "" }))
    }

    fn fail(&self, detail: String) -> Error {
        self.fail_with(err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json"), detail)
    }

    fn invalid_token(&self) -> Error {
        self.fail(filled!("Token \"{}\" is invalid."; self.s.get(self.start..self.end).unwrap_or("")))
    }

    /// Reads the next token.
    fn advance(&mut self) -> Result<()> {
        let b = self.s.as_bytes();
        let mut i = self.end;
        while i < b.len() && matches!(b[i], b' ' | b'\t' | b'\n' | b'\r') {
            if b[i] == b'\n' {
                self.line += 1;
                self.line_start = i + 1;
            }
            i += 1;
        }
        self.start = i;
        let Some(&c) = b.get(i) else {
            self.end = i;
            self.token = Token::End;
            return Ok(());
        };
        // Whatever goes wrong inside a token, more text counts as following.
        self.token = Token::Null;
        self.end = i + 1;
        self.token = match c {
            b'{' => Token::ObjectStart,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayStart,
            b']' => Token::ArrayEnd,
            b',' => Token::Comma,
            b':' => Token::Colon,
            b'"' => {
                self.string()?;
                Token::String
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
                Token::Number
            }
            _ => {
                let n = b[i..].iter().take_while(|&&c| word(c)).count();
                if n > 0 {
                    self.end = i + n;
                }
                match &b[i..self.end] {
                    b"true" => Token::True,
                    b"false" => Token::False,
                    b"null" => Token::Null,
                    _ => return Err(self.invalid_token()),
                }
            }
        };
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        let b = self.s.as_bytes();
        let digits = |mut i: usize| {
            while b.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let mut i = self.start + usize::from(b[self.start] == b'-');
        let mut ok = true;
        match b.get(i) {
            Some(b'0') => i += 1,
            Some(b'1'..=b'9') => i = digits(i),
            _ => ok = false,
        }
        // A number gone wrong is read on as if it had not: the message shows all of it.
        if b.get(i) == Some(&b'.') {
            let j = digits(i + 1);
            ok &= j > i + 1;
            i = j;
        }
        if matches!(b.get(i), Some(b'e' | b'E')) {
            i += 1;
            if matches!(b.get(i), Some(b'+' | b'-')) {
                i += 1;
            }
            let j = digits(i);
            ok &= j > i;
            i = j;
        }
        // A word right behind makes one bad token of both.
        let tail = b[i.min(b.len())..].iter().take_while(|&&c| word(c)).count();
        self.end = i + tail;
        if ok && tail == 0 { Ok(()) } else { Err(self.invalid_token()) }
    }

    fn string(&mut self) -> Result<()> {
        let b = self.s.as_bytes();
        self.text.clear();
        let mut i = self.start + 1;
        let mut high: Option<u32> = None;
        loop {
            let Some(&c) = b.get(i) else {
                self.end = i;
                return Err(self.invalid_token());
            };
            match c {
                b'"' => break,
                0..=0x1f => {
                    self.end = i;
                    return Err(self.fail(format!("Character with value 0x{c:02x} must be escaped.")));
                }
                b'\\' => {
                    i += 1;
                    let Some(&e) = b.get(i) else {
                        self.end = i;
                        return Err(self.invalid_token());
                    };
                    if e == b'u' {
                        let mut code = 0;
                        for _ in 0..4 {
                            i += 1;
                            let Some(&h) = b.get(i) else {
                                self.end = i;
                                return Err(self.invalid_token());
                            };
                            let Some(d) = char::from(h).to_digit(16) else {
                                self.end = i + self.s[i..].chars().next().map_or(1, char::len_utf8);
                                return Err(self.fail("\"\\u\" must be followed by four hexadecimal digits.".into()));
                            };
                            code = code * 16 + d;
                        }
                        i += 1;
                        if self.decode {
                            self.unicode(code, &mut high, i)?;
                        }
                        continue;
                    }
                    let plain = match e {
                        b'"' | b'\\' | b'/' => char::from(e),
                        b'b' => '\x08',
                        b'f' => '\x0c',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        _ => {
                            self.start = i;
                            self.end = i + self.s[i..].chars().next().map_or(1, char::len_utf8);
                            return Err(self.fail(filled!(
                                "Escape sequence \"\\{}\" is invalid."; &self.s[i..self.end]
                            )));
                        }
                    };
                    i += 1;
                    if self.decode {
                        self.lone_high(high, i)?;
                        self.text.push(plain);
                    }
                }
                _ => {
                    let run = b[i..].iter().take_while(|&&c| c != b'"' && c != b'\\' && c >= 0x20).count();
                    if self.decode {
                        // The message quotes the character that should have been an escape, too.
                        self.lone_high(high, i + self.s[i..].chars().next().map_or(0, char::len_utf8))?;
                        self.text.push_str(&self.s[i..i + run]);
                    }
                    i += run;
                }
            }
        }
        if self.decode {
            self.lone_high(high, i + 1)?;
        }
        self.end = i + 1;
        Ok(())
    }

    fn lone_high(&mut self, high: Option<u32>, at: usize) -> Result<()> {
        if high.is_some() {
            self.end = at;
            return Err(self.fail("Unicode low surrogate must follow a high surrogate.".into()));
        }
        Ok(())
    }

    fn unicode(&mut self, code: u32, high: &mut Option<u32>, at: usize) -> Result<()> {
        match (high.take(), code) {
            (Some(_), 0xd800..=0xdbff) => {
                self.end = at;
                Err(self.fail("Unicode high surrogate must not follow a high surrogate.".into()))
            }
            (None, 0xd800..=0xdbff) => {
                *high = Some(code);
                Ok(())
            }
            (Some(h), 0xdc00..=0xdfff) => {
                let c = 0x10000 + ((h - 0xd800) << 10) + (code - 0xdc00);
                self.text.push(char::from_u32(c).unwrap_or('\u{fffd}'));
                Ok(())
            }
            (h, code) => {
                if h.is_some() || (0xdc00..=0xdfff).contains(&code) {
                    return self.lone_high(Some(code), at);
                }
                if code == 0 {
                    self.end = at;
                    return Err(self.fail_with(
                        err!(UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence"),
                        "\\u0000 cannot be converted to text.".into(),
                    ));
                }
                self.text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                Ok(())
            }
        }
    }

    fn expected(&self, what: &str) -> Error {
        if self.token == Token::End {
            return self.fail("The input string ended unexpectedly.".into());
        }
        self.fail(filled!("Expected {}, but found \"{}\"."; what, &self.s[self.start..self.end]))
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let v = match self.token {
            Token::ObjectStart => {
                self.advance()?;
                let mut members = Vec::new();
                if self.token != Token::ObjectEnd {
                    if self.token != Token::String {
                        return Err(self.expected("string or \"}\""));
                    }
                    loop {
                        let key = std::mem::take(&mut self.text);
                        self.advance()?;
                        if self.token != Token::Colon {
                            return Err(self.expected("\":\""));
                        }
                        self.advance()?;
                        let v = self.value(depth + 1)?;
                        if self.build {
                            members.push((key, v));
                        }
                        match self.token {
                            Token::ObjectEnd => break,
                            Token::Comma => self.advance()?,
                            _ => return Err(self.expected("\",\" or \"}\"")),
                        }
                        if self.token != Token::String {
                            return Err(self.expected("string"));
                        }
                    }
                }
                Value::Object(members)
            }
            Token::ArrayStart => {
                self.advance()?;
                let mut items = Vec::new();
                if self.token != Token::ArrayEnd {
                    loop {
                        let v = self.value(depth + 1)?;
                        if self.build {
                            items.push(v);
                        }
                        match self.token {
                            Token::ArrayEnd => break,
                            Token::Comma => self.advance()?,
                            _ => return Err(self.expected("\",\" or \"]\"")),
                        }
                    }
                }
                Value::Array(items)
            }
            Token::String => Value::String(std::mem::take(&mut self.text)),
            Token::Number if self.build => {
                let digits = &self.s[self.start..self.end];
                // What is wrong with the text after it is told first.
                self.advance()?;
                return Ok(Value::Number(Numeric::parse(digits)?));
            }
            Token::Number | Token::Null => Value::Null,
            Token::True => Value::Bool(true),
            Token::False => Value::Bool(false),
            _ => return Err(self.expected("JSON value")),
        };
        self.advance()?;
        Ok(v)
    }

    fn whole(&mut self) -> Result<Value> {
        self.advance()?;
        let v = self.value(0)?;
        if self.token != Token::End {
            return Err(self.expected("end of input"));
        }
        Ok(v)
    }
}

fn word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c >= 0x80
}

/// Checks that a text is JSON (`json_in`); the text itself is the value.
pub fn validate(s: &str) -> Result<()> {
    Parser::new(s, false).whole().map(|_| ())
}

/// Checks that the strings of a valid JSON text can be decoded, as functions do that look into it.
pub fn decodable(s: &str) -> Result<()> {
    // Only such an escape can be valid and yet no character.
    if !s.contains("\\u") {
        return Ok(());
    }
    let mut p = Parser::new(s, false);
    p.decode = true;
    p.whole().map(|_| ())
}

/// Parses JSON into a tree (`jsonb_in`).
pub fn parse_value(s: &str) -> Result<Value> {
    Parser::new(s, true).whole()
}

/// Appends a JSON string with its quotes.
pub fn escape(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", c as u32)),
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Kind of the outermost value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The word of `json_typeof`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }
}

// The functions below take text that `validate` has accepted; they scan, and never look below what they need.

fn blank(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r')
}

fn skip_blank(b: &[u8], mut i: usize) -> usize {
    while i < b.len() && blank(b[i]) {
        i += 1;
    }
    i
}

/// One past the value that starts at `i`.
fn skip_value(b: &[u8], mut i: usize) -> usize {
    let mut depth = 0usize;
    while i < b.len() {
        match b[i] {
            b'"' => {
                i += 1;
                while i < b.len() && b[i] != b'"' {
                    i += if b[i] == b'\\' { 2 } else { 1 };
                }
                i += 1;
            }
            b'{' | b'[' => {
                depth += 1;
                i += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                i += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => i += 1,
            _ => {
                while i < b.len() && (word(b[i]) || matches!(b[i], b'-' | b'+' | b'.')) {
                    i += 1;
                }
            }
        }
        if depth == 0 {
            break;
        }
    }
    i.min(b.len())
}

/// Kind of a valid JSON text.
pub fn kind(s: &str) -> Kind {
    match s.as_bytes().get(skip_blank(s.as_bytes(), 0)) {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'n') | None => Kind::Null,
        _ => Kind::Number,
    }
}

/// Decodes a JSON string with its quotes.
pub fn unescape(s: &str) -> Result<String> {
    match parse_value(s)? {
        Value::String(s) => Ok(s),
        _ => Ok(s.to_owned()),
    }
}

/// Members of an object in order, keys decoded, values as written; nothing for other kinds.
pub fn members(s: &str) -> Result<Vec<(String, &str)>> {
    let b = s.as_bytes();
    let mut out = Vec::new();
    let mut i = skip_blank(b, 0);
    if b.get(i) != Some(&b'{') {
        return Ok(out);
    }
    i = skip_blank(b, i + 1);
    while b.get(i) == Some(&b'"') {
        let end = skip_value(b, i);
        let key = unescape(&s[i..end])?;
        let colon = skip_blank(b, end);
        let from = skip_blank(b, colon + 1);
        let to = skip_value(b, from);
        out.push((key, &s[from..to]));
        i = skip_blank(b, skip_blank(b, to) + 1);
    }
    Ok(out)
}

/// Elements of an array as written; nothing for other kinds.
pub fn elements(s: &str) -> Vec<&str> {
    let b = s.as_bytes();
    let mut out = Vec::new();
    let mut i = skip_blank(b, 0);
    if b.get(i) != Some(&b'[') {
        return out;
    }
    i = skip_blank(b, i + 1);
    while i < b.len() && b[i] != b']' {
        let to = skip_value(b, i);
        out.push(&s[i..to]);
        i = skip_blank(b, to);
        if b.get(i) == Some(&b']') {
            break;
        }
        i = skip_blank(b, i + 1);
    }
    out
}

/// `json -> key`: the last of duplicates.
pub fn get_key<'a>(s: &'a str, key: &str) -> Result<Option<&'a str>> {
    Ok(members(s)?.into_iter().rev().find(|(k, _)| k == key).map(|(_, v)| v))
}

/// `json -> index`; negative counts from the end.
pub fn get_index(s: &str, index: i32) -> Option<&str> {
    let all = elements(s);
    crate::jsonb::index_from(all.len(), index).map(|i| all[i])
}

/// `json #> path`.
pub fn get_path<'a>(s: &'a str, path: &[&str]) -> Result<Option<&'a str>> {
    let mut at = s.trim_matches([' ', '\t', '\n', '\r']);
    if path.is_empty() {
        return Ok(Some(s));
    }
    for p in path {
        let next = match kind(at) {
            Kind::Object => get_key(at, p)?,
            Kind::Array => crate::jsonb::path_index(p).and_then(|i| get_index(at, i)),
            _ => None,
        };
        match next {
            Some(v) => at = v,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The text form of `->>`: strings decoded, `null` is NULL.
pub fn to_text(s: &str) -> Result<Option<String>> {
    match kind(s) {
        Kind::Null => Ok(None),
        Kind::String => unescape(s).map(Some),
        _ => Ok(Some(s.to_owned())),
    }
}

/// `json_array_length`.
pub fn array_length(s: &str) -> Result<i32> {
    match kind(s) {
        Kind::Array => Ok(elements(s).len() as i32),
        Kind::Object => bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a non-array"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot get array length of a scalar"),
    }
}

/// `json_strip_nulls`: object members that are null go, and with them all blanks.
pub fn strip_nulls(s: &str, out: &mut String) -> Result<()> {
    match kind(s) {
        Kind::Object => {
            out.push('{');
            let mut first = true;
            for (k, v) in members(s)? {
                if kind(v) == Kind::Null {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                escape(&k, out);
                out.push(':');
                strip_nulls(v, out)?;
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (i, v) in elements(s).into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                strip_nulls(v, out)?;
            }
            out.push(']');
        }
        Kind::String => escape(&unescape(s)?, out),
        _ => out.push_str(s.trim_matches([' ', '\t', '\n', '\r'])),
    }
    Ok(())
}
