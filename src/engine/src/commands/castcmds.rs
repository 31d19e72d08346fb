//! CREATE CAST (`functioncmds.c`).

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Cast, Catalog, Dependency, DependencyKind, ObjectAddress, ObjectClass, TypeEntryKind};
use tusklet_error::{Result, SqlState, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{CastMethod, CoercionContext, CreateCastStmt, ObjectType, TypeName};

use super::object_address::Objects;
use super::{acl, expressions, functioncmds, heap, without_position};
use crate::missing;
use crate::session::Shared;

fn check_owner(shared: &Shared, source: Oid, target: Oid) -> Result<()> {
    let c = shared.catalog();
    if [source, target].iter().any(|t| c.ty(*t).is_some_and(|t| acl::is_owner(shared, t.owner))) {
        return Ok(());
    }
    bail!(
        INSUFFICIENT_PRIVILEGE,
        "must be owner of type {} or type {}";
        shared.type_name(source),
        shared.type_name(target)
    )
}

/// Whether one type is another without conversion, and the cast that says so.
fn coercible(c: &Catalog, from: Oid, to: Oid, edges: &mut Vec<ObjectAddress>) -> bool {
    if !c.is_binary_coercible(from, to) {
        return false;
    }
    if let Some(k) = c.cast(from, to).filter(|_| from != to) {
        edges.push(ObjectAddress::new(ObjectClass::Cast, k.oid));
    }
    true
}

/// CREATE CAST.
pub fn create_cast(shared: &Shared, s: &CreateCastStmt) -> Result<()> {
    let CreateCastStmt { sourcetype, targettype, method, context, span: _ } = s;
    let source = expressions::resolve_type(shared, sourcetype).map_err(without_position)?.oid;
    let target = expressions::resolve_type(shared, targettype).map_err(without_position)?.oid;
    let c = shared.catalog();
    let (Some(st), Some(tt)) = (c.ty(source), c.ty(target)) else { bail!(UNDEFINED_OBJECT, "type does not exist") };
    for (t, name, what) in [(&st, sourcetype, "source"), (&tt, targettype, "target")] {
        if matches!(t.kind, TypeEntryKind::Pseudo) {
            let shown = expressions::type_name_text(name);
            bail!(WRONG_OBJECT_TYPE, "{} data type {} is a pseudo-type"; what, shown);
        }
    }
    check_owner(shared, source, target)?;
    acl::check_type(shared, source)?;
    acl::check_type(shared, target)?;
    for (t, what) in [(&st, "source"), (&tt, "target")] {
        if matches!(t.kind, TypeEntryKind::Domain { .. }) {
            shared.warn(
                SqlState::WRONG_OBJECT_TYPE,
                filled!("cast will be ignored because the {} data type is a domain"; what),
            );
            break;
        }
    }
    let mut needs = vec![Objects::ty(source), Objects::ty(target)];
    let (mut func, mut nargs) = (0, 0);
    let letter = match method {
        CastMethod::Function(w) => {
            let Some(oid) = functioncmds::lookup(shared, w, ObjectType::Function, false)? else { return Ok(()) };
            let Some(p) = c.proc(oid) else { return Ok(()) };
            (func, nargs) = (oid, p.args.len());
            let problem = if !(1..=3).contains(&nargs) {
                "cast function must take one to three arguments"
            } else if !coercible(&c, source, p.args[0], &mut needs) {
                "argument of cast function must match or be binary-coercible from source data type"
            } else if nargs > 1 && p.args[1] != oids::INT4 {
                "second argument of cast function must be type integer"
            } else if nargs > 2 && p.args[2] != oids::BOOL {
                "third argument of cast function must be type boolean"
            } else if !coercible(&c, p.result, target, &mut needs) {
                "return data type of cast function must match or be binary-coercible to target data type"
            } else if p.kind != b'f' {
                "cast function must be a normal function"
            } else if p.retset {
                "cast function must not return a set"
            } else {
                ""
            };
            if !problem.is_empty() {
                bail!(INVALID_OBJECT_DEFINITION, "{}"; problem);
            }
            needs.push(Objects::proc(func));
            b'f'
        }
        CastMethod::InOut => b'i',
        CastMethod::WithoutFunction => {
            if !acl::is_superuser(shared) {
                bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create a cast WITHOUT FUNCTION");
            }
            use tusklet_vector::Phys::{F32, F64, I32, I64};
            let forms = (c.phys(source), c.phys(target));
            let bits = matches!(forms, (I32, F32) | (F32, I32) | (I64, F64) | (F64, I64));
            if !(forms.0 == forms.1 || bits) {
                bail!(INVALID_OBJECT_DEFINITION, "source and target data types are not physically compatible");
            }
            if (st.len, st.by_val, st.align) != (tt.len, tt.by_val, tt.align) {
                bail!(INVALID_OBJECT_DEFINITION, "source and target data types are not physically compatible");
            }
            // Values of these have OIDs inside.
            let what = |k: &TypeEntryKind| match k {
                TypeEntryKind::Composite(_) => 0,
                TypeEntryKind::Enum(_) => 1,
                TypeEntryKind::Array { varlena: true, .. } => 2,
                TypeEntryKind::Range { .. } | TypeEntryKind::Multirange(_) => 3,
                TypeEntryKind::Domain { .. } => 4,
                _ => 5,
            };
            let problem = [
                "composite data types are not",
                "enum data types are not",
                "array data types are not",
                "range data types are not",
                "domain data types must not be marked",
            ];
            if let Some(p) = problem.get(what(&st.kind).min(what(&tt.kind))) {
                bail!(INVALID_OBJECT_DEFINITION, "{} binary-compatible"; p);
            }
            b'b'
        }
    };
    if source == target && nargs < 2 {
        bail!(INVALID_OBJECT_DEFINITION, "source data type and target data type are the same");
    }
    if c.cast(source, target).is_some() {
        bail!(
            DUPLICATE_OBJECT,
            "cast from type {} to type {} already exists";
            shared.type_name(source),
            shared.type_name(target)
        );
    }
    let cast = Cast {
        oid: shared.db.new_oid(),
        source,
        target,
        func,
        context: match context {
            CoercionContext::Implicit => b'i',
            CoercionContext::Assignment => b'a',
            CoercionContext::Explicit => b'e',
        },
        method: letter,
    };
    let me = ObjectAddress::new(ObjectClass::Cast, cast.oid);
    let mut edges: Vec<Dependency> = vec![];
    for a in needs {
        heap::edge(&mut edges, &me, &a, DependencyKind::Normal);
    }
    shared.edit_catalog(|c| {
        c.put_cast(cast);
        c.put_depends(me, edges);
    })
}

/// Refuses who owns neither of a cast's types.
pub fn check_owner_of(shared: &Shared, cast: Oid) -> Result<()> {
    match shared.catalog().user_cast(cast) {
        Some(k) => check_owner(shared, k.source, k.target),
        None => match builtin::Cast::all().find(|k| k.oid() == cast) {
            Some(k) => check_owner(shared, k.source(), k.target()),
            None => Ok(()),
        },
    }
}

/// The cast between two types; `None` after a notice when it may be missing.
pub fn find(shared: &Shared, source: &TypeName, target: &TypeName, missing_ok: bool) -> Result<Option<ObjectAddress>> {
    let mut types = [0, 0];
    for (name, out) in [source, target].into_iter().zip(&mut types) {
        let found = match expressions::lookup_type(shared, name).map_err(without_position) {
            Err(e) if missing_ok && e.code() == SqlState::INVALID_SCHEMA_NAME => {
                missing::unless(true, shared, e)?;
                return Ok(None);
            }
            found => found?,
        };
        *out = match found {
            Some(t) => t.oid,
            None => {
                let e = err!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; expressions::type_name_text(name));
                missing::unless(missing_ok, shared, e)?;
                return Ok(None);
            }
        };
    }
    let c = shared.catalog();
    let Some(k) = c.cast(types[0], types[1]) else {
        if missing_ok {
            let shown = [source, target].map(expressions::type_name_text);
            missing::skipping(shared, filled!("cast from type {} to type {} does not exist"; shown[0], shown[1]));
            return Ok(None);
        }
        bail!(
            UNDEFINED_OBJECT,
            "cast from type {} to type {} does not exist";
            shared.type_name(types[0]),
            shared.type_name(types[1])
        );
    };
    Ok(Some(ObjectAddress::new(ObjectClass::Cast, k.oid)))
}
