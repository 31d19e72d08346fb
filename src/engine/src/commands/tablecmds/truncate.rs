//! TRUNCATE (`ExecuteTruncate`): new empty files in place of the old ones.

use tusklet_catalog::live::{ConstraintKind, RelKind, Relation};
use tusklet_error::{Result, SortShort, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{DropBehavior, TruncateStmt};

use crate::commands::{acl, heap, lock, namespace, sequence};
use crate::session::Shared;

/// TRUNCATE.
pub fn truncate(shared: &Shared, s: &TruncateStmt) -> Result<()> {
    let TruncateStmt { relations, restart_seqs, behavior, span: _ } = s;
    let mut tables: Vec<Oid> = vec![];
    for r in relations {
        let rel = namespace::get(shared, r)?;
        let below = if r.inh { heap::all_inheritors(&shared.catalog(), rel.oid) } else { vec![rel.oid] };
        for (i, oid) in below.into_iter().enumerate() {
            if tables.contains(&oid) {
                continue;
            }
            let t = heap::get(shared, oid)?;
            if i == 0 {
                may_truncate(shared, &t)?;
            }
            lock(shared, oid, LockMode::AccessExclusive)?;
            tables.push(oid);
        }
    }
    // Tables that refer to these must go along.
    if *behavior == DropBehavior::Cascade {
        loop {
            let mut more: Vec<Oid> = referencing(shared, &tables);
            if more.is_empty() {
                break;
            }
            more.order();
            for oid in more {
                let t = heap::get(shared, oid)?;
                shared.notify_user(filled!("truncate cascades to table \"{}\""; t.name));
                may_truncate(shared, &t)?;
                lock(shared, oid, LockMode::AccessExclusive)?;
                tables.push(oid);
            }
        }
    } else {
        refuse_referenced(shared, &tables)?;
    }
    if *restart_seqs {
        let c = shared.catalog();
        let owned: Vec<Oid> = c
            .user_relations()
            .filter(|r| r.sequence.as_ref().is_some_and(|q| tables.contains(&q.owned_by.0)))
            .map(|r| r.oid)
            .collect();
        for q in owned {
            let r = heap::get(shared, q)?;
            acl::check_owner(shared, r.owner, "sequence", &r.name)?;
            sequence::restart(shared, q)?;
        }
    }
    truncate_files(shared, &tables)
}

fn may_truncate(shared: &Shared, t: &Relation) -> Result<()> {
    if t.kind != RelKind::Table {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table"; t.name);
    }
    heap::refuse_system(t)?;
    acl::check_relation(shared, t, acl::TRUNCATE)
}

fn referencing(shared: &Shared, tables: &[Oid]) -> Vec<Oid> {
    let c = shared.catalog();
    c.user_relations()
        .filter(|r| !tables.contains(&r.oid))
        .filter(|r| {
            r.constraints.iter().any(|k| matches!(&k.kind, ConstraintKind::Foreign(f) if tables.contains(&f.table)))
        })
        .map(|r| r.oid)
        .collect()
}

fn refuse_referenced(shared: &Shared, tables: &[Oid]) -> Result<()> {
    for t in tables {
        let mut from = referencing(shared, std::slice::from_ref(t));
        from.retain(|o| !tables.contains(o));
        from.order();
        if let Some(o) = from.first() {
            let (a, b) = (heap::get(shared, *t)?.name.clone(), heap::get(shared, *o)?.name.clone());
            return Err(err!(FEATURE_NOT_SUPPORTED, "cannot truncate a table referenced in a foreign key constraint")
            .detail(filled!("Table \"{}\" references \"{}\"."; b, a))
            .hint(filled!("Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE."; b)));
        }
    }
    Ok(())
}

/// Puts empty files in place of the tables' and their indexes'.
pub fn truncate_files(shared: &Shared, tables: &[Oid]) -> Result<()> {
    for oid in tables {
        new_files(shared, *oid)?;
    }
    Ok(())
}

/// A new empty file for a table and for each of its indexes; the old ones go when the transaction commits.
pub fn new_files(shared: &Shared, oid: Oid) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let phys = heap::physical(&shared.catalog(), &rel.columns);
    let file = store.create_table(&tx, &phys)?;
    let mut indexes = vec![];
    for ix in &rel.indexes {
        let i = heap::get(shared, *ix)?;
        if i.storage == 0 {
            continue;
        }
        indexes.push((*ix, store.create_index(&tx, file)?));
        store.drop_rel(&tx, heap::file(&i))?;
    }
    if rel.storage == 0 {
        return Err(err!(INTERNAL_ERROR, "relation \"{}\" has no file"; rel.name));
    }
    store.drop_rel(&tx, heap::file(&rel))?;
    heap::change(shared, oid, |r| r.storage = file.0)?;
    for (ix, f) in indexes {
        heap::change(shared, ix, |r| r.storage = f.0)?;
    }
    Ok(())
}
