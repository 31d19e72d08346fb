//! Transactions, settings, prepared statements, cursors, notifications, maintenance.

use std::rc::Rc;

use super::Parser;
use super::names::is_col_id;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::SqlState;

impl Parser<'_> {
    // Transactions. The statement's first word has been taken.

    fn transaction(kind: TransactionStmtKind, span: Span) -> Stmt {
        Stmt::Transaction(Box::new(TransactionStmt { kind, span }))
    }

    fn opt_transaction(&mut self) {
        if !self.eat_kw(Kw::WORK) {
            self.eat_kw(Kw::TRANSACTION);
        }
    }

    /// `AND [NO] CHAIN`.
    fn opt_chain(&mut self) -> bool {
        if !self.eat_kw(Kw::AND) {
            return false;
        }
        let no = self.eat_kw(Kw::NO);
        self.expect_kw(Kw::CHAIN);
        !no
    }

    pub(super) fn begin_stmt(&mut self, span: Span) -> Stmt {
        self.opt_transaction();
        let options = self.opt_transaction_modes();
        Self::transaction(TransactionStmtKind::Begin { options }, span)
    }

    pub(super) fn start_stmt(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::TRANSACTION);
        let options = self.opt_transaction_modes();
        Self::transaction(TransactionStmtKind::Start { options }, span)
    }

    /// COMMIT and END.
    pub(super) fn commit_stmt(&mut self, prepared: bool, span: Span) -> Stmt {
        if prepared && self.eat_kw(Kw::PREPARED) {
            let gid = self.string();
            return Self::transaction(TransactionStmtKind::CommitPrepared(gid), span);
        }
        self.opt_transaction();
        let chain = self.opt_chain();
        Self::transaction(TransactionStmtKind::Commit { chain }, span)
    }

    /// ROLLBACK and ABORT.
    pub(super) fn rollback_stmt(&mut self, abort: bool, span: Span) -> Stmt {
        if !abort && self.eat_kw(Kw::PREPARED) {
            let gid = self.string();
            return Self::transaction(TransactionStmtKind::RollbackPrepared(gid), span);
        }
        self.opt_transaction();
        if !abort && self.eat_kw(Kw::TO) {
            let name = self.savepoint_name();
            return Self::transaction(TransactionStmtKind::RollbackTo(name), span);
        }
        let chain = self.opt_chain();
        Self::transaction(TransactionStmtKind::Rollback { chain }, span)
    }

    pub(super) fn savepoint_stmt(&mut self, span: Span) -> Stmt {
        let name = self.col_id();
        Self::transaction(TransactionStmtKind::Savepoint(name), span)
    }

    pub(super) fn release_stmt(&mut self, span: Span) -> Stmt {
        let name = self.savepoint_name();
        Self::transaction(TransactionStmtKind::Release(name), span)
    }

    /// `[SAVEPOINT] name`.
    fn savepoint_name(&mut self) -> String {
        if self.is_kw(Kw::SAVEPOINT) && is_col_id(&self.peek(1)) {
            self.skip();
        }
        self.col_id()
    }

    fn at_transaction_mode(&self) -> bool {
        matches!(self.cur.kw, Kw::ISOLATION | Kw::READ | Kw::DEFERRABLE | Kw::NOT)
    }

    fn opt_transaction_modes(&mut self) -> Vec<TransactionMode> {
        if self.at_transaction_mode() { self.transaction_modes() } else { Vec::new() }
    }

    /// One or more, commas optional.
    fn transaction_modes(&mut self) -> Vec<TransactionMode> {
        let mut all = vec![self.transaction_mode()];
        while self.eat(T::Comma) || self.at_transaction_mode() {
            all.push(self.transaction_mode());
        }
        all
    }

    fn transaction_mode(&mut self) -> TransactionMode {
        let span = self.span();
        let kind = if self.eat_kws(Kw::ISOLATION, Kw::LEVEL) {
            TransactionModeKind::Isolation(self.isolation_level())
        } else if self.eat_kw(Kw::READ) {
            let only = self.eat_kw(Kw::ONLY);
            if !only {
                self.expect_kw(Kw::WRITE);
            }
            TransactionModeKind::ReadOnly(only)
        } else {
            let not = self.eat_kw(Kw::NOT);
            self.expect_kw(Kw::DEFERRABLE);
            TransactionModeKind::Deferrable(!not)
        };
        TransactionMode { kind, span }
    }

    fn isolation_level(&mut self) -> IsolationLevel {
        if self.eat_kw(Kw::SERIALIZABLE) {
            return IsolationLevel::Serializable;
        }
        if self.eat_kws(Kw::REPEATABLE, Kw::READ) {
            return IsolationLevel::RepeatableRead;
        }
        self.expect_kw(Kw::READ);
        if self.eat_kw(Kw::COMMITTED) {
            return IsolationLevel::ReadCommitted;
        }
        self.expect_kw(Kw::UNCOMMITTED);
        IsolationLevel::ReadUncommitted
    }

    // Settings.

    /// Whether the word after the current one goes on as a setting's name does.
    fn names_setting(&self) -> bool {
        let next = self.peek(1);
        matches!(next.t, T::Eq | T::Dot) || matches!(next.kw, Kw::TO | Kw::FROM)
    }

    pub(super) fn set_stmt(&mut self, span: Span) -> Stmt {
        if self.is_kw(Kw::CONSTRAINTS) && !self.names_setting() {
            return self.set_constraints(span);
        }
        let mut is_local = false;
        if self.is_kw(Kw::LOCAL) && !self.names_setting() {
            self.skip();
            is_local = true;
        } else if self.is_kw(Kw::SESSION)
            && !self.names_setting()
            && !matches!(self.peek(1).kw, Kw::AUTHORIZATION | Kw::CHARACTERISTICS)
        {
            self.skip();
        }
        let kind = self.set_rest();
        Stmt::VariableSet(Box::new(VariableSetStmt { kind, is_local, span }))
    }

    fn set_rest(&mut self) -> VariableSetKind {
        if self.is_kw(Kw::TRANSACTION) && !self.names_setting() {
            self.skip();
            if self.eat_kw(Kw::SNAPSHOT) {
                return VariableSetKind::TransactionSnapshot(self.string());
            }
            return VariableSetKind::Transaction(self.transaction_modes());
        }
        if self.at_kws(Kw::SESSION, Kw::CHARACTERISTICS) {
            self.skip();
            self.skip();
            self.expect_kw(Kw::AS);
            self.expect_kw(Kw::TRANSACTION);
            return VariableSetKind::SessionCharacteristics(self.transaction_modes());
        }
        self.set_rest_more()
    }

    /// What SET and a function's SET clause share.
    pub(super) fn set_rest_more(&mut self) -> VariableSetKind {
        let named = |name: &str, value: String| VariableSetKind::Value {
            name: name.to_owned(),
            args: vec![SetValue::String(value)],
        };
        let default = |name: &str| VariableSetKind::Default { name: name.to_owned() };
        let plain = !self.names_setting();
        match self.cur.kw {
            Kw::TIME if self.peek(1).kw == Kw::ZONE => {
                self.skip();
                self.skip();
                return match self.zone_value() {
                    Some(value) => VariableSetKind::Value { name: "timezone".to_owned(), args: vec![value] },
                    None => VariableSetKind::Default { name: "timezone".to_owned() },
                };
            }
            Kw::CATALOG if plain => {
                self.skip();
                let at = self.span();
                self.string();
                return self.fail(SqlState::FEATURE_NOT_SUPPORTED, "current database cannot be changed", at);
            }
            Kw::SCHEMA if plain => {
                self.skip();
                return named("search_path", self.string());
            }
            Kw::NAMES if plain => {
                self.skip();
                if self.is_string() {
                    return named("client_encoding", self.string());
                }
                self.eat_kw(Kw::DEFAULT);
                return default("client_encoding");
            }
            Kw::ROLE if plain => {
                self.skip();
                return named("role", self.non_reserved_word_or_string());
            }
            Kw::SESSION if self.peek(1).kw == Kw::AUTHORIZATION => {
                self.skip();
                self.skip();
                if self.eat_kw(Kw::DEFAULT) {
                    return default("session_authorization");
                }
                return named("session_authorization", self.non_reserved_word_or_string());
            }
            Kw::XML if plain => {
                self.skip();
                self.expect_kw(Kw::OPTION);
                let document = self.eat_kw(Kw::DOCUMENT);
                if !document {
                    self.expect_kw(Kw::CONTENT);
                }
                return named("xmloption", if document { "DOCUMENT" } else { "CONTENT" }.to_owned());
            }
            Kw::TRANSACTION if plain => {
                self.skip();
                self.expect_kw(Kw::SNAPSHOT);
                return VariableSetKind::TransactionSnapshot(self.string());
            }
            _ => {}
        }
        let name = self.var_name();
        if self.eat_kw(Kw::FROM) {
            self.expect_kw(Kw::CURRENT);
            return VariableSetKind::Current { name };
        }
        self.generic_set(name)
    }

    /// `{TO | =} {values | DEFAULT}`.
    fn generic_set(&mut self, name: String) -> VariableSetKind {
        if !self.eat_kw(Kw::TO) {
            self.expect(T::Eq);
        }
        if self.eat_kw(Kw::DEFAULT) {
            return VariableSetKind::Default { name };
        }
        let args = self.list(|p| {
            if !p.is_numeric_only() {
                return SetValue::String(p.boolean_or_string());
            }
            p.set_number()
        });
        VariableSetKind::Value { name, args }
    }

    fn set_number(&mut self) -> SetValue {
        match self.numeric_only() {
            DefArg::Integer(n) => SetValue::Integer(n),
            DefArg::Float(digits) => SetValue::Float(digits),
            _ => self.unexpected(),
        }
    }

    /// `name.name…`, as one string.
    fn var_name(&mut self) -> String {
        let mut name = self.col_id();
        while self.eat(T::Dot) {
            name.push('.');
            name.push_str(&self.col_id());
        }
        name
    }

    /// What follows `SET TIME ZONE`; `None` for DEFAULT and LOCAL.
    fn zone_value(&mut self) -> Option<SetValue> {
        if self.eat_kw(Kw::DEFAULT) || self.eat_kw(Kw::LOCAL) {
            return None;
        }
        if self.is_numeric_only() {
            return Some(self.set_number());
        }
        if matches!(self.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent) {
            return Some(SetValue::String(self.take_name()));
        }
        if !self.is_kw(Kw::INTERVAL) {
            return Some(SetValue::String(self.string()));
        }
        let precise = self.peek(1).t == T::LParen;
        let value = self.interval_constant();
        let Expr::TypeCast(cast) = &value else { return self.unexpected() };
        if let Some(Expr::Const(AConst { value: Const::Integer(mask), span })) = cast.type_name.typmods.first() {
            const HOUR: i32 = 1 << 10;
            const MINUTE: i32 = 1 << 11;
            if !precise && *mask & !(HOUR | MINUTE) != 0 {
                let message = "time zone interval must be HOUR or HOUR TO MINUTE";
                return self.fail(SqlState::SYNTAX_ERROR, message, *span);
            }
        }
        Some(SetValue::Interval(Box::new(value)))
    }

    /// RESET, and the RESET of ALTER ROLE and ALTER DATABASE.
    pub(super) fn reset_rest(&mut self) -> VariableSetKind {
        if self.eat_kw(Kw::ALL) {
            return VariableSetKind::ResetAll;
        }
        VariableSetKind::Reset { name: self.shown_name() }
    }

    pub(super) fn reset_stmt(&mut self, span: Span) -> Stmt {
        let kind = self.reset_rest();
        Stmt::VariableSet(Box::new(VariableSetStmt { kind, is_local: false, span }))
    }

    /// A setting's name, in SQL's words where it has some.
    fn shown_name(&mut self) -> String {
        let name = if self.at_kws(Kw::TIME, Kw::ZONE) {
            "timezone"
        } else if self.at_kws(Kw::SESSION, Kw::AUTHORIZATION) {
            "session_authorization"
        } else if self.at_kws(Kw::TRANSACTION, Kw::ISOLATION) {
            self.skip();
            self.skip();
            self.expect_kw(Kw::LEVEL);
            return "transaction_isolation".to_owned();
        } else {
            return self.var_name();
        };
        self.skip();
        self.skip();
        name.to_owned()
    }

    pub(super) fn show_stmt(&mut self, span: Span) -> Stmt {
        let name = if self.eat_kw(Kw::ALL) { "all".to_owned() } else { self.shown_name() };
        Stmt::VariableShow(Box::new(VariableShowStmt { name, span }))
    }

    /// `SET …` or `RESET …` as part of ALTER ROLE, ALTER DATABASE, ALTER FUNCTION, CREATE FUNCTION.
    pub(super) fn set_reset_clause(&mut self, function: bool) -> VariableSetStmt {
        let span = self.span();
        let kind = if self.eat_kw(Kw::RESET) {
            self.reset_rest()
        } else {
            self.expect_kw(Kw::SET);
            if function { self.set_rest_more() } else { self.set_rest() }
        };
        VariableSetStmt { kind, is_local: false, span }
    }

    fn set_constraints(&mut self, span: Span) -> Stmt {
        self.skip();
        let constraints = if self.eat_kw(Kw::ALL) { Vec::new() } else { self.list(Self::qualified_name) };
        let deferred = self.eat_kw(Kw::DEFERRED);
        if !deferred {
            self.expect_kw(Kw::IMMEDIATE);
        }
        Stmt::Constraints(Box::new(ConstraintsSetStmt { constraints, deferred, span }))
    }

    /// `ALTER SYSTEM {SET | RESET} …`.
    pub(super) fn alter_system(&mut self, span: Span) -> Stmt {
        let kind = if self.eat_kw(Kw::RESET) {
            if self.eat_kw(Kw::ALL) {
                VariableSetKind::ResetAll
            } else {
                VariableSetKind::Reset { name: self.var_name() }
            }
        } else {
            self.expect_kw(Kw::SET);
            let name = self.var_name();
            self.generic_set(name)
        };
        Stmt::AlterSystem(Box::new(VariableSetStmt { kind, is_local: false, span }))
    }

    // Statements about statements.

    pub(super) fn explain_stmt(&mut self, span: Span) -> Stmt {
        let mut options = Vec::new();
        if self.is(T::LParen) && self.peek(1).t != T::LParen && !self.at_paren_select() {
            options = self.utility_options();
        } else {
            let at = self.span();
            if self.eat_kw(Kw::ANALYZE) || self.eat_kw(Kw::ANALYSE) {
                options.push(def_elem("analyze", None, at));
            }
            let at = self.span();
            if self.eat_kw(Kw::VERBOSE) {
                options.push(def_elem("verbose", None, at));
            }
        }
        let query = self.explainable_stmt();
        Stmt::Explain(Box::new(ExplainStmt { query, options, span }))
    }

    fn explainable_stmt(&mut self) -> Stmt {
        let span = self.span();
        match self.cur.kw {
            Kw::DECLARE => {
                self.skip();
                self.declare_stmt(span)
            }
            Kw::EXECUTE => {
                self.skip();
                self.execute_stmt(span)
            }
            Kw::REFRESH => {
                self.skip();
                self.refresh_stmt(span)
            }
            Kw::CREATE => {
                self.skip();
                self.explained_create(span)
            }
            _ => self.preparable_stmt(),
        }
    }

    pub(super) fn prepare_stmt(&mut self, span: Span) -> Stmt {
        if self.is_kw(Kw::TRANSACTION) && super::names::is_string(&self.peek(1)) {
            self.skip();
            let gid = self.string();
            return Self::transaction(TransactionStmtKind::Prepare(gid), span);
        }
        let name = self.name();
        let argtypes = self.opt_parens(Self::typename);
        self.expect_kw(Kw::AS);
        let start = self.cur.start;
        let query = Rc::new(self.preparable_stmt());
        let query_span = Span { start, end: self.prev_end() };
        Stmt::Prepare(Box::new(PrepareStmt { name, argtypes, query, query_span, span }))
    }

    pub(super) fn execute_stmt(&mut self, span: Span) -> Stmt {
        let name = self.name();
        let params = self.opt_parens(Self::expr);
        Stmt::Execute(Box::new(ExecuteStmt { name, params, span }))
    }

    pub(super) fn deallocate_stmt(&mut self, span: Span) -> Stmt {
        if self.is_kw(Kw::PREPARE) && (is_col_id(&self.peek(1)) || self.peek(1).kw == Kw::ALL) {
            self.skip();
        }
        let name = if self.eat_kw(Kw::ALL) { None } else { Some(self.name()) };
        Stmt::Deallocate(Box::new(DeallocateStmt { name, span }))
    }

    // Cursors.

    pub(super) fn declare_stmt(&mut self, span: Span) -> Stmt {
        let portalname = self.name();
        let mut options = CursorOptions::default();
        loop {
            match self.cur.kw {
                Kw::NO => {
                    self.skip();
                    self.expect_kw(Kw::SCROLL);
                    options.no_scroll = true;
                    continue;
                }
                Kw::SCROLL => options.scroll = true,
                Kw::BINARY => options.binary = true,
                Kw::ASENSITIVE => options.asensitive = true,
                Kw::INSENSITIVE => options.insensitive = true,
                _ => break,
            }
            self.skip();
        }
        self.expect_kw(Kw::CURSOR);
        if self.eat_kws(Kw::WITH, Kw::HOLD) {
            options.hold = true;
        } else {
            self.eat_kws(Kw::WITHOUT, Kw::HOLD);
        }
        self.expect_kw(Kw::FOR);
        let query = Rc::new(self.select_stmt());
        Stmt::DeclareCursor(Box::new(DeclareCursorStmt { portalname, options, query, span }))
    }

    pub(super) fn close_stmt(&mut self, span: Span) -> Stmt {
        let portalname = if self.eat_kw(Kw::ALL) { None } else { Some(self.name()) };
        Stmt::ClosePortal(Box::new(ClosePortalStmt { portalname, span }))
    }

    pub(super) fn fetch_stmt(&mut self, ismove: bool, span: Span) -> Stmt {
        let next = self.peek(1);
        // The direction words are names too: one that ends the statement is the cursor.
        let cursor_follows = matches!(next.kw, Kw::FROM | Kw::IN) || is_col_id(&next);
        let count_follows = matches!(next.t, T::Integer | T::Plus | T::Minus);
        let mut direction = FetchDirection::Forward;
        let mut how_many = 1;
        match self.cur.kw {
            Kw::NEXT if cursor_follows => {
                self.skip();
            }
            Kw::PRIOR if cursor_follows => {
                self.skip();
                direction = FetchDirection::Backward;
            }
            Kw::FIRST | Kw::LAST if cursor_follows => {
                how_many = if self.bump().kw == Kw::FIRST { 1 } else { -1 };
                direction = FetchDirection::Absolute;
            }
            Kw::ABSOLUTE | Kw::RELATIVE if count_follows => {
                let absolute = self.cur.kw == Kw::ABSOLUTE;
                self.skip();
                direction = if absolute { FetchDirection::Absolute } else { FetchDirection::Relative };
                how_many = self.signed_iconst().into();
            }
            Kw::FORWARD | Kw::BACKWARD if cursor_follows || count_follows || next.kw == Kw::ALL => {
                if self.bump().kw == Kw::BACKWARD {
                    direction = FetchDirection::Backward;
                }
                if self.eat_kw(Kw::ALL) {
                    how_many = i64::MAX;
                } else if count_follows {
                    how_many = self.signed_iconst().into();
                }
            }
            Kw::ALL => {
                self.skip();
                how_many = i64::MAX;
            }
            _ if matches!(self.cur.t, T::Integer | T::Plus | T::Minus) => how_many = self.signed_iconst().into(),
            _ => {}
        }
        if !self.eat_kw(Kw::FROM) {
            self.eat_kw(Kw::IN);
        }
        let portalname = self.name();
        Stmt::Fetch(Box::new(FetchStmt { direction, how_many, portalname, ismove, span }))
    }

    // Locks and notifications.

    pub(super) fn lock_stmt(&mut self, span: Span) -> Stmt {
        self.eat_kw(Kw::TABLE);
        let relations = self.list(Self::relation_expr);
        let mut mode = LockMode::AccessExclusive;
        if self.eat_kw(Kw::IN) {
            mode = self.lock_mode();
            self.expect_kw(Kw::MODE);
        }
        let nowait = self.eat_kw(Kw::NOWAIT);
        Stmt::Lock(Box::new(LockStmt { relations, mode, nowait, span }))
    }

    fn lock_mode(&mut self) -> LockMode {
        let word = self.cur.kw;
        match word {
            Kw::ACCESS | Kw::ROW => {
                self.skip();
                let access = word == Kw::ACCESS;
                if self.eat_kw(Kw::SHARE) {
                    return if access { LockMode::AccessShare } else { LockMode::RowShare };
                }
                self.expect_kw(Kw::EXCLUSIVE);
                if access { LockMode::AccessExclusive } else { LockMode::RowExclusive }
            }
            Kw::SHARE => {
                self.skip();
                if self.eat_kws(Kw::UPDATE, Kw::EXCLUSIVE) {
                    return LockMode::ShareUpdateExclusive;
                }
                if self.eat_kws(Kw::ROW, Kw::EXCLUSIVE) {
                    return LockMode::ShareRowExclusive;
                }
                LockMode::Share
            }
            _ => {
                self.expect_kw(Kw::EXCLUSIVE);
                LockMode::Exclusive
            }
        }
    }

    pub(super) fn notify_stmt(&mut self, span: Span) -> Stmt {
        let conditionname = self.col_id();
        let payload = if self.eat(T::Comma) { Some(self.string()) } else { None };
        Stmt::Notify(Box::new(NotifyStmt { conditionname, payload, span }))
    }

    pub(super) fn unlisten_stmt(&mut self, span: Span) -> Stmt {
        let conditionname = if self.eat(T::Star) { None } else { Some(self.col_id()) };
        Stmt::Unlisten(Box::new(UnlistenStmt { conditionname, span }))
    }

    pub(super) fn discard_stmt(&mut self) -> Stmt {
        let mode = match self.cur.kw {
            Kw::ALL => DiscardMode::All,
            Kw::PLANS => DiscardMode::Plans,
            Kw::SEQUENCES => DiscardMode::Sequences,
            Kw::TEMP | Kw::TEMPORARY => DiscardMode::Temp,
            _ => return self.unexpected(),
        };
        self.skip();
        Stmt::Discard(mode)
    }

    pub(super) fn do_stmt(&mut self, span: Span) -> Stmt {
        let mut args = Vec::new();
        loop {
            let at = self.span();
            if self.eat_kw(Kw::LANGUAGE) {
                args.push(def_elem("language", string_arg(self.non_reserved_word_or_string()), at));
            } else if self.is_string() || args.is_empty() {
                args.push(def_elem("as", string_arg(self.string()), at));
            } else {
                return Stmt::Do(Box::new(DoStmt { args, span }));
            }
        }
    }

    // Maintenance.

    pub(super) fn vacuum_stmt(&mut self, is_vacuumcmd: bool, span: Span) -> Stmt {
        let mut options = Vec::new();
        if self.is(T::LParen) {
            options = self.utility_options();
        } else {
            let words: &[(Kw, &str)] = &[(Kw::FULL, "full"), (Kw::FREEZE, "freeze"), (Kw::VERBOSE, "verbose")];
            for &(kw, name) in if is_vacuumcmd { words } else { &words[2..] } {
                let at = self.span();
                if self.eat_kw(kw) {
                    options.push(def_elem(name, None, at));
                }
            }
            let at = self.span();
            if is_vacuumcmd && (self.eat_kw(Kw::ANALYZE) || self.eat_kw(Kw::ANALYSE)) {
                options.push(def_elem("analyze", None, at));
            }
        }
        let mut rels = Vec::new();
        if is_col_id(&self.cur) {
            rels = self.list(|p| {
                let relation = p.qualified_name();
                VacuumRelation { relation, va_cols: p.opt_parens(Self::name) }
            });
        }
        Stmt::Vacuum(Box::new(VacuumStmt { options, rels, is_vacuumcmd, span }))
    }

    pub(super) fn cluster_stmt(&mut self, span: Span) -> Stmt {
        let mut params = Vec::new();
        let parens = self.is(T::LParen);
        if parens {
            params = self.utility_options();
        } else {
            let at = self.span();
            if self.eat_kw(Kw::VERBOSE) {
                params.push(def_elem("verbose", None, at));
            }
        }
        let mut relation = None;
        let mut indexname = None;
        if parens || is_col_id(&self.cur) {
            if !parens && self.peek(1).kw == Kw::ON {
                indexname = Some(self.name());
                self.skip();
                relation = Some(self.qualified_name());
            } else {
                relation = Some(self.qualified_name());
                if self.eat_kw(Kw::USING) {
                    indexname = Some(self.name());
                }
            }
        }
        Stmt::Cluster(Box::new(ClusterStmt { relation, indexname, params, span }))
    }

    pub(super) fn reindex_stmt(&mut self, span: Span) -> Stmt {
        let mut params = if self.is(T::LParen) { self.utility_options() } else { Vec::new() };
        let kind = self.cur.kw;
        if !matches!(kind, Kw::INDEX | Kw::TABLE | Kw::SCHEMA | Kw::SYSTEM | Kw::DATABASE) {
            return self.unexpected();
        }
        self.skip();
        let at = self.span();
        if self.eat_kw(Kw::CONCURRENTLY) {
            params.push(def_elem("concurrently", None, at));
        }
        let target = match kind {
            Kw::INDEX => ReindexTarget::Index(self.qualified_name()),
            Kw::TABLE => ReindexTarget::Table(self.qualified_name()),
            Kw::SCHEMA => ReindexTarget::Schema(self.name()),
            Kw::SYSTEM => ReindexTarget::System(self.name()),
            _ => ReindexTarget::Database(self.name()),
        };
        Stmt::Reindex(Box::new(ReindexStmt { target, params, span }))
    }

    pub(super) fn refresh_stmt(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::MATERIALIZED);
        self.expect_kw(Kw::VIEW);
        let concurrent = self.eat_kw(Kw::CONCURRENTLY);
        let relation = self.qualified_name();
        let skip_data = self.opt_with_data();
        Stmt::RefreshMatView(Box::new(RefreshMatViewStmt { concurrent, skip_data, relation, span }))
    }

    /// `WITH [NO] DATA`; true for NO DATA.
    pub(super) fn opt_with_data(&mut self) -> bool {
        if !self.eat_kw(Kw::WITH) {
            return false;
        }
        let no = self.eat_kw(Kw::NO);
        self.expect_kw(Kw::DATA);
        no
    }
}
