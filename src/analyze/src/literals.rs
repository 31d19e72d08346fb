//! VALUES lists of an INSERT that hold nothing but plain literals.
//!
//! Each value of such a list is coerced to its column's type (`transformInsertRow`), and for a literal that is known right
//! here: it goes into a column, and no expression is made, folded, compiled and evaluated for it. A script that loads a
//! table is thousands of such rows in one statement.
//!
//! A list is taken as a whole or not at all. Whatever is not plainly right (a literal out of range, too long, badly
//! written; a row of another length; an expression) answers `None`, and the general route words the error or does the work.
//! Reading a literal has no effect, so reading it twice does no harm.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_ir::{LiteralRows, RteColumn, TypeRef};
use tusklet_syntax::ast::{self, Const};
use tusklet_vector::{BATCH, Batch, Datum, Phys, Value, Vector};

use tusklet_catalog::live::Relation;

use crate::parse_node::Analyzer;

/// How literals become values of a column.
#[derive(Clone, Copy)]
enum Reading {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Bool,
    /// Text of up to so many characters.
    Text(usize),
    /// `numeric`: numbers, too, are read from their digits.
    Numeric(TypeRef),
    /// Any other type: strings, by its input function.
    Input(TypeRef),
}

/// A column of the batch being filled.
struct Filling {
    reading: Reading,
    vector: Option<Vector>,
    /// Rows so far.
    rows: usize,
}

impl Filling {
    fn push(&mut self, d: Datum<'_>, phys: Phys) {
        let rows = self.rows;
        let v = self.vector.get_or_insert_with(|| {
            let mut v = Vector::zeroed(phys, rows);
            (0..rows).for_each(|i| v.validity.set(i, false));
            v
        });
        v.push(d);
        self.rows += 1;
    }

    fn push_null(&mut self) {
        if let Some(v) = &mut self.vector {
            v.push(Datum::Null);
        }
        self.rows += 1;
    }

    fn take(&mut self) -> Rc<Vector> {
        self.rows = 0;
        Rc::new(self.vector.take().unwrap_or_else(|| Vector::constant(Phys::I32, Datum::Null)))
    }
}

impl Analyzer<'_> {
    /// The rows as columns, with the columns' types, when all of them are plain literals that fit.
    pub fn literal_rows(
        &mut self,
        rows: &[Vec<ast::Expr>],
        named: bool,
        rel: &Relation,
        columns: &[(i16, ast::AssignTarget)],
    ) -> Option<(LiteralRows, Vec<RteColumn>)> {
        let width = rows.first()?.len();
        if width > columns.len() || named && width < columns.len() {
            return None;
        }
        let mut filling = Vec::with_capacity(width);
        let mut types = Vec::with_capacity(width);
        for (i, (attno, target)) in columns.iter().take(width).enumerate() {
            let ty = rel.column(*attno)?.ty;
            if !target.indirection.is_empty() {
                return None;
            }
            filling.push(Filling { reading: self.reading(ty)?, vector: None, rows: 0 });
            types.push(RteColumn { name: format!("column{}", i + 1), ty, collation: self.cat.type_collation(ty.oid) });
        }
        let mut batches = Vec::with_capacity(rows.len() / BATCH + 1);
        for chunk in rows.chunks(BATCH) {
            for row in chunk {
                if row.len() != width {
                    return None;
                }
                for (e, f) in row.iter().zip(&mut filling) {
                    let ast::Expr::Const(ast::AConst { value, span: _ }) = e else { return None };
                    self.read_literal(value, f)?;
                }
            }
            batches.push(Batch::new(filling.iter_mut().map(Filling::take).collect(), chunk.len()));
        }
        Some((LiteralRows(Rc::new(batches)), types))
    }

    fn reading(&self, ty: TypeRef) -> Option<Reading> {
        Some(match ty.oid {
            oids::INT2 => Reading::Int2,
            oids::INT4 => Reading::Int4,
            oids::INT8 => Reading::Int8,
            oids::FLOAT4 => Reading::Float4,
            oids::FLOAT8 => Reading::Float8,
            oids::BOOL => Reading::Bool,
            oids::TEXT => Reading::Text(usize::MAX),
            oids::VARCHAR if ty.typmod < 0 => Reading::Text(usize::MAX),
            oids::VARCHAR => Reading::Text((ty.typmod - 4).max(0) as usize),
            oids::NUMERIC => Reading::Numeric(ty),
            // Other modifiers are a conversion after reading, which may fail on its own terms; a domain's constraints, too.
            _ if ty.typmod >= 0 || self.cat.base_type(ty.oid) != ty.oid => return None,
            _ => Reading::Input(ty),
        })
    }

    /// Puts a literal into its column.
    fn read_literal(&mut self, value: &Const, f: &mut Filling) -> Option<()> {
        if matches!(value, Const::Null) {
            f.push_null();
            return Some(());
        }
        match (f.reading, value) {
            (Reading::Int2, Const::Integer(i)) => f.push(Datum::I16(i16::try_from(*i).ok()?), Phys::I16),
            (Reading::Int4, Const::Integer(i)) => f.push(Datum::I32(*i), Phys::I32),
            (Reading::Int8, Const::Integer(i)) => f.push(Datum::I64(*i as i64), Phys::I64),
            (Reading::Int8, Const::Float(t)) => f.push(Datum::I64(t.parse().ok()?), Phys::I64),
            (Reading::Float4, Const::Integer(i)) => f.push(Datum::F32(*i as f32), Phys::F32),
            (Reading::Float8, Const::Integer(i)) => f.push(Datum::F64(*i as f64), Phys::F64),
            (Reading::Float4, Const::Float(t)) => {
                f.push(Datum::F32(tusklet_adt::float::parse_float4(t).ok().filter(|v| ordinary(*v as f64, t, 1e30))?), Phys::F32);
            }
            (Reading::Float8, Const::Float(t)) => {
                f.push(Datum::F64(tusklet_adt::float::number(t).filter(|v| ordinary(*v, t, 1e100))?), Phys::F64);
            }
            (Reading::Bool, Const::Boolean(b)) => f.push(Datum::Bool(*b), Phys::Bool),
            (Reading::Text(most), Const::String(s)) if s.len() <= most || s.chars().count() <= most => {
                f.push(Datum::Bytes(s.as_bytes()), Phys::Bytes);
            }
            (Reading::Numeric(ty), Const::Integer(i)) => {
                let v = self.cx.input(ty, &i.to_string()).ok()?;
                f.push(v.as_datum(), Phys::Bytes);
            }
            (Reading::Numeric(ty), Const::Float(t) | Const::String(t)) => {
                let v = self.cx.input(ty, t).ok()?;
                f.push(v.as_datum(), Phys::Bytes);
            }
            (Reading::Int2, Const::String(s)) => self.read_string(oids::INT2, s, f)?,
            (Reading::Int4, Const::String(s)) => self.read_string(oids::INT4, s, f)?,
            (Reading::Int8, Const::String(s)) => self.read_string(oids::INT8, s, f)?,
            (Reading::Float4, Const::String(s)) => self.read_string(oids::FLOAT4, s, f)?,
            (Reading::Float8, Const::String(s)) => self.read_string(oids::FLOAT8, s, f)?,
            (Reading::Bool, Const::String(s)) => self.read_string(oids::BOOL, s, f)?,
            (Reading::Input(ty), Const::String(s)) => self.read_string(ty.oid, s, f)?,
            _ => return None,
        }
        Some(())
    }

    fn read_string(&mut self, oid: u32, s: &str, f: &mut Filling) -> Option<()> {
        let v = self.cx.input(TypeRef::new(oid), s).ok()?;
        f.push(v.as_datum(), phys(&v)?);
        Some(())
    }
}

/// Whether a number is read as it is by way of `numeric`, which PostgreSQL's route for it is: no infinity, no underflow.
fn ordinary(v: f64, digits: &str, most: f64) -> bool {
    v.abs() < most && (v.abs() > 1.0 / most || v == 0.0 && digits.bytes().all(|b| matches!(b, b'0' | b'.')))
}

fn phys(v: &Value) -> Option<Phys> {
    Some(match v {
        Value::Null => return None,
        Value::Bool(_) => Phys::Bool,
        Value::I16(_) => Phys::I16,
        Value::I32(_) => Phys::I32,
        Value::I64(_) => Phys::I64,
        Value::F32(_) => Phys::F32,
        Value::F64(_) => Phys::F64,
        Value::Fixed16(_) => Phys::Fixed16,
        Value::Bytes(_) => Phys::Bytes,
    })
}
