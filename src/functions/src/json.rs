//! `json`.

use tusklet_adt::json::{self as adt, Kind, escape};
use tusklet_error::{Error, Result, SqlState, TryVec, bail, err, filled};
use tusklet_vector::{Call, Datum, Kernel, RowSource, Value};

use crate::array::text_items;
use crate::bind::{Entry, too_few, written};
use crate::sets::Ready;
use crate::to_json;

fn checked<'a>(c: &Call<'_>, s: &'a str) -> Result<&'a str> {
    adt::validate(s).map_err(|e| too_deep(c, e))?;
    Ok(s)
}

/// The hint of nesting too deep names the setting, which only the session knows.
pub(crate) fn too_deep(c: &Call<'_>, e: Error) -> Error {
    if e.code() != SqlState::STATEMENT_TOO_COMPLEX {
        return e;
    }
    let limit = c.cx.setting("max_stack_depth").unwrap_or_default();
    e.hint(filled!(
        "Increase the configuration parameter \"max_stack_depth\" (currently {}), after ensuring the platform's stack depth limit is adequate.";
        limit
    ))
}

/// A document whose strings can be decoded.
fn decoded(s: &str) -> Result<&str> {
    adt::decodable(s)?;
    Ok(s)
}

/// A path argument; `None` when some step is NULL.
pub(crate) fn path(b: &[u8]) -> Result<Option<Vec<&str>>> {
    Ok(text_items(b)?.into_iter().collect())
}

fn extract<'a>(s: &'a str, p: &[u8]) -> Result<Option<&'a str>> {
    match path(p)? {
        Some(p) => Ok(adt::get_path(decoded(s)?, &p)?.map(str::trim)),
        None => Ok(None),
    }
}

fn text(s: Option<&str>) -> Result<Option<String>> {
    match s {
        Some(s) => adt::to_text(s),
        None => Ok(None),
    }
}

fn value(s: &str, as_text: bool) -> Result<Value> {
    if !as_text {
        return Ok(Value::text(s));
    }
    Ok(adt::to_text(s)?.map_or(Value::Null, |s| Value::text(&s)))
}

fn each(args: &[Datum<'_>], as_text: bool) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    match adt::kind(d.str()) {
        Kind::Object => {}
        Kind::Array => bail!(INVALID_PARAMETER_VALUE, "cannot deconstruct an array as an object"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot deconstruct a scalar"),
    }
    let rows = adt::members(decoded(d.str())?)?
        .into_iter()
        .map(|(k, v)| Ok(vec![Value::text(&k), value(v, as_text)?]))
        .try_vec()?;
    Ok(Ready::rows(rows))
}

fn elements(args: &[Datum<'_>], as_text: bool) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    let name = if as_text { "json_array_elements_text" } else { "json_array_elements" };
    match adt::kind(d.str()) {
        Kind::Array => {}
        Kind::Object => bail!(INVALID_PARAMETER_VALUE, "cannot call {} on a non-array"; name),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call {} on a scalar"; name),
    }
    let doc = if as_text { decoded(d.str())? } else { d.str() };
    Ok(Ready::column(adt::elements(doc).into_iter().map(|v| value(v, as_text)).try_vec()?))
}

fn keys(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    match adt::kind(d.str()) {
        Kind::Object => {}
        Kind::Array => bail!(INVALID_PARAMETER_VALUE, "cannot call json_object_keys on an array"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call json_object_keys on a scalar"),
    }
    Ok(Ready::column(adt::members(decoded(d.str())?)?.into_iter().map(|(k, _)| Value::text(&k)).collect()))
}

/// Pairs of a `text[]` of keys and values, one- or two-dimensional.
pub(crate) fn pairs(b: &[u8]) -> Result<Vec<(&str, Option<&str>)>> {
    let a = tusklet_adt::array::Array::decode(b)?;
    match a.dims.as_slice() {
        [] => {}
        [d] if d.len % 2 != 0 => bail!(ARRAY_SUBSCRIPT_ERROR, "array must have even number of elements"),
        [_] => {}
        [_, d] if d.len != 2 => bail!(ARRAY_SUBSCRIPT_ERROR, "array must have two columns"),
        [_, _] => {}
        _ => bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts"),
    }
    let items = text_items(b)?;
    items.chunks(2).map(|p| Ok((p[0].ok_or_else(null_key)?, p.get(1).copied().flatten()))).collect()
}

fn null_key() -> tusklet_error::Error {
    err!(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
}

/// Pairs of an array of keys and one of values.
pub(crate) fn zipped<'a>(keys: &'a [u8], values: &'a [u8]) -> Result<Vec<(&'a str, Option<&'a str>)>> {
    let dims = |b: &[u8]| tusklet_adt::array::Array::decode(b).map(|a| a.dims.len());
    if dims(keys)? > 1 || dims(values)? > 1 || dims(keys)? != dims(values)? {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    let (k, v) = (text_items(keys)?, text_items(values)?);
    if k.len() != v.len() {
        bail!(ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions");
    }
    k.into_iter().zip(v).map(|(k, v)| Ok((k.ok_or_else(null_key)?, v))).collect()
}

fn object(pairs: Vec<(&str, Option<&str>)>) -> String {
    let mut out = String::from("{");
    for (i, (k, v)) in pairs.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        escape(k, &mut out);
        out.push_str(" : ");
        match v {
            Some(v) => escape(v, &mut out),
            None => out.push_str("null"),
        }
    }
    out.push('}');
    out
}

fn row(c: &mut Call<'_>, b: &[u8], separator: &str) -> Result<String> {
    let ty = c.site.args.first().map_or(crate::oids::RECORD, |t| t.oid);
    let mut out = String::new();
    to_json::record(&mut *c.cx, ty, b, separator, &mut out)?;
    Ok(out)
}

fn array(c: &mut Call<'_>, b: &[u8], separator: &str) -> Result<String> {
    let mut out = String::new();
    to_json::array(&mut *c.cx, b, separator, &mut out)?;
    Ok(out)
}

fn any(c: &mut Call<'_>, d: Datum<'_>) -> Result<String> {
    let ty = c.site.args.first().map_or(crate::oids::TEXT, |t| t.oid);
    let mut out = String::new();
    to_json::write(&mut *c.cx, ty, d, &mut out)?;
    Ok(out)
}

pub const TABLES: &[&[Entry]] = &[&[
    ("json_in", f!(c; a: &str => checked(c, a)?)),
    ("json_out", f!(a: &[u8] => a)),
    ("json_recv", f!(c; a: &[u8] => checked(c, &crate::io::received(c, a)?)?)),
    ("json_send", f!(c; a: &[u8] => crate::io::sent(c, a)?)),
    ("json_object_field", f!(a: &str, k: &str => adt::get_key(decoded(a)?, k)?)),
    ("json_object_field_text", f!(a: &str, k: &str => text(adt::get_key(decoded(a)?, k)?)?)),
    ("json_array_element", f!(a: &str, i: i32 => adt::get_index(decoded(a)?, i))),
    ("json_array_element_text", f!(a: &str, i: i32 => text(adt::get_index(decoded(a)?, i))?)),
    ("json_extract_path", f!(a: &str, p: &[u8] => extract(a, p)?)),
    ("json_extract_path_text", f!(a: &str, p: &[u8] => text(extract(a, p)?)?)),
    ("json_array_length", f!(a: &str => adt::array_length(a)?)),
    ("json_typeof", f!(a: &str => adt::kind(a).name())),
    ("json_strip_nulls", f!(a: &str => { let mut s = String::new(); adt::strip_nulls(decoded(a)?, &mut s)?; s })),
    ("json_each", Kernel::Set(|_, args| each(args, false))),
    ("json_each_text", Kernel::Set(|_, args| each(args, true))),
    ("json_array_elements", Kernel::Set(|_, args| elements(args, false))),
    ("json_array_elements_text", Kernel::Set(|_, args| elements(args, true))),
    ("json_object_keys", Kernel::Set(keys)),
    ("json_object", f!(a: &[u8] => object(pairs(a)?))),
    ("json_object_two_arg", f!(k: &[u8], v: &[u8] => object(zipped(k, v)?))),
    (
        "json_build_object",
        Kernel::Scalar(|c, args, out| {
            if let Some(s) = to_json::build_object(c, args, "json_build_object")? {
                out.str(&s);
            }
            Ok(())
        }),
    ),
    ("json_build_object_noargs", f!( => "{}")),
    (
        "json_build_array",
        Kernel::Scalar(|c, args, out| {
            if let Some(s) = to_json::build_array(c, args)? {
                out.str(&s);
            }
            Ok(())
        }),
    ),
    ("json_build_array_noargs", f!( => "[]")),
    ("row_to_json", f!(c; a: &[u8] => row(c, a, ",")?)),
    ("row_to_json_pretty", f!(c; a: &[u8], pretty: bool => row(c, a, if pretty { ",\n " } else { "," })?)),
    ("array_to_json", f!(c; a: &[u8] => array(c, a, ",")?)),
    ("array_to_json_pretty", f!(c; a: &[u8], pretty: bool => array(c, a, if pretty { ",\n " } else { "," })?)),
    ("to_json", f!(c; a: Datum => any(c, a)?)),
    ("to_jsonb", f!(c; a: Datum => tusklet_adt::jsonb::parse(&any(c, a)?)?)),
    ("jsonb_object", f!(a: &[u8] => tusklet_adt::jsonb::parse(&object(pairs(a)?))?)),
    ("jsonb_object_two_arg", f!(k: &[u8], v: &[u8] => tusklet_adt::jsonb::parse(&object(zipped(k, v)?))?)),
    (
        "jsonb_build_object",
        Kernel::Scalar(|c, args, out| {
            if let Some(s) = to_json::build_object(c, args, "jsonb_build_object")? {
                out.bytes(&tusklet_adt::jsonb::parse(&s)?);
            }
            Ok(())
        }),
    ),
    ("jsonb_build_object_noargs", f!( => tusklet_adt::jsonb::ObjectBuilder::default().finish())),
    (
        "jsonb_build_array",
        Kernel::Scalar(|c, args, out| {
            if let Some(s) = to_json::build_array(c, args)? {
                out.bytes(&tusklet_adt::jsonb::parse(&s)?);
            }
            Ok(())
        }),
    ),
    ("jsonb_build_array_noargs", f!( => tusklet_adt::jsonb::ArrayBuilder::default().finish())),
    ("jsonb_pretty", f!(a: &[u8] => written(|s| tusklet_adt::jsonb::Jsonb(a).pretty(0, s)))),
]];
