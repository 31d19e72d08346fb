//! Expressions and type names.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

use super::{QualifiedName, SelectStmt, SortBy, Span};

/// Any scalar expression.
#[derive(Debug)]
pub enum Expr {
    Const(AConst),
    ColumnRef(ColumnRef),
    ParamRef(ParamRef),
    AExpr(Box<AExpr>),
    In(Box<InExpr>),
    Between(Box<BetweenExpr>),
    Bool(BoolExpr),
    TypeCast(Box<TypeCast>),
    Collate(Box<CollateClause>),
    FuncCall(Box<FuncCall>),
    Indirection(Box<AIndirection>),
    Array(AArrayExpr),
    Row(RowExpr),
    Case(Box<CaseExpr>),
    Coalesce(CoalesceExpr),
    MinMax(MinMaxExpr),
    SubLink(Box<SubLink>),
    NullTest(Box<NullTest>),
    BooleanTest(Box<BooleanTest>),
    SqlValueFunction(SqlValueFunction),
    Xml(Box<XmlExpr>),
    XmlSerialize(Box<XmlSerialize>),
    Grouping(GroupingFunc),
    /// `WHERE CURRENT OF`, only as a whole WHERE clause.
    CurrentOf(CurrentOfExpr),
    /// `DEFAULT`, only where an assignment's value stands.
    SetToDefault(SetToDefault),
}

/// A literal.
#[derive(Debug)]
pub struct AConst {
    pub value: Const,
    pub span: Span,
}

/// The value of a literal, exact.
#[derive(Debug)]
pub enum Const {
    Null,
    Boolean(bool),
    Integer(i32),
    /// Digits as written: has a point or exponent, or does not fit `int4`.
    Float(String),
    String(String),
    /// `B'…'` digits, after a leading `b`, or `X'…'` digits after a leading `x`, as PostgreSQL's `bit_in` takes them.
    BitString(String),
}

/// `a.b.c` or `a.*`; subscripts after the last name make an [`AIndirection`] around it.
#[derive(Debug)]
pub struct ColumnRef {
    /// Empty only for a bare `*`.
    pub fields: Vec<String>,
    /// Ends in `*`.
    pub star: bool,
    pub span: Span,
}

/// `$n`.
#[derive(Debug)]
pub struct ParamRef {
    pub number: i32,
    pub span: Span,
}

/// An operator's name.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorName {
    /// Schemas of `OPERATOR(a.b.+)`; empty otherwise.
    pub qualifiers: Vec<String>,
    pub name: String,
}

/// What an [`AExpr`] does with its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AExprKind {
    /// A plain operator.
    Op,
    /// `scalar op ANY (array)`.
    OpAny,
    /// `scalar op ALL (array)`.
    OpAll,
    /// `IS DISTINCT FROM`; the name is `=`.
    Distinct,
    /// `IS NOT DISTINCT FROM`; the name is `=`.
    NotDistinct,
    /// `NULLIF(a, b)`; the name is `=`.
    NullIf,
    /// `[NOT] LIKE`; the name is `~~` or `!~~`; with ESCAPE the right side is a call of `like_escape`.
    Like,
    /// `[NOT] ILIKE`; the name is `~~*` or `!~~*`.
    ILike,
    /// `[NOT] SIMILAR TO`; the name is `~` or `!~`, the right side a call of `similar_to_escape`.
    Similar,
}

/// An operator application.
#[derive(Debug)]
pub struct AExpr {
    pub kind: AExprKind,
    pub name: OperatorName,
    /// Missing for a prefix operator.
    pub lexpr: Option<Expr>,
    pub rexpr: Expr,
    /// The operator.
    pub span: Span,
}

/// `expr [NOT] IN (list)`; with a subquery it is a [`SubLink`].
#[derive(Debug)]
pub struct InExpr {
    pub not: bool,
    pub expr: Expr,
    pub list: Vec<Expr>,
    /// `IN`, or `NOT` where that is written.
    pub span: Span,
}

/// `expr [NOT] BETWEEN [SYMMETRIC] low AND high`.
#[derive(Debug)]
pub struct BetweenExpr {
    pub not: bool,
    pub symmetric: bool,
    pub expr: Expr,
    pub low: Expr,
    pub high: Expr,
    /// `BETWEEN`, or `NOT` where that is written.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoolOp {
    And,
    Or,
    Not,
}

/// `AND`, `OR` over two or more arguments, `NOT` over one.
#[derive(Debug)]
pub struct BoolExpr {
    pub op: BoolOp,
    pub args: Vec<Expr>,
    /// The first operator of the chain.
    pub span: Span,
}

/// `CAST(x AS t)`, `x::t`, `t 'literal'`.
#[derive(Debug)]
pub struct TypeCast {
    pub arg: Expr,
    pub type_name: TypeName,
    /// `CAST` or `::`; nowhere for `t 'literal'`, as in PostgreSQL.
    pub span: Span,
}

/// `x COLLATE c`.
#[derive(Debug)]
pub struct CollateClause {
    /// Missing in column and index definitions.
    pub arg: Option<Expr>,
    pub collname: QualifiedName,
    pub span: Span,
}

/// How a function call was written, for printing it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoercionForm {
    /// `f(a, b)`.
    ExplicitCall,
    /// SQL's own syntax: `EXTRACT(x FROM y)`, `a AT TIME ZONE b`, ….
    SqlSyntax,
}

/// A function call, aggregates and window functions included.
#[derive(Debug)]
pub struct FuncCall {
    pub funcname: QualifiedName,
    pub args: Vec<FuncArg>,
    /// `ORDER BY` inside the parentheses, or of `WITHIN GROUP`.
    pub agg_order: Vec<SortBy>,
    pub agg_filter: Option<Expr>,
    pub over: Option<Rc<WindowDef>>,
    pub agg_within_group: bool,
    /// `f(*)`.
    pub agg_star: bool,
    pub agg_distinct: bool,
    /// The last argument is marked VARIADIC.
    pub func_variadic: bool,
    pub funcformat: CoercionForm,
    /// The function's name.
    pub span: Span,
}

/// An argument, `name => value` when named.
#[derive(Debug)]
pub struct FuncArg {
    pub name: Option<String>,
    pub expr: Expr,
    /// The name; nowhere when positional.
    pub span: Span,
}

/// Field selection and subscripts on something that is no column reference, or subscripts on one.
#[derive(Debug)]
pub struct AIndirection {
    pub arg: Expr,
    pub indirection: Vec<Indirection>,
}

/// One step of an [`AIndirection`] or of an assignment target.
#[derive(Debug)]
pub enum Indirection {
    Field(String),
    Star,
    Index(Expr),
    Slice(Option<Expr>, Option<Expr>),
}

/// `ARRAY[…]`; inner lists may drop the word.
#[derive(Debug)]
pub struct AArrayExpr {
    pub elements: Vec<Expr>,
    pub span: Span,
}

/// `ROW(…)` or `(a, b)`.
#[derive(Debug)]
pub struct RowExpr {
    pub args: Vec<Expr>,
    /// Written without `ROW`.
    pub implicit: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CaseExpr {
    pub arg: Option<Expr>,
    pub args: Vec<CaseWhen>,
    pub defresult: Option<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CaseWhen {
    pub expr: Expr,
    pub result: Expr,
    pub span: Span,
}

#[derive(Debug)]
pub struct CoalesceExpr {
    pub args: Vec<Expr>,
    pub span: Span,
}

/// `GREATEST`, `LEAST`.
#[derive(Debug)]
pub struct MinMaxExpr {
    pub greatest: bool,
    pub args: Vec<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub enum SubLinkType {
    Exists,
    /// `x op ALL (query)`.
    All {
        testexpr: Expr,
        oper_name: OperatorName,
    },
    /// `x op ANY (query)`; `x IN (query)` has no operator name and means `=`.
    Any {
        testexpr: Expr,
        oper_name: Option<OperatorName>,
    },
    /// `(query)` as a value.
    Expr,
    /// `ARRAY(query)`.
    Array,
}

/// A subquery in an expression. `x NOT IN (query)` is NOT around one.
#[derive(Debug)]
pub struct SubLink {
    pub kind: SubLinkType,
    pub subselect: Rc<SelectStmt>,
    pub span: Span,
}

/// `IS [NOT] NULL`.
#[derive(Debug)]
pub struct NullTest {
    pub arg: Expr,
    pub not: bool,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoolTestType {
    IsTrue,
    IsNotTrue,
    IsFalse,
    IsNotFalse,
    IsUnknown,
    IsNotUnknown,
}

#[derive(Debug)]
pub struct BooleanTest {
    pub arg: Expr,
    pub kind: BoolTestType,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlValueFunctionOp {
    CurrentDate,
    CurrentTime,
    CurrentTimestamp,
    LocalTime,
    LocalTimestamp,
    CurrentRole,
    CurrentUser,
    User,
    SessionUser,
    CurrentCatalog,
    CurrentSchema,
}

#[derive(Debug)]
pub struct SqlValueFunction {
    pub op: SqlValueFunctionOp,
    /// The precision of `CURRENT_TIME(p)` and its like.
    pub typmod: Option<i32>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlExprOp {
    Concat,
    Element,
    Forest,
    Parse,
    Pi,
    Root,
    Document,
}

/// The XML constructors and `IS DOCUMENT`.
#[derive(Debug)]
pub struct XmlExpr {
    pub op: XmlExprOp,
    pub name: Option<String>,
    /// Attributes of XMLELEMENT, members of XMLFOREST.
    pub named_args: Vec<ResTarget>,
    pub args: Vec<Expr>,
    /// `CONTENT` or `DOCUMENT` of XMLPARSE.
    pub document: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct XmlSerialize {
    pub document: bool,
    pub expr: Expr,
    pub type_name: TypeName,
    pub span: Span,
}

#[derive(Debug)]
pub struct GroupingFunc {
    pub args: Vec<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CurrentOfExpr {
    pub cursor_name: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct SetToDefault {
    pub span: Span,
}

/// An item of a target list: `expr [AS name]`.
#[derive(Debug)]
pub struct ResTarget {
    pub name: Option<String>,
    pub val: Expr,
    pub span: Span,
}

/// A window: named in WINDOW, or given in OVER.
#[derive(Debug)]
pub struct WindowDef {
    /// Its own name, in a WINDOW clause; or the window meant by `OVER name`.
    pub name: Option<String>,
    /// The window it is built on: `OVER (w ORDER BY …)`.
    pub refname: Option<String>,
    pub partition_clause: Vec<Expr>,
    pub order_clause: Vec<SortBy>,
    /// `None` is the default frame.
    pub frame: Option<WindowFrame>,
    pub span: Span,
}

#[derive(Debug)]
pub struct WindowFrame {
    pub mode: FrameMode,
    pub start: FrameBound,
    /// Missing without BETWEEN: CURRENT ROW.
    pub end: Option<FrameBound>,
    pub exclusion: FrameExclusion,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameMode {
    Range,
    Rows,
    Groups,
}

#[derive(Debug)]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameExclusion {
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

/// A type as written.
#[derive(Debug, Clone, Default)]
pub struct TypeName {
    /// SQL's own names are mapped: `integer` is `pg_catalog.int4`.
    pub names: QualifiedName,
    pub setof: bool,
    /// `name%TYPE`.
    pub pct_type: bool,
    /// Modifiers; for `interval` PostgreSQL's field mask and precision as integers.
    pub typmods: Rc<[Expr]>,
    /// One per dimension, with the size if one is given.
    pub array_bounds: Vec<Option<i32>>,
    pub span: Span,
}
