//! Whether two expressions mean the same (`equal()`): positions and the way a coercion was written do not count.

use tusklet_error::Span;
use tusklet_ir::visit::{expr_levels_mut, walk_mut};
use tusklet_ir::{CoercionForm, Expr, ExprKind};

/// Whether two expressions are the same.
pub fn equal(a: &Expr, b: &Expr) -> bool {
    if a.ty != b.ty || std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) {
        return false;
    }
    match (&a.kind, &b.kind) {
        (ExprKind::Var(x), ExprKind::Var(y)) => x == y,
        (ExprKind::Const(x), ExprKind::Const(y)) => x == y,
        _ => stripped(a) == stripped(b),
    }
}

fn stripped(e: &Expr) -> Expr {
    let mut e = e.clone();
    expr_levels_mut(&mut e, 0, &mut |x, _| strip(x));
    walk_mut(&mut e, &mut |x| {
        if let ExprKind::SubLink(s) = &mut x.kind {
            s.query.span = Span::NONE;
        }
    });
    e
}

fn strip(x: &mut Expr) {
    x.span = Span::NONE;
    // The collation of a node is derived from its parts and may not be assigned yet on one side.
    if !matches!(x.kind, ExprKind::Collate(_)) {
        x.collation = 0;
    }
    match &mut x.kind {
        ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => {
            c.form = CoercionForm::Implicit;
            c.input_collation = 0;
        }
        ExprKind::Relabel { form, .. }
        | ExprKind::ViaIo { form, .. }
        | ExprKind::ArrayCoerce { form, .. }
        | ExprKind::ConvertRowtype { form, .. }
        | ExprKind::ToDomain { form, .. } => *form = CoercionForm::Implicit,
        ExprKind::MinMax { input_collation, .. } | ExprKind::ScalarArray { input_collation, .. } => *input_collation = 0,
        ExprKind::Aggregate(a) => a.input_collation = 0,
        ExprKind::Window(w) => w.input_collation = 0,
        ExprKind::RowCompare { collations, .. } => collations.iter_mut().for_each(|c| *c = 0),
        _ => {}
    }
}
