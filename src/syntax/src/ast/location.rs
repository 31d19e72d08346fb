//! Where PostgreSQL points when it complains about a whole expression.

use super::{Expr, FuncCall, Span, SubLinkType, TypeCast};

impl Expr {
    /// The node's own position: the operator, the function's name, the literal.
    pub fn span(&self) -> Span {
        match self {
            Expr::Const(n) => n.span,
            Expr::ColumnRef(n) => n.span,
            Expr::ParamRef(n) => n.span,
            Expr::AExpr(n) => n.span,
            Expr::In(n) => n.span,
            Expr::Between(n) => n.span,
            Expr::Bool(n) => n.span,
            Expr::TypeCast(n) => n.span,
            Expr::Collate(n) => n.span,
            Expr::FuncCall(n) => n.span,
            Expr::Indirection(n) => n.arg.span(),
            Expr::Array(n) => n.span,
            Expr::Row(n) => n.span,
            Expr::Case(n) => n.span,
            Expr::Coalesce(n) => n.span,
            Expr::MinMax(n) => n.span,
            Expr::SubLink(n) => n.span,
            Expr::NullTest(n) => n.span,
            Expr::BooleanTest(n) => n.span,
            Expr::SqlValueFunction(n) => n.span,
            Expr::Xml(n) => n.span,
            Expr::XmlSerialize(n) => n.span,
            Expr::Grouping(n) => n.span,
            Expr::CurrentOf(n) => n.span,
            Expr::SetToDefault(n) => n.span,
        }
    }

    /// As PostgreSQL's `exprLocation`: the leftmost position of the expression, which is where the caret goes when the
    /// expression as a whole is at fault ("argument of WHERE must be type boolean").
    pub fn location(&self) -> Span {
        match self {
            Expr::AExpr(n) => match &n.lexpr {
                Some(l) => leftmost(n.span, l.location()),
                None => leftmost(n.span, n.rexpr.location()),
            },
            Expr::In(n) => leftmost(n.span, n.expr.location()),
            Expr::Between(n) => leftmost(n.span, n.expr.location()),
            Expr::Bool(n) => n.args.first().map_or(n.span, |a| leftmost(n.span, a.location())),
            Expr::TypeCast(n) => {
                let TypeCast { arg, type_name, span } = &**n;
                leftmost(leftmost(arg.location(), type_name.span), *span)
            }
            Expr::Collate(n) => n.arg.as_ref().map_or(n.span, Expr::location),
            Expr::FuncCall(n) => {
                let FuncCall { args, span, .. } = &**n;
                args.first().map_or(*span, |a| leftmost(*span, leftmost(a.span, a.expr.location())))
            }
            Expr::Indirection(n) => n.arg.location(),
            Expr::NullTest(n) => leftmost(n.span, n.arg.location()),
            Expr::BooleanTest(n) => leftmost(n.span, n.arg.location()),
            Expr::SubLink(n) => match &n.kind {
                SubLinkType::All { testexpr, .. } | SubLinkType::Any { testexpr, .. } => {
                    leftmost(testexpr.location(), n.span)
                }
                SubLinkType::Exists | SubLinkType::Expr | SubLinkType::Array => n.span,
            },
            Expr::Xml(n) => n.args.first().map_or(n.span, |a| leftmost(n.span, a.location())),
            _ => self.span(),
        }
    }
}

/// As PostgreSQL's `leftmostLoc`: the smaller, where an unknown one does not count.
fn leftmost(a: Span, b: Span) -> Span {
    if b.is_none() || (!a.is_none() && a.start <= b.start) { a } else { b }
}
