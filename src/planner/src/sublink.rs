//! Subqueries in expressions: EXISTS and IN of a WHERE become semi- and antijoins, the rest become subplans.

use tusklet_error::Result;
use tusklet_ir::*;

use crate::cost::Cost;
use crate::rel::material;
use crate::{Planner, expr, prep};

impl Planner<'_> {
    /// Turns `EXISTS (…)`, `NOT EXISTS (…)` and `x IN (SELECT …)` that stand as conjuncts of WHERE into joins.
    ///
    /// A semijoin keeps a row when any partner makes the condition TRUE, which is what WHERE asks of EXISTS and of `= ANY`
    /// (NULL and FALSE drop the row alike). NOT IN is left alone: a NULL among the values makes it NULL. Subqueries that
    /// aggregate, limit or call volatile functions stay subplans.
    pub fn pull_up_sublinks(&mut self, q: &mut Query) -> Result<()> {
        let Some(filter) = q.filter.take() else { return Ok(()) };
        let mut rest = Vec::new();
        expr::conjuncts(filter, &mut rest);
        let mut kept = Vec::new();
        for c in rest {
            if let Some(c) = self.pull_up_condition(q, c)? {
                kept.push(c);
            }
        }
        q.filter = expr::and(kept);
        Ok(())
    }

    /// The condition back, unless it became a join.
    fn pull_up_condition(&mut self, q: &mut Query, c: Expr) -> Result<Option<Expr>> {
        if q.from.is_empty() || q.rtable.len() > 100 {
            return Ok(Some(c));
        }
        let (negated, link) = match &c.kind {
            ExprKind::SubLink(s) => (false, s),
            ExprKind::Not(a) => match &a.kind {
                ExprKind::SubLink(s) => (true, s),
                _ => return Ok(Some(c)),
            },
            _ => return Ok(Some(c)),
        };
        match link.kind {
            SubLinkKind::Exists => {
                let s = &link.query;
                let simple = s.command == CommandType::Select
                    && s.set_op.is_none()
                    && s.ctes.is_empty()
                    && !s.has_aggs
                    && !s.has_windows
                    && !s.has_srfs
                    && s.group_by.is_empty()
                    && s.grouping_sets.is_empty()
                    && s.having.is_none()
                    // One row is as good as several, and no limit none.
                    && s.limit.as_ref().is_none_or(|l| matches!(l.kind, ExprKind::Const(Value::Null | Value::I64(1..))))
                    && s.offset.is_none()
                    && s.locks.is_empty()
                    && !s.from.is_empty()
                    && q.rtable.len() + s.rtable.len() <= 120
                    && s.rtable.iter().all(|r| !r.lateral || matches!(r.kind, RteKind::Relation { .. }))
                    && !s.filter.as_ref().is_some_and(|f| {
                        expr::volatile(f) || visit::any(f, &mut |x| matches!(x.kind, ExprKind::SubLink(_)))
                    });
                // Correlation is allowed in its WHERE alone, and must be there: else it is one answer for all rows.
                let correlated = |e: &Expr| visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Var(v) if v.level == 1));
                let deeper = |e: &Expr| visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Var(v) if v.level > 1));
                if !simple || !s.filter.as_ref().is_some_and(|f| correlated(f) && !deeper(f)) {
                    return Ok(Some(c));
                }
                let mut elsewhere = false;
                fn ons<'a>(n: &'a FromNode, f: &mut dyn FnMut(&'a Expr)) {
                    if let FromNode::Join { left, right, on, .. } = n {
                        ons(left, f);
                        ons(right, f);
                        on.iter().for_each(f);
                    }
                }
                s.from.iter().for_each(|n| {
                    ons(n, &mut |e| {
                        elsewhere |= correlated(e) || visit::any(e, &mut |x| matches!(x.kind, ExprKind::SubLink(_)))
                    })
                });
                let mut probe = s.clone();
                let mut inner_outer = false;
                visit::subqueries_mut(&mut probe, &mut |sub| {
                    visit::walk_levels_mut(sub, 0, &mut |x, d| {
                        if let ExprKind::Var(v) = &x.kind {
                            inner_outer |= v.level > d + 1;
                        }
                    })
                });
                if elsewhere || inner_outer {
                    return Ok(Some(c));
                }
                let mut sub = link.query.clone();
                prep::flatten_join_vars(&mut sub);
                prep::expand_whole_rows(&mut sub);
                let base = q.rtable.len() as u32;
                let mut on = sub.filter.take();
                sub.targets.clear();
                sub.order_by.clear();
                sub.distinct = None;
                prep::absorb(&mut sub, base);
                if let Some(f) = &mut on {
                    // Its own variables were not renumbered with the query: it was taken out first.
                    visit::walk_mut(f, &mut |x| {
                        if let ExprKind::Var(v) = &mut x.kind {
                            if v.level == 0 {
                                v.rte += base;
                            } else {
                                v.level -= 1;
                            }
                        }
                    });
                }
                q.rtable.append(&mut sub.rtable);
                let right = cross(sub.from);
                self.join_on(q, if negated { JoinKind::Anti } else { JoinKind::Semi }, right, on);
                Ok(None)
            }
            SubLinkKind::Any if !negated => {
                let Some(test) = &link.test else { return Ok(Some(c)) };
                if expr::volatile(test)
                    || has_outer(&link.query)
                    || visit::any(test, &mut |x| matches!(x.kind, ExprKind::SubLink(_)))
                {
                    return Ok(Some(c));
                }
                if link.query.command != CommandType::Select || expr::rels(test) == 0 {
                    return Ok(Some(c));
                }
                let rte = q.rtable.len() as u32;
                let columns: Vec<RteColumn> = link
                    .query
                    .targets
                    .iter()
                    .filter(|t| !t.junk)
                    .map(|t| RteColumn { name: t.name.clone(), ty: t.expr.ty, collation: t.expr.collation })
                    .collect();
                let mut on = test.clone();
                visit::walk_mut(&mut on, &mut |x| {
                    if let ExprKind::Param(Param::SubLink(n)) = x.kind {
                        x.kind = ExprKind::Var(Var { rte, attno: n as i16, level: 0 });
                    }
                });
                q.rtable.push(Rte {
                    kind: RteKind::Subquery { query: Box::new(link.query.clone()), view: 0 },
                    alias: String::new(),
                    column_aliases: vec![],
                    name: "ANY_subquery".into(),
                    columns,
                    lateral: false,
                    inherit: false,
                    in_from: false,
                });
                self.join_on(q, JoinKind::Semi, FromNode::Ref(rte), Some(on));
                Ok(None)
            }
            _ => Ok(Some(c)),
        }
    }

    /// Joins `right` to all of FROM.
    fn join_on(&mut self, q: &mut Query, kind: JoinKind, right: FromNode, on: Option<Expr>) {
        let left = cross(std::mem::take(&mut q.from));
        q.from = vec![FromNode::Join {
            kind,
            left: Box::new(left),
            right: Box::new(right),
            on,
            rte: u32::MAX,
            using: vec![],
            natural: false,
        }];
    }

    /// Plans every remaining subquery in the direct expressions of `q`.
    pub fn plan_sublinks(&mut self, q: &mut Query) -> Result<()> {
        if !q.has_sublinks {
            let mut any = false;
            visit::query_exprs(q, &mut |e| any |= visit::any(e, &mut |x| matches!(x.kind, ExprKind::SubLink(_))));
            if !any {
                return Ok(());
            }
        }
        let mut failed = None;
        visit::query_exprs_mut(q, &mut |e| {
            visit::walk_mut(e, &mut |x| {
                if failed.is_none() {
                    failed = self.plan_sublink(x).err();
                }
            })
        });
        failed.map_or(Ok(()), Err)
    }

    fn plan_sublink(&mut self, x: &mut Expr) -> Result<()> {
        let ExprKind::SubLink(link) = &mut x.kind else { return Ok(()) };
        let kind = link.kind;
        let mut sub = link.query.clone();
        if kind == SubLinkKind::Exists {
            simplify_exists(&mut sub);
        }
        let outer_used = std::mem::take(&mut self.level().used);
        let rel = self.plan_query(&mut sub, true)?;
        let mut args = std::mem::replace(&mut self.level().used, outer_used);
        // An aggregate of this level that came up from the subquery may hold subqueries itself.
        let mut failed = None;
        for (_, a) in &mut args {
            visit::walk_mut(a, &mut |y| {
                if failed.is_none() {
                    failed = self.plan_sublink(y).err();
                }
            });
        }
        if let Some(e) = failed {
            return Err(e);
        }
        let columns = rel.plan.columns.clone();
        let mut test = link.test.take();
        let mut outputs = Vec::new();
        let mut hashed = None;
        if let Some(t) = &mut test {
            outputs = columns.iter().map(|c| self.new_param(*c)).collect();
            if kind == SubLinkKind::Any && args.is_empty() {
                hashed = hash_keys(t, &rel.cols);
            }
            visit::walk_mut(t, &mut |y| {
                if let ExprKind::Param(Param::SubLink(n)) = y.kind {
                    if let Some(id) = outputs.get(n as usize - 1) {
                        y.kind = ExprKind::Param(Param::Exec(*id));
                    }
                }
            });
        }
        let mut plan = rel.plan;
        // Scanned again and again: keep the rows.
        if matches!(kind, SubLinkKind::Any | SubLinkKind::All) && args.is_empty() && hashed.is_none() {
            let total = plan.total_cost;
            plan = material(plan, Cost { startup: total, total });
        }
        self.subplans.push(*plan);
        let id = self.subplans.len() as u32 - 1;
        x.kind = ExprKind::SubPlan(Box::new(SubPlanRef { kind, plan: id, test, outputs, args, hashed }));
        Ok(())
    }

    /// The parameters a subquery in FROM needs from its siblings: what its planning left in `used`.
    pub fn take_used(&mut self, before: Vec<(u32, Expr)>) -> Vec<(u32, Expr)> {
        std::mem::replace(&mut self.level().used, before)
    }
}

/// FROM items as one node.
fn cross(nodes: Vec<FromNode>) -> FromNode {
    let mut it = nodes.into_iter();
    let Some(first) = it.next() else { return FromNode::Ref(0) };
    it.fold(first, |l, r| FromNode::Join {
        kind: JoinKind::Inner,
        left: Box::new(l),
        right: Box::new(r),
        on: None,
        rte: u32::MAX,
        using: vec![],
        natural: false,
    })
}

/// EXISTS looks at no column and needs no order; nothing that could raise is dropped but what PostgreSQL drops too.
fn simplify_exists(q: &mut Query) {
    if q.set_op.is_some() || q.has_srfs || q.command != CommandType::Select {
        return;
    }
    if !q.has_aggs && q.group_by.is_empty() && q.having.is_none() && !q.has_windows {
        q.targets.clear();
        q.order_by.clear();
        q.distinct = None;
    }
}

/// Whether a subquery refers to anything outside it.
pub(crate) fn has_outer(q: &Query) -> bool {
    let mut q = q.clone();
    let mut found = false;
    visit::walk_levels_mut(&mut q, 0, &mut |x, depth| {
        let level = match &x.kind {
            ExprKind::Var(v) => v.level,
            ExprKind::Aggregate(a) => a.level,
            _ => 0,
        };
        found |= level > depth;
    });
    // A WITH query of an outer level is outside, too.
    fn ctes(q: &Query, depth: u32) -> bool {
        q.rtable.iter().any(|r| match &r.kind {
            RteKind::Cte { level, .. } => *level > depth,
            RteKind::Subquery { query, .. } => ctes(query, depth + 1),
            _ => false,
        }) || q.ctes.iter().any(|c| ctes(&c.query, depth + 1))
    }
    found || ctes(&q, 0)
}

/// The equalities of an IN test, when it is a conjunction of nothing else.
fn hash_keys(test: &Expr, cols: &[Expr]) -> Option<Vec<HashKey>> {
    let mut parts = Vec::new();
    expr::conjuncts(test.clone(), &mut parts);
    let mut keys = Vec::new();
    for p in parts {
        let ExprKind::Call(c) = &p.kind else { return None };
        if c.op == 0 || c.args.len() != 2 || expr::volatile(&p) {
            return None;
        }
        let (left, right, cmp) = expr::equal_sides(c.op, &c.args[0], &c.args[1])?;
        let has_output = |e: &Expr| visit::any(e, &mut |x| matches!(x.kind, ExprKind::Param(Param::SubLink(_))));
        if has_output(&left) || !has_output(&right) || expr::rels(&right) != 0 {
            return None;
        }
        let mut right = right;
        visit::walk_mut(&mut right, &mut |x| {
            if let ExprKind::Param(Param::SubLink(n)) = x.kind {
                x.kind = ExprKind::Column(n - 1);
            }
        });
        if visit::any(&right, &mut |x| matches!(x.kind, ExprKind::Column(n) if n as usize >= cols.len())) {
            return None;
        }
        keys.push(HashKey { left, right, cmp, collation: c.input_collation });
    }
    if keys.is_empty() { None } else { Some(keys) }
}
