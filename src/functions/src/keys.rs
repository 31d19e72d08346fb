//! Key bytes of types that do not order by their physical value.

use tusklet_adt::array::Array;
use tusklet_adt::bit::Bits;
use tusklet_adt::interval::Interval;
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::multirange::Multirange;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::numeric_small;
use tusklet_adt::range::Range;
use tusklet_adt::record::Record;
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::trim_bpchar;
use tusklet_vector::{Datum, Phys};
use tusklet_vector::key::{KeyFn, KeyPart, escaped};

use crate::bind::Arg;
use crate::stored::key_of;

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn bpchar(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    escaped(trim_bpchar(d.str()).as_bytes(), out);
}

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn numeric(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    match numeric_small::read(d.bytes()) {
        Some((m, scale)) if m.unsigned_abs() < 1 << 53 => numeric_small::quick_key((m as i64, scale), out),
        _ => Numeric::arg(d).key(out),
    }
}

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn interval(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&Interval::arg(d).key_bytes());
}

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn timetz(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&TimeTz::arg(d).key_bytes());
}

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn network(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    Inet::arg(d).key(out);
}

pub(crate) fn jsonb(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    Jsonb(d.bytes()).key(out);
}

#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn bits(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    Bits::decode(d.bytes()).key(out);
}

pub(crate) fn tsvector(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    tusklet_adt::tsearch::tsvector::key(d.bytes(), out);
}

pub(crate) fn tsquery(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    tusklet_adt::tsearch::tsquery::key(d.bytes(), out);
}

#[cfg_attr(tuned, optimize(speed))]
fn unsigned(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&d.i64().to_be_bytes());
}

fn int(v: i32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(v as u32 ^ 1 << 31).to_be_bytes());
}

/// Elements first, each marked `01` or, for NULL, `02`; the end `00` puts a prefix first; then the shape.
fn array(inner: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    let Ok(a) = Array::decode(d.bytes()) else { return escaped(d.bytes(), out) };
    let (phys, order) = key_of(if inner == 0 { a.element } else { inner });
    let part = KeyPart { order, ..KeyPart::ASC };
    for item in a.iter() {
        part.write(item.map_or(Datum::Null, |b| Datum::load(phys, b)), out);
    }
    out.push(0);
    out.push(a.dims.len() as u8);
    a.dims.iter().for_each(|d| int(d.len, out));
    a.dims.iter().for_each(|d| int(d.lower, out));
}

/// Fields in order, NULL above everything, shorter rows first.
pub(crate) fn record(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    let Ok(r) = Record::decode(d.bytes()) else { return escaped(d.bytes(), out) };
    for i in 0..r.len() {
        let (phys, order) = key_of(r.field_type(i));
        KeyPart { order, ..KeyPart::ASC }.write(r.field(i).map_or(Datum::Null, |b| Datum::load(phys, b)), out);
    }
    out.push(0);
}

/// As `btoidvectorcmp`: length first.
fn oidvector(_: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    if let Ok(a) = Array::decode(d.bytes()) {
        int(a.len() as i32, out);
    }
    array(0, d, out);
}

/// Nothing, or a lower and an upper bound (`range_cmp`).
fn range_key(part: &(Phys, KeyPart), r: &Range<'_>, out: &mut Vec<u8>) {
    out.push(u8::from(!r.empty));
    if r.empty {
        return;
    }
    for b in [&r.lower, &r.upper] {
        match b.value {
            Some(v) => {
                part.1.write(Datum::load(part.0, v), out);
                out.push(u8::from(b.inclusive != b.lower));
            }
            None => out.push(if b.lower { 0 } else { 2 }),
        }
    }
}

pub(crate) fn range(inner: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    let (phys, order) = key_of(inner);
    range_key(&(phys, KeyPart { order, ..KeyPart::ASC }), &Range::decode(d.bytes()), out);
}

/// Range by range, the shorter first.
pub(crate) fn multirange(inner: u32, d: Datum<'_>, out: &mut Vec<u8>) {
    let (phys, order) = key_of(inner);
    for r in Multirange::decode(d.bytes()).ranges() {
        out.push(1);
        range_key(&(phys, KeyPart { order, ..KeyPart::ASC }), r, out);
    }
    out.push(0);
}

/// Sorted by the comparison function's `prosrc`.
pub const TABLE: &[(&str, KeyFn)] = &[
    ("bitcmp", bits),
    ("bpcharcmp", bpchar),
    ("btarraycmp", array),
    ("btbpchar_pattern_cmp", bpchar),
    ("btoidvectorcmp", oidvector),
    ("btrecordcmp", record),
    ("interval_cmp", interval),
    ("jsonb_cmp", jsonb),
    ("multirange_cmp", multirange),
    ("network_cmp", network),
    ("numeric_cmp", numeric),
    ("pg_lsn_cmp", unsigned),
    ("range_cmp", range),
    ("timetz_cmp", timetz),
    ("tsquery_cmp", tsquery),
    ("tsvector_cmp", tsvector),
    ("xid8cmp", unsigned),
];
