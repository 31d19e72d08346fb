//! An exclusion constraint asked about rows that are in the table already: when it is made, and when it was put off.

use tusklet_catalog::live::Relation;
use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, ExprKind, ModifyTarget, Oid, SortKey, TargetColumn, TargetIndex, visit};
use tusklet_storage::{Tid, Unique, Wait};
use tusklet_vector::Value;

use super::write_index::{CTarget, Checked};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::row::Row;

/// A compiled exclusion constraint.
pub struct Exclusion(CTarget);

/// What it says of a row.
pub enum Excluded {
    /// Nobody is in its way, or it is gone.
    Free,
    /// Its key, and that of a row in its way.
    Conflict(String, String),
    /// A running transaction may be.
    Wait(Wait),
}

/// An expression over the columns of entry 0 as one over the columns of a row.
pub fn over_row(e: &Expr, columns: usize) -> Expr {
    let mut e = e.clone();
    visit::walk_mut(&mut e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind {
            x.kind = if v.attno > 0 {
                ExprKind::Column(v.attno as u32 - 1)
            } else {
                ExprKind::WholeRow { first: 0, fields: columns as u32 }
            };
        }
    });
    e
}

fn target(table: &Relation, index: &Relation) -> Option<ModifyTarget> {
    let ix = index.index.as_ref()?;
    let mut keys = Vec::new();
    for k in ix.columns.iter().take(ix.keys as usize) {
        let e = match &k.expr {
            Some(e) => over_row(e, table.columns.len()),
            None => Expr::new(ExprKind::Column((k.attno.max(1) - 1) as u32), table.column(k.attno)?.ty),
        };
        let (ty, cmp, collation) = (k.ty.oid, k.cmp, k.collation);
        keys.push((e, SortKey { column: 0, ty, cmp, collation, desc: k.desc, nulls_first: k.nulls_first }));
    }
    let column = |c: &tusklet_catalog::live::Column| TargetColumn {
        name: c.name.clone(),
        ty: c.ty,
        not_null: c.not_null,
        dropped: c.dropped,
    };
    Some(ModifyTarget {
        rel: table.oid,
        name: (String::new(), table.name.clone()),
        storage: table.storage,
        columns: table.columns.iter().map(column).collect(),
        checks: vec![],
        generated: vec![],
        indexes: vec![TargetIndex {
            oid: index.oid,
            name: index.name.clone(),
            storage: index.storage,
            keys,
            attnos: vec![],
            unique: false,
            nulls_not_distinct: false,
            immediate: ix.immediate,
            predicate: ix.predicate.as_deref().map(|p| over_row(p, table.columns.len())),
        }],
        view_checks: vec![],
        after_rows: false,
        before_rows: false,
        attribute_map: None,
    })
}

impl Exclusion {
    /// The constraint of an index.
    pub fn new(cx: &mut ExecCx<'_>, index: Oid) -> Result<Exclusion> {
        let catalog = cx.catalog.clone();
        let found = catalog.relation(index).and_then(|i| {
            let table = catalog.relation(i.index.as_ref()?.table)?;
            target(&table, &i)
        });
        let Some(t) = found else { return Err(Error::internal(format!("cache lookup failed for index {index}"))) };
        Ok(Exclusion(CTarget::compile(&mut Compiler::new(cx, None), &t)?))
    }

    /// Whether the row whose index entries name `tid` may be beside all others.
    pub fn check(&self, cx: &mut ExecCx<'_>, tid: Tid) -> Result<Excluded> {
        let target = &self.0;
        let Some(index) = target.indexes.first() else { return Ok(Excluded::Free) };
        let table = cx.store.table(target.storage)?;
        let Unique::Conflict(live) = cx.store.index(index.storage)?.conflict(&cx.tx, tid, None)? else {
            return Ok(Excluded::Free);
        };
        let Some(row) = table.row(live) else { return Ok(Excluded::Free) };
        let row: Vec<Value> = (0..target.columns.len()).map(|c| row.get(c).to_value()).collect();
        let Some(key) = index.key(cx, Row::Values(&row))? else { return Ok(Excluded::Free) };
        Ok(match index.check_exclusion(cx, target, Row::Values(&row), &key, Some(live))? {
            (Checked::Free, _) => Excluded::Free,
            (Checked::Wait(w), _) => Excluded::Wait(w),
            (Checked::Conflict(_), other) => {
                let mine = index.values(cx, Row::Values(&row))?;
                Excluded::Conflict(index.key_text(cx, target, &mine)?, index.key_text(cx, target, &other)?)
            }
        })
    }
}
