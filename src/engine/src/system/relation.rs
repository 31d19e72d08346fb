//! Facts about relations: sizes, serial sequences, partitions, what can be updated.

use tusklet_adt::array::Array;
use tusklet_catalog::live::{Catalog, RelKind, Relation};
use tusklet_catalog::resolve::{TOAST_TUPLE_TARGET, storage_letter, toasted};
use tusklet_catalog::system::values;
use tusklet_error::{Result, SortShort, err};
use tusklet_ir::Oid;
use tusklet_storage::RelId;
use tusklet_vector::{Datum, TypeRef, Value};
use crate::commands::object_address::qualified;
use crate::missing;

use super::{Env, names};

const PAGE: u64 = 8192;

fn oid(args: &[Datum<'_>]) -> Oid {
    args[0].int() as u32
}

fn pages(n: u64) -> u64 {
    n.div_ceil(PAGE) * PAGE
}

/// Bytes of a table with what PostgreSQL would keep in its TOAST table, in whole pages.
fn table_bytes(env: &Env<'_, '_>, r: &Relation) -> u64 {
    let table = env.shared.db.store.table(RelId(r.storage));
    table.map_or(0, |t| if t.slots() == 0 { 0 } else { pages(t.memory() as u64) })
}

/// Those that would be in the TOAST table: the longest columns of a row of middle size, until it is short enough.
fn toast_bytes(env: &Env<'_, '_>, r: &Relation) -> u64 {
    let c = &env.cx.catalog;
    let Ok(table) = env.shared.db.store.table(RelId(r.storage)) else { return 0 };
    if c.toast_table(r) == 0 || table.slots() == 0 {
        return 0;
    }
    let Ok(stats) = env.shared.snapshot().and_then(|s| table.statistics(&s)) else { return 0 };
    let set = r.options.iter().find(|(k, _)| k == "toast_tuple_target").and_then(|(_, v)| v.parse().ok());
    let target = f64::from(set.unwrap_or(TOAST_TUPLE_TARGET));
    let mut row = 24.0 + stats.columns.iter().map(|s| s.width).sum::<f64>();
    let mut long: Vec<f64> = Vec::new();
    for (s, column) in stats.columns.iter().zip(&r.columns) {
        if !column.dropped && matches!(storage_letter(c, column), b'x' | b'e') {
            long.push(s.width);
        }
    }
    long.order_by(f64::total_cmp);
    let mut moved = 0.0;
    while let Some(width) = long.pop().filter(|w| row > target && *w > 18.0) {
        moved += width;
        row -= width - 18.0;
    }
    pages((moved * stats.live_rows as f64) as u64).min(table_bytes(env, r))
}

/// Bytes of one relation, in whole pages, as disks would hold them.
fn bytes_of(env: &Env<'_, '_>, r: &Relation) -> u64 {
    let store = &env.shared.db.store;
    match r.kind {
        RelKind::Table | RelKind::MatView => table_bytes(env, r) - toast_bytes(env, r),
        RelKind::Toast => env.cx.catalog.user_relation(toasted(r.oid)).map_or(0, |t| toast_bytes(env, t)),
        RelKind::Index => {
            let rows = r
                .index
                .as_ref()
                .and_then(|i| env.cx.catalog.user_relation(i.table))
                .and_then(|t| store.table(RelId(t.storage)).ok())
                .map_or(0, |t| t.live_rows());
            // A metapage (with first buckets for hash), and keys of twenty-odd bytes; summaries are few.
            match r.access_method {
                tusklet_catalog::builtin::oids::AM_BRIN => 3 * PAGE,
                tusklet_catalog::builtin::oids::AM_HASH => 4 * PAGE + pages(rows * 24),
                _ => PAGE + pages(rows * 24),
            }
        }
        RelKind::Sequence => PAGE,
        _ => 0,
    }
}

fn with<F: Fn(&Env<'_, '_>, &Catalog, &Relation) -> u64>(env: &mut Env<'_, '_>, args: &[Datum<'_>], f: F) -> Result<Value> {
    let catalog = env.cx.catalog.clone();
    match catalog.relation(oid(args)) {
        Some(r) => Ok(Value::I64(f(env, &catalog, &r) as i64)),
        None => Ok(Value::Null),
    }
}

fn index_bytes(env: &Env<'_, '_>, c: &Catalog, r: &Relation) -> u64 {
    r.indexes.iter().filter_map(|i| c.relation(*i)).map(|i| bytes_of(env, &i)).sum()
}

pub(super) fn size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if let Some(fork) = args.get(1) {
        match fork.str() {
            "main" => {}
            "fsm" | "vm" | "init" => return Ok(Value::I64(0)),
            _ => {
                return Err(err!(INVALID_PARAMETER_VALUE, "invalid fork name")
                    .hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\"."));
            }
        }
    }
    with(env, args, |env, _, r| bytes_of(env, r))
}

pub(super) fn table_size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    with(env, args, |env, _, r| whole(env, r))
}

/// A table with its TOAST table and the index of that, or another relation.
fn whole(env: &Env<'_, '_>, r: &Relation) -> u64 {
    if !matches!(r.kind, RelKind::Table | RelKind::MatView) {
        return bytes_of(env, r);
    }
    table_bytes(env, r) + if env.cx.catalog.toast_table(r) == 0 { 0 } else { PAGE }
}

pub(super) fn indexes_size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    with(env, args, index_bytes)
}

pub(super) fn total_size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    with(env, args, |env, c, r| whole(env, r) + index_bytes(env, c, r))
}

pub(super) fn database_size(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let catalog = env.cx.catalog.clone();
    let sum: u64 = catalog.user_relations().map(|r| whole(env, r)).sum();
    Ok(Value::I64(sum as i64))
}

pub(super) fn filenode(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let stored = env.cx.catalog.relation(oid(args)).filter(|r| {
        matches!(r.kind, RelKind::Table | RelKind::Index | RelKind::Sequence | RelKind::MatView | RelKind::Toast)
    });
    Ok(stored.map_or(Value::Null, |r| values::oid(r.oid)))
}

pub(super) fn filenode_relation(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let node = args.get(1).map_or(0, |a| a.int() as u32);
    Ok(env.cx.catalog.relation(node).map_or(Value::Null, |r| values::oid(r.oid)))
}

pub(super) fn tablespace_location(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(""))
}

pub(super) fn serial_sequence(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = args[0].str();
    let Some(table) = names::parse_relation_name(env.shared, name)? else {
        return Err(missing::relation(&name));
    };
    let c = env.cx.catalog.clone();
    let Some(r) = c.relation(table) else { return Ok(Value::Null) };
    let column = args[1].str();
    let Some(attno) = r.attno(column) else {
        return Err(missing::column(&r.name, &column));
    };
    let found = c
        .user_relations()
        .find(|s| s.sequence.as_ref().is_some_and(|q| q.owned_by == (table, attno)))
        .map(|s| qualified(&c, false, s.schema, &s.name));
    Ok(found.map_or(Value::Null, |s| Value::text(&s)))
}

pub(super) fn sequence_last_value(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = env.cx.catalog.clone();
    let Some(r) = c.user_relation(oid(args)).filter(|r| r.kind == RelKind::Sequence) else { return Ok(Value::Null) };
    let state = env.shared.db.store.sequence_state(RelId(r.storage))?;
    Ok(if state.called { Value::I64(state.last) } else { Value::Null })
}

pub(super) fn sequence_parameters(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let c = env.cx.catalog.clone();
    let Some(s) = c.user_relation(oid(args)).and_then(|r| r.sequence.clone()) else {
        return Err(err!(WRONG_OBJECT_TYPE, "relation is not a sequence"));
    };
    Ok(vec![vec![
        Value::I64(s.start),
        Value::I64(s.min),
        Value::I64(s.max),
        Value::I64(s.increment),
        Value::Bool(s.cycle),
        Value::I64(s.cache),
        values::oid(s.ty),
    ]])
}

/// `k=v` texts as two columns.
pub(super) fn options_to_table(_: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let a = Array::decode(args[0].bytes())?;
    Ok(a.iter()
        .flatten()
        .map(|b| {
            let s = String::from_utf8_lossy(b).into_owned();
            match s.split_once('=') {
                Some((k, v)) => vec![Value::text(k), Value::text(v)],
                None => vec![Value::text(&s), Value::Null],
            }
        })
        .collect())
}

pub(super) fn partition_ancestors(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let c = env.cx.catalog.clone();
    let mut out = vec![];
    let mut at = c.user_relation(oid(args)).filter(|r| r.partition_bound.is_some() || r.partition_key.is_some()).cloned();
    while let Some(r) = at {
        out.push(vec![values::oid(r.oid)]);
        at = r.parents.first().filter(|_| r.partition_bound.is_some()).and_then(|p| c.user_relation(*p)).cloned();
    }
    Ok(out)
}

/// The last of the ancestors.
pub(super) fn partition_root(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let mut all = partition_ancestors(env, args, &[])?;
    Ok(all.pop().and_then(|mut r| r.pop()).unwrap_or(Value::Null))
}

pub(super) fn partition_tree(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let c = env.cx.catalog.clone();
    let mut out = vec![];
    let mut todo: Vec<(Oid, Option<Oid>, i32)> = vec![(oid(args), None, 0)];
    while let Some((o, parent, depth)) = todo.pop() {
        let Some(r) = c.user_relation(o) else { continue };
        if r.partition_key.is_none() && r.partition_bound.is_none() {
            continue;
        }
        let parent = parent.or_else(|| r.parents.first().copied());
        out.push(vec![
            values::oid(o),
            parent.map_or(Value::Null, values::oid),
            Value::Bool(r.partition_key.is_none()),
            Value::I32(depth),
        ]);
        todo.extend(r.children.iter().rev().map(|k| (*k, Some(o), depth + 1)));
    }
    Ok(out)
}

pub(super) fn replica_identity_index(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = env.cx.catalog.clone();
    let Some(r) = c.user_relation(oid(args)) else { return Ok(Value::Null) };
    let found = r.indexes.iter().copied().find(|i| {
        c.user_relation(*i).and_then(|i| i.index.as_ref().map(|x| if r.replica_identity == b'i' { x.replica_identity } else { x.primary })) == Some(true)
    });
    Ok(found.map_or(Value::Null, values::oid))
}

pub(super) fn is_publishable(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(env.cx.catalog.relation(oid(args)).map_or(Value::Null, |r| {
        Value::Bool(matches!(r.kind, RelKind::Table | RelKind::Partitioned) && !r.system)
    }))
}

/// Whether the table takes writes: bits of the command numbers (UPDATE 4, INSERT 8, DELETE 16). Views of one plain
/// table without anything between take what the table does.
fn updatable(c: &Catalog, rel: Oid, depth: u32) -> i32 {
    let Some(r) = c.relation(rel) else { return 0 };
    match r.kind {
        RelKind::Table | RelKind::Partitioned => 28,
        RelKind::View if depth < 20 => {
            let Some(q) = r.view.as_ref().and_then(|v| v.query.clone()) else { return 0 };
            match crate::system::simple_view_base(&q) {
                Some(base) => updatable(c, base, depth + 1),
                None => 0,
            }
        }
        _ => 0,
    }
}

pub(super) fn is_updatable(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I32(updatable(&env.cx.catalog, oid(args), 0)))
}

pub(super) fn column_is_updatable(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if args[1].int() <= 0 {
        return Ok(Value::Bool(false));
    }
    let c = env.cx.catalog.clone();
    let rel = oid(args);
    // Of a view, only what is plainly a column of its table.
    let plain = match c.relation(rel).and_then(|r| r.view.as_ref().and_then(|v| v.query.clone())) {
        Some(q) => q.targets.get(args[1].int() as usize - 1).is_some_and(
            |t| matches!(&t.expr.kind, tusklet_ir::ExprKind::Var(v) if v.attno > 0 && v.level == 0),
        ),
        None => true,
    };
    Ok(Value::Bool(plain && updatable(&c, rel, 0) & 20 == 20))
}

fn row_security(env: &Env<'_, '_>, r: &Relation) -> bool {
    let me = env.cx.catalog.user_role(env.shared.user());
    r.row_security && me.is_some_and(|m| !m.superuser && !m.bypass_rls && (r.owner != m.oid || r.force_row_security))
}

pub(super) fn row_security_active(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = env.cx.catalog.clone();
    Ok(Value::Bool(c.relation(oid(args)).is_some_and(|r| row_security(env, &r))))
}

pub(super) fn row_security_active_name(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = args[0].str();
    let Some(rel) = names::parse_relation_name(env.shared, name)? else {
        return Err(missing::relation(&name));
    };
    row_security_active(env, &[Datum::I64(rel as i64)])
}
