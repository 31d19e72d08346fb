//! Tables: CREATE, ALTER, DROP, TRUNCATE, their constraints and inheritance (`tablecmds.c`).

pub mod alter_column;
pub mod alter_table;
pub mod alter_type;
pub mod constraints;
pub mod create_table;
pub mod drop;
pub mod foreign_key;
pub mod identity;
pub mod inherit;
pub mod like;
pub mod truncate;

use tusklet_catalog::live::{RelKind, Relation};
use tusklet_error::Result;
use tusklet_exec::ExecCx;
use tusklet_ir::Value;
use tusklet_storage::{ScanColumn, Scanned, TableScan, Tid};

use super::{expressions, heap};
use crate::session::Shared;

/// Runs `f` for every row there is, with its values by attribute.
pub fn each_row(
    shared: &Shared,
    rel: &Relation,
    f: &mut dyn FnMut(&mut ExecCx<'_>, Tid, &[Value]) -> Result<()>,
) -> Result<()> {
    let mut row = Vec::with_capacity(rel.columns.len());
    each_batch(shared, rel, (0..rel.columns.len()).collect(), &mut |cx, s| {
        for i in s.batch.sel.iter() {
            row.clear();
            row.extend(s.batch.columns.iter().map(|c| c.value(i)));
            f(cx, s.tid(i), &row)?;
        }
        Ok(())
    })
}

/// Calls `f` with these columns of all rows, group by group.
pub fn each_batch(
    shared: &Shared,
    rel: &Relation,
    columns: Vec<usize>,
    f: &mut dyn FnMut(&mut ExecCx<'_>, &Scanned) -> Result<()>,
) -> Result<()> {
    if rel.storage == 0 || !matches!(rel.kind, RelKind::Table | RelKind::MatView) {
        return Ok(());
    }
    let table = shared.db.store.table(heap::file(rel))?;
    expressions::with_cx(shared, |cx| {
        let columns = columns.into_iter().map(ScanColumn::Column).collect();
        let mut scan = TableScan::new(&table, columns);
        let snapshot = cx.snapshot.clone();
        while let Some(s) = scan.next(&snapshot)? {
            tusklet_vector::CallContext::check_interrupts(cx)?;
            f(cx, &s)?;
        }
        Ok(())
    })
}

/// Whether the table certainly has no rows for anybody.
pub fn is_empty(shared: &Shared, rel: &Relation) -> bool {
    rel.storage == 0 || shared.db.store.table(heap::file(rel)).is_ok_and(|t| t.slots() == 0)
}
