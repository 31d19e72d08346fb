//! Time zones: the named zones of the tz database, abbreviations, POSIX rules and fixed offsets.
//!
//! A zone is a list of transitions (an instant and the local time type that begins there) followed by a rule that goes on
//! for ever. The data of all zones is one blob, `data/timezone.bin`, of which a zone is decoded when it is first asked for.
//!
//! Going from UTC to local time is a lookup; the other direction is not a function. PostgreSQL's choice, kept here: a local
//! time that a forward jump skipped is read with the offset before the jump, one that occurs twice is read with the
//! offset after the jump (`DetermineTimeZoneOffset`).

mod abbreviations;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_error::{Result, SortShort, bail};

use crate::datetime::{civil_from_days, days_from_civil};

static DATA: &[u8] = include_bytes!("../data/timezone.bin");

/// One kind of local time a zone has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalType {
    /// Seconds east of UTC.
    pub offset: i32,
    /// Whether it is daylight time.
    pub is_dst: bool,
    /// Its abbreviation, such as `CEST` or `+03`.
    pub abbreviation: Box<str>,
}

/// When in a year a POSIX rule switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleDay {
    /// Day 1..=365, leap days not counted.
    Julian(i32),
    /// Day 0..=365.
    Day(i32),
    /// Month, week 1..=5 (5 is the last), weekday from Sunday.
    Month(i32, i32, i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    std: u8,
    dst: u8,
    begin: (RuleDay, i32),
    end: (RuleDay, i32),
}

/// A time zone.
#[derive(Debug)]
pub struct TimeZone {
    name: String,
    types: Vec<LocalType>,
    transitions: Vec<i64>,
    indexes: Vec<u8>,
    rule: Option<Rule>,
    /// The range of instants last looked up and its type: consecutive lookups are mostly near each other.
    cache: Cell<(i64, i64, u8)>,
}

/// What [`TimeZone::next_boundary`] found.
struct Boundary {
    at: i64,
    before: u8,
    after: u8,
}

/// What an abbreviation means.
#[derive(Clone, Debug)]
pub enum Abbreviation {
    /// Seconds east of UTC, and whether it is daylight time.
    Fixed(i32, bool),
    /// What the zone's history says it meant at an instant.
    Zone(Rc<TimeZone>),
}

thread_local! {
    static LOADED: RefCell<Vec<(String, Rc<TimeZone>)>> = const { RefCell::new(Vec::new()) };
}

/// Zones made from specifications a user invents must not grow the cache without end.
const MAX_LOADED: usize = 640;

impl TimeZone {
    /// UTC.
    pub fn utc() -> Rc<TimeZone> {
        TimeZone::named("UTC").unwrap_or_else(|| TimeZone::fixed(0))
    }

    /// The zone of that name (any case), or the zone a POSIX specification such as `EST5EDT,M3.2.0,M11.1.0` describes.
    pub fn named(name: &str) -> Option<Rc<TimeZone>> {
        let key = name.to_ascii_lowercase();
        let known = LOADED.with(|l| l.borrow().iter().find(|(k, _)| *k == key).map(|(_, z)| z.clone()));
        if known.is_some() {
            return known;
        }
        if name.len() > 255 {
            return None;
        }
        let zone = match Blob::read().find(&key) {
            Some((canonical, data)) => Rc::new(decode(canonical, data)?),
            None => Rc::new(parse_posix(&name.to_ascii_uppercase())?),
        };
        LOADED.with(|l| {
            let mut l = l.borrow_mut();
            if l.len() >= MAX_LOADED {
                l.clear();
            }
            l.push((key, zone.clone()));
        });
        Some(zone)
    }

    /// A zone that is always so many seconds east of UTC, named as `pg_tzset_offset` names it.
    pub fn fixed(east: i32) -> Rc<TimeZone> {
        let mut text = String::new();
        let abs = east.unsigned_abs();
        if abs >= 360_000 {
            text.push('1');
        }
        push2(&mut text, abs / 3600);
        let (m, s) = (abs % 3600 / 60, abs % 60);
        if m != 0 || s != 0 {
            text.push(':');
            push2(&mut text, m);
            if s != 0 {
                text.push(':');
                push2(&mut text, s);
            }
        }
        let (shown, posix) = if east >= 0 { ('+', '-') } else { ('-', '+') };
        let abbreviation = format!("{shown}{text}");
        let name = format!("<{abbreviation}>{posix}{text}");
        let types = vec![LocalType { offset: east, is_dst: false, abbreviation: abbreviation.into() }];
        Rc::new(TimeZone::new(name, types, Vec::new(), Vec::new(), None))
    }

    fn new(
        name: String,
        types: Vec<LocalType>,
        transitions: Vec<i64>,
        indexes: Vec<u8>,
        rule: Option<Rule>,
    ) -> TimeZone {
        TimeZone { name, types, transitions, indexes, rule, cache: Cell::new((0, 0, 0)) }
    }

    /// Its name, as `SHOW timezone` prints it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local time type in force at `unix` seconds since 1970.
    #[inline]
    pub fn at(&self, unix: i64) -> &LocalType {
        let (from, to, ty) = self.cache.get();
        if unix >= from && unix < to { self.type_of(ty) } else { self.at_slow(unix) }
    }

    fn at_slow(&self, unix: i64) -> &LocalType {
        let n = self.transitions.partition_point(|&t| t <= unix);
        let from = if n == 0 { i64::MIN } else { self.transitions[n - 1] };
        let mut found = (from, self.transitions.get(n).copied().unwrap_or(i64::MAX), self.index_before(n));
        if n == self.transitions.len()
            && let Some(rule) = &self.rule
        {
            let all = self.rule_near(rule, unix);
            let m = all.partition_point(|&(t, _)| t <= unix);
            // Rule switches before the last listed transition do not count.
            if m > 0 && all[m - 1].0 > from {
                found.0 = all[m - 1].0;
                found.2 = all[m - 1].1;
            }
            if let Some(&(t, _)) = all[m..].iter().find(|&&(t, _)| t > from) {
                found.1 = t;
            }
        }
        self.cache.set(found);
        self.type_of(found.2)
    }

    fn type_of(&self, index: u8) -> &LocalType {
        // Decoding checked every index.
        &self.types[index as usize]
    }

    /// The type in force before transition `n`.
    fn index_before(&self, n: usize) -> u8 {
        if n == 0 { 0 } else { self.indexes[n - 1] }
    }

    /// The rule's switches of the years around `unix`, in order.
    fn rule_near(&self, rule: &Rule, unix: i64) -> [(i64, u8); 8] {
        let year = civil_from_days(unix.div_euclid(86400)).0;
        let std = i64::from(self.type_of(rule.std).offset);
        let dst = i64::from(self.type_of(rule.dst).offset);
        let mut all = [(0, 0); 8];
        for i in 0..4 {
            let y = year - 2 + i as i64;
            all[i * 2] = (rule_day(rule.begin.0, y) * 86400 + i64::from(rule.begin.1) - std, rule.dst);
            all[i * 2 + 1] = (rule_day(rule.end.0, y) * 86400 + i64::from(rule.end.1) - dst, rule.std);
        }
        all.order_by_key(|a| a.0);
        all
    }

    /// The first change after `unix`, as `pg_next_dst_boundary`; `Err` holds the type in force if none is to come.
    fn next_boundary(&self, unix: i64) -> Result<Boundary, u8> {
        let n = self.transitions.partition_point(|&t| t <= unix);
        if n < self.transitions.len() {
            let before = if n == 0 { self.first_standard() } else { self.indexes[n - 1] };
            return Ok(Boundary { at: self.transitions[n], before, after: self.indexes[n] });
        }
        let last = if n == 0 { i64::MIN } else { self.transitions[n - 1] };
        let mut before = self.index_before(n);
        if let Some(rule) = &self.rule {
            for (t, ty) in self.rule_near(rule, unix) {
                if t <= last {
                    continue;
                }
                if t > unix {
                    return Ok(Boundary { at: t, before, after: ty });
                }
                before = ty;
            }
        }
        Err(before)
    }

    fn first_standard(&self) -> u8 {
        self.types.iter().position(|t| !t.is_dst).unwrap_or(0) as u8
    }

    /// The type that applies to a local time, given as seconds since 1970-01-01 00:00 on the local clock.
    pub fn at_local(&self, local: i64) -> &LocalType {
        let b = match self.next_boundary(local - 86400) {
            Err(ty) => return self.type_of(ty),
            Ok(b) => b,
        };
        let (before, after) = (self.type_of(b.before), self.type_of(b.after));
        let t_before = local - i64::from(before.offset);
        let t_after = local - i64::from(after.offset);
        if t_before < b.at && t_after < b.at {
            return before;
        }
        if t_before > b.at && t_after >= b.at {
            return after;
        }
        if t_before > t_after { before } else { after }
    }

    /// The offset east of UTC if the zone has never had another (`pg_get_timezone_offset`).
    pub fn fixed_offset(&self) -> Option<i32> {
        let first = self.types.first()?.offset;
        self.types.iter().all(|t| t.offset == first).then_some(first)
    }

    /// What `abbreviation` means in this zone at `unix`: its last use up to then, else its first one after
    /// (`pg_interpret_timezone_abbrev`).
    pub fn interpret_abbreviation(&self, abbreviation: &str, unix: i64) -> Option<&LocalType> {
        let is = |ty: u8| self.type_of(ty).abbreviation.eq_ignore_ascii_case(abbreviation);
        if let Some(rule) = &self.rule
            && self.transitions.last().is_none_or(|&t| t <= unix)
        {
            // The rule's two types recur for ever.
            if let Some(ty) = [rule.std, rule.dst].into_iter().find(|&ty| is(ty)) {
                return Some(self.type_of(ty));
            }
        }
        let n = self.transitions.partition_point(|&t| t <= unix);
        for i in (0..n).rev() {
            if is(self.indexes[i]) {
                return Some(self.type_of(self.indexes[i]));
            }
        }
        if is(0) {
            return Some(self.type_of(0));
        }
        let later = self.indexes[n..].iter().copied().find(|&ty| is(ty));
        let later = later.or_else(|| self.rule.as_ref().and_then(|r| [r.std, r.dst].into_iter().find(|&ty| is(ty))));
        later.map(|ty| self.type_of(ty))
    }
}

/// What a time zone abbreviation of the `Default` set means; `abbreviation` in any case.
pub fn abbreviation(abbreviation: &str) -> Option<Abbreviation> {
    let mut buf = [0u8; 10];
    // Tokens are compared by their first ten characters, as PostgreSQL's `datebsearch` does.
    let key = crate::datetime::token_key(abbreviation, &mut buf)?;
    let i = abbreviations::ABBREVIATIONS.binary_search_by(|a| a.0.cmp(key)).ok()?;
    let (_, offset, dst, zone) = abbreviations::ABBREVIATIONS[i];
    if zone.is_empty() { Some(Abbreviation::Fixed(offset, dst)) } else { TimeZone::named(zone).map(Abbreviation::Zone) }
}

/// All abbreviations with their offset and daylight flag at `unix`, as the view `pg_timezone_abbrevs` lists them.
pub fn abbreviation_list(unix: i64) -> Vec<(String, i32, bool)> {
    let mut all = Vec::with_capacity(abbreviations::ABBREVIATIONS.len());
    for (name, offset, dst, zone) in abbreviations::ABBREVIATIONS {
        let upper = name.to_ascii_uppercase();
        let (offset, dst) = match TimeZone::named(zone).filter(|_| !zone.is_empty()) {
            None => (*offset, *dst),
            Some(z) => {
                let t = z.interpret_abbreviation(name, unix).unwrap_or_else(|| z.at(unix));
                (t.offset, t.is_dst)
            }
        };
        all.push((upper, offset, dst));
    }
    all
}

/// The names of all zones, sorted, for `pg_timezone_names`; load each with [`TimeZone::named`].
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    Blob::read().names.split('\n')
}

/// The zone a user named in `AT TIME ZONE`, `make_timestamptz` or `SET`: an abbreviation of a fixed offset, a zone's name or
/// a POSIX specification.
#[derive(Clone, Debug)]
pub enum ZoneSpec {
    /// Seconds east of UTC.
    Fixed(i32),
    /// An abbreviation (as written) whose meaning depends on the date, with the zone that knows.
    Dynamic(String, Rc<TimeZone>),
    /// A zone.
    Zone(Rc<TimeZone>),
}

impl ZoneSpec {
    /// Looks an abbreviation up first, then a zone, as `timestamptz_zone` does. An infinite timestamp is returned before its
    /// zone's name is looked at: callers test for that first.
    pub fn parse(name: &str) -> Result<ZoneSpec> {
        match abbreviation(name) {
            Some(Abbreviation::Fixed(offset, _)) => Ok(ZoneSpec::Fixed(offset)),
            Some(Abbreviation::Zone(z)) => Ok(ZoneSpec::Dynamic(name.to_string(), z)),
            None => match TimeZone::named(name) {
                Some(z) => Ok(ZoneSpec::Zone(z)),
                None => bail!(INVALID_PARAMETER_VALUE, "time zone \"{}\" not recognized"; name),
            },
        }
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_at(&self, unix: i64) -> i32 {
        match self {
            ZoneSpec::Fixed(o) => *o,
            ZoneSpec::Zone(z) => z.at(unix).offset,
            ZoneSpec::Dynamic(a, z) => z.interpret_abbreviation(a, unix).unwrap_or_else(|| z.at(unix)).offset,
        }
    }

    /// Seconds east of UTC for a local time.
    pub fn offset_at_local(&self, local: i64) -> i32 {
        match self {
            ZoneSpec::Fixed(o) => *o,
            ZoneSpec::Zone(z) => z.at_local(local).offset,
            ZoneSpec::Dynamic(a, z) => abbreviation_offset_at_local(a, z, local),
        }
    }
}

/// Seconds east of UTC that a date-dependent abbreviation means for a local time (`DetermineTimeZoneAbbrevOffset`).
pub fn abbreviation_offset_at_local(abbreviation: &str, zone: &TimeZone, local: i64) -> i32 {
    let local_type = zone.at_local(local);
    let unix = local - i64::from(local_type.offset);
    zone.interpret_abbreviation(abbreviation, unix).unwrap_or(local_type).offset
}

fn push2(out: &mut String, n: u32) {
    out.push((b'0' + (n / 10 % 10) as u8) as char);
    out.push((b'0' + (n % 10) as u8) as char);
}

/// Days since 1970 of a rule's day in `year`.
fn rule_day(day: RuleDay, year: i64) -> i64 {
    let jan1 = days_from_civil(year, 1, 1);
    match day {
        RuleDay::Julian(n) => {
            let leap = days_from_civil(year + 1, 1, 1) - jan1 == 366;
            jan1 + i64::from(n) - 1 + i64::from(leap && n >= 60)
        }
        RuleDay::Day(n) => jan1 + i64::from(n),
        RuleDay::Month(month, week, wday) => {
            let first = days_from_civil(year, month, 1);
            let next = if month == 12 { days_from_civil(year + 1, 1, 1) } else { days_from_civil(year, month + 1, 1) };
            let first_wday = (first + 4).rem_euclid(7);
            let mut day = first + (i64::from(wday) - first_wday).rem_euclid(7) + i64::from(week - 1) * 7;
            while day >= next {
                day -= 7;
            }
            day
        }
    }
}

/// A POSIX specification as `tzparse` reads it: `STDoffset[DST[offset][,begin[/time],end[/time]]]`, `text` in upper case.
fn parse_posix(text: &str) -> Option<TimeZone> {
    let mut p = Posix { s: text.as_bytes() };
    let std = p.zone_name()?;
    if p.s.is_empty() {
        return None;
    }
    let std_offset = -p.offset()?;
    let std_type = LocalType { offset: std_offset, is_dst: false, abbreviation: std.into() };
    let name = text.to_string();
    if p.s.is_empty() {
        return Some(TimeZone::new(name, vec![std_type], Vec::new(), Vec::new(), None));
    }
    let dst = p.zone_name()?;
    if dst.is_empty() {
        return None;
    }
    let dst_offset = if p.s.is_empty() || p.s[0] == b',' || p.s[0] == b';' { std_offset + 3600 } else { -p.offset()? };
    if p.s.is_empty() {
        p.s = b",M3.2.0,M11.1.0";
    }
    p.skip(b",;")?;
    let begin = p.rule()?;
    p.skip(b",")?;
    let end = p.rule()?;
    if !p.s.is_empty() {
        return None;
    }
    let dst_type = LocalType { offset: dst_offset, is_dst: true, abbreviation: dst.into() };
    let rule = Rule { std: 0, dst: 1, begin, end };
    Some(TimeZone::new(name, vec![std_type, dst_type], Vec::new(), Vec::new(), Some(rule)))
}

struct Posix<'a> {
    s: &'a [u8],
}

impl Posix<'_> {
    fn skip(&mut self, any: &[u8]) -> Option<u8> {
        let c = *self.s.first()?;
        any.contains(&c).then(|| {
            self.s = &self.s[1..];
            c
        })
    }

    fn zone_name(&mut self) -> Option<String> {
        let quoted = self.skip(b"<").is_some();
        let stop = |c: u8| if quoted { c == b'>' } else { c.is_ascii_digit() || matches!(c, b',' | b'-' | b'+') };
        let n = self.s.iter().position(|&c| stop(c)).unwrap_or(self.s.len());
        let name = String::from_utf8(self.s[..n].to_vec()).ok()?;
        self.s = &self.s[n..];
        if quoted {
            self.skip(b">")?;
        }
        Some(name)
    }

    fn number(&mut self, min: i32, max: i32) -> Option<i32> {
        let n = self.s.iter().position(|c| !c.is_ascii_digit()).unwrap_or(self.s.len());
        let mut value = 0i32;
        if n == 0 {
            return None;
        }
        for &c in &self.s[..n] {
            value = value * 10 + i32::from(c - b'0');
            if value > max {
                return None;
            }
        }
        self.s = &self.s[n..];
        (value >= min).then_some(value)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn offset(&mut self) -> Option<i32> {
        let negative = self.skip(b"+-") == Some(b'-');
        let mut secs = self.number(0, 24 * 7 - 1)? * 3600;
        if self.skip(b":").is_some() {
            secs += self.number(0, 59)? * 60;
            if self.skip(b":").is_some() {
                secs += self.number(0, 60)?;
            }
        }
        Some(if negative { -secs } else { secs })
    }

    fn rule(&mut self) -> Option<(RuleDay, i32)> {
        let day = if self.skip(b"J").is_some() {
            RuleDay::Julian(self.number(1, 365)?)
        } else if self.skip(b"M").is_some() {
            let month = self.number(1, 12)?;
            self.skip(b".")?;
            let week = self.number(1, 5)?;
            self.skip(b".")?;
            RuleDay::Month(month, week, self.number(0, 6)?)
        } else {
            RuleDay::Day(self.number(0, 365)?)
        };
        let time = if self.skip(b"/").is_some() { self.offset()? } else { 7200 };
        Some((day, time))
    }
}

/// The blob: three u16 (length of the names, number of names, number of zones), the names joined by line feeds, the zone of
/// each name (low bytes, then high bytes), the length of each zone (u16), the zones.
struct Blob {
    names: &'static str,
    zone_of: &'static [u8],
    lengths: &'static [u8],
    zones: &'static [u8],
}

impl Blob {
    fn read() -> Blob {
        let word = |i: usize| u16::from_le_bytes([DATA[i], DATA[i + 1]]) as usize;
        let (text, names, zones) = (word(0), word(2), word(4));
        let (names_text, rest) = DATA[6..].split_at(text);
        let (zone_of, rest) = rest.split_at(names * 2);
        let (lengths, zones) = rest.split_at(zones * 2);
        Blob { names: std::str::from_utf8(names_text).unwrap_or(""), zone_of, lengths, zones }
    }

    /// Canonical name and data of a zone, by its name in lower case.
    fn find(&self, lower: &str) -> Option<(&'static str, &'static [u8])> {
        // The same zones exist under `posix/`.
        let (prefix, lower) = match lower.strip_prefix("posix/") {
            Some(rest) => ("posix/", rest),
            None => ("", lower),
        };
        let (i, name) = self.names.split('\n').enumerate().find(|(_, n)| n.eq_ignore_ascii_case(lower))?;
        if !prefix.is_empty() && matches!(lower, "localtime" | "posixrules") {
            return None;
        }
        let half = self.zone_of.len() / 2;
        let zone = self.zone_of[i] as usize | (self.zone_of[half + i] as usize) << 8;
        let length = |z: usize| u16::from_le_bytes([self.lengths[z * 2], self.lengths[z * 2 + 1]]) as usize;
        let start: usize = (0..zone).map(length).sum();
        Some((name, &self.zones[start..start + length(zone)]))
    }
}

/// A zone's data: POSIX rule and NUL; number of types, each with its offset, a daylight byte, abbreviation and NUL; number of
/// transitions, their type indexes, then their distances. Numbers are LEB128; a distance or offset is doubled, plus one when it
/// is in seconds and not in quarters of an hour. The first distance is from -2^32.
fn decode(name: &str, data: &'static [u8]) -> Option<TimeZone> {
    let mut r = Reader { s: data };
    let footer = r.text()?;
    let mut types = Vec::new();
    for _ in 0..r.varint()? {
        let v = r.varint()? as i64;
        let v = v >> 1 ^ -(v & 1);
        let offset = if v & 1 == 0 { (v >> 1) * 900 } else { v >> 1 } as i32;
        let is_dst = r.byte()? != 0;
        types.push(LocalType { offset, is_dst, abbreviation: r.text()?.into() });
    }
    let n = r.varint()? as usize;
    let indexes = r.take(n)?.to_vec();
    if types.is_empty() || indexes.iter().any(|&i| i as usize >= types.len()) {
        return None;
    }
    let mut transitions = Vec::with_capacity(n);
    let mut at = -(1i64 << 32);
    for _ in 0..n {
        let v = r.varint()? as i64;
        at += if v & 1 == 0 { (v >> 1) * 900 } else { v >> 1 };
        transitions.push(at);
    }
    let mut rule = None;
    if let Some(mut posix) = parse_posix(footer)
        && let Some(mut found) = posix.rule.take()
    {
        for (slot, ty) in [&mut found.std, &mut found.dst].into_iter().zip(posix.types) {
            *slot = types.iter().position(|t| *t == ty).unwrap_or(types.len()) as u8;
            if *slot as usize == types.len() {
                types.push(ty);
            }
        }
        rule = Some(found);
    }
    Some(TimeZone::new(name.to_string(), types, transitions, indexes, rule))
}

struct Reader {
    s: &'static [u8],
}

impl Reader {
    fn byte(&mut self) -> Option<u8> {
        let (&b, rest) = self.s.split_first()?;
        self.s = rest;
        Some(b)
    }

    fn take(&mut self, n: usize) -> Option<&'static [u8]> {
        let (a, b) = self.s.split_at_checked(n)?;
        self.s = b;
        Some(a)
    }

    fn text(&mut self) -> Option<&'static str> {
        let n = self.s.iter().position(|&b| b == 0)?;
        let text = std::str::from_utf8(self.take(n)?).ok()?;
        self.byte()?;
        Some(text)
    }

    fn varint(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let b = self.byte()?;
            value |= u64::from(b & 127) << shift;
            if b < 128 {
                return Some(value);
            }
            shift += 7;
            if shift > 56 {
                return None;
            }
        }
    }
}
