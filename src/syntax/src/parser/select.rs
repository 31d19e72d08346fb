//! Queries: set operations, SELECT and its clauses, WITH, windows.

use std::cell::RefCell;
use std::rc::Rc;

use super::Parser;
use super::expr::{int_one, null_const};
use super::names::{is_bare_label, is_col_id};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, Result, SqlState};

/// What may follow the body of a query: PostgreSQL's `insertSelectOptions` merges it into the query.
#[derive(Default)]
struct Options {
    sort: Vec<SortBy>,
    offset: Option<Expr>,
    count: Option<Expr>,
    with_ties: bool,
    locking: Vec<LockingClause>,
}

fn query(body: SelectBody, span: Span) -> SelectStmt {
    SelectStmt {
        with_clause: None,
        body,
        sort_clause: Vec::new(),
        limit_offset: None,
        limit_count: None,
        limit_option: LimitOption::Count,
        locking_clause: Vec::new(),
        span,
    }
}

/// `SELECT * FROM relation`.
fn select_star_from(relation: RangeVar, span: Span) -> SelectStmt {
    let star = Expr::ColumnRef(ColumnRef { fields: Vec::new(), star: true, span: Span::NONE });
    let mut core = empty_core();
    core.target_list.push(ResTarget { name: None, val: star, span: Span::NONE });
    core.from_clause.push(FromItem::RangeVar(relation));
    query(SelectBody::Select(Box::new(core)), span)
}

/// `SELECT expr`, of which RETURN is short for.
pub(super) fn select_expr(val: Expr) -> SelectStmt {
    let mut core = empty_core();
    core.target_list.push(ResTarget { name: None, val, span: Span::NONE });
    query(SelectBody::Select(Box::new(core)), Span::NONE)
}

fn empty_core() -> SelectCore {
    SelectCore {
        distinct: None,
        target_list: Vec::new(),
        into_clause: Default::default(),
        from_clause: Vec::new(),
        where_clause: None,
        group_clause: Vec::new(),
        group_distinct: false,
        having_clause: None,
        window_clause: Vec::new(),
    }
}

/// The query of `CREATE RECURSIVE VIEW name (columns) AS query`.
pub(super) fn recursive_view_query(name: &str, columns: &[String], inner: SelectStmt) -> SelectStmt {
    let cte = CommonTableExpr {
        ctename: name.to_owned(),
        aliascolnames: columns.to_vec(),
        materialized: CteMaterialize::Default,
        query: Rc::new(Stmt::Select(Rc::new(inner))),
        search_clause: None,
        cycle_clause: None,
        span: Span::NONE,
    };
    let mut core = empty_core();
    core.target_list = columns
        .iter()
        .map(|c| {
            let val = Expr::ColumnRef(ColumnRef { fields: vec![c.clone()], star: false, span: Span::NONE });
            ResTarget { name: None, val, span: Span::NONE }
        })
        .collect();
    let relation = super::names::range_var(None, None, name.to_owned(), Span::NONE);
    core.from_clause.push(FromItem::RangeVar(relation));
    let mut outer = query(SelectBody::Select(Box::new(core)), Span::NONE);
    outer.with_clause = Some(Box::new(WithClause { ctes: vec![cte], recursive: true, span: Span::NONE }));
    outer
}

impl Parser<'_> {
    /// Whether a query starts here, parentheses aside.
    pub(super) fn at_select(&self) -> bool {
        match self.cur.kw {
            Kw::SELECT | Kw::TABLE | Kw::WITH => true,
            // A column may be called so.
            Kw::VALUES => self.peek(1).t == T::LParen,
            _ => false,
        }
    }

    /// Whether a query in parentheses goes on here.
    pub(super) fn at_select_rest(&self) -> bool {
        matches!(
            self.cur.kw,
            Kw::UNION | Kw::INTERSECT | Kw::EXCEPT | Kw::ORDER | Kw::LIMIT | Kw::OFFSET | Kw::FETCH | Kw::FOR
        )
    }

    /// A query, in parentheses or not.
    pub(super) fn select_stmt(&mut self) -> SelectStmt {
        self.select_no_parens()
    }

    /// `(query)`, any number of parentheses.
    pub(super) fn select_with_parens(&mut self) -> SelectStmt {
        self.nested(|p| {
            p.expect(T::LParen);
            let query = if p.at_select() || p.is(T::LParen) || p.is_kw(Kw::VALUES) {
                p.select_no_parens()
            } else {
                return p.unexpected();
            };
            p.expect(T::RParen);
            query
        })
    }

    /// A query with all it may have around it.
    pub(super) fn select_no_parens(&mut self) -> SelectStmt {
        let span = self.span();
        let with = if self.is_kw(Kw::WITH) { Some(Box::new(self.with_clause())) } else { None };
        self.select_after_with(with, span)
    }

    pub(super) fn select_after_with(&mut self, with: Option<Box<WithClause>>, span: Span) -> SelectStmt {
        self.nested(|p| {
            let left = p.select_primary();
            p.select_rest_body(left, with, span)
        })
    }

    /// Goes on after a first operand that was parsed already.
    pub(super) fn select_rest(&mut self, left: SelectStmt, with: Option<Box<WithClause>>, span: Span) -> SelectStmt {
        self.nested(|p| p.select_rest_body(left, with, span))
    }

    fn select_rest_body(&mut self, left: SelectStmt, with: Option<Box<WithClause>>, span: Span) -> SelectStmt {
        let mut query = self.set_operations(left, 0);
        let options = self.select_options();
        let options = apply_options(&mut query, options);
        self.sound(options);
        if let Some(with) = with {
            if query.with_clause.is_some() {
                return self.fail(SqlState::SYNTAX_ERROR, "multiple WITH clauses not allowed", with.span);
            }
            query.with_clause = Some(with);
        }
        query.span = span;
        query
    }

    /// UNION and EXCEPT (level 1), INTERSECT (level 2), all left-associative.
    fn set_operations(&mut self, mut left: SelectStmt, rule: u8) -> SelectStmt {
        loop {
            let (op, level) = match self.cur.kw {
                Kw::UNION => (SetOp::Union, 1),
                Kw::EXCEPT => (SetOp::Except, 1),
                Kw::INTERSECT => (SetOp::Intersect, 2),
                _ => return left,
            };
            if level <= rule {
                return left;
            }
            let span = self.span();
            self.skip();
            let all = self.eat_kw(Kw::ALL);
            if !all {
                self.eat_kw(Kw::DISTINCT);
            }
            let rarg = self.nested(|p| {
                let right = p.select_primary();
                p.set_operations(right, level)
            });
            self.grow();
            let whole = left.span;
            left = query(SelectBody::SetOp(Box::new(SetOperation { op, all, larg: left, rarg, span })), whole);
        }
    }

    /// An operand of a set operation.
    fn select_primary(&mut self) -> SelectStmt {
        let span = self.span();
        if self.is(T::LParen) {
            return self.select_with_parens();
        }
        match self.cur.kw {
            Kw::SELECT => {
                let core = self.select_core();
                query(SelectBody::Select(Box::new(core)), span)
            }
            Kw::VALUES => {
                self.skip();
                let mut width = 0;
                let rows = self.list(|p| {
                    p.expect(T::LParen);
                    let mut row = Vec::with_capacity(width);
                    row.push(p.expr());
                    while p.eat(T::Comma) {
                        row.push(p.expr());
                    }
                    p.expect(T::RParen);
                    width = row.len();
                    row
                });
                query(SelectBody::Values(rows), span)
            }
            Kw::TABLE => {
                self.skip();
                let relation = self.relation_expr();
                select_star_from(relation, span)
            }
            _ => self.unexpected(),
        }
    }

    fn select_core(&mut self) -> SelectCore {
        self.expect_kw(Kw::SELECT);
        let mut core = empty_core();
        if self.eat_kw(Kw::DISTINCT) {
            core.distinct = Some(if self.eat_kw(Kw::ON) {
                DistinctClause::On(self.parens(Self::expr))
            } else {
                DistinctClause::All
            });
            core.target_list = self.target_list();
        } else {
            self.eat_kw(Kw::ALL);
            if !self.at_end_of_targets() {
                core.target_list = self.target_list();
            }
        }
        if self.eat_kw(Kw::INTO) {
            core.into_clause = RefCell::new(Some(Rc::new(into_clause(self.temp_table_name()))));
        }
        if self.is_kw(Kw::FROM) {
            core.from_clause = self.parse_from_clause();
        }
        core.where_clause = self.where_clause();
        if self.eat_kws(Kw::GROUP, Kw::BY) {
            core.group_distinct = self.eat_kw(Kw::DISTINCT);
            if !core.group_distinct {
                self.eat_kw(Kw::ALL);
            }
            core.group_clause = self.list(Self::group_item);
        }
        if self.eat_kw(Kw::HAVING) {
            core.having_clause = Some(self.expr());
        }
        if self.eat_kw(Kw::WINDOW) {
            core.window_clause = self.list(|p| {
                let span = p.span();
                let name = p.col_id();
                p.expect_kw(Kw::AS);
                let mut window = p.window_specification();
                window.name = Some(name);
                // The position is that of the parenthesis, as in OVER.
                window.span = if window.span.is_none() { span } else { window.span };
                Rc::new(window)
            });
        }
        core
    }

    /// SELECT may list nothing at all.
    fn at_end_of_targets(&self) -> bool {
        matches!(self.cur.t, T::Eof | T::Semicolon | T::RParen)
            || self.at_select_rest()
            || matches!(
                self.cur.kw,
                Kw::INTO | Kw::FROM | Kw::WHERE | Kw::GROUP | Kw::HAVING | Kw::WINDOW | Kw::ON | Kw::WITH
            )
    }

    pub(super) fn target_list(&mut self) -> Vec<ResTarget> {
        self.list(Self::target)
    }

    fn target(&mut self) -> ResTarget {
        let span = self.span();
        if self.eat(T::Star) {
            let val = Expr::ColumnRef(ColumnRef { fields: Vec::new(), star: true, span });
            return ResTarget { name: None, val, span };
        }
        let val = self.label_expr();
        let name = if self.eat_kw(Kw::AS) {
            Some(self.col_label())
        } else if is_bare_label(&self.cur) {
            Some(self.take_name())
        } else {
            None
        };
        ResTarget { name, val, span }
    }

    /// `RETURNING …`.
    pub(super) fn returning(&mut self) -> Vec<ResTarget> {
        if self.eat_kw(Kw::RETURNING) { self.target_list() } else { Vec::new() }
    }

    pub(super) fn where_clause(&mut self) -> Option<Expr> {
        if self.eat_kw(Kw::WHERE) { Some(self.expr()) } else { None }
    }

    /// `[TEMP | UNLOGGED] [TABLE] name` after INTO.
    fn temp_table_name(&mut self) -> RangeVar {
        let next = self.peek(1);
        let named = next.kw == Kw::TABLE || is_col_id(&next);
        let persistence = match self.cur.kw {
            Kw::TEMP | Kw::TEMPORARY if named => RelPersistence::Temp,
            Kw::LOCAL | Kw::GLOBAL if matches!(next.kw, Kw::TEMP | Kw::TEMPORARY) => {
                self.skip();
                RelPersistence::Temp
            }
            Kw::UNLOGGED if named => RelPersistence::Unlogged,
            _ => {
                self.eat_kw(Kw::TABLE);
                return self.qualified_name();
            }
        };
        self.skip();
        self.eat_kw(Kw::TABLE);
        let mut relation = self.qualified_name();
        relation.relpersistence = persistence;
        relation
    }

    fn group_item(&mut self) -> GroupItem {
        let span = self.span();
        let next = self.peek(1);
        let set = |kind, content| GroupItem::Set(GroupingSet { kind, content, span });
        if self.is(T::LParen) && next.t == T::RParen {
            self.skip();
            self.skip();
            return set(GroupingSetKind::Empty, Vec::new());
        }
        let kind = match self.cur.kw {
            Kw::CUBE if next.t == T::LParen => GroupingSetKind::Cube,
            Kw::ROLLUP if next.t == T::LParen => GroupingSetKind::Rollup,
            Kw::GROUPING if next.kw == Kw::SETS => {
                self.skip();
                self.skip();
                let content = self.nested(|p| p.parens(Self::group_item));
                return set(GroupingSetKind::Sets, content);
            }
            _ => return GroupItem::Expr(self.expr()),
        };
        self.skip();
        let content = self.parens(|p| GroupItem::Expr(p.expr()));
        set(kind, content)
    }

    fn select_options(&mut self) -> Options {
        let mut o = Options { sort: self.opt_sort_clause(), ..Options::default() };
        if self.is_kw(Kw::FOR) {
            o.locking = self.locking_clause();
            self.limit_and_offset(&mut o);
        } else {
            self.limit_and_offset(&mut o);
            if self.is_kw(Kw::FOR) {
                o.locking = self.locking_clause();
            }
        }
        o
    }

    pub(super) fn opt_sort_clause(&mut self) -> Vec<SortBy> {
        if self.is_kw(Kw::ORDER) { self.sort_clause() } else { Vec::new() }
    }

    pub(super) fn sort_clause(&mut self) -> Vec<SortBy> {
        self.expect_kw(Kw::ORDER);
        self.expect_kw(Kw::BY);
        self.list(|p| {
            let node = p.expr();
            let mut span = Span::NONE;
            let direction = if p.eat_kw(Kw::USING) {
                span = p.span();
                SortByDir::Using(p.qual_op())
            } else {
                p.asc_desc()
            };
            SortBy { node, direction, nulls: p.nulls_order(), span }
        })
    }

    pub(super) fn asc_desc(&mut self) -> SortByDir {
        if self.eat_kw(Kw::ASC) {
            SortByDir::Asc
        } else if self.eat_kw(Kw::DESC) {
            SortByDir::Desc
        } else {
            SortByDir::Default
        }
    }

    pub(super) fn nulls_order(&mut self) -> SortByNulls {
        if !self.is_kw(Kw::NULLS) {
            return SortByNulls::Default;
        }
        let nulls = match self.peek(1).kw {
            Kw::FIRST => SortByNulls::First,
            Kw::LAST => SortByNulls::Last,
            _ => return SortByNulls::Default,
        };
        self.skip();
        self.skip();
        nulls
    }

    fn limit_and_offset(&mut self, o: &mut Options) {
        let mut limited = false;
        let mut offset = false;
        loop {
            match self.cur.kw {
                Kw::LIMIT if !limited => {
                    self.limit_clause(o);
                    limited = true;
                }
                Kw::FETCH if !limited => {
                    self.fetch_clause(o);
                    limited = true;
                }
                Kw::OFFSET if !offset => {
                    self.skip();
                    let first = self.pos;
                    let value = self.expr();
                    // `OFFSET n ROWS` takes a single operand only.
                    if matches!(self.cur.kw, Kw::ROW | Kw::ROWS) && self.is_fetch_value(first, &value) {
                        self.skip();
                    }
                    o.offset = Some(value);
                    offset = true;
                }
                _ => return,
            }
        }
    }

    /// Whether the expression whose first token is `first` is a `c_expr` or a signed number.
    fn is_fetch_value(&self, first: usize, value: &Expr) -> bool {
        match self.tokens[first].t {
            T::Plus | T::Minus => self.pos == first + 2,
            T::LParen => !matches!(value, Expr::AExpr(_)) || self.tokens[self.pos - 1].t == T::RParen,
            _ => !matches!(
                value,
                Expr::AExpr(_)
                    | Expr::Bool(_)
                    | Expr::In(_)
                    | Expr::Between(_)
                    | Expr::NullTest(_)
                    | Expr::BooleanTest(_)
            ),
        }
    }

    fn limit_clause(&mut self, o: &mut Options) {
        let limit = self.span();
        self.skip();
        let span = self.span();
        let value = if self.eat_kw(Kw::ALL) { null_const(span) } else { self.expr() };
        if self.eat(T::Comma) {
            self.expr();
            let error = Error::new(SqlState::SYNTAX_ERROR, "LIMIT #,# syntax is not supported");
            return self.reject(error.hint("Use separate LIMIT and OFFSET clauses.").at(limit));
        }
        o.count = Some(value);
    }

    /// `FETCH FIRST [n] ROWS {ONLY | WITH TIES}`.
    fn fetch_clause(&mut self, o: &mut Options) {
        self.skip();
        if !self.eat_kw(Kw::FIRST) {
            self.expect_kw(Kw::NEXT);
        }
        let rows = matches!(self.cur.kw, Kw::ROW | Kw::ROWS);
        let value = if rows {
            int_one()
        } else if matches!(self.cur.t, T::Plus | T::Minus) {
            self.signed_number()
        } else {
            self.c_expr()
        };
        if !self.eat_kw(Kw::ROW) {
            self.expect_kw(Kw::ROWS);
        }
        if self.eat_kw(Kw::WITH) {
            self.expect_kw(Kw::TIES);
            o.with_ties = true;
        } else {
            self.expect_kw(Kw::ONLY);
        }
        o.count = Some(value);
    }

    fn locking_clause(&mut self) -> Vec<LockingClause> {
        let mut all = Vec::new();
        if self.peek(1).kw == Kw::READ {
            self.skip();
            self.skip();
            self.expect_kw(Kw::ONLY);
            return all;
        }
        while self.eat_kw(Kw::FOR) {
            let strength = if self.eat_kw(Kw::UPDATE) {
                LockClauseStrength::ForUpdate
            } else if self.eat_kw(Kw::SHARE) {
                LockClauseStrength::ForShare
            } else if self.eat_kw(Kw::NO) {
                self.expect_kw(Kw::KEY);
                self.expect_kw(Kw::UPDATE);
                LockClauseStrength::ForNoKeyUpdate
            } else {
                self.expect_kw(Kw::KEY);
                self.expect_kw(Kw::SHARE);
                LockClauseStrength::ForKeyShare
            };
            let locked_rels = if self.eat_kw(Kw::OF) { self.list(Self::qualified_name) } else { Vec::new() };
            let wait_policy = if self.eat_kw(Kw::NOWAIT) {
                LockWaitPolicy::Error
            } else if self.eat_kws(Kw::SKIP, Kw::LOCKED) {
                LockWaitPolicy::Skip
            } else {
                LockWaitPolicy::Block
            };
            all.push(LockingClause { locked_rels, strength, wait_policy });
        }
        all
    }

    pub(super) fn with_clause(&mut self) -> WithClause {
        let span = self.span();
self.expect_kw(Kw::WITH);
        // A CTE may be called so.
        let recursive = self.is_kw(Kw::RECURSIVE) && is_col_id(&self.peek(1));
        if recursive {
            self.skip();
        }
        let ctes = self.list(Self::common_table_expr);
        WithClause { ctes, recursive, span }
    }

    fn common_table_expr(&mut self) -> CommonTableExpr {
        let span = self.span();
        let ctename = self.name();
        let aliascolnames = self.opt_parens(Self::name);
        self.expect_kw(Kw::AS);
        let materialized = if self.eat_kw(Kw::MATERIALIZED) {
            CteMaterialize::Always
        } else if self.eat_kws(Kw::NOT, Kw::MATERIALIZED) {
            CteMaterialize::Never
        } else {
            CteMaterialize::Default
        };
        self.expect(T::LParen);
        let query = self.nested(Self::preparable_stmt);
        self.expect(T::RParen);
        let search_clause = if self.is_kw(Kw::SEARCH) { Some(self.search_clause()) } else { None };
        let cycle_clause = if self.is_kw(Kw::CYCLE) { Some(Box::new(self.cycle_clause())) } else { None };
        CommonTableExpr {
            ctename,
            aliascolnames,
            materialized,
            query: Rc::new(query),
            search_clause,
            cycle_clause,
            span,
        }
    }

    fn search_clause(&mut self) -> CteSearchClause {
        let span = self.span();
        self.skip();
        let breadth_first = self.eat_kw(Kw::BREADTH);
        if !breadth_first {
            self.expect_kw(Kw::DEPTH);
        }
        self.expect_kw(Kw::FIRST);
        self.expect_kw(Kw::BY);
        let search_col_list = self.list(Self::col_id);
        self.expect_kw(Kw::SET);
        let search_seq_column = self.col_id();
        CteSearchClause { search_col_list, breadth_first, search_seq_column, span }
    }

    fn cycle_clause(&mut self) -> CteCycleClause {
        let span = self.span();
        self.skip();
        let cycle_col_list = self.list(Self::col_id);
        self.expect_kw(Kw::SET);
        let cycle_mark_column = self.col_id();
        let boolean = |b| Expr::Const(AConst { value: Const::Boolean(b), span: Span::NONE });
        let (mut mark, mut default) = (boolean(true), boolean(false));
        if self.eat_kw(Kw::TO) {
            mark = self.constant();
            self.expect_kw(Kw::DEFAULT);
            default = self.constant();
        }
        self.expect_kw(Kw::USING);
        let cycle_path_column = self.col_id();
        CteCycleClause {
            cycle_col_list,
            cycle_mark_column,
            cycle_mark_value: mark,
            cycle_mark_default: default,
            cycle_path_column,
            span,
        }
    }

    /// `AexprConst`: a literal, a `type 'literal'`.
    fn constant(&mut self) -> Expr {
        let e = self.c_expr();
        let literal = match &e {
            Expr::Const(_) => true,
            Expr::TypeCast(cast) => cast.span.is_none(),
            _ => false,
        };
        if literal { e } else { self.unexpected() }
    }

    /// What follows OVER.
    pub(super) fn over_clause(&mut self) -> WindowDef {
        if self.is(T::LParen) {
            return self.window_specification();
        }
        let span = self.span();
        let name = self.col_id();
        WindowDef {
            name: Some(name),
            refname: None,
            partition_clause: Vec::new(),
            order_clause: Vec::new(),
            frame: None,
            span,
        }
    }

    fn window_specification(&mut self) -> WindowDef {
        let span = self.span();
self.expect(T::LParen);
        let clause = matches!(self.cur.kw, Kw::PARTITION | Kw::RANGE | Kw::ROWS | Kw::GROUPS);
        let refname = if !clause && is_col_id(&self.cur) { Some(self.take_name()) } else { None };
        let partition_clause = if self.eat_kws(Kw::PARTITION, Kw::BY) { self.expr_list() } else { Vec::new() };
        let order_clause = self.opt_sort_clause();
        let frame = self.frame_clause();
        self.expect(T::RParen);
        WindowDef { name: None, refname, partition_clause, order_clause, frame, span }
    }

    fn frame_clause(&mut self) -> Option<WindowFrame> {
        let mode = match self.cur.kw {
            Kw::RANGE => FrameMode::Range,
            Kw::ROWS => FrameMode::Rows,
            Kw::GROUPS => FrameMode::Groups,
            _ => return None,
        };
        let span = self.span();
        self.skip();
        let between = self.eat_kw(Kw::BETWEEN);
        let start_span = self.span();
        let start = self.frame_bound();
        let mut end = None;
        let mut complaint = None;
        if matches!(start, FrameBound::UnboundedFollowing) && !between {
            complaint = Some(("frame start cannot be UNBOUNDED FOLLOWING", start_span));
        } else if matches!(start, FrameBound::Following(_)) && !between {
            complaint = Some(("frame starting from following row cannot end with current row", start_span));
        }
        if between {
            self.expect_kw(Kw::AND);
            let end_span = self.span();
            let bound = self.frame_bound();
            complaint = match (&start, &bound) {
                (FrameBound::UnboundedFollowing, _) => Some(("frame start cannot be UNBOUNDED FOLLOWING", start_span)),
                (_, FrameBound::UnboundedPreceding) => Some(("frame end cannot be UNBOUNDED PRECEDING", end_span)),
                (FrameBound::CurrentRow, FrameBound::Preceding(_)) => {
                    Some(("frame starting from current row cannot have preceding rows", end_span))
                }
                (FrameBound::Following(_), FrameBound::Preceding(_) | FrameBound::CurrentRow) => {
                    Some(("frame starting from following row cannot have preceding rows", end_span))
                }
                _ => None,
            };
            end = Some(bound);
        }
        if let Some((message, span)) = complaint {
            return self.fail(SqlState::WINDOWING_ERROR, message, span);
        }
        let mut exclusion = FrameExclusion::NoOthers;
        if self.eat_kw(Kw::EXCLUDE) {
            if self.eat_kw(Kw::CURRENT) {
                self.expect_kw(Kw::ROW);
                exclusion = FrameExclusion::CurrentRow;
            } else if self.eat_kw(Kw::GROUP) {
                exclusion = FrameExclusion::Group;
            } else if self.eat_kw(Kw::TIES) {
                exclusion = FrameExclusion::Ties;
            } else {
                self.expect_kw(Kw::NO);
                self.expect_kw(Kw::OTHERS);
            }
        }
        Some(WindowFrame { mode, start, end, exclusion, span })
    }

    fn frame_bound(&mut self) -> FrameBound {
        let next = self.peek(1).kw;
        if self.is_kw(Kw::UNBOUNDED) && matches!(next, Kw::PRECEDING | Kw::FOLLOWING) {
            self.skip();
            let following = self.cur.kw == Kw::FOLLOWING;
            self.skip();
            return if following { FrameBound::UnboundedFollowing } else { FrameBound::UnboundedPreceding };
        }
        if self.is_kw(Kw::CURRENT) && next == Kw::ROW {
            self.skip();
            self.skip();
            return FrameBound::CurrentRow;
        }
        let offset = self.expr();
        if self.eat_kw(Kw::PRECEDING) {
            return FrameBound::Preceding(offset);
        }
        self.expect_kw(Kw::FOLLOWING);
        FrameBound::Following(offset)
    }
}

/// `SELECT INTO`'s target: a table by name, nothing else said.
pub(super) fn into_clause(rel: RangeVar) -> IntoClause {
    IntoClause {
        rel,
        col_names: Vec::new(),
        access_method: None,
        options: Vec::new(),
        on_commit: OnCommitAction::Noop,
        table_space_name: None,
        skip_data: false,
    }
}

/// As PostgreSQL's `insertSelectOptions`.
fn apply_options(query: &mut SelectStmt, o: Options) -> Result<()> {
    let Options { sort, offset, count, with_ties, locking } = o;
    let twice = |what: &str, span| Err(Error::new(SqlState::SYNTAX_ERROR, what).at(span));
    if let Some(first) = sort.first() {
        if !query.sort_clause.is_empty() {
            return twice("multiple ORDER BY clauses not allowed", first.node.location());
        }
        query.sort_clause = sort;
    }
    query.locking_clause.extend(locking);
    if let Some(offset) = offset {
        if query.limit_offset.is_some() {
            return twice("multiple OFFSET clauses not allowed", offset.location());
        }
        query.limit_offset = Some(offset);
    }
    if let Some(count) = count {
        if query.limit_count.is_some() {
            return twice("multiple LIMIT clauses not allowed", count.location());
        }
        query.limit_count = Some(count);
    }
    if with_ties {
        if query.limit_option == LimitOption::WithTies {
            return twice("multiple limit options not allowed", Span::NONE);
        }
        if query.sort_clause.is_empty() {
            return twice("WITH TIES cannot be specified without ORDER BY clause", Span::NONE);
        }
        if query.locking_clause.iter().any(|l| l.wait_policy == LockWaitPolicy::Skip) {
            return twice("SKIP LOCKED and WITH TIES options cannot be used together", Span::NONE);
        }
        query.limit_option = LimitOption::WithTies;
    }
    Ok(())
}
