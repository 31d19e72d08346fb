//! Foreign keys and deferrable unique constraints: what is due after a statement, and at commit.
//!
//! As in PostgreSQL each check is a query: the referenced row is looked up (and locked FOR KEY SHARE) when a referencing row
//! appears, the referencing rows are looked for, or changed by the action, when a referenced row goes. The queries' plans
//! are kept; the index of the referenced key makes each a probe.

use std::rc::Rc;

use tusklet_catalog::live::{Constraint, ConstraintKind, FkAction, ForeignKey, Relation};
use tusklet_error::{Error, Result, SortShort, err, filled};
use tusklet_ir::{Oid, Value};
use tusklet_storage::{Unique, Wait};
use tusklet_vector::CallContext;

use crate::query::run_sql;
use crate::session::{About, RowChange, Shared};

/// Runs what the last statement made due. `Some`: it must wait for a lock; call again.
pub fn run_immediate(shared: &Shared) -> Result<Option<Wait>> {
    // Actions change rows, whose own constraints are due in turn.
    let mut rounds = 0;
    loop {
        let events = shared.row_events.take();
        if events.is_empty() {
            return Ok(None);
        }
        rounds += 1;
        if rounds > 10_000 {
            return Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        for (i, e) in events.iter().enumerate() {
            match run_event(shared, e, false) {
                Ok(()) => {}
                Err(Waiting::Error(e)) => return Err(e),
                Err(Waiting::Wait(w)) => {
                    let mut queue = shared.row_events.borrow_mut();
                    let later = queue.split_off(0);
                    queue.extend_from_slice(&events[i..]);
                    queue.extend(later);
                    return Ok(Some(w));
                }
            }
        }
    }
}

/// Runs what was deferred to the end of the transaction.
pub fn run_deferred(shared: &Shared) -> Result<()> {
    loop {
        let events = shared.deferred_events.take();
        if events.is_empty() {
            return Ok(());
        }
        for e in &events {
            match run_event(shared, e, true) {
                Ok(()) => {}
                Err(Waiting::Error(e)) => return Err(e),
                Err(Waiting::Wait(_)) => {
                    return Err(err!(T_R_SERIALIZATION_FAILURE, "could not obtain lock on row in referenced relation"));
                }
            }
        }
        run_immediate(shared)?;
    }
}

enum Waiting {
    Error(Error),
    Wait(Wait),
}

impl From<Error> for Waiting {
    fn from(e: Error) -> Waiting {
        Waiting::Error(e)
    }
}

fn is_deferred(shared: &Shared, c: &Constraint) -> bool {
    if !c.deferrable {
        return false;
    }
    let modes = shared.constraint_modes.borrow();
    modes.1.get(&c.oid).copied().or(modes.0).unwrap_or(c.deferred)
}

fn run_event(shared: &Shared, e: &RowChange, deferred: bool) -> Result<(), Waiting> {
    let catalog = shared.catalog();
    let Some(rel) = catalog.user_relation(e.rel).cloned() else { return Ok(()) };
    if let Some((index, key)) = &e.unique {
        return check_unique(shared, &rel, *index, key, e, deferred);
    }
    for c in &rel.constraints {
        if e.constraint != 0 && e.constraint != c.oid {
            continue;
        }
        let ConstraintKind::Foreign(fk) = &c.kind else { continue };
        let Some(new) = &e.new else { continue };
        if let Some(old) = &e.old {
            // The key did not change: what was right is right. A deferred check may still be due for the version that is gone.
            if e.constraint == 0 && !is_deferred(shared, c) && c.columns.iter().all(|a| old[*a as usize - 1] == new[*a as usize - 1]) {
                continue;
            }
        }
        if !deferred && is_deferred(shared, c) {
            shared.deferred_events.borrow_mut().push(RowChange { constraint: c.oid, ..e.clone() });
            continue;
        }
        check_reference(shared, &rel, c, fk, new, e)?;
    }
    let Some(old) = &e.old else { return Ok(()) };
    for other in referencing(&catalog, e.rel) {
        for c in &other.constraints {
            if e.constraint != 0 && e.constraint != c.oid {
                continue;
            }
            let ConstraintKind::Foreign(fk) = &c.kind else { continue };
            if fk.table != e.rel {
                continue;
            }
            let key: Vec<Value> = fk.columns.iter().map(|a| old[*a as usize - 1].clone()).collect();
            if key.iter().any(Value::is_null) {
                continue;
            }
            let action = if e.new.is_some() { fk.on_update } else { fk.on_delete };
            if let Some(new) = &e.new {
                if fk.columns.iter().all(|a| old[*a as usize - 1] == new[*a as usize - 1]) {
                    continue;
                }
            }
            if action == FkAction::NoAction && !deferred && is_deferred(shared, c) {
                shared.deferred_events.borrow_mut().push(RowChange { constraint: c.oid, ..e.clone() });
                continue;
            }
            act(shared, &rel, &other, c, fk, action, &key, e)?;
        }
    }
    Ok(())
}

/// Tables with a foreign key to this one.
fn referencing(catalog: &tusklet_catalog::live::Catalog, table: Oid) -> Vec<Rc<Relation>> {
    let mut all: Vec<Rc<Relation>> = catalog
        .user_relations()
        .filter(|r| r.constraints.iter().any(|c| matches!(&c.kind, ConstraintKind::Foreign(f) if f.table == table)))
        .cloned()
        .collect();
    all.order_by_key(|r| r.oid);
    all
}

fn qualified(shared: &Shared, rel: &Relation) -> String {
    let catalog = shared.catalog.borrow();
    let schema = catalog.schema_name(rel.schema).unwrap_or_default();
    filled!("{}.{}"; quote(&schema), quote(&rel.name))
}

fn quote(name: &str) -> String {
    filled!("\"{}\""; name.replace('"', "\"\""))
}

fn column(rel: &Relation, attno: i16) -> &tusklet_catalog::live::Column {
    &rel.columns[attno as usize - 1]
}

/// The values as `Key (a, b)=(1, 2)` shows them.
fn shown(shared: &Shared, rel: &Relation, attnos: &[i16], values: &[Value]) -> Result<String> {
    let mut cx = shared.exec_cx(shared.snapshot()?)?;
    let names: Vec<&str> = attnos.iter().map(|a| column(rel, *a).name.as_str()).collect();
    let mut texts = Vec::new();
    for (a, v) in attnos.iter().zip(values) {
        let mut s = String::new();
        if v.is_null() { s.push_str("null") } else { cx.output(column(rel, *a).ty.oid, v.as_datum(), &mut s)? }
        texts.push(s);
    }
    Ok(filled!("Key ({})=({})"; names.join(", "), texts.join(", ")))
}

/// One of the engine's queries; a lock to wait for comes out as such.
fn query(shared: &Shared, sql: &str, params: &[(Oid, Value)]) -> Result<Vec<Vec<Value>>, Waiting> {
    match run_sql(shared, sql, params) {
        Ok(rows) => Ok(rows),
        Err(e) => match shared.take_wait() {
            Some(w) => Err(Waiting::Wait(w)),
            None => Err(Waiting::Error(e)),
        },
    }
}

/// A row that was written beside one an exclusion constraint does not allow.
fn check_exclusion(shared: &Shared, rel: &Relation, index: Oid, name: &str, event: &RowChange) -> Result<(), Waiting> {
    let found = crate::commands::expressions::with_cx(shared, |cx| {
        tusklet_exec::Exclusion::new(cx, index)?.check(cx, event.new_tid)
    })?;
    let (mine, other) = match found {
        tusklet_exec::Excluded::Free => return Ok(()),
        tusklet_exec::Excluded::Wait(w) => return Err(Waiting::Wait(w)),
        tusklet_exec::Excluded::Conflict(mine, other) => (mine, other),
    };
    Err(err!(EXCLUSION_VIOLATION, "conflicting key value violates exclusion constraint \"{}\""; name)
        .detail(filled!("Key {} conflicts with existing key {}."; mine, other))
        .about(shared, rel)
        .constraint(name)
        .into())
}

/// A row whose key another row had when it was written (`unique_key_recheck`).
fn check_unique(
    shared: &Shared,
    rel: &Relation,
    index: Oid,
    key: &[u8],
    event: &RowChange,
    deferred: bool,
) -> Result<(), Waiting> {
    let constraint = rel
        .constraints
        .iter()
        .find(|c| match &c.kind {
            ConstraintKind::Unique(i) | ConstraintKind::Primary(i) | ConstraintKind::Exclude { index: i, .. } => *i == index,
            _ => false,
        });
    // The constraint is gone: so is what it asked for.
    let Some(c) = constraint else { return Ok(()) };
    if !deferred && is_deferred(shared, c) {
        shared.deferred_events.borrow_mut().push(event.clone());
        return Ok(());
    }
    if let ConstraintKind::Exclude { .. } = &c.kind {
        return check_exclusion(shared, rel, index, &c.name, event);
    }
    let catalog = shared.catalog();
    let Some(entry) = catalog.user_relation(index).cloned() else { return Ok(()) };
    let tx = shared.tx()?;
    let storage = shared.db.store.index(tusklet_storage::RelId(entry.storage))?;
    // The row may have newer versions by now, which kept the key and so were not checked. What must hold is that one live
    // row at most has the key.
    let mut holder = None;
    loop {
        match (storage.check_unique(&tx, key, holder)?, holder) {
            (Unique::Free, _) => return Ok(()),
            (Unique::Wait(w), _) => return Err(Waiting::Wait(w)),
            (Unique::Conflict(tid), None) => holder = Some(tid),
            (Unique::Conflict(_), Some(_)) => break,
        }
    }
    let table = shared.db.store.table(tusklet_storage::RelId(rel.storage))?;
    let key: Vec<Value> = match table.row(holder.unwrap_or(event.new_tid)) {
        Some(row) => c.columns.iter().map(|a| row.get(*a as usize - 1).to_value()).collect(),
        None => return Ok(()),
    };
    Err(err!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{}\""; c.name)
        .detail(filled!("{} already exists."; shown(shared, rel, &c.columns, &key)?))
        .about(shared, rel)
        .constraint(&c.name)
        .into())
}

fn check_reference(
    shared: &Shared,
    rel: &Relation,
    c: &Constraint,
    fk: &ForeignKey,
    new: &[Value],
    event: &RowChange,
) -> Result<(), Waiting> {
    let key: Vec<Value> = c.columns.iter().map(|a| new[*a as usize - 1].clone()).collect();
    let nulls = key.iter().filter(|v| v.is_null()).count();
    let name = &rel.name;
    if nulls > 0 {
        if fk.match_full && nulls < key.len() {
            return Err(err!(
                FOREIGN_KEY_VIOLATION,
                "insert or update on table \"{}\" violates foreign key constraint \"{}\"";
                name,
                c.name
            )
            .detail("MATCH FULL does not allow mixing of null and nonnull key values.")
            .about(shared, rel)
            .constraint(&c.name)
            .into());
        }
        return Ok(());
    }
    // A deferred check of a row that is gone or changed since checks nothing: the later event checks.
    if event.constraint != 0 && !row_is_current(shared, rel, event)? {
        return Ok(());
    }
    let catalog = shared.catalog();
    let Some(pk) = catalog.user_relation(fk.table).cloned() else { return Ok(()) };
    let conditions: Vec<String> = fk
        .columns
        .iter()
        .enumerate()
        .map(|(i, a)| format!("x.{} = ${}", quote(&column(&pk, *a).name), i + 1))
        .collect();
    let sql =
        filled!(
            "SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x"; qualified(shared, &pk), conditions.join(" AND ")
        );
    let params: Vec<(Oid, Value)> =
        c.columns.iter().zip(&key).map(|(a, v)| (column(rel, *a).ty.oid, v.clone())).collect();
    if !query(shared, &sql, &params)?.is_empty() {
        return Ok(());
    }
    let detail = filled!("{} is not present in table \"{}\"."; shown(shared, rel, &c.columns, &key)?, pk.name);
    Err(err!(
        FOREIGN_KEY_VIOLATION, "insert or update on table \"{}\" violates foreign key constraint \"{}\""; name, c.name
    )
    .detail(detail)
    .about(shared, rel)
    .constraint(&c.name)
    .into())
}

fn row_is_current(shared: &Shared, rel: &Relation, event: &RowChange) -> Result<bool> {
    let table = shared.db.store.table(tusklet_storage::RelId(rel.storage))?;
    let snapshot = shared.snapshot()?;
    Ok(table.is_visible(&snapshot, event.new_tid))
}

#[allow(clippy::too_many_arguments)]
fn act(
    shared: &Shared,
    pk: &Relation,
    rel: &Relation,
    c: &Constraint,
    fk: &ForeignKey,
    action: FkAction,
    key: &[Value],
    event: &RowChange,
) -> Result<(), Waiting> {
    let table = qualified(shared, rel);
    let key_types: Vec<Oid> = fk.columns.iter().map(|a| column(pk, *a).ty.oid).collect();
    let conditions = |first: usize| -> String {
        c.columns
            .iter()
            .enumerate()
            .map(|(i, a)| format!("${} = x.{}", i + first, quote(&column(rel, *a).name)))
            .collect::<Vec<_>>()
            .join(" AND ")
    };
    let mut params: Vec<(Oid, Value)> = key_types.iter().zip(key).map(|(t, v)| (*t, v.clone())).collect();
    let set_columns: Vec<i16> =
        if event.new.is_none() && !fk.delete_set.is_empty() { fk.delete_set.clone() } else { c.columns.clone() };
    let set = |value: &str| -> String {
        set_columns.iter().map(|a| filled!(
            "{} = {}"; quote(&column(rel, *a).name), value
        )).collect::<Vec<_>>().join(", ")
    };
    match (action, &event.new) {
        (FkAction::NoAction | FkAction::Restrict, _) => {
            if action == FkAction::NoAction {
                // Another row may have taken the key meanwhile.
                let same: Vec<String> = fk
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(i, a)| format!("x.{} = ${}", quote(&column(pk, *a).name), i + 1))
                    .collect();
                let sql = filled!(
                    "SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x"; qualified(shared, pk), same.join(" AND ")
                );
                if !query(shared, &sql, &params)?.is_empty() {
                    return Ok(());
                }
            }
            let sql = filled!("SELECT 1 FROM ONLY {} x WHERE {} FOR KEY SHARE OF x"; table, conditions(1));
            if query(shared, &sql, &params)?.is_empty() {
                return Ok(());
            }
            let detail =
                filled!("{} is still referenced from table \"{}\"."; shown(shared, pk, &fk.columns, key)?, rel.name);
            Err(err!(
                FOREIGN_KEY_VIOLATION,
                "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"";
                pk.name,
                c.name,
                rel.name
            )
            .detail(detail)
            .about(shared, rel)
            .constraint(&c.name)
            .into())
        }
        (FkAction::Cascade, None) => {
            let sql = filled!("DELETE FROM ONLY {} x WHERE {}"; table, conditions(1));
            query(shared, &sql, &params).map(|_| ())
        }
        (FkAction::Cascade, Some(new)) => {
            let n = c.columns.len();
            let list: Vec<String> = c
                .columns
                .iter()
                .enumerate()
                .map(|(i, a)| format!("{} = ${}", quote(&column(rel, *a).name), n + i + 1))
                .collect();
            let sql = filled!("UPDATE ONLY {} x SET {} WHERE {}"; table, list.join(", "), conditions(1));
            params.extend(fk.columns.iter().zip(&key_types).map(|(a, t)| (*t, new[*a as usize - 1].clone())));
            query(shared, &sql, &params).map(|_| ())
        }
        (FkAction::SetNull, _) => {
            let sql = filled!("UPDATE ONLY {} x SET {} WHERE {}"; table, set("NULL"), conditions(1));
            query(shared, &sql, &params).map(|_| ())
        }
        (FkAction::SetDefault, _) => {
            let sql = filled!("UPDATE ONLY {} x SET {} WHERE {}"; table, set("DEFAULT"), conditions(1));
            query(shared, &sql, &params).map(|_| ())
        }
    }
}
