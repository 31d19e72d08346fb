//! Expressions: compiled once, evaluated over batches or single rows.
//!
//! [`CExpr`] is immutable but for caches of call sites, so a prepared statement's expressions are compiled once. There are
//! two evaluators. The *batch* evaluator (`batch.rs`) takes a selection and gives a vector aligned with the batch's
//! physical rows, of which only the selected ones mean anything; AND, OR, CASE, COALESCE and FILTER narrow the selection,
//! so no row is evaluated that PostgreSQL would not evaluate. The *row* evaluator (`row.rs`) serves the straight path,
//! index keys, volatile expressions, and every form too rare for a loop of its own, which the batch evaluator runs row by
//! row.
//!
//! **Errors.** Evaluating column-wise meets errors in another order than row by row. So a failing expression leaves the
//! row in [`ExecCx::fail_row`]; whoever evaluates tries again with only the rows before it, until nothing fails: then the
//! last error is the one of the earliest row, the rows before it are delivered, and it is raised after them
//! ([`eval_list`]). Volatile expressions are never tried again: they run row by row.

mod batch;
mod compile;
pub(crate) mod container;
mod eval_row;
mod scalar_array;
mod subplan;

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{BoolTest, RowCompareKind, SqlValueKind};
use tusklet_vector::{CallSite, Datum, Phys, TypeRef, Value, Vector};

use crate::cx::ExecCx;
use crate::func::Func;
use crate::row::{Row, Val};

pub(crate) use compile::no_collation;
pub(crate) use batch::{before, eval_filter, eval_list, eval_some};
pub(crate) use container::container_call;
pub(crate) use scalar_array::{CScalarArray, array_elements};
pub(crate) use subplan::{CSubPlan, SubState};

/// A compiled expression.
pub(crate) struct CExpr {
    pub kind: Kind,
    /// How its values lie.
    pub phys: Phys,
    /// Contains a volatile call: must run row by row, in column order, once.
    pub volatile: bool,
}

pub(crate) enum Kind {
    /// The column it is as, made when a batch first asks for it.
    Const(Value, Phys, OnceCell<Rc<Vector>>),
    Column(u32),
    Param(u32),
    Exec(u32),
    CaseTest,
    Call(Box<CCall>),
    And(Vec<CExpr>),
    Or(Vec<CExpr>),
    Not(Box<CExpr>),
    Case {
        arg: Option<Box<CExpr>>,
        whens: Vec<(CExpr, CExpr)>,
        default: Box<CExpr>,
    },
    Coalesce(Vec<CExpr>),
    NullTest {
        arg: Box<CExpr>,
        negated: bool,
    },
    BoolTest {
        arg: Box<CExpr>,
        kind: BoolTest,
    },
    Relabel(Box<CExpr>),
    NullIf(Box<CCall>),
    Distinct(Box<CCall>),
    ScalarArray(Box<CScalarArray>),
    SubPlan(Box<CSubPlan>),
    // The rest runs row by row.
    MinMax {
        greatest: bool,
        args: Vec<CExpr>,
        cmp: Box<CCall>,
    },
    RowCompare {
        kind: RowCompareKind,
        cmps: Vec<CCall>,
        left: Vec<CExpr>,
        right: Vec<CExpr>,
    },
    /// A call of one of the container kernels over the arguments.
    Container(Box<CCall>),
    RowNullTest {
        test: Box<CCall>,
        negated: bool,
    },
    FieldStore {
        store: Box<CCall>,
        arg: Box<CExpr>,
        values: Vec<CExpr>,
        fields: Vec<i16>,
    },
    Subscript(Box<container::CSubscript>),
    ArrayCoerce(Box<container::CArrayCoerce>),
    ViaIo {
        arg: Box<CExpr>,
        from: u32,
        to: TypeRef,
    },
    Domain(Box<container::CDomain>),
    SqlValue(SqlValueKind, TypeRef),
    NextVal(u32),
}

/// A call site.
pub(crate) struct CCall {
    pub func: Rc<Func>,
    pub site: CallSite,
    pub args: Vec<CExpr>,
    pub phys: Phys,
    /// The kernel's own cache. Taken out while it runs, so that a site reached again from inside starts a new one.
    pub extra: Cell<Option<Box<dyn Any>>>,
}

impl CCall {
    /// Calls it for one row.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn call(&self, cx: &mut ExecCx<'_>, args: &[Datum<'_>]) -> Result<Value> {
        let mut extra = self.extra.take();
        let r = self.func.call_at(cx, &self.site, &mut extra, self.phys, args);
        self.extra.set(extra);
        r
    }
}

impl CExpr {
    /// A reference to an input column.
    pub fn is_trivial(&self) -> bool {
        matches!(self.kind, Kind::Const(..) | Kind::Column(_) | Kind::Param(_))
    }

    /// For one row, owned.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn value(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<Value> {
        Ok(self.eval_row(cx, row)?.into_value())
    }

    /// Whether a condition holds for one row: true, not false or NULL.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn holds(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<bool> {
        if let Kind::And(args) = &self.kind {
            for a in args {
                if !a.holds(cx, row)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Ok(self.eval_row(cx, row)?.d().bool())
    }

    /// Marks the columns it reads.
    pub fn mark(&self, used: &mut [bool]) {
        if let Kind::Column(c) = self.kind
            && let Some(u) = used.get_mut(c as usize)
        {
            *u = true;
        }
        self.kind.children(&mut |e| e.mark(used));
    }
}

impl Kind {
    fn children(&self, f: &mut dyn FnMut(&CExpr)) {
        match self {
            Kind::Const(..)
            | Kind::Column(_)
            | Kind::Param(_)
            | Kind::Exec(_)
            | Kind::CaseTest
            | Kind::SqlValue(..)
            | Kind::NextVal(_) => {}
            Kind::Call(c) | Kind::NullIf(c) | Kind::Distinct(c) | Kind::Container(c) => c.args.iter().for_each(f),
            Kind::And(a) | Kind::Or(a) | Kind::Coalesce(a) => a.iter().for_each(f),
            Kind::Not(a)
            | Kind::NullTest { arg: a, .. }
            | Kind::BoolTest { arg: a, .. }
            | Kind::Relabel(a)
            | Kind::ViaIo { arg: a, .. } => f(a),
            Kind::Case { arg, whens, default } => {
                arg.iter().for_each(|a| f(a));
                for (c, r) in whens {
                    f(c);
                    f(r);
                }
                f(default);
            }
            Kind::ScalarArray(s) => s.children(f),
            Kind::SubPlan(s) => s.children(f),
            Kind::MinMax { args, .. } => args.iter().for_each(f),
            Kind::RowCompare { left, right, .. } => left.iter().chain(right).for_each(f),
            Kind::RowNullTest { test, .. } => test.args.iter().for_each(f),
            Kind::FieldStore { arg, values, .. } => {
                f(arg);
                values.iter().for_each(f);
            }
            Kind::Subscript(s) => s.children(f),
            Kind::ArrayCoerce(a) => {
                f(&a.arg);
                f(&a.element);
            }
            Kind::Domain(d) => f(&d.arg),
        }
    }
}

/// A value lent on, or made.
pub enum Given<'d> {
    /// One of those given.
    Lent(Datum<'d>),
    /// A new one.
    Made(Value),
}

/// An expression compiled on its own, for callers outside a plan: defaults, trigger conditions, `EXECUTE` arguments,
/// ALTER TABLE's rewrites, index builds.
pub struct Evaluator {
    expr: CExpr,
}

impl Evaluator {
    /// Compiles; the expression may refer to columns by [`tusklet_ir::ExprKind::Column`] and holds no subquery.
    pub fn new(cx: &mut ExecCx<'_>, expr: &tusklet_ir::Expr) -> Result<Evaluator> {
        let mut c = crate::compile::Compiler::new(cx, None);
        Ok(Evaluator { expr: c.expr(expr)? })
    }

    /// Compiles an expression over parameters alone: `$1` is the first value of the row it is evaluated for.
    pub fn over_params(cx: &mut ExecCx<'_>, expr: &tusklet_ir::Expr) -> Result<Evaluator> {
        let mut e = expr.clone();
        tusklet_ir::visit::walk_mut(&mut e, &mut |x| {
            if let tusklet_ir::ExprKind::Param(tusklet_ir::Param::External(n)) = &x.kind {
                x.kind = tusklet_ir::ExprKind::Column(n - 1);
            }
        });
        Evaluator::new(cx, &e)
    }

    /// Its value for borrowed ones, which it may lend on.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn given<'d>(&'d self, cx: &mut ExecCx<'_>, row: &'d [Datum<'d>]) -> Result<Given<'d>> {
        Ok(match self.expr.eval_row(cx, Row::Datums(row))? {
            Val::D(d) => Given::Lent(d),
            Val::V(v) => Given::Made(v),
        })
    }

    /// How its values lie.
    pub fn phys(&self) -> Phys {
        self.expr.phys
    }

    /// Its value for a row.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn eval(&self, cx: &mut ExecCx<'_>, row: &[Value]) -> Result<Value> {
        self.expr.value(cx, Row::Values(row))
    }

    /// Its value for a domain's VALUE.
    pub fn eval_domain(&self, cx: &mut ExecCx<'_>, value: &Value) -> Result<Value> {
        cx.run.case.push(crate::run::CaseValue::One(value.clone()));
        let r = self.expr.value(cx, Row::None);
        cx.run.case.pop();
        r
    }

    /// Its values for a batch.
    pub fn eval_batch(&self, cx: &mut ExecCx<'_>, batch: &tusklet_vector::Batch) -> Result<Rc<Vector>> {
        self.expr.eval(cx, batch, &batch.sel)
    }
}

/// The value of an expression without columns, for constant folding and utility statements.
pub fn eval_constant(cx: &mut ExecCx<'_>, expr: &tusklet_ir::Expr) -> Result<Value> {
    Evaluator::new(cx, expr)?.eval(cx, &[])
}

/// Evaluates arguments for one row and passes them on, without allocating for up to three.
#[inline]
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn with_args<'r, R>(
    cx: &mut ExecCx<'_>,
    args: &'r [CExpr],
    row: Row<'r>,
    f: impl FnOnce(&mut ExecCx<'_>, &[Datum<'_>]) -> Result<R>,
) -> Result<R> {
    match args {
        [] => f(cx, &[]),
        [a] => {
            let a = a.eval_row(cx, row)?;
            f(cx, &[a.d()])
        }
        [a, b] => {
            let a = a.eval_row(cx, row)?;
            let b = b.eval_row(cx, row)?;
            f(cx, &[a.d(), b.d()])
        }
        [a, b, c] => {
            let a = a.eval_row(cx, row)?;
            let b = b.eval_row(cx, row)?;
            let c = c.eval_row(cx, row)?;
            f(cx, &[a.d(), b.d(), c.d()])
        }
        many => {
            let mut vals: Vec<Val<'r>> = Vec::with_capacity(many.len());
            for a in many {
                vals.push(a.eval_row(cx, row)?);
            }
            let datums: Vec<Datum<'_>> = vals.iter().map(|v| v.d()).collect();
            f(cx, &datums)
        }
    }
}
