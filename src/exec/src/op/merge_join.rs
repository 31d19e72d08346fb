//! Merge joins. Run as a hash join, which keeps the left side's order just as well; a right or full join's rows without
//! a left partner come last, so the planner must not count on their order.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Expr, ExprKind, HashKey, JoinKind, Plan, SortKey, TypeRef};

use super::PlanNode;
use crate::compile::Compiler;

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    p: &Plan,
    kind: JoinKind,
    left: &Plan,
    right: &Plan,
    keys: &[(SortKey, SortKey)],
    on: Option<&Expr>,
) -> Result<Rc<dyn PlanNode>> {
    let column = |k: &SortKey| Expr::new(ExprKind::Column(k.column), TypeRef::new(k.ty));
    let keys: Vec<HashKey> = keys
        .iter()
        .map(|(l, r)| HashKey { left: column(l), right: column(r), cmp: l.cmp, collation: l.collation })
        .collect();
    super::hash_join::compile(c, p, kind, left, right, &keys, on, false)
}
