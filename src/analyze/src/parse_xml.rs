//! XML's expressions and XMLTABLE (`transformXmlExpr`, `transformXmlSerialize`, `transformRangeTableFunc`).

use tusklet_adt::xml::name_of_identifier;
use tusklet_catalog::builtin::oids;
use tusklet_error::{Result, Span, err};
use tusklet_ir::{
    CoercionForm, Expr, ExprKind, RangeFunction, RteColumn, RteKind, TypeRef, Value, XmlColumn, XmlOp, XmlTable,
};
use tusklet_syntax::ast;

use crate::parse_coerce::CoercionContext;
use crate::parse_expr::contains_own_vars;
use crate::parse_node::{Analyzer, Clause, NsItem};
use crate::parse_target::figure_colname;

const CONSTRUCT: &str = "XMLTABLE";

impl Analyzer<'_> {
    pub(crate) fn xml_expr(&mut self, x: &ast::XmlExpr) -> Result<Expr> {
        let ast::XmlExpr { op, name, named_args, args, document, span } = x;
        let name = name.as_ref().map_or(String::new(), |n| name_of_identifier(n, false, false));
        let mut names: Vec<String> = vec![];
        let mut out = vec![];
        for ast::ResTarget { name, val, span: _ } in named_args {
            let e = self.expr(val)?;
            let name = match (name, val) {
                (Some(n), _) => name_of_identifier(n, false, false),
                (None, ast::Expr::ColumnRef(_)) => name_of_identifier(&figure_colname(val, &e), true, false),
                (None, _) => {
                    let what = if *op == ast::XmlExprOp::Element { "attribute" } else { "element" };
                    let at = val.location();
                    return Err(err!(SYNTAX_ERROR, "unnamed XML {} value must be a column reference"; what).at(at));
                }
            };
            if *op == ast::XmlExprOp::Element && names.contains(&name) {
                let at = val.location();
                return Err(err!(SYNTAX_ERROR, "XML attribute name \"{}\" appears more than once"; name).at(at));
            }
            names.push(name);
            out.push(e);
        }
        let (op, word, types): (_, _, &[u32]) = match op {
            ast::XmlExprOp::Concat => (XmlOp::Concat, "XMLCONCAT", &[oids::XML]),
            ast::XmlExprOp::Element => (XmlOp::Element, "", &[]),
            ast::XmlExprOp::Forest => (XmlOp::Forest, "", &[]),
            ast::XmlExprOp::Parse => (XmlOp::Parse, "XMLPARSE", &[oids::TEXT, oids::BOOL]),
            ast::XmlExprOp::Pi => (XmlOp::Pi, "XMLPI", &[oids::TEXT]),
            ast::XmlExprOp::Root => (XmlOp::Root, "XMLROOT", &[oids::XML, oids::TEXT, oids::INT4]),
            ast::XmlExprOp::Document => (XmlOp::Document, "IS DOCUMENT", &[oids::XML]),
        };
        for (i, a) in args.iter().enumerate() {
            let e = self.expr(a)?;
            out.push(match types.get(i).or(types.last()) {
                Some(t) => self.coerce_to_specific_type(e, TypeRef::new(*t), word)?,
                None => e,
            });
        }
        let ty = if op == XmlOp::Document { oids::BOOL } else { oids::XML };
        let kind = ExprKind::Xml { op, name, names, args: out, document: *document };
        Ok(Expr::make(kind, TypeRef::new(ty), 0, *span))
    }

    pub(crate) fn xml_serialize(&mut self, x: &ast::XmlSerialize) -> Result<Expr> {
        let ast::XmlSerialize { document, expr, type_name, span } = x;
        let e = self.expr(expr)?;
        let e = self.coerce_to_specific_type(e, TypeRef::new(oids::XML), "XMLSERIALIZE")?;
        let target = self.type_name_to_type(type_name)?;
        // The type written is known by a second argument.
        let args = vec![e, Expr::constant(Value::Null, target)];
        let kind =
            ExprKind::Xml { op: XmlOp::Serialize, name: String::new(), names: vec![], args, document: *document };
        let e = Expr::make(kind, TypeRef::new(oids::TEXT), 0, *span);
        let done =
            self.coerce_to_target_type(e, target, CoercionContext::Implicit, CoercionForm::Implicit, Span::NONE)?;
        done.ok_or_else(|| {
            err!(CANNOT_COERCE, "cannot cast XMLSERIALIZE result to {}", self.type_name(target.oid)).at(*span)
        })
    }

    fn xml_text(&mut self, e: &ast::Expr) -> Result<Expr> {
        let e = self.transform_expr(e, Clause::FromFunction)?;
        self.coerce_to_specific_type(e, TypeRef::new(oids::TEXT), CONSTRUCT)
    }

    /// XMLTABLE: a function in FROM whose call is the whole construct.
    pub(crate) fn range_table_func(&mut self, t: &ast::RangeTableFunc) -> Result<NsItem> {
        self.ps().lateral_active = true;
        let r = self.xml_table(t);
        self.ps().lateral_active = false;
        let (mut table, columns) = r?;
        for a in &mut table.args {
            self.assign_expr_collations(a)?;
        }
        let ast::RangeTableFunc { lateral, alias, span, .. } = t;
        let name = alias.as_ref().map_or("xmltable", |a| a.aliasname.as_str()).to_owned();
        if let Some(a) = alias.as_ref().filter(|a| a.colnames.len() > columns.len()) {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "{CONSTRUCT} function has {} columns available but {} columns specified",
                columns.len(),
                a.colnames.len()
            ));
        }
        let expr = Expr::make(ExprKind::XmlTable(Box::new(table)), TypeRef::new(oids::RECORD), 0, *span);
        let lateral = *lateral || contains_own_vars(&expr);
        let functions = vec![RangeFunction { expr, columns: columns.len() as u32, coldeflist: true }];
        self.add_functions(RteKind::Function { functions, ordinality: false }, name, columns, lateral, alias.as_ref())
    }

    fn xml_table(&mut self, t: &ast::RangeTableFunc) -> Result<(XmlTable, Vec<RteColumn>)> {
        let ast::RangeTableFunc { lateral: _, docexpr, rowexpr, namespaces, columns, alias: _, span: _ } = t;
        let row = self.xml_text(rowexpr)?;
        let doc = self.transform_expr(docexpr, Clause::FromFunction)?;
        let doc = self.coerce_to_specific_type(doc, TypeRef::new(oids::XML), CONSTRUCT)?;
        let mut table = XmlTable { names: vec![], args: vec![doc, row], columns: vec![] };
        let mut out: Vec<RteColumn> = vec![];
        let mut last = vec![];
        for c in columns {
            let ast::RangeTableFuncCol { colname, for_ordinality, type_name, is_not_null, colexpr, coldefexpr, span } =
                c;
            if *for_ordinality && table.columns.iter().any(|c| c.ordinality) {
                return Err(err!(SYNTAX_ERROR, "only one FOR ORDINALITY column is allowed").at(*span));
            }
            let ty = match type_name {
                None => TypeRef::new(oids::INT4),
                Some(t) if t.setof => {
                    return Err(
                        err!(INVALID_TABLE_DEFINITION, "column \"{}\" cannot be declared SETOF"; colname).at(*span)
                    );
                }
                Some(t) => self.type_name_to_type(t)?,
            };
            if let Some(e) = colexpr {
                last.push(self.xml_text(e)?);
            }
            if let Some(e) = coldefexpr {
                let e = self.transform_expr(e, Clause::FromFunction)?;
                last.push(self.coerce_to_specific_type(e, ty, CONSTRUCT)?);
            }
            if out.iter().any(|o| o.name == *colname) {
                return Err(err!(SYNTAX_ERROR, "column name \"{}\" is not unique"; colname).at(*span));
            }
            table.columns.push(XmlColumn {
                name: colname.clone(),
                ty,
                ordinality: *for_ordinality,
                not_null: *is_not_null,
                path: colexpr.is_some(),
                default: coldefexpr.is_some(),
            });
            let collation = self.column_collation(ty.oid, None, *span)?;
            out.push(RteColumn { name: colname.clone(), ty, collation });
        }
        for ast::XmlNamespace { name, uri, span } in namespaces {
            table.args.push(self.xml_text(uri)?);
            if table.names.contains(name) {
                return Err(match name {
                    Some(n) => err!(SYNTAX_ERROR, "namespace name \"{}\" is not unique"; n),
                    None => err!(SYNTAX_ERROR, "only one default namespace is allowed"),
                }
                .at(*span));
            }
            table.names.push(name.clone());
        }
        table.args.extend(last);
        Ok((table, out))
    }
}
