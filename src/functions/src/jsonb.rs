//! `jsonb`.

use tusklet_adt::jsonb::{self as adt, Jsonb};
use tusklet_adt::numeric::Numeric;
use tusklet_error::{Result, bail};
use tusklet_vector::{Call, Column, Datum, Kernel, Out, RowSource, Sel, Value, Vector};

use crate::array::text_items;
use crate::batch::rows;
use crate::bind::{Entry, Ret, too_few};
use crate::date::ordered;
use crate::json::path;
use crate::oids;
use crate::sets::Ready;

fn extract<'a>(a: &'a [u8], p: &[u8]) -> Result<Option<Jsonb<'a>>> {
    Ok(path(p)?.and_then(|p| Jsonb(a).path(&p)))
}

fn bytes(j: Option<Jsonb<'_>>) -> Option<&[u8]> {
    j.map(|j| j.0)
}

/// What `->>` answers.
struct Text<'a>(Option<Jsonb<'a>>);

impl Ret for Text<'_> {
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        let Some(j) = self.0 else { return };
        if let Some(s) = j.string_bytes() {
            out.bytes(s);
        } else if let Some(n) = j.as_small() {
            let (mut digits, mut at, mut u) = ([0; 20], 20, n.unsigned_abs());
            while u > 0 || at == 20 {
                at -= 1;
                digits[at] = b'0' + (u % 10) as u8;
                u /= 10;
            }
            if n < 0 {
                at -= 1;
                digits[at] = b'-';
            }
            out.bytes(&digits[at..]);
        } else {
            j.to_text().put(out);
        }
    }
}

/// `->` and, as `text`, `->>` over a column: what they find stays where the documents are.
#[cfg_attr(tuned, optimize(speed))]
fn parts(
    c: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
    text: bool,
    find: for<'a> fn(Jsonb<'a>, Datum<'_>) -> Option<Jsonb<'a>>,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let Some(docs) = x.bytes() else { return Ok(()) };
    let mut map = Vec::new();
    rows(c, sel, out, |out, i| {
        let at = x.at(i);
        let doc = docs.get(at);
        let found = find(Jsonb(doc), y.get(i));
        let part = if text { found.and_then(|j| j.string_bytes()) } else { bytes(found) };
        match (part, &mut out.data) {
            (Some(v), Column::Bytes(out)) => {
                let from = (v.as_ptr() as usize).wrapping_sub(doc.as_ptr() as usize);
                out.set_part(i, docs, at, from..from.wrapping_add(v.len()), &mut map);
            }
            _ => {
                let mut o = Out::new(out, i);
                Text(found).put(&mut o);
                o.finish();
            }
        }
        Ok(())
    })
}

#[cfg_attr(tuned, optimize(speed))]
fn field<'a>(j: Jsonb<'a>, key: Datum<'_>) -> Option<Jsonb<'a>> {
    j.get(key.str())
}

fn element<'a>(j: Jsonb<'a>, at: Datum<'_>) -> Option<Jsonb<'a>> {
    j.at(at.i32())
}

fn value(j: Jsonb<'_>, as_text: bool) -> Value {
    if as_text { j.to_text().map_or(Value::Null, |s| Value::text(&s)) } else { Value::bytes(j.0) }
}

fn each(args: &[Datum<'_>], as_text: bool) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    let j = Jsonb(d.bytes());
    if j.kind() != tusklet_adt::json::Kind::Object {
        bail!(
            INVALID_PARAMETER_VALUE,
            "cannot call {} on a non-object";
            if as_text { "jsonb_each_text" } else { "jsonb_each" }
        );
    }
    Ok(Ready::rows(j.members().map(|(k, v)| vec![Value::text(k), value(v, as_text)]).collect()))
}

fn elements(args: &[Datum<'_>], as_text: bool) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    let j = Jsonb(d.bytes());
    match j.kind() {
        tusklet_adt::json::Kind::Array => {}
        tusklet_adt::json::Kind::Object => bail!(INVALID_PARAMETER_VALUE, "cannot extract elements from an object"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot extract elements from a scalar"),
    }
    Ok(Ready::column(j.items().map(|v| value(v, as_text)).collect()))
}

fn keys(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let &[d, ..] = args else { return Err(too_few()) };
    let j = Jsonb(d.bytes());
    match j.kind() {
        tusklet_adt::json::Kind::Object => {}
        tusklet_adt::json::Kind::Array => bail!(INVALID_PARAMETER_VALUE, "cannot call jsonb_object_keys on an array"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call jsonb_object_keys on a scalar"),
    }
    Ok(Ready::column(j.members().map(|(k, _)| Value::text(k)).collect()))
}

fn number(a: &[u8], to: &str) -> Result<Numeric> {
    Jsonb(a).as_number().ok_or_else(|| Jsonb(a).cannot_cast(to))
}

fn set_lax(
    j: Option<&[u8]>,
    p: Option<&[u8]>,
    v: Option<&[u8]>,
    create: Option<bool>,
    null: Option<&str>,
) -> Result<Option<Vec<u8>>> {
    let (Some(j), Some(p), Some(create)) = (j, p, create) else { return Ok(None) };
    let unknown =
        "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"";
    let Some(null) = null else { bail!(INVALID_PARAMETER_VALUE, "{}"; unknown) };
    let Some(v) = v else {
        return match null {
            "raise_exception" => Err(tusklet_error::err!(NULL_VALUE_NOT_ALLOWED, "JSON value must not be null")
                .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
                .hint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")),
            "use_json_null" => Jsonb(j).set(&target(p)?, &Jsonb(&adt::null()), create).map(Some),
            "delete_key" => Jsonb(j).delete_path(&target(p)?).map(Some),
            "return_target" => Ok(Some(j.to_vec())),
            _ => bail!(INVALID_PARAMETER_VALUE, "{}"; unknown),
        };
    };
    Jsonb(j).set(&target(p)?, &Jsonb(v), create).map(Some)
}

/// A path to what is changed.
fn target(b: &[u8]) -> Result<Vec<Option<&str>>> {
    if tusklet_adt::array::Array::decode(b)?.dims.len() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts");
    }
    text_items(b)
}

/// A subscript as a step of a path.
fn step(c: &Call<'_>, i: usize, d: Datum<'_>) -> String {
    match c.site.args.get(i).map(|t| t.oid) {
        Some(oids::INT4 | oids::INT2 | oids::INT8) => d.int().to_string(),
        _ => d.str().to_owned(),
    }
}

fn subscript(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [j, subs @ ..] = args else { return Err(too_few()) };
    if j.is_null() || subs.iter().any(|d| d.is_null()) {
        return Ok(());
    }
    let steps: Vec<String> = subs.iter().enumerate().map(|(i, d)| step(c, i + 1, *d)).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    if let Some(v) = Jsonb(j.bytes()).path(&steps) {
        out.bytes(v.0);
    }
    Ok(())
}

/// `j[…] = value` as `jsonb_set_element` does it: missing containers are made, gaps in arrays filled with nulls.
fn assign(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [j, v, subs @ ..] = args else { return Err(too_few()) };
    let is_int = |i: usize| matches!(c.site.args.get(i + 2).map(|t| t.oid), Some(oids::INT4 | oids::INT2 | oids::INT8));
    let steps: Vec<(String, bool)> = subs.iter().enumerate().map(|(i, d)| (step(c, i + 2, *d), is_int(i))).collect();
    let null = adt::null();
    let v = if v.is_null() { null.as_slice() } else { v.bytes() };
    let base = if j.is_null() { None } else { Some(Jsonb(j.bytes())) };
    if let Some(b) = base
        && b.is_scalar()
    {
        return Err(scalar_key());
    }
    out.bytes(&set_element(base, &steps, v, 0)?);
    Ok(())
}

fn scalar_key() -> tusklet_error::Error {
    tusklet_error::err!(INVALID_PARAMETER_VALUE, "cannot replace existing key")
        .detail("The path assumes key is a composite object, but it is a scalar value.")
}

fn set_element(at: Option<Jsonb<'_>>, steps: &[(String, bool)], v: &[u8], depth: usize) -> Result<Vec<u8>> {
    use tusklet_adt::json::Kind;
    let Some((step, is_int)) = steps.first() else { return Ok(v.to_vec()) };
    let rest = &steps[1..];
    let kind = match at.as_ref().map(|j| j.kind()) {
        None => {
            if *is_int {
                Kind::Array
            } else {
                Kind::Object
            }
        }
        Some(k @ (Kind::Array | Kind::Object)) => k,
        Some(_) => return Err(scalar_key()),
    };
    if kind == Kind::Object {
        let mut b = adt::ObjectBuilder::default();
        let mut old = None;
        if let Some(j) = at {
            for (k, x) in j.members() {
                if k == step { old = Some(x) } else { b.push(k, x.0) }
            }
        }
        b.push(step, &set_element(old, rest, v, depth + 1)?);
        return Ok(b.finish());
    }
    let Ok(index) = step.trim().parse::<i64>() else {
        bail!(INVALID_TEXT_REPRESENTATION, "path element at position {} is not an integer: \"{step}\"", depth + 1);
    };
    let items: Vec<Jsonb<'_>> = at.map(|j| j.items().collect()).unwrap_or_default();
    let n = items.len() as i64;
    let index = if index < 0 { index + n } else { index };
    if index < 0 {
        bail!(INVALID_PARAMETER_VALUE, "path element at position {} is out of range: {}", depth + 1, index - n);
    }
    if index > 10_000_000 {
        bail!(PROGRAM_LIMIT_EXCEEDED, "number of jsonb array elements exceeds the maximum allowed (10000000)");
    }
    let mut b = adt::ArrayBuilder::default();
    let null = adt::null();
    for i in 0..n.max(index + 1) {
        let old = items.get(i as usize).copied();
        if i == index {
            b.push(&set_element(old, rest, v, depth + 1)?);
        } else {
            b.push(old.map_or(null.as_slice(), |j| j.0));
        }
    }
    Ok(b.finish())
}

fn strings(b: &[u8]) -> Result<Vec<&str>> {
    Ok(text_items(b)?.into_iter().flatten().collect())
}

pub const TABLES: &[&[Entry]] = &[
    &ordered!("jsonb_", "", |_c, a: &[u8], b: &[u8]| Jsonb(a).cmp(&Jsonb(b))),
    &[
        ("jsonb_in", f!(c; a: &str => adt::parse(a).map_err(|e| crate::json::too_deep(c, e))?)),
        ("jsonb_out", f!(a: &[u8] => adt::to_string(a))),
        (
            "jsonb_recv",
            f!(c; a: &[u8] => match a {
                [1, rest @ ..] => adt::parse(&crate::io::received(c, rest)?)?,
                [version, ..] => bail!(INTERNAL_ERROR, "unsupported jsonb version number {version}"),
                [] => bail!(PROTOCOL_VIOLATION, "insufficient data left in message"),
            }),
        ),
        ("jsonb_send", f!(c; a: &[u8] => [&[1u8][..], &crate::io::sent(c, adt::to_string(a).as_bytes())?].concat())),
        (
            "jsonb_object_field",
            Kernel::Batch(
                |c, a, s, o| parts(c, a, s, o, false, field),
                s!(a: &[u8], k: &str => bytes(Jsonb(a).get(k))),
            ),
        ),
        (
            "jsonb_object_field_text",
            Kernel::Batch(
                |c, a, s, o| parts(c, a, s, o, true, field),
                s!(a: &[u8], k: &str => Text(Jsonb(a).get(k))),
            ),
        ),
        (
            "jsonb_array_element",
            Kernel::Batch(
                |c, a, s, o| parts(c, a, s, o, false, element),
                s!(a: &[u8], i: i32 => bytes(Jsonb(a).at(i))),
            ),
        ),
        (
            "jsonb_array_element_text",
            Kernel::Batch(
                |c, a, s, o| parts(c, a, s, o, true, element),
                s!(a: &[u8], i: i32 => Text(Jsonb(a).at(i))),
            ),
        ),
        ("jsonb_extract_path", f!(a: &[u8], p: &[u8] => bytes(extract(a, p)?))),
        ("jsonb_extract_path_text", f!(a: &[u8], p: &[u8] => Text(extract(a, p)?))),
        ("jsonb_array_length", f!(a: &[u8] => Jsonb(a).array_length()?)),
        ("jsonb_typeof", f!(a: &[u8] => Jsonb(a).kind().name())),
        ("jsonb_strip_nulls", f!(a: &[u8] => Jsonb(a).strip_nulls())),
        ("jsonb_each", Kernel::Set(|_, args| each(args, false))),
        ("jsonb_each_text", Kernel::Set(|_, args| each(args, true))),
        ("jsonb_array_elements", Kernel::Set(|_, args| elements(args, false))),
        ("jsonb_array_elements_text", Kernel::Set(|_, args| elements(args, true))),
        ("jsonb_object_keys", Kernel::Set(keys)),
        ("jsonb_contains", f!(a: &[u8], b: &[u8] => Jsonb(a).contains(&Jsonb(b)))),
        ("jsonb_contained", f!(a: &[u8], b: &[u8] => Jsonb(b).contains(&Jsonb(a)))),
        ("jsonb_exists", f!(a: &[u8], k: &str => Jsonb(a).exists(k))),
        ("jsonb_exists_any", f!(a: &[u8], k: &[u8] => strings(k)?.iter().any(|k| Jsonb(a).exists(k)))),
        ("jsonb_exists_all", f!(a: &[u8], k: &[u8] => strings(k)?.iter().all(|k| Jsonb(a).exists(k)))),
        ("jsonb_concat", f!(a: &[u8], b: &[u8] => Jsonb(a).concat(&Jsonb(b)))),
        ("jsonb_delete", f!(a: &[u8], k: &str => Jsonb(a).delete_keys(&[k])?)),
        ("jsonb_delete_array", f!(a: &[u8], k: &[u8] => Jsonb(a).delete_keys(&target(k)?.into_iter().flatten().collect::<Vec<_>>())?)),
        ("jsonb_delete_idx", f!(a: &[u8], i: i32 => Jsonb(a).delete_index(i)?)),
        ("jsonb_delete_path", f!(a: &[u8], p: &[u8] => Jsonb(a).delete_path(&target(p)?)?)),
        (
            "jsonb_set",
            f!(a: &[u8], p: &[u8], v: &[u8], create: bool => Jsonb(a).set(&target(p)?, &Jsonb(v), create)?),
        ),
        (
            "jsonb_set_lax",
            f!(a: Option<&[u8]>, p: Option<&[u8]>, v: Option<&[u8]>, create: Option<bool>, null: Option<&str> => set_lax(a, p, v, create, null)?),
        ),
        (
            "jsonb_insert",
            f!(a: &[u8], p: &[u8], v: &[u8], after: bool => Jsonb(a).insert(&target(p)?, &Jsonb(v), after)?),
        ),
        ("jsonb_bool", f!(a: &[u8] => Jsonb(a).as_bool().ok_or_else(|| Jsonb(a).cannot_cast("boolean"))?)),
        ("jsonb_numeric", f!(a: &[u8] => number(a, "numeric")?)),
        ("jsonb_int2", f!(a: &[u8] => number(a, "smallint")?.to_int2()?)),
        ("jsonb_int4", f!(a: &[u8] => number(a, "integer")?.to_int4()?)),
        ("jsonb_int8", f!(a: &[u8] => number(a, "bigint")?.to_int8()?)),
        ("jsonb_float4", f!(a: &[u8] => number(a, "real")?.to_f32()?)),
        ("jsonb_float8", f!(a: &[u8] => number(a, "double precision")?.to_f64()?)),
        ("tusklet_jsonb_subscript", Kernel::Scalar(subscript)),
        ("tusklet_jsonb_assign", Kernel::Scalar(assign)),
    ],
];
