//! The analysed query: names resolved, types settled, nothing planned.

use std::rc::Rc;

use tusklet_error::Span;
use tusklet_vector::{Batch, TypeRef, Value};

use crate::codec::{Codec, Reader};
use crate::{Expr, Oid};

crate::node! {
    /// A SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE (`struct Query`).
    pub struct Query {
        /// Which.
        pub command: CommandType,
        /// WITH.
        pub ctes: Vec<Cte>,
        /// WITH RECURSIVE.
        pub recursive: bool,
        /// Everything FROM (and the target, and OLD/NEW-like extras) names; joins have entries too.
        pub rtable: Vec<Rte>,
        /// FROM, implicitly cross-joined.
        pub from: Vec<FromNode>,
        /// WHERE.
        pub filter: Option<Expr>,
        /// Index of the entry INSERT, UPDATE, DELETE, MERGE writes to.
        pub result_rel: Option<u32>,
        /// The select list; for INSERT and UPDATE the assigned columns (`attno`).
        pub targets: Vec<Target>,
        /// OVERRIDING.
        pub overriding: Overriding,
        /// ON CONFLICT.
        pub on_conflict: Option<Box<OnConflict>>,
        /// RETURNING.
        pub returning: Vec<Target>,
        /// MERGE's WHEN clauses; its ON condition is `merge_on`.
        pub merge_actions: Vec<MergeAction>,
        /// MERGE … ON.
        pub merge_on: Option<Expr>,
        /// GROUP BY items.
        pub group_by: Vec<SortClause>,
        /// GROUP BY DISTINCT.
        pub group_distinct: bool,
        /// Grouping sets, expanded: each a list of `sort_ref`s. Empty when plain GROUP BY.
        pub grouping_sets: Vec<Vec<u32>>,
        /// As written, for deparse.
        pub grouping_written: Vec<GroupingSet>,
        /// HAVING.
        pub having: Option<Expr>,
        /// Windows, named and inline.
        pub windows: Vec<Window>,
        /// DISTINCT.
        pub distinct: Option<Distinct>,
        /// ORDER BY.
        pub order_by: Vec<SortClause>,
        /// LIMIT, as bigint.
        pub limit: Option<Expr>,
        /// OFFSET, as bigint.
        pub offset: Option<Expr>,
        /// FETCH … WITH TIES.
        pub with_ties: bool,
        /// FOR UPDATE and so on.
        pub locks: Vec<RowMark>,
        /// WITH CHECK OPTION of the views written through, innermost first; made by the rewriter, never stored.
        pub view_checks: ViewChecks,
        /// UNION, INTERSECT, EXCEPT: a tree over subquery entries of the range table; `targets` then describe the result.
        pub set_op: Option<SetOpTree>,
        /// Contains aggregates of its own level.
        pub has_aggs: bool,
        /// Contains window functions.
        pub has_windows: bool,
        /// Contains set-returning functions in the select list.
        pub has_srfs: bool,
        /// Contains subqueries in expressions.
        pub has_sublinks: bool,
        /// Written as VALUES lists alone or SELECT; for deparse.
        pub span: Span,
    }

    /// The statement's kind.
    #[derive(Copy, Eq)]
    pub enum CommandType { Select, Insert, Update, Delete, Merge }

    /// One output column or assigned column (`TargetEntry`).
    pub struct Target {
        /// Its value.
        pub expr: Expr,
        /// Column name, or for INSERT/UPDATE the target column's.
        pub name: String,
        /// For INSERT, UPDATE: the attribute number; otherwise position from 1.
        pub attno: i16,
        /// Nonzero when ORDER BY, GROUP BY, DISTINCT or a window refer to it.
        pub sort_ref: u32,
        /// Not part of the result.
        pub junk: bool,
        /// Table and attribute it comes from, for RowDescription; 0 when computed.
        pub origin: (Oid, i16),
    }

    /// A sort or group item (`SortGroupClause`).
    pub struct SortClause {
        /// The target's `sort_ref`.
        pub target: u32,
        /// Equality operator.
        pub eq_op: Oid,
        /// Ordering operator, 0 when the type only hashes.
        pub sort_op: Oid,
        /// B-tree comparison function (support function 1) of the ordering's family.
        pub cmp: Oid,
        /// The ordering operator is the family's `>`.
        pub desc: bool,
        /// NULLS FIRST.
        pub nulls_first: bool,
    }

    /// As written.
    pub enum GroupingSet {
        /// `()`.
        Empty,
        /// One or several expressions.
        Simple(refs: Vec<u32>),
        /// ROLLUP.
        Rollup(sets: Vec<GroupingSet>),
        /// CUBE.
        Cube(sets: Vec<GroupingSet>),
        /// GROUPING SETS.
        Sets(sets: Vec<GroupingSet>),
    }

    /// DISTINCT.
    pub struct Distinct {
        /// The items, in order; with `on`, those of DISTINCT ON.
        pub items: Vec<SortClause>,
        /// DISTINCT ON.
        pub on: bool,
    }

    /// OVERRIDING … VALUE.
    #[derive(Copy, Eq)]
    pub enum Overriding { None, User, System }

    /// A range-table entry.
    pub struct Rte {
        /// What it is.
        pub kind: RteKind,
        /// Alias as written, empty when none.
        pub alias: String,
        /// Column aliases as written.
        pub column_aliases: Vec<String>,
        /// Name it is known by (`eref`).
        pub name: String,
        /// Its columns, by attribute number; dropped ones have an empty name.
        pub columns: Vec<RteColumn>,
        /// LATERAL (or a function, which always may be).
        pub lateral: bool,
        /// Scan children too.
        pub inherit: bool,
        /// In FROM, as opposed to added by the system.
        pub in_from: bool,
    }

    /// A column of a range-table entry.
    pub struct RteColumn {
        /// Name.
        pub name: String,
        /// Type.
        pub ty: TypeRef,
        /// Collation.
        pub collation: Oid,
    }

    /// Kinds of range-table entries.
    pub enum RteKind {
        /// A table, view (before rewriting), sequence, …
        Relation { oid: Oid, sample: Option<Box<TableSample>> },
        /// A subquery. `view` is the view's OID when it came from one.
        Subquery { query: Box<Query>, view: Oid },
        /// A join: each column as an expression over the joined entries; the first `merged` ones are USING columns.
        Join { kind: JoinKind, columns: Vec<Expr>, merged: u32, using_alias: String },
        /// Functions in FROM.
        Function { functions: Vec<RangeFunction>, ordinality: bool },
        /// VALUES lists.
        Values { rows: Vec<Vec<Expr>> },
        /// A reference to a WITH query, `level` queries up; `recursive` inside its own recursive part.
        Cte { name: String, level: u32, recursive: bool },
        /// A row that is there by itself: nothing in FROM.
        Result,
        /// VALUES lists of an INSERT that are plain literals of the columns' types.
        Literals(rows: LiteralRows),
    }

    /// TABLESAMPLE.
    pub struct TableSample {
        /// Handler function.
        pub method: Oid,
        /// Arguments.
        pub args: Vec<Expr>,
        /// REPEATABLE.
        pub repeatable: Option<Expr>,
    }

    /// One function of a FROM item.
    pub struct RangeFunction {
        /// The call (or any expression).
        pub expr: Expr,
        /// How many of the entry's columns are its.
        pub columns: u32,
        /// A column definition list was given.
        pub coldeflist: bool,
    }

    /// FROM.
    pub enum FromNode {
        /// An entry of the range table.
        Ref(rte: u32),
        /// A join; `rte` is its own entry.
        Join { kind: JoinKind, left: Box<FromNode>, right: Box<FromNode>, on: Option<Expr>, rte: u32, using: Vec<String>, natural: bool },
    }

    /// Join kinds; the last two are the planner's.
    #[derive(Copy, Eq)]
    pub enum JoinKind { Inner, Left, Right, Full, Semi, Anti }

    /// A WITH query.
    pub struct Cte {
        /// Name.
        pub name: String,
        /// Column aliases as written.
        pub aliases: Vec<String>,
        /// MATERIALIZED, NOT MATERIALIZED, or neither.
        pub materialized: Option<bool>,
        /// The query.
        pub query: Query,
        /// Refers to itself.
        pub recursive: bool,
        /// References to it.
        pub refs: u32,
        /// Output columns.
        pub columns: Vec<RteColumn>,
        /// SEARCH clause, already expanded into the query, kept for deparse.
        pub span: Span,
    }

    /// A set-operation tree.
    pub enum SetOpTree {
        /// An entry of the range table.
        Leaf(rte: u32),
        /// An operation.
        Op { kind: SetOpKind, all: bool, left: Box<SetOpTree>, right: Box<SetOpTree>, columns: Vec<RteColumn>, group: Vec<SortClause> },
    }

    /// Set operations.
    #[derive(Copy, Eq)]
    pub enum SetOpKind { Union, Intersect, Except }

    /// A window.
    pub struct Window {
        /// Name, empty when inline.
        pub name: String,
        /// The window it was made from.
        pub base: String,
        /// PARTITION BY.
        pub partition_by: Vec<SortClause>,
        /// ORDER BY.
        pub order_by: Vec<SortClause>,
        /// The frame.
        pub frame: Frame,
    }

    /// A window frame.
    pub struct Frame {
        /// ROWS, RANGE, GROUPS.
        pub mode: FrameMode,
        /// Start.
        pub start: FrameBound,
        /// End.
        pub end: FrameBound,
        /// EXCLUDE.
        pub exclude: FrameExclude,
        /// Not the default: written by the user.
        pub written: bool,
        /// `in_range` functions for RANGE with offsets, 0 when not needed.
        pub start_in_range: Oid,
        /// Same for the end.
        pub end_in_range: Oid,
        /// Collation for them.
        pub in_range_collation: Oid,
    }

    /// Frame modes.
    #[derive(Copy, Eq)]
    pub enum FrameMode { Range, Rows, Groups }

    /// Frame bounds.
    pub enum FrameBound {
        UnboundedPreceding,
        Preceding(offset: Expr),
        CurrentRow,
        Following(offset: Expr),
        UnboundedFollowing,
    }

    /// EXCLUDE.
    #[derive(Copy, Eq)]
    pub enum FrameExclude { NoOthers, CurrentRow, Group, Ties }

    /// ON CONFLICT.
    pub struct OnConflict {
        /// DO UPDATE (else DO NOTHING).
        pub update: bool,
        /// Inferred or named unique indexes; empty: any.
        pub arbiters: Vec<Oid>,
        /// DO UPDATE SET, over the target (its own entry) and `excluded` (entry `excluded`).
        pub set: Vec<Target>,
        /// DO UPDATE … WHERE.
        pub filter: Option<Expr>,
        /// Range-table index of EXCLUDED.
        pub excluded: u32,
        /// As written, for deparse: the arbiter's constraint, or its elements and predicate.
        pub constraint: Oid,
        /// Inference elements.
        pub elements: Vec<Expr>,
        /// Inference predicate.
        pub predicate: Option<Expr>,
    }

    /// One WHEN of MERGE.
    pub struct MergeAction {
        /// WHEN MATCHED (else NOT MATCHED).
        pub matched: bool,
        /// AND condition.
        pub cond: Option<Expr>,
        /// What to do; `None` is DO NOTHING.
        pub command: Option<CommandType>,
        /// INSERT's or UPDATE's columns.
        pub targets: Vec<Target>,
        /// OVERRIDING.
        pub overriding: Overriding,
    }

    /// FOR UPDATE and so on.
    pub struct RowMark {
        /// The entry to lock.
        pub rte: u32,
        /// How strongly.
        pub strength: LockStrength,
        /// NOWAIT, SKIP LOCKED.
        pub wait: LockWait,
        /// Pushed down from an outer clause onto a subquery.
        pub pushed_down: bool,
    }

    /// Row lock strengths, weakest first.
    #[derive(Copy, Eq, PartialOrd, Ord)]
    pub enum LockStrength { KeyShare, Share, NoKeyUpdate, Update }

    /// What to do when the row is locked.
    #[derive(Copy, Eq)]
    pub enum LockWait { Block, SkipLocked, Error }
}

/// Rows of values by column, ready to be handed on: what a VALUES list is when none of its values has to be computed. A
/// column of NULLs alone may lie as any physical type.
#[derive(Clone, Debug)]
pub struct LiteralRows(pub Rc<Vec<Batch>>);

impl PartialEq for LiteralRows {
    fn eq(&self, other: &LiteralRows) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Codec for LiteralRows {
    fn encode(&self, out: &mut Vec<u8>) {
        let rows = self.0.iter().flat_map(|b| b.sel.iter().map(move |i| (b, i)));
        let rows: Vec<Vec<Value>> = rows.map(|(b, i)| b.columns.iter().map(|c| c.value(i)).collect()).collect();
        rows.encode(out);
    }

    /// No stored query has them: only INSERT does, and what is stored of one is its text.
    fn decode(r: &mut Reader<'_>) -> LiteralRows {
        r.fail();
        LiteralRows(Rc::default())
    }
}

/// What rows written through views must satisfy.
///
/// The rewriter makes these of a query about to be planned; a stored query has none, so nothing is stored of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewChecks(pub Vec<ViewCheck>);

/// A view's condition on rows written through it (`struct WithCheckOption`).
#[derive(Clone, Debug, PartialEq)]
pub struct ViewCheck {
    /// The view.
    pub view: String,
    /// Its condition, over the result relation. A view without one may still pass CASCADED on to what it reads.
    pub qual: Option<Expr>,
    /// CASCADED: the views below are checked too.
    pub cascaded: bool,
}

impl Codec for ViewChecks {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &mut Reader<'_>) -> Self {
        ViewChecks::default()
    }
}

impl Query {
    /// A query of the given kind with everything else empty.
    pub fn new(command: CommandType) -> Query {
        Query {
            command,
            ctes: vec![],
            recursive: false,
            rtable: vec![],
            from: vec![],
            filter: None,
            result_rel: None,
            targets: vec![],
            overriding: Overriding::None,
            on_conflict: None,
            returning: vec![],
            merge_actions: vec![],
            merge_on: None,
            group_by: vec![],
            group_distinct: false,
            grouping_sets: vec![],
            grouping_written: vec![],
            having: None,
            windows: vec![],
            distinct: None,
            order_by: vec![],
            limit: None,
            offset: None,
            with_ties: false,
            locks: vec![],
            view_checks: ViewChecks::default(),
            set_op: None,
            has_aggs: false,
            has_windows: false,
            has_srfs: false,
            has_sublinks: false,
            span: Span::NONE,
        }
    }
}
