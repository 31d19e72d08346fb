//! Composite values: input and output, comparison, and the rows' part of expressions.

use std::cmp::Ordering;

use tusklet_adt::record::{Record, add_names, encode, parse, write};
use tusklet_error::{Error, Result, bail, err};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, Phys, TypeKind, TypeRef};

use crate::array::stored;
use crate::bind::{Entry, too_few};
use crate::oids;
use crate::stored::phys_of;

/// The columns of a composite type, domains over it included.
pub(crate) fn fields_of(cx: &mut dyn CallContext, ty: u32) -> Result<Vec<(String, TypeRef)>> {
    let desc = cx.type_desc(ty)?;
    match &desc.kind {
        TypeKind::Composite(f) => Ok(f.clone()),
        TypeKind::Domain(base) => fields_of(cx, base.oid),
        _ => {
            let mut name = String::new();
            cx.output(oids::REGTYPE, Datum::I64(ty as i64), &mut name)?;
            Err(err!(WRONG_OBJECT_TYPE, "type {} is not composite"; name))
        }
    }
}

/// Reads text as a type and gives its stored bytes.
fn read(cx: &mut dyn CallContext, ty: TypeRef, text: &str) -> Result<Option<Vec<u8>>> {
    Ok(stored(cx.input(ty, text)?.as_datum()))
}

/// NULL as a field: a domain may forbid it.
fn absent(cx: &mut dyn CallContext, ty: TypeRef) -> Result<Option<Vec<u8>>> {
    cx.cast(ty.oid, ty, Datum::Null).map(|_| None)
}

fn record_in(c: &mut Call<'_>, text: &str, ty: u32) -> Result<Vec<u8>> {
    if ty == oids::RECORD {
        bail!(FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
    }
    let fields = fields_of(&mut *c.cx, ty)?;
    let mut values = Vec::with_capacity(fields.len());
    parse(text, fields.len(), &mut |i, s| {
        values.push(match s {
            Some(s) => read(&mut *c.cx, fields[i].1, s)?,
            None => absent(&mut *c.cx, fields[i].1)?,
        });
        Ok(())
    })?;
    Ok(encode(&fields.iter().zip(&values).map(|((_, t), v)| (t.oid, v.as_deref())).collect::<Vec<_>>()))
}

fn record_out(c: &mut Call<'_>, b: &[u8]) -> Result<String> {
    let r = Record::decode(b)?;
    let mut texts = Vec::with_capacity(r.len());
    // A row stored before its type got another column ends early.
    let width = match c.site.args.first() {
        Some(t) if t.oid != oids::RECORD => fields_of(&mut *c.cx, t.oid).map_or(0, |f| f.len()),
        _ => 0,
    };
    for i in 0..r.len().max(width) {
        texts.push(match r.field(i) {
            None => None,
            Some(b) => {
                let phys = phys_of(&mut *c.cx, r.field_type(i))?;
                let mut s = String::new();
                c.cx.output(r.field_type(i), Datum::load(phys, b), &mut s)?;
                Some(s)
            }
        });
    }
    let mut out = String::new();
    write(texts.iter().map(|s| s.as_deref()), &mut out);
    Ok(out)
}

fn record_send(c: &mut Call<'_>, b: &[u8]) -> Result<Vec<u8>> {
    let r = Record::decode(b)?;
    let mut out = (r.len() as u32).to_be_bytes().to_vec();
    for i in 0..r.len() {
        let ty = r.field_type(i);
        out.extend_from_slice(&ty.to_be_bytes());
        match r.field(i) {
            None => out.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(b) => {
                let phys = phys_of(&mut *c.cx, ty)?;
                let mut wire = Vec::new();
                c.cx.send(ty, Datum::load(phys, b), &mut wire)?;
                out.extend_from_slice(&(wire.len() as u32).to_be_bytes());
                out.extend_from_slice(&wire);
            }
        }
    }
    Ok(out)
}

fn record_recv(c: &mut Call<'_>, b: &[u8], ty: u32) -> Result<Vec<u8>> {
    if ty == oids::RECORD {
        bail!(FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
    }
    let fields = fields_of(&mut *c.cx, ty)?;
    let short = || err!(PROTOCOL_VIOLATION, "insufficient data left in message");
    let mut rest = b;
    let word = |rest: &mut &[u8]| -> Result<u32> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        *rest = tail;
        Ok(u32::from_be_bytes(*head))
    };
    let n = word(&mut rest)?;
    if n as usize != fields.len() {
        bail!(DATATYPE_MISMATCH, "wrong number of columns: {n}, expected {}", fields.len());
    }
    let mut values = Vec::with_capacity(fields.len());
    for (i, (_, t)) in fields.iter().enumerate() {
        let got = word(&mut rest)?;
        if got != t.oid {
            bail!(
                DATATYPE_MISMATCH,
                "binary data has type {got} ({}) instead of expected {} ({}) in record column {}",
                named(&mut *c.cx, got),
                t.oid,
                named(&mut *c.cx, t.oid),
                i + 1
            );
        }
        let len = word(&mut rest)? as i32;
        if len < 0 {
            values.push(absent(&mut *c.cx, *t)?);
            continue;
        }
        let (item, tail) = rest.split_at_checked(len as usize).ok_or_else(short)?;
        rest = tail;
        values.push(stored(c.cx.recv(*t, item)?.as_datum()));
    }
    Ok(encode(&fields.iter().zip(&values).map(|((_, t), v)| (t.oid, v.as_deref())).collect::<Vec<_>>()))
}

/// As `record_cmp`: field by field, NULL above everything.
fn compare(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (a, b) = (Record::decode(a)?, Record::decode(b)?);
    let collation = c.site.collation;
    for i in 0..a.len().min(b.len()) {
        let s = same_types(c, &a, &b, i)?;
        let order = match (a.field(i), b.field(i)) {
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
            (Some(x), Some(y)) => {
                let phys = phys_of(&mut *c.cx, s)?;
                c.cx.compare(s, collation, Datum::load(phys, x), Datum::load(phys, y))?
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    if a.len() != b.len() {
        return Err(other_length());
    }
    Ok(Ordering::Equal)
}

fn other_length() -> Error {
    err!(DATATYPE_MISMATCH, "cannot compare record types with different numbers of columns")
}

/// The type of field `i` of both.
fn same_types(c: &mut Call<'_>, a: &Record<'_>, b: &Record<'_>, i: usize) -> Result<u32> {
    let (s, t) = (a.field_type(i), b.field_type(i));
    if s != t {
        let (s, t) = (type_name(c, s)?, type_name(c, t)?);
        bail!(DATATYPE_MISMATCH, "cannot compare dissimilar column types {s} and {t} at record column {}", i + 1);
    }
    Ok(s)
}

/// A type's name for a message, `???` where there is no such type (`format_type_extended`).
pub(crate) fn named(cx: &mut dyn CallContext, ty: u32) -> String {
    let mut s = String::new();
    let known = cx.type_desc(ty).is_ok() && cx.output(oids::REGTYPE, Datum::I64(ty as i64), &mut s).is_ok();
    if known { s } else { "???".to_string() }
}

/// The name `format_type` gives.
pub(crate) fn type_name(c: &mut Call<'_>, ty: u32) -> Result<String> {
    let mut s = String::new();
    c.cx.output(oids::REGTYPE, Datum::I64(ty as i64), &mut s)?;
    Ok(s)
}

/// `record_eq`: of a type without an order it is the equality that is missed.
fn equal(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    match compare(c, a, b) {
        Ok(o) => Ok(o.is_eq()),
        Err(e) => match e.message().strip_prefix("could not identify a comparison function for type ") {
            Some(ty) => bail!(UNDEFINED_FUNCTION, "could not identify an equality operator for type {}"; ty),
            None => Err(e),
        },
    }
}

/// As `record_image_cmp`: by stored bytes.
fn image(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (a, b) = (Record::decode(a)?, Record::decode(b)?);
    for i in 0..a.len().min(b.len()) {
        same_types(c, &a, &b, i)?;
        let order = match (a.field(i), b.field(i)) {
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
            (Some(x), Some(y)) => match crate::stored::key_of(a.field_type(i)).0 {
                Phys::Bytes | Phys::Fixed16 => x.cmp(y),
                // As the machine word the number stands in, without a sign.
                phys @ (Phys::F32 | Phys::F64) => {
                    let bits = |b| Datum::load(phys, b).f64().to_bits();
                    bits(x).cmp(&bits(y))
                }
                phys => (Datum::load(phys, x).int() as u64).cmp(&(Datum::load(phys, y).int() as u64)),
            },
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    if a.len() != b.len() {
        return Err(other_length());
    }
    Ok(Ordering::Equal)
}

fn construct(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let values: Vec<Option<Vec<u8>>> = args.iter().map(|d| stored(*d)).collect();
    let fields: Vec<(u32, Option<&[u8]>)> = values
        .iter()
        .enumerate()
        .map(|(i, v)| (c.site.args.get(i).map_or(oids::UNKNOWN, |t| t.oid), v.as_deref()))
        .collect();
    out.bytes(&encode(&fields));
    Ok(())
}

/// As `construct`; the first argument is the fields' names, separated by NUL.
fn construct_named(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let Some((names, values)) = args.split_first() else { return Err(too_few()) };
    let stored: Vec<Option<Vec<u8>>> = values.iter().map(|d| stored(*d)).collect();
    let fields: Vec<(u32, Option<&[u8]>)> = stored
        .iter()
        .enumerate()
        .map(|(i, v)| (c.site.args.get(i + 1).map_or(oids::UNKNOWN, |t| t.oid), v.as_deref()))
        .collect();
    let mut bytes = encode(&fields);
    add_names(&mut bytes, names.str().split('\0'));
    out.bytes(&bytes);
    Ok(())
}

fn field(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[record, n, ..] = args else { return Err(too_few()) };
    if record.is_null() {
        return Ok(());
    }
    let r = Record::decode(record.bytes())?;
    let i = n.int() - 1;
    // A row stored before its type got another column ends early: the column is NULL.
    if i < 0 || i as usize >= r.len() {
        return Ok(());
    }
    if let Some(b) = r.field(i as usize) {
        let phys = phys_of(&mut *c.cx, r.field_type(i as usize))?;
        out.set(Datum::load(phys, b));
    }
    Ok(())
}

/// Bit 1: some field is NULL; bit 2: some field is not.
fn nulls(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[record, ..] = args else { return Err(too_few()) };
    if record.is_null() {
        out.i32(1);
        return Ok(());
    }
    let r = Record::decode(record.bytes())?;
    out.i32((0..r.len()).fold(0, |m, i| m | if r.field(i).is_none() { 1 } else { 2 }));
    Ok(())
}

/// A row with some fields replaced: the row, then pairs of a field's number and its value.
fn store(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [base, pairs @ ..] = args else { return Err(too_few()) };
    let ty = c.site.result.oid;
    let fields = fields_of(&mut *c.cx, ty)?;
    let old = if base.is_null() { None } else { Some(Record::decode(base.bytes())?) };
    let mut values: Vec<Option<Vec<u8>>> = (0..fields.len())
        .map(|i| old.as_ref().filter(|r| i < r.len()).and_then(|r| r.field(i)).map(<[u8]>::to_vec))
        .collect();
    for p in pairs.chunks(2) {
        let [n, v] = p else { return Err(too_few()) };
        if let Some(slot) = usize::try_from(n.int() - 1).ok().and_then(|i| values.get_mut(i)) {
            *slot = stored(*v);
        }
    }
    out.bytes(&encode(&fields.iter().zip(&values).map(|((_, t), v)| (t.oid, v.as_deref())).collect::<Vec<_>>()));
    Ok(())
}

/// How many arguments, or elements of a `VARIADIC` array, are NULL (or are not).
fn count_nulls(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>, null: bool) -> Result<()> {
    if let Some(all) = crate::to_json::variadic(c, args)? {
        out.i32(all.iter().filter(|(_, v)| v.is_null() == null).count() as i32);
    }
    Ok(())
}

macro_rules! ordered {
    ($test:ident) => {
        f!(c; a: &[u8], b: &[u8] => compare(c, a, b)?.$test())
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("record_in", f!(c; a: &str, ty: i64 => record_in(c, a, ty as u32)?)),
    ("record_out", f!(c; a: &[u8] => record_out(c, a)?)),
    ("record_recv", f!(c; a: &[u8], ty: i64 => record_recv(c, a, ty as u32)?)),
    ("record_send", f!(c; a: &[u8] => record_send(c, a)?)),
    ("record_eq", f!(c; a: &[u8], b: &[u8] => equal(c, a, b)?)),
    ("record_ne", f!(c; a: &[u8], b: &[u8] => !equal(c, a, b)?)),
    ("record_lt", ordered!(is_lt)),
    ("record_le", ordered!(is_le)),
    ("record_gt", ordered!(is_gt)),
    ("record_ge", ordered!(is_ge)),
    ("btrecordcmp", f!(c; a: &[u8], b: &[u8] => compare(c, a, b)? as i32)),
    ("record_image_eq", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_eq())),
    ("record_image_ne", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_ne())),
    ("record_image_lt", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_lt())),
    ("record_image_le", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_le())),
    ("record_image_gt", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_gt())),
    ("record_image_ge", f!(c; a: &[u8], b: &[u8] => image(c, a, b)?.is_ge())),
    ("btrecordimagecmp", f!(c; a: &[u8], b: &[u8] => image(c, a, b)? as i32)),
    ("pg_num_nulls", Kernel::Scalar(|c, args, out| count_nulls(c, args, out, true))),
    ("pg_num_nonnulls", Kernel::Scalar(|c, args, out| count_nulls(c, args, out, false))),
    ("tusklet_record_construct", Kernel::Scalar(construct)),
    ("tusklet_record_field", Kernel::Scalar(field)),
    ("tusklet_record_named", Kernel::Scalar(construct_named)),
    ("tusklet_record_nulls", Kernel::Scalar(nulls)),
    ("tusklet_record_store", Kernel::Scalar(store)),
]];
