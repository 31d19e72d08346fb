//! Typed expressions.

use std::ops::{Deref, DerefMut};

use tusklet_error::Span;
use tusklet_vector::{TypeRef, Value};

use crate::codec::{Codec, Reader};
use crate::{Oid, Query, SortClause};

crate::node! {
    /// An expression with everything its type says: what `exprType`, `exprTypmod`, `exprCollation` and `exprLocation` give.
    pub struct ExprNode {
        /// What it is.
        pub kind: ExprKind,
        /// Result type and modifier.
        pub ty: TypeRef,
        /// Collation of the result; 0 when the type has none.
        pub collation: Oid,
        /// Where in the statement; [`Span::NONE`] for what the system made.
        pub span: Span,
    }

    /// The forms of expressions.
    pub enum ExprKind {
        /// A constant.
        Const(v: Value),
        /// A column of a range-table entry. Analysed trees only.
        Var(v: Var),
        /// A column of the batch an operator works on. Planned trees only.
        Column(index: u32),
        /// A parameter.
        Param(p: Param),
        /// A function or operator call.
        Call(c: Box<FuncCall>),
        /// AND of two or more.
        And(args: Vec<Expr>),
        /// OR of two or more.
        Or(args: Vec<Expr>),
        /// NOT.
        Not(arg: Expr),
        /// CASE. With `arg`, the conditions are whole expressions over [`ExprKind::CaseTest`].
        Case { arg: Option<Expr>, whens: Vec<When>, default: Expr },
        /// The value of the innermost CASE's argument, or the element inside [`ExprKind::ArrayCoerce`].
        CaseTest,
        /// VALUE in a domain's CHECK.
        DomainValue,
        /// COALESCE.
        Coalesce(args: Vec<Expr>),
        /// GREATEST or LEAST, by the type's default B-tree comparison function `cmp`.
        MinMax { greatest: bool, args: Vec<Expr>, cmp: Oid, input_collation: Oid },
        /// NULLIF: the call is the `=` operator over the two arguments.
        NullIf(c: Box<FuncCall>),
        /// IS DISTINCT FROM: the call is the `=` operator. (IS NOT DISTINCT FROM is NOT over this.)
        Distinct(c: Box<FuncCall>),
        /// IS [NOT] NULL; `row` when the argument is a row and its fields are tested.
        NullTest { arg: Expr, negated: bool, row: bool },
        /// IS [NOT] TRUE/FALSE/UNKNOWN.
        BoolTest { arg: Expr, kind: BoolTest },
        /// `left op ANY/ALL (array)`.
        ScalarArray { op: Oid, func: Oid, any: bool, left: Expr, right: Expr, input_collation: Oid },
        /// ARRAY[…]; `nested` when the elements are arrays themselves.
        Array { elements: Vec<Expr>, element: Oid, nested: bool },
        /// ROW(…); names as `record` shows them.
        Row { fields: Vec<Expr>, names: Vec<String> },
        /// Row comparison `<`, `<=`, `>=`, `>` column by column (`=` and `<>` become AND/OR).
        RowCompare { kind: RowCompareKind, ops: Vec<Oid>, funcs: Vec<Oid>, left: Vec<Expr>, right: Vec<Expr>, collations: Vec<Oid> },
        /// One field of a composite value; `field` counts from 1.
        Field { arg: Expr, field: i16 },
        /// A composite value with fields replaced: `UPDATE t SET c.f = …`.
        FieldStore { arg: Expr, values: Vec<Expr>, fields: Vec<i16> },
        /// Array element or slice; with `assign`, the container with it replaced.
        Subscript { container: Expr, upper: Vec<Option<Expr>>, lower: Option<Vec<Option<Expr>>>, element: Oid, assign: Option<Expr> },
        /// The same bits as another type (binary-coercible).
        Relabel { arg: Expr, form: CoercionForm },
        /// Through the text form.
        ViaIo { arg: Expr, form: CoercionForm },
        /// Element by element; `element` is over [`ExprKind::CaseTest`].
        ArrayCoerce { arg: Expr, element: Expr, form: CoercionForm },
        /// One row type to another with the same column names (inheritance).
        ConvertRowtype { arg: Expr, form: CoercionForm },
        /// To a domain: its constraints are checked.
        ToDomain { arg: Expr, form: CoercionForm },
        /// Explicit COLLATE. Analysed trees only; its collation is the node's.
        Collate(arg: Expr),
        /// CURRENT_DATE and friends.
        SqlValue(kind: SqlValueKind),
        /// DEFAULT in VALUES or SET, until it is replaced. Analysed trees only.
        SetToDefault,
        /// WHERE CURRENT OF cursor; `rte` is the table's entry.
        CurrentOf { rte: u32, cursor: String },
        /// `nextval` of an identity or serial column's sequence, without privilege check.
        NextVal(seq: Oid),
        /// A subquery in an expression. Analysed trees only.
        SubLink(s: Box<SubLink>),
        /// A planned subquery. Planned trees only.
        SubPlan(s: Box<SubPlanRef>),
        /// An aggregate. In planned trees only inside an Aggregate or WindowAgg node.
        Aggregate(a: Box<Aggregate>),
        /// A window function. In planned trees only inside a WindowAgg node.
        Window(w: Box<WindowCall>),
        /// GROUPING(…): the `refs` are `sort_ref`s of the arguments' GROUP BY items.
        Grouping { args: Vec<Expr>, refs: Vec<u32>, level: u32 },
        /// An argument of a call that stands where it does not belong: `name => value`, or, without a name, the default of one that was
        /// left out. `index` is its place. Calls keep them last, until they are planned or compiled ([`Expr::order_arguments`]).
        NamedArg { name: String, arg: Expr, index: i16 },
        /// A whole row of the current batch as a composite value: columns `first..first + fields`. Planned trees only.
        WholeRow { first: u32, fields: u32 },
        /// An XML constructor, XMLSERIALIZE or IS DOCUMENT. The first arguments are those with `names`; `document` is DOCUMENT
        /// of XMLPARSE and XMLSERIALIZE. The names are XML's.
        Xml { op: XmlOp, name: String, names: Vec<String>, args: Vec<Expr>, document: bool },
        /// XMLTABLE, in FROM alone.
        XmlTable(t: Box<XmlTable>),
    }

    /// Which XML expression.
    #[derive(Copy, Eq)]
    pub enum XmlOp { Concat, Element, Forest, Parse, Pi, Root, Document, Serialize }

    /// XMLTABLE.
    pub struct XmlTable {
        /// Prefixes; no name for DEFAULT.
        pub names: Vec<Option<String>>,
        /// Document, row path, the namespaces, then of each column its path and its default if it has them.
        pub args: Vec<Expr>,
        /// The columns.
        pub columns: Vec<XmlColumn>,
    }

    /// A column of XMLTABLE.
    pub struct XmlColumn {
        /// Its name; also its path when none is written.
        pub name: String,
        /// Its type.
        pub ty: TypeRef,
        /// FOR ORDINALITY.
        pub ordinality: bool,
        /// NOT NULL.
        pub not_null: bool,
        /// PATH is written.
        pub path: bool,
        /// DEFAULT is written.
        pub default: bool,
    }

    /// A column reference.
    pub struct Var {
        /// Index into the range table, from 0.
        pub rte: u32,
        /// Attribute number from 1; 0 the whole row; negative a system column.
        pub attno: i16,
        /// Query levels up.
        pub level: u32,
    }

    /// A parameter reference.
    pub enum Param {
        /// `$n`, counted from 1.
        External(n: u32),
        /// A value passed between parts of a plan (`PARAM_EXEC`).
        Exec(id: u32),
        /// Output column `n` (from 1) of the enclosing SubLink's subquery, in its test. Analysed trees only.
        SubLink(n: u32),
    }

    /// A call of a function, perhaps written as an operator.
    pub struct FuncCall {
        /// `pg_proc.oid`.
        pub func: Oid,
        /// `pg_operator.oid`, 0 when written as a function.
        pub op: Oid,
        /// Arguments, defaults filled in, coerced.
        pub args: Vec<Expr>,
        /// Collation the function sees.
        pub input_collation: Oid,
        /// The last argument is the array of variadic arguments.
        pub variadic: bool,
        /// Returns a set.
        pub retset: bool,
        /// How to print it.
        pub form: CoercionForm,
        /// NULL in, NULL out.
        pub strict: bool,
        /// May give another answer each time / within a statement stable / immutable.
        pub volatility: Volatility,
    }

    /// `pg_proc.provolatile`.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum Volatility { Immutable, Stable, Volatile }

    /// How a coercion or call was written.
    #[derive(Copy, Eq)]
    pub enum CoercionForm {
        /// A plain call.
        Call,
        /// `CAST` or `::`.
        Explicit,
        /// Made by the system.
        Implicit,
        /// SQL syntax such as EXTRACT.
        Sql,
    }

    /// One WHEN.
    pub struct When {
        /// Condition.
        pub cond: Expr,
        /// Result.
        pub result: Expr,
    }

    /// IS TRUE and so on.
    #[derive(Copy, Eq)]
    pub enum BoolTest { True, NotTrue, False, NotFalse, Unknown, NotUnknown }

    /// Row comparison strategies.
    #[derive(Copy, Eq)]
    pub enum RowCompareKind { Lt, Le, Ge, Gt }

    /// SQL's parameterless functions.
    #[derive(Copy, Eq)]
    pub enum SqlValueKind {
        CurrentDate, CurrentTime, CurrentTimestamp, LocalTime, LocalTimestamp,
        CurrentRole, CurrentUser, User, SessionUser, CurrentCatalog, CurrentSchema,
    }

    /// Kinds of subqueries in expressions.
    #[derive(Copy, Eq)]
    pub enum SubLinkKind {
        /// EXISTS.
        Exists,
        /// `test` over [`Param::SubLink`] holds for any row (IN).
        Any,
        /// … for all rows.
        All,
        /// `(a, b) op (SELECT …)` of at most one row.
        RowCompare,
        /// The single value.
        Expr,
        /// `(a, b) = (SELECT …)` in UPDATE SET: several outputs of one subquery.
        Multi,
        /// ARRAY(SELECT …).
        Array,
    }

    /// A subquery in an expression.
    pub struct SubLink {
        /// Which kind.
        pub kind: SubLinkKind,
        /// For Any, All, RowCompare: the comparison, over [`Param::SubLink`].
        pub test: Option<Expr>,
        /// The operator as written, for deparse (`IN` is empty).
        pub op_name: String,
        /// The subquery.
        pub query: Query,
        /// Which MULTIEXPR subquery of the statement (from 1).
        pub id: u32,
    }

    /// A planned subquery in an expression.
    pub struct SubPlanRef {
        /// Which kind.
        pub kind: SubLinkKind,
        /// Index into [`crate::PlannedStmt::subplans`].
        pub plan: u32,
        /// For Any, All, RowCompare: the test, over `Param::Exec(outputs[i])`.
        pub test: Option<Expr>,
        /// Parameters that carry the subquery's output columns into `test`.
        pub outputs: Vec<u32>,
        /// Correlation: parameters to set from the outer row before (re)starting the subplan. Empty: runs once.
        pub args: Vec<(u32, Expr)>,
        /// For Any over plain equalities and an uncorrelated subplan: probe a hash table of its rows instead of scanning.
        /// The outer sides and the inner columns' comparison functions, NULL semantics of IN kept.
        pub hashed: Option<Vec<HashKey>>,
    }

    /// One equality of a hashed comparison.
    pub struct HashKey {
        /// The probe side.
        pub left: Expr,
        /// The build side, over the inner columns.
        pub right: Expr,
        /// B-tree comparison function whose key bytes decide equality.
        pub cmp: Oid,
        /// Collation of the comparison.
        pub collation: Oid,
    }

    /// An aggregate call.
    pub struct Aggregate {
        /// `pg_proc.oid`.
        pub func: Oid,
        /// Direct arguments of ordered-set aggregates.
        pub direct: Vec<Expr>,
        /// Aggregated arguments, with `sort_ref`s for ORDER BY and DISTINCT; junk ones are only sorted by.
        pub args: Vec<crate::Target>,
        /// ORDER BY (or WITHIN GROUP's).
        pub order_by: Vec<SortClause>,
        /// DISTINCT.
        pub distinct: Vec<SortClause>,
        /// FILTER.
        pub filter: Option<Expr>,
        /// `count(*)`.
        pub star: bool,
        /// VARIADIC.
        pub variadic: bool,
        /// Ordered-set or hypothetical-set ('o', 'h'), else 'n'.
        pub kind: u8,
        /// Query levels up.
        pub level: u32,
        /// Collation the aggregate sees.
        pub input_collation: Oid,
        /// Transition type, polymorphism resolved.
        pub trans_type: Oid,
    }

    /// A window function call.
    pub struct WindowCall {
        /// `pg_proc.oid`.
        pub func: Oid,
        /// Arguments.
        pub args: Vec<Expr>,
        /// FILTER, for aggregates.
        pub filter: Option<Expr>,
        /// Index into [`Query::windows`].
        pub window: u32,
        /// `count(*) OVER …`.
        pub star: bool,
        /// An aggregate, not a pure window function.
        pub aggregate: bool,
        /// Collation the function sees.
        pub input_collation: Oid,
        /// For aggregates, the transition type.
        pub trans_type: Oid,
    }
}

/// An expression: its node is on the heap, as handing on one word takes less code than handing on a node, and most of what analysis and
/// planning do is that.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr(Box<ExprNode>);

impl From<ExprNode> for Expr {
    fn from(node: ExprNode) -> Expr {
        Expr(Box::new(node))
    }
}

impl Deref for Expr {
    type Target = ExprNode;

    fn deref(&self) -> &ExprNode {
        &self.0
    }
}

impl DerefMut for Expr {
    fn deref_mut(&mut self) -> &mut ExprNode {
        &mut self.0
    }
}

impl Codec for Expr {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Expr {
        Expr(Box::decode(r))
    }
}

impl Expr {
    /// An expression with all that is told of one.
    pub fn make(kind: ExprKind, ty: TypeRef, collation: Oid, span: Span) -> Expr {
        Expr(Box::new(ExprNode { kind, ty, collation, span }))
    }

    /// An expression the system made.
    pub fn new(kind: ExprKind, ty: TypeRef) -> Expr {
        Expr::make(kind, ty, 0, Span::NONE)
    }

    /// Another expression of the same type, collation and place.
    pub fn with_kind(&self, kind: ExprKind) -> Expr {
        Expr::make(kind, self.ty, self.collation, self.span)
    }

    /// With this collation.
    pub fn collated(mut self, collation: Oid) -> Expr {
        self.collation = collation;
        self
    }

    /// What is under COLLATE with what COLLATE said and where; or the expression as it is.
    pub fn uncollate(self) -> Result<(Expr, Oid, Span), Expr> {
        if !matches!(self.kind, ExprKind::Collate(_)) {
            return Err(self);
        }
        let node = self.into_node();
        match node.kind {
            ExprKind::Collate(arg) => Ok((arg, node.collation, node.span)),
            kind => Err(Expr::make(kind, node.ty, node.collation, node.span)),
        }
    }

    /// The node itself.
    pub fn into_node(self) -> ExprNode {
        *self.0
    }

    /// What it is, the rest dropped.
    pub fn into_kind(self) -> ExprKind {
        self.0.kind
    }

    /// Of a call with named arguments or defaults, puts all arguments in their places; `now` may say what a default is now.
    pub fn order_arguments(&mut self, now: &dyn Fn(&FuncCall, usize) -> Option<Expr>) {
        let ExprKind::Call(c) = &mut self.kind else { return };
        if !matches!(c.args.last().map(|a| &a.kind), Some(ExprKind::NamedArg { .. })) {
            return;
        }
        let args = std::mem::take(&mut c.args);
        let mut places: Vec<Option<Expr>> = args.iter().map(|_| None).collect();
        for (i, e) in args.into_iter().enumerate() {
            let (i, e) = match &e.kind {
                ExprKind::NamedArg { name, arg, index } => {
                    let i = *index as usize;
                    let current = if name.is_empty() { now(c, i).filter(|d| d.ty.oid == arg.ty.oid) } else { None };
                    (i, current.unwrap_or_else(|| arg.clone()))
                }
                _ => (i, e),
            };
            if let Some(place) = places.get_mut(i) {
                *place = Some(e);
            }
        }
        c.args = places.into_iter().flatten().collect();
    }

    /// A constant.
    pub fn constant(value: Value, ty: TypeRef) -> Expr {
        Expr::new(ExprKind::Const(value), ty)
    }

    /// Column `index` of the input.
    pub fn column(index: usize, like: &Expr) -> Expr {
        like.with_kind(ExprKind::Column(index as u32))
    }

    /// The constant, when it is one.
    pub fn as_const(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Const(v) => Some(v),
            _ => None,
        }
    }
}
