//! Key bytes of types that do not order by their physical value.

use tusklet_adt::interval::Interval;
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::trim_bpchar;
use tusklet_vector::Datum;
use tusklet_vector::key::{KeyFn, escaped};

use crate::bind::Arg;

fn bpchar(d: Datum<'_>, out: &mut Vec<u8>) {
    escaped(trim_bpchar(d.str()).as_bytes(), out);
}

fn numeric(d: Datum<'_>, out: &mut Vec<u8>) {
    Numeric::arg(d).key(out);
}

fn interval(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&Interval::arg(d).key_bytes());
}

fn timetz(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&TimeTz::arg(d).key_bytes());
}

fn network(d: Datum<'_>, out: &mut Vec<u8>) {
    Inet::arg(d).key(out);
}

fn jsonb(d: Datum<'_>, out: &mut Vec<u8>) {
    Jsonb(d.bytes()).key(out);
}

fn unsigned(d: Datum<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&d.i64().to_be_bytes());
}

/// Sorted by the comparison function's `prosrc`.
pub const TABLE: &[(&str, KeyFn)] = &[
    ("bpcharcmp", bpchar),
    ("btbpchar_pattern_cmp", bpchar),
    ("interval_cmp", interval),
    ("jsonb_cmp", jsonb),
    ("network_cmp", network),
    ("numeric_cmp", numeric),
    ("pg_lsn_cmp", unsigned),
    ("timetz_cmp", timetz),
    ("xid8cmp", unsigned),
];
