//! What the columns of an index are called.

use tusklet_error::filled;
use tusklet_syntax::ast::{self, IndexElem, IndexKey};

/// What a column of an index is called (`FigureIndexColname`, `ChooseIndexColumnNames`).
pub fn column_names(params: &[&IndexElem]) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for p in params {
        let base = match &p.key {
            IndexKey::Column(n) => n.clone(),
            IndexKey::Expr(e) => figure_name(e).unwrap_or_else(|| "expr".to_string()),
        };
        let mut name = base.clone();
        let mut n = 0;
        while out.contains(&name) {
            n += 1;
            let tail = n.to_string();
            name = filled!("{}{}"; super::pg_type::clip(&base, 63 - tail.len()), tail);
        }
        out.push(name);
    }
    out
}

/// The name an expression gives its column.
fn figure_name(e: &ast::Expr) -> Option<String> {
    use ast::Expr::*;
    match e {
        ColumnRef(c) => c.fields.last().cloned(),
        Indirection(i) => i
            .indirection
            .iter()
            .rev()
            .find_map(|x| match x {
                ast::Indirection::Field(f) => Some(f.clone()),
                _ => None,
            })
            .or_else(|| figure_name(&i.arg)),
        FuncCall(f) => f.funcname.last().cloned(),
        AExpr(a) if a.kind == ast::AExprKind::NullIf => Some("nullif".into()),
        TypeCast(t) => figure_name(&t.arg).or_else(|| t.type_name.names.last().cloned()),
        Collate(c) => c.arg.as_ref().and_then(figure_name),
        Case(c) => c.defresult.as_ref().and_then(figure_name).or_else(|| Some("case".into())),
        Coalesce(_) => Some("coalesce".into()),
        MinMax(m) => Some(if m.greatest { "greatest" } else { "least" }.into()),
        Array(_) => Some("array".into()),
        Row(_) => Some("row".into()),
        SqlValueFunction(f) => Some(
            match f.op {
                ast::SqlValueFunctionOp::CurrentDate => "current_date",
                ast::SqlValueFunctionOp::CurrentTime => "current_time",
                ast::SqlValueFunctionOp::CurrentTimestamp => "current_timestamp",
                ast::SqlValueFunctionOp::LocalTime => "localtime",
                ast::SqlValueFunctionOp::LocalTimestamp => "localtimestamp",
                ast::SqlValueFunctionOp::CurrentRole => "current_role",
                ast::SqlValueFunctionOp::CurrentUser => "current_user",
                ast::SqlValueFunctionOp::User => "user",
                ast::SqlValueFunctionOp::SessionUser => "session_user",
                ast::SqlValueFunctionOp::CurrentCatalog => "current_catalog",
                ast::SqlValueFunctionOp::CurrentSchema => "current_schema",
            }
            .into(),
        ),
        _ => None,
    }
}
