//! Triggers, event triggers, rules, policies.

use std::rc::Rc;

use super::Parser;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

impl Parser<'_> {
    pub(super) fn create_trigger(&mut self, replace: bool, span: Span) -> Stmt {
        let isconstraint = self.eat_kw(Kw::CONSTRAINT);
        self.expect_kw(Kw::TRIGGER);
        let trigname = self.name();
        let timing = match self.cur.kw {
            Kw::BEFORE if !isconstraint => TriggerTiming::Before,
            Kw::AFTER => TriggerTiming::After,
            Kw::INSTEAD if !isconstraint => {
                self.skip();
                if !self.is_kw(Kw::OF) {
                    return self.unexpected();
                }
                TriggerTiming::InsteadOf
            }
            _ => return self.unexpected(),
        };
        self.skip();
        let events = self.trigger_events();
        self.expect_kw(Kw::ON);
        let relation = self.qualified_name();
        let mut stmt = CreateTrigStmt {
            replace,
            isconstraint,
            trigname,
            relation,
            funcname: Vec::new(),
            args: Vec::new(),
            row: isconstraint,
            timing,
            events,
            when_clause: None,
            transition_rels: Vec::new(),
            deferrable: false,
            initdeferred: false,
            constrrel: None,
            span,
        };
        if isconstraint {
            if self.eat_kw(Kw::FROM) {
                stmt.constrrel = Some(self.qualified_name());
            }
            let a = self.constraint_attributes();
            self.check_attributes(a, "TRIGGER", (true, false, false));
            stmt.deferrable = a.deferrable || a.deferred;
            stmt.initdeferred = a.deferred;
            self.expect_kw(Kw::FOR);
            self.expect_kw(Kw::EACH);
            self.expect_kw(Kw::ROW);
        } else {
            if self.eat_kw(Kw::REFERENCING) {
                stmt.transition_rels.push(self.transition());
                while matches!(self.cur.kw, Kw::OLD | Kw::NEW) {
                    stmt.transition_rels.push(self.transition());
                }
            }
            if self.eat_kw(Kw::FOR) {
                self.eat_kw(Kw::EACH);
                stmt.row = self.eat_kw(Kw::ROW);
                if !stmt.row {
                    self.expect_kw(Kw::STATEMENT);
                }
            }
        }
        if self.eat_kw(Kw::WHEN) {
            stmt.when_clause = Some(Rc::new(self.paren_expr()));
        }
        stmt.funcname = self.execute_function();
        self.expect(T::LParen);
        if !self.is(T::RParen) {
            stmt.args = self.list(Self::trigger_arg);
        }
        self.expect(T::RParen);
        if replace && isconstraint {
            let message = "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported";
            return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, span);
        }
        Stmt::CreateTrig(Box::new(stmt))
    }

    /// `EXECUTE {FUNCTION | PROCEDURE} name`.
    fn execute_function(&mut self) -> QualifiedName {
        self.expect_kw(Kw::EXECUTE);
        if !self.eat_kw(Kw::FUNCTION) {
            self.expect_kw(Kw::PROCEDURE);
        }
        self.func_name()
    }

    fn trigger_arg(&mut self) -> String {
        match self.cur.t {
            T::Integer | T::Float => {
                let token = self.bump();
                let text = self.text(&token);
                // An integer is printed from its value: leading zeros go.
                let digits = text.trim_start_matches('0');
                if token.t == T::Float || digits.is_empty() && text.len() == 1 {
                    text.to_owned()
                } else if digits.is_empty() {
                    "0".to_owned()
                } else {
                    digits.to_owned()
                }
            }
            _ if self.is_string() => self.string(),
            _ => self.col_label(),
        }
    }

    fn trigger_events(&mut self) -> Vec<TriggerEvent> {
        let mut events: Vec<TriggerEvent> = Vec::new();
        loop {
            let event = match self.cur.kw {
                Kw::INSERT => TriggerEvent::Insert,
                Kw::DELETE => TriggerEvent::Delete,
                Kw::TRUNCATE => TriggerEvent::Truncate,
                Kw::UPDATE => TriggerEvent::Update { columns: Vec::new() },
                _ => return self.unexpected(),
            };
            self.skip();
            let event = match event {
                TriggerEvent::Update { .. } if self.eat_kw(Kw::OF) => {
                    TriggerEvent::Update { columns: self.list(Self::col_id) }
                }
                event => event,
            };
            let same = |e: &TriggerEvent| std::mem::discriminant(e) == std::mem::discriminant(&event);
            if events.iter().any(same) {
                return self.reject(self.near("duplicate trigger events specified"));
            }
            events.push(event);
            if !self.eat_kw(Kw::OR) {
                return events;
            }
        }
    }

    fn transition(&mut self) -> TriggerTransition {
        let is_new = self.eat_kw(Kw::NEW);
        if !is_new {
            self.expect_kw(Kw::OLD);
        }
        let is_table = self.eat_kw(Kw::TABLE);
        if !is_table {
            self.expect_kw(Kw::ROW);
        }
        self.eat_kw(Kw::AS);
        TriggerTransition { name: self.col_id(), is_new, is_table }
    }

    pub(super) fn create_event_trigger(&mut self, span: Span) -> Stmt {
        self.skip();
        self.expect_kw(Kw::TRIGGER);
        let trigname = self.name();
        self.expect_kw(Kw::ON);
        let eventname = self.col_label();
        let mut whenclause = Vec::new();
        if self.eat_kw(Kw::WHEN) {
            loop {
                let span = self.span();
                let name = self.col_id();
                self.expect_kw(Kw::IN);
                let arg = Some(DefArg::Strings(self.parens(Self::string)));
                whenclause.push(DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span });
                if !self.eat_kw(Kw::AND) {
                    break;
                }
            }
        }
        let funcname = self.execute_function();
        self.expect(T::LParen);
        self.expect(T::RParen);
        Stmt::CreateEventTrig(Box::new(CreateEventTrigStmt { trigname, eventname, whenclause, funcname, span }))
    }

    pub(super) fn alter_event_trigger(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::TRIGGER);
        let trigname = self.name();
        let mode = match self.cur.kw {
            Kw::DISABLE => TriggerMode::Disable,
            Kw::ENABLE => match self.peek(1).kw {
                Kw::REPLICA => TriggerMode::EnableReplica,
                Kw::ALWAYS => TriggerMode::EnableAlways,
                _ => TriggerMode::Enable,
            },
            _ => {
                let object = ObjectName::Name(vec![trigname]);
                return self.alter_only_common(ObjectType::EventTrigger, object, span);
            }
        };
        self.skip();
        if matches!(mode, TriggerMode::EnableReplica | TriggerMode::EnableAlways) {
            self.skip();
        }
        Stmt::AlterEventTrig(Box::new(AlterEventTrigStmt { trigname, mode, span }))
    }

    pub(super) fn create_rule(&mut self, replace: bool, span: Span) -> Stmt {
        self.skip();
        let rulename = self.name();
        self.expect_kw(Kw::AS);
        self.expect_kw(Kw::ON);
        let event = match self.cur.kw {
            Kw::SELECT => RuleEvent::Select,
            Kw::UPDATE => RuleEvent::Update,
            Kw::DELETE => RuleEvent::Delete,
            Kw::INSERT => RuleEvent::Insert,
            _ => return self.unexpected(),
        };
        self.skip();
        self.expect_kw(Kw::TO);
        let relation = self.qualified_name();
        let where_clause = self.where_clause();
        self.expect_kw(Kw::DO);
        let instead = self.eat_kw(Kw::INSTEAD);
        if !instead {
            self.eat_kw(Kw::ALSO);
        }
        let mut actions = Vec::new();
        if self.eat_kw(Kw::NOTHING) {
            // No action at all.
        } else if self.is(T::LParen) && !self.at_paren_query_only() {
            self.skip();
            loop {
                if !self.is(T::Semicolon) && !self.is(T::RParen) {
                    actions.push(self.rule_action());
                }
                if !self.eat(T::Semicolon) {
                    break;
                }
            }
            self.expect(T::RParen);
        } else {
            actions.push(self.rule_action());
        }
        Stmt::Rule(Box::new(RuleStmt { relation, rulename, where_clause, event, instead, actions, replace, span }))
    }

    /// `((query))`: the parentheses are the query's. One pair alone could be either, and means the same.
    fn at_paren_query_only(&self) -> bool {
        self.peek(1).t == T::LParen && self.at_paren_select()
    }

    fn rule_action(&mut self) -> RawStmt {
        let start = self.cur.start;
        let stmt = match self.cur.kw {
            Kw::NOTIFY => {
                let span = self.span();
                self.skip();
                self.notify_stmt(span)
            }
            Kw::MERGE => return self.unexpected(),
            _ => self.nested(Self::preparable_stmt),
        };
        RawStmt { stmt, span: Span { start, end: self.prev_end() } }
    }

    pub(super) fn create_policy(&mut self, span: Span) -> Stmt {
        self.skip();
        let policy_name = self.name();
        self.expect_kw(Kw::ON);
        let table = self.qualified_name();
        let mut permissive = true;
        if self.eat_kw(Kw::AS) {
            let at = self.span();
            if !self.is(T::Ident) && !self.is(T::QuotedIdent) && !self.is(T::UnicodeIdent) {
                return self.unexpected();
            }
            let word = self.take_name();
            match word.as_str() {
                "permissive" => {}
                "restrictive" => permissive = false,
                _ => {
                    let message = format!("unrecognized row security option \"{word}\"");
                    let error = Error::new(SqlState::SYNTAX_ERROR, message);
                    let hint = "Only PERMISSIVE or RESTRICTIVE policies are supported currently.";
                    return self.reject(error.hint(hint).at(at));
                }
            }
        }
        let mut cmd_name = "all".to_owned();
        if self.eat_kw(Kw::FOR) {
            match self.cur.kw {
                Kw::ALL | Kw::SELECT | Kw::INSERT | Kw::UPDATE | Kw::DELETE => cmd_name = self.take_name(),
                _ => return self.unexpected(),
            }
        }
        let roles = if self.eat_kw(Kw::TO) {
            self.list(Self::role_spec)
        } else {
            vec![RoleSpec { kind: RoleSpecKind::Public, span: Span::NONE }]
        };
        let (qual, with_check) = self.policy_conditions();
        Stmt::CreatePolicy(Box::new(CreatePolicyStmt {
            policy_name,
            table,
            cmd_name,
            permissive,
            roles,
            qual,
            with_check,
            span,
        }))
    }

    /// `USING (…) WITH CHECK (…)`.
    fn policy_conditions(&mut self) -> (Option<Expr>, Option<Expr>) {
        let (mut qual, mut with_check) = (None, None);
        if self.eat_kw(Kw::USING) {
            qual = Some(self.paren_expr());
        }
        if self.eat_kws(Kw::WITH, Kw::CHECK) {
            with_check = Some(self.paren_expr());
        }
        (qual, with_check)
    }

    pub(super) fn alter_policy(&mut self, span: Span) -> Stmt {
        let missing_ok = self.if_exists();
        let policy_name = self.name();
        self.expect_kw(Kw::ON);
        let table = self.qualified_name();
        if missing_ok || self.is_kw(Kw::RENAME) {
            let relation = RenameTarget::Relation(table);
            return self.rename_sub(ObjectType::Policy, relation, policy_name, missing_ok, span);
        }
        let roles = if self.eat_kw(Kw::TO) { Some(self.list(Self::role_spec)) } else { None };
        let (qual, with_check) = self.policy_conditions();
        Stmt::AlterPolicy(Box::new(AlterPolicyStmt { policy_name, table, roles, qual, with_check, span }))
    }
}
