//! Advanced regular expressions: from text to a tree.

use tusklet_error::{Error, Result, SortShort, err};

/// Which expressions a pattern is one of (`AREs`, `EREs`, `BREs` of the manual).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// PostgreSQL's own.
    #[default]
    Advanced,
    /// POSIX's, without escapes, lookaround and shortest matches.
    Extended,
    /// POSIX's old ones.
    Basic,
    /// A literal.
    Literal,
}

/// How a pattern is read and matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `i`: ASCII letters match either case.
    pub ignore_case: bool,
    /// `x`: blanks and comments in the pattern are ignored.
    pub expanded: bool,
    /// `b`, `e`, `q`: another syntax.
    pub syntax: Syntax,
    /// `n`, `p`: `.` and `[^` do not match a newline.
    pub newline_stops: bool,
    /// `n`, `w`: `^` and `$` also match at lines.
    pub newline_anchors: bool,
    /// `g`: all matches; only some functions allow it.
    pub global: bool,
}

impl Flags {
    /// Reads the letters of a flags argument.
    pub fn parse(s: &str) -> Result<Flags> {
        let mut f = Flags::default();
        for c in s.chars() {
            if c == 'g' {
                f.global = true;
            } else if !f.apply(c) {
                return Err(err!(INVALID_PARAMETER_VALUE, "invalid regular expression option: \"{c}\""));
            }
            // As PostgreSQL has it: outside of a pattern `e` takes away what makes an expression an extended one.
            if f.syntax == Syntax::Extended {
                f.syntax = Syntax::Basic;
            }
        }
        Ok(f)
    }

    /// Applies one letter; `false` for an unknown one.
    fn apply(&mut self, c: char) -> bool {
        match c {
            'b' => self.syntax = Syntax::Basic,
            'e' => self.syntax = Syntax::Extended,
            'q' => self.syntax = Syntax::Literal,
            'c' | 'i' => self.ignore_case = c == 'i',
            't' | 'x' => self.expanded = c == 'x',
            'm' | 'n' => (self.newline_stops, self.newline_anchors) = (true, true),
            'p' => (self.newline_stops, self.newline_anchors) = (true, false),
            's' => (self.newline_stops, self.newline_anchors) = (false, false),
            'w' => (self.newline_stops, self.newline_anchors) = (false, true),
            _ => return false,
        }
        true
    }
}

/// `invalid regular expression: …`.
#[cold]
pub(super) fn invalid(what: &str) -> Error {
    err!(INVALID_REGULAR_EXPRESSION, "invalid regular expression: {}"; what)
}

#[cold]
pub(super) fn too_complex() -> Error {
    invalid("regular expression is too complex")
}

/// Conditions on a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Assert {
    Begin,
    End,
    LineBegin,
    LineEnd,
    WordBegin,
    WordEnd,
    WordEdge,
    NotWordEdge,
}

/// A set of characters.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    pub ranges: Vec<(char, char)>,
    pub negated: bool,
}

impl Set {
    pub fn has(&self, c: char) -> bool {
        self.ranges.iter().any(|&(a, b)| a <= c && c <= b) != self.negated
    }
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Empty,
    Char(char),
    Any,
    Set(usize),
    Assert(Assert),
    Look { ahead: bool, negated: bool, sub: usize },
    Cat(Vec<usize>),
    Alt(Vec<usize>),
    Repeat { sub: usize, min: u32, max: Option<u32> },
    Group { sub: usize, index: usize },
    Backref(usize),
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: Kind,
    /// Whether captures or references lie inside: only then is a match of it worth dissecting.
    pub caps: bool,
    /// `Some(true)` wants the longest, `Some(false)` the shortest match; `None` has no wish.
    pub greedy: Option<bool>,
    /// Its code: first instruction, and one past the last.
    pub code: (usize, usize),
}

pub(super) struct Tree {
    pub nodes: Vec<Node>,
    pub sets: Vec<Set>,
    pub root: usize,
    pub groups: usize,
    pub backrefs: bool,
    pub flags: Flags,
}

pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Tree> {
    let mut p = Parser {
        s: pattern.chars().collect(),
        at: 0,
        tree: Tree { nodes: Vec::new(), sets: Vec::new(), root: 0, groups: 0, backrefs: false, flags },
        closed: Vec::new(),
        depth: 0,
        constraints: 0,
    };
    if flags.syntax == Syntax::Literal && (flags.expanded || flags.newline_stops || flags.newline_anchors) {
        return Err(invalid("invalid argument to regex function"));
    }
    p.prefixes()?;
    if p.tree.flags.syntax == Syntax::Basic {
        p.s = super::basic::extended(&p.s[p.at..], p.tree.flags.expanded);
        p.at = 0;
    }
    p.tree.root = if p.tree.flags.syntax == Syntax::Literal {
        let items: Vec<usize> = p.s[p.at..].to_vec().into_iter().map(|c| p.literal(c)).collect();
        p.cat(items)
    } else {
        let root = p.alternatives()?;
        if p.at < p.s.len() {
            return Err(invalid("parentheses () not balanced"));
        }
        root
    };
    Ok(p.tree)
}

struct Parser {
    s: Vec<char>,
    at: usize,
    tree: Tree,
    closed: Vec<bool>,
    depth: usize,
    /// How many lookaround constraints are open: in them nothing refers back.
    constraints: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.s.get(self.at).copied()
    }

    fn advanced(&self) -> bool {
        self.tree.flags.syntax == Syntax::Advanced
    }

    fn looking_at(&self, t: &str) -> bool {
        t.chars().enumerate().all(|(i, c)| self.s.get(self.at + i) == Some(&c))
    }

    fn take(&mut self, t: &str) -> bool {
        let yes = self.looking_at(t);
        if yes {
            self.at += t.chars().count();
        }
        yes
    }

    /// `***:`, `***=`, `(?flags)`.
    fn prefixes(&mut self) -> Result<()> {
        let flags = &mut self.tree.flags;
        if flags.syntax == Syntax::Literal {
            return Ok(());
        }
        if self.s.len() > 3 && self.s.starts_with(&['*'; 3]) {
            self.at = 4;
            match self.s[3] {
                '=' => {
                    *flags = Flags { syntax: Syntax::Literal, ignore_case: flags.ignore_case, ..Flags::default() };
                    return Ok(());
                }
                ':' => flags.syntax = Syntax::Advanced,
                '?' => return Err(invalid("invalid regexp (reg version 0.8)")),
                _ => return Err(invalid("quantifier operand invalid")),
            }
        }
        if flags.syntax != Syntax::Advanced {
            return Ok(());
        }
        if self.looking_at("(?") && self.s.get(self.at + 2).is_some_and(char::is_ascii_alphabetic) {
            self.at += 2;
            loop {
                match self.peek() {
                    Some(')') => break,
                    Some(c) if c.is_ascii_alphabetic() => {
                        if !self.tree.flags.apply(c) {
                            return Err(invalid("invalid embedded option"));
                        }
                    }
                    _ => return Err(invalid("invalid embedded option")),
                }
                self.at += 1;
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Skips comments, and blanks where they do not count.
    fn skip(&mut self) -> Result<()> {
        loop {
            if self.tree.flags.expanded {
                while self.peek().is_some_and(crate::int::is_space) {
                    self.at += 1;
                }
                if self.peek() == Some('#') {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                    continue;
                }
            }
            if !self.advanced() || !self.take("(?#") {
                return Ok(());
            }
            while self.peek().is_some_and(|c| c != ')') {
                self.at += 1;
            }
            self.take(")");
        }
    }

    fn node(&mut self, kind: Kind, caps: bool, greedy: Option<bool>) -> usize {
        self.tree.nodes.push(Node { kind, caps, greedy, code: (0, 0) });
        self.tree.nodes.len() - 1
    }

    fn cat(&mut self, mut items: Vec<usize>) -> usize {
        match items.len() {
            0 => self.node(Kind::Empty, false, None),
            1 => items.swap_remove(0),
            _ => {
                let caps = items.iter().any(|&i| self.tree.nodes[i].caps);
                let greedy = items.iter().find_map(|&i| self.tree.nodes[i].greedy);
                self.node(Kind::Cat(items), caps, greedy)
            }
        }
    }

    fn set(&mut self, set: Set) -> usize {
        self.tree.sets.push(set);
        let i = self.tree.sets.len() - 1;
        self.node(Kind::Set(i), false, None)
    }

    fn literal(&mut self, c: char) -> usize {
        if self.tree.flags.ignore_case && c.is_ascii_alphabetic() {
            let (a, b) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
            return self.set(Set { ranges: vec![(a, a), (b, b)], negated: false });
        }
        self.node(Kind::Char(c), false, None)
    }

    fn alternatives(&mut self) -> Result<usize> {
        self.depth += 1;
        if self.depth > 250 {
            return Err(too_complex());
        }
        let mut branches = vec![self.branch()?];
        while self.peek() == Some('|') {
            self.at += 1;
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        if branches.len() == 1 {
            return Ok(branches[0]);
        }
        let caps = branches.iter().any(|&i| self.tree.nodes[i].caps);
        Ok(self.node(Kind::Alt(branches), caps, Some(true)))
    }

    fn branch(&mut self) -> Result<usize> {
        let mut items = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                None | Some('|') => break,
                Some(')') if self.depth > 1 => break,
                // One too many is itself in extended expressions, as POSIX says.
                Some(')') if self.tree.flags.syntax != Syntax::Extended => {
                    return Err(invalid("parentheses () not balanced"));
                }
                _ => items.push(self.piece()?),
            }
        }
        Ok(self.cat(items))
    }

    fn piece(&mut self) -> Result<usize> {
        let (atom, constraint) = self.atom()?;
        self.skip()?;
        let bound = self.peek() == Some('{') && self.s.get(self.at + 1).is_some_and(char::is_ascii_digit);
        if constraint && (bound || matches!(self.peek(), Some('*' | '+' | '?'))) {
            return Err(invalid("quantifier operand invalid"));
        }
        let (min, max, exact) = match self.peek() {
            Some('*') => (0, None, false),
            Some('+') => (1, None, false),
            Some('?') => (0, Some(1), false),
            Some('{') if bound => {
                self.at += 1;
                let min = self.number()?;
                let (max, exact) = if self.take(",") {
                    if self.peek().is_some_and(|c| c.is_ascii_digit()) { (Some(self.number()?), false) } else { (None, false) }
                } else {
                    (Some(min), true)
                };
                match self.peek() {
                    Some('}') => {}
                    None => return Err(invalid("braces {} not balanced")),
                    _ => return Err(invalid("invalid repetition count(s)")),
                }
                if max.is_some_and(|m| m < min) {
                    return Err(invalid("invalid repetition count(s)"));
                }
                (min, max, exact)
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        let greedy = !(self.advanced() && self.take("?"));
        self.skip()?;
        if matches!(self.peek(), Some('*' | '+' | '?'))
            || (self.peek() == Some('{') && self.s.get(self.at + 1).is_some_and(char::is_ascii_digit))
        {
            return Err(invalid("quantifier operand invalid"));
        }
        let caps = self.tree.nodes[atom].caps;
        let greedy = if exact { self.tree.nodes[atom].greedy } else { Some(greedy) };
        Ok(self.node(Kind::Repeat { sub: atom, min, max }, caps, greedy))
    }

    fn number(&mut self) -> Result<u32> {
        let mut n = 0u32;
        while let Some(d) = self.peek().and_then(|c| c.to_digit(10)) {
            n = n * 10 + d;
            if n > 255 {
                return Err(invalid("invalid repetition count(s)"));
            }
            self.at += 1;
        }
        Ok(n)
    }

    /// An atom, and whether it is a constraint.
    fn atom(&mut self) -> Result<(usize, bool)> {
        let flags = self.tree.flags;
        let c = self.s[self.at];
        self.at += 1;
        let assert = |a| Kind::Assert(a);
        Ok(match c {
            '(' => return self.group(),
            '[' => {
                if self.take("[:<:]]") {
                    return Ok((self.node(assert(Assert::WordBegin), false, None), true));
                }
                if self.take("[:>:]]") {
                    return Ok((self.node(assert(Assert::WordEnd), false, None), true));
                }
                let set = self.bracket()?;
                (self.set(set), false)
            }
            '.' => {
                if flags.newline_stops {
                    (self.set(Set { ranges: vec![('\n', '\n')], negated: true }), false)
                } else {
                    (self.node(Kind::Any, false, None), false)
                }
            }
            '^' => {
                let a = if flags.newline_anchors { Assert::LineBegin } else { Assert::Begin };
                (self.node(assert(a), false, None), true)
            }
            '$' => {
                let a = if flags.newline_anchors { Assert::LineEnd } else { Assert::End };
                (self.node(assert(a), false, None), true)
            }
            '\\' => return self.escape(),
            '*' | '+' | '?' => return Err(invalid("quantifier operand invalid")),
            '{' if self.peek().is_some_and(|c| c.is_ascii_digit()) => return Err(invalid("quantifier operand invalid")),
            c => (self.literal(c), false),
        })
    }

    fn group(&mut self) -> Result<(usize, bool)> {
        let look = [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)];
        for (t, ahead, negated) in look {
            if self.advanced() && self.take(t) {
                let groups = self.tree.groups;
                self.constraints += 1;
                let sub = self.alternatives()?;
                self.constraints -= 1;
                self.close()?;
                // Parentheses inside a constraint do not capture; their numbers are given back.
                self.tree.groups = groups;
                self.closed.truncate(groups);
                return Ok((self.node(Kind::Look { ahead, negated, sub }, false, None), true));
            }
        }
        if self.advanced() && self.take("?:") {
            let sub = self.alternatives()?;
            self.close()?;
            return Ok((sub, false));
        }
        if self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        }
        self.tree.groups += 1;
        let index = self.tree.groups;
        self.closed.push(false);
        let sub = self.alternatives()?;
        self.close()?;
        if let Some(c) = self.closed.get_mut(index - 1) {
            *c = true;
        }
        let greedy = self.tree.nodes[sub].greedy;
        Ok((self.node(Kind::Group { sub, index }, true, greedy), false))
    }

    fn close(&mut self) -> Result<()> {
        if self.take(")") { Ok(()) } else { Err(invalid("parentheses () not balanced")) }
    }

    fn hex(&mut self, least: usize, most: usize) -> Result<char> {
        let mut v: u32 = 0;
        let mut n = 0;
        while n < most
            && let Some(d) = self.peek().and_then(|c| c.to_digit(16))
        {
            v = v.wrapping_mul(16).wrapping_add(d);
            self.at += 1;
            n += 1;
        }
        if n < least { Err(bad_escape()) } else { char::from_u32(v).ok_or_else(bad_escape) }
    }

    /// A character escape, after its letter.
    fn character_escape(&mut self, c: char) -> Result<char> {
        Ok(match c {
            'a' => '\x07',
            'b' => '\x08',
            'B' => '\\',
            'c' => {
                let x = self.peek().ok_or_else(bad_escape)?;
                self.at += 1;
                char::from((x as u32 & 0x1f) as u8)
            }
            'e' => '\x1b',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'u' => self.hex(4, 4)?,
            'U' => self.hex(8, 8)?,
            'x' => self.hex(1, 255)?,
            '0' => {
                let mut v = 0;
                for _ in 0..2 {
                    if let Some(d) = self.peek().and_then(|c| c.to_digit(8)) {
                        v = v * 8 + d;
                        self.at += 1;
                    }
                }
                char::from_u32(v).ok_or_else(bad_escape)?
            }
            c if c.is_ascii_alphanumeric() => return Err(bad_escape()),
            c => c,
        })
    }

    fn escape(&mut self) -> Result<(usize, bool)> {
        let Some(c) = self.peek() else { return Err(bad_escape()) };
        self.at += 1;
        match self.tree.flags.syntax {
            Syntax::Advanced => {}
            Syntax::Basic if ('1'..='9').contains(&c) => return Ok((self.backref(c as usize - '0' as usize)?, false)),
            _ => return Ok((self.literal(c), false)),
        }
        let assert = match c {
            'A' => Some(Assert::Begin),
            'Z' => Some(Assert::End),
            'm' => Some(Assert::WordBegin),
            'M' => Some(Assert::WordEnd),
            'y' => Some(Assert::WordEdge),
            'Y' => Some(Assert::NotWordEdge),
            _ => None,
        };
        if let Some(a) = assert {
            return Ok((self.node(Kind::Assert(a), false, None), true));
        }
        if let Some(ranges) = shorthand(c.to_ascii_lowercase()) {
            let mut set = Set { ranges, negated: c.is_ascii_uppercase() };
            if set.negated && self.tree.flags.newline_stops && c != 'D' && c != 'W' {
                set.ranges.push(('\n', '\n'));
            }
            return Ok((self.set(set), false));
        }
        if ('1'..='9').contains(&c) {
            let save = self.at;
            let mut n = c.to_digit(10).unwrap_or(0) as usize;
            while let Some(d) = self.peek().and_then(|c| c.to_digit(10)) {
                n = n.saturating_mul(10).saturating_add(d as usize);
                self.at += 1;
            }
            if self.at > save && n > self.tree.groups {
                // Several digits that name no group are an octal character.
                self.at = save - 1;
                let mut v = 0;
                let mut k = 0;
                while k < 3
                    && let Some(d) = self.peek().and_then(|c| c.to_digit(8))
                {
                    v = v * 8 + d;
                    self.at += 1;
                    k += 1;
                }
                let c = char::from_u32(v).filter(|_| k > 1).ok_or_else(|| invalid("invalid backreference number"))?;
                return Ok((self.literal(c), false));
            }
            return Ok((self.backref(n)?, false));
        }
        let c = self.character_escape(c)?;
        Ok((self.literal(c), false))
    }

    fn backref(&mut self, n: usize) -> Result<usize> {
        if self.constraints > 0 || self.closed.get(n - 1) != Some(&true) {
            return Err(invalid("invalid backreference number"));
        }
        self.tree.backrefs = true;
        Ok(self.node(Kind::Backref(n), true, None))
    }

    fn bracket(&mut self) -> Result<Set> {
        let unbalanced = || invalid("brackets [] not balanced");
        let mut set = Set { negated: self.take("^"), ..Set::default() };
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return Err(unbalanced()) };
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            if c == '-' && !first && self.s.get(self.at + 1).is_some_and(|&c| c != ']') {
                return Err(invalid("invalid character range"));
            }
            first = false;
            if self.take("[:") {
                let name = self.until(":]")?;
                let ranges = class(&name).ok_or_else(|| invalid("invalid character class"))?;
                set.ranges.extend(ranges);
                continue;
            }
            if c == '\\' && self.advanced() {
                let next = self.s.get(self.at + 1).copied().ok_or_else(bad_escape)?;
                if let Some(ranges) = shorthand(next.to_ascii_lowercase()) {
                    self.at += 2;
                    if next.is_ascii_uppercase() {
                        set.ranges.extend(complement(ranges));
                    } else {
                        set.ranges.extend(ranges);
                    }
                    continue;
                }
            }
            let from = self.bracket_char()?;
            if self.peek() == Some('-') && self.s.get(self.at + 1).is_some_and(|&c| c != ']') {
                self.at += 1;
                let class = |c: &char| shorthand(c.to_ascii_lowercase()).is_some();
                let escaped = self.advanced() && self.peek() == Some('\\') && self.s.get(self.at + 1).is_some_and(class);
                if escaped || self.looking_at("[:") || self.looking_at("[=") {
                    return Err(invalid("invalid character range"));
                }
                let to = self.bracket_char()?;
                if to < from {
                    return Err(invalid("invalid character range"));
                }
                set.ranges.push((from, to));
            } else {
                set.ranges.push((from, from));
            }
        }
        if self.tree.flags.ignore_case {
            for i in 0..set.ranges.len() {
                let (a, b) = set.ranges[i];
                for (lo, hi, shift) in [('a', 'z', -32i32), ('A', 'Z', 32)] {
                    let (x, y) = (a.max(lo), b.min(hi));
                    if x <= y {
                        let move_by = |c: char| char::from_u32((c as i32 + shift) as u32).unwrap_or(c);
                        set.ranges.push((move_by(x), move_by(y)));
                    }
                }
            }
        }
        if set.negated && self.tree.flags.newline_stops {
            set.ranges.push(('\n', '\n'));
        }
        Ok(set)
    }

    fn until(&mut self, end: &str) -> Result<String> {
        let mut s = String::new();
        while !self.take(end) {
            s.push(self.peek().ok_or_else(|| invalid("brackets [] not balanced"))?);
            self.at += 1;
        }
        Ok(s)
    }

    /// One character of a bracket expression.
    fn bracket_char(&mut self) -> Result<char> {
        for (open, close) in [("[.", ".]"), ("[=", "=]")] {
            if self.take(open) {
                let name = self.until(close)?;
                let mut it = name.chars();
                return match (it.next(), it.next()) {
                    (Some(c), None) => Ok(c),
                    _ => super::basic::named(&name).ok_or_else(|| invalid("invalid collating element")),
                };
            }
        }
        let Some(c) = self.peek() else { return Err(invalid("brackets [] not balanced")) };
        self.at += 1;
        if c != '\\' || !self.advanced() {
            return Ok(c);
        }
        let Some(c) = self.peek() else { return Err(bad_escape()) };
        self.at += 1;
        self.character_escape(c)
    }
}

#[cold]
fn bad_escape() -> Error {
    invalid("invalid escape \\ sequence")
}

fn shorthand(c: char) -> Option<Vec<(char, char)>> {
    match c {
        'd' => class("digit"),
        's' => class("space"),
        'w' => class("word"),
        _ => None,
    }
}

fn complement(mut ranges: Vec<(char, char)>) -> Vec<(char, char)> {
    ranges.order();
    let mut out = Vec::new();
    let mut next = 0u32;
    for (a, b) in ranges {
        if a as u32 > next {
            out.extend(char::from_u32(next).zip(char::from_u32(a as u32 - 1)));
        }
        next = next.max(b as u32 + 1);
    }
    out.extend(char::from_u32(next).map(|c| (c, char::MAX)));
    out
}

/// The named classes; in the C locale they hold ASCII only.
fn class(name: &str) -> Option<Vec<(char, char)>> {
    Some(match name {
        "alnum" => vec![('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => vec![('A', 'Z'), ('a', 'z')],
        "ascii" => vec![('\0', '\x7f')],
        "blank" => vec![(' ', ' '), ('\t', '\t')],
        "cntrl" => vec![('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => vec![('0', '9')],
        "graph" => vec![('!', '~')],
        "lower" => vec![('a', 'z')],
        "print" => vec![(' ', '~')],
        "punct" => vec![('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => vec![('\t', '\r'), (' ', ' ')],
        "upper" => vec![('A', 'Z')],
        "word" => vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => vec![('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}
