//! Column and table constraints as statements mean them (`parse_utilcmd.c`): what a column definition makes of its
//! constraints, which become indexes, which foreign keys, which checks.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::Column;
use tusklet_error::{Error, Result, Span, err, filled, match_word};
use tusklet_ir::{Oid, TypeRef};
use tusklet_syntax::ast::{self, Constraint, ConstraintKind, DefElem, Expr, IndexElem, IndexKey, IndexStmt, RangeVar};

use super::expressions;
use super::heap;
use crate::session::Shared;

/// A column on its way into a table.
pub struct NewColumn {
    /// Its entry; default and generation are still raw.
    pub column: Column,
    /// DEFAULT.
    pub default: Option<Rc<Expr>>,
    /// GENERATED ALWAYS AS.
    pub generated: Option<Rc<Expr>>,
    /// SERIAL or identity: its sequence's options and type.
    pub sequence: Option<NewSequence>,
    /// Default taken over from a parent or a LIKE table, analysed already.
    pub cooked: Option<Rc<tusklet_ir::Expr>>,
    /// … which is a generation expression.
    pub cooked_generated: bool,
}

/// A sequence a column brings along.
pub struct NewSequence {
    /// Its type.
    pub ty: Oid,
    /// Options as written.
    pub options: Vec<DefElem>,
    /// Of an identity column.
    pub identity: bool,
}

/// CHECK.
pub struct NewCheck {
    /// Name, if given.
    pub name: Option<String>,
    /// The condition, raw or already analysed.
    pub expr: CheckExpr,
    /// NO INHERIT.
    pub no_inherit: bool,
    /// NOT VALID.
    pub not_valid: bool,
    /// Defined here, not inherited.
    pub is_local: bool,
    /// Parents it comes from.
    pub inherit_count: i32,
}

/// A CHECK's condition.
#[derive(Clone)]
pub enum CheckExpr {
    /// As written.
    Raw(Rc<Expr>),
    /// Analysed.
    Cooked(Rc<tusklet_ir::Expr>),
}

/// PRIMARY KEY, UNIQUE, EXCLUDE as the index they make.
#[derive(Clone)]
pub struct NewIndex {
    /// The index.
    pub stmt: IndexStmt,
    /// PRIMARY KEY.
    pub primary: bool,
    /// Belongs to a constraint.
    pub constraint: bool,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// `USING INDEX`.
    pub existing: Option<String>,
    /// Operators of EXCLUDE, one a key column.
    pub exclude: Vec<ast::OperatorName>,
    /// Where the constraint is.
    pub span: Span,
}

/// FOREIGN KEY.
#[derive(Clone)]
pub struct NewForeignKey {
    /// Name, if given.
    pub name: Option<String>,
    /// What it says.
    pub fk: ast::ForeignKey,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub deferred: bool,
    /// NOT VALID.
    pub not_valid: bool,
}

/// What a table definition consists of.
#[derive(Default)]
pub struct Parts {
    /// Columns.
    pub columns: Vec<NewColumn>,
    /// Checks.
    pub checks: Vec<NewCheck>,
    /// Indexes.
    pub indexes: Vec<NewIndex>,
    /// Foreign keys.
    pub foreign: Vec<NewForeignKey>,
    /// Comments LIKE copies: on a column by name.
    pub comments: Vec<(String, String)>,
}

/// The sequence type behind SERIAL.
fn serial_type(t: &ast::TypeName) -> Result<Option<Oid>> {
    let [name] = t.names.as_slice() else { return Ok(None) };
    if t.pct_type {
        return Ok(None);
    }
    let ty = match_word!(name.as_str();
        "smallserial" | "serial2" => oids::INT2,
        "serial" | "serial4" => oids::INT4,
        "bigserial" | "serial8" => oids::INT8;
        _ => return Ok(None),
    );
    if !t.array_bounds.is_empty() {
        return Err(err!(FEATURE_NOT_SUPPORTED, "array of serial is not implemented")
        .at(t.span));
    }
    Ok(Some(ty))
}

/// A column definition and the constraints written with it (`transformColumnDefinition`).
pub fn column_definition(shared: &Shared, rel: &RangeVar, def: &ast::ColumnDef, parts: &mut Parts) -> Result<()> {
    let ast::ColumnDef { colname, type_name, compression, fdwoptions, coll_clause, constraints, span: _ } = def;
    let Some(type_name) = type_name else {
        return Err(Error::unsupported("a column without a type"));
    };
    if !fdwoptions.is_empty() {
        return Err(Error::unsupported("column options of foreign tables"));
    }
    let serial = serial_type(type_name)?;
    let (ty, collation) = match serial {
        Some(t) => (TypeRef::new(t), 0),
        None => expressions::column_type(shared, colname, type_name, coll_clause.as_ref())?,
    };
    let mut column = heap::column(colname, ty, collation);
    if let Some(m) = compression {
        column.compression = compression_letter(m)?;
    }
    let mut new = NewColumn {
        column,
        default: None,
        generated: None,
        sequence: None,
        cooked: None,
        cooked_generated: false,
    };
    let table = &rel.relname;
    let again = |what: &str, at: Span| err!(
        SYNTAX_ERROR, "{} for column \"{}\" of table \"{}\""; what, colname, table
    ).at(at);
    // What was said about NULL: `None` nothing yet.
    let mut nullable: Option<bool> = None;
    let not_null = |nullable: &mut Option<bool>, at: Span| -> Result<()> {
        if *nullable == Some(true) {
            return Err(again("conflicting NULL/NOT NULL declarations", at));
        }
        *nullable = Some(false);
        Ok(())
    };
    let constraints = constraint_attributes(constraints)?;
    for k in &constraints {
        match &k.kind {
            ConstraintKind::Null => {
                if nullable == Some(false) {
                    return Err(again("conflicting NULL/NOT NULL declarations", k.span));
                }
                nullable = Some(true);
            }
            ConstraintKind::NotNull => not_null(&mut nullable, k.span)?,
            ConstraintKind::Default(e) => {
                if new.default.is_some() {
                    return Err(again("multiple default values specified", k.span));
                }
                new.default = Some(e.clone());
            }
            ConstraintKind::Identity { always, options } => {
                if new.column.identity.is_some() {
                    return Err(again("multiple identity specifications", k.span));
                }
                let ty = ty.oid;
                if !matches!(ty, oids::INT2 | oids::INT4 | oids::INT8) {
                    return Err(err!(
                        INVALID_PARAMETER_VALUE,
                        "identity column type must be smallint, integer, or bigint"
                    ));
                }
                new.sequence = Some(NewSequence { ty, options: options.clone(), identity: true });
                new.column.identity = Some(*always);
                not_null(&mut nullable, k.span)?;
            }
            ConstraintKind::Generated { expr } => {
                if new.generated.is_some() {
                    return Err(again("multiple generation clauses specified", k.span));
                }
                new.generated = Some(expr.clone());
            }
            ConstraintKind::Check { expr, no_inherit } => parts.checks.push(NewCheck {
                name: k.conname.clone(),
                expr: CheckExpr::Raw(expr.clone()),
                no_inherit: *no_inherit,
                not_valid: k.skip_validation,
                is_local: true,
                inherit_count: 0,
            }),
            ConstraintKind::Primary(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
                parts.indexes.push(index_constraint(rel, k, Some(colname))?);
            }
            ConstraintKind::Foreign(fk) => {
                let mut fk = (**fk).clone();
                if fk.fk_attrs.is_empty() {
                    fk.fk_attrs = vec![colname.clone()];
                }
                parts.foreign.push(foreign_key(k, fk));
            }
            ConstraintKind::AttrDeferrable
            | ConstraintKind::AttrNotDeferrable
            | ConstraintKind::AttrDeferred
            | ConstraintKind::AttrImmediate => {}
        }
        let both = match (new.default.is_some() || serial.is_some(), new.column.identity, &new.generated) {
            (true, Some(_), _) => Some("both default and identity specified"),
            (true, _, Some(_)) => Some("both default and generation expression specified"),
            (_, Some(_), Some(_)) => Some("both identity and generation expression specified"),
            _ => None,
        };
        if let Some(what) = both {
            return Err(again(what, k.span));
        }
    }
    if let Some(ty) = serial {
        if new.default.is_some() {
            return Err(again("multiple default values specified", NO_SPAN));
        }
        not_null(&mut nullable, NO_SPAN)?;
        new.sequence = Some(NewSequence { ty, options: vec![], identity: false });
    }
    new.column.not_null = nullable == Some(false);
    new.column.generated = new.generated.is_some();
    if parts.columns.iter().any(|c| c.column.name == *colname) {
        return Err(err!(DUPLICATE_COLUMN, "column \"{}\" specified more than once"; colname));
    }
    parts.columns.push(new);
    Ok(())
}

const NO_SPAN: Span = Span::NONE;

/// The letter of a compression method.
pub fn compression_letter(method: &str) -> Result<u8> {
    match method {
        "default" => Ok(0),
        "pglz" => Ok(b'p'),
        "lz4" => Ok(b'l'),
        m => Err(err!(INVALID_PARAMETER_VALUE, "invalid compression method \"{}\""; m)),
    }
}

fn foreign_key(k: &Constraint, fk: ast::ForeignKey) -> NewForeignKey {
    NewForeignKey {
        name: k.conname.clone(),
        fk,
        deferrable: k.deferrable,
        deferred: k.initdeferred,
        not_valid: k.skip_validation,
    }
}

/// DEFERRABLE and friends standing after a column constraint belong to it (`transformConstraintAttrs`).
fn constraint_attributes(list: &[Constraint]) -> Result<Vec<Constraint>> {
    let mut out: Vec<Constraint> = vec![];
    let mut last: Option<usize> = None;
    let (mut saw_deferrability, mut saw_initially) = (false, false);
    for k in list {
        let supports = |c: Option<usize>, out: &[Constraint]| {
            c.and_then(|i| out.get(i)).is_some_and(|c| {
                matches!(
                    c.kind,
                    ConstraintKind::Primary(_)
                        | ConstraintKind::Unique { .. }
                        | ConstraintKind::Exclusion { .. }
                        | ConstraintKind::Foreign(_)
                )
            })
        };
        let clause = match k.kind {
            ConstraintKind::AttrDeferrable => "DEFERRABLE",
            ConstraintKind::AttrNotDeferrable => "NOT DEFERRABLE",
            ConstraintKind::AttrDeferred => "INITIALLY DEFERRED",
            ConstraintKind::AttrImmediate => "INITIALLY IMMEDIATE",
            _ => {
                last = Some(out.len());
                (saw_deferrability, saw_initially) = (false, false);
                out.push(k.clone());
                continue;
            }
        };
        if !supports(last, &out) {
            return Err(err!(SYNTAX_ERROR, "misplaced {} clause"; clause).at(k.span));
        }
        let must = || err!(SYNTAX_ERROR, "constraint declared INITIALLY DEFERRED must be DEFERRABLE").at(k.span);
        let Some(target) = last.and_then(|i| out.get_mut(i)) else { continue };
        match k.kind {
            ConstraintKind::AttrDeferrable | ConstraintKind::AttrNotDeferrable => {
                if saw_deferrability {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed"
                    )
                    .at(k.span));
                }
                saw_deferrability = true;
                target.deferrable = matches!(k.kind, ConstraintKind::AttrDeferrable);
                if !target.deferrable && saw_initially && target.initdeferred {
                    return Err(must());
                }
            }
            _ => {
                if saw_initially {
                    return Err(err!(
                        SYNTAX_ERROR,
                        "multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed"
                    )
                    .at(k.span));
                }
                saw_initially = true;
                target.initdeferred = matches!(k.kind, ConstraintKind::AttrDeferred);
                if target.initdeferred {
                    // INITIALLY DEFERRED alone means DEFERRABLE too.
                    if !saw_deferrability {
                        target.deferrable = true;
                    } else if !target.deferrable {
                        return Err(must());
                    }
                }
            }
        }
    }
    Ok(out)
}

/// A table constraint.
pub fn table_constraint(rel: &RangeVar, k: &Constraint, parts: &mut Parts) -> Result<()> {
    match &k.kind {
        ConstraintKind::Check { expr, no_inherit } => parts.checks.push(NewCheck {
            name: k.conname.clone(),
            expr: CheckExpr::Raw(expr.clone()),
            no_inherit: *no_inherit,
            not_valid: k.skip_validation,
            is_local: true,
            inherit_count: 0,
        }),
        ConstraintKind::Primary(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
            parts.indexes.push(index_constraint(rel, k, None)?);
        }
        ConstraintKind::Foreign(fk) => parts.foreign.push(foreign_key(k, (**fk).clone())),
        _ => return Err(Error::internal("column constraint as table constraint")),
    }
    Ok(())
}

fn index_constraint(rel: &RangeVar, k: &Constraint, column: Option<&String>) -> Result<NewIndex> {
    let (primary, unique, nulls_not_distinct, ix) = match &k.kind {
        ConstraintKind::Primary(ix) => (true, true, false, ix),
        ConstraintKind::Unique { nulls_not_distinct, index } => (false, true, *nulls_not_distinct, index),
        ConstraintKind::Exclusion { exclusions, access_method, where_clause, index } => {
            return Ok(exclusion_constraint(rel, k, exclusions, access_method.as_deref(), where_clause.as_ref(), index));
        }
        _ => return Err(Error::internal("constraint without an index")),
    };
    let ast::IndexConstraint { keys, including, options, indexspace, indexname } = ix;
    let elem = |name: &String| plain_column(name, k.span);
    let keys: Vec<&String> = if keys.is_empty() { column.into_iter().collect() } else { keys.iter().collect() };
    for (i, name) in keys.iter().enumerate() {
        if keys[..i].contains(name) {
            let which = if primary { "primary key" } else { "unique" };
            return Err(err!(DUPLICATE_COLUMN, "column \"{}\" appears twice in {} constraint"; name, which).at(k.span));
        }
    }
    Ok(NewIndex {
        stmt: IndexStmt {
            idxname: k.conname.clone(),
            relation: rel.clone(),
            access_method: "btree".to_string(),
            table_space: indexspace.clone(),
            index_params: keys.into_iter().map(elem).collect(),
            index_including_params: including.iter().map(elem).collect(),
            options: options.clone(),
            where_clause: None,
            unique,
            nulls_not_distinct,
            concurrent: false,
            if_not_exists: false,
            span: k.span,
        },
        primary,
        constraint: true,
        deferrable: k.deferrable,
        deferred: k.initdeferred,
        existing: indexname.clone(),
        exclude: vec![],
        span: k.span,
    })
}

/// A column as an index takes it when nothing else is said.
fn plain_column(name: &str, span: Span) -> IndexElem {
    IndexElem {
        key: IndexKey::Column(name.to_string()),
        collation: None,
        opclass: None,
        opclassopts: vec![],
        ordering: ast::SortByDir::Default,
        nulls_ordering: ast::SortByNulls::Default,
        span,
    }
}

/// EXCLUDE as the index it makes.
fn exclusion_constraint(
    rel: &RangeVar,
    k: &Constraint,
    exclusions: &[ast::ExclusionElem],
    method: Option<&str>,
    where_clause: Option<&Rc<ast::Expr>>,
    index: &ast::IndexConstraint,
) -> NewIndex {
    let ast::IndexConstraint { keys: _, including, options, indexspace, indexname: _ } = index;
    let included = including.iter().map(|name| plain_column(name, k.span));
    NewIndex {
        stmt: IndexStmt {
            idxname: k.conname.clone(),
            relation: rel.clone(),
            access_method: method.unwrap_or("btree").to_string(),
            table_space: indexspace.clone(),
            index_params: exclusions.iter().map(|e| e.elem.clone()).collect(),
            index_including_params: included.collect(),
            options: options.clone(),
            where_clause: where_clause.cloned(),
            unique: false,
            nulls_not_distinct: false,
            concurrent: false,
            if_not_exists: false,
            span: k.span,
        },
        primary: false,
        constraint: true,
        deferrable: k.deferrable,
        deferred: k.initdeferred,
        existing: None,
        exclude: exclusions.iter().map(|e| e.operator.clone()).collect(),
        span: k.span,
    }
}

/// Puts the primary key first, makes its columns NOT NULL and drops constraints that say the same as another
/// (`transformIndexConstraints`). `known` tells whether a column exists outside the new ones.
pub fn index_constraints(table: &str, parts: &mut Parts, known: &dyn Fn(&str) -> bool) -> Result<()> {
    let mut out: Vec<NewIndex> = vec![];
    let mut pkey = None;
    for ix in std::mem::take(&mut parts.indexes) {
        if ix.primary {
            if pkey.is_some() {
                return Err(err!(
                    INVALID_TABLE_DEFINITION, "multiple primary keys for table \"{}\" are not allowed"; table
                )
                .at(ix.span));
            }
            pkey = Some(out.len());
        }
        if ix.existing.is_none() {
            for e in ix.stmt.index_params.iter().chain(&ix.stmt.index_including_params) {
                let IndexKey::Column(name) = &e.key else { continue };
                match parts.columns.iter_mut().find(|c| c.column.name == *name) {
                    Some(c) => {
                        if ix.primary && ix.stmt.index_params.iter().any(|p| matches!(&p.key, IndexKey::Column(k) if k == name)) {
                            c.column.not_null = true;
                        }
                    }
                    None if known(name) => {}
                    None => {
                        return Err(
                            err!(UNDEFINED_COLUMN, "column \"{}\" named in key does not exist"; name).at(ix.span)
                        );
                    }
                }
            }
        }
        out.push(ix);
    }
    if let Some(i) = pkey {
        let p = out.remove(i);
        out.insert(0, p);
    }
    // Keys that are expressions are never the same: they stand in different places.
    let same_keys = |a: &NewIndex, b: &NewIndex| {
        let keys = |ix: &NewIndex| -> Option<Vec<String>> {
            let elems = ix.stmt.index_params.iter().chain(&ix.stmt.index_including_params);
            let key = |e: &ast::IndexElem| match (&e.key, &e.opclass) {
                (IndexKey::Column(name), None) => Some(name.clone()),
                (IndexKey::Column(name), Some(class)) => Some(filled!("{} {}"; name, class.join("."))),
                _ => None,
            };
            elems.map(key).collect()
        };
        keys(a).is_some_and(|a| keys(b) == Some(a))
    };
    let mut kept: Vec<NewIndex> = vec![];
    for ix in out {
        let same = kept.iter_mut().find(|o| {
            ix.existing.is_none()
                && o.existing.is_none()
                && same_keys(o, &ix)
                && o.stmt.index_params.len() == ix.stmt.index_params.len()
                && o.stmt.nulls_not_distinct == ix.stmt.nulls_not_distinct
                && o.deferrable == ix.deferrable
                && o.deferred == ix.deferred
                && o.constraint == ix.constraint
                && o.exclude == ix.exclude
                && o.stmt.access_method == ix.stmt.access_method
                && o.stmt.where_clause.is_none()
                && ix.stmt.where_clause.is_none()
        });
        match same {
            // The later one's name is used when the first has none.
            Some(o) => {
                if o.stmt.idxname.is_none() {
                    o.stmt.idxname = ix.stmt.idxname;
                }
            }
            None => kept.push(ix),
        }
    }
    parts.indexes = kept;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(kind: ConstraintKind) -> Constraint {
        Constraint {
            conname: None,
            kind,
            deferrable: false,
            initdeferred: false,
            skip_validation: false,
            span: Span::NONE,
        }
    }

    fn index() -> ast::IndexConstraint {
        ast::IndexConstraint { keys: vec![], including: vec![], options: vec![], indexspace: None, indexname: None }
    }

    #[test]
    fn attributes_belong_to_the_constraint_before_them() {
        let unique = || constraint(ConstraintKind::Unique { nulls_not_distinct: false, index: index() });
        let out = constraint_attributes(&[unique(), constraint(ConstraintKind::AttrDeferred)]).unwrap();
        assert_eq!(out.len(), 1);
        assert!(out[0].deferrable && out[0].initdeferred);
        let e = constraint_attributes(&[constraint(ConstraintKind::NotNull), constraint(ConstraintKind::AttrDeferrable)]);
        assert_eq!(e.unwrap_err().message(), "misplaced DEFERRABLE clause");
        let e = constraint_attributes(&[
            unique(),
            constraint(ConstraintKind::AttrNotDeferrable),
            constraint(ConstraintKind::AttrDeferred),
        ]);
        assert_eq!(e.unwrap_err().message(), "constraint declared INITIALLY DEFERRED must be DEFERRABLE");
    }

    #[test]
    fn a_primary_key_absorbs_the_same_unique_and_comes_first() {
        let rel = super::super::namespace::range_var(&["t".to_string()]).unwrap();
        let a = "a".to_string();
        let mut parts = Parts::default();
        let mut u = constraint(ConstraintKind::Unique { nulls_not_distinct: false, index: index() });
        u.conname = Some("mine".into());
        parts.indexes.push(index_constraint(&rel, &u, Some(&a)).unwrap());
        parts.indexes.push(index_constraint(&rel, &constraint(ConstraintKind::Primary(index())), Some(&a)).unwrap());
        index_constraints("t", &mut parts, &|_| true).unwrap();
        assert_eq!(parts.indexes.len(), 1);
        assert!(parts.indexes[0].primary);
        assert_eq!(parts.indexes[0].stmt.idxname.as_deref(), Some("mine"));
    }
}
