//! `x = ANY (array)` and relatives.

use std::cell::OnceCell;
use std::rc::Rc;

use tusklet_error::Result;
use tusklet_vector::hashing::ByteSet;
use tusklet_vector::key::KeyPart;
use tusklet_vector::{Batch, Datum, Phys, Sel, Value, Vector};

use super::eval_row::{from_truth, truth};
use super::{CCall, CExpr, Kind};
use crate::cx::ExecCx;
use crate::row::{Row, Val};

/// A long constant list as a set, when the operator is an equality that key bytes decide.
pub(crate) struct Lookup {
    keys: ByteSet,
    has_null: bool,
}

/// `left op ANY/ALL (right)`.
pub(crate) struct CScalarArray {
    /// The operator, over the element; its `args` are empty.
    pub call: CCall,
    pub any: bool,
    pub left: CExpr,
    pub right: CExpr,
    /// Gives an array's elements, as one column of this type.
    pub elements: CCall,
    pub element_phys: Phys,
    /// For equalities: how to make keys.
    pub key: Option<KeyPart>,
    /// Elements of a constant array, taken apart at first use.
    pub constant: OnceCell<Option<Rc<Vec<Value>>>>,
    pub lookup: OnceCell<Option<Lookup>>,
}

/// From so many elements on a list is hashed, as PostgreSQL's `MIN_ARRAY_SIZE_FOR_HASHED_SAOP`.
const HASHED: usize = 9;

impl CScalarArray {
    pub fn children(&self, f: &mut dyn FnMut(&CExpr)) {
        f(&self.left);
        f(&self.right);
    }

    /// A constant array, whose elements are compared one after the other over whole columns.
    pub fn is_small_constant(&self) -> bool {
        match (&self.right.kind, self.constant.get()) {
            (Kind::Const(v, ..), _) if v.is_null() => false,
            (Kind::Const(..), Some(Some(v))) => self.key.is_none() || v.len() < HASHED,
            (Kind::Const(..), None) => true,
            _ => false,
        }
    }

    /// The elements of an array value; `None` when it is NULL.
    fn elements(&self, cx: &mut ExecCx<'_>, array: Datum<'_>) -> Result<Option<Vec<Value>>> {
        if array.is_null() {
            return Ok(None);
        }
        array_elements(cx, &self.elements, self.element_phys, array).map(Some)
    }

    fn constant(&self, cx: &mut ExecCx<'_>) -> Result<Option<Rc<Vec<Value>>>> {
        let Kind::Const(v, ..) = &self.right.kind else { return Ok(None) };
        if let Some(c) = self.constant.get() {
            return Ok(c.clone());
        }
        let made = self.elements(cx, v.as_datum())?.map(Rc::new);
        Ok(self.constant.get_or_init(|| made).clone())
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        let left = self.left.eval_row(cx, row)?;
        if let Some(list) = self.constant(cx)? {
            if let Some(key) = self.key.filter(|_| list.len() >= HASHED) {
                let lookup = self.lookup.get_or_init(|| {
                    let mut keys = ByteSet::default();
                    for v in list.iter().filter(|v| !v.is_null()) {
                        let mut k = Vec::new();
                        key.write(v.as_datum(), &mut k);
                        keys.insert(&k);
                    }
                    Some(Lookup { keys, has_null: list.iter().any(|v| v.is_null()) })
                });
                if let Some(l) = lookup {
                    if left.d().is_null() {
                        return Ok(Val::NULL);
                    }
                    let mut k = Vec::new();
                    key.write(left.d(), &mut k);
                    return Ok(match (l.keys.contains(&k), l.has_null) {
                        (true, _) => Val::bool(true),
                        (false, true) => Val::NULL,
                        (false, false) => Val::bool(false),
                    });
                }
            }
            return self.against(cx, left.d(), &list);
        }
        let right = self.right.eval_row(cx, row)?;
        match self.elements(cx, right.d())? {
            None => Ok(Val::NULL),
            Some(list) => self.against(cx, left.d(), &list),
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn against(&self, cx: &mut ExecCx<'_>, left: Datum<'_>, list: &[Value]) -> Result<Val<'static>> {
        let mut t = Some(!self.any);
        for v in list {
            match truth(self.call.call(cx, &[left, v.as_datum()])?.as_datum()) {
                Some(b) if b == self.any => return Ok(Val::bool(b)),
                Some(_) => {}
                None => t = None,
            }
        }
        Ok(from_truth(t))
    }

    /// Element by element over whole columns.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval_elements(&self, cx: &mut ExecCx<'_>, batch: &Batch, sel: &Sel) -> Result<Rc<Vector>> {
        let extent = sel.iter().last().map_or(0, |i| i + 1);
        let list = self.constant(cx)?.unwrap_or_default();
        if self.key.is_some() && list.len() >= HASHED {
            let mut out = Vector::zeroed(Phys::Bool, extent);
            for i in sel.iter() {
                let v = cx.at_row(i, |cx| self.eval_row(cx, Row::Batch(batch, i)))?;
                out.set(i, v.d());
            }
            return Ok(Rc::new(out));
        }
        let left = self.left.eval(cx, batch, sel)?;
        let mut out = Vector::zeroed(Phys::Bool, extent);
        if !self.any {
            out.bools_mut().fill(1);
        }
        let mut live = sel.clone();
        for v in list.iter() {
            if live.is_empty() {
                break;
            }
            let args = [left.clone(), Rc::new(Vector::constant(self.element_phys, v.as_datum()))];
            let t = self.call.eval_over(cx, &args, &live)?;
            let mut rows = Vec::with_capacity(live.len());
            for i in live.iter() {
                match truth(t.get(i)) {
                    Some(b) if b == self.any => {
                        out.bools_mut()[i] = b as u8;
                        out.validity.set(i, true);
                    }
                    Some(_) => rows.push(i as u16),
                    None => {
                        out.validity.set(i, false);
                        rows.push(i as u16);
                    }
                }
            }
            if rows.len() < live.len() {
                live = Sel::Rows(Rc::new(rows));
            }
        }
        Ok(Rc::new(out))
    }
}

/// Takes an array apart, in storage order.
pub(crate) fn array_elements(
    cx: &mut ExecCx<'_>,
    elements: &CCall,
    phys: Phys,
    array: Datum<'_>,
) -> Result<Vec<Value>> {
    let mut source = elements.func.call_set(cx, &elements.site, &[array], &[])?;
    let mut list = Vec::new();
    loop {
        let mut out = [Vector::empty(phys)];
        let n = source.next(cx, &mut out, 1024)?;
        if n == 0 {
            return Ok(list);
        }
        list.extend((0..n).map(|i| out[0].value(i)));
    }
}
