//! Key bytes of types that do not order by their physical value.

use tusklet_adt::array::Array;
use tusklet_adt::bit::Bits;
use tusklet_adt::interval::Interval;
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::numeric_small;
use tusklet_adt::record::Record;
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::trim_bpchar;
use tusklet_vector::Datum;
use tusklet_vector::key::{KeyFn, KeyPart, escaped};

use crate::bind::Arg;
use crate::stored::key_of;

pub(crate) fn bpchar(d: Datum<'_>, out: &mut Vec<u8>) {
    escaped(trim_bpchar(d.str()).as_bytes(), out);
}

pub(crate) fn numeric(d: Datum<'_>, out: &mut Vec<u8>) {
    match numeric_small::read(d.bytes()) {
        Some((m, scale)) if m.unsigned_abs() < 1 << 53 => numeric_small::quick_key((m as i64, scale), out),
        _ => Numeric::arg(d).key(out),
    }
}

pub(crate) fn interval(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&Interval::arg(d).key_bytes());
}

pub(crate) fn timetz(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&TimeTz::arg(d).key_bytes());
}

pub(crate) fn network(d: Datum<'_>, out: &mut Vec<u8>) {
    Inet::arg(d).key(out);
}

pub(crate) fn jsonb(d: Datum<'_>, out: &mut Vec<u8>) {
    Jsonb(d.bytes()).key(out);
}

pub(crate) fn bits(d: Datum<'_>, out: &mut Vec<u8>) {
    Bits::decode(d.bytes()).key(out);
}

pub(crate) fn tsvector(d: Datum<'_>, out: &mut Vec<u8>) {
    tusklet_adt::tsearch::tsvector::key(d.bytes(), out);
}

pub(crate) fn tsquery(d: Datum<'_>, out: &mut Vec<u8>) {
    tusklet_adt::tsearch::tsquery::key(d.bytes(), out);
}

fn unsigned(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&d.i64().to_be_bytes());
}

fn int(v: i32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(v as u32 ^ 1 << 31).to_be_bytes());
}

/// Elements first, each marked `01` or, for NULL, `02`; the end `00` puts a prefix first; then the shape.
fn array(d: Datum<'_>, out: &mut Vec<u8>) {
    let Ok(a) = Array::decode(d.bytes()) else { return escaped(d.bytes(), out) };
    let (phys, order) = key_of(a.element);
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
pub(crate) fn record(d: Datum<'_>, out: &mut Vec<u8>) {
    let Ok(r) = Record::decode(d.bytes()) else { return escaped(d.bytes(), out) };
    for i in 0..r.len() {
        let (phys, order) = key_of(r.field_type(i));
        KeyPart { order, ..KeyPart::ASC }.write(r.field(i).map_or(Datum::Null, |b| Datum::load(phys, b)), out);
    }
    out.push(0);
}

/// As `btoidvectorcmp`: length first.
fn oidvector(d: Datum<'_>, out: &mut Vec<u8>) {
    if let Ok(a) = Array::decode(d.bytes()) {
        int(a.len() as i32, out);
    }
    array(d, out);
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
    ("network_cmp", network),
    ("numeric_cmp", numeric),
    ("pg_lsn_cmp", unsigned),
    ("timetz_cmp", timetz),
    ("tsquery_cmp", tsquery),
    ("tsvector_cmp", tsvector),
    ("xid8cmp", unsigned),
];
