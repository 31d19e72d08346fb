//! Functions, aggregates, operators, casts.

use tusklet_error::Result;
use tusklet_vector::Value;

use super::{Sink, by_oid, values};
use crate::builtin::oids;
use crate::live::{Catalog, Item, ItemKind};

pub(super) fn pg_proc(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for p in by_oid(cat.user_procs(), |p| p.oid) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(p.oid),
                2 => Value::text(&p.name),
                3 => values::oid(p.schema),
                4 => values::oid(p.owner),
                5 => values::oid(p.language),
                6 => Value::F32(p.cost as f32),
                7 => Value::F32(p.rows as f32),
                8 => values::oid(p.variadic),
                9 => values::oid(0),
                10 => values::char(p.kind),
                11 => Value::Bool(p.security_definer),
                12 => Value::Bool(p.leakproof),
                13 => Value::Bool(p.strict),
                14 => Value::Bool(p.retset),
                15 => values::char(p.volatility),
                16 => values::char(p.parallel),
                17 => Value::I16(p.args.len() as i16),
                18 => Value::I16(p.defaults.len() as i16),
                19 => values::oid(p.result),
                20 => values::oidvector(p.args.iter().copied())?,
                21 => values::array_or_null(oids::OID, p.all_args.iter().map(|v| i64::from(*v)))?,
                22 => values::array_or_null(oids::CHAR, p.modes.iter().map(|v| i64::from(*v)))?,
                23 => values::texts_or_null(p.arg_names.iter().map(String::as_str))?,
                24 => values::expressions(p.defaults.iter().map(|e| (**e).clone()).collect()),
                26 => Value::text(&p.source),
                28 => {
                    if p.body.is_empty() {
                        Value::Null
                    } else {
                        values::node(&p.body)
                    }
                }
                29 => values::options(&p.config)?,
                30 => values::acl(cat, &p.acl)?,
                _ => Value::Null,
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_aggregate(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for p in by_oid(cat.user_procs(), |p| p.oid) {
        let Some(g) = &p.aggregate else { continue };
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(p.oid),
                2 => values::char(g.kind),
                3 => Value::I16(g.direct_args as i16),
                4 => values::oid(g.trans),
                5 => values::oid(g.final_fn),
                6..=8 => values::oid(g.combine[a as usize - 6]),
                9..=11 => values::oid(g.moving[a as usize - 9]),
                12 => Value::Bool(g.final_extra),
                13 => Value::Bool(g.moving_extra),
                14 | 15 => values::char(g.modify[a as usize - 14]),
                16 => values::oid(g.sort_op),
                17 => values::oid(g.trans_type),
                18 => Value::I32(g.space[0]),
                19 => values::oid(g.moving[3]),
                20 => Value::I32(g.space[1]),
                21 => g.init.as_ref().map_or(Value::Null, |v| Value::text(v)),
                22 => g.moving_init.as_ref().map_or(Value::Null, |v| Value::text(v)),
                _ => values::oid(0),
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_operator(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for o in by_oid(cat.user_operators(), |o| o.oid) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(o.oid),
                2 => Value::text(&o.name),
                3 => values::oid(o.schema),
                4 => values::oid(o.owner),
                5 => values::char(if o.left == 0 { b'l' } else { b'b' }),
                6 => Value::Bool(o.merges),
                7 => Value::Bool(o.hashes),
                8 => values::oid(o.left),
                9 => values::oid(o.right),
                10 => values::oid(o.result),
                11 => values::oid(o.commutator),
                12 => values::oid(o.negator),
                13 => values::oid(o.func),
                14 => values::oid(o.restrict),
                _ => values::oid(o.join),
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_cast(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for c in by_oid(cat.user_casts(), |c| c.oid) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(c.oid),
                2 => values::oid(c.source),
                3 => values::oid(c.target),
                4 => values::oid(c.func),
                5 => values::char(c.context),
                _ => values::char(c.method),
            })
        })?;
    }
    Ok(())
}

/// Collations, operator classes and families, and the members of those.
pub(super) fn items(cat: &Catalog, table: &str, out: &mut Sink<'_>) -> Result<()> {
    for i in cat.items() {
        match (&i.kind, table) {
            (ItemKind::Collation { .. }, "pg_collation")
            | (ItemKind::OpFamily { .. }, "pg_opfamily")
            | (ItemKind::OpClass { .. }, "pg_opclass") => out.row(&mut |a| item(i, a))?,
            (ItemKind::OpFamily { method, members }, "pg_amop" | "pg_amproc") => {
                for m in members.iter().filter(|m| m.function == (table == "pg_amproc")) {
                    out.row(&mut |a| {
                        Ok(match a {
                            1 => values::oid(m.oid),
                            2 => values::oid(i.oid),
                            3 => values::oid(m.left),
                            4 => values::oid(m.right),
                            5 => Value::I16(m.number as i16),
                            6 if m.function => values::oid(m.object),
                            6 => values::char(if m.sort_family == 0 { b's' } else { b'o' }),
                            7 => values::oid(m.object),
                            8 => values::oid(*method),
                            _ => values::oid(m.sort_family),
                        })
                    })?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A column of an item's own row. A class and a family have their access method before their name.
fn item(i: &Item, a: i16) -> Result<Value> {
    let (method, at) = match &i.kind {
        ItemKind::Collation { .. } => (0, a),
        ItemKind::OpFamily { method, .. } | ItemKind::OpClass { method, .. } => (*method, if a > 2 { a - 1 } else { a * 10 }),
    };
    Ok(match (at, &i.kind) {
        (1 | 10, _) => values::oid(i.oid),
        (20, _) => values::oid(method),
        (2, _) => Value::text(&i.name),
        (3, _) => values::oid(i.schema),
        (4, _) => values::oid(i.owner),
        (5, ItemKind::Collation { provider, .. }) => values::char(*provider),
        (6, ItemKind::Collation { deterministic, .. }) => Value::Bool(*deterministic),
        (7, ItemKind::Collation { encoding, .. }) => Value::I32(*encoding),
        (8, ItemKind::Collation { collate, .. }) => Value::text(collate),
        (9, ItemKind::Collation { ctype, .. }) => Value::text(ctype),
        (5, ItemKind::OpClass { family, .. }) => values::oid(*family),
        (6, ItemKind::OpClass { input, .. }) => values::oid(*input),
        (7, ItemKind::OpClass { default, .. }) => Value::Bool(*default),
        (8, ItemKind::OpClass { key, .. }) => values::oid(*key),
        _ => Value::Null,
    })
}
