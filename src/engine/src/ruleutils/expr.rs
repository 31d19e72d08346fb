//! Expressions (`get_rule_expr`).

use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, filled};
use tusklet_ir::{
    BoolTest, CoercionForm, Expr, ExprKind, FuncCall, Oid, Param, Query, RowCompareKind, RteKind, SqlValueKind,
    SubLinkKind, Value, Var,
};

use super::{Deparse, VAR, quote_literal};

/// A node as the rules for parentheses see it.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Never needs parentheses.
    Simple,
    /// A binary operator of one character.
    Operator(char),
    /// Any other operator, IS NULL, a subquery, ….
    Test,
    And,
    Or,
    Not,
    /// A call or anything with brackets of its own, as a parent.
    Brackets,
    /// A cast, as a parent; as a child it is what it casts.
    Cast,
    Field,
    Other,
}

fn op_shape(name: &str, args: usize) -> Shape {
    match (name.chars().next(), name.len(), args) {
        (Some(c), 1, 2) => Shape::Operator(c),
        _ => Shape::Test,
    }
}

impl<'q> Deparse<'q, '_, '_> {
    fn op_name(&self, op: Oid) -> String {
        self.catalog.operator(op).map_or_else(|| op.to_string(), |o| o.name.clone())
    }

    /// An operator as written between its arguments, qualified when the path would find another.
    pub(super) fn operator(&self, op: Oid) -> String {
        let Some(o) = self.catalog.operator(op) else { return op.to_string() };
        if self.catalog.operator_exact(&self.path, None, &o.name, o.left, o.right) == op {
            return o.name.clone();
        }
        let schema = self.catalog.schema_name(o.schema).unwrap_or_default();
        filled!("OPERATOR({}.{})"; quote_identifier(&schema), o.name)
    }

    pub(super) fn function_name(&self, func: Oid) -> String {
        crate::system::function_name(&self.catalog, &self.path, func)
    }

    fn shape(&self, e: &Expr) -> Shape {
        match &e.kind {
            ExprKind::Call(c) if c.op != 0 => op_shape(&self.op_name(c.op), c.args.len()),
            ExprKind::Call(c) => match c.form {
                CoercionForm::Call => Shape::Brackets,
                _ => Shape::Cast,
            },
            ExprKind::And(_) => Shape::And,
            ExprKind::Or(_) => Shape::Or,
            ExprKind::Not(_) => Shape::Not,
            ExprKind::SubLink(_) | ExprKind::NullTest { .. } | ExprKind::BoolTest { .. } | ExprKind::Distinct(_) => {
                Shape::Test
            }
            ExprKind::Case { .. }
            | ExprKind::Coalesce(_)
            | ExprKind::MinMax { .. }
            | ExprKind::NullIf(_)
            | ExprKind::Array { .. }
            | ExprKind::Xml { .. }
            | ExprKind::Row { .. }
            | ExprKind::Subscript { .. }
            | ExprKind::Aggregate(_)
            | ExprKind::Window(_)
            | ExprKind::Grouping { .. } => Shape::Brackets,
            ExprKind::Relabel { .. }
            | ExprKind::ViaIo { .. }
            | ExprKind::ArrayCoerce { .. }
            | ExprKind::ConvertRowtype { .. }
            | ExprKind::ToDomain { .. } => Shape::Cast,
            ExprKind::Field { .. } => Shape::Field,
            ExprKind::ScalarArray { .. } | ExprKind::RowCompare { .. } | ExprKind::Collate(_) => Shape::Other,
            _ => Shape::Simple,
        }
    }

    /// Whether the node may stand in the parent without parentheses (`isSimpleNode`).
    fn is_simple(&self, e: &Expr, parent: Shape, first: bool) -> bool {
        match self.shape(e) {
            Shape::Simple | Shape::Brackets => true,
            Shape::Field => parent != Shape::Field,
            Shape::Cast => match &e.kind {
                // A cast function is a function here.
                ExprKind::Call(_) => true,
                ExprKind::Relabel { arg, .. }
                | ExprKind::ViaIo { arg, .. }
                | ExprKind::ArrayCoerce { arg, .. }
                | ExprKind::ConvertRowtype { arg, .. }
                | ExprKind::ToDomain { arg, .. } => self.is_simple(arg, Shape::Cast, true),
                _ => false,
            },
            s @ (Shape::Operator(_) | Shape::Test) => match parent {
                Shape::Operator(p) => {
                    let Shape::Operator(c) = s else { return false };
                    let (low, high) = ("+-", "*/%");
                    if !low.contains(c) && !high.contains(c) || !low.contains(p) && !high.contains(p) {
                        return false;
                    }
                    if high.contains(c) && low.contains(p) {
                        return true;
                    }
                    if low.contains(c) && high.contains(p) {
                        return false;
                    }
                    first
                }
                Shape::And | Shape::Or | Shape::Not | Shape::Brackets => true,
                _ => false,
            },
            s @ (Shape::And | Shape::Or | Shape::Not) => match parent {
                Shape::And | Shape::Or => s != Shape::Or || parent == Shape::Or,
                Shape::Brackets => true,
                _ => false,
            },
            Shape::Other => false,
        }
    }

    /// A child, in parentheses where the pretty form needs them.
    fn child(&mut self, e: &'q Expr, implicit: bool, parent: Shape, first: bool) -> Result<()> {
        let need = self.paren && !self.is_simple(e, parent, first);
        if need {
            self.put("(");
        }
        self.expr(e, implicit)?;
        if need {
            self.put(")");
        }
        Ok(())
    }

    fn open(&mut self) {
        if !self.paren {
            self.put("(");
        }
    }

    fn close(&mut self) {
        if !self.paren {
            self.put(")");
        }
    }

    pub(super) fn list(&mut self, list: &'q [Expr], implicit: bool) -> Result<()> {
        for (i, e) in list.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.expr(e, implicit)?;
        }
        Ok(())
    }

    fn junction(&mut self, args: &'q [Expr], word: &str, shape: Shape) -> Result<()> {
        self.open();
        for (i, a) in args.iter().enumerate() {
            if i > 0 {
                self.put(word);
            }
            self.child(a, false, shape, i == 0)?;
        }
        self.close();
        Ok(())
    }

    /// An expression; `implicit` shows coercions that the system made, too.
    pub(super) fn expr(&mut self, e: &'q Expr, implicit: bool) -> Result<()> {
        let shape = self.shape(e);
        match &e.kind {
            ExprKind::Const(v) => self.constant(v, e, 0)?,
            ExprKind::Var(v) => {
                self.var(v, 0, false)?;
            }
            ExprKind::Param(Param::External(n)) => {
                let (function, names) = &self.arguments;
                let text = match names.get((*n as usize).wrapping_sub(1)).filter(|a| !a.is_empty()) {
                    // With tables around, its function's name tells it from a column.
                    Some(a) if self.scopes.iter().any(|s| !s.names.is_empty()) => {
                        filled!("{}.{}"; quote_identifier(function), quote_identifier(a))
                    }
                    Some(a) => quote_identifier(a),
                    None => format!("${n}"),
                };
                self.put(&text)
            }
            ExprKind::Param(Param::Exec(n)) => {
                let name = self.plan.and_then(|p| p.params.get(n)).cloned().unwrap_or_else(|| format!("${n}"));
                self.put(&name);
            }
            ExprKind::Param(_) => self.put("$?"),
            ExprKind::Call(c) if c.op != 0 => self.operation(c, shape)?,
            ExprKind::Call(c) => self.call(c, e, implicit, shape)?,
            ExprKind::And(args) => self.junction(args, " AND ", shape)?,
            ExprKind::Or(args) => self.junction(args, " OR ", shape)?,
            ExprKind::Not(a) => {
                self.open();
                self.put("NOT ");
                self.child(a, false, shape, true)?;
                self.close();
            }
            ExprKind::Case { arg, whens, default } => {
                self.keyword("CASE", 0, VAR, 0);
                if let Some(a) = arg {
                    self.put(" ");
                    self.expr(a, true)?;
                }
                for w in whens {
                    if !self.indenting {
                        self.put(" ");
                    }
                    self.keyword("WHEN ", 0, 0, 0);
                    let cond = match &w.cond.kind {
                        // `CASE x WHEN y` holds `x = y` over the value of x.
                        ExprKind::Call(c) if arg.is_some() && c.op != 0 && c.args.len() == 2 => &c.args[1],
                        _ => &w.cond,
                    };
                    self.expr(cond, false)?;
                    self.put(" THEN ");
                    self.expr(&w.result, true)?;
                }
                if !self.indenting {
                    self.put(" ");
                }
                self.keyword("ELSE ", 0, 0, 0);
                self.expr(default, true)?;
                if !self.indenting {
                    self.put(" ");
                }
                self.keyword("END", -VAR, 0, 0);
            }
            ExprKind::CaseTest => self.put("CASE_TEST_EXPR"),
            ExprKind::DomainValue => self.put("VALUE"),
            ExprKind::Coalesce(args) => self.bracketed("COALESCE", args)?,
            ExprKind::MinMax { greatest, args, .. } => {
                self.bracketed(if *greatest { "GREATEST" } else { "LEAST" }, args)?;
            }
            ExprKind::NullIf(c) => self.bracketed("NULLIF", &c.args)?,
            ExprKind::Distinct(c) => {
                let [a, b] = c.args.as_slice() else { return Err(broken()) };
                self.open();
                self.child(a, true, shape, true)?;
                self.put(" IS DISTINCT FROM ");
                self.child(b, true, shape, false)?;
                self.close();
            }
            ExprKind::NullTest { arg, negated, row } => {
                self.open();
                self.child(arg, true, shape, true)?;
                let composite = self.catalog.type_relation(arg.ty.oid) != 0 || arg.ty.oid == oids::RECORD;
                self.put(match (negated, *row || !composite) {
                    (false, true) => " IS NULL",
                    (true, true) => " IS NOT NULL",
                    (false, false) => " IS NOT DISTINCT FROM NULL",
                    (true, false) => " IS DISTINCT FROM NULL",
                });
                self.close();
            }
            ExprKind::BoolTest { arg, kind } => {
                self.open();
                self.child(arg, false, shape, true)?;
                self.put(match kind {
                    BoolTest::True => " IS TRUE",
                    BoolTest::NotTrue => " IS NOT TRUE",
                    BoolTest::False => " IS FALSE",
                    BoolTest::NotFalse => " IS NOT FALSE",
                    BoolTest::Unknown => " IS UNKNOWN",
                    BoolTest::NotUnknown => " IS NOT UNKNOWN",
                });
                self.close();
            }
            ExprKind::ScalarArray { op, any, left, right, .. } => {
                self.open();
                self.child(left, true, shape, true)?;
                let name = self.operator(*op);
                self.put(&filled!(" {} {} ("; name, if *any { "ANY" } else { "ALL" }));
                self.child(right, true, shape, false)?;
                if let ExprKind::SubLink(s) = &right.kind {
                    // `ANY ((SELECT …)::type)`: without the cast it would be read as ANY over the rows.
                    if s.kind == SubLinkKind::Expr {
                        self.put("::");
                        self.ty(right.ty.oid, right.ty.typmod);
                    }
                }
                self.put(")");
                self.close();
            }
            ExprKind::Xml { .. } => self.xml(e)?,
            ExprKind::XmlTable(t) => self.xml_table(t)?,
            ExprKind::Array { elements, .. } => {
                self.put("ARRAY[");
                self.list(elements, true)?;
                self.put("]");
                if elements.is_empty() {
                    self.put("::");
                    self.ty(e.ty.oid, -1);
                }
            }
            ExprKind::Row { fields, .. } => {
                self.put("ROW(");
                self.list(fields, true)?;
                self.put(")");
            }
            ExprKind::RowCompare { kind, left, right, .. } => {
                self.put("(ROW(");
                self.list(left, true)?;
                self.put(match kind {
                    RowCompareKind::Lt => ") < ROW(",
                    RowCompareKind::Le => ") <= ROW(",
                    RowCompareKind::Ge => ") >= ROW(",
                    RowCompareKind::Gt => ") > ROW(",
                });
                self.list(right, true)?;
                self.put("))");
            }
            ExprKind::Field { arg, field } => {
                let bare = matches!(arg.kind, ExprKind::Field { .. } | ExprKind::Subscript { .. });
                self.put(if bare { "" } else { "(" });
                self.expr(arg, true)?;
                self.put(if bare { "." } else { ")." });
                let name = self.field_name(arg, *field)?;
                self.ident(&name);
            }
            ExprKind::FieldStore { arg, values, .. } => {
                // Only in UPDATE's SET, where the field is named on the left.
                let _ = arg;
                self.list(values, implicit)?;
            }
            ExprKind::Subscript { container, upper, lower, assign, .. } => {
                if let Some(a) = assign {
                    return self.expr(a, implicit);
                }
                let bare = matches!(container.kind, ExprKind::Var(_) | ExprKind::Field { .. });
                self.put(if bare { "" } else { "(" });
                self.expr(container, implicit)?;
                self.put(if bare { "" } else { ")" });
                for (i, u) in upper.iter().enumerate() {
                    self.put("[");
                    if let Some(l) = lower {
                        if let Some(Some(l)) = l.get(i) {
                            self.expr(l, false)?;
                        }
                        self.put(":");
                    }
                    if let Some(u) = u {
                        self.expr(u, false)?;
                    }
                    self.put("]");
                }
            }
            ExprKind::Relabel { arg, form: CoercionForm::Call } => {
                let ExprKind::Row { fields, names } = &arg.kind else { return self.expr(arg, implicit) };
                let column = match fields.first().map(|f| &f.kind) {
                    Some(ExprKind::Column(n)) => self.plan.and_then(|p| p.columns.get(*n as usize)),
                    _ => None,
                };
                let first = names.first().map(|n| quote_identifier(n)).unwrap_or_default();
                let table = match column.and_then(|c| c.strip_suffix(first.as_str())) {
                    Some("") => self.plan.and_then(|p| p.table.as_deref()).map(|t| quote_identifier(t) + "."),
                    Some(t) => t.ends_with('.').then(|| t.to_string()),
                    None => None,
                };
                match table {
                    Some(t) => self.put(&filled!("{}*"; t)),
                    None => self.expr(arg, implicit)?,
                }
            }
            ExprKind::Relabel { arg, form } | ExprKind::ArrayCoerce { arg, form, .. } => {
                self.coercion(arg, e, e.ty.typmod, *form, implicit)?;
            }
            ExprKind::ViaIo { arg, form } | ExprKind::ConvertRowtype { arg, form } => {
                self.coercion(arg, e, -1, *form, implicit)?;
            }
            ExprKind::ToDomain { arg, form } => {
                if *form == CoercionForm::Implicit && !implicit {
                    self.expr(arg, false)?;
                } else {
                    self.coercion(arg, e, e.ty.typmod, CoercionForm::Explicit, implicit)?;
                }
            }
            ExprKind::Collate(arg) => {
                self.open();
                self.child(arg, implicit, Shape::Other, true)?;
                let name = self.collation_name(e.collation);
                self.put(&filled!(" COLLATE {}"; name));
                self.close();
            }
            ExprKind::SqlValue(k) => {
                let word = match k {
                    SqlValueKind::CurrentDate => "CURRENT_DATE",
                    SqlValueKind::CurrentTime => "CURRENT_TIME",
                    SqlValueKind::CurrentTimestamp => "CURRENT_TIMESTAMP",
                    SqlValueKind::LocalTime => "LOCALTIME",
                    SqlValueKind::LocalTimestamp => "LOCALTIMESTAMP",
                    SqlValueKind::CurrentRole => "CURRENT_ROLE",
                    SqlValueKind::CurrentUser => "CURRENT_USER",
                    SqlValueKind::User => "USER",
                    SqlValueKind::SessionUser => "SESSION_USER",
                    SqlValueKind::CurrentCatalog => "CURRENT_CATALOG",
                    SqlValueKind::CurrentSchema => "CURRENT_SCHEMA",
                };
                self.put(word);
                let timed = matches!(
                    k,
                    SqlValueKind::CurrentTime
                        | SqlValueKind::CurrentTimestamp
                        | SqlValueKind::LocalTime
                        | SqlValueKind::LocalTimestamp
                );
                if timed && e.ty.typmod >= 0 {
                    self.put(&format!("({})", e.ty.typmod));
                }
            }
            ExprKind::SetToDefault => self.put("DEFAULT"),
            ExprKind::CurrentOf { cursor, .. } => {
                self.put("CURRENT OF ");
                self.ident(cursor);
            }
            ExprKind::NextVal(seq) => {
                let name = self.relation_name(*seq);
                self.put(&filled!("nextval({}::regclass)"; quote_literal(&name)));
            }
            ExprKind::SubLink(s) => self.sublink(s)?,
            ExprKind::Aggregate(a) => self.aggregate(a)?,
            ExprKind::Window(w) => self.window_call(w)?,
            ExprKind::Grouping { args, .. } => self.bracketed("GROUPING", args)?,
            ExprKind::NamedArg { name, arg, .. } => {
                self.ident(name);
                self.put(" => ");
                self.expr(arg, implicit)?;
            }
            ExprKind::Column(n) => {
                let name = self.plan.and_then(|p| p.columns.get(*n as usize)).cloned().ok_or_else(broken)?;
                self.put(&name);
            }
            ExprKind::SubPlan(s) => {
                let name = self.plan.and_then(|p| p.subplans.get(&s.plan)).cloned().ok_or_else(broken)?;
                self.put(&name);
            }
            ExprKind::WholeRow { first, .. } => {
                let column = self.plan.and_then(|p| p.columns.get(*first as usize)).cloned().unwrap_or_default();
                let table = column.rsplit_once('.').map_or(column.as_str(), |(t, _)| t).to_string();
                self.put(&filled!("{}.*"; table));
            }
        }
        Ok(())
    }

    fn bracketed(&mut self, word: &str, args: &'q [Expr]) -> Result<()> {
        self.put(word);
        self.put("(");
        self.list(args, true)?;
        self.put(")");
        Ok(())
    }

    /// A constant; `show_type` 1 always names its type, -1 never, 0 where it would be read as another.
    pub(super) fn constant(&mut self, v: &Value, e: &Expr, show_type: i32) -> Result<()> {
        let ty = e.ty;
        if v.is_null() {
            self.put("NULL");
            if show_type >= 0 {
                self.put("::");
                self.ty(ty.oid, ty.typmod);
                self.constant_collation(e);
            }
            return Ok(());
        }
        let text = self.literal(ty.oid, v.as_datum())?;
        let mut label = false;
        match ty.oid {
            oids::INT4 if !text.starts_with('-') => self.put(&text),
            oids::NUMERIC if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['e', 'E', '.']) => {
                self.put(&text);
            }
            oids::INT4 | oids::NUMERIC => {
                self.put(&filled!("'{}'"; text));
                label = true;
            }
            oids::BOOL => self.put(if text == "t" { "true" } else { "false" }),
            _ => {
                let q = quote_literal(&text);
                self.put(&q);
            }
        }
        if show_type < 0 {
            return Ok(());
        }
        let label = match ty.oid {
            oids::BOOL | oids::UNKNOWN => false,
            oids::INT4 => label,
            oids::NUMERIC => label || ty.typmod >= 0,
            _ => true,
        };
        if label || show_type > 0 {
            self.put("::");
            self.ty(ty.oid, ty.typmod);
        }
        self.constant_collation(e);
        Ok(())
    }

    fn constant_collation(&mut self, e: &Expr) {
        if e.collation != 0 && e.collation != self.catalog.type_collation(e.ty.oid) {
            let name = self.collation_name(e.collation);
            self.put(&filled!(" COLLATE {}"; name));
        }
    }

    /// A column; the name it is shown under, which a target list compares with the column's alias.
    pub(super) fn var(&mut self, v: &'q Var, up: u32, top: bool) -> Result<Option<String>> {
        let depth = (v.level + up) as usize;
        let Some(at) = self.scopes.len().checked_sub(depth + 1) else { return Err(broken()) };
        let rte = v.rte as usize;
        let scope = &self.scopes[at];
        let name = scope.names.get(rte).cloned().unwrap_or_default();
        if let Some(q) = scope.query {
            if let Some(r) = q.rtable.get(rte) {
                if let (RteKind::Join { columns, .. }, true) = (&r.kind, r.alias.is_empty()) {
                    // An unnamed join's column is shown as the column it comes from.
                    if let Some(ExprKind::Var(inner)) = columns.get((v.attno - 1).max(0) as usize).map(|c| &c.kind) {
                        return self.var(inner, depth as u32, top);
                    }
                }
            }
        }
        let scope = &self.scopes[at];
        let column = match v.attno {
            0 => None,
            n if n < 0 => Some(tusklet_catalog::builtin::system_attribute_name(n).unwrap_or_default().to_string()),
            n => Some(
                scope.columns.get(rte).and_then(|c| c.get(n as usize - 1)).cloned().unwrap_or_else(|| "?".to_string()),
            ),
        };
        let prefix = !name.is_empty() && (self.prefix || v.attno == 0);
        if prefix {
            self.ident(&name);
            self.put(".");
        }
        match &column {
            Some(c) => self.ident(c),
            None => {
                self.put("*");
                if top {
                    // A bare `t.*` would be expanded: the cast keeps it one value.
                    let ty = scope_row_type(self, at, rte);
                    self.put("::");
                    self.ty(ty, -1);
                }
            }
        }
        Ok(column)
    }

    fn field_name(&self, arg: &Expr, field: i16) -> Result<String> {
        let queries: Vec<&Query> = self.scopes.iter().filter_map(|s| s.query).collect();
        Ok(self.find_field(&queries, arg, field).unwrap_or_else(|| format!("f{field}")))
    }

    /// What a field of a row is called: by the row's type, or by where an anonymous row comes from
    /// (`get_name_for_var_field`). `levels` are the queries around, innermost last.
    fn find_field(&self, levels: &[&Query], arg: &Expr, field: i16) -> Option<String> {
        let at = usize::try_from(field).ok()?.checked_sub(1)?;
        if let (ExprKind::Column(n), Some(p)) = (&arg.kind, self.plan)
            && let Some(name) = p.fields.get(*n as usize).and_then(|f| f.get(at))
        {
            return Some(name.clone());
        }
        let rel = self.catalog.type_relation(arg.ty.oid);
        if let Some(c) = self.catalog.relation(rel).and_then(|r| r.columns.get(at).map(|c| c.name.clone())) {
            return Some(c);
        }
        match &arg.kind {
            ExprKind::Row { names, .. } => names.get(at).cloned(),
            ExprKind::Call(c) => {
                let p = self.catalog.proc(c.func)?;
                let outs = p.modes.iter().zip(&p.arg_names).filter(|(m, _)| matches!(**m, b'o' | b'b' | b't'));
                outs.into_iter().nth(at).map(|(_, n)| n.clone())
            }
            ExprKind::Var(v) => {
                let here = levels.len().checked_sub(v.level as usize + 1)?;
                let r = levels[here].rtable.get(v.rte as usize)?;
                if v.attno == 0 {
                    return r.columns.get(at).map(|c| c.name.clone());
                }
                let column = (v.attno - 1).max(0) as usize;
                match &r.kind {
                    RteKind::Subquery { query, .. } => {
                        let mut inner = levels[..=here].to_vec();
                        inner.push(query);
                        self.find_field(&inner, &query.targets.get(column)?.expr, field)
                    }
                    RteKind::Join { columns, .. } => self.find_field(&levels[..=here], columns.get(column)?, field),
                    RteKind::Values { rows } => self.find_field(&levels[..=here], rows.first()?.get(column)?, field),
                    RteKind::Function { functions, .. } => {
                        self.find_field(&levels[..=here], &functions.first()?.expr, field)
                    }
                    RteKind::Cte { name, level, .. } => {
                        let owner = (here + 1).checked_sub(*level as usize + 1)?;
                        let cte = levels[owner].ctes.iter().find(|c| c.name == *name)?;
                        let mut inner = levels[..=owner].to_vec();
                        inner.push(&cte.query);
                        self.find_field(&inner, &cte.query.targets.get(column)?.expr, field)
                    }
                    RteKind::Relation { .. } | RteKind::Result | RteKind::Literals(_) => None,
                }
            }
            _ => None,
        }
    }

    fn operation(&mut self, c: &'q FuncCall, shape: Shape) -> Result<()> {
        self.open();
        let name = self.operator(c.op);
        match c.args.as_slice() {
            [a, b] => {
                self.child(a, true, shape, true)?;
                self.put(&filled!(" {} "; name));
                self.child(b, true, shape, false)?;
            }
            [a] => {
                self.put(&filled!("{} "; name));
                self.child(a, true, shape, true)?;
            }
            _ => return Err(broken()),
        }
        self.close();
        Ok(())
    }

    fn coercion(&mut self, arg: &'q Expr, e: &Expr, typmod: i32, form: CoercionForm, implicit: bool) -> Result<()> {
        if form == CoercionForm::Implicit && !implicit {
            return self.child(arg, false, Shape::Cast, true);
        }
        match &arg.kind {
            // The constant's own type is the target: say it once.
            ExprKind::Const(v) if arg.ty.oid == e.ty.oid && arg.ty.typmod == -1 => self.constant(v, arg, -1)?,
            _ => {
                self.open();
                self.child(arg, false, Shape::Cast, true)?;
                self.close();
            }
        }
        self.put("::");
        self.ty(e.ty.oid, typmod);
        Ok(())
    }

    fn call(&mut self, c: &'q FuncCall, e: &Expr, implicit: bool, shape: Shape) -> Result<()> {
        let Some(first) = c.args.first() else {
            let name = self.function_name(c.func);
            self.put(&filled!("{}()"; name));
            return Ok(());
        };
        match c.form {
            CoercionForm::Implicit if !implicit => return self.child(first, false, shape, true),
            CoercionForm::Implicit | CoercionForm::Explicit => {
                // A length coercion carries the modifier as its second argument.
                let typmod = match c.args.get(1).and_then(Expr::as_const) {
                    Some(Value::I32(m)) if e.ty.typmod < 0 => *m,
                    _ => e.ty.typmod,
                };
                return self.coercion(first, e, typmod, CoercionForm::Explicit, implicit);
            }
            CoercionForm::Sql => {
                if self.sql_syntax(c)? {
                    return Ok(());
                }
            }
            CoercionForm::Call => {}
        }
        let name = self.function_name(c.func);
        self.put(&name);
        self.put("(");
        let args = told_arguments(c);
        for (i, a) in args.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            if c.variadic && i + 1 == args.len() {
                self.put("VARIADIC ");
            }
            self.expr(a, true)?;
        }
        self.put(")");
        Ok(())
    }

    /// Functions that SQL has words for (`get_func_sql_syntax`); `false` when it has none.
    fn sql_syntax(&mut self, c: &'q FuncCall) -> Result<bool> {
        let name = self.catalog.proc(c.func).map(|p| p.name.clone()).unwrap_or_default();
        match (name.as_str(), told_arguments(c)) {
            ("timezone", [zone, time]) => {
                self.put("(");
                self.child(time, false, Shape::Cast, true)?;
                self.put(" AT TIME ZONE ");
                self.child(zone, false, Shape::Cast, false)?;
                self.put(")");
            }
            ("overlaps", [a, b, x, y]) => {
                self.put("((");
                self.expr(a, false)?;
                self.put(", ");
                self.expr(b, false)?;
                self.put(") OVERLAPS (");
                self.expr(x, false)?;
                self.put(", ");
                self.expr(y, false)?;
                self.put("))");
            }
            ("extract", [field, from]) => {
                self.put("EXTRACT(");
                self.word(field)?;
                self.put(" FROM ");
                self.expr(from, false)?;
                self.put(")");
            }
            ("is_normalized", [a, rest @ ..]) => {
                self.put("(");
                self.child(a, false, Shape::Cast, true)?;
                self.put(" IS");
                if let Some(form) = rest.first() {
                    self.put(" ");
                    self.word(form)?;
                }
                self.put(" NORMALIZED)");
            }
            ("pg_collation_for", [a]) => {
                self.put("COLLATION FOR (");
                self.expr(a, false)?;
                self.put(")");
            }
            ("normalize", [a, rest @ ..]) => {
                self.put("NORMALIZE(");
                self.expr(a, false)?;
                if let Some(form) = rest.first() {
                    self.put(", ");
                    self.word(form)?;
                }
                self.put(")");
            }
            ("overlay", [a, by, from, rest @ ..]) => {
                self.put("OVERLAY(");
                self.expr(a, false)?;
                self.put(" PLACING ");
                self.expr(by, false)?;
                self.put(" FROM ");
                self.expr(from, false)?;
                if let Some(n) = rest.first() {
                    self.put(" FOR ");
                    self.expr(n, false)?;
                }
                self.put(")");
            }
            ("xmlexists", [path, data]) => {
                self.put("XMLEXISTS((");
                self.expr(path, false)?;
                self.put(") PASSING (");
                self.expr(data, false)?;
                self.put("))");
            }
            ("position", [text, part]) => {
                self.put("POSITION((");
                self.expr(part, false)?;
                self.put(") IN (");
                self.expr(text, false)?;
                self.put("))");
            }
            ("substring", [a, from, rest @ ..]) => {
                self.put("SUBSTRING(");
                self.expr(a, false)?;
                let similar = c.args.len() == 3 && from.ty.oid != oids::INT4;
                self.put(if similar { " SIMILAR " } else { " FROM " });
                self.expr(from, false)?;
                if let Some(n) = rest.first() {
                    self.put(if similar { " ESCAPE " } else { " FOR " });
                    self.expr(n, false)?;
                }
                self.put(")");
            }
            ("btrim" | "ltrim" | "rtrim", [a, rest @ ..]) => {
                self.put(match name.as_str() {
                    "btrim" => "TRIM(BOTH",
                    "ltrim" => "TRIM(LEADING",
                    _ => "TRIM(TRAILING",
                });
                if let Some(what) = rest.first() {
                    self.put(" ");
                    self.expr(what, false)?;
                }
                self.put(" FROM ");
                self.expr(a, false)?;
                self.put(")");
            }
            ("system_user", []) => self.put("SYSTEM_USER"),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A word that the grammar made a text constant of.
    fn word(&mut self, e: &Expr) -> Result<()> {
        match &e.kind {
            ExprKind::Const(Value::Bytes(b)) => {
                let s = String::from_utf8_lossy(b).into_owned();
                self.put(&s);
                Ok(())
            }
            _ => Err(broken()),
        }
    }
}

/// A call's arguments without the defaults of those that were left out.
fn told_arguments(c: &FuncCall) -> &[Expr] {
    let left_out = |a: &Expr| matches!(&a.kind, ExprKind::NamedArg { name, .. } if name.is_empty());
    &c.args[..c.args.iter().position(left_out).unwrap_or(c.args.len())]
}

fn scope_row_type(d: &Deparse<'_, '_, '_>, at: usize, rte: usize) -> Oid {
    let kind = d.scopes.get(at).and_then(|s| s.query).and_then(|q| q.rtable.get(rte)).map(|r| &r.kind);
    match kind {
        Some(RteKind::Relation { oid, .. }) => d.catalog.relation(*oid).map_or(oids::RECORD, |r| r.row_type),
        _ => oids::RECORD,
    }
}

pub(super) fn broken() -> Error {
    Error::internal("stored expression cannot be shown")
}
