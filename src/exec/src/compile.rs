//! From [`PlannedStmt`] to [`Program`]: functions bound, expressions compiled, keys resolved, once per prepared statement.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use tusklet_error::{Result, SortShort, SortedMap};
use tusklet_ir::{Node, Oid, Plan, PlannedStmt, SortKey, TypeRef};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{KernelTable, Phys};

use crate::cx::ExecCx;
use crate::func::key_order;
use crate::op::{self, Compiled, PlanNode};
use crate::straight::Straight;
use crate::straight_write::{StraightWrite, Writes};
use crate::types::phys;

/// A planned statement, ready to run. Valid as long as the catalog it was compiled under.
pub struct Program {
    /// The plan.
    pub stmt: Rc<PlannedStmt>,
    /// The straight path, for a statement that has one.
    pub straight: Option<Rc<Straight>>,
    /// The straight write, compiled when it is first asked for: a statement that runs once has no use for it.
    write: OnceCell<Option<Writes>>,
    pub(crate) root: Rc<Compiled>,
    pub(crate) subplans: Vec<Part>,
    pub(crate) ctes: Vec<Part>,
    pub(crate) nodes: u32,
    /// Calls functions that may send notices: one row at a time, so that each comes before its row.
    pub(crate) talks: bool,
}

/// A subplan or WITH query.
pub(crate) struct Part {
    pub plan: Rc<Compiled>,
    pub modifies: bool,
}

impl Program {
    /// Compiles a statement.
    pub fn compile(cx: &mut ExecCx<'_>, stmt: Rc<PlannedStmt>) -> Result<Rc<Program>> {
        let mut c = Compiler::new(cx, Some(&stmt));
        c.number(&stmt.plan);
        stmt.subplans.iter().for_each(|p| c.number(p));
        stmt.ctes.iter().for_each(|p| c.number(&p.plan));
        let root = c.plan(&stmt.plan)?;
        let mut subplans = Vec::with_capacity(stmt.subplans.len());
        for i in 0..stmt.subplans.len() {
            subplans.push(Part { plan: c.subplan_plan(i as u32)?.0, modifies: false });
        }
        let mut ctes = Vec::with_capacity(stmt.ctes.len());
        for (i, cte) in stmt.ctes.iter().enumerate() {
            ctes.push(Part { plan: c.cte_plan(i as u32)?.0, modifies: cte.modifies });
        }
        let nodes = c.ids.len() as u32;
        let straight = match &stmt.straight {
            Some(s) => Straight::compile(&mut c, s, &stmt)?.map(Rc::new),
            None => None,
        };
        let talks = c.talks.get();
        Ok(Rc::new(Program { stmt: stmt.clone(), straight, write: OnceCell::new(), root, subplans, ctes, nodes, talks }))
    }

    /// The straight write of a statement that has one.
    pub fn straight_write(&self, cx: &mut ExecCx<'_>) -> Result<Option<&StraightWrite>> {
        if self.write.get().is_none() {
            let made = StraightWrite::compile(cx, &self.stmt)?.map(Rc::new);
            // It can only be there already if compiling came back here, with the same outcome.
            let _ = self.write.set(made);
        }
        Ok(self.write.get().and_then(|w| w.as_deref()))
    }

    /// The plan node a number of [`crate::NodeStats`] belongs to, in the order they were numbered.
    pub fn node_count(&self) -> usize {
        self.nodes as usize
    }
}

/// A compiled part and the parameters it uses from outside.
type Made = Option<(Rc<Compiled>, Rc<[u32]>)>;

/// State of compiling one statement.
pub(crate) struct Compiler<'c, 'a> {
    pub cx: &'c mut ExecCx<'a>,
    stmt: Option<&'c PlannedStmt>,
    /// Numbers of the plan nodes, by address: parts are compiled where they are first met, but numbered in order.
    ids: SortedMap<*const Plan, u32>,
    /// The node being compiled is the statement's topmost.
    pub at_top: bool,
    /// `PARAM_EXEC` parameters read, and set, since the last [`Compiler::tracked`] began.
    pub used: Vec<u32>,
    pub set: Vec<u32>,
    /// Outputs of MULTI subplans: columns reading them run row by row.
    pub multi: Vec<u32>,
    /// A function that may send notices was met.
    pub talks: Cell<bool>,
    subplans: Vec<Made>,
    ctes: Vec<Made>,
}

impl<'c, 'a> Compiler<'c, 'a> {
    pub fn new(cx: &'c mut ExecCx<'a>, stmt: Option<&'c PlannedStmt>) -> Compiler<'c, 'a> {
        let (s, c) = stmt.map_or((0, 0), |s| (s.subplans.len(), s.ctes.len()));
        Compiler {
            cx,
            stmt,
            ids: SortedMap::new(),
            at_top: false,
            used: vec![],
            set: vec![],
            multi: vec![],
            talks: Cell::new(false),
            subplans: vec![None; s],
            ctes: vec![None; c],
        }
    }

    fn number(&mut self, p: &Plan) {
        self.ids.insert(p, self.ids.len() as u32);
        for child in p.children() {
            self.number(child);
        }
    }

    /// Runs `f` and tells which parameters what it compiled needs from outside.
    pub fn tracked<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, Rc<[u32]>)> {
        let used = std::mem::take(&mut self.used);
        let set = std::mem::take(&mut self.set);
        let made = f(self);
        let inner_used = std::mem::replace(&mut self.used, used);
        let inner_set = std::mem::replace(&mut self.set, set);
        let mut deps: Vec<u32> = inner_used.into_iter().filter(|u| !inner_set.contains(u)).collect();
        deps.order();
        deps.dedup();
        self.used.extend(&deps);
        Ok((made?, deps.into()))
    }

    fn missing_part(&self) -> tusklet_error::Error {
        tusklet_error::Error::internal("plan refers to a part that is not there")
    }

    /// A subplan, compiled once.
    pub fn subplan_plan(&mut self, i: u32) -> Result<(Rc<Compiled>, Rc<[u32]>)> {
        if let Some(Some((p, d))) = self.subplans.get(i as usize) {
            return Ok((p.clone(), d.clone()));
        }
        let Some(plan) = self.stmt.and_then(|s| s.subplans.get(i as usize)) else { return Err(self.missing_part()) };
        // The caller subtracts the parameters it sets itself before it counts the rest as used.
        let before = self.used.len();
        let made = self.tracked(|c| c.plan(plan))?;
        self.used.truncate(before);
        self.subplans[i as usize] = Some(made.clone());
        Ok(made)
    }

    /// The first output column's type of a subplan.
    pub fn subplan_column(&self, i: u32) -> TypeRef {
        self.stmt
            .and_then(|s| s.subplans.get(i as usize))
            .and_then(|p| p.columns.first().copied())
            .unwrap_or(TypeRef::new(crate::types::TEXT))
    }

    /// A WITH query, compiled once.
    pub fn cte_plan(&mut self, i: u32) -> Result<(Rc<Compiled>, Rc<[u32]>)> {
        if let Some(Some((p, d))) = self.ctes.get(i as usize) {
            return Ok((p.clone(), d.clone()));
        }
        let Some(cte) = self.stmt.and_then(|s| s.ctes.get(i as usize)) else { return Err(self.missing_part()) };
        let made = self.tracked(|c| c.plan(&cte.plan))?;
        self.ctes[i as usize] = Some(made.clone());
        Ok(made)
    }

    /// Physical types of columns.
    pub fn phys_of(&self, columns: &[TypeRef]) -> Rc<[Phys]> {
        columns.iter().map(|t| phys(&self.cx.catalog, t.oid)).collect()
    }

    /// How a sort key's column orders.
    pub fn key_part(&self, k: &SortKey) -> KeyPart {
        KeyPart { order: key_order(self.cx, k.cmp, k.ty), desc: k.desc, nulls_first: k.nulls_first }
    }

    /// How values of a type compared by a function order, ascending.
    pub fn cmp_part(&self, cmp: Oid, ty: Oid) -> KeyPart {
        KeyPart { order: key_order(self.cx, cmp, ty), desc: false, nulls_first: false }
    }

    /// The kernels.
    pub fn kernels(&self) -> KernelTable {
        self.cx.kernels
    }

    /// A plan node and everything below it.
    pub fn plan(&mut self, p: &Plan) -> Result<Rc<Compiled>> {
        let id = self.ids.get(&std::ptr::from_ref(p)).copied().unwrap_or(u32::MAX);
        self.at_top = self.stmt.is_some_and(|s| std::ptr::eq(p, &s.plan));
        let node = self.node(p)?;
        let filter = match &p.filter {
            Some(f) => Some(self.expr(f)?),
            None => None,
        };
        // Columns that read what a MULTI subplan of the same list sets must know before they are compiled.
        for e in p.project.iter().flatten() {
            if let tusklet_ir::ExprKind::SubPlan(s) = &e.kind
                && s.kind == tusklet_ir::SubLinkKind::Multi
            {
                self.multi.extend(&s.outputs);
            }
        }
        let project = match &p.project {
            Some(list) => Some(self.exprs(list)?),
            None => None,
        };
        Ok(Rc::new(Compiled { node, filter, project, id }))
    }

    fn node(&mut self, p: &Plan) -> Result<Rc<dyn PlanNode>> {
        Ok(match &p.node {
            Node::Result { once, input } => op::result::compile(self, once.as_ref(), input.as_deref())?,
            Node::SeqScan { rel, zones, sample } => op::seq_scan::compile(self, rel, zones, sample.as_deref())?,
            Node::IndexScan { rel, index, index_storage, keys, backward, only: _ } => {
                Rc::new(op::index_scan::compile(self, rel, *index, *index_storage, keys, *backward)?)
            }
            Node::BitmapScan { rel, bitmap } => op::bitmap_scan::compile(self, rel, bitmap)?,
            Node::MethodScan { rel, index, index_storage, conds, nearest, only: _ } => {
                op::method_scan::compile(self, rel, *index, *index_storage, conds, nearest.as_deref())?
            }
            Node::TidScan { rel, tids } => op::tid_scan::compile(self, rel, tids)?,
            Node::CatalogScan { rel } => op::catalog_scan::compile(self, rel, p)?,
            Node::FunctionScan { functions, ordinality, alias: _ } => {
                op::function_scan::compile(self, functions, *ordinality)?
            }
            Node::ValuesScan { rows } => op::values::compile(self, rows)?,
            Node::LiteralScan { rows, types } => op::values::literals(self, rows, types)?,
            Node::CteScan { cte, alias: _ } => op::cte::compile_scan(self, *cte)?,
            Node::WorkTableScan { id, alias: _ } => op::recursive_union::compile_scan(self, *id),
            Node::SubqueryScan { input, alias: _, junk: _ } => op::result::compile_subquery(self, input)?,
            Node::With { ctes, input } => op::cte::compile_with(self, ctes, input)?,
            Node::NestLoop { kind, left, right, on, params } => {
                op::nest_loop::compile(self, p, *kind, left, right, on.as_ref(), params)?
            }
            Node::HashJoin { kind, left, right, keys, on, null_aware } => {
                op::hash_join::compile(self, p, *kind, left, right, keys, on.as_ref(), *null_aware)?
            }
            Node::MergeJoin { kind, left, right, keys, on } => {
                op::merge_join::compile(self, p, *kind, left, right, keys, on.as_ref())?
            }
            Node::Sort { input, keys, presorted: _, limit } => op::sort::compile(self, input, keys, limit.as_deref())?,
            Node::Limit { input, limit, offset, ties } => {
                op::limit::compile(self, input, limit.as_ref(), offset.as_ref(), ties.as_deref())?
            }
            Node::Unique { input, keys } => op::unique::compile(self, input, keys)?,
            Node::Aggregate { input, strategy, groups, carried: _, sets, groupings, aggs } => {
                op::agg::compile(self, input, *strategy, groups, sets.as_deref(), groupings, aggs)?
            }
            Node::WindowAgg { input, partition, order, frame, calls, run: _ } => {
                op::window::compile(self, input, partition, order, frame, calls)?
            }
            Node::Append { inputs, .. } => op::append::compile(self, inputs)?,
            Node::MergeAppend { inputs, keys } => op::append::compile_merge(self, inputs, keys)?,
            Node::SetOp { kind, all, left, right, keys } => op::set_op::compile(self, *kind, *all, left, right, keys)?,
            Node::RecursiveUnion { id, all, initial, recursive, keys } => {
                op::recursive_union::compile(self, *id, *all, initial, recursive, keys)?
            }
            Node::ProjectSet { input, exprs } => op::project_set::compile(self, input, exprs)?,
            Node::Material { input } => op::material::compile(self, input)?,
            Node::LockRows { input, marks } => op::lock_rows::compile(self, input, marks)?,
            Node::ModifyTable(m) => op::modify::compile(self, m)?,
        })
    }
}

/// The columns a join must fill in: those its filter, condition or projection read; all when there is no projection.
pub(crate) fn needed(p: &Plan, n: usize, extra: &[&crate::expr::CExpr]) -> Vec<bool> {
    let Some(project) = &p.project else { return vec![true; n] };
    let mut used = vec![false; n];
    for e in extra {
        e.mark(&mut used);
    }
    for e in project.iter().chain(&p.filter) {
        tusklet_ir::visit::walk(e, &mut |x| {
            match &x.kind {
                tusklet_ir::ExprKind::Column(c) => {
                    if let Some(u) = used.get_mut(*c as usize) {
                        *u = true;
                    }
                }
                tusklet_ir::ExprKind::WholeRow { first, fields } => {
                    for c in *first..first + fields {
                        if let Some(u) = used.get_mut(c as usize) {
                            *u = true;
                        }
                    }
                }
                _ => {}
            }
            true
        });
    }
    used
}
