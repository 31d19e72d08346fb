//! CREATE and ALTER SEQUENCE, and the sequences of serial and identity columns (`sequence.c`). Taking values is
//! [`crate::sequence`]'s.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Dependency, DependencyKind, ObjectAddress, ObjectClass, Persistence, RelKind, Sequence};
use tusklet_error::{Error, Result, bail, err, filled, match_word};
use tusklet_ir::{Oid, TypeRef};
use tusklet_storage::{LockMode, RelId, SequenceOptions};
use tusklet_syntax::ast::{AlterSeqStmt, CreateSeqStmt, DefArg, DefElem, DefElemAction};

use super::define::conflict;
use super::object_address::Objects;
use super::parse_utilcmd::NewSequence;
use super::{acl, expressions, heap, lock, namespace, option_number};
use crate::missing;
use crate::session::Shared;

/// A sequence's parameters while a statement changes them.
struct Params {
    seq: Sequence,
    /// Where it is to go on: last value and whether it was given out.
    position: Option<(i64, bool)>,
    owned_by: Option<Vec<String>>,
}

fn bounds(ty: Oid) -> (i64, i64) {
    match ty {
        oids::INT2 => (i16::MIN as i64, i16::MAX as i64),
        oids::INT4 => (i32::MIN as i64, i32::MAX as i64),
        _ => (i64::MIN, i64::MAX),
    }
}

/// Applies options (`init_params`).
fn init_params(shared: &Shared, old: Option<(Sequence, i64, bool)>, options: &[DefElem], identity: bool) -> Result<Params> {
    let is_init = old.is_none();
    let (mut q, mut last, mut called) = old.unwrap_or((
        Sequence {
            ty: oids::INT8,
            start: 0,
            increment: 1,
            min: 0,
            max: 0,
            cache: 1,
            cycle: false,
            owned_by: (0, 0),
            identity: false,
        },
        0,
        false,
    ));
    let mut found: Vec<(&str, &DefElem)> = vec![];
    let mut owned_by = None;
    for o in options {
        let name = match_word!(o.name.as_str();
            "as" | "increment" | "start" | "restart" | "maxvalue" | "minvalue" | "cache" | "cycle" | "owned_by" => {
                let n = o.name.as_str();
                n
            },
            "sequence_name" => {
                // Only a dump of an identity column names its sequence.
                continue;
            };
            n => return Err(err!(INTERNAL_ERROR, "option \"{}\" not recognized"; n)),
        );
        if found.iter().any(|(f, _)| *f == name) {
            return Err(conflict(o));
        }
        found.push((name, o));
    }
    let get = |n: &str| found.iter().find(|(f, _)| *f == n).map(|(_, o)| *o);
    let (mut reset_max, mut reset_min) = (false, false);
    if let Some(o) = get("as") {
        let Some(DefArg::TypeName(t)) = &o.arg else { bail!(SYNTAX_ERROR, "AS requires a type") };
        let ty = expressions::resolve_type(shared, t)?.oid;
        if !matches!(ty, oids::INT2 | oids::INT4 | oids::INT8) {
            if identity {
                bail!(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint");
            }
            bail!(INVALID_PARAMETER_VALUE, "sequence type must be smallint, integer, or bigint");
        }
        if !is_init {
            // Bounds that were the old type's become the new one's.
            let (low, high) = bounds(q.ty);
            reset_max = q.max == high;
            reset_min = q.min == low;
        }
        q.ty = ty;
    }
    if let Some(o) = get("increment") {
        q.increment = option_number(o)?;
        if q.increment == 0 {
            bail!(INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
        }
    }
    if let Some(o) = get("cycle") {
        q.cycle = !matches!(o.arg, Some(DefArg::Boolean(false)));
    }
    let (low, high) = bounds(q.ty);
    match get("maxvalue").map(|o| (o, &o.arg)) {
        Some((o, Some(_))) => q.max = option_number(o)?,
        other if is_init || other.is_some() || reset_max => q.max = if q.increment > 0 { high } else { -1 },
        _ => {}
    }
    let type_name = |ty: Oid| match ty {
        oids::INT2 => "smallint",
        oids::INT4 => "integer",
        _ => "bigint",
    };
    if q.max < low || q.max > high {
        bail!(
            INVALID_PARAMETER_VALUE,
            "MAXVALUE ({}) is out of range for sequence data type {}",
            q.max,
            type_name(q.ty)
        );
    }
    match get("minvalue").map(|o| (o, &o.arg)) {
        Some((o, Some(_))) => q.min = option_number(o)?,
        other if is_init || other.is_some() || reset_min => q.min = if q.increment > 0 { 1 } else { low },
        _ => {}
    }
    if q.min < low || q.min > high {
        bail!(
            INVALID_PARAMETER_VALUE,
            "MINVALUE ({}) is out of range for sequence data type {}",
            q.min,
            type_name(q.ty)
        );
    }
    if q.min >= q.max {
        bail!(INVALID_PARAMETER_VALUE, "MINVALUE ({}) must be less than MAXVALUE ({})", q.min, q.max);
    }
    match get("start") {
        Some(o) => q.start = option_number(o)?,
        None if is_init => q.start = if q.increment > 0 { q.min } else { q.max },
        None => {}
    }
    if q.start < q.min {
        bail!(INVALID_PARAMETER_VALUE, "START value ({}) cannot be less than MINVALUE ({})", q.start, q.min);
    }
    if q.start > q.max {
        bail!(INVALID_PARAMETER_VALUE, "START value ({}) cannot be greater than MAXVALUE ({})", q.start, q.max);
    }
    let mut moved = is_init;
    match get("restart") {
        Some(o) => {
            last = if o.arg.is_some() { option_number(o)? } else { q.start };
            called = false;
            moved = true;
        }
        None if is_init => {
            last = q.start;
            called = false;
        }
        None => {}
    }
    if last < q.min {
        bail!(INVALID_PARAMETER_VALUE, "RESTART value ({last}) cannot be less than MINVALUE ({})", q.min);
    }
    if last > q.max {
        bail!(INVALID_PARAMETER_VALUE, "RESTART value ({last}) cannot be greater than MAXVALUE ({})", q.max);
    }
    if let Some(o) = get("cache") {
        q.cache = option_number(o)?;
        if q.cache <= 0 {
            bail!(INVALID_PARAMETER_VALUE, "CACHE ({}) must be greater than zero", q.cache);
        }
    }
    if let Some(o) = get("owned_by") {
        owned_by = Some(match &o.arg {
            Some(DefArg::Name(n)) => n.clone(),
            Some(DefArg::String(s)) => vec![s.clone()],
            Some(DefArg::TypeName(t)) => t.names.clone(),
            _ => bail!(SYNTAX_ERROR, "invalid OWNED BY option"),
        });
    }
    Ok(Params { seq: q, position: if moved || !options.is_empty() { Some((last, called)) } else { None }, owned_by })
}

fn storage_options(q: &Sequence) -> SequenceOptions {
    SequenceOptions { start: q.start, increment: q.increment, min: q.min, max: q.max, cycle: q.cycle }
}

/// CREATE SEQUENCE.
pub fn create_sequence(shared: &Shared, s: &CreateSeqStmt) -> Result<()> {
    let CreateSeqStmt { sequence, options, if_not_exists, span: _ } = s;
    let (schema, persistence) = namespace::creation(shared, sequence)?;
    if *if_not_exists && shared.catalog().relation_named(schema, &sequence.relname).is_some() {
        return missing::unless_wanted(true, shared, missing::name_taken(&sequence.relname));
    }
    let p = init_params(shared, None, options, false)?;
    let owned_by = p.owned_by.clone();
    let oid = create(shared, &sequence.relname, schema, persistence, p.seq)?;
    match owned_by {
        Some(n) => own_by(shared, oid, &n),
        None => Ok(()),
    }
}

fn create(shared: &Shared, name: &str, schema: Oid, persistence: Persistence, q: Sequence) -> Result<Oid> {
    let mut rel = heap::blank(shared, name, schema, RelKind::Sequence, persistence);
    let not_null = |n: &str, ty: Oid| {
        let mut c = heap::column(n, TypeRef::new(ty), 0);
        c.not_null = true;
        c
    };
    rel.replica_identity = b'n';
    rel.columns = vec![
        not_null("last_value", oids::INT8),
        not_null("log_cnt", oids::INT8),
        not_null("is_called", oids::BOOL),
    ];
    rel.storage = shared.db.store.create_sequence(&shared.tx()?, storage_options(&q))?.0;
    rel.sequence = Some(q);
    Ok(heap::create(shared, rel)?.oid)
}

/// The sequence of a serial or identity column; the table does not exist yet (`generateSerialExtraStmts`).
pub fn create_for_column(
    shared: &Shared,
    table: &str,
    schema: Oid,
    persistence: Persistence,
    column: &str,
    new: &NewSequence,
) -> Result<Oid> {
    let given = new.options.iter().find(|o| o.name == "sequence_name");
    let name = match given.and_then(|o| match &o.arg {
        Some(DefArg::Name(n)) => n.last().cloned(),
        Some(DefArg::TypeName(t)) => t.names.last().cloned(),
        _ => None,
    }) {
        Some(n) => n,
        None => heap::choose_relation_name(&shared.catalog(), table, Some(column), "seq", schema, false),
    };
    let mut options = new.options.clone();
    options.retain(|o| o.name != "sequence_name");
    if let Some(o) = options.iter().find(|o| o.name == "as") {
        return Err(conflict(o));
    }
    if let Some(o) = options.iter().find(|o| o.name == "owned_by") {
        return Err(conflict(o));
    }
    options.insert(0, option("as", Some(DefArg::TypeName(type_name(new.ty)))));
    let p = init_params(shared, None, &options, new.identity)?;
    create(shared, &name, schema, persistence, p.seq)
}

/// An option made by the system.
pub fn option(name: &str, arg: Option<DefArg>) -> DefElem {
    DefElem {
        namespace: None,
        name: name.to_string(),
        arg,
        action: DefElemAction::Unspecified,
        span: tusklet_error::Span::NONE,
    }
}

/// An integer type's name.
pub fn type_name(ty: Oid) -> tusklet_syntax::ast::TypeName {
    let n = match ty {
        oids::INT2 => "int2",
        oids::INT4 => "int4",
        _ => "int8",
    };
    expressions::type_named(vec!["pg_catalog".into(), n.into()])
}

/// Makes a sequence part of a column: it goes when the column goes.
pub fn set_owner(shared: &Shared, seq: Oid, table: Oid, attno: i16, identity: bool) -> Result<()> {
    heap::change(shared, seq, |r| {
        if let Some(q) = &mut r.sequence {
            q.owned_by = (table, attno);
            q.identity = identity;
        }
    })?;
    let me = Objects::relation(seq);
    let kind = if identity { DependencyKind::Internal } else { DependencyKind::Auto };
    let edges: Vec<Dependency> = if table == 0 {
        vec![]
    } else {
        vec![Dependency { dependent: me, referenced: ObjectAddress::column(table, attno), kind }]
    };
    super::dependency::replace_edges(
        shared,
        me,
        &|d| d.referenced.class != ObjectClass::Relation || d.kind == DependencyKind::Normal,
        &edges,
    )
}

fn own_by(shared: &Shared, seq: Oid, names: &[String]) -> Result<()> {
    let r = heap::get(shared, seq)?;
    if r.sequence.as_ref().is_some_and(|q| q.identity) {
        let (t, _) = r.sequence.as_ref().map_or((0, 0), |q| q.owned_by);
        let name = heap::get(shared, t)?.name.clone();
        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot change ownership of identity sequence")
            .detail(filled!("Sequence \"{}\" is linked to table \"{}\"."; r.name, name)));
    }
    if names.len() == 1 {
        if names[0] != "none" {
            return Err(err!(SYNTAX_ERROR, "invalid OWNED BY option")
                .hint("Specify OWNED BY table.column or OWNED BY NONE."));
        }
        return set_owner(shared, seq, 0, 0, false);
    }
    let (rel, column) = names.split_at(names.len() - 1);
    let t = namespace::get(shared, &namespace::range_var(rel)?)?;
    if !matches!(t.kind, RelKind::Table | RelKind::Foreign | RelKind::View | RelKind::Partitioned) {
        return Err(err!(WRONG_OBJECT_TYPE, "sequence cannot be owned by relation \"{}\""; t.name)
            .detail(super::indexcmds::unsupported_for(t.kind)));
    }
    if t.owner != r.owner {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "sequence must have same owner as table it is linked to"
        );
    }
    if t.schema != r.schema {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "sequence must be in same schema as table it is linked to"
        );
    }
    let Some(a) = t.attno(&column[0]) else {
        return Err(missing::column(&t.name, &column[0]));
    };
    set_owner(shared, seq, t.oid, a, false)
}

/// ALTER SEQUENCE.
pub fn alter_sequence(shared: &Shared, s: &AlterSeqStmt) -> Result<()> {
    let AlterSeqStmt { sequence, options, missing_ok, span: _ } = s;
    let Some(r) = namespace::find_or_skip(shared, sequence, *missing_ok)? else { return Ok(()) };
    if r.kind != RelKind::Sequence {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence"; r.name);
    }
    acl::check_owner(shared, r.owner, "sequence", &r.name)?;
    lock(shared, r.oid, LockMode::ShareRowExclusive)?;
    alter_options(shared, r.oid, options)
}

/// Changes a sequence's options; the new ones are a new file, so that ROLLBACK undoes them.
pub fn alter_options(shared: &Shared, oid: Oid, options: &[DefElem]) -> Result<()> {
    let r = heap::get(shared, oid)?;
    let Some(q) = r.sequence.clone() else { return Err(Error::internal("sequence without parameters")) };
    let state = shared.db.store.sequence_state(RelId(r.storage))?;
    let identity = q.identity;
    let p = init_params(shared, Some((q, state.last, state.called)), options, identity)?;
    if let Some((last, called)) = p.position {
        replace(shared, oid, p.seq, last, called)?;
    }
    match p.owned_by {
        Some(n) => own_by(shared, oid, &n),
        None => Ok(()),
    }
}

fn replace(shared: &Shared, oid: Oid, q: Sequence, last: i64, called: bool) -> Result<()> {
    let r = heap::get(shared, oid)?;
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let file = store.create_sequence(&tx, storage_options(&q))?;
    store.setval(file, last, called)?;
    store.drop_rel(&tx, RelId(r.storage))?;
    heap::change(shared, oid, |r| {
        r.storage = file.0;
        r.sequence = Some(q);
    })
}

/// Starts a sequence over (TRUNCATE … RESTART IDENTITY).
pub fn restart(shared: &Shared, oid: Oid) -> Result<()> {
    let r = heap::get(shared, oid)?;
    match r.sequence.clone() {
        Some(q) => {
            let start = q.start;
            replace(shared, oid, q, start, false)
        }
        None => Ok(()),
    }
}

/// The sequence a column owns.
pub fn owned(shared: &Shared, table: Oid, attno: i16, identity: bool) -> Option<Oid> {
    let c = shared.catalog();
    c.user_relations()
        .find(|r| {
            r.sequence.as_ref().is_some_and(|q| q.owned_by == (table, attno) && (q.identity || !identity))
        })
        .map(|r| r.oid)
}

/// The options of a column's sequence, as they would be written to make it again.
pub fn options_of_owned(shared: &Shared, table: Oid, attno: i16) -> Result<Vec<DefElem>> {
    let Some(oid) = owned(shared, table, attno, true) else { return Ok(vec![]) };
    let r = heap::get(shared, oid)?;
    let Some(q) = &r.sequence else { return Ok(vec![]) };
    let number = |n: &str, v: i64| option(n, Some(DefArg::Float(v.to_string())));
    Ok(vec![
        number("cache", q.cache),
        option("cycle", Some(DefArg::Boolean(q.cycle))),
        number("increment", q.increment),
        number("maxvalue", q.max),
        number("minvalue", q.min),
        number("start", q.start),
    ])
}
