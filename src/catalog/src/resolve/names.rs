//! Names to objects along a search path (`namespace.c`).

use std::rc::Rc;

use tusklet_ir::Oid;

use super::is_polymorphic;
use crate::builtin::{self, oids};
use crate::live::{Catalog, ItemKind, Proc};

/// The schemas unqualified names are looked up in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPath {
    /// In order, `pg_temp` and `pg_catalog` included where they are implicit.
    pub schemas: Vec<Oid>,
    /// Where CREATE puts things, 0 when nowhere.
    pub creation: Oid,
    /// This session's temporary schema, 0 before it has one. Functions and operators are never looked up there.
    pub temp: Oid,
}

/// One function a call may mean, as `FuncnameGetCandidates` gives it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The function; `None` when two are equally good and the call would be ambiguous.
    pub proc: Option<Rc<Proc>>,
    /// Place in the search path.
    pub path: usize,
    /// Argument types in the order of the call's arguments, then the defaulted ones.
    pub args: Vec<Oid>,
    /// Variadic arguments expanded, 0 when not called so.
    pub variadic_args: usize,
    /// Arguments to be filled from defaults.
    pub default_args: usize,
    /// For calls with named arguments: which of the function's arguments each of `args` is.
    pub arg_numbers: Option<Vec<usize>>,
}

/// One operator an expression may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorCandidate {
    /// The operator.
    pub oid: Oid,
    /// Left type, 0 for a prefix operator.
    pub left: Oid,
    /// Right type.
    pub right: Oid,
    path: usize,
}

impl SearchPath {
    /// The path made of `names` (`$user` among them), as `recomputeNamespacePath` makes it: schemas that do not exist are
    /// passed over, `pg_catalog` and `pg_temp` come first unless named.
    pub fn new(catalog: &Catalog, names: &[String], user: &str, temp: Oid) -> SearchPath {
        let mut explicit = vec![];
        for n in names {
            let oid = match n.as_str() {
                "$user" => catalog.schema_named(user).unwrap_or(0),
                "pg_temp" => temp,
                _ => catalog.schema_named(n).unwrap_or(0),
            };
            if oid != 0 && !explicit.contains(&oid) {
                explicit.push(oid);
            }
        }
        let creation = match names.first().map(String::as_str) {
            Some("pg_temp") => temp,
            _ => explicit.first().copied().unwrap_or(0),
        };
        let mut schemas = explicit.clone();
        if !explicit.contains(&oids::NAMESPACE_PG_CATALOG) {
            schemas.insert(0, oids::NAMESPACE_PG_CATALOG);
        }
        if temp != 0 && !explicit.contains(&temp) {
            schemas.insert(0, temp);
        }
        SearchPath { schemas, creation, temp }
    }

    /// The path that sees nothing, so that every name is written with its schema.
    pub fn nowhere(&self) -> SearchPath {
        SearchPath { schemas: vec![], creation: 0, temp: self.temp }
    }

    /// Only PostgreSQL's own objects: what built-in views are analysed under.
    pub fn system() -> SearchPath {
        SearchPath { schemas: vec![oids::NAMESPACE_PG_CATALOG], creation: 0, temp: 0 }
    }

    /// Splits a list of identifiers as settings hold it; `None` when it is malformed (`SplitIdentifierString`).
    pub fn split(text: &str) -> Option<Vec<String>> {
        let mut out = vec![];
        let mut rest = text.trim_start();
        if rest.is_empty() {
            return Some(out);
        }
        loop {
            if let Some(mut quoted) = rest.strip_prefix('"') {
                let mut name = String::new();
                loop {
                    let end = quoted.find('"')?;
                    name.push_str(&quoted[..end]);
                    quoted = &quoted[end + 1..];
                    match quoted.strip_prefix('"') {
                        Some(more) => {
                            name.push('"');
                            quoted = more;
                        }
                        None => break,
                    }
                }
                out.push(name);
                rest = quoted;
            } else {
                let end = rest.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                out.push(rest[..end].to_ascii_lowercase());
                rest = &rest[end..];
            }
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None if rest.is_empty() => return Some(out),
                None => return None,
            }
        }
    }

    fn position(&self, schema: Oid) -> Option<usize> {
        self.schemas.iter().position(|s| *s == schema && *s != self.temp)
    }
}

impl Catalog {
    /// A schema named in a statement; `pg_temp` means the session's.
    pub fn lookup_schema(&self, path: &SearchPath, name: &str) -> Option<Oid> {
        if name == "pg_temp" && path.temp != 0 { Some(path.temp) } else { self.schema_named(name) }
    }

    /// A schema's name, `pg_temp` for the session's own temporary one (`get_namespace_name_or_temp`).
    pub fn schema_called(&self, path: &SearchPath, schema: Oid) -> String {
        if schema != 0 && schema == path.temp {
            return "pg_temp".to_string();
        }
        self.schema_name(schema).unwrap_or_default()
    }

    /// A relation by name, unqualified along the path.
    pub fn lookup_relation(&self, path: &SearchPath, schema: Option<&str>, name: &str) -> Option<Oid> {
        match schema {
            Some(s) => self.relation_named(self.lookup_schema(path, s)?, name),
            None => path.schemas.iter().find_map(|s| self.relation_named(*s, name)),
        }
    }

    /// A type by name.
    pub fn lookup_type(&self, path: &SearchPath, schema: Option<&str>, name: &str) -> Option<Oid> {
        match schema {
            Some(s) => self.type_named(self.lookup_schema(path, s)?, name),
            None => path.schemas.iter().find_map(|s| self.type_named(*s, name)),
        }
    }

    /// A collation by name.
    pub fn lookup_collation(&self, path: &SearchPath, schema: Option<&str>, name: &str) -> Option<Oid> {
        let schemas: Vec<Oid> = match schema {
            Some(s) => self.lookup_schema(path, s).into_iter().collect(),
            None => path.schemas.clone(),
        };
        let user = |schema: Oid| {
            self.items().find(|i| i.schema == schema && i.name == name && matches!(i.kind, ItemKind::Collation { .. }))
        };
        if let Some(i) = schemas.iter().find_map(|s| user(*s)) {
            return Some(i.oid);
        }
        let c = builtin::collation_by_name(name)?;
        match schema {
            Some(s) => (self.schema_named(s)? == c.namespace()).then(|| c.oid()),
            None => path.schemas.contains(&c.namespace()).then(|| c.oid()),
        }
    }

    /// A collation's name.
    pub fn collation_name(&self, oid: Oid) -> Option<String> {
        match self.item(oid) {
            Some(i) => Some(i.name.clone()),
            None => builtin::collation(oid).map(|c| c.name().to_string()),
        }
    }

    /// An operator class by name for an access method.
    pub fn lookup_opclass(&self, path: &SearchPath, schema: Option<&str>, method: Oid, name: &str) -> Option<Oid> {
        let schemas: Vec<Oid> = match schema {
            Some(s) => vec![self.schema_named(s)?],
            None => path.schemas.clone(),
        };
        let user = |schema: Oid| {
            self.items().find(|i| {
                i.schema == schema
                    && i.name == name
                    && matches!(i.kind, ItemKind::OpClass { method: m, .. } if m == method)
            })
        };
        if let Some(i) = schemas.iter().find_map(|s| user(*s)) {
            return Some(i.oid);
        }
        builtin::opclasses_by_name(name).find(|c| c.method() == method && schemas.contains(&c.namespace())).map(|c| c.oid())
    }

    /// Whether an unqualified name finds this very type (`TypeIsVisible`).
    pub fn type_is_visible(&self, path: &SearchPath, oid: Oid) -> bool {
        self.ty(oid).is_some_and(|t| self.lookup_type(path, None, &t.name) == Some(oid))
    }

    /// Whether an unqualified name finds this very relation.
    pub fn relation_is_visible(&self, path: &SearchPath, oid: Oid) -> bool {
        self.relation(oid).is_some_and(|r| self.lookup_relation(path, None, &r.name) == Some(oid))
    }

    /// Every function of that name, PostgreSQL's and the user's.
    pub fn procs_named(&self, name: &str) -> Vec<Rc<Proc>> {
        let builtin = builtin::procs_by_name(name).filter_map(|p| self.proc(p.oid()));
        builtin.chain(self.user_procs_named(name).cloned()).collect()
    }

    /// The functions a call of `nargs` arguments may mean (`FuncnameGetCandidates`). `arg_names` are the names of the last
    /// arguments when they are named. With `call`, output arguments of procedures take part.
    #[allow(clippy::too_many_arguments)]
    pub fn proc_candidates(
        &self,
        path: &SearchPath,
        schema: Option<&str>,
        name: &str,
        nargs: Option<usize>,
        arg_names: &[String],
        expand_variadic: bool,
        expand_defaults: bool,
        call: bool,
    ) -> Vec<Candidate> {
        let mut out: Vec<Candidate> = vec![];
        let namespace = match schema {
            Some(s) => match self.lookup_schema(path, s) {
                Some(o) => Some(o),
                None => return out,
            },
            None => None,
        };
        for p in self.procs_named(name) {
            let pos = match namespace {
                Some(ns) if p.schema == ns => 0,
                Some(_) => continue,
                None => match path.position(p.schema) {
                    Some(i) => i,
                    None => continue,
                },
            };
            let with_out = call && p.kind == b'p' && !p.all_args.is_empty();
            let types: &[Oid] = if with_out { &p.all_args } else { &p.args };
            let pronargs = types.len();
            let defaults = self.proc_default_count(&p);
            let n = nargs.unwrap_or(pronargs);
            let mut arg_numbers = None;
            let (mut variadic, mut use_defaults) = (false, false);
            if !arg_names.is_empty() {
                if p.variadic != 0 && expand_variadic {
                    continue;
                }
                if pronargs > n && expand_defaults {
                    if n + defaults < pronargs {
                        continue;
                    }
                    use_defaults = true;
                }
                if pronargs != n && !use_defaults {
                    continue;
                }
                match match_named_call(&p, n, arg_names, with_out, pronargs, defaults) {
                    Some(v) => arg_numbers = Some(v),
                    None => continue,
                }
            } else {
                if pronargs <= n && expand_variadic {
                    variadic = p.variadic != 0;
                }
                if pronargs > n && expand_defaults {
                    if n + defaults < pronargs {
                        continue;
                    }
                    use_defaults = true;
                }
                if nargs.is_some() && pronargs != n && !variadic && !use_defaults {
                    continue;
                }
            }
            let effective = pronargs.max(n);
            let mut args: Vec<Oid> = match &arg_numbers {
                Some(v) => v.iter().map(|i| types.get(*i).copied().unwrap_or(0)).collect(),
                None => types.to_vec(),
            };
            let mut variadic_args = 0;
            if variadic {
                variadic_args = effective - pronargs + 1;
                args.truncate(pronargs - 1);
                args.resize(effective, p.variadic);
            }
            let new = Candidate {
                path: pos,
                args,
                variadic_args,
                default_args: if use_defaults { pronargs - n } else { 0 },
                arg_numbers,
                proc: Some(p),
            };
            let cmp = new.args.len() - new.default_args;
            let same = out
                .iter()
                .position(|o| o.args.len() - o.default_args == cmp && o.args[..cmp] == new.args[..cmp]);
            if let Some(i) = same {
                let prev = &out[i];
                let prefer_new = if new.path != prev.path {
                    Some(new.path < prev.path)
                } else if variadic && prev.variadic_args == 0 {
                    Some(false)
                } else if !variadic && prev.variadic_args > 0 {
                    Some(true)
                } else {
                    None
                };
                match prefer_new {
                    Some(true) => {
                        out.remove(i);
                    }
                    Some(false) => continue,
                    None => {
                        out[i].proc = None;
                        continue;
                    }
                }
            }
            out.push(new);
        }
        out
    }

    /// The operators of a name and arity (`OpernameGetCandidates`): `prefix` or binary.
    pub fn operator_candidates(
        &self,
        path: &SearchPath,
        schema: Option<&str>,
        name: &str,
        prefix: bool,
    ) -> Vec<OperatorCandidate> {
        let mut out: Vec<OperatorCandidate> = vec![];
        let namespace = match schema {
            Some(s) => match self.lookup_schema(path, s) {
                Some(o) => Some(o),
                None => return out,
            },
            None => None,
        };
        let builtin = builtin::operators_by_name(name).map(|o| (o.oid(), o.left(), o.right(), o.namespace()));
        let user = self.user_operators_named(name);
        for (oid, left, right, ns) in builtin.chain(user.map(|o| (o.oid, o.left, o.right, o.schema))) {
            if (left == 0) != prefix {
                continue;
            }
            let pos = match namespace {
                Some(n) if n == ns => 0,
                Some(_) => continue,
                None => match path.position(ns) {
                    Some(i) => i,
                    None => continue,
                },
            };
            let new = OperatorCandidate { oid, left, right, path: pos };
            match out.iter_mut().find(|o| o.left == left && o.right == right) {
                Some(prev) if new.path < prev.path => *prev = new,
                Some(_) => {}
                None => out.push(new),
            }
        }
        out
    }

    /// The operator with exactly these operand types (`OpernameGetOprid`), 0 when there is none.
    pub fn operator_exact(&self, path: &SearchPath, schema: Option<&str>, name: &str, left: Oid, right: Oid) -> Oid {
        if self.user_operators_named(name).next().is_none() {
            // No user operator can shadow it: PostgreSQL's own is found by one binary search.
            let Some(o) = builtin::operator_exact(name, left, right) else { return 0 };
            let visible = match schema {
                Some(s) => self.schema_named(s) == Some(o.namespace()),
                None => path.position(o.namespace()).is_some(),
            };
            return if visible { o.oid() } else { 0 };
        }
        let all = self.operator_candidates(path, schema, name, left == 0);
        all.iter().find(|c| c.left == left && c.right == right).map_or(0, |c| c.oid)
    }

    /// Whether a function has polymorphic arguments or result.
    pub fn is_polymorphic_proc(&self, p: &Proc) -> bool {
        is_polymorphic(p.result) || p.args.iter().any(|a| is_polymorphic(*a))
    }
}

/// As `MatchNamedCall`: which of the function's arguments each given one is, then the defaulted ones.
fn match_named_call(
    p: &Proc,
    nargs: usize,
    arg_names: &[String],
    with_out: bool,
    pronargs: usize,
    defaults: usize,
) -> Option<Vec<usize>> {
    if p.arg_names.is_empty() {
        return None;
    }
    let positional = nargs - arg_names.len();
    let mut numbers: Vec<usize> = (0..positional).collect();
    let mut given = vec![false; pronargs];
    given.iter_mut().take(positional).for_each(|g| *g = true);
    for name in arg_names {
        // Count input arguments only, since `args` has only those.
        let mut pp = 0;
        let mut found = None;
        let total = if p.modes.is_empty() { p.arg_names.len() } else { p.modes.len() };
        for i in 0..total {
            let mode = p.modes.get(i).copied().unwrap_or(b'i');
            if !with_out && !matches!(mode, b'i' | b'b' | b'v') {
                continue;
            }
            if p.arg_names.get(i).is_some_and(|n| n == name) {
                found = Some(pp);
                break;
            }
            pp += 1;
        }
        let at = found?;
        if at >= pronargs || given[at] {
            return None;
        }
        given[at] = true;
        numbers.push(at);
    }
    if nargs < pronargs {
        let first_default = pronargs - defaults;
        for (i, g) in given.iter().enumerate() {
            if *g {
                continue;
            }
            if i < first_default {
                return None;
            }
            numbers.push(i);
        }
    }
    Some(numbers)
}
