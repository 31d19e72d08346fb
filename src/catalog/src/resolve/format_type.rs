//! Types as text, and type modifiers: `format_type.c` and the `typmodin`/`typmodout` functions, which are pure arithmetic.

use tusklet_error::{Error, Result, bail, filled};
use tusklet_ir::Oid;

use super::{SearchPath, quote_identifier};
use crate::builtin::{self, oids};
use crate::live::Catalog;

impl Catalog {
    /// The built-in type whose modifier functions a user's base type borrows; any other type is itself.
    pub fn typmod_owner(&self, oid: Oid) -> Oid {
        let Some(t) = self.user_type(oid) else { return oid };
        let f = t.typmod_io.first().copied().unwrap_or(0);
        let own = match self.user_proc(f) {
            Some(p) => builtin::proc_by_source(&p.source).map_or(0, |b| b.oid()),
            None => f,
        };
        builtin::Type::all().find(|b| own != 0 && b.modin() == own && b.elem() == 0).map_or(oid, |b| b.oid())
    }

    /// A type for messages (`format_type_be`).
    pub fn format_type(&self, path: &SearchPath, oid: Oid) -> String {
        self.format_type_extended(path, oid, None)
    }

    /// A type with its modifier, -1 included (`format_type_with_typemod`).
    pub fn format_type_with_typmod(&self, path: &SearchPath, oid: Oid, typmod: i32) -> String {
        self.format_type_extended(path, oid, Some(typmod))
    }

    /// `None` for "no modifier was asked about": `character` then stands for any `bpchar`.
    pub fn format_type_extended(&self, path: &SearchPath, oid: Oid, typmod: Option<i32>) -> String {
        if oid == 0 {
            return "-".to_string();
        }
        let Some(t) = self.ty(oid) else { return "???".to_string() };
        // Arrays are shown by their elements, unless they are fixed-length or a pseudo-type.
        let element = if t.storage != b'p' { self.element_type(oid) } else { 0 };
        if element != 0 {
            return filled!("{}[]"; self.format_type_extended(path, element, typmod));
        }
        let m = typmod.unwrap_or(-1);
        let with = |name: &str| if m >= 0 { filled!("{}{}"; name, typmod_out(oid, m)) } else { name.to_string() };
        match oid {
            oids::BIT => match typmod {
                Some(m) if m < 0 => "\"bit\"".to_string(),
                _ => with("bit"),
            },
            oids::BOOL => "boolean".to_string(),
            oids::BPCHAR => match typmod {
                Some(m) if m < 0 => "bpchar".to_string(),
                _ => with("character"),
            },
            oids::FLOAT4 => "real".to_string(),
            oids::FLOAT8 => "double precision".to_string(),
            oids::INT2 => "smallint".to_string(),
            oids::INT4 => "integer".to_string(),
            oids::INT8 => "bigint".to_string(),
            oids::NUMERIC => with("numeric"),
            oids::INTERVAL => with("interval"),
            oids::TIME => around("time", m, "without"),
            oids::TIMETZ => around("time", m, "with"),
            oids::TIMESTAMP => around("timestamp", m, "without"),
            oids::TIMESTAMPTZ => around("timestamp", m, "with"),
            oids::VARBIT => with("bit varying"),
            oids::VARCHAR => with("character varying"),
            _ => {
                let name = quote_identifier(&t.name);
                let mut out = if self.type_is_visible(path, oid) {
                    name
                } else {
                    filled!("{}.{}"; quote_identifier(&self.schema_called(path, t.schema)), name)
                };
                if m >= 0 {
                    out.push_str(&typmod_out(self.typmod_owner(oid), m));
                }
                out
            }
        }
    }
}

fn around(name: &str, typmod: i32, zone: &str) -> String {
    if typmod >= 0 { format!("{name}({typmod}) {zone} time zone") } else { format!("{name} {zone} time zone") }
}

/// The modifier in parentheses, as the type's `typmodout` gives it.
pub fn typmod_out(oid: Oid, typmod: i32) -> String {
    if typmod < 0 {
        return String::new();
    }
    match oid {
        oids::VARCHAR | oids::BPCHAR if typmod > 4 => format!("({})", typmod - 4),
        oids::VARCHAR | oids::BPCHAR => String::new(),
        oids::NUMERIC if typmod >= 4 => {
            let m = typmod - 4;
            let scale = ((m & 0x7ff) ^ 1024) - 1024;
            format!("({},{})", (m >> 16) & 0xffff, scale)
        }
        oids::NUMERIC => String::new(),
        oids::INTERVAL => interval_typmod_text(typmod),
        oids::TIME | oids::TIMESTAMP => format!("({typmod}) without time zone"),
        oids::TIMETZ | oids::TIMESTAMPTZ => format!("({typmod}) with time zone"),
        _ => format!("({typmod})"),
    }
}

const MONTH: i32 = 1;
const YEAR: i32 = 2;
const DAY: i32 = 3;
const HOUR: i32 = 10;
const MINUTE: i32 = 11;
const SECOND: i32 = 12;
const FULL_RANGE: i32 = 0x7FFF;
const FULL_PRECISION: i32 = 0xFFFF;

const INTERVAL_FIELDS: [(i32, &str); 14] = [
    (1 << YEAR, " year"),
    (1 << MONTH, " month"),
    (1 << DAY, " day"),
    (1 << HOUR, " hour"),
    (1 << MINUTE, " minute"),
    (1 << SECOND, " second"),
    (1 << YEAR | 1 << MONTH, " year to month"),
    (1 << DAY | 1 << HOUR, " day to hour"),
    (1 << DAY | 1 << HOUR | 1 << MINUTE, " day to minute"),
    (1 << DAY | 1 << HOUR | 1 << MINUTE | 1 << SECOND, " day to second"),
    (1 << HOUR | 1 << MINUTE, " hour to minute"),
    (1 << HOUR | 1 << MINUTE | 1 << SECOND, " hour to second"),
    (1 << MINUTE | 1 << SECOND, " minute to second"),
    (FULL_RANGE, ""),
];

/// `intervaltypmodout`: fields, then precision.
pub fn interval_typmod_text(typmod: i32) -> String {
    let (fields, precision) = ((typmod >> 16) & 0x7FFF, typmod & 0xFFFF);
    let name = INTERVAL_FIELDS.iter().find(|(f, _)| *f == fields).map_or("", |(_, n)| *n);
    if precision == FULL_PRECISION { name.to_string() } else { format!("{name}({precision})") }
}

/// A modifier from its integers, as the type's `typmodin` gives it. Notices (precision reduced) are the second part.
pub fn typmod_in(oid: Oid, mods: &[i32]) -> Result<(i32, Option<String>)> {
    match oid {
        oids::VARCHAR | oids::BPCHAR => {
            let name = if oid == oids::VARCHAR { "varchar" } else { "char" };
            let [n] = mods else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
            if *n < 1 {
                bail!(INVALID_PARAMETER_VALUE, "length for type {} must be at least 1"; name);
            }
            if *n > 10485760 {
                bail!(INVALID_PARAMETER_VALUE, "length for type {} cannot exceed 10485760"; name);
            }
            Ok((*n + 4, None))
        }
        oids::BIT | oids::VARBIT => {
            let name = if oid == oids::BIT { "bit" } else { "varbit" };
            let [n] = mods else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
            if *n < 1 {
                bail!(INVALID_PARAMETER_VALUE, "length for type {} must be at least 1"; name);
            }
            if *n > 83886080 {
                bail!(INVALID_PARAMETER_VALUE, "length for type {} cannot exceed 83886080"; name);
            }
            Ok((*n, None))
        }
        oids::NUMERIC => {
            let (p, s) = match mods {
                [p] => (*p, 0),
                [p, s] => (*p, *s),
                _ => bail!(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier"),
            };
            if !(1..=1000).contains(&p) {
                bail!(INVALID_PARAMETER_VALUE, "NUMERIC precision {p} must be between 1 and 1000");
            }
            if !(-1000..=1000).contains(&s) {
                bail!(INVALID_PARAMETER_VALUE, "NUMERIC scale {s} must be between -1000 and 1000");
            }
            Ok((((p << 16) | (s & 0x7ff)) + 4, None))
        }
        oids::TIME | oids::TIMETZ | oids::TIMESTAMP | oids::TIMESTAMPTZ => {
            let name = if matches!(oid, oids::TIME | oids::TIMETZ) { "TIME" } else { "TIMESTAMP" };
            let zone = if matches!(oid, oids::TIMETZ | oids::TIMESTAMPTZ) { " WITH TIME ZONE" } else { "" };
            let [n] = mods else { bail!(INVALID_PARAMETER_VALUE, "invalid type modifier") };
            if *n < 0 {
                bail!(INVALID_PARAMETER_VALUE, "{name}({n}){zone} precision must not be negative");
            }
            if *n > 6 {
                return Ok((6, Some(format!("{name}({n}){zone} precision reduced to maximum allowed, 6"))));
            }
            Ok((*n, None))
        }
        oids::INTERVAL => {
            let (fields, precision) = match mods {
                [f] if INTERVAL_FIELDS.iter().any(|(x, _)| x == f) => (*f, None),
                [f, p] if INTERVAL_FIELDS.iter().any(|(x, _)| x == f) => (*f, Some(*p)),
                _ => bail!(INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier"),
            };
            match precision {
                None if fields == FULL_RANGE => Ok((-1, None)),
                None => Ok(((fields << 16) | FULL_PRECISION, None)),
                Some(p) if p < 0 => Err(tusklet_error::err!(
                    INVALID_PARAMETER_VALUE,
                    "INTERVAL({p}) precision must not be negative"
                )),
                Some(p) if p > 6 => {
                    Ok(((fields << 16) | 6, Some(format!("INTERVAL({p}) precision reduced to maximum allowed, 6"))))
                }
                Some(p) => Ok(((fields << 16) | p, None)),
            }
        }
        _ => Err(Error::unsupported("a modifier of this type")),
    }
}
