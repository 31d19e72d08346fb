//! What PostgreSQL tells of one object: how messages describe it, and what names it from anywhere (`getObjectDescription`,
//! `getObjectIdentityParts`).
//!
//! Both are one walk. A name is written with its schema where the path does not see the object; with [`SearchPath::nowhere`]
//! that is everywhere, as an identity wants it.

use tusklet_catalog::builtin::{self, Field};
use tusklet_catalog::live::{Catalog, ItemKind, ObjectAddress, ObjectClass, Relation};
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_catalog::system::{attribute, object::class_oid, object::role_exists, values};
use tusklet_catalog::text_search::kind_word;
use tusklet_error::{Result, err, filled};
use tusklet_ir::Oid;

use super::items::class_of;
use super::object_address::{constraint_owner, domain_constraint_owner, proc_signature, relation_word};
use crate::system::format_operator;

/// All that is told of one object.
#[derive(Default)]
pub struct Object {
    /// What it is (`getObjectTypeDescription`).
    pub kind: String,
    /// Its schema, 0 without one.
    pub schema: Oid,
    /// Its name, if that and the schema find it.
    pub name: Option<String>,
    /// The lists that `pg_get_object_address` takes.
    pub names: Vec<String>,
    /// The second of them.
    pub args: Vec<String>,
    /// The name in SQL.
    pub identity: String,
    /// For messages.
    pub description: String,
}

/// The catalogs whose rows are objects: OID, what their objects are called, and the class if there can be any here.
static CLASSES: &[(Oid, &str, Option<ObjectClass>)] = &[
    (826, "default acl", None),
    (1213, "tablespace", Some(ObjectClass::Tablespace)),
    (1247, "type", Some(ObjectClass::Type)),
    (1255, "routine", Some(ObjectClass::Proc)),
    (1259, "relation", Some(ObjectClass::Relation)),
    (1260, "role", Some(ObjectClass::Role)),
    (1262, "database", Some(ObjectClass::Database)),
    (1417, "server", None),
    (1418, "user mapping", None),
    (2328, "foreign-data wrapper", None),
    (2601, "access method", Some(ObjectClass::AccessMethod)),
    (2602, "operator of access method", Some(ObjectClass::Amop)),
    (2603, "function of access method", Some(ObjectClass::Amproc)),
    (2604, "default value", Some(ObjectClass::Default)),
    (2605, "cast", Some(ObjectClass::Cast)),
    (2606, "constraint", Some(ObjectClass::Constraint)),
    (2607, "conversion", Some(ObjectClass::Conversion)),
    (2612, "language", Some(ObjectClass::Language)),
    (2613, "large object", Some(ObjectClass::LargeObject)),
    (2615, "schema", Some(ObjectClass::Schema)),
    (2616, "operator class", Some(ObjectClass::OpClass)),
    (2617, "operator", Some(ObjectClass::Operator)),
    (2618, "rule", Some(ObjectClass::Rule)),
    (2620, "trigger", Some(ObjectClass::Trigger)),
    (2753, "operator family", Some(ObjectClass::OpFamily)),
    (3079, "extension", Some(ObjectClass::Extension)),
    (3256, "policy", None),
    (3381, "statistics object", None),
    (3456, "collation", Some(ObjectClass::Collation)),
    (3466, "event trigger", None),
    (3576, "transform", None),
    (3600, "text search dictionary", Some(ObjectClass::TsObject)),
    (3601, "text search parser", Some(ObjectClass::TsObject)),
    (3602, "text search configuration", Some(ObjectClass::TsObject)),
    (3764, "text search template", Some(ObjectClass::TsObject)),
    (6100, "subscription", None),
    (6104, "publication", None),
    (6106, "publication relation", None),
    (6237, "publication namespace", None),
    (6243, "parameter ACL", None),
];

/// A class by its catalog's OID: the word for what is not found, and the class if there can be any (`getObjectClass`).
pub fn class_by_oid(oid: Oid) -> Result<(&'static str, Option<ObjectClass>)> {
    match CLASSES.iter().find(|c| c.0 == oid) {
        Some(c) => Ok((c.1, c.2)),
        None => Err(err!(INTERNAL_ERROR, "unrecognized object class: {oid}")),
    }
}

/// What a class's objects are called.
fn word(c: ObjectClass) -> &'static str {
    let oid = class_oid(c);
    CLASSES.iter().find(|k| k.0 == oid).map_or("", |k| k.1)
}

/// An object of a class whose rows have little but a name.
pub struct Row<'c> {
    /// OID.
    pub oid: Oid,
    /// Schema, 0 for what is in none.
    pub schema: Oid,
    /// Access method of an operator class or family.
    pub method: Oid,
    /// Name.
    pub name: &'c str,
}

/// The first collation, operator class or family, conversion, language, access method, tablespace or extension that fits.
pub fn row<'c>(c: &'c Catalog, class: ObjectClass, fits: &dyn Fn(&Row<'_>) -> bool) -> Option<Row<'c>> {
    for i in c.items().filter(|i| class_of(&i.kind) == class) {
        let method = match i.kind {
            ItemKind::OpClass { method, .. } | ItemKind::OpFamily { method, .. } => method,
            ItemKind::Collation { .. } => 0,
        };
        let r = Row { oid: i.oid, schema: i.schema, method, name: &i.name };
        if fits(&r) {
            return Some(r);
        }
    }
    let table = builtin::table(builtin::relation(class_oid(class))?.name())?;
    let column = |end: &str| table.columns.iter().find(|c| c.name.ends_with(end));
    let (key, name) = (table.columns.first()?, column("name")?);
    let schema = column("namespace").filter(|_| class != ObjectClass::Extension);
    let method = column("method");
    (0..table.rows).find_map(|n| {
        let oid = |c| match table.field(n, c) {
            Field::Oid(o) => o,
            _ => 0,
        };
        let Field::Text(name) = table.field(n, name) else { return None };
        let r = Row { oid: oid(key), schema: schema.map_or(0, oid), method: method.map_or(0, oid), name };
        fits(&r).then_some(r)
    })
}

/// The one of a name, in the first of the schemas that has it; without a schema, if the class's rows are in none.
pub fn row_named<'c>(c: &'c Catalog, class: ObjectClass, schemas: &[Oid], method: Oid, name: &str) -> Option<Row<'c>> {
    schemas.iter().find_map(|s| row(c, class, &|r| r.schema == *s && r.method == method && r.name == name))
}

fn written(c: &Catalog, path: &SearchPath, visible: bool, schema: Oid, name: &str) -> String {
    let name = quote_identifier(name);
    if visible { name } else { filled!("{}.{}"; quote_identifier(&c.schema_called(path, schema)), name) }
}

fn relation(o: &mut Object, c: &Catalog, path: &SearchPath, r: &Relation, sub: i32) -> Option<()> {
    let word = relation_word(r.kind);
    o.kind = word.to_string();
    o.schema = r.schema;
    o.name = Some(r.name.clone());
    o.names.push(c.schema_called(path, r.schema));
    o.names.push(r.name.clone());
    o.identity = written(c, path, c.relation_is_visible(path, r.oid), r.schema, &r.name);
    o.description = filled!("{} {}"; word, o.identity);
    if sub != 0 {
        let (_, column) = attribute::column_names(c, r).into_iter().find(|k| k.0 == sub)?;
        o.kind.push_str(" column");
        o.identity = filled!("{}.{}"; o.identity, quote_identifier(&column));
        o.description = filled!("column {} of {}"; column, o.description);
        o.names.push(column);
    }
    Some(())
}

/// What has a name of its own within a relation.
fn part(o: &mut Object, c: &Catalog, path: &SearchPath, rel: Oid, name: String, word: &str) -> Option<()> {
    relation(o, c, path, &*c.relation(rel)?, 0)?;
    o.kind = word.to_string();
    o.schema = 0;
    o.name = None;
    o.identity = filled!("{} on {}"; quote_identifier(&name), o.identity);
    o.description = filled!("{} {} on {}"; word, name, o.description);
    o.names.push(name);
    Some(())
}

/// What is found by its name alone, or with schema or access method.
fn plain(o: &mut Object, c: &Catalog, path: &SearchPath, r: &Row<'_>, visible: bool) {
    o.schema = r.schema;
    o.name = Some(r.name.to_string());
    o.identity = written(c, path, visible || r.schema == 0, r.schema, r.name);
    o.description = filled!("{} {}"; o.kind, if r.schema == 0 { r.name } else { &o.identity });
    if let Some(am) = builtin::am(r.method) {
        o.description = filled!("{} for access method {}"; o.description, am.name());
        o.identity = filled!("{} USING {}"; o.identity, quote_identifier(am.name()));
        o.names.push(am.name().to_string());
    }
    if r.schema != 0 {
        o.names.push(c.schema_called(path, r.schema));
    }
    o.names.push(r.name.to_string());
}

/// What has a schema, but is only found with the types of its arguments.
fn with_args(o: &mut Object, c: &Catalog, path: &SearchPath, schema: Oid, name: &str, args: &[Oid], word: &str) {
    o.schema = schema;
    o.names.push(c.schema_called(path, schema));
    o.names.push(name.to_string());
    o.args.extend(args.iter().filter(|t| **t != 0).map(|t| c.format_type(path, *t)));
    o.description = filled!("{} {}"; word, o.identity);
}

/// The relation or domain a constraint is on, and its name.
pub fn constraint(c: &Catalog, oid: Oid) -> Option<(Oid, Oid, String)> {
    if let Some(k) = builtin::constraint(oid) {
        return Some((k.relation(), k.domain(), k.name().to_string()));
    }
    if let Some((rel, name)) = constraint_owner(c, oid) {
        return Some((rel, 0, name));
    }
    domain_constraint_owner(c, oid).map(|(domain, name)| (0, domain, name))
}

/// A rule's relation and name. A view's own rule has the OID of the view here.
pub fn rule(c: &Catalog, oid: Oid) -> Option<(Oid, String)> {
    if let Some(v) = builtin::SystemView::all().find(|v| v.rule() == oid) {
        return Some((v.oid(), "_RETURN".to_string()));
    }
    if c.user_relation(oid).is_some_and(|r| r.view.is_some()) {
        return Some((oid, "_RETURN".to_string()));
    }
    c.user_relations().find_map(|r| r.rules.iter().find(|u| u.oid == oid).map(|u| (r.oid, u.name.clone())))
}

/// A member of an operator family: the family, the types, its number, the operator or function.
fn member(c: &Catalog, a: ObjectAddress) -> Option<(Oid, [Oid; 2], i32, Oid)> {
    let function = a.class == ObjectClass::Amproc;
    for i in c.items() {
        let ItemKind::OpFamily { members, .. } = &i.kind else { continue };
        if let Some(m) = members.iter().find(|m| m.oid == a.oid && m.function == function) {
            return Some((i.oid, [m.left, m.right], m.number, m.object));
        }
    }
    if function {
        let m = builtin::Amproc::all().find(|m| m.oid() == a.oid)?;
        return Some((m.family(), [m.left(), m.right()], m.number(), m.function()));
    }
    let m = builtin::Amop::all().find(|m| m.oid() == a.oid)?;
    Some((m.family(), [m.left(), m.right()], m.strategy(), m.operator()))
}

/// The object at an address, `None` when there is none.
pub fn look(c: &Catalog, path: &SearchPath, a: ObjectAddress) -> Option<Object> {
    let mut o = Object { kind: word(a.class).to_string(), ..Object::default() };
    fill(&mut o, c, path, a).map(|()| o)
}

fn fill(o: &mut Object, c: &Catalog, path: &SearchPath, a: ObjectAddress) -> Option<()> {
    let ty = |t: Oid| c.format_type(path, t);
    match a.class {
        ObjectClass::Relation => relation(o, c, path, &*c.relation(a.oid)?, a.sub)?,
        ObjectClass::Default => {
            relation(o, c, path, &*c.relation(a.oid)?, a.sub)?;
            o.kind = word(a.class).to_string();
            o.schema = 0;
            o.name = None;
            o.identity = filled!("for {}"; o.identity);
            o.description = filled!("default value for {}"; o.description);
        }
        ObjectClass::Proc => {
            let p = c.proc(a.oid)?;
            let kind = match p.kind {
                b'a' => "aggregate",
                b'p' => "procedure",
                _ => "function",
            };
            o.kind = kind.to_string();
            o.identity = proc_signature(c, path, a.oid);
            with_args(o, c, path, p.schema, &p.name, &p.args, "function");
        }
        ObjectClass::Operator => {
            let p = c.operator(a.oid)?;
            o.identity = format_operator(c, path, a.oid)?;
            with_args(o, c, path, p.schema, &p.name, &[p.left, p.right], "operator");
        }
        ObjectClass::Type => {
            let t = c.ty(a.oid)?;
            o.schema = t.schema;
            o.name = Some(t.name.clone());
            o.identity = ty(a.oid);
            o.names.push(o.identity.clone());
            o.description = filled!("type {}"; o.identity);
        }
        ObjectClass::Cast => {
            let (from, to) = match c.user_cast(a.oid) {
                Some(k) => (k.source, k.target),
                None => builtin::Cast::all().find(|k| k.oid() == a.oid).map(|k| (k.source(), k.target()))?,
            };
            let (from, to) = (ty(from), ty(to));
            o.description = filled!("cast from {} to {}"; from, to);
            o.identity = filled!("({} AS {})"; from, to);
            o.names.push(from);
            o.args.push(to);
        }
        ObjectClass::Constraint => {
            let (rel, domain, name) = constraint(c, a.oid)?;
            if rel != 0 {
                part(o, c, path, rel, name, "constraint")?;
                o.kind = "table constraint".to_string();
                o.schema = c.relation(rel)?.schema;
                return Some(());
            }
            let shown = ty(domain);
            o.kind = "domain constraint".to_string();
            o.schema = c.ty(domain)?.schema;
            o.identity = filled!("{} on {}"; quote_identifier(&name), shown);
            o.description = filled!("constraint {}"; name);
            o.names.push(shown);
            o.args.push(name);
        }
        ObjectClass::Rule => {
            let (rel, name) = rule(c, a.oid)?;
            part(o, c, path, rel, name, word(a.class))?;
        }
        ObjectClass::Trigger => {
            let found = c.user_relations().find_map(|r| r.triggers.iter().find(|t| t.oid == a.oid).map(|t| (r, t)));
            let (r, t) = found?;
            part(o, c, path, r.oid, t.name.clone(), word(a.class))?;
        }
        ObjectClass::Amop | ObjectClass::Amproc => {
            let (family, [left, right], number, object) = member(c, a)?;
            let (what, shown) = if a.class == ObjectClass::Amop {
                ("operator", format_operator(c, path, object).unwrap_or_default())
            } else {
                ("function", proc_signature(c, path, object))
            };
            o.args.push(ty(left));
            o.args.push(ty(right));
            let me = format!("{what} {number} ({}, {}) of ", o.args[0], o.args[1]);
            let f = look(c, path, ObjectAddress::new(ObjectClass::OpFamily, family))?;
            o.identity = filled!("{}{}"; me, f.identity);
            o.description = filled!("{}{}: {}"; me, f.description, shown);
            o.names = f.names;
            o.names.push(number.to_string());
        }
        ObjectClass::TsObject => {
            let t = c.any_ts_object(a.oid)?;
            let visible = c.ts_lookup(t.kind, path, &t.name) == Some(t.oid);
            o.kind = kind_word(t.kind).to_string();
            plain(o, c, path, &Row { oid: a.oid, schema: t.schema, method: 0, name: &t.name }, visible);
        }
        ObjectClass::Schema => {
            plain(o, c, path, &Row { oid: a.oid, schema: 0, method: 0, name: &c.schema_name(a.oid)? }, true);
            let called = c.schema_called(path, a.oid);
            o.identity = quote_identifier(&called);
            o.names = vec![called];
        }
        ObjectClass::Role if role_exists(c, a.oid) => {
            plain(o, c, path, &Row { oid: a.oid, schema: 0, method: 0, name: &values::role_name(c, a.oid) }, true);
        }
        ObjectClass::LargeObject => {
            plain(o, c, path, &Row { oid: a.oid, schema: 0, method: 0, name: &a.oid.to_string() }, true);
            o.identity = a.oid.to_string();
            o.name = None;
        }
        ObjectClass::Collation
        | ObjectClass::OpClass
        | ObjectClass::OpFamily
        | ObjectClass::Conversion
        | ObjectClass::Language
        | ObjectClass::AccessMethod
        | ObjectClass::Tablespace
        | ObjectClass::Extension => {
            let r = row(c, a.class, &|r| r.oid == a.oid)?;
            let visible = row_named(c, a.class, &path.schemas, r.method, r.name).is_some_and(|f| f.oid == a.oid);
            plain(o, c, path, &r, visible);
        }
        _ => return None,
    }
    Some(())
}

/// A database, which is not in its own catalog.
pub fn database(name: &str) -> Object {
    let mut o = Object { kind: word(ObjectClass::Database).to_string(), ..Object::default() };
    plain(&mut o, &Catalog::new(), &SearchPath::default(), &Row { oid: 0, schema: 0, method: 0, name }, true);
    o
}

/// An object as messages show it (`getObjectDescription`).
pub fn describe(c: &Catalog, path: &SearchPath, a: ObjectAddress) -> String {
    match look(c, path, a) {
        Some(o) => o.description,
        None => format!("{} {}", word(a.class), a.oid),
    }
}

/// What is not found in a relation is told by what the relation is.
pub fn kind_of_missing(c: &Catalog, class: Option<ObjectClass>, oid: Oid, word: &str) -> String {
    match c.relation(oid).filter(|_| class == Some(ObjectClass::Relation)) {
        Some(r) => filled!("{} column"; relation_word(r.kind)),
        None => word.to_string(),
    }
}
