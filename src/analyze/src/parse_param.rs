//! Parameters: `$n` with types given, or inferred from where they stand.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Result, Span, bail};
use tusklet_ir::visit::walk_levels_mut;
use tusklet_ir::{Expr, ExprKind, Oid, Param, Query, TypeRef};

use crate::parse_node::Analyzer;

/// The types of a statement's parameters; 0 or `unknown` where they are to be inferred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamTypes {
    /// By number, from `$1`.
    pub types: Vec<Oid>,
    /// Types may be inferred and parameters added (a Parse message); else the list is all there is.
    pub variable: bool,
}

impl ParamTypes {
    /// No parameters.
    pub fn none() -> ParamTypes {
        ParamTypes::default()
    }

    /// Exactly these.
    pub fn fixed(types: Vec<Oid>) -> ParamTypes {
        ParamTypes { types, variable: false }
    }

    /// These as far as they are given, the rest inferred.
    pub fn variable(types: Vec<Oid>) -> ParamTypes {
        ParamTypes { types, variable: true }
    }
}

impl Analyzer<'_> {
    /// `$n` (`transformParamRef`).
    pub fn param_ref(&mut self, number: i32, span: Span) -> Result<Expr> {
        let n = number;
        if n <= 0 || n > 65535 * 8192 {
            bail_no_param(n, span)?;
        }
        let i = n as usize - 1;
        let ty = if self.params.variable {
            if n > 65535 {
                bail_no_param(n, span)?;
            }
            if i >= self.params.types.len() {
                self.params.types.resize(i + 1, 0);
            }
            if self.params.types[i] == 0 {
                self.params.types[i] = oids::UNKNOWN;
            }
            self.params.types[i]
        } else {
            match self.params.types.get(i).copied().filter(|t| *t != 0) {
                Some(t) => t,
                None => match self.cx.param_type(n as u32) {
                    Some(t) => t,
                    None => return bail_no_param(n, span),
                },
            }
        };
        Ok(Expr::make(ExprKind::Param(Param::External(n as u32)), TypeRef::new(ty), self.cat.type_collation(ty), span))
    }

    /// Gives an as yet untyped parameter the type that is wanted of it (`variable_coerce_param_hook`).
    pub fn coerce_param(&mut self, mut e: Expr, target: TypeRef, span: Span) -> Result<Result<Expr, Expr>> {
        let ExprKind::Param(Param::External(n)) = e.kind else { return Ok(Err(e)) };
        if e.ty.oid != oids::UNKNOWN || !self.params.variable {
            return Ok(Err(e));
        }
        let known = self.params.types.get(n as usize - 1).copied().unwrap_or(0);
        if known == oids::UNKNOWN {
            self.params.types[n as usize - 1] = target.oid;
        } else if known != target.oid {
            return Err(tusklet_error::err!(AMBIGUOUS_PARAMETER, "inconsistent types deduced for parameter ${n}")
                .detail(format!("{} versus {}", self.type_name(known), self.type_name(target.oid)))
                .at(e.span));
        }
        e.ty = TypeRef::new(target.oid);
        e.collation = self.cat.type_collation(target.oid);
        // The position of the coercion, when the parameter has none of its own.
        if e.span.is_none() || (!span.is_none() && span.start < e.span.start) {
            e.span = span;
        }
        Ok(Ok(e))
    }

    /// Parameters met before their type was known, and used as `unknown`, are errors (`check_variable_parameters`).
    pub fn check_variable_parameters(&mut self, q: &mut Query) -> Result<()> {
        if !self.params.variable {
            return Ok(());
        }
        let mut bad = None;
        let types = &self.params.types;
        walk_levels_mut(q, 0, &mut |e, _| {
            if let ExprKind::Param(Param::External(n)) = e.kind {
                if types.get(n as usize - 1) != Some(&e.ty.oid) && bad.is_none() {
                    bad = Some((n, e.span));
                }
            }
        });
        match bad {
            Some((n, span)) => {
                Err(tusklet_error::err!(AMBIGUOUS_PARAMETER, "could not determine data type of parameter ${n}")
                    .at(span))
            }
            None => Ok(()),
        }
    }
}

fn bail_no_param(n: i32, span: Span) -> Result<Expr> {
    let r: Result<Expr> = (|| bail!(UNDEFINED_PARAMETER, "there is no parameter ${n}"))();
    r.map_err(|e| e.at(span))
}
