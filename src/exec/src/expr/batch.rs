//! The batch evaluator: columns under a selection.

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_vector::kernel::ScalarFn;
use tusklet_vector::{Batch, Bitmap, Call, Column, Datum, Kernel, Out, Phys, Sel, TypeRef, Vector};

use super::eval_row::{bool_test, distinct, truth};
use super::{CCall, CExpr, Kind};
use crate::cx::ExecCx;
use crate::func::{FuncImpl, relabel};
use crate::row::Row;
use crate::run::CaseValue;

/// Bytes that one evaluated column of a batch may have before the rest of the batch is put off, where that can be done.
const WIDE: usize = 32 << 20;

/// What stands for [`ExecCx::too_wide`] on its way up.
#[cold]
fn put_off() -> Error {
    Error::internal("rows put off")
}

/// Whether a column has become too wide for another row.
#[inline]
fn is_wide(out: &Vector) -> bool {
    matches!(&out.data, Column::Bytes(b) if b.held() > WIDE)
}

/// One past the last selected row.
fn extent(sel: &Sel) -> usize {
    match sel {
        Sel::All(n) => *n,
        Sel::Rows(r) => r.last().map_or(0, |i| *i as usize + 1),
    }
}

/// The selected rows before row `row`.
pub(crate) fn before(sel: &Sel, row: usize) -> Sel {
    match sel {
        Sel::All(n) => Sel::All(row.min(*n)),
        Sel::Rows(r) => Sel::Rows(Rc::new(r[..r.partition_point(|i| (*i as usize) < row)].to_vec())),
    }
}

/// Evaluates a list over a batch. When something fails, gives the columns for the rows before the first failing one, and
/// the error PostgreSQL would have met first.
pub(crate) fn eval_list(cx: &mut ExecCx<'_>, exprs: &[CExpr], batch: &Batch) -> (Vec<Rc<Vector>>, Sel, Option<Error>) {
    let list: Vec<Option<&CExpr>> = exprs.iter().map(Some).collect();
    eval_some(cx, &list, batch)
}

/// As [`eval_list`]; for `None` gives a column nobody may look at.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn eval_some(
    cx: &mut ExecCx<'_>,
    exprs: &[Option<&CExpr>],
    batch: &Batch,
) -> (Vec<Rc<Vector>>, Sel, Option<Error>) {
    if exprs.iter().flatten().any(|e| e.volatile) {
        return eval_volatile(cx, exprs, batch);
    }
    let mut sel = batch.sel.clone();
    let mut failed = None;
    let mut wide = false;
    'again: loop {
        let mut out = Vec::with_capacity(exprs.len());
        for e in exprs {
            let Some(e) = e else {
                out.push(crate::op::null_column(Phys::Bool));
                continue;
            };
            if sel.is_empty() {
                out.push(Rc::new(Vector::empty(e.phys)));
                continue;
            }
            match e.eval(cx, batch, &sel) {
                Ok(v) => out.push(v),
                Err(error) => {
                    let shorter = before(&sel, cx.fail_row);
                    failed = Some(error);
                    wide = std::mem::take(&mut cx.too_wide);
                    // A row that is not selected cannot have failed; were one reported, nothing may be delivered.
                    sel = if shorter.len() < sel.len() { shorter } else { Sel::All(0) };
                    continue 'again;
                }
            }
        }
        cx.too_wide = wide;
        return (out, sel, failed);
    }
}

/// Row by row, in column order. Subqueries that set parameters for other columns go first.
fn eval_volatile(
    cx: &mut ExecCx<'_>,
    exprs: &[Option<&CExpr>],
    batch: &Batch,
) -> (Vec<Rc<Vector>>, Sel, Option<Error>) {
    let n = extent(&batch.sel);
    let is_multi = |e: &CExpr| matches!(&e.kind, Kind::SubPlan(s) if s.is_multi());
    let mut out: Vec<Option<Vector>> = Vec::with_capacity(exprs.len());
    for e in exprs {
        out.push(match e {
            Some(e) if !e.is_trivial() => Some(Vector::zeroed(e.phys, n)),
            _ => None,
        });
    }
    let mut done = batch.len();
    let mut failed = None;
    'rows: for (k, i) in batch.sel.iter().enumerate() {
        for multi in [true, false] {
            for (e, v) in exprs.iter().zip(&mut out) {
                let (Some(e), Some(v)) = (e, v) else { continue };
                if is_multi(e) != multi {
                    continue;
                }
                match e.eval_row(cx, Row::Batch(batch, i)) {
                    Ok(x) => v.set(i, x.d()),
                    Err(error) => {
                        failed = Some(error);
                        done = k;
                        break 'rows;
                    }
                }
            }
        }
    }
    let sel = batch.sel.take(done);
    let mut columns = Vec::with_capacity(exprs.len());
    for (e, v) in exprs.iter().zip(out) {
        columns.push(match (e, v) {
            (_, Some(v)) => Rc::new(v),
            (Some(e), None) => match e.eval(cx, batch, &sel) {
                Ok(v) => v,
                Err(error) => {
                    failed.get_or_insert(error);
                    Rc::new(Vector::constant(e.phys, Datum::Null))
                }
            },
            (None, None) => crate::op::null_column(Phys::Bool),
        });
    }
    (columns, sel, failed)
}

/// The rows for which a condition holds, up to the first failing one, and its error.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn eval_filter(cx: &mut ExecCx<'_>, filter: &CExpr, batch: &Batch) -> (Sel, Option<Error>) {
    if filter.volatile {
        let mut rows = Vec::with_capacity(batch.len());
        for i in batch.sel.iter() {
            match filter.holds(cx, Row::Batch(batch, i)) {
                Ok(true) => rows.push(i as u16),
                Ok(false) => {}
                Err(e) => return (Sel::Rows(Rc::new(rows)), Some(e)),
            }
        }
        return (Sel::Rows(Rc::new(rows)), None);
    }
    let mut sel = batch.sel.clone();
    let mut failed = None;
    let mut wide = false;
    loop {
        if sel.is_empty() {
            cx.too_wide = wide;
            return (sel, failed);
        }
        match filter.select(cx, batch, &sel) {
            Ok(s) => {
                cx.too_wide = wide;
                return (s, failed);
            }
            Err(e) => {
                let shorter = before(&sel, cx.fail_row);
                failed = Some(e);
                wide = std::mem::take(&mut cx.too_wide);
                sel = if shorter.len() < sel.len() { shorter } else { Sel::All(0) };
            }
        }
    }
}

/// Copies the selected rows; both have the same physical type.
#[cfg_attr(tuned, optimize(speed))]
fn copy_rows(out: &mut Vector, from: &Vector, sel: &Sel) {
    macro_rules! plain {
        ($a:ident, $b:ident) => {
            sel.each(|i| $a[i] = $b[from.at(i)])
        };
    }
    if !from.validity.is_all_set() || !out.validity.is_all_set() {
        sel.each(|i| out.validity.set(i, !from.is_null(i)));
    }
    match (&mut out.data, &from.data) {
        (Column::Bool(a), Column::Bool(b)) => plain!(a, b),
        (Column::I16(a), Column::I16(b)) => plain!(a, b),
        (Column::I32(a), Column::I32(b)) => plain!(a, b),
        (Column::I64(a), Column::I64(b)) => plain!(a, b),
        (Column::F32(a), Column::F32(b)) => plain!(a, b),
        (Column::F64(a), Column::F64(b)) => plain!(a, b),
        (Column::Fixed16(a), Column::Fixed16(b)) => plain!(a, b),
        (Column::Bytes(a), Column::Bytes(b)) => {
            let mut map = Vec::new();
            sel.each(|i| a.set_from(i, b, from.at(i), &mut map));
        }
        _ => sel.each(|i| out.set(i, from.get(i))),
    }
}

impl CExpr {
    /// The selected rows for which it holds.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn select(&self, cx: &mut ExecCx<'_>, batch: &Batch, sel: &Sel) -> Result<Sel> {
        if let Kind::And(args) = &self.kind {
            let mut live = sel.clone();
            for a in args {
                if live.is_empty() {
                    break;
                }
                live = a.select(cx, batch, &live)?;
            }
            return Ok(live);
        }
        let v = self.eval(cx, batch, sel)?;
        if v.constant {
            let keep = v.get(0).bool();
            return Ok(if keep { sel.clone() } else { Sel::All(0) });
        }
        let b = v.bools();
        Ok(if v.validity.is_all_set() {
            // Branch-free: every row is written, the cursor moves on only past the kept ones.
            let mut rows: Vec<u16> = vec![0; sel.len()];
            let mut n = 0;
            match sel {
                Sel::All(len) => {
                    for (i, keep) in b.iter().take(*len).enumerate() {
                        rows[n] = i as u16;
                        n += (*keep != 0) as usize;
                    }
                }
                Sel::Rows(r) => {
                    for i in r.iter() {
                        rows[n] = *i;
                        n += (b[*i as usize] != 0) as usize;
                    }
                }
            }
            if n == sel.len() {
                sel.clone()
            } else {
                rows.truncate(n);
                Sel::Rows(Rc::new(rows))
            }
        } else {
            sel.filter(|i| b[i] != 0 && v.validity.get(i))
        })
    }

    /// The values for the selected rows, aligned with the batch's physical rows. On an error [`ExecCx::fail_row`] is the
    /// row. The selection is not empty.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval(&self, cx: &mut ExecCx<'_>, batch: &Batch, sel: &Sel) -> Result<Rc<Vector>> {
        Ok(match &self.kind {
            Kind::Const(v, phys, made) => made.get_or_init(|| Rc::new(Vector::constant(*phys, v.as_datum()))).clone(),
            Kind::Column(i) => match batch.columns.get(*i as usize) {
                Some(c) => c.clone(),
                None => return Err(Error::internal(format!("no column {i} in a batch of {}", batch.columns.len()))),
            },
            Kind::Param(_) | Kind::Exec(_) | Kind::SqlValue(..) => {
                let row = first(sel);
                let v = cx.at_row(row, |cx| self.eval_row(cx, Row::None))?;
                Rc::new(Vector::constant(self.phys, v.d()))
            }
            Kind::CaseTest => match cx.run.case.last() {
                Some(CaseValue::Column(v)) => v.clone(),
                Some(CaseValue::One(v)) => Rc::new(Vector::constant(self.phys, v.as_datum())),
                None => Rc::new(Vector::constant(self.phys, Datum::Null)),
            },
            Kind::Call(c) => return c.eval(cx, batch, sel),
            Kind::And(args) => return connective(cx, args, batch, sel, false),
            Kind::Or(args) => return connective(cx, args, batch, sel, true),
            Kind::Not(a) => {
                let v = a.eval(cx, batch, sel)?;
                let mut out = Vector::zeroed(Phys::Bool, v.len());
                out.validity = v.validity.clone();
                out.constant = v.constant;
                for (o, b) in out.bools_mut().iter_mut().zip(v.bools()) {
                    *o = (*b == 0) as u8;
                }
                Rc::new(out)
            }
            Kind::Case { arg, whens, default } => return self.case(cx, arg.as_deref(), whens, default, batch, sel),
            Kind::Coalesce(args) => {
                let mut out: Option<Vector> = None;
                let mut live = sel.clone();
                for a in args {
                    if live.is_empty() {
                        break;
                    }
                    let v = a.eval(cx, batch, &live)?;
                    if out.is_none() && (v.validity.is_all_set() || v.constant && !v.is_null(0)) {
                        return Ok(v);
                    }
                    let out = out.get_or_insert_with(|| Vector::zeroed(self.phys, extent(sel)));
                    copy_rows(out, &v, &live);
                    live = live.filter(|i| v.is_null(i));
                }
                Rc::new(out.unwrap_or_else(|| Vector::constant(self.phys, Datum::Null)))
            }
            Kind::NullTest { arg, negated } => {
                let v = arg.eval(cx, batch, sel)?;
                if v.constant || v.validity.is_all_set() {
                    return Ok(Rc::new(Vector::constant(Phys::Bool, Datum::Bool(v.is_null(0) != *negated))));
                }
                let mut out = Vector::zeroed(Phys::Bool, extent(sel));
                let b = out.bools_mut();
                sel.each(|i| b[i] = (v.validity.get(i) == *negated) as u8);
                Rc::new(out)
            }
            Kind::BoolTest { arg, kind } => {
                let v = arg.eval(cx, batch, sel)?;
                let mut out = Vector::zeroed(Phys::Bool, extent(sel));
                let b = out.bools_mut();
                sel.each(|i| b[i] = bool_test(*kind, truth(v.get(i))) as u8);
                Rc::new(out)
            }
            Kind::Relabel(a) => {
                let v = a.eval(cx, batch, sel)?;
                if v.phys() == self.phys {
                    return Ok(v);
                }
                if v.constant {
                    return Ok(Rc::new(Vector::constant(self.phys, relabel(v.get(0), self.phys))));
                }
                let mut out = Vector::zeroed(self.phys, extent(sel));
                sel.each(|i| out.set(i, relabel(v.get(i), self.phys)));
                Rc::new(out)
            }
            Kind::NullIf(c) if c.args.len() == 2 => {
                let v = c.args[0].eval(cx, batch, sel)?;
                let eq = c.eval(cx, batch, sel)?;
                let equal = sel.filter(|i| eq.get(i).bool());
                if equal.is_empty() {
                    return Ok(v);
                }
                let mut out = Vector::zeroed(self.phys, extent(sel));
                copy_rows(&mut out, &v, sel);
                equal.each(|i| out.validity.set(i, false));
                Rc::new(out)
            }
            Kind::Distinct(c) if c.args.len() == 2 => {
                let a = c.args[0].eval(cx, batch, sel)?;
                let b = c.args[1].eval(cx, batch, sel)?;
                let mut out = Vector::zeroed(Phys::Bool, extent(sel));
                let mut failed = Ok(());
                for i in sel.iter() {
                    match distinct(cx, c, &[a.get(i), b.get(i)]) {
                        Ok(d) => out.bools_mut()[i] = d as u8,
                        Err(e) => {
                            cx.fail_row = i;
                            failed = Err(e);
                            break;
                        }
                    }
                }
                failed?;
                Rc::new(out)
            }
            Kind::ScalarArray(s) if s.is_small_constant() => return s.eval_elements(cx, batch, sel),
            Kind::SubPlan(s) if s.is_constant() => {
                let v = cx.at_row(first(sel), |cx| self.eval_row(cx, Row::None))?;
                Rc::new(Vector::constant(self.phys, v.d()))
            }
            Kind::ViaIo { arg, from, to } if cx.below_domain(to.oid)?.is_none() => {
                let v = arg.eval(cx, batch, sel)?;
                if !v.constant {
                    return self.via_io(cx, &v, *from, *to, sel);
                }
                let v = cx.at_row(first(sel), |cx| self.eval_row(cx, Row::Batch(batch, first(sel))))?;
                Rc::new(Vector::constant(self.phys, v.d()))
            }
            _ => return self.eval_each(cx, batch, sel),
        })
    }

    /// Row by row, for forms without a loop of their own.
    #[cfg_attr(tuned, optimize(speed))]
    fn eval_each(&self, cx: &mut ExecCx<'_>, batch: &Batch, sel: &Sel) -> Result<Rc<Vector>> {
        let mut out = Vector::zeroed(self.phys, extent(sel));
        for i in sel.iter() {
            let v = cx.at_row(i, |cx| self.eval_row(cx, Row::Batch(batch, i)))?;
            out.set(i, v.d());
        }
        Ok(Rc::new(out))
    }

    /// A cast by way of text, the two functions looked up once.
    #[cfg_attr(tuned, optimize(speed))]
    fn via_io(&self, cx: &mut ExecCx<'_>, v: &Vector, from: u32, to: TypeRef, sel: &Sel) -> Result<Rc<Vector>> {
        let caches = cx.caches;
        let (give, take) = (caches.type_io(cx, from)?, caches.type_io(cx, to.oid)?);
        let mut site = take.input_site.clone();
        site.result = to;
        let (mut kept, mut kept_too) = (None, None);
        let mut out = Vector::zeroed(self.phys, extent(sel));
        let mut text = Vector::zeroed(Phys::Bytes, 1);
        let as_is = from == crate::types::TEXT;
        for i in sel.iter() {
            let d = v.get(i);
            if d.is_null() {
                out.validity.set(i, false);
                continue;
            }
            let r = (|| {
                let d = if as_is {
                    d
                } else {
                    if matches!(&text.data, Column::Bytes(b) if b.held() > 1 << 16) {
                        text = Vector::zeroed(Phys::Bytes, 1);
                    }
                    give.output.call_into(cx, &give.output_site, &mut kept, &[d], &mut text, 0)?;
                    text.get(0)
                };
                if to.oid == crate::types::TEXT && to.typmod < 0 {
                    out.set(i, d);
                    return Ok(());
                }
                let args = [d, Datum::I64(take.io_param as i64), Datum::I32(to.typmod)];
                take.input.call_into(cx, &site, &mut kept_too, &args, &mut out, i)
            })();
            if let Err(e) = r {
                cx.fail_row = i;
                return Err(e);
            }
        }
        Ok(Rc::new(out))
    }

    fn case(
        &self,
        cx: &mut ExecCx<'_>,
        arg: Option<&CExpr>,
        whens: &[(CExpr, CExpr)],
        default: &CExpr,
        batch: &Batch,
        sel: &Sel,
    ) -> Result<Rc<Vector>> {
        let arg = match arg {
            Some(a) => Some(a.eval(cx, batch, sel)?),
            None => None,
        };
        let mut out: Option<Vector> = None;
        let mut live = sel.clone();
        for (cond, result) in whens {
            if live.is_empty() {
                break;
            }
            if let Some(v) = &arg {
                cx.run.case.push(CaseValue::Column(v.clone()));
            }
            let hit = cond.select(cx, batch, &live);
            if arg.is_some() {
                cx.run.case.pop();
            }
            let hit = hit?;
            if hit.is_empty() {
                continue;
            }
            let v = result.eval(cx, batch, &hit)?;
            if out.is_none() && hit.len() == sel.len() {
                return Ok(v);
            }
            copy_rows(out.get_or_insert_with(|| Vector::zeroed(self.phys, extent(sel))), &v, &hit);
            live = minus(&live, &hit);
        }
        if !live.is_empty() {
            let v = default.eval(cx, batch, &live)?;
            if out.is_none() {
                return Ok(v);
            }
            if let Some(out) = &mut out {
                copy_rows(out, &v, &live);
            }
        }
        Ok(Rc::new(out.unwrap_or_else(|| Vector::constant(self.phys, Datum::Null))))
    }
}

fn first(sel: &Sel) -> usize {
    if sel.is_empty() { 0 } else { sel.row(0) }
}

/// The rows of `a` that are not in `b`, a subset.
#[cfg_attr(tuned, optimize(speed))]
pub(super) fn minus(a: &Sel, b: &Sel) -> Sel {
    if b.is_empty() {
        return a.clone();
    }
    let mut other = b.iter().peekable();
    a.filter(|i| {
        if other.peek() == Some(&i) {
            other.next();
            false
        } else {
            true
        }
    })
}

/// AND (`stop` false) or OR (`stop` true): a row leaves the selection as soon as its answer is known.
#[cfg_attr(tuned, optimize(speed))]
fn connective(cx: &mut ExecCx<'_>, args: &[CExpr], batch: &Batch, sel: &Sel, stop: bool) -> Result<Rc<Vector>> {
    let mut out = Vector::zeroed(Phys::Bool, extent(sel));
    if !stop {
        out.bools_mut().fill(1);
    }
    let mut live = sel.clone();
    for a in args {
        if live.is_empty() {
            break;
        }
        let v = a.eval(cx, batch, &live)?;
        let mut rows: Vec<u16> = Vec::with_capacity(live.len());
        if !v.constant && v.validity.is_all_set() && out.validity.is_all_set() {
            // No NULL so far: every row is written, the cursor moves on only past those still open.
            rows.resize(live.len(), 0);
            let (b, o) = (v.bools(), out.bools_mut());
            let mut n = 0;
            for i in live.iter() {
                let done = (b[i] != 0) == stop;
                o[i] = (b[i] != 0) as u8;
                rows[n] = i as u16;
                n += !done as usize;
            }
            rows.truncate(n);
        } else {
            for i in live.iter() {
                match truth(v.get(i)) {
                    Some(b) if b == stop => {
                        out.bools_mut()[i] = stop as u8;
                        out.validity.set(i, true);
                    }
                    Some(_) => rows.push(i as u16),
                    None => {
                        out.validity.set(i, false);
                        rows.push(i as u16);
                    }
                }
            }
        }
        if rows.len() < live.len() {
            live = Sel::Rows(Rc::new(rows));
        }
    }
    Ok(Rc::new(out))
}

impl CCall {
    /// The call's values for the selected rows.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval(&self, cx: &mut ExecCx<'_>, batch: &Batch, sel: &Sel) -> Result<Rc<Vector>> {
        let mut args: Vec<Rc<Vector>> = Vec::with_capacity(self.args.len());
        for a in &self.args {
            args.push(a.eval(cx, batch, sel)?);
        }
        if !self.func.volatile && args.iter().all(|a| a.constant) {
            let datums: Vec<Datum<'_>> = args.iter().map(|a| a.get(0)).collect();
            let v = cx.at_row(first(sel), |cx| self.call(cx, &datums))?;
            return Ok(Rc::new(Vector::constant(self.phys, v.as_datum())));
        }
        self.eval_over(cx, &args, sel)
    }

    /// The call's values over argument columns.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval_over(&self, cx: &mut ExecCx<'_>, args: &[Rc<Vector>], sel: &Sel) -> Result<Rc<Vector>> {
        let strict = self.func.strict;
        if strict && args.iter().any(|a| a.constant && a.is_null(0)) {
            return Ok(Rc::new(Vector::constant(self.phys, Datum::Null)));
        }
        let mut out = Vector::zeroed(self.phys, extent(sel));
        let mut extra = self.extra.take();
        let result = match &self.func.imp {
            FuncImpl::Kernel(Kernel::Batch(f, _)) => {
                let mut valid = Bitmap::all_set();
                for a in args {
                    if !a.constant && !a.validity.is_all_set() {
                        valid = valid.and(&a.validity);
                    }
                }
                out.validity = valid;
                let refs: Vec<&Vector> = args.iter().map(|a| &**a).collect();
                let mut call = Call { cx, site: &self.site, extra: &mut extra, row: first(sel) };
                let r = f(&mut call, &refs, sel, &mut out);
                let row = call.row;
                if r.is_err() {
                    cx.fail_row = row;
                }
                r
            }
            FuncImpl::Kernel(Kernel::Scalar(f)) => {
                // The row after which the others are put off.
                let last = if cx.splits && self.phys == Phys::Bytes { extent(sel) - 1 } else { 0 };
                let call = Call { cx, site: &self.site, extra: &mut extra, row: 0 };
                let mut rows = ByRow { f: *f, call, out: &mut out, strict, last, full: false };
                let r = rows.over(args, sel);
                let (row, full) = (rows.call.row, rows.full);
                if r.is_err() {
                    cx.fail_row = row;
                    cx.too_wide = full;
                }
                r
            }
            _ => {
                let mut r = Ok(());
                let mut datums: Vec<Datum<'_>> = Vec::with_capacity(args.len());
                for i in sel.iter() {
                    datums.clear();
                    datums.extend(args.iter().map(|a| a.get(i)));
                    match self.func.call_at(cx, &self.site, &mut extra, self.phys, &datums) {
                        Ok(v) => out.set(i, v.as_datum()),
                        Err(e) => {
                            cx.fail_row = i;
                            r = Err(e);
                            break;
                        }
                    }
                }
                r
            }
        };
        self.extra.set(extra);
        result?;
        Ok(Rc::new(out))
    }
}

/// A scalar kernel over columns.
struct ByRow<'a, 'c> {
    f: ScalarFn,
    call: Call<'c>,
    out: &'a mut Vector,
    strict: bool,
    /// The row before which a result that has become wide puts off the others; `full` says that it did.
    last: usize,
    full: bool,
}

impl ByRow<'_, '_> {
    #[cfg_attr(tuned, optimize(speed))]
    fn over(&mut self, args: &[Rc<Vector>], sel: &Sel) -> Result<()> {
        match args {
            [a] => {
                for i in sel.iter() {
                    self.row(i, &[a.get(i)])?;
                }
            }
            [a, b] => {
                for i in sel.iter() {
                    self.row(i, &[a.get(i), b.get(i)])?;
                }
            }
            many => {
                let mut datums: Vec<Datum<'_>> = Vec::with_capacity(many.len());
                for i in sel.iter() {
                    datums.clear();
                    datums.extend(many.iter().map(|a| a.get(i)));
                    self.row(i, &datums)?;
                }
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn row(&mut self, i: usize, datums: &[Datum<'_>]) -> Result<()> {
        if self.strict && datums.iter().any(|d| d.is_null()) {
            self.out.validity.set(i, false);
            return Ok(());
        }
        self.call.row = i;
        let mut o = Out::new(self.out, i);
        (self.f)(&mut self.call, datums, &mut o)?;
        o.finish();
        if i < self.last && is_wide(self.out) {
            self.full = true;
            self.call.row = i + 1;
            return Err(put_off());
        }
        Ok(())
    }
}
