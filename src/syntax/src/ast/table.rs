//! Tables, columns, constraints, indexes, views, sequences, triggers, rules, policies.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

use super::{
    CollateClause, DefElem, DropBehavior, Expr, FuncCall, IntoClause, ObjectType, QualifiedName, RangeVar, RoleSpec,
    SelectStmt, SortByDir, SortByNulls, Span, Stmt, TypeName,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCommitAction {
    /// Not given.
    Noop,
    PreserveRows,
    DeleteRows,
    Drop,
}

#[derive(Debug)]
pub struct CreateStmt {
    pub relation: RangeVar,
    /// Columns, constraints and LIKE clauses in the order written.
    pub table_elts: Vec<TableElement>,
    /// `INHERITS (…)`, or the one parent of `PARTITION OF`.
    pub inh_relations: Vec<RangeVar>,
    /// `PARTITION OF … FOR VALUES`.
    pub partbound: Option<PartitionBoundSpec>,
    pub partspec: Option<PartitionSpec>,
    /// `OF type`.
    pub of_typename: Option<TypeName>,
    pub options: Vec<DefElem>,
    pub on_commit: OnCommitAction,
    pub tablespacename: Option<String>,
    pub access_method: Option<String>,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateForeignTableStmt {
    pub base: CreateStmt,
    pub servername: String,
    pub options: Vec<DefElem>,
}

#[derive(Debug)]
pub enum TableElement {
    Column(Box<ColumnDef>),
    Constraint(Box<Constraint>),
    Like(Box<TableLikeClause>),
}

#[derive(Debug)]
pub struct ColumnDef {
    pub colname: String,
    /// Missing in typed tables and partitions (`c WITH OPTIONS …`).
    pub type_name: Option<TypeName>,
    pub compression: Option<String>,
    pub fdwoptions: Vec<DefElem>,
    pub coll_clause: Option<CollateClause>,
    /// In the order written, attributes such as DEFERRABLE included.
    pub constraints: Vec<Constraint>,
    pub span: Span,
}

#[derive(Debug, Clone, Default)]
pub struct Constraint {
    pub conname: Option<String>,
    pub kind: ConstraintKind,
    pub deferrable: bool,
    pub initdeferred: bool,
    /// `NOT VALID`.
    pub skip_validation: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ConstraintKind {
    Null,
    NotNull,
    Default(Rc<Expr>),
    /// `GENERATED … AS IDENTITY (sequence options)`.
    Identity {
        always: bool,
        options: Vec<DefElem>,
    },
    /// `GENERATED ALWAYS AS (expr) STORED`; the grammar takes BY DEFAULT too and the parser refuses it.
    Generated {
        expr: Rc<Expr>,
    },
    Check {
        expr: Rc<Expr>,
        no_inherit: bool,
    },
    Primary(IndexConstraint),
    Unique {
        nulls_not_distinct: bool,
        index: IndexConstraint,
    },
    Exclusion {
        exclusions: Vec<ExclusionElem>,
        access_method: Option<String>,
        where_clause: Option<Rc<Expr>>,
        index: IndexConstraint,
    },
    Foreign(Box<ForeignKey>),
    /// Attributes of the column constraint before them, where they stand alone.
    AttrDeferrable,
    AttrNotDeferrable,
    AttrDeferred,
    AttrImmediate,
}

/// What PRIMARY KEY, UNIQUE and EXCLUDE share.
#[derive(Debug, Clone)]
pub struct IndexConstraint {
    /// Empty for a column constraint.
    pub keys: Vec<String>,
    pub including: Vec<String>,
    pub options: Vec<DefElem>,
    pub indexspace: Option<String>,
    /// `USING INDEX name`.
    pub indexname: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ExclusionElem {
    pub elem: IndexElem,
    pub operator: super::OperatorName,
}

#[derive(Debug, Clone, Default)]
pub struct ForeignKey {
    /// Empty for a column constraint.
    pub fk_attrs: Vec<String>,
    pub pktable: RangeVar,
    /// Empty: the primary key.
    pub pk_attrs: Vec<String>,
    pub matchtype: FkMatch,
    pub upd_action: FkAction,
    pub del_action: FkAction,
    /// `ON DELETE SET NULL (a, b)`.
    pub del_set_cols: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FkMatch {
    Simple,
    Full,
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FkAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

#[derive(Debug, Default)]
pub struct TableLikeClause {
    pub relation: RangeVar,
    /// In the order written: a later one overrides an earlier.
    pub options: Vec<(bool, TableLikeOption)>,
}

/// `INCLUDING`/`EXCLUDING` what (`true` is INCLUDING in [`TableLikeClause::options`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableLikeOption {
    Comments,
    Compression,
    Constraints,
    Defaults,
    Generated,
    Identity,
    Indexes,
    Statistics,
    Storage,
    All,
}

#[derive(Debug)]
pub struct PartitionSpec {
    /// `list`, `range`, `hash` as written.
    pub strategy: String,
    pub part_params: Vec<PartitionElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct PartitionElem {
    pub key: IndexKey,
    pub collation: Option<QualifiedName>,
    pub opclass: Option<QualifiedName>,
    pub span: Span,
}

#[derive(Debug)]
pub struct PartitionBoundSpec {
    pub bound: PartitionBound,
    pub span: Span,
}

#[derive(Debug)]
pub enum PartitionBound {
    Default,
    Hash {
        modulus: i32,
        remainder: i32,
    },
    List(Vec<Expr>),
    /// MINVALUE and MAXVALUE are column references of those names.
    Range {
        lower: Vec<Expr>,
        upper: Vec<Expr>,
    },
}

/// CREATE TABLE AS, CREATE MATERIALIZED VIEW.
#[derive(Debug)]
pub struct CreateTableAsStmt {
    /// SELECT or EXECUTE.
    pub query: Stmt,
    pub into: IntoClause,
    /// Table or MatView.
    pub objtype: ObjectType,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct ViewStmt {
    pub view: RangeVar,
    pub aliases: Vec<String>,
    /// `RECURSIVE` is rewritten to a query WITH RECURSIVE, as PostgreSQL's parser does.
    pub query: Rc<SelectStmt>,
    pub replace: bool,
    pub options: Vec<DefElem>,
    pub with_check_option: ViewCheckOption,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewCheckOption {
    None,
    Local,
    Cascaded,
}

#[derive(Debug)]
pub struct RefreshMatViewStmt {
    pub concurrent: bool,
    pub skip_data: bool,
    pub relation: RangeVar,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct IndexStmt {
    pub idxname: Option<String>,
    pub relation: RangeVar,
    /// `btree` when not given.
    pub access_method: String,
    pub table_space: Option<String>,
    pub index_params: Vec<IndexElem>,
    pub index_including_params: Vec<IndexElem>,
    pub options: Vec<DefElem>,
    pub where_clause: Option<Rc<Expr>>,
    pub unique: bool,
    pub nulls_not_distinct: bool,
    pub concurrent: bool,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum IndexKey {
    Column(String),
    Expr(Rc<Expr>),
}

#[derive(Debug, Clone)]
pub struct IndexElem {
    pub key: IndexKey,
    pub collation: Option<QualifiedName>,
    pub opclass: Option<QualifiedName>,
    pub opclassopts: Vec<DefElem>,
    pub ordering: SortByDir,
    pub nulls_ordering: SortByNulls,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct CreateSeqStmt {
    pub sequence: RangeVar,
    pub options: Vec<DefElem>,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterSeqStmt {
    pub sequence: RangeVar,
    pub options: Vec<DefElem>,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateStatsStmt {
    /// Empty when PostgreSQL is to choose the name.
    pub defnames: QualifiedName,
    pub stat_types: Vec<String>,
    pub exprs: Vec<IndexKey>,
    pub relations: Vec<super::FromItem>,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterStatsStmt {
    pub defnames: QualifiedName,
    pub stxstattarget: i32,
    pub missing_ok: bool,
    pub span: Span,
}

/// ALTER TABLE, INDEX, SEQUENCE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE, and ALTER TYPE of a composite type.
#[derive(Debug)]
pub struct AlterTableStmt {
    pub relation: RangeVar,
    pub cmds: Vec<AlterTableCmd>,
    /// Which word was written.
    pub objtype: ObjectType,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterTableCmd {
    AddColumn {
        def: Box<ColumnDef>,
        if_not_exists: bool,
    },
    DropColumn {
        name: String,
        behavior: DropBehavior,
        missing_ok: bool,
    },
    ColumnDefault {
        name: String,
        def: Option<Expr>,
    },
    DropNotNull {
        name: String,
    },
    SetNotNull {
        name: String,
    },
    DropExpression {
        name: String,
        missing_ok: bool,
    },
    SetStatistics {
        column: AlterColumnRef,
        value: i32,
    },
    SetOptions {
        name: String,
        options: Vec<DefElem>,
    },
    ResetOptions {
        name: String,
        options: Vec<DefElem>,
    },
    SetStorage {
        name: String,
        storage: String,
    },
    SetCompression {
        name: String,
        method: String,
    },
    AddIdentity {
        name: String,
        always: bool,
        options: Vec<DefElem>,
        span: Span,
    },
    /// `SET GENERATED …`, `SET sequence_option`, `RESTART`.
    SetIdentity {
        name: String,
        options: Vec<DefElem>,
    },
    DropIdentity {
        name: String,
        missing_ok: bool,
    },
    AlterColumnType {
        name: String,
        type_name: TypeName,
        coll_clause: Option<CollateClause>,
        using: Option<Expr>,
        span: Span,
    },
    AlterColumnGenericOptions {
        name: String,
        options: Vec<DefElem>,
    },
    AddConstraint(Box<Constraint>),
    AlterConstraint {
        name: String,
        deferrable: bool,
        initdeferred: bool,
        span: Span,
    },
    ValidateConstraint {
        name: String,
    },
    DropConstraint {
        name: String,
        behavior: DropBehavior,
        missing_ok: bool,
    },
    SetLogged,
    SetUnLogged,
    ClusterOn {
        name: String,
    },
    DropCluster,
    /// `SET WITHOUT OIDS`: accepted, without effect.
    DropOids,
    SetTableSpace {
        name: String,
    },
    SetAccessMethod {
        name: String,
    },
    SetRelOptions(Vec<DefElem>),
    ResetRelOptions(Vec<DefElem>),
    GenericOptions(Vec<DefElem>),
    Trigger {
        mode: TriggerMode,
        which: TriggerWhich,
    },
    Rule {
        mode: TriggerMode,
        name: String,
    },
    AddInherit(RangeVar),
    DropInherit(RangeVar),
    AddOf(TypeName),
    DropOf,
    ChangeOwner(RoleSpec),
    ReplicaIdentity(ReplicaIdentity),
    EnableRowSecurity,
    DisableRowSecurity,
    ForceRowSecurity,
    NoForceRowSecurity,
    AttachPartition {
        name: RangeVar,
        bound: Option<PartitionBoundSpec>,
    },
    DetachPartition {
        name: RangeVar,
        concurrent: bool,
    },
    DetachPartitionFinalize {
        name: RangeVar,
    },
    /// `ALTER TYPE … ADD/DROP/ALTER ATTRIBUTE` carry a behaviour the table forms do not have.
    AddAttribute {
        def: Box<ColumnDef>,
        behavior: DropBehavior,
    },
    DropAttribute {
        name: String,
        behavior: DropBehavior,
        missing_ok: bool,
    },
    AlterAttributeType {
        name: String,
        type_name: TypeName,
        coll_clause: Option<CollateClause>,
        behavior: DropBehavior,
        span: Span,
    },
}

/// A column by name, or by number in ALTER INDEX … SET STATISTICS.
#[derive(Debug)]
pub enum AlterColumnRef {
    Name(String),
    Number(i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerMode {
    Enable,
    EnableAlways,
    EnableReplica,
    Disable,
}

#[derive(Debug)]
pub enum TriggerWhich {
    Name(String),
    All,
    User,
}

#[derive(Debug)]
pub enum ReplicaIdentity {
    Nothing,
    Full,
    Default,
    Index(String),
}

#[derive(Debug)]
pub struct AlterTableMoveAllStmt {
    pub orig_tablespacename: String,
    pub objtype: ObjectType,
    pub roles: Vec<RoleSpec>,
    pub new_tablespacename: String,
    pub nowait: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct CreateTrigStmt {
    pub replace: bool,
    pub isconstraint: bool,
    pub trigname: String,
    pub relation: RangeVar,
    pub funcname: QualifiedName,
    pub args: Vec<String>,
    /// FOR EACH ROW.
    pub row: bool,
    pub timing: TriggerTiming,
    pub events: Vec<TriggerEvent>,
    pub when_clause: Option<Rc<Expr>>,
    pub transition_rels: Vec<TriggerTransition>,
    pub deferrable: bool,
    pub initdeferred: bool,
    /// `FROM referenced_table`.
    pub constrrel: Option<RangeVar>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

#[derive(Debug, Clone)]
pub enum TriggerEvent {
    Insert,
    Delete,
    Update { columns: Vec<String> },
    Truncate,
}

#[derive(Debug, Clone)]
pub struct TriggerTransition {
    pub name: String,
    pub is_new: bool,
    pub is_table: bool,
}

#[derive(Debug)]
pub struct CreateEventTrigStmt {
    pub trigname: String,
    pub eventname: String,
    /// `WHEN tag IN ('a', 'b')`.
    pub whenclause: Vec<DefElem>,
    pub funcname: QualifiedName,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterEventTrigStmt {
    pub trigname: String,
    pub mode: TriggerMode,
    pub span: Span,
}

#[derive(Debug)]
pub struct RuleStmt {
    pub relation: RangeVar,
    pub rulename: String,
    pub where_clause: Option<Expr>,
    pub event: RuleEvent,
    pub instead: bool,
    /// Each with the span of its text. Empty: NOTHING.
    pub actions: Vec<super::RawStmt>,
    pub replace: bool,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleEvent {
    Select,
    Update,
    Delete,
    Insert,
}

#[derive(Debug)]
pub struct CreatePolicyStmt {
    pub policy_name: String,
    pub table: RangeVar,
    /// `all`, `select`, `insert`, `update`, `delete`.
    pub cmd_name: String,
    pub permissive: bool,
    pub roles: Vec<RoleSpec>,
    pub qual: Option<Expr>,
    pub with_check: Option<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterPolicyStmt {
    pub policy_name: String,
    pub table: RangeVar,
    pub roles: Option<Vec<RoleSpec>>,
    pub qual: Option<Expr>,
    pub with_check: Option<Expr>,
    pub span: Span,
}

/// `CALL f(…)`.
#[derive(Debug)]
pub struct CallStmt {
    pub funccall: FuncCall,
    pub span: Span,
}
