//! Cost units and row estimates. One unit is, as in PostgreSQL, about the reading of one page in order; everything is in
//! memory here, so what counts is the work per row.

use tusklet_catalog::builtin::oids;
use tusklet_ir::*;

use crate::RelStats;

/// Handling one row.
pub const ROW: f64 = 0.01;
/// Evaluating one operator for one row.
pub const OP: f64 = 0.0025;
/// Following one index entry to its row.
pub const INDEX_ROW: f64 = 0.03;
/// Starting an index scan.
pub const INDEX_START: f64 = 0.15;
/// Rows of a function, VALUES or table nothing is known about.
pub const UNKNOWN_ROWS: f64 = 1000.0;

/// Bytes a row is thought to take.
pub fn width(columns: &[TypeRef]) -> u32 {
    columns
        .iter()
        .map(|t| match t.oid {
            oids::BOOL | oids::CHAR => 1,
            oids::INT2 => 2,
            oids::INT4 | oids::FLOAT4 | oids::DATE | oids::OID => 4,
            oids::INT8 | oids::FLOAT8 | oids::TIMESTAMP | oids::TIMESTAMPTZ | oids::TIME => 8,
            oids::UUID | oids::INTERVAL | oids::POINT => 16,
            oids::NAME => 64,
            _ => 32,
        })
        .sum()
}

/// log2, at least 1.
pub fn log2(n: f64) -> f64 {
    n.max(2.0).log2()
}

fn column<'a>(stats: &'a RelStats, e: &Expr) -> Option<&'a crate::ColumnStats> {
    match &e.kind {
        ExprKind::Var(v) if v.attno > 0 => stats.columns.get(v.attno as usize - 1),
        ExprKind::Relabel { arg, .. } => column(stats, arg),
        _ => None,
    }
}

fn number(e: &Expr, stats: &RelStats) -> Option<f64> {
    if let ExprKind::Param(Param::External(n)) = &e.kind {
        return value_number(stats.params.as_ref()?.values.get(*n as usize - 1)?);
    }
    value_number(e.as_const()?)
}

/// A value as a number, for types where that makes sense.
pub(crate) fn value_number(v: &Value) -> Option<f64> {
    match v {
        Value::I16(v) => Some(*v as f64),
        Value::I32(v) => Some(*v as f64),
        Value::I64(v) => Some(*v as f64),
        Value::F32(v) => Some(*v as f64),
        Value::F64(v) => Some(*v),
        _ => None,
    }
}

/// What part of a range lies below a number.
pub(crate) fn part_below(v: f64, (lo, hi): (f64, f64)) -> f64 {
    ((v - lo) / (hi - lo)).clamp(0.0001, 0.9999)
}

/// Notes that the share below (or above) a parameter was asked for.
fn note(e: &Expr, stats: &RelStats, range: (f64, f64), below: bool) {
    let (ExprKind::Param(Param::External(n)), Some(guess)) = (&e.kind, &stats.params) else { return };
    let estimate = crate::Estimate { param: *n - 1, range, below };
    let mut used = guess.used.borrow_mut();
    if !used.contains(&estimate) {
        used.push(estimate);
    }
}

/// What share of a table's rows a condition on it keeps.
pub fn selectivity(e: &Expr, stats: &RelStats) -> f64 {
    match &e.kind {
        ExprKind::Const(Value::Bool(true)) => 1.0,
        ExprKind::Const(_) => 0.0,
        ExprKind::And(v) => v.iter().map(|x| selectivity(x, stats)).product::<f64>().max(1e-9),
        ExprKind::Or(v) => 1.0 - v.iter().map(|x| 1.0 - selectivity(x, stats)).product::<f64>(),
        ExprKind::Not(a) => 1.0 - selectivity(a, stats),
        ExprKind::NullTest { arg, negated, .. } => {
            let f = column(stats, arg).map_or(0.005, |c| c.null_frac);
            if *negated { 1.0 - f } else { f.max(1e-6) }
        }
        ExprKind::ScalarArray { any: true, left, .. } => {
            // As many elements as PostgreSQL guesses of an array it cannot count.
            (10.0 / column(stats, left).map_or(200.0, |c| c.distinct.max(1.0))).min(0.5)
        }
        ExprKind::Call(c) if c.op != 0 && c.args.len() == 2 => {
            let Some(op) = tusklet_catalog::builtin::operator(c.op) else { return 0.25 };
            let (a, b) = (&c.args[0], &c.args[1]);
            let col = column(stats, a).or_else(|| column(stats, b));
            match op.name() {
                "=" => match col {
                    Some(s) if s.distinct > 0.0 => (1.0 - s.null_frac) / s.distinct,
                    _ => (1.0 / stats.rows.max(1.0)).max(0.005),
                },
                "<>" => 0.995,
                n @ ("<" | "<=" | ">" | ">=") => {
                    let (s, v, below, e) =
                        match (column(stats, a), number(b, stats), column(stats, b), number(a, stats)) {
                            (Some(s), Some(v), _, _) => (s, v, n.starts_with('<'), b),
                            (_, _, Some(s), Some(v)) => (s, v, n.starts_with('>'), a),
                            _ => return 1.0 / 3.0,
                        };
                    match s.range {
                        Some((lo, hi)) if hi > lo => {
                            note(e, stats, (lo, hi), below);
                            let f = part_below(v, (lo, hi));
                            if below { f } else { 1.0 - f }
                        }
                        _ => 1.0 / 3.0,
                    }
                }
                "~~" | "~~*" | "~" | "~*" => 0.02,
                "!~~" | "!~~*" | "!~" | "!~*" => 0.98,
                _ => 0.1,
            }
        }
        _ => 0.3,
    }
}
