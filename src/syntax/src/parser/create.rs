//! CREATE: which statement it is; views, indexes, sequences, schemas, domains, types, statistics.

use std::rc::Rc;

use super::Parser;
use super::create_table::empty_column;
use super::names::is_col_id;
use super::select::recursive_view_query;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::SqlState;

impl Parser<'_> {
    /// The word CREATE has been taken.
    pub(super) fn create_stmt(&mut self, span: Span) -> Stmt {
        if self.eat_kw(Kw::OR) {
            self.expect_kw(Kw::REPLACE);
            return self.create_or_replace(span);
        }
        match self.cur.kw {
            Kw::TEMP | Kw::TEMPORARY | Kw::LOCAL | Kw::GLOBAL | Kw::UNLOGGED | Kw::TABLE | Kw::SEQUENCE | Kw::VIEW => {
                self.create_persistent(false, span)
            }
            Kw::MATERIALIZED | Kw::RECURSIVE => self.create_persistent(false, span),
            Kw::UNIQUE | Kw::INDEX => self.create_index(span),
            Kw::FUNCTION | Kw::PROCEDURE => self.create_function(false, span),
            Kw::CONSTRAINT | Kw::TRIGGER => self.create_trigger(false, span),
            Kw::AGGREGATE => self.create_aggregate(false, span),
            Kw::RULE => self.create_rule(false, span),
            Kw::TRANSFORM => self.create_transform(false, span),
            Kw::TRUSTED | Kw::PROCEDURAL | Kw::LANGUAGE => self.create_language(false, span),
            Kw::SCHEMA => self.create_schema(span),
            Kw::DOMAIN => self.create_domain(span),
            Kw::TYPE => self.create_type(span),
            Kw::STATISTICS => self.create_statistics(span),
            Kw::OPERATOR => self.create_operator(span),
            Kw::COLLATION => self.create_collation(span),
            Kw::TEXT => self.create_text_search(span),
            Kw::CAST => self.create_cast(span),
            Kw::DEFAULT | Kw::CONVERSION => self.create_conversion(span),
            Kw::ACCESS => self.create_access_method(span),
            Kw::EVENT => self.create_event_trigger(span),
            Kw::POLICY => self.create_policy(span),
            Kw::EXTENSION => self.create_extension(span),
            Kw::FOREIGN => self.create_foreign(span),
            Kw::SERVER => self.create_server(span),
            Kw::USER if self.peek(1).kw == Kw::MAPPING && matches!(self.peek(2).kw, Kw::FOR | Kw::IF) => {
                self.create_user_mapping(span)
            }
            Kw::ROLE | Kw::USER | Kw::GROUP => self.create_role(span),
            Kw::DATABASE => self.create_database(span),
            Kw::TABLESPACE => self.create_tablespace(span),
            Kw::PUBLICATION => self.create_publication(span),
            Kw::SUBSCRIPTION => self.create_subscription(span),
            _ => self.unexpected(),
        }
    }

    fn create_or_replace(&mut self, span: Span) -> Stmt {
        match self.cur.kw {
            Kw::TEMP | Kw::TEMPORARY | Kw::LOCAL | Kw::GLOBAL | Kw::UNLOGGED | Kw::VIEW | Kw::RECURSIVE => {
                self.create_persistent(true, span)
            }
            Kw::FUNCTION | Kw::PROCEDURE => self.create_function(true, span),
            Kw::CONSTRAINT | Kw::TRIGGER => self.create_trigger(true, span),
            Kw::AGGREGATE => self.create_aggregate(true, span),
            Kw::RULE => self.create_rule(true, span),
            Kw::TRANSFORM => self.create_transform(true, span),
            Kw::TRUSTED | Kw::PROCEDURAL | Kw::LANGUAGE => self.create_language(true, span),
            _ => self.unexpected(),
        }
    }

    /// `[TEMP | UNLOGGED] {TABLE | SEQUENCE | VIEW | …}`.
    fn create_persistent(&mut self, replace: bool, span: Span) -> Stmt {
        let persistence = match self.cur.kw {
            Kw::TEMP | Kw::TEMPORARY => RelPersistence::Temp,
            Kw::LOCAL | Kw::GLOBAL => {
                self.skip();
                if !matches!(self.cur.kw, Kw::TEMP | Kw::TEMPORARY) {
                    return self.unexpected();
                }
                RelPersistence::Temp
            }
            Kw::UNLOGGED => RelPersistence::Unlogged,
            _ => RelPersistence::Permanent,
        };
        if persistence != RelPersistence::Permanent {
            self.skip();
        }
        match self.cur.kw {
            Kw::VIEW => {
                self.skip();
                self.create_view(persistence, replace, false, span)
            }
            Kw::RECURSIVE => {
                self.skip();
                self.expect_kw(Kw::VIEW);
                self.create_view(persistence, replace, true, span)
            }
            _ if replace => self.unexpected(),
            Kw::TABLE => {
                self.skip();
                self.create_table(persistence, span)
            }
            Kw::SEQUENCE => {
                self.skip();
                let if_not_exists = self.if_not_exists();
                let mut sequence = self.qualified_name();
                sequence.relpersistence = persistence;
                let options = self.seq_options();
                Stmt::CreateSeq(Box::new(CreateSeqStmt { sequence, options, if_not_exists, span }))
            }
            Kw::MATERIALIZED if persistence != RelPersistence::Temp => {
                self.skip();
                self.expect_kw(Kw::VIEW);
                self.create_matview(persistence, span)
            }
            _ => self.unexpected(),
        }
    }

    /// `EXPLAIN CREATE TABLE … AS` and `EXPLAIN CREATE MATERIALIZED VIEW`: nothing else created can be explained.
    pub(super) fn explained_create(&mut self, span: Span) -> Stmt {
        match self.cur.kw {
            Kw::TEMP | Kw::TEMPORARY | Kw::LOCAL | Kw::GLOBAL | Kw::UNLOGGED | Kw::TABLE | Kw::MATERIALIZED => {}
            _ => return self.unexpected(),
        }
        let stmt = self.create_persistent(false, span);
        if matches!(stmt, Stmt::CreateTableAs(_)) { stmt } else { self.unexpected() }
    }

    fn create_view(&mut self, persistence: RelPersistence, replace: bool, recursive: bool, span: Span) -> Stmt {
        let mut view = self.qualified_name();
        view.relpersistence = persistence;
        let aliases = if recursive { self.parens(Self::col_id) } else { self.opt_parens(Self::col_id) };
        let options = self.opt_reloptions();
        self.expect_kw(Kw::AS);
        let mut query = self.select_stmt();
        let at = self.span();
        let mut with_check_option = ViewCheckOption::None;
        if self.eat_kw(Kw::WITH) {
            with_check_option = ViewCheckOption::Cascaded;
            if self.eat_kw(Kw::LOCAL) {
                with_check_option = ViewCheckOption::Local;
            } else {
                self.eat_kw(Kw::CASCADED);
            }
            self.expect_kw(Kw::CHECK);
            self.expect_kw(Kw::OPTION);
            if recursive {
                let message = "WITH CHECK OPTION not supported on recursive views";
                return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, at);
            }
        }
        if recursive {
            query = recursive_view_query(&view.relname, &aliases, query);
        }
        let query = Rc::new(query);
        Stmt::View(Box::new(ViewStmt { view, aliases, query, replace, options, with_check_option, span }))
    }

    fn create_index(&mut self, span: Span) -> Stmt {
        let unique = self.eat_kw(Kw::UNIQUE);
        self.expect_kw(Kw::INDEX);
        let concurrent = self.eat_kw(Kw::CONCURRENTLY);
        let if_not_exists = self.if_not_exists();
        let idxname = if !if_not_exists && self.is_kw(Kw::ON) { None } else { Some(self.name()) };
        self.expect_kw(Kw::ON);
        let relation = self.relation_expr();
        let access_method = self.opt_access_method().unwrap_or_else(|| "btree".to_owned());
        let index_params = self.parens(Self::index_elem);
        let index_including_params = if self.eat_kw(Kw::INCLUDE) { self.parens(Self::index_elem) } else { Vec::new() };
        let nulls_not_distinct = self.opt_unique_null_treatment();
        let options = if self.eat_kw(Kw::WITH) { self.reloptions() } else { Vec::new() };
        let table_space = self.opt_tablespace();
        let where_clause = self.where_clause().map(Rc::new);
        Stmt::Index(Box::new(IndexStmt {
            idxname,
            relation,
            access_method,
            table_space,
            index_params,
            index_including_params,
            options,
            where_clause,
            unique,
            nulls_not_distinct,
            concurrent,
            if_not_exists,
            span,
        }))
    }

    /// A key with collation, operator class and order.
    pub(super) fn index_elem(&mut self) -> IndexElem {
        let span = self.span();
        let key = self.index_key();
        let collation = if self.eat_kw(Kw::COLLATE) { Some(self.any_name()) } else { None };
        let mut opclass = None;
        let mut opclassopts = Vec::new();
        let nulls = self.is_kw(Kw::NULLS) && matches!(self.peek(1).kw, Kw::FIRST | Kw::LAST);
        if is_col_id(&self.cur) && !nulls {
            opclass = Some(self.any_name());
            if self.is(T::LParen) {
                opclassopts = self.reloptions();
            }
        }
        let ordering = self.asc_desc();
        let nulls_ordering = self.nulls_order();
        IndexElem { key, collation, opclass, opclassopts, ordering, nulls_ordering, span }
    }

    fn create_schema(&mut self, span: Span) -> Stmt {
        self.skip();
        let if_not_exists = self.if_not_exists();
        let schemaname = if self.is_kw(Kw::AUTHORIZATION) { None } else { Some(self.col_id()) };
        let authrole = if self.eat_kw(Kw::AUTHORIZATION) { Some(self.role_spec()) } else { None };
        let at = self.span();
        let mut schema_elts = Vec::new();
        while matches!(self.cur.kw, Kw::CREATE | Kw::GRANT) {
            let start = self.cur.start;
            self.in_schema = true;
            let stmt = self.schema_element();
            self.in_schema = false;
            let stmt = stmt;
            schema_elts.push(RawStmt { stmt, span: Span { start, end: self.prev_end() } });
        }
        if if_not_exists && !schema_elts.is_empty() {
            let message = "CREATE SCHEMA IF NOT EXISTS cannot include schema elements";
            return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, at);
        }
        Stmt::CreateSchema(Box::new(CreateSchemaStmt { schemaname, authrole, schema_elts, if_not_exists, span }))
    }

    fn schema_element(&mut self) -> Stmt {
        let span = self.bump();
        if span.kw == Kw::GRANT {
            return self.grant_stmt(span.span());
        }
        let at = span.span();
        match self.cur.kw {
            Kw::UNIQUE | Kw::INDEX => self.create_index(at),
            Kw::CONSTRAINT | Kw::TRIGGER => self.create_trigger(false, at),
            Kw::TEMP
            | Kw::TEMPORARY
            | Kw::LOCAL
            | Kw::GLOBAL
            | Kw::UNLOGGED
            | Kw::TABLE
            | Kw::SEQUENCE
            | Kw::VIEW
            | Kw::RECURSIVE => self.create_persistent(false, at),
            Kw::OR => {
                self.skip();
                self.expect_kw(Kw::REPLACE);
                match self.cur.kw {
                    Kw::CONSTRAINT | Kw::TRIGGER => self.create_trigger(true, at),
                    _ => self.create_persistent(true, at),
                }
            }
            _ => self.unexpected(),
        }
    }

    fn create_domain(&mut self, span: Span) -> Stmt {
        self.skip();
        let domainname = self.any_name();
        self.eat_kw(Kw::AS);
        let type_name = self.typename();
        let mut coll_clause = None;
        let mut constraints = Vec::new();
        self.column_qualifiers(&mut constraints, &mut coll_clause);
        Stmt::CreateDomain(Box::new(CreateDomainStmt { domainname, type_name, coll_clause, constraints, span }))
    }

    fn create_type(&mut self, span: Span) -> Stmt {
        self.skip();
        let at = self.span();
        let type_name = self.any_name();
        if !self.eat_kw(Kw::AS) {
            let definition = if self.is(T::LParen) { self.definition() } else { Vec::new() };
            return Stmt::Define(Box::new(DefineStmt {
                kind: ObjectType::Type,
                oldstyle: false,
                defnames: type_name,
                args: None,
                definition,
                from: None,
                if_not_exists: false,
                replace: false,
                span,
            }));
        }
        if self.eat_kw(Kw::ENUM) {
            self.expect(T::LParen);
            let vals = if self.is(T::RParen) { Vec::new() } else { self.list(Self::string) };
            self.expect(T::RParen);
            return Stmt::CreateEnum(Box::new(CreateEnumStmt { type_name, vals, span }));
        }
        if self.eat_kw(Kw::RANGE) {
            let params = self.definition();
            return Stmt::CreateRange(Box::new(CreateRangeStmt { type_name, params, span }));
        }
        self.expect(T::LParen);
        let coldeflist = if self.is(T::RParen) { Vec::new() } else { self.list(Self::attribute_def) };
        self.expect(T::RParen);
        let at = Span { start: at.start, end: at.end };
        let typevar = self.range_var_from(type_name, at, "improper qualified name (too many dotted names): ");
        Stmt::CompositeType(Box::new(CompositeTypeStmt { typevar, coldeflist, span }))
    }

    /// A column of a composite type: name, type, collation.
    pub(super) fn attribute_def(&mut self) -> ColumnDef {
        let span = self.span();
        let colname = self.col_id();
        let type_name = self.typename();
        let mut def = empty_column(colname, Some(type_name), span);
        def.coll_clause = self.opt_collate();
        def
    }

    pub(super) fn opt_collate(&mut self) -> Option<CollateClause> {
        let span = self.span();
        if !self.eat_kw(Kw::COLLATE) {
            return None;
        }
        Some(CollateClause { arg: None, collname: self.any_name(), span })
    }

    fn create_statistics(&mut self, span: Span) -> Stmt {
        self.skip();
        let if_not_exists = self.if_not_exists();
        let defnames = self.any_name();
        let stat_types = self.opt_parens(Self::name);
        self.expect_kw(Kw::ON);
        let exprs = self.list(Self::index_key);
        let relations = self.parse_from_clause();
        Stmt::CreateStats(Box::new(CreateStatsStmt { defnames, stat_types, exprs, relations, if_not_exists, span }))
    }
}
