//! Objects as text and back: the `reg*` types, `format_type`, `pg_typeof`.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, ObjectAddress, ObjectClass, TsKind};
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::TypeName;
use tusklet_vector::{Datum, Value};

use crate::commands::expressions::collation_named;
use crate::commands::namespace::{existing_explicit, existing_schema};
use crate::commands::object_address::qualified as qualified_name;
use crate::commands::object_identity::look;
use super::{Env, visible};
use crate::missing;
use crate::query::Analyzer;
use crate::session::Shared;

fn text(s: &str) -> Result<Value> {
    Ok(Value::text(s))
}

fn oid(args: &[Datum<'_>]) -> Oid {
    args[0].int() as u32
}

/// Identifiers are cut at 63 bytes.
fn truncated(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(63));
    name
}

/// `a.b` with PostgreSQL's quoting (`stringToQualifiedNameList`).
pub(crate) fn split_qualified(s: &str) -> Result<Vec<String>> {
    let bad = || err!(INVALID_NAME, "invalid name syntax");
    let mut out = vec![];
    let mut rest = s.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    loop {
        if let Some(mut quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            loop {
                let end = quoted.find('"').ok_or_else(bad)?;
                name.push_str(&quoted[..end]);
                quoted = &quoted[end + 1..];
                match quoted.strip_prefix('"') {
                    Some(more) => {
                        name.push('"');
                        quoted = more;
                    }
                    None => break,
                }
            }
            out.push(truncated(name));
            rest = quoted;
        } else {
            let end = rest.find(|c: char| c == '.' || c.is_ascii_whitespace()).unwrap_or(rest.len());
            if end == 0 {
                return Err(bad());
            }
            out.push(truncated(rest[..end].to_ascii_lowercase()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
        match rest.strip_prefix('.') {
            Some(more) => rest = more.trim_start(),
            None if rest.is_empty() => return Ok(out),
            None => return Err(bad()),
        }
    }
}

/// Schema and name.
fn qualified(s: &str) -> Result<(Option<String>, String)> {
    let mut parts = split_qualified(s)?;
    match parts.len() {
        1 => Ok((None, parts.remove(0))),
        2 => Ok((Some(parts.remove(0)), parts.remove(0))),
        3 => Err(err!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}"; s)),
        _ => Err(err!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {}"; s)),
    }
}

/// A relation by its text, as `regclassin` and `nextval('…')` read it.
pub fn parse_relation_name(shared: &Shared, s: &str) -> Result<Option<Oid>> {
    let mut parts = split_qualified(s)?;
    let (c, path) = (shared.catalog(), shared.search_path());
    if parts.len() == 3 {
        let db = parts.remove(0);
        if db != *shared.db.name.borrow() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: \"{}\""; s));
        }
    }
    match parts.as_slice() {
        [name] => Ok(c.lookup_relation(&path, None, name)),
        [schema, name] => {
            existing_explicit(shared, schema)?;
            Ok(c.lookup_relation(&path, Some(schema), name))
        }
        _ => Err(err!(SYNTAX_ERROR, "improper relation name (too many dotted names): {}"; parts.join("."))),
    }
}

fn no_relation(s: &str) -> Error {
    let shown = split_qualified(s).map(|p| p.join(".")).unwrap_or_else(|_| s.to_string());
    missing::relation(&shown)
}

/// What every `reg*` input takes besides names: `-` and a number.
fn number(s: &str) -> Option<Result<Value>> {
    if s == "-" {
        return Some(Ok(values::oid(0)));
    }
    let digits = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| {
        let v = s.parse::<u64>().ok().filter(|&v| v <= u64::from(u32::MAX) || v == v as i32 as u64);
        v.map(|v| values::oid(v as u32)).ok_or_else(|| err!(
            NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type oid"; s
        ))
    })
}

type Lookup = fn(&Shared, &str) -> Result<Oid>;

fn input(env: &mut Env<'_, '_>, args: &[Datum<'_>], look: Lookup) -> Result<Value> {
    let s = args[0].str();
    match number(s) {
        Some(r) => r,
        None => look(env.shared, s).map(values::oid),
    }
}

/// `to_reg*`: NULL for what is not there; malformed names still raise.
fn to(env: &mut Env<'_, '_>, args: &[Datum<'_>], look: Lookup) -> Result<Value> {
    let s = args[0].str();
    if let Some(r) = number(s) {
        return r;
    }
    match look(env.shared, s) {
        Ok(v) => Ok(values::oid(v)),
        Err(e) => match e.code().as_str() {
            "42P01" | "42704" | "42883" | "42725" | "3F000" => Ok(Value::Null),
            _ => Err(e),
        },
    }
}

fn class(shared: &Shared, s: &str) -> Result<Oid> {
    parse_relation_name(shared, s)?.ok_or_else(|| no_relation(s))
}

/// A type's name (`typeStringToTypeName`).
pub(super) fn type_name(s: &str) -> Result<TypeName> {
    let set = s.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("setof "));
    if set || s.trim().is_empty() {
        return Err(err!(SYNTAX_ERROR, "invalid type name \"{}\""; s));
    }
    // As in PostgreSQL, the position is one in the name.
    tusklet_syntax::parse_type_name(s).map_err(|e| e.context(filled!("invalid type name \"{}\""; s)))
}

pub(super) fn ty(shared: &Shared, s: &str) -> Result<Oid> {
    let name = type_name(s)?;
    Ok(tusklet_analyze::resolve_type_name(&mut Analyzer(shared), &name).map_err(Error::nowhere)?.oid)
}

fn procs_of(shared: &Shared, s: &str) -> Result<Vec<std::rc::Rc<tusklet_catalog::live::Proc>>> {
    let (schema, name) = qualified(s)?;
    let (c, path) = (shared.catalog(), shared.search_path());
    let schema = schema.map(|n| existing_explicit(shared, &n)).transpose()?;
    let mut all = c.procs_named(&name);
    all.retain(|p| match schema {
        Some(s) => p.schema == s,
        None => path.schemas.contains(&p.schema) && p.schema != path.temp,
    });
    // A function hides those of the same arguments behind it.
    let place = |s: Oid| path.schemas.iter().position(|x| *x == s);
    let hidden = |p: &tusklet_catalog::live::Proc| {
        schema.is_none() && all.iter().any(|o| o.args == p.args && place(o.schema) < place(p.schema))
    };
    let keep: Vec<bool> = all.iter().map(|p| !hidden(p)).collect();
    let mut i = 0;
    all.retain(|_| {
        i += 1;
        keep.get(i - 1).copied().unwrap_or(true)
    });
    Ok(all)
}

fn proc(shared: &Shared, s: &str) -> Result<Oid> {
    let all = procs_of(shared, s)?;
    match all.as_slice() {
        [p] => Ok(p.oid),
        [] => Err(err!(UNDEFINED_FUNCTION, "function \"{}\" does not exist"; s)),
        _ => Err(err!(AMBIGUOUS_FUNCTION, "more than one function named \"{}\""; s)),
    }
}

/// Name and argument types of `name(type, …)` (`parseNameAndArgTypes`).
fn signature(shared: &Shared, s: &str, none: bool) -> Result<(String, Vec<Oid>)> {
    let bad = |m: &'static str| err!(INVALID_TEXT_REPRESENTATION, "{}"; m);
    let mut quoted = false;
    let open = s.char_indices().find(|(_, c)| {
        if *c == '"' {
            quoted = !quoted;
        }
        *c == '(' && !quoted
    });
    let Some((open, _)) = open else { return Err(bad("expected a left parenthesis")) };
    let inner = s[open + 1..].trim_end();
    let Some(inner) = inner.strip_suffix(')') else { return Err(bad("expected a right parenthesis")) };
    let mut args = vec![];
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut pieces = vec![];
    for (i, c) in inner.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                pieces.push(&inner[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    if !inner.trim().is_empty() {
        pieces.push(&inner[start..]);
    }
    for p in pieces {
        let p = p.trim();
        if p.is_empty() {
            return Err(bad("expected a type name"));
        }
        args.push(if none && p.eq_ignore_ascii_case("none") { 0 } else { ty(shared, p)? });
    }
    Ok((s[..open].trim().to_string(), args))
}

pub(super) fn procedure(shared: &Shared, s: &str) -> Result<Oid> {
    let (name, args) = signature(shared, s, false)?;
    let all = procs_of(shared, &name)?;
    let found = all.iter().find(|p| p.args == args).map(|p| p.oid);
    found.ok_or_else(|| err!(UNDEFINED_FUNCTION, "function \"{}\" does not exist"; s))
}

fn operator_name(s: &str) -> (Option<&str>, &str) {
    let start = s.find(|c: char| "+-*/<>=~!@#%^&|`?".contains(c)).unwrap_or(0);
    match s[..start].strip_suffix('.') {
        Some(schema) => (Some(schema), &s[start..]),
        None => (None, s),
    }
}

fn operators_of(shared: &Shared, s: &str) -> Result<Vec<Oid>> {
    let (schema, name) = operator_name(s.trim());
    let (c, path) = (shared.catalog(), shared.search_path());
    let schema = schema.map(|n| existing_explicit(shared, n.trim_matches('"'))).transpose()?;
    let all = builtin::operators_by_name(name).map(|o| o.oid()).chain(c.user_operators_named(name).map(|o| o.oid));
    Ok(all
        .filter(|o| {
            c.operator(*o).is_some_and(|o| match schema {
                Some(s) => o.schema == s,
                None => path.schemas.contains(&o.schema),
            })
        })
        .collect())
}

fn oper(shared: &Shared, s: &str) -> Result<Oid> {
    // `0` names none.
    if s == "0" {
        return Ok(0);
    }
    if operator_name(s.trim()).1.is_empty() || s.trim_end().ends_with('.') {
        return Err(err!(INVALID_NAME, "invalid name syntax"));
    }
    let all = operators_of(shared, s)?;
    match all.as_slice() {
        [o] => Ok(*o),
        [] => Err(err!(UNDEFINED_FUNCTION, "operator does not exist: {}"; s)),
        _ => Err(err!(AMBIGUOUS_FUNCTION, "more than one operator named {}"; s)),
    }
}

fn operator(shared: &Shared, s: &str) -> Result<Oid> {
    let (name, args) = signature(shared, s, true)?;
    let (left, right) = match args.as_slice() {
        [a, b] => (*a, *b),
        [_] => {
            return Err(err!(UNDEFINED_PARAMETER, "missing argument")
                .hint("Use NONE to denote the missing argument of a unary operator."));
        }
        _ => {
            return Err(err!(TOO_MANY_ARGUMENTS, "too many arguments").hint("Provide two argument types for operator."));
        }
    };
    let c = shared.catalog();
    // A schema that is not there has no operators.
    let missing = |e: Error| if e.code() == tusklet_error::SqlState::UNDEFINED_SCHEMA { Ok(vec![]) } else { Err(e) };
    let found = operators_of(shared, &name)
        .or_else(missing)?
        .into_iter()
        .find(|o| c.operator(*o).is_some_and(|o| o.left == left && o.right == right));
    found.ok_or_else(|| err!(UNDEFINED_FUNCTION, "operator does not exist: {}"; s))
}

fn one_name(s: &str) -> Result<String> {
    let mut parts = split_qualified(s)?;
    if parts.len() != 1 {
        return Err(err!(INVALID_NAME, "invalid name syntax"));
    }
    Ok(parts.remove(0))
}

fn role(shared: &Shared, s: &str) -> Result<Oid> {
    let name = one_name(s)?;
    role_named(&shared.catalog(), &name).ok_or_else(|| missing::role(&name))
}

/// A role's OID.
pub(crate) fn role_named(c: &Catalog, name: &str) -> Option<Oid> {
    c.user_role_named(name).or_else(|| {
        builtin::Role::all().find(|r| r.name() == name && c.user_role(r.oid()).is_none()).map(|r| r.oid())
    })
}

fn namespace(shared: &Shared, s: &str) -> Result<Oid> {
    let name = one_name(s)?;
    existing_schema(shared, &name)
}

fn collation(shared: &Shared, s: &str) -> Result<Oid> {
    collation_named(shared, &split_qualified(s)?)
}

/// A text search object by its name (`get_ts_config_oid` and its like).
pub(crate) fn ts_object_named(shared: &Shared, kind: TsKind, names: &[String]) -> Result<Oid> {
    let (schema, name) = crate::commands::namespace::split(shared, names)?;
    let (c, path) = (shared.catalog(), shared.search_path());
    let found = match schema {
        Some(s) => c.ts_named(kind, existing_explicit(shared, s)?, name),
        None => c.ts_lookup(kind, &path, name),
    };
    found.ok_or_else(|| {
        err!(
            UNDEFINED_OBJECT, "{} \"{}\" does not exist"; tusklet_catalog::text_search::kind_word(kind), names.join(".")
        )
    })
}

fn config(shared: &Shared, s: &str) -> Result<Oid> {
    ts_object_named(shared, TsKind::Configuration, &split_qualified(s)?)
}

fn dictionary(shared: &Shared, s: &str) -> Result<Oid> {
    ts_object_named(shared, TsKind::Dictionary, &split_qualified(s)?)
}

macro_rules! doors {
    ($($input:ident $to:ident $look:ident;)*) => {$(
        pub(super) fn $input(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
            input(env, args, $look)
        }

        #[allow(dead_code, reason = "text search objects have no to_reg function")]
        pub(super) fn $to(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
            to(env, args, $look)
        }
    )*};
}

doors! {
    regclass_in to_regclass class;
    regtype_in to_regtype ty;
    regproc_in to_regproc proc;
    regprocedure_in to_regprocedure procedure;
    regoper_in to_regoper oper;
    regoperator_in to_regoperator operator;
    regrole_in to_regrole role;
    regnamespace_in to_regnamespace namespace;
    regcollation_in to_regcollation collation;
    regconfig_in to_regconfig config;
    regdictionary_in to_regdictionary dictionary;
}

pub(super) fn text_regclass(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    class(env.shared, args[0].str()).map(values::oid)
}

/// An operator's name, which is not quoted, with its schema when it must be.
fn operator_in(c: &Catalog, visible: bool, schema: Oid, name: &str) -> String {
    if visible { name.to_string() } else { filled!(
        "{}.{}"; quote_identifier(&c.schema_name(schema).unwrap_or_default()), name
    ) }
}

/// A relation's name, qualified when it must be (`generate_relation_name` without CTE names).
pub(crate) fn relation_name(c: &Catalog, path: &SearchPath, oid: Oid) -> Option<String> {
    let r = c.relation(oid)?;
    Some(qualified_name(c, c.relation_is_visible(path, oid), r.schema, &r.name))
}

/// What every `reg*` output shows for 0 and for what is gone.
fn shown(oid: Oid, name: Option<String>) -> Result<Value> {
    match name {
        _ if oid == 0 => text("-"),
        Some(n) => text(&n),
        None => text(&oid.to_string()),
    }
}

pub(super) fn regclass_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    shown(oid(args), relation_name(&env.cx.catalog, &env.shared.search_path(), oid(args)))
}

pub(super) fn regtype_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (c, path) = (&env.cx.catalog, env.shared.search_path());
    shown(oid(args), c.ty(oid(args)).map(|_| c.format_type(&path, oid(args))))
}

pub(super) fn regproc_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = env.cx.catalog.clone();
    let Some(p) = c.proc(oid(args)) else { return shown(oid(args), None) };
    // Unqualified only where `regprocin` would find it, uniquely.
    let unique = procs_of(env.shared, &quote_identifier(&p.name)).is_ok_and(|v| matches!(v.as_slice(), [x] if x.oid == p.oid));
    shown(p.oid, Some(qualified_name(&c, unique, p.schema, &p.name)))
}

/// `name(type,…)`, as `format_procedure` has it.
pub(crate) fn format_procedure(c: &Catalog, path: &SearchPath, oid: Oid) -> Option<String> {
    let p = c.proc(oid)?;
    let args: Vec<String> = p.args.iter().map(|t| c.format_type(path, *t)).collect();
    let visible = visible::function_is_visible(c, path, oid).unwrap_or(false);
    Some(filled!("{}({})"; qualified_name(c, visible, p.schema, &p.name), args.join(",")))
}

pub(super) fn regprocedure_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    shown(oid(args), format_procedure(&env.cx.catalog, &env.shared.search_path(), oid(args)))
}

pub(super) fn regoper_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if oid(args) == 0 {
        return text("0");
    }
    let c = env.cx.catalog.clone();
    let Some(o) = c.operator(oid(args)) else { return shown(oid(args), None) };
    let unique = operators_of(env.shared, &o.name).is_ok_and(|v| v.as_slice() == [o.oid]);
    shown(o.oid, Some(operator_in(&c, unique, o.schema, &o.name)))
}

/// `+(integer,integer)`.
pub(crate) fn format_operator(c: &Catalog, path: &SearchPath, oid: Oid) -> Option<String> {
    let o = c.operator(oid)?;
    let ty = |t: Oid| if t == 0 { "NONE".to_string() } else { c.format_type(path, t) };
    let visible = visible::operator_is_visible(c, path, oid).unwrap_or(false);
    Some(filled!("{}({},{})"; operator_in(c, visible, o.schema, &o.name), ty(o.left), ty(o.right)))
}

pub(super) fn regoperator_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if oid(args) == 0 {
        return text("0");
    }
    shown(oid(args), format_operator(&env.cx.catalog, &env.shared.search_path(), oid(args)))
}

pub(super) fn regrole_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    let name = tusklet_catalog::system::object::role_exists(c, oid(args)).then(|| values::role_name(c, oid(args)));
    shown(oid(args), name.map(|n| quote_identifier(&n)))
}

pub(super) fn regnamespace_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    shown(oid(args), env.cx.catalog.schema_name(oid(args)).map(|n| quote_identifier(&n)))
}

pub(super) fn regcollation_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let a = ObjectAddress::new(ObjectClass::Collation, oid(args));
    shown(a.oid, look(&env.cx.catalog, &env.shared.search_path(), a).map(|o| o.identity))
}

fn ts_out(env: &Env<'_, '_>, kind: TsKind, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    shown(oid(args), c.ts_object(kind, oid(args)).map(|o| c.ts_shown(&env.shared.search_path(), &o)))
}

pub(super) fn regconfig_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_out(env, TsKind::Configuration, args)
}

pub(super) fn regdictionary_out(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    ts_out(env, TsKind::Dictionary, args)
}

pub(super) fn format_type(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let typmod = args.get(1).filter(|d| !d.is_null()).map(|d| d.i32());
    text(&env.cx.catalog.format_type_extended(&env.shared.search_path(), oid(args), typmod))
}

pub(super) fn typeof_(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(env.site.args.first().map_or(Value::Null, |t| values::oid(t.oid)))
}

pub(super) fn collation_for(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let ty = env.site.args.first().map_or(0, |t| t.oid);
    if env.cx.catalog.type_collation(ty) == 0 && ty != oids::UNKNOWN {
        let name = env.cx.catalog.format_type(&env.shared.search_path(), ty);
        return Err(err!(DATATYPE_MISMATCH, "collations are not supported by type {}"; name));
    }
    let name = env.cx.catalog.collation_name(env.site.collation).map(|c| quote_identifier(&c));
    Ok(name.map_or(Value::Null, |n| Value::text(&n)))
}

pub(super) fn userbyid(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let c = &env.cx.catalog;
    if tusklet_catalog::system::object::role_exists(c, oid(args)) {
        return text(&values::role_name(c, oid(args)));
    }
    text(&format!("unknown (OID={})", oid(args)))
}

/// What `default_text_search_config` holds after it was set so (`check_TSCurrentConfig`).
pub(crate) fn qualified_ts_config(shared: &Shared, value: &str) -> Result<String> {
    let found = ts_object_named(shared, TsKind::Configuration, &split_qualified(value)?).ok();
    let c = shared.catalog();
    let Some(o) = found.and_then(|oid| c.ts_object(TsKind::Configuration, oid)) else {
        return Err(err!(
            INVALID_PARAMETER_VALUE, "invalid value for parameter \"default_text_search_config\": \"{}\""; value
        ));
    };
    Ok(qualified_name(&c, false, o.schema, &o.name))
}

/// The configuration the session uses (`getTSCurrentConfig`).
pub(crate) fn current_ts_config_oid(shared: &Shared) -> Result<Oid> {
    let name = shared.settings.borrow().get("default_text_search_config").unwrap_or_default();
    if name.is_empty() {
        return Err(Error::internal("text search configuration isn't set"));
    }
    config(shared, &name)
}

pub(super) fn current_ts_config(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    current_ts_config_oid(env.shared).map(values::oid)
}
