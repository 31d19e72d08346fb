//! The parser. It goes through a text as libxml 2.9.14 does and complains with its words at its places, for those are the
//! DETAIL of PostgreSQL's errors: it goes on after most errors, and all it finds are told.
//!
//! Entities are read once, at their first use, and their text is kept; so what a text costs is bounded by its length, by
//! 40 levels of entities within entities, and by [`MAX_EXPANSION`] for values of attributes.

use std::rc::Rc;

use super::tree::{Doc, Kind, NIL, Ns, Str, XML_NS};

/// How deep elements and entities may nest.
const MAX_DEPTH: usize = 256;
const MAX_ENTITY_DEPTH: u32 = 40;
/// How long all that entities in attributes stand for may become.
const MAX_EXPANSION: usize = 10_000_000;

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
    parsed: bool,
    text: String,
    /// What it stands for in an attribute.
    expanded: Option<Rc<str>>,
}

/// An attribute of an element type as ATTLIST declares it.
pub(super) struct AttDef {
    pub element: String,
    pub name: String,
    /// Of a type whose values lose superfluous spaces.
    pub tokens: bool,
    pub default: Option<String>,
}

/// An open element.
struct Open {
    name: String,
    prefix: String,
    line: u32,
    ns: usize,
}

/// A declared prefix and its namespace.
struct Scope {
    prefix: String,
    uri: String,
}

/// An attribute of the tag being read.
struct Attr {
    name: String,
    prefix: String,
    uri: String,
    value: String,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq)]
enum Level {
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
    line_pos: usize,
    line: u32,
    pub(super) options: Options,
    pub doc: Doc,
    /// Where nodes go.
    node: u32,
    open: Vec<Open>,
    ns: Vec<Scope>,
    pub(super) entities: Vec<Entity>,
    pub(super) attdefs: Vec<AttDef>,
    /// Levels of entities within entities.
    pub(super) depth: u32,
    expanded: usize,
    pub(super) in_attribute: bool,
    /// Undeclared entities are no error, for not all declarations are known.
    pub(super) external_subset: bool,
    pub(super) pe_refs: bool,
    standalone: bool,
    well_formed: bool,
    looped: bool,
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
fn predefined(name: &str) -> Option<char> {
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
fn cut(s: &str, n: usize) -> &str {
    let mut n = n.min(s.len());
    while !s.is_char_boundary(n) {
        n -= 1;
    }
    &s[..n]
}

/// Whether it is a URI (`xmlParseURI`), and whether it has a scheme.
fn uri(s: &str) -> (bool, bool) {
    let b = s.as_bytes();
    let scheme = s.find(':').is_some_and(|i| {
        b[0].is_ascii_alphabetic() && b[..i].iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
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

    fn line(&mut self) -> u32 {
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
    fn context(&self, out: &mut String) {
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

    fn raise(&mut self, level: Level, message: &str) {
        if self.halted {
            return;
        }
        if level == Level::Fatal {
            self.well_formed = false;
        }
        if matches!(level, Level::NsError | Level::NsWarning) && !self.options.namespaces {
            return;
        }
        let mut text = format!("line {}: {message}\n", self.line());
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

    fn not_balanced(&mut self) {
        // Comes after another error most of the time, and says less.
        if self.failed {
            self.well_formed = false;
        } else {
            self.fatal("chunk is not well balanced");
        }
    }

    /// A name; `colon` says whether it may have one. Empty when there is none.
    fn name_with(&mut self, colon: bool) -> String {
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
    fn qname(&mut self) -> Option<(String, String)> {
        let first = self.name_with(false);
        if first.is_empty() {
            if self.at(0) == b':' {
                let name = self.name();
                if !name.is_empty() {
                    self.ns_error(&format!("Failed to parse QName '{name}'"));
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
            self.ns_error(&format!("Failed to parse QName '{first}:'"));
            let rest = self.token();
            return Some((String::new(), format!("{first}:{rest}")));
        }
        if self.at(0) == b':' {
            self.ns_error(&format!("Failed to parse QName '{first}:{local}:'"));
            self.pos += 1;
            let rest = self.name();
            return Some((first, format!("{local}:{rest}")));
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

    fn building(&self) -> bool {
        self.options.build && self.well_formed
    }

    fn text(&mut self, s: &str) {
        if self.building() {
            self.doc.add_text(self.node, s);
        }
    }

    fn add(&mut self, kind: Kind, name: &str, text: &str) -> u32 {
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

    fn misc(&mut self) {
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
    fn xml_decl(&mut self) {
        self.pos += 5;
        self.skip_blanks();
        match self.decl_value("version") {
            Some(v) if v == "1.0" => {}
            Some(v) if v.starts_with("1.") => self.raise(Level::Warning, &format!("Unsupported version '{v}'")),
            Some(v) => self.fatal(&format!("Unsupported version '{v}'")),
            None => self.fatal("Malformed declaration expecting version"),
        }
        if !is_blank(self.at(0)) && !self.looking_at("?>") {
            self.fatal("Blank needed here");
        }
        let encoding = self.decl_value("encoding");
        if encoding.is_some() && !is_blank(self.at(0)) && !self.looking_at("?>") {
            self.fatal("Blank needed here");
        }
        if let Some(v) = self.decl_value("standalone") {
            match v.as_str() {
                "yes" => self.standalone = true,
                "no" => {}
                _ => self.fatal("standalone accepts only 'yes' or 'no'"),
            }
        }
        self.skip_blanks();
        if !self.eat("?>") {
            self.fatal("parsing XML declaration: '?>' expected");
            while self.at(0) != 0 && self.at(0) != b'>' {
                self.bump();
            }
            self.eat(">");
        }
    }

    fn decl_value(&mut self, name: &str) -> Option<String> {
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
        while matches!(self.at(0), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'-') {
            self.pos += 1;
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

    fn premature(&mut self) {
        if let Some(o) = self.open.last() {
            let m = format!("Premature end of data in tag {} line {}", o.name, o.line);
            self.fatal(&m);
        }
    }

    /// Content up to the end tag of the element that is `level` deep.
    fn content_inner(&mut self, level: usize) {
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
    fn element_start(&mut self) -> bool {
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
    fn leave(&mut self, ns: usize) {
        self.ns.truncate(ns);
        if self.building() {
            self.node = self.doc.node(self.node).parent;
        }
    }

    fn element_end(&mut self) {
        let Some(o) = self.open.pop() else { return };
        self.pos += 2;
        let whole = if o.prefix.is_empty() { o.name.clone() } else { format!("{}:{}", o.prefix, o.name) };
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

    fn find_ns(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML_NS);
        }
        let found = self.ns.iter().rev().find(|s| s.prefix == prefix)?;
        Some(found.uri.as_str()).filter(|u| !(prefix.is_empty() && u.is_empty()))
    }

    fn redefined(&mut self, prefix: &str, name: &str) {
        let colon = if prefix.is_empty() { "" } else { ":" };
        self.fatal(&format!("Attribute {prefix}{colon}{name} redefined"));
    }

    /// `xmlns` or `xmlns:prefix`; false when it is not kept.
    fn declare(&mut self, prefix: &str, value: &str, own: usize) -> bool {
        if !prefix.is_empty() && prefix == "xml" {
            if value != XML_NS {
                self.ns_error("xml namespace prefix mapped to wrong URI");
            }
            return false;
        }
        if value == XML_NS {
            self.ns_error(if prefix.is_empty() {
                "xml namespace URI cannot be the default namespace"
            } else {
                "xml namespace URI mapped to wrong prefix"
            });
            return false;
        }
        if prefix == "xmlns" {
            self.ns_error("redefinition of the xmlns prefix is forbidden");
            return false;
        }
        if value == "http://www.w3.org/2000/xmlns/" {
            self.ns_error("reuse of the xmlns namespace name is forbidden");
            return false;
        }
        let colon = if prefix.is_empty() { "" } else { ":" };
        if value.is_empty() {
            if !prefix.is_empty() {
                self.ns_error(&format!("xmlns:{prefix}: Empty XML namespace is not allowed"));
                return false;
            }
        } else {
            match uri(value) {
                (false, _) => self.ns_error(&format!("xmlns{colon}{prefix}: '{value}' is not a valid URI")),
                (true, false) if prefix.is_empty() => {
                    self.raise(Level::NsWarning, &format!("xmlns: URI {value} is not absolute"));
                }
                _ => {}
            }
        }
        if self.ns[own..].iter().any(|s| s.prefix == prefix) {
            match prefix {
                "" => self.redefined("", "xmlns"),
                p => self.redefined("xmlns", p),
            }
            return false;
        }
        true
    }

    /// A start tag up to its end (`xmlParseStartTag2`): prefix and name.
    fn start_tag(&mut self) -> Option<(String, String)> {
        self.pos += 1;
        let Some((prefix, name)) = self.qname() else {
            self.fatal("StartTag: invalid element name");
            return None;
        };
        let own = self.ns.len();
        let mut attrs: Vec<Attr> = Vec::new();
        let element = if prefix.is_empty() { name.clone() } else { format!("{prefix}:{name}") };
        self.skip_blanks();
        while !matches!((self.at(0), self.at(1)), (b'>', _) | (b'/', b'>')) {
            if self.at(0) < 0x20 && !is_blank(self.at(0)) {
                break;
            }
            let from = self.pos;
            let (named, attr) = self.attribute(&element);
            if let Some((p, n, value)) = attr {
                if p.is_empty() && n == "xmlns" || p == "xmlns" {
                    let prefix = if p.is_empty() { "" } else { n.as_str() };
                    if self.declare(prefix, &value, own) {
                        self.ns.push(Scope { prefix: prefix.to_owned(), uri: value });
                    }
                } else {
                    attrs.push(Attr { name: n, prefix: p, uri: String::new(), value });
                }
            }
            if matches!((self.at(0), self.at(1)), (b'>', _) | (b'/', b'>')) {
                break;
            }
            if !self.skip_blanks() {
                self.fatal("attributes construct error");
                break;
            }
            if from == self.pos && !named {
                self.fatal("internal error: xmlParseStartTag: problem parsing attributes\n");
                break;
            }
        }
        self.defaults(&element, own, &mut attrs);
        for i in 0..attrs.len() {
            if !attrs[i].prefix.is_empty() {
                match self.find_ns(&attrs[i].prefix) {
                    Some(u) => attrs[i].uri = u.to_owned(),
                    None => {
                        let m =
                            format!("Namespace prefix {} for {} on {name} is not defined", attrs[i].prefix, attrs[i].name);
                        self.ns_error(&m);
                    }
                }
            }
            for j in 0..i {
                let (a, b) = (&attrs[i], &attrs[j]);
                if a.name != b.name {
                    continue;
                }
                if a.prefix == b.prefix {
                    let (p, n) = (a.prefix.clone(), a.name.clone());
                    self.redefined(&p, &n);
                    break;
                }
                if !a.uri.is_empty() && a.uri == b.uri {
                    let m = format!("Namespaced Attribute {} in '{}' redefined", a.name, a.uri);
                    self.ns_error(&m);
                    break;
                }
            }
        }
        let uri = self.find_ns(&prefix).map(str::to_owned);
        if uri.is_none() && !prefix.is_empty() {
            self.ns_error(&format!("Namespace prefix {prefix} on {name} is not defined"));
        }
        if self.building() {
            self.build(&prefix, &name, uri.as_deref().unwrap_or(""), own, &attrs);
        }
        Some((prefix, name))
    }

    fn build(&mut self, prefix: &str, name: &str, uri: &str, own: usize, attrs: &[Attr]) {
        let n = self.add(Kind::Element, name, "");
        let from = self.doc.ns.len() as u32;
        for s in &self.ns[own..] {
            let ns = Ns { prefix: self.doc.keep(&s.prefix), uri: self.doc.keep(&s.uri) };
            self.doc.ns.push(ns);
        }
        let (prefix, uri) = self.qualified(prefix, uri, n);
        let to = self.doc.ns.len() as u32;
        let node = &mut self.doc.nodes[n as usize];
        (node.prefix, node.uri, node.ns) = (prefix, uri, (from, to));
        for a in attrs {
            let id = self.doc.add(Kind::Attribute, n);
            let (name, text) = (self.doc.keep(&a.name), self.doc.keep(&a.value));
            let (prefix, uri) = self.qualified(&a.prefix, &a.uri, id);
            let node = &mut self.doc.nodes[id as usize];
            (node.name, node.text, node.prefix, node.uri) = (name, text, prefix, uri);
        }
        self.node = n;
    }

    /// Prefix and namespace of a node kept; a prefix without a namespace is part of the name.
    fn qualified(&mut self, prefix: &str, uri: &str, n: u32) -> (Str, Str) {
        if uri.is_empty() && !prefix.is_empty() {
            let whole = format!("{prefix}:{}", self.doc.str(self.doc.node(n).name));
            let name = self.doc.keep(&whole);
            self.doc.nodes[n as usize].name = name;
            return Default::default();
        }
        (self.doc.keep(prefix), self.doc.keep(uri))
    }

    /// Adds what ATTLIST says of attributes that are not there.
    fn defaults(&mut self, element: &str, own: usize, attrs: &mut Vec<Attr>) {
        for d in &self.attdefs {
            let Some(value) = d.default.as_ref().filter(|_| d.element == element) else { continue };
            let (p, n) = d.name.split_once(':').unwrap_or(("", &d.name));
            if p.is_empty() && n == "xmlns" || p == "xmlns" {
                let prefix = if p.is_empty() { "" } else { n };
                if !self.ns[own..].iter().any(|s| s.prefix == prefix) {
                    self.ns.push(Scope { prefix: prefix.to_owned(), uri: value.clone() });
                }
            } else if !attrs.iter().any(|a| a.name == n && a.prefix == p) {
                attrs.push(Attr { name: n.to_owned(), prefix: p.to_owned(), uri: String::new(), value: value.clone() });
            }
        }
    }

    /// Prefix, name, value of an attribute, and whether there was a name at all.
    #[allow(clippy::type_complexity)]
    fn attribute(&mut self, element: &str) -> (bool, Option<(String, String, String)>) {
        let Some((prefix, name)) = self.qname() else {
            self.fatal("error parsing attribute name");
            return (false, None);
        };
        let whole = if prefix.is_empty() { name.clone() } else { format!("{prefix}:{name}") };
        let tokens = self.attdefs.iter().any(|d| d.tokens && d.element == element && d.name == whole);
        self.skip_blanks();
        if !self.eat("=") {
            self.fatal(&format!("Specification mandates value for attribute {name}"));
            return (false, None);
        }
        self.skip_blanks();
        let Some(value) = self.attribute_value(tokens) else { return (true, None) };
        if prefix == "xml" && name == "space" && value != "default" && value != "preserve" {
            let m =
                format!("Invalid value \"{value}\" for xml:space : \"default\" or \"preserve\" expected");
            self.raise(Level::Warning, &m);
        }
        (true, Some((prefix, name, value)))
    }

    /// A quoted value (`xmlParseAttValueComplex`).
    pub(super) fn attribute_value(&mut self, tokens: bool) -> Option<String> {
        let quote = self.at(0);
        if quote != b'"' && quote != b'\'' {
            self.fatal("AttValue: \" or ' expected");
            return None;
        }
        self.pos += 1;
        self.in_attribute = true;
        let mut v = String::new();
        let mut bad = false;
        while self.at(0) != quote {
            let Some(c) = self.char() else { break };
            if c == '<' || !is_char(c) {
                bad = c != '<';
                break;
            }
            match c {
                '&' if self.at(1) == b'#' => v.extend(self.char_ref()),
                '&' => {
                    if let Some(name) = self.entity_ref() {
                        match predefined(&name) {
                            Some(c) => v.push(c),
                            None => v.push_str(&self.expand(&name).replace(['\r', '\n', '\t'], " ")),
                        }
                    }
                }
                c => {
                    v.push(if matches!(c, '\n' | '\t') { ' ' } else { c });
                    self.bump();
                }
            }
        }
        self.in_attribute = false;
        if self.halted {
            return None;
        }
        if self.at(0) == quote {
            self.pos += 1;
        } else if self.at(0) == b'<' {
            self.fatal("Unescaped '<' not allowed in attributes values");
        } else if bad {
            self.fatal("invalid character in attribute value");
        } else {
            self.fatal("AttValue: ' expected");
        }
        if tokens {
            v = v.split(' ').filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
        }
        Some(v)
    }

    /// `&#…;` (`xmlParseCharRef`).
    fn char_ref(&mut self) -> Option<char> {
        let hex = self.at(2) == b'x';
        self.pos += if hex { 3 } else { 2 };
        let mut val: u32 = 0;
        loop {
            let c = self.at(0);
            if c == b';' {
                self.pos += 1;
                break;
            }
            match (c as char).to_digit(if hex { 16 } else { 10 }) {
                Some(d) => val = (val * if hex { 16 } else { 10 } + d).min(0x110000),
                None => {
                    let kind = if hex { "hexadecimal" } else { "decimal" };
                    self.fatal(&format!("CharRef: invalid {kind} value"));
                    val = 0;
                    break;
                }
            }
            self.pos += 1;
        }
        if val >= 0x110000 {
            self.fatal("xmlParseCharRef: character reference out of bounds");
            return None;
        }
        let c = char::from_u32(val).filter(|c| is_char(*c));
        if c.is_none() {
            self.fatal(&format!("xmlParseCharRef: invalid xmlChar value {val}"));
        }
        c
    }

    /// `&name;`: the name of an entity that may be used here (`xmlParseEntityRef`).
    fn entity_ref(&mut self) -> Option<String> {
        self.pos += 1;
        let name = self.name();
        if name.is_empty() {
            self.fatal("xmlParseEntityRef: no name");
            return None;
        }
        if !self.eat(";") {
            self.fatal("EntityRef: expecting ';'");
            return None;
        }
        if predefined(&name).is_some() {
            return Some(name);
        }
        self.check_entity(&name).then_some(name)
    }

    /// Whether an entity may be used here; complains if not.
    fn check_entity(&mut self, name: &str) -> bool {
        let Some(e) = self.entities.iter().find(|e| e.name == name && !e.parameter) else {
            // Where not all declarations are known, PostgreSQL wants no complaint.
            if self.standalone || !(self.external_subset || self.pe_refs) {
                self.fatal(&format!("Entity '{name}' not defined"));
            }
            return false;
        };
        if e.unparsed {
            self.fatal(&format!("Entity reference to unparsed entity {name}"));
        } else if self.in_attribute && e.content.is_none() {
            self.fatal(&format!("Attribute references external entity '{name}'"));
        } else if self.in_attribute && e.content.as_ref().is_some_and(|c| c.contains('<')) {
            self.fatal(&format!("'<' in entity '{name}' is not allowed in attributes values"));
        }
        true
    }

    /// What an entity stands for in an attribute, entities in it replaced too.
    fn expand(&mut self, name: &str) -> Rc<str> {
        let none: Rc<str> = "".into();
        let Some(i) = self.entities.iter().position(|e| e.name == name && !e.parameter) else { return none };
        if let Some(done) = self.entities[i].expanded.clone() {
            self.expanded += done.len();
            return if self.expanded > MAX_EXPANSION { none } else { done };
        }
        let Some(content) = self.entities[i].content.clone() else { return none };
        if self.looped {
            return none;
        }
        if self.depth >= MAX_ENTITY_DEPTH {
            self.looped = true;
            self.fatal("Detected an entity reference loop");
            return none;
        }
        self.depth += 1;
        let mut out = String::new();
        let mut rest = &*content;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some(end) = rest.find(';') else { break };
            let name = &rest[1..end];
            let number = name.strip_prefix('#');
            let code = number.and_then(|n| match n.strip_prefix('x') {
                Some(h) => u32::from_str_radix(h, 16).ok(),
                None => n.parse().ok(),
            });
            match code.and_then(char::from_u32).or(predefined(name)) {
                Some(c) => out.push(c),
                None if number.is_none() && self.check_entity(name) => out.push_str(&self.expand(name)),
                None => {}
            }
            rest = &rest[end + 1..];
            if out.len() > MAX_EXPANSION {
                self.fatal("Detected an entity reference loop");
                self.halted = true;
                break;
            }
        }
        out.push_str(rest);
        self.depth -= 1;
        self.expanded += out.len();
        let out: Rc<str> = out.into();
        self.entities[i].expanded = Some(out.clone());
        out
    }

    /// `&…;` in content (`xmlParseReference`).
    fn reference(&mut self) {
        if self.at(1) == b'#' {
            if let Some(c) = self.char_ref() {
                self.text(c.encode_utf8(&mut [0; 4]));
            }
            return;
        }
        let Some(name) = self.entity_ref() else { return };
        if !self.well_formed {
            return;
        }
        if let Some(c) = predefined(&name) {
            self.text(c.encode_utf8(&mut [0; 4]));
            return;
        }
        let Some(i) = self.entities.iter().position(|e| e.name == name && !e.parameter) else { return };
        if !self.entities[i].parsed {
            if let Some(content) = self.entities[i].content.clone() {
                let Some((ok, text)) = self.chunk(content) else {
                    self.fatal("Detected an entity reference loop");
                    self.halted = true;
                    self.looped = true;
                    return;
                };
                if !ok {
                    self.fatal(&format!("Entity '{name}' failed to parse"));
                }
                self.entities[i].text = text;
            }
            self.entities[i].parsed = true;
        }
        let text = self.entities[i].text.clone();
        self.add(Kind::Entity, &name, &text);
    }

    /// Parses an entity's content on its own: whether it is well-formed, and its text; `None` for a loop.
    fn chunk(&mut self, content: Rc<str>) -> Option<(bool, String)> {
        if self.depth > MAX_ENTITY_DEPTH {
            return None;
        }
        let mut inner = Parser::new(&content, self.options);
        inner.depth = self.depth + 1;
        inner.well_formed = true;
        inner.external_subset = self.external_subset;
        inner.pe_refs = self.pe_refs;
        inner.standalone = self.standalone;
        inner.failed = self.failed;
        std::mem::swap(&mut inner.ns, &mut self.ns);
        std::mem::swap(&mut inner.entities, &mut self.entities);
        std::mem::swap(&mut inner.attdefs, &mut self.attdefs);
        std::mem::swap(&mut inner.detail, &mut self.detail);
        std::mem::swap(&mut inner.warnings, &mut self.warnings);
        inner.content();
        std::mem::swap(&mut inner.ns, &mut self.ns);
        std::mem::swap(&mut inner.entities, &mut self.entities);
        std::mem::swap(&mut inner.attdefs, &mut self.attdefs);
        std::mem::swap(&mut inner.detail, &mut self.detail);
        std::mem::swap(&mut inner.warnings, &mut self.warnings);
        self.failed = inner.failed;
        if inner.looped {
            return None;
        }
        Some((inner.well_formed, inner.doc.string_value(0)))
    }

    /// Text up to the next tag or reference.
    fn char_data(&mut self) {
        let src = self.src.clone();
        let b = src.as_bytes();
        // What libxml takes in one go: one error in it is told at its start.
        let from = self.pos;
        let mut start = from;
        let mut i = from;
        loop {
            match b.get(i).copied().unwrap_or(0) {
                b'<' | b'&' => break,
                b']' if b[i..].starts_with(b"]]>") => {
                    self.text(&src[from..start]);
                    self.pos = start;
                    // The line is the one read up to, the place is not.
                    let m = "Sequence ']]>' not allowed in content";
                    let lines = b[start..i].iter().filter(|c| **c == b'\n').count() as u32;
                    self.line();
                    self.line += lines;
                    self.fatal(m);
                    self.line -= lines;
                    self.pos = i + 1;
                    return;
                }
                b'\r' if b.get(i + 1) == Some(&b'\n') => {
                    self.text(&src[start..i]);
                    start = i + 1;
                    i += 2;
                    continue;
                }
                b'\t' | b'\n' | b' '..=0x7F => i += 1,
                _ => {
                    self.text(&src[start..i]);
                    self.pos = i;
                    self.char_data_complex();
                    return;
                }
            }
        }
        self.text(&src[start..i]);
        self.pos = i;
    }

    /// Text with characters beyond ASCII (`xmlParseCharDataComplex`).
    fn char_data_complex(&mut self) {
        let mut s = String::new();
        while let Some(c) = self.char() {
            if matches!(c, '<' | '&') {
                break;
            }
            if !is_char(c) {
                self.text(&s);
                self.fatal(&format!("PCDATA invalid Char value {}", c as u32));
                self.bump();
                return;
            }
            if c == ']' && self.looking_at("]]>") {
                self.fatal("Sequence ']]>' not allowed in content");
            }
            s.push(c);
            self.bump();
        }
        self.text(&s);
    }

    fn cdata(&mut self) {
        self.pos += 9;
        let mut s = String::new();
        // Two characters come before the end can.
        let mut n = 0;
        while let Some(c) = self.char().filter(|c| is_char(*c)) {
            if n >= 2 && c == '>' && s.ends_with("]]") {
                self.pos += 1;
                s.truncate(s.len() - 2);
                self.add(Kind::Cdata, "", &s);
                return;
            }
            s.push(c);
            n += 1;
            self.bump();
        }
        if n < 2 {
            self.fatal("Unregistered error message");
        } else {
            let end = s.char_indices().rev().nth(1).map_or(0, |(i, _)| i);
            self.fatal(&format!("CDATA section not finished\n{}", cut(&s[..end], 50)));
        }
    }

    pub(super) fn comment(&mut self) {
        self.pos += 4;
        let mut s = String::new();
        // Where the first character beyond ASCII is: libxml words its errors otherwise from there.
        let mut beyond = None;
        loop {
            let Some(c) = self.char() else {
                match beyond {
                    Some(n) if s[n..].chars().count() > 2 => {
                        let end = s.char_indices().rev().nth(1).map_or(0, |(i, _)| i);
                        self.fatal(&format!("Comment not terminated \n<!--{}", cut(&s[..end], 50)));
                    }
                    _ => self.fatal("Comment not terminated"),
                }
                return;
            };
            if !is_char(c) {
                self.fatal(&format!("xmlParseComment: invalid xmlChar value {}", c as u32));
                return;
            }
            if !c.is_ascii() && beyond.is_none() {
                beyond = Some(s.len());
            }
            if c == '-' && self.at(1) == b'-' {
                if self.at(2) == b'>' {
                    self.pos += 3;
                    self.add(Kind::Comment, "", &s);
                    return;
                }
                if beyond.is_some() {
                    self.pos += 2;
                    if self.at(0) != 0 {
                        self.fatal("Comment must not contain '--' (double-hyphen)");
                    }
                    self.pos -= 2;
                } else {
                    let rest = if s.is_empty() { String::new() } else { format!(": <!--{}", cut(&s, 50)) };
                    self.fatal(&format!("Double hyphen within comment{rest}"));
                    s.push(c);
                    self.pos += 1;
                }
            }
            s.push(c);
            self.bump();
        }
    }

    pub(super) fn pi(&mut self) {
        self.pos += 2;
        let target = self.name();
        if target.is_empty() {
            self.fatal("xmlParsePI : no target name");
            return;
        }
        if target.len() == 3 && target.eq_ignore_ascii_case("xml") {
            self.fatal(if target == "xml" {
                "XML declaration allowed only at the start of the document"
            } else {
                "Invalid PI name"
            });
        } else if target.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("xml"))
            && target != "xml-stylesheet"
            && target != "xml-model"
        {
            self.raise(Level::Warning, "xmlParsePITarget: invalid name prefix 'xml'");
        }
        if target.contains(':') {
            self.ns_error(&format!("colons are forbidden from PI names '{target}'"));
        }
        if self.eat("?>") {
            self.add(Kind::Pi, &target, "");
            return;
        }
        if !self.skip_blanks() {
            self.fatal(&format!("ParsePI: PI {target} space expected"));
        }
        let mut s = String::new();
        while let Some(c) = self.char().filter(|c| is_char(*c)) {
            if c == '?' && self.at(1) == b'>' {
                self.pos += 2;
                self.add(Kind::Pi, &target, &s);
                return;
            }
            s.push(c);
            self.bump();
        }
        self.fatal(&format!("ParsePI: PI {target} never end ..."));
    }

    /// Declares an entity; the first declaration counts.
    pub(super) fn add_entity(&mut self, name: String, content: Option<String>, parameter: bool, unparsed: bool) {
        if !self.entities.iter().any(|e| e.name == name && e.parameter == parameter) {
            self.entities.push(Entity {
                name,
                content: content.map(Into::into),
                parameter,
                unparsed,
                parsed: false,
                text: String::new(),
                expanded: None,
            });
        }
    }
}
