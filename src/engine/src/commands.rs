//! stand-in until the ddl branch lands
use crate::session::Shared;
use std::rc::Rc;
use tusklet_catalog::live::Relation;
use tusklet_error::{Error, Result};
use tusklet_storage::Wait;
use tusklet_syntax::ast::{RangeVar, Stmt};
/// x
pub enum Outcome { /// x
 Done(String), /// x
 Wait(Wait) }
/// x
pub fn execute(_: &Shared, _: &Stmt, _: &str) -> Result<Outcome> { Err(Error::unsupported("this command")) }
/// x
pub fn on_commit(_: &Shared) -> Result<()> { Ok(()) }
/// x
pub fn relation_for(_: &Shared, _: &RangeVar) -> Result<Rc<Relation>> { Err(Error::unsupported("this command")) }
impl Shared { pub(crate) fn drop_temp_schema(&self) {} }
