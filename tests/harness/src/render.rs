//! An answer as text: what golden files hold.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::wire::{Body, Message, fields};

/// The text of the messages that answer one statement.
pub fn render(messages: &[Message], sql: &str, sorted: bool) -> Vec<String> {
    let mut out = vec![];
    let mut rows: Vec<String> = vec![];
    for m in messages {
        if m.kind == b'D' {
            rows.push(row(&m.body));
            continue;
        }
        if sorted {
            rows.sort();
        }
        out.append(&mut rows);
        let mut body = Body(&m.body);
        match m.kind {
            b'T' => out.push(columns(&m.body)),
            b't' => {
                let n = body.i16();
                let types: Vec<String> = (0..n).map(|_| type_name(body.i32() as u32, -1)).collect();
                out.push(format!("parameters: {}", types.join(", ")).trim_end().to_string());
            }
            b'C' => out.push(body.text()),
            b'I' => out.push("(empty query)".into()),
            b's' => out.push("(suspended)".into()),
            b'E' | b'N' => report(&fields(&m.body), sql, &mut out),
            b'G' => out.push("(copy in)".into()),
            b'H' => out.push("(copy out)".into()),
            b'd' => {
                let text = String::from_utf8_lossy(&m.body).into_owned();
                out.push(format!("> {}", text.strip_suffix('\n').unwrap_or(&text).replace('\n', "\\n")));
            }
            b'S' => {
                let name = body.text();
                out.push(format!("(setting {name} = {})", body.text()));
            }
            b'A' => {
                body.i32();
                let channel = body.text();
                out.push(format!("(notification {channel}: {})", body.text()));
            }
            _ => {}
        }
    }
    out.append(&mut rows);
    out
}

fn columns(body: &[u8]) -> String {
    let mut body = Body(body);
    let n = body.i16();
    if n == 0 {
        return "(no columns)".into();
    }
    let mut out = vec![];
    for _ in 0..n {
        let name = body.text();
        body.i32();
        body.i16();
        let oid = body.i32() as u32;
        body.i16();
        let typmod = body.i32();
        body.i16();
        out.push(format!("{} {}", quoted(&name), type_name(oid, typmod)));
    }
    out.join(" | ")
}

fn row(body: &[u8]) -> String {
    let mut body = Body(body);
    let n = body.i16();
    if n == 0 {
        return "()".into();
    }
    let values: Vec<String> = (0..n).map(|_| body.value().map_or("NULL".into(), |v| quoted(&v))).collect();
    values.join(" | ")
}

/// A value as it is, or in quotes where that would not say it.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && value != "NULL"
        && !value.starts_with([' ', '"', '(', '>'])
        && !value.ends_with(' ')
        && !value.contains(" | ")
        && !value.contains(|c: char| c.is_control());
    // A leading parenthesis is fine when it closes: points, rows.
    if plain || (value.starts_with('(') && value.ends_with(')') && !value.contains(" | ") && !value.contains(|c: char| c.is_control())) {
        return value.into();
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

const FIELDS: &[(u8, &str)] = &[
    (b'D', "detail"),
    (b'H', "hint"),
    (b'W', "context"),
    (b'q', "internal query"),
    (b'p', "internal position"),
    (b's', "schema"),
    (b't', "table"),
    (b'c', "column"),
    (b'd', "data type"),
    (b'n', "constraint"),
];

fn report(fields: &[(u8, String)], sql: &str, out: &mut Vec<String>) {
    let get = |code: u8| fields.iter().find(|f| f.0 == code).map(|f| f.1.as_str());
    // A deadlock's detail names processes and transactions, whose numbers are nobody's promise.
    let numbers = get(b'C') == Some("40P01");
    let line = |t: &str| {
        let t = t.replace('\n', "\\n");
        if numbers { without_numbers(&t) } else { t }
    };
    out.push(format!(
        "{} {} {}",
        get(b'V').or(get(b'S')).unwrap_or("ERROR"),
        get(b'C').unwrap_or("-----"),
        line(get(b'M').unwrap_or(""))
    ));
    for (code, name) in FIELDS {
        if let Some(text) = get(*code) {
            out.push(format!("  {name}: {}", line(text)));
        }
    }
    if let Some(position) = get(b'P') {
        let from = position.parse::<usize>().unwrap_or(1).saturating_sub(1);
        let word: String = sql.chars().skip(from).take(24).take_while(|c| *c != '\n').collect();
        out.push(format!("  position: {position} {word}").trim_end().to_string());
    }
}

fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('N') {
            out.push('N');
        }
    }
    out
}

const TYPES: &str = include_str!("../../../src/catalog/data/pg_type.tsv");

fn types() -> &'static (HashMap<u32, &'static str>, HashMap<&'static str, u32>) {
    static MAPS: OnceLock<(HashMap<u32, &'static str>, HashMap<&'static str, u32>)> = OnceLock::new();
    MAPS.get_or_init(|| {
        let rows = TYPES.lines().filter_map(|l| {
            let mut columns = l.split('\t');
            Some((columns.next()?.parse::<u32>().ok()?, columns.next()?))
        });
        let by_oid: HashMap<u32, &str> = rows.collect();
        let by_name = by_oid.iter().map(|(o, n)| (*n, *o)).collect();
        (by_oid, by_name)
    })
}

/// The OID of a built-in type's name; 0 is none declared.
pub fn type_oid(name: &str) -> u32 {
    let plain = name.strip_suffix("[]").map(|n| format!("_{n}")).unwrap_or_else(|| name.to_string());
    types().1.get(plain.as_str()).copied().unwrap_or(0)
}

/// A type as the header line says it. Types made in the file have no OID that could be relied on.
fn type_name(oid: u32, typmod: i32) -> String {
    let Some(name) = types().0.get(&oid) else { return "(user type)".into() };
    let name = name.strip_prefix('_').map_or_else(|| name.to_string(), |n| format!("{n}[]"));
    let base = name.strip_suffix("[]").unwrap_or(&name);
    match base {
        _ if typmod < 0 => name,
        "varchar" | "bpchar" => format!("{name}({})", typmod - 4),
        "numeric" => format!("{name}({},{})", (typmod - 4) >> 16, ((typmod - 4) & 0x7ff ^ 1024) - 1024),
        _ => format!("{name}({typmod})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name_and_number() {
        assert_eq!(type_name(23, -1), "int4");
        assert_eq!(type_name(1043, 84), "varchar(80)");
        assert_eq!(type_name(1700, (10 << 16 | 2) + 4), "numeric(10,2)");
        assert_eq!(type_name(1007, -1), "int4[]");
        assert_eq!(type_oid("text[]"), 1009);
    }

    #[test]
    fn values_that_need_quotes_get_them() {
        assert_eq!(quoted("San Francisco"), "San Francisco");
        assert_eq!(quoted(""), "\"\"");
        assert_eq!(quoted("NULL"), "\"NULL\"");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted("(1,2)"), "(1,2)");
    }
}
