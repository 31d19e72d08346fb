//! Bitmaps: the places that one or several indexes find, for rows in the order of the heap.

use tusklet_catalog::live::Relation;
use tusklet_error::{Result, SortShort};
use tusklet_ir::*;

use crate::cost::Cost;
use crate::method_scan::Choice;
use crate::scan::IndexChoice;
use crate::{Planner, Rel, RelStats, cost, expr, resolve};

/// A bitmap and which of the conditions it answers exactly.
pub(crate) struct BitmapChoice {
    pub bitmap: Bitmap,
    /// With what it costs to keep what was found (`cost_bitmap_tree_node`).
    pub cost: f64,
    pub share: f64,
    pub answered: Vec<usize>,
    pub used: Vec<usize>,
}

impl Planner<'_> {
    /// The best bitmap for these conditions: of one index, of several together, or for an OR of one for each arm
    /// (`generate_bitmap_or_paths`, `choose_bitmap_and`).
    pub(crate) fn bitmap_choice(
        &mut self,
        r: u32,
        relation: &Relation,
        quals: &[Expr],
        choices: &[IndexChoice],
        methods: &[Choice],
        stats: &RelStats,
    ) -> Result<Option<BitmapChoice>> {
        let mut all: Vec<BitmapChoice> = Vec::new();
        for c in choices.iter().filter(|c| !c.keys.is_empty()) {
            let (entries, cost, share) = c.bitmap_cost(stats, 1.0);
            let source = BitmapSource::Index {
                index: c.index.oid,
                index_storage: c.index.storage,
                keys: c.keys.clone(),
            };
            let bitmap = Bitmap { source, rows: (stats.rows * share).max(1.0), cost: entries };
            all.push(BitmapChoice { bitmap, cost, share, answered: c.answered.clone(), used: c.used.clone() });
        }
        all.extend(methods.iter().filter_map(|c| self.method_bitmap(c, quals, stats)));
        for (i, q) in quals.iter().enumerate() {
            let ExprKind::Or(arms) = &q.kind else { continue };
            if let Some(mut found) = self.bitmap_or(r, relation, arms, stats)? {
                found.answered = if found.answered.is_empty() { vec![] } else { vec![i] };
                found.used = vec![i];
                all.push(found);
            }
        }
        let price = |list: &[&BitmapChoice]| {
            let share: f64 = list.iter().map(|b| b.share).product();
            let cost = list.iter().map(|b| b.cost).sum::<f64>() + 100.0 * cost::OP * (list.len() - 1) as f64;
            let refs: Vec<&Expr> = quals.iter().collect();
            cost::bitmap_scan((cost, share), stats, 1.0, &refs).total
        };
        all.order_by(|a, b| a.cost.total_cmp(&b.cost).then(a.share.total_cmp(&b.share)));
        // Of several for the same conditions the cheapest.
        let mut distinct: Vec<BitmapChoice> = Vec::new();
        for b in all {
            if !distinct.iter().any(|d| d.used == b.used) {
                distinct.push(b);
            }
        }
        let mut best: Option<(f64, Vec<usize>)> = None;
        for i in 0..distinct.len() {
            let mut list = vec![i];
            let mut total = price(&[&distinct[i]]);
            for j in i + 1..distinct.len() {
                if list.iter().any(|k| distinct[*k].used.iter().any(|u| distinct[j].used.contains(u))) {
                    continue;
                }
                list.push(j);
                let with = price(&list.iter().map(|k| &distinct[*k]).collect::<Vec<_>>());
                if with < total {
                    total = with;
                } else {
                    list.pop();
                }
            }
            if best.as_ref().is_none_or(|b| total < b.0) {
                best = Some((total, list));
            }
        }
        let Some((_, list)) = best else { return Ok(None) };
        let mut kept: Vec<BitmapChoice> =
            distinct.into_iter().enumerate().filter(|(i, _)| list.contains(i)).map(|(_, b)| b).collect();
        if kept.len() == 1 {
            return Ok(kept.pop());
        }
        let share: f64 = kept.iter().map(|b| b.share).product();
        let cost = kept.iter().map(|b| b.cost).sum::<f64>() + 100.0 * cost::OP * (kept.len() - 1) as f64;
        let (mut answered, mut used, mut bitmaps) = (vec![], vec![], vec![]);
        for b in kept {
            answered.extend(b.answered);
            used.extend(b.used);
            bitmaps.push(b.bitmap);
        }
        let bitmap = Bitmap { source: BitmapSource::And(bitmaps), rows: (stats.rows * share).max(1.0), cost };
        Ok(Some(BitmapChoice { bitmap, cost, share, answered, used }))
    }

    /// A bitmap for each arm of an OR, when each has one. `answered` is empty where some arm is not answered exactly.
    fn bitmap_or(
        &mut self,
        r: u32,
        relation: &Relation,
        arms: &[Expr],
        stats: &RelStats,
    ) -> Result<Option<BitmapChoice>> {
        let (mut bitmaps, mut share, mut cost, mut exact) = (vec![], 0.0, 0.0, true);
        for arm in arms {
            let mut parts = Vec::new();
            expr::conjuncts(arm.clone(), &mut parts);
            let choices = self.index_choices(&[0], r, relation, &parts, stats)?;
            let methods = self.method_choices(&[0], r, relation, &parts, stats)?;
            let Some(found) = self.bitmap_choice(r, relation, &parts, &choices, &methods, stats)? else { return Ok(None) };
            exact &= (0..parts.len()).all(|i| found.answered.contains(&i));
            share += found.share;
            cost += found.cost;
            bitmaps.push(found.bitmap);
        }
        cost += 100.0 * cost::OP * bitmaps.len().saturating_sub(1) as f64;
        let share = share.min(1.0);
        let bitmap = Bitmap { source: BitmapSource::Or(bitmaps), rows: (stats.rows * share).max(1.0), cost };
        Ok(Some(BitmapChoice { bitmap, cost, share, answered: if exact { vec![0] } else { vec![] }, used: vec![] }))
    }

    /// A scan of a table through a bitmap.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn bitmap_scan(
        &mut self,
        rel: ScanRel,
        cols: Vec<Expr>,
        set: u128,
        quals: Vec<Expr>,
        found: BitmapChoice,
        c: Cost,
        out_rows: f64,
    ) -> Result<Rel> {
        let mut params = Vec::new();
        let mut bitmap = found.bitmap;
        self.bitmap_params(&mut bitmap, set, &cols, &mut params)?;
        let rest = quals.into_iter().enumerate().filter(|(i, _)| !found.answered.contains(i)).map(|(_, c)| c).collect();
        let scan = Rel::new(Node::BitmapScan { rel, bitmap }, cols, set, 1.0, 0.0, 0.0);
        let scan = self.filtered(scan, rest, &RelStats::default())?.costed(out_rows, c.startup, c.total);
        Ok(self.with_params(scan, params))
    }

    fn bitmap_params(
        &mut self,
        b: &mut Bitmap,
        set: u128,
        cols: &[Expr],
        params: &mut Vec<(u32, Expr)>,
    ) -> Result<()> {
        match &mut b.source {
            BitmapSource::Index { keys, .. } => {
                for (_, k) in keys {
                    self.outer_to_params(&mut k.value, params);
                }
            }
            BitmapSource::Method { conds, .. } => {
                for c in conds {
                    self.outer_to_params(&mut c.value, params);
                    self.foreign_to_params(set, &mut c.cond, params);
                    c.cond = resolve::resolve(&c.cond, cols)?;
                }
            }
            BitmapSource::And(list) | BitmapSource::Or(list) => {
                for b in list {
                    self.bitmap_params(b, set, cols, params)?;
                }
            }
        }
        Ok(())
    }
}
