//! What is not there yet, by name.

use tusklet_error::Error;
use tusklet_syntax::ast::{DefineStmt, Stmt};

use super::kind_words;

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
