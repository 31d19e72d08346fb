//! Single operands: literals, columns, calls, parentheses, CASE, arrays, rows.

use std::rc::Rc;

use super::Parser;
use super::expr::{plain_type, string_const, sublink};
use super::names::{is_col_id, is_type_function_name};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use crate::literals;
use tusklet_error::SqlState;

/// What a parenthesis in an expression turned out to hold.
pub(super) enum Paren {
    Select(SelectStmt),
    Expr(Expr),
    /// Two or more expressions: an implicit row.
    Row(RowExpr),
}

impl Default for Paren {
    fn default() -> Self {
        Paren::Expr(Expr::default())
    }
}

impl Parser<'_> {
    /// A single operand with its fields and subscripts.
    pub(super) fn c_expr(&mut self) -> Expr {
        let span = self.span();
        match self.cur.t {
            T::Ident | T::QuotedIdent | T::UnicodeIdent => self.column_or_call(),
            T::Integer => {
                let value = Const::Integer(self.iconst());
                Expr::Const(AConst { value, span })
            }
            T::Float => {
                let token = self.bump();
                let value = Const::Float(self.text(&token).to_owned());
                Expr::Const(AConst { value, span })
            }
            T::String | T::EscapeString | T::UnicodeString | T::DollarString => {
                let value = Const::String(self.string());
                Expr::Const(AConst { value, span })
            }
            T::Bit | T::Hex => {
                let token = self.bump();
                let value = Const::BitString(self.sound(literals::string(self.sql, &token)));
                Expr::Const(AConst { value, span })
            }
            T::Param => {
                let token = self.bump();
                let digits = &self.text(&token).as_bytes()[1..];
                // Beyond int4 PostgreSQL's atol wraps; no statement has so many parameters, so any wrong one will do.
                let number = literals::small_integer(digits).unwrap_or(i32::MAX);
                let arg = Expr::ParamRef(ParamRef { number, span });
                self.opt_indirection(arg)
            }
            T::LParen => match self.paren(true) {
                Paren::Select(query) => {
                    let arg = sublink(SubLinkType::Expr, query, span);
                    self.opt_indirection(arg)
                }
                Paren::Expr(arg) => self.opt_indirection(arg),
                Paren::Row(row) => Expr::Row(row),
            },
            T::Keyword => self.keyword_operand(),
            _ => self.unexpected(),
        }
    }

    /// Fields and subscripts after anything but a column's name.
    pub(super) fn opt_indirection(&mut self, arg: Expr) -> Expr {
        if !matches!(self.cur.t, T::Dot | T::LBracket) {
            return arg;
        }
        let indirection = self.indirection();
        self.check_indirection(&indirection);
        self.grow();
        Expr::Indirection(Box::new(AIndirection { arg, indirection }))
    }

    /// What stands in parentheses, the current token being the opening one. Queries, expressions and rows may all begin
    /// with more parentheses; which it is shows only after the inner ones.
    pub(super) fn paren(&mut self, allow_row: bool) -> Paren {
        self.nested(|p| p.paren_body(allow_row))
    }

    fn paren_body(&mut self, allow_row: bool) -> Paren {
        let span = self.span();
self.expect(T::LParen);
        if self.at_select() {
            let query = self.select_no_parens();
            self.expect(T::RParen);
            return Paren::Select(query);
        }
        let inner_span = self.span();
        let first = if self.is(T::LParen) {
            let left = match self.paren(true) {
                Paren::Select(query) => {
                    if self.eat(T::RParen) {
                        return Paren::Select(query);
                    }
                    if self.at_select_rest() {
                        let query = self.select_rest(query, None, inner_span);
                        self.expect(T::RParen);
                        return Paren::Select(query);
                    }
                    let arg = sublink(SubLinkType::Expr, query, inner_span);
                    self.opt_indirection(arg)
                }
                Paren::Expr(arg) => self.opt_indirection(arg),
                Paren::Row(row) => {
                    if self.is_kw(Kw::OVERLAPS) {
                        self.overlaps(Expr::Row(row), inner_span)
                    } else {
                        Expr::Row(row)
                    }
                }
            };
            self.expr_after(left)
        } else {
            self.expr()
        };
        if allow_row && self.is(T::Comma) {
            let mut args = vec![first];
            while self.eat(T::Comma) {
                args.push(self.expr());
            }
            self.expect(T::RParen);
            return Paren::Row(RowExpr { args, implicit: true, span });
        }
        self.expect(T::RParen);
        Paren::Expr(first)
    }

    /// A column reference, a function call or a `type 'literal'`, the current token being a name or a word usable as one.
    pub(super) fn column_or_call(&mut self) -> Expr {
        let token = self.cur;
        let col_id = is_col_id(&token);
        let callable = is_type_function_name(&token);
        let mut span = token.span();
        let first = self.take_name();
        match self.cur.t {
            T::Dot | T::LBracket if col_id => {
                let steps = self.indirection();
                if self.is(T::LParen) || self.is_string() {
                    let names = self.plain_fields(first, steps);
                    return self.call_or_literal(names, span);
                }
                span.end = self.prev_end();
                self.column_ref(first, steps, span)
            }
            T::LParen if callable => self.call_or_literal(vec![first], span),
            _ if callable && self.is_string() => self.call_or_literal(vec![first], span),
            _ if col_id => Expr::ColumnRef(ColumnRef { fields: vec![first], star: false, span }),
            _ => self.unexpected(),
        }
    }

    /// A column's name and what follows it: fields up to the first subscript are the column's, the rest is indirection.
    pub(super) fn column_ref(&mut self, first: String, steps: Vec<Indirection>, span: Span) -> Expr {
        self.check_indirection(&steps);
        let mut fields = vec![first];
        let mut star = false;
        let mut rest = steps.into_iter().peekable();
        while let Some(step) = rest.next_if(|s| matches!(s, Indirection::Field(_) | Indirection::Star)) {
            match step {
                Indirection::Field(name) => fields.push(name),
                _ => star = true,
            }
        }
        let indirection: Vec<Indirection> = rest.collect();
        let arg = Expr::ColumnRef(ColumnRef { fields, star, span });
        if indirection.is_empty() {
            return arg;
        }
        self.grow();
        Expr::Indirection(Box::new(AIndirection { arg, indirection }))
    }

    /// After a function's or type's name: `(…)` or a string.
    fn call_or_literal(&mut self, names: QualifiedName, span: Span) -> Expr {
        if self.is_string() {
            let type_name = plain_type(names, span);
            return self.string_cast(type_name);
        }
        let call = self.func_application(names, span);
        if self.is_string() {
            return self.literal_with_typmods(call);
        }
        self.func_clauses(call)
    }

    /// `name (mods) 'literal'`: what looked like a call was a type with modifiers.
    #[allow(clippy::boxed_local, reason = "a call is large, and calls nest")]
    fn literal_with_typmods(&mut self, call: Box<FuncCall>) -> Expr {
        let FuncCall {
            funcname,
            args,
            agg_order,
            agg_filter: _,
            over: _,
            agg_within_group: _,
            agg_star,
            agg_distinct,
            func_variadic,
            funcformat: _,
            span,
        } = *call;
        if args.is_empty() || agg_star || agg_distinct || func_variadic {
            return self.unexpected();
        }
        if let Some(named) = args.iter().find(|a| a.name.is_some()) {
            return self.fail(SqlState::SYNTAX_ERROR, "type modifier cannot have parameter name", named.span);
        }
        if let Some(first) = agg_order.first() {
            return self.fail(SqlState::SYNTAX_ERROR, "type modifier cannot have ORDER BY", first.node.location());
        }
        let mut type_name = plain_type(funcname, span);
        type_name.typmods = args.into_iter().map(|a| a.expr).collect();
        self.string_cast(type_name)
    }

    /// `type 'literal'`, the current token being the string.
    pub(super) fn string_cast(&mut self, type_name: TypeName) -> Expr {
        let span = self.span();
        let arg = string_const(self.string(), span);
        Expr::TypeCast(Box::new(TypeCast { arg, type_name, span: Span::NONE }))
    }

    /// An operand that starts with a keyword.
    fn keyword_operand(&mut self) -> Expr {
        let span = self.span();
        let next = self.peek(1);
        let constant = match self.cur.kw {
            Kw::NULL => Const::Null,
            Kw::TRUE => Const::Boolean(true),
            Kw::FALSE => Const::Boolean(false),
            Kw::CASE => return self.case_expr(),
            Kw::EXISTS | Kw::ROW | Kw::GROUPING if next.t == T::LParen => return self.keyword_and_parens(),
            Kw::ARRAY => return self.array(),
            _ => {
                if let Some(e) = self.common_subexpr() {
                    return e;
                }
                if let Some(e) = self.typed_constant() {
                    return e;
                }
                if is_col_id(&self.cur) || is_type_function_name(&self.cur) {
                    return self.column_or_call();
                }
                return self.unexpected();
            }
        };
        self.skip();
        Expr::Const(AConst { value: constant, span })
    }

    /// `EXISTS (…)`, `ROW (…)`, `GROUPING (…)`.
    fn keyword_and_parens(&mut self) -> Expr {
        let word = self.bump();
        let span = word.span();
        match word.kw {
            Kw::EXISTS => {
                let query = self.select_with_parens();
                sublink(SubLinkType::Exists, query, span)
            }
            Kw::GROUPING => Expr::Grouping(GroupingFunc { args: self.parens(Self::expr), span }),
            _ => {
                self.skip();
                let args = if self.is(T::RParen) { Vec::new() } else { self.expr_list() };
                self.expect(T::RParen);
                Expr::Row(RowExpr { args, implicit: false, span })
            }
        }
    }

    /// `ARRAY[…]`, `ARRAY(query)`.
    fn array(&mut self) -> Expr {
        let span = self.span();
        self.skip();
        if self.is(T::LBracket) {
            return self.array_expr(span);
        }
        let query = self.select_with_parens();
        sublink(SubLinkType::Array, query, span)
    }

    fn case_expr(&mut self) -> Expr {
        let span = self.span();
        self.skip();
        let arg = if self.is_kw(Kw::WHEN) { None } else { Some(self.expr()) };
        let mut args = Vec::new();
        if !self.is_kw(Kw::WHEN) {
            return self.unexpected();
        }
        while self.is_kw(Kw::WHEN) {
            let span = self.span();
            self.skip();
            let expr = self.expr();
            self.expect_kw(Kw::THEN);
            let result = self.expr();
            args.push(CaseWhen { expr, result, span });
        }
        let defresult = if self.eat_kw(Kw::ELSE) { Some(self.expr()) } else { None };
        self.expect_kw(Kw::END);
        Expr::Case(Box::new(CaseExpr { arg, args, defresult, span }))
    }

    /// `[a, b]`, `[[a], [b]]`, `[]`, the current token being the bracket.
    fn array_expr(&mut self, span: Span) -> Expr {
        self.nested(|p| {
            p.expect(T::LBracket);
            let elements = if p.is(T::RBracket) {
                Vec::new()
            } else if p.is(T::LBracket) {
                p.list(|p| {
                    let span = p.span();
                    p.array_expr(span)
                })
            } else {
                p.expr_list()
            };
            p.expect(T::RBracket);
            Expr::Array(AArrayExpr { elements, span })
        })
    }

    /// `f(…)` with everything PostgreSQL allows between the parentheses, the current token being the opening one.
    pub(super) fn func_application(&mut self, funcname: QualifiedName, span: Span) -> Box<FuncCall> {
        // On the heap from the start: calls nest, and a call is large.
        let mut call = Box::new(FuncCall {
            funcname,
            args: Vec::new(),
            agg_order: Vec::new(),
            agg_filter: None,
            over: None,
            agg_within_group: false,
            agg_star: false,
            agg_distinct: false,
            func_variadic: false,
            funcformat: CoercionForm::ExplicitCall,
            span,
        });
        self.expect(T::LParen);
        if self.eat(T::RParen) {
            return call;
        }
        if self.eat(T::Star) {
            call.agg_star = true;
            self.expect(T::RParen);
            return call;
        }
        call.agg_distinct = self.eat_kw(Kw::DISTINCT);
        let plain = !call.agg_distinct && !self.eat_kw(Kw::ALL);
        loop {
            if plain && self.eat_kw(Kw::VARIADIC) {
                call.func_variadic = true;
                call.args.push(self.func_arg());
                break;
            }
            call.args.push(self.func_arg());
            if !self.eat(T::Comma) {
                break;
            }
        }
        call.agg_order = self.opt_sort_clause();
        self.expect(T::RParen);
        call
    }

    /// `value`, `name => value`, `name := value`.
    pub(super) fn func_arg(&mut self) -> FuncArg {
        let named = matches!(self.peek(1).t, T::EqualsGreater | T::ColonEquals) && is_type_function_name(&self.cur);
        if !named {
            return FuncArg { name: None, expr: self.expr(), span: Span::NONE };
        }
        let span = self.span();
        let name = self.type_function_name();
        self.skip();
        FuncArg { name: Some(name), expr: self.expr(), span }
    }

    /// WITHIN GROUP, FILTER and OVER.
    fn func_clauses(&mut self, mut call: Box<FuncCall>) -> Expr {
        // None of the three words can be a label without AS, so nothing else can be meant by them.
        if self.is_kw(Kw::WITHIN) {
            let within = self.span();
            self.skip();
            self.expect_kw(Kw::GROUP);
            self.expect(T::LParen);
            let order = self.sort_clause();
            self.expect(T::RParen);
            let complaint = if !call.agg_order.is_empty() {
                Some("cannot use multiple ORDER BY clauses with WITHIN GROUP")
            } else if call.agg_distinct {
                Some("cannot use DISTINCT with WITHIN GROUP")
            } else if call.func_variadic {
                Some("cannot use VARIADIC with WITHIN GROUP")
            } else {
                None
            };
            if let Some(message) = complaint {
                return self.fail(SqlState::SYNTAX_ERROR, message, within);
            }
            call.agg_order = order;
            call.agg_within_group = true;
        }
        if self.eat_kw(Kw::FILTER) {
            self.expect(T::LParen);
            self.expect_kw(Kw::WHERE);
            call.agg_filter = Some(self.expr());
            self.expect(T::RParen);
        }
        if self.eat_kw(Kw::OVER) {
            call.over = Some(Rc::new(self.over_clause()));
        }
        Expr::FuncCall(call)
    }
}
