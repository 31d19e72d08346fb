//! Arrays of any element type, and the containers' part of expressions: `ARRAY[…]`, subscripts, slices, assignments.
//!
//! The element type of an array comes from its stored bytes; where there is no array yet, from the type of the call site.

use std::cmp::Ordering;

use tusklet_adt::array::{self as adt, Array, ArrayBuilder};
use tusklet_error::{Result, bail, err};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, Phys, RowSource, TypeKind, TypeRef, Vector};

use crate::bind::{Entry, too_few};
use crate::oids;
use crate::stored::with_order;

/// The element type of an array type, domains over arrays included.
pub(crate) fn element_of(cx: &mut dyn CallContext, ty: u32) -> Result<u32> {
    match ty {
        oids::OIDVECTOR => return Ok(oids::OID),
        oids::INT2VECTOR => return Ok(oids::INT2),
        _ => {}
    }
    let desc = cx.type_desc(ty)?;
    match &desc.kind {
        TypeKind::Array(e) => Ok(*e),
        TypeKind::Domain(base) => element_of(cx, base.oid),
        _ => Err(err!(DATATYPE_MISMATCH, "type {} is not an array type"; desc.name)),
    }
}

/// The stored bytes of a datum.
pub(crate) fn stored(d: Datum<'_>) -> Option<Vec<u8>> {
    if d.is_null() {
        return None;
    }
    let mut b = Vec::new();
    d.store(&mut b);
    Some(b)
}

fn result_element(c: &mut Call<'_>) -> Result<u32> {
    let ty = c.site.result.oid;
    element_of(&mut *c.cx, ty)
}

fn empty(element: u32) -> Result<Vec<u8>> {
    ArrayBuilder::new(element).finish_1d()
}

fn array_in(c: &mut Call<'_>, text: &str, element: u32, typmod: i32) -> Result<Vec<u8>> {
    let delimiter = c.cx.type_desc(element)?.delim;
    let cx = &mut *c.cx;
    adt::parse(text, element, delimiter as char, &mut |s| {
        let v = cx.input(TypeRef { oid: element, typmod }, s)?;
        Ok(stored(v.as_datum()).unwrap_or_default())
    })
}

fn array_out(c: &mut Call<'_>, b: &[u8]) -> Result<String> {
    let a = Array::decode(b)?;
    let desc = c.cx.type_desc(a.element)?;
    let mut out = String::new();
    let cx = &mut *c.cx;
    a.write(desc.delim as char, &mut |b, s| cx.output(a.element, Datum::load(desc.phys, b), s), &mut out)?;
    Ok(out)
}

fn array_send(c: &mut Call<'_>, b: &[u8]) -> Result<Vec<u8>> {
    let a = Array::decode(b)?;
    let phys = c.cx.type_desc(a.element)?.phys;
    let mut out = Vec::new();
    let cx = &mut *c.cx;
    a.send(&mut |b, o| cx.send(a.element, Datum::load(phys, b), o), &mut out)?;
    Ok(out)
}

/// Vectors have one dimension even when they are empty.
fn vector_send(c: &mut Call<'_>, b: &[u8]) -> Result<Vec<u8>> {
    let mut out = array_send(c, b)?;
    if let [0, 0, 0, dims @ 0, ..] = &mut out[..] {
        *dims = 1;
        out.extend_from_slice(&[0; 8]);
    }
    Ok(out)
}

fn array_recv(c: &mut Call<'_>, b: &[u8], element: u32, typmod: i32) -> Result<Vec<u8>> {
    let cx = std::cell::RefCell::new(&mut *c.cx);
    let read = &mut |b: &[u8]| {
        let v = cx.borrow_mut().recv(TypeRef { oid: element, typmod }, b)?;
        Ok(stored(v.as_datum()).unwrap_or_default())
    };
    adt::recv(b, element, read, &|found| {
        let name = |ty| crate::record::named(&mut **cx.borrow_mut(), ty);
        err!(
            DATATYPE_MISMATCH,
            "binary data has array element type {found} ({}) instead of expected {element} ({})",
            name(found),
            name(element)
        )
    })
}

fn compare(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<Ordering> {
    let (a, b) = (Array::decode(a)?, Array::decode(b)?);
    if a.element != b.element {
        bail!(DATATYPE_MISMATCH, "cannot compare arrays of different element types");
    }
    let collation = c.site.collation;
    with_order(&mut *c.cx, a.element, collation, |order| a.cmp(&b, order))
}

/// Runs `f` with the equality of the array's elements.
fn with_equality<R>(c: &mut Call<'_>, a: &Array<'_>, f: impl FnOnce(&dyn Fn(&[u8], &[u8]) -> bool) -> R) -> Result<R> {
    let collation = c.site.collation;
    crate::stored::with_equality(&mut *c.cx, a.element, collation, |order| f(&|x, y| order(x, y) == Ordering::Equal))
}

fn both<'a>(a: &'a [u8], b: &'a [u8]) -> Result<(Array<'a>, Array<'a>)> {
    let (a, b) = (Array::decode(a)?, Array::decode(b)?);
    if a.element != b.element {
        bail!(DATATYPE_MISMATCH, "cannot compare arrays of different element types");
    }
    Ok((a, b))
}

fn equals(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    let (a, b) = both(a, b)?;
    if a.dims != b.dims {
        return Ok(false);
    }
    with_equality(c, &a, |eq| a.equals(&b, eq))
}

fn contains(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    let (a, b) = both(a, b)?;
    with_equality(c, &a, |eq| a.contains(&b, eq))
}

fn overlaps(c: &mut Call<'_>, a: &[u8], b: &[u8]) -> Result<bool> {
    let (a, b) = both(a, b)?;
    with_equality(c, &a, |eq| a.overlaps(&b, eq))
}

/// An array argument, or an empty array of the result's element type for NULL.
fn or_empty(c: &mut Call<'_>, a: Option<&[u8]>) -> Result<Vec<u8>> {
    match a {
        Some(b) => Ok(b.to_vec()),
        None => {
            let e = result_element(c)?;
            empty(e)
        }
    }
}

fn position(c: &mut Call<'_>, a: Option<&[u8]>, x: Datum<'_>, start: Option<i32>) -> Result<Option<i32>> {
    let Some(a) = a else { return Ok(None) };
    let a = Array::decode(a)?;
    if a.is_empty() {
        return Ok(None);
    }
    // Refused without a look at the type.
    if a.dims.len() > 1 {
        return a.position(None, start, &|_, _| false);
    }
    let x = stored(x);
    with_equality(c, &a, |eq| a.position(x.as_deref(), start, eq))?
}

fn positions(c: &mut Call<'_>, a: Option<&[u8]>, x: Datum<'_>) -> Result<Option<Vec<u8>>> {
    let Some(a) = a else { return Ok(None) };
    let a = Array::decode(a)?;
    let x = stored(x);
    let all = if a.is_empty() { vec![] } else { with_equality(c, &a, |eq| a.positions(x.as_deref(), eq))?? };
    let mut b = ArrayBuilder::new(oids::INT4);
    all.iter().for_each(|p| b.push(Some(&p.to_le_bytes())));
    b.finish_1d().map(Some)
}

fn remove(c: &mut Call<'_>, a: Option<&[u8]>, x: Datum<'_>) -> Result<Option<Vec<u8>>> {
    let Some(a) = a else { return Ok(None) };
    let a = Array::decode(a)?;
    let x = stored(x);
    if a.is_empty() {
        return empty(a.element).map(Some);
    }
    with_equality(c, &a, |eq| a.remove(x.as_deref(), eq))?.map(Some)
}

fn replace(c: &mut Call<'_>, a: Option<&[u8]>, x: Datum<'_>, y: Datum<'_>) -> Result<Option<Vec<u8>>> {
    let Some(a) = a else { return Ok(None) };
    let a = Array::decode(a)?;
    let (x, y) = (stored(x), stored(y));
    if a.is_empty() {
        return empty(a.element).map(Some);
    }
    with_equality(c, &a, |eq| a.replace(x.as_deref(), y.as_deref(), eq))?.map(Some)
}

fn to_text(c: &mut Call<'_>, a: Option<&[u8]>, separator: Option<&str>, null: Option<&str>) -> Result<Option<String>> {
    let (Some(a), Some(separator)) = (a, separator) else { return Ok(None) };
    let a = Array::decode(a)?;
    let phys = c.cx.type_desc(a.element)?.phys;
    let mut out = String::new();
    let mut first = true;
    for item in a.iter() {
        if item.is_none() && null.is_none() {
            continue;
        }
        if !first {
            out.push_str(separator);
        }
        first = false;
        match item {
            Some(b) => c.cx.output(a.element, Datum::load(phys, b), &mut out)?,
            None => out.push_str(null.unwrap_or("")),
        }
    }
    Ok(Some(out))
}

fn dimensions(b: Option<&[u8]>) -> Result<Vec<i32>> {
    let Some(b) = b else { bail!(NULL_VALUE_NOT_ALLOWED, "dimension array or low bound array cannot be null") };
    let a = Array::decode(b)?;
    if a.dims.len() > 1 {
        return Err(err!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
            .detail("Dimension array must be one dimensional."));
    }
    if a.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null");
    }
    Ok(a.iter().flatten().map(|b| Datum::load(Phys::I32, b).i32()).collect())
}

fn fill(c: &mut Call<'_>, x: Datum<'_>, lengths: Option<&[u8]>, lowers: Option<Option<&[u8]>>) -> Result<Vec<u8>> {
    let lengths = dimensions(lengths)?;
    let lowers = lowers.map(dimensions).transpose()?;
    let element = result_element(c)?;
    adt::fill(element, stored(x).as_deref(), &lengths, lowers.as_deref())
}

/// `width_bucket(operand, thresholds)`: how many thresholds are not above the operand.
fn width_bucket(c: &mut Call<'_>, x: Datum<'_>, thresholds: &[u8]) -> Result<i32> {
    let a = Array::decode(thresholds)?;
    if a.dims.len() > 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array");
    }
    if a.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs");
    }
    let x = stored(x).unwrap_or_default();
    let collation = c.site.collation;
    with_order(&mut *c.cx, a.element, collation, |order| {
        let (mut left, mut right) = (0, a.len());
        while left < right {
            let mid = (left + right) / 2;
            if a.item(mid).is_some_and(|t| order(&x, t) == Ordering::Less) {
                right = mid;
            } else {
                left = mid + 1;
            }
        }
        left as i32
    })
}

// The containers' part of expressions.

fn construct(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let mut b = ArrayBuilder::new(result_element(c)?);
    let mut scratch = Vec::new();
    for d in args {
        scratch.clear();
        d.store(&mut scratch);
        b.push(if d.is_null() { None } else { Some(&scratch) });
    }
    out.bytes(&b.finish_1d()?);
    Ok(())
}

fn nested(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let element = result_element(c)?;
    let parts: Vec<Option<&[u8]>> = args.iter().map(|d| if d.is_null() { None } else { Some(d.bytes()) }).collect();
    out.bytes(&adt::nest(element, &parts)?);
    Ok(())
}

/// An array of the shape of the first argument, of the remaining ones.
fn like(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [shape, items @ ..] = args else { return Err(too_few()) };
    let dims = Array::decode(shape.bytes())?.dims;
    let mut b = ArrayBuilder::new(result_element(c)?);
    for d in items {
        b.push(stored(*d).as_deref());
    }
    out.bytes(&b.finish(&dims)?);
    Ok(())
}

fn subscripts(args: &[Datum<'_>]) -> Vec<i32> {
    args.iter().map(|d| d.i32()).collect()
}

fn bounds(args: &[Datum<'_>]) -> Vec<(Option<i32>, Option<i32>)> {
    let one = |d: &Datum<'_>| if d.is_null() { None } else { Some(d.i32()) };
    args.chunks(2).map(|p| (p.first().and_then(one), p.get(1).and_then(one))).collect()
}

fn subscript(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [container, subs @ ..] = args else { return Err(too_few()) };
    if container.is_null() || subs.iter().any(|d| d.is_null()) {
        return Ok(());
    }
    if let Some(width) = fixed_width(c, false)? {
        if let ([i], bytes) = (subs, fixed_bytes(*container, width)) {
            let at = usize::try_from(i.i32()).ok().filter(|i| *i < 64).and_then(|i| bytes.get(i * width..(i + 1) * width));
            out.set(match at {
                Some([b]) => Datum::I16(i16::from(*b as i8)),
                Some(b) => Datum::load(if width == 8 { Phys::F64 } else { Phys::Fixed16 }, b),
                None => Datum::Null,
            });
        }
        return Ok(());
    }
    let a = Array::decode(container.bytes())?;
    if let Some(b) = a.get(&subscripts(subs)) {
        let phys = crate::stored::phys_of(&mut *c.cx, a.element)?;
        out.set(Datum::load(phys, b));
    }
    Ok(())
}

/// The bytes of one element where the container is a type of fixed length whose elements lie side by side
/// (`raw_array_subscript_handler`): points and what is made of them, `name`.
fn fixed_width(c: &Call<'_>, slice: bool) -> Result<Option<usize>> {
    let width = match c.site.args.first().map_or(0, |t| t.oid) {
        oids::POINT | oids::LINE => 8,
        oids::LSEG | oids::BOX => 16,
        oids::NAME => 1,
        _ => return Ok(None),
    };
    if slice {
        bail!(FEATURE_NOT_SUPPORTED, "slices of fixed-length arrays not implemented");
    }
    Ok(Some(width))
}

/// A container of fixed length as bytes, a `name` padded.
fn fixed_bytes(d: Datum<'_>, width: usize) -> Vec<u8> {
    let mut b = Vec::new();
    d.store(&mut b);
    if width == 1 {
        b.resize(64, 0);
    }
    b
}

fn slice(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [container, subs @ ..] = args else { return Err(too_few()) };
    fixed_width(c, true)?;
    if !container.is_null() {
        out.bytes(&Array::decode(container.bytes())?.slice(&bounds(subs))?);
    }
    Ok(())
}

fn assigned<'a>(c: &mut Call<'_>, container: Datum<'a>) -> Result<std::borrow::Cow<'a, [u8]>> {
    if container.is_null() {
        let ty = c.site.args.first().map_or(0, |t| t.oid);
        let element = element_of(&mut *c.cx, ty)?;
        return Ok(empty(element)?.into());
    }
    Ok(container.bytes().into())
}

fn assign(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [container, value, subs @ ..] = args else { return Err(too_few()) };
    if let Some(width) = fixed_width(c, false)? {
        // NULL, old or new, changes nothing.
        if container.is_null() || value.is_null() {
            out.set(*container);
            return Ok(());
        }
        let [i] = subs else { bail!(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts") };
        let (mut bytes, mut new) = (fixed_bytes(*container, width), Vec::new());
        value.store(&mut new);
        let at = usize::try_from(i.i32()).ok().filter(|i| *i < 64).and_then(|i| bytes.get_mut(i * width..(i + 1) * width));
        match (at, new.get(..width)) {
            (Some(at), Some(new)) => at.copy_from_slice(new),
            _ => bail!(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range"),
        }
        let end = if width == 1 { bytes.iter().position(|b| *b == 0).unwrap_or(63).min(63) } else { bytes.len() };
        match <[u8; 16]>::try_from(&bytes[..]) {
            Ok(b) if matches!(container, Datum::Fixed16(_)) => out.fixed16(b),
            _ => out.bytes(&bytes[..end]),
        }
        return Ok(());
    }
    let base = assigned(c, *container)?;
    out.bytes(&Array::decode(&base)?.set(&subscripts(subs), stored(*value).as_deref())?);
    Ok(())
}

fn assign_slice(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let [container, value, subs @ ..] = args else { return Err(too_few()) };
    fixed_width(c, true)?;
    if value.is_null() {
        // A NULL source changes nothing.
        out.set(*container);
        return Ok(());
    }
    let base = assigned(c, *container)?;
    out.bytes(&Array::decode(&base)?.set_slice(&bounds(subs), &Array::decode(value.bytes())?)?);
    Ok(())
}

/// The elements of an array, one a row.
struct Elements {
    bytes: Vec<u8>,
    at: usize,
    phys: Phys,
}

impl RowSource for Elements {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let Some(out) = out.first_mut() else { return Ok(0) };
        let a = Array::decode(&self.bytes)?;
        let n = want.min(a.len().saturating_sub(self.at));
        for i in self.at..self.at + n {
            out.push(a.item(i).map_or(Datum::Null, |b| Datum::load(self.phys, b)));
        }
        self.at += n;
        Ok(n)
    }
}

fn elements(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let Some(array) = args.first().filter(|d| !d.is_null()) else { return Ok(Box::new(crate::sets::Nothing)) };
    let a = Array::decode(array.bytes())?;
    let phys = crate::stored::phys_of(&mut *c.cx, a.element)?;
    Ok(Box::new(Elements { bytes: array.bytes().to_vec(), at: 0, phys }))
}

fn generate_subscripts(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [array, dim, rest @ ..] = args else { return Err(too_few()) };
    let a = Array::decode(array.bytes())?;
    let (Some(lower), Some(upper)) = (a.lower(dim.i32()), a.upper(dim.i32())) else {
        return Ok(Box::new(crate::sets::Nothing));
    };
    Ok(crate::sets::counting(lower as i64, upper as i64, rest.first().is_some_and(|d| d.bool())))
}

macro_rules! ordered {
    ($test:ident) => {
        f!(c; a: &[u8], b: &[u8] => compare(c, a, b)?.$test())
    };
}

pub const TABLES: &[&[Entry]] = &[
    &[
        ("array_in", f!(c; a: &str, element: i64, typmod: i32 => array_in(c, a, element as u32, typmod)?)),
        ("array_out", f!(c; a: &[u8] => array_out(c, a)?)),
        ("anyarray_out", f!(c; a: &[u8] => array_out(c, a)?)),
        ("anycompatiblearray_out", f!(c; a: &[u8] => array_out(c, a)?)),
        ("array_recv", f!(c; a: &[u8], element: i64, typmod: i32 => array_recv(c, a, element as u32, typmod)?)),
        ("oidvectorrecv", f!(c; a: &[u8] => array_recv(c, a, oids::OID, -1)?)),
        ("int2vectorrecv", f!(c; a: &[u8] => array_recv(c, a, oids::INT2, -1)?)),
        ("array_send", f!(c; a: &[u8] => array_send(c, a)?)),
        ("anyarray_send", f!(c; a: &[u8] => array_send(c, a)?)),
        ("anycompatiblearray_send", f!(c; a: &[u8] => array_send(c, a)?)),
        ("oidvectorsend", f!(c; a: &[u8] => vector_send(c, a)?)),
        ("int2vectorsend", f!(c; a: &[u8] => vector_send(c, a)?)),
        ("array_eq", f!(c; a: &[u8], b: &[u8] => equals(c, a, b)?)),
        ("array_ne", f!(c; a: &[u8], b: &[u8] => !equals(c, a, b)?)),
        ("array_lt", ordered!(is_lt)),
        ("array_le", ordered!(is_le)),
        ("array_gt", ordered!(is_gt)),
        ("array_ge", ordered!(is_ge)),
        ("btarraycmp", f!(c; a: &[u8], b: &[u8] => compare(c, a, b)? as i32)),
        ("array_larger", f!(c; a: &[u8], b: &[u8] => if compare(c, a, b)?.is_gt() { a } else { b })),
        ("array_smaller", f!(c; a: &[u8], b: &[u8] => if compare(c, a, b)?.is_lt() { a } else { b })),
        ("arraycontains", f!(c; a: &[u8], b: &[u8] => contains(c, a, b)?)),
        ("arraycontained", f!(c; a: &[u8], b: &[u8] => contains(c, b, a)?)),
        ("arrayoverlap", f!(c; a: &[u8], b: &[u8] => overlaps(c, a, b)?)),
    ],
    &[
        ("array_ndims", f!(a: &[u8] => match Array::decode(a)?.dims.len() { 0 => None, n => Some(n as i32) })),
        ("array_dims", f!(a: &[u8] => Array::decode(a)?.dims_text())),
        ("array_lower", f!(a: &[u8], n: i32 => Array::decode(a)?.lower(n))),
        ("array_upper", f!(a: &[u8], n: i32 => Array::decode(a)?.upper(n))),
        ("array_length", f!(a: &[u8], n: i32 => Array::decode(a)?.length(n))),
        ("array_cardinality", f!(a: &[u8] => Array::decode(a)?.len() as i32)),
        (
            "array_append",
            f!(c; a: Option<&[u8]>, x: Datum => { let a = or_empty(c, a)?; Array::decode(&a)?.append(stored(x).as_deref())? }),
        ),
        (
            "array_prepend",
            f!(c; x: Datum, a: Option<&[u8]> => { let a = or_empty(c, a)?; Array::decode(&a)?.prepend(stored(x).as_deref())? }),
        ),
        (
            "array_cat",
            f!(a: Option<&[u8]>, b: Option<&[u8]> => match (a, b) {
                (Some(a), Some(b)) => Some(Array::decode(a)?.cat(&Array::decode(b)?)?),
                (a, b) => a.or(b).map(|x| x.to_vec()),
            }),
        ),
        ("array_position", f!(c; a: Option<&[u8]>, x: Datum => position(c, a, x, None)?)),
        (
            "array_position_start",
            f!(c; a: Option<&[u8]>, x: Datum, start: Option<i32> => {
                let shape = a.map(Array::decode).transpose()?.map_or(0, |a| a.dims.len());
                if start.is_none() && shape == 1 {
                    bail!(NULL_VALUE_NOT_ALLOWED, "initial position must not be null");
                }
                position(c, a, x, start)?
            }),
        ),
        ("array_positions", f!(c; a: Option<&[u8]>, x: Datum => positions(c, a, x)?)),
        ("array_remove", f!(c; a: Option<&[u8]>, x: Datum => remove(c, a, x)?)),
        ("array_replace", f!(c; a: Option<&[u8]>, x: Datum, y: Datum => replace(c, a, x, y)?)),
        ("array_to_text", f!(c; a: Option<&[u8]>, sep: Option<&str> => to_text(c, a, sep, None)?)),
        (
            "array_to_text_null",
            f!(c; a: Option<&[u8]>, sep: Option<&str>, null: Option<&str> => to_text(c, a, sep, null)?),
        ),
        ("array_fill", f!(c; x: Datum, n: Option<&[u8]> => fill(c, x, n, None)?)),
        (
            "array_fill_with_lower_bounds",
            f!(c; x: Datum, n: Option<&[u8]>, l: Option<&[u8]> => fill(c, x, n, Some(l))?),
        ),
        ("trim_array", f!(a: &[u8], n: i32 => Array::decode(a)?.trim(n)?)),
        ("width_bucket_array", f!(c; x: Datum, t: &[u8] => width_bucket(c, x, t)?)),
        ("array_unnest", Kernel::Set(elements)),
        ("generate_subscripts", Kernel::Set(generate_subscripts)),
        ("generate_subscripts_nodir", Kernel::Set(generate_subscripts)),
    ],
    &[
        ("tusklet_array_construct", Kernel::Scalar(construct)),
        ("tusklet_array_nest", Kernel::Scalar(nested)),
        ("tusklet_array_like", Kernel::Scalar(like)),
        ("tusklet_array_elements", Kernel::Set(elements)),
        ("tusklet_array_subscript", Kernel::Scalar(subscript)),
        ("tusklet_array_slice", Kernel::Scalar(slice)),
        ("tusklet_array_assign", Kernel::Scalar(assign)),
        ("tusklet_array_assign_slice", Kernel::Scalar(assign_slice)),
    ],
];

/// Items as a `text[]`.
pub(crate) fn texts<'a>(items: impl IntoIterator<Item = Option<&'a str>>) -> Result<Vec<u8>> {
    adt::from_items(oids::TEXT, items.into_iter().map(|s| s.map(str::as_bytes)))
}

/// The items of a `text[]`.
pub(crate) fn text_items(b: &[u8]) -> Result<Vec<Option<&str>>> {
    let a = Array::decode(b)?;
    Ok((0..a.len()).map(|i| a.item(i).map(|b| std::str::from_utf8(b).unwrap_or(""))).collect())
}
