//! Walks over the raw tree that look for references to WITH queries, before anything is analysed.

use tusklet_error::Span;
use tusklet_syntax::ast;

/// Where a recursive query refers to itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefContext {
    /// Where it may.
    Plain,
    /// In the part that starts the recursion.
    NonRecursive,
    /// In a subquery of an expression.
    Subquery,
    /// On the nullable side of an outer join.
    OuterJoin,
    /// In INTERSECT.
    Intersect,
    /// On the right of EXCEPT.
    Except,
}

/// Whether a statement refers to the name as a table.
pub fn references(stmt: &ast::Stmt, name: &str) -> bool {
    let mut w = Walk { name, hidden: 0, found: vec![], context: RefContext::Plain };
    w.stmt(stmt);
    !w.found.is_empty()
}

/// All places where a query refers to the name, with what is wrong about each.
pub fn self_references(select: &ast::SelectStmt, name: &str, context: RefContext) -> Vec<(RefContext, Span)> {
    let mut w = Walk { name, hidden: 0, found: vec![], context };
    w.select(select);
    w.found
}

struct Walk<'n> {
    name: &'n str,
    /// Inner WITH queries of the same name hide it.
    hidden: u32,
    found: Vec<(RefContext, Span)>,
    context: RefContext,
}

impl Walk<'_> {
    fn within(&mut self, context: RefContext, f: impl FnOnce(&mut Self)) {
        let saved = self.context;
        if saved == RefContext::Plain {
            self.context = context;
        }
        f(self);
        self.context = saved;
    }

    fn with(&mut self, with: Option<&ast::WithClause>, body: impl FnOnce(&mut Self)) {
        let Some(w) = with else { return body(self) };
        let mut hides = 0;
        for c in &w.ctes {
            if w.recursive && w.ctes.iter().any(|c| c.ctename == self.name) && hides == 0 {
                hides += 1;
                self.hidden += 1;
            }
            self.stmt(&c.query);
            if c.ctename == self.name && hides == 0 {
                hides += 1;
                self.hidden += 1;
            }
        }
        body(self);
        self.hidden -= hides;
    }

    fn stmt(&mut self, s: &ast::Stmt) {
        match s {
            ast::Stmt::Select(s) => self.select(s),
            ast::Stmt::Insert(i) => self.with(i.with_clause.as_deref(), |w| {
                if let Some(s) = &i.select_stmt {
                    w.select(s);
                }
                w.targets(&i.returning_list);
            }),
            ast::Stmt::Update(u) => self.with(u.with_clause.as_deref(), |w| {
                u.from_clause.iter().for_each(|f| w.from(f));
                for t in &u.target_list {
                    match t {
                        ast::SetClause::Single { val, .. } => w.expr(val),
                        ast::SetClause::Multi { source, .. } => w.expr(source),
                    }
                }
                w.opt(&u.where_clause);
                w.targets(&u.returning_list);
            }),
            ast::Stmt::Delete(d) => self.with(d.with_clause.as_deref(), |w| {
                d.using_clause.iter().for_each(|f| w.from(f));
                w.opt(&d.where_clause);
                w.targets(&d.returning_list);
            }),
            _ => {}
        }
    }

    fn targets(&mut self, list: &[ast::ResTarget]) {
        list.iter().for_each(|t| self.expr(&t.val));
    }

    fn opt(&mut self, e: &Option<ast::Expr>) {
        if let Some(e) = e {
            self.expr(e);
        }
    }

    fn select(&mut self, s: &ast::SelectStmt) {
        self.with(s.with_clause.as_deref(), |w| {
            match &s.body {
                ast::SelectBody::Select(c) => {
                    w.targets(&c.target_list);
                    c.from_clause.iter().for_each(|f| w.from(f));
                    w.opt(&c.where_clause);
                    c.group_clause.iter().for_each(|g| w.group(g));
                    w.opt(&c.having_clause);
                }
                ast::SelectBody::Values(rows) => rows.iter().flatten().for_each(|e| w.expr(e)),
                ast::SelectBody::SetOp(op) => match op.op {
                    ast::SetOp::Union => {
                        w.select(&op.larg);
                        w.select(&op.rarg);
                    }
                    ast::SetOp::Intersect => w.within(RefContext::Intersect, |w| {
                        w.select(&op.larg);
                        w.select(&op.rarg);
                    }),
                    ast::SetOp::Except => {
                        w.select(&op.larg);
                        w.within(RefContext::Except, |w| w.select(&op.rarg));
                    }
                },
            }
            s.sort_clause.iter().for_each(|o| w.expr(&o.node));
            w.opt(&s.limit_count);
            w.opt(&s.limit_offset);
        });
    }

    fn group(&mut self, g: &ast::GroupItem) {
        match g {
            ast::GroupItem::Expr(e) => self.expr(e),
            ast::GroupItem::Set(s) => s.content.iter().for_each(|g| self.group(g)),
        }
    }

    fn from(&mut self, f: &ast::FromItem) {
        match f {
            ast::FromItem::RangeVar(r) => {
                if r.schemaname.is_none() && r.relname == self.name && self.hidden == 0 {
                    self.found.push((self.context, r.span));
                }
            }
            ast::FromItem::Subselect(s) => self.select(&s.subquery),
            ast::FromItem::Function(f) => f.functions.iter().for_each(|i| self.expr(&i.func)),
            ast::FromItem::TableSample(t) => self.from(&t.relation),
            ast::FromItem::TableFunc(t) => {
                self.expr(&t.docexpr);
                self.expr(&t.rowexpr);
            }
            ast::FromItem::Join(j) => {
                match j.jointype {
                    ast::JoinType::Inner => {
                        self.from(&j.larg);
                        self.from(&j.rarg);
                    }
                    ast::JoinType::Left => {
                        self.from(&j.larg);
                        self.within(RefContext::OuterJoin, |w| w.from(&j.rarg));
                    }
                    ast::JoinType::Full => self.within(RefContext::OuterJoin, |w| {
                        w.from(&j.larg);
                        w.from(&j.rarg);
                    }),
                    ast::JoinType::Right => {
                        self.within(RefContext::OuterJoin, |w| w.from(&j.larg));
                        self.from(&j.rarg);
                    }
                }
                if let ast::JoinQual::On(e) = &j.qual {
                    self.expr(e);
                }
            }
        }
    }

    fn expr(&mut self, e: &ast::Expr) {
        match e {
            ast::Expr::Const(_)
            | ast::Expr::ColumnRef(_)
            | ast::Expr::ParamRef(_)
            | ast::Expr::SqlValueFunction(_)
            | ast::Expr::CurrentOf(_)
            | ast::Expr::SetToDefault(_) => {}
            ast::Expr::AExpr(a) => {
                self.opt(&a.lexpr);
                self.expr(&a.rexpr);
            }
            ast::Expr::In(i) => {
                self.expr(&i.expr);
                i.list.iter().for_each(|e| self.expr(e));
            }
            ast::Expr::Between(b) => {
                self.expr(&b.expr);
                self.expr(&b.low);
                self.expr(&b.high);
            }
            ast::Expr::Bool(b) => b.args.iter().for_each(|e| self.expr(e)),
            ast::Expr::TypeCast(t) => self.expr(&t.arg),
            ast::Expr::Collate(c) => self.opt(&c.arg),
            ast::Expr::FuncCall(f) => {
                f.args.iter().for_each(|a| self.expr(&a.expr));
                f.agg_order.iter().for_each(|o| self.expr(&o.node));
                self.opt(&f.agg_filter);
                if let Some(w) = &f.over {
                    w.partition_clause.iter().for_each(|e| self.expr(e));
                    w.order_clause.iter().for_each(|o| self.expr(&o.node));
                }
            }
            ast::Expr::Indirection(i) => {
                self.expr(&i.arg);
                for s in &i.indirection {
                    match s {
                        ast::Indirection::Index(e) => self.expr(e),
                        ast::Indirection::Slice(a, b) => {
                            self.opt(a);
                            self.opt(b);
                        }
                        ast::Indirection::Field(_) | ast::Indirection::Star => {}
                    }
                }
            }
            ast::Expr::Array(a) => a.elements.iter().for_each(|e| self.expr(e)),
            ast::Expr::Row(r) => r.args.iter().for_each(|e| self.expr(e)),
            ast::Expr::Case(c) => {
                self.opt(&c.arg);
                for w in &c.args {
                    self.expr(&w.expr);
                    self.expr(&w.result);
                }
                self.opt(&c.defresult);
            }
            ast::Expr::Coalesce(c) => c.args.iter().for_each(|e| self.expr(e)),
            ast::Expr::MinMax(m) => m.args.iter().for_each(|e| self.expr(e)),
            ast::Expr::SubLink(s) => {
                match &s.kind {
                    ast::SubLinkType::All { testexpr, .. } | ast::SubLinkType::Any { testexpr, .. } => self.expr(testexpr),
                    ast::SubLinkType::Exists | ast::SubLinkType::Expr | ast::SubLinkType::Array => {}
                }
                self.within(RefContext::Subquery, |w| w.select(&s.subselect));
            }
            ast::Expr::NullTest(n) => self.expr(&n.arg),
            ast::Expr::BooleanTest(b) => self.expr(&b.arg),
            ast::Expr::Xml(x) => x.named_args.iter().map(|r| &r.val).chain(&x.args).for_each(|e| self.expr(e)),
            ast::Expr::XmlSerialize(x) => self.expr(&x.expr),
            ast::Expr::Grouping(g) => g.args.iter().for_each(|e| self.expr(e)),
        }
    }
}
