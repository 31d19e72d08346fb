//! Start tags: attributes and namespaces.

use tusklet_error::filled;
use super::parse::{Level, Parser, Scope, is_blank, uri};
use super::tree::{Kind, Ns, Str, XML_NS};

/// An attribute of the tag being read.
pub(super) struct Attr {
    name: String,
    prefix: String,
    uri: String,
    value: String,
}

impl Parser {
    pub(super) fn find_ns(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML_NS);
        }
        let found = self.ns.iter().rev().find(|s| s.prefix == prefix)?;
        Some(found.uri.as_str()).filter(|u| !(prefix.is_empty() && u.is_empty()))
    }

    pub(super) fn redefined(&mut self, prefix: &str, name: &str) {
        let colon = if prefix.is_empty() { "" } else { ":" };
        self.fatal(&filled!("Attribute {}{}{} redefined"; prefix, colon, name));
    }

    /// `xmlns` or `xmlns:prefix`; false when it is not kept.
    pub(super) fn declare(&mut self, prefix: &str, value: &str, own: usize) -> bool {
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
                self.ns_error(&filled!("xmlns:{}: Empty XML namespace is not allowed"; prefix));
                return false;
            }
        } else {
            match uri(value) {
                (false, _) => self.ns_error(&filled!("xmlns{}{}: '{}' is not a valid URI"; colon, prefix, value)),
                (true, false) if prefix.is_empty() => {
                    self.raise(Level::NsWarning, &filled!("xmlns: URI {} is not absolute"; value));
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
    pub(super) fn start_tag(&mut self) -> Option<(String, String)> {
        self.pos += 1;
        let Some((prefix, name)) = self.qname() else {
            self.fatal("StartTag: invalid element name");
            return None;
        };
        let own = self.ns.len();
        let mut attrs: Vec<Attr> = Vec::new();
        let element = if prefix.is_empty() { name.clone() } else { filled!("{}:{}"; prefix, name) };
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
                self.fatal("internal error: xmlParseStartTag: problem parsing attributes");
                break;
            }
        }
        for i in 0..attrs.len() {
            if !attrs[i].prefix.is_empty() {
                match self.find_ns(&attrs[i].prefix) {
                    Some(u) => attrs[i].uri = u.to_owned(),
                    None => {
                        let m = filled!(
                            "Namespace prefix {} for {} on {} is not defined"; attrs[i].prefix, attrs[i].name, name
                        );
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
                    let m = filled!("Namespaced Attribute {} in '{}' redefined"; a.name, a.uri);
                    self.ns_error(&m);
                    break;
                }
            }
        }
        let uri = self.find_ns(&prefix).map(str::to_owned);
        if uri.is_none() && !prefix.is_empty() {
            self.ns_error(&filled!("Namespace prefix {} on {} is not defined"; prefix, name));
        }
        if self.building() {
            self.build(&prefix, &name, uri.as_deref().unwrap_or(""), own, &attrs);
        }
        Some((prefix, name))
    }

    pub(super) fn build(&mut self, prefix: &str, name: &str, uri: &str, own: usize, attrs: &[Attr]) {
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
    pub(super) fn qualified(&mut self, prefix: &str, uri: &str, n: u32) -> (Str, Str) {
        if uri.is_empty() && !prefix.is_empty() {
            let whole = filled!("{}:{}"; prefix, self.doc.str(self.doc.node(n).name));
            let name = self.doc.keep(&whole);
            self.doc.nodes[n as usize].name = name;
            return Default::default();
        }
        (self.doc.keep(prefix), self.doc.keep(uri))
    }

    /// Prefix, name, value of an attribute, and whether there was a name at all.
    #[allow(clippy::type_complexity)]
    pub(super) fn attribute(&mut self, element: &str) -> (bool, Option<(String, String, String)>) {
        let Some((prefix, name)) = self.qname() else {
            self.fatal("error parsing attribute name");
            return (false, None);
        };
        let whole = if prefix.is_empty() { name.clone() } else { filled!("{}:{}"; prefix, name) };
        let tokens = self.attdefs.iter().any(|d| d.element == element && d.name == whole);
        self.skip_blanks();
        if !self.eat("=") {
            self.fatal(&filled!("Specification mandates value for attribute {}"; name));
            return (false, None);
        }
        self.skip_blanks();
        let Some(value) = self.attribute_value(tokens) else { return (true, None) };
        if prefix == "xml" && name == "space" && value != "default" && value != "preserve" {
            let m = filled!("Invalid value \"{}\" for xml:space : \"default\" or \"preserve\" expected"; value);
            self.raise(Level::Warning, &m);
        }
        (true, Some((prefix, name, value)))
    }
}
