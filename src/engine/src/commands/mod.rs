//! Utility statements: everything that is neither a query nor about transactions, cursors and settings (`utility.c`).
//!
//! A command runs to its end in one call, inside a savepoint of its own: when it meets a lock it must wait for, everything
//! is undone, [`Outcome::Wait`] says for whom, and the statement is run again from its start. Changes go into the session's
//! private catalog and, for files, to storage; both are undone when the transaction or its savepoint rolls back.

use tusklet_error::{Error, Result, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::{LockMode, LockTag, TableLock, Wait};
use tusklet_syntax::ast::{self, Stmt};

use crate::session::Shared;

pub mod acl;
mod aggregatecmds;
mod alter;
pub(crate) mod analyze;
pub mod brin;
mod castcmds;
pub(crate) mod comment;
mod createas;
mod dbcommands;
pub(crate) mod define;
pub mod dependency;
mod discard;
pub mod expressions;
mod functioncmds;
mod heap;
mod index_names;
pub mod index_options;
pub mod indexcmds;
mod items;
mod lockcmds;
pub(crate) mod namespace;
pub mod object_address;
pub(crate) mod object_identity;
pub(crate) mod object_lookup;
mod opclasscmds;
mod operatorcmds;
mod parse_utilcmd;
mod pg_type;
mod schemacmds;
pub mod sequence;
mod tablecmds;
mod tsearchcmds;
mod typecmds;
mod user;
mod vacuum;
mod view;

pub use createas::into_clause;
pub use namespace::{get as relation_for, on_commit};

/// What came of a command.
#[derive(Debug)]
pub enum Outcome {
    /// Done; the command tag.
    Done(String),
    /// A lock is held by somebody else: run the statement again when that is over.
    Wait(Wait),
}

/// Runs a utility statement; `sql` is the text its spans point into.
pub fn execute(shared: &Shared, stmt: &Stmt, sql: &str) -> Result<Outcome> {
    shared.pending_wait.set(None);
    let tx = shared.tx()?;
    let before = shared.catalog();
    let changes = shared.transaction.borrow().as_ref().map_or(0, |t| t.changes.len());
    let (notices, settings) = (shared.notices.borrow().len(), shared.settings.borrow().mark());
    let level = tx.savepoint();
    let e = match run(shared, stmt, sql) {
        Ok(tag) => {
            tx.release(level);
            return Ok(Outcome::Done(tag));
        }
        Err(e) => e,
    };
    let Some(wait) = shared.pending_wait.take() else { return Err(e) };
    // As if it had never begun: it will begin again.
    shared.db.store.rollback_to(&tx, level);
    *shared.catalog.borrow_mut() = before;
    if let Some(t) = &mut *shared.transaction.borrow_mut() {
        t.changes.truncate(changes);
    }
    shared.caches.forget_user();
    shared.forget_path();
    shared.notices.borrow_mut().truncate(notices);
    if shared.settings.borrow_mut().roll_back_to(settings) {
        shared.settings_changed();
    }
    Ok(Outcome::Wait(wait))
}

/// The lock tag of a relation.
pub fn relation_tag(oid: Oid) -> LockTag {
    LockTag(oid as u64)
}

/// Takes a lock on a relation. When it must be waited for, the error leads back to [`execute`].
pub(crate) fn lock(shared: &Shared, oid: Oid, mode: LockMode) -> Result<()> {
    match shared.db.store.lock_table(&shared.tx()?, relation_tag(oid), mode) {
        TableLock::Granted => Ok(()),
        TableLock::Wait(w) => {
            shared.pending_wait.set(Some(w));
            Err(Error::internal("command must wait for a lock"))
        }
    }
}

/// Sees to it that what this command has written so far is seen by its next step.
pub(crate) fn next_command(shared: &Shared) -> Result<()> {
    shared.tx()?.next_command();
    Ok(())
}

/// Commands that may run in a read-only transaction.
fn may_run_read_only(stmt: &Stmt) -> bool {
    matches!(
        stmt,
        Stmt::Lock(_) | Stmt::Discard(_) | Stmt::CheckPoint | Stmt::Load(_) | Stmt::Constraints(_) | Stmt::Vacuum(_)
    )
}

pub(crate) fn run(shared: &Shared, stmt: &Stmt, sql: &str) -> Result<String> {
    if !may_run_read_only(stmt) {
        shared.prevent_in_read_only(&tag(stmt))?;
    }
    match stmt {
        Stmt::Create(s) => tablecmds::create_table::create_table(shared, s)?,
        Stmt::CreateTableAs(s) => return createas::create_table_as(shared, s),
        Stmt::RefreshMatView(s) => createas::refresh(shared, s)?,
        Stmt::AlterTable(s) => tablecmds::alter_table::alter_table(shared, s)?,
        Stmt::View(s) => view::create_view(shared, s)?,
        Stmt::Index(s) => indexcmds::create_index(shared, s)?,
        Stmt::CreateSeq(s) => sequence::create_sequence(shared, s)?,
        Stmt::AlterSeq(s) => sequence::alter_sequence(shared, s)?,
        Stmt::Truncate(s) => tablecmds::truncate::truncate(shared, s)?,
        Stmt::Drop(s) => tablecmds::drop::drop(shared, s)?,
        Stmt::Rename(s) => alter::rename(shared, s)?,
        Stmt::AlterObjectSchema(s) => alter::set_schema(shared, s)?,
        Stmt::AlterOwner(s) => alter::set_owner(shared, s)?,
        Stmt::Comment(s) => comment::comment(shared, s)?,
        Stmt::CreateSchema(s) => schemacmds::create_schema(shared, s, sql)?,
        Stmt::CreateDomain(s) => typecmds::domain::create_domain(shared, s).map_err(without_position)?,
        Stmt::AlterDomain(s) => typecmds::domain::alter_domain(shared, s).map_err(without_position)?,
        Stmt::CreateEnum(s) => typecmds::create_enum(shared, s)?,
        Stmt::AlterEnum(s) => typecmds::alter_enum(shared, s)?,
        Stmt::CompositeType(s) => typecmds::create_composite(shared, s)?,
        Stmt::CreateRange(s) => typecmds::range::create_range(shared, s)?,
        Stmt::CreateFunction(s) => functioncmds::create_function(shared, s, sql)?,
        Stmt::AlterFunction(s) => functioncmds::alter_function(shared, s)?,
        Stmt::Define(s) if s.kind == ast::ObjectType::Aggregate => aggregatecmds::create_aggregate(shared, s)?,
        Stmt::Define(s) if s.kind == ast::ObjectType::Operator => operatorcmds::create_operator(shared, s)?,
        Stmt::Define(s) if s.kind == ast::ObjectType::Type => typecmds::base::create_type(shared, s)?,
        Stmt::Define(s) if tsearchcmds::kind_of(s.kind).is_some() => {
            if let Some(kind) = tsearchcmds::kind_of(s.kind) {
                tsearchcmds::define(shared, s, kind)?;
            }
        }
        Stmt::AlterTSConfiguration(s) => tsearchcmds::alter_configuration(shared, s)?,
        Stmt::AlterTSDictionary(s) => tsearchcmds::alter_dictionary(shared, s)?,
        Stmt::AlterType(s) => typecmds::base::alter_type(shared, s)?,
        Stmt::Define(s) if s.kind == ast::ObjectType::Collation => items::create_collation(shared, s)?,
        Stmt::AlterCollation(s) => items::alter_collation(shared, s)?,
        Stmt::CreateOpClass(s) => opclasscmds::create_class(shared, s)?,
        Stmt::CreateOpFamily(s) => opclasscmds::create_family(shared, s)?,
        Stmt::AlterOpFamily(s) => opclasscmds::alter_family(shared, s)?,
        Stmt::AlterOperator(s) => operatorcmds::alter_operator(shared, s)?,
        Stmt::CreateCast(s) => castcmds::create_cast(shared, s)?,
        Stmt::Lock(s) => lockcmds::lock_tables(shared, s)?,
        Stmt::Vacuum(s) => vacuum::vacuum(shared, s)?,
        Stmt::Cluster(s) => vacuum::cluster(shared, s)?,
        Stmt::Reindex(s) => vacuum::reindex(shared, s)?,
        Stmt::CheckPoint => {}
        Stmt::Select(_) => return createas::select_into(shared, stmt),
        Stmt::Discard(mode) => discard::discard(shared, *mode)?,
        Stmt::CreateRole(s) => user::create_role(shared, s)?,
        Stmt::AlterRole(s) => user::alter_role(shared, s)?,
        Stmt::AlterRoleSet(s) => user::alter_role_set(shared, s)?,
        Stmt::DropRole(s) => user::drop_role(shared, s)?,
        Stmt::GrantRole(s) => user::grant_role(shared, s)?,
        Stmt::Grant(s) => acl::grant(shared, s)?,
        Stmt::ReassignOwned(s) => user::reassign_owned(shared, s)?,
        Stmt::DropOwned(s) => user::drop_owned(shared, s)?,
        Stmt::Createdb(s) => dbcommands::create_database(shared, s)?,
        Stmt::Dropdb(s) => dbcommands::drop_database(shared, s)?,
        Stmt::AlterDatabase(s) => dbcommands::alter_database(shared, s)?,
        Stmt::AlterDatabaseSet(s) => dbcommands::alter_database_set(shared, s)?,
        other => return Err(define::refuse(other)),
    }
    Ok(tag(stmt))
}

/// Errors of commands that PostgreSQL runs without the statement's text at hand.
pub(crate) fn without_position(mut e: Error) -> Error {
    e.report_mut().span = tusklet_error::Span::NONE;
    e
}

/// The command tag (`CreateCommandTag`).
pub fn tag(stmt: &Stmt) -> String {
    let fixed = match stmt {
        Stmt::Create(_) => "CREATE TABLE",
        Stmt::CreateForeignTable(_) => "CREATE FOREIGN TABLE",
        Stmt::CreateTableAs(s) if s.objtype == ast::ObjectType::MatView => "CREATE MATERIALIZED VIEW",
        Stmt::CreateTableAs(_) => "CREATE TABLE AS",
        Stmt::RefreshMatView(_) => "REFRESH MATERIALIZED VIEW",
        Stmt::AlterTable(s) => return filled!("ALTER {}"; kind_words(s.objtype)),
        Stmt::View(_) => "CREATE VIEW",
        Stmt::Index(_) => "CREATE INDEX",
        Stmt::CreateSeq(_) => "CREATE SEQUENCE",
        Stmt::AlterSeq(_) => "ALTER SEQUENCE",
        Stmt::Truncate(_) => "TRUNCATE TABLE",
        Stmt::Drop(s) => return filled!("DROP {}"; kind_words(s.remove_type)),
        Stmt::Rename(s) => {
            use ast::ObjectType::*;
            let of = match s.rename_type {
                Column => s.relation_type,
                Attribute => Type,
                TabConstraint => Table,
                DomConstraint => Domain,
                k => k,
            };
            return filled!("ALTER {}"; kind_words(of));
        }
        Stmt::AlterObjectSchema(s) => return filled!("ALTER {}"; kind_words(s.object_type)),
        Stmt::AlterOwner(s) => return filled!("ALTER {}"; kind_words(s.object_type)),
        Stmt::Comment(_) => "COMMENT",
        Stmt::CreateSchema(_) => "CREATE SCHEMA",
        Stmt::CreateDomain(_) => "CREATE DOMAIN",
        Stmt::AlterDomain(_) => "ALTER DOMAIN",
        Stmt::CreateEnum(_) | Stmt::CompositeType(_) | Stmt::CreateRange(_) => "CREATE TYPE",
        Stmt::AlterEnum(_) | Stmt::AlterType(_) => "ALTER TYPE",
        Stmt::CreateFunction(s) if s.is_procedure => "CREATE PROCEDURE",
        Stmt::CreateFunction(_) => "CREATE FUNCTION",
        Stmt::Define(s) => return filled!("CREATE {}"; kind_words(s.kind)),
        Stmt::CreateCast(_) => "CREATE CAST",
        Stmt::AlterOperator(_) => "ALTER OPERATOR",
        Stmt::CreateOpClass(_) => "CREATE OPERATOR CLASS",
        Stmt::CreateOpFamily(_) => "CREATE OPERATOR FAMILY",
        Stmt::AlterOpFamily(_) => "ALTER OPERATOR FAMILY",
        Stmt::CreateConversion(_) => "CREATE CONVERSION",
        Stmt::AlterCollation(_) => "ALTER COLLATION",
        Stmt::AlterTSConfiguration(_) => "ALTER TEXT SEARCH CONFIGURATION",
        Stmt::AlterTSDictionary(_) => "ALTER TEXT SEARCH DICTIONARY",
        Stmt::AlterFunction(s) => return filled!("ALTER {}"; kind_words(s.objtype)),
        Stmt::Lock(_) => "LOCK TABLE",
        Stmt::Vacuum(s) if s.is_vacuumcmd => "VACUUM",
        Stmt::Vacuum(_) => "ANALYZE",
        Stmt::Cluster(_) => "CLUSTER",
        Stmt::Reindex(_) => "REINDEX",
        Stmt::CheckPoint => "CHECKPOINT",
        Stmt::Discard(ast::DiscardMode::All) => "DISCARD ALL",
        Stmt::Discard(ast::DiscardMode::Plans) => "DISCARD PLANS",
        Stmt::Discard(ast::DiscardMode::Sequences) => "DISCARD SEQUENCES",
        Stmt::Discard(ast::DiscardMode::Temp) => "DISCARD TEMP",
        Stmt::CreateRole(_) => "CREATE ROLE",
        Stmt::AlterRole(_) | Stmt::AlterRoleSet(_) => "ALTER ROLE",
        Stmt::DropRole(_) => "DROP ROLE",
        Stmt::GrantRole(s) if s.is_grant => "GRANT ROLE",
        Stmt::GrantRole(_) => "REVOKE ROLE",
        Stmt::Grant(s) if s.is_grant => "GRANT",
        Stmt::Grant(_) => "REVOKE",
        Stmt::AlterDefaultPrivileges(_) => "ALTER DEFAULT PRIVILEGES",
        Stmt::ReassignOwned(_) => "REASSIGN OWNED",
        Stmt::DropOwned(_) => "DROP OWNED",
        Stmt::Createdb(_) => "CREATE DATABASE",
        Stmt::Dropdb(_) => "DROP DATABASE",
        Stmt::AlterDatabase(_) | Stmt::AlterDatabaseSet(_) => "ALTER DATABASE",
        Stmt::Constraints(_) => "SET CONSTRAINTS",
        Stmt::CreateTrig(_) => "CREATE TRIGGER",
        Stmt::Rule(_) => "CREATE RULE",
        _ => "UTILITY",
    };
    fixed.to_string()
}

/// The words a kind of object is called by, in capitals.
pub(crate) fn kind_words(kind: ast::ObjectType) -> &'static str {
    use ast::ObjectType::*;
    match kind {
        AccessMethod => "ACCESS METHOD",
        Aggregate => "AGGREGATE",
        Attribute | Type => "TYPE",
        Cast => "CAST",
        Collation => "COLLATION",
        Column | TabConstraint | Table => "TABLE",
        Conversion => "CONVERSION",
        Database => "DATABASE",
        DomConstraint | Domain => "DOMAIN",
        EventTrigger => "EVENT TRIGGER",
        Extension => "EXTENSION",
        Fdw => "FOREIGN DATA WRAPPER",
        ForeignServer => "SERVER",
        ForeignTable => "FOREIGN TABLE",
        Function => "FUNCTION",
        Index => "INDEX",
        Language => "LANGUAGE",
        LargeObject => "LARGE OBJECT",
        MatView => "MATERIALIZED VIEW",
        OpClass => "OPERATOR CLASS",
        Operator => "OPERATOR",
        OpFamily => "OPERATOR FAMILY",
        Parameter => "PARAMETER",
        Policy => "POLICY",
        Procedure => "PROCEDURE",
        Publication => "PUBLICATION",
        Role => "ROLE",
        Routine => "ROUTINE",
        Rule => "RULE",
        Schema => "SCHEMA",
        Sequence => "SEQUENCE",
        StatisticExt => "STATISTICS",
        Subscription => "SUBSCRIPTION",
        Tablespace => "TABLESPACE",
        Transform => "TRANSFORM",
        Trigger => "TRIGGER",
        TsConfiguration => "TEXT SEARCH CONFIGURATION",
        TsDictionary => "TEXT SEARCH DICTIONARY",
        TsParser => "TEXT SEARCH PARSER",
        TsTemplate => "TEXT SEARCH TEMPLATE",
        View => "VIEW",
    }
}

/// Refuses options a command does not know, as the parsers of PostgreSQL's option lists do.
pub(crate) fn bool_option(o: &ast::DefElem) -> Result<bool> {
    let ast::DefElem { namespace: _, name, arg, action: _, span: _ } = o;
    let word = match arg {
        None => return Ok(true),
        Some(ast::DefArg::Boolean(b)) => return Ok(*b),
        Some(ast::DefArg::Integer(0)) => return Ok(false),
        Some(ast::DefArg::Integer(1)) => return Ok(true),
        Some(_) => option_text(o)?,
    };
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => bail!(SYNTAX_ERROR, "{} requires a Boolean value"; name),
    }
}

/// An option's value as text (`defGetString`).
pub(crate) fn option_text(o: &ast::DefElem) -> Result<String> {
    use ast::DefArg::*;
    Ok(match &o.arg {
        Some(Integer(i)) => i.to_string(),
        Some(Float(t)) | Some(String(t)) => t.clone(),
        Some(Boolean(b)) => b.to_string(),
        Some(TypeName(t)) => t.names.join("."),
        Some(Name(n)) | Some(Operator(n)) => n.join("."),
        Some(Star) => "*".to_string(),
        _ => return Err(err!(SYNTAX_ERROR, "{} requires a parameter"; o.name)),
    })
}

/// An option's value as a number (`defGetInt64`).
pub(crate) fn option_number(o: &ast::DefElem) -> Result<i64> {
    let n = match &o.arg {
        Some(ast::DefArg::Integer(i)) => Some(*i as i64),
        Some(ast::DefArg::Float(t)) => {
            let n = t.parse::<i64>().map_err(|_| {
                err!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type bigint"; t)
            })?;
            Some(n)
        }
        _ => None,
    };
    n.ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a numeric value"; o.name))
}
