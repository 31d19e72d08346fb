//! `xml`: text that is well-formed, kept as written.
//!
//! A parser of our own (`xml/parse.rs`) finds what libxml finds and says what libxml says, for PostgreSQL hands that on as
//! DETAIL. XPath (`xml/xpath.rs`, `xml/xpath_eval.rs`) works on the parser's tree (`xml/tree.rs`).

pub mod tree;

mod content;
mod dtd;
mod entity;
mod parse;
mod tag;
mod xpath;
mod xpath_eval;

pub use parse::{Options, Parser, is_name, is_name_start};
use tusklet_error::{Error, Result, SqlState, bail, err, filled};
pub use xpath::{XPath, compile};
pub use xpath_eval::{Context, Ref, Value, error, number_text};

/// The result of a look at the XML declaration: how long it is and what it says.
#[derive(Default)]
pub struct Decl<'a> {
    /// Bytes of it.
    pub len: usize,
    /// `version`.
    pub version: Option<&'a str>,
    /// `standalone`, when given.
    pub standalone: Option<bool>,
}

fn skip_blanks(s: &str) -> &str {
    s.trim_start_matches([' ', '\t', '\n', '\r'])
}

/// After `name = `, the quoted value and what follows it.
fn quoted(s: &str) -> Option<(&str, &str)> {
    let s = skip_blanks(skip_blanks(s).strip_prefix('=')?);
    let quote = s.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    s[1..].split_once(quote)
}

/// Reads the XML declaration at the start of a text, if there is one (`parse_xml_decl`); the error is DETAIL.
pub fn declaration(s: &str) -> Result<Decl<'_>, &'static str> {
    let none = Decl::default();
    let Some(rest) = s.strip_prefix("<?xml") else { return Ok(none) };
    if rest.chars().next().is_some_and(is_name) {
        return Ok(none);
    }
    let blank = |s: &str| s.starts_with([' ', '\t', '\n', '\r']);
    if !blank(rest) {
        return Err("Space required.");
    }
    let missing = "Malformed declaration: missing version.";
    let rest = skip_blanks(rest).strip_prefix("version").ok_or(missing)?;
    let (version, mut rest) = quoted(rest).ok_or(missing)?;
    if let Some(r) = skip_blanks(rest).strip_prefix("encoding") {
        if !blank(rest) {
            return Err("Space required.");
        }
        rest = quoted(r).ok_or("Missing encoding in text declaration.")?.1;
    }
    let mut standalone = None;
    if let Some(r) = skip_blanks(rest).strip_prefix("standalone") {
        if !blank(rest) {
            return Err("Space required.");
        }
        standalone = match quoted(r) {
            Some(("yes", _)) => Some(true),
            Some(("no", _)) => Some(false),
            _ => return Err("standalone accepts only 'yes' or 'no'."),
        };
        rest = quoted(r).map_or(r, |(_, r)| r);
    }
    let rest = skip_blanks(rest).strip_prefix("?>").ok_or("Parsing XML declaration: '?>' expected.")?;
    let len = s.len() - rest.len();
    if !s[..len].is_ascii() {
        return Err("Invalid character value.");
    }
    Ok(Decl { len, version: Some(version), standalone })
}

/// Writes a declaration when it says anything (`print_xml_decl`).
fn write_declaration(out: &mut String, version: Option<&str>, standalone: Option<bool>) -> bool {
    let version = version.unwrap_or("1.0");
    if version == "1.0" && standalone.is_none() {
        return false;
    }
    out.push_str("<?xml version=\"");
    out.push_str(version);
    out.push_str(match standalone {
        Some(true) => "\" standalone=\"yes\"?>",
        Some(false) => "\" standalone=\"no\"?>",
        None => "\"?>",
    });
    true
}

/// Whether content begins as a document with a DOCTYPE (`xml_doctype_in_content`).
fn has_doctype(s: &str) -> bool {
    let mut s = s;
    loop {
        s = skip_blanks(s);
        if s.starts_with("<!DOCTYPE") {
            return true;
        }
        if let Some(c) = s.strip_prefix("<!--") {
            match c.split_once("--") {
                Some((_, rest)) if rest.starts_with('>') => s = &rest[1..],
                _ => return false,
            }
        } else if let Some((target, rest)) = s.strip_prefix("<?").and_then(|p| p.split_once("?>")) {
            if target.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("xml"))
                && !target[3..].chars().next().is_some_and(is_name)
            {
                return false;
            }
            s = rest;
        } else {
            return false;
        }
    }
}

/// Checks that a text is an XML document or XML content (`xml_parse`); adds the parser's warnings.
pub fn check(s: &str, document: bool, warnings: &mut Vec<String>) -> Result<()> {
    let (code, message) = if document {
        (SqlState::INVALID_XML_DOCUMENT, "invalid XML document")
    } else {
        (SqlState::INVALID_XML_CONTENT, "invalid XML content")
    };
    let mut whole = document;
    let mut skip = 0;
    if !document {
        let d = declaration(s)
            .map_err(|detail| Error::new(code, "invalid XML content: invalid XML declaration").detail(detail))?;
        skip = d.len;
        whole = has_doctype(&s[skip..]);
    }
    let text = if whole { s } else { &s[skip..] };
    let mut p = Parser::new(text, Options { build: false, namespaces: false });
    if whole {
        if text.is_empty() {
            p.error("switching encoding : no input");
        }
        p.document();
    } else {
        p.content();
    }
    warnings.append(&mut p.warnings);
    if p.failed {
        return Err(Error::new(code, message).detail(p.detail));
    }
    Ok(())
}

/// Whether a text is one.
pub fn is_well_formed(s: &str, document: bool) -> bool {
    check(s, document, &mut Vec::new()).is_ok()
}

/// Parses a value into a tree, for XPath; adds the parser's warnings.
pub fn parse(s: &str, warnings: &mut Vec<String>) -> Result<tree::Doc> {
    let skip = declaration(s).map_or(0, |d| d.len);
    let mut p = Parser::new(&s[skip..], Options { build: true, namespaces: true });
    p.document();
    warnings.append(&mut p.warnings);
    if p.failed {
        return Err(err!(INVALID_XML_DOCUMENT, "could not parse XML document").detail(p.detail));
    }
    Ok(p.doc)
}

/// The text clients see (`xml_out_internal`).
pub fn output(s: &str) -> String {
    let Ok(d) = declaration(s) else { return s.to_owned() };
    let mut out = String::new();
    let rest = &s[d.len..];
    if write_declaration(&mut out, d.version, d.standalone) {
        out.push_str(rest);
    } else {
        out.push_str(rest.strip_prefix('\n').unwrap_or(rest));
    }
    out
}

/// Values one after the other, under one declaration that holds for all (`xmlconcat`).
pub fn concat(values: &[&str]) -> String {
    let mut body = String::new();
    let mut standalone = Some(true);
    let mut version: Option<&str> = None;
    let mut no_version = false;
    for v in values {
        let d = declaration(v).unwrap_or_default();
        match d.standalone {
            Some(false) if standalone == Some(true) => standalone = Some(false),
            None => standalone = None,
            _ => {}
        }
        match (d.version, version) {
            (None, _) => no_version = true,
            (new, None) => version = new,
            (new, old) if new != old => no_version = true,
            _ => {}
        }
        body.push_str(&v[d.len..]);
    }
    let mut out = String::new();
    if !no_version || standalone.is_some() {
        write_declaration(&mut out, version.filter(|_| !no_version), standalone);
    }
    out + &body
}

/// `xmlcomment`.
pub fn comment(s: &str) -> Result<String> {
    if s.contains("--") || s.ends_with('-') {
        bail!(INVALID_XML_COMMENT, "invalid XML comment");
    }
    Ok(filled!("<!--{}-->"; s))
}

/// XMLPI: the content is `None` when there is none, `Some(None)` when it is NULL.
pub fn pi(target: &str, content: Option<Option<&str>>) -> Result<Option<String>> {
    let invalid = |code, detail: String| Err(Error::new(code, "invalid XML processing instruction").detail(detail));
    if target.eq_ignore_ascii_case("xml") {
        let detail = filled!("XML processing instruction target name cannot be \"{}\"."; target);
        return invalid(SqlState::SYNTAX_ERROR, detail);
    }
    let content = match content {
        None => None,
        Some(None) => return Ok(None),
        Some(c) => c,
    };
    let mut out = filled!("<?{}"; target);
    if let Some(c) = content {
        if c.contains("?>") {
            let detail = "XML processing instruction cannot contain \"?>\".".to_owned();
            return invalid(SqlState::INVALID_XML_PROCESSING_INSTRUCTION, detail);
        }
        out.push(' ');
        out.push_str(c.trim_start_matches(' '));
    }
    out.push_str("?>");
    Ok(Some(out))
}

/// XMLROOT: the grammar's numbers for `standalone` are yes, no, no value, not given.
pub fn root(s: &str, version: Option<&str>, standalone: i32) -> String {
    let d = declaration(s).unwrap_or_default();
    let standalone = match standalone {
        0 => Some(true),
        1 => Some(false),
        2 => None,
        _ => d.standalone,
    };
    let mut out = String::new();
    write_declaration(&mut out, version, standalone);
    out.push_str(&s[d.len..]);
    out
}

/// Text as content of an element (`escape_xml`).
pub fn escape(s: &str, out: &mut String) {
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#x0d;"),
            c => out.push(c),
        }
    }
}

/// ` name="value"`.
pub fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    tree::escape(value, true, out);
    out.push('"');
}

/// A name of SQL as a name of XML (`map_sql_identifier_to_xml_name`).
pub fn name_of_identifier(ident: &str, fully: bool, period: bool) -> String {
    let mut out = String::new();
    for (i, c) in ident.char_indices() {
        let first = i == 0;
        let rest = &ident[i..];
        let kept = match c {
            ':' => !(first || fully),
            '_' => !rest.starts_with("_x"),
            'x' | 'X' if first && fully && rest.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("xml")) => false,
            '.' if period => false,
            c if first => is_name_start(c),
            c => is_name(c),
        };
        if kept {
            out.push(c);
        } else {
            out.push_str(&format!("_x{:04X}_", c as u32));
        }
    }
    out
}

/// And back (`map_xml_name_to_sql_identifier`).
pub fn identifier_of_name(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let code = rest.strip_prefix("_x").and_then(|r| r.get(..5)).and_then(|r| r.strip_suffix('_'));
        let code = code.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[7..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
