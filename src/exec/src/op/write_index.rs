//! What every written row must satisfy, and the indexes it must be entered into.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::resolve::quote_identifier;
use tusklet_error::{Error, Result, err, filled};
use tusklet_ir::{ModifyTarget, Oid, TargetColumn};
use tusklet_storage::{RelId, Tid, Unique, Wait};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{CallContext, Datum, Phys, Value};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::{CExpr, Kind};
use crate::index_keys::{IndexKeys, exclusion, pieces};
use crate::row::Row;

/// A compiled index of a written table.
pub(crate) struct CIndex {
    pub oid: Oid,
    pub name: String,
    pub storage: RelId,
    pub keys: Vec<(CExpr, KeyPart)>,
    pub key_types: Vec<Oid>,
    /// Operator families of its key columns.
    pub families: Vec<Oid>,
    /// Slots its key and predicate look at.
    pub slots: Vec<usize>,
    pub unique: bool,
    pub nulls_not_distinct: bool,
    pub immediate: bool,
    pub predicate: Option<CExpr>,
    /// How it is kept when it is no B-tree: keys are then several, each behind its length.
    pub method: Option<IndexKeys>,
    /// Of an exclusion constraint: operators and their functions.
    pub exclusion: Vec<(Oid, Oid)>,
}

fn families(cx: &ExecCx<'_>, index: Oid) -> Vec<Oid> {
    let rel = cx.catalog.relation(index);
    rel.iter().filter_map(|r| r.index.as_ref()).flat_map(|i| i.columns.iter().map(|c| c.opfamily)).collect()
}

/// A compiled table to write to.
pub(crate) struct CTarget {
    pub rel: Oid,
    pub name: (String, String),
    pub storage: RelId,
    pub columns: Vec<TargetColumn>,
    pub phys: Vec<Phys>,
    pub checks: Vec<(String, CExpr)>,
    pub generated: Vec<(usize, CExpr)>,
    pub indexes: Vec<CIndex>,
    pub view_checks: Vec<(String, CExpr)>,
    pub after_rows: bool,
    pub before_rows: bool,
    pub attribute_map: Option<Vec<Option<u32>>>,
    /// Slots of plain unique keys, which foreign keys may refer to.
    pub key_slots: Vec<usize>,
}

impl CTarget {
    pub fn compile(c: &mut Compiler<'_, '_>, t: &ModifyTarget) -> Result<CTarget> {
        let pair = |c: &mut Compiler<'_, '_>, list: &[(String, tusklet_ir::Expr)]| -> Result<Vec<(String, CExpr)>> {
            list.iter().map(|(n, e)| Ok((n.clone(), c.expr(e)?))).collect()
        };
        let mut indexes = Vec::with_capacity(t.indexes.len());
        let mut key_slots = Vec::new();
        for i in &t.indexes {
            let mut keys = Vec::with_capacity(i.keys.len());
            let mut plain = i.unique && i.predicate.is_none();
            for (e, k) in &i.keys {
                let e = c.expr(e)?;
                plain &= matches!(e.kind, Kind::Column(_));
                keys.push((e, c.key_part(k)));
            }
            let slots: Vec<usize> = i.attnos.iter().filter(|a| **a > 0).map(|a| *a as usize - 1).collect();
            if plain {
                key_slots.extend_from_slice(&slots);
            }
            indexes.push(CIndex {
                oid: i.oid,
                name: i.name.clone(),
                storage: RelId(i.storage),
                keys,
                key_types: i.keys.iter().map(|(e, _)| e.ty.oid).collect(),
                families: families(c.cx, i.oid),
                slots,
                unique: i.unique,
                nulls_not_distinct: i.nulls_not_distinct,
                immediate: i.immediate,
                predicate: i.predicate.as_ref().map(|e| c.expr(e)).transpose()?,
                method: c.cx.catalog.relation(i.oid).and_then(|r| IndexKeys::of(&r)),
                exclusion: exclusion(c.cx, i.oid),
            });
        }
        let mut generated = Vec::with_capacity(t.generated.len());
        for (a, e) in &t.generated {
            generated.push(((*a as usize).saturating_sub(1), c.expr(e)?));
        }
        Ok(CTarget {
            rel: t.rel,
            name: t.name.clone(),
            storage: RelId(t.storage),
            columns: t.columns.clone(),
            phys: t.columns.iter().map(|x| crate::types::phys(&c.cx.catalog, x.ty.oid)).collect(),
            checks: pair(c, &t.checks)?,
            generated,
            indexes,
            view_checks: pair(c, &t.view_checks)?,
            after_rows: t.after_rows,
            before_rows: t.before_rows,
            attribute_map: t.attribute_map.clone(),
            key_slots,
        })
    }

    /// Computes generated columns.
    pub fn generate(&self, cx: &mut ExecCx<'_>, row: &mut [Value]) -> Result<()> {
        for (slot, e) in &self.generated {
            let v = e.value(cx, Row::Values(row))?;
            if let Some(s) = row.get_mut(*slot) {
                *s = v;
            }
        }
        Ok(())
    }

    /// NOT NULL and CHECK, as `ExecConstraints`.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn check(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<()> {
        for (i, c) in self.columns.iter().enumerate() {
            if c.not_null && !c.dropped && row.get(i).is_null() {
                let e = err!(
                    NOT_NULL_VIOLATION,
                    "null value in column \"{}\" of relation \"{}\" violates not-null constraint";
                    c.name,
                    self.name.1
                );
                return Err(self.failing(cx, row, e)?.column(c.name.clone()));
            }
        }
        for (name, e) in &self.checks {
            let v = e.eval_row(cx, row)?;
            if !v.d().is_null() && !v.d().bool() {
                let e = err!(
                    CHECK_VIOLATION, "new row for relation \"{}\" violates check constraint \"{}\""; self.name.1, name
                );
                return Err(self.failing(cx, row, e)?.constraint(name.clone()));
            }
        }
        Ok(())
    }

    /// WITH CHECK OPTION of the views written through.
    pub fn check_views(&self, cx: &mut ExecCx<'_>, row: &[Value]) -> Result<()> {
        for (view, e) in &self.view_checks {
            if !e.holds(cx, Row::Values(row))? {
                let e = err!(WITH_CHECK_OPTION_VIOLATION, "new row violates check option for view \"{}\""; view);
                let detail = self.row_text(cx, Row::Values(row))?;
                return Err(e.detail(detail));
            }
        }
        Ok(())
    }

    /// Adds table names and `Failing row contains (…)`.
    fn failing(&self, cx: &mut ExecCx<'_>, row: Row<'_>, e: Error) -> Result<Error> {
        let detail = self.row_text(cx, row)?;
        Ok(e.detail(detail).table(self.name.0.clone(), self.name.1.clone()))
    }

    fn row_text(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<String> {
        // As `ExecBuildSlotValueDescription`, which cuts values at 64 bytes.
        let mut text = String::from("Failing row contains (");
        let mut first = true;
        for (i, c) in self.columns.iter().enumerate().filter(|(_, c)| !c.dropped) {
            let v = row.get(i);
            if !std::mem::replace(&mut first, false) {
                text.push_str(", ");
            }
            if v.is_null() {
                text.push_str("null");
                continue;
            }
            let mut s = String::new();
            cx.output(c.ty.oid, v, &mut s)?;
            if s.len() > 64 {
                let cut = (0..=64).rev().find(|i| s.is_char_boundary(*i)).unwrap_or(0);
                text.push_str(&s[..cut]);
                text.push_str("...");
            } else {
                text.push_str(&s);
            }
        }
        text.push_str(").");
        Ok(text)
    }
}

/// The key of a row in an index.
pub(crate) struct Key {
    pub bytes: Vec<u8>,
    pub has_null: bool,
}

/// What a uniqueness check came to.
pub(crate) enum Checked {
    Free,
    Conflict(Tid),
    Wait(Wait),
}

impl CIndex {
    /// The key of a row; `None` when the predicate leaves the row out.
    pub fn key(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<Option<Key>> {
        let mut bytes = Vec::with_capacity(9 * self.keys.len());
        Ok(self.key_into(cx, row, &mut bytes)?.map(|has_null| Key { bytes, has_null }))
    }

    /// Appends the key of a row; tells whether it has a NULL, `None` when the predicate leaves the row out.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn key_into(&self, cx: &mut ExecCx<'_>, row: Row<'_>, out: &mut Vec<u8>) -> Result<Option<bool>> {
        if let Some(p) = &self.predicate
            && !p.holds(cx, row)?
        {
            return Ok(None);
        }
        let mut has_null = false;
        for (n, (e, part)) in self.keys.iter().enumerate() {
            let v = e.eval_row(cx, row)?;
            has_null |= v.d().is_null();
            match &self.method {
                Some(m) => m.write(cx, n, v.d(), out)?,
                None => part.write(v.d(), out),
            }
        }
        Ok(Some(has_null))
    }

    /// The entries a key stands for.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn entries<'k>(&self, key: &'k [u8]) -> impl Iterator<Item = &'k [u8]> {
        let (one, many) = if self.method.is_some() { (None, key) } else { (Some(key), &[][..]) };
        one.into_iter().chain(pieces(many))
    }

    pub fn values(&self, cx: &mut ExecCx<'_>, row: Row<'_>) -> Result<Vec<Value>> {
        self.keys.iter().map(|(e, _)| e.value(cx, row)).collect()
    }

    /// Whether a new row may be beside those there are, by an exclusion constraint (`check_exclusion_constraint`); of a
    /// conflict also the text of both keys.
    pub fn check_exclusion(
        &self,
        cx: &mut ExecCx<'_>,
        target: &CTarget,
        row: Row<'_>,
        key: &Key,
        except: Option<Tid>,
    ) -> Result<(Checked, Vec<Value>)> {
        if key.has_null {
            return Ok((Checked::Free, vec![]));
        }
        let mine = self.values(cx, row)?;
        let index = cx.store.index(self.storage)?;
        let mut found = Vec::new();
        match &self.method {
            None => index.candidates(&key.bytes, &mut found)?,
            Some(m) if m.has(0) => {
                let mut queries = Vec::new();
                for (n, ((op, _), v)) in self.exclusion.iter().zip(&mine).enumerate().filter(|(n, _)| m.has(*n)) {
                    let strategy = builtin::amops_by_operator(*op)
                        .find(|a| a.family() == self.families[n] && a.purpose() == b's')
                        .map_or(0, |a| a.strategy());
                    let ty = tusklet_vector::TypeRef::new(self.key_types[n]);
                    queries.push((n, m.query(cx, n, strategy as i16, (ty, v.as_datum()))?));
                }
                found = m.find(&index, &queries)?;
            }
            Some(_) => return Err(Error::unsupported("an exclusion constraint of this operator class")),
        }
        Tid::arrange(&mut found);
        let table = cx.store.table(target.storage)?;
        for tid in found {
            let checked = match index.conflict(&cx.tx, tid, except)? {
                Unique::Free => continue,
                Unique::Conflict(at) => Checked::Conflict(at),
                Unique::Wait(w) => Checked::Wait(w),
            };
            let Some(stored) = table.row(tid) else { continue };
            let stored: Vec<Value> = (0..target.columns.len()).map(|c| stored.get(c).to_value()).collect();
            if let Some(p) = &self.predicate
                && !p.holds(cx, Row::Values(&stored))?
            {
                continue;
            }
            let theirs = self.values(cx, Row::Values(&stored))?;
            let mut all = true;
            for (n, ((_, f), (a, b))) in self.exclusion.iter().zip(theirs.iter().zip(&mine)).enumerate() {
                if a.is_null() || b.is_null() {
                    all = false;
                    break;
                }
                let f = cx.func(*f)?;
                let ty = tusklet_vector::TypeRef::new(self.key_types[n]);
                let site = tusklet_vector::CallSite { args: vec![ty, ty], ..f.site.clone() };
                all = all && f.call(cx, &site, &[a.as_datum(), b.as_datum()])?.as_datum().bool();
            }
            if all {
                return Ok((checked, theirs));
            }
        }
        Ok((Checked::Free, vec![]))
    }

    /// Whether a new row with this key may be: counts uncommitted rows of others as undecided.
    pub fn check_unique(&self, cx: &ExecCx<'_>, key: &Key, except: Option<Tid>) -> Result<Checked> {
        if !self.unique || key.has_null && !self.nulls_not_distinct {
            return Ok(Checked::Free);
        }
        let index = cx.store.index(self.storage)?;
        Ok(match index.check_unique(&cx.tx, &key.bytes, except)? {
            Unique::Free => Checked::Free,
            Unique::Conflict(tid) => Checked::Conflict(tid),
            Unique::Wait(w) => Checked::Wait(w),
        })
    }

    /// `(a, b)=(1, 2)`.
    pub fn key_text(&self, cx: &mut ExecCx<'_>, target: &CTarget, row: &[Value]) -> Result<String> {
        let mut names = Vec::new();
        let mut plain = true;
        for (e, _) in &self.keys {
            match e.kind {
                Kind::Column(i) => {
                    names.push(target.columns.get(i as usize).map_or_else(String::new, |c| quote_identifier(&c.name)))
                }
                _ => plain = false,
            }
        }
        let names = if plain {
            names.join(", ")
        } else {
            let host = cx.host;
            host.index_columns(cx, self.oid)?
        };
        let mut values = Vec::new();
        for (v, ty) in row.iter().zip(&self.key_types) {
            let mut s = String::new();
            match v.as_datum() {
                Datum::Null => s.push_str("null"),
                d => cx.output(*ty, d, &mut s)?,
            }
            values.push(s);
        }
        Ok(filled!("({})=({})"; names, values.join(", ")))
    }

    /// 23505 for this row.
    pub fn duplicate(&self, cx: &mut ExecCx<'_>, target: &CTarget, row: Row<'_>) -> Result<Error> {
        let mine = self.values(cx, row)?;
        let text = self.key_text(cx, target, &mine)?;
        Ok(err!(UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"{}\""; self.name)
            .detail(filled!("Key {} already exists."; text))
            .table(target.name.0.clone(), target.name.1.clone())
            .constraint(self.name.clone()))
    }

    /// 23P01 for this row and the key of the one it met.
    pub fn excluded(&self, cx: &mut ExecCx<'_>, target: &CTarget, row: Row<'_>, other: &[Value]) -> Result<Error> {
        let mine = self.values(cx, row)?;
        let (mine, other) = (self.key_text(cx, target, &mine)?, self.key_text(cx, target, other)?);
        Ok(err!(EXCLUSION_VIOLATION, "conflicting key value violates exclusion constraint \"{}\""; self.name)
            .detail(filled!("Key {} conflicts with existing key {}."; mine, other))
            .table(target.name.0.clone(), target.name.1.clone())
            .constraint(self.name.clone()))
    }
}

/// Enters a new row version into all indexes. Uniqueness was checked; what is deferred is noted with the engine.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn enter(
    cx: &mut ExecCx<'_>,
    target: &CTarget,
    keys: &[Option<Key>],
    tid: Tid,
    deferred: &[bool],
) -> Result<()> {
    for ((index, key), deferred) in target.indexes.iter().zip(keys).zip(deferred) {
        let Some(key) = key else { continue };
        let storage = cx.store.index(index.storage)?;
        for k in index.entries(&key.bytes) {
            storage.insert(&cx.tx, k, tid)?;
        }
        if *deferred {
            let host = cx.host;
            host.defer_unique(cx, index.oid, &key.bytes, tid)?;
        }
    }
    Ok(())
}

/// All keys of a row.
#[cfg_attr(tuned, optimize(speed))]
pub(crate) fn keys(cx: &mut ExecCx<'_>, target: &CTarget, row: &[Value]) -> Result<Vec<Option<Key>>> {
    let mut out = Vec::with_capacity(target.indexes.len());
    for i in &target.indexes {
        out.push(i.key(cx, Row::Values(row))?);
    }
    Ok(out)
}

/// Shared by those who keep a target beside their own state.
pub(crate) type Targets = Rc<[CTarget]>;
