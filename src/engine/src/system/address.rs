//! Objects as addresses, and back: `pg_get_object_address`, `pg_identify_object*`, `pg_describe_object` (`objectaddress.c`).

use tusklet_adt::array::Array;
use tusklet_catalog::builtin;
use tusklet_catalog::live::{ItemKind, ObjectAddress, ObjectClass};
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_catalog::system::attribute::default_oid;
use tusklet_catalog::system::object::{address_oids, ts_class_oid};
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, bail, err};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{DefArg, ObjectName, ObjectType, ObjectWithArgs, TypeName};
use tusklet_vector::{Datum, TypeRef, Value};

use super::{Env, names};
use crate::commands::object_identity::{self as identity, Object, class_by_oid, describe as description, look};
use crate::commands::{expressions, namespace, object_lookup as lookup};
use crate::session::Shared;

type Rows = Result<Vec<Vec<Value>>>;

/// How the lists name an object of a type.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// By one name.
    Single,
    /// By a name that may have a schema.
    Qualified,
    /// A column, and its default.
    Column,
    Default,
    /// By its relation and its own name.
    Part,
    /// By a type; the first has arguments of its own, of the others the second argument is a type or a name.
    Type,
    Cast,
    Domain,
    Transform,
    /// By name and argument types.
    Routine,
    Operator,
    /// By access method and name.
    Using,
    /// By family, number and types.
    MemberOperator,
    MemberFunction,
    LargeObject,
    UserMapping,
    PublicationSchema,
    PublicationRelation,
    DefaultAcl,
    /// There is such a type, but it has no addresses.
    Never,
}

/// The types of objects by what they are called.
static KINDS: &[(&str, ObjectType, Form)] = &[
    ("table", ObjectType::Table, Form::Qualified),
    ("index", ObjectType::Index, Form::Qualified),
    ("sequence", ObjectType::Sequence, Form::Qualified),
    ("view", ObjectType::View, Form::Qualified),
    ("materialized view", ObjectType::MatView, Form::Qualified),
    ("foreign table", ObjectType::ForeignTable, Form::Qualified),
    ("toast table", ObjectType::Table, Form::Never),
    ("composite type", ObjectType::Table, Form::Never),
    ("table column", ObjectType::Column, Form::Column),
    ("foreign table column", ObjectType::Column, Form::Column),
    ("index column", ObjectType::Column, Form::Never),
    ("sequence column", ObjectType::Column, Form::Never),
    ("toast table column", ObjectType::Column, Form::Never),
    ("view column", ObjectType::Column, Form::Never),
    ("materialized view column", ObjectType::Column, Form::Never),
    ("composite type column", ObjectType::Column, Form::Never),
    ("aggregate", ObjectType::Aggregate, Form::Routine),
    ("function", ObjectType::Function, Form::Routine),
    ("procedure", ObjectType::Procedure, Form::Routine),
    ("type", ObjectType::Type, Form::Type),
    ("cast", ObjectType::Cast, Form::Cast),
    ("collation", ObjectType::Collation, Form::Qualified),
    ("table constraint", ObjectType::TabConstraint, Form::Part),
    ("domain constraint", ObjectType::DomConstraint, Form::Domain),
    ("conversion", ObjectType::Conversion, Form::Qualified),
    ("default value", ObjectType::Column, Form::Default),
    ("language", ObjectType::Language, Form::Single),
    ("large object", ObjectType::LargeObject, Form::LargeObject),
    ("operator", ObjectType::Operator, Form::Operator),
    ("operator class", ObjectType::OpClass, Form::Using),
    ("operator family", ObjectType::OpFamily, Form::Using),
    ("access method", ObjectType::AccessMethod, Form::Single),
    ("operator of access method", ObjectType::OpFamily, Form::MemberOperator),
    ("function of access method", ObjectType::OpFamily, Form::MemberFunction),
    ("rule", ObjectType::Rule, Form::Part),
    ("trigger", ObjectType::Trigger, Form::Part),
    ("schema", ObjectType::Schema, Form::Single),
    ("text search parser", ObjectType::TsParser, Form::Qualified),
    ("text search dictionary", ObjectType::TsDictionary, Form::Qualified),
    ("text search template", ObjectType::TsTemplate, Form::Qualified),
    ("text search configuration", ObjectType::TsConfiguration, Form::Qualified),
    ("role", ObjectType::Role, Form::Single),
    ("database", ObjectType::Database, Form::Single),
    ("tablespace", ObjectType::Tablespace, Form::Single),
    ("foreign-data wrapper", ObjectType::Fdw, Form::Single),
    ("server", ObjectType::ForeignServer, Form::Single),
    ("user mapping", ObjectType::ForeignServer, Form::UserMapping),
    ("default acl", ObjectType::Role, Form::DefaultAcl),
    ("extension", ObjectType::Extension, Form::Single),
    ("event trigger", ObjectType::EventTrigger, Form::Single),
    ("parameter ACL", ObjectType::Parameter, Form::Single),
    ("policy", ObjectType::Policy, Form::Part),
    ("publication", ObjectType::Publication, Form::Single),
    ("publication namespace", ObjectType::Schema, Form::PublicationSchema),
    ("publication relation", ObjectType::Publication, Form::PublicationRelation),
    ("subscription", ObjectType::Subscription, Form::Single),
    ("transform", ObjectType::Transform, Form::Transform),
    ("statistics object", ObjectType::StatisticExt, Form::Qualified),
];

fn no_nulls() -> Error {
    err!(INVALID_PARAMETER_VALUE, "name or argument lists may not contain nulls")
}

fn items(d: &Datum<'_>) -> Result<Vec<Option<String>>> {
    let a = Array::decode(d.bytes())?;
    Ok(a.iter().map(|i| i.map(|b| String::from_utf8_lossy(b).into_owned())).collect())
}

fn not_null(list: Vec<Option<String>>) -> Result<Vec<String>> {
    list.into_iter().map(|i| i.ok_or_else(no_nulls)).collect()
}

/// Refuses a list of another length, or with `least` a shorter one.
fn check_length(list: &str, len: usize, wanted: usize, least: bool) -> Result<()> {
    if len == wanted || least && len > wanted {
        return Ok(());
    }
    let how = if least { "at least" } else { "exactly" };
    bail!(INVALID_PARAMETER_VALUE, "{list} list length must be {how} {wanted}")
}

/// `pg_get_object_address(type, names, args)`.
pub(super) fn get(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let a = address(env.shared, args[0].str(), items(&args[1])?, items(&args[2])?)?;
    let (class, oid, sub) = address_oids(&env.shared.catalog(), a);
    Ok(vec![vec![values::oid(class), values::oid(oid), Value::I32(sub)]])
}

fn address(
    shared: &Shared,
    kind: &str,
    names: Vec<Option<String>>,
    args: Vec<Option<String>>,
) -> Result<ObjectAddress> {
    let Some(&(_, t, form)) = KINDS.iter().find(|k| k.0 == kind) else {
        bail!(INVALID_PARAMETER_VALUE, "unrecognized object type \"{}\""; kind);
    };
    // The names: one type, one number, or as many as there are.
    let typed = matches!(form, Form::Type | Form::Cast | Form::Domain | Form::Transform);
    if form == Form::Never {
        bail!(INVALID_PARAMETER_VALUE, "unsupported object type \"{}\""; kind);
    }
    if typed || form == Form::LargeObject {
        check_length("name", names.len(), 1, false)?;
    }
    if form == Form::LargeObject && names[0].is_none() {
        bail!(INVALID_PARAMETER_VALUE, "large object OID may not be null");
    }
    let mut names = not_null(names)?;
    let mut types: Vec<Option<TypeName>> = vec![];
    if typed {
        types.push(Some(names::type_name(&names[0])?));
    }
    check_length("name", names.len(), 1, true)?;
    // The arguments: types or names.
    if matches!(form, Form::Routine | Form::Operator | Form::Cast | Form::MemberOperator | Form::MemberFunction) {
        for a in &args {
            types.push(Some(names::type_name(a.as_ref().ok_or_else(no_nulls)?)?));
        }
    }
    let args = not_null(args)?;
    // How many there must be.
    match form {
        Form::Using => check_length("name", names.len(), 2, true)?,
        Form::MemberOperator | Form::MemberFunction => check_length("name", names.len(), 3, true)?,
        Form::PublicationSchema | Form::UserMapping | Form::Single => check_length("name", names.len(), 1, false)?,
        _ => {}
    }
    match form {
        Form::MemberOperator | Form::MemberFunction | Form::Operator => check_length("argument", args.len(), 2, false)?,
        Form::PublicationSchema
        | Form::UserMapping
        | Form::Domain
        | Form::Cast
        | Form::PublicationRelation
        | Form::DefaultAcl
        | Form::Transform => check_length("argument", args.len(), 1, false)?,
        _ => {}
    }
    let first = args.first().map_or("", String::as_str);
    let mut last_type = || types.pop().flatten().ok_or_else(no_nulls);
    let name = match form {
        Form::Default => return default(shared, &names),
        Form::MemberOperator | Form::MemberFunction => return member(shared, form, &names, &types),
        Form::UserMapping => return Err(user_mapping(shared, &names[0], first)),
        Form::PublicationSchema | Form::PublicationRelation => return Err(publication(shared, form, &names, first)),
        Form::DefaultAcl => return Err(default_acl(&names, first)),
        Form::Type => ObjectName::Type(last_type()?),
        Form::Domain => ObjectName::OfDomain { domain: last_type()?, name: first.to_string() },
        Form::Transform => ObjectName::Transform { type_name: last_type()?, language: first.to_string() },
        Form::Cast => {
            let target = last_type()?;
            ObjectName::Cast { source: last_type()?, target }
        }
        Form::Routine | Form::Operator => {
            ObjectName::WithArgs(ObjectWithArgs { name: names, args: types, ..ObjectWithArgs::default() })
        }
        Form::Using => ObjectName::Using { method: names.remove(0), name: names },
        Form::LargeObject => ObjectName::LargeObject(DefArg::String(names.remove(0))),
        Form::Part if names.len() > 1 => {
            let name = names.pop().unwrap_or_default();
            ObjectName::OfRelation { relation: names, name }
        }
        Form::Part => bail!(SYNTAX_ERROR, "must specify relation and object name"),
        _ => ObjectName::Name(names),
    };
    found(shared, &name, t)
}

fn found(shared: &Shared, name: &ObjectName, t: ObjectType) -> Result<ObjectAddress> {
    let a = lookup::get(shared, name, t, false).map_err(Error::nowhere)?;
    a.ok_or_else(|| err!(UNDEFINED_OBJECT, "object does not exist"))
}

/// A column's default.
fn default(shared: &Shared, names: &[String]) -> Result<ObjectAddress> {
    let (r, name) = lookup::column_of(shared, names)?;
    let number = r.attno(name).filter(|a| r.column(*a).is_some_and(|c| c.default.is_some()));
    let Some(a) = number else {
        let rel = names[..names.len() - 1].join(".");
        bail!(UNDEFINED_COLUMN, "default value for column \"{}\" of relation \"{}\" does not exist"; name, rel);
    };
    Ok(ObjectAddress { class: ObjectClass::Default, oid: r.oid, sub: i32::from(a) })
}

/// A member of an operator family (`get_object_address_opf_member`).
fn member(shared: &Shared, form: Form, names: &[String], types: &[Option<TypeName>]) -> Result<ObjectAddress> {
    let function = form == Form::MemberFunction;
    let last = names.len() - 1;
    // The number as atoi reads it.
    let text = names[last].trim_start();
    let end = text.bytes().enumerate().position(|(i, b)| !(b.is_ascii_digit() || i == 0 && matches!(b, b'-' | b'+')));
    let number: i32 = text[..end.unwrap_or(text.len())].parse().unwrap_or(0);
    let using = ObjectName::Using { method: names[0].clone(), name: names[1..last].to_vec() };
    let family = found(shared, &using, ObjectType::OpFamily)?;
    let (mut of, mut shown) = (vec![], vec![]);
    for t in types.iter().flatten() {
        of.push(found(shared, &ObjectName::Type(t.clone()), ObjectType::Type)?.oid);
        shown.push(expressions::type_name_text(t));
    }
    let (left, right) = (of[0], of[1]);
    let c = shared.catalog();
    let member = match c.item(family.oid).map(|i| &i.kind) {
        Some(ItemKind::OpFamily { members, .. }) => members
            .iter()
            .find(|m| (m.function, m.left, m.right, m.number) == (function, left, right, number))
            .map(|m| m.oid),
        _ if function => builtin::amproc(family.oid, left, right, number).map(|m| m.oid()),
        _ => builtin::amop(family.oid, left, right, number).map(|m| m.oid()),
    };
    let (class, word) = if function { (ObjectClass::Amproc, "function") } else { (ObjectClass::Amop, "operator") };
    match member {
        Some(m) => Ok(ObjectAddress::new(class, m)),
        None => Err(err!(
            UNDEFINED_OBJECT,
            "{word} {number} ({}, {}) of {} does not exist",
            shown[0],
            shown[1],
            description(&c, &shared.search_path(), family)
        )),
    }
}

/// Why there is no such user mapping.
fn user_mapping(shared: &Shared, user: &str, server: &str) -> Error {
    if user != "public" && names::role_named(&shared.catalog(), user).is_none() {
        return err!(UNDEFINED_OBJECT, "user mapping for user \"{}\" on server \"{}\" does not exist"; user, server);
    }
    err!(UNDEFINED_OBJECT, "server \"{}\" does not exist"; server)
}

/// Why a publication does not have the schema or relation.
fn publication(shared: &Shared, form: Form, names: &[String], publication: &str) -> Error {
    let of = if form == Form::PublicationSchema {
        namespace::existing_schema(shared, &names[0]).map(|_| ())
    } else {
        namespace::range_var(names).and_then(|r| namespace::get(shared, &r)).map(|_| ())
    };
    match of {
        Ok(()) => err!(UNDEFINED_OBJECT, "publication \"{}\" does not exist"; publication),
        Err(e) => e,
    }
}

/// Why there are no such default privileges (`get_object_address_defacl`).
fn default_acl(names: &[String], letter: &str) -> Error {
    let letter = letter.get(..letter.chars().next().map_or(0, char::len_utf8)).unwrap_or_default();
    let on = match letter {
        "r" => "tables",
        "S" => "sequences",
        "f" => "functions",
        "T" => "types",
        "n" => "schemas",
        _ => {
            return err!(INVALID_PARAMETER_VALUE, "unrecognized default ACL object type \"{}\""; letter)
                .hint("Valid object types are \"r\", \"S\", \"f\", \"T\", \"n\".");
        }
    };
    match names.get(1) {
        Some(s) => err!(
            UNDEFINED_OBJECT, "default ACL for user \"{}\" in schema \"{}\" on {} does not exist"; names[0], s, on
        ),
        None => err!(UNDEFINED_OBJECT, "default ACL for user \"{}\" on {} does not exist"; names[0], on),
    }
}

/// The object at an address that SQL gives, and what it is called when there is none.
fn object(env: &mut Env<'_, '_>, args: &[Datum<'_>], path: &SearchPath) -> Result<(Option<Object>, String)> {
    let (class, oid, sub) = (args[0].int() as Oid, args[1].int() as Oid, args[2].i32());
    if sub != 0 && class != builtin::oids::RELATION_PG_CLASS {
        bail!(INTERNAL_ERROR, "invalid non-zero objectSubId for object class {class}");
    }
    let (word, known) = class_by_oid(class)?;
    let c = env.cx.catalog.clone();
    let found = match known {
        None => None,
        Some(ObjectClass::Database) => {
            crate::system::all_databases(env.shared).iter().find(|d| d.0 == oid).map(|d| identity::database(&d.1))
        }
        Some(ObjectClass::Default) => {
            let of = |r: &tusklet_catalog::live::Relation| {
                let with = |n: &i16| r.column(*n).is_some_and(|k| k.default.is_some()) && default_oid(r.oid, *n) == oid;
                (1..=r.columns.len() as i16).find(with)
            };
            let found = c.user_relations().find_map(|r| of(r).map(|n| (r.oid, n)));
            found.and_then(|(oid, n)| {
                look(&c, path, ObjectAddress { class: ObjectClass::Default, oid, sub: i32::from(n) })
            })
        }
        Some(ObjectClass::TsObject) if c.any_ts_object(oid).is_none_or(|o| ts_class_oid(o.kind) != class) => None,
        Some(ObjectClass::LargeObject) if !crate::large_object::exists(env.shared, oid)? => None,
        Some(k) => look(&c, path, ObjectAddress { class: k, oid, sub }),
    };
    let kind = match &found {
        Some(o) => o.kind.clone(),
        None => identity::kind_of_missing(&c, known, oid, word),
    };
    Ok((found, kind))
}

fn text_or_null(s: Option<String>) -> Value {
    s.map_or(Value::Null, |s| Value::text(&s))
}

/// `pg_describe_object(class, object, column)`.
pub(super) fn describe(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    if args[0].int() == 0 && args[1].int() == 0 {
        return Ok(Value::Null);
    }
    let (found, _) = object(env, args, &env.shared.search_path())?;
    Ok(text_or_null(found.map(|o| o.description)))
}

/// `pg_identify_object(class, object, column)`.
pub(super) fn identify(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let (found, kind) = object(env, args, &env.shared.search_path().nowhere())?;
    let o = found.unwrap_or_default();
    let quoted = |name: Option<String>| text_or_null(name.map(|n| quote_identifier(&n)));
    let schema = quoted(env.cx.catalog.schema_name(o.schema));
    let identity = text_or_null(Some(o.identity).filter(|i| !i.is_empty()));
    Ok(vec![vec![Value::text(&kind), schema, quoted(o.name), identity]])
}

/// `pg_identify_object_as_address(class, object, column)`.
pub(super) fn identify_as_address(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Rows {
    let (found, kind) = object(env, args, &env.shared.search_path().nowhere())?;
    let mut row = vec![Value::text(&kind), Value::Null, Value::Null];
    if let Some(o) = found {
        row[1] = values::texts(o.names.iter().map(String::as_str))?;
        row[2] = values::texts(o.args.iter().map(String::as_str))?;
    }
    Ok(vec![row])
}
