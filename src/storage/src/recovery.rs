//! Opening.

/// A table whose segments are not loaded.
pub(crate) struct ColdTable {}

/// What opening found.
pub struct Recovery {}
