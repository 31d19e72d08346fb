//! The files of `tests/reference`: `# chapter`, `## heading`, entries of keys with a description and examples, an empty line after each.
//!
//! A line starts with what it is: `: ` prose of the entry, heading or chapter before it, `> ` an example, `? ` an example whose value
//! is never the same, `! ` a statement that makes what the examples use, `~ ` one that takes it away. Any other line is a key:
//! `name` (all functions of that name that have no entry of their own), `name(types)`, `op left + right`, `type name`, or
//! `syntax …` for what is no function.

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// All functions of a name.
    Name(String),
    /// One function, with its argument types.
    Function(String),
    /// Left operand, operator, right operand; operands are type names, sets of them, or `*`.
    Operator(String, String, String),
    /// A type by its name in the catalog.
    Type(String),
    /// Something of the grammar, as it is written.
    Syntax(String),
}

/// An expression or statement.
#[derive(Debug, Clone)]
pub struct Example {
    /// As it is shown.
    pub sql: String,
    /// Whether it gives another value every time.
    pub volatile: bool,
}

impl Example {
    /// The statement that is run.
    pub fn statement(&self) -> String {
        const COMMANDS: &[&str] = &["SELECT", "WITH", "VALUES", "CREATE", "INSERT", "UPDATE"];
        let word = self.sql.split_whitespace().next().unwrap_or("");
        if COMMANDS.contains(&word) { self.sql.clone() } else { format!("SELECT {}", self.sql) }
    }
}

/// Something of the reference.
#[derive(Debug, Default)]
pub struct Entry {
    /// What it is about.
    pub keys: Vec<Key>,
    /// What it does.
    pub prose: String,
    /// With it in use.
    pub examples: Vec<Example>,
}

/// Entries under a heading.
#[derive(Debug, Default)]
pub struct Group {
    /// The heading; the first group of a chapter may have none.
    pub title: String,
    /// What is said of all of them.
    pub prose: String,
    /// They.
    pub entries: Vec<Entry>,
}

/// A file.
#[derive(Debug, Default)]
pub struct Chapter {
    /// The file's name without its ending.
    pub file: String,
    /// Number and title.
    pub title: String,
    /// What is said at its start.
    pub prose: String,
    /// Statements to run before the examples, in order.
    pub setup: Vec<String>,
    /// Statements to run after them.
    pub teardown: Vec<String>,
    /// What it consists of.
    pub groups: Vec<Group>,
}

/// All chapters in the manual's order.
pub fn chapters() -> std::io::Result<Vec<Chapter>> {
    let mut names: Vec<String> = std::fs::read_dir(super::path(""))?
        .filter_map(|f| f.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".txt"))
        .collect();
    names.sort();
    names.iter().map(|n| chapter(n.trim_end_matches(".txt"), &std::fs::read_to_string(super::path(n))?)).collect()
}

fn chapter(file: &str, text: &str) -> std::io::Result<Chapter> {
    let mut out = Chapter { file: file.into(), groups: vec![Group::default()], ..Chapter::default() };
    let mut open: Option<Entry> = None;
    for line in text.lines().chain([""]) {
        let group = out.groups.last_mut().expect("there is a group");
        if line.is_empty() {
            group.entries.extend(open.take());
        } else if let Some(title) = line.strip_prefix("## ") {
            out.groups.push(Group { title: title.into(), ..Group::default() });
        } else if let Some(title) = line.strip_prefix("# ") {
            out.title = title.into();
        } else if let Some(prose) = line.strip_prefix(": ") {
            let place = match &mut open {
                Some(entry) => &mut entry.prose,
                None if group.title.is_empty() => &mut out.prose,
                None => &mut group.prose,
            };
            *place = prose.into();
        } else if let Some(sql) = line.strip_prefix("! ") {
            out.setup.push(sql.into());
        } else if let Some(sql) = line.strip_prefix("~ ") {
            out.teardown.push(sql.into());
        } else if let Some((volatile, sql)) =
            line.strip_prefix("> ").map(|s| (false, s)).or(line.strip_prefix("? ").map(|s| (true, s)))
        {
            let entry = open.as_mut().ok_or_else(|| wrong(file, line))?;
            entry.examples.push(Example { sql: sql.into(), volatile });
        } else {
            let key = key(line).ok_or_else(|| wrong(file, line))?;
            open.get_or_insert_default().keys.push(key);
        }
    }
    out.groups.retain(|g| !g.title.is_empty() || !g.entries.is_empty());
    Ok(out)
}

fn wrong(file: &str, line: &str) -> std::io::Error {
    std::io::Error::other(format!("{file}: not understood: {line}"))
}

fn key(line: &str) -> Option<Key> {
    if let Some(form) = line.strip_prefix("syntax ") {
        return Some(Key::Syntax(form.into()));
    }
    if let Some(name) = line.strip_prefix("type ") {
        return Some(Key::Type(name.trim_matches('"').into()));
    }
    if let Some(form) = line.strip_prefix("op ") {
        let words: Vec<&str> = form.split(' ').collect();
        let (left, name, right) = match words[..] {
            [name, right] => ("", name, right),
            [left, name, right] => (left, name, right),
            _ => return None,
        };
        return Some(Key::Operator(left.into(), name.into(), right.into()));
    }
    let first = line.chars().next()?;
    if !first.is_ascii_lowercase() {
        return None;
    }
    Some(if line.ends_with(')') { Key::Function(line.into()) } else { Key::Name(line.into()) })
}
