//! `ts_headline`: the piece of a text that shows best why it matches (`prsd_headline`).

use tusklet_error::{Notice, Result, bail};

use super::config::{Config, Lexer, Token, too_long};
use super::dict::{DictOption, Lexeme};
use super::execute::{Ternary, execute};
use super::parser::Parser;
use super::tsquery::TsQuery;
use super::tsvector::{MAX_LEXEME, MAX_POSITION, compare};

const TAG: u8 = 13;

/// Tokens that are no words.
fn no_word(kind: u8) -> bool {
    // blank, tag; url, numhword, asciihword, hword: their parts follow.
    matches!(kind, 12 | TAG) || is_whole(kind)
}

fn is_whole(kind: u8) -> bool {
    matches!(kind, 5 | 15..=17)
}

/// Tokens a headline should not end with.
fn no_end(kind: u8) -> bool {
    // sfloat, version, float, int, uint; protocol, entity.
    no_word(kind) || matches!(kind, 7 | 8 | 20..=22 | 14 | 23)
}

struct Word<'t> {
    kind: u8,
    text: &'t str,
    position: u16,
    /// The query's item it matches.
    item: Option<usize>,
    /// The word before over again, for another item.
    repeated: bool,
    shown: bool,
    marked: bool,
    /// A space in its place.
    space: bool,
    skipped: bool,
}

/// What the user chooses.
pub struct Options {
    most: i32,
    least: i32,
    short: i32,
    fragments: i32,
    all: bool,
    start: String,
    stop: String,
    delimiter: String,
}

impl Options {
    /// Reads a list of options.
    pub fn new(list: &[DictOption]) -> Result<Options> {
        let mut o = Options {
            most: 35,
            least: 15,
            short: 3,
            fragments: 0,
            all: false,
            start: "<b>".into(),
            stop: "</b>".into(),
            delimiter: " ... ".into(),
        };
        for option in list {
            let value = option.string()?;
            match option.name.to_ascii_lowercase().as_str() {
                "maxwords" => o.most = crate::int::parse_int4(value)?,
                "minwords" => o.least = crate::int::parse_int4(value)?,
                "shortword" => o.short = crate::int::parse_int4(value)?,
                "maxfragments" => o.fragments = crate::int::parse_int4(value)?,
                "startsel" => o.start = value.into(),
                "stopsel" => o.stop = value.into(),
                "fragmentdelimiter" => o.delimiter = value.into(),
                "highlightall" => {
                    o.all = matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "true" | "t" | "y" | "yes");
                }
                _ => bail!(INVALID_PARAMETER_VALUE, "unrecognized headline parameter: \"{}\""; option.name),
            }
        }
        let wrong = match () {
            _ if o.all => "",
            _ if o.least >= o.most => "MinWords should be less than MaxWords",
            _ if o.least <= 0 => "MinWords should be positive",
            _ if o.short < 0 => "ShortWord should be >= 0",
            _ if o.fragments < 0 => "MaxFragments should be >= 0",
            _ => "",
        };
        if !wrong.is_empty() {
            bail!(INVALID_PARAMETER_VALUE, "{}"; wrong);
        }
        for (text, name) in [(&o.start, "StartSel"), (&o.stop, "StopSel"), (&o.delimiter, "FragmentDelimiter")] {
            if text.len() > 32767 {
                bail!(INVALID_PARAMETER_VALUE, "value for \"{}\" is too long"; name);
            }
        }
        Ok(o)
    }
}

struct Text<'t, 'q> {
    words: Vec<Word<'t>>,
    query: TsQuery<'q>,
    position: u32,
    options: &'q Options,
}

/// The headline of a text.
pub fn headline(config: &Config, text: &str, query: TsQuery<'_>, options: &Options, notices: &mut Vec<Notice>) -> Result<String> {
    let mut t = Text { words: vec![], query, position: 0, options };
    let mut parser = Parser::new(text);
    let mut lexer = Lexer::new(config);
    loop {
        let token = parser.next_token().map_or(Token { kind: 0, text: "" }, |(kind, text)| Token { kind, text });
        if token.text.len() >= MAX_LEXEME {
            notices.push(too_long());
            continue;
        }
        lexer.add(token);
        loop {
            let found = lexer.next()?;
            t.position += u32::from(found.is_some());
            t.add(&std::mem::take(&mut lexer.done), found.as_deref().unwrap_or(&[]));
            if found.is_none() {
                break;
            }
        }
        if token.kind == 0 {
            break;
        }
    }
    if options.fragments == 0 { t.choose()? } else { t.choose_fragments()? }
    Ok(t.write())
}

impl<'t> Text<'t, '_> {
    /// Takes up tokens and what they became (`addHLParsedLex`).
    fn add(&mut self, tokens: &[Token<'t>], lexemes: &[Lexeme]) {
        let added = lexemes.iter().filter(|l| l.add_position).count() as u32;
        for token in tokens {
            if token.kind > 0 {
                self.words.push(Word {
                    kind: token.kind,
                    text: token.text,
                    position: 0,
                    item: None,
                    repeated: false,
                    shown: false,
                    marked: false,
                    space: false,
                    skipped: false,
                });
            }
            let mut at = self.position;
            for l in lexemes {
                at += u32::from(l.add_position);
                self.find_items(at.min(u32::from(MAX_POSITION)) as u16, l.text.as_bytes());
            }
        }
        self.position += added;
    }

    fn find_items(&mut self, position: u16, lexeme: &[u8]) {
        let Some(word) = self.words.last_mut() else { return };
        word.position = position;
        let (kind, text) = (word.kind, word.text);
        for (i, v) in self.query.operands() {
            if compare(v.word, lexeme, v.prefix).is_ne() {
                continue;
            }
            let Some(word) = self.words.last_mut() else { return };
            if word.item.is_none() {
                word.item = Some(i);
            } else {
                self.words.push(Word {
                    kind,
                    text,
                    position,
                    item: Some(i),
                    repeated: true,
                    shown: false,
                    marked: false,
                    space: false,
                    skipped: false,
                });
            }
        }
    }

    fn word(&self, i: i32) -> Option<&Word<'t>> {
        self.words.get(usize::try_from(i).ok()?)
    }

    fn len(&self) -> i32 {
        self.words.len() as i32
    }

    fn counts(&self, i: i32) -> i32 {
        i32::from(self.word(i).is_some_and(|w| !no_word(w.kind)))
    }

    fn interesting(&self, i: i32) -> bool {
        self.word(i).is_some_and(|w| w.item.is_some() && !w.repeated)
    }

    /// No place to end: no word, or a short one, unless it is searched for.
    fn bad_end(&self, i: i32) -> bool {
        self.word(i).is_some_and(|w| no_end(w.kind) || w.text.len() as i32 <= self.options.short) && !self.interesting(i)
    }

    fn next_item(&self, from: i32) -> Option<i32> {
        (from..self.len()).find(|i| self.word(*i).is_some_and(|w| w.item.is_some()))
    }

    /// The next shortest stretch of words that matches (`hlCover`).
    fn cover(&self, from: i32) -> Result<Option<(i32, i32)>> {
        let mut longest = self.options.most.saturating_mul(10).max(100);
        if self.options.fragments > 0 {
            longest = longest.saturating_mul(self.options.fragments);
        }
        let mut first = self.next_item(from);
        while let Some(p) = first {
            let mut last = Some(p);
            while let Some(q) = last.filter(|q| q - p < longest || *q == p) {
                let words = self.words.get(p as usize..=q as usize).unwrap_or(&[]);
                let found = execute(self.query, false, &mut |item, _, mut out| {
                    let mut any = false;
                    for w in words.iter().filter(|w| w.item == Some(item)) {
                        any = true;
                        match &mut out {
                            None => return Ternary::Yes,
                            Some(o) if o.at.last().is_none_or(|l| *l < w.position) => o.at.push(w.position),
                            _ => {}
                        }
                    }
                    if any { Ternary::Yes } else { Ternary::No }
                })?;
                if found != Ternary::No {
                    return Ok(Some((p, q)));
                }
                last = self.next_item(q + 1);
            }
            first = self.next_item(p + 1);
        }
        Ok(None)
    }

    fn mark(&mut self, from: i32, to: i32) {
        for i in from.max(0)..=to {
            let all = self.options.all;
            let Some(w) = self.words.get_mut(i as usize) else { return };
            w.marked |= w.item.is_some();
            w.space |= !all && w.kind == TAG;
            w.skipped |= is_whole(w.kind);
            w.shown = !w.repeated;
        }
    }

    /// The first words, for want of better ones.
    fn beginning(&self) -> i32 {
        let (mut count, mut end) = (0, -1);
        for i in 0..self.len() {
            if count >= self.options.least {
                break;
            }
            count += self.counts(i);
            end = i;
        }
        end
    }

    /// One piece (`mark_hl_words`).
    fn choose(&mut self) -> Result<()> {
        if self.options.all {
            self.mark(0, self.len() - 1);
            return Ok(());
        }
        let (least, most) = (self.options.least, self.options.most);
        let mut best: Option<(i32, i32, i32, bool)> = None;
        let mut from = 0;
        while let Some((p, q)) = self.cover(from)? {
            let (mut count, mut items, mut start, mut end) = (0, 0, p, p);
            let mut i = p;
            while i <= q && count < most {
                count += self.counts(i);
                items += i32::from(self.interesting(i));
                end = i;
                i += 1;
            }
            if count < most {
                i -= 1;
                while i < self.len() && count < most {
                    if i > q {
                        count += self.counts(i);
                        items += i32::from(self.interesting(i));
                    }
                    end = i;
                    if !self.bad_end(i) && count >= least {
                        break;
                    }
                    i += 1;
                }
                if count < least {
                    i = p - 1;
                    while i >= 0 {
                        count += self.counts(i);
                        items += i32::from(self.interesting(i));
                        if count >= most || !self.bad_end(i) && count >= least {
                            break;
                        }
                        i -= 1;
                    }
                    start = i.max(0);
                }
            } else {
                i = i.min(q);
                while count > least && self.bad_end(i) {
                    count -= self.counts(i);
                    items -= i32::from(self.interesting(i));
                    end = i - 1;
                    i -= 1;
                }
            }
            let whole = start <= p && end >= q;
            let better = match best {
                None => true,
                Some((_, e, n, w)) => {
                    whole & !w
                        || whole == w && items > n
                        || whole == w && items == n && !self.bad_end(end) && self.bad_end(e)
                }
            };
            if better {
                best = Some((start, end, items, whole));
            }
            from = p + 1;
        }
        let (start, end) = best.map_or_else(|| (0, self.beginning()), |b| (b.0, b.1));
        self.mark(start, end);
        Ok(())
    }

    /// Several pieces (`mark_hl_fragments`).
    fn choose_fragments(&mut self) -> Result<()> {
        let most = self.options.most;
        // Start, end, searched words, words; and whether it is out.
        let mut covers: Vec<(i32, i32, i32, i32, bool)> = vec![];
        let mut from = 0;
        while let Some((p, q)) = self.cover(from)? {
            let mut start = p;
            while start <= q {
                let (s, end, items, count) = self.fragment(start, q);
                covers.push((s, end, items, count, false));
                start = end + 1;
            }
            from = p + 1;
        }
        let mut chosen = 0;
        while chosen < self.options.fragments {
            let mut best: Option<(usize, i32, i32)> = None;
            for (i, c) in covers.iter().enumerate().filter(|(_, c)| !c.4) {
                if best.map_or(c.2 > 0 || c.3 < i32::MAX, |(_, items, count)| items < c.2 || items == c.2 && count > c.3) {
                    best = Some((i, c.2, c.3));
                }
            }
            let Some((at, ..)) = best else { break };
            let (mut start, mut end, _, mut count, _) = covers[at];
            if count < most {
                let room = (most - count) / 2;
                let shown = |t: &Self, i: i32| t.word(i).is_some_and(|w| w.shown);
                let (mut stretch, mut edge, mut i) = (0, start, start - 1);
                while i >= 0 && stretch < room && !shown(self, i) {
                    count += self.counts(i);
                    stretch += self.counts(i);
                    edge = i;
                    i -= 1;
                }
                while edge < start && self.bad_end(edge) {
                    count -= self.counts(edge);
                    edge += 1;
                }
                start = edge;
                edge = end;
                i = end + 1;
                while i < self.len() && count < most && !shown(self, i) {
                    count += self.counts(i);
                    edge = i;
                    i += 1;
                }
                while edge > end && self.bad_end(edge) {
                    edge -= 1;
                }
                end = edge;
            }
            self.mark(start, end);
            chosen += 1;
            for (i, c) in covers.iter_mut().enumerate() {
                c.4 |= i == at || c.0 <= end && c.1 >= start;
            }
        }
        if chosen == 0 {
            self.mark(0, self.beginning());
        }
        Ok(())
    }

    /// The first part of a cover that is short enough and has searched words at both ends (`get_next_fragment`).
    fn fragment(&self, from: i32, to: i32) -> (i32, i32, i32, i32) {
        let start = (from..=to).find(|i| self.interesting(*i)).unwrap_or(to);
        let (mut end, mut count, mut items, mut i) = (to, 0, 0, start);
        while i <= to && count < self.options.most {
            count += self.counts(i);
            items += i32::from(self.interesting(i));
            i += 1;
        }
        if end > i {
            end = i;
            while i >= start {
                end = i;
                if self.interesting(i) {
                    break;
                }
                count -= self.counts(i);
                i -= 1;
            }
        }
        (start, end, items, count)
    }

    /// `generateHeadline`.
    fn write(&self) -> String {
        let (mut out, mut inside, mut count) = (String::new(), false, 0);
        for w in self.words.iter().filter(|w| !w.repeated) {
            if w.shown && !inside {
                count += 1;
                if count > 1 {
                    out.push_str(&self.options.delimiter);
                }
            }
            inside = w.shown;
            match () {
                _ if !w.shown => {}
                _ if w.space => out.push(' '),
                _ if w.skipped => {}
                _ if w.marked => {
                    out.push_str(&self.options.start);
                    out.push_str(w.text);
                    out.push_str(&self.options.stop);
                }
                _ => out.push_str(w.text),
            }
        }
        out
    }
}
