//! `json[b]_populate_record`: JSON into composite values, by the target's columns.

use tusklet_adt::array::{ArrayBuilder, Dim};
use tusklet_adt::json::{self, Kind};
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::record::{Record, encode};
use tusklet_error::{Result, bail, err};
use tusklet_vector::{Call, CallContext, Datum, TypeKind, TypeRef};

use crate::array::stored;
use crate::bind::Entry;
use crate::oids;
use crate::record::fields_of;
use crate::stored::phys_of;

/// JSON of either type.
#[derive(Clone, Copy)]
enum Node<'a> {
    Text(&'a str),
    Binary(Jsonb<'a>),
}

impl<'a> Node<'a> {
    fn kind(self) -> Kind {
        match self {
            Node::Text(s) => json::kind(s),
            Node::Binary(j) => j.kind(),
        }
    }

    /// The member of an object; of several of one name the last counts.
    fn get(self, key: &str) -> Result<Option<Node<'a>>> {
        Ok(match self {
            Node::Text(s) => json::members(s)?.into_iter().rev().find(|(k, _)| k == key).map(|(_, v)| Node::Text(v)),
            Node::Binary(j) => j.get(key).map(Node::Binary),
        })
    }

    fn items(self) -> Vec<Node<'a>> {
        match self {
            Node::Text(s) => json::elements(s).into_iter().map(Node::Text).collect(),
            Node::Binary(j) => j.items().map(Node::Binary).collect(),
        }
    }

    /// The text an input function of `ty` reads.
    fn text(self, ty: u32) -> Result<Option<String>> {
        let raw = matches!(ty, oids::JSON | oids::JSONB);
        Ok(match self {
            Node::Text(s) if raw => Some(s.trim().to_owned()),
            Node::Text(s) => json::to_text(s)?,
            Node::Binary(j) if raw => {
                let mut out = String::new();
                j.write(&mut out);
                Some(out)
            }
            Node::Binary(j) => j.to_text(),
        })
    }
}

/// An array being filled; `count` and `dims` are by nesting.
struct Filling<'k> {
    element: TypeRef,
    column: Option<&'k str>,
    depth: usize,
    count: [i32; 8],
    dims: [Option<i32>; 8],
    builder: ArrayBuilder,
}

impl Filling<'_> {
    fn expected(&self, depth: usize) -> tusklet_error::Error {
        let e = err!(INVALID_TEXT_REPRESENTATION, "expected JSON array");
        let indices: String = self.count[..depth].iter().map(|n| format!("[{n}]")).collect();
        match (depth, self.column) {
            (0, None) => e,
            (0, Some(c)) => e.hint(format!("See the value of key \"{c}\".")),
            (_, None) => e.hint(format!("See the array element {indices}.")),
            (_, Some(c)) => e.hint(format!("See the array element {indices} of key \"{c}\".")),
        }
    }

    fn close(&mut self, depth: usize) -> Result<()> {
        let n = self.count[depth];
        if *self.dims[depth].get_or_insert(n) != n {
            return Err(err!(INVALID_TEXT_REPRESENTATION, "malformed JSON array")
                .detail("Multidimensional arrays must have sub-arrays with matching dimensions."));
        }
        self.count[depth] = 0;
        if depth > 0 {
            self.count[depth - 1] += 1;
        }
        Ok(())
    }

    fn level(&mut self, cx: &mut dyn CallContext, node: Node<'_>, depth: usize) -> Result<()> {
        if node.kind() != Kind::Array {
            return Err(self.expected(depth - 1));
        }
        let items = node.items();
        if self.depth == 0 && items.first().is_none_or(|n| n.kind() != Kind::Array) {
            self.depth = depth;
        }
        if depth > 6 {
            bail!(PROGRAM_LIMIT_EXCEEDED, "number of array dimensions ({depth}) exceeds the maximum allowed (6)");
        }
        for item in items {
            if self.depth > 0 && depth >= self.depth {
                let v = field(cx, self.element, None, Some(item), None)?;
                self.builder.push(v.as_deref());
                self.count[depth - 1] += 1;
            } else {
                self.level(cx, item, depth + 1)?;
                self.close(depth)?;
            }
        }
        Ok(())
    }
}

/// The stored value of a column of type `ty` (`populate_record_field`).
fn field(
    cx: &mut dyn CallContext,
    ty: TypeRef,
    column: Option<&str>,
    node: Option<Node<'_>>,
    default: Option<&[u8]>,
) -> Result<Option<Vec<u8>>> {
    let desc = cx.type_desc(ty.oid)?;
    let node = node.filter(|n| n.kind() != Kind::Null);
    if let TypeKind::Domain(base) = &desc.kind {
        let v = field(cx, *base, column, node, default)?;
        let phys = phys_of(cx, base.oid)?;
        let d = v.as_deref().map_or(Datum::Null, |b| Datum::load(phys, b));
        return Ok(stored(cx.cast(base.oid, ty, d)?.as_datum()));
    }
    let Some(node) = node else { return Ok(None) };
    match &desc.kind {
        // A string holds the literal of the array or row.
        TypeKind::Array(element) if node.kind() != Kind::String => {
            let element = TypeRef { oid: *element, typmod: ty.typmod };
            let builder = ArrayBuilder::new(element.oid);
            let mut f = Filling { element, column, depth: 0, count: [0; 8], dims: [None; 8], builder };
            f.level(cx, node, 1)?;
            f.close(0)?;
            if f.builder.is_empty() {
                return Ok(Some(f.builder.finish_1d()?));
            }
            let dims: Vec<Dim> = f.dims[..f.depth].iter().map(|n| Dim { len: n.unwrap_or(0), lower: 1 }).collect();
            Ok(Some(f.builder.finish(&dims)?))
        }
        TypeKind::Composite(_) if node.kind() != Kind::String => Ok(Some(composite(cx, ty.oid, node, default)?)),
        _ => match node.text(ty.oid)? {
            Some(s) => Ok(stored(cx.input(ty, &s)?.as_datum())),
            None => Ok(None),
        },
    }
}

fn composite(cx: &mut dyn CallContext, ty: u32, node: Node<'_>, default: Option<&[u8]>) -> Result<Vec<u8>> {
    match node.kind() {
        Kind::Object => {}
        Kind::Array => bail!(INVALID_PARAMETER_VALUE, "cannot call populate_composite on an array"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call populate_composite on a scalar"),
    }
    let fields = fields_of(cx, ty)?;
    let default = default.map(Record::decode).transpose()?;
    let mut values = Vec::with_capacity(fields.len());
    for (i, (name, t)) in fields.iter().enumerate() {
        let old = default.as_ref().and_then(|r| r.field(i));
        let node = node.get(name)?;
        // Values that were there before are right; ones that were not may be of a domain that forbids NULL.
        values.push(match (&default, &node) {
            (Some(_), None) => old.map(<[u8]>::to_vec),
            _ => field(cx, *t, Some(name), node, old)?,
        });
    }
    Ok(encode(&fields.iter().zip(&values).map(|((_, t), v)| (t.oid, v.as_deref())).collect::<Vec<_>>()))
}

/// The composite type to make, below domains, and the type asked for.
fn target(c: &mut Call<'_>, name: &str, default: Option<&[u8]>) -> Result<TypeRef> {
    let ty = c.site.args.first().copied().unwrap_or(c.site.result);
    if ty.oid == oids::RECORD {
        if default.is_none() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "could not determine row type for result of {name}").hint(
                "Provide a non-null record argument, or call the function in the FROM clause using a column definition list.",
            ));
        }
        return Err(tusklet_error::Error::unsupported(format!("{name} of an anonymous record")));
    }
    let mut base = ty.oid;
    loop {
        match &c.cx.type_desc(base)?.kind {
            TypeKind::Composite(_) => return Ok(ty),
            TypeKind::Domain(b) => base = b.oid,
            _ => bail!(DATATYPE_MISMATCH, "first argument of {name} must be a row type"),
        }
    }
}

/// A row made from `node`, checked by the domain if `ty` is one.
fn row(cx: &mut dyn CallContext, ty: TypeRef, node: Node<'_>, default: Option<&[u8]>) -> Result<Vec<u8>> {
    match cx.type_desc(ty.oid)?.kind {
        TypeKind::Domain(base) => {
            let v = row(cx, base, node, default)?;
            Ok(stored(cx.cast(base.oid, ty, Datum::Bytes(&v))?.as_datum()).unwrap_or_default())
        }
        _ => composite(cx, ty.oid, node, default),
    }
}

fn populate_record(c: &mut Call<'_>, name: &str, default: Option<&[u8]>, node: Option<Node<'_>>) -> Result<Option<Vec<u8>>> {
    let ty = target(c, name, default)?;
    match node {
        None => Ok(default.map(<[u8]>::to_vec)),
        Some(n) => Ok(Some(row(&mut *c.cx, ty, n, default)?)),
    }
}

pub const TABLES: &[&[Entry]] = &[&[
    (
        "json_populate_record",
        f!(c; a: Option<&[u8]>, j: Option<&str> => populate_record(c, "json_populate_record", a, j.map(Node::Text))?),
    ),
    (
        "jsonb_populate_record",
        f!(c; a: Option<&[u8]>, j: Option<&[u8]> =>
            populate_record(c, "jsonb_populate_record", a, j.map(|b| Node::Binary(Jsonb(b))))?),
    ),
]];
