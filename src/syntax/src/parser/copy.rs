//! COPY.

use super::Parser;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::SqlState;

impl Parser<'_> {
    pub(super) fn copy_stmt(&mut self, span: Span) -> Stmt {
        let mut options = Vec::new();
        if self.is(T::LParen) {
            self.skip();
            let query = self.nested(Self::preparable_stmt);
            self.expect(T::RParen);
            self.expect_kw(Kw::TO);
            let target = self.copy_target();
            self.eat_kw(Kw::WITH);
            self.copy_options(&mut options);
            let source = CopySource::Query(query);
            return Stmt::Copy(Box::new(CopyStmt {
                source,
                is_from: false,
                target,
                options,
                where_clause: None,
                span,
            }));
        }
        if self.is_kw(Kw::BINARY) {
            let at = self.span();
            self.skip();
            options.push(def_elem("format", string_arg("binary"), at));
        }
        let relation = self.qualified_name();
        let attlist = self.opt_parens(Self::col_id);
        let is_from = self.eat_kw(Kw::FROM);
        if !is_from {
            self.expect_kw(Kw::TO);
        }
        let target = self.copy_target();
        let at = self.span();
        if self.eat_kw(Kw::USING) {
            self.expect_kw(Kw::DELIMITERS);
            options.push(def_elem("delimiter", string_arg(self.string()), at));
        } else if self.eat_kw(Kw::DELIMITERS) {
            options.push(def_elem("delimiter", string_arg(self.string()), at));
        }
        self.eat_kw(Kw::WITH);
        self.copy_options(&mut options);
        let at = self.span();
        let where_clause = self.where_clause();
        if where_clause.is_some() && !is_from {
            return self.fail(SqlState::SYNTAX_ERROR, "WHERE clause not allowed with COPY TO", at);
        }
        let source = CopySource::Table { relation, attlist };
        Stmt::Copy(Box::new(CopyStmt { source, is_from, target, options, where_clause, span }))
    }

    fn copy_target(&mut self) -> CopyTarget {
        // PROGRAM cannot be anything else here.
        let program = self.eat_kw(Kw::PROGRAM);
        let at = self.span();
        if self.eat_kw(Kw::STDIN) || self.eat_kw(Kw::STDOUT) {
            if program {
                return self.fail(SqlState::SYNTAX_ERROR, "STDIN/STDOUT not allowed with PROGRAM", at);
            }
            return CopyTarget::Std;
        }
        let name = self.string();
        if program { CopyTarget::Program(name) } else { CopyTarget::File(name) }
    }

    fn copy_options(&mut self, options: &mut Vec<DefElem>) {
        if self.is(T::LParen) {
            options.extend(self.parens(|p| {
                let span = p.span();
                let name = p.col_label();
                let arg = p.copy_option_value();
                DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span }
            }));
            return;
        }
        loop {
            let span = self.span();
            let word = self.cur.kw;
            let option = match word {
                Kw::BINARY | Kw::CSV => {
                    let name = self.take_name();
                    def_elem("format", string_arg(name), span)
                }
                Kw::FREEZE | Kw::HEADER => {
                    let name = self.take_name();
                    def_elem(&name, Some(DefArg::Boolean(true)), span)
                }
                Kw::DELIMITER | Kw::NULL | Kw::QUOTE | Kw::ESCAPE => {
                    let name = self.take_name();
                    self.eat_kw(Kw::AS);
                    def_elem(&name, string_arg(self.string()), span)
                }
                Kw::ENCODING => {
                    self.skip();
                    def_elem("encoding", string_arg(self.string()), span)
                }
                Kw::FORCE => {
                    self.skip();
                    let name = if self.eat_kw(Kw::QUOTE) {
                        "force_quote"
                    } else if self.eat_kws(Kw::NOT, Kw::NULL) {
                        "force_not_null"
                    } else {
                        self.expect_kw(Kw::NULL);
                        "force_null"
                    };
                    let arg = if name == "force_quote" && self.eat(T::Star) {
                        DefArg::Star
                    } else {
                        DefArg::Strings(self.list(Self::col_id))
                    };
                    def_elem(name, Some(arg), span)
                }
                _ => return,
            };
            options.push(option);
        }
    }

    fn copy_option_value(&mut self) -> Option<DefArg> {
        if self.is(T::Comma) || self.is(T::RParen) {
            return None;
        }
        if self.eat(T::Star) {
            return Some(DefArg::Star);
        }
        if self.is(T::LParen) {
            return Some(DefArg::Strings(self.parens(Self::boolean_or_string)));
        }
        if self.is_numeric_only() {
            return Some(self.numeric_only());
        }
        Some(DefArg::String(self.boolean_or_string()))
    }
}
