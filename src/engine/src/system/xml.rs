//! Tables, queries, schemas and the database as XML, and the XML Schemas of those (`xmlmap`).

use std::rc::Rc;

use tusklet_adt::xml::name_of_identifier;
use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, TryVec, err, filled};
use tusklet_ir::{Oid, ResultColumn};
use tusklet_vector::{Call, CallContext, CallSite, Datum, Kernel, Out, Phys, TypeKind, TypeRef, Value, Vector};

use super::Env;
use crate::cursor::fetch_rows;
use crate::missing;
use crate::query::{Prepared, rows_of, run_program};

const XSI: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// What is asked for: the arguments all of them have.
#[derive(Clone, Copy)]
struct Wish<'a> {
    /// NULLs are shown as such.
    nulls: bool,
    /// Each row is an element of its own name.
    forest: bool,
    namespace: &'a str,
    /// The data; the schema.
    data: bool,
    schema: bool,
}

/// Columns of a result: names and types.
type Columns = Vec<(String, Oid)>;

/// A table or a query.
struct Source {
    /// Schema and name of a table.
    table: Option<(String, String)>,
    prepared: Rc<Prepared>,
    columns: Columns,
}

fn columns_of(list: &[ResultColumn]) -> Columns {
    list.iter().map(|c| (c.name.clone(), c.ty.oid)).collect()
}

impl Source {
    fn query(env: &Env<'_, '_>, sql: &str, table: Option<(String, String)>) -> Result<Source> {
        let inside = |e| crate::routine::transpose(e, sql);
        let raw = tusklet_syntax::parse_one(sql).map_err(inside)?;
        if !matches!(raw.stmt, tusklet_syntax::ast::Stmt::Select(_)) {
            let tag = crate::commands::tag(&raw.stmt);
            return Err(err!(FEATURE_NOT_SUPPORTED, "{} is not allowed in a non-volatile function"; tag)
                .context(filled!("SQL statement \"{}\""; sql)));
        }
        let stmt = Some(Rc::new(raw.stmt));
        let prepared = Rc::new(Prepared::new(env.shared, Rc::from(sql), stmt, vec![], false).map_err(inside)?);
        // The plan's types: what clients are told has no domains.
        let columns = columns_of(&prepared.program(env.shared)?.stmt.columns);
        Ok(Source { table, prepared, columns })
    }

    fn table(env: &Env<'_, '_>, oid: Oid) -> Result<Source> {
        let c = env.shared.catalog();
        let Some(r) = c.relation(oid) else {
            return Err(err!(INTERNAL_ERROR, "could not open relation with OID {oid}"));
        };
        let schema = c.schema_name(r.schema).unwrap_or_default().to_string();
        let sql = filled!("SELECT * FROM {}.{}"; quote_identifier(&schema), quote_identifier(&r.name));
        Source::query(env, &sql, Some((schema, r.name.clone())))
    }

    fn cursor(env: &Env<'_, '_>, name: &str) -> Result<Source> {
        let cursors = env.shared.cursors.borrow();
        let prepared = &cursors.get(name).ok_or_else(|| missing::cursor(name))?.prepared;
        Ok(Source { table: None, prepared: prepared.clone(), columns: columns_of(&prepared.program(env.shared)?.stmt.columns) })
    }

    fn rows(&self, env: &Env<'_, '_>) -> Result<Vec<Vec<Value>>> {
        let program = self.prepared.program(env.shared)?;
        let mut cx = env.shared.exec_cx(env.shared.snapshot()?)?;
        let (_, batches) = run_program(env.shared, &mut cx, program, &[])?;
        Ok(rows_of(&batches))
    }
}

/// The OIDs a query finds.
fn listed(env: &Env<'_, '_>, sql: &str, params: &[(Oid, Value)]) -> Result<Vec<Oid>> {
    let rows = crate::query::run_sql(env.shared, sql, params)?;
    Ok(rows.iter().filter_map(|r| r.first()).map(|v| v.as_datum().int() as Oid).collect())
}

/// The tables of a schema one may read.
fn tables(env: &Env<'_, '_>, schema: Oid) -> Result<Vec<Oid>> {
    let sql = "SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relkind IN ('r', 'm', 'v') \
               AND pg_catalog.has_table_privilege(oid, 'SELECT') ORDER BY relname";
    listed(env, sql, &[(oids::OID, Value::I64(schema as i64))])
}

fn schemas(env: &Env<'_, '_>) -> Result<Vec<Oid>> {
    let sql = "SELECT oid FROM pg_catalog.pg_namespace WHERE pg_catalog.has_schema_privilege(oid, 'USAGE') \
               AND NOT (nspname ~ '^pg_' OR nspname = 'information_schema') ORDER BY nspname";
    listed(env, sql, &[])
}

fn schema_name(env: &Env<'_, '_>, oid: Oid) -> String {
    env.shared.catalog().schema_name(oid).unwrap_or_default().to_string()
}

/// A name on its own.
fn plain(name: &str) -> String {
    name_of_identifier(name, true, false)
}

/// Names put together (`map_multipart_sql_identifier_to_xml_name`), the database's after the first.
fn joined(env: &Env<'_, '_>, kind: &str, parts: &[&str]) -> String {
    let mut s = name_of_identifier(kind, true, true);
    let db = env.shared.db.name.borrow().clone();
    for p in std::iter::once(db.as_str()).chain(parts.iter().copied()) {
        s.push('.');
        s.push_str(&name_of_identifier(p, true, true));
    }
    s
}

/// A start tag of the data; the outermost ones say what namespaces there are.
fn start(out: &mut String, name: &str, w: Wish<'_>, top: bool, schema: bool) {
    out.push('<');
    out.push_str(name);
    if top {
        out.push_str(XSI);
        if !w.namespace.is_empty() {
            out.push_str(&filled!(" xmlns=\"{}\""; w.namespace));
        }
    }
    if schema {
        out.push_str(&match w.namespace {
            "" => " xsi:noNamespaceSchemaLocation=\"#\"".to_string(),
            n => filled!(" xsi:schemaLocation=\"{} #\""; n),
        });
    }
    out.push_str(">\n");
}

fn end(out: &mut String, name: &str) {
    out.push_str(&filled!("</{}>\n"; name));
}

/// One row (`SPI_sql_row_to_xmlelement`).
fn row(
    env: &mut Env<'_, '_>,
    columns: &Columns,
    values: &[Value],
    name: &str,
    w: Wish<'_>,
    top: bool,
    out: &mut String,
) -> Result<()> {
    if w.forest {
        start(out, name, w, top, false);
    } else {
        out.push_str("<row>\n");
    }
    for ((name, ty), v) in columns.iter().zip(values) {
        let name = plain(name);
        if v.is_null() {
            if w.nulls {
                out.push_str(&filled!("  <{} xsi:nil=\"true\"/>\n"; name));
            }
            continue;
        }
        out.push_str(&filled!("  <{}>{}</{}>\n"; name, value(env, *ty, v)?, name));
    }
    if w.forest {
        end(out, name);
        out.push('\n');
    } else {
        out.push_str("</row>\n\n");
    }
    Ok(())
}

/// A value's text: the kernel's.
fn value(env: &mut Env<'_, '_>, ty: Oid, v: &Value) -> Result<String> {
    let Some(Kernel::Scalar(f)) = env.cx.kernels.kernel("tusklet_xml_value") else {
        return Err(Error::unsupported("a value as XML"));
    };
    let site = CallSite {
        func: 0,
        args: vec![TypeRef::new(ty)],
        result: TypeRef::new(oids::XML),
        collation: 0,
        variadic: false,
        columns: None,
    };
    let mut column = Vector::empty(Phys::Bytes);
    column.push(Datum::Null);
    let mut out = Out::new(&mut column, 0);
    f(&mut Call { cx: &mut *env.cx, site: &site, extra: &mut None, row: 0 }, &[v.as_datum()], &mut out)?;
    out.finish();
    Ok(column.get(0).str().to_owned())
}

/// A table, query or cursor (`query_to_xml_internal`).
fn data(
    env: &mut Env<'_, '_>,
    s: &Source,
    rows: Vec<Vec<Value>>,
    schema: Option<&str>,
    w: Wish<'_>,
    top: bool,
    out: &mut String,
) -> Result<()> {
    let own = s.table.as_ref().map(|t| plain(&t.1));
    let name = own.as_deref().unwrap_or("table");
    if !w.forest {
        start(out, name, w, top, schema.is_some());
        out.push('\n');
    }
    if let Some(x) = schema {
        out.push_str(x);
        out.push_str("\n\n");
    }
    let each = own.as_deref().unwrap_or("row");
    for r in rows {
        row(env, &s.columns, &r, each, w, top, out)?;
    }
    if !w.forest {
        end(out, name);
    }
    Ok(())
}

fn schema_data(
    env: &mut Env<'_, '_>,
    oid: Oid,
    schema: Option<&str>,
    w: Wish<'_>,
    top: bool,
    out: &mut String,
) -> Result<()> {
    let name = plain(&schema_name(env, oid));
    start(out, &name, w, top, schema.is_some());
    out.push('\n');
    if let Some(x) = schema {
        out.push_str(x);
        out.push_str("\n\n");
    }
    for t in tables(env, oid)? {
        let s = Source::table(env, t)?;
        let rows = s.rows(env)?;
        data(env, &s, rows, None, w, false, out)?;
        out.push('\n');
    }
    end(out, &name);
    Ok(())
}

/// The types SQL's standard has names for: name, XSD's type, and what restricts it.
const TYPES: &[(Oid, &str, &str, &str)] = &[
    (oids::BPCHAR, "CHAR", "string", "\n"),
    (oids::VARCHAR, "VARCHAR", "string", "\n"),
    (oids::NUMERIC, "NUMERIC", "", ""),
    (oids::INT4, "INTEGER", "int", "<2147483647|-2147483648"),
    (oids::INT2, "SMALLINT", "short", "<32767|-32768"),
    (oids::INT8, "BIGINT", "long", "<9223372036854775807|-9223372036854775808"),
    (oids::FLOAT4, "REAL", "float", ""),
    (oids::FLOAT8, "DOUBLE", "double", ""),
    (oids::BOOL, "BOOLEAN", "boolean", ""),
    (oids::TIME, "TIME", "time", "t"),
    (oids::TIMETZ, "TIME_WTZ", "time", "tz"),
    (oids::TIMESTAMP, "TIMESTAMP", "dateTime", "dTt"),
    (oids::TIMESTAMPTZ, "TIMESTAMP_WTZ", "dateTime", "dTtz"),
    (oids::DATE, "DATE", "date", "d"),
    (oids::XML, "XML", "", ""),
    (oids::TEXT, "", "string", "\n"),
];

/// The name of a type (`map_sql_type_to_xml_name`), with its modifier where it is what a domain rests on.
fn type_name(env: &Env<'_, '_>, ty: Oid, typmod: i32) -> String {
    if let Some(t) = TYPES.iter().find(|t| t.0 == ty && !t.1.is_empty()) {
        return match ty {
            _ if typmod == -1 => t.1.to_string(),
            oids::BPCHAR | oids::VARCHAR => format!("{}_{}", t.1, typmod - 4),
            oids::NUMERIC => format!("{}_{}_{}", t.1, (typmod - 4) >> 16 & 0xFFFF, (typmod - 4) & 0xFFFF),
            oids::TIME | oids::TIMETZ | oids::TIMESTAMP | oids::TIMESTAMPTZ => format!("{}_{typmod}", t.1),
            _ => t.1.to_string(),
        };
    }
    let c = env.shared.catalog();
    let Some(t) = c.ty(ty) else { return String::new() };
    let kind = if c.base_type(ty) != ty { "Domain" } else { "UDT" };
    joined(env, kind, &[&schema_name(env, t.schema), &t.name])
}

/// A type's definition (`map_sql_type_to_xmlschema_type`).
fn type_definition(env: &Env<'_, '_>, ty: Oid, out: &mut String) {
    if ty == oids::XML {
        out.push_str(
            "<xsd:complexType mixed=\"true\">\n  <xsd:sequence>\n    <xsd:any name=\"element\" minOccurs=\"0\" \
             maxOccurs=\"unbounded\" processContents=\"skip\"/>\n  </xsd:sequence>\n</xsd:complexType>\n",
        );
        return;
    }
    out.push_str(&filled!("<xsd:simpleType name=\"{}\">\n"; type_name(env, ty, -1)));
    let known = TYPES.iter().find(|t| t.0 == ty);
    let (base, limits) = match known {
        _ if ty == oids::BYTEA => {
            let hex = CallContext::setting(&*env.cx, "xmlbinary").is_some_and(|v| v == "hex");
            (if hex { "hexBinary" } else { "base64Binary" }, "\n")
        }
        Some(t) => (t.2, t.3),
        None => ("", ""),
    };
    let (mut domain, mut typmod) = (ty, -1);
    while let Ok(d) = env.shared.catalog().type_desc(domain)
        && let TypeKind::Domain(below) = &d.kind
    {
        (domain, typmod) = (below.oid, if typmod == -1 { below.typmod } else { typmod });
    }
    if domain != ty {
        out.push_str(&filled!("  <xsd:restriction base=\"{}\"/>\n"; type_name(env, domain, typmod)));
    } else if !base.is_empty() {
        out.push_str(&filled!("  <xsd:restriction base=\"xsd:{}\">"; base));
        if let Some((max, min)) = limits.strip_prefix('<').and_then(|l| l.split_once('|')) {
            out.push_str(&filled!(
                "\n    <xsd:maxInclusive value=\"{}\"/>\n    <xsd:minInclusive value=\"{}\"/>\n  "; max, min
            ));
        } else if limits == "\n" {
            out.push_str("\n  ");
        } else if !limits.is_empty() {
            out.push_str("\n    <xsd:pattern value=\"");
            for c in limits.chars() {
                out.push_str(match c {
                    'd' => "\\p{Nd}{4}-\\p{Nd}{2}-\\p{Nd}{2}",
                    't' => "\\p{Nd}{2}:\\p{Nd}{2}:\\p{Nd}{2}(.\\p{Nd}+)?",
                    'z' => "(\\+|-)\\p{Nd}{2}:\\p{Nd}{2}",
                    _ => "T",
                });
            }
            out.push_str("\"/>\n  ");
        }
        out.push_str("</xsd:restriction>\n");
    }
    out.push_str("</xsd:simpleType>\n");
}

/// All types of these columns and what domains among them rest on (`map_sql_typecoll_to_xmlschema_types`).
fn types<'a>(env: &Env<'_, '_>, columns: impl Iterator<Item = &'a (String, Oid)>, out: &mut String) {
    let mut all: Vec<Oid> = vec![];
    for (_, ty) in columns {
        if !all.contains(ty) {
            all.push(*ty);
        }
    }
    let mut i = 0;
    while i < all.len() {
        let base = env.shared.catalog().base_type(all[i]);
        if !all.contains(&base) {
            all.push(base);
        }
        i += 1;
    }
    for ty in all {
        type_definition(env, ty, out);
        out.push('\n');
    }
}

fn schema_start(w: Wish<'_>) -> String {
    let target = match w.namespace {
        "" => String::new(),
        n => filled!("\n    targetNamespace=\"{}\"\n    elementFormDefault=\"qualified\""; n),
    };
    filled!("<xsd:schema\n    xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"{}>\n\n"; target)
}

fn element(out: &mut String, name: &str, ty: &str) {
    out.push_str(&filled!("<xsd:element name=\"{}\" type=\"{}\"/>\n\n"; name, ty));
}

/// The schema of a table, a query or a cursor (`map_sql_table_to_xmlschema`).
fn table_schema(env: &Env<'_, '_>, table: Option<&(String, String)>, columns: &Columns, w: Wish<'_>) -> String {
    let kind = |k: &str| table.map_or(k.to_string(), |(s, t)| joined(env, k, &[s, t]));
    let (row, whole) = (kind("RowType"), kind("TableType"));
    let mut out = schema_start(w);
    types(env, columns.iter(), &mut out);
    out.push_str(&filled!("<xsd:complexType name=\"{}\">\n  <xsd:sequence>\n"; row));
    let optional = if w.nulls { "nillable=\"true\"" } else { "minOccurs=\"0\"" };
    for (name, ty) in columns {
        let (name, ty) = (plain(name), type_name(env, *ty, -1));
        out.push_str(&filled!("    <xsd:element name=\"{}\" type=\"{}\" {}></xsd:element>\n"; name, ty, optional));
    }
    out.push_str("  </xsd:sequence>\n</xsd:complexType>\n\n");
    if !w.forest {
        out.push_str(&filled!("<xsd:complexType name=\"{}\">\n  <xsd:sequence>\n    <xsd:element name=\"row\" type=\"{}\" \
             minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n  </xsd:sequence>\n</xsd:complexType>\n\n"; whole, row));
    }
    let name = match table {
        Some((_, t)) => plain(t),
        None if w.forest => "row".to_string(),
        None => "table".to_string(),
    };
    element(&mut out, &name, if w.forest { &row } else { &whole });
    out + "</xsd:schema>"
}

/// The type of a schema, its tables being elements (`map_sql_schema_to_xmlschema_types`).
fn schema_type(env: &Env<'_, '_>, schema: &str, tables: &[Source], w: Wish<'_>, out: &mut String) {
    let ty = joined(env, "SchemaType", &[schema]);
    let (group, kind, occurs) = match w.forest {
        true => ("sequence", "RowType", " minOccurs=\"0\" maxOccurs=\"unbounded\""),
        false => ("all", "TableType", ""),
    };
    out.push_str(&filled!("<xsd:complexType name=\"{}\">\n  <xsd:{}>\n"; ty, group));
    for (s, t) in tables.iter().filter_map(|t| t.table.as_ref()) {
        let of = joined(env, kind, &[s, t]);
        out.push_str(&filled!("    <xsd:element name=\"{}\" type=\"{}\"{}/>\n"; plain(t), of, occurs));
    }
    out.push_str(&filled!("  </xsd:{}>\n</xsd:complexType>\n\n"; group));
    element(out, &plain(schema), &ty);
}

fn schema_schema(env: &Env<'_, '_>, oid: Oid, w: Wish<'_>) -> Result<String> {
    let list = tables(env, oid)?.into_iter().map(|t| Source::table(env, t)).try_vec()?;
    let mut out = schema_start(w);
    types(env, list.iter().flat_map(|s| &s.columns), &mut out);
    schema_type(env, &schema_name(env, oid), &list, w, &mut out);
    Ok(out + "</xsd:schema>")
}

fn database_schema(env: &Env<'_, '_>, w: Wish<'_>) -> Result<String> {
    let schemas = schemas(env)?;
    let mut all = vec![];
    for s in &schemas {
        for t in tables(env, *s)? {
            all.push(Source::table(env, t)?);
        }
    }
    // PostgreSQL takes the tables as the catalog has them.
    let mut out = schema_start(w);
    types(env, all.iter().flat_map(|s| &s.columns), &mut out);
    let ty = joined(env, "CatalogType", &[]);
    out.push_str(&filled!("<xsd:complexType name=\"{}\">\n  <xsd:all>\n"; ty));
    for s in schemas {
        let name = schema_name(env, s);
        let of = joined(env, "SchemaType", &[&name]);
        out.push_str(&filled!("    <xsd:element name=\"{}\" type=\"{}\"/>\n"; plain(&name), of));
    }
    out.push_str("  </xsd:all>\n</xsd:complexType>\n\n");
    element(&mut out, &plain(&env.shared.db.name.borrow()), &ty);
    Ok(out + "</xsd:schema>")
}

/// All of them: which is asked for is in the function's name.
pub(super) fn map(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let Some(name) = env.cx.catalog.proc(env.site.func).map(|p| p.source.clone()) else { return Ok(Value::Null) };
    let wanted = |n: usize| args.len().checked_sub(n).and_then(|i| args.get(i)).copied().unwrap_or(Datum::Null);
    let w = Wish {
        nulls: wanted(3).bool(),
        forest: wanted(2).bool(),
        namespace: wanted(1).str(),
        data: !name.ends_with("_to_xmlschema"),
        schema: name.ends_with("_xmlschema") || name.ends_with("_to_xmlschema"),
    };
    let first = args.first().copied().unwrap_or(Datum::Null);
    let mut out = String::new();
    let of_cursor = name.starts_with("cursor");
    if of_cursor || name.starts_with("table") || name.starts_with("query") {
        let s = match name.starts_with("table") {
            true => Source::table(env, first.int() as Oid)?,
            false if of_cursor => Source::cursor(env, first.str())?,
            false => Source::query(env, first.str(), None)?,
        };
        let x = w.schema.then(|| table_schema(env, s.table.as_ref(), &s.columns, w));
        match x {
            Some(x) if !w.data => out = x,
            x => {
                let rows = if of_cursor { fetch_rows(env.shared, first.str(), args[1].int())? } else { s.rows(env)? };
                data(env, &s, rows, x.as_deref(), w, true, &mut out)?;
            }
        }
    } else if name.starts_with("schema") {
        let oid = env
            .shared
            .catalog()
            .schema_named(first.str())
            .ok_or_else(|| missing::schema(&first.str()))?;
        let x = if w.schema { Some(schema_schema(env, oid, w)?) } else { None };
        match x {
            Some(x) if !w.data => out = x,
            x => schema_data(env, oid, x.as_deref(), w, true, &mut out)?,
        }
    } else {
        let x = if w.schema { Some(database_schema(env, w)?) } else { None };
        match x {
            Some(x) if !w.data => out = x,
            x => {
                let name = plain(&env.shared.db.name.borrow().clone());
                start(&mut out, &name, w, true, x.is_some());
                out.push('\n');
                if let Some(x) = x {
                    out.push_str(&x);
                    out.push_str("\n\n");
                }
                for s in schemas(env)? {
                    schema_data(env, s, None, w, false, &mut out)?;
                    out.push('\n');
                }
                end(&mut out, &name);
            }
        }
    }
    Ok(Value::text(&out))
}
