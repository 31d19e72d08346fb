//! `pg_snapshot` and its older twin. A value is kept as its text, which `pg_snapshot_in` has made canonical.

use tusklet_adt::int::is_space;
use tusklet_error::{Error, Result, bail, err};
use tusklet_vector::{Call, Datum, Kernel, RowSource, Value};

use crate::bind::{Arg, Entry};

/// Transactions below `xmin` are over, those from `xmax` on not begun, those listed are running.
struct Snapshot {
    xmin: u64,
    xmax: u64,
    running: Vec<u64>,
}

/// As C's `strtoull` with base 10: the number at the start of `s`, which is moved behind it.
fn number(s: &mut &str) -> u64 {
    let t = s.trim_start_matches(is_space);
    let signed = t.starts_with(['+', '-']) as usize;
    let digits = t[signed..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return 0;
    }
    let v = t[signed..signed + digits].parse::<u64>();
    let negative = t.starts_with('-');
    *s = &t[signed + digits..];
    v.map_or(u64::MAX, |v| if negative { v.wrapping_neg() } else { v })
}

impl Snapshot {
    fn parse(text: &str) -> Option<Snapshot> {
        let mut s = text;
        let xmin = number(&mut s);
        s = s.strip_prefix(':')?;
        let xmax = number(&mut s);
        s = s.strip_prefix(':')?;
        // A transaction number whose low half is zero is none.
        if xmin as u32 == 0 || xmax as u32 == 0 || xmax < xmin {
            return None;
        }
        let (mut running, mut last) = (vec![], 0);
        while !s.is_empty() {
            let v = number(&mut s);
            if v < xmin || v >= xmax || v < last {
                return None;
            }
            if v != last {
                running.push(v);
            }
            last = v;
            match s.strip_prefix(',') {
                Some(rest) => s = rest,
                None if s.is_empty() => {}
                None => return None,
            }
        }
        Some(Snapshot { xmin, xmax, running })
    }

    fn text(&self) -> String {
        let running: Vec<String> = self.running.iter().map(u64::to_string).collect();
        format!("{}:{}:{}", self.xmin, self.xmax, running.join(","))
    }

    fn sees(&self, xid: u64) -> bool {
        xid < self.xmin || xid < self.xmax && self.running.binary_search(&xid).is_err()
    }

    fn send(&self) -> Vec<u8> {
        let mut out = (self.running.len() as u32).to_be_bytes().to_vec();
        for v in [&self.xmin, &self.xmax].into_iter().chain(&self.running) {
            out.extend_from_slice(&v.to_be_bytes());
        }
        out
    }

    fn recv(b: &[u8]) -> Result<Snapshot> {
        let bad = || err!(INVALID_BINARY_REPRESENTATION, "invalid external pg_snapshot data");
        let (n, rest) = b.split_first_chunk::<4>().ok_or_else(bad)?;
        let words: Vec<u64> = rest.chunks_exact(8).map(|w| w.iter().fold(0, |v, b| v << 8 | *b as u64)).collect();
        let [xmin, xmax, running @ ..] = words.as_slice() else { return Err(bad()) };
        let sane = *xmin as u32 != 0 && xmin <= xmax && u32::from_be_bytes(*n) as usize == running.len();
        if !sane || !running.is_sorted() || running.iter().any(|v| v < xmin || v >= xmax) {
            return Err(bad());
        }
        let mut running = running.to_vec();
        running.dedup();
        Ok(Snapshot { xmin: *xmin, xmax: *xmax, running })
    }
}

impl<'a> Arg<'a> for Snapshot {
    fn arg(d: Datum<'a>) -> Snapshot {
        Snapshot::parse(d.str()).unwrap_or(Snapshot { xmin: 1, xmax: 1, running: vec![] })
    }
}

fn read(s: &str) -> Result<String> {
    match Snapshot::parse(s) {
        Some(v) => Ok(v.text()),
        None => bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type pg_snapshot: \"{}\""; s),
    }
}

fn running(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [d, ..] = args else { return Err(Error::internal("no snapshot")) };
    Ok(crate::sets::Ready::column(Snapshot::arg(*d).running.iter().map(|v| Value::I64(*v as i64)).collect()))
}

const IN: Kernel = f!(a: &str => read(a)?);
const OUT: Kernel = f!(a: &[u8] => a);
const RECV: Kernel = f!(a: &[u8] => Snapshot::recv(a)?.text());
const SEND: Kernel = f!(a: Snapshot => a.send());
const XMIN: Kernel = f!(a: Snapshot => a.xmin as i64);
const XMAX: Kernel = f!(a: Snapshot => a.xmax as i64);
const SEES: Kernel = f!(x: i64, a: Snapshot => a.sees(x as u64));

pub const TABLES: &[&[Entry]] = &[&[
    ("pg_snapshot_in", IN),
    ("pg_snapshot_out", OUT),
    ("pg_snapshot_recv", RECV),
    ("pg_snapshot_send", SEND),
    ("pg_snapshot_xmin", XMIN),
    ("pg_snapshot_xmax", XMAX),
    ("pg_snapshot_xip", Kernel::Set(running)),
    ("pg_visible_in_snapshot", SEES),
]];
