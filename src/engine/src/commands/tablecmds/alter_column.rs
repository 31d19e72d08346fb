//! ALTER TABLE's column subcommands: ADD, DROP, defaults, and what is only recorded.

use tusklet_catalog::live::{ObjectAddress, RelKind, Relation, TypeEntryKind};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
use tusklet_exec::Evaluator;
use tusklet_ir::{Expr, ExprKind, Oid, Value};
use tusklet_syntax::ast::{self, AlterColumnRef, ColumnDef, DefElem, DropBehavior};

use super::alter_table::existing_column;
use super::create_table;
use super::{alter_type, constraints, is_empty};
use crate::missing;
use crate::commands::parse_utilcmd::{NewColumn, Parts};
use crate::commands::{dependency, expressions, heap, sequence};
use crate::session::Shared;

/// ADD COLUMN, to the children too.
pub fn add(shared: &Shared, oid: Oid, parts: Parts, recurse: bool, recursing: bool) -> Result<()> {
    let Some(new) = parts.columns.into_iter().next() else { return Err(Error::internal("no column to add")) };
    add_one(shared, oid, &new, recurse, recursing)
}

fn add_one(shared: &Shared, oid: Oid, new: &NewColumn, recurse: bool, recursing: bool) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let name = &new.column.name;
    if let Some(a) = rel.attno(name) {
        if !recursing {
            return Err(missing::column_taken(&rel.name, &name));
        }
        let Some(k) = rel.column(a) else { return Ok(()) };
        if k.ty != new.column.ty {
            bail!(DATATYPE_MISMATCH, "child table \"{}\" has different type for column \"{}\""; rel.name, name);
        }
        if k.collation != new.column.collation {
            bail!(COLLATION_MISMATCH, "child table \"{}\" has different collation for column \"{}\""; rel.name, name);
        }
        heap::change_column(shared, oid, a, |c| c.inherit_count += 1)?;
        shared.notify_user(filled!("merging definition of column \"{}\" for child \"{}\""; name, rel.name));
        return Ok(());
    }
    heap::check_column(shared, rel.kind, rel.row_type, name, new.column.ty.oid)?;
    if rel.columns.len() >= heap::MAX_COLUMNS {
        bail!(TOO_MANY_COLUMNS, "tables can have at most {} columns", heap::MAX_COLUMNS);
    }
    if new.column.identity.is_some() && !rel.children.is_empty() && recurse {
        return Err(err!(
            INVALID_TABLE_DEFINITION, "cannot recursively add identity column to table that has child tables"
        ));
    }
    if !recurse && !rel.children.is_empty() && !recursing {
        bail!(INVALID_TABLE_DEFINITION, "column must be added to child tables too");
    }
    refuse_rowtype_users(shared, &rel, new)?;
    let attno = rel.columns.len() as i16 + 1;
    let mut column = new.column.clone();
    column.is_local = !recursing;
    column.inherit_count = i32::from(recursing);
    // The column is NOT NULL once its values are there.
    let not_null = column.not_null;
    column.not_null = false;
    let owned = match &new.sequence {
        Some(s) => Some((
            sequence::create_for_column(shared, &rel.name, rel.schema, rel.persistence, name, s)?,
            s.identity,
        )),
        None => None,
    };
    let mut edges = vec![];
    heap::column_edges(&mut edges, oid, attno, &column);
    heap::change(shared, oid, |r| r.columns.push(column))?;
    dependency::record(shared, &edges)?;
    let mut value: Option<Expr> = None;
    if let Some((seq, identity)) = owned {
        sequence::set_owner(shared, seq, oid, attno, identity)?;
        if identity {
            value = Some(expressions::nextval_of(seq, new.column.ty.oid));
        } else {
            create_table::serial_default(shared, oid, attno, seq)?;
        }
    }
    create_table::column_default(shared, oid, attno, new)?;
    let now = heap::get(shared, oid)?;
    if value.is_none() {
        value = now.column(attno).and_then(|c| c.default.as_ref()).map(|e| (**e).clone());
    }
    if value.is_none() {
        value = domain_default(shared, new.column.ty.oid);
    }
    fill(shared, &rel, &now, attno, value)?;
    let now = heap::get(shared, oid)?;
    if not_null {
        constraints::validate_not_null(shared, &now, attno)?;
        heap::change_column(shared, oid, attno, |c| c.not_null = true)?;
    }
    for child in &rel.children {
        add_one(shared, *child, new, true, true)?;
    }
    Ok(())
}

fn domain_default(shared: &Shared, ty: Oid) -> Option<Expr> {
    match shared.catalog().ty(ty).as_deref().map(|t| &t.kind) {
        Some(TypeEntryKind::Domain { default: Some(d), .. }) => Some((**d).clone()),
        _ => None,
    }
}

/// A table's row type may be another table's column; then its rows cannot change shape.
fn refuse_rowtype_users(shared: &Shared, rel: &Relation, new: &NewColumn) -> Result<()> {
    let null = |e: &ast::Expr| matches!(e, ast::Expr::Const(ast::AConst { value: ast::Const::Null, .. }));
    let has_value = new.default.as_ref().is_some_and(|e| !null(e)) || new.generated.is_some() || new.sequence.is_some() || new.column.not_null;
    if has_value { alter_type::refuse_used_rowtype(shared, rel) } else { Ok(()) }
}

/// Gives existing rows the new column: one value for all when it is the same for all, else the rows are written anew.
fn fill(shared: &Shared, old: &Relation, now: &Relation, attno: i16, value: Option<Expr>) -> Result<()> {
    let Some(c) = now.column(attno) else { return Ok(()) };
    if !matches!(now.kind, RelKind::Table | RelKind::MatView) || now.storage == 0 {
        return Ok(());
    }
    let (store, tx) = (&shared.db.store, shared.tx()?);
    let phys = shared.catalog().phys(c.ty.oid);
    let constrained = matches!(
        shared.catalog().ty(c.ty.oid).as_deref().map(|t| &t.kind),
        Some(TypeEntryKind::Domain { .. })
    );
    if is_empty(shared, old) || value.is_none() && !constrained {
        store.add_column(&tx, heap::file(now), phys, &Value::Null)?;
        return Ok(());
    }
    let e = match value {
        Some(e) => e,
        None => Expr::constant(Value::Null, c.ty).collated(c.collation),
    };
    let e = if constrained && e.ty.oid != c.ty.oid || constrained && !matches!(e.kind, ExprKind::ToDomain { .. }) {
        let kind = ExprKind::ToDomain { arg: e, form: tusklet_ir::CoercionForm::Implicit };
        Expr::new(kind, c.ty).collated(c.collation)
    } else {
        e
    };
    let constant = !expressions::is_volatile(&e) && dependency::columns_used(&e).is_empty();
    if constant {
        let v = expressions::constant(shared, &e)?;
        store.add_column(&tx, heap::file(now), phys, &v)?;
        return Ok(());
    }
    let eval = expressions::with_cx(shared, |cx| Evaluator::new(cx, &expressions::over_row(&e, now.columns.len())))?;
    alter_type::rewrite(shared, old, &[(attno, eval)])
}

/// DROP COLUMN, in the children too.
pub fn drop_column(
    shared: &Shared,
    oid: Oid,
    name: &str,
    behavior: DropBehavior,
    missing_ok: bool,
    recurse: bool,
) -> Result<()> {
    let mut columns = vec![];
    collect_column(shared, oid, name, missing_ok, recurse, false, &mut columns)?;
    dependency::delete(shared, &columns, behavior)
}

/// The column and those of the children that are there only because of it; others lose one parent.
fn collect_column(
    shared: &Shared,
    oid: Oid,
    name: &str,
    missing_ok: bool,
    recurse: bool,
    recursing: bool,
    out: &mut Vec<ObjectAddress>,
) -> Result<()> {
    let rel = heap::get(shared, oid)?;
    let Some(attno) = rel.attno(name) else {
        if heap::is_system_column(name) {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cannot drop system column \"{}\""; name));
        }
        return missing::unless(missing_ok, shared, missing::column(&rel.name, name));
    };
    if rel.column(attno).is_some_and(|c| c.inherit_count > 0) && !recursing {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop inherited column \"{}\""; name);
    }
    for child in &rel.children {
        let k = heap::get(shared, *child)?;
        let Some(a) = k.attno(name) else { continue };
        let Some(c) = k.column(a) else { continue };
        if recurse && c.inherit_count == 1 && !c.is_local {
            collect_column(shared, *child, name, true, true, true, out)?;
        } else {
            heap::change_column(shared, *child, a, |c| {
                c.inherit_count -= 1;
                if !recurse {
                    c.is_local = true;
                }
            })?;
        }
    }
    out.push(ObjectAddress::column(oid, attno));
    Ok(())
}

/// SET DEFAULT, DROP DEFAULT.
pub fn set_default(shared: &Shared, oid: Oid, name: &str, def: Option<&ast::Expr>, recurse: bool) -> Result<()> {
    let targets = if recurse { heap::all_inheritors(&shared.catalog(), oid) } else { vec![oid] };
    for t in targets {
        let rel = heap::get(shared, t)?;
        let a = existing_column(&rel, name)?;
        let Some(c) = rel.column(a) else { continue };
        if c.identity.is_some() {
            let e = err!(SYNTAX_ERROR, "column \"{}\" of relation \"{}\" is an identity column"; name, rel.name);
            return Err(match def {
                Some(_) => e,
                None => e.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."),
            });
        }
        if c.generated {
            let e = err!(SYNTAX_ERROR, "column \"{}\" of relation \"{}\" is a generated column"; name, rel.name);
            return Err(match def {
                Some(_) => e,
                None => e.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead."),
            });
        }
        let cooked = match def {
            Some(e) => Some(expressions::default(shared, name, c.ty, e)?)
                .filter(|e| !matches!(e.as_const(), Some(v) if v.is_null())),
            None => None,
        };
        heap::store_default(shared, t, a, cooked, false)?;
    }
    Ok(())
}

/// DROP EXPRESSION: the values stay, the column becomes a plain one.
pub fn drop_expression(shared: &Shared, rel: &Relation, name: &str, missing_ok: bool, recurse: bool) -> Result<()> {
    let oid = rel.oid;
    let a = existing_column(&rel, name)?;
    let Some(c) = rel.column(a) else { return Ok(()) };
    if !c.generated {
        let e = err!(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "column \"{}\" of relation \"{}\" is not a stored generated column";
            name,
            rel.name
        );
        return missing::unless(missing_ok, shared, e);
    }
    if !recurse && !rel.children.is_empty() {
        bail!(INVALID_TABLE_DEFINITION, "ALTER TABLE / DROP EXPRESSION must be applied to child tables too");
    }
    if c.inherit_count > 0 {
        bail!(INVALID_TABLE_DEFINITION, "cannot drop generation expression from inherited column");
    }
    for t in heap::all_inheritors(&shared.catalog(), oid) {
        let rel = heap::get(shared, t)?;
        if let Some(a) = rel.attno(name) {
            heap::store_default(shared, t, a, None, false)?;
        }
    }
    Ok(())
}

/// SET STATISTICS.
pub fn set_statistics(shared: &Shared, rel: &Relation, column: &AlterColumnRef, value: i32, recurse: bool) -> Result<()> {
    let oid = rel.oid;
    if value < -1 {
        bail!(INVALID_PARAMETER_VALUE, "statistics target {value} is too low");
    }
    let value = if value > 10000 {
        shared.warn(SqlState::INVALID_PARAMETER_VALUE, "lowering statistics target to 10000");
        10000
    } else {
        value
    };
    match column {
        AlterColumnRef::Name(n) => {
            let targets = if recurse { heap::all_inheritors(&shared.catalog(), oid) } else { vec![oid] };
            for t in targets {
                let rel = heap::get(shared, t)?;
                let a = existing_column(&rel, n)?;
                if rel.kind == RelKind::Index {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "cannot alter statistics on non-expression column \"{}\" of index \"{}\"";
                        n,
                        rel.name
                    )
                    .hint("Alter statistics on table column instead."));
                }
                heap::change_column(shared, t, a, |c| c.statistics = value)?;
            }
            Ok(())
        }
        AlterColumnRef::Number(n) => {
            if rel.kind != RelKind::Index {
                return Err(err!(FEATURE_NOT_SUPPORTED, "cannot refer to non-index column by number"));
            }
            let Some(c) = rel.columns.get((*n - 1).max(0) as usize) else {
                bail!(UNDEFINED_COLUMN, "column number {n} of relation \"{}\" does not exist", rel.name);
            };
            let expression = rel.index.as_ref().and_then(|i| i.columns.get((*n - 1).max(0) as usize)).is_some_and(|k| k.expr.is_some());
            if !expression {
                return Err(err!(
                    FEATURE_NOT_SUPPORTED,
                    "cannot alter statistics on non-expression column \"{}\" of index \"{}\"";
                    c.name,
                    rel.name
                )
                .hint("Alter statistics on table column instead."));
            }
            heap::change_column(shared, oid, *n as i16, |c| c.statistics = value)
        }
    }
}

/// SET (…) and RESET (…) of a column: recorded.
pub fn set_options(shared: &Shared, rel: &Relation, name: &str, options: &[DefElem], set: bool) -> Result<()> {
    let a = existing_column(rel, name)?;
    let mut new = vec![];
    for o in options {
        if !matches!(o.name.as_str(), "n_distinct" | "n_distinct_inherited") {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{}\""; o.name);
        }
        new.push((o.name.clone(), if set { crate::commands::option_text(o)? } else { String::new() }));
    }
    heap::change_column(shared, rel.oid, a, |c| {
        for (n, v) in new {
            c.options.retain(|(o, _)| *o != n);
            if set {
                c.options.push((n, v));
            }
        }
    })
}

/// SET STORAGE: recorded; nothing is ever stored out of line.
pub fn set_storage(shared: &Shared, oid: Oid, name: &str, storage: &str, recurse: bool) -> Result<()> {
    let letter = match storage.to_ascii_lowercase().as_str() {
        "plain" => b'p',
        "external" => b'e',
        "extended" => b'x',
        "main" => b'm',
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid storage type \"{}\""; storage),
    };
    let targets = if recurse { heap::all_inheritors(&shared.catalog(), oid) } else { vec![oid] };
    for t in targets {
        let rel = heap::get(shared, t)?;
        let a = existing_column(&rel, name)?;
        let c = shared.catalog();
        let ty = rel.column(a).map_or(0, |c| c.ty.oid);
        if letter != b'p' && c.ty(ty).is_some_and(|t| t.len != -1 || t.storage == b'p') {
            return Err(err!(
                FEATURE_NOT_SUPPORTED, "column data type {} can only have storage PLAIN"; shared.type_name(ty)
            ));
        }
        heap::change_column(shared, t, a, |c| c.storage = letter)?;
    }
    Ok(())
}

/// ALTER TYPE … ADD ATTRIBUTE.
pub fn add_attribute(shared: &Shared, rel: &Relation, def: &ColumnDef, behavior: DropBehavior) -> Result<()> {
    let oid = rel.oid;
    let _ = behavior;
    alter_type::refuse_stored_values(shared, &rel)?;
    let Some(t) = &def.type_name else { return Err(Error::internal("attribute without type")) };
    let (ty, collation) = expressions::column_type(shared, &def.colname, t, def.coll_clause.as_ref())?;
    if rel.attno(&def.colname).is_some() {
        return Err(missing::column_taken(&rel.name, &def.colname));
    }
    heap::check_column(shared, rel.kind, rel.row_type, &def.colname, ty.oid)?;
    let column = heap::column(&def.colname, ty, collation);
    let mut edges = vec![];
    heap::column_edges(&mut edges, oid, rel.columns.len() as i16 + 1, &column);
    heap::change(shared, oid, |r| r.columns.push(column))?;
    dependency::record(shared, &edges)
}

/// ALTER TYPE … DROP ATTRIBUTE.
pub fn drop_attribute(shared: &Shared, rel: &Relation, name: &str, behavior: DropBehavior, missing_ok: bool) -> Result<()> {
    let oid = rel.oid;
    alter_type::refuse_stored_values(shared, &rel)?;
    let Some(a) = rel.attno(name) else {
        return missing::unless(missing_ok, shared, missing::column(&rel.name, name));
    };
    dependency::delete(shared, &[ObjectAddress::column(oid, a)], behavior)
}
