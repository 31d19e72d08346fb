//! CREATE and ALTER OPERATOR (`operatorcmds.c`, `pg_operator.c`).

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Dependency, ObjectAddress, ObjectClass, Operator};
use tusklet_error::{Result, SqlState, bail, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterOperatorStmt, DefineStmt, ObjectWithArgs};

use super::define::{definition_names, definition_type};
use super::{acl, bool_option, expressions, functioncmds, heap, namespace, without_position};
use crate::missing;
use crate::query::Analyzer;
use crate::session::Shared;

/// The operator of exactly these operand types; an error when there is none (`LookupOperName`).
pub fn lookup(shared: &Shared, names: &[String], left: Oid, right: Oid) -> Result<Oid> {
    match tusklet_analyze::lookup_operator(&mut Analyzer(shared), names, left, right)? {
        0 if right == 0 => bail!(SYNTAX_ERROR, "postfix operators are not supported"),
        0 => bail!(
            UNDEFINED_FUNCTION,
            "operator does not exist: {}";
            tusklet_analyze::operator_text(&mut Analyzer(shared), names, left, right)
        ),
        o => Ok(o),
    }
}

/// The operator an `ObjectWithArgs` means (`LookupOperWithArgs`); `None` after a notice when it may be missing.
pub fn with_args(shared: &Shared, w: &ObjectWithArgs, missing_ok: bool) -> Result<Option<Oid>> {
    let ObjectWithArgs { name, args, func_params: _, args_unspecified: _, span: _ } = w;
    let Some(types) = functioncmds::argument_types(shared, name, args, missing_ok)? else { return Ok(None) };
    let [left, right] = types[..] else { bail!(SYNTAX_ERROR, "missing argument") };
    if missing_ok && tusklet_analyze::lookup_operator(&mut Analyzer(shared), name, left, right)? == 0 {
        missing::skipping(shared, filled!("operator {} does not exist"; name.join(".")));
        return Ok(None);
    }
    lookup(shared, name, left, right).map(Some)
}

/// RESTRICT or JOIN: a function that may estimate, 0 for none.
fn estimator(shared: &Shared, names: &[String], join: bool) -> Result<Oid> {
    if names.is_empty() {
        return Ok(0);
    }
    let types: &[Oid] = if join {
        &[oids::INTERNAL, oids::OID, oids::INTERNAL, oids::INT2, oids::INTERNAL]
    } else {
        &[oids::INTERNAL, oids::OID, oids::INTERNAL, oids::INT4]
    };
    let found = functioncmds::exact(shared, names, types, true)?;
    let found = match found {
        // The old form of a join estimator.
        None if join => functioncmds::exact(shared, names, &types[..4], true)?,
        f => f,
    };
    let Some(p) = found else {
        functioncmds::exact(shared, names, types, false)?;
        return Ok(0);
    };
    if p.result != oids::FLOAT8 {
        let what = if join { "join" } else { "restriction" };
        bail!(
            INVALID_OBJECT_DEFINITION,
            "{} estimator function {} must return type double precision";
            what,
            names.join(".")
        );
    }
    acl::check_proc(shared, p.oid, "function")?;
    Ok(p.oid)
}

/// What only binary operators and only those that give booleans may have; each with the words of its error.
fn check_kind(binary: bool, boolean: bool, o: &Operator) -> Result<()> {
    for (given, only_binary, what) in [
        (o.commutator != 0, true, "commutators"),
        (o.join != 0, true, "join selectivity"),
        (o.merges, true, "merge join"),
        (o.hashes, true, "hash"),
    ] {
        if given && only_binary && !binary {
            let verb = if matches!(what, "merge join" | "hash") { "can" } else { "can have" };
            bail!(INVALID_FUNCTION_DEFINITION, "only binary operators {} {}"; verb, what);
        }
    }
    for (given, what) in [
        (o.negator != 0, "have negators"),
        (o.restrict != 0, "have restriction selectivity"),
        (o.join != 0, "have join selectivity"),
        (o.merges, "merge join"),
        (o.hashes, "hash"),
    ] {
        if given && !boolean {
            bail!(INVALID_FUNCTION_DEFINITION, "only boolean operators can {}"; what);
        }
    }
    Ok(())
}

fn put(shared: &Shared, o: Operator) -> Result<()> {
    let me = ObjectAddress::new(ObjectClass::Operator, o.oid);
    let mut edges: Vec<Dependency> = vec![];
    heap::needs(&mut edges, &me, ObjectClass::Schema, o.schema);
    for t in [o.left, o.right, o.result].into_iter().filter(|t| *t != 0) {
        heap::needs(&mut edges, &me, ObjectClass::Type, t);
    }
    for f in [o.func, o.restrict, o.join].into_iter().filter(|f| *f != 0) {
        heap::needs(&mut edges, &me, ObjectClass::Proc, f);
    }
    shared.edit_catalog(|c| {
        c.put_operator(o);
        c.put_depends(me, edges);
    })
}

fn named(shared: &Shared, schema: Oid, name: &str, left: Oid, right: Oid) -> Option<std::rc::Rc<Operator>> {
    let c = shared.catalog();
    c.user_operators_named(name).find(|o| o.schema == schema && o.left == left && o.right == right).cloned()
}

/// A commutator or negator, made a shell when there is none (`get_other_operator`); 0 when it is the operator itself.
fn other(shared: &Shared, names: &[String], left: Oid, right: Oid, of: &Operator, commutator: bool) -> Result<Oid> {
    let found = tusklet_analyze::lookup_operator(&mut Analyzer(shared), names, left, right)?;
    if found != 0 {
        let c = shared.catalog();
        let owner = c.operator(found).map_or(0, |o| o.owner);
        if found != of.oid {
            acl::check_owner(shared, owner, "operator", &names.join("."))?;
        }
        return Ok(found);
    }
    let (schema, name) = namespace::creation_of(shared, &names.to_vec())?;
    if name == of.name && schema == of.schema && left == of.left && right == of.right {
        if !commutator {
            bail!(INVALID_FUNCTION_DEFINITION, "operator cannot be its own negator or sort operator");
        }
        return Ok(0);
    }
    let oid = shared.db.new_oid();
    put(shared, Operator {
        oid,
        name,
        schema,
        owner: shared.user(),
        left,
        right,
        result: 0,
        commutator: 0,
        negator: 0,
        func: 0,
        restrict: 0,
        join: 0,
        merges: false,
        hashes: false,
    })?;
    Ok(oid)
}

/// Links the commutator and negator back to the operator, or forgets it when it goes (`OperatorUpd`).
pub fn link(shared: &Shared, o: &Operator, gone: bool) -> Result<()> {
    for (other, negator) in [(o.commutator, false), (o.negator, true)] {
        let Some(mut t) = shared.catalog().user_operator(other).map(|t| (**t).clone()) else { continue };
        let slot = if negator { &mut t.negator } else { &mut t.commutator };
        let (old, new) = if gone { (o.oid, 0) } else { (0, o.oid) };
        if *slot == old && !(gone && t.oid == o.oid) {
            *slot = new;
            put(shared, t)?;
        }
    }
    Ok(())
}

/// CREATE OPERATOR.
pub fn create_operator(shared: &Shared, s: &DefineStmt) -> Result<()> {
    let DefineStmt { kind: _, oldstyle: _, defnames, args: _, definition, from: _, if_not_exists: _, replace: _, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, defnames)?;
    let mut types = [None, None];
    let [mut func, mut commutator, mut negator, mut restrict, mut join] = [const { Vec::new() }; 5];
    let (mut merges, mut hashes) = (false, false);
    for o in definition {
        match_word!(o.name.as_str();
            "leftarg" | "rightarg" => {
                let n = o.name.as_str();
                let t = definition_type(o)?;
                if t.setof {
                    bail!(INVALID_FUNCTION_DEFINITION, "SETOF type not allowed for operator argument");
                }
                types[usize::from(n == "rightarg")] = Some(t);
            },
            "function" | "procedure" => func = definition_names(o)?,
            "commutator" => commutator = definition_names(o)?,
            "negator" => negator = definition_names(o)?,
            "restrict" => restrict = definition_names(o)?,
            "join" => join = definition_names(o)?,
            "hashes" => hashes = bool_option(o)?,
            "merges" => merges = bool_option(o)?,
            "sort1" | "sort2" | "ltcmp" | "gtcmp" => merges = true;
            n => shared.warn(SqlState::SYNTAX_ERROR, filled!("operator attribute \"{}\" not recognized"; n)),
        )
    }
    if func.is_empty() {
        bail!(INVALID_FUNCTION_DEFINITION, "operator function must be specified");
    }
    let mut operands = [0, 0];
    for (t, o) in types.iter().zip(&mut operands) {
        if let Some(t) = t {
            *o = expressions::resolve_type(shared, t).map_err(without_position)?.oid;
        }
    }
    let [left, right] = operands;
    match (left, right) {
        (0, 0) => bail!(INVALID_FUNCTION_DEFINITION, "operator argument types must be specified"),
        (_, 0) => {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "operator right argument type must be specified")
                .detail("Postfix operators are not supported."));
        }
        _ => {}
    }
    for t in operands.into_iter().filter(|t| *t != 0) {
        acl::check_type(shared, t)?;
    }
    let wanted = if left == 0 { &operands[1..] } else { &operands[..] };
    let Some(p) = functioncmds::exact(shared, &func, wanted, false)? else { return Ok(()) };
    acl::check_proc(shared, p.oid, "function")?;
    acl::check_type(shared, p.result)?;
    let mut o = Operator {
        oid: 0,
        name,
        schema,
        owner: shared.user(),
        left,
        right,
        result: p.result,
        // Only whether they are there, until the checks are done.
        commutator: Oid::from(!commutator.is_empty()),
        negator: Oid::from(!negator.is_empty()),
        func: p.oid,
        restrict: estimator(shared, &restrict, false)?,
        join: estimator(shared, &join, true)?,
        merges,
        hashes,
    };
    check_kind(left != 0, o.result == oids::BOOL, &o)?;
    let old = named(shared, schema, &o.name, left, right);
    match &old {
        Some(old) if old.func != 0 => bail!(DUPLICATE_FUNCTION, "operator {} already exists"; o.name),
        Some(old) => acl::check_owner(shared, old.owner, "operator", &o.name)?,
        None => {}
    }
    o.oid = old.map_or_else(|| shared.db.new_oid(), |old| old.oid);
    (o.commutator, o.negator) = (0, 0);
    if !commutator.is_empty() {
        o.commutator = match other(shared, &commutator, right, left, &o, true)? {
            0 => o.oid,
            k => k,
        };
    }
    if !negator.is_empty() {
        o.negator = other(shared, &negator, left, right, &o, false)?;
    }
    put(shared, o.clone())?;
    link(shared, &o, false)
}

/// ALTER OPERATOR … SET SCHEMA.
pub fn set_schema(shared: &Shared, oid: Oid, to_name: &str) -> Result<()> {
    let to = namespace::existing_schema(shared, to_name)?;
    let Some(o) = shared.catalog().user_operator(oid).map(|o| (**o).clone()) else {
        return Err(tusklet_error::Error::unsupported("moving a built-in operator"));
    };
    acl::check_owner(shared, o.owner, "operator", &o.name)?;
    acl::check_schema(shared, to, acl::CREATE)?;
    if o.schema != to && named(shared, to, &o.name, o.left, o.right).is_some() {
        bail!(DUPLICATE_FUNCTION, "operator {} already exists in schema \"{}\""; o.name, to_name);
    }
    put(shared, Operator { schema: to, ..o })
}

/// ALTER OPERATOR … SET.
pub fn alter_operator(shared: &Shared, s: &AlterOperatorStmt) -> Result<()> {
    let AlterOperatorStmt { opername, options, span: _ } = s;
    let Some(oid) = with_args(shared, opername, false)? else { return Ok(()) };
    let (mut restrict, mut join) = (None, None);
    for o in options {
        let names = if o.arg.is_none() { vec![] } else { definition_names(o)? };
        match_word!(o.name.as_str();
            "restrict" => restrict = Some(names),
            "join" => join = Some(names),
            "leftarg" | "rightarg" | "function" | "procedure" | "commutator" | "negator" | "hashes" | "merges" => {
                let n = o.name.as_str();
                bail!(SYNTAX_ERROR, "operator attribute \"{}\" cannot be changed"; n)
            };
            n => bail!(SYNTAX_ERROR, "operator attribute \"{}\" not recognized"; n),
        )
    }
    let c = shared.catalog();
    let Some(o) = c.operator(oid) else { return Ok(()) };
    acl::check_owner(shared, o.owner, "operator", &o.name)?;
    let mut o = (*o).clone();
    if let Some(r) = &restrict {
        o.restrict = estimator(shared, r, false)?;
    }
    if let Some(j) = &join {
        o.join = estimator(shared, j, true)?;
    }
    check_kind(o.left != 0, o.result == oids::BOOL, &o)?;
    if c.user_operator(oid).is_none() {
        return Err(tusklet_error::Error::unsupported("ALTER OPERATOR of a built-in operator"));
    }
    put(shared, o)
}
