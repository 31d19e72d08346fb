//! Errors and notices about objects that are not there, or there already, in the words most commands share.

use tusklet_error::{Error, Result, Severity, err, filled};

use crate::session::Shared;

/// No role has the name.
pub fn role(name: &str) -> Error {
    err!(UNDEFINED_OBJECT, "role \"{}\" does not exist"; name)
}

/// No schema has the name.
pub fn schema(name: &str) -> Error {
    err!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist"; name)
}

/// No cursor has the name.
pub fn cursor(name: &str) -> Error {
    err!(INVALID_CURSOR_NAME, "cursor \"{}\" does not exist"; name)
}

/// No relation has the name.
pub fn relation(name: &str) -> Error {
    err!(UNDEFINED_TABLE, "relation \"{}\" does not exist"; name)
}

/// The relation has no such column.
pub fn column(relation: &str, name: &str) -> Error {
    err!(UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist"; name, relation)
}

/// The relation has no such constraint.
pub fn constraint(relation: &str, name: &str) -> Error {
    err!(UNDEFINED_OBJECT, "constraint \"{}\" of relation \"{}\" does not exist"; name, relation)
}

/// A relation has the name already.
pub fn name_taken(name: &str) -> Error {
    err!(DUPLICATE_TABLE, "relation \"{}\" already exists"; name)
}

/// A column of the relation has the name already.
pub fn column_taken(relation: &str, name: &str) -> Error {
    err!(DUPLICATE_COLUMN, "column \"{}\" of relation \"{}\" already exists"; name, relation)
}

/// Raises the error, or with IF EXISTS says the same in a notice.
pub fn unless(missing_ok: bool, shared: &Shared, e: Error) -> Result<()> {
    if !missing_ok {
        return Err(e);
    }
    skipping(shared, e.message().to_string());
    Ok(())
}

/// A notice that something is not there.
pub fn skipping(shared: &Shared, what: String) {
    shared.notify_user(what + ", skipping");
}

/// Something is there already: raises the error, or with IF NOT EXISTS says the same in a notice.
pub fn unless_wanted(if_not_exists: bool, shared: &Shared, e: Error) -> Result<()> {
    if !if_not_exists {
        return Err(e);
    }
    shared.say(Severity::Notice, e.code(), filled!("{}, skipping"; e.message()));
    Ok(())
}
