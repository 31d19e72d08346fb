//! The catalog: PostgreSQL's own rows as data, the live catalog over them, and the system tables that show both.

pub mod builtin;
pub mod live;
pub mod resolve;
pub mod system;
pub mod text_search;
