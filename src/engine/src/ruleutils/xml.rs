//! XML's expressions as SQL.

use tusklet_adt::xml::identifier_of_name;
use tusklet_error::Result;
use tusklet_ir::{Expr, ExprKind, Value, XmlOp, XmlTable};

use super::Deparse;
use super::expr::broken;

impl<'q> Deparse<'q, '_, '_> {
    pub(super) fn xml(&mut self, e: &'q Expr) -> Result<()> {
        let ExprKind::Xml { op, name, names, args, document } = &e.kind else { return Err(broken()) };
        let (named, args) = args.split_at_checked(names.len()).ok_or_else(broken)?;
        self.put(match op {
            XmlOp::Concat => "XMLCONCAT(",
            XmlOp::Element => "XMLELEMENT(",
            XmlOp::Forest => "XMLFOREST(",
            XmlOp::Parse => "XMLPARSE(",
            XmlOp::Pi => "XMLPI(",
            XmlOp::Root => "XMLROOT(",
            XmlOp::Serialize => "XMLSERIALIZE(",
            XmlOp::Document => "",
        });
        if matches!(op, XmlOp::Parse | XmlOp::Serialize) {
            self.put(if *document { "DOCUMENT " } else { "CONTENT " });
        }
        let mut comma = "";
        if !name.is_empty() {
            self.put("NAME ");
            self.ident(&identifier_of_name(name));
            comma = ", ";
        }
        if !named.is_empty() {
            if *op == XmlOp::Element {
                self.put(comma);
                self.put("XMLATTRIBUTES(");
                comma = "";
            }
            for (e, n) in named.iter().zip(names) {
                self.put(comma);
                self.expr(e, true)?;
                self.put(" AS ");
                self.ident(&identifier_of_name(n));
                comma = ", ";
            }
            if *op == XmlOp::Element {
                self.put(")");
            }
        }
        if !args.is_empty() {
            self.put(comma);
        }
        match (op, args) {
            (XmlOp::Parse, [text, keep]) => {
                self.expr(text, true)?;
                let keep = matches!(keep.as_const(), Some(Value::Bool(true)));
                self.put(if keep { " PRESERVE WHITESPACE" } else { " STRIP WHITESPACE" });
            }
            (XmlOp::Root, [data, version, standalone]) => {
                self.expr(data, true)?;
                self.put(", VERSION ");
                match version.as_const() {
                    Some(Value::Null) => self.put("NO VALUE"),
                    _ => self.expr(version, false)?,
                }
                self.put(match standalone.as_const() {
                    Some(Value::I32(0)) => ", STANDALONE YES",
                    Some(Value::I32(1)) => ", STANDALONE NO",
                    Some(Value::I32(2)) => ", STANDALONE NO VALUE",
                    _ => "",
                });
            }
            (XmlOp::Serialize, [data, ty]) => {
                self.expr(data, true)?;
                self.put(" AS ");
                self.ty(ty.ty.oid, ty.ty.typmod);
            }
            (XmlOp::Document, [data]) => {
                self.put("(");
                self.expr(data, false)?;
                self.put(") IS DOCUMENT");
                return Ok(());
            }
            _ => self.list(args, true)?,
        }
        self.put(")");
        Ok(())
    }

    pub(super) fn xml_table(&mut self, t: &'q XmlTable) -> Result<()> {
        self.put("XMLTABLE(");
        let mut args = t.args.iter();
        let (Some(doc), Some(row)) = (args.next(), args.next()) else { return Err(broken()) };
        for (i, n) in t.names.iter().enumerate() {
            self.put(if i == 0 { "XMLNAMESPACES (" } else { ", " });
            if n.is_none() {
                self.put("DEFAULT ");
            }
            self.expr(args.next().ok_or_else(broken)?, true)?;
            if let Some(n) = n {
                self.put(" AS ");
                self.ident(n);
            }
        }
        self.put(if t.names.is_empty() { "" } else { "), " });
        let paren = |d: &mut Self, before: &str, e: &'q Expr| -> Result<()> {
            d.put(before);
            d.expr(e, true)?;
            d.put(")");
            Ok(())
        };
        paren(self, "(", row)?;
        paren(self, " PASSING (", doc)?;
        for (i, c) in t.columns.iter().enumerate() {
            self.put(if i == 0 { " COLUMNS " } else { ", " });
            self.ident(&c.name);
            if c.ordinality {
                self.put(" FOR ORDINALITY");
                continue;
            }
            self.put(" ");
            self.ty(c.ty.oid, c.ty.typmod);
            let path = if c.path { args.next() } else { None };
            if c.default {
                paren(self, " DEFAULT (", args.next().ok_or_else(broken)?)?;
            }
            if let Some(p) = path {
                paren(self, " PATH (", p)?;
            }
            if c.not_null {
                self.put(" NOT NULL");
            }
        }
        self.put(")");
        Ok(())
    }
}
