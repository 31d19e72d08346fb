//! `boolean`.

use tusklet_error::{Result, err};

/// Reads a boolean: any unambiguous prefix of true, false, yes, no, on, off, or 1 and 0, whitespace around it allowed.
pub fn parse(s: &str) -> Result<bool> {
    let t = s.trim_matches(crate::int::is_space).to_ascii_lowercase();
    let prefix = |word: &str, least: usize| t.len() >= least && word.starts_with(t.as_str());
    if t == "1" || prefix("true", 1) || prefix("yes", 1) || t == "on" {
        Ok(true)
    } else if t == "0" || prefix("false", 1) || prefix("no", 1) || prefix("off", 2) {
        Ok(false)
    } else {
        Err(err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type boolean: \"{}\""; s))
    }
}

/// `boolout`: one letter.
pub fn format(v: bool) -> &'static str {
    if v { "t" } else { "f" }
}

/// The cast to text: the whole word.
pub fn to_text(v: bool) -> &'static str {
    if v { "true" } else { "false" }
}
