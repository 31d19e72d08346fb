//! Schemas, types, functions, operators, extensions, foreign data, replication, roles, privileges; DROP, RENAME, COMMENT.
#![allow(missing_docs, reason = "fields carry the names of PostgreSQL's parse nodes")]

use std::rc::Rc;

use super::{
    CollateClause, ColumnDef, Constraint, DefElem, DropBehavior, Expr, ObjectName, ObjectType, ObjectWithArgs,
    QualifiedName, RangeVar, RawStmt, RoleSpec, Span, Stmt, TypeName, VariableSetStmt,
};

#[derive(Debug)]
pub struct CreateSchemaStmt {
    /// Missing with AUTHORIZATION alone: the role's name.
    pub schemaname: Option<String>,
    pub authrole: Option<RoleSpec>,
    pub schema_elts: Vec<RawStmt>,
    pub if_not_exists: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateDomainStmt {
    pub domainname: QualifiedName,
    pub type_name: TypeName,
    pub coll_clause: Option<CollateClause>,
    pub constraints: Vec<Constraint>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterDomainStmt {
    pub type_name: TypeName,
    pub cmd: AlterDomainCmd,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterDomainCmd {
    Default(Option<Expr>),
    DropNotNull,
    SetNotNull,
    AddConstraint(Box<Constraint>),
    DropConstraint { name: String, behavior: DropBehavior, missing_ok: bool },
    ValidateConstraint { name: String },
}

#[derive(Debug)]
pub struct CreateEnumStmt {
    pub type_name: QualifiedName,
    pub vals: Vec<String>,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterEnumStmt {
    AddValue { type_name: QualifiedName, new_val: String, neighbor: Option<String>, after: bool, skip_if_exists: bool },
    RenameValue { type_name: QualifiedName, old_val: String, new_val: String },
}

#[derive(Debug)]
pub struct CompositeTypeStmt {
    pub typevar: RangeVar,
    pub coldeflist: Vec<ColumnDef>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateRangeStmt {
    pub type_name: QualifiedName,
    pub params: Vec<DefElem>,
    pub span: Span,
}

/// `ALTER TYPE name SET (…)`.
#[derive(Debug)]
pub struct AlterTypeStmt {
    pub type_name: QualifiedName,
    pub options: Vec<DefElem>,
    pub span: Span,
}

/// CREATE AGGREGATE, OPERATOR, TYPE, TEXT SEARCH …, COLLATION.
#[derive(Debug)]
pub struct DefineStmt {
    pub kind: ObjectType,
    /// The old syntax of CREATE AGGREGATE: `basetype` among the definition.
    pub oldstyle: bool,
    pub defnames: QualifiedName,
    /// Arguments of an aggregate.
    pub args: Option<AggregateArgs>,
    pub definition: Vec<DefElem>,
    /// `CREATE COLLATION a FROM b`.
    pub from: Option<QualifiedName>,
    pub if_not_exists: bool,
    pub replace: bool,
    pub span: Span,
}

/// `(*)`, `(a, b)`, `(a ORDER BY b)`.
#[derive(Debug, Default)]
pub struct AggregateArgs {
    pub args: Vec<FunctionParameter>,
    /// How many come before ORDER BY; missing without ORDER BY.
    pub direct: Option<usize>,
}

#[derive(Debug)]
pub struct CreateFunctionStmt {
    pub is_procedure: bool,
    pub replace: bool,
    pub funcname: QualifiedName,
    pub parameters: Vec<FunctionParameter>,
    /// `RETURNS`; for `RETURNS TABLE` derived from the columns, which are parameters of mode Table.
    pub return_type: Option<TypeName>,
    pub options: Vec<DefElem>,
    pub sql_body: Option<SqlBody>,
    pub span: Span,
}

#[derive(Debug)]
pub enum SqlBody {
    Return(Box<ReturnStmt>),
    /// `BEGIN ATOMIC … END`.
    Atomic(Vec<RawStmt>),
}

#[derive(Debug)]
pub struct ReturnStmt {
    /// `SELECT expr`.
    pub query: Stmt,
    pub span: Span,
}

#[derive(Debug, Clone, Default)]
pub struct FunctionParameter {
    pub name: Option<String>,
    pub arg_type: TypeName,
    pub mode: FunctionParameterMode,
    pub defexpr: Option<Rc<Expr>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionParameterMode {
    /// No mode given: IN.
    Default,
    In,
    Out,
    InOut,
    Variadic,
    /// A column of RETURNS TABLE.
    Table,
}

#[derive(Debug)]
pub struct AlterFunctionStmt {
    /// Function, Procedure or Routine.
    pub objtype: ObjectType,
    pub func: ObjectWithArgs,
    pub actions: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateCastStmt {
    pub sourcetype: TypeName,
    pub targettype: TypeName,
    pub method: CastMethod,
    pub context: CoercionContext,
    pub span: Span,
}

#[derive(Debug)]
pub enum CastMethod {
    Function(ObjectWithArgs),
    WithoutFunction,
    InOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoercionContext {
    Implicit,
    Assignment,
    Explicit,
}

#[derive(Debug)]
pub struct CreateConversionStmt {
    pub conversion_name: QualifiedName,
    pub for_encoding_name: String,
    pub to_encoding_name: String,
    pub func_name: QualifiedName,
    pub def: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateTransformStmt {
    pub replace: bool,
    pub type_name: TypeName,
    pub lang: String,
    pub fromsql: Option<ObjectWithArgs>,
    pub tosql: Option<ObjectWithArgs>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateOpClassStmt {
    pub opclassname: QualifiedName,
    pub opfamilyname: Option<QualifiedName>,
    pub amname: String,
    pub datatype: TypeName,
    pub items: Vec<CreateOpClassItem>,
    pub is_default: bool,
    pub span: Span,
}

#[derive(Debug)]
pub enum CreateOpClassItem {
    Operator {
        number: i32,
        name: ObjectWithArgs,
        order_family: Option<QualifiedName>,
    },
    Function {
        number: i32,
        name: ObjectWithArgs,
        class_args: Vec<TypeName>,
    },
    StorageType(TypeName),
    /// In ALTER OPERATOR FAMILY … DROP.
    DropOperator {
        number: i32,
        class_args: Vec<TypeName>,
    },
    DropFunction {
        number: i32,
        class_args: Vec<TypeName>,
    },
}

#[derive(Debug)]
pub struct CreateOpFamilyStmt {
    pub opfamilyname: QualifiedName,
    pub amname: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterOpFamilyStmt {
    pub opfamilyname: QualifiedName,
    pub amname: String,
    pub is_drop: bool,
    pub items: Vec<CreateOpClassItem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterOperatorStmt {
    pub opername: ObjectWithArgs,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreatePLangStmt {
    pub replace: bool,
    pub plname: String,
    pub pltrusted: bool,
    pub plhandler: QualifiedName,
    pub plinline: Option<QualifiedName>,
    pub plvalidator: Option<QualifiedName>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateAmStmt {
    pub amname: String,
    pub handler_name: QualifiedName,
    /// TABLE, else INDEX.
    pub is_table: bool,
    pub span: Span,
}

/// `ALTER COLLATION name REFRESH VERSION`.
#[derive(Debug)]
pub struct AlterCollationStmt {
    pub collname: QualifiedName,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterTSConfigurationStmt {
    pub cfgname: QualifiedName,
    pub cmd: AlterTSConfigCmd,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterTSConfigCmd {
    AddMapping { tokentype: Vec<String>, dicts: Vec<QualifiedName> },
    AlterMappingForToken { tokentype: Vec<String>, dicts: Vec<QualifiedName> },
    ReplaceDict { old: QualifiedName, new: QualifiedName },
    ReplaceDictForToken { tokentype: Vec<String>, old: QualifiedName, new: QualifiedName },
    DropMapping { tokentype: Vec<String>, missing_ok: bool },
}

#[derive(Debug)]
pub struct AlterTSDictionaryStmt {
    pub dictname: QualifiedName,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateExtensionStmt {
    pub extname: String,
    pub if_not_exists: bool,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterExtensionStmt {
    pub extname: String,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterExtensionContentsStmt {
    pub extname: String,
    pub add: bool,
    pub objtype: ObjectType,
    pub object: ObjectName,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateFdwStmt {
    pub fdwname: String,
    pub func_options: Vec<DefElem>,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterFdwStmt {
    pub fdwname: String,
    pub func_options: Vec<DefElem>,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateForeignServerStmt {
    pub servername: String,
    pub servertype: Option<String>,
    pub version: Option<String>,
    pub fdwname: String,
    pub if_not_exists: bool,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterForeignServerStmt {
    pub servername: String,
    /// `VERSION NULL` is `Some(None)`.
    pub version: Option<Option<String>>,
    pub options: Vec<DefElem>,
    pub span: Span,
}

/// CREATE and ALTER USER MAPPING.
#[derive(Debug)]
pub struct UserMappingStmt {
    pub user: RoleSpec,
    pub servername: String,
    pub if_not_exists: bool,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropUserMappingStmt {
    pub user: RoleSpec,
    pub servername: String,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct ImportForeignSchemaStmt {
    pub server_name: String,
    pub remote_schema: String,
    pub local_schema: String,
    pub list: ImportForeignSchemaList,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub enum ImportForeignSchemaList {
    All,
    LimitTo(Vec<RangeVar>),
    Except(Vec<RangeVar>),
}

#[derive(Debug)]
pub struct CreatePublicationStmt {
    pub pubname: String,
    pub options: Vec<DefElem>,
    pub pubobjects: Vec<PublicationObject>,
    pub for_all_tables: bool,
    pub span: Span,
}

#[derive(Debug)]
pub enum PublicationObject {
    Table {
        relation: RangeVar,
        columns: Vec<String>,
        where_clause: Option<Expr>,
        span: Span,
    },
    Schema {
        name: String,
        span: Span,
    },
    /// `TABLES IN SCHEMA CURRENT_SCHEMA`.
    CurrentSchema {
        span: Span,
    },
}

#[derive(Debug)]
pub struct AlterPublicationStmt {
    pub pubname: String,
    pub action: AlterPublicationAction,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterPublicationAction {
    Options(Vec<DefElem>),
    Add(Vec<PublicationObject>),
    Set(Vec<PublicationObject>),
    Drop(Vec<PublicationObject>),
}

#[derive(Debug)]
pub struct CreateSubscriptionStmt {
    pub subname: String,
    pub conninfo: String,
    pub publication: Vec<String>,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterSubscriptionStmt {
    pub subname: String,
    pub action: AlterSubscriptionAction,
    pub span: Span,
}

#[derive(Debug)]
pub enum AlterSubscriptionAction {
    Options(Vec<DefElem>),
    Connection(String),
    Refresh(Vec<DefElem>),
    SetPublication { publication: Vec<String>, options: Vec<DefElem> },
    AddPublication { publication: Vec<String>, options: Vec<DefElem> },
    DropPublication { publication: Vec<String>, options: Vec<DefElem> },
    Enabled(bool),
    Skip(Vec<DefElem>),
}

#[derive(Debug)]
pub struct DropSubscriptionStmt {
    pub subname: String,
    pub missing_ok: bool,
    pub behavior: DropBehavior,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreateTableSpaceStmt {
    pub tablespacename: String,
    pub owner: Option<RoleSpec>,
    pub location: String,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterTableSpaceOptionsStmt {
    pub tablespacename: String,
    pub options: Vec<DefElem>,
    pub is_reset: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropTableSpaceStmt {
    pub tablespacename: String,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct CreatedbStmt {
    pub dbname: String,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterDatabaseStmt {
    pub dbname: String,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterDatabaseSetStmt {
    pub dbname: String,
    pub setstmt: VariableSetStmt,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterDatabaseRefreshCollStmt {
    pub dbname: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropdbStmt {
    pub dbname: String,
    pub missing_ok: bool,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleStmtType {
    Role,
    User,
    Group,
}

#[derive(Debug)]
pub struct CreateRoleStmt {
    pub stmt_type: RoleStmtType,
    pub role: String,
    pub options: Vec<DefElem>,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterRoleStmt {
    pub role: RoleSpec,
    pub options: Vec<DefElem>,
    /// Members are added; false for `ALTER GROUP … DROP USER`.
    pub add: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterRoleSetStmt {
    /// Missing: ALL.
    pub role: Option<RoleSpec>,
    pub database: Option<String>,
    pub setstmt: VariableSetStmt,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropRoleStmt {
    pub roles: Vec<RoleSpec>,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct AccessPriv {
    /// Missing: ALL, of the columns given.
    pub priv_name: Option<String>,
    pub cols: Vec<String>,
}

/// GRANT and REVOKE of privileges.
#[derive(Debug)]
pub struct GrantStmt {
    pub is_grant: bool,
    /// Empty: ALL.
    pub privileges: Vec<AccessPriv>,
    pub target: GrantTarget,
    pub grantees: Vec<RoleSpec>,
    pub grant_option: bool,
    pub grantor: Option<RoleSpec>,
    pub behavior: DropBehavior,
    pub span: Span,
}

#[derive(Debug)]
pub enum GrantTarget {
    Relations {
        objtype: ObjectType,
        names: Vec<RangeVar>,
    },
    Objects {
        objtype: ObjectType,
        objects: Vec<ObjectName>,
    },
    AllInSchema {
        objtype: ObjectType,
        schemas: Vec<String>,
    },
    /// In ALTER DEFAULT PRIVILEGES.
    Defaults {
        objtype: ObjectType,
    },
}

#[derive(Debug)]
pub struct GrantRoleStmt {
    pub is_grant: bool,
    pub granted_roles: Vec<AccessPriv>,
    pub grantee_roles: Vec<RoleSpec>,
    pub admin_opt: bool,
    pub grantor: Option<RoleSpec>,
    pub behavior: DropBehavior,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterDefaultPrivilegesStmt {
    /// `FOR ROLE …`, `IN SCHEMA …`.
    pub options: Vec<DefElem>,
    pub action: GrantStmt,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropOwnedStmt {
    pub roles: Vec<RoleSpec>,
    pub behavior: DropBehavior,
    pub span: Span,
}

#[derive(Debug)]
pub struct ReassignOwnedStmt {
    pub roles: Vec<RoleSpec>,
    pub newrole: RoleSpec,
    pub span: Span,
}

#[derive(Debug)]
pub struct DropStmt {
    pub objects: Vec<ObjectName>,
    pub remove_type: ObjectType,
    pub behavior: DropBehavior,
    pub missing_ok: bool,
    pub concurrent: bool,
    pub span: Span,
}

/// `ALTER … RENAME [… TO] newname` of anything.
#[derive(Debug)]
pub struct RenameStmt {
    pub rename_type: ObjectType,
    /// For a column or constraint: the word its owner was called by.
    pub relation_type: ObjectType,
    pub object: RenameTarget,
    /// Of columns, attributes, constraints, triggers, rules, policies: their name.
    pub subname: Option<String>,
    pub newname: String,
    pub behavior: DropBehavior,
    pub missing_ok: bool,
    pub span: Span,
}

#[derive(Debug)]
pub enum RenameTarget {
    Relation(RangeVar),
    Object(ObjectName),
}

#[derive(Debug)]
pub struct AlterObjectSchemaStmt {
    pub object_type: ObjectType,
    pub object: RenameTarget,
    pub newschema: String,
    pub missing_ok: bool,
    pub span: Span,
}

/// `ALTER … [NO] DEPENDS ON EXTENSION`.
#[derive(Debug)]
pub struct AlterObjectDependsStmt {
    pub object_type: ObjectType,
    pub object: RenameTarget,
    /// Of a trigger.
    pub subname: Option<String>,
    pub extname: String,
    pub remove: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct AlterOwnerStmt {
    pub object_type: ObjectType,
    pub object: ObjectName,
    pub newowner: RoleSpec,
    pub span: Span,
}

#[derive(Debug)]
pub struct CommentStmt {
    pub objtype: ObjectType,
    pub object: ObjectName,
    /// Missing: NULL, drop the comment.
    pub comment: Option<String>,
    pub span: Span,
}

#[derive(Debug)]
pub struct SecLabelStmt {
    pub objtype: ObjectType,
    pub object: ObjectName,
    pub provider: Option<String>,
    pub label: Option<String>,
    pub span: Span,
}
