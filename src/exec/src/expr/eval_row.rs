//! The row evaluator: one row, no vectors.

use tusklet_error::Result;
use tusklet_ir::{BoolTest, RowCompareKind};
use tusklet_vector::{CallContext, Datum, Phys, Value};

use super::{CCall, CExpr, Kind, with_args};
use crate::cx::ExecCx;
use crate::func::relabel;
use crate::row::{Row, Val};
use crate::run::CaseValue;

/// `varchar(varchar, int4, bool)`: what every value written to a `varchar(n)` goes through.
const VARCHAR_LENGTH: u32 = 669;

/// A boolean's three values.
pub(crate) fn truth(d: Datum<'_>) -> Option<bool> {
    match d {
        Datum::Bool(b) => Some(b),
        _ => None,
    }
}

pub(super) fn from_truth(t: Option<bool>) -> Val<'static> {
    match t {
        Some(b) => Val::bool(b),
        None => Val::NULL,
    }
}

pub(crate) fn bool_test(kind: BoolTest, t: Option<bool>) -> bool {
    match kind {
        BoolTest::True => t == Some(true),
        BoolTest::NotTrue => t != Some(true),
        BoolTest::False => t == Some(false),
        BoolTest::NotFalse => t != Some(false),
        BoolTest::Unknown => t.is_none(),
        BoolTest::NotUnknown => t.is_some(),
    }
}

/// Whether two values are distinct, by their type's `=`.
#[cfg_attr(tuned, optimize(speed))]
pub(super) fn distinct(cx: &mut ExecCx<'_>, eq: &CCall, args: &[Datum<'_>]) -> Result<bool> {
    let (a, b) = (args.first().copied().unwrap_or(Datum::Null), args.get(1).copied().unwrap_or(Datum::Null));
    if a.is_null() || b.is_null() {
        return Ok(a.is_null() != b.is_null());
    }
    Ok(!eq.call(cx, args)?.as_datum().bool())
}

impl CExpr {
    /// The value for one row.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        Ok(match &self.kind {
            Kind::Const(v, ..) => Val::D(v.as_datum()),
            Kind::Column(i) => Val::D(row.get(*i as usize)),
            Kind::Param(n) => Val::V(cx.run.params.get(*n as usize).cloned().unwrap_or_default()),
            Kind::Exec(id) => Val::V(cx.run.param(*id)),
            Kind::CaseTest => match cx.run.case.last() {
                Some(CaseValue::Column(v)) => Val::V(v.value(row.index())),
                Some(CaseValue::One(v)) => Val::V(v.clone()),
                None => Val::NULL,
            },
            Kind::Call(c) if c.func.oid == VARCHAR_LENGTH => {
                let v = c.args[0].eval_row(cx, row)?;
                match (v.d(), c.args.get(1).map(|a| &a.kind)) {
                    // As many bytes are no more characters.
                    (Datum::Bytes(b), Some(Kind::Const(Value::I32(typmod), ..))) if b.len() as i64 <= *typmod as i64 - 4 => v,
                    _ => Val::V(with_args(cx, &c.args, row, |cx, args| c.call(cx, args))?),
                }
            }
            Kind::Call(c) | Kind::Container(c) => Val::V(with_args(cx, &c.args, row, |cx, args| c.call(cx, args))?),
            Kind::And(args) => {
                let mut t = Some(true);
                for a in args {
                    match truth(a.eval_row(cx, row)?.d()) {
                        Some(true) => {}
                        Some(false) => return Ok(Val::bool(false)),
                        None => t = None,
                    }
                }
                from_truth(t)
            }
            Kind::Or(args) => {
                let mut t = Some(false);
                for a in args {
                    match truth(a.eval_row(cx, row)?.d()) {
                        Some(false) => {}
                        Some(true) => return Ok(Val::bool(true)),
                        None => t = None,
                    }
                }
                from_truth(t)
            }
            Kind::Not(a) => from_truth(truth(a.eval_row(cx, row)?.d()).map(|b| !b)),
            Kind::Case { arg, whens, default } => {
                let arg = match arg {
                    Some(a) => Some(a.value(cx, row)?),
                    None => None,
                };
                for (cond, result) in whens {
                    if let Some(v) = &arg {
                        cx.run.case.push(CaseValue::One(v.clone()));
                    }
                    let t = cond.eval_row(cx, row).map(|v| v.d().bool());
                    if arg.is_some() {
                        cx.run.case.pop();
                    }
                    if t? {
                        return result.eval_row(cx, row);
                    }
                }
                return default.eval_row(cx, row);
            }
            Kind::Coalesce(args) => {
                for a in args {
                    let v = a.eval_row(cx, row)?;
                    if !v.d().is_null() {
                        return Ok(v);
                    }
                }
                Val::NULL
            }
            Kind::NullTest { arg, negated } => Val::bool(arg.eval_row(cx, row)?.d().is_null() != *negated),
            Kind::BoolTest { arg, kind } => Val::bool(bool_test(*kind, truth(arg.eval_row(cx, row)?.d()))),
            Kind::Relabel(a) => match a.eval_row(cx, row)? {
                Val::D(d) => Val::D(relabel(d, self.phys)),
                Val::V(v) => match &v {
                    Value::Bytes(_) => Val::V(v),
                    other => Val::V(relabel(other.as_datum(), self.phys).to_value()),
                },
            },
            Kind::NullIf(c) => {
                let equal = with_args(cx, &c.args, row, |cx, args| {
                    if args.iter().any(|d| d.is_null()) {
                        return Ok(false);
                    }
                    Ok(c.call(cx, args)?.as_datum().bool())
                })?;
                match c.args.first() {
                    Some(first) if !equal => first.eval_row(cx, row)?,
                    _ => Val::NULL,
                }
            }
            Kind::Distinct(c) => Val::bool(with_args(cx, &c.args, row, |cx, args| distinct(cx, c, args))?),
            Kind::ScalarArray(s) => s.eval_row(cx, row)?,
            Kind::SubPlan(s) => s.eval_row(cx, row)?,
            Kind::MinMax { greatest, args, cmp } => {
                let mut best: Option<Val<'r>> = None;
                for a in args {
                    let v = a.eval_row(cx, row)?;
                    if v.d().is_null() {
                        continue;
                    }
                    let better = match &best {
                        None => true,
                        Some(b) => {
                            let o = cmp.call(cx, &[v.d(), b.d()])?.as_datum().int();
                            if *greatest { o > 0 } else { o < 0 }
                        }
                    };
                    if better {
                        best = Some(v);
                    }
                }
                best.unwrap_or(Val::NULL)
            }
            Kind::RowCompare { kind, cmps, left, right } => {
                for ((c, l), r) in cmps.iter().zip(left).zip(right) {
                    let l = l.eval_row(cx, row)?;
                    let r = r.eval_row(cx, row)?;
                    if l.d().is_null() || r.d().is_null() {
                        return Ok(Val::NULL);
                    }
                    let o = c.call(cx, &[l.d(), r.d()])?.as_datum().int();
                    if o != 0 {
                        return Ok(Val::bool(match kind {
                            RowCompareKind::Lt | RowCompareKind::Le => o < 0,
                            RowCompareKind::Ge | RowCompareKind::Gt => o > 0,
                        }));
                    }
                }
                Val::bool(matches!(kind, RowCompareKind::Le | RowCompareKind::Ge))
            }
            Kind::RowNullTest { test, negated } => {
                // The kernel's bits: 1, some field is NULL; 2, some field is not.
                let v = with_args(cx, &test.args, row, |cx, args| {
                    if args.iter().all(|d| d.is_null()) {
                        return Ok(1);
                    }
                    Ok(test.call(cx, args)?.as_datum().int())
                })?;
                Val::bool(if *negated { v & 1 == 0 } else { v & 2 == 0 })
            }
            Kind::FieldStore { store, arg, values, fields } => {
                let base = arg.eval_row(cx, row)?;
                let mut made = Vec::with_capacity(values.len());
                for v in values {
                    made.push(v.eval_row(cx, row)?);
                }
                let mut args = vec![base.d()];
                for (v, f) in made.iter().zip(fields) {
                    args.push(Datum::I32(*f as i32));
                    args.push(v.d());
                }
                Val::V(store.call(cx, &args)?)
            }
            Kind::Subscript(s) => s.eval_row(cx, row)?,
            Kind::ArrayCoerce(a) => a.eval_row(cx, row)?,
            Kind::ViaIo { arg, from, to } => {
                let v = arg.eval_row(cx, row)?;
                if v.d().is_null() {
                    // Input functions that are not strict (of domains) are reached through ToDomain.
                    return Ok(Val::NULL);
                }
                let mut text = String::new();
                cx.output(*from, v.d(), &mut text)?;
                if self.phys == Phys::Bytes && to.typmod < 0 && to.oid == crate::types::TEXT {
                    return Ok(Val::V(Value::text(&text)));
                }
                Val::V(cx.input(*to, &text)?)
            }
            Kind::Domain(d) => d.eval_row(cx, row)?,
            Kind::SqlValue(kind, ty) => {
                let host = cx.host;
                Val::V(host.sql_value(cx, *kind, *ty)?)
            }
            Kind::NextVal(seq) => {
                let host = cx.host;
                let v = host.next_value(cx, *seq)?;
                Val::V(relabel_int(v, self.phys))
            }
        })
    }
}

/// A sequence's value in its column's type.
fn relabel_int(v: i64, to: Phys) -> Value {
    match to {
        Phys::I32 => Value::I32(v as i32),
        Phys::I16 => Value::I16(v as i16),
        _ => Value::I64(v),
    }
}
