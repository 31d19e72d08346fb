//! `json[b]_populate_record[set]` and `json[b]_to_record[set]`: JSON into rows, by the columns of a type or of the caller.

use tusklet_adt::array::{ArrayBuilder, Dim};
use tusklet_adt::json::{self, Kind};
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::record::{Record, encode};
use tusklet_error::{Result, bail, err, filled};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Phys, RowSource, TypeKind, TypeRef, Value};

use crate::array::stored;
use crate::bind::{Entry, too_few};
use crate::oids;
use crate::record::fields_of;
use crate::sets::Ready;
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
            (0, Some(c)) => e.hint(filled!("See the value of key \"{}\"."; c)),
            (_, None) => e.hint(filled!("See the array element {}."; indices)),
            (_, Some(c)) => e.hint(filled!("See the array element {} of key \"{}\"."; indices, c)),
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

/// Columns of a row: names and types.
type Fields = Vec<(String, TypeRef)>;

/// The values of an object's members for `fields` (`populate_record`).
fn object(
    cx: &mut dyn CallContext,
    fields: &Fields,
    node: Node<'_>,
    default: Option<&[u8]>,
) -> Result<Vec<Option<Vec<u8>>>> {
    match node.kind() {
        Kind::Object => {}
        Kind::Array => bail!(INVALID_PARAMETER_VALUE, "cannot call populate_composite on an array"),
        _ => bail!(INVALID_PARAMETER_VALUE, "cannot call populate_composite on a scalar"),
    }
    let default = default.map(Record::decode).transpose()?;
    let mut values = Vec::with_capacity(fields.len());
    for (i, (name, t)) in fields.iter().enumerate() {
        let old = default.as_ref().filter(|r| i < r.len()).and_then(|r| r.field(i));
        let node = node.get(name)?;
        // Values that were there before are right; ones that were not may be of a domain that forbids NULL.
        values.push(match (&default, &node) {
            (Some(_), None) => old.map(<[u8]>::to_vec),
            _ => field(cx, *t, Some(name), node, old)?,
        });
    }
    Ok(values)
}

fn encoded(fields: &Fields, values: &[Option<Vec<u8>>]) -> Vec<u8> {
    encode(&fields.iter().zip(values).map(|((_, t), v)| (t.oid, v.as_deref())).collect::<Vec<_>>())
}

fn composite(cx: &mut dyn CallContext, ty: u32, node: Node<'_>, default: Option<&[u8]>) -> Result<Vec<u8>> {
    let fields = fields_of(cx, ty)?;
    let values = object(cx, &fields, node, default)?;
    Ok(encoded(&fields, &values))
}

/// What rows a call makes.
struct Target {
    fields: Fields,
    /// The domain they must hold to.
    domain: Option<TypeRef>,
}

/// From the argument's type, the record given as argument, or the columns the caller wants, in this order.
fn target(c: &mut Call<'_>, name: &str, base: Option<TypeRef>, default: Option<&[u8]>) -> Result<Target> {
    let wanted = c.site.columns.clone();
    let Some(ty) = base.filter(|t| t.oid != oids::RECORD) else {
        let fields: Fields = match (default, &wanted) {
            (Some(b), _) => {
                let r = Record::decode(b)?;
                let name = |i: usize| r.name(i).map_or_else(|| format!("f{}", i + 1), str::to_owned);
                (0..r.len()).map(|i| (name(i), TypeRef::new(r.field_type(i)))).collect()
            }
            (None, Some(columns)) => columns.to_vec(),
            (None, None) => {
                return Err(err!(FEATURE_NOT_SUPPORTED, "could not determine row type for result of {}"; name).hint(
                    "Provide a non-null record argument, or call the function in the FROM clause using a column definition list.",
                ));
            }
        };
        if let Some(wanted) = wanted {
            matching(c, &fields, &wanted)?;
        }
        return Ok(Target { fields, domain: None });
    };
    let mut oid = ty.oid;
    let kind = loop {
        match &c.cx.type_desc(oid)?.kind {
            TypeKind::Domain(b) => oid = b.oid,
            kind => break matches!(kind, TypeKind::Composite(_)),
        }
    };
    if !kind {
        bail!(DATATYPE_MISMATCH, "first argument of {} must be a row type"; name);
    }
    Ok(Target { fields: fields_of(&mut *c.cx, oid)?, domain: (oid != ty.oid).then_some(ty) })
}

/// Refuses rows of another shape than the caller wants (`tupledesc_match`).
fn matching(c: &mut Call<'_>, fields: &Fields, wanted: &[(String, TypeRef)]) -> Result<()> {
    let differ = |detail: String| {
        Err(err!(DATATYPE_MISMATCH, "function return row and query-specified return row do not match").detail(detail))
    };
    let (n, m) = (fields.len(), wanted.len());
    if n != m {
        let s = if n == 1 { "" } else { "s" };
        return differ(format!("Returned row contains {n} attribute{s}, but query expects {m}."));
    }
    for (i, ((_, a), (_, b))) in fields.iter().zip(wanted).enumerate() {
        if a.oid != b.oid {
            let mut name = |t: &TypeRef| c.cx.call(FORMAT_TYPE, 0, &[Datum::I64(i64::from(t.oid)), Datum::Null]);
            let (a, b) = (name(a)?, name(b)?);
            return differ(format!(
                "Returned type {} at ordinal position {}, but query expects {}.",
                a.as_datum().str(),
                i + 1,
                b.as_datum().str()
            ));
        }
    }
    Ok(())
}

/// `format_type(oid, int4)`.
const FORMAT_TYPE: u32 = 1081;

impl Target {
    /// A row as one value.
    fn record(&self, cx: &mut dyn CallContext, node: Node<'_>, default: Option<&[u8]>) -> Result<Vec<u8>> {
        let values = object(cx, &self.fields, node, default)?;
        self.checked(cx, encoded(&self.fields, &values))
    }

    fn checked(&self, cx: &mut dyn CallContext, row: Vec<u8>) -> Result<Vec<u8>> {
        let Some(domain) = self.domain else { return Ok(row) };
        let v = cx.cast(domain.oid, domain, Datum::Bytes(&row))?;
        Ok(stored(v.as_datum()).unwrap_or_default())
    }
}

/// `json[b]_populate_record`.
fn populate_record(
    c: &mut Call<'_>,
    name: &str,
    default: Option<&[u8]>,
    node: Option<Node<'_>>,
) -> Result<Option<Vec<u8>>> {
    let base = c.site.args.first().copied();
    let target = target(c, name, base, default)?;
    match node {
        None => Ok(default.map(<[u8]>::to_vec)),
        Some(n) => target.record(&mut *c.cx, n, default).map(Some),
    }
}

/// `json[b]_to_record`.
fn to_record(c: &mut Call<'_>, name: &str, node: Node<'_>) -> Result<Vec<u8>> {
    target(c, name, None, None)?.record(&mut *c.cx, node, None)
}

/// The rows of an array of objects, spread over the caller's columns or each as one value.
fn rows(
    c: &mut Call<'_>,
    name: &str,
    base: Option<TypeRef>,
    default: Option<&[u8]>,
    node: Option<Node<'_>>,
) -> Result<Box<dyn RowSource>> {
    let Some(node) = node else { return Ok(Ready::rows(vec![])) };
    let target = target(c, name, base, default)?;
    match (node, node.kind()) {
        (_, Kind::Array) => {}
        (Node::Text(_), Kind::Object) => bail!(INVALID_PARAMETER_VALUE, "cannot call {} on an object"; name),
        (Node::Text(_), _) => bail!(INVALID_PARAMETER_VALUE, "cannot call {} on a scalar"; name),
        (Node::Binary(_), _) => bail!(INVALID_PARAMETER_VALUE, "cannot call {} on a non-array"; name),
    }
    let mut physical = Vec::new();
    for (_, t) in &target.fields {
        physical.push(phys_of(&mut *c.cx, t.oid)?);
    }
    let spread = c.site.columns.is_some();
    let mut rows = Vec::new();
    for item in node.items() {
        if item.kind() != Kind::Object {
            bail!(INVALID_PARAMETER_VALUE, "argument of {} must be an array of objects"; name);
        }
        let values = object(&mut *c.cx, &target.fields, item, default)?;
        if !spread || target.domain.is_some() {
            let row = target.checked(&mut *c.cx, encoded(&target.fields, &values))?;
            if !spread {
                rows.push(vec![Value::bytes(&row)]);
                continue;
            }
        }
        let value = |(v, p): (&Option<Vec<u8>>, &Phys)| v.as_deref().map_or(Value::Null, |b| Datum::load(*p, b).to_value());
        rows.push(values.iter().zip(&physical).map(value).collect());
    }
    Ok(Ready::rows(rows))
}

/// The calls of `json[b]_populate_recordset` and `json[b]_to_recordset`.
fn recordset(
    c: &mut Call<'_>,
    name: &str,
    args: &[Datum<'_>],
    node: fn(Datum<'_>) -> Node<'_>,
) -> Result<Box<dyn RowSource>> {
    let given = |d: Datum<'_>| !d.is_null();
    match args {
        [json] => rows(c, name, None, None, Some(*json).filter(|d| given(*d)).map(node)),
        [base, json, ..] => {
            let default = if base.is_null() { None } else { Some(base.bytes()) };
            let ty = c.site.args.first().copied();
            rows(c, name, ty, default, Some(*json).filter(|d| given(*d)).map(node))
        }
        [] => Err(too_few()),
    }
}

fn text(d: Datum<'_>) -> Node<'_> {
    Node::Text(d.str())
}

fn binary(d: Datum<'_>) -> Node<'_> {
    Node::Binary(Jsonb(d.bytes()))
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
    ("json_to_record", f!(c; j: &str => to_record(c, "json_to_record", Node::Text(j))?)),
    ("jsonb_to_record", f!(c; j: &[u8] => to_record(c, "jsonb_to_record", Node::Binary(Jsonb(j)))?)),
    ("json_populate_recordset", Kernel::Set(|c, args| recordset(c, "json_populate_recordset", args, text))),
    ("jsonb_populate_recordset", Kernel::Set(|c, args| recordset(c, "jsonb_populate_recordset", args, binary))),
    ("json_to_recordset", Kernel::Set(|c, args| recordset(c, "json_to_recordset", args, text))),
    ("jsonb_to_recordset", Kernel::Set(|c, args| recordset(c, "jsonb_to_recordset", args, binary))),
]];
