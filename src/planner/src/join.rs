//! FROM and WHERE: which table is read first, and how each is joined to the next.
//!
//! Inner joins, however nested, form one set of *items*; an outer, semi- or antijoin is one item whose sides are planned
//! by themselves. Conditions go to the smallest item or pair that has their variables, except across an outer join, where
//! only what cannot change which rows are invented may move (said at each place). The cheapest order of up to
//! [`EXHAUSTIVE`] items is found by dynamic programming over subsets, beyond that greedily.

use std::rc::Rc;

use tusklet_error::{Result, SortedMap, TryVec};
use tusklet_ir::*;

use crate::cost::Cost;
use crate::method_scan::Choice;
use crate::scan::{IndexChoice, Wanted};
use crate::rel::material;
use crate::{Planner, Rel, RelSet, RelStats, cost, expr, prep, resolve};

/// Most items whose orders are all tried.
const EXHAUSTIVE: usize = 10;

/// The ways worth keeping to compute the same rows: the cheapest, and the cheapest whose rows come in the wanted order.
/// Which of the two is better is known only where the order is asked for: one saves the sort, and with LIMIT all the rows
/// that are never fetched (PostgreSQL's pathkeys, startup costs and tuple fraction, for the one order that can matter).
struct Paths {
    best: Rel,
    ordered: Option<Rel>,
}

/// Something joined: planned, or a table that might yet be entered through an index with values of the others.
#[derive(Clone)]
pub(crate) struct Item {
    pub rel: Rel,
    /// The same in the wanted order.
    pub ordered: Option<Rel>,
    /// The entry and the conditions on it alone, when it is a plain table.
    pub table: Option<(u32, Vec<Expr>)>,
}

/// What is added to the cost of a method that is disabled, as PostgreSQL's `disable_cost`.
const DISABLED: f64 = 1e10;

/// A join order with its cost; the plan is built for the winner only.
#[derive(Clone)]
enum Shape {
    Item(usize),
    /// The item in the wanted order.
    Ordered(usize),
    Hash(Rc<Shape>, Rc<Shape>),
    Merge(Rc<Shape>, Rc<Shape>),
    /// Right restarted for each left row: through an index, or kept rows.
    Loop(Rc<Shape>, Rc<Shape>),
    Probe(Rc<Shape>, usize, Rc<Probe>, Rc<Vec<Expr>>),
}

/// How a table is entered with values of the others: the index, and of the conditions those that it answers.
#[derive(Clone)]
struct Probe {
    index: ProbeIndex,
    answered: Vec<usize>,
}

#[derive(Clone)]
enum ProbeIndex {
    Tree(IndexChoice),
    Method(Choice),
}

#[derive(Clone)]
struct Best {
    shape: Rc<Shape>,
    startup: f64,
    total: f64,
    rows: f64,
}

impl Best {
    fn cost(&self) -> Cost {
        Cost { startup: self.startup, total: self.total }
    }
}

/// Whether a node's rows are there to be read again (`ExecMaterializesOutput`).
fn keeps_rows(n: &Node) -> bool {
    matches!(
        n,
        Node::Material { .. }
            | Node::FunctionScan { .. }
            | Node::CteScan { .. }
            | Node::WorkTableScan { .. }
            | Node::Sort { .. }
    )
}

/// What planning FROM needs to know of the query.
#[derive(Clone, Copy)]
pub(crate) struct FromContext<'a> {
    pub q: &'a Query,
    pub needed: &'a [Vec<i16>],
    pub wanted: Option<&'a Wanted>,
    /// Share of the rows that will be fetched.
    pub fraction: f64,
}

impl Planner<'_> {
    /// Plans FROM items under the conditions of WHERE.
    pub fn plan_from(&mut self, fc: &FromContext<'_>, nodes: &[FromNode], quals: Vec<Expr>) -> Result<Rel> {
        let Paths { best, ordered } = self.plan_paths(fc, nodes, quals)?;
        let (Some(wanted), Some(ordered)) = (fc.wanted, ordered) else { return Ok(best) };
        let rows = best.plan.rows.max(1.0);
        let kept = wanted.limit.map_or(rows, |l| l.min(rows));
        let input = Cost { startup: best.plan.startup_cost, total: best.plan.total_cost };
        let sorted = cost::sort(input, rows, best.plan.width, wanted.bound()).part(kept / rows);
        let part = (kept / ordered.plan.rows.max(1.0)).min(1.0);
        let (startup, total) = (ordered.plan.startup_cost, ordered.plan.total_cost);
        Ok(if startup + (total - startup) * part < sorted { ordered } else { best })
    }

    /// Notes what an entry would have read.
    pub(crate) fn note_reads(&mut self, kind: &RteKind) {
        match kind {
            RteKind::Relation { oid, .. } => self.note_use(*oid, |u| u.select = true),
            RteKind::Subquery { query, .. } => query.rtable.iter().for_each(|r| self.note_reads(&r.kind)),
            _ => {}
        }
    }

    fn plan_paths(&mut self, fc: &FromContext<'_>, nodes: &[FromNode], mut quals: Vec<Expr>) -> Result<Paths> {
        let mut flat = Vec::new();
        for n in nodes {
            flatten_inner(n, &mut flat, &mut quals);
        }
        if flat.is_empty() {
            let rel = Rel::new(Node::Result { once: None, input: None }, vec![], 0, 1.0, 0.0, cost::ROW);
            return Ok(Paths { best: self.filtered(rel, quals, &RelStats::default())?, ordered: None });
        }
        // Nothing passes a condition that is never TRUE (`set_dummy_rel_pathlist`).
        let never = |c: &Expr| matches!(&c.kind, ExprKind::Const(Value::Bool(false) | Value::Null));
        if quals.iter().any(never) {
            let set = nodes.iter().fold(0, |s, n| s | prep::from_rels(n));
            let mut cols = Vec::new();
            for r in (0..fc.q.rtable.len()).filter(|r| set >> r & 1 == 1) {
                let needed = &fc.needed[r];
                if matches!(fc.q.rtable[r].kind, RteKind::Relation { .. }) {
                    cols.extend(needed.iter().map(|a| crate::scan::column_var(fc.q, r as u32, *a)));
                } else {
                    let n = fc.q.rtable[r].columns.len();
                    cols.extend((1..=n).map(|a| crate::scan::column_var(fc.q, r as u32, a as i16)));
                }
                self.note_reads(&fc.q.rtable[r].kind);
            }
            let name = |c: &Expr| {
                let ExprKind::Var(v) = &c.kind else { return Default::default() };
                let r = &fc.q.rtable[v.rte as usize];
                let column = r.columns.get((v.attno - 1).max(0) as usize).filter(|_| v.attno > 0);
                (r.name.clone(), column.map_or_else(String::new, |c| c.name.clone()))
            };
            let names = cols.iter().map(name).collect();
            let rel = Rel::new(Node::Append { inputs: vec![], names }, cols, set, 1.0, 0.0, 0.0);
            return Ok(Paths { best: rel, ordered: None });
        }
        // Conditions without variables guard everything at once.
        let (once, mut quals): (Vec<Expr>, Vec<Expr>) =
            quals.into_iter().partition(|c| expr::rels(c) == 0 && !expr::volatile(c));
        let single = flat.len() == 1;
        let mut items = Vec::new();
        for n in flat {
            let set = prep::from_rels(n);
            let (mine, rest): (Vec<Expr>, Vec<Expr>) = quals.into_iter().partition(|c| {
                let r = expr::rels(c);
                r & !set == 0 && (r != 0 || single) && (single || !expr::volatile(c))
            });
            quals = rest;
            items.push(self.plan_item(fc, n, mine, single)?);
        }
        let paths = if items.len() == 1 {
            let Some(item) = items.pop() else { return Err(tusklet_error::Error::internal("no join item")) };
            let ordered = match item.ordered {
                Some(rel) => Some(self.filtered(rel, quals.clone(), &RelStats::default())?),
                None => None,
            };
            Paths { best: self.filtered(item.rel, quals, &RelStats::default())?, ordered }
        } else {
            self.join_items(fc, items, quals)?
        };
        let Some(c) = expr::and(once) else { return Ok(paths) };
        let c = resolve::resolve(&c, &[])?;
        let guarded = |mut rel: Rel| {
            if let (Node::Result { once: once @ None, input: None }, None, None) =
                (&mut rel.plan.node, &rel.plan.filter, &rel.plan.project)
            {
                *once = Some(c.clone());
                return rel;
            }
            let (cols, c) = (rel.cols.clone(), c.clone());
            rel.over(|input| Node::Result { once: Some(c), input: Some(input) }, cols)
        };
        Ok(Paths { best: guarded(paths.best), ordered: paths.ordered.map(guarded) })
    }

    fn plan_item(&mut self, fc: &FromContext<'_>, n: &FromNode, quals: Vec<Expr>, single: bool) -> Result<Item> {
        match n {
            FromNode::Ref(r) => {
                let wanted = if single { fc.wanted } else { None };
                let table = matches!(&fc.q.rtable[*r as usize].kind, RteKind::Relation { sample: None, .. })
                    .then(|| (*r, quals.clone()));
                let ordered = match fc.wanted {
                    Some(w) if !single && table.is_some() => {
                        self.ordered_scan(fc.q, *r, &quals, &fc.needed[*r as usize], w)?
                    }
                    _ => None,
                };
                let rel = self.plan_entry(fc.q, *r, quals, &fc.needed[*r as usize], wanted)?;
                self.level().kept.insert(*r, rel.plan.rows);
                Ok(Item { rel, ordered, table })
            }
            FromNode::Join { kind, left, right, on, .. } => {
                let paths = self.plan_outer_join(fc, *kind, left, right, on.as_ref(), quals)?;
                Ok(Item { rel: paths.best, ordered: paths.ordered, table: None })
            }
        }
    }

    /// An outer, semi- or antijoin under the conditions `above` it.
    ///
    /// Conditions above on the kept side alone go into it (dropping its row drops all that came of it). The join's own
    /// conditions on the optional side alone go into that (a row that fails them has no partner either way). The others
    /// stay where they are.
    fn plan_outer_join(
        &mut self,
        fc: &FromContext<'_>,
        kind: JoinKind,
        left: &FromNode,
        right: &FromNode,
        on: Option<&Expr>,
        above: Vec<Expr>,
    ) -> Result<Paths> {
        if kind == JoinKind::Right {
            return self.plan_outer_join(fc, JoinKind::Left, right, left, on, above);
        }
        let (lset, rset) = (prep::from_rels(left), prep::from_rels(right));
        let mut on_parts = Vec::new();
        if let Some(on) = on {
            expr::conjuncts(on.clone(), &mut on_parts);
        }
        let only = |c: &Expr, set: RelSet| expr::rels(c) != 0 && expr::rels(c) & !set == 0 && !expr::volatile(c);
        let mut left_quals = Vec::new();
        let mut stay = Vec::new();
        for c in above {
            if kind != JoinKind::Full && only(&c, lset) { left_quals.push(c) } else { stay.push(c) }
        }
        let mut right_quals = Vec::new();
        let mut join_quals = Vec::new();
        for c in on_parts {
            if kind != JoinKind::Full && only(&c, rset) {
                right_quals.push(c);
            } else if kind == JoinKind::Semi && only(&c, lset) {
                left_quals.push(c);
            } else {
                join_quals.push(c);
            }
        }
        let sub = FromContext { q: fc.q, needed: fc.needed, wanted: None, fraction: fc.fraction };
        let plain = |r: &u32| matches!(fc.q.rtable[*r as usize].kind, RteKind::Relation { sample: None, .. });
        let table = match left {
            FromNode::Ref(r) if plain(r) => Some((*r, left_quals.clone())),
            _ => None,
        };
        // The order of the kept side is that of the join, as long as the join goes through it row by row.
        let of_left = |w: &&Wanted| kind != JoinKind::Full && w.keys.iter().all(|(e, _)| expr::rels(e) & !lset == 0);
        let left_fc = FromContext { wanted: fc.wanted.filter(of_left), ..sub };
        let l = self.plan_left(&left_fc, left, left_quals)?;
        let r_item = match right {
            FromNode::Ref(r) => self.plan_item(&sub, &FromNode::Ref(*r), right_quals, false)?,
            _ => {
                let rel = self.plan_from(&sub, std::slice::from_ref(right), right_quals)?;
                Item { rel, ordered: None, table: None }
            }
        };
        let ordered = match l.ordered {
            Some(left) => {
                let rel = self.ordered_join(fc, kind, left, &r_item, join_quals.clone())?;
                Some(self.filtered(rel, stay.clone(), &RelStats::default())?)
            }
            None => None,
        };
        let rel = self.build_join(fc, kind, Item { rel: l.best, ordered: None, table }, r_item, join_quals)?;
        Ok(Paths { best: self.filtered(rel, stay, &RelStats::default())?, ordered })
    }

    /// The kept side of an outer join: a table alone is read in the wanted order or in any.
    fn plan_left(&mut self, fc: &FromContext<'_>, left: &FromNode, quals: Vec<Expr>) -> Result<Paths> {
        let (FromNode::Ref(r), Some(w)) = (left, fc.wanted) else {
            return self.plan_paths(fc, std::slice::from_ref(left), quals);
        };
        let plain = matches!(fc.q.rtable[*r as usize].kind, RteKind::Relation { sample: None, .. });
        let movable = |c: &Expr| expr::rels(c) != 0 && !expr::volatile(c);
        let ordered = if plain && quals.iter().all(movable) {
            self.ordered_scan(fc.q, *r, &quals, &fc.needed[*r as usize], w)?
        } else {
            None
        };
        let any = FromContext { wanted: None, ..*fc };
        Ok(Paths { ordered, ..self.plan_paths(&any, std::slice::from_ref(left), quals)? })
    }

    /// A join that keeps the order of its left side.
    fn ordered_join(
        &mut self,
        fc: &FromContext<'_>,
        kind: JoinKind,
        left: Rel,
        right: &Item,
        quals: Vec<Expr>,
    ) -> Result<Rel> {
        let right = match self.probe_choice(fc, right, left.set, &quals, left.plan.rows)? {
            Some((choice, all)) if right.rel.needs & left.set == 0 => self.probe_rel(fc, right, &choice, &all)?,
            _ => right.rel.clone(),
        };
        self.nest_loop(kind, left, right, quals)
    }

    /// The cheapest way to join two planned sides with a given kind.
    fn build_join(
        &mut self,
        fc: &FromContext<'_>,
        kind: JoinKind,
        left: Item,
        right: Item,
        quals: Vec<Expr>,
    ) -> Result<Rel> {
        if kind == JoinKind::Full {
            return self.full_join(fc, left, right, quals);
        }
        let (lset, rset) = (left.rel.set, right.rel.set);
        let (lrows, rrows) = (left.rel.plan.rows, right.rel.plan.rows);
        let lateral = right.rel.needs & lset != 0;
        let hashable = !lateral && quals.iter().any(|c| hash_side(c, lset, rset).is_some());
        let refs: Vec<&Expr> = quals.iter().collect();
        let mergeable = !lateral && quals.iter().any(|c| self.mergeable(c, lset, rset));
        let as_is = mergeable && self.merges_as_is(&refs, &left.rel, &right.rel);
        let on = |this: &Self, setting: &str| if this.cx.enabled(setting) { 0.0 } else { DISABLED };
        let (hash_on, merge_on, loop_on) =
            (on(self, "enable_hashjoin"), on(self, "enable_mergejoin"), on(self, "enable_nestloop"));
        // What each costs beyond reading the left side once. Without an order to use, a hash join beats a merge join.
        let keys = quals.iter().filter(|c| hash_side(c, lset, rset).is_some()).count() as f64;
        let l_cost = Cost { startup: 0.0, total: 0.0 };
        let r_cost = Cost { startup: right.rel.plan.startup_cost, total: right.rel.plan.total_cost };
        let out = join_rows(kind, lrows, rrows, 1.0 / lrows.max(rrows).max(1.0));
        let hash_cost = hashable.then(|| {
            cost::hash_join(l_cost, lrows, r_cost, rrows, keys, self.bucket(fc, &refs, rset, rrows), out).part(fc.fraction)
                + hash_on
        });
        let merge_cost = mergeable.then(|| {
            let sort = |c, rows, width| if as_is { c } else { cost::sort(c, rows, width, None) };
            let (l, r) = (sort(l_cost, lrows, left.rel.plan.width), sort(r_cost, rrows, right.rel.plan.width));
            cost::merge_join(l, lrows, r, rrows, keys.max(1.0), out).part(fc.fraction) + merge_on
        });
        let probe = if lateral { None } else { self.probe_choice(fc, &right, lset, &quals, lrows)? };
        let probe_cost = match &probe {
            Some((choice, all)) => {
                let (each, found) = self.probe_cost(fc, &right, choice, all, lrows)?;
                Some(cost::nest_loop(l_cost, lrows, each, found, each.total, 0.0).part(fc.fraction) + loop_on)
            }
            None => None,
        };
        // A loop over kept rows.
        let (kept, again) = cost::material(r_cost, rrows, right.rel.plan.width);
        let loop_cost =
            Some(cost::nest_loop(l_cost, lrows, kept, rrows, again, cost::quals_cost(&refs)).part(fc.fraction) + loop_on);
        // A table made of the left side's rows, which remembers those that met nobody.
        let swapped = (hashable && kind == JoinKind::Left).then(|| {
            let built = Cost { startup: 0.0, total: 0.0 };
            let bucket = self.bucket(fc, &refs, lset, lrows);
            cost::hash_join(r_cost, rrows, built, lrows, keys, bucket, out).part(fc.fraction) + hash_on
        });
        let least = [probe_cost, hash_cost, merge_cost, loop_cost].into_iter().flatten().fold(f64::INFINITY, f64::min);
        if swapped.is_some_and(|c| c < least) {
            return self.hash_join(JoinKind::Right, right.rel, left.rel, quals);
        }
        if let (Some((choice, all)), Some(c)) = (probe, probe_cost)
            && c <= least
        {
            let probed = self.probe_rel(fc, &right, &choice, &all)?;
            // What the index answered need not be tested again.
            let mut quals = quals;
            quals.retain(|c| !choice.answered.iter().any(|k| all.get(*k).is_some_and(|a| expr::same(a, c))));
            return self.nest_loop(kind, left.rel, probed, quals);
        }
        if hash_cost.is_some_and(|c| c <= least) {
            self.hash_join(kind, left.rel, right.rel, quals)
        } else if merge_cost.is_some_and(|c| c <= least) {
            self.merge_join(fc, kind, left, right, quals)
        } else {
            self.nest_loop(kind, left.rel, right.rel, quals)
        }
    }

    /// An index of `right` that conditions with the other side could enter.
    fn probe_choice(
        &mut self,
        fc: &FromContext<'_>,
        right: &Item,
        others: RelSet,
        quals: &[Expr],
        loops: f64,
    ) -> Result<Option<(Probe, Vec<Expr>)>> {
        let Some((r, own)) = &right.table else { return Ok(None) };
        let RteKind::Relation { oid, .. } = &fc.q.rtable[*r as usize].kind else { return Ok(None) };
        let relation = self.cx.relation(*oid)?;
        if relation.system
            || fc.q.rtable[*r as usize].inherit && !relation.children.is_empty()
            || relation.indexes.is_empty()
        {
            return Ok(None);
        }
        let mut all = own.clone();
        let set = 1u128 << r;
        all.extend(quals.iter().filter(|c| expr::rels(c) & !(others | set) == 0 && expr::rels(c) & set != 0).cloned());
        let stats = self.cx.stats(&relation);
        let mut best: Option<IndexChoice> = None;
        for c in self.index_choices(&fc.needed[*r as usize], *r, &relation, &all, &stats)? {
            let joins = c.keys.iter().any(|(_, b)| expr::rels(&b.value) & others != 0);
            if joins && best.as_ref().is_none_or(|b| c.selectivity < b.selectivity || c.unique && !b.unique) {
                best = Some(c);
            }
        }
        let method = self.method_probe(&fc.needed[*r as usize], *r, &relation, others, &all, loops)?;
        let tree = best.map(|c| Probe { answered: c.answered.clone(), index: ProbeIndex::Tree(c) });
        let Some((choice, c)) = method else { return Ok(tree.map(|p| (p, all))) };
        let method = Probe { answered: choice.answered().collect(), index: ProbeIndex::Method(choice) };
        Ok(Some(match tree {
            Some(tree) if self.probe_cost(fc, right, &tree, &all, loops)?.0.total <= c.total => (tree, all),
            _ => (method, all),
        }))
    }

    /// The table of `right`, entered by `choice`.
    fn probe_rel(&mut self, fc: &FromContext<'_>, right: &Item, choice: &Probe, all: &[Expr]) -> Result<Rel> {
        let Some((r, _)) = &right.table else { return Err(tusklet_error::Error::internal("probe of no table")) };
        let RteKind::Relation { oid, .. } = &fc.q.rtable[*r as usize].kind else {
            return Err(tusklet_error::Error::internal("probe of no table"));
        };
        let relation = self.cx.relation(*oid)?;
        let base = self.level().rte_base;
        let needed = fc.needed[*r as usize].clone();
        let cols: Vec<Expr> = needed.iter().map(|a| crate::scan::column_var(fc.q, *r, *a)).collect();
        let rel = ScanRel {
            oid: *oid,
            storage: relation.storage,
            alias: fc.q.rtable[*r as usize].name.clone(),
            rte: base + r,
            columns: needed,
        };
        let set = 1u128 << r;
        let mut choice = match &choice.index {
            ProbeIndex::Tree(c) => c.clone(),
            ProbeIndex::Method(c) => {
                let stats = self.cx.stats(&relation);
                let (own, c) = c.clone().own(all, |i, c| expr::rels(c) & !set == 0 || choice.answered.contains(&i));
                let (each, found) = (c.cost(&stats, 1.0, &own), c.rows(&stats));
                return Ok(self.method_rel(*r, rel, cols, own, c, &stats)?.costed(found, each.startup, each.total));
            }
        };
        // Conditions with the other side that the index does not answer stay with the join.
        let mut own = Vec::new();
        let mut answered = Vec::new();
        for (i, c) in all.iter().enumerate() {
            if expr::rels(c) & !set == 0 {
                if choice.answered.contains(&i) {
                    answered.push(own.len());
                }
                own.push(c.clone());
            }
        }
        choice.answered = answered;
        let probe = Probe { answered: choice.answered.clone(), index: ProbeIndex::Tree(choice.clone()) };
        let (each, found) = self.probe_cost(fc, right, &probe, &own, 1.0)?;
        Ok(self.index_scan(rel, cols, set, own, choice, false, vec![])?.costed(found, each.startup, each.total))
    }

    /// What one of `loops` entries of a table through an index costs, and the rows it gives.
    fn probe_cost(
        &mut self,
        fc: &FromContext<'_>,
        right: &Item,
        probe: &Probe,
        all: &[Expr],
        loops: f64,
    ) -> Result<(Cost, f64)> {
        let table = right.table.as_ref().map(|(r, _)| &fc.q.rtable[*r as usize].kind);
        let Some(RteKind::Relation { oid, .. }) = table else {
            return Err(tusklet_error::Error::internal("probe of no table"));
        };
        let relation = self.cx.relation(*oid)?;
        let stats = self.cx.stats(&relation);
        let choice = match &probe.index {
            ProbeIndex::Tree(c) => c,
            ProbeIndex::Method(c) => return Ok((c.cost(&stats, loops, all), c.rows(&stats))),
        };
        let rest: Vec<&Expr> =
            all.iter().enumerate().filter(|(i, _)| !choice.answered.contains(i)).map(|(_, c)| c).collect();
        let found = if choice.unique { 1.0 } else { (stats.rows * choice.selectivity).round().max(1.0) };
        Ok((choice.scan_cost(&stats, loops, &rest), found))
    }

    /// The share of the inner rows of a hash join that an outer row meets in its bucket (`estimate_hash_bucket_stats`).
    pub(crate) fn bucket(&mut self, fc: &FromContext<'_>, quals: &[&Expr], inner: RelSet, rows: f64) -> f64 {
        let mut least: f64 = 1.0;
        for c in quals {
            let ExprKind::Call(call) = &c.kind else { continue };
            for a in call.args.iter().filter(|a| expr::rels(a) != 0 && expr::rels(a) & !inner == 0) {
                let distinct = self.distinct(fc.q, a);
                least = least.min(distinct.map_or(0.1, |d| 1.0 / d.min(rows).max(1.0)));
            }
        }
        least
    }

    /// How many different values an expression has, where it is a column that is known.
    pub(crate) fn distinct(&mut self, q: &Query, e: &Expr) -> Option<f64> {
        let ExprKind::Var(v) = &e.kind else { return None };
        let RteKind::Relation { oid, .. } = &q.rtable.get(v.rte as usize)?.kind else { return None };
        let rel = self.cx.relation(*oid).ok().filter(|r| !r.system)?;
        let stats = self.cx.stats(&rel);
        stats.columns.get((v.attno.max(1) - 1) as usize).map(|c| c.distinct).filter(|d| *d > 0.0)
    }

    fn nest_loop(
        &mut self,
        kind: JoinKind,
        left: Rel,
        right: Rel,
        quals: Vec<Expr>,
    ) -> Result<Rel> {
        let set = left.set | right.set;
        let (mine, outer): (Vec<_>, Vec<_>) =
            right.params.iter().cloned().partition(|(_, e)| expr::rels(e) & !left.set == 0);
        let mut params = Vec::new();
        for (id, e) in mine {
            params.push((id, resolve::resolve(&e, &left.cols)?));
        }
        let mut native = left.cols.clone();
        native.extend(right.cols.iter().cloned());
        let on = expr::and(quals.iter().map(|c| resolve::resolve(c, &native)).try_vec()?);
        let (lrows, rrows) = (left.plan.rows, right.plan.rows);
        let mut right_plan = right.plan;
        let mut rescan = right_plan.total_cost;
        if params.is_empty()
            && (!keeps_rows(&right_plan.node) || matches!(right_plan.node, Node::FunctionScan { .. }))
            && outer.is_empty()
        {
            let input = Cost { startup: right_plan.startup_cost, total: right_plan.total_cost };
            let (kept, again) = cost::material(input, rrows, right_plan.width);
            right_plan = material(right_plan, kept);
            rescan = again;
        }
        let l_cost = Cost { startup: left.plan.startup_cost, total: left.plan.total_cost };
        let r_cost = Cost { startup: right_plan.startup_cost, total: right_plan.total_cost };
        let tests = cost::quals_cost(&quals.iter().collect::<Vec<_>>());
        let Cost { startup, total } = cost::nest_loop(l_cost, lrows, r_cost, rrows, rescan, tests);
        let cols = match kind {
            JoinKind::Semi | JoinKind::Anti => left.cols.clone(),
            _ => native,
        };
        let sel = 0.1f64.powi(quals.len() as i32);
        let rows = join_rows(kind, lrows, rrows, if params.is_empty() { sel } else { 1.0 });
        let order = left.order.clone();
        let mut all_params = left.params.clone();
        all_params.extend(outer);
        let needs = (left.needs | right.needs) & !set;
        let node = Node::NestLoop { kind, left: left.plan, right: right_plan, on, params };
        let mut rel = Rel::new(node, cols, set, rows, startup, total);
        rel.order = order;
        rel.params = all_params;
        rel.needs = needs;
        Ok(rel)
    }

    pub(crate) fn hash_join(&mut self, kind: JoinKind, left: Rel, right: Rel, quals: Vec<Expr>) -> Result<Rel> {
        let set = left.set | right.set;
        let mut native = left.cols.clone();
        native.extend(right.cols.iter().cloned());
        let mut keys = Vec::new();
        let mut rest = Vec::new();
        for c in &quals {
            match hash_side(c, left.set, right.set) {
                Some((l, r, cmp, collation)) => keys.push(HashKey {
                    left: resolve::resolve(&l, &left.cols)?,
                    right: resolve::resolve(&r, &right.cols)?,
                    cmp,
                    collation,
                }),
                None => rest.push(resolve::resolve(c, &native)?),
            }
        }
        let (lrows, rrows) = (left.plan.rows, right.plan.rows);
        let rows = join_rows(kind, lrows, rrows, 1.0 / lrows.max(rrows).max(1.0) * 0.3f64.powi(rest.len() as i32));
        let l_cost = Cost { startup: left.plan.startup_cost, total: left.plan.total_cost };
        let r_cost = Cost { startup: right.plan.startup_cost, total: right.plan.total_cost };
        let Cost { startup, total } =
            cost::hash_join(l_cost, lrows, r_cost, rrows, keys.len() as f64, 1.0 / rrows.max(1.0), rows);
        let cols = match kind {
            JoinKind::Semi | JoinKind::Anti => left.cols.clone(),
            _ => native,
        };
        let mut params = left.params.clone();
        params.extend(right.params.clone());
        let needs = (left.needs | right.needs) & !set;
        let node = Node::HashJoin {
            kind,
            left: left.plan,
            right: right.plan,
            keys,
            on: expr::and(rest),
            null_aware: false,
        };
        let mut rel = Rel::new(node, cols, set, rows, startup, total);
        rel.params = params;
        rel.needs = needs;
        Ok(rel)
    }

    /// Orders the inner joins of several items.
    fn join_items(&mut self, fc: &FromContext<'_>, items: Vec<Item>, quals: Vec<Expr>) -> Result<Paths> {
        let n = items.len();
        let sets: Vec<RelSet> = items.iter().map(|i| i.rel.set).collect();
        // Conditions with the items they touch.
        let touch = |e: &Expr| -> u64 {
            let r = expr::rels(e);
            sets.iter().enumerate().filter(|(_, s)| **s & r != 0).map(|(i, _)| 1u64 << i).sum()
        };
        let (late, quals): (Vec<Expr>, Vec<Expr>) = quals.into_iter().partition(expr::volatile);
        let mut masks: Vec<u64> = quals.iter().map(&touch).collect();
        let mut quals = quals;
        imply_equalities(&mut quals);
        for c in &quals[masks.len()..] {
            masks.push(touch(c));
        }
        let needs: Vec<u64> = items
            .iter()
            .map(|it| sets.iter().enumerate().filter(|(_, s)| **s & it.rel.needs != 0).map(|(i, _)| 1u64 << i).sum())
            .collect();
        // Selectivity of each join condition.
        let mut sel = Vec::new();
        for c in &quals {
            sel.push(self.join_selectivity(fc, &items, c));
        }
        let rows_of = |mask: u64| -> f64 {
            let base: f64 = (0..n).filter(|i| mask >> i & 1 == 1).map(|i| items[i].rel.plan.rows).product();
            let s: f64 = masks
                .iter()
                .zip(&sel)
                .filter(|(m, _)| m.count_ones() > 1 && **m & !mask == 0)
                .map(|(_, s)| s)
                .product();
            (base * s).max(1.0)
        };
        let mut best: SortedMap<u64, Best> = Default::default();
        for (i, it) in items.iter().enumerate() {
            best.insert(
                1 << i,
                Best {
                    shape: Rc::new(Shape::Item(i)),
                    startup: it.rel.plan.startup_cost,
                    total: it.rel.plan.total_cost,
                    rows: it.rel.plan.rows,
                },
            );
        }
        let fraction = fc.fraction;
        let price = |b: &Best| b.startup + (b.total - b.startup) * fraction;
        // The cheapest whose rows come in the wanted order: only what starts from an item in that order, and goes on by loops.
        let mut ordered: SortedMap<u64, Best> = Default::default();
        for (i, it) in items.iter().enumerate() {
            if let Some(rel) = &it.ordered {
                let (startup, total, rows) = (rel.plan.startup_cost, rel.plan.total_cost, rel.plan.rows);
                ordered.insert(1 << i, Best { shape: Rc::new(Shape::Ordered(i)), startup, total, rows });
            }
        }
        // As many of an ordered plan's rows are fetched as LIMIT asks for.
        let limit = fc.wanted.and_then(|w| w.limit);
        let ordered_price = |b: &Best| {
            let part = limit.map_or(1.0, |l| (l / b.rows.max(1.0)).min(1.0));
            b.startup + (b.total - b.startup) * part
        };
        let mut probes: SortedMap<(u64, usize), Option<(Rc<Probe>, Rc<Vec<Expr>>)>> =
            Default::default();
        let mut consider =
            |this: &mut Self, best: &mut SortedMap<u64, Best>, a: u64, b: u64| -> Result<()> {
                let (Some(l), Some(r)) = (best.get(&a).cloned(), best.get(&b).cloned()) else { return Ok(()) };
                let mask = a | b;
                // A lateral item needs what it refers to on its left.
                let inside = |m: u64| (0..n).filter(|i| m >> i & 1 == 1).map(|i| needs[i]).fold(0, |x, y| x | y) & !m;
                let (need_l, need_r) = (inside(a), inside(b));
                if need_l != 0 && n > 1 && need_l & b != 0 {
                    return Ok(());
                }
                let lateral = need_r & a != 0;
                if need_r & !a != 0 && mask != (1 << n) - 1 && need_r & a == 0 {
                    // Wait until what it needs is there.
                    return Ok(());
                }
                let (lset, rset) = (
                    (0..n).filter(|i| a >> i & 1 == 1).map(|i| sets[i]).fold(0, |x, y| x | y),
                    (0..n).filter(|i| b >> i & 1 == 1).map(|i| sets[i]).fold(0, |x, y| x | y),
                );
                let between: Vec<&Expr> = quals
                    .iter()
                    .zip(&masks)
                    .filter(|(_, m)| **m & !mask == 0 && **m & a != 0 && **m & b != 0)
                    .map(|(c, _)| c)
                    .collect();
                let rows = rows_of(mask);
                let mut put = |cand: Best| {
                    if best.get(&mask).is_none_or(|old| price(&cand) < price(old)) {
                        best.insert(mask, cand);
                    }
                };
                let in_order = ordered.get(&a).cloned();
                let mut put_ordered = |cand: Best| {
                    if ordered.get(&mask).is_none_or(|old| ordered_price(&cand) < ordered_price(old)) {
                        ordered.insert(mask, cand);
                    }
                };
                let hashable = between.iter().any(|c| hash_side(c, lset, rset).is_some());
                let on = |this: &Self, setting: &str| if this.cx.enabled(setting) { 0.0 } else { DISABLED };
                let (hash_on, loop_on) = (on(this, "enable_hashjoin"), on(this, "enable_nestloop"));
                let as_is = match (&*l.shape, &*r.shape) {
                    (Shape::Item(i), Shape::Item(j)) => this.merges_as_is(&between, &items[*i].rel, &items[*j].rel),
                    _ => false,
                };
                if !lateral && between.iter().any(|c| this.mergeable(c, lset, rset)) {
                    let keys = between.iter().filter(|c| this.mergeable(c, lset, rset)).count() as f64;
                    let sort = |b: &Best| if as_is { b.cost() } else { cost::sort(b.cost(), b.rows, 8, None) };
                    let c = cost::merge_join(sort(&l), l.rows, sort(&r), r.rows, keys, rows);
                    let off = on(this, "enable_mergejoin");
                    let (startup, total) = (c.startup + off, c.total + off);
                    put(Best { shape: Rc::new(Shape::Merge(l.shape.clone(), r.shape.clone())), startup, total, rows });
                }
                if hashable && !lateral {
                    let keys = between.iter().filter(|c| hash_side(c, lset, rset).is_some()).count() as f64;
                    let bucket = this.bucket(fc, &between, rset, r.rows);
                    let c = cost::hash_join(l.cost(), l.rows, r.cost(), r.rows, keys, bucket, rows);
                    let (startup, total) = (c.startup + hash_on, c.total + hash_on);
                    put(Best { shape: Rc::new(Shape::Hash(l.shape.clone(), r.shape.clone())), startup, total, rows });
                }
                if b.count_ones() == 1 && !lateral {
                    let i = b.trailing_zeros() as usize;
                    let key = (a, i);
                    if !probes.contains_key(&key) {
                        let owned: Vec<Expr> = between.iter().map(|c| (*c).clone()).collect();
                        let found = this.probe_choice(fc, &items[i], lset, &owned, l.rows)?;
                        probes.insert(key, found.map(|(c, all)| (Rc::new(c), Rc::new(all))));
                    }
                    if let Some(Some((choice, all))) = probes.get(&key) {
                        let (each, found) = this.probe_cost(fc, &items[i], choice, all, l.rows)?;
                        let shape = |l: &Best| Rc::new(Shape::Probe(l.shape.clone(), i, choice.clone(), all.clone()));
                        let c = cost::nest_loop(l.cost(), l.rows, each, found, each.total, 0.0);
                        put(Best { shape: shape(&l), startup: c.startup + loop_on, total: c.total + loop_on, rows });
                        if let Some(l) = &in_order {
                            let Cost { startup, total } =
                                cost::nest_loop(l.cost(), l.rows, each, found, each.total, 0.0);
                            put_ordered(Best { shape: shape(l), startup, total, rows });
                        }
                    }
                }
                // The right side's rows are kept and gone through for each left row, or computed for each.
                let (first, again) = match &*r.shape {
                    _ if lateral => (r.cost(), r.total),
                    Shape::Item(i) if keeps_rows(&items[*i].rel.plan.node) => (r.cost(), r.total - r.startup),
                    _ => cost::material(r.cost(), r.rows, 8),
                };
                let tests = cost::quals_cost(&between);
                if let (Some(l), false) = (&in_order, lateral) {
                    let c = cost::nest_loop(l.cost(), l.rows, first, r.rows, again, tests);
                    put_ordered(Best {
                        shape: Rc::new(Shape::Loop(l.shape.clone(), r.shape.clone())),
                        startup: c.startup,
                        total: c.total,
                        rows,
                    });
                }
                // Cartesian products only when nothing connects.
                let elsewhere = between.is_empty()
                    && !lateral
                    && masks.iter().any(|m| *m & mask != 0 && *m & !mask != 0);
                let extra = if elsewhere { 1e6 } else { loop_on };
                let c = cost::nest_loop(l.cost(), l.rows, first, r.rows, again, tests);
                put(Best {
                    shape: Rc::new(Shape::Loop(l.shape.clone(), r.shape.clone())),
                    startup: c.startup + extra,
                    total: c.total + extra,
                    rows,
                });
                Ok(())
            };
        let full: u64 = (1 << n) - 1;
        if n <= EXHAUSTIVE {
            for mask in 1..=full {
                if mask.count_ones() < 2 {
                    continue;
                }
                // In the order of `join_search_one_level`, which decides among equals: one more item, then bushy ones.
                for j in (0..n).rev().filter(|j| mask >> j & 1 == 1) {
                    let b = 1u64 << j;
                    consider(self, &mut best, mask & !b, b)?;
                    consider(self, &mut best, b, mask & !b)?;
                }
                let mut a = (mask - 1) & mask;
                while a != 0 {
                    if a.count_ones() > 1 && (mask & !a).count_ones() > 1 {
                        consider(self, &mut best, a, mask & !a)?;
                    }
                    a = (a - 1) & mask;
                }
            }
        } else {
            // Greedy: always the pair with the fewest rows.
            let mut parts: Vec<u64> = (0..n).map(|i| 1 << i).collect();
            while parts.len() > 1 {
                let mut pick: Option<(f64, usize, usize)> = None;
                for i in 0..parts.len() {
                    for j in 0..parts.len() {
                        if i == j {
                            continue;
                        }
                        let (a, b) = (parts[i], parts[j]);
                        let connected = masks.iter().any(|m| m & a != 0 && m & b != 0 && m & !(a | b) == 0);
                        let need = (0..n).filter(|k| b >> k & 1 == 1).map(|k| needs[k]).fold(0, |x, y| x | y) & !b;
                        if need & !a != 0 {
                            continue;
                        }
                        let score = rows_of(a | b) * if connected { 1.0 } else { 1e12 };
                        if pick.is_none_or(|p| score < p.0) {
                            pick = Some((score, i, j));
                        }
                    }
                }
                let Some((_, i, j)) = pick else { break };
                let (a, b) = (parts[i], parts[j]);
                consider(self, &mut best, a, b)?;
                consider(self, &mut best, b, a)?;
                parts.retain(|p| *p != a && *p != b);
                parts.push(a | b);
            }
        }
        let Some(winner) = best.get(&full).cloned() else {
            return Err(tusklet_error::Error::unsupported("this combination of LATERAL references"));
        };
        let winner_in_order = ordered.get(&full).cloned();
        let in_order = match winner_in_order {
            Some(w) => Some(self.build_winner(fc, &w, &items, &quals, &late)?),
            None => None,
        };
        Ok(Paths { best: self.build_winner(fc, &winner, &items, &quals, &late)?, ordered: in_order })
    }

    /// The plan of the order that won; `late` are conditions that must wait for all rows.
    fn build_winner(
        &mut self,
        fc: &FromContext<'_>,
        winner: &Best,
        items: &[Item],
        quals: &[Expr],
        late: &[Expr],
    ) -> Result<Rel> {
        let mut left_over: Vec<Option<Expr>> = quals.iter().cloned().map(Some).collect();
        let rel = self.build_shape(fc, &winner.shape, items, &mut left_over)?.costed(
            winner.rows,
            winner.startup,
            winner.total,
        );
        let rest: Vec<Expr> = left_over.into_iter().flatten().chain(late.iter().cloned()).collect();
        self.filtered(rel, rest, &RelStats::default())
    }

    fn build_shape(
        &mut self,
        fc: &FromContext<'_>,
        shape: &Shape,
        items: &[Item],
        quals: &mut [Option<Expr>],
    ) -> Result<Rel> {
        // Conditions whose variables are all there now, at the lowest join that has them.
        fn take(quals: &mut [Option<Expr>], set: RelSet) -> Vec<Expr> {
            quals
                .iter_mut()
                .filter(|c| c.as_ref().is_some_and(|c| expr::rels(c) & !set == 0))
                .filter_map(|c| c.take())
                .collect()
        }
        match shape {
            Shape::Item(i) => Ok(items[*i].rel.clone()),
            Shape::Ordered(i) => {
                items[*i].ordered.clone().ok_or_else(|| tusklet_error::Error::internal("no ordered join item"))
            }
            Shape::Hash(l, r) => {
                let left = self.build_shape(fc, l, items, quals)?;
                let right = self.build_shape(fc, r, items, quals)?;
                let mine = take(quals, left.set | right.set);
                self.hash_join(JoinKind::Inner, left, right, mine)
            }
            Shape::Merge(l, r) => {
                let left = self.shape_item(fc, l, items, quals)?;
                let right = self.shape_item(fc, r, items, quals)?;
                let mine = take(quals, left.rel.set | right.rel.set);
                self.merge_join(fc, JoinKind::Inner, left, right, mine)
            }
            Shape::Loop(l, r) => {
                let left = self.build_shape(fc, l, items, quals)?;
                let right = self.build_shape(fc, r, items, quals)?;
                let mine = take(quals, left.set | right.set);
                self.nest_loop(JoinKind::Inner, left, right, mine)
            }
            Shape::Probe(l, i, choice, all) => {
                let left = self.build_shape(fc, l, items, quals)?;
                let right = self.probe_rel(fc, &items[*i], choice, all)?;
                let mut mine = take(quals, left.set | right.set);
                // What the index answered need not be tested again.
                mine.retain(|c| !choice.answered.iter().any(|k| all.get(*k).is_some_and(|a| expr::same(a, c))));
                self.nest_loop(JoinKind::Inner, left, right, mine)
            }
        }
    }

    /// What a shape builds, still with its table when it is one.
    fn shape_item(
        &mut self,
        fc: &FromContext<'_>,
        shape: &Shape,
        items: &[Item],
        quals: &mut [Option<Expr>],
    ) -> Result<Item> {
        match shape {
            Shape::Item(i) => Ok(items[*i].clone()),
            _ => Ok(Item { rel: self.build_shape(fc, shape, items, quals)?, ordered: None, table: None }),
        }
    }

    fn join_selectivity(&mut self, fc: &FromContext<'_>, items: &[Item], c: &Expr) -> f64 {
        let ExprKind::Call(call) = &c.kind else { return 0.3 };
        if call.op == 0 || call.args.len() != 2 || expr::equality(call.op).is_none() {
            return 0.3;
        }
        let mut distinct: f64 = 1.0;
        for a in &call.args {
            let set = expr::rels(a);
            let rows = items.iter().filter(|i| i.rel.set & set != 0).map(|i| i.rel.plan.rows).fold(1.0, f64::max);
            let known = self.distinct(fc.q, a);
            distinct = distinct.max(known.map_or(rows.min(200.0), |d| d.min(rows)));
        }
        1.0 / distinct
    }
}

pub(crate) fn join_rows(kind: JoinKind, l: f64, r: f64, sel: f64) -> f64 {
    let inner = (l * r * sel).max(1.0);
    match kind {
        JoinKind::Inner => inner,
        JoinKind::Left => inner.max(l),
        JoinKind::Right => inner.max(r),
        JoinKind::Full => inner.max(l).max(r),
        JoinKind::Semi => (l * 0.5).max(1.0),
        JoinKind::Anti => (l * 0.5).max(1.0),
    }
}

/// Lists the items of nested inner joins; their conditions are as good as WHERE's.
fn flatten_inner<'a>(n: &'a FromNode, items: &mut Vec<&'a FromNode>, quals: &mut Vec<Expr>) {
    match n {
        FromNode::Join { kind: JoinKind::Inner, left, right, on, .. } => {
            flatten_inner(left, items, quals);
            flatten_inner(right, items, quals);
            if let Some(on) = on {
                expr::conjuncts(on.clone(), quals);
            }
        }
        _ => items.push(n),
    }
}

/// The sides of an equality between left and right, its comparison function and collation.
fn hash_side(c: &Expr, left: RelSet, right: RelSet) -> Option<(Expr, Expr, Oid, Oid)> {
    let ExprKind::Call(call) = &c.kind else { return None };
    if call.op == 0 || call.args.len() != 2 {
        return None;
    }
    let (a, b) = (expr::rels(&call.args[0]), expr::rels(&call.args[1]));
    let flip = if a != 0 && b != 0 && a & !left == 0 && b & !right == 0 {
        false
    } else if a != 0 && b != 0 && a & !right == 0 && b & !left == 0 {
        true
    } else {
        return None;
    };
    let (l, r, cmp) = expr::equal_sides(call.op, &call.args[0], &call.args[1])?;
    Some(if flip { (r, l, cmp, call.input_collation) } else { (l, r, cmp, call.input_collation) })
}

/// `a = b` and `b = c` give `a = c`, so that any two of them can be joined first. Same operator only, so types agree;
/// equality is strict, so rows with NULLs are dropped either way.
fn imply_equalities(quals: &mut Vec<Expr>) {
    let mut pairs: Vec<(usize, Expr, Expr)> = Vec::new();
    for (i, c) in quals.iter().enumerate() {
        if let ExprKind::Call(call) = &c.kind {
            let eq = call.op != 0 && call.args.len() == 2 && expr::equality(call.op).is_some_and(|e| e.left == e.right);
            if eq && call.args.iter().all(|a| matches!(a.kind, ExprKind::Var(_))) {
                pairs.push((i, call.args[0].clone(), call.args[1].clone()));
            }
        }
    }
    let known = pairs.len();
    if !(2..=12).contains(&known) {
        return;
    }
    let mut added = Vec::new();
    for x in 0..known {
        for y in x + 1..known {
            let (i, a1, b1) = &pairs[x];
            let (j, a2, b2) = &pairs[y];
            let (ExprKind::Call(ci), ExprKind::Call(cj)) = (&quals[*i].kind, &quals[*j].kind) else { continue };
            if ci.op != cj.op {
                continue;
            }
            let ends = if expr::same(a1, a2) {
                (b1, b2)
            } else if expr::same(a1, b2) {
                (b1, a2)
            } else if expr::same(b1, a2) {
                (a1, b2)
            } else if expr::same(b1, b2) {
                (a1, a2)
            } else {
                continue;
            };
            if expr::rels(ends.0) == expr::rels(ends.1) {
                continue;
            }
            let mut c = (**ci).clone();
            c.args = vec![ends.0.clone(), ends.1.clone()];
            let new = quals[*i].with_kind(ExprKind::Call(Box::new(c)));
            if !quals.iter().chain(&added).any(|q| expr::same(q, &new)) {
                added.push(new);
            }
        }
    }
    quals.extend(added);
}
