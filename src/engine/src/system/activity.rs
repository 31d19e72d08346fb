//! Sessions, settings, databases, locks, zones, keywords as rows; messages to other sessions.

use tusklet_adt::interval::Interval;
use tusklet_adt::timezone::{TimeZone, abbreviation_list, zone_names};
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, SqlState, err};
use tusklet_syntax::KeywordCategory;
use tusklet_vector::{Datum, TypeRef, Value};

use super::Env;
use crate::session::Shared;

type Rows = Result<Vec<Vec<Value>>>;

pub(super) fn no_rows(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Ok(vec![])
}

fn text_or_null(s: Option<&str>) -> Value {
    s.map_or(Value::Null, Value::text)
}

pub(super) fn settings(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let own = env.shared.settings.borrow();
    let mut out = vec![];
    for s in builtin::settings() {
        if s.flags().is_some_and(|f| f.iter().any(|x| x == "NO_SHOW_ALL")) {
            continue;
        }
        let now = own.get(s.name()).unwrap_or_default();
        let boot = s.boot_val();
        let source = if boot == Some(now.as_str()) { "default" } else { "session" };
        out.push(vec![
            Value::text(s.name()),
            Value::text(&now),
            text_or_null(s.unit()),
            Value::text(s.category()),
            Value::text(s.short_desc()),
            text_or_null(s.extra_desc()),
            Value::text(s.context()),
            Value::text(s.vartype()),
            Value::text(source),
            text_or_null(s.min_val()),
            text_or_null(s.max_val()),
            match s.enumvals() {
                Some(v) => values::texts(v.iter())?,
                None => Value::Null,
            },
            text_or_null(boot),
            Value::text(&now),
            Value::Null,
            Value::Null,
            Value::Bool(false),
        ]);
    }
    Ok(out)
}

pub(super) fn keywords(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Ok(tusklet_syntax::keywords()
        .iter()
        .map(|k| {
            let (code, what) = match k.category {
                KeywordCategory::Unreserved => ("U", "unreserved"),
                KeywordCategory::ColName => ("C", "unreserved (cannot be function or type name)"),
                KeywordCategory::TypeFuncName => ("T", "reserved (can be function or type name)"),
                KeywordCategory::Reserved => ("R", "reserved"),
            };
            vec![
                Value::text(k.word),
                Value::I16(i16::from(code.as_bytes()[0])),
                Value::Bool(k.bare_label),
                Value::text(what),
                Value::text(if k.bare_label { "can be bare label" } else { "requires AS" }),
            ]
        })
        .collect())
}

fn seconds(offset: i32) -> Value {
    Value::Fixed16(Interval { months: 0, days: 0, micros: offset as i64 * 1_000_000 }.encode())
}

/// Seconds between 1970 and 2000.
const EPOCH: i64 = 946_684_800;

pub(super) fn timezone_names(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let unix = env.shared.db.env.now().div_euclid(1_000_000) + EPOCH;
    Ok(zone_names()
        .filter_map(|n| {
            let zone = TimeZone::named(n)?;
            let t = zone.at(unix);
            Some(vec![Value::text(n), Value::text(&t.abbreviation), seconds(t.offset), Value::Bool(t.is_dst)])
        })
        .collect())
}

pub(super) fn timezone_abbrevs(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let unix = env.shared.db.env.now().div_euclid(1_000_000) + EPOCH;
    Ok(abbreviation_list(unix)
        .into_iter()
        .map(|(name, offset, dst)| vec![Value::text(&name), seconds(offset), Value::Bool(dst)])
        .collect())
}

pub(super) fn listening_channels(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Ok(env.shared.listening.borrow().iter().map(|c| vec![Value::text(c)]).collect())
}

pub(super) fn prepared_statements(env: &mut Env<'_, '_>, _: &[Datum<'_>], columns: &[TypeRef]) -> Rows {
    let mut out = vec![];
    for (name, p) in env.shared.prepared.borrow().iter().filter(|(n, _)| !n.is_empty()) {
        let mut row = vec![
            Value::text(name),
            Value::text(&p.sql),
            Value::I64(env.shared.statement_start.get()),
            values::array(oids::REGTYPE, p.param_types.iter().map(|t| i64::from(*t)))?,
            Value::Bool(p.from_sql),
            Value::I64(0),
            Value::I64(0),
        ];
        row.resize(columns.len(), Value::Null);
        out.push(row);
    }
    Ok(out)
}

pub(super) fn cursors(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let cursors = env.shared.cursors.borrow();
    let rows = cursors.iter().filter_map(|(name, p)| Some((name, p.cursor.as_ref()?)));
    Ok(rows
        .map(|(name, c)| {
            let (text, created) = (Value::text(&c.text), Value::I64(c.created));
            vec![Value::text(name), text, Value::Bool(c.hold), Value::Bool(c.binary), Value::Bool(!c.no_scroll), created]
        })
        .collect())
}

/// `public` aside there is one extension: the language.
pub(super) fn available_extensions(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Ok(vec![vec![Value::text("plpgsql"), Value::text("1.0"), Value::text("PL/pgSQL procedural language")]])
}

pub(super) fn sessions(shared: &Shared) -> Vec<std::rc::Rc<Shared>> {
    let cluster = shared.db.cluster.borrow().upgrade();
    let databases = cluster.map_or_else(Vec::new, |c| c.databases());
    databases.iter().flat_map(|d| d.sessions.borrow().iter().filter_map(|s| s.upgrade()).collect::<Vec<_>>()).collect()
}

pub(super) fn backend_ids(env: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Ok(sessions(env.shared).iter().map(|s| vec![Value::I32(s.id as i32)]).collect())
}

pub(super) fn activity(env: &mut Env<'_, '_>, args: &[Datum<'_>], columns: &[TypeRef]) -> Rows {
    let wanted = args.first().filter(|a| !a.is_null()).map(|a| a.int());
    let mut out = vec![];
    for s in sessions(env.shared) {
        if wanted.is_some_and(|w| w != s.id as i64) {
            continue;
        }
        let own = s.id == env.shared.id;
        // Another session may be in the middle of something: what it has borrowed is not looked at.
        let in_transaction = s.transaction.try_borrow().map(|t| t.as_ref().map(|t| (t.started, t.block, t.failed)));
        let in_transaction = in_transaction.unwrap_or(None);
        let state = match in_transaction {
            _ if own => "active",
            Some((_, true, true)) => "idle in transaction (aborted)",
            Some((_, true, false)) => "idle in transaction",
            Some(_) => "active",
            None => "idle",
        };
        let name = s.settings.try_borrow().ok().and_then(|x| x.get("application_name")).unwrap_or_default();
        let started = Value::I64(s.statement_start.get());
        let mut row = vec![Value::Null; columns.len().max(30)];
        let set = [
            (0, values::oid(s.db.oid)),
            (1, Value::I32(s.id as i32)),
            (2, values::oid(s.session_user.borrow().0)),
            (3, Value::text(&name)),
            (4, Value::text(state)),
            (5, Value::text(&s.query_text.borrow())),
            (8, in_transaction.map_or(Value::Null, |t| Value::I64(t.0))),
            (9, started.clone()),
            (10, started.clone()),
            (11, started),
            (17, Value::text("client backend")),
            (18, Value::Bool(false)),
            (25, Value::Bool(false)),
            (27, Value::Bool(false)),
        ];
        for (i, v) in set {
            row[i] = v;
        }
        row.truncate(columns.len());
        out.push(row);
    }
    Ok(out)
}

pub(super) fn lock_status(env: &mut Env<'_, '_>, _: &[Datum<'_>], columns: &[TypeRef]) -> Rows {
    let mut out = vec![];
    for (tag, holder, mode) in env.shared.db.store.locks_held() {
        let relation = u32::try_from(tag.0).ok().filter(|_| tag.0 >> 63 == 0);
        let pid = sessions(env.shared).iter().find_map(|s| {
            let t = s.transaction.try_borrow().ok()?;
            t.as_ref().filter(|t| t.tx.no() == holder).map(|_| s.id)
        });
        let mut row = vec![Value::Null; columns.len().max(16)];
        row[0] = Value::text(if relation.is_some() { "relation" } else { "advisory" });
        row[1] = values::oid(env.shared.db.oid);
        row[2] = relation.map_or(Value::Null, values::oid);
        row[10] = Value::text(&format!("{}/1", pid.unwrap_or(0)));
        row[11] = pid.map_or(Value::Null, |p| Value::I32(p as i32));
        row[12] = Value::text(mode.name());
        row[13] = Value::Bool(true);
        row[14] = Value::Bool(true);
        row.truncate(columns.len());
        out.push(row);
    }
    Ok(out)
}

/// All databases are in the default tablespace.
pub(super) fn tablespace_databases(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let warning = match args[0].int() as u32 {
        oids::TABLESPACE_DEFAULT => return databases(env.shared, &[1]),
        oids::TABLESPACE_GLOBAL => "global tablespace never has databases".to_owned(),
        other => format!("{other} is not a tablespace OID"),
    };
    env.shared.warn(SqlState::WARNING, warning);
    Ok(vec![])
}

/// All databases: OID, name, whether a template, whether one can connect.
pub(crate) fn all_databases(shared: &Shared) -> Vec<(u32, String, bool, bool)> {
    let cluster = shared.db.cluster.borrow().upgrade();
    let mut all: Vec<(u32, String, bool, bool)> = match cluster {
        Some(c) => c.databases().iter().map(|d| (d.oid, d.name.borrow().clone(), false, true)).collect(),
        None => vec![(shared.db.oid, shared.db.name.borrow().clone(), false, true)],
    };
    // The templates are there by name: new databases are empty ones.
    for (oid, name, connect) in [(1, "template1", true), (4, "template0", false)] {
        if !all.iter().any(|d| d.1 == name) {
            all.push((oid, name.to_string(), true, connect));
        }
    }
    all
}

/// `pg_database`.
pub(super) fn databases(shared: &Shared, columns: &[i16]) -> Rows {
    let collate = shared.settings.borrow().get("lc_collate").unwrap_or_default();
    let template = Value::bytes(&tusklet_adt::array::from_items(
        oids::ACLITEM,
        ["=c/postgres", "postgres=CTc/postgres"].map(|s| Some(s.as_bytes())),
    )?);
    Ok(all_databases(shared)
        .into_iter()
        .map(|(oid, name, is_template, connect)| {
            columns
                .iter()
                .map(|a| match a {
                    1 => values::oid(oid),
                    2 => Value::text(&name),
                    3 => values::oid(oids::ROLE_POSTGRES),
                    4 => Value::I32(6),
                    5 => values::char(b'c'),
                    6 => Value::Bool(is_template),
                    7 => Value::Bool(connect),
                    8 => Value::I32(-1),
                    9 | 10 => Value::I64(1),
                    11 => values::oid(1663),
                    12 | 13 => Value::text(&collate),
                    16 if is_template => template.clone(),
                    -6 => values::oid(oids::RELATION_PG_DATABASE),
                    -5..=-1 => Value::I64(0),
                    _ => Value::Null,
                })
                .collect()
        })
        .collect())
}

pub(super) fn cancel_backend(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let pid = args[0].int();
    match sessions(env.shared).iter().find(|s| s.id as i64 == pid) {
        Some(s) => {
            s.cancelled.set(true);
            Ok(Value::Bool(true))
        }
        None => {
            env.shared.warn(SqlState::WARNING, format!("PID {pid} is not a PostgreSQL backend process"));
            Ok(Value::Bool(false))
        }
    }
}

pub(super) fn notify(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let text = |d: Option<&Datum<'_>>| d.filter(|d| !d.is_null()).map(|d| d.str().to_string()).unwrap_or_default();
    let (channel, payload) = (text(args.first()), text(args.get(1)));
    if channel.is_empty() {
        return Err(err!(INVALID_PARAMETER_VALUE, "channel name cannot be empty"));
    }
    if channel.len() >= 64 {
        return Err(err!(INVALID_PARAMETER_VALUE, "channel name too long"));
    }
    if payload.len() >= 8000 {
        return Err(err!(INVALID_PARAMETER_VALUE, "payload string too long"));
    }
    match &mut *env.shared.transaction.borrow_mut() {
        Some(t) => {
            // Equal ones are sent once.
            let n = (channel, payload);
            if !t.notifications.contains(&n) {
                t.notifications.push(n);
            }
        }
        None => return Err(Error::internal("NOTIFY outside a transaction")),
    }
    Ok(Value::bytes(&[]))
}

/// Counters of the statistics system. Nothing is counted, except rows, which storage knows.
pub(super) fn statistic(env: &mut Env<'_, '_>, prosrc: &str) -> Option<Result<Value>> {
    if !prosrc.starts_with("pg_stat_get_") {
        return None;
    }
    if prosrc.ends_with("_time") && !prosrc.contains("_db_") && !prosrc.contains("checkpoint") || prosrc.contains("_last_") {
        return Some(Ok(Value::Null));
    }
    Some(match env.site.result.oid {
        oids::INT8 => Ok(Value::I64(0)),
        oids::INT4 => Ok(Value::I32(0)),
        oids::FLOAT8 => Ok(Value::F64(0.0)),
        oids::TEXT | oids::INET | oids::TIMESTAMPTZ | oids::OID => Ok(Value::Null),
        _ => return None,
    })
}
