//! WITH (`parse_cte.c`).
//!
//! Without RECURSIVE each query sees the ones before it. With it, each sees all: they are analysed in the order of their
//! dependencies, and one that refers to itself must be `non-recursive UNION [ALL] recursive`, whose first part gives the
//! columns.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Result, Span, err, filled};
use tusklet_ir::{Cte, Query, Rte, RteColumn, RteKind};
use tusklet_syntax::ast;

use crate::parse_node::{Analyzer, CteState, NsItem, location};
use crate::raw_walk::{RefContext, references, self_references};

impl Analyzer<'_> {
    /// The WITH query an unqualified name means: its place in its level's list and how many levels out.
    pub fn find_cte(&mut self, name: &str) -> Option<(usize, u32)> {
        for up in 0..self.states.len() as u32 {
            if let Some(i) = self.level(up).ctes.iter().position(|c| c.cte.name == name) {
                return Some((i, up));
            }
        }
        None
    }

    /// A reference to a WITH query in FROM (`addRangeTableEntryForCTE`).
    pub fn add_cte_reference(&mut self, r: &ast::RangeVar, index: usize, level: u32) -> Result<NsItem> {
        let c = &mut self.level(level).ctes[index];
        let recursive = !c.done;
        if recursive && !c.columns_known {
            return Err(Error::internal(filled!("WITH query \"{}\" is not analysed yet"; r.relname)));
        }
        if c.no_returning {
            return Err(err!(FEATURE_NOT_SUPPORTED, "WITH query \"{}\" does not have a RETURNING clause"; c.cte.name)
            .at(r.span));
        }
        if !recursive {
            c.cte.refs += 1;
        }
        let columns = c.cte.columns.clone();
        let hidden = if recursive { c.extra_columns.len() } else { 0 };
        let mut rte = Rte {
            kind: RteKind::Cte { name: r.relname.clone(), level, recursive },
            alias: String::new(),
            column_aliases: vec![],
            name: r.relname.clone(),
            columns,
            lateral: false,
            inherit: false,
            in_from: true,
        };
        self.apply_aliases(&mut rte, r.alias.as_ref(), r.span)?;
        let mut item = self.add_rte(rte, 0);
        if hidden > 0 {
            let mut cols = (*item.columns).clone();
            let n = cols.len();
            cols.iter_mut().skip(n - hidden.min(n)).for_each(|c| c.hidden = true);
            item.columns = cols.into();
        }
        Ok(item)
    }

    /// WITH of the current level (`transformWithClause`). Gives whether it was RECURSIVE.
    pub fn transform_with(&mut self, with: Option<&ast::WithClause>) -> Result<bool> {
        let Some(ast::WithClause { ctes, recursive, span: _ }) = with else { return Ok(false) };
        for (i, c) in ctes.iter().enumerate() {
            if ctes[..i].iter().any(|o| o.ctename == c.ctename) {
                return Err(
                    err!(DUPLICATE_ALIAS, "WITH query name \"{}\" specified more than once"; c.ctename).at(c.span)
                );
            }
        }
        if !*recursive {
            self.ps().future_ctes = ctes.iter().map(|c| c.ctename.clone()).collect();
            for c in ctes {
                let state = self.start_cte(c, false);
                let query = self.cte_body(c, None)?;
                let mut state = state;
                self.finish_cte(c, &mut state, query)?;
                self.ps().future_ctes.remove(0);
                self.ps().ctes.push(state);
            }
            return Ok(false);
        }
        // Which refers to which.
        let names: Vec<&str> = ctes.iter().map(|c| c.ctename.as_str()).collect();
        let needs: Vec<Vec<usize>> = ctes
            .iter()
            .map(|c| (0..names.len()).filter(|j| references(&c.query, names[*j])).collect())
            .collect();
        let mut order: Vec<usize> = vec![];
        while order.len() < ctes.len() {
            let next = (0..ctes.len())
                .find(|i| !order.contains(i) && needs[*i].iter().all(|j| j == i || order.contains(j)));
            match next {
                Some(i) => order.push(i),
                None => {
                    let at = (0..ctes.len()).find(|i| !order.contains(i)).map_or(Span::NONE, |i| ctes[i].span);
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "mutual recursion between WITH items is not implemented"
                    )
                    .at(at));
                }
            }
        }
        for &i in &order {
            if needs[i].contains(&i) {
                check_well_formed(&ctes[i])?;
            }
        }
        for (i, c) in ctes.iter().enumerate() {
            let state = self.start_cte(c, needs[i].contains(&i));
            self.ps().ctes.push(state);
        }
        for &i in &order {
            let query = self.cte_body(&ctes[i], Some(i))?;
            let mut state = self.ps().ctes[i].clone();
            self.finish_cte(&ctes[i], &mut state, query)?;
            self.ps().ctes[i] = state;
        }
        Ok(true)
    }

    fn start_cte(&mut self, c: &ast::CommonTableExpr, recursive: bool) -> CteState {
        let modifying = !matches!(*c.query, ast::Stmt::Select(_));
        if modifying {
            self.ps().has_modifying_cte = true;
        }
        CteState {
            cte: Cte {
                name: c.ctename.clone(),
                aliases: c.aliascolnames.clone(),
                materialized: match c.materialized {
                    ast::CteMaterialize::Default => None,
                    ast::CteMaterialize::Always => Some(true),
                    ast::CteMaterialize::Never => Some(false),
                },
                query: Query::new(tusklet_ir::CommandType::Select),
                recursive,
                refs: 0,
                columns: vec![],
                span: c.span,
            },
            done: false,
            columns_known: false,
            no_returning: false,
            extra_columns: vec![],
        }
    }

    fn cte_body(&mut self, c: &ast::CommonTableExpr, index: Option<usize>) -> Result<Query> {
        let added = self.search_cycle(c)?;
        if let Some(state) = index.and_then(|i| self.ps().ctes.get_mut(i)) {
            state.extra_columns = added.columns.clone();
        }
        let mut q = self.sub_analyze(&c.query, index, false, true)?;
        if q.command != tusklet_ir::CommandType::Select && self.states.len() > 1 {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "WITH clause containing a data-modifying statement must be at the top level"
            )
            .at(c.span));
        }
        if !added.columns.is_empty() {
            let own = self.cte_columns(c, crate::parse_relation::query_columns(&q))?;
            let recursive = index.and_then(|i| self.ps().ctes.get(i)).is_some_and(|s| s.cte.recursive);
            self.check_search_cycle(c, recursive, &q, &own)?;
            self.rewrite_search_cycle(c, &added, &own, &mut q)?;
        }
        Ok(q)
    }

    fn finish_cte(&mut self, c: &ast::CommonTableExpr, state: &mut CteState, query: Query) -> Result<()> {
        let select = query.command == tusklet_ir::CommandType::Select;
        let columns = crate::parse_relation::query_columns(&query);
        if state.cte.recursive && state.columns_known {
            let have = state.cte.columns.clone();
            let list = if select { &query.targets } else { &query.returning };
            for (i, (want, t)) in have.iter().zip(list.iter().filter(|t| !t.junk)).enumerate() {
                if want.ty != t.expr.ty {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "recursive query \"{}\" column {} has type {} in non-recursive term but type {} overall",
                        c.ctename,
                        i + 1,
                        self.cat.format_type_with_typmod(&self.path, want.ty.oid, want.ty.typmod),
                        self.cat.format_type_with_typmod(&self.path, t.expr.ty.oid, t.expr.ty.typmod)
                    )
                    .hint("Cast the output of the non-recursive term to the correct type.")
                    .at(location(&t.expr)));
                }
                if want.collation != t.expr.collation {
                    let name = |o| self.cat.collation_name(o).unwrap_or_default();
                    return Err(err!(
                        COLLATION_MISMATCH,
                        "recursive query \"{}\" column {} has collation \"{}\" in non-recursive term but collation \"{}\" overall",
                        c.ctename,
                        i + 1,
                        name(want.collation),
                        name(t.expr.collation)
                    )
                    .hint("Use the COLLATE clause to set the collation of the non-recursive term.")
                    .at(location(&t.expr)));
                }
            }
        } else {
            state.cte.columns = self.cte_columns(c, columns)?;
        }
        state.no_returning = !select && query.returning.is_empty();
        state.cte.query = query;
        state.columns_known = true;
        state.done = true;
        Ok(())
    }

    fn cte_columns(&self, c: &ast::CommonTableExpr, mut columns: Vec<RteColumn>) -> Result<Vec<RteColumn>> {
        if c.aliascolnames.len() > columns.len() {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "WITH query \"{}\" has {} columns available but {} columns specified",
                c.ctename,
                columns.len(),
                c.aliascolnames.len()
            )
            .at(c.span));
        }
        for (col, a) in columns.iter_mut().zip(&c.aliascolnames) {
            col.name = a.clone();
        }
        Ok(columns)
    }

    /// Tells the recursive query being analysed what columns its first part gave (`determineRecursiveColTypes`).
    pub fn set_recursive_columns(&mut self, mut columns: Vec<RteColumn>) -> Result<()> {
        let Some(index) = self.ps().parent_cte else { return Ok(()) };
        if self.states.len() < 2 {
            return Ok(());
        }
        for c in &mut columns {
            if c.ty.oid == oids::UNKNOWN {
                c.ty = tusklet_ir::TypeRef::new(oids::TEXT);
                c.collation = oids::COLLATION_DEFAULT;
            }
        }
        let parent = self.level(1);
        let Some(state) = parent.ctes.get_mut(index) else { return Ok(()) };
        if !state.cte.recursive {
            return Ok(());
        }
        let (name, aliases, span) = (state.cte.name.clone(), state.cte.aliases.clone(), state.cte.span);
        if aliases.len() > columns.len() {
            return Err(err!(
                INVALID_COLUMN_REFERENCE,
                "WITH query \"{name}\" has {} columns available but {} columns specified",
                columns.len(),
                aliases.len()
            )
            .at(span));
        }
        for (c, a) in columns.iter_mut().zip(&aliases) {
            c.name = a.clone();
        }
        columns.extend(state.extra_columns.iter().cloned());
        state.cte.columns = columns;
        state.columns_known = true;
        Ok(())
    }
}

/// That a self-referring query has the one form that is possible (`checkWellFormedRecursion`).
fn check_well_formed(c: &ast::CommonTableExpr) -> Result<()> {
    let name = &c.ctename;
    let form = || {
        err!(
            INVALID_RECURSION,
            "recursive query \"{}\" does not have the form non-recursive-term UNION [ALL] recursive-term";
            name
        )
        .at(c.span)
    };
    let ast::Stmt::Select(s) = &*c.query else {
        return Err(
            err!(
                INVALID_RECURSION, "recursive query \"{}\" must not contain data-modifying statements"; name
            ).at(c.span)
        );
    };
    let ast::SelectBody::SetOp(op) = &s.body else { return Err(form()) };
    if op.op != ast::SetOp::Union {
        return Err(form());
    }
    let complain = |why: RefContext, at: Span| {
        let place = match why {
            RefContext::NonRecursive => "must not appear within its non-recursive term",
            RefContext::Subquery => "must not appear within a subquery",
            RefContext::OuterJoin => "must not appear within an outer join",
            RefContext::Intersect => "must not appear within INTERSECT",
            RefContext::Except => "must not appear within EXCEPT",
            RefContext::Plain => "must not appear more than once",
        };
        err!(INVALID_RECURSION, "recursive reference to query \"{}\" {}"; name, place).at(at)
    };
    if let Some((_, at)) = self_references(&op.larg, name, RefContext::NonRecursive).first() {
        return Err(complain(RefContext::NonRecursive, *at));
    }
    let found = self_references(&op.rarg, name, RefContext::Plain);
    let mut plain = 0;
    let hidden = s.with_clause.as_ref().is_some_and(|w| w.ctes.iter().any(|c| c.ctename == *name));
    for (why, at) in found {
        if why != RefContext::Plain {
            return Err(complain(why, at));
        }
        plain += 1;
        if plain > 1 {
            return Err(complain(RefContext::Plain, at));
        }
    }
    if plain == 0 && !hidden && s.with_clause.is_none() {
        return Err(form());
    }
    if let Some(w) = &s.with_clause {
        for inner in &w.ctes {
            if let ast::Stmt::Select(q) = &*inner.query {
                if let Some((_, at)) = self_references(q, name, RefContext::Subquery).first() {
                    return Err(complain(RefContext::Subquery, *at));
                }
            }
        }
    }
    let not_implemented = |what: &str, at: Span| {
        Err(err!(FEATURE_NOT_SUPPORTED, "{} in a recursive query is not implemented"; what).at(at))
    };
    if let Some(o) = s.sort_clause.first() {
        return not_implemented("ORDER BY", o.node.location());
    }
    if let Some(e) = &s.limit_offset {
        return not_implemented("OFFSET", e.location());
    }
    if let Some(e) = &s.limit_count {
        return not_implemented("LIMIT", e.location());
    }
    if !s.locking_clause.is_empty() {
        return not_implemented("FOR UPDATE/SHARE", Span::NONE);
    }
    Ok(())
}
