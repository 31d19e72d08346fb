//! Type names (`parse_type.c`).

use std::rc::Rc;

use tusklet_catalog::live::Type;
use tusklet_catalog::resolve::typmod_in;
use tusklet_error::{Error, Result, Span, SqlState, bail, err, filled};
use tusklet_ir::{Oid, TypeRef};
use tusklet_syntax::ast;

use crate::parse_node::{Analyzer, lookup_failed};
use crate::{AnalyzeContext, ParamTypes};

/// The type a name in a statement means, with its modifier.
pub fn resolve_type_name(cx: &mut dyn AnalyzeContext, name: &ast::TypeName) -> Result<TypeRef> {
    Analyzer::new(cx, ParamTypes::none()).type_name_to_type(name)
}

/// As [`resolve_type_name`], without the modifier.
pub fn type_name_to_oid(cx: &mut dyn AnalyzeContext, name: &ast::TypeName) -> Result<Oid> {
    Ok(resolve_type_name(cx, name)?.oid)
}

/// The type a name means, shells included; `None` when there is none.
pub fn lookup_type_name(cx: &mut dyn AnalyzeContext, name: &ast::TypeName) -> Result<Option<TypeRef>> {
    Analyzer::new(cx, ParamTypes::none()).lookup_type_name(name)
}

/// A type name as written, for messages (`TypeNameToString`).
pub fn type_name_to_string(t: &ast::TypeName) -> String {
    let mut s = t.names.join(".");
    if t.pct_type {
        s.push_str("%TYPE");
    }
    if !t.array_bounds.is_empty() {
        s.push_str("[]");
    }
    s
}

impl Analyzer<'_> {
    /// The type meant (`typenameType`): an error when there is none or it is a shell.
    pub fn type_name_to_type(&mut self, t: &ast::TypeName) -> Result<TypeRef> {
        let Some(r) = self.lookup_type_name(t)? else {
            return Err(err!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; type_name_to_string(t)).at(t.span));
        };
        if self.cat.ty(r.oid).is_some_and(|e| !e.defined) {
            return Err(err!(UNDEFINED_OBJECT, "type \"{}\" is only a shell"; type_name_to_string(t)).at(t.span));
        }
        Ok(r)
    }

    /// The type meant, if there is one (`LookupTypeName`).
    pub fn lookup_type_name(&mut self, t: &ast::TypeName) -> Result<Option<TypeRef>> {
        let ast::TypeName { names, setof: _, pct_type, typmods, array_bounds, span } = t;
        let mut oid;
        if *pct_type {
            oid = self.percent_type(names, *span)?;
        } else {
            let (schema, name) = self.deconstruct(names, *span)?;
            if let Some(s) = schema {
                if self.cat.lookup_schema(&self.path, s).is_none() {
                    return Err(err!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist"; s).at(*span));
                }
            }
            oid = match self.cat.lookup_type(&self.path, schema, name) {
                Some(o) => o,
                None => return Ok(None),
            };
            if !array_bounds.is_empty() {
                let array = self.cat.array_type(oid);
                if array == 0 {
                    return Ok(None);
                }
                oid = array;
            }
        }
        let typmod = self.type_name_typmod(oid, typmods, t)?;
        Ok(Some(TypeRef { oid, typmod }))
    }

    /// A name of one, two or three parts as schema and name (`DeconstructQualifiedName`).
    pub fn deconstruct<'n>(&self, names: &'n [String], span: Span) -> Result<(Option<&'n str>, &'n str)> {
        match names {
            [n] => Ok((None, n)),
            [s, n] => Ok((Some(s), n)),
            [c, s, n] => {
                if *c != self.cx.database() {
                    return Err(Error::new(
                        SqlState::FEATURE_NOT_SUPPORTED,
                        filled!("cross-database references are not implemented: {}"; names.join(".")),
                    )
                    .at(span));
                }
                Ok((Some(s), n))
            }
            _ => Err(err!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {}"; names.join("."))
            .at(span)),
        }
    }

    fn percent_type(&mut self, names: &[String], span: Span) -> Result<Oid> {
        let [rel @ .., column] = names else { bail!(SYNTAX_ERROR, "improper %TYPE reference") };
        if rel.is_empty() {
            return Err(err!(SYNTAX_ERROR, "improper %TYPE reference (too few dotted names): {}"; names.join("."))
            .at(span));
        }
        let (schema, name) = self.deconstruct(rel, span)?;
        let Some(oid) = self.cat.lookup_relation(&self.path, schema, name) else {
            return Err(err!(UNDEFINED_TABLE, "relation \"{}\" does not exist"; rel.join(".")).at(span));
        };
        let r = self.cat.relation(oid).ok_or_else(|| lookup_failed("relation", oid))?;
        match r.attno(column).and_then(|a| r.column(a)) {
            Some(c) => Ok(c.ty.oid),
            None => Err(err!(
                UNDEFINED_COLUMN, "column \"{}\" of relation \"{}\" does not exist"; column, name
            ).at(span)),
        }
    }

    fn type_name_typmod(&mut self, oid: Oid, mods: &[ast::Expr], t: &ast::TypeName) -> Result<i32> {
        if mods.is_empty() {
            return Ok(-1);
        }
        let e: Rc<Type> = self.cat.ty(oid).ok_or_else(|| lookup_failed("type", oid))?;
        // An array takes its element's modifier.
        let element = self.cat.element_type(oid);
        let of = if element != 0 { element } else { oid };
        if e.typmod_io.first().is_none_or(|f| *f == 0) {
            return Err(err!(
                SYNTAX_ERROR, "type modifier is not allowed for type \"{}\""; type_name_to_string(t)
            ).at(t.span));
        }
        let mut values = vec![];
        for m in mods {
            let v = match m {
                ast::Expr::Const(c) => match &c.value {
                    ast::Const::Integer(i) => Some(*i),
                    ast::Const::Float(s) | ast::Const::String(s) => match s.trim().parse::<i32>() {
                        Ok(v) => Some(v),
                        Err(_) => {
                            return Err(
                                err!(
                                    INVALID_TEXT_REPRESENTATION, "invalid input syntax for type integer: \"{}\""; s
                                ).at(t.span)
                            );
                        }
                    },
                    _ => None,
                },
                ast::Expr::ColumnRef(c) if c.fields.len() == 1 && !c.star => {
                    return Err(err!(
                        INVALID_TEXT_REPRESENTATION, "invalid input syntax for type integer: \"{}\""; c.fields[0]
                    )
                    .at(t.span));
                }
                // `numeric(-1)` and the like: a sign before a number is an operator.
                ast::Expr::AExpr(a) if a.lexpr.is_none() && a.name.name == "-" => match &a.rexpr {
                    ast::Expr::Const(ast::AConst { value: ast::Const::Integer(i), .. }) => Some(-*i),
                    _ => None,
                },
                _ => None,
            };
            match v {
                Some(v) => values.push(v),
                None => {
                    return Err(err!(SYNTAX_ERROR, "type modifiers must be simple constants or identifiers").at(t.span));
                }
            }
        }
        let (typmod, warning) = typmod_in(self.cat.typmod_owner(of), &values).map_err(|e| e.at(t.span))?;
        if let Some(w) = warning {
            self.warn(SqlState::INVALID_PARAMETER_VALUE, w, t.span);
        }
        Ok(typmod)
    }

    /// The collation of a COLLATE clause, 0 where the type has none (`LookupCollation`).
    pub fn lookup_collation(&mut self, names: &[String], span: Span) -> Result<Oid> {
        let (schema, name) = self.deconstruct(names, span)?;
        if let Some(s) = schema {
            if self.cat.lookup_schema(&self.path, s).is_none() {
                return Err(err!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist"; s).at(span));
            }
        }
        match self.cat.lookup_collation(&self.path, schema, name) {
            Some(c) => Ok(c),
            None => Err(err!(UNDEFINED_OBJECT, "collation \"{}\" for encoding \"UTF8\" does not exist"; names.join("."))
            .at(span)),
        }
    }

    /// The collation a column of the type gets (`GetColumnDefCollation`).
    pub fn column_collation(&mut self, ty: Oid, names: Option<&[String]>, span: Span) -> Result<Oid> {
        let default = self.cat.type_collation(ty);
        let c = match names {
            Some(n) => self.lookup_collation(n, span)?,
            None => default,
        };
        if c != 0 && default == 0 {
            return Err(err!(DATATYPE_MISMATCH, "collations are not supported by type {}"; self.type_name(ty)).at(span));
        }
        Ok(c)
    }

}
