//! The words the readers know.

use super::token_key;

/// What kind of word a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Infinity,
    MinusInfinity,
    Epoch,
    Now,
    Today,
    Tomorrow,
    Yesterday,
    AllBalls,
    Bc,
    Ad,
    Am,
    Pm,
    Month(i32),
    Weekday(i32),
    /// `dst`: daylight time modifier.
    Dst,
    Unit(Unit),
    /// `t` before an ISO time.
    IsoTime,
    Ignore,
    Ago,
}

/// A field of a date, time or interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    IsoYear,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    Julian,
    Epoch,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

#[rustfmt::skip]
const WORDS: &[(&str, Word)] = {
    use Word::*;
    use super::tokens::Unit as U;
    &[
        ("-infinity", MinusInfinity), ("ad", Ad), ("allballs", AllBalls), ("am", Am), ("apr", Month(4)), ("april", Month(4)),
        ("at", Ignore), ("aug", Month(8)), ("august", Month(8)), ("bc", Bc), ("d", Unit(U::Day)), ("dec", Month(12)),
        ("december", Month(12)), ("dow", Unit(U::DayOfWeek)), ("doy", Unit(U::DayOfYear)), ("dst", Dst), ("epoch", Epoch),
        ("feb", Month(2)), ("february", Month(2)), ("fri", Weekday(5)), ("friday", Weekday(5)), ("h", Unit(U::Hour)),
        ("infinity", Infinity), ("isodow", Unit(U::IsoDayOfWeek)), ("isoyear", Unit(U::IsoYear)), ("j", Unit(U::Julian)),
        ("jan", Month(1)), ("january", Month(1)), ("jd", Unit(U::Julian)), ("jul", Month(7)), ("julian", Unit(U::Julian)),
        ("july", Month(7)), ("jun", Month(6)), ("june", Month(6)), ("m", Unit(U::Month)), ("mar", Month(3)), ("march", Month(3)),
        ("may", Month(5)), ("mm", Unit(U::Minute)), ("mon", Weekday(1)), ("monday", Weekday(1)), ("nov", Month(11)),
        ("november", Month(11)), ("now", Now), ("oct", Month(10)), ("october", Month(10)), ("on", Ignore), ("pm", Pm),
        ("s", Unit(U::Second)), ("sat", Weekday(6)), ("saturday", Weekday(6)), ("sep", Month(9)), ("sept", Month(9)),
        ("september", Month(9)), ("sun", Weekday(0)), ("sunday", Weekday(0)), ("t", IsoTime), ("thu", Weekday(4)),
        ("thur", Weekday(4)), ("thurs", Weekday(4)), ("thursday", Weekday(4)), ("today", Today), ("tomorrow", Tomorrow),
        ("tue", Weekday(2)), ("tues", Weekday(2)), ("tuesday", Weekday(2)), ("wed", Weekday(3)), ("wednesday", Weekday(3)),
        ("weds", Weekday(3)), ("y", Unit(U::Year)), ("yesterday", Yesterday),
    ]
};

#[rustfmt::skip]
const UNITS: &[(&str, Word)] = {
    use Word::*;
    use super::tokens::Unit as U;
    &[
        ("ago", Ago), ("c", Unit(U::Century)), ("cent", Unit(U::Century)), ("centuries", Unit(U::Century)),
        ("century", Unit(U::Century)), ("d", Unit(U::Day)), ("day", Unit(U::Day)), ("days", Unit(U::Day)), ("dec", Unit(U::Decade)),
        ("decade", Unit(U::Decade)), ("decades", Unit(U::Decade)), ("decs", Unit(U::Decade)), ("h", Unit(U::Hour)),
        ("hour", Unit(U::Hour)), ("hours", Unit(U::Hour)), ("hr", Unit(U::Hour)), ("hrs", Unit(U::Hour)), ("m", Unit(U::Minute)),
        ("microsecon", Unit(U::Microsecond)), ("mil", Unit(U::Millennium)), ("millennia", Unit(U::Millennium)),
        ("millennium", Unit(U::Millennium)), ("millisecon", Unit(U::Millisecond)), ("mils", Unit(U::Millennium)),
        ("min", Unit(U::Minute)), ("mins", Unit(U::Minute)), ("minute", Unit(U::Minute)), ("minutes", Unit(U::Minute)),
        ("mon", Unit(U::Month)), ("mons", Unit(U::Month)), ("month", Unit(U::Month)), ("months", Unit(U::Month)),
        ("ms", Unit(U::Millisecond)), ("msec", Unit(U::Millisecond)), ("mseconds", Unit(U::Millisecond)),
        ("msecs", Unit(U::Millisecond)), ("qtr", Unit(U::Quarter)), ("quarter", Unit(U::Quarter)), ("s", Unit(U::Second)),
        ("sec", Unit(U::Second)), ("second", Unit(U::Second)), ("seconds", Unit(U::Second)), ("secs", Unit(U::Second)),
        ("timezone", Unit(U::Timezone)), ("timezone_h", Unit(U::TimezoneHour)), ("timezone_m", Unit(U::TimezoneMinute)),
        ("us", Unit(U::Microsecond)), ("usec", Unit(U::Microsecond)), ("usecond", Unit(U::Microsecond)),
        ("useconds", Unit(U::Microsecond)), ("usecs", Unit(U::Microsecond)), ("w", Unit(U::Week)), ("week", Unit(U::Week)),
        ("weeks", Unit(U::Week)), ("y", Unit(U::Year)), ("year", Unit(U::Year)), ("years", Unit(U::Year)), ("yr", Unit(U::Year)),
        ("yrs", Unit(U::Year)),
    ]
};

fn search(table: &[(&str, Word)], token: &str) -> Option<Word> {
    let mut buf = [0; 10];
    let key = token_key(token, &mut buf)?;
    table.binary_search_by(|w| w.0.cmp(key)).ok().map(|i| table[i].1)
}

/// `DecodeSpecial`: a word of dates.
pub(crate) fn special(token: &str) -> Option<Word> {
    search(WORDS, token)
}

/// `DecodeUnits`: a word of intervals.
pub(crate) fn units(token: &str) -> Option<Word> {
    search(UNITS, token)
}

impl Unit {
    /// The field `date_part`, `extract` or `date_trunc` were asked for; `None` if no type has it.
    pub fn parse(name: &str) -> Option<Unit> {
        match units(name).or_else(|| special(name)) {
            Some(Word::Unit(u)) => Some(u),
            Some(Word::Epoch) => Some(Unit::Epoch),
            _ => None,
        }
    }
}

/// A field by its name, looked up once for many values.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The name.
    pub name: &'a str,
    /// `None` when it is not one.
    pub unit: Option<Unit>,
}

impl<'a> Field<'a> {
    /// Of `extract` and `date_part`.
    pub fn of_extract(name: &'a str) -> Field<'a> {
        Field { name, unit: Unit::parse(name) }
    }

    /// Of `date_trunc`.
    pub fn of_trunc(name: &'a str) -> Field<'a> {
        let unit = match units(name) {
            Some(Word::Unit(u)) => Some(u),
            _ => None,
        };
        Field { name, unit }
    }

    /// A span of time, from midnight, whose local times have this field (or truncated value) in common.
    pub fn span(&self) -> i64 {
        match self.unit {
            Some(Unit::Hour) => super::USECS_PER_HOUR,
            Some(Unit::Minute) => super::USECS_PER_MINUTE,
            Some(Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Julian | Unit::Epoch) => 1,
            _ => super::USECS_PER_DAY,
        }
    }
}

/// English month names, as output and `to_char` know them.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// English weekday names, from Sunday.
pub(crate) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_cut_to_ten() {
        for table in [WORDS, UNITS] {
            assert!(table.windows(2).all(|w| w[0].0 < w[1].0));
            assert!(table.iter().all(|w| w.0.len() <= 10));
        }
    }
}
