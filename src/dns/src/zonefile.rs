//! Zone files as BIND reads them, into records in stored form.
//!
//! Every error of the file is reported with its place, and the entry it is in is left out; nothing stops the reading.
//! `$INCLUDE` is refused, since there is no file to open here.

use tusklet_error::filled;
use crate::lexer::{Entry, Lexer, Token};
use crate::name::{Name, short};
use crate::rdata::{self, Scope};
use crate::{Problem, Record, Severity};

/// Records one `$GENERATE` may make, and a file in all.
const MAX_GENERATED: u64 = 65_536;
/// Problems after which a file is not a zone file at all.
const MAX_PROBLEMS: usize = 1000;
/// The TTL of records when the file says nothing: PowerDNS' default.
const DEFAULT_TTL: u32 = 3600;

/// Seconds from `3600`, `1h30m`, `2w`.
pub fn parse_period(text: &str) -> Option<u32> {
    if !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (mut total, mut number) = (0u64, None::<u64>);
    for c in text.bytes() {
        let unit = match c.to_ascii_lowercase() {
            b'0'..=b'9' => {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(c - b'0'))?);
                continue;
            }
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    u32::try_from(total.checked_add(number.unwrap_or(0))?).ok()
}

struct Reader {
    zone: Name,
    origin: Name,
    owner: Option<Name>,
    /// The last owner could not be read, which was reported: records that repeat it are left out silently.
    owner_failed: bool,
    default_ttl: Option<u32>,
    last_ttl: Option<u32>,
    minimum: Option<u32>,
    generated: u64,
    records: Vec<Record>,
    problems: Vec<Problem>,
}

/// Reads a zone file; `origin` is the zone, and what names are relative to until `$ORIGIN` says otherwise.
pub fn parse_zone(text: &str, origin: &str) -> (Vec<Record>, Vec<Problem>) {
    let zone = match Name::absolute(origin) {
        Ok(zone) => zone.lower(),
        Err(message) => {
            let message = filled!("the zone: {}"; message);
            return (Vec::new(), vec![Problem::new(Severity::Error, "", message)]);
        }
    };
    let mut reader = Reader {
        origin: zone.clone(),
        zone,
        owner: None,
        owner_failed: false,
        default_ttl: None,
        last_ttl: None,
        minimum: None,
        generated: 0,
        records: Vec::new(),
        problems: Vec::new(),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lexer = Lexer::file(text);
    while let Some(entry) = lexer.entry(&mut reader.problems) {
        reader.entry(&entry);
        if reader.problems.len() >= MAX_PROBLEMS {
            reader.problems.push(Problem::new(Severity::Error, "", "too many problems; the rest was not read"));
            break;
        }
    }
    (reader.records, reader.problems)
}

impl Reader {
    fn report(&mut self, severity: Severity, at: Token<'_>, field: &'static str, message: impl Into<String>) {
        let mut problem = Problem::new(severity, field, message);
        (problem.line, problem.column) = (at.line, at.column);
        self.problems.push(problem);
    }

    fn error(&mut self, at: Token<'_>, message: impl Into<String>) {
        self.report(Severity::Error, at, "", message);
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let tokens = entry.tokens.as_slice();
        let Some(first) = tokens.first() else { return };
        let directive = !entry.blank_owner && !first.quoted && first.text.starts_with('$');
        if entry.broken {
            // The records below without an owner of their own still belong to this one.
            if !entry.blank_owner && !directive {
                self.owner = self.name(first.text).map(Name::lower).ok();
                self.owner_failed = self.owner.is_none();
            }
            return;
        }
        if directive {
            self.directive(*first, &tokens[1..]);
            return;
        }
        let mut rest = tokens;
        if !entry.blank_owner {
            rest = &tokens[1..];
            self.owner = match self.name(first.text).map(Name::lower) {
                Ok(_) if first.quoted => {
                    self.report(Severity::Error, *first, "name", "a name must not be quoted");
                    None
                }
                Ok(name) => Some(name),
                Err(message) => {
                    self.report(Severity::Error, *first, "name", message);
                    None
                }
            };
            self.owner_failed = self.owner.is_none();
            if self.owner_failed {
                return;
            }
        }
        match self.owner.clone() {
            Some(owner) => self.record(&owner, *first, rest),
            None if !self.owner_failed => self.error(*first, "the first record has no owner"),
            None => {}
        }
    }

    fn name(&self, text: &str) -> Result<Name, String> {
        if text == "@" {
            return Ok(self.origin.clone());
        }
        match Name::parse(text)? {
            (name, true) => Ok(name),
            (name, false) => name.join(&self.origin),
        }
    }

    fn directive(&mut self, word: Token<'_>, rest: &[Token<'_>]) {
        let name = word.text.to_ascii_uppercase();
        let arguments = match name.as_str() {
            "$ORIGIN" | "$TTL" => 1,
            "$GENERATE" => return self.generate(word, rest),
            "$INCLUDE" => {
                return self.error(word, "$INCLUDE is not supported: paste the other file in its place");
            }
            _ => return self.error(word, filled!("unknown directive '{}'"; short(word.text))),
        };
        let Some(argument) = rest.first() else { return self.error(word, filled!("{} needs a value"; name)) };
        if let Some(extra) = rest.get(arguments) {
            return self.error(*extra, filled!("'{}' is one word too many"; short(extra.text)));
        }
        if name == "$TTL" {
            match parse_period(argument.text) {
                Some(ttl) => self.default_ttl = Some(ttl),
                None => self.error(*argument, filled!("'{}' is not a TTL"; short(argument.text))),
            }
            return;
        }
        match self.name(argument.text) {
            Ok(origin) => self.origin = origin.lower(),
            Err(message) => self.error(*argument, message),
        }
    }

    /// `[ttl] [class] type content`, TTL and class in any order.
    fn record(&mut self, owner: &Name, first: Token<'_>, tokens: &[Token<'_>]) {
        let mut rest = tokens;
        let mut ttl = None;
        let mut class = false;
        let kind = loop {
            let Some((&word, tail)) = rest.split_first() else {
                return self.error(first, "the record has no type");
            };
            rest = tail;
            if ttl.is_none() && word.text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
                match parse_period(word.text) {
                    Some(t) => ttl = Some(t),
                    None => {
                        return self.report(
                            Severity::Error,
                            word,
                            "ttl",
                            filled!("'{}' is not a TTL"; short(word.text)),
                        );
                    }
                }
                continue;
            }
            if !class && word.text.eq_ignore_ascii_case("IN") {
                class = true;
                continue;
            }
            if ["CH", "HS", "CS", "CHAOS", "HESIOD", "ANY"].iter().any(|c| word.text.eq_ignore_ascii_case(c)) {
                return self.error(word, filled!("only the class IN is supported, not {}"; word.text));
            }
            match rdata::find_type(word.text) {
                Ok(kind) if !word.quoted => break (word, kind),
                Ok(_) => return self.report(Severity::Error, word, "type", "a type must not be quoted"),
                Err(message) => return self.report(Severity::Error, word, "type", message),
            }
        };
        let (word, kind) = kind;
        if ttl.is_some() {
            self.last_ttl = ttl;
        }
        if rdata::is_made_by_server(&kind) || kind.number == 51 {
            let message = filled!("left out: {} records are made by the server"; kind.name());
            return self.report(Severity::Info, word, "type", message);
        }
        if !owner.is_within(&self.zone) {
            let message = filled!("left out: {} is not in the zone {}"; owner.stored(), self.zone.stored());
            return self.report(Severity::Warning, first, "name", message);
        }
        let from = self.problems.len();
        let scope = Scope { zone: &self.zone, origin: Some(&self.origin), for_file: false };
        let content = rdata::read(&kind, scope, None, rest, &mut self.problems);
        for problem in self.problems.iter_mut().skip(from).filter(|p| p.line == 0) {
            (problem.line, problem.column) = (word.line, word.column);
        }
        let Some(content) = content else { return };
        if kind.number == 6 {
            self.minimum = content.text.rsplit(' ').next().and_then(|m| m.parse().ok());
        }
        let ttl = match ttl.or(self.default_ttl).or(self.last_ttl).or(self.minimum) {
            Some(ttl) => ttl,
            None => {
                self.last_ttl = Some(DEFAULT_TTL);
                self.report(Severity::Warning, word, "ttl", format!("no TTL and no $TTL: {DEFAULT_TTL} is taken"));
                DEFAULT_TTL
            }
        };
        let from = self.problems.len();
        rdata::check_ttl(Some(ttl.into()), &mut self.problems);
        for problem in self.problems.iter_mut().skip(from) {
            (problem.line, problem.column) = (first.line, first.column);
        }
        self.records.push(Record {
            name: owner.stored(),
            rtype: kind.name(),
            ttl: Some(ttl.into()),
            prio: Some(content.prio.unwrap_or(0)),
            content: content.text,
            disabled: false,
        });
    }

    /// `$GENERATE start-stop[/step] owner [ttl] [class] type content`, with `$` and `${offset,width,base}` in the words.
    fn generate(&mut self, word: Token<'_>, rest: &[Token<'_>]) {
        let Some((range, rest)) = rest.split_first() else { return self.error(word, "$GENERATE needs a range") };
        let Some((start, stop, step)) = parse_range(range.text) else {
            return self.error(*range, filled!("'{}' is not start-stop or start-stop/step"; short(range.text)));
        };
        let Some((owner, rest)) = rest.split_first() else { return self.error(word, "$GENERATE needs an owner") };
        self.generated = self.generated.saturating_add((stop - start) / step + 1);
        if self.generated > MAX_GENERATED {
            return self.error(*range, format!("$GENERATE makes more than {MAX_GENERATED} records"));
        }
        let mut i = start;
        while i <= stop {
            let before = self.problems.len();
            match self.generate_one(*owner, rest, i) {
                Ok(()) => {}
                Err((at, message)) => return self.error(at, message),
            }
            // What is wrong with one is wrong with the others.
            if self.problems.iter().skip(before).any(|p| p.severity == Severity::Error) {
                return;
            }
            let Some(next) = i.checked_add(step) else { return };
            i = next;
        }
    }

    fn generate_one<'t>(&mut self, owner: Token<'t>, rest: &[Token<'t>], i: u64) -> Result<(), (Token<'t>, String)> {
        let name = expand(owner.text, i).and_then(|text| self.name(&text)).map_err(|m| (owner, m))?;
        let mut texts = Vec::with_capacity(rest.len());
        for token in rest {
            texts.push(expand(token.text, i).map_err(|m| (*token, m))?);
        }
        let tokens: Vec<Token<'_>> = rest.iter().zip(&texts).map(|(t, text)| Token { text, ..*t }).collect();
        self.record(&name.lower(), owner, &tokens);
        Ok(())
    }
}

fn parse_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, step) = text.split_once('/').unwrap_or((text, "1"));
    let (start, stop) = range.split_once('-')?;
    let (start, stop, step) = (start.parse::<u32>().ok()?, stop.parse::<u32>().ok()?, step.parse::<u32>().ok()?);
    (start <= stop && step > 0).then_some((start.into(), stop.into(), step.into()))
}

/// The text for one value of `$GENERATE`; `$$` and `\$` are dollars.
fn expand(text: &str, i: u64) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' if rest.starts_with('$') => {
                out.push('$');
                rest = &rest[1..];
            }
            '\\' => {
                out.push(c);
                if let Some(c) = rest.chars().next() {
                    out.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
            '$' if rest.starts_with('$') => {
                out.push('$');
                rest = &rest[1..];
            }
            '$' if rest.starts_with('{') => {
                let (format, tail) = rest[1..].split_once('}').ok_or("'${' is not closed")?;
                out.push_str(
                    &formatted(format, i).ok_or_else(|| filled!("'{}' is not offset,width,base"; short(format)))?,
                );
                rest = tail;
            }
            '$' => out.push_str(&i.to_string()),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn formatted(format: &str, i: u64) -> Option<String> {
    let mut parts = format.split(',');
    let offset: i64 = parts.next()?.parse().ok()?;
    let width: usize = parts.next().map_or(Some(0), |w| w.parse().ok()).filter(|w| *w <= 255)?;
    let base = parts.next().unwrap_or("d");
    let value = u64::try_from(i64::try_from(i).ok()?.checked_add(offset)?).ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some(match base {
        "d" => format!("{value:0width$}"),
        "o" => format!("{value:0width$o}"),
        "x" => format!("{value:0width$x}"),
        "X" => format!("{value:0width$X}"),
        "n" | "N" => {
            // Nibbles in reverse, for ip6.arpa; the width counts the dots.
            let digits = format!("{value:x}").chars().rev().collect::<String>();
            let digits = if base == "N" { digits.to_ascii_uppercase() } else { digits };
            let mut out = String::new();
            for n in 0.. {
                match digits.as_bytes().get(n) {
                    Some(d) => out.push(*d as char),
                    None if out.len() < width => out.push('0'),
                    None => break,
                }
                if out.len() < width || n + 1 < digits.len() {
                    out.push('.');
                }
            }
            out.trim_end_matches('.').to_string()
        }
        _ => return None,
    })
}
