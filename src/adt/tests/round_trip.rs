//! Reading what was written gives the value back, in every style, zone and representation.

use tusklet_adt::datetime::*;
use tusklet_adt::interval::Interval;
use tusklet_adt::time::{TimeTz, timetz_in, timetz_out};
use tusklet_adt::timestamp::*;
use tusklet_adt::timezone::TimeZone;

/// A small deterministic generator (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn range(&mut self, low: i64, high: i64) -> i64 {
        low.wrapping_add((self.next() % high.wrapping_sub(low) as u64) as i64)
    }
}

#[test]
fn in_of_out() {
    let mut n = Numbers(0x9e37_79b9_7f4a_7c15);
    let zones = ["UTC", "America/New_York", "Asia/Kolkata", "Europe/Dublin", "Australia/Lord_Howe"];
    let zones = zones.map(|z| TimeZone::named(z).unwrap());
    let mut text = String::new();
    for i in 0..20_000 {
        let zone = &zones[i % zones.len()];
        let mut c = DateTimeConfig::new(zone, 0);
        c.date_style = [DateStyle::Iso, DateStyle::Sql, DateStyle::Postgres, DateStyle::German][i % 4];
        // A style that writes the day first is read day first, and nothing writes the year first but ISO.
        c.date_order = if i % 3 == 0 || c.date_style == DateStyle::German { DateOrder::Dmy } else { DateOrder::Mdy };
        c.interval_style = [
            IntervalStyle::Postgres,
            IntervalStyle::PostgresVerbose,
            IntervalStyle::SqlStandard,
            IntervalStyle::Iso8601,
        ][i / 4 % 4];
        let whole = i % 2 == 0;
        let t = if whole {
            n.range(MIN_TIMESTAMP, END_TIMESTAMP)
        } else {
            n.range(-3_000_000_000_000_000, 3_000_000_000_000_000)
        };

        text.clear();
        timestamp_out(&mut text, t, &c);
        assert_eq!(timestamp_in(&text, -1, &c).unwrap(), t, "{text}");

        let d = (t / USECS_PER_DAY) as i32;
        text.clear();
        tusklet_adt::date::date_out(&mut text, d, &c);
        assert_eq!(tusklet_adt::date::date_in(&text, &c).unwrap(), d, "{text}");

        // Zone names are ambiguous where clocks go back, offsets are not; the ends lie outside after shifting.
        if (MIN_TIMESTAMP + USECS_PER_DAY..END_TIMESTAMP - USECS_PER_DAY).contains(&t) {
            let iso = DateTimeConfig { date_style: DateStyle::Iso, ..c };
            text.clear();
            timestamptz_out(&mut text, t, &iso);
            assert_eq!(timestamptz_in(&text, -1, &iso).unwrap(), t, "{text}");
        }

        let v = Interval {
            micros: n.range(-USECS_PER_DAY * 1000, USECS_PER_DAY * 1000),
            days: n.range(-100_000, 100_000) as i32,
            months: n.range(-100_000, 100_000) as i32,
        };
        text.clear();
        v.write(&mut text, c.interval_style);
        let back = Interval::parse(&text, -1, c.interval_style).unwrap();
        assert_eq!((back.micros, back.days, back.months), (v.micros, v.days, v.months), "{text}");
        let back = Interval::decode(&v.encode());
        assert_eq!((back.micros, back.days, back.months), (v.micros, v.days, v.months));
        let mut sent = Vec::new();
        v.send(&mut sent);
        assert_eq!(Interval::recv(&sent, -1).unwrap().encode(), v.encode());
        let w = Interval { micros: v.micros + n.range(-3, 3), ..v };
        assert_eq!(v.key_bytes().cmp(&w.key_bytes()), v.cmp(&w));

        let z = TimeTz { micros: n.range(0, USECS_PER_DAY), zone: n.range(-57_599, 57_600) as i32 };
        text.clear();
        timetz_out(&mut text, &z);
        assert_eq!(timetz_in(&text, -1, &c).unwrap(), z, "{text}");
        assert_eq!(TimeTz::decode(&z.encode()), z);
    }
}

#[test]
fn no_input_panics() {
    let mut n = Numbers(88_172_645_463_325_252);
    let zone = TimeZone::named("America/New_York").unwrap();
    let words = [
        "2020",
        "-",
        ":",
        " ",
        "99999999999",
        ".",
        "jan",
        "T",
        "z",
        "+",
        "/",
        "P",
        "Y",
        "é",
        "j",
        "bc",
        "America/New_York",
        "1",
        "12",
        "pm",
        "msk",
        "infinity",
        "\\",
        "\"",
        "0",
        "E9",
        "M3.2.0",
        ",",
        "<",
        "FM",
        "th",
        "HH24",
        "YYYY",
        "9",
        "S",
        "EEEE",
        "RN",
        "TZH",
        "J",
        "WW",
        "IYYY",
        "V",
        "PR",
        "CC",
        "D",
        "-2147483648",
        "ago",
        "week",
        "epoch",
        "\0",
    ];
    for i in 0..20_000 {
        let mut make =
            || (0..n.range(0, 7)).map(|_| words[(n.next() % words.len() as u64) as usize]).collect::<String>();
        let (text, format) = (make(), make());
        let mut c = DateTimeConfig::new(&zone, 0);
        c.date_order = [DateOrder::Mdy, DateOrder::Dmy, DateOrder::Ymd][i % 3];
        c.interval_style = if i % 2 == 0 { IntervalStyle::SqlStandard } else { IntervalStyle::Postgres };
        let mut out = String::new();
        let _ = tusklet_adt::date::date_in(&text, &c);
        if let Ok(t) = timestamptz_in(&text, -1, &c) {
            timestamptz_out(&mut out, t, &c);
            let _ = tusklet_adt::formatting::datetime::timestamptz_to_char(&mut out, t, &format, &c);
        }
        let _ = tusklet_adt::time::time_in(&text, 3, &c);
        let _ = timetz_in(&text, -1, &c);
        if let Ok(v) = Interval::parse(&text, -1, c.interval_style) {
            let _ = tusklet_adt::formatting::datetime::interval_to_char(&mut out, &v, &format);
            let _ = timestamptz_pl_interval(t_of(i), &v, &zone);
        }
        let _ = tusklet_adt::formatting::datetime::to_date(&text, &format);
        let _ = tusklet_adt::formatting::datetime::to_timestamp(&text, &format, &c);
        let _ = tusklet_adt::formatting::number::to_number(&text, &format);
        let _ = tusklet_adt::formatting::number::int_to_char(&mut out, i as i64 - 10_000, true, &format);
        let _ = tusklet_adt::formatting::number::float_to_char(&mut out, i as f64 / 7.0, 15, &format);
        let _ = tusklet_adt::timezone::ZoneSpec::parse(&text);
    }
}

fn t_of(i: usize) -> i64 {
    i as i64 * 86_399_999_999
}
