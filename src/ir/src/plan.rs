//! Plans: what `planner` makes and `exec` runs. Immutable and shared; what changes while running lives beside them.
//!
//! Every node has a *native output* (said at each variant). `filter` is over the native output, `project` too, and gives
//! the node's columns; without `project` the native output is passed on. All expressions refer to columns by
//! [`ExprKind::Column`](crate::ExprKind::Column).

use std::rc::Rc;

use tusklet_vector::TypeRef;

use crate::codec::Codec;
use crate::{
    Aggregate, CommandType, Expr, ExprKind, Frame, HashKey, JoinKind, LockStrength, LockWait, Oid, SetOpKind, WindowCall,
};

/// A planned statement.
#[derive(Clone, Debug)]
pub struct PlannedStmt {
    /// The statement's kind; for INSERT and so on `plan` is a ModifyTable node.
    pub command: CommandType,
    /// The main plan.
    pub plan: Plan,
    /// Subqueries of expressions, by [`crate::SubPlanRef::plan`].
    pub subplans: Vec<Plan>,
    /// WITH queries (and shared work tables), by number.
    pub ctes: Vec<CtePlan>,
    /// Types of the `PARAM_EXEC` parameters.
    pub params: Vec<TypeRef>,
    /// Result columns, when the statement returns rows.
    pub columns: Vec<ResultColumn>,
    /// Tables read or written, for locks and privileges.
    pub relations: Vec<RelationUse>,
    /// A statement a straight path exists for.
    pub straight: Option<Rc<Straight>>,
    /// Contains volatile functions or data changes: never run ahead or twice.
    pub volatile: bool,
    /// A function in FROM was replaced by its query: there is more in it than was written.
    pub inlined: bool,
}

/// A result column as RowDescription tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: TypeRef,
    /// Collation.
    pub collation: Oid,
    /// Table and attribute, 0 when computed.
    pub origin: (Oid, i16),
}

/// How a statement uses a table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct RelationUse {
    pub rel: Oid,
    pub select: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub row_lock: bool,
}

/// A WITH query.
#[derive(Clone, Debug)]
pub struct CtePlan {
    /// Name, for EXPLAIN.
    pub name: String,
    /// Its plan. Run as far as its readers ask; a data-changing one is run to its end with the statement.
    pub plan: Plan,
    /// Changes data.
    pub modifies: bool,
}

/// A point statement: exec probes one unique index and needs no operator tree. The ordinary plan is always there too.
#[derive(Clone, Debug)]
pub struct Straight {
    /// The table.
    pub rel: Oid,
    /// Its storage.
    pub storage: u32,
    /// The unique index probed, and its storage. 0 for a one-row INSERT.
    pub index: Oid,
    /// Storage of the index.
    pub index_storage: u32,
    /// The key: constants and parameters only, one per key column.
    pub key: Vec<IndexBound>,
    /// Columns read, as [`Node::SeqScan`]'s.
    pub columns: Vec<i16>,
    /// Rest of WHERE over `columns`.
    pub filter: Option<Expr>,
    /// The select list over `columns`.
    pub project: Option<Vec<Expr>>,
}

/// A plan node.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it does.
    pub node: Node,
    /// Rows of the native output to keep.
    pub filter: Option<Expr>,
    /// Its columns over the native output.
    pub project: Option<Vec<Expr>>,
    /// Types of its columns.
    pub columns: Vec<TypeRef>,
    /// Estimated rows.
    pub rows: f64,
    /// Estimated bytes a row.
    pub width: u32,
    /// Cost up to the first row.
    pub startup_cost: f64,
    /// Cost to the end.
    pub total_cost: f64,
}

/// A table as a scan sees it.
#[derive(Clone, Debug)]
pub struct ScanRel {
    /// OID.
    pub oid: Oid,
    /// Storage relation.
    pub storage: u32,
    /// Alias or name, for EXPLAIN and EvalPlanQual.
    pub alias: String,
    /// Range-table position in the flattened statement: identifies this scan.
    pub rte: u32,
    /// Columns of the native output: attribute numbers, negative ones system columns (PostgreSQL's numbers: -1 ctid,
    /// -2 xmin, -3 cmin, -4 xmax, -5 cmax, -6 tableoid).
    pub columns: Vec<i16>,
}

/// A bound on one key column.
#[derive(Clone, Debug)]
pub struct IndexBound {
    /// Comparison: `column op value`.
    pub op: BoundOp,
    /// The value: no columns of this scan, perhaps parameters.
    pub value: Expr,
}

/// Comparisons an ordered index answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BoundOp {
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    IsNull,
    IsNotNull,
    /// `= ANY(array)`: one probe per element, in index order.
    In,
}

/// One ordering of a sort, merge or group.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// Column of the input.
    pub column: u32,
    /// Its type.
    pub ty: Oid,
    /// B-tree comparison function.
    pub cmp: Oid,
    /// Collation.
    pub collation: Oid,
    /// Descending.
    pub desc: bool,
    /// NULLs first.
    pub nulls_first: bool,
}

/// How an aggregation gets its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AggStrategy {
    /// One group.
    Plain,
    /// Input sorted by the group columns.
    Sorted,
    /// A hash table.
    Hashed,
}

/// One grouping set of an aggregation.
#[derive(Clone, Debug)]
pub struct AggregateSet {
    /// Which of the groups it has.
    pub columns: Vec<u32>,
    /// Of what rollup it is a part; `None` when it is hashed. The sets of a rollup stand together, the longest first; each
    /// begins with the columns of those after it, and their groups come in one order, as sorting by those columns gives it.
    pub rollup: Option<u32>,
}

/// A zone-map test: rows outside need not be read. Never changes an answer.
#[derive(Clone, Debug)]
pub struct ZoneFilter {
    /// Attribute.
    pub attno: i16,
    /// `column op value`, ordered types of fixed width only.
    pub bound: IndexBound,
}

/// The places of rows, as indexes find them.
#[derive(Clone, Debug)]
pub struct Bitmap {
    /// Where from.
    pub source: BitmapSource,
    /// Estimated rows.
    pub rows: f64,
    /// Cost.
    pub cost: f64,
}

/// Where a [`Bitmap`] comes from.
#[derive(Clone, Debug)]
pub enum BitmapSource {
    /// One index, `keys` as [`Node::IndexScan`]'s.
    #[allow(missing_docs)]
    Index { index: Oid, index_storage: u32, keys: Vec<(u32, IndexBound)> },
    /// One that is no B-tree, `conds` as [`Node::MethodScan`]'s.
    #[allow(missing_docs)]
    Method { index: Oid, index_storage: u32, conds: Vec<MethodCond> },
    /// In all of them.
    And(Vec<Bitmap>),
    /// In any.
    Or(Vec<Bitmap>),
}

impl Bitmap {
    /// What its indexes are asked for.
    pub fn values<'a>(&'a self, out: &mut Vec<&'a Expr>) {
        match &self.source {
            BitmapSource::Index { keys, .. } => out.extend(keys.iter().map(|(_, b)| &b.value)),
            BitmapSource::Method { conds, .. } => out.extend(conds.iter().map(|c| &c.value)),
            BitmapSource::And(list) | BitmapSource::Or(list) => list.iter().for_each(|b| b.values(out)),
        }
    }

    fn is_tree(&self) -> bool {
        matches!(self.source, BitmapSource::Index { .. })
    }

    /// Whether a condition is one that it looks for, so that what is found is only tested again: of indexes that are no
    /// B-trees, whose conditions stay with the scan.
    pub fn looks_for(&self, cond: &Expr) -> bool {
        match (&self.source, &cond.kind) {
            (BitmapSource::And(list), _) => list.iter().any(|b| b.looks_for(cond)),
            (_, ExprKind::And(parts)) => parts.iter().all(|p| self.looks_for(p)),
            (BitmapSource::Or(list), ExprKind::Or(arms)) => {
                // Conditions of B-trees are not kept; in an arm there are no more than it has such indexes.
                let whole = |b: &Bitmap, a: &Expr| match (&b.source, &a.kind) {
                    (BitmapSource::And(list), ExprKind::And(parts)) => {
                        let rest = parts.iter().filter(|p| !b.looks_for(p)).count();
                        rest <= list.iter().filter(|b| b.is_tree()).count()
                    }
                    (_, ExprKind::And(_)) => b.looks_for(a),
                    _ => b.is_tree() || b.looks_for(a),
                };
                list.len() == arms.len()
                    && !list.iter().all(Bitmap::is_tree)
                    && list.iter().zip(arms).all(|(b, a)| whole(b, a))
            }
            (BitmapSource::Method { conds, .. }, kind) => {
                conds.iter().any(|c| c.cond.kind.to_bytes() == kind.to_bytes())
            }
            _ => false,
        }
    }
}

/// Kinds of plan nodes. Children are inside.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Node {
    /// One row without columns; with `input`, its rows when `once` holds. Native: the input's columns.
    Result { once: Option<Expr>, input: Option<Box<Plan>> },
    /// A whole table. Native: `rel.columns`.
    SeqScan { rel: ScanRel, zones: Vec<ZoneFilter>, sample: Option<Box<crate::TableSample>> },
    /// Rows an index finds, in its order. `keys[i]` bounds key column `i`: several bounds on one column are several
    /// entries with the same number. Native: `rel.columns`.
    /// `only`: the index has all the columns (what EXPLAIN calls it).
    IndexScan {
        rel: ScanRel,
        index: Oid,
        index_storage: u32,
        keys: Vec<(u32, IndexBound)>,
        backward: bool,
        only: bool,
    },
    /// The rows that indexes find, in the order of the heap. Native: `rel.columns`.
    BitmapScan { rel: ScanRel, bitmap: Bitmap },
    /// Rows an index that is no B-tree finds, in heap order, or nearest first. It may find too many: the plan's filter tests
    /// the conditions too. Native: `rel.columns`. `only`: as of an index scan.
    MethodScan {
        rel: ScanRel,
        index: Oid,
        index_storage: u32,
        conds: Vec<MethodCond>,
        nearest: Option<Box<MethodCond>>,
        only: bool,
    },
    /// The rows with one of these ctids. Native: `rel.columns`.
    TidScan { rel: ScanRel, tids: Vec<Expr> },
    /// A system catalog, made from the live one. Native: `rel.columns`.
    CatalogScan { rel: ScanRel },
    /// Functions in FROM, in step. Native: their columns, then the ordinality.
    FunctionScan { functions: Vec<FunctionSource>, ordinality: bool, alias: String },
    /// VALUES. Native: the columns.
    ValuesScan { rows: Vec<Vec<Expr>> },
    /// VALUES of plain literals. Native: the columns, of these types.
    LiteralScan { rows: crate::LiteralRows, types: Vec<TypeRef> },
    /// Rows of WITH query `cte`. Native: its columns.
    CteScan { cte: u32, alias: String },
    /// The work table of the recursive union with this number. Native: its columns.
    WorkTableScan { id: u32, alias: String },
    /// A subquery, for its alias. `junk`: it computes columns that it does not show. Native: the input's columns.
    SubqueryScan { input: Box<Plan>, alias: String, junk: bool },
    /// Starting it forgets the rows of these WITH queries, so that a rescan computes them anew.
    With { ctes: Vec<u32>, input: Box<Plan> },
    /// For each left row: set `params` (over left's columns), restart right. Native: left ++ right (left only for Semi,
    /// Anti). `on` is over left ++ right.
    NestLoop { kind: JoinKind, left: Box<Plan>, right: Box<Plan>, on: Option<Expr>, params: Vec<(u32, Expr)> },
    /// Builds a hash table of the right rows. Keys: `left` over left's columns, `right` over right's. `on` is the rest,
    /// over left ++ right. `null_aware` (Anti only): NOT IN. Native as NestLoop.
    HashJoin {
        kind: JoinKind,
        left: Box<Plan>,
        right: Box<Plan>,
        keys: Vec<HashKey>,
        on: Option<Expr>,
        null_aware: bool,
    },
    /// Both inputs sorted by `keys` (left, right). Native as NestLoop.
    MergeJoin { kind: JoinKind, left: Box<Plan>, right: Box<Plan>, keys: Vec<(SortKey, SortKey)>, on: Option<Expr> },
    /// Sorts; with `limit` keeps only that many. The input comes ordered by the first `presorted` of the keys. Native: the
    /// input's columns.
    Sort { input: Box<Plan>, keys: Vec<SortKey>, presorted: u32, limit: Option<Box<(Option<Expr>, Option<Expr>)>> },
    /// LIMIT and OFFSET (bigint). WITH TIES compares `ties`. Native: the input's columns.
    Limit { input: Box<Plan>, limit: Option<Expr>, offset: Option<Expr>, ties: Option<Vec<SortKey>> },
    /// First of each run of equal rows (input sorted). Native: the input's columns.
    Unique { input: Box<Plan>, keys: Vec<SortKey> },
    /// GROUP BY and aggregates. `groups`: columns of the input, with their orders; the last `carried` depend on the others. Native: the group columns (NULL when not
    /// in the set), then the aggregates, then the GROUPING of each list of groups in `groupings`.
    Aggregate {
        input: Box<Plan>,
        strategy: AggStrategy,
        groups: Vec<SortKey>,
        carried: u32,
        sets: Option<Vec<AggregateSet>>,
        groupings: Vec<Vec<u32>>,
        aggs: Vec<Aggregate>,
    },
    /// Window functions over one window; input sorted by `partition` then `order`. `run`: conditions over the native output
    /// without which no later row of a partition is wanted; the filter has them. Native: the input's columns, then one a call.
    WindowAgg {
        input: Box<Plan>,
        partition: Vec<SortKey>,
        order: Vec<SortKey>,
        frame: Box<Frame>,
        calls: Vec<WindowCall>,
        run: Vec<Expr>,
    },
    /// One input after the other. Native: their columns. `names` say, when there are no inputs, which columns of FROM are not
    /// read.
    Append { inputs: Vec<Plan>, names: Vec<(String, String)> },
    /// Sorted inputs, merged. Native: their columns.
    MergeAppend { inputs: Vec<Plan>, keys: Vec<SortKey> },
    /// INTERSECT or EXCEPT, by hashing. Native: the columns of the left.
    SetOp { kind: SetOpKind, all: bool, left: Box<Plan>, right: Box<Plan>, keys: Vec<SortKey> },
    /// WITH RECURSIVE: `id` is the work table's number, and the exec parameter set anew each round. Native: the columns.
    RecursiveUnion { id: u32, all: bool, initial: Box<Plan>, recursive: Box<Plan>, keys: Vec<SortKey> },
    /// Set-returning functions in a select list: `exprs` over the input, of which the set-returning ones run in step.
    /// Native: one column an expression.
    ProjectSet { input: Box<Plan>, exprs: Vec<Expr> },
    /// Keeps the input's rows, so that a rescan does not compute them anew.
    Material { input: Box<Plan> },
    /// FOR UPDATE: locks the rows the marks name. Native: the input's columns.
    LockRows { input: Box<Plan>, marks: Vec<LockMark> },
    /// INSERT, UPDATE, DELETE, MERGE. Native: see [`ModifyTable`].
    ModifyTable(Box<ModifyTable>),
}

/// A function in FROM.
#[derive(Clone, Debug)]
pub struct FunctionSource {
    /// The call (or any expression, of one row).
    pub expr: Expr,
    /// Types of its columns.
    pub columns: Vec<TypeRef>,
    /// Their names; they matter where the function makes its rows by them.
    pub names: Vec<String>,
    /// Its result is a composite value to be split into columns.
    pub composite: bool,
}

/// What LockRows locks.
#[derive(Clone, Debug)]
pub struct LockMark {
    /// Which scan.
    pub rte: u32,
    /// The table.
    pub rel: Oid,
    /// Its storage.
    pub storage: u32,
    /// Column of the input with the row's ctid.
    pub ctid: u32,
    /// How strongly.
    pub strength: LockStrength,
    /// What if it is locked.
    pub wait: LockWait,
}

/// Writing.
///
/// The input's columns: for INSERT the new row, one column per attribute of the target (dropped ones NULL). For UPDATE
/// and DELETE the row's ctid at `ctid` (and its tableoid at `tableoid` when there are several targets), UPDATE's new
/// values where `set` says. For MERGE both, NULL ctid meaning NOT MATCHED.
///
/// Native output (when `returning`): the target's columns by attribute (new row, or old for DELETE), ctid, tableoid,
/// then the input's columns.
#[derive(Clone, Debug)]
pub struct ModifyTable {
    /// INSERT, UPDATE, DELETE or MERGE.
    pub command: CommandType,
    /// Rows to write.
    pub input: Plan,
    /// The tables, first the named one.
    pub targets: Vec<ModifyTarget>,
    /// Scan whose rows are written (UPDATE, DELETE, MERGE).
    pub rte: u32,
    /// Column of the input with the ctid.
    pub ctid: u32,
    /// Column of the input with the table's OID.
    pub tableoid: Option<u32>,
    /// UPDATE: (attribute, input column).
    pub set: Vec<(i16, u32)>,
    /// Whether rows are returned.
    pub returning: bool,
    /// ON CONFLICT.
    pub on_conflict: Option<ConflictAction>,
    /// MERGE's actions, expressions over the input's columns.
    pub actions: Vec<MergeStep>,
}

/// ON CONFLICT.
#[derive(Clone, Debug)]
pub struct ConflictAction {
    /// Arbiter indexes; empty: any unique index.
    pub arbiters: Vec<Oid>,
    /// DO UPDATE: (attribute, value over existing row ++ (ctid, tableoid) ++ proposed row). `None`: DO NOTHING.
    pub update: Option<Vec<(i16, Expr)>>,
    /// DO UPDATE … WHERE, over the same.
    pub filter: Option<Expr>,
}

/// A WHEN of MERGE.
#[derive(Clone, Debug)]
pub struct MergeStep {
    /// WHEN MATCHED.
    pub matched: bool,
    /// AND …
    pub cond: Option<Expr>,
    /// INSERT, UPDATE, DELETE, or nothing.
    pub command: Option<CommandType>,
    /// UPDATE: (attribute, value). INSERT: one value per attribute.
    pub values: Vec<(i16, Expr)>,
}

/// A table to write to, with everything a new row must satisfy.
#[derive(Clone, Debug)]
pub struct ModifyTarget {
    /// OID.
    pub rel: Oid,
    /// Schema and name, for errors.
    pub name: (String, String),
    /// Storage.
    pub storage: u32,
    /// By attribute.
    pub columns: Vec<TargetColumn>,
    /// CHECK constraints over the target's columns.
    pub checks: Vec<(String, Expr)>,
    /// Generated columns: (attribute, expression over the target's columns).
    pub generated: Vec<(i16, Expr)>,
    /// Its indexes.
    pub indexes: Vec<TargetIndex>,
    /// A view's WITH CHECK OPTION: (view name, condition over the target's columns).
    pub view_checks: Vec<(String, Expr)>,
    /// The engine wants every changed row (foreign keys, AFTER triggers), as old and new values.
    pub after_rows: bool,
    /// … and is to be asked before each (BEFORE triggers).
    pub before_rows: bool,
    /// When only a subtable's columns differ in order: input column per attribute for UPDATE's `set` and INSERT.
    pub attribute_map: Option<Vec<Option<u32>>>,
}

/// A column of a written table.
#[derive(Clone, Debug)]
pub struct TargetColumn {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: TypeRef,
    /// NOT NULL.
    pub not_null: bool,
    /// Dropped.
    pub dropped: bool,
}

/// An index to keep.
#[derive(Clone, Debug)]
pub struct TargetIndex {
    /// OID.
    pub oid: Oid,
    /// Name, for errors.
    pub name: String,
    /// Storage.
    pub storage: u32,
    /// Key columns: a value over the target's columns and its order.
    pub keys: Vec<(Expr, SortKey)>,
    /// Attributes its key and predicate look at, to tell whether an UPDATE touches it.
    pub attnos: Vec<i16>,
    /// UNIQUE.
    pub unique: bool,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// Checked at once; else at the end of the statement or transaction.
    pub immediate: bool,
    /// WHERE, over the target's columns.
    pub predicate: Option<Expr>,
}

/// A condition an index that is no B-tree looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodCond {
    /// Key column of the index.
    pub column: u32,
    /// Strategy of its operator in the family that says what of the column is kept, or one of those below.
    pub strategy: i16,
    /// What the column is compared with.
    pub value: Expr,
    /// With any element of it (`= ANY`).
    pub each: bool,
    /// It only follows from what the scan tests.
    pub derived: bool,
    /// The whole condition, or the distance to order by, over the scan's native columns.
    pub cond: Expr,
}

impl MethodCond {
    /// Strategy of a condition that holds of no NULL and says nothing else of what is kept.
    pub const ANYTHING: i16 = 0;
    /// Strategy of IS NULL.
    pub const IS_NULL: i16 = -1;
    /// Strategy of IS NOT NULL.
    pub const IS_NOT_NULL: i16 = -2;
    /// Strategy of a condition that holds of all rows in the index, by its predicate: nothing to look for.
    pub const PREDICATE: i16 = -3;
}

impl Plan {
    /// The children, left to right.
    pub fn children(&self) -> Vec<&Plan> {
        match &self.node {
            Node::Result { input, .. } => input.iter().map(|p| &**p).collect(),
            Node::SeqScan { .. }
            | Node::IndexScan { .. }
            | Node::BitmapScan { .. }
            | Node::MethodScan { .. }
            | Node::TidScan { .. }
            | Node::CatalogScan { .. }
            | Node::FunctionScan { .. }
            | Node::ValuesScan { .. }
            | Node::LiteralScan { .. }
            | Node::CteScan { .. }
            | Node::WorkTableScan { .. } => vec![],
            Node::SubqueryScan { input, .. }
            | Node::With { input, .. }
            | Node::Sort { input, .. }
            | Node::Limit { input, .. }
            | Node::Unique { input, .. }
            | Node::Aggregate { input, .. }
            | Node::WindowAgg { input, .. }
            | Node::ProjectSet { input, .. }
            | Node::Material { input }
            | Node::LockRows { input, .. } => vec![input],
            Node::NestLoop { left, right, .. }
            | Node::HashJoin { left, right, .. }
            | Node::MergeJoin { left, right, .. }
            | Node::SetOp { left, right, .. } => vec![left, right],
            Node::RecursiveUnion { initial, recursive, .. } => vec![initial, recursive],
            Node::Append { inputs, .. } | Node::MergeAppend { inputs, .. } => inputs.iter().collect(),
            Node::ModifyTable(m) => vec![&m.input],
        }
    }
}
