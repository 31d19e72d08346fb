//! Cold tables, loaded before the statement that uses them runs.
//!
//! After opening a stored database a table's rows are still with the host. Nothing inside the executor can wait for them,
//! so a statement asks for all it may touch before it begins, and is suspended with `Status::Segment` until they are there.

use tusklet_catalog::live::{Catalog, ConstraintKind, RelKind};
use tusklet_error::{Result, SortedSet};
use tusklet_ir::{Oid, PlannedStmt};
use tusklet_storage::RelId;

use crate::session::Shared;

/// Loads what a query reads and writes, and what the foreign keys of what it writes lead to. `false`: not yet.
pub fn load_for(shared: &Shared, stmt: &PlannedStmt) -> Result<bool> {
    if !shared.db.store.has_cold() {
        return Ok(true);
    }
    let c = shared.catalog();
    // A function's body may use any table.
    if c.user_procs().next().is_some() {
        return load_all(shared);
    }
    let written = stmt.relations.iter().filter(|u| u.insert || u.update || u.delete).map(|u| u.rel);
    let mut tables: SortedSet<Oid> = stmt.relations.iter().map(|u| u.rel).collect();
    follow_foreign_keys(&c, written.collect(), &mut tables);
    // All are asked for, so that the host fetches them together.
    let mut ready = !shared.large_objects.cold.get() || crate::large_object::load_tables(shared)?;
    for rel in tables.iter().filter_map(|t| c.user_relation(*t)) {
        if matches!(rel.kind, RelKind::Table | RelKind::MatView) && rel.storage != 0 {
            ready &= shared.db.store.load(RelId(rel.storage))?;
        }
    }
    Ok(ready)
}

/// Tables whose rows are looked at, or changed by an action, when those of `written` change.
fn follow_foreign_keys(c: &Catalog, mut written: Vec<Oid>, tables: &mut SortedSet<Oid>) {
    let mut seen = SortedSet::new();
    while let Some(t) = written.pop() {
        if !seen.insert(t) {
            continue;
        }
        for r in c.user_relations() {
            for k in &r.constraints {
                let ConstraintKind::Foreign(f) = &k.kind else { continue };
                if r.oid == t {
                    tables.insert(f.table);
                }
                if f.table == t {
                    tables.insert(r.oid);
                    written.push(r.oid);
                }
            }
        }
    }
}

/// Loads every table: for commands, which may look at any.
pub fn load_all(shared: &Shared) -> Result<bool> {
    shared.db.store.load_all()
}
