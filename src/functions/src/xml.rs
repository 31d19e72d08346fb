//! `xml`: the constructors, XPath, XMLTABLE.

use tusklet_adt::array::Array;
use tusklet_adt::xml as adt;
use tusklet_error::{Error, Notice, Result, Severity, SqlState, err};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, TypeKind};

use crate::bind::{Entry, too_few};
use crate::oids;
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
    let warnings = adt::check(s, document)?;
    warn(c.cx, warnings);
    Ok(s)
}

fn input<'a>(c: &mut Call<'_>, s: &'a str) -> Result<&'a str> {
    let document = document_option(c.cx);
    checked(c, s, document)
}

/// A value as XML has it (`map_sql_value_to_xml_value`).
pub(crate) fn write(cx: &mut dyn CallContext, ty: u32, d: Datum<'_>, escape: bool, out: &mut String) -> Result<()> {
    let infinite = |what: &str| {
        err!(DATETIME_VALUE_OUT_OF_RANGE, "{what} out of range")
            .detail(format!("XML does not support infinite {what} values."))
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
                s.push_str(&format!("</{name}>"));
            }
        }
        b'2' => {
            let mut any = false;
            for ((n, d), ty) in names.iter().zip(args).zip(&types) {
                if !d.is_null() {
                    any = true;
                    s.push_str(&format!("<{n}>"));
                    write(c.cx, *ty, *d, true, &mut s)?;
                    s.push_str(&format!("</{n}>"));
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
fn receive<'a>(c: &mut Call<'_>, b: &'a [u8]) -> Result<&'a str> {
    let s = crate::io::check_utf8(b)?;
    input(c, s)
}

pub const TABLES: &[&[Entry]] = &[&[
    ("xml_in", f!(c; a: &str => input(c, a)?)),
    ("xml_out", f!(a: &str => adt::output(a))),
    ("xml_recv", f!(c; a: &[u8] => receive(c, a)?)),
    ("xml_send", f!(a: &str => adt::output(a).into_bytes())),
    ("texttoxml", f!(c; a: &str => input(c, a)?)),
    ("xmltotext", f!(a: &str => a)),
    ("xmlcomment", f!(a: &str => adt::comment(a)?)),
    ("xmlconcat2", f!(a: Option<&str>, b: Option<&str> => concat2(a, b))),
    ("xmlvalidate", f!(_a: &str => Err::<bool, _>(err!(FEATURE_NOT_SUPPORTED, "xmlvalidate is not implemented"))?)),
    ("xml_is_well_formed", f!(c; a: &str => adt::is_well_formed(a, document_option(c.cx)))),
    ("xml_is_well_formed_content", f!(a: &str => adt::is_well_formed(a, false))),
    ("xml_is_well_formed_document", f!(a: &str => adt::is_well_formed(a, true))),
    ("tusklet_xml", Kernel::Scalar(expression)),
]];
