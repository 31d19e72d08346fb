//! `bit` and `bit varying`.

use tusklet_adt::bit::Bits;
use tusklet_error::{Result, bail};
use tusklet_vector::Datum;

use crate::bind::{Arg, Entry, Ret, bytes_written, written};
use crate::date::ordered;

impl<'a> Arg<'a> for Bits {
    fn arg(d: Datum<'a>) -> Bits {
        Bits::decode(d.bytes())
    }
}

impl Ret for Bits {
    fn put(self, out: &mut tusklet_vector::Out<'_>) {
        out.bytes(&self.to_bytes())
    }
}

/// Bits a literal has room for: its length is checked before its digits are.
fn written_length(s: &str) -> usize {
    match s.as_bytes() {
        [b'x' | b'X', rest @ ..] => 4 * rest.len(),
        [b'b' | b'B', rest @ ..] => rest.len(),
        all => all.len(),
    }
}

/// A length modifier given to a function directly: out of range means none, as in PostgreSQL; what `bit(n)` cannot have
/// is refused rather than allocated.
fn length(typmod: i32) -> Result<i32> {
    match typmod {
        2_147_483_641.. => Ok(-1),
        83_886_081.. => bail!(PROGRAM_LIMIT_EXCEEDED, "bit string length exceeds the maximum allowed (83886080)"),
        n => Ok(n),
    }
}

fn overlay(a: &Bits, b: &Bits, from: i32, n: i32) -> Result<Bits> {
    if from < 1 {
        bail!(SUBSTRING_ERROR, "negative substring length not allowed");
    }
    let Some(end) = from.checked_add(n) else { bail!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range") };
    Ok(a.substring(1, Some(from - 1))?.concat(b).concat(&a.substring(end, None)?))
}

fn typmod(a: &[u8], name: &str) -> Result<i32> {
    let &[n] = crate::io::modifiers(a)?.as_slice() else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
    if n < 1 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {} must be at least 1"; name);
    }
    if n > 83_886_080 {
        bail!(INVALID_PARAMETER_VALUE, "length for type {} cannot exceed 83886080"; name);
    }
    Ok(n)
}

fn shown(t: i32) -> String {
    if t >= 0 { format!("({t})") } else { String::new() }
}

pub const TABLES: &[&[Entry]] = &[
    &ordered!("bit", "", |_c, a: Bits, b: Bits| a.cmp(&b)),
    &[
        (
            "bit_in",
            f!(a: &str, _t: i64, typmod: i32 => {
                let n = written_length(a);
                if typmod > 0 && n != typmod as usize {
                    bail!(STRING_DATA_LENGTH_MISMATCH, "bit string length {n} does not match type bit({typmod})");
                }
                Bits::parse(a)?
            }),
        ),
        (
            "varbit_in",
            f!(a: &str, _t: i64, typmod: i32 => {
                if typmod > 0 && written_length(a) > typmod as usize {
                    bail!(STRING_DATA_RIGHT_TRUNCATION, "bit string too long for type bit varying({typmod})");
                }
                Bits::parse(a)?
            }),
        ),
        ("bit_out", f!(a: Bits => written(|s| a.write(s)))),
        ("varbit_out", f!(a: Bits => written(|s| a.write(s)))),
        ("bit_recv", f!(a: &[u8], _t: i64, typmod: i32 => Bits::recv(a)?.to_bit(length(typmod)?, false)?)),
        ("varbit_recv", f!(a: &[u8], _t: i64, typmod: i32 => Bits::recv(a)?.to_varbit(length(typmod)?, false)?)),
        ("bit_send", f!(a: Bits => bytes_written(|b| a.send(b)))),
        ("varbit_send", f!(a: Bits => bytes_written(|b| a.send(b)))),
        ("bittypmodin", f!(a: &[u8] => typmod(a, "bit")?)),
        ("varbittypmodin", f!(a: &[u8] => typmod(a, "varbit")?)),
        ("bittypmodout", f!(t: i32 => shown(t))),
        ("varbittypmodout", f!(t: i32 => shown(t))),
        ("bit", f!(a: Bits, typmod: i32, explicit: bool => a.to_bit(length(typmod)?, explicit)?)),
        ("varbit", f!(a: Bits, typmod: i32, explicit: bool => a.to_varbit(length(typmod)?, explicit)?)),
        ("bit_and", f!(a: Bits, b: Bits => a.and(&b)?)),
        ("bit_or", f!(a: Bits, b: Bits => a.or(&b)?)),
        ("bitxor", f!(a: Bits, b: Bits => a.xor(&b)?)),
        ("bitnot", f!(a: Bits => a.not())),
        ("bitshiftleft", f!(a: Bits, n: i32 => a.shl(n))),
        ("bitshiftright", f!(a: Bits, n: i32 => a.shr(n))),
        ("bitcat", f!(a: Bits, b: Bits => a.concat(&b))),
        ("bitsubstr", f!(a: Bits, from: i32, n: i32 => a.substring(from, Some(n))?)),
        ("bitsubstr_no_len", f!(a: Bits, from: i32 => a.substring(from, None)?)),
        ("bitoverlay", f!(a: Bits, b: Bits, from: i32, n: i32 => overlay(&a, &b, from, n)?)),
        ("bitoverlay_no_len", f!(a: Bits, b: Bits, from: i32 => overlay(&a, &b, from, b.len() as i32)?)),
        ("bitposition", f!(a: Bits, b: Bits => a.position(&b))),
        ("bitlength", f!(a: Bits => a.len() as i32)),
        ("bitoctetlength", f!(a: Bits => a.len().div_ceil(8) as i32)),
        ("bitgetbit", f!(a: Bits, n: i32 => a.get_bit(n)?)),
        ("bitsetbit", f!(a: Bits, n: i32, v: i32 => a.set_bit(n, v)?)),
        ("bit_bit_count", f!(a: Bits => a.count_ones())),
        ("bitfromint4", f!(a: i64, typmod: i32 => Bits::from_int(a, 32, length(typmod)?))),
        ("bitfromint8", f!(a: i64, typmod: i32 => Bits::from_int(a, 64, length(typmod)?))),
        ("bittoint4", f!(a: Bits => a.to_int(32)? as i32)),
        ("bittoint8", f!(a: Bits => a.to_int(64)?)),
    ],
];
