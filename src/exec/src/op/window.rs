//! Window functions.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Frame, Plan, SortKey, WindowCall};

use super::PlanNode;
use crate::compile::Compiler;

pub(crate) fn compile(
    _: &mut Compiler<'_, '_>,
    _: &Plan,
    _: &[SortKey],
    _: &[SortKey],
    _: &Frame,
    _: &[WindowCall],
) -> Result<Rc<dyn PlanNode>> {
    Err(Error::unsupported("window functions"))
}
