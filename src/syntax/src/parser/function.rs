//! Functions: CREATE and ALTER FUNCTION and PROCEDURE, and how functions, aggregates and operators are named elsewhere.

use std::rc::Rc;

use super::Parser;
use super::expr::plain_type;
use super::names::is_type_function_name;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::{T, Token};
use tusklet_error::{Error, SqlState};

/// Whether a type can start with this token.
fn starts_type(token: &Token) -> bool {
    is_type_function_name(token)
        || matches!(
            token.kw,
            Kw::SETOF
                | Kw::INT
                | Kw::INTEGER
                | Kw::SMALLINT
                | Kw::BIGINT
                | Kw::REAL
                | Kw::FLOAT
                | Kw::DECIMAL
                | Kw::DEC
                | Kw::NUMERIC
                | Kw::BOOLEAN
                | Kw::BIT
                | Kw::CHARACTER
                | Kw::CHAR
                | Kw::VARCHAR
                | Kw::NATIONAL
                | Kw::NCHAR
                | Kw::TIMESTAMP
                | Kw::TIME
                | Kw::INTERVAL
        )
}

/// The types calls are resolved by: all but those of OUT and TABLE parameters.
fn input_types(params: &[FunctionParameter]) -> Vec<Option<TypeName>> {
    params
        .iter()
        .filter(|p| !matches!(p.mode, FunctionParameterMode::Out | FunctionParameterMode::Table))
        .map(|p| Some(p.arg_type.clone()))
        .collect()
}

impl Parser<'_> {
    fn opt_arg_class(&mut self) -> Option<FunctionParameterMode> {
        let mode = match self.cur.kw {
            Kw::IN => {
                self.skip();
                return Some(if self.eat_kw(Kw::OUT) {
                    FunctionParameterMode::InOut
                } else {
                    FunctionParameterMode::In
                });
            }
            Kw::OUT => FunctionParameterMode::Out,
            Kw::INOUT => FunctionParameterMode::InOut,
            Kw::VARIADIC => FunctionParameterMode::Variadic,
            _ => return None,
        };
        self.skip();
        Some(mode)
    }

    /// `[mode] [name] type`, `name mode type`.
    pub(super) fn func_param(&mut self) -> FunctionParameter {
        let mut mode = self.opt_arg_class();
        let next = self.peek(1);
        let class_follows = matches!(next.kw, Kw::IN | Kw::OUT | Kw::INOUT | Kw::VARIADIC);
        let named = is_type_function_name(&self.cur)
            && (starts_type(&next) || mode.is_none() && class_follows)
            && !self.at_kws(Kw::DOUBLE, Kw::PRECISION);
        let name = if named { Some(self.type_function_name()) } else { None };
        if named && mode.is_none() {
            mode = self.opt_arg_class();
        }
        let arg_type = self.func_type();
        FunctionParameter { name, arg_type, mode: mode.unwrap_or(FunctionParameterMode::Default), defexpr: None }
    }

    fn func_param_with_default(&mut self) -> FunctionParameter {
        let mut param = self.func_param();
        if self.eat_kw(Kw::DEFAULT) || self.eat(T::Eq) {
            param.defexpr = Some(Rc::new(self.expr()));
        }
        param
    }

    /// `(parameters)`, possibly none.
    fn func_params(&mut self, item: fn(&mut Self) -> FunctionParameter) -> Vec<FunctionParameter> {
        if self.is(T::LParen) && self.peek(1).t == T::RParen {
            self.skip();
            self.skip();
            return Vec::new();
        }
        self.parens(item)
    }

    /// `function_with_argtypes`: the list of arguments may be missing.
    pub(super) fn function_with_args(&mut self) -> ObjectWithArgs {
        let span = self.span();
        let first = self.cur;
        // Without arguments any ColId names a function, so a column-only keyword goes without a list.
        let name = if super::names::is_col_id(&first) && !is_type_function_name(&first) {
            let name = self.take_name();
            let steps = self.indirection();
            if steps.is_empty() && self.is(T::LParen) {
                return self.unexpected();
            }
            self.plain_fields(name, steps)
        } else {
            self.func_name()
        };
        if !self.is(T::LParen) {
            let (args, func_params) = (Vec::new(), Vec::new());
            return ObjectWithArgs { name, args, func_params, args_unspecified: true, span };
        }
        let func_params = self.func_params(Self::func_param);
        ObjectWithArgs { name, args: input_types(&func_params), func_params, args_unspecified: false, span }
    }

    pub(super) fn aggregate_with_args(&mut self) -> ObjectWithArgs {
        let span = self.span();
        let name = self.func_name();
        let AggregateArgs { args: func_params, direct: _ } = self.aggregate_args();
        ObjectWithArgs { name, args: input_types(&func_params), func_params, args_unspecified: false, span }
    }

    /// `(*)`, `(a, b)`, `(a ORDER BY b)`.
    pub(super) fn aggregate_args(&mut self) -> AggregateArgs {
        self.expect(T::LParen);
        let mut all = AggregateArgs { args: Vec::new(), direct: None };
        if self.eat(T::Star) {
            self.expect(T::RParen);
            return all;
        }
        if !self.is_kw(Kw::ORDER) {
            all.args = self.list(Self::aggregate_param);
        }
        if self.eat_kws(Kw::ORDER, Kw::BY) {
            let direct = all.args.len();
            let ordered = self.list(Self::aggregate_param);
            all.direct = Some(direct);
            let variadic = |p: &&FunctionParameter| p.mode == FunctionParameterMode::Variadic;
            match all.args.last().filter(variadic) {
                // One VARIADIC parameter stands for both lists.
                Some(last) => {
                    let same = |p: &FunctionParameter| variadic(&p) && same_type(&p.arg_type, &last.arg_type);
                    if ordered.len() != 1 || !ordered.iter().all(same) {
                        let message = "an ordered-set aggregate with a VARIADIC direct argument must have one VARIADIC \
                                       aggregated argument of the same data type";
                        return self.reject(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
                    }
                }
                None => all.args.extend(ordered),
            }
        }
        self.expect(T::RParen);
        all
    }

    fn aggregate_param(&mut self) -> FunctionParameter {
        let span = self.span();
        let param = self.func_param();
        if matches!(param.mode, FunctionParameterMode::Out | FunctionParameterMode::InOut) {
            let message = "aggregates cannot have output arguments";
            return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, span);
        }
        param
    }

    /// `operator (left, right)`, either of them NONE.
    pub(super) fn operator_with_args(&mut self) -> ObjectWithArgs {
        let span = self.span();
        let OperatorName { qualifiers: mut name, name: op } = self.any_operator();
        name.push(op);
        let args = self.operator_args();
        ObjectWithArgs { name, args, func_params: Vec::new(), args_unspecified: false, span }
    }

    pub(super) fn operator_args(&mut self) -> Vec<Option<TypeName>> {
        self.expect(T::LParen);
        let left = if self.eat_kw(Kw::NONE) { None } else { Some(self.typename()) };
        let at = self.span();
        if left.is_some() && self.is(T::RParen) {
            let error = Error::new(SqlState::SYNTAX_ERROR, "missing argument");
            return self.reject(error.hint("Use NONE to denote the missing argument of a unary operator.").at(at));
        }
        self.expect(T::Comma);
        let right = if left.is_some() && self.eat_kw(Kw::NONE) { None } else { Some(self.typename()) };
        self.expect(T::RParen);
        vec![left, right]
    }

    /// From FUNCTION or PROCEDURE on.
    pub(super) fn create_function(&mut self, replace: bool, span: Span) -> Stmt {
        let is_procedure = self.cur.kw == Kw::PROCEDURE;
        self.skip();
        let funcname = self.func_name();
        let mut parameters = self.func_params(Self::func_param_with_default);
        let mut return_type = None;
        if !is_procedure && self.eat_kw(Kw::RETURNS) {
            let at = self.span();
            if self.eat_kw(Kw::TABLE) {
                let columns = self.parens(|p| {
                    let name = Some(p.type_function_name());
                    let arg_type = p.func_type();
                    FunctionParameter { name, arg_type, mode: FunctionParameterMode::Table, defexpr: None }
                });
                return_type = Some(self.table_type(&parameters, &columns, at));
                parameters.extend(columns);
            } else {
                return_type = Some(self.func_type());
            }
        }
        let mut options = Vec::new();
        while let Some(option) = self.create_function_option() {
            options.push(option);
        }
        let sql_body = self.opt_routine_body();
        Stmt::CreateFunction(Box::new(CreateFunctionStmt {
            is_procedure,
            replace,
            funcname,
            parameters,
            return_type,
            options,
            sql_body,
            span,
        }))
    }

    /// The result type of RETURNS TABLE, as PostgreSQL's `TableFuncTypeName` and `mergeTableFuncParameters` have it.
    fn table_type(&mut self, parameters: &[FunctionParameter], columns: &[FunctionParameter], span: Span) -> TypeName {
        if parameters.iter().any(|p| matches!(p.mode, FunctionParameterMode::Out | FunctionParameterMode::InOut)) {
            let message = "OUT and INOUT arguments aren't allowed in TABLE functions";
            return self.reject(Error::new(SqlState::SYNTAX_ERROR, message));
        }
        let mut t = match columns {
            [one] => one.arg_type.clone(),
            _ => plain_type(vec!["pg_catalog".to_owned(), "record".to_owned()], span),
        };
        t.setof = true;
        t.span = span;
        t
    }

    fn create_function_option(&mut self) -> Option<DefElem> {
        let span = self.span();
        let option = match self.cur.kw {
            Kw::AS => {
                self.skip();
                let mut parts = vec![self.string()];
                if self.eat(T::Comma) {
                    parts.push(self.string());
                }
                def_elem("as", Some(DefArg::Strings(parts)), span)
            }
            Kw::LANGUAGE => {
                self.skip();
                def_elem("language", string_arg(self.non_reserved_word_or_string()), span)
            }
            Kw::TRANSFORM => {
                self.skip();
                let types = self.list(|p| {
                    p.expect_kw(Kw::FOR);
                    p.expect_kw(Kw::TYPE);
                    p.typename()
                });
                def_elem("transform", Some(DefArg::Types(types)), span)
            }
            Kw::WINDOW => {
                self.skip();
                def_elem("window", Some(DefArg::Boolean(true)), span)
            }
            _ => return self.common_function_option(),
        };
        Some(option)
    }

    /// What CREATE and ALTER FUNCTION share.
    pub(super) fn common_function_option(&mut self) -> Option<DefElem> {
        let span = self.span();
        let flag = |name: &str, value| Some(def_elem(name, Some(DefArg::Boolean(value)), span));
        let word = |name: &str, value: &str| Some(def_elem(name, string_arg(value), span));
        let kw = self.cur.kw;
        match kw {
            Kw::CALLED => {
                self.skip();
                self.expect_on_null_input();
                flag("strict", false)
            }
            Kw::RETURNS => {
                self.skip();
                self.expect_kw(Kw::NULL);
                self.expect_on_null_input();
                flag("strict", true)
            }
            Kw::STRICT => {
                self.skip();
                flag("strict", true)
            }
            Kw::IMMUTABLE | Kw::STABLE | Kw::VOLATILE => {
                let value = self.take_name();
                word("volatility", &value)
            }
            Kw::EXTERNAL | Kw::SECURITY => {
                if self.eat_kw(Kw::EXTERNAL) && !self.is_kw(Kw::SECURITY) {
                    return self.unexpected();
                }
                self.skip();
                let definer = self.eat_kw(Kw::DEFINER);
                if !definer {
                    self.expect_kw(Kw::INVOKER);
                }
                flag("security", definer)
            }
            Kw::LEAKPROOF => {
                self.skip();
                flag("leakproof", true)
            }
            Kw::NOT => {
                self.skip();
                self.expect_kw(Kw::LEAKPROOF);
                flag("leakproof", false)
            }
            Kw::COST | Kw::ROWS => {
                let name = self.take_name();
                let value = self.numeric_only();
                Some(def_elem(&name, Some(value), span))
            }
            Kw::SUPPORT => {
                self.skip();
                let name = self.any_name();
                Some(def_elem("support", Some(DefArg::Name(name)), span))
            }
            Kw::SET | Kw::RESET => {
                let set = self.set_reset_clause(true);
                Some(def_elem("set", Some(DefArg::Set(Rc::new(set))), span))
            }
            Kw::PARALLEL => {
                self.skip();
                let value = self.col_id();
                word("parallel", &value)
            }
            _ => None,
        }
    }

    fn expect_on_null_input(&mut self) {
        self.expect_kw(Kw::ON);
        self.expect_kw(Kw::NULL);
        self.expect_kw(Kw::INPUT);
    }

    fn return_stmt(&mut self) -> ReturnStmt {
        let span = self.span();
self.expect_kw(Kw::RETURN);
        let query = Stmt::Select(Rc::new(super::select::select_expr(self.expr())));
        ReturnStmt { query, span }
    }

    /// `RETURN expr` or `BEGIN ATOMIC … END`.
    fn opt_routine_body(&mut self) -> Option<SqlBody> {
        if self.is_kw(Kw::RETURN) {
            return Some(SqlBody::Return(Box::new(self.return_stmt())));
        }
        if !self.eat_kws(Kw::BEGIN, Kw::ATOMIC) {
            return None;
        }
        let mut stmts = Vec::new();
        while self.error.is_none() && !self.eat_kw(Kw::END) {
            if self.eat(T::Semicolon) {
                continue;
            }
            let start = self.cur.start;
            let stmt = if self.is_kw(Kw::RETURN) {
                Stmt::Return(Box::new(self.return_stmt()))
            } else {
                self.nested(Self::stmt)
            };
            stmts.push(RawStmt { stmt, span: Span { start, end: self.prev_end() } });
            self.expect(T::Semicolon);
        }
        Some(SqlBody::Atomic(stmts))
    }

    /// `ALTER FUNCTION f(…)` from the name on; `objtype` says which word it was.
    pub(super) fn alter_function(&mut self, objtype: ObjectType, span: Span) -> Stmt {
        let func = self.function_with_args();
        let object = ObjectName::WithArgs(func.clone());
        if let Some(stmt) = self.alter_common(objtype, object, span) {
            return stmt;
        }
        let mut actions = Vec::new();
        while let Some(action) = self.common_function_option() {
            actions.push(action);
        }
        if actions.is_empty() {
            return self.unexpected();
        }
        self.eat_kw(Kw::RESTRICT);
        Stmt::AlterFunction(Box::new(AlterFunctionStmt { objtype, func, actions, span }))
    }

    /// The old CREATE AGGREGATE and the new.
    pub(super) fn create_aggregate(&mut self, replace: bool, span: Span) -> Stmt {
        self.skip();
        let defnames = self.func_name();
        // `(name = value …)`: the old syntax has no argument list before the definition.
        let oldstyle = self.is(T::LParen) && self.peek(2).t == T::Eq;
        let (args, definition);
        if oldstyle {
            args = None;
            definition = self.parens(|p| {
                let span = p.span();
                let name = if p.is(T::Keyword)
                    && p.cur.kw.info().is_some_and(|k| k.category == crate::KeywordCategory::Unreserved)
                    || matches!(p.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent)
                {
                    p.take_name()
                } else {
                    return p.unexpected();
                };
                p.expect(T::Eq);
                let arg = Some(p.def_arg());
                DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span }
            });
        } else {
            args = Some(self.aggregate_args());
            definition = self.definition();
        }
        Stmt::Define(Box::new(DefineStmt {
            kind: ObjectType::Aggregate,
            oldstyle,
            defnames,
            args,
            definition,
            from: None,
            if_not_exists: false,
            replace,
            span,
        }))
    }
}

/// Equal but for where they stand.
fn same_type(a: &TypeName, b: &TypeName) -> bool {
    a.names == b.names && a.setof == b.setof && a.pct_type == b.pct_type && a.array_bounds == b.array_bounds
}
