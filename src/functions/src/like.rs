//! `LIKE` and its kin. A pattern is compiled once per call site, and again only when it changes.

use tusklet_adt::like::{Pattern, like_escape, similar_to_escape};
use tusklet_error::Result;
use tusklet_vector::{Call, Datum, Kernel, Out, Sel, Vector};

use crate::batch::rows;
use crate::bind::Entry;

struct Compiled {
    source: Vec<u8>,
    pattern: Pattern,
}

/// The site's pattern, compiled from `source` unless it already is.
fn compiled<'c>(c: &'c mut Call<'_>, source: &[u8], fold: bool) -> Result<&'c Pattern> {
    let make =
        || Compiled { source: source.to_vec(), pattern: Pattern::new(std::str::from_utf8(source).unwrap_or(""), fold) };
    let kept = c.extra(|| Ok(make()))?;
    if kept.source != source {
        *kept = make();
    }
    Ok(&kept.pattern)
}

#[cfg_attr(tuned, optimize(speed))]
fn batch<const FOLD: bool, const NOT: bool>(
    c: &mut Call<'_>,
    args: &[&Vector],
    sel: &Sel,
    out: &mut Vector,
) -> Result<()> {
    let [x, y, ..] = args else { return Ok(()) };
    let (Some(a), Some(p)) = (x.bytes(), y.bytes()) else { return Ok(()) };
    let sa = !x.constant as usize;
    if y.constant && !p.is_empty() {
        let pattern = compiled(c, p.get(0), FOLD)?.clone();
        return rows(c, sel, out, |out, i| {
            let m = pattern.matches(a.get(i * sa))?;
            out.bools_mut()[i] = (m != NOT) as u8;
            Ok(())
        });
    }
    let mut last = Compiled { source: Vec::new(), pattern: Pattern::new("", FOLD) };
    rows(c, sel, out, |out, i| {
        let source = p.get(i);
        if last.source != source {
            last = Compiled {
                source: source.to_vec(),
                pattern: Pattern::new(std::str::from_utf8(source).unwrap_or(""), FOLD),
            };
        }
        out.bools_mut()[i] = (last.pattern.matches(a.get(i * sa))? != NOT) as u8;
        Ok(())
    })
}

#[cfg_attr(tuned, optimize(speed))]
fn row<const FOLD: bool, const NOT: bool>(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[a, p, ..] = args else { return Err(crate::bind::too_few()) };
    let m = compiled(c, p.bytes(), FOLD)?.matches(a.bytes())?;
    out.bool(m != NOT);
    Ok(())
}

const LIKE: Kernel = Kernel::Batch(batch::<false, false>, row::<false, false>);
const NOT_LIKE: Kernel = Kernel::Batch(batch::<false, true>, row::<false, true>);
const ILIKE: Kernel = Kernel::Batch(batch::<true, false>, row::<true, false>);
const NOT_ILIKE: Kernel = Kernel::Batch(batch::<true, true>, row::<true, true>);

/// Bytes as text whose characters they are, so that a pattern's `_` is a byte.
fn latin1(b: &[u8]) -> String {
    b.iter().map(|c| *c as char).collect()
}

fn bytes_like(a: &[u8], p: &[u8]) -> Result<bool> {
    Pattern::new(&latin1(p), false).matches(latin1(a).as_bytes())
}

pub const TABLES: &[&[Entry]] = &[&[
    ("textlike", LIKE),
    ("textnlike", NOT_LIKE),
    ("texticlike", ILIKE),
    ("texticnlike", NOT_ILIKE),
    ("namelike", LIKE),
    ("namenlike", NOT_LIKE),
    ("nameiclike", ILIKE),
    ("nameicnlike", NOT_ILIKE),
    ("like_escape", f!(p: &str, e: &str => like_escape(p, e)?)),
    ("like_escape_bytea", f!(p: &[u8], e: &[u8] => {
        like_escape(&latin1(p), &latin1(e))?.chars().map(|c| c as u8).collect::<Vec<u8>>()
    })),
    ("bytealike", f!(a: &[u8], p: &[u8] => bytes_like(a, p)?)),
    ("byteanlike", f!(a: &[u8], p: &[u8] => !bytes_like(a, p)?)),
    ("similar_to_escape_2", f!(p: &str, e: &str => similar_to_escape(p, Some(e))?)),
    ("similar_to_escape_1", f!(p: &str => similar_to_escape(p, None)?)),
    (
        "similar_escape",
        f!(p: Option<&str>, e: Option<&str> => match p {
            None => None,
            Some(p) => Some(similar_to_escape(p, e)?),
        }),
    ),
]];
