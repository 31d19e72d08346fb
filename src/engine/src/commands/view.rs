//! CREATE VIEW (`view.c`).

use std::rc::Rc;

use tusklet_catalog::live::{Column, DependencyKind, ObjectClass, Persistence, RelKind, Relation, View};
use tusklet_error::{Result, bail, err, filled};
use tusklet_ir::{CommandType, Oid, Query};
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{RelPersistence, Stmt, ViewCheckOption, ViewStmt};

use super::createas::{columns_of, record_view, stored_query, uses_temporary};
use super::object_address::Objects;
use super::{acl, dependency, expressions, heap, lock, namespace};
use crate::session::Shared;

/// CREATE [OR REPLACE] VIEW.
pub fn create_view(shared: &Shared, s: &ViewStmt) -> Result<()> {
    let ViewStmt { view, aliases, query, replace, options, with_check_option, span: _ } = s;
    let q = expressions::query(shared, &Stmt::Select(query.clone()))?;
    if let Some(into) = super::createas::into_clause(query) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO").at(into.rel.span));
    }
    if q.ctes.iter().any(|c| c.query.command != CommandType::Select) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH"));
    }
    if view.relpersistence == RelPersistence::Unlogged {
        bail!(SYNTAX_ERROR, "views cannot be unlogged because they do not have storage");
    }
    let mut options = heap::reloptions(RelKind::View, options)?;
    let check = match with_check_option {
        ViewCheckOption::Local => Some("local"),
        ViewCheckOption::Cascaded => Some("cascaded"),
        ViewCheckOption::None => None,
    };
    if let Some(c) = check {
        options.push(("check_option".to_string(), c.to_string()));
    }
    let check_option = match options.iter().find(|(n, _)| n == "check_option").map(|(_, v)| v.as_str()) {
        Some("local") => 1,
        Some("cascaded") => 2,
        _ => 0,
    };
    if check_option != 0 {
        if let Some(why) = not_updatable(shared, &q) {
            return Err(err!(
                FEATURE_NOT_SUPPORTED, "WITH CHECK OPTION is supported only on automatically updatable views"
            )
            .hint(why));
        }
    }
    let mut named = q.clone();
    if aliases.len() > named.targets.iter().filter(|t| !t.junk).count() {
        bail!(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns");
    }
    for (t, a) in named.targets.iter_mut().filter(|t| !t.junk).zip(aliases) {
        t.name = a.clone();
    }
    let mut rv = view.clone();
    if rv.relpersistence == RelPersistence::Permanent && uses_temporary(shared, &named) && rv.schemaname.is_none() {
        rv.relpersistence = RelPersistence::Temp;
        shared.notify_user(filled!("view \"{}\" will be a temporary view"; rv.relname));
    }
    let (schema, persistence) = namespace::creation(shared, &rv)?;
    let columns = columns_of(shared, &named, &[])?;
    if columns.is_empty() {
        bail!(INVALID_TABLE_DEFINITION, "view must have at least one column");
    }
    let entry =
        View { query: Some(Rc::new(stored_query(&named))), text: String::new(), check_option, populated: true };
    let existing = shared.catalog().relation_named(schema, &rv.relname);
    match existing {
        Some(oid) if *replace => replace_view(shared, oid, columns, options, entry, &named),
        _ => {
            let mut rel = heap::blank(shared, &rv.relname, schema, RelKind::View, persistence);
            rel.columns = columns;
            rel.options = options;
            rel.view = Some(entry);
            rel.replica_identity = b'n';
            let created = heap::create(shared, rel)?;
            record_view(shared, created.oid, &named)
        }
    }
}

/// Why a view over this query cannot be written through, as a hint (`view_query_is_auto_updatable`).
fn not_updatable(shared: &Shared, q: &Query) -> Option<String> {
    let text = if q.distinct.is_some() {
        "Views containing DISTINCT are not automatically updatable."
    } else if !q.group_by.is_empty() || !q.grouping_sets.is_empty() {
        "Views containing GROUP BY are not automatically updatable."
    } else if q.having.is_some() {
        "Views containing HAVING are not automatically updatable."
    } else if q.set_op.is_some() {
        "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."
    } else if !q.ctes.is_empty() {
        "Views containing WITH are not automatically updatable."
    } else if q.limit.is_some() || q.offset.is_some() {
        "Views containing LIMIT or OFFSET are not automatically updatable."
    } else if q.has_aggs {
        "Views that return aggregate functions are not automatically updatable."
    } else if q.has_windows {
        "Views that return window functions are not automatically updatable."
    } else if q.has_srfs {
        "Views that return set-returning functions are not automatically updatable."
    } else {
        let single = match q.from.as_slice() {
            [tusklet_ir::FromNode::Ref(i)] => q.rtable.get(*i as usize),
            _ => None,
        };
        let c = shared.catalog();
        let ok = single.is_some_and(|r| match &r.kind {
            tusklet_ir::RteKind::Relation { oid, sample: None } => {
                c.relation(*oid).is_some_and(|r| matches!(r.kind, RelKind::Table | RelKind::View | RelKind::Foreign))
            }
            _ => false,
        });
        if ok {
            return None;
        }
        "Views that do not select from a single table or view are not automatically updatable."
    };
    Some(text.to_string())
}

/// Whether a new definition may take an old one's place (`checkViewTupleDesc`).
fn check_columns(shared: &Shared, old: &Relation, new: &[Column]) -> Result<()> {
    if new.len() < old.columns.len() {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop columns from view");
    }
    let (c, path) = (shared.catalog(), shared.search_path());
    for (o, n) in old.columns.iter().zip(new) {
        if o.name != n.name {
            return Err(err!(
                INVALID_TABLE_DEFINITION, "cannot change name of view column \"{}\" to \"{}\""; o.name, n.name
            )
            .hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead."));
        }
        if o.ty != n.ty {
            bail!(
                INVALID_TABLE_DEFINITION,
                "cannot change data type of view column \"{}\" from {} to {}",
                o.name,
                c.format_type_with_typmod(&path, o.ty.oid, o.ty.typmod),
                c.format_type_with_typmod(&path, n.ty.oid, n.ty.typmod)
            );
        }
        if o.collation != n.collation {
            bail!(
                INVALID_TABLE_DEFINITION,
                "cannot change collation of view column \"{}\" from \"{}\" to \"{}\"";
                o.name,
                c.collation_name(o.collation).unwrap_or_default(),
                c.collation_name(n.collation).unwrap_or_default()
            );
        }
    }
    Ok(())
}

fn replace_view(
    shared: &Shared,
    oid: Oid,
    columns: Vec<Column>,
    options: Vec<(String, String)>,
    entry: View,
    q: &Query,
) -> Result<()> {
    let old = heap::get(shared, oid)?;
    lock(shared, oid, LockMode::AccessExclusive)?;
    if old.kind != RelKind::View {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a view"; old.name);
    }
    acl::check_owner(shared, old.owner, "view", &old.name)?;
    if old.persistence == Persistence::Temporary && !namespace::is_temp_schema(shared, old.schema) {
        bail!(INVALID_TABLE_DEFINITION, "cannot replace this view");
    }
    check_columns(shared, &old, &columns)?;
    let me = Objects::relation(oid);
    // What the old query needed is needed no more; the schema stays.
    dependency::replace_edges(
        shared,
        me,
        &|d| d.referenced.class == ObjectClass::Schema && d.kind == DependencyKind::Normal,
        &[],
    )?;
    let mut edges = vec![];
    for (i, c) in columns.iter().enumerate().skip(old.columns.len()) {
        heap::column_edges(&mut edges, oid, i as i16 + 1, c);
    }
    heap::change(shared, oid, |r| {
        // Defaults of the view's columns stay.
        let kept: Vec<Column> = r.columns.clone();
        r.columns = columns;
        for (c, k) in r.columns.iter_mut().zip(kept) {
            c.default = k.default;
        }
        r.options = options;
        r.view = Some(entry);
    })?;
    dependency::record(shared, &edges)?;
    record_view(shared, oid, q)
}
