//! Expressions over a plan's columns.

use tusklet_error::{Error, Result};
use tusklet_ir::*;

use crate::expr::same;

/// `e` with every part that some column computes replaced by that column. Anything left that only the query level knows
/// is a bug of the planner.
pub(crate) fn resolve(e: &Expr, cols: &[Expr]) -> Result<Expr> {
    let mut e = e.clone();
    resolve_in(&mut e, cols)?;
    Ok(e)
}

/// As [`resolve`], for a list.
pub(crate) fn resolve_all(v: &[Expr], cols: &[Expr]) -> Result<Vec<Expr>> {
    v.iter().map(|e| resolve(e, cols)).collect()
}

/// The column that computes `e`.
pub(crate) fn find(e: &Expr, cols: &[Expr]) -> Option<usize> {
    cols.iter().position(|c| same(c, e))
}

fn resolve_in(e: &mut Expr, cols: &[Expr]) -> Result<()> {
    if matches!(e.kind, ExprKind::Const(_)) {
        return Ok(());
    }
    if let Some(i) = find(e, cols) {
        e.kind = ExprKind::Column(i as u32);
        return Ok(());
    }
    if let ExprKind::Var(v) = &e.kind {
        return Err(Error::internal(format!("variable {}.{} not found in subplan target lists", v.rte, v.attno)));
    }
    let mut failed = None;
    visit::children_mut(e, &mut |c| {
        if failed.is_none() {
            failed = resolve_in(c, cols).err();
        }
    });
    failed.map_or(Ok(()), Err)
}
