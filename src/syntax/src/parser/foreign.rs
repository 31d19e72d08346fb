//! Extensions, foreign data, publications and subscriptions, tablespaces.

use super::Parser;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

impl Parser<'_> {
    pub(super) fn create_extension(&mut self, span: Span) -> Stmt {
        self.skip();
        let if_not_exists = self.if_not_exists();
        let extname = self.name();
        self.eat_kw(Kw::WITH);
        let mut options = Vec::new();
        loop {
            let at = self.span();
            let option = match self.cur.kw {
                Kw::SCHEMA => {
                    self.skip();
                    def_elem("schema", string_arg(self.name()), at)
                }
                Kw::VERSION => {
                    self.skip();
                    def_elem("new_version", string_arg(self.non_reserved_word_or_string()), at)
                }
                Kw::FROM => {
                    self.skip();
                    self.non_reserved_word_or_string();
                    let message = "CREATE EXTENSION ... FROM is no longer supported";
                    return self.fail(SqlState::FEATURE_NOT_SUPPORTED, message, at);
                }
                Kw::CASCADE => {
                    self.skip();
                    def_elem("cascade", Some(DefArg::Boolean(true)), at)
                }
                _ => break,
            };
            options.push(option);
        }
        Stmt::CreateExtension(Box::new(CreateExtensionStmt { extname, if_not_exists, options, span }))
    }

    /// `CREATE FOREIGN {TABLE | DATA WRAPPER}`.
    pub(super) fn create_foreign(&mut self, span: Span) -> Stmt {
        self.skip();
        if self.eat_kw(Kw::TABLE) {
            return self.create_foreign_table(span);
        }
        self.expect_kw(Kw::DATA);
        self.expect_kw(Kw::WRAPPER);
        let fdwname = self.name();
        let func_options = self.fdw_options();
        let options = self.opt_generic_options();
        Stmt::CreateFdw(Box::new(CreateFdwStmt { fdwname, func_options, options, span }))
    }

    fn fdw_options(&mut self) -> Vec<DefElem> {
        let mut options = Vec::new();
        loop {
            let span = self.span();
            let no = self.eat_kw(Kw::NO);
            let name = match self.cur.kw {
                Kw::HANDLER => "handler",
                Kw::VALIDATOR => "validator",
                _ if no => return self.unexpected(),
                _ => return options,
            };
            self.skip();
            let arg = if no { None } else { Some(DefArg::Name(self.handler_name())) };
            options.push(def_elem(name, arg, span));
        }
    }

    /// After `ALTER FOREIGN`.
    pub(super) fn alter_fdw(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::DATA);
        self.expect_kw(Kw::WRAPPER);
        let fdwname = self.name();
        if matches!(self.cur.kw, Kw::RENAME | Kw::OWNER) {
            return self.alter_only_common(ObjectType::Fdw, ObjectName::Name(vec![fdwname]), span);
        }
        let func_options = self.fdw_options();
        let options =
            if func_options.is_empty() || self.is_kw(Kw::OPTIONS) { self.alter_generic_options() } else { Vec::new() };
        Stmt::AlterFdw(Box::new(AlterFdwStmt { fdwname, func_options, options, span }))
    }

    pub(super) fn create_server(&mut self, span: Span) -> Stmt {
        self.skip();
        let if_not_exists = self.if_not_exists();
        let servername = self.name();
        let servertype = if self.eat_kw(Kw::TYPE) { Some(self.string()) } else { None };
        let version = self.opt_server_version().flatten();
        self.expect_kw(Kw::FOREIGN);
        self.expect_kw(Kw::DATA);
        self.expect_kw(Kw::WRAPPER);
        let fdwname = self.name();
        let options = self.opt_generic_options();
        Stmt::CreateForeignServer(Box::new(CreateForeignServerStmt {
            servername,
            servertype,
            version,
            fdwname,
            if_not_exists,
            options,
            span,
        }))
    }

    /// `VERSION {'x' | NULL}`.
    fn opt_server_version(&mut self) -> Option<Option<String>> {
        if !self.eat_kw(Kw::VERSION) {
            return None;
        }
        if self.eat_kw(Kw::NULL) { Some(None) } else { Some(Some(self.string())) }
    }

    /// After `ALTER SERVER`.
    pub(super) fn alter_server(&mut self, span: Span) -> Stmt {
        let servername = self.name();
        if matches!(self.cur.kw, Kw::RENAME | Kw::OWNER) {
            return self.alter_only_common(ObjectType::ForeignServer, ObjectName::Name(vec![servername]), span);
        }
        let version = self.opt_server_version();
        let options =
            if version.is_none() || self.is_kw(Kw::OPTIONS) { self.alter_generic_options() } else { Vec::new() };
        Stmt::AlterForeignServer(Box::new(AlterForeignServerStmt { servername, version, options, span }))
    }

    /// A role, or USER for the current one.
    pub(super) fn auth_ident(&mut self) -> RoleSpec {
        let span = self.span();
        if self.eat_kw(Kw::USER) {
            return RoleSpec { kind: RoleSpecKind::CurrentUser, span };
        }
        self.role_spec()
    }

    pub(super) fn create_user_mapping(&mut self, span: Span) -> Stmt {
        self.skip();
        self.skip();
        let if_not_exists = self.if_not_exists();
        self.expect_kw(Kw::FOR);
        let user = self.auth_ident();
        self.expect_kw(Kw::SERVER);
        let servername = self.name();
        let options = self.opt_generic_options();
        Stmt::CreateUserMapping(Box::new(UserMappingStmt { user, servername, if_not_exists, options, span }))
    }

    /// After `ALTER USER`.
    pub(super) fn alter_user_mapping(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::MAPPING);
        self.expect_kw(Kw::FOR);
        let user = self.auth_ident();
        self.expect_kw(Kw::SERVER);
        let servername = self.name();
        let options = self.alter_generic_options();
        let if_not_exists = false;
        Stmt::AlterUserMapping(Box::new(UserMappingStmt { user, servername, if_not_exists, options, span }))
    }

    pub(super) fn import_foreign_schema(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::FOREIGN);
        self.expect_kw(Kw::SCHEMA);
        let remote_schema = self.name();
        let list = if self.eat_kws(Kw::LIMIT, Kw::TO) {
            ImportForeignSchemaList::LimitTo(self.parens(Self::relation_expr))
        } else if self.eat_kw(Kw::EXCEPT) {
            ImportForeignSchemaList::Except(self.parens(Self::relation_expr))
        } else {
            ImportForeignSchemaList::All
        };
        self.expect_kw(Kw::FROM);
        self.expect_kw(Kw::SERVER);
        let server_name = self.name();
        self.expect_kw(Kw::INTO);
        let local_schema = self.name();
        let options = self.opt_generic_options();
        Stmt::ImportForeignSchema(Box::new(ImportForeignSchemaStmt {
            server_name,
            remote_schema,
            local_schema,
            list,
            options,
            span,
        }))
    }

    // Replication.

    pub(super) fn create_publication(&mut self, span: Span) -> Stmt {
        self.skip();
        let pubname = self.name();
        let mut for_all_tables = false;
        let mut pubobjects = Vec::new();
        if self.eat_kw(Kw::FOR) {
            if self.eat_kws(Kw::ALL, Kw::TABLES) {
                for_all_tables = true;
            } else {
                pubobjects = self.publication_objects();
            }
        }
        let options = self.opt_with_definition();
        Stmt::CreatePublication(Box::new(CreatePublicationStmt { pubname, options, pubobjects, for_all_tables, span }))
    }

    /// `TABLE a, b, TABLES IN SCHEMA c, d`: a bare name is of the kind of the one before it.
    fn publication_objects(&mut self) -> Vec<PublicationObject> {
        let mut all = Vec::new();
        // Whether the last word given was TABLE. What PostgreSQL complains about only when the list is complete.
        let mut table: Option<bool> = None;
        let mut complaint: Option<Error> = None;
        loop {
            let span = self.span();
            let mut bare = false;
            if self.eat_kw(Kw::TABLE) {
                table = Some(true);
            } else if self.at_kws(Kw::TABLES, Kw::IN) {
                self.skip();
                self.skip();
                self.expect_kw(Kw::SCHEMA);
                table = Some(false);
                let name_span = self.span();
                let object = if self.eat_kw(Kw::CURRENT_SCHEMA) {
                    PublicationObject::CurrentSchema { span: name_span }
                } else {
                    PublicationObject::Schema { name: self.col_id(), span: name_span }
                };
                all.push(object);
                if !self.eat(T::Comma) {
                    break;
                }
                continue;
            } else {
                bare = true;
            }
            let at = self.span();
            let raise = |message: &str| Error::new(SqlState::SYNTAX_ERROR, message).at(span);
            if bare && self.eat_kw(Kw::CURRENT_SCHEMA) {
                match table {
                    Some(true) => {
                        complaint.get_or_insert_with(|| raise("invalid table name at or near"));
                    }
                    Some(false) => all.push(PublicationObject::CurrentSchema { span: at }),
                    None => {
                        complaint.get_or_insert_with(|| no_kind(at));
                    }
                }
            } else {
                let extended = self.is_kw(Kw::ONLY);
                let relation = self.relation_expr();
                let extended = extended || self.tokens[self.pos - 1].t == T::Star;
                let columns = self.opt_parens(Self::col_id);
                let mut where_clause = None;
                if self.eat_kw(Kw::WHERE) {
                    where_clause = Some(self.paren_expr());
                }
                match table {
                    Some(true) => all.push(PublicationObject::Table { relation, columns, where_clause, span: at }),
                    None => {
                        complaint.get_or_insert_with(|| no_kind(at));
                    }
                    Some(false) if where_clause.is_some() => {
                        complaint.get_or_insert_with(|| raise("WHERE clause not allowed for schema"));
                    }
                    Some(false) if !columns.is_empty() => {
                        complaint.get_or_insert_with(|| raise("column specification not allowed for schema"));
                    }
                    Some(false) if extended || relation.schemaname.is_some() => {
                        complaint.get_or_insert_with(|| raise("invalid schema name at or near"));
                    }
                    Some(false) => all.push(PublicationObject::Schema { name: relation.relname, span: at }),
                }
            }
            if !self.eat(T::Comma) {
                break;
            }
        }
        match complaint {
            Some(error) => self.reject(error),
            None => all,
        }
    }

    /// After `ALTER PUBLICATION`.
    pub(super) fn alter_publication(&mut self, span: Span) -> Stmt {
        let pubname = self.name();
        if matches!(self.cur.kw, Kw::RENAME | Kw::OWNER) {
            return self.alter_only_common(ObjectType::Publication, ObjectName::Name(vec![pubname]), span);
        }
        let word = self.cur.kw;
        let action = match word {
            Kw::SET if self.peek(1).t == T::LParen => {
                self.skip();
                AlterPublicationAction::Options(self.definition())
            }
            Kw::SET => {
                self.skip();
                AlterPublicationAction::Set(self.publication_objects())
            }
            Kw::ADD => {
                self.skip();
                AlterPublicationAction::Add(self.publication_objects())
            }
            Kw::DROP => {
                self.skip();
                AlterPublicationAction::Drop(self.publication_objects())
            }
            _ => return self.unexpected(),
        };
        Stmt::AlterPublication(Box::new(AlterPublicationStmt { pubname, action, span }))
    }

    pub(super) fn create_subscription(&mut self, span: Span) -> Stmt {
        self.skip();
        let subname = self.name();
        self.expect_kw(Kw::CONNECTION);
        let conninfo = self.string();
        self.expect_kw(Kw::PUBLICATION);
        let publication = self.list(Self::name);
        let options = self.opt_with_definition();
        Stmt::CreateSubscription(Box::new(CreateSubscriptionStmt { subname, conninfo, publication, options, span }))
    }

    /// After `ALTER SUBSCRIPTION`.
    pub(super) fn alter_subscription(&mut self, span: Span) -> Stmt {
        use AlterSubscriptionAction as A;
        let subname = self.name();
        if matches!(self.cur.kw, Kw::RENAME | Kw::OWNER) {
            return self.alter_only_common(ObjectType::Subscription, ObjectName::Name(vec![subname]), span);
        }
        let word = self.cur.kw;
        if !matches!(
            word,
            Kw::SET | Kw::ADD | Kw::DROP | Kw::CONNECTION | Kw::REFRESH | Kw::ENABLE | Kw::DISABLE | Kw::SKIP
        ) {
            return self.unexpected();
        }
        self.skip();
        let action = match word {
            Kw::SET if self.is(T::LParen) => A::Options(self.definition()),
            Kw::SET | Kw::ADD | Kw::DROP => {
                self.expect_kw(Kw::PUBLICATION);
                let publication = self.list(Self::name);
                let options = self.opt_with_definition();
                match word {
                    Kw::SET => A::SetPublication { publication, options },
                    Kw::ADD => A::AddPublication { publication, options },
                    _ => A::DropPublication { publication, options },
                }
            }
            Kw::CONNECTION => A::Connection(self.string()),
            Kw::REFRESH => {
                self.expect_kw(Kw::PUBLICATION);
                A::Refresh(self.opt_with_definition())
            }
            Kw::SKIP => A::Skip(self.definition()),
            _ => A::Enabled(word == Kw::ENABLE),
        };
        Stmt::AlterSubscription(Box::new(AlterSubscriptionStmt { subname, action, span }))
    }

    // Tablespaces.

    pub(super) fn create_tablespace(&mut self, span: Span) -> Stmt {
        self.skip();
        let tablespacename = self.name();
        let owner = if self.eat_kw(Kw::OWNER) { Some(self.role_spec()) } else { None };
        self.expect_kw(Kw::LOCATION);
        let location = self.string();
        let options = if self.eat_kw(Kw::WITH) { self.reloptions() } else { Vec::new() };
        Stmt::CreateTableSpace(Box::new(CreateTableSpaceStmt { tablespacename, owner, location, options, span }))
    }

    /// After `ALTER TABLESPACE`.
    pub(super) fn alter_tablespace(&mut self, span: Span) -> Stmt {
        let tablespacename = self.name();
        if matches!(self.cur.kw, Kw::RENAME | Kw::OWNER) {
            return self.alter_only_common(ObjectType::Tablespace, ObjectName::Name(vec![tablespacename]), span);
        }
        let is_reset = self.eat_kw(Kw::RESET);
        if !is_reset {
            self.expect_kw(Kw::SET);
        }
        let options = self.reloptions();
        Stmt::AlterTableSpaceOptions(Box::new(AlterTableSpaceOptionsStmt { tablespacename, options, is_reset, span }))
    }
}

/// A name in a publication with nothing before it that says what it names.
fn no_kind(span: Span) -> Error {
    Error::new(SqlState::SYNTAX_ERROR, "invalid publication object list")
        .detail("One of TABLE or TABLES IN SCHEMA must be specified before a standalone table or schema name.")
        .at(span)
}
