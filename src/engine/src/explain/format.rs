//! A tree of properties in each of EXPLAIN's formats.

use tusklet_adt::float::fixed;
use tusklet_error::filled;
use tusklet_adt::json::escape;

/// What a property holds.
pub(super) enum Value {
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<String>),
}

/// One property of a node.
pub(super) struct Property {
    pub label: &'static str,
    pub value: Value,
    /// Has a line of its own in the text format; the others are in the node's title there, or not at all.
    pub line: bool,
}

/// A plan node with its properties, and what is below it.
pub(super) struct Tree {
    /// The first line of the text format.
    pub title: String,
    pub properties: Vec<Property>,
    /// With the headings of subplans.
    pub children: Vec<(Option<String>, Tree)>,
}

impl Tree {
    /// With a title, and nothing else yet.
    pub fn new(title: String) -> Tree {
        Tree { title, properties: vec![], children: vec![] }
    }

    /// Adds a property with a line of its own.
    #[inline(never)]
    pub fn line(&mut self, label: &'static str, value: Value) {
        self.properties.push(Property { label, value, line: true });
    }

    /// Adds a text.
    #[inline(never)]
    pub fn text(&mut self, label: &'static str, text: String) {
        self.line(label, Value::Text(text));
    }

    /// Adds a list.
    #[inline(never)]
    pub fn list(&mut self, label: &'static str, list: Vec<String>) {
        self.line(label, Value::List(list));
    }
}

/// Everything EXPLAIN says.
pub(super) struct Report {
    pub plan: Tree,
    /// Milliseconds.
    pub times: Vec<(&'static str, f64)>,
}

/// The lines of the text format.
pub(super) fn text(report: &Report) -> Vec<String> {
    let mut out = Vec::new();
    text_node(&report.plan, None, 0, &mut out);
    out.extend(report.times.iter().map(|(label, ms)| format!("{label}: {} ms", fixed(*ms, 3))));
    out
}

fn text_node(t: &Tree, heading: Option<&str>, indent: usize, out: &mut Vec<String>) {
    let mut indent = indent;
    if let Some(h) = heading {
        out.push(filled!("{}{}"; "  ".repeat(indent), h));
        indent += 1;
    }
    if indent > 0 {
        out.push(filled!("{}->  {}"; "  ".repeat(indent), t.title));
        indent += 2;
    } else {
        out.push(t.title.clone());
    }
    indent += 1;
    for p in t.properties.iter().filter(|p| p.line) {
        let value = match &p.value {
            Value::Text(s) | Value::Number(s) => s.clone(),
            Value::Bool(b) => b.to_string(),
            Value::List(l) => l.join(", "),
        };
        // Lines that are no property, such as the tables of an UPDATE, have no label.
        let colon = if p.label.is_empty() { "" } else { ": " };
        out.push(format!("{}{}{colon}{value}", "  ".repeat(indent), p.label));
    }
    for (h, c) in &t.children {
        text_node(c, h.as_deref(), indent, out);
    }
}

pub(super) fn json(report: &Report) -> String {
    let mut out = String::from("[\n  {\n    \"Plan\": ");
    json_node(&report.plan, 2, &mut out);
    for (label, ms) in &report.times {
        out.push_str(&format!(",\n    \"{label}\": {}", fixed(*ms, 3)));
    }
    out.push_str("\n  }\n]");
    out
}

fn json_node(t: &Tree, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent + 1);
    out.push('{');
    let mut first = true;
    for p in t.properties.iter().filter(|p| !p.label.is_empty()) {
        out.push_str(if first { "\n" } else { ",\n" });
        first = false;
        out.push_str(&filled!("{}\"{}\": "; pad, p.label));
        match &p.value {
            Value::Text(s) => escape(s, out),
            Value::Number(n) => out.push_str(n),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::List(l) => {
                out.push('[');
                for (i, s) in l.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    escape(s, out);
                }
                out.push(']');
            }
        }
    }
    if !t.children.is_empty() {
        out.push_str(&filled!(",\n{}\"Plans\": ["; pad));
        for (i, (_, c)) in t.children.iter().enumerate() {
            out.push_str(if i > 0 { ",\n" } else { "\n" });
            out.push_str(&filled!("{}  "; pad));
            json_node(c, indent + 2, out);
        }
        out.push_str(&filled!("\n{}]"; pad));
    }
    out.push_str(&format!("\n{}}}", "  ".repeat(indent)));
}

fn xml_escaped(s: &str) -> String {
    s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#x0d;")
}

/// A label as a tag: what XML does not allow in one becomes `-`.
fn tag(label: &str) -> String {
    label.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

pub(super) fn xml(report: &Report) -> String {
    let mut out = String::from("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n");
    xml_node(&report.plan, 2, &mut out);
    for (label, ms) in &report.times {
        let tag = tag(label);
        out.push_str(&format!("    <{tag}>{}</{tag}>\n", fixed(*ms, 3)));
    }
    out.push_str("  </Query>\n</explain>");
    out
}

fn xml_node(t: &Tree, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent + 1);
    out.push_str(&filled!("{}<Plan>\n"; "  ".repeat(indent)));
    for p in t.properties.iter().filter(|p| !p.label.is_empty()) {
        let tag = tag(p.label);
        match &p.value {
            Value::Text(s) | Value::Number(s) => out.push_str(&format!("{pad}<{tag}>{}</{tag}>\n", xml_escaped(s))),
            Value::Bool(b) => out.push_str(&format!("{pad}<{tag}>{b}</{tag}>\n")),
            Value::List(l) => {
                out.push_str(&filled!("{}<{}>\n"; pad, tag));
                for s in l {
                    out.push_str(&filled!("{}  <Item>{}</Item>\n"; pad, xml_escaped(s)));
                }
                out.push_str(&filled!("{}</{}>\n"; pad, tag));
            }
        }
    }
    if !t.children.is_empty() {
        out.push_str(&filled!("{}<Plans>\n"; pad));
        for (_, c) in &t.children {
            xml_node(c, indent + 2, out);
        }
        out.push_str(&filled!("{}</Plans>\n"; pad));
    }
    out.push_str(&filled!("{}</Plan>\n"; "  ".repeat(indent)));
}

pub(super) fn yaml(report: &Report) -> String {
    let mut out = String::from("- Plan: ");
    yaml_node(&report.plan, 2, &mut out);
    for (label, ms) in &report.times {
        out.push_str(&format!("\n  {label}: {}", fixed(*ms, 3)));
    }
    out
}

fn yaml_node(t: &Tree, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent);
    for (i, p) in t.properties.iter().filter(|p| !p.label.is_empty()).enumerate() {
        // The first property of an item stands behind its dash.
        if i > 0 || indent == 2 {
            out.push_str(&filled!("\n{}"; pad));
        }
        out.push_str(&filled!("{}: "; p.label));
        match &p.value {
            Value::Text(s) => escape(s, out),
            Value::Number(n) => out.push_str(n),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::List(l) => {
                for s in l {
                    out.push_str(&filled!("\n{}  - "; pad));
                    escape(s, out);
                }
            }
        }
    }
    if !t.children.is_empty() {
        out.push_str(&filled!("\n{}Plans: "; pad));
        for (_, c) in &t.children {
            out.push_str(&filled!("\n{}  - "; pad));
            yaml_node(c, indent + 2, out);
        }
    }
}
