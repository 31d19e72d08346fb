//! Writing JSON; none is read here.

/// A string.
pub fn text(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A string, or null.
pub fn optional(s: Option<&str>) -> String {
    s.map_or("null".into(), text)
}

/// An array of what is JSON already.
pub fn array(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

/// An array of strings.
pub fn texts<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    array(items.into_iter().map(|s| text(s.as_ref())))
}
