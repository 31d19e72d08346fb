//! `jsonpath` and what evaluates it.

use std::rc::Rc;

use tusklet_adt::jsonpath::{self as adt, Path};
use tusklet_adt::jsonpath_exec::{self as exec, Item, Outcome, Request};
use tusklet_error::Result;
use tusklet_vector::{Call, Datum, Kernel, Out, RowSource, Value};

use crate::bind::{Entry, datetime, too_few};
use crate::sets::Ready;

/// What a call site keeps: the path it evaluated last, parsed.
struct Kept {
    text: String,
    path: Rc<Path>,
}

fn path(c: &mut Call<'_>, text: &str) -> Result<Rc<Path>> {
    let make = || Ok(Kept { text: text.to_owned(), path: Rc::new(adt::parse(text)?) });
    let kept = c.extra(make)?;
    if kept.text != text {
        *kept = make()?;
    }
    Ok(kept.path.clone())
}

/// What a call wants of its evaluation.
#[derive(Clone, Copy)]
struct Way {
    /// The session's zone may be used.
    tz: bool,
    /// Only whether there is a result.
    exists: bool,
}

/// Evaluates a call's arguments: document, path and perhaps variables and silence (the operators are silent).
fn evaluate<T>(
    c: &mut Call<'_>,
    args: &[Datum<'_>],
    way: Way,
    then: impl FnOnce(Outcome, &[Item<'_>], bool) -> Result<T>,
) -> Result<T> {
    let [doc, text, options @ ..] = args else { return Err(too_few()) };
    let path = path(c, text.str())?;
    let (vars, silent) = match options {
        [vars, silent, ..] => (Some(vars.bytes()), silent.bool()),
        _ => (None, true),
    };
    let zone = if way.tz { Some(datetime(c)?) } else { None };
    let request = Request { path: &path, root: doc.bytes(), vars, silent, zone };
    let mut found = Vec::new();
    let outcome = exec::execute(&request, if way.exists { None } else { Some(&mut found) })?;
    then(outcome, &found, silent)
}

fn exists(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, tz: bool) -> Result<()> {
    match evaluate(c, args, Way { tz, exists: true }, |outcome, _, _| Ok(outcome))? {
        Outcome::Error => {}
        outcome => out.bool(outcome == Outcome::Ok),
    }
    Ok(())
}

fn matches(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, tz: bool) -> Result<()> {
    if let Some(b) = evaluate(c, args, Way { tz, exists: false }, |_, found, silent| exec::verdict(found, silent))? {
        out.bool(b);
    }
    Ok(())
}

fn array(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, tz: bool) -> Result<()> {
    out.bytes(&evaluate(c, args, Way { tz, exists: false }, |_, found, _| Ok(exec::array(found)))?);
    Ok(())
}

fn first(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, tz: bool) -> Result<()> {
    let found = evaluate(c, args, Way { tz, exists: false }, |_, found, _| Ok(found.first().map(Item::bytes)))?;
    if let Some(b) = found {
        out.bytes(&b);
    }
    Ok(())
}

fn query(c: &mut Call<'_>, args: &[Datum<'_>], tz: bool) -> Result<Box<dyn RowSource>> {
    evaluate(c, args, Way { tz, exists: false }, |_, found, _| {
        Ok(Ready::column(found.iter().map(|v| Value::bytes(&v.bytes())).collect()))
    })
}

/// The text, when it is a path.
fn checked(s: &str) -> Result<&str> {
    adt::parse(s)?;
    Ok(s)
}

pub const TABLES: &[&[Entry]] = &[&[
    ("jsonpath_in", f!(a: &str => checked(a)?)),
    ("jsonpath_out", f!(a: &str => adt::to_string(a)?)),
    ("jsonpath_recv", f!(a: &[u8] => adt::recv(a)?)),
    ("jsonpath_send", f!(a: &str => [&[1u8][..], adt::to_string(a)?.as_bytes()].concat())),
    ("jsonb_path_exists", Kernel::Scalar(|c, args, out| exists(c, args, out, false))),
    ("jsonb_path_exists_opr", Kernel::Scalar(|c, args, out| exists(c, args, out, false))),
    ("jsonb_path_exists_tz", Kernel::Scalar(|c, args, out| exists(c, args, out, true))),
    ("jsonb_path_match", Kernel::Scalar(|c, args, out| matches(c, args, out, false))),
    ("jsonb_path_match_opr", Kernel::Scalar(|c, args, out| matches(c, args, out, false))),
    ("jsonb_path_match_tz", Kernel::Scalar(|c, args, out| matches(c, args, out, true))),
    ("jsonb_path_query", Kernel::Set(|c, args| query(c, args, false))),
    ("jsonb_path_query_array", Kernel::Scalar(|c, args, out| array(c, args, out, false))),
    ("jsonb_path_query_array_tz", Kernel::Scalar(|c, args, out| array(c, args, out, true))),
    ("jsonb_path_query_first", Kernel::Scalar(|c, args, out| first(c, args, out, false))),
    ("jsonb_path_query_first_tz", Kernel::Scalar(|c, args, out| first(c, args, out, true))),
    ("jsonb_path_query_tz", Kernel::Set(|c, args| query(c, args, true))),
]];
