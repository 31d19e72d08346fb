//! `bytea`.

use tusklet_adt::{bytea as adt, text};

use crate::bind::{Entry, formats, written};
use crate::text::{CMP, CONCAT, EQ, GE, GT, LE, LT, NE, OCTETS};

pub const TABLES: &[&[Entry]] = &[&[
    ("byteaeq", EQ),
    ("byteane", NE),
    ("bytealt", LT),
    ("byteale", LE),
    ("byteagt", GT),
    ("byteage", GE),
    ("byteacmp", CMP),
    ("byteacat", CONCAT),
    ("byteaoctetlen", OCTETS),
    ("bytea_substr", f!(a: &[u8], from: i32, n: i32 => adt::substring(a, from, Some(n))?)),
    ("bytea_substr_no_len", f!(a: &[u8], from: i32 => adt::substring(a, from, None)?)),
    ("byteaoverlay", f!(a: &[u8], b: &[u8], from: i32, n: i32 => adt::overlay(a, b, from, n)?)),
    ("byteaoverlay_no_len", f!(a: &[u8], b: &[u8], from: i32 => adt::overlay(a, b, from, b.len() as i32)?)),
    ("byteapos", f!(a: &[u8], b: &[u8] => adt::position(a, b))),
    ("bytealtrim", f!(a: &[u8], b: &[u8] => adt::ltrim(a, b))),
    ("byteartrim", f!(a: &[u8], b: &[u8] => adt::rtrim(a, b))),
    ("byteatrim", f!(a: &[u8], b: &[u8] => adt::btrim(a, b))),
    ("byteaGetByte", f!(a: &[u8], n: i32 => adt::get_byte(a, n)?)),
    ("byteaSetByte", f!(a: &[u8], n: i32, v: i32 => adt::set_byte(a, n, v)?)),
    ("byteaGetBit", f!(a: &[u8], n: i64 => adt::get_bit(a, n)?)),
    ("byteaSetBit", f!(a: &[u8], n: i64, v: i32 => adt::set_bit(a, n, v)?)),
    ("bytea_bit_count", f!(a: &[u8] => adt::bit_count(a))),
    ("binary_encode", f!(a: &[u8], format: &str => adt::encode(a, format)?)),
    ("binary_decode", f!(a: &str, format: &str => adt::decode(a, format)?)),
    ("md5_bytea", f!(a: &[u8] => &text::md5(a)[..])),
    ("byteain", f!(a: &str => adt::parse(a)?)),
    (
        "byteaout",
        f!(c; a: &[u8] => {
            let escape = formats(&*c.cx)?.bytea_escape;
            written(|s| if escape { adt::write_escape(a, s) } else { adt::write_hex(a, s) })
        }),
    ),
]];
