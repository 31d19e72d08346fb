//! Statements that are no queries and change no objects: transactions, settings, prepared statements, cursors,
//! notifications, EXPLAIN, COPY. Everything else is `commands`.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_error::{Result, Severity, SqlState, err, filled, match_word};
use tusklet_ir::{ResultColumn, TypeRef, Value};
use tusklet_storage::Wait;
use tusklet_syntax::ast::{ExecuteStmt, 
    IsolationLevel, SetValue, Stmt, TransactionMode, TransactionModeKind, TransactionStmtKind, VariableSetKind,
};
use tusklet_vector::{Batch, Phys, Vector};

use crate::commands::{self, Outcome};
use crate::output::Tag;
use crate::portal::{Portal, PortalState};
use crate::query::{Prepared, eval_expr};
use crate::session::{Isolation, Session, Shared};
use crate::settings::{Settings, Source};

/// What starting a command came to.
pub enum Started {
    /// It is done.
    Tag(Tag),
    /// It must wait and start again.
    Wait(Wait),
    /// The portal's state says how it goes on.
    Running,
}

/// Whether a statement may run in a failed transaction.
pub fn ends_transaction(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Transaction(t) => matches!(
            t.kind,
            TransactionStmtKind::Commit { .. }
                | TransactionStmtKind::Rollback { .. }
                | TransactionStmtKind::RollbackTo(_)
                | TransactionStmtKind::Prepare(_)
        ),
        _ => false,
    }
}

fn text_column(name: &str) -> ResultColumn {
    ResultColumn { name: name.to_string(), ty: TypeRef::new(oids::TEXT), collation: 100, origin: (0, 0) }
}

/// The result columns of a command that gives rows, as far as they are known before it runs.
pub fn columns(shared: &Shared, stmt: &Stmt) -> Result<Option<Rc<[ResultColumn]>>> {
    Ok(match stmt {
        Stmt::VariableShow(v) if v.name.eq_ignore_ascii_case("all") => {
            Some([text_column("name"), text_column("setting"), text_column("description")].into())
        }
        Stmt::VariableShow(v) => {
            shared.settings.borrow().get(&v.name).ok_or_else(|| crate::settings::unknown(&v.name))?;
            Some([text_column(&Settings::canonical(&v.name).unwrap_or_default())].into())
        }
        Stmt::Explain(e) => Some([crate::explain::column(e)?].into()),
        Stmt::Fetch(f) if !f.ismove => shared.cursors.borrow().get(&f.portalname).and_then(|p| p.columns.clone()),
        Stmt::Execute(e) => shared.prepared.borrow().get(&e.name).and_then(|p| p.columns.clone()),
        _ => None,
    })
}

/// Rows of texts as one batch.
pub fn text_rows(rows: Vec<Vec<Option<String>>>, width: usize) -> Vec<Batch> {
    rows.chunks(tusklet_vector::BATCH)
        .map(|chunk| {
            let columns = (0..width)
                .map(|c| {
                    let mut v = Vector::empty(Phys::Bytes);
                    for row in chunk {
                        match row.get(c).and_then(|x| x.as_deref()) {
                            Some(t) => v.push(tusklet_vector::Datum::Bytes(t.as_bytes())),
                            None => v.push(tusklet_vector::Datum::Null),
                        }
                    }
                    Rc::new(v)
                })
                .collect();
            Batch::new(columns, chunk.len())
        })
        .collect()
}

/// The statement EXECUTE names, and the values it gives its parameters.
pub(crate) fn execute_target(shared: &Shared, e: &ExecuteStmt) -> Result<(Rc<Prepared>, Vec<Value>)> {
    let found = shared.prepared.borrow().get(&e.name).cloned();
    let Some(prepared) = found else {
        return Err(err!(INVALID_SQL_STATEMENT_NAME, "prepared statement \"{}\" does not exist"; e.name));
    };
    if e.params.len() != prepared.param_types.len() {
        return Err(err!(SYNTAX_ERROR, "wrong number of parameters for prepared statement \"{}\""; e.name)
        .detail(format!(
            "Expected {} parameters but got {}.",
            prepared.param_types.len(),
            e.params.len()
        )));
    }
    let mut values = Vec::new();
    for (x, ty) in e.params.iter().zip(&prepared.param_types) {
        let expr = crate::query::analyze_parameter(shared, x, *ty)?;
        values.push(eval_expr(shared, &expr)?);
    }
    Ok((prepared, values))
}

/// Starts a command.
pub fn start(session: &mut Session, portal: &mut Portal, stmt: &Stmt) -> Result<Started> {
    let shared = session.shared.clone();
    let done = |words: &'static str| Ok(Started::Tag(Tag::plain(words)));
    match stmt {
        Stmt::Transaction(t) => transaction(session, &t.kind),
        Stmt::VariableSet(v) => {
            set(&shared, &v.kind, v.is_local)?;
            done(match v.kind {
                VariableSetKind::Reset { .. } | VariableSetKind::ResetAll => "RESET",
                _ => "SET",
            })
        }
        Stmt::VariableShow(v) => {
            let settings = shared.settings.borrow();
            let rows = if v.name.eq_ignore_ascii_case("all") {
                settings.all().into_iter().map(|(a, b, c)| vec![Some(a), Some(b), Some(c)]).collect()
            } else {
                vec![vec![Some(show(&shared, &settings, &v.name)?)]]
            };
            drop(settings);
            let width = if v.name.eq_ignore_ascii_case("all") { 3 } else { 1 };
            portal.columns = columns(&shared, stmt)?;
            portal.state = PortalState::Rows(text_rows(rows, width).into(), Tag::plain("SHOW"));
            Ok(Started::Running)
        }
        Stmt::Explain(e) => {
            portal.columns = columns(&shared, stmt)?;
            let lines = crate::explain::run(session, e, &portal.prepared.clone(), &portal.params.clone())?;
            portal.state = PortalState::Rows(
                text_rows(lines.into_iter().map(|l| vec![Some(l)]).collect(), 1).into(),
                Tag::plain("EXPLAIN"),
            );
            Ok(Started::Running)
        }
        Stmt::Prepare(p) => {
            let mut types = Vec::new();
            for t in &p.argtypes {
                types.push(tusklet_analyze::resolve_type_name(&mut crate::query::Analyzer(&shared), t)?.oid);
            }
            let mut made =
                Prepared::new(&shared, portal.prepared.sql.clone(), Some(p.query.clone()), types, true)?;
            made.from_sql = true;
            if let Some(i) = made.param_types.iter().position(|t| matches!(*t, 0 | 705)) {
                return Err(err!(INDETERMINATE_DATATYPE, "could not determine data type of parameter ${}", i + 1));
            }
            shared.refuse_prepared(&p.name)?;
            shared.prepared.borrow_mut().insert(p.name.clone(), Rc::new(made));
            done("PREPARE")
        }
        Stmt::Execute(e) => {
            let (prepared, values) = execute_target(&shared, e)?;
            portal.columns = prepared.columns.clone();
            portal.prepared = prepared;
            portal.params = values.into();
            portal.state = PortalState::Fresh;
            Ok(Started::Running)
        }
        Stmt::Deallocate(d) => {
            match &d.name {
                None => {
                    shared.forget_prepared();
                    return done("DEALLOCATE ALL");
                }
                Some(n) => {
                    if shared.prepared.borrow_mut().remove(n).is_none() {
                        return Err(err!(INVALID_SQL_STATEMENT_NAME, "prepared statement \"{}\" does not exist"; n));
                    }
                }
            }
            done("DEALLOCATE")
        }
        Stmt::DeclareCursor(d) => {
            crate::cursor::declare(session, d, portal)?;
            done("DECLARE CURSOR")
        }
        Stmt::Fetch(f) => crate::cursor::fetch(session, portal, f),
        Stmt::ClosePortal(c) => match &c.portalname {
            None => {
                session.shared.cursors.borrow_mut().clear();
                done("CLOSE CURSOR ALL")
            }
            Some(n) => {
                if session.take_portal(n).is_none() {
                    return Err(crate::missing::cursor(n));
                }
                done("CLOSE CURSOR")
            }
        },
        Stmt::Listen(l) => {
            shared.listening.borrow_mut().insert(l.conditionname.clone());
            done("LISTEN")
        }
        Stmt::Unlisten(u) => {
            match &u.conditionname {
                None => shared.listening.borrow_mut().clear(),
                Some(n) => {
                    shared.listening.borrow_mut().remove(n);
                }
            }
            done("UNLISTEN")
        }
        Stmt::Notify(n) => {
            notify(&shared, &n.conditionname, n.payload.as_deref().unwrap_or(""))?;
            done("NOTIFY")
        }
        Stmt::Constraints(c) => {
            set_constraints(&shared, c)?;
            done("SET CONSTRAINTS")
        }
        Stmt::Copy(c) => crate::copy::start(session, portal, c),
        Stmt::CheckPoint => done("CHECKPOINT"),
        _ => match commands::execute(&shared, stmt, &portal.prepared.sql)? {
            Outcome::Done(tag) => {
                shared.tx()?.next_command();
                Ok(Started::Tag(commands_tag(tag)))
            }
            Outcome::Wait(w) => Ok(Started::Wait(w)),
        },
    }
}

/// `SELECT 5` as CREATE TABLE AS answers is words and a count.
fn commands_tag(tag: String) -> Tag {
    match tag.rsplit_once(' ') {
        Some((words, n)) if words == "SELECT" => match n.parse() {
            Ok(n) => Tag::counted("SELECT", n),
            Err(_) => Tag::plain(tag),
        },
        _ => Tag::plain(tag),
    }
}

/// Queues a notification for the transaction's commit; the same one twice is sent once.
pub fn notify(shared: &Shared, channel: &str, payload: &str) -> Result<()> {
    if payload.len() >= 8000 {
        return Err(err!(INVALID_PARAMETER_VALUE, "payload string too long"));
    }
    if let Some(t) = &mut *shared.transaction.borrow_mut() {
        let n = (channel.to_string(), payload.to_string());
        if !t.notifications.contains(&n) {
            t.notifications.push(n);
        }
    }
    Ok(())
}

fn show(shared: &Shared, settings: &Settings, name: &str) -> Result<String> {
    let t = shared.transaction.borrow();
    Ok(match name {
        "transaction_isolation" => match t.as_ref().map(|t| t.isolation) {
            Some(Isolation::RepeatableRead) => "repeatable read".into(),
            Some(Isolation::Serializable) => "serializable".into(),
            _ => "read committed".into(),
        },
        "transaction_deferrable" => if t.as_ref().is_some_and(|t| t.deferrable) { "on" } else { "off" }.into(),
        "transaction_read_only" => if t.as_ref().is_some_and(|t| t.read_only) { "on" } else { "off" }.into(),
        _ => settings.show(name)?,
    })
}

fn transaction(session: &mut Session, kind: &TransactionStmtKind) -> Result<Started> {
    let shared = session.shared.clone();
    let in_block = shared.transaction.borrow().as_ref().is_some_and(|t| t.block);
    let failed = shared.status() == b'E';
    let tag = |words: &'static str| Ok(Started::Tag(Tag::plain(words)));
    match kind {
        TransactionStmtKind::Begin { options } | TransactionStmtKind::Start { options } => {
            if in_block {
                shared.warn(SqlState::ACTIVE_SQL_TRANSACTION, "there is already a transaction in progress");
            }
            shared.begin_transaction(true);
            modes(&shared, options)?;
            tag(if matches!(kind, TransactionStmtKind::Begin { .. }) { "BEGIN" } else { "START TRANSACTION" })
        }
        TransactionStmtKind::Commit { chain } | TransactionStmtKind::Rollback { chain } => {
            let commit = matches!(kind, TransactionStmtKind::Commit { .. });
            if !in_block {
                if *chain {
                    let word = if commit { "COMMIT" } else { "ROLLBACK" };
                    return Err(err!(
                        NO_ACTIVE_SQL_TRANSACTION, "{} AND CHAIN can only be used in transaction blocks"; word
                    ));
                }
                shared.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
            }
            let next = shared.transaction.borrow().as_ref().map(|t| (t.isolation, t.read_only, t.deferrable));
            let words = if commit && !failed {
                crate::cursor::hold_at_commit(session)?;
                let lsn = shared.commit_transaction()?;
                shared.commit_lsn.set(lsn);
                "COMMIT"
            } else {
                shared.abort_transaction();
                "ROLLBACK"
            };
            if let (true, Some((isolation, read_only, deferrable))) = (*chain, next) {
                shared.begin_transaction(true);
                if let Some(t) = &mut *shared.transaction.borrow_mut() {
                    t.isolation = isolation;
                    t.read_only = read_only;
                    t.deferrable = deferrable;
                }
            }
            tag(words)
        }
        TransactionStmtKind::Savepoint(n) => {
            need_block(in_block, "SAVEPOINT")?;
            shared.savepoint(n)?;
            tag("SAVEPOINT")
        }
        TransactionStmtKind::Release(n) => {
            need_block(in_block, "RELEASE SAVEPOINT")?;
            shared.release_savepoint(n)?;
            session.release_portals();
            tag("RELEASE")
        }
        TransactionStmtKind::RollbackTo(n) => {
            need_block(in_block, "ROLLBACK TO SAVEPOINT")?;
            shared.rollback_to_savepoint(n)?;
            session.drop_newer_portals();
            tag("ROLLBACK")
        }
        TransactionStmtKind::Prepare(_) if !in_block => {
            shared.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
            tag("ROLLBACK")
        }
        TransactionStmtKind::Prepare(_) => {
            // The block is over all the same.
            shared.abort_transaction();
            if failed {
                return tag("ROLLBACK");
            }
            Err(err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "prepared transactions are disabled")
                .hint("Set max_prepared_transactions to a nonzero value."))
        }
        TransactionStmtKind::CommitPrepared(n) | TransactionStmtKind::RollbackPrepared(n) => {
            let commit = matches!(kind, TransactionStmtKind::CommitPrepared(_));
            shared.prevent_in_block(if commit { "COMMIT PREPARED" } else { "ROLLBACK PREPARED" })?;
            Err(err!(UNDEFINED_OBJECT, "prepared transaction with identifier \"{}\" does not exist"; n))
        }
    }
}

fn need_block(in_block: bool, what: &str) -> Result<()> {
    if in_block {
        return Ok(());
    }
    Err(err!(NO_ACTIVE_SQL_TRANSACTION, "{} can only be used in transaction blocks"; what))
}

fn modes(shared: &Shared, list: &[TransactionMode]) -> Result<()> {
    let mut t = shared.transaction.borrow_mut();
    let Some(t) = &mut *t else { return Ok(()) };
    for m in list {
        match m.kind {
            TransactionModeKind::Isolation(l) => {
                let l = match l {
                    IsolationLevel::ReadUncommitted | IsolationLevel::ReadCommitted => Isolation::ReadCommitted,
                    IsolationLevel::RepeatableRead => Isolation::RepeatableRead,
                    IsolationLevel::Serializable => Isolation::Serializable,
                };
                if !t.savepoints.is_empty() && l != t.isolation {
                    return Err(err!(
                        ACTIVE_SQL_TRANSACTION,
                        "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"
                    ));
                }
                if t.used && l != t.isolation {
                    return Err(err!(
                        ACTIVE_SQL_TRANSACTION,
                        "SET TRANSACTION ISOLATION LEVEL must be called before any query"
                    ));
                }
                t.isolation = l;
            }
            TransactionModeKind::ReadOnly(r) => {
                if t.read_only && !r && !t.savepoints.is_empty() {
                    return Err(err!(
                        ACTIVE_SQL_TRANSACTION,
                        "cannot set transaction read-write mode inside a read-only transaction"
                    ));
                }
                if t.read_only && !r && t.used {
                    return Err(err!(
                        ACTIVE_SQL_TRANSACTION,
                        "transaction read-write mode must be set before any query"
                    ));
                }
                t.read_only = r;
            }
            TransactionModeKind::Deferrable(d) => {
                let when = match () {
                    _ if !t.savepoints.is_empty() => "cannot be called within a subtransaction",
                    _ if t.used => "must be called before any query",
                    _ => "",
                };
                if !when.is_empty() {
                    return Err(err!(ACTIVE_SQL_TRANSACTION, "SET TRANSACTION [NOT] DEFERRABLE {}"; when));
                }
                t.deferrable = d;
            }
        }
    }
    Ok(())
}

/// SET and RESET.
fn set(shared: &Shared, kind: &VariableSetKind, local: bool) -> Result<()> {
    let in_block = shared.in_block();
    if local && !in_block {
        shared.warn(
            SqlState::NO_ACTIVE_SQL_TRANSACTION,
            "SET LOCAL can only be used in transaction blocks",
        );
    }
    match kind {
        VariableSetKind::Value { name, args } => {
            let lower = name.to_ascii_lowercase();
            let mut words = Vec::new();
            for a in args {
                words.push(match a {
                    SetValue::Integer(n) => n.to_string(),
                    SetValue::Float(f) => f.clone(),
                    // Lists of names keep what needs quotes in quotes.
                    SetValue::String(s) if args.len() > 1 || lower == "search_path" => {
                        if lower == "search_path" {
                            quote_path(s)
                        } else {
                            s.clone()
                        }
                    }
                    SetValue::String(s) => s.clone(),
                    SetValue::Interval(_) => return interval_zone(shared, a, local),
                });
            }
            set_one(shared, &lower, &words.join(", "), local)
        }
        VariableSetKind::Default { name } | VariableSetKind::Reset { name } => reset_one(shared, name, local),
        VariableSetKind::Current { name } => {
            let v = shared.settings.borrow().get(name);
            match v {
                Some(v) => set_one(shared, name, &v, local),
                None => Ok(()),
            }
        }
        VariableSetKind::ResetAll => {
            shared.settings.borrow_mut().reset_all();
            shared.settings_changed();
            Ok(())
        }
        VariableSetKind::Transaction(_) | VariableSetKind::TransactionSnapshot(_) => {
            if matches!(kind, VariableSetKind::TransactionSnapshot(_)) && local {
                return Err(err!(FEATURE_NOT_SUPPORTED, "SET LOCAL TRANSACTION SNAPSHOT is not implemented"));
            }
            if !in_block {
                shared.warn(
                    SqlState::NO_ACTIVE_SQL_TRANSACTION,
                    "SET TRANSACTION can only be used in transaction blocks",
                );
            }
            match kind {
                VariableSetKind::TransactionSnapshot(id) => shared.import_snapshot(id),
                VariableSetKind::Transaction(list) => modes(shared, list),
                _ => Ok(()),
            }
        }
        VariableSetKind::SessionCharacteristics(list) => {
            for m in list {
                let (name, v) = match m.kind {
                    TransactionModeKind::Isolation(l) => (
                        "default_transaction_isolation",
                        match l {
                            IsolationLevel::ReadUncommitted => "read uncommitted",
                            IsolationLevel::ReadCommitted => "read committed",
                            IsolationLevel::RepeatableRead => "repeatable read",
                            IsolationLevel::Serializable => "serializable",
                        },
                    ),
                    TransactionModeKind::ReadOnly(r) => {
                        ("default_transaction_read_only", if r { "on" } else { "off" })
                    }
                    TransactionModeKind::Deferrable(r) => {
                        ("default_transaction_deferrable", if r { "on" } else { "off" })
                    }
                };
                set_one(shared, name, v, false)?;
            }
            Ok(())
        }
    }
}

/// A name of `search_path`, quoted when it would otherwise read as something else.
fn quote_path(s: &str) -> String {
    let plain = s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && s.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    if plain { s.to_string() } else { filled!("\"{}\""; s.replace('"', "\"\"")) }
}

/// A setting back to its default.
pub fn reset_one(shared: &Shared, name: &str, local: bool) -> Result<()> {
    match name.to_ascii_lowercase().as_str() {
        "role" => return set_one(shared, "role", "none", local),
        "session_authorization" => return set_one(shared, "session_authorization", &shared.login_user.1, local),
        _ => {}
    }
    shared.settings.borrow_mut().reset(name, local)?;
    shared.settings_changed();
    Ok(())
}

/// One setting, those with effects of their own included.
pub fn set_one(shared: &Shared, name: &str, value: &str, local: bool) -> Result<()> {
    match_word!(name.to_ascii_lowercase().as_str();
        "role" => {
            let (oid, role) = if value == "none" {
                shared.session_user.borrow().clone()
            } else {
                let found = shared.catalog.borrow().user_role_named(value);
                match found {
                    Some(oid) => (oid, value.to_string()),
                    None => return Err(err!(INVALID_PARAMETER_VALUE, "role \"{}\" does not exist"; value)),
                }
            };
            let session = shared.session_user.borrow().0;
            if !crate::privileges::is_member(shared, session, oid) {
                return Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to set role \"{}\""; value));
            }
            shared.remember_users(local);
            *shared.current_user.borrow_mut() = (oid, role);
            return shared.show_users(value);
        },
        "session_authorization" => {
            let (login, name) = &shared.login_user;
            let found = if value == name { Some(*login) } else { shared.catalog.borrow().user_role_named(value) };
            let Some(oid) = found else {
                return Err(err!(INVALID_PARAMETER_VALUE, "role \"{}\" does not exist"; value));
            };
            if oid != *login && !shared.catalog.borrow().user_role(*login).is_none_or(|r| r.superuser) {
                return Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to set session authorization \"{}\""; value));
            }
            shared.remember_users(local);
            *shared.session_user.borrow_mut() = (oid, value.to_string());
            *shared.current_user.borrow_mut() = (oid, value.to_string());
            return shared.show_users("none");
        },
        "transaction_isolation" => {
            let l = match value {
                "repeatable read" => IsolationLevel::RepeatableRead,
                "serializable" => IsolationLevel::Serializable,
                _ => IsolationLevel::ReadCommitted,
            };
            return modes(
                shared,
                &[TransactionMode { kind: TransactionModeKind::Isolation(l), span: tusklet_error::Span::NONE }],
            );
        },
        "transaction_read_only" => {
            let r = crate::settings::parse_bool(value).unwrap_or(false);
            return modes(
                shared,
                &[TransactionMode { kind: TransactionModeKind::ReadOnly(r), span: tusklet_error::Span::NONE }],
            );
        },
        "seed" => {
            let v = tusklet_adt::float::number(value).ok_or_else(|| {
                err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"seed\": \"{}\""; value)
            })?;
            tusklet_exec::Host::set_seed(shared, v);
            return Ok(());
        },
        "default_text_search_config" => {
            let value = crate::system::qualified_ts_config(shared, value)?;
            return shared.settings.borrow_mut().set(name, &value, local, Source::Session);
        },
        "application_name" => {
            // It is a name (`GUC_IS_NAME`).
            if let Some(short) = (0..=63).rev().find_map(|n| value.get(..n)).filter(|s| s.len() < value.len()) {
                let text = filled!("identifier \"{}\" will be truncated to \"{}\""; value, short);
                shared.say(Severity::Notice, SqlState::NAME_TOO_LONG, text);
            }
        };
        _ => {},
    );
    shared.settings.borrow_mut().set(name, value, local, Source::Session)?;
    shared.settings_changed();
    Ok(())
}

/// `SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE`.
fn interval_zone(shared: &Shared, a: &SetValue, local: bool) -> Result<()> {
    let SetValue::Interval(cast) = a else { return Ok(()) };
    let expr = crate::query::analyze_parameter(shared, cast, oids::INTERVAL)?;
    let Value::Fixed16(b) = eval_expr(shared, &expr)? else {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"TimeZone\""));
    };
    let i = tusklet_adt::interval::Interval::decode(&b);
    if i.months != 0 {
        return Err(err!(INVALID_PARAMETER_VALUE, "Cannot specify months in time zone interval."));
    }
    let mut hours = String::new();
    tusklet_adt::float::write_float8(i.micros as f64 / 3.6e9, &mut hours);
    set_one(shared, "timezone", &hours, local)
}

fn set_constraints(shared: &Shared, c: &tusklet_syntax::ast::ConstraintsSetStmt) -> Result<()> {
    if !shared.in_block() {
        let text = "SET CONSTRAINTS can only be used in transaction blocks";
        shared.warn(SqlState::NO_ACTIVE_SQL_TRANSACTION, text);
    }
    let mut modes = shared.constraint_modes.borrow_mut();
    if c.constraints.is_empty() {
        *modes = (Some(c.deferred), Default::default());
    }
    let catalog = shared.catalog();
    for name in &c.constraints {
        let mut found = false;
        for r in catalog.user_relations() {
            for k in r.constraints.iter().filter(|k| k.name == name.relname) {
                found = true;
                if !k.deferrable {
                    return Err(err!(WRONG_OBJECT_TYPE, "constraint \"{}\" is not deferrable"; name.relname));
                }
                modes.1.insert(k.oid, c.deferred);
            }
        }
        if !found {
            return Err(err!(UNDEFINED_OBJECT, "constraint \"{}\" does not exist"; name.relname));
        }
    }
    drop(modes);
    if !c.deferred {
        crate::constraints::run_deferred(shared)?;
    }
    Ok(())
}
