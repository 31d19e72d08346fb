//! Where results go. The wire protocol and the JavaScript boundary are two of these.

use std::borrow::Cow;

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Notice, Result};
use tusklet_exec::ExecCx;
use tusklet_ir::{Oid, ResultColumn};
use tusklet_vector::{Batch, CallContext, Datum};

/// What a finished statement did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tag {
    /// The words: `INSERT`, `CREATE TABLE`.
    pub words: Cow<'static, str>,
    /// Rows, for the statements that tell.
    pub rows: Option<u64>,
}

impl Tag {
    /// A tag without a count.
    pub fn plain(words: impl Into<Cow<'static, str>>) -> Tag {
        Tag { words: words.into(), rows: None }
    }

    /// A tag with a count.
    pub fn counted(words: impl Into<Cow<'static, str>>, rows: u64) -> Tag {
        Tag { words: words.into(), rows: Some(rows) }
    }

    /// As CommandComplete says it.
    pub fn text(&self) -> String {
        match self.rows {
            None => self.words.to_string(),
            Some(n) if self.words == "INSERT" => format!("INSERT 0 {n}"),
            Some(n) => format!("{} {n}", self.words),
        }
    }
}

/// A receiver of results.
pub trait Output {
    /// The shape of the rows to come.
    fn columns(&mut self, columns: &[ResultColumn], formats: &[i16]) -> Result<()>;
    /// There will be no rows (only asked for by Describe).
    fn no_columns(&mut self) {}
    /// Rows: all selected ones of a batch. `formats`: none (all text), one for all, or one a column; 1 is binary.
    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], formats: &[i16], batch: &Batch) -> Result<()>;
    /// A statement is done.
    fn complete(&mut self, tag: &Tag);
    /// The row limit of Execute was reached.
    fn suspended(&mut self);
    /// The text held no statement.
    fn empty(&mut self);
    /// A statement failed. Positions count in `sql`.
    fn error(&mut self, error: &Error, sql: &str);
    /// A message that ends nothing.
    fn notice(&mut self, notice: &Notice, sql: &str);
    /// Whether changed settings and notifications wait until the request is answered whole.
    fn hears_when_ready(&self) -> bool {
        false
    }
    /// A setting clients are told of changed.
    fn setting(&mut self, name: &str, value: &str);
    /// A notification.
    fn notification(&mut self, pid: u32, channel: &str, payload: &str);
    /// COPY FROM STDIN wants data of so many columns.
    fn copy_in(&mut self, columns: usize, binary: bool);
    /// COPY TO STDOUT begins.
    fn copy_out(&mut self, columns: usize, binary: bool);
    /// A piece of COPY data.
    fn copy_data(&mut self, data: &[u8]);
    /// COPY TO STDOUT ends.
    fn copy_done(&mut self);
    /// Enough for now: the statement pauses.
    fn is_full(&self) -> bool {
        false
    }
}

/// The format of column or parameter `i`: 0 is text, 1 binary.
pub fn format_of(formats: &[i16], i: usize) -> i16 {
    match formats {
        [] => 0,
        [one] => *one,
        all => all.get(i).copied().unwrap_or(0),
    }
}

/// Appends a value's text form; the commonest types without calling their output function.
#[inline]
pub fn write_text(cx: &mut ExecCx<'_>, ty: Oid, d: Datum<'_>, out: &mut Vec<u8>, scratch: &mut String) -> Result<()> {
    match (ty, d) {
        (oids::TEXT | oids::VARCHAR | oids::NAME | oids::JSON | oids::UNKNOWN | oids::BPCHAR, Datum::Bytes(b)) => {
            out.extend_from_slice(b)
        }
        (oids::INT4, Datum::I32(v)) => write_int(v as i64, out),
        (oids::INT8 | oids::OID, Datum::I64(v)) => write_int(v, out),
        (oids::INT2, Datum::I16(v)) => write_int(v as i64, out),
        (oids::BOOL, Datum::Bool(v)) => out.push(if v { b't' } else { b'f' }),
        _ => {
            scratch.clear();
            cx.output(ty, d, scratch)?;
            out.extend_from_slice(scratch.as_bytes());
        }
    }
    Ok(())
}

/// Appends a decimal integer.
pub fn write_int(v: i64, out: &mut Vec<u8>) {
    let mut buf = [0u8; 20];
    let mut at = buf.len();
    let mut n = v.unsigned_abs();
    loop {
        at -= 1;
        buf[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    if v < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&buf[at..]);
}

/// A byte offset of `sql` as the protocol's 1-based character position.
pub fn char_position(sql: &str, byte: u32) -> usize {
    let byte = (byte as usize).min(sql.len());
    sql.as_bytes()[..byte].iter().filter(|b| **b & 0xC0 != 0x80).count() + 1
}

