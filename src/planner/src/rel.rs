//! A plan on its way through the planner.

use tusklet_ir::*;

use crate::cost;

/// A set of range-table entries of one query level.
pub(crate) type RelSet = u128;

/// A plan's rows kept, to be read again.
pub(crate) fn material(input: Box<Plan>, cost: cost::Cost) -> Box<Plan> {
    Box::new(Plan {
        filter: None,
        project: None,
        columns: input.columns.clone(),
        rows: input.rows,
        width: input.width,
        startup_cost: cost.startup,
        total_cost: cost.total,
        node: Node::Material { input },
    })
}

/// A plan and what its columns mean.
#[derive(Clone, Debug)]
pub(crate) struct Rel {
    pub plan: Box<Plan>,
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
        let plan = Box::new(Plan {
            node,
            filter: None,
            project: None,
            columns: vec![],
            rows,
            width: 0,
            startup_cost: startup,
            total_cost: total,
        });
        let mut rel = Rel { plan, cols, set, params: vec![], needs: 0, order: vec![] };
        rel.set_columns();
        rel
    }

    /// What its plan says of its columns.
    fn set_columns(&mut self) {
        self.plan.columns = self.cols.iter().map(|c| c.ty).collect();
        self.plan.width = cost::width(&self.plan.columns);
    }

    /// A node on top whose native output is `cols`.
    pub fn over(mut self, make: impl FnOnce(Box<Plan>) -> Node, cols: Vec<Expr>) -> Rel {
        let below = self.make_room(cols);
        self.plan.node = make(below);
        self
    }

    /// The plan, which goes below a node that is yet to be made; the costs stay.
    fn make_room(&mut self, cols: Vec<Expr>) -> Box<Plan> {
        let (rows, startup, total) = (self.plan.rows, self.plan.startup_cost, self.plan.total_cost);
        let top = Rel::new(Node::Result { once: None, input: None }, cols, self.set, rows, startup, total);
        self.cols = top.cols;
        std::mem::replace(&mut self.plan, top.plan)
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
