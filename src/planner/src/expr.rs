//! Questions about expressions, and small rewrites.

use tusklet_catalog::builtin::{self, oids};
use tusklet_ir::codec::Codec;
use tusklet_ir::*;

use crate::RelSet;

/// Whether two expressions are the same but for their positions.
pub(crate) fn same(a: &Expr, b: &Expr) -> bool {
    if a.ty.oid != b.ty.oid || std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) {
        return false;
    }
    match (&a.kind, &b.kind) {
        (ExprKind::Var(x), ExprKind::Var(y)) => x == y,
        (ExprKind::Column(x), ExprKind::Column(y)) => x == y,
        (ExprKind::Param(x), ExprKind::Param(y)) => x == y,
        // Positions have no stored form, so the stored forms of equal expressions are equal.
        (ExprKind::SubPlan(x), ExprKind::SubPlan(y)) => x.plan == y.plan && x.kind == y.kind,
        // Zeros of both signs are equal and not the same.
        (ExprKind::Const(x), ExprKind::Const(y)) if !matches!(x, Value::F32(_) | Value::F64(_)) => x == y,
        // What differs nearly always differs here.
        (ExprKind::Call(x), ExprKind::Call(y)) if x.func != y.func || x.args.len() != y.args.len() => false,
        (ExprKind::Aggregate(x), ExprKind::Aggregate(y)) if x.func != y.func => false,
        _ => a.kind.to_bytes() == b.kind.to_bytes(),
    }
}

/// The entries of this level an expression refers to.
pub(crate) fn rels(e: &Expr) -> RelSet {
    let mut set = 0;
    visit::walk(e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind {
            if v.level == 0 {
                set |= 1 << v.rte;
            }
        }
        if let ExprKind::CurrentOf { rte, .. } = &x.kind {
            set |= 1 << rte;
        }
        true
    });
    set
}

/// Adds `by` to the level of every variable and aggregate that refers outside `e` (at `e`'s own depth or above).
pub(crate) fn shift_levels(e: &mut Expr, by: i32) {
    visit::expr_levels_mut(e, 0, &mut |x, depth| {
        let level = match &mut x.kind {
            ExprKind::Var(v) => &mut v.level,
            ExprKind::Aggregate(a) => &mut a.level,
            ExprKind::Grouping { level, .. } => level,
            _ => return,
        };
        if *level >= depth && (by > 0 || *level as i32 + by >= depth as i32) {
            *level = (*level as i32 + by) as u32;
        }
    });
}

/// Whether a volatile function is called anywhere in `e`, or a subquery is (which may hold one).
pub(crate) fn volatile(e: &Expr) -> bool {
    visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => c.volatility == Volatility::Volatile,
        ExprKind::NextVal(_) => true,
        _ => false,
    })
}

/// Whether a set-returning function is called in `e`.
pub(crate) fn returns_set(e: &Expr) -> bool {
    visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Call(c) if c.retset))
}

/// Whether `e` has no variables, parameters, subqueries or calls that must wait for execution.
pub(crate) fn is_constant(e: &Expr) -> bool {
    !visit::any(e, &mut |x| match &x.kind {
        ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => {
            c.volatility != Volatility::Immutable || c.retset
        }
        ExprKind::Var(_)
        | ExprKind::Column(_)
        | ExprKind::Param(_)
        | ExprKind::CaseTest
        | ExprKind::DomainValue
        | ExprKind::SqlValue(_)
        | ExprKind::SetToDefault
        | ExprKind::CurrentOf { .. }
        | ExprKind::NextVal(_)
        | ExprKind::SubLink(_)
        | ExprKind::SubPlan(_)
        | ExprKind::Aggregate(_)
        | ExprKind::Window(_)
        | ExprKind::Grouping { .. }
        | ExprKind::WholeRow { .. } => true,
        _ => false,
    })
}

/// Adds the conjuncts of `e` to `out`.
pub(crate) fn conjuncts(e: Expr, out: &mut Vec<Expr>) {
    match &e.kind {
        ExprKind::And(_) => {
            if let ExprKind::And(v) = e.into_kind() {
                v.into_iter().for_each(|x| conjuncts(x, out));
            }
        }
        ExprKind::Const(Value::Bool(true)) => {}
        _ => out.push(e),
    }
}

/// The conjunction of conditions, `None` when there are none.
pub(crate) fn and(mut v: Vec<Expr>) -> Option<Expr> {
    match v.len() {
        0 => None,
        1 => v.pop(),
        _ => Some(Expr::new(ExprKind::And(v), TypeRef::new(oids::BOOL))),
    }
}

/// Whether a NULL (or FALSE) answer is certain when every column of `set` is NULL, so that rows an outer join invented
/// for these entries are dropped by this condition.
pub(crate) fn rejects_null(e: &Expr, set: RelSet) -> bool {
    fn is_strict(func: Oid) -> bool {
        builtin::proc(func).is_some_and(|p| p.strict())
    }
    fn null_if_null(e: &Expr, set: RelSet) -> bool {
        match &e.kind {
            ExprKind::Var(v) => v.level == 0 && set >> v.rte & 1 == 1,
            ExprKind::Call(c) => c.strict && !c.retset && c.args.iter().any(|a| null_if_null(a, set)),
            ExprKind::Relabel { arg, .. } | ExprKind::ViaIo { arg, .. } | ExprKind::Collate(arg) => {
                null_if_null(arg, set)
            }
            // Compared with no elements at all, NULL is not NULL.
            ExprKind::ScalarArray { left, right, func, .. } => {
                let some = match &right.kind {
                    ExprKind::Const(Value::Bytes(b)) => b.get(6..10).is_some_and(|n| *n != [0; 4]),
                    ExprKind::Array { elements, nested, .. } => !elements.is_empty() && !nested,
                    _ => false,
                };
                some && is_strict(*func) && null_if_null(left, set)
            }
            ExprKind::Not(a) => null_if_null(a, set),
            _ => false,
        }
    }
    match &e.kind {
        ExprKind::ScalarArray { any: true, left, func, .. } => is_strict(*func) && null_if_null(left, set),
        ExprKind::And(v) => v.iter().any(|x| rejects_null(x, set)),
        ExprKind::Or(v) => v.iter().all(|x| rejects_null(x, set)),
        ExprKind::NullTest { arg, negated: true, row: false } => null_if_null(arg, set),
        ExprKind::BoolTest { arg, kind: BoolTest::True | BoolTest::False } => null_if_null(arg, set),
        _ => null_if_null(e, set),
    }
}

/// The B-tree comparison function under which `op` is equality, when it is.
pub(crate) struct Equality {
    /// Comparison function of the (common) type.
    pub cmp: Oid,
    /// Types it compares; they differ for cross-type operators.
    pub left: Oid,
    pub right: Oid,
}

/// `op` as a B-tree equality.
pub(crate) fn equality(op: Oid) -> Option<Equality> {
    builtin::amops_by_operator(op).find(|a| a.strategy() == 3 && a.method() == oids_am::BTREE).and_then(|a| {
        let cmp = builtin::amproc(a.family(), a.left(), a.right(), 1)?;
        Some(Equality { cmp: cmp.function(), left: a.left(), right: a.right() })
    })
}

/// Access methods.
pub(crate) mod oids_am {
    /// `btree`.
    pub const BTREE: u32 = 403;
}

/// Whether a type is one of the integers.
pub(crate) fn integer(ty: Oid) -> bool {
    matches!(ty, oids::INT2 | oids::INT4 | oids::INT8)
}

/// `e` as type `to`, when an implicit, lossless, order-preserving cast between the integer or float types exists.
pub(crate) fn widen(e: Expr, to: Oid) -> Option<Expr> {
    if e.ty.oid == to {
        return Some(e);
    }
    let rank = |t: Oid| match t {
        oids::INT2 => Some((0, 0)),
        oids::INT4 => Some((0, 1)),
        oids::INT8 => Some((0, 2)),
        oids::FLOAT4 => Some((1, 0)),
        oids::FLOAT8 => Some((1, 1)),
        _ => None,
    };
    let (a, b) = (rank(e.ty.oid)?, rank(to)?);
    if a.0 != b.0 || a.1 > b.1 {
        return None;
    }
    let cast = builtin::cast(e.ty.oid, to)?;
    let span = e.span;
    Some(Expr::make(
        ExprKind::Call(Box::new(FuncCall {
            func: cast.func(),
            op: 0,
            args: vec![e],
            input_collation: 0,
            variadic: false,
            retset: false,
            form: CoercionForm::Implicit,
            strict: true,
            volatility: Volatility::Immutable,
        })),
        TypeRef::new(to),
        0,
        span,
    ))
}

/// The comparison function of a type's own equality, after both sides were widened to it.
pub(crate) fn own_cmp(ty: Oid) -> Option<Oid> {
    let class = builtin::opclass_default(oids_am::BTREE, ty)?;
    Some(builtin::amproc(class.family(), class.intype(), class.intype(), 1)?.function())
}

/// The two sides of an equality as one type, with its comparison function.
pub(crate) fn equal_sides(op: Oid, left: &Expr, right: &Expr) -> Option<(Expr, Expr, Oid)> {
    let eq = equality(op)?;
    if eq.left == eq.right {
        return Some((left.clone(), right.clone(), eq.cmp));
    }
    for to in [eq.left, eq.right] {
        if let (Some(l), Some(r)) = (widen(left.clone(), to), widen(right.clone(), to)) {
            return Some((l, r, own_cmp(to)?));
        }
    }
    None
}

/// The fields of a row that is spelled out.
pub(crate) fn row_fields(e: &Expr) -> Option<&[Expr]> {
    match &e.kind {
        ExprKind::Row { fields, .. } => Some(fields),
        ExprKind::Relabel { arg, form: CoercionForm::Call } => row_fields(arg),
        _ => None,
    }
}
