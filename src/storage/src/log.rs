//! The redo log's framing, and the trait through which a host keeps it.
//!
//! Storage never waits for a disk. It hands a record to [`LogSink::append`], which takes a copy and returns; the host
//! writes it when it can and then answers `durable() >= lsn`. What may be acknowledged to a client before that is the
//! engine's policy, not storage's.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;

use tusklet_error::{Error, Result, SortedMap, err};

use crate::Lsn;

/// Format version of records, segments and manifests. `FORMAT.md` says what each contains.
pub const FORMAT_VERSION: u16 = 2;

/// A segment's name: a hash of what it holds and of whose it is, so equal names mean equal contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SegmentName(pub u128);

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl SegmentName {
    /// Reads what `Display` writes.
    pub fn parse(s: &str) -> Option<SegmentName> {
        (s.len() == 32).then(|| u128::from_str_radix(s, 16).ok().map(SegmentName)).flatten()
    }
}

/// What loading a segment came to.
pub enum Segment {
    /// Its bytes.
    Ready(Vec<u8>),
    /// The host has begun to fetch it; ask again later.
    Pending,
}

/// A checkpoint to be stored all or not at all, after every record up to `lsn`.
pub struct Checkpoint<'a> {
    /// The manifest, replacing the one before.
    pub manifest: &'a [u8],
    /// Segments that are new.
    pub segments: &'a [(SegmentName, Vec<u8>)],
    /// All segments the manifest names; others may be deleted once this checkpoint is durable.
    pub keep: &'a [SegmentName],
    /// Log records up to here are no longer needed once this checkpoint is durable.
    pub lsn: Lsn,
}

/// Where the log, the segments and the manifest are kept. No method may block.
pub trait LogSink {
    /// Whether there is a point in encoding records at all.
    fn wants_log(&self) -> bool {
        true
    }

    /// Takes the next record. Records must become durable in order.
    fn append(&mut self, lsn: Lsn, record: &[u8]) -> Result<()>;

    /// The last record that would survive the end of the process.
    fn durable(&self) -> Lsn;

    /// Why nothing more can be written, if so: the store then refuses commits and stays readable.
    fn failed(&self) -> Option<Error>;

    /// Takes a checkpoint. Durable some time later, or never: then the old one still stands.
    fn checkpoint(&mut self, checkpoint: Checkpoint<'_>) -> Result<()>;

    /// Fetches a segment. Missing is an error.
    fn load_segment(&mut self, name: SegmentName) -> Result<Segment>;
}

/// The sink of a database that lives in memory only: nothing is encoded.
#[derive(Default)]
pub struct NoLog;

impl LogSink for NoLog {
    fn wants_log(&self) -> bool {
        false
    }
    fn append(&mut self, _: Lsn, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn durable(&self) -> Lsn {
        Lsn(u64::MAX)
    }
    fn failed(&self) -> Option<Error> {
        None
    }
    fn checkpoint(&mut self, _: Checkpoint<'_>) -> Result<()> {
        Ok(())
    }
    fn load_segment(&mut self, name: SegmentName) -> Result<Segment> {
        Err(corrupt(format!("segment {name} is missing")))
    }
}

/// What a [`MemorySink`] holds: a disk, in effect.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    /// Records in the order written.
    pub log: Vec<(Lsn, Vec<u8>)>,
    /// The last manifest.
    pub manifest: Option<Vec<u8>>,
    /// Segments by name.
    pub segments: SortedMap<SegmentName, Vec<u8>>,
    /// Refuse everything from now on.
    pub broken: bool,
    /// Make `append` succeed without anything becoming durable.
    pub lagging: bool,
    /// Ignore checkpoints, as when the process dies before one is stored.
    pub drop_checkpoints: bool,
    /// Answer `Pending` this many times before a segment is there.
    pub slow_loads: usize,
}

impl MemoryDisk {
    /// The log as one stretch of bytes.
    pub fn log_bytes(&self) -> Vec<u8> {
        self.log.iter().flat_map(|r| r.1.iter().copied()).collect()
    }
}

/// A sink for tests, whose disk can be inspected, cut, spoiled and made to fail.
#[derive(Clone, Default)]
pub struct MemorySink(pub Rc<RefCell<MemoryDisk>>);

impl LogSink for MemorySink {
    fn append(&mut self, lsn: Lsn, record: &[u8]) -> Result<()> {
        let mut d = self.0.borrow_mut();
        if d.broken {
            return Err(err!(IO_ERROR, "could not write to the log"));
        }
        if !d.lagging {
            d.log.push((lsn, record.to_vec()));
        }
        Ok(())
    }
    fn durable(&self) -> Lsn {
        self.0.borrow().log.last().map_or(Lsn(0), |r| r.0)
    }
    fn failed(&self) -> Option<Error> {
        self.0.borrow().broken.then(|| err!(IO_ERROR, "could not write to the log"))
    }
    fn checkpoint(&mut self, c: Checkpoint<'_>) -> Result<()> {
        let mut d = self.0.borrow_mut();
        if d.broken {
            return Err(err!(IO_ERROR, "could not write a checkpoint"));
        }
        if d.drop_checkpoints {
            return Ok(());
        }
        for (name, bytes) in c.segments {
            d.segments.insert(*name, bytes.clone());
        }
        d.manifest = Some(c.manifest.to_vec());
        d.segments.retain(|n, _| c.keep.contains(n));
        d.log.retain(|r| r.0 > c.lsn);
        Ok(())
    }
    fn load_segment(&mut self, name: SegmentName) -> Result<Segment> {
        let mut d = self.0.borrow_mut();
        if d.slow_loads > 0 {
            d.slow_loads -= 1;
            return Ok(Segment::Pending);
        }
        match d.segments.get(&name) {
            Some(b) => Ok(Segment::Ready(b.clone())),
            None => Err(corrupt(format!("segment {name} is missing"))),
        }
    }
}

/// XX001: the stored data cannot be what was written.
#[cold]
pub(crate) fn corrupt(message: impl Into<String>) -> Error {
    Error::new(tusklet_error::SqlState::DATA_CORRUPTED, message)
}

/// CRC-32C, eight bytes at a time.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let t: &[[u32; 256]; 8] = &CRC;
    let mut c = !0u32;
    let mut words = bytes.chunks_exact(8);
    for w in &mut words {
        let lo = u32::from_le_bytes([w[0], w[1], w[2], w[3]]) ^ c;
        c = t[7][(lo & 0xFF) as usize]
            ^ t[6][(lo >> 8 & 0xFF) as usize]
            ^ t[5][(lo >> 16 & 0xFF) as usize]
            ^ t[4][(lo >> 24) as usize]
            ^ t[3][w[4] as usize]
            ^ t[2][w[5] as usize]
            ^ t[1][w[6] as usize]
            ^ t[0][w[7] as usize];
    }
    for b in words.remainder() {
        c = c >> 8 ^ t[0][((c ^ *b as u32) & 0xFF) as usize];
    }
    !c
}

/// Made in a few microseconds when first used: as data they would be 8 KiB of every download, noise that does not compress.
static CRC: LazyLock<Box<[[u32; 256]; 8]>> = LazyLock::new(|| {
    let mut t = Box::new([[0u32; 256]; 8]);
    for i in 0..256 {
        let mut c = i as u32;
        for _ in 0..8 {
            c = if c & 1 == 1 { c >> 1 ^ 0x82F6_3B78 } else { c >> 1 };
        }
        t[0][i] = c;
    }
    for j in 1..8 {
        for i in 0..256 {
            let before = t[j - 1][i];
            t[j][i] = before >> 8 ^ t[0][(before & 0xFF) as usize];
        }
    }
    t
});

/// First bytes of a record.
pub(crate) const MAGIC: [u8; 4] = *b"tskR";
/// Magic, length, checksum, version, kind, lsn.
pub(crate) const HEADER: usize = 4 + 4 + 4 + 2 + 2 + 8;

/// Begins a record whose payload is then appended; [`seal`] completes it.
pub(crate) fn start_record(out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&MAGIC);
    out.resize(HEADER, 0);
}

/// What a framed stretch of bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Log,
    Manifest,
    Segment,
}

pub(crate) fn seal(out: &mut [u8], lsn: Lsn, kind: Kind) {
    let len = (out.len() - HEADER) as u32;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    out[12..14].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out[14..16].copy_from_slice(&(kind as u16).to_le_bytes());
    out[16..24].copy_from_slice(&lsn.0.to_le_bytes());
    let crc = crc32c(&out[4..8]) ^ crc32c(&out[12..]).rotate_left(1);
    out[8..12].copy_from_slice(&crc.to_le_bytes());
}

/// What stands at the start of `bytes`.
pub(crate) enum Framed<'a> {
    Record {
        kind: Kind,
        lsn: Lsn,
        payload: &'a [u8],
        len: usize,
    },
    /// A whole record of a format this program does not know.
    Foreign(u16),
    /// Nothing that could have been written whole.
    Broken,
}

#[cfg_attr(tuned, optimize(size))]
pub(crate) fn unframe(bytes: &[u8]) -> Framed<'_> {
    let u32_at = |i: usize| bytes.get(i..i + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    if bytes.get(..4) != Some(&MAGIC) {
        return Framed::Broken;
    }
    let (Some(len), Some(crc)) = (u32_at(4), u32_at(8)) else { return Framed::Broken };
    let Some(end) = (len as usize).checked_add(HEADER).filter(|e| *e <= bytes.len()) else { return Framed::Broken };
    if crc32c(&bytes[4..8]) ^ crc32c(&bytes[12..end]).rotate_left(1) != crc {
        return Framed::Broken;
    }
    let version = u16::from_le_bytes([bytes[12], bytes[13]]);
    if version != FORMAT_VERSION {
        return Framed::Foreign(version);
    }
    let kind = match u16::from_le_bytes([bytes[14], bytes[15]]) {
        0 => Kind::Log,
        1 => Kind::Manifest,
        2 => Kind::Segment,
        _ => return Framed::Broken,
    };
    let mut lsn = [0; 8];
    lsn.copy_from_slice(&bytes[16..24]);
    Framed::Record { kind, lsn: Lsn(u64::from_le_bytes(lsn)), payload: &bytes[HEADER..end], len: end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }
}
