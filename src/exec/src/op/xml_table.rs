//! XMLTABLE: the kernel `tusklet_xmltable` finds the texts, here they become the columns' values (`nodeTableFuncscan.c`).

use std::rc::Rc;

use tusklet_error::{Result, bail};
use tusklet_ir::{Expr, XmlColumn};
use tusklet_vector::{CallContext, Datum, Phys, RowSource, TypeRef, Value, Vector};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::{CCall, CExpr, with_args};
use crate::row::Row;
use crate::types::TEXT;

pub(crate) struct XmlTable {
    call: CCall,
    columns: Vec<XmlColumn>,
    /// Of each column.
    defaults: Vec<Option<CExpr>>,
}

impl XmlTable {
    pub fn new(c: &mut Compiler<'_, '_>, t: &tusklet_ir::XmlTable) -> Result<XmlTable> {
        let mut args = t.args.iter();
        // A sign for each column: whether it is found, and how its text is to be made; then the prefixes.
        let mut text = String::new();
        let catalog = c.cx.catalog.clone();
        for col in &t.columns {
            text.push(match catalog.base_type(col.ty.oid) {
                _ if col.ordinality => '-',
                _ if col.ty.oid == tusklet_catalog::builtin::oids::XML => 'x',
                _ if catalog.type_category(col.ty.oid).0 == b'N' => 'n',
                _ => 't',
            });
        }
        for n in &t.names {
            text.push('\0');
            text.push_str(n.as_deref().unwrap_or(""));
        }
        let constant = |s: &str| Expr::constant(Value::text(s), TypeRef::new(TEXT));
        let mut given: Vec<Expr> = vec![constant(&text)];
        given.extend(args.by_ref().take(2 + t.names.len()).cloned());
        let mut defaults = vec![];
        for col in &t.columns {
            given.push(match if col.path { args.next() } else { None } {
                Some(e) => e.clone(),
                None => constant(&col.name),
            });
            defaults.push(match if col.default { args.next() } else { None } {
                Some(e) => Some(c.expr(e)?),
                None => None,
            });
        }
        let refs: Vec<&Expr> = given.iter().collect();
        let mut call = c.container("tusklet_xmltable", &refs, TypeRef::new(TEXT))?;
        call.site.columns = Some(t.columns.iter().map(|c| (c.name.clone(), c.ty)).collect());
        Ok(XmlTable { call, columns: t.columns.clone(), defaults })
    }

    /// All rows, as PostgreSQL makes them at once.
    pub fn open(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<Box<dyn RowSource>> {
        let c = &self.call;
        let mut inner = with_args(cx, &c.args, row, |cx, args| c.func.call_set(cx, &c.site, args, &[]))?;
        let mut rows: Vec<Rc<[Value]>> = vec![];
        loop {
            let mut texts: Vec<Vector> = self.columns.iter().map(|_| Vector::empty(Phys::Bytes)).collect();
            let n = inner.next(cx, &mut texts, tusklet_vector::BATCH)?;
            if n == 0 {
                break;
            }
            cx.check_interrupts()?;
            for i in 0..n {
                let mut values = Vec::with_capacity(self.columns.len());
                for ((col, default), text) in self.columns.iter().zip(&self.defaults).zip(&texts) {
                    let mut v = match text.get(i) {
                        _ if col.ordinality => Value::I32(rows.len() as i32 + 1),
                        Datum::Null => Value::Null,
                        d => cx.input(col.ty, d.str())?,
                    };
                    if let (Value::Null, Some(d)) = (&v, default) {
                        v = d.value(cx, row)?;
                    }
                    if v == Value::Null && col.not_null {
                        bail!(NULL_VALUE_NOT_ALLOWED, "null is not allowed in column \"{}\""; col.name);
                    }
                    values.push(v);
                }
                rows.push(values.into());
            }
        }
        Ok(Box::new(Rows(rows, 0)))
    }
}

struct Rows(Vec<Rc<[Value]>>, usize);

impl RowSource for Rows {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize> {
        let n = want.min(self.0.len() - self.1);
        for r in &self.0[self.1..self.1 + n] {
            for (c, v) in out.iter_mut().zip(r.iter()) {
                c.push(v.as_datum());
            }
        }
        self.1 += n;
        Ok(n)
    }
}
