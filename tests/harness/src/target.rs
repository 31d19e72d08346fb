//! What goldens are run against.

use std::io;

/// Something that has databases.
pub trait Target {
    /// Makes an empty database for one file; the answer is its name.
    fn fresh(&mut self) -> io::Result<String>;
    /// Drops it.
    fn drop(&mut self, database: &str);
    /// A connection that has sent nothing yet.
    fn connect(&mut self, database: &str) -> io::Result<Box<dyn Link>>;
    /// Settings for the startup packet beyond everyone's.
    fn settings(&self) -> &[(&str, &str)] {
        &[]
    }
}

/// One connection.
pub trait Link {
    /// Sends.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Waits for something to arrive and appends it.
    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<Received>;
    /// Tells which process serves it, once that is known.
    fn served_by(&mut self, _pid: i32) {}
    /// Whether another session may make it wait: without this silence is only slowness.
    fn may_block(&mut self) {}
}

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Bytes.
    Data,
    /// Nothing: the statement waits for another session.
    Blocked,
    /// The end of the connection.
    Closed,
}
