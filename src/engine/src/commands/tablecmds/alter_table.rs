//! ALTER TABLE (`ATController`): subcommands run in passes, so that one statement may drop, retype, add and constrain in
//! whatever order it is written.

use std::rc::Rc;

use tusklet_catalog::live::{Persistence, RelKind, Relation};
use tusklet_error::{Error, Result, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast::{
    AlterTableCmd, AlterTableStmt, ConstraintKind, ObjectType, RangeVar, ReplicaIdentity, TriggerMode, TriggerWhich,
};

use super::alter_column;
use super::alter_type::{self, Retype};
use super::constraints;
use super::foreign_key;
use super::identity;
use super::inherit;
use crate::missing;
use crate::commands::object_address::{Objects, relation_word};
use crate::commands::parse_utilcmd::{self, NewCheck, NewForeignKey, NewIndex, Parts};
use crate::commands::{acl, alter, heap, indexcmds, kind_words, lock, namespace, user, vacuum};
use crate::session::{About, Shared};

/// When a subcommand runs; the order is PostgreSQL's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    Drop,
    AlterType,
    AddColumn,
    ColumnAttributes,
    AddIndexConstraint,
    AddOtherConstraint,
    Misc,
}

const PASSES: &[Pass] = &[
    Pass::Drop,
    Pass::AlterType,
    Pass::AddColumn,
    Pass::ColumnAttributes,
    Pass::AddIndexConstraint,
    Pass::AddOtherConstraint,
    Pass::Misc,
];

/// A step of the work queue: a subcommand, or what a column or constraint definition left for a later pass.
enum Step<'s> {
    Cmd(&'s AlterTableCmd),
    Retypes(Vec<&'s AlterTableCmd>),
    Check(NewCheck),
    Index(NewIndex),
    Foreign(NewForeignKey),
}

fn pass(c: &AlterTableCmd) -> Pass {
    use AlterTableCmd::*;
    match c {
        DropColumn { .. } | DropConstraint { .. } | DropNotNull { .. } | DropExpression { .. } | DropIdentity { .. }
        | DropAttribute { .. } | ColumnDefault { def: None, .. } => Pass::Drop,
        AlterColumnType { .. } | AlterAttributeType { .. } => Pass::AlterType,
        AddColumn { .. } | AddAttribute { .. } => Pass::AddColumn,
        SetNotNull { .. } | SetIdentity { .. } => Pass::ColumnAttributes,
        AddConstraint(k) if is_index_constraint(&k.kind) => Pass::AddIndexConstraint,
        ColumnDefault { .. } | AddIdentity { .. } | AddConstraint(_) => Pass::AddOtherConstraint,
        _ => Pass::Misc,
    }
}

fn is_index_constraint(k: &ConstraintKind) -> bool {
    matches!(k, ConstraintKind::Primary(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. })
}

/// What a subcommand is called in messages (`alter_table_type_to_string`).
fn action(c: &AlterTableCmd) -> &'static str {
    use AlterTableCmd::*;
    match c {
        AddColumn { .. } => "ADD COLUMN",
        DropColumn { .. } => "DROP COLUMN",
        ColumnDefault { .. } => "ALTER COLUMN ... SET DEFAULT",
        DropNotNull { .. } => "ALTER COLUMN ... DROP NOT NULL",
        SetNotNull { .. } => "ALTER COLUMN ... SET NOT NULL",
        DropExpression { .. } => "ALTER COLUMN ... DROP EXPRESSION",
        SetStatistics { .. } => "ALTER COLUMN ... SET STATISTICS",
        SetOptions { .. } => "ALTER COLUMN ... SET",
        ResetOptions { .. } => "ALTER COLUMN ... RESET",
        SetStorage { .. } => "ALTER COLUMN ... SET STORAGE",
        SetCompression { .. } => "ALTER COLUMN ... SET COMPRESSION",
        AddIdentity { .. } => "ALTER COLUMN ... ADD IDENTITY",
        SetIdentity { .. } => "ALTER COLUMN ... SET",
        DropIdentity { .. } => "ALTER COLUMN ... DROP IDENTITY",
        AlterColumnType { .. } | AlterAttributeType { .. } => "ALTER COLUMN ... SET DATA TYPE",
        AlterColumnGenericOptions { .. } => "ALTER COLUMN ... OPTIONS",
        AddConstraint(_) => "ADD CONSTRAINT",
        AlterConstraint { .. } => "ALTER CONSTRAINT",
        ValidateConstraint { .. } => "VALIDATE CONSTRAINT",
        DropConstraint { .. } => "DROP CONSTRAINT",
        SetLogged => "SET LOGGED",
        SetUnLogged => "SET UNLOGGED",
        ClusterOn { .. } => "CLUSTER ON",
        DropCluster => "SET WITHOUT CLUSTER",
        SetTableSpace { .. } => "SET TABLESPACE",
        SetAccessMethod { .. } => "SET ACCESS METHOD",
        SetRelOptions(_) => "SET",
        ResetRelOptions(_) => "RESET",
        GenericOptions(_) => "OPTIONS",
        Trigger { mode: TriggerMode::Disable, .. } => "DISABLE TRIGGER",
        Trigger { .. } => "ENABLE TRIGGER",
        Rule { mode: TriggerMode::Disable, .. } => "DISABLE RULE",
        Rule { .. } => "ENABLE RULE",
        AddInherit(_) => "INHERIT",
        DropInherit(_) => "NO INHERIT",
        AddOf(_) => "OF",
        DropOf => "NOT OF",
        ChangeOwner(_) => "OWNER TO",
        ReplicaIdentity(_) => "REPLICA IDENTITY",
        EnableRowSecurity => "ENABLE ROW SECURITY",
        DisableRowSecurity => "DISABLE ROW SECURITY",
        ForceRowSecurity => "FORCE ROW SECURITY",
        NoForceRowSecurity => "NO FORCE ROW SECURITY",
        AttachPartition { .. } => "ATTACH PARTITION",
        DetachPartition { .. } => "DETACH PARTITION",
        DetachPartitionFinalize { .. } => "DETACH PARTITION ... FINALIZE",
        AddAttribute { .. } => "ADD ATTRIBUTE",
        DropAttribute { .. } => "DROP ATTRIBUTE",
        DropOids => "SET WITHOUT OIDS",
    }
}

fn allowed(c: &AlterTableCmd, kind: RelKind) -> bool {
    use AlterTableCmd::*;
    match kind {
        RelKind::Table => !matches!(c, GenericOptions(_) | AlterColumnGenericOptions { .. }),
        RelKind::View => matches!(c, ColumnDefault { .. } | SetRelOptions(_) | ResetRelOptions(_) | ChangeOwner(_)),
        RelKind::MatView => matches!(
            c,
            SetStatistics { .. }
                | SetOptions { .. }
                | ResetOptions { .. }
                | SetStorage { .. }
                | SetCompression { .. }
                | ClusterOn { .. }
                | DropCluster
                | SetRelOptions(_)
                | ResetRelOptions(_)
                | SetTableSpace { .. }
                | SetAccessMethod { .. }
                | ChangeOwner(_)
        ),
        RelKind::Index => matches!(
            c,
            SetRelOptions(_)
                | ResetRelOptions(_)
                | SetStatistics { .. }
                | SetTableSpace { .. }
                | ChangeOwner(_)
                | AttachPartition { .. }
                | SetOptions { .. }
        ),
        RelKind::Sequence => matches!(c, ChangeOwner(_) | SetLogged | SetUnLogged),
        RelKind::Composite => matches!(
            c,
            AddAttribute { .. } | DropAttribute { .. } | AlterAttributeType { .. } | ChangeOwner(_)
        ),
        _ => false,
    }
}

/// The column a name means, which must be there and no system column.
pub fn existing_column(rel: &Relation, name: &str) -> Result<i16> {
    if let Some(a) = rel.attno(name) {
        return Ok(a);
    }
    if heap::is_system_column(name) {
        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot alter system column \"{}\""; name));
    }
    return Err(missing::column(&rel.name, &name))
}

/// Refuses a relation of another kind than the statement's word (`RangeVarCallbackForAlterRelation`).
pub fn check_word(rel: &Relation, t: ObjectType) -> Result<()> {
    let (want, article) = match t {
        ObjectType::View => (RelKind::View, "a"),
        ObjectType::MatView => (RelKind::MatView, "a"),
        ObjectType::Sequence => (RelKind::Sequence, "a"),
        ObjectType::ForeignTable => (RelKind::Foreign, "a"),
        ObjectType::Index => (RelKind::Index, "an"),
        ObjectType::Type => (RelKind::Composite, "a"),
        _ => {
            if rel.kind == RelKind::Composite {
                return Err(err!(WRONG_OBJECT_TYPE, "\"{}\" is a composite type"; rel.name)
                    .hint("Use ALTER TYPE instead."));
            }
            return Ok(());
        }
    };
    if rel.kind != want {
        let what = if t == ObjectType::Type { "composite type".to_string() } else { kind_words(t).to_ascii_lowercase() };
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not {} {}"; rel.name, article, what);
    }
    Ok(())
}

/// ALTER TABLE and its sisters.
pub fn alter_table(shared: &Shared, s: &AlterTableStmt) -> Result<()> {
    let AlterTableStmt { relation, cmds, objtype, missing_ok, span: _ } = s;
    let Some(rel) = namespace::find_or_skip(shared, relation, *missing_ok)? else { return Ok(()) };
    lock(shared, rel.oid, LockMode::AccessExclusive)?;
    acl::check_owner(shared, rel.owner, relation_word(rel.kind), &rel.name)?;
    check_word(&rel, *objtype)?;
    heap::refuse_system(&rel)?;
    if relation.inh {
        for child in heap::all_inheritors(&shared.catalog(), rel.oid) {
            lock(shared, child, LockMode::AccessExclusive)?;
        }
    }
    for c in cmds {
        let owner_of_index = matches!(c, AlterTableCmd::ChangeOwner(_));
        if !allowed(c, rel.kind) && !owner_of_index {
            return Err(err!(
                WRONG_OBJECT_TYPE, "ALTER action {} cannot be performed on relation \"{}\""; action(c), rel.name
            )
            .detail(indexcmds::unsupported_for(rel.kind)));
        }
    }
    let mut queue: Vec<(Pass, Step<'_>)> = vec![];
    let retypes: Vec<&AlterTableCmd> =
        cmds.iter().filter(|c| matches!(c, AlterTableCmd::AlterColumnType { .. })).collect();
    for c in cmds {
        if !matches!(c, AlterTableCmd::AlterColumnType { .. }) {
            queue.push((pass(c), Step::Cmd(c)));
        }
    }
    if !retypes.is_empty() {
        queue.push((Pass::AlterType, Step::Retypes(retypes)));
    }
    let oid = rel.oid;
    for p in PASSES {
        let mut i = 0;
        // Steps may add steps for this pass or later ones.
        while i < queue.len() {
            if queue[i].0 != *p {
                i += 1;
                continue;
            }
            let (_, step) = queue.remove(i);
            run(shared, oid, relation, step, &mut queue)?;
        }
    }
    Ok(())
}

fn run<'s>(
    shared: &Shared,
    oid: Oid,
    rv: &RangeVar,
    step: Step<'s>,
    queue: &mut Vec<(Pass, Step<'s>)>,
) -> Result<()> {
    let recurse = rv.inh;
    let c = match step {
        Step::Cmd(c) => c,
        Step::Retypes(list) => {
            let mut all = vec![];
            for c in list {
                if let AlterTableCmd::AlterColumnType { name, type_name, coll_clause, using, span } = c {
                    all.push(Retype {
                        name: name.clone(),
                        type_name,
                        collate: coll_clause.as_ref(),
                        using: using.as_ref(),
                        span: *span,
                    });
                }
            }
            return alter_type::alter_types(shared, oid, &all, recurse);
        }
        Step::Check(k) => return constraints::alter_add_check(shared, oid, k, recurse),
        Step::Index(ix) => return indexcmds::define_index(shared, oid, &ix, true).map(|_| ()),
        Step::Foreign(f) => return foreign_key::add(shared, oid, &f, false),
    };
    use AlterTableCmd::*;
    let rel = heap::get(shared, oid)?;
    let mut here = rv.clone();
    here.relname = rel.name.clone();
    match c {
        AddColumn { def, if_not_exists } => {
            let mut parts = Parts::default();
            parse_utilcmd::column_definition(shared, &here, def, &mut parts)?;
            if rel.attno(&def.colname).is_some() && *if_not_exists {
                return missing::unless_wanted(true, shared, missing::column_taken(&rel.name, &def.colname));
            }
            add_parts(&rel, &mut parts, queue)?;
            alter_column::add(shared, oid, parts, recurse, false)
        }
        DropColumn { name, behavior, missing_ok } => {
            alter_column::drop_column(shared, oid, name, *behavior, *missing_ok, recurse)
        }
        ColumnDefault { name, def } => alter_column::set_default(shared, oid, name, def.as_ref(), recurse),
        DropNotNull { name } => constraints::drop_not_null(shared, &rel, name, recurse),
        SetNotNull { name } => {
            existing_column(&rel, name)?;
            if !recurse && !rel.children.is_empty() {
                let c = shared.catalog();
                let missing = rel.children.iter().any(|k| {
                    c.relation(*k).is_some_and(|r| {
                        r.columns.iter().any(|k| k.name == *name && !k.dropped && !k.not_null)
                    })
                });
                if missing {
                    return Err(err!(INVALID_TABLE_DEFINITION, "constraint must be added to child tables too").detail(
                        filled!("Column \"{}\" of relation \"{}\" is not already NOT NULL."; name, rel.name),
                    ));
                }
            }
            constraints::set_not_null(shared, oid, name, recurse)
        }
        DropExpression { name, missing_ok } => alter_column::drop_expression(shared, &rel, name, *missing_ok, recurse),
        SetStatistics { column, value } => alter_column::set_statistics(shared, &rel, column, *value, recurse),
        SetOptions { name, options } => alter_column::set_options(shared, &rel, name, options, true),
        ResetOptions { name, options } => alter_column::set_options(shared, &rel, name, options, false),
        SetStorage { name, storage } => alter_column::set_storage(shared, oid, name, storage, recurse),
        SetCompression { name, method } => {
            let letter = parse_utilcmd::compression_letter(method)?;
            let a = existing_column(&rel, name)?;
            heap::change_column(shared, oid, a, |c| c.compression = letter)
        }
        AddIdentity { name, always, options, span: _ } => identity::add(shared, &rel, name, *always, options),
        SetIdentity { name, options } => identity::set(shared, &rel, name, options),
        DropIdentity { name, missing_ok } => identity::drop(shared, &rel, name, *missing_ok),
        AddConstraint(k) => {
            if let Some(n) = &k.conname {
                let index = is_index_constraint(&k.kind);
                let merges = matches!(k.kind, ConstraintKind::Check { .. });
                if !index && !merges && rel.constraints.iter().any(|o| o.name == *n) {
                    bail!(DUPLICATE_OBJECT, "constraint \"{}\" for relation \"{}\" already exists"; n, rel.name);
                }
            }
            let mut parts = Parts::default();
            parse_utilcmd::table_constraint(&here, k, &mut parts)?;
            add_parts(&rel, &mut parts, queue)
        }
        AlterConstraint { name, deferrable, initdeferred, span: _ } => {
            constraints::alter(shared, &rel, name, *deferrable, *initdeferred)
        }
        ValidateConstraint { name } => constraints::validate(shared, oid, name, recurse),
        DropConstraint { name, behavior, missing_ok } => {
            constraints::drop_constraint(shared, oid, name, *behavior, *missing_ok, recurse, false)
        }
        SetLogged | SetUnLogged => set_logged(shared, &rel, matches!(c, SetLogged)),
        ClusterOn { name } => vacuum::mark_clustered(shared, &rel, Some(name)),
        DropOids => Ok(()),
        DropCluster => vacuum::mark_clustered(shared, &rel, None),
        SetTableSpace { name } => heap::tablespace(Some(name)),
        SetAccessMethod { name } => heap::table_access_method(Some(name)),
        SetRelOptions(options) => {
            let new = match rel.kind {
                RelKind::Index => super::super::index_options::reloptions(rel.access_method, options)?,
                kind => heap::reloptions(kind, options)?,
            };
            heap::change(shared, oid, |r| {
                for (n, v) in new {
                    if n == "check_option" {
                        if let Some(view) = &mut r.view {
                            view.check_option = if v == "local" { 1 } else { 2 };
                        }
                    }
                    r.options.retain(|(o, _)| *o != n);
                    r.options.push((n, v));
                }
            })
        }
        ResetRelOptions(options) => {
            if options.iter().any(|o| o.arg.is_some()) {
                bail!(SYNTAX_ERROR, "RESET must not include values for parameters");
            }
            heap::change(shared, oid, |r| {
                for o in options {
                    r.options.retain(|(n, _)| *n != o.name);
                    if o.name == "check_option" {
                        if let Some(view) = &mut r.view {
                            view.check_option = 0;
                        }
                    }
                }
            })
        }
        GenericOptions(_) | AlterColumnGenericOptions { .. } => Err(Error::unsupported("options of foreign tables")),
        Trigger { mode, which } => enable_triggers(shared, &rel, *mode, which),
        Rule { mode: _, name } => {
            bail!(UNDEFINED_OBJECT, "rule \"{}\" for relation \"{}\" does not exist"; name, rel.name)
        }
        AddInherit(parent) => inherit::add_inherit(shared, oid, parent),
        DropInherit(parent) => inherit::drop_inherit(shared, oid, parent),
        AddOf(_) | DropOf => Err(Error::unsupported("ALTER TABLE OF")),
        ChangeOwner(r) => {
            let to = user::role(shared, r)?;
            alter::change_owner(shared, Objects::relation(oid), to)
        }
        ReplicaIdentity(r) => replica_identity(shared, &rel, r),
        EnableRowSecurity | DisableRowSecurity => heap::change(shared, oid, |r| r.row_security = matches!(c, EnableRowSecurity)),
        ForceRowSecurity | NoForceRowSecurity => heap::change(shared, oid, |r| r.force_row_security = matches!(c, ForceRowSecurity)),
        AttachPartition { .. } | DetachPartition { .. } | DetachPartitionFinalize { .. } => {
            Err(Error::unsupported("table partitioning"))
        }
        AddAttribute { def, behavior } => alter_column::add_attribute(shared, &rel, def, *behavior),
        DropAttribute { name, behavior, missing_ok } => {
            alter_column::drop_attribute(shared, &rel, name, *behavior, *missing_ok)
        }
        AlterAttributeType { name, type_name, coll_clause, behavior, span: _ } => {
            alter_type::alter_attribute(shared, oid, name, type_name, coll_clause.as_ref(), *behavior)
        }
        AlterColumnType { .. } => Err(Error::internal("ALTER TYPE is collected")),
    }
}

/// Queues the constraints a definition brings along.
fn add_parts<'s>(rel: &Rc<Relation>, parts: &mut Parts, queue: &mut Vec<(Pass, Step<'s>)>) -> Result<()> {
    let known = |n: &str| rel.attno(n).is_some();
    parse_utilcmd::index_constraints(&rel.name, parts, &known)?;
    for ix in std::mem::take(&mut parts.indexes) {
        queue.push((Pass::AddIndexConstraint, Step::Index(ix)));
    }
    for k in std::mem::take(&mut parts.checks) {
        queue.push((Pass::AddOtherConstraint, Step::Check(k)));
    }
    for f in std::mem::take(&mut parts.foreign) {
        queue.push((Pass::AddOtherConstraint, Step::Foreign(f)));
    }
    Ok(())
}

fn set_logged(shared: &Shared, rel: &Relation, logged: bool) -> Result<()> {
    let oid = rel.oid;
    if rel.persistence == Persistence::Temporary {
        return Err(err!(
            INVALID_TABLE_DEFINITION, "cannot change logged status of table \"{}\" because it is temporary"; rel.name
        )
        .about(shared, rel));
    }
    let to = if logged { Persistence::Permanent } else { Persistence::Unlogged };
    let mut all = rel.indexes.clone();
    all.push(oid);
    for o in all {
        heap::change(shared, o, |r| r.persistence = to)?;
    }
    Ok(())
}

fn enable_triggers(shared: &Shared, rel: &Relation, mode: TriggerMode, which: &TriggerWhich) -> Result<()> {
    let oid = rel.oid;
    let letter = match mode {
        TriggerMode::Enable => b'O',
        TriggerMode::EnableAlways => b'A',
        TriggerMode::EnableReplica => b'R',
        TriggerMode::Disable => b'D',
    };
    let named = |t: &str| match which {
        TriggerWhich::Name(n) => t == n,
        TriggerWhich::All | TriggerWhich::User => true,
    };
    match which {
        TriggerWhich::Name(n) if !rel.triggers.iter().any(|t| named(&t.name)) => {
            bail!(UNDEFINED_OBJECT, "trigger \"{}\" for table \"{}\" does not exist"; n, rel.name)
        }
        // Foreign keys are enforced by the engine itself, not by triggers that could be switched off.
        TriggerWhich::All if letter == b'D' && has_foreign_keys(&rel) => {
            Err(Error::unsupported("DISABLE TRIGGER ALL on a table with foreign keys"))
        }
        _ => heap::change(shared, oid, |r| {
            r.triggers.iter_mut().filter(|t| named(&t.name)).for_each(|t| t.enabled = letter);
        }),
    }
}

fn has_foreign_keys(r: &Relation) -> bool {
    r.constraints.iter().any(|k| matches!(k.kind, tusklet_catalog::live::ConstraintKind::Foreign(_)))
}

fn replica_identity(shared: &Shared, rel: &Relation, r: &ReplicaIdentity) -> Result<()> {
    let oid = rel.oid;
    let (letter, index) = match r {
        ReplicaIdentity::Nothing => (b'n', 0),
        ReplicaIdentity::Full => (b'f', 0),
        ReplicaIdentity::Default => (b'd', 0),
        ReplicaIdentity::Index(n) => {
            let c = shared.catalog();
            let Some(o) = c.relation_named(rel.schema, n) else {
                bail!(UNDEFINED_OBJECT, "index \"{}\" for table \"{}\" does not exist"; n, rel.name);
            };
            match c.relation(o).and_then(|i| i.index.clone()) {
                Some(i) if i.table == oid => {
                    if !i.unique {
                        bail!(WRONG_OBJECT_TYPE, "cannot use non-unique index \"{}\" as replica identity"; n);
                    }
                    if i.predicate.is_some() {
                        bail!(WRONG_OBJECT_TYPE, "cannot use partial index \"{}\" as replica identity"; n);
                    }
                    (b'i', o)
                }
                _ => bail!(WRONG_OBJECT_TYPE, "\"{}\" is not an index for table \"{}\""; n, rel.name),
            }
        }
    };
    for o in &rel.indexes {
        heap::change(shared, *o, |x| {
            if let Some(i) = &mut x.index {
                i.replica_identity = *o == index;
            }
        })?;
    }
    heap::change(shared, oid, |x| x.replica_identity = letter)
}
