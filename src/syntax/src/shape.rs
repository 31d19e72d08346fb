//! Statements that differ in nothing but their literals: `INSERT INTO t VALUES (1, 'one')`, `SELECT … WHERE a = 5`.
//!
//! A [`Shape`] is such a statement's text without the literals. A text of many statements is compared with the shapes that
//! came before, byte by byte between the literals; one that has a known shape is neither cut into tokens nor parsed,
//! because another statement of the shape was, and the grammar does not look into literals.
//!
//! A literal is taken out only where a parameter means exactly what it means: a value of the one row of VALUES, and one
//! side of a comparison with a name, in SET, and in the WHERE of a statement about one table. All other literals belong to
//! the shape.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_error::Span;

use crate::ast::RawStmt;
use crate::keywords::Kw;
use crate::lexer::{T, Token};
use crate::{KeywordCategory, literals};

/// What a literal is, as far as its type goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralKind {
    /// `'…'`, whose type follows from where it stands.
    Text,
    /// An integer that fits `int4` without its sign.
    Int4,
    /// One that fits `int8`.
    Int8,
    /// Any other number.
    Numeric,
}

/// A statement without its literals.
pub struct Shape {
    /// Its text, `$1` for the first literal.
    pub text: String,
    /// Kinds of the literals.
    pub kinds: Vec<LiteralKind>,
    /// What stands before, between and after the literals.
    pieces: Vec<Box<[u8]>>,
    refused: Cell<bool>,
    number: u64,
    /// What whoever runs statements has prepared for this shape.
    pub kept: RefCell<Option<Rc<dyn Any>>>,
}

/// A statement of a known shape.
#[derive(Clone)]
pub struct Known {
    /// Its shape.
    pub shape: Rc<Shape>,
    /// From the first token to the end of the last one.
    pub span: Span,
    /// Its first literal's place among [`Script::literals`].
    pub first: u32,
}

/// A statement of a text.
pub enum Item {
    /// A parsed one.
    Stmt(RawStmt),
    /// One whose shape is known.
    Known(Known),
}

/// The statements of a text.
#[derive(Default)]
pub struct Script {
    /// In order.
    pub items: Vec<Item>,
    /// Where the literals of the known statements are, sign and quotes included.
    pub literals: Vec<Span>,
}

/// Shapes kept; a newcomer takes the oldest one's place.
pub(crate) const PLACES: usize = 32;
/// Longer statements have none.
const LONGEST: usize = 4096;
/// Nor have those with more literals.
const MOST: usize = 64;

/// A shape, and the statement it was learned from.
pub(crate) struct Learned {
    pub shape: Rc<Shape>,
    pub span: Span,
    pub literals: Vec<Span>,
}

/// The shapes that came before.
#[derive(Default)]
pub struct Shapes {
    places: Vec<Rc<Shape>>,
    /// The one that was met last.
    last: usize,
    oldest: usize,
    count: u64,
}

impl Shape {
    /// Statements of this shape are better parsed: they are not recognised any more.
    pub fn refuse(&self) {
        self.refused.set(true);
        *self.kept.borrow_mut() = None;
    }

    /// The end of the statement at `at` if it has this shape; its literals go to `out`.
    fn matches(&self, src: &[u8], at: usize, out: &mut Vec<Span>) -> Option<usize> {
        let mut i = at;
        for (piece, kind) in self.pieces.iter().zip(&self.kinds) {
            if !src.get(i..)?.starts_with(piece) {
                return None;
            }
            i += piece.len();
            let (end, found) = literal(src, i)?;
            if found != *kind {
                return None;
            }
            out.push(Span::new(i, end));
            i = end;
        }
        let last = self.pieces.last()?;
        if !src.get(i..)?.starts_with(last) {
            return None;
        }
        i += last.len();
        // The statement must be over. A string after a line break, too, is something else than white space.
        let after = src[i..].iter().find(|c| !is_blank(**c));
        matches!(after, None | Some(b';')).then_some(i)
    }
}

impl Shapes {
    /// The shape of the statement at `at` and the statement's end; its literals are added to `out`.
    pub(crate) fn find(&mut self, src: &[u8], at: usize, out: &mut Vec<Span>) -> Option<(Rc<Shape>, usize)> {
        let mark = out.len();
        let n = self.places.len();
        for k in 0..n {
            let place = (self.last + k) % n;
            let shape = &self.places[place];
            if shape.refused.get() {
                continue;
            }
            if let Some(end) = shape.matches(src, at, out) {
                self.last = place;
                return Some((shape.clone(), end));
            }
            out.truncate(mark);
        }
        None
    }

    /// Notes the shape of a statement, if it has one that is new.
    pub(crate) fn learn(&mut self, sql: &str, tokens: &[Token]) -> Option<Learned> {
        let (mut shape, literals) = of(sql, tokens)?;
        if self.places.iter().any(|s| s.text == shape.text && s.kinds == shape.kinds) {
            return None;
        }
        self.count += 1;
        shape.number = self.count;
        let shape = Rc::new(shape);
        if self.places.len() < PLACES {
            self.places.push(shape.clone());
        } else {
            self.places[self.oldest] = shape.clone();
            self.oldest = (self.oldest + 1) % PLACES;
        }
        let span = Span { start: tokens[0].start, end: tokens[tokens.len() - 1].end };
        Some(Learned { shape, span, literals })
    }

    /// How many were learned so far.
    pub(crate) fn mark(&self) -> u64 {
        self.count
    }

    /// Forgets those learned since: their text was no SQL.
    pub(crate) fn forget_since(&mut self, mark: u64) {
        self.places.retain(|s| s.number <= mark);
        (self.last, self.oldest) = (0, 0);
    }

    /// Forgets what was prepared for them.
    pub fn forget_kept(&self) {
        for s in &self.places {
            *s.kept.borrow_mut() = None;
        }
    }
}

fn is_blank(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// The end of the literal at `i`, sign included, and its kind. What stands behind it is the caller's business.
fn literal(src: &[u8], i: usize) -> Option<(usize, LiteralKind)> {
    let mut at = i;
    if *src.get(at)? == b'\'' {
        loop {
            at += 1;
            if at >= src.len() {
                return None;
            }
            if src[at] == b'\'' {
                if src.get(at + 1) != Some(&b'\'') {
                    return Some((at + 1, LiteralKind::Text));
                }
                at += 1;
            }
        }
    }
    if src[at] == b'-' {
        at += 1;
    }
    let start = at;
    let mut whole = 0;
    // What ends a number, 0 the text.
    let mut next;
    loop {
        next = if at < src.len() { src[at] } else { 0 };
        match next {
            b'0'..=b'9' => at += 1,
            b'.' if whole == 0 && at > start => {
                at += 1;
                whole = at;
            }
            _ => break,
        }
    }
    // No number, or more of one, or of something else.
    if at == start || at == whole || matches!(next, b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'$' | 0x80..) {
        return None;
    }
    let kind = if whole > 0 {
        LiteralKind::Numeric
    } else if at - start < 10 {
        LiteralKind::Int4
    } else if literals::small_integer(&src[start..at]).is_some() {
        LiteralKind::Int4
    } else if std::str::from_utf8(&src[start..at]).is_ok_and(|s| s.parse::<i64>().is_ok()) {
        LiteralKind::Int8
    } else {
        LiteralKind::Numeric
    };
    Some((at, kind))
}

/// The shape of a statement's tokens, if it is of the simple kinds, and where the literals are.
fn of(sql: &str, tokens: &[Token]) -> Option<(Shape, Vec<Span>)> {
    let (start, end) = (tokens.first()?.start as usize, tokens.last()?.end as usize);
    if end - start > LONGEST {
        return None;
    }
    let slots = match tokens[0].kw {
        Kw::INSERT => values(sql, tokens)?,
        Kw::UPDATE => {
            let set = tokens.iter().position(|t| t.kw == Kw::SET)?;
            compared(sql, tokens, set + 1)?
        }
        Kw::DELETE => {
            let filter = tokens.iter().position(|t| t.kw == Kw::WHERE)?;
            compared(sql, tokens, filter + 1)?
        }
        Kw::SELECT => compared(sql, tokens, filter_of_one(tokens)?)?,
        _ => return None,
    };
    if slots.is_empty() || slots.len() > MOST {
        return None;
    }
    let src = sql.as_bytes();
    let mut shape = Shape {
        text: String::with_capacity(end - start),
        kinds: Vec::with_capacity(slots.len()),
        pieces: Vec::with_capacity(slots.len() + 1),
        refused: Cell::new(false),
        number: 0,
        kept: RefCell::new(None),
    };
    let mut kept = start;
    for (n, slot) in slots.iter().enumerate() {
        let (from, to) = (slot.start as usize, slot.end as usize);
        shape.pieces.push(src[kept..from].into());
        shape.text.push_str(sql.get(kept..from)?);
        shape.text.push_str(&format!("${}", n + 1));
        shape.kinds.push(literal(src, from)?.1);
        kept = to;
    }
    shape.pieces.push(src[kept..end].into());
    shape.text.push_str(sql.get(kept..end)?);
    Some((shape, slots))
}

/// The literal that begins with token `i`, and how many tokens it has.
fn slot(sql: &str, tokens: &[Token], i: usize) -> Option<(Span, usize)> {
    let first = tokens.get(i)?;
    let n = match first.t {
        T::String | T::Integer | T::Float => 1,
        T::Minus => match tokens.get(i + 1)? {
            t if matches!(t.t, T::Integer | T::Float) && t.start == first.end => 2,
            _ => return None,
        },
        _ => return None,
    };
    let span = Span { start: first.start, end: tokens[i + n - 1].end };
    let (end, _) = literal(sql.as_bytes(), span.start as usize)?;
    (end == span.end as usize).then_some((span, n))
}

/// INSERT: the values of its one row.
fn values(sql: &str, tokens: &[Token]) -> Option<Vec<Span>> {
    if tokens.iter().any(|t| matches!(t.kw, Kw::SELECT | Kw::WITH) || t.t == T::Param) {
        return None;
    }
    let mut i = tokens.iter().position(|t| t.kw == Kw::VALUES)? + 1;
    if tokens.get(i)?.t != T::LParen {
        return None;
    }
    let mut slots = vec![];
    let mut depth = 0;
    while let Some(t) = tokens.get(i) {
        match t.t {
            T::LParen | T::LBracket => depth += 1,
            T::RParen | T::RBracket => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
        i += 1;
        if depth == 1
            && matches!(t.t, T::LParen | T::Comma)
            && let Some((span, n)) = slot(sql, tokens, i)
            && tokens.get(i + n).is_some_and(|t| matches!(t.t, T::Comma | T::RParen))
        {
            slots.push(span);
            i += n;
        }
    }
    // Several rows are one VALUES list, whose columns have types of their own.
    (tokens.get(i + 1).is_none_or(|t| t.t != T::Comma)).then_some(slots)
}

/// SELECT about one table: where its condition starts.
fn filter_of_one(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0;
    let from = tokens.iter().position(|t| {
        match t.t {
            T::LParen | T::LBracket => depth += 1,
            T::RParen | T::RBracket => depth -= 1,
            _ => {}
        }
        depth == 0 && t.kw == Kw::FROM
    })?;
    let n = tokens[from..].iter().position(|t| t.kw == Kw::WHERE)?;
    let plain = |t: &Token| t.t == T::Dot || t.kw == Kw::AS || is_name(t);
    if tokens[1..from].iter().any(|t| t.kw == Kw::INTO) || !tokens[from + 1..from + n].iter().all(plain) {
        return None;
    }
    Some(from + n + 1)
}

/// Whether a token can be a column's name.
fn is_name(t: &Token) -> bool {
    match t.t {
        T::Ident | T::QuotedIdent => true,
        T::Keyword => t.kw.info().is_some_and(|k| k.category == KeywordCategory::Unreserved),
        _ => false,
    }
}

/// Literals compared with a name, from token `from` on to the end of WHERE.
fn compared(sql: &str, tokens: &[Token], from: usize) -> Option<Vec<Span>> {
    let other = |t: &Token| {
        matches!(
            t.kw,
            Kw::WITH
                | Kw::UNION
                | Kw::INTERSECT
                | Kw::EXCEPT
                | Kw::JOIN
                | Kw::USING
                | Kw::CURRENT
                | Kw::WINDOW
                | Kw::OVER
        ) || t.t == T::Param
    };
    if tokens.iter().any(other) || tokens[1..].iter().any(|t| t.kw == Kw::SELECT) {
        return None;
    }
    let change = tokens[0].kw != Kw::SELECT;
    if change && tokens[from..].iter().any(|t| t.kw == Kw::FROM) {
        return None;
    }
    let ends = |t: &Token| {
        matches!(
            t.kw,
            Kw::RETURNING | Kw::GROUP | Kw::ORDER | Kw::LIMIT | Kw::OFFSET | Kw::FETCH | Kw::FOR | Kw::HAVING
        )
    };
    let mut slots = vec![];
    let mut i = from;
    while let Some(t) = tokens.get(i) {
        if ends(t) {
            break;
        }
        let comparison = match t.t {
            T::Eq | T::Lt | T::Gt | T::LtEq | T::GtEq => true,
            // `!=-1` is another operator followed by a number.
            T::NotEq => sql.as_bytes().get(t.start as usize) == Some(&b'<'),
            _ => t.kw == Kw::BETWEEN,
        };
        i += 1;
        if !comparison || !tokens.get(i.wrapping_sub(2)).is_some_and(is_name) {
            continue;
        }
        let Some((span, n)) = slot(sql, tokens, i) else { continue };
        let after = tokens.get(i + n);
        if t.kw == Kw::BETWEEN {
            if after.is_some_and(|t| t.kw == Kw::AND)
                && let Some((upper, m)) = slot(sql, tokens, i + n + 1)
                && is_over(tokens.get(i + n + 1 + m), &ends)
            {
                slots.extend([span, upper]);
                i += n + 1 + m;
            }
        } else if is_over(after, &ends) {
            slots.push(span);
            i += n;
        }
    }
    Some(slots)
}

/// Whether what comes after a comparison's literal cannot belong to its side of it.
fn is_over(t: Option<&Token>, ends: &dyn Fn(&Token) -> bool) -> bool {
    t.is_none_or(|t| matches!(t.t, T::Comma | T::RParen) || matches!(t.kw, Kw::AND | Kw::OR | Kw::WHERE) || ends(t))
}

#[cfg(test)]
mod tests {
    use super::{Item, LiteralKind, Shapes};
    use crate::parse_script;

    /// The shape a statement has, by its text and the kinds of its literals.
    fn shape(sql: &str) -> Option<(String, Vec<LiteralKind>)> {
        let mut shapes = Shapes::default();
        let script = parse_script(&format!("{sql};{sql}"), &mut shapes).unwrap();
        match &script.items[1] {
            Item::Known(k) => Some((k.shape.text.clone(), k.shape.kinds.clone())),
            Item::Stmt(_) => None,
        }
    }

    #[test]
    fn literals_become_parameters() {
        use LiteralKind::*;
        let check = |sql: &str, text: &str, kinds: &[LiteralKind]| {
            assert_eq!(shape(sql), Some((text.to_string(), kinds.to_vec())), "{sql}");
        };
        check(
            "INSERT INTO t (a, b) VALUES (1, 'it''s', NULL, -2.5, 3000000000)",
            "INSERT INTO t (a, b) VALUES ($1, $2, NULL, $3, $4)",
            &[Int4, Text, Numeric, Int8],
        );
        check("insert into t values (1, f(2), 3 + 4)", "insert into t values ($1, f(2), 3 + 4)", &[Int4]);
        check(
            "update t set a = 5, b = 'x' where id = 7 and c <= -1 returning d = 4",
            "update t set a = $1, b = $2 where id = $3 and c <= $4 returning d = 4",
            &[Int4, Text, Int4, Int4],
        );
        check(
            "update t set a = a * 2 where b >= 1 and b<2",
            "update t set a = a * 2 where b >= $1 and b<$2",
            &[Int4, Int4],
        );
        check("DELETE FROM s.t WHERE id=3", "DELETE FROM s.t WHERE id=$1", &[Int4]);
        check(
            "SELECT 1, count(*) FROM t x WHERE b BETWEEN 1 AND 2 AND (c = 'a' OR c LIKE 'b%') ORDER BY 1 LIMIT 5",
            "SELECT 1, count(*) FROM t x WHERE b BETWEEN $1 AND $2 AND (c = $3 OR c LIKE 'b%') ORDER BY 1 LIMIT 5",
            &[Int4, Int4, Text],
        );
        check("select a from t where b = 99999999999999999999", "select a from t where b = $1", &[Numeric]);
    }

    #[test]
    fn what_is_more_than_literals_is_left_alone() {
        for sql in [
            "insert into t values (1 + 2)",
            "insert into t values (f(1))",
            "insert into t values (1::text)",
            "insert into t values (E'\\n')",
            "insert into t values (date '2020-01-01')",
            "insert into t values (1e5)",
            "insert into t values ('a'\n'b')",
            "insert into t select 1",
            "insert into t values ((select 1), 2)",
            "insert into t values (1), (2)",
            "insert into t values ($1, 2)",
            "update t set a = 1 from u where t.id = 2",
            "update t set a = 1 + b",
            "update t set a = b where c = 5 is true",
            "update t set a = b where c = 'x' collate \"C\"",
            "update t set a = b where c !=-5",
            "delete from t using u where t.a = 5",
            "delete from t where current of c",
            "select 1",
            "select a = 5 from t",
            "select a from t, u where t.a = 5",
            "select a from t join u on t.a = 5 where t.b = 6",
            "select a from t where a = (select 5)",
            "select a from t where a = 5 union select 1",
            "with x as (select 1) select a from t where a = 5",
            "select a from t where case a = 1 when b = 2 then c end",
            "select a from t group by a having a = 5",
        ] {
            assert_eq!(shape(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_shape_is_met_byte_by_byte() {
        let first = "INSERT INTO t VALUES (1, 'a');";
        let known = |sql: &str| {
            let script = parse_script(&format!("{first}{sql}"), &mut Shapes::default()).unwrap();
            matches!(script.items.last(), Some(Item::Known(_)))
        };
        for sql in [
            "INSERT INTO t VALUES (-20, '')",
            " INSERT INTO t VALUES (1, 'x''y;')\n ;;",
            "INSERT INTO t VALUES (0, '\\')",
        ] {
            assert!(known(sql), "{sql}");
        }
        for sql in [
            "INSERT INTO t VALUES (1, 2)",
            "INSERT INTO t VALUES (1, 'a') RETURNING 1",
            "INSERT INTO t VALUES (1, 'a'\n'b')",
            "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
            "INSERT INTO t VALUES (1, 'a') -- a comment",
            "insert into t values (1, 'a')",
            "INSERT INTO t VALUES (1.5, 'a')",
            "INSERT INTO t VALUES (3000000000, 'a')",
            "INSERT INTO t VALUES (1 , 'a')",
        ] {
            assert!(!known(sql), "{sql}");
        }
    }

    #[test]
    fn literals_lie_where_they_are_told_to_lie() {
        let mut shapes = Shapes::default();
        let sql = "DELETE FROM t WHERE a = 1; DELETE FROM t WHERE a = -25;DELETE FROM t WHERE a = 3";
        let script = parse_script(sql, &mut shapes).unwrap();
        let texts: Vec<&str> = script.literals.iter().map(|s| &sql[s.start as usize..s.end as usize]).collect();
        assert_eq!(texts, ["-25", "3", "1"]);
        // The statement that taught the shape is one of it.
        assert!(matches!(&script.items[0], Item::Known(k) if k.first == 2));
        let Item::Known(k) = &script.items[2] else { panic!("known") };
        assert_eq!((k.first, &sql[k.span.start as usize..k.span.end as usize]), (1, "DELETE FROM t WHERE a = 3"));
        // A later text knows it from the start; what was no SQL taught nothing.
        let again = parse_script("DELETE FROM t WHERE a = 4", &mut shapes).unwrap();
        assert!(matches!(again.items[..], [Item::Known(_)]));
        assert!(parse_script("DELETE FROM t WHERE b = 4 c; DELETE FROM t WHERE b = 5 c", &mut shapes).is_err());
        assert!(parse_script("DELETE FROM t WHERE b = 6 c", &mut shapes).is_err());
    }

    #[test]
    fn bodies_are_parsed_whole() {
        let sql = "INSERT INTO t VALUES (1); CREATE RULE r AS ON INSERT TO u DO ALSO (INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)); \
                   INSERT INTO t VALUES (4)";
        let script = parse_script(sql, &mut Shapes::default()).unwrap();
        assert_eq!(script.items.len(), 3);
        assert!(matches!(script.items[..], [Item::Known(_), Item::Stmt(_), Item::Known(_)]));
        let sql = "INSERT INTO t VALUES (1); CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (2); INSERT INTO t VALUES (3); END; \
                   INSERT INTO t VALUES (4)";
        assert_eq!(parse_script(sql, &mut Shapes::default()).unwrap().items.len(), 3);
    }
}
