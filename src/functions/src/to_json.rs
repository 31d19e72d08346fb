//! Any value as JSON text: `to_json`, `row_to_json`, `json_build_object` and what the JSON aggregates put in.

use tusklet_adt::array::Array;
use tusklet_adt::datetime::{DateStyle, DateTimeConfig};
use tusklet_adt::json::escape;
use tusklet_adt::record::Record;
use tusklet_adt::{date, timestamp};
use tusklet_error::{Error, Result, err, filled};
use tusklet_vector::{Call, CallContext, Datum, TypeKind};

use crate::bind::formats;
use crate::oids;
use crate::record::fields_of;
use crate::stored::phys_of;

/// How a type's values look in JSON (`json_categorize_type`).
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Category {
    Bool,
    Number,
    Date,
    Timestamp,
    TimestampTz,
    Json,
    Jsonb,
    Array,
    Composite,
    Other,
}

pub(crate) fn category(cx: &mut dyn CallContext, ty: u32) -> Result<Category> {
    Ok(match ty {
        oids::BOOL => Category::Bool,
        oids::INT2 | oids::INT4 | oids::INT8 | oids::FLOAT4 | oids::FLOAT8 | oids::NUMERIC => Category::Number,
        oids::DATE => Category::Date,
        oids::TIMESTAMP => Category::Timestamp,
        oids::TIMESTAMPTZ => Category::TimestampTz,
        oids::JSON => Category::Json,
        oids::JSONB => Category::Jsonb,
        oids::TEXT | oids::VARCHAR | oids::UNKNOWN | oids::CSTRING => Category::Other,
        oids::RECORD => Category::Composite,
        oids::OIDVECTOR | oids::INT2VECTOR | oids::ANYARRAY => Category::Array,
        _ => match &cx.type_desc(ty)?.kind {
            TypeKind::Array(_) => Category::Array,
            TypeKind::Composite(_) => Category::Composite,
            TypeKind::Domain(base) => return category(cx, base.oid),
            _ => Category::Other,
        },
    })
}

/// XSD's form, quoted.
fn iso(cx: &dyn CallContext, cat: Category, d: Datum<'_>, out: &mut String) -> Result<()> {
    out.push('"');
    out.push_str(&xsd(cx, cat, d)?);
    out.push('"');
    Ok(())
}

/// XSD's form of a date or timestamp: a `T` between date and time, minutes in every offset.
pub(crate) fn xsd(cx: &dyn CallContext, cat: Category, d: Datum<'_>) -> Result<String> {
    let config = DateTimeConfig { date_style: DateStyle::Iso, ..formats(cx)?.datetime(cx.transaction_time()) };
    let mut s = String::new();
    match cat {
        Category::Date => date::date_out(&mut s, d.i32(), &config),
        Category::Timestamp => timestamp::timestamp_out(&mut s, d.i64(), &config),
        _ => timestamp::timestamptz_out(&mut s, d.i64(), &config),
    }
    if cat != Category::Date && timestamp::is_finite(d.i64()) {
        s = s.replacen(' ', "T", 1);
        if cat == Category::TimestampTz {
            let end = s.strip_suffix(" BC").map_or(s.len(), str::len);
            if s.as_bytes().get(end.wrapping_sub(3)).is_some_and(|c| matches!(c, b'+' | b'-')) {
                s.insert_str(end, ":00");
            }
        }
    }
    Ok(s)
}

/// Whether a number's text is a JSON number (`NaN` is not).
fn is_number(s: &str) -> bool {
    !s.bytes().any(|c| matches!(c, b'N' | b'I' | b'n' | b'i'))
}

/// Appends a value as JSON.
pub(crate) fn write(cx: &mut dyn CallContext, ty: u32, d: Datum<'_>, out: &mut String) -> Result<()> {
    if d.is_null() {
        out.push_str("null");
        return Ok(());
    }
    match category(cx, ty)? {
        Category::Bool => out.push_str(if d.bool() { "true" } else { "false" }),
        Category::Number => {
            let mut s = String::new();
            cx.output(ty, d, &mut s)?;
            if is_number(&s) {
                out.push_str(&s);
            } else {
                escape(&s, out);
            }
        }
        cat @ (Category::Date | Category::Timestamp | Category::TimestampTz) => iso(cx, cat, d, out)?,
        Category::Json => out.push_str(d.str()),
        Category::Jsonb => tusklet_adt::jsonb::Jsonb(d.bytes()).write(out),
        Category::Array => array(cx, d.bytes(), ",", out)?,
        Category::Composite => record(cx, ty, d.bytes(), ",", out)?,
        Category::Other => {
            let mut s = String::new();
            cx.output(ty, d, &mut s)?;
            escape(&s, out);
        }
    }
    Ok(())
}

/// Appends a value as an object's key.
pub(crate) fn write_key(cx: &mut dyn CallContext, ty: u32, d: Datum<'_>, out: &mut String) -> Result<()> {
    match category(cx, ty)? {
        Category::Array | Category::Composite | Category::Json | Category::Jsonb => {
            Err(err!(INVALID_PARAMETER_VALUE, "key value must be scalar, not array, composite, or json"))
        }
        Category::Bool => {
            out.push_str(if d.bool() { "\"true\"" } else { "\"false\"" });
            Ok(())
        }
        cat @ (Category::Date | Category::Timestamp | Category::TimestampTz) => iso(cx, cat, d, out),
        _ => {
            let mut s = String::new();
            cx.output(ty, d, &mut s)?;
            escape(&s, out);
            Ok(())
        }
    }
}

fn level(
    cx: &mut dyn CallContext,
    a: &Array<'_>,
    dim: usize,
    at: &mut usize,
    separator: &str,
    out: &mut String,
) -> Result<()> {
    let phys = phys_of(cx, a.element)?;
    out.push('[');
    for i in 0..a.dims[dim].len {
        if i > 0 {
            out.push_str(separator);
        }
        if dim + 1 == a.dims.len() {
            write(cx, a.element, a.item(*at).map_or(Datum::Null, |b| Datum::load(phys, b)), out)?;
            *at += 1;
        } else {
            // Only the outermost level breaks lines.
            level(cx, a, dim + 1, at, ",", out)?;
        }
    }
    out.push(']');
    Ok(())
}

/// Appends an array.
pub(crate) fn array(cx: &mut dyn CallContext, b: &[u8], separator: &str, out: &mut String) -> Result<()> {
    let a = Array::decode(b)?;
    if a.dims.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    level(cx, &a, 0, &mut 0, separator, out)
}

/// Appends a composite value; fields of an anonymous one are `f1`, `f2`, ….
pub(crate) fn record(cx: &mut dyn CallContext, ty: u32, b: &[u8], separator: &str, out: &mut String) -> Result<()> {
    let r = Record::decode(b)?;
    let names: Vec<String> =
        if ty == oids::RECORD { Vec::new() } else { fields_of(cx, ty)?.into_iter().map(|f| f.0).collect() };
    out.push('{');
    for i in 0..r.len() {
        if i > 0 {
            out.push_str(separator);
        }
        match names.get(i) {
            Some(n) => escape(n, out),
            None => match r.name(i) {
                Some(n) => escape(n, out),
                None => escape(&format!("f{}", i + 1), out),
            },
        }
        out.push(':');
        let field = r.field_type(i);
        let phys = phys_of(cx, field)?;
        write(cx, field, r.field(i).map_or(Datum::Null, |b| Datum::load(phys, b)), out)?;
    }
    out.push('}');
    Ok(())
}

/// The arguments of a `VARIADIC "any"` function with their types, an array's elements when it was called with one.
pub(crate) fn variadic(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Option<Vec<(u32, tusklet_vector::Value)>>> {
    if !c.site.variadic {
        return Ok(Some(
            args.iter()
                .enumerate()
                .map(|(i, d)| (c.site.args.get(i).map_or(oids::TEXT, |t| t.oid), d.to_value()))
                .collect(),
        ));
    }
    let Some(array) = args.first().filter(|d| !d.is_null()) else { return Ok(None) };
    let a = Array::decode(array.bytes())?;
    let phys = phys_of(&mut *c.cx, a.element)?;
    Ok(Some(a.iter().map(|b| (a.element, b.map_or(Datum::Null, |b| Datum::load(phys, b)).to_value())).collect()))
}

/// `json_build_object`, or `jsonb_build_object`'s text.
pub(crate) fn build_object(c: &mut Call<'_>, args: &[Datum<'_>], function: &str) -> Result<Option<String>> {
    let Some(all) = variadic(c, args)? else { return Ok(None) };
    if all.len() % 2 != 0 {
        return Err(err!(INVALID_PARAMETER_VALUE, "argument list must have even number of elements")
            .hint(filled!("The arguments of {}() must consist of alternating keys and values."; function)));
    }
    let mut out = String::from("{");
    for (i, pair) in all.chunks(2).enumerate() {
        let [(kt, k), (vt, v)] = pair else { return Err(Error::internal("odd pair")) };
        if i > 0 {
            out.push_str(", ");
        }
        if k.is_null() {
            return Err(if function == "json_build_object" {
                err!(INVALID_PARAMETER_VALUE, "argument {} cannot be null", 2 * i + 1)
                    .hint("Object keys should be text.")
            } else {
                err!(INVALID_PARAMETER_VALUE, "argument {}: key must not be null", 2 * i + 1)
            });
        }
        write_key(&mut *c.cx, *kt, k.as_datum(), &mut out)?;
        out.push_str(" : ");
        write(&mut *c.cx, *vt, v.as_datum(), &mut out)?;
    }
    out.push('}');
    Ok(Some(out))
}

/// `json_build_array`.
pub(crate) fn build_array(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Option<String>> {
    let Some(all) = variadic(c, args)? else { return Ok(None) };
    let mut out = String::from("[");
    for (i, (t, v)) in all.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(&mut *c.cx, *t, v.as_datum(), &mut out)?;
    }
    out.push(']');
    Ok(Some(out))
}
