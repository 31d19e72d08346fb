//! WITH queries.

use tusklet_error::{Error, Result};
use tusklet_ir::*;

use crate::{CteRef, Level, Planner, Rel, cost};

impl Planner<'_> {
    /// Plans the WITH queries of `q` in order and returns their numbers. One that is read once, computes nothing volatile
    /// and was not declared MATERIALIZED becomes a subquery where it is read (as PostgreSQL inlines it since 12).
    pub fn plan_ctes(&mut self, q: &mut Query) -> Result<Vec<u32>> {
        let mut planned = Vec::new();
        let ctes = std::mem::take(&mut q.ctes);
        let count = ctes.len();
        let mut ctes: Vec<Option<Cte>> = ctes.into_iter().map(Some).collect();
        for i in 0..count {
            let Some(mut cte) = ctes[i].take() else { continue };
            let modifies = cte.query.command != CommandType::Select;
            let once = cte.refs == 1;
            let inline = !modifies
                && !cte.recursive
                && cte.query.locks.is_empty()
                && match cte.materialized {
                    Some(m) => !m,
                    None => once,
                }
                && !contains_volatile(&cte.query);
            if inline {
                let mut put = 0;
                for later in ctes[i + 1..].iter_mut().flatten() {
                    inline_cte(&mut later.query, &cte, 1, &mut put);
                }
                inline_cte(q, &cte, 0, &mut put);
                continue;
            }
            if cte.refs == 0 && !modifies {
                continue;
            }
            let plan = if cte.recursive {
                self.plan_recursive(&mut cte)?
            } else {
                self.plan_query(&mut cte.query, true)?.plan
            };
            self.ctes.push(CtePlan { name: cte.name.clone(), plan: *plan, modifies });
            let id = self.ctes.len() as u32 - 1;
            planned.push(id);
            self.level().ctes.insert(cte.name, CteRef::Plan(id));
        }
        Ok(planned)
    }

    /// WITH RECURSIVE: `initial UNION [ALL] recursive`, the latter reading the work table.
    fn plan_recursive(&mut self, cte: &mut Cte) -> Result<Box<Plan>> {
        let q = &mut cte.query;
        let Some(SetOpTree::Op { kind: SetOpKind::Union, all, left, right, group, .. }) = q.set_op.take() else {
            // Declared in a WITH RECURSIVE but not recursive after all.
            return Ok(self.plan_query(q, true)?.plan);
        };
        let (SetOpTree::Leaf(l), SetOpTree::Leaf(r)) = (*left, *right) else {
            return Err(Error::unsupported("a recursive query whose terms are set operations"));
        };
        // Its number is a parameter's, set anew each round: what was kept from the work table's rows is then out of date.
        let id = self.new_param(TypeRef::new(0));
        let rte_base = self.next_rte;
        self.next_rte += q.rtable.len() as u32;
        // The terms see the name at the level of the union's query.
        let inner = self.plan_ctes_of_terms(q, rte_base, |this, q| {
            let mut initial = take_subquery(q, l)?;
            let initial = this.plan_query(&mut initial, true)?;
            let here = this.levels.len() - 1;
            this.levels[here - 1].ctes.insert(cte.name.clone(), CteRef::WorkTable(id));
            let mut recursive = take_subquery(q, r)?;
            let recursive = this.plan_query(&mut recursive, true);
            this.levels[here - 1].ctes.remove(&cte.name);
            Ok((initial, recursive?))
        })?;
        let (initial, recursive) = inner;
        let cols = initial.cols.clone();
        let keys = group
            .iter()
            .enumerate()
            .map(|(i, s)| SortKey {
                column: i as u32,
                ty: initial.plan.columns[i].oid,
                cmp: s.cmp,
                collation: cols[i].collation,
                desc: false,
                nulls_first: false,
            })
            .collect();
        let rows = initial.plan.rows + 10.0 * recursive.plan.rows;
        let total = initial.plan.total_cost + 10.0 * recursive.plan.total_cost + rows * cost::ROW;
        let node = Node::RecursiveUnion {
            id,
            all,
            initial: initial.plan,
            recursive: recursive.plan,
            keys,
        };
        Ok(Rel::new(node, cols, 0, rows, 0.0, total).plan)
    }

    fn plan_ctes_of_terms<T>(
        &mut self,
        q: &mut Query,
        rte_base: u32,
        f: impl FnOnce(&mut Self, &mut Query) -> Result<T>,
    ) -> Result<T> {
        self.levels.push(Level { rte_base, ..Level::default() });
        let r = self.plan_ctes(q).and_then(|with| {
            if with.is_empty() { f(self, q) } else { Err(Error::unsupported("WITH inside a recursive query's union")) }
        });
        self.levels.pop();
        r
    }
}

/// The query of a set operation's leaf.
pub(crate) fn take_subquery(q: &mut Query, rte: u32) -> Result<Query> {
    match std::mem::replace(&mut q.rtable[rte as usize].kind, RteKind::Result) {
        RteKind::Subquery { query, .. } => Ok(*query),
        _ => Err(Error::internal("set operation over something that is no query")),
    }
}

fn contains_volatile(q: &Query) -> bool {
    let mut q = q.clone();
    let mut found = false;
    visit::walk_levels_mut(&mut q, 0, &mut |x, _| {
        found |= match &x.kind {
            ExprKind::Call(c) => c.volatility == Volatility::Volatile,
            ExprKind::NextVal(_) => true,
            _ => false,
        }
    });
    found
}

/// Replaces references to `cte`, `depth` levels up, by its query.
fn inline_cte(q: &mut Query, cte: &Cte, depth: u32, put: &mut u32) {
    for r in &mut q.rtable {
        if let RteKind::Cte { name, level, recursive: false } = &r.kind {
            if *level == depth && *name == cte.name {
                let mut sub = cte.query.clone();
                // Its own outer references are now one level further in for each level it moved, plus its own.
                shift_query(&mut sub, depth as i32);
                r.kind = RteKind::Subquery { query: Box::new(sub), view: 0 };
                *put += 1;
            }
        }
    }
    visit::subqueries_mut(q, &mut |sub| inline_cte(sub, cte, depth + 1, put));
}

/// Adds `by` levels to what a query, moved inwards (or outwards), refers to outside itself.
pub(crate) fn shift_query(q: &mut Query, by: i32) {
    if by == 0 {
        return;
    }
    visit::walk_levels_mut(q, 0, &mut |x, depth| {
        let level = match &mut x.kind {
            ExprKind::Var(v) => &mut v.level,
            ExprKind::Aggregate(a) => &mut a.level,
            ExprKind::Grouping { level, .. } => level,
            _ => return,
        };
        if *level > depth {
            *level = (*level as i32 + by) as u32;
        }
    });
    fn ctes(q: &mut Query, depth: u32, by: i32) {
        for r in &mut q.rtable {
            if let RteKind::Cte { level, .. } = &mut r.kind {
                if *level > depth {
                    *level = (*level as i32 + by) as u32;
                }
            }
        }
        visit::subqueries_mut(q, &mut |sub| ctes(sub, depth + 1, by));
    }
    ctes(q, 0, by);
}
