//! Databases of the cluster (`dbcommands.c`).

use std::rc::Rc;

use tusklet_error::{Error, Result, TryVec, bail, err, filled, match_word};
use tusklet_syntax::ast::{
    AlterDatabaseSetStmt, AlterDatabaseStmt, CreatedbStmt, DefArg, DropdbStmt, SetValue, VariableSetKind,
};

use super::option_text;
use crate::missing;
use crate::database::Cluster;
use crate::session::Shared;

fn cluster(shared: &Shared) -> Result<Rc<Cluster>> {
    shared.db.cluster.borrow().upgrade().ok_or_else(|| Error::unsupported("more than one database"))
}

fn may_create(shared: &Shared) -> Result<()> {
    let c = shared.catalog();
    if c.user_role(shared.user()).is_some_and(|r| !r.superuser && !r.create_db) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied to create database");
    }
    Ok(())
}

/// CREATE DATABASE.
pub fn create_database(shared: &Shared, s: &CreatedbStmt) -> Result<()> {
    let CreatedbStmt { dbname, options, span: _ } = s;
    shared.prevent_in_block("CREATE DATABASE")?;
    for o in options {
        match_word!(o.name.as_str();
            "owner" | "connection_limit" | "allow_connections" | "is_template" | "oid" | "strategy" => {},
            "template" => match option_text(o) {
                Ok(t) if matches!(t.as_str(), "template0" | "template1" | "default") => {}
                Ok(t) => return Err(Error::unsupported(filled!("CREATE DATABASE with template \"{}\""; t))),
                Err(_) => {}
            },
            "encoding" => {
                let name = match &o.arg {
                    None => continue,
                    Some(DefArg::Integer(6)) => continue,
                    Some(_) => option_text(o)?,
                };
                match name.to_ascii_uppercase().replace(['-', '_'], "").as_str() {
                    "UTF8" | "UNICODE" | "DEFAULT" => {}
                    "SQLASCII" | "LATIN1" => return Err(Error::unsupported(filled!("database encoding {}"; name))),
                    _ => bail!(UNDEFINED_OBJECT, "{} is not a valid encoding name"; name),
                }
            },
            "lc_collate" | "lc_ctype" | "locale" => {
                let name = option_text(o).unwrap_or_default();
                if !matches!(name.as_str(), "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "default" | "") {
                    bail!(WRONG_OBJECT_TYPE, "invalid locale name: \"{}\""; name);
                }
            },
            "tablespace" => super::heap::tablespace(Some(&option_text(o)?))?;
            n => return Err(tusklet_error::err!(SYNTAX_ERROR, "option \"{}\" not recognized"; n).at(o.span)),
        )
    }
    may_create(shared)?;
    cluster(shared)?.create_database(dbname)?;
    Ok(())
}

/// DROP DATABASE.
pub fn drop_database(shared: &Shared, s: &DropdbStmt) -> Result<()> {
    let DropdbStmt { dbname, missing_ok, options, span: _ } = s;
    shared.prevent_in_block("DROP DATABASE")?;
    if let Some(o) = options.first() {
        return Err(Error::unsupported(filled!("DROP DATABASE WITH ({})"; o.name)));
    }
    let c = cluster(shared)?;
    if c.database(dbname).is_none() {
        let e = err!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; dbname);
        return missing::unless(*missing_ok, shared, e);
    }
    if *shared.db.name.borrow() == *dbname {
        bail!(OBJECT_IN_USE, "cannot drop the currently open database");
    }
    c.drop_database(dbname)
}

/// ALTER DATABASE … RENAME TO.
pub fn rename_database(shared: &Shared, old: &str, new: &str) -> Result<()> {
    shared.prevent_in_block("ALTER DATABASE")?;
    let c = cluster(shared)?;
    let Some(db) = c.database(old) else {
        bail!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; old);
    };
    if c.database(new).is_some() {
        bail!(DUPLICATE_DATABASE, "database \"{}\" already exists"; new);
    }
    if *shared.db.name.borrow() == *old {
        bail!(FEATURE_NOT_SUPPORTED, "current database cannot be renamed");
    }
    if db.session_count() > 0 {
        let n = db.session_count();
        return Err(tusklet_error::err!(OBJECT_IN_USE, "database \"{}\" is being accessed by other users"; old).detail(
            if n == 1 {
                "There is 1 other session using the database.".to_string()
            } else {
                format!("There are {n} other sessions using the database.")
            },
        ));
    }
    c.rename_database(old, new)
}

/// ALTER DATABASE … WITH.
pub fn alter_database(shared: &Shared, s: &AlterDatabaseStmt) -> Result<()> {
    let AlterDatabaseStmt { dbname, options, span: _ } = s;
    if cluster(shared)?.database(dbname).is_none() {
        bail!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; dbname);
    }
    match options.first() {
        Some(o) => Err(Error::unsupported(filled!("ALTER DATABASE … {}"; o.name.to_ascii_uppercase()))),
        None => Ok(()),
    }
}

/// ALTER DATABASE … SET: kept in the database, for sessions to come.
pub fn alter_database_set(shared: &Shared, s: &AlterDatabaseSetStmt) -> Result<()> {
    let AlterDatabaseSetStmt { dbname, setstmt, span: _ } = s;
    if *shared.db.name.borrow() != *dbname {
        if cluster(shared)?.database(dbname).is_none() {
            bail!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; dbname);
        }
        return Err(Error::unsupported("ALTER DATABASE … SET for another database"));
    }
    let (name, value) = setting(&setstmt.kind)?;
    let Some(name) = name else { return Err(Error::unsupported("ALTER DATABASE … RESET ALL")) };
    shared.edit_catalog(|c| c.put_setting(&filled!("database.{}"; name), value.as_deref()))
}

/// A SET clause as name and value; no name is ALL, no value is RESET.
pub fn setting(kind: &VariableSetKind) -> Result<(Option<String>, Option<String>)> {
    Ok(match kind {
        VariableSetKind::Value { name, args } => {
            let text: Vec<String> = args
                .iter()
                .map(|a| match a {
                    SetValue::Integer(i) => Ok(i.to_string()),
                    SetValue::Float(t) | SetValue::String(t) => Ok(t.clone()),
                    SetValue::Interval(_) => Err(Error::unsupported("an interval as a stored setting")),
                })
                .try_vec()?;
            (Some(name.clone()), Some(text.join(", ")))
        }
        VariableSetKind::Default { name } | VariableSetKind::Reset { name } => (Some(name.clone()), None),
        VariableSetKind::ResetAll => (None, None),
        VariableSetKind::Current { .. } => return Err(Error::unsupported("SET … FROM CURRENT here")),
        VariableSetKind::Transaction(_)
        | VariableSetKind::SessionCharacteristics(_)
        | VariableSetKind::TransactionSnapshot(_) => bail!(SYNTAX_ERROR, "SET TRANSACTION is not allowed here"),
    })
}
