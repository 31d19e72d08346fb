//! The hash functions users can call. One routine serves them all: it goes by the argument's type. PostgreSQL keeps the low
//! half of a seeded hash with seed 0 equal to the plain one, so the plain functions cut the seeded ones.

use tusklet_adt::array::Array;
use tusklet_adt::hashfn::{bytes, combine, float8, int8, rotate, word};
use tusklet_adt::interval::Interval;
use tusklet_adt::json::Kind;
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::multirange::parts;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::range::Range;
use tusklet_adt::record::Record;
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::trim_bpchar;
use tusklet_error::{Result, bail};
use tusklet_vector::{Call, Datum, Kernel, TypeKind};

use crate::bind::{Arg, Entry};
use crate::oids;
use crate::stored::phys_of;

/// The seeded hash of a value. That of NULL means nothing, but its type is looked at.
fn hash(c: &mut Call<'_>, ty: u32, d: Datum<'_>, seed: u64) -> Result<u64> {
    Ok(match ty {
        oids::BOOL => word(d.bool() as u32, seed),
        oids::CHAR => word(d.i16() as i8 as u32, seed),
        oids::INT2 | oids::INT4 | oids::DATE | oids::OID | oids::XID | oids::CID => word(d.int() as u32, seed),
        oids::INT8 | oids::TIME | oids::TIMESTAMP | oids::TIMESTAMPTZ | oids::XID8 | oids::PG_LSN => int8(d.int(), seed),
        oids::FLOAT4 => float8(d.f32() as f64, seed),
        oids::FLOAT8 => float8(d.f64(), seed),
        oids::TEXT | oids::VARCHAR | oids::NAME | oids::BYTEA | oids::MACADDR | oids::MACADDR8 => bytes(d.bytes(), seed),
        oids::BPCHAR => bytes(trim_bpchar(d.str()).as_bytes(), seed),
        oids::UUID => bytes(&d.fixed16(), seed),
        oids::NUMERIC => numeric(&Numeric::arg(d), seed),
        oids::JSONB => match Jsonb(d.bytes()) {
            j if j.is_empty() && !j.is_scalar() => seed,
            j => document(j, 0, seed, true),
        },
        oids::INTERVAL => int8(Interval::arg(d).cmp_value() as i64, seed),
        oids::TIMETZ => {
            let t = TimeTz::arg(d);
            int8(t.micros, seed) ^ word(t.zone as u32, seed)
        }
        oids::INET | oids::CIDR => {
            // PostgreSQL's numbers of the families.
            let mut b = d.bytes().to_vec();
            if let Some(family) = b.first_mut() {
                *family = if *family == 6 { 3 } else { 2 };
            }
            bytes(&b, seed)
        }
        oids::TID => {
            let (block, item) = ((d.i64() >> 16) as u32, d.i64() as u16);
            bytes(&[&block.rotate_left(16).to_le_bytes()[..], &item.to_le_bytes()].concat(), seed)
        }
        oids::OIDVECTOR => {
            let mut b = vec![];
            for item in Array::decode(d.bytes())?.iter().flatten() {
                b.extend_from_slice(&(oid(item)).to_le_bytes());
            }
            bytes(&b, seed)
        }
        oids::RECORD if !d.is_null() => record(c, d.bytes(), seed)?,
        _ => return other(c, ty, d, seed),
    })
}

fn oid(item: &[u8]) -> u32 {
    Datum::load(tusklet_vector::Phys::I64, item).i64() as u32
}

/// Containers, enums and what is like a built-in type.
fn other(c: &mut Call<'_>, ty: u32, d: Datum<'_>, seed: u64) -> Result<u64> {
    let desc = c.cx.type_desc(ty)?;
    Ok(match &desc.kind {
        TypeKind::Pseudo if ty == oids::RECORD => 0,
        TypeKind::Composite(_) | TypeKind::Array(_) | TypeKind::Range(_) | TypeKind::Multirange(_) if d.is_null() => 0,
        TypeKind::Domain(base) => hash(c, base.oid, d, seed)?,
        TypeKind::Enum(_) => word(d.int() as u32, seed),
        TypeKind::Composite(_) => record(c, d.bytes(), seed)?,
        TypeKind::Array(element) => {
            let mut h = 1;
            for item in Array::decode(d.bytes())?.iter() {
                h = combine(h, stored(c, *element, item, seed)?);
            }
            h
        }
        TypeKind::Range(subtype) => range(c, *subtype, d.bytes(), seed)?,
        TypeKind::Multirange(of) => {
            let mut h = 1;
            let of = c.cx.type_desc(*of)?;
            if let TypeKind::Range(subtype) = of.kind {
                for part in parts(d.bytes()) {
                    h = combine(h, range(c, subtype, part, seed)?);
                }
            }
            h
        }
        _ if desc.name.starts_with("reg") && desc.array != 0 => word(d.int() as u32, seed),
        _ => {
            let name = crate::record::type_name(c, ty)?;
            let what = if c.site.args.len() > 1 { "an extended" } else { "a" };
            bail!(UNDEFINED_FUNCTION, "could not identify {} hash function for type {}"; what, name)
        }
    })
}

/// The hash of a stored item; 0 for NULL.
fn stored(c: &mut Call<'_>, ty: u32, item: Option<&[u8]>, seed: u64) -> Result<u64> {
    let phys = phys_of(&mut *c.cx, ty)?;
    let h = hash(c, ty, item.map_or(Datum::Null, |b| Datum::load(phys, b)), seed)?;
    Ok(if item.is_some() { h } else { 0 })
}

fn record(c: &mut Call<'_>, b: &[u8], seed: u64) -> Result<u64> {
    let r = Record::decode(b)?;
    let mut h = 0;
    for i in 0..r.len() {
        h = combine(h, stored(c, r.field_type(i), r.field(i), seed)?);
    }
    Ok(h)
}

fn range(c: &mut Call<'_>, subtype: u32, b: &[u8], seed: u64) -> Result<u64> {
    let r = Range::decode(b);
    let flags = word(b.first().copied().unwrap_or(1) as u32, seed);
    let lower = stored(c, subtype, r.lower.value, seed)?;
    Ok(rotate(flags ^ lower) ^ stored(c, subtype, r.upper.value, seed)?)
}

fn numeric(n: &Numeric, seed: u64) -> u64 {
    if !n.is_finite() {
        return seed;
    }
    let mut v = n.to_var();
    v.strip();
    if v.digits.is_empty() {
        return seed.wrapping_sub(1);
    }
    let mut b = Vec::with_capacity(16);
    v.digits.iter().for_each(|d| b.extend_from_slice(&d.to_le_bytes()));
    bytes(&b, seed) ^ v.weight as i64 as u64
}

/// `jsonb_hash`: `h` goes through the document; a scalar document counts as an array of one.
fn document(j: Jsonb<'_>, mut h: u64, seed: u64, top: bool) -> u64 {
    const ARRAY: u64 = 0x4000_0000_4000_0000;
    let scalar = |h: u64, item: u64| rotate(h) ^ item;
    let text = |s: &str| bytes(s.as_bytes(), seed);
    match j.kind() {
        Kind::Array => j.items().fold(h ^ ARRAY, |h, v| document(v, h, seed, false)),
        Kind::Object => j
            .members()
            .fold(h ^ ARRAY >> 1, |h, (k, v)| document(v, scalar(h, text(k)), seed, false)),
        kind => {
            if top {
                h ^= ARRAY;
            }
            let on = j.as_bool() == Some(true);
            let item = match kind {
                Kind::String => text(j.as_str().unwrap_or("")),
                Kind::Number => j.as_number().map_or(0, |n| numeric(&n, seed)),
                Kind::Boolean if seed == 0 => if on { 2 } else { 4 },
                Kind::Boolean => word(on as u32, seed),
                _ => seed.wrapping_add(1),
            };
            scalar(h, item)
        }
    }
}

fn argument(c: &mut Call<'_>, d: Datum<'_>, seed: u64) -> Result<u64> {
    let ty = c.site.args.first().map_or(0, |t| t.oid);
    hash(c, ty, d, seed)
}

const PLAIN: Kernel = f!(c; d: Datum => argument(c, d, 0)? as i32);
const SEEDED: Kernel = f!(c; d: Datum, seed: i64 => argument(c, d, seed as u64)? as i64);

pub const TABLES: &[&[Entry]] = &[&[
    ("hash_array", PLAIN),
    ("hash_array_extended", SEEDED),
    ("hash_multirange", PLAIN),
    ("hash_multirange_extended", SEEDED),
    ("hash_numeric", PLAIN),
    ("hash_numeric_extended", SEEDED),
    ("hash_range", PLAIN),
    ("hash_range_extended", SEEDED),
    ("hash_record", PLAIN),
    ("hash_record_extended", SEEDED),
    ("hashbpchar", PLAIN),
    ("hashbpcharextended", SEEDED),
    ("hashchar", PLAIN),
    ("hashcharextended", SEEDED),
    ("hashenum", PLAIN),
    ("hashenumextended", SEEDED),
    ("hashfloat4", PLAIN),
    ("hashfloat4extended", SEEDED),
    ("hashfloat8", PLAIN),
    ("hashfloat8extended", SEEDED),
    ("hashinet", PLAIN),
    ("hashinetextended", SEEDED),
    ("hashint2", PLAIN),
    ("hashint2extended", SEEDED),
    ("hashint4", PLAIN),
    ("hashint4extended", SEEDED),
    ("hashint8", PLAIN),
    ("hashint8extended", SEEDED),
    ("hashmacaddr", PLAIN),
    ("hashmacaddr8", PLAIN),
    ("hashmacaddr8extended", SEEDED),
    ("hashmacaddrextended", SEEDED),
    ("hashname", PLAIN),
    ("hashnameextended", SEEDED),
    ("hashoid", PLAIN),
    ("hashoidextended", SEEDED),
    ("hashoidvector", PLAIN),
    ("hashoidvectorextended", SEEDED),
    ("hashtext", PLAIN),
    ("hashtextextended", SEEDED),
    ("hashtid", PLAIN),
    ("hashtidextended", SEEDED),
    ("interval_hash", PLAIN),
    ("interval_hash_extended", SEEDED),
    ("jsonb_hash", PLAIN),
    ("jsonb_hash_extended", SEEDED),
    ("pg_lsn_hash", PLAIN),
    ("pg_lsn_hash_extended", SEEDED),
    ("time_hash", PLAIN),
    ("time_hash_extended", SEEDED),
    ("timestamp_hash", PLAIN),
    ("timestamp_hash_extended", SEEDED),
    ("timetz_hash", PLAIN),
    ("timetz_hash_extended", SEEDED),
    ("uuid_hash", PLAIN),
    ("uuid_hash_extended", SEEDED),
]];
