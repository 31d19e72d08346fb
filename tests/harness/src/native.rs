//! The engine in this process.
use crate::target::{Link, Target};
use std::io;
/// Makes a new engine for every file.
#[derive(Default)]
pub struct Native;
impl Target for Native {
    fn fresh(&mut self) -> io::Result<String> { Err(io::Error::other("no engine")) }
    fn drop(&mut self, _database: &str) {}
    fn connect(&mut self, _database: &str) -> io::Result<Box<dyn Link>> { Err(io::Error::other("no engine")) }
}
