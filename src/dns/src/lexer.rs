//! Words of zone files and of stored contents.
//!
//! A zone file is a sequence of entries: the words of a line, or of several where parentheses hold them together. An
//! error belongs to its entry; the next one is read as if nothing had happened. A parenthesis that is never closed
//! would swallow the rest of the file, so reading goes on at the first later line that begins with an owner.

use crate::{Problem, Severity};

/// A word. Escapes are still in it; the quotes of a quoted string are not.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub text: &'a str,
    pub quoted: bool,
    pub line: u32,
    pub column: u32,
}

/// The words that belong together.
pub struct Entry<'a> {
    pub tokens: Vec<Token<'a>>,
    /// The line began with a blank: the owner is the one before.
    pub blank_owner: bool,
    /// An error was reported for it already.
    pub broken: bool,
}

#[derive(Clone, Copy)]
struct Place {
    pos: usize,
    line: u32,
    column: u32,
}

pub struct Lexer<'a> {
    text: &'a str,
    at: Place,
    /// In contents, parentheses, semicolons and line ends mean nothing.
    content: bool,
    unclosed: u32,
}

/// Every unclosed parenthesis costs a walk to the end of the text; nobody needs more of them.
const MAX_UNCLOSED: u32 = 20;

impl<'a> Lexer<'a> {
    pub fn file(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: Place { pos: 0, line: 1, column: 1 }, content: false, unclosed: 0 }
    }

    /// The words of one stored content.
    pub fn content(text: &'a str, problems: &mut Vec<Problem>) -> Option<Vec<Token<'a>>> {
        let mut lexer = Lexer { content: true, ..Lexer::file(text) };
        match lexer.entry(problems) {
            Some(entry) => (!entry.broken).then_some(entry.tokens),
            None => Some(Vec::new()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at.pos).copied()
    }

    fn bump(&mut self) {
        match self.peek() {
            None => return,
            Some(b'\n') => {
                self.at.line += 1;
                self.at.column = 1;
            }
            // Columns count characters, so the later bytes of one do not.
            Some(c) if c & 0xc0 != 0x80 => self.at.column += 1,
            Some(_) => {}
        }
        self.at.pos += 1;
    }

    fn skip_line(&mut self) {
        while !matches!(self.peek(), None | Some(b'\n')) {
            self.bump();
        }
    }

    /// The next entry with words in it; `None` at the end.
    pub fn entry(&mut self, problems: &mut Vec<Problem>) -> Option<Entry<'a>> {
        let starts_blank = |c| matches!(c, Some(b' ' | b'\t'));
        let mut entry = Entry { tokens: Vec::new(), blank_owner: starts_blank(self.peek()), broken: false };
        let mut open: Vec<Place> = Vec::new();
        let mut error = |place: Place, message: &str| {
            let mut problem = Problem::new(Severity::Error, "", message);
            (problem.line, problem.column) = (place.line, place.column);
            problems.push(problem);
        };
        loop {
            let place = self.at;
            match self.peek() {
                None => {
                    if let Some(&first) = open.first() {
                        error(first, "the parenthesis is never closed");
                        entry.broken = true;
                        self.unclosed += 1;
                        if self.unclosed < MAX_UNCLOSED {
                            self.at = first;
                            self.skip_line();
                            while matches!(self.peek(), Some(b'\n')) {
                                self.bump();
                                if matches!(self.peek(), Some(b' ' | b'\t' | b';' | b')')) {
                                    self.skip_line();
                                }
                            }
                        }
                        return Some(entry);
                    }
                    return (entry.broken || !entry.tokens.is_empty()).then_some(entry);
                }
                Some(b'\n') => {
                    self.bump();
                    if self.content || !open.is_empty() {
                        continue;
                    }
                    if entry.broken || !entry.tokens.is_empty() {
                        return Some(entry);
                    }
                    entry.blank_owner = starts_blank(self.peek());
                }
                Some(b' ' | b'\t' | b'\r') => self.bump(),
                Some(b';') if !self.content => self.skip_line(),
                Some(b'(') if !self.content => {
                    open.push(place);
                    self.bump();
                }
                Some(b')') if !self.content => {
                    if open.pop().is_none() {
                        error(place, "a closing parenthesis without an opening one");
                        entry.broken = true;
                    }
                    self.bump();
                }
                Some(b'"') => {
                    self.bump();
                    let start = self.at.pos;
                    if self.quoted() {
                        let text = self.text.get(start..self.at.pos).unwrap_or_default();
                        entry.tokens.push(Token { text, quoted: true, line: place.line, column: place.column });
                        self.bump();
                    } else {
                        error(place, "the quoted string does not end on its line");
                        entry.broken = true;
                    }
                }
                Some(_) => {
                    if let Err(quote) = self.word() {
                        error(quote, "a quote inside a word");
                        entry.broken = true;
                    }
                    let text = self.text.get(place.pos..self.at.pos).unwrap_or_default();
                    entry.tokens.push(Token { text, quoted: false, line: place.line, column: place.column });
                }
            }
        }
    }

    /// Goes to the closing quote; false when there is none.
    fn quoted(&mut self) -> bool {
        loop {
            match self.peek() {
                None => return false,
                Some(b'\n') if !self.content => return false,
                Some(b'"') => return true,
                Some(b'\\') => {
                    self.bump();
                    if self.peek() != Some(b'\n') {
                        self.bump();
                    }
                }
                Some(_) => self.bump(),
            }
        }
    }

    /// Goes to the end of a word. Quotes may only come after `=`, as in `alpn="h2,h3"`.
    fn word(&mut self) -> Result<(), Place> {
        let mut previous = 0;
        loop {
            let place = self.at;
            match self.peek() {
                None | Some(b' ' | b'\t' | b'\r' | b'\n') => return Ok(()),
                Some(b'(' | b')' | b';') if !self.content => return Ok(()),
                Some(b'"') => {
                    self.bump();
                    if previous != b'=' || !self.quoted() {
                        while !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n')) {
                            self.bump();
                        }
                        return Err(place);
                    }
                    self.bump();
                    previous = b'"';
                }
                Some(c) => {
                    self.bump();
                    if c == b'\\' && self.peek() != Some(b'\n') {
                        self.bump();
                    }
                    previous = c;
                }
            }
        }
    }
}
