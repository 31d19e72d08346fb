//! Aggregates, window calls and subqueries inside expressions.

use tusklet_error::{Result, filled};
use tusklet_ir::{
    Aggregate, Expr, ExprKind, FrameBound, FrameExclude, FrameMode, Query, SubLink, SubLinkKind, Window, WindowCall,
};

use super::Deparse;
use super::expr::broken;

impl<'q> Deparse<'q, '_, '_> {
    pub(super) fn aggregate(&mut self, a: &'q Aggregate) -> Result<()> {
        let name = self.function_name(a.func);
        self.put(&name);
        self.put("(");
        if !a.distinct.is_empty() {
            self.put("DISTINCT ");
        }
        if a.kind == b'n' {
            if a.star {
                self.put("*");
            }
            let shown: Vec<_> = a.args.iter().filter(|t| !t.junk).collect();
            for (i, t) in shown.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                if a.variadic && i + 1 == shown.len() {
                    self.put("VARIADIC ");
                }
                self.expr(&t.expr, true)?;
            }
            if !a.order_by.is_empty() {
                self.put(" ORDER BY ");
                self.order_by(&a.order_by, &a.args, false)?;
            }
        } else {
            self.list(&a.direct, true)?;
            self.put(") WITHIN GROUP (ORDER BY ");
            self.order_by(&a.order_by, &a.args, false)?;
        }
        self.put(")");
        self.filter(a.filter.as_ref())
    }

    fn filter(&mut self, f: Option<&'q Expr>) -> Result<()> {
        if let Some(f) = f {
            self.put(" FILTER (WHERE ");
            self.expr(f, false)?;
            self.put(")");
        }
        Ok(())
    }

    pub(super) fn window_call(&mut self, w: &'q WindowCall) -> Result<()> {
        let name = self.function_name(w.func);
        self.put(&name);
        self.put("(");
        if w.star {
            self.put("*");
        } else {
            self.list(&w.args, true)?;
        }
        self.put(")");
        self.filter(w.filter.as_ref())?;
        self.put(" OVER ");
        if self.plan.is_some() {
            // A plan's windows have no names.
            self.put("(?)");
            return Ok(());
        }
        let query = self.scopes.last().and_then(|s| s.query).ok_or_else(broken)?;
        let spec = query.windows.get(w.window as usize).ok_or_else(broken)?;
        if spec.name.is_empty() { self.window_spec(spec, query) } else { Ok(self.ident(&spec.name)) }
    }

    /// `(PARTITION BY … ORDER BY … frame)`.
    pub(super) fn window_spec(&mut self, w: &'q Window, q: &'q Query) -> Result<()> {
        self.put("(");
        let mut space = false;
        if !w.base.is_empty() {
            self.ident(&w.base);
            space = true;
        }
        // What the base window says already is not said again.
        let inherits = |own: usize| {
            w.base.is_empty() || q.windows.iter().find(|b| b.name == w.base).is_none_or(|b| b.partition_by.len() != own)
        };
        if !w.partition_by.is_empty() && inherits(w.partition_by.len()) {
            self.put(if space { " PARTITION BY " } else { "PARTITION BY " });
            for (i, c) in w.partition_by.iter().enumerate() {
                if i > 0 {
                    self.put(", ");
                }
                self.sort_item(c, &q.targets, false)?;
            }
            space = true;
        }
        let base_orders = q.windows.iter().any(|b| b.name == w.base && !w.base.is_empty() && !b.order_by.is_empty());
        if !w.order_by.is_empty() && !base_orders {
            self.put(if space { " ORDER BY " } else { "ORDER BY " });
            self.order_by(&w.order_by, &q.targets, false)?;
            space = true;
        }
        let f = &w.frame;
        if f.written {
            self.put(if space { " " } else { "" });
            self.put(match f.mode {
                FrameMode::Range => "RANGE ",
                FrameMode::Rows => "ROWS ",
                FrameMode::Groups => "GROUPS ",
            });
            self.put("BETWEEN ");
            self.frame_bound(&f.start)?;
            self.put(" AND ");
            self.frame_bound(&f.end)?;
            self.put(match f.exclude {
                FrameExclude::NoOthers => "",
                FrameExclude::CurrentRow => " EXCLUDE CURRENT ROW",
                FrameExclude::Group => " EXCLUDE GROUP",
                FrameExclude::Ties => " EXCLUDE TIES",
            });
        }
        self.put(")");
        Ok(())
    }

    fn frame_bound(&mut self, b: &'q FrameBound) -> Result<()> {
        match b {
            FrameBound::UnboundedPreceding => self.put("UNBOUNDED PRECEDING"),
            FrameBound::CurrentRow => self.put("CURRENT ROW"),
            FrameBound::UnboundedFollowing => self.put("UNBOUNDED FOLLOWING"),
            FrameBound::Preceding(e) => {
                self.expr(e, false)?;
                self.put(" PRECEDING");
            }
            FrameBound::Following(e) => {
                self.expr(e, false)?;
                self.put(" FOLLOWING");
            }
        }
        Ok(())
    }

    pub(super) fn sublink(&mut self, s: &'q SubLink) -> Result<()> {
        self.put(if s.kind == SubLinkKind::Array { "ARRAY(" } else { "(" });
        let mut op = String::new();
        if let Some(t) = &s.test {
            match &t.kind {
                ExprKind::Call(c) if c.op != 0 && c.args.len() == 2 => {
                    self.expr(&c.args[0], true)?;
                    op = self.operator(c.op);
                }
                ExprKind::And(args) | ExprKind::Or(args) => {
                    self.put("(");
                    for (i, a) in args.iter().enumerate() {
                        let ExprKind::Call(c) = &a.kind else { return Err(broken()) };
                        if i > 0 {
                            self.put(", ");
                        }
                        self.expr(c.args.first().ok_or_else(broken)?, true)?;
                        if op.is_empty() {
                            op = self.operator(c.op);
                        }
                    }
                    self.put(")");
                }
                ExprKind::RowCompare { left, ops, .. } => {
                    self.put("(");
                    self.list(left, true)?;
                    self.put(")");
                    op = ops.first().map(|o| self.operator(*o)).unwrap_or_default();
                }
                _ => return Err(broken()),
            }
        }
        let bare = match s.kind {
            SubLinkKind::Exists => {
                self.put("EXISTS ");
                false
            }
            SubLinkKind::Any => {
                if op == "=" {
                    self.put(" IN ");
                } else {
                    self.put(&filled!(" {} ANY "; op));
                }
                false
            }
            SubLinkKind::All => {
                self.put(&filled!(" {} ALL "; op));
                false
            }
            SubLinkKind::RowCompare => {
                self.put(&filled!(" {} "; op));
                false
            }
            SubLinkKind::Expr | SubLinkKind::Multi | SubLinkKind::Array => true,
        };
        if !bare {
            self.put("(");
        }
        self.subquery(&s.query, None, false)?;
        self.put(if bare { ")" } else { "))" });
        Ok(())
    }
}
