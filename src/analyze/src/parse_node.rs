//! The state of an analysis: a stack of query levels, innermost last (`ParseState` and its parents).

use std::rc::Rc;

use tusklet_catalog::live::Catalog;
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Notice, Result, Span, SqlState};
use tusklet_ir::{Cte, Expr, ExprKind, Oid, Rte, RteColumn, TypeRef, Value, Var};
use tusklet_syntax::ast;

use crate::{AnalyzeContext, ParamTypes};

/// What part of a statement an expression stands in (`ParseExprKind`): decides what it may contain and what errors say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Clause {
    #[default]
    None,
    Other,
    JoinOn,
    JoinUsing,
    FromSubselect,
    FromFunction,
    Where,
    Having,
    Filter,
    WindowPartition,
    WindowOrder,
    WindowFrameRange,
    WindowFrameRows,
    WindowFrameGroups,
    SelectTarget,
    InsertTarget,
    UpdateSource,
    UpdateTarget,
    MergeWhen,
    GroupBy,
    OrderBy,
    DistinctOn,
    Limit,
    Offset,
    Returning,
    Values,
    ValuesSingle,
    CheckConstraint,
    DomainCheck,
    ColumnDefault,
    FunctionDefault,
    IndexExpression,
    IndexPredicate,
    StatsExpression,
    AlterColTransform,
    ExecuteParameter,
    TriggerWhen,
    Policy,
    PartitionBound,
    PartitionExpression,
    CallArgument,
    CopyWhere,
    GeneratedColumn,
    CycleMark,
}

impl Clause {
    /// The clause's name in messages (`ParseExprKindName`).
    pub fn name(self) -> &'static str {
        use Clause::*;
        match self {
            None => "invalid expression context",
            Other => "extension expression",
            JoinOn => "JOIN/ON",
            JoinUsing => "JOIN/USING",
            FromSubselect => "sub-SELECT in FROM",
            FromFunction => "function in FROM",
            Where => "WHERE",
            Policy => "POLICY",
            Having => "HAVING",
            Filter => "FILTER",
            WindowPartition => "window PARTITION BY",
            WindowOrder => "window ORDER BY",
            WindowFrameRange => "window RANGE",
            WindowFrameRows => "window ROWS",
            WindowFrameGroups => "window GROUPS",
            SelectTarget => "SELECT",
            InsertTarget => "INSERT",
            UpdateSource | UpdateTarget => "UPDATE",
            MergeWhen => "MERGE WHEN",
            GroupBy => "GROUP BY",
            OrderBy => "ORDER BY",
            DistinctOn => "DISTINCT ON",
            Limit => "LIMIT",
            Offset => "OFFSET",
            Returning => "RETURNING",
            Values | ValuesSingle => "VALUES",
            CheckConstraint | DomainCheck => "CHECK",
            ColumnDefault | FunctionDefault => "DEFAULT",
            IndexExpression => "index expression",
            IndexPredicate => "index predicate",
            StatsExpression => "statistics expression",
            AlterColTransform => "USING",
            ExecuteParameter => "EXECUTE",
            TriggerWhen => "WHEN",
            PartitionBound => "partition bound",
            PartitionExpression => "PARTITION BY",
            CallArgument => "CALL",
            CopyWhere => "WHERE",
            GeneratedColumn => "GENERATED AS",
            CycleMark => "CYCLE",
        }
    }
}

/// A column as a namespace item offers it: the `Var` that a reference becomes.
#[derive(Clone, Debug)]
pub struct NsColumn {
    /// Name; empty for a dropped column.
    pub name: String,
    /// Entry of the `Var`.
    pub rte: u32,
    /// Attribute of the `Var`.
    pub attno: i16,
    /// Type.
    pub ty: TypeRef,
    /// Collation.
    pub collation: Oid,
    /// Not expanded by `*` (columns that `SEARCH` and `CYCLE` add).
    pub hidden: bool,
}

/// A name that FROM (or a target table) made visible (`ParseNamespaceItem`).
#[derive(Clone, Debug)]
pub struct NsItem {
    /// The name.
    pub name: String,
    /// Its entry.
    pub rte: u32,
    /// Relation, when it is one without an alias: then `schema.table.column` may find it too.
    pub relation: Oid,
    /// Columns.
    pub columns: Rc<Vec<NsColumn>>,
    /// Its name can be used.
    pub rel_visible: bool,
    /// Its columns can be used unqualified.
    pub cols_visible: bool,
    /// Only LATERAL references may use it.
    pub lateral_only: bool,
    /// … and they are allowed to.
    pub lateral_ok: bool,
}

/// A WITH query while its level is analysed.
#[derive(Clone, Debug)]
pub struct CteState {
    /// As it will be in the query; `query` is empty until analysed.
    pub cte: Cte,
    /// Analysed already: a reference before that is a self-reference.
    pub done: bool,
    /// Output columns are known.
    pub columns_known: bool,
    /// A data-modifying statement without RETURNING.
    pub no_returning: bool,
    /// Columns added by SEARCH and CYCLE, not expanded by `*` inside.
    pub extra_columns: Vec<RteColumn>,
}

/// One query level.
#[derive(Default)]
pub struct ParseState {
    pub rtable: Vec<Rte>,
    pub namespace: Vec<NsItem>,
    pub lateral_active: bool,
    pub ctes: Vec<CteState>,
    pub future_ctes: Vec<String>,
    /// The WITH query of the parent level that this level is the body of.
    pub parent_cte: Option<usize>,
    pub target: Option<NsItem>,
    pub is_insert: bool,
    pub windows: Vec<WindowState>,
    pub clause: Clause,
    pub next_resno: i16,
    pub sublink_id: u32,
    pub locking: Vec<ast::LockingClause>,
    pub locked_from_parent: bool,
    pub resolve_unknowns: bool,
    pub has_aggs: bool,
    pub has_windows: bool,
    pub has_srfs: bool,
    pub has_sublinks: bool,
    pub has_modifying_cte: bool,
    /// Set-returning functions met so far: what `p_last_srf` tells.
    pub srf_count: u32,
    /// Where the last of them stands.
    pub last_srf: LastSrf,
}

/// A window definition of this level, not yet transformed.
#[derive(Clone)]
pub struct WindowState {
    pub def: Rc<ast::WindowDef>,
    pub inline: bool,
}

/// An analysis.
pub struct Analyzer<'a> {
    pub cx: &'a mut dyn AnalyzeContext,
    pub cat: Catalog,
    pub path: Rc<SearchPath>,
    pub states: Vec<ParseState>,
    pub params: ParamTypes,
    /// A domain's VALUE: its type, while a domain's CHECK is analysed.
    pub domain_value: Option<(TypeRef, Oid)>,
}

impl<'a> Analyzer<'a> {
    pub fn new(cx: &'a mut dyn AnalyzeContext, params: ParamTypes) -> Analyzer<'a> {
        let (cat, path) = (cx.catalog(), cx.search_path());
        Analyzer { cx, cat, path, states: vec![], params, domain_value: None }
    }

    /// The innermost level.
    pub fn ps(&mut self) -> &mut ParseState {
        if self.states.is_empty() {
            self.states.push(new_state());
        }
        let last = self.states.len() - 1;
        &mut self.states[last]
    }

    /// The level `up` levels out.
    pub fn level(&mut self, up: u32) -> &mut ParseState {
        let at = self.states.len().saturating_sub(1 + up as usize);
        &mut self.states[at]
    }

    /// Opens a level.
    pub fn push(&mut self) {
        self.states.push(new_state());
    }

    /// Closes the innermost level.
    pub fn pop(&mut self) -> ParseState {
        self.states.pop().unwrap_or_default()
    }

    /// Runs `f` as part of `clause`.
    pub fn within<T>(&mut self, clause: Clause, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let saved = std::mem::replace(&mut self.ps().clause, clause);
        let r = f(self);
        self.ps().clause = saved;
        r
    }

    /// A type's name for messages.
    pub fn type_name(&self, oid: Oid) -> String {
        self.cat.format_type(&self.path, oid)
    }

    pub fn warn(&mut self, code: SqlState, message: String, span: Span) {
        let mut n = Notice::new(tusklet_error::Severity::Warning, code, message);
        n.span = span;
        self.cx.notice(n);
    }

    /// A literal as written: strings and NULL are `unknown` until something wants them (`make_const`).
    pub fn make_const(&mut self, c: &ast::AConst) -> Result<Expr> {
        use tusklet_catalog::builtin::oids;
        let ast::AConst { value, span } = c;
        let (value, ty) = match value {
            ast::Const::Null => (Value::Null, oids::UNKNOWN),
            ast::Const::Boolean(b) => (Value::Bool(*b), oids::BOOL),
            ast::Const::Integer(i) => (Value::I32(*i), oids::INT4),
            ast::Const::Float(t) => match t.parse::<i64>() {
                Ok(v) if i32::try_from(v).is_ok() => (Value::I32(v as i32), oids::INT4),
                Ok(v) => (Value::I64(v), oids::INT8),
                Err(_) => {
                    let v = self.cx.input(TypeRef::new(oids::NUMERIC), t).map_err(|e| e.at(*span))?;
                    (v, oids::NUMERIC)
                }
            },
            ast::Const::String(s) => (Value::text(s), oids::UNKNOWN),
            ast::Const::BitString(s) => {
                let v = self.cx.input(TypeRef::new(oids::BIT), s).map_err(|e| e.at(*span))?;
                (v, oids::BIT)
            }
        };
        Ok(Expr::make(ExprKind::Const(value), TypeRef::new(ty), 0, *span))
    }

    /// A reference to a column of the range table of the level `level` levels out.
    pub fn make_var(&mut self, column: &NsColumn, level: u32, span: Span) -> Expr {
        Expr::make(
            ExprKind::Var(Var { rte: column.rte, attno: column.attno, level }),
            column.ty,
            column.collation,
            span,
        )
    }
}

fn new_state() -> ParseState {
    ParseState { next_resno: 1, resolve_unknowns: true, ..ParseState::default() }
}

/// XX000 for a catalog that contradicts itself.
#[cold]
pub fn lookup_failed(what: &str, oid: Oid) -> Error {
    Error::internal(format!("cache lookup failed for {what} {oid}"))
}

/// Where PostgreSQL points when the whole expression is at fault (`exprLocation`): its leftmost token.
pub fn location(e: &Expr) -> Span {
    use ExprKind::*;
    let own = e.span;
    match &e.kind {
        Call(c) | NullIf(c) | Distinct(c) => leftmost_of(own, &c.args),
        And(v) | Or(v) => leftmost_of(own, v),
        Not(a) => leftmost(own, location(a)),
        ScalarArray { left, .. } => leftmost(own, location(left)),
        NullTest { arg, .. } | BoolTest { arg, .. } => leftmost(own, location(arg)),
        Relabel { arg, .. }
        | ViaIo { arg, .. }
        | ArrayCoerce { arg, .. }
        | ConvertRowtype { arg, .. }
        | ToDomain { arg, .. } => leftmost(own, location(arg)),
        Collate(arg) => location(arg),
        Field { arg, .. } => location(arg),
        FieldStore { arg, .. } => location(arg),
        Subscript { container, .. } => location(container),
        RowCompare { left, .. } => left.first().map_or(own, location),
        NamedArg { arg, .. } => leftmost(own, location(arg)),
        SubLink(s) => match &s.test {
            Some(t) => leftmost(location(t), own),
            None => own,
        },
        _ => own,
    }
}

fn leftmost_of(own: Span, args: &[Expr]) -> Span {
    args.iter().fold(own, |s, a| leftmost(s, location(a)))
}

/// The smaller position; an unknown one does not count.
pub fn leftmost(a: Span, b: Span) -> Span {
    if b.is_none() || (!a.is_none() && a.start <= b.start) { a } else { b }
}

/// A position that defaults to nowhere.
#[derive(Clone, Copy, Debug)]
pub struct LastSrf(pub Span);

impl Default for LastSrf {
    fn default() -> LastSrf {
        LastSrf(Span::NONE)
    }
}
