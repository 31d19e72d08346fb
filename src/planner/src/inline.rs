//! Functions in SQL in FROM as the subqueries they are.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Result, Span};
use tusklet_ir::*;

use crate::{Planner, expr};

/// Levels of queries below which nothing is put in place any more: functions may call each other in circles.
const DEEPEST: usize = 20;

impl Planner<'_> {
    /// Puts the body of a set-returning function in SQL in the place of its call in FROM (`inline_set_returning_function`).
    ///
    /// NULL: a strict function stays a call. Errors: the same, from the same query. Volatility: neither the function nor its
    /// arguments are volatile, so that it does not matter how often and when an argument is evaluated.
    pub fn inline_sets(&mut self, q: &mut Query) -> Result<()> {
        if self.levels.len() > DEEPEST {
            return Ok(());
        }
        for rte in &mut q.rtable {
            let RteKind::Function { functions, ordinality: false } = &rte.kind else { continue };
            let [RangeFunction { expr, .. }] = functions.as_slice() else { continue };
            let ExprKind::Call(c) = &expr.kind else { continue };
            let odd = |x: &Expr| {
                matches!(
                    x.kind,
                    ExprKind::SubLink(_) | ExprKind::SubPlan(_) | ExprKind::Aggregate(_) | ExprKind::Grouping { .. }
                )
            };
            if !c.retset
                || !matches!(c.input_collation, 0 | oids::COLLATION_DEFAULT)
                || c.args.iter().any(|a| expr::volatile(a) || visit::any(a, &mut |x| odd(x)))
            {
                continue;
            }
            let types: Vec<Oid> = c.args.iter().map(|a| a.ty.oid).collect();
            let columns: Vec<TypeRef> = rte.columns.iter().map(|c| c.ty).collect();
            let Some(mut body) = self.cx.set_body(c.func, &types, &columns)? else { continue };
            let mut recursive = false;
            visit::walk_levels_mut(&mut body, 0, &mut |x, depth| {
                x.span = Span::NONE;
                recursive |= matches!(&x.kind, ExprKind::Call(f) if f.func == c.func);
                let ExprKind::Param(Param::External(n)) = x.kind else { return };
                let Some(arg) = c.args.get((n as usize).wrapping_sub(1)) else { return };
                let mut arg = arg.clone();
                visit::walk_mut(&mut arg, &mut |v| {
                    if let ExprKind::Var(v) = &mut v.kind {
                        v.level += depth + 1;
                    }
                });
                *x = arg;
            });
            if recursive {
                continue;
            }
            self.inlined = true;
            rte.lateral = c.args.iter().any(|a| expr::rels(a) != 0);
            rte.kind = RteKind::Subquery { query: Box::new(body), view: 0 };
        }
        Ok(())
    }
}
