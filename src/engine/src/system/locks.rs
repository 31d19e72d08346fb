//! Advisory locks: table locks of the storage on numbers of their own.
//!
//! Those of a transaction end with it. Those of a session are held by a transaction that the session keeps for nothing
//! else; they are counted, as each lock wants its own unlock.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::system::values;
use tusklet_error::{Result, SqlState, filled};
use tusklet_storage::{LockMode, LockTag, TableLock, TxNo};
use tusklet_vector::{Datum, Value};

use super::Env;

/// Advisory keys lie above every OID; one of two ints is told from one of a bigint.
fn tag(args: &[Datum<'_>]) -> LockTag {
    let (space, key) = match args {
        [a] => (1u64, a.int() as u64),
        [a, b] => (2, (a.int() as u64) << 32 | b.int() as u32 as u64),
        _ => (3, 0),
    };
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ space.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    LockTag(mixed | 1 << 63)
}

fn mode(shared: bool) -> LockMode {
    if shared { LockMode::Share } else { LockMode::Exclusive }
}

/// Takes the lock for the transaction; `false` when someone else has it and `wait` is not set.
fn for_transaction(env: &mut Env<'_, '_>, args: &[Datum<'_>], shared: bool, wait: bool) -> Result<bool> {
    let tag = tag(args);
    // What the session holds is no obstacle to its transaction.
    let own = session_holders(env, tag);
    match env.shared.db.store.lock_table_beside(&env.cx.tx, tag, mode(shared), &own) {
        TableLock::Granted => Ok(true),
        TableLock::Wait(w) if wait => Err(env.cx.must_wait(w)),
        TableLock::Wait(_) => Ok(false),
    }
}

/// The storage transactions that hold session locks of this key.
fn session_holders(env: &Env<'_, '_>, tag: LockTag) -> Vec<TxNo> {
    let held = env.shared.advisory.borrow();
    held.locks.iter().filter(|((t, _), _)| *t == tag).map(|(_, (_, tx))| tx.no()).collect()
}

fn for_session(env: &mut Env<'_, '_>, args: &[Datum<'_>], shared: bool, wait: bool) -> Result<bool> {
    let key = (tag(args), shared);
    // The session's other locks, and its transaction's, are no obstacle, though storage takes them for someone else's.
    let mut own = session_holders(env, key.0);
    own.push(env.cx.tx.no());
    let mut held = env.shared.advisory.borrow_mut();
    if let Some(h) = held.locks.get_mut(&key) {
        h.0 += 1;
        return Ok(true);
    }
    // One storage transaction per lock, so that each can be given back alone.
    let tx = env.shared.db.store.begin();
    match env.shared.db.store.lock_table_beside(&tx, key.0, mode(shared), &own) {
        TableLock::Granted => {}
        TableLock::Wait(w) => {
            env.shared.db.store.abort(&tx);
            return if wait { Err(env.cx.must_wait(w)) } else { Ok(false) };
        }
    }
    held.locks.insert(key, (1, tx));
    Ok(true)
}

fn release(env: &mut Env<'_, '_>, args: &[Datum<'_>], shared: bool) -> Result<Value> {
    let key = (tag(args), shared);
    let mut held = env.shared.advisory.borrow_mut();
    let Some(h) = held.locks.get_mut(&key) else {
        drop(held);
        let name = if shared { "ShareLock" } else { "ExclusiveLock" };
        env.shared.warn(SqlState::WARNING, filled!("you don't own a lock of type {}"; name));
        return Ok(Value::Bool(false));
    };
    h.0 -= 1;
    if h.0 == 0 {
        if let Some((_, tx)) = held.locks.remove(&key) {
            env.shared.db.store.abort(&tx);
        }
    }
    Ok(Value::Bool(true))
}

const VOID: &[u8] = &[];

macro_rules! doors {
    ($($name:ident $how:ident $shared:literal $wait:literal;)*) => {$(
        pub(super) fn $name(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
            let got = $how(env, args, $shared, $wait)?;
            Ok(if $wait { Value::bytes(VOID) } else { Value::Bool(got) })
        }
    )*};
}

doors! {
    lock for_session false true;
    lock_shared for_session true true;
    try_lock for_session false false;
    try_lock_shared for_session true false;
    xact_lock for_transaction false true;
    xact_lock_shared for_transaction true true;
    try_xact_lock for_transaction false false;
    try_xact_lock_shared for_transaction true false;
}

pub(super) fn unlock(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    release(env, args, false)
}

pub(super) fn unlock_shared(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    release(env, args, true)
}

pub(super) fn unlock_all(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let mut held = env.shared.advisory.borrow_mut();
    for (_, (_, tx)) in std::mem::take(&mut held.locks) {
        env.shared.db.store.abort(&tx);
    }
    Ok(Value::bytes(VOID))
}

/// The sessions whose transactions the session `pid` waits for.
fn blockers(env: &Env<'_, '_>, pid: i64) -> Vec<i64> {
    let all = super::activity::sessions(env.shared);
    let number = |s: &crate::session::Shared| s.transaction.try_borrow().ok()?.as_ref().map(|t| t.tx.no());
    let Some(waiter) = all.iter().find(|s| s.id as i64 == pid).and_then(|s| number(s)) else { return vec![] };
    let Some(holder) = env.shared.db.store.waits_for(waiter) else { return vec![] };
    let of = |s: &crate::session::Shared| {
        number(s) == Some(holder)
            || s.advisory.try_borrow().is_ok_and(|a| a.locks.values().any(|(_, tx)| tx.no() == holder))
    };
    all.iter().filter(|s| of(s)).map(|s| s.id as i64).collect()
}

pub(super) fn blocking_pids(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    values::array(oids::INT4, blockers(env, args[0].int()))
}

/// Whether one of the given sessions blocks another: what PostgreSQL's isolation tests ask.
pub(super) fn session_is_blocked(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let by = blockers(env, args[0].int());
    let given = tusklet_adt::array::Array::decode(args[1].bytes())?;
    let mut pids = given.iter().flatten().map(|b| Datum::load(tusklet_vector::Phys::I32, b).int());
    Ok(Value::Bool(pids.any(|p| by.contains(&p))))
}
