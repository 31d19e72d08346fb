//! Text to tokens, by PostgreSQL's rules.
//!
//! A token is twelve bytes and owns nothing: what it is, which keyword, from where to where. Names and strings are decoded
//! (`literals`) when the parser takes them, so that a statement allocates for what its tree holds and nothing else. The
//! whole text is cut before parsing starts. A text that cannot be cut ends in a [`T::Error`] token: the parser raises the
//! lexer's error only when it gets there, so that a syntax error before it is reported first, as in PostgreSQL, whose
//! parser pulls its tokens one by one.

use std::rc::Rc;

use crate::keywords::{Kw, lookup};
use crate::literals;
use crate::shape::{Learned, Shape, Shapes};
use crate::Strings;
use tusklet_error::{Error, Notice, Severity, Span, SqlState};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum T {
    /// The end of the text.
    Eof,
    /// The lexer's error starts here.
    Error,
    /// A name without quotes that is no keyword.
    Ident,
    /// `"name"`.
    QuotedIdent,
    /// `U&"name"`.
    UnicodeIdent,
    Keyword,
    /// `'…'`.
    String,
    /// `E'…'`.
    EscapeString,
    /// `U&'…'`.
    UnicodeString,
    /// `$tag$…$tag$`.
    DollarString,
    /// `B'…'`.
    Bit,
    /// `X'…'`.
    Hex,
    /// Digits that fit `int4`.
    Integer,
    /// Any other number.
    Float,
    /// `$1`.
    Param,
    /// An operator that is none of those below.
    Op,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    Lt,
    Gt,
    Eq,
    LtEq,
    GtEq,
    NotEq,
    Comma,
    LParen,
    RParen,
    LBracket,
    RBracket,
    Dot,
    DotDot,
    Semicolon,
    Colon,
    /// `::`.
    TypeCast,
    /// `:=`.
    ColonEquals,
    /// `=>`.
    EqualsGreater,
    /// A character no token starts with.
    Other,
    /// A whole statement whose shape is known (`shape`).
    Known,
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub t: T,
    /// The escape character of a U& token, 0 if there was no UESCAPE; the length of a dollar quote's delimiter; 1 for an
    /// escape string without its `E`.
    pub extra: u8,
    pub kw: Kw,
    pub start: u32,
    pub end: u32,
}

impl Token {
    pub fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

/// The text as tokens, and the error of the [`T::Error`] token if it ends in one.
pub(crate) struct Lexed {
    /// Always ends in `Eof` or `Error`.
    pub tokens: Vec<Token>,
    pub error: Option<Error>,
    /// Shapes of the [`T::Known`] tokens, and how many literals there were before each.
    pub known: Vec<(Rc<Shape>, u32)>,
    /// Their literals.
    pub literals: Vec<Span>,
    /// Shapes that other statements had, in order.
    pub learned: Vec<Learned>,
    /// What escapes in plain strings are warned of, in order.
    pub warnings: Vec<Notice>,
}

/// Cuts the whole text.
pub(crate) fn lex(sql: &str) -> Lexed {
    lex_from(sql, 0, None, Strings::default())
}

/// Cuts the text from `pos` on. A statement whose shape is known becomes one token; the shapes of the others are learned.
pub(crate) fn lex_from(sql: &str, pos: usize, shapes: Option<&mut Shapes>, strings: Strings) -> Lexed {
    let mut lexer = Lexer {
        sql,
        src: sql.as_bytes(),
        pos,
        tokens: Vec::with_capacity((sql.len() - pos) / 5 + 8),
        shapes,
        known: vec![],
        literals: vec![],
        learned: vec![],
        strings,
        warnings: vec![],
        statement: 0,
        depth: 0,
        body: false,
    };
    // Positions are 32-bit; a text of 4 GiB does not fit a wasm memory anyway.
    if sql.len() >= u32::MAX as usize {
        let error = Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "query text is too long");
        return Lexed {
            tokens: vec![Token { t: T::Error, extra: 0, kw: Kw::NIL, start: 0, end: 0 }],
            error: Some(error),
            known: vec![],
            literals: vec![],
            learned: vec![],
            warnings: vec![],
        };
    }
    let error = lexer.run().err();
    let mut start = if error.is_some() { lexer.pos } else { sql.len() };
    if error.is_some() {
        // A U& token is handed out when the token after it is known to be no UESCAPE, so the error comes before it.
        let unicode =
            |t: Option<&Token>| t.is_some_and(|t| matches!(t.t, T::UnicodeIdent | T::UnicodeString) && t.extra == 0);
        let last = lexer.tokens.len();
        if unicode(lexer.tokens.last()) {
            lexer.tokens.truncate(last - 1);
            start = start.min(lexer.tokens.last().map_or(0, |t| t.end as usize));
        } else if last >= 2 && lexer.tokens[last - 1].kw == Kw::UESCAPE && unicode(lexer.tokens.get(last - 2)) {
            lexer.tokens.truncate(last - 2);
            start = start.min(lexer.tokens.last().map_or(0, |t| t.end as usize));
        }
    }
    let t = if error.is_some() { T::Error } else { T::Eof };
    if error.is_none() {
        lexer.end_statement();
    }
    lexer.push(t, start, sql.len());
    let Lexer { tokens, known, literals, learned, warnings, .. } = lexer;
    Lexed { tokens, error, known, literals, learned, warnings }
}

/// `message at or near "text"`, or `message at end of input`: PostgreSQL's `scanner_yyerror`.
#[cold]
pub(crate) fn error_near(sql: &str, message: &str, span: Span) -> Error {
    let text = sql.get(span.start as usize..span.end as usize).unwrap_or("");
    let words =
        if text.is_empty() { format!("{message} at end of input") } else { format!("{message} at or near \"{text}\"") };
    Error::new(SqlState::SYNTAX_ERROR, words).at(span)
}

struct Lexer<'a> {
    sql: &'a str,
    src: &'a [u8],
    /// Start of the token being cut.
    pos: usize,
    tokens: Vec<Token>,
    shapes: Option<&'a mut Shapes>,
    known: Vec<(Rc<Shape>, u32)>,
    literals: Vec<Span>,
    learned: Vec<Learned>,
    strings: Strings,
    warnings: Vec<Notice>,
    /// The statement's first token, when shapes are asked for.
    statement: usize,
    /// Open parentheses: semicolons inside (CREATE RULE) end no statement.
    depth: i32,
    /// A body in SQL (BEGIN ATOMIC) began: what its semicolons end is not known here.
    body: bool,
}

impl Lexer<'_> {
    fn at(&self, i: usize) -> u8 {
        self.src.get(i).copied().unwrap_or(0)
    }

    fn push(&mut self, t: T, start: usize, end: usize) {
        self.push_token(Token { t, extra: 0, kw: Kw::NIL, start: start as u32, end: end as u32 });
    }

    fn push_token(&mut self, token: Token) {
        self.tokens.push(token);
    }

    fn near(&self, message: &str, start: usize, end: usize) -> Error {
        error_near(self.sql, message, Span::new(start, end))
    }

    fn run(&mut self) -> Result<(), Error> {
        loop {
            self.skip_blank()?;
            let start = self.pos;
            let Some(&c) = self.src.get(start) else {
                return self.finish_unicode(self.src.len(), self.src.len());
            };
            if self.shapes.is_some() && self.statement == self.tokens.len() && self.known_statement() {
                continue;
            }
            let end = self.token(c, start)?;
            self.pos = end;
        }
    }

    /// Takes the statement that begins here as one token, if its shape is known.
    fn known_statement(&mut self) -> bool {
        let first = self.literals.len() as u32;
        let Some(shapes) = &mut self.shapes else { return false };
        let Some((shape, end)) = shapes.find(self.src, self.pos, &mut self.literals) else { return false };
        self.known.push((shape, first));
        self.push(T::Known, self.pos, end);
        self.pos = end;
        true
    }

    /// The statement is over: its shape is learned. Should it be no SQL after all, the parser says so before any other
    /// statement of the shape matters.
    fn end_statement(&mut self) {
        if let Some(shapes) = &mut self.shapes
            && let Some(tokens) = self.tokens.get(self.statement..).filter(|t| t.len() > 3)
        {
            self.learned.extend(shapes.learn(self.sql, tokens));
        }
    }

    /// White space and comments.
    fn skip_blank(&mut self) -> Result<(), Error> {
        loop {
            match self.at(self.pos) {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c => self.pos += 1,
                b'-' if self.at(self.pos + 1) == b'-' => self.pos = self.line_end(self.pos),
                b'/' if self.at(self.pos + 1) == b'*' => match block_comment(self.src, self.pos) {
                    Some(end) => self.pos = end,
                    None => return Err(self.near("unterminated /* comment", self.pos, self.src.len())),
                },
                _ => return Ok(()),
            }
        }
    }

    fn line_end(&self, mut i: usize) -> usize {
        while i < self.src.len() && !matches!(self.src[i], b'\n' | b'\r') {
            i += 1;
        }
        i
    }

    /// Cuts one token that starts with `c` and gives its end.
    fn token(&mut self, c: u8, start: usize) -> Result<usize, Error> {
        let single = |t| (t, start + 1);
        let (t, end) = match c {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => return self.word(c, start),
            b'0'..=b'9' => self.number(start)?,
            b'\'' => return self.string(T::String, start, start, "unterminated quoted string"),
            b'"' => (T::QuotedIdent, self.quoted_ident(start, start)?),
            b'$' => return self.dollar(start),
            b',' => single(T::Comma),
            b'(' => {
                self.depth += 1;
                single(T::LParen)
            }
            b')' => {
                self.depth -= 1;
                single(T::RParen)
            }
            b'[' => single(T::LBracket),
            b']' => single(T::RBracket),
            b';' => {
                self.finish_unicode(start, start + 1)?;
                let over = self.depth == 0 && !self.body;
                if over {
                    self.end_statement();
                }
                self.push(T::Semicolon, start, start + 1);
                if over {
                    self.statement = self.tokens.len();
                }
                return Ok(start + 1);
            }
            b'.' => match self.at(start + 1) {
                b'0'..=b'9' => self.number(start)?,
                b'.' => (T::DotDot, start + 2),
                _ => single(T::Dot),
            },
            b':' => match self.at(start + 1) {
                b':' => (T::TypeCast, start + 2),
                b'=' => (T::ColonEquals, start + 2),
                _ => single(T::Colon),
            },
            _ if is_op_char(c) => self.operator(start)?,
            _ => single(T::Other),
        };
        self.finish_unicode(start, end)?;
        self.push(t, start, end);
        Ok(end)
    }

    fn word(&mut self, c: u8, start: usize) -> Result<usize, Error> {
        let next = self.at(start + 1);
        if next == b'\'' {
            match c | 0x20 {
                b'e' => return self.string(T::EscapeString, start, start + 1, "unterminated quoted string"),
                b'b' => return self.string(T::Bit, start, start + 1, "unterminated bit string literal"),
                b'x' => return self.string(T::Hex, start, start + 1, "unterminated hexadecimal string literal"),
                // N'…' is the word NCHAR and a string.
                b'n' => {
                    self.finish_unicode(start, start + 1)?;
                    self.push_token(Token {
                        t: T::Keyword,
                        extra: 0,
                        kw: Kw::NCHAR,
                        start: start as u32,
                        end: start as u32 + 1,
                    });
                    return Ok(start + 1);
                }
                _ => {}
            }
        }
        if c | 0x20 == b'u' && next == b'&' {
            match self.at(start + 2) {
                b'\'' if !self.strings.conforming => {
                    return Err(Error::new(
                        SqlState::FEATURE_NOT_SUPPORTED,
                        "unsafe use of string constant with Unicode escapes",
                    )
                    .detail(
                        "String constants with Unicode escapes cannot be used when standard_conforming_strings is off.",
                    )
                    .at(Span::new(start, start + 3)));
                }
                b'\'' => return self.string(T::UnicodeString, start, start + 2, "unterminated quoted string"),
                b'"' => {
                    let end = self.quoted_ident(start, start + 2)?;
                    self.finish_unicode(start, end)?;
                    self.push(T::UnicodeIdent, start, end);
                    return Ok(end);
                }
                _ => {}
            }
        }
        let end = word_end(self.src, start + 1);
        let kw = lookup(&self.src[start..end]);
        let t = if kw == Kw::NIL { T::Ident } else { T::Keyword };
        self.body |= kw == Kw::ATOMIC;
        if kw != Kw::UESCAPE {
            self.finish_unicode(start, end)?;
        }
        self.push_token(Token { t, extra: 0, kw, start: start as u32, end: end as u32 });
        Ok(end)
    }

    /// A string whose opening quote is at `quote`, with its continuations on further lines.
    fn string(&mut self, t: T, start: usize, quote: usize, unterminated: &str) -> Result<usize, Error> {
        // With `standard_conforming_strings` off, a plain string has escapes, and is warned of.
        let bare = t == T::String && !self.strings.conforming;
        let t = if bare { T::EscapeString } else { t };
        let mut i = quote + 1;
        loop {
            match self.src.get(i) {
                None => {
                    // An escape before the end of the text is complained about first.
                    if t == T::EscapeString {
                        self.escapes(bare, start, quote, self.src.len())?;
                    }
                    return Err(self.near(unterminated, start, self.src.len()));
                }
                Some(b'\\') if t == T::EscapeString => {
                    if self.at(i + 1) == b'\'' && !self.strings.backslash_quote {
                        self.escapes(bare, start, quote, i)?;
                        return Err(Error::new(
                            SqlState::NONSTANDARD_USE_OF_ESCAPE_CHARACTER,
                            "unsafe use of \\' in a string literal",
                        )
                        .hint("Use '' to write quotes in strings. \\' is insecure in client-only encodings.")
                        .at(Span::new(start, i + 2)));
                    }
                    i += 2;
                }
                Some(b'\'') => {
                    if matches!(t, T::String | T::EscapeString | T::UnicodeString) && self.at(i + 1) == b'\'' {
                        i += 2;
                        continue;
                    }
                    match continuation(self.src, i + 1) {
                        Some(next) => i = next,
                        None => break,
                    }
                }
                // A plain string goes on to the next quote; `i` is between characters there, behind another one.
                Some(_) if t == T::String => match self.sql.get(i..).and_then(|rest| rest.find('\'')) {
                    Some(n) => i += n,
                    None => i = self.src.len(),
                },
                Some(_) => i += 1,
            }
        }
        let end = i + 1;
        if t == T::EscapeString {
            self.escapes(bare, start, quote, end)?;
        }
        // The string that tells a U& token's escape character is part of that token.
        if let [.., u, escape] = &mut self.tokens[..]
            && escape.kw == Kw::UESCAPE
            && matches!(u.t, T::UnicodeIdent | T::UnicodeString)
        {
            if !matches!(t, T::String | T::EscapeString | T::DollarString) {
                return Err(self.near("UESCAPE must be followed by a simple string literal", start, end));
            }
            let text = if t == T::EscapeString {
                literals::unescape(self.sql, quote, end)?
            } else {
                literals::plain_string(self.sql, start, end)
            };
            match text.as_bytes() {
                &[c] if !c.is_ascii_hexdigit()
                    && !matches!(c, b'+' | b'\'' | b'"' | b' ' | b'\t' | b'\n' | b'\r' | 0x0c) =>
                {
                    u.extra = c;
                    u.end = end as u32;
                    let token = *u;
                    literals::unicode_text(self.sql, &token)?;
                    self.tokens.pop();
                }
                _ => return Err(self.near("invalid Unicode escape character", start, end)),
            }
            return Ok(end);
        }
        self.finish_unicode(start, end)?;
        self.push_token(Token { t, extra: bare as u8, kw: Kw::NIL, start: start as u32, end: end as u32 });
        Ok(end)
    }

    /// Checks the escapes of a string; the first one of a plain string is warned of (`check_string_escape_warning`).
    fn escapes(&mut self, bare: bool, start: usize, quote: usize, end: usize) -> Result<(), Error> {
        let mut first = 0;
        let checked = literals::unescape_noting(self.sql, quote, end, &mut first);
        if bare && self.strings.warn && first != 0 {
            let (what, hint) = match first {
                b'\'' => ("\\'", "Use '' to write quotes in strings, or use the escape string syntax (E'...')."),
                b'\\' => ("\\\\", "Use the escape string syntax for backslashes, e.g., E'\\\\'."),
                _ => ("escape", "Use the escape string syntax for escapes, e.g., E'\\r\\n'."),
            };
            let mut notice = Notice::new(
                Severity::Warning,
                SqlState::NONSTANDARD_USE_OF_ESCAPE_CHARACTER,
                format!("nonstandard use of {what} in a string literal"),
            );
            notice.hint = Some(hint.to_string());
            notice.span = Span::new(start, end);
            self.warnings.push(notice);
        }
        checked.map(drop)
    }

    /// Called before a token is pushed: a U& token before it is known now to have the default escape character, and is
    /// checked; and `UESCAPE` must have been followed by a string.
    fn finish_unicode(&mut self, start: usize, end: usize) -> Result<(), Error> {
        match &self.tokens[..] {
            [.., u] if matches!(u.t, T::UnicodeIdent | T::UnicodeString) && u.extra == 0 => {
                literals::unicode_text(self.sql, u).map(drop)
            }
            [.., u, escape] if escape.kw == Kw::UESCAPE && matches!(u.t, T::UnicodeIdent | T::UnicodeString) => {
                Err(self.near("UESCAPE must be followed by a simple string literal", start, end))
            }
            _ => Ok(()),
        }
    }

    fn quoted_ident(&self, start: usize, quote: usize) -> Result<usize, Error> {
        let mut i = quote + 1;
        loop {
            match self.src.get(i) {
                None => return Err(self.near("unterminated quoted identifier", start, self.src.len())),
                Some(b'"') if self.at(i + 1) == b'"' => i += 2,
                Some(b'"') => break,
                Some(_) => i += 1,
            }
        }
        if i == quote + 1 {
            return Err(self.near("zero-length delimited identifier", start, i + 1));
        }
        Ok(i + 1)
    }

    fn number(&self, start: usize) -> Result<(T, usize), Error> {
        let mut i = start;
        let mut t = T::Integer;
        while self.at(i).is_ascii_digit() {
            i += 1;
        }
        // `1..10` is a number and two dots.
        if self.at(i) == b'.' && !(self.at(i + 1) == b'.' && i > start) {
            t = T::Float;
            i += 1;
            while self.at(i).is_ascii_digit() {
                i += 1;
            }
        }
        if self.at(i) | 0x20 == b'e' {
            let mut j = i + 1;
            if matches!(self.at(j), b'+' | b'-') {
                j += 1;
            }
            if self.at(j).is_ascii_digit() {
                t = T::Float;
                i = j;
                while self.at(i).is_ascii_digit() {
                    i += 1;
                }
            } else if j > i + 1 {
                return Err(self.near("trailing junk after numeric literal", start, j));
            }
        }
        if is_word_start(self.at(i)) {
            return Err(self.near("trailing junk after numeric literal", start, word_end(self.src, i)));
        }
        if t == T::Integer && literals::small_integer(&self.src[start..i]).is_none() {
            t = T::Float;
        }
        Ok((t, i))
    }

    /// `$1`, `$tag$…$tag$`, or a stray dollar sign.
    fn dollar(&mut self, start: usize) -> Result<usize, Error> {
        let next = self.at(start + 1);
        if next.is_ascii_digit() {
            let mut i = start + 1;
            while self.at(i).is_ascii_digit() {
                i += 1;
            }
            if is_word_start(self.at(i)) {
                return Err(self.near("trailing junk after parameter", start, word_end(self.src, i)));
            }
            self.finish_unicode(start, i)?;
            self.push(T::Param, start, i);
            return Ok(i);
        }
        let Some(body) = dollar_tag(self.src, start) else {
            self.finish_unicode(start, start + 1)?;
            self.push(T::Other, start, start + 1);
            return Ok(start + 1);
        };
        let Some(end) = dollar_end(self.src, start, body) else {
            return Err(self.near("unterminated dollar-quoted string", start, self.src.len()));
        };
        self.finish_unicode(start, end)?;
        self.push(T::DollarString, start, end);
        Ok(end)
    }

    /// The longest run of operator characters, cut before a comment, and without trailing `+` and `-` unless the run has a
    /// character SQL's own operators do not use: so `a@-1` is `a @- 1`, and `a=-1` is `a = -1`.
    fn operator(&self, start: usize) -> Result<(T, usize), Error> {
        let mut end = start + 1;
        while is_op_char(self.at(end)) {
            end += 1;
        }
        let run = &self.src[start..end];
        let mut len = run.windows(2).position(|w| w == b"--" || w == b"/*").unwrap_or(run.len());
        if len > 1 && matches!(run[len - 1], b'+' | b'-') {
            while len > 1 && matches!(run[len - 1], b'+' | b'-') {
                let odd = |c: &u8| matches!(c, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%');
                if run[..len - 1].iter().any(odd) {
                    break;
                }
                len -= 1;
            }
        }
        let t = match &run[..len] {
            b"+" => T::Plus,
            b"-" => T::Minus,
            b"*" => T::Star,
            b"/" => T::Slash,
            b"%" => T::Percent,
            b"^" => T::Caret,
            b"<" => T::Lt,
            b">" => T::Gt,
            b"=" => T::Eq,
            b"<=" => T::LtEq,
            b">=" => T::GtEq,
            b"<>" | b"!=" => T::NotEq,
            b"=>" => T::EqualsGreater,
            _ => T::Op,
        };
        if len >= literals::NAMEDATALEN {
            return Err(self.near("operator too long", start, start + len));
        }
        Ok((t, start + len))
    }
}

/// The end of a block comment that starts at `start`, nested ones inside; `None` if it does not end.
pub(crate) fn block_comment(src: &[u8], start: usize) -> Option<usize> {
    let mut depth = 1;
    let mut i = start + 2;
    while i + 1 < src.len() {
        match (src[i], src[i + 1]) {
            (b'*', b'/') => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return Some(i);
                }
            }
            (b'/', b'*') => {
                depth += 1;
                i += 2;
            }
            _ => i += 1,
        }
    }
    None
}

/// Where the string goes on if the closing quote just before `i` is followed by a line break and another quote: the
/// position after that quote. Line comments may stand between.
pub(crate) fn continuation(src: &[u8], mut i: usize) -> Option<usize> {
    let mut newline = false;
    loop {
        match src.get(i)? {
            b'\n' | b'\r' => {
                newline = true;
                i += 1;
            }
            b' ' | b'\t' | 0x0c => i += 1,
            b'-' if src.get(i + 1) == Some(&b'-') => {
                while i < src.len() && !matches!(src[i], b'\n' | b'\r') {
                    i += 1;
                }
            }
            b'\'' if newline => return Some(i + 1),
            _ => return None,
        }
    }
}

/// Where the body of a dollar quote starts, if one starts at `start`.
pub(crate) fn dollar_tag(src: &[u8], start: usize) -> Option<usize> {
    let mut i = start + 1;
    if is_word_start(*src.get(i)?) {
        i += 1;
        while src.get(i).is_some_and(|&c| is_word_start(c) || c.is_ascii_digit()) {
            i += 1;
        }
    }
    (src.get(i) == Some(&b'$')).then_some(i + 1)
}

/// The end of the dollar quote whose delimiter is `start..body`.
pub(crate) fn dollar_end(src: &[u8], start: usize, body: usize) -> Option<usize> {
    let tag = &src[start..body];
    let mut i = body;
    while i + tag.len() <= src.len() {
        if src[i] == b'$' && src[i..].starts_with(tag) {
            return Some(i + tag.len());
        }
        i += 1;
    }
    None
}

pub(crate) fn is_word_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || c >= 0x80
}

/// The end of a word that goes on at `i`.
pub(crate) fn word_end(src: &[u8], mut i: usize) -> usize {
    while i < src.len() && (is_word_start(src[i]) || src[i].is_ascii_digit() || src[i] == b'$') {
        i += 1;
    }
    i
}

pub(crate) fn is_op_char(c: u8) -> bool {
    matches!(
        c,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}
