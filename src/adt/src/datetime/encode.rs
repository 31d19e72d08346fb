//! Writing dates and times in the four `DateStyle`s (`EncodeDateOnly`, `EncodeTimeOnly`, `EncodeDateTime`).

use super::tokens::{DAYS, MONTHS};
use super::{DateOrder, DateStyle, Tm, date2j, j2day};

/// Appends a number of at least `width` digits.
pub(crate) fn push_padded(out: &mut String, n: i64, width: usize) {
    let mut buf = [b'0'; 24];
    let (mut i, mut v) = (buf.len(), n.unsigned_abs());
    while v > 0 {
        i -= 1;
        buf[i] = b'0' + (v % 10) as u8;
        v /= 10;
    }
    i = i.min(buf.len() - width.min(20));
    if n < 0 {
        out.push('-');
    }
    // Only ASCII digits were written.
    out.push_str(std::str::from_utf8(&buf[i..]).unwrap_or(""));
}

/// Appends two digits.
#[inline]
pub(crate) fn push2(out: &mut String, n: i32) {
    let n = n.unsigned_abs();
    if n < 100 {
        out.push((b'0' + (n / 10) as u8) as char);
        out.push((b'0' + (n % 10) as u8) as char);
    } else {
        push_padded(out, i64::from(n), 2);
    }
}

/// Appends `.` and the microseconds without trailing zeros; nothing for zero.
#[inline]
pub(crate) fn push_fraction(out: &mut String, usec: i32) {
    if usec == 0 {
        return;
    }
    let mut n = usec.unsigned_abs();
    let mut width = 6;
    while n % 10 == 0 {
        n /= 10;
        width -= 1;
    }
    out.push('.');
    push_padded(out, i64::from(n), width);
}

/// `+hh[:mm[:ss]]`; `west` in seconds west of UTC.
pub(crate) fn push_zone(out: &mut String, west: i32) {
    let secs = west.unsigned_abs() as i32;
    let (hour, min, sec) = (secs / 3600, secs / 60 % 60, secs % 60);
    out.push(if west <= 0 { '+' } else { '-' });
    push2(out, hour);
    if sec != 0 {
        out.push(':');
        push2(out, min);
        out.push(':');
        push2(out, sec);
    } else if min != 0 {
        out.push(':');
        push2(out, min);
    }
}

/// The year as people count it, at least four digits.
fn push_year(out: &mut String, year: i32) {
    push_padded(out, i64::from(if year > 0 { year } else { 1 - year }), 4);
}

pub(crate) fn push_time(out: &mut String, tm: &Tm) {
    push2(out, tm.hour);
    out.push(':');
    push2(out, tm.min);
    out.push(':');
    push2(out, tm.sec);
    push_fraction(out, tm.usec);
}

/// A date alone.
pub(crate) fn push_date(out: &mut String, tm: &Tm, style: DateStyle, order: DateOrder) {
    match style {
        DateStyle::Iso => push_iso_date(out, tm),
        DateStyle::Sql => {
            let (a, b) = if order == DateOrder::Dmy { (tm.mday, tm.mon) } else { (tm.mon, tm.mday) };
            push_three(out, a, '/', b, tm.year);
        }
        DateStyle::German => push_three(out, tm.mday, '.', tm.mon, tm.year),
        DateStyle::Postgres => {
            let (a, b) = if order == DateOrder::Dmy { (tm.mday, tm.mon) } else { (tm.mon, tm.mday) };
            push_three(out, a, '-', b, tm.year);
        }
    }
    push_bc(out, tm.year);
}

fn push_three(out: &mut String, a: i32, separator: char, b: i32, year: i32) {
    push2(out, a);
    out.push(separator);
    push2(out, b);
    out.push(separator);
    push_year(out, year);
}

fn push_bc(out: &mut String, year: i32) {
    if year <= 0 {
        out.push_str(" BC");
    }
}

#[inline]
fn push_iso_date(out: &mut String, tm: &Tm) {
    push_year(out, tm.year);
    out.push('-');
    push2(out, tm.mon);
    out.push('-');
    push2(out, tm.mday);
}

/// A date and time; with a zone, its seconds west of UTC and abbreviation.
pub(crate) fn push_datetime(out: &mut String, tm: &Tm, zone: Option<(i32, &str)>, style: DateStyle, order: DateOrder) {
    // Zones whose "abbreviation" is a number are printed as an offset.
    match style {
        DateStyle::Iso => {
            push_iso_date(out, tm);
            out.push(' ');
            push_time(out, tm);
            if let Some((west, _)) = zone {
                push_zone(out, west);
            }
        }
        DateStyle::Sql | DateStyle::German => {
            let (a, b) = if style == DateStyle::German || order == DateOrder::Dmy {
                (tm.mday, tm.mon)
            } else {
                (tm.mon, tm.mday)
            };
            push_three(out, a, if style == DateStyle::Sql { '/' } else { '.' }, b, tm.year);
            out.push(' ');
            push_time(out, tm);
            if let Some((west, name)) = zone {
                // A zone without a name is printed as its offset, without a space before it.
                if name.is_empty() {
                    push_zone(out, west);
                } else {
                    out.push(' ');
                    out.push_str(name);
                }
            }
        }
        DateStyle::Postgres => {
            let day = j2day(date2j(tm.year, tm.mon, tm.mday));
            out.push_str(&DAYS[day as usize][..3]);
            out.push(' ');
            let month = &MONTHS[(tm.mon - 1).clamp(0, 11) as usize][..3];
            if order == DateOrder::Dmy {
                push2(out, tm.mday);
                out.push(' ');
                out.push_str(month);
            } else {
                out.push_str(month);
                out.push(' ');
                push2(out, tm.mday);
            }
            out.push(' ');
            push_time(out, tm);
            out.push(' ');
            push_year(out, tm.year);
            if let Some((west, name)) = zone {
                out.push(' ');
                // The space avoids reading the offset as part of the year.
                if name.is_empty() { push_zone(out, west) } else { out.push_str(name) }
            }
        }
    }
    push_bc(out, tm.year);
}
