//! COMMENT ON (`comment.c`).

use tusklet_catalog::live::{ObjectAddress, RelKind};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_syntax::ast::{CommentStmt, ObjectName, ObjectType};

use super::object_lookup;
use crate::session::Shared;

/// COMMENT ON.
pub fn comment(shared: &Shared, s: &CommentStmt) -> Result<()> {
    let CommentStmt { objtype, object, comment, span: _ } = s;
    let a = address(shared, *objtype, object)?;
    // An empty comment is none.
    let text = comment.as_deref().filter(|t| !t.is_empty());
    put(shared, a, text)
}

/// Stores what is said of an object.
pub fn put(shared: &Shared, a: ObjectAddress, text: Option<&str>) -> Result<()> {
    shared.edit_catalog(|c| c.put_comment(a, text))
}

fn address(shared: &Shared, t: ObjectType, o: &ObjectName) -> Result<ObjectAddress> {
    if let (ObjectType::Database, ObjectName::Name(n)) = (t, o)
        && n.join(".") != *shared.db.name.borrow()
    {
        // As a dump may be restored under another name.
        shared.warn(SqlState::INVALID_CATALOG_NAME, filled!("database \"{}\" does not exist"; n.join(".")));
        return Err(Error::unsupported("COMMENT ON another database"));
    }
    let found = object_lookup::get(shared, o, t, false)?;
    let Some(a) = found else { bail!(UNDEFINED_OBJECT, "object does not exist") };
    object_lookup::check_ownership(shared, o, t, a)?;
    if t == ObjectType::Column
        && let Some(r) = shared.catalog().relation(a.oid)
        && !matches!(
            r.kind,
            RelKind::Table | RelKind::View | RelKind::MatView | RelKind::Composite | RelKind::Foreign | RelKind::Partitioned
        )
    {
        return Err(err!(WRONG_OBJECT_TYPE, "cannot set comment on relation \"{}\""; r.name)
            .detail(super::indexcmds::unsupported_for(r.kind)));
    }
    Ok(a)
}
