//! Queries (`get_query_def`).

use tusklet_error::{Result, filled};
use tusklet_ir::visit::any;
use tusklet_ir::{
    CommandType, Cte, Expr, ExprKind, FromNode, GroupingSet, JoinKind, LockStrength, LockWait, OnConflict, Overriding,
    Query, Rte, RteKind, SetOpKind, SetOpTree, SortClause, Target,
};

use super::expr::broken;
use super::{Deparse, JOIN, STD, Scope, VAR, entry_names};

impl<'q> Deparse<'q, '_, '_> {
    /// A whole query, one level deeper. `names` are the result's column names where they differ from the targets'.
    /// Without `visible` nobody sees the column names, and none are given.
    pub(super) fn query(&mut self, q: &'q Query, names: Option<&[String]>, visible: bool) -> Result<()> {
        let (level, prefix) = (self.level, self.prefix);
        self.prefix = prefix || !self.scopes.is_empty() || q.rtable.len() != 1;
        let entries = entry_names(q, &self.catalog, &self.scopes);
        let columns = q.rtable.iter().map(|r| self.column_names(r)).collect();
        self.scopes.push(Scope { query: Some(q), names: entries, columns });
        match q.command {
            CommandType::Select => self.select(q, names, visible)?,
            CommandType::Insert => self.insert(q)?,
            CommandType::Update => self.update(q)?,
            CommandType::Delete => self.delete(q)?,
            CommandType::Merge => return Err(tusklet_error::Error::unsupported("showing a stored MERGE")),
        }
        self.scopes.pop();
        self.prefix = prefix;
        self.level = level;
        Ok(())
    }

    /// A query inside another; its indentation starts where the outer one is.
    pub(super) fn subquery(&mut self, q: &'q Query, names: Option<&[String]>, visible: bool) -> Result<()> {
        self.query(q, names, visible)
    }

    /// What an entry's columns are called: as they are now, unless aliases say otherwise.
    fn column_names(&self, r: &Rte) -> Vec<String> {
        let mut names: Vec<String> = r.columns.iter().map(|c| c.name.clone()).collect();
        if let RteKind::Relation { oid, .. } = &r.kind {
            if let Some(rel) = self.catalog.relation(*oid) {
                for (n, c) in names.iter_mut().zip(&rel.columns) {
                    *n = c.name.clone();
                }
                names.extend(rel.columns.iter().skip(names.len()).map(|c| c.name.clone()));
            }
        }
        for (n, a) in names.iter_mut().zip(&r.column_aliases) {
            if !a.is_empty() {
                *n = a.clone();
            }
        }
        names
    }

    fn with(&mut self, q: &'q Query) -> Result<()> {
        if q.ctes.is_empty() {
            return Ok(());
        }
        if self.indenting {
            self.level += STD;
            self.put(" ");
        }
        self.put(if q.recursive { "WITH RECURSIVE " } else { "WITH " });
        for (i, c) in q.ctes.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.cte(c)?;
        }
        if self.indenting {
            self.level -= STD;
            self.keyword("", 0, 0, 0);
        } else {
            self.put(" ");
        }
        Ok(())
    }

    fn cte(&mut self, c: &'q Cte) -> Result<()> {
        self.ident(&c.name);
        if !c.aliases.is_empty() {
            self.names(&c.aliases);
        }
        self.put(match c.materialized {
            None => " AS (",
            Some(true) => " AS MATERIALIZED (",
            Some(false) => " AS NOT MATERIALIZED (",
        });
        self.keyword("", 0, 0, 0);
        self.subquery(&c.query, None, true)?;
        self.keyword("", 0, 0, 0);
        self.put(")");
        Ok(())
    }

    fn names(&mut self, names: &[String]) {
        self.put("(");
        for (i, n) in names.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.ident(n);
        }
        self.put(")");
    }

    fn select(&mut self, q: &'q Query, names: Option<&[String]>, visible: bool) -> Result<()> {
        self.with(q)?;
        let by_position = match &q.set_op {
            Some(t) => {
                self.set_operation(t, q, names, visible)?;
                true
            }
            None => {
                self.basic_select(q, names, visible)?;
                false
            }
        };
        if !q.order_by.is_empty() {
            self.keyword(" ORDER BY ", -STD, STD, 1);
            self.order_by(&q.order_by, &q.targets, by_position)?;
        }
        if let Some(o) = &q.offset {
            self.keyword(" OFFSET ", -STD, STD, 0);
            self.expr(o, false)?;
        }
        if let Some(l) = &q.limit {
            if q.with_ties {
                self.keyword(" FETCH FIRST ", -STD, STD, 0);
                self.put("(");
                self.expr(l, false)?;
                self.put(") ROWS WITH TIES");
            } else {
                self.keyword(" LIMIT ", -STD, STD, 0);
                match &l.kind {
                    ExprKind::Const(v) if v.is_null() => self.put("ALL"),
                    _ => self.expr(l, false)?,
                }
            }
        }
        for m in q.locks.iter().filter(|m| !m.pushed_down) {
            let word = match m.strength {
                LockStrength::KeyShare => " FOR KEY SHARE",
                LockStrength::Share => " FOR SHARE",
                LockStrength::NoKeyUpdate => " FOR NO KEY UPDATE",
                LockStrength::Update => " FOR UPDATE",
            };
            self.keyword(word, -STD, STD, 0);
            let name = self.scopes.last().and_then(|s| s.names.get(m.rte as usize)).cloned().unwrap_or_default();
            self.put(" OF ");
            self.ident(&name);
            self.put(match m.wait {
                LockWait::Block => "",
                LockWait::SkipLocked => " SKIP LOCKED",
                LockWait::Error => " NOWAIT",
            });
        }
        Ok(())
    }

    /// VALUES alone: one VALUES entry in FROM, its columns the targets, nothing else.
    fn simple_values(q: &Query) -> Option<&Vec<Vec<Expr>>> {
        let mut found = None;
        for (i, r) in q.rtable.iter().enumerate() {
            match &r.kind {
                RteKind::Values { rows } if r.in_from && found.is_none() => found = Some((i, rows)),
                _ if !r.in_from => {}
                _ => return None,
            }
        }
        let (at, rows) = found?;
        let width = rows.first().map_or(0, Vec::len);
        let plain = q.targets.len() == width
            && q.targets.iter().enumerate().all(|(n, t)| {
                !t.junk
                    && matches!(&t.expr.kind, ExprKind::Var(v) if v.rte as usize == at && v.attno as usize == n + 1 && v.level == 0)
                    && t.name == format!("column{}", n + 1)
            });
        (plain && q.rtable[at].alias.is_empty()).then_some(rows)
    }

    fn values(&mut self, rows: &'q [Vec<Expr>]) -> Result<()> {
        self.put("VALUES ");
        for (i, r) in rows.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.put("(");
            for (j, e) in r.iter().enumerate() {
                if j > 0 {
                    self.put(",");
                }
                self.expr(e, false)?;
            }
            self.put(")");
        }
        Ok(())
    }

    fn basic_select(&mut self, q: &'q Query, names: Option<&[String]>, visible: bool) -> Result<()> {
        if self.indenting {
            self.level += STD;
            self.put(" ");
        }
        if q.filter.is_none() && q.group_by.is_empty() {
            if let Some(rows) = Self::simple_values(q) {
                return self.values(rows);
            }
        }
        self.put("SELECT");
        if let Some(d) = &q.distinct {
            if d.on {
                self.put(" DISTINCT ON (");
                for (i, c) in d.items.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.sort_item(c, &q.targets, false)?;
                }
                self.put(")");
            } else {
                self.put(" DISTINCT");
            }
        }
        self.target_list(&q.targets, names, visible)?;
        self.from(q, " FROM ")?;
        if let Some(w) = &q.filter {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.expr(w, false)?;
        }
        if !q.group_by.is_empty() || !q.grouping_written.is_empty() {
            self.keyword(" GROUP BY ", -STD, STD, 1);
            if q.group_distinct {
                self.put("DISTINCT ");
            }
            if q.grouping_written.is_empty() {
                for (i, c) in q.group_by.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.sort_item(c, &q.targets, false)?;
                }
            } else {
                for (i, g) in q.grouping_written.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.grouping_set(g, q, true)?;
                }
            }
        }
        if let Some(h) = &q.having {
            self.keyword(" HAVING ", -STD, STD, 0);
            self.expr(h, false)?;
        }
        let mut first = true;
        for w in q.windows.iter().filter(|w| !w.name.is_empty()) {
            if first {
                self.keyword(" WINDOW ", -STD, STD, 1);
            } else {
                self.put(", ");
            }
            first = false;
            self.ident(&w.name);
            self.put(" AS ");
            self.window_spec(w, q)?;
        }
        Ok(())
    }

    fn grouping_set(&mut self, g: &'q GroupingSet, q: &'q Query, omit: bool) -> Result<()> {
        let inner = |d: &mut Self, word: &str, sets: &'q [GroupingSet], bare: bool| -> Result<()> {
            d.put(word);
            d.put("(");
            for (i, s) in sets.iter().enumerate() {
                if i > 0 {
                    d.put(", ");
                }
                d.grouping_set(s, q, bare)?;
            }
            d.put(")");
            Ok(())
        };
        match g {
            GroupingSet::Empty => self.put("()"),
            GroupingSet::Simple(refs) => {
                let parens = !omit || refs.len() != 1;
                self.put(if parens { "(" } else { "" });
                for (i, r) in refs.iter().enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    self.sort_ref(*r, &q.targets, false)?;
                }
                self.put(if parens { ")" } else { "" });
            }
            GroupingSet::Rollup(s) => inner(self, "ROLLUP", s, true)?,
            GroupingSet::Cube(s) => inner(self, "CUBE", s, true)?,
            GroupingSet::Sets(s) => inner(self, "GROUPING SETS ", s, false)?,
        }
        Ok(())
    }

    /// An item of ORDER BY, GROUP BY, DISTINCT ON: the target it refers to, in parentheses where it could be misread.
    pub(super) fn sort_item(&mut self, c: &SortClause, targets: &'q [Target], by_position: bool) -> Result<()> {
        self.sort_ref(c.target, targets, by_position)
    }

    fn sort_ref(&mut self, r: u32, targets: &'q [Target], by_position: bool) -> Result<()> {
        let Some((at, t)) = targets.iter().enumerate().find(|(_, t)| t.sort_ref == r) else { return Err(broken()) };
        if by_position {
            self.put(&(at + 1).to_string());
            return Ok(());
        }
        match &t.expr.kind {
            ExprKind::Const(v) => self.constant(v, &t.expr, 1),
            ExprKind::Var(_) => self.expr(&t.expr, true),
            k => {
                let call = matches!(k, ExprKind::Call(c) if c.op == 0);
                let need = self.paren || call || matches!(k, ExprKind::Aggregate(_) | ExprKind::Window(_));
                self.put(if need { "(" } else { "" });
                self.expr(&t.expr, true)?;
                self.put(if need { ")" } else { "" });
                Ok(())
            }
        }
    }

    pub(super) fn order_by(&mut self, items: &'q [SortClause], targets: &'q [Target], by_position: bool) -> Result<()> {
        for (i, c) in items.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            self.sort_item(c, targets, by_position)?;
            let ty = targets.iter().find(|t| t.sort_ref == c.target).map_or(0, |t| t.expr.ty.oid);
            let known = self.catalog.sort_operators(ty);
            if c.sort_op == known.lt || c.sort_op == 0 {
                self.put(if c.nulls_first { " NULLS FIRST" } else { "" });
            } else if c.sort_op == known.gt {
                self.put(" DESC");
                self.put(if c.nulls_first { "" } else { " NULLS LAST" });
            } else {
                let name = self.catalog.operator(c.sort_op).map(|o| o.name.clone()).unwrap_or_default();
                self.put(&filled!(" USING {}"; name));
                self.put(if c.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
            }
        }
        Ok(())
    }

    /// Appends `piece`, on a new line where the line would get too long or `new_line` demands it.
    fn wrapped(&mut self, piece: String, may_break: bool, new_line: bool) {
        if self.indenting && self.wrap >= 0 {
            if piece.starts_with('\n') {
                self.trim_spaces();
            } else {
                let line = self.out.len() - self.out.rfind('\n').map_or(0, |i| i + 1);
                if may_break && (line + piece.len() > self.wrap as usize || new_line) {
                    self.keyword("", -STD, STD, VAR);
                }
            }
        }
        self.put(&piece);
    }

    fn target_list(&mut self, targets: &'q [Target], names: Option<&[String]>, visible: bool) -> Result<()> {
        let mut several_lines = false;
        for (n, t) in targets.iter().filter(|t| !t.junk).enumerate() {
            self.put(if n == 0 { " " } else { ", " });
            let outer = std::mem::take(&mut self.out);
            let own = match &t.expr.kind {
                ExprKind::Var(v) => self.var(v, 0, true)?,
                _ => {
                    self.expr(&t.expr, true)?;
                    // `?column?` is what nobody sees, and what a column without a name gets.
                    if visible { None } else { Some("?column?".to_string()) }
                }
            };
            let name = names.and_then(|l| l.get(n)).unwrap_or(&t.name);
            if own.as_ref() != Some(name) && !name.is_empty() {
                self.put(" AS ");
                self.ident(name);
            }
            let piece = std::mem::replace(&mut self.out, outer);
            let breaks = piece.trim_start_matches('\n').contains('\n');
            self.wrapped(piece, n > 0, several_lines);
            several_lines = breaks;
        }
        Ok(())
    }

    fn from(&mut self, q: &'q Query, word: &str) -> Result<()> {
        let mut first = true;
        for item in &q.from {
            if let FromNode::Ref(r) = item {
                if q.rtable.get(*r as usize).is_none_or(|r| !r.in_from || matches!(r.kind, RteKind::Result)) {
                    continue;
                }
            }
            if first {
                self.keyword(word, -STD, STD, 2);
                self.from_item(item, q)?;
            } else {
                self.put(", ");
                let outer = std::mem::take(&mut self.out);
                self.from_item(item, q)?;
                let piece = std::mem::replace(&mut self.out, outer);
                self.wrapped(piece, true, false);
            }
            first = false;
        }
        Ok(())
    }

    fn from_item(&mut self, item: &'q FromNode, q: &'q Query) -> Result<()> {
        match item {
            FromNode::Ref(r) => self.entry(*r, q),
            FromNode::Join { kind, left, right, on, rte, using, natural } => {
                let entry = q.rtable.get(*rte as usize).ok_or_else(broken)?;
                // NATURAL is shown as the USING it came to.
                let merged = match (&entry.kind, natural) {
                    (RteKind::Join { merged, .. }, true) => *merged as usize,
                    _ => 0,
                };
                let natural_columns: Vec<String> = entry.columns.iter().take(merged).map(|c| c.name.clone()).collect();
                let using = if using.is_empty() { &natural_columns } else { using };
                let aliased = !entry.alias.is_empty();
                let around = !self.paren || aliased;
                self.put(if around { "(" } else { "" });
                self.from_item(left, q)?;
                match kind {
                    JoinKind::Inner if on.is_some() || !using.is_empty() => self.keyword(" JOIN ", -STD, STD, JOIN),
                    JoinKind::Inner => self.keyword(" CROSS JOIN ", -STD, STD, JOIN),
                    JoinKind::Left => self.keyword(" LEFT JOIN ", -STD, STD, JOIN),
                    JoinKind::Right => self.keyword(" RIGHT JOIN ", -STD, STD, JOIN),
                    JoinKind::Full => self.keyword(" FULL JOIN ", -STD, STD, JOIN),
                    JoinKind::Semi | JoinKind::Anti => return Err(broken()),
                }
                let nested = match &**right {
                    FromNode::Join { rte, .. } => {
                        self.paren && q.rtable.get(*rte as usize).is_none_or(|r| r.alias.is_empty())
                    }
                    FromNode::Ref(_) => false,
                };
                self.put(if nested { "(" } else { "" });
                self.from_item(right, q)?;
                self.put(if nested { ")" } else { "" });
                if !using.is_empty() {
                    self.put(" USING ");
                    self.names(using);
                    if let RteKind::Join { using_alias, .. } = &entry.kind {
                        if !using_alias.is_empty() {
                            self.put(" AS ");
                            self.ident(using_alias);
                        }
                    }
                } else if let Some(on) = on {
                    self.put(" ON ");
                    self.put(if self.paren { "" } else { "(" });
                    self.expr(on, false)?;
                    self.put(if self.paren { "" } else { ")" });
                } else if *kind != JoinKind::Inner {
                    self.put(" ON TRUE");
                }
                self.put(if around { ")" } else { "" });
                if aliased {
                    self.put(" ");
                    self.ident(&entry.alias);
                    if !entry.column_aliases.is_empty() {
                        self.names(&entry.column_aliases);
                    }
                }
                Ok(())
            }
        }
    }

    fn entry(&mut self, at: u32, q: &'q Query) -> Result<()> {
        let r = q.rtable.get(at as usize).ok_or_else(broken)?;
        let known = self.scopes.last().and_then(|s| s.names.get(at as usize)).cloned().unwrap_or_default();
        // A function is lateral by nature; the word is shown where it is made use of.
        let lateral = match &r.kind {
            RteKind::Function { functions, .. } => functions
                .iter()
                .any(|f| any(&f.expr, &mut |e| matches!(&e.kind, ExprKind::Var(v) if v.level == 0))),
            _ => r.lateral,
        };
        if lateral {
            self.put("LATERAL ");
        }
        let mut definitions = false;
        let (show_alias, show_columns) = match &r.kind {
            RteKind::Relation { oid, .. } => {
                if !r.inherit && self.catalog.relation(*oid).is_some_and(|r| !r.children.is_empty()) {
                    self.put("ONLY ");
                }
                let name = self.relation_name(*oid);
                self.put(&name);
                let own = self.catalog.relation(*oid).map(|r| r.name.clone()).unwrap_or_default();
                (!r.alias.is_empty() || known != own, !r.column_aliases.is_empty())
            }
            RteKind::Subquery { query, view } if *view != 0 => {
                let _ = query;
                let name = self.relation_name(*view);
                self.put(&name);
                let own = self.catalog.relation(*view).map(|r| r.name.clone()).unwrap_or_default();
                (!r.alias.is_empty() || known != own, !r.column_aliases.is_empty())
            }
            RteKind::Subquery { query, .. } => {
                self.put("(");
                self.subquery(query, None, true)?;
                self.put(")");
                (true, !r.column_aliases.is_empty())
            }
            RteKind::Function { functions, ordinality } => {
                let single = functions.len() == 1 && !(functions[0].coldeflist && *ordinality);
                if single {
                    self.expr(&functions[0].expr, true)?;
                    definitions = functions[0].coldeflist;
                } else {
                    self.put("ROWS FROM(");
                    for (i, f) in functions.iter().enumerate() {
                        if i > 0 {
                            self.put(", ");
                        }
                        self.expr(&f.expr, true)?;
                    }
                    self.put(")");
                }
                if *ordinality {
                    self.put(" WITH ORDINALITY");
                }
                // XMLTABLE has its columns with it, and a name of its own.
                let table = matches!(functions.as_slice(), [f] if matches!(f.expr.kind, ExprKind::XmlTable(_)));
                definitions &= !table;
                (!table || !r.alias.is_empty(), !table || !r.column_aliases.is_empty())
            }
            RteKind::Values { rows } => {
                self.put("(");
                self.values(rows)?;
                self.put(")");
                (true, !r.column_aliases.is_empty())
            }
            RteKind::Cte { name, .. } => {
                self.ident(name);
                (!r.alias.is_empty() || known != *name, !r.column_aliases.is_empty())
            }
            RteKind::Join { .. } | RteKind::Result | RteKind::Literals(_) => return Err(broken()),
        };
        if show_alias {
            self.put(" ");
            self.ident(&known);
        }
        if definitions {
            self.put("(");
            for (i, c) in r.columns.iter().enumerate() {
                self.put(if i > 0 { ", " } else { "" });
                self.ident(&c.name);
                self.put(" ");
                self.ty(c.ty.oid, c.ty.typmod);
            }
            self.put(")");
        } else if show_columns {
            let names = self.scopes.last().and_then(|s| s.columns.get(at as usize)).cloned().unwrap_or_default();
            let shown: Vec<String> = names.into_iter().filter(|n| !n.is_empty()).collect();
            self.names(&shown);
        }
        if let RteKind::Relation { sample: Some(s), .. } = &r.kind {
            let method = self.catalog.proc(s.method).map(|p| p.name.clone()).unwrap_or_default();
            self.put(&filled!(" TABLESAMPLE {} ("; method));
            self.list(&s.args, false)?;
            self.put(")");
            if let Some(e) = &s.repeatable {
                self.put(" REPEATABLE (");
                self.expr(e, false)?;
                self.put(")");
            }
        }
        Ok(())
    }

    fn set_operation(&mut self, t: &'q SetOpTree, q: &'q Query, names: Option<&[String]>, visible: bool) -> Result<()> {
        match t {
            SetOpTree::Leaf(r) => {
                let Some(RteKind::Subquery { query, .. }) = q.rtable.get(*r as usize).map(|r| &r.kind) else {
                    return Err(broken());
                };
                let need = !query.ctes.is_empty()
                    || !query.order_by.is_empty()
                    || !query.locks.is_empty()
                    || query.limit.is_some()
                    || query.offset.is_some();
                self.put(if need { "(" } else { "" });
                self.subquery(query, names, visible)?;
                self.put(if need { ")" } else { "" });
                Ok(())
            }
            SetOpTree::Op { kind, all, left, right, .. } => {
                let need = matches!(&**left, SetOpTree::Op { kind: k, all: a, .. } if k != kind || a != all);
                let mut sub = 0;
                if need {
                    self.put("(");
                    sub = STD;
                    self.keyword("", sub, 0, 0);
                }
                self.set_operation(left, q, names, visible)?;
                if need {
                    self.keyword(") ", -sub, 0, 0);
                } else if self.indenting {
                    self.keyword("", -sub, 0, 0);
                } else {
                    self.put(" ");
                }
                self.put(match kind {
                    SetOpKind::Union => "UNION ",
                    SetOpKind::Intersect => "INTERSECT ",
                    SetOpKind::Except => "EXCEPT ",
                });
                self.put(if *all { "ALL " } else { "" });
                let nested = matches!(&**right, SetOpTree::Op { .. });
                let sub = if nested { STD } else { 0 };
                self.put(if nested { "(" } else { "" });
                self.keyword("", sub, 0, 0);
                self.set_operation(right, q, names, false)?;
                if self.indenting {
                    self.level -= sub;
                }
                if nested {
                    self.keyword(")", 0, 0, 0);
                }
                Ok(())
            }
        }
    }

    /// The table a data-modifying query writes to, with its alias.
    fn target_table(&mut self, q: &'q Query, insert: bool) -> Result<()> {
        let at = q.result_rel.ok_or_else(broken)?;
        let r = q.rtable.get(at as usize).ok_or_else(broken)?;
        let RteKind::Relation { oid, .. } = &r.kind else { return Err(broken()) };
        let name = self.relation_name(*oid);
        self.put(&name);
        if !r.alias.is_empty() {
            self.put(if insert { " AS " } else { " " });
            self.ident(&r.alias);
        }
        if insert {
            self.put(" ");
        }
        Ok(())
    }

    fn insert(&mut self, q: &'q Query) -> Result<()> {
        self.with(q)?;
        if self.indenting {
            self.level += STD;
            self.put(" ");
        }
        self.put("INSERT INTO ");
        self.target_table(q, true)?;
        let assigned: Vec<&'q Target> = q.targets.iter().filter(|t| !t.junk).collect();
        if !assigned.is_empty() {
            let names: Vec<String> = assigned.iter().map(|t| t.name.clone()).collect();
            self.names(&names);
            self.put(" ");
        }
        self.put(match q.overriding {
            Overriding::None => "",
            Overriding::System => "OVERRIDING SYSTEM VALUE ",
            Overriding::User => "OVERRIDING USER VALUE ",
        });
        let source = q.rtable.iter().filter(|r| r.in_from).find_map(|r| match &r.kind {
            RteKind::Subquery { query, .. } => Some((Some(&**query), None)),
            RteKind::Values { rows } => Some((None, Some(rows))),
            _ => None,
        });
        match source {
            Some((Some(s), _)) => self.subquery(s, None, false)?,
            Some((_, Some(rows))) => {
                self.keyword("", -STD, STD, 2);
                self.values(rows)?;
            }
            _ if assigned.is_empty() => self.put("DEFAULT VALUES"),
            _ => {
                self.keyword("VALUES (", -STD, STD, 2);
                for (i, t) in assigned.iter().enumerate() {
                    self.put(if i > 0 { ", " } else { "" });
                    self.expr(&t.expr, false)?;
                }
                self.put(")");
            }
        }
        if let Some(c) = &q.on_conflict {
            self.on_conflict(c)?;
        }
        self.returning(q)
    }

    fn on_conflict(&mut self, c: &'q OnConflict) -> Result<()> {
        self.put(" ON CONFLICT");
        if !c.elements.is_empty() {
            self.put("(");
            let prefix = std::mem::replace(&mut self.prefix, false);
            for (i, e) in c.elements.iter().enumerate() {
                self.put(if i > 0 { ", " } else { "" });
                let bare = matches!(e.kind, ExprKind::Var(_)) || matches!(&e.kind, ExprKind::Call(c) if c.op == 0);
                self.put(if bare { "" } else { "(" });
                self.expr(e, false)?;
                self.put(if bare { "" } else { ")" });
            }
            self.put(")");
            if let Some(p) = &c.predicate {
                self.keyword(" WHERE ", -STD, STD, 1);
                self.expr(p, false)?;
            }
            self.prefix = prefix;
        } else if c.constraint != 0 {
            let name = self
                .catalog
                .user_relations()
                .find_map(|r| r.constraints.iter().find(|k| k.oid == c.constraint).map(|k| k.name.clone()))
                .unwrap_or_default();
            self.put(" ON CONSTRAINT ");
            self.ident(&name);
        }
        if !c.update {
            self.put(" DO NOTHING");
            return Ok(());
        }
        self.put(" DO UPDATE SET ");
        self.assignments(&c.set)?;
        if let Some(f) = &c.filter {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.expr(f, false)?;
        }
        Ok(())
    }

    fn assignments(&mut self, set: &'q [Target]) -> Result<()> {
        for (i, t) in set.iter().filter(|t| !t.junk).enumerate() {
            self.put(if i > 0 { ", " } else { "" });
            self.ident(&t.name);
            self.put(" = ");
            self.expr(&t.expr, false)?;
        }
        Ok(())
    }

    fn returning(&mut self, q: &'q Query) -> Result<()> {
        if q.returning.is_empty() {
            return Ok(());
        }
        self.keyword(" RETURNING", -STD, STD, 1);
        self.target_list(&q.returning, None, true)
    }

    fn update(&mut self, q: &'q Query) -> Result<()> {
        self.with(q)?;
        if self.indenting {
            self.put(" ");
            self.level += STD;
        }
        self.put("UPDATE ");
        self.target_table(q, false)?;
        self.put(" SET ");
        self.assignments(&q.targets)?;
        self.from_others(q, " FROM ")?;
        if let Some(w) = &q.filter {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.expr(w, false)?;
        }
        self.returning(q)
    }

    fn delete(&mut self, q: &'q Query) -> Result<()> {
        self.with(q)?;
        if self.indenting {
            self.put(" ");
            self.level += STD;
        }
        self.put("DELETE FROM ");
        self.target_table(q, false)?;
        self.from_others(q, " USING ")?;
        if let Some(w) = &q.filter {
            self.keyword(" WHERE ", -STD, STD, 1);
            self.expr(w, false)?;
        }
        self.returning(q)
    }

    /// FROM without the table that is written to.
    fn from_others(&mut self, q: &'q Query, word: &str) -> Result<()> {
        let mut first = true;
        for item in &q.from {
            if matches!(item, FromNode::Ref(r) if Some(*r) == q.result_rel) {
                continue;
            }
            if first {
                self.keyword(word, -STD, STD, 2);
            } else {
                self.put(", ");
            }
            first = false;
            self.from_item(item, q)?;
        }
        Ok(())
    }
}
