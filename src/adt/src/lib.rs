//! See the crate's README.
pub mod date;
pub mod datetime;
pub mod formatting;
pub mod interval;
pub mod time;
pub mod timestamp;
pub mod timezone;
