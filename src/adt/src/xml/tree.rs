//! A document as an arena: nodes and strings by index, nodes in document order; and its text again, as libxml writes it.

/// No node.
pub const NIL: u32 = u32::MAX;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The document.
    Document,
    /// An element.
    Element,
    /// An attribute; no child of its element.
    Attribute,
    /// Text.
    Text,
    /// A CDATA section.
    Cdata,
    /// A comment.
    Comment,
    /// A processing instruction.
    Pi,
    /// A reference to an entity that is not replaced; its text is the entity's.
    Entity,
    /// The DOCTYPE; its text is the whole declaration.
    Dtd,
}

/// A piece of a document's text.
#[derive(Clone, Copy, Default)]
pub struct Str {
    at: u32,
    len: u32,
}

impl Str {
    /// Whether it is empty: no prefix, no namespace.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// A node.
#[derive(Clone, Copy)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Local name; target of a processing instruction.
    pub name: Str,
    /// Prefix of an element or attribute.
    pub prefix: Str,
    /// Namespace, empty when none.
    pub uri: Str,
    /// Content of what is no element.
    pub text: Str,
    /// The node around it; an attribute's element.
    pub parent: u32,
    /// First child.
    pub first: u32,
    /// Last child.
    pub last: u32,
    /// Next sibling; an attribute's next attribute.
    pub next: u32,
    /// Sibling before it.
    pub prev: u32,
    /// First attribute.
    pub attr: u32,
    /// The namespaces declared here: from, to.
    pub ns: (u32, u32),
}

/// A declared namespace.
#[derive(Clone, Copy)]
pub struct Ns {
    /// Empty for the default one.
    pub prefix: Str,
    /// Its name.
    pub uri: Str,
}

/// A parsed document.
pub struct Doc {
    text: String,
    /// Nodes in document order.
    pub nodes: Vec<Node>,
    /// Declared namespaces in document order; the first is that of `xml`.
    pub ns: Vec<Ns>,
}

/// The namespace of the prefix `xml`.
pub const XML_NS: &str = "http://www.w3.org/XML/1998/namespace";

impl Default for Doc {
    fn default() -> Doc {
        Doc::new()
    }
}

impl Doc {
    /// An empty document: node 0 is its root.
    pub fn new() -> Doc {
        let mut d = Doc { text: String::new(), nodes: Vec::new(), ns: Vec::new() };
        let (prefix, uri) = (d.keep("xml"), d.keep(XML_NS));
        d.ns.push(Ns { prefix, uri });
        d.add(Kind::Document, NIL);
        d
    }

    /// A string.
    pub fn str(&self, s: Str) -> &str {
        self.text.get(s.at as usize..(s.at + s.len) as usize).unwrap_or("")
    }

    /// Keeps a string.
    pub fn keep(&mut self, s: &str) -> Str {
        let at = self.text.len() as u32;
        self.text.push_str(s);
        Str { at, len: s.len() as u32 }
    }

    /// A node.
    pub fn node(&self, n: u32) -> &Node {
        self.nodes.get(n as usize).unwrap_or(&self.nodes[0])
    }

    /// A new last child of `parent`; an attribute becomes its last attribute.
    pub fn add(&mut self, kind: Kind, parent: u32) -> u32 {
        let id = self.nodes.len() as u32;
        let e = Str::default();
        let mut node = Node {
            kind,
            name: e,
            prefix: e,
            uri: e,
            text: e,
            parent,
            first: NIL,
            last: NIL,
            next: NIL,
            prev: NIL,
            attr: NIL,
            ns: (0, 0),
        };
        if let Some(p) = self.nodes.get_mut(parent as usize) {
            if kind == Kind::Attribute {
                // Attributes of an element are neighbours in the arena.
                if p.attr == NIL {
                    p.attr = id;
                } else {
                    node.prev = id - 1;
                }
            } else {
                node.prev = p.last;
                if p.first == NIL {
                    p.first = id;
                }
                p.last = id;
            }
        }
        if let Some(before) = self.nodes.get_mut(node.prev as usize) {
            before.next = id;
        }
        self.nodes.push(node);
        id
    }

    /// Appends text to `parent`, to its last child when that is text.
    pub fn add_text(&mut self, parent: u32, s: &str) {
        if s.is_empty() {
            return;
        }
        let last = self.node(parent).last;
        if last != NIL && self.node(last).kind == Kind::Text {
            let old = self.node(last).text;
            let mut text = old;
            if (old.at + old.len) as usize != self.text.len() {
                let whole = self.str(old).to_owned();
                text = self.keep(&whole);
            }
            self.text.push_str(s);
            text.len += s.len() as u32;
            self.nodes[last as usize].text = text;
        } else {
            let n = self.add(Kind::Text, parent);
            self.nodes[n as usize].text = self.keep(s);
        }
    }

    /// The node after `n` in document order within the tree below `root`, attributes not counted.
    pub fn following(&self, n: u32, root: u32, deeper: bool) -> u32 {
        if deeper && self.node(n).first != NIL {
            return self.node(n).first;
        }
        let mut n = n;
        while n != root && n != NIL {
            if self.node(n).next != NIL {
                return self.node(n).next;
            }
            n = self.node(n).parent;
        }
        NIL
    }

    /// The string value of a node, as XPath has it.
    pub fn string_value(&self, n: u32) -> String {
        let node = self.node(n);
        if !matches!(node.kind, Kind::Document | Kind::Element) {
            return self.str(node.text).to_owned();
        }
        let mut s = String::new();
        let mut c = self.following(n, n, true);
        while c != NIL {
            let x = self.node(c);
            if matches!(x.kind, Kind::Text | Kind::Cdata | Kind::Entity) {
                s.push_str(self.str(x.text));
            }
            c = self.following(c, n, true);
        }
        s
    }

    /// The namespace a prefix means at `n`, declared in `n` or above it up to `root`.
    pub fn find_ns(&self, n: u32, root: u32, prefix: &str) -> Option<u32> {
        if prefix == "xml" {
            return Some(0);
        }
        let mut n = n;
        while n != NIL {
            let (from, to) = self.node(n).ns;
            if let Some(i) = (from..to).find(|i| self.str(self.ns[*i as usize].prefix) == prefix) {
                return Some(i);
            }
            if n == root {
                break;
            }
            n = self.node(n).parent;
        }
        None
    }

    /// The text of a node and what is below it; namespaces it uses are declared in it, as in a copy that stands alone.
    pub fn dump(&self, n: u32) -> String {
        let mut extra: Vec<u32> = Vec::new();
        let mut c = n;
        while c != NIL {
            let x = *self.node(c);
            if x.kind == Kind::Element {
                self.need(&x, c, n, &mut extra);
                let mut a = x.attr;
                while a != NIL {
                    let attr = *self.node(a);
                    self.need(&attr, c, n, &mut extra);
                    a = attr.next;
                }
            }
            c = self.following(c, n, true);
        }
        let mut out = String::new();
        if self.node(n).kind == Kind::Document {
            out.push_str("<?xml version=\"1.0\"?>\n");
            let mut c = self.node(n).first;
            while c != NIL {
                self.write(c, &[], &mut out);
                out.push('\n');
                c = self.node(c).next;
            }
        } else {
            self.write(n, &extra, &mut out);
        }
        out
    }

    /// Notes the namespace of element or attribute `x` when nothing from `c` to `root` declares it.
    fn need(&self, x: &Node, c: u32, root: u32, extra: &mut Vec<u32>) {
        let prefix = self.str(x.prefix);
        if x.uri.is_empty() || self.find_ns(c, root, prefix).is_some() {
            return;
        }
        if extra.iter().any(|i| self.str(self.ns[*i as usize].prefix) == prefix) {
            return;
        }
        extra.extend(self.find_ns(c, NIL, prefix));
    }

    fn write_ns(&self, i: u32, out: &mut String) {
        let ns = self.ns[i as usize];
        out.push_str(" xmlns");
        if !ns.prefix.is_empty() {
            out.push(':');
            out.push_str(self.str(ns.prefix));
        }
        out.push_str("=\"");
        escape(self.str(ns.uri), true, out);
        out.push('"');
    }

    fn write_name(&self, x: &Node, out: &mut String) {
        if !x.prefix.is_empty() {
            out.push_str(self.str(x.prefix));
            out.push(':');
        }
        out.push_str(self.str(x.name));
    }

    /// Writes a tree without recursion: `n` itself with the declarations `extra`.
    fn write(&self, n: u32, extra: &[u32], out: &mut String) {
        let mut c = n;
        loop {
            let x = *self.node(c);
            let text = self.str(x.text);
            match x.kind {
                Kind::Element => {
                    out.push('<');
                    self.write_name(&x, out);
                    (x.ns.0..x.ns.1).for_each(|i| self.write_ns(i, out));
                    if c == n {
                        extra.iter().for_each(|i| self.write_ns(*i, out));
                    }
                    let mut a = x.attr;
                    while a != NIL {
                        let attr = *self.node(a);
                        out.push(' ');
                        self.write_name(&attr, out);
                        out.push_str("=\"");
                        escape(self.str(attr.text), true, out);
                        out.push('"');
                        a = attr.next;
                    }
                    out.push_str(if x.first == NIL { "/>" } else { ">" });
                }
                Kind::Text => escape(text, false, out),
                Kind::Cdata => {
                    out.push_str("<![CDATA[");
                    out.push_str(text);
                    out.push_str("]]>");
                }
                Kind::Comment => {
                    out.push_str("<!--");
                    out.push_str(text);
                    out.push_str("-->");
                }
                Kind::Pi => {
                    out.push_str("<?");
                    out.push_str(self.str(x.name));
                    if !text.is_empty() {
                        out.push(' ');
                        out.push_str(text);
                    }
                    out.push_str("?>");
                }
                Kind::Entity => {
                    out.push('&');
                    out.push_str(self.str(x.name));
                    out.push(';');
                }
                Kind::Dtd => out.push_str(text),
                Kind::Document | Kind::Attribute => {}
            }
            if x.first != NIL {
                c = x.first;
                continue;
            }
            // Up to the next node, closing what is left.
            loop {
                if c == n {
                    return;
                }
                let x = *self.node(c);
                if x.next != NIL {
                    c = x.next;
                    break;
                }
                c = x.parent;
                let up = *self.node(c);
                if up.kind == Kind::Element {
                    out.push_str("</");
                    self.write_name(&up, out);
                    out.push('>');
                }
            }
        }
    }
}

/// Escapes content or an attribute's value as libxml's writer does.
pub(super) fn escape(s: &str, attribute: bool, out: &mut String) {
    for c in s.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            // Attributes of a document without an encoding are kept to ASCII.
            c if attribute && !c.is_ascii() => out.push_str(&format!("&#x{:X};", c as u32)),
            c => out.push(c),
        }
    }
}
