//! Tables of PostgreSQL 15's answers. A line that begins with `#` sets DateStyle, order, IntervalStyle, zone and clock; the others
//! hold an operation, its arguments and, last, the answer; errors as `ERR sqlstate message|detail|hint`.

use interval::Interval;
use timestamp::Extracted;
use tusklet_adt::datetime::*;
use tusklet_adt::*;
use tusklet_error::Result;

fn ex(e: Extracted) -> String {
    match e {
        Extracted::Null => "NULL".into(),
        Extracted::Infinity => "Infinity".into(),
        Extracted::NegInfinity => "-Infinity".into(),
        Extracted::Decimal { mantissa, scale } => {
            let s = mantissa.unsigned_abs().to_string();
            let s = if s.len() <= scale as usize {
                format!("{}{}", "0".repeat(scale as usize + 1 - s.len()), s)
            } else {
                s
            };
            let n = s.len() - scale as usize;
            format!("{}{}{}{}", if mantissa < 0 { "-" } else { "" }, &s[..n], if scale > 0 { "." } else { "" }, &s[n..])
        }
    }
}
fn run(op: &str, a: &[&str], c: &DateTimeConfig<'_>) -> Result<String> {
    let mut o = String::new();
    let ts = |s: &str| timestamp::timestamp_in(s, -1, c);
    let tz = |s: &str| timestamp::timestamptz_in(s, -1, c);
    let iv = |s: &str| Interval::parse(s, -1, c.interval_style);
    let i32p = |s: &str| s.parse::<i32>().unwrap();
    let f = |s: &str| s.parse::<f64>().unwrap();
    match op {
        "date" => date::date_out(&mut o, date::date_in(a[0], c)?, c),
        "ts" => timestamp::timestamp_out(&mut o, ts(a[0])?, c),
        "tstz" => timestamp::timestamptz_out(&mut o, tz(a[0])?, c),
        "time" => time::time_out(&mut o, time::time_in(a[0], -1, c)?),
        "timetz" => time::timetz_out(&mut o, &time::timetz_in(a[0], -1, c)?),
        "interval" => iv(a[0])?.write(&mut o, c.interval_style),
        "intervaltm" => Interval::parse(a[0], i32p(a[1]), c.interval_style)?.write(&mut o, c.interval_style),
        "tsp" => timestamp::timestamp_out(&mut o, timestamp::timestamp_in(a[0], i32p(a[1]), c)?, c),
        "ts+i" => timestamp::timestamp_out(&mut o, timestamp::timestamp_pl_interval(ts(a[0])?, &iv(a[1])?)?, c),
        "ts-i" => timestamp::timestamp_out(&mut o, timestamp::timestamp_mi_interval(ts(a[0])?, &iv(a[1])?)?, c),
        "tz+i" => {
            timestamp::timestamptz_out(&mut o, timestamp::timestamptz_pl_interval(tz(a[0])?, &iv(a[1])?, c.zone)?, c)
        }
        "ts-ts" => timestamp::timestamp_mi(ts(a[0])?, ts(a[1])?)?.write(&mut o, c.interval_style),
        "age" => timestamp::timestamp_age(ts(a[0])?, ts(a[1])?)?.write(&mut o, c.interval_style),
        "agetz" => timestamp::timestamptz_age(tz(a[0])?, tz(a[1])?, c.zone)?.write(&mut o, c.interval_style),
        "i*" => iv(a[0])?.mul(f(a[1]))?.write(&mut o, c.interval_style),
        "i/" => iv(a[0])?.div(f(a[1]))?.write(&mut o, c.interval_style),
        "i+" => iv(a[0])?.add(&iv(a[1])?)?.write(&mut o, c.interval_style),
        "i-" => iv(a[0])?.sub(&iv(a[1])?)?.write(&mut o, c.interval_style),
        "neg" => iv(a[0])?.neg()?.write(&mut o, c.interval_style),
        "jh" => iv(a[0])?.justify_hours()?.write(&mut o, c.interval_style),
        "jd" => iv(a[0])?.justify_days()?.write(&mut o, c.interval_style),
        "ji" => iv(a[0])?.justify_interval()?.write(&mut o, c.interval_style),
        "icmp" => o = format!("{}", iv(a[0])?.cmp(&iv(a[1])?) as i32),
        "itrunc" => iv(a[1])?.trunc(a[0])?.write(&mut o, c.interval_style),
        "iext" => o = ex(iv(a[1])?.extract(timestamp::Field::of_extract(a[0]))?),
        "text" => o = ex(time::time_extract(a[0], time::time_in(a[1], -1, c)?)?),
        "ttext" => o = ex(time::timetz_extract(a[0], &time::timetz_in(a[1], -1, c)?)?),
        "tsext" => o = ex(timestamp::timestamp_extract(timestamp::Field::of_extract(a[0]), ts(a[1])?)?),
        "tspart" => {
            o = timestamp::timestamp_extract(timestamp::Field::of_extract(a[0]), ts(a[1])?)?.to_f64().map_or("NULL".into(), |f| {
                if f.is_infinite() {
                    if f > 0.0 { "Infinity".into() } else { "-Infinity".into() }
                } else {
                    format!("{f}")
                }
            })
        }
        "tzext" => o = ex(timestamp::timestamptz_extract(timestamp::Field::of_extract(a[0]), tz(a[1])?, c.zone)?),
        "dext" => o = ex(date::date_extract(a[0], date::date_in(a[1], c)?)?),
        "tstrunc" => timestamp::timestamp_out(&mut o, timestamp::timestamp_trunc(timestamp::Field::of_trunc(a[0]), ts(a[1])?)?, c),
        "tztrunc" => timestamp::timestamptz_out(&mut o, timestamp::timestamptz_trunc(timestamp::Field::of_trunc(a[0]), tz(a[1])?, c.zone)?, c),
        "tztrunc3" => timestamp::timestamptz_out(
            &mut o,
            timestamp::timestamptz_trunc_zone(timestamp::Field::of_trunc(a[0]), tz(a[1])?, &timezone::ZoneSpec::parse(a[2])?)?,
            c,
        ),
        "bin" => timestamp::timestamp_out(&mut o, timestamp::date_bin(&iv(a[0])?, ts(a[1])?, ts(a[2])?)?, c),
        "tsatz" => timestamp::timestamptz_out(
            &mut o,
            timestamp::timestamp_at_zone(ts(a[0])?, &timezone::ZoneSpec::parse(a[1])?)?,
            c,
        ),
        "tzatz" => timestamp::timestamp_out(
            &mut o,
            timestamp::timestamptz_at_zone(tz(a[0])?, &timezone::ZoneSpec::parse(a[1])?)?,
            c,
        ),
        "mkdate" => date::date_out(&mut o, date::make_date(i32p(a[0]), i32p(a[1]), i32p(a[2]))?, c),
        "mktime" => time::time_out(&mut o, time::make_time(i32p(a[0]), i32p(a[1]), f(a[2]))?),
        "mkts" => timestamp::timestamp_out(
            &mut o,
            timestamp::make_timestamp(i32p(a[0]), i32p(a[1]), i32p(a[2]), i32p(a[3]), i32p(a[4]), f(a[5]))?,
            c,
        ),
        "mktz" => timestamp::timestamptz_out(
            &mut o,
            timestamp::make_timestamptz(timestamp::make_timestamp(2020, 7, 1, 1, 2, 3.0)?, Some(a[0]), c)?,
            c,
        ),
        "tots" => timestamp::timestamptz_out(&mut o, timestamp::from_unix(f(a[0]))?, c),
        "d+" => date::date_out(&mut o, date::date_pli(date::date_in(a[0], c)?, i32p(a[1]))?, c),
        "d2ts" => timestamp::timestamp_out(&mut o, date::date_to_timestamp(date::date_in(a[0], c)?)?, c),
        "d2tz" => timestamp::timestamptz_out(&mut o, date::date_to_timestamptz(date::date_in(a[0], c)?, c.zone)?, c),
        _ => fmt(op, a, c, &mut o)?,
    }
    Ok(o)
}
fn fmt(op: &str, a: &[&str], c: &DateTimeConfig<'_>, o: &mut String) -> Result<()> {
    use formatting::datetime as fd;
    let r = match op {
        "tcts" => fd::timestamp_to_char(o, timestamp::timestamp_in(a[0], -1, c)?, a[1])?,
        "tctz" => fd::timestamptz_to_char(o, timestamp::timestamptz_in(a[0], -1, c)?, a[1], c)?,
        "tciv" => fd::interval_to_char(o, &Interval::parse(a[0], -1, c.interval_style)?, a[1])?,
        "todate" => {
            date::date_out(o, fd::to_date(a[0], a[1])?, c);
            true
        }
        "totsf" => {
            timestamp::timestamptz_out(o, fd::to_timestamp(a[0], a[1], c)?, c);
            true
        }
        "tcint" => formatting::number::int_to_char(o, a[0].parse().unwrap(), true, a[1])?,
        "tcf8" => formatting::number::float_to_char(o, a[0].parse().unwrap(), 15, a[1])?,
        "tonum" => match formatting::number::to_number(a[0], a[1])? {
            None => false,
            Some(r) => {
                o.push_str(&format!("{} {} {}", r.text, r.scale, r.shift.unwrap_or(0)));
                true
            }
        },
        _ => panic!("{op}"),
    };
    if !r {
        o.push_str("NULL")
    }
    Ok(())
}

fn check(table: &str) {
    let mut wrong = Vec::new();
    let mut zone = timezone::TimeZone::utc();
    let (mut style, mut now) = (["ISO", "MDY", "postgres"].map(String::from), 0);
    for line in table.lines() {
        if let Some(settings) = line.strip_prefix('#') {
            let cells: Vec<&str> = settings.split(',').collect();
            style = [cells[0], cells[1], cells[2]].map(String::from);
            zone = timezone::TimeZone::named(cells[3]).unwrap();
            now = cells[4].parse().unwrap();
            continue;
        }
        let mut c = DateTimeConfig::new(&zone, now);
        c.date_style = match style[0].as_str() {
            "ISO" => DateStyle::Iso,
            "SQL" => DateStyle::Sql,
            "Postgres" => DateStyle::Postgres,
            _ => DateStyle::German,
        };
        c.date_order = match style[1].as_str() {
            "YMD" => DateOrder::Ymd,
            "DMY" => DateOrder::Dmy,
            _ => DateOrder::Mdy,
        };
        c.interval_style = match style[2].as_str() {
            "postgres" => IntervalStyle::Postgres,
            "sql_standard" => IntervalStyle::SqlStandard,
            "iso_8601" => IntervalStyle::Iso8601,
            _ => IntervalStyle::PostgresVerbose,
        };
        let mut cells: Vec<&str> = line.split('\t').collect();
        let want = cells.pop().unwrap();
        let got = match run(cells[0], &cells[1..], &c) {
            Ok(s) => s,
            Err(e) => {
                let r = e.report();
                let or = |o: &Option<String>| o.clone().unwrap_or_default();
                format!("ERR {} {}|{}|{}", e.code().as_str(), e.message(), or(&r.detail), or(&r.hint))
            }
        };
        if got != want {
            wrong.push(format!("{line}\n  got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn input_and_output() {
    check(include_str!("data/input.tsv"));
}

#[test]
fn arithmetic() {
    check(include_str!("data/arithmetic.tsv"));
}

#[test]
fn templates() {
    check(include_str!("data/templates.tsv"));
}
