//! FROM: tables, subqueries, functions, joins.

use super::Parser;
use super::names::{is_col_id, is_type_function_name};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;
use tusklet_error::{Error, SqlState};

/// What a parenthesis in FROM turned out to hold.
enum FromParen {
    Select(SelectStmt),
    Join(FromItem),
}

impl Default for FromParen {
    fn default() -> Self {
        FromParen::Join(FromItem::default())
    }
}

/// `AS alias (…)` after a function: plain column names or a column definition list.
struct FuncAlias {
    alias: Option<Alias>,
    coldeflist: Vec<RangeColumnDef>,
}

impl Parser<'_> {
    pub(super) fn parse_from_clause(&mut self) -> Vec<FromItem> {
        self.expect_kw(Kw::FROM);
        self.list(Self::table_ref)
    }

    /// A table with all joins that follow it.
    pub(super) fn table_ref(&mut self) -> FromItem {
        self.nested(|p| {
            let left = p.table_primary();
            p.joins(left)
        })
    }

    fn joins(&mut self, mut left: FromItem) -> FromItem {
        while matches!(self.cur.kw, Kw::CROSS | Kw::JOIN | Kw::INNER | Kw::LEFT | Kw::RIGHT | Kw::FULL | Kw::NATURAL) {
            left = self.join(left);
            self.grow();
        }
        left
    }

    fn join(&mut self, larg: FromItem) -> FromItem {
        let span = self.span();
        let make = |jointype, natural, larg, rarg, qual| {
            FromItem::Join(Box::new(JoinExpr { jointype, natural, larg, rarg, qual, alias: None, span }))
        };
        if self.eat_kws(Kw::CROSS, Kw::JOIN) {
            let rarg = self.table_primary_nested();
            return make(JoinType::Inner, false, larg, rarg, JoinQual::None);
        }
        let natural = self.eat_kw(Kw::NATURAL);
        let jointype = match self.cur.kw {
            Kw::LEFT => JoinType::Left,
            Kw::RIGHT => JoinType::Right,
            Kw::FULL => JoinType::Full,
            _ => JoinType::Inner,
        };
        if jointype != JoinType::Inner {
            self.skip();
            self.eat_kw(Kw::OUTER);
        } else {
            self.eat_kw(Kw::INNER);
        }
        self.expect_kw(Kw::JOIN);
        if natural {
            let rarg = self.table_primary_nested();
            return make(jointype, true, larg, rarg, JoinQual::None);
        }
        // `a JOIN b JOIN c ON x ON y`: the inner join takes the first ON.
        let rarg = self.table_ref();
        let qual = if self.eat_kw(Kw::ON) {
            JoinQual::On(self.expr())
        } else {
            self.expect_kw(Kw::USING);
            let columns = self.parens(Self::name);
            let alias =
                if self.eat_kw(Kw::AS) { Some(Alias { aliasname: self.col_id(), colnames: Vec::new() }) } else { None };
            JoinQual::Using { columns, alias }
        };
        make(jointype, false, larg, rarg, qual)
    }

    fn table_primary_nested(&mut self) -> FromItem {
        self.nested(Self::table_primary)
    }

    /// One item without joins.
    fn table_primary(&mut self) -> FromItem {
        let span = self.span();
        if self.eat_kw(Kw::LATERAL) {
            if self.is(T::LParen) {
                let span = self.span();
                let subquery = self.select_with_parens();
                return self.subselect(subquery, true, span);
            }
            return self.table_function(true);
        }
        if self.is(T::LParen) {
            return match self.paren_in_from() {
                FromParen::Select(subquery) => self.subselect(subquery, false, span),
                FromParen::Join(join) => self.aliased_join(join),
            };
        }
        if self.at_table_function() {
            return self.table_function(false);
        }
        let mut relation = self.relation_expr();
        relation.alias = self.opt_alias();
        if !self.is_kw(Kw::TABLESAMPLE) {
            return FromItem::RangeVar(relation);
        }
        self.skip();
        let span = self.span();
        let method = self.func_name();
        let args = self.parens(Self::expr);
        let mut repeatable = None;
        if self.eat_kw(Kw::REPEATABLE) {
            repeatable = Some(self.paren_expr());
        }
        let relation = FromItem::RangeVar(relation);
        FromItem::TableSample(Box::new(RangeTableSample { relation, method, args, repeatable, span }))
    }

    /// A parenthesised join may have an alias.
    fn aliased_join(&mut self, mut join: FromItem) -> FromItem {
        let alias = self.opt_alias();
        if let FromItem::Join(j) = &mut join
            && alias.is_some()
        {
            j.alias = alias;
        }
        join
    }

    /// Queries and joins may both begin with more parentheses; which it is shows only after the inner ones.
    fn paren_in_from(&mut self) -> FromParen {
        self.nested(|p| {
            p.expect(T::LParen);
            if p.at_select() {
                let subquery = p.select_no_parens();
                p.expect(T::RParen);
                return FromParen::Select(subquery);
            }
            let span = p.span();
            let first = if p.is(T::LParen) {
                match p.paren_in_from() {
                    FromParen::Select(subquery) => {
                        if p.eat(T::RParen) {
                            return FromParen::Select(subquery);
                        }
                        if p.at_select_rest() {
                            let subquery = p.select_rest(subquery, None, span);
                            p.expect(T::RParen);
                            return FromParen::Select(subquery);
                        }
                        p.subselect(subquery, false, span)
                    }
                    FromParen::Join(join) => {
                        if p.eat(T::RParen) {
                            return FromParen::Join(join);
                        }
                        p.aliased_join(join)
                    }
                }
            } else {
                p.table_primary()
            };
            // A parenthesis around a single item is no join.
            let before = p.pos;
            let join = p.joins(first);
            if p.pos == before {
                return p.unexpected();
            }
            p.expect(T::RParen);
            FromParen::Join(join)
        })
    }

    fn subselect(&mut self, subquery: SelectStmt, lateral: bool, span: Span) -> FromItem {
        let alias = self.opt_alias();
        if alias.is_none() {
            let (message, hint) = match &subquery.body {
                SelectBody::Values(_) => {
                    ("VALUES in FROM must have an alias", "For example, FROM (VALUES ...) [AS] foo.")
                }
                _ => ("subquery in FROM must have an alias", "For example, FROM (SELECT ...) [AS] foo."),
            };
            // A position only fits a statement that goes on well; PostgreSQL complains when it has read the next token.
            return self.reject(Error::new(SqlState::SYNTAX_ERROR, message).hint(hint).at(span));
        }
        FromItem::Subselect(Box::new(RangeSubselect { lateral, subquery, alias, span }))
    }

    /// `[ONLY] table [*]`.
    pub(super) fn relation_expr(&mut self) -> RangeVar {
        if self.eat_kw(Kw::ONLY) {
            let mut relation = if self.eat(T::LParen) {
                let relation = self.qualified_name();
                self.expect(T::RParen);
                relation
            } else {
                self.qualified_name()
            };
            relation.inh = false;
            return relation;
        }
        let relation = self.qualified_name();
        self.eat(T::Star);
        relation
    }

    pub(super) fn opt_alias(&mut self) -> Option<Alias> {
        if self.eat_kw(Kw::AS) || is_col_id(&self.cur) {
            let aliasname = self.col_id();
            let colnames = self.opt_parens(Self::name);
            return Some(Alias { aliasname, colnames });
        }
        None
    }

    fn at_table_function(&self) -> bool {
        // A word that can name functions but no tables.
        !is_col_id(&self.cur) && is_type_function_name(&self.cur)
            || self.at_func_expr()
            || self.at_kws(Kw::ROWS, Kw::FROM)
    }

    fn table_function(&mut self, lateral: bool) -> FromItem {
        let span = self.span();
        if self.is_kw(Kw::XMLTABLE) && self.peek(1).t == T::LParen {
            return self.xmltable(lateral);
        }
        let mut functions = Vec::new();
        let is_rowsfrom = self.at_kws(Kw::ROWS, Kw::FROM);
        if is_rowsfrom {
            self.skip();
            self.skip();
            functions = self.parens(|p| {
                let func = p.func_expr_windowless();
                let mut coldeflist = Vec::new();
                if p.eat_kw(Kw::AS) {
                    coldeflist = p.parens(Self::range_column_def);
                }
                RangeFunctionItem { func, coldeflist }
            });
        } else {
            let func = self.func_expr_windowless();
            functions.push(RangeFunctionItem { func, coldeflist: Vec::new() });
        }
        let ordinality = self.at_kws(Kw::WITH, Kw::ORDINALITY);
        if ordinality {
            self.skip();
            self.skip();
        }
        let FuncAlias { alias, coldeflist } = self.func_alias();
        FromItem::Function(Box::new(RangeFunction {
            lateral,
            ordinality,
            is_rowsfrom,
            functions,
            alias,
            coldeflist,
            span,
        }))
    }

    fn func_alias(&mut self) -> FuncAlias {
        let mut found = FuncAlias { alias: None, coldeflist: Vec::new() };
        if self.eat_kw(Kw::AS) {
            if self.is(T::LParen) {
                found.coldeflist = self.parens(Self::range_column_def);
                return found;
            }
        } else if !is_col_id(&self.cur) {
            return found;
        }
        let mut alias = Alias { aliasname: self.col_id(), colnames: Vec::new() };
        if self.is(T::LParen) {
            if matches!(self.peek(2).t, T::Comma | T::RParen) {
                alias.colnames = self.parens(Self::name);
            } else {
                found.coldeflist = self.parens(Self::range_column_def);
            }
        }
        found.alias = Some(alias);
        found
    }

    fn range_column_def(&mut self) -> RangeColumnDef {
        let span = self.span();
        let colname = self.col_id();
        let type_name = self.typename();
        let collation = if self.eat_kw(Kw::COLLATE) { Some(self.any_name()) } else { None };
        RangeColumnDef { colname, type_name, collation, span }
    }

    fn xmltable(&mut self, lateral: bool) -> FromItem {
        let span = self.span();
        self.skip();
        self.expect(T::LParen);
        let mut namespaces = Vec::new();
        if self.is_kw(Kw::XMLNAMESPACES) && self.peek(1).t == T::LParen {
            self.skip();
            namespaces = self.parens(|p| {
                let span = p.span();
                if p.eat_kw(Kw::DEFAULT) {
                    return XmlNamespace { name: None, uri: p.b_expr(), span };
                }
                let uri = p.b_expr();
                p.expect_kw(Kw::AS);
                XmlNamespace { name: Some(p.col_label()), uri, span }
            });
            self.expect(T::Comma);
        }
        let rowexpr = self.c_expr();
        let docexpr = self.xmlexists_argument();
        self.expect_kw(Kw::COLUMNS);
        let columns = self.list(Self::xmltable_column);
        self.expect(T::RParen);
        let alias = self.opt_alias();
        FromItem::TableFunc(Box::new(RangeTableFunc { lateral, docexpr, rowexpr, namespaces, columns, alias, span }))
    }

    fn xmltable_column(&mut self) -> RangeTableFuncCol {
        let span = self.span();
        let mut col = RangeTableFuncCol {
            colname: self.col_id(),
            for_ordinality: false,
            type_name: None,
            is_not_null: false,
            colexpr: None,
            coldefexpr: None,
            span,
        };
        if self.eat_kws(Kw::FOR, Kw::ORDINALITY) {
            col.for_ordinality = true;
            return col;
        }
        col.type_name = Some(self.typename());
        let mut nullability = false;
        loop {
            let at = self.span();
            let twice = |p: &mut Self, what: &str, name: &str| {
                let message = format!("only one {what} value is allowed for column \"{name}\"");
                p.fail(SqlState::SYNTAX_ERROR, message, at)
            };
            match self.cur.kw {
                Kw::DEFAULT => {
                    self.skip();
                    let e = self.b_expr();
                    if col.coldefexpr.is_some() {
                        return twice(self, "DEFAULT", &col.colname);
                    }
                    col.coldefexpr = Some(e);
                }
                Kw::NOT | Kw::NULL => {
                    let not = self.eat_kw(Kw::NOT);
                    self.expect_kw(Kw::NULL);
                    if nullability {
                        let message = format!(
                            "conflicting or redundant NULL / NOT NULL declarations for column \"{}\"",
                            col.colname
                        );
                        return self.fail(SqlState::SYNTAX_ERROR, message, at);
                    }
                    nullability = true;
                    col.is_not_null = not;
                }
                // `PATH`, and any other word for the complaint about it.
                _ if matches!(self.cur.t, T::Ident | T::QuotedIdent | T::UnicodeIdent) => {
                    let word = self.take_name();
                    let e = self.b_expr();
                    if word != "path" {
                        let message = if word == "__pg__is_not_null" {
                            format!("option name \"{word}\" cannot be used in XMLTABLE")
                        } else {
                            format!("unrecognized column option \"{word}\"")
                        };
                        return self.fail(SqlState::SYNTAX_ERROR, message, at);
                    }
                    if col.colexpr.is_some() {
                        return twice(self, "PATH", &col.colname);
                    }
                    col.colexpr = Some(e);
                }
                _ => return col,
            }
        }
    }
}
