//! INSERT, UPDATE, DELETE, MERGE.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{ConstraintKind, RelKind, Relation};
use tusklet_error::{Error, Result, SortShort, TryVec};
use tusklet_ir::*;

use crate::join::FromContext;
use crate::resolve::{find, resolve};
use crate::scan::column_var;
use crate::{Planner, Rel, cost, expr};

impl Planner<'_> {
    /// Plans a data-changing query. The columns of the result are its RETURNING targets.
    pub fn plan_modify(&mut self, q: &mut Query) -> Result<Rel> {
        self.prepare(q)?;
        let Some(result) = q.result_rel else { return Err(Error::internal("no result relation")) };
        let RteKind::Relation { oid, .. } = q.rtable[result as usize].kind else {
            return Err(Error::internal("result relation is no relation"));
        };
        let relation = self.cx.relation(oid)?;
        if relation.system {
            return Err(tusklet_error::err!(
                INSUFFICIENT_PRIVILEGE, "permission denied: \"{}\" is a system catalog"; relation.name
            ));
        }
        match relation.kind {
            RelKind::Table => {}
            RelKind::Partitioned => return Err(Error::unsupported("changing a partitioned table")),
            _ => return Err(tusklet_error::err!(WRONG_OBJECT_TYPE, "cannot change relation \"{}\""; relation.name)),
        }
        self.note_use(oid, |u| match q.command {
            CommandType::Insert => u.insert = true,
            CommandType::Update => u.update = true,
            CommandType::Delete => u.delete = true,
            CommandType::Merge | CommandType::Select => {}
        });
        let command = q.command;
        // They are about the written row: the input need not read what they do.
        let view_checks = std::mem::take(&mut q.view_checks.0);
        let mut actions = vec![];
        let (input, set, ctid, tableoid, tables) = if command == CommandType::Merge {
            let (input, steps) = self.merge_input(q, result, &relation)?;
            actions = steps;
            (input, vec![], 0, None, vec![relation.clone()])
        } else if command == CommandType::Insert {
            let input = self.insert_input(q, &relation)?;
            (input, vec![], 0, None, vec![relation.clone()])
        } else {
            self.change_input(q, result, &relation)?
        };
        let mut targets = Vec::new();
        for t in &tables {
            targets.push(self.modify_target(&relation, t, &view_checks)?);
        }
        let on_conflict = match q.on_conflict.take() {
            None => None,
            Some(c) => Some(self.conflict_action(*c, result, &relation)?),
        };
        // RETURNING speaks of the written row, and of the other tables' columns in the input.
        let n = relation.columns.len();
        let mut native: Vec<Expr> = (1..=n as i16).map(|a| column_var(q, result, a)).collect();
        native.push(column_var(q, result, -1));
        native.push(column_var(q, result, -6));
        for c in &input.cols {
            // Under INSERT the input's columns mean nothing by name; else only what is not the target's own.
            let own = expr::rels(c) >> result & 1 == 1 || command == CommandType::Insert;
            let hidden = c.with_kind(ExprKind::Param(Param::Exec(u32::MAX - 1)));
            native.push(if own { hidden } else { c.clone() });
        }
        let returning: Vec<Expr> = q.returning.iter().map(|t| t.expr.clone()).collect();
        let project =
            if returning.is_empty() { None } else { Some(returning.iter().map(|e| resolve(e, &native)).try_vec()?) };
        let rows = input.plan.rows;
        let total = input.plan.total_cost + rows * cost::ROW;
        let rte = self.level().rte_base + result;
        let node = Node::ModifyTable(Box::new(ModifyTable {
            command,
            input: *input.plan,
            targets,
            rte,
            ctid,
            tableoid,
            set,
            returning: project.is_some(),
            on_conflict,
            actions,
        }));
        let mut rel = Rel::new(node, returning, 0, rows, 0.0, total);
        rel.plan.project = project;
        if rel.plan.project.is_none() {
            rel.plan.columns = vec![];
        }
        Ok(rel)
    }

    /// Full rows for INSERT, one column an attribute.
    fn insert_input(&mut self, q: &mut Query, relation: &Relation) -> Result<Rel> {
        let needed = self.needed(q);
        let mut exprs = Vec::new();
        for (i, c) in relation.columns.iter().enumerate() {
            let e = q.targets.iter().find(|t| t.attno as usize == i + 1).map(|t| t.expr.clone());
            exprs.push(e.unwrap_or_else(|| Expr::constant(Value::Null, c.ty).collated(c.collation)));
        }
        let mut quals = Vec::new();
        if let Some(f) = q.filter.take() {
            expr::conjuncts(f, &mut quals);
        }
        let from = q.from.clone();
        let fc = FromContext { q, needed: &needed, wanted: None, fraction: 1.0 };
        let rel = self.plan_from(&fc, &from, quals)?;
        if exprs.iter().any(expr::returns_set) {
            return Err(Error::internal("set-returning function in INSERT targets"));
        }
        self.project(rel, exprs)
    }

    /// ctid (and tableoid), UPDATE's new values, and what RETURNING needs of other tables.
    #[allow(clippy::type_complexity)]
    fn change_input(
        &mut self,
        q: &mut Query,
        result: u32,
        relation: &Rc<Relation>,
    ) -> Result<(Rel, Vec<(i16, u32)>, u32, Option<u32>, Vec<Rc<Relation>>)> {
        let mut tables = Vec::new();
        if q.rtable[result as usize].inherit {
            self.descendants(relation, &mut tables)?;
        } else {
            tables.push(relation.clone());
        }
        let many = tables.len() > 1;
        let mut needed = self.needed(q);
        let own = &mut needed[result as usize];
        // RETURNING's own columns come from the written row.
        if !own.contains(&-1) {
            own.push(-1);
        }
        if many && !own.contains(&-6) {
            own.push(-6);
        }
        let mut quals = Vec::new();
        if let Some(f) = q.filter.take() {
            expr::conjuncts(f, &mut quals);
        }
        let mut from = q.from.clone();
        let in_from = from.iter().any(|n| crate::prep::from_rels(n) >> result & 1 == 1);
        if !in_from {
            from.insert(0, FromNode::Ref(result));
        }
        let fc = FromContext { q, needed: &needed, wanted: None, fraction: 1.0 };
        let rel = self.plan_from(&fc, &from, quals)?;
        let mut cols = vec![column_var(q, result, -1)];
        let mut tableoid = None;
        if many {
            cols.push(column_var(q, result, -6));
            tableoid = Some(1);
        }
        let mut set = Vec::new();
        if q.command == CommandType::Update {
            for t in q.targets.iter().filter(|t| !t.junk) {
                set.push((t.attno, cols.len() as u32));
                cols.push(t.expr.clone());
            }
        }
        for t in &q.returning {
            visit::walk(&t.expr, &mut |x| {
                if let ExprKind::Var(v) = &x.kind {
                    if v.level == 0 && v.rte != result && find(x, &cols[1..]).is_none() {
                        cols.push(x.clone());
                    }
                }
                true
            });
        }
        let rel = self.project(rel, cols)?;
        Ok((rel, set, 0, tableoid, tables))
    }

    /// MERGE: the source joined to the target, kept without a partner when a WHEN NOT MATCHED may want it.
    fn merge_input(&mut self, q: &mut Query, result: u32, relation: &Relation) -> Result<(Rel, Vec<MergeStep>)> {
        if q.rtable[result as usize].inherit && !relation.children.is_empty() {
            return Err(Error::unsupported("MERGE into a table with children"));
        }
        let mut needed = self.needed(q);
        if !needed[result as usize].contains(&-1) {
            needed[result as usize].push(-1);
        }
        let actions = std::mem::take(&mut q.merge_actions);
        let on = q.merge_on.take();
        for a in &actions {
            self.note_use(relation.oid, |u| match a.command {
                Some(CommandType::Insert) => u.insert = true,
                Some(CommandType::Update) => u.update = true,
                Some(CommandType::Delete) => u.delete = true,
                _ => {}
            });
        }
        let mut nodes: Vec<FromNode> =
            q.from.iter().filter(|n| !matches!(n, FromNode::Ref(r) if *r == result)).cloned().collect();
        let Some(first) = (!nodes.is_empty()).then(|| nodes.remove(0)) else {
            return Err(Error::internal("MERGE without a source"));
        };
        let source = nodes.into_iter().fold(first, |l, r| FromNode::Join {
            kind: JoinKind::Inner,
            left: Box::new(l),
            right: Box::new(r),
            on: None,
            rte: u32::MAX,
            using: vec![],
            natural: false,
        });
        let kind = if actions.iter().any(|a| !a.matched) { JoinKind::Left } else { JoinKind::Inner };
        let join = FromNode::Join {
            kind,
            left: Box::new(source),
            right: Box::new(FromNode::Ref(result)),
            on,
            rte: u32::MAX,
            using: vec![],
            natural: false,
        };
        let fc = FromContext { q, needed: &needed, wanted: None, fraction: 1.0 };
        let rel = self.plan_from(&fc, &[join], vec![])?;
        let ctid = column_var(q, result, -1);
        let mut cols = vec![ctid.clone()];
        cols.extend(rel.cols.iter().filter(|c| !expr::same(c, &ctid)).cloned());
        let rel = self.project(rel, cols)?;
        let mut steps = Vec::new();
        for a in actions {
            let mut values = Vec::new();
            if a.command == Some(CommandType::Insert) {
                for (i, c) in relation.columns.iter().enumerate() {
                    let attno = i as i16 + 1;
                    let e = a.targets.iter().find(|t| t.attno == attno).map(|t| t.expr.clone());
                    let e = e.unwrap_or_else(|| Expr::constant(Value::Null, c.ty).collated(c.collation));
                    values.push((attno, resolve(&e, &rel.cols)?));
                }
            } else {
                for t in a.targets.iter().filter(|t| !t.junk) {
                    values.push((t.attno, resolve(&t.expr, &rel.cols)?));
                }
            }
            let cond = a.cond.as_ref().map(|c| resolve(c, &rel.cols)).transpose()?;
            steps.push(MergeStep { matched: a.matched, cond, command: a.command, values });
        }
        Ok((rel, steps))
    }

    /// Everything a row written to `table` must satisfy.
    fn modify_target(
        &mut self,
        named: &Relation,
        table: &Rc<Relation>,
        view_checks: &[ViewCheck],
    ) -> Result<ModifyTarget> {
        let schema = self.cx.catalog().schema_name(table.schema).unwrap_or_default();
        let columns: Vec<TargetColumn> = table
            .columns
            .iter()
            .map(|c| TargetColumn {
                name: c.name.clone(),
                ty: c.ty,
                not_null: c.not_null && !c.dropped,
                dropped: c.dropped,
            })
            .collect();
        let plain = |e: &Expr| -> Expr {
            let mut e = e.clone();
            visit::walk_mut(&mut e, &mut |x| {
                if let ExprKind::Var(v) = &x.kind {
                    x.kind = if v.attno > 0 {
                        ExprKind::Column(v.attno as u32 - 1)
                    } else {
                        ExprKind::WholeRow { first: 0, fields: table.columns.len() as u32 }
                    };
                }
            });
            e
        };
        let mut checks = Vec::new();
        for c in &table.constraints {
            if let ConstraintKind::Check(e) = &c.kind {
                checks.push((c.name.clone(), plain(e)));
            }
        }
        // PostgreSQL checks them in order of name.
        checks.order_by(|a, b| a.0.cmp(&b.0));
        let mut generated = Vec::new();
        for (i, c) in table.columns.iter().enumerate() {
            if let (true, Some(e)) = (c.generated, &c.default) {
                generated.push((i as i16 + 1, plain(e)));
            }
        }
        let mut indexes = Vec::new();
        let mut all = table.indexes.clone();
        all.order();
        for oid in all {
            let rel = self.cx.relation(oid)?;
            let Some(ix) = &rel.index else { continue };
            if rel.storage == 0 {
                continue;
            }
            // Nothing is entered into a BRIN index, but what it computes may fail.
            let computes = ix.predicate.is_some() || ix.columns.iter().any(|c| c.expr.is_some());
            if rel.access_method == oids::AM_BRIN && !computes {
                continue;
            }
            let mut keys = Vec::new();
            let mut attnos = Vec::new();
            for k in ix.columns.iter().take(ix.keys as usize) {
                let e = match (&k.expr, k.attno) {
                    (Some(e), _) => {
                        note_attnos(e, &mut attnos);
                        plain(e)
                    }
                    (None, a) => {
                        attnos.push(a);
                        let c = &table.columns[a.max(1) as usize - 1];
                        Expr::new(ExprKind::Column(a as u32 - 1), c.ty).collated(c.collation)
                    }
                };
                let key = SortKey {
                    column: 0,
                    ty: k.ty.oid,
                    cmp: k.cmp,
                    collation: k.collation,
                    desc: k.desc,
                    nulls_first: k.nulls_first,
                };
                keys.push((e, key));
            }
            if let Some(p) = &ix.predicate {
                note_attnos(p, &mut attnos);
            }
            indexes.push(TargetIndex {
                oid,
                name: rel.name.clone(),
                storage: rel.storage,
                keys,
                attnos,
                unique: ix.unique,
                nulls_not_distinct: ix.nulls_not_distinct,
                immediate: ix.immediate,
                predicate: ix.predicate.as_ref().map(|p| plain(p)),
            });
        }
        let referenced = self.cx.catalog().user_relations().any(|r| {
            r.constraints.iter().any(|c| matches!(&c.kind, ConstraintKind::Foreign(f) if f.table == table.oid))
        });
        let references = table.constraints.iter().any(|c| matches!(c.kind, ConstraintKind::Foreign(_)));
        const BEFORE: u32 = 2;
        const ROW: u32 = 1;
        let row_trigger = |before: bool| {
            table.triggers.iter().any(|t| t.enabled != b'D' && t.bits & ROW != 0 && (t.bits & BEFORE != 0) == before)
        };
        let attribute_map = (table.oid != named.oid)
            .then(|| table.columns.iter().map(|c| named.attno(&c.name).map(|a| a as u32 - 1)).collect());
        // The conditions of views speak of the named table's columns, which a child may have elsewhere.
        let mut checks_of_views = Vec::new();
        for c in view_checks {
            let Some(qual) = &c.qual else { continue };
            let mut e = qual.clone();
            let mut failed = false;
            visit::walk_mut(&mut e, &mut |x| {
                let ExprKind::Var(v) = &mut x.kind else { return };
                if v.attno > 0 && table.oid != named.oid {
                    let at = named.columns.get(v.attno as usize - 1).and_then(|c| table.attno(&c.name));
                    failed |= at.is_none();
                    v.attno = at.unwrap_or(v.attno);
                }
                failed |= v.attno < 0;
            });
            if failed {
                return Err(Error::unsupported("system columns in WITH CHECK OPTION"));
            }
            checks_of_views.push((c.view.clone(), plain(&e)));
        }
        let view_checks = checks_of_views;
        Ok(ModifyTarget {
            rel: table.oid,
            name: (schema, table.name.clone()),
            storage: table.storage,
            columns,
            checks,
            generated,
            indexes,
            view_checks,
            after_rows: referenced || references || row_trigger(false),
            before_rows: row_trigger(true),
            attribute_map,
        })
    }

    fn conflict_action(&mut self, c: OnConflict, result: u32, relation: &Relation) -> Result<ConflictAction> {
        let n = relation.columns.len();
        let mut map = |e: &Expr| -> Result<Expr> {
            let mut e = e.clone();
            let mut failed = None;
            visit::walk_mut(&mut e, &mut |x| {
                let ExprKind::Var(v) = &x.kind else { return };
                let at = match (v.rte, v.attno) {
                    (r, a) if r == result && a > 0 => a as usize - 1,
                    (r, -1) if r == result => n,
                    (r, -6) if r == result => n + 1,
                    (r, a) if r == c.excluded && a > 0 => n + 2 + a as usize - 1,
                    _ => {
                        failed = Some(Error::unsupported("this column in ON CONFLICT DO UPDATE"));
                        return;
                    }
                };
                x.kind = ExprKind::Column(at as u32);
            });
            failed.map_or(Ok(e), Err)
        };
        let update = if c.update {
            let mut set = Vec::new();
            for t in &c.set {
                set.push((t.attno, map(&t.expr)?));
            }
            Some(set)
        } else {
            None
        };
        let filter = c.filter.as_ref().map(&mut map).transpose()?;
        if c.update {
            self.note_use(relation.oid, |u| u.update = true);
        }
        Ok(ConflictAction { arbiters: c.arbiters, update, filter })
    }
}

fn note_attnos(e: &Expr, out: &mut Vec<i16>) {
    visit::walk(e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind {
            if !out.contains(&v.attno) {
                out.push(v.attno);
            }
        }
        true
    });
}
