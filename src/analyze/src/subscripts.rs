//! Subscripts of arrays and jsonb (`parse_node.c`, `arraysubs.c`, `jsonbsubs.c`).

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::TypeEntryKind;
use tusklet_error::{Result, Span, err};
use tusklet_ir::{CoercionForm, Expr, ExprKind, Oid, TypeRef, Value};
use tusklet_syntax::ast;

use crate::parse_coerce::CoercionContext;
use crate::parse_node::{Analyzer, location, lookup_failed};

/// What a subscripted thing is and what one element of it is.
pub struct Container {
    pub container: TypeRef,
    pub element: Oid,
}

impl Analyzer<'_> {
    /// What kind of container a type is (`transformContainerType`).
    pub fn container_type(&self, ty: TypeRef, span: Span) -> Result<Container> {
        let mut base = self.cat.base_type_and_typmod(ty);
        base.oid = match base.oid {
            oids::INT2VECTOR => oids::INT2_ARRAY,
            oids::OIDVECTOR => oids::OID_ARRAY,
            t => t,
        };
        let entry = self.cat.ty(base.oid).ok_or_else(|| lookup_failed("type", base.oid))?;
        if !entry.subscript {
            return Err(err!(
                DATATYPE_MISMATCH,
                "cannot subscript type {} because it does not support subscripting",
                self.type_name(base.oid)
            )
            .at(span));
        }
        let element = match &entry.kind {
            TypeEntryKind::Array { element, .. } => *element,
            _ => 0,
        };
        Ok(Container { container: base, element })
    }

    /// Applies subscripts; with `assign`, stores a value there (`transformContainerSubscripts`).
    pub fn container_subscripts(
        &mut self,
        base: Expr,
        subscripts: &[&ast::Indirection],
        assign: Option<Expr>,
    ) -> Result<Expr> {
        let at = location(&base);
        let Container { container, element } = self.container_type(base.ty, at)?;
        let base = if base.ty.oid != container.oid && self.cat.base_type(base.ty.oid) == container.oid {
            // A domain over an array: its elements are the array's.
            crate::parse_coerce::relabel(base, container, CoercionForm::Implicit, Span::NONE)
        } else {
            base
        };
        let slice = subscripts.iter().any(|s| matches!(s, ast::Indirection::Slice(_, _)));
        let (upper, lower, result) = if container.oid == oids::JSONB {
            (self.jsonb_subscripts(subscripts)?, None, TypeRef::new(oids::JSONB))
        } else {
            let (u, l) = self.array_subscripts(subscripts, slice)?;
            let result = if slice { container } else { TypeRef { oid: element, typmod: container.typmod } };
            (u, l, result)
        };
        let ty = if assign.is_some() { container } else { result };
        let collation = base.collation;
        Ok(Expr::make(
            ExprKind::Subscript { container: base, upper, lower, element, assign },
            ty,
            collation,
            Span::NONE,
        ))
    }

    /// The type of what subscripts select.
    pub fn subscript_result_type(&self, container: &Container, slice: bool) -> TypeRef {
        if container.container.oid == oids::JSONB {
            TypeRef::new(oids::JSONB)
        } else if slice {
            container.container
        } else {
            TypeRef { oid: container.element, typmod: container.container.typmod }
        }
    }

    #[allow(clippy::type_complexity)]
    fn array_subscripts(
        &mut self,
        subscripts: &[&ast::Indirection],
        slice: bool,
    ) -> Result<(Vec<Option<Expr>>, Option<Vec<Option<Expr>>>)> {
        let (mut upper, mut lower) = (vec![], vec![]);
        for s in subscripts {
            match s {
                ast::Indirection::Index(u) => {
                    upper.push(Some(self.array_subscript(u)?));
                    // One index among slices means 1 up to it.
                    lower.push(Some(Expr::constant(Value::I32(1), TypeRef::new(oids::INT4))));
                }
                ast::Indirection::Slice(l, u) => {
                    lower.push(l.as_ref().map(|l| self.array_subscript(l)).transpose()?);
                    upper.push(u.as_ref().map(|u| self.array_subscript(u)).transpose()?);
                }
                ast::Indirection::Field(_) | ast::Indirection::Star => {}
            }
        }
        if upper.len() > 6 {
            return Err(err!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({}) exceeds the maximum allowed (6)",
                upper.len()
            ));
        }
        Ok((upper, slice.then_some(lower)))
    }

    fn array_subscript(&mut self, e: &ast::Expr) -> Result<Expr> {
        let e = self.expr(e)?;
        let at = location(&e);
        self.coerce_to_target_type(
            e,
            TypeRef::new(oids::INT4),
            CoercionContext::Assignment,
            CoercionForm::Implicit,
            Span::NONE,
        )?
        .ok_or_else(|| err!(DATATYPE_MISMATCH, "array subscript must have type integer").at(at))
    }

    fn jsonb_subscripts(&mut self, subscripts: &[&ast::Indirection]) -> Result<Vec<Option<Expr>>> {
        let mut out = vec![];
        for s in subscripts {
            let e = match s {
                ast::Indirection::Index(e) => self.expr(e)?,
                ast::Indirection::Slice(l, u) => {
                    let at = match u.as_ref().or(l.as_ref()) {
                        Some(e) => e.location(),
                        None => Span::NONE,
                    };
                    return Err(err!(DATATYPE_MISMATCH, "jsonb subscript does not support slices").at(at));
                }
                ast::Indirection::Field(_) | ast::Indirection::Star => continue,
            };
            let at = location(&e);
            let from = e.ty.oid;
            let mut target = oids::TEXT;
            if from != oids::UNKNOWN {
                let fits: Vec<Oid> = [oids::INT4, oids::TEXT]
                    .into_iter()
                    .filter(|t| self.can_coerce_type(&[from], &[*t], CoercionContext::Implicit))
                    .collect();
                target = match fits[..] {
                    [t] => t,
                    _ => {
                        return Err(err!(DATATYPE_MISMATCH, "subscript type {} is not supported"; self.type_name(from))
                        .hint(if fits.is_empty() {
                            "jsonb subscript must be coercible to either integer or text."
                        } else {
                            "jsonb subscript must be coercible to only one type, integer or text."
                        })
                        .at(at));
                    }
                };
            }
            let e = self.coerce_type(
                e,
                TypeRef::new(target),
                CoercionContext::Implicit,
                CoercionForm::Implicit,
                Span::NONE,
            )?;
            out.push(Some(e));
        }
        Ok(out)
    }
}
