//! Operator classes and families (`opclasscmds.c`).

use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{
    Dependency, DependencyKind, FamilyMember, Item, ItemKind, ObjectAddress, ObjectClass, Proc,
};
use tusklet_error::{Error, Result, bail, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{
    AlterOpFamilyStmt, CreateOpClassItem, CreateOpClassStmt, CreateOpFamilyStmt, ObjectType, TypeName,
};

use super::items::{self, put_item};
use super::object_address::Objects;
use super::{acl, expressions, functioncmds, heap, namespace, operatorcmds, without_position};
use crate::session::Shared;

/// An index access method and how many strategies and support functions its classes may have.
struct Method {
    oid: Oid,
    name: &'static str,
    strategies: i32,
    functions: i32,
}

/// The access method of that name.
pub fn method_named(name: &str) -> Result<(Oid, &'static str)> {
    match builtin::am_by_name(name) {
        Some(a) => Ok((a.oid(), a.name())),
        None => bail!(UNDEFINED_OBJECT, "access method \"{}\" does not exist"; name),
    }
}

fn method(name: &str) -> Result<Method> {
    let (oid, name) = method_named(name)?;
    let (strategies, functions) = match_word!(name;
        "btree" => (5, 5),
        "hash" => (1, 3),
        "gist" => (i32::from(i16::MAX), 11),
        "gin" => (i32::from(i16::MAX), 7),
        "spgist" => (i32::from(i16::MAX), 7),
        "brin" => (i32::from(i16::MAX), 15);
        _ => bail!(WRONG_OBJECT_TYPE, "access method \"{}\" is not of type INDEX"; name),
    );
    Ok(Method { oid, name, strategies, functions })
}

fn only_superuser(shared: &Shared, what: &str) -> Result<()> {
    if acl::is_superuser(shared) { Ok(()) } else { Err(err!(INSUFFICIENT_PRIVILEGE, "must be superuser to {}"; what)) }
}

fn blank(shared: &Shared, name: &str, schema: Oid, kind: ItemKind) -> Item {
    Item { oid: shared.db.new_oid(), name: name.to_string(), schema, owner: shared.user(), kind }
}

fn new_family(shared: &Shared, m: &Method, name: &str, schema: Oid) -> Result<Oid> {
    let c = shared.catalog();
    let taken = c.items().any(|i| {
        i.schema == schema && i.name == name && matches!(i.kind, ItemKind::OpFamily { method, .. } if method == m.oid)
    });
    if taken {
        bail!(DUPLICATE_OBJECT, "operator family \"{}\" for access method \"{}\" already exists"; name, m.name);
    }
    let i = blank(shared, name, schema, ItemKind::OpFamily { method: m.oid, members: vec![] });
    let oid = i.oid;
    put_item(shared, i, &[])?;
    Ok(oid)
}

/// CREATE OPERATOR FAMILY.
pub fn create_family(shared: &Shared, s: &CreateOpFamilyStmt) -> Result<()> {
    let CreateOpFamilyStmt { opfamilyname, amname, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, opfamilyname)?;
    let m = method(amname)?;
    only_superuser(shared, "create an operator family")?;
    new_family(shared, &m, &name, schema).map(|_| ())
}

fn check_number(kind: &str, n: i32, most: i32) -> Result<()> {
    if n <= 0 || n > most {
        bail!(INVALID_OBJECT_DEFINITION, "invalid {kind} number {n}, must be between 1 and {most}");
    }
    Ok(())
}

fn class_types(shared: &Shared, list: &[TypeName]) -> Result<(Oid, Oid)> {
    let ty = |t: &TypeName| expressions::resolve_type(shared, t).map(|t| t.oid).map_err(without_position);
    match list {
        [one] => Ok((ty(one)?, ty(one)?)),
        [l, r] => Ok((ty(l)?, ty(r)?)),
        _ => bail!(SYNTAX_ERROR, "one or two argument types must be specified"),
    }
}

/// Checks a support function and settles the types it is for (`assignProcTypes`).
fn function_types(m: &Method, f: &mut FamilyMember, p: &Proc, class_type: Oid) -> Result<()> {
    let wrong = |text: &str| Err(Error::new(tusklet_error::SqlState::INVALID_OBJECT_DEFINITION, text));
    let arg = |i: usize| p.args.get(i).copied().unwrap_or(0);
    let (mut left, mut right) = (0, 0);
    let options = match m.oid {
        oids::AM_HASH => 3,
        oids::AM_GIST => 10,
        oids::AM_GIN => 7,
        oids::AM_SPGIST => 6,
        // B-trees and BRIN.
        _ => 5,
    };
    if f.number == options {
        if class_type != 0 && [f.left, f.right].iter().any(|t| *t != 0 && *t != class_type) {
            return wrong("associated data types for operator class options parsing functions must match opclass input type");
        }
        if class_type == 0 && f.left != f.right {
            return wrong("left and right associated data types for operator class options parsing functions must match");
        }
        if p.result != oids::VOID || p.args.as_slice() != [oids::INTERNAL] {
            return wrong("invalid operator class options parsing function").map_err(|e| {
                e.hint("Valid signature of operator class options parsing function is (internal) RETURNS void.")
            });
        }
    }
    match (m.oid, f.number) {
        (oids::AM_BTREE, 1) => {
            if p.args.len() != 2 {
                return wrong("btree comparison functions must have two arguments");
            }
            if p.result != oids::INT4 {
                return wrong("btree comparison functions must return integer");
            }
            (left, right) = (arg(0), arg(1));
        }
        (oids::AM_BTREE, 2) => {
            if p.args.as_slice() != [oids::INTERNAL] {
                return wrong("btree sort support functions must accept type \"internal\"");
            }
            if p.result != oids::VOID {
                return wrong("btree sort support functions must return void");
            }
        }
        (oids::AM_BTREE, 3) => {
            if p.args.len() != 5 {
                return wrong("btree in_range functions must have five arguments");
            }
            if p.result != oids::BOOL {
                return wrong("btree in_range functions must return boolean");
            }
            (left, right) = (arg(0), arg(2));
        }
        (oids::AM_BTREE, 4) => {
            if p.args.len() != 1 {
                return wrong("btree equal image functions must have one argument");
            }
            if p.result != oids::BOOL {
                return wrong("btree equal image functions must return boolean");
            }
            if class_type != 0 && (f.left != 0 && f.left != class_type || f.right != 0 && f.right != class_type)
                || f.left != f.right
            {
                return wrong("btree equal image functions must not be cross-type");
            }
        }
        (oids::AM_HASH, 1) => {
            if p.args.len() != 1 {
                return wrong("hash function 1 must have one argument");
            }
            if p.result != oids::INT4 {
                return wrong("hash function 1 must return integer");
            }
            (left, right) = (arg(0), arg(0));
        }
        (oids::AM_HASH, 2) => {
            if p.args.len() != 2 {
                return wrong("hash function 2 must have two arguments");
            }
            if p.result != oids::INT8 {
                return wrong("hash function 2 must return bigint");
            }
            (left, right) = (arg(0), arg(0));
        }
        _ => {}
    }
    for (slot, own) in [(&mut f.left, left), (&mut f.right, right)] {
        if *slot == 0 {
            *slot = if own != 0 { own } else { class_type };
        }
    }
    if f.left == 0 || f.right == 0 {
        bail!(INVALID_OBJECT_DEFINITION, "associated data types must be specified for index support function");
    }
    Ok(())
}

/// The members a list of items adds; `class_type` is 0 for a family's own. Gives STORAGE's type, too.
fn members(
    shared: &Shared,
    m: &Method,
    list: &[CreateOpClassItem],
    class_type: Oid,
) -> Result<(Vec<FamilyMember>, Oid)> {
    let c = shared.catalog();
    let mut out: Vec<FamilyMember> = vec![];
    let mut storage = 0;
    for item in list {
        let mut f = FamilyMember {
            oid: shared.db.new_oid(),
            function: false,
            left: 0,
            right: 0,
            number: 0,
            object: 0,
            sort_family: 0,
            class: 0,
        };
        match item {
            CreateOpClassItem::Operator { number, name, order_family } => {
                check_number("operator", *number, m.strategies)?;
                f.number = *number;
                f.object = if !name.args_unspecified {
                    operatorcmds::with_args(shared, name, false)?.unwrap_or(0)
                } else if class_type != 0 {
                    operatorcmds::lookup(shared, &name.name, class_type, class_type)?
                } else {
                    bail!(SYNTAX_ERROR, "operator argument types must be specified in ALTER OPERATOR FAMILY")
                };
                let Some(o) = c.operator(f.object) else { bail!(UNDEFINED_FUNCTION, "operator does not exist") };
                if let Some(n) = order_family {
                    f.sort_family = family_named(shared, n, oids::AM_BTREE, "btree")?.0;
                    if !matches!(m.name, "gist" | "spgist") {
                        bail!(
                            INVALID_OBJECT_DEFINITION,
                            "access method \"{}\" does not support ordering operators";
                            m.name
                        );
                    }
                } else if o.left != 0 && o.result != oids::BOOL {
                    bail!(INVALID_OBJECT_DEFINITION, "index search operators must return boolean");
                }
                if o.left == 0 {
                    bail!(INVALID_OBJECT_DEFINITION, "index operators must be binary");
                }
                (f.left, f.right) = (o.left, o.right);
            }
            CreateOpClassItem::Function { number, name, class_args } => {
                check_number("function", *number, m.functions)?;
                f.number = *number;
                f.function = true;
                f.object = functioncmds::lookup(shared, name, ObjectType::Function, false)?.unwrap_or(0);
                let Some(p) = c.proc(f.object) else { bail!(UNDEFINED_FUNCTION, "function does not exist") };
                if !class_args.is_empty() {
                    (f.left, f.right) = class_types(shared, class_args)?;
                }
                function_types(m, &mut f, &p, class_type)?;
            }
            CreateOpClassItem::StorageType(t) => {
                if class_type == 0 {
                    bail!(SYNTAX_ERROR, "STORAGE cannot be specified in ALTER OPERATOR FAMILY");
                }
                if storage != 0 {
                    bail!(INVALID_OBJECT_DEFINITION, "storage type specified more than once");
                }
                storage = expressions::resolve_type(shared, t).map_err(without_position)?.oid;
                continue;
            }
            CreateOpClassItem::DropOperator { .. } | CreateOpClassItem::DropFunction { .. } => continue,
        }
        if out.iter().any(|x| same_member(x, &f)) {
            let word = if f.function { "function" } else { "operator" };
            bail!(
                INVALID_OBJECT_DEFINITION,
                "{word} number {} for ({}) appears more than once",
                f.number,
                types_text(shared, &f)
            );
        }
        out.push(f);
    }
    Ok((out, storage))
}

fn same_member(a: &FamilyMember, b: &FamilyMember) -> bool {
    (a.function, a.left, a.right, a.number) == (b.function, b.left, b.right, b.number)
}

fn types_text(shared: &Shared, f: &FamilyMember) -> String {
    filled!("{},{}"; shared.type_name(f.left), shared.type_name(f.right))
}

/// A family by name: its OID and the name it is shown by.
fn family_named(shared: &Shared, names: &[String], method: Oid, method_name: &str) -> Result<(Oid, String)> {
    match items::family(shared, names, method)? {
        Some(oid) => Ok((oid, names.join("."))),
        None => bail!(
            UNDEFINED_OBJECT,
            "operator family \"{}\" does not exist for access method \"{}\"";
            names.join("."),
            method_name
        ),
    }
}

fn add_members(shared: &Shared, family: Oid, shown: &str, new: Vec<FamilyMember>) -> Result<()> {
    let c = shared.catalog();
    let Some(i) = c.item(family) else {
        if new.is_empty() {
            return Ok(());
        }
        return Err(Error::unsupported("adding to a built-in operator family"));
    };
    let mut i = (**i).clone();
    if let ItemKind::OpFamily { members, .. } = &mut i.kind {
        for f in new {
            if members.iter().any(|x| same_member(x, &f)) {
                let word = if f.function { "function" } else { "operator" };
                bail!(
                    DUPLICATE_OBJECT,
                    "{word} {}({}) already exists in operator family \"{shown}\"",
                    f.number,
                    types_text(shared, &f)
                );
            }
            members.push(f);
        }
    }
    shared.edit_catalog(|c| c.put_item(i))
}

/// ALTER OPERATOR FAMILY … ADD, DROP.
pub fn alter_family(shared: &Shared, s: &AlterOpFamilyStmt) -> Result<()> {
    let AlterOpFamilyStmt { opfamilyname, amname, is_drop, items: list, span: _ } = s;
    let m = method(amname)?;
    let (family, shown) = family_named(shared, opfamilyname, m.oid, m.name)?;
    only_superuser(shared, "alter an operator family")?;
    let bare = opfamilyname.last().cloned().unwrap_or(shown);
    if !is_drop {
        let (new, _) = members(shared, &m, list, 0)?;
        return add_members(shared, family, &bare, new);
    }
    for item in list {
        let (function, number, types) = match item {
            CreateOpClassItem::DropOperator { number, class_args } => (false, *number, class_args),
            CreateOpClassItem::DropFunction { number, class_args } => (true, *number, class_args),
            _ => continue,
        };
        let word = if function { "function" } else { "operator" };
        check_number(word, number, if function { m.functions } else { m.strategies })?;
        let (left, right) = class_types(shared, types)?;
        let f = FamilyMember { oid: 0, function, left, right, number, object: 0, sort_family: 0, class: 0 };
        let c = shared.catalog();
        let mut found = false;
        if let Some(i) = c.item(family) {
            let mut i = (**i).clone();
            if let ItemKind::OpFamily { members, .. } = &mut i.kind {
                let before = members.len();
                members.retain(|x| !same_member(x, &f));
                found = members.len() < before;
            }
            shared.edit_catalog(|c| c.put_item(i))?;
        } else {
            let there = if function {
                builtin::amproc(family, left, right, number).is_some()
            } else {
                builtin::amop(family, left, right, number).is_some()
            };
            if there {
                return Err(Error::unsupported("dropping from a built-in operator family"));
            }
        }
        if !found {
            bail!(
                UNDEFINED_OBJECT,
                "{word} {number}({}) does not exist in operator family \"{bare}\"",
                types_text(shared, &f)
            );
        }
    }
    Ok(())
}

/// CREATE OPERATOR CLASS.
pub fn create_class(shared: &Shared, s: &CreateOpClassStmt) -> Result<()> {
    let CreateOpClassStmt { opclassname, opfamilyname, amname, datatype, items: list, is_default, span: _ } = s;
    let (schema, name) = namespace::creation_of(shared, opclassname)?;
    let m = method(amname)?;
    only_superuser(shared, "create an operator class")?;
    let input = expressions::resolve_type(shared, datatype).map_err(without_position)?.oid;
    let family = match opfamilyname {
        Some(n) => family_named(shared, n, m.oid, m.name)?.0,
        None => {
            let c = shared.catalog();
            let own = c.items().find(|i| {
                i.schema == schema && i.name == name && matches!(i.kind, ItemKind::OpFamily { method, .. } if method == m.oid)
            });
            match own.map(|i| i.oid) {
                Some(f) => f,
                None => new_family(shared, &m, &name, schema)?,
            }
        }
    };
    let (mut new, mut key) = members(shared, &m, list, input)?;
    if key == input {
        key = 0;
    }
    if key != 0 && !matches!(m.name, "gist" | "gin" | "spgist" | "brin") {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "storage type cannot be different from data type for access method \"{}\"";
            m.name
        );
    }
    let c = shared.catalog();
    let of_method = |i: &&Rc<Item>| matches!(i.kind, ItemKind::OpClass { method, .. } if method == m.oid);
    if c.items().filter(of_method).any(|i| i.schema == schema && i.name == name) {
        bail!(DUPLICATE_OBJECT, "operator class \"{}\" for access method \"{}\" already exists"; name, m.name);
    }
    if *is_default {
        let mine = c.items().filter(of_method).find(|i| {
            matches!(i.kind, ItemKind::OpClass { input: t, default: true, .. } if t == input)
        });
        let old = mine.map(|i| i.name.clone()).or_else(|| {
            builtin::opclasses_by_type(m.oid, input).find(|k| k.default()).map(|k| k.name().to_string())
        });
        if let Some(old) = old {
            return Err(err!(
                DUPLICATE_OBJECT,
                "could not make operator class \"{}\" be default for type {}";
                name,
                expressions::type_name_text(datatype)
            )
            .detail(filled!("Operator class \"{}\" already is the default."; old)));
        }
    }
    let i = blank(shared, &name, schema, ItemKind::OpClass { method: m.oid, family, input, default: *is_default, key });
    let mut edges: Vec<Dependency> = vec![];
    let me = ObjectAddress::new(ObjectClass::OpClass, i.oid);
    heap::edge(&mut edges, &me, &ObjectAddress::new(ObjectClass::OpFamily, family), DependencyKind::Auto);
    heap::needs(&mut edges, &me, ObjectClass::Type, input);
    for f in &mut new {
        f.class = i.oid;
        let on = if f.function { Objects::proc(f.object) } else { ObjectAddress::new(ObjectClass::Operator, f.object) };
        heap::edge(&mut edges, &me, &on, DependencyKind::Normal);
    }
    put_item(shared, i, &edges)?;
    let shown = c.item(family).map_or_else(|| name.clone(), |f| f.name.clone());
    add_members(shared, family, &shown, new)
}
