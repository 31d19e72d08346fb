//! Type names, SQL's own with their odd spellings included.

use super::Parser;
use super::expr::plain_type;
use super::names::is_type_function_name;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::SqlState;

/// Bits of an interval's field mask, as PostgreSQL numbers its date-time units.
const MONTH: i32 = 1 << 1;
const YEAR: i32 = 1 << 2;
const DAY: i32 = 1 << 3;
const HOUR: i32 = 1 << 10;
const MINUTE: i32 = 1 << 11;
const SECOND: i32 = 1 << 12;
/// All fields: only a precision is given.
const FULL_RANGE: i32 = 0x7fff;

pub(super) fn int_const(value: i32, span: Span) -> Expr {
    Expr::Const(AConst { value: Const::Integer(value), span })
}

/// A type of `pg_catalog`.
pub(super) fn system_type(name: &str, span: Span) -> TypeName {
    plain_type(vec!["pg_catalog".to_owned(), name.to_owned()], span)
}

impl Parser<'_> {
    /// `[SETOF] type [array bounds]`.
    pub(super) fn typename(&mut self) -> TypeName {
        let setof = self.eat_kw(Kw::SETOF);
        let mut t = self.simple_typename();
        t.setof = setof;
        if self.eat_kw(Kw::ARRAY) {
            let mut bound = None;
            if self.eat(T::LBracket) {
                bound = Some(self.iconst());
                self.expect(T::RBracket);
            }
            t.array_bounds.push(bound);
            return t;
        }
        while self.eat(T::LBracket) {
            let bound = if self.is(T::RBracket) { None } else { Some(self.iconst()) };
            self.expect(T::RBracket);
            t.array_bounds.push(bound);
        }
        t
    }

    /// A function's parameter or result: also `table.column%TYPE`.
    pub(super) fn func_type(&mut self) -> TypeName {
        let setof = self.is_kw(Kw::SETOF);
        let at = usize::from(setof);
        if is_type_function_name(&self.peek(at)) && self.peek(at + 1).t == T::Dot {
            let mut i = at + 1;
            while self.peek(i).t == T::Dot {
                i += 2;
            }
            if self.peek(i).t == T::Percent {
                if setof {
                    self.skip();
                }
                let span = self.span();
                let mut names = vec![self.type_function_name()];
                self.attrs(&mut names);
                self.expect(T::Percent);
                self.expect_kw(Kw::TYPE);
                let mut t = plain_type(names, span);
                t.setof = setof;
                t.pct_type = true;
                return t;
            }
        }
        self.typename()
    }

    /// A type without SETOF and array bounds.
    pub(super) fn simple_typename(&mut self) -> TypeName {
        if self.is_kw(Kw::INTERVAL) {
            let mut t = self.interval_word();
            if self.is(T::LParen) {
                t.typmods = self.interval_precision().into();
            } else {
                t.typmods = self.opt_interval().into();
            }
            return t;
        }
        if let Some(t) = self.sql_type(false) {
            return t;
        }
        let span = self.span();
        let mut names = vec![self.type_function_name()];
        self.attrs(&mut names);
        let mut t = plain_type(names, span);
        t.typmods = self.opt_parens(Self::expr).into();
        t
    }

    /// The word `interval`.
    pub(super) fn interval_word(&mut self) -> TypeName {
        let span = self.span();
        self.skip();
        system_type("interval", span)
    }

    /// `(p)` of `interval(p)`.
    pub(super) fn interval_precision(&mut self) -> Vec<Expr> {
        self.expect(T::LParen);
        let span = self.span();
        let precision = self.iconst();
        self.expect(T::RParen);
        vec![int_const(FULL_RANGE, Span::NONE), int_const(precision, span)]
    }

    /// `YEAR TO MONTH`, `SECOND (3)` and so on, as modifiers.
    pub(super) fn opt_interval(&mut self) -> Vec<Expr> {
        let span = self.span();
        let one = |mask| vec![int_const(mask, span)];
        let first = self.cur.kw;
        match first {
            Kw::SECOND => {
                self.skip();
                return self.interval_second(SECOND, span);
            }
            Kw::YEAR | Kw::MONTH | Kw::DAY | Kw::HOUR | Kw::MINUTE => self.bump(),
            _ => return Vec::new(),
        };
        let single = match first {
            Kw::YEAR => YEAR,
            Kw::MONTH => MONTH,
            Kw::DAY => DAY,
            Kw::HOUR => HOUR,
            _ => MINUTE,
        };
        if first == Kw::MONTH || !self.eat_kw(Kw::TO) {
            return one(single);
        }
        let last = self.cur.kw;
        let mask = match (first, last) {
            (Kw::YEAR, Kw::MONTH) => YEAR | MONTH,
            (Kw::DAY, Kw::HOUR) => DAY | HOUR,
            (Kw::DAY, Kw::MINUTE) => DAY | HOUR | MINUTE,
            (Kw::DAY, Kw::SECOND) => DAY | HOUR | MINUTE | SECOND,
            (Kw::HOUR, Kw::MINUTE) => HOUR | MINUTE,
            (Kw::HOUR, Kw::SECOND) => HOUR | MINUTE | SECOND,
            (Kw::MINUTE, Kw::SECOND) => MINUTE | SECOND,
            _ => return self.unexpected(),
        };
        self.skip();
        if last == Kw::SECOND { self.interval_second(mask, span) } else { one(mask) }
    }

    fn interval_second(&mut self, mask: i32, span: Span) -> Vec<Expr> {
        let mut mods = vec![int_const(mask, span)];
        if self.eat(T::LParen) {
            let span = self.span();
            mods.push(int_const(self.iconst(), span));
            self.expect(T::RParen);
        }
        mods
    }

    /// The types that are words of the grammar. Before a literal (`constant`) `char` and `bit` have no length of one.
    pub(super) fn sql_type(&mut self, constant: bool) -> Option<TypeName> {
        let span = self.span();
        let name = match self.cur.kw {
            Kw::INT | Kw::INTEGER => "int4",
            Kw::SMALLINT => "int2",
            Kw::BIGINT => "int8",
            Kw::REAL => "float4",
            Kw::BOOLEAN => "bool",
            Kw::DOUBLE if self.peek(1).kw == Kw::PRECISION => {
                self.skip();
                "float8"
            }
            Kw::FLOAT => {
                self.skip();
                return Some(self.float_type(span));
            }
            Kw::DECIMAL | Kw::DEC | Kw::NUMERIC => {
                self.skip();
                let mut t = system_type("numeric", span);
                t.typmods = self.opt_parens(Self::expr).into();
                return Some(t);
            }
            Kw::BIT => {
                self.skip();
                let varying = self.eat_kw(Kw::VARYING);
                let mut t = system_type(if varying { "varbit" } else { "bit" }, span);
                t.typmods = self.opt_parens(Self::expr).into();
                if t.typmods.is_empty() && !varying && !constant {
                    t.typmods = [int_const(1, Span::NONE)].into();
                }
                return Some(t);
            }
            Kw::CHARACTER | Kw::CHAR | Kw::NCHAR | Kw::VARCHAR | Kw::NATIONAL => {
                return Some(self.character_type(constant, span));
            }
            Kw::TIMESTAMP => return Some(self.time_type("timestamp", "timestamptz", span)),
            Kw::TIME => return Some(self.time_type("time", "timetz", span)),
            _ => return None,
        };
        self.skip();
        Some(system_type(name, span))
    }

    fn float_type(&mut self, span: Span) -> TypeName {
        let mut name = "float8";
        if self.eat(T::LParen) {
            let at = self.span();
            let bits = self.iconst();
            self.expect(T::RParen);
            let complaint = match bits {
                ..1 => Some("precision for type float must be at least 1 bit"),
                1..25 => {
                    name = "float4";
                    None
                }
                25..54 => None,
                _ => Some("precision for type float must be less than 54 bits"),
            };
            if let Some(message) = complaint {
                return self.fail(SqlState::INVALID_PARAMETER_VALUE, message, at);
            }
        }
        system_type(name, span)
    }

    fn character_type(&mut self, constant: bool, span: Span) -> TypeName {
        let word = self.cur.kw;
        self.skip();
        if word == Kw::NATIONAL && !self.eat_kw(Kw::CHARACTER) {
            self.expect_kw(Kw::CHAR);
        }
        let varying = word == Kw::VARCHAR || self.eat_kw(Kw::VARYING);
        let mut t = system_type(if varying { "varchar" } else { "bpchar" }, span);
        if self.eat(T::LParen) {
            let at = self.span();
            t.typmods = [int_const(self.iconst(), at)].into();
            self.expect(T::RParen);
        } else if !varying && !constant {
            t.typmods = [int_const(1, Span::NONE)].into();
        }
        t
    }

    fn time_type(&mut self, plain: &str, zoned: &str, span: Span) -> TypeName {
        self.skip();
        let mut typmods = Vec::new();
        if self.eat(T::LParen) {
            let at = self.span();
            typmods.push(int_const(self.iconst(), at));
            self.expect(T::RParen);
        }
        let with = self.is_kw(Kw::WITH) && matches!(self.peek(1).kw, Kw::TIME | Kw::ORDINALITY);
        if with || self.is_kw(Kw::WITHOUT) {
            self.skip();
            self.expect_kw(Kw::TIME);
            self.expect_kw(Kw::ZONE);
        }
        let mut t = system_type(if with { zoned } else { plain }, span);
        t.typmods = typmods.into();
        t
    }
}
