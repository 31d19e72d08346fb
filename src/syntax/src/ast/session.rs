//! Transactions, settings, prepared statements, cursors, notifications, maintenance.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

use super::{DefElem, Expr, RangeVar, SelectStmt, Span, Stmt, TypeName};

#[derive(Debug)]
pub struct TransactionStmt {
    pub kind: TransactionStmtKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum TransactionStmtKind {
    Begin {
        options: Vec<TransactionMode>,
    },
    /// `START TRANSACTION`: as BEGIN, with another command tag.
    Start {
        options: Vec<TransactionMode>,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    Prepare(String),
    CommitPrepared(String),
    RollbackPrepared(String),
}

#[derive(Debug)]
pub struct TransactionMode {
    pub kind: TransactionModeKind,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionModeKind {
    Isolation(IsolationLevel),
    ReadOnly(bool),
    Deferrable(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationLevel {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// SET and RESET.
#[derive(Debug)]
pub struct VariableSetStmt {
    pub kind: VariableSetKind,
    pub is_local: bool,
    pub span: Span,
}

#[derive(Debug)]
pub enum VariableSetKind {
    /// `name = args`; SQL's spellings are mapped (`TIME ZONE` is `timezone`, `NAMES` is `client_encoding`, …).
    Value {
        name: String,
        args: Vec<SetValue>,
    },
    Default {
        name: String,
    },
    Current {
        name: String,
    },
    Reset {
        name: String,
    },
    ResetAll,
    /// `SET TRANSACTION modes`.
    Transaction(Vec<TransactionMode>),
    /// `SET SESSION CHARACTERISTICS AS TRANSACTION modes`.
    SessionCharacteristics(Vec<TransactionMode>),
    /// `SET TRANSACTION SNAPSHOT 'id'`.
    TransactionSnapshot(String),
}

/// A value given to a setting.
#[derive(Debug)]
pub enum SetValue {
    Integer(i32),
    Float(String),
    /// Words and literals alike.
    String(String),
    /// `SET TIME ZONE INTERVAL '…' HOUR TO MINUTE`.
    Interval(Box<Expr>),
}

#[derive(Debug)]
pub struct VariableShowStmt {
    /// `all` for ALL.
    pub name: String,
    pub span: Span,
}

/// `SET CONSTRAINTS`.
#[derive(Debug)]
pub struct ConstraintsSetStmt {
    /// Empty: ALL.
    pub constraints: Vec<RangeVar>,
    pub deferred: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct ExplainStmt {
    pub query: Stmt,
    /// `EXPLAIN ANALYZE VERBOSE` becomes options of those names.
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct PrepareStmt {
    pub name: String,
    pub argtypes: Vec<TypeName>,
    pub query: Rc<Stmt>,
    /// The text of `query`.
    pub query_span: Span,
    pub span: Span,
}

#[derive(Debug)]
pub struct ExecuteStmt {
    pub name: String,
    pub params: Vec<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub struct DeallocateStmt {
    /// Missing: ALL.
    pub name: Option<String>,
    pub span: Span,
}

#[derive(Debug)]
pub struct DeclareCursorStmt {
    pub portalname: String,
    pub options: CursorOptions,
    pub query: Rc<SelectStmt>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CursorOptions {
    pub binary: bool,
    pub scroll: bool,
    pub no_scroll: bool,
    pub insensitive: bool,
    pub asensitive: bool,
    pub hold: bool,
}

#[derive(Debug)]
pub struct ClosePortalStmt {
    /// Missing: ALL.
    pub portalname: Option<String>,
    pub span: Span,
}

#[derive(Debug)]
pub struct FetchStmt {
    pub direction: FetchDirection,
    /// Rows, or the position for Absolute and Relative; `i64::MAX` is ALL.
    pub how_many: i64,
    pub portalname: String,
    pub ismove: bool,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchDirection {
    Forward,
    Backward,
    Absolute,
    Relative,
}

#[derive(Debug)]
pub struct LockStmt {
    pub relations: Vec<RangeVar>,
    pub mode: LockMode,
    pub nowait: bool,
    pub span: Span,
}

/// PostgreSQL's table lock modes, weakest first; the discriminants are its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    AccessShare = 1,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

#[derive(Debug)]
pub struct ListenStmt {
    pub conditionname: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct UnlistenStmt {
    /// Missing: `*`.
    pub conditionname: Option<String>,
    pub span: Span,
}

#[derive(Debug)]
pub struct NotifyStmt {
    pub conditionname: String,
    pub payload: Option<String>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscardMode {
    All,
    Plans,
    Sequences,
    Temp,
}

#[derive(Debug)]
pub struct LoadStmt {
    pub filename: String,
    pub span: Span,
}

/// `DO`: a code block, options `as` and `language`.
#[derive(Debug)]
pub struct DoStmt {
    pub args: Vec<DefElem>,
    pub span: Span,
}

/// VACUUM and ANALYZE.
#[derive(Debug)]
pub struct VacuumStmt {
    pub options: Vec<DefElem>,
    /// Empty: all tables.
    pub rels: Vec<VacuumRelation>,
    /// False for ANALYZE.
    pub is_vacuumcmd: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct VacuumRelation {
    pub relation: RangeVar,
    pub va_cols: Vec<String>,
}

#[derive(Debug)]
pub struct ClusterStmt {
    /// Missing: all clustered tables.
    pub relation: Option<RangeVar>,
    pub indexname: Option<String>,
    pub params: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct ReindexStmt {
    pub target: ReindexTarget,
    pub params: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub enum ReindexTarget {
    Index(RangeVar),
    Table(RangeVar),
    Schema(String),
    System(String),
    Database(String),
}
