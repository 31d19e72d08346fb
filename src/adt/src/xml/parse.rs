//! The parser. It goes through a text as libxml 2.9.14 does and complains with its words at its places, for those are the
//! DETAIL of PostgreSQL's errors: it goes on after most errors, and all it finds are told.
//!
//! Entities are read once, at their first use, and their text is kept; so what a text costs is bounded by its length, by
//! 40 levels of entities within entities, and by [`MAX_EXPANSION`] for values of attributes.

use tusklet_error::filled;
use std::rc::Rc;

use super::tree::{Doc, Kind, NIL};

/// How deep elements and entities may nest.
const MAX_DEPTH: usize = 256;
pub(super) const MAX_ENTITY_DEPTH: u32 = 40;
/// How long all that entities in attributes stand for may become.
pub(super) const MAX_EXPANSION: usize = 10_000_000;

/// What is wanted of a parser.
#[derive(Clone, Copy)]
pub struct Options {
    /// Make a tree.
    pub build: bool,
    /// Complain about namespaces too.
    pub namespaces: bool,
}

/// An entity of the internal subset.
pub(super) struct Entity {
    pub name: String,
    /// What it stands for; `None` for an external one.
    pub content: Option<Rc<str>>,
    pub parameter: bool,
    pub unparsed: bool,
    /// Its content was parsed already, and what text is in it.
    pub parsed: bool,
    pub text: String,
    /// What it stands for in an attribute.
    pub(super) expanded: Option<Rc<str>>,
}

/// An attribute of an element type whose values lose superfluous spaces, as ATTLIST declares it.
pub(super) struct AttDef {
    pub element: String,
    pub name: String,
}

/// An open element.
pub(super) struct Open {
    name: String,
    prefix: String,
    pub(super) line: u32,
    pub(super) ns: usize,
}

/// A declared prefix and its namespace.
pub(super) struct Scope {
    pub prefix: String,
    pub uri: String,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Level {
    Warning,
    /// Of namespaces.
    NsWarning,
    NsError,
    Error,
    Fatal,
}

/// A running parse.
pub struct Parser {
    pub(super) src: Rc<str>,
    pub(super) pos: usize,
    pub(super) line_pos: usize,
    pub(super) line: u32,
    pub(super) options: Options,
    /// The tree.
    pub doc: Doc,
    /// Where nodes go.
    pub(super) node: u32,
    pub(super) open: Vec<Open>,
    pub(super) ns: Vec<Scope>,
    pub(super) entities: Vec<Entity>,
    pub(super) attdefs: Vec<AttDef>,
    /// Levels of entities within entities.
    pub(super) depth: u32,
    pub(super) expanded: usize,
    pub(super) in_attribute: bool,
    /// Undeclared entities are no error, for not all declarations are known.
    pub(super) external_subset: bool,
    pub(super) pe_refs: bool,
    pub(super) standalone: bool,
    pub(super) well_formed: bool,
    pub(super) looped: bool,
    /// Nothing more is read.
    pub(super) halted: bool,
    /// All errors, as DETAIL.
    pub detail: String,
    /// There was one.
    pub failed: bool,
    /// Warnings, told whether or not there are errors.
    pub warnings: Vec<String>,
}

/// Whether a character may be in a document.
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a name may start with it.
pub fn is_name_start(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '_' | ':' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// Whether a name may have it.
pub fn is_name(c: char) -> bool {
    is_name_start(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The characters of predefined entities.
pub(super) fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

/// At most `n` bytes of `s`, as a `%.50s` cuts it.
pub(super) fn cut(s: &str, n: usize) -> &str {
    let mut n = n.min(s.len());
    while !s.is_char_boundary(n) {
        n -= 1;
    }
    &s[..n]
}

/// Whether it is a URI (`xmlParseURI`), and whether it has a scheme.
pub(super) fn uri(s: &str) -> (bool, bool) {
    let b = s.as_bytes();
    let scheme = s.find(':').is_some_and(|i| {
        b[0].is_ascii_alphabetic()
            && b[..i].iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
    });
    let mut fragments = 0;
    for (i, c) in b.iter().enumerate() {
        let ok = match c {
            b'%' => b.len() > i + 2 && b[i + 1].is_ascii_hexdigit() && b[i + 2].is_ascii_hexdigit(),
            b'#' => {
                fragments += 1;
                fragments == 1
            }
            c => c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?[]".contains(c),
        };
        if !ok {
            return (false, scheme);
        }
    }
    (true, scheme)
}

impl Parser {
    /// A parser at the start of a text.
    pub fn new(src: &str, options: Options) -> Parser {
        Parser {
            src: src.into(),
            pos: 0,
            line_pos: 0,
            line: 1,
            options,
            doc: Doc::new(),
            node: 0,
            open: Vec::new(),
            ns: Vec::new(),
            entities: Vec::new(),
            attdefs: Vec::new(),
            depth: 0,
            expanded: 0,
            in_attribute: false,
            external_subset: false,
            pe_refs: false,
            standalone: false,
            well_formed: true,
            looped: false,
            halted: false,
            detail: String::new(),
            failed: false,
            warnings: Vec::new(),
        }
    }

    /// The byte `n` further on, 0 at the end.
    pub(super) fn at(&self, n: usize) -> u8 {
        if self.halted { 0 } else { self.src.as_bytes().get(self.pos + n).copied().unwrap_or(0) }
    }

    pub(super) fn looking_at(&self, s: &str) -> bool {
        !self.halted && self.src.as_bytes()[self.pos..].starts_with(s.as_bytes())
    }

    /// Takes `s` when it is there.
    pub(super) fn eat(&mut self, s: &str) -> bool {
        let there = self.looking_at(s);
        if there {
            self.pos += s.len();
        }
        there
    }

    /// The next character; a line break is one character however it is written. One that may not be there is told.
    pub(super) fn char(&mut self) -> Option<char> {
        if self.halted {
            return None;
        }
        let c = self.src[self.pos..].chars().next()?;
        if c == '\r' {
            if self.at(1) == b'\n' {
                self.pos += 1;
            }
            return Some('\n');
        }
        if c > '\u{7F}' && !is_char(c) {
            self.fatal(&format!("Char 0x{:X} out of allowed range", c as u32));
        }
        Some(c)
    }

    /// Past the character there.
    pub(super) fn bump(&mut self) {
        if let Some(c) = self.src[self.pos..].chars().next() {
            self.pos += c.len_utf8();
        }
    }

    pub(super) fn skip_blanks(&mut self) -> bool {
        let from = self.pos;
        while is_blank(self.at(0)) {
            self.pos += 1;
        }
        self.pos > from
    }

    pub(super) fn line(&mut self) -> u32 {
        let b = self.src.as_bytes();
        if self.pos < self.line_pos {
            self.line_pos = 0;
            self.line = 1;
        }
        self.line += b[self.line_pos..self.pos].iter().filter(|c| **c == b'\n').count() as u32;
        self.line_pos = self.pos;
        self.line
    }

    /// The line around the place, and a mark below (`xmlParserPrintFileContext`).
    pub(super) fn context(&self, out: &mut String) {
        let b = self.src.as_bytes();
        let get = |i: usize| b.get(i).copied().unwrap_or(0);
        let eol = |c: u8| matches!(c, b'\n' | b'\r');
        let mut cur = self.pos;
        while cur > 0 && eol(get(cur)) {
            cur -= 1;
        }
        let mut n = 0;
        while n < 80 && cur > 0 && !eol(get(cur)) {
            cur -= 1;
            n += 1;
        }
        if eol(get(cur)) {
            cur += 1;
        }
        let col = self.pos.saturating_sub(cur);
        let rest = b.get(cur..).unwrap_or_default();
        let len = rest.iter().take(80).position(|c| eol(*c) || *c == 0).unwrap_or(rest.len().min(80));
        let shown = &rest[..len];
        out.push_str(&String::from_utf8_lossy(shown));
        out.push('\n');
        for c in shown.iter().take(col.min(79)) {
            out.push(if *c == b'\t' { '\t' } else { ' ' });
        }
        out.push('^');
    }

    pub(super) fn raise(&mut self, level: Level, message: &str) {
        if self.halted {
            return;
        }
        if level == Level::Fatal {
            self.well_formed = false;
        }
        if matches!(level, Level::NsError | Level::NsWarning) && !self.options.namespaces {
            return;
        }
        let mut text = format!("line {}: {}\n", self.line(), message.trim_end_matches('\n'));
        self.context(&mut text);
        if matches!(level, Level::Warning | Level::NsWarning) {
            self.warnings.push(text);
            return;
        }
        self.failed = true;
        // Nobody reads more than this; an end for texts that are nothing but errors.
        if self.detail.len() < 1 << 20 {
            if !self.detail.is_empty() {
                self.detail.push('\n');
            }
            self.detail.push_str(&text);
        }
    }

    /// An error after which the text is no XML.
    pub(super) fn fatal(&mut self, message: &str) {
        self.raise(Level::Fatal, message);
    }

    /// One about namespaces.
    pub(super) fn ns_error(&mut self, message: &str) {
        self.raise(Level::NsError, message);
    }

    /// One that leaves the text well-formed.
    pub(super) fn error(&mut self, message: &str) {
        self.raise(Level::Error, message);
    }

    pub(super) fn not_balanced(&mut self) {
        // Comes after another error most of the time, and says less.
        if self.failed {
            self.well_formed = false;
        } else {
            self.fatal("chunk is not well balanced");
        }
    }

    /// A name; `colon` says whether it may have one. Empty when there is none.
    pub(super) fn name_with(&mut self, colon: bool) -> String {
        let from = self.pos;
        while let Some(c) = self.src[self.pos..].chars().next() {
            let ok = if self.pos == from { is_name_start(c) } else { is_name(c) };
            if self.halted || !ok || (c == ':' && !colon) {
                break;
            }
            self.pos += c.len_utf8();
        }
        self.src[from..self.pos].to_owned()
    }

    /// A name.
    pub(super) fn name(&mut self) -> String {
        self.name_with(true)
    }

    /// Prefix and local name (`xmlParseQName`).
    pub(super) fn qname(&mut self) -> Option<(String, String)> {
        let first = self.name_with(false);
        if first.is_empty() {
            if self.at(0) == b':' {
                let name = self.name();
                if !name.is_empty() {
                    self.ns_error(&filled!("Failed to parse QName '{}'"; name));
                    return Some((String::new(), name));
                }
            }
            return None;
        }
        if self.at(0) != b':' {
            return Some((String::new(), first));
        }
        self.pos += 1;
        let local = self.name_with(false);
        if local.is_empty() {
            self.ns_error(&filled!("Failed to parse QName '{}:'"; first));
            let rest = self.token();
            return Some((String::new(), filled!("{}:{}"; first, rest)));
        }
        if self.at(0) == b':' {
            self.ns_error(&filled!("Failed to parse QName '{}:{}:'"; first, local));
            self.pos += 1;
            let rest = self.name();
            return Some((first, filled!("{}:{}"; local, rest)));
        }
        Some((first, local))
    }

    /// Characters of names, however they start.
    pub(super) fn token(&mut self) -> String {
        let from = self.pos;
        while let Some(c) = self.src[self.pos..].chars().next().filter(|c| is_name(*c)) {
            self.pos += c.len_utf8();
        }
        self.src[from..self.pos].to_owned()
    }

    pub(super) fn building(&self) -> bool {
        self.options.build && self.well_formed
    }

    pub(super) fn text(&mut self, s: &str) {
        if self.building() {
            self.doc.add_text(self.node, s);
        }
    }

    pub(super) fn add(&mut self, kind: Kind, name: &str, text: &str) -> u32 {
        if !self.building() {
            return NIL;
        }
        let n = self.doc.add(kind, self.node);
        let (name, text) = (self.doc.keep(name), self.doc.keep(text));
        self.doc.nodes[n as usize].name = name;
        self.doc.nodes[n as usize].text = text;
        n
    }

    /// A whole document (`xmlParseDocument`).
    pub fn document(&mut self) {
        if self.at(0) == 0 {
            self.fatal("Document is empty");
            return;
        }
        if self.looking_at("<?xml") && is_blank(self.at(5)) {
            self.xml_decl();
            self.skip_blanks();
        }
        self.misc();
        if self.eat("<!DOCTYPE") {
            let text = self.doctype();
            self.add(Kind::Dtd, "", &text);
            if self.halted {
                return;
            }
            self.misc();
        }
        if self.at(0) != b'<' {
            self.fatal("Start tag expected, '<' not found");
            return;
        }
        if self.element_start() {
            self.content_inner(1);
            if !self.halted && self.at(0) == 0 {
                self.premature();
            } else if !self.halted {
                self.element_end();
            }
        }
        self.misc();
        if self.at(0) != 0 {
            self.fatal("Extra content at the end of the document");
        }
    }

    pub(super) fn misc(&mut self) {
        loop {
            self.skip_blanks();
            if self.looking_at("<?") {
                self.pi();
            } else if self.looking_at("<!--") {
                self.comment();
            } else {
                return;
            }
        }
    }

    /// The declaration of a document; PostgreSQL has looked at it before in most cases.
    pub(super) fn xml_decl(&mut self) {
        self.pos += 5;
        self.skip_blanks();
        match self.decl_value("version") {
            Some(v) if v == "1.0" => {}
            Some(v) if !v.contains('.') => self.fatal("Malformed declaration expecting version"),
            Some(v) if v.starts_with("1.") => self.raise(Level::Warning, &filled!("Unsupported version '{}'"; v)),
            Some(v) => self.fatal(&filled!("Unsupported version '{}'"; v)),
            None => self.fatal("Malformed declaration expecting version"),
        }
        if !is_blank(self.at(0)) && !self.looking_at("?>") {
            self.fatal("Blank needed here");
        }
        let encoding = self.decl_value("encoding");
        if encoding.is_some() && !is_blank(self.at(0)) && !self.looking_at("?>") {
            self.fatal("Blank needed here");
        }
        self.standalone = self.decl_value("standalone").is_some_and(|v| v == "yes");
        self.skip_blanks();
        if !self.eat("?>") {
            self.fatal("parsing XML declaration: '?>' expected");
            while self.at(0) != 0 && self.at(0) != b'>' {
                self.bump();
            }
            self.eat(">");
        }
    }

    pub(super) fn decl_value(&mut self, name: &str) -> Option<String> {
        self.skip_blanks();
        if !self.eat(name) {
            return None;
        }
        self.skip_blanks();
        if !self.eat("=") {
            self.fatal("expected '='");
            return None;
        }
        self.skip_blanks();
        let quote = self.at(0);
        if quote != b'"' && quote != b'\'' {
            self.fatal("String not started expecting ' or \"");
            return None;
        }
        self.pos += 1;
        let from = self.pos;
        match name {
            "standalone" => {
                if !self.eat("yes") && !self.eat("no") {
                    self.fatal("standalone accepts only 'yes' or 'no'");
                }
            }
            "version" => {
                if self.at(0).is_ascii_digit() {
                    self.pos += 1;
                    if self.eat(".") {
                        while self.at(0).is_ascii_digit() {
                            self.pos += 1;
                        }
                    }
                }
            }
            _ => {
                if !self.at(0).is_ascii_alphabetic() {
                    self.fatal("Invalid XML encoding name");
                } else {
                    while matches!(self.at(0), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'-') {
                        self.pos += 1;
                    }
                }
            }
        }
        let v = self.src[from..self.pos].to_owned();
        if self.at(0) == quote {
            self.pos += 1;
        } else {
            self.fatal("String not closed expecting \" or '");
        }
        Some(v)
    }

    /// Content that need not be one element (`xmlParseBalancedChunkMemory`).
    pub fn content(&mut self) {
        self.content_inner(0);
        if !self.halted && !self.open.is_empty() {
            self.premature();
        }
        if self.looking_at("</") {
            self.not_balanced();
        } else if self.at(0) != 0 {
            self.fatal("extra content at the end of well balanced chunk");
        }
    }

    pub(super) fn premature(&mut self) {
        if let Some(o) = self.open.last() {
            let m = format!("Premature end of data in tag {} line {}", o.name, o.line);
            self.fatal(&m);
        }
    }

    /// Content up to the end tag of the element that is `level` deep.
    pub(super) fn content_inner(&mut self, level: usize) {
        while self.at(0) != 0 {
            match (self.at(0), self.at(1)) {
                (b'<', b'?') => self.pi(),
                (b'<', b'!') if self.looking_at("<![CDATA[") => self.cdata(),
                (b'<', b'!') if self.looking_at("<!--") => self.comment(),
                (b'<', b'/') => {
                    if self.open.len() <= level {
                        return;
                    }
                    self.element_end();
                }
                (b'<', _) => {
                    self.element_start();
                }
                (b'&', _) => self.reference(),
                _ => self.char_data(),
            }
        }
    }

    /// A start tag; true when content and an end tag follow.
    pub(super) fn element_start(&mut self) -> bool {
        if self.open.len() > MAX_DEPTH {
            self.fatal(&format!("Excessive depth in document: {MAX_DEPTH} use XML_PARSE_HUGE option"));
            self.halted = true;
            return false;
        }
        let (line, ns) = (self.line(), self.ns.len());
        let Some((prefix, name)) = self.start_tag() else { return false };
        let end = match self.at(0) {
            b'/' if self.at(1) == b'>' => 2,
            b'>' => 1,
            _ => {
                self.fatal(&format!("Couldn't find end of Start Tag {name} line {line}"));
                0
            }
        };
        self.pos += end;
        if end == 1 {
            self.open.push(Open { name, prefix, line, ns });
            return true;
        }
        self.leave(ns);
        false
    }

    /// Back to the element around.
    pub(super) fn leave(&mut self, ns: usize) {
        self.ns.truncate(ns);
        if self.building() {
            self.node = self.doc.node(self.node).parent;
        }
    }

    pub(super) fn element_end(&mut self) {
        let Some(o) = self.open.pop() else { return };
        self.pos += 2;
        let whole = if o.prefix.is_empty() { o.name.clone() } else { filled!("{}:{}"; o.prefix, o.name) };
        let mut found = None;
        if self.looking_at(&whole) && (self.at(whole.len()) == b'>' || is_blank(self.at(whole.len()))) {
            self.pos += whole.len();
        } else if o.prefix.is_empty() {
            found = Some(self.name()).filter(|n| *n != o.name);
        } else {
            let (prefix, name) = self.qname().unwrap_or_default();
            found = Some(name).filter(|n| *n != o.name || prefix != o.prefix);
        }
        self.skip_blanks();
        if self.at(0) == b'>' {
            self.pos += 1;
        } else {
            self.fatal("expected '>'");
        }
        if let Some(f) = found {
            let f = if f.is_empty() { "unparsable" } else { &f };
            self.fatal(&format!("Opening and ending tag mismatch: {} line {} and {f}", o.name, o.line));
        }
        self.leave(o.ns);
    }
}
