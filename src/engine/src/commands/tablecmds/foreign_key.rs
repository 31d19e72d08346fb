//! FOREIGN KEY constraints: what they refer to, by which operators, and whether existing rows obey
//! (`ATAddForeignKeyConstraint`, `RI_Initial_Check`).

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::{
    Constraint, ConstraintKind, Dependency, DependencyKind, FkAction, ForeignKey, ObjectAddress, ObjectClass,
    Persistence, RelKind, Relation,
};
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, SortShort, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_storage::LockMode;
use tusklet_syntax::ast;

use crate::commands::object_address::qualified;
use super::is_empty;
use crate::commands::object_address::Objects;
use crate::commands::parse_utilcmd::NewForeignKey;
use crate::commands::{acl, heap, lock, namespace};
use crate::query::run_sql;
use crate::session::{About, Shared};

fn action(a: ast::FkAction) -> FkAction {
    match a {
        ast::FkAction::NoAction => FkAction::NoAction,
        ast::FkAction::Restrict => FkAction::Restrict,
        ast::FkAction::Cascade => FkAction::Cascade,
        ast::FkAction::SetNull => FkAction::SetNull,
        ast::FkAction::SetDefault => FkAction::SetDefault,
    }
}

fn columns(rel: &Relation, names: &[String]) -> Result<Vec<i16>> {
    let mut out = vec![];
    for n in names {
        match rel.attno(n) {
            Some(a) => out.push(a),
            None if heap::is_system_column(n) => {
                return Err(err!(FEATURE_NOT_SUPPORTED, "system columns cannot be used in foreign keys"));
            }
            None => bail!(UNDEFINED_COLUMN, "column \"{}\" referenced in foreign key constraint does not exist"; n),
        }
        if out.len() > 32 {
            bail!(TOO_MANY_COLUMNS, "cannot have more than 32 keys in a foreign key");
        }
    }
    Ok(out)
}

/// The index behind the referenced columns, its operator families in the order of the columns.
fn referenced_index(shared: &Shared, pk: &Relation, attnos: &[i16]) -> Result<(Oid, Vec<Oid>)> {
    let mut distinct = attnos.to_vec();
    distinct.order();
    distinct.dedup();
    if distinct.len() != attnos.len() {
        bail!(INVALID_FOREIGN_KEY, "foreign key referenced-columns list must not contain duplicates");
    }
    let c = shared.catalog();
    let mut deferrable = false;
    for oid in &pk.indexes {
        let Some(i) = c.relation(*oid).and_then(|r| r.index.clone()) else { continue };
        let plain = i.unique && i.valid && i.predicate.is_none() && i.keys as usize == attnos.len();
        if !plain || i.columns.iter().any(|k| k.expr.is_some()) {
            continue;
        }
        let families: Option<Vec<Oid>> = attnos
            .iter()
            .map(|a| i.columns.iter().take(i.keys as usize).find(|k| k.attno == *a).map(|k| k.opfamily))
            .collect();
        let Some(families) = families else { continue };
        if !i.immediate {
            deferrable = true;
            continue;
        }
        return Ok((*oid, families));
    }
    if deferrable {
        bail!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot use a deferrable unique constraint for referenced table \"{}\"";
            pk.name
        );
    }
    bail!(INVALID_FOREIGN_KEY, "there is no unique constraint matching given keys for referenced table \"{}\""; pk.name)
}

fn primary_key(shared: &Shared, pk: &Relation) -> Result<Vec<i16>> {
    let c = shared.catalog();
    for oid in &pk.indexes {
        let Some(i) = c.relation(*oid).and_then(|r| r.index.clone()) else { continue };
        if i.primary && i.valid {
            if !i.immediate {
                bail!(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "cannot use a deferrable primary key for referenced table \"{}\"";
                    pk.name
                );
            }
            return Ok(i.columns.iter().take(i.keys as usize).map(|k| k.attno).collect());
        }
    }
    bail!(UNDEFINED_OBJECT, "there is no primary key for referenced table \"{}\""; pk.name)
}

/// Adds a foreign key; with `new_table` there are no rows to check.
pub fn add(shared: &Shared, oid: Oid, new: &NewForeignKey, new_table: bool) -> Result<()> {
    let NewForeignKey { name, fk, deferrable, deferred, not_valid } = new;
    let ast::ForeignKey { fk_attrs, pktable, pk_attrs, matchtype, upd_action, del_action, del_set_cols } = fk;
    if *matchtype == ast::FkMatch::Partial {
        return Err(err!(FEATURE_NOT_SUPPORTED, "MATCH PARTIAL not yet implemented"));
    }
    let pk: Rc<Relation> = namespace::get(shared, pktable)?;
    lock(shared, pk.oid, LockMode::ShareRowExclusive)?;
    let rel = heap::get(shared, oid)?;
    match pk.kind {
        RelKind::Table => {}
        RelKind::Partitioned => return Err(Error::unsupported("foreign keys to partitioned tables")),
        _ => bail!(WRONG_OBJECT_TYPE, "referenced relation \"{}\" is not a table"; pk.name),
    }
    heap::refuse_system(&pk)?;
    match (rel.persistence, pk.persistence) {
        (Persistence::Permanent, p) if p != Persistence::Permanent => {
            bail!(INVALID_TABLE_DEFINITION, "constraints on permanent tables may reference only permanent tables")
        }
        (Persistence::Unlogged, Persistence::Temporary) => {
            bail!(
                INVALID_TABLE_DEFINITION,
                "constraints on unlogged tables may reference only permanent or unlogged tables"
            )
        }
        (Persistence::Temporary, p) if p != Persistence::Temporary => {
            bail!(INVALID_TABLE_DEFINITION, "constraints on temporary tables may reference only temporary tables")
        }
        _ => {}
    }
    let own = columns(&rel, fk_attrs)?;
    let mut set = columns(&rel, del_set_cols)?;
    for (a, n) in set.iter().zip(del_set_cols) {
        if !own.contains(a) {
            bail!(
                INVALID_COLUMN_REFERENCE,
                "column \"{}\" referenced in ON DELETE SET action must be part of foreign key";
                n
            );
        }
    }
    // A column named twice is set once.
    let mut once = Vec::with_capacity(set.len());
    set.retain(|a| {
        let new = !once.contains(a);
        once.push(*a);
        new
    });
    let (theirs, (index, families)) = if pk_attrs.is_empty() {
        let k = primary_key(shared, &pk)?;
        let ix = referenced_index(shared, &pk, &k)?;
        (k, ix)
    } else {
        let k = columns(&pk, pk_attrs)?;
        let ix = referenced_index(shared, &pk, &k)?;
        (k, ix)
    };
    acl::check_relation(shared, &pk, acl::REFERENCES)?;
    for a in &own {
        if !rel.column(*a).is_some_and(|c| c.generated) {
            continue;
        }
        let bad = |a: ast::FkAction| {
            matches!(a, ast::FkAction::SetNull | ast::FkAction::SetDefault | ast::FkAction::Cascade)
        };
        if bad(*upd_action) {
            bail!(SYNTAX_ERROR, "invalid ON UPDATE action for foreign key constraint containing generated column");
        }
        if matches!(del_action, ast::FkAction::SetNull | ast::FkAction::SetDefault) {
            bail!(SYNTAX_ERROR, "invalid ON DELETE action for foreign key constraint containing generated column");
        }
    }
    if own.len() != theirs.len() {
        bail!(INVALID_FOREIGN_KEY, "number of referencing and referenced columns for foreign key disagree");
    }
    let name = match name {
        Some(n) => {
            if rel.constraints.iter().any(|k| k.name == *n) {
                bail!(DUPLICATE_OBJECT, "constraint \"{}\" for relation \"{}\" already exists"; n, rel.name);
            }
            n.clone()
        }
        None => {
            let addition = name_addition(fk_attrs);
            heap::choose_constraint_name(&shared.catalog(), &rel.name, Some(&addition), "fkey", rel.schema, &[])
        }
    };
    let ops = operators(shared, &rel, &pk, &own, &theirs, &families, &name)?;
    let fk = ForeignKey {
        table: pk.oid,
        columns: theirs.clone(),
        index,
        pf_ops: ops.iter().map(|o| o.0).collect(),
        pp_ops: ops.iter().map(|o| o.1).collect(),
        ff_ops: ops.iter().map(|o| o.2).collect(),
        on_update: action(*upd_action),
        on_delete: action(*del_action),
        delete_set: set,
        match_full: *matchtype == ast::FkMatch::Full,
    };
    let mut k = super::constraints::blank(shared, &name, ConstraintKind::Foreign(fk.clone()), own.clone());
    k.deferrable = *deferrable;
    k.deferred = *deferred;
    k.validated = !*not_valid;
    k.no_inherit = true;
    let me = Objects::constraint(k.oid);
    let mut edges: Vec<Dependency> = vec![];
    for a in &own {
        heap::edge(&mut edges, &me, &ObjectAddress::column(oid, *a), DependencyKind::Auto);
    }
    for a in &theirs {
        heap::edge(&mut edges, &me, &ObjectAddress::column(pk.oid, *a), DependencyKind::Normal);
    }
    heap::needs(&mut edges, &me, ObjectClass::Relation, index);
    if !new_table && !*not_valid {
        validate(shared, &rel, &k, &fk)?;
    }
    heap::store_constraint(shared, oid, k, &edges)
}

/// Columns joined by `_`, until it is long enough (`ChooseForeignKeyConstraintNameAddition`).
pub fn name_addition(names: &[String]) -> String {
    let mut out = String::new();
    for n in names {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(n);
        if out.len() >= 64 {
            break;
        }
    }
    out
}

/// For each pair of columns the operators `pk = fk`, `pk = pk`, `fk = fk`.
fn operators(
    shared: &Shared,
    rel: &Relation,
    pk: &Relation,
    own: &[i16],
    theirs: &[i16],
    families: &[Oid],
    name: &str,
) -> Result<Vec<(Oid, Oid, Oid)>> {
    let c = shared.catalog();
    let mut out = vec![];
    for ((a, b), family) in own.iter().zip(theirs).zip(families) {
        let (Some(fc), Some(pc)) = (rel.column(*a), pk.column(*b)) else { continue };
        let (fk_type, pk_type) = (c.base_type(fc.ty.oid), pc.ty.oid);
        // The type the family compares the referenced column as.
        let pk_base = c.base_type(pk_type);
        let input = builtin::amops_of_family(*family)
            .filter(|o| o.strategy() == 3 && o.left() == o.right())
            .map(|o| o.left())
            .find(|t| *t == pk_base)
            .or_else(|| {
                builtin::amops_of_family(*family)
                    .filter(|o| o.strategy() == 3 && o.left() == o.right())
                    .map(|o| o.left())
                    .find(|t| c.is_binary_coercible(pk_base, *t))
            })
            .unwrap_or(pk_base);
        let pp = c.opfamily_member(*family, input, input, 3);
        let (mut pf, mut ff) = (c.opfamily_member(*family, input, fk_type, 3), 0);
        if pf != 0 {
            ff = c.opfamily_member(*family, fk_type, fk_type, 3);
        }
        if pf == 0 || ff == 0 {
            // A family that compares its own type only will do when the referencing type becomes that one by itself.
            let polymorphic = tusklet_catalog::resolve::is_polymorphic(input);
            let ok = if polymorphic { fk_type == pk_base } else { implicitly(&c, fk_type, input) };
            if ok {
                (pf, ff) = (pp, pp);
            }
        }
        if pp == 0 || pf == 0 || ff == 0 {
            return Err(err!(DATATYPE_MISMATCH, "foreign key constraint \"{}\" cannot be implemented"; name).detail(
                format!(
                    "Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                    fc.name,
                    pc.name,
                    shared.type_name(fc.ty.oid),
                    shared.type_name(pk_type)
                ),
            ));
        }
        out.push((pf, pp, ff));
    }
    Ok(out)
}

fn implicitly(c: &tusklet_catalog::live::Catalog, from: Oid, to: Oid) -> bool {
    from == to || c.is_binary_coercible(from, to) || c.cast(from, to).is_some_and(|k| k.context == b'i')
}

/// Finds the operators again after a column on either side got another type.
pub fn retype(shared: &Shared, table: Oid, name: &str) -> Result<()> {
    let rel = heap::get(shared, table)?;
    let Some(k) = rel.constraints.iter().find(|k| k.name == name) else { return Ok(()) };
    let ConstraintKind::Foreign(fk) = &k.kind else { return Ok(()) };
    let pk = heap::get(shared, fk.table)?;
    let (_, families) = referenced_index(shared, &pk, &fk.columns)?;
    let ops = operators(shared, &rel, &pk, &k.columns, &fk.columns, &families, name)?;
    heap::change(shared, table, |r| {
        if let Some(ConstraintKind::Foreign(f)) = r.constraints.iter_mut().find(|k| k.name == name).map(|k| &mut k.kind) {
            f.pf_ops = ops.iter().map(|o| o.0).collect();
            f.pp_ops = ops.iter().map(|o| o.1).collect();
            f.ff_ops = ops.iter().map(|o| o.2).collect();
        }
    })
}

/// Looks for rows that refer to nothing.
pub fn validate(shared: &Shared, rel: &Relation, k: &Constraint, fk: &ForeignKey) -> Result<()> {
    if is_empty(shared, rel) {
        return Ok(());
    }
    let c = shared.catalog();
    let Some(pk) = c.relation(fk.table) else { return Err(Error::internal("referenced table is gone")) };
    let table = |r: &Relation| qualified(&c, false, r.schema, &r.name);
    let name = |r: &Relation, a: i16| r.column(a).map(|c| quote_identifier(&c.name)).unwrap_or_default();
    let own: Vec<String> = k.columns.iter().map(|a| name(rel, *a)).collect();
    let theirs: Vec<String> = fk.columns.iter().map(|a| name(&pk, *a)).collect();
    let shown: Vec<String> = own.iter().map(|n| filled!("fk.{}::text"; n)).collect();
    let mut on: Vec<String> = own.iter().zip(&theirs).map(|(f, p)| filled!("pk.{} = fk.{}"; p, f)).collect();
    // Keys are compared as the referenced table does it (`ri_GenerateQualCollation`).
    for (on, (f, p)) in on.iter_mut().zip(k.columns.iter().zip(&fk.columns)) {
        let of = |r: &Relation, a: i16| r.column(a).map_or(0, |c| c.collation);
        if of(&pk, *p) != of(rel, *f)
            && let Some(n) = c.collation_name(of(&pk, *p))
        {
            let schema = c.item(of(&pk, *p)).map_or(tusklet_catalog::builtin::oids::NAMESPACE_PG_CATALOG, |i| i.schema);
            let schema = quote_identifier(&c.schema_name(schema).unwrap_or_default());
            on.push_str(&filled!(" COLLATE {}.{}"; schema, quote_identifier(&n)));
        }
    }
    let known: Vec<String> = own.iter().map(|n| filled!("fk.{} IS NOT NULL"; n)).collect();
    let sql = format!(
        "SELECT {} FROM ONLY {} fk LEFT OUTER JOIN ONLY {} pk ON ({}) WHERE pk.{} IS NULL AND ({}) LIMIT 1",
        shown.join(", "),
        table(rel),
        table(&pk),
        on.join(" AND "),
        theirs.first().map(String::as_str).unwrap_or_default(),
        known.join(if fk.match_full { " OR " } else { " AND " })
    );
    let rows = run_sql(shared, &sql, &[])?;
    let Some(row) = rows.first() else { return Ok(()) };
    let e = err!(
        FOREIGN_KEY_VIOLATION,
        "insert or update on table \"{}\" violates foreign key constraint \"{}\"";
        rel.name,
        k.name
    );
    let detail = if fk.match_full && row.iter().any(|v| v.is_null()) {
        "MATCH FULL does not allow mixing of null and nonnull key values.".to_string()
    } else {
        let names: Vec<&str> = k.columns.iter().filter_map(|a| rel.column(*a)).map(|c| c.name.as_str()).collect();
        let values: Vec<String> = row
            .iter()
            .map(|v| if v.is_null() { "null".to_string() } else { v.as_datum().str().to_string() })
            .collect();
        filled!("Key ({})=({}) is not present in table \"{}\"."; names.join(", "), values.join(", "), pk.name)
    };
    Err(e
        .detail(detail)
        .about(shared, rel)
        .constraint(&k.name))
}

#[cfg(test)]
mod tests {
    use super::name_addition;

    #[test]
    fn name_additions_stop_when_long_enough() {
        assert_eq!(name_addition(&["a".into(), "b".into()]), "a_b");
        assert_eq!(name_addition(&["x".repeat(70), "b".into()]), "x".repeat(70));
    }
}
