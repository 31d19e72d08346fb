//! INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

use super::{
    DefElem, DropBehavior, Expr, FromItem, IndexElem, Indirection, RangeVar, ResTarget, SelectStmt, Span, Stmt,
    WithClause,
};

/// A column an INSERT or UPDATE writes, or a part of it: `c`, `c[1]`, `c.f`.
#[derive(Debug, Clone)]
pub struct AssignTarget {
    pub name: String,
    pub indirection: Rc<[Indirection]>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverridingKind {
    NotSet,
    UserValue,
    SystemValue,
}

#[derive(Debug)]
pub struct InsertStmt {
    pub with_clause: Option<Box<WithClause>>,
    pub relation: RangeVar,
    pub cols: Vec<AssignTarget>,
    pub overriding: OverridingKind,
    /// Missing: `DEFAULT VALUES`.
    pub select_stmt: Option<Rc<SelectStmt>>,
    pub on_conflict_clause: Option<Box<OnConflictClause>>,
    pub returning_list: Vec<ResTarget>,
    pub span: Span,
}

#[derive(Debug)]
pub struct OnConflictClause {
    pub infer: Option<InferClause>,
    pub action: OnConflictAction,
    pub span: Span,
}

#[derive(Debug)]
pub enum OnConflictAction {
    Nothing,
    Update { target_list: Vec<SetClause>, where_clause: Option<Expr> },
}

/// The arbiter: `(columns) WHERE …` or `ON CONSTRAINT name`.
#[derive(Debug)]
pub struct InferClause {
    pub index_elems: Vec<IndexElem>,
    pub where_clause: Option<Expr>,
    pub conname: Option<String>,
    pub span: Span,
}

/// One assignment of SET.
#[derive(Debug)]
pub enum SetClause {
    Single {
        target: AssignTarget,
        val: Expr,
    },
    /// `(a, b) = row or subquery`.
    Multi {
        targets: Vec<AssignTarget>,
        source: Expr,
    },
}

#[derive(Debug)]
pub struct UpdateStmt {
    pub with_clause: Option<Box<WithClause>>,
    pub relation: RangeVar,
    pub target_list: Vec<SetClause>,
    pub from_clause: Vec<FromItem>,
    pub where_clause: Option<Expr>,
    pub returning_list: Vec<ResTarget>,
    pub span: Span,
}

#[derive(Debug)]
pub struct DeleteStmt {
    pub with_clause: Option<Box<WithClause>>,
    pub relation: RangeVar,
    pub using_clause: Vec<FromItem>,
    pub where_clause: Option<Expr>,
    pub returning_list: Vec<ResTarget>,
    pub span: Span,
}

#[derive(Debug)]
pub struct MergeStmt {
    pub with_clause: Option<Box<WithClause>>,
    pub relation: RangeVar,
    pub source_relation: FromItem,
    pub join_condition: Expr,
    pub merge_when_clauses: Vec<MergeWhenClause>,
    pub span: Span,
}

#[derive(Debug)]
pub struct MergeWhenClause {
    pub matched: bool,
    pub condition: Option<Expr>,
    pub action: MergeAction,
    pub span: Span,
}

#[derive(Debug)]
pub enum MergeAction {
    DoNothing,
    Delete,
    Update {
        target_list: Vec<SetClause>,
    },
    /// No values: `DEFAULT VALUES`.
    Insert {
        cols: Vec<AssignTarget>,
        overriding: OverridingKind,
        values: Option<Vec<Expr>>,
    },
}

#[derive(Debug)]
pub struct CopyStmt {
    pub source: CopySource,
    /// `FROM`, else `TO`.
    pub is_from: bool,
    pub target: CopyTarget,
    pub options: Vec<DefElem>,
    /// Only with FROM.
    pub where_clause: Option<Expr>,
    pub span: Span,
}

#[derive(Debug)]
pub enum CopySource {
    Table {
        relation: RangeVar,
        attlist: Vec<String>,
    },
    /// SELECT, or INSERT/UPDATE/DELETE with RETURNING.
    Query(Stmt),
}

#[derive(Debug)]
pub enum CopyTarget {
    /// STDIN or STDOUT.
    Std,
    File(String),
    Program(String),
}

#[derive(Debug)]
pub struct TruncateStmt {
    pub relations: Vec<RangeVar>,
    pub restart_seqs: bool,
    pub behavior: DropBehavior,
    pub span: Span,
}
