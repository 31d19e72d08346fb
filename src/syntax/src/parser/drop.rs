//! DROP, COMMENT, SECURITY LABEL: statements about an object of any kind, and how each kind is named.

use super::Parser;
use super::names::is_col_id;
use super::options::def_elem;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

impl Parser<'_> {
    /// The kinds named by `any_name`: taken if one stands here.
    fn any_name_kind(&mut self) -> Option<ObjectType> {
        let kind = match self.cur.kw {
            Kw::TABLE => ObjectType::Table,
            Kw::SEQUENCE => ObjectType::Sequence,
            Kw::VIEW => ObjectType::View,
            Kw::INDEX => ObjectType::Index,
            Kw::COLLATION => ObjectType::Collation,
            Kw::CONVERSION => ObjectType::Conversion,
            Kw::STATISTICS => ObjectType::StatisticExt,
            Kw::MATERIALIZED => {
                self.skip();
                if !self.is_kw(Kw::VIEW) {
                    return self.unexpected();
                }
                ObjectType::MatView
            }
            Kw::FOREIGN if self.peek(1).kw == Kw::TABLE => {
                self.skip();
                ObjectType::ForeignTable
            }
            Kw::TEXT => {
                self.skip();
                self.expect_kw(Kw::SEARCH);
                self.text_search_kind_here()
            }
            _ => return None,
        };
        self.skip();
        Some(kind)
    }

    /// Which text search object the current word means; not taken.
    pub(super) fn text_search_kind_here(&mut self) -> ObjectType {
        match self.cur.kw {
            Kw::PARSER => ObjectType::TsParser,
            Kw::DICTIONARY => ObjectType::TsDictionary,
            Kw::TEMPLATE => ObjectType::TsTemplate,
            Kw::CONFIGURATION => ObjectType::TsConfiguration,
            _ => self.unexpected(),
        }
    }

    /// The kinds named by one name: taken if one stands here.
    fn name_kind(&mut self) -> Option<ObjectType> {
        let kind = match self.cur.kw {
            Kw::ACCESS => {
                self.skip();
                if !self.is_kw(Kw::METHOD) {
                    return self.unexpected();
                }
                ObjectType::AccessMethod
            }
            Kw::EVENT => {
                self.skip();
                if !self.is_kw(Kw::TRIGGER) {
                    return self.unexpected();
                }
                ObjectType::EventTrigger
            }
            Kw::FOREIGN => {
                self.skip();
                self.expect_kw(Kw::DATA);
                if !self.is_kw(Kw::WRAPPER) {
                    return self.unexpected();
                }
                ObjectType::Fdw
            }
            Kw::PROCEDURAL => {
                self.skip();
                if !self.is_kw(Kw::LANGUAGE) {
                    return self.unexpected();
                }
                ObjectType::Language
            }
            Kw::EXTENSION => ObjectType::Extension,
            Kw::LANGUAGE => ObjectType::Language,
            Kw::PUBLICATION => ObjectType::Publication,
            Kw::SCHEMA => ObjectType::Schema,
            Kw::SERVER => ObjectType::ForeignServer,
            _ => return None,
        };
        self.skip();
        Some(kind)
    }

    pub(super) fn drop_stmt(&mut self, span: Span) -> Stmt {
        if let Some(stmt) = self.drop_special(span) {
            return stmt;
        }
        let mut stmt = DropStmt {
            objects: Vec::new(),
            remove_type: ObjectType::Table,
            behavior: DropBehavior::Restrict,
            missing_ok: false,
            concurrent: false,
            span,
        };
        let word = self.cur.kw;
        if let Some(kind) = self.any_name_kind() {
            stmt.remove_type = kind;
            stmt.concurrent = kind == ObjectType::Index && self.eat_kw(Kw::CONCURRENTLY);
            stmt.missing_ok = self.if_exists();
            stmt.objects = self.list(|p| ObjectName::Name(p.any_name()));
        } else if let Some(kind) = self.name_kind() {
            stmt.remove_type = kind;
            stmt.missing_ok = self.if_exists();
            stmt.objects = self.list(|p| ObjectName::Name(vec![p.name()]));
        } else {
            let (kind, parse): (ObjectType, fn(&mut Self) -> ObjectName) = match word {
                Kw::TYPE => (ObjectType::Type, |p| ObjectName::Type(p.typename())),
                Kw::DOMAIN => (ObjectType::Domain, |p| ObjectName::Type(p.typename())),
                Kw::FUNCTION => (ObjectType::Function, |p| ObjectName::WithArgs(p.function_with_args())),
                Kw::PROCEDURE => (ObjectType::Procedure, |p| ObjectName::WithArgs(p.function_with_args())),
                Kw::ROUTINE => (ObjectType::Routine, |p| ObjectName::WithArgs(p.function_with_args())),
                Kw::AGGREGATE => (ObjectType::Aggregate, |p| ObjectName::WithArgs(p.aggregate_with_args())),
                Kw::OPERATOR => (ObjectType::Operator, |p| ObjectName::WithArgs(p.operator_with_args())),
                _ => return self.unexpected(),
            };
            self.skip();
            stmt.remove_type = kind;
            stmt.missing_ok = self.if_exists();
            stmt.objects = self.list(parse);
        }
        stmt.behavior = self.opt_drop_behavior();
        Stmt::Drop(Box::new(stmt))
    }

    /// The kinds that are not dropped as a plain list.
    fn drop_special(&mut self, span: Span) -> Option<Stmt> {
        let word = self.cur.kw;
        let next = self.peek(1).kw;
        let stmt = match word {
            Kw::POLICY | Kw::RULE | Kw::TRIGGER => {
                self.skip();
                let missing_ok = self.if_exists();
                let object = self.name_on_relation();
                let kind = match word {
                    Kw::POLICY => ObjectType::Policy,
                    Kw::RULE => ObjectType::Rule,
                    _ => ObjectType::Trigger,
                };
                self.drop_one(kind, object, missing_ok, span)
            }
            Kw::CAST => {
                self.skip();
                let missing_ok = self.eat_kws(Kw::IF, Kw::EXISTS);
                let object = self.cast_name();
                self.drop_one(ObjectType::Cast, object, missing_ok, span)
            }
            Kw::TRANSFORM => {
                self.skip();
                let missing_ok = self.eat_kws(Kw::IF, Kw::EXISTS);
                let object = self.transform_name();
                self.drop_one(ObjectType::Transform, object, missing_ok, span)
            }
            Kw::OPERATOR if matches!(next, Kw::CLASS | Kw::FAMILY) => {
                self.skip();
                self.skip();
                let kind = if next == Kw::CLASS { ObjectType::OpClass } else { ObjectType::OpFamily };
                let missing_ok = self.if_exists();
                let object = self.name_using();
                self.drop_one(kind, object, missing_ok, span)
            }
            Kw::OWNED => {
                self.skip();
                self.expect_kw(Kw::BY);
                let roles = self.list(Self::role_spec);
                let behavior = self.opt_drop_behavior();
                Stmt::DropOwned(Box::new(DropOwnedStmt { roles, behavior, span }))
            }
            Kw::SUBSCRIPTION => {
                self.skip();
                let missing_ok = self.if_exists();
                let subname = self.name();
                let behavior = self.opt_drop_behavior();
                Stmt::DropSubscription(Box::new(DropSubscriptionStmt { subname, missing_ok, behavior, span }))
            }
            Kw::TABLESPACE => {
                self.skip();
                let missing_ok = self.if_exists();
                let tablespacename = self.name();
                Stmt::DropTableSpace(Box::new(DropTableSpaceStmt { tablespacename, missing_ok, span }))
            }
            Kw::USER if next == Kw::MAPPING => {
                self.skip();
                self.skip();
                let missing_ok = self.if_exists();
                self.expect_kw(Kw::FOR);
                let user = self.auth_ident();
                self.expect_kw(Kw::SERVER);
                let servername = self.name();
                Stmt::DropUserMapping(Box::new(DropUserMappingStmt { user, servername, missing_ok, span }))
            }
            Kw::ROLE | Kw::USER | Kw::GROUP => {
                self.skip();
                let missing_ok = self.if_exists();
                let roles = self.list(Self::role_spec);
                Stmt::DropRole(Box::new(DropRoleStmt { roles, missing_ok, span }))
            }
            Kw::DATABASE => {
                self.skip();
                let missing_ok = self.if_exists();
                let dbname = self.name();
                let mut options = Vec::new();
                if self.eat_kw(Kw::WITH) || self.is(T::LParen) {
                    options = self.parens(|p| {
                        let span = p.span();
p.expect_kw(Kw::FORCE);
                        def_elem("force", None, span)
                    });
                }
                Stmt::Dropdb(Box::new(DropdbStmt { dbname, missing_ok, options, span }))
            }
            _ => return None,
        };
        Some(stmt)
    }

    fn drop_one(&mut self, remove_type: ObjectType, object: ObjectName, missing_ok: bool, span: Span) -> Stmt {
        let behavior = self.opt_drop_behavior();
        let objects = vec![object];
        Stmt::Drop(Box::new(DropStmt { objects, remove_type, behavior, missing_ok, concurrent: false, span }))
    }

    /// `name ON table`.
    fn name_on_relation(&mut self) -> ObjectName {
        let name = self.name();
        self.expect_kw(Kw::ON);
        ObjectName::OfRelation { relation: self.any_name(), name }
    }

    /// `(source AS target)`.
    pub(super) fn cast_name(&mut self) -> ObjectName {
        self.expect(T::LParen);
        let source = self.typename();
        self.expect_kw(Kw::AS);
        let target = self.typename();
        self.expect(T::RParen);
        ObjectName::Cast { source, target }
    }

    fn transform_name(&mut self) -> ObjectName {
        self.expect_kw(Kw::FOR);
        let type_name = self.typename();
        self.expect_kw(Kw::LANGUAGE);
        ObjectName::Transform { type_name, language: self.name() }
    }

    /// `name USING method`.
    pub(super) fn name_using(&mut self) -> ObjectName {
        let name = self.any_name();
        self.expect_kw(Kw::USING);
        ObjectName::Using { name, method: self.name() }
    }

    /// An object of any kind that can be commented on (`Comment`), be an extension's member or carry a label.
    pub(super) fn any_object(&mut self, use_: ObjectUse) -> (ObjectType, ObjectName) {
        let word = self.cur.kw;
        let next = self.peek(1).kw;
        let comment = use_ == ObjectUse::Comment;
        let not_extension = use_ != ObjectUse::Extension;
        let not_label = use_ != ObjectUse::Label;
        let object = match word {
            Kw::COLUMN if not_extension => {
                self.skip();
                (ObjectType::Column, ObjectName::Name(self.any_name()))
            }
            Kw::TYPE | Kw::DOMAIN => {
                self.skip();
                let kind = if word == Kw::TYPE { ObjectType::Type } else { ObjectType::Domain };
                (kind, ObjectName::Type(self.typename()))
            }
            Kw::AGGREGATE => {
                self.skip();
                (ObjectType::Aggregate, ObjectName::WithArgs(self.aggregate_with_args()))
            }
            Kw::FUNCTION | Kw::PROCEDURE | Kw::ROUTINE => {
                self.skip();
                let kind = match word {
                    Kw::FUNCTION => ObjectType::Function,
                    Kw::PROCEDURE => ObjectType::Procedure,
                    _ => ObjectType::Routine,
                };
                (kind, ObjectName::WithArgs(self.function_with_args()))
            }
            Kw::OPERATOR if not_label && matches!(next, Kw::CLASS | Kw::FAMILY) => {
                self.skip();
                self.skip();
                let kind = if next == Kw::CLASS { ObjectType::OpClass } else { ObjectType::OpFamily };
                (kind, self.name_using())
            }
            Kw::OPERATOR if not_label => {
                self.skip();
                (ObjectType::Operator, ObjectName::WithArgs(self.operator_with_args()))
            }
            Kw::CONSTRAINT if comment => {
                self.skip();
                let name = self.name();
                self.expect_kw(Kw::ON);
                if self.is_kw(Kw::DOMAIN) && is_col_id(&self.peek(1)) {
                    self.skip();
                    let domain = super::expr::plain_type(self.any_name(), Span::NONE);
                    (ObjectType::DomConstraint, ObjectName::OfDomain { domain, name })
                } else {
                    (ObjectType::TabConstraint, ObjectName::OfRelation { relation: self.any_name(), name })
                }
            }
            Kw::POLICY | Kw::RULE | Kw::TRIGGER if comment => {
                self.skip();
                let kind = match word {
                    Kw::POLICY => ObjectType::Policy,
                    Kw::RULE => ObjectType::Rule,
                    _ => ObjectType::Trigger,
                };
                (kind, self.name_on_relation())
            }
            Kw::TRANSFORM if not_label => {
                self.skip();
                (ObjectType::Transform, self.transform_name())
            }
            Kw::CAST if not_label => {
                self.skip();
                (ObjectType::Cast, self.cast_name())
            }
            Kw::LARGE if not_extension => {
                self.skip();
                self.expect_kw(Kw::OBJECT);
                (ObjectType::LargeObject, ObjectName::LargeObject(self.numeric_only()))
            }
            Kw::DATABASE | Kw::ROLE | Kw::SUBSCRIPTION | Kw::TABLESPACE => {
                let kind = match word {
                    Kw::DATABASE => ObjectType::Database,
                    Kw::ROLE => ObjectType::Role,
                    Kw::SUBSCRIPTION => ObjectType::Subscription,
                    _ => ObjectType::Tablespace,
                };
                self.skip();
                (kind, ObjectName::Name(vec![self.name()]))
            }
            _ => {
                if let Some(kind) = self.any_name_kind() {
                    (kind, ObjectName::Name(self.any_name()))
                } else if let Some(kind) = self.name_kind() {
                    (kind, ObjectName::Name(vec![self.name()]))
                } else {
                    return self.unexpected();
                }
            }
        };
        object
    }

    pub(super) fn comment_stmt(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::ON);
        let (objtype, object) = self.any_object(ObjectUse::Comment);
        self.expect_kw(Kw::IS);
        let comment = self.string_or_null();
        Stmt::Comment(Box::new(CommentStmt { objtype, object, comment, span }))
    }

    fn string_or_null(&mut self) -> Option<String> {
        if self.eat_kw(Kw::NULL) { None } else { Some(self.string()) }
    }

    pub(super) fn security_label_stmt(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::LABEL);
        let provider = if self.eat_kw(Kw::FOR) { Some(self.non_reserved_word_or_string()) } else { None };
        self.expect_kw(Kw::ON);
        let (objtype, object) = self.any_object(ObjectUse::Label);
        self.expect_kw(Kw::IS);
        let label = self.string_or_null();
        Stmt::SecLabel(Box::new(SecLabelStmt { objtype, object, provider, label, span }))
    }
}

/// What an object is named for; not every kind can be named for everything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectUse {
    Comment,
    Label,
    Extension,
}
