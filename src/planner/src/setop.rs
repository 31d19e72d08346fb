//! UNION, INTERSECT, EXCEPT.

use tusklet_error::Result;
use tusklet_ir::*;

use crate::cte::take_subquery;
use crate::{Planner, Rel, cost, prep};

impl Planner<'_> {
    /// Plans a query with set operations. Its targets are variables of the leftmost leaf.
    pub fn plan_set_operation(&mut self, q: &mut Query) -> Result<Rel> {
        prep::flatten_join_vars(q);
        let Some(tree) = q.set_op.take() else { return Err(tusklet_error::Error::internal("no set operation")) };
        self.replace_outer(q)?;
        let first = leftmost(&tree);
        let mut rel = self.plan_set_tree(q, &tree)?;
        rel.cols = rel
            .plan
            .columns
            .iter()
            .enumerate()
            .map(|(i, t)| {
                Expr::make(
                    ExprKind::Var(Var { rte: first, attno: i as i16 + 1, level: 0 }),
                    *t,
                    q.targets.get(i).map_or(0, |t| t.expr.collation),
                    tusklet_error::Span::NONE,
                )
            })
            .collect();
        // The targets' own variables may differ in type modifier only; speak of the same columns.
        for t in &mut q.targets {
            visit::walk_mut(&mut t.expr, &mut |x| {
                if let ExprKind::Var(v) = &x.kind {
                    if v.rte == first && v.level == 0 {
                        if let Some(c) = rel.cols.get(v.attno as usize - 1) {
                            x.ty = c.ty;
                        }
                    }
                }
            });
        }
        self.fold_query(q)?;
        let limit = None;
        self.plan_output(q, rel, limit)
    }

    fn plan_set_tree(&mut self, q: &mut Query, tree: &SetOpTree) -> Result<Rel> {
        match tree {
            SetOpTree::Leaf(r) => {
                let mut sub = take_subquery(q, *r)?;
                self.plan_query(&mut sub, true)
            }
            SetOpTree::Op { kind, all, left, right, columns, group } => {
                let types: Vec<TypeRef> = columns.iter().map(|c| c.ty).collect();
                let keys: Vec<SortKey> = group
                    .iter()
                    .enumerate()
                    .map(|(i, s)| SortKey {
                        column: i as u32,
                        ty: types[i].oid,
                        cmp: s.cmp,
                        collation: columns[i].collation,
                        desc: false,
                        nulls_first: false,
                    })
                    .collect();
                if *kind == SetOpKind::Union {
                    let mut inputs = Vec::new();
                    self.union_inputs(q, left, *all, &mut inputs)?;
                    self.union_inputs(q, right, *all, &mut inputs)?;
                    let cols = inputs[0].cols.clone();
                    let rows: f64 = inputs.iter().map(|i| i.plan.rows).sum();
                    let total: f64 = inputs.iter().map(|i| i.plan.total_cost).sum();
                    let plans = inputs.into_iter().map(|i| *i.plan).collect();
                    let mut rel = Rel::new(Node::Append { inputs: plans, names: vec![] }, cols, 0, rows, 0.0, total);
                    rel.plan.columns = types;
                    if *all {
                        return Ok(rel);
                    }
                    // As many groups as rows: nothing is known of either (`choose_hashed_setop`).
                    let hashable = crate::grouping::hashable(&rel.cols.iter().collect::<Vec<_>>());
                    if hashable
                        && self.cx.enabled("enable_hashagg")
                        && !self.sorts_distinct(&rel, rows, keys.len(), &[])
                    {
                        return Ok(self.hash_distinct(rel, keys, rows));
                    }
                    // The rows are of all inputs: none of the first's expressions says what is in them.
                    let mut rel = rel;
                    let first = leftmost(left);
                    for (i, c) in rel.cols.iter_mut().enumerate() {
                        c.kind = ExprKind::Var(Var { rte: first, attno: i as i16 + 1, level: 0 });
                    }
                    let cols = rel.cols.clone();
                    let order: Vec<(Expr, SortKey)> = cols.iter().cloned().zip(keys.iter().cloned()).collect();
                    let rel = self.sorted(rel, &order, None);
                    let types = rel.plan.columns.clone();
                    let (startup, total) = (rel.plan.startup_cost, rel.plan.total_cost);
                    let mut rel = rel.over(|input| Node::Unique { input, keys }, cols).costed(rows, startup, total);
                    rel.plan.columns = types;
                    rel.order = vec![];
                    return Ok(rel);
                }
                let l = self.plan_set_side(q, left)?;
                let r = self.plan_set_side(q, right)?;
                let rows = match kind {
                    SetOpKind::Intersect => l.plan.rows.min(r.plan.rows) / 2.0,
                    _ => l.plan.rows / 2.0,
                };
                let total = l.plan.total_cost + r.plan.total_cost + (l.plan.rows + r.plan.rows) * cost::ROW;
                let cols = l.cols.clone();
                let node = Node::SetOp { kind: *kind, all: *all, left: l.plan, right: r.plan, keys };
                let mut rel = Rel::new(node, cols, 0, rows.max(1.0), total, total);
                rel.plan.columns = types;
                Ok(rel)
            }
        }
    }

    /// A side of INTERSECT or EXCEPT: a query is a subquery by its number there, which EXPLAIN shows.
    fn plan_set_side(&mut self, q: &mut Query, tree: &SetOpTree) -> Result<Rel> {
        let rel = self.plan_set_tree(q, tree)?;
        let SetOpTree::Leaf(r) = tree else { return Ok(rel) };
        let (cols, alias) = (rel.cols.clone(), format!("*SELECT* {}", r + 1));
        Ok(rel.over(|input| Node::SubqueryScan { input, alias, junk: true }, cols))
    }

    /// The inputs of nested unions: UNION swallows any union below it, UNION ALL only UNION ALL.
    fn union_inputs(&mut self, q: &mut Query, tree: &SetOpTree, all: bool, out: &mut Vec<Rel>) -> Result<()> {
        if let SetOpTree::Op { kind: SetOpKind::Union, all: inner, left, right, .. } = tree {
            if *inner || !all {
                self.union_inputs(q, left, all, out)?;
                return self.union_inputs(q, right, all, out);
            }
        }
        out.push(self.plan_set_tree(q, tree)?);
        Ok(())
    }
}

fn leftmost(t: &SetOpTree) -> u32 {
    match t {
        SetOpTree::Leaf(r) => *r,
        SetOpTree::Op { left, .. } => leftmost(left),
    }
}
