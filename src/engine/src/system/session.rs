//! Who, where, with which settings; sequences; transaction numbers.

use std::any::Any;

use tusklet_adt::encoding;
use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::SearchPath;
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, err};
use tusklet_vector::{Datum, Value};

use super::Env;

/// NULL: nothing to know here.
pub(super) fn null(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::Null)
}

/// Always false.
pub(super) fn no(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::Bool(false))
}

pub(super) fn version(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let server = env.shared.settings.borrow().get("server_version").unwrap_or_default();
    let (target, bits) = if cfg!(target_family = "wasm") { ("wasm32-unknown-unknown", 32) } else { ("native", 64) };
    Ok(Value::text(&format!(
        "PostgreSQL {server} (Tusklet {}) on {target}, compiled by rustc, {bits}-bit",
        env!("CARGO_PKG_VERSION")
    )))
}

pub(super) fn current_database(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(&env.shared.db.name.borrow()))
}

pub(super) fn current_query(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(&env.shared.query_text.borrow()))
}

pub(super) fn current_schema(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    // The first schema that was named, whether or not things can be made there.
    let creation = env.shared.search_path().creation;
    Ok(env.cx.catalog.schema_name(creation).filter(|_| creation != 0).map_or(Value::Null, |n| Value::text(&n)))
}

pub(super) fn current_schemas(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let implicit = args.first().is_some_and(|a| a.bool());
    let path = env.shared.search_path();
    let named = SearchPath::split(&env.shared.settings.borrow().get("search_path").unwrap_or_default()).unwrap_or_default();
    let shown: Vec<String> = path
        .schemas
        .iter()
        .filter(|s| {
            implicit
                || !(**s == oids::NAMESPACE_PG_CATALOG && !named.iter().any(|n| n == "pg_catalog")
                    || **s == path.temp && !named.iter().any(|n| n == "pg_temp"))
        })
        .filter_map(|s| env.cx.catalog.schema_name(*s))
        .collect();
    values::names(shown.iter().map(String::as_str))
}

pub(super) fn current_user(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(&env.shared.current_user.borrow().1))
}

pub(super) fn session_user(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(&env.shared.session_user.borrow().1))
}

pub(super) fn backend_pid(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I32(env.shared.id as i32))
}

pub(super) fn current_setting(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let missing_ok = args.get(1).is_some_and(|a| a.bool());
    let r = env.shared.settings.borrow().show(args[0].str());
    match r {
        Ok(v) => Ok(Value::text(&v)),
        Err(e) if missing_ok && e.code().as_str() == "42704" => Ok(Value::Null),
        Err(e) => Err(e),
    }
}

pub(super) fn set_config(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let [name, value, local] = args else { return Err(Error::internal("set_config takes three arguments")) };
    if name.is_null() {
        return Err(err!(NULL_VALUE_NOT_ALLOWED, "SET requires parameter name"));
    }
    let (name, local) = (name.str(), local.bool());
    if value.is_null() {
        crate::utility::reset_one(env.shared, name, local)?;
    } else {
        crate::utility::set_one(env.shared, name, value.str(), local)?;
    }
    let formats: std::rc::Rc<dyn Any> = env.shared.formats.borrow().clone();
    env.cx.formats = formats;
    let shown = env.shared.settings.borrow().show(name)?;
    Ok(Value::text(&shown))
}

pub(super) fn nextval(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    crate::sequence::nextval(env.shared, args[0].int() as u32).map(Value::I64)
}

pub(super) fn currval(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    crate::sequence::currval(env.shared, args[0].int() as u32).map(Value::I64)
}

pub(super) fn lastval(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    crate::sequence::lastval(env.shared).map(Value::I64)
}

pub(super) fn setval(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let called = args.get(2).is_none_or(|a| a.bool());
    crate::sequence::setval(env.shared, args[0].int() as u32, args[1].int(), called).map(Value::I64)
}

pub(super) fn current_xact_id(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I64(env.cx.tx.assign_xid()?.0 as i64))
}

pub(super) fn current_xact_id_if_assigned(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(env.cx.tx.xid().map_or(Value::Null, |x| Value::I64(x.0 as i64)))
}

pub(super) fn my_temp_schema(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(values::oid(env.shared.temp_schema.get()))
}

pub(super) fn is_other_temp_schema(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let oid = args[0].int() as u32;
    let temporary = env.cx.catalog.schema_name(oid).is_some_and(|n| n.starts_with("pg_temp_"));
    Ok(Value::Bool(temporary && oid != env.shared.temp_schema.get()))
}

pub(super) fn trigger_depth(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    // Functions are not told that a trigger called them; only row triggers' functions could ask.
    Ok(Value::I32(0))
}

pub(super) fn sleep(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    tusklet_vector::CallContext::check_interrupts(env.cx)?;
    let db = &env.shared.db;
    let now = db.env.now();
    match env.shared.sleep.ask(&db.store, now, now.saturating_add((args[0].f64() * 1e6) as i64)) {
        Some(wait) => Err(env.cx.must_wait(wait)),
        None => Ok(Value::bytes(&[])),
    }
}

pub(super) fn encoding_to_char(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = usize::try_from(args[0].int()).ok().and_then(|i| encoding::NAMES.get(i)).copied();
    Ok(Value::text(name.unwrap_or("")))
}

pub(super) fn char_to_encoding(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I32(encoding::by_name(args[0].str()).map_or(-1, |i| i as i32)))
}

pub(super) fn encoding_max_length(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(match args[0].int() {
        6 | 7 | 4 | 39 => Value::I32(4),
        1 | 3 | 5 | 40 => Value::I32(3),
        2 | 35..=38 | 41 => Value::I32(2),
        0 | 8..=34 => Value::I32(1),
        _ => Value::Null,
    })
}

pub(super) fn database_encoding(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text("UTF8"))
}

pub(super) fn client_encoding(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let name = env.shared.settings.borrow().get("client_encoding").unwrap_or_default();
    Ok(Value::text(encoding::by_name(&name).map_or("", |n| encoding::NAMES[n])))
}
