//! What the crate's tests share: tables of PostgreSQL's answers and a deterministic generator.

use tusklet_error::Result;

/// xorshift64*.
pub struct Rng(u64);

impl Rng {
    /// A generator with a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 33) % n as u64) as usize
    }
}

/// Undoes the escapes of COPY's text format.
pub fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut it = s.chars();
    while let Some(c) = it.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match it.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('N') => out.push_str("\\N"),
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

/// Checks a table: tab-separated fields, the last one PostgreSQL's answer (`ERROR: code: message` for a refusal). All
/// disagreements are reported together.
#[track_caller]
pub fn check_tsv(table: &str, run: impl Fn(&[&str]) -> Result<String>) {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in table.lines() {
        rows += 1;
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (expected, input) = fields.split_last().expect("a row has fields");
        let got = run(input).unwrap_or_else(|e| e.to_string());
        if got != *expected {
            wrong.push(format!("{input:?}\n  PostgreSQL: {expected:?}\n  here:       {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
