//! Unicode normalization, forms C, D, KC and KD, of PostgreSQL 15's Unicode version.
//!
//! `data/normalization.bin` is unpacked when it is first needed: every character's full decomposition, and runs of marks
//! with their combining classes (any numbers that order as the classes do). Pairs that compose follow from the canonical
//! decompositions; Hangul syllables are computed.

use std::cmp::Ordering;
use std::sync::OnceLock;

use tusklet_error::SortShort;

static DATA: &[u8] = include_bytes!("../data/normalization.bin");

/// The next number of packed data: groups of seven bits, lowest first, the last one without the highest bit.
pub(crate) fn number(data: &mut &[u8]) -> u32 {
    let (mut n, mut shift) = (0, 0);
    while let Some((b, rest)) = data.split_first() {
        *data = rest;
        n |= u32::from(b & 127) << shift;
        shift += 7;
        if *b < 128 || shift > 28 {
            break;
        }
    }
    n
}

struct Entry {
    code: u32,
    /// Of NFKD only.
    compatible: bool,
    /// NFC never makes it.
    excluded: bool,
    start: usize,
    len: usize,
}

struct Tables {
    /// By character; the canonical decomposition first.
    entries: Vec<Entry>,
    /// The decompositions.
    chars: Vec<u32>,
    /// Runs of marks: first, last, class.
    classes: Vec<(u32, u32, u8)>,
    /// Two characters and what they compose to.
    pairs: Vec<(u32, u32, u32)>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(unpack)
}

fn unpack() -> Tables {
    let mut data = DATA;
    let mut columns = [&[][..]; 4];
    let sizes = [(); 4].map(|()| number(&mut data) as usize);
    for (column, n) in columns.iter_mut().zip(sizes) {
        (*column, data) = data.split_at(n.min(data.len()));
    }
    let [mut codes, flags, mut items, mut runs] = columns;
    let (mut entries, mut code, mut start) = (Vec::with_capacity(flags.len()), 0, 0);
    for f in flags {
        code += number(&mut codes);
        let len = usize::from(f >> 2);
        entries.push(Entry { code, compatible: f & 1 != 0, excluded: f & 2 != 0, start, len });
        start += len;
    }
    let mut chars = vec![0; start];
    let longest = entries.iter().map(|e| e.len).max().unwrap_or(0);
    for i in 0..longest {
        let mut c = 0i64;
        for e in entries.iter().filter(|e| i < e.len) {
            let n = i64::from(number(&mut items));
            c += if n & 1 == 0 { n >> 1 } else { -(n >> 1) - 1 };
            chars[e.start + i] = c as u32;
        }
    }
    let (mut classes, mut end) = (vec![], 0);
    while !runs.is_empty() {
        let first = end + number(&mut runs);
        end = first + number(&mut runs);
        let Some((class, rest)) = runs.split_first() else { break };
        runs = rest;
        classes.push((first, end, *class));
    }
    // The last character of a decomposition joins the composite of those before it.
    let mut whole: Vec<(&[u32], u32)> = vec![];
    for e in entries.iter().filter(|e| !e.compatible && !e.excluded) {
        whole.push((&chars[e.start..e.start + e.len], e.code));
    }
    whole.order();
    let mut pairs = vec![];
    for (d, code) in &whole {
        let Some((last, before)) = d.split_last() else { continue };
        let first = match before {
            [one] => *one,
            _ => match whole.binary_search_by(|w| w.0.cmp(before)) {
                Ok(i) => whole[i].1,
                Err(_) => continue,
            },
        };
        pairs.push((first, *last, *code));
    }
    pairs.order();
    Tables { entries, chars, classes, pairs }
}

// Hangul: leading consonant, vowel, trailing consonant.
const S: u32 = 0xAC00;
const L: u32 = 0x1100;
const V: u32 = 0x1161;
const T: u32 = 0x11A7;

impl Tables {
    fn class(&self, c: u32) -> u8 {
        let found = self.classes.binary_search_by(|r| {
            if r.1 < c {
                Ordering::Less
            } else if r.0 > c {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        });
        found.map_or(0, |i| self.classes[i].2)
    }

    fn decompose(&self, c: u32, compatible: bool, out: &mut Vec<(u32, u8)>) {
        if (S..S + 11172).contains(&c) {
            let n = c - S;
            out.push((L + n / 588, 0));
            out.push((V + n % 588 / 28, 0));
            if n % 28 != 0 {
                out.push((T + n % 28, 0));
            }
            return;
        }
        let at = self.entries.partition_point(|e| e.code < c);
        let mut found = None;
        for e in self.entries[at..].iter().take_while(|e| e.code == c) {
            if !e.compatible || compatible {
                found = Some(e);
            }
        }
        match found {
            Some(e) => {
                for x in &self.chars[e.start..e.start + e.len] {
                    out.push((*x, self.class(*x)));
                }
            }
            None => out.push((c, self.class(c))),
        }
    }

    fn compose(&self, a: u32, b: u32) -> Option<u32> {
        if (L..L + 19).contains(&a) && (V..V + 21).contains(&b) {
            return Some(S + (a - L) * 588 + (b - V) * 28);
        }
        if (S..S + 11172).contains(&a) && (a - S).is_multiple_of(28) && (T + 1..T + 28).contains(&b) {
            return Some(a + b - T);
        }
        let i = self.pairs.binary_search_by(|p| (p.0, p.1).cmp(&(a, b))).ok()?;
        Some(self.pairs[i].2)
    }
}

/// The normal form: decomposed by canonical or all mappings, marks in order, and composed again or not.
pub fn normalize(s: &str, compatible: bool, composed: bool) -> String {
    if s.is_ascii() {
        return s.to_owned();
    }
    let t = tables();
    let mut chars = Vec::with_capacity(s.len());
    for c in s.chars() {
        t.decompose(c as u32, compatible, &mut chars);
    }
    // Marks move left past those of a higher class, never past what is no mark.
    for i in 1..chars.len() {
        let mut j = i;
        while j > 0 && chars[j].1 != 0 && chars[j - 1].1 > chars[j].1 {
            chars.swap(j - 1, j);
            j -= 1;
        }
    }
    if composed {
        let (mut done, mut starter, mut last) = (0, None, 0);
        for i in 0..chars.len() {
            let (c, class) = chars[i];
            // A mark is kept from its starter by one of its own class or higher between them.
            let blocked = starter.is_some_and(|s: usize| done > s + 1 && last >= class);
            if let Some(s) = starter.filter(|_| !blocked)
                && let Some(whole) = t.compose(chars[s].0, c)
            {
                chars[s].0 = whole;
                continue;
            }
            if class == 0 {
                starter = Some(done);
            }
            last = class;
            chars[done] = (c, class);
            done += 1;
        }
        chars.truncate(done);
    }
    chars.iter().filter_map(|c| char::from_u32(c.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn forms() {
        assert_eq!(normalize("\u{e4}\u{323}", false, false), "a\u{323}\u{308}");
        assert_eq!(normalize("a\u{308}\u{323}", false, true), "\u{1ea1}\u{308}");
        assert_eq!(normalize("\u{fb03}", true, true), "ffi");
        assert_eq!(normalize("\u{ac01}", false, false), "\u{1100}\u{1161}\u{11a8}");
        assert_eq!(normalize("\u{1100}\u{1161}\u{11a8}", false, true), "\u{ac01}");
    }
}
