//! XPath 1.0: evaluation over a parsed document. Sets of nodes are kept in document order.

use super::tree::{Doc, Kind, NIL, XML_NS};
use super::xpath::{Axis, Binary, Op, Step, Test, XPath, number};
use crate::float::{fixed, scientific};
use tusklet_error::{Error, Result, SortShort, SqlState, filled};

/// A node of a result: the node, and [`NIL`] or which of the namespaces in its scope.
pub type Ref = (u32, u32);

/// What an expression gives.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nodes in document order.
    Nodes(Vec<Ref>),
    /// A number.
    Number(f64),
    /// A string.
    Str(String),
    /// A boolean.
    Bool(bool),
}

/// Where expressions are evaluated.
pub struct Context<'a> {
    /// The document.
    pub doc: &'a Doc,
    /// Prefixes and what they mean.
    pub namespaces: &'a [(String, String)],
    /// Called now and then.
    pub tick: &'a mut dyn FnMut() -> Result<()>,
    steps: u32,
    depth: u32,
}

/// How deep operations may nest.
const MAX_DEPTH: u32 = 1000;

/// A node, its place and how many there are; 0 where there are none.
#[derive(Clone, Copy)]
struct At {
    node: Ref,
    position: usize,
    size: usize,
}

/// An error of an expression, with libxml's words.
pub fn error(message: &str, detail: &str) -> Error {
    let e = Error::new(SqlState::INTERNAL_ERROR, message);
    if detail.is_empty() { e } else { e.detail(detail) }
}

fn fail<T>(detail: &str) -> Result<T> {
    Err(error("could not create XPath object", detail))
}

const TYPE: &str = "Invalid type";

/// The functions, with how many arguments they take at least and at most.
const FUNCTIONS: [(&str, usize, usize); 27] = [
    ("boolean", 1, 1),
    ("ceiling", 1, 1),
    ("concat", 2, usize::MAX),
    ("contains", 2, 2),
    ("count", 1, 1),
    ("false", 0, 0),
    ("floor", 1, 1),
    ("id", 1, 1),
    ("lang", 1, 1),
    ("last", 0, 0),
    ("local-name", 0, 1),
    ("name", 0, 1),
    ("namespace-uri", 0, 1),
    ("normalize-space", 0, 1),
    ("not", 1, 1),
    ("number", 0, 1),
    ("position", 0, 0),
    ("round", 1, 1),
    ("starts-with", 2, 2),
    ("string", 0, 1),
    ("string-length", 0, 1),
    ("substring", 2, 3),
    ("substring-after", 2, 2),
    ("substring-before", 2, 2),
    ("sum", 1, 1),
    ("translate", 2 + 1, 3),
    ("true", 0, 0),
];

/// A number as `string()` gives it (`xmlXPathFormatNumber`).
pub fn number_text(v: f64) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if v == 0.0 {
        return "0".to_owned();
    }
    let size = v.abs();
    if size < 2147483647.0 && v.trunc() == v {
        return (v as i32).to_string();
    }
    let trim = |s: &str| s.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !(1e-5..=1e9).contains(&size) {
        let s = scientific(v, 14);
        let (digits, exponent) = s.split_once('e').unwrap_or((&s, "+00"));
        return format!("{}e{exponent}", trim(digits));
    }
    let place = size.log10() as i32;
    let fraction = if place > 0 { 14 - place } else { 15 - place };
    trim(&fixed(v, fraction.max(0) as usize))
}

/// The number a text is (`xmlXPathStringEvalNumber`).
fn number_of(s: &str) -> f64 {
    let s = s.trim_matches([' ', '\t', '\n', '\r']);
    let (minus, digits) = s.strip_prefix('-').map_or((false, s), |r| (true, r));
    match number(digits) {
        Some((v, len)) if len == digits.len() => {
            if minus {
                -v
            } else {
                v
            }
        }
        // A sign alone, or an exponent alone: libxml starts with zero.
        None if minus && digits.is_empty() => -0.0,
        _ => f64::NAN,
    }
}

impl<'a> Context<'a> {
    /// A context.
    pub fn new(
        doc: &'a Doc,
        namespaces: &'a [(String, String)],
        tick: &'a mut dyn FnMut() -> Result<()>,
    ) -> Context<'a> {
        Context { doc, namespaces, tick, steps: 0, depth: 0 }
    }

    /// Evaluates an expression at a node.
    pub fn eval(&mut self, x: &XPath, node: Ref) -> Result<Value> {
        self.depth = 0;
        self.op(x, x.top, At { node, position: 0, size: 0 })
    }

    /// The text of a node.
    pub fn string(&self, n: Ref) -> String {
        match self.doc.ns.get(n.1 as usize).filter(|_| n.1 != NIL) {
            Some(ns) => self.doc.str(ns.uri).to_owned(),
            None => self.doc.string_value(n.0),
        }
    }

    /// A value as text.
    pub fn text(&self, v: &Value) -> String {
        match v {
            Value::Nodes(n) => n.first().map_or(String::new(), |n| self.string(*n)),
            Value::Number(n) => number_text(*n),
            Value::Str(s) => s.clone(),
            Value::Bool(b) => b.to_string(),
        }
    }

    fn num(&self, v: &Value) -> f64 {
        match v {
            Value::Nodes(_) => number_of(&self.text(v)),
            Value::Number(n) => *n,
            Value::Str(s) => number_of(s),
            Value::Bool(b) => f64::from(*b),
        }
    }

    fn truth(v: &Value) -> bool {
        match v {
            Value::Nodes(n) => !n.is_empty(),
            Value::Number(n) => *n != 0.0 && !n.is_nan(),
            Value::Str(s) => !s.is_empty(),
            Value::Bool(b) => *b,
        }
    }

    fn tick(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps & 0xFFF == 0 { (self.tick)() } else { Ok(()) }
    }

    fn op(&mut self, x: &XPath, op: u32, at: At) -> Result<Value> {
        if self.depth >= MAX_DEPTH {
            return fail("Recursion limit exceeded");
        }
        self.depth += 1;
        let v = self.op_inner(x, op, at);
        self.depth -= 1;
        v
    }

    fn op_inner(&mut self, x: &XPath, op: u32, at: At) -> Result<Value> {
        let Some(op) = x.ops.get(op as usize) else { return fail("") };
        Ok(match op {
            Op::Number(v) => Value::Number(*v),
            Op::Literal(s) => Value::Str(s.clone()),
            Op::Variable(prefixed) => return fail(if *prefixed { "" } else { "Undefined variable" }),
            Op::Root => Value::Nodes(vec![(0, NIL)]),
            Op::Context => Value::Nodes(vec![at.node]),
            Op::Number1(minus, a) => {
                let v = self.op(x, *a, at)?;
                let v = self.num(&v);
                Value::Number(if *minus { -v } else { v })
            }
            Op::Binary(b @ (Binary::Or | Binary::And), l, r) => {
                let l = Self::truth(&self.op(x, *l, at)?);
                Value::Bool(if l == (*b == Binary::Or) { l } else { Self::truth(&self.op(x, *r, at)?) })
            }
            Op::Binary(b, l, r) => {
                let l = self.op(x, *l, at)?;
                let r = self.op(x, *r, at)?;
                self.binary(*b, l, r)?
            }
            Op::Path(start, steps) => {
                let Value::Nodes(mut nodes) = self.op(x, *start, at)? else { return fail(TYPE) };
                for s in steps {
                    nodes = self.step(x, s, &nodes)?;
                }
                Value::Nodes(nodes)
            }
            Op::Filter(input, p) => {
                let Value::Nodes(nodes) = self.op(x, *input, at)? else { return fail(TYPE) };
                Value::Nodes(self.filter(x, *p, nodes)?)
            }
            Op::Call(prefixed, name, args) => {
                let Some(f) = FUNCTIONS.iter().find(|f| f.0 == name).filter(|_| !prefixed) else {
                    return fail(if *prefixed { "" } else { "Unregistered function" });
                };
                let mut values = Vec::with_capacity(args.len());
                for a in args {
                    values.push(self.op(x, *a, at)?);
                }
                if args.len() < f.1 || args.len() > f.2 {
                    return fail("Invalid number of arguments");
                }
                self.call(f.0, values, at)?
            }
        })
    }

    fn binary(&mut self, b: Binary, l: Value, r: Value) -> Result<Value> {
        Ok(match b {
            Binary::Union => {
                let (Value::Nodes(mut l), Value::Nodes(r)) = (l, r) else { return fail(TYPE) };
                l.extend(r);
                l.order();
                l.dedup();
                Value::Nodes(l)
            }
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Mod => {
                let (l, r) = (self.num(&l), self.num(&r));
                Value::Number(match b {
                    Binary::Add => l + r,
                    Binary::Sub => l - r,
                    Binary::Mul => l * r,
                    Binary::Div => l / r,
                    _ => l % r,
                })
            }
            _ => Value::Bool(self.compare(b, &l, &r)?),
        })
    }

    /// A comparison: true when it is for any of the nodes on either side.
    fn compare(&mut self, b: Binary, l: &Value, r: &Value) -> Result<bool> {
        match (l, r) {
            (Value::Nodes(_), Value::Bool(_)) | (Value::Bool(_), Value::Nodes(_)) => {
                let (l, r) = (Value::Bool(Self::truth(l)), Value::Bool(Self::truth(r)));
                Ok(self.compare_one(b, &l, &r))
            }
            (Value::Nodes(n), other) => {
                for n in n {
                    self.tick()?;
                    let s = Value::Str(self.string(*n));
                    if self.compare(b, &s, other)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (other, Value::Nodes(n)) => {
                for n in n {
                    self.tick()?;
                    let s = Value::Str(self.string(*n));
                    if self.compare_one(b, other, &s) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(self.compare_one(b, l, r)),
        }
    }

    fn compare_one(&self, b: Binary, l: &Value, r: &Value) -> bool {
        if matches!(b, Binary::Eq | Binary::Ne) {
            let equal = match (l, r) {
                (Value::Bool(_), _) | (_, Value::Bool(_)) => Self::truth(l) == Self::truth(r),
                (Value::Number(_), _) | (_, Value::Number(_)) => self.num(l) == self.num(r),
                _ => self.text(l) == self.text(r),
            };
            return equal == (b == Binary::Eq);
        }
        let (l, r) = (self.num(l), self.num(r));
        match b {
            Binary::Lt => l < r,
            Binary::Le => l <= r,
            Binary::Gt => l > r,
            _ => l >= r,
        }
    }

    fn filter(&mut self, x: &XPath, p: u32, nodes: Vec<Ref>) -> Result<Vec<Ref>> {
        let size = nodes.len();
        let mut out = Vec::new();
        for (i, node) in nodes.into_iter().enumerate() {
            self.tick()?;
            let keep = match self.op(x, p, At { node, position: i + 1, size })? {
                Value::Number(n) => n == (i + 1) as f64,
                v => Self::truth(&v),
            };
            if keep {
                out.push(node);
            }
        }
        Ok(out)
    }

    fn step(&mut self, x: &XPath, s: &Step, nodes: &[Ref]) -> Result<Vec<Ref>> {
        let uri = match &s.test {
            Test::Name(Some(p), _) => match self.namespaces.iter().find(|(n, _)| n == p) {
                _ if p == "xml" => Some(XML_NS.to_owned()),
                Some((_, u)) => Some(u.clone()),
                None => return fail("Undefined namespace prefix"),
            },
            _ => None,
        };
        let mut out = Vec::new();
        for n in nodes {
            let mut found = Vec::new();
            self.axis(s, uri.as_deref(), *n, &mut found)?;
            for p in &s.predicates {
                found = self.filter(x, *p, found)?;
            }
            out.append(&mut found);
        }
        out.order();
        out.dedup();
        Ok(out)
    }

    fn matches(&self, s: &Step, uri: Option<&str>, n: Ref) -> bool {
        let node = self.doc.node(n.0);
        if n.1 != NIL {
            return match &s.test {
                Test::Node | Test::Name(None, None) => true,
                Test::Name(None, Some(name)) => {
                    self.doc.ns.get(n.1 as usize).is_some_and(|ns| self.doc.str(ns.prefix) == name)
                }
                _ => false,
            };
        }
        match &s.test {
            Test::Node => !matches!(node.kind, Kind::Entity | Kind::Dtd),
            Test::Text => matches!(node.kind, Kind::Text | Kind::Cdata),
            Test::Comment => node.kind == Kind::Comment,
            Test::Pi(target) => node.kind == Kind::Pi && target.as_ref().is_none_or(|t| self.doc.str(node.name) == t),
            Test::Name(prefix, name) => {
                let wanted = if s.axis == Axis::Attribute { Kind::Attribute } else { Kind::Element };
                node.kind == wanted
                    && name.as_ref().is_none_or(|t| self.doc.str(node.name) == t)
                    && match (prefix, uri) {
                        (Some(_), Some(u)) => self.doc.str(node.uri) == u && !node.uri.is_empty(),
                        _ => name.is_none() || node.uri.is_empty(),
                    }
            }
        }
    }

    /// The nodes of an axis that pass the test, in the axis' order.
    fn axis(&mut self, s: &Step, uri: Option<&str>, from: Ref, out: &mut Vec<Ref>) -> Result<()> {
        let doc = self.doc;
        let (n, special) = (from.0, from.1 != NIL);
        let node = doc.node(n);
        // The parent of a namespace is its element.
        let parent = if special { n } else { node.parent };
        let attribute = special || node.kind == Kind::Attribute;
        let mut take = |c: &mut Self, r: Ref| -> Result<()> {
            c.tick()?;
            if c.matches(s, uri, r) {
                out.push(r);
            }
            Ok(())
        };
        match s.axis {
            Axis::SelfNode => take(self, from)?,
            Axis::Parent => {
                if parent != NIL {
                    take(self, (parent, NIL))?;
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                if s.axis == Axis::AncestorOrSelf {
                    take(self, from)?;
                }
                let mut p = parent;
                while p != NIL {
                    take(self, (p, NIL))?;
                    p = doc.node(p).parent;
                }
            }
            Axis::Attribute if !special && node.kind == Kind::Element => {
                let mut a = node.attr;
                while a != NIL {
                    take(self, (a, NIL))?;
                    a = doc.node(a).next;
                }
            }
            Axis::Namespace if !special && node.kind == Kind::Element => {
                let mut seen: Vec<u32> = vec![0];
                let mut p = n;
                while p != NIL {
                    let (a, b) = doc.node(p).ns;
                    for i in a..b {
                        let prefix = doc.str(doc.ns[i as usize].prefix);
                        if !seen.iter().any(|s| doc.str(doc.ns[*s as usize].prefix) == prefix) {
                            seen.push(i);
                        }
                    }
                    p = doc.node(p).parent;
                }
                seen.order();
                for i in seen {
                    take(self, (n, i))?;
                }
            }
            Axis::Child if !attribute => {
                let mut c = node.first;
                while c != NIL {
                    take(self, (c, NIL))?;
                    c = doc.node(c).next;
                }
            }
            Axis::Descendant | Axis::DescendantOrSelf => {
                if s.axis == Axis::DescendantOrSelf {
                    take(self, from)?;
                }
                if !attribute {
                    let mut c = doc.following(n, n, true);
                    while c != NIL {
                        take(self, (c, NIL))?;
                        c = doc.following(c, n, true);
                    }
                }
            }
            Axis::FollowingSibling | Axis::PrecedingSibling if !attribute => {
                let next = |c: u32| {
                    let x = doc.node(c);
                    if s.axis == Axis::FollowingSibling { x.next } else { x.prev }
                };
                let mut c = next(n);
                while c != NIL {
                    take(self, (c, NIL))?;
                    c = next(c);
                }
            }
            Axis::Following => {
                let mut c = if node.kind == Kind::Attribute { parent } else { n };
                c = doc.following(c, NIL, attribute);
                while c != NIL {
                    take(self, (c, NIL))?;
                    c = doc.following(c, NIL, true);
                }
            }
            Axis::Preceding => {
                let mut above = vec![];
                let mut p = if attribute { parent } else { n };
                let last = p;
                while p != NIL {
                    above.push(p);
                    p = doc.node(p).parent;
                }
                for c in (1..last).rev() {
                    if doc.node(c).kind != Kind::Attribute && !above.contains(&c) {
                        take(self, (c, NIL))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The elements with an `xml:id` of these.
    fn ids(&mut self, wanted: &str, out: &mut Vec<Ref>) -> Result<()> {
        for id in wanted.split([' ', '\t', '\n', '\r']).filter(|s| !s.is_empty()) {
            let found = self.doc.nodes.iter().find(|a| {
                a.kind == Kind::Attribute
                    && self.doc.str(a.prefix) == "xml"
                    && self.doc.str(a.name) == "id"
                    && self.doc.str(a.text) == id
            });
            out.extend(found.map(|a| (a.parent, NIL)));
            self.tick()?;
        }
        Ok(())
    }

    fn lang(&self, node: Ref, wanted: &str) -> bool {
        let mut n = node.0;
        while n != NIL {
            let mut a = self.doc.node(n).attr;
            while a != NIL {
                let x = self.doc.node(a);
                if self.doc.str(x.prefix) == "xml" && self.doc.str(x.name) == "lang" {
                    let have = self.doc.str(x.text);
                    let start = have.get(..wanted.len()).is_some_and(|h| h.eq_ignore_ascii_case(wanted));
                    return start && matches!(have.as_bytes().get(wanted.len()), None | Some(b'-'));
                }
                a = x.next;
            }
            n = self.doc.node(n).parent;
        }
        false
    }

    /// `local-name`, `name`, `namespace-uri` of a node.
    fn name(&self, f: &str, n: Ref) -> String {
        if let Some(ns) = self.doc.ns.get(n.1 as usize).filter(|_| n.1 != NIL) {
            return if f == "namespace-uri" { String::new() } else { self.doc.str(ns.prefix).to_owned() };
        }
        let node = self.doc.node(n.0);
        let named = matches!(node.kind, Kind::Element | Kind::Attribute);
        let local = if named || node.kind == Kind::Pi { self.doc.str(node.name) } else { "" };
        match f {
            "namespace-uri" => self.doc.str(node.uri).to_owned(),
            "name" if named && !node.prefix.is_empty() => filled!("{}:{}"; self.doc.str(node.prefix), local),
            _ => local.to_owned(),
        }
    }

    fn call(&mut self, f: &str, args: Vec<Value>, at: At) -> Result<Value> {
        let own = [Value::Nodes(vec![at.node])];
        let args = if args.is_empty() { &own[..] } else { &args[..] };
        let text = |i: usize| args.get(i).map_or(String::new(), |v| self.text(v));
        Ok(match f {
            "last" | "position" if at.size == 0 => {
                return fail(if f == "last" { "Invalid context size" } else { "Invalid context position" });
            }
            "last" => Value::Number(at.size as f64),
            "position" => Value::Number(at.position as f64),
            "true" | "false" => Value::Bool(f == "true"),
            "count" | "sum" | "local-name" | "name" | "namespace-uri" => {
                let Value::Nodes(n) = &args[0] else { return fail(TYPE) };
                match f {
                    "count" => Value::Number(n.len() as f64),
                    "sum" => Value::Number(n.iter().fold(0.0, |s, n| s + number_of(&self.string(*n)))),
                    _ => Value::Str(n.first().map_or(String::new(), |n| self.name(f, *n))),
                }
            }
            "id" => {
                let mut out = Vec::new();
                match &args[0] {
                    Value::Nodes(n) => {
                        for n in n {
                            let s = self.string(*n);
                            self.ids(&s, &mut out)?;
                        }
                    }
                    v => {
                        let s = self.text(v);
                        self.ids(&s, &mut out)?;
                    }
                }
                out.order();
                out.dedup();
                Value::Nodes(out)
            }
            "boolean" | "not" => Value::Bool(Self::truth(&args[0]) == (f == "boolean")),
            "number" => Value::Number(self.num(&args[0])),
            "floor" => Value::Number(self.num(&args[0]).floor()),
            "ceiling" => Value::Number(self.num(&args[0]).ceil()),
            "round" => {
                let v = self.num(&args[0]);
                Value::Number(if (-0.5..0.5).contains(&v) {
                    v * 0.0
                } else {
                    let down = v.floor();
                    if v - down >= 0.5 { down + 1.0 } else { down }
                })
            }
            "lang" => Value::Bool(self.lang(at.node, &text(0))),
            "string" => Value::Str(text(0)),
            "concat" => Value::Str((0..args.len()).map(text).collect()),
            "string-length" => Value::Number(text(0).chars().count() as f64),
            "normalize-space" => {
                let s = text(0);
                let words: Vec<&str> = s.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty()).collect();
                Value::Str(words.join(" "))
            }
            "starts-with" => Value::Bool(text(0).starts_with(&text(1))),
            "contains" => Value::Bool(text(0).contains(&text(1))),
            "substring-before" => Value::Str(text(0).split_once(&text(1)).map_or(String::new(), |s| s.0.to_owned())),
            "substring-after" => Value::Str(text(0).split_once(&text(1)).map_or(String::new(), |s| s.1.to_owned())),
            "translate" => {
                let (s, from, to) = (text(0), text(1), text(2));
                let map = |c: char| match from.chars().position(|f| f == c) {
                    Some(i) => to.chars().nth(i),
                    None => Some(c),
                };
                Value::Str(s.chars().filter_map(map).collect())
            }
            _ => {
                // substring
                let round = |v: f64| {
                    let down = v.floor();
                    if v - down >= 0.5 { down + 1.0 } else { down }
                };
                let start = round(self.num(&args[1]));
                let end = args.get(2).map_or(f64::INFINITY, |l| start + round(self.num(l)));
                let keep = |(i, c): (usize, char)| {
                    let at = (i + 1) as f64;
                    (at >= start && at < end).then_some(c)
                };
                Value::Str(text(0).chars().enumerate().filter_map(keep).collect())
            }
        })
    }
}
