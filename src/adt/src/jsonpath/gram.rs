//! The grammar of the path language (PostgreSQL's `jsonpath_gram.y`), by recursive descent.
//!
//! Whether a parenthesis holds a predicate or an expression shows only inside it, so both are read by one chain of
//! functions that is told what may stand there ([`Want`]) and says what it found. The token an error names is the first
//! that no path could have in its place, as with the original's parser.

use tusklet_error::{Error, Result, bail};

use super::scan::{Scanner, Token, Word};
use super::{Id, Item, Kind, LAST, Like, Op, Path};
use crate::numeric::Numeric;

/// Depth at which nesting is refused: a handful of frames each, well inside the stack of a browser's worker.
const MAX_DEPTH: usize = 400;

#[derive(Clone, Copy, PartialEq)]
enum Want {
    Either,
    Predicate,
    Expression,
}

/// A piece of tree, and whether it is a predicate.
type Found = (Id, bool);

struct Parser<'a> {
    scan: Scanner<'a>,
    token: Token,
    items: Vec<Item>,
    depth: usize,
}

/// The tree of a path; nothing for a blank text.
pub(super) fn parse(s: &str) -> Result<Option<Path>> {
    let mut p = Parser { scan: Scanner::new(s), token: Token::End, items: Vec::new(), depth: 0 };
    p.advance()?;
    if p.token == Token::End {
        return Ok(None);
    }
    let strict = p.take(Token::Word(Word::Strict))?;
    if !strict {
        p.take(Token::Word(Word::Lax))?;
    }
    let (root, _) = p.either(Want::Either)?;
    if p.token != Token::End {
        return Err(p.syntax_error());
    }
    Ok(Some(Path { lax: !strict, root, items: p.items }))
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<()> {
        self.token = self.scan.next()?;
        Ok(())
    }

    fn take(&mut self, t: Token) -> Result<bool> {
        if self.token != t {
            return Ok(false);
        }
        self.advance()?;
        Ok(true)
    }

    fn expect(&mut self, t: Token) -> Result<()> {
        if self.take(t)? { Ok(()) } else { Err(self.syntax_error()) }
    }

    fn syntax_error(&self) -> Error {
        self.scan.fail("syntax error")
    }

    fn add(&mut self, kind: Kind) -> Id {
        self.items.push(Item { kind, next: None });
        self.items.len() as Id - 1
    }

    /// The word the token says, and the next token read.
    fn value(&mut self) -> Result<String> {
        let v = std::mem::take(&mut self.scan.value);
        self.advance()?;
        Ok(v)
    }

    fn nested(&mut self, want: Want) -> Result<Found> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let found = self.either(want)?;
        self.depth -= 1;
        Ok(found)
    }

    /// Alternatives of conjunctions, or what a single operand is.
    fn either(&mut self, want: Want) -> Result<Found> {
        let (mut left, predicate) = self.conjunction(want)?;
        while predicate && self.take(Token::Or)? {
            let (right, _) = self.conjunction(Want::Predicate)?;
            left = self.add(Kind::Binary(Op::Or, left, right));
        }
        Ok((left, predicate))
    }

    fn conjunction(&mut self, want: Want) -> Result<Found> {
        let (mut left, predicate) = self.comparison(want)?;
        while predicate && self.take(Token::And)? {
            let (right, _) = self.comparison(Want::Predicate)?;
            left = self.add(Kind::Binary(Op::And, left, right));
        }
        Ok((left, predicate))
    }

    fn comparison(&mut self, want: Want) -> Result<Found> {
        if want != Want::Expression {
            if self.take(Token::Char(b'!'))? {
                let arg = match self.token {
                    Token::Word(Word::Exists) => self.exists()?,
                    _ => {
                        self.expect(Token::Char(b'('))?;
                        let (arg, _) = self.nested(Want::Predicate)?;
                        self.expect(Token::Char(b')'))?;
                        arg
                    }
                };
                return Ok((self.add(Kind::Not(arg)), true));
            }
            if self.token == Token::Word(Word::Exists) {
                return Ok((self.exists()?, true));
            }
        }
        let (left, predicate) = self.sum(want)?;
        if predicate || want == Want::Expression {
            return Ok((left, predicate));
        }
        match self.token {
            Token::Compare(op) => {
                self.advance()?;
                let (right, _) = self.sum(Want::Expression)?;
                Ok((self.add(Kind::Binary(op, left, right)), true))
            }
            Token::Word(Word::Starts) => {
                self.advance()?;
                self.expect(Token::Word(Word::With))?;
                let right = match self.token {
                    Token::String => Kind::String(self.value()?),
                    Token::Variable => Kind::Variable(self.value()?),
                    _ => return Err(self.syntax_error()),
                };
                let right = self.add(right);
                Ok((self.add(Kind::Binary(Op::StartsWith, left, right)), true))
            }
            Token::Word(Word::LikeRegex) => {
                self.advance()?;
                let pattern = self.string()?;
                let letters = if self.take(Token::Word(Word::Flag))? { self.string()? } else { String::new() };
                let like = Box::new(Like::new(pattern, &letters)?);
                Ok((self.add(Kind::LikeRegex(left, like)), true))
            }
            _ if want == Want::Predicate => Err(self.syntax_error()),
            _ => Ok((left, false)),
        }
    }

    fn string(&mut self) -> Result<String> {
        if self.token != Token::String {
            return Err(self.syntax_error());
        }
        self.value()
    }

    fn exists(&mut self) -> Result<Id> {
        self.advance()?;
        self.expect(Token::Char(b'('))?;
        let (arg, _) = self.nested(Want::Expression)?;
        self.expect(Token::Char(b')'))?;
        Ok(self.add(Kind::Exists(arg)))
    }

    fn sum(&mut self, want: Want) -> Result<Found> {
        let (mut left, predicate) = self.product(want)?;
        while !predicate {
            let op = match self.token {
                Token::Char(b'+') => Op::Add,
                Token::Char(b'-') => Op::Sub,
                _ => break,
            };
            self.advance()?;
            let (right, _) = self.product(Want::Expression)?;
            left = self.add(Kind::Binary(op, left, right));
        }
        Ok((left, predicate))
    }

    fn product(&mut self, want: Want) -> Result<Found> {
        let (mut left, predicate) = self.signed(want)?;
        while !predicate {
            let op = match self.token {
                Token::Char(b'*') => Op::Mul,
                Token::Char(b'/') => Op::Div,
                Token::Char(b'%') => Op::Mod,
                _ => break,
            };
            self.advance()?;
            let (right, _) = self.signed(Want::Expression)?;
            left = self.add(Kind::Binary(op, left, right));
        }
        Ok((left, predicate))
    }

    fn signed(&mut self, want: Want) -> Result<Found> {
        let mut signs = Vec::new();
        while let Token::Char(c @ (b'+' | b'-')) = self.token {
            signs.push(c);
            self.advance()?;
        }
        if signs.len() > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let (mut id, predicate) = self.accessors(if signs.is_empty() { want } else { Want::Expression })?;
        while let Some(sign) = signs.pop() {
            let item = &self.items[id as usize];
            let folded = match (&item.kind, item.next, sign) {
                (Kind::Number(_), None, b'+') => continue,
                (Kind::Number(n), None, _) => Kind::Number(n.neg()),
                (_, _, b'+') => Kind::Plus(id),
                _ => Kind::Minus(id),
            };
            id = self.add(folded);
        }
        Ok((id, predicate))
    }

    /// A primary and its accessors.
    fn accessors(&mut self, want: Want) -> Result<Found> {
        let first;
        if self.take(Token::Char(b'('))? {
            let (inner, predicate) = self.nested(Want::Either)?;
            self.expect(Token::Char(b')'))?;
            first = inner;
            let accessor = matches!(self.token, Token::Char(b'.' | b'[' | b'?'));
            if predicate && !accessor {
                if want == Want::Expression {
                    return Err(self.syntax_error());
                }
                if self.take(Token::Word(Word::Is))? {
                    self.expect(Token::Word(Word::Unknown))?;
                    return Ok((self.add(Kind::IsUnknown(inner)), true));
                }
                return Ok((inner, true));
            }
        } else {
            first = self.primary()?;
        }
        let mut last = first;
        while let Some(next) = self.items[last as usize].next {
            last = next;
        }
        while let Some(kind) = self.accessor()? {
            let next = self.add(kind);
            self.items[last as usize].next = Some(next);
            last = next;
        }
        Ok((first, false))
    }

    fn primary(&mut self) -> Result<Id> {
        let kind = match self.token {
            Token::String => Kind::String(self.value()?),
            Token::Variable => Kind::Variable(self.value()?),
            Token::Integer | Token::Number => {
                let text = self.value()?;
                Kind::Number(Numeric::parse(&text)?)
            }
            t => {
                let kind = match t {
                    Token::Word(Word::Null) => Kind::Null,
                    Token::Word(Word::True) => Kind::Bool(true),
                    Token::Word(Word::False) => Kind::Bool(false),
                    Token::Word(Word::Last) => Kind::Last,
                    Token::Char(b'$') => Kind::Root,
                    Token::Char(b'@') => Kind::Current,
                    _ => return Err(self.syntax_error()),
                };
                self.advance()?;
                kind
            }
        };
        Ok(self.add(kind))
    }

    fn accessor(&mut self) -> Result<Option<Kind>> {
        Ok(Some(match self.token {
            Token::Char(b'.') => {
                self.advance()?;
                self.member()?
            }
            Token::Char(b'[') => {
                self.advance()?;
                if self.take(Token::Char(b'*'))? {
                    self.expect(Token::Char(b']'))?;
                    return Ok(Some(Kind::AnyArray));
                }
                let mut list = Vec::new();
                loop {
                    let (from, _) = self.nested(Want::Expression)?;
                    let to = match self.take(Token::Word(Word::To))? {
                        true => Some(self.nested(Want::Expression)?.0),
                        false => None,
                    };
                    list.push((from, to));
                    if !self.take(Token::Char(b','))? {
                        break;
                    }
                }
                self.expect(Token::Char(b']'))?;
                Kind::Index(list)
            }
            Token::Char(b'?') => {
                self.advance()?;
                self.expect(Token::Char(b'('))?;
                let (arg, _) = self.nested(Want::Predicate)?;
                self.expect(Token::Char(b')'))?;
                Kind::Filter(arg)
            }
            _ => return Ok(None),
        }))
    }

    /// What follows a point.
    fn member(&mut self) -> Result<Kind> {
        match self.token {
            Token::Char(b'*') => {
                self.advance()?;
                Ok(Kind::AnyKey)
            }
            Token::Any => {
                self.advance()?;
                if !self.take(Token::Char(b'{'))? {
                    return Ok(Kind::Any(0, LAST));
                }
                let first = self.level()?;
                let last = if self.take(Token::Word(Word::To))? { self.level()? } else { first };
                self.expect(Token::Char(b'}'))?;
                Ok(Kind::Any(first, last))
            }
            Token::Identifier | Token::String => Ok(Kind::Key(self.value()?)),
            Token::Word(word) => {
                let name = self.value()?;
                let kind = match word {
                    Word::Method(m) if self.token == Token::Char(b'(') => {
                        self.advance()?;
                        Kind::Method(m)
                    }
                    Word::Datetime if self.token == Token::Char(b'(') => {
                        self.advance()?;
                        Kind::Datetime(if self.token == Token::String { Some(self.value()?) } else { None })
                    }
                    _ => return Ok(Kind::Key(name)),
                };
                self.expect(Token::Char(b')'))?;
                Ok(kind)
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn level(&mut self) -> Result<u32> {
        match self.token {
            Token::Word(Word::Last) => {
                self.advance()?;
                Ok(LAST)
            }
            Token::Integer => {
                let n = crate::int::parse_int4(&self.scan.value)?;
                self.advance()?;
                Ok(n as u32)
            }
            _ => Err(self.syntax_error()),
        }
    }
}
