//! Functions in FROM, several in step: shorter ones are filled up with NULLs.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::is_polymorphic;
use tusklet_error::{Result, TryVec, err};
use tusklet_ir::{Expr, ExprKind, FunctionSource};
use tusklet_vector::{Batch, Call, CallContext, Datum, Kernel, Out, Phys, RowSource, TypeKind, TypeRef, Value, Vector};

use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::{CCall, CExpr, Kind, container_call, with_args};
use crate::func::{FuncImpl, OneRow};
use crate::row::Row;
use crate::run::Run;

pub(crate) struct Source {
    call: How,
    pub columns: Vec<TypeRef>,
    pub types: Vec<Phys>,
}

enum How {
    /// A set-returning function; it writes one vector a column.
    Set(CCall),
    /// The same where one column is wanted of a function whose rows have several: each row as a record.
    Records(CCall, Rc<CCall>, Rc<[Phys]>, Vec<TypeRef>),
    /// A set-returning function that gives each row as one composite value: its fields.
    SetFields(CCall, Rc<[CCall]>),
    /// An expression of one value.
    Value(CExpr),
    /// An expression of one composite value: its fields.
    Fields(CExpr, Vec<CCall>),
    /// XMLTABLE.
    XmlTable(super::xml_table::XmlTable),
}

impl Source {
    pub fn new(c: &mut Compiler<'_, '_>, f: &FunctionSource) -> Result<Source> {
        let types = c.phys_of(&f.columns).to_vec();
        let fields = |c: &Compiler<'_, '_>| -> Vec<CCall> {
            let field = |(t, p): (&TypeRef, &Phys)| {
                container_call(c.cx, "tusklet_record_field", vec![], vec![f.expr.ty], *t, *p)
            };
            f.columns.iter().zip(&types).map(field).collect()
        };
        let named = || -> Rc<[(String, TypeRef)]> { f.names.iter().cloned().zip(f.columns.iter().copied()).collect() };
        let call = match c.set_call(&f.expr)? {
            None if let ExprKind::XmlTable(t) = &f.expr.kind => How::XmlTable(super::xml_table::XmlTable::new(c, t)?),
            Some(call) if f.composite && call.func.oid == UNNEST => How::SetFields(call, fields(c).into()),
            Some(mut call) => {
                if f.composite {
                    call.site.columns = Some(named());
                }
                How::Set(call)
            }
            None if f.composite => {
                let fields = fields(c);
                let mut expr = c.expr(&f.expr)?;
                if let Kind::Call(call) = &mut expr.kind {
                    call.site.columns = Some(named());
                }
                How::Fields(expr, fields)
            }
            None => How::Value(c.expr(&f.expr)?),
        };
        Ok(Source { call, columns: f.columns.clone(), types })
    }

    /// A set-returning call in a select list, of one column.
    pub fn of_call(c: &mut Compiler<'_, '_>, mut call: CCall, ty: TypeRef) -> Result<Source> {
        let types = vec![call.phys];
        let columns = if call.func.oid == UNNEST { vec![] } else { row_columns(c, &call, ty)? };
        if columns.is_empty() {
            return Ok(Source { call: How::Set(call), columns: vec![ty], types });
        }
        call.site.columns = Some(columns.iter().map(|t| (String::new(), *t)).collect());
        let inner: Rc<[Phys]> = c.phys_of(&columns);
        let record = container_call(c.cx, "tusklet_record_construct", vec![], columns.clone(), ty, call.phys);
        Ok(Source { call: How::Records(call, Rc::new(record), inner, columns), columns: vec![ty], types })
    }

    /// Starts it for a row.
    pub fn open(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<Box<dyn RowSource>> {
        match &self.call {
            How::Set(c) => with_args(cx, &c.args, row, |cx, args| c.func.call_set(cx, &c.site, args, &self.columns)),
            How::Records(c, record, types, columns) => {
                let inner = with_args(cx, &c.args, row, |cx, args| c.func.call_set(cx, &c.site, args, columns))?;
                Ok(Box::new(Records { inner, record: record.clone(), types: types.clone() }))
            }
            How::SetFields(c, fields) => {
                let inner = with_args(cx, &c.args, row, |cx, args| c.func.call_set(cx, &c.site, args, &[c.site.result]))?;
                Ok(Box::new(Split { inner, fields: fields.clone(), phys: c.phys }))
            }
            How::Value(e) => Ok(Box::new(OneRow(Some(e.value(cx, row)?)))),
            How::XmlTable(t) => t.open(cx, row),
            How::Fields(e, fields) => {
                let v = e.eval_row(cx, row)?;
                let mut out = Vec::with_capacity(fields.len());
                for (i, f) in fields.iter().enumerate() {
                    out.push(match v.d() {
                        Datum::Null => Value::Null,
                        d => f.call(cx, &[d, Datum::I32(i as i32 + 1)])?,
                    });
                }
                Ok(Box::new(OneTuple(Some(out))))
            }
        }
    }
}

/// `unnest(anyarray)`: the one built-in set of values that may be composite; every other set of rows writes columns.
const UNNEST: u32 = 2331;

/// A set of composite values, each taken apart; a NULL one is a row of NULLs.
struct Split {
    inner: Box<dyn RowSource>,
    fields: Rc<[CCall]>,
    phys: Phys,
}

impl RowSource for Split {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let mut values = [Vector::empty(self.phys)];
        let n = self.inner.next(cx, &mut values, want)?;
        let mut extra = None;
        for (at, (to, f)) in out.iter_mut().zip(self.fields.iter()).enumerate() {
            let FuncImpl::Kernel(Kernel::Scalar(take) | Kernel::Batch(_, take)) = f.func.imp else {
                return Err(tusklet_error::Error::unsupported("a set of composite values"));
            };
            for i in 0..n {
                to.push(Datum::Null);
                let value = values[0].get(i);
                if value.is_null() {
                    continue;
                }
                let last = to.len() - 1;
                let mut o = Out::new(to, last);
                let args = [value, Datum::I32(at as i32 + 1)];
                take(&mut Call { cx: &mut *cx, site: &f.site, extra: &mut extra, row: i }, &args, &mut o)?;
                o.finish();
            }
        }
        Ok(n)
    }
}

/// A set of one row.
struct OneTuple(Option<Vec<Value>>);

impl RowSource for OneTuple {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], _: usize) -> Result<usize> {
        let Some(values) = self.0.take() else { return Ok(0) };
        for (c, v) in out.iter_mut().zip(&values) {
            c.push(v.as_datum());
        }
        Ok(1)
    }
}

/// The columns of a function's rows when they are more than one value: those of its composite type or its OUT arguments.
fn row_columns(c: &mut Compiler<'_, '_>, call: &CCall, ty: TypeRef) -> Result<Vec<TypeRef>> {
    if let TypeKind::Composite(fields) = &c.cx.type_desc(ty.oid)?.kind {
        return Ok(fields.iter().map(|(_, t)| *t).collect());
    }
    if ty.oid != crate::types::RECORD {
        return Ok(vec![]);
    }
    let catalog = c.cx.catalog.clone();
    let Some(p) = catalog.proc(call.func.oid) else { return Ok(vec![]) };
    // What the polymorphic types stand for in this call: an element type, and the range over it.
    let (mut element, mut range) = (0, 0);
    for (declared, actual) in p.args.iter().zip(&call.site.args) {
        match *declared {
            oids::ANYARRAY | oids::ANYCOMPATIBLEARRAY => element = catalog.base_element_type(actual.oid),
            oids::ANYRANGE | oids::ANYCOMPATIBLERANGE => {
                range = catalog.base_type(actual.oid);
                element = catalog.range_subtype(range);
            }
            d if is_polymorphic(d) && element == 0 => element = actual.oid,
            _ => {}
        }
    }
    let actual = |t: u32| match t {
        oids::ANYARRAY | oids::ANYCOMPATIBLEARRAY => catalog.array_type(element),
        oids::ANYRANGE | oids::ANYCOMPATIBLERANGE => range,
        t if is_polymorphic(t) => element,
        t => t,
    };
    let out = p.all_args.iter().zip(&p.modes).filter(|(_, m)| matches!(m, b'o' | b'b' | b't'));
    Ok(out.map(|(t, _)| TypeRef::new(actual(*t))).collect())
}

/// A function wrote rows of another shape than its caller was told.
fn mismatch() -> tusklet_error::Error {
    err!(DATATYPE_MISMATCH, "function return row and query-specified return row do not match")
}

/// A set's rows, each as one composite value.
struct Records {
    inner: Box<dyn RowSource>,
    record: Rc<CCall>,
    types: Rc<[Phys]>,
}

impl RowSource for Records {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let mut rows: Vec<Vector> = self.types.iter().map(|p| Vector::empty(*p)).collect();
        let n = self.inner.next(cx, &mut rows, want)?;
        if rows.iter().any(|v| v.len() != n) {
            return Err(mismatch());
        }
        let FuncImpl::Kernel(Kernel::Scalar(f) | Kernel::Batch(_, f)) = self.record.func.imp else {
            return Err(tusklet_error::Error::unsupported("a set of rows in a select list"));
        };
        let Some(to) = out.first_mut() else { return Ok(n) };
        let mut extra = None;
        for i in 0..n {
            let fields: Vec<Datum<'_>> = rows.iter().map(|c| c.get(i)).collect();
            to.push(Datum::Null);
            let at = to.len() - 1;
            let mut o = Out::new(to, at);
            f(&mut Call { cx: &mut *cx, site: &self.record.site, extra: &mut extra, row: i }, &fields, &mut o)?;
            o.finish();
        }
        Ok(n)
    }
}

struct FunctionScanPlan {
    sources: Vec<Source>,
    ordinality: bool,
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    functions: &[FunctionSource],
    ordinality: bool,
) -> Result<Rc<dyn PlanNode>> {
    let sources = functions.iter().map(|f| Source::new(c, f)).try_vec()?;
    Ok(Rc::new(FunctionScanPlan { sources, ordinality }))
}

impl PlanNode for FunctionScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(FunctionScanOp { plan: self, open: None, row: 0 })
    }
}

struct FunctionScanOp {
    plan: Rc<FunctionScanPlan>,
    /// The running sources; `None` for one that has ended.
    open: Option<Vec<Option<Box<dyn RowSource>>>>,
    row: i64,
}

impl Operator for FunctionScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let open = match &mut self.open {
            Some(o) => o,
            none => {
                let mut list = Vec::with_capacity(self.plan.sources.len());
                for s in &self.plan.sources {
                    list.push(Some(s.open(cx, Row::None)?));
                }
                none.insert(list)
            }
        };
        let want = want.clamp(1, tusklet_vector::BATCH);
        let mut columns: Vec<Vector> = Vec::new();
        let mut rows = 0;
        let mut parts = Vec::with_capacity(open.len());
        for (s, source) in open.iter_mut().zip(&self.plan.sources) {
            let mut out: Vec<Vector> = source.types.iter().map(|p| Vector::empty(*p)).collect();
            let mut n = 0;
            while let Some(running) = s
                && n < want
            {
                let got = running.next(cx, &mut out, want - n)?;
                if got == 0 {
                    *s = None;
                }
                n += got;
            }
            if out.iter().any(|v| v.len() != n) {
                return Err(mismatch());
            }
            rows = rows.max(n);
            parts.push((out, n));
        }
        if rows == 0 {
            return Ok(Step::Done);
        }
        spend(cx, rows);
        for (mut out, n) in parts {
            for v in &mut out {
                for _ in n..rows {
                    v.push(Datum::Null);
                }
            }
            columns.extend(out);
        }
        if self.plan.ordinality {
            let mut v = Vector::zeroed(Phys::I64, rows);
            for (i, x) in v.i64s_mut().iter_mut().enumerate() {
                *x = self.row + i as i64 + 1;
            }
            columns.push(v);
        }
        self.row += rows as i64;
        Ok(Step::Batch(Batch::new(columns.into_iter().map(Rc::new).collect(), rows)))
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.open = None;
        self.row = 0;
        Ok(())
    }
}

/// Whether an expression is a set-returning call.
pub(crate) fn returns_set(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Call(c) if c.retset)
}
