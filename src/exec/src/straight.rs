//! The straight path: a point lookup by a unique key, without operators or batches.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{BoundOp, PlannedStmt};
use tusklet_storage::{RelId, Tid};
use tusklet_vector::{Batch, Phys, Value, Vector};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::CExpr;
use crate::op::index_scan::{Fit, KeyColumn, fit, key_columns};
use crate::row::Row;

/// A compiled straight path. The engine asks [`Straight::run`] for the row; the statement's ordinary program is there
/// for everything else.
pub struct Straight {
    storage: RelId,
    index: RelId,
    key: Vec<(CExpr, KeyColumn)>,
    slots: Vec<usize>,
    filter: Option<CExpr>,
    project: Option<Vec<CExpr>>,
    /// Physical types of the result.
    phys: Rc<[Phys]>,
    /// The key being built: its memory is used again.
    scratch: RefCell<Vec<u8>>,
}

impl Straight {
    /// Compiles one; `None` for a shape the ordinary program serves as well.
    pub(crate) fn compile(
        c: &mut Compiler<'_, '_>,
        s: &tusklet_ir::Straight,
        stmt: &PlannedStmt,
    ) -> Result<Option<Straight>> {
        let select = stmt.command == tusklet_ir::CommandType::Select;
        if s.index == 0 || !select || s.columns.iter().any(|a| *a < 1) || s.key.iter().any(|b| b.op != BoundOp::Eq) {
            return Ok(None);
        }
        let columns = key_columns(c.cx, s.index)?;
        if columns.len() != s.key.len() {
            return Ok(None);
        }
        let mut key = Vec::with_capacity(columns.len());
        for (b, k) in s.key.iter().zip(columns) {
            key.push((c.expr(&b.value)?, k));
        }
        let filter = s.filter.as_ref().map(|e| c.expr(e)).transpose()?;
        let project = match &s.project {
            Some(list) => Some(c.exprs(list)?),
            None => None,
        };
        Ok(Some(Straight {
            storage: RelId(s.storage),
            index: RelId(s.index_storage),
            key,
            slots: s.columns.iter().map(|a| *a as usize - 1).collect(),
            filter,
            project,
            phys: c.phys_of(&stmt.plan.columns),
            scratch: RefCell::default(),
        }))
    }

    /// The row for these parameters, if there is one.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn run(&self, cx: &mut ExecCx<'_>, params: &Rc<[Value]>) -> Result<Option<Batch>> {
        let outer = std::mem::replace(&mut cx.run.params, params.clone());
        let result = self.find(cx);
        cx.run.params = outer;
        result
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn find(&self, cx: &mut ExecCx<'_>) -> Result<Option<Batch>> {
        let Some(tid) = self.probe(cx)? else { return Ok(None) };
        let table = cx.store.table(self.storage)?;
        let Some(stored) = table.row(tid) else { return Err(Error::internal("index names a row that is gone")) };
        let row = Row::Stored(&stored, &self.slots);
        if let Some(f) = &self.filter
            && !f.holds(cx, row)?
        {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(self.phys.len());
        match &self.project {
            None => {
                for (i, phys) in self.phys.iter().enumerate() {
                    columns.push(Rc::new(Vector::constant(*phys, row.get(i))));
                }
            }
            Some(list) => {
                for (e, phys) in list.iter().zip(&*self.phys) {
                    let v = e.eval_row(cx, row)?;
                    columns.push(Rc::new(Vector::constant(*phys, v.d())));
                }
            }
        }
        Ok(Some(Batch::new(columns, 1)))
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn probe(&self, cx: &mut ExecCx<'_>) -> Result<Option<Tid>> {
        // Taken, not borrowed: a parameter's expression could come back here.
        let mut key = self.scratch.take();
        key.clear();
        for (e, k) in &self.key {
            let v = e.eval_row(cx, Row::None)?;
            match fit(v.d(), k.phys) {
                Fit::Value(d) if !d.is_null() => k.part.write(d, &mut key),
                _ => return Ok(None),
            }
        }
        let tid = cx.store.index(self.index)?.lookup(&cx.snapshot, &key);
        self.scratch.replace(key);
        Ok(tid)
    }
}
