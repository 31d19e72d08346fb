//! Arrays, rows and domains. This crate does not know how containers are stored: it calls kernels with agreed names
//! (the crate's README lists them), bound like any other function.

use std::rc::Rc;

use tusklet_error::{Result, err};
use tusklet_ir::Oid;
use tusklet_vector::{CallContext, CallSite, Datum, Phys, TypeRef, Value};

use super::scalar_array::array_elements;
use super::{CCall, CExpr};
use crate::cx::ExecCx;
use crate::func::{Func, FuncImpl};
use crate::row::{Row, Val};
use crate::run::CaseValue;

/// A container kernel at a site.
pub(crate) fn container_call(
    cx: &ExecCx<'_>,
    name: &'static str,
    args: Vec<CExpr>,
    types: Vec<TypeRef>,
    result: TypeRef,
    phys: Phys,
) -> CCall {
    let imp = match cx.kernels.kernel(name) {
        Some(k) => FuncImpl::Kernel(k),
        None => FuncImpl::System(name),
    };
    let site = CallSite { func: 0, args: types, result, collation: 0, variadic: false, columns: None };
    let func =
        Func { oid: 0, name: name.to_string(), strict: false, volatile: false, retset: false, guarded: false, imp, site: site.clone() };
    CCall { func: Rc::new(func), site, args, phys, extra: Default::default() }
}

/// `container[…]`, perhaps assigned to.
pub(crate) struct CSubscript {
    pub container: CExpr,
    pub upper: Vec<Option<CExpr>>,
    pub lower: Option<Vec<Option<CExpr>>>,
    pub assign: Option<CExpr>,
    /// The kernel: fetch or assign, element or slice.
    pub call: CCall,
    /// Of a jsonb value, whose NULL subscripts mean the same.
    pub json: bool,
}

impl CSubscript {
    pub fn children(&self, f: &mut dyn FnMut(&CExpr)) {
        f(&self.container);
        self.upper.iter().flatten().for_each(&mut *f);
        self.lower.iter().flatten().flatten().for_each(&mut *f);
        self.assign.iter().for_each(f);
    }

    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        let container = self.container.eval_row(cx, row)?;
        if container.d().is_null() && self.assign.is_none() {
            return Ok(Val::NULL);
        }
        // Subscripts in the order of the kernel's arguments; an omitted bound of a slice is NULL there.
        let mut subs: Vec<Val<'_>> = Vec::new();
        for (i, u) in self.upper.iter().enumerate() {
            let pair = match &self.lower {
                Some(l) => [l.get(i).map(|l| l.as_ref()), Some(u.as_ref())],
                None => [None, Some(u.as_ref())],
            };
            for e in pair.into_iter().flatten() {
                match e {
                    None => subs.push(Val::NULL),
                    Some(e) => {
                        let v = e.eval_row(cx, row)?;
                        if v.d().is_null() {
                            if self.assign.is_some() {
                                let what = if self.json { "jsonb" } else { "array" };
                                return Err(err!(
                                    NULL_VALUE_NOT_ALLOWED, "{} subscript in assignment must not be null"; what
                                ));
                            }
                            return Ok(Val::NULL);
                        }
                        subs.push(v);
                    }
                }
            }
        }
        let value = match &self.assign {
            Some(a) => Some(a.eval_row(cx, row)?),
            None => None,
        };
        let mut args = vec![container.d()];
        args.extend(value.iter().map(|v| v.d()));
        args.extend(subs.iter().map(|v| v.d()));
        Ok(Val::V(self.call.call(cx, &args)?))
    }
}

/// An array cast element by element.
pub(crate) struct CArrayCoerce {
    pub arg: CExpr,
    /// Over the element as CASE's value.
    pub element: CExpr,
    pub elements: CCall,
    pub element_phys: Phys,
    /// Makes an array of the shape of the first argument from the rest.
    pub like: CCall,
}

impl CArrayCoerce {
    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        let arg = self.arg.eval_row(cx, row)?;
        if arg.d().is_null() {
            return Ok(Val::NULL);
        }
        let mut made = Vec::new();
        for v in array_elements(cx, &self.elements, self.element_phys, arg.d())? {
            cx.run.case.push(CaseValue::One(v));
            let r = self.element.value(cx, row);
            cx.run.case.pop();
            made.push(r?);
        }
        let mut args: Vec<Datum<'_>> = vec![arg.d()];
        args.extend(made.iter().map(Value::as_datum));
        Ok(Val::V(self.like.call(cx, &args)?))
    }
}

/// A domain's constraints, base domain's first.
pub(crate) struct CDomain {
    pub arg: CExpr,
    pub checks: Vec<DomainCheck>,
}

/// One constraint of one domain of the chain.
pub(crate) struct DomainCheck {
    pub schema: String,
    pub domain: String,
    /// Name and condition over VALUE; `None` is NOT NULL.
    pub check: Option<(String, CExpr)>,
}

impl CDomain {
    pub fn eval_row<'r>(&'r self, cx: &mut ExecCx<'_>, row: Row<'r>) -> Result<Val<'r>> {
        let v = self.arg.eval_row(cx, row)?;
        check_domain(&self.checks, cx, row, v.d())?;
        Ok(v)
    }
}

/// Raises what of `checks` a value does not hold to.
pub(crate) fn check_domain(checks: &[DomainCheck], cx: &mut ExecCx<'_>, row: Row<'_>, v: Datum<'_>) -> Result<()> {
    for c in checks {
        match &c.check {
            None if v.is_null() => {
                return Err(err!(NOT_NULL_VIOLATION, "domain {} does not allow null values"; c.domain)
                    .datatype(c.schema.clone(), c.domain.clone()));
            }
            None => {}
            Some((name, expr)) => {
                cx.run.case.push(CaseValue::One(v.to_value()));
                let t = expr.eval_row(cx, row).map(|t| t.d().is_null() || t.d().bool());
                cx.run.case.pop();
                if !t? {
                    return Err(err!(
                        CHECK_VIOLATION, "value for domain {} violates check constraint \"{}\""; c.domain, name
                    )
                    .datatype(c.schema.clone(), c.domain.clone())
                    .constraint(name.clone()));
                }
            }
        }
    }
    Ok(())
}

/// The composite type's fields, for building one from another.
pub(crate) fn fields(cx: &mut ExecCx<'_>, ty: Oid) -> Result<Vec<(String, TypeRef)>> {
    let desc = cx.type_desc(ty)?;
    Ok(match &desc.kind {
        tusklet_vector::TypeKind::Composite(f) => f.clone(),
        tusklet_vector::TypeKind::Domain(base) => return fields(cx, base.oid),
        _ => Vec::new(),
    })
}
