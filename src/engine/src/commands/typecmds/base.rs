//! Base types: CREATE TYPE name (…), shells, ALTER TYPE … SET (`DefineType`, `AlterType`).

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{Dependency, ObjectClass, Proc, Type, TypeEntryKind};
use tusklet_error::{Notice, Result, Severity, SqlState, bail, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_syntax::ast::{AlterTypeStmt, DefArg, DefElem, DefineStmt};

use super::{blank, change_type};
use crate::commands::define::{conflict, definition_names, definition_type};
use crate::commands::object_address::Objects;
use crate::commands::{acl, bool_option, expressions, functioncmds, heap, namespace, option_text, pg_type, without_position};
use crate::session::Shared;

/// A type of which only the name is known (`TypeShellMake`).
pub fn make_shell(shared: &Shared, name: &str, schema: Oid) -> Result<Oid> {
    let mut t = blank(shared, name, schema, TypeEntryKind::Base { like: 0, element: 0, default: None });
    let io = |name: &str| builtin::procs_by_name(name).next().map_or(0, |p| p.oid());
    t.category = b'P';
    t.len = 4;
    t.by_val = true;
    t.storage = b'p';
    t.io = vec![io("shell_in"), io("shell_out"), 0, 0];
    t.defined = false;
    let oid = t.oid;
    shared.edit_catalog(|c| c.put_type(t))?;
    super::in_schema(shared, oid, schema)?;
    Ok(oid)
}

/// A function of a type by its name: of the first signature there is one for (the errors speak of the first). Its result must
/// be `result`.
fn find(shared: &Shared, what: &str, names: &[String], signatures: &[&[Oid]], result: Oid) -> Result<Oid> {
    let mut found: Vec<std::rc::Rc<Proc>> = vec![];
    for s in signatures {
        found.extend(functioncmds::exact(shared, names, s, true)?);
    }
    let name = names.join(".");
    let p = match found.as_slice() {
        [] => {
            functioncmds::exact(shared, names, signatures[0], false)?;
            return Ok(0);
        }
        [p] => p,
        _ => bail!(AMBIGUOUS_FUNCTION, "{} function {} has multiple matches"; what, name),
    };
    if p.result != result {
        let shown = shared.type_name(result);
        bail!(INVALID_OBJECT_DEFINITION, "{} function {} must return type {}"; what, name, shown);
    }
    if p.volatility == b'v' {
        shared.warn(SqlState::INVALID_OBJECT_DEFINITION, filled!("{} function {} should not be volatile"; what, name));
    }
    Ok(p.oid)
}

/// Options by name; `None` where there is none.
struct Options<'a> {
    list: Vec<(&'static str, &'a DefElem)>,
}

const KNOWN: &[&str] = &[
    "like", "internallength", "input", "output", "receive", "send", "typmod_in", "typmod_out", "analyze", "subscript",
    "category", "preferred", "delimiter", "element", "default", "passedbyvalue", "alignment", "storage", "collatable",
];

impl Options<'_> {
    fn get(&self, name: &str) -> Option<&DefElem> {
        self.list.iter().find(|(n, _)| *n == name).map(|(_, o)| *o)
    }

    fn names(&self, name: &str) -> Result<Vec<String>> {
        self.get(name).map_or(Ok(vec![]), definition_names)
    }
}

fn alignment(o: &DefElem) -> Result<u8> {
    let a = option_text(o)?;
    Ok(match_word!(a.to_ascii_lowercase().as_str();
        "double" | "float8" | "pg_catalog.float8" => b'd',
        "int4" | "pg_catalog.int4" => b'i',
        "int2" | "pg_catalog.int2" => b's',
        "char" | "pg_catalog.bpchar" => b'c';
        _ => bail!(INVALID_PARAMETER_VALUE, "alignment \"{}\" not recognized"; a),
    ))
}

fn storage(o: &DefElem) -> Result<u8> {
    let a = option_text(o)?;
    Ok(match a.to_ascii_lowercase().as_str() {
        "plain" => b'p',
        "external" => b'e',
        "extended" => b'x',
        "main" => b'm',
        _ => bail!(INVALID_PARAMETER_VALUE, "storage \"{}\" not recognized"; a),
    })
}

fn check_form(t: &Type) -> Result<()> {
    let align = t.align as char;
    if !(t.len > 0 || t.len == -1 || t.len == -2) {
        bail!(INVALID_OBJECT_DEFINITION, "invalid type internal size {}", t.len);
    }
    if t.by_val {
        let wanted = match t.len {
            1 => b'c',
            2 => b's',
            4 => b'i',
            8 => b'd',
            n => bail!(INVALID_OBJECT_DEFINITION, "internal size {n} is invalid for passed-by-value type"),
        };
        if t.align != wanted {
            bail!(
                INVALID_OBJECT_DEFINITION,
                "alignment \"{align}\" is invalid for passed-by-value type of size {}",
                t.len
            );
        }
    } else if t.len == -1 && !matches!(t.align, b'i' | b'd') || t.len == -2 && t.align != b'c' {
        bail!(INVALID_OBJECT_DEFINITION, "alignment \"{align}\" is invalid for variable-length type");
    }
    if t.storage != b'p' && t.len != -1 {
        bail!(INVALID_OBJECT_DEFINITION, "fixed-size types must have storage PLAIN");
    }
    Ok(())
}

/// CREATE TYPE name and CREATE TYPE name (…).
pub fn create_type(shared: &Shared, s: &DefineStmt) -> Result<()> {
    let DefineStmt { kind: _, oldstyle: _, defnames, args: _, definition, from: _, if_not_exists: _, replace: _, span: _ } = s;
    if !acl::is_superuser(shared) {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to create a base type");
    }
    let (schema, name) = namespace::creation_of(shared, defnames)?;
    let c = shared.catalog();
    let shell = c.type_named(schema, &name).and_then(|o| c.ty(o)).filter(|t| !t.defined);
    if shell.is_none() || definition.is_empty() {
        pg_type::claim_name(shared, schema, &name, false)?;
    }
    if definition.is_empty() {
        return make_shell(shared, &name, schema).map(|_| ());
    }
    let Some(shell) = shell else {
        return Err(err!(DUPLICATE_OBJECT, "type \"{}\" does not exist"; name).hint(
            "Create the type as a shell type, then create its I/O functions, then do a full CREATE TYPE.",
        ));
    };
    let mut options = Options { list: vec![] };
    for o in definition {
        let n = if o.name == "analyse" { "analyze" } else { o.name.as_str() };
        match KNOWN.iter().find(|k| **k == n) {
            Some(k) if options.get(k).is_some() => {
                return Err(conflict(o));
            }
            Some(k) => options.list.push((k, o)),
            None => {
                let text = filled!("type attribute \"{}\" not recognized"; o.name);
                let mut notice = Notice::new(Severity::Warning, SqlState::SYNTAX_ERROR, text);
                notice.span = o.span;
                shared.notice(notice);
            }
        }
    }
    let mut t = (*shell).clone();
    t.defined = true;
    t.owner = shared.user();
    (t.len, t.by_val, t.align, t.storage, t.category, t.delim) = (-1, false, b'i', b'p', b'U', b',');
    if let Some(o) = options.get("like") {
        let like = expressions::resolve_type(shared, &definition_type(o)?).map_err(without_position)?.oid;
        if let Some(l) = c.ty(like) {
            (t.len, t.by_val, t.align, t.storage) = (l.len, l.by_val, l.align, l.storage);
        }
    }
    if let Some(o) = options.get("internallength") {
        t.len = match &o.arg {
            Some(DefArg::Integer(i)) => *i as i16,
            _ if option_text(o)?.eq_ignore_ascii_case("variable") => -1,
            _ => bail!(SYNTAX_ERROR, "invalid argument for {}: \"{}\""; o.name, option_text(o)?),
        };
    }
    if let Some(o) = options.get("category") {
        let text = option_text(o)?;
        t.category = match text.bytes().next() {
            Some(b) if (32..=126).contains(&b) => b,
            _ => bail!(INVALID_PARAMETER_VALUE, "invalid type category \"{}\": must be simple ASCII"; text),
        };
    }
    if let Some(o) = options.get("preferred") {
        t.preferred = bool_option(o)?;
    }
    if let Some(o) = options.get("delimiter") {
        t.delim = option_text(o)?.bytes().next().unwrap_or(0);
    }
    let mut element = 0;
    if let Some(o) = options.get("element") {
        element = expressions::resolve_type(shared, &definition_type(o)?).map_err(without_position)?.oid;
        if matches!(c.ty(element).as_deref().map(|t| &t.kind), Some(TypeEntryKind::Pseudo)) {
            let shown = shared.type_name(element);
            bail!(DATATYPE_MISMATCH, "array element type cannot be {}"; shown);
        }
    }
    let default = options.get("default").map(option_text).transpose()?;
    if let Some(o) = options.get("passedbyvalue") {
        t.by_val = bool_option(o)?;
    }
    if let Some(o) = options.get("alignment") {
        t.align = alignment(o)?;
    }
    if let Some(o) = options.get("storage") {
        t.storage = storage(o)?;
    }
    if let Some(o) = options.get("collatable") {
        t.collation = if bool_option(o)? { oids::COLLATION_DEFAULT } else { 0 };
    }
    let functions = [
        "input", "output", "receive", "send", "typmod_in", "typmod_out", "analyze", "subscript",
    ];
    let mut given: Vec<Vec<String>> = vec![];
    for f in functions {
        given.push(options.names(f)?);
    }
    if given[0].is_empty() {
        bail!(INVALID_OBJECT_DEFINITION, "type input function must be specified");
    }
    if given[1].is_empty() {
        bail!(INVALID_OBJECT_DEFINITION, "type output function must be specified");
    }
    if given[4].is_empty() && !given[5].is_empty() {
        bail!(
            INVALID_OBJECT_DEFINITION,
            "type modifier output function is useless without a type modifier input function"
        );
    }
    let me = t.oid;
    let mut found = vec![];
    for (names, (what, signatures, result)) in given.iter().zip([
        ("type input", &[&[oids::CSTRING][..], &[oids::CSTRING, oids::OID, oids::INT4]][..], me),
        ("type output", &[&[me][..]][..], oids::CSTRING),
        ("type receive", &[&[oids::INTERNAL][..], &[oids::INTERNAL, oids::OID, oids::INT4]], me),
        ("type send", &[&[me]], oids::BYTEA),
        ("type modifier input", &[&[oids::CSTRING_ARRAY]], oids::INT4),
        ("type modifier output", &[&[oids::INT4]], oids::CSTRING),
        ("type analyze", &[&[oids::INTERNAL]], oids::BOOL),
        ("type subscripting", &[&[oids::INTERNAL]], oids::INTERNAL),
    ]) {
        found.push(if names.is_empty() { 0 } else { find(shared, what, names, signatures, result)? });
    }
    if element != 0 && found[7] == 0 {
        let fixed = c.ty(element).is_some_and(|e| e.len > 0) && t.len > 0 && !t.by_val;
        if !fixed {
            bail!(INVALID_OBJECT_DEFINITION, "element type cannot be specified without a subscripting function");
        }
    }
    check_form(&t)?;
    // Its values are written by the kernel of the input function, so they lie as that kernel's own type does.
    let like = c.user_proc(found[0]).and_then(|p| builtin::proc_by_source(&p.source)).map_or(0, |p| p.rettype());
    t.kind = TypeEntryKind::Base { like, element, default };
    t.io = found[..4].to_vec();
    t.typmod_io = found[4..6].to_vec();
    pg_type::put_with_array(shared, t)?;
    let mut edges: Vec<Dependency> = vec![];
    heap::needs(&mut edges, &Objects::ty(me), ObjectClass::Schema, schema);
    for f in found.into_iter().filter(|f| *f != 0) {
        heap::needs(&mut edges, &Objects::ty(me), ObjectClass::Proc, f);
    }
    shared.edit_catalog(|c| c.put_depends(Objects::ty(me), edges))
}

/// ALTER TYPE … SET (…).
pub fn alter_type(shared: &Shared, s: &AlterTypeStmt) -> Result<()> {
    let AlterTypeStmt { type_name, options, span: _ } = s;
    let (schema, name) = namespace::split(shared, type_name)?;
    let c = shared.catalog();
    let shown = type_name.join(".");
    let Some(t) = c.lookup_type(&shared.search_path(), schema, name).and_then(|o| c.ty(o)) else {
        bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist"; shown);
    };
    let oid = t.oid;
    let display = shared.type_name(oid);
    acl::check_owner(shared, t.owner, "type", &display)?;
    let (mut letter, mut functions) = (None, vec![]);
    for o in options {
        let none = o.arg.is_none();
        let names = if none { vec![] } else { definition_names(o).unwrap_or_default() };
        let superuser = |what: &str| match acl::is_superuser(shared) {
            true => Ok(()),
            false => Err(err!(INSUFFICIENT_PRIVILEGE, "must be superuser to {}"; what)),
        };
        match_word!(o.name.as_str();
            "storage" => {
                let a = storage(o)?;
                if a != b'p' && t.len != -1 {
                    bail!(INVALID_OBJECT_DEFINITION, "fixed-size types must have storage PLAIN");
                }
                if a != b'p' && t.storage == b'p' {
                    superuser("alter a type")?;
                } else if a == b'p' && t.storage != b'p' {
                    bail!(INVALID_OBJECT_DEFINITION, "cannot change type's storage to PLAIN");
                }
                letter = Some(a);
            },
            "receive" | "send" | "typmod_in" | "typmod_out" | "analyze" | "subscript" => {
                let n = o.name.as_str();
                superuser("alter a type")?;
                let (slot, what, signatures, result): (usize, &str, &[&[Oid]], Oid) = match n {
                    "receive" => (2, "type receive", &[&[oids::INTERNAL], &[oids::INTERNAL, oids::OID, oids::INT4]], oid),
                    "send" => (3, "type send", &[&[oid]], oids::BYTEA),
                    "typmod_in" => (4, "type modifier input", &[&[oids::CSTRING_ARRAY]], oids::INT4),
                    "typmod_out" => (5, "type modifier output", &[&[oids::INT4]], oids::CSTRING),
                    "analyze" => (6, "type analyze", &[&[oids::INTERNAL]], oids::BOOL),
                    _ => (6, "type subscripting", &[&[oids::INTERNAL]], oids::INTERNAL),
                };
                functions.push((slot, if none { 0 } else { find(shared, what, &names, signatures, result)? }));
            },
            "input" | "output" | "internallength" | "passedbyvalue" | "alignment" | "like" | "category" | "preferred" | "default" | "element" | "delimiter" | "collatable" => {
                let n = o.name.as_str();
                bail!(SYNTAX_ERROR, "type attribute \"{}\" cannot be changed"; n)
            };
            n => bail!(SYNTAX_ERROR, "type attribute \"{}\" not recognized"; n),
        )
    }
    if !(t.defined && matches!(t.kind, TypeEntryKind::Base { .. })) {
        bail!(WRONG_OBJECT_TYPE, "{} is not a base type"; display);
    }
    let apply = |t: &mut Type, of_element: bool| {
        if let (Some(l), false) = (letter, of_element) {
            t.storage = l;
        }
        for (slot, f) in &functions {
            match slot {
                2 | 3 if !of_element => t.io[*slot] = *f,
                4 | 5 => t.typmod_io[slot - 4] = *f,
                _ => {}
            }
        }
    };
    change_type(shared, oid, |t| apply(t, false))?;
    if t.array != 0 {
        change_type(shared, t.array, |t| apply(t, true))?;
    }
    let mut edges: Vec<Dependency> = vec![];
    for (_, f) in functions.iter().filter(|(_, f)| *f != 0) {
        heap::needs(&mut edges, &Objects::ty(oid), ObjectClass::Proc, *f);
    }
    crate::commands::dependency::record(shared, &edges)
}
