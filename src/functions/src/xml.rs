//! `xml`: the constructors, XPath, XMLTABLE.

use std::rc::Rc;

use tusklet_adt::array::Array;
use tusklet_adt::xml::tree::{Doc, Kind, NIL};
use tusklet_adt::xml::{self as adt, Context, Ref, Value, XPath};
use tusklet_error::{Error, Notice, Result, Severity, SqlState, err, filled};
use tusklet_vector::{self as vector, Call, CallContext, Datum, Kernel, Out, RowSource, TypeKind};

use crate::array::text_items;
use crate::bind::{Entry, too_few};
use crate::oids;
use crate::sets::Ready;
use crate::stored::phys_of;
use crate::to_json::{Category, xsd};

/// Whether `xmloption` is DOCUMENT.
fn document_option(cx: &dyn CallContext) -> bool {
    cx.setting("xmloption").is_some_and(|v| v == "document")
}

/// The parser's warnings.
fn warn(cx: &mut dyn CallContext, warnings: Vec<String>) {
    for w in warnings {
        cx.notice(Notice::new(Severity::Warning, SqlState::WARNING, w));
    }
}

/// The text, when it is XML.
fn checked<'a>(c: &mut Call<'_>, s: &'a str, document: bool) -> Result<&'a str> {
    let mut warnings = Vec::new();
    let r = adt::check(s, document, &mut warnings);
    warn(c.cx, warnings);
    r.map(|()| s)
}

fn input<'a>(c: &mut Call<'_>, s: &'a str) -> Result<&'a str> {
    let document = document_option(c.cx);
    checked(c, s, document)
}

/// A value as XML has it (`map_sql_value_to_xml_value`).
pub(crate) fn write(cx: &mut dyn CallContext, ty: u32, d: Datum<'_>, escape: bool, out: &mut String) -> Result<()> {
    let infinite = |what: &str| {
        err!(DATETIME_VALUE_OUT_OF_RANGE, "{} out of range"; what)
            .detail(filled!("XML does not support infinite {} values."; what))
    };
    match ty {
        oids::BOOL => out.push_str(if d.bool() { "true" } else { "false" }),
        oids::DATE => {
            if !tusklet_adt::date::is_finite(d.i32()) {
                return Err(infinite("date"));
            }
            out.push_str(&xsd(cx, Category::Date, d)?);
        }
        oids::TIMESTAMP | oids::TIMESTAMPTZ => {
            if !tusklet_adt::timestamp::is_finite(d.i64()) {
                return Err(infinite("timestamp"));
            }
            let cat = if ty == oids::TIMESTAMP { Category::Timestamp } else { Category::TimestampTz };
            out.push_str(&xsd(cx, cat, d)?);
        }
        oids::BYTEA => {
            let hex = cx.setting("xmlbinary").is_some_and(|v| v == "hex");
            if hex {
                out.push_str(&tusklet_adt::bytea::to_hex(d.bytes()).to_ascii_uppercase());
            } else {
                // libxml's lines are of 54 bytes.
                for (i, part) in d.bytes().chunks(54).enumerate() {
                    out.push_str(if i > 0 { "\r\n" } else { "" });
                    out.push_str(&tusklet_adt::bytea::encode(part, "base64")?);
                }
            }
        }
        _ => match &cx.type_desc(ty)?.kind {
            TypeKind::Domain(base) => return write(cx, base.oid, d, escape, out),
            TypeKind::Array(_) => {
                let a = Array::decode(d.bytes())?;
                let phys = phys_of(cx, a.element)?;
                for b in a.iter().flatten() {
                    out.push_str("<element>");
                    write(cx, a.element, Datum::load(phys, b), true, out)?;
                    out.push_str("</element>");
                }
            }
            _ => {
                let mut s = String::new();
                cx.output(ty, d, &mut s)?;
                if ty == oids::XML || !escape {
                    out.push_str(&s);
                } else {
                    adt::escape(&s, out);
                }
            }
        },
    }
    Ok(())
}

/// The expressions of `XmlExpr`: the first argument says which, and its names, as `exec` writes them.
fn expression(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [head, args @ ..] = args else { return Err(too_few()) };
    let mut parts = head.str().split('\0');
    let (what, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let names: Vec<&str> = parts.collect();
    let document = what.ends_with('1');
    let op = what.bytes().next().unwrap_or(0);
    let types: Vec<u32> = c.site.args.iter().skip(1).map(|t| t.oid).collect();
    // Of most expressions the first argument is the one that counts.
    let first = args.first().copied().unwrap_or(Datum::Null);
    let mut s = String::new();
    match op {
        b'0' => {
            let values: Vec<&str> = args.iter().filter(|d| !d.is_null()).map(|d| d.str()).collect();
            if values.is_empty() {
                return Ok(());
            }
            s = adt::concat(&values);
        }
        b'1' => {
            s.push('<');
            s.push_str(name);
            for ((n, d), ty) in names.iter().zip(args).zip(&types) {
                if !d.is_null() {
                    let mut v = String::new();
                    write(c.cx, *ty, *d, false, &mut v)?;
                    adt::attribute(n, &v, &mut s);
                }
            }
            let mut empty = true;
            for (d, ty) in args.iter().zip(&types).skip(names.len()) {
                if !d.is_null() {
                    if empty {
                        s.push('>');
                        empty = false;
                    }
                    write(c.cx, *ty, *d, true, &mut s)?;
                }
            }
            if empty {
                s.push_str("/>");
            } else {
                s.push_str(&filled!("</{}>"; name));
            }
        }
        b'2' => {
            let mut any = false;
            for ((n, d), ty) in names.iter().zip(args).zip(&types) {
                if !d.is_null() {
                    any = true;
                    s.push_str(&filled!("<{}>"; n));
                    write(c.cx, *ty, *d, true, &mut s)?;
                    s.push_str(&filled!("</{}>"; n));
                }
            }
            if !any {
                return Ok(());
            }
        }
        b'4' => {
            let content = args.first().map(|d| if d.is_null() { None } else { Some(d.str()) });
            match adt::pi(name, content)? {
                Some(v) => s = v,
                None => return Ok(()),
            }
        }
        _ if first.is_null() => return Ok(()),
        b'3' => s.push_str(checked(c, first.str(), document)?),
        b'5' => {
            let (version, standalone) = match args {
                [_, v, s, ..] => (if v.is_null() { None } else { Some(v.str()) }, s.i32()),
                _ => return Err(too_few()),
            };
            s = adt::root(first.str(), version, standalone);
        }
        b'6' => {
            out.bool(adt::is_well_formed(first.str(), true));
            return Ok(());
        }
        _ => {
            if document && !adt::is_well_formed(first.str(), true) {
                return Err(Error::new(SqlState::NOT_AN_XML_DOCUMENT, "not an XML document"));
            }
            s.push_str(first.str());
        }
    }
    out.str(&s);
    Ok(())
}

/// `xmlconcat2`, the transition function of `xmlagg`.
fn concat2(a: Option<&str>, b: Option<&str>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(adt::concat(&[a, b])),
        (a, b) => a.or(b).map(str::to_owned),
    }
}

/// The bytes of a message: its declaration may name an encoding, but text comes in the client's.
fn receive<'a>(c: &mut Call<'_>, b: &'a [u8]) -> Result<std::borrow::Cow<'a, str>> {
    let s = crate::io::received(c, b)?;
    input(c, &s)?;
    Ok(s)
}

/// What a call site keeps: expressions by their text.
#[derive(Default)]
struct Kept {
    text: String,
    path: Option<Rc<XPath>>,
}

/// A document to evaluate in, and what prefixes mean.
struct Tree {
    doc: Doc,
    namespaces: Vec<(String, String)>,
}

fn tree(c: &mut Call<'_>, s: &str) -> Result<Doc> {
    let mut warnings = Vec::new();
    let doc = adt::parse(s, &mut warnings);
    warn(c.cx, warnings);
    doc
}

/// The array of namespaces has two columns.
fn check_mapping(b: &[u8]) -> Result<()> {
    let a = Array::decode(b)?;
    if !a.dims.is_empty() && !(a.dims.len() == 2 && a.dims[1].len == 2) {
        return Err(err!(DATA_EXCEPTION, "invalid array for XML namespace mapping")
            .detail("The array must be two-dimensional with length of the second axis equal to 2."));
    }
    Ok(())
}

/// Prefixes and what they mean (`xpath_internal`).
fn mapping(b: &[u8]) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    for pair in text_items(b)?.chunks(2) {
        let [Some(name), Some(uri)] = pair else {
            return Err(err!(NULL_VALUE_NOT_ALLOWED, "neither namespace name nor URI may be null"));
        };
        if name.is_empty() {
            let m = filled!("could not register XML namespace with name \"{}\" and URI \"{}\""; name, uri);
            return Err(Error::internal(m));
        }
        // The last one of a name counts.
        out.insert(0, ((*name).to_owned(), (*uri).to_owned()));
    }
    Ok(out)
}

fn evaluate(c: &mut Call<'_>, t: &Tree, path: &XPath, node: Ref) -> Result<Value> {
    let cx = &mut *c.cx;
    let mut tick = || cx.check_interrupts();
    Context::new(&t.doc, &t.namespaces, &mut tick).eval(path, node)
}

/// What `xpath` and its relatives do with their arguments.
fn xpath(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<(Tree, Value)> {
    let [path, data, rest @ ..] = args else { return Err(too_few()) };
    if let Some(d) = rest.first() {
        check_mapping(d.bytes())?;
    }
    let text = path.str();
    if text.is_empty() {
        return Err(err!(DATA_EXCEPTION, "empty XPath expression"));
    }
    let doc = tree(c, data.str())?;
    let namespaces = match rest.first() {
        Some(d) => mapping(d.bytes())?,
        None => Vec::new(),
    };
    let t = Tree { doc, namespaces };
    let kept = c.extra(|| Ok(Kept::default()))?;
    if kept.text != text || kept.path.is_none() {
        let path = adt::compile(text).map_err(|detail| adt::error("invalid XPath expression", detail))?;
        *kept = Kept { text: text.to_owned(), path: Some(Rc::new(path)) };
    }
    let Some(path) = kept.path.clone() else { return Err(too_few()) };
    let v = evaluate(c, &t, &path, (0, NIL))?;
    Ok((t, v))
}

/// A node as a value of its own (`xml_xmlnodetoxmltype`).
fn node_text(t: &Tree, n: Ref, out: &mut String) -> Result<()> {
    if n.1 != NIL {
        return Err(err!(OUT_OF_MEMORY, "could not copy node"));
    }
    match t.doc.node(n.0).kind {
        Kind::Attribute | Kind::Text => adt::escape(&t.doc.string_value(n.0), out),
        _ => out.push_str(&t.doc.dump(n.0)),
    }
    Ok(())
}

fn xpath_array(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let (t, v) = xpath(c, args)?;
    let mut items = Vec::new();
    let mut s = String::new();
    match &v {
        Value::Nodes(nodes) => {
            for n in nodes {
                let mut s = String::new();
                node_text(&t, *n, &mut s)?;
                items.push(s);
            }
        }
        Value::Number(n) => tusklet_adt::float::write_float8(*n, &mut s),
        Value::Bool(b) => s.push_str(if *b { "true" } else { "false" }),
        Value::Str(v) => adt::escape(v, &mut s),
    }
    if !matches!(v, Value::Nodes(_)) {
        items.push(s);
    }
    out.bytes(&tusklet_adt::array::from_items(oids::XML, items.iter().map(|s| Some(s.as_bytes())))?);
    Ok(())
}

fn xpath_exists(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let (_, v) = xpath(c, args)?;
    out.bool(!matches!(v, Value::Nodes(n) if n.is_empty()));
    Ok(())
}

/// XMLTABLE: of each row the texts of its columns. `exec` says in the first argument how each is to be made, and the
/// prefixes; then come the document, the row's path, the namespaces, and a path for each column.
fn xmltable(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [head, doc, row, rest @ ..] = args else { return Err(too_few()) };
    if doc.is_null() {
        return Ok(Ready::rows(Vec::new()));
    }
    let mut parts = head.str().split('\0');
    let kinds = parts.next().unwrap_or("").as_bytes();
    let names: Vec<&str> = parts.collect();
    let Some((uris, paths)) = rest.split_at_checked(names.len()) else { return Err(too_few()) };
    let mut t = Tree { doc: tree(c, doc.str())?, namespaces: Vec::new() };
    let null = |message: &str| err!(NULL_VALUE_NOT_ALLOWED, "{} must not be null"; message);
    for (n, d) in names.iter().zip(uris) {
        if d.is_null() {
            return Err(null("namespace URI"));
        }
        if n.is_empty() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "DEFAULT namespace is not supported"));
        }
        t.namespaces.push(((*n).to_owned(), d.str().to_owned()));
    }
    let compile = |s: &str, what: &str| {
        if s.is_empty() {
            return Err(err!(DATA_EXCEPTION, "{} path filter must not be empty string"; what));
        }
        adt::compile(s).map_err(|d| Error::new(SqlState::SYNTAX_ERROR, "invalid XPath expression").detail(d))
    };
    if row.is_null() {
        return Err(null("row filter expression"));
    }
    let row = compile(row.str(), "row")?;
    let mut columns = Vec::new();
    for (i, (kind, d)) in kinds.iter().zip(paths).enumerate() {
        if *kind == b'-' {
            columns.push(None);
            continue;
        }
        if d.is_null() {
            let name = c.site.columns.as_ref().and_then(|c| c.get(i)).map_or("", |c| c.0.as_str());
            return Err(null("column filter expression").detail(filled!("Filter for column \"{}\" is null."; name)));
        }
        columns.push(Some(compile(d.str(), "column")?));
    }
    let nodes = match evaluate(c, &t, &row, (0, NIL))? {
        Value::Nodes(n) => n,
        _ => Vec::new(),
    };
    let mut rows = Vec::new();
    for n in nodes {
        let mut values = Vec::new();
        for (kind, path) in kinds.iter().zip(&columns) {
            values.push(match path {
                None => vector::Value::Null,
                Some(p) => {
                    let v = evaluate(c, &t, p, n)?;
                    table_value(c, &t, &v, *kind)?
                }
            });
        }
        rows.push(values);
    }
    Ok(Ready::rows(rows))
}

/// The text of a column (`XmlTableGetValue`).
fn table_value(c: &mut Call<'_>, t: &Tree, v: &Value, kind: u8) -> Result<vector::Value> {
    let mut s = String::new();
    match v {
        Value::Nodes(n) if n.is_empty() => return Ok(vector::Value::Null),
        Value::Nodes(n) if kind == b'x' => {
            for n in n {
                node_text(t, *n, &mut s)?;
            }
        }
        Value::Nodes(n) if n.len() > 1 => {
            return Err(err!(CARDINALITY_VIOLATION, "more than one value returned by column XPath expression"));
        }
        Value::Str(v) if kind == b'x' => adt::escape(v, &mut s),
        Value::Bool(b) if kind == b'n' => s.push(if *b { '1' } else { '0' }),
        v => {
            let mut tick = || c.cx.check_interrupts();
            s = Context::new(&t.doc, &[], &mut tick).text(v);
        }
    }
    Ok(vector::Value::text(&s))
}

pub const TABLES: &[&[Entry]] = &[&[
    ("xml_in", f!(c; a: &str => input(c, a)?)),
    ("xml_out", f!(a: &str => adt::output(a))),
    ("xml_recv", f!(c; a: &[u8] => receive(c, a)?)),
    ("xml_send", f!(c; a: &str => crate::io::sent(c, adt::output(a).as_bytes())?)),
    ("texttoxml", f!(c; a: &str => input(c, a)?)),
    ("xmltotext", f!(a: &str => a)),
    ("xmlcomment", f!(a: &str => adt::comment(a)?)),
    ("xmlconcat2", f!(a: Option<&str>, b: Option<&str> => concat2(a, b))),
    ("xmlvalidate", f!(_a: &str => Err::<bool, _>(err!(FEATURE_NOT_SUPPORTED, "xmlvalidate is not implemented"))?)),
    ("xml_is_well_formed", f!(c; a: &str => adt::is_well_formed(a, document_option(c.cx)))),
    ("xml_is_well_formed_content", f!(a: &str => adt::is_well_formed(a, false))),
    ("xml_is_well_formed_document", f!(a: &str => adt::is_well_formed(a, true))),
    ("xpath", Kernel::Scalar(xpath_array)),
    ("xpath_exists", Kernel::Scalar(xpath_exists)),
    ("xmlexists", Kernel::Scalar(xpath_exists)),
    (
        "tusklet_xml_value",
        Kernel::Scalar(|c, args, out| {
            let (Some(d), Some(ty)) = (args.first(), c.site.args.first().map(|t| t.oid)) else { return Err(too_few()) };
            let mut s = String::new();
            write(c.cx, ty, *d, true, &mut s)?;
            out.str(&s);
            Ok(())
        }),
    ),
    ("tusklet_xml", Kernel::Scalar(expression)),
    ("tusklet_xmltable", Kernel::Set(xmltable)),
]];
