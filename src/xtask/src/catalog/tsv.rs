//! Tables as PostgreSQL's COPY text format writes them: a header line, tabs between cells, `\N` for NULL.

/// A table of text cells; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Parses COPY text with a header line.
    pub fn from_text(text: &str) -> Result<Table, String> {
        let mut lines = text.lines();
        let header: Vec<String> = lines.next().ok_or("no header line")?.split('\t').map(String::from).collect();
        let mut rows = Vec::new();
        for (number, line) in lines.enumerate() {
            let row: Vec<Option<String>> = line.split('\t').map(unescape).collect();
            if row.len() != header.len() {
                return Err(format!("line {}: {} cells, expected {}", number + 2, row.len(), header.len()));
            }
            rows.push(row);
        }
        Ok(Table { header, rows })
    }

    /// Writes COPY text with a header line.
    pub fn to_text(&self) -> String {
        let mut out = self.header.join("\t");
        out.push('\n');
        for row in &self.rows {
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    out.push('\t');
                }
                match cell {
                    None => out.push_str("\\N"),
                    Some(text) => escape(text, &mut out),
                }
            }
            out.push('\n');
        }
        out
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        self.header.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"))
    }

    /// A cell that must not be NULL.
    pub fn text(&self, row: usize, column: usize) -> Result<&str, String> {
        self.rows[row][column].as_deref().ok_or_else(|| format!("NULL in row {row}, column {}", self.header[column]))
    }
}

fn unescape(cell: &str) -> Option<String> {
    if cell == "\\N" {
        return None;
    }
    let mut out = String::with_capacity(cell.len());
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('v') => out.push('\u{b}'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    Some(out)
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            c => out.push(c),
        }
    }
}

/// The elements of a one-dimensional array in PostgreSQL's text form, or of a vector type (`1 2 3`).
pub fn elements(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else {
        return text.split_ascii_whitespace().map(String::from).collect();
    };
    let mut out = Vec::new();
    if inner.is_empty() {
        return out;
    }
    let mut element = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in inner.chars() {
        match c {
            _ if escaped => {
                element.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut element)),
            c => element.push(c),
        }
    }
    out.push(element);
    out
}

#[cfg(test)]
mod tests {
    use super::{Table, elements};

    #[test]
    fn copy_text_round_trips() {
        let text = "a\tb\n1\t\\N\nx\\ty\\\\z\\n\t\n";
        let table = Table::from_text(text).unwrap();
        assert_eq!(table.rows[0], [Some("1".to_string()), None]);
        assert_eq!(table.rows[1], [Some("x\ty\\z\n".to_string()), Some(String::new())]);
        assert_eq!(table.to_text(), text);
    }

    #[test]
    fn array_elements() {
        assert_eq!(elements("{a,\"b,\\\"c\",\"\"}"), ["a", "b,\"c", ""]);
        assert_eq!(elements("{}"), Vec::<String>::new());
        assert_eq!(elements("23 25"), ["23", "25"]);
        assert_eq!(elements(""), Vec::<String>::new());
    }
}
