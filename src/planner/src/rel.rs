//! A plan on its way through the planner.

use tusklet_ir::*;

use crate::cost;

/// A set of range-table entries of one query level.
pub(crate) type RelSet = u128;

/// A plan and what its columns mean.
#[derive(Clone, Debug)]
pub(crate) struct Rel {
    pub plan: Plan,
    /// The query-level expression each column computes.
    pub cols: Vec<Expr>,
    /// The entries it covers.
    pub set: RelSet,
    /// Parameters it must be given from other entries of the level before it is (re)started.
    pub params: Vec<(u32, Expr)>,
    /// The entries those come from.
    pub needs: RelSet,
    /// The order its rows come in: expression and key.
    pub order: Vec<(Expr, SortKey)>,
}

impl Rel {
    pub fn new(node: Node, cols: Vec<Expr>, set: RelSet, rows: f64, startup: f64, total: f64) -> Rel {
        let columns: Vec<TypeRef> = cols.iter().map(|c| c.ty).collect();
        let width = cost::width(&columns);
        Rel {
            plan: Plan {
                node,
                filter: None,
                project: None,
                columns,
                rows,
                width,
                startup_cost: startup,
                total_cost: total,
            },
            cols,
            set,
            params: vec![],
            needs: 0,
            order: vec![],
        }
    }

    /// A node on top whose native output is `cols`.
    pub fn over(self, make: impl FnOnce(Box<Plan>) -> Node, cols: Vec<Expr>) -> Rel {
        let columns: Vec<TypeRef> = cols.iter().map(|c| c.ty).collect();
        let (rows, startup, total) = (self.plan.rows, self.plan.startup_cost, self.plan.total_cost);
        let width = cost::width(&columns);
        Rel {
            plan: Plan {
                node: make(Box::new(self.plan)),
                filter: None,
                project: None,
                columns,
                rows,
                width,
                startup_cost: startup,
                total_cost: total,
            },
            cols,
            set: self.set,
            params: self.params,
            needs: self.needs,
            order: self.order,
        }
    }

    /// Sets the cost of the node just added.
    pub fn costed(mut self, rows: f64, startup: f64, total: f64) -> Rel {
        self.plan.rows = rows;
        self.plan.startup_cost = startup;
        self.plan.total_cost = total;
        self
    }

    /// Whether the node can take a filter or projection of its own over its native output.
    pub fn bare(&self) -> bool {
        self.plan.project.is_none()
            && !matches!(
                self.plan.node,
                Node::Limit { .. }
                    | Node::Sort { .. }
                    | Node::LockRows { .. }
                    | Node::With { .. }
                    | Node::ProjectSet { .. }
            )
    }
}
