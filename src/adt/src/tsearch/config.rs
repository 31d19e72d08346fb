//! Configurations: from text to lexemes (`ts_parse.c`, `to_tsany.c`).

use std::rc::Rc;

use tusklet_error::{Notice, Result, Severity, SqlState};

use super::dict::{Dict, Lexeme, Lexemes};
use super::parser::Parser;
use super::query_parse::{Mode, Parsed, Polish, parse};
use super::thesaurus::Followed;
use super::tsquery::{AND, OR, PHRASE};
use super::tsvector::{MAX_LEXEME, MAX_POSITION, Word, assemble};

/// A configuration, ready for use: the dictionaries of each token type, by its number.
pub struct Config {
    /// In the order they are asked.
    pub dicts: Vec<Vec<Rc<Dict>>>,
}

/// A token on its way.
#[derive(Clone, Copy)]
pub(crate) struct Token<'t> {
    /// Its type; 0 for the end of the text.
    pub kind: u8,
    /// Its text.
    pub text: &'t str,
}

/// Sends tokens through dictionaries, of which some want several (`LexizeExec`).
pub(crate) struct Lexer<'c, 't> {
    config: &'c Config,
    work: Vec<Token<'t>>,
    /// Tokens seen to.
    pub done: Vec<Token<'t>>,
    /// The dictionary that wants more, and the next token for it.
    hungry: Option<(Rc<Dict>, usize)>,
    /// Where to go on among the dictionaries of the first token.
    next_dict: usize,
    followed: Followed,
    /// The best the hungry one has found, and how many tokens that takes.
    best: Option<(Vec<Lexeme>, usize)>,
}

impl<'c, 't> Lexer<'c, 't> {
    pub fn new(config: &'c Config) -> Lexer<'c, 't> {
        Lexer {
            config,
            work: vec![],
            done: vec![],
            hungry: None,
            next_dict: 0,
            followed: Followed::default(),
            best: None,
        }
    }

    pub fn add(&mut self, token: Token<'t>) {
        self.work.push(token);
        if let Some((_, next)) = &mut self.hungry {
            *next = self.work.len() - 1;
        }
    }

    fn finish(&mut self, tokens: usize) {
        self.done.extend(self.work.drain(..tokens.min(self.work.len())));
        self.next_dict = 0;
        self.hungry = None;
        self.best = None;
    }

    fn dicts(&self, kind: u8) -> &'c [Rc<Dict>] {
        self.config.dicts.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    /// The lexemes of the next token or phrase; `None` when more tokens are needed.
    pub fn next(&mut self) -> Result<Lexemes> {
        loop {
            match &self.hungry {
                None => {
                    let Some(&token) = self.work.first() else { return Ok(None) };
                    let mut asked = false;
                    for (i, dict) in self.dicts(token.kind).iter().enumerate().skip(self.next_dict) {
                        self.followed = Followed::default();
                        let found = dict.lexize(token.text, Some(&mut self.followed))?;
                        if self.followed.next {
                            self.next_dict = i + 1;
                            self.best = found.map(|f| (f, 1));
                            self.hungry = Some((dict.clone(), 1));
                            asked = true;
                            break;
                        }
                        if found.is_some() {
                            self.finish(1);
                            return Ok(found);
                        }
                    }
                    if !asked {
                        self.finish(1);
                    }
                }
                Some((dict, at)) => {
                    let (dict, at) = (dict.clone(), *at);
                    let Some(&token) = self.work.get(at) else { return Ok(None) };
                    if token.kind != 0 {
                        let dicts = self.dicts(token.kind);
                        if dicts.is_empty() {
                            self.hungry = Some((dict, at + 1));
                            continue;
                        }
                        if !dicts.iter().any(|d| Rc::ptr_eq(d, &dict)) {
                            self.hungry = None;
                            self.best = None;
                            continue;
                        }
                    }
                    self.followed.end = token.kind == 0;
                    self.followed.next = false;
                    let found = dict.lexize(token.text, Some(&mut self.followed))?;
                    if self.followed.next {
                        if let Some(found) = found {
                            self.best = Some((found, at + 1));
                        }
                        self.hungry = Some((dict, at + 1));
                        continue;
                    }
                    if let Some((found, tokens)) = found.map(|f| (f, at + 1)).or_else(|| self.best.take()) {
                        self.finish(tokens);
                        return Ok(Some(found));
                    }
                    // The first token is the next dictionary's.
                    self.hungry = None;
                }
            }
        }
    }
}

/// What a text becomes.
#[derive(Default)]
pub struct ParsedText {
    /// Lexemes, with their positions in the text.
    pub words: Vec<(Lexeme, u32)>,
    /// The last position.
    pub position: u32,
    /// What is to be told.
    pub notices: Vec<Notice>,
}

/// What is told of a token nobody can index.
pub(crate) fn too_long() -> Notice {
    let mut n = Notice::new(Severity::Notice, SqlState::PROGRAM_LIMIT_EXCEEDED, "word is too long to be indexed");
    n.detail = Some(format!("Words longer than {MAX_LEXEME} characters are ignored."));
    n
}

impl ParsedText {
    /// Adds a text (`parsetext`).
    pub fn add(&mut self, config: &Config, text: &str) -> Result<()> {
        let mut parser = Parser::new(text);
        let mut lexer = Lexer::new(config);
        loop {
            let token = parser.next_token().map_or(Token { kind: 0, text: "" }, |(kind, text)| Token { kind, text });
            if token.text.len() >= MAX_LEXEME {
                self.notices.push(too_long());
                continue;
            }
            lexer.add(token);
            while let Some(lexemes) = lexer.next()? {
                self.position += 1;
                for l in lexemes {
                    self.position += u32::from(l.add_position);
                    let at = self.position.min(u32::from(MAX_POSITION));
                    self.words.push((l, at));
                }
            }
            lexer.done.clear();
            if token.kind == 0 {
                return Ok(());
            }
        }
    }

    /// Adds one of several texts: no phrase reaches from one into the next.
    pub fn add_part(&mut self, config: &Config, text: &str) -> Result<()> {
        let before = self.words.len();
        self.add(config, text)?;
        self.position += u32::from(self.words.len() > before);
        Ok(())
    }

    /// The document (`make_tsvector`).
    pub fn document(&self) -> Result<Vec<u8>> {
        let (mut buf, mut words) = (vec![], Vec::with_capacity(self.words.len()));
        for (l, at) in &self.words {
            words.push(Word { start: buf.len(), len: l.text.len(), position: *at as u16 });
            buf.extend_from_slice(l.text.as_bytes());
        }
        assemble(&buf, &mut words, super::tsvector::MAX_POSITIONS - 1)
    }
}

/// Reads a query whose words go through a configuration; `joint` puts the words of one operand together.
pub fn to_query(config: &Config, text: &str, mode: Mode, joint: u8) -> Result<(Parsed, Vec<Notice>)> {
    let mut notices = vec![];
    let parsed = parse(text, mode, &mut |out: &mut Polish<'_>, word, weight, prefix| {
        let mut words = ParsedText::default();
        words.add(config, std::str::from_utf8(word).unwrap_or(""))?;
        notices.append(&mut words.notices);
        push(out, &words.words, weight, prefix, joint)
    })?;
    Ok((parsed, notices))
}

/// The words of an operand: those of one variant all, variants any, positions in order (`pushval_morph`).
fn push(out: &mut Polish<'_>, words: &[(Lexeme, u32)], weight: u8, prefix: bool, joint: u8) -> Result<()> {
    if words.is_empty() {
        out.stop();
        return Ok(());
    }
    let (mut at, mut count) = (0, 0);
    for place in words.chunk_by(|a, b| a.1 == b.1) {
        let Some((_, own)) = place.first() else { continue };
        // Stop words leave gaps.
        while at > 0 && at + 1 < *own {
            out.stop();
            if count > 0 {
                out.operator(joint, 1);
            }
            count += 1;
            at += 1;
        }
        at = *own;
        for (v, variant) in place.chunk_by(|a, b| a.0.variant == b.0.variant).enumerate() {
            for (i, (l, _)) in variant.iter().enumerate() {
                out.value(l.text.as_bytes(), weight, prefix || l.prefix)?;
                if i > 0 {
                    out.operator(AND, 0);
                }
            }
            if v > 0 {
                out.operator(OR, 0);
            }
        }
        if count > 0 {
            out.operator(joint, 1);
        }
        count += 1;
    }
    Ok(())
}

/// The four functions that read queries.
pub fn query_kind(function: &str) -> (Mode, u8) {
    match function {
        f if f.starts_with("plain") => (Mode::Plain, AND),
        f if f.starts_with("phrase") => (Mode::Plain, PHRASE),
        f if f.starts_with("web") => (Mode::Web, PHRASE),
        _ => (Mode::Standard, PHRASE),
    }
}
