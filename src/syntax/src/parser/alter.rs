//! ALTER of everything but tables: which statement it is, and what all kinds share (RENAME, OWNER, SET SCHEMA).

use super::Parser;
use super::drop::ObjectUse;
use super::options::{def_elem, string_arg};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

impl Parser<'_> {
    /// The word ALTER has been taken.
    pub(super) fn alter_stmt(&mut self, span: Span) -> Stmt {
        let word = self.cur.kw;
        self.skip();
        let next = self.cur.kw;
        let named = |p: &mut Self, kind| {
            let name = ObjectName::Name(vec![p.name()]);
            p.alter_only_common(kind, name, span)
        };
        match word {
            Kw::TABLE => self.alter_relation(ObjectType::Table, span),
            Kw::INDEX => self.alter_relation(ObjectType::Index, span),
            Kw::SEQUENCE => self.alter_relation(ObjectType::Sequence, span),
            Kw::VIEW => self.alter_relation(ObjectType::View, span),
            Kw::MATERIALIZED => {
                self.expect_kw(Kw::VIEW);
                self.alter_relation(ObjectType::MatView, span)
            }
            Kw::FOREIGN if self.eat_kw(Kw::TABLE) => self.alter_relation(ObjectType::ForeignTable, span),
            Kw::FOREIGN => self.alter_fdw(span),
            Kw::FUNCTION => self.alter_function(ObjectType::Function, span),
            Kw::PROCEDURE => self.alter_function(ObjectType::Procedure, span),
            Kw::ROUTINE => self.alter_function(ObjectType::Routine, span),
            Kw::AGGREGATE => {
                let object = ObjectName::WithArgs(self.aggregate_with_args());
                self.alter_only_common(ObjectType::Aggregate, object, span)
            }
            Kw::CONVERSION => {
                let object = ObjectName::Name(self.any_name());
                self.alter_only_common(ObjectType::Conversion, object, span)
            }
            Kw::COLLATION => {
                let collname = self.any_name();
                if self.eat_kws(Kw::REFRESH, Kw::VERSION) {
                    return Stmt::AlterCollation(Box::new(AlterCollationStmt { collname, span }));
                }
                self.alter_only_common(ObjectType::Collation, ObjectName::Name(collname), span)
            }
            Kw::STATISTICS => self.alter_statistics(span),
            Kw::TEXT => self.alter_text_search(span),
            Kw::DOMAIN => self.alter_domain(span),
            Kw::TYPE => self.alter_type(span),
            Kw::OPERATOR if matches!(next, Kw::CLASS | Kw::FAMILY) => self.alter_operator_class(span),
            Kw::OPERATOR => self.alter_operator(span),
            Kw::SCHEMA => named(self, ObjectType::Schema),
            Kw::LANGUAGE => named(self, ObjectType::Language),
            Kw::PROCEDURAL => {
                self.expect_kw(Kw::LANGUAGE);
                named(self, ObjectType::Language)
            }
            Kw::LARGE => {
                self.expect_kw(Kw::OBJECT);
                let object = ObjectName::LargeObject(self.numeric_only());
                self.expect_kw(Kw::OWNER);
                self.expect_kw(Kw::TO);
                self.owner_to(ObjectType::LargeObject, object, span)
            }
            Kw::DATABASE => self.alter_database(span),
            Kw::DEFAULT => self.alter_default_privileges(span),
            Kw::EVENT => self.alter_event_trigger(span),
            Kw::EXTENSION => self.alter_extension(span),
            Kw::POLICY => self.alter_policy(span),
            Kw::PUBLICATION => self.alter_publication(span),
            Kw::SUBSCRIPTION => self.alter_subscription(span),
            Kw::USER if next == Kw::MAPPING => self.alter_user_mapping(span),
            Kw::ROLE | Kw::USER => self.alter_role(word == Kw::ROLE, span),
            Kw::GROUP => self.alter_group(span),
            Kw::RULE | Kw::TRIGGER => self.alter_rule_or_trigger(word == Kw::RULE, span),
            Kw::SERVER => self.alter_server(span),
            Kw::SYSTEM => self.alter_system(span),
            Kw::TABLESPACE => self.alter_tablespace(span),
            _ => {
                self.pos -= 1;
                self.cur = self.tokens[self.pos];
                self.unexpected()
            }
        }
    }

    /// Only the things [`Parser::alter_common`] knows.
    pub(super) fn alter_only_common(&mut self, kind: ObjectType, object: ObjectName, span: Span) -> Stmt {
        match self.alter_common(kind, object, span) {
            Some(stmt) => stmt,
            None => {
                // Only SCHEMA can follow; where SET itself can stand is known by now.
                if has_schema(kind) {
                    self.eat_kw(Kw::SET);
                }
                self.unexpected()
            }
        }
    }

    /// `RENAME TO`, `OWNER TO`, `SET SCHEMA`, `[NO] DEPENDS ON EXTENSION`, as far as the kind has them; `None` if none of
    /// them stands here.
    pub(super) fn alter_common(&mut self, kind: ObjectType, object: ObjectName, span: Span) -> Option<Stmt> {
        use ObjectType as O;
        let has_owner = !matches!(kind, O::TsParser | O::TsTemplate | O::Extension);
        let has_name = !matches!(kind, O::Operator | O::Extension);
        let depends = matches!(kind, O::Function | O::Procedure | O::Routine);
        let next = self.peek(1).kw;
        match self.cur.kw {
            // Domains and types rename their parts too.
            Kw::RENAME if has_name && (next == Kw::TO || !matches!(kind, O::Domain | O::Type)) => {
                self.skip();
                self.expect_kw(Kw::TO);
                Some(self.renamed(kind, RenameTarget::Object(object), span))
            }
            Kw::OWNER if has_owner => {
                self.skip();
                self.expect_kw(Kw::TO);
                Some(self.owner_to(kind, object, span))
            }
            Kw::SET if has_schema(kind) && next == Kw::SCHEMA => {
                self.skip();
                self.skip();
                let newschema = self.name();
                Some(Stmt::AlterObjectSchema(Box::new(AlterObjectSchemaStmt {
                    object_type: kind,
                    object: RenameTarget::Object(object),
                    newschema,
                    missing_ok: false,
                    span,
                })))
            }
            Kw::NO | Kw::DEPENDS if depends => Some(self.depends(kind, RenameTarget::Object(object), None, span)),
            _ => None,
        }
    }

    fn owner_to(&mut self, object_type: ObjectType, object: ObjectName, span: Span) -> Stmt {
        let newowner = self.role_spec();
        Stmt::AlterOwner(Box::new(AlterOwnerStmt { object_type, object, newowner, span }))
    }

    /// The new name, `RENAME TO` having been taken.
    fn renamed(&mut self, kind: ObjectType, object: RenameTarget, span: Span) -> Stmt {
        let newname = if kind == ObjectType::Role { self.role_id() } else { self.name() };
        Stmt::Rename(Box::new(RenameStmt {
            rename_type: kind,
            relation_type: kind,
            object,
            subname: None,
            newname,
            behavior: DropBehavior::Restrict,
            missing_ok: false,
            span,
        }))
    }

    /// `[NO] DEPENDS ON EXTENSION name`.
    pub(super) fn depends(
        &mut self,
        object_type: ObjectType,
        object: RenameTarget,
        subname: Option<String>,
        span: Span,
    ) -> Stmt {
        let remove = self.eat_kw(Kw::NO);
        self.expect_kw(Kw::DEPENDS);
        self.expect_kw(Kw::ON);
        self.expect_kw(Kw::EXTENSION);
        let extname = self.name();
        Stmt::AlterObjectDepends(Box::new(AlterObjectDependsStmt {
            object_type,
            object,
            subname,
            extname,
            remove,
            span,
        }))
    }

    /// `ALTER RULE|TRIGGER name ON table RENAME TO …`.
    fn alter_rule_or_trigger(&mut self, rule: bool, span: Span) -> Stmt {
        let name = self.name();
        self.expect_kw(Kw::ON);
        let relation = RenameTarget::Relation(self.qualified_name());
        if !rule && matches!(self.cur.kw, Kw::NO | Kw::DEPENDS) {
            return self.depends(ObjectType::Trigger, relation, Some(name), span);
        }
        let kind = if rule { ObjectType::Rule } else { ObjectType::Trigger };
        self.rename_sub(kind, relation, name, false, span)
    }

    /// `RENAME TO new` of something that belongs to a relation.
    pub(super) fn rename_sub(
        &mut self,
        kind: ObjectType,
        object: RenameTarget,
        subname: String,
        missing_ok: bool,
        span: Span,
    ) -> Stmt {
        self.expect_kw(Kw::RENAME);
        self.expect_kw(Kw::TO);
        let newname = self.name();
        Stmt::Rename(Box::new(RenameStmt {
            rename_type: kind,
            relation_type: ObjectType::Table,
            object,
            subname: Some(subname),
            newname,
            behavior: DropBehavior::Restrict,
            missing_ok,
            span,
        }))
    }

    fn alter_statistics(&mut self, span: Span) -> Stmt {
        let missing_ok = self.if_exists();
        let defnames = self.any_name();
        if self.at_kws(Kw::SET, Kw::STATISTICS) {
            self.skip();
            self.skip();
            let stxstattarget = self.signed_iconst();
            return Stmt::AlterStats(Box::new(AlterStatsStmt { defnames, stxstattarget, missing_ok, span }));
        }
        if missing_ok {
            return self.unexpected();
        }
        self.alter_only_common(ObjectType::StatisticExt, ObjectName::Name(defnames), span)
    }

    fn alter_domain(&mut self, span: Span) -> Stmt {
        let type_name = super::expr::plain_type(self.any_name(), Span::NONE);
        if let Some(stmt) = self.alter_common(ObjectType::Domain, ObjectName::Type(type_name.clone()), span) {
            return stmt;
        }
        let cmd = match self.cur.kw {
            Kw::RENAME => {
                self.skip();
                self.expect_kw(Kw::CONSTRAINT);
                let subname = Some(self.name());
                self.expect_kw(Kw::TO);
                let newname = self.name();
                return Stmt::Rename(Box::new(RenameStmt {
                    rename_type: ObjectType::DomConstraint,
                    relation_type: ObjectType::Domain,
                    object: RenameTarget::Object(ObjectName::Type(type_name)),
                    subname,
                    newname,
                    behavior: DropBehavior::Restrict,
                    missing_ok: false,
                    span,
                }));
            }
            Kw::SET => {
                self.skip();
                if self.eat_kw(Kw::DEFAULT) {
                    AlterDomainCmd::Default(Some(self.expr()))
                } else {
                    self.expect_kw(Kw::NOT);
                    self.expect_kw(Kw::NULL);
                    AlterDomainCmd::SetNotNull
                }
            }
            Kw::DROP => {
                self.skip();
                if self.eat_kw(Kw::DEFAULT) {
                    AlterDomainCmd::Default(None)
                } else if self.eat_kws(Kw::NOT, Kw::NULL) {
                    AlterDomainCmd::DropNotNull
                } else {
                    self.expect_kw(Kw::CONSTRAINT);
                    let missing_ok = self.if_exists();
                    let name = self.name();
                    AlterDomainCmd::DropConstraint { name, behavior: self.opt_drop_behavior(), missing_ok }
                }
            }
            Kw::ADD => {
                self.skip();
                AlterDomainCmd::AddConstraint(Box::new(self.table_constraint()))
            }
            Kw::VALIDATE => {
                self.skip();
                self.expect_kw(Kw::CONSTRAINT);
                AlterDomainCmd::ValidateConstraint { name: self.name() }
            }
            _ => return self.unexpected(),
        };
        Stmt::AlterDomain(Box::new(AlterDomainStmt { type_name, cmd, span }))
    }

    fn alter_type(&mut self, span: Span) -> Stmt {
        let at = self.span();
        let name = self.any_name();
        let type_name = super::expr::plain_type(name.clone(), Span::NONE);
        if let Some(stmt) = self.alter_common(ObjectType::Type, ObjectName::Type(type_name), span) {
            return stmt;
        }
        let next = self.peek(1).kw;
        match self.cur.kw {
            Kw::ADD if next == Kw::VALUE => {
                self.skip();
                self.skip();
                let skip_if_exists = self.if_not_exists();
                let new_val = self.string();
                let after = self.eat_kw(Kw::AFTER);
                let neighbor = if after || self.eat_kw(Kw::BEFORE) { Some(self.string()) } else { None };
                let after = after || neighbor.is_none();
                let type_name = name;
                Stmt::AlterEnum(Box::new(AlterEnumStmt::AddValue {
                    type_name,
                    new_val,
                    neighbor,
                    after,
                    skip_if_exists,
                }))
            }
            Kw::RENAME if next == Kw::VALUE => {
                self.skip();
                self.skip();
                let old_val = self.string();
                self.expect_kw(Kw::TO);
                let new_val = self.string();
                Stmt::AlterEnum(Box::new(AlterEnumStmt::RenameValue { type_name: name, old_val, new_val }))
            }
            Kw::RENAME => {
                self.skip();
                self.expect_kw(Kw::ATTRIBUTE);
                let subname = Some(self.name());
                self.expect_kw(Kw::TO);
                let newname = self.name();
                let behavior = self.opt_drop_behavior();
                let relation = self.type_relation(name, at);
                Stmt::Rename(Box::new(RenameStmt {
                    rename_type: ObjectType::Attribute,
                    relation_type: ObjectType::Type,
                    object: RenameTarget::Relation(relation),
                    subname,
                    newname,
                    behavior,
                    missing_ok: false,
                    span,
                }))
            }
            Kw::SET => {
                self.skip();
                let options = self.operator_definition();
                Stmt::AlterType(Box::new(AlterTypeStmt { type_name: name, options, span }))
            }
            _ => {
                let cmds = self.list(Self::alter_attribute);
                let relation = self.type_relation(name, at);
                let objtype = ObjectType::Type;
                Stmt::AlterTable(Box::new(AlterTableStmt { relation, cmds, objtype, missing_ok: false, span }))
            }
        }
    }

    fn type_relation(&mut self, name: QualifiedName, at: Span) -> RangeVar {
        self.range_var_from(name, at, "improper qualified name (too many dotted names): ")
    }

    /// `(name = value, name = NONE, name, …)` of ALTER OPERATOR and ALTER TYPE.
    pub(super) fn operator_definition(&mut self) -> Vec<DefElem> {
        self.parens(|p| {
            let span = p.span();
            let name = p.col_label();
            let mut arg = None;
            if p.eat(T::Eq) && !p.eat_kw(Kw::NONE) {
                arg = Some(p.def_arg());
            }
            DefElem { namespace: None, name, arg, action: DefElemAction::Unspecified, span }
        })
    }

    fn alter_operator(&mut self, span: Span) -> Stmt {
        let opername = self.operator_with_args();
        let object = ObjectName::WithArgs(opername.clone());
        if let Some(stmt) = self.alter_common(ObjectType::Operator, object, span) {
            return stmt;
        }
        self.expect_kw(Kw::SET);
        let options = self.operator_definition();
        Stmt::AlterOperator(Box::new(AlterOperatorStmt { opername, options, span }))
    }

    /// From CLASS or FAMILY on.
    fn alter_operator_class(&mut self, span: Span) -> Stmt {
        let family = self.cur.kw == Kw::FAMILY;
        self.skip();
        let opfamilyname = self.any_name();
        self.expect_kw(Kw::USING);
        let amname = self.name();
        if family && matches!(self.cur.kw, Kw::ADD | Kw::DROP) {
            let is_drop = self.cur.kw == Kw::DROP;
            self.skip();
            let items = if is_drop { self.list(Self::opclass_drop) } else { self.list(Self::opclass_item) };
            return Stmt::AlterOpFamily(Box::new(AlterOpFamilyStmt { opfamilyname, amname, is_drop, items, span }));
        }
        let kind = if family { ObjectType::OpFamily } else { ObjectType::OpClass };
        let object = ObjectName::Using { name: opfamilyname, method: amname };
        self.alter_only_common(kind, object, span)
    }

    fn alter_text_search(&mut self, span: Span) -> Stmt {
        self.expect_kw(Kw::SEARCH);
        let kind = self.text_search_kind_here();
        self.skip();
        let name = self.any_name();
        if let Some(stmt) = self.alter_common(kind, ObjectName::Name(name.clone()), span) {
            return stmt;
        }
        if kind == ObjectType::TsDictionary {
            let options = self.definition();
            return Stmt::AlterTSDictionary(Box::new(AlterTSDictionaryStmt { dictname: name, options, span }));
        }
        if kind != ObjectType::TsConfiguration || self.is_kw(Kw::SET) {
            self.eat_kw(Kw::SET);
            return self.unexpected();
        }
        let cmd = self.alter_ts_mapping();
        Stmt::AlterTSConfiguration(Box::new(AlterTSConfigurationStmt { cfgname: name, cmd, span }))
    }

    fn alter_ts_mapping(&mut self) -> AlterTSConfigCmd {
        match self.cur.kw {
            Kw::ADD => {
                self.skip();
                self.expect_kw(Kw::MAPPING);
                self.expect_kw(Kw::FOR);
                let tokentype = self.list(Self::name);
                self.expect_kw(Kw::WITH);
                AlterTSConfigCmd::AddMapping { tokentype, dicts: self.list(Self::any_name) }
            }
            Kw::ALTER => {
                self.skip();
                self.expect_kw(Kw::MAPPING);
                let tokentype = if self.eat_kw(Kw::FOR) { Some(self.list(Self::name)) } else { None };
                if self.eat_kw(Kw::REPLACE) {
                    let old = self.any_name();
                    self.expect_kw(Kw::WITH);
                    let new = self.any_name();
                    return match tokentype {
                        Some(tokentype) => AlterTSConfigCmd::ReplaceDictForToken { tokentype, old, new },
                        None => AlterTSConfigCmd::ReplaceDict { old, new },
                    };
                }
                let Some(tokentype) = tokentype else { return self.unexpected() };
                self.expect_kw(Kw::WITH);
                AlterTSConfigCmd::AlterMappingForToken { tokentype, dicts: self.list(Self::any_name) }
            }
            Kw::DROP => {
                self.skip();
                self.expect_kw(Kw::MAPPING);
                let missing_ok = self.if_exists();
                self.expect_kw(Kw::FOR);
                AlterTSConfigCmd::DropMapping { tokentype: self.list(Self::name), missing_ok }
            }
            _ => self.unexpected(),
        }
    }

    fn alter_extension(&mut self, span: Span) -> Stmt {
        let extname = self.name();
        match self.cur.kw {
            Kw::UPDATE => {
                self.skip();
                let mut options = Vec::new();
                while self.is_kw(Kw::TO) {
                    let at = self.span();
                    self.skip();
                    options.push(def_elem("new_version", string_arg(self.non_reserved_word_or_string()), at));
                }
                Stmt::AlterExtension(Box::new(AlterExtensionStmt { extname, options, span }))
            }
            Kw::ADD | Kw::DROP => {
                let add = self.cur.kw == Kw::ADD;
                self.skip();
                let (objtype, object) = self.any_object(ObjectUse::Extension);
                Stmt::AlterExtensionContents(Box::new(AlterExtensionContentsStmt {
                    extname,
                    add,
                    objtype,
                    object,
                    span,
                }))
            }
            _ => self.alter_only_common(ObjectType::Extension, ObjectName::Name(vec![extname]), span),
        }
    }
}

/// Whether objects of the kind live in schemas, relations aside.
fn has_schema(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::Aggregate
            | ObjectType::Collation
            | ObjectType::Conversion
            | ObjectType::Domain
            | ObjectType::Extension
            | ObjectType::Function
            | ObjectType::Procedure
            | ObjectType::Routine
            | ObjectType::Operator
            | ObjectType::OpClass
            | ObjectType::OpFamily
            | ObjectType::StatisticExt
            | ObjectType::TsParser
            | ObjectType::TsDictionary
            | ObjectType::TsTemplate
            | ObjectType::TsConfiguration
            | ObjectType::Type
    )
}
