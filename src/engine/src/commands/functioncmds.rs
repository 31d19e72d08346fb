//! CREATE FUNCTION and PROCEDURE as catalog entries (`functioncmds.c`); running them is [`crate::routine`]'s.

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, Dependency, DependencyKind, ObjectAddress, ObjectClass, Proc, TypeEntryKind};
use tusklet_error::{Error, Notice, Report, Result, Severity, Span, SqlState, bail, err, filled, match_word, words};
use tusklet_ir::{Expr, Oid};
use tusklet_syntax::ast::{
    self, AlterFunctionStmt, CreateFunctionStmt, DefArg, DefElem, FunctionParameter, FunctionParameterMode as Mode, ObjectType,
    ObjectWithArgs,
};

use super::define::once;
use super::object_address::{Objects, proc_signature};
use super::{acl, bool_option, dbcommands, dependency, expressions, heap, namespace, option_text};
use crate::missing;
use crate::session::Shared;

/// The parameters as the catalog keeps them.
pub(super) struct Parameters {
    pub args: Vec<Oid>,
    pub all: Vec<Oid>,
    pub modes: Vec<u8>,
    pub names: Vec<String>,
    pub defaults: Vec<Rc<Expr>>,
    pub variadic: Oid,
    /// Result type that follows from OUT parameters, 0 when there are none.
    pub result: Oid,
}

/// What has the parameters: decides which are allowed, and the words of errors.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Routine {
    /// Its language.
    Function(Oid),
    Procedure(Oid),
    Aggregate,
}

fn only_a_shell(shared: &Shared, what: &str, name: &ast::TypeName) {
    let text = filled!("{} type {} is only a shell"; what, expressions::type_name_text(name));
    shared.say(Severity::Notice, SqlState::WRONG_OBJECT_TYPE, text);
}

fn mode_letter(m: Mode) -> u8 {
    match m {
        Mode::Default | Mode::In => b'i',
        Mode::Out => b'o',
        Mode::InOut => b'b',
        Mode::Variadic => b'v',
        Mode::Table => b't',
    }
}

/// As `interpret_function_parameter_list`.
pub(super) fn parameters(shared: &Shared, list: &[FunctionParameter], of: Routine) -> Result<Parameters> {
    let procedure = matches!(of, Routine::Procedure(_));
    let mut p = Parameters {
        args: vec![],
        all: vec![],
        modes: vec![],
        names: vec![],
        defaults: vec![],
        variadic: 0,
        result: 0,
    };
    let c = shared.catalog();
    let mut outputs: Vec<Oid> = vec![];
    let mut have_defaults = false;
    for (i, fp) in list.iter().enumerate() {
        let FunctionParameter { name, arg_type, mode, defexpr } = fp;
        let Some(t) = expressions::lookup_type(shared, arg_type).map_err(super::without_position)? else {
            bail!(UNDEFINED_OBJECT, "type {} does not exist"; expressions::type_name_text(arg_type));
        };
        let ty = t.oid;
        if c.ty(ty).is_some_and(|t| !t.defined) {
            match of {
                Routine::Aggregate => {
                    bail!(
                        INVALID_FUNCTION_DEFINITION,
                        "aggregate cannot accept shell type {}";
                        expressions::type_name_text(arg_type)
                    )
                }
                Routine::Function(oids::LANGUAGE_SQL) | Routine::Procedure(oids::LANGUAGE_SQL) => {
                    bail!(
                        INVALID_FUNCTION_DEFINITION,
                        "SQL function cannot accept shell type {}";
                        expressions::type_name_text(arg_type)
                    )
                }
                _ => only_a_shell(shared, "argument", arg_type),
            }
        }
        acl::check_type(shared, ty)?;
        if arg_type.setof {
            let what = match of {
                Routine::Procedure(_) => "procedures",
                Routine::Aggregate => "aggregates",
                Routine::Function(_) => "functions",
            };
            bail!(INVALID_FUNCTION_DEFINITION, "{} cannot accept set arguments"; what);
        }
        let input = !matches!(mode, Mode::Out | Mode::Table);
        if input {
            if p.variadic != 0 {
                bail!(INVALID_FUNCTION_DEFINITION, "VARIADIC parameter must be the last input parameter");
            }
            p.args.push(ty);
        }
        if matches!(mode, Mode::Out | Mode::InOut | Mode::Table) {
            if procedure && p.variadic != 0 {
                bail!(INVALID_FUNCTION_DEFINITION, "VARIADIC parameter must be the last parameter");
            }
            outputs.push(ty);
        }
        if *mode == Mode::Variadic {
            p.variadic = match ty {
                oids::ANYARRAY => oids::ANYELEMENT,
                oids::ANYCOMPATIBLEARRAY => oids::ANYCOMPATIBLE,
                oids::ANY => oids::ANY,
                t => match c.element_type(t) {
                    0 => bail!(INVALID_FUNCTION_DEFINITION, "VARIADIC parameter must be an array"),
                    e => e,
                },
            };
        }
        if let Some(n) = name {
            for (other, k) in list[..i].iter().zip(&p.names) {
                let both = |a: Mode, b: Mode| {
                    let is_in = |m: Mode| matches!(m, Mode::Default | Mode::In | Mode::Variadic);
                    let is_out = |m: Mode| matches!(m, Mode::Out | Mode::Table);
                    !(is_in(a) && is_out(b) || is_out(a) && is_in(b))
                };
                if k == n && both(other.mode, *mode) {
                    bail!(INVALID_FUNCTION_DEFINITION, "parameter name \"{}\" used more than once"; n);
                }
            }
        }
        p.names.push(name.clone().unwrap_or_default());
        p.all.push(ty);
        p.modes.push(mode_letter(*mode));
        match defexpr {
            Some(e) => {
                if !input {
                    bail!(INVALID_FUNCTION_DEFINITION, "only input parameters can have default values");
                }
                let e = expressions::parameter_default(shared, tusklet_ir::TypeRef::new(ty), e)?;
                p.defaults.push(Rc::new(e));
                have_defaults = true;
            }
            None if input && have_defaults => {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "input parameters after one with a default value must also have defaults"
                );
            }
            None => {
                if procedure && !input && have_defaults {
                    bail!(
                        INVALID_FUNCTION_DEFINITION,
                        "procedure OUT parameters cannot appear after one with a default value"
                    );
                }
            }
        }
    }
    p.result = match (outputs.as_slice(), procedure) {
        ([], false) => 0,
        ([], true) => oids::VOID,
        ([one], false) => *one,
        _ => oids::RECORD,
    };
    if p.modes.iter().all(|m| *m == b'i') {
        p.all.clear();
        p.modes.clear();
    }
    if p.names.iter().all(String::is_empty) {
        p.names.clear();
    }
    Ok(p)
}

/// What the options of CREATE and ALTER FUNCTION say; `None` where nothing was said.
#[derive(Default)]
struct Attributes {
    language: Option<String>,
    source: Option<Vec<String>>,
    window: Option<bool>,
    volatility: Option<u8>,
    strict: Option<bool>,
    security_definer: Option<bool>,
    leakproof: Option<bool>,
    cost: Option<f64>,
    rows: Option<f64>,
    parallel: Option<u8>,
    set: Vec<(Option<String>, Option<String>)>,
}

fn number(o: &DefElem) -> Result<f64> {
    match &o.arg {
        Some(DefArg::Integer(i)) => Ok(*i as f64),
        Some(DefArg::Float(t)) => {
            tusklet_adt::float::number(t).ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a numeric value"; o.name))
        }
        _ => bail!(SYNTAX_ERROR, "{} requires a numeric value"; o.name),
    }
}

fn attributes(options: &[DefElem], procedure: bool) -> Result<Attributes> {
    let mut a = Attributes::default();
    for o in options {
        let name = o.name.as_str();
        if name != "set" {
            once(options, o)?;
        }
        let only_functions =
            words::has("window|volatility|strict|leakproof|cost|rows|support|parallel|", name);
        if procedure && only_functions {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "invalid attribute in procedure definition").at(o.span));
        }
        match_word!(name;
            "as" => {
                a.source = Some(match &o.arg {
                    Some(DefArg::Strings(v)) => v.clone(),
                    Some(DefArg::String(s)) => vec![s.clone()],
                    _ => bail!(SYNTAX_ERROR, "invalid AS clause"),
                });
            },
            "language" => a.language = Some(option_text(o)?),
            "window" => a.window = Some(bool_option(o)?),
            "volatility" => {
                a.volatility = Some(match option_text(o)?.as_str() {
                    "immutable" => b'i',
                    "stable" => b's',
                    _ => b'v',
                });
            },
            "strict" => a.strict = Some(bool_option(o)?),
            "security" => a.security_definer = Some(bool_option(o)?),
            "leakproof" => a.leakproof = Some(bool_option(o)?),
            "cost" => a.cost = Some(number(o)?),
            "rows" => a.rows = Some(number(o)?),
            "parallel" => {
                a.parallel = Some(match option_text(o)?.as_str() {
                    "safe" => b's',
                    "unsafe" => b'u',
                    "restricted" => b'r',
                    _ => bail!(SYNTAX_ERROR, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"),
                });
            },
            "set" => {
                let Some(DefArg::Set(s)) = &o.arg else { bail!(SYNTAX_ERROR, "invalid SET clause") };
                a.set.push(dbcommands::setting(&s.kind)?);
            };
            n => return Err(Error::unsupported(filled!("function attribute {}"; n.to_ascii_uppercase()))),
        )
    }
    Ok(a)
}

fn apply(shared: &Shared, a: &Attributes, p: &mut Proc) -> Result<()> {
    if a.leakproof == Some(true) && !acl::is_superuser(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "only superuser can define a leakproof function");
    }
    if let Some(w) = a.window {
        p.kind = if w { b'w' } else { p.kind };
    }
    p.volatility = a.volatility.unwrap_or(p.volatility);
    p.strict = a.strict.unwrap_or(p.strict);
    p.security_definer = a.security_definer.unwrap_or(p.security_definer);
    p.leakproof = a.leakproof.unwrap_or(p.leakproof);
    p.parallel = a.parallel.unwrap_or(p.parallel);
    if let Some(c) = a.cost {
        if c <= 0.0 {
            bail!(INVALID_PARAMETER_VALUE, "COST must be positive");
        }
        p.cost = c;
    }
    if let Some(r) = a.rows {
        if r <= 0.0 {
            bail!(INVALID_PARAMETER_VALUE, "ROWS must be positive");
        }
        if !p.retset {
            bail!(INVALID_PARAMETER_VALUE, "ROWS is not applicable when function does not return a set");
        }
        p.rows = r;
    }
    for (name, value) in &a.set {
        match name {
            None => p.config.clear(),
            Some(n) => {
                p.config.retain(|(k, _)| k != n);
                p.config.extend(value.clone().map(|v| (n.clone(), v)));
            }
        }
    }
    Ok(())
}

/// CREATE FUNCTION, CREATE PROCEDURE; `sql` is the statement's text.
pub fn create_function(shared: &Shared, s: &CreateFunctionStmt, sql: &str) -> Result<()> {
    let CreateFunctionStmt { is_procedure, replace, funcname, parameters: list, return_type, options, sql_body, span: _ } =
        s;
    let (schema, name) = namespace::creation_of(shared, funcname)?;
    let a = attributes(options, *is_procedure)?;
    let language = match (&a.language, sql_body) {
        (Some(l), _) => l.clone(),
        (None, Some(_)) => "sql".to_string(),
        (None, None) => bail!(INVALID_FUNCTION_DEFINITION, "no language specified"),
    };
    let Some(lang) = builtin::language_by_name(&language.to_ascii_lowercase()) else {
        let e = err!(UNDEFINED_OBJECT, "language \"{}\" does not exist"; language);
        return Err(if matches!(language.as_str(), "plperl" | "plpython3u" | "pltcl") {
            e.hint("Use CREATE EXTENSION to load the language into the database.")
        } else {
            e
        });
    };
    let lang = lang.oid();
    if !matches!(lang, oids::LANGUAGE_SQL | oids::LANGUAGE_INTERNAL | oids::LANGUAGE_C) {
        return Err(Error::unsupported(filled!("functions in language {}"; language)));
    }
    if lang != oids::LANGUAGE_SQL && !acl::is_superuser(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied for language {}"; language);
    }
    let p = parameters(shared, list, if *is_procedure { Routine::Procedure(lang) } else { Routine::Function(lang) })?;
    let (mut result, mut retset) = (p.result, false);
    match return_type {
        Some(t) => {
            let ty = return_type_of(shared, t, lang)?;
            retset = t.setof;
            if p.result != 0 && ty != p.result && !*is_procedure {
                bail!(
                    INVALID_FUNCTION_DEFINITION,
                    "function result type must be {} because of OUT parameters";
                    shared.type_name(p.result)
                );
            }
            result = ty;
        }
        None if *is_procedure => {
            result = p.result;
        }
        None if result == 0 => bail!(INVALID_FUNCTION_DEFINITION, "function result type must be specified"),
        None => {}
    }
    let source = match (&a.source, sql_body) {
        (Some(_), Some(_)) => bail!(INVALID_FUNCTION_DEFINITION, "duplicate function body specified"),
        (None, None) => bail!(INVALID_FUNCTION_DEFINITION, "no function body specified"),
        (None, Some(_)) if lang != oids::LANGUAGE_SQL => {
            bail!(INVALID_FUNCTION_DEFINITION, "inline SQL function body only valid for language SQL")
        }
        (None, Some(_)) => String::new(),
        (Some(list), None) => match list.as_slice() {
            [one] if lang == oids::LANGUAGE_INTERNAL && one.is_empty() => name.clone(),
            [one] => one.clone(),
            [file, _] if lang == oids::LANGUAGE_C => file.clone(),
            _ => bail!(INVALID_FUNCTION_DEFINITION, "only one AS item needed for language \"{}\""; language),
        },
    };
    match lang {
        oids::LANGUAGE_C => {
            return Err(err!(UNDEFINED_FILE, "could not access file \"{}\": No such file or directory"; source));
        }
        oids::LANGUAGE_INTERNAL if builtin::proc_by_source(&source).is_none() => {
            bail!(UNDEFINED_FUNCTION, "there is no built-in function named \"{}\""; source)
        }
        _ => {}
    }
    check_result_type(shared, &p.args, result)?;
    for (t, _) in p.all.iter().zip(&p.modes).filter(|(_, m)| matches!(**m, b'o' | b'b' | b't')) {
        check_result_type(shared, &p.args, *t)?;
    }
    if lang == oids::LANGUAGE_SQL {
        check_language_types(shared, &p, result)?;
    }
    let mut proc = Proc {
        args: p.args,
        all_args: p.all,
        modes: p.modes,
        arg_names: p.names,
        defaults: p.defaults,
        variadic: p.variadic,
        retset,
        volatility: b'v',
        parallel: b'u',
        cost: if lang == oids::LANGUAGE_SQL { 100.0 } else { 1.0 },
        rows: if retset { 1000.0 } else { 0.0 },
        source,
        ..blank(shared, &name, schema, lang, if *is_procedure { b'p' } else { b'f' }, result)
    };
    apply(shared, &a, &mut proc)?;
    let mut needs = vec![];
    if let Some(b) = sql_body {
        standard_body(shared, &mut proc, b, &mut needs)?;
    }
    let checked = shared.settings.borrow().is_on("check_function_bodies");
    let sql_text = lang == oids::LANGUAGE_SQL && sql_body.is_none();
    let oid = put(shared, proc, *replace, &needs)?;
    if let (true, Some(p)) = (checked && sql_text, shared.catalog().user_proc(oid)) {
        crate::routine::validate(shared, p, &|w| transpose(w, p, sql, s.span)).map_err(|mut e| {
            transpose(e.report_mut(), p, sql, s.span);
            e
        })?;
    }
    Ok(())
}

/// `RETURN …` or `BEGIN ATOMIC … END`: analysed now, and kept so.
fn standard_body(shared: &Shared, p: &mut Proc, b: &ast::SqlBody, needs: &mut Vec<ObjectAddress>) -> Result<()> {
    if p.args.iter().any(|t| tusklet_catalog::resolve::is_polymorphic(*t)) {
        bail!(
            INVALID_FUNCTION_DEFINITION,
            "SQL function with unquoted function body cannot have polymorphic arguments"
        );
    }
    let body = crate::query::BodyContext {
        function: p.name.clone(),
        names: crate::routine::input_names(p),
        query: None,
        returned: None,
    };
    let mut statements = vec![];
    match b {
        ast::SqlBody::Return(r) => {
            let ast::ReturnStmt { query, span: _ } = &**r;
            statements.push((query, true));
        }
        ast::SqlBody::Atomic(list) => {
            for raw in list {
                statements.push(match &raw.stmt {
                    ast::Stmt::Return(r) => (&r.query, true),
                    s => (s, false),
                });
            }
        }
    }
    let alone = matches!(b, ast::SqlBody::Return(_));
    for (stmt, is_return) in statements {
        if !crate::query::is_query(stmt) {
            bail!(FEATURE_NOT_SUPPORTED, "{} is not yet supported in unquoted SQL function body", super::tag(stmt));
        }
        let mut cx = crate::query::BodyAnalyzer::new(shared, &body, &p.args);
        let mut params = tusklet_analyze::ParamTypes { types: p.args.clone(), variable: false };
        let mut q = tusklet_analyze::analyze_stmt(&mut cx, stmt, &mut params)?;
        if let (true, [t]) = (is_return, q.targets.as_mut_slice()) {
            // What tells a RETURN from a SELECT, and one that stands alone.
            t.name.clear();
            t.attno = i16::from(!alone);
        }
        let mut edges = vec![];
        dependency::query_edges(&shared.catalog(), &mut edges, Objects::proc(p.oid), &q);
        needs.extend(edges.iter().map(|e| e.referenced));
        p.body.push(Rc::new(q));
    }
    crate::routine::validate(shared, p, &|_| ()).map_err(|e| e.context(filled!("SQL function \"{}\""; p.name)))
}

/// Moves the position of a message in a function's text into the statement that holds it
/// (`function_parse_error_transpose`).
fn transpose(r: &mut Report, p: &Proc, sql: &str, span: Span) {
    if r.span == Span::NONE || r.internal_query.is_some() {
        let line = filled!("SQL function \"{}\""; p.name);
        r.context = Some(r.context.take().map_or_else(String::new, |c| c + "\n") + &line);
        return;
    }
    let from = if span == Span::NONE { 0 } else { span.start as usize };
    let text = sql.get(from..).unwrap_or(sql);
    let quoted = p.source.replace('\'', "''");
    let found = |body: &str, before: char| {
        let mut all = text.match_indices(body).filter(|(i, _)| text[..*i].ends_with(before));
        all.next().map(|(i, _)| from + i)
    };
    // In dollars as it is, in quotes with its own quotes twice.
    let plain = found(&p.source, '$').or_else(|| found(&p.source, '\'').filter(|_| quoted == p.source));
    let at = |i: u32| plain.map(|b| b + i as usize).or_else(|| {
        let shift = p.source.get(..i as usize)?.matches('\'').count();
        Some(found(&quoted, '\'')? + i as usize + shift)
    });
    match (at(r.span.start), at(r.span.end)) {
        (Some(a), Some(b)) => r.span = Span { start: a as u32, end: b as u32 },
        _ => {
            r.internal_span = std::mem::replace(&mut r.span, Span::NONE);
            r.internal_query = Some(p.source.clone());
        }
    }
}

/// RETURNS (`compute_return_type`): a type that is not there yet becomes a shell when the language could make it one's input
/// function.
fn return_type_of(shared: &Shared, t: &ast::TypeName, lang: Oid) -> Result<Oid> {
    let shown = expressions::type_name_text(t);
    let ty = match expressions::lookup_type(shared, t).map_err(super::without_position)? {
        Some(ty) => {
            if shared.catalog().ty(ty.oid).is_some_and(|t| !t.defined) {
                if lang == oids::LANGUAGE_SQL {
                    bail!(INVALID_FUNCTION_DEFINITION, "SQL function cannot return shell type {}"; shown);
                }
                only_a_shell(shared, "return", t);
            }
            ty.oid
        }
        None => {
            if !matches!(lang, oids::LANGUAGE_INTERNAL | oids::LANGUAGE_C) {
                bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown);
            }
            if !t.typmods.is_empty() {
                bail!(SYNTAX_ERROR, "type modifier cannot be specified for shell type \"{}\""; shown);
            }
            let mut n = Notice::new(Severity::Notice, SqlState::UNDEFINED_OBJECT, filled!(
                "type \"{}\" is not yet defined"; shown
            ));
            n.detail = Some("Creating a shell type definition.".to_string());
            shared.notice(n);
            let (schema, name) = namespace::creation_of(shared, &t.names)?;
            super::typecmds::base::make_shell(shared, &name, schema)?
        }
    };
    acl::check_type(shared, ty)?;
    Ok(ty)
}

/// What a result of this type must have for arguments (`check_valid_polymorphic_signature`, `check_valid_internal_signature`).
pub(super) fn check_result_type(shared: &Shared, args: &[Oid], result: Oid) -> Result<()> {
    if let Some(detail) = polymorphic_problem(shared, args, result) {
        return Err(err!(INVALID_FUNCTION_DEFINITION, "cannot determine result data type").detail(detail));
    }
    if result == oids::INTERNAL && !args.contains(&oids::INTERNAL) {
        return Err(err!(INVALID_FUNCTION_DEFINITION, "unsafe use of pseudo-type \"internal\"")
            .detail("A function returning \"internal\" must have at least one argument of type \"internal\"."));
    }
    Ok(())
}

/// What arguments a polymorphic result lacks.
pub(super) fn polymorphic_problem(shared: &Shared, args: &[Oid], result: Oid) -> Option<String> {
    use tusklet_catalog::resolve::{is_polymorphic_family1, is_polymorphic_family2};
    let any = |f: &dyn Fn(Oid) -> bool| args.iter().any(|t| f(*t));
    let (fine, needed) = match result {
        oids::ANYRANGE | oids::ANYMULTIRANGE => {
            (any(&|t| matches!(t, oids::ANYRANGE | oids::ANYMULTIRANGE)), "anyrange or anymultirange")
        }
        oids::ANYCOMPATIBLERANGE | oids::ANYCOMPATIBLEMULTIRANGE => (
            any(&|t| matches!(t, oids::ANYCOMPATIBLERANGE | oids::ANYCOMPATIBLEMULTIRANGE)),
            "anycompatiblerange or anycompatiblemultirange",
        ),
        t if is_polymorphic_family1(t) => {
            (any(&is_polymorphic_family1), "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange")
        }
        t if is_polymorphic_family2(t) => (
            any(&is_polymorphic_family2),
            "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange",
        ),
        _ => return None,
    };
    (!fine).then(|| {
        let shown = shared.type_name(result);
        filled!("A result of type {} requires at least one input of type {}."; shown, needed)
    })
}

fn check_language_types(shared: &Shared, p: &Parameters, result: Oid) -> Result<()> {
    let c = shared.catalog();
    let pseudo = |t: Oid| matches!(c.ty(t).as_deref().map(|t| &t.kind), Some(TypeEntryKind::Pseudo));
    let poly = tusklet_catalog::resolve::is_polymorphic;
    if pseudo(result) && !matches!(result, oids::RECORD | oids::VOID) && !poly(result) {
        bail!(INVALID_FUNCTION_DEFINITION, "SQL functions cannot return type {}"; shared.type_name(result));
    }
    for t in &p.args {
        if pseudo(*t) && !poly(*t) {
            bail!(INVALID_FUNCTION_DEFINITION, "SQL functions cannot have arguments of type {}"; shared.type_name(*t));
        }
    }
    Ok(())
}

/// The columns OUT parameters make.
fn out_columns(p: &Proc) -> Vec<(Oid, &str)> {
    let is_out = |n: usize| matches!(p.modes.get(n), Some(b'o' | b'b' | b't'));
    let named = |n: usize| p.arg_names.get(n).map_or("", String::as_str);
    p.all_args.iter().enumerate().filter(|(n, _)| is_out(*n)).map(|(n, t)| (*t, named(n))).collect()
}

/// Enters a function, in place of one with the same arguments when `replace` (`ProcedureCreate`). `needs` is what it depends
/// on beside its types and defaults. Gives its OID.
pub(super) fn put(shared: &Shared, mut p: Proc, replace: bool, needs: &[ObjectAddress]) -> Result<Oid> {
    let c = shared.catalog();
    let old = c.user_procs_named(&p.name).find(|o| o.schema == p.schema && o.args == p.args).cloned();
    if let Some(o) = old {
        if !replace {
            bail!(DUPLICATE_FUNCTION, "function \"{}\" already exists with same argument types"; p.name);
        }
        acl::check_owner(shared, o.owner, "function", &p.name)?;
        if o.kind != p.kind {
            let what = |k: u8| match k {
                b'p' => "a procedure",
                b'a' => "an aggregate function",
                b'w' => "a window function",
                _ => "a function",
            };
            return Err(err!(WRONG_OBJECT_TYPE, "cannot change routine kind")
                .detail(filled!("\"{}\" is {}."; o.name, what(o.kind))));
        }
        let shown = proc_signature(&c, &shared.search_path(), o.oid);
        let word = match o.kind {
            b'p' => "PROCEDURE",
            b'a' => "AGGREGATE",
            _ => "FUNCTION",
        };
        let hint = filled!("Use DROP {} {} first."; word, shown);
        if o.result != p.result || o.retset != p.retset {
            let e = if o.kind == b'p' {
                err!(INVALID_FUNCTION_DEFINITION, "cannot change whether a procedure has output parameters")
            } else {
                err!(INVALID_FUNCTION_DEFINITION, "cannot change return type of existing function")
            };
            return Err(e.hint(hint));
        }
        if p.result == oids::RECORD && out_columns(&o) != out_columns(&p) {
            return Err(err!(INVALID_FUNCTION_DEFINITION, "cannot change return type of existing function")
                .detail("Row type defined by OUT parameters is different.")
                .hint(hint));
        }
        for (i, n) in o.arg_names.iter().enumerate() {
            let input = o.modes.get(i).copied().unwrap_or(b'i') != b'o' && o.modes.get(i) != Some(&b't');
            if input && !n.is_empty() && p.arg_names.get(i).map(String::as_str) != Some(n) {
                return Err(err!(INVALID_FUNCTION_DEFINITION, "cannot change name of input parameter \"{}\""; n)
                    .hint(hint));
            }
        }
        if o.defaults.len() > p.defaults.len() {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION,
                "cannot remove parameter defaults from existing function"
            )
            .hint(hint));
        }
        p.oid = o.oid;
        p.owner = o.owner;
        p.acl = o.acl.clone();
    }
    let me = Objects::proc(p.oid);
    let mut edges: Vec<Dependency> = vec![];
    heap::needs(&mut edges, &me, ObjectClass::Schema, p.schema);
    heap::needs(&mut edges, &me, ObjectClass::Type, p.result);
    for t in p.args.iter().chain(&p.all_args) {
        heap::needs(&mut edges, &me, ObjectClass::Type, *t);
    }
    for d in &p.defaults {
        dependency::expr_edges(&c, &mut edges, me, d, None, DependencyKind::Normal);
    }
    for a in needs {
        heap::edge(&mut edges, &me, a, DependencyKind::Normal);
    }
    let oid = p.oid;
    shared.edit_catalog(|c| {
        c.put_proc(p);
        c.put_depends(me, edges);
    })?;
    Ok(oid)
}

/// A function of the current user's without anything.
pub fn blank(shared: &Shared, name: &str, schema: Oid, language: Oid, kind: u8, result: Oid) -> Proc {
    Proc {
        oid: shared.db.new_oid(),
        name: name.to_string(),
        schema,
        owner: shared.user(),
        language,
        kind,
        args: vec![],
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
        source: String::new(),
        body: vec![],
        config: vec![],
        aggregate: None,
        acl: None,
    }
}

/// A function's entry to change and [`store`]; `doing` is what cannot be done to PostgreSQL's own.
pub fn to_change(shared: &Shared, oid: Oid, doing: &str) -> Result<Box<Proc>> {
    match shared.catalog().user_proc(oid) {
        Some(p) => Ok(Box::new((**p).clone())),
        None => Err(Error::unsupported(filled!("{} a built-in function"; doing))),
    }
}

/// Whether the schema has a function with the name and arguments.
pub fn is_taken(c: &Catalog, schema: Oid, name: &str, args: &[Oid]) -> bool {
    c.user_procs_named(name).any(|q| q.schema == schema && q.args == args)
}

/// Stores a function's entry.
pub fn store(shared: &Shared, p: Proc) -> Result<()> {
    shared.edit_catalog(|c| c.put_proc(p))
}

fn word(t: ObjectType) -> &'static str {
    match t {
        ObjectType::Procedure => "procedure",
        ObjectType::Aggregate => "aggregate",
        _ => "function",
    }
}

/// The types a signature lists, 0 for NONE; `None` after a notice when one, or the schema of `name`, may be missing and is.
pub fn argument_types(
    shared: &Shared,
    name: &[String],
    args: &[Option<ast::TypeName>],
    missing_ok: bool,
) -> Result<Option<Vec<Oid>>> {
    let (schema, _) = namespace::split(shared, name)?;
    let mut types = vec![];
    for a in args {
        let Some(a) = a else {
            types.push(0);
            continue;
        };
        match expressions::lookup_type(shared, a) {
            Ok(Some(t)) => types.push(t.oid),
            Err(e) if !missing_ok => return Err(e),
            Ok(None) if !missing_ok => types.push(expressions::resolve_type(shared, a)?.oid),
            r => {
                let text = match (&r, a.names.as_slice()) {
                    (Err(_), [s, ..]) => filled!("schema \"{}\" does not exist"; s),
                    _ => filled!("type \"{}\" does not exist"; expressions::type_name_text(a)),
                };
                missing::skipping(shared, text);
                return Ok(None);
            }
        }
    }
    if let Some(s) = schema {
        if namespace::explicit(shared, s)?.is_none() {
            let e = missing::schema(&s);
            missing::unless(missing_ok, shared, e)?;
            return Ok(None);
        }
    }
    Ok(Some(types))
}

/// The function with exactly these argument types (`LookupFuncName`).
pub fn exact(shared: &Shared, name: &[String], types: &[Oid], missing_ok: bool) -> Result<Option<Rc<Proc>>> {
    let (schema, bare) = namespace::split(shared, name)?;
    if let Some(s) = schema {
        namespace::existing_explicit(shared, s)?;
    }
    let c = shared.catalog();
    let path = shared.search_path();
    let all = c.proc_candidates(&path, schema, bare, Some(types.len()), &[], false, false, false);
    let found = all.into_iter().filter_map(|k| k.proc).find(|p| p.args == types);
    if found.is_none() && !missing_ok {
        let shown: Vec<String> = types.iter().map(|t| shared.type_name(*t)).collect();
        bail!(UNDEFINED_FUNCTION, "function {}({}) does not exist"; name.join("."), shown.join(", "));
    }
    Ok(found)
}

/// The function an `ObjectWithArgs` means (`LookupFuncWithArgs`); `None` after a notice when it may be missing.
pub fn lookup(shared: &Shared, w: &ObjectWithArgs, t: ObjectType, missing_ok: bool) -> Result<Option<Oid>> {
    let ObjectWithArgs { name, args, func_params: _, args_unspecified, span: _ } = w;
    let c = shared.catalog();
    let (schema, bare) = namespace::split(shared, name)?;
    let Some(types) = argument_types(shared, name, args, missing_ok)? else { return Ok(None) };
    let path = shared.search_path();
    let candidates: Vec<Rc<Proc>> = c
        .proc_candidates(&path, schema, bare, None, &[], false, false, false)
        .into_iter()
        .filter_map(|k| k.proc)
        .filter(|p| *args_unspecified || p.args == types)
        .collect();
    let right = |p: &Proc| match t {
        ObjectType::Function => p.kind != b'p',
        ObjectType::Procedure => p.kind == b'p',
        ObjectType::Aggregate => p.kind == b'a',
        _ => true,
    };
    let fitting: Vec<&Rc<Proc>> = candidates.iter().filter(|p| right(p)).collect();
    let shown: Vec<String> = types.iter().map(|t| shared.type_name(*t)).collect();
    let listed = if t == ObjectType::Aggregate && shown.is_empty() { "*".to_string() } else { shown.join(", ") };
    let signature = filled!("{}({})"; name.join("."), listed);
    let short = filled!("{}({})"; name.join("."), shown.join(","));
    match (fitting.as_slice(), candidates.as_slice()) {
        ([one], _) => Ok(Some(one.oid)),
        ([], [other, ..]) if !*args_unspecified => {
            let _ = other;
            let what = match t {
                ObjectType::Function => filled!("{} is not a function"; short),
                ObjectType::Procedure => filled!("{} is not a procedure"; short),
                _ => filled!("function {} is not an aggregate"; short),
            };
            Err(Error::new(SqlState::WRONG_OBJECT_TYPE, what))
        }
        ([], _) => {
            if *args_unspecified {
                if missing_ok {
                    missing::skipping(shared, filled!("{} {}() does not exist"; word(t), name.join(".")),
                    );
                    return Ok(None);
                }
                bail!(UNDEFINED_FUNCTION, "could not find a {} named \"{}\""; word(t), name.join("."));
            }
            if missing_ok {
                let raw: Vec<String> = args.iter().flatten().map(expressions::type_name_text).collect();
                missing::skipping(shared, filled!("{} {}({}) does not exist"; word(t), name.join("."), raw.join(",")),
                );
                return Ok(None);
            }
            bail!(UNDEFINED_FUNCTION, "{} {} does not exist"; word(t), signature)
        }
        _ => Err(err!(AMBIGUOUS_FUNCTION, "{} name \"{}\" is not unique"; word(t), name.join("."))
            .hint(filled!("Specify the argument list to select the {} unambiguously."; word(t)))),
    }
}

/// Refuses an aggregate where other functions are meant.
pub fn no_aggregate(p: &Proc) -> Result<()> {
    if p.kind == b'a' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function"; p.name);
    }
    Ok(())
}

/// ALTER FUNCTION.
pub fn alter_function(shared: &Shared, s: &AlterFunctionStmt) -> Result<()> {
    let AlterFunctionStmt { objtype, func, actions, span: _ } = s;
    let Some(oid) = lookup(shared, func, *objtype, false)? else { return Ok(()) };
    let mut p = to_change(shared, oid, "ALTER FUNCTION of")?;
    acl::check_owner(shared, p.owner, "function", &p.name)?;
    no_aggregate(&p)?;
    let a = attributes(actions, p.kind == b'p')?;
    apply(shared, &a, &mut p)?;
    store(shared, *p)
}
