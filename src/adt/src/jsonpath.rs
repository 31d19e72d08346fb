//! `jsonpath`: the SQL/JSON path language.
//!
//! A stored value is its text as written, which has passed [`parse`]: PostgreSQL's own output cannot always be read back
//! (`((1 == 1) is unknown).type()` loses its parentheses), so the canonical form is made only when it is asked for. Who
//! evaluates a path keeps the tree; see [`crate::jsonpath_exec`].
//!
//! [`scan`] makes tokens, [`gram`] a tree of [`Item`]s in one vector. An item's `next` is the accessor applied to it.

mod gram;
pub mod index;
mod scan;

use tusklet_error::{Result, bail, err};

use crate::json::escape;
use crate::numeric::Numeric;
use crate::regex::{Flags, Regex, Syntax};

/// Depth of the tree at which a path is refused: every walk over it recurses that deep.
const MAX_DEPTH: u32 = 1000;

/// An index into [`Path`]'s items.
pub(crate) type Id = u32;

/// A parsed path.
pub struct Path {
    pub(crate) lax: bool,
    pub(crate) root: Id,
    pub(crate) items: Vec<Item>,
}

/// One step or operation.
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) next: Option<Id>,
}

/// A binary operation.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    StartsWith,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

impl Op {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Op::Or => "||",
            Op::And => "&&",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::Greater => ">",
            Op::LessOrEqual => "<=",
            Op::GreaterOrEqual => ">=",
            Op::StartsWith => "starts with",
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Mod => "%",
        }
    }
}

/// An item method without arguments.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Method {
    Abs,
    Size,
    Type,
    Floor,
    Double,
    Ceiling,
    KeyValue,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Method::Abs => "abs",
            Method::Size => "size",
            Method::Type => "type",
            Method::Floor => "floor",
            Method::Double => "double",
            Method::Ceiling => "ceiling",
            Method::KeyValue => "keyvalue",
        }
    }
}

/// `.**`'s bound `last`.
pub(crate) const LAST: u32 = u32::MAX;

pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Numeric),
    String(String),
    Variable(String),
    Root,
    Current,
    Last,
    AnyArray,
    AnyKey,
    Key(String),
    Index(Vec<(Id, Option<Id>)>),
    /// `.**{first to last}`
    Any(u32, u32),
    Filter(Id),
    Not(Id),
    IsUnknown(Id),
    Exists(Id),
    Plus(Id),
    Minus(Id),
    Binary(Op, Id, Id),
    LikeRegex(Id, Box<Like>),
    Method(Method),
    /// Its template.
    Datetime(Option<String>),
}

/// What a `like_regex` compares with.
pub(crate) struct Like {
    pattern: String,
    /// Letters in PostgreSQL's order.
    flags: String,
    pub(crate) regex: Regex,
}

impl Like {
    fn new(pattern: String, letters: &str) -> Result<Like> {
        if let Some(c) = letters.chars().find(|c| !"ismxq".contains(*c)) {
            return Err(err!(SYNTAX_ERROR, "invalid input syntax for type jsonpath")
                .detail(format!("Unrecognized flag character \"{c}\" in LIKE_REGEX predicate.")));
        }
        let has = |c: char| letters.contains(c);
        let mut f = Flags { ignore_case: has('i'), ..Flags::default() };
        if has('q') {
            f.syntax = Syntax::Literal;
        } else {
            f.newline_stops = !has('s');
            f.newline_anchors = has('m');
            if has('x') {
                bail!(FEATURE_NOT_SUPPORTED, "XQuery \"x\" flag (expanded regular expressions) is not implemented");
            }
        }
        let regex = Regex::new(&pattern, f)?;
        Ok(Like { pattern, flags: "ismxq".chars().filter(|c| has(*c)).collect(), regex })
    }
}

/// Reads a path (`jsonpath_in`).
pub fn parse(s: &str) -> Result<Path> {
    let Some(path) = gram::parse(s)? else {
        bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type jsonpath: \"{}\""; s);
    };
    path.check(path.root, false, false, 0)?;
    Ok(path)
}

/// A path's canonical text (`jsonpath_out`).
pub fn to_string(s: &str) -> Result<String> {
    let path = parse(s)?;
    let mut out = String::new();
    if !path.lax {
        out.push_str("strict ");
    }
    path.write(path.root, false, true, &mut out);
    Ok(out)
}

impl Path {
    pub(crate) fn item(&self, id: Id) -> &Item {
        &self.items[id as usize]
    }

    /// Refuses `@` outside filters and `last` outside subscripts (`flattenJsonPathParseItem`), and trees too deep to walk.
    fn check(&self, id: Id, in_filter: bool, in_subscript: bool, depth: u32) -> Result<()> {
        if depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let item = self.item(id);
        let go = |id: Id, filter: bool, subscript: bool| self.check(id, in_filter || filter, in_subscript || subscript, depth + 1);
        match &item.kind {
            Kind::Filter(a) => go(*a, true, false)?,
            Kind::Not(a)
            | Kind::IsUnknown(a)
            | Kind::Exists(a)
            | Kind::Plus(a)
            | Kind::Minus(a)
            | Kind::LikeRegex(a, ..) => go(*a, false, false)?,
            Kind::Binary(_, a, b) => {
                go(*a, false, false)?;
                go(*b, false, false)?;
            }
            Kind::Index(list) => {
                for (from, to) in list {
                    go(*from, false, true)?;
                    to.map_or(Ok(()), |to| go(to, false, true))?;
                }
            }
            Kind::Current if !in_filter => bail!(SYNTAX_ERROR, "@ is not allowed in root expressions"),
            Kind::Last if !in_subscript => bail!(SYNTAX_ERROR, "LAST is allowed only in array subscripts"),
            _ => {}
        }
        item.next.map_or(Ok(()), |next| go(next, false, false))
    }

    fn priority(&self, id: Id) -> u8 {
        match self.item(id).kind {
            Kind::Binary(op, ..) => match op {
                Op::Or => 0,
                Op::And => 1,
                Op::Add | Op::Sub => 3,
                Op::Mul | Op::Div | Op::Mod => 4,
                _ => 2,
            },
            Kind::Plus(_) | Kind::Minus(_) => 5,
            _ => 6,
        }
    }

    /// `printJsonPathItem`.
    fn write(&self, id: Id, in_key: bool, brackets: bool, out: &mut String) {
        let item = self.item(id);
        let operand = |a: Id, out: &mut String| self.write(a, false, self.priority(a) <= self.priority(id), out);
        let wrapped = |before: &str, a: Id, after: &str, out: &mut String| {
            out.push_str(before);
            self.write(a, false, false, out);
            out.push_str(after);
        };
        let operation = matches!(item.kind, Kind::Binary(..) | Kind::LikeRegex(..) | Kind::Plus(_) | Kind::Minus(_));
        if operation && brackets {
            out.push('(');
        }
        if in_key && matches!(item.kind, Kind::Key(_) | Kind::AnyKey | Kind::Any(..)) {
            out.push('.');
        }
        match &item.kind {
            Kind::Null => out.push_str("null"),
            Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Kind::Number(n) => {
                if item.next.is_some() {
                    out.push('(');
                }
                n.write(out);
                if item.next.is_some() {
                    out.push(')');
                }
            }
            Kind::String(s) | Kind::Key(s) => escape(s, out),
            Kind::Variable(s) => {
                out.push('$');
                escape(s, out);
            }
            Kind::Root => out.push('$'),
            Kind::Current => out.push('@'),
            Kind::Last => out.push_str("last"),
            Kind::AnyArray => out.push_str("[*]"),
            Kind::AnyKey => out.push('*'),
            Kind::Index(list) => {
                for (i, (from, to)) in list.iter().enumerate() {
                    wrapped(if i == 0 { "[" } else { "," }, *from, "", out);
                    if let Some(to) = to {
                        wrapped(" to ", *to, "", out);
                    }
                }
                out.push(']');
            }
            Kind::Any(first, last) => {
                out.push_str("**");
                let bound = |n: u32| if n == LAST { "last".to_owned() } else { n.to_string() };
                if *first == *last {
                    out.push_str(&format!("{{{}}}", bound(*first)));
                } else if *first != 0 || *last != LAST {
                    out.push_str(&format!("{{{} to {}}}", bound(*first), bound(*last)));
                }
            }
            Kind::Filter(a) => wrapped("?(", *a, ")", out),
            Kind::Not(a) => wrapped("!(", *a, ")", out),
            Kind::IsUnknown(a) => wrapped("(", *a, ") is unknown", out),
            Kind::Exists(a) => wrapped("exists (", *a, ")", out),
            Kind::Plus(a) => {
                out.push('+');
                operand(*a, out);
            }
            Kind::Minus(a) => {
                out.push('-');
                operand(*a, out);
            }
            Kind::Binary(op, a, b) => {
                operand(*a, out);
                out.push(' ');
                out.push_str(op.name());
                out.push(' ');
                operand(*b, out);
            }
            Kind::LikeRegex(a, like) => {
                operand(*a, out);
                out.push_str(" like_regex ");
                escape(&like.pattern, out);
                if !like.flags.is_empty() {
                    out.push_str(" flag \"");
                    out.push_str(&like.flags);
                    out.push('"');
                }
            }
            Kind::Method(m) => {
                out.push('.');
                out.push_str(m.name());
                out.push_str("()");
            }
            Kind::Datetime(template) => {
                out.push_str(".datetime(");
                if let Some(t) = template {
                    escape(t, out);
                }
                out.push(')');
            }
        }
        if operation && brackets {
            out.push(')');
        }
        if let Some(next) = item.next {
            self.write(next, true, true, out);
        }
    }
}

/// `jsonpath_recv`.
pub fn recv(b: &[u8]) -> Result<&str> {
    let [1, text @ ..] = b else {
        bail!(INTERNAL_ERROR, "unsupported jsonpath version number: {}", b.first().copied().unwrap_or(0));
    };
    let s = std::str::from_utf8(text)
        .map_err(|_| err!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\""))?;
    parse(s)?;
    Ok(s)
}

#[cfg(test)]
mod tests;
