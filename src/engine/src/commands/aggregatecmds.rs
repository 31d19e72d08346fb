//! CREATE AGGREGATE (`aggregatecmds.c`, `pg_aggregate.c`).

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{AggregateParts, ObjectAddress, ObjectClass, Proc};
use tusklet_error::{Result, SqlState, bail, err, filled, match_word, words};
use tusklet_ir::{Oid, TypeRef};
use tusklet_syntax::ast::{self, DefElem, DefineStmt};
use tusklet_vector::CallContext;

use super::define::{definition_names, definition_number, definition_type};
use super::functioncmds::{self, Parameters, Routine, polymorphic_problem};
use super::object_address::Objects;
use super::{acl, bool_option, expressions, namespace, option_text, without_position};
use crate::query::Analyzer;
use crate::session::Shared;

/// What a definition says, by option; the moving form's beside the plain one's.
#[derive(Default)]
struct Definition {
    sfunc: [Vec<String>; 2],
    inverse: Vec<String>,
    finalfunc: [Vec<String>; 2],
    extra: [bool; 2],
    modify: [Option<u8>; 2],
    stype: [Option<ast::TypeName>; 2],
    space: [i32; 2],
    initcond: [Option<String>; 2],
    combine: Vec<String>,
    serial: Vec<String>,
    deserial: Vec<String>,
    sortop: Vec<String>,
    basetype: Option<ast::TypeName>,
    hypothetical: bool,
    parallel: Option<String>,
}

fn modify(o: &DefElem) -> Result<u8> {
    Ok(match option_text(o)?.as_str() {
        "read_only" => b'r',
        "shareable" => b's',
        "read_write" => b'w',
        _ => bail!(SYNTAX_ERROR, "parameter \"{}\" must be READ_ONLY, SHAREABLE, or READ_WRITE"; o.name),
    })
}

fn read(shared: &Shared, list: &[DefElem]) -> Result<Definition> {
    let mut d = Definition::default();
    for o in list {
        // The options of the moving form are those of the plain one with an `m` before.
        let moving = words::has("msfunc|mfinalfunc|mfinalfunc_extra|mfinalfunc_modify|mstype|msspace|minitcond|", &o.name);
        let (moving, name) = if moving { (1, &o.name[1..]) } else { (0, o.name.as_str()) };
        match_word!(name;
            "sfunc" | "sfunc1" => d.sfunc[moving] = definition_names(o)?,
            "finalfunc" => d.finalfunc[moving] = definition_names(o)?,
            "combinefunc" => d.combine = definition_names(o)?,
            "serialfunc" => d.serial = definition_names(o)?,
            "deserialfunc" => d.deserial = definition_names(o)?,
            "minvfunc" => d.inverse = definition_names(o)?,
            "finalfunc_extra" => d.extra[moving] = bool_option(o)?,
            "finalfunc_modify" => d.modify[moving] = Some(modify(o)?),
            "sortop" => d.sortop = definition_names(o)?,
            "basetype" => d.basetype = Some(definition_type(o)?),
            "hypothetical" => d.hypothetical = bool_option(o)?,
            "stype" | "stype1" => d.stype[moving] = Some(definition_type(o)?),
            "sspace" => d.space[moving] = definition_number(o)?,
            "initcond" | "initcond1" => d.initcond[moving] = Some(option_text(o)?),
            "parallel" => d.parallel = Some(option_text(o)?);
            _ => shared.warn(SqlState::SYNTAX_ERROR, filled!("aggregate attribute \"{}\" not recognized"; o.name)),
        )
    }
    Ok(d)
}

/// A function an aggregate is made of, which its creator must be allowed to call.
fn part(shared: &Shared, name: &[String], types: &[Oid], variadic: Oid) -> Result<(std::rc::Rc<Proc>, Oid)> {
    let found = tusklet_analyze::lookup_agg_function(&mut Analyzer(shared), name, types, variadic)?;
    acl::check_proc(shared, found.0.oid, "function")?;
    Ok(found)
}

struct Types<'s> {
    shared: &'s Shared,
}

impl Types<'_> {
    fn name(&self, ty: Oid) -> String {
        self.shared.type_name(ty)
    }

    fn same(&self, what: &str, name: &[String], result: Oid, wanted: Oid) -> Result<()> {
        if result == wanted {
            return Ok(());
        }
        bail!(DATATYPE_MISMATCH, "return type of {} function {} is not {}"; what, name.join("."), self.name(wanted))
    }

    /// A type a state may have.
    fn state(&self, t: &ast::TypeName) -> Result<Oid> {
        let ty = expressions::resolve_type(self.shared, t).map_err(without_position)?.oid;
        let c = self.shared.catalog();
        let pseudo = c.ty(ty).is_some_and(|t| t.storage != 0 && matches!(t.kind, tusklet_catalog::live::TypeEntryKind::Pseudo))
            && !tusklet_catalog::resolve::is_polymorphic(ty);
        if pseudo && !(ty == oids::INTERNAL && acl::is_superuser(self.shared)) {
            bail!(INVALID_FUNCTION_DEFINITION, "aggregate transition data type cannot be {}"; self.name(ty));
        }
        Ok(ty)
    }
}

const SAME_STRICTNESS: &str = "strictness of aggregate's forward and inverse transition functions must match";

fn no_moving(what: &str) -> tusklet_error::Error {
    err!(INVALID_FUNCTION_DEFINITION, "aggregate {} must not be specified without mstype"; what)
}

/// CREATE AGGREGATE.
pub fn create_aggregate(shared: &Shared, s: &DefineStmt) -> Result<()> {
    let DefineStmt { kind: _, oldstyle, defnames, args, definition, from: _, if_not_exists: _, replace, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, defnames)?;
    let types = Types { shared };
    let c = shared.catalog();
    let d = read(shared, definition)?;
    let direct = args.as_ref().and_then(|a| a.direct);
    let mut kind = if direct.is_some() { b'o' } else { b'n' };
    if d.hypothetical {
        if direct.is_none() {
            bail!(INVALID_FUNCTION_DEFINITION, "only ordered-set aggregates can be hypothetical");
        }
        kind = b'h';
    }
    let Some(stype) = &d.stype[0] else { bail!(INVALID_FUNCTION_DEFINITION, "aggregate stype must be specified") };
    if d.sfunc[0].is_empty() {
        bail!(INVALID_FUNCTION_DEFINITION, "aggregate sfunc must be specified");
    }
    if d.stype[1].is_some() {
        for (missing, what) in [(d.sfunc[1].is_empty(), "msfunc"), (d.inverse.is_empty(), "minvfunc")] {
            if missing {
                bail!(INVALID_FUNCTION_DEFINITION, "aggregate {} must be specified when mstype is specified"; what);
            }
        }
    } else {
        for (given, what) in [
            (!d.sfunc[1].is_empty(), "msfunc"),
            (!d.inverse.is_empty(), "minvfunc"),
            (!d.finalfunc[1].is_empty(), "mfinalfunc"),
            (d.space[1] != 0, "msspace"),
            (d.initcond[1].is_some(), "minitcond"),
        ] {
            if given {
                return Err(no_moving(what));
            }
        }
    }
    let modify = [0, 1].map(|i| d.modify[i].unwrap_or(if kind == b'n' { b'r' } else { b'w' }));
    let p = if *oldstyle {
        let Some(base) = &d.basetype else {
            bail!(INVALID_FUNCTION_DEFINITION, "aggregate input type must be specified")
        };
        let mut p = functioncmds::parameters(shared, &[], Routine::Aggregate)?;
        if !expressions::type_name_text(base).eq_ignore_ascii_case("any") {
            p.args.push(expressions::resolve_type(shared, base).map_err(without_position)?.oid);
        }
        p
    } else {
        if d.basetype.is_some() {
            bail!(INVALID_FUNCTION_DEFINITION, "basetype is redundant with aggregate input type specification");
        }
        functioncmds::parameters(shared, args.as_ref().map_or(&[], |a| a.args.as_slice()), Routine::Aggregate)?
    };
    let Parameters { args: inputs, all, modes, names, defaults, variadic, result: _ } = p;
    let direct = direct.unwrap_or(0);
    let state = types.state(stype)?;
    match (d.serial.is_empty(), d.deserial.is_empty()) {
        (true, true) => {}
        (false, false) if state != oids::INTERNAL => bail!(
            INVALID_FUNCTION_DEFINITION,
            "serialization functions may be specified only when the aggregate transition data type is internal"
        ),
        (false, false) => {}
        _ => bail!(
            INVALID_FUNCTION_DEFINITION,
            "must specify both or neither of serialization and deserialization functions"
        ),
    }
    let moving_state = d.stype[1].as_ref().map(|t| types.state(t)).transpose()?.unwrap_or(0);
    for (text, ty) in [(&d.initcond[0], state), (&d.initcond[1], moving_state)] {
        let pseudo = matches!(c.ty(ty).as_deref().map(|t| &t.kind), Some(tusklet_catalog::live::TypeEntryKind::Pseudo));
        if let (Some(t), false, true) = (text, pseudo || tusklet_catalog::resolve::is_polymorphic(ty), ty != 0) {
            expressions::with_cx(shared, |cx| cx.input(TypeRef::new(ty), t))?;
        }
    }
    let parallel = match d.parallel.as_deref() {
        None | Some("unsafe") => b'u',
        Some("safe") => b's',
        Some("restricted") => b'r',
        Some(_) => bail!(SYNTAX_ERROR, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"),
    };
    // From here on as AggregateCreate.
    for ty in [state, moving_state] {
        if let Some(detail) = polymorphic_problem(shared, &inputs, ty) {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "cannot determine transition data type").detail(detail));
        }
    }
    if kind != b'n' && variadic != 0 && variadic != oids::ANY {
        bail!(FEATURE_NOT_SUPPORTED, "a variadic ordered-set aggregate must use VARIADIC type ANY");
    }
    if kind == b'h' && direct < inputs.len() {
        let ordered = inputs.len() - direct;
        if variadic != 0 || direct < ordered || inputs[direct - ordered..direct] != inputs[direct..] {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "a hypothetical-set aggregate must have direct arguments matching its aggregated arguments"
            );
        }
    }
    // An ordered-set aggregate's transition function takes the aggregated arguments only; a VARIADIC one is both.
    let taken = match kind {
        b'n' => &inputs[..],
        _ if direct < inputs.len() => &inputs[direct..],
        _ => &inputs[inputs.len().saturating_sub(1)..],
    };
    let mut needs: Vec<Oid> = vec![];
    let strict_start = |p: &Proc, init: &Option<String>, ty: Oid| -> Result<()> {
        let fits = inputs.first().is_some_and(|t| c.is_binary_coercible(*t, ty));
        if p.strict && init.is_none() && !fits {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "must not omit initial value when transition function is strict and transition type is not compatible with input type"
            );
        }
        Ok(())
    };
    let mut call: Vec<Oid> = vec![state];
    call.extend(taken);
    let (trans, result) = part(shared, &d.sfunc[0], &call, variadic)?;
    types.same("transition", &d.sfunc[0], result, state)?;
    strict_start(&trans, &d.initcond[0], state)?;
    needs.push(trans.oid);
    let mut moving = [0; 4];
    if moving_state != 0 {
        call[0] = moving_state;
        let (f, result) = part(shared, &d.sfunc[1], &call, variadic)?;
        types.same("transition", &d.sfunc[1], result, moving_state)?;
        strict_start(&f, &d.initcond[1], moving_state)?;
        let (inverse, result) = part(shared, &d.inverse, &call, variadic)?;
        types.same("inverse transition", &d.inverse, result, moving_state)?;
        if inverse.strict != f.strict {
            bail!(INVALID_FUNCTION_DEFINITION, "{SAME_STRICTNESS}");
        }
        moving = [f.oid, inverse.oid, 0, moving_state];
        needs.extend([f.oid, inverse.oid]);
    }
    let finish = |i: usize, state: Oid| -> Result<(Oid, Oid)> {
        if d.finalfunc[i].is_empty() {
            return Ok((0, state));
        }
        let mut call: Vec<Oid> = vec![state];
        let mut v = variadic;
        if d.extra[i] {
            call.extend(&inputs);
        } else {
            call.extend(&inputs[..direct]);
            if direct < inputs.len() {
                v = 0;
            }
        }
        let (f, result) = part(shared, &d.finalfunc[i], &call, v)?;
        if d.extra[i] && f.strict {
            bail!(INVALID_FUNCTION_DEFINITION, "final function with extra arguments must not be declared STRICT");
        }
        Ok((f.oid, result))
    };
    let (final_fn, result) = finish(0, state)?;
    needs.push(final_fn);
    let mut combine = [0; 3];
    for (i, (name, what, call, wanted)) in [
        (&d.combine, "combine", &[state, state][..], state),
        (&d.serial, "serialization", &[oids::INTERNAL], oids::BYTEA),
        (&d.deserial, "deserialization", &[oids::BYTEA, oids::INTERNAL], oids::INTERNAL),
    ]
    .into_iter()
    .enumerate()
    {
        if name.is_empty() {
            continue;
        }
        let (f, result) = part(shared, name, call, 0)?;
        types.same(what, name, result, wanted)?;
        if i == 0 && state == oids::INTERNAL && f.strict {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "combine function with transition type internal must not be declared STRICT"
            );
        }
        combine[i] = f.oid;
        needs.push(f.oid);
    }
    if let Some(detail) = polymorphic_problem(shared, &inputs, result) {
        return Err(err!(DATATYPE_MISMATCH, "cannot determine result data type").detail(detail));
    }
    functioncmds::check_result_type(shared, &inputs, result)?;
    if moving_state != 0 {
        let (f, r) = finish(1, moving_state)?;
        moving[2] = f;
        needs.push(f);
        if r != result {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "moving-aggregate implementation returns type {}, but plain implementation returns type {}";
                types.name(r),
                types.name(result)
            );
        }
    }
    let mut sort_op = 0;
    if !d.sortop.is_empty() {
        let [one] = inputs[..] else {
            bail!(
                INVALID_FUNCTION_DEFINITION,
                "sort operator can only be specified for single-argument aggregates"
            )
        };
        sort_op = super::operatorcmds::lookup(shared, &d.sortop, one, one)?;
    }
    for ty in inputs.iter().copied().chain([state, moving_state, result]) {
        acl::check_type(shared, ty)?;
    }
    let old = c
        .user_procs_named(&name)
        .find(|o| o.schema == schema && o.args == inputs)
        .and_then(|o| o.aggregate.as_ref().map(|a| (a.kind, a.direct_args)));
    let mut edges: Vec<ObjectAddress> = needs.iter().filter(|f| **f != 0).map(|f| Objects::proc(*f)).collect();
    edges.extend([state, moving_state].iter().filter(|t| **t != 0).map(|t| Objects::ty(*t)));
    if sort_op != 0 {
        edges.push(ObjectAddress::new(ObjectClass::Operator, sort_op));
    }
    let proc = Proc {
        args: inputs,
        all_args: all,
        modes,
        arg_names: names,
        defaults,
        variadic,
        parallel,
        source: "aggregate_dummy".to_string(),
        aggregate: Some(AggregateParts {
            kind,
            direct_args: direct as i32,
            trans: trans.oid,
            final_fn,
            final_extra: d.extra[0],
            trans_type: state,
            init: d.initcond[0].clone(),
            sort_op,
            combine,
            modify,
            space: d.space,
            moving,
            moving_extra: d.extra[1],
            moving_init: d.initcond[1].clone(),
        }),
        ..functioncmds::blank(shared, &name, schema, oids::LANGUAGE_INTERNAL, b'a', result)
    };
    functioncmds::put(shared, proc, *replace, &edges)?;
    match old {
        Some((k, _)) if k != kind => {
            let what = match k {
                b'n' => "an ordinary aggregate function",
                b'o' => "an ordered-set aggregate",
                _ => "a hypothetical-set aggregate",
            };
            Err(err!(WRONG_OBJECT_TYPE, "cannot change routine kind").detail(filled!("\"{}\" is {}."; name, what)))
        }
        Some((_, n)) if n != direct as i32 => {
            bail!(INVALID_FUNCTION_DEFINITION, "cannot change number of direct arguments of an aggregate function")
        }
        _ => Ok(()),
    }
}
