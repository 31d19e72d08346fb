//! Types: enums, composites, ranges; domains are in `domain.rs` (`typecmds.c`).

pub mod base;
pub mod domain;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Dependency, DependencyKind, EnumLabel, RelKind, Type, TypeEntryKind};
use tusklet_error::{Error, Notice, Result, Severity, SqlState, bail, err};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterEnumStmt, CompositeTypeStmt, CreateEnumStmt, CreateRangeStmt, DefArg};

use super::object_address::Objects;
use super::{acl, expressions, heap, namespace, pg_type};
use crate::session::Shared;

/// Changes a type's entry.
pub fn change_type(shared: &Shared, oid: Oid, f: impl FnOnce(&mut Type) -> Result<()>) -> Result<()> {
    shared.edit_catalog(|c| {
        let Some(t) = c.user_type(oid) else { return Err(Error::unsupported("changing a built-in type")) };
        let mut t = (**t).clone();
        f(&mut t)?;
        c.put_type(t);
        Ok(())
    })
}

/// What a new type and its schema have to do with each other.
fn in_schema(shared: &Shared, ty: Oid, schema: Oid) -> Result<()> {
    let mut edges: Vec<Dependency> = vec![];
    heap::edge(&mut edges, Objects::ty(ty), Objects::schema(schema), DependencyKind::Normal);
    shared.edit_catalog(|c| {
        c.add_depends(&edges);
        Ok(())
    })
}

/// Refuses a name a type or relation has.
fn check_free(shared: &Shared, schema: Oid, name: &str) -> Result<()> {
    pg_type::claim_name(shared, schema, name, false)
}

fn blank(shared: &Shared, name: &str, schema: Oid, kind: TypeEntryKind) -> Type {
    Type {
        oid: shared.db.new_oid(),
        name: name.to_string(),
        schema,
        owner: shared.user(),
        kind,
        array: 0,
        category: b'U',
        preferred: false,
        collation: 0,
        delim: b',',
        len: -1,
        by_val: false,
        align: b'i',
        storage: b'x',
        io: vec![],
        typmod_io: vec![0, 0],
        defined: true,
        subscript: false,
        acl: None,
    }
}

fn check_label(label: &str) -> Result<()> {
    if label.len() > 63 {
        return Err(err!(INVALID_NAME, "invalid enum label \"{label}\"").detail("Labels must be 63 bytes or less."));
    }
    Ok(())
}

/// CREATE TYPE … AS ENUM.
pub fn create_enum(shared: &Shared, s: &CreateEnumStmt) -> Result<()> {
    let CreateEnumStmt { type_name, vals, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, type_name)?;
    check_free(shared, schema, &name)?;
    let mut labels: Vec<EnumLabel> = vec![];
    let t = blank(shared, &name, schema, TypeEntryKind::Enum(vec![]));
    for (i, v) in vals.iter().enumerate() {
        check_label(v)?;
        if labels.iter().any(|l| l.label == *v) {
            return Err(err!(
                UNIQUE_VIOLATION,
                "duplicate key value violates unique constraint \"pg_enum_typid_label_index\""
            )
            .detail(format!("Key (enumtypid, enumlabel)=({}, {v}) already exists.", t.oid))
            .table("pg_catalog", "pg_enum")
            .constraint("pg_enum_typid_label_index"));
        }
        labels.push(EnumLabel { oid: shared.db.new_oid(), order: (i + 1) as f32, label: v.clone() });
    }
    let mut t = Type { kind: TypeEntryKind::Enum(labels), ..t };
    t.category = b'E';
    t.len = 4;
    t.by_val = true;
    t.storage = b'p';
    t.io = pg_type::io("enum");
    let oid = t.oid;
    pg_type::put_with_array(shared, t)?;
    in_schema(shared, oid, schema)
}

fn find_enum(shared: &Shared, names: &[String]) -> Result<(Oid, Vec<EnumLabel>)> {
    let (schema, name) = namespace::split(shared, names)?;
    if let Some(s) = schema {
        namespace::existing_schema(shared, s)?;
    }
    let c = shared.catalog();
    let shown = names.join(".");
    let Some(oid) = c.lookup_type(&shared.search_path(), schema, name) else {
        bail!(UNDEFINED_OBJECT, "type \"{shown}\" does not exist");
    };
    let Some(t) = c.ty(oid) else { bail!(UNDEFINED_OBJECT, "type \"{shown}\" does not exist") };
    let TypeEntryKind::Enum(labels) = &t.kind else {
        bail!(WRONG_OBJECT_TYPE, "{} is not an enum", c.format_type(&shared.search_path(), oid));
    };
    acl::check_owner(shared, t.owner, "type", &c.format_type(&shared.search_path(), oid))?;
    Ok((oid, labels.clone()))
}

/// ALTER TYPE … ADD VALUE, RENAME VALUE.
pub fn alter_enum(shared: &Shared, s: &AlterEnumStmt) -> Result<()> {
    match s {
        AlterEnumStmt::AddValue { type_name, new_val, neighbor, after, skip_if_exists } => {
            check_label(new_val)?;
            let (oid, mut labels) = find_enum(shared, type_name)?;
            if labels.iter().any(|l| l.label == *new_val) {
                if *skip_if_exists {
                    shared.notice(Notice::new(
                        Severity::Notice,
                        SqlState::DUPLICATE_OBJECT,
                        format!("enum label \"{new_val}\" already exists, skipping"),
                    ));
                    return Ok(());
                }
                bail!(DUPLICATE_OBJECT, "enum label \"{new_val}\" already exists");
            }
            let at = match neighbor {
                None => labels.len(),
                Some(n) => match labels.iter().position(|l| l.label == *n) {
                    Some(i) => i + usize::from(*after),
                    None => bail!(INVALID_PARAMETER_VALUE, "\"{n}\" is not an existing enum label"),
                },
            };
            let before = at.checked_sub(1).and_then(|i| labels.get(i)).map(|l| l.order);
            let next = labels.get(at).map(|l| l.order);
            let order = match (before, next) {
                (None, None) => 1.0,
                (Some(b), None) => b + 1.0,
                (None, Some(n)) => n - 1.0,
                (Some(b), Some(n)) => {
                    let mid = (b + n) / 2.0;
                    if mid == b || mid == n {
                        // No room is left between the two: all are numbered anew.
                        for (i, l) in labels.iter_mut().enumerate() {
                            l.order = (i + 1 + usize::from(i >= at)) as f32;
                        }
                        (at + 1) as f32
                    } else {
                        mid
                    }
                }
            };
            labels.insert(at, EnumLabel { oid: shared.db.new_oid(), order, label: new_val.clone() });
            put_labels(shared, oid, labels)
        }
        AlterEnumStmt::RenameValue { type_name, old_val, new_val } => {
            check_label(new_val)?;
            let (oid, mut labels) = find_enum(shared, type_name)?;
            if !labels.iter().any(|l| l.label == *old_val) {
                bail!(INVALID_PARAMETER_VALUE, "\"{old_val}\" is not an existing enum label");
            }
            if labels.iter().any(|l| l.label == *new_val) {
                bail!(DUPLICATE_OBJECT, "enum label \"{new_val}\" already exists");
            }
            labels.iter_mut().filter(|l| l.label == *old_val).for_each(|l| l.label = new_val.clone());
            put_labels(shared, oid, labels)
        }
    }
}

fn put_labels(shared: &Shared, oid: Oid, labels: Vec<EnumLabel>) -> Result<()> {
    change_type(shared, oid, |t| {
        t.kind = TypeEntryKind::Enum(labels);
        Ok(())
    })
}

/// CREATE TYPE … AS (…).
pub fn create_composite(shared: &Shared, s: &CompositeTypeStmt) -> Result<()> {
    let CompositeTypeStmt { typevar, coldeflist, span: _ } = s;
    let (schema, _) = namespace::creation(shared, typevar)?;
    check_free(shared, schema, &typevar.relname)?;
    let mut rel = heap::blank(
        shared,
        &typevar.relname,
        schema,
        RelKind::Composite,
        tusklet_catalog::live::Persistence::Permanent,
    );
    rel.replica_identity = b'n';
    for d in coldeflist {
        let Some(t) = &d.type_name else { return Err(Error::internal("attribute without type")) };
        let (ty, collation) = expressions::column_type(shared, &d.colname, t, d.coll_clause.as_ref())?;
        rel.columns.push(heap::column(&d.colname, ty, collation));
    }
    heap::create(shared, rel)?;
    Ok(())
}

/// CREATE TYPE … AS RANGE: the range and the multirange over it.
pub fn create_range(shared: &Shared, s: &CreateRangeStmt) -> Result<()> {
    let CreateRangeStmt { type_name, params, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, type_name)?;
    check_free(shared, schema, &name)?;
    let (mut subtype, mut collate, mut opclass, mut multirange_name) = (0, None, None, None);
    for p in params {
        let names = |p: &tusklet_syntax::ast::DefElem| -> Result<Vec<String>> {
            match &p.arg {
                Some(DefArg::TypeName(t)) => Ok(t.names.clone()),
                Some(DefArg::Name(n)) => Ok(n.clone()),
                Some(DefArg::String(s)) => Ok(vec![s.clone()]),
                _ => bail!(SYNTAX_ERROR, "{} requires a parameter", p.name),
            }
        };
        match p.name.as_str() {
            "subtype" => {
                if subtype != 0 {
                    return Err(err!(SYNTAX_ERROR, "conflicting or redundant options").at(p.span));
                }
                let Some(DefArg::TypeName(t)) = &p.arg else { bail!(SYNTAX_ERROR, "subtype requires a type") };
                subtype = expressions::resolve_type(shared, t)?.oid;
            }
            "subtype_opclass" => opclass = Some(names(p)?),
            "collation" => collate = Some(expressions::collation_named(shared, &names(p)?)?),
            "multirange_type_name" => multirange_name = names(p)?.last().cloned(),
            "canonical" | "subtype_diff" => {
                return Err(Error::unsupported(format!("CREATE TYPE AS RANGE with {}", p.name)));
            }
            n => return Err(err!(SYNTAX_ERROR, "type attribute \"{n}\" not recognized").at(p.span)),
        }
    }
    let c = shared.catalog();
    let path = shared.search_path();
    if subtype == 0 {
        bail!(SYNTAX_ERROR, "type attribute \"subtype\" is required");
    }
    let Some(st) = c.ty(subtype) else { bail!(UNDEFINED_OBJECT, "type does not exist") };
    if matches!(st.kind, TypeEntryKind::Pseudo) {
        bail!(DATATYPE_MISMATCH, "range subtype cannot be {}", c.format_type(&path, subtype));
    }
    let class = match opclass {
        Some(n) => {
            let (s, n) = namespace::split(shared, &n)?;
            match c.lookup_opclass(&path, s, oids::AM_BTREE, n) {
                Some(o) => o,
                None => bail!(
                    UNDEFINED_OBJECT,
                    "operator class \"{n}\" does not exist for access method \"btree\""
                ),
            }
        }
        None => match c.default_opclass(oids::AM_BTREE, subtype) {
            Some(o) => o.oid,
            None => {
                return Err(err!(
                    UNDEFINED_OBJECT,
                    "data type {} has no default operator class for access method \"btree\"",
                    c.format_type(&path, subtype)
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
        (Some(k), _) => k,
        (None, d) => d,
    };
    let multirange_name = match multirange_name {
        Some(n) => n,
        None if name.contains("range") => name.replacen("range", "multirange", 1),
        None => format!("{}_multirange", pg_type::clip(&name, 52)),
    };
    if c.type_named(schema, &multirange_name).is_some() {
        return Err(err!(DUPLICATE_OBJECT, "type \"{multirange_name}\" already exists")
            .detail(format!("Failed while creating a multirange type for type \"{name}\"."))
            .hint("You can manually specify a multirange type name using the \"multirange_type_name\" attribute."));
    }
    let multirange = shared.db.new_oid();
    let mut t = blank(
        shared,
        &name,
        schema,
        TypeEntryKind::Range { subtype, opclass: class, collation, canonical: 0, subdiff: 0, multirange },
    );
    t.category = b'R';
    t.align = if st.align == b'd' { b'd' } else { b'i' };
    t.io = pg_type::io("range");
    let oid = t.oid;
    let align = t.align;
    pg_type::put_with_array(shared, t)?;
    let mut m = blank(shared, &multirange_name, schema, TypeEntryKind::Multirange(oid));
    m.oid = multirange;
    m.category = b'R';
    m.align = align;
    m.io = pg_type::io("multirange");
    pg_type::put_with_array(shared, m)?;
    in_schema(shared, oid, schema)?;
    let mut edges = vec![];
    heap::edge(&mut edges, Objects::ty(oid), Objects::ty(subtype), DependencyKind::Normal);
    heap::edge(&mut edges, Objects::ty(multirange), Objects::ty(oid), DependencyKind::Internal);
    shared.edit_catalog(|c| {
        c.add_depends(&edges);
        Ok(())
    })?;
    // A range without its constructor functions would be hard to use, and they need user-made entries of built-in kernels.
    constructors(shared, &name, schema, oid, subtype)?;
    constructors_multirange(shared, &multirange_name, schema, multirange, oid)
}

fn constructor(shared: &Shared, name: &str, schema: Oid, args: Vec<Oid>, result: Oid, source: &str) -> Result<()> {
    let p = tusklet_catalog::live::Proc {
        oid: shared.db.new_oid(),
        name: name.to_string(),
        schema,
        owner: shared.user(),
        language: oids::LANGUAGE_INTERNAL,
        kind: b'f',
        args,
        all_args: vec![],
        modes: vec![],
        arg_names: vec![],
        defaults: vec![],
        variadic: 0,
        result,
        retset: false,
        strict: false,
        volatility: b'i',
        parallel: b's',
        security_definer: false,
        leakproof: false,
        cost: 1.0,
        rows: 0.0,
        source: source.to_string(),
        body: vec![],
        config: vec![],
        aggregate: None,
        acl: None,
    };
    let mut edges = vec![];
    heap::edge(&mut edges, Objects::proc(p.oid), Objects::ty(result), DependencyKind::Internal);
    shared.edit_catalog(|c| {
        c.put_proc(p);
        c.add_depends(&edges);
        Ok(())
    })
}

fn constructors(shared: &Shared, name: &str, schema: Oid, range: Oid, subtype: Oid) -> Result<()> {
    constructor(shared, name, schema, vec![subtype, subtype], range, "range_constructor2")?;
    constructor(shared, name, schema, vec![subtype, subtype, oids::TEXT], range, "range_constructor3")
}

fn constructors_multirange(shared: &Shared, name: &str, schema: Oid, multirange: Oid, range: Oid) -> Result<()> {
    constructor(shared, name, schema, vec![], multirange, "multirange_constructor0")?;
    constructor(shared, name, schema, vec![range], multirange, "multirange_constructor1")
}
