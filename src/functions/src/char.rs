//! `"char"`: one byte, held as 0..=255 in 16 bits.

use tusklet_adt::char as adt;

use crate::bind::{Entry, written};
use crate::int::int_cmp;

fn byte(v: i16) -> u8 {
    v as u8
}

pub const TABLES: &[&[Entry]] = &[
    &int_cmp!("char", i16),
    &[
        ("btcharcmp", f!(a: i32, b: i32 => a - b)),
        ("charin", f!(a: &str => adt::parse(a) as i16)),
        ("charout", f!(a: i16 => written(|s| adt::write(byte(a), s)))),
        ("char_text", f!(a: i16 => written(|s| adt::write(byte(a), s)))),
        ("char_bpchar", f!(a: i16 => written(|s| adt::write(byte(a), s)))),
        ("text_char", f!(a: &str => adt::parse(a) as i16)),
        ("chartoi4", f!(a: i16 => adt::to_int4(byte(a)))),
        ("i4tochar", f!(a: i32 => adt::from_int4(a)? as i16)),
    ],
];
