//! Reading dates and times: the splitter and the field decoders (`ParseDateTime`, `DecodeDateTime`, `DecodeTimeOnly`).

use std::rc::Rc;

use tusklet_error::err;

use super::tokens::{Unit, Word, special};
use super::{DateOrder, DateTimeConfig, EPOCH_SECS, Refused, Tm, USECS_PER_DAY, USECS_PER_SEC, days_in_month, j2date};
use crate::timezone::{Abbreviation, TimeZone, abbreviation, abbreviation_offset_at_local};

type Parsed<T> = Result<T, Refused>;

/// How a field looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    String,
    Date,
    Time,
    /// Signed number.
    Zone,
    /// Signed word.
    Special,
}

/// A field in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

// Masks of the fields seen.
pub(crate) const YEAR: u32 = 1;
pub(crate) const MONTH: u32 = 1 << 1;
pub(crate) const DAY: u32 = 1 << 2;
pub(crate) const HOUR: u32 = 1 << 3;
pub(crate) const MINUTE: u32 = 1 << 4;
pub(crate) const SECOND: u32 = 1 << 5;
const TZ: u32 = 1 << 6;
const DTZMOD: u32 = 1 << 7;
const DOY: u32 = 1 << 8;
const RESERV: u32 = 1 << 9;
const AMPM: u32 = 1 << 10;
const ADBC: u32 = 1 << 11;
const DOW: u32 = 1 << 12;
pub(crate) const MICROSECOND: u32 = 1 << 13;
pub(crate) const MILLISECOND: u32 = 1 << 14;
pub(crate) const ALL_SECS: u32 = SECOND | MILLISECOND | MICROSECOND;
const DATE_M: u32 = YEAR | MONTH | DAY;
pub(crate) const TIME_M: u32 = HOUR | MINUTE | ALL_SECS;

const MAX_FIELDS: usize = 25;

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// Splits text into fields; `limit` is the size of PostgreSQL's work area, longer text is no date.
pub(crate) fn split(text: &str, limit: usize) -> Parsed<Vec<Field>> {
    let s = text.as_bytes();
    let at = |i: usize| s.get(i).copied().unwrap_or(0);
    let digits = |mut i: usize| {
        while at(i).is_ascii_digit() {
            i += 1;
        }
        i
    };
    let mut fields: Vec<Field> = Vec::with_capacity(4);
    let (mut i, mut used) = (0, 0);
    while i < s.len() {
        let c = s[i];
        if is_space(c) {
            i += 1;
            continue;
        }
        if c == 0 {
            return Err(Refused::BadFormat);
        }
        if fields.len() >= MAX_FIELDS {
            return Err(Refused::BadFormat);
        }
        let start = i;
        let mut sign = None;
        let mut start_text = start;
        let kind = if c.is_ascii_digit() {
            i = digits(i);
            if at(i) == b':' {
                while at(i).is_ascii_digit() || matches!(at(i), b':' | b'.') {
                    i += 1;
                }
                Kind::Time
            } else if matches!(at(i), b'-' | b'/' | b'.') {
                let delimiter = at(i);
                i += 1;
                if at(i).is_ascii_digit() {
                    i = digits(i);
                    if at(i) == delimiter {
                        while at(i).is_ascii_digit() || at(i) == delimiter {
                            i += 1;
                        }
                        Kind::Date
                    } else if delimiter == b'.' {
                        Kind::Number
                    } else {
                        Kind::Date
                    }
                } else {
                    while at(i).is_ascii_alphanumeric() || at(i) == delimiter {
                        i += 1;
                    }
                    Kind::Date
                }
            } else {
                Kind::Number
            }
        } else if c == b'.' {
            i = digits(i + 1);
            Kind::Number
        } else if c.is_ascii_alphabetic() {
            while at(i).is_ascii_alphabetic() {
                i += 1;
            }
            let date = match at(i) {
                b'-' | b'/' | b'.' => true,
                c if c == b'+' || c.is_ascii_digit() => special(&text[start..i]).is_none(),
                _ => false,
            };
            if date {
                while at(i).is_ascii_alphanumeric() || matches!(at(i), b'+' | b'-' | b'/' | b'_' | b'.' | b':') {
                    i += 1;
                }
                Kind::Date
            } else {
                Kind::String
            }
        } else if c == b'+' || c == b'-' {
            sign = Some(c as char);
            i += 1;
            while is_space(at(i)) {
                i += 1;
            }
            start_text = i;
            if at(i).is_ascii_digit() {
                while at(i).is_ascii_digit() || matches!(at(i), b':' | b'.' | b'-') {
                    i += 1;
                }
                Kind::Zone
            } else if at(i).is_ascii_alphabetic() {
                while at(i).is_ascii_alphabetic() {
                    i += 1;
                }
                Kind::Special
            } else {
                return Err(Refused::BadFormat);
            }
        } else if c.is_ascii_punctuation() {
            i += 1;
            continue;
        } else {
            return Err(Refused::BadFormat);
        };
        let mut field = String::with_capacity(i - start_text + 1);
        field.extend(sign);
        field.push_str(&text[start_text..i]);
        field.make_ascii_lowercase();
        used += field.len() + 1;
        if used > limit {
            return Err(Refused::BadFormat);
        }
        fields.push(Field { kind, text: field });
    }
    Ok(fields)
}

/// Work area of dates and times, in bytes.
pub(crate) const DATE_LIMIT: usize = 128 + 25;
/// Work area of intervals.
pub(crate) const INTERVAL_LIMIT: usize = 256;

/// `strtoint`: an i32 and the rest. No digits give 0 and the whole text.
pub(crate) fn int(s: &str) -> Parsed<(i32, &str)> {
    let (v, rest) = int64(s)?;
    i32::try_from(v).map(|v| (v, rest)).map_err(|_| Refused::FieldOverflow)
}

/// `strtoi64`.
pub(crate) fn int64(s: &str) -> Parsed<(i64, &str)> {
    let b = s.as_bytes();
    let sign = usize::from(matches!(b.first(), Some(b'+' | b'-')));
    let mut i = sign;
    let mut v = 0i64;
    let negative = b.first() == Some(&b'-');
    while let Some(c) = b.get(i).filter(|c| c.is_ascii_digit()) {
        let d = i64::from(c - b'0');
        let next = v.checked_mul(10).and_then(|v| if negative { v.checked_sub(d) } else { v.checked_add(d) });
        v = next.ok_or(Refused::FieldOverflow)?;
        i += 1;
    }
    if i == sign { Ok((0, s)) } else { Ok((v, &s[i..])) }
}

/// `atoi` of digits, cut off at the largest value.
fn atoi(s: &str) -> i32 {
    int(s).map(|r| r.0).unwrap_or(i32::MAX)
}

/// `.digits` as a fraction of one (`ParseFraction`).
pub(crate) fn fraction(s: &str) -> Parsed<f64> {
    if s.len() <= 1 {
        return Ok(0.0);
    }
    if !s.starts_with('.') || !s[1..].bytes().all(|c| c.is_ascii_digit()) {
        return Err(Refused::BadFormat);
    }
    crate::float::number(s).ok_or(Refused::BadFormat)
}

/// `.digits` in microseconds, rounded half to even.
pub(crate) fn fraction_micros(s: &str) -> Parsed<i32> {
    Ok((fraction(s)? * 1e6).round_ties_even() as i32)
}

struct Reader<'c> {
    config: &'c DateTimeConfig<'c>,
    tm: Tm,
    two_digits: bool,
    text_month: bool,
}

/// What a text meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A date (and time).
    Date,
    /// Only a time.
    TimeOnly,
    Epoch,
    Infinity,
    MinusInfinity,
}

/// A decoded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoded {
    pub(crate) meaning: Meaning,
    pub(crate) tm: Tm,
    /// Seconds west of UTC.
    pub(crate) west: i32,
}

/// Broken-down local time of the transaction's start, and its offset west.
pub(crate) fn now_tm(config: &DateTimeConfig<'_>) -> (Tm, i32) {
    let unix = config.now.div_euclid(USECS_PER_SEC) + EPOCH_SECS;
    let east = config.zone.at(unix).offset;
    (Tm::from_timestamp(config.now + i64::from(east) * USECS_PER_SEC), -east)
}

/// West offset of the session's zone for a local time.
pub(crate) fn session_west(config: &DateTimeConfig<'_>, tm: &Tm) -> i32 {
    if !super::is_valid_julian(tm.year, tm.mon) {
        return 0;
    }
    -config.zone.at_local(tm.local_secs()).offset
}

/// What a zone named in the text leaves to be done when the date is known.
#[derive(Default)]
struct Late {
    named: Option<Rc<TimeZone>>,
    abbreviation: Option<(String, Rc<TimeZone>)>,
}

impl Late {
    fn is_some(&self) -> bool {
        self.named.is_some() || self.abbreviation.is_some()
    }
}

fn unknown_zone(name: &str) -> Refused {
    Refused::Error(err!(INVALID_PARAMETER_VALUE, "time zone \"{}\" not recognized"; name))
}

/// The state both decoders share: `zoned` says whether a zone may be given, `time_only` that a date is not wanted.
struct Decoder<'c> {
    r: Reader<'c>,
    zoned: bool,
    time_only: bool,
    fmask: u32,
    label: Option<Unit>,
    iso_time: bool,
    julian: bool,
    bc: bool,
    half: Option<Word>,
    late: Late,
    west: i32,
    meaning: Meaning,
}

/// Decodes a date with or without time (`DecodeDateTime`), or a time of day (`DecodeTimeOnly`).
pub(crate) fn decode(fields: &[Field], zoned: bool, time_only: bool, config: &DateTimeConfig<'_>) -> Parsed<Decoded> {
    let r = Reader { config, tm: Tm::default(), two_digits: false, text_month: false };
    let mut d = Decoder {
        r,
        zoned,
        time_only,
        fmask: 0,
        label: None,
        iso_time: false,
        julian: false,
        bc: false,
        half: None,
        late: Late::default(),
        west: 0,
        meaning: Meaning::Date,
    };
    for i in 0..fields.len() {
        let Some(mask) = d.field(fields, i)? else { continue };
        if mask & d.fmask != 0 {
            return Err(Refused::BadFormat);
        }
        d.fmask |= mask;
    }
    d.finish()
}

impl Decoder<'_> {
    /// The fields of a date that this kind of decoder takes as given.
    fn date_given(&self) -> u32 {
        if self.time_only { self.fmask | DATE_M } else { self.fmask }
    }

    fn need_zone(&self) -> Parsed<()> {
        if self.zoned { Ok(()) } else { Err(Refused::BadFormat) }
    }

    fn labelled(&self) -> bool {
        self.label.is_some() || self.iso_time
    }

    /// Takes one field; the mask of what it gave, or `None` for a throwaway word.
    fn field(&mut self, fields: &[Field], i: usize) -> Parsed<Option<u32>> {
        let text = &fields[i].text;
        let mask = match fields[i].kind {
            Kind::Date if self.time_only => self.date_field_of_time(fields, i)?,
            Kind::Date => self.date_field(text)?,
            Kind::Time => {
                if self.labelled() && !self.time_only {
                    if !self.iso_time {
                        return Err(Refused::BadFormat);
                    }
                    self.iso_time = false;
                }
                self.r.time(text)?;
                if !self.time_only && self.r.time_overflows() {
                    return Err(Refused::FieldOverflow);
                }
                TIME_M
            }
            Kind::Zone => {
                self.need_zone()?;
                self.west = zone(text)?;
                TZ
            }
            Kind::Number if self.labelled() => self.labelled_number(text)?,
            Kind::Number => self.number_field(fields, i)?,
            Kind::String | Kind::Special => return self.word(fields, i),
        };
        Ok(Some(mask))
    }

    fn date_field(&mut self, text: &str) -> Parsed<u32> {
        if self.label == Some(Unit::Julian) {
            self.need_zone()?;
            let (value, rest) = int(text)?;
            if value < 0 {
                return Err(Refused::FieldOverflow);
            }
            self.set_julian(value);
            self.west = zone(rest)?;
            self.label = None;
            return Ok(DATE_M | TIME_M | TZ);
        }
        if !self.labelled() && self.fmask & (MONTH | DAY) != MONTH | DAY {
            let fmask = self.fmask;
            return self.r.date(text, fmask);
        }
        self.need_zone()?;
        if text.as_bytes().first().is_some_and(u8::is_ascii_digit) || self.labelled() {
            if self.labelled() && !self.iso_time {
                return Err(Refused::BadFormat);
            }
            self.iso_time = false;
            self.time_with_zone(text, self.fmask)
        } else {
            self.late.named = Some(TimeZone::named(text).ok_or_else(|| unknown_zone(text))?);
            Ok(TZ)
        }
    }

    /// `hhmmss-zz`.
    fn time_with_zone(&mut self, text: &str, fmask: u32) -> Parsed<u32> {
        if self.fmask & TIME_M == TIME_M {
            return Err(Refused::BadFormat);
        }
        let (time, _) = text.split_once('-').ok_or(Refused::BadFormat)?;
        self.west = zone(&text[time.len()..])?;
        Ok(self.r.number_field(time, fmask)? | TZ)
    }

    fn date_field_of_time(&mut self, fields: &[Field], i: usize) -> Parsed<u32> {
        let text = &fields[i].text;
        self.need_zone()?;
        let n = fields.len();
        if i == 0 && n >= 2 && (fields[n - 1].kind == Kind::Date || fields[1].kind == Kind::Time) {
            let fmask = self.fmask;
            return self.r.date(text, fmask);
        }
        if text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            self.iso_time = false;
            return self.time_with_zone(text, self.fmask | DATE_M);
        }
        self.late.named = Some(TimeZone::named(text).ok_or_else(|| unknown_zone(text))?);
        Ok(TZ)
    }

    fn set_julian(&mut self, day: i32) {
        (self.r.tm.year, self.r.tm.mon, self.r.tm.mday) = j2date(i64::from(day));
        self.julian = true;
    }

    fn labelled_number(&mut self, text: &str) -> Parsed<u32> {
        if self.time_only && matches!(self.label, Some(Unit::Julian | Unit::Year | Unit::Month | Unit::Day)) {
            self.need_zone()?;
        }
        let (value, rest) = int(text)?;
        let label = self.label.take();
        let iso = std::mem::take(&mut self.iso_time);
        match rest.as_bytes().first() {
            None => {}
            Some(b'.') if iso || matches!(label, Some(Unit::Julian | Unit::Second)) => {}
            _ => return Err(Refused::BadFormat),
        }
        self.meaning = Meaning::Date;
        if iso {
            let mask = self.r.number_field(text, self.fmask | DATE_M)?;
            return if mask == TIME_M { Ok(mask) } else { Err(Refused::BadFormat) };
        }
        let tm = &mut self.r.tm;
        Ok(match label {
            Some(Unit::Year) => {
                tm.year = value;
                YEAR
            }
            Some(Unit::Month) if self.fmask & MONTH != 0 && self.fmask & HOUR != 0 => {
                tm.min = value;
                MINUTE
            }
            Some(Unit::Month) => {
                tm.mon = value;
                MONTH
            }
            Some(Unit::Day) => {
                tm.mday = value;
                DAY
            }
            Some(Unit::Hour) => {
                tm.hour = value;
                HOUR
            }
            Some(Unit::Minute) => {
                tm.min = value;
                MINUTE
            }
            Some(Unit::Second) => {
                tm.sec = value;
                if rest.is_empty() {
                    SECOND
                } else {
                    tm.usec = fraction_micros(rest)?;
                    ALL_SECS
                }
            }
            Some(Unit::Julian) => {
                if value < 0 {
                    return Err(Refused::FieldOverflow);
                }
                let mut mask = DATE_M;
                if !rest.is_empty() {
                    let part = fraction(rest)?;
                    tm.set_time((part * USECS_PER_DAY as f64) as i64);
                    mask |= TIME_M;
                }
                self.set_julian(value);
                mask
            }
            _ => return Err(Refused::BadFormat),
        })
    }

    fn number_field(&mut self, fields: &[Field], i: usize) -> Parsed<u32> {
        let text = &fields[i].text;
        let given = self.date_given();
        let fmask = self.fmask;
        let dot = text.find('.');
        if self.time_only {
            return match dot {
                Some(_) if i == 0 && fields.len() >= 2 && fields[fields.len() - 1].kind == Kind::Date => {
                    self.r.date(text, fmask)
                }
                Some(n) if n > 2 => self.r.number_field(text, given),
                Some(_) => Err(Refused::BadFormat),
                None if text.len() > 4 => self.r.number_field(text, given),
                None => self.r.number(text, false, given),
            };
        }
        match dot {
            Some(_) if fmask & DATE_M == 0 => self.r.date(text, fmask),
            Some(n) if n > 2 => self.r.number_field(text, fmask),
            _ if text.len() >= 6 && (fmask & DATE_M == 0 || fmask & TIME_M == 0) => self.r.number_field(text, fmask),
            _ => {
                let text_month = self.r.text_month;
                self.r.number(text, text_month, fmask)
            }
        }
    }

    fn word(&mut self, fields: &[Field], i: usize) -> Parsed<Option<u32>> {
        let text = &fields[i].text;
        // Zone abbreviations take precedence over the built-in words.
        if let Some(found) = abbreviation(text) {
            self.need_zone()?;
            match found {
                Abbreviation::Fixed(east, _) => self.west = -east,
                Abbreviation::Zone(z) => self.late.abbreviation = Some((text.clone(), z)),
            }
            return Ok(Some(TZ));
        }
        let Some(word) = special(text) else {
            self.late.named = Some(TimeZone::named(text).ok_or(Refused::BadFormat)?);
            // As in PostgreSQL, a zone's name is refused later if no zone is wanted.
            return Ok(Some(TZ));
        };
        let mask = match word {
            Word::Ignore => return Ok(None),
            Word::Now => {
                let (now, west) = now_tm(self.r.config);
                if self.time_only {
                    self.r.tm.set_time(now.time_of_day());
                    return Ok(Some(TIME_M));
                }
                self.r.tm = now;
                self.west = west;
                self.meaning = Meaning::Date;
                DATE_M | TIME_M | TZ
            }
            Word::AllBalls => {
                self.r.tm.set_time(0);
                self.west = 0;
                self.meaning = Meaning::Date;
                TIME_M | TZ
            }
            Word::Today | Word::Tomorrow | Word::Yesterday if !self.time_only => {
                let (now, _) = now_tm(self.r.config);
                let step = match word {
                    Word::Tomorrow => 1,
                    Word::Yesterday => -1,
                    _ => 0,
                };
                let day = Tm::from_date((now.date() + step) as i32);
                (self.r.tm.year, self.r.tm.mon, self.r.tm.mday) = (day.year, day.mon, day.mday);
                self.meaning = Meaning::Date;
                DATE_M
            }
            Word::Epoch | Word::Infinity | Word::MinusInfinity if !self.time_only => {
                self.meaning = match word {
                    Word::Epoch => Meaning::Epoch,
                    Word::Infinity => Meaning::Infinity,
                    _ => Meaning::MinusInfinity,
                };
                RESERV
            }
            Word::Month(m) if !self.time_only => {
                let mut mask = MONTH;
                let tm = &mut self.r.tm;
                // A number already read as the month was the day.
                if self.fmask & MONTH != 0 && !self.r.text_month && self.fmask & DAY == 0 && (1..=31).contains(&tm.mon)
                {
                    tm.mday = tm.mon;
                    mask = DAY;
                }
                self.r.text_month = true;
                tm.mon = m;
                mask
            }
            Word::Dst => {
                self.need_zone()?;
                self.west -= 3600;
                // Without a zone before it there is nothing to modify; the final checks see to that.
                DTZMOD
            }
            Word::Am | Word::Pm => {
                self.half = Some(word);
                AMPM
            }
            Word::Bc | Word::Ad => {
                self.bc = word == Word::Bc;
                ADBC
            }
            Word::Weekday(_) if !self.time_only => DOW,
            Word::Unit(u) => {
                self.label = Some(u);
                0
            }
            Word::IsoTime => {
                if !self.time_only && self.fmask & DATE_M != DATE_M {
                    return Err(Refused::BadFormat);
                }
                match fields.get(i + 1) {
                    Some(f) if matches!(f.kind, Kind::Number | Kind::Time | Kind::Date) => {}
                    _ => return Err(Refused::BadFormat),
                }
                self.label = None;
                self.iso_time = true;
                0
            }
            _ => return Err(Refused::BadFormat),
        };
        Ok(Some(mask))
    }

    fn finish(mut self) -> Parsed<Decoded> {
        self.r.validate(self.fmask, self.julian, self.bc)?;
        let tm = &mut self.r.tm;
        if let Some(half) = self.half {
            if tm.hour > 12 {
                return Err(Refused::FieldOverflow);
            }
            if half == Word::Am && tm.hour == 12 {
                tm.hour = 0;
            } else if half == Word::Pm && tm.hour != 12 {
                tm.hour += 12;
            }
        }
        let modified = self.fmask & DTZMOD != 0;
        if self.time_only {
            if self.r.time_overflows() {
                return Err(Refused::FieldOverflow);
            }
            if self.fmask & TIME_M != TIME_M {
                return Err(Refused::BadFormat);
            }
        } else {
            if self.meaning != Meaning::Date {
                return Ok(Decoded { meaning: self.meaning, tm: self.r.tm, west: self.west });
            }
            if self.fmask & DATE_M != DATE_M {
                if self.fmask & TIME_M == TIME_M {
                    return Ok(Decoded { meaning: Meaning::TimeOnly, tm: self.r.tm, west: self.west });
                }
                return Err(Refused::BadFormat);
            }
        }
        if self.late.is_some() {
            if modified {
                return Err(Refused::BadFormat);
            }
            let fixed = self.late.named.as_ref().filter(|_| self.time_only).and_then(|z| z.fixed_offset());
            if let Some(east) = fixed {
                self.west = -east;
            } else {
                let mut local = self.r.local_secs();
                if self.time_only && self.fmask & DATE_M == 0 && self.late.named.is_none() {
                    // The abbreviation's meaning today.
                    let (mut now, _) = now_tm(self.r.config);
                    now.set_time(self.r.tm.time_of_day());
                    local = now.local_secs();
                } else if self.fmask & DATE_M != DATE_M {
                    return Err(Refused::BadFormat);
                }
                if let Some(z) = &self.late.named {
                    self.west = -z.at_local(local).offset;
                }
                if let Some((name, z)) = &self.late.abbreviation {
                    self.west = -abbreviation_offset_at_local(name, z, local);
                }
            }
        }
        if self.zoned && self.fmask & TZ == 0 {
            if modified {
                return Err(Refused::BadFormat);
            }
            let mut tm = self.r.tm;
            if self.time_only {
                if self.fmask & DATE_M == 0 {
                    let (now, _) = now_tm(self.r.config);
                    (tm.year, tm.mon, tm.mday) = (now.year, now.mon, now.mday);
                } else if self.fmask & DATE_M != DATE_M {
                    return Err(Refused::BadFormat);
                }
            }
            self.west = session_west(self.r.config, &tm);
        }
        Ok(Decoded { meaning: self.meaning, tm: self.r.tm, west: self.west })
    }
}

impl Reader<'_> {
    fn local_secs(&self) -> i64 {
        if super::is_valid_julian(self.tm.year, self.tm.mon) { self.tm.local_secs() } else { 0 }
    }

    fn time_overflows(&self) -> bool {
        time_overflows(&self.tm)
    }

    /// A date with separators (`DecodeDate`).
    fn date(&mut self, text: &str, mut fmask: u32) -> Parsed<u32> {
        let s = text.as_bytes();
        let mut parts: Vec<&str> = Vec::with_capacity(3);
        let mut i = 0;
        while i < s.len() && parts.len() < MAX_FIELDS {
            while i < s.len() && !s[i].is_ascii_alphanumeric() {
                i += 1;
            }
            if i == s.len() {
                return Err(Refused::BadFormat);
            }
            let start = i;
            let digit = s[i].is_ascii_digit();
            while i < s.len() && (if digit { s[i].is_ascii_digit() } else { s[i].is_ascii_alphabetic() }) {
                i += 1;
            }
            parts.push(&text[start..i]);
            // One character after a part is a separator, whatever it is.
            if i < s.len() {
                i += 1;
            }
        }
        let mut seen = 0;
        let is_word = |p: &str| p.as_bytes()[0].is_ascii_alphabetic();
        let mut text_month = false;
        for p in parts.iter().filter(|p| is_word(p)) {
            match special(p) {
                Some(Word::Month(m)) => {
                    if fmask & MONTH != 0 {
                        return Err(Refused::BadFormat);
                    }
                    self.tm.mon = m;
                    text_month = true;
                    fmask |= MONTH;
                    seen |= MONTH;
                }
                _ => return Err(Refused::BadFormat),
            }
        }
        for p in parts.iter().filter(|p| !is_word(p)) {
            let mask = self.number(p, text_month, fmask)?;
            if fmask & mask != 0 {
                return Err(Refused::BadFormat);
            }
            fmask |= mask;
            seen |= mask;
        }
        if fmask & !(DOY | TZ) & (DATE_M | TIME_M | RESERV | AMPM | ADBC | DOW | DTZMOD) != DATE_M {
            return Err(Refused::BadFormat);
        }
        Ok(seen)
    }

    /// A number of unknown meaning (`DecodeNumber`).
    fn number(&mut self, text: &str, text_month: bool, fmask: u32) -> Parsed<u32> {
        let (value, rest) = int(text)?;
        if rest.len() == text.len() {
            return Err(Refused::BadFormat);
        }
        if rest.starts_with('.') {
            if text.len() - rest.len() > 2 {
                return self.number_field(text, fmask | DATE_M);
            }
            self.tm.usec = fraction_micros(rest)?;
        } else if !rest.is_empty() {
            return Err(Refused::BadFormat);
        }
        if text.len() == 3 && fmask & DATE_M == YEAR && (1..=366).contains(&value) {
            self.tm.yday = value;
            return Ok(DOY | MONTH | DAY);
        }
        let order = self.config.date_order;
        let long = text.len() >= 3;
        let mask = match fmask & DATE_M {
            0 if long || order == DateOrder::Ymd => YEAR,
            0 if order == DateOrder::Dmy => DAY,
            0 => MONTH,
            YEAR => MONTH,
            MONTH if text_month && (long || order == DateOrder::Ymd) => YEAR,
            MONTH => DAY,
            m if m == YEAR | MONTH => {
                if text_month && long && self.two_digits {
                    // What was read as the year was the day.
                    self.tm.mday = self.tm.year;
                    self.tm.year = value;
                    self.two_digits = false;
                    return Ok(DAY);
                }
                DAY
            }
            DAY => MONTH,
            m if m == MONTH | DAY => YEAR,
            DATE_M => return self.number_field(text, fmask),
            _ => return Err(Refused::BadFormat),
        };
        match mask {
            YEAR => {
                self.tm.year = value;
                self.two_digits = text.len() <= 2;
            }
            MONTH => self.tm.mon = value,
            _ => self.tm.mday = value,
        }
        Ok(mask)
    }

    /// Digits run together: `yyyymmdd`, `hhmmss[.f]`, `hhmm` (`DecodeNumberField`).
    fn number_field(&mut self, text: &str, fmask: u32) -> Parsed<u32> {
        let mut digits = text;
        if let Some(dot) = text.find('.') {
            let part = &text[dot..];
            let value: f64 = if part.len() == 1 { 0.0 } else { crate::float::number(part).ok_or(Refused::BadFormat)? };
            self.tm.usec = (value * 1e6).round_ties_even() as i32;
            digits = &text[..dot];
        } else if fmask & DATE_M != DATE_M && digits.len() >= 6 && digits.is_ascii() {
            let n = digits.len();
            self.tm.mday = atoi(&digits[n - 2..]);
            self.tm.mon = atoi(&digits[n - 4..n - 2]);
            self.tm.year = atoi(&digits[..n - 4]);
            if n - 4 == 2 {
                self.two_digits = true;
            }
            return Ok(DATE_M);
        }
        if fmask & TIME_M != TIME_M && digits.is_ascii() {
            match digits.len() {
                6 => {
                    self.tm.sec = atoi(&digits[4..]);
                    self.tm.min = atoi(&digits[2..4]);
                    self.tm.hour = atoi(&digits[..2]);
                    return Ok(TIME_M);
                }
                4 => {
                    self.tm.sec = 0;
                    self.tm.min = atoi(&digits[2..]);
                    self.tm.hour = atoi(&digits[..2]);
                    return Ok(TIME_M);
                }
                _ => {}
            }
        }
        Err(Refused::BadFormat)
    }

    /// `hh:mm[:ss[.f]]` (`DecodeTime`).
    fn time(&mut self, text: &str) -> Parsed<()> {
        let t = clock(text, false)?;
        self.tm.hour = i32::try_from(t.0).map_err(|_| Refused::FieldOverflow)?;
        (self.tm.min, self.tm.sec, self.tm.usec) = (t.1, t.2, t.3);
        Ok(())
    }

    /// `ValidateDate`.
    fn validate(&mut self, fmask: u32, julian: bool, bc: bool) -> Parsed<()> {
        let tm = &mut self.tm;
        if fmask & YEAR != 0 && !julian {
            if bc {
                if tm.year <= 0 {
                    return Err(Refused::FieldOverflow);
                }
                tm.year = 1 - tm.year;
            } else if self.two_digits {
                if tm.year < 0 {
                    return Err(Refused::FieldOverflow);
                }
                tm.year += match tm.year {
                    ..70 => 2000,
                    70..100 => 1900,
                    _ => 0,
                };
            } else if tm.year <= 0 {
                return Err(Refused::FieldOverflow);
            }
        }
        if fmask & DOY != 0 {
            (tm.year, tm.mon, tm.mday) = j2date(super::date2j(tm.year, 1, 1) + i64::from(tm.yday) - 1);
        }
        if fmask & MONTH != 0 && !(1..=12).contains(&tm.mon) || fmask & DAY != 0 && !(1..=31).contains(&tm.mday) {
            return Err(Refused::MonthDayOverflow);
        }
        if fmask & DATE_M == DATE_M && tm.mday > days_in_month(tm.year, tm.mon) {
            return Err(Refused::FieldOverflow);
        }
        Ok(())
    }
}

/// Whether a time of day is beyond 24:00 or has a field out of range.
pub(crate) fn time_overflows(tm: &Tm) -> bool {
    !(0..=24).contains(&tm.hour)
        || !(0..60).contains(&tm.min)
        || !(0..=60).contains(&tm.sec)
        || !(0..=USECS_PER_SEC as i32).contains(&tm.usec)
        || tm.time_of_day() > USECS_PER_DAY
}

/// The fields of `hh:mm:ss.f`; with `minute_second`, two fields are minutes and seconds.
pub(crate) fn clock(text: &str, minute_second: bool) -> Parsed<(i64, i32, i32, i32)> {
    let (mut hour, rest) = int64(text)?;
    let rest = rest.strip_prefix(':').ok_or(Refused::BadFormat)?;
    let (mut min, rest) = int(rest)?;
    let (mut sec, mut usec) = (0, 0);
    if rest.is_empty() {
        if minute_second {
            (hour, min, sec) = (0, narrow(hour)?, min);
        }
    } else if rest.starts_with('.') {
        // With a fraction, two fields are always minutes and seconds.
        usec = fraction_micros(rest)?;
        (hour, min, sec) = (0, narrow(hour)?, min);
    } else if let Some(rest) = rest.strip_prefix(':') {
        let (s, rest) = int(rest)?;
        sec = s;
        if rest.starts_with('.') {
            usec = fraction_micros(rest)?;
        } else if !rest.is_empty() {
            return Err(Refused::BadFormat);
        }
    } else {
        return Err(Refused::BadFormat);
    }
    let in_range = hour >= 0 && (0..60).contains(&min) && (0..=60).contains(&sec) && usec >= 0;
    if in_range { Ok((hour, min, sec, usec)) } else { Err(Refused::FieldOverflow) }
}

fn narrow(v: i64) -> Parsed<i32> {
    i32::try_from(v).map_err(|_| Refused::FieldOverflow)
}

/// A signed zone displacement, in seconds west (`DecodeTimezone`).
pub(crate) fn zone(text: &str) -> Parsed<i32> {
    let wide = |s| match int(s) {
        Err(Refused::FieldOverflow) => Err(Refused::ZoneOverflow),
        other => other,
    };
    let negative = match text.as_bytes().first() {
        Some(b'+') => false,
        Some(b'-') => true,
        _ => return Err(Refused::BadFormat),
    };
    let (mut hour, mut rest) = wide(&text[1..])?;
    let (mut min, mut sec) = (0, 0);
    if let Some(r) = rest.strip_prefix(':') {
        (min, rest) = wide(r)?;
        if let Some(r) = rest.strip_prefix(':') {
            (sec, rest) = wide(r)?;
        }
    } else if rest.is_empty() && text.len() > 3 {
        min = hour % 100;
        hour /= 100;
    }
    if !(0..=15).contains(&hour) || !(0..60).contains(&min) || !(0..60).contains(&sec) {
        return Err(Refused::ZoneOverflow);
    }
    if !rest.is_empty() {
        return Err(Refused::BadFormat);
    }
    let secs = (hour * 60 + min) * 60 + sec;
    Ok(if negative { secs } else { -secs })
}
