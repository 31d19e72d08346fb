//! How one entry of the range table is read.

use std::borrow::Cow;
use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{IndexColumn, RelKind, Relation};
use tusklet_error::{Error, Result, SortShort, TryVec, filled};
use tusklet_ir::*;

use crate::cost::Cost;
use crate::{CteRef, PlanContext, Planner, Rel, RelStats, cost, expr, resolve};

/// Access methods whose indexes are ordered.
const BTREE: Oid = 403;

/// An order somebody above would like, most significant first.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Expressions with the order each should have.
    pub keys: Vec<(Expr, SortKey)>,
    /// How many rows will be taken.
    pub limit: Option<f64>,
    /// Sorting would sort all rows even so, because something is computed of them after that.
    pub whole: bool,
}

impl Wanted {
    /// How many rows a sort keeps.
    pub fn bound(&self) -> Option<f64> {
        self.limit.filter(|_| !self.whole)
    }
}

/// A way to use an index.
#[derive(Clone, Debug)]
pub(crate) struct IndexChoice {
    pub index: Rc<Relation>,
    pub keys: Vec<(u32, IndexBound)>,
    /// Which of the conditions it answers exactly, and which it uses.
    pub answered: Vec<usize>,
    pub used: Vec<usize>,
    /// Share of the table's rows it visits, and of its own entries.
    pub selectivity: f64,
    pub boundary: f64,
    /// Times it is entered (`= ANY`).
    pub scans: f64,
    /// Key columns fixed by equality.
    pub fixed: usize,
    /// At most one row.
    pub unique: bool,
    /// It has all the columns that are read.
    pub only: bool,
    /// It has a predicate, which the conditions imply.
    pub partial: bool,
    /// Which key columns' bytes order as their values do (`Catalog::keys_order`).
    ordered: Vec<bool>,
}

/// What is added to the cost of a way that is disabled, as PostgreSQL's `disable_cost`.
const DISABLED: f64 = 1e10;

/// How a table is read: by which of the indexes, backward, and whether for its order.
enum Way {
    Seq,
    Index(usize, bool, bool),
    Bitmap,
    Method(usize),
    Nearest,
}

/// Estimated rows under conditions.
fn share_of(rows: f64, quals: &[Expr], stats: &RelStats) -> f64 {
    (rows * cost::conjunction(&quals.iter().collect::<Vec<_>>(), stats)).round().max(1.0)
}

impl Planner<'_> {
    /// Plans the reading of entry `r` under conditions on it alone (and on parameters).
    pub fn plan_entry(
        &mut self,
        q: &Query,
        r: u32,
        quals: Vec<Expr>,
        needed: &[i16],
        wanted: Option<&Wanted>,
    ) -> Result<Rel> {
        let rte = &q.rtable[r as usize];
        let set = 1u128 << r;
        let var = |attno: i16, c: &RteColumn| Expr::make(ExprKind::Var(Var { rte: r, attno, level: 0 }), c.ty, c.collation, tusklet_error::Span::NONE);
        let cols: Vec<Expr> = rte.columns.iter().enumerate().map(|(i, c)| var(i as i16 + 1, c)).collect();
        let rel = match &rte.kind {
            RteKind::Relation { oid, sample } => {
                return self.plan_relation(q, r, *oid, sample.clone(), quals, needed, wanted);
            }
            RteKind::Subquery { query, .. } => {
                let before = std::mem::take(&mut self.level().used);
                let mut sub = (**query).clone();
                let mut quals = if let RteKind::Subquery { view, .. } = &rte.kind && self.is_barrier(*view) {
                    quals
                } else {
                    crate::pushdown::push_down(&mut sub, r, quals)
                };
                let junk = sub.targets.iter().any(|t| t.junk);
                let mut inner = self.plan_query(&mut sub, true)?;
                quals.retain(|c| !crate::pushdown::run_condition(&mut inner.plan, r, c));
                let params = self.take_used(before);
                let rows = inner.plan.rows;
                let (s, t) = (inner.plan.startup_cost, inner.plan.total_cost);
                let alias = rte.name.clone();
                // The subquery's order in terms of its columns, as far as those show it (`convert_subquery_pathkeys`).
                let order = inner
                    .order
                    .iter()
                    .map_while(|(e, k)| {
                        let at = resolve::find(e, &inner.cols)?;
                        Some((cols.get(at)?.clone(), SortKey { column: at as u32, ..k.clone() }))
                    })
                    .collect();
                let mut rel =
                    Rel::new(Node::SubqueryScan { input: inner.plan, alias, junk }, cols, set, rows, s, t);
                rel.order = order;
                self.level().tuples.insert(r, rows);
                let rel = self.with_params(rel, params);
                return self.filtered(rel, quals, &RelStats::default());
            }
            RteKind::Function { functions, ordinality } => {
                let before = std::mem::take(&mut self.level().used);
                let mut sources = Vec::new();
                let mut at = 0;
                let mut params = Vec::new();
                for f in functions {
                    let mut e = f.expr.clone();
                    self.outer_to_params(&mut e, &mut params);
                    let own = &rte.columns[at..(at + f.columns as usize).min(rte.columns.len())];
                    let columns: Vec<TypeRef> = own.iter().map(|c| c.ty).collect();
                    let names = own.iter().map(|c| c.name.clone()).collect();
                    at += f.columns as usize;
                    let composite = columns.len() != 1 || f.coldeflist || self.is_composite(e.ty.oid);
                    sources.push(FunctionSource { expr: e, columns, names, composite });
                }
                params.extend(self.take_used(before));
                let rows = sources.iter().map(|s| self.function_rows(&s.expr)).fold(1.0, f64::max);
                let node = Node::FunctionScan { functions: sources, ordinality: *ordinality, alias: rte.name.clone() };
                let rel = Rel::new(node, cols, set, rows, 0.0, rows * cost::ROW);
                self.with_params(rel, params)
            }
            RteKind::Values { rows } => {
                let n = rows.len() as f64;
                let mut rows = rows.clone();
                let mut params = Vec::new();
                for e in rows.iter_mut().flatten() {
                    self.outer_to_params(e, &mut params);
                }
                let rel = Rel::new(Node::ValuesScan { rows }, cols, set, n, 0.0, n * (cost::ROW + cost::OP));
                self.with_params(rel, params)
            }
            RteKind::Literals(rows) => {
                let n = rows.0.iter().map(|b| b.len() as f64).sum();
                let types = rte.columns.iter().map(|c| c.ty).collect();
                Rel::new(Node::LiteralScan { rows: rows.clone(), types }, cols, set, n, 0.0, n * (cost::ROW + cost::OP))
            }
            RteKind::Cte { name, level, .. } => {
                let alias = rte.name.clone();
                let at = (self.levels.len() - 1).checked_sub(*level as usize);
                let found = at.and_then(|at| self.levels[at].ctes.get(name).cloned());
                match found {
                    Some(CteRef::Plan(id)) => {
                        let rows = self.ctes[id as usize].plan.rows;
                        Rel::new(Node::CteScan { cte: id, alias }, cols, set, rows, 0.0, rows * cost::ROW)
                    }
                    Some(CteRef::WorkTable(id)) => {
                        Rel::new(Node::WorkTableScan { id, alias }, cols, set, 100.0, 0.0, 1.0)
                    }
                    None => return Err(Error::internal(filled!("could not find CTE \"{}\""; name))),
                }
            }
            RteKind::Result => Rel::new(Node::Result { once: None, input: None }, vec![], set, 1.0, 0.0, cost::ROW),
            RteKind::Join { .. } => return Err(Error::internal("join entry in FROM")),
        };
        self.level().tuples.insert(r, rel.plan.rows);
        self.filtered(rel, quals, &RelStats::default())
    }

    /// Whether a view keeps conditions from looking at rows it does not show.
    fn is_barrier(&mut self, view: Oid) -> bool {
        view != 0
            && self.cx.relation(view).is_ok_and(|r| {
                r.options.iter().any(|(k, v)| k == "security_barrier" && !matches!(v.as_str(), "false" | "off" | "0" | "no"))
            })
    }

    /// Variables of this level in an entry's own expressions are lateral references: parameters.
    pub(crate) fn outer_to_params(&mut self, e: &mut Expr, params: &mut Vec<(u32, Expr)>) {
        self.foreign_to_params(0, e, params);
    }

    /// Variables of this level but those of the entries `own` become parameters.
    pub(crate) fn foreign_to_params(&mut self, own: u128, e: &mut Expr, params: &mut Vec<(u32, Expr)>) {
        visit::walk_mut(e, &mut |x| {
            if matches!(&x.kind, ExprKind::Var(v) if v.level == 0 && own >> v.rte & 1 == 0) {
                let id = match params.iter().find(|(_, p)| expr::same(p, x)) {
                    Some((id, _)) => *id,
                    None => {
                        let id = self.new_param(x.ty);
                        params.push((id, x.clone()));
                        id
                    }
                };
                x.kind = ExprKind::Param(Param::Exec(id));
            }
        });
    }

    /// How many rows a function in FROM gives (`expression_returns_set_rows`): as many as it says, or as a series of
    /// constants has.
    fn function_rows(&mut self, e: &Expr) -> f64 {
        if !expr::returns_set(e) {
            return 1.0;
        }
        let ExprKind::Call(c) = &e.kind else { return cost::UNKNOWN_ROWS };
        let declared = self.cx.catalog().proc(c.func).map_or(cost::UNKNOWN_ROWS, |p| p.rows);
        match builtin::proc(c.func).map(|p| p.name()) {
            Some("generate_series") => {
                let n = |i: usize| c.args.get(i).and_then(|a| cost::value_number(a.as_const()?));
                let step = if c.args.len() > 2 { n(2) } else { Some(1.0) };
                match (n(0), n(1), step) {
                    (Some(from), Some(to), Some(step)) if step != 0.0 => ((to - from + step) / step).floor().max(1.0),
                    _ => declared,
                }
            }
            Some("unnest") => c.args.first().map_or(declared, cost::elements),
            _ => declared.max(1.0),
        }
    }

    fn is_composite(&mut self, ty: Oid) -> bool {
        ty == oids::RECORD
            || builtin::ty(ty).is_some_and(|t| t.kind() == b'c')
            || self
                .cx
                .catalog()
                .user_type(ty)
                .is_some_and(|t| matches!(t.kind, tusklet_catalog::live::TypeEntryKind::Composite(_)))
    }

    /// Attaches parameters that come from sibling entries. Those that come from outer levels are no business of a join.
    pub fn with_params(&mut self, mut rel: Rel, params: Vec<(u32, Expr)>) -> Rel {
        for (id, e) in params {
            let needs = expr::rels(&e);
            if needs != 0 {
                rel.needs |= needs & !rel.set;
                if !rel.params.iter().any(|(i, _)| *i == id) {
                    rel.params.push((id, e));
                }
            }
        }
        rel
    }

    /// `rel` with conditions on it.
    pub fn filtered(&mut self, rel: Rel, quals: Vec<Expr>, stats: &RelStats) -> Result<Rel> {
        if quals.is_empty() {
            return Ok(rel);
        }
        let rows = share_of(rel.plan.rows, &quals, stats);
        let total = rel.plan.total_cost + rel.plan.rows * cost::OP * quals.len() as f64;
        let startup = rel.plan.startup_cost;
        let mut rel = if rel.bare() {
            rel
        } else {
            let cols = rel.cols.clone();
            rel.over(|input| Node::Result { once: None, input: Some(input) }, cols)
        };
        let mut all = Vec::new();
        all.extend(rel.plan.filter.take());
        // Cheap conditions first, as order_qual_clauses does; among equals as written.
        let mut resolved = quals.iter().map(|c| resolve::resolve(c, &rel.cols)).try_vec()?;
        resolved.order_by_key(|e| visit::any(e, &mut |x| matches!(x.kind, ExprKind::SubPlan(_))));
        all.extend(resolved);
        rel.plan.filter = expr::and(all);
        Ok(rel.costed(rows, startup, total))
    }

    #[allow(clippy::too_many_arguments)]
    fn plan_relation(
        &mut self,
        q: &Query,
        r: u32,
        oid: Oid,
        sample: Option<Box<TableSample>>,
        quals: Vec<Expr>,
        needed: &[i16],
        wanted: Option<&Wanted>,
    ) -> Result<Rel> {
        let rte = &q.rtable[r as usize];
        let relation = self.cx.relation(oid)?;
        self.note_use(oid, |u| u.select = true);
        if rte.inherit && !relation.children.is_empty() {
            return self.plan_inherited(q, r, &relation, quals, needed);
        }
        let cols = needed.iter().map(|a| column_var(q, r, *a)).collect();
        self.scan_one(q, r, &relation, needed, cols, quals, sample, wanted)
    }

    /// One table without children. `cols` are what the columns `attnos` are called by the query.
    #[allow(clippy::too_many_arguments)]
    fn scan_one(
        &mut self,
        q: &Query,
        r: u32,
        relation: &Rc<Relation>,
        attnos: &[i16],
        cols: Vec<Expr>,
        quals: Vec<Expr>,
        sample: Option<Box<TableSample>>,
        wanted: Option<&Wanted>,
    ) -> Result<Rel> {
        let set = 1u128 << r;
        let rte = &q.rtable[r as usize];
        let rte_base = self.level().rte_base;
        let rel = ScanRel {
            oid: relation.oid,
            storage: relation.storage,
            alias: rte.name.clone(),
            rte: rte_base + r,
            columns: attnos.to_vec(),
        };
        if relation.system {
            let scan = Rel::new(Node::CatalogScan { rel }, cols, set, 200.0, 0.0, 4.0);
            return self.filtered(scan, quals, &RelStats::default());
        }
        match relation.kind {
            RelKind::Table | RelKind::MatView | RelKind::Sequence | RelKind::Toast => {}
            RelKind::Partitioned => {
                let scan = Rel::new(Node::Append { inputs: vec![], names: vec![] }, cols, set, 1.0, 0.0, 0.0);
                return self.filtered(scan, quals, &RelStats::default());
            }
            _ => return Err(Error::unsupported(filled!("reading relation \"{}\""; relation.name))),
        }
        if relation.kind == RelKind::Sequence {
            let scan = Rel::new(Node::CatalogScan { rel }, cols, set, 1.0, 0.0, cost::ROW);
            return self.filtered(scan, quals, &RelStats::default());
        }
        let stats = self.cx.stats(relation);
        let rows = stats.rows.max(1.0);
        let out_rows = share_of(rows, &quals, &stats);
        let refs: Vec<&Expr> = quals.iter().collect();
        let sort_off = if wanted.is_none() || self.cx.enabled("enable_sort") { 0.0 } else { DISABLED };
        // What a way costs once its rows are in the wanted order and LIMIT has had enough.
        let width = cost::width(&cols.iter().map(|c| c.ty).collect::<Vec<_>>());
        let after = |c: Cost, ordered: bool| match wanted {
            None => c.total,
            Some(w) => {
                let sort = |c| {
                    let c = cost::sort(c, out_rows, width, w.bound());
                    Cost { startup: c.startup + sort_off, ..c }
                };
                let c = if ordered { c } else { sort(c) };
                let c = Cost { total: c.total.max(c.startup), ..c };
                c.part(w.limit.map_or(1.0, |l| (l / out_rows).min(1.0)))
            }
        };
        let seq = cost::seq_scan(&stats, &refs);
        let tid = tid_conditions(r, &quals);
        let indexed = sample.is_none() && tid.is_none() && !relation.indexes.is_empty();
        let off = |this: &Self, setting: &str| if indexed && !this.cx.enabled(setting) { DISABLED } else { 0.0 };
        let (seq_off, index_off, bitmap_off) =
            (off(self, "enable_seqscan"), off(self, "enable_indexscan"), off(self, "enable_bitmapscan"));
        let start = Cost { startup: seq_off, total: seq.total + seq_off };
        let mut best = (start, after(start, false), Way::Seq);
        let mut consider = |c: Cost, ordered: bool, way: &dyn Fn() -> Way| {
            let price = after(c, ordered);
            let better = match (wanted, ordered) {
                (None, _) | (_, false) if !matches!(best.2, Way::Index(_, _, true) | Way::Nearest) => c.beats(best.0),
                _ => price < best.1,
            };
            if better {
                best = (c, price, way());
            }
        };
        if indexed {
            let choices = self.index_choices(attnos, r, relation, &quals, &stats)?;
            for (i, choice) in choices.iter().enumerate() {
                let backward = wanted.and_then(|w| index_order(r, choice, w));
                if choice.keys.is_empty() && backward.is_none() && !choice.only && !choice.partial {
                    continue;
                }
                let rest: Vec<&Expr> =
                    quals.iter().enumerate().filter(|(i, _)| !choice.answered.contains(i)).map(|(_, c)| c).collect();
                let mut c = choice.scan_cost(&stats, 1.0, &rest);
                // One row of a small table is found as fast by its key, and without looking at the others.
                if choice.unique {
                    c.total = c.total.min(seq.total * 0.5);
                }
                c.startup += index_off;
                c.total += index_off;
                consider(c, backward.is_some(), &|| Way::Index(i, backward.unwrap_or(false), backward.is_some()));
            }
            // Indexes that are no B-trees.
            let bitmaps = self.method_choices(attnos, r, relation, &quals, &stats)?;
            let mut methods = self.method_ways(&bitmaps, &quals, &stats, 1.0, false);
            for (i, (_, c)) in methods.iter().enumerate() {
                consider(*c, false, &|| Way::Method(i));
            }
            let unique = index_off == 0.0 && choices.iter().any(|c| c.unique);
            let found =
                if unique { None } else { self.bitmap_choice(r, relation, &quals, &choices, &bitmaps, &stats)? };
            let mut bitmap = None;
            if let Some(found) = found {
                let mut c = cost::bitmap_scan((found.cost, found.share), &stats, 1.0, &refs);
                c.startup += bitmap_off;
                c.total += bitmap_off;
                consider(c, false, &|| Way::Bitmap);
                bitmap = Some(found);
            }
            let nearest = match wanted {
                Some(w) => self.nearest_choice(attnos, r, relation, &quals, w, &stats)?,
                None => None,
            };
            if let Some((_, c)) = &nearest {
                consider(*c, true, &|| Way::Nearest);
            }
            let chosen = match best.2 {
                Way::Method(i) => Some(methods.swap_remove(i)),
                Way::Nearest => nearest,
                _ => None,
            };
            if let Some((choice, c)) = chosen {
                let mut scan = self.method_rel(r, rel, cols, quals, choice, &stats)?.costed(out_rows, c.startup, c.total);
                if let (Way::Nearest, Some(w)) = (&best.2, wanted) {
                    scan.order = w.keys.clone();
                }
                return Ok(scan);
            }
            if let (Way::Bitmap, Some(found)) = (&best.2, bitmap) {
                return self.bitmap_scan(rel, cols, set, quals, found, best.0, out_rows);
            }
            if let Way::Index(i, backward, ordered) = best.2
                && let Some(choice) = choices.into_iter().nth(i)
            {
                let order = match wanted {
                    Some(w) if ordered => w.keys.clone(),
                    _ => vec![],
                };
                return Ok(self
                    .index_scan(rel, cols, set, quals, choice, backward, order)?
                    .costed(out_rows, best.0.startup, best.0.total));
            }
        }
        let zones = quals.iter().filter_map(|c| zone_filter(r, c)).collect();
        if let Some(tids) = tid {
            let n = tids.len() as f64;
            let scan = Rel::new(Node::TidScan { rel, tids }, cols, set, n, 0.0, n * (cost::RANDOM_PAGE + cost::ROW));
            let quals = quals.into_iter().filter(|c| !is_tid_condition(r, c)).collect();
            return self.filtered(scan, quals, &stats);
        }
        let scan = Rel::new(Node::SeqScan { rel, zones, sample }, cols, set, rows, 0.0, seq.total);
        Ok(self.filtered(scan, quals, &stats)?.costed(out_rows, start.startup, start.total))
    }

    /// The index that gives a table's rows in the wanted order, visiting the fewest, and whether backward.
    pub fn ordered_choice(
        &mut self,
        q: &Query,
        r: u32,
        quals: &[Expr],
        needed: &[i16],
        wanted: &Wanted,
    ) -> Result<Option<(IndexChoice, bool)>> {
        if wanted.keys.iter().any(|(e, _)| expr::rels(e) != 1 << r) || !self.cx.enabled("enable_indexscan") {
            return Ok(None);
        }
        let rte = &q.rtable[r as usize];
        let RteKind::Relation { oid, sample: None } = rte.kind else { return Ok(None) };
        let relation = self.cx.relation(oid)?;
        if relation.system || relation.indexes.is_empty() || rte.inherit && !relation.children.is_empty() {
            return Ok(None);
        }
        let stats = self.cx.stats(&relation);
        let mut best: Option<(IndexChoice, bool)> = None;
        for choice in self.index_choices(needed, r, &relation, quals, &stats)? {
            let Some(backward) = index_order(r, &choice, wanted) else { continue };
            if best.as_ref().is_none_or(|(b, _)| choice.selectivity < b.selectivity) {
                best = Some((choice, backward));
            }
        }
        Ok(best)
    }

    /// A table read through that index, if there is one.
    pub fn ordered_scan(
        &mut self,
        q: &Query,
        r: u32,
        quals: &[Expr],
        needed: &[i16],
        wanted: &Wanted,
    ) -> Result<Option<Rel>> {
        let choice = self.ordered_choice(q, r, quals, needed, wanted)?;
        let rte = &q.rtable[r as usize];
        let RteKind::Relation { oid, .. } = rte.kind else { return Ok(None) };
        let relation = self.cx.relation(oid)?;
        if relation.system || relation.indexes.is_empty() || rte.inherit && !relation.children.is_empty() {
            return Ok(None);
        }
        let stats = self.cx.stats(&relation);
        self.note_use(oid, |u| u.select = true);
        let rel = ScanRel {
            oid,
            storage: relation.storage,
            alias: rte.name.clone(),
            rte: self.level().rte_base + r,
            columns: needed.to_vec(),
        };
        let cols: Vec<Expr> = needed.iter().map(|a| column_var(q, r, *a)).collect();
        let Some((choice, backward)) = choice else {
            let Some((choice, c)) = self.nearest_choice(needed, r, &relation, quals, wanted, &stats)? else {
                return Ok(None);
            };
            let out = share_of(stats.rows.max(1.0), quals, &stats);
            let mut scan = self.method_rel(r, rel, cols, quals.to_vec(), choice, &stats)?.costed(out, c.startup, c.total);
            scan.order = wanted.keys.clone();
            return Ok(Some(scan));
        };
        let out = share_of(stats.rows.max(1.0), quals, &stats);
        let rest: Vec<&Expr> =
            quals.iter().enumerate().filter(|(i, _)| !choice.answered.contains(i)).map(|(_, c)| c).collect();
        let c = choice.scan_cost(&stats, 1.0, &rest);
        let scan = self.index_scan(rel, cols, 1 << r, quals.to_vec(), choice, backward, wanted.keys.clone())?;
        Ok(Some(scan.costed(out, c.startup, c.total)))
    }

    /// An index scan from a choice; its costs are the caller's to set.
    #[allow(clippy::too_many_arguments)]
    pub fn index_scan(
        &mut self,
        rel: ScanRel,
        cols: Vec<Expr>,
        set: u128,
        quals: Vec<Expr>,
        choice: IndexChoice,
        backward: bool,
        order: Vec<(Expr, SortKey)>,
    ) -> Result<Rel> {
        let mut params = Vec::new();
        let keys: Vec<(u32, IndexBound)> = choice
            .keys
            .into_iter()
            .map(|(i, mut b)| {
                self.outer_to_params(&mut b.value, &mut params);
                (i, b)
            })
            .collect();
        let rest: Vec<Expr> =
            quals.into_iter().enumerate().filter(|(i, _)| !choice.answered.contains(i)).map(|(_, c)| c).collect();
        let (index, index_storage, only) = (choice.index.oid, choice.index.storage, choice.only);
        let node = Node::IndexScan { rel, index, index_storage, keys, backward, only };
        let scan = Rel::new(node, cols, set, 1.0, 0.0, 0.0);
        let mut scan = self.filtered(scan, rest, &RelStats::default())?;
        scan.order = order;
        Ok(self.with_params(scan, params))
    }

    /// A key column with its expression as the conditions have it: constants computed.
    pub(crate) fn folded_key<'k>(&mut self, col: &'k IndexColumn) -> Result<Cow<'k, IndexColumn>> {
        let Some(e) = &col.expr else { return Ok(Cow::Borrowed(col)) };
        let mut e = (**e).clone();
        self.fold(&mut e)?;
        Ok(Cow::Owned(IndexColumn { expr: Some(Rc::new(e)), ..col.clone() }))
    }

    /// Every ordered index of a table with what it can do for these conditions.
    pub fn index_choices(
        &mut self,
        attnos: &[i16],
        r: u32,
        relation: &Relation,
        quals: &[Expr],
        stats: &RelStats,
    ) -> Result<Vec<IndexChoice>> {
        let mut all = Vec::new();
        let only = self.cx.enabled("enable_indexonlyscan");
        for oid in &relation.indexes {
            let index = self.cx.relation(*oid)?;
            let Some(ix) = &index.index else { continue };
            if !ix.valid || !tusklet_catalog::resolve::is_tree(index.access_method) {
                continue;
            }
            let hash = index.access_method == oids::AM_HASH;
            let mut said = Vec::new();
            if ix.predicate.is_some() {
                let Some(parts) = implied(self.cx, r, ix, quals) else { continue };
                // What the predicate says need not be tested again.
                for (i, c) in quals.iter().enumerate() {
                    if parts.iter().any(|p| implies(self.cx, p, c)) {
                        said.push(i);
                    }
                }
            }
            let mut choice = IndexChoice {
                index: index.clone(),
                keys: vec![],
                answered: said,
                used: vec![],
                selectivity: 1.0,
                boundary: 1.0,
                scans: 1.0,
                fixed: 0,
                unique: false,
                only: only && !hash && attnos.iter().all(|a| *a > 0 && ix.columns.iter().any(|c| c.attno == *a)),
                partial: ix.predicate.is_some(),
                ordered: ix.columns.iter().map(|c| self.cx.catalog().keys_order(c.cmp, c.ty.oid)).collect(),
            };
            // An earlier column is without an equality: what is said of later ones does not narrow the range.
            let mut open = false;
            for (k, col) in ix.columns.iter().take(ix.keys as usize).enumerate() {
                let col = &*self.folded_key(col)?;
                let mut equal = false;
                let mut ranged = false;
                for (i, c) in quals.iter().enumerate() {
                    let Some(m) = match_bound(self.cx, r, c, col) else { continue };
                    if hash && !m.bounds.iter().all(|(op, _)| matches!(op, BoundOp::Eq | BoundOp::In)) {
                        continue;
                    }
                    for (op, value) in m.bounds {
                        match op {
                            BoundOp::Eq | BoundOp::In | BoundOp::IsNull if equal => continue,
                            BoundOp::Eq | BoundOp::In | BoundOp::IsNull => equal = true,
                            _ if equal => continue,
                            _ => ranged = true,
                        }
                        // A row is tested by its own columns only.
                        if open && col.attno == 0 {
                            continue;
                        }
                        choice.keys.push((k as u32, IndexBound { op, value }));
                        if m.exact && !choice.answered.contains(&i) {
                            choice.answered.push(i);
                        }
                        if !choice.used.contains(&i) {
                            choice.used.push(i);
                        }
                    }
                }
                if equal && ranged {
                    // An equality came after a range on the same column: keep the equality, recheck the rest.
                    let at = k as u32;
                    choice
                        .keys
                        .retain(|(n, b)| *n != at || matches!(b.op, BoundOp::Eq | BoundOp::In | BoundOp::IsNull));
                    choice.answered.retain(|i| {
                        match_bound(self.cx, r, &quals[*i], col).is_none_or(|m| {
                            m.bounds.iter().all(|(op, _)| matches!(op, BoundOp::Eq | BoundOp::In | BoundOp::IsNull))
                        })
                    });
                }
                let scalar =
                    choice.keys.iter().any(|(n, b)| *n == k as u32 && matches!(b.op, BoundOp::Eq | BoundOp::IsNull));
                if scalar && choice.fixed == k {
                    choice.fixed = k + 1;
                }
                let used: Vec<&Expr> = choice.used.iter().filter_map(|i| quals.get(*i)).collect();
                choice.selectivity = cost::conjunction(&used, stats);
                if !open {
                    choice.boundary = choice.selectivity;
                    for (_, b) in choice.keys.iter().filter(|(n, b)| *n == k as u32 && b.op == BoundOp::In) {
                        choice.scans *= cost::elements(&b.value);
                    }
                }
                open |= !equal;
                if open && choice.keys.is_empty() {
                    break;
                }
            }
            choice.unique = ix.unique
                && choice.fixed == ix.keys as usize
                && choice.keys.iter().all(|(_, b)| b.op == BoundOp::Eq)
                && ix.predicate.is_none();
            // A hash index is entered by a value or not at all.
            if !hash || !choice.keys.is_empty() {
                all.push(choice);
            }
        }
        Ok(all)
    }

    /// A table with the tables that inherit from it: each scanned in turn, its columns matched to the parent's by name.
    fn plan_inherited(
        &mut self,
        q: &Query,
        r: u32,
        parent: &Rc<Relation>,
        quals: Vec<Expr>,
        needed: &[i16],
    ) -> Result<Rel> {
        let mut tables = Vec::new();
        self.descendants(parent, &mut tables)?;
        let cols: Vec<Expr> = needed.iter().map(|a| column_var(q, r, *a)).collect();
        let mut inputs = Vec::new();
        let (mut rows, mut total) = (0.0, 0.0);
        for t in &tables {
            if t.kind == RelKind::Partitioned {
                continue;
            }
            self.note_use(t.oid, |_| {});
            let attnos = needed.iter().map(|a| child_attno(parent, t, *a)).try_vec()?;
            let scan = if t.oid == parent.oid {
                self.scan_one(q, r, t, &attnos, cols.clone(), quals.clone(), None, None)?
            } else {
                self.scan_child(q, r, parent, t, &attnos, &cols, &quals)?
            };
            rows += scan.plan.rows;
            total += scan.plan.total_cost;
            inputs.push(scan);
        }
        let mut params = Vec::new();
        for i in &inputs {
            params.extend(i.params.clone());
        }
        let plans = inputs.into_iter().map(|i| *i.plan).collect();
        let rel = Rel::new(Node::Append { inputs: plans, names: vec![] }, cols, 1 << r, rows, 0.0, total);
        Ok(self.with_params(rel, params))
    }

    #[allow(clippy::too_many_arguments)]
    fn scan_child(
        &mut self,
        q: &Query,
        r: u32,
        parent: &Relation,
        child: &Rc<Relation>,
        attnos: &[i16],
        cols: &[Expr],
        quals: &[Expr],
    ) -> Result<Rel> {
        // Conditions speak of the parent's attribute numbers; the child's indexes of its own.
        let mut failed = None;
        let mapped: Vec<Expr> = quals
            .iter()
            .map(|c| {
                let mut c = c.clone();
                visit::walk_mut(&mut c, &mut |x| {
                    if let ExprKind::Var(v) = &mut x.kind {
                        if v.rte == r && v.level == 0 {
                            match child_attno(parent, child, v.attno) {
                                Ok(a) => v.attno = a,
                                Err(e) => failed = Some(e),
                            }
                        }
                    }
                });
                c
            })
            .collect();
        if let Some(e) = failed {
            return Err(e);
        }
        let own: Vec<Expr> = attnos
            .iter()
            .zip(cols)
            .map(|(a, c)| c.with_kind(ExprKind::Var(Var { rte: r, attno: *a, level: 0 })))
            .collect();
        let mut rel = self.scan_one(q, r, child, attnos, own, mapped, None, None)?;
        rel.cols = cols.to_vec();
        Ok(rel)
    }

    /// A table and everything below it, each once, level by level (`find_all_inheritors`).
    pub fn descendants(&mut self, parent: &Rc<Relation>, out: &mut Vec<Rc<Relation>>) -> Result<()> {
        let mut next = out.len();
        out.push(parent.clone());
        while let Some(t) = out.get(next).cloned() {
            next += 1;
            let mut children = t.children.clone();
            children.order();
            for c in children {
                if !out.iter().any(|t| t.oid == c) {
                    out.push(self.cx.relation(c)?);
                }
            }
        }
        Ok(())
    }
}

/// The attribute of a child that is the parent's attribute `a`.
pub(crate) fn child_attno(parent: &Relation, child: &Relation, a: i16) -> Result<i16> {
    if a <= 0 || parent.oid == child.oid {
        return Ok(a);
    }
    let name = parent.columns.get(a as usize - 1).map_or("", |c| &c.name);
    child.attno(name).ok_or_else(|| {
        Error::internal(filled!("could not find inherited attribute \"{}\" of relation \"{}\""; name, child.name))
    })
}

/// The variable for attribute `a` of entry `r`, system columns included.
pub(crate) fn column_var(q: &Query, r: u32, a: i16) -> Expr {
    let (ty, collation) = match a {
        1.. => q.rtable[r as usize]
            .columns
            .get(a as usize - 1)
            .map_or((TypeRef::new(oids::INT4), 0), |c| (c.ty, c.collation)),
        -1 => (TypeRef::new(oids::TID), 0),
        -2 | -4 => (TypeRef::new(oids::XID), 0),
        -3 | -5 => (TypeRef::new(oids::CID), 0),
        _ => (TypeRef::new(oids::OID), 0),
    };
    Expr::make(ExprKind::Var(Var { rte: r, attno: a, level: 0 }), ty, collation, tusklet_error::Span::NONE)
}

/// Makes a stored expression over a table's columns (entry 0) speak of entry `r`.
pub(crate) fn set_rte(e: &mut Expr, r: u32) {
    visit::walk_mut(e, &mut |x| {
        x.order_arguments(&|_, _| None);
        if let ExprKind::Var(v) = &mut x.kind {
            v.rte = r;
        }
    });
}

/// The parts of an index's predicate, if the conditions make them TRUE.
pub(crate) fn implied(
    cx: &mut dyn PlanContext,
    r: u32,
    ix: &tusklet_catalog::live::Index,
    quals: &[Expr],
) -> Option<Vec<Expr>> {
    let mut parts = Vec::new();
    if let Some(p) = &ix.predicate {
        let mut p = (**p).clone();
        set_rte(&mut p, r);
        expr::conjuncts(p, &mut parts);
    }
    parts.iter().all(|p| quals.iter().any(|c| implies(cx, c, p))).then_some(parts)
}

/// Whether condition `c` being TRUE makes `p` TRUE (`predicate_implied_by`), of the plainest cases: parts of AND and OR, what
/// is not NULL since a strict condition holds, and comparisons of one expression with two constants.
fn implies(cx: &mut dyn PlanContext, c: &Expr, p: &Expr) -> bool {
    if expr::same(c, p) {
        return true;
    }
    match (&c.kind, &p.kind) {
        (ExprKind::Or(arms), _) => return arms.iter().all(|a| implies(cx, a, p)),
        (_, ExprKind::And(parts)) => return parts.iter().all(|p| implies(cx, c, p)),
        (ExprKind::And(parts), _) => return parts.iter().any(|c| implies(cx, c, p)),
        (_, ExprKind::Or(arms)) => return arms.iter().any(|p| implies(cx, c, p)),
        _ => {}
    }
    // `x IS NOT NULL` follows from any strict condition on x.
    if let ExprKind::NullTest { arg, negated: true, .. } = &p.kind {
        if let (ExprKind::Var(v), true) = (&arg.kind, expr::rejects_null(c, expr::rels(arg))) {
            return visit::any(c, &mut |x| matches!(&x.kind, ExprKind::Var(w) if w == v));
        }
    }
    compared(cx, c, p).unwrap_or(false)
}

/// `x c C` against `x p P` by what `P` and `C` are to each other (`operator_predicate_proof`).
fn compared(cx: &mut dyn PlanContext, c: &Expr, p: &Expr) -> Option<bool> {
    let side = |e: &Expr| -> Option<(Expr, Expr, Oid)> {
        let ExprKind::Call(call) = &e.kind else { return None };
        let [a, b] = call.args.as_slice() else { return None };
        let o = builtin::operator(call.op)?;
        match (a.as_const(), b.as_const()) {
            (None, Some(_)) => Some((a.clone(), b.clone(), o.oid())),
            (Some(_), None) => Some((b.clone(), a.clone(), o.commutator())),
            _ => None,
        }
    };
    let ((x, cv, co), (y, pv, po)) = (side(c)?, side(p)?);
    if !expr::same(&x, &y) || cv.ty.oid != pv.ty.oid {
        return None;
    }
    let strategy = |op: Oid, family: Oid| {
        builtin::amops_by_operator(op).find(|m| m.method() == BTREE && m.family() == family).map(|m| m.strategy())
    };
    let family = builtin::amops_by_operator(co).find(|m| m.method() == BTREE)?.family();
    // Which comparison of P with C proves it, by the strategies of c and p (1 to 5 are <, <=, =, >=, >).
    let name = match (strategy(co, family)?, strategy(po, family)?) {
        (1, 1 | 2) | (2 | 3, 2) => ">=",
        (2 | 3, 1) => ">",
        (3, 3) => "=",
        (3 | 4, 4) | (5, 4 | 5) => "<=",
        (3 | 4, 5) => "<",
        _ => return None,
    };
    let op = builtin::operator_exact(name, pv.ty.oid, cv.ty.oid)?;
    let ExprKind::Call(call) = &c.kind else { return None };
    let test = FuncCall { op: op.oid(), func: op.code(), args: vec![pv, cv], ..(**call).clone() };
    let test = c.with_kind(ExprKind::Call(Box::new(test)));
    Some(matches!(cx.evaluate(&test), Ok(Value::Bool(true))))
}

pub(crate) struct Match {
    pub bounds: Vec<(BoundOp, Expr)>,
    pub exact: bool,
}

fn strip_relabel(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Relabel { arg, .. } | ExprKind::Collate(arg) => strip_relabel(arg),
        _ => e,
    }
}

/// Whether `e` is what index column `col` of entry `r` holds.
pub(crate) fn is_key(r: u32, e: &Expr, col: &tusklet_catalog::live::IndexColumn) -> bool {
    if col.attno != 0 {
        return matches!(&strip_relabel(e).kind, ExprKind::Var(v) if v.rte == r && v.level == 0 && v.attno == col.attno);
    }
    let Some(x) = &col.expr else { return false };
    let mut x = (**x).clone();
    set_rte(&mut x, r);
    expr::same(strip_relabel(&x), strip_relabel(e))
}

fn text_like(t: Oid) -> bool {
    matches!(t, oids::TEXT | oids::VARCHAR | oids::NAME | oids::UNKNOWN)
}

/// `value` as the key's type, when that loses nothing.
pub(crate) fn as_key(value: &Expr, ty: Oid) -> Option<Expr> {
    let v = value.ty.oid;
    if v == ty || text_like(v) && text_like(ty) {
        return Some(value.clone());
    }
    if let Some(w) = expr::widen(value.clone(), ty) {
        return Some(w);
    }
    // Integers of any width are fitted to the key when the scan starts.
    if !matches!(value.kind, ExprKind::Const(_)) && expr::integer(v) && expr::integer(ty) {
        return Some(value.clone());
    }
    // A wider constant that fits.
    let n = match value.as_const()? {
        Value::I16(n) => *n as i64,
        Value::I32(n) => *n as i64,
        Value::I64(n) => *n,
        _ => return None,
    };
    let v = match ty {
        oids::INT2 => Value::I16(i16::try_from(n).ok()?),
        oids::INT4 => Value::I32(i32::try_from(n).ok()?),
        _ => return None,
    };
    expr::integer(value.ty.oid).then(|| Expr::constant(v, TypeRef::new(ty)))
}

/// Whether an expression has one value for all rows of entry `r`.
pub(crate) fn free(r: u32, e: &Expr) -> bool {
    expr::rels(e) >> r & 1 == 0 && !expr::volatile(e)
}

/// An operator with index column `col` of entry `r` on its left, turned round if need be, and its other side, which must not
/// look at the entry.
pub(crate) fn operator_on<'a>(
    r: u32,
    call: &'a FuncCall,
    col: &tusklet_catalog::live::IndexColumn,
) -> Option<(Oid, &'a Expr)> {
    let [a, b] = &call.args[..] else { return None };
    if call.op == 0 {
        return None;
    }
    if is_key(r, a, col) && free(r, b) {
        Some((call.op, b))
    } else if is_key(r, b, col) && free(r, a) {
        Some((builtin::operator(call.op)?.commutator(), a))
    } else {
        None
    }
}

/// What condition `c` says about index column `col` of entry `r`.
pub(crate) fn match_bound(cx: &dyn PlanContext, r: u32, c: &Expr, col: &tusklet_catalog::live::IndexColumn) -> Option<Match> {
    let free = |e: &Expr| free(r, e);
    match &c.kind {
        ExprKind::Call(call) if call.op != 0 && call.args.len() == 2 => {
            let (op, value) = operator_on(r, call, col)?;
            if let Some(m) = builtin::amops_by_operator(op).find(|m| m.family() == col.opfamily && m.purpose() == b's')
            {
                let op = match m.strategy() {
                    1 if m.method() == oids::AM_HASH => BoundOp::Eq,
                    1 => BoundOp::Lt,
                    2 => BoundOp::Le,
                    3 => BoundOp::Eq,
                    4 => BoundOp::Ge,
                    5 => BoundOp::Gt,
                    _ => return None,
                };
                if op != BoundOp::Eq && !cx.catalog().keys_order(col.cmp, col.ty.oid) {
                    return None;
                }
                return Some(Match { bounds: vec![(op, as_key(value, col.ty.oid)?)], exact: true });
            }
            // Equality serves any family of the same type: the collations are deterministic.
            let name = builtin::operator(op)?.name();
            if name == "=" && text_like(col.ty.oid) && text_like(value.ty.oid) && expr::equality(op).is_some() {
                return Some(Match { bounds: vec![(BoundOp::Eq, value.clone())], exact: true });
            }
            // What lies in a network is between its first and its last address (`network_subset_support`).
            if matches!(name, "<<" | "<<=") && matches!(col.ty.oid, oids::INET | oids::CIDR) {
                let Some(Value::Bytes(network)) = value.as_const() else { return None };
                let (first, last) = cx.network_range(network)?;
                let inet = |v: Vec<u8>| Expr::constant(Value::bytes(&v), TypeRef::new(oids::INET));
                let from = if name == "<<" { BoundOp::Gt } else { BoundOp::Ge };
                return Some(Match { bounds: vec![(from, inet(first)), (BoundOp::Le, inet(last))], exact: false });
            }
            let of_text = builtin::amproc(col.opfamily, oids::TEXT, oids::TEXT, 1).is_some();
            if !text_like(col.ty.oid) || !of_text {
                return None;
            }
            let Some(Value::Bytes(pattern)) = value.as_const() else { return None };
            match name {
                "~~" => {
                    let (prefix, whole) = like_prefix(pattern)?;
                    prefix_bounds(prefix, whole, col.ty)
                }
                "~" | "~*" => {
                    let (prefix, whole) = cx.pattern_prefix(std::str::from_utf8(pattern).ok()?, name == "~*")?;
                    prefix_bounds(prefix.into_bytes(), whole, col.ty)
                }
                _ => None,
            }
        }
        ExprKind::RowCompare { kind, left, right, .. } => {
            // Rows are compared by their first columns first; the whole is tested again.
            let (a, b) = (left.first()?, right.first()?);
            let less = matches!(kind, RowCompareKind::Lt | RowCompareKind::Le);
            let (value, less) = if is_key(r, a, col) && right.iter().all(free) {
                (b, less)
            } else if is_key(r, b, col) && left.iter().all(free) {
                (a, !less)
            } else {
                return None;
            };
            let own = builtin::amproc(col.opfamily, value.ty.oid, value.ty.oid, 1).is_some();
            if !own || !cx.catalog().keys_order(col.cmp, col.ty.oid) {
                return None;
            }
            let op = if less { BoundOp::Le } else { BoundOp::Ge };
            Some(Match { bounds: vec![(op, as_key(value, col.ty.oid)?)], exact: false })
        }
        ExprKind::NullTest { arg, negated, row: false } if is_key(r, arg, col) => {
            let op = if *negated { BoundOp::IsNotNull } else { BoundOp::IsNull };
            let null = Expr::constant(Value::Null, col.ty);
            Some(Match { bounds: vec![(op, null)], exact: true })
        }
        ExprKind::ScalarArray { op, any: true, left, right, .. } if is_key(r, left, col) && free(right) => {
            let m = builtin::amops_by_operator(*op).find(|m| m.family() == col.opfamily && m.strategy() == if m.method() == oids::AM_HASH { 1 } else { 3 })?;
            let same_type = m.right() == col.ty.oid || text_like(m.right()) && text_like(col.ty.oid);
            same_type.then(|| Match { bounds: vec![(BoundOp::In, right.clone())], exact: true })
        }
        ExprKind::Var(v) if col.ty.oid == oids::BOOL && v.rte == r && v.level == 0 && v.attno == col.attno => {
            Some(Match { bounds: vec![(BoundOp::Eq, Expr::constant(Value::Bool(true), col.ty))], exact: true })
        }
        ExprKind::Not(a) if col.ty.oid == oids::BOOL => match &a.kind {
            ExprKind::Var(v) if v.rte == r && v.level == 0 && v.attno == col.attno => {
                Some(Match { bounds: vec![(BoundOp::Eq, Expr::constant(Value::Bool(false), col.ty))], exact: true })
            }
            _ => None,
        },
        _ => None,
    }
}

/// What every string LIKE the pattern begins with, and whether that is all of it.
fn like_prefix(pattern: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut prefix = Vec::new();
    let mut bytes = pattern.iter();
    let mut whole = true;
    while let Some(b) = bytes.next() {
        match b {
            b'%' | b'_' => {
                whole = false;
                break;
            }
            b'\\' => prefix.push(*bytes.next()?),
            b => prefix.push(*b),
        }
    }
    Some((prefix, whole))
}

/// What begins with a prefix lies between it and its successor in byte order. The pattern itself is checked again.
pub(crate) fn prefix_bounds(prefix: Vec<u8>, whole: bool, ty: TypeRef) -> Option<Match> {
    if prefix.is_empty() {
        return None;
    }
    let text = |b: &[u8]| Expr::constant(Value::bytes(b), ty);
    if whole {
        return Some(Match { bounds: vec![(BoundOp::Eq, text(&prefix))], exact: false });
    }
    let mut bounds = vec![(BoundOp::Ge, text(&prefix))];
    // The successor need not be valid text: keys are bytes.
    let mut end = prefix;
    while let Some(last) = end.pop() {
        if last < 0xFF {
            end.push(last + 1);
            bounds.push((BoundOp::Lt, text(&end)));
            break;
        }
    }
    Some(Match { bounds, exact: false })
}

/// Whether the index, entered with the keys of `choice`, gives the wanted order: `Some(backward)`.
fn index_order(r: u32, choice: &IndexChoice, wanted: &Wanted) -> Option<bool> {
    let ix = choice.index.index.as_ref().filter(|_| choice.index.access_method == BTREE)?;
    if choice.keys.iter().any(|(_, b)| b.op == BoundOp::In) {
        return None;
    }
    let mut backward = None;
    let mut at = 0;
    for (e, key) in &wanted.keys {
        loop {
            let col = ix.columns.get(at).filter(|_| at < ix.keys as usize)?;
            if is_key(r, e, col) && col.cmp == key.cmp && choice.ordered.get(at) == Some(&true) {
                let flipped = col.desc != key.desc;
                if (col.nulls_first != key.nulls_first) != flipped {
                    return None;
                }
                if *backward.get_or_insert(flipped) != flipped {
                    return None;
                }
                at += 1;
                break;
            }
            // A column fixed to one value orders nothing.
            if at < choice.fixed {
                at += 1;
                continue;
            }
            return None;
        }
    }
    backward
}

/// A condition whole row groups can be tested against.
fn zone_filter(r: u32, c: &Expr) -> Option<ZoneFilter> {
    let ExprKind::Call(call) = &c.kind else { return None };
    if call.op == 0 || call.args.len() != 2 {
        return None;
    }
    let (a, b) = (&call.args[0], &call.args[1]);
    let (var, op, value) = match (&a.kind, &b.kind) {
        (ExprKind::Var(v), ExprKind::Const(_) | ExprKind::Param(_)) if v.rte == r && v.level == 0 => (v, call.op, b),
        (ExprKind::Const(_) | ExprKind::Param(_), ExprKind::Var(v)) if v.rte == r && v.level == 0 => {
            (v, builtin::operator(call.op)?.commutator(), a)
        }
        _ => return None,
    };
    let ty = if std::ptr::eq(value, b) { a.ty.oid } else { b.ty.oid };
    let fixed = matches!(
        ty,
        oids::INT2
            | oids::INT4
            | oids::INT8
            | oids::FLOAT8
            | oids::DATE
            | oids::TIMESTAMP
            | oids::TIMESTAMPTZ
            | oids::TIME
    );
    if !fixed || var.attno < 1 || value.ty.oid != ty {
        return None;
    }
    let m = builtin::amops_by_operator(op).find(|m| m.method() == BTREE && m.left() == ty && m.right() == ty)?;
    let op = match m.strategy() {
        1 => BoundOp::Lt,
        2 => BoundOp::Le,
        3 => BoundOp::Eq,
        4 => BoundOp::Ge,
        _ => BoundOp::Gt,
    };
    Some(ZoneFilter { attno: var.attno, bound: IndexBound { op, value: value.clone() } })
}

fn is_tid_condition(r: u32, c: &Expr) -> bool {
    tid_condition(r, c).is_some()
}

/// `ctid = …`, whose other side does not depend on the row.
fn tid_condition(r: u32, c: &Expr) -> Option<Expr> {
    let ExprKind::Call(call) = &c.kind else { return None };
    if call.args.len() != 2 || builtin::operator(call.op)?.name() != "=" {
        return None;
    }
    let ctid = |e: &Expr| matches!(&e.kind, ExprKind::Var(v) if v.rte == r && v.level == 0 && v.attno == -1);
    let (a, b) = (&call.args[0], &call.args[1]);
    let other = if ctid(a) {
        b
    } else if ctid(b) {
        a
    } else {
        return None;
    };
    (expr::rels(other) == 0 && other.ty.oid == oids::TID).then(|| other.clone())
}

fn tid_conditions(r: u32, quals: &[Expr]) -> Option<Vec<Expr>> {
    quals.iter().find_map(|c| tid_condition(r, c)).map(|e| vec![e])
}
