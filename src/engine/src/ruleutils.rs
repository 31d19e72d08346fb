//! The catalog's stored trees as SQL text again: what `pg_get_expr`, `pg_get_viewdef`, `pg_get_indexdef` and their like say.
//!
//! The text is `ruleutils.c`'s, to the space: clients parse it, dumps replay it. Two switches shape it. With `paren`
//! (the functions' `pretty` argument) parentheses that precedence makes needless are left out; `indent` breaks lines.
//! Names are looked up when the text is made, so renamed things show their new names.

mod aggregate;
mod define;
mod expr;
mod query;
mod xml;

use std::rc::Rc;

use tusklet_catalog::live::Catalog;
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_error::{Result, SortedMap, filled};
use tusklet_exec::ExecCx;
use tusklet_ir::{Expr, Oid, Query, RteKind};
use tusklet_vector::{CallContext, Datum};

use crate::commands::object_address::qualified;
use crate::session::Shared;

pub(crate) use define::{
    Arguments, constraint_def, function_arguments, function_def, function_result, index_def, partition_bound, partition_key,
    rule_def, split_list, sql_body, trigger_def,
};

/// One query level: what its range-table entries and their columns are called in the text.
struct Scope<'q> {
    query: Option<&'q Query>,
    /// Name by entry; empty for an unnamed join.
    names: Vec<String>,
    /// Column names by entry.
    columns: Vec<Vec<String>>,
}

/// Text being made.
pub(crate) struct Deparse<'q, 'a, 'c> {
    cx: &'a mut ExecCx<'c>,
    catalog: Catalog,
    path: Rc<SearchPath>,
    out: String,
    /// Leave out needless parentheses.
    paren: bool,
    /// Break lines and indent.
    indenting: bool,
    /// Target lists break when longer; 0: after each item; negative: never.
    wrap: i32,
    level: i32,
    /// Columns are shown with their table.
    prefix: bool,
    scopes: Vec<Scope<'q>>,
    /// What a plan's references are called, when the expression is a plan's.
    plan: Option<&'q PlanNames>,
    /// In a function's body: its name, and those of its arguments.
    arguments: (String, Vec<String>),
}

/// What the references in a plan node's expressions are called.
#[derive(Default)]
pub(crate) struct PlanNames {
    /// The columns the expressions are over.
    pub columns: Vec<String>,
    /// Names of the fields of those that are anonymous rows.
    pub fields: Vec<Vec<String>>,
    /// The only table there is, whose columns may be without it.
    pub table: Option<String>,
    /// Parameters set by a node or subquery around.
    pub params: SortedMap<u32, String>,
    /// References to subplans, by number.
    pub subplans: SortedMap<u32, String>,
}

const STD: i32 = 8;
const JOIN: i32 = 4;
const VAR: i32 = 4;
/// Deeper indentation grows slower, so that it does not run off to the right (`PRETTYINDENT_LIMIT`).
const LIMIT: i32 = 40;

impl<'q, 'a, 'c> Deparse<'q, 'a, 'c> {
    fn new(shared: &Shared, cx: &'a mut ExecCx<'c>, pretty: bool) -> Deparse<'q, 'a, 'c> {
        let catalog = cx.catalog.clone();
        Deparse {
            cx,
            catalog,
            path: shared.search_path(),
            out: String::new(),
            paren: pretty,
            indenting: false,
            wrap: -1,
            level: 0,
            prefix: false,
            scopes: vec![],
            plan: None,
            arguments: Default::default(),
        }
    }

    /// Columns of the one relation stand bare.
    fn over_relation(mut self, rel: Option<Oid>) -> Self {
        let Some(r) = rel.and_then(|o| self.catalog.relation(o)) else { return self };
        let columns = r.columns.iter().map(|c| c.name.clone()).collect();
        self.scopes.push(Scope { query: None, names: vec![r.name.clone()], columns: vec![columns] });
        self
    }

    fn put(&mut self, s: &str) {
        self.out.push_str(s);
    }

    fn ident(&mut self, s: &str) {
        let q = quote_identifier(s);
        self.out.push_str(&q);
    }

    fn trim_spaces(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
    }

    /// A keyword on a new line of its own indentation, when lines are broken (`appendContextKeyword`).
    fn keyword(&mut self, s: &str, before: i32, after: i32, plus: i32) {
        if !self.indenting {
            self.put(s);
            return;
        }
        self.level += before;
        self.trim_spaces();
        self.out.push('\n');
        let amount = if self.level < LIMIT {
            self.level.max(0) + plus
        } else {
            (LIMIT + (self.level - LIMIT) / (STD / 2)) % LIMIT + plus
        };
        for _ in 0..amount {
            self.out.push(' ');
        }
        self.put(s);
        self.level = (self.level + after).max(0);
    }

    /// A type with its modifier.
    fn ty(&mut self, oid: Oid, typmod: i32) {
        let t = self.catalog.format_type_with_typmod(&self.path, oid, typmod);
        self.put(&t);
    }

    /// A relation's name, qualified when it must be. A WITH query of that name hides the relation.
    fn relation_name(&self, oid: Oid) -> String {
        let Some(r) = self.catalog.relation(oid) else { return oid.to_string() };
        let hidden =
            self.scopes.iter().any(|s| s.query.is_some_and(|q| q.ctes.iter().any(|c| c.name == r.name)));
        let visible = !hidden && self.catalog.relation_is_visible(&self.path, oid);
        qualified(&self.catalog, visible, r.schema, &r.name)
    }

    fn collation_name(&self, oid: Oid) -> String {
        match self.catalog.collation_name(oid) {
            Some(c) => quote_identifier(&c),
            None => oid.to_string(),
        }
    }

    fn literal(&mut self, ty: Oid, d: Datum<'_>) -> Result<String> {
        let mut s = String::new();
        self.cx.output(ty, d, &mut s)?;
        Ok(s)
    }
}

/// A string as a literal under `standard_conforming_strings`; never with `E` (`simple_quote_literal`).
pub(crate) fn quote_literal(s: &str) -> String {
    filled!("'{}'"; s.replace('\'', "''"))
}

/// An expression over one relation's columns, or none.
pub(crate) fn expression(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    e: &Expr,
    rel: Option<Oid>,
    pretty: bool,
) -> Result<String> {
    let mut d = Deparse::new(shared, cx, pretty).over_relation(rel);
    d.expr(e, false)?;
    Ok(d.out)
}

/// What of a plan is to be shown.
pub(crate) enum PlanPart<'q> {
    Expr(&'q Expr),
    Aggregate(&'q tusklet_ir::Aggregate),
    Window(&'q tusklet_ir::WindowCall),
}

/// Part of a plan, as EXPLAIN shows it; `implicit` shows coercions that the system made.
pub(crate) fn plan_part(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    names: &PlanNames,
    part: PlanPart<'_>,
    implicit: bool,
) -> Result<String> {
    let mut d = Deparse::new(shared, cx, false);
    d.plan = Some(names);
    match part {
        PlanPart::Expr(e) => d.expr(e, implicit)?,
        PlanPart::Aggregate(a) => d.aggregate(a)?,
        PlanPart::Window(w) => d.window_call(w)?,
    }
    Ok(d.out)
}

/// A view's query, ending in a semicolon. `wrap` as `pg_get_viewdef` takes it.
pub(crate) fn view_def(shared: &Shared, cx: &mut ExecCx<'_>, view: Oid, q: &Query, pretty: bool, wrap: i32) -> Result<String> {
    let names: Option<Vec<String>> =
        cx.catalog.relation(view).map(|r| r.columns.iter().filter(|c| !c.dropped).map(|c| c.name.clone()).collect());
    let mut d = Deparse::new(shared, cx, pretty);
    d.indenting = true;
    d.wrap = wrap;
    d.prefix = true;
    d.query(q, names.as_deref(), true)?;
    d.put(";");
    Ok(d.out)
}

/// What the entries of a range table are called: unique among themselves and the levels around (`set_rtable_names`).
fn entry_names(q: &Query, catalog: &Catalog, outer: &[Scope<'_>]) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for rte in &q.rtable {
        let base = match &rte.kind {
            _ if !rte.alias.is_empty() => rte.alias.clone(),
            RteKind::Relation { oid, .. } => catalog.relation(*oid).map(|r| r.name.clone()).unwrap_or_default(),
            RteKind::Join { .. } => String::new(),
            _ => rte.name.clone(),
        };
        let taken = |n: &str| names.iter().any(|x| x == n) || outer.iter().any(|s| s.names.iter().any(|x| x == n));
        let mut name = base.clone();
        let mut n = 0;
        while !name.is_empty() && taken(&name) {
            n += 1;
            name = format!("{base}_{n}");
        }
        names.push(name);
    }
    names
}
