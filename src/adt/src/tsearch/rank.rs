//! How well a document fits a query: `ts_rank` by frequency and nearness of lexemes, `ts_rank_cd` by cover density.
//!
//! Single and double precision are mixed as in PostgreSQL: results are compared digit by digit.

use tusklet_error::{Result, SortShort, bail};

use super::execute::{Ternary, execute};
use super::tsquery::{AND, Item, Operand, PHRASE, TsQuery};
use super::tsvector::{MAX_POSITION, TsVector, compare, position, weight};

/// Weights of D, C, B, A when none are given.
pub const WEIGHTS: [f32; 4] = [0.1, 0.2, 0.4, 1.0];

/// Weights given by the user; negative ones stand for the default.
pub fn weights(given: &[f32]) -> Result<[f32; 4]> {
    let mut w = WEIGHTS;
    if given.len() < 4 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "array of weight is too short");
    }
    for (w, g) in w.iter_mut().zip(given) {
        if *g >= 0.0 {
            *w = *g;
        }
        if *w > 1.0 {
            bail!(INVALID_PARAMETER_VALUE, "weight out of range");
        }
    }
    Ok(w)
}

/// Lexemes with repetitions (`cnt_length`).
fn words_of(t: TsVector<'_>) -> usize {
    (0..t.len()).map(|i| t.positions(i).len().max(1)).sum()
}

/// The lexemes of a document an operand means (`find_wordentry`).
fn entries(t: TsVector<'_>, v: &Operand<'_>) -> std::ops::Range<usize> {
    let place = t.find(v.word);
    let first = place.unwrap_or_else(|i| i);
    let mut end = first;
    if v.prefix {
        while end < t.len() && compare(v.word, t.lexeme(end), true).is_eq() {
            end += 1;
        }
    } else {
        end += usize::from(place.is_ok());
    }
    first..end
}

/// A query's operands by lexeme, each lexeme once (`SortAndUniqItems`).
fn lexemes<'a>(q: TsQuery<'a>) -> Vec<Operand<'a>> {
    let mut all: Vec<Operand<'a>> = q.operands().map(|(_, v)| v).collect();
    all.order_by(|a, b| a.word.cmp(b.word));
    all.dedup_by(|b, a| a.word == b.word);
    all
}

fn word_distance(d: i32) -> f32 {
    if d > 100 {
        return 1e-30;
    }
    (1.0 / (1.005 + 0.05 * (f64::from(d as f32) / 1.5 - 2.0).exp())) as f32
}

fn rank_and(w: &[f32; 4], t: TsVector<'_>, q: TsQuery<'_>) -> f32 {
    let items = lexemes(q);
    if items.len() < 2 {
        return rank_or(w, t, q);
    }
    // The positions of each operand's last entry; without positions it counts as far away.
    let mut seen: Vec<Option<(Vec<u16>, bool)>> = vec![];
    let mut res = -1.0f32;
    for v in &items {
        let mut own = None;
        for e in entries(t, v) {
            let mut at: Vec<u16> = t.positions(e).iter().collect();
            let none = at.is_empty();
            if none {
                at.push(MAX_POSITION);
            }
            for (other, other_none) in seen.iter().flatten() {
                for p in &at {
                    for o in other {
                        let mut d = (i32::from(position(*p)) - i32::from(position(*o))).abs();
                        if d == 0 && !none && !other_none {
                            continue;
                        }
                        if d == 0 {
                            d = i32::from(MAX_POSITION) + 1;
                        }
                        let product = w[usize::from(weight(*p))] * w[usize::from(weight(*o))] * word_distance(d);
                        let near = f64::from(product).sqrt() as f32;
                        res = if res < 0.0 { near } else { (1.0 - (1.0 - f64::from(res)) * (1.0 - f64::from(near))) as f32 };
                    }
                }
            }
            own = Some((at, none));
        }
        seen.push(own);
    }
    res
}

fn rank_or(w: &[f32; 4], t: TsVector<'_>, q: TsQuery<'_>) -> f32 {
    let items = lexemes(q);
    let mut res = 0.0f32;
    for v in &items {
        for e in entries(t, v) {
            let mut at: Vec<u16> = t.positions(e).iter().collect();
            if at.is_empty() {
                at.push(0);
            }
            let (mut sum, mut best, mut place) = (0.0f32, -1.0f32, 0i32);
            for (j, p) in at.iter().enumerate() {
                let own = w[usize::from(weight(*p))];
                let j = j as i32;
                sum += own / ((j + 1) * (j + 1)) as f32;
                if own > best {
                    best = own;
                    place = j;
                }
            }
            let part = best + sum - best / ((place + 1) * (place + 1)) as f32;
            res = (f64::from(res) + f64::from(part) / 1.64493406685) as f32;
        }
    }
    if items.is_empty() { res } else { res / items.len() as f32 }
}

/// `ts_rank`.
pub fn rank(w: &[f32; 4], t: TsVector<'_>, q: TsQuery<'_>, method: i32) -> f32 {
    if t.is_empty() || q.is_empty() {
        return 0.0;
    }
    let mut res = match q.item(0) {
        Item::Operator(AND | PHRASE, ..) => rank_and(w, t, q),
        _ => rank_or(w, t, q),
    };
    if res < 0.0 {
        res = 1e-20;
    }
    let by = |res: f32, d: f64| (f64::from(res) / d) as f32;
    let log2 = |n: usize| (n as f64).ln() / 2f64.ln();
    if method & 1 != 0 {
        res = by(res, log2(words_of(t) + 1));
    }
    if method & 2 != 0 {
        res /= words_of(t) as f32;
    }
    if method & 8 != 0 {
        res /= t.len() as f32;
    }
    if method & 16 != 0 {
        res = by(res, log2(t.len() + 1));
    }
    if method & 32 != 0 {
        res /= res + 1.0;
    }
    res
}

/// A position in a document that some of a query's operands match at.
struct Place {
    at: u16,
    entry: usize,
    items: Vec<usize>,
}

/// All such positions in order (`get_docrep`).
fn places(t: TsVector<'_>, q: TsQuery<'_>) -> Vec<Place> {
    let mut all: Vec<Place> = vec![];
    for (i, v) in q.operands() {
        for entry in entries(t, &v) {
            for at in t.positions(entry).iter() {
                if v.weight == 0 || v.weight & 1 << weight(at) != 0 {
                    all.push(Place { at, entry, items: vec![i] });
                }
            }
        }
    }
    all.order_by_key(|p| (p.at.rotate_left(2), p.entry));
    all.dedup_by(|b, a| {
        let same = a.at == b.at && a.entry == b.entry;
        if same {
            a.items.append(&mut b.items);
        }
        same
    });
    all
}

/// What of the query has been seen on the way through the document, and where.
struct Seen {
    positions: Vec<Option<Vec<u16>>>,
    backwards: bool,
}

impl Seen {
    fn add(&mut self, p: &Place) {
        for i in &p.items {
            let Some(list) = self.positions.get_mut(*i) else { continue };
            let list = list.get_or_insert_default();
            if list.last().is_none_or(|l| position(*l) != position(p.at)) {
                list.push(p.at);
            }
        }
    }

    fn matches(&self, q: TsQuery<'_>) -> Result<bool> {
        let found = execute(q, false, &mut |i, _, out| match self.positions.get(i) {
            Some(Some(list)) => {
                if let Some(out) = out {
                    out.at.extend_from_slice(list);
                    if self.backwards {
                        out.at.reverse();
                    }
                }
                Ternary::Yes
            }
            _ => Ternary::No,
        })?;
        Ok(found != Ternary::No)
    }
}

/// The next shortest piece of the document that matches: its first and last place, and where to look on (`Cover`).
fn cover(doc: &[Place], q: TsQuery<'_>, mut from: usize) -> Result<Option<(usize, usize, usize)>> {
    while from < doc.len() {
        let mut seen = Seen { positions: vec![None; q.len()], backwards: false };
        let mut last = None;
        for (i, p) in doc.iter().enumerate().skip(from) {
            seen.add(p);
            if seen.matches(q)? {
                last = Some(i).filter(|_| position(p.at) > 0);
                break;
            }
        }
        let Some(last) = last else { return Ok(None) };
        let mut seen = Seen { positions: vec![None; q.len()], backwards: true };
        for i in (from..=last).rev() {
            seen.add(&doc[i]);
            if seen.matches(q)? {
                return Ok(Some((i, last, i + 1)));
            }
        }
        from += 1;
    }
    Ok(None)
}

/// `ts_rank_cd`.
pub fn rank_cd(w: &[f32; 4], t: TsVector<'_>, q: TsQuery<'_>, method: i32) -> Result<f32> {
    let doc = places(t, q);
    if doc.is_empty() {
        return Ok(0.0);
    }
    let (mut total, mut sum, mut before, mut count, mut from) = (0.0f64, 0.0f64, 0.0f64, 0, 0);
    while let Some((first, last, next)) = cover(&doc, q, from)? {
        from = next;
        let inverse: f64 = doc[first..=last].iter().map(|p| 1.0 / f64::from(w[usize::from(weight(p.at))])).sum();
        let span = (last - first) as i32;
        let (p, e) = (i32::from(position(doc[first].at)), i32::from(position(doc[last].at)));
        let mut noise = e - p - span;
        if noise < 0 {
            noise = span / 2;
        }
        total += f64::from(span + 1) / inverse / f64::from(1 + noise);
        let middle = f64::from(e + p) / 2.0;
        if count > 0 && middle > before {
            sum += 1.0 / (middle - before);
        }
        before = middle;
        count += 1;
    }
    let n = t.len() as f64;
    if method & 1 != 0 {
        total /= (words_of(t) as f64 + 1.0).ln();
    }
    if method & 2 != 0 {
        total /= words_of(t) as f64;
    }
    if method & 4 != 0 && count > 0 && sum > 0.0 {
        total /= f64::from(count) / sum;
    }
    if method & 8 != 0 {
        total /= n;
    }
    if method & 16 != 0 {
        total /= (n + 1.0).ln() / 2f64.ln();
    }
    if method & 32 != 0 {
        total /= total + 1.0;
    }
    Ok(total as f32)
}
