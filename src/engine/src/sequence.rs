//! nextval, currval, setval, lastval.

use tusklet_catalog::live::RelKind;
use tusklet_error::{Result, err};
use tusklet_ir::Oid;
use tusklet_storage::{NextValue, RelId};

use crate::session::Shared;

fn storage_of(shared: &Shared, oid: Oid) -> Result<(RelId, String)> {
    let catalog = shared.catalog.borrow();
    let Some(rel) = catalog.user_relation(oid) else {
        return Err(err!(INTERNAL_ERROR, "could not open relation with OID {oid}"));
    };
    if rel.kind != RelKind::Sequence {
        return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence"; rel.name));
    }
    Ok((RelId(rel.storage), rel.name.clone()))
}

/// The next value.
pub fn nextval(shared: &Shared, oid: Oid) -> Result<i64> {
    shared.prevent_in_read_only("nextval()")?;
    let (rel, name) = storage_of(shared, oid)?;
    let v = match shared.db.store.nextval(rel)? {
        NextValue::Value(v) => v,
        NextValue::Exhausted(limit) => {
            let ascending = shared.db.store.sequence_options(rel)?.increment > 0;
            let which = if ascending { "maximum" } else { "minimum" };
            return Err(err!(
                SEQUENCE_GENERATOR_LIMIT_EXCEEDED,
                "nextval: reached {which} value of sequence \"{name}\" ({limit})"
            ));
        }
    };
    let mut s = shared.sequences.borrow_mut();
    s.0.insert(oid, v);
    s.1 = Some(oid);
    Ok(v)
}

/// The last value this session got.
pub fn currval(shared: &Shared, oid: Oid) -> Result<i64> {
    let (_, name) = storage_of(shared, oid)?;
    shared.sequences.borrow().0.get(&oid).copied().ok_or_else(|| {
        err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "currval of sequence \"{}\" is not yet defined in this session"; name)
    })
}

/// The last value this session got from any sequence.
pub fn lastval(shared: &Shared) -> Result<i64> {
    let s = shared.sequences.borrow();
    s.1.and_then(|oid| s.0.get(&oid).copied())
        .ok_or_else(|| err!(OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session"))
}

/// Sets a sequence.
pub fn setval(shared: &Shared, oid: Oid, value: i64, called: bool) -> Result<i64> {
    shared.prevent_in_read_only("setval()")?;
    let (rel, name) = storage_of(shared, oid)?;
    let o = shared.db.store.sequence_options(rel)?;
    if value < o.min || value > o.max {
        return Err(err!(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "setval: value {value} is out of bounds for sequence \"{name}\" ({}..{})",
            o.min,
            o.max
        ));
    }
    shared.db.store.setval(rel, value, called)?;
    if called {
        shared.sequences.borrow_mut().0.insert(oid, value);
    }
    Ok(value)
}
