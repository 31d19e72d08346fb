//! Tokens of the path language (PostgreSQL's `jsonpath_scan.l`).
//!
//! Where two rules match, the longer match wins, counted in bytes; so `1a` is a bad number, but `1ab` an identifier. An
//! identifier ends before a blank, which the error message then quotes, or before a special character, which makes the
//! message say "at end": [`Scanner::text`] is what the original's `yytext` would be.

use tusklet_error::{Error, Result, bail, err};

use super::{Method, Op};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Word {
    To,
    Null,
    True,
    False,
    Is,
    Unknown,
    Exists,
    Strict,
    Lax,
    Last,
    Starts,
    With,
    LikeRegex,
    Flag,
    Datetime,
    Method(Method),
}

/// Keywords, and whether only their lower case form counts.
const WORDS: &[(&str, bool, Word)] = &[
    ("is", false, Word::Is),
    ("to", false, Word::To),
    ("abs", false, Word::Method(Method::Abs)),
    ("lax", false, Word::Lax),
    ("flag", false, Word::Flag),
    ("last", false, Word::Last),
    ("null", true, Word::Null),
    ("size", false, Word::Method(Method::Size)),
    ("true", true, Word::True),
    ("type", false, Word::Method(Method::Type)),
    ("with", false, Word::With),
    ("false", true, Word::False),
    ("floor", false, Word::Method(Method::Floor)),
    ("double", false, Word::Method(Method::Double)),
    ("exists", false, Word::Exists),
    ("starts", false, Word::Starts),
    ("strict", false, Word::Strict),
    ("ceiling", false, Word::Method(Method::Ceiling)),
    ("datetime", false, Word::Datetime),
    ("keyvalue", false, Word::Method(Method::KeyValue)),
    ("unknown", false, Word::Unknown),
    ("like_regex", false, Word::LikeRegex),
];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Token {
    End,
    Identifier,
    Word(Word),
    String,
    Integer,
    Number,
    Variable,
    And,
    Or,
    /// `**`
    Any,
    Compare(Op),
    Char(u8),
}

pub(super) struct Scanner<'a> {
    s: &'a str,
    at: usize,
    /// The last match, for messages.
    shown: (usize, usize),
    /// What a word, string, number or variable says.
    pub value: String,
}

fn special(c: u8) -> bool {
    b"?%$.[]{}()|&!=<>@#,*:-+/".contains(&c)
}

fn blank(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// What an identifier or a variable is made of.
fn other(c: u8) -> bool {
    !special(c) && !blank(c) && c != b'\\' && c != b'"'
}

fn run(b: &[u8], at: usize, f: impl Fn(u8) -> bool) -> usize {
    b.iter().skip(at).take_while(|&&c| f(c)).count()
}

fn digits(b: &[u8], at: usize) -> usize {
    run(b, at, |c| c.is_ascii_digit())
}

impl<'a> Scanner<'a> {
    pub(super) fn new(s: &'a str) -> Scanner<'a> {
        Scanner { s, at: 0, shown: (0, 0), value: String::new() }
    }

    /// `yyerror`.
    pub(super) fn fail(&self, message: &str) -> Error {
        let (from, mut to) = self.shown;
        while !self.s.is_char_boundary(to) {
            to += 1;
        }
        match self.s.get(from..to) {
            Some(text) if !text.is_empty() => err!(
                SYNTAX_ERROR, "{} at or near \"{}\" of jsonpath input"; message, text
            ),
            _ => err!(SYNTAX_ERROR, "{} at end of jsonpath input"; message),
        }
    }

    /// Moves over `n` bytes, which are the last match.
    fn take(&mut self, n: usize) -> &'a str {
        self.shown = (self.at, self.at + n);
        self.at += n;
        self.s.get(self.shown.0..self.shown.1).unwrap_or("")
    }

    pub(super) fn next(&mut self) -> Result<Token> {
        let b = self.s.as_bytes();
        loop {
            let Some(&c) = b.get(self.at) else {
                self.take(0);
                return Ok(Token::End);
            };
            let after = b.get(self.at + 1).copied().unwrap_or(0);
            if blank(c) {
                self.take(run(b, self.at, blank));
                continue;
            }
            if c == b'/' && after == b'*' {
                self.comment()?;
                continue;
            }
            if c.is_ascii_digit() || c == b'.' && after.is_ascii_digit() {
                if let Some(token) = self.number()? {
                    return Ok(token);
                }
            } else if c == b'"' {
                self.take(1);
                return self.quoted(Token::String);
            } else if c == b'$' && after == b'"' {
                self.take(2);
                return self.quoted(Token::Variable);
            } else if c == b'$' && self.at + 1 < b.len() && other(after) {
                let n = run(b, self.at + 1, other);
                self.value = self.take(n + 1)[1..].to_owned();
                return Ok(Token::Variable);
            } else if special(c) {
                let (n, token) = match (c, after) {
                    (b'&', b'&') => (2, Token::And),
                    (b'|', b'|') => (2, Token::Or),
                    (b'*', b'*') => (2, Token::Any),
                    (b'<', b'=') => (2, Token::Compare(Op::LessOrEqual)),
                    (b'<', b'>') | (b'!', b'=') => (2, Token::Compare(Op::NotEqual)),
                    (b'=', b'=') => (2, Token::Compare(Op::Equal)),
                    (b'>', b'=') => (2, Token::Compare(Op::GreaterOrEqual)),
                    (b'<', _) => (1, Token::Compare(Op::Less)),
                    (b'>', _) => (1, Token::Compare(Op::Greater)),
                    _ => (1, Token::Char(c)),
                };
                self.take(n);
                return Ok(token);
            }
            if let Some(token) = self.identifier()? {
                return Ok(token);
            }
        }
    }

    fn comment(&mut self) -> Result<()> {
        match self.s[self.at + 2..].find("*/") {
            Some(n) => {
                self.take(n + 4);
                Ok(())
            }
            None => {
                self.at = self.s.len();
                self.take(0);
                Err(self.fail("unexpected end of comment"))
            }
        }
    }

    /// A number; `None` when an identifier that begins with a digit is longer.
    fn number(&mut self) -> Result<Option<Token>> {
        let b = self.s.as_bytes();
        let whole = match b[self.at] {
            b'.' => 0,
            b'0' => 1,
            _ => digits(b, self.at),
        };
        let mut n = whole;
        let mut token = Token::Integer;
        if b.get(self.at + n) == Some(&b'.') {
            n += 1 + digits(b, self.at + n + 1);
            token = Token::Number;
        }
        let mut broken = 0;
        if matches!(b.get(self.at + n), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(b.get(self.at + n + 1), Some(b'+' | b'-')));
            match digits(b, self.at + n + 1 + sign) {
                0 if sign == 1 => broken = n + 2,
                0 => {}
                exponent => {
                    n += 1 + sign + exponent;
                    token = Token::Number;
                }
            }
        }
        let junk = if b.get(self.at + n).is_some_and(|&c| other(c)) { n + 1 } else { 0 };
        let identifier = run(b, self.at, other);
        if identifier > n.max(junk).max(broken) {
            return Ok(None);
        }
        if broken > junk {
            self.take(broken);
            return Err(self.fail("invalid numeric literal"));
        }
        if junk > n {
            self.take(junk);
            return Err(self.fail("trailing junk after numeric literal"));
        }
        self.value = self.take(n).to_owned();
        Ok(Some(token))
    }

    /// The rest of a quoted string or variable.
    fn quoted(&mut self, token: Token) -> Result<Token> {
        let b = self.s.as_bytes();
        self.value.clear();
        loop {
            match b.get(self.at) {
                None => {
                    self.take(0);
                    return Err(self.fail("unexpected end of quoted string"));
                }
                Some(b'"') => {
                    self.take(1);
                    return Ok(token);
                }
                Some(b'\\') => self.escaped()?,
                Some(_) => {
                    let text = self.take(run(b, self.at, |c| c != b'"' && c != b'\\'));
                    self.value.push_str(text);
                }
            }
        }
    }

    /// An identifier or keyword; `None` when a comment follows, which swallows the identifier in PostgreSQL too.
    fn identifier(&mut self) -> Result<Option<Token>> {
        let b = self.s.as_bytes();
        self.value.clear();
        loop {
            match b.get(self.at) {
                Some(b'\\') => self.escaped()?,
                Some(&c) if other(c) => {
                    let text = self.take(run(b, self.at, other));
                    self.value.push_str(text);
                }
                Some(&c) if blank(c) => {
                    self.take(run(b, self.at, blank));
                    break;
                }
                Some(b'/') if b.get(self.at + 1) == Some(&b'*') => {
                    self.comment()?;
                    return Ok(None);
                }
                _ => {
                    self.take(0);
                    break;
                }
            }
        }
        let word = WORDS.iter().find(|(w, lower, _)| {
            if *lower { self.value == *w } else { self.value.eq_ignore_ascii_case(w) }
        });
        Ok(Some(word.map_or(Token::Identifier, |w| Token::Word(w.2))))
    }

    /// Length of the `\u` sequence at `at` and its code, `None` for a code if it is malformed; nothing if there is none.
    fn unicode(&self, at: usize) -> Option<(usize, Option<u32>)> {
        let b = self.s.as_bytes();
        if !b.get(at..).is_some_and(|t| t.starts_with(b"\\u")) {
            return None;
        }
        let hex = |from: usize, most: usize| run(b, from, |c| c.is_ascii_hexdigit()).min(most);
        let braces = b.get(at + 2) == Some(&b'{');
        let from = at + 2 + usize::from(braces);
        let n = hex(from, if braces { 6 } else { 4 });
        let closed = if braces { n > 0 && b.get(from + n) == Some(&b'}') } else { n == 4 };
        let len = from + n - at + usize::from(braces && closed);
        Some((len, u32::from_str_radix(&self.s[from..from + n], 16).ok().filter(|_| closed)))
    }

    /// A backslash and what follows.
    fn escaped(&mut self) -> Result<()> {
        let b = self.s.as_bytes();
        if self.unicode(self.at).is_some() {
            // A run of them is one match: only inside it can two surrogates meet.
            let mut codes = Vec::new();
            let mut end = self.at;
            while let Some((n, code)) = self.unicode(end) {
                end += n;
                let Some(code) = code else {
                    self.take(end - self.at);
                    return Err(self.fail("invalid unicode sequence"));
                };
                codes.push(code);
            }
            self.take(end - self.at);
            return self.push_codes(&codes);
        }
        match b.get(self.at + 1) {
            Some(b'x') => {
                let n = run(b, self.at + 2, |c| c.is_ascii_hexdigit()).min(2);
                let text = self.take(2 + n);
                if n < 2 {
                    return Err(self.fail("invalid hex character sequence"));
                }
                self.push_codes(&[u32::from_str_radix(&text[2..], 16).unwrap_or(0)])
            }
            None | Some(b'\n') => {
                self.take(1);
                Err(self.fail("unexpected end after backslash"))
            }
            Some(_) => {
                let c = self.s[self.at + 1..].chars().next().unwrap_or('\\');
                self.take(1 + c.len_utf8());
                self.value.push(match c {
                    'b' => '\x08',
                    'f' => '\x0c',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\x0b',
                    c => c,
                });
                Ok(())
            }
        }
    }

    fn push_codes(&mut self, codes: &[u32]) -> Result<()> {
        let surrogate = |which: &str| {
            err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath").detail(which)
        };
        let low = "Unicode low surrogate must follow a high surrogate.";
        let mut high = None;
        for &code in codes {
            let code = match (high.take(), code) {
                (Some(_), 0xd800..=0xdbff) => {
                    return Err(surrogate("Unicode high surrogate must not follow a high surrogate."));
                }
                (None, 0xd800..=0xdbff) => {
                    high = Some(code);
                    continue;
                }
                (Some(h), 0xdc00..=0xdfff) => 0x10000 + ((h - 0xd800) << 10) + (code - 0xdc00),
                (None, 0xdc00..=0xdfff) | (Some(_), _) => return Err(surrogate(low)),
                (None, code) => code,
            };
            if code == 0 {
                return Err(err!(UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence")
                    .detail("\\u0000 cannot be converted to text."));
            }
            let Some(c) = char::from_u32(code) else { bail!(SYNTAX_ERROR, "invalid Unicode code point") };
            self.value.push(c);
        }
        if high.is_some() { Err(surrogate(low)) } else { Ok(()) }
    }
}
