//! What is called, and with what.

use std::collections::HashMap;
use std::path::PathBuf;

/// A statement, and what it calls.
pub struct Call {
    /// `function name(types)`, `operator …`, `cast …`, `literal type`.
    pub what: String,
    /// The statement.
    pub sql: String,
}

enum Kind {
    Function { variadic: bool },
    Aggregate { direct: usize, ordered: bool },
    Operator,
    Cast,
}

struct Target {
    what: String,
    name: String,
    kind: Kind,
    args: Vec<String>,
}

/// Draws calls; the same seed, the same calls.
pub struct Drawer {
    state: u64,
    values: HashMap<String, Vec<String>>,
    types: Vec<String>,
    targets: Vec<Target>,
}

/// A file of `tests/differential`.
pub fn path(name: &str) -> PathBuf {
    crate::root().join("tests/differential").join(name)
}

/// The rows of a file of `tests/differential`, without its heading, as they stand.
pub fn raw_table(name: &str) -> Vec<Vec<String>> {
    let file = path(name);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines().skip(1).map(|l| l.split('\t').map(str::to_owned).collect()).collect()
}

/// The same with `\n`, `\t` and `\\` undone.
pub fn table(name: &str) -> Vec<Vec<String>> {
    raw_table(name).into_iter().map(|r| r.iter().map(|c| unescape(c)).collect()).collect()
}

/// A text on one line, without tabs.
pub fn escape(s: &str) -> String {
    s.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

/// What [`escape`] made a line of.
pub fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            c => c,
        });
    }
    out
}

/// Rows of the catalog's data as maps from column to value.
fn catalog(name: &str) -> Vec<HashMap<String, String>> {
    let mut rows = crate::implemented::rows(name).into_iter();
    let head = rows.next().unwrap_or_default();
    rows.map(|r| head.iter().cloned().zip(r).collect()).collect()
}

/// `*` at either end stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => pattern == name,
    }
}

/// Elements polymorphic arguments are drawn from.
const ELEMENTS: &[&str] = &["int4", "text", "numeric", "float8", "date", "timestamptz", "bool", "jsonb", "int8", "interval", "uuid", "point"];
const RANGES: &[&str] = &["int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"];

fn quoted(s: &str) -> String {
    format!("'{}'", s.replace('\'', "''"))
}

/// A type's name in a statement.
fn type_name(ty: &str) -> String {
    match ty.strip_prefix('_') {
        Some(e) => format!("{}[]", type_name(e)),
        None if ty == "char" => "\"char\"".into(),
        None => ty.into(),
    }
}

impl Drawer {
    /// Draws what has one of the words in its name; everything without words.
    pub fn new(seed: u64, only: &[String]) -> Drawer {
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for r in table("values.tsv") {
            if let [ty, value] = &r[..] {
                values.entry(ty.clone()).or_default().push(value.clone());
            }
        }
        let mut types: Vec<String> = values.keys().filter(|t| !["unknown", "cstring"].contains(&t.as_str())).cloned().collect();
        types.sort();
        let mut d = Drawer { state: seed, values, types, targets: vec![] };
        d.targets = d.all().into_iter().filter(|t| only.is_empty() || only.iter().any(|w| t.what.contains(w.as_str()))).collect();
        d
    }

    fn all(&self) -> Vec<Target> {
        let skip: Vec<String> = table("skip.tsv").into_iter().filter_map(|r| r.into_iter().next()).collect();
        let list = |s: &str| -> Vec<String> { s.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect() };
        let mut out = vec![];
        let aggregates: HashMap<String, (usize, bool)> = catalog("pg_aggregate.tsv")
            .into_iter()
            .map(|r| (r["aggfnoid"].clone(), (r["aggnumdirectargs"].parse().unwrap_or(0), r["aggkind"] != "n")))
            .collect();
        for r in catalog("pg_proc.tsv") {
            let (name, args) = (&r["proname"], list(&r["proargtypes"]));
            let drawable = args.iter().all(|t| self.drawable(t));
            if r["pronamespace"] != "pg_catalog" || !drawable || skip.iter().any(|p| matches(p, name)) || r["prorettype"] == "internal" {
                continue;
            }
            let signature = format!("{name}({})", args.join(","));
            let kind = match r["prokind"].as_str() {
                "f" if r["provolatile"] != "v" => Kind::Function { variadic: r["provariadic"] != "-" },
                "a" => {
                    let (direct, ordered) = aggregates.get(&signature).copied().unwrap_or_default();
                    Kind::Aggregate { direct, ordered }
                }
                _ => continue,
            };
            let word = if matches!(kind, Kind::Aggregate { .. }) { "aggregate" } else { "function" };
            out.push(Target { what: format!("{word} {signature}"), name: name.clone(), kind, args });
        }
        for r in catalog("pg_operator.tsv") {
            let args: Vec<String> = [&r["oprleft"], &r["oprright"]].into_iter().filter(|t| *t != "-").cloned().collect();
            if args.iter().all(|t| self.drawable(t)) {
                let name = r["oprname"].clone();
                out.push(Target { what: format!("operator {name}({})", args.join(",")), name, kind: Kind::Operator, args });
            }
        }
        for r in catalog("pg_cast.tsv") {
            let (from, to) = (r["castsource"].clone(), r["casttarget"].clone());
            if self.values.contains_key(&from) && !to.starts_with("pg_") {
                out.push(Target { what: format!("cast {from} as {to}"), name: to, kind: Kind::Cast, args: vec![from] });
            }
        }
        out
    }

    fn drawable(&self, ty: &str) -> bool {
        let base = ty.strip_prefix('_').unwrap_or(ty);
        self.values.contains_key(base) || base == "any" || base == "record" || base.starts_with("any")
    }

    fn next(&mut self) -> u64 {
        let z;
        (self.state, z) = crate::split_mix(self.state);
        z
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let i = self.below(list.len());
        list[i]
    }

    /// A call of something; `None` when nothing is left to call.
    pub fn call(&mut self) -> Option<Call> {
        if self.targets.is_empty() {
            return None;
        }
        let at = self.below(self.targets.len());
        let (what, name, types) = (self.targets[at].what.clone(), self.targets[at].name.clone(), self.targets[at].args.clone());
        // Polymorphic arguments agree on these.
        let chosen = [self.one(ELEMENTS), self.one(RANGES)].map(str::to_owned);
        let sql = match self.targets[at].kind {
            Kind::Function { variadic } => {
                let mut args: Vec<String> = types.iter().map(|t| self.argument(t, &chosen)).collect();
                if variadic && types.last().is_some_and(|t| t == "any") {
                    for _ in 0..self.below(3) {
                        let more = self.argument("any", &chosen);
                        args.push(more);
                    }
                } else if variadic && let Some(last) = args.last_mut() {
                    last.insert_str(0, "VARIADIC ");
                }
                format!("SELECT pg_catalog.\"{name}\"({}) LIMIT 20", args.join(", "))
            }
            Kind::Aggregate { direct, ordered } => {
                let rows = self.below(5);
                let width = types.len().max(1);
                let columns: Vec<String> = (0..width).map(|i| format!("c{i}")).collect();
                let lines: Vec<String> = (0..=rows)
                    .map(|_| {
                        let row: Vec<String> = types.iter().map(|t| self.argument(t, &chosen)).collect();
                        format!("({})", if row.is_empty() { "1".into() } else { row.join(", ") })
                    })
                    .collect();
                let from = format!("(VALUES {}) v({})", lines.join(", "), columns.join(", "));
                let used = &columns[..types.len()];
                if ordered {
                    let firsts: Vec<String> = types[..direct.min(types.len())].iter().map(|t| self.argument(t, &chosen)).collect();
                    let order = if direct < types.len() { used[direct..].join(", ") } else { "c0".into() };
                    format!("SELECT pg_catalog.\"{name}\"({}) WITHIN GROUP (ORDER BY {order}) FROM {from}", firsts.join(", "))
                } else {
                    let inside = if used.is_empty() { "*".into() } else { used.join(", ") };
                    format!("SELECT pg_catalog.\"{name}\"({inside}) FROM {from}")
                }
            }
            Kind::Operator => match &types[..] {
                [right] => format!("SELECT OPERATOR(pg_catalog.{name}) {}", self.argument(right, &chosen)),
                [left, right] => {
                    let (l, r) = (self.argument(left, &chosen), self.argument(right, &chosen));
                    format!("SELECT {l} OPERATOR(pg_catalog.{name}) {r}")
                }
                _ => return None,
            },
            Kind::Cast => format!("SELECT CAST({} AS {})", self.argument(&types[0], &chosen), type_name(&name)),
        };
        Some(Call { what, sql })
    }

    /// A literal that is perhaps none.
    pub fn literal(&mut self) -> Option<Call> {
        let at = self.below(self.types.len());
        let ty = self.types[at].clone();
        let mut text = self.value(&ty);
        for _ in 0..1 + self.below(2) {
            text = self.damaged(&text);
        }
        Some(Call { what: format!("literal {ty}"), sql: format!("SELECT {}::{}", quoted(&text), type_name(&ty)) })
    }

    fn damaged(&mut self, text: &str) -> String {
        const MORE: &[&str] = &[
            "-", "+", ".", ",", "e", "E9", "0", "9", "99999999999", "(", ")", "[", "]", "{", "}", "\"", "'", ":", "/", " ", "x", "infinity", "NaN", "BC", "\\", "\t", "é", "<", ">", "&", "|", "!",
            "empty", "null", "1", "00", "T", "Z", "PM", "days", "ago", "::", "0x1", "_",
        ];
        let chars: Vec<char> = text.chars().collect();
        let at = self.below(chars.len() + 1);
        let (head, tail): (String, String) = (chars[..at].iter().collect(), chars[at..].iter().collect());
        match self.below(6) {
            0 if !tail.is_empty() => head + &tail.chars().skip(1).collect::<String>(),
            1 => head,
            2 => tail,
            3 => {
                let other = self.below(self.types.len());
                let other = self.types[other].clone();
                head + &self.value(&other)
            }
            _ => head + self.one(MORE) + &tail,
        }
    }

    /// A value of `ty` as text, of the list or by chance.
    fn value(&mut self, ty: &str) -> String {
        if self.below(6) == 0 {
            let n = self.next();
            let sign = if n & 1 == 0 { "" } else { "-" };
            let (small, big) = (n >> 8 & 0x3ff, n >> 8 >> (n & 31));
            match ty {
                "int2" => return format!("{sign}{}", n >> 8 & 0x7fff),
                "int4" => return format!("{sign}{}", small),
                "int8" => return format!("{sign}{}", big >> 1 & 0xffff_ffff_ffff),
                "numeric" | "float8" | "float4" => return format!("{sign}{}.{}", big & 0xffff_ffff, small),
                "date" => return format!("{}-{:02}-{:02}", 1 + (n >> 8 & 0xfff), 1 + small % 12, 1 + small % 28),
                "timestamp" | "timestamptz" => {
                    return format!("{}-{:02}-{:02} {:02}:{:02}:{:02}.{small}", 1 + (n >> 8 & 0xfff), 1 + small % 12, 1 + small % 28, small % 24, small % 60, big % 60);
                }
                "interval" => return format!("{sign}{small} mon {} day {sign}{:02}:{:02}:{:02}", big & 0xff, small % 24, small % 60, big % 60),
                _ => {}
            }
        }
        let count = self.values.get(ty).map_or(0, Vec::len);
        let at = self.below(count);
        self.values.get(ty).and_then(|v| v.get(at)).cloned().unwrap_or_default()
    }

    /// An expression of `ty`; `chosen` are the element and the range polymorphic types stand for.
    fn argument(&mut self, ty: &str, chosen: &[String; 2]) -> String {
        let [element, range] = chosen;
        let concrete = match ty {
            "any" => {
                let at = self.below(self.types.len());
                self.types[at].clone()
            }
            "anyelement" | "anynonarray" | "anycompatible" | "anycompatiblenonarray" => element.clone(),
            "anyarray" | "anycompatiblearray" => format!("_{element}"),
            "anyrange" | "anycompatiblerange" => range.clone(),
            "anymultirange" | "anycompatiblemultirange" => range.replace("range", "multirange"),
            "anyenum" => "rainbow".into(),
            other => other.into(),
        };
        if self.below(12) == 0 {
            return format!("NULL::{}", if concrete == "record" || concrete == "_record" { "text".into() } else { type_name(&concrete) });
        }
        if concrete == "record" {
            return format!("ROW({}, {})", self.argument("int4", chosen), self.argument("text", chosen));
        }
        if let Some(e) = concrete.strip_prefix('_') {
            let n = self.below(4);
            let list: Vec<String> = (0..n).map(|_| self.argument(e, chosen)).collect();
            return match self.below(8) {
                0 if n > 0 => format!("ARRAY[ARRAY[{0}], ARRAY[{0}]]::{1}", list.join(", "), type_name(&concrete)),
                _ => format!("ARRAY[{}]::{}", list.join(", "), type_name(&concrete)),
            };
        }
        format!("{}::{}", quoted(&self.value(&concrete)), type_name(&concrete))
    }
}
