//! What the last query of a SQL function's body must give (`check_sql_fn_retval` of `functions.c`).

use tusklet_catalog::live::TypeEntryKind;
use tusklet_error::{Error, Result, Span, err};
use tusklet_ir::{
    CoercionForm, CommandType, Expr, ExprKind, FromNode, Oid, Query, Rte, RteColumn, RteKind, Target, TypeRef, Var,
};
use tusklet_catalog::builtin::oids;

use crate::parse_coerce::CoercionContext;
use crate::parse_node::Analyzer;
use crate::{AnalyzeContext, ParamTypes};

/// What a function returns.
#[derive(Clone)]
pub struct Returned {
    /// Its result type, polymorphism settled.
    pub ty: Oid,
    /// The columns of a row type; `None` when they are anything the query gives, or there are none.
    pub columns: Option<Vec<TypeRef>>,
    /// A row is wanted as one value, else column by column.
    pub as_value: bool,
}

fn mismatch(a: &Analyzer<'_>, ty: Oid, detail: String) -> Error {
    err!(
        INVALID_FUNCTION_DEFINITION, "return type mismatch in function declared to return {}"; a.type_name(ty)
    ).detail(detail)
}

const LAST: &str = "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.";

/// The error of a body without a last query that gives something.
pub fn no_result(cx: &mut dyn AnalyzeContext, ty: Oid) -> Error {
    mismatch(&Analyzer::new(cx, ParamTypes::none()), ty, LAST.to_string())
}

/// Whether the type's values are rows.
fn is_row(a: &Analyzer<'_>, ty: Oid) -> bool {
    ty == oids::RECORD || matches!(a.cat.ty(ty).as_deref().map(|t| &t.kind), Some(TypeEntryKind::Composite(_)))
}

/// The query as one that gives what the function returns: its columns converted by assignment, a row put together or taken
/// apart as wanted.
pub fn check_sql_fn_retval(cx: &mut dyn AnalyzeContext, query: Query, want: &Returned) -> Result<Query> {
    if want.ty == oids::VOID {
        return Ok(query);
    }
    let mut a = Analyzer::new(cx, ParamTypes::none());
    let list = if query.command == CommandType::Select { &query.targets } else { &query.returning };
    let given: Vec<(String, TypeRef, Oid)> =
        list.iter().filter(|t| !t.junk).map(|t| (t.name.clone(), t.expr.ty, t.expr.collation)).collect();
    if query.command != CommandType::Select && list.is_empty() {
        return Err(mismatch(&a, want.ty, LAST.to_string()));
    }
    // Where nothing of its own level depends on the columns, they are replaced in place.
    let plain = query.command == CommandType::Select
        && query.set_op.is_none()
        && query.distinct.is_none()
        && query.order_by.is_empty()
        && query.group_by.is_empty()
        && query.grouping_sets.is_empty()
        && query.windows.is_empty()
        && !query.has_srfs
        && query.targets.iter().all(|t| t.sort_ref == 0 && !t.junk);
    let column = |i: usize| {
        if plain && let Some(t) = query.targets.get(i) {
            return t.expr.clone();
        }
        let v = Var { rte: 0, attno: i as i16 + 1, level: 0 };
        let mut e = Expr::new(ExprKind::Var(v), given[i].1);
        e.collation = given[i].2;
        e
    };
    let convert = |a: &mut Analyzer<'_>, e: Expr, to: TypeRef| {
        a.coerce_to_target_type(e, to, CoercionContext::Assignment, CoercionForm::Implicit, Span::NONE)
    };
    let row = is_row(&a, want.ty);
    let pseudo = matches!(a.cat.ty(want.ty).as_deref().map(|t| &t.kind), Some(TypeEntryKind::Pseudo) | None);
    let mut out: Vec<Expr> = vec![];
    if !row {
        if pseudo {
            return Err(err!(
                INVALID_FUNCTION_DEFINITION, "return type {} is not supported for SQL functions"; a.type_name(want.ty)
            ));
        }
        if given.len() != 1 {
            return Err(mismatch(&a, want.ty, "Final statement must return exactly one column.".to_string()));
        }
        match convert(&mut a, column(0), TypeRef::new(want.ty))? {
            Some(e) => out.push(e),
            None => {
                let detail = format!("Actual return type is {}.", a.type_name(given[0].1.oid));
                return Err(mismatch(&a, want.ty, detail));
            }
        }
    } else {
        // One column that is the whole row already.
        let whole = match given.as_slice() {
            [one] if is_row(&a, one.1.oid) || one.1.oid == oids::UNKNOWN && want.ty != oids::RECORD => {
                convert(&mut a, column(0), TypeRef::new(want.ty))?
            }
            _ => None,
        };
        let columns = match (&want.columns, &whole) {
            (Some(c), _) => c.clone(),
            (None, Some(_)) if !want.as_value => return Err(Error::unsupported("a set of records as columns")),
            (None, _) => given.iter().map(|g| g.1).collect(),
        };
        let fields: Vec<Expr> = match &whole {
            Some(_) if want.as_value => vec![],
            Some(e) => columns
                .iter()
                .enumerate()
                .map(|(i, t)| {
                    let arg = e.clone();
                    let mut f = Expr::new(ExprKind::Field { arg, field: i as i16 + 1 }, *t);
                    f.collation = a.cat.type_collation(t.oid);
                    f
                })
                .collect(),
            None => {
                let mut fields = vec![];
                for (i, g) in given.iter().enumerate() {
                    let Some(to) = columns.get(i) else {
                        return Err(mismatch(&a, want.ty, "Final statement returns too many columns.".to_string()));
                    };
                    match convert(&mut a, column(i), *to)? {
                        Some(e) => fields.push(e),
                        None => {
                            let detail = format!(
                                "Final statement returns {} instead of {} at column {}.",
                                a.type_name(g.1.oid),
                                a.type_name(to.oid),
                                i + 1
                            );
                            return Err(mismatch(&a, want.ty, detail));
                        }
                    }
                }
                if fields.len() < columns.len() {
                    return Err(mismatch(&a, want.ty, "Final statement returns too few columns.".to_string()));
                }
                fields
            }
        };
        match whole {
            Some(e) if want.as_value => out.push(e),
            _ if want.as_value => {
                let names = given.iter().map(|g| g.0.clone()).collect();
                out.push(Expr::new(ExprKind::Row { fields, names }, TypeRef::new(want.ty)));
            }
            _ => out = fields,
        }
    }
    // A row of one column taken apart would be computed once for each.
    let once = out.len() <= 1 || out.len() == given.len();
    let names = |i: usize| given.get(i).map_or("row", |g| g.0.as_str()).to_string();
    let target = |(i, expr): (usize, Expr)| Target {
        expr,
        name: names(i),
        attno: i as i16 + 1,
        sort_ref: 0,
        junk: false,
        origin: (0, 0),
    };
    if plain && once {
        let mut q = query;
        q.targets = out.into_iter().enumerate().map(target).collect();
        return Ok(q);
    }
    let same = !plain
        && out.len() == given.len()
        && out.iter().enumerate().all(|(i, e)| matches!(&e.kind, ExprKind::Var(v) if v.attno as usize == i + 1));
    if same {
        return Ok(query);
    }
    if query.command != CommandType::Select {
        return returning(query, &out);
    }
    if plain {
        // The columns again, now as those of a subquery.
        for e in &mut out {
            tusklet_ir::visit::walk_mut(e, &mut |x| {
                if let Some(i) = list_position(&query, x) {
                    let v = Var { rte: 0, attno: i as i16 + 1, level: 0 };
                    let mut k = Expr::new(ExprKind::Var(v), given[i].1);
                    k.collation = given[i].2;
                    *x = k;
                }
            });
        }
    }
    let mut q = Query::new(CommandType::Select);
    q.rtable.push(Rte {
        kind: RteKind::Subquery { query: Box::new(query), view: 0 },
        alias: String::new(),
        column_aliases: vec![],
        name: "*SELECT*".to_string(),
        columns: given.iter().map(|g| RteColumn { name: g.0.clone(), ty: g.1, collation: g.2 }).collect(),
        lateral: false,
        inherit: false,
        in_from: true,
    });
    q.from.push(FromNode::Ref(0));
    q.targets = out.into_iter().enumerate().map(target).collect();
    Ok(q)
}

/// Which target an expression is.
fn list_position(q: &Query, x: &Expr) -> Option<usize> {
    q.targets.iter().position(|t| t.expr == *x)
}

fn put_in_place(e: &mut Expr, old: &[Target]) {
    tusklet_ir::visit::walk_mut(e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind
            && let Some(t) = old.get(v.attno as usize - 1)
        {
            *x = t.expr.clone();
        }
    });
}

/// RETURNING's list converted in place.
fn returning(mut q: Query, out: &[Expr]) -> Result<Query> {
    let old = std::mem::take(&mut q.returning);
    for (i, e) in out.iter().enumerate() {
        let mut expr = e.clone();
        put_in_place(&mut expr, &old);
        let name = old.get(i).map_or("row", |t| t.name.as_str()).to_string();
        q.returning.push(Target { expr, name, attno: i as i16 + 1, sort_ref: 0, junk: false, origin: (0, 0) });
    }
    Ok(q)
}
