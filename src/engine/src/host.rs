//! The session as a running statement sees it.

use std::rc::Rc;

use tusklet_adt::formats::Formats;
use tusklet_catalog::live::TypeEntryKind;
use tusklet_error::{Error, Notice, Result, err};
use tusklet_exec::{ChangedRow, ExecCx, Host, RowEvent};
use tusklet_ir::{Oid, SqlValueKind};
use tusklet_storage::Tid;
use tusklet_vector::{CallContext, CallSite, Datum, RowSource, TypeRef, Value};

use crate::session::{RowChange, Shared};

impl Host for Shared {
    fn transaction_time(&self) -> i64 {
        self.transaction.borrow().as_ref().map_or(self.statement_start.get(), |t| t.started)
    }

    fn statement_time(&self) -> i64 {
        self.statement_start.get()
    }

    fn clock_time(&self) -> i64 {
        self.db.env.now()
    }

    fn check_execute(&self, func: Oid, what: &str) -> Result<()> {
        crate::commands::acl::check_proc(self, func, what)
    }

    fn label_is_new(&self, ty: Oid, label: Oid) -> bool {
        let committed = self.db.catalog.borrow();
        let Some(t) = committed.user_type(ty) else { return false };
        match &t.kind {
            TypeEntryKind::Enum(labels) => !labels.iter().any(|l| l.oid == label),
            _ => false,
        }
    }

    fn random(&self) -> u64 {
        // xoroshiro128**, as PostgreSQL 15's pg_prng.
        let [s0, s1] = self.rng.get();
        let sx = s1 ^ s0;
        let out = s0.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        self.rng.set([s0.rotate_left(24) ^ sx ^ (sx << 16), sx.rotate_left(37)]);
        out
    }

    fn set_seed(&self, seed: f64) {
        // pg_prng_fseed: 52 bits of the fraction and the sign, through splitmix64.
        let mut state = ((((1u64 << 52) - 1) as f64) * seed) as i64 as u64;
        let mut next = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut v = state;
            v = (v ^ (v >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            v = (v ^ (v >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            v ^ (v >> 31)
        };
        let (a, b) = (next(), next());
        self.rng.set(if a == 0 && b == 0 { [0x5851_F42D_4C95_7F2D, 0x1405_7B7E_F767_814F] } else { [a, b] });
    }

    fn entropy(&self) -> u64 {
        self.db.env.entropy()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.borrow().show(name).ok()
    }

    fn text_search(&self, what: tusklet_vector::TextSearch<'_>) -> Result<Rc<dyn std::any::Any>> {
        crate::text_search::get(self, what)
    }

    fn notice(&self, notice: Notice) {
        Shared::notice(self, notice)
    }

    fn check_interrupts(&self) -> Result<()> {
        if self.cancelled.replace(false) {
            return Err(err!(QUERY_CANCELED, "canceling statement due to user request"));
        }
        if self.deadline.get().is_some_and(|d| self.db.env.now() > d) {
            self.deadline.set(None);
            return Err(err!(QUERY_CANCELED, "canceling statement due to statement timeout"));
        }
        if self.db.env.memory_exhausted() {
            return Err(err!(OUT_OF_MEMORY, "out of memory"));
        }
        Ok(())
    }

    fn sql_value(&self, cx: &mut ExecCx<'_>, kind: SqlValueKind, ty: TypeRef) -> Result<Value> {
        let now = self.transaction_time();
        let formats: Rc<Formats> = self.formats_ref();
        let config = formats.datetime(now);
        let precision = |micros: i64| -> i64 {
            if !(0..6).contains(&ty.typmod) {
                return micros;
            }
            let unit = 10i64.pow(6 - ty.typmod as u32);
            (micros + unit / 2).div_euclid(unit) * unit
        };
        let local = || tusklet_adt::timestamp::utc_to_local(now, config.zone);
        Ok(match kind {
            SqlValueKind::CurrentDate => Value::I32(local()?.div_euclid(86_400_000_000) as i32),
            SqlValueKind::CurrentTime => {
                let local = local()?;
                let west = (now - local) / 1_000_000;
                let time = precision(local.rem_euclid(86_400_000_000));
                let t = tusklet_adt::time::TimeTz { micros: time, zone: west as i32 };
                Value::Fixed16(t.encode())
            }
            SqlValueKind::CurrentTimestamp => Value::I64(precision(now)),
            SqlValueKind::LocalTime => Value::I64(precision(local()?.rem_euclid(86_400_000_000))),
            SqlValueKind::LocalTimestamp => Value::I64(precision(local()?)),
            SqlValueKind::CurrentRole | SqlValueKind::CurrentUser | SqlValueKind::User => {
                Value::text(&self.current_user.borrow().1)
            }
            SqlValueKind::SessionUser => Value::text(&self.session_user.borrow().1),
            SqlValueKind::CurrentCatalog => Value::text(&self.db.name.borrow()),
            SqlValueKind::CurrentSchema => {
                let path = self.search_path();
                match cx.catalog.schema_name(path.creation) {
                    Some(n) if path.creation != 0 => Value::text(&n),
                    _ => Value::Null,
                }
            }
        })
    }

    fn next_value(&self, _cx: &mut ExecCx<'_>, sequence: Oid) -> Result<i64> {
        crate::sequence::nextval(self, sequence)
    }

    fn system(
        &self,
        cx: &mut ExecCx<'_>,
        prosrc: &str,
        site: &CallSite,
        args: &[Datum<'_>],
    ) -> Option<Result<Value>> {
        crate::system::call(self, cx, prosrc, site, args)
    }

    fn system_set(
        &self,
        cx: &mut ExecCx<'_>,
        prosrc: &str,
        site: &CallSite,
        args: &[Datum<'_>],
        columns: &[TypeRef],
    ) -> Option<Result<Box<dyn RowSource>>> {
        crate::system::call_set(self, cx, prosrc, site, args, columns)
    }

    fn routine(&self, cx: &mut ExecCx<'_>, func: Oid, site: &CallSite, args: &[Datum<'_>]) -> Result<Value> {
        crate::routine::call(self, cx, func, site, args)
    }

    fn routine_set(
        &self,
        cx: &mut ExecCx<'_>,
        func: Oid,
        site: &CallSite,
        args: &[Datum<'_>],
        columns: &[TypeRef],
    ) -> Result<Box<dyn RowSource>> {
        crate::routine::call_set(self, cx, func, site, args, columns)
    }

    fn catalog_rows(&self, cx: &mut ExecCx<'_>, rel: Oid, columns: &[i16]) -> Result<Box<dyn RowSource>> {
        crate::system::catalog_rows(self, cx, rel, columns)
    }

    fn before_row(
        &self,
        _cx: &mut ExecCx<'_>,
        _rel: Oid,
        _event: RowEvent,
        _old: Option<&[Value]>,
        _new: Option<&mut Vec<Value>>,
    ) -> Result<bool> {
        Err(Error::unsupported("a BEFORE ROW trigger"))
    }

    fn after_row(&self, _cx: &mut ExecCx<'_>, row: ChangedRow<'_>) -> Result<()> {
        self.row_events.borrow_mut().push(RowChange {
            rel: row.rel,
            old: row.old.map(Rc::from),
            new: row.new.map(Rc::from),
            new_tid: row.new_tid,
            constraint: 0,
            unique: None,
        });
        Ok(())
    }

    fn defer_unique(&self, cx: &mut ExecCx<'_>, index: Oid, key: &[u8], tid: Tid) -> Result<()> {
        let rel = cx.catalog.relation(index).and_then(|r| r.index.as_ref().map(|i| i.table));
        let Some(rel) = rel else { return Err(Error::internal("deferred check of no index")) };
        self.row_events.borrow_mut().push(RowChange {
            rel,
            old: None,
            new: None,
            new_tid: tid,
            constraint: 0,
            unique: Some((index, Rc::from(key))),
        });
        Ok(())
    }

    fn index_columns(&self, cx: &mut ExecCx<'_>, index: Oid) -> Result<String> {
        let catalog = cx.catalog.clone();
        let Some(rel) = catalog.relation(index) else { return Ok(String::new()) };
        let Some(ix) = &rel.index else { return Ok(String::new()) };
        let table = catalog.relation(ix.table);
        let mut names = Vec::new();
        for (i, c) in ix.columns.iter().take(ix.keys as usize).enumerate() {
            let column = table.as_ref().and_then(|t| t.column(c.attno));
            names.push(match column {
                Some(col) => tusklet_catalog::resolve::quote_identifier(&col.name),
                None => crate::system::index_expression(self, &rel, i)?,
            });
        }
        Ok(names.join(", "))
    }

    fn cursor_row(&self, _cx: &mut ExecCx<'_>, _cursor: &str, _rel: Oid) -> Result<Option<Tid>> {
        Err(Error::unsupported("WHERE CURRENT OF"))
    }
}

/// Rows that are all there.
pub struct ValueRows {
    rows: std::vec::IntoIter<Vec<Value>>,
}

impl ValueRows {
    /// A source of these rows.
    pub fn boxed(rows: Vec<Vec<Value>>) -> Box<dyn RowSource> {
        Box::new(ValueRows { rows: rows.into_iter() })
    }
}

impl RowSource for ValueRows {
    fn next(&mut self, _cx: &mut dyn CallContext, out: &mut [tusklet_vector::Vector], want: usize) -> Result<usize> {
        let mut n = 0;
        for row in self.rows.by_ref().take(want) {
            for (v, c) in row.iter().zip(out.iter_mut()) {
                c.push(v.as_datum());
            }
            n += 1;
        }
        Ok(n)
    }
}
