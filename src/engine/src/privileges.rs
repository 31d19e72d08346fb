//! May this user do that?

use tusklet_error::{Result, err};
use tusklet_ir::PlannedStmt;

use crate::session::Shared;

/// Privilege bits as `aclitem` numbers them.
pub mod bits {
    /// INSERT.
    pub const INSERT: u32 = 1;
    /// SELECT.
    pub const SELECT: u32 = 1 << 1;
    /// UPDATE.
    pub const UPDATE: u32 = 1 << 2;
    /// DELETE.
    pub const DELETE: u32 = 1 << 3;
    /// TRUNCATE.
    pub const TRUNCATE: u32 = 1 << 4;
    /// REFERENCES.
    pub const REFERENCES: u32 = 1 << 5;
    /// TRIGGER.
    pub const TRIGGER: u32 = 1 << 6;
    /// EXECUTE.
    pub const EXECUTE: u32 = 1 << 7;
    /// USAGE.
    pub const USAGE: u32 = 1 << 8;
    /// CREATE.
    pub const CREATE: u32 = 1 << 9;
    /// TEMPORARY.
    pub const TEMPORARY: u32 = 1 << 10;
    /// CONNECT.
    pub const CONNECT: u32 = 1 << 11;
}

/// Whether the current user is a superuser.
pub fn is_superuser(shared: &Shared) -> bool {
    shared.catalog.borrow().user_role(shared.user()).is_none_or(|r| r.superuser)
}

/// Whether a user is, or inherits from, a role.
pub fn is_member(shared: &Shared, user: u32, role: u32) -> bool {
    let catalog = shared.catalog.borrow();
    let mut todo = vec![user];
    let mut seen = Vec::new();
    while let Some(r) = todo.pop() {
        if r == role {
            return true;
        }
        if seen.contains(&r) {
            continue;
        }
        seen.push(r);
        if let Some(e) = catalog.user_role(r) {
            if e.superuser {
                return true;
            }
            if e.inherit {
                todo.extend(e.member_of.iter().map(|m| m.0));
            }
        }
    }
    false
}

/// Whether the current user has all of these privileges on a relation.
pub fn has(shared: &Shared, rel: u32, wanted: u32) -> bool {
    if is_superuser(shared) {
        return true;
    }
    let r = shared.catalog().user_relation(rel).cloned();
    r.is_none_or(|r| crate::commands::acl::has_privilege(shared, &r, wanted))
}

/// Checks everything a plan does to relations.
pub fn check(shared: &Shared, stmt: &PlannedStmt) -> Result<()> {
    if is_superuser(shared) {
        return Ok(());
    }
    for u in &stmt.relations {
        let mut wanted = 0;
        if u.insert {
            wanted |= bits::INSERT;
        }
        if u.update {
            wanted |= bits::UPDATE;
        }
        if u.delete {
            wanted |= bits::DELETE;
        }
        if u.select {
            wanted |= bits::SELECT;
        }
        if !has(shared, u.rel, wanted) {
            let name = shared.catalog.borrow().user_relation(u.rel).map(|r| r.name.clone()).unwrap_or_default();
            return Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied for table {}"; name));
        }
    }
    Ok(())
}
