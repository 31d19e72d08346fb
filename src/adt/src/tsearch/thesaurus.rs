//! Thesaurus: phrases in place of phrases (`dict_thesaurus.c`).
//!
//! A rule is a sample phrase and what to put in its place; both go through another dictionary. For every lexeme of the samples
//! there is a list of where it stands: in which rule, at which word. Along a text the rules that still fit are kept.

use std::rc::Rc;

use tusklet_error::{Error, Result, SortShort, SortedMap, bail, err};

use super::dict::{Dict, Lexeme, Lexemes};
use super::is_space;

/// Where a lexeme stands: rule, word, number of lexemes that make the word. Sorted.
type Place = (usize, usize, usize);

/// What a dictionary of phrases keeps from token to token (`DictSubState`).
#[derive(Default)]
pub struct Followed {
    /// Set by the caller: there is no further token.
    pub end: bool,
    /// Set by the dictionary: it wants the next one.
    pub next: bool,
    rules: Vec<Place>,
}

/// A thesaurus.
pub struct Thesaurus {
    inner: Rc<Dict>,
    /// By lexeme; the empty one is a stop word.
    places: SortedMap<String, Vec<Place>>,
    /// By rule: the last word of its sample, and what to put.
    rules: Vec<(usize, Vec<Lexeme>)>,
}

fn broken(message: &str) -> Error {
    err!(CONFIG_FILE_ERROR, "{}"; message)
}

impl Thesaurus {
    /// Reads the rules of a file.
    pub fn new(text: &str, inner: Rc<Dict>) -> Result<Thesaurus> {
        let mut t = Thesaurus { inner, places: SortedMap::new(), rules: vec![] };
        let mut places = vec![];
        for line in text.lines() {
            let blank = |c: char| c.is_ascii() && is_space(c as u8);
            let line = line.trim_start_matches(blank);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let rule = t.rules.len();
            let Some((sample, put)) = line.split_once(':') else { return Err(broken("unexpected end of line")) };
            let words: Vec<&str> = sample.split(blank).filter(|w| !w.is_empty()).collect();
            if words.is_empty() {
                return Err(broken("unexpected delimiter"));
            }
            for (i, word) in words.iter().enumerate() {
                t.read_sample(word, rule, i, &mut places)?;
            }
            let put = t.substitute(put.split(blank).filter(|w| !w.is_empty()), rule)?;
            t.rules.push((words.len() - 1, put));
        }
        places.order();
        places.dedup();
        t.places = SortedMap::grouped(places);
        Ok(t)
    }

    fn read_sample(&self, word: &str, rule: usize, at: usize, out: &mut Vec<(String, Place)>) -> Result<()> {
        if word == "?" {
            out.push((String::new(), (rule, at, 1)));
            return Ok(());
        }
        let Some(lexemes) = self.inner.lexize(word, None)? else {
            bail!(
                CONFIG_FILE_ERROR,
                "thesaurus sample word \"{word}\" isn't recognized by subdictionary (rule {})",
                rule + 1
            );
        };
        if lexemes.is_empty() {
            return Err(err!(CONFIG_FILE_ERROR, "thesaurus sample word \"{word}\" is a stop word (rule {})", rule + 1)
                .hint("Use \"?\" to represent a stop word within a sample phrase."));
        }
        for l in &lexemes {
            let together = lexemes.iter().filter(|o| o.variant == l.variant).count();
            out.push((l.text.clone(), (rule, at, together)));
        }
        Ok(())
    }

    fn substitute<'w>(&self, words: impl Iterator<Item = &'w str>, rule: usize) -> Result<Vec<Lexeme>> {
        let (mut out, mut empty): (Vec<Lexeme>, bool) = (vec![], true);
        for (i, word) in words.enumerate() {
            empty = false;
            let (as_is, text) = match word.strip_prefix('*') {
                Some(rest) => (true, rest),
                None => (false, word.strip_prefix('\\').unwrap_or(word)),
            };
            if text.is_empty() {
                return Err(broken("unexpected end of line or lexeme"));
            }
            let lexemes = if as_is {
                Some(vec![Lexeme { text: text.to_owned(), variant: i as u16, ..Lexeme::default() }])
            } else {
                self.inner.lexize(text, None)?
            };
            let wrong = match &lexemes {
                None => "isn't recognized by subdictionary",
                Some(l) if l.is_empty() => "is a stop word",
                _ => "",
            };
            if !wrong.is_empty() {
                bail!(CONFIG_FILE_ERROR, "thesaurus substitute word \"{text}\" {wrong} (rule {})", rule + 1);
            }
            let first = out.len();
            out.extend(lexemes.unwrap_or_default());
            if first > 0
                && let Some(l) = out.get_mut(first)
            {
                l.add_position = true;
            }
        }
        if empty {
            return Err(broken("unexpected end of line"));
        }
        Ok(out)
    }

    /// The rules whose word `at` may be these lexemes, which belong together (`findVariant`).
    fn fitting(&self, lexemes: &[&str], at: usize, before: &[Place], out: &mut Vec<Place>) {
        let lists: Option<Vec<&Vec<Place>>> = lexemes.iter().map(|l| self.places.get(*l)).collect();
        let Some(lists) = lists else { return };
        let Some((first, rest)) = lists.split_first() else { return };
        for p in first.iter().filter(|p| p.1 == at && p.2 == lexemes.len()) {
            let everywhere = rest.iter().all(|l| l.contains(p));
            let goes_on = before.is_empty() || before.iter().any(|b| b.0 == p.0);
            let new = out.is_empty() || !out.iter().any(|o| o.0 == p.0);
            if everywhere && goes_on && new {
                // The newest comes first.
                out.insert(0, *p);
            }
        }
    }

    /// Takes the next token of a text.
    pub fn lexize(&self, token: &str, followed: Option<&mut Followed>) -> Result<Lexemes> {
        let Some(f) = followed else { return Err(Error::internal("forbidden call of thesaurus or nested call")) };
        if f.end {
            return Ok(None);
        }
        let before = std::mem::take(&mut f.rules);
        let at = before.first().map_or(0, |p| p.1 + 1);
        let mut found = vec![];
        match self.inner.lexize(token, None)? {
            None => {}
            Some(lexemes) if lexemes.is_empty() => self.fitting(&[""], at, &before, &mut found),
            Some(lexemes) => {
                for group in lexemes.chunk_by(|a, b| a.variant == b.variant) {
                    let texts: Vec<&str> = group.iter().map(|l| l.text.as_str()).collect();
                    self.fitting(&texts, at, &before, &mut found);
                }
            }
        }
        f.next = false;
        if found.is_empty() {
            return Ok(None);
        }
        let ends = found.iter().position(|p| self.rules.get(p.0).is_some_and(|r| r.0 == at));
        f.next = ends.is_none_or(|_| found.len() > 1);
        let put = ends.and_then(|i| self.rules.get(found.get(i)?.0)).map(|r| r.1.clone());
        f.rules = found;
        Ok(put)
    }
}
