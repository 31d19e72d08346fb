//! stand-in until the system branch lands
use crate::session::Shared;
use tusklet_error::{Error, Result};
use tusklet_exec::ExecCx;
use tusklet_ir::Oid;
use tusklet_vector::{CallSite, Datum, RowSource, TypeRef, Value};
pub fn call(_: &Shared, _: &mut ExecCx<'_>, _: &str, _: &CallSite, _: &[Datum<'_>]) -> Option<Result<Value>> { None }
pub fn call_set(_: &Shared, _: &mut ExecCx<'_>, _: &str, _: &CallSite, _: &[Datum<'_>], _: &[TypeRef]) -> Option<Result<Box<dyn RowSource>>> { None }
pub fn catalog_rows(_: &Shared, _: &mut ExecCx<'_>, _: Oid, _: &[i16]) -> Result<Box<dyn RowSource>> { Err(Error::unsupported("system catalogs")) }
pub fn index_expression(_: &Shared, rel: &tusklet_catalog::live::Relation, _: usize) -> Result<String> { Ok(rel.name.clone()) }
