//! What is not there yet, by name; and SET CONSTRAINTS.

use tusklet_catalog::live::ConstraintKind;
use tusklet_error::{Error, Result, bail};
use tusklet_syntax::ast::{ConstraintsSetStmt, DefineStmt, Stmt};

use super::{kind_words, namespace};
use crate::session::Shared;

/// The error for a statement nobody executes.
pub fn refuse(stmt: &Stmt) -> Error {
    let what = match stmt {
        Stmt::CreateForeignTable(_) => "CREATE FOREIGN TABLE",
        Stmt::AlterTableMoveAll(_) => "ALTER TABLE ALL IN TABLESPACE",
        Stmt::CreateStats(_) => "CREATE STATISTICS",
        Stmt::AlterStats(_) => "ALTER STATISTICS",
        Stmt::CreateTrig(_) => "CREATE TRIGGER",
        Stmt::CreateEventTrig(_) => "CREATE EVENT TRIGGER",
        Stmt::AlterEventTrig(_) => "ALTER EVENT TRIGGER",
        Stmt::Rule(_) => "CREATE RULE",
        Stmt::CreatePolicy(_) => "CREATE POLICY",
        Stmt::AlterPolicy(_) => "ALTER POLICY",
        Stmt::AlterType(_) => "ALTER TYPE … SET",
        Stmt::Define(s) => {
            let DefineStmt { kind, .. } = &**s;
            return Error::unsupported(format!("CREATE {}", kind_words(*kind)));
        }
        Stmt::CreateCast(_) => "CREATE CAST",
        Stmt::CreateConversion(_) => "CREATE CONVERSION",
        Stmt::CreateTransform(_) => "CREATE TRANSFORM",
        Stmt::CreateOpClass(_) => "CREATE OPERATOR CLASS",
        Stmt::CreateOpFamily(_) => "CREATE OPERATOR FAMILY",
        Stmt::AlterOpFamily(_) => "ALTER OPERATOR FAMILY",
        Stmt::AlterOperator(_) => "ALTER OPERATOR",
        Stmt::CreatePLang(_) => "CREATE LANGUAGE",
        Stmt::CreateAm(_) => "CREATE ACCESS METHOD",
        Stmt::AlterCollation(_) => "ALTER COLLATION",
        Stmt::AlterTSConfiguration(_) => "ALTER TEXT SEARCH CONFIGURATION",
        Stmt::AlterTSDictionary(_) => "ALTER TEXT SEARCH DICTIONARY",
        Stmt::CreateExtension(_) => "CREATE EXTENSION",
        Stmt::AlterExtension(_) | Stmt::AlterExtensionContents(_) => "ALTER EXTENSION",
        Stmt::CreateFdw(_) | Stmt::AlterFdw(_) => "FOREIGN DATA WRAPPER",
        Stmt::CreateForeignServer(_) | Stmt::AlterForeignServer(_) => "SERVER",
        Stmt::CreateUserMapping(_) | Stmt::AlterUserMapping(_) | Stmt::DropUserMapping(_) => "USER MAPPING",
        Stmt::ImportForeignSchema(_) => "IMPORT FOREIGN SCHEMA",
        Stmt::CreatePublication(_) | Stmt::AlterPublication(_) => "PUBLICATION",
        Stmt::CreateSubscription(_) | Stmt::AlterSubscription(_) | Stmt::DropSubscription(_) => "SUBSCRIPTION",
        Stmt::CreateTableSpace(_) | Stmt::AlterTableSpaceOptions(_) | Stmt::DropTableSpace(_) => "TABLESPACE",
        Stmt::AlterDatabaseRefreshColl(_) => "ALTER DATABASE REFRESH COLLATION VERSION",
        Stmt::AlterDefaultPrivileges(_) => "ALTER DEFAULT PRIVILEGES",
        Stmt::AlterSystem(_) => "ALTER SYSTEM",
        Stmt::AlterObjectDepends(_) => "ALTER … DEPENDS ON EXTENSION",
        Stmt::SecLabel(_) => "SECURITY LABEL",
        Stmt::Load(_) => "LOAD",
        Stmt::Do(_) => "DO",
        Stmt::Call(_) => "CALL",
        Stmt::Return(_) => "RETURN",
        _ => "this statement",
    };
    Error::unsupported(what)
}

/// SET CONSTRAINTS. What it makes due is checked by the caller at the end of the statement.
pub fn set_constraints(shared: &Shared, s: &ConstraintsSetStmt) -> Result<()> {
    let ConstraintsSetStmt { constraints, deferred, span: _ } = s;
    if constraints.is_empty() {
        let mut modes = shared.constraint_modes.borrow_mut();
        modes.0 = Some(*deferred);
        modes.1.clear();
        return Ok(());
    }
    let c = shared.catalog();
    for k in constraints {
        let schemas = match &k.schemaname {
            Some(s) => vec![namespace::existing_schema(shared, s)?],
            None => shared.search_path().schemas.clone(),
        };
        let mut found = vec![];
        for schema in schemas {
            for r in c.user_relations().filter(|r| r.schema == schema) {
                for k2 in r.constraints.iter().filter(|k2| k2.name == k.relname) {
                    if !k2.deferrable && *deferred {
                        bail!(WRONG_OBJECT_TYPE, "constraint \"{}\" is not deferrable", k2.name);
                    }
                    if !matches!(k2.kind, ConstraintKind::Check(_)) {
                        found.push(k2.oid);
                    }
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            bail!(UNDEFINED_OBJECT, "constraint \"{}\" does not exist", k.relname);
        }
        let mut modes = shared.constraint_modes.borrow_mut();
        for oid in found {
            modes.1.insert(oid, *deferred);
        }
    }
    Ok(())
}
