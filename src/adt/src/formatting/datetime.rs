//! Templates of dates and times (`DCH_to_char`, `DCH_from_char`, `do_to_timestamp`).

use std::fmt::Write;

use tusklet_error::{Error, Result, bail, err};

use super::{Modifiers, ordinal_suffix};
use crate::datetime::tokens::{DAYS, MONTHS};
use crate::datetime::{
    DateTimeConfig, Refused, Tm, USECS_PER_SEC, date2j, days_in_month, is_valid_date, is_valid_julian, iso_year_start,
    iso_year_week, j2date, j2day, round_micros,
};
use crate::interval::Interval;
use crate::time::TimeTz;
use crate::timestamp::{is_finite, timestamp_out_of_range, timestamptz_tm, unix_secs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// `AM` and its like; whether with points.
    Half(bool),
    /// `BC` and its like; whether with points.
    Era(bool),
    Century,
    /// Full weekday name.
    DayName,
    /// Short weekday name.
    Dy,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    Fraction(u32),
    Exact,
    Hour24,
    Hour12,
    IsoDayOfYear,
    IsoDayOfWeek,
    IsoWeek,
    /// Digits of the ISO year.
    IsoYear(usize),
    Julian,
    Minute,
    MonthNumber,
    MonthName,
    Mon,
    Millis,
    Offset,
    Quarter,
    Roman,
    SecondsOfDay,
    Second,
    ZoneHour,
    ZoneMinute,
    ZoneName,
    Micros,
    Week,
    WeekOfMonth,
    YearComma,
    /// Digits of the year.
    Year(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Upper,
    Title,
    Lower,
}

/// Longer names before their prefixes; names in upper case, matched in upper or lower case, those marked also capitalized.
#[rustfmt::skip]
const KEYS: &[(&str, Key)] = {
    use Key::*;
    &[
        ("A.D.", Era(true)), ("A.M.", Half(true)), ("AD", Era(false)), ("AM", Half(false)), ("B.C.", Era(true)), ("BC", Era(false)),
        ("CC", Century), ("DAY", DayName), ("DDD", DayOfYear), ("DD", DayOfMonth), ("DY", Dy), ("D", DayOfWeek),
        ("FF1", Fraction(1)), ("FF2", Fraction(2)), ("FF3", Fraction(3)), ("FF4", Fraction(4)), ("FF5", Fraction(5)),
        ("FF6", Fraction(6)), ("FX", Exact), ("HH24", Hour24), ("HH12", Hour12), ("HH", Hour12), ("IDDD", IsoDayOfYear),
        ("ID", IsoDayOfWeek), ("IW", IsoWeek), ("IYYY", IsoYear(4)), ("IYY", IsoYear(3)), ("IY", IsoYear(2)), ("I", IsoYear(1)),
        ("J", Julian), ("MI", Minute), ("MM", MonthNumber), ("MONTH", MonthName), ("MON", Mon), ("MS", Millis), ("OF", Offset),
        ("P.M.", Half(true)), ("PM", Half(false)), ("Q", Quarter), ("RM", Roman), ("SSSSS", SecondsOfDay), ("SSSS", SecondsOfDay),
        ("SS", Second), ("TZH", ZoneHour), ("TZM", ZoneMinute), ("TZ", ZoneName), ("US", Micros), ("WW", Week), ("W", WeekOfMonth),
        ("Y,YYY", YearComma), ("YYYY", Year(4)), ("YYY", Year(3)), ("YY", Year(2)), ("Y", Year(1)),
    ]
};

#[derive(Clone, Debug)]
enum Node {
    Field { key: Key, case: Case, name: &'static str, m: Modifiers, shown: String },
    Separator(char),
    Space(char),
    /// Any other character, and whether it was quoted.
    Char(char, bool),
}

fn is_separator(c: char) -> bool {
    c.is_ascii_graphic() && !c.is_ascii_alphanumeric()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

fn find_key(s: &str) -> Option<(Key, Case, &'static str)> {
    KEYS.iter().find_map(|&(name, key)| {
        let text = s.get(..name.len())?;
        let case = if text == name {
            Case::Upper
        } else if !text.eq_ignore_ascii_case(name) {
            return None;
        } else if text.bytes().all(|b| !b.is_ascii_uppercase()) {
            Case::Lower
        } else if matches!(key, Key::DayName | Key::Dy | Key::MonthName | Key::Mon)
            && text.as_bytes()[0].is_ascii_uppercase()
            && text.bytes().skip(1).all(|b| b.is_ascii_lowercase())
        {
            Case::Title
        } else {
            return None;
        };
        Some((key, case, name))
    })
}

fn parse(format: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut s = format;
    while !s.is_empty() {
        let mut m = Modifiers::default();
        if s.starts_with("FM") || s.starts_with("fm") {
            m.fill = true;
            s = &s[2..];
        } else if s.starts_with("TM") || s.starts_with("tm") {
            m.translate = true;
            s = &s[2..];
        }
        if let Some((key, case, name)) = find_key(s) {
            let shown = s[..name.len()].to_string();
            s = &s[name.len()..];
            for (text, upper) in [("TH", Some(true)), ("th", Some(false)), ("SP", None)] {
                if let Some(rest) = s.strip_prefix(text) {
                    // `SP` (spelled out) is recognised and does nothing.
                    m.ordinal = upper;
                    s = rest;
                    break;
                }
            }
            nodes.push(Node::Field { key, case, name, m, shown });
            continue;
        }
        let Some(c) = s.chars().next() else { break };
        s = &s[c.len_utf8()..];
        match c {
            '"' => {
                while let Some(c) = s.chars().next() {
                    s = &s[c.len_utf8()..];
                    match (c, s.chars().next()) {
                        ('"', _) => break,
                        ('\\', Some(next)) => {
                            s = &s[next.len_utf8()..];
                            nodes.push(Node::Char(next, true));
                        }
                        _ => nodes.push(Node::Char(c, true)),
                    }
                }
            }
            '\\' if s.starts_with('"') => {
                s = &s[1..];
                nodes.push(Node::Separator('"'));
            }
            c if is_separator(c) => nodes.push(Node::Separator(c)),
            c if is_space(c) => nodes.push(Node::Space(c)),
            c => nodes.push(Node::Char(c, false)),
        }
    }
    nodes
}

/// What is written: broken-down time, wide hours for intervals.
struct Source<'a> {
    tm: Tm,
    hour: i64,
    yday: i64,
    interval: bool,
    zone: Option<(i32, &'a str)>,
}

impl Source<'_> {
    fn year(&self, year: i32) -> i64 {
        let y = i64::from(year);
        if self.interval || y > 0 { y } else { 1 - y }
    }
}

/// `to_char(timestamp, format)`; false for SQL NULL (an infinity or an empty template).
pub fn timestamp_to_char(out: &mut String, t: i64, format: &str) -> Result<bool> {
    if format.is_empty() || !is_finite(t) {
        return Ok(false);
    }
    calendar_to_char(out, Tm::from_timestamp(t), None, format)
}

/// `to_char(timestamptz, format)`; false for SQL NULL.
pub fn timestamptz_to_char(out: &mut String, t: i64, format: &str, config: &DateTimeConfig<'_>) -> Result<bool> {
    if format.is_empty() || !is_finite(t) {
        return Ok(false);
    }
    let ty = config.zone.at(unix_secs(t));
    calendar_to_char(out, timestamptz_tm(t, config.zone), Some((ty.offset, &ty.abbreviation)), format)
}

fn calendar_to_char(out: &mut String, tm: Tm, zone: Option<(i32, &str)>, format: &str) -> Result<bool> {
    let yday = date2j(tm.year, tm.mon, tm.mday) - date2j(tm.year, 1, 1) + 1;
    let source = Source { tm, hour: i64::from(tm.hour), yday, interval: false, zone };
    write_nodes(out, &source, &parse(format))?;
    Ok(true)
}

/// `to_char(interval, format)`; false for SQL NULL.
pub fn interval_to_char(out: &mut String, v: &Interval, format: &str) -> Result<bool> {
    if format.is_empty() {
        return Ok(false);
    }
    let (tm, hour) = v.to_tm();
    let yday = i64::from(v.months) * 30 + i64::from(v.days);
    write_nodes(out, &Source { tm, hour, yday, interval: true, zone: None }, &parse(format))?;
    Ok(true)
}

/// A number of at least `width` digits.
fn number(out: &mut String, v: i64, width: usize, m: Modifiers) {
    number_signed(out, v, width + usize::from(v < 0), m);
}

/// A number of at least `width` characters, a sign being one, as C's `%0*d`.
fn number_signed(out: &mut String, v: i64, width: usize, m: Modifiers) {
    let start = out.len();
    let width = if m.fill { 0 } else { width };
    let _ = write!(out, "{v:0width$}");
    if let Some(upper) = m.ordinal {
        let suffix = ordinal_suffix(&out[start..], upper);
        out.push_str(suffix);
    }
}

fn cased(out: &mut String, text: &str, case: Case) {
    match case {
        Case::Upper => out.extend(text.chars().map(|c| c.to_ascii_uppercase())),
        Case::Lower => out.extend(text.chars().map(|c| c.to_ascii_lowercase())),
        Case::Title => out.push_str(text),
    }
}

const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

fn write_nodes(out: &mut String, s: &Source<'_>, nodes: &[Node]) -> Result<()> {
    for node in nodes {
        match node {
            Node::Separator(c) | Node::Space(c) | Node::Char(c, _) => out.push(*c),
            Node::Field { key, case, m, .. } => write_field(out, s, *key, *case, *m)?,
        }
    }
    Ok(())
}

fn write_field(out: &mut String, s: &Source<'_>, key: Key, case: Case, m: Modifiers) -> Result<()> {
    let tm = &s.tm;
    let calendar_only = matches!(
        key,
        Key::ZoneName
            | Key::ZoneHour
            | Key::ZoneMinute
            | Key::Offset
            | Key::Era(_)
            | Key::MonthName
            | Key::Mon
            | Key::DayName
            | Key::Dy
            | Key::DayOfWeek
            | Key::IsoDayOfWeek
    );
    if s.interval && calendar_only {
        return Err(err!(INVALID_DATETIME_FORMAT, "invalid format specification for an interval value")
            .hint("Intervals are not tied to specific calendar dates."));
    }
    let name = |out: &mut String, text: &str, width: usize| {
        let start = out.len();
        cased(out, text, case);
        if !m.fill && !m.translate {
            while out.len() < start + width {
                out.push(' ');
            }
        }
    };
    let wday = || j2day(date2j(tm.year, tm.mon, tm.mday));
    let plain = Modifiers { fill: false, ..m };
    let (mon, mday) = (i64::from(tm.mon), i64::from(tm.mday));
    match key {
        Key::Half(points) => {
            let pm = s.hour % 24 >= 12;
            let text = match (points, pm) {
                (true, false) => "A.M.",
                (true, true) => "P.M.",
                (false, false) => "AM",
                (false, true) => "PM",
            };
            cased(out, text, case);
        }
        Key::Era(points) => {
            let text = match (points, tm.year <= 0) {
                (true, false) => "A.D.",
                (true, true) => "B.C.",
                (false, false) => "AD",
                (false, true) => "BC",
            };
            cased(out, text, case);
        }
        Key::Century => {
            let y = i64::from(tm.year);
            let century = if s.interval {
                y / 100
            } else if y > 0 {
                (y - 1) / 100 + 1
            } else {
                y / 100 - 1
            };
            number(out, century, 2, m);
        }
        Key::DayName => name(out, DAYS[wday() as usize], 9),
        Key::Dy => name(out, &DAYS[wday() as usize][..3], 0),
        Key::MonthName if tm.mon > 0 => name(out, MONTHS[(tm.mon - 1) as usize], 9),
        Key::Mon if tm.mon > 0 => name(out, &MONTHS[(tm.mon - 1) as usize][..3], 0),
        Key::MonthName | Key::Mon => {}
        Key::DayOfYear => number_signed(out, s.yday, 3, m),
        Key::DayOfMonth => number_signed(out, mday, 2, m),
        Key::DayOfWeek => number(out, i64::from(wday() + 1), 0, m),
        Key::Fraction(n) => number_signed(out, i64::from(tm.usec) / 10i64.pow(6 - n), n as usize, plain),
        Key::Millis => number_signed(out, i64::from(tm.usec / 1000), 3, plain),
        Key::Micros => number_signed(out, i64::from(tm.usec), 6, plain),
        Key::Exact => {}
        Key::Hour24 => number(out, s.hour, 2, m),
        Key::Hour12 => {
            let h = s.hour % 12;
            let width = 2 + usize::from(s.hour < 0 && h == 0);
            number(out, if h == 0 { 12 } else { h }, width, m);
        }
        Key::IsoDayOfYear => {
            let (year, _) = iso_year_week_of(tm);
            number_signed(out, julian(tm) - iso_year_start(year) + 1, 3, m);
        }
        Key::IsoDayOfWeek => number(out, if wday() == 0 { 7 } else { i64::from(wday()) }, 0, m),
        Key::IsoWeek => number_signed(out, i64::from(iso_year_week_of(tm).1), 2, m),
        Key::IsoYear(n) => year(out, s.year(iso_year_week_of(tm).0), s.year(tm.year), n, m),
        Key::Year(n) => year(out, s.year(tm.year), s.year(tm.year), n, m),
        Key::YearComma => {
            let y = s.year(tm.year);
            let start = out.len();
            let _ = write!(out, "{},{:03}", y / 1000, y % 1000);
            if let Some(upper) = m.ordinal {
                let suffix = ordinal_suffix(&out[start..], upper);
                out.push_str(suffix);
            }
        }
        Key::Julian => number(out, julian(tm), 0, m),
        Key::Minute => number(out, i64::from(tm.min), 2, m),
        Key::Second => number(out, i64::from(tm.sec), 2, m),
        Key::MonthNumber => number(out, mon, 2, m),
        Key::Quarter if mon != 0 => number(out, (mon - 1) / 3 + 1, 0, m),
        Key::Quarter => {}
        Key::Roman => {
            if tm.mon == 0 && tm.year == 0 {
                return Ok(());
            }
            // Intervals have months of either sign, and twelve of them are zero.
            let index = match tm.mon {
                0 if tm.year >= 0 => 11,
                0 => 0,
                n if n < 0 => 12 + n,
                n => n - 1,
            };
            let start = out.len();
            cased(out, ROMAN[index.clamp(0, 11) as usize], case);
            while !m.fill && out.len() < start + 4 {
                out.push(' ');
            }
        }
        Key::SecondsOfDay => number(out, s.hour * 3600 + i64::from(tm.min) * 60 + i64::from(tm.sec), 0, m),
        Key::Week => number_signed(out, (s.yday - 1) / 7 + 1, 2, m),
        Key::WeekOfMonth => number(out, (mday - 1) / 7 + 1, 0, m),
        Key::ZoneName => {
            if let Some((_, name)) = s.zone {
                if case == Case::Lower { cased(out, name, case) } else { out.push_str(name) }
            }
        }
        Key::ZoneHour | Key::ZoneMinute | Key::Offset => {
            let east = s.zone.map_or(0, |z| z.0);
            let abs = east.abs();
            if key != Key::ZoneMinute {
                out.push(if east >= 0 { '+' } else { '-' });
                number(
                    out,
                    i64::from(abs / 3600),
                    2,
                    Modifiers { fill: m.fill && key == Key::Offset, ..Modifiers::default() },
                );
            }
            if key == Key::Offset && abs % 3600 != 0 {
                out.push(':');
            }
            if key == Key::ZoneMinute || key == Key::Offset && abs % 3600 != 0 {
                number(out, i64::from(abs % 3600 / 60), 2, Modifiers::default());
            }
        }
    }
    Ok(())
}

/// The last digits of a year; the calendar year's sign makes room, even for the ISO year.
fn year(out: &mut String, y: i64, calendar: i64, digits: usize, m: Modifiers) {
    let room = usize::from(calendar < 0);
    match digits {
        4 => number_signed(out, y, 4 + room, m),
        1 => number_signed(out, y % 10, 1, m),
        n => number_signed(out, y % 10i64.pow(n as u32), n + room, m),
    }
}

/// Julian day by PostgreSQL's own formula: templates ask it for "dates" of intervals, whose months go from -11 to 11.
fn julian(tm: &Tm) -> i64 {
    if (1..=12).contains(&tm.mon) {
        return date2j(tm.year, tm.mon, tm.mday);
    }
    // A month below one has its days counted in the thirteenths that the formula's 7834/256 makes of them.
    let y = i64::from(tm.year) + 4799;
    let century = y / 100;
    y * 365 - 32167 + y / 4 - century + century / 4 + 7834 * (i64::from(tm.mon) + 13) / 256 + i64::from(tm.mday)
}

fn iso_year_week_of(tm: &Tm) -> (i32, i32) {
    if (1..=12).contains(&tm.mon) {
        return iso_year_week(tm.year, tm.mon, tm.mday);
    }
    let j = julian(tm);
    let mut year = tm.year;
    if j < iso_year_start(year) {
        year -= 1;
    }
    let mut week = (j - iso_year_start(year)) / 7 + 1;
    if week >= 52 && j >= iso_year_start(year + 1) {
        year += 1;
        week = (j - iso_year_start(year)) / 7 + 1;
    }
    (year, week as i32)
}

/// Fields read from the input; zero is "not given", as in PostgreSQL.
#[derive(Default)]
struct Read {
    iso: Option<bool>,
    hh: i32,
    pm: i32,
    mi: i32,
    ss: i32,
    ssss: i32,
    d: i32,
    dd: i32,
    ddd: i32,
    mm: i32,
    ms: i32,
    year: i32,
    bc: i32,
    ww: i32,
    w: i32,
    cc: i32,
    j: i32,
    us: i32,
    year_digits: usize,
    clock12: bool,
    zone_sign: i32,
    zone_hour: i32,
    zone_minute: i32,
    /// Digits `FF1` to `FF6` round to; zero without one.
    precision: i32,
}

fn set(dest: &mut i32, value: i32, shown: &str) -> Result<()> {
    if *dest != 0 && *dest != value {
        return Err(err!(INVALID_DATETIME_FORMAT, "conflicting values for \"{}\" field in formatting string"; shown)
            .detail("This value contradicts a previous setting for the same field type."));
    }
    *dest = value;
    Ok(())
}

fn skip_space(s: &mut &str) -> i32 {
    let before = s.chars().count();
    *s = s.trim_start_matches(is_space);
    (before - s.chars().count()) as i32
}

fn skip_char(s: &mut &str) {
    let n = s.chars().next().map_or(0, char::len_utf8);
    *s = &s[n..];
}

fn is_numeric(key: Key) -> bool {
    !matches!(
        key,
        Key::Half(_)
            | Key::Era(_)
            | Key::DayName
            | Key::Dy
            | Key::MonthName
            | Key::Mon
            | Key::Exact
            | Key::Offset
            | Key::Roman
            | Key::ZoneName
            | Key::ZoneHour
    )
}

/// Whether what follows node `i` cannot be a digit, so that its number may be of any length.
fn before_separator(nodes: &[Node], i: usize) -> bool {
    if let Node::Field { m, .. } = &nodes[i]
        && m.ordinal.is_some()
    {
        return true;
    }
    match nodes.get(i + 1) {
        None => true,
        Some(Node::Field { key, .. }) => !is_numeric(*key),
        Some(Node::Separator(c) | Node::Space(c) | Node::Char(c, _)) => !c.is_ascii_digit(),
    }
}

/// C's `strtol`: the value (`None` if out of range) and the rest; the rest is the input if there is no number.
fn strtol(s: &str) -> (Option<i64>, &str) {
    let t = s.trim_start_matches(is_space);
    let sign = usize::from(t.starts_with(['+', '-']));
    let n = t[sign..].bytes().take_while(u8::is_ascii_digit).count();
    if n == 0 {
        return (Some(0), s);
    }
    (t[..sign + n].parse::<i64>().ok(), &t[sign + n..])
}

const FIXED_HINT: &str = "If your source string is not fixed-width, try using the \"FM\" modifier.";

/// `from_char_parse_int_len`: the number and how many characters it took.
fn read_int(s: &mut &str, len: usize, nodes: &[Node], i: usize) -> Result<(i32, usize)> {
    let Node::Field { m, shown, .. } = &nodes[i] else { return Err(Error::internal("a number outside a field")) };
    let init = *s;
    let copy_of = |s: &str| s.char_indices().nth(len).map_or(s, |(n, _)| &s[..n]).to_string();
    let trimmed = s.trim_start_matches(is_space);
    let copy = copy_of(trimmed);
    let value;
    if m.fill || before_separator(nodes, i) {
        let (v, rest) = strtol(init);
        value = v;
        *s = rest;
    } else {
        let used = copy.chars().count();
        if used < len {
            return Err(err!(INVALID_DATETIME_FORMAT, "source string too short for \"{}\" formatting field"; shown)
                .detail(format!("Field requires {len} characters, but only {used} remain."))
                .hint(FIXED_HINT));
        }
        let (v, rest) = strtol(&copy);
        let parsed = copy.len() - rest.len();
        if parsed > 0 && parsed < copy.len() {
            return Err(err!(INVALID_DATETIME_FORMAT, "invalid value \"{}\" for \"{}\""; copy, shown)
                .detail(format!("Field requires {len} characters, but only {parsed} could be parsed."))
                .hint(FIXED_HINT));
        }
        value = v;
        *s = if parsed == 0 { init } else { &trimmed[parsed..] };
    }
    if s.len() == init.len() {
        return Err(err!(INVALID_DATETIME_FORMAT, "invalid value \"{}\" for \"{}\""; copy, shown)
            .detail("Value must be an integer."));
    }
    match value.and_then(|v| i32::try_from(v).ok()) {
        Some(v) => Ok((v, init.len() - s.len())),
        None => Err(err!(DATETIME_FIELD_OVERFLOW, "value for \"{}\" in source string is out of range"; shown)
            .detail("Value must be in the range -2147483648 to 2147483647.")),
    }
}

/// `from_char_seq_search`: the first of the words that the input begins with.
fn read_word(s: &mut &str, words: &[&str], prefix: usize, shown: &str) -> Result<i32> {
    for (i, w) in words.iter().enumerate() {
        let w = if prefix > 0 { &w[..prefix] } else { w };
        if s.get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w)) {
            *s = &s[w.len()..];
            return Ok(i as i32);
        }
    }
    let word = s.split(is_space).next().unwrap_or("");
    Err(err!(INVALID_DATETIME_FORMAT, "invalid value \"{}\" for \"{}\""; word, shown)
        .detail("The given value did not match any of the allowed values for this field."))
}

/// `DCH_from_char`. `standard` is SQL/JSON's way: separators and characters must match, and nothing may be left over.
fn read_nodes(input: &str, nodes: &[Node], standard: bool) -> Result<Read> {
    let mut r = Read::default();
    let mut s = input;
    let (mut exact, mut skipped) = (standard, 0i32);
    for (i, node) in nodes.iter().enumerate() {
        if s.is_empty() {
            if standard {
                bail!(INVALID_DATETIME_FORMAT, "input string is too short for datetime format");
            }
            return Ok(r);
        }
        match node {
            Node::Separator(c) | Node::Space(c) if standard => {
                let Some(rest) = s.strip_prefix(*c) else {
                    bail!(INVALID_DATETIME_FORMAT, "unmatched format separator \"{c}\"");
                };
                s = rest;
                continue;
            }
            Node::Char(c, _) if standard && !s.starts_with(*c) => {
                bail!(INVALID_DATETIME_FORMAT, "unmatched format character \"{c}\"");
            }
            _ => {}
        }
        let turns = matches!(node, Node::Field { key: Key::Exact, .. });
        if !exact && !turns && (matches!(node, Node::Field { .. }) || i == 0 && !matches!(node, Node::Char(..))) {
            skipped += skip_space(&mut s);
        }
        let (key, m, shown, name) = match node {
            Node::Separator(_) | Node::Space(_) => {
                if exact {
                    skip_char(&mut s);
                } else {
                    skipped -= 1;
                    if s.starts_with(|c| is_space(c) || is_separator(c)) {
                        skip_char(&mut s);
                        skipped += 1;
                    }
                }
                continue;
            }
            Node::Char(..) => {
                if !exact && skipped > 0 {
                    skipped -= 1;
                } else {
                    skip_char(&mut s);
                }
                continue;
            }
            Node::Field { key, m, shown, name, .. } => (*key, *m, shown.as_str(), *name),
        };
        let iso = match key {
            Key::IsoDayOfWeek | Key::IsoDayOfYear | Key::IsoWeek | Key::IsoYear(_) => Some(true),
            Key::DayOfMonth
            | Key::DayOfWeek
            | Key::DayOfYear
            | Key::MonthName
            | Key::Mon
            | Key::MonthNumber
            | Key::Roman
            | Key::Week
            | Key::WeekOfMonth
            | Key::Year(_)
            | Key::YearComma => Some(false),
            _ => None,
        };
        if let Some(iso) = iso
            && *r.iso.get_or_insert(iso) != iso
        {
            return Err(err!(INVALID_DATETIME_FORMAT, "invalid combination of date conventions")
                .hint("Do not mix Gregorian and ISO week date conventions in a formatting template."));
        }
        let len = name.len();
        let int = |s: &mut &str, len: usize| read_int(s, len, nodes, i);
        match key {
            Key::Exact => exact = true,
            Key::Half(points) => {
                let words: &[&str] = if points { &["a.m.", "p.m."] } else { &["am", "pm"] };
                let v = read_word(&mut s, words, 0, shown)?;
                set(&mut r.pm, v, shown)?;
                r.clock12 = true;
            }
            Key::Era(points) => {
                let words: &[&str] = if points { &["a.d.", "b.c."] } else { &["ad", "bc"] };
                let v = read_word(&mut s, words, 0, shown)?;
                set(&mut r.bc, v, shown)?;
            }
            Key::Hour12 => {
                set(&mut r.hh, int(&mut s, 2)?.0, shown)?;
                r.clock12 = true;
            }
            Key::Hour24 => set(&mut r.hh, int(&mut s, 2)?.0, shown)?,
            Key::Minute => set(&mut r.mi, int(&mut s, len)?.0, shown)?,
            Key::Second => set(&mut r.ss, int(&mut s, len)?.0, shown)?,
            Key::SecondsOfDay => set(&mut r.ssss, int(&mut s, len)?.0, shown)?,
            Key::Millis => {
                let (v, n) = int(&mut s, 3)?;
                set(&mut r.ms, v, shown)?;
                r.ms = r.ms.saturating_mul(10i32.pow(3usize.saturating_sub(n.max(1)) as u32));
            }
            Key::Micros | Key::Fraction(_) => {
                let width = if let Key::Fraction(n) = key { n as usize } else { 6 };
                if let Key::Fraction(n) = key {
                    r.precision = n as i32;
                }
                let (v, n) = int(&mut s, width)?;
                set(&mut r.us, v, shown)?;
                r.us = r.us.saturating_mul(10i32.pow(6usize.saturating_sub(n.max(1)) as u32));
            }
            Key::ZoneName | Key::Offset => {
                bail!(FEATURE_NOT_SUPPORTED, "formatting field \"{}\" is only supported in to_char"; shown)
            }
            Key::ZoneHour => {
                if s.starts_with(['+', '-', ' ']) {
                    r.zone_sign = if s.starts_with('-') { -1 } else { 1 };
                    s = &s[1..];
                } else {
                    // The sign may have been taken for a separator.
                    let swallowed = skipped > 0 && input[..input.len() - s.len()].ends_with('-');
                    r.zone_sign = if swallowed { -1 } else { 1 };
                }
                set(&mut r.zone_hour, int(&mut s, 2)?.0, shown)?;
            }
            Key::ZoneMinute => {
                if r.zone_sign == 0 {
                    r.zone_sign = 1;
                }
                set(&mut r.zone_minute, int(&mut s, 2)?.0, shown)?;
            }
            Key::MonthName | Key::Mon => {
                let v = read_word(&mut s, &MONTHS, if key == Key::Mon { 3 } else { 0 }, shown)?;
                set(&mut r.mm, v + 1, shown)?;
            }
            Key::MonthNumber => set(&mut r.mm, int(&mut s, len)?.0, shown)?,
            Key::DayName | Key::Dy => {
                let v = read_word(&mut s, &DAYS, if key == Key::Dy { 3 } else { 0 }, shown)?;
                set(&mut r.d, v, shown)?;
                r.d = r.d.saturating_add(1);
            }
            Key::DayOfYear => set(&mut r.ddd, int(&mut s, len)?.0, shown)?,
            Key::IsoDayOfYear => set(&mut r.ddd, int(&mut s, 3)?.0, shown)?,
            Key::DayOfMonth => set(&mut r.dd, int(&mut s, len)?.0, shown)?,
            Key::DayOfWeek => set(&mut r.d, int(&mut s, len)?.0, shown)?,
            Key::IsoDayOfWeek => {
                set(&mut r.d, int(&mut s, 1)?.0, shown)?;
                // Sunday is 1 in the other numbering.
                r.d = r.d.saturating_add(1);
                if r.d > 7 {
                    r.d = 1;
                }
            }
            Key::Week | Key::IsoWeek => set(&mut r.ww, int(&mut s, len)?.0, shown)?,
            Key::Quarter => {
                // Read and ignored: which day of the quarter is meant is not known.
                int(&mut s, len)?;
            }
            Key::Century => set(&mut r.cc, int(&mut s, len)?.0, shown)?,
            Key::YearComma => {
                let refuse = || err!(INVALID_DATETIME_FORMAT, "invalid input string for \"Y,YYY\"");
                let (thousands, rest) = strtol(s);
                let digits = rest.len() < s.len();
                let rest = rest.strip_prefix(',').filter(|_| digits).ok_or_else(refuse)?;
                let n = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
                let years: i64 = rest[..n].parse().map_err(|_| refuse())?;
                let years = thousands.and_then(|t| t.checked_mul(1000)).and_then(|t| t.checked_add(years));
                let years = years.and_then(|y| i32::try_from(y).ok()).ok_or_else(|| {
                    err!(DATETIME_FIELD_OVERFLOW, "value for \"Y,YYY\" in source string is out of range")
                })?;
                set(&mut r.year, years, shown)?;
                r.year_digits = 4;
                s = &rest[n..];
            }
            Key::Year(n) | Key::IsoYear(n) => {
                let (v, used) = int(&mut s, len)?;
                set(&mut r.year, v, shown)?;
                if n < 4 && used < 4 {
                    r.year = match r.year {
                        ..70 => r.year + 2000,
                        70..100 => r.year + 1900,
                        100..520 => r.year + 2000,
                        520..1000 => r.year + 1000,
                        y => y,
                    };
                }
                r.year_digits = n;
            }
            Key::Roman => {
                let longest_first: Vec<&str> = ROMAN.iter().rev().copied().collect();
                let v = read_word(&mut s, &longest_first, 0, shown)?;
                set(&mut r.mm, 12 - v, shown)?;
            }
            Key::WeekOfMonth => set(&mut r.w, int(&mut s, len)?.0, shown)?,
            Key::Julian => set(&mut r.j, int(&mut s, len)?.0, shown)?,
        }
        if m.ordinal.is_some() && is_numeric(key) {
            skip_char(&mut s);
            skip_char(&mut s);
        }
        if !exact {
            skipped = skip_space(&mut s);
        }
    }
    if standard && !s.trim_start_matches(is_space).is_empty() {
        bail!(INVALID_DATETIME_FORMAT, "trailing characters remain in input string after datetime format");
    }
    Ok(r)
}

/// Broken-down time read by a template, the zone's seconds west if one was read, digits to round the second to or -1.
type Told = (Tm, Option<i32>, i32);

/// Input by template (`do_to_timestamp`).
fn read(input: &str, nodes: &[Node], standard: bool) -> Result<Told> {
    let mut r = if nodes.is_empty() { Read::default() } else { read_nodes(input, nodes, standard)? };
    let refuse = || Refused::FieldOverflow.report(input, "timestamp");
    let mut tm = Tm { mon: 1, mday: 1, ..Tm::default() };
    if r.ssss != 0 {
        tm.hour = r.ssss / 3600;
        tm.min = r.ssss % 3600 / 60;
        tm.sec = r.ssss % 60;
    }
    for (to, from) in [(&mut tm.sec, r.ss), (&mut tm.min, r.mi), (&mut tm.hour, r.hh)] {
        if from != 0 {
            *to = from;
        }
    }
    if r.clock12 {
        if !(1..=12).contains(&tm.hour) {
            return Err(err!(INVALID_DATETIME_FORMAT, "hour \"{}\" is invalid for the 12-hour clock", tm.hour)
                .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
        }
        if r.pm != 0 && tm.hour < 12 {
            tm.hour += 12;
        } else if r.pm == 0 && tm.hour == 12 {
            tm.hour = 0;
        }
    }
    let (mut has_year, mut has_month, mut has_day) = (false, false, false);
    let century = |c: i32, add: i32| c.checked_mul(100).and_then(|c| c.checked_add(add)).ok_or_else(refuse);
    if r.year != 0 {
        if r.cc != 0 && r.year_digits <= 2 {
            if r.bc != 0 {
                r.cc = r.cc.saturating_neg();
            }
            tm.year = r.year % 100;
            tm.year = match (tm.year != 0, r.cc >= 0) {
                (true, true) => century(r.cc.saturating_sub(1), tm.year)?,
                (true, false) => century(r.cc.saturating_add(1), 1 - tm.year)?,
                (false, positive) => century(r.cc, i32::from(!positive))?,
            };
        } else {
            tm.year = if r.bc != 0 { r.year.saturating_neg() } else { r.year };
            if tm.year < 0 {
                tm.year += 1;
            }
        }
        has_year = true;
    } else if r.cc != 0 {
        if r.bc != 0 {
            r.cc = r.cc.saturating_neg();
        }
        tm.year = century(if r.cc >= 0 { r.cc.saturating_sub(1) } else { r.cc }, 1)?;
        has_year = true;
    }
    let mut set_date = |tm: &mut Tm, julian: i64| {
        (tm.year, tm.mon, tm.mday) = j2date(julian);
        (has_year, has_month, has_day) = (true, true, true);
    };
    if r.j != 0 {
        set_date(&mut tm, i64::from(r.j));
    }
    if r.ww != 0 {
        if r.iso == Some(true) {
            let monday = iso_year_start(tm.year) + (i64::from(r.ww) - 1) * 7;
            let day = match r.d {
                0 => 0,
                d if d > 1 => i64::from(d) - 2,
                _ => 6,
            };
            set_date(&mut tm, monday + day);
        } else {
            r.ddd = r.ww.saturating_sub(1).checked_mul(7).and_then(|d| d.checked_add(1)).ok_or_else(refuse)?;
        }
    }
    if r.w != 0 {
        r.dd = r.w.saturating_sub(1).checked_mul(7).and_then(|d| d.checked_add(1)).ok_or_else(refuse)?;
    }
    if r.dd != 0 {
        tm.mday = r.dd;
        has_day = true;
    }
    if r.mm != 0 {
        tm.mon = r.mm;
        has_month = true;
    }
    if r.ddd != 0 && (tm.mon <= 1 || tm.mday <= 1) {
        if tm.year == 0 && r.bc == 0 {
            bail!(INVALID_DATETIME_FORMAT, "cannot calculate day of year without year information");
        }
        if r.iso == Some(true) {
            (tm.year, tm.mon, tm.mday) = j2date(iso_year_start(tm.year) - 1 + i64::from(r.ddd));
            has_year = true;
        } else {
            let (mut month, mut before) = (1, 0);
            while month < 13 && r.ddd > before + days_in_month(tm.year, month) {
                before += days_in_month(tm.year, month);
                month += 1;
                if month == 13 {
                    break;
                }
            }
            if tm.mon <= 1 {
                tm.mon = month;
            }
            if tm.mday <= 1 {
                tm.mday = r.ddd - before;
            }
        }
        (has_month, has_day) = (true, true);
    }
    let usec = i64::from(r.ms) * 1000 + i64::from(r.us);
    if has_month && !(1..=12).contains(&tm.mon) || has_day && !(1..=31).contains(&tm.mday) {
        return Err(refuse());
    }
    if has_year && has_month && has_day && tm.mday > days_in_month(tm.year, tm.mon) {
        return Err(refuse());
    }
    let time_ok = (0..24).contains(&tm.hour) && (0..60).contains(&tm.min) && (0..60).contains(&tm.sec);
    if !time_ok || !(0..USECS_PER_SEC).contains(&usec) {
        return Err(refuse());
    }
    tm.usec = usec as i32;
    let mut west = None;
    if r.zone_sign != 0 {
        if !(0..=15).contains(&r.zone_hour) || !(0..60).contains(&r.zone_minute) {
            return Err(Refused::ZoneOverflow.report(input, "timestamp"));
        }
        west = Some(-r.zone_sign * (r.zone_hour * 3600 + r.zone_minute * 60));
    }
    Ok((tm, west, if r.precision > 0 { r.precision } else { -1 }))
}

/// `to_date(text, format)`.
pub fn to_date(input: &str, format: &str) -> Result<i32> {
    date_of(&read(input, &parse(format), false)?.0, input)
}

fn date_of(tm: &Tm, input: &str) -> Result<i32> {
    let date = tm.date();
    if !is_valid_julian(tm.year, tm.mon) || !is_valid_date(date) {
        bail!(DATETIME_VALUE_OUT_OF_RANGE, "date out of range: \"{}\""; input);
    }
    Ok(date as i32)
}

/// `to_timestamp(text, format)`.
pub fn to_timestamp(input: &str, format: &str, config: &DateTimeConfig<'_>) -> Result<i64> {
    let (tm, west, precision) = read(input, &parse(format), false)?;
    let west = west.unwrap_or_else(|| crate::datetime::parse::session_west(config, &tm));
    tm.to_timestamp_at(west).map(|t| round_micros(t, precision)).ok_or_else(timestamp_out_of_range)
}

/// What a template of SQL/JSON's `datetime()` reads: the template decides which.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// `date`
    Date(i32),
    /// `time`
    Time(i64),
    /// `timetz`
    TimeTz(TimeTz),
    /// `timestamp`
    Timestamp(i64),
    /// `timestamptz`, and the seconds west of UTC it was written with.
    TimestampTz(i64, i32),
}

/// A template read the way the SQL standard says.
pub struct Template(Vec<Node>);

impl Template {
    /// Reads one; only the standard's separators are allowed.
    pub fn new(format: &str) -> Result<Template> {
        let nodes = parse(format);
        for n in &nodes {
            if let Node::Separator(c) | Node::Space(c) | Node::Char(c, false) = n
                && !"-./,':; ".contains(*c)
            {
                bail!(INVALID_DATETIME_FORMAT, "invalid datetime format separator: \"{c}\"");
            }
        }
        Ok(Template(nodes))
    }

    /// `parse_datetime`.
    pub fn read(&self, input: &str) -> Result<Moment> {
        let (tm, west, precision) = read(input, &self.0, true)?;
        let (mut dated, mut timed, mut zoned) = (false, false, false);
        for n in &self.0 {
            let Node::Field { key, .. } = n else { continue };
            match key {
                Key::Exact => {}
                Key::ZoneName | Key::Offset | Key::ZoneHour | Key::ZoneMinute => zoned = true,
                Key::Half(_)
                | Key::Hour12
                | Key::Hour24
                | Key::Minute
                | Key::Second
                | Key::Millis
                | Key::Micros
                | Key::Fraction(_)
                | Key::SecondsOfDay => timed = true,
                _ => dated = true,
            }
        }
        let zone = |ty: &str| {
            west.ok_or_else(|| err!(INVALID_DATETIME_FORMAT, "missing time zone in input string for type {}"; ty))
        };
        let out_of_range = |ty: &str| err!(DATETIME_VALUE_OUT_OF_RANGE, "{} out of range"; ty);
        let time = round_micros(tm.time_of_day(), precision);
        Ok(match (dated, timed, zoned) {
            (true, true, true) => {
                let west = zone("timestamptz")?;
                let t = tm.to_timestamp_at(west).ok_or_else(|| out_of_range("timestamptz"))?;
                Moment::TimestampTz(round_micros(t, precision), west)
            }
            (true, true, false) => {
                let t = tm.to_timestamp().ok_or_else(|| out_of_range("timestamp"))?;
                Moment::Timestamp(round_micros(t, precision))
            }
            (true, false, true) => bail!(INVALID_DATETIME_FORMAT, "datetime format is zoned but not timed"),
            (true, false, false) => Moment::Date(date_of(&tm, input)?),
            (false, true, true) => Moment::TimeTz(TimeTz { micros: time, zone: zone("timetz")? }),
            (false, true, false) => Moment::Time(time),
            (false, false, _) => bail!(INVALID_DATETIME_FORMAT, "datetime format is not dated and not timed"),
        })
    }
}
