//! Ranges and the multiranges over them (`DefineRange`).

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Cast, DependencyKind, ObjectAddress, ObjectClass, Proc, TypeEntryKind};
use tusklet_error::{Error, Result, bail, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_syntax::ast::CreateRangeStmt;

use super::{blank, check_free, in_schema};
use crate::commands::define::{conflict, definition_names, definition_type};
use crate::commands::object_address::Objects;
use crate::commands::{acl, expressions, functioncmds, heap, namespace, pg_type, without_position};
use crate::session::Shared;

/// A support function of a range over these argument types.
fn support(shared: &Shared, names: &[String], args: &[Oid], result: Oid, what: &str, wanted: &str) -> Result<Oid> {
    let Some(p) = functioncmds::exact(shared, names, args, false)? else { return Ok(0) };
    let name = names.join(".");
    if p.result != result {
        bail!(INVALID_OBJECT_DEFINITION, "range {} function {} must return {}"; what, name, wanted);
    }
    if p.volatility != b'i' {
        bail!(INVALID_OBJECT_DEFINITION, "range {} function {} must be immutable"; what, name);
    }
    acl::check_proc(shared, p.oid, "function")?;
    Ok(p.oid)
}

/// CREATE TYPE … AS RANGE: the range and the multirange over it.
pub fn create_range(shared: &Shared, s: &CreateRangeStmt) -> Result<()> {
    let CreateRangeStmt { type_name, params, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, type_name)?;
    let c = shared.catalog();
    let shell = c.type_named(schema, &name).and_then(|o| c.ty(o)).filter(|t| !t.defined).map(|t| t.oid);
    if shell.is_none() {
        check_free(shared, schema, &name)?;
    }
    let (mut subtype, mut collate, mut opclass, mut multirange_name) = (0, None, None, None);
    let (mut canonical, mut diff) = (None, None);
    for p in params {
        let slot = match_word!(p.name.as_str();
            "subtype" => {
                if subtype != 0 {
                    return Err(conflict(p));
                }
                subtype = expressions::resolve_type(shared, &definition_type(p)?).map_err(without_position)?.oid;
                continue;
            },
            "subtype_opclass" => &mut opclass,
            "collation" => &mut collate,
            "multirange_type_name" => &mut multirange_name,
            "canonical" => &mut canonical,
            "subtype_diff" => &mut diff;
            n => bail!(SYNTAX_ERROR, "type attribute \"{}\" not recognized"; n),
        );
        if slot.is_some() {
            return Err(conflict(p));
        }
        *slot = Some(definition_names(p)?);
    }
    let named_multirange = match &multirange_name {
        Some(n) => {
            let (m, bare) = namespace::split(shared, n)?;
            let m = match m {
                Some(m) => namespace::existing_schema(shared, m)?,
                None => namespace::creation_of(shared, n)?.0,
            };
            acl::check_schema(shared, m, acl::CREATE)?;
            Some((m, bare.to_string()))
        }
        None => None,
    };
    let path = shared.search_path();
    if subtype == 0 {
        bail!(SYNTAX_ERROR, "type attribute \"subtype\" is required");
    }
    let Some(st) = c.ty(subtype) else { bail!(UNDEFINED_OBJECT, "type does not exist") };
    if matches!(st.kind, TypeEntryKind::Pseudo) {
        bail!(DATATYPE_MISMATCH, "range subtype cannot be {}"; shared.type_name(subtype));
    }
    let class = match opclass {
        Some(n) => {
            let (s, n) = namespace::split(shared, &n)?;
            match c.lookup_opclass(&path, s, oids::AM_BTREE, n) {
                Some(o) => o,
                None => bail!(UNDEFINED_OBJECT, "operator class \"{}\" does not exist for access method \"btree\""; n),
            }
        }
        None => match c.default_opclass(oids::AM_BTREE, subtype) {
            Some(o) => o.oid,
            None => {
                return Err(err!(
                    UNDEFINED_OBJECT,
                    "data type {} has no default operator class for access method \"btree\"";
                    shared.type_name(subtype)
                )
                .hint(
                    "You must specify an operator class for the range type or define a default operator class for the \
                     subtype.",
                ));
            }
        },
    };
    let collation = match (collate, st.collation) {
        (Some(_), 0) => bail!(
            WRONG_OBJECT_TYPE,
            "range collation specified but subtype does not support collation"
        ),
        (Some(k), _) => expressions::collation_named(shared, &k)?,
        (None, d) => d,
    };
    if canonical.is_some() {
        if shell.is_none() {
            return Err(err!(
                INVALID_OBJECT_DEFINITION,
                "cannot specify a canonical function without a pre-created shell type"
            )
            .hint("Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE."));
        }
        return Err(Error::unsupported("CREATE TYPE AS RANGE with canonical"));
    }
    let subdiff = match &diff {
        Some(n) => support(shared, n, &[subtype, subtype], oids::FLOAT8, "subtype diff", "type double precision")?,
        None => 0,
    };
    let (multirange_schema, multirange_name) = match named_multirange {
        Some((m, n)) => {
            pg_type::claim_name(shared, m, &n, false)?;
            (m, n)
        }
        None => {
            let n = if name.contains("range") {
                name.replacen("range", "multirange", 1)
            } else {
                filled!("{}_multirange"; pg_type::clip(&name, 52))
            };
            if c.type_named(schema, &n).is_some() && pg_type::claim_name(shared, schema, &n, false).is_err() {
                return Err(err!(DUPLICATE_OBJECT, "type \"{}\" already exists"; n)
                    .detail(filled!("Failed while creating a multirange type for type \"{}\"."; name))
                    .hint("You can manually specify a multirange type name using the \"multirange_type_name\" attribute."));
            }
            (schema, n)
        }
    };
    let multirange = shared.db.new_oid();
    let kind = TypeEntryKind::Range { subtype, opclass: class, collation, canonical: 0, subdiff, multirange };
    let mut t = blank(shared, &name, schema, kind);
    if let Some(o) = shell {
        t.oid = o;
    }
    t.category = b'R';
    t.align = if st.align == b'd' { b'd' } else { b'i' };
    t.io = pg_type::io("range");
    let oid = t.oid;
    let align = t.align;
    pg_type::put_with_array(shared, t)?;
    let mut m = blank(shared, &multirange_name, multirange_schema, TypeEntryKind::Multirange(oid));
    m.oid = multirange;
    m.category = b'R';
    m.align = align;
    m.io = pg_type::io("multirange");
    pg_type::put_with_array(shared, m)?;
    in_schema(shared, oid, schema)?;
    let mut edges = vec![];
    heap::needs(&mut edges, &Objects::ty(oid), ObjectClass::Type, subtype);
    if subdiff != 0 {
        heap::needs(&mut edges, &Objects::ty(oid), ObjectClass::Proc, subdiff);
    }
    heap::edge(&mut edges, &Objects::ty(multirange), &Objects::ty(oid), DependencyKind::Internal);
    crate::commands::dependency::record(shared, &edges)?;
    // A range without its constructor functions would be hard to use, and they need user-made entries of built-in kernels.
    let new = |schema: Oid, name: &str, args: Vec<Oid>, result: Oid, source: &str| {
        constructor(shared, Constructor { schema, name, args, result, source })
    };
    new(schema, &name, vec![subtype, subtype], oid, "range_constructor2")?;
    new(schema, &name, vec![subtype, subtype, oids::TEXT], oid, "range_constructor3")?;
    let n = &multirange_name;
    new(multirange_schema, n, vec![], multirange, "multirange_constructor0")?;
    let one = new(multirange_schema, n, vec![oid], multirange, "multirange_constructor1")?;
    let array = shared.catalog().array_type(oid);
    new(multirange_schema, n, vec![array], multirange, "multirange_constructor2")?;
    let cast = Cast { oid: shared.db.new_oid(), source: oid, target: multirange, func: one, context: b'e', method: b'f' };
    let me = ObjectAddress::new(ObjectClass::Cast, cast.oid);
    let mut edges = vec![];
    for a in [Objects::ty(oid), Objects::ty(multirange), Objects::proc(one)] {
        heap::edge(&mut edges, &me, &a, DependencyKind::Internal);
    }
    shared.edit_catalog(|c| {
        c.put_cast(cast);
        c.add_depends(&edges);
    })
}

struct Constructor<'a> {
    schema: Oid,
    name: &'a str,
    args: Vec<Oid>,
    result: Oid,
    source: &'a str,
}

fn constructor(shared: &Shared, k: Constructor<'_>) -> Result<Oid> {
    let Constructor { schema, name, args, result, source } = k;
    // The one over an array takes any number of ranges.
    let variadic = if source == "multirange_constructor2" { shared.catalog().element_type(args[0]) } else { 0 };
    let p = Proc {
        all_args: if variadic != 0 { args.clone() } else { vec![] },
        modes: if variadic != 0 { vec![b'v'] } else { vec![] },
        args,
        variadic,
        strict: source.starts_with("multirange"),
        source: source.to_string(),
        ..functioncmds::blank(shared, name, schema, oids::LANGUAGE_INTERNAL, b'f', result)
    };
    let oid = p.oid;
    let mut edges = vec![];
    heap::edge(&mut edges, &Objects::proc(oid), &Objects::ty(result), DependencyKind::Internal);
    shared.edit_catalog(|c| {
        c.put_proc(p);
        c.add_depends(&edges);
    })?;
    Ok(oid)
}
