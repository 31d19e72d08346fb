//! `smallint`, `integer`, `bigint`: input, and arithmetic that raises instead of wrapping.

use tusklet_error::{Result, bail, err, filled};

/// C's `isspace` in the C locale.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Reads an integer within bounds. Overflow is noticed before trailing rubbish, as
/// `pg_strtoint32` does.
fn read(s: &str, min: i64, max: i64, name: &str) -> Result<i64> {
    let b = s.as_bytes();
    let mut i = 0;
    while i < b.len() && is_space(char::from(b[i])) {
        i += 1;
    }
    let mut negative = false;
    if i < b.len() && (b[i] == b'-' || b[i] == b'+') {
        negative = b[i] == b'-';
        i += 1;
    }
    let start = i;
    let mut v: i64 = 0;
    while i < b.len() && b[i].is_ascii_digit() {
        // Accumulate negated, since the negative range is the larger one.
        match v.checked_mul(10).and_then(|x| x.checked_sub(i64::from(b[i] - b'0'))) {
            Some(x) if x >= min => v = x,
            _ => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type {}"; s, name),
        }
        i += 1;
    }
    let digits = i > start;
    while i < b.len() && is_space(char::from(b[i])) {
        i += 1;
    }
    if !digits || i < b.len() {
        bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {}: \"{}\""; name, s);
    }
    if negative {
        return Ok(v);
    }
    match v.checked_neg() {
        Some(x) if x <= max => Ok(x),
        _ => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{}\" is out of range for type {}"; s, name),
    }
}

/// Reads a `smallint`.
pub fn parse_int2(s: &str) -> Result<i16> {
    read(s, i64::from(i16::MIN), i64::from(i16::MAX), "smallint").map(|v| v as i16)
}

/// Reads an `integer`.
pub fn parse_int4(s: &str) -> Result<i32> {
    read(s, i64::from(i32::MIN), i64::from(i32::MAX), "integer").map(|v| v as i32)
}

/// Reads a `bigint`.
pub fn parse_int8(s: &str) -> Result<i64> {
    read(s, i64::MIN, i64::MAX, "bigint")
}

/// Reads an `int2vector`.
pub fn parse_int2vector(s: &str) -> Result<Vec<i16>> {
    let (mut out, mut rest) = (Vec::new(), s.trim_start_matches(is_space));
    while !rest.is_empty() {
        let word = rest.split(is_space).next().unwrap_or(rest);
        // What is told is all that is left.
        let told = |mut e: tusklet_error::Error| {
            let message = &mut e.report_mut().message;
            *message = message.replace(&filled!("\"{}\""; word), &filled!("\"{}\""; rest));
            e
        };
        out.push(parse_int2(word).map_err(told)?);
        rest = rest[word.len()..].trim_start_matches(is_space);
    }
    Ok(out)
}

/// Appends the decimal digits of `v`.
pub fn write(v: i64, out: &mut String) {
    let mut buf = [0u8; 20];
    let mut at = buf.len();
    let mut u = v.unsigned_abs();
    loop {
        at -= 1;
        buf[at] = b'0' + (u % 10) as u8;
        u /= 10;
        if u == 0 {
            break;
        }
    }
    if v < 0 {
        out.push('-');
    }
    out.extend(buf[at..].iter().map(|&b| char::from(b)));
}

/// `smallint out of range`.
#[cold]
pub fn int2_range() -> tusklet_error::Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "smallint out of range")
}

/// `integer out of range`.
#[cold]
pub fn int4_range() -> tusklet_error::Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")
}

/// `bigint out of range`.
#[cold]
pub fn int8_range() -> tusklet_error::Error {
    err!(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
}

/// `division by zero`.
#[cold]
pub fn division_by_zero() -> tusklet_error::Error {
    err!(DIVISION_BY_ZERO, "division by zero")
}

macro_rules! arithmetic {
    ($module:ident, $t:ty, $u:ty, $range:path, $name:literal) => {
        #[doc = concat!("Arithmetic of `", $name, "`.")]
        pub mod $module {
            use super::*;

            /// `a + b`.
            pub fn add(a: $t, b: $t) -> Result<$t> {
                a.checked_add(b).ok_or_else($range)
            }
            /// `a - b`.
            pub fn sub(a: $t, b: $t) -> Result<$t> {
                a.checked_sub(b).ok_or_else($range)
            }
            /// `a * b`.
            pub fn mul(a: $t, b: $t) -> Result<$t> {
                a.checked_mul(b).ok_or_else($range)
            }
            /// `a / b`, towards zero.
            pub fn div(a: $t, b: $t) -> Result<$t> {
                if b == 0 {
                    return Err(division_by_zero());
                }
                a.checked_div(b).ok_or_else($range)
            }
            /// `a % b`, with the sign of `a`.
            pub fn rem(a: $t, b: $t) -> Result<$t> {
                if b == 0 {
                    return Err(division_by_zero());
                }
                Ok(a.wrapping_rem(b))
            }
            /// `-a`.
            pub fn neg(a: $t) -> Result<$t> {
                a.checked_neg().ok_or_else($range)
            }
            /// `abs(a)`.
            pub fn abs(a: $t) -> Result<$t> {
                a.checked_abs().ok_or_else($range)
            }
            /// `a << n`: the shift count is taken modulo the width, as the processor PostgreSQL runs on does.
            pub fn shl(a: $t, n: i32) -> $t {
                // C promotes smallint to int before shifting.
                if <$t>::BITS == 16 { (a as i32).wrapping_shl(n as u32) as $t } else { a.wrapping_shl(n as u32) }
            }
            /// `a >> n`, arithmetic.
            pub fn shr(a: $t, n: i32) -> $t {
                if <$t>::BITS == 16 { (a as i32).wrapping_shr(n as u32) as $t } else { a.wrapping_shr(n as u32) }
            }
            /// `gcd(a, b)`, never negative.
            pub fn gcd(a: $t, b: $t) -> Result<$t> {
                let (mut x, mut y) = (a.unsigned_abs(), b.unsigned_abs());
                while y != 0 {
                    (x, y) = (y, x % y);
                }
                <$t>::try_from(x).map_err(|_| $range())
            }
            /// `lcm(a, b)`, never negative.
            pub fn lcm(a: $t, b: $t) -> Result<$t> {
                if a == 0 || b == 0 {
                    return Ok(0);
                }
                let (mut x, mut y) = (a.unsigned_abs(), b.unsigned_abs());
                while y != 0 {
                    (x, y) = (y, x % y);
                }
                let l = (a.unsigned_abs() / x).checked_mul(b.unsigned_abs()).ok_or_else($range)?;
                <$t>::try_from(l as $u).map_err(|_| $range())
            }
        }
    };
}

arithmetic!(int2, i16, u16, int2_range, "smallint");
arithmetic!(int4, i32, u32, int4_range, "integer");
arithmetic!(int8, i64, u64, int8_range, "bigint");

/// `to_hex(integer)`, of the two's complement.
pub fn to_hex4(v: i32) -> String {
    format!("{v:x}")
}

/// `to_hex(bigint)`.
pub fn to_hex8(v: i64) -> String {
    format!("{v:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_raises_what_postgresql_raises() {
        assert_eq!(parse_int4("  -2147483648 ").unwrap(), i32::MIN);
        assert_eq!(parse_int2("+7").unwrap(), 7);
        let e = |s: &str| parse_int4(s).unwrap_err().to_string();
        assert_eq!(e("12 3"), "ERROR: 22P02: invalid input syntax for type integer: \"12 3\"");
        assert_eq!(e(""), "ERROR: 22P02: invalid input syntax for type integer: \"\"");
        assert_eq!(e("99999999999x"), "ERROR: 22003: value \"99999999999x\" is out of range for type integer");
        assert_eq!(e("2147483648"), "ERROR: 22003: value \"2147483648\" is out of range for type integer");
        assert_eq!(parse_int8("-9223372036854775808").unwrap(), i64::MIN);
        assert!(parse_int8("9223372036854775808").is_err());
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(int4::add(i32::MAX, 1).unwrap_err().message(), "integer out of range");
        assert_eq!(int4::div(i32::MIN, -1).unwrap_err().message(), "integer out of range");
        assert_eq!(int4::rem(i32::MIN, -1).unwrap(), 0);
        assert_eq!(int8::gcd(i64::MIN, 0).unwrap_err().message(), "bigint out of range");
        assert_eq!(int2::shl(1, 15), i16::MIN);
    }
}
