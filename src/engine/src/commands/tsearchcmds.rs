//! CREATE, ALTER and DROP of text search configurations and dictionaries (`tsearchcmds.c`).

use tusklet_adt::tsearch::dict::DictOption;
use tusklet_adt::tsearch::{options, parser};
use tusklet_catalog::live::{Catalog, Dependency, DependencyKind, ObjectAddress, ObjectClass, TsKind, TsMapping, TsObject};
use tusklet_catalog::builtin::oids;
use tusklet_catalog::resolve::{SearchPath, quote_identifier};
use tusklet_catalog::text_search::kind_word;
use tusklet_error::{Error, Result, SortShort, TryVec, bail, err, filled};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterTSConfigCmd, AlterTSConfigurationStmt, AlterTSDictionaryStmt, DefArg, DefElem, DefineStmt, ObjectType};

use super::define::definition_names;
use super::object_address::Objects;
use super::{acl, dependency, functioncmds, heap, namespace, option_text};
use crate::missing;
use crate::session::Shared;
use crate::system::ts_object_named;

/// The kind of text search object a kind of object is, if it is one.
pub fn kind_of(t: ObjectType) -> Option<TsKind> {
    Some(match t {
        ObjectType::TsParser => TsKind::Parser,
        ObjectType::TsDictionary => TsKind::Dictionary,
        ObjectType::TsTemplate => TsKind::Template,
        ObjectType::TsConfiguration => TsKind::Configuration,
        _ => return None,
    })
}

/// The address of a text search object.
pub fn address(oid: Oid) -> ObjectAddress {
    ObjectAddress::new(ObjectClass::TsObject, oid)
}

/// An object that must be there and belong to the user.
pub fn owned(shared: &Shared, kind: TsKind, names: &[String]) -> Result<TsObject> {
    let oid = ts_object_named(shared, kind, names)?;
    let Some(o) = shared.catalog().ts_object(kind, oid) else { return Err(Error::internal("text search object is gone")) };
    acl::check_owner(shared, o.owner, kind_word(kind), &names.join("."))?;
    Ok(o)
}

/// Stores an object with what it depends on.
fn put(shared: &Shared, o: TsObject) -> Result<()> {
    let me = address(o.oid);
    let mut edges: Vec<Dependency> = vec![];
    let mut needs = vec![Objects::schema(o.schema), address(o.base)];
    needs.extend(o.map.iter().map(|m| match o.kind {
        TsKind::Parser | TsKind::Template => Objects::proc(m.dict),
        _ => address(m.dict),
    }));
    for n in needs.into_iter().filter(|n| n.oid != 0) {
        heap::edge(&mut edges, &me, &n, DependencyKind::Normal);
    }
    dependency::replace_edges(shared, me, &|_| false, &edges)?;
    shared.edit_catalog(|c| c.put_text_search(o))
}

fn option(o: &DefElem) -> Result<DictOption> {
    let value = if o.arg.is_none() { None } else { Some(option_text(o)?) };
    let number = matches!(o.arg, Some(DefArg::Integer(_) | DefArg::Float(_)));
    Ok(DictOption { name: o.name.clone(), value, number })
}

/// How options are stored.
fn stored(list: &[DictOption]) -> Option<String> {
    (!list.is_empty()).then(|| options::write(list, &|n| quote_identifier(n)))
}

/// PostgreSQL leaves it to the catalogs' indexes to find what is there already.
fn duplicate(table: &str, index: &str, key: &str) -> Error {
    let mut e = err!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{}\""; index)
        .detail(filled!("Key {} already exists."; key));
    let r = e.report_mut();
    r.schema = Some("pg_catalog".into());
    r.table = Some(table.into());
    r.constraint = Some(index.into());
    e
}

/// CREATE TEXT SEARCH ….
pub fn define(shared: &Shared, s: &DefineStmt, kind: TsKind) -> Result<()> {
    let DefineStmt { kind: _, oldstyle: _, defnames, args: _, definition, from: _, if_not_exists: _, replace: _, span: _ } = s;
    if matches!(kind, TsKind::Parser | TsKind::Template) {
        return define_methods(shared, kind, defnames, definition);
    }
    let (schema, name) = namespace::creation_of(shared, defnames)?;
    let (mut base, mut source, mut list) = (0, 0, vec![]);
    for o in definition {
        match (kind, o.name.as_str()) {
            (TsKind::Dictionary, "template") => base = ts_object_named(shared, TsKind::Template, &definition_names(o)?)?,
            (TsKind::Dictionary, _) => list.push(option(o)?),
            (_, "parser") => base = ts_object_named(shared, TsKind::Parser, &definition_names(o)?)?,
            (_, "copy") => source = ts_object_named(shared, TsKind::Configuration, &definition_names(o)?)?,
            (_, n) => bail!(SYNTAX_ERROR, "text search configuration parameter \"{}\" not recognized"; n),
        }
    }
    let c = shared.catalog();
    if source != 0 && base != 0 {
        bail!(SYNTAX_ERROR, "cannot specify both PARSER and COPY options");
    }
    let copied = c.ts_object(TsKind::Configuration, source);
    base = copied.as_ref().map_or(base, |o| o.base);
    if base == 0 {
        let what = if kind == TsKind::Dictionary { "template" } else { "parser" };
        bail!(INVALID_OBJECT_DEFINITION, "text search {} is required"; what);
    }
    if kind == TsKind::Dictionary {
        crate::text_search::build(shared, &c, base, &list, 0)?;
    }
    if c.ts_named(kind, schema, &name).is_some() {
        let (table, prefix) = if kind == TsKind::Dictionary { ("pg_ts_dict", "dict") } else { ("pg_ts_config", "cfg") };
        let key = format!("({prefix}name, {prefix}namespace)=({name}, {schema})");
        return Err(duplicate(table, &filled!("{}_{}name_index"; table, prefix), &key));
    }
    let map = copied.map_or(vec![], |o| o.map);
    let oid = shared.db.new_oid();
    put(shared, TsObject { oid, kind, name, schema, owner: shared.user(), base, options: stored(&list), map })
}

/// The methods of a parser or template: option, argument types, result, whether it must be there; from attribute 4 on.
type Methods = &'static [(&'static str, &'static [Oid], Oid, bool)];

const I: Oid = oids::INTERNAL;
const PARSER: Methods = &[
    ("start", &[I, oids::INT4], I, true),
    ("gettoken", &[I, I, I], I, true),
    ("end", &[I], oids::VOID, true),
    ("headline", &[I, I, oids::TSQUERY], I, false),
    ("lextypes", &[I], I, true),
];
const TEMPLATE: Methods = &[("init", &[I], I, false), ("lexize", &[I, I, I, I], I, true)];

/// CREATE TEXT SEARCH PARSER and TEMPLATE: new names for what is built in, there being no functions of others.
fn define_methods(shared: &Shared, kind: TsKind, defnames: &[String], definition: &[DefElem]) -> Result<()> {
    let what = kind_word(kind);
    if !acl::is_superuser(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create {}s"; what);
    }
    let methods = if kind == TsKind::Parser { PARSER } else { TEMPLATE };
    let (schema, name) = namespace::creation_of(shared, &defnames.to_vec())?;
    let mut map: Vec<TsMapping> = vec![];
    for o in definition {
        let Some(i) = methods.iter().position(|m| m.0 == o.name) else {
            bail!(SYNTAX_ERROR, "{} parameter \"{}\" not recognized"; what, o.name);
        };
        let names = definition_names(o)?;
        let Some(p) = functioncmds::exact(shared, &names, methods[i].1, false)? else { return Ok(()) };
        if p.result != methods[i].2 {
            let (c, path) = (shared.catalog(), shared.search_path());
            let ty = shared.type_name(methods[i].2);
            let shown = signature(&c, &path, &names, methods[i].1);
            bail!(WRONG_OBJECT_TYPE, "function {} should return type {}"; shown, ty);
        }
        map.retain(|m| m.token != i as i32 + 4);
        map.push(TsMapping { token: i as i32 + 4, dict: p.oid });
    }
    for (i, m) in methods.iter().enumerate() {
        if m.3 && !map.iter().any(|f| f.token == i as i32 + 4) {
            bail!(INVALID_OBJECT_DEFINITION, "{} {} method is required"; what, m.0);
        }
    }
    if shared.catalog().ts_named(kind, schema, &name).is_some() {
        let (table, prefix) = if kind == TsKind::Parser { ("pg_ts_parser", "prs") } else { ("pg_ts_template", "tmpl") };
        let key = format!("({prefix}name, {prefix}namespace)=({name}, {schema})");
        return Err(duplicate(table, &filled!("{}_{}name_index"; table, prefix), &key));
    }
    let oid = shared.db.new_oid();
    put(shared, TsObject { oid, kind, name, schema, owner: shared.user(), base: 0, options: None, map })
}

fn signature(c: &Catalog, path: &SearchPath, names: &[String], types: &[Oid]) -> String {
    let types: Vec<String> = types.iter().map(|t| c.format_type(path, *t)).collect();
    filled!("{}({})"; names.join("."), types.join(", "))
}

/// ALTER TEXT SEARCH DICTIONARY.
pub fn alter_dictionary(shared: &Shared, s: &AlterTSDictionaryStmt) -> Result<()> {
    let AlterTSDictionaryStmt { dictname, options: changes, span: _ } = s;
    let mut o = owned(shared, TsKind::Dictionary, dictname)?;
    let mut list = options::read(o.options.as_deref().unwrap_or(""))?;
    for change in changes {
        list.retain(|old| old.name != change.name);
        if change.arg.is_some() {
            list.push(option(change)?);
        }
    }
    crate::text_search::build(shared, &shared.catalog(), o.base, &list, 0)?;
    o.options = stored(&list);
    put(shared, o)
}

fn tokens(names: &[String]) -> Result<Vec<(i32, &str)>> {
    let mut out: Vec<(i32, &str)> = vec![];
    for n in names {
        let Some(t) = parser::type_named(n) else {
            bail!(INVALID_PARAMETER_VALUE, "token type \"{}\" does not exist"; n);
        };
        if !out.iter().any(|o| o.0 == i32::from(t)) {
            out.push((i32::from(t), n));
        }
    }
    Ok(out)
}

/// ALTER TEXT SEARCH CONFIGURATION.
pub fn alter_configuration(shared: &Shared, s: &AlterTSConfigurationStmt) -> Result<()> {
    let AlterTSConfigurationStmt { cfgname, cmd, span: _ } = s;
    let mut o = owned(shared, TsKind::Configuration, cfgname)?;
    let dict = |names: &Vec<String>| ts_object_named(shared, TsKind::Dictionary, names);
    match cmd {
        AlterTSConfigCmd::AddMapping { tokentype, dicts } | AlterTSConfigCmd::AlterMappingForToken { tokentype, dicts } => {
            let types = tokens(tokentype)?;
            if matches!(cmd, AlterTSConfigCmd::AlterMappingForToken { .. }) {
                o.map.retain(|m| !types.iter().any(|t| t.0 == m.token));
            }
            let dicts = dicts.iter().map(dict).try_vec()?;
            for (token, _) in types {
                if o.map.iter().any(|m| m.token == token) {
                    let key = format!("(mapcfg, maptokentype, mapseqno)=({}, {token}, 1)", o.oid);
                    return Err(duplicate("pg_ts_config_map", "pg_ts_config_map_index", &key));
                }
                o.map.extend(dicts.iter().map(|d| TsMapping { token, dict: *d }));
            }
            o.map.order_by_key(|m| m.token);
        }
        AlterTSConfigCmd::ReplaceDict { old, new } => replace(&mut o, None, dict(old)?, dict(new)?),
        AlterTSConfigCmd::ReplaceDictForToken { tokentype, old, new } => {
            let types = tokens(tokentype)?.into_iter().map(|t| t.0).collect();
            replace(&mut o, Some(types), dict(old)?, dict(new)?);
        }
        AlterTSConfigCmd::DropMapping { tokentype, missing_ok } => {
            for (token, name) in tokens(tokentype)? {
                let before = o.map.len();
                o.map.retain(|m| m.token != token);
                if o.map.len() < before {
                    continue;
                }
                let e = err!(UNDEFINED_OBJECT, "mapping for token type \"{}\" does not exist"; name);
                missing::unless(*missing_ok, shared, e)?;
            }
        }
    }
    put(shared, o)
}

fn replace(o: &mut TsObject, types: Option<Vec<i32>>, old: Oid, new: Oid) {
    for m in &mut o.map {
        if m.dict == old && types.as_ref().is_none_or(|t| t.contains(&m.token)) {
            m.dict = new;
        }
    }
}

/// Changes an object and stores it.
fn change(shared: &Shared, mut o: TsObject, f: impl FnOnce(&mut TsObject)) -> Result<()> {
    f(&mut o);
    put(shared, o)
}

fn check_free(shared: &Shared, o: &TsObject, schema: Oid, name: &str) -> Result<()> {
    let c = shared.catalog();
    if c.ts_named(o.kind, schema, name).is_none() {
        return Ok(());
    }
    let schema = c.schema_name(schema).unwrap_or_default();
    bail!(DUPLICATE_OBJECT, "{} \"{}\" already exists in schema \"{}\""; kind_word(o.kind), name, schema)
}

/// ALTER TEXT SEARCH … RENAME TO.
pub fn rename(shared: &Shared, kind: TsKind, names: &[String], new: &str) -> Result<()> {
    let o = owned(shared, kind, names)?;
    acl::check_schema(shared, o.schema, acl::CREATE)?;
    check_free(shared, &o, o.schema, new)?;
    change(shared, o, |o| o.name = new.to_string())
}

/// ALTER TEXT SEARCH … SET SCHEMA.
pub fn set_schema(shared: &Shared, kind: TsKind, names: &[String], to: &str) -> Result<()> {
    let oid = ts_object_named(shared, kind, names)?;
    let to = namespace::existing_schema(shared, to)?;
    let Some(o) = shared.catalog().ts_object(kind, oid) else { return Ok(()) };
    if o.schema == to {
        return Ok(());
    }
    let o = owned(shared, kind, names)?;
    acl::check_schema(shared, to, acl::CREATE)?;
    check_free(shared, &o, to, &o.name)?;
    change(shared, o, |o| o.schema = to)
}

/// Gives it to another.
pub fn set_owner(shared: &Shared, oid: Oid, to: Oid) -> Result<()> {
    match shared.catalog().any_ts_object(oid) {
        Some(o) => change(shared, o, |o| o.owner = to),
        None => Ok(()),
    }
}

/// Those a role owns.
pub fn owned_by(c: &Catalog, role: Oid) -> impl Iterator<Item = ObjectAddress> {
    c.text_search().values().filter(move |o| o.owner == role).map(|o| address(o.oid))
}

/// What DROP means; `None` after a notice when it may be missing.
pub fn find(shared: &Shared, kind: TsKind, names: &[String], missing_ok: bool) -> Result<Option<ObjectAddress>> {
    let (schema, name) = namespace::split(shared, names)?;
    let c = shared.catalog();
    let mut gone = None;
    match schema {
        Some(s) => match namespace::explicit(shared, s)? {
            None => gone = Some(filled!("schema \"{}\" does not exist"; s)),
            Some(s) if c.ts_named(kind, s, name).is_none() => gone = Some(String::new()),
            Some(_) => {}
        },
        None if c.ts_lookup(kind, &shared.search_path(), name).is_none() => gone = Some(String::new()),
        None => {}
    }
    if let Some(text) = gone.filter(|_| missing_ok) {
        let text = if text.is_empty() { filled!(
            "{} \"{}\" does not exist"; kind_word(kind), names.join(".")
        ) } else { text };
        missing::skipping(shared, text);
        return Ok(None);
    }
    Ok(Some(address(ts_object_named(shared, kind, names)?)))
}
