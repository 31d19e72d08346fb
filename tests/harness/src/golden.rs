//! The file format: reading it, and writing it back with new expectations.

/// One golden file.
#[derive(Debug, Default)]
pub struct Golden {
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// What follows the last one.
    pub tail: Vec<String>,
}

/// A statement and what is expected of it.
#[derive(Debug, Default, Clone)]
pub struct Statement {
    /// The blank lines, comments and `session` lines before it, as they are.
    pub head: Vec<String>,
    /// Line of its first word, from 1.
    pub line: usize,
    /// Which session runs it.
    pub session: String,
    /// Its lines and directives as they are.
    pub source: Vec<String>,
    /// The SQL alone.
    pub sql: String,
    /// `@params`: each line one execution with the extended protocol. A NULL is `None`.
    pub params: Vec<Vec<Option<String>>>,
    /// `@types`: declared parameter types by name.
    pub types: Vec<String>,
    /// `@describe`: Parse and Describe only.
    pub describe: bool,
    /// `@sorted`: the order of the rows is not PostgreSQL's promise; compare them sorted.
    pub sorted: bool,
    /// `@data`: lines for COPY FROM STDIN.
    pub data: Vec<String>,
    /// `@fail`: ends COPY FROM STDIN with this complaint.
    pub fail: Option<String>,
    /// The expectation's lines.
    pub expected: Vec<String>,
}

/// What ends a statement and begins its expectation.
pub const RULE: &str = "----";

impl Golden {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Golden, String> {
        let mut golden = Golden::default();
        let mut session = String::from("A");
        let mut head = vec![];
        let mut lines = text.lines().enumerate().peekable();
        while let Some((n, line)) = lines.next() {
            if line.trim().is_empty() || line.starts_with('#') {
                head.push(line.to_string());
                continue;
            }
            if let Some(name) = line.strip_prefix("session ") {
                session = name.trim().to_string();
                head.push(line.to_string());
                continue;
            }
            let mut s = Statement { head: std::mem::take(&mut head), line: n + 1, session: session.clone(), ..Statement::default() };
            let mut sql = vec![];
            let mut current = Some(line);
            while let Some(line) = current {
                s.directive_or_sql(line, &mut sql).map_err(|e| format!("line {}: {e}", n + 1))?;
                s.source.push(line.to_string());
                current = lines.next_if(|(_, l)| !l.trim().is_empty() && *l != RULE).map(|(_, l)| l);
            }
            s.sql = sql.join("\n");
            if lines.next_if(|(_, l)| *l == RULE).is_some() {
                while let Some((_, l)) = lines.next_if(|(_, l)| !l.trim().is_empty()) {
                    s.expected.push(l.to_string());
                }
            }
            golden.statements.push(s);
        }
        golden.tail = head;
        Ok(golden)
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let mut line = |l: &str| {
            out.push_str(l);
            out.push('\n');
        };
        for (i, s) in self.statements.iter().enumerate() {
            if i > 0 && s.head.first().is_none_or(|l| !l.trim().is_empty()) {
                line("");
            }
            s.head.iter().for_each(|l| line(l));
            s.source.iter().for_each(|l| line(l));
            line(RULE);
            s.expected.iter().for_each(|l| line(l));
        }
        self.tail.iter().for_each(|l| line(l));
        out
    }

    /// Whether more than one session takes part.
    pub fn has_sessions(&self) -> bool {
        self.statements.windows(2).any(|w| w[0].session != w[1].session)
    }
}

impl Statement {
    fn directive_or_sql(&mut self, line: &str, sql: &mut Vec<String>) -> Result<(), String> {
        let Some(directive) = line.strip_prefix('@') else {
            sql.push(line.to_string());
            return Ok(());
        };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "params" => self.params.push(values(rest)),
            "types" => self.types = rest.split('|').map(|t| t.trim().to_string()).collect(),
            "describe" => self.describe = true,
            "sorted" => self.sorted = true,
            "data" => self.data.push(rest.to_string()),
            "fail" => self.fail = Some(rest.to_string()),
            _ => return Err(format!("unknown directive @{word}")),
        }
        Ok(())
    }

    /// Whether it goes through the extended protocol.
    pub fn is_extended(&self) -> bool {
        !self.params.is_empty() || self.describe
    }
}

/// The values of a `@params` line, written as rows are.
fn values(text: &str) -> Vec<Option<String>> {
    let mut out = vec![];
    let mut rest = text.trim();
    if rest.is_empty() {
        return out;
    }
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = unquote(quoted);
            out.push(Some(value));
            rest = after.trim_start();
        } else {
            let end = rest.find(" | ").unwrap_or(rest.len());
            let value = rest[..end].trim();
            out.push(if value == "NULL" { None } else { Some(value.to_string()) });
            rest = rest[end..].trim_start();
        }
        match rest.strip_prefix('|') {
            Some(more) => rest = more.trim_start(),
            None => return out,
        }
    }
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return (value, &text[i + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, c)) => value.push(c),
                None => break,
            },
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_as_it_was() {
        let text = "# a comment\n\nSELECT 1;\n----\nint4\n1\nSELECT 1\n\nsession B\nSELECT $1::text,\n  $2;\n@params \"a | \\\"b\\n\" | NULL\n----\nx\n";
        let golden = Golden::parse(text).unwrap();
        assert_eq!(golden.statements.len(), 2);
        assert_eq!(golden.statements[1].session, "B");
        assert_eq!(golden.statements[1].params, [[Some("a | \"b\n".to_string()), None]]);
        assert_eq!(golden.statements[1].sql, "SELECT $1::text,\n  $2;");
        assert_eq!(golden.write(), text);
    }

    #[test]
    fn a_new_statement_needs_no_rule() {
        let golden = Golden::parse("SELECT 1;\n\nSELECT 2;\n").unwrap();
        assert_eq!(golden.write(), "SELECT 1;\n----\n\nSELECT 2;\n----\n");
    }
}
