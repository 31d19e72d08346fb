//! `has_*_privilege`, `pg_has_role`, and `aclitem` as a type.

use tusklet_adt::array::Array;
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{AclItem, Catalog};
use tusklet_catalog::system::values::{self, PRIVILEGE_LETTERS};
use tusklet_error::{Error, Result, TryVec, err, filled, match_word};
use tusklet_ir::Oid;
use tusklet_vector::{Datum, TypeRef, Value};

use super::{Env, names};
use crate::missing;
use crate::privileges::bits;

const GRANT_OPTION: u32 = 16;

/// The privileges that each letter of `aclitem` stands for, by name.
static NAMES: [(&str, u32); 14] = [
    ("INSERT", bits::INSERT),
    ("SELECT", bits::SELECT),
    ("UPDATE", bits::UPDATE),
    ("DELETE", bits::DELETE),
    ("TRUNCATE", bits::TRUNCATE),
    ("REFERENCES", bits::REFERENCES),
    ("TRIGGER", bits::TRIGGER),
    ("EXECUTE", bits::EXECUTE),
    ("USAGE", bits::USAGE),
    ("CREATE", bits::CREATE),
    ("TEMPORARY", bits::TEMPORARY),
    ("TEMP", bits::TEMPORARY),
    ("CONNECT", bits::CONNECT),
    ("SET", 1 << 12),
];

/// What can be asked of each kind of object, and what PUBLIC may do by default.
struct Kind {
    allowed: u32,
    public: u32,
}

fn kind(name: &str) -> Option<Kind> {
    let table = bits::INSERT | bits::SELECT | bits::UPDATE | bits::DELETE | bits::TRUNCATE | bits::REFERENCES | bits::TRIGGER;
    let column = bits::INSERT | bits::SELECT | bits::UPDATE | bits::REFERENCES;
    let (allowed, public) = match_word!(name;
        "table" => (table, 0),
        "any_column" | "column" => (column, 0),
        "sequence" => (bits::USAGE | bits::SELECT | bits::UPDATE, 0),
        "database" => (bits::CREATE | bits::CONNECT | bits::TEMPORARY, bits::CONNECT | bits::TEMPORARY),
        "function" => (bits::EXECUTE, bits::EXECUTE),
        "language" => (bits::USAGE, bits::USAGE),
        "schema" => (bits::CREATE | bits::USAGE, 0),
        "tablespace" => (bits::CREATE, 0),
        "type" => (bits::USAGE, bits::USAGE),
        "foreign_data_wrapper" | "server" => (bits::USAGE, 0),
        "large_object" => (bits::SELECT | bits::UPDATE, 0),
        "parameter" => (1 << 12 | 1 << 13, 0);
        _ => return None,
    );
    Some(Kind { allowed, public })
}

/// The alternatives of a list such as `SELECT, UPDATE WITH GRANT OPTION`: any of them is enough.
fn parse_privileges(text: &str, allowed: u32) -> Result<Vec<u32>> {
    let mut out = vec![];
    for word in text.split(',').map(str::trim) {
        let upper = word.to_ascii_uppercase();
        let (name, grant) = match upper.strip_suffix(" WITH GRANT OPTION") {
            Some(n) => (n, true),
            None => (upper.as_str(), false),
        };
        let found = NAMES.iter().find(|(n, b)| *n == name && allowed & b != 0).map(|(_, b)| *b);
        let found = found.or((name == "ALTER SYSTEM" && allowed & 1 << 13 != 0).then_some(1 << 13));
        match found {
            Some(b) => out.push(if grant { b << GRANT_OPTION } else { b }),
            None => return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{}\""; word)),
        }
    }
    Ok(out)
}

fn is_superuser(c: &Catalog, role: Oid) -> bool {
    c.user_role(role).is_some_and(|r| r.superuser)
}

/// Whether `user` has what `role` has: is it, or inherits from it.
fn inherits(c: &Catalog, user: Oid, role: Oid, needs_inherit: bool) -> bool {
    let (mut todo, mut seen) = (vec![user], vec![]);
    while let Some(r) = todo.pop() {
        if r == role {
            return true;
        }
        if seen.contains(&r) {
            continue;
        }
        seen.push(r);
        if let Some(e) = c.user_role(r) {
            if e.inherit || !needs_inherit {
                todo.extend(e.member_of.iter().map(|m| m.0));
            }
        }
    }
    false
}

/// What a user may do with an object of this owner and list.
fn held(c: &Catalog, user: Oid, owner: Oid, acl: Option<&[AclItem]>, k: &Kind) -> u32 {
    let mut all = 0;
    if inherits(c, user, owner, true) {
        // An owner can always grant, whatever the list says.
        all |= k.allowed << GRANT_OPTION;
        if acl.is_none() {
            all |= k.allowed;
        }
    }
    match acl {
        None => all |= k.public,
        Some(items) => {
            for a in items {
                if a.grantee == 0 || inherits(c, user, a.grantee, true) {
                    all |= a.bits;
                }
            }
        }
    }
    all
}

/// Whether a user may do all of it to an object of a kind.
pub(crate) fn may(c: &Catalog, user: Oid, owner: Oid, acl: Option<&[AclItem]>, of: &str, wanted: u32) -> bool {
    kind(of).is_some_and(|k| held(c, user, owner, acl, &k) & wanted == wanted)
}

/// A stored list.
pub(crate) fn items(c: &Catalog, stored: &[u8]) -> Result<Vec<AclItem>> {
    Array::decode(stored)?.iter().flatten().map(|i| parse_item(c, &String::from_utf8_lossy(i))).try_vec()
}

/// A built-in object's list, from its text.
pub(crate) fn builtin_acl(c: &Catalog, text: Option<&str>) -> Option<Vec<AclItem>> {
    let inner = text?.strip_prefix('{')?.strip_suffix('}')?;
    Some(inner.split(',').filter_map(|t| parse_item(c, t).ok()).collect())
}

/// Owner and list of an object, `None` when it does not exist.
fn object(env: &Env<'_, '_>, kind: &str, oid: Oid) -> Option<(Oid, Option<Vec<AclItem>>)> {
    let c = &env.cx.catalog;
    let own = oids::ROLE_POSTGRES;
    Some(match_word!(kind;
        "table" | "any_column" | "column" | "sequence" => match c.user_relation(oid) {
            Some(r) => (r.owner, r.acl.clone()),
            None => (own, builtin_acl(c, builtin::relation(oid)?.acl())),
        },
        "schema" => match c.user_schema(oid) {
            Some(s) => (s.owner, s.acl.clone()),
            None => (own, builtin_acl(c, builtin::namespace(oid)?.acl())),
        },
        "function" => match c.user_proc(oid) {
            Some(p) => (p.owner, p.acl.clone()),
            None => (own, builtin_acl(c, builtin::proc(oid)?.acl())),
        },
        "type" => match c.user_type(oid) {
            Some(t) => (t.owner, t.acl.clone()),
            None => (own, builtin_acl(c, builtin::ty(oid)?.acl())),
        },
        "language" => (own, builtin_acl(c, builtin::language(oid)?.acl())),
        "database" | "tablespace" => (own, None);
        _ => return None,
    ))
}

fn object_named(env: &Env<'_, '_>, kind: &str, name: &str) -> Result<Oid> {
    let found = match_word!(kind;
        "table" | "any_column" | "column" | "sequence" => {
            let rel = names::parse_relation_name(env.shared, name)?;
            return rel.ok_or_else(|| missing::relation(&name));
        },
        "schema" => env.cx.catalog.schema_named(name).ok_or_else(|| missing::schema(&name)),
        "function" => return names::procedure(env.shared, name),
        "type" => return names::ty(env.shared, name),
        "language" => builtin::language_by_name(name)
            .map(|l| l.oid())
            .ok_or_else(|| err!(UNDEFINED_OBJECT, "language \"{}\" does not exist"; name)),
        "database" => {
            let cluster = env.shared.db.cluster.borrow().upgrade();
            let known = cluster.and_then(|c| c.database(name)).map(|d| d.oid);
            let known = known.or((*env.shared.db.name.borrow() == name).then_some(env.shared.db.oid));
            known.ok_or_else(|| err!(UNDEFINED_DATABASE, "database \"{}\" does not exist"; name))
        },
        "tablespace" => builtin::Tablespace::all()
            .find(|t| t.name() == name)
            .map(|t| t.oid())
            .ok_or_else(|| err!(UNDEFINED_OBJECT, "tablespace \"{}\" does not exist"; name)),
        "server" => Err(err!(UNDEFINED_OBJECT, "server \"{}\" does not exist"; name)),
        "foreign_data_wrapper" => Err(err!(UNDEFINED_OBJECT, "foreign-data wrapper \"{}\" does not exist"; name));
        _ => Err(Error::unsupported(filled!("function has_{}_privilege"; kind))),
    )?;
    Ok(found)
}

fn role(env: &Env<'_, '_>, d: Datum<'_>) -> Result<Oid> {
    match d {
        Datum::Bytes(_) => {
            let name = d.str();
            if name == "public" {
                return Ok(0);
            }
            names::role_named(&env.cx.catalog, name).ok_or_else(|| missing::role(&name))
        }
        d => Ok(d.int() as u32),
    }
}

/// `has_table_privilege` and all its kin: `None` when `prosrc` is not one.
pub(super) fn is_has_privilege(prosrc: &str) -> bool {
    prosrc.strip_prefix("has_").and_then(|s| s.split_once("_privilege")).is_some_and(|(name, _)| kind(name).is_some())
}

pub(super) fn has_privilege(env: &mut Env<'_, '_>, prosrc: &str, args: &[Datum<'_>]) -> Option<Result<Value>> {
    let (name, _) = prosrc.strip_prefix("has_")?.split_once("_privilege")?;
    let k = kind(name)?;
    Some(answer(env, name, &k, args))
}

fn answer(env: &mut Env<'_, '_>, name: &str, k: &Kind, args: &[Datum<'_>]) -> Result<Value> {
    let objects = if name == "column" { 2 } else { 1 };
    let (user, rest) = match args.len() - objects {
        2 => (role(env, args[0])?, &args[1..]),
        _ => (env.shared.user(), args),
    };
    let (target, privileges) = (rest[0], rest[rest.len() - 1].str());
    let oid = match target {
        Datum::Bytes(_) if name != "parameter" => object_named(env, name, target.str())?,
        Datum::Bytes(_) => 0,
        d => d.int() as u32,
    };
    let column = match (name, rest.get(1)) {
        ("column", Some(d @ Datum::Bytes(_))) => {
            let r = env.cx.catalog.relation(oid);
            match r.as_ref().and_then(|r| r.attno(d.str())) {
                Some(n) => Some(n),
                None => {
                    let Some(r) = r else { return Ok(Value::Null) };
                    return Err(missing::column(&r.name, d.str()));
                }
            }
        }
        ("column", Some(d)) => Some(d.int() as i16),
        _ => None,
    };
    let wanted = parse_privileges(privileges, k.allowed)?;
    let c = &env.cx.catalog;
    let Some((owner, acl)) = object(env, name, oid) else {
        return Ok(if name == "parameter" { Value::Bool(is_superuser(c, user)) } else { Value::Null });
    };
    if is_superuser(c, user) {
        return Ok(Value::Bool(true));
    }
    let mut has = held(c, user, owner, acl.as_deref(), k);
    if let (Some(r), true) = (c.user_relation(oid), matches!(name, "column" | "any_column")) {
        for (n, col) in r.columns.iter().enumerate() {
            if column.is_none_or(|a| a as usize == n + 1) {
                if let Some(a) = &col.acl {
                    has |= held(c, user, owner, Some(a), k);
                }
            }
        }
    }
    Ok(Value::Bool(wanted.iter().any(|w| has & w == *w)))
}

pub(super) fn has_role(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (user, rest) = match args {
        [u, rest @ ..] if rest.len() == 2 => (role(env, *u)?, rest),
        all => (env.shared.user(), all),
    };
    let (target, words) = (role(env, rest[0])?, rest[1].str());
    let c = &env.cx.catalog;
    let mut any = false;
    for word in words.split(',').map(|w| w.trim().to_ascii_uppercase()) {
        let (name, admin) = match word.strip_suffix(" WITH GRANT OPTION").or_else(|| word.strip_suffix(" WITH ADMIN OPTION")) {
            Some(n) => (n, true),
            None => (word.as_str(), false),
        };
        let held = match name {
            "USAGE" => inherits(c, user, target, true),
            "MEMBER" => inherits(c, user, target, false),
            _ => return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{}\""; word)),
        };
        let admin_of = || c.user_role(user).is_some_and(|r| r.member_of.iter().any(|m| m.0 == target && m.2));
        any |= is_superuser(c, user) || held && (!admin || admin_of());
    }
    Ok(Value::Bool(any))
}

/// Reads `grantee=privileges/grantor`.
fn parse_item(c: &Catalog, s: &str) -> Result<AclItem> {
    let bad = |m: String| err!(INVALID_TEXT_REPRESENTATION, "{}"; m);
    let name = |s: &str| -> Result<Oid> {
        let n = s.trim_matches('"').replace("\"\"", "\"");
        names::role_named(c, &n).ok_or_else(|| missing::role(&n))
    };
    let s = s.trim();
    let (grantee, rest) = s.split_once('=').ok_or_else(|| bad("missing \"=\" sign".to_string()))?;
    let grantee = grantee.strip_prefix("user ").or_else(|| grantee.strip_prefix("group ")).unwrap_or(grantee).trim();
    let (letters, grantor) = match rest.split_once('/') {
        Some((l, g)) => (l, name(g)?),
        None => (rest, oids::ROLE_POSTGRES),
    };
    let mut item = AclItem { grantee: if grantee.is_empty() { 0 } else { name(grantee)? }, grantor, bits: 0 };
    let mut last = 0;
    for l in letters.bytes() {
        if l == b'*' {
            item.bits |= last << GRANT_OPTION;
            continue;
        }
        let Some(i) = PRIVILEGE_LETTERS.iter().position(|p| *p == l) else {
            let all = std::str::from_utf8(PRIVILEGE_LETTERS).unwrap_or("");
            return Err(bad(filled!("invalid mode character: must be one of \"{}\""; all)));
        };
        last = 1 << i;
        item.bits |= last;
    }
    Ok(item)
}

pub(super) fn aclitem_in(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let item = parse_item(&env.cx.catalog, args[0].str())?;
    Ok(Value::text(&values::acl_text(&env.cx.catalog, &item)))
}

pub(super) fn aclitem_out(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(args[0].to_value())
}

pub(super) fn aclitem_eq(_: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    Ok(Value::Bool(args[0].bytes() == args[1].bytes()))
}

/// The list an object has when it has none (`acldefault`).
pub(super) fn acldefault(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let (letter, owner) = (args[0].int() as u8, args[1].int() as u32);
    let name = match letter {
        b'c' => "column",
        b'r' => "table",
        b's' => "sequence",
        b'd' => "database",
        b'f' => "function",
        b'l' => "language",
        b'L' => "large_object",
        b'n' => "schema",
        b'p' => "parameter",
        b't' => "tablespace",
        b'F' => "foreign_data_wrapper",
        b'S' => "server",
        b'T' => "type",
        _ => return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized object type abbreviation: {}", letter as char)),
    };
    let Some(k) = kind(name) else { return Ok(Value::Null) };
    let mut items = vec![];
    if k.public != 0 {
        items.push(AclItem { grantee: 0, grantor: owner, bits: k.public });
    }
    // Columns have none of their own.
    if name != "column" {
        items.push(AclItem { grantee: owner, grantor: owner, bits: k.allowed });
    }
    values::acl(&env.cx.catalog, &Some(items))
}

pub(super) fn aclexplode(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let mut out = vec![];
    for item in items(&env.cx.catalog, args[0].bytes())? {
        for (name, bit) in NAMES.iter().filter(|(n, _)| *n != "TEMP") {
            if item.bits & bit != 0 {
                out.push(vec![
                    values::oid(item.grantor),
                    values::oid(item.grantee),
                    Value::text(name),
                    Value::Bool(item.bits & bit << GRANT_OPTION != 0),
                ]);
            }
        }
    }
    Ok(out)
}

/// `aclinsert` and `aclremove`.
pub(super) fn no_longer(env: &mut Env<'_, '_>, _: &[Datum<'_>]) -> Result<Value> {
    let name = builtin::proc(env.site.func).map_or("", |p| p.name());
    Err(err!(FEATURE_NOT_SUPPORTED, "{} is no longer supported"; name))
}

/// Whether some item is of the same grantee and grantor and has all the rights.
pub(super) fn aclcontains(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let wanted = parse_item(&env.cx.catalog, args[1].str())?;
    for has in items(&env.cx.catalog, args[0].bytes())? {
        if (has.grantee, has.grantor) == (wanted.grantee, wanted.grantor) && has.bits & wanted.bits == wanted.bits {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn makeaclitem(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let [grantee, grantor, privileges, option] = args else { return Err(Error::internal("makeaclitem takes four arguments")) };
    let name = privileges.str();
    let mut bits = match parse_privileges(name, u32::from(u16::MAX)).as_deref() {
        // One privilege, not a list.
        Ok([one]) if *one >> GRANT_OPTION == 0 && !name.contains(',') => *one,
        _ => return Err(err!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{}\""; name)),
    };
    if option.bool() {
        bits |= bits << GRANT_OPTION;
    }
    let item = AclItem { grantee: grantee.int() as u32, grantor: grantor.int() as u32, bits };
    Ok(Value::text(&values::acl_text(&env.cx.catalog, &item)))
}

/// The sum of its parts; with a seed, hashed.
pub(super) fn hash_aclitem(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let item = parse_item(&env.cx.catalog, args[0].str())?;
    let sum = item.bits.wrapping_add(item.grantee).wrapping_add(item.grantor);
    Ok(match args.get(1).map(|d| d.int()) {
        None => Value::I32(sum as i32),
        Some(0) => Value::I64(sum as i64),
        Some(seed) => Value::I64(tusklet_adt::hashfn::word(sum, seed as u64) as i64),
    })
}
