//! `pg_constraint`: of tables and of domains.

use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_vector::Value;

use super::class::relations;
use super::{Sink, by_oid, values};
use crate::builtin::oids;
use crate::live::{Catalog, ConstraintKind, FkAction, TypeEntryKind};

/// `confupdtype`'s letter.
fn action(a: FkAction) -> u8 {
    match a {
        FkAction::NoAction => b'a',
        FkAction::Restrict => b'r',
        FkAction::Cascade => b'c',
        FkAction::SetNull => b'n',
        FkAction::SetDefault => b'd',
    }
}

/// `contype`'s letter.
pub fn kind_letter(k: &ConstraintKind) -> u8 {
    match k {
        ConstraintKind::Check(_) => b'c',
        ConstraintKind::Primary(_) => b'p',
        ConstraintKind::Unique(_) => b'u',
        ConstraintKind::Foreign(_) => b'f',
        ConstraintKind::Exclude { .. } => b'x',
        ConstraintKind::Trigger => b't',
    }
}

pub(super) fn pg_constraint(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        for c in &r.constraints {
            let fk = match &c.kind {
                ConstraintKind::Foreign(fk) => Some(fk),
                _ => None,
            };
            let index = match &c.kind {
                ConstraintKind::Primary(i) | ConstraintKind::Unique(i) | ConstraintKind::Exclude { index: i, .. } => *i,
                ConstraintKind::Foreign(fk) => fk.index,
                _ => 0,
            };
            let ops = |o: &[Oid]| values::array_or_null(oids::OID, o.iter().map(|v| i64::from(*v)));
            let numbers = |n: &[i16]| values::array_or_null(oids::INT2, n.iter().map(|v| i64::from(*v)));
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(c.oid),
                    2 => Value::text(&c.name),
                    3 => values::oid(r.schema),
                    4 => values::char(kind_letter(&c.kind)),
                    5 => Value::Bool(c.deferrable),
                    6 => Value::Bool(c.deferred),
                    7 => Value::Bool(c.validated),
                    8 => values::oid(r.oid),
                    10 => values::oid(index),
                    11 => values::oid(c.parent),
                    12 => values::oid(fk.map_or(0, |f| f.table)),
                    13 => values::char(fk.map_or(b' ', |f| action(f.on_update))),
                    14 => values::char(fk.map_or(b' ', |f| action(f.on_delete))),
                    15 => values::char(fk.map_or(b' ', |f| if f.match_full { b'f' } else { b's' })),
                    16 => Value::Bool(c.is_local),
                    17 => Value::I32(c.inherit_count),
                    18 => Value::Bool(c.no_inherit || !matches!(c.kind, ConstraintKind::Check(_))),
                    19 => numbers(&c.columns)?,
                    20 => numbers(fk.map_or(&[], |f| &f.columns))?,
                    21 => ops(fk.map_or(&[], |f| &f.pf_ops))?,
                    22 => ops(fk.map_or(&[], |f| &f.pp_ops))?,
                    23 => ops(fk.map_or(&[], |f| &f.ff_ops))?,
                    24 => numbers(fk.map_or(&[], |f| &f.delete_set))?,
                    25 => match &c.kind {
                        ConstraintKind::Exclude { operators, .. } => ops(operators)?,
                        _ => Value::Null,
                    },
                    26 => match &c.kind {
                        ConstraintKind::Check(e) => values::expression(e),
                        _ => Value::Null,
                    },
                    _ => values::oid(0),
                })
            })?;
        }
    }
    for t in by_oid(cat.user_types(), |t| t.oid) {
        let TypeEntryKind::Domain { checks, .. } = &t.kind else { continue };
        for c in checks {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(c.oid),
                    2 => Value::text(&c.name),
                    3 => values::oid(t.schema),
                    4 => values::char(b'c'),
                    5 | 6 | 18 => Value::Bool(false),
                    7 => Value::Bool(c.validated),
                    9 => values::oid(t.oid),
                    13..=15 => values::char(b' '),
                    16 => Value::Bool(true),
                    17 => Value::I32(0),
                    19..=25 => Value::Null,
                    26 => values::expression(&c.expr),
                    _ => values::oid(0),
                })
            })?;
        }
    }
    Ok(())
}
