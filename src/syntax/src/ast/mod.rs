//! The raw parse tree: what the text says, nothing about what it means.
//!
//! Nodes follow PostgreSQL's raw parse tree, in names and in shape, so that whoever knows `parse_expr` or
//! `transformSelectStmt` finds the same inputs here. Three rules hold everywhere:
//!
//! - Names are folded to lower case (unless quoted) and cut to 63 bytes already.
//! - `span` is where PostgreSQL points when it complains about the node: the operator of an operator expression, the `::`
//!   or `CAST` of a cast, the function's name, the first token of a column reference. Its `start` is exactly PostgreSQL's
//!   `location`. [`Expr::location`] is PostgreSQL's `exprLocation`: the leftmost position of the whole expression.
//! - No node has a field that may be ignored: users destructure without `..`.
//!
//! The height of any tree is bounded by the parser (54001 beyond it), so that recursive visitors and the derived drop are
//! safe on a small stack. `AND` and `OR` chains are one flat node.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

mod dml;
mod expr;
mod location;
mod nothing;
mod object;
mod select;
mod session;
mod table;

pub use dml::*;
pub use expr::*;
pub use object::*;
pub use select::*;
pub use session::*;
pub use table::*;
pub use tusklet_error::Span;

/// A possibly qualified name, outermost qualifier first; never empty.
pub type QualifiedName = Vec<String>;

/// One statement of the text, without its semicolon.
#[derive(Debug, Default)]
pub struct RawStmt {
    pub stmt: Stmt,
    /// From the first token to the end of the last one: what `pg_stat_statements` or a log would show.
    pub span: Span,
}

/// Any statement.
#[derive(Debug)]
pub enum Stmt {
    // Queries and data.
    Select(Rc<SelectStmt>),
    Insert(Box<InsertStmt>),
    Update(Box<UpdateStmt>),
    Delete(Box<DeleteStmt>),
    Merge(Box<MergeStmt>),
    Copy(Box<CopyStmt>),
    Truncate(Box<TruncateStmt>),
    Call(Box<CallStmt>),
    Do(Box<DoStmt>),
    // Sessions and transactions.
    Transaction(Box<TransactionStmt>),
    VariableSet(Box<VariableSetStmt>),
    VariableShow(Box<VariableShowStmt>),
    Constraints(Box<ConstraintsSetStmt>),
    Explain(Box<ExplainStmt>),
    Prepare(Box<PrepareStmt>),
    Execute(Box<ExecuteStmt>),
    Deallocate(Box<DeallocateStmt>),
    DeclareCursor(Box<DeclareCursorStmt>),
    ClosePortal(Box<ClosePortalStmt>),
    Fetch(Box<FetchStmt>),
    Lock(Box<LockStmt>),
    Listen(Box<ListenStmt>),
    Unlisten(Box<UnlistenStmt>),
    Notify(Box<NotifyStmt>),
    Discard(DiscardMode),
    Load(Box<LoadStmt>),
    CheckPoint,
    // Maintenance.
    Vacuum(Box<VacuumStmt>),
    Cluster(Box<ClusterStmt>),
    Reindex(Box<ReindexStmt>),
    RefreshMatView(Box<RefreshMatViewStmt>),
    // Tables and what hangs on them.
    Create(Box<CreateStmt>),
    CreateForeignTable(Box<CreateForeignTableStmt>),
    CreateTableAs(Box<CreateTableAsStmt>),
    AlterTable(Box<AlterTableStmt>),
    AlterTableMoveAll(Box<AlterTableMoveAllStmt>),
    View(Box<ViewStmt>),
    Index(Box<IndexStmt>),
    CreateSeq(Box<CreateSeqStmt>),
    AlterSeq(Box<AlterSeqStmt>),
    CreateStats(Box<CreateStatsStmt>),
    AlterStats(Box<AlterStatsStmt>),
    CreateTrig(Box<CreateTrigStmt>),
    CreateEventTrig(Box<CreateEventTrigStmt>),
    AlterEventTrig(Box<AlterEventTrigStmt>),
    Rule(Box<RuleStmt>),
    CreatePolicy(Box<CreatePolicyStmt>),
    AlterPolicy(Box<AlterPolicyStmt>),
    // Other objects.
    CreateSchema(Box<CreateSchemaStmt>),
    CreateDomain(Box<CreateDomainStmt>),
    AlterDomain(Box<AlterDomainStmt>),
    CreateEnum(Box<CreateEnumStmt>),
    AlterEnum(Box<AlterEnumStmt>),
    CompositeType(Box<CompositeTypeStmt>),
    CreateRange(Box<CreateRangeStmt>),
    AlterType(Box<AlterTypeStmt>),
    Define(Box<DefineStmt>),
    CreateFunction(Box<CreateFunctionStmt>),
    AlterFunction(Box<AlterFunctionStmt>),
    CreateCast(Box<CreateCastStmt>),
    CreateConversion(Box<CreateConversionStmt>),
    CreateTransform(Box<CreateTransformStmt>),
    CreateOpClass(Box<CreateOpClassStmt>),
    CreateOpFamily(Box<CreateOpFamilyStmt>),
    AlterOpFamily(Box<AlterOpFamilyStmt>),
    AlterOperator(Box<AlterOperatorStmt>),
    CreatePLang(Box<CreatePLangStmt>),
    CreateAm(Box<CreateAmStmt>),
    AlterCollation(Box<AlterCollationStmt>),
    AlterTSConfiguration(Box<AlterTSConfigurationStmt>),
    AlterTSDictionary(Box<AlterTSDictionaryStmt>),
    CreateExtension(Box<CreateExtensionStmt>),
    AlterExtension(Box<AlterExtensionStmt>),
    AlterExtensionContents(Box<AlterExtensionContentsStmt>),
    CreateFdw(Box<CreateFdwStmt>),
    AlterFdw(Box<AlterFdwStmt>),
    CreateForeignServer(Box<CreateForeignServerStmt>),
    AlterForeignServer(Box<AlterForeignServerStmt>),
    CreateUserMapping(Box<UserMappingStmt>),
    AlterUserMapping(Box<UserMappingStmt>),
    DropUserMapping(Box<DropUserMappingStmt>),
    ImportForeignSchema(Box<ImportForeignSchemaStmt>),
    CreatePublication(Box<CreatePublicationStmt>),
    AlterPublication(Box<AlterPublicationStmt>),
    CreateSubscription(Box<CreateSubscriptionStmt>),
    AlterSubscription(Box<AlterSubscriptionStmt>),
    DropSubscription(Box<DropSubscriptionStmt>),
    CreateTableSpace(Box<CreateTableSpaceStmt>),
    AlterTableSpaceOptions(Box<AlterTableSpaceOptionsStmt>),
    DropTableSpace(Box<DropTableSpaceStmt>),
    // Databases, roles, privileges, configuration.
    Createdb(Box<CreatedbStmt>),
    AlterDatabase(Box<AlterDatabaseStmt>),
    AlterDatabaseSet(Box<AlterDatabaseSetStmt>),
    AlterDatabaseRefreshColl(Box<AlterDatabaseRefreshCollStmt>),
    Dropdb(Box<DropdbStmt>),
    CreateRole(Box<CreateRoleStmt>),
    AlterRole(Box<AlterRoleStmt>),
    AlterRoleSet(Box<AlterRoleSetStmt>),
    DropRole(Box<DropRoleStmt>),
    Grant(Box<GrantStmt>),
    GrantRole(Box<GrantRoleStmt>),
    AlterDefaultPrivileges(Box<AlterDefaultPrivilegesStmt>),
    DropOwned(Box<DropOwnedStmt>),
    ReassignOwned(Box<ReassignOwnedStmt>),
    AlterSystem(Box<VariableSetStmt>),
    // Things done to any kind of object.
    Drop(Box<DropStmt>),
    Rename(Box<RenameStmt>),
    AlterObjectSchema(Box<AlterObjectSchemaStmt>),
    AlterObjectDepends(Box<AlterObjectDependsStmt>),
    AlterOwner(Box<AlterOwnerStmt>),
    Comment(Box<CommentStmt>),
    SecLabel(Box<SecLabelStmt>),
    /// `RETURN expr`, only as the body of a SQL function.
    Return(Box<ReturnStmt>),
}

/// `name [= value]` of option lists, storage parameters and `WITH (…)`.
#[derive(Debug, Clone, Default)]
pub struct DefElem {
    /// `toast` of `toast.autovacuum_enabled`.
    pub namespace: Option<String>,
    pub name: String,
    pub arg: Option<DefArg>,
    pub action: DefElemAction,
    pub span: Span,
}

/// `OPTIONS (ADD a 'x', SET b 'y', DROP c)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefElemAction {
    Unspecified,
    Set,
    Add,
    Drop,
}

/// The value of a [`DefElem`].
#[derive(Debug, Clone)]
pub enum DefArg {
    Integer(i32),
    /// A number too large for `int4` or with a point or exponent, as written, sign included.
    Float(String),
    Boolean(bool),
    String(String),
    /// A bare word or words that may name a type; one unqualified word may also be meant as a string.
    TypeName(TypeName),
    /// An operator, `OPERATOR(s.+)` or bare.
    Operator(QualifiedName),
    /// A qualified name that is no type: `OWNED BY t.c`, a support function.
    Name(QualifiedName),
    Names(Vec<QualifiedName>),
    /// A list of strings: the `AS 'obj', 'sym'` of a function, `DISTINCT` labels, COPY's columns.
    Strings(Vec<String>),
    Star,
    Role(RoleSpec),
    Roles(Vec<RoleSpec>),
    Set(Rc<VariableSetStmt>),
    /// `TRANSFORM FOR TYPE a, FOR TYPE b`.
    Types(Vec<TypeName>),
    Values(Vec<DefArg>),
}

/// A role as named in a statement.
#[derive(Debug, Clone, Default)]
pub struct RoleSpec {
    pub kind: RoleSpecKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleSpecKind {
    Name(String),
    CurrentRole,
    CurrentUser,
    SessionUser,
    Public,
}

/// `CASCADE` or `RESTRICT`; restrict is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropBehavior {
    Restrict,
    Cascade,
}

/// What kind of object a generic statement (DROP, COMMENT, RENAME…) is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectType {
    AccessMethod,
    Aggregate,
    Attribute,
    Cast,
    Collation,
    Column,
    Conversion,
    Database,
    DomConstraint,
    Domain,
    EventTrigger,
    Extension,
    Fdw,
    ForeignServer,
    ForeignTable,
    Function,
    Index,
    Language,
    LargeObject,
    MatView,
    OpClass,
    Operator,
    OpFamily,
    Parameter,
    Policy,
    Procedure,
    Publication,
    Role,
    Routine,
    Rule,
    Schema,
    Sequence,
    StatisticExt,
    Subscription,
    TabConstraint,
    Table,
    Tablespace,
    Transform,
    Trigger,
    TsConfiguration,
    TsDictionary,
    TsParser,
    TsTemplate,
    Type,
    View,
}

/// The name of an object, in the form its kind is named in.
#[derive(Debug)]
pub enum ObjectName {
    /// Relations, collations, conversions, statistics, text search objects; columns (`t.c`); and the unqualified ones
    /// (schemas, databases, roles, extensions, languages, …) with one part.
    Name(QualifiedName),
    /// Types and domains.
    Type(TypeName),
    /// Functions, procedures, routines, aggregates, operators.
    WithArgs(ObjectWithArgs),
    /// Triggers, rules, policies and table constraints: `name ON relation`.
    OfRelation {
        relation: QualifiedName,
        name: String,
    },
    /// `CONSTRAINT name ON DOMAIN type`.
    OfDomain {
        domain: TypeName,
        name: String,
    },
    /// Operator classes and families: `name USING method`.
    Using {
        name: QualifiedName,
        method: String,
    },
    Cast {
        source: TypeName,
        target: TypeName,
    },
    Transform {
        type_name: TypeName,
        language: String,
    },
    LargeObject(DefArg),
}

/// A function, aggregate or operator with the argument types that single it out.
#[derive(Debug, Clone, Default)]
pub struct ObjectWithArgs {
    pub name: QualifiedName,
    /// Argument types for lookup; `None` is `NONE` of an operator, or an aggregate's `*` when the whole list is empty.
    pub args: Vec<Option<TypeName>>,
    /// The parameters as written, for functions and procedures (modes matter for procedures).
    pub func_params: Vec<FunctionParameter>,
    /// No argument list was given: the name alone must be unique.
    pub args_unspecified: bool,
    pub span: Span,
}
