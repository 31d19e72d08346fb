//! DOCTYPE and the internal subset. Only entities and types of attributes have consequences; the rest is checked for its
//! form.

use tusklet_error::filled;
use super::parse::{AttDef, Parser};

/// How deep content models may nest.
const MAX_MODEL: u32 = 128;

impl Parser {
    /// The rest of `<!DOCTYPE`; gives its text.
    pub(super) fn doctype(&mut self) -> String {
        self.skip_blanks();
        let name = self.name();
        if name.is_empty() {
            self.fatal("xmlParseDocTypeDecl : no DOCTYPE name !");
        }
        self.skip_blanks();
        let from = self.pos;
        if self.external_id(true, false) {
            self.external_subset = true;
        }
        let id = self.src[from..self.pos].to_owned();
        self.skip_blanks();
        let mut text = filled!("<!DOCTYPE {}"; name);
        if !id.is_empty() {
            text.push(' ');
            text.push_str(&id);
        }
        if self.at(0) != b'[' {
            if self.at(0) != b'>' {
                self.fatal("DOCTYPE improperly terminated");
            }
            if self.at(0) != 0 {
                self.bump();
            }
        }
        if self.at(0) == b'[' {
            self.pos += 1;
            text.push_str(" [\n");
            self.subset(&mut text, b']');
            text.push(']');
            if self.at(0) == b']' {
                self.pos += 1;
                self.skip_blanks();
            }
            if self.at(0) != b'>' {
                self.fatal("DOCTYPE improperly terminated");
                return text;
            }
            self.pos += 1;
        }
        text.push('>');
        text
    }

    /// Declarations up to `end`.
    fn subset(&mut self, text: &mut String, end: u8) {
        while !self.halted && self.at(0) != end {
            let from = self.pos;
            self.skip_blanks();
            let at = self.pos;
            if self.eat("<!ELEMENT") {
                self.element_decl();
            } else if self.eat("<!ENTITY") {
                self.entity_decl();
            } else if self.eat("<!ATTLIST") {
                self.attlist_decl();
            } else if self.eat("<!NOTATION") {
                self.notation_decl();
            } else if self.looking_at("<!--") {
                self.comment();
            } else if self.looking_at("<?") {
                self.pi();
            }
            if self.pos > at {
                text.push_str(&self.src[at..self.pos]);
                text.push('\n');
            }
            self.parameter_ref();
            if self.pos == from && !self.halted {
                self.fatal("internal error: xmlParseInternalSubset: error detected in Markup declaration");
                break;
            }
        }
    }

    /// `%name;` between declarations.
    fn parameter_ref(&mut self) {
        if self.at(0) != b'%' {
            return;
        }
        self.pos += 1;
        let name = self.name();
        if name.is_empty() {
            self.fatal("PEReference: no name");
            return;
        }
        if !self.eat(";") {
            self.fatal("PEReference: expecting ';'");
            return;
        }
        match self.entities.iter().find(|e| e.parameter && e.name == name) {
            None if !(self.external_subset || self.pe_refs) => {
                self.fatal(&filled!("PEReference: %{}; not found"; name));
            }
            None => {}
            Some(e) => {
                if let Some(content) = e.content.clone() {
                    if self.depth >= 40 {
                        self.fatal("Detected an entity reference loop");
                        self.halted = true;
                        return;
                    }
                    let src = std::mem::replace(&mut self.src, content);
                    let pos = std::mem::replace(&mut self.pos, 0);
                    self.depth += 1;
                    self.subset(&mut String::new(), 0);
                    self.depth -= 1;
                    self.src = src;
                    self.pos = pos;
                }
            }
        }
        self.pe_refs = true;
    }

    fn blank_needed(&mut self, what: &str) -> bool {
        let there = self.skip_blanks();
        if !there {
            self.fatal(&filled!("Space required {}"; what));
        }
        there
    }

    /// `SYSTEM "…"` or `PUBLIC "…" "…"`; whether one is there. `uris` says to look at it.
    fn external_id(&mut self, strict: bool, uris: bool) -> bool {
        let public = self.looking_at("PUBLIC");
        if !public && !self.looking_at("SYSTEM") {
            return false;
        }
        self.pos += 6;
        self.blank_needed(if public { "after 'PUBLIC'" } else { "after 'SYSTEM'" });
        if public {
            if !self.literal(true) {
                self.fatal("PUBLIC, the Public Identifier is missing");
            }
            if strict {
                self.blank_needed("after the Public Identifier");
            } else if !self.skip_blanks() || !matches!(self.at(0), b'"' | b'\'') {
                return true;
            }
        }
        let from = self.pos + 1;
        if !self.literal(false) {
            self.fatal("SYSTEM or PUBLIC, the URI is missing");
        } else if uris {
            let uri = self.src.get(from..self.pos - 1).unwrap_or("").to_owned();
            if !super::parse::uri(&uri).0 {
                self.error(&filled!("Invalid URI: {}"; uri));
            } else if uri.contains('#') {
                self.fatal("Fragment not allowed");
            }
        }
        true
    }

    fn literal(&mut self, public: bool) -> bool {
        let quote = self.at(0);
        if quote != b'"' && quote != b'\'' {
            self.fatal("SystemLiteral \" or ' expected");
            return false;
        }
        self.pos += 1;
        loop {
            match self.at(0) {
                0 => break,
                c if c == quote => {
                    self.pos += 1;
                    return true;
                }
                c if public && !(c.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&c)) => break,
                _ => self.bump(),
            }
        }
        self.fatal("Unfinished System or Public ID \" or ' expected");
        true
    }

    fn entity_decl(&mut self) {
        self.blank_needed("after '<!ENTITY'");
        let parameter = self.eat("%");
        if parameter {
            self.blank_needed("after '%%'");
        }
        let name = self.name();
        if name.is_empty() {
            self.fatal("xmlParseEntityDecl: no name");
            return;
        }
        if name.contains(':') {
            self.ns_error(&filled!("colons are forbidden from entities names '{}'"; name));
        }
        self.blank_needed("after the entity name");
        if matches!(self.at(0), b'"' | b'\'') {
            if let Some(v) = self.entity_value() {
                self.add_entity(name.clone(), Some(v), parameter, false);
            }
        } else {
            let there = self.external_id(true, true);
            if !there {
                self.fatal("Entity value required");
            }
            let mut unparsed = false;
            if !parameter {
                if self.at(0) != b'>' {
                    self.blank_needed("before 'NDATA'");
                }
                if self.eat("NDATA") {
                    self.blank_needed("after 'NDATA'");
                    self.name();
                    unparsed = true;
                }
            }
            if there {
                self.add_entity(name.clone(), None, parameter, unparsed);
            }
        }
        self.skip_blanks();
        if self.at(0) == b'>' {
            self.pos += 1;
        } else {
            self.fatal(&filled!("xmlParseEntityDecl: entity {} not terminated"; name));
            self.halted = true;
        }
    }

    /// What an entity stands for: character references in it are replaced, others not (`xmlParseEntityValue`).
    fn entity_value(&mut self) -> Option<String> {
        let quote = self.at(0);
        self.pos += 1;
        let from = self.pos;
        while self.at(0) != quote {
            match self.char().filter(|c| super::parse::is_char(*c)) {
                Some(_) => self.bump(),
                None => {
                    self.fatal("EntityValue: \" or ' expected");
                    return None;
                }
            }
        }
        let raw = self.src[from..self.pos].replace("\r\n", "\n").replace('\r', "\n");
        self.pos += 1;
        let mut out = String::new();
        let mut rest = raw.as_str();
        while let Some(at) = rest.find(['&', '%']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let reference = rest.find(';').map(|end| &rest[..=end]);
            let number = reference.and_then(|r| r.strip_prefix("&#")).map(|r| &r[..r.len() - 1]);
            if let (Some(n), Some(r)) = (number, reference) {
                let code = match n.strip_prefix('x') {
                    Some(h) => u32::from_str_radix(h, 16),
                    None => n.parse(),
                };
                match code.ok().and_then(char::from_u32).filter(|c| super::parse::is_char(*c)) {
                    Some(c) => out.push(c),
                    None => self.fatal("xmlParseStringCharRef: invalid xmlChar value 0"),
                }
                rest = &rest[r.len()..];
                continue;
            }
            let sign = rest.as_bytes()[0] as char;
            let name = reference.map_or("", |r| &r[1..r.len() - 1]);
            let named =
                name.chars().next().is_some_and(super::parse::is_name_start) && name.chars().all(super::parse::is_name);
            if !named {
                self.fatal(&format!("EntityValue: '{sign}' forbidden except for entities references"));
                return None;
            }
            if sign == '%' && self.depth == 0 {
                self.fatal("PEReferences forbidden in internal subset");
                return None;
            }
            out.push_str(&rest[..name.len() + 2]);
            rest = &rest[name.len() + 2..];
        }
        out.push_str(rest);
        Some(out)
    }

    fn element_decl(&mut self) {
        if !self.blank_needed("after 'ELEMENT'") {
            return;
        }
        if self.name().is_empty() {
            self.fatal("xmlParseElementDecl: no name for Element");
            return;
        }
        self.blank_needed("after the element name");
        if self.eat("EMPTY") || self.eat("ANY") {
        } else if self.eat("(") {
            self.skip_blanks();
            if self.eat("#PCDATA") {
                self.mixed();
            } else {
                self.model(1);
            }
        } else {
            self.fatal(if self.at(0) == b'%' {
                "PEReference: forbidden within markup decl in internal subset"
            } else {
                "xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected"
            });
            return;
        }
        self.close();
    }

    fn close(&mut self) {
        self.skip_blanks();
        if self.at(0) == b'>' {
            self.pos += 1;
        } else {
            self.fatal("expected '>'");
        }
    }

    fn mixed(&mut self) {
        self.skip_blanks();
        if self.eat(")") {
            self.eat("*");
            return;
        }
        while self.eat("|") {
            self.skip_blanks();
            if self.name().is_empty() {
                self.fatal("xmlParseElementMixedContentDecl : Name expected");
                return;
            }
            self.skip_blanks();
        }
        if !self.eat(")*") {
            self.fatal("MixedContentDecl : '|' or ')*' expected");
        }
    }

    fn occurrence(&mut self) {
        if matches!(self.at(0), b'?' | b'*' | b'+') {
            self.pos += 1;
        }
    }

    /// A content model after its `(`.
    fn model(&mut self, depth: u32) -> bool {
        if depth > MAX_MODEL {
            self.fatal(&format!("xmlParseElementChildrenContentDecl : depth {depth} too deep, use XML_PARSE_HUGE"));
            return false;
        }
        let mut separator = 0;
        loop {
            self.skip_blanks();
            if self.eat("(") {
                if !self.model(depth + 1) {
                    return false;
                }
            } else {
                if self.name().is_empty() {
                    self.fatal("ContentDecl : Name or '(' expected");
                    return false;
                }
                self.occurrence();
            }
            self.skip_blanks();
            match self.at(0) {
                b')' => break,
                c @ (b',' | b'|') if separator == 0 || separator == c => {
                    separator = c;
                    self.pos += 1;
                }
                b',' | b'|' => {
                    let c = separator as char;
                    self.fatal(&format!("xmlParseElementChildrenContentDecl : '{c}' expected"));
                    return false;
                }
                _ => {
                    self.fatal("ContentDecl : ',' '|' or ')' expected");
                    return false;
                }
            }
        }
        self.pos += 1;
        self.occurrence();
        true
    }

    fn attlist_decl(&mut self) {
        self.blank_needed("after '<!ATTLIST'");
        let element = self.name();
        if element.is_empty() {
            self.fatal("ATTLIST: no name for Element");
            return;
        }
        self.skip_blanks();
        while !matches!(self.at(0), b'>' | 0) {
            let name = self.name();
            if name.is_empty() {
                self.fatal("ATTLIST: no name for Attribute");
                break;
            }
            if !self.blank_needed("after the attribute name") {
                break;
            }
            let tokens = !self.eat("CDATA");
            if tokens && !self.attribute_type() {
                break;
            }
            if !self.blank_needed("after the attribute type") {
                break;
            }
            if !self.eat("#REQUIRED") && !self.eat("#IMPLIED") {
                if self.eat("#FIXED") {
                    self.blank_needed("after '#FIXED'");
                }
                if self.attribute_value(tokens).is_none() {
                    self.fatal("Attribute default value declaration error");
                }
            }
            if self.at(0) != b'>' && !self.blank_needed("after the attribute default value") {
                break;
            }
            if tokens {
                self.attdefs.push(AttDef { element: element.clone(), name });
            }
        }
        self.eat(">");
    }

    fn attribute_type(&mut self) -> bool {
        for t in ["IDREFS", "IDREF", "ID", "ENTITY", "ENTITIES", "NMTOKENS", "NMTOKEN"] {
            if self.eat(t) {
                return true;
            }
        }
        let notation = self.eat("NOTATION");
        if notation && !self.blank_needed("after 'NOTATION'") {
            return false;
        }
        if self.at(0) != b'(' {
            self.fatal("'(' required to start ATTLIST enumeration");
            return false;
        }
        loop {
            self.pos += 1;
            self.skip_blanks();
            if self.token().is_empty() {
                self.fatal(if notation {
                    "Name expected in NOTATION declaration"
                } else {
                    "NmToken expected in ATTLIST enumeration"
                });
                return false;
            }
            self.skip_blanks();
            if self.at(0) != b'|' {
                break;
            }
        }
        if !self.eat(")") {
            self.fatal("')' required to finish ATTLIST enumeration");
        }
        true
    }

    fn notation_decl(&mut self) {
        if !self.blank_needed("after '<!NOTATION'") {
            return;
        }
        let name = self.name();
        if name.is_empty() {
            self.fatal("NOTATION: Name expected here");
            return;
        }
        if name.contains(':') {
            self.ns_error(&filled!("colons are forbidden from notation names '{}'"; name));
        }
        if !self.blank_needed("after the NOTATION name'") {
            return;
        }
        self.external_id(false, false);
        self.skip_blanks();
        if !self.eat(">") {
            self.fatal("'>' required to close NOTATION declaration");
        }
    }
}
