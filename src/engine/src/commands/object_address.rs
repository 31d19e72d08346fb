//! Objects as messages describe them (`objectaddress.c`).

use tusklet_error::filled;
use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, ItemKind, ObjectAddress, ObjectClass, RelKind, Relation, TypeEntryKind};
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_ir::Oid;

/// Addresses of whole objects by kind.
pub struct Objects;

#[allow(missing_docs)]
impl Objects {
    pub fn relation(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Relation, oid)
    }
    pub fn ty(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Type, oid)
    }
    pub fn proc(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Proc, oid)
    }
    pub fn schema(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Schema, oid)
    }
    pub fn constraint(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(ObjectClass::Constraint, oid)
    }
    /// A column's default: it has no OID of its own, so its address is the column's with another class.
    pub fn default(rel: Oid, attno: i16) -> ObjectAddress {
        ObjectAddress { class: ObjectClass::Default, oid: rel, sub: attno as i32 }
    }
}

/// What a kind of relation is called.
pub fn relation_word(kind: RelKind) -> &'static str {
    match kind {
        RelKind::Table | RelKind::Partitioned => "table",
        RelKind::Index | RelKind::PartitionedIndex => "index",
        RelKind::Sequence => "sequence",
        RelKind::View => "view",
        RelKind::MatView => "materialized view",
        RelKind::Composite => "composite type",
        RelKind::Foreign => "foreign table",
        RelKind::Toast => "toast table",
    }
}

/// A name with its schema, or alone where that is visible (`quote_qualified_identifier`).
pub fn qualified(c: &Catalog, visible: bool, schema: Oid, name: &str) -> String {
    let name = quote_identifier(name);
    if visible { name } else { filled!("{}.{}"; quote_identifier(&c.schema_name(schema).unwrap_or_default()), name) }
}

/// The name as one must write it to mean this relation.
pub fn relation_name(c: &Catalog, path: &SearchPath, r: &Relation) -> String {
    qualified(c, c.relation_is_visible(path, r.oid), r.schema, &r.name)
}

fn relation_description(c: &Catalog, path: &SearchPath, oid: Oid) -> String {
    match c.relation(oid) {
        Some(r) => filled!("{} {}"; relation_word(r.kind), relation_name(c, path, &r)),
        None => format!("relation {oid}"),
    }
}

/// A function with its input arguments, as `format_procedure` writes it.
pub fn proc_signature(c: &Catalog, path: &SearchPath, oid: Oid) -> String {
    let Some(p) = c.proc(oid) else { return oid.to_string() };
    let args: Vec<String> = p.args.iter().map(|a| c.format_type(path, *a)).collect();
    let visible = c.proc_candidates(path, None, &p.name, Some(p.args.len()), &[], false, false, false).iter().any(|k| {
        k.proc.as_ref().is_some_and(|q| q.oid == oid)
    });
    let name = qualified(c, visible, p.schema, &p.name);
    filled!("{}({})"; name, args.join(","))
}

/// The relation a constraint is on, and its name.
pub fn constraint_owner(c: &Catalog, oid: Oid) -> Option<(Oid, String)> {
    // Its table is what it depends on.
    for d in c.depends_on(Objects::constraint(oid)) {
        if d.referenced.class == ObjectClass::Relation {
            if let Some(r) = c.user_relation(d.referenced.oid) {
                if let Some(k) = r.constraints.iter().find(|k| k.oid == oid) {
                    return Some((r.oid, k.name.clone()));
                }
            }
        }
    }
    c.user_relations().find_map(|r| r.constraints.iter().find(|k| k.oid == oid).map(|k| (r.oid, k.name.clone())))
}

/// The domain a constraint is on, and its name.
pub fn domain_constraint_owner(c: &Catalog, oid: Oid) -> Option<(Oid, String)> {
    c.user_types().find_map(|t| match &t.kind {
        TypeEntryKind::Domain { checks, .. } => {
            checks.iter().find(|k| k.oid == oid).map(|k| (t.oid, k.name.clone()))
        }
        _ => None,
    })
}

/// An object as messages show it (`getObjectDescription`).
pub fn describe(c: &Catalog, path: &SearchPath, a: ObjectAddress) -> String {
    match a.class {
        ObjectClass::Relation if a.sub == 0 => relation_description(c, path, a.oid),
        ObjectClass::Relation => {
            let name = c.relation(a.oid).and_then(|r| r.columns.get((a.sub - 1).max(0) as usize).map(|c| c.name.clone()));
            format!("column {} of {}", name.unwrap_or_default(), relation_description(c, path, a.oid))
        }
        ObjectClass::Type => format!("type {}", c.format_type(path, a.oid)),
        ObjectClass::Proc => {
            let word = match c.proc(a.oid).map(|p| p.kind) {
                Some(b'p') => "procedure",
                Some(b'a') => "function",
                _ => "function",
            };
            format!("{word} {}", proc_signature(c, path, a.oid))
        }
        ObjectClass::Constraint => match (constraint_owner(c, a.oid), domain_constraint_owner(c, a.oid)) {
            (Some((rel, name)), _) => filled!("constraint {} on {}"; name, relation_description(c, path, rel)),
            (None, Some((_, name))) => filled!("constraint {}"; name),
            (None, None) => format!("constraint {}", a.oid),
        },
        ObjectClass::Default => {
            filled!("default value for {}"; describe(c, path, ObjectAddress { class: ObjectClass::Relation, ..a }))
        }
        ObjectClass::Schema => format!("schema {}", c.schema_name(a.oid).unwrap_or_default()),
        ObjectClass::Role => format!("role {}", c.user_role(a.oid).map(|r| r.name.clone()).unwrap_or_default()),
        ObjectClass::TsObject => match c.any_ts_object(a.oid) {
            Some(o) => filled!("{} {}"; tusklet_catalog::text_search::kind_word(o.kind), c.ts_shown(path, &o)),
            None => format!("text search object {}", a.oid),
        },
        ObjectClass::Cast => {
            let types = match c.user_cast(a.oid) {
                Some(k) => Some((k.source, k.target)),
                None => builtin::Cast::all().find(|k| k.oid() == a.oid).map(|k| (k.source(), k.target())),
            };
            match types {
                Some((s, t)) => filled!("cast from {} to {}"; c.format_type(path, s), c.format_type(path, t)),
                None => format!("cast {}", a.oid),
            }
        }
        ObjectClass::Operator => match c.operator(a.oid) {
            Some(o) => {
                let left = if o.left == 0 { "NONE".to_string() } else { c.format_type(path, o.left) };
                filled!("operator {}({},{})"; o.name, left, c.format_type(path, o.right))
            }
            None => format!("operator {}", a.oid),
        },
        ObjectClass::Collation => format!("collation {}", quote_identifier(&c.collation_name(a.oid).unwrap_or_default())),
        ObjectClass::OpClass | ObjectClass::OpFamily => {
            let class = a.class == ObjectClass::OpClass;
            let (name, method) = match c.item(a.oid).map(|i| (i.name.clone(), &i.kind)) {
                Some((n, ItemKind::OpClass { method, .. } | ItemKind::OpFamily { method, .. })) => (n, *method),
                _ if class => builtin::opclass(a.oid).map_or_else(Default::default, |k| (k.name().to_string(), k.method())),
                _ => builtin::opfamily(a.oid).map_or_else(Default::default, |k| (k.name().to_string(), k.method())),
            };
            let am = builtin::am(method).map_or("", |m| m.name());
            filled!(
                "operator {} {} for access method {}";
                if class { "class" } else { "family" },
                quote_identifier(&name),
                am
            )
        }
        other => format!("{other:?} {}", a.oid).to_ascii_lowercase(),
    }
}
