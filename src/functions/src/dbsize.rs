//! Sizes as people read them.

use crate::bind::Entry;

/// As `pg_size_pretty`: a unit is left when ten thousand of it are reached; halves are rounded away from zero.
fn pretty(mut size: i64) -> String {
    const UNITS: [(&str, u64, u32); 6] = [
        ("bytes", 10 * 1024, 0),
        ("kB", 20 * 1024 - 1, 10),
        ("MB", 20 * 1024 - 1, 20),
        ("GB", 20 * 1024 - 1, 30),
        ("TB", 20 * 1024 - 1, 40),
        ("PB", 20 * 1024 - 1, 50),
    ];
    for (i, (name, limit, bits)) in UNITS.iter().enumerate() {
        let Some(next) = UNITS.get(i + 1).filter(|_| size.unsigned_abs() >= *limit) else {
            if i > 0 {
                size = (size + if size < 0 { -1 } else { 1 }) / 2;
            }
            return format!("{size} {name}");
        };
        // All units but the first count in halves, to be rounded at the end.
        size /= 1 << (next.2 - bits - (i == 0) as u32);
    }
    String::new()
}

pub const TABLES: &[&[Entry]] = &[&[("pg_size_pretty", f!(a: i64 => pretty(a)))]];
