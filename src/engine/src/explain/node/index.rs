//! What bitmaps and comparisons of rows look like.

use tusklet_adt::float::fixed;
use tusklet_error::{Result, filled};
use tusklet_catalog::builtin;
use tusklet_exec::NodeStats;
use tusklet_ir::{Bitmap, BitmapSource, Expr, ExprKind, FuncCall, MethodCond, Oid, Plan, RowCompareKind, ScanRel, visit};

use super::super::format::{Tree, Value};
use super::{Explainer, Named, conjunction, line, put_numbers, quote_identifier};

/// A condition with the index's column on its left.
pub(super) fn turned(c: &MethodCond) -> Expr {
    match &c.cond.kind {
        ExprKind::Call(call)
            if call.args.len() == 2
                && !visit::any(&call.args[0], &mut |x| matches!(x.kind, ExprKind::Column(_)))
                && let Some(op) = builtin::operator(call.op).and_then(|o| builtin::operator(o.commutator())) =>
        {
            let args = vec![call.args[1].clone(), call.args[0].clone()];
            let call = FuncCall { op: op.oid(), func: op.code(), args, ..(**call).clone() };
            c.cond.with_kind(ExprKind::Call(Box::new(call)))
        }
        _ => c.cond.clone(),
    }
}

impl Explainer<'_, '_> {
    pub(super) fn index_name(&self, index: Oid) -> String {
        self.shared.catalog().relation(index).map_or_else(String::new, |r| r.name.clone())
    }

    /// The bounds of a bitmap's indexes as one condition.
    pub(super) fn bitmap_cond(&mut self, p: &Plan, rel: &ScanRel, b: &Bitmap) -> Result<String> {
        let mut parts = Vec::new();
        let word = match &b.source {
            BitmapSource::Index { index, keys, .. } => {
                for (i, k) in keys {
                    // What only leads to a condition that is tested anyway needs no second look.
                    let whole = *i == 0 && self.row_bound(p, rel, *index).is_some_and(|(_, whole)| whole);
                    if whole || !self.derived(p, rel, *index, *i) {
                        parts.push(self.bound(p, rel, *index, *i, k)?);
                    }
                }
                " AND "
            }
            BitmapSource::Method { conds, .. } => {
                let native = self.scan_columns(p, rel);
                for c in conds.iter().filter(|c| !c.derived) {
                    parts.push(self.show(&c.cond, &native, false)?);
                }
                " AND "
            }
            BitmapSource::And(list) => {
                for b in list {
                    parts.push(self.bitmap_cond(p, rel, b)?);
                }
                " AND "
            }
            BitmapSource::Or(list) => {
                for b in list {
                    parts.push(self.bitmap_cond(p, rel, b)?);
                }
                " OR "
            }
        };
        parts.retain(|p| !p.is_empty());
        Ok(if parts.len() < 2 { parts.concat() } else { filled!("({})"; parts.join(word)) })
    }

    /// Whether a scan's filter has the comparison of rows or LIKE from which bounds on an index column were made.
    pub(super) fn derived(&self, p: &Plan, rel: &ScanRel, index: Oid, key: u32) -> bool {
        let columns = self.shared.catalog().relation(index);
        let Some(attno) = columns.and_then(|r| Some(r.index.as_ref()?.columns.get(key as usize)?.attno)) else {
            return false;
        };
        let is = |e: &Expr| match &e.kind {
            ExprKind::Column(c) => rel.columns.get(*c as usize) == Some(&attno),
            ExprKind::Relabel { arg, .. } => {
                matches!(arg.kind, ExprKind::Column(c) if rel.columns.get(c as usize) == Some(&attno))
            }
            _ => false,
        };
        let like = |op: Oid| tusklet_catalog::builtin::operator(op).is_some_and(|o| o.name() == "~~");
        p.filter.iter().any(|f| {
            visit::any(f, &mut |x| match &x.kind {
                ExprKind::RowCompare { left, right, .. } => left.iter().chain(right).any(is),
                ExprKind::Call(c) => like(c.op) && c.args.first().is_some_and(is),
                _ => false,
            })
        })
    }

    /// The conditions of an index that is no B-tree, with its columns on the left.
    pub(super) fn index_conds(&mut self, conds: &[MethodCond], native: &[Named]) -> Result<Vec<String>> {
        let mut parts = Vec::new();
        for c in conds.iter().filter(|c| c.strategy != MethodCond::PREDICATE) {
            parts.push(self.show(&turned(c), native, false)?);
        }
        Ok(parts)
    }

    /// The nodes below a bitmap heap scan.
    pub(super) fn bitmap_node(
        &mut self,
        p: &Plan,
        rel: &ScanRel,
        b: &Bitmap,
        relationship: &'static str,
    ) -> Result<Tree> {
        let mut t = Tree { title: String::new(), properties: vec![], children: vec![] };
        let (kind, list): (&str, &[Bitmap]) = match &b.source {
            BitmapSource::Index { .. } | BitmapSource::Method { .. } => ("Bitmap Index Scan", &[]),
            BitmapSource::And(list) => ("BitmapAnd", list),
            BitmapSource::Or(list) => ("BitmapOr", list),
        };
        t.title = kind.into();
        let mut special = Vec::new();
        let mut cond = None;
        if let BitmapSource::Index { index, .. } | BitmapSource::Method { index, .. } = &b.source {
            let name = self.index_name(*index);
            t.title = filled!("{} on {}"; kind, quote_identifier(&name));
            special.push(("Index Name", name));
            let mut parts = Vec::new();
            match &b.source {
                BitmapSource::Index { keys, .. } => {
                    for (i, k) in keys {
                        parts.push(self.bound(p, rel, *index, *i, k)?);
                    }
                }
                BitmapSource::Method { conds, .. } => {
                    let native = self.scan_columns(p, rel);
                    parts = self.index_conds(conds, &native)?;
                }
                _ => {}
            }
            cond = (!parts.is_empty()).then(|| line("Index Cond", Value::Text(conjunction(parts))));
        }
        self.frame(&mut t, p, kind, Some(relationship), None, &special);
        t.properties.extend(cond);
        let mut numbers = Vec::new();
        if self.o.costs {
            let (total, rows) = (fixed(b.cost, 2), fixed(b.rows, 0));
            t.title.push_str(&format!("  (cost=0.00..{total} rows={rows} width=0)"));
            numbers.extend([("Startup Cost", "0.00".into()), ("Total Cost", total), ("Plan Rows", rows)]);
            numbers.push(("Plan Width", "0".into()));
        }
        // Of several together nothing is counted.
        if let (Some(s), "Outer", []) = (self.counted(p), relationship, list) {
            self.actual(&mut t, &NodeStats { rows: s.found, total: s.startup, ..*s }, &mut numbers);
        }
        put_numbers(&mut t, numbers);
        for b in list {
            let below = self.bitmap_node(p, rel, b, "Member")?;
            t.children.push((None, below));
        }
        Ok(t)
    }

    /// The comparison of rows among a scan's conditions of which a bound is the beginning: as far as the index has its
    /// columns, and whether that is all of it (`expand_indexqual_rowcompare`).
    pub(super) fn row_bound(&self, p: &Plan, rel: &ScanRel, index: Oid) -> Option<(Expr, bool)> {
        let columns = self.shared.catalog().relation(index)?;
        let columns = &columns.index.as_ref()?.columns;
        let attno = |e: &Expr| match e.kind {
            ExprKind::Column(c) => rel.columns.get(c as usize).copied(),
            _ => None,
        };
        let mut parts = Vec::new();
        match p.filter.as_ref().map(|f| (&f.kind, f)) {
            Some((ExprKind::And(list), _)) => parts.extend(list),
            Some((_, f)) => parts.push(f),
            None => {}
        }
        for e in parts {
            let ExprKind::RowCompare { kind, ops, funcs, left, right, collations } = &e.kind else { continue };
            let first = columns.first()?.attno;
            let flip = left.first().and_then(attno) != Some(first);
            let (keys, values) = if flip { (right, left) } else { (left, right) };
            let n = keys.iter().zip(columns.iter()).take_while(|(k, c)| attno(k) == Some(c.attno)).count();
            if n < 2 {
                continue;
            }
            let whole = n == keys.len();
            let greater = matches!(kind, RowCompareKind::Gt | RowCompareKind::Ge) != flip;
            let strict = whole && matches!(kind, RowCompareKind::Gt | RowCompareKind::Lt);
            let kind = match (greater, strict) {
                (true, true) => RowCompareKind::Gt,
                (true, false) => RowCompareKind::Ge,
                (false, true) => RowCompareKind::Lt,
                (false, false) => RowCompareKind::Le,
            };
            let kind = ExprKind::RowCompare {
                kind,
                ops: ops.clone(),
                funcs: funcs.clone(),
                left: keys[..n].to_vec(),
                right: values[..n].to_vec(),
                collations: collations.clone(),
            };
            return Some((e.with_kind(kind), whole));
        }
        None
    }
}
