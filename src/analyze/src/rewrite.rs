//! What happens between analysis and planning (`rewriteHandler.c`): defaults are filled in, views become subqueries, simple
//! views that are written to become writes to their tables.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_catalog::live::{Column, Relation, RelKind, TypeEntryKind};
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Result, SortShort, SortedMap, Span, bail, err, filled};
use tusklet_ir::{
    CoercionForm, CommandType, Expr, ExprKind, FromNode, Oid, Overriding, Query, RowMark, Rte, RteColumn, RteKind, Target,
    TypeRef, ViewCheck,
};

use crate::parse_coerce::CoercionContext;
use crate::parse_expr::boolean;
use crate::parse_node::{Analyzer, lookup_failed};
use crate::{AnalyzeContext, ParamTypes};

thread_local! {
    /// Built-in views, analysed and expanded; they depend on nothing that can change.
    static SYSTEM_VIEWS: RefCell<SortedMap<Oid, Rc<Query>>> = RefCell::default();
}

/// Rewrites an analysed query. Rules could make several of one; so far it is always one.
pub fn rewrite(cx: &mut dyn AnalyzeContext, q: Query) -> Result<Vec<Query>> {
    let mut a = Analyzer::new(cx, ParamTypes::none());
    a.push();
    let q = a.rewrite_query(q, 0)?;
    Ok(vec![q])
}

/// What an INSERT that does not name the column puts there (`build_column_default`); `None` for NULL.
pub fn insert_default(cx: &mut dyn AnalyzeContext, rel: &Relation, attno: i16) -> Result<Option<Expr>> {
    let Some(column) = rel.column(attno) else { return Ok(None) };
    let mut a = Analyzer::new(cx, ParamTypes::none());
    a.push();
    a.column_default(rel, attno, column)
}

/// A view's query, its own views not expanded for a user's view, expanded for a built-in one.
pub fn view_query(cx: &mut dyn AnalyzeContext, view: Oid) -> Result<Rc<Query>> {
    let rel = cx.catalog().relation(view).ok_or_else(|| lookup_failed("relation", view))?;
    let Some(v) = &rel.view else { bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a view"; rel.name) };
    if let Some(q) = &v.query {
        return Ok(q.clone());
    }
    if let Some(q) = SYSTEM_VIEWS.with_borrow(|c| c.get(&view).cloned()) {
        return Ok(q);
    }
    let raw = tusklet_syntax::parse_one(v.text.trim().trim_end_matches(';'))?;
    let mut a = Analyzer::new(cx, ParamTypes::none());
    a.path = Rc::new(SearchPath::system());
    a.push();
    let q = a.transform_stmt(&raw.stmt)?;
    a.pop();
    a.push();
    let mut q = a.rewrite_query(q, 0)?;
    forget_spans(&mut q);
    let q = Rc::new(q);
    SYSTEM_VIEWS.with_borrow_mut(|c| c.insert(view, q.clone()));
    Ok(q)
}

fn forget_spans(q: &mut Query) {
    q.span = Span::NONE;
    tusklet_ir::visit::walk_levels_mut(q, 0, &mut |e, _| e.span = Span::NONE);
}

impl Analyzer<'_> {
    fn rewrite_query(&mut self, mut q: Query, depth: u32) -> Result<Query> {
        if depth > 200 {
            bail!(STATEMENT_TOO_COMPLEX, "views are nested too deeply");
        }
        if let Some(rte) = q.result_rel {
            // A view over a view over a table: as many rounds as needed.
            for round in 0.. {
                let RteKind::Relation { oid, .. } = &q.rtable[rte as usize].kind else { break };
                let rel = self.cat.relation(*oid).ok_or_else(|| lookup_failed("relation", *oid))?;
                if !rel.rules.is_empty() {
                    return Err(Error::unsupported(filled!("writing to \"{}\", which has rules,"; rel.name)));
                }
                if rel.kind != RelKind::View {
                    self.rewrite_targets(&mut q, &rel, rte)?;
                    break;
                }
                if has_instead_trigger(&rel, q.command) {
                    break;
                }
                if round > 100 {
                    bail!(INTERNAL_ERROR, "infinite recursion detected in rules for relation \"{}\""; rel.name);
                }
                q = self.rewrite_target_view(q, &rel, rte)?;
            }
        }
        for c in &mut q.ctes {
            let inner = std::mem::replace(&mut c.query, Query::new(CommandType::Select));
            c.query = self.rewrite_query(inner, depth + 1)?;
        }
        for i in 0..q.rtable.len() {
            self.expand_entry(&mut q, i, depth)?;
        }
        if q.has_sublinks || q.rtable.iter().any(|r| !matches!(r.kind, RteKind::Relation { .. } | RteKind::Result)) {
            let mut failed = Ok(());
            let this = self;
            tusklet_ir::visit::query_exprs_mut(&mut q, &mut |e| {
                tusklet_ir::visit::walk_mut(e, &mut |x| {
                    if let (ExprKind::SubLink(s), true) = (&mut x.kind, failed.is_ok()) {
                        let inner = std::mem::replace(&mut s.query, Query::new(CommandType::Select));
                        match this.rewrite_query(inner, depth + 1) {
                            Ok(q) => s.query = q,
                            Err(e) => failed = Err(e),
                        }
                    }
                })
            });
            failed?;
        }
        Ok(q)
    }

    fn expand_entry(&mut self, q: &mut Query, i: usize, depth: u32) -> Result<()> {
        let target = q.result_rel == Some(i as u32);
        let marks: Vec<RowMark> = q.locks.iter().filter(|m| m.rte == i as u32).cloned().collect();
        let rte = &mut q.rtable[i];
        match &mut rte.kind {
            RteKind::Subquery { query, .. } => {
                let inner = std::mem::replace(&mut **query, Query::new(CommandType::Select));
                let done = self.rewrite_query(inner, depth + 1)?;
                if let RteKind::Subquery { query, .. } = &mut q.rtable[i].kind {
                    **query = done;
                }
            }
            RteKind::Relation { oid, .. } if !target => {
                let oid = *oid;
                let rel = self.cat.relation(oid).ok_or_else(|| lookup_failed("relation", oid))?;
                if rel.row_security && rel.kind != RelKind::View {
                    return Err(Error::unsupported(filled!("row-level security on \"{}\""; rel.name)));
                }
                if rel.kind != RelKind::View || !rte.in_from {
                    return Ok(());
                }
                let view = view_query(self.cx, oid)?;
                let mut inner = (*view).clone();
                if !rel.system {
                    inner = self.rewrite_query(inner, depth + 1)?;
                }
                for m in marks {
                    lock_view(&mut inner, &m);
                }
                let rte = &mut q.rtable[i];
                rte.kind = RteKind::Subquery { query: Box::new(inner), view: oid };
                rte.inherit = false;
            }
            _ => {}
        }
        Ok(())
    }

    // Defaults.

    fn rewrite_targets(&mut self, q: &mut Query, rel: &Rc<Relation>, rte: u32) -> Result<()> {
        match q.command {
            CommandType::Insert => {
                let overriding = q.overriding;
                let targets = std::mem::take(&mut q.targets);
                self.values_defaults(q, rel, &targets, overriding)?;
                let all_default = values_all_default(q, &targets);
                q.targets = self.insert_defaults(targets, rel, overriding, &all_default)?;
            }
            CommandType::Update => {
                let targets = std::mem::take(&mut q.targets);
                q.targets = self.update_defaults(targets, rel)?;
            }
            CommandType::Merge => {
                for a in &mut q.merge_actions {
                    let targets = std::mem::take(&mut a.targets);
                    a.targets = match a.command {
                        Some(CommandType::Insert) => self.insert_defaults(targets, rel, a.overriding, &[])?,
                        Some(CommandType::Update) => self.update_defaults(targets, rel)?,
                        _ => targets,
                    };
                }
            }
            CommandType::Delete | CommandType::Select => {}
        }
        if let Some(c) = &mut q.on_conflict {
            let set = std::mem::take(&mut c.set);
            c.set = self.update_defaults(set, rel)?;
        }
        let _ = rte;
        Ok(())
    }

    /// The full list of columns in order, generated ones left out: the executor computes those.
    fn insert_defaults(
        &mut self,
        targets: Vec<Target>,
        rel: &Rc<Relation>,
        overriding: Overriding,
        all_default: &[i16],
    ) -> Result<Vec<Target>> {
        let mut given: Vec<Option<Target>> = targets.into_iter().map(Some).collect();
        let mut out = vec![];
        for (i, c) in rel.columns.iter().enumerate().filter(|(_, c)| !c.dropped) {
            let attno = i as i16 + 1;
            let mut t = given
                .iter_mut()
                .find(|t| t.as_ref().is_some_and(|t| t.attno == attno))
                .and_then(Option::take);
            let mut default = match &t {
                None => true,
                Some(t) => matches!(t.expr.kind, ExprKind::SetToDefault) || all_default.contains(&attno),
            };
            match c.identity {
                Some(true) if !default => match overriding {
                    Overriding::User => default = true,
                    Overriding::System => {}
                    Overriding::None => {
                        return Err(err!(
                            GENERATED_ALWAYS, "cannot insert a non-DEFAULT value into column \"{}\""; c.name
                        )
                        .detail(filled!("Column \"{}\" is an identity column defined as GENERATED ALWAYS."; c.name))
                        .hint("Use OVERRIDING SYSTEM VALUE to override."));
                    }
                },
                Some(false) if overriding == Overriding::User => default = true,
                _ => {}
            }
            if c.generated {
                if !default {
                    return Err(err!(GENERATED_ALWAYS, "cannot insert a non-DEFAULT value into column \"{}\""; c.name)
                    .detail(filled!("Column \"{}\" is a generated column."; c.name)));
                }
                continue;
            }
            if default {
                let span = t.as_ref().map_or(Span::NONE, |t| t.expr.span);
                let _ = span;
                let expr = match self.column_default(rel, attno, c)? {
                    Some(e) => e,
                    None => self.null_of(c.ty, c.collation)?,
                };
                t = Some(Target { expr, name: c.name.clone(), attno, sort_ref: 0, junk: false, origin: (0, 0) });
            }
            out.extend(t);
        }
        Ok(out)
    }

    fn update_defaults(&mut self, targets: Vec<Target>, rel: &Rc<Relation>) -> Result<Vec<Target>> {
        let mut out = vec![];
        for mut t in targets {
            let Some(c) = rel.column(t.attno) else { continue };
            let default = matches!(t.expr.kind, ExprKind::SetToDefault);
            if !default && (c.identity == Some(true) || c.generated) {
                let what = if c.generated {
                    "is a generated column."
                } else {
                    "is an identity column defined as GENERATED ALWAYS."
                };
                return Err(err!(GENERATED_ALWAYS, "column \"{}\" can only be updated to DEFAULT"; c.name)
                    .detail(filled!("Column \"{}\" {}"; c.name, what)));
            }
            if c.generated {
                continue;
            }
            if default {
                t.expr = match self.column_default(rel, t.attno, c)? {
                    Some(e) => e,
                    None => self.null_of(c.ty, c.collation)?,
                };
            }
            out.push(t);
        }
        Ok(out)
    }

    /// DEFAULT inside the rows of a VALUES list (`rewriteValuesRTE`).
    fn values_defaults(
        &mut self,
        q: &mut Query,
        rel: &Rc<Relation>,
        targets: &[Target],
        overriding: Overriding,
    ) -> Result<()> {
        let _ = overriding;
        for i in 0..q.rtable.len() {
            let RteKind::Values { rows } = &q.rtable[i].kind else { continue };
            if !rows.iter().flatten().any(|e| matches!(e.kind, ExprKind::SetToDefault)) {
                continue;
            }
            let width = rows.first().map_or(0, Vec::len);
            let mut fill: Vec<Option<Expr>> = vec![None; width];
            for t in targets {
                if let ExprKind::Var(v) = &t.expr.kind {
                    if v.rte as usize == i && v.level == 0 {
                        let at = (v.attno as usize).wrapping_sub(1);
                        let Some(c) = rel.column(t.attno) else { continue };
                        let e = match self.column_default(rel, t.attno, c)? {
                            Some(e) => e,
                            None => self.null_of(c.ty, c.collation)?,
                        };
                        if let Some(slot) = fill.get_mut(at) {
                            *slot = Some(e);
                        }
                    }
                }
            }
            // A column given nothing but DEFAULT keeps its markers: the target list replaces it as a whole.
            let RteKind::Values { rows } = &mut q.rtable[i].kind else { continue };
            let keep: Vec<bool> = (0..width)
                .map(|k| rows.iter().all(|r| matches!(r[k].kind, ExprKind::SetToDefault)))
                .collect();
            for r in rows.iter_mut() {
                for (k, e) in r.iter_mut().enumerate() {
                    if !matches!(e.kind, ExprKind::SetToDefault) {
                        continue;
                    }
                    *e = match (&fill[k], keep[k]) {
                        (Some(d), false) => d.clone(),
                        _ => Expr::constant(tusklet_ir::Value::Null, e.ty),
                    };
                }
            }
            // Remember which were all DEFAULT by an impossible name; read back by `values_all_default`.
            for (k, kept) in keep.iter().enumerate() {
                if *kept {
                    q.rtable[i].columns[k].name = ALL_DEFAULT.to_string();
                }
            }
        }
        Ok(())
    }

    /// What a column gets when nothing is given (`build_column_default`).
    pub fn column_default(&mut self, rel: &Relation, attno: i16, c: &Column) -> Result<Option<Expr>> {
        let e = if c.identity.is_some() {
            let seq = self
                .cat
                .user_relations()
                .find(|r| r.sequence.as_ref().is_some_and(|s| s.identity && s.owned_by == (rel.oid, attno)))
                .map(|r| r.oid)
                .ok_or_else(|| Error::internal("identity column has no sequence"))?;
            Expr::new(ExprKind::NextVal(seq), TypeRef::new(tusklet_catalog::builtin::oids::INT8))
        } else if let Some(d) = &c.default {
            (**d).clone()
        } else {
            match self.domain_default(c.ty.oid) {
                Some(d) => d,
                None => return Ok(None),
            }
        };
        let from = e.ty.oid;
        let done = self.coerce_to_target_type(e, c.ty, CoercionContext::Assignment, CoercionForm::Implicit, Span::NONE)?;
        match done {
            Some(e) => Ok(Some(e)),
            None => Err(err!(
                DATATYPE_MISMATCH,
                "column \"{}\" is of type {} but default expression is of type {}",
                c.name,
                self.type_name(c.ty.oid),
                self.type_name(from)
            )
            .hint("You will need to rewrite or cast the expression.")),
        }
    }

    fn domain_default(&self, mut ty: Oid) -> Option<Expr> {
        for _ in 0..100 {
            match &self.cat.ty(ty)?.kind {
                TypeEntryKind::Domain { default: Some(d), .. } => return Some((**d).clone()),
                TypeEntryKind::Domain { base, .. } => ty = base.oid,
                // A base type's default is a literal of it.
                TypeEntryKind::Base { default: Some(d), .. } => {
                    let unknown = TypeRef::new(tusklet_catalog::builtin::oids::UNKNOWN);
                    return Some(Expr::constant(tusklet_ir::Value::text(d), unknown));
                }
                _ => return None,
            }
        }
        None
    }

    // Writing to views.

    fn rewrite_target_view(&mut self, mut q: Query, view: &Rc<Relation>, rte: u32) -> Result<Query> {
        let (verb, enable, event) = match q.command {
            CommandType::Insert => ("insert into", "inserting into", "INSERT"),
            CommandType::Update => ("update", "updating", "UPDATE"),
            _ => ("delete from", "deleting from", "DELETE"),
        };
        let refuse = |detail: &str| {
            err!(
                OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot {} view \"{}\""; verb, view.name
            ).detail(detail).hint(filled!("To enable {} the view, provide an INSTEAD OF {} trigger or an unconditional ON {} DO INSTEAD rule."; enable, event, event))
        };
        let inner = view_query(self.cx, view.oid)?;
        if let Some(why) = not_updatable(&inner) {
            return Err(refuse(why));
        }
        let Some(FromNode::Ref(base_rte)) = inner.from.first() else {
            return Err(refuse("Views that do not select from a single table or view are not automatically updatable."));
        };
        let base_entry = &inner.rtable[*base_rte as usize];
        let RteKind::Relation { oid: base_oid, sample } = &base_entry.kind else {
            return Err(refuse("Views that do not select from a single table or view are not automatically updatable."));
        };
        if sample.is_some() {
            return Err(refuse("Views containing TABLESAMPLE are not automatically updatable."));
        }
        let base = self.cat.relation(*base_oid).ok_or_else(|| lookup_failed("relation", *base_oid))?;
        if q.on_conflict.is_some() {
            return Err(Error::unsupported("ON CONFLICT on a view"));
        }
        // What each column of the view is, over the base table at the place of the view.
        let mut columns: Vec<Expr> = vec![];
        for t in inner.targets.iter().filter(|t| !t.junk) {
            columns.push(crate::modify::rebased(&t.expr, rte));
        }
        // Defaults of the view's own columns come before the table's.
        if q.command == CommandType::Insert {
            for (i, c) in view.columns.iter().enumerate() {
                let attno = i as i16 + 1;
                if c.default.is_some() && !c.dropped && !q.targets.iter().any(|t| t.attno == attno) {
                    if let Some(e) = self.column_default(view, attno, c)? {
                        q.targets.push(Target {
                            expr: e,
                            name: c.name.clone(),
                            attno,
                            sort_ref: 0,
                            junk: false,
                            origin: (0, 0),
                        });
                    }
                }
            }
        }
        for t in &mut q.targets {
            let made = columns.get((t.attno as usize).wrapping_sub(1));
            match made.map(|e| &e.kind) {
                Some(ExprKind::Var(v)) if v.attno > 0 => {
                    t.attno = v.attno;
                    t.name = base.columns.get(v.attno as usize - 1).map_or(String::new(), |c| c.name.clone());
                }
                other => {
                    let (what, name) = (
                        if q.command == CommandType::Insert { "insert into" } else { "update" },
                        view.columns.get((t.attno as usize).wrapping_sub(1)).map_or("", |c| &c.name),
                    );
                    let detail = match other {
                        Some(ExprKind::Var(v)) if v.attno < 0 => "View columns that refer to system columns are not updatable.",
                        Some(ExprKind::Var(_)) => "View columns that return whole-row references are not updatable.",
                        _ => "View columns that are not columns of their base relation are not updatable.",
                    };
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED, "cannot {} column \"{}\" of view \"{}\""; what, name, view.name
                    )
                    .detail(detail));
                }
            }
        }
        q.targets.order_by_key(|t| t.attno);
        // References to the view are now to the table.
        let old = q.rtable[rte as usize].clone();
        let row_columns = columns.clone();
        tusklet_ir::visit::walk_levels_mut(&mut q, 0, &mut |e, depth| {
            let ExprKind::Var(v) = &e.kind else { return };
            if v.rte != rte || v.level != depth {
                return;
            }
            let span = e.span;
            let deeper = |x: &Expr| {
                let mut x = x.clone();
                if depth > 0 {
                    tusklet_ir::visit::expr_levels_mut(&mut x, 0, &mut |y, d| {
                        if let ExprKind::Var(v) = &mut y.kind {
                            if v.level == d {
                                v.level += depth;
                            }
                        }
                    });
                }
                x
            };
            if v.attno > 0 {
                if let Some(x) = columns.get(v.attno as usize - 1) {
                    *e = deeper(x);
                    e.span = span;
                }
            } else if v.attno == 0 {
                let names = old.columns.iter().map(|c| c.name.clone()).collect();
                e.kind = ExprKind::Row { fields: row_columns.iter().map(deeper).collect(), names };
            }
        });
        q.rtable[rte as usize] = Rte {
            kind: RteKind::Relation { oid: base.oid, sample: None },
            columns: base
                .columns
                .iter()
                .map(|c| RteColumn {
                    name: if c.dropped { String::new() } else { c.name.clone() },
                    ty: c.ty,
                    collation: c.collation,
                })
                .collect(),
            inherit: base_entry.inherit,
            ..q.rtable[rte as usize].clone()
        };
        if matches!(q.command, CommandType::Insert | CommandType::Update) {
            // A check that cascades from the view above makes this one cascade, whatever its own says.
            let option = view.view.as_ref().map_or(0, |v| v.check_option);
            let cascaded = option == 2 || q.view_checks.0.first().is_some_and(|c| c.cascaded);
            if cascaded || (option != 0 && inner.filter.is_some()) {
                let qual = inner.filter.as_ref().map(|f| crate::modify::rebased(f, rte));
                q.has_sublinks |= qual.is_some() && inner.has_sublinks;
                q.view_checks.0.insert(0, ViewCheck { view: view.name.clone(), qual, cascaded });
            }
        }
        if q.command != CommandType::Insert {
            if let Some(f) = &inner.filter {
                let f = crate::modify::rebased(f, rte);
                q.has_sublinks |= inner.has_sublinks;
                q.filter = Some(match q.filter.take() {
                    // The view's own condition comes first: what it hides must not be seen by the other.
                    Some(own) => boolean(ExprKind::And(vec![f, own]), Span::NONE),
                    None => f,
                });
            }
        }
        Ok(q)
    }
}

/// No column can be called so: names hold no NUL.
const ALL_DEFAULT: &str = "\0default";

/// Columns of the table whose VALUES column holds nothing but DEFAULT.
fn values_all_default(q: &Query, targets: &[Target]) -> Vec<i16> {
    targets
        .iter()
        .filter(|t| match &t.expr.kind {
            ExprKind::Var(v) if v.level == 0 => {
                let rte = &q.rtable[v.rte as usize];
                matches!(rte.kind, RteKind::Values { .. })
                    && rte.columns.get((v.attno as usize).wrapping_sub(1)).is_some_and(|c| c.name == ALL_DEFAULT)
            }
            _ => false,
        })
        .map(|t| t.attno)
        .collect()
}

fn has_instead_trigger(rel: &Relation, command: CommandType) -> bool {
    // TRIGGER_TYPE_INSTEAD and the event's bit.
    let event = match command {
        CommandType::Insert => 1 << 2,
        CommandType::Delete => 1 << 3,
        CommandType::Update => 1 << 4,
        CommandType::Merge | CommandType::Select => return false,
    };
    rel.triggers.iter().any(|t| t.bits & (1 << 6) != 0 && t.bits & event != 0)
}

/// Why a view cannot be written to (`view_query_is_auto_updatable`).
fn not_updatable(q: &Query) -> Option<&'static str> {
    if q.distinct.is_some() {
        return Some("Views containing DISTINCT are not automatically updatable.");
    }
    if !q.group_by.is_empty() || !q.grouping_written.is_empty() {
        return Some("Views containing GROUP BY are not automatically updatable.");
    }
    if q.having.is_some() {
        return Some("Views containing HAVING are not automatically updatable.");
    }
    if q.set_op.is_some() {
        return Some("Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.");
    }
    if !q.ctes.is_empty() {
        return Some("Views containing WITH are not automatically updatable.");
    }
    if q.limit.is_some() || q.offset.is_some() {
        return Some("Views containing LIMIT or OFFSET are not automatically updatable.");
    }
    if q.has_aggs {
        return Some("Views that return aggregate functions are not automatically updatable.");
    }
    if q.has_windows {
        return Some("Views that return window functions are not automatically updatable.");
    }
    if q.has_srfs {
        return Some("Views that return set-returning functions are not automatically updatable.");
    }
    if q.from.len() != 1 {
        return Some("Views that do not select from a single table or view are not automatically updatable.");
    }
    None
}

/// A lock on a view is a lock on what it reads.
fn lock_view(q: &mut Query, mark: &RowMark) {
    for i in 0..q.rtable.len() {
        if !q.rtable[i].in_from {
            continue;
        }
        match &mut q.rtable[i].kind {
            RteKind::Relation { .. } => {}
            RteKind::Subquery { query, .. } => {
                lock_view(query, mark);
            }
            _ => continue,
        }
        if !q.locks.iter().any(|m| m.rte == i as u32) {
            q.locks.push(RowMark { rte: i as u32, strength: mark.strength, wait: mark.wait, pushed_down: true });
        }
    }
}
