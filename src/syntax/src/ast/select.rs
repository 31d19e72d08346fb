//! Queries.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::cell::RefCell;
use std::rc::Rc;

use super::{Expr, OperatorName, QualifiedName, ResTarget, Span, Stmt, TypeName, WindowDef};

/// A query with everything that may stand around its body.
#[derive(Debug, Default)]
pub struct SelectStmt {
    pub with_clause: Option<Box<WithClause>>,
    pub body: SelectBody,
    pub sort_clause: Vec<SortBy>,
    pub limit_offset: Option<Expr>,
    /// `LIMIT ALL` is a NULL constant.
    pub limit_count: Option<Expr>,
    pub limit_option: LimitOption,
    pub locking_clause: Vec<LockingClause>,
    /// The first token.
    pub span: Span,
}

#[derive(Debug)]
pub enum SelectBody {
    Select(Box<SelectCore>),
    /// `VALUES (…), (…)`.
    Values(Vec<Vec<Expr>>),
    SetOp(Box<SetOperation>),
}

/// `SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW …`; `TABLE t` is `SELECT * FROM t`.
#[derive(Debug)]
pub struct SelectCore {
    pub distinct: Option<DistinctClause>,
    pub target_list: Vec<ResTarget>,
    /// Taken out while CREATE TABLE AS, which SELECT INTO is, analyses the query.
    pub into_clause: RefCell<Option<Rc<IntoClause>>>,
    pub from_clause: Vec<FromItem>,
    pub where_clause: Option<Expr>,
    pub group_clause: Vec<GroupItem>,
    pub group_distinct: bool,
    pub having_clause: Option<Expr>,
    pub window_clause: Vec<Rc<WindowDef>>,
}

#[derive(Debug)]
pub enum DistinctClause {
    All,
    On(Vec<Expr>),
}

#[derive(Debug)]
pub struct SetOperation {
    pub op: SetOp,
    pub all: bool,
    pub larg: SelectStmt,
    pub rarg: SelectStmt,
    /// The operator's word.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOp {
    Union,
    Intersect,
    Except,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitOption {
    Count,
    WithTies,
}

/// A member of GROUP BY.
#[derive(Debug)]
pub enum GroupItem {
    Expr(Expr),
    Set(GroupingSet),
}

/// `()`, `ROLLUP (…)`, `CUBE (…)`, `GROUPING SETS (…)`.
#[derive(Debug)]
pub struct GroupingSet {
    pub kind: GroupingSetKind,
    pub content: Vec<GroupItem>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupingSetKind {
    Empty,
    Rollup,
    Cube,
    Sets,
}

#[derive(Debug)]
pub struct SortBy {
    pub node: Expr,
    pub direction: SortByDir,
    pub nulls: SortByNulls,
    /// The operator of `USING`; nowhere otherwise, as in PostgreSQL.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum SortByDir {
    Default,
    Asc,
    Desc,
    Using(OperatorName),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortByNulls {
    Default,
    First,
    Last,
}

/// `FOR UPDATE OF … SKIP LOCKED`.
#[derive(Debug, Clone)]
pub struct LockingClause {
    /// Empty: all tables of the query.
    pub locked_rels: Vec<RangeVar>,
    pub strength: LockClauseStrength,
    pub wait_policy: LockWaitPolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockClauseStrength {
    ForKeyShare,
    ForShare,
    ForNoKeyUpdate,
    ForUpdate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWaitPolicy {
    Block,
    Skip,
    Error,
}

#[derive(Debug)]
pub struct WithClause {
    pub ctes: Vec<CommonTableExpr>,
    pub recursive: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CommonTableExpr {
    pub ctename: String,
    pub aliascolnames: Vec<String>,
    pub materialized: CteMaterialize,
    /// SELECT, INSERT, UPDATE or DELETE.
    pub query: Rc<Stmt>,
    pub search_clause: Option<CteSearchClause>,
    pub cycle_clause: Option<Box<CteCycleClause>>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CteMaterialize {
    Default,
    Always,
    Never,
}

#[derive(Debug)]
pub struct CteSearchClause {
    pub search_col_list: Vec<String>,
    pub breadth_first: bool,
    pub search_seq_column: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct CteCycleClause {
    pub cycle_col_list: Vec<String>,
    pub cycle_mark_column: String,
    pub cycle_mark_value: Expr,
    pub cycle_mark_default: Expr,
    pub cycle_path_column: String,
    pub span: Span,
}

/// An item of FROM.
#[derive(Debug)]
pub enum FromItem {
    RangeVar(RangeVar),
    Subselect(Box<RangeSubselect>),
    Function(Box<RangeFunction>),
    TableSample(Box<RangeTableSample>),
    /// `XMLTABLE`.
    TableFunc(Box<RangeTableFunc>),
    Join(Box<JoinExpr>),
}

/// A table by name.
#[derive(Debug, Clone, Default)]
pub struct RangeVar {
    pub catalogname: Option<String>,
    pub schemaname: Option<String>,
    pub relname: String,
    /// False after ONLY.
    pub inh: bool,
    pub relpersistence: RelPersistence,
    pub alias: Option<Alias>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelPersistence {
    Permanent,
    Unlogged,
    Temp,
}

#[derive(Debug, Clone)]
pub struct Alias {
    pub aliasname: String,
    pub colnames: Vec<String>,
}

#[derive(Debug)]
pub struct RangeSubselect {
    pub lateral: bool,
    pub subquery: SelectStmt,
    pub alias: Option<Alias>,
    pub span: Span,
}

/// `f(…) [WITH ORDINALITY] AS a`, `ROWS FROM (…)`.
#[derive(Debug)]
pub struct RangeFunction {
    pub lateral: bool,
    pub ordinality: bool,
    pub is_rowsfrom: bool,
    pub functions: Vec<RangeFunctionItem>,
    pub alias: Option<Alias>,
    /// `AS (a int, b text)` of a single function outside ROWS FROM.
    pub coldeflist: Vec<RangeColumnDef>,
    pub span: Span,
}

/// One function of a [`RangeFunction`]: a call, or one of the keyword-named functions.
#[derive(Debug)]
pub struct RangeFunctionItem {
    pub func: Expr,
    /// `AS (a int, b text)` inside ROWS FROM.
    pub coldeflist: Vec<RangeColumnDef>,
}

/// A column of a function's column definition list.
#[derive(Debug)]
pub struct RangeColumnDef {
    pub colname: String,
    pub type_name: TypeName,
    pub collation: Option<QualifiedName>,
    pub span: Span,
}

#[derive(Debug)]
pub struct RangeTableSample {
    /// A [`FromItem::RangeVar`] or table function.
    pub relation: FromItem,
    pub method: QualifiedName,
    pub args: Vec<Expr>,
    pub repeatable: Option<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub struct RangeTableFunc {
    pub lateral: bool,
    pub docexpr: Expr,
    pub rowexpr: Expr,
    /// The name is missing for DEFAULT.
    pub namespaces: Vec<XmlNamespace>,
    pub columns: Vec<RangeTableFuncCol>,
    pub alias: Option<Alias>,
    pub span: Span,
}

#[derive(Debug)]
pub struct XmlNamespace {
    pub name: Option<String>,
    pub uri: Expr,
    pub span: Span,
}

#[derive(Debug, Default)]
pub struct RangeTableFuncCol {
    pub colname: String,
    pub for_ordinality: bool,
    /// Missing for ordinality columns.
    pub type_name: Option<TypeName>,
    pub is_not_null: bool,
    pub colexpr: Option<Expr>,
    pub coldefexpr: Option<Expr>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinType {
    Inner,
    Left,
    Full,
    Right,
}

#[derive(Debug)]
pub struct JoinExpr {
    pub jointype: JoinType,
    pub natural: bool,
    pub larg: FromItem,
    pub rarg: FromItem,
    pub qual: JoinQual,
    /// Of a parenthesised join.
    pub alias: Option<Alias>,
    pub span: Span,
}

#[derive(Debug)]
pub enum JoinQual {
    /// CROSS or NATURAL.
    None,
    On(Expr),
    Using {
        columns: Vec<String>,
        alias: Option<Alias>,
    },
}

/// Where `SELECT INTO`, `CREATE TABLE AS` and `CREATE MATERIALIZED VIEW` put their rows.
#[derive(Debug)]
pub struct IntoClause {
    pub rel: RangeVar,
    pub col_names: Vec<String>,
    pub access_method: Option<String>,
    pub options: Vec<super::DefElem>,
    pub on_commit: super::OnCommitAction,
    pub table_space_name: Option<String>,
    /// `WITH NO DATA`.
    pub skip_data: bool,
}
