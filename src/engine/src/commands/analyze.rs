//! What ANALYZE notes of columns for `pg_statistic` (`analyze.c`, `compute_scalar_stats`): the share of NULLs, how many values
//! there are, the common ones, a histogram of the others, the correlation of values and places. All rows of a small table
//! are looked at, a sample of a large one. The notes live as long as the database is open, as all that planning knows of
//! values does; the planner takes its own from storage. Elements of arrays, bounds of ranges and lexemes are not counted.

use tusklet_catalog::live::Relation;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, SortShort, filled};
use tusklet_ir::Oid;
use tusklet_vector::Value;

use super::heap;
use crate::query::run_once;
use crate::session::Shared;

/// Rows of a sample for each unit of a column's target.
const ROWS: f64 = 300.0;
/// The target of a column without one (`default_statistics_target`).
const TARGET: usize = 100;
/// Longer values are counted and no more (`WIDTH_THRESHOLD`).
const WIDE: i32 = 1024;

/// What is known of a column: its type then, and its row of `pg_statistic`.
pub(crate) type Known = (Oid, Vec<Value>);

/// A slot: kind, operator, numbers, values.
type Slot = (i16, Oid, Vec<f64>, Vec<Value>);

/// Looks at the columns of a table, or those named.
pub fn analyze(shared: &Shared, rel: &Relation, named: &[String]) -> Result<()> {
    // A table whose rows not all may see cannot be read by a query yet.
    if rel.row_security {
        return Ok(());
    }
    let total = shared.db.store.live_rows(heap::file(rel)) as f64;
    for (i, c) in rel.columns.iter().enumerate() {
        if c.dropped || c.statistics == 0 || !named.is_empty() && !named.contains(&c.name) {
            continue;
        }
        let attno = i as i16 + 1;
        let row = column(shared, rel, attno, total)?;
        let mut all = shared.db.statistics.borrow_mut();
        match row {
            Some(row) => all.insert((rel.oid, attno), (c.ty.oid, row)),
            None => all.remove(&(rel.oid, attno)),
        };
    }
    Ok(())
}

/// The rows of `pg_statistic`.
pub fn rows(shared: &Shared, columns: &[i16]) -> Vec<Vec<Value>> {
    let catalog = shared.catalog();
    let mut out = vec![];
    for ((rel, attno), (ty, row)) in shared.db.statistics.borrow().iter() {
        let now = catalog.relation(*rel);
        if now.is_some_and(|r| r.column(*attno).is_some_and(|c| !c.dropped && c.ty.oid == *ty)) {
            let cell = |a: &i16| row.get((*a as usize).wrapping_sub(1)).cloned().unwrap_or(Value::I64(0));
            out.push(columns.iter().map(cell).collect());
        }
    }
    out
}

fn column(shared: &Shared, rel: &Relation, attno: i16, total: f64) -> Result<Option<Vec<Value>>> {
    let catalog = shared.catalog();
    let Some(c) = rel.column(attno) else { return Ok(None) };
    let target = if c.statistics > 0 { c.statistics as usize } else { TARGET };
    let ops = catalog.sort_operators(c.ty.oid);
    let fixed = catalog.ty(c.ty.oid).map_or(-1, |t| t.len);
    let (schema, name) = (catalog.schema_name(rel.schema).unwrap_or_default(), quote_identifier(&c.name));
    let mut from = filled!("FROM ONLY {}.{}"; quote_identifier(&schema), quote_identifier(&rel.name));
    let most = ROWS * target as f64;
    if total > most {
        from.push_str(&format!(" TABLESAMPLE system ({}) REPEATABLE (0)", most / total * 100.0));
    }
    let ordered = ops.lt != 0 && ops.eq != 0 && catalog.range_subtype(c.ty.oid) == 0;
    let what = filled!("{}, pg_catalog.count(*), pg_catalog.pg_column_size({})"; name, name);
    let found = if ordered {
        run_once(shared, &filled!("SELECT {} {} GROUP BY 1 ORDER BY 1"; what, from))?
    } else {
        run_once(shared, &filled!("SELECT NULL, 1::int8, pg_catalog.pg_column_size({}) {}"; name, from))?
    };
    let (mut sampled, mut nulls, mut wide, mut width) = (0.0, 0.0, 0.0, 0.0);
    let mut groups: Vec<(Value, f64)> = vec![];
    for row in found {
        let Ok([v, Value::I64(n), size]) = <[Value; 3]>::try_from(row) else { return Err(Error::internal("a row of a sample")) };
        let n = n as f64;
        sampled += n;
        match size {
            Value::I32(size) => {
                // As it is stored: a short value has a short header.
                let size = if fixed == -1 && size - 3 <= 127 { size - 3 } else { size };
                width += n * f64::from(size);
                if fixed < 0 && size > WIDE {
                    wide += n;
                } else if ordered {
                    groups.push((v, n));
                }
            }
            _ => nulls += n,
        }
    }
    if sampled == 0.0 {
        return Ok(None);
    }
    let known = sampled - nulls;
    let null_frac = nulls / sampled;
    let width = if fixed > 0 { i32::from(fixed) } else { (width / known.max(1.0)) as i32 };
    // All of a small table was seen.
    let total = if total > most { total } else { sampled };
    let kinds = groups.len() as f64;
    let repeated = groups.iter().filter(|g| g.1 > 1.0).count() as f64;
    let mut distinct = if known == 0.0 || !ordered {
        0.0
    } else if repeated == 0.0 {
        null_frac - 1.0
    } else if wide == 0.0 && repeated == kinds {
        kinds
    } else {
        // Haas and Stokes.
        let once = kinds - repeated + wide;
        let d = once + repeated;
        let all = total * (1.0 - null_frac);
        (known * d / (known - once + once * known / all)).clamp(d, all.max(d)).round()
    };
    if distinct > 0.1 * total {
        distinct = -(distinct / total);
    }
    let mut slots: Vec<Slot> = vec![];
    if ordered && !groups.is_empty() {
        let common = most_common(&groups, target, wide, distinct, null_frac, sampled, total);
        if !common.is_empty() {
            let shares = common.iter().map(|i| groups[*i].1 / sampled).collect();
            slots.push((1, ops.eq, shares, common.iter().map(|i| groups[*i].0.clone()).collect()));
        }
        let rest: Vec<&(Value, f64)> =
            groups.iter().enumerate().filter(|(i, _)| !common.contains(i)).map(|(_, g)| g).collect();
        let bounds = histogram(&rest, rest.len().min(target + 1));
        if !bounds.is_empty() {
            slots.push((2, ops.lt, vec![], bounds));
        }
        let n: f64 = groups.iter().map(|g| g.1).sum();
        if n > 1.0 {
            let fits = if fixed < 0 { format!("pg_catalog.pg_column_size({name}) <= {WIDE}") } else { filled!(
                "{} IS NOT NULL"; name
            ) };
            let sum = run_once(
                shared,
                &filled!("SELECT pg_catalog.sum(s)::float8 FROM (SELECT (pg_catalog.row_number() OVER (ORDER BY v, r) - 1) * \
                     (r - 1) AS s FROM (SELECT {} AS v, pg_catalog.row_number() OVER () AS r {} WHERE {}) x) y"; name, from, fits),
            )?;
            if let Some([Value::F64(xy)]) = sum.first().map(Vec::as_slice) {
                let (x, xx) = (n * (n - 1.0) / 2.0, n * (n - 1.0) * (2.0 * n - 1.0) / 6.0);
                slots.push((3, ops.lt, vec![(n * xy - x * x) / (n * xx - x * x)], vec![]));
            }
        }
    }
    let mut row = vec![
        values::oid(rel.oid),
        Value::I16(attno),
        Value::Bool(false),
        Value::F32(null_frac as f32),
        Value::I32(width),
        Value::F32(distinct as f32),
    ];
    let slot = |i: usize| slots.get(i);
    (0..5).for_each(|i| row.push(Value::I16(slot(i).map_or(0, |s| s.0))));
    (0..5).for_each(|i| row.push(values::oid(slot(i).map_or(0, |s| s.1))));
    (0..5).for_each(|i| row.push(values::oid(slot(i).map_or(0, |_| c.collation))));
    for i in 0..5 {
        let numbers = slot(i).map(|s| s.2.iter().map(|n| Value::F32(*n as f32)).collect::<Vec<_>>());
        row.push(array(tusklet_catalog::builtin::oids::FLOAT4, numbers.as_deref())?);
    }
    for i in 0..5 {
        row.push(array(c.ty.oid, slot(i).map(|s| s.3.as_slice()))?);
    }
    Ok(Some(row))
}

fn array(element: Oid, list: Option<&[Value]>) -> Result<Value> {
    let Some(list) = list.filter(|l| !l.is_empty()) else { return Ok(Value::Null) };
    let mut items = vec![];
    for v in list {
        let mut b = vec![];
        v.as_datum().store(&mut b);
        items.push(b);
    }
    Ok(Value::bytes(&tusklet_adt::array::from_items(element, items.iter().map(|b| Some(b.as_slice())))?))
}

/// The groups worth noting as common, the most common first (`analyze_mcv_list`).
fn most_common(
    groups: &[(Value, f64)],
    target: usize,
    wide: f64,
    distinct: f64,
    null_frac: f64,
    sampled: f64,
    total: f64,
) -> Vec<usize> {
    let mut list: Vec<usize> = (0..groups.len()).filter(|i| groups[*i].1 > 1.0).collect();
    list.order_by(|a, b| groups[*b].1.total_cmp(&groups[*a].1));
    let whole = list.len() == groups.len() && wide == 0.0 && distinct > 0.0 && list.len() <= target;
    list.truncate(target);
    if whole || sampled == total || total <= 1.0 {
        return list;
    }
    let all = if distinct < 0.0 { -distinct * total } else { distinct };
    // Those are kept that are clearly more common than what is not noted.
    while let Some(last) = list.pop() {
        let others: f64 = list.iter().map(|i| groups[*i].1).sum();
        let share = (1.0 - others / sampled - null_frac).clamp(0.0, 1.0);
        let left = all - list.len() as f64;
        let share = if left > 1.0 { share / left } else { share };
        let count = groups[last].1;
        let k = total * count / sampled;
        let variance = sampled * k * (total - k) * (total - sampled) / (total * total * (total - 1.0));
        if count > share * sampled + 2.0 * variance.max(0.0).sqrt() + 0.5 {
            list.push(last);
            break;
        }
    }
    list
}

/// So many values that divide the others into equal parts.
fn histogram(groups: &[&(Value, f64)], n: usize) -> Vec<Value> {
    if n < 2 {
        return vec![];
    }
    let count = groups.iter().map(|g| g.1 as usize).sum::<usize>();
    let (delta, part) = ((count - 1) / (n - 1), (count - 1) % (n - 1));
    let (mut at, mut fraction, mut group, mut before) = (0, 0, 0, 0);
    let mut out = vec![];
    for _ in 0..n {
        while let Some(g) = groups.get(group)
            && before + (g.1 as usize) <= at
        {
            before += g.1 as usize;
            group += 1;
        }
        out.extend(groups.get(group).map(|g| g.0.clone()));
        at += delta;
        fraction += part;
        if fraction >= n - 1 {
            at += 1;
            fraction -= n - 1;
        }
    }
    out
}
