//! Point statements.

use tusklet_ir::*;

/// The straight path of a plan that is one probe of a unique index: `SELECT … WHERE key = $1`.
pub(crate) fn find(cx: &mut dyn crate::PlanContext, stmt: &PlannedStmt) -> Option<Straight> {
    if stmt.command != CommandType::Select || !stmt.subplans.is_empty() || !stmt.ctes.is_empty() || stmt.volatile {
        return None;
    }
    let plan = &stmt.plan;
    let Node::IndexScan { rel, index, index_storage, keys, .. } = &plan.node else { return None };
    let relation = cx.relation(*index).ok()?;
    let whole = |ix: &tusklet_catalog::live::Index| ix.unique && ix.keys as usize == keys.len();
    if !relation.index.as_ref().is_some_and(whole) || keys.iter().enumerate().any(|(i, (k, b))| *k as usize != i || b.op != BoundOp::Eq) {
        return None;
    }
    let simple =
        |e: &Expr| !visit::any(e, &mut |x| matches!(x.kind, ExprKind::Param(Param::Exec(_)) | ExprKind::SubPlan(_)));
    let set = |e: &Expr| visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Call(c) if c.retset));
    if !keys.iter().all(|(_, b)| simple(&b.value))
        || plan.filter.iter().any(|e| !simple(e))
        || plan.project.iter().flatten().any(|e| !simple(e) || set(e))
    {
        return None;
    }
    Some(Straight {
        rel: rel.oid,
        storage: rel.storage,
        index: *index,
        index_storage: *index_storage,
        key: keys.iter().map(|(_, b)| b.clone()).collect(),
        columns: rel.columns.clone(),
        filter: plan.filter.clone(),
        project: plan.project.clone(),
    })
}
