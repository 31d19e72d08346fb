//! References and the values of attributes, which may have some.

use tusklet_error::filled;
use std::rc::Rc;

use super::parse::{Entity, MAX_ENTITY_DEPTH, MAX_EXPANSION, Parser, is_char, predefined};
use super::tree::Kind;

impl Parser {
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
    pub(super) fn char_ref(&mut self) -> Option<char> {
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
                    self.fatal(&filled!("CharRef: invalid {} value"; kind));
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
    pub(super) fn entity_ref(&mut self) -> Option<String> {
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
    pub(super) fn check_entity(&mut self, name: &str) -> bool {
        let Some(e) = self.entities.iter().find(|e| e.name == name && !e.parameter) else {
            // Where not all declarations are known, PostgreSQL wants no complaint.
            if self.standalone || !(self.external_subset || self.pe_refs) {
                self.fatal(&filled!("Entity '{}' not defined"; name));
            }
            return false;
        };
        if e.unparsed {
            self.fatal(&filled!("Entity reference to unparsed entity {}"; name));
        } else if self.in_attribute && e.content.is_none() {
            self.fatal(&filled!("Attribute references external entity '{}'"; name));
        } else if self.in_attribute && e.content.as_ref().is_some_and(|c| c.contains('<')) {
            self.fatal(&filled!("'<' in entity '{}' is not allowed in attributes values"; name));
        }
        true
    }

    /// What an entity stands for in an attribute, entities in it replaced too.
    pub(super) fn expand(&mut self, name: &str) -> Rc<str> {
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
    pub(super) fn reference(&mut self) {
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
                    self.fatal(&filled!("Entity '{}' failed to parse"; name));
                }
                self.entities[i].text = text;
            }
            self.entities[i].parsed = true;
        }
        let text = self.entities[i].text.clone();
        self.add(Kind::Entity, &name, &text);
    }

    /// Parses an entity's content on its own: whether it is well-formed, and its text; `None` for a loop.
    pub(super) fn chunk(&mut self, content: Rc<str>) -> Option<(bool, String)> {
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

    /// Declares an entity; the first declaration counts.
    pub(super) fn add_entity(&mut self, name: String, content: Option<String>, parameter: bool, unparsed: bool) {
        // After an error libxml makes nothing any more.
        if self.well_formed && !self.entities.iter().any(|e| e.name == name && e.parameter == parameter) {
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
