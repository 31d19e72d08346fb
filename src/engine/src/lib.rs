//! Databases, sessions, statements, commands, the wire protocol as bytes in and bytes out. See the crate's README.

pub mod database;
pub mod session;
pub mod settings;
