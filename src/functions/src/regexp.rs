//! Regular expressions. An expression is compiled once per call site, and again only when pattern or flags change.

use tusklet_adt::array::from_items;
use tusklet_adt::regex::{Flags, Regex, Subject};
use tusklet_error::{Result, TryVec, bail, err};
use tusklet_vector::{Call, Datum, Kernel, RowSource, Value};

use crate::array::texts;
use crate::bind::{Arg, Entry, too_few};
use crate::oids;
use crate::sets::Ready;

struct Compiled {
    pattern: String,
    flags: Flags,
    regex: Regex,
}

fn compiled<'c>(c: &'c mut Call<'_>, pattern: &str, flags: Flags) -> Result<&'c Regex> {
    let make = || Ok(Compiled { pattern: pattern.to_owned(), flags, regex: Regex::new(pattern, flags)? });
    let kept = c.extra(make)?;
    if kept.pattern != pattern || kept.flags != flags {
        *kept = make()?;
    }
    Ok(&kept.regex)
}

fn folded() -> Flags {
    Flags { ignore_case: true, ..Flags::default() }
}

/// Flags of a function that finds one match only.
fn no_global(flags: &str, function: &str) -> Result<Flags> {
    let f = Flags::parse(flags)?;
    if f.global {
        let e = err!(INVALID_PARAMETER_VALUE, "{} does not support the \"global\" option"; function);
        return Err(if function == "regexp_match()" { e.hint("Use the regexp_matches function instead.") } else { e });
    }
    Ok(f)
}

fn at_least(name: &str, v: i32, least: i32) -> Result<()> {
    if v < least {
        bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{name}\": {v}");
    }
    Ok(())
}

fn part(text: &str, range: (usize, usize)) -> &str {
    if text.is_ascii() {
        return text.get(range.0..range.1).unwrap_or("");
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    &text[at(range.0)..at(range.1)]
}

/// Where a group of the `n`-th match from character `start` on lies; an expression without groups has itself as the first.
#[allow(clippy::too_many_arguments)]
fn nth(
    c: &mut Call<'_>,
    what: &str,
    text: &str,
    pattern: &str,
    start: i32,
    n: i32,
    end: i32,
    flags: &str,
    group: i32,
) -> Result<Option<(usize, usize)>> {
    at_least("start", start, 1)?;
    at_least("n", n, 1)?;
    if !(0..=1).contains(&end) {
        bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"endoption\": {end}");
    }
    at_least("subexpr", group, 0)?;
    let flags = no_global(flags, what)?;
    let subject = Subject::new(text);
    let all = compiled(c, pattern, flags)?.find_all(&subject, start as usize - 1, true, false);
    let found = all.into_iter().nth(n as usize - 1);
    Ok(found.and_then(|m| m.get(if m.len() == 1 && group == 1 { 0 } else { group as usize }).copied().flatten()))
}

#[allow(clippy::too_many_arguments)]
fn instr(
    c: &mut Call<'_>,
    text: &str,
    pattern: &str,
    start: i32,
    n: i32,
    end: i32,
    flags: &str,
    group: i32,
) -> Result<i32> {
    let found = nth(c, "regexp_instr()", text, pattern, start, n, end, flags, group)?;
    Ok(found.map_or(0, |(a, b)| (if end == 1 { b } else { a }) as i32 + 1))
}

fn substr(
    c: &mut Call<'_>,
    text: &str,
    pattern: &str,
    start: i32,
    n: i32,
    flags: &str,
    group: i32,
) -> Result<Option<String>> {
    let found = nth(c, "regexp_substr()", text, pattern, start, n, 0, flags, group)?;
    Ok(found.map(|r| part(text, r).to_owned()))
}

fn replace_flags(c: &mut Call<'_>, text: &str, pattern: &str, with: &str, flags: &str) -> Result<String> {
    if let Some(first) = flags.chars().next().filter(char::is_ascii_digit) {
        return Err(err!(INVALID_PARAMETER_VALUE, "invalid regular expression option: \"{first}\"")
            .hint("If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly."));
    }
    let f = Flags::parse(flags)?;
    replace(c, text, pattern, with, 1, if f.global { 0 } else { 1 }, f)
}

fn replace(
    c: &mut Call<'_>,
    text: &str,
    pattern: &str,
    with: &str,
    start: i32,
    n: i32,
    flags: Flags,
) -> Result<String> {
    at_least("start", start, 1)?;
    at_least("n", n, 0)?;
    compiled(c, pattern, Flags { global: false, ..flags })?.replace(text, with, start, n)
}

fn first(c: &mut Call<'_>, text: &str, pattern: &str, flags: &str) -> Result<Option<Vec<u8>>> {
    let flags = no_global(flags, "regexp_match()")?;
    compiled(c, pattern, flags)?.first_match(text).map(texts).transpose()
}

fn split(c: &mut Call<'_>, text: &str, pattern: &str, flags: &str) -> Result<Vec<u8>> {
    let flags = no_global(flags, "regexp_split_to_array()")?;
    let parts = compiled(c, pattern, flags)?.split(text);
    from_items(oids::TEXT, parts.iter().map(|p| Some(p.as_bytes())))
}

fn split_to_table(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [text, pattern, rest @ ..] = args else { return Err(too_few()) };
    let flags = no_global(rest.first().map_or("", |d| d.str()), "regexp_split_to_table()")?;
    let parts = compiled(c, pattern.str(), flags)?.split(text.str());
    Ok(Ready::column(parts.into_iter().map(Value::text).collect()))
}

fn matches(c: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [text, pattern, rest @ ..] = args else { return Err(too_few()) };
    let flags = Flags::parse(rest.first().map_or("", |d| <&str>::arg(*d)))?;
    let plain = Flags { global: false, ..flags };
    let all = compiled(c, pattern.str(), plain)?.matches(text.str(), flags.global);
    let rows = all.into_iter().map(|m| texts(m).map(|b| Value::bytes(&b))).try_vec()?;
    Ok(Ready::column(rows))
}

fn is_match(c: &mut Call<'_>, text: &str, pattern: &str, flags: Flags) -> Result<bool> {
    Ok(compiled(c, pattern, flags)?.is_match(text))
}

const MATCHES: Kernel = f!(c; a: &str, p: &str => is_match(c, a, p, Flags::default())?);
const NOT_MATCHES: Kernel = f!(c; a: &str, p: &str => !is_match(c, a, p, Flags::default())?);
const MATCHES_FOLDED: Kernel = f!(c; a: &str, p: &str => is_match(c, a, p, folded())?);
const NOT_MATCHES_FOLDED: Kernel = f!(c; a: &str, p: &str => !is_match(c, a, p, folded())?);

pub const TABLES: &[&[Entry]] = &[&[
    ("textregexeq", MATCHES),
    ("textregexne", NOT_MATCHES),
    ("texticregexeq", MATCHES_FOLDED),
    ("texticregexne", NOT_MATCHES_FOLDED),
    ("nameregexeq", MATCHES),
    ("nameregexne", NOT_MATCHES),
    ("nameicregexeq", MATCHES_FOLDED),
    ("nameicregexne", NOT_MATCHES_FOLDED),
    ("textregexsubstr", f!(c; a: &str, p: &str => compiled(c, p, Flags::default())?.substring(a))),
    ("textregexreplace_noopt", f!(c; a: &str, p: &str, r: &str => replace(c, a, p, r, 1, 1, Flags::default())?)),
    ("textregexreplace", f!(c; a: &str, p: &str, r: &str, flags: &str => replace_flags(c, a, p, r, flags)?)),
    (
        "textregexreplace_extended",
        f!(c; a: &str, p: &str, r: &str, start: i32, n: i32, flags: &str => {
            let flags = Flags::parse(flags)?;
            replace(c, a, p, r, start, n, flags)?
        }),
    ),
    (
        "textregexreplace_extended_no_flags",
        f!(c; a: &str, p: &str, r: &str, start: i32, n: i32 => replace(c, a, p, r, start, n, Flags::default())?),
    ),
    (
        "textregexreplace_extended_no_n",
        f!(c; a: &str, p: &str, r: &str, start: i32 => replace(c, a, p, r, start, 1, Flags::default())?),
    ),
    (
        "regexp_like",
        f!(c; a: &str, p: &str, flags: &str => { let f = no_global(flags, "regexp_like()")?; is_match(c, a, p, f)? }),
    ),
    ("regexp_like_no_flags", MATCHES),
    (
        "regexp_count",
        f!(c; a: &str, p: &str, start: i32, flags: &str => {
            at_least("start", start, 1)?;
            let f = no_global(flags, "regexp_count()")?;
            compiled(c, p, f)?.count(a, start)?
        }),
    ),
    (
        "regexp_count_no_flags",
        f!(c; a: &str, p: &str, start: i32 => { at_least("start", start, 1)?; compiled(c, p, Flags::default())?.count(a, start)? }),
    ),
    ("regexp_count_no_start", f!(c; a: &str, p: &str => compiled(c, p, Flags::default())?.count(a, 1)?)),
    (
        "regexp_instr",
        f!(c; a: &str, p: &str, start: i32, n: i32, end: i32, flags: &str, group: i32 => instr(c, a, p, start, n, end, flags, group)?),
    ),
    (
        "regexp_instr_no_subexpr",
        f!(c; a: &str, p: &str, start: i32, n: i32, end: i32, flags: &str => instr(c, a, p, start, n, end, flags, 0)?),
    ),
    (
        "regexp_instr_no_flags",
        f!(c; a: &str, p: &str, start: i32, n: i32, end: i32 => instr(c, a, p, start, n, end, "", 0)?),
    ),
    ("regexp_instr_no_endoption", f!(c; a: &str, p: &str, start: i32, n: i32 => instr(c, a, p, start, n, 0, "", 0)?)),
    ("regexp_instr_no_n", f!(c; a: &str, p: &str, start: i32 => instr(c, a, p, start, 1, 0, "", 0)?)),
    ("regexp_instr_no_start", f!(c; a: &str, p: &str => instr(c, a, p, 1, 1, 0, "", 0)?)),
    (
        "regexp_substr",
        f!(c; a: &str, p: &str, start: i32, n: i32, flags: &str, group: i32 => substr(c, a, p, start, n, flags, group)?),
    ),
    (
        "regexp_substr_no_subexpr",
        f!(c; a: &str, p: &str, start: i32, n: i32, flags: &str => substr(c, a, p, start, n, flags, 0)?),
    ),
    ("regexp_substr_no_flags", f!(c; a: &str, p: &str, start: i32, n: i32 => substr(c, a, p, start, n, "", 0)?)),
    ("regexp_substr_no_n", f!(c; a: &str, p: &str, start: i32 => substr(c, a, p, start, 1, "", 0)?)),
    ("regexp_substr_no_start", f!(c; a: &str, p: &str => substr(c, a, p, 1, 1, "", 0)?)),
    ("regexp_match", f!(c; a: &str, p: &str, flags: &str => first(c, a, p, flags)?)),
    ("regexp_match_no_flags", f!(c; a: &str, p: &str => first(c, a, p, "")?)),
    ("regexp_matches", Kernel::Set(matches)),
    ("regexp_matches_no_flags", Kernel::Set(matches)),
    ("regexp_split_to_array", f!(c; a: &str, p: &str, flags: &str => split(c, a, p, flags)?)),
    ("regexp_split_to_array_no_flags", f!(c; a: &str, p: &str => split(c, a, p, "")?)),
    ("regexp_split_to_table", Kernel::Set(split_to_table)),
    ("regexp_split_to_table_no_flags", Kernel::Set(split_to_table)),
]];
