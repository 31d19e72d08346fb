//! `pg_class` and what belongs to one relation each: `pg_index`, `pg_sequence`, `pg_inherits`, `pg_rewrite`, `pg_trigger`.

use std::rc::Rc;

use tusklet_error::{Result, SortShort, SortedSet};
use tusklet_ir::Oid;
use tusklet_vector::Value;

use super::{Sink, values};
use crate::builtin::{self, oids};
use crate::live::{Catalog, ConstraintKind, Persistence, RelKind, Relation};

/// User relations in the order they were made, then their TOAST tables.
pub(super) fn relations(cat: &Catalog) -> Vec<Rc<Relation>> {
    let mut all = cat.all_relations();
    all.order_by_key(|r| r.oid);
    all
}

/// `relkind`'s letter.
pub fn kind_letter(k: RelKind) -> u8 {
    match k {
        RelKind::Table => b'r',
        RelKind::Index => b'i',
        RelKind::Sequence => b'S',
        RelKind::View => b'v',
        RelKind::MatView => b'm',
        RelKind::Composite => b'c',
        RelKind::Partitioned => b'p',
        RelKind::PartitionedIndex => b'I',
        RelKind::Foreign => b'f',
        RelKind::Toast => b't',
    }
}

/// Catalogs whose place PostgreSQL keeps in a map of its own show 0, as views do.
pub(super) fn builtin_filenode(row: usize) -> Value {
    let shown = builtin::relations().nth(row).filter(|r| matches!(r.kind(), b'r' | b'i') && !r.shared());
    let mapped = |o: Oid| {
        matches!(o, oids::RELATION_PG_CLASS | oids::RELATION_PG_TYPE | oids::RELATION_PG_PROC | oids::RELATION_PG_ATTRIBUTE)
    };
    values::oid(shown.map_or(0, |r| if mapped(r.oid()) { 0 } else { r.oid() }))
}

/// Tables with foreign keys, or referenced by one: those have triggers inside.
fn with_foreign_keys(cat: &Catalog) -> SortedSet<Oid> {
    let mut set = SortedSet::new();
    for r in cat.user_relations() {
        for c in &r.constraints {
            if let ConstraintKind::Foreign(fk) = &c.kind {
                set.insert(r.oid);
                set.insert(fk.table);
            }
        }
    }
    set
}

pub(super) fn pg_class(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    let fks = if out.wants(21) { with_foreign_keys(cat) } else { SortedSet::new() };
    for r in &relations(cat) {
        let stored = matches!(
            r.kind,
            RelKind::Table | RelKind::Index | RelKind::Sequence | RelKind::MatView | RelKind::Toast
        );
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(r.oid),
                2 => Value::text(&r.name),
                3 => values::oid(r.schema),
                4 => values::oid(r.row_type),
                5 => values::oid(r.of_type),
                6 => values::oid(r.owner),
                7 => values::oid(access_method(r)),
                8 => values::oid(if stored { r.oid } else { 0 }),
                10 => Value::I32(i32::from(r.kind == RelKind::Sequence)),
                11 => match r.kind {
                    RelKind::Sequence => Value::F32(1.0),
                    // Not yet vacuumed or analysed; but an empty index is counted when it is made.
                    RelKind::Index => Value::F32(0.0),
                    _ if r.kind == RelKind::View || stored => Value::F32(if r.kind == RelKind::View { 0.0 } else { -1.0 }),
                    RelKind::Partitioned => Value::F32(-1.0),
                    _ => Value::F32(0.0),
                },
                12 => Value::I32(0),
                13 => values::oid(cat.toast_table(r)),
                14 => Value::Bool(!r.indexes.is_empty()),
                15 => Value::Bool(false),
                16 => values::char(match r.persistence {
                    Persistence::Permanent => b'p',
                    Persistence::Unlogged => b'u',
                    Persistence::Temporary => b't',
                }),
                17 => values::char(kind_letter(r.kind)),
                18 => Value::I16(match (&r.index, r.kind) {
                    (Some(i), _) if r.columns.is_empty() => i.columns.len() as i16,
                    (_, RelKind::Sequence) => 3,
                    _ => r.columns.len() as i16,
                }),
                19 => Value::I16(
                    r.constraints.iter().filter(|c| matches!(c.kind, ConstraintKind::Check(_))).count() as i16
                ),
                20 => Value::Bool(r.view.is_some() || !r.rules.is_empty()),
                21 => Value::Bool(!r.triggers.is_empty() || fks.contains(&r.oid)),
                22 => Value::Bool(!r.children.is_empty()),
                23 => Value::Bool(r.row_security),
                24 => Value::Bool(r.force_row_security),
                25 => Value::Bool(r.view.as_ref().is_none_or(|v| v.populated || r.kind == RelKind::View)),
                26 => values::char(match r.kind {
                    RelKind::Table | RelKind::Partitioned | RelKind::MatView if r.replica_identity != 0 => {
                        r.replica_identity
                    }
                    RelKind::Table | RelKind::Partitioned | RelKind::MatView => b'd',
                    _ => b'n',
                }),
                27 => Value::Bool(r.partition_bound.is_some()),
                31 => values::acl(cat, &r.acl)?,
                32 => values::options(&r.options)?,
                33 => r.partition_bound.as_ref().map_or(Value::Null, values::node),
                // Tablespace, rewrite, frozen transactions.
                _ => Value::I64(0),
            })
        })?;
    }
    Ok(())
}

fn access_method(r: &Relation) -> Oid {
    match r.kind {
        _ if r.access_method != 0 => r.access_method,
        RelKind::Table | RelKind::MatView => oids::AM_HEAP,
        RelKind::Index | RelKind::PartitionedIndex => oids::AM_BTREE,
        _ => 0,
    }
}

pub(super) fn pg_index(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        let Some(i) = &r.index else { continue };
        let keys = || i.columns.iter().take(i.keys as usize);
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(r.oid),
                2 => values::oid(i.table),
                3 => Value::I16(i.columns.len() as i16),
                4 => Value::I16(i.keys as i16),
                5 => Value::Bool(i.unique),
                6 => Value::Bool(i.nulls_not_distinct),
                7 => Value::Bool(i.primary),
                8 => Value::Bool(i.exclusion),
                9 => Value::Bool(i.immediate),
                10 => Value::Bool(i.clustered),
                11 => Value::Bool(i.valid),
                12 => Value::Bool(false),
                13 | 14 => Value::Bool(true),
                15 => Value::Bool(i.replica_identity),
                16 => values::int2vector(i.columns.iter().map(|c| c.attno))?,
                17 => values::oidvector(keys().map(|c| c.collation))?,
                18 => values::oidvector(keys().map(|c| c.opclass))?,
                19 => values::int2vector(keys().map(|c| i16::from(c.desc) | i16::from(c.nulls_first) << 1))?,
                20 => values::expressions(i.columns.iter().filter_map(|c| c.expr.as_deref().cloned()).collect()),
                21 => i.predicate.as_ref().map_or(Value::Null, |e| values::expression(e)),
                _ => Value::Null,
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_inherits(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        let parents: Vec<Oid> = match &r.index {
            Some(i) if i.parent != 0 => vec![i.parent],
            _ => r.parents.clone(),
        };
        for (n, p) in parents.iter().enumerate() {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(r.oid),
                    2 => values::oid(*p),
                    3 => Value::I32(n as i32 + 1),
                    _ => Value::Bool(false),
                })
            })?;
        }
    }
    Ok(())
}

pub(super) fn pg_sequence(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        let Some(s) = &r.sequence else { continue };
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(r.oid),
                2 => values::oid(s.ty),
                3 => Value::I64(s.start),
                4 => Value::I64(s.increment),
                5 => Value::I64(s.max),
                6 => Value::I64(s.min),
                7 => Value::I64(s.cache),
                _ => Value::Bool(s.cycle),
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_partitioned_table(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        let Some(k) = &r.partition_key else { continue };
        let default = r
            .children
            .iter()
            .find(|c| {
                cat.user_relation(**c)
                    .is_some_and(|c| matches!(c.partition_bound, Some(crate::live::PartitionBound::Default)))
            })
            .copied();
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(r.oid),
                2 => values::char(k.strategy),
                3 => Value::I16(k.columns.len() as i16),
                4 => values::oid(default.unwrap_or(0)),
                5 => values::int2vector(k.columns.iter().map(|c| c.attno))?,
                6 => values::oidvector(k.columns.iter().map(|c| c.opclass))?,
                7 => values::oidvector(k.columns.iter().map(|c| c.collation))?,
                _ => values::expressions(k.columns.iter().filter_map(|c| c.expr.as_deref().cloned()).collect()),
            })
        })?;
    }
    Ok(())
}

/// A view's rule `_RETURN` has the OID of the view here: the two live in different catalogs.
pub(super) fn pg_rewrite(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    let view = |out: &mut Sink<'_>, rule: Oid, rel: Oid| {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(rule),
                2 => Value::text("_RETURN"),
                3 => values::oid(rel),
                4 => values::char(b'1'),
                5 => values::char(b'O'),
                6 => Value::Bool(true),
                _ => Value::text("<>"),
            })
        })
    };
    for v in builtin::SystemView::all() {
        view(out, v.rule(), v.oid())?;
    }
    for r in &relations(cat) {
        if r.view.is_some() {
            view(out, r.oid, r.oid)?;
        }
        for u in &r.rules {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(u.oid),
                    2 => Value::text(&u.name),
                    3 => values::oid(r.oid),
                    4 => values::char(b'0' + u.event),
                    5 => values::char(b'O'),
                    6 => Value::Bool(u.instead),
                    7 => u.when.as_ref().map_or(Value::text("<>"), |e| values::expression(e)),
                    _ => values::node(&u.actions),
                })
            })?;
        }
    }
    Ok(())
}

pub(super) fn pg_trigger(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        for t in &r.triggers {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(t.oid),
                    2 => values::oid(r.oid),
                    4 => Value::text(&t.name),
                    5 => values::oid(t.func),
                    6 => Value::I16(t.bits as i16),
                    7 => values::char(t.enabled),
                    8 => Value::Bool(false),
                    11 => values::oid(t.constraint),
                    12 => Value::Bool(t.deferrable),
                    13 => Value::Bool(t.deferred),
                    14 => Value::I16(t.args.len() as i16),
                    15 => values::int2vector(t.columns.iter().copied())?,
                    16 => {
                        let mut b = vec![];
                        for s in &t.args {
                            b.extend_from_slice(s.as_bytes());
                            b.push(0);
                        }
                        Value::bytes(&b)
                    }
                    17 => t.when.as_ref().map_or(Value::Null, |e| values::expression(e)),
                    18 => name_or_null(&t.old_table),
                    19 => name_or_null(&t.new_table),
                    _ => values::oid(0),
                })
            })?;
        }
    }
    Ok(())
}

fn name_or_null(s: &str) -> Value {
    if s.is_empty() { Value::Null } else { Value::text(s) }
}
