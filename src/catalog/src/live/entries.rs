//! The entries of the live catalog. Built-in relations and types appear in the same shapes.

use std::rc::Rc;

use tusklet_ir::{Expr, Oid, Query, TypeRef};

tusklet_ir::node! {
    /// `pg_namespace`.
    pub struct Schema {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Owner.
        pub owner: Oid,
        /// Privileges, `None` for the default.
        pub acl: Option<Vec<AclItem>>,
    }

    /// The kinds of text search objects.
    #[derive(Copy, Eq)]
    pub enum TsKind { Parser, Dictionary, Template, Configuration }

    /// A text search object (`pg_ts_parser`, `pg_ts_dict`, `pg_ts_template`, `pg_ts_config`).
    pub struct TsObject {
        /// OID.
        pub oid: Oid,
        /// What it is.
        pub kind: TsKind,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Owner.
        pub owner: Oid,
        /// A configuration's parser, a dictionary's template.
        pub base: Oid,
        /// A dictionary's options.
        pub options: Option<String>,
        /// A configuration's dictionaries by token type, in the order they are asked; a parser's or template's functions by
        /// attribute number of its catalog.
        pub map: Vec<TsMapping>,
    }

    /// A row of `pg_ts_config_map`, but for the order among those of one type.
    #[derive(Copy)]
    pub struct TsMapping {
        /// The token type.
        pub token: i32,
        /// The dictionary.
        pub dict: Oid,
    }

    /// One grant (`aclitem`).
    pub struct AclItem {
        /// Grantee, 0 for PUBLIC.
        pub grantee: Oid,
        /// Grantor.
        pub grantor: Oid,
        /// Bits of `Privilege`, low 16; the same shifted by 16 with grant option.
        pub bits: u32,
    }

    /// `pg_class.relkind`.
    #[derive(Copy, Eq)]
    pub enum RelKind { Table, Index, Sequence, View, MatView, Composite, Partitioned, PartitionedIndex, Foreign, Toast }

    /// `pg_class.relpersistence`.
    #[derive(Copy, Eq)]
    pub enum Persistence { Permanent, Unlogged, Temporary }

    /// A row of `pg_class` with its columns, constraints and everything else that is read with it.
    pub struct Relation {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Kind.
        pub kind: RelKind,
        /// Owner.
        pub owner: Oid,
        /// Its row type, 0 for indexes and sequences.
        pub row_type: Oid,
        /// The storage relation, 0 when it has none (views, built-in catalogs, partitioned tables).
        pub storage: u32,
        /// Persistence.
        pub persistence: Persistence,
        /// Columns by attribute number - 1, dropped ones included.
        pub columns: Vec<Column>,
        /// Constraints, tables only.
        pub constraints: Vec<Constraint>,
        /// Indexes on it, by OID, in creation order.
        pub indexes: Vec<Oid>,
        /// For an index.
        pub index: Option<Index>,
        /// For a view or materialized view.
        pub view: Option<View>,
        /// For a sequence.
        pub sequence: Option<Sequence>,
        /// Parents it inherits from, in order.
        pub parents: Vec<Oid>,
        /// Tables that inherit from it.
        pub children: Vec<Oid>,
        /// Triggers.
        pub triggers: Vec<Trigger>,
        /// Rules other than a view's own.
        pub rules: Vec<Rule>,
        /// Composite type it was made OF.
        pub of_type: Oid,
        /// Partitioning of this table, if it is partitioned.
        pub partition_key: Option<PartitionKey>,
        /// Bound of this partition.
        pub partition_bound: Option<PartitionBound>,
        /// Storage parameters and view options (`fillfactor=70`).
        pub options: Vec<(String, String)>,
        /// Privileges.
        pub acl: Option<Vec<AclItem>>,
        /// Row security switched on.
        pub row_security: bool,
        /// … for the owner too.
        pub force_row_security: bool,
        /// REPLICA IDENTITY: d, n, f, i.
        pub replica_identity: u8,
        /// Access method OID (heap, btree, …).
        pub access_method: Oid,
        /// One of PostgreSQL's own relations, not stored.
        pub system: bool,
    }

    /// A column (`pg_attribute`, with its default of `pg_attrdef`).
    pub struct Column {
        /// Name; `........pg.dropped.N........` once dropped.
        pub name: String,
        /// Type.
        pub ty: TypeRef,
        /// Collation.
        pub collation: Oid,
        /// NOT NULL.
        pub not_null: bool,
        /// DEFAULT (or the generation expression when `generated`).
        pub default: Option<Rc<Expr>>,
        /// GENERATED ALWAYS AS … STORED.
        pub generated: bool,
        /// Identity: `Some(always)`.
        pub identity: Option<bool>,
        /// Dropped.
        pub dropped: bool,
        /// Defined here, not only inherited.
        pub is_local: bool,
        /// Parents it is inherited from.
        pub inherit_count: i32,
        /// Storage letter as set, 0 for the type's default.
        pub storage: u8,
        /// Compression letter, 0 none.
        pub compression: u8,
        /// Statistics target, -1 default.
        pub statistics: i32,
        /// Column privileges.
        pub acl: Option<Vec<AclItem>>,
        /// Per-column options.
        pub options: Vec<(String, String)>,
    }

    /// `pg_constraint` of a table.
    pub struct Constraint {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// What it says.
        pub kind: ConstraintKind,
        /// Attribute numbers, in order as written.
        pub columns: Vec<i16>,
        /// DEFERRABLE.
        pub deferrable: bool,
        /// INITIALLY DEFERRED.
        pub deferred: bool,
        /// Checked against existing rows.
        pub validated: bool,
        /// Defined here.
        pub is_local: bool,
        /// Parents it is inherited from.
        pub inherit_count: i32,
        /// NO INHERIT.
        pub no_inherit: bool,
        /// Constraint of the parent partition.
        pub parent: Oid,
    }

    /// Kinds of constraints.
    pub enum ConstraintKind {
        /// CHECK over the table's columns (`Var { rte: 0 }`).
        Check(expr: Rc<Expr>),
        /// PRIMARY KEY with its index.
        Primary(index: Oid),
        /// UNIQUE with its index.
        Unique(index: Oid),
        /// FOREIGN KEY.
        Foreign(fk: ForeignKey),
        /// EXCLUDE with its index and operators.
        Exclude { index: Oid, operators: Vec<Oid> },
        /// CREATE CONSTRAINT TRIGGER.
        Trigger,
    }

    /// FOREIGN KEY.
    pub struct ForeignKey {
        /// Referenced table.
        pub table: Oid,
        /// Referenced attributes.
        pub columns: Vec<i16>,
        /// The unique index it rests on.
        pub index: Oid,
        /// `pk = fk` operators.
        pub pf_ops: Vec<Oid>,
        /// `pk = pk` operators.
        pub pp_ops: Vec<Oid>,
        /// `fk = fk` operators.
        pub ff_ops: Vec<Oid>,
        /// ON UPDATE.
        pub on_update: FkAction,
        /// ON DELETE.
        pub on_delete: FkAction,
        /// ON DELETE SET NULL/DEFAULT (these columns).
        pub delete_set: Vec<i16>,
        /// MATCH FULL.
        pub match_full: bool,
    }

    /// Referential actions.
    #[derive(Copy, Eq)]
    pub enum FkAction { NoAction, Restrict, Cascade, SetNull, SetDefault }

    /// `pg_index`.
    pub struct Index {
        /// The table.
        pub table: Oid,
        /// Key columns, then INCLUDE columns.
        pub columns: Vec<IndexColumn>,
        /// How many are key columns.
        pub keys: u32,
        /// UNIQUE.
        pub unique: bool,
        /// NULLS NOT DISTINCT.
        pub nulls_not_distinct: bool,
        /// Of a primary key.
        pub primary: bool,
        /// Of an exclusion constraint.
        pub exclusion: bool,
        /// Checked at once (else deferrable).
        pub immediate: bool,
        /// Usable.
        pub valid: bool,
        /// CLUSTER ON.
        pub clustered: bool,
        /// REPLICA IDENTITY USING INDEX.
        pub replica_identity: bool,
        /// WHERE, over the table's columns.
        pub predicate: Option<Rc<Expr>>,
        /// Constraint it belongs to, 0 none.
        pub constraint: Oid,
        /// Parent index of a partition's index.
        pub parent: Oid,
    }

    /// A column of an index.
    pub struct IndexColumn {
        /// Attribute of the table, 0 for an expression.
        pub attno: i16,
        /// The expression.
        pub expr: Option<Rc<Expr>>,
        /// Type of the key.
        pub ty: TypeRef,
        /// Operator class, 0 for INCLUDE columns.
        pub opclass: Oid,
        /// Its family.
        pub opfamily: Oid,
        /// Its comparison function (B-tree support 1).
        pub cmp: Oid,
        /// Collation.
        pub collation: Oid,
        /// DESC.
        pub desc: bool,
        /// NULLS FIRST.
        pub nulls_first: bool,
        /// Operator class options.
        pub options: Vec<(String, String)>,
    }

    /// A view's query.
    pub struct View {
        /// Analysed; for built-in views made from `text` at first use.
        pub query: Option<Rc<Query>>,
        /// SQL text of a built-in view.
        pub text: String,
        /// WITH CHECK OPTION: 0 none, 1 local, 2 cascaded.
        pub check_option: u8,
        /// Materialized and populated.
        pub populated: bool,
    }

    /// `pg_sequence`.
    pub struct Sequence {
        /// int2, int4 or int8.
        pub ty: Oid,
        /// START.
        pub start: i64,
        /// INCREMENT.
        pub increment: i64,
        /// MINVALUE.
        pub min: i64,
        /// MAXVALUE.
        pub max: i64,
        /// CACHE.
        pub cache: i64,
        /// CYCLE.
        pub cycle: bool,
        /// OWNED BY: table and attribute; (0, 0) none.
        pub owned_by: (Oid, i16),
        /// The owner column is an identity column.
        pub identity: bool,
    }

    /// `pg_trigger`.
    pub struct Trigger {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Function.
        pub func: Oid,
        /// `tgtype` bits of PostgreSQL.
        pub bits: u32,
        /// O, D, R, A.
        pub enabled: u8,
        /// UPDATE OF columns.
        pub columns: Vec<i16>,
        /// Arguments.
        pub args: Vec<String>,
        /// WHEN.
        pub when: Option<Rc<Expr>>,
        /// Constraint trigger's constraint.
        pub constraint: Oid,
        /// Deferrable.
        pub deferrable: bool,
        /// Initially deferred.
        pub deferred: bool,
        /// Transition table names.
        pub old_table: String,
        /// Transition table names.
        pub new_table: String,
    }

    /// `pg_rewrite` (CREATE RULE).
    pub struct Rule {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// 2 UPDATE, 3 INSERT, 4 DELETE.
        pub event: u8,
        /// INSTEAD.
        pub instead: bool,
        /// WHERE.
        pub when: Option<Rc<Expr>>,
        /// Actions.
        pub actions: Vec<Rc<Query>>,
    }

    /// PARTITION BY.
    pub struct PartitionKey {
        /// l, r, h.
        pub strategy: u8,
        /// Columns and expressions, as index columns.
        pub columns: Vec<IndexColumn>,
    }

    /// FOR VALUES.
    pub enum PartitionBound {
        Default,
        List(values: Vec<Expr>),
        Range { from: Vec<RangeDatum>, to: Vec<RangeDatum> },
        Hash { modulus: i32, remainder: i32 },
    }

    /// One column of a range bound.
    pub enum RangeDatum { MinValue, Value(v: Expr), MaxValue }

    /// A user-made type, or a built-in one in the same shape.
    pub struct Type {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Owner.
        pub owner: Oid,
        /// What it is.
        pub kind: TypeEntryKind,
        /// Array over it, 0 none.
        pub array: Oid,
        /// `typcategory`.
        pub category: u8,
        /// `typispreferred`.
        pub preferred: bool,
        /// `typcollation`.
        pub collation: Oid,
        /// `typdelim`.
        pub delim: u8,
        /// `typlen`.
        pub len: i16,
        /// `typbyval`.
        pub by_val: bool,
        /// `typalign`.
        pub align: u8,
        /// `typstorage`.
        pub storage: u8,
        /// Input, output, receive, send functions.
        pub io: Vec<Oid>,
        /// Typmod input and output functions.
        pub typmod_io: Vec<Oid>,
        /// `typisdefined`: not a shell.
        pub defined: bool,
        /// `typsubscript` is not 0 (true arrays and jsonb).
        pub subscript: bool,
        /// Privileges.
        pub acl: Option<Vec<AclItem>>,
    }

    /// Kinds of types.
    pub enum TypeEntryKind {
        /// A base type, or a shell. A user's lies in columns as the built-in type `like` does, whose kernels read and write it.
        /// `element` is its `typelem`, `default` the text of its default.
        Base { like: Oid, element: Oid, default: Option<String> },
        /// Element type; `true` when a "true" varlena array (`_int4`), false for fixed ones (`point`, `name`, `oidvector`).
        Array { element: Oid, varlena: bool },
        /// The relation that holds its columns.
        Composite(relation: Oid),
        /// Labels in sort order.
        Enum(labels: Vec<EnumLabel>),
        /// A range.
        Range { subtype: Oid, opclass: Oid, collation: Oid, canonical: Oid, subdiff: Oid, multirange: Oid },
        /// A multirange over the range.
        Multirange(range: Oid),
        /// A domain.
        Domain { base: TypeRef, not_null: bool, default: Option<Rc<Expr>>, checks: Vec<DomainCheck> },
        Pseudo,
    }

    /// An enum label.
    pub struct EnumLabel {
        /// OID: the value's stored form.
        pub oid: Oid,
        /// Order.
        pub order: f32,
        /// Label.
        pub label: String,
    }

    /// A domain's CHECK.
    pub struct DomainCheck {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Over `DomainValue`.
        pub expr: Rc<Expr>,
        /// Checked against existing values.
        pub validated: bool,
    }

    /// A user-made function, procedure or aggregate.
    pub struct Proc {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Owner.
        pub owner: Oid,
        /// Language OID.
        pub language: Oid,
        /// f, p, a, w.
        pub kind: u8,
        /// Input argument types.
        pub args: Vec<Oid>,
        /// All argument types when there are OUT, VARIADIC or TABLE ones.
        pub all_args: Vec<Oid>,
        /// Modes of `all_args`: i, o, b, v, t.
        pub modes: Vec<u8>,
        /// Names, as many as arguments or none.
        pub arg_names: Vec<String>,
        /// Defaults of the last arguments.
        pub defaults: Vec<Rc<Expr>>,
        /// Element type of the VARIADIC argument, 0 none.
        pub variadic: Oid,
        /// Result type.
        pub result: Oid,
        /// SETOF.
        pub retset: bool,
        /// STRICT.
        pub strict: bool,
        /// i, s, v.
        pub volatility: u8,
        /// s, r, u.
        pub parallel: u8,
        /// SECURITY DEFINER.
        pub security_definer: bool,
        /// LEAKPROOF.
        pub leakproof: bool,
        /// COST, ROWS.
        pub cost: f64,
        /// Rows a set is thought to have.
        pub rows: f64,
        /// Source text.
        pub source: String,
        /// SQL-standard body.
        pub body: Vec<Rc<Query>>,
        /// SET clauses.
        pub config: Vec<(String, String)>,
        /// Aggregate parts.
        pub aggregate: Option<AggregateParts>,
        /// Privileges.
        pub acl: Option<Vec<AclItem>>,
    }

    /// `pg_aggregate`.
    pub struct AggregateParts {
        /// n, o, h.
        pub kind: u8,
        /// Direct arguments.
        pub direct_args: i32,
        /// Transition function.
        pub trans: Oid,
        /// Final function, 0 none.
        pub final_fn: Oid,
        /// Pass extra dummy arguments to the final function.
        pub final_extra: bool,
        /// Transition type.
        pub trans_type: Oid,
        /// Initial value as text.
        pub init: Option<String>,
        /// Sort operator for min/max.
        pub sort_op: Oid,
        /// Combine, serialization and deserialization functions.
        pub combine: [Oid; 3],
        /// How the final function treats the state: r, s, w; and that of the moving form.
        pub modify: [u8; 2],
        /// Sizes of the states as declared, plain and moving.
        pub space: [i32; 2],
        /// The moving form: transition, inverse transition and final functions, then the transition type; zeroes without one.
        pub moving: [Oid; 4],
        /// Pass extra dummy arguments to its final function.
        pub moving_extra: bool,
        /// Its initial value as text.
        pub moving_init: Option<String>,
    }

    /// A user-made operator.
    pub struct Operator {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Owner.
        pub owner: Oid,
        /// Left type, 0 prefix.
        pub left: Oid,
        /// Right type.
        pub right: Oid,
        /// Result.
        pub result: Oid,
        /// Commutator.
        pub commutator: Oid,
        /// Negator.
        pub negator: Oid,
        /// Function.
        pub func: Oid,
        /// Estimators.
        pub restrict: Oid,
        /// Estimators.
        pub join: Oid,
        /// MERGES.
        pub merges: bool,
        /// HASHES.
        pub hashes: bool,
    }

    /// A user-made cast.
    pub struct Cast {
        /// OID.
        pub oid: Oid,
        /// From.
        pub source: Oid,
        /// To.
        pub target: Oid,
        /// Function, 0 none.
        pub func: Oid,
        /// e, a, i.
        pub context: u8,
        /// f, b, i.
        pub method: u8,
    }

    /// An object of a kind there are few of.
    pub struct Item {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// Schema.
        pub schema: Oid,
        /// Owner.
        pub owner: Oid,
        /// What it is.
        pub kind: ItemKind,
    }

    /// Kinds of items.
    pub enum ItemKind {
        /// A collation: what it sorts by is always the order of the bytes.
        Collation { provider: u8, deterministic: bool, encoding: i32, collate: String, ctype: String },
        /// An operator family with its members.
        OpFamily { method: Oid, members: Vec<FamilyMember> },
        /// An operator class; `key` is the type stored, 0 for `input`.
        OpClass { method: Oid, family: Oid, input: Oid, default: bool, key: Oid },
    }

    /// A row of `pg_amop` or, of a function, `pg_amproc`.
    pub struct FamilyMember {
        /// OID.
        pub oid: Oid,
        /// A support function, else an operator.
        pub function: bool,
        /// Left type.
        pub left: Oid,
        /// Right type.
        pub right: Oid,
        /// Strategy or number.
        pub number: i32,
        /// The operator or function.
        pub object: Oid,
        /// Family of an ordering operator's result.
        pub sort_family: Oid,
        /// The class it came with, 0 none.
        pub class: Oid,
    }

    /// `pg_authid`.
    pub struct Role {
        /// OID.
        pub oid: Oid,
        /// Name.
        pub name: String,
        /// SUPERUSER.
        pub superuser: bool,
        /// INHERIT.
        pub inherit: bool,
        /// CREATEROLE.
        pub create_role: bool,
        /// CREATEDB.
        pub create_db: bool,
        /// LOGIN.
        pub login: bool,
        /// REPLICATION.
        pub replication: bool,
        /// BYPASSRLS.
        pub bypass_rls: bool,
        /// CONNECTION LIMIT.
        pub connection_limit: i32,
        /// Stored password.
        pub password: Option<String>,
        /// Roles it is a member of: role, grantor, admin option.
        pub member_of: Vec<(Oid, Oid, bool)>,
        /// SET per role.
        pub config: Vec<(String, String)>,
        /// VALID UNTIL, text.
        pub valid_until: Option<String>,
    }
}

impl Relation {
    /// The column, unless it is dropped or there is none. System columns are not found here.
    pub fn column(&self, attno: i16) -> Option<&Column> {
        if attno < 1 {
            return None;
        }
        self.columns.get(attno as usize - 1).filter(|c| !c.dropped)
    }

    /// The attribute number of a live column.
    pub fn attno(&self, name: &str) -> Option<i16> {
        self.columns.iter().position(|c| !c.dropped && c.name == name).map(|i| i as i16 + 1)
    }
}
