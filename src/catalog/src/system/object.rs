//! Types, schemas, roles, comments, dependencies.

use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::{Oid, TypeRef};
use tusklet_vector::Value;

use super::{Facts, Sink, by_oid, values};
use crate::builtin::{self, oids};
use crate::live::{Catalog, DependencyKind, ObjectAddress, ObjectClass, TsKind, Role, Type, TypeEntryKind};

fn types(cat: &Catalog) -> Vec<&Rc<Type>> {
    by_oid(cat.user_types(), |t| t.oid)
}

fn kind_letter(k: &TypeEntryKind) -> u8 {
    match k {
        TypeEntryKind::Base { .. } | TypeEntryKind::Array { .. } => b'b',
        TypeEntryKind::Composite(_) => b'c',
        TypeEntryKind::Enum(_) => b'e',
        TypeEntryKind::Range { .. } => b'r',
        TypeEntryKind::Multirange(_) => b'm',
        TypeEntryKind::Domain { .. } => b'd',
        TypeEntryKind::Pseudo => b'p',
    }
}

pub(super) fn pg_type(cat: &Catalog, facts: &mut dyn Facts, out: &mut Sink<'_>) -> Result<()> {
    for t in types(cat) {
        let io = |i: usize| values::oid(t.io.get(i).copied().unwrap_or(0));
        let domain = match &t.kind {
            TypeEntryKind::Domain { base, not_null, default, .. } => Some((*base, *not_null, default.as_ref())),
            _ => None,
        };
        let base = domain.map_or(TypeRef { oid: 0, typmod: -1 }, |d| d.0);
        let default = domain.and_then(|d| d.2);
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(t.oid),
                2 => Value::text(&t.name),
                3 => values::oid(t.schema),
                4 => values::oid(t.owner),
                5 => Value::I16(t.len),
                6 => Value::Bool(t.by_val),
                7 => values::char(if t.defined { kind_letter(&t.kind) } else { b'p' }),
                8 => values::char(t.category),
                9 => Value::Bool(t.preferred),
                10 => Value::Bool(t.defined),
                11 => values::char(t.delim),
                12 => values::oid(match &t.kind {
                    TypeEntryKind::Composite(r) => *r,
                    _ => 0,
                }),
                // Of array_subscript_handler.
                13 => values::oid(match &t.kind {
                    TypeEntryKind::Array { varlena: true, .. } if t.subscript => 6179,
                    _ => 0,
                }),
                14 => values::oid(match &t.kind {
                    TypeEntryKind::Array { element, .. } | TypeEntryKind::Base { element, .. } => *element,
                    _ => 0,
                }),
                15 => values::oid(t.array),
                16 => io(0),
                17 => io(1),
                18 => io(2),
                19 => io(3),
                20 => values::oid(t.typmod_io.first().copied().unwrap_or(0)),
                21 => values::oid(t.typmod_io.get(1).copied().unwrap_or(0)),
                22 => values::oid(match &t.kind {
                    TypeEntryKind::Array { varlena: true, .. } => oids::F_ARRAY_TYPANALYZE_INTERNAL,
                    TypeEntryKind::Range { .. } => oids::F_RANGE_TYPANALYZE_INTERNAL,
                    TypeEntryKind::Multirange(_) => oids::F_MULTIRANGE_TYPANALYZE_INTERNAL,
                    _ => 0,
                }),
                23 => values::char(t.align),
                24 => values::char(t.storage),
                25 => Value::Bool(domain.is_some_and(|d| d.1)),
                26 => values::oid(base.oid),
                27 => Value::I32(base.typmod),
                28 => Value::I32(i32::from(base.oid != 0 && cat.element_type(base.oid) != 0)),
                29 => values::oid(t.collation),
                30 => default.map_or(Value::Null, |e| values::expression(e)),
                31 => match (default, &t.kind) {
                    (Some(e), _) => Value::text(&facts.deparse(e)?),
                    (None, TypeEntryKind::Base { default: Some(d), .. }) => Value::text(d),
                    (None, _) => Value::Null,
                },
                _ => values::acl(cat, &t.acl)?,
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_enum(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for t in types(cat) {
        let TypeEntryKind::Enum(labels) = &t.kind else { continue };
        for l in labels {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(l.oid),
                    2 => values::oid(t.oid),
                    3 => Value::F32(l.order),
                    _ => Value::text(&l.label),
                })
            })?;
        }
    }
    Ok(())
}

pub(super) fn pg_range(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for t in types(cat) {
        let TypeEntryKind::Range { subtype, opclass, collation, canonical, subdiff, multirange } = &t.kind else {
            continue;
        };
        let all = [t.oid, *subtype, *multirange, *collation, *opclass, *canonical, *subdiff];
        out.row(&mut |a| Ok(values::oid(all.get(a as usize - 1).copied().unwrap_or(0))))?;
    }
    Ok(())
}

pub(super) fn pg_namespace(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for s in by_oid(cat.user_schemas(), |s| s.oid) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(s.oid),
                2 => Value::text(&s.name),
                3 => values::oid(s.owner),
                _ => values::acl(cat, &s.acl)?,
            })
        })?;
    }
    Ok(())
}

fn roles(cat: &Catalog) -> Vec<&Rc<Role>> {
    by_oid(cat.user_roles(), |r| r.oid)
}

pub(super) fn pg_authid(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in roles(cat) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(r.oid),
                2 => Value::text(&r.name),
                3 => Value::Bool(r.superuser),
                4 => Value::Bool(r.inherit),
                5 => Value::Bool(r.create_role),
                6 => Value::Bool(r.create_db),
                7 => Value::Bool(r.login),
                8 => Value::Bool(r.replication),
                9 => Value::Bool(r.bypass_rls),
                10 => Value::I32(r.connection_limit),
                11 => r.password.as_ref().map_or(Value::Null, |p| Value::text(p)),
                _ => Value::Null,
            })
        })?;
    }
    Ok(())
}

pub(super) fn pg_auth_members(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in roles(cat) {
        for (role, grantor, admin) in &r.member_of {
            out.row(&mut |a| {
                Ok(match a {
                    1 => values::oid(*role),
                    2 => values::oid(r.oid),
                    3 => values::oid(*grantor),
                    _ => Value::Bool(*admin),
                })
            })?;
        }
    }
    Ok(())
}

pub(super) fn pg_db_role_setting(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for r in roles(cat) {
        if r.config.is_empty() {
            continue;
        }
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(0),
                2 => values::oid(r.oid),
                _ => values::options(&r.config)?,
            })
        })?;
    }
    Ok(())
}

/// Rows of the tables of text search.
pub(super) fn text_search(cat: &Catalog, table: &str, out: &mut Sink<'_>) -> Result<()> {
    let wanted = match table {
        "pg_ts_dict" => TsKind::Dictionary,
        "pg_ts_parser" => TsKind::Parser,
        "pg_ts_template" => TsKind::Template,
        _ => TsKind::Configuration,
    };
    for o in cat.text_search().values().filter(|o| o.kind == wanted) {
        if table == "pg_ts_config_map" {
            let (mut before, mut place) = (-1, 0);
            for m in &o.map {
                place = if m.token == before { place + 1 } else { 1 };
                before = m.token;
                out.row(&mut |a| {
                    Ok(match a {
                        1 => values::oid(o.oid),
                        2 => Value::I32(m.token),
                        3 => Value::I32(place),
                        _ => values::oid(m.dict),
                    })
                })?;
            }
            continue;
        }
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(o.oid),
                2 => Value::text(&o.name),
                3 => values::oid(o.schema),
                a if matches!(wanted, TsKind::Parser | TsKind::Template) => {
                    values::oid(o.map.iter().find(|m| m.token == i32::from(a)).map_or(0, |m| m.dict))
                }
                4 => values::oid(o.owner),
                5 => values::oid(o.base),
                _ => o.options.as_deref().map_or(Value::Null, Value::text),
            })
        })?;
    }
    Ok(())
}

/// The catalog an object is a row of.
pub fn class_oid(c: ObjectClass) -> Oid {
    match c {
        ObjectClass::Relation => oids::RELATION_PG_CLASS,
        ObjectClass::Type => oids::RELATION_PG_TYPE,
        ObjectClass::Proc => oids::RELATION_PG_PROC,
        ObjectClass::Operator => 2617,
        ObjectClass::Cast => 2605,
        ObjectClass::Constraint => 2606,
        ObjectClass::Default => 2604,
        ObjectClass::Schema => 2615,
        ObjectClass::Collation => 3456,
        ObjectClass::OpClass => 2616,
        ObjectClass::OpFamily => 2753,
        ObjectClass::Trigger => 2620,
        ObjectClass::Rule => 2618,
        ObjectClass::Policy => 3256,
        ObjectClass::Role => oids::RELATION_PG_AUTHID,
        ObjectClass::Database => oids::RELATION_PG_DATABASE,
        ObjectClass::Extension => 3079,
        ObjectClass::Language => 2612,
        ObjectClass::Statistics => 3381,
        ObjectClass::AccessMethod => 2601,
        ObjectClass::Conversion => 2607,
        ObjectClass::TsObject => 3602,
        ObjectClass::EventTrigger => 3466,
        ObjectClass::Acl => 826,
        ObjectClass::Amop => 2602,
        ObjectClass::Amproc => 2603,
        ObjectClass::Tablespace => 1213,
        ObjectClass::LargeObject => oids::RELATION_PG_LARGEOBJECT,
    }
}

/// The catalog that holds text search objects of a kind.
pub fn ts_class_oid(kind: TsKind) -> Oid {
    match kind {
        TsKind::Configuration => 3602,
        TsKind::Dictionary => 3600,
        TsKind::Parser => 3601,
        TsKind::Template => 3764,
    }
}

/// Catalog, object and column as SQL knows them.
pub fn address_oids(cat: &Catalog, a: ObjectAddress) -> (Oid, Oid, i32) {
    match a.class {
        ObjectClass::TsObject => (cat.any_ts_object(a.oid).map_or(0, |o| ts_class_oid(o.kind)), a.oid, 0),
        ObjectClass::Default => (class_oid(a.class), super::attribute::default_oid(a.oid, a.sub as i16), 0),
        c => (class_oid(c), a.oid, a.sub),
    }
}

fn is_shared(c: ObjectClass) -> bool {
    matches!(c, ObjectClass::Role | ObjectClass::Database | ObjectClass::Tablespace)
}

/// What a dependency's end looks like in `pg_depend`: a view depends through its rule, a default is a row of its own.
fn shown(cat: &Catalog, o: ObjectAddress, dependent: bool) -> (Oid, Oid, i32) {
    if o.class == ObjectClass::Relation && dependent {
        if cat.user_relation(o.oid).is_some_and(|r| r.view.is_some()) {
            return (class_oid(ObjectClass::Rule), o.oid, 0);
        }
    }
    address_oids(cat, o)
}

pub(super) fn pg_depend(cat: &Catalog, out: &mut Sink<'_>) -> Result<()> {
    for d in cat.all_depends() {
        if is_shared(d.referenced.class) || is_shared(d.dependent.class) {
            continue;
        }
        let to_schema = d.referenced.class == ObjectClass::Schema;
        let from = if to_schema {
            address_oids(cat, d.dependent)
        } else {
            shown(cat, d.dependent, true)
        };
        let to = shown(cat, d.referenced, false);
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(from.0),
                2 => values::oid(from.1),
                3 => Value::I32(from.2),
                4 => values::oid(to.0),
                5 => values::oid(to.1),
                6 => Value::I32(to.2),
                _ => values::char(match d.kind {
                    DependencyKind::Normal => b'n',
                    DependencyKind::Auto => b'a',
                    DependencyKind::Internal => b'i',
                }),
            })
        })?;
    }
    // A sequence knows its column, whether or not an edge says so too.
    for r in &super::class::relations(cat) {
        let Some(s) = r.sequence.as_ref().filter(|s| s.owned_by.0 != 0) else { continue };
        let (dependent, referenced) = (
            ObjectAddress::new(ObjectClass::Relation, r.oid),
            ObjectAddress::column(s.owned_by.0, s.owned_by.1),
        );
        if cat.depends_on(dependent).iter().any(|d| d.referenced == referenced) {
            continue;
        }
        out.row(&mut |a| {
            Ok(match a {
                1 | 4 => values::oid(oids::RELATION_PG_CLASS),
                2 => values::oid(r.oid),
                3 => Value::I32(0),
                5 => values::oid(s.owned_by.0),
                6 => Value::I32(s.owned_by.1 as i32),
                _ => values::char(if s.identity { b'i' } else { b'a' }),
            })
        })?;
    }
    // Each view's rule belongs to it.
    for v in cat.user_relations().filter(|r| r.view.is_some()) {
        out.row(&mut |a| {
            Ok(match a {
                1 => values::oid(class_oid(ObjectClass::Rule)),
                2 | 5 => values::oid(v.oid),
                4 => values::oid(oids::RELATION_PG_CLASS),
                3 | 6 => Value::I32(0),
                _ => values::char(b'i'),
            })
        })?;
    }
    Ok(())
}

pub(super) fn comments(cat: &Catalog, shared: bool, out: &mut Sink<'_>) -> Result<()> {
    for (on, text) in cat.comments().iter().filter(|(on, _)| is_shared(on.class) == shared) {
        let (class, oid, sub) = address_oids(cat, *on);
        out.row(&mut |a| {
            Ok(match (a, shared) {
                (1, _) => values::oid(oid),
                (2, _) => values::oid(class),
                (3, false) => Value::I32(sub),
                _ => Value::text(text),
            })
        })?;
    }
    Ok(())
}

/// Whether a built-in role or a live one has this OID.
pub fn role_exists(cat: &Catalog, oid: Oid) -> bool {
    cat.user_role(oid).is_some() || builtin::role(oid).is_some()
}
