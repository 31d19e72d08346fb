//! CREATE TABLE: columns, constraints, LIKE, partitions. Also the parts ALTER TABLE, CREATE INDEX and CREATE DOMAIN share.

use std::rc::Rc;

use super::Parser;
use super::names::{is_col_id, is_type_function_name};
use super::options::def_elem;
use super::select::into_clause;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

/// `DEFERRABLE INITIALLY DEFERRED NOT VALID NO INHERIT` after a constraint.
#[derive(Default, Clone, Copy)]
pub(super) struct ConstraintAttributes {
    pub deferrable: bool,
    pub not_deferrable: bool,
    pub deferred: bool,
    pub immediate: bool,
    pub not_valid: bool,
    pub no_inherit: bool,
}

fn constraint(conname: Option<String>, kind: ConstraintKind, span: Span) -> Constraint {
    Constraint { conname, kind, deferrable: false, initdeferred: false, skip_validation: false, span }
}

impl Parser<'_> {
    /// After `CREATE [TEMP] TABLE`.
    pub(super) fn create_table(&mut self, persistence: RelPersistence, span: Span) -> Stmt {
        let if_not_exists = self.if_not_exists();
        let mut relation = self.qualified_name();
        relation.relpersistence = persistence;
        // A list of bare names, or none at all, and then AS.
        let names_only = !self.in_schema
            && self.is(T::LParen)
            && is_col_id(&self.peek(1))
            && matches!(self.peek(2).t, T::Comma | T::RParen);
        if names_only {
            return self.create_table_as(relation, if_not_exists, span);
        }
        let mut stmt = CreateStmt {
            relation,
            table_elts: Vec::new(),
            inh_relations: Vec::new(),
            partbound: None,
            partspec: None,
            of_typename: None,
            options: Vec::new(),
            on_commit: OnCommitAction::Noop,
            tablespacename: None,
            access_method: None,
            if_not_exists,
            span,
        };
        if self.is(T::LParen) {
            stmt.table_elts = self.table_elements();
            if self.eat_kw(Kw::INHERITS) {
                stmt.inh_relations = self.parens(Self::qualified_name);
            }
        } else if self.eat_kw(Kw::OF) {
            let at = self.span();
            stmt.of_typename = Some(super::expr::plain_type(self.any_name(), at));
            stmt.table_elts = self.typed_table_elements();
        } else if self.eat_kws(Kw::PARTITION, Kw::OF) {
            stmt.inh_relations.push(self.qualified_name());
            stmt.table_elts = self.typed_table_elements();
            stmt.partbound = Some(self.partition_bound());
        } else if self.in_schema {
            return self.unexpected();
        } else {
            return self.create_table_as(stmt.relation, if_not_exists, span);
        }
        if self.is_kw(Kw::PARTITION) {
            stmt.partspec = Some(self.partition_spec());
        }
        stmt.access_method = self.opt_access_method();
        stmt.options = self.opt_with_storage();
        stmt.on_commit = self.opt_on_commit();
        stmt.tablespacename = self.opt_tablespace();
        Stmt::Create(Box::new(stmt))
    }

    /// From the column names on.
    fn create_table_as(&mut self, relation: RangeVar, if_not_exists: bool, span: Span) -> Stmt {
        let mut into = into_clause(relation);
        into.col_names = self.opt_parens(Self::col_id);
        into.access_method = self.opt_access_method();
        into.options = self.opt_with_storage();
        into.on_commit = self.opt_on_commit();
        into.table_space_name = self.opt_tablespace();
        self.expect_kw(Kw::AS);
        let at = self.span();
        let query =
            if self.eat_kw(Kw::EXECUTE) { self.execute_stmt(at) } else { Stmt::Select(Rc::new(self.select_stmt())) };
        into.skip_data = self.opt_with_data();
        let objtype = ObjectType::Table;
        Stmt::CreateTableAs(Box::new(CreateTableAsStmt { query, into, objtype, if_not_exists, span }))
    }

    /// After `CREATE [UNLOGGED] MATERIALIZED VIEW`.
    pub(super) fn create_matview(&mut self, persistence: RelPersistence, span: Span) -> Stmt {
        let if_not_exists = self.if_not_exists();
        let mut relation = self.qualified_name();
        relation.relpersistence = persistence;
        let mut into = into_clause(relation);
        into.col_names = self.opt_parens(Self::col_id);
        into.access_method = self.opt_access_method();
        into.options = self.opt_reloptions();
        into.table_space_name = self.opt_tablespace();
        self.expect_kw(Kw::AS);
        let query = Stmt::Select(Rc::new(self.select_stmt()));
        into.skip_data = self.opt_with_data();
        let objtype = ObjectType::MatView;
        Stmt::CreateTableAs(Box::new(CreateTableAsStmt { query, into, objtype, if_not_exists, span }))
    }

    pub(super) fn opt_access_method(&mut self) -> Option<String> {
        if self.eat_kw(Kw::USING) { Some(self.name()) } else { None }
    }

    pub(super) fn opt_tablespace(&mut self) -> Option<String> {
        if self.eat_kw(Kw::TABLESPACE) { Some(self.name()) } else { None }
    }

    /// `WITH (…)` or `WITHOUT OIDS`.
    fn opt_with_storage(&mut self) -> Vec<DefElem> {
        if self.eat_kw(Kw::WITH) {
            return self.reloptions();
        }
        self.eat_kws(Kw::WITHOUT, Kw::OIDS);
        Vec::new()
    }

    fn opt_on_commit(&mut self) -> OnCommitAction {
        if !self.eat_kws(Kw::ON, Kw::COMMIT) {
            return OnCommitAction::Noop;
        }
        if self.eat_kw(Kw::DROP) {
            return OnCommitAction::Drop;
        }
        let action = if self.eat_kw(Kw::DELETE) {
            OnCommitAction::DeleteRows
        } else {
            self.expect_kw(Kw::PRESERVE);
            OnCommitAction::PreserveRows
        };
        self.expect_kw(Kw::ROWS);
        action
    }

    /// `(column, constraint, LIKE …)`, possibly empty.
    pub(super) fn table_elements(&mut self) -> Vec<TableElement> {
        if self.peek(1).t == T::RParen {
            self.skip();
            self.skip();
            return Vec::new();
        }
        self.parens(Self::table_element)
    }

    fn table_element(&mut self) -> TableElement {
        if self.at_table_constraint() {
            return TableElement::Constraint(Box::new(self.table_constraint()));
        }
        if self.eat_kw(Kw::LIKE) {
            return TableElement::Like(Box::new(self.like_clause()));
        }
        TableElement::Column(Box::new(self.column_def()))
    }

    pub(super) fn at_table_constraint(&self) -> bool {
        match self.cur.kw {
            Kw::CONSTRAINT | Kw::CHECK | Kw::UNIQUE | Kw::PRIMARY | Kw::FOREIGN => true,
            // A column may be called so.
            Kw::EXCLUDE => self.peek(1).t == T::LParen || self.peek(1).kw == Kw::USING,
            _ => false,
        }
    }

    fn like_clause(&mut self) -> TableLikeClause {
        let relation = self.qualified_name();
        let mut options = Vec::new();
        while matches!(self.cur.kw, Kw::INCLUDING | Kw::EXCLUDING) {
            let including = self.cur.kw == Kw::INCLUDING;
            self.skip();
            let option = match self.cur.kw {
                Kw::COMMENTS => TableLikeOption::Comments,
                Kw::COMPRESSION => TableLikeOption::Compression,
                Kw::CONSTRAINTS => TableLikeOption::Constraints,
                Kw::DEFAULTS => TableLikeOption::Defaults,
                Kw::GENERATED => TableLikeOption::Generated,
                Kw::IDENTITY => TableLikeOption::Identity,
                Kw::INDEXES => TableLikeOption::Indexes,
                Kw::STATISTICS => TableLikeOption::Statistics,
                Kw::STORAGE => TableLikeOption::Storage,
                Kw::ALL => TableLikeOption::All,
                _ => return self.unexpected(),
            };
            self.skip();
            options.push((including, option));
        }
        TableLikeClause { relation, options }
    }

    /// Elements of `OF type` and `PARTITION OF`: constraints, and columns without types.
    pub(super) fn typed_table_elements(&mut self) -> Vec<TableElement> {
        self.opt_parens(|p| {
            if p.at_table_constraint() {
                return TableElement::Constraint(Box::new(p.table_constraint()));
            }
            let span = p.span();
            let colname = p.col_id();
            p.eat_kws(Kw::WITH, Kw::OPTIONS);
            let mut def = empty_column(colname, None, span);
            p.column_qualifiers(&mut def.constraints, &mut def.coll_clause);
            TableElement::Column(Box::new(def))
        })
    }

    pub(super) fn column_def(&mut self) -> ColumnDef {
        let span = self.span();
        let colname = self.col_id();
        let type_name = self.typename();
        let mut def = empty_column(colname, Some(type_name), span);
        if self.is_kw(Kw::COMPRESSION) {
            self.skip();
            def.compression = Some(self.column_compression());
        }
        def.fdwoptions = self.opt_generic_options();
        self.column_qualifiers(&mut def.constraints, &mut def.coll_clause);
        def
    }

    pub(super) fn column_compression(&mut self) -> String {
        if self.is_kw(Kw::DEFAULT) { self.take_name() } else { self.col_id() }
    }

    /// `ColQualList`: constraints, their attributes, COLLATE, in any order.
    pub(super) fn column_qualifiers(&mut self, constraints: &mut Vec<Constraint>, collate: &mut Option<CollateClause>) {
        loop {
            let span = self.span();
            let next = self.peek(1).kw;
            let attr = match self.cur.kw {
                Kw::COLLATE => {
                    self.skip();
                    let collname = self.any_name();
                    if collate.is_some() {
                        let message = "multiple COLLATE clauses not allowed";
                        return self.fail(SqlState::SYNTAX_ERROR, message, span);
                    }
                    *collate = Some(CollateClause { arg: None, collname, span });
                    continue;
                }
                Kw::DEFERRABLE => ConstraintKind::AttrDeferrable,
                Kw::NOT if next == Kw::DEFERRABLE => {
                    self.skip();
                    ConstraintKind::AttrNotDeferrable
                }
                Kw::INITIALLY => {
                    self.skip();
                    match self.cur.kw {
                        Kw::DEFERRED => ConstraintKind::AttrDeferred,
                        Kw::IMMEDIATE => ConstraintKind::AttrImmediate,
                        _ => return self.unexpected(),
                    }
                }
                Kw::CONSTRAINT => {
                    self.skip();
                    let conname = Some(self.name());
                    match self.column_constraint(conname, span) {
                        Some(c) => constraints.push(c),
                        None => return self.unexpected(),
                    }
                    continue;
                }
                _ => match self.column_constraint(None, span) {
                    Some(c) => {
                        constraints.push(c);
                        continue;
                    }
                    None => return,
                },
            };
            self.skip();
            constraints.push(constraint(None, attr, span));
        }
    }

    fn column_constraint(&mut self, conname: Option<String>, span: Span) -> Option<Constraint> {
        let kind = match self.cur.kw {
            Kw::NOT => {
                self.skip();
                self.expect_kw(Kw::NULL);
                ConstraintKind::NotNull
            }
            Kw::NULL => {
                self.skip();
                ConstraintKind::Null
            }
            Kw::UNIQUE => {
                self.skip();
                let nulls_not_distinct = self.opt_unique_null_treatment();
                let index = self.index_constraint(Vec::new());
                ConstraintKind::Unique { nulls_not_distinct, index }
            }
            Kw::PRIMARY => {
                self.skip();
                self.expect_kw(Kw::KEY);
                ConstraintKind::Primary(self.index_constraint(Vec::new()))
            }
            Kw::CHECK => {
                self.skip();
                let expr = Rc::new(self.paren_expr());
                let no_inherit = self.eat_kws(Kw::NO, Kw::INHERIT);
                ConstraintKind::Check { expr, no_inherit }
            }
            Kw::DEFAULT => {
                self.skip();
                ConstraintKind::Default(Rc::new(self.b_expr()))
            }
            Kw::GENERATED => self.generated(),
            Kw::REFERENCES => ConstraintKind::Foreign(Box::new(self.references(Vec::new()))),
            _ => return None,
        };
        Some(constraint(conname, kind, span))
    }

    fn generated(&mut self) -> ConstraintKind {
        self.skip();
        let at = self.span();
        let always = self.generated_when();
        self.expect_kw(Kw::AS);
        if self.eat_kw(Kw::IDENTITY) {
            let options = if self.is(T::LParen) { self.parenthesized_seq_options() } else { Vec::new() };
            return ConstraintKind::Identity { always, options };
        }
        let expr = Rc::new(self.paren_expr());
        self.expect_kw(Kw::STORED);
        if !always {
            let message = "for a generated column, GENERATED ALWAYS must be specified";
            return self.fail(SqlState::SYNTAX_ERROR, message, at);
        }
        ConstraintKind::Generated { expr }
    }

    /// `ALWAYS` or `BY DEFAULT`; true for ALWAYS.
    pub(super) fn generated_when(&mut self) -> bool {
        if self.eat_kw(Kw::ALWAYS) {
            return true;
        }
        self.expect_kw(Kw::BY);
        self.expect_kw(Kw::DEFAULT);
        false
    }

    pub(super) fn parenthesized_seq_options(&mut self) -> Vec<DefElem> {
        self.expect(T::LParen);
        let mut options = Vec::new();
        while let Some(option) = self.seq_option() {
            options.push(option);
        }
        if options.is_empty() {
            return self.unexpected();
        }
        self.expect(T::RParen);
        options
    }

    /// `[WITH (…)] [USING INDEX TABLESPACE t]`.
    fn index_constraint(&mut self, keys: Vec<String>) -> IndexConstraint {
        let including =
            if !keys.is_empty() && self.eat_kw(Kw::INCLUDE) { self.parens(Self::col_id) } else { Vec::new() };
        let options = self.opt_with_definition();
        let mut indexspace = None;
        if self.eat_kws(Kw::USING, Kw::INDEX) {
            self.expect_kw(Kw::TABLESPACE);
            indexspace = Some(self.name());
        }
        IndexConstraint { keys, including, options, indexspace, indexname: None }
    }

    /// `USING INDEX name`, or the columns and the rest.
    fn keys_or_existing_index(&mut self) -> IndexConstraint {
        if self.eat_kws(Kw::USING, Kw::INDEX) {
            let indexname = Some(self.name());
            return IndexConstraint {
                keys: Vec::new(),
                including: Vec::new(),
                options: Vec::new(),
                indexspace: None,
                indexname,
            };
        }
        let keys = self.parens(Self::col_id);
        self.index_constraint(keys)
    }

    /// `REFERENCES table (columns) MATCH … ON …`.
    fn references(&mut self, fk_attrs: Vec<String>) -> ForeignKey {
        self.expect_kw(Kw::REFERENCES);
        let pktable = self.qualified_name();
        let pk_attrs = self.opt_parens(Self::col_id);
        let mut matchtype = FkMatch::Simple;
        let at = self.span();
        if self.eat_kw(Kw::MATCH) {
            if self.eat_kw(Kw::FULL) {
                matchtype = FkMatch::Full;
            } else if self.eat_kw(Kw::PARTIAL) {
                return self.fail(SqlState::FEATURE_NOT_SUPPORTED, "MATCH PARTIAL not yet implemented", at);
            } else {
                self.expect_kw(Kw::SIMPLE);
            }
        }
        let mut fk = ForeignKey {
            fk_attrs,
            pktable,
            pk_attrs,
            matchtype,
            upd_action: FkAction::NoAction,
            del_action: FkAction::NoAction,
            del_set_cols: Vec::new(),
        };
        let (mut update, mut delete) = (false, false);
        while self.is_kw(Kw::ON) {
            let at = self.span();
            self.skip();
            if !update && self.eat_kw(Kw::UPDATE) {
                update = true;
                let (action, cols) = self.key_action();
                if !cols.is_empty() {
                    let what = if action == FkAction::SetNull { "SET NULL" } else { "SET DEFAULT" };
                    let message = format!("a column list with {what} is only supported for ON DELETE actions");
                    return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, at);
                }
                fk.upd_action = action;
            } else if !delete && self.eat_kw(Kw::DELETE) {
                delete = true;
                (fk.del_action, fk.del_set_cols) = self.key_action();
            } else {
                return self.unexpected();
            }
        }
        fk
    }

    fn key_action(&mut self) -> (FkAction, Vec<String>) {
        let action = if self.eat_kws(Kw::NO, Kw::ACTION) {
            FkAction::NoAction
        } else if self.eat_kw(Kw::RESTRICT) {
            FkAction::Restrict
        } else if self.eat_kw(Kw::CASCADE) {
            FkAction::Cascade
        } else {
            self.expect_kw(Kw::SET);
            let action = if self.eat_kw(Kw::NULL) {
                FkAction::SetNull
            } else {
                self.expect_kw(Kw::DEFAULT);
                FkAction::SetDefault
            };
            return (action, self.opt_parens(Self::col_id));
        };
        (action, Vec::new())
    }

    pub(super) fn table_constraint(&mut self) -> Constraint {
        let span = self.span();
        let conname = if self.eat_kw(Kw::CONSTRAINT) { Some(self.name()) } else { None };
        self.constraint_element(conname, span)
    }

    pub(super) fn constraint_element(&mut self, conname: Option<String>, span: Span) -> Constraint {
        let word = self.cur.kw;
        // What its name in messages is, and which attributes it takes: deferrable, NOT VALID, NO INHERIT.
        let (mut c, name, allowed) = match word {
            Kw::CHECK => {
                self.skip();
                let expr = Rc::new(self.paren_expr());
                let kind = ConstraintKind::Check { expr, no_inherit: false };
                (constraint(conname, kind, span), "CHECK", (false, true, true))
            }
            Kw::UNIQUE => {
                self.skip();
                let index = if self.at_kws(Kw::USING, Kw::INDEX) {
                    (false, self.keys_or_existing_index())
                } else {
                    (self.opt_unique_null_treatment(), self.keys_or_existing_index())
                };
                let kind = ConstraintKind::Unique { nulls_not_distinct: index.0, index: index.1 };
                (constraint(conname, kind, span), "UNIQUE", (true, false, false))
            }
            Kw::PRIMARY => {
                self.skip();
                self.expect_kw(Kw::KEY);
                let kind = ConstraintKind::Primary(self.keys_or_existing_index());
                (constraint(conname, kind, span), "PRIMARY KEY", (true, false, false))
            }
            Kw::EXCLUDE => {
                self.skip();
                let access_method = self.opt_access_method();
                let exclusions = self.parens(|p| {
                    let elem = p.index_elem();
                    p.expect_kw(Kw::WITH);
                    let operator = if p.is_kw(Kw::OPERATOR) { p.qual_op() } else { p.any_operator() };
                    ExclusionElem { elem, operator }
                });
                let including = if self.eat_kw(Kw::INCLUDE) { self.parens(Self::col_id) } else { Vec::new() };
                let mut index = self.index_constraint(Vec::new());
                index.including = including;
                let mut where_clause = None;
                if self.eat_kw(Kw::WHERE) {
                    where_clause = Some(Rc::new(self.paren_expr()));
                }
                let kind = ConstraintKind::Exclusion { exclusions, access_method, where_clause, index };
                (constraint(conname, kind, span), "EXCLUDE", (true, false, false))
            }
            Kw::FOREIGN => {
                self.skip();
                self.expect_kw(Kw::KEY);
                let columns = self.parens(Self::col_id);
                let kind = ConstraintKind::Foreign(Box::new(self.references(columns)));
                (constraint(conname, kind, span), "FOREIGN KEY", (true, true, false))
            }
            _ => return self.unexpected(),
        };
        let attributes = self.constraint_attributes();
        self.check_attributes(attributes, name, allowed);
        c.deferrable = attributes.deferrable || attributes.deferred;
        c.initdeferred = attributes.deferred;
        c.skip_validation = attributes.not_valid;
        if let ConstraintKind::Check { no_inherit, .. } = &mut c.kind {
            *no_inherit = attributes.no_inherit;
        }
        c
    }

    /// As PostgreSQL's `ConstraintAttributeSpec`.
    pub(super) fn constraint_attributes(&mut self) -> ConstraintAttributes {
        let mut a = ConstraintAttributes::default();
        loop {
            let span = self.span();
            match self.cur.kw {
                Kw::DEFERRABLE => {
                    self.skip();
                    a.deferrable = true;
                }
                Kw::NOT => {
                    self.skip();
                    if self.eat_kw(Kw::VALID) {
                        a.not_valid = true;
                    } else {
                        self.expect_kw(Kw::DEFERRABLE);
                        a.not_deferrable = true;
                    }
                }
                Kw::INITIALLY => {
                    self.skip();
                    if self.eat_kw(Kw::DEFERRED) {
                        a.deferred = true;
                    } else {
                        self.expect_kw(Kw::IMMEDIATE);
                        a.immediate = true;
                    }
                }
                Kw::NO => {
                    self.skip();
                    self.expect_kw(Kw::INHERIT);
                    a.no_inherit = true;
                }
                _ => return a,
            }
            if a.deferred && a.not_deferrable {
                let message = "constraint declared INITIALLY DEFERRED must be DEFERRABLE";
                return self.fail(SqlState::SYNTAX_ERROR, message, span);
            }
            if a.deferrable && a.not_deferrable || a.deferred && a.immediate {
                return self.fail(SqlState::SYNTAX_ERROR, "conflicting constraint properties", span);
            }
        }
    }

    /// As PostgreSQL's `processCASbits`.
    pub(super) fn check_attributes(
        &mut self,
        a: ConstraintAttributes,
        name: &str,
        (deferrable, not_valid, no_inherit): (bool, bool, bool),
    ) {
        let what = if !deferrable && (a.deferrable || a.deferred) {
            "DEFERRABLE"
        } else if !not_valid && a.not_valid {
            "NOT VALID"
        } else if !no_inherit && a.no_inherit {
            "NO INHERIT"
        } else {
            return;
        };
        let message = format!("{name} constraints cannot be marked {what}");
        // Without a position: in PostgreSQL's grammar the list of attributes begins with nothing, which has none.
        self.reject(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message))
    }

    // Partitions.

    fn partition_spec(&mut self) -> PartitionSpec {
        let span = self.span();
        self.skip();
        self.expect_kw(Kw::BY);
        let strategy = self.col_id();
        let part_params = self.parens(|p| {
            let span = p.span();
            let key = p.index_key();
            let collation = if p.eat_kw(Kw::COLLATE) { Some(p.any_name()) } else { None };
            let opclass = if is_col_id(&p.cur) { Some(p.any_name()) } else { None };
            PartitionElem { key, collation, opclass, span }
        });
        PartitionSpec { strategy, part_params, span }
    }

    /// A column, a function call or a parenthesised expression.
    pub(super) fn index_key(&mut self) -> IndexKey {
        if self.eat(T::LParen) {
            let e = self.expr();
            self.expect(T::RParen);
            return IndexKey::Expr(Rc::new(e));
        }
        // Keys have no qualified names: a dot can only be in a function's.
        let function_only = !is_col_id(&self.cur) && is_type_function_name(&self.cur);
        if function_only || self.at_func_expr() || is_col_id(&self.cur) && self.peek(1).t == T::Dot {
            return IndexKey::Expr(Rc::new(self.func_expr_windowless()));
        }
        IndexKey::Column(self.col_id())
    }

    pub(super) fn partition_bound(&mut self) -> PartitionBoundSpec {
        let start = self.span();
        if self.eat_kw(Kw::DEFAULT) {
            return PartitionBoundSpec { bound: PartitionBound::Default, span: start };
        }
        self.expect_kw(Kw::FOR);
        self.expect_kw(Kw::VALUES);
        let span = self.span();
        let bound = if self.eat_kw(Kw::WITH) {
            self.hash_bound()
        } else if self.eat_kw(Kw::IN) {
            PartitionBound::List(self.parens(Self::expr))
        } else {
            self.expect_kw(Kw::FROM);
            let lower = self.parens(Self::expr);
            self.expect_kw(Kw::TO);
            PartitionBound::Range { lower, upper: self.parens(Self::expr) }
        };
        PartitionBoundSpec { bound, span }
    }

    fn hash_bound(&mut self) -> PartitionBound {
        let elements = self.parens(|p| {
            let span = p.span();
            let name = p.non_reserved_word();
            (name, p.iconst(), span)
        });
        let (mut modulus, mut remainder) = (None, None);
        for (name, value, span) in elements {
            let slot = match name.as_str() {
                "modulus" => &mut modulus,
                "remainder" => &mut remainder,
                _ => {
                    let message = format!("unrecognized hash partition bound specification \"{name}\"");
                    return self.fail(SqlState::SYNTAX_ERROR, message, span);
                }
            };
            if slot.replace(value).is_some() {
                let message = format!("{name} for hash partition provided more than once");
                return self.fail(SqlState::DUPLICATE_OBJECT, message, span);
            }
        }
        match (modulus, remainder) {
            (Some(modulus), Some(remainder)) => PartitionBound::Hash { modulus, remainder },
            (None, _) => {
                self.reject(Error::new(SqlState::SYNTAX_ERROR, "modulus for hash partition must be specified"))
            }
            (_, None) => {
                self.reject(Error::new(SqlState::SYNTAX_ERROR, "remainder for hash partition must be specified"))
            }
        }
    }

    // Sequences, whose options identity columns share.

    /// One option of a sequence, or `None` if none stands here.
    pub(super) fn seq_option(&mut self) -> Option<DefElem> {
        let span = self.span();
        let option = match self.cur.kw {
            Kw::AS => {
                self.skip();
                def_elem("as", Some(DefArg::TypeName(self.simple_typename())), span)
            }
            Kw::CACHE => {
                self.skip();
                def_elem("cache", Some(self.numeric_only()), span)
            }
            Kw::CYCLE => {
                self.skip();
                def_elem("cycle", Some(DefArg::Boolean(true)), span)
            }
            Kw::INCREMENT => {
                self.skip();
                self.eat_kw(Kw::BY);
                def_elem("increment", Some(self.numeric_only()), span)
            }
            Kw::MAXVALUE => {
                self.skip();
                def_elem("maxvalue", Some(self.numeric_only()), span)
            }
            Kw::MINVALUE => {
                self.skip();
                def_elem("minvalue", Some(self.numeric_only()), span)
            }
            Kw::NO => {
                self.skip();
                match self.cur.kw {
                    Kw::MAXVALUE => {
                        self.skip();
                        def_elem("maxvalue", None, span)
                    }
                    Kw::MINVALUE => {
                        self.skip();
                        def_elem("minvalue", None, span)
                    }
                    _ => {
                        self.expect_kw(Kw::CYCLE);
                        def_elem("cycle", Some(DefArg::Boolean(false)), span)
                    }
                }
            }
            Kw::OWNED => {
                self.skip();
                self.expect_kw(Kw::BY);
                def_elem("owned_by", Some(DefArg::Name(self.any_name())), span)
            }
            Kw::SEQUENCE => {
                self.skip();
                self.expect_kw(Kw::NAME);
                def_elem("sequence_name", Some(DefArg::Name(self.any_name())), span)
            }
            Kw::START => {
                self.skip();
                self.eat_kw(Kw::WITH);
                def_elem("start", Some(self.numeric_only()), span)
            }
            Kw::RESTART => {
                self.skip();
                let value =
                    if self.eat_kw(Kw::WITH) || self.is_numeric_only() { Some(self.numeric_only()) } else { None };
                def_elem("restart", value, span)
            }
            _ => return None,
        };
        Some(option)
    }

    pub(super) fn seq_options(&mut self) -> Vec<DefElem> {
        let mut options = Vec::new();
        while let Some(option) = self.seq_option() {
            options.push(option);
        }
        options
    }
}

pub(super) fn empty_column(colname: String, type_name: Option<TypeName>, span: Span) -> ColumnDef {
    ColumnDef {
        colname,
        type_name,
        compression: None,
        fdwoptions: Vec::new(),
        coll_clause: None,
        constraints: Vec::new(),
        span,
    }
}
