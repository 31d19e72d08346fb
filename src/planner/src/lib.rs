//! Query → Plan.
//!
//! A query is planned level by level. [`prep`] rewrites one level into a simpler equivalent (each rewrite's doc comment
//! states its NULL, error and volatility case), [`sublink`] turns subqueries in expressions into joins or subplans,
//! [`join`] orders the joins by cost from real row counts, [`scan`] picks how each table is read, and [`upper`] adds
//! grouping, windows, DISTINCT, ORDER BY and LIMIT. Between these a plan travels as a [`Rel`]: the plan so far and the
//! query-level expression each of its columns computes; [`resolve`] turns expressions into references to those columns.

mod bitmap;
mod cost;
mod cte;
mod expr;
mod fold;
mod grouping;
mod inline;
mod join;
mod merge_join;
mod method_scan;
mod modify;
mod planagg;
mod prep;
mod pushdown;
mod rel;
mod resolve;
mod scan;
mod setop;
mod straight;
mod sublink;
mod upper;

use std::rc::Rc;

use tusklet_catalog::live::{Catalog, Relation};
use tusklet_error::{Result, SortedMap};
use tusklet_ir::*;

pub(crate) use rel::{Rel, RelSet};

/// What the planner asks of the session.
pub trait PlanContext {
    /// The catalog snapshot the statement runs under.
    fn catalog(&self) -> &Catalog;
    /// A relation, user-made or built in.
    fn relation(&mut self, oid: Oid) -> Result<Rc<Relation>>;
    /// What storage knows of a table's rows.
    fn stats(&mut self, rel: &Relation) -> RelStats;
    /// The value of an expression without columns, parameters or volatile functions.
    fn evaluate(&mut self, e: &Expr) -> Result<Value>;
    /// What a condition on a key column says of the keys of an index that is no B-tree (`tusklet_index_query`); none where that
    /// raises.
    fn index_query(&mut self, index: &Relation, column: usize, strategy: i16, value: &Expr) -> Option<Vec<u8>>;
    /// The values of `$n`, when the plan is for these alone (a custom plan).
    fn external_params(&self) -> Option<&[Value]>;
    /// What all matches of a regular expression begin with, when they must begin the text, and whether that is all.
    fn pattern_prefix(&self, pattern: &str, ignore_case: bool) -> Option<(String, bool)>;
    /// The first and the last value that an `inet` has in it.
    fn network_range(&self, network: &[u8]) -> Option<(Vec<u8>, Vec<u8>)>;
    /// A boolean setting such as `enable_hashjoin`.
    fn enabled(&self, setting: &str) -> bool;
    /// What a function in SQL computes, over `$1`, `$2`, …, when its body is one expression and nothing else. An error when a
    /// user's body means nothing for these types.
    fn sql_body(&mut self, func: Oid, args: &[Oid]) -> Result<Option<Rc<Expr>>>;
    /// The only query of a set-returning function in SQL, over `$1`, …, when it may take the call's place and has these
    /// columns.
    fn set_body(&mut self, func: Oid, args: &[Oid], columns: &[TypeRef]) -> Result<Option<Query>>;
}

/// Statistics of a table, from storage.
#[derive(Clone, Debug, Default)]
pub struct RelStats {
    /// Live rows, or of a small table nobody counted as many as PostgreSQL would guess.
    pub rows: f64,
    /// Live rows, when `rows` is a guess.
    pub live: Option<f64>,
    /// Pages of 8 KiB they would fill.
    pub pages: f64,
    /// All pages are marked visible to all: an index with all columns needs not look at the table.
    pub visible: bool,
    /// By attribute number - 1; missing entries are unknown.
    pub columns: Vec<ColumnStats>,
    /// What `$1`, … will be, to estimate by.
    pub params: Option<Rc<Guess>>,
}

/// Values of parameters that a plan is expected to serve, and what was estimated by them.
#[derive(Debug, Default)]
pub struct Guess {
    /// `$1`, ….
    pub values: Vec<Value>,
    /// The estimates that depend on them.
    pub used: std::cell::RefCell<Vec<Estimate>>,
}

/// An estimate of how much of a column lies on one side of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Which parameter, from 0.
    pub param: u32,
    /// The column's least and greatest value.
    pub range: (f64, f64),
    /// The part below it (else the part above).
    pub below: bool,
}

impl Estimate {
    /// The estimated share for a value of the parameter.
    pub fn share(&self, value: &Value) -> Option<f64> {
        let f = cost::part_below(cost::value_number(value)?, self.range);
        Some(if self.below { f } else { 1.0 - f })
    }
}

/// Statistics of a column.
#[derive(Clone, Debug, Default)]
pub struct ColumnStats {
    /// Distinct values, 0 unknown.
    pub distinct: f64,
    /// Share of NULLs.
    pub null_frac: f64,
    /// Least and greatest value as numbers, for types where that makes sense.
    pub range: Option<(f64, f64)>,
    /// How far the rows lie in the order of the values, from -1 to 1.
    pub correlation: f64,
}

pub use cost::{heap_pages, pages_per_range};

/// An expression as a plan would have it: constants folded, functions in SQL inlined (`expression_planner`).
pub fn plan_expression(cx: &mut dyn PlanContext, e: &mut Expr) -> Result<()> {
    Planner::new(cx).fold(e)
}

/// Plans a query.
pub fn plan(cx: &mut dyn PlanContext, mut query: Query) -> Result<PlannedStmt> {
    let mut p = Planner::new(cx);
    let command = query.command;
    let names: Vec<ResultColumn> = result_columns(&query);
    let rel = p.plan_query(&mut query, true)?;
    let mut stmt = PlannedStmt {
        command,
        plan: *rel.plan,
        subplans: p.subplans,
        ctes: p.ctes,
        params: p.params,
        columns: names,
        relations: p.relations,
        straight: None,
        inlined: p.inlined,
        volatile: p.volatile || command != CommandType::Select,
    };
    stmt.straight = straight::find(p.cx, &stmt).map(Rc::new);
    Ok(stmt)
}

/// The result columns of an analysed query.
pub fn result_columns(q: &Query) -> Vec<ResultColumn> {
    let list = if q.command == CommandType::Select { &q.targets } else { &q.returning };
    list.iter()
        .filter(|t| !t.junk)
        .map(|t| ResultColumn { name: t.name.clone(), ty: t.expr.ty, collation: t.expr.collation, origin: t.origin })
        .collect()
}

/// One query level being planned.
#[derive(Default)]
pub(crate) struct Level {
    /// WITH queries visible here.
    pub ctes: SortedMap<String, CteRef>,
    /// Parameters already assigned to expressions of this level.
    pub assigned: Vec<(Expr, u32)>,
    /// Those the subquery being planned uses: what its SubPlan must be given.
    pub used: Vec<(u32, Expr)>,
    /// First number of this level's range-table entries in the statement.
    pub rte_base: u32,
    /// Rows of entries that are no tables, and rows of entries that their own conditions keep.
    pub tuples: SortedMap<u32, f64>,
    pub kept: SortedMap<u32, f64>,
    /// What WHERE makes equal: an expression and a constant, or another expression.
    pub equal: Vec<(Expr, Option<Expr>)>,
}

/// What a WITH name stands for.
#[derive(Clone)]
pub(crate) enum CteRef {
    /// A planned WITH query.
    Plan(u32),
    /// The work table of the recursive query being planned.
    WorkTable(u32),
}

/// The state of planning one statement.
pub(crate) struct Planner<'a> {
    pub cx: &'a mut dyn PlanContext,
    pub subplans: Vec<Plan>,
    pub ctes: Vec<CtePlan>,
    pub params: Vec<TypeRef>,
    pub relations: Vec<RelationUse>,
    pub next_rte: u32,
    pub levels: Vec<Level>,
    pub volatile: bool,
    /// Functions whose bodies are being put in place of their calls: none of them inside itself.
    pub inlining: Vec<Oid>,
    /// A function in FROM was replaced by its query.
    inlined: bool,
}

impl<'a> Planner<'a> {
    fn new(cx: &'a mut dyn PlanContext) -> Planner<'a> {
        Planner {
            cx,
            subplans: vec![],
            ctes: vec![],
            params: vec![],
            relations: vec![],
            next_rte: 0,
            levels: vec![],
            volatile: false,
            inlining: vec![],
            inlined: false,
        }
    }

    /// Plans one query level. With `top`, the junk columns ORDER BY needed are dropped from the result; `cols` of the
    /// result are the targets in order.
    pub fn plan_query(&mut self, q: &mut Query, top: bool) -> Result<Rel> {
        let rte_base = self.next_rte;
        self.next_rte += q.rtable.len() as u32;
        self.levels.push(Level { rte_base, ..Level::default() });
        let r = self.plan_level(q, top);
        self.levels.pop();
        r
    }

    fn plan_level(&mut self, q: &mut Query, top: bool) -> Result<Rel> {
        let with = self.plan_ctes(q)?;
        let mut rel = if q.set_op.is_some() {
            self.plan_set_operation(q)?
        } else if q.command == CommandType::Select {
            self.plan_select(q)?
        } else {
            self.plan_modify(q)?
        };
        if top && q.command == CommandType::Select {
            rel = self.drop_junk(q, rel);
        }
        // The statement's own level is never restarted.
        if !with.is_empty() && self.levels.len() > 1 {
            let cols = rel.cols.clone();
            rel = rel.over(|input| Node::With { ctes: with, input }, cols);
        }
        Ok(rel)
    }

    fn level(&mut self) -> &mut Level {
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    /// A new `PARAM_EXEC`.
    pub fn new_param(&mut self, ty: TypeRef) -> u32 {
        self.params.push(ty);
        self.params.len() as u32 - 1
    }

    /// The parameter that carries `e`, an expression of the level `up` levels above the current one (its own variables
    /// at level 0). Every level in between hands it on, so that what is in between knows it depends on it.
    pub fn outer_param(&mut self, up: usize, e: Expr) -> Result<u32> {
        let here = self.levels.len() - 1;
        let Some(at) = here.checked_sub(up) else {
            return Err(tusklet_error::Error::internal("variable of a query level that does not exist"));
        };
        let known = self.levels[at].assigned.iter().find(|(x, _)| expr::same(x, &e)).map(|(_, id)| *id);
        let id = match known {
            Some(id) => id,
            None => {
                let id = self.new_param(e.ty);
                self.levels[at].assigned.push((e.clone(), id));
                id
            }
        };
        for k in at..here {
            let given = if k == at { e.clone() } else { e.with_kind(ExprKind::Param(Param::Exec(id))) };
            let used = &mut self.levels[k].used;
            if !used.iter().any(|(i, _)| *i == id) {
                used.push((id, given));
            }
        }
        Ok(id)
    }

    /// Replaces variables and aggregates of outer levels in the direct expressions of `q` by parameters.
    pub fn replace_outer(&mut self, q: &mut Query) -> Result<()> {
        // From the top: an aggregate of an outer level goes there with its arguments.
        fn replace(p: &mut Planner<'_>, x: &mut Expr, failed: &mut Option<tusklet_error::Error>) {
            let up = match &x.kind {
                ExprKind::Var(v) => v.level,
                ExprKind::Aggregate(a) => a.level,
                ExprKind::Grouping { level, .. } => *level,
                _ => 0,
            };
            if up == 0 {
                return visit::children_mut(x, &mut |c| replace(p, c, failed));
            }
            let mut own = x.clone();
            expr::shift_levels(&mut own, -(up as i32));
            match p.outer_param(up as usize, own) {
                Ok(id) => x.kind = ExprKind::Param(Param::Exec(id)),
                Err(e) => *failed = Some(e),
            }
        }
        let mut failed = None;
        visit::query_exprs_mut(q, &mut |e| replace(self, e, &mut failed));
        failed.map_or(Ok(()), Err)
    }

    /// Notes how the statement uses a relation.
    pub fn note_use(&mut self, rel: Oid, f: impl FnOnce(&mut RelationUse)) {
        let at = match self.relations.iter().position(|u| u.rel == rel) {
            Some(i) => i,
            None => {
                self.relations.push(RelationUse {
                    rel,
                    select: false,
                    insert: false,
                    update: false,
                    delete: false,
                    row_lock: false,
                });
                self.relations.len() - 1
            }
        };
        f(&mut self.relations[at]);
    }
}
