//! MERGE (`parse_merge.c`).

use tusklet_catalog::live::RelKind;
use tusklet_error::{Result, bail, err};
use tusklet_ir::{CommandType, MergeAction, Overriding, Query};
use tusklet_syntax::ast;

use crate::modify::{add_assignment, overriding_kind};
use crate::parse_node::{Analyzer, Clause, location};

impl Analyzer<'_> {
    pub fn transform_merge(&mut self, s: &ast::MergeStmt) -> Result<Query> {
        let ast::MergeStmt { with_clause, relation, source_relation, join_condition, merge_when_clauses, span } = s;
        let mut q = Query::new(CommandType::Merge);
        q.span = *span;
        if let Some(w) = with_clause {
            if w.recursive {
                bail!(SYNTAX_ERROR, "WITH RECURSIVE is not supported for MERGE statement");
            }
        }
        q.recursive = self.transform_with(with_clause.as_deref())?;
        // A clause after one that always applies can never be reached.
        let mut always = [false, false];
        for w in merge_when_clauses {
            let kind = usize::from(w.matched);
            if always[kind] {
                return Err(err!(
                    SYNTAX_ERROR,
                    "unreachable WHEN clause specified after unconditional WHEN clause"
                ));
            }
            always[kind] = w.condition.is_none();
        }
        let (rel, target) = self.set_target_table(relation, relation.inh, false)?;
        if !matches!(rel.kind, RelKind::Table | RelKind::Partitioned) || rel.system {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cannot execute MERGE on relation \"{}\""; rel.name)
                .detail(match rel.kind {
                    RelKind::View => "This operation is not supported for views.",
                    RelKind::MatView => "This operation is not supported for materialized views.",
                    RelKind::Foreign => "This operation is not supported for foreign tables.",
                    RelKind::Sequence => "This operation is not supported for sequences.",
                    _ => "This operation is not supported for this kind of relation.",
                }));
        }
        if !rel.rules.is_empty() {
            bail!(FEATURE_NOT_SUPPORTED, "cannot execute MERGE on relation \"{}\""; rel.name);
        }
        q.result_rel = Some(target);
        let source = self.transform_from(std::slice::from_ref(source_relation))?;
        let item = self.ps().target.clone();
        if let Some(t) = &item {
            let have = self.ps().namespace.clone();
            self.check_namespace_conflicts(&have, std::slice::from_ref(t)).map_err(|e| {
                // PostgreSQL words a clash of the two sides its own way.
                err!(DUPLICATE_ALIAS, "name \"{}\" specified more than once"; t.name)
                    .detail("The name is used both as MERGE target table and data source.")
                    .at(e.report().span)
            })?;
        }
        let source_names = self.ps().namespace.clone();
        let mut both = source_names.clone();
        both.extend(item.clone());
        self.ps().namespace = both.clone();
        q.merge_on = self.transform_where(Some(join_condition), Clause::JoinOn, "JOIN/ON")?;
        for w in merge_when_clauses {
            let ast::MergeWhenClause { matched, condition, action, span: _ } = w;
            // NOT MATCHED has no target row to look at.
            let mut visible = source_names.clone();
            if let Some(mut t) = item.clone() {
                t.rel_visible = *matched;
                t.cols_visible = *matched;
                visible.push(t);
            }
            self.ps().namespace = visible;
            let cond = self.transform_where(condition.as_ref(), Clause::MergeWhen, "WHEN")?;
            let mut done =
                MergeAction { matched: *matched, cond, command: None, targets: vec![], overriding: Overriding::None };
            match action {
                ast::MergeAction::DoNothing => {}
                ast::MergeAction::Delete => done.command = Some(CommandType::Delete),
                ast::MergeAction::Update { target_list } => {
                    self.ps().is_insert = false;
                    done.command = Some(CommandType::Update);
                    done.targets = self.update_targets(target_list, &rel)?;
                }
                ast::MergeAction::Insert { cols, overriding, values } => {
                    self.ps().is_insert = true;
                    done.command = Some(CommandType::Insert);
                    done.overriding = overriding_kind(*overriding);
                    let columns = self.check_insert_targets(&rel, cols)?;
                    let list = match values {
                        Some(v) => self.expression_list(v, Clause::ValuesSingle, true)?,
                        None => vec![],
                    };
                    if list.len() > columns.len() {
                        return Err(err!(SYNTAX_ERROR, "INSERT has more expressions than target columns")
                            .at(location(&list[columns.len()])));
                    }
                    if !cols.is_empty() && values.is_some() && list.len() < columns.len() {
                        return Err(err!(SYNTAX_ERROR, "INSERT has more target columns than expressions")
                            .at(columns[list.len()].1.span));
                    }
                    for (e, (attno, t)) in list.into_iter().zip(&columns) {
                        let e = self.transform_assigned(e, Clause::InsertTarget, &rel, *attno, t)?;
                        add_assignment(&mut done.targets, e, *attno, &t.name)?;
                    }
                    self.ps().is_insert = false;
                }
            }
            q.merge_actions.push(done);
        }
        self.ps().namespace = both;
        // The planner joins the source to the target on `merge_on`, outer when there is a NOT MATCHED clause.
        q.from = source;
        self.finish_query(&mut q);
        self.assign_query_collations(&mut q)?;
        Ok(q)
    }
}
