//! The tables of `pg_catalog` as rows.
//!
//! They are not stored: a scan of `pg_class` shows the linked-in rows of [`crate::builtin`], then a row for every user
//! object of the live catalog. A scan says which columns it wants, by attribute number; nothing else is computed.
//!
//! A column of a linked-in row is a cell of its table, the same value for every row (`relowner`), or follows from
//! another catalog (`attlen`): [`Source`] is settled once per scan, so that a cell costs one load. User rows are made by
//! one function per catalog, a `match` over PostgreSQL's attribute numbers.
//!
//! `pg_node_tree` columns hold an expression's stored form in hexadecimal ([`values::node`]); `pg_get_expr` reads it back.

pub mod attribute;
pub mod class;
pub mod constraint;
pub mod object;
mod proc;
pub mod values;

use tusklet_error::{Error, Result, SortShort, SortedSet, filled};
use tusklet_ir::{Expr, Oid};
use tusklet_vector::{CallContext, RowSource, Value, Vector};

use crate::builtin::{self, Column, Field, Table, oids};
use crate::live::Catalog;

/// What rows need that the catalog does not know.
pub trait Facts {
    /// An expression as SQL text, for `typdefault`.
    fn deparse(&mut self, e: &Expr) -> Result<String>;
}

/// Where a wanted column of a linked-in row comes from.
enum Source {
    /// A cell, shown as the attribute's type.
    Cell(&'static Column, Oid),
    /// The same everywhere.
    Same(Value),
    /// Made by the catalog's own function.
    Made(fn(usize) -> Value),
    /// The row's place, for `ctid`.
    Place,
}

/// Objects in the order they were made. One sort serves all kinds: a `sort_by_key` of its own would be 3 KB of code for each.
fn by_oid<T: Copy>(all: impl Iterator<Item = T>, oid: impl Fn(T) -> Oid) -> Vec<T> {
    let all: Vec<T> = all.collect();
    let mut order: Vec<(Oid, usize)> = all.iter().enumerate().map(|(i, t)| (oid(*t), i)).collect();
    order.order();
    order.iter().map(|&(_, i)| all[i]).collect()
}

/// Takes the user rows of one catalog.
pub struct Sink<'a> {
    wanted: &'a [i16],
    rel: Oid,
    rows: Vec<Vec<Value>>,
}

impl Sink<'_> {
    /// Adds a row whose columns `f` gives by attribute number.
    pub fn row(&mut self, f: &mut dyn FnMut(i16) -> Result<Value>) -> Result<()> {
        let mut row = Vec::with_capacity(self.wanted.len());
        for attno in self.wanted {
            row.push(match attno {
                -6 => values::oid(self.rel),
                -2 => Value::I64(3),
                -1 => values::place(self.rows.len() + 60_000),
                ..0 => Value::I64(0),
                n => f(*n)?,
            });
        }
        self.rows.push(row);
        Ok(())
    }

    /// Whether anything of the column is wanted.
    pub fn wants(&self, attno: i16) -> bool {
        self.wanted.contains(&attno)
    }
}

struct Rows {
    table: Option<&'static Table>,
    sources: Vec<Source>,
    next: usize,
    /// Linked-in rows that a live entry of the same OID replaces.
    replaced: SortedSet<Oid>,
    user: std::vec::IntoIter<Vec<Value>>,
}

/// The rows of a system table, `None` when it is not one this crate can show. Negative numbers are system columns.
pub fn rows(
    cat: &Catalog,
    facts: &mut dyn Facts,
    rel: Oid,
    wanted: &[i16],
) -> Option<Result<Box<dyn RowSource>>> {
    let relation = builtin::relation(rel)?;
    if relation.kind() != b'r' {
        return None;
    }
    let name = relation.name();
    let table = match name {
        // Shown by `user_rows`, because it has other columns.
        "pg_rewrite" => None,
        n => builtin::table(n),
    };
    let mut sink = Sink { wanted, rel, rows: vec![] };
    match user_rows(cat, facts, name, &mut sink) {
        Some(Ok(())) => {}
        Some(Err(e)) => return Some(Err(e)),
        None if table.is_some() || EMPTY.contains(&name) => {}
        None => return Some(Err(Error::unsupported(filled!("system table {}"; name)))),
    }
    let sources = match table {
        Some(t) => wanted.iter().map(|a| source(t, rel, *a)).collect(),
        None => vec![],
    };
    let replaced = match name {
        "pg_namespace" => cat.user_schemas().map(|s| s.oid).collect(),
        "pg_authid" => cat.user_roles().map(|r| r.oid).collect(),
        "pg_ts_config" | "pg_ts_config_map" | "pg_ts_dict" => cat.text_search().keys().copied().collect(),
        _ => SortedSet::new(),
    };
    Some(Ok(Box::new(Rows { table, sources, next: 0, replaced, user: sink.rows.into_iter() })))
}

/// Tables that never have rows here: nothing makes such objects.
static EMPTY: [&str; 23] = [
    "pg_default_acl",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_init_privs",
    "pg_largeobject",
    "pg_largeobject_metadata",
    "pg_parameter_acl",
    "pg_policy",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_replication_origin",
    "pg_seclabel",
    "pg_shdepend",
    "pg_shseclabel",
    "pg_statistic_ext",
    "pg_statistic_ext_data",
    "pg_subscription",
    "pg_subscription_rel",
    "pg_transform",
    "pg_user_mapping",
];

fn user_rows(cat: &Catalog, facts: &mut dyn Facts, name: &str, out: &mut Sink<'_>) -> Option<Result<()>> {
    Some(match name {
        "pg_class" => class::pg_class(cat, out),
        "pg_index" => class::pg_index(cat, out),
        "pg_inherits" => class::pg_inherits(cat, out),
        "pg_sequence" => class::pg_sequence(cat, out),
        "pg_partitioned_table" => class::pg_partitioned_table(cat, out),
        "pg_rewrite" => class::pg_rewrite(cat, out),
        "pg_trigger" => class::pg_trigger(cat, out),
        "pg_attribute" => attribute::pg_attribute(cat, out),
        "pg_attrdef" => attribute::pg_attrdef(cat, out),
        "pg_constraint" => constraint::pg_constraint(cat, out),
        "pg_type" => object::pg_type(cat, facts, out),
        "pg_enum" => object::pg_enum(cat, out),
        "pg_range" => object::pg_range(cat, out),
        "pg_namespace" => object::pg_namespace(cat, out),
        "pg_authid" => object::pg_authid(cat, out),
        "pg_auth_members" => object::pg_auth_members(cat, out),
        "pg_db_role_setting" => object::pg_db_role_setting(cat, out),
        "pg_depend" => object::pg_depend(cat, out),
        "pg_description" => object::comments(cat, false, out),
        "pg_shdescription" => object::comments(cat, true, out),
        "pg_proc" => proc::pg_proc(cat, out),
        "pg_aggregate" => proc::pg_aggregate(cat, out),
        "pg_operator" => proc::pg_operator(cat, out),
        "pg_cast" => proc::pg_cast(cat, out),
        "pg_ts_config" | "pg_ts_config_map" | "pg_ts_dict" | "pg_ts_parser" | "pg_ts_template" => {
            object::text_search(cat, name, out)
        }
        "pg_collation" | "pg_opfamily" | "pg_opclass" | "pg_amop" | "pg_amproc" => proc::items(cat, name, out),
        _ => return None,
    })
}

fn source(table: &'static Table, rel: Oid, attno: i16) -> Source {
    match attno {
        -6 => return Source::Same(values::oid(rel)),
        -2 => return Source::Same(Value::I64(1)),
        -1 => return Source::Place,
        ..0 => return Source::Same(Value::I64(0)),
        _ => {}
    }
    let Some(a) = builtin::attributes(rel).find(|a| a.number() == attno as i32) else {
        return Source::Same(Value::Null);
    };
    if let Some(c) = table.column(a.name()) {
        return Source::Cell(c, a.ty());
    }
    let made: Option<fn(usize) -> Value> = match a.name() {
        "relfilenode" => Some(class::builtin_filenode),
        "relpages" => None,
        "attlen" => Some(attribute::builtin_len),
        "attbyval" => Some(attribute::builtin_byval),
        "attalign" => Some(attribute::builtin_align),
        "attstorage" => Some(attribute::builtin_storage),
        _ => None,
    };
    if let Some(f) = made {
        return Source::Made(f);
    }
    Source::Same(same(a.name(), a.ty()))
}

/// What a column that was not extracted holds in every linked-in row.
fn same(name: &str, ty: Oid) -> Value {
    match name {
        n if n.ends_with("owner") => values::oid(oids::ROLE_POSTGRES),
        "relpersistence" => values::char(b'p'),
        "confupdtype" | "confdeltype" | "confmatchtype" => values::char(b' '),
        "reltuples" => Value::F32(-1.0),
        "attcacheoff" => Value::I32(-1),
        "relispopulated" | "attislocal" | "typisdefined" | "indimmediate" | "indisvalid" | "indisready" | "indislive"
        | "convalidated" => Value::Bool(true),
        _ => match ty {
            oids::BOOL => Value::Bool(false),
            oids::INT2 | oids::CHAR => Value::I16(0),
            oids::INT4 => Value::I32(0),
            oids::INT8 | oids::OID | oids::REGPROC | oids::XID => Value::I64(0),
            oids::FLOAT4 => Value::F32(0.0),
            _ => Value::Null,
        },
    }
}

impl RowSource for Rows {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let mut n = 0;
        if let Some(t) = self.table {
            while n < want && self.next < t.rows {
                let row = self.next;
                self.next += 1;
                if !self.replaced.is_empty() {
                    if let Some(Field::Oid(o)) = t.columns.first().map(|c| t.field(row, c)) {
                        if self.replaced.contains(&o) {
                            continue;
                        }
                    }
                }
                for (s, v) in self.sources.iter().zip(out.iter_mut()) {
                    match s {
                        Source::Cell(c, ty) => values::push(t.field(row, c), *ty, v)?,
                        Source::Same(x) => v.push(x.as_datum()),
                        Source::Made(f) => v.push(f(row).as_datum()),
                        Source::Place => v.push(values::place(row).as_datum()),
                    }
                }
                n += 1;
            }
        }
        for row in self.user.by_ref().take(want - n) {
            for (x, v) in row.iter().zip(out.iter_mut()) {
                v.push(x.as_datum());
            }
            n += 1;
        }
        Ok(n)
    }
}
