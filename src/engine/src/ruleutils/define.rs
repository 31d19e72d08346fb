//! Definitions: indexes, constraints, triggers, rules, functions, partitions.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{
    Catalog, Constraint, ConstraintKind, FkAction, IndexColumn, PartitionBound, PartitionKey, Proc, RangeDatum, RelKind,
    Relation, Trigger,
};
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, filled};
use tusklet_exec::ExecCx;
use tusklet_ir::{CoercionForm, Expr, ExprKind, Oid};

use crate::commands::object_address::{qualified as qualified_name, relation_name};
use super::{Deparse, quote_literal};
use crate::session::Shared;

/// Whether an index or key expression needs no parentheses around it: it is a plain function call.
fn looks_like_function(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Call(c) => c.op == 0 && matches!(c.form, CoercionForm::Call | CoercionForm::Sql),
        ExprKind::Coalesce(_) | ExprKind::MinMax { .. } | ExprKind::NullIf(_) | ExprKind::SqlValue(_) => true,
        _ => false,
    }
}

fn column_name(r: &Relation, attno: i16) -> String {
    match attno {
        n if n < 0 => builtin::system_attribute_name(n).unwrap_or("?").to_string(),
        n => r.columns.get((n as usize).saturating_sub(1)).map_or_else(|| "?".to_string(), |c| c.name.clone()),
    }
}

fn key_text(shared: &Shared, cx: &mut ExecCx<'_>, table: &Relation, c: &IndexColumn, pretty: bool) -> Result<String> {
    match &c.expr {
        None => Ok(quote_identifier(&column_name(table, c.attno))),
        Some(e) => {
            let s = super::expression(shared, cx, e, Some(table.oid), pretty)?;
            Ok(if looks_like_function(e) { s } else { filled!("({})"; s) })
        }
    }
}

/// The collation and operator class of a key, where they are not the defaults.
fn key_suffix(d: &Catalog, shared: &Shared, table: &Relation, method: Oid, c: &IndexColumn) -> String {
    let mut s = String::new();
    let own = match &c.expr {
        Some(e) => e.collation,
        None => table.columns.get((c.attno - 1).max(0) as usize).map_or(0, |c| c.collation),
    };
    if c.collation != 0 && c.collation != own {
        if let Some(k) = d.collation_name(c.collation) {
            s.push_str(&filled!(" COLLATE {}"; quote_identifier(&k)));
        }
    }
    let user = d.item(c.opclass).map(|i| (i.name.clone(), i.schema));
    if let Some((name, class_schema)) =
        user.or_else(|| builtin::opclass(c.opclass).map(|k| (k.name().to_string(), k.namespace())))
    {
        let default = d.default_opclass(method, c.ty.oid).map(|k| k.oid);
        if default != Some(c.opclass) || !c.options.is_empty() {
            let path = shared.search_path();
            let visible = path.schemas.contains(&class_schema);
            let schema = if visible { None } else { d.schema_name(class_schema) };
            s.push(' ');
            if let Some(n) = schema {
                s.push_str(&filled!("{}."; quote_identifier(&n)));
            }
            s.push_str(&quote_identifier(&name));
            if !c.options.is_empty() {
                let all: Vec<String> = c.options.iter().map(|(k, v)| filled!("{}='{}'"; k, v)).collect();
                s.push_str(&filled!(" ({})"; all.join(", ")));
            }
        }
    }
    s
}

/// `CREATE INDEX …`; with `column`, that column alone (`pg_get_indexdef_worker`).
pub(crate) fn index_def(shared: &Shared, cx: &mut ExecCx<'_>, index: Oid, column: i32, pretty: bool) -> Result<Option<String>> {
    let catalog = cx.catalog.clone();
    let Some(r) = catalog.relation(index) else { return Ok(None) };
    let Some(i) = &r.index else { return Ok(None) };
    let Some(table) = catalog.relation(i.table) else { return Ok(None) };
    if column > 0 {
        return match i.columns.get(column as usize - 1) {
            Some(c) => {
                let bare = match &c.expr {
                    Some(e) => {
                        let s = super::expression(shared, cx, e, Some(table.oid), pretty)?;
                        if looks_like_function(e) { s } else { filled!("({})"; s) }
                    }
                    None => quote_identifier(&column_name(&table, c.attno)),
                };
                Ok(Some(bare))
            }
            None => Ok(Some(String::new())),
        };
    }
    let method = if r.access_method != 0 { r.access_method } else { oids::AM_BTREE };
    let am = builtin::am(method).map_or("btree", |a| a.name());
    let qualified = |t: &Relation| -> String {
        let visible = pretty && catalog.relation_is_visible(&shared.search_path(), t.oid);
        qualified_name(&catalog, visible, t.schema, &t.name)
    };
    let mut s = format!(
        "CREATE {}INDEX {} ON {}{} USING {} (",
        if i.unique { "UNIQUE " } else { "" },
        quote_identifier(&r.name),
        if table.kind == RelKind::Partitioned && r.kind != RelKind::PartitionedIndex { "ONLY " } else { "" },
        qualified(&table),
        quote_identifier(am)
    );
    for (n, c) in i.columns.iter().enumerate() {
        if n == i.keys as usize {
            s.push_str(") INCLUDE (");
        } else if n > 0 {
            s.push_str(", ");
        }
        s.push_str(&key_text(shared, cx, &table, c, pretty)?);
        if n >= i.keys as usize {
            continue;
        }
        s.push_str(&key_suffix(&catalog, shared, &table, method, c));
        // Only ordered methods know a direction.
        if method == oids::AM_BTREE {
            match (c.desc, c.nulls_first) {
                (true, true) => s.push_str(" DESC"),
                (true, false) => s.push_str(" DESC NULLS LAST"),
                (false, true) => s.push_str(" NULLS FIRST"),
                (false, false) => {}
            }
        }
    }
    s.push(')');
    if i.nulls_not_distinct {
        s.push_str(" NULLS NOT DISTINCT");
    }
    if !r.options.is_empty() {
        s.push_str(&filled!(" WITH ({})"; with_options(&r.options)));
    }
    if let Some(p) = &i.predicate {
        let w = super::expression(shared, cx, p, Some(table.oid), pretty)?;
        s.push_str(&filled!(" WHERE {}"; w));
    }
    Ok(Some(s))
}

fn with_options(options: &[(String, String)]) -> String {
    let all: Vec<String> = options
        .iter()
        .map(|(k, v)| {
            let plain = quote_identifier(v) == *v;
            filled!("{}={}"; quote_identifier(k), if plain { v.clone() } else { quote_literal(v) })
        })
        .collect();
    all.join(", ")
}

fn columns_text(r: &Relation, columns: &[i16]) -> String {
    columns.iter().map(|c| quote_identifier(&column_name(r, *c))).collect::<Vec<_>>().join(", ")
}

fn action(word: &str, a: FkAction) -> String {
    let what = match a {
        FkAction::NoAction => return String::new(),
        FkAction::Restrict => "RESTRICT",
        FkAction::Cascade => "CASCADE",
        FkAction::SetNull => "SET NULL",
        FkAction::SetDefault => "SET DEFAULT",
    };
    filled!(" {} {}"; word, what)
}

/// The part of ALTER TABLE … ADD CONSTRAINT after the name (`pg_get_constraintdef_worker`).
pub(crate) fn constraint_def(
    shared: &Shared,
    cx: &mut ExecCx<'_>,
    rel: &Relation,
    c: &Constraint,
    pretty: bool,
) -> Result<String> {
    let catalog = cx.catalog.clone();
    let mut s = String::new();
    match &c.kind {
        ConstraintKind::Check(e) => {
            let text = super::expression(shared, cx, e, Some(rel.oid), pretty)?;
            s.push_str(&filled!("CHECK ({})"; text));
            if c.no_inherit {
                s.push_str(" NO INHERIT");
            }
        }
        ConstraintKind::Primary(index) | ConstraintKind::Unique(index) => {
            let i = catalog.relation(*index);
            let entry = i.as_ref().and_then(|r| r.index.as_ref());
            s.push_str(match (&c.kind, entry.is_some_and(|i| i.nulls_not_distinct)) {
                (ConstraintKind::Primary(_), _) => "PRIMARY KEY ",
                (_, true) => "UNIQUE NULLS NOT DISTINCT ",
                _ => "UNIQUE ",
            });
            let keys = entry.map_or(c.columns.len(), |i| i.keys as usize).min(c.columns.len());
            s.push_str(&filled!("({})"; columns_text(rel, &c.columns[..keys])));
            if let Some(i) = entry.filter(|i| i.columns.len() > i.keys as usize) {
                let included: Vec<i16> = i.columns[i.keys as usize..].iter().map(|c| c.attno).collect();
                s.push_str(&filled!(" INCLUDE ({})"; columns_text(rel, &included)));
            }
            if let Some(r) = i.filter(|r| !r.options.is_empty()) {
                s.push_str(&filled!(" WITH ({})"; with_options(&r.options)));
            }
        }
        ConstraintKind::Foreign(fk) => {
            let target = catalog.relation(fk.table).ok_or_else(|| Error::internal("foreign key without its table"))?;
            let mut d = Deparse::new(shared, cx, pretty);
            // Without `pretty` the name stays good whatever the search path.
            let name = if pretty {
                d.relation_name(fk.table)
            } else {
                relation_name(&catalog, &shared.search_path(), &target)
            };
            d.put("");
            s.push_str(&filled!(
                "FOREIGN KEY ({}) REFERENCES {}({})";
                columns_text(rel, &c.columns),
                name,
                columns_text(&target, &fk.columns)
            ));
            if fk.match_full {
                s.push_str(" MATCH FULL");
            }
            s.push_str(&action("ON UPDATE", fk.on_update));
            s.push_str(&action("ON DELETE", fk.on_delete));
            if !fk.delete_set.is_empty() {
                s.push_str(&filled!(" ({})"; columns_text(rel, &fk.delete_set)));
            }
        }
        ConstraintKind::Exclude { index, operators } => {
            let r = catalog.relation(*index).ok_or_else(|| Error::internal("exclusion constraint without its index"))?;
            let i = r.index.as_ref().ok_or_else(|| Error::internal("exclusion constraint without its index"))?;
            let am = builtin::am(r.access_method).map_or("gist", |a| a.name());
            let mut keys = vec![];
            for (col, op) in i.columns.iter().zip(operators) {
                let key = key_text(shared, cx, rel, col, pretty)?;
                let op = catalog.operator(*op).map(|o| o.name.clone()).unwrap_or_default();
                let suffix = key_suffix(&catalog, shared, rel, r.access_method, col);
                keys.push(filled!("{}{} WITH {}"; key, suffix, op));
            }
            s.push_str(&filled!("EXCLUDE USING {} ({})"; am, keys.join(", ")));
            if let Some(p) = &i.predicate {
                let w = super::expression(shared, cx, p, Some(rel.oid), pretty)?;
                s.push_str(&filled!(" WHERE ({})"; w));
            }
        }
        ConstraintKind::Trigger => s.push_str("TRIGGER"),
    }
    if c.deferrable {
        s.push_str(" DEFERRABLE");
    }
    if c.deferred {
        s.push_str(" INITIALLY DEFERRED");
    }
    if !c.validated {
        s.push_str(" NOT VALID");
    }
    Ok(s)
}

/// `LIST (a)`.
pub(crate) fn partition_key(shared: &Shared, cx: &mut ExecCx<'_>, rel: &Relation, k: &PartitionKey, pretty: bool) -> Result<String> {
    let catalog = cx.catalog.clone();
    let mut keys = vec![];
    for c in &k.columns {
        let key = key_text(shared, cx, rel, c, pretty)?;
        let method = if k.strategy == b'h' { oids::AM_HASH } else { oids::AM_BTREE };
        keys.push(filled!("{}{}"; key, key_suffix(&catalog, shared, rel, method, c)));
    }
    let word = match k.strategy {
        b'l' => "LIST",
        b'r' => "RANGE",
        _ => "HASH",
    };
    Ok(filled!("{} ({})"; word, keys.join(", ")))
}

/// `FOR VALUES …`.
pub(crate) fn partition_bound(shared: &Shared, cx: &mut ExecCx<'_>, b: &PartitionBound) -> Result<String> {
    let mut constant = |e: &Expr| -> Result<String> {
        let mut d = Deparse::new(shared, cx, false);
        match &e.kind {
            ExprKind::Const(v) => d.constant(v, e, -1)?,
            _ => return super::expression(shared, cx, e, None, false),
        }
        Ok(d.out)
    };
    let mut range = |list: &[RangeDatum]| -> Result<String> {
        let mut all = vec![];
        for d in list {
            all.push(match d {
                RangeDatum::MinValue => "MINVALUE".to_string(),
                RangeDatum::MaxValue => "MAXVALUE".to_string(),
                RangeDatum::Value(e) => constant(e)?,
            });
        }
        Ok(all.join(", "))
    };
    Ok(match b {
        PartitionBound::Default => "DEFAULT".to_string(),
        PartitionBound::Hash { modulus, remainder } => {
            format!("FOR VALUES WITH (modulus {modulus}, remainder {remainder})")
        }
        PartitionBound::Range { from, to } => {
            let from = range(from)?;
            filled!("FOR VALUES FROM ({}) TO ({})"; from, range(to)?)
        }
        PartitionBound::List(values) => {
            let mut all = vec![];
            for v in values {
                all.push(constant(v)?);
            }
            filled!("FOR VALUES IN ({})"; all.join(", "))
        }
    })
}

const ROW: u32 = 1;
const BEFORE: u32 = 2;
const INSERT: u32 = 4;
const DELETE: u32 = 8;
const UPDATE: u32 = 16;
const TRUNCATE: u32 = 32;
const INSTEAD: u32 = 64;

/// `CREATE TRIGGER …`.
pub(crate) fn trigger_def(shared: &Shared, cx: &mut ExecCx<'_>, rel: &Relation, t: &Trigger, pretty: bool) -> Result<String> {
    let catalog = cx.catalog.clone();
    let mut s = filled!("CREATE {}TRIGGER {} {}"; if t.constraint != 0 { "CONSTRAINT " } else { "" }, quote_identifier(&t.name), match t.bits & (BEFORE | INSTEAD) {
            BEFORE => "BEFORE",
            INSTEAD => "INSTEAD OF",
            _ => "AFTER",
        });
    let mut events = vec![];
    for (bit, word) in [(INSERT, "INSERT"), (DELETE, "DELETE"), (UPDATE, "UPDATE"), (TRUNCATE, "TRUNCATE")] {
        if t.bits & bit != 0 {
            let columns =
                if bit == UPDATE && !t.columns.is_empty() { filled!(
                    " OF {}"; columns_text(rel, &t.columns)
                ) } else { String::new() };
            events.push(filled!("{}{}"; word, columns));
        }
    }
    s.push_str(&filled!(" {}"; events.join(" OR ")));
    let d = Deparse::new(shared, cx, pretty);
    let table = if pretty {
        d.relation_name(rel.oid)
    } else {
        qualified_name(&catalog, false, rel.schema, &rel.name)
    };
    s.push_str(&filled!(" ON {} "; table));
    if t.constraint != 0 {
        s.push_str(if t.deferrable { "DEFERRABLE " } else { "NOT DEFERRABLE " });
        s.push_str(if t.deferred { "INITIALLY DEFERRED " } else { "INITIALLY IMMEDIATE " });
    }
    if !t.old_table.is_empty() || !t.new_table.is_empty() {
        s.push_str("REFERENCING ");
        if !t.old_table.is_empty() {
            s.push_str(&filled!("OLD TABLE AS {} "; quote_identifier(&t.old_table)));
        }
        if !t.new_table.is_empty() {
            s.push_str(&filled!("NEW TABLE AS {} "; quote_identifier(&t.new_table)));
        }
    }
    s.push_str(if t.bits & ROW != 0 { "FOR EACH ROW " } else { "FOR EACH STATEMENT " });
    if let Some(w) = &t.when {
        let mut d = Deparse::new(shared, cx, pretty);
        d.prefix = true;
        let columns: Vec<String> = rel.columns.iter().map(|c| c.name.clone()).collect();
        d.scopes.push(super::Scope {
            query: None,
            names: vec!["old".into(), "new".into()],
            columns: vec![columns.clone(), columns],
        });
        d.expr(w, false)?;
        s.push_str(&filled!("WHEN ({}) "; d.out));
    }
    let function = crate::system::function_name(&catalog, &shared.search_path(), t.func);
    let args: Vec<String> = t.args.iter().map(|a| quote_literal(a)).collect();
    s.push_str(&filled!("EXECUTE FUNCTION {}({})"; function, args.join(", ")));
    Ok(s)
}

/// `CREATE RULE …;`.
pub(crate) fn rule_def(shared: &Shared, cx: &mut ExecCx<'_>, rel: &Relation, rule: Oid, pretty: bool) -> Result<Option<String>> {
    let catalog = cx.catalog.clone();
    let d = Deparse::new(shared, cx, pretty);
    let table = if pretty {
        d.relation_name(rel.oid)
    } else {
        qualified_name(&catalog, false, rel.schema, &rel.name)
    };
    if let Some(v) = rel.view.as_ref().filter(|_| rel.oid == rule) {
        let Some(q) = &v.query else { return Ok(None) };
        let text = super::view_def(shared, cx, rel.oid, q, pretty, 0)?;
        return Ok(Some(filled!("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO {} DO INSTEAD {}"; table, text)));
    }
    let Some(u) = rel.rules.iter().find(|u| u.oid == rule) else { return Ok(None) };
    let event = match u.event {
        2 => "UPDATE",
        3 => "INSERT",
        _ => "DELETE",
    };
    let mut s = filled!("CREATE RULE {} AS\n    ON {} TO {}"; quote_identifier(&u.name), event, table);
    if let Some(w) = &u.when {
        let mut d = Deparse::new(shared, cx, pretty);
        d.prefix = true;
        let columns: Vec<String> = rel.columns.iter().map(|c| c.name.clone()).collect();
        d.scopes.push(super::Scope {
            query: None,
            names: vec!["old".into(), "new".into()],
            columns: vec![columns.clone(), columns],
        });
        d.expr(w, false)?;
        s.push_str(&filled!("\n   WHERE {}"; d.out));
    }
    s.push_str(if u.instead { " DO INSTEAD " } else { " DO " });
    if u.actions.is_empty() {
        s.push_str("NOTHING;");
    }
    if u.actions.len() > 1 {
        s.push('(');
    }
    for q in &u.actions {
        let mut d = Deparse::new(shared, cx, pretty);
        d.indenting = true;
        d.wrap = 0;
        d.prefix = true;
        d.query(q, None, true)?;
        s.push_str(&d.out);
        s.push_str(if u.actions.len() > 1 { ";\n" } else { ";" });
    }
    if u.actions.len() > 1 {
        s.push_str(");");
    }
    Ok(Some(s))
}

/// Which arguments to list.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arguments {
    /// As CREATE FUNCTION takes them.
    All,
    /// As ALTER FUNCTION needs them.
    Identity,
}

/// The argument list (`print_function_arguments`).
pub(crate) fn function_arguments(shared: &Shared, cx: &mut ExecCx<'_>, p: &Proc, which: Arguments) -> Result<String> {
    let catalog = cx.catalog.clone();
    let path = shared.search_path();
    let types: &[Oid] = if p.all_args.is_empty() { &p.args } else { &p.all_args };
    let inputs = p.args.len();
    let count = catalog.proc_default_count(p);
    let mut defaults: Vec<String> = vec![];
    if which == Arguments::All && count > 0 {
        if p.defaults.is_empty() {
            defaults = split_list(catalog.proc_default_text(p.oid).unwrap_or(""));
        } else {
            for d in &p.defaults {
                defaults.push(super::expression(shared, cx, d, None, false)?);
            }
        }
    }
    let ordered_set = p.aggregate.as_ref().filter(|a| a.kind != b'n');
    let (mut out, mut seen) = (String::new(), 0usize);
    let mut first = true;
    let mut last = 0;
    for (n, ty) in types.iter().enumerate() {
        let mode = p.modes.get(n).copied().unwrap_or(b'i');
        let is_input = matches!(mode, b'i' | b'b' | b'v');
        if is_input {
            seen += 1;
        }
        let word = match mode {
            // A procedure's plain IN is said, as it would else be read together with OUT ones.
            b'i' if p.kind == b'p' => "IN ",
            b'o' => "OUT ",
            b'b' => "INOUT ",
            b'v' => "VARIADIC ",
            b't' => continue,
            _ => "",
        };
        if let Some(a) = ordered_set {
            if n as i32 == a.direct_args {
                out.push_str(if n > 0 { " ORDER BY " } else { "ORDER BY " });
                first = true;
            }
        }
        if !first {
            out.push_str(", ");
        }
        first = false;
        last = out.len();
        out.push_str(word);
        if let Some(name) = p.arg_names.get(n).filter(|n| !n.is_empty()) {
            out.push_str(&quote_identifier(name));
            out.push(' ');
        }
        out.push_str(&catalog.format_type(&path, *ty));
        if is_input && !defaults.is_empty() && seen > inputs - defaults.len().min(inputs) {
            if let Some(d) = defaults.get(seen - 1 - (inputs - defaults.len())) {
                out.push_str(&filled!(" DEFAULT {}"; d));
            }
        }
    }
    // The VARIADIC argument of an ordered-set aggregate stands for both lists.
    if ordered_set.is_some_and(|a| a.direct_args as usize == types.len() && p.variadic != 0) {
        let again = out.get(last..).unwrap_or("").to_string();
        out.push_str(&filled!(" ORDER BY {}"; again));
    }
    Ok(out)
}

/// Splits a SQL list at its commas outside parentheses and quotes.
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let (mut depth, mut quote, mut start) = (0, None, 0);
    let mut out = vec![];
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                out.push(text[start..i].trim().to_string());
                start = i + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        out.push(text[start..].trim().to_string());
    }
    out
}

/// RETURNS, `None` for a procedure (`print_function_rettype`).
pub(crate) fn function_result(shared: &Shared, cx: &ExecCx<'_>, p: &Proc) -> Option<String> {
    if p.kind == b'p' {
        return None;
    }
    let path = shared.search_path();
    if p.modes.contains(&b't') {
        let mut columns = vec![];
        for (n, ty) in p.all_args.iter().enumerate().filter(|(n, _)| p.modes.get(*n) == Some(&b't')) {
            let name = p.arg_names.get(n).map(|n| quote_identifier(n)).unwrap_or_default();
            let ty = cx.catalog.format_type(&path, *ty);
            columns.push(if name.is_empty() { ty } else { filled!("{} {}"; name, ty) });
        }
        return Some(filled!("TABLE({})"; columns.join(", ")));
    }
    let ty = cx.catalog.format_type(&path, p.result);
    Some(if p.retset { filled!("SETOF {}"; ty) } else { ty })
}

/// `CREATE OR REPLACE FUNCTION …` (`pg_get_functiondef`).
pub(crate) fn function_def(shared: &Shared, cx: &mut ExecCx<'_>, p: &Proc) -> Result<String> {
    let catalog = cx.catalog.clone();
    if p.kind == b'a' {
        return Err(tusklet_error::err!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function"; p.name));
    }
    let procedure = p.kind == b'p';
    let mut s = format!(
        "CREATE OR REPLACE {} {}.{}({})\n",
        if procedure { "PROCEDURE" } else { "FUNCTION" },
        quote_identifier(&catalog.schema_name(p.schema).unwrap_or_default()),
        quote_identifier(&p.name),
        function_arguments(shared, cx, p, Arguments::All)?
    );
    if let Some(r) = function_result(shared, cx, p) {
        s.push_str(&filled!(" RETURNS {}\n"; r));
    }
    let language = builtin::language(p.language).map_or("sql", |l| l.name());
    s.push_str(&filled!(" LANGUAGE {}\n"; quote_identifier(language)));
    let mut words = String::new();
    if p.kind == b'w' {
        words.push_str(" WINDOW");
    }
    words.push_str(match p.volatility {
        b'i' => " IMMUTABLE",
        b's' => " STABLE",
        _ => "",
    });
    words.push_str(match p.parallel {
        b's' => " PARALLEL SAFE",
        b'r' => " PARALLEL RESTRICTED",
        _ => "",
    });
    if p.strict {
        words.push_str(" STRICT");
    }
    if p.security_definer {
        words.push_str(" SECURITY DEFINER");
    }
    if p.leakproof {
        words.push_str(" LEAKPROOF");
    }
    let default_cost = if matches!(p.language, oids::LANGUAGE_INTERNAL | oids::LANGUAGE_C) { 1.0 } else { 100.0 };
    if p.cost > 0.0 && p.cost != default_cost {
        words.push_str(&format!(" COST {}", p.cost));
    }
    if p.rows > 0.0 && p.rows != 1000.0 {
        words.push_str(&format!(" ROWS {}", p.rows));
    }
    if !words.is_empty() {
        s.push_str(&words);
        s.push('\n');
    }
    for (k, v) in &p.config {
        s.push_str(&filled!(" SET {} TO {}\n"; quote_identifier(k), quote_literal(v)));
    }
    if !p.body.is_empty() {
        s.push_str(&sql_body(shared, cx, p)?);
        s.push('\n');
        return Ok(s);
    }
    // A quote of dollars that the body does not hold.
    let mut tag = String::from(if procedure { "$procedure" } else { "$function" });
    while p.source.contains(&tag) {
        tag.push('x');
    }
    s.push_str(&filled!("AS {}${}{}$\n"; tag, p.source, tag));
    Ok(s)
}

/// `BEGIN ATOMIC … END` or `RETURN …`.
pub(crate) fn sql_body(shared: &Shared, cx: &mut ExecCx<'_>, p: &Proc) -> Result<String> {
    let mut s = String::from("BEGIN ATOMIC\n");
    for q in &p.body {
        // RETURN's only column has no name, and where it stands alone no number.
        let returned = match q.targets.as_slice() {
            [t] if t.name.is_empty() => Some(t),
            _ => None,
        };
        let mut d = Deparse::new(shared, cx, false);
        d.arguments = (p.name.clone(), crate::routine::input_names(p));
        let alone = returned.is_some_and(|t| t.attno == 0);
        d.prefix = true;
        if !alone {
            d.indenting = true;
            d.wrap = 0;
            d.level = 1;
        }
        d.query(q, None, false)?;
        let text = if returned.is_some() { d.out.replacen("SELECT", "RETURN", 1) } else { d.out };
        if alone {
            return Ok(text.trim_start().to_string());
        }
        s.push_str(&filled!("{};\n"; text));
    }
    s.push_str("END");
    Ok(s)
}
