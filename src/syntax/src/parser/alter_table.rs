//! ALTER TABLE, and the relations altered in the same way: indexes, sequences, views, foreign tables, composite types.

use super::Parser;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::SqlState;

impl Parser<'_> {
    /// From the relation's name on; `objtype` says which word was written.
    pub(super) fn alter_relation(&mut self, objtype: ObjectType, span: Span) -> Stmt {
        if matches!(objtype, ObjectType::Table | ObjectType::Index | ObjectType::MatView) && self.is_kw(Kw::ALL) {
            return self.alter_move_all(objtype, span);
        }
        let missing_ok = self.if_exists();
        let relation = match objtype {
            ObjectType::Table | ObjectType::ForeignTable => self.relation_expr(),
            _ => self.qualified_name(),
        };
        let target = RenameTarget::Relation(relation.clone());
        match self.cur.kw {
            Kw::RENAME => {
                self.skip();
                return self.rename_relation(objtype, target, missing_ok, span);
            }
            Kw::SET if self.peek(1).kw == Kw::SCHEMA => {
                self.skip();
                self.skip();
                let newschema = self.name();
                return Stmt::AlterObjectSchema(Box::new(AlterObjectSchemaStmt {
                    object_type: objtype,
                    object: target,
                    newschema,
                    missing_ok,
                    span,
                }));
            }
            Kw::NO | Kw::DEPENDS
                if !missing_ok
                    && matches!(objtype, ObjectType::Index | ObjectType::MatView)
                    && (self.is_kw(Kw::DEPENDS) || self.peek(1).kw == Kw::DEPENDS) =>
            {
                return self.depends(objtype, target, None, span);
            }
            _ => {}
        }
        let mut cmds = Vec::new();
        match self.cur.kw {
            Kw::ATTACH if matches!(objtype, ObjectType::Table | ObjectType::Index) => {
                self.skip();
                self.expect_kw(Kw::PARTITION);
                let name = self.qualified_name();
                let bound = if objtype == ObjectType::Table { Some(self.partition_bound()) } else { None };
                cmds.push(AlterTableCmd::AttachPartition { name, bound });
            }
            Kw::DETACH if objtype == ObjectType::Table => {
                self.skip();
                self.expect_kw(Kw::PARTITION);
                let name = self.qualified_name();
                cmds.push(if self.eat_kw(Kw::FINALIZE) {
                    AlterTableCmd::DetachPartitionFinalize { name }
                } else {
                    AlterTableCmd::DetachPartition { name, concurrent: self.eat_kw(Kw::CONCURRENTLY) }
                });
            }
            _ => {
                if objtype == ObjectType::Sequence
                    && let Some(first) = self.seq_option()
                {
                    let mut options = vec![first];
                    options.extend(self.seq_options());
                    let sequence = relation;
                    return Stmt::AlterSeq(Box::new(AlterSeqStmt { sequence, options, missing_ok, span }));
                }
                cmds = self.list(Self::alter_table_cmd);
            }
        }
        Stmt::AlterTable(Box::new(AlterTableStmt { relation, cmds, objtype, missing_ok, span }))
    }

    fn rename_relation(&mut self, objtype: ObjectType, object: RenameTarget, missing_ok: bool, span: Span) -> Stmt {
        let mut stmt = RenameStmt {
            rename_type: objtype,
            relation_type: objtype,
            object,
            subname: None,
            newname: String::new(),
            behavior: DropBehavior::Restrict,
            missing_ok,
            span,
        };
        let columns = !matches!(objtype, ObjectType::Index | ObjectType::Sequence);
        if !columns || self.is_kw(Kw::TO) {
            // Only the relation itself.
        } else if objtype == ObjectType::Table && self.eat_kw(Kw::CONSTRAINT) {
            stmt.rename_type = ObjectType::TabConstraint;
            stmt.subname = Some(self.name());
        } else {
            self.eat_kw(Kw::COLUMN);
            stmt.rename_type = ObjectType::Column;
            stmt.subname = Some(self.name());
        }
        self.expect_kw(Kw::TO);
        stmt.newname = self.name();
        Stmt::Rename(Box::new(stmt))
    }

    /// `ALL IN TABLESPACE a [OWNED BY …] SET TABLESPACE b [NOWAIT]`.
    fn alter_move_all(&mut self, objtype: ObjectType, span: Span) -> Stmt {
        self.skip();
        self.expect_kw(Kw::IN);
        self.expect_kw(Kw::TABLESPACE);
        let orig_tablespacename = self.name();
        let roles = if self.eat_kws(Kw::OWNED, Kw::BY) { self.list(Self::role_spec) } else { Vec::new() };
        self.expect_kw(Kw::SET);
        self.expect_kw(Kw::TABLESPACE);
        let new_tablespacename = self.name();
        let nowait = self.eat_kw(Kw::NOWAIT);
        Stmt::AlterTableMoveAll(Box::new(AlterTableMoveAllStmt {
            orig_tablespacename,
            objtype,
            roles,
            new_tablespacename,
            nowait,
            span,
        }))
    }

    fn alter_table_cmd(&mut self) -> AlterTableCmd {
        let word = self.cur.kw;
        match word {
            Kw::ADD => {
                self.skip();
                if self.at_table_constraint() {
                    return AlterTableCmd::AddConstraint(Box::new(self.table_constraint()));
                }
                self.eat_kw(Kw::COLUMN);
                let if_not_exists = self.if_not_exists();
                AlterTableCmd::AddColumn { def: Box::new(self.column_def()), if_not_exists }
            }
            Kw::ALTER => {
                self.skip();
                self.alter_column_or_constraint()
            }
            Kw::DROP => {
                self.skip();
                if self.eat_kw(Kw::CONSTRAINT) {
                    let missing_ok = self.if_exists();
                    let name = self.name();
                    return AlterTableCmd::DropConstraint { name, behavior: self.opt_drop_behavior(), missing_ok };
                }
                self.eat_kw(Kw::COLUMN);
                let missing_ok = self.if_exists();
                let name = self.col_id();
                AlterTableCmd::DropColumn { name, behavior: self.opt_drop_behavior(), missing_ok }
            }
            Kw::VALIDATE => {
                self.skip();
                self.expect_kw(Kw::CONSTRAINT);
                AlterTableCmd::ValidateConstraint { name: self.name() }
            }
            Kw::SET => {
                self.skip();
                self.alter_set()
            }
            Kw::RESET => {
                self.skip();
                AlterTableCmd::ResetRelOptions(self.reloptions())
            }
            Kw::CLUSTER => {
                self.skip();
                self.expect_kw(Kw::ON);
                AlterTableCmd::ClusterOn { name: self.name() }
            }
            Kw::ENABLE | Kw::DISABLE => {
                self.skip();
                self.enable_disable(word == Kw::ENABLE)
            }
            Kw::INHERIT => {
                self.skip();
                AlterTableCmd::AddInherit(self.qualified_name())
            }
            Kw::NO => {
                self.skip();
                if self.eat_kw(Kw::INHERIT) {
                    return AlterTableCmd::DropInherit(self.qualified_name());
                }
                self.expect_kw(Kw::FORCE);
                self.row_level_security();
                AlterTableCmd::NoForceRowSecurity
            }
            Kw::FORCE => {
                self.skip();
                self.row_level_security();
                AlterTableCmd::ForceRowSecurity
            }
            Kw::OF => {
                self.skip();
                let span = self.span();
                AlterTableCmd::AddOf(super::expr::plain_type(self.any_name(), span))
            }
            Kw::NOT => {
                self.skip();
                self.expect_kw(Kw::OF);
                AlterTableCmd::DropOf
            }
            Kw::OWNER => {
                self.skip();
                self.expect_kw(Kw::TO);
                AlterTableCmd::ChangeOwner(self.role_spec())
            }
            Kw::REPLICA => {
                self.skip();
                self.expect_kw(Kw::IDENTITY);
                self.replica_identity()
            }
            Kw::OPTIONS => AlterTableCmd::GenericOptions(self.alter_generic_options()),
            _ => self.unexpected(),
        }
    }

    fn replica_identity(&mut self) -> AlterTableCmd {
        let identity = match self.cur.kw {
            Kw::NOTHING => ReplicaIdentity::Nothing,
            Kw::FULL => ReplicaIdentity::Full,
            Kw::DEFAULT => ReplicaIdentity::Default,
            Kw::USING => {
                self.skip();
                self.expect_kw(Kw::INDEX);
                return AlterTableCmd::ReplicaIdentity(ReplicaIdentity::Index(self.name()));
            }
            _ => return self.unexpected(),
        };
        self.skip();
        AlterTableCmd::ReplicaIdentity(identity)
    }

    fn row_level_security(&mut self) {
        self.expect_kw(Kw::ROW);
        self.expect_kw(Kw::LEVEL);
        self.expect_kw(Kw::SECURITY);
    }

    /// `SET …` of the whole table.
    fn alter_set(&mut self) -> AlterTableCmd {
        match self.cur.kw {
            Kw::WITHOUT => {
                self.skip();
                if self.eat_kw(Kw::CLUSTER) {
                    return AlterTableCmd::DropCluster;
                }
                self.expect_kw(Kw::OIDS);
                // As in PostgreSQL: accepted, without effect.
                AlterTableCmd::DropOids
            }
            Kw::LOGGED => {
                self.skip();
                AlterTableCmd::SetLogged
            }
            Kw::UNLOGGED => {
                self.skip();
                AlterTableCmd::SetUnLogged
            }
            Kw::ACCESS => {
                self.skip();
                self.expect_kw(Kw::METHOD);
                AlterTableCmd::SetAccessMethod { name: self.name() }
            }
            Kw::TABLESPACE => {
                self.skip();
                AlterTableCmd::SetTableSpace { name: self.name() }
            }
            _ => AlterTableCmd::SetRelOptions(self.reloptions()),
        }
    }

    fn enable_disable(&mut self, enable: bool) -> AlterTableCmd {
        let mut mode = if enable { TriggerMode::Enable } else { TriggerMode::Disable };
        if self.is_kw(Kw::ROW) {
            self.row_level_security();
            return if enable { AlterTableCmd::EnableRowSecurity } else { AlterTableCmd::DisableRowSecurity };
        }
        if enable && self.eat_kw(Kw::ALWAYS) {
            mode = TriggerMode::EnableAlways;
        } else if enable && self.eat_kw(Kw::REPLICA) {
            mode = TriggerMode::EnableReplica;
        }
        if self.eat_kw(Kw::RULE) {
            return AlterTableCmd::Rule { mode, name: self.name() };
        }
        self.expect_kw(Kw::TRIGGER);
        let plain = matches!(mode, TriggerMode::Enable | TriggerMode::Disable);
        let which = if plain && self.eat_kw(Kw::ALL) {
            TriggerWhich::All
        } else if plain && self.eat_kw(Kw::USER) {
            TriggerWhich::User
        } else {
            TriggerWhich::Name(self.name())
        };
        AlterTableCmd::Trigger { mode, which }
    }

    fn alter_column_or_constraint(&mut self) -> AlterTableCmd {
        if self.is_kw(Kw::CONSTRAINT) {
            let span = self.span();
            self.skip();
            let name = self.name();
            let a = self.constraint_attributes();
            self.check_attributes(a, "ALTER CONSTRAINT statement", (true, false, false));
            let (deferrable, initdeferred) = (a.deferrable || a.deferred, a.deferred);
            return AlterTableCmd::AlterConstraint { name, deferrable, initdeferred, span };
        }
        self.eat_kw(Kw::COLUMN);
        let span = self.span();
        if self.is(T::Integer) {
            let number = self.iconst();
            self.expect_kw(Kw::SET);
            self.expect_kw(Kw::STATISTICS);
            let value = self.signed_iconst();
            if !(1..=i32::from(i16::MAX)).contains(&number) {
                let message = "column number must be in range from 1 to 32767";
                return self.fail(SqlState::INVALID_PARAMETER_VALUE, message, span);
            }
            return AlterTableCmd::SetStatistics { column: AlterColumnRef::Number(number), value };
        }
        let name = self.col_id();
        match self.cur.kw {
            Kw::SET => self.alter_column_set(name, span),
            Kw::DROP => {
                self.skip();
                match self.cur.kw {
                    Kw::DEFAULT => {
                        self.skip();
                        AlterTableCmd::ColumnDefault { name, def: None }
                    }
                    Kw::NOT => {
                        self.skip();
                        self.expect_kw(Kw::NULL);
                        AlterTableCmd::DropNotNull { name }
                    }
                    Kw::EXPRESSION => {
                        self.skip();
                        AlterTableCmd::DropExpression { name, missing_ok: self.if_exists() }
                    }
                    _ => {
                        self.expect_kw(Kw::IDENTITY);
                        AlterTableCmd::DropIdentity { name, missing_ok: self.if_exists() }
                    }
                }
            }
            Kw::RESET => {
                self.skip();
                AlterTableCmd::ResetOptions { name, options: self.reloptions() }
            }
            Kw::RESTART => self.identity_options(name, Vec::new()),
            Kw::ADD => {
                self.skip();
                self.expect_kw(Kw::GENERATED);
                let always = self.generated_when();
                self.expect_kw(Kw::AS);
                self.expect_kw(Kw::IDENTITY);
                let options = if self.is(T::LParen) { self.parenthesized_seq_options() } else { Vec::new() };
                AlterTableCmd::AddIdentity { name, always, options, span }
            }
            Kw::TYPE => self.alter_column_type(name, span),
            Kw::OPTIONS => AlterTableCmd::AlterColumnGenericOptions { name, options: self.alter_generic_options() },
            _ => self.unexpected(),
        }
    }

    fn alter_column_set(&mut self, name: String, span: Span) -> AlterTableCmd {
        if matches!(
            self.peek(1).kw,
            Kw::GENERATED
                | Kw::AS
                | Kw::CACHE
                | Kw::CYCLE
                | Kw::INCREMENT
                | Kw::MAXVALUE
                | Kw::MINVALUE
                | Kw::NO
                | Kw::OWNED
                | Kw::SEQUENCE
                | Kw::START
                | Kw::RESTART
        ) {
            return self.identity_options(name, Vec::new());
        }
        self.skip();
        match self.cur.kw {
            Kw::DEFAULT => {
                self.skip();
                AlterTableCmd::ColumnDefault { name, def: Some(self.expr()) }
            }
            Kw::NOT => {
                self.skip();
                self.expect_kw(Kw::NULL);
                AlterTableCmd::SetNotNull { name }
            }
            Kw::STATISTICS => {
                self.skip();
                let value = self.signed_iconst();
                AlterTableCmd::SetStatistics { column: AlterColumnRef::Name(name), value }
            }
            Kw::STORAGE => {
                self.skip();
                AlterTableCmd::SetStorage { name, storage: self.col_id() }
            }
            Kw::COMPRESSION => {
                self.skip();
                AlterTableCmd::SetCompression { name, method: self.column_compression() }
            }
            Kw::DATA => {
                self.skip();
                self.alter_column_type(name, span)
            }
            _ => AlterTableCmd::SetOptions { name, options: self.reloptions() },
        }
    }

    /// `SET GENERATED …`, `SET option`, `RESTART …`, one or more.
    fn identity_options(&mut self, name: String, mut options: Vec<DefElem>) -> AlterTableCmd {
        loop {
            let span = self.span();
            if self.is_kw(Kw::RESTART) {
                options.extend(self.seq_option());
            } else if self.eat_kw(Kw::SET) {
                if self.eat_kw(Kw::GENERATED) {
                    let always = self.generated_when();
                    let value = Some(DefArg::Boolean(always));
                    options.push(super::options::def_elem("generated", value, span));
                    continue;
                }
                match self.cur.kw {
                    // Part of the option list's grammar, but refused there.
                    Kw::AS | Kw::OWNED | Kw::RESTART => {
                        let at = self.span();
                        let option = self.seq_option();
                        let Some(option) = option else { return self.unexpected() };
                        if option.name == "as" || option.name == "restart" || option.name == "owned_by" {
                            let message = format!("sequence option \"{}\" not supported here", option.name);
                            return self.fail(SqlState::SYNTAX_ERROR, message, at);
                        }
                        options.push(option);
                    }
                    _ => match self.seq_option() {
                        Some(option) => options.push(option),
                        None => return self.unexpected(),
                    },
                }
            } else {
                return AlterTableCmd::SetIdentity { name, options };
            }
        }
    }

    /// From TYPE on.
    fn alter_column_type(&mut self, name: String, span: Span) -> AlterTableCmd {
        self.expect_kw(Kw::TYPE);
        let type_name = self.typename();
        let coll_clause = self.opt_collate();
        let using = if self.eat_kw(Kw::USING) { Some(self.expr()) } else { None };
        AlterTableCmd::AlterColumnType { name, type_name, coll_clause, using, span }
    }

    /// `ALTER TYPE name {ADD | DROP | ALTER} ATTRIBUTE …`, one or more.
    pub(super) fn alter_attribute(&mut self) -> AlterTableCmd {
        match self.cur.kw {
            Kw::ADD => {
                self.skip();
                self.expect_kw(Kw::ATTRIBUTE);
                let def = Box::new(self.attribute_def());
                AlterTableCmd::AddAttribute { def, behavior: self.opt_drop_behavior() }
            }
            Kw::DROP => {
                self.skip();
                self.expect_kw(Kw::ATTRIBUTE);
                let missing_ok = self.if_exists();
                let name = self.col_id();
                AlterTableCmd::DropAttribute { name, behavior: self.opt_drop_behavior(), missing_ok }
            }
            Kw::ALTER => {
                self.skip();
                self.expect_kw(Kw::ATTRIBUTE);
                let span = self.span();
                let name = self.col_id();
                if self.eat_kw(Kw::SET) {
                    self.expect_kw(Kw::DATA);
                }
                self.expect_kw(Kw::TYPE);
                let type_name = self.typename();
                let coll_clause = self.opt_collate();
                let behavior = self.opt_drop_behavior();
                AlterTableCmd::AlterAttributeType { name, type_name, coll_clause, behavior, span }
            }
            _ => self.unexpected(),
        }
    }

    /// After `CREATE FOREIGN TABLE`.
    pub(super) fn create_foreign_table(&mut self, span: Span) -> Stmt {
        let if_not_exists = self.if_not_exists();
        let relation = self.qualified_name();
        let mut base = CreateStmt {
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
        if self.eat_kws(Kw::PARTITION, Kw::OF) {
            base.inh_relations.push(self.qualified_name());
            base.table_elts = self.typed_table_elements();
            base.partbound = Some(self.partition_bound());
        } else {
            if !self.is(T::LParen) {
                return self.unexpected();
            }
            base.table_elts = self.table_elements();
            if self.eat_kw(Kw::INHERITS) {
                base.inh_relations = self.parens(Self::qualified_name);
            }
        }
        self.expect_kw(Kw::SERVER);
        let servername = self.name();
        let options = self.opt_generic_options();
        Stmt::CreateForeignTable(Box::new(CreateForeignTableStmt { base, servername, options }))
    }
}
