//! Names of tables and columns: the range table, the namespace, and what a reference finds (`parse_relation.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{RelKind, Relation};
use tusklet_error::{Error, Result, Span, bail, err, filled};
use tusklet_ir::{Expr, ExprKind, Oid, Rte, RteColumn, RteKind, TypeRef, Var};
use tusklet_syntax::ast;

use crate::parse_func::{Arg, CallSyntax};
use crate::parse_node::{Analyzer, Clause, NsColumn, NsItem, lookup_failed};

/// A composite value's columns: names, types, collations.
pub type TupleColumns = Vec<(String, TypeRef, Oid)>;

impl Analyzer<'_> {
    /// A column reference, or a whole row by its table's name (`transformColumnRef`).
    pub fn column_ref(&mut self, c: &ast::ColumnRef) -> Result<Expr> {
        let ast::ColumnRef { fields, star, span } = c;
        let span = *span;
        match self.ps().clause {
            Clause::ColumnDefault => {
                return Err(err!(FEATURE_NOT_SUPPORTED, "cannot use column reference in DEFAULT expression").at(span));
            }
            Clause::PartitionBound => {
                return Err(
                    err!(FEATURE_NOT_SUPPORTED, "cannot use column reference in partition bound expression").at(span)
                );
            }
            _ => {}
        }
        if *star && fields.is_empty() {
            return Err(err!(SYNTAX_ERROR, "row expansion via \"*\" is not supported here").at(span));
        }
        let found = self.column_ref_found(fields, *star, span);
        let hook = self.cx.column_hook(fields, found.as_ref().is_ok_and(|f| f.is_some()))?;
        if let Some(mut e) = hook {
            if matches!(&found, Ok(Some(_))) {
                return Err(err!(AMBIGUOUS_COLUMN, "column reference \"{}\" is ambiguous"; fields.join(".")).at(span));
            }
            e.span = span;
            return Ok(e);
        }
        match found? {
            Some(e) => Ok(e),
            None => Err(self.missing_column_ref(fields, *star, span)),
        }
    }

    fn column_ref_found(&mut self, fields: &[String], star: bool, span: Span) -> Result<Option<Expr>> {
        let (table, column): (&[String], Option<&str>) = match (fields, star) {
            ([name], false) => {
                if let (Some((ty, collation)), "value") = (self.domain_value, name.as_str()) {
                    return Ok(Some(Expr::make(ExprKind::DomainValue, ty, collation, span)));
                }
                if let Some(e) = self.col_name_to_var(name, false, span)? {
                    return Ok(Some(e));
                }
                // A table's name alone is its whole row.
                return match self.refname_item(None, name, span)? {
                    Some((item, level)) => self.whole_row(&item, level, span).map(Some),
                    None => Ok(None),
                };
            }
            (f, true) => (f, None),
            ([t @ .., c], false) => (t, Some(c)),
            ([], false) => return Ok(None),
        };
        let (schema, name) = match table {
            [t] => (None, t),
            [s, t] => (Some(s), t),
            [d, s, t] => {
                if *d != self.cx.database() {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}"; shown(fields, star)
                    )
                    .at(span));
                }
                (Some(s), t)
            }
            _ => {
                return Err(err!(
                    SYNTAX_ERROR, "improper qualified name (too many dotted names): {}"; shown(fields, star)
                )
                .at(span));
            }
        };
        let Some((item, level)) = self.refname_item(schema.map(|s| s.as_str()), name, span)? else { return Ok(None) };
        let Some(column) = column else { return self.whole_row(&item, level, span).map(Some) };
        if let Some(e) = self.scan_item_for_column(&item, level, column, span)? {
            return Ok(Some(e));
        }
        // Perhaps a function of the whole row.
        let row = self.whole_row(&item, level, span)?;
        let last_srf = self.ps().srf_count;
        let syntax = CallSyntax { column: true, ..CallSyntax::default() };
        self.parse_func_or_column(&[column.to_string()], vec![Arg::positional(row)], last_srf, &syntax, span)
    }

    fn missing_column_ref(&mut self, fields: &[String], star: bool, span: Span) -> Error {
        match (fields, star) {
            ([name], false) => self.missing_column(None, name, span),
            _ => {
                let (table, column) = match (fields, star) {
                    (f, true) => (f, None),
                    ([t @ .., c], _) => (t, Some(c)),
                    ([], _) => return Error::internal("empty column reference"),
                };
                let (schema, name) = match table {
                    [.., s, t] => (Some(s.as_str()), t.as_str()),
                    [t] => (None, t.as_str()),
                    [] => (None, ""),
                };
                match (self.refname_item(schema, name, span), column) {
                    (Ok(Some(_)), Some(c)) => self.missing_column(Some(name), c, span),
                    (Err(e), _) => e,
                    _ => self.missing_rte(schema, name, span),
                }
            }
        }
    }

    /// The namespace item a table name means, and how many levels out it is (`refnameNamespaceItem`).
    pub fn refname_item(&mut self, schema: Option<&str>, name: &str, span: Span) -> Result<Option<(NsItem, u32)>> {
        let relation = match schema {
            Some(s) => match self.cat.lookup_relation(&self.path, Some(s), name) {
                Some(o) => o,
                None => return Ok(None),
            },
            None => 0,
        };
        for up in 0..self.states.len() as u32 {
            let ps = self.level(up);
            let mut found: Option<NsItem> = None;
            for item in &ps.namespace {
                if !item.rel_visible || (item.lateral_only && !ps.lateral_active) {
                    continue;
                }
                let hit = if schema.is_some() { item.relation == relation } else { item.name == name };
                if !hit {
                    continue;
                }
                if found.is_some() {
                    let e = if schema.is_some() {
                        err!(AMBIGUOUS_ALIAS, "table reference {relation} is ambiguous")
                    } else {
                        err!(AMBIGUOUS_ALIAS, "table reference \"{}\" is ambiguous"; name)
                    };
                    return Err(e.at(span));
                }
                found = Some(item.clone());
            }
            if let Some(item) = found {
                self.check_lateral_ref(&item, up, span)?;
                return Ok(Some((item, up)));
            }
        }
        Ok(None)
    }

    fn check_lateral_ref(&mut self, item: &NsItem, up: u32, span: Span) -> Result<()> {
        if item.lateral_only && !item.lateral_ok {
            let is_target = self.level(up).target.as_ref().is_some_and(|t| t.rte == item.rte);
            let e = err!(
                INVALID_COLUMN_REFERENCE, "invalid reference to FROM-clause entry for table \"{}\""; item.name
            );
            return Err(if is_target {
                e.hint(filled!(
                    "There is an entry for table \"{}\", but it cannot be referenced from this part of the query.";
                    item.name
                ))
            } else {
                e.detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
            }
            .at(span));
        }
        Ok(())
    }

    /// A column by its unqualified name; with `local`, of this query level only (`colNameToVar`).
    pub fn col_name_to_var(&mut self, name: &str, local: bool, span: Span) -> Result<Option<Expr>> {
        let levels = if local { 1 } else { self.states.len() as u32 };
        for up in 0..levels {
            let ps = self.level(up);
            let active = ps.lateral_active;
            let items: Vec<NsItem> = ps
                .namespace
                .iter()
                .filter(|i| i.cols_visible && (!i.lateral_only || active))
                .filter(|i| i.columns.iter().any(|c| c.name == name) || builtin::system_attribute(name).is_some())
                .cloned()
                .collect();
            let mut found = None;
            for item in items {
                if let Some(e) = self.scan_item_for_column(&item, up, name, span)? {
                    if found.is_some() {
                        return Err(err!(AMBIGUOUS_COLUMN, "column reference \"{}\" is ambiguous"; name).at(span));
                    }
                    self.check_lateral_ref(&item, up, span)?;
                    found = Some(e);
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// A column of one namespace item (`scanNSItemForColumn`).
    pub fn scan_item_for_column(&mut self, item: &NsItem, level: u32, name: &str, span: Span) -> Result<Option<Expr>> {
        let mut hits = item.columns.iter().filter(|c| c.name == name && !name.is_empty());
        if let Some(c) = hits.next() {
            if hits.next().is_some() {
                return Err(err!(AMBIGUOUS_COLUMN, "column reference \"{}\" is ambiguous"; name).at(span));
            }
            let c = c.clone();
            let e = self.make_var(&c, level, span);
            return Ok(Some(e));
        }
        let Some((attno, ty)) = builtin::system_attribute(name) else { return Ok(None) };
        let rel = match &self.level(level).rtable[item.rte as usize].kind {
            RteKind::Relation { oid, .. } => *oid,
            _ => return Ok(None),
        };
        let r = self.cat.relation(rel).ok_or_else(|| lookup_failed("relation", rel))?;
        if matches!(r.kind, RelKind::View | RelKind::Composite | RelKind::Index | RelKind::PartitionedIndex) {
            return Ok(None);
        }
        match self.ps().clause {
            Clause::CheckConstraint if attno != -6 => {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE, "system column \"{}\" reference in check constraint is invalid"; name
                )
                .at(span));
            }
            Clause::GeneratedColumn if attno != -6 => {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE, "cannot use system column \"{}\" in column generation expression"; name
                )
                .at(span));
            }
            Clause::MergeWhen if attno != -6 => {
                return Err(err!(
                    INVALID_COLUMN_REFERENCE, "cannot use system column \"{}\" in MERGE WHEN condition"; name
                )
                .at(span));
            }
            _ => {}
        }
        Ok(Some(Expr::make(ExprKind::Var(Var { rte: item.rte, attno, level }), TypeRef::new(ty), 0, span)))
    }

    /// A field of a whole row, as the column it is.
    pub fn whole_row_column(&mut self, v: &Var, name: &str, span: Span) -> Result<Option<Expr>> {
        let rte = &self.level(v.level).rtable[v.rte as usize];
        let columns = ns_columns(v.rte, &rte.columns);
        // A join's columns are those of what it joins.
        let item = NsItem {
            name: rte.name.clone(),
            rte: v.rte,
            relation: 0,
            columns: Rc::new(columns),
            rel_visible: true,
            cols_visible: true,
            lateral_only: false,
            lateral_ok: true,
        };
        self.scan_item_for_column(&item, v.level, name, span)
    }

    /// A whole row (`transformWholeRowRef`).
    pub fn whole_row(&mut self, item: &NsItem, level: u32, span: Span) -> Result<Expr> {
        let rte = self.level(level).rtable[item.rte as usize].clone();
        if let RteKind::Join { using_alias, .. } = &rte.kind {
            if *using_alias == item.name && rte.name != item.name {
                // JOIN … USING (…) AS name: a row of the merged columns only.
                let fields: Vec<Expr> = item.columns.iter().map(|c| self.make_var(c, level, span)).collect();
                let names = item.columns.iter().map(|c| c.name.clone()).collect();
                return Ok(Expr::make(ExprKind::Row { fields, names }, TypeRef::new(oids::RECORD), 0, span));
            }
        }
        let mut attno = 0;
        let mut ty = TypeRef::new(oids::RECORD);
        let mut collation = 0;
        match &rte.kind {
            RteKind::Relation { oid, .. } => {
                let r = self.cat.relation(*oid).ok_or_else(|| lookup_failed("relation", *oid))?;
                if r.row_type == 0 {
                    return Err(
                        err!(WRONG_OBJECT_TYPE, "relation \"{}\" does not have a composite type"; r.name).at(span)
                    );
                }
                ty = TypeRef::new(r.row_type);
            }
            RteKind::Function { functions, ordinality } if functions.len() == 1 && !ordinality => {
                let t = functions[0].expr.ty;
                if self.is_rowtype(t.oid) {
                    ty = TypeRef::new(t.oid);
                } else if let Some(c) = rte.columns.first() {
                    // A function that gives plain values: the row is the value.
                    attno = 1;
                    ty = c.ty;
                    collation = c.collation;
                }
            }
            RteKind::Subquery { .. }
            | RteKind::Join { .. }
            | RteKind::Function { .. }
            | RteKind::Values { .. }
            | RteKind::Cte { .. }
            | RteKind::Result
            | RteKind::Literals(_) => {}
        }
        Ok(Expr::make(ExprKind::Var(Var { rte: item.rte, attno, level }), ty, collation, span))
    }

    /// The columns of a composite value, `None` when it has none that are known (`get_expr_result_tupdesc`).
    pub fn tuple_columns(&mut self, e: &Expr) -> Result<Option<TupleColumns>> {
        let rel = self.cat.type_relation(e.ty.oid);
        if rel != 0 {
            let r = self.cat.relation(rel).ok_or_else(|| lookup_failed("relation", rel))?;
            return Ok(Some(relation_columns(&r)));
        }
        if e.ty.oid != oids::RECORD {
            return Ok(None);
        }
        match &e.kind {
            ExprKind::Row { fields, names } => {
                Ok(Some(names.iter().zip(fields).map(|(n, f)| (n.clone(), f.ty, f.collation)).collect()))
            }
            ExprKind::Call(c) => self.function_out_columns(c.func, &c.args),
            ExprKind::Var(v) if v.attno == 0 => {
                let Some(rte) = self.level(v.level).rtable.get(v.rte as usize) else { return Ok(None) };
                Ok(Some(
                    rte.columns
                        .iter()
                        .filter(|c| !c.name.is_empty())
                        .map(|c| (c.name.clone(), c.ty, c.collation))
                        .collect(),
                ))
            }
            ExprKind::Var(v) => {
                // A record that a subquery's column carries: look at how the column is made (`expandRecordVariable`).
                let Some(rte) = self.level(v.level).rtable.get(v.rte as usize).cloned() else { return Ok(None) };
                match rte.kind {
                    RteKind::Subquery { query, .. } => {
                        let Some(t) = query.targets.iter().filter(|t| !t.junk).nth(v.attno.max(1) as usize - 1).cloned()
                        else {
                            return Ok(None);
                        };
                        self.tuple_columns_in(v.level, &query, &t.expr)
                    }
                    RteKind::Cte { name, level, .. } => {
                        let up = v.level + level;
                        let q = self.level(up).ctes.iter().find(|c| c.cte.name == name && c.done).map(|c| c.cte.query.clone());
                        let Some(q) = q else { return Ok(None) };
                        let Some(t) = q.targets.iter().filter(|t| !t.junk).nth(v.attno.max(1) as usize - 1).cloned() else {
                            return Ok(None);
                        };
                        self.tuple_columns_in(up, &q, &t.expr)
                    }
                    RteKind::Join { columns, .. } => match columns.get(v.attno.max(1) as usize - 1) {
                        Some(e) => self.tuple_columns(&e.clone()),
                        None => Ok(None),
                    },
                    RteKind::Values { rows } => match rows.first().and_then(|r| r.get(v.attno.max(1) as usize - 1)) {
                        Some(e) => self.tuple_columns(&e.clone()),
                        None => Ok(None),
                    },
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// The same of an expression of a query that stands `up` levels out: the levels within that one are not its own.
    fn tuple_columns_in(&mut self, up: u32, query: &tusklet_ir::Query, e: &Expr) -> Result<Option<TupleColumns>> {
        let keep = self.states.len().saturating_sub(up as usize);
        let inner = self.states.split_off(keep);
        self.push();
        self.ps().rtable = query.rtable.clone();
        let known = |cte: &tusklet_ir::Cte| crate::parse_node::CteState {
            cte: cte.clone(),
            done: true,
            columns_known: true,
            no_returning: false,
            extra_columns: vec![],
        };
        self.ps().ctes = query.ctes.iter().map(known).collect();
        let r = self.tuple_columns(e);
        self.pop();
        self.states.extend(inner);
        r
    }

    /// The columns a function's OUT and TABLE parameters give, types settled; `None` when it has none.
    pub fn function_out_columns(&mut self, func: Oid, args: &[Expr]) -> Result<Option<TupleColumns>> {
        let p = self.cat.proc(func).ok_or_else(|| lookup_failed("function", func))?;
        if p.result != oids::RECORD || p.modes.is_empty() {
            return Ok(None);
        }
        let actual: Vec<Oid> = args.iter().map(|a| a.ty.oid).collect();
        let mut out = vec![];
        for (i, m) in p.modes.iter().enumerate() {
            if !matches!(m, b'o' | b'b' | b't') {
                continue;
            }
            let declared = p.all_args.get(i).copied().unwrap_or(0);
            let ty = self.enforce_generic_type_consistency(&actual, &mut p.args.clone(), declared, false)?;
            let name = match p.arg_names.get(i) {
                Some(n) if !n.is_empty() => n.clone(),
                _ => format!("column{}", out.len() + 1),
            };
            out.push((name, TypeRef::new(ty), self.cat.type_collation(ty)));
        }
        Ok(if out.is_empty() { None } else { Some(out) })
    }

    // Entries of the range table.

    /// Adds an entry and gives its namespace item, visible by default.
    pub fn add_rte(&mut self, rte: Rte, relation: Oid) -> NsItem {
        let ps = self.ps();
        let index = ps.rtable.len() as u32;
        let item = NsItem {
            name: rte.name.clone(),
            rte: index,
            relation,
            columns: Rc::new(ns_columns(index, &rte.columns)),
            rel_visible: true,
            cols_visible: true,
            lateral_only: false,
            lateral_ok: true,
        };
        ps.rtable.push(rte);
        item
    }

    /// Gives columns the names the user wrote.
    pub fn apply_aliases(&mut self, rte: &mut Rte, alias: Option<&ast::Alias>, span: Span) -> Result<()> {
        let Some(ast::Alias { aliasname, colnames }) = alias else { return Ok(()) };
        rte.alias = aliasname.clone();
        rte.name = aliasname.clone();
        rte.column_aliases = colnames.clone();
        let live: Vec<usize> = (0..rte.columns.len()).filter(|i| !rte.columns[*i].name.is_empty()).collect();
        if colnames.len() > live.len() {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "table \"{}\" has {} columns available but {} columns specified",
                rte.name,
                live.len(),
                colnames.len()
            )
            .at(Span::NONE));
        }
        let _ = span;
        for (i, n) in live.into_iter().zip(colnames) {
            rte.columns[i].name = n.clone();
        }
        Ok(())
    }

    /// The relation a name means, for reading or writing (`parserOpenTable`).
    pub fn open_relation(&mut self, r: &ast::RangeVar) -> Result<Rc<Relation>> {
        if let Some(c) = &r.catalogname {
            if *c != self.cx.database() {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cross-database references are not implemented: \"{}.{}.{}\"";
                    c,
                    r.schemaname.as_deref().unwrap_or(""),
                    r.relname
                )
                .at(r.span));
            }
        }
        let Some(oid) = self.cat.lookup_relation(&self.path, r.schemaname.as_deref(), &r.relname) else {
            return Err(match &r.schemaname {
                Some(s) => err!(UNDEFINED_TABLE, "relation \"{}.{}\" does not exist"; s, r.relname),
                None => {
                    let e = err!(UNDEFINED_TABLE, "relation \"{}\" does not exist"; r.relname);
                    if self.is_future_cte(&r.relname) {
                        e.detail(filled!(
                            "There is a WITH item named \"{}\", but it cannot be referenced from this part of the query.";
                            r.relname
                        ))
                        .hint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references.")
                    } else {
                        e
                    }
                }
            }
            .at(r.span));
        };
        let rel = self.cat.relation(oid).ok_or_else(|| lookup_failed("relation", oid))?;
        let kind = match rel.kind {
            RelKind::Index => "indexes",
            RelKind::PartitionedIndex => "partitioned indexes",
            RelKind::Composite => "composite types",
            _ => return Ok(rel),
        };
        Err(err!(WRONG_OBJECT_TYPE, "cannot open relation \"{}\""; rel.name)
            .detail(filled!("This operation is not supported for {}."; kind))
            .at(r.span))
    }

    fn is_future_cte(&mut self, name: &str) -> bool {
        self.states.iter().any(|s| s.future_ctes.iter().any(|c| c == name))
    }

    /// Adds a relation (`addRangeTableEntry`).
    pub fn add_relation(&mut self, rel: &Relation, alias: Option<&ast::Alias>, inherit: bool, in_from: bool) -> Result<NsItem> {
        let mut rte = Rte {
            kind: RteKind::Relation { oid: rel.oid, sample: None },
            alias: String::new(),
            column_aliases: vec![],
            name: rel.name.clone(),
            columns: rel
                .columns
                .iter()
                .map(|c| RteColumn {
                    name: if c.dropped { String::new() } else { c.name.clone() },
                    ty: c.ty,
                    collation: c.collation,
                })
                .collect(),
            lateral: false,
            inherit,
            in_from,
        };
        self.apply_aliases(&mut rte, alias, Span::NONE)?;
        Ok(self.add_rte(rte, if alias.is_some() { 0 } else { rel.oid }))
    }

    /// Adds a subquery (`addRangeTableEntryForSubquery`).
    pub fn add_subquery(
        &mut self,
        query: tusklet_ir::Query,
        alias: Option<&ast::Alias>,
        name: &str,
        lateral: bool,
        in_from: bool,
    ) -> Result<NsItem> {
        let columns = query_columns(&query);
        let mut rte = Rte {
            kind: RteKind::Subquery { query: Box::new(query), view: 0 },
            alias: String::new(),
            column_aliases: vec![],
            name: name.to_string(),
            columns,
            lateral,
            inherit: false,
            in_from,
        };
        self.apply_aliases(&mut rte, alias, Span::NONE)?;
        Ok(self.add_rte(rte, 0))
    }

    /// Adds an item to the namespace after checking its name (`addNSItemToQuery`).
    pub fn add_to_namespace(&mut self, items: Vec<NsItem>) {
        self.ps().namespace.extend(items);
    }

    /// One name twice in FROM (`checkNameSpaceConflicts`).
    pub fn check_namespace_conflicts(&mut self, a: &[NsItem], b: &[NsItem]) -> Result<()> {
        for x in a.iter().filter(|x| x.rel_visible) {
            for y in b.iter().filter(|y| y.rel_visible) {
                if x.name != y.name {
                    continue;
                }
                // Two relations of one name from two schemas do not conflict.
                if x.relation != 0 && y.relation != 0 && x.relation != y.relation {
                    continue;
                }
                bail!(DUPLICATE_ALIAS, "table name \"{}\" specified more than once"; x.name);
            }
        }
        Ok(())
    }

    // Errors.

    /// "missing FROM-clause entry" and its kin (`errorMissingRTE`).
    pub fn missing_rte(&mut self, schema: Option<&str>, name: &str, span: Span) -> Error {
        let oid = match schema {
            Some(s) => self.cat.lookup_relation(&self.path, Some(s), name),
            None => self.cat.lookup_relation(&self.path, None, name),
        };
        let shown_name = match schema {
            Some(s) => filled!("{}.{}"; s, name),
            None => name.to_string(),
        };
        let mut found: Option<(u32, Rte)> = None;
        'search: for up in 0..self.states.len() as u32 {
            for r in &self.level(up).rtable {
                let hit = match &r.kind {
                    RteKind::Relation { oid: o, .. } if oid == Some(*o) => true,
                    _ => r.name == name,
                };
                if hit {
                    found = Some((up, r.clone()));
                    break 'search;
                }
            }
        }
        let _ = &shown_name;
        match found {
            Some((_, r)) => {
                let e = err!(UNDEFINED_TABLE, "invalid reference to FROM-clause entry for table \"{}\""; name);
                let alias_visible = !r.alias.is_empty()
                    && r.name != name
                    && matches!(self.refname_item(None, &r.name, span), Ok(Some(_)));
                if alias_visible {
                    e.hint(filled!("Perhaps you meant to reference the table alias \"{}\"."; r.name))
                } else {
                    e.hint(filled!(
                        "There is an entry for table \"{}\", but it cannot be referenced from this part of the query.";
                        r.name
                    ))
                }
            }
            None => err!(UNDEFINED_TABLE, "missing FROM-clause entry for table \"{}\""; name),
        }
        .at(span)
    }

    /// "column does not exist", with the best guess of what was meant (`errorMissingColumn`).
    pub fn missing_column(&mut self, table: Option<&str>, name: &str, span: Span) -> Error {
        let e = match table {
            Some(t) => err!(UNDEFINED_COLUMN, "column {}.{} does not exist"; t, name),
            None => err!(UNDEFINED_COLUMN, "column \"{}\" does not exist"; name),
        }
        .at(span);
        match self.search_for_column(table, name) {
            Fuzzy { first: Some((t, None)), .. } => e.hint(filled!(
                "There is a column named \"{}\" in table \"{}\", but it cannot be referenced from this part of the query.";
                name,
                t
            )),
            Fuzzy { first: Some((t, Some(c))), second: Some((t2, c2)), .. } => e.hint(format!(
                "Perhaps you meant to reference the column \"{t}.{c}\" or the column \"{t2}.{c2}\"."
            )),
            Fuzzy { first: Some((t, Some(c))), second: None, .. } => {
                e.hint(filled!("Perhaps you meant to reference the column \"{}.{}\"."; t, c))
            }
            Fuzzy { first: None, .. } => e,
        }
    }

    fn search_for_column(&mut self, table: Option<&str>, name: &str) -> Fuzzy {
        const MAX: usize = 3;
        let mut f = Fuzzy { distance: MAX as isize + 1, first: None, second: None };
        for up in 0..self.states.len() as u32 {
            let ps = self.level(up);
            for r in ps.rtable.iter().filter(|r| !matches!(r.kind, RteKind::Join { .. })) {
                let penalty = table.map_or(0, |t| levenshtein(t, &r.name).min(MAX + 2)) as isize;
                if r.columns.iter().any(|c| c.name == name && !name.is_empty()) {
                    if penalty == 0 {
                        return Fuzzy { distance: 0, first: Some((r.name.clone(), None)), second: None };
                    }
                }
                for c in &r.columns {
                    if penalty > f.distance || c.name.is_empty() {
                        continue;
                    }
                    let d = levenshtein(&c.name, name);
                    if d > name.chars().count() / 2 && d > name.len() / 2 {
                        continue;
                    }
                    let d = d as isize + penalty;
                    let hit = (r.name.clone(), c.name.clone());
                    if d < f.distance {
                        f = Fuzzy { distance: d, first: Some((hit.0, Some(hit.1))), second: None };
                    } else if d == f.distance {
                        if f.second.is_some() {
                            f = Fuzzy { distance: d - 1, first: None, second: None };
                        } else if f.first.is_some() {
                            f.second = Some(hit);
                        } else if f.distance <= MAX as isize {
                            f.first = Some((hit.0, Some(hit.1)));
                        }
                    }
                }
            }
        }
        f
    }
}

struct Fuzzy {
    distance: isize,
    /// Table and column; no column: the very name, but out of reach.
    first: Option<(String, Option<String>)>,
    second: Option<(String, String)>,
}

fn levenshtein(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn shown(fields: &[String], star: bool) -> String {
    let mut s = fields.join(".");
    if star {
        s.push_str(".*");
    }
    s
}

/// A relation's live columns.
pub fn relation_columns(r: &Relation) -> TupleColumns {
    r.columns.iter().filter(|c| !c.dropped).map(|c| (c.name.clone(), c.ty, c.collation)).collect()
}

/// A query's output columns.
pub fn query_columns(q: &tusklet_ir::Query) -> Vec<RteColumn> {
    let from = if q.command == tusklet_ir::CommandType::Select { &q.targets } else { &q.returning };
    from.iter()
        .filter(|t| !t.junk)
        .map(|t| RteColumn { name: t.name.clone(), ty: t.expr.ty, collation: t.expr.collation })
        .collect()
}

/// Namespace columns that are an entry's own.
pub fn ns_columns(rte: u32, columns: &[RteColumn]) -> Vec<NsColumn> {
    columns
        .iter()
        .enumerate()
        .map(|(i, c)| NsColumn {
            name: c.name.clone(),
            rte,
            attno: i as i16 + 1,
            ty: c.ty,
            collation: c.collation,
            hidden: false,
        })
        .collect()
}
