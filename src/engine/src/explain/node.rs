//! Plan nodes as trees of properties (`ExplainNode`).
//!
//! A plan's expressions refer to columns by number. Here every node's columns get the text PostgreSQL would show for
//! them: a table's column its name, anything computed below its expression in parentheses (`get_special_variable`).
//! Parameters get the text of what the node around sets them to; subqueries the number of their heading.

mod index;

use tusklet_adt::float::fixed;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Result, SortShort, SortedMap, filled};
use tusklet_exec::{ExecCx, NodeStats};
use tusklet_ir::codec::Codec;
use tusklet_ir::{
    AggStrategy, Bitmap, BitmapSource, BoundOp, CoercionForm, CommandType, Expr, ExprKind, IndexBound, JoinKind,
    ModifyTable, Node, Oid, Param, Plan, PlannedStmt, Query, RteKind, ScanRel, SetOpKind, SortKey, SubLinkKind,
    SubPlanRef, Value as V, visit,
};

use crate::commands::object_address::qualified;
use self::index::turned;
use super::Options;
use super::format::{Property, Tree, Value};
use crate::ruleutils::{PlanNames, PlanPart, plan_part};
use crate::session::Shared;

/// A column of a node as text.
#[derive(Clone)]
struct Named {
    text: String,
    /// With its implicit conversion, as it is shown wherever it is not computed.
    full: Option<String>,
    /// A variable, or in parentheses already.
    plain: bool,
    /// What the fields of an anonymous row are called (`get_name_for_var_field`).
    fields: Vec<String>,
}

impl Named {
    fn new(text: String, plain: bool) -> Named {
        Named { text, full: None, plain, fields: vec![] }
    }
}

/// Work in progress.
pub(super) struct Explainer<'a, 'c> {
    pub shared: &'a Shared,
    pub cx: &'a mut ExecCx<'c>,
    pub stmt: &'a PlannedStmt,
    pub o: &'a Options,
    stats: Option<Vec<NodeStats>>,
    /// Numbers of the nodes in the statistics.
    numbers: SortedMap<*const Plan, usize>,
    /// What scans are called.
    names: SortedMap<*const Plan, String>,
    /// Columns show their table.
    pub prefix: bool,
    /// There is one table at most.
    pub alone: bool,
    /// Column names of functions, subqueries and WITH queries in FROM, by alias.
    aliases: SortedMap<String, Vec<String>>,
    /// Text of parameters and subplans.
    text: PlanNames,
    /// Numbers of subplans and WITH queries, and of what initplans return.
    subplans: SortedMap<u32, usize>,
    ctes: SortedMap<u32, usize>,
    returns: SortedMap<u32, String>,
    cte_columns: SortedMap<u32, Vec<Named>>,
    next_plan: usize,
    next_param: usize,
}

/// The expressions of a node, its filter and projection included.
fn exprs(p: &Plan) -> Vec<&Expr> {
    let mut out: Vec<&Expr> = p.project.iter().flatten().chain(&p.filter).collect();
    match &p.node {
        Node::Result { once, .. } => out.extend(once),
        Node::IndexScan { keys, .. } => out.extend(keys.iter().map(|(_, b)| &b.value)),
        Node::BitmapScan { bitmap, .. } => {
            bitmap.values(&mut out);
        }
        Node::MethodScan { conds, nearest, .. } => {
            out.extend(conds.iter().chain(nearest.as_deref()).map(|c| &c.value));
        }
        Node::TidScan { tids, .. } => out.extend(tids),
        Node::FunctionScan { functions, .. } => out.extend(functions.iter().map(|f| &f.expr)),
        Node::ValuesScan { rows } => out.extend(rows.iter().flatten()),
        Node::NestLoop { on, params, .. } => out.extend(on.iter().chain(params.iter().map(|(_, e)| e))),
        Node::HashJoin { on, keys, .. } => {
            out.extend(on.iter().chain(keys.iter().flat_map(|k| [&k.left, &k.right])));
        }
        Node::MergeJoin { on, .. } => out.extend(on),
        Node::Limit { limit, offset, .. } => out.extend(limit.iter().chain(offset)),
        Node::Aggregate { aggs, .. } => {
            for a in aggs {
                out.extend(a.direct.iter().chain(a.args.iter().map(|t| &t.expr)).chain(&a.filter));
            }
        }
        Node::WindowAgg { calls, .. } => {
            for c in calls {
                out.extend(c.args.iter().chain(&c.filter));
            }
        }
        Node::ProjectSet { exprs, .. } => out.extend(exprs),
        Node::ModifyTable(m) => {
            if let Some(c) = &m.on_conflict {
                out.extend(c.update.iter().flatten().map(|(_, e)| e).chain(&c.filter));
            }
            for a in &m.actions {
                out.extend(a.cond.iter().chain(a.values.iter().map(|(_, e)| e)));
            }
        }
        _ => {}
    }
    out
}

fn subplans_of(p: &Plan) -> Vec<&SubPlanRef> {
    let mut out: Vec<&SubPlanRef> = Vec::new();
    for e in exprs(p) {
        visit::walk(e, &mut |x| {
            if let ExprKind::SubPlan(s) = &x.kind
                && !out.iter().any(|o| o.plan == s.plan)
            {
                out.push(s);
            }
            true
        });
    }
    out
}

/// Runs once, ahead of what needs it.
fn is_init(s: &SubPlanRef) -> bool {
    use SubLinkKind::{Array, Exists, Expr, RowCompare};
    own_args(s) == 0 && matches!(s.kind, Expr | Exists | Array | RowCompare)
}

/// How many values it is given by the level around it, which may also only hand on what it was given itself.
fn own_args(s: &SubPlanRef) -> usize {
    s.args.iter().filter(|(id, e)| !matches!(e.kind, ExprKind::Param(Param::Exec(i)) if i == *id)).count()
}

/// A subquery in FROM that only passes its rows on is not shown (`trivial_subqueryscan`).
fn is_trivial(p: &Plan) -> bool {
    let same = p.project.as_ref().is_none_or(|list| {
        list.len() == input_width(p)
            && list.iter().enumerate().all(|(i, e)| matches!(e.kind, ExprKind::Column(c) if c as usize == i))
    });
    match &p.node {
        Node::With { .. } => true,
        // A function's rows are kept by itself (`FunctionScan`'s tuplestore).
        Node::Material { input } => matches!(input.node, Node::FunctionScan { .. }),
        // Columns that are only sorted by go at the end, by no node.
        Node::Result { once: None, input: Some(_) } => {
            let picks = |list: &Vec<Expr>| list.iter().all(|e| matches!(e.kind, ExprKind::Column(_)));
            p.filter.is_none() && p.project.as_ref().is_none_or(picks)
        }
        Node::SubqueryScan { junk, .. } => p.filter.is_none() && same && !junk,
        _ => false,
    }
}

fn input_width(p: &Plan) -> usize {
    p.children().first().map_or(0, |c| c.columns.len())
}

/// The nodes of one query level, from the top.
fn level_nodes<'p>(p: &'p Plan, out: &mut Vec<&'p Plan>) {
    out.push(p);
    if matches!(p.node, Node::SubqueryScan { .. }) {
        return;
    }
    for c in p.children() {
        level_nodes(c, out);
    }
}

fn all_nodes<'p>(p: &'p Plan, out: &mut Vec<&'p Plan>) {
    out.push(p);
    for c in p.children() {
        all_nodes(c, out);
    }
}

/// Entries of the range tables of a query and all below it, as its plan has them: without FROM there is one row, and
/// of what is not planned because nothing passes there are the tables.
fn count_entries(q: &Query, aliases: &mut SortedMap<String, Vec<String>>, dead: bool) -> usize {
    let mut n = match dead {
        true => q.rtable.iter().filter(|r| matches!(r.kind, RteKind::Relation { .. })).count(),
        false => {
            q.rtable.len() + (q.from.is_empty() && q.set_op.is_none() && q.command == CommandType::Select) as usize
        }
    };
    let never = |e: &Expr| matches!(&e.kind, ExprKind::Const(V::Bool(false) | V::Null));
    let dead = dead || q.filter.as_ref().is_some_and(never);
    for r in &q.rtable {
        if !matches!(r.kind, RteKind::Relation { .. } | RteKind::Join { .. }) {
            aliases.or_insert_with(r.name.clone(), || r.columns.iter().map(|c| c.name.clone()).collect());
        }
        if let RteKind::Subquery { query, .. } = &r.kind {
            n += count_entries(query, aliases, dead);
        }
    }
    for c in &q.ctes {
        n += count_entries(&c.query, aliases, false);
    }
    visit::query_exprs(q, &mut |e| {
        visit::walk(e, &mut |x| {
            if let ExprKind::SubLink(s) = &x.kind {
                n += count_entries(&s.query, aliases, false);
            }
            true
        });
    });
    n
}

fn boundary(columns: Vec<Named>) -> Vec<Named> {
    let shown = |n: Named| match n.plain {
        true => n,
        false => Named { text: filled!("({})"; n.full.unwrap_or(n.text)), full: None, plain: true, fields: n.fields },
    };
    columns.into_iter().map(shown).collect()
}

impl<'a, 'c> Explainer<'a, 'c> {
    pub fn new(
        shared: &'a Shared,
        cx: &'a mut ExecCx<'c>,
        stmt: &'a PlannedStmt,
        query: &Query,
        o: &'a Options,
        stats: Option<Vec<NodeStats>>,
    ) -> Explainer<'a, 'c> {
        let mut aliases = SortedMap::new();
        let entries = count_entries(query, &mut aliases, false);
        let mut nodes = Vec::new();
        all_nodes(&stmt.plan, &mut nodes);
        stmt.subplans.iter().for_each(|p| all_nodes(p, &mut nodes));
        stmt.ctes.iter().for_each(|c| all_nodes(&c.plan, &mut nodes));
        let mut numbers = SortedMap::new();
        for (i, p) in nodes.iter().enumerate() {
            numbers.insert(std::ptr::from_ref(*p), i);
        }
        let mut x = Explainer {
            shared,
            cx,
            stmt,
            o,
            stats,
            numbers,
            names: SortedMap::new(),
            prefix: false,
            alone: false,
            aliases,
            text: PlanNames::default(),
            subplans: SortedMap::new(),
            ctes: SortedMap::new(),
            returns: SortedMap::new(),
            cte_columns: SortedMap::new(),
            next_plan: 0,
            next_param: 0,
        };
        let scans = x.name_scans(&nodes);
        x.alone = entries.max(scans) <= 1 && !stmt.inlined;
        x.prefix = o.verbose || !x.alone;
        x.text.table = x.names.values().next().filter(|_| x.names.len() == 1).cloned();
        x
    }

    /// Names scans uniquely (`select_rtable_names_for_explain`); how many there are.
    fn name_scans(&mut self, nodes: &[&Plan]) -> usize {
        let mut taken: Vec<String> = Vec::new();
        let mut scans = 0;
        for p in nodes {
            // The parent of an inheritance tree has its name first.
            if let Node::Append { inputs, .. } | Node::MergeAppend { inputs, .. } = &p.node
                && let Some(alias) = inputs.first().and_then(scan_alias)
                && inputs.len() > 1
                && inputs.iter().all(|i| scan_alias(i) == Some(alias))
                && scan_rte(&inputs[0]).is_some()
                && inputs.iter().all(|i| scan_rte(i) == scan_rte(&inputs[0]))
                && !taken.iter().any(|t| t == alias)
            {
                taken.push(alias.to_string());
                self.names.insert(std::ptr::from_ref(*p), alias.to_string());
            }
            let base = match &p.node {
                Node::SubqueryScan { .. } if is_trivial(p) => continue,
                Node::ValuesScan { .. } | Node::LiteralScan { .. } => "*VALUES*",
                _ => match scan_alias(p) {
                    Some(a) => a,
                    None => continue,
                },
            };
            scans += 1;
            let mut name = base.to_string();
            let mut n = 0;
            while taken.contains(&name) {
                n += 1;
                name = format!("{base}_{n}");
            }
            taken.push(name.clone());
            self.names.insert(std::ptr::from_ref(*p), name);
        }
        scans
    }

    /// The whole statement.
    pub fn statement(&mut self) -> Result<Tree> {
        let stmt = self.stmt;
        let mut nodes = Vec::new();
        all_nodes(&stmt.plan, &mut nodes);
        stmt.subplans.iter().for_each(|p| all_nodes(p, &mut nodes));
        stmt.ctes.iter().for_each(|c| all_nodes(&c.plan, &mut nodes));
        let inner: Vec<u32> = nodes
            .iter()
            .filter_map(|p| match &p.node {
                Node::With { ctes, .. } => Some(ctes.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        let own: Vec<u32> = (0..stmt.ctes.len() as u32).filter(|c| !inner.contains(c)).collect();
        self.number_level(&stmt.plan, &own);
        Ok(self.level(&stmt.plan, &own, None, None)?.0)
    }

    /// Numbers the subqueries of a level as they were planned: WITH queries, then the others, those inside first.
    fn number_level(&mut self, root: &'a Plan, ctes: &[u32]) {
        let stmt = self.stmt;
        let mut ctes = ctes.to_vec();
        let mut nodes = Vec::new();
        level_nodes(root, &mut nodes);
        for p in &nodes {
            if let Node::With { ctes: more, .. } = &p.node {
                ctes.extend(more);
            }
        }
        for c in ctes {
            if let Some(cte) = stmt.ctes.get(c as usize)
                && !self.ctes.contains_key(&c)
            {
                self.number_level(&cte.plan, &[]);
                self.next_plan += 1;
                self.ctes.insert(c, self.next_plan);
                self.next_param += 1;
            }
        }
        let mut found: Vec<&SubPlanRef> = nodes.iter().flat_map(|p| subplans_of(p)).collect();
        found.order_by_key(|s| s.plan);
        for s in found {
            let Some(plan) = stmt.subplans.get(s.plan as usize) else { continue };
            if self.subplans.contains_key(&s.plan) {
                continue;
            }
            self.next_param += own_args(s);
            self.number_level(plan, &[]);
            self.next_plan += 1;
            let n = self.next_plan;
            self.subplans.insert(s.plan, n);
            let text = if is_init(s) {
                let many = if s.kind == SubLinkKind::RowCompare { s.outputs.len().max(1) } else { 1 };
                let list: Vec<String> = (0..many).map(|k| format!("${}", self.next_param + k)).collect();
                for (o, t) in s.outputs.iter().zip(&list) {
                    self.text.params.insert(*o, t.clone());
                }
                self.next_param += many;
                self.returns.insert(s.plan, list.join(","));
                match &s.test {
                    // The comparison is over what it returns.
                    Some(_) if s.kind == SubLinkKind::RowCompare => list.join(","),
                    _ => list.concat(),
                }
            } else {
                for (k, o) in s.outputs.iter().enumerate() {
                    self.text.params.insert(*o, format!("${}", self.next_param + k));
                }
                self.next_param += s.outputs.len();
                if s.hashed.is_some() { format!("(hashed SubPlan {n})") } else { format!("(SubPlan {n})") }
            };
            self.text.subplans.insert(s.plan, text);
        }
        // Subqueries in FROM are planned after the expressions of the level around them.
        for p in &nodes {
            if let Node::SubqueryScan { input, .. } = &p.node {
                self.number_level(input, &[]);
            }
        }
    }

    /// A query level, with its WITH queries and initplans at its top.
    fn level(
        &mut self,
        root: &'a Plan,
        ctes: &[u32],
        relationship: Option<&'static str>,
        name: Option<&str>,
    ) -> Result<(Tree, Vec<Named>)> {
        let stmt = self.stmt;
        let mut nodes = Vec::new();
        level_nodes(root, &mut nodes);
        let mut ctes = ctes.to_vec();
        let mut inits: Vec<&SubPlanRef> = Vec::new();
        for p in nodes {
            if let Node::With { ctes: more, .. } = &p.node {
                ctes.extend(more);
            }
            for s in subplans_of(p) {
                if is_init(s) && !inits.iter().any(|i| i.plan == s.plan) {
                    inits.push(s);
                }
            }
        }
        inits.order_by_key(|s| s.plan);
        let mut ahead = Vec::new();
        for c in ctes {
            let Some(cte) = stmt.ctes.get(c as usize) else { continue };
            let heading = filled!("CTE {}"; cte.name);
            let (tree, columns) = self.level(&cte.plan, &[], Some("InitPlan"), Some(&heading))?;
            self.cte_columns.insert(c, columns);
            ahead.push((Some(heading), tree));
        }
        for s in inits {
            let Some(plan) = stmt.subplans.get(s.plan as usize) else { continue };
            let n = self.subplans.get(&s.plan).copied().unwrap_or(0);
            let heading = format!("InitPlan {n} (returns {})", self.returns.get(&s.plan).cloned().unwrap_or_default());
            let tree = self.level(plan, &[], Some("InitPlan"), Some(&heading))?.0;
            ahead.push((Some(heading), tree));
        }
        let (mut tree, columns) = self.node(root, relationship, name)?;
        tree.children.splice(0..0, ahead);
        Ok((tree, columns))
    }

    fn show(&mut self, e: &Expr, columns: &[Named], implicit: bool) -> Result<String> {
        self.part(PlanPart::Expr(e), columns, implicit)
    }

    fn part(&mut self, part: PlanPart<'_>, columns: &[Named], implicit: bool) -> Result<String> {
        self.text.columns = columns.iter().map(|c| c.text.clone()).collect();
        self.text.fields = columns.iter().map(|c| c.fields.clone()).collect();
        plan_part(self.shared, self.cx, &self.text, part, implicit)
    }

    fn named(&mut self, e: &Expr, columns: &[Named]) -> Result<Named> {
        Ok(match &e.kind {
            ExprKind::Column(i) => columns.get(*i as usize).cloned().unwrap_or(Named::new("?".into(), true)),
            // What only tells one group column from another is not there in PostgreSQL.
            ExprKind::Relabel { arg, form: CoercionForm::Implicit }
                if arg.ty == e.ty && arg.collation == e.collation =>
            {
                self.named(arg, columns)?
            }
            _ => {
                let plain = matches!(
                    e.kind,
                    ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Relabel { form: CoercionForm::Call, .. }
                );
                let (text, full) = (self.show(e, columns, false)?, self.show(e, columns, true)?);
                Named { full: (full != text).then_some(full), text, plain, fields: self.fields(e) }
            }
        })
    }

    /// Names of the fields an expression's anonymous row has.
    fn fields(&self, e: &Expr) -> Vec<String> {
        match &e.kind {
            ExprKind::Relabel { arg, .. } => self.fields(arg),
            ExprKind::Row { names, .. } => names.clone(),
            ExprKind::Call(c) => {
                let Some(p) = self.shared.catalog().proc(c.func) else { return vec![] };
                let outs = p.modes.iter().zip(&p.arg_names).filter(|(m, _)| matches!(**m, b'o' | b'b' | b't'));
                outs.map(|(_, n)| n.clone()).collect()
            }
            _ => vec![],
        }
    }

    /// A node and what is below it, with the texts of its columns.
    fn node(
        &mut self,
        p: &'a Plan,
        relationship: Option<&'static str>,
        name: Option<&str>,
    ) -> Result<(Tree, Vec<Named>)> {
        if is_trivial(p)
            && let Some(input) = p.children().first()
        {
            return match &p.node {
                Node::SubqueryScan { .. } => self.level(input, &[], relationship, name),
                Node::Result { .. } => {
                    let (tree, columns) = self.node(input, relationship, name)?;
                    let picked = p.project.iter().flatten().filter_map(|e| match e.kind {
                        ExprKind::Column(c) => columns.get(c as usize).cloned(),
                        _ => None,
                    });
                    let picked = if p.project.is_some() { picked.collect() } else { columns };
                    Ok((tree, picked))
                }
                _ => self.node(input, relationship, name),
            };
        }
        let mut t = Tree::new(String::new());
        let mut inputs: Vec<Vec<Named>> = Vec::new();
        // The columns below as they are computed there: what is grouped by is shown so.
        let mut below: Vec<Named> = Vec::new();
        match &p.node {
            Node::NestLoop { left, right, params, .. } => {
                let (tree, columns) = self.node(left, Some("Outer"), None)?;
                let columns = boundary(columns);
                t.children.push((None, tree));
                for (id, e) in params {
                    let n = self.named(e, &columns)?;
                    let text =
                        if n.plain || matches!(e.kind, ExprKind::Column(_)) { n.text } else { filled!("({})"; n.text) };
                    self.text.params.insert(*id, text);
                }
                let (tree, right) = self.node(right, Some("Inner"), None)?;
                t.children.push((None, tree));
                inputs.push(columns);
                inputs.push(boundary(right));
            }
            Node::HashJoin { left, right, .. } => {
                let (tree, columns) = self.node(left, Some("Outer"), None)?;
                t.children.push((None, tree));
                inputs.push(boundary(columns));
                let (below, columns) = self.node(right, Some("Outer"), None)?;
                let columns = boundary(columns);
                let mut hash = Tree { title: "Hash".into(), properties: vec![], children: vec![(None, below)] };
                self.frame(&mut hash, right, "Hash", Some("Inner"), None, &[]);
                if self.o.verbose {
                    hash.list("Output", columns.iter().map(|c| c.text.clone()).collect());
                }
                self.suffix(&mut hash, right, right.total_cost);
                t.children.push((None, hash));
                inputs.push(columns);
            }
            Node::BitmapScan { rel, bitmap } => {
                let prefix = std::mem::replace(&mut self.prefix, self.o.verbose);
                let below = self.bitmap_node(p, rel, bitmap, "Outer");
                self.prefix = prefix;
                t.children.push((None, below?));
            }
            Node::SubqueryScan { input, .. } => {
                let (tree, columns) = self.level(input, &[], Some("Subquery"), None)?;
                t.children.push((None, tree));
                inputs.push(columns);
            }
            Node::SetOp { .. } => {
                let mut both = Tree::new("Append".into());
                self.frame(&mut both, p, "Append", Some("Outer"), None, &[]);
                for c in p.children() {
                    let (tree, columns) = self.node(c, Some("Member"), None)?;
                    both.children.push((None, tree));
                    inputs.push(boundary(columns));
                }
                t.children.push((None, both));
            }
            Node::Append { .. } | Node::MergeAppend { .. } => {
                for c in p.children() {
                    let (tree, mut columns) = self.node(c, Some("Member"), None)?;
                    t.children.push((None, tree));
                    // A column of several inputs is none of their constants.
                    for (n, e) in columns.iter_mut().zip(c.project.iter().flatten()) {
                        n.plain &= !matches!(e.kind, ExprKind::Const(_) | ExprKind::Param(_));
                    }
                    // The columns of a table with children are called after it.
                    if inputs.is_empty()
                        && self.names.contains_key(&std::ptr::from_ref(p))
                        && let Some(rel) = scan_rel(c).filter(|_| c.project.is_none())
                    {
                        columns = self.scan_columns(p, rel);
                    }
                    inputs.push(boundary(columns));
                }
            }
            _ => {
                for (i, c) in p.children().into_iter().enumerate() {
                    let (tree, columns) = self.node(c, Some(if i == 0 { "Outer" } else { "Inner" }), None)?;
                    t.children.push((None, tree));
                    if i == 0 {
                        below = columns.clone();
                    }
                    inputs.push(boundary(columns));
                }
            }
        }
        // What subqueries are given comes from this node's rows.
        let native = self.native(p, &inputs)?;
        for s in subplans_of(p) {
            if is_init(s) {
                continue;
            }
            for (id, e) in &s.args {
                let n = self.named(e, &native)?;
                let bare = n.plain || matches!(e.kind, ExprKind::Column(_));
                self.text.params.insert(*id, if bare { n.text } else { filled!("({})"; n.text) });
            }
        }
        let mut columns = native.clone();
        if let Some(list) = &p.project {
            columns = Vec::with_capacity(list.len());
            for e in list {
                columns.push(self.named(e, &native)?);
            }
        }
        self.title(&mut t, p, relationship, name);
        let told = !matches!(
            p.node,
            Node::ModifyTable(_) | Node::Append { .. } | Node::MergeAppend { .. } | Node::RecursiveUnion { .. }
        ) || matches!(&p.node, Node::Append { inputs, .. } if inputs.is_empty());
        if self.o.verbose && told && !columns.is_empty() {
            t.list("Output", columns.iter().map(|c| c.text.clone()).collect());
        }
        if is_scan(p) {
            // A scan's own conditions show its columns bare; parameters keep their tables (`show_scan_qual`).
            let prefix = std::mem::replace(&mut self.prefix, self.o.verbose);
            let bare = self.native(p, &inputs)?;
            let shown = self.details(&mut t, p, &inputs, &bare, &below);
            self.prefix = prefix;
            shown?;
        } else {
            self.details(&mut t, p, &inputs, &native, &below)?;
        }
        self.suffix(&mut t, p, p.startup_cost);
        let stmt = self.stmt;
        for s in subplans_of(p) {
            if is_init(s) {
                continue;
            }
            if let Some(plan) = stmt.subplans.get(s.plan as usize) {
                let heading = format!("SubPlan {}", self.subplans.get(&s.plan).copied().unwrap_or(0));
                let tree = self.level(plan, &[], Some("SubPlan"), Some(&heading))?.0;
                t.children.push((Some(heading), tree));
            }
        }
        Ok((t, columns))
    }

    fn scan_columns(&self, p: &Plan, rel: &ScanRel) -> Vec<Named> {
        rel.columns.iter().map(|a| self.column(p, self.attribute(rel.oid, *a))).collect()
    }

    /// The texts of a node's native output.
    fn native(&mut self, p: &'a Plan, inputs: &[Vec<Named>]) -> Result<Vec<Named>> {
        let first = || inputs.first().cloned().unwrap_or_default();
        Ok(match &p.node {
            Node::SeqScan { rel, .. }
            | Node::IndexScan { rel, .. }
            | Node::BitmapScan { rel, .. }
            | Node::MethodScan { rel, .. }
            | Node::TidScan { rel, .. }
            | Node::CatalogScan { rel } => self.scan_columns(p, rel),
            Node::FunctionScan { alias, .. }
            | Node::CteScan { alias, .. }
            | Node::WorkTableScan { alias, .. }
            | Node::SubqueryScan { alias, .. } => {
                let mut known = self.aliases.get(alias).cloned().unwrap_or_default();
                if let (true, Node::FunctionScan { functions, .. }) = (known.is_empty(), &p.node) {
                    known = functions.iter().flat_map(|f| f.names.iter().cloned()).collect();
                }
                let width = match &p.node {
                    Node::SubqueryScan { input, .. } => input.columns.len(),
                    Node::FunctionScan { functions, ordinality, .. } => {
                        functions.iter().map(|f| f.columns.len()).sum::<usize>() + *ordinality as usize
                    }
                    Node::CteScan { cte, .. } => self.stmt.ctes.get(*cte as usize).map_or(0, |c| c.plan.columns.len()),
                    _ => known.len().max(p.columns.len()),
                };
                let name = |i: usize| known.get(i).cloned().unwrap_or_else(|| format!("column{}", i + 1));
                let mut columns: Vec<Named> = (0..width).map(|i| self.column(p, name(i))).collect();
                let below = match &p.node {
                    Node::CteScan { cte, .. } => self.cte_columns.get(cte),
                    _ => inputs.first(),
                };
                for (c, b) in columns.iter_mut().zip(below.into_iter().flatten()) {
                    c.fields = b.fields.clone();
                }
                columns
            }
            Node::Append { inputs, names } if inputs.is_empty() => {
                let column = |(table, column): &(String, String)| {
                    let name = quote_identifier(column);
                    Named::new(if self.prefix { filled!("{}.{}"; quote_identifier(table), name) } else { name }, true)
                };
                names.iter().map(column).collect()
            }
            Node::LiteralScan { types, .. } => {
                (1..=types.len()).map(|i| self.column(p, format!("column{i}"))).collect()
            }
            Node::ValuesScan { rows } => {
                let width = rows.first().map_or(0, |r| r.len());
                (1..=width).map(|i| self.column(p, format!("column{i}"))).collect()
            }
            Node::NestLoop { kind, .. } | Node::HashJoin { kind, .. } | Node::MergeJoin { kind, .. } => {
                let mut all = first();
                // A condition of a semijoin sees both sides; its columns are the left side's, which come first.
                let _ = kind;
                all.extend(inputs.get(1).cloned().unwrap_or_default());
                all
            }
            Node::Aggregate { groups, aggs, groupings, .. } => {
                let input = first();
                let mut out: Vec<Named> = Vec::new();
                for g in groups {
                    out.extend(input.get(g.column as usize).cloned());
                }
                for a in aggs {
                    out.push(Named::new(self.part(PlanPart::Aggregate(a), &input, false)?, false));
                }
                for list in groupings {
                    let name = |g: &u32| groups.get(*g as usize).and_then(|k| input.get(k.column as usize));
                    let list: Vec<&str> = list.iter().filter_map(name).map(|n| n.text.as_str()).collect();
                    out.push(Named::new(filled!("GROUPING({})"; list.join(", ")), false));
                }
                out
            }
            Node::WindowAgg { calls, .. } => {
                let mut out = first();
                let input = out.clone();
                for c in calls {
                    out.push(Named::new(self.part(PlanPart::Window(c), &input, false)?, false));
                }
                out
            }
            Node::ProjectSet { exprs, .. } => {
                let input = first();
                let mut out = Vec::new();
                for e in exprs {
                    out.push(self.named(e, &input)?);
                }
                out
            }
            Node::ModifyTable(m) => self.modify_columns(m, &first()),
            _ => first(),
        })
    }

    fn modify_columns(&self, m: &ModifyTable, input: &[Named]) -> Vec<Named> {
        let Some(t) = m.targets.first() else { return input.to_vec() };
        let show = |c: &str| {
            let c = quote_identifier(c);
            let text = if self.prefix { filled!("{}.{}"; quote_identifier(&t.name.1), c) } else { c };
            Named::new(text, true)
        };
        let mut out: Vec<Named> = t.columns.iter().map(|c| show(&c.name)).collect();
        out.push(show("ctid"));
        out.push(show("tableoid"));
        out.extend(input.iter().cloned());
        out
    }

    fn attribute(&self, rel: Oid, attno: i16) -> String {
        if attno < 0 {
            return tusklet_catalog::builtin::system_attribute_name(attno).unwrap_or_default().to_string();
        }
        let catalog = self.shared.catalog();
        let Some(r) = catalog.relation(rel) else { return "?".into() };
        r.columns.get((attno - 1).max(0) as usize).map_or_else(|| "?".into(), |c| c.name.clone())
    }

    fn column(&self, p: &Plan, name: String) -> Named {
        let name = quote_identifier(&name);
        let text = match self.names.get(&std::ptr::from_ref(p)) {
            Some(t) if self.prefix => filled!("{}.{}"; quote_identifier(t), name),
            _ => name,
        };
        Named::new(text, true)
    }

    /// The properties every node begins with.
    fn frame(
        &self,
        t: &mut Tree,
        _p: &Plan,
        kind: &str,
        relationship: Option<&'static str>,
        name: Option<&str>,
        special: &[(&'static str, String)],
    ) {
        let mut put = |label, v: Value| t.properties.push(Property { label, value: v, line: false });
        put("Node Type", Value::Text(kind.into()));
        for (label, v) in
            special.iter().filter(|s| matches!(s.0, "Strategy" | "Partial Mode" | "Operation" | "Command"))
        {
            put(label, Value::Text(v.clone()));
        }
        if let Some(r) = relationship {
            put("Parent Relationship", Value::Text(r.into()));
        }
        if let Some(n) = name {
            put("Subplan Name", Value::Text(n.into()));
        }
        put("Parallel Aware", Value::Bool(false));
        put("Async Capable", Value::Bool(false));
        for (label, v) in
            special.iter().filter(|s| !matches!(s.0, "Strategy" | "Partial Mode" | "Operation" | "Command"))
        {
            put(label, Value::Text(v.clone()));
        }
    }

    /// Cost and what was counted: behind the title, and before the details as properties.
    fn suffix(&self, t: &mut Tree, p: &Plan, startup: f64) {
        let mut numbers: Vec<(&'static str, String)> = Vec::new();
        if self.o.costs {
            let (startup, total, rows) = (fixed(startup, 2), fixed(p.total_cost, 2), fixed(p.rows.max(1.0), 0));
            t.title.push_str(&format!("  (cost={startup}..{total} rows={rows} width={})", p.width));
            numbers.extend([("Startup Cost", startup), ("Total Cost", total), ("Plan Rows", rows)]);
            numbers.push(("Plan Width", p.width.to_string()));
        }
        if let Some(s) = self.counted(p) {
            self.actual(t, s, &mut numbers);
        }
        put_numbers(t, numbers);
    }

    /// What was counted of a node.
    fn counted(&self, p: &Plan) -> Option<&NodeStats> {
        self.stats.as_ref()?.get(*self.numbers.get(&std::ptr::from_ref(p))?)
    }

    /// What was counted, behind the title and as properties.
    fn actual(&self, t: &mut Tree, s: &NodeStats, numbers: &mut Vec<(&'static str, String)>) {
        let per = s.loops.max(1) as f64;
        let time = |micros: i64| fixed(micros as f64 / 1000.0 / per, 3);
        let (rows, from, to) = (fixed(s.rows as f64 / per, 0), time(s.startup), time(s.total));
        if s.loops == 0 {
            t.title.push_str(" (never executed)");
        } else if self.o.timing {
            t.title.push_str(&format!(" (actual time={from}..{to} rows={rows} loops={})", s.loops));
        } else {
            t.title.push_str(&format!(" (actual rows={rows} loops={})", s.loops));
        }
        if self.o.timing {
            numbers.extend([("Actual Startup Time", from), ("Actual Total Time", to)]);
        }
        numbers.push(("Actual Rows", rows));
        numbers.push(("Actual Loops", s.loops.to_string()));
    }

    fn relation(&self, oid: Oid, shown: Option<&String>) -> String {
        let catalog = self.shared.catalog();
        let name = match catalog.relation(oid) {
            None => return oid.to_string(),
            Some(r) => qualified(&catalog, !self.o.verbose, r.schema, &r.name),
        };
        let bare = catalog.relation(oid).map(|r| r.name.clone()).unwrap_or_default();
        match shown {
            Some(a) if *a != bare => filled!("{} {}"; name, quote_identifier(a)),
            _ => name,
        }
    }

    fn title(&mut self, t: &mut Tree, p: &Plan, relationship: Option<&'static str>, name: Option<&str>) {
        let mut special: Vec<(&'static str, String)> = Vec::new();
        let shown = self.names.get(&std::ptr::from_ref(p)).cloned();
        let on_relation = |x: &Self, rel: &ScanRel, special: &mut Vec<(&'static str, String)>| {
            let catalog = x.shared.catalog();
            let r = catalog.relation(rel.oid);
            special.push(("Relation Name", r.as_ref().map_or_else(|| rel.oid.to_string(), |r| r.name.clone())));
            if x.o.verbose {
                let schema = r.and_then(|r| catalog.schema_name(r.schema)).unwrap_or_default().to_string();
                special.push(("Schema", schema));
            }
            special.push(("Alias", shown.clone().unwrap_or_else(|| rel.alias.clone())));
            x.relation(rel.oid, shown.as_ref())
        };
        let alias = shown.clone().map(|a| quote_identifier(&a)).unwrap_or_default();
        // Most titles are the kind, and what it is on.
        let mut title = None;
        let (kind, on): (&str, String) = match &p.node {
            Node::Result { .. } => ("Result", String::new()),
            Node::SeqScan { rel, sample, .. } => {
                let kind = if sample.is_some() { "Sample Scan" } else { "Seq Scan" };
                (kind, on_relation(self, rel, &mut special))
            }
            Node::CatalogScan { rel } => ("Seq Scan", on_relation(self, rel, &mut special)),
            Node::BitmapScan { rel, .. } => ("Bitmap Heap Scan", on_relation(self, rel, &mut special)),
            Node::IndexScan { rel, index, backward, only, .. } => {
                let kind = if *only { "Index Only Scan" } else { "Index Scan" };
                let index = self.index_name(*index);
                special.push(("Scan Direction", if *backward { "Backward" } else { "Forward" }.into()));
                special.push(("Index Name", index.clone()));
                let how = if *backward { " Backward" } else { "" };
                let on = on_relation(self, rel, &mut special);
                title = Some(format!("{kind}{how} using {} on {on}", quote_identifier(&index)));
                (kind, on)
            }
            Node::MethodScan { rel, index, only, .. } => {
                let kind = if *only { "Index Only Scan" } else { "Index Scan" };
                let index = self.shared.catalog().relation(*index).map_or_else(String::new, |r| r.name.clone());
                special.push(("Scan Direction", "Forward".into()));
                special.push(("Index Name", index.clone()));
                let on = on_relation(self, rel, &mut special);
                title = Some(filled!("{} using {} on {}"; kind, quote_identifier(&index), on));
                (kind, on)
            }
            Node::TidScan { rel, .. } => ("Tid Scan", on_relation(self, rel, &mut special)),
            Node::FunctionScan { functions, .. } => {
                let table = matches!(functions.as_slice(), [f] if matches!(f.expr.kind, ExprKind::XmlTable(_)));
                let called = match functions.as_slice() {
                    [f] => match &f.expr.kind {
                        ExprKind::XmlTable(_) => Some(("xmltable".to_string(), String::new())),
                        ExprKind::Call(c) => self.shared.catalog().proc(c.func).map(|f| {
                            let schema = self.shared.catalog().schema_name(f.schema).unwrap_or_default().to_string();
                            (f.name.clone(), schema)
                        }),
                        _ => None,
                    },
                    _ => None,
                };
                let text = match &called {
                    Some((f, schema)) => {
                        special.push((if table { "Table Function Name" } else { "Function Name" }, f.clone()));
                        let full = match self.o.verbose && !table {
                            true => filled!("{}.{}"; quote_identifier(schema), quote_identifier(f)),
                            false => quote_identifier(f),
                        };
                        if shown.as_ref() == Some(f) { full } else { filled!("{} {}"; full, alias) }
                    }
                    None => alias.clone(),
                };
                special.push(("Alias", shown.clone().unwrap_or_default()));
                (if table { "Table Function Scan" } else { "Function Scan" }, text)
            }
            Node::ValuesScan { .. } | Node::LiteralScan { .. } => {
                special.push(("Alias", shown.clone().unwrap_or_default()));
                ("Values Scan", alias)
            }
            Node::CteScan { cte, .. } => {
                let cte = self.stmt.ctes.get(*cte as usize).map_or("", |c| &c.name).to_string();
                special.push(("CTE Name", cte.clone()));
                special.push(("Alias", shown.clone().unwrap_or_default()));
                let name = quote_identifier(&cte);
                let same = shown.as_ref() == Some(&cte);
                ("CTE Scan", if same { name } else { filled!("{} {}"; name, alias) })
            }
            Node::WorkTableScan { id, .. } => {
                let cte = self.stmt.ctes.iter().find(|c| {
                    let mut nodes = Vec::new();
                    all_nodes(&c.plan, &mut nodes);
                    nodes.iter().any(|n| matches!(&n.node, Node::RecursiveUnion { id: i, .. } if i == id))
                });
                let cte = cte.map(|c| c.name.clone()).unwrap_or_default();
                special.push(("CTE Name", cte.clone()));
                special.push(("Alias", shown.clone().unwrap_or_default()));
                let name = quote_identifier(&cte);
                let same = shown.as_ref() == Some(&cte);
                ("WorkTable Scan", if same { name } else { filled!("{} {}"; name, alias) })
            }
            Node::SubqueryScan { .. } => {
                special.push(("Alias", shown.clone().unwrap_or_default()));
                ("Subquery Scan", alias)
            }
            Node::With { .. } => ("Result", String::new()),
            Node::NestLoop { kind, .. } => {
                special.push(("Join Type", join_type(*kind).into()));
                title = Some(join_title(*kind, "Nested Loop"));
                ("Nested Loop", String::new())
            }
            Node::HashJoin { kind, .. } => {
                special.push(("Join Type", join_type(*kind).into()));
                title = Some(join_title(*kind, "Hash"));
                ("Hash Join", String::new())
            }
            Node::MergeJoin { kind, .. } => {
                special.push(("Join Type", join_type(*kind).into()));
                title = Some(join_title(*kind, "Merge"));
                ("Merge Join", String::new())
            }
            Node::Sort { presorted: 1.., .. } => ("Incremental Sort", String::new()),
            Node::Sort { .. } => ("Sort", String::new()),
            Node::Limit { .. } => ("Limit", String::new()),
            Node::Unique { .. } => ("Unique", String::new()),
            Node::Aggregate { strategy, sets, .. } => {
                let of = |hashed: bool| sets.iter().flatten().any(|s| s.rollup.is_none() == hashed);
                let columns = sets.as_ref().is_none_or(|s| s.iter().any(|s| !s.columns.is_empty()));
                let (strategy, shown) = match strategy {
                    _ if of(true) && of(false) => ("Mixed", "MixedAggregate"),
                    _ if !columns => ("Plain", "Aggregate"),
                    AggStrategy::Plain => ("Plain", "Aggregate"),
                    AggStrategy::Sorted => ("Sorted", "GroupAggregate"),
                    AggStrategy::Hashed => ("Hashed", "HashAggregate"),
                };
                special.push(("Strategy", strategy.into()));
                special.push(("Partial Mode", "Simple".into()));
                title = Some(shown.into());
                ("Aggregate", String::new())
            }
            Node::WindowAgg { .. } => ("WindowAgg", String::new()),
            Node::Append { inputs, .. } => (if inputs.is_empty() { "Result" } else { "Append" }, String::new()),
            Node::MergeAppend { .. } => ("Merge Append", String::new()),
            Node::SetOp { kind, all, .. } => {
                let what = if *kind == SetOpKind::Intersect { "Intersect" } else { "Except" };
                let what = filled!("{}{}"; what, if *all { " All" } else { "" });
                special.push(("Strategy", "Hashed".into()));
                special.push(("Command", what.clone()));
                title = Some(filled!("HashSetOp {}"; what));
                ("SetOp", String::new())
            }
            Node::RecursiveUnion { .. } => ("Recursive Union", String::new()),
            Node::ProjectSet { .. } => ("ProjectSet", String::new()),
            Node::Material { .. } => ("Materialize", String::new()),
            Node::LockRows { .. } => ("LockRows", String::new()),
            Node::ModifyTable(m) => {
                let verb = match m.command {
                    CommandType::Insert => "Insert",
                    CommandType::Update => "Update",
                    CommandType::Delete => "Delete",
                    _ => "Merge",
                };
                special.push(("Operation", verb.into()));
                let target = m.targets.first().map(|target| {
                    let mut nodes = Vec::new();
                    all_nodes(&m.input, &mut nodes);
                    let scan = nodes.into_iter().find(|n| scan_rte(n) == Some(m.rte));
                    let shown = scan.and_then(scan_alias).map(str::to_string);
                    special.push(("Relation Name", target.name.1.clone()));
                    special.push(("Alias", shown.clone().unwrap_or_else(|| target.name.1.clone())));
                    self.relation(target.rel, if m.command == CommandType::Insert { None } else { shown.as_ref() })
                });
                title = Some(filled!("{} on {}"; verb, target.unwrap_or_default()));
                ("ModifyTable", String::new())
            }
        };
        t.title = title.unwrap_or_else(|| if on.is_empty() { kind.into() } else { filled!("{} on {}"; kind, on) });
        self.frame(t, p, kind, relationship, name, &special);
    }

    fn details(
        &mut self,
        t: &mut Tree,
        p: &Plan,
        inputs: &[Vec<Named>],
        native: &[Named],
        below: &[Named],
    ) -> Result<()> {
        let empty = Vec::new();
        let first = inputs.first().unwrap_or(&empty);
        let second = inputs.get(1).unwrap_or(&empty);
        let mut filter_label = "Filter";
        let mut run_condition = None;
        let mut join_filter = None;
        match &p.node {
            Node::Result { once, .. } => {
                if let Some(c) = once {
                    let text = self.show(c, &[], false)?;
                    t.text("One-Time Filter", text);
                }
                if matches!(&p.node, Node::Result { input: None, .. }) {
                    filter_label = "One-Time Filter";
                }
            }
            Node::Append { inputs, .. } if inputs.is_empty() => {
                t.text("One-Time Filter", "false".into());
            }
            Node::SeqScan { sample: Some(s), .. } => {
                let method = self.shared.catalog().proc(s.method).map_or_else(String::new, |p| p.name.clone());
                let mut args = Vec::new();
                for a in &s.args {
                    args.push(self.show(a, &[], false)?);
                }
                let mut text = filled!("{} ({})"; quote_identifier(&method), args.join(", "));
                if let Some(r) = &s.repeatable {
                    text.push_str(&filled!(" REPEATABLE ({})"; self.show(r, &[], false)?));
                }
                t.text("Sampling", text);
            }
            Node::IndexScan { rel, index, keys, .. } => {
                let mut parts = Vec::new();
                for (i, b) in keys {
                    parts.push(self.bound(p, rel, *index, *i, b)?);
                }
                if !parts.is_empty() {
                    t.text("Index Cond", conjunction(parts));
                }
            }
            Node::BitmapScan { rel, bitmap } => {
                let text = self.bitmap_cond(p, rel, bitmap)?;
                if !text.is_empty() {
                    t.text("Recheck Cond", text);
                }
            }
            Node::MethodScan { conds, nearest, .. } => {
                let parts = self.index_conds(conds, native)?;
                if !parts.is_empty() {
                    t.text("Index Cond", conjunction(parts));
                }
                if let Some(c) = nearest {
                    let text = self.show(&turned(c), native, false)?;
                    t.text("Order By", text);
                }
            }
            Node::TidScan { tids, .. } => {
                let mut parts = Vec::new();
                let ctid = self.column(p, "ctid".into()).text;
                for e in tids {
                    let value = self.show(e, &[], true)?;
                    let array = e.ty.oid != tusklet_catalog::builtin::oids::TID;
                    parts.push(if array { filled!(
                        "({} = ANY ({}))"; ctid, value
                    ) } else { filled!("({} = {})"; ctid, value) });
                }
                let text = if parts.len() == 1 { parts.concat() } else { filled!("({})"; parts.join(" OR ")) };
                t.text("TID Cond", text);
            }
            Node::FunctionScan { functions, .. } if self.o.verbose => {
                let mut calls = Vec::new();
                for f in functions {
                    calls.push(self.show(&f.expr, &[], false)?);
                }
                let table = matches!(functions.as_slice(), [f] if matches!(f.expr.kind, ExprKind::XmlTable(_)));
                let label = if table { "Table Function Call" } else { "Function Call" };
                t.list(label, calls);
            }
            Node::NestLoop { kind, on, .. } => {
                join_filter = Some((*kind, on.as_ref()));
            }
            Node::HashJoin { kind, keys, on, .. } => {
                let mut parts = Vec::new();
                for k in keys {
                    let left = self.show(&k.left, first, true)?;
                    let right = self.show(&k.right, second, true)?;
                    parts.push(filled!("({} = {})"; left, right));
                }
                t.text("Hash Cond", conjunction(parts));
                join_filter = Some((*kind, on.as_ref()));
            }
            Node::MergeJoin { kind, keys, on, .. } => {
                let side = |list: &[Named], k: &SortKey| {
                    list.get(k.column as usize).map_or_else(|| "?".into(), |n| n.text.clone())
                };
                let parts: Vec<String> =
                    keys.iter().map(|(l, r)| filled!("({} = {})"; side(first, l), side(second, r))).collect();
                if !parts.is_empty() {
                    t.text("Merge Cond", conjunction(parts));
                }
                join_filter = Some((*kind, on.as_ref()));
            }
            Node::Sort { keys, .. } | Node::MergeAppend { keys, .. } => {
                let list = keys.iter().map(|k| self.sort_key(k, first)).collect();
                t.list("Sort Key", list);
                if let Node::Sort { presorted: n @ 1.., .. } = &p.node {
                    let list = keys.iter().take(*n as usize).map(|k| {
                        first.get(k.column as usize).map_or_else(|| "?".into(), |n| n.text.clone())
                    });
                    t.list("Presorted Key", list.collect());
                }
            }
            Node::Aggregate { groups, carried, sets, .. } => {
                let own = groups.len() - (*carried as usize).min(groups.len());
                let name = |i: usize| {
                    let at = groups.get(i).map_or(0, |g| g.column as usize);
                    below.get(at).map_or_else(|| "?".into(), |n| n.full.clone().unwrap_or_else(|| n.text.clone()))
                };
                match sets {
                    None if groups.is_empty() => {}
                    None => {
                        t.list("Group Key", (0..own).map(name).collect());
                    }
                    Some(sets) => {
                        let mut before = None;
                        for s in sets {
                            let list: Vec<String> =
                                s.columns.iter().map(|i| *i as usize).filter(|i| *i < own).map(name).collect();
                            let again =
                                s.rollup.is_some() && before.is_some() && before != s.rollup && !list.is_empty();
                            if again {
                                t.list("Sort Key", list.clone());
                            }
                            // A pass that sorts anew stands further in.
                            let first = sets.iter().find_map(|s| s.rollup);
                            let inner = s.rollup.is_some() && s.rollup != first;
                            let label = match (s.rollup, inner) {
                                (None, _) => "Hash Key",
                                (_, true) => "  Group Key",
                                _ => "Group Key",
                            };
                            before = s.rollup.or(before);
                            let value = if list.is_empty() { Value::Text("()".into()) } else { Value::List(list) };
                            t.line(label, value);
                        }
                    }
                }
            }
            Node::WindowAgg { run, .. } if !run.is_empty() => {
                let mut parts = Vec::new();
                for e in run {
                    parts.push(self.show(e, native, false)?);
                }
                run_condition = Some(line("Run Condition", Value::Text(conjunction(parts))));
            }
            Node::ModifyTable(m) => {
                if m.targets.len() > 1 {
                    for target in &m.targets {
                        let verb = if m.command == CommandType::Update { "Update" } else { "Delete" };
                        let text = filled!("{} on {}"; verb, self.relation(target.rel, None));
                        t.text("", text);
                    }
                }
                if let Some(c) = &m.on_conflict {
                    let what = if c.update.is_some() { "UPDATE" } else { "NOTHING" };
                    t.text("Conflict Resolution", what.into());
                    let names: Vec<String> = c
                        .arbiters
                        .iter()
                        .filter_map(|i| self.shared.catalog().relation(*i).map(|r| quote_identifier(&r.name)))
                        .collect();
                    if !names.is_empty() {
                        t.list("Conflict Arbiter Indexes", names);
                    }
                    if let (Some(f), Some(target)) = (&c.filter, m.targets.first()) {
                        let old = self.modify_columns(m, &[]);
                        let new = target
                            .columns
                            .iter()
                            .map(|c| Named::new(filled!("excluded.{}"; quote_identifier(&c.name)), true));
                        let all: Vec<Named> = old.into_iter().chain(new).collect();
                        let text = self.show(f, &all, false)?;
                        t.text("Conflict Filter", text);
                    }
                }
            }
            _ => {}
        }
        match join_filter {
            Some((_, Some(on))) => {
                let text = self.show(on, native, false)?;
                t.text("Join Filter", text);
            }
            Some((JoinKind::Inner, None)) => filter_label = "Join Filter",
            _ => {}
        }
        // What a run condition tests is no filter beside it, nor what an index looked for.
        let filter = match (&p.filter, &p.node) {
            (Some(f), Node::WindowAgg { run, .. }) if !run.is_empty() => rest_of_filter(f, run),
            // … nor what an index does wholly.
            (Some(f), Node::IndexScan { rel, index, .. })
            | (Some(f), Node::BitmapScan { rel, bitmap: Bitmap { source: BitmapSource::Index { index, .. }, .. } }) => {
                match self.row_bound(p, rel, *index) {
                    Some((_, true)) => {
                        let rows = |e: &Expr| matches!(e.kind, ExprKind::RowCompare { .. });
                        match &f.kind {
                            ExprKind::And(list) => {
                                let known: Vec<Expr> = list.iter().filter(|e| rows(e)).take(1).cloned().collect();
                                rest_of_filter(f, &known)
                            }
                            _ => None,
                        }
                    }
                    _ => Some(f.clone()),
                }
            }
            (Some(f), Node::MethodScan { conds, .. }) => {
                rest_of_filter(f, &conds.iter().map(|c| c.cond.clone()).collect::<Vec<_>>())
            }
            (Some(f), Node::BitmapScan { bitmap, .. }) => without(f, &|e| bitmap.looks_for(e)),
            (f, _) => f.clone(),
        };
        if let Some(f) = &filter {
            let text = self.show(f, native, false)?;
            t.text(filter_label, text);
            if let Some(s) = self.counted(p) {
                let removed = s.removed as f64 / s.loops.max(1) as f64;
                let label =
                    if filter_label == "Filter" { "Rows Removed by Filter" } else { "Rows Removed by Join Filter" };
                // The text format says it only when there were any.
                let value = Value::Number(fixed(removed, 0));
                t.properties.push(Property { label, value, line: s.removed > 0 });
            }
        }
        t.properties.extend(run_condition);
        Ok(())
    }

    /// A bound of an index scan as the condition it came from.
    fn bound(&mut self, p: &Plan, rel: &ScanRel, index: Oid, key: u32, b: &IndexBound) -> Result<String> {
        if key == 0
            && matches!(b.op, BoundOp::Ge | BoundOp::Le)
            && let Some((e, _)) = self.row_bound(p, rel, index)
        {
            let columns = self.scan_columns(p, rel);
            return self.show(&e, &columns, false);
        }
        let catalog = self.shared.catalog();
        let column = catalog.relation(index).and_then(|r| r.index.as_ref()?.columns.get(key as usize).cloned());
        let left = match column {
            Some(c) => match &c.expr {
                Some(e) => {
                    format!("({})", crate::ruleutils::expression(self.shared, self.cx, e, Some(rel.oid), false)?)
                }
                None => self.column(p, self.attribute(rel.oid, c.attno)).text,
            },
            None => "?".into(),
        };
        let op = match b.op {
            BoundOp::Lt => "<",
            BoundOp::Le => "<=",
            BoundOp::Eq => "=",
            BoundOp::Ge => ">=",
            BoundOp::Gt => ">",
            BoundOp::IsNull => return Ok(filled!("({} IS NULL)"; left)),
            BoundOp::IsNotNull => return Ok(filled!("({} IS NOT NULL)"; left)),
            BoundOp::In => {
                let value = self.show(&b.value, &[], true)?;
                return Ok(filled!("({} = ANY ({}))"; left, value));
            }
        };
        let value = self.show(&b.value, &[], true)?;
        Ok(filled!("({} {} {})"; left, op, value))
    }

    /// A sort key with its options (`show_sortorder_options`).
    fn sort_key(&self, k: &SortKey, input: &[Named]) -> String {
        let mut s = input.get(k.column as usize).map_or_else(|| "?".into(), |n| n.text.clone());
        let catalog = self.shared.catalog();
        if k.collation != 0
            && k.collation != catalog.type_collation(k.ty)
            && let Some(c) = tusklet_catalog::builtin::collation(k.collation)
        {
            s.push_str(&filled!(" COLLATE {}"; quote_identifier(c.name())));
        }
        match (k.desc, k.nulls_first) {
            (true, true) => s.push_str(" DESC"),
            (true, false) => s.push_str(" DESC NULLS LAST"),
            (false, true) => s.push_str(" NULLS FIRST"),
            (false, false) => {}
        }
        s
    }
}

/// A filter without the conditions that are run conditions, too.
fn rest_of_filter(f: &Expr, run: &[Expr]) -> Option<Expr> {
    without(f, &|e| run.iter().any(|r| r.kind.to_bytes() == e.kind.to_bytes()))
}

/// Numbers as properties, before the details.
fn put_numbers(t: &mut Tree, numbers: Vec<(&'static str, String)>) {
    let at = t.properties.iter().position(|x| x.line).unwrap_or(t.properties.len());
    let list = numbers.into_iter().map(|(label, n)| Property { label, value: Value::Number(n), line: false });
    t.properties.splice(at..at, list);
}

/// A condition without the parts that need not be said.
fn without(f: &Expr, known: &dyn Fn(&Expr) -> bool) -> Option<Expr> {
    match &f.kind {
        ExprKind::And(list) => {
            let mut rest: Vec<Expr> = list.iter().filter(|e| !known(e)).cloned().collect();
            match rest.len() {
                0 | 1 => rest.pop(),
                _ => Some(f.with_kind(ExprKind::And(rest))),
            }
        }
        _ => (!known(f)).then(|| f.clone()),
    }
}

/// Gives a tree the output lists of another of the same shape.
pub(super) fn take_outputs(to: &mut Tree, from: Tree) {
    for (p, q) in to.properties.iter_mut().zip(from.properties) {
        if p.label == "Output" && q.label == "Output" {
            *p = q;
        }
    }
    for ((_, a), (_, b)) in to.children.iter_mut().zip(from.children) {
        take_outputs(a, b);
    }
}

fn line(label: &'static str, value: Value) -> Property {
    Property { label, value, line: true }
}

fn conjunction(parts: Vec<String>) -> String {
    if parts.len() == 1 { parts.concat() } else { filled!("({})"; parts.join(" AND ")) }
}

fn scan_alias(p: &Plan) -> Option<&str> {
    match &p.node {
        Node::SeqScan { rel, .. }
        | Node::IndexScan { rel, .. }
        | Node::BitmapScan { rel, .. }
        | Node::MethodScan { rel, .. }
        | Node::TidScan { rel, .. }
        | Node::CatalogScan { rel } => Some(&rel.alias),
        Node::FunctionScan { alias, .. }
        | Node::CteScan { alias, .. }
        | Node::WorkTableScan { alias, .. }
        | Node::SubqueryScan { alias, .. } => Some(alias),
        _ => None,
    }
}

fn is_scan(p: &Plan) -> bool {
    scan_alias(p).is_some() && !matches!(p.node, Node::SubqueryScan { .. }) || matches!(p.node, Node::ValuesScan { .. })
}

fn scan_rte(p: &Plan) -> Option<u32> {
    scan_rel(p).map(|r| r.rte)
}

fn scan_rel(p: &Plan) -> Option<&ScanRel> {
    match &p.node {
        Node::SeqScan { rel, .. }
        | Node::IndexScan { rel, .. }
        | Node::BitmapScan { rel, .. }
        | Node::MethodScan { rel, .. }
        | Node::TidScan { rel, .. } => Some(rel),
        _ => None,
    }
}

fn join_type(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "Inner",
        JoinKind::Left => "Left",
        JoinKind::Right => "Right",
        JoinKind::Full => "Full",
        JoinKind::Semi => "Semi",
        JoinKind::Anti => "Anti",
    }
}

fn join_title(kind: JoinKind, base: &str) -> String {
    match kind {
        JoinKind::Inner if base == "Nested Loop" => base.to_string(),
        JoinKind::Inner => filled!("{} Join"; base),
        _ => filled!("{} {} Join"; base, join_type(kind)),
    }
}
