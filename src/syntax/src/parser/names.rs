//! Names: which words may be one where, qualified names, subscripts and fields, roles, literals that are not expressions.

use super::Parser;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::{T, Token};
use crate::literals;
use crate::{Keyword, KeywordCategory};
use tusklet_error::SqlState;

fn category(token: &Token) -> Option<&'static Keyword> {
    token.kw.info()
}

fn plain_name(token: &Token) -> bool {
    matches!(token.t, T::Ident | T::QuotedIdent | T::UnicodeIdent)
}

/// `ColId`: a column, table, … .
pub(super) fn is_col_id(token: &Token) -> bool {
    plain_name(token)
        || category(token).is_some_and(|k| matches!(k.category, KeywordCategory::Unreserved | KeywordCategory::ColName))
}

/// `type_function_name`.
pub(super) fn is_type_function_name(token: &Token) -> bool {
    plain_name(token)
        || category(token)
            .is_some_and(|k| matches!(k.category, KeywordCategory::Unreserved | KeywordCategory::TypeFuncName))
}

/// `ColLabel`: any word.
pub(super) fn is_col_label(token: &Token) -> bool {
    plain_name(token) || token.t == T::Keyword
}

/// A label without AS.
pub(super) fn is_bare_label(token: &Token) -> bool {
    plain_name(token) || category(token).is_some_and(|k| k.bare_label)
}

/// `NonReservedWord`.
pub(super) fn is_non_reserved(token: &Token) -> bool {
    plain_name(token) || category(token).is_some_and(|k| k.category != KeywordCategory::Reserved)
}

pub(super) fn is_string(token: &Token) -> bool {
    matches!(token.t, T::String | T::EscapeString | T::UnicodeString | T::DollarString)
}

impl Parser<'_> {
    /// Takes the current token's name, whatever it is.
    pub(super) fn take_name(&mut self) -> String {
        let token = self.bump();
        literals::ident(self.sql, &token)
    }

    fn name_if(&mut self, test: fn(&Token) -> bool) -> String {
        if test(&self.cur) { self.take_name() } else { self.unexpected() }
    }

    pub(super) fn col_id(&mut self) -> String {
        self.name_if(is_col_id)
    }

    /// The same: PostgreSQL's grammar calls it `name` where it is not a column.
    pub(super) fn name(&mut self) -> String {
        self.name_if(is_col_id)
    }

    pub(super) fn col_label(&mut self) -> String {
        self.name_if(is_col_label)
    }

    pub(super) fn type_function_name(&mut self) -> String {
        self.name_if(is_type_function_name)
    }

    pub(super) fn non_reserved_word(&mut self) -> String {
        self.name_if(is_non_reserved)
    }

    pub(super) fn non_reserved_word_or_string(&mut self) -> String {
        if is_string(&self.cur) { self.string() } else { self.non_reserved_word() }
    }

    pub(super) fn is_string(&self) -> bool {
        is_string(&self.cur)
    }

    pub(super) fn string(&mut self) -> String {
        if !self.is_string() {
            return self.unexpected();
        }
        let token = self.bump();
        self.sound(literals::string(self.sql, &token))
    }

    /// An unsigned integer that fits `int4`.
    pub(super) fn iconst(&mut self) -> i32 {
        if !self.is(T::Integer) {
            return self.unexpected();
        }
        let token = self.bump();
        literals::small_integer(self.text(&token).as_bytes()).unwrap_or(i32::MAX)
    }

    /// `[+|-] Iconst`.
    pub(super) fn signed_iconst(&mut self) -> i32 {
        let minus = self.is(T::Minus);
        if minus || self.is(T::Plus) {
            self.skip();
        }
        let n = self.iconst();
        if minus { -n } else { n }
    }

    pub(super) fn is_numeric_only(&self) -> bool {
        matches!(self.cur.t, T::Integer | T::Float | T::Plus | T::Minus)
    }

    /// `[+|-] number`.
    pub(super) fn numeric_only(&mut self) -> DefArg {
        let minus = self.is(T::Minus);
        if minus || self.is(T::Plus) {
            self.skip();
        }
        match self.cur.t {
            T::Integer => {
                let n = self.iconst();
                DefArg::Integer(if minus { -n } else { n })
            }
            T::Float => {
                let token = self.bump();
                let digits = self.text(&token);
                DefArg::Float(if minus { format!("-{digits}") } else { digits.to_owned() })
            }
            _ => self.unexpected(),
        }
    }

    /// `a.b.c`: `any_name`.
    pub(super) fn any_name(&mut self) -> QualifiedName {
        let mut name = vec![self.col_id()];
        self.attrs(&mut name);
        name
    }

    /// The `.b.c` after a first name.
    pub(super) fn attrs(&mut self, name: &mut QualifiedName) {
        while self.eat(T::Dot) {
            name.push(self.col_label());
        }
    }

    /// `func_name`: a function's name where no arguments need follow.
    pub(super) fn func_name(&mut self) -> QualifiedName {
        let first = self.cur;
        if !is_col_id(&first) {
            return vec![self.type_function_name()];
        }
        let name = self.take_name();
        if !matches!(self.cur.t, T::Dot | T::LBracket) {
            // A column-only keyword must be qualified to name a function.
            if !is_type_function_name(&first) {
                return self.unexpected();
            }
            return vec![name];
        }
        let indirection = self.indirection();
        self.plain_fields(name, indirection)
    }

    /// Names only: a subscript or `*` among them is an error at the token after all of them, as PostgreSQL's
    /// `check_func_name` and `check_qualified_name` raise it.
    pub(super) fn plain_fields(&mut self, first: String, indirection: Vec<Indirection>) -> QualifiedName {
        let mut all = vec![first];
        for step in indirection {
            match step {
                Indirection::Field(name) => all.push(name),
                Indirection::Star | Indirection::Index(_) | Indirection::Slice(_, _) => return self.unexpected(),
            }
        }
        all
    }

    /// `.field`, `.*`, `[i]`, `[a:b]`, as many as there are.
    pub(super) fn indirection(&mut self) -> Vec<Indirection> {
        let mut steps = Vec::new();
        loop {
            match self.cur.t {
                T::Dot => {
                    self.skip();
                    if self.eat(T::Star) {
                        steps.push(Indirection::Star);
                    } else {
                        steps.push(Indirection::Field(self.col_label()));
                    }
                }
                T::LBracket => {
                    self.skip();
                    steps.push(self.subscript());
                }
                _ => return steps,
            }
        }
    }

    fn subscript(&mut self) -> Indirection {
        let lower = if self.is(T::Colon) { None } else { Some(self.expr()) };
        if self.eat(T::Colon) {
            let upper = if self.is(T::RBracket) { None } else { Some(self.expr()) };
            self.expect(T::RBracket);
            return Indirection::Slice(lower, upper);
        }
        self.expect(T::RBracket);
        match lower {
            Some(index) => Indirection::Index(index),
            None => self.unexpected(),
        }
    }

    /// `*` may only be last: PostgreSQL's `check_indirection`.
    pub(super) fn check_indirection(&mut self, steps: &[Indirection]) {
        let star = steps.iter().position(|s| matches!(s, Indirection::Star));
        match star {
            Some(i) if i + 1 != steps.len() => self.reject(self.near("improper use of \"*\"")),
            _ => (),
        }
    }

    /// A table's name: `qualified_name`.
    pub(super) fn qualified_name(&mut self) -> RangeVar {
        let span = self.span();
        let first = self.col_id();
        if !matches!(self.cur.t, T::Dot | T::LBracket) {
            return range_var(None, None, first, span);
        }
        let steps = self.indirection();
        let names = self.plain_fields(first, steps);
        let span = span.to(Span { start: span.start, end: self.prev_end() });
        self.range_var_from(names, span, "improper qualified name (too many dotted names): ")
    }

    /// A [`RangeVar`] of at most three names.
    pub(super) fn range_var_from(&mut self, names: QualifiedName, span: Span, complaint: &str) -> RangeVar {
        let text = names.join(".");
        let mut parts = names.into_iter();
        let range = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(rel), None, _, _) => range_var(None, None, rel, span),
            (Some(schema), Some(rel), None, _) => range_var(None, Some(schema), rel, span),
            (Some(catalog), Some(schema), Some(rel), None) => range_var(Some(catalog), Some(schema), rel, span),
            _ => return self.fail(SqlState::SYNTAX_ERROR, format!("{complaint}{text}"), span),
        };
        range
    }

    pub(super) fn role_spec(&mut self) -> RoleSpec {
        let span = self.span();
        let kind = match self.cur.kw {
            Kw::CURRENT_ROLE => RoleSpecKind::CurrentRole,
            Kw::CURRENT_USER => RoleSpecKind::CurrentUser,
            Kw::SESSION_USER => RoleSpecKind::SessionUser,
            _ => {
                let name = self.non_reserved_word();
                // Quoted or not: neither can be a role's name.
                let kind = match name.as_str() {
                    "public" => RoleSpecKind::Public,
                    "none" => {
                        return self.fail(SqlState::RESERVED_NAME, "role name \"none\" is reserved", span);
                    }
                    _ => RoleSpecKind::Name(name),
                };
                return RoleSpec { kind, span };
            }
        };
        self.skip();
        RoleSpec { kind, span }
    }

    /// `RoleId`: a role that is named, not meant.
    pub(super) fn role_id(&mut self) -> String {
        let spec = self.role_spec();
        let message = match spec.kind {
            RoleSpecKind::Name(name) => return name,
            RoleSpecKind::Public => "role name \"public\" is reserved".to_owned(),
            RoleSpecKind::SessionUser => format!("{} cannot be used as a role name here", "SESSION_USER"),
            RoleSpecKind::CurrentUser => format!("{} cannot be used as a role name here", "CURRENT_USER"),
            RoleSpecKind::CurrentRole => format!("{} cannot be used as a role name here", "CURRENT_ROLE"),
        };
        self.fail(SqlState::RESERVED_NAME, message, spec.span)
    }

    /// `CASCADE`, `RESTRICT` or nothing.
    pub(super) fn opt_drop_behavior(&mut self) -> DropBehavior {
        if self.eat_kw(Kw::CASCADE) {
            return DropBehavior::Cascade;
        }
        self.eat_kw(Kw::RESTRICT);
        DropBehavior::Restrict
    }

    /// `IF EXISTS`; a lone `if` is a name.
    pub(super) fn if_exists(&mut self) -> bool {
        let yes = self.at_kws(Kw::IF, Kw::EXISTS);
        if yes {
            self.skip();
            self.skip();
        }
        yes
    }

    /// `IF NOT EXISTS`; a lone `if` is a name.
    pub(super) fn if_not_exists(&mut self) -> bool {
        if !self.at_kws(Kw::IF, Kw::NOT) {
            return false;
        }
        self.skip();
        self.skip();
        self.expect_kw(Kw::EXISTS);
        true
    }
}

/// A table that inherits, permanent, without alias.
pub(super) fn range_var(
    catalogname: Option<String>,
    schemaname: Option<String>,
    relname: String,
    span: Span,
) -> RangeVar {
    RangeVar {
        catalogname,
        schemaname,
        relname,
        inh: true,
        relpersistence: RelPersistence::Permanent,
        alias: None,
        span,
    }
}
