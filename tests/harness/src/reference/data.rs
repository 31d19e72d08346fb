//! The data of the site: the chapters with what our engine says of every function, operator and type, settings, casts, SQLSTATEs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::answers::Asked;
use super::json;
use super::source::{Chapter, Entry, Key};
use crate::implemented::rows;
use crate::native::Native;

/// Names of sets of types that operators are told of together.
const SETS: &[(&str, &[&str])] = &[
    ("number", &["int2", "int4", "int8", "float4", "float8", "numeric"]),
    ("integral", &["int2", "int4", "int8"]),
    ("multiplier", &["int2", "int4", "int8", "float4", "float8"]),
    ("string", &["text", "bpchar", "name"]),
    ("geometric", &["point", "line", "lseg", "box", "path", "polygon", "circle"]),
];

/// Operators every ordered type has; their entry is one of syntax.
const COMPARISONS: &[&str] = &["=", "<>", "<", "<=", ">", ">="];

/// Other names of types, which the grammar knows.
const ALIASES: &[&str] = &[
    "int",
    "integer",
    "smallint",
    "bigint",
    "decimal",
    "dec",
    "real",
    "float",
    "double precision",
    "boolean",
    "char",
    "character",
    "character varying",
    "national character",
    "bit varying",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
];

struct Function {
    oid: String,
    name: String,
    /// With its arguments and result.
    form: String,
    missing: bool,
}

struct Operator {
    name: String,
    left: String,
    right: String,
    /// Operands and result by the names SQL has for them.
    words: [String; 3],
}

impl Operator {
    fn is(&self, left: &str, name: &str, right: &str) -> bool {
        let of = |pattern: &str, typname: &str| match SETS.iter().find(|s| s.0 == pattern) {
            Some((_, set)) => set.contains(&typname),
            None => pattern == typname || pattern == "*" && !typname.is_empty(),
        };
        self.name == name && of(left, &self.left) && of(right, &self.right)
    }
}

/// What the engine's catalog says.
pub struct Facts {
    asked: Asked,
    functions: Vec<Function>,
    operators: Vec<Operator>,
    /// Functions that have an entry of their own, by OID.
    claimed: HashSet<String>,
    types: HashMap<String, [String; 5]>,
    aliases: Vec<[String; 2]>,
}

impl Facts {
    /// Asks for what every entry needs.
    pub fn ask(chapters: &[Chapter]) -> io::Result<Facts> {
        let (mut asked, _) = Asked::open(&mut Native::default())?;
        let missing: HashSet<String> =
            rows("unimplemented.tsv").into_iter().filter_map(|r| r.into_iter().next()).collect();
        let functions = asked
            .rows(
                "SELECT p.oid, proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), prokind, prosrc FROM pg_proc p \
                 WHERE pronamespace = 'pg_catalog'::regnamespace ORDER BY p.oid",
            )?
            .into_iter()
            .filter_map(|r| {
                let [oid, name, arguments, result, kind, source] = <[String; 6]>::try_from(r).ok()?;
                Some(Function { form: form(&name, &arguments, &result, &kind), missing: missing.contains(&source), oid, name })
            })
            .collect();
        let operators = asked
            .rows(
                "SELECT oprname, l.typname, r.typname, format_type(oprleft, NULL), format_type(oprright, NULL), format_type(oprresult, NULL) \
                 FROM pg_operator o LEFT JOIN pg_type l ON l.oid = oprleft JOIN pg_type r ON r.oid = oprright ORDER BY o.oid",
            )?
            .into_iter()
            .filter_map(|r| {
                let [name, left, right, a, b, c] = <[String; 6]>::try_from(r).ok()?;
                Some(Operator { name, words: [if left.is_empty() { String::new() } else { a }, b, c], left, right })
            })
            .collect();
        let types = asked
            .rows("SELECT t.typname, format_type(t.oid, NULL), t.typlen, t.typcategory, a.typname FROM pg_type t LEFT JOIN pg_type a ON a.oid = t.typarray")?
            .into_iter()
            .filter_map(|r| {
                let all = <[String; 5]>::try_from(r).ok()?;
                Some((all[0].clone(), all))
            })
            .collect();
        let list = ALIASES.iter().map(|a| format!("('{a}')")).collect::<Vec<_>>().join(",");
        let aliases = asked
            .rows(&format!(
                "SELECT n, (SELECT typname FROM pg_type WHERE oid = to_regtype(n)) FROM (VALUES {list}) AS a(n)"
            ))?
            .into_iter()
            .filter_map(|r| <[String; 2]>::try_from(r).ok())
            .collect();
        let mut facts = Facts { asked, functions, operators, claimed: HashSet::new(), types, aliases };
        for key in chapters.iter().flat_map(|c| &c.groups).flat_map(|g| &g.entries).flat_map(|e| &e.keys) {
            if let Key::Function(signature) = key {
                let oid = facts.oid(signature)?;
                facts.claimed.insert(oid);
            }
        }
        Ok(facts)
    }

    fn oid(&mut self, signature: &str) -> io::Result<String> {
        let quoted = signature.replace('\'', "''");
        Ok(self.asked.rows(&format!("SELECT '{quoted}'::regprocedure::oid"))?.remove(0).remove(0))
    }

    /// A key's functions, as places in `functions`.
    fn functions(&mut self, key: &Key) -> io::Result<Vec<usize>> {
        let found: Vec<usize> = match key {
            Key::Name(name) => {
                let of = |f: &Function| f.name == *name && !self.claimed.contains(&f.oid);
                (0..self.functions.len()).filter(|i| of(&self.functions[*i])).collect()
            }
            Key::Function(signature) => {
                let oid = self.oid(signature)?;
                (0..self.functions.len()).filter(|i| self.functions[*i].oid == oid).collect()
            }
            _ => return Ok(vec![]),
        };
        if found.is_empty() { Err(io::Error::other(format!("no function {key:?}"))) } else { Ok(found) }
    }

    fn key(&mut self, key: &Key) -> io::Result<String> {
        let nothing = || io::Error::other(format!("nothing like {key:?}"));
        Ok(match key {
            Key::Syntax(form) => format!("{{\"kind\":\"syntax\",\"form\":{}}}", json::text(form)),
            Key::Name(_) | Key::Function(_) => {
                let forms = self.functions(key)?.into_iter().map(|i| {
                    let f = &self.functions[i];
                    let missing = if f.missing { ",\"missing\":true" } else { "" };
                    format!(
                        "{{\"kind\":\"function\",\"name\":{},\"form\":{}{missing}}}",
                        json::text(&f.name),
                        json::text(&f.form)
                    )
                });
                forms.collect::<Vec<_>>().join(",")
            }
            Key::Operator(left, name, right) => {
                let found: Vec<&Operator> = self.operators.iter().filter(|o| o.is(left, name, right)).collect();
                let first = found.first().ok_or_else(nothing)?;
                let one = |o: &Operator| {
                    format!("{} {name} {} → {}", o.words[0], o.words[1], o.words[2]).trim_start().to_owned()
                };
                let set = |p: &str| p == "*" || SETS.iter().any(|s| s.0 == p);
                let (form, of) = if set(left) || set(right) {
                    let word =
                        |p: &str, at: usize| if set(p) { p.replace('*', "figure") } else { first.words[at].clone() };
                    let result = if found.iter().all(|o| o.words[2] == first.words[2]) {
                        first.words[2].clone()
                    } else {
                        word(right, 1)
                    };
                    let pattern = format!("{} {name} {} → {result}", word(left, 0), word(right, 1));
                    (pattern.trim_start().to_owned(), format!(",\"of\":{}", json::texts(found.iter().map(|o| one(o)))))
                } else {
                    (one(first), String::new())
                };
                format!("{{\"kind\":\"operator\",\"name\":{},\"form\":{}{of}}}", json::text(name), json::text(&form))
            }
            Key::Type(name) => {
                let [_, long, length, category, array] = self.types.get(name).ok_or_else(nothing)?;
                let mut names: Vec<&str> =
                    self.aliases.iter().filter(|a| a[1] == *name && a[0] != *long).map(|a| a[0].as_str()).collect();
                if name != long.trim_matches('"') && !long.contains('.') {
                    names.push(name);
                }
                names.retain(|n| n != long);
                format!(
                    "{{\"kind\":\"type\",\"name\":{},\"form\":{},\"aliases\":{},\"length\":{length},\"category\":{},\"array\":{}}}",
                    json::text(name),
                    json::text(long),
                    json::texts(names),
                    json::text(category),
                    json::text(array)
                )
            }
        })
    }

    /// Functions that stand by themselves, nobody's part and callable, operators and types that no entry tells of.
    pub fn untold(&mut self, chapters: &[Chapter]) -> io::Result<Vec<String>> {
        let mut told: HashSet<usize> = HashSet::new();
        for key in chapters.iter().flat_map(|c| &c.groups).flat_map(|g| &g.entries).flat_map(|e| &e.keys) {
            told.extend(self.functions(key)?);
        }
        let parts: HashSet<String> = self.asked.rows(PARTS)?.into_iter().flatten().collect();
        let mut names: Vec<String> = (0..self.functions.len())
            .filter(|i| !told.contains(i))
            .map(|i| &self.functions[i])
            .filter(|f| !f.missing && !parts.contains(&f.oid))
            .map(|f| f.name.clone())
            .collect();
        let keys = || chapters.iter().flat_map(|c| &c.groups).flat_map(|g| &g.entries).flat_map(|e| &e.keys);
        for o in self.operators.iter().filter(|o| !COMPARISONS.contains(&o.name.as_str())) {
            if !keys().any(|k| matches!(k, Key::Operator(left, name, right) if o.is(left, name, right))) {
                names.push(format!("operator {} {} {}", o.left, o.name, o.right));
            }
        }
        let simple = "SELECT typname FROM pg_type WHERE typtype <> 'c' AND typcategory <> 'A' AND typname !~ '^_' AND typnamespace = 'pg_catalog'::regnamespace";
        for name in self.asked.rows(simple)?.into_iter().flatten() {
            if !keys().any(|k| *k == Key::Type(name.clone())) {
                names.push(format!("type {name}"));
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// The functions behind operators, casts, types, aggregates, classes and languages, and those no SQL can call.
const PARTS: &str = "SELECT oprcode::oid FROM pg_operator UNION SELECT oprrest::oid FROM pg_operator UNION SELECT oprjoin::oid FROM pg_operator \
    UNION SELECT castfunc FROM pg_cast UNION SELECT amproc::oid FROM pg_amproc UNION SELECT amhandler::oid FROM pg_am \
    UNION SELECT prosupport::oid FROM pg_proc UNION SELECT conproc::oid FROM pg_conversion \
    UNION SELECT lanplcallfoid FROM pg_language UNION SELECT lanvalidator FROM pg_language UNION SELECT laninline FROM pg_language \
    UNION SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript]::oid[]) FROM pg_type \
    UNION SELECT unnest(ARRAY[rngcanonical, rngsubdiff]::oid[]) FROM pg_range \
    UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate \
    UNION SELECT oid FROM pg_proc WHERE prorettype IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype) \
    OR 'internal'::regtype = ANY (proargtypes) OR 'cstring'::regtype = ANY (proargtypes)";

/// `name ( arguments ) → result`.
fn form(name: &str, arguments: &str, result: &str, kind: &str) -> String {
    let (mut taken, mut given) = (vec![], vec![]);
    if arguments.contains("OUT ") {
        for a in arguments.split(", ") {
            match a.strip_prefix("OUT ") {
                Some(out) => given.push(out),
                None => taken.push(a),
            }
        }
    } else {
        taken.push(arguments);
    }
    let mut text = match (kind, arguments.split_once("ORDER BY ")) {
        ("a", Some((direct, ordered))) => format!("{name} ({}) WITHIN GROUP (ORDER BY {ordered})", direct.trim_end()),
        ("a", None) if arguments.is_empty() => format!("{name} (*)"),
        _ => format!("{name} ({})", taken.join(", ")),
    };
    if !result.is_empty() {
        text.push_str(&format!(" → {}", result.replace("SETOF", "setof")));
    }
    if given.len() > 1 {
        text.push_str(&format!(" ({})", given.join(", ")));
    }
    text
}

/// The text of `www/data/reference.json`.
pub fn text() -> io::Result<String> {
    let chapters = super::source::chapters()?;
    let mut facts = Facts::ask(&chapters)?;
    let recorded = super::answers::recorded()?;
    let mut answers = recorded.iter();
    let mut out = String::from("{\"chapters\":[");
    for (i, c) in chapters.iter().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&format!(
            "{{\"file\":{},\"title\":{},\"prose\":{},\"setup\":{},\"groups\":[",
            json::text(&c.file),
            json::text(&c.title),
            json::text(&c.prose),
            json::texts(&c.setup)
        ));
        for (i, g) in c.groups.iter().enumerate() {
            out.push_str(if i > 0 { ",\n" } else { "\n" });
            out.push_str(&format!(
                "{{\"title\":{},\"prose\":{},\"entries\":[",
                json::text(&g.title),
                json::text(&g.prose)
            ));
            for (i, e) in g.entries.iter().enumerate() {
                out.push_str(if i > 0 { ",\n" } else { "\n" });
                out.push_str(&entry(&mut facts, e, &mut answers)?);
            }
            out.push_str("]}");
        }
        out.push_str("]}");
    }
    out.push_str("],\n\"settings\":[");
    let settings = facts.asked.rows(
        "SELECT name, setting, unit, category, short_desc, context, vartype, min_val, max_val, array_to_string(enumvals, ', ') FROM pg_settings ORDER BY name",
    )?;
    lines(&mut out, settings.iter().map(json::texts));
    out.push_str("],\n\"casts\":[");
    let casts = facts.asked.rows(
        "SELECT format_type(castsource, NULL), format_type(casttarget, NULL), castcontext FROM pg_cast ORDER BY 1, 2",
    )?;
    lines(&mut out, casts.iter().map(json::texts));
    out.push_str("],\n\"sqlstates\":[");
    lines(&mut out, rows("sqlstates.tsv").iter().skip(1).map(json::texts));
    out.push_str("]}\n");
    Ok(out)
}

fn lines(out: &mut String, items: impl Iterator<Item = String>) {
    out.push_str(&items.map(|i| format!("\n{i}")).collect::<Vec<_>>().join(","));
}

fn entry<'a>(facts: &mut Facts, e: &Entry, answers: &mut impl Iterator<Item = &'a [String; 3]>) -> io::Result<String> {
    let mut keys = vec![];
    for key in &e.keys {
        keys.push(facts.key(key)?);
    }
    let mut examples = vec![];
    for example in &e.examples {
        let [_, sql, answer] = answers.next().filter(|a| a[1] == example.sql).ok_or_else(|| {
            io::Error::other(format!("PostgreSQL was not asked {}: `cargo xtask bless reference`", example.sql))
        })?;
        examples.push(format!("{{\"sql\":{},\"answer\":{answer}}}", json::text(sql)));
    }
    Ok(format!(
        "{{\"keys\":[{}],\"prose\":{},\"examples\":{}}}",
        keys.join(","),
        json::text(&e.prose),
        json::array(examples)
    ))
}

/// Names that have no entry, and why; a name may end in `*`.
pub fn reasons() -> io::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(super::path("untold.tsv"))?;
    Ok(text.lines().skip(1).filter_map(|l| l.split_once('\t')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect())
}
