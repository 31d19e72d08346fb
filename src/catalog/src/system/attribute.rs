//! `pg_attribute` and `pg_attrdef`.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Oid, TypeRef};
use tusklet_vector::Value;

use super::class::relations;
use super::{Sink, values};
use crate::builtin::{self, SYSTEM_ATTRIBUTES, oids};
use crate::live::{Catalog, Column, RelKind, Relation};

fn builtin_type(row: usize) -> Option<builtin::Type> {
    builtin::Attribute::all().nth(row).and_then(|a| builtin::ty(a.ty()))
}

/// `attlen` of a linked-in row.
pub(super) fn builtin_len(row: usize) -> Value {
    Value::I16(builtin_type(row).map_or(0, |t| t.len() as i16))
}

/// `attbyval`.
pub(super) fn builtin_byval(row: usize) -> Value {
    Value::Bool(builtin_type(row).is_some_and(|t| t.byval()))
}

/// `attalign`.
pub(super) fn builtin_align(row: usize) -> Value {
    values::char(builtin_type(row).map_or(b'c', |t| t.align()))
}

/// `attstorage`.
pub(super) fn builtin_storage(row: usize) -> Value {
    values::char(builtin_type(row).map_or(b'p', |t| t.storage()))
}

/// A column as `pg_attribute` shows it, whatever it is of.
struct Shown<'a> {
    name: &'a str,
    number: i16,
    ty: TypeRef,
    collation: Oid,
    not_null: bool,
    /// The catalog's own entry, for user columns.
    column: Option<&'a Column>,
}

fn show(cat: &Catalog, rel: Oid, s: &Shown<'_>, out: &mut Sink<'_>) -> Result<()> {
    let dropped = s.column.is_some_and(|c| c.dropped);
    let c = s.column;
    // (attlen, attbyval, attalign, attstorage)
    let layout = match builtin::ty(s.ty.oid) {
        Some(t) => (t.len() as i16, t.byval(), t.align(), t.storage()),
        None => cat.ty(s.ty.oid).map_or((-1, false, b'i', b'x'), |t| (t.len, t.by_val, t.align, t.storage)),
    };
    out.row(&mut |a| {
        Ok(match a {
            1 => values::oid(rel),
            2 => Value::text(s.name),
            3 => values::oid(if dropped { 0 } else { s.ty.oid }),
            4 => Value::I32(if s.number < 0 || dropped { 0 } else { c.map_or(-1, |c| c.statistics) }),
            5 => Value::I16(layout.0),
            6 => Value::I16(s.number),
            7 => Value::I32(i32::from(cat.element_type(s.ty.oid) != 0)),
            8 => Value::I32(-1),
            9 => Value::I32(s.ty.typmod),
            10 => Value::Bool(layout.1),
            11 => values::char(layout.2),
            12 => values::char(c.map(|c| c.storage).filter(|s| *s != 0).unwrap_or(layout.3)),
            13 => values::char(c.map_or(0, |c| c.compression)),
            14 => Value::Bool(s.not_null),
            15 => Value::Bool(c.is_some_and(|c| c.default.is_some() && !c.dropped)),
            16 => Value::Bool(false),
            17 => values::char(match c.and_then(|c| c.identity) {
                Some(true) => b'a',
                Some(false) => b'd',
                None => 0,
            }),
            18 => values::char(if c.is_some_and(|c| c.generated) { b's' } else { 0 }),
            19 => Value::Bool(dropped),
            20 => Value::Bool(c.is_none_or(|c| c.is_local)),
            21 => Value::I32(c.map_or(0, |c| c.inherit_count)),
            22 => values::oid(s.collation),
            23 => match c {
                Some(c) => values::acl(cat, &c.acl)?,
                None => Value::Null,
            },
            24 => match c {
                Some(c) => values::options(&c.options)?,
                None => Value::Null,
            },
            _ => Value::Null,
        })
    })
}

/// Names of an index's columns: the table's, or the function's, or `expr`, made different by numbers
/// (`ChooseIndexColumnNames`).
pub fn index_column_names(cat: &Catalog, r: &Relation) -> Vec<String> {
    let Some(i) = &r.index else { return vec![] };
    let table = cat.relation(i.table);
    let mut names: Vec<String> = vec![];
    for c in &i.columns {
        let wanted = match (&c.expr, &table) {
            (None, Some(t)) => t.column(c.attno).map(|c| c.name.clone()).unwrap_or_default(),
            (Some(e), _) => expression_name(cat, e).unwrap_or_else(|| "expr".into()),
            (None, None) => String::new(),
        };
        let mut name = wanted.clone();
        let mut n = 0;
        while names.contains(&name) {
            n += 1;
            name = format!("{wanted}{n}");
        }
        names.push(name);
    }
    names
}

fn expression_name(cat: &Catalog, e: &tusklet_ir::Expr) -> Option<String> {
    use tusklet_ir::ExprKind;
    match &e.kind {
        ExprKind::Call(c) if c.op == 0 && c.form == tusklet_ir::CoercionForm::Call => {
            cat.proc(c.func).map(|p| p.name.clone())
        }
        ExprKind::Coalesce(_) => Some("coalesce".into()),
        ExprKind::Case { .. } => Some("case".into()),
        ExprKind::Relabel { arg, .. } | ExprKind::Collate(arg) => expression_name(cat, arg),
        _ => None,
    }
}

fn has_system_columns(k: RelKind) -> bool {
    matches!(
        k,
        RelKind::Table | RelKind::MatView | RelKind::Partitioned | RelKind::Foreign | RelKind::Sequence | RelKind::Toast
    )
}

fn system_columns(cat: &Catalog, rel: Oid, out: &mut Sink<'_>) -> Result<()> {
    for (number, name, ty) in SYSTEM_ATTRIBUTES {
        let s = Shown { name, number: number as i16, ty: TypeRef::new(ty), collation: 0, not_null: true, column: None };
        show(cat, rel, &s, out)?;
    }
    Ok(())
}

pub(super) fn pg_attribute(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in builtin::relations().filter(|r| r.kind() == b'r') {
        system_columns(cat, r.oid(), out)?;
    }
    for r in &relations(cat) {
        if has_system_columns(r.kind) {
            system_columns(cat, r.oid, out)?;
        }
        if r.columns.is_empty() {
            made_columns(cat, r, out)?;
        }
        for (n, c) in r.columns.iter().enumerate() {
            let s = Shown {
                name: &c.name,
                number: n as i16 + 1,
                ty: c.ty,
                collation: c.collation,
                not_null: c.not_null,
                column: Some(c),
            };
            show(cat, r.oid, &s, out)?;
        }
    }
    Ok(())
}

/// Indexes and sequences keep no columns of their own.
fn made_columns(cat: &Catalog, r: &Rc<Relation>, out: &mut Sink<'_>) -> Result<()> {
    if let Some(i) = &r.index {
        for ((n, c), name) in i.columns.iter().enumerate().zip(index_column_names(cat, r)) {
            let number = n as i16 + 1;
            let s = Shown { name: &name, number, ty: c.ty, collation: c.collation, not_null: false, column: None };
            show(cat, r.oid, &s, out)?;
        }
    }
    if r.sequence.is_some() {
        for (n, (name, ty)) in SEQUENCE_COLUMNS.iter().enumerate() {
            let number = n as i16 + 1;
            let s = Shown { name, number, ty: TypeRef::new(*ty), collation: 0, not_null: true, column: None };
            show(cat, r.oid, &s, out)?;
        }
    }
    Ok(())
}

/// A sequence as a relation.
pub const SEQUENCE_COLUMNS: [(&str, Oid); 3] =
    [("last_value", oids::INT8), ("log_cnt", oids::INT8), ("is_called", oids::BOOL)];

/// The columns of a relation of any kind that one can name, system columns first.
pub fn column_names(cat: &Catalog, r: &Relation) -> Vec<(i32, String)> {
    let mut out: Vec<(i32, String)> = vec![];
    if has_system_columns(r.kind) {
        out.extend(SYSTEM_ATTRIBUTES.iter().map(|a| (a.0, a.1.to_string())));
    }
    let mut own: Vec<String> = r.columns.iter().map(|c| c.name.clone()).collect();
    if own.is_empty() {
        own = index_column_names(cat, r);
    }
    if r.sequence.is_some() {
        own = SEQUENCE_COLUMNS.iter().map(|c| c.0.to_string()).collect();
    }
    out.extend((1..).zip(own));
    out
}

/// Defaults have no OIDs of their own in the live catalog: this one follows from the column, above all others.
pub fn default_oid(rel: Oid, attno: i16) -> Oid {
    0x8000_0000 | (rel.wrapping_mul(1601).wrapping_add(attno as u32) & 0x7FFF_FFFF)
}

pub(super) fn pg_attrdef(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in &relations(cat) {
        for (n, c) in r.columns.iter().enumerate() {
            let Some(d) = c.default.as_ref().filter(|_| !c.dropped) else { continue };
            let attno = n as i16 + 1;
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(default_oid(r.oid, attno)),
                    2 => values::oid(r.oid),
                    3 => Value::I16(attno),
                    _ => values::expression(d),
                })
            })?;
        }
    }
    Ok(())
}
