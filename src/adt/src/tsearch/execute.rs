//! Holding a query against a document (`TS_execute`).
//!
//! Above phrases a query is a boolean expression. Inside a phrase positions count: every operand gives the positions it
//! matches at, or, negated, those it does not match at, and operators merge these lists. A match wider than one lexeme is where
//! its last lexeme is.

use tusklet_error::{Result, SortShort};

use super::tsquery::{AND, Item, NOT, OR, Operand, PHRASE, TsQuery};
use super::tsvector::{TsVector, compare, position, weight};
use super::{MAX_DEPTH, too_deep};

/// An answer that may be unknown for want of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ternary {
    /// No match.
    No,
    /// A match.
    Yes,
    /// Perhaps.
    Maybe,
}

use Ternary::{Maybe, No, Yes};

/// Where an operand matches (`ExecPhraseData`).
#[derive(Default)]
pub struct Phrase {
    /// Positions, ascending, each once.
    pub at: Vec<u16>,
    /// It matches everywhere but there.
    pub negate: bool,
    /// Lexemes of a match, less one.
    pub width: i32,
}

/// Answers for an operand: its item's number, the operand, and where to put positions if they are wanted. `Yes` with positions
/// wanted means that some were put.
pub type Check<'c> = dyn FnMut(usize, &Operand<'_>, Option<&mut Phrase>) -> Ternary + 'c;

/// Whether a query matches. `Maybe` comes out only when `maybe` is set; a phrase nobody knows the positions of does not match
/// otherwise (`TS_EXEC_PHRASE_NO_POS`).
pub fn execute(q: TsQuery<'_>, maybe: bool, check: &mut Check<'_>) -> Result<Ternary> {
    if q.is_empty() { Ok(No) } else { recurse(q, 0, maybe, 0, check) }
}

fn recurse(q: TsQuery<'_>, i: usize, maybe: bool, depth: usize, check: &mut Check<'_>) -> Result<Ternary> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let (op, left) = match q.item(i) {
        Item::Value(v) => return Ok(check(i, &v, None)),
        Item::Operator(op, _, left) => (op, i + left.max(1)),
    };
    let mut operand = |i: usize| recurse(q, i, maybe, depth + 1, check);
    Ok(match op {
        NOT => match operand(i + 1)? {
            No => Yes,
            Yes => No,
            Maybe => Maybe,
        },
        AND | OR => {
            let decided = if op == AND { No } else { Yes };
            let l = operand(left)?;
            if l == decided {
                return Ok(l);
            }
            let r = operand(i + 1)?;
            if r == decided || r == Maybe { r } else { l }
        }
        _ => match phrase(q, i, depth, check, &mut Phrase::default(), false)? {
            Maybe if !maybe => No,
            answer => answer,
        },
    })
}

/// Which positions a merge keeps.
const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTH: u8 = 4;

/// Merges position lists (`TS_phrase_output`).
fn merge(l: &Phrase, r: &Phrase, keep: u8, shift: (i32, i32), out: &mut Phrase) -> Ternary {
    let (mut i, mut j) = (0, 0);
    loop {
        let a = l.at.get(i).map_or(i32::MAX, |p| i32::from(position(*p)) + shift.0);
        let b = r.at.get(j).map_or(i32::MAX, |p| i32::from(position(*p)) + shift.1);
        let at = a.min(b);
        if at == i32::MAX {
            break;
        }
        let kind = match a.cmp(&b) {
            std::cmp::Ordering::Less => LEFT,
            std::cmp::Ordering::Equal => BOTH,
            std::cmp::Ordering::Greater => RIGHT,
        };
        i += usize::from(a == at);
        j += usize::from(b == at);
        if keep & kind != 0 && at > 0 {
            out.at.push(at as u16);
        }
    }
    if out.at.is_empty() { No } else { Yes }
}

/// A query at or below a phrase operator (`TS_phrase_execute`).
fn phrase(q: TsQuery<'_>, i: usize, depth: usize, check: &mut Check<'_>, out: &mut Phrase, inner: bool) -> Result<Ternary> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let (op, distance, left) = match q.item(i) {
        Item::Value(v) => return Ok(check(i, &v, Some(out))),
        Item::Operator(op, distance, left) => (op, i32::from(distance), i + left.max(1)),
    };
    if op == NOT {
        return Ok(match phrase(q, i + 1, depth + 1, check, out, true)? {
            No => {
                out.at.clear();
                out.negate = true;
                Yes
            }
            Yes if out.at.is_empty() && out.negate => {
                out.negate = false;
                No
            }
            Yes => {
                out.negate = !out.negate;
                Yes
            }
            Maybe => Maybe,
        });
    }
    let (mut l, mut r) = (Phrase::default(), Phrase::default());
    let found_left = phrase(q, left, depth + 1, check, &mut l, true)?;
    if op != OR && found_left == No {
        return Ok(No);
    }
    let found_right = phrase(q, i + 1, depth + 1, check, &mut r, true)?;
    if found_right == No && (op != OR || found_left == No) {
        return Ok(No);
    }
    if found_left == Maybe || found_right == Maybe {
        return Ok(Maybe);
    }
    if found_left == No {
        l.width = 0;
    }
    if found_right == No {
        r.width = 0;
    }
    let shift = if op == PHRASE {
        out.width = distance + l.width + r.width;
        (distance + r.width, 0)
    } else {
        // The narrower one is put to the right end of the wider one.
        out.width = l.width.max(r.width);
        (out.width - l.width, out.width - r.width)
    };
    // By De Morgan, a list of where it does *not* match is merged the other way.
    let (keep, negate) = match (op == OR, l.negate, r.negate) {
        (false, true, true) => (BOTH | LEFT | RIGHT, true),
        (false, true, false) => (RIGHT, false),
        (false, false, true) => (LEFT, false),
        (false, false, false) => (BOTH, false),
        (true, true, true) => (BOTH, true),
        (true, true, false) => (LEFT, true),
        (true, false, true) => (RIGHT, true),
        (true, false, false) => (BOTH | LEFT | RIGHT, false),
    };
    let found = merge(&l, &r, keep, shift, out);
    // The outermost phrase is asked for no more than whether there is a match.
    out.negate = negate && inner;
    Ok(if negate { Yes } else { found })
}

/// Whether, and where, lexeme `i` of a document matches an operand (`checkclass_str`).
fn check_lexeme(doc: TsVector<'_>, i: usize, v: &Operand<'_>, out: Option<&mut Vec<u16>>) -> Ternary {
    let positions = doc.positions(i);
    if positions.is_empty() {
        // A stripped document matches whatever weights are asked for.
        return if out.is_some() { Maybe } else { Yes };
    }
    let fits = |p: &u16| v.weight == 0 || v.weight & 1 << weight(*p) != 0;
    match out {
        Some(out) => {
            let before = out.len();
            out.extend(positions.iter().filter(fits).map(position));
            if out.len() > before { Yes } else { No }
        }
        None if v.weight == 0 || positions.iter().any(|p| fits(&p)) => Yes,
        None => No,
    }
}

/// Holds an operand against a document (`checkcondition_str`).
pub fn check_operand(doc: TsVector<'_>, v: &Operand<'_>, mut out: Option<&mut Phrase>) -> Ternary {
    let place = doc.find(v.word);
    if !v.prefix {
        return place.map_or(No, |i| check_lexeme(doc, i, v, out.map(|o| &mut o.at)));
    }
    let first = place.unwrap_or_else(|i| i);
    let mut answer = No;
    for i in first..doc.len() {
        if compare(v.word, doc.lexeme(i), true).is_ne() {
            break;
        }
        match check_lexeme(doc, i, v, out.as_mut().map(|o| &mut o.at)) {
            No => {}
            // Without one lexeme's positions nothing is sure about the others'.
            Maybe => {
                if let Some(o) = out {
                    o.at.clear();
                }
                return Maybe;
            }
            Yes if out.is_none() => return Yes,
            Yes => answer = Yes,
        }
    }
    if let Some(o) = out {
        o.at.order();
        o.at.dedup();
    }
    answer
}

/// `@@`.
pub fn matches(doc: TsVector<'_>, q: TsQuery<'_>) -> Result<bool> {
    Ok(execute(q, false, &mut |_, v, out| check_operand(doc, v, out))? != No)
}

/// Whether a document must have one of the query's lexemes to match (`tsquery_requires_match`).
pub fn requires_match(q: TsQuery<'_>) -> bool {
    !q.is_empty() && requires(q, 0, 0)
}

fn requires(q: TsQuery<'_>, i: usize, depth: usize) -> bool {
    let (op, left) = match q.item(i) {
        Item::Value(_) => return true,
        Item::Operator(op, _, left) => (op, i + left.max(1)),
    };
    match op {
        // Too deep to say: then all documents are to be looked at.
        _ if depth > MAX_DEPTH => false,
        NOT => false,
        OR => requires(q, left, depth + 1) && requires(q, i + 1, depth + 1),
        _ => requires(q, left, depth + 1) || requires(q, i + 1, depth + 1),
    }
}

