//! Functions of an administrator: the log, replication, server files, statistics. Much of it is about things that one process
//! without a file system does not have; there the answer is PostgreSQL's when it finds none.

use tusklet_adt::array::Array;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::record::Record;
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Catalog, TypeEntryKind};
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, SqlState, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_vector::{Datum, Phys, TypeRef, Value};

use super::{Env, relation};

type Rows = Result<Vec<Vec<Value>>>;

pub(super) fn void(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::bytes(&[]))
}

pub(super) fn yes(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::Bool(true))
}

/// Zero of the function's type.
pub(super) fn zero(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(match env.site.result.oid {
        oids::FLOAT8 => Value::F64(0.0),
        oids::INT4 => Value::I32(0),
        _ => Value::I64(0),
    })
}

pub(super) fn no_pids(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    values::array(oids::INT4, [])
}

/// The name of the function called.
fn called(env: &Env<'_, '_>) -> &'static str {
    builtin::proc(env.site.func).map_or("", |p| p.name())
}

// The log.

pub(super) fn wal_lsn(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I64(env.shared.db.store.last_lsn().0 as i64))
}

pub(super) fn wal_flush_lsn(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I64(env.shared.db.store.durable().0 as i64))
}

/// The segment of 16 MiB that holds the byte before.
fn segment(lsn: i64) -> String {
    let n = (lsn as u64).wrapping_sub(1) >> 24;
    format!("00000001{:08X}{:08X}", n >> 8, n & 0xFF)
}

pub(super) fn walfile_name(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::text(&segment(args[0].int())))
}

pub(super) fn walfile_name_offset(_: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let lsn = args[0].int();
    Ok(vec![vec![Value::text(&segment(lsn)), Value::I32((lsn & 0xFF_FFFF) as i32)]])
}

pub(super) fn not_in_recovery(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "recovery is not in progress")
        .hint("Recovery control functions can only be executed during recovery."))
}

fn untracked() -> Error {
    err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "could not get commit timestamp data")
        .hint("Make sure the configuration parameter \"track_commit_timestamp\" is set.")
}

pub(super) fn commit_timestamp(_: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Err(untracked())
}

pub(super) fn commit_timestamps(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Err(untracked())
}

// Replication: there are no slots and no origins.

pub(super) fn no_slot(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Err(err!(UNDEFINED_OBJECT, "replication slot \"{}\" does not exist"; args[0].str()))
}

pub(super) fn no_slots(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    no_slot(env, args).map(|_| vec![])
}

pub(super) fn no_logical(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "logical decoding requires wal_level >= logical"))
}

pub(super) fn no_origin(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match args.first() {
        Some(Datum::Bytes(b)) => {
            Err(err!(UNDEFINED_OBJECT, "replication origin \"{}\" does not exist"; String::from_utf8_lossy(b)))
        }
        _ => Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "no replication origin is configured")),
    }
}

// Files: there are none.

fn no_file(verb: &str, name: &str, tail: &str) -> Error {
    err!(UNDEFINED_FILE, "could not {} \"{}\"{}: No such file or directory"; verb, name, tail)
}

fn missing_ok(args: &[Datum<'_>], at: usize) -> bool {
    args.len() > at && args[at].bool()
}

pub(super) fn read_file(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    // `pg_read_file(name [, offset, length [, missing_ok]])`
    if missing_ok(args, 3) {
        return Ok(Value::Null);
    }
    Err(no_file("open file", args[0].str(), " for reading"))
}

pub(super) fn stat_file(_: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    if missing_ok(args, 1) {
        return Ok(vec![vec![Value::Null; 6]]);
    }
    Err(no_file("stat file", args[0].str(), ""))
}

pub(super) fn ls_dir(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    if missing_ok(args, 1) {
        return Ok(vec![]);
    }
    let name = if called(env) == "pg_ls_logdir" { "log" } else { args.first().map_or("", |a| a.str()) };
    Err(no_file("open directory", name, ""))
}

pub(super) fn server_file(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = args.iter().find(|d| matches!(d, Datum::Bytes(_))).map_or("", |d| d.str());
    Err(no_file("open server file", name, ""))
}

pub(super) fn current_logfile(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match args.first().filter(|d| !d.is_null()).map(|d| d.str()) {
        None | Some("stderr" | "csvlog" | "jsonlog") => Ok(Value::Null),
        Some(s) => Err(err!(INVALID_PARAMETER_VALUE, "log format \"{}\" is not supported"; s)
            .hint("The supported log formats are \"stderr\", \"csvlog\", and \"jsonlog\".")),
    }
}

pub(super) fn rotate_logfile(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    env.shared.warn(SqlState::WARNING, "rotation not possible because log collection not active".to_string());
    Ok(Value::Bool(false))
}

pub(super) fn tablespace_size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let found = match args[0] {
        Datum::Bytes(_) => {
            let name = args[0].str();
            let t = builtin::Tablespace::all().find(|t| t.name() == name);
            Some(t.ok_or_else(|| err!(UNDEFINED_OBJECT, "tablespace \"{}\" does not exist"; name))?)
        }
        d => builtin::Tablespace::all().find(|t| t.oid() as i64 == d.int()),
    };
    if found.is_none() { Ok(Value::Null) } else { relation::database_size(env, args) }
}

pub(super) fn relation_filepath(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(match relation::filenode(env, args)? {
        Value::I64(node) => Value::text(&format!("base/{}/{node}", env.shared.db.oid)),
        _ => Value::Null,
    })
}

// Statistics.

pub(super) fn reset_shared(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match args[0].str() {
        "archiver" | "bgwriter" | "recovery_prefetch" | "wal" => Ok(Value::bytes(&[])),
        s => Err(err!(INVALID_PARAMETER_VALUE, "unrecognized reset target: \"{}\""; s)
            .hint("Target must be \"archiver\", \"bgwriter\", \"recovery_prefetch\", or \"wal\".")),
    }
}

pub(super) fn reset_slot(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match args.first().filter(|d| !d.is_null()) {
        Some(d) => Err(err!(INVALID_PARAMETER_VALUE, "replication slot \"{}\" does not exist"; d.str())),
        None => Ok(Value::bytes(&[])),
    }
}

pub(super) fn have_stats(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    match_word!(args[0].str();
        "archiver" | "bgwriter" | "checkpointer" | "slru" | "wal" => Ok(Value::Bool(true)),
        "database" | "relation" | "function" | "replslot" | "subscription" => Ok(Value::Bool(false));
        s => Err(err!(INVALID_PARAMETER_VALUE, "invalid statistics kind: \"{}\""; s)),
    )
}

pub(super) fn settings_get_flags(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let name = args[0].str();
    match builtin::settings().find(|s| s.name().eq_ignore_ascii_case(name)) {
        Some(s) => match s.flags() {
            Some(f) => values::texts(f.iter()),
            None => values::texts([]),
        },
        None => Ok(Value::Null),
    }
}

/// The database was opened then: there is no other start of a server, nor of its settings.
pub(super) fn start_time(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::I64(env.shared.db.opened))
}

pub(super) fn not_a_server_process(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if args[0].int() == env.shared.id as i64 {
        return Ok(Value::Bool(true));
    }
    env.shared.warn(SqlState::WARNING, format!("PID {} is not a PostgreSQL server process", args[0].int()));
    Ok(Value::Bool(false))
}

// Transactions.

pub(super) fn current_snapshot(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let s = &env.cx.snapshot;
    let running: Vec<String> =
        s.running().iter().filter(|x| !env.cx.tx.owns(**x)).map(|x| x.0.to_string()).collect();
    Ok(Value::text(&format!("{}:{}:{}", s.xmin().0, s.xmax().0, running.join(","))))
}

pub(super) fn export_snapshot(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    env.shared.export_snapshot(&env.cx.snapshot).map(|id| Value::text(&id))
}

pub(super) fn xact_status(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    use tusklet_storage::XidStatus::{Aborted, Committed, InProgress};
    let xid = args[0].int() as u64;
    let store = &env.shared.db.store;
    if xid as u32 == 0 {
        return Ok(Value::Null);
    }
    // The first two stand for what was always there.
    if xid as u32 <= 2 {
        return Ok(Value::text("committed"));
    }
    if xid >= store.next_xid().0 {
        return Err(err!(INVALID_PARAMETER_VALUE, "transaction ID {xid} is in the future"));
    }
    Ok(Value::text(match store.xid_status(tusklet_storage::Xid(xid)) {
        InProgress => "in progress",
        Committed => "committed",
        Aborted => "aborted",
    }))
}

/// `age(xid)`: special transactions are as old as can be.
pub(super) fn xid_age(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (xid, now) = (args[0].int() as u32, env.shared.db.store.next_xid().0 as u32);
    Ok(Value::I32(if xid < 3 { i32::MAX } else { now.wrapping_sub(xid) as i32 }))
}

/// No row is locked by several transactions under one number: the next such number is always the first.
pub(super) fn mxid_age(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let xid = args[0].int() as u32;
    Ok(Value::I32(if xid == 0 { i32::MAX } else { 1u32.wrapping_sub(xid) as i32 }))
}

pub(super) fn multixact_members(_: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let xid = args[0].int() as u32;
    if xid == 0 {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid MultiXactId: {xid}"));
    }
    Err(err!(INTERNAL_ERROR, "MultiXactId {xid} has not been created yet -- apparent wraparound"))
}

// Types.

pub(super) fn oidvectortypes(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let path = env.shared.search_path();
    let a = Array::decode(args[0].bytes())?;
    let names: Vec<String> =
        a.iter().flatten().map(|b| env.cx.catalog.format_type(&path, Datum::load(Phys::I64, b).int() as u32)).collect();
    Ok(Value::text(&names.join(", ")))
}

pub(super) fn amvalidate(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let oid = args[0].int() as u32;
    match builtin::opclass(oid) {
        Some(_) => Ok(Value::Bool(true)),
        None => Err(err!(INTERNAL_ERROR, "cache lookup failed for operator class {oid}")),
    }
}

pub(super) fn column_size(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let ty = env.site.args.first().map_or(0, |t| t.oid);
    Ok(Value::I32(value_size(&env.cx.catalog, ty, args[0])? as i32))
}

/// Width and alignment of a type's values in PostgreSQL.
fn shape(c: &Catalog, ty: Oid) -> (i64, usize) {
    let (len, align) = c.ty(ty).map_or((-1, b'i'), |t| (t.len as i64, t.align));
    let align = match align {
        b'd' => 8,
        b'i' => 4,
        b's' => 2,
        _ => 1,
    };
    (len, align)
}

/// What a value takes in PostgreSQL's memory, never compressed: of other than fixed width, four bytes more than its content.
fn value_size(c: &Catalog, ty: Oid, d: Datum<'_>) -> Result<usize> {
    let (len, _) = shape(c, ty);
    if len > 0 {
        return Ok(len as usize);
    }
    let Datum::Bytes(b) = d else { return Ok(4) };
    if len == -2 {
        return Ok(b.len() + 1);
    }
    let Some(t) = c.ty(ty) else { return Ok(4 + b.len()) };
    let item = |c: &Catalog, ty: Oid, b: &[u8]| value_size(c, ty, Datum::load(tusklet_exec::types::phys(c, ty), b));
    Ok(match &t.kind {
        _ if ty == oids::NUMERIC => 6 + 2 * Numeric::decode(b).to_var().digits.len(),
        kind if ty == oids::RECORD || matches!(kind, TypeEntryKind::Composite(_)) => {
            let r = Record::decode(b)?;
            let nulls = (0..r.len()).any(|i| r.field(i).is_none());
            let mut at = (23 + if nulls { r.len().div_ceil(8) } else { 0 }).next_multiple_of(8);
            for i in 0..r.len() {
                let Some(f) = r.field(i) else { continue };
                let (ty, (len, align)) = (r.field_type(i), shape(c, r.field_type(i)));
                let n = item(c, ty, f)?;
                // A short one has a header of one byte and is not aligned.
                at = if len == -1 && n < 130 { at + n - 3 } else { at.next_multiple_of(align) + n };
            }
            at
        }
        TypeEntryKind::Range { subtype, .. } => {
            let r = tusklet_adt::range::Range::decode(b);
            let (_, align) = shape(c, *subtype);
            let mut at = 8usize;
            for v in [r.lower.value, r.upper.value].into_iter().flatten() {
                let n = item(c, *subtype, v)?;
                at = at.next_multiple_of(align) + n;
            }
            at + 1
        }
        TypeEntryKind::Array { .. } => {
            let a = Array::decode(b)?;
            let (_, align) = shape(c, a.element);
            let mut at = 16 + 8 * a.dims.len();
            if a.has_nulls() {
                at = (at + a.len().div_ceil(8)).next_multiple_of(8);
            }
            for v in a.iter().flatten() {
                at += item(c, a.element, v)?;
                at = at.next_multiple_of(align);
            }
            at
        }
        _ => 4 + b.len(),
    })
}

/// What is refused by the function's name alone, as PostgreSQL words it; `None` when there is another way.
pub(super) fn refusal(prosrc: &str) -> Option<Error> {
    if prosrc.starts_with("binary_upgrade_") {
        return Some(err!(CANT_CHANGE_RUNTIME_PARAM, "function can only be called when server is in binary upgrade mode"));
    }
    if prosrc == "pg_extension_config_dump" {
        let m = "pg_extension_config_dump() can only be called from an SQL script executed by CREATE EXTENSION";
        return Some(err!(FEATURE_NOT_SUPPORTED, "{}"; m));
    }
    if prosrc.starts_with("RI_FKey_") || prosrc == "unique_key_recheck" {
        let m = filled!("function \"{}\" was not called by trigger manager"; prosrc);
        return Some(err!(E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "{}"; m));
    }
    let (ty, way) = prosrc.rsplit_once('_').unwrap_or_else(|| {
        let n = prosrc.strip_suffix("out").or(prosrc.strip_suffix("in")).unwrap_or(prosrc).len();
        prosrc.split_at(n)
    });
    let verb = match way {
        "in" | "recv" => "accept",
        "out" | "send" => "display",
        _ => return None,
    };
    let shown = match ty {
        "shell" => "a shell type",
        "gtsvector" => return Some(err!(FEATURE_NOT_SUPPORTED, "gtsvector_{} not implemented"; way)),
        "brin_bloom_summary" => "type pg_brin_bloom_summary",
        "brin_minmax_multi_summary" => "type pg_brin_minmax_multi_summary",
        _ if PSEUDO.contains(&ty) => return Some(err!(FEATURE_NOT_SUPPORTED, "cannot {} a value of type {}"; verb, ty)),
        _ => return None,
    };
    Some(err!(FEATURE_NOT_SUPPORTED, "cannot {} a value of {}"; verb, shown))
}

/// Types without values that could be written down.
static PSEUDO: &[&str] = &[
    "any", "anyarray", "anycompatible", "anycompatiblearray", "anycompatiblemultirange", "anycompatiblenonarray",
    "anycompatiblerange", "anyelement", "anyenum", "anymultirange", "anynonarray", "anyrange", "event_trigger",
    "fdw_handler", "index_am_handler", "internal", "language_handler", "pg_ddl_command", "pg_dependencies",
    "pg_mcv_list", "pg_ndistinct", "pg_node_tree", "table_am_handler", "trigger", "tsm_handler",
];
