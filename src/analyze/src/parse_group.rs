//! GROUP BY and grouping sets (the rest of `parse_clause.c`, `expand_grouping_sets` of `parse_agg.c`).

use tusklet_error::{Result, SortShort, Span, err};
use tusklet_ir::{GroupingSet, SortClause, Target};
use tusklet_syntax::ast;

use crate::parse_clause::assign_sort_ref;
use crate::parse_node::{Analyzer, Clause};

/// GROUP BY done.
pub struct GroupDone {
    /// The distinct items.
    pub items: Vec<SortClause>,
    /// As written, empty unless there are grouping sets.
    pub written: Vec<GroupingSet>,
}

impl Analyzer<'_> {
    /// GROUP BY (`transformGroupClause`).
    pub fn transform_group(
        &mut self,
        list: &[ast::GroupItem],
        targets: &mut Vec<Target>,
        order: &[SortClause],
        clause: Clause,
    ) -> Result<GroupDone> {
        let mut items = vec![];
        let has_sets = list.iter().any(|g| matches!(g, ast::GroupItem::Set(_)));
        let mut written = vec![];
        for g in list {
            match g {
                ast::GroupItem::Expr(e) => {
                    for e in flat_row(e) {
                        let r = self.group_expr(e, targets, &mut items, order, clause, false)?;
                        if has_sets {
                            written.push(GroupingSet::Simple(vec![r]));
                        }
                    }
                }
                ast::GroupItem::Set(s) => {
                    written.push(self.grouping_set(s, targets, &mut items, order, clause)?);
                }
            }
        }
        if has_sets && written.len() > 1 {
            // Empty sets add nothing to a product.
            let any_real = written.iter().any(|w| !matches!(w, GroupingSet::Empty));
            if any_real {
                written.retain(|w| !matches!(w, GroupingSet::Empty));
            } else {
                written.truncate(1);
            }
        }
        Ok(GroupDone { items, written })
    }

    pub fn group_expr(
        &mut self,
        e: &ast::Expr,
        targets: &mut Vec<Target>,
        items: &mut Vec<SortClause>,
        order: &[SortClause],
        clause: Clause,
        sql99: bool,
    ) -> Result<u32> {
        let i = if sql99 {
            self.find_target_sql99(e, targets, clause)?
        } else {
            self.find_target_sql92(e, targets, clause)?
        };
        let have = targets[i].sort_ref;
        if have != 0 {
            if items.iter().any(|s| s.target == have) {
                return Ok(have);
            }
            // With the ordering ORDER BY asks for, one sort serves both.
            if let Some(s) = order.iter().find(|s| s.target == have) {
                items.push(s.clone());
                return Ok(have);
            }
        }
        self.add_to_group_list(i, targets, items, e.location())?;
        Ok(assign_sort_ref(i, targets))
    }

    fn grouping_set(
        &mut self,
        s: &ast::GroupingSet,
        targets: &mut Vec<Target>,
        items: &mut Vec<SortClause>,
        order: &[SortClause],
        clause: Clause,
    ) -> Result<GroupingSet> {
        let ast::GroupingSet { kind, content, span: _ } = s;
        let mut sets = vec![];
        for g in content {
            match g {
                ast::GroupItem::Expr(e) => {
                    let mut refs = vec![];
                    for e in flat_row(e) {
                        let r = self.group_expr(e, targets, items, order, clause, false)?;
                        if !refs.contains(&r) {
                            refs.push(r);
                        }
                    }
                    sets.push(if refs.is_empty() { GroupingSet::Empty } else { GroupingSet::Simple(refs) });
                }
                ast::GroupItem::Set(inner) => match self.grouping_set(inner, targets, items, order, clause)? {
                    GroupingSet::Sets(v) if *kind == ast::GroupingSetKind::Sets => sets.extend(v),
                    g => sets.push(g),
                },
            }
        }
        Ok(match kind {
            ast::GroupingSetKind::Empty => GroupingSet::Empty,
            ast::GroupingSetKind::Rollup => GroupingSet::Rollup(sets),
            ast::GroupingSetKind::Cube => GroupingSet::Cube(sets),
            ast::GroupingSetKind::Sets => GroupingSet::Sets(sets),
        })
    }
}

/// `(a, b)` is its members; ROW(a, b) is one value.
pub fn flat_row(e: &ast::Expr) -> Vec<&ast::Expr> {
    match e {
        ast::Expr::Row(r) if r.implicit => r.args.iter().flat_map(flat_row).collect(),
        _ => vec![e],
    }
}

/// All the sets that the product of the written ones gives, shortest first (`expand_grouping_sets`).
pub fn expand_grouping_sets(written: &[GroupingSet], distinct: bool, span: Span) -> Result<Vec<Vec<u32>>> {
    const LIMIT: usize = 4096;
    let too_many = || {
        err!(STATEMENT_TOO_COMPLEX, "too many grouping sets present (maximum {LIMIT})").at(span)
    };
    let mut total = 1usize;
    let mut factors = vec![];
    for w in written {
        let n = count(w);
        total = total.saturating_mul(n);
        if total > LIMIT {
            return Err(too_many());
        }
        factors.push(expand(w));
    }
    let mut out: Vec<Vec<u32>> = vec![vec![]];
    for f in &factors {
        let mut next = Vec::with_capacity(out.len() * f.len());
        for a in &out {
            for b in f {
                let mut set = a.clone();
                for r in b {
                    if !set.contains(r) {
                        set.push(*r);
                    }
                }
                next.push(set);
            }
        }
        out = next;
    }
    out.order_by_key(|s| s.len());
    if distinct {
        let mut seen: Vec<Vec<u32>> = vec![];
        out.retain(|s| {
            let mut key = s.clone();
            key.order();
            let new = !seen.contains(&key);
            if new {
                seen.push(key);
            }
            new
        });
    }
    Ok(out)
}

fn count(g: &GroupingSet) -> usize {
    match g {
        GroupingSet::Empty | GroupingSet::Simple(_) => 1,
        GroupingSet::Rollup(v) => v.len() + 1,
        GroupingSet::Cube(v) => 1usize.checked_shl(v.len() as u32).unwrap_or(usize::MAX),
        GroupingSet::Sets(v) => v.iter().map(count).fold(0usize, usize::saturating_add),
    }
}

fn expand(g: &GroupingSet) -> Vec<Vec<u32>> {
    fn refs(g: &GroupingSet) -> Vec<u32> {
        match g {
            GroupingSet::Simple(r) => r.clone(),
            _ => vec![],
        }
    }
    match g {
        GroupingSet::Empty => vec![vec![]],
        GroupingSet::Simple(r) => vec![r.clone()],
        GroupingSet::Rollup(v) => {
            (0..=v.len()).rev().map(|n| v[..n].iter().flat_map(refs).collect()).collect()
        }
        GroupingSet::Cube(v) => (0..1usize << v.len())
            .map(|mask| {
                v.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0).flat_map(|(_, g)| refs(g)).collect()
            })
            .collect(),
        GroupingSet::Sets(v) => v.iter().flat_map(expand).collect(),
    }
}
