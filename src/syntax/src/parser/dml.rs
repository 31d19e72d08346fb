//! INSERT, UPDATE, DELETE, MERGE, TRUNCATE.

use std::rc::Rc;

use super::Parser;
use super::names::is_col_id;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

impl Parser<'_> {
    /// SELECT, INSERT, UPDATE, DELETE, MERGE: `PreparableStmt`.
    pub(super) fn preparable_stmt(&mut self) -> Stmt {
        let span = self.span();
        let with = if self.is_kw(Kw::WITH) { Some(Box::new(self.with_clause())) } else { None };
        match self.cur.kw {
            Kw::INSERT => self.insert_stmt(with, span),
            Kw::UPDATE => self.update_stmt(with, span),
            Kw::DELETE => self.delete_stmt(with, span),
            Kw::MERGE => self.merge_stmt(with, span),
            _ => Stmt::Select(Rc::new(self.select_after_with(with, span))),
        }
    }

    /// Whether the token after the current parenthesis, or parentheses, begins a query.
    pub(super) fn at_paren_select(&self) -> bool {
        let mut n = 0;
        while self.peek(n).t == T::LParen {
            n += 1;
        }
        let token = self.peek(n);
        n > 0
            && (matches!(token.kw, Kw::SELECT | Kw::TABLE | Kw::WITH)
                || token.kw == Kw::VALUES && self.peek(n + 1).t == T::LParen)
    }

    fn insert_stmt(&mut self, with_clause: Option<Box<WithClause>>, span: Span) -> Stmt {
        self.expect_kw(Kw::INSERT);
        self.expect_kw(Kw::INTO);
        let mut relation = self.qualified_name();
        if self.eat_kw(Kw::AS) {
            relation.alias = Some(Alias { aliasname: self.col_id(), colnames: Vec::new() });
        }
        let mut stmt = InsertStmt {
            with_clause,
            relation,
            cols: Vec::new(),
            overriding: OverridingKind::NotSet,
            select_stmt: None,
            on_conflict_clause: None,
            returning_list: Vec::new(),
            span,
        };
        if self.eat_kw(Kw::DEFAULT) {
            self.expect_kw(Kw::VALUES);
        } else {
            // Two parentheses can only begin a query: a column's name has none.
            if self.is(T::LParen) && !self.at_paren_select() && self.peek(1).t != T::LParen {
                stmt.cols = self.parens(Self::assign_target);
            }
            stmt.overriding = self.overriding();
            stmt.select_stmt = Some(Rc::new(self.select_stmt()));
        }
        if self.is_kw(Kw::ON) {
            stmt.on_conflict_clause = Some(Box::new(self.on_conflict()));
        }
        stmt.returning_list = self.returning();
        Stmt::Insert(Box::new(stmt))
    }

    fn overriding(&mut self) -> OverridingKind {
        if !self.eat_kw(Kw::OVERRIDING) {
            return OverridingKind::NotSet;
        }
        let kind = if self.eat_kw(Kw::USER) {
            OverridingKind::UserValue
        } else {
            self.expect_kw(Kw::SYSTEM);
            OverridingKind::SystemValue
        };
        self.expect_kw(Kw::VALUE);
        kind
    }

    fn assign_target(&mut self) -> AssignTarget {
        let span = self.span();
        let name = self.col_id();
        let indirection = self.indirection();
        self.check_indirection(&indirection);
        AssignTarget { name, indirection: indirection.into(), span }
    }

    fn on_conflict(&mut self) -> OnConflictClause {
        let span = self.span();
        self.skip();
        self.expect_kw(Kw::CONFLICT);
        let at = self.span();
        let infer = if self.is(T::LParen) {
            let index_elems = self.parens(Self::index_elem);
            let where_clause = self.where_clause();
            Some(InferClause { index_elems, where_clause, conname: None, span: at })
        } else if self.eat_kws(Kw::ON, Kw::CONSTRAINT) {
            let conname = Some(self.name());
            Some(InferClause { index_elems: Vec::new(), where_clause: None, conname, span: at })
        } else {
            None
        };
        self.expect_kw(Kw::DO);
        let action = if self.eat_kw(Kw::NOTHING) {
            OnConflictAction::Nothing
        } else {
            self.expect_kw(Kw::UPDATE);
            self.expect_kw(Kw::SET);
            let target_list = self.set_clause_list();
            OnConflictAction::Update { target_list, where_clause: self.where_clause() }
        };
        OnConflictClause { infer, action, span }
    }

    fn set_clause_list(&mut self) -> Vec<SetClause> {
        self.list(|p| {
            if p.is(T::LParen) {
                let targets = p.parens(Self::assign_target);
                p.expect(T::Eq);
                return SetClause::Multi { targets, source: p.expr() };
            }
            let target = p.assign_target();
            p.expect(T::Eq);
            SetClause::Single { target, val: p.expr() }
        })
    }

    /// The table of UPDATE, DELETE and MERGE: SET is never its alias.
    fn relation_opt_alias(&mut self) -> RangeVar {
        let mut relation = self.relation_expr();
        if self.eat_kw(Kw::AS) || is_col_id(&self.cur) && !self.is_kw(Kw::SET) {
            relation.alias = Some(Alias { aliasname: self.col_id(), colnames: Vec::new() });
        }
        relation
    }

    /// `WHERE condition` or `WHERE CURRENT OF cursor`.
    fn where_or_current(&mut self) -> Option<Expr> {
        if self.is_kw(Kw::WHERE) && self.peek(1).kw == Kw::CURRENT && self.peek(2).kw == Kw::OF {
            self.skip();
            let span = self.span();
            self.skip();
            self.skip();
            let cursor_name = self.name();
            return Some(Expr::CurrentOf(CurrentOfExpr { cursor_name, span }));
        }
        self.where_clause()
    }

    fn update_stmt(&mut self, with_clause: Option<Box<WithClause>>, span: Span) -> Stmt {
        self.expect_kw(Kw::UPDATE);
        let relation = self.relation_opt_alias();
        self.expect_kw(Kw::SET);
        let target_list = self.set_clause_list();
        let from_clause = if self.is_kw(Kw::FROM) { self.parse_from_clause() } else { Vec::new() };
        let where_clause = self.where_or_current();
        let returning_list = self.returning();
        Stmt::Update(Box::new(UpdateStmt {
            with_clause,
            relation,
            target_list,
            from_clause,
            where_clause,
            returning_list,
            span,
        }))
    }

    fn delete_stmt(&mut self, with_clause: Option<Box<WithClause>>, span: Span) -> Stmt {
        self.expect_kw(Kw::DELETE);
        self.expect_kw(Kw::FROM);
        let relation = self.relation_opt_alias();
        let using_clause = if self.eat_kw(Kw::USING) { self.list(Self::table_ref) } else { Vec::new() };
        let where_clause = self.where_or_current();
        let returning_list = self.returning();
        Stmt::Delete(Box::new(DeleteStmt { with_clause, relation, using_clause, where_clause, returning_list, span }))
    }

    fn merge_stmt(&mut self, with_clause: Option<Box<WithClause>>, span: Span) -> Stmt {
        self.expect_kw(Kw::MERGE);
        self.expect_kw(Kw::INTO);
        let relation = self.relation_opt_alias();
        self.expect_kw(Kw::USING);
        let source_relation = self.table_ref();
        self.expect_kw(Kw::ON);
        let join_condition = self.expr();
        let mut merge_when_clauses = Vec::new();
        if !self.is_kw(Kw::WHEN) {
            return self.unexpected();
        }
        while self.is_kw(Kw::WHEN) {
            merge_when_clauses.push(self.merge_when());
        }
        Stmt::Merge(Box::new(MergeStmt {
            with_clause,
            relation,
            source_relation,
            join_condition,
            merge_when_clauses,
            span,
        }))
    }

    fn merge_when(&mut self) -> MergeWhenClause {
        let span = self.span();
        self.skip();
        let matched = !self.eat_kw(Kw::NOT);
        self.expect_kw(Kw::MATCHED);
        let condition = if self.eat_kw(Kw::AND) { Some(self.expr()) } else { None };
        self.expect_kw(Kw::THEN);
        let action = if self.eat_kws(Kw::DO, Kw::NOTHING) {
            MergeAction::DoNothing
        } else if !matched {
            self.merge_insert()
        } else if self.eat_kw(Kw::DELETE) {
            MergeAction::Delete
        } else {
            self.expect_kw(Kw::UPDATE);
            self.expect_kw(Kw::SET);
            MergeAction::Update { target_list: self.set_clause_list() }
        };
        MergeWhenClause { matched, condition, action, span }
    }

    fn merge_insert(&mut self) -> MergeAction {
        self.expect_kw(Kw::INSERT);
        if self.eat_kws(Kw::DEFAULT, Kw::VALUES) {
            return MergeAction::Insert { cols: Vec::new(), overriding: OverridingKind::NotSet, values: None };
        }
        let cols = self.opt_parens(Self::assign_target);
        let overriding = self.overriding();
        self.expect_kw(Kw::VALUES);
        let values = Some(self.parens(Self::expr));
        MergeAction::Insert { cols, overriding, values }
    }

    pub(super) fn truncate_stmt(&mut self, span: Span) -> Stmt {
        self.eat_kw(Kw::TABLE);
        let relations = self.list(Self::relation_expr);
        let restart_seqs = self.eat_kw(Kw::RESTART);
        if restart_seqs || self.eat_kw(Kw::CONTINUE) {
            self.expect_kw(Kw::IDENTITY);
        }
        let behavior = self.opt_drop_behavior();
        Stmt::Truncate(Box::new(TruncateStmt { relations, restart_seqs, behavior, span }))
    }
}
