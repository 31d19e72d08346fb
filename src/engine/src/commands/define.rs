//! Values in definitions (`define.c`), and what is not there yet, by name.

use tusklet_error::{Error, Result, err, filled};
use tusklet_syntax::ast::{DefArg, DefElem, Stmt, TypeName};

use super::expressions::type_named;
use super::kind_words;

/// An option's value as a qualified name (`defGetQualifiedName`).
pub fn definition_names(o: &DefElem) -> Result<Vec<String>> {
    match &o.arg {
        Some(DefArg::TypeName(t)) => Ok(t.names.clone()),
        Some(DefArg::Name(n) | DefArg::Operator(n)) => Ok(n.clone()),
        Some(DefArg::String(s)) => Ok(vec![s.clone()]),
        None => Err(err!(SYNTAX_ERROR, "{} requires a parameter"; o.name)),
        Some(_) => Err(err!(SYNTAX_ERROR, "argument of {} must be a name"; o.name)),
    }
}

/// An option's value as a type's name (`defGetTypeName`); a string is one, too.
pub fn definition_type(o: &DefElem) -> Result<TypeName> {
    match &o.arg {
        Some(DefArg::TypeName(t)) => Ok(t.clone()),
        Some(DefArg::String(s)) => Ok(type_named(vec![s.clone()])),
        None => Err(err!(SYNTAX_ERROR, "{} requires a parameter"; o.name)),
        Some(_) => Err(err!(SYNTAX_ERROR, "argument of {} must be a type name"; o.name)),
    }
}

/// An option's value as an integer (`defGetInt32`).
pub fn definition_number(o: &DefElem) -> Result<i32> {
    match &o.arg {
        Some(DefArg::Integer(i)) => Ok(*i),
        None => Err(err!(SYNTAX_ERROR, "{} requires an integer value"; o.name)),
        Some(_) => Err(err!(SYNTAX_ERROR, "{} requires an integer value"; o.name)),
    }
}

/// The error for an option that does not go with another (`errorConflictingDefElem`).
pub fn conflict(o: &DefElem) -> Error {
    err!(SYNTAX_ERROR, "conflicting or redundant options").at(o.span)
}

/// Refuses an option that was given before.
pub fn once(options: &[DefElem], o: &DefElem) -> Result<()> {
    match options.iter().find(|p| p.name == o.name) {
        Some(p) if !std::ptr::eq(p, o) => Err(conflict(o)),
        _ => Ok(()),
    }
}

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
        Stmt::Define(s) => return Error::unsupported(filled!("CREATE {}"; kind_words(s.kind))),
        Stmt::CreateConversion(_) => "CREATE CONVERSION",
        Stmt::CreateTransform(_) => "CREATE TRANSFORM",
        Stmt::CreatePLang(_) => "CREATE LANGUAGE",
        Stmt::CreateAm(_) => "CREATE ACCESS METHOD",
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
