//! XPath 1.0: from its text to operations in an arena. No tokens are made: as in libxml, what a character means depends on
//! where it stands, so names like `div` need no escape.

use super::parse::{is_blank, is_name, is_name_start};

/// How deep expressions may nest.
const MAX_DEPTH: u32 = 200;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

const AXES: [(&str, Axis); 13] = [
    ("ancestor", Axis::Ancestor),
    ("ancestor-or-self", Axis::AncestorOrSelf),
    ("attribute", Axis::Attribute),
    ("child", Axis::Child),
    ("descendant", Axis::Descendant),
    ("descendant-or-self", Axis::DescendantOrSelf),
    ("following", Axis::Following),
    ("following-sibling", Axis::FollowingSibling),
    ("namespace", Axis::Namespace),
    ("parent", Axis::Parent),
    ("preceding", Axis::Preceding),
    ("preceding-sibling", Axis::PrecedingSibling),
    ("self", Axis::SelfNode),
];

/// What nodes of an axis are wanted.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// `node()`.
    Node,
    Text,
    Comment,
    /// With a target, or of any.
    Pi(Option<String>),
    /// `*`, `p:*`, `name`, `p:name`: prefix and name.
    Name(Option<String>, Option<String>),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Binary {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Union,
}

/// A step of a path.
#[derive(Debug)]
pub(super) struct Step {
    pub axis: Axis,
    pub test: Test,
    /// Operations.
    pub predicates: Vec<u32>,
}

#[derive(Debug)]
pub(super) enum Op {
    Number(f64),
    Literal(String),
    /// The variables there are: none.
    Variable(bool),
    Binary(Binary, u32, u32),
    /// A unary minus, or two of them.
    Number1(bool, u32),
    Root,
    Context,
    /// Steps from what an operation gives.
    Path(u32, Vec<Step>),
    Filter(u32, u32),
    Call(bool, String, Vec<u32>),
}

/// A compiled expression.
pub struct XPath {
    pub(super) ops: Vec<Op>,
    pub(super) top: u32,
}

const EXPR: &str = "Invalid expression";

struct Compiler<'a> {
    src: &'a str,
    pos: usize,
    ops: Vec<Op>,
    depth: u32,
}

type Done<T> = Result<T, &'static str>;

/// Compiles an expression; the error is libxml's words.
pub fn compile(src: &str) -> Done<XPath> {
    let mut c = Compiler { src, pos: 0, ops: Vec::new(), depth: 0 };
    let top = c.expr()?;
    if c.at(0) != 0 {
        return Err(EXPR);
    }
    Ok(XPath { ops: c.ops, top })
}

/// Digits, a fraction, an exponent: how libxml reads numbers, and how much of the text it is.
pub(super) fn number(s: &str) -> Option<(f64, usize)> {
    let b = s.as_bytes();
    let digits = |from: usize| b[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut n = digits(0);
    let mut v = b[..n].iter().fold(0.0, |v, c| v * 10.0 + f64::from(c - b'0'));
    if b.get(n) == Some(&b'.') {
        let len = digits(n + 1);
        if n == 0 && len == 0 {
            return None;
        }
        let fraction = &b[n + 1..n + 1 + len];
        let zeros = fraction.iter().take_while(|c| **c == b'0').count();
        let used = &fraction[..len.min(zeros + 20)];
        let f = used.iter().fold(0.0, |v, c| v * 10.0 + f64::from(c - b'0'));
        v += f / 10f64.powi(used.len() as i32);
        n += 1 + len;
    } else if n == 0 {
        return None;
    }
    if matches!(b.get(n), Some(b'e' | b'E')) {
        n += 1;
        let minus = b.get(n) == Some(&b'-');
        if minus || b.get(n) == Some(&b'+') {
            n += 1;
        }
        let len = digits(n);
        let e = b[n..n + len].iter().fold(0i32, |v, c| (v * 10 + i32::from(c - b'0')).min(100_000));
        v *= 10f64.powi(if minus { -e } else { e });
        n += len;
    }
    Some((v, n))
}

impl Compiler<'_> {
    fn at(&self, n: usize) -> u8 {
        self.src.as_bytes().get(self.pos + n).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while is_blank(self.at(0)) {
            self.pos += 1;
        }
    }

    fn eat(&mut self, s: &str) -> bool {
        let there = self.src[self.pos..].starts_with(s);
        if there {
            self.pos += s.len();
        }
        there
    }

    fn op(&mut self, op: Op) -> u32 {
        self.ops.push(op);
        self.ops.len() as u32 - 1
    }

    /// A name without a colon.
    fn name(&mut self) -> Option<String> {
        let len = self.name_len(self.pos);
        let name = self.src.get(self.pos..self.pos + len).filter(|n| !n.is_empty())?.to_owned();
        self.pos += len;
        Some(name)
    }

    fn name_len(&self, at: usize) -> usize {
        let mut chars = self.src[at..].char_indices();
        match chars.next() {
            // Letters here are those of XML's first edition, which are not beyond these.
            Some((_, c)) if is_name_start(c) && c != ':' && c <= '\u{D7A3}' => {}
            _ => return 0,
        }
        chars.find(|(_, c)| !is_name(*c) || *c == ':' || *c > '\u{D7A3}').map_or(self.src.len() - at, |(i, _)| i)
    }

    fn expr(&mut self) -> Done<u32> {
        if self.depth >= MAX_DEPTH {
            return Err("Recursion limit exceeded");
        }
        self.depth += 1;
        let e = self.level(0);
        self.depth -= 1;
        e
    }

    /// Binary operators by what binds them, from `or` down.
    fn level(&mut self, level: u8) -> Done<u32> {
        if level == 6 {
            return self.unary();
        }
        let mut left = self.level(level + 1)?;
        loop {
            self.blanks();
            let op = match (level, self.at(0), self.at(1)) {
                (0, b'o', b'r') => (Binary::Or, 2),
                (1, b'a', b'n') if self.at(2) == b'd' => (Binary::And, 3),
                (2, b'=', _) => (Binary::Eq, 1),
                (2, b'!', b'=') => (Binary::Ne, 2),
                (3, b'<', b'=') => (Binary::Le, 2),
                (3, b'<', _) => (Binary::Lt, 1),
                (3, b'>', b'=') => (Binary::Ge, 2),
                (3, b'>', _) => (Binary::Gt, 1),
                (4, b'+', _) => (Binary::Add, 1),
                (4, b'-', _) => (Binary::Sub, 1),
                (5, b'*', _) => (Binary::Mul, 1),
                (5, b'd', b'i') if self.at(2) == b'v' => (Binary::Div, 3),
                (5, b'm', b'o') if self.at(2) == b'd' => (Binary::Mod, 3),
                _ => return Ok(left),
            };
            self.pos += op.1;
            let right = self.level(level + 1)?;
            left = self.op(Op::Binary(op.0, left, right));
        }
    }

    fn unary(&mut self) -> Done<u32> {
        self.blanks();
        let (mut found, mut minus) = (false, false);
        while self.eat("-") {
            (found, minus) = (true, !minus);
            self.blanks();
        }
        let mut left = self.path()?;
        loop {
            self.blanks();
            if !self.eat("|") {
                break;
            }
            let right = self.path()?;
            left = self.op(Op::Binary(Binary::Union, left, right));
        }
        Ok(if found { self.op(Op::Number1(minus, left)) } else { left })
    }

    /// Whether a name and `(` follow that are a call, not a test of nodes.
    fn is_call(&self) -> bool {
        let mut at = self.pos;
        let mut len = self.name_len(at);
        let name = &self.src[at..at + len];
        at += len;
        let b = self.src.as_bytes();
        if b.get(at) == Some(&b':') && b.get(at + 1) != Some(&b':') {
            len = self.name_len(at + 1);
            at += 1 + len;
        }
        while b.get(at).is_some_and(|c| is_blank(*c)) {
            at += 1;
        }
        len > 0 && b.get(at) == Some(&b'(') && !matches!(name, "node" | "text" | "comment" | "processing-instruction")
    }

    fn path(&mut self) -> Done<u32> {
        self.blanks();
        let c = self.at(0);
        let primary = matches!(c, b'$' | b'(' | b'0'..=b'9' | b'\'' | b'"') || c == b'.' && self.at(1).is_ascii_digit();
        let mut steps = Vec::new();
        let start;
        if primary || self.is_call() {
            let mut e = self.primary()?;
            self.blanks();
            while self.at(0) == b'[' {
                let p = self.predicate()?;
                e = self.op(Op::Filter(e, p));
            }
            start = e;
            if self.at(0) == b'/' {
                self.relative(&mut steps)?;
            }
        } else if c == b'/' {
            start = self.op(Op::Root);
            while self.at(0) == b'/' {
                if self.at(1) == b'/' {
                    self.relative(&mut steps)?;
                } else {
                    self.pos += 1;
                    self.blanks();
                    if matches!(self.at(0), b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.' | b'@' | b'*') {
                        self.relative(&mut steps)?;
                    }
                }
            }
        } else if matches!(c, b'*' | b'@' | b'.') || self.name_len(self.pos) > 0 {
            start = self.op(Op::Context);
            self.relative(&mut steps)?;
        } else {
            return Err(EXPR);
        }
        self.blanks();
        Ok(if steps.is_empty() { start } else { self.op(Op::Path(start, steps)) })
    }

    fn relative(&mut self, steps: &mut Vec<Step>) -> Done<()> {
        self.blanks();
        let mut first = true;
        while first || self.at(0) == b'/' {
            if self.eat("//") {
                steps.push(Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() });
            } else {
                self.eat("/");
            }
            self.step(steps)?;
            self.blanks();
            first = false;
        }
        Ok(())
    }

    fn step(&mut self, steps: &mut Vec<Step>) -> Done<()> {
        self.blanks();
        if self.eat("..") {
            steps.push(Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() });
            return Ok(());
        }
        if self.eat(".") {
            return Ok(());
        }
        let mut axis = Axis::Child;
        let mut name = None;
        if self.at(0) != b'*' {
            name = self.name();
            if let Some(n) = &name {
                if let Some((_, a)) = AXES.iter().find(|(a, _)| a == n) {
                    self.blanks();
                    if self.eat("::") {
                        axis = *a;
                        name = None;
                    }
                }
            } else if self.eat("@") {
                axis = Axis::Attribute;
            }
        }
        let test = self.node_test(name)?;
        let mut predicates = Vec::new();
        self.blanks();
        while self.at(0) == b'[' {
            predicates.push(self.predicate()?);
        }
        steps.push(Step { axis, test, predicates });
        Ok(())
    }

    fn node_test(&mut self, name: Option<String>) -> Done<Test> {
        self.blanks();
        if name.is_none() && self.eat("*") {
            return Ok(Test::Name(None, None));
        }
        let name = name.or_else(|| self.name()).ok_or(EXPR)?;
        let blank = is_blank(self.at(0));
        self.blanks();
        if self.eat("(") {
            let mut test = match name.as_str() {
                "comment" => Test::Comment,
                "node" => Test::Node,
                "text" => Test::Text,
                "processing-instruction" => Test::Pi(None),
                _ => return Err(EXPR),
            };
            self.blanks();
            if let (Test::Pi(target), true) = (&mut test, self.at(0) != b')') {
                *target = Some(self.literal()?);
                self.blanks();
            }
            if !self.eat(")") {
                return Err("Missing closing curly brace");
            }
            return Ok(test);
        }
        if !blank && self.eat(":") {
            if self.eat("*") {
                return Ok(Test::Name(Some(name), None));
            }
            let local = self.name().ok_or(EXPR)?;
            return Ok(Test::Name(Some(name), Some(local)));
        }
        Ok(Test::Name(None, Some(name)))
    }

    fn literal(&mut self) -> Done<String> {
        let quote = self.at(0);
        if quote != b'"' && quote != b'\'' {
            return Err("Start of literal");
        }
        let rest = &self.src[self.pos + 1..];
        let len = rest.find(quote as char).ok_or("Unfinished literal")?;
        self.pos += len + 2;
        Ok(rest[..len].to_owned())
    }

    fn predicate(&mut self) -> Done<u32> {
        self.pos += 1;
        let e = self.expr()?;
        if !self.eat("]") {
            return Err("Invalid predicate");
        }
        self.blanks();
        Ok(e)
    }

    fn qname(&mut self) -> Option<(bool, String)> {
        let name = self.name()?;
        if self.at(0) == b':' {
            self.pos += 1;
            return Some((true, self.name()?));
        }
        Some((false, name))
    }

    fn primary(&mut self) -> Done<u32> {
        match self.at(0) {
            b'$' => {
                self.pos += 1;
                let (prefixed, _) = self.qname().ok_or("Expected $ for variable reference")?;
                Ok(self.op(Op::Variable(prefixed)))
            }
            b'(' => {
                self.pos += 1;
                let e = self.expr()?;
                if !self.eat(")") {
                    return Err(EXPR);
                }
                Ok(e)
            }
            b'0'..=b'9' | b'.' => {
                let (v, len) = number(&self.src[self.pos..]).ok_or("Number encoding")?;
                self.pos += len;
                Ok(self.op(Op::Number(v)))
            }
            b'\'' | b'"' => {
                let s = self.literal()?;
                Ok(self.op(Op::Literal(s)))
            }
            _ => {
                let (prefixed, name) = self.qname().ok_or(EXPR)?;
                self.blanks();
                if !self.eat("(") {
                    return Err(EXPR);
                }
                self.blanks();
                let mut args = Vec::new();
                if self.at(0) != b')' {
                    while self.at(0) != 0 {
                        args.push(self.expr()?);
                        if self.at(0) == b')' {
                            break;
                        }
                        if !self.eat(",") {
                            return Err(EXPR);
                        }
                        self.blanks();
                    }
                }
                self.eat(")");
                Ok(self.op(Op::Call(prefixed, name, args)))
            }
        }
    }
}
