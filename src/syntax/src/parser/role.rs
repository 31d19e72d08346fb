//! Roles, privileges, databases.

use super::Parser;
use super::names::is_col_id;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

impl Parser<'_> {
    pub(super) fn create_role(&mut self, span: Span) -> Stmt {
        let stmt_type = match self.bump().kw {
            Kw::ROLE => RoleStmtType::Role,
            Kw::USER => RoleStmtType::User,
            _ => RoleStmtType::Group,
        };
        let role = self.role_id();
        self.eat_kw(Kw::WITH);
        let options = self.role_options(true);
        Stmt::CreateRole(Box::new(CreateRoleStmt { stmt_type, role, options, span }))
    }

    fn role_options(&mut self, create: bool) -> Vec<DefElem> {
        let mut options = Vec::new();
        loop {
            let span = self.span();
            let word = self.cur.kw;
            let roles = |p: &mut Self, name| def_elem(name, Some(DefArg::Roles(p.list(Self::role_spec))), span);
            let option = match word {
                Kw::PASSWORD => {
                    self.skip();
                    let arg = if self.eat_kw(Kw::NULL) { None } else { string_arg(self.string()) };
                    def_elem("password", arg, span)
                }
                Kw::ENCRYPTED => {
                    self.skip();
                    self.expect_kw(Kw::PASSWORD);
                    def_elem("password", string_arg(self.string()), span)
                }
                Kw::UNENCRYPTED => {
                    self.skip();
                    self.expect_kw(Kw::PASSWORD);
                    self.string();
                    let message = "UNENCRYPTED PASSWORD is no longer supported";
                    let hint = "Remove UNENCRYPTED to store the password in encrypted form instead.";
                    return self.reject(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message).hint(hint).at(span));
                }
                Kw::INHERIT => {
                    self.skip();
                    def_elem("inherit", Some(DefArg::Boolean(true)), span)
                }
                Kw::CONNECTION => {
                    self.skip();
                    self.expect_kw(Kw::LIMIT);
                    def_elem("connectionlimit", Some(DefArg::Integer(self.signed_iconst())), span)
                }
                Kw::VALID => {
                    self.skip();
                    self.expect_kw(Kw::UNTIL);
                    def_elem("validUntil", string_arg(self.string()), span)
                }
                Kw::USER => {
                    self.skip();
                    roles(self, "rolemembers")
                }
                Kw::SYSID if create => {
                    self.skip();
                    def_elem("sysid", Some(DefArg::Integer(self.iconst())), span)
                }
                Kw::ADMIN if create => {
                    self.skip();
                    roles(self, "adminmembers")
                }
                Kw::ROLE if create => {
                    self.skip();
                    roles(self, "rolemembers")
                }
                Kw::IN if create => {
                    self.skip();
                    if !self.eat_kw(Kw::ROLE) {
                        self.expect_kw(Kw::GROUP);
                    }
                    roles(self, "addroleto")
                }
                _ if matches!(self.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent) => {
                    let name = self.take_name();
                    let (option, value) = match name.as_str() {
                        "superuser" => ("superuser", true),
                        "nosuperuser" => ("superuser", false),
                        "createrole" => ("createrole", true),
                        "nocreaterole" => ("createrole", false),
                        "replication" => ("isreplication", true),
                        "noreplication" => ("isreplication", false),
                        "createdb" => ("createdb", true),
                        "nocreatedb" => ("createdb", false),
                        "login" => ("canlogin", true),
                        "nologin" => ("canlogin", false),
                        "bypassrls" => ("bypassrls", true),
                        "nobypassrls" => ("bypassrls", false),
                        "noinherit" => ("inherit", false),
                        _ => {
                            let message = format!("unrecognized role option \"{name}\"");
                            return self.fail(SqlState::SYNTAX_ERROR, message, span);
                        }
                    };
                    def_elem(option, Some(DefArg::Boolean(value)), span)
                }
                _ => return options,
            };
            options.push(option);
        }
    }

    /// After `ALTER ROLE` or `ALTER USER`.
    pub(super) fn alter_role(&mut self, _role_word: bool, span: Span) -> Stmt {
        let role = if self.eat_kw(Kw::ALL) { None } else { Some(self.role_spec()) };
        let mut database = None;
        if self.eat_kws(Kw::IN, Kw::DATABASE) {
            database = Some(self.name());
        } else if let Some(role) = &role {
            if self.is_kw(Kw::RENAME) {
                return self.rename_role(role.clone(), span);
            }
            if !matches!(self.cur.kw, Kw::SET | Kw::RESET) {
                let role = role.clone();
                self.eat_kw(Kw::WITH);
                let options = self.role_options(false);
                return Stmt::AlterRole(Box::new(AlterRoleStmt { role, options, add: true, span }));
            }
        }
        let setstmt = self.set_reset_clause(false);
        Stmt::AlterRoleSet(Box::new(AlterRoleSetStmt { role, database, setstmt, span }))
    }

    fn rename_role(&mut self, role: RoleSpec, span: Span) -> Stmt {
        // Only a plain name can be renamed; the complaint is that of `RoleId`.
        let name = self.checked_role_name(role);
        self.alter_only_common(ObjectType::Role, ObjectName::Name(vec![name]), span)
    }

    fn checked_role_name(&mut self, role: RoleSpec) -> String {
        let what = match role.kind {
            RoleSpecKind::Name(name) => return name,
            RoleSpecKind::Public => {
                return self.fail(SqlState::RESERVED_NAME, "role name \"public\" is reserved", role.span);
            }
            RoleSpecKind::CurrentRole => "CURRENT_ROLE",
            RoleSpecKind::CurrentUser => "CURRENT_USER",
            RoleSpecKind::SessionUser => "SESSION_USER",
        };
        self.fail(SqlState::RESERVED_NAME, format!("{what} cannot be used as a role name here"), role.span)
    }

    /// After `ALTER GROUP`.
    pub(super) fn alter_group(&mut self, span: Span) -> Stmt {
        let role = self.role_spec();
        if self.is_kw(Kw::RENAME) {
            return self.rename_role(role, span);
        }
        let add = self.eat_kw(Kw::ADD);
        if !add {
            self.expect_kw(Kw::DROP);
        }
        self.expect_kw(Kw::USER);
        let at = self.span();
        let members = self.list(Self::role_spec);
        let options = vec![def_elem("rolemembers", Some(DefArg::Roles(members)), at)];
        Stmt::AlterRole(Box::new(AlterRoleStmt { role, options, add, span }))
    }

    // Privileges.

    pub(super) fn grant_stmt(&mut self, span: Span) -> Stmt {
        self.grant_or_revoke(true, span)
    }

    pub(super) fn revoke_stmt(&mut self, span: Span) -> Stmt {
        self.grant_or_revoke(false, span)
    }

    fn grant_or_revoke(&mut self, is_grant: bool, span: Span) -> Stmt {
        let mut grant_option = false;
        let mut admin_opt = false;
        if !is_grant {
            // ADMIN is a privilege's, that is a role's, name too.
            if self.eat_kws(Kw::GRANT, Kw::OPTION) {
                self.expect_kw(Kw::FOR);
                grant_option = true;
            } else if self.at_kws(Kw::ADMIN, Kw::OPTION) {
                self.skip();
                self.skip();
                self.expect_kw(Kw::FOR);
                admin_opt = true;
            }
        }
        let to = if is_grant { Kw::TO } else { Kw::FROM };
        let all = self.is_kw(Kw::ALL);
        let privileges = self.privileges();
        if !all && !grant_option && (admin_opt || self.is_kw(to)) {
            self.expect_kw(to);
            let grantee_roles = self.list(Self::role_spec);
            if is_grant && self.eat_kws(Kw::WITH, Kw::ADMIN) {
                self.expect_kw(Kw::OPTION);
                admin_opt = true;
            }
            let grantor = self.opt_granted_by();
            let behavior = if is_grant { DropBehavior::Restrict } else { self.opt_drop_behavior() };
            return Stmt::GrantRole(Box::new(GrantRoleStmt {
                is_grant,
                granted_roles: privileges,
                grantee_roles,
                admin_opt,
                grantor,
                behavior,
                span,
            }));
        }
        self.expect_kw(Kw::ON);
        let target = self.privilege_target();
        self.expect_kw(to);
        let grantees = self.list(Self::grantee);
        if is_grant && self.eat_kws(Kw::WITH, Kw::GRANT) {
            self.expect_kw(Kw::OPTION);
            grant_option = true;
        }
        let grantor = self.opt_granted_by();
        let behavior = if is_grant { DropBehavior::Restrict } else { self.opt_drop_behavior() };
        Stmt::Grant(Box::new(GrantStmt {
            is_grant,
            privileges,
            target,
            grantees,
            grant_option,
            grantor,
            behavior,
            span,
        }))
    }

    fn opt_granted_by(&mut self) -> Option<RoleSpec> {
        if self.eat_kws(Kw::GRANTED, Kw::BY) { Some(self.role_spec()) } else { None }
    }

    fn grantee(&mut self) -> RoleSpec {
        self.eat_kw(Kw::GROUP);
        self.role_spec()
    }

    /// `ALL [PRIVILEGES] [(columns)]` or a list.
    fn privileges(&mut self) -> Vec<AccessPriv> {
        if self.eat_kw(Kw::ALL) {
            self.eat_kw(Kw::PRIVILEGES);
            let cols = self.opt_parens(Self::col_id);
            return if cols.is_empty() { Vec::new() } else { vec![AccessPriv { priv_name: None, cols }] };
        }
        self.list(|p| {
            if p.eat_kws(Kw::ALTER, Kw::SYSTEM) {
                return AccessPriv { priv_name: Some("alter system".to_owned()), cols: Vec::new() };
            }
            let name = match p.cur.kw {
                Kw::SELECT | Kw::REFERENCES | Kw::CREATE => p.take_name(),
                _ => p.col_id(),
            };
            let cols = p.opt_parens(Self::col_id);
            AccessPriv { priv_name: Some(name), cols }
        })
    }

    fn privilege_target(&mut self) -> GrantTarget {
        use ObjectType as O;
        let word = self.cur.kw;
        let next = self.peek(1);
        // A table may be called by one of the words; then no name follows.
        let name_follows = is_col_id(&next);
        let names = |p: &mut Self, objtype| {
            let objects = p.list(|p| ObjectName::Name(vec![p.name()]));
            GrantTarget::Objects { objtype, objects }
        };
        let simple = match word {
            Kw::DATABASE => Some(O::Database),
            Kw::LANGUAGE => Some(O::Language),
            Kw::SCHEMA => Some(O::Schema),
            Kw::TABLESPACE => Some(O::Tablespace),
            _ => None,
        };
        match word {
            Kw::TABLE => {
                self.skip();
                GrantTarget::Relations { objtype: O::Table, names: self.list(Self::qualified_name) }
            }
            Kw::SEQUENCE if name_follows => {
                self.skip();
                GrantTarget::Relations { objtype: O::Sequence, names: self.list(Self::qualified_name) }
            }
            Kw::FOREIGN => {
                self.skip();
                if self.eat_kw(Kw::SERVER) {
                    return names(self, O::ForeignServer);
                }
                self.expect_kw(Kw::DATA);
                self.expect_kw(Kw::WRAPPER);
                names(self, O::Fdw)
            }
            Kw::FUNCTION | Kw::PROCEDURE | Kw::ROUTINE
                if name_follows || super::names::is_type_function_name(&next) =>
            {
                self.skip();
                let objtype = match word {
                    Kw::FUNCTION => O::Function,
                    Kw::PROCEDURE => O::Procedure,
                    _ => O::Routine,
                };
                let objects = self.list(|p| ObjectName::WithArgs(p.function_with_args()));
                GrantTarget::Objects { objtype, objects }
            }
            Kw::DOMAIN | Kw::TYPE if name_follows => {
                self.skip();
                let objtype = if word == Kw::DOMAIN { O::Domain } else { O::Type };
                let objects = self.list(|p| ObjectName::Name(p.any_name()));
                GrantTarget::Objects { objtype, objects }
            }
            Kw::LARGE if next.kw == Kw::OBJECT => {
                self.skip();
                self.skip();
                let objects = self.list(|p| ObjectName::LargeObject(p.numeric_only()));
                GrantTarget::Objects { objtype: O::LargeObject, objects }
            }
            Kw::PARAMETER if name_follows => {
                self.skip();
                let objects = self.list(|p| {
                    let name = p.any_name_dotted();
                    ObjectName::Name(vec![name])
                });
                GrantTarget::Objects { objtype: O::Parameter, objects }
            }
            Kw::ALL => {
                self.skip();
                let objtype = match self.cur.kw {
                    Kw::TABLES => O::Table,
                    Kw::SEQUENCES => O::Sequence,
                    Kw::FUNCTIONS => O::Function,
                    Kw::PROCEDURES => O::Procedure,
                    Kw::ROUTINES => O::Routine,
                    _ => return self.unexpected(),
                };
                self.skip();
                self.expect_kw(Kw::IN);
                self.expect_kw(Kw::SCHEMA);
                GrantTarget::AllInSchema { objtype, schemas: self.list(Self::name) }
            }
            _ => match simple.filter(|_| name_follows) {
                Some(objtype) => {
                    self.skip();
                    names(self, objtype)
                }
                None => GrantTarget::Relations { objtype: O::Table, names: self.list(Self::qualified_name) },
            },
        }
    }

    /// A setting's name, as one string.
    fn any_name_dotted(&mut self) -> String {
        let mut name = self.col_id();
        while self.eat(T::Dot) {
            name.push('.');
            name.push_str(&self.col_id());
        }
        name
    }

    /// After `ALTER DEFAULT`.
    pub(super) fn alter_default_privileges(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::PRIVILEGES);
        let mut options = Vec::new();
        loop {
            let at = self.span();
            if self.eat_kws(Kw::IN, Kw::SCHEMA) {
                options.push(def_elem("schemas", Some(DefArg::Strings(self.list(Self::name))), at));
            } else if self.eat_kw(Kw::FOR) {
                if !self.eat_kw(Kw::ROLE) {
                    self.expect_kw(Kw::USER);
                }
                options.push(def_elem("roles", Some(DefArg::Roles(self.list(Self::role_spec))), at));
            } else {
                break;
            }
        }
        let at = self.span();
        let is_grant = self.eat_kw(Kw::GRANT);
        let mut grant_option = false;
        if !is_grant {
            self.expect_kw(Kw::REVOKE);
            if self.eat_kws(Kw::GRANT, Kw::OPTION) {
                self.expect_kw(Kw::FOR);
                grant_option = true;
            }
        }
        let privileges = self.privileges();
        self.expect_kw(Kw::ON);
        let objtype = match self.cur.kw {
            Kw::TABLES => ObjectType::Table,
            Kw::FUNCTIONS | Kw::ROUTINES => ObjectType::Function,
            Kw::SEQUENCES => ObjectType::Sequence,
            Kw::TYPES => ObjectType::Type,
            Kw::SCHEMAS => ObjectType::Schema,
            _ => return self.unexpected(),
        };
        self.skip();
        self.expect_kw(if is_grant { Kw::TO } else { Kw::FROM });
        let grantees = self.list(Self::grantee);
        if is_grant && self.eat_kws(Kw::WITH, Kw::GRANT) {
            self.expect_kw(Kw::OPTION);
            grant_option = true;
        }
        let behavior = if is_grant { DropBehavior::Restrict } else { self.opt_drop_behavior() };
        let action = GrantStmt {
            is_grant,
            privileges,
            target: GrantTarget::Defaults { objtype },
            grantees,
            grant_option,
            grantor: None,
            behavior,
            span: at,
        };
        Stmt::AlterDefaultPrivileges(Box::new(AlterDefaultPrivilegesStmt { options, action, span }))
    }

    pub(super) fn reassign_stmt(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::OWNED);
        self.expect_kw(Kw::BY);
        let roles = self.list(Self::role_spec);
        self.expect_kw(Kw::TO);
        let newrole = self.role_spec();
        Stmt::ReassignOwned(Box::new(ReassignOwnedStmt { roles, newrole, span }))
    }

    // Databases.

    pub(super) fn create_database(&mut self, span: Span) -> Stmt {
        self.skip();
        let dbname = self.name();
        self.eat_kw(Kw::WITH);
        let options = self.database_options();
        Stmt::Createdb(Box::new(CreatedbStmt { dbname, options, span }))
    }

    fn database_options(&mut self) -> Vec<DefElem> {
        let mut options = Vec::new();
        loop {
            let span = self.span();
            let name = match self.cur.kw {
                Kw::CONNECTION => {
                    self.skip();
                    if !self.is_kw(Kw::LIMIT) {
                        return self.unexpected();
                    }
                    self.skip();
                    "connection_limit".to_owned()
                }
                Kw::ENCODING | Kw::LOCATION | Kw::OWNER | Kw::TABLESPACE | Kw::TEMPLATE => self.take_name(),
                _ if matches!(self.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent) => self.take_name(),
                _ => return options,
            };
            self.eat(T::Eq);
            let arg = if self.eat_kw(Kw::DEFAULT) {
                None
            } else if self.is_numeric_only() {
                Some(self.numeric_only())
            } else {
                string_arg(self.boolean_or_string())
            };
            options.push(def_elem(&name, arg, span));
        }
    }

    /// After `ALTER DATABASE`.
    pub(super) fn alter_database(&mut self, span: Span) -> Stmt {
        let dbname = self.name();
        match self.cur.kw {
            Kw::RENAME | Kw::OWNER if self.is_kw(Kw::RENAME) || self.peek(1).kw == Kw::TO => {
                return self.alter_only_common(ObjectType::Database, ObjectName::Name(vec![dbname]), span);
            }
            Kw::REFRESH => {
                self.skip();
                self.expect_kw(Kw::COLLATION);
                self.expect_kw(Kw::VERSION);
                return Stmt::AlterDatabaseRefreshColl(Box::new(AlterDatabaseRefreshCollStmt { dbname, span }));
            }
            Kw::SET if self.peek(1).kw == Kw::TABLESPACE && is_col_id(&self.peek(2)) => {
                self.skip();
                let at = self.span();
                self.skip();
                let options = vec![def_elem("tablespace", string_arg(self.name()), at)];
                return Stmt::AlterDatabase(Box::new(AlterDatabaseStmt { dbname, options, span }));
            }
            Kw::SET | Kw::RESET => {
                let setstmt = self.set_reset_clause(false);
                return Stmt::AlterDatabaseSet(Box::new(AlterDatabaseSetStmt { dbname, setstmt, span }));
            }
            _ => {}
        }
        self.eat_kw(Kw::WITH);
        let options = self.database_options();
        Stmt::AlterDatabase(Box::new(AlterDatabaseStmt { dbname, options, span }))
    }
}
