//! CREATE INDEX (`indexcmds.c`): what is indexed, by which operator classes, under which name, and filling it.

use std::rc::Rc;

use tusklet_analyze::Clause;
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{
    ConstraintKind, Dependency, DependencyKind, Index, IndexColumn, ObjectAddress, RelKind, Relation,
};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_catalog::resolve::{index_class, is_tree};
use tusklet_exec::Evaluator;
use tusklet_exec::index_keys::{IndexKeys, pieces};
use tusklet_ir::{Expr, ExprKind, Oid, TypeRef, Value, visit};
use tusklet_storage::{Entries, LockMode, Tid};
use tusklet_syntax::ast::{IndexElem, IndexKey, IndexStmt, OperatorName, SortByDir, SortByNulls};
use tusklet_vector::key::{KeyOrder, KeyPart};

use super::object_address::Objects;
use super::parse_utilcmd::NewIndex;
use super::tablecmds::{constraints, each_batch, each_row, inherit, is_empty};
use super::index_names::column_names;
use super::index_options::{self, Method};
use super::{acl, dependency, expressions, heap, lock, namespace};
use crate::missing;
use crate::query;
use crate::session::{About, Shared};

/// CREATE INDEX.
pub fn create_index(shared: &Shared, s: &IndexStmt) -> Result<()> {
    if s.concurrent {
        shared.prevent_in_block("CREATE INDEX CONCURRENTLY")?;
    }
    let rel = namespace::get(shared, &s.relation)?;
    lock(shared, rel.oid, LockMode::Share)?;
    match rel.kind {
        RelKind::Table | RelKind::MatView => {}
        RelKind::Partitioned => return Err(Error::unsupported("an index on a partitioned table")),
        _ => {
            return Err(err!(WRONG_OBJECT_TYPE, "cannot create index on relation \"{}\""; rel.name)
                .detail(unsupported_for(rel.kind)));
        }
    }
    heap::refuse_system(&rel)?;
    acl::check_owner(shared, rel.owner, "table", &rel.name)?;
    let new = NewIndex {
        stmt: s.clone(),
        primary: false,
        constraint: false,
        deferrable: false,
        deferred: false,
        existing: None,
        exclude: vec![],
        span: s.span,
    };
    define_index(shared, rel.oid, &new, true)?;
    Ok(())
}

/// The DETAIL of what a kind of relation cannot do.
pub fn unsupported_for(kind: RelKind) -> &'static str {
    match kind {
        RelKind::Table => "This operation is not supported for tables.",
        RelKind::Index => "This operation is not supported for indexes.",
        RelKind::Sequence => "This operation is not supported for sequences.",
        RelKind::Toast => "This operation is not supported for TOAST tables.",
        RelKind::View => "This operation is not supported for views.",
        RelKind::MatView => "This operation is not supported for materialized views.",
        RelKind::Composite => "This operation is not supported for composite types.",
        RelKind::Foreign => "This operation is not supported for foreign tables.",
        RelKind::Partitioned => "This operation is not supported for partitioned tables.",
        RelKind::PartitionedIndex => "This operation is not supported for partitioned indexes.",
    }
}

/// Index column names joined (`ChooseIndexNameAddition`).
fn name_addition(names: &[String]) -> String {
    super::tablecmds::foreign_key::name_addition(names)
}

/// An index about to be made.
struct Spec {
    name: String,
    column_names: Vec<String>,
    index: Index,
    method: Oid,
    options: Vec<(String, String)>,
    deferrable: bool,
    deferred: bool,
    /// Make a constraint of this index.
    constraint: bool,
    /// Of an exclusion constraint.
    operators: Vec<Oid>,
    /// The index's own comment, its constraint's comment.
    comments: (Option<String>, Option<String>),
}

/// Makes an index of a table from its definition (`DefineIndex`). With `build`, existing rows are indexed: a new table has
/// none.
pub fn define_index(shared: &Shared, table: Oid, new: &NewIndex, build: bool) -> Result<Oid> {
    let NewIndex { stmt, primary, constraint, deferrable, deferred, existing, exclude, span: _ } = new;
    let IndexStmt {
        idxname,
        relation: _,
        access_method,
        table_space,
        index_params,
        index_including_params,
        options,
        where_clause,
        unique,
        nulls_not_distinct,
        concurrent: _,
        if_not_exists,
        span: _,
    } = stmt;
    let rel = heap::get(shared, table)?;
    if let Some(name) = existing {
        return constraint_using_index(shared, &rel, name, new);
    }
    let mut named = access_method.as_str();
    if named == "rtree" {
        shared.notify_user("substituting access method \"gist\" for obsolete method \"rtree\"".to_string());
        named = "gist";
    }
    let am = Method::named(named)?;
    am.check(*unique, !index_including_params.is_empty(), index_params.len(), !exclude.is_empty())?;
    let method = am.oid;
    heap::tablespace(table_space.as_deref())?;
    if index_params.len() + index_including_params.len() > 32 {
        bail!(TOO_MANY_COLUMNS, "cannot use more than 32 columns in an index");
    }
    let options = index_options::reloptions(method, options)?;
    let all: Vec<&IndexElem> = index_params.iter().chain(index_including_params).collect();
    let column_names = column_names(&all);
    let c = shared.catalog();
    let name = match idxname {
        Some(n) => n.clone(),
        None => {
            let addition = name_addition(&column_names);
            let (second, label) = match (*primary, *constraint, *unique) {
                (true, _, _) => (None, "pkey"),
                _ if !exclude.is_empty() => (Some(addition.as_str()), "excl"),
                (_, true, _) => (Some(addition.as_str()), "key"),
                _ => (Some(addition.as_str()), "idx"),
            };
            heap::choose_relation_name(&c, &rel.name, second, label, rel.schema, *constraint)
        }
    };
    if c.relation_named(rel.schema, &name).is_some() {
        missing::unless_wanted(*if_not_exists, shared, missing::name_taken(&name))?;
        return Ok(0);
    }
    if *primary {
        if has_primary_key(shared, &rel) {
            return Err(err!(
                INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{}\" are not allowed"; rel.name
            ));
        }
        for p in index_params {
            if let IndexKey::Column(n) = &p.key {
                constraints::set_not_null(shared, table, n, true)?;
            }
        }
    }
    let rel = heap::get(shared, table)?;
    let predicate = match where_clause {
        Some(e) => {
            let p = expressions::condition(shared, &rel, e, Clause::IndexPredicate)?;
            if expressions::is_mutable(shared, &query::plan_expression(shared, &p)?) {
                bail!(INVALID_OBJECT_DEFINITION, "functions in index predicate must be marked IMMUTABLE");
            }
            Some(Rc::new(p))
        }
        None => None,
    };
    let mut columns = vec![];
    for p in index_params {
        columns.push(key_column(shared, &rel, p, am, *constraint)?);
    }
    let mut operators = vec![];
    for (op, c) in exclude.iter().zip(&columns) {
        operators.push(exclusion_operator(shared, op, c)?);
        if !is_tree(method) && index_class(method, c.opclass).is_none() {
            return Err(Error::unsupported("an exclusion constraint of this operator class"));
        }
    }
    for p in index_including_params {
        columns.push(included_column(&rel, p)?);
    }
    refuse_system_columns(&columns, predicate.as_deref())?;
    let index = Index {
        table,
        keys: index_params.len() as u32,
        columns,
        unique: *unique,
        nulls_not_distinct: *nulls_not_distinct,
        primary: *primary,
        exclusion: !exclude.is_empty(),
        immediate: !*deferrable,
        valid: true,
        clustered: false,
        replica_identity: false,
        predicate,
        constraint: 0,
        parent: 0,
    };
    make(
        shared,
        &rel,
        Spec {
            name,
            column_names,
            index,
            method,
            options,
            deferrable: *deferrable,
            deferred: *deferred,
            constraint: *constraint,
            operators,
            comments: (None, None),
        },
        build,
    )
}

fn has_primary_key(shared: &Shared, rel: &Relation) -> bool {
    let c = shared.catalog();
    rel.indexes.iter().any(|o| c.relation(*o).is_some_and(|r| r.index.as_ref().is_some_and(|i| i.primary)))
}

fn refuse_system_columns(columns: &[IndexColumn], predicate: Option<&Expr>) -> Result<()> {
    let mut exprs: Vec<&Expr> = columns.iter().filter_map(|c| c.expr.as_deref()).collect();
    exprs.extend(predicate);
    for e in exprs {
        if visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Var(v) if v.attno < 0)) {
            return Err(err!(FEATURE_NOT_SUPPORTED, "index creation on system columns is not supported"));
        }
    }
    Ok(())
}

fn missing_column(rel: &Relation, name: &str, constraint: bool) -> Error {
    if heap::is_system_column(name) {
        return err!(FEATURE_NOT_SUPPORTED, "index creation on system columns is not supported");
    }
    let _ = rel;
    if constraint {
        err!(UNDEFINED_COLUMN, "column \"{}\" named in key does not exist"; name)
    } else {
        err!(UNDEFINED_COLUMN, "column \"{}\" does not exist"; name)
    }
}

fn included_column(rel: &Relation, p: &IndexElem) -> Result<IndexColumn> {
    let IndexElem { key, collation, opclass, opclassopts, ordering, nulls_ordering, span: _ } = p;
    let refuse = |what: &str| Error::new(SqlState::INVALID_OBJECT_DEFINITION, what.to_string());
    let IndexKey::Column(name) = key else {
        return Err(err!(FEATURE_NOT_SUPPORTED, "expressions are not supported in included columns"));
    };
    if collation.is_some() {
        return Err(refuse("including column does not support a collation"));
    }
    if opclass.is_some() || !opclassopts.is_empty() {
        return Err(refuse("including column does not support an operator class"));
    }
    if *ordering != SortByDir::Default {
        return Err(refuse("including column does not support ASC/DESC options"));
    }
    if *nulls_ordering != SortByNulls::Default {
        return Err(refuse("including column does not support NULLS FIRST/LAST options"));
    }
    let attno = rel.attno(name).ok_or_else(|| missing_column(rel, name, false))?;
    let ty = rel.column(attno).map_or(TypeRef::new(0), |c| c.ty);
    Ok(IndexColumn {
        attno,
        expr: None,
        ty,
        opclass: 0,
        opfamily: 0,
        cmp: 0,
        collation: 0,
        desc: false,
        nulls_first: false,
        options: vec![],
    })
}

/// The operator of a key column of an exclusion constraint, checked.
fn exclusion_operator(
    shared: &Shared,
    op: &OperatorName,
    column: &IndexColumn,
) -> Result<Oid> {
    let found = tusklet_analyze::same_type_operator(&mut crate::query::Analyzer(shared), op, column.ty.oid)?;
    let o = builtin::operator(found);
    let shown = || {
        crate::system::format_operator(&shared.catalog(), &shared.search_path(), found).unwrap_or_default()
    };
    if o.as_ref().is_none_or(|o| o.commutator() != found) {
        return Err(err!(WRONG_OBJECT_TYPE, "operator {} is not commutative", shown())
            .detail("Only commutative operators can be used in exclusion constraints."));
    }
    let member =
        builtin::amops_by_operator(found).any(|m| m.family() == column.opfamily && m.purpose() == b's');
    if !member {
        let family = builtin::opfamily(column.opfamily).map_or("", |f| f.name());
        return Err(err!(WRONG_OBJECT_TYPE, "operator {} is not a member of operator family \"{}\""; shown(), family)
            .detail("The exclusion operator must be related to the index operator class for the constraint."));
    }
    Ok(found)
}

fn key_column(shared: &Shared, rel: &Relation, p: &IndexElem, am: &Method, constraint: bool) -> Result<IndexColumn> {
    let IndexElem { key, collation, opclass, opclassopts, ordering, nulls_ordering, span: _ } = p;
    let method = am.oid;
    let c = shared.catalog();
    let (attno, expr, ty, mut coll) = match key {
        IndexKey::Column(n) => {
            let a = rel.attno(n).ok_or_else(|| missing_column(rel, n, constraint))?;
            let k = rel.column(a).ok_or_else(|| missing_column(rel, n, constraint))?;
            (a, None, k.ty, k.collation)
        }
        IndexKey::Expr(e) => {
            let x = expressions::over_table(shared, rel, e, Clause::IndexExpression)?;
            // COLLATE inside is as good as outside.
            let mut inner = &x;
            while let ExprKind::Collate(arg) = &inner.kind {
                inner = arg;
            }
            match &inner.kind {
                // `(a)` is the column.
                ExprKind::Var(v) if v.attno > 0 => (v.attno, None, x.ty, x.collation),
                _ => {
                    if expressions::is_mutable(shared, &query::plan_expression(shared, inner)?) {
                        bail!(INVALID_OBJECT_DEFINITION, "functions in index expression must be marked IMMUTABLE");
                    }
                    (0, Some(Rc::new(inner.clone())), x.ty, x.collation)
                }
            }
        }
    };
    if let Some(names) = collation {
        coll = expressions::collation_named(shared, names)?;
    }
    let type_collation = c.type_collation(ty.oid);
    if type_collation != 0 && coll == 0 {
        return Err(err!(INDETERMINATE_COLLATION, "could not determine which collation to use for index expression")
            .hint("Use the COLLATE clause to set the collation explicitly."));
    }
    if type_collation == 0 && coll != 0 {
        bail!(
            DATATYPE_MISMATCH,
            "collations are not supported by type {}",
            shared.type_name(ty.oid)
        );
    }
    let (class, family, cmp) = operator_class(shared, opclass.as_deref(), ty.oid, method)?;
    am.check_order(*ordering != SortByDir::Default, *nulls_ordering != SortByNulls::Default)?;
    let options = index_options::opclass_options(class, opclassopts)?;
    let desc = match ordering {
        SortByDir::Desc => true,
        SortByDir::Default | SortByDir::Asc => false,
        SortByDir::Using(_) => bail!(SYNTAX_ERROR, "USING is not allowed in CREATE INDEX"),
    };
    let nulls_first = match nulls_ordering {
        SortByNulls::First => true,
        SortByNulls::Last => false,
        SortByNulls::Default => desc,
    };
    Ok(IndexColumn {
        attno,
        expr,
        ty,
        opclass: class,
        opfamily: family,
        cmp,
        collation: if type_collation != 0 { coll } else { 0 },
        desc,
        nulls_first,
        options,
    })
}

/// A key column for a new type: the same operator class where it takes the type, else the default one.
pub fn retype_key(shared: &Shared, k: &mut IndexColumn, ty: TypeRef, collation: Oid, method: Oid) -> Result<()> {
    let c = shared.catalog();
    let (class, family, cmp) = match builtin::opclass(k.opclass) {
        Some(o) if !o.default() && c.is_binary_coercible(ty.oid, o.intype()) => (k.opclass, k.opfamily, k.cmp),
        _ => operator_class(shared, None, ty.oid, method)?,
    };
    (k.opclass, k.opfamily, k.cmp) = (class, family, cmp);
    k.ty = ty;
    k.collation = if c.type_collation(ty.oid) != 0 { collation } else { 0 };
    Ok(())
}

/// An operator class, its family, and the comparison the B-tree behind it uses (`ResolveOpClass`).
fn operator_class(shared: &Shared, name: Option<&[String]>, ty: Oid, method: Oid) -> Result<(Oid, Oid, Oid)> {
    let c = shared.catalog();
    let method_name = builtin::am(method).map_or("btree", |a| a.name());
    let path = shared.search_path();
    let class = match name {
        None => {
            let Some(k) = c.default_opclass(method, ty) else {
                return Err(err!(
                    UNDEFINED_OBJECT,
                    "data type {} has no default operator class for access method \"{}\"";
                    shared.type_name(ty),
                    method_name
                )
                .hint("You must specify an operator class for the index or define a default operator class for the data type."));
            };
            k
        }
        Some(names) => {
            let (schema, n) = namespace::split(shared, names)?;
            if let Some(s) = schema {
                namespace::existing_schema(shared, s)?;
            }
            let Some(oid) = c.lookup_opclass(&path, schema, method, n) else {
                bail!(
                    UNDEFINED_OBJECT,
                    "operator class \"{}\" does not exist for access method \"{}\"";
                    names.join("."),
                    method_name
                );
            };
            let Some(k) = c.opclass(oid) else { bail!(UNDEFINED_OBJECT, "operator class {oid} does not exist") };
            if !c.is_binary_coercible(ty, k.input_type) {
                bail!(
                    DATATYPE_MISMATCH,
                    "operator class \"{}\" does not accept data type {}";
                    names.join("."),
                    shared.type_name(ty)
                );
            }
            k
        }
    };
    // A hash index is kept as a B-tree, by the type's own order.
    let cmp = match method {
        oids::AM_HASH => c.sort_operators(ty).cmp,
        oids::AM_BTREE => c.opfamily_proc(class.family, class.input_type, class.input_type, 1),
        _ => 0,
    };
    // Indexes are by key bytes, which only built-in comparisons have.
    let user = c.user_proc(cmp).is_some_and(|p| p.language != oids::LANGUAGE_INTERNAL);
    let other = !is_tree(method) && c.item(class.oid).is_some();
    if cmp == 0 && is_tree(method) || user || other {
        return Err(Error::unsupported(filled!("an index on type {}"; shared.type_name(ty))));
    }
    Ok((class.oid, class.family, cmp))
}

/// Enters the index, fills it and records what it needs.
fn make(shared: &Shared, rel: &Relation, spec: Spec, build_it: bool) -> Result<Oid> {
    let Spec { name, column_names, index, method, options, deferrable, deferred, constraint, operators, comments } =
        spec;
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let mut r = heap::blank(shared, &name, rel.schema, RelKind::Index, rel.persistence);
    r.owner = rel.owner;
    r.access_method = method;
    r.replica_identity = b'n';
    r.options = options;
    r.columns = index
        .columns
        .iter()
        .zip(&column_names)
        .map(|(c, n)| {
            let mut k = heap::column(n, c.ty, c.collation);
            k.statistics = -1;
            k
        })
        .collect();
    r.storage = store.create_index(&tx, heap::file(rel))?.0;
    r.index = Some(index.clone());
    let created = heap::create(shared, r)?;
    let oid = created.oid;
    heap::change(shared, rel.oid, |t| t.indexes.push(oid))?;
    let me = Objects::relation(oid);
    let mut edges: Vec<Dependency> = vec![];
    if constraint {
        let keys: Vec<i16> = index.columns.iter().take(index.keys as usize).map(|c| c.attno).collect();
        let kind = match (index.primary, index.exclusion) {
            (_, true) => ConstraintKind::Exclude { index: oid, operators },
            (true, _) => ConstraintKind::Primary(oid),
            _ => ConstraintKind::Unique(oid),
        };
        let mut k = constraints::blank(shared, &name, kind, keys.clone());
        k.deferrable = deferrable;
        k.deferred = deferred;
        k.no_inherit = true;
        let ka = Objects::constraint(k.oid);
        let mut kedges = vec![];
        for c in index.columns.iter().filter(|c| c.attno > 0) {
            heap::edge(&mut kedges, &ka, &ObjectAddress::column(rel.oid, c.attno), DependencyKind::Auto);
        }
        let cat = shared.catalog();
        for e in index.columns.iter().filter_map(|c| c.expr.as_deref()).chain(index.predicate.as_deref()) {
            let mut found = vec![];
            dependency::expr_edges(&cat, &mut found, ka, e, Some(rel.oid), DependencyKind::Normal);
            for d in found {
                let own = d.referenced.oid == rel.oid && d.referenced.sub != 0;
                heap::edge(&mut kedges, &ka, &d.referenced, if own { DependencyKind::Auto } else { d.kind });
            }
        }
        heap::edge(&mut edges, &me, &ka, DependencyKind::Internal);
        let koid = k.oid;
        if let Some(t) = &comments.1 {
            super::comment::put(shared, ka, Some(t))?;
        }
        heap::store_constraint(shared, rel.oid, k, &kedges)?;
        heap::change(shared, oid, |r| {
            if let Some(i) = &mut r.index {
                i.constraint = koid;
            }
        })?;
    } else {
        let mut any = false;
        for c in index.columns.iter().filter(|c| c.attno > 0) {
            heap::edge(&mut edges, &me, &ObjectAddress::column(rel.oid, c.attno), DependencyKind::Auto);
            any = true;
        }
        let cat = shared.catalog();
        for e in index.columns.iter().filter_map(|c| c.expr.as_deref()).chain(index.predicate.as_deref()) {
            let mut found = vec![];
            dependency::expr_edges(&cat, &mut found, me, e, Some(rel.oid), DependencyKind::Normal);
            for d in found {
                let own = d.referenced.oid == rel.oid && d.referenced.sub != 0;
                any |= own;
                let kind = if own { DependencyKind::Auto } else { d.kind };
                heap::edge(&mut edges, &me, &d.referenced, kind);
            }
        }
        if !any {
            heap::edge(&mut edges, &me, &Objects::relation(rel.oid), DependencyKind::Auto);
        }
    }
    shared.edit_catalog(|c| {
        c.add_depends(&edges);
        if let Some(t) = &comments.0 {
            c.put_comment(me, Some(t));
        }
    })?;
    if build_it {
        build(shared, &*heap::get(shared, rel.oid)?, &*heap::get(shared, oid)?)?;
    }
    Ok(oid)
}

/// One key column of an index, ready to be computed.
struct Key {
    eval: Option<Evaluator>,
    attno: i16,
    part: KeyPart,
}

/// Fills an index from its table's rows (`index_build`); a unique one must not meet a key twice.
pub fn build(shared: &Shared, rel: &Relation, index_rel: &Relation) -> Result<()> {
    let Some(ix) = &index_rel.index else { return Err(Error::internal("index without definition")) };
    let brin = index_rel.access_method == oids::AM_BRIN;
    if brin {
        super::brin::built(shared, index_rel)?;
    }
    if is_empty(shared, rel) {
        return Ok(());
    }
    shared.db.store.table(heap::file(rel))?.look_at(|l| l.counted = true);
    // It has no entries, but expressions must be without errors.
    if brin && ix.predicate.is_none() && ix.columns.iter().all(|c| c.expr.is_none()) {
        return Ok(());
    }
    let n = rel.columns.len();
    let (keys, predicate) = expressions::with_cx(shared, |cx| {
        let mut keys = vec![];
        for c in ix.columns.iter().take(ix.keys as usize) {
            let eval = match &c.expr {
                Some(e) => Some(Evaluator::new(cx, &expressions::over_row(e, n))?),
                None => None,
            };
            let order: KeyOrder = tusklet_exec::func::key_order(cx, c.cmp, c.ty.oid);
            keys.push(Key { eval, attno: c.attno, part: KeyPart { order, desc: c.desc, nulls_first: c.nulls_first } });
        }
        let predicate = match &ix.predicate {
            Some(p) => Some(Evaluator::new(cx, &expressions::over_row(p, n))?),
            None => None,
        };
        Ok((keys, predicate))
    })?;
    let mut entries = Entries::default();
    let method = IndexKeys::of(index_rel);
    let mut framed = Vec::new();
    // Rows with a NULL in the key are never equal to others, unless NULLS NOT DISTINCT.
    let distinct = |null: bool| ix.unique && (!null || ix.nulls_not_distinct);
    if method.is_none() && predicate.is_none() && keys.iter().all(|k| k.eval.is_none() && k.attno > 0) {
        let columns = keys.iter().map(|k| k.attno as usize - 1).collect();
        each_batch(shared, rel, columns, &mut |_, s| {
            for i in s.batch.sel.iter() {
                let mut null = false;
                for (k, c) in keys.iter().zip(&s.batch.columns) {
                    let d = c.get(i);
                    null |= d.is_null();
                    k.part.write(d, entries.key());
                }
                entries.add(s.tid(i), distinct(null));
            }
            Ok(())
        })?;
        return finish_build(shared, rel, index_rel, ix, &keys, entries);
    }
    each_row(shared, rel, &mut |cx, tid, row| {
        if let Some(p) = &predicate {
            if p.eval(cx, row)? != Value::Bool(true) {
                return Ok(());
            }
        }
        let mut null = false;
        framed.clear();
        for (n, k) in keys.iter().enumerate() {
            let computed;
            let v = match &k.eval {
                Some(e) => {
                    computed = e.eval(cx, row)?;
                    &computed
                }
                None => match row.get((k.attno - 1).max(0) as usize) {
                    Some(v) => v,
                    None => return Err(Error::internal("index column out of range")),
                },
            };
            null |= v.is_null();
            match &method {
                Some(m) => m.write(cx, n, v.as_datum(), &mut framed)?,
                None => k.part.write(v.as_datum(), entries.key()),
            }
        }
        if method.is_none() {
            entries.add(tid, distinct(null));
        }
        for k in pieces(&framed) {
            entries.key().extend_from_slice(k);
            entries.add(tid, false);
        }
        Ok(())
    })?;
    finish_build(shared, rel, index_rel, ix, &keys, entries)?;
    if ix.exclusion { verify_exclusion(shared, rel, index_rel) } else { Ok(()) }
}

fn finish_build(
    shared: &Shared,
    rel: &Relation,
    index_rel: &Relation,
    ix: &Index,
    keys: &[Key],
    mut entries: Entries,
) -> Result<()> {
    if ix.unique
        && let Some(tid) = entries.duplicate()
    {
        return Err(duplicate(shared, rel, index_rel, ix, keys, tid)?);
    }
    shared.db.store.index(heap::file(index_rel))?.build(&shared.tx()?, entries)
}

/// Looks for rows that an exclusion constraint does not let be beside each other (`IndexCheckExclusion`).
fn verify_exclusion(shared: &Shared, rel: &Relation, index_rel: &Relation) -> Result<()> {
    let mut tids = vec![];
    each_row(shared, rel, &mut |_, tid, _| {
        tids.push(tid);
        Ok(())
    })?;
    let met = expressions::with_cx(shared, |cx| {
        let check = tusklet_exec::Exclusion::new(cx, index_rel.oid)?;
        for tid in tids {
            if let tusklet_exec::Excluded::Conflict(mine, other) = check.check(cx, tid)? {
                return Ok(Some((mine, other)));
            }
        }
        Ok(None)
    })?;
    match met {
        None => Ok(()),
        Some((mine, other)) => {
            Err(err!(EXCLUSION_VIOLATION, "could not create exclusion constraint \"{}\""; index_rel.name)
                .detail(filled!("Key {} conflicts with key {}."; mine, other))
                .about(shared, rel)
                .constraint(&index_rel.name))
        }
    }
}

fn duplicate(
    shared: &Shared,
    rel: &Relation,
    index_rel: &Relation,
    ix: &Index,
    keys: &[Key],
    at: Tid,
) -> Result<Error> {
    let mut values: Vec<String> = vec![];
    each_row(shared, rel, &mut |cx, tid, row| {
        if tid != at {
            return Ok(());
        }
        for (k, c) in keys.iter().zip(&ix.columns) {
            let v = match &k.eval {
                Some(e) => e.eval(cx, row)?,
                None => row.get((k.attno - 1).max(0) as usize).cloned().unwrap_or(Value::Null),
            };
            values.push(expressions::text_of(cx, c.ty.oid, &v)?);
        }
        Ok(())
    })?;
    let mut names: Vec<String> = vec![];
    for (i, c) in ix.columns.iter().take(ix.keys as usize).enumerate() {
        names.push(match (&c.expr, rel.column(c.attno)) {
            (Some(_), _) => crate::system::index_expression(shared, index_rel, i)?,
            (None, Some(k)) => tusklet_catalog::resolve::quote_identifier(&k.name),
            (None, None) => String::new(),
        });
    }
    Ok(err!(UNIQUE_VIOLATION, "could not create unique index \"{}\""; index_rel.name)
        .detail(filled!("Key ({})=({}) is duplicated."; names.join(", "), values.join(", ")))
        .about(shared, rel)
        .constraint(&index_rel.name))
}

/// ADD PRIMARY KEY/UNIQUE USING INDEX.
fn constraint_using_index(shared: &Shared, rel: &Relation, name: &str, new: &NewIndex) -> Result<Oid> {
    let c = shared.catalog();
    let found = c.relation_named(rel.schema, name).and_then(|o| c.relation(o));
    let Some(ir) = found else {
        return Err(err!(UNDEFINED_OBJECT, "index \"{}\" does not exist"; name).at(new.span));
    };
    let Some(ix) = ir.index.clone() else {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not an index"; name).at(new.span));
    };
    let not_ready = |m: String| Error::new(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, m).at(new.span);
    let wrong = |m: String| Error::new(SqlState::WRONG_OBJECT_TYPE, m).at(new.span);
    if ix.constraint != 0 {
        return Err(not_ready(filled!("index \"{}\" is already associated with a constraint"; name)));
    }
    if ix.table != rel.oid {
        return Err(not_ready(filled!("index \"{}\" does not belong to table \"{}\""; name, rel.name)));
    }
    if !ix.valid {
        return Err(not_ready(filled!("index \"{}\" is not valid"; name)));
    }
    let cannot = "Cannot create a primary key or unique constraint using such an index.";
    if !ix.unique {
        return Err(wrong(filled!("\"{}\" is not a unique index"; name)).detail(cannot));
    }
    if ix.columns.iter().any(|k| k.expr.is_some()) {
        return Err(wrong(filled!("index \"{}\" contains expressions"; name)).detail(cannot));
    }
    if ix.predicate.is_some() {
        return Err(wrong(filled!("\"{}\" is a partial index"; name)).detail(cannot));
    }
    for (i, k) in ix.columns.iter().take(ix.keys as usize).enumerate() {
        let default = c.default_opclass(oids::AM_BTREE, k.ty.oid).map_or(0, |d| d.oid);
        let collation = rel.column(k.attno).map_or(0, |c| c.collation);
        if k.opclass != default || k.desc || k.nulls_first || k.collation != collation && k.collation != 0 {
            return Err(wrong(format!("index \"{name}\" column number {} does not have default sorting behavior", i + 1))
                .detail(cannot));
        }
    }
    if new.primary {
        if has_primary_key(shared, rel) {
            return Err(err!(
                INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{}\" are not allowed"; rel.name
            ));
        }
        for k in ix.columns.iter().take(ix.keys as usize) {
            let n = rel.column(k.attno).map(|c| c.name.clone()).unwrap_or_default();
            constraints::set_not_null(shared, rel.oid, &n, true)?;
        }
    }
    let conname = new.stmt.idxname.clone().unwrap_or_else(|| name.to_string());
    if conname != name {
        shared.notify_user(filled!(
            "ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"{}\" to \"{}\""; name, conname
        ));
        heap::check_name_free(&c, rel.schema, &conname)?;
    }
    let keys: Vec<i16> = ix.columns.iter().take(ix.keys as usize).map(|c| c.attno).collect();
    let kind = if new.primary { ConstraintKind::Primary(ir.oid) } else { ConstraintKind::Unique(ir.oid) };
    let mut k = constraints::blank(shared, &conname, kind, keys);
    k.deferrable = new.deferrable;
    k.deferred = new.deferred;
    k.no_inherit = true;
    let (ka, koid) = (Objects::constraint(k.oid), k.oid);
    let mut kedges = vec![];
    for c in &ix.columns {
        heap::edge(&mut kedges, &ka, &ObjectAddress::column(rel.oid, c.attno), DependencyKind::Auto);
    }
    heap::store_constraint(shared, rel.oid, k, &kedges)?;
    let (primary, deferrable) = (new.primary, new.deferrable);
    heap::change(shared, ir.oid, |r| {
        r.name = conname;
        if let Some(i) = &mut r.index {
            i.constraint = koid;
            i.primary = primary;
            i.immediate = !deferrable;
        }
    })?;
    let me = Objects::relation(ir.oid);
    shared.edit_catalog(|c| c.put_depends(me, vec![Dependency { dependent: me, referenced: ka, kind: DependencyKind::Internal }]))?;
    Ok(ir.oid)
}

/// An index of one table made again on another with the same columns (LIKE … INCLUDING INDEXES).
pub fn clone_index(shared: &Shared, index: Oid, source: &Relation, table: Oid, comments: bool) -> Result<()> {
    let rel = heap::get(shared, table)?;
    let ir = heap::get(shared, index)?;
    let Some(ix) = &ir.index else { return Ok(()) };
    let to = |n: &str| rel.attno(n);
    let mut new = ix.clone();
    new.table = table;
    new.constraint = 0;
    new.clustered = false;
    new.replica_identity = false;
    for c in &mut new.columns {
        match &c.expr {
            Some(e) => c.expr = Some(Rc::new(inherit::map_columns(e, source, &to)?)),
            None => {
                let n = source.column(c.attno).map(|k| k.name.clone()).unwrap_or_default();
                c.attno = rel.attno(&n).ok_or_else(|| missing_column(&rel, &n, false))?;
            }
        }
    }
    if let Some(p) = &new.predicate {
        new.predicate = Some(Rc::new(inherit::map_columns(p, source, &to)?));
    }
    let constraint = source.constraints.iter().find(|k| k.oid == ix.constraint && ix.constraint != 0);
    let column_names: Vec<String> = ir.columns.iter().map(|c| c.name.clone()).collect();
    let c = shared.catalog();
    let addition = name_addition(&column_names);
    let (second, label) = match (ix.primary, constraint.is_some()) {
        (true, _) => (None, "pkey"),
        (_, true) if ix.exclusion => (Some(addition.as_str()), "excl"),
        (_, true) => (Some(addition.as_str()), "key"),
        _ => (Some(addition.as_str()), "idx"),
    };
    let name = heap::choose_relation_name(&c, &rel.name, second, label, rel.schema, constraint.is_some());
    if ix.primary {
        for k in new.columns.iter().take(new.keys as usize) {
            let n = rel.column(k.attno).map(|c| c.name.clone()).unwrap_or_default();
            constraints::set_not_null(shared, table, &n, true)?;
        }
    }
    let text = |a: ObjectAddress| c.comment(a).filter(|_| comments).map(str::to_string);
    make(
        shared,
        &*heap::get(shared, table)?,
        Spec {
            name,
            column_names,
            method: ir.access_method,
            options: ir.options.clone(),
            deferrable: constraint.is_some_and(|k| k.deferrable),
            deferred: constraint.is_some_and(|k| k.deferred),
            constraint: constraint.is_some(),
            operators: match constraint.map(|k| &k.kind) {
                Some(ConstraintKind::Exclude { operators, .. }) => operators.clone(),
                _ => vec![],
            },
            comments: (text(Objects::relation(index)), constraint.and_then(|k| text(Objects::constraint(k.oid)))),
            index: new,
        },
        false,
    )?;
    Ok(())
}

/// Makes an index's file anew and fills it: REINDEX, and after a table's rows were rewritten.
pub fn rebuild(shared: &Shared, index: Oid) -> Result<()> {
    let ir = heap::get(shared, index)?;
    let Some(ix) = &ir.index else { return Ok(()) };
    let rel = heap::get(shared, ix.table)?;
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let file = store.create_index(&tx, heap::file(&rel))?;
    store.drop_rel(&tx, heap::file(&ir))?;
    heap::change(shared, index, |r| r.storage = file.0)?;
    build(shared, &rel, &*heap::get(shared, index)?)
}
