//! What looks like a function but has a syntax of its own, and `type 'literal'` of SQL's own types.

use super::Parser;
use super::expr::{func_call, negate, operator, string_const};
use super::names::{is_col_id, is_type_function_name};
use super::typename::{int_const, system_type};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

impl Parser<'_> {
    /// `func_expr_windowless`: a call without FILTER and OVER, as FROM and index definitions have it.
    pub(super) fn func_expr_windowless(&mut self) -> Expr {
        if self.is(T::Keyword)
            && let Some(e) = self.common_subexpr()
        {
            return e;
        }
        let span = self.span();
        let funcname = self.func_name();
        let call = self.func_application(funcname, span);
        Expr::FuncCall(call)
    }

    /// Whether a call starts here that [`Parser::func_expr_windowless`] takes, rather than a plain name.
    pub(super) fn at_func_expr(&self) -> bool {
        let word = self.cur.kw;
        if matches!(
            word,
            Kw::CURRENT_DATE
                | Kw::CURRENT_TIME
                | Kw::CURRENT_TIMESTAMP
                | Kw::LOCALTIME
                | Kw::LOCALTIMESTAMP
                | Kw::CURRENT_ROLE
                | Kw::CURRENT_USER
                | Kw::SESSION_USER
                | Kw::USER
                | Kw::CURRENT_CATALOG
                | Kw::CURRENT_SCHEMA
                | Kw::CAST
        ) || self.at_kws(Kw::COLLATION, Kw::FOR)
        {
            return true;
        }
        let mut n = 1;
        if is_col_id(&self.cur) {
            while self.peek(n).t == T::Dot {
                n += 2;
            }
        } else if !is_type_function_name(&self.cur) {
            return false;
        }
        self.peek(n).t == T::LParen
    }

    /// `func_expr_common_subexpr`, or `None` if the current word does not begin one.
    pub(super) fn common_subexpr(&mut self) -> Option<Expr> {
        let span = self.span();
        let word = self.cur.kw;
        let value = |op| Some((op, false));
        let with_precision = |op| Some((op, true));
        let function = match word {
            Kw::CURRENT_DATE => value(SqlValueFunctionOp::CurrentDate),
            Kw::CURRENT_TIME => with_precision(SqlValueFunctionOp::CurrentTime),
            Kw::CURRENT_TIMESTAMP => with_precision(SqlValueFunctionOp::CurrentTimestamp),
            Kw::LOCALTIME => with_precision(SqlValueFunctionOp::LocalTime),
            Kw::LOCALTIMESTAMP => with_precision(SqlValueFunctionOp::LocalTimestamp),
            Kw::CURRENT_ROLE => value(SqlValueFunctionOp::CurrentRole),
            Kw::CURRENT_USER => value(SqlValueFunctionOp::CurrentUser),
            Kw::SESSION_USER => value(SqlValueFunctionOp::SessionUser),
            Kw::USER => value(SqlValueFunctionOp::User),
            Kw::CURRENT_CATALOG => value(SqlValueFunctionOp::CurrentCatalog),
            Kw::CURRENT_SCHEMA if !matches!(self.peek(1).t, T::LParen | T::String) => {
                value(SqlValueFunctionOp::CurrentSchema)
            }
            _ => None,
        };
        if let Some((op, precision)) = function {
            self.skip();
            let mut typmod = None;
            if precision && self.eat(T::LParen) {
                typmod = Some(self.iconst());
                self.expect(T::RParen);
            }
            return Some(Expr::SqlValueFunction(SqlValueFunction { op, typmod, span }));
        }
        match word {
            Kw::CAST => return Some(self.cast(span)),
            Kw::COLLATION if self.peek(1).kw == Kw::FOR => return Some(self.collation_for(span)),
            _ => {}
        }
        // The rest are columns' names unless a parenthesis follows.
        if self.peek(1).t != T::LParen {
            return None;
        }
        let parse: fn(&mut Self, Span) -> Expr = match word {
            Kw::COALESCE => Self::coalesce,
            Kw::GREATEST => |p, span| Expr::MinMax(MinMaxExpr { greatest: true, args: p.expr_list(), span }),
            Kw::LEAST => |p, span| Expr::MinMax(MinMaxExpr { greatest: false, args: p.expr_list(), span }),
            Kw::NULLIF => Self::nullif,
            Kw::EXTRACT => Self::extract,
            Kw::NORMALIZE => Self::normalize,
            Kw::OVERLAY => Self::overlay,
            Kw::POSITION => Self::position,
            Kw::SUBSTRING => Self::substring,
            Kw::TREAT => Self::treat,
            Kw::TRIM => Self::trim,
            Kw::XMLCONCAT => |p, span| {
                let args = p.expr_list();
                xml(XmlExprOp::Concat, None, Vec::new(), args, span)
            },
            Kw::XMLELEMENT => Self::xmlelement,
            Kw::XMLEXISTS => Self::xmlexists,
            Kw::XMLFOREST => |p, span| {
                let named = p.xml_attribute_list();
                xml(XmlExprOp::Forest, None, named, Vec::new(), span)
            },
            Kw::XMLPARSE => Self::xmlparse,
            Kw::XMLPI => Self::xmlpi,
            Kw::XMLROOT => Self::xmlroot,
            Kw::XMLSERIALIZE => Self::xmlserialize,
            _ => return None,
        };
        self.skip();
        self.skip();
        let e = parse(self, span);
        self.expect(T::RParen);
        Some(e)
    }

    fn cast(&mut self, span: Span) -> Expr {
        self.skip();
        self.expect(T::LParen);
        let arg = self.expr();
        self.expect_kw(Kw::AS);
        let type_name = self.typename();
        self.expect(T::RParen);
        Expr::TypeCast(Box::new(TypeCast { arg, type_name, span }))
    }

    fn collation_for(&mut self, span: Span) -> Expr {
        self.skip();
        self.skip();
        let arg = self.paren_expr();
        self.system_call("pg_collation_for", vec![arg], CoercionForm::SqlSyntax, span)
    }

    fn coalesce(&mut self, span: Span) -> Expr {
        Expr::Coalesce(CoalesceExpr { args: self.expr_list(), span })
    }

    fn nullif(&mut self, span: Span) -> Expr {
        let left = self.expr();
        self.expect(T::Comma);
        let rexpr = self.expr();
        let kind = AExprKind::NullIf;
        Expr::AExpr(Box::new(AExpr { kind, name: operator("="), lexpr: Some(left), rexpr, span }))
    }

    fn extract(&mut self, span: Span) -> Expr {
        let at = self.span();
        let field = match self.cur.kw {
            Kw::YEAR | Kw::MONTH | Kw::DAY | Kw::HOUR | Kw::MINUTE | Kw::SECOND => self.take_name(),
            _ if matches!(self.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent) => self.take_name(),
            _ => self.string(),
        };
        self.expect_kw(Kw::FROM);
        let source = self.expr();
        self.system_call("extract", vec![string_const(field, at), source], CoercionForm::SqlSyntax, span)
    }

    fn normalize(&mut self, span: Span) -> Expr {
        let mut args = vec![self.expr()];
        if self.eat(T::Comma) {
            match self.unicode_normal_form() {
                Some(form) => args.push(form),
                None => return self.unexpected(),
            }
        }
        self.system_call("normalize", args, CoercionForm::SqlSyntax, span)
    }

    /// The rest of a call in function syntax, whose first argument may have been parsed.
    fn plain_call(&mut self, name: &str, first: Option<FuncArg>, span: Span) -> Expr {
        let mut args = Vec::new();
        match first {
            Some(first) => args.push(first),
            None if self.is(T::RParen) => {}
            None => args.push(self.func_arg()),
        }
        while !args.is_empty() && self.eat(T::Comma) {
            args.push(self.func_arg());
        }
        func_call(vec![name.to_owned()], args, CoercionForm::ExplicitCall, span)
    }

    fn overlay(&mut self, span: Span) -> Expr {
        if self.is(T::RParen) {
            return self.plain_call("overlay", None, span);
        }
        let first = self.func_arg();
        if first.name.is_some() || !self.eat_kw(Kw::PLACING) {
            return self.plain_call("overlay", Some(first), span);
        }
        let mut args = vec![first.expr, self.expr()];
        self.expect_kw(Kw::FROM);
        args.push(self.expr());
        if self.eat_kw(Kw::FOR) {
            args.push(self.expr());
        }
        self.system_call("overlay", args, CoercionForm::SqlSyntax, span)
    }

    fn position(&mut self, span: Span) -> Expr {
        let needle = self.b_expr();
        self.expect_kw(Kw::IN);
        let haystack = self.b_expr();
        self.system_call("position", vec![haystack, needle], CoercionForm::SqlSyntax, span)
    }

    fn substring(&mut self, span: Span) -> Expr {
        if self.is(T::RParen) {
            return self.plain_call("substring", None, span);
        }
        let outer = std::mem::replace(&mut self.in_substring, true);
        let first = self.func_arg();
        self.in_substring = outer;
        let first = first;
        if first.name.is_some() {
            return self.plain_call("substring", Some(first), span);
        }
        let mut args = match self.cur.kw {
            Kw::FROM | Kw::FOR | Kw::SIMILAR => vec![first.expr],
            _ => return self.plain_call("substring", Some(first), span),
        };
        match self.bump().kw {
            Kw::FROM => {
                args.push(self.expr());
                if self.eat_kw(Kw::FOR) {
                    args.push(self.expr());
                }
            }
            Kw::FOR => {
                let length = self.expr();
                if self.eat_kw(Kw::FROM) {
                    args.push(self.expr());
                    args.push(length);
                } else {
                    // Not substring(text, pattern, escape): hence the cast.
                    args.push(int_const(1, Span::NONE));
                    let type_name = system_type("int4", Span::NONE);
                    args.push(Expr::TypeCast(Box::new(TypeCast { arg: length, type_name, span: Span::NONE })));
                }
            }
            _ => {
                args.push(self.expr());
                self.expect_kw(Kw::ESCAPE);
                args.push(self.expr());
            }
        }
        self.system_call("substring", args, CoercionForm::SqlSyntax, span)
    }

    fn treat(&mut self, span: Span) -> Expr {
        let arg = self.expr();
        self.expect_kw(Kw::AS);
        let target = self.typename();
        let name = target.names.last().cloned().unwrap_or_default();
        self.system_call(&name, vec![arg], CoercionForm::ExplicitCall, span)
    }

    fn trim(&mut self, span: Span) -> Expr {
        let name = match self.cur.kw {
            Kw::LEADING => "ltrim",
            Kw::TRAILING => "rtrim",
            _ => "btrim",
        };
        if matches!(self.cur.kw, Kw::BOTH | Kw::LEADING | Kw::TRAILING) {
            self.skip();
        }
        let mut args;
        if self.eat_kw(Kw::FROM) {
            args = self.expr_list();
        } else {
            let first = self.expr();
            if self.eat_kw(Kw::FROM) {
                args = self.expr_list();
                args.push(first);
            } else {
                args = vec![first];
                while self.eat(T::Comma) {
                    args.push(self.expr());
                }
            }
        }
        self.system_call(name, args, CoercionForm::SqlSyntax, span)
    }

    fn xmlelement(&mut self, span: Span) -> Expr {
        self.expect_kw(Kw::NAME);
        let name = self.col_label();
        let mut named = Vec::new();
        let mut args = Vec::new();
        if self.eat(T::Comma) {
            if self.is_kw(Kw::XMLATTRIBUTES) && self.peek(1).t == T::LParen {
                self.skip();
                self.skip();
                named = self.xml_attribute_list();
                self.expect(T::RParen);
                if self.eat(T::Comma) {
                    args = self.expr_list();
                }
            } else {
                args = self.expr_list();
            }
        }
        xml(XmlExprOp::Element, Some(name), named, args, span)
    }

    fn xml_attribute_list(&mut self) -> Vec<ResTarget> {
        self.list(|p| {
            let span = p.span();
            let val = p.expr();
            let name = if p.eat_kw(Kw::AS) { Some(p.col_label()) } else { None };
            ResTarget { name, val, span }
        })
    }

    fn xmlexists(&mut self, span: Span) -> Expr {
        let path = self.c_expr();
        let document = self.xmlexists_argument();
        self.system_call("xmlexists", vec![path, document], CoercionForm::SqlSyntax, span)
    }

    /// `PASSING [BY REF] doc [BY REF]`.
    pub(super) fn xmlexists_argument(&mut self) -> Expr {
        self.expect_kw(Kw::PASSING);
        self.opt_passing_mech();
        let document = self.c_expr();
        self.opt_passing_mech();
        document
    }

    fn opt_passing_mech(&mut self) {
        // BY is no reserved word, but a column of that name cannot be followed by REF or VALUE here.
        if self.is_kw(Kw::BY) && matches!(self.peek(1).kw, Kw::REF | Kw::VALUE) {
            self.skip();
            self.skip();
        }
    }

    fn document_or_content(&mut self) -> bool {
        if self.eat_kw(Kw::DOCUMENT) {
            return true;
        }
        self.expect_kw(Kw::CONTENT);
        false
    }

    fn xmlparse(&mut self, span: Span) -> Expr {
        let document = self.document_or_content();
        let arg = self.expr();
        let mut preserve = false;
        if self.eat_kw(Kw::PRESERVE) {
            self.expect_kw(Kw::WHITESPACE);
            preserve = true;
        } else if self.eat_kw(Kw::STRIP) {
            self.expect_kw(Kw::WHITESPACE);
        }
        let flag = Expr::Const(AConst { value: Const::Boolean(preserve), span: Span::NONE });
        let mut e = XmlExpr {
            op: XmlExprOp::Parse,
            name: None,
            named_args: Vec::new(),
            args: vec![arg, flag],
            document: false,
            span,
        };
        e.document = document;
        Expr::Xml(Box::new(e))
    }

    fn xmlpi(&mut self, span: Span) -> Expr {
        self.expect_kw(Kw::NAME);
        let name = self.col_label();
        let args = if self.eat(T::Comma) { vec![self.expr()] } else { Vec::new() };
        xml(XmlExprOp::Pi, Some(name), Vec::new(), args, span)
    }

    fn xmlroot(&mut self, span: Span) -> Expr {
        let arg = self.expr();
        self.expect(T::Comma);
        self.expect_kw(Kw::VERSION);
        let version = if self.at_kws(Kw::NO, Kw::VALUE) {
            self.skip();
            self.skip();
            Expr::Const(AConst { value: Const::Null, span: Span::NONE })
        } else {
            self.expr()
        };
        // PostgreSQL's codes: yes, no, no value, omitted.
        let mut standalone = 3;
        if self.eat(T::Comma) {
            self.expect_kw(Kw::STANDALONE);
            standalone = if self.eat_kw(Kw::YES) {
                0
            } else {
                self.expect_kw(Kw::NO);
                if self.eat_kw(Kw::VALUE) { 2 } else { 1 }
            };
        }
        let args = vec![arg, version, int_const(standalone, Span::NONE)];
        xml(XmlExprOp::Root, None, Vec::new(), args, span)
    }

    fn xmlserialize(&mut self, span: Span) -> Expr {
        let document = self.document_or_content();
        let expr = self.expr();
        self.expect_kw(Kw::AS);
        let type_name = self.simple_typename();
        Expr::XmlSerialize(Box::new(XmlSerialize { document, expr, type_name, span }))
    }

    /// `type 'literal'` for the types that are words of the grammar; `None` if the word is a column's name here.
    pub(super) fn typed_constant(&mut self) -> Option<Expr> {
        let next = self.peek(1);
        let string = super::names::is_string(&next);
        let viable = match self.cur.kw {
            Kw::INT | Kw::INTEGER | Kw::SMALLINT | Kw::BIGINT | Kw::REAL | Kw::BOOLEAN => string,
            Kw::DOUBLE => next.kw == Kw::PRECISION,
            Kw::FLOAT | Kw::DECIMAL | Kw::DEC | Kw::NUMERIC | Kw::VARCHAR | Kw::INTERVAL => {
                string || next.t == T::LParen
            }
            Kw::BIT | Kw::CHARACTER | Kw::CHAR | Kw::NCHAR => string || next.t == T::LParen || next.kw == Kw::VARYING,
            Kw::NATIONAL => matches!(next.kw, Kw::CHARACTER | Kw::CHAR),
            Kw::TIMESTAMP | Kw::TIME => {
                string
                    || next.t == T::LParen
                    || next.kw == Kw::WITHOUT
                    || next.kw == Kw::WITH && matches!(self.peek(2).kw, Kw::TIME | Kw::ORDINALITY)
            }
            _ => return None,
        };
        if !viable {
            return None;
        }
        if !self.is_kw(Kw::INTERVAL) {
            return match self.sql_type(true) {
                Some(type_name) => Some(self.string_cast(type_name)),
                None => None,
            };
        }
        Some(self.interval_constant())
    }

    /// `INTERVAL '…' [fields]`, `INTERVAL (p) '…'`.
    pub(super) fn interval_constant(&mut self) -> Expr {
        let mut type_name = self.interval_word();
        if self.is(T::LParen) {
            type_name.typmods = self.interval_precision().into();
            return self.string_cast(type_name);
        }
        let mut cast = self.string_cast(type_name);
        if let Expr::TypeCast(c) = &mut cast {
            c.type_name.typmods = self.opt_interval().into();
        }
        cast
    }

    /// `[+|-] number` as an expression.
    pub(super) fn signed_number(&mut self) -> Expr {
        let span = self.span();
        let minus = self.is(T::Minus);
        if minus || self.is(T::Plus) {
            self.skip();
        }
        if !matches!(self.cur.t, T::Integer | T::Float) {
            return self.unexpected();
        }
        let number = self.c_expr();
        if minus { negate(number, span) } else { number }
    }
}

fn xml(op: XmlExprOp, name: Option<String>, named_args: Vec<ResTarget>, args: Vec<Expr>, span: Span) -> Expr {
    Expr::Xml(Box::new(XmlExpr { op, name, named_args, args, document: false, span }))
}
