//! `cargo xtask unicode`: what normalization and the single-byte encodings must know, asked of a running PostgreSQL 15.
//!
//! The server tells the decompositions of every character and, by the order it puts two marks in, how their combining classes
//! compare; the classes' own numbers are never needed. `src/adt/data/normalization.bin` has these columns one after
//! another, each as long as its head says, numbers in groups of seven bits and differences with the sign in the lowest bit:
//!
//! 1. the characters that decompose, as differences;
//! 2. a byte each: the decomposition's length times four, plus 1 when it is of NFKD only, plus 2 when NFC never makes it;
//! 3. the first character of all decompositions as differences, then all second ones, and so on;
//! 4. runs of marks of one class: distance from the last run's end, length less one, class.
//!
//! `src/adt/data/encodings.bin` has for each single-byte encoding its number and the characters of bytes 128 to 255 (0 for
//! none), as differences.

use std::fs;

use crate::catalog::psql;
use crate::{Outcome, root};

/// Runs the command.
pub fn run(args: &[&str]) -> Outcome {
    let dsn = match args {
        [] => psql::DEFAULT_DSN,
        ["--dsn", dsn] => dsn,
        _ => return Err("unicode takes nothing or --dsn DSN".into()),
    };
    psql::require_version_15(dsn)?;
    save("normalization.bin", &normalization(dsn)?)?;
    save("encodings.bin", &encodings(dsn)?)
}

fn save(name: &str, bytes: &[u8]) -> Outcome {
    let path = root().join("src/adt/data").join(name);
    fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("wrote {} ({} bytes)", path.display(), bytes.len());
    Ok(())
}

fn number(mut n: u32, out: &mut Vec<u8>) {
    while n >= 128 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

fn difference(n: i64, out: &mut Vec<u8>) {
    number(if n < 0 { (-n * 2 - 1) as u32 } else { (n * 2) as u32 }, out);
}

/// Columns of numbers from a query, NULL as 0.
fn rows(dsn: &str, query: &str) -> Outcome<Vec<Vec<String>>> {
    let table = psql::copy(dsn, query)?;
    Ok(table.rows.into_iter().map(|r| r.into_iter().map(Option::unwrap_or_default).collect()).collect())
}

fn int(s: &str) -> Outcome<u32> {
    s.parse().map_err(|e| format!("{s}: {e}"))
}

fn normalization(dsn: &str) -> Outcome<Vec<u8>> {
    let found = rows(
        dsn,
        "SELECT c, normalize(chr(c), NFD), normalize(chr(c), NFKD), (normalize(chr(c), NFC) = chr(c))::int
         FROM generate_series(1, 1114111) c
         WHERE c NOT BETWEEN 55296 AND 57343 AND c NOT BETWEEN 44032 AND 55203 AND normalize(chr(c), NFKD) <> chr(c)
         ORDER BY c",
    )?;
    // (character, flags, decomposition)
    let mut all: Vec<(u32, u8, Vec<u32>)> = vec![];
    for r in &found {
        let [c, nfd, nfkd, stays] = r.as_slice() else { return Err("four columns are wanted".into()) };
        let c = int(c)?;
        let list = |s: &str| s.chars().map(u32::from).collect::<Vec<_>>();
        let (d, k) = (list(nfd), list(nfkd));
        if d != [c] {
            all.push((c, if stays == "1" { 0 } else { 2 }, d.clone()));
        }
        if k != d {
            all.push((c, 1, k));
        }
    }
    // A mark is put before U+0345, whose class is the highest; its class is as high as the number of those put before it.
    let marks = rows(
        dsn,
        "WITH marks AS MATERIALIZED (
             SELECT c FROM generate_series(768, 1114111) c
             WHERE c NOT BETWEEN 55296 AND 57343 AND normalize(chr(c), NFD) = chr(c)
               AND (c = 837 OR normalize(chr(837) || chr(c), NFD) = chr(c) || chr(837)))
         SELECT c, dense_rank() OVER (ORDER BY below) FROM (
             SELECT a.c, count(*) FILTER (WHERE normalize(chr(a.c) || chr(b.c), NFD) = chr(b.c) || chr(a.c) AND a.c <> b.c) below
             FROM marks a, marks b GROUP BY a.c) x ORDER BY c",
    )?;
    let mut columns = [const { Vec::new() }; 4];
    let (mut last, mut before) = (0, vec![]);
    for (c, flags, d) in &all {
        number(c - last, &mut columns[0]);
        last = *c;
        columns[1].push((d.len() as u8) << 2 | flags);
        before.resize(d.len().max(before.len()), 0);
    }
    for (i, before) in before.iter_mut().enumerate() {
        for (_, _, d) in &all {
            if let Some(x) = d.get(i) {
                difference(i64::from(*x) - *before, &mut columns[2]);
                *before = i64::from(*x);
            }
        }
    }
    let mut runs: Vec<(u32, u32, u8)> = vec![];
    for r in &marks {
        let (c, class) = (int(&r[0])?, int(&r[1])? as u8);
        match runs.last_mut() {
            Some((_, end, of)) if *end + 1 == c && *of == class => *end = c,
            _ => runs.push((c, c, class)),
        }
    }
    last = 0;
    for (start, end, class) in runs {
        number(start - last, &mut columns[3]);
        number(end - start, &mut columns[3]);
        columns[3].push(class);
        last = end;
    }
    let mut out = vec![];
    for c in &columns {
        number(c.len() as u32, &mut out);
    }
    out.extend(columns.concat());
    Ok(out)
}

fn encodings(dsn: &str) -> Outcome<Vec<u8>> {
    // Bytes an encoding has no character for raise: each is tried alone.
    let names = rows(
        dsn,
        "SELECT n, pg_encoding_to_char(n) FROM generate_series(8, 34) n
         WHERE EXISTS (SELECT FROM pg_conversion WHERE conforencoding = n AND contoencoding = 6) ORDER BY n",
    )?;
    let mut out = vec![];
    for r in &names {
        out.push(int(&r[0])? as u8);
        let mut before = 0;
        for byte in 128..256 {
            let query = format!("SELECT ascii(convert_from('\\x{byte:02x}', '{}'))", r[1]);
            let c = match psql::copy(dsn, &query) {
                Ok(t) => int(t.text(0, 0)?)?,
                Err(_) => 0,
            };
            difference(i64::from(c) - before, &mut out);
            before = i64::from(c);
        }
    }
    Ok(out)
}
