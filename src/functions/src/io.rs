//! Input, output, receive and send of the string types, the pseudo types and the fixed-width scalars. `receive` takes the
//! bytes of the wire as a byte string, `send` gives them. Types with a file of their own have their text forms there.

use std::borrow::Cow;

use tusklet_adt::interval::Interval;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::time::TimeTz;
use tusklet_adt::{date, text, time, timestamp, varchar};
use tusklet_error::{Error, Result, bail, err};
use tusklet_vector::{Call, Kernel, TypeKind, TypeRef, Value};

use crate::bind::{Entry, bytes_written};

/// Text of a message, which comes in the client's encoding.
pub(crate) fn received<'a>(c: &Call<'_>, b: &'a [u8]) -> Result<Cow<'a, str>> {
    tusklet_adt::encoding::from_client(crate::bind::formats(&*c.cx)?.client.as_deref(), b)
}

/// Text for a message, in the client's encoding.
pub(crate) fn sent<'a>(c: &Call<'_>, b: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    match &crate::bind::formats(&*c.cx)?.client {
        None => Ok(Cow::Borrowed(b)),
        Some(client) => client.encode(b),
    }
}

fn wire<const N: usize>(b: &[u8]) -> Result<[u8; N]> {
    if N == 1 && b.is_empty() {
        bail!(PROTOCOL_VIOLATION, "no data left in message");
    }
    if b.len() < N {
        bail!(PROTOCOL_VIOLATION, "insufficient data left in message");
    }
    if b.len() > N {
        bail!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    }
    <[u8; N]>::try_from(b).map_err(|_| Error::internal("wire value of the wrong length"))
}

/// The bytes of a message, read from the front.
pub(crate) struct Wire<'a>(pub &'a [u8]);

impl<'a> Wire<'a> {
    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let Some((head, tail)) = self.0.split_at_checked(n) else {
            bail!(PROTOCOL_VIOLATION, "insufficient data left in message")
        };
        self.0 = tail;
        Ok(head)
    }

    /// The next 32-bit integer.
    pub fn int(&mut self) -> Result<u32> {
        Ok(self.take(4)?.iter().fold(0, |v, b| v << 8 | *b as u32))
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<()> {
        if !self.0.is_empty() {
            bail!(INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
        }
        Ok(())
    }
}

const TEXT_IN: Kernel = f!(a: &[u8] => a);
const TEXT_RECV: Kernel = f!(c; a: &[u8] => received(c, a)?);
const TEXT_SEND: Kernel = f!(c; a: &[u8] => sent(c, a)?);
const RAW: Kernel = f!(a: &[u8] => a);
const OID_RECV: Kernel = f!(a: &[u8] => u32::from_be_bytes(wire(a)?) as i64);
const OID_SEND: Kernel = f!(a: i64 => (a as u32).to_be_bytes().to_vec());
const I64_RECV: Kernel = f!(a: &[u8] => i64::from_be_bytes(wire(a)?));
const I64_SEND: Kernel = f!(a: i64 => a.to_be_bytes().to_vec());

pub const TABLES: &[&[Entry]] = &[
    &[
        ("textin", TEXT_IN),
        ("textout", TEXT_IN),
        ("textrecv", TEXT_RECV),
        ("textsend", TEXT_SEND),
        ("unknownin", TEXT_IN),
        ("unknownout", TEXT_IN),
        ("unknownrecv", TEXT_RECV),
        ("unknownsend", TEXT_SEND),
        ("cstring_in", TEXT_IN),
        ("cstring_out", TEXT_IN),
        ("cstring_recv", TEXT_RECV),
        ("cstring_send", TEXT_SEND),
        ("namein", f!(a: &str => text::to_name(a))),
        ("nameout", TEXT_IN),
        (
            "namerecv",
            f!(c; a: &[u8] => {
                let s = received(c, a)?;
                if s.len() > 63 {
                    return Err(err!(NAME_TOO_LONG, "identifier too long").detail("Identifier must be less than 64 characters."));
                }
                s
            }),
        ),
        ("namesend", TEXT_SEND),
        ("varcharin", f!(a: &str, _t: i64, typmod: i32 => varchar::varchar(a, typmod, false)?)),
        ("varcharout", TEXT_IN),
        ("varcharrecv", f!(c; a: &[u8], _t: i64, typmod: i32 => varchar::varchar(&received(c, a)?, typmod, false)?)),
        ("varcharsend", TEXT_SEND),
        ("bpcharin", f!(a: &str, _t: i64, typmod: i32 => varchar::bpchar(a, typmod, false)?)),
        ("bpcharout", TEXT_IN),
        ("bpcharrecv", f!(c; a: &[u8], _t: i64, typmod: i32 => varchar::bpchar(&received(c, a)?, typmod, false)?)),
        ("bpcharsend", TEXT_SEND),
        ("varchartypmodout", f!(t: i32 => varchar::typmod_out(t))),
        ("bpchartypmodout", f!(t: i32 => varchar::typmod_out(t))),
        ("varchartypmodin", f!(a: &[u8] => varchar::typmod_in(&modifiers(a)?, "varchar")?)),
        ("bpchartypmodin", f!(a: &[u8] => varchar::typmod_in(&modifiers(a)?, "char")?)),
        ("numerictypmodin", f!(a: &[u8] => tusklet_adt::numeric::typmod_in(&modifiers(a)?)?)),
        ("numerictypmodout", f!(t: i32 => tusklet_adt::numeric::typmod_out(t))),
        ("intervaltypmodin", f!(a: &[u8] => Interval::typmod_in(&modifiers(a)?)?)),
        ("intervaltypmodout", f!(t: i32 => Interval::typmod_out(t)?)),
        ("timetypmodin", f!(c; a: &[u8] => precision(c, a, "TIME", "")?)),
        ("timetztypmodin", f!(c; a: &[u8] => precision(c, a, "TIME", " WITH TIME ZONE")?)),
        ("timestamptypmodin", f!(c; a: &[u8] => precision(c, a, "TIMESTAMP", "")?)),
        ("timestamptztypmodin", f!(c; a: &[u8] => precision(c, a, "TIMESTAMP", " WITH TIME ZONE")?)),
        ("timetypmodout", f!(t: i32 => zone_typmod(t, " without time zone"))),
        ("timetztypmodout", f!(t: i32 => zone_typmod(t, " with time zone"))),
        ("timestamptypmodout", f!(t: i32 => zone_typmod(t, " without time zone"))),
        ("timestamptztypmodout", f!(t: i32 => zone_typmod(t, " with time zone"))),
    ],
    &[
        ("boolrecv", f!(a: &[u8] => wire::<1>(a)? != [0])),
        ("boolsend", f!(a: bool => vec![a as u8])),
        ("bytearecv", RAW),
        ("byteasend", RAW),
        ("charrecv", f!(a: &[u8] => wire::<1>(a)?[0] as i16)),
        ("charsend", f!(a: i16 => vec![a as u8])),
        ("int2recv", f!(a: &[u8] => i16::from_be_bytes(wire(a)?))),
        ("int2send", f!(a: i16 => a.to_be_bytes().to_vec())),
        ("int4recv", f!(a: &[u8] => i32::from_be_bytes(wire(a)?))),
        ("int4send", f!(a: i32 => a.to_be_bytes().to_vec())),
        ("int8recv", I64_RECV),
        ("int8send", I64_SEND),
        ("cash_recv", I64_RECV),
        ("cash_send", I64_SEND),
        ("xid8recv", I64_RECV),
        ("xid8send", I64_SEND),
        ("pg_lsn_recv", I64_RECV),
        ("pg_lsn_send", I64_SEND),
        ("oidrecv", OID_RECV),
        ("oidsend", OID_SEND),
        ("xidrecv", OID_RECV),
        ("xidsend", OID_SEND),
        ("cidrecv", OID_RECV),
        ("cidsend", OID_SEND),
        ("regprocrecv", OID_RECV),
        ("regprocsend", OID_SEND),
        ("regprocedurerecv", OID_RECV),
        ("regproceduresend", OID_SEND),
        ("regoperrecv", OID_RECV),
        ("regopersend", OID_SEND),
        ("regoperatorrecv", OID_RECV),
        ("regoperatorsend", OID_SEND),
        ("regclassrecv", OID_RECV),
        ("regclasssend", OID_SEND),
        ("regcollationrecv", OID_RECV),
        ("regcollationsend", OID_SEND),
        ("regtyperecv", OID_RECV),
        ("regtypesend", OID_SEND),
        ("regrolerecv", OID_RECV),
        ("regrolesend", OID_SEND),
        ("regnamespacerecv", OID_RECV),
        ("regnamespacesend", OID_SEND),
        ("regconfigrecv", OID_RECV),
        ("regconfigsend", OID_SEND),
        ("regdictionaryrecv", OID_RECV),
        ("regdictionarysend", OID_SEND),
        (
            "tidrecv",
            f!(a: &[u8] => {
                let b: [u8; 6] = wire(a)?;
                (u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as i64) << 16 | u16::from_be_bytes([b[4], b[5]]) as i64
            }),
        ),
        ("tidsend", f!(a: i64 => [&((a >> 16) as u32).to_be_bytes()[..], &(a as u16).to_be_bytes()].concat())),
        ("float4recv", f!(a: &[u8] => f32::from_be_bytes(wire(a)?))),
        ("float4send", f!(a: f32 => a.to_be_bytes().to_vec())),
        ("float8recv", f!(a: &[u8] => f64::from_be_bytes(wire(a)?))),
        ("float8send", f!(a: f64 => a.to_be_bytes().to_vec())),
        ("numeric_recv", f!(a: &[u8], _t: i64, typmod: i32 => Numeric::recv(a)?.apply_typmod(typmod)?)),
        ("numeric_send", f!(a: Numeric => bytes_written(|b| a.send(b)))),
        ("uuid_recv", f!(a: &[u8] => wire::<16>(a)?)),
        ("uuid_send", f!(a: [u8; 16] => a.to_vec())),
        ("date_recv", f!(a: &[u8] => date::date_recv(a)?)),
        ("date_send", f!(a: i32 => a.to_be_bytes().to_vec())),
        ("time_recv", f!(a: &[u8], _t: i64, typmod: i32 => time::time_recv(a, typmod)?)),
        ("time_send", I64_SEND),
        ("timetz_recv", f!(a: &[u8], _t: i64, typmod: i32 => TimeTz::recv(a, typmod)?)),
        ("timetz_send", f!(a: TimeTz => bytes_written(|b| a.send(b)))),
        ("timestamp_recv", f!(a: &[u8], _t: i64, typmod: i32 => timestamp::timestamp_recv(a, typmod)?)),
        ("timestamp_send", I64_SEND),
        ("timestamptz_recv", f!(a: &[u8], _t: i64, typmod: i32 => timestamp::timestamp_recv(a, typmod)?)),
        ("timestamptz_send", I64_SEND),
        ("interval_recv", f!(a: &[u8], _t: i64, typmod: i32 => Interval::recv(a, typmod)?)),
        ("interval_send", f!(a: Interval => bytes_written(|b| a.send(b)))),
        ("inet_recv", f!(a: &[u8] => Inet::recv(a, false)?)),
        ("inet_send", f!(a: Inet => bytes_written(|b| a.send(false, b)))),
        ("cidr_recv", f!(a: &[u8] => Inet::recv(a, true)?)),
        ("cidr_send", f!(a: Inet => bytes_written(|b| a.send(true, b)))),
    ],
    &[
        ("domain_in", f!(c; a: Option<&str>, ty: Option<i64>, typmod: i32 => domain_in(c, a, ty, typmod)?)),
        ("domain_recv", f!(c; a: Option<&[u8]>, ty: Option<i64>, typmod: i32 => match (a, ty) {
            (Some(a), Some(ty)) => Some(c.cx.recv(TypeRef { oid: ty as u32, typmod }, a)?),
            _ => None,
        })),
        ("void_in", f!(_a: &[u8] => ())),
        ("void_out", f!( => "")),
        ("void_recv", f!(_a: &[u8] => ())),
        ("void_send", f!( => "")),
        ("pg_node_tree_out", TEXT_IN),
        ("pg_node_tree_send", TEXT_SEND),
    ],
];

/// The numbers of a `cstring[]` of type modifiers.
pub(crate) fn modifiers(b: &[u8]) -> Result<Vec<i32>> {
    let a = tusklet_adt::array::Array::decode(b)?;
    if a.dims.len() != 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "typmod array must be one-dimensional");
    }
    if a.has_nulls() {
        bail!(NULL_VALUE_NOT_ALLOWED, "typmod array must not contain nulls");
    }
    a.iter().flatten().map(|i| tusklet_adt::int::parse_int4(std::str::from_utf8(i).unwrap_or(""))).collect()
}

/// `domain_in`, as SQL may call it.
fn domain_in(c: &mut Call<'_>, text: Option<&str>, ty: Option<i64>, typmod: i32) -> Result<Option<Value>> {
    let Some(ty) = ty else { return Ok(None) };
    let oid = ty as u32;
    if !matches!(c.cx.type_desc(oid)?.kind, TypeKind::Domain(_)) {
        let name = crate::record::type_name(c, oid)?;
        bail!(DATATYPE_MISMATCH, "type {} is not a domain"; name);
    }
    text.map(|t| c.cx.input(TypeRef { oid, typmod }, t)).transpose()
}

fn precision(c: &mut Call<'_>, b: &[u8], name: &str, zone: &str) -> Result<i32> {
    let &[n] = modifiers(b)?.as_slice() else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if n < 0 {
        bail!(INVALID_PARAMETER_VALUE, "{name}({n}){zone} precision must not be negative");
    }
    if n > 6 {
        c.cx.notice(tusklet_error::Notice::new(
            tusklet_error::Severity::Warning,
            tusklet_error::SqlState::INVALID_PARAMETER_VALUE,
            format!("{name}({n}){zone} precision reduced to maximum allowed, 6"),
        ));
    }
    Ok(n.min(6))
}

fn zone_typmod(t: i32, zone: &str) -> String {
    if t >= 0 { format!("({t}){zone}") } else { zone.to_owned() }
}
