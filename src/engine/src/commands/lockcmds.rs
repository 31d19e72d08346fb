//! LOCK TABLE (`lockcmds.c`).

use tusklet_catalog::live::RelKind;
use tusklet_error::{Result, bail, err};
use tusklet_storage::{LockMode, TableLock};
use tusklet_syntax::ast::{self, LockStmt};

use super::{acl, heap, lock, namespace, relation_tag};
use crate::session::Shared;

fn mode(m: ast::LockMode) -> LockMode {
    match m {
        ast::LockMode::AccessShare => LockMode::AccessShare,
        ast::LockMode::RowShare => LockMode::RowShare,
        ast::LockMode::RowExclusive => LockMode::RowExclusive,
        ast::LockMode::ShareUpdateExclusive => LockMode::ShareUpdateExclusive,
        ast::LockMode::Share => LockMode::Share,
        ast::LockMode::ShareRowExclusive => LockMode::ShareRowExclusive,
        ast::LockMode::Exclusive => LockMode::Exclusive,
        ast::LockMode::AccessExclusive => LockMode::AccessExclusive,
    }
}

/// LOCK.
pub fn lock_tables(shared: &Shared, s: &LockStmt) -> Result<()> {
    let LockStmt { relations, mode: m, nowait, span: _ } = s;
    if !shared.in_block() {
        bail!(NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks");
    }
    for r in relations {
        let rel = namespace::get(shared, r)?;
        if !matches!(rel.kind, RelKind::Table | RelKind::View | RelKind::Partitioned) {
            return Err(err!(WRONG_OBJECT_TYPE, "cannot lock relation \"{}\""; rel.name)
                .detail(super::indexcmds::unsupported_for(rel.kind)));
        }
        let wanted = match m {
            ast::LockMode::AccessShare => acl::SELECT | acl::UPDATE | acl::DELETE | acl::TRUNCATE,
            ast::LockMode::RowExclusive => acl::INSERT | acl::UPDATE | acl::DELETE | acl::TRUNCATE,
            _ => acl::UPDATE | acl::DELETE | acl::TRUNCATE,
        };
        acl::check_any(shared, &rel, wanted)?;
        let all = if r.inh { heap::all_inheritors(&shared.catalog(), rel.oid) } else { vec![rel.oid] };
        for oid in all {
            if !*nowait {
                lock(shared, oid, mode(*m))?;
                continue;
            }
            if let TableLock::Wait(_) = shared.db.store.lock_table(&shared.tx()?, relation_tag(oid), mode(*m)) {
                let name = heap::get(shared, oid)?.name.clone();
                bail!(LOCK_NOT_AVAILABLE, "could not obtain lock on relation \"{}\""; name);
            }
        }
    }
    Ok(())
}
