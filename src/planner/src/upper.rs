//! Above the joins: grouping, windows, set-returning functions, DISTINCT, ORDER BY, row locks, LIMIT.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Result, SortShort, TryVec};
use tusklet_ir::*;

use crate::join::FromContext;
use crate::resolve::{find, resolve, resolve_all};
use crate::scan::Wanted;
use crate::{Planner, Rel, cost, expr, prep};

impl Planner<'_> {
    /// The rewrites every query level goes through before its FROM is planned.
    pub fn prepare(&mut self, q: &mut Query) -> Result<()> {
        prep::flatten_join_vars(q);
        prep::expand_whole_rows(q);
        self.inline_sets(q)?;
        self.pull_up_subqueries(q)?;
        self.fold_query(q)?;
        // LIMIT ALL and OFFSET 0 keep subqueries apart, nothing else (`limit_needed`).
        let idle = |e: &Expr, zero: bool| match e.as_const() {
            Some(Value::Null) => true,
            Some(Value::I64(0)) => zero,
            _ => false,
        };
        q.limit = q.limit.take().filter(|e| q.with_ties || !idle(e, false));
        q.offset = q.offset.take().filter(|e| !idle(e, true));
        self.pull_up_sublinks(q)?;
        self.pull_up_subqueries(q)?;
        crate::pushdown::having_to_where(q);
        self.reduce_outer_joins(q);
        self.min_max_from_indexes(q)?;
        let base = self.level().rte_base;
        self.next_rte = self.next_rte.max(base + q.rtable.len() as u32);
        self.replace_outer(q)?;
        self.plan_sublinks(q)?;
        let mut volatile = false;
        visit::query_exprs(q, &mut |e| volatile |= expr::volatile(e));
        self.volatile |= volatile;
        Ok(())
    }

    /// Which attributes of each entry the query reads.
    pub fn needed(&mut self, q: &Query) -> Vec<Vec<i16>> {
        let mut needed: Vec<Vec<i16>> = vec![vec![]; q.rtable.len()];
        let mut note = |e: &Expr| {
            visit::walk(e, &mut |x| {
                if let ExprKind::Var(v) = &x.kind {
                    if let (0, Some(n)) = (v.level, needed.get_mut(v.rte as usize)) {
                        if !n.contains(&v.attno) {
                            n.push(v.attno);
                        }
                    }
                }
                true
            });
        };
        visit::query_exprs(q, &mut note);
        for r in &q.rtable {
            // A lateral subquery's references to its siblings.
            if let (true, RteKind::Subquery { query, .. }) = (r.lateral, &r.kind) {
                let mut sub = (**query).clone();
                visit::walk_levels_mut(&mut sub, 0, &mut |x, depth| {
                    if let ExprKind::Var(v) = &x.kind {
                        if v.level == depth + 1 {
                            let own = x.with_kind(ExprKind::Var(Var { level: 0, ..v.clone() }));
                            note(&own);
                        }
                    }
                });
            }
        }
        for m in &q.locks {
            for a in [-1, -6] {
                let n = &mut needed[m.rte as usize];
                if matches!(q.rtable[m.rte as usize].kind, RteKind::Relation { .. }) && !n.contains(&a) {
                    n.push(a);
                }
            }
        }
        for (n, r) in needed.iter_mut().zip(&q.rtable) {
            if !matches!(r.kind, RteKind::Relation { .. }) {
                n.clear();
            }
            n.order_by_key(|a| if *a > 0 { *a as i32 } else { 10_000 - *a as i32 });
        }
        needed
    }

    /// Plans a SELECT without set operations. The columns of the result are its targets, junk included.
    pub fn plan_select(&mut self, q: &mut Query) -> Result<Rel> {
        self.prepare(q)?;
        let needed = self.needed(q);
        let mut grouped = q.has_aggs || !q.group_by.is_empty() || !q.grouping_sets.is_empty() || q.having.is_some();
        let mut quals = Vec::new();
        if let Some(f) = q.filter.take() {
            expr::conjuncts(f, &mut quals);
        }
        // A group of all rows, of which nothing is asked but that it is there, is there without looking.
        if grouped
            && !q.has_aggs
            && !q.has_windows
            && q.group_by.is_empty()
            && q.grouping_sets.len() <= 1
            && q.grouping_sets.iter().all(|s| s.is_empty())
        {
            (0..q.rtable.len()).for_each(|r| self.note_reads(&q.rtable[r].kind));
            q.from.clear();
            q.grouping_sets.clear();
            quals.clear();
            if let Some(h) = q.having.take() {
                expr::conjuncts(h, &mut quals);
            }
            grouped = false;
        }
        self.level().equal = equalities(&quals);
        // Equalities are tested last: they come back from the equivalence classes (`generate_base_implied_equalities`).
        let equality = |c: &Expr| matches!(&c.kind, ExprKind::Call(f) if f.op != 0 && expr::equality(f.op).is_some());
        quals.order_by_key(|c| equality(c) && !expr::volatile(c));
        let limit = self.row_limit(q);
        let wanted = self.wanted_order(q, grouped, limit);
        let fraction = match (limit, grouped || q.distinct.is_some() || q.has_windows) {
            // What must be sorted is read to its end; what comes sorted is weighed with the limit (`Wanted`).
            (Some(l), false) if q.order_by.is_empty() => {
                let guess = self.guess_rows(q).max(1.0);
                (l / guess).clamp(1e-6, 1.0)
            }
            _ => 1.0,
        };
        let from = q.from.clone();
        let ordered = if grouped { self.ordered_for_groups(q, &from, &quals, &needed)? } else { None };
        let fc = FromContext { q, needed: &needed, wanted: wanted.as_ref(), fraction };
        let mut rel = self.plan_from(&fc, &from, quals)?;
        if rel.params.iter().any(|(_, e)| expr::rels(e) & !rel.set != 0) {
            return Err(Error::unsupported("this LATERAL reference"));
        }
        if grouped {
            rel = self.plan_grouping(q, rel, ordered)?;
        }
        if q.has_windows {
            rel = self.plan_windows(q, rel)?;
        }
        self.plan_output(q, rel, limit)
    }

    /// A guess at the rows FROM gives, to weigh LIMIT against.
    fn guess_rows(&mut self, q: &Query) -> f64 {
        let mut most = 1.0f64;
        for r in &q.rtable {
            if let RteKind::Relation { oid, .. } = &r.kind {
                if let Ok(rel) = self.cx.relation(*oid) {
                    if !rel.system {
                        most = most.max(self.cx.stats(&rel).rows);
                    }
                }
            }
        }
        most
    }

    /// LIMIT + OFFSET when both are known.
    fn row_limit(&self, q: &Query) -> Option<f64> {
        let number = |e: &Expr| match &e.kind {
            ExprKind::Const(Value::I64(n)) => Some(*n as f64),
            ExprKind::Const(_) => None,
            _ => Some(100.0),
        };
        let l = number(q.limit.as_ref()?)?;
        Some(l + q.offset.as_ref().map_or(Some(0.0), number).unwrap_or(0.0))
    }

    /// The order a scan could give so that no sort is needed.
    fn wanted_order(&self, q: &Query, grouped: bool, limit: Option<f64>) -> Option<Wanted> {
        if grouped {
            return None;
        }
        let windows = active_windows(q);
        let (by, whole) = match windows.first().and_then(|w| q.windows.get(*w)) {
            // The first window's: the others sort what it gives (`standard_qp_callback`).
            Some(w) => (w.partition_by.iter().chain(&w.order_by).collect::<Vec<_>>(), true),
            None if q.distinct.is_none() => (q.order_by.iter().collect(), false),
            None => return None,
        };
        if by.is_empty() {
            return None;
        }
        let same = |a: &SortClause, b: &SortClause| (a.target, a.sort_op, a.nulls_first) == (b.target, b.sort_op, b.nulls_first);
        let follows = q.distinct.is_none()
            && windows.len() < 2
            && q.order_by.len() <= by.len()
            && q.order_by.iter().zip(&by).all(|(a, b)| same(a, b));
        let limit = limit.filter(|_| follows);
        let mut keys = Vec::new();
        for s in by {
            let t = q.targets.iter().find(|t| t.sort_ref == s.target)?;
            if expr::returns_set(&t.expr) {
                return None;
            }
            keys.push((t.expr.clone(), sort_key(s, 0, &t.expr)));
        }
        Some(Wanted { keys, limit, whole })
    }

    /// GROUP BY, aggregates, HAVING.
    fn plan_grouping(&mut self, q: &mut Query, rel: Rel, ordered: Option<Rel>) -> Result<Rel> {
        let carried = self.useless_groups(q) + self.add_dependent_columns(q);
        crate::grouping::distinguish_constants(q);
        if q.grouping_sets.is_empty() {
            let mut carried_last = q.group_by.split_off(q.group_by.len() - carried);
            crate::grouping::follow_order(q);
            q.group_by.append(&mut carried_last);
        }
        let group_exprs: Vec<(u32, Expr)> = q
            .group_by
            .iter()
            .filter_map(|s| q.targets.iter().find(|t| t.sort_ref == s.target).map(|t| (s.target, t.expr.clone())))
            .collect();
        // The aggregates, each once.
        let ordered = if rel.set.count_ones() == 1 { ordered } else { None };
        let mut calls: Vec<Expr> = Vec::new();
        let mut collect = |e: &Expr| {
            visit::walk(e, &mut |x| match &x.kind {
                ExprKind::Aggregate(_) => {
                    if find(x, &calls).is_none() || expr::volatile(x) {
                        calls.push(x.clone());
                    }
                    false
                }
                _ => true,
            })
        };
        q.targets.iter().for_each(|t| collect(&t.expr));
        q.having.iter().for_each(&mut collect);

        // Group columns that are not columns yet are computed below the aggregation.
        let mut rel = rel;
        let mut cols = rel.cols.clone();
        let mut added = false;
        for (_, e) in &group_exprs {
            if find(e, &cols).is_none() {
                cols.push(e.clone());
                added = true;
            }
        }
        if added {
            // Set-returning functions that are grouped by make their rows below the aggregation.
            rel = if group_exprs.iter().any(|(_, e)| expr::returns_set(e)) {
                self.project_sets(rel, &cols)?
            } else {
                self.project(rel, cols)?
            };
        }
        let mut groups = Vec::new();
        for (s, (_, e)) in q.group_by.iter().zip(&group_exprs) {
            let at = find(e, &rel.cols).ok_or_else(|| Error::internal("group column not found"))?;
            groups.push(sort_key(s, at as u32, e));
        }
        let aggs = self.resolve_aggregates(&calls, &rel.cols)?;
        let mut out: Vec<Expr> = group_exprs.iter().map(|(_, e)| e.clone()).collect();
        out.extend(calls.iter().cloned());
        let work = crate::grouping::Work::new(&group_exprs, &groups, &calls, carried);
        // What comes in the order of the groups takes their columns as it has them.
        let ordered = ordered.filter(|_| !added);
        let chosen = self.choose_grouping(q, rel, ordered, &work)?;
        let refs: Vec<u32> = group_exprs.iter().map(|(r, _)| *r).collect();
        let mut groupings = Vec::new();
        let mut known = Vec::new();
        let set = chosen.sets.is_some();
        let mut see = |e: &mut Expr| {
            visit::walk_mut(e, &mut |x| {
                let ExprKind::Grouping { refs: wanted, level: 0, .. } = &x.kind else { return };
                // Without sets every group has all columns.
                if !set {
                    *x = Expr::constant(Value::I32(0), TypeRef::new(oids::INT4));
                } else if find(x, &known).is_none() {
                    let at = |w: &u32| refs.iter().position(|r| r == w).map(|p| p as u32);
                    groupings.push(wanted.iter().filter_map(at).collect::<Vec<u32>>());
                    known.push(x.clone());
                }
            })
        };
        q.targets.iter_mut().for_each(|t| see(&mut t.expr));
        q.having.iter_mut().for_each(see);
        out.extend(known);
        let crate::grouping::Chosen { input, strategy, sets, rows, cost, order } = chosen;
        // The columns of another input stand elsewhere.
        let (mut groups, mut aggs) = (groups, aggs);
        if !work.same_columns(&input) {
            for (g, (_, e)) in groups.iter_mut().zip(&group_exprs) {
                let at = find(e, &input.cols).ok_or_else(|| Error::internal("group column not found"))?;
                g.column = at as u32;
            }
            aggs = self.resolve_aggregates(&calls, &input.cols)?;
        }
        let rel = input.over(|input| Node::Aggregate { input, strategy, groups, carried: carried as u32, sets, groupings, aggs }, out).costed(
            rows,
            cost.startup,
            cost.total,
        );
        let mut rel = Rel { order, ..rel };
        if let Some(h) = q.having.take() {
            let mut quals = Vec::new();
            expr::conjuncts(h, &mut quals);
            rel = self.filtered(rel, quals, &Default::default())?;
        }
        Ok(rel)
    }

    /// The aggregates over columns.
    fn resolve_aggregates(&mut self, calls: &[Expr], cols: &[Expr]) -> Result<Vec<Aggregate>> {
        let mut aggs = Vec::new();
        for c in calls {
            let ExprKind::Aggregate(a) = &c.kind else { continue };
            let mut a = (**a).clone();
            for t in &mut a.args {
                t.expr = resolve(&t.expr, cols)?;
            }
            a.direct = a.direct.iter().map(|d| resolve_direct(d, cols)).try_vec()?;
            if let Some(f) = &mut a.filter {
                *f = resolve(f, cols)?;
            }
            aggs.push(a);
        }
        Ok(aggs)
    }

    /// Columns that only depend on the grouped ones (through a primary key) become group columns: the groups stay the same.
    fn add_dependent_columns(&mut self, q: &mut Query) -> usize {
        let grouped: Vec<Expr> = q
            .group_by
            .iter()
            .filter_map(|s| q.targets.iter().find(|t| t.sort_ref == s.target).map(|t| t.expr.clone()))
            .collect();
        if grouped.is_empty() {
            return 0;
        }
        let mut missing: Vec<Expr> = Vec::new();
        let mut look = |e: &Expr| {
            visit::walk(e, &mut |x| {
                if matches!(x.kind, ExprKind::Aggregate(_) | ExprKind::Grouping { .. }) || find(x, &grouped).is_some() {
                    return false;
                }
                if matches!(&x.kind, ExprKind::Var(v) if v.level == 0) && find(x, &missing).is_none() {
                    missing.push(x.clone());
                }
                true
            })
        };
        q.targets.iter().for_each(|t| look(&t.expr));
        q.having.iter().for_each(&mut look);
        let mut next = q.targets.iter().map(|t| t.sort_ref).max().unwrap_or(0);
        let n = missing.len();
        for e in missing {
            next += 1;
            // Only equality matters here; types without an order of their own compare as bytes.
            let cmp = expr::own_cmp(e.ty.oid).unwrap_or(BYTEACMP);
            q.group_by.push(SortClause { target: next, eq_op: 0, sort_op: 0, cmp, desc: false, nulls_first: false });
            for set in &mut q.grouping_sets {
                set.push(next);
            }
            q.targets.push(Target { expr: e, name: String::new(), attno: 0, sort_ref: next, junk: true, origin: (0, 0) });
        }
        n
    }

    /// Puts group columns that depend on others through a primary key at the end: how many there are. The groups are the
    /// same with and without them (`remove_useless_groupby_columns`).
    fn useless_groups(&mut self, q: &mut Query) -> usize {
        if q.group_by.len() < 2 || !q.grouping_sets.is_empty() {
            return 0;
        }
        let var = |q: &Query, s: &SortClause| match q.targets.iter().find(|t| t.sort_ref == s.target).map(|t| &t.expr.kind) {
            Some(ExprKind::Var(v)) if v.level == 0 => Some(v.clone()),
            _ => None,
        };
        let vars: Vec<Option<Var>> = q.group_by.iter().map(|s| var(q, s)).collect();
        let mut useless: Vec<bool> = vec![false; vars.len()];
        for (r, rte) in q.rtable.iter().enumerate() {
            let RteKind::Relation { oid, .. } = rte.kind else { continue };
            let mine: Vec<i16> = vars.iter().flatten().filter(|v| v.rte as usize == r).map(|v| v.attno).collect();
            let Some(rel) = self.cx.relation(oid).ok().filter(|_| mine.len() > 1) else { continue };
            if rel.system || rte.inherit && !rel.children.is_empty() {
                continue;
            }
            for index in rel.indexes.iter().filter_map(|i| self.cx.relation(*i).ok()) {
                let Some(ix) = index.index.as_ref().filter(|ix| ix.primary && ix.immediate) else { continue };
                let key: Vec<i16> = ix.columns.iter().take(ix.keys as usize).map(|c| c.attno).collect();
                if key.len() < mine.len() && key.iter().all(|a| mine.contains(a)) {
                    for (v, u) in vars.iter().zip(&mut useless) {
                        *u |= v.as_ref().is_some_and(|v| v.rte as usize == r && !key.contains(&v.attno));
                    }
                }
            }
        }
        let mut marks = useless.iter();
        let (last, first): (Vec<SortClause>, Vec<SortClause>) =
            std::mem::take(&mut q.group_by).into_iter().partition(|_| marks.next() == Some(&true));
        let n = last.len();
        q.group_by = first;
        q.group_by.extend(last);
        n
    }

    /// Window functions, one window after the other.
    fn plan_windows(&mut self, q: &Query, mut rel: Rel) -> Result<Rel> {
        let mut calls: Vec<Expr> = Vec::new();
        for t in &q.targets {
            visit::walk(&t.expr, &mut |x| {
                if matches!(x.kind, ExprKind::Window(_)) && find(x, &calls).is_none() {
                    calls.push(x.clone());
                }
                !matches!(x.kind, ExprKind::Window(_))
            });
        }
        for w in active_windows(q) {
            let win = &q.windows[w];
            let mut cols = rel.cols.clone();
            let mut added = false;
            let key_expr = |s: &SortClause| q.targets.iter().find(|t| t.sort_ref == s.target).map(|t| t.expr.clone());
            for s in win.partition_by.iter().chain(&win.order_by) {
                let e = key_expr(s).ok_or_else(|| Error::internal("window key not found"))?;
                if find(&e, &cols).is_none() {
                    cols.push(e);
                    added = true;
                }
            }
            if added {
                rel = self.project(rel, cols)?;
            }
            let keys = |list: &[SortClause]| -> Result<Vec<(Expr, SortKey)>> {
                list.iter()
                    .map(|s| {
                        let e = key_expr(s).ok_or_else(|| Error::internal("window key not found"))?;
                        let at = find(&e, &rel.cols).ok_or_else(|| Error::internal("window key not found"))?;
                        let k = sort_key(s, at as u32, &e);
                        Ok((e, k))
                    })
                    .collect()
            };
            let (partition, by) = (keys(&win.partition_by)?, keys(&win.order_by)?);
            let all: Vec<(Expr, SortKey)> = partition.iter().chain(&by).cloned().collect();
            rel = self.sorted(rel, &all, None);
            let mut frame = win.frame.clone();
            for b in [&mut frame.start, &mut frame.end] {
                if let FrameBound::Preceding(e) | FrameBound::Following(e) = b {
                    *e = resolve(e, &rel.cols)?;
                }
            }
            let mut mine = Vec::new();
            let mut out = rel.cols.clone();
            for c in &calls {
                let ExprKind::Window(x) = &c.kind else { continue };
                if x.window as usize != w {
                    continue;
                }
                let mut x = (**x).clone();
                x.args = resolve_all(&x.args, &rel.cols)?;
                if let Some(f) = &mut x.filter {
                    *f = resolve(f, &rel.cols)?;
                }
                mine.push(x);
                out.push(c.clone());
            }
            let rows = rel.plan.rows;
            let (startup, total) = (rel.plan.startup_cost, rel.plan.total_cost + rows * cost::ROW * mine.len() as f64);
            let order = rel.order.clone();
            let partition = partition.into_iter().map(|(_, k)| k).collect();
            let by = by.into_iter().map(|(_, k)| k).collect();
            rel = rel
                .over(|input| Node::WindowAgg { input, partition, order: by, frame: Box::new(frame), calls: mine, run: vec![] }, out)
                .costed(rows, startup, total);
            rel.order = order;
        }
        Ok(rel)
    }

    /// The select list, DISTINCT, ORDER BY, locks and LIMIT.
    pub fn plan_output(&mut self, q: &mut Query, mut rel: Rel, limit: Option<f64>) -> Result<Rel> {
        let mut targets: Vec<Expr> = q.targets.iter().map(|t| t.expr.clone()).collect();
        let srf = targets.iter().any(expr::returns_set);
        // Row locks need to know which rows: carry their ctids past the select list.
        let mut marks = Vec::new();
        for m in &q.locks {
            let rte = &q.rtable[m.rte as usize];
            let RteKind::Relation { oid, .. } = &rte.kind else { continue };
            let relation = self.cx.relation(*oid)?;
            if relation.system || relation.storage == 0 {
                continue;
            }
            self.note_use(*oid, |u| u.row_lock = true);
            targets.push(crate::scan::column_var(q, m.rte, -1));
            marks.push(LockMark {
                rte: self.level().rte_base + m.rte,
                rel: *oid,
                storage: relation.storage,
                ctid: targets.len() as u32 - 1,
                strength: m.strength,
                wait: m.wait,
            });
        }
        // Volatile outputs are computed after the sort when they take no part in it, expensive ones too if LIMIT spares
        // some of them (`make_sort_input_target`).
        let sort_refs: Vec<u32> = q.order_by.iter().map(|s| s.target).collect();
        // So are sets, which come in the order of the rows that made them.
        let late_sets = srf
            && q.distinct.is_none()
            && !q.order_by.is_empty()
            && marks.is_empty()
            && !q.targets.iter().any(|t| sort_refs.contains(&t.sort_ref) && expr::returns_set(&t.expr));
        let postpone = late_sets || !srf
            && q.distinct.is_none()
            && !q.order_by.is_empty()
            && marks.is_empty()
            && q.targets.iter().any(|t| {
                let expensive = |e: &Expr| visit::any(e, &mut |x| matches!(x.kind, ExprKind::SubPlan(_)));
                !sort_refs.contains(&t.sort_ref)
                    && (expr::volatile(&t.expr) || q.limit.is_some() && expensive(&t.expr))
            });
        if srf && !late_sets {
            rel = self.project_sets(rel, &targets)?;
        } else if !postpone {
            rel = self.project(rel, targets.clone())?;
        } else {
            let mut cols = rel.cols.clone();
            for s in &q.order_by {
                if let Some(t) = q.targets.iter().find(|t| t.sort_ref == s.target) {
                    if find(&t.expr, &cols).is_none() {
                        cols.push(t.expr.clone());
                    }
                }
            }
            rel = self.project(rel, cols)?;
        }
        let at = |q: &Query, rel: &Rel, s: &SortClause| -> Result<(Expr, SortKey)> {
            let i = q
                .targets
                .iter()
                .position(|t| t.sort_ref == s.target)
                .ok_or_else(|| Error::internal("ORDER BY column not found"))?;
            let e = q.targets[i].expr.clone();
            let column = if postpone {
                find(&e, &rel.cols).ok_or_else(|| Error::internal("ORDER BY column not found"))?
            } else if let ExprKind::Relabel { arg, .. } = &e.kind {
                // What is there under another collation need not be there twice.
                let same = |t: &Target| expr::same(&t.expr, arg) && t.expr.ty.oid == e.ty.oid;
                q.targets.iter().position(same).unwrap_or(i)
            } else {
                i
            };
            let k = sort_key(s, column as u32, &e);
            Ok((e, k))
        };
        let mut order: Vec<(Expr, SortKey)> = Vec::new();
        for s in &q.order_by {
            order.push(at(q, &rel, s)?);
        }
        if let Some(d) = q.distinct.clone() {
            let mut items = Vec::new();
            for s in &d.items {
                items.push(at(q, &rel, s)?);
            }
            let list: Vec<&Expr> = items.iter().map(|(e, _)| e).collect();
            let groups = self.group_count(q, &list, rel.plan.rows);
            let hashable = !d.on && self.cx.enabled("enable_hashagg") && crate::grouping::hashable(&list);
            if !hashable || self.sorts_distinct(&rel, groups, items.len(), &order) {
                // Sorted so that equal rows meet: ORDER BY first, as far as it goes, then the rest of the items.
                let mut keys = order.clone();
                for i in &items {
                    if !keys.iter().any(|(_, k)| k.column == i.1.column) {
                        keys.push(i.clone());
                    }
                }
                rel = self.sorted(rel, &keys, None);
                let cols = rel.cols.clone();
                let keys: Vec<SortKey> = items.into_iter().map(|(_, k)| k).collect();
                let ops = rel.plan.rows * cost::OP * keys.len() as f64;
                let (rows, s, t) = (groups, rel.plan.startup_cost, rel.plan.total_cost + ops);
                let kept = rel.order.clone();
                rel = rel.over(|input| Node::Unique { input, keys }, cols).costed(rows, s, t);
                rel.order = kept;
            } else {
                rel = self.hash_distinct(rel, items.into_iter().map(|(_, k)| k).collect(), groups);
            }
        }
        if !order.is_empty() {
            let bound = (q.limit.is_some() && !q.with_ties && marks.is_empty() && !late_sets)
                .then(|| Box::new((q.limit.clone(), q.offset.clone())));
            rel = self.sorted_with(rel, &order, bound, if late_sets { None } else { limit });
        }
        if late_sets {
            let kept = rel.order.clone();
            rel = self.project_sets(rel, &targets)?;
            rel.order = kept;
        } else if postpone {
            rel = self.project(rel, targets.clone())?;
        }
        if !marks.is_empty() {
            let cols = rel.cols.clone();
            let kept = rel.order.clone();
            rel = rel.over(|input| Node::LockRows { input, marks }, cols);
            rel.order = kept;
            let keep: Vec<Expr> = rel.cols[..q.targets.len()].to_vec();
            if q.limit.is_none() && q.offset.is_none() {
                rel = self.project_columns(rel, keep);
            }
        }
        if q.limit.is_some() || q.offset.is_some() {
            let ties = q.with_ties.then(|| order.iter().map(|(_, k)| k.clone()).collect());
            let (l, o) = (q.limit.clone(), q.offset.clone());
            let cols = rel.cols.clone();
            let kept = rel.order.clone();
            let rows = limit.map_or(rel.plan.rows, |l| l.min(rel.plan.rows)).max(1.0);
            let (s, t) = (rel.plan.startup_cost, rel.plan.total_cost);
            let part = (rows / rel.plan.rows.max(1.0)).min(1.0);
            rel = rel.over(|input| Node::Limit { input, limit: l, offset: o, ties }, cols).costed(
                rows,
                s,
                s + (t - s) * part,
            );
            rel.order = kept;
        }
        if rel.cols.len() > q.targets.len() {
            let keep: Vec<Expr> = rel.cols[..q.targets.len()].to_vec();
            rel = self.project_columns(rel, keep);
        }
        Ok(rel)
    }

    /// Removes the junk columns of a finished query.
    pub fn drop_junk(&mut self, q: &Query, rel: Rel) -> Rel {
        if !q.targets.iter().any(|t| t.junk) {
            return rel;
        }
        let keep: Vec<usize> = q.targets.iter().enumerate().filter(|(_, t)| !t.junk).map(|(i, _)| i).collect();
        let exprs: Vec<Expr> = keep.iter().map(|i| Expr::column(*i, &rel.cols[*i])).collect();
        let cols: Vec<Expr> = keep.iter().map(|i| rel.cols[*i].clone()).collect();
        self.put_projection(rel, exprs, cols)
    }

    /// The first columns of `rel`.
    fn project_columns(&mut self, rel: Rel, cols: Vec<Expr>) -> Rel {
        let exprs = cols.iter().enumerate().map(|(i, c)| Expr::column(i, c)).collect();
        self.put_projection(rel, exprs, cols)
    }

    /// `rel` with `exprs` (query-level) as its columns.
    pub fn project(&mut self, rel: Rel, exprs: Vec<Expr>) -> Result<Rel> {
        let same = exprs.len() == rel.cols.len() && exprs.iter().zip(&rel.cols).all(|(a, b)| expr::same(a, b));
        if same {
            return Ok(rel);
        }
        let resolved = resolve_all(&exprs, &rel.cols)?;
        Ok(self.put_projection(rel, resolved, exprs))
    }

    fn put_projection(&mut self, rel: Rel, resolved: Vec<Expr>, cols: Vec<Expr>) -> Rel {
        let mut rel = if rel.bare() {
            rel
        } else if let (Some(old), true) =
            (&rel.plan.project, resolved.iter().all(|e| matches!(e.kind, ExprKind::Column(_))))
        {
            // Only picks columns: pick in the projection that is there.
            let picked = resolved
                .iter()
                .map(|e| match e.kind {
                    ExprKind::Column(i) => old[i as usize].clone(),
                    _ => e.clone(),
                })
                .collect();
            let mut rel = rel;
            rel.plan.project = Some(picked);
            rel.plan.columns = cols.iter().map(|c| c.ty).collect();
            rel.plan.width = cost::width(&rel.plan.columns);
            rel.cols = cols;
            return rel;
        } else {
            let old = rel.cols.clone();
            let kept = rel.order.clone();
            let mut r = rel.over(|input| Node::Result { once: None, input: Some(input) }, old);
            r.order = kept;
            r
        };
        rel.plan.columns = cols.iter().map(|c| c.ty).collect();
        rel.plan.width = cost::width(&rel.plan.columns);
        rel.plan.total_cost += rel.plan.rows * cost::OP * resolved.len() as f64 * 0.1;
        rel.plan.project = Some(resolved);
        rel.cols = cols;
        rel
    }

    /// Set-returning functions of the select list; nested ones one level after the other, innermost first.
    fn project_sets(&mut self, mut rel: Rel, targets: &[Expr]) -> Result<Rel> {
        loop {
            // Set-returning calls whose arguments return none.
            let mut ready: Vec<Expr> = Vec::new();
            let mut deeper = false;
            for t in targets {
                visit::walk(t, &mut |x| {
                    if find(x, &rel.cols).is_some() {
                        return false;
                    }
                    if let ExprKind::Call(c) = &x.kind {
                        if c.retset {
                            let inner = c.args.iter().any(|a| has_pending_set(a, &rel.cols));
                            if inner {
                                deeper = true;
                                return true;
                            }
                            if find(x, &ready).is_none() {
                                ready.push(x.clone());
                            }
                            return false;
                        }
                    }
                    true
                });
            }
            if ready.is_empty() {
                return self.project(rel, targets.to_vec());
            }
            // On the last level the targets themselves, when each is a set-returning call or has none inside.
            let plain = targets.iter().all(|t| !has_pending_set(t, &rel.cols) || find(t, &ready).is_some());
            let cols = if !deeper && plain {
                targets.to_vec()
            } else {
                let mut c = rel.cols.clone();
                c.extend(ready);
                c
            };
            let exprs = cols.iter().map(|e| resolve(e, &rel.cols)).try_vec()?;
            let rows = rel.plan.rows * 10.0;
            let (s, t) = (rel.plan.startup_cost, rel.plan.total_cost + rows * cost::ROW);
            rel = rel.over(|input| Node::ProjectSet { input, exprs }, cols).costed(rows, s, t);
            rel.order = vec![];
            if !deeper && plain {
                return Ok(rel);
            }
        }
    }

    /// Sorted by `keys`, unless it is.
    pub fn sorted(&mut self, rel: Rel, keys: &[(Expr, SortKey)], bound: Option<f64>) -> Rel {
        self.sorted_with(rel, keys, None, bound)
    }

    /// Keys without those that say nothing: what equals a constant, or an earlier key, in all rows (redundant pathkeys).
    fn canonical(&mut self, keys: &[(Expr, SortKey)]) -> Vec<(Expr, SortKey)> {
        let equal = std::mem::take(&mut self.level().equal);
        let mut kept: Vec<(Expr, SortKey)> = Vec::new();
        for (e, k) in keys {
            let says_nothing = matches!(unlabelled(e).kind, ExprKind::Const(_)) || equal.iter().any(|(a, b)| match b {
                None => expr::same(unlabelled(a), unlabelled(e)),
                Some(b) => {
                    let known = |x: &Expr| kept.iter().any(|(k, _)| expr::same(unlabelled(k), unlabelled(x)));
                    let is = |x: &Expr| expr::same(unlabelled(x), unlabelled(e));
                    is(a) && known(b) || is(b) && known(a)
                }
            });
            let bare = |x: &Expr| expr::same(unlabelled(x), unlabelled(e));
            if !says_nothing && !kept.iter().any(|(o, _)| bare(o)) {
                kept.push((e.clone(), k.clone()));
            }
        }
        self.level().equal = equal;
        kept
    }

    fn sorted_with(
        &mut self,
        rel: Rel,
        keys: &[(Expr, SortKey)],
        limit: Option<Box<(Option<Expr>, Option<Expr>)>>,
        bound: Option<f64>,
    ) -> Rel {
        let keys = &self.canonical(keys)[..];
        if keys.is_empty() || is_ordered(&rel, keys) {
            return rel;
        }
        let presorted = (1..keys.len()).rev().find(|n| is_ordered(&rel, &keys[..*n])).unwrap_or(0);
        let presorted = if self.cx.enabled("enable_incremental_sort") { presorted as u32 } else { 0 };
        let input = cost::Cost { startup: rel.plan.startup_cost, total: rel.plan.total_cost };
        let cost::Cost { startup, total } = cost::sort(input, rel.plan.rows, rel.plan.width, bound);
        let off = if self.cx.enabled("enable_sort") { 0.0 } else { 1e10 };
        let (startup, total) = (startup + off, total + off);
        let cols = rel.cols.clone();
        let sort_keys = keys.iter().map(|(_, k)| k.clone()).collect();
        let rows = rel.plan.rows;
        let mut rel = rel.over(|input| Node::Sort { input, keys: sort_keys, presorted, limit }, cols).costed(rows, startup, total);
        rel.order = keys.to_vec();
        rel
    }

    /// Whether sorting is the cheaper way to see each of `groups` rows once, with an order to come out in
    /// (`create_final_distinct_paths`).
    pub fn sorts_distinct(&mut self, rel: &Rel, groups: f64, keys: usize, order: &[(Expr, SortKey)]) -> bool {
        let input = cost::Cost { startup: rel.plan.startup_cost, total: rel.plan.total_cost };
        let rows = rel.plan.rows;
        let sorted = match order.is_empty() || !is_ordered(rel, order) {
            true => cost::sort(input, rows, rel.plan.width, None),
            false => input,
        };
        let by_sort = sorted.total + rows * cost::OP * keys as f64;
        let hashed = cost::aggregate(input, rows, groups, keys as f64, 0.0, true);
        let hashed = if order.is_empty() { hashed } else { cost::sort(hashed, groups, rel.plan.width, None) };
        by_sort <= hashed.total
    }

    /// Equal rows once, in order of first appearance.
    pub fn hash_distinct(&mut self, rel: Rel, keys: Vec<SortKey>, rows: f64) -> Rel {
        let cols = rel.cols.clone();
        let input = cost::Cost { startup: rel.plan.startup_cost, total: rel.plan.total_cost };
        let c = cost::aggregate(input, rel.plan.rows, rows, keys.len() as f64, 0.0, true);
        // Columns that are no key (junk of ORDER BY) cannot be: DISTINCT demands they are in the list.
        let by_column = keys.iter().enumerate().all(|(i, k)| k.column as usize == i) && keys.len() == cols.len();
        let order: Vec<usize> = keys.iter().map(|k| k.column as usize).collect();
        let native: Vec<Expr> = order.iter().map(|i| cols[*i].clone()).collect();
        let mut rel = rel
            .over(
                |input| Node::Aggregate {
                    input,
                    strategy: AggStrategy::Hashed,
                    groups: keys,
                    carried: 0,
                    sets: None,
                    groupings: vec![],
                    aggs: vec![],
                },
                native,
            )
            .costed(rows, c.startup, c.total);
        rel.order = vec![];
        if !by_column {
            let exprs: Vec<Expr> = (0..cols.len())
                .map(|i| Expr::column(order.iter().position(|o| *o == i).unwrap_or(0), &cols[i]))
                .collect();
            rel = self.put_projection(rel, exprs, cols);
        }
        rel
    }
}

/// The windows that are computed, in an order that lets a later one do without a sort (`select_active_windows`).
fn active_windows(q: &Query) -> Vec<usize> {
    let mut order: Vec<usize> = vec![];
    for t in q.targets.iter().filter(|_| q.has_windows) {
        visit::walk(&t.expr, &mut |x| {
            if let ExprKind::Window(w) = &x.kind
                && !order.contains(&(w.window as usize))
            {
                order.push(w.window as usize);
            }
            true
        });
    }
    order.order();
    let keys = |w: &usize| {
        let mut keys: Vec<(u32, Oid, bool)> = Vec::new();
        for s in q.windows[*w].partition_by.iter().chain(&q.windows[*w].order_by) {
            let k = (s.target, s.sort_op, s.nulls_first);
            if !keys.contains(&k) {
                keys.push(k);
            }
        }
        keys
    };
    // Greater first, and of those that begin alike the longer.
    order.order_by(|a, b| keys(b).cmp(&keys(a)));
    order
}

/// `byteacmp`.
const BYTEACMP: Oid = 1954;

/// A sort item as a key on column `at`.
pub(crate) fn sort_key(s: &SortClause, at: u32, e: &Expr) -> SortKey {
    SortKey { column: at, ty: e.ty.oid, cmp: s.cmp, collation: e.collation, desc: s.desc, nulls_first: s.nulls_first }
}

/// Whether rows already come ordered by `keys`.
pub(crate) fn is_ordered(rel: &Rel, keys: &[(Expr, SortKey)]) -> bool {
    rel.order.len() >= keys.len()
        && keys.iter().zip(&rel.order).all(|((e, k), (f, o))| {
            expr::same(e, f)
                && k.cmp == o.cmp
                && k.desc == o.desc
                && k.nulls_first == o.nulls_first
                && k.collation == o.collation
        })
}

fn unlabelled(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Relabel { arg, .. } => unlabelled(arg),
        _ => e,
    }
}

/// What WHERE makes equal in all rows: an expression and a constant (`None`), or two expressions of a type. Equality is
/// strict, so neither is NULL.
fn equalities(quals: &[Expr]) -> Vec<(Expr, Option<Expr>)> {
    let mut out = Vec::new();
    for c in quals {
        let ExprKind::Call(call) = &c.kind else { continue };
        let [a, b] = call.args.as_slice() else { continue };
        if call.op == 0 || expr::equality(call.op).is_none() || expr::volatile(c) {
            continue;
        }
        let fixed = |e: &Expr| expr::rels(e) == 0 && matches!(e.kind, ExprKind::Const(_) | ExprKind::Param(_));
        match (fixed(a), fixed(b)) {
            (false, true) => out.push((a.clone(), None)),
            (true, false) => out.push((b.clone(), None)),
            (false, false) => out.push((a.clone(), Some(b.clone()))),
            (true, true) => {}
        }
    }
    out
}

fn has_pending_set(e: &Expr, cols: &[Expr]) -> bool {
    let mut found = false;
    visit::walk(e, &mut |x| {
        if find(x, cols).is_some() {
            return false;
        }
        found |= matches!(&x.kind, ExprKind::Call(c) if c.retset);
        true
    });
    found
}

/// A direct argument of an ordered-set aggregate: over group columns, which below the aggregation are input columns.
fn resolve_direct(e: &Expr, cols: &[Expr]) -> Result<Expr> {
    resolve(e, cols)
}
