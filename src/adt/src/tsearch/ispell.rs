//! Ispell dictionaries: words with flags, and affixes that flags allow (`spell.c`).
//!
//! A word is normalized by taking affixes off as long as what is left is a word of the dictionary with the affix's flag. Words
//! may be compounds. Affix files come in Ispell's format and in Hunspell's, whose flags are one character, two, or numbers.

use tusklet_error::{Error, Result, SortShort, bail, err, filled};

use super::dict::{Lexeme, Lexemes};
use super::is_space;
use crate::regex::{Flags, Regex};

/// Only in compounds.
const ONLY: u32 = 1;
const BEGIN: u32 = 2;
const MIDDLE: u32 = 4;
const LAST: u32 = 8;
/// Anywhere in a compound.
const COMPOUND: u32 = BEGIN | MIDDLE | LAST;
const PLACES: u32 = 15;
const PERMIT: u32 = 16;
const FORBID: u32 = 32;
const CROSS: u32 = 64;

/// Longer words are nobody's.
const MAX_WORD: usize = 256;
/// The most forms of a word.
const MAX_FORMS: usize = 1023;

#[derive(Clone, Copy, PartialEq)]
enum FlagMode {
    Char,
    Long,
    Number,
}

struct Affix {
    flag: String,
    suffix: bool,
    flags: u32,
    /// What the word must look like without it.
    mask: Option<Regex>,
    find: String,
    repl: String,
}

struct Word {
    text: String,
    flags: String,
    compound: u32,
}

/// A dictionary.
pub struct Ispell {
    mode: FlagMode,
    /// Sorted, each once.
    words: Vec<Word>,
    /// Prefixes, then suffixes, by their ends.
    affixes: Vec<Affix>,
    /// Flags that say something about compounds.
    options: Vec<(String, u32)>,
    compounds: bool,
    /// The shortest affixes of compounds.
    links: Vec<(String, bool)>,
    aliases: Option<Vec<String>>,
}

#[cold]
fn bad_flag(s: &str) -> Error {
    err!(CONFIG_FILE_ERROR, "invalid affix flag \"{}\""; s)
}

#[cold]
fn syntax() -> Error {
    err!(CONFIG_FILE_ERROR, "syntax error")
}

fn leading_number(s: &str) -> Option<(i64, &str)> {
    let t = s.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8));
    let sign = t.len() - t.trim_start_matches(['-', '+']).len();
    let digits = t.get(sign..)?.bytes().take_while(u8::is_ascii_digit).count();
    let n = t.get(..sign + digits)?.parse().ok()?;
    Some((n, t.get(sign + digits..)?))
}

/// Whether the flag number is in range.
fn number_flag<'s>(s: &'s str) -> Result<(String, &'s str)> {
    let (n, rest) = leading_number(s).ok_or_else(|| bad_flag(s))?;
    if !(0..=1 << 16).contains(&n) {
        bail!(CONFIG_FILE_ERROR, "affix flag \"{}\" is out of range"; s);
    }
    Ok((n.to_string(), rest))
}

fn fields(line: &str) -> impl Iterator<Item = &str> {
    let blank = |c: char| c.is_ascii() && is_space(c as u8);
    line.split(blank).filter(|f| !f.is_empty()).take_while(|f| !f.starts_with('#'))
}

impl Ispell {
    /// Reads both files.
    pub fn new(words: &str, affixes: &str) -> Result<Ispell> {
        let mut d = Ispell {
            mode: FlagMode::Char,
            words: vec![],
            affixes: vec![],
            options: vec![],
            compounds: false,
            links: vec![],
            aliases: None,
        };
        let list = read_words(words);
        d.read_affixes(affixes)?;
        d.sort_words(list)?;
        d.sort_affixes()?;
        Ok(d)
    }

    /// The first flag of a set, and the others (`getNextFlagFromString`).
    fn next_flag<'s>(&self, set: &'s str) -> Result<(String, &'s str)> {
        let wanted = match self.mode {
            FlagMode::Char => 1,
            FlagMode::Long => 2,
            FlagMode::Number => {
                let (flag, mut rest) = number_flag(set)?;
                let mut comma = false;
                while let Some(c) = rest.chars().next() {
                    match c {
                        '0'..='9' if comma => break,
                        '0'..='9' => return Err(bad_flag(rest)),
                        ',' if comma => return Err(bad_flag(rest)),
                        ',' => comma = true,
                        c if c.is_ascii() && is_space(c as u8) => {}
                        _ => bail!(CONFIG_FILE_ERROR, "invalid character in affix flag \"{}\""; rest),
                    }
                    rest = rest.get(c.len_utf8()..).unwrap_or("");
                }
                return Ok((flag, rest));
            }
        };
        let flag: String = set.chars().take(wanted).collect();
        if flag.chars().count() < wanted {
            bail!(CONFIG_FILE_ERROR, "invalid affix flag \"{}\" with \"long\" flag value"; set);
        }
        let rest = set.get(flag.len()..).unwrap_or("");
        Ok((flag, rest))
    }

    fn set_has(&self, set: &str, flag: &str) -> Result<bool> {
        let mut rest = set;
        while !flag.is_empty() && !rest.is_empty() {
            let (f, r) = self.next_flag(rest)?;
            if f == flag {
                return Ok(true);
            }
            rest = r;
        }
        Ok(flag.is_empty())
    }

    /// What the flags of a set say about compounds.
    fn options_of(&self, set: &str) -> Result<u32> {
        let (mut value, mut rest) = (0, set);
        while !self.options.is_empty() && !rest.is_empty() {
            let (flag, r) = self.next_flag(rest)?;
            value |= self.options.iter().find(|o| o.0 == flag).map_or(0, |o| o.1);
            rest = r;
        }
        Ok(value)
    }

    fn add_option(&mut self, rest: &str, value: u32) -> Result<()> {
        let Some(flag) = rest.split(|c: char| c.is_ascii() && is_space(c as u8)).find(|f| !f.is_empty()) else {
            return Err(syntax());
        };
        let flag = if self.mode == FlagMode::Number { number_flag(flag)?.0 } else { flag.to_owned() };
        self.options.push((flag, value));
        self.compounds = true;
        Ok(())
    }

    fn add_affix(&mut self, flag: &str, mut flags: u32, mask: &str, find: &str, repl: &str, suffix: bool) -> Result<()> {
        let mask = match mask {
            "" | "." => None,
            _ => Some(Regex::new(&if suffix { filled!("{}$"; mask) } else { filled!("^{}"; mask) }, Flags::default())?),
        };
        if flags & (ONLY | PERMIT) != 0 && flags & COMPOUND == 0 {
            flags |= COMPOUND;
        }
        self.affixes.push(Affix { flag: flag.to_owned(), suffix, flags, mask, find: find.to_owned(), repl: repl.to_owned() });
        Ok(())
    }

    /// Ispell's format, unless the file turns out to be in Hunspell's (`NIImportAffixes`).
    fn read_affixes(&mut self, text: &str) -> Result<()> {
        let (mut suffix, mut old, mut flag, mut flags) = (None, false, String::new(), 0);
        for line in text.lines() {
            let lower = line.to_ascii_lowercase();
            if lower.is_empty() || lower.starts_with('#') {
                continue;
            }
            let blank = |c: char| c.is_ascii() && is_space(c as u8);
            if lower.starts_with("compoundwords")
                && let Some(at) = lower.find('l')
            {
                let rest = lower.get(at..).unwrap_or("").trim_start_matches(|c| !blank(c));
                let rest = line.get(line.len() - rest.len()..).unwrap_or("").trim_start_matches(blank);
                if rest.chars().next().is_some_and(|c| c.is_ascii()) {
                    self.add_option(rest, COMPOUND)?;
                }
                old = true;
                continue;
            }
            if lower.starts_with("suffixes") || lower.starts_with("prefixes") {
                suffix = Some(lower.starts_with('s'));
                old = true;
                continue;
            }
            let mut new = ["COMPOUNDFLAG", "COMPOUNDMIN", "PFX", "SFX"].iter().any(|w| line.starts_with(w));
            if lower.starts_with("flag") {
                let mut s = line.get(4..).unwrap_or("").trim_start_matches(blank);
                flags = match s.chars().next() {
                    Some('*') => CROSS,
                    Some('~') => ONLY,
                    _ => 0,
                };
                if flags != 0 {
                    s = s.get(1..).unwrap_or("");
                }
                s = s.strip_prefix('\\').unwrap_or(s);
                let mut chars = s.chars();
                let first = chars.next().filter(char::is_ascii);
                flag = first.map_or(flag, String::from);
                new = first.is_none() || !chars.next().is_none_or(|c| c == '#' || c == ':' || blank(c));
                if !new {
                    old = true;
                    continue;
                }
            }
            if new {
                if old {
                    bail!(CONFIG_FILE_ERROR, "affix file contains both old-style and new-style commands");
                }
                return self.read_hunspell(text);
            }
            if let Some(suffix) = suffix
                && let Some((mask, find, repl)) = parse_entry(&lower)?
            {
                self.add_affix(&flag, flags, &mask, &find, &repl, suffix)?;
            }
        }
        Ok(())
    }

    /// Hunspell's format (`NIImportOOAffixes`).
    fn read_hunspell(&mut self, text: &str) -> Result<()> {
        let lines = || text.lines().filter(|l| !l.is_empty() && !l.starts_with('#') && !is_space(l.as_bytes()[0]));
        self.options.clear();
        self.compounds = false;
        let known: [(&str, u32); 8] = [
            ("COMPOUNDFLAG", COMPOUND),
            ("COMPOUNDBEGIN", BEGIN),
            ("COMPOUNDLAST", LAST),
            ("COMPOUNDEND", LAST),
            ("COMPOUNDMIDDLE", MIDDLE),
            ("ONLYINCOMPOUND", ONLY),
            ("COMPOUNDPERMITFLAG", PERMIT),
            ("COMPOUNDFORBIDFLAG", FORBID),
        ];
        for line in lines() {
            if let Some((name, value)) = known.iter().find(|k| line.starts_with(k.0)) {
                self.add_option(line.get(name.len()..).unwrap_or(""), *value)?;
            } else if let Some(rest) = line.strip_prefix("FLAG") {
                let rest = rest.trim_start();
                self.mode = match rest {
                    r if r.starts_with("long") => FlagMode::Long,
                    r if r.starts_with("num") => FlagMode::Number,
                    r if r.is_empty() || r.starts_with("default") => self.mode,
                    _ => bail!(
                        CONFIG_FILE_ERROR,
                        "Ispell dictionary supports only \"default\", \"long\", and \"num\" flag values"
                    ),
                };
            }
        }
        let (mut suffix, mut cross, mut promised) = (false, 0, 0);
        for line in lines() {
            let f: Vec<&str> = fields(line).take(5).collect();
            let field = |i: usize| f.get(i).copied().unwrap_or("");
            let kind = field(0).to_ascii_lowercase();
            if kind.starts_with("af") {
                match &mut self.aliases {
                    None => {
                        promised = leading_number(field(1)).map_or(0, |n| n.0);
                        if promised <= 0 {
                            bail!(CONFIG_FILE_ERROR, "invalid number of flag vector aliases");
                        }
                        self.aliases = Some(vec![String::new()]);
                    }
                    Some(a) if (a.len() as i64) <= promised => a.push(field(1).to_owned()),
                    Some(_) => bail!(CONFIG_FILE_ERROR, "number of aliases exceeds specified number {promised}"),
                }
                continue;
            }
            let flag = field(1);
            let longest = match self.mode {
                FlagMode::Char => 1,
                FlagMode::Long => 2,
                FlagMode::Number => usize::MAX,
            };
            if f.len() < 4 || !(kind.starts_with("sfx") || kind.starts_with("pfx")) || flag.len() > longest {
                continue;
            }
            if f.len() == 4 {
                suffix = kind.starts_with("sfx");
                cross = if field(2).eq_ignore_ascii_case("y") || field(2).starts_with(['y', 'Y']) { CROSS } else { 0 };
                continue;
            }
            let (repl, set) = field(3).split_once('/').unwrap_or((field(3), ""));
            let set = self.alias(set)?.to_owned();
            let flags = cross | self.options_of(&set)?;
            let part = |s: &str| if s.starts_with('0') { String::new() } else { s.to_ascii_lowercase() };
            let (find, repl, mask) = (part(field(2)), part(repl), field(4).to_ascii_lowercase());
            self.add_affix(flag, flags, &mask, &find, &repl, suffix)?;
        }
        Ok(())
    }

    /// A set of flags, or the one a number stands for (`getAffixFlagSet`).
    fn alias<'s>(&'s self, set: &'s str) -> Result<&'s str> {
        let Some(aliases) = self.aliases.as_ref().filter(|_| !set.is_empty()) else { return Ok(set) };
        let wrong = || err!(CONFIG_FILE_ERROR, "invalid affix alias \"{}\""; set);
        let (n, _) = leading_number(set).ok_or_else(wrong)?;
        match usize::try_from(n) {
            Ok(n) if n > aliases.len() => Err(wrong()),
            Ok(n) => Ok(aliases.get(n).map_or("", String::as_str)),
            Err(_) => Ok(""),
        }
    }

    /// Sorts words and joins the flags of those that are there twice (`NISortDictionary`).
    fn sort_words(&mut self, mut list: Vec<(String, String)>) -> Result<()> {
        if let Some(aliases) = &self.aliases {
            for (_, flags) in &mut list {
                if !flags.is_empty() {
                    let number = leading_number(flags).filter(|(_, end)| {
                        end.bytes().next().is_none_or(|c| c.is_ascii_digit() || is_space(c))
                    });
                    let found = number.and_then(|(n, _)| aliases.get(usize::try_from(n).ok()?));
                    let Some(found) = found else { bail!(CONFIG_FILE_ERROR, "invalid affix alias \"{}\""; flags) };
                    *flags = found.clone();
                }
            }
        }
        list.order_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        for (text, flags) in list {
            let same = self.words.last().is_some_and(|w| w.text == text);
            let mut word = Word { text, flags, compound: 0 };
            let mut clear = false;
            if same && let Some(before) = self.words.pop() {
                if before.flags != word.flags {
                    clear = ONLY & before.compound & self.options_of(&word.flags)? == 0;
                    word.flags = match (before.flags.is_empty(), word.flags.is_empty()) {
                        (true, _) => word.flags,
                        (_, true) => before.flags,
                        _ if self.mode == FlagMode::Number => before.flags + "," + &word.flags,
                        _ => before.flags + &word.flags,
                    };
                }
            }
            word.compound = self.options_of(&word.flags)? & PLACES;
            if word.compound & ONLY != 0 && word.compound & COMPOUND == 0 {
                word.compound |= COMPOUND;
            }
            if clear {
                word.compound &= !ONLY;
            }
            self.words.push(word);
        }
        Ok(())
    }

    fn sort_affixes(&mut self) -> Result<()> {
        let mut affixes = std::mem::take(&mut self.affixes);
        affixes.order_by(|a, b| (a.suffix, a.ends()).cmp(&(b.suffix, b.ends())));
        for a in &affixes {
            if a.flags & COMPOUND == 0 || a.repl.is_empty() {
                continue;
            }
            let mut used = false;
            let aliases = self.aliases.as_deref().unwrap_or(&[]);
            for set in self.words.iter().map(|w| &w.flags).chain(aliases) {
                used = used || self.set_has(set, &a.flag)?;
            }
            let shorter = self.links.last().is_some_and(|(l, s)| *s == a.suffix && a.repl.ends_with(l.as_str()));
            if used && !shorter {
                self.links.push((a.repl.clone(), a.suffix));
            }
        }
        self.affixes = affixes;
        Ok(())
    }

    /// Whether a word with that flag is there and may stand in that place (`FindWord`).
    fn find(&self, word: &str, flag: &str, place: u32) -> Result<bool> {
        let place = place & PLACES;
        let Ok(i) = self.words.binary_search_by(|w| w.text.as_str().cmp(word)) else { return Ok(false) };
        let Some(w) = self.words.get(i) else { return Ok(false) };
        let fits = if place == 0 { w.compound & ONLY == 0 } else { w.compound & place != 0 };
        if fits { self.set_has(&w.flags, flag) } else { Ok(false) }
    }

    /// The affixes at an end of a word, shortest first.
    fn affixes_of(&self, word: &str, suffix: bool) -> Vec<&Affix> {
        let mut out = vec![];
        for n in 0..=word.len() {
            let mut end = word.as_bytes().to_vec();
            if suffix {
                end.reverse();
            }
            end.truncate(n);
            let key = (suffix, end);
            let first = self.affixes.partition_point(|a| (a.suffix, a.ends()) < key);
            out.extend(self.affixes.iter().skip(first).take_while(|a| (a.suffix, a.ends()) == key));
        }
        out
    }

    /// All words of the dictionary a word may be a form of (`NormalizeSubWord`).
    fn forms(&self, word: &str, place: u32) -> Result<Vec<String>> {
        let mut out: Vec<String> = vec![];
        if word.len() > MAX_WORD {
            return Ok(out);
        }
        if self.find(word, "", place)? {
            out.push(word.to_owned());
        }
        let add = |w: String, out: &mut Vec<String>| {
            if out.len() < MAX_FORMS && out.last() != Some(&w) {
                out.push(w);
            }
        };
        for p in self.affixes_of(word, false) {
            if let Some((w, _)) = p.off(word, place, None)
                && self.find(&w, &p.flag, place)?
            {
                add(w, &mut out);
            }
        }
        for s in self.affixes_of(word, true) {
            let Some((w, base)) = s.off(word, place, None) else { continue };
            if self.find(&w, &s.flag, place)? {
                add(w.clone(), &mut out);
            }
            for p in self.affixes_of(&w, false) {
                let Some((w, _)) = p.off(&w, place, Some(base)) else { continue };
                let flag = if p.flags & s.flags & CROSS != 0 { "" } else { p.flag.as_str() };
                if self.find(&w, flag, place)? {
                    add(w, &mut out);
                }
            }
        }
        Ok(out)
    }

    /// The words that begin with a beginning: a range, if there are longer ones; and whether it is itself a word for a place.
    fn beginning(&self, start: &[u8]) -> (bool, Option<&Word>) {
        let first = self.words.partition_point(|w| w.text.as_bytes() < start);
        let rest = self.words.get(first..).unwrap_or(&[]);
        let exact = rest.first().filter(|w| w.text.as_bytes() == start);
        let longer = rest.get(usize::from(exact.is_some())).is_some_and(|w| w.text.as_bytes().starts_with(start));
        (longer, exact)
    }

    /// The ways to see a word as a compound (`SplitToVariants`). `inside`: the beginning read so far is one of a word.
    fn split(&self, stems: &[String], word: &str, start: usize, min: i64, inside: Option<usize>, depth: usize) -> Result<Vec<Vec<String>>> {
        if depth > 500 {
            return Err(super::too_deep());
        }
        let bytes = word.as_bytes();
        let text = |from: usize, to: usize| String::from_utf8_lossy(bytes.get(from..to).unwrap_or(&[])).into_owned();
        let (mut start, mut level) = (start, inside.unwrap_or(start));
        let mut known = true;
        let mut tried = vec![false; bytes.len()];
        let (mut own, mut others) = (stems.to_vec(), vec![]);
        while level < bytes.len() {
            let rest = bytes.get(level..).unwrap_or(&[]);
            for (link, suffix) in &self.links {
                if level <= start {
                    break;
                }
                let link = link.as_bytes();
                let at = match () {
                    _ if rest.len() <= link.len() => None,
                    _ if known => rest.starts_with(link).then_some(0),
                    _ => rest.windows(link.len()).position(|w| w == link),
                };
                let Some(at) = at else { continue };
                let len = level - start + if *suffix { at + link.len() } else { 0 };
                let last = start + len - 1;
                if tried.get(last) != Some(&false) || (level + len) as i64 - 1 <= min || len >= MAX_WORD {
                    continue;
                }
                let place = if level == bytes.len() - 1 { LAST } else { MIDDLE };
                let found = self.forms(&text(start, start + len), place)?;
                if !found.is_empty() {
                    tried[last] = true;
                    let new: Vec<String> = own.iter().cloned().chain(found).collect();
                    others.extend(self.split(&new, word, start + len, (start + len) as i64, None, depth + 1)?);
                }
            }
            if !known {
                break;
            }
            let (longer, exact) = self.beginning(bytes.get(start..=level).unwrap_or(&[]));
            let place = match () {
                _ if start == 0 => BEGIN,
                _ if level == bytes.len() - 1 => LAST,
                _ => MIDDLE,
            };
            if exact.is_some_and(|w| w.compound & place != 0) && !tried[level] && level as i64 > min {
                if level + 1 == bytes.len() {
                    own.push(text(start, bytes.len()));
                    return Ok(std::iter::once(own).chain(others).collect());
                }
                others.extend(self.split(&own, word, start, level as i64, Some(level), depth + 1)?);
                level += 1;
                own.push(text(start, level));
                start = level;
                continue;
            }
            known = longer;
            level += 1;
        }
        own.push(text(start, bytes.len()));
        Ok(std::iter::once(own).chain(others).collect())
    }

    /// The lexemes of a word (`NINormalizeWord`).
    pub fn normalize(&self, word: &str) -> Result<Lexemes> {
        let mut out: Vec<Lexeme> = vec![];
        let mut variant = 1;
        let add = |text: &str, variant: u16, out: &mut Vec<Lexeme>| {
            if out.len() < MAX_FORMS {
                out.push(Lexeme { text: text.to_owned(), variant, ..Lexeme::default() });
            }
        };
        for form in self.forms(word, 0)? {
            add(&form, variant, &mut out);
            variant += 1;
        }
        if self.compounds {
            for stems in self.split(&[], word, 0, -1, None, 0)? {
                let Some((last, before)) = stems.split_last().filter(|s| !s.1.is_empty()) else { continue };
                for form in self.forms(last, LAST)? {
                    before.iter().for_each(|s| add(s, variant, &mut out));
                    add(&form, variant, &mut out);
                    variant += 1;
                }
            }
        }
        Ok(if out.is_empty() { None } else { Some(out) })
    }
}

impl Affix {
    /// Its text from the end of the word inwards.
    fn ends(&self) -> Vec<u8> {
        let mut b = self.repl.clone().into_bytes();
        if self.suffix {
            b.reverse();
        }
        b
    }

    /// A word without it, and how much of the word stayed (`CheckAffix`). `base` is what stayed when a suffix was taken off.
    fn off(&self, word: &str, place: u32, base: Option<usize>) -> Option<(String, usize)> {
        let wrong = match () {
            _ if place == 0 => self.flags & ONLY != 0,
            _ if place & BEGIN != 0 => self.flags & FORBID != 0 || self.flags & BEGIN == 0 && self.suffix,
            _ if place & MIDDLE != 0 => self.flags & MIDDLE == 0 || self.flags & FORBID != 0,
            _ => self.flags & FORBID != 0 || self.flags & LAST == 0 && !self.suffix,
        };
        let keep = word.len().checked_sub(self.repl.len())?;
        if wrong || keep + self.find.len() >= 2 * MAX_WORD {
            return None;
        }
        let new = if self.suffix {
            word.get(..keep)?.to_owned() + &self.find
        } else {
            if base.is_some_and(|b| b + self.find.len() <= self.repl.len()) {
                return None;
            }
            self.find.clone() + word.get(self.repl.len()..)?
        };
        match &self.mask {
            Some(mask) if mask.first_match(&new).is_none() => None,
            _ => Some((new, keep)),
        }
    }
}

/// The words of a dictionary file with their flags.
fn read_words(text: &str) -> Vec<(String, String)> {
    let mut out = vec![];
    for line in text.lines() {
        let (word, flags) = line.split_once('/').unwrap_or((line, ""));
        let flags = flags.bytes().take_while(u8::is_ascii_graphic).map(char::from).collect();
        let word = word.split(|c: char| c.is_ascii() && is_space(c as u8)).next().unwrap_or("");
        out.push((word.to_ascii_lowercase(), flags));
    }
    out
}

/// A line of Ispell's affixes: `mask > -find,repl` (`parse_affentry`).
fn parse_entry(line: &str) -> Result<Option<(String, String, String)>> {
    let (mut mask, mut find, mut repl) = (String::new(), String::new(), String::new());
    let mut state = 0;
    for c in line.chars() {
        if c.is_ascii() && is_space(c as u8) {
            continue;
        }
        let letter = c.is_ascii_alphabetic();
        match (state, c) {
            (0, '#') if mask.is_empty() => return Ok(None),
            (0, '>') if !mask.is_empty() => state = 1,
            (0, c) => mask.push(c),
            (1, '-') => state = 2,
            (1, c) if letter || c == '\'' => {
                repl.push(c);
                state = 4;
            }
            (2, ',') => state = 3,
            (2, c) if letter => find.push(c),
            (3, '-') | (4, '#') => break,
            (3 | 4, c) if letter => {
                repl.push(c);
                state = 4;
            }
            _ => return Err(syntax()),
        }
    }
    let useful = !mask.is_empty() && !(find.is_empty() && repl.is_empty());
    Ok(useful.then_some((mask, find, repl)))
}
