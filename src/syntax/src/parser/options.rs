//! Lists of `name value` options, in the several forms PostgreSQL has them.

use super::Parser;
use super::names::is_non_reserved;
use crate::KeywordCategory;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

pub(super) fn def_elem(name: &str, arg: Option<DefArg>, span: Span) -> DefElem {
    DefElem { namespace: None, name: name.to_owned(), arg, action: DefElemAction::Unspecified, span }
}

pub(super) fn string_arg(value: impl Into<String>) -> Option<DefArg> {
    Some(DefArg::String(value.into()))
}

impl Parser<'_> {
    /// `TRUE`, `FALSE`, `ON`, a word that is not reserved, a string.
    pub(super) fn boolean_or_string(&mut self) -> String {
        match self.cur.kw {
            Kw::TRUE | Kw::FALSE | Kw::ON => self.take_name(),
            _ => self.non_reserved_word_or_string(),
        }
    }

    fn at_boolean_or_string(&self) -> bool {
        matches!(self.cur.kw, Kw::TRUE | Kw::FALSE | Kw::ON) || is_non_reserved(&self.cur) || self.is_string()
    }

    /// `(name [value], …)` of EXPLAIN, VACUUM and others.
    pub(super) fn utility_options(&mut self) -> Vec<DefElem> {
        self.parens(|p| {
            let span = p.span();
            let name = match p.cur.kw {
                Kw::ANALYZE | Kw::ANALYSE => {
                    p.skip();
                    "analyze".to_owned()
                }
                _ => p.non_reserved_word(),
            };
            let arg = if p.is_numeric_only() {
                Some(p.numeric_only())
            } else if p.at_boolean_or_string() {
                Some(DefArg::String(p.boolean_or_string()))
            } else {
                None
            };
            DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span }
        })
    }

    /// `(name [= value], …)`: `definition`.
    pub(super) fn definition(&mut self) -> Vec<DefElem> {
        self.parens(|p| {
            let span = p.span();
            let name = p.col_label();
            let arg = if p.eat(T::Eq) { Some(p.def_arg()) } else { None };
            DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span }
        })
    }

    /// `WITH definition`, if it stands here.
    pub(super) fn opt_with_definition(&mut self) -> Vec<DefElem> {
        if self.eat_kw(Kw::WITH) { self.definition() } else { Vec::new() }
    }

    /// `(ns.name [= value], …)`: `reloptions`.
    pub(super) fn reloptions(&mut self) -> Vec<DefElem> {
        self.parens(|p| {
            let span = p.span();
            let mut name = p.col_label();
            let mut namespace = None;
            if p.eat(T::Dot) {
                namespace = Some(std::mem::replace(&mut name, p.col_label()));
            }
            let arg = if p.eat(T::Eq) { Some(p.def_arg()) } else { None };
            DefElem { namespace, name, arg, action: DefElemAction::Unspecified, span }
        })
    }

    /// `WITH reloptions`, if it stands here.
    pub(super) fn opt_reloptions(&mut self) -> Vec<DefElem> {
        if self.is_kw(Kw::WITH) && self.peek(1).t == T::LParen {
            self.skip();
            return self.reloptions();
        }
        Vec::new()
    }

    /// A value in a definition: a type, a reserved word, an operator, a number, a string, NONE.
    pub(super) fn def_arg(&mut self) -> DefArg {
        let sign = matches!(self.cur.t, T::Plus | T::Minus);
        if self.is_numeric_only() && (!sign || self.number_follows()) {
            return self.numeric_only();
        }
        if self.is_all_op() || self.is_kw(Kw::OPERATOR) && self.peek(1).t == T::LParen {
            let OperatorName { mut qualifiers, name } = self.qual_op();
            qualifiers.push(name);
            return DefArg::Operator(qualifiers);
        }
        if self.is_string() {
            return DefArg::String(self.string());
        }
        if self.is_kw(Kw::NONE) {
            return DefArg::String(self.take_name());
        }
        if self.cur.kw.info().is_some_and(|k| k.category == KeywordCategory::Reserved) {
            return DefArg::String(self.take_name());
        }
        DefArg::TypeName(self.func_type())
    }

    fn number_follows(&self) -> bool {
        matches!(self.peek(1).t, T::Integer | T::Float)
    }

    /// `OPTIONS (name 'value', …)` of foreign objects, if it stands here.
    pub(super) fn opt_generic_options(&mut self) -> Vec<DefElem> {
        if !self.eat_kw(Kw::OPTIONS) {
            return Vec::new();
        }
        self.parens(|p| p.generic_option(DefElemAction::Unspecified))
    }

    fn generic_option(&mut self, action: DefElemAction) -> DefElem {
        let span = self.span();
        let name = self.col_label();
        let arg = Some(DefArg::String(self.string()));
        DefElem { namespace: None, name, arg, action, span }
    }

    /// `OPTIONS ([ADD | SET | DROP] name ['value'], …)`.
    pub(super) fn alter_generic_options(&mut self) -> Vec<DefElem> {
        self.expect_kw(Kw::OPTIONS);
        self.parens(|p| {
            // An option may be called by one of the words; then a string follows it.
            let word = p.cur.kw;
            let named = super::names::is_string(&p.peek(1));
            match word {
                Kw::SET | Kw::ADD if !named => {
                    p.skip();
                    p.generic_option(if word == Kw::SET { DefElemAction::Set } else { DefElemAction::Add })
                }
                Kw::DROP if !named => {
                    p.skip();
                    let span = p.span();
                    let name = p.col_label();
                    DefElem { namespace: None, name, arg: None, action: DefElemAction::Drop, span }
                }
                _ => p.generic_option(DefElemAction::Unspecified),
            }
        })
    }
}
