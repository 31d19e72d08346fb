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

/// No input may panic: a panic ends the page.
#[test]
fn readers_survive_rubbish() {
    const ALPHABET: &[&str] = &[
        "0", "1", "9", "-", "+", ".", "e", "E", "x", "\\", "\"", "'", "{", "}", "[", "]", "(", ")", ",", ":", "/", "%", "$", "*",
        "?", "a", "b", "F", "ñ", "😀", " ", "\n", "#", "|", "^", "NaN", "inf", "null", "true", "\\u00e9", "::", "_", "=", "!", "<",
        "&", "empty", "255", "99999999999999999999", "\\d", "\\1", "{1,2}", "{0}",
    ];
    let mut r = Rng::new(77);
    for _ in 0..4_000 {
        let s: String = (0..r.below(9)).map(|_| ALPHABET[r.below(ALPHABET.len())]).collect();
        let t: String = (0..r.below(6)).map(|_| ALPHABET[r.below(ALPHABET.len())]).collect();
        let n = r.below(12) as i32 - 4;
        if let Ok(v) = crate::numeric::Numeric::parse(&s) {
            // Roots and logarithms of numbers with 100000 digits take their time; they are not what is tested here.
            if !s.contains(['e', 'E']) {
                let _ = (v.sqrt(), v.ln());
            }
            let _ = (v.round(n), v.trunc(n), v.to_f64(), v.to_int4(), v.ceil(), v.trim_scale(), v.hash());
            assert_eq!(crate::numeric::Numeric::decode(&v.to_bytes()).to_string(), v.to_string());
        }
        let _ = crate::numeric::Numeric::decode(s.as_bytes()).to_string();
        let _ = (crate::float::parse_float8(&s), crate::float::parse_float4(&s), crate::int::parse_int8(&s), crate::oid::parse(&s));
        let _ = (crate::bool::parse(&s), crate::char::parse(&s), crate::uuid::parse(&s), crate::bytea::parse(&s));
        let _ = (crate::bytea::decode(&s, "base64"), crate::bytea::decode(&s, "hex"));
        if let Ok(v) = crate::network::Inet::parse(&s) {
            let _ = (v.abbrev(), v.abbrev_cidr(), v.broadcast(), v.add(i64::MAX), v.sub(i64::MIN));
        }
        let _ = (crate::network::Inet::parse_cidr(&s), crate::macaddr::parse(&s), crate::macaddr::parse8(&s));
        if crate::json::validate(&s).is_ok() {
            let _ = (crate::json::members(&s), crate::json::elements(&s), crate::json::get_path(&s, &[&t]));
        }
        if let Ok(j) = crate::jsonb::parse(&s) {
            let j = crate::jsonb::Jsonb(&j);
            let _ = (j.set(&[Some(&t)], &j, true), j.delete_path(&[Some(&t)]), j.insert(&[Some("0")], &j, false));
        }
        let _ = crate::array::parse(&s, 25, ',', &mut |x| Ok(x.as_bytes().to_vec()));
        let _ = crate::array::Array::decode(s.as_bytes()).map(|a| a.iter().count());
        let _ = crate::record::parse(&s, 2, &mut |_, _| Ok(()));
        let _ = crate::record::Record::decode(s.as_bytes()).map(|r| (0..r.len()).filter_map(|i| r.field(i)).count());
        let _ = crate::range::Range::decode(s.as_bytes());
        let _ = crate::bit::Bits::parse(&s);
        let _ = crate::bit::Bits::decode(s.as_bytes()).count_ones();
        let _ = crate::geo::path_in(&s);
        let _ = crate::geo::circle_in(&s);
        let _ = (crate::text::unistr(&s), crate::text_format::format(&s, &[Some(&t), None]), crate::text::substring(&s, n, Some(n)));
        let _ = crate::like::Pattern::new(&t, n > 0).matches(s.as_bytes());
        let _ = (crate::like::like_escape(&s, &t), crate::like::similar_to_escape(&s, None));
        if let Ok(re) = crate::regex::Regex::new(&t, crate::regex::Flags::default()) {
            let _ = (re.first_match(&s), re.replace(&s, &t, 1, 0), re.split(&s));
        }
    }
}
