//! DISCARD (`discard.c`).

use tusklet_error::{Result, SortShort};
use tusklet_syntax::ast::DiscardMode;

use super::dependency;
use super::object_address::Objects;
use crate::session::Shared;

/// DISCARD.
pub fn discard(shared: &Shared, mode: DiscardMode) -> Result<()> {
    match mode {
        DiscardMode::All => {
            shared.prevent_in_block("DISCARD ALL")?;
            shared.cursors.borrow_mut().clear();
            shared.forget_prepared();
            shared.listening.borrow_mut().clear();
            let login = shared.login_user.1.clone();
            crate::utility::set_one(shared, "session_authorization", &login, false)?;
            shared.settings.borrow_mut().reset_all();
            shared.settings_changed();
            plans(shared);
            temp(shared)?;
            sequences(shared);
        }
        DiscardMode::Plans => plans(shared),
        DiscardMode::Sequences => sequences(shared),
        DiscardMode::Temp => temp(shared)?,
    }
    Ok(())
}

fn plans(shared: &Shared) {
    shared.internal_plans.borrow_mut().clear();
    shared.routines.borrow_mut().clear();
}

fn sequences(shared: &Shared) {
    *shared.sequences.borrow_mut() = Default::default();
}

fn temp(shared: &Shared) -> Result<()> {
    let schema = shared.temp_schema.get();
    if schema == 0 {
        return Ok(());
    }
    // Everything in the schema goes, the schema stays.
    let c = shared.catalog();
    let mut inside: Vec<_> = c.dependents(Objects::schema(schema)).iter().map(|d| d.dependent).collect();
    inside.order();
    inside.dedup();
    dependency::delete_quietly(shared, &inside)
}
