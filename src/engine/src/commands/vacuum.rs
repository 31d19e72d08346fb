//! VACUUM, ANALYZE, CLUSTER, REINDEX (`vacuum.c`, `cluster.c`, `indexcmds.c`).

use tusklet_catalog::live::{RelKind, Relation};
use tusklet_error::{Result, SortShort, SqlState, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{ClusterStmt, ReindexStmt, ReindexTarget, VacuumRelation, VacuumStmt};

use super::{acl, bool_option, brin, heap, indexcmds, lock, namespace};
use crate::missing;
use crate::session::Shared;

/// VACUUM and ANALYZE. Vacuum happens by itself; this does it now. The planner takes statistics when a plan asks for them.
pub fn vacuum(shared: &Shared, s: &VacuumStmt) -> Result<()> {
    let VacuumStmt { options, rels, is_vacuumcmd, span: _ } = s;
    let (mut full, mut analyze) = (false, !*is_vacuumcmd);
    for o in options {
        match (o.name.as_str(), is_vacuumcmd) {
            ("verbose" | "skip_locked", _) => {
                bool_option(o)?;
            }
            ("analyze", true) => analyze = bool_option(o)?,
            ("full", true) => full = bool_option(o)?,
            ("freeze" | "disable_page_skipping" | "truncate" | "process_toast", true) => {
                bool_option(o)?;
            }
            ("index_cleanup", true) => {}
            ("parallel", true) => {
                let n = super::option_number(o)?;
                if !(0..=1024).contains(&n) {
                    return Err(
                        err!(SYNTAX_ERROR, "parallel workers for vacuum must be between 0 and 1024").at(o.span)
                    );
                }
            }
            (n, true) => return Err(err!(SYNTAX_ERROR, "unrecognized VACUUM option \"{}\""; n).at(o.span)),
            (n, false) => return Err(err!(SYNTAX_ERROR, "unrecognized ANALYZE option \"{}\""; n).at(o.span)),
        }
    }
    if *is_vacuumcmd {
        shared.prevent_in_block("VACUUM")?;
    }
    let mut targets: Vec<(Oid, &[String])> = vec![];
    for r in rels {
        let VacuumRelation { relation, va_cols } = r;
        let rel = namespace::get(shared, relation)?;
        if !va_cols.is_empty() {
            if !analyze {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "ANALYZE option must be specified when a column list is provided"
                ));
            }
            for (i, c) in va_cols.iter().enumerate() {
                if rel.attno(c).is_none() {
                    return Err(missing::column(&rel.name, &c));
                }
                if va_cols[..i].contains(c) {
                    bail!(DUPLICATE_COLUMN, "column \"{}\" of relation \"{}\" appears more than once"; c, rel.name);
                }
            }
        }
        if !matches!(rel.kind, RelKind::Table | RelKind::MatView) {
            shared.warn(
                SqlState::WARNING,
                filled!(
                    "skipping \"{}\" --- cannot {} non-tables or special system tables";
                    rel.name,
                    if *is_vacuumcmd { "vacuum" } else { "analyze" }
                ),
            );
            continue;
        }
        if !acl::is_owner(shared, rel.owner) {
            shared.warn(
                SqlState::WARNING,
                filled!(
                    "permission denied to {} \"{}\", skipping it";
                    if *is_vacuumcmd { "vacuum" } else { "analyze" },
                    rel.name
                ),
            );
            continue;
        }
        targets.push((rel.oid, va_cols));
    }
    if rels.is_empty() {
        let c = shared.catalog();
        targets = c
            .user_relations()
            .filter(|r| matches!(r.kind, RelKind::Table | RelKind::MatView) && acl::is_owner(shared, r.owner))
            .map(|r| (r.oid, &[][..]))
            .collect();
        targets.order_by_key(|t| t.0);
    }
    for (oid, named) in &targets {
        let rel = heap::get(shared, *oid)?;
        if rel.storage != 0 && let Ok(t) = shared.db.store.table(heap::file(&rel)) {
            t.look_at(|l| {
                l.counted = true;
                l.analyzed |= analyze;
                l.vacuumed |= *is_vacuumcmd;
            });
            if analyze {
                t.forget_statistics();
                super::analyze::analyze(shared, &rel, named)?;
            }
        }
    }
    if !*is_vacuumcmd {
        return Ok(());
    }
    let _ = full;
    for (oid, _) in targets {
        let rel = heap::get(shared, oid)?;
        if rel.storage != 0 {
            shared.db.store.vacuum(heap::file(&rel))?;
            brin::vacuum(shared, &rel)?;
        }
    }
    Ok(())
}

/// CLUSTER: rows are kept where they are; the choice of index is remembered.
pub fn cluster(shared: &Shared, s: &ClusterStmt) -> Result<()> {
    let ClusterStmt { relation, indexname, params, span: _ } = s;
    for p in params {
        match p.name.as_str() {
            "verbose" => {
                bool_option(p)?;
            }
            n => return Err(err!(SYNTAX_ERROR, "unrecognized CLUSTER option \"{}\""; n).at(p.span)),
        }
    }
    let Some(r) = relation else {
        shared.prevent_in_block("CLUSTER")?;
        return Ok(());
    };
    let rel = namespace::get(shared, r)?;
    acl::check_owner(shared, rel.owner, "table", &rel.name)?;
    lock(shared, rel.oid, LockMode::AccessExclusive)?;
    match indexname {
        Some(n) => mark_clustered(shared, &rel, Some(n)),
        None => {
            let c = shared.catalog();
            let any = rel.indexes.iter().any(|o| {
                c.relation(*o).is_some_and(|i| i.index.as_ref().is_some_and(|i| i.clustered))
            });
            if !any {
                bail!(UNDEFINED_OBJECT, "there is no previously clustered index for table \"{}\""; rel.name);
            }
            Ok(())
        }
    }
}

/// CLUSTER ON, SET WITHOUT CLUSTER.
pub fn mark_clustered(shared: &Shared, rel: &Relation, index: Option<&str>) -> Result<()> {
    let c = shared.catalog();
    let wanted = match index {
        None => 0,
        Some(n) => {
            let Some(oid) = c.relation_named(rel.schema, n) else {
                bail!(UNDEFINED_OBJECT, "index \"{}\" for table \"{}\" does not exist"; n, rel.name);
            };
            match c.relation(oid).and_then(|r| r.index.clone()) {
                Some(i) if i.table == rel.oid => {
                    if i.predicate.is_some() {
                        bail!(FEATURE_NOT_SUPPORTED, "cannot cluster on partial index \"{}\""; n);
                    }
                    oid
                }
                _ => bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index for table \"{}\""; n, rel.name),
            }
        }
    };
    for oid in &rel.indexes {
        let on = *oid == wanted;
        if c.relation(*oid).is_some_and(|r| r.index.as_ref().is_some_and(|i| i.clustered != on)) {
            heap::change(shared, *oid, |r| {
                if let Some(i) = &mut r.index {
                    i.clustered = on;
                }
            })?;
        }
    }
    Ok(())
}

/// REINDEX: files made anew.
pub fn reindex(shared: &Shared, s: &ReindexStmt) -> Result<()> {
    let ReindexStmt { target, params, span: _ } = s;
    for p in params {
        match p.name.as_str() {
            "verbose" | "concurrently" => {
                bool_option(p)?;
            }
            "tablespace" => heap::tablespace(Some(&super::option_text(p)?))?,
            n => return Err(err!(SYNTAX_ERROR, "unrecognized REINDEX option \"{}\""; n).at(p.span)),
        }
    }
    let c = shared.catalog();
    match target {
        ReindexTarget::Index(r) => {
            let rel = namespace::get(shared, r)?;
            let Some(ix) = &rel.index else {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index"; rel.name);
            };
            acl::check_owner(shared, rel.owner, "index", &rel.name)?;
            if rel.system {
                return Ok(());
            }
            lock(shared, ix.table, LockMode::Share)?;
            lock(shared, rel.oid, LockMode::AccessExclusive)?;
            indexcmds::rebuild(shared, rel.oid)
        }
        ReindexTarget::Table(r) => {
            let rel = namespace::get(shared, r)?;
            if !matches!(rel.kind, RelKind::Table | RelKind::MatView | RelKind::Toast) {
                bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a table or materialized view"; rel.name);
            }
            acl::check_owner(shared, rel.owner, "table", &rel.name)?;
            if rel.system {
                return Ok(());
            }
            lock(shared, rel.oid, LockMode::Share)?;
            if rel.indexes.is_empty() {
                shared.notify_user(filled!("table \"{}\" has no indexes to reindex"; rel.name));
            }
            rel.indexes.iter().try_for_each(|o| indexcmds::rebuild(shared, *o))
        }
        ReindexTarget::Schema(n) => {
            let schema = namespace::existing_schema(shared, n)?;
            all(shared, c.user_relations().filter(|r| r.schema == schema && r.index.is_some()).map(|r| r.oid).collect())
        }
        ReindexTarget::System(n) | ReindexTarget::Database(n) => {
            shared.prevent_in_block(match target {
                ReindexTarget::System(_) => "REINDEX SYSTEM",
                _ => "REINDEX DATABASE",
            })?;
            if *n != *shared.db.name.borrow() {
                bail!(FEATURE_NOT_SUPPORTED, "can only reindex the currently open database");
            }
            if matches!(target, ReindexTarget::System(_)) {
                return Ok(());
            }
            all(shared, c.user_relations().filter(|r| r.index.is_some()).map(|r| r.oid).collect())
        }
    }
}

fn all(shared: &Shared, mut indexes: Vec<Oid>) -> Result<()> {
    indexes.order();
    indexes.into_iter().try_for_each(|o| indexcmds::rebuild(shared, o))
}
