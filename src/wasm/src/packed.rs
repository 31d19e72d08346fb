//! Writes outputs as `PACKED.md` lays them out.
//!
//! An output is one run of items in memory that starts 8-aligned and keeps its address until the next call, so that JavaScript views
//! columns where they are. It is cleared, not freed, between calls: a small statement allocates nothing.

use tusklet_error::{Report, Result, Severity, Span};
use tusklet_vector::{Batch, Column, Datum, Vector};

/// Kinds of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs)]
pub enum Item {
    Fields = 1,
    Rows = 2,
    Complete = 3,
    Notice = 4,
    Notification = 5,
    Error = 6,
    ParamTypes = 7,
    Statement = 8,
    Bytes = 9,
    LogRecord = 10,
    NeedSegment = 11,
    Segment = 12,
    DropSegment = 13,
    Manifest = 14,
    Setting = 15,
}

/// How a column's data is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[allow(missing_docs)]
pub enum Form {
    Text = 0,
    Bool = 1,
    I16 = 2,
    I32 = 3,
    I64 = 4,
    F32 = 5,
    F64 = 6,
    Bytea = 7,
    Date = 8,
    Timestamp = 9,
    TimestampTz = 10,
    Uuid = 11,
}

/// Request flag: every column in text form.
pub const ALL_TEXT: u32 = 1;
/// Request flag: dates and timestamps in text form.
pub const TEXT_DATES: u32 = 2;
/// Request flag: a statement the host keeps for itself.
pub const UNNAMED: u32 = 4;

/// Complete flag: more rows existed.
pub const TRUNCATED: u32 = 1;
/// Complete flag: an empty query.
pub const EMPTY: u32 = 2;

/// The form a type crosses in.
pub fn form_of(type_oid: u32, flags: u32) -> Form {
    if flags & ALL_TEXT != 0 {
        return Form::Text;
    }
    match type_oid {
        16 => Form::Bool,
        17 => Form::Bytea,
        20 | 26 => Form::I64,
        21 => Form::I16,
        23 => Form::I32,
        700 => Form::F32,
        701 => Form::F64,
        2950 => Form::Uuid,
        1082 if flags & TEXT_DATES == 0 => Form::Date,
        1114 if flags & TEXT_DATES == 0 => Form::Timestamp,
        1184 if flags & TEXT_DATES == 0 => Form::TimestampTz,
        _ => Form::Text,
    }
}

/// Types whose stored bytes are their text output.
fn stored_as_text(type_oid: u32) -> bool {
    matches!(type_oid, 25 | 1043 | 1042 | 19 | 114 | 705 | 2275)
}

/// A column of a result, as its Fields item tells it.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Column name.
    pub name: &'a str,
    /// Type OID.
    pub type_oid: u32,
    /// Type modifier, -1 for none.
    pub typmod: i32,
    /// Table the column comes from, or 0.
    pub table: u32,
    /// Its number there, or 0.
    pub attnum: i16,
    /// `pg_type.typlen`.
    pub typlen: i16,
}

/// The output of one call.
#[derive(Default)]
pub struct Output {
    words: Vec<u64>,
    len: usize,
    /// Text of the column being written; kept for its capacity.
    heap: Vec<u8>,
    /// The last Complete item: its body and its end.
    complete: (usize, usize),
}

/// Where an item began: to end it, or to take it back.
#[must_use]
pub struct Mark(usize);

impl Output {
    /// Forgets what was written.
    pub fn clear(&mut self) {
        self.len = 0;
        self.complete = (0, 0);
    }

    /// Bytes written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was written; its address is what the io block tells.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the words are initialised, `len` never exceeds them, and any bytes are valid `u8`.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast::<u8>(), self.len) }
    }

    /// Room for `n` more bytes, to be written.
    fn extend(&mut self, n: usize) -> &mut [u8] {
        let at = self.len;
        self.len += n;
        let words = self.len.div_ceil(8);
        if words > self.words.len() {
            self.words.resize(words.max(self.words.len() * 2).max(512), 0);
        }
        // SAFETY: `words` covers `len` bytes as just made sure, all initialised; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast::<u8>().add(at), n) }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.extend(bytes.len()).copy_from_slice(bytes);
    }

    fn u8(&mut self, n: u8) {
        self.put(&[n]);
    }

    fn u16(&mut self, n: u16) {
        self.put(&n.to_le_bytes());
    }

    fn u32(&mut self, n: u32) {
        self.put(&n.to_le_bytes());
    }

    fn u64(&mut self, n: u64) {
        self.put(&n.to_le_bytes());
    }

    fn text(&mut self, s: &str) {
        self.u32(s.len() as u32);
        self.put(s.as_bytes());
    }

    fn pad(&mut self, to: usize) {
        let n = self.len.next_multiple_of(to) - self.len;
        self.extend(n).fill(0);
    }

    fn patch(&mut self, at: usize, n: u32) {
        let len = std::mem::replace(&mut self.len, at);
        self.u32(n);
        self.len = len;
    }

    fn begin(&mut self, kind: Item) -> Mark {
        self.u32(kind as u32);
        self.u32(0);
        Mark(self.len)
    }

    fn end(&mut self, mark: Mark) {
        self.patch(mark.0 - 4, (self.len - mark.0) as u32);
        self.pad(8);
    }

    /// A row description; `flags` are the request's.
    pub fn fields(&mut self, fields: &[Field<'_>], flags: u32) {
        let mark = self.begin(Item::Fields);
        self.u32(fields.len() as u32);
        for f in fields {
            self.u32(f.type_oid);
            self.u32(f.typmod as u32);
            self.u32(f.table);
            self.u16(f.attnum as u16);
            self.u16(f.typlen as u16);
            self.u16(form_of(f.type_oid, flags) as u16);
            self.u16(f.name.len() as u16);
            self.put(f.name.as_bytes());
            self.pad(4);
        }
        self.end(mark);
    }

    /// A batch of rows. `types` are the columns' types; `out(column, value, text)` appends a value's text output, as the type's output
    /// function writes it. When that fails nothing of the item remains.
    pub fn rows(
        &mut self,
        batch: &Batch,
        types: &[u32],
        flags: u32,
        out: &mut dyn FnMut(usize, Datum<'_>, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let n = batch.len();
        let item = self.len;
        let mark = self.begin(Item::Rows);
        let body = mark.0;
        self.u32(n as u32);
        self.u32(types.len() as u32);
        let descriptors = self.len;
        self.extend(16 * types.len()).fill(0);
        for (c, (vector, &type_oid)) in batch.columns.iter().zip(types).enumerate() {
            let at = descriptors + 16 * c;
            if let Err(error) = self.column(batch, vector, c, type_oid, flags, body, at, out) {
                self.len = item;
                return Err(error);
            }
        }
        self.end(mark);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn column(
        &mut self,
        batch: &Batch,
        vector: &Vector,
        c: usize,
        type_oid: u32,
        flags: u32,
        body: usize,
        descriptor: usize,
        out: &mut dyn FnMut(usize, Datum<'_>, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let n = batch.len();
        if !vector.validity.is_all_set() {
            self.pad(8);
            let at = self.len;
            self.patch(descriptor, (at - body) as u32);
            self.extend(n.div_ceil(8)).fill(0);
            for k in 0..n {
                if !vector.is_null(batch.sel.row(k)) {
                    self.set_bit(at, k);
                }
            }
        }
        self.pad(8);
        self.patch(descriptor + 4, (self.len - body) as u32);
        let form = form_of(type_oid, flags);
        match (form, &vector.data) {
            (Form::Text, _) | (Form::Bytea, _) => {
                let as_stored = form == Form::Bytea || stored_as_text(type_oid);
                let mut heap = std::mem::take(&mut self.heap);
                heap.clear();
                self.u32(0);
                for k in 0..n {
                    let row = batch.sel.row(k);
                    if !vector.is_null(row) {
                        let datum = vector.get(row);
                        if as_stored {
                            heap.extend_from_slice(datum.bytes());
                        } else if let Err(error) = out(c, datum, &mut heap) {
                            self.heap = heap;
                            return Err(error);
                        }
                    }
                    self.u32(heap.len() as u32);
                }
                self.pad(8);
                self.patch(descriptor + 8, (self.len - body) as u32);
                self.patch(descriptor + 12, heap.len() as u32);
                self.put(&heap);
                self.heap = heap;
            }
            (_, Column::Bool(v)) => self.each(batch, vector, v, |x| [*x]),
            (_, Column::I16(v)) => self.each(batch, vector, v, |x| x.to_le_bytes()),
            (_, Column::I32(v)) => self.each(batch, vector, v, |x| x.to_le_bytes()),
            (_, Column::I64(v)) => self.each(batch, vector, v, |x| x.to_le_bytes()),
            (_, Column::F32(v)) => self.each(batch, vector, v, |x| x.to_le_bytes()),
            (_, Column::F64(v)) => self.each(batch, vector, v, |x| x.to_le_bytes()),
            (_, Column::Fixed16(v)) => self.each(batch, vector, v, |x| *x),
            (_, Column::Bytes(_)) => {
                return Err(tusklet_error::Error::internal(format!("type {type_oid} is not of fixed width")));
            }
        }
        Ok(())
    }

    fn each<T, const W: usize>(&mut self, batch: &Batch, vector: &Vector, values: &[T], bytes: impl Fn(&T) -> [u8; W]) {
        let n = batch.len();
        let to = self.extend(n * W);
        for (k, cell) in to.chunks_exact_mut(W).enumerate() {
            if let Some(x) = values.get(vector.at(batch.sel.row(k))) {
                cell.copy_from_slice(&bytes(x));
            }
        }
    }

    fn set_bit(&mut self, at: usize, k: usize) {
        let byte = at + k / 8;
        let word = &mut self.words[byte / 8];
        *word |= 1u64 << ((byte % 8) * 8 + k % 8);
    }

    /// The end of a statement. `tag` without numbers; `count` when the tag has one.
    pub fn complete(&mut self, tag: &str, count: Option<u64>, flags: u32) {
        if flags == 0 && self.repeats(tag, count) {
            return;
        }
        let mark = self.begin(Item::Complete);
        let body = self.len;
        self.u32(flags);
        self.u64(count.unwrap_or(0));
        self.u32(u32::from(count.is_some()));
        self.text(tag);
        self.end(mark);
        self.complete = (body, if flags == 0 { self.len } else { 0 });
    }

    /// Whether the last item says the same, and can say that it was so once more.
    fn repeats(&mut self, tag: &str, count: Option<u64>) -> bool {
        let (body, end) = self.complete;
        if end == 0 || end != self.len {
            return false;
        }
        let last = &self.as_bytes()[body..end];
        let known = last[4..12] == count.unwrap_or(0).to_le_bytes()
            && last[12] == u8::from(count.is_some())
            && last[16..20] == (tag.len() as u32).to_le_bytes()
            && last[20..].starts_with(tag.as_bytes());
        // The times are the flags' upper three bytes.
        if !known || last[1..4] == [0xFF; 3] {
            return false;
        }
        self.words[body / 8] += 1 << 8;
        true
    }

    /// A notice or an error, by its severity. `sql` is the text its span points into.
    pub fn report(&mut self, r: &Report, sql: &str) {
        let kind = if r.severity >= Severity::Error { Item::Error } else { Item::Notice };
        let mark = self.begin(kind);
        self.u32(position(sql, r.span));
        self.u32(position(r.internal_query.as_deref().unwrap_or(""), r.internal_span));
        for (code, text) in [(b'S', r.severity.as_str()), (b'C', r.code.as_str()), (b'M', r.message.as_str())] {
            self.u8(code);
            self.text(text);
        }
        for (code, text) in [
            (b'D', &r.detail),
            (b'H', &r.hint),
            (b'W', &r.context),
            (b'q', &r.internal_query),
            (b's', &r.schema),
            (b't', &r.table),
            (b'c', &r.column),
            (b'd', &r.datatype),
            (b'n', &r.constraint),
        ] {
            if let Some(text) = text {
                self.u8(code);
                self.text(text);
            }
        }
        self.u8(0);
        self.end(mark);
    }

    /// A message of NOTIFY.
    pub fn notification(&mut self, pid: u32, channel: &str, payload: &str) {
        let mark = self.begin(Item::Notification);
        self.u32(pid);
        self.text(channel);
        self.text(payload);
        self.end(mark);
    }

    /// Types of a statement's parameters.
    pub fn param_types(&mut self, oids: &[u32]) {
        let mark = self.begin(Item::ParamTypes);
        self.u32(oids.len() as u32);
        for &oid in oids {
            self.u32(oid);
        }
        self.end(mark);
    }

    /// Handle of a prepared statement.
    pub fn statement(&mut self, handle: u32) {
        let mark = self.begin(Item::Statement);
        self.u32(handle);
        self.end(mark);
    }

    /// Protocol bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let mark = self.begin(Item::Bytes);
        self.put(bytes);
        self.end(mark);
    }

    /// A log record or the manifest: an lsn and bytes.
    pub fn at_lsn(&mut self, kind: Item, lsn: u64, bytes: &[u8]) {
        let mark = self.begin(kind);
        self.u64(lsn);
        self.put(bytes);
        self.end(mark);
    }

    /// NeedSegment or DropSegment.
    pub fn segment_name(&mut self, kind: Item, name: &str) {
        let mark = self.begin(kind);
        self.text(name);
        self.end(mark);
    }

    /// A segment to be stored.
    pub fn segment(&mut self, name: &str, bytes: &[u8]) {
        let mark = self.begin(Item::Segment);
        self.text(name);
        self.u32(bytes.len() as u32);
        self.put(bytes);
        self.end(mark);
    }

    /// A setting the client is told of.
    pub fn setting(&mut self, name: &str, value: &str) {
        let mark = self.begin(Item::Setting);
        self.text(name);
        self.text(value);
        self.end(mark);
    }
}

/// The 1-based character position of a span; 0 for none.
pub fn position(sql: &str, span: Span) -> u32 {
    if span.is_none() {
        return 0;
    }
    match sql.as_bytes().get(..span.start as usize) {
        // Continuation bytes are not characters.
        Some(before) => before.iter().filter(|&&b| b & 0xC0 != 0x80).count() as u32 + 1,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use tusklet_error::{Error, SqlState};
    use tusklet_vector::{Phys, Sel, Value};

    fn vector(phys: Phys, values: &[Value]) -> Rc<Vector> {
        let mut v = Vector::empty(phys);
        for x in values {
            v.push(x.as_datum());
        }
        Rc::new(v)
    }

    fn u32_at(b: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(b[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn rows_are_columns_with_offsets_from_the_body() {
        let a = vector(Phys::I32, &[Value::I32(7), Value::Null, Value::I32(-1)]);
        let t = vector(Phys::Bytes, &[Value::text("x"), Value::text("skipped"), Value::text("yz")]);
        let n = vector(Phys::Bytes, &[Value::text("1"), Value::text("2"), Value::text("3")]);
        let mut batch = Batch::new(vec![a, t, n], 3);
        batch.sel = Sel::Rows(vec![0, 2].into());
        let mut o = Output::default();
        o.rows(&batch, &[23, 25, 1700], 0, &mut |_, d, heap| {
            heap.push(b'#');
            heap.extend_from_slice(d.bytes());
            Ok(())
        })
        .unwrap();
        let b = o.as_bytes();
        assert_eq!((u32_at(b, 0), b.len() % 8), (2, 0));
        let body = &b[8..];
        assert_eq!((u32_at(body, 0), u32_at(body, 4)), (2, 3));
        let column = |c: usize| (8 + 16 * c..).step_by(4).take(4).map(|i| u32_at(body, i) as usize).collect::<Vec<_>>();
        let ints = column(0);
        assert_eq!(body[ints[0]], 0b11);
        assert_eq!((u32_at(body, ints[1]) as i32, u32_at(body, ints[1] + 4) as i32), (7, -1));
        let text = column(1);
        assert_eq!((text[0], text[3]), (0, 3));
        assert_eq!(&body[text[2]..text[2] + 3], b"xyz");
        assert_eq!(u32_at(body, text[1] + 4), 1);
        let numeric = column(2);
        assert_eq!(&body[numeric[2]..numeric[2] + numeric[3]], b"#1#3");
        for c in 0..3 {
            assert!(column(c).iter().take(3).all(|o| (o + 8) % 8 == 0));
        }
    }

    #[test]
    fn a_failing_output_function_leaves_nothing() {
        let v = vector(Phys::I64, &[Value::I64(1)]);
        let mut o = Output::default();
        o.statement(3);
        let before = o.len();
        let failed = o.rows(&Batch::new(vec![v], 1), &[790], 0, &mut |_, _, _| Err(Error::new(SqlState::INTERNAL_ERROR, "no")));
        assert!(failed.is_err());
        assert_eq!(o.len(), before);
    }

    #[test]
    fn positions_are_characters() {
        assert_eq!(position("SELECT 'é', x", Span::new(13, 14)), 13);
        assert_eq!(position("x", Span::NONE), 0);
        assert_eq!(position("x", Span::new(5, 6)), 0);
    }
}
