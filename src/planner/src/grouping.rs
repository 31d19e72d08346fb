//! How groups are made: by sorting, by hashing, or grouping sets by both (`create_grouping_paths`,
//! `consider_groupingsets_paths`).
//!
//! Grouping sets of which each begins with the columns of the next form a *rollup*: one pass over input sorted by the longest
//! gives them all. The sets are divided into as few rollups as can be; then hashing all, sorting for all, and sorting for the
//! first rollup while hashing the rest are weighed against each other.

use tusklet_catalog::builtin::{self, oids};
use tusklet_error::{Result, SortShort};
use tusklet_ir::*;

use crate::cost::{self, Cost};
use crate::scan::Wanted;
use crate::upper::{is_ordered, sort_key};
use crate::{Planner, Rel, expr};

/// What is to be grouped by what.
pub(crate) struct Work {
    /// The group columns, with their references and keys over the input's columns.
    keys: Vec<(u32, Expr, SortKey)>,
    /// Operators the aggregates run for a row.
    ops: f64,
    /// Group columns at the end that depend on those before them.
    carried: usize,
    /// An aggregate takes its rows in an order of its own, which rules hashing out as PostgreSQL has it.
    ordered: bool,
}

/// How it is done.
pub(crate) struct Chosen {
    pub input: Rel,
    pub strategy: AggStrategy,
    pub sets: Option<Vec<AggregateSet>>,
    pub rows: f64,
    pub cost: Cost,
    /// The order the groups come in.
    pub order: Vec<(Expr, SortKey)>,
}

/// Sets that one sorted pass gives, the longest first.
struct Rollup {
    sets: Vec<Vec<u32>>,
    groups: f64,
    hashed: bool,
}

impl Work {
    pub fn new(exprs: &[(u32, Expr)], keys: &[SortKey], calls: &[Expr], carried: usize) -> Work {
        let keys = exprs.iter().zip(keys).map(|((r, e), k)| (*r, e.clone(), k.clone())).collect();
        let (mut ops, mut ordered) = (0.0, false);
        for c in calls {
            let ExprKind::Aggregate(a) = &c.kind else { continue };
            ops += 1.0 + cost::quals_cost(&a.args.iter().map(|t| &t.expr).collect::<Vec<_>>()) / cost::OP;
            ordered |= a.kind != b'n' || !a.order_by.is_empty() || !a.distinct.is_empty();
        }
        Work { keys, ops, carried, ordered }
    }

    /// Whether a plan has the group columns where the keys look for them.
    pub fn same_columns(&self, rel: &Rel) -> bool {
        self.keys.iter().all(|(_, e, k)| rel.cols.get(k.column as usize).is_some_and(|c| expr::same(c, e)))
    }

    /// Group columns that are no others' dependents.
    fn own(&self) -> usize {
        self.keys.len() - self.carried.min(self.keys.len())
    }

    fn order(&self, columns: &[u32]) -> Vec<(Expr, SortKey)> {
        let own = &self.keys[..self.own()];
        columns.iter().filter_map(|i| own.get(*i as usize)).map(|(_, e, k)| (e.clone(), k.clone())).collect()
    }

    fn hashable(&self, columns: &[u32]) -> bool {
        columns.iter().all(|i| self.keys.get(*i as usize).is_none_or(|(_, e, _)| has_class(e.ty.oid, HASH)))
    }

    fn sortable(&self, columns: &[u32]) -> bool {
        columns.iter().all(|i| self.keys.get(*i as usize).is_none_or(|(_, e, _)| has_class(e.ty.oid, expr::oids_am::BTREE)))
    }
}

/// The access method whose classes tell what can be hashed.
const HASH: Oid = 405;

/// Whether a type can be hashed or sorted; types that users make out of others are taken to be as good as those.
fn has_class(ty: Oid, am: Oid) -> bool {
    let Some(t) = builtin::ty(ty) else { return true };
    let pseudo = matches!(t.kind(), b'p' | b'c' | b'd' | b'e' | b'r' | b'm') || t.elem() != 0;
    let as_other = matches!(ty, oids::VARCHAR | oids::UNKNOWN | oids::CIDR);
    pseudo || as_other || builtin::opclass_default(am, ty).is_some()
}

/// Whether all these can be hashed.
pub(crate) fn hashable(list: &[&Expr]) -> bool {
    list.iter().all(|e| has_class(e.ty.oid, HASH))
}

/// A constant that is grouped by becomes NULL where it is in no set, unlike the same constant elsewhere, and so does an
/// expression that is grouped by twice: they are told apart by a relabelling that does nothing.
pub(crate) fn distinguish_constants(q: &mut Query) {
    if q.grouping_sets.is_empty() {
        return;
    }
    let grouped: Vec<u32> = q.group_by.iter().map(|s| s.target).collect();
    let mut seen: Vec<Expr> = Vec::new();
    for t in q.targets.iter_mut().filter(|t| grouped.contains(&t.sort_ref)) {
        while matches!(t.expr.kind, ExprKind::Const(_)) || seen.iter().any(|e| expr::same(e, &t.expr)) {
            let arg = t.expr.clone();
            t.expr.kind = ExprKind::Relabel { arg, form: CoercionForm::Implicit };
        }
        seen.push(t.expr.clone());
    }
}

/// Groups in the order ORDER BY asks for, as far as both go (`preprocess_groupclause`).
pub(crate) fn follow_order(q: &mut Query) {
    let mut first = Vec::new();
    for s in &q.order_by {
        let Some(g) = q.group_by.iter().position(|g| g.target == s.target && g.sort_op == s.sort_op) else { break };
        let g = q.group_by.remove(g);
        first.push(g);
    }
    first.append(&mut q.group_by);
    q.group_by = first;
}

impl Planner<'_> {
    /// A table read in the order of the groups, when an index gives it.
    pub(crate) fn ordered_for_groups(
        &mut self,
        q: &Query,
        from: &[FromNode],
        quals: &[Expr],
        needed: &[Vec<i16>],
    ) -> Result<Option<Rel>> {
        let [FromNode::Ref(r)] = from else { return Ok(None) };
        if !matches!(q.rtable[*r as usize].kind, RteKind::Relation { sample: None, .. })
            || q.group_by.is_empty()
            || quals.iter().any(|c| expr::rels(c) == 0 || expr::volatile(c))
        {
            return Ok(None);
        }
        let refs: Vec<u32> = match q.grouping_sets.iter().min_by_key(|s| std::cmp::Reverse(s.len())) {
            None => q.group_by.iter().map(|s| s.target).collect(),
            Some(longest) => longest.clone(),
        };
        let mut keys = Vec::new();
        for s in refs.iter().filter_map(|r| q.group_by.iter().find(|s| s.target == *r)) {
            let Some(t) = q.targets.iter().find(|t| t.sort_ref == s.target) else { return Ok(None) };
            keys.push((t.expr.clone(), sort_key(s, 0, &t.expr)));
        }
        let wanted = Wanted { keys, limit: None, whole: false };
        self.ordered_scan(q, *r, quals, &needed[*r as usize], &wanted)
    }

    /// How many groups rows fall into by these expressions (`estimate_num_groups`).
    pub(crate) fn group_count(&mut self, q: &Query, list: &[&Expr], rows: f64) -> f64 {
        let mut vars: Vec<Expr> = Vec::new();
        let mut product = 1.0;
        for e in list {
            let before = vars.len();
            visit::walk(e, &mut |x| {
                if matches!(&x.kind, ExprKind::Var(v) if v.level == 0) && !vars.iter().any(|v| expr::same(v, x)) {
                    vars.push(x.clone());
                }
                true
            });
            if vars.len() == before && expr::rels(e) == 0 && !matches!(e.kind, ExprKind::Const(_)) {
                product *= if e.ty.oid == oids::BOOL { 2.0 } else { 1.0 };
            }
        }
        let single = q.from.len() == 1 && matches!(q.from[0], FromNode::Ref(_));
        while let Some(first) = vars.first() {
            let set = expr::rels(first);
            let (mine, others): (Vec<Expr>, Vec<Expr>) = vars.into_iter().partition(|v| expr::rels(v) == set);
            vars = others;
            let kind = q.rtable.get(set.trailing_zeros() as usize).map(|r| &r.kind);
            let (tuples, unique) = match kind {
                Some(RteKind::Relation { oid, .. }) => match self.cx.relation(*oid) {
                    Ok(r) if !r.system => (self.cx.stats(&r).rows, false),
                    _ => (rows, false),
                },
                Some(RteKind::Values { rows }) => (rows.len() as f64, true),
                _ => (self.level().tuples.get(&set.trailing_zeros()).copied().unwrap_or(rows), false),
            };
            let kept = if single { Some(rows) } else { self.level().kept.get(&set.trailing_zeros()).copied() };
            let (mut all, mut most) = (1.0, 1.0f64);
            for v in &mine {
                let d = match self.distinct(q, v) {
                    Some(d) => d,
                    None if v.ty.oid == oids::BOOL => 2.0,
                    None if unique => tuples,
                    None => cost::default_distinct(tuples),
                };
                all *= d.max(1.0);
                most = most.max(d);
            }
            let most = if mine.len() > 1 { (tuples * 0.1).max(most) } else { tuples };
            let mut all: f64 = f64::min(all, most.max(1.0));
            if let Some(kept) = kept.filter(|n| *n < tuples) {
                all *= 1.0 - ((tuples - kept) / tuples).powf(tuples / all);
            }
            product *= all.round().max(1.0);
        }
        f64::min(product.ceil(), rows).max(1.0)
    }

    /// Chooses among the ways to group. `ordered` is the same input in the order of the groups.
    pub(crate) fn choose_grouping(
        &mut self,
        q: &Query,
        input: Rel,
        ordered: Option<Rel>,
        work: &Work,
    ) -> Result<Chosen> {
        let rows = input.plan.rows;
        let all: Vec<u32> = (0..work.own() as u32).collect();
        if !q.grouping_sets.is_empty() {
            return self.choose_sets(q, input, ordered, work);
        }
        if work.keys.is_empty() {
            let c = Cost { startup: input.plan.startup_cost, total: input.plan.total_cost };
            let total = c.total + rows * cost::OP * work.ops;
            let cost = Cost { startup: total, total: total + cost::ROW };
            return Ok(Chosen { input, strategy: AggStrategy::Plain, sets: None, rows: 1.0, cost, order: vec![] });
        }
        let groups = self.group_count(q, &work.keys[..work.own()].iter().map(|k| &k.1).collect::<Vec<_>>(), rows);
        let n = work.own() as f64;
        let order = work.order(&all);
        let hash_off = if self.cx.enabled("enable_hashagg") { 0.0 } else { 1e10 };
        let unsorted = Cost { startup: input.plan.startup_cost, total: input.plan.total_cost };
        let hash = cost::aggregate(unsorted, rows, groups, n, work.ops, true);
        let hash = Cost { startup: hash.startup + hash_off, total: hash.total + hash_off };
        let can_hash = !work.ordered && work.hashable(&all);
        if !work.sortable(&all) {
            return Ok(Chosen { input, strategy: AggStrategy::Hashed, sets: None, rows: groups, cost: hash, order: vec![] });
        }
        let sorted = self.sort_for(input.clone(), ordered, &order);
        let c = Cost { startup: sorted.plan.startup_cost, total: sorted.plan.total_cost };
        let sort = cost::aggregate(c, rows, groups, n, work.ops, false);
        let by_sort = if !can_hash {
            true
        } else {
            // An order of the groups that ORDER BY asks for comes with sorting.
            let mut by = Vec::new();
            for s in &q.order_by {
                if let Some((_, e, k)) = work.keys.iter().find(|k| k.0 == s.target) {
                    by.push((e.clone(), SortKey { desc: s.desc, nulls_first: s.nulls_first, ..k.clone() }));
                }
            }
            let mut there = Rel { order: order.clone(), ..sorted.clone() };
            there.order.truncate(order.len());
            if q.order_by.is_empty() || q.has_windows {
                !hash.beats(sort) && (sort.beats(hash) || hash.total >= sort.total * 0.99 && hash.startup >= sort.startup)
            } else {
                let fits = by.len() == q.order_by.len() && is_ordered(&there, &by);
                let limit = None;
                let later = |c: Cost| cost::sort(c, groups, 32, limit).total;
                (if fits { sort.total } else { later(sort) }) <= later(hash)
            }
        };
        Ok(if by_sort {
            let order = sorted.order.clone();
            Chosen { input: sorted, strategy: AggStrategy::Sorted, sets: None, rows: groups, cost: sort, order }
        } else {
            Chosen { input, strategy: AggStrategy::Hashed, sets: None, rows: groups, cost: hash, order: vec![] }
        })
    }

    /// The input in the order of the groups: as an index gives it or sorted, whichever is cheaper.
    fn sort_for(&mut self, input: Rel, ordered: Option<Rel>, order: &[(Expr, SortKey)]) -> Rel {
        let sorted = self.sorted(input, order, None);
        match ordered {
            Some(o) if is_ordered(&o, order) && o.plan.total_cost < sorted.plan.total_cost => o,
            _ => sorted,
        }
    }

    fn choose_sets(&mut self, q: &Query, input: Rel, ordered: Option<Rel>, work: &Work) -> Result<Chosen> {
        let rows = input.plan.rows;
        let place = |r: &u32| work.keys.iter().position(|k| k.0 == *r).map(|i| i as u32);
        let mut sets: Vec<Vec<u32>> = q.grouping_sets.iter().map(|s| s.iter().filter_map(place).collect()).collect();
        sets.order_by_key(|s| s.len());
        let (sortable, unsortable): (Vec<_>, Vec<_>) = sets.iter().cloned().partition(|s| work.sortable(s));
        let sort_refs: Vec<u32> = q.order_by.iter().filter_map(|s| place(&s.target)).collect();
        let mut rollups = Vec::new();
        for chain in extract_rollups(&sortable) {
            let sets = follow(chain, &sort_refs);
            let mut groups = 0.0;
            for s in &sets {
                groups += self.set_groups(q, work, s, rows);
            }
            rollups.push(Rollup { sets, groups, hashed: false });
        }
        let can_hash = !work.ordered && sets.iter().any(|s| !s.is_empty() && work.hashable(s));
        let hash_off = !self.cx.enabled("enable_hashagg");
        let first = rollups.first().and_then(|r| r.sets.first()).cloned().unwrap_or_default();
        let unsorted = Cost { startup: input.plan.startup_cost, total: input.plan.total_cost };
        let sorted = self.sort_for(input.clone(), ordered, &work.order(&first));
        let c = Cost { startup: sorted.plan.startup_cost, total: sorted.plan.total_cost };
        let mut best: Option<(Cost, AggStrategy, bool, Vec<Rollup>)> = None;
        let by: Vec<(Expr, SortKey)> = q
            .order_by
            .iter()
            .filter_map(|s| work.keys.iter().find(|k| k.0 == s.target).map(|(_, e, k)| (e.clone(), sort_key(s, k.column, e))))
            .collect();
        let mut add = |c: Cost, strategy, by_sort, rollups: Vec<Rollup>| {
            let groups: f64 = rollups.iter().map(|r| r.groups).sum();
            let there = Rel { order: one_order(work, &rollups), ..input.clone() };
            let comes = by.len() == q.order_by.len() && is_ordered(&there, &by);
            let c = if q.order_by.is_empty() || q.has_windows || comes { c } else { cost::sort(c, groups, 32, None) };
            let close = |b: &Cost| b.total <= c.total * 1.01 && c.startup >= b.startup;
            if best.as_ref().is_none_or(|b| c.total < b.0.total && !(b.2 && close(&b.0))) {
                best = Some((c, strategy, by_sort, rollups));
            }
        };
        let alone = |this: &mut Self, s: &Vec<u32>| Rollup {
            groups: this.set_groups(q, work, s, rows),
            sets: vec![s.clone()],
            hashed: true,
        };
        let width = input.plan.width;
        // Sorting for the first rollup, hashing the others.
        if can_hash && !rollups.is_empty() && (rollups.len() > 1 || !unsortable.is_empty()) {
            let mut hashed: Vec<Rollup> = Vec::new();
            for s in &unsortable {
                hashed.push(alone(self, s));
            }
            let mut kept = Vec::new();
            for (i, r) in rollups.iter().enumerate() {
                if i > 0 && r.sets.iter().all(|s| work.hashable(s)) {
                    for s in &r.sets {
                        hashed.push(alone(self, s));
                    }
                } else {
                    kept.push(Rollup { sets: r.sets.clone(), ..*r });
                }
            }
            if !hashed.is_empty() {
                hashed.reverse();
                hashed.extend(kept);
                add(self.sets_cost(c, rows, width, work, &hashed, hash_off), AggStrategy::Sorted, true, hashed);
            }
        }
        if unsortable.is_empty() {
            let all: Vec<Rollup> = rollups.iter().map(|r| Rollup { sets: r.sets.clone(), ..*r }).collect();
            add(self.sets_cost(c, rows, width, work, &all, hash_off), AggStrategy::Sorted, true, all);
        }
        // Hashing all; the sets without columns need none.
        if can_hash && sets.iter().all(|s| work.hashable(s)) {
            let mut all: Vec<Rollup> = Vec::new();
            for s in rollups.iter().flat_map(|r| &r.sets).chain(&unsortable).filter(|s| !s.is_empty()) {
                all.push(alone(self, s));
            }
            let empty: Vec<Vec<u32>> = sets.iter().filter(|s| s.is_empty()).cloned().collect();
            if !empty.is_empty() {
                all.push(Rollup { groups: empty.len() as f64, sets: empty, hashed: false });
            }
            add(self.sets_cost(unsorted, rows, width, work, &all, hash_off), AggStrategy::Hashed, false, all);
        }
        let Some((cost, strategy, by_sort, rollups)) = best else {
            return Err(tusklet_error::err!(
                FEATURE_NOT_SUPPORTED,
                "could not implement GROUP BY"
            )
            .detail("Some of the datatypes only support hashing, while others only support sorting."));
        };
        let groups = rollups.iter().map(|r| r.groups).sum();
        let order = one_order(work, &rollups);
        let mut list = Vec::new();
        for (i, r) in rollups.into_iter().enumerate() {
            let rollup = (!r.hashed).then_some(i as u32);
            list.extend(r.sets.into_iter().map(|columns| AggregateSet { columns, rollup }));
        }
        let input = if by_sort { sorted } else { input };
        Ok(Chosen { input, strategy, sets: Some(list), rows: groups, cost, order })
    }

    fn set_groups(&mut self, q: &Query, work: &Work, set: &[u32], rows: f64) -> f64 {
        let list: Vec<&Expr> = set.iter().filter_map(|i| work.keys.get(*i as usize)).map(|k| &k.1).collect();
        if list.is_empty() { 1.0 } else { self.group_count(q, &list, rows) }
    }

    /// `create_groupingsets_path`: the first pass takes the input, later sorted ones sort it anew.
    fn sets_cost(&self, input: Cost, rows: f64, width: u32, work: &Work, rollups: &[Rollup], off: bool) -> Cost {
        let mut total = input;
        let mut sorted_before = false;
        let mixed = rollups.iter().any(|r| !r.hashed);
        for (i, r) in rollups.iter().enumerate() {
            let keys = r.sets.first().map_or(0, |s| s.len()) as f64;
            let none = Cost { startup: 0.0, total: 0.0 };
            let from = if i == 0 {
                input
            } else if !r.hashed && sorted_before {
                cost::sort(none, rows, width, None)
            } else {
                none
            };
            sorted_before |= !r.hashed;
            // Where some are sorted, the first groups come at once.
            let c = cost::aggregate(from, rows, r.groups, keys, work.ops, r.hashed && (i > 0 || !mixed));
            if i == 0 {
                total = c;
            } else {
                total.total += c.total;
            }
            if r.hashed && off {
                total.total += 1e10;
            }
        }
        total
    }
}

/// The order of the groups of one rollup alone: that of its longest set, whose columns are NULL, last, in the others.
fn one_order(work: &Work, rollups: &[Rollup]) -> Vec<(Expr, SortKey)> {
    match rollups {
        [Rollup { sets, hashed: false, .. }] => {
            let order = work.order(sets.first().map_or(&[][..], |s| s));
            if order.iter().any(|(_, k)| k.nulls_first) { vec![] } else { order }
        }
        _ => vec![],
    }
}

/// Divides sets, the shortest first, into as few chains as can be in which each is part of the next; the chains with their
/// shortest first, empty sets in the first chain (`extract_rollup_sets`).
fn extract_rollups(sets: &[Vec<u32>]) -> Vec<Vec<Vec<u32>>> {
    let empty = sets.iter().filter(|s| s.is_empty()).count();
    let within = |a: &[u32], b: &[u32]| a.iter().all(|x| b.contains(x));
    // Equal sets are one, several times over.
    let mut different: Vec<Vec<Vec<u32>>> = Vec::new();
    for s in sets.iter().filter(|s| !s.is_empty()) {
        match different.iter_mut().find(|d| d[0].len() == s.len() && within(&d[0], s)) {
            Some(d) => d.push(s.clone()),
            None => different.push(vec![s.clone()]),
        }
    }
    let n = different.len();
    // Which set each is preceded by: a largest matching.
    let mut before: Vec<Option<usize>> = vec![None; n];
    let mut after: Vec<Option<usize>> = vec![None; n];
    fn augment(
        i: usize,
        fits: &dyn Fn(usize, usize) -> bool,
        seen: &mut [bool],
        before: &mut [Option<usize>],
        after: &mut [Option<usize>],
    ) -> bool {
        for j in 0..seen.len() {
            if seen[j] || !fits(j, i) {
                continue;
            }
            seen[j] = true;
            if after[j].is_none_or(|k| augment(k, fits, seen, before, after)) {
                (before[i], after[j]) = (Some(j), Some(i));
                return true;
            }
        }
        false
    }
    let fits = |j: usize, i: usize| different[j][0].len() < different[i][0].len() && within(&different[j][0], &different[i][0]);
    for i in 0..n {
        augment(i, &fits, &mut vec![false; n], &mut before, &mut after);
    }
    let mut chains: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut chain_of = vec![0; n];
    for i in 0..n {
        chain_of[i] = match before[i] {
            Some(j) => chain_of[j],
            None => {
                chains.push(Vec::new());
                chains.len() - 1
            }
        };
        chains[chain_of[i]].extend(different[i].iter().cloned());
    }
    if empty > 0 {
        if chains.is_empty() {
            chains.push(Vec::new());
        }
        chains[0].splice(0..0, vec![Vec::new(); empty]);
    }
    chains
}

/// A chain as a rollup, the longest set first: each set's columns begin with those of the next, in the order ORDER BY asks
/// for where that is possible (`reorder_grouping_sets`).
fn follow(chain: Vec<Vec<u32>>, order: &[u32]) -> Vec<Vec<u32>> {
    let mut order = order;
    let mut sofar: Vec<u32> = Vec::new();
    let mut out = Vec::new();
    for set in chain {
        let mut new: Vec<u32> = set.into_iter().filter(|c| !sofar.contains(c)).collect();
        while order.len() > sofar.len() && !new.is_empty() {
            match new.iter().position(|c| *c == order[sofar.len()]) {
                Some(i) => sofar.push(new.remove(i)),
                None => {
                    order = &[];
                    break;
                }
            }
        }
        sofar.extend(new);
        out.insert(0, sofar.clone());
    }
    out
}
