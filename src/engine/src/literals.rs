//! Rows written one statement at a time, with their values as literals: `INSERT INTO t VALUES (1, 'one')`, `UPDATE t SET
//! b = 2 WHERE a = 1`. Such statements differ in nothing but the literals, so these are taken for parameters and the
//! statement that remains is remembered by its text.
//!
//! Only where a parameter means what the literal means: a value of a VALUES row, or one side of an `=` between it and a
//! name. Whatever else occurs, the statement is left as it is; so it is when a value does not suit its type, because then
//! the error has a position.

use tusklet_ir::Oid;

/// A statement without its literals.
pub(crate) struct Template {
    /// Its text, `$1` for the first literal.
    pub text: String,
    /// Types of the literals, 0 where the context says.
    pub types: Vec<Oid>,
    /// The literals' texts.
    pub values: Vec<String>,
}

const INT4: Oid = 23;
const INT8: Oid = 20;
const NUMERIC: Oid = 1700;

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Takes the literals out of a statement of the simple kinds.
pub(crate) fn take_out(sql: &str) -> Option<Template> {
    let bytes = sql.as_bytes();
    if sql.len() > 4096 {
        return None;
    }
    let first = bytes.get(..6)?;
    let insert = first.eq_ignore_ascii_case(b"insert");
    if !insert && !first.eq_ignore_ascii_case(b"update") && !first.eq_ignore_ascii_case(b"delete") {
        return None;
    }
    let mut t = Template { text: String::with_capacity(sql.len()), types: vec![], values: vec![] };
    let (mut i, mut kept) = (0, 0);
    // In an INSERT: past VALUES, inside its row, after it.
    let (mut values, mut row, mut done) = (false, false, false);
    // The last token: a word's first byte, a punctuation mark, or `l` for a literal.
    let mut last = b' ';
    while let Some(&b) = bytes.get(i) {
        let start = i;
        match b {
            b' ' | b'\t' | b'\n' | b'\r' => {
                i += 1;
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                while bytes.get(i).is_some_and(|b| is_word(*b)) {
                    i += 1;
                }
                // A string's prefix, or a type's name before a string.
                if bytes.get(i).is_some_and(|b| matches!(b, b'\'' | b'"' | b'&' | b'$' | 0x80..)) {
                    return None;
                }
                let word = &bytes[start..i];
                let is = |s: &str| word.eq_ignore_ascii_case(s.as_bytes());
                if row && !is("null") && !is("true") && !is("false") && !is("default") {
                    return None;
                }
                if last == b'l' && !is("where") && !is("and") && !is("returning") {
                    return None;
                }
                if is("select") || is("with") || is("on") || is("current") || is("from") && !first.eq_ignore_ascii_case(b"delete") {
                    return None;
                }
                values |= insert && is("values");
                last = b'a';
            }
            b'\'' | b'0'..=b'9' | b'-' => {
                if row && !matches!(last, b'(' | b',') || !row && (insert || last != b'=') {
                    return None;
                }
                let (value, ty) = if b == b'\'' {
                    i += 1;
                    let mut value = String::new();
                    loop {
                        let from = i;
                        while *bytes.get(i)? != b'\'' {
                            i += 1;
                        }
                        // What a backslash means depends on a setting.
                        if bytes[from..i].contains(&b'\\') {
                            return None;
                        }
                        value.push_str(&sql[from..i]);
                        i += 1;
                        if bytes.get(i) != Some(&b'\'') {
                            break;
                        }
                        value.push('\'');
                        i += 1;
                    }
                    // Two strings in a row may be one.
                    (value, 0)
                } else {
                    i += 1;
                    let digits = |i: &mut usize| while bytes.get(*i).is_some_and(u8::is_ascii_digit) { *i += 1 };
                    digits(&mut i);
                    let mut ty = INT4;
                    if bytes.get(i) == Some(&b'.') && bytes.get(i + 1).is_some_and(u8::is_ascii_digit) {
                        i += 1;
                        digits(&mut i);
                        ty = NUMERIC;
                    }
                    let text = &sql[start..i];
                    if text == "-" || text.starts_with("-.") || bytes.get(i).is_some_and(|b| is_word(*b) || *b == b'.') {
                        return None;
                    }
                    if ty == INT4 {
                        let n: i64 = text.parse().ok()?;
                        // The literal is read without its sign.
                        if n.unsigned_abs() > i32::MAX as u64 {
                            ty = INT8;
                        }
                    }
                    (text.to_string(), ty)
                };
                t.text.push_str(&sql[kept..start]);
                t.types.push(ty);
                t.values.push(value);
                t.text.push('$');
                t.text.push_str(&t.types.len().to_string());
                kept = i;
                last = b'l';
            }
            b'(' | b')' if insert && b == b'(' && !row || insert && b == b')' => {
                i += 1;
                // One row: several are one VALUES list, whose columns have types of their own.
                if done && b == b'(' {
                    return None;
                }
                done |= row;
                row = b == b'(' && values;
                last = b;
            }
            b',' => {
                i += 1;
                last = b;
            }
            b'=' if !insert && last == b'a' => {
                i += 1;
                last = b;
            }
            b'.' if last == b'a' && !row => {
                i += 1;
                last = b;
            }
            _ => return None,
        }
        // After a literal only what ends a value may come; words were looked at above.
        if last == b'l' {
            let next = bytes[i..].iter().position(|b| !b.is_ascii_whitespace()).map(|n| bytes[i + n]);
            if !next.is_none_or(|b| matches!(b, b',' | b')') || b.is_ascii_alphabetic()) {
                return None;
            }
        }
    }
    t.text.push_str(&sql[kept..]);
    (!t.values.is_empty()).then_some(t)
}

#[cfg(test)]
mod tests {
    use super::take_out;

    fn shape(sql: &str) -> Option<(String, Vec<u32>, Vec<String>)> {
        take_out(sql).map(|t| (t.text, t.types, t.values))
    }

    #[test]
    fn literals_become_parameters() {
        let (text, types, values) = shape("INSERT INTO t (a, b) VALUES (1, 'it''s', NULL, -2.5, 3000000000)").unwrap();
        assert_eq!(text, "INSERT INTO t (a, b) VALUES ($1, $2, NULL, $3, $4)");
        assert_eq!(types, [23, 0, 1700, 20]);
        assert_eq!(values, ["1", "it's", "-2.5", "3000000000"]);
        let (text, ..) = shape("update t set a = 5, b = 'x' where id = 7 and c = 'y' returning a").unwrap();
        assert_eq!(text, "update t set a = $1, b = $2 where id = $3 and c = $4 returning a");
        assert_eq!(shape("DELETE FROM s.t WHERE id=3").unwrap().0, "DELETE FROM s.t WHERE id=$1");
    }

    #[test]
    fn what_is_more_than_literals_is_left_alone() {
        for sql in [
            "insert into t values (1 + 2)",
            "insert into t values (f(1))",
            "insert into t values (1::text)",
            "insert into t values (E'\\n')",
            "insert into t values (date '2020-01-01')",
            "insert into t values (1e5)",
            "insert into t values ('a'\n'b')",
            "insert into t values ('a' /* c */)",
            "insert into t values ('a)",
            "insert into t select 1",
            "insert into t values (1) on conflict do nothing",
            "update t set a = 1 from u where t.id = 2",
            "update t set a = 1 + b",
            "update t set a = b where c = 'x' collate \"C\"",
            "update t set a = b where c = 5 or d",
            "delete from t where a > 5",
            "select 1",
            "insert into t values ($1)",
            "insert into t values (1), (2)",
            "insert into t values ('a\\b')",
        ] {
            assert!(shape(sql).is_none(), "{sql}");
        }
    }
}
