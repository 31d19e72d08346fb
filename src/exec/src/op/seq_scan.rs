//! Whole tables: storage's columns, lent.

use std::rc::Rc;

use tusklet_error::{Error, Result, err};
use tusklet_ir::{BoundOp, Oid, ScanRel, TableSample, ZoneFilter};
use tusklet_storage::{RelId, ScanColumn, TableScan, Tid, ZoneFilter as Zone};
use tusklet_vector::{Batch, Datum, Phys, Sel, Vector, hash};

use super::{Operator, PlanNode, spend};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::row::Row;
use crate::run::Run;

/// The columns a scan of a table gives.
pub(crate) struct ScanColumns {
    pub storage: RelId,
    pub oid: Oid,
    pub rte: u32,
    /// As storage gives them; `None` is `tableoid`.
    columns: Vec<Option<ScanColumn>>,
    /// All are plain columns: their slots.
    plain: Option<Vec<usize>>,
}

impl ScanColumns {
    pub fn new(rel: &ScanRel) -> Result<ScanColumns> {
        let mut columns = Vec::with_capacity(rel.columns.len());
        for a in &rel.columns {
            columns.push(match *a {
                a if a > 0 => Some(ScanColumn::Column(a as usize - 1)),
                -1 => Some(ScanColumn::Ctid),
                -2 => Some(ScanColumn::Xmin),
                -3 => Some(ScanColumn::Cmin),
                -4 => Some(ScanColumn::Xmax),
                -5 => Some(ScanColumn::Cmax),
                -6 => None,
                a => return Err(Error::internal(format!("invalid attribute number {a}"))),
            });
        }
        let plain = columns
            .iter()
            .map(|c| match c {
                Some(ScanColumn::Column(i)) => Some(*i),
                _ => None,
            })
            .collect();
        Ok(ScanColumns { storage: RelId(rel.storage), oid: rel.oid, rte: rel.rte, columns, plain })
    }

    pub fn storage_columns(&self) -> Vec<ScanColumn> {
        self.columns.iter().flatten().copied().collect()
    }

    /// Puts `tableoid` where it belongs.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn complete(&self, given: Vec<Rc<Vector>>) -> Vec<Rc<Vector>> {
        if given.len() == self.columns.len() {
            return given;
        }
        let mut given = given.into_iter();
        let oid = Rc::new(Vector::constant(Phys::I64, Datum::I64(self.oid as i64)));
        self.columns.iter().map(|c| c.and_then(|_| given.next()).unwrap_or_else(|| oid.clone())).collect()
    }

    /// The rows at these tids, exact versions.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn fetch(&self, cx: &ExecCx<'_>, tids: &[Tid]) -> Result<Batch> {
        let table = cx.store.table(self.storage)?;
        if let Some(plain) = &self.plain {
            return table.gather(tids, plain);
        }
        let slots: Vec<usize> = self
            .columns
            .iter()
            .filter_map(|c| match c {
                Some(ScanColumn::Column(i)) => Some(*i),
                _ => None,
            })
            .collect();
        let mut data = table.gather(tids, &slots)?.columns.into_iter();
        let mut out = Vec::with_capacity(self.columns.len());
        for c in &self.columns {
            out.push(match c {
                Some(ScanColumn::Column(_)) => data.next().unwrap_or_else(|| super::null_column(Phys::Bool)),
                None => Rc::new(Vector::constant(Phys::I64, Datum::I64(self.oid as i64))),
                Some(system) => {
                    let mut v = Vector::zeroed(Phys::I64, tids.len());
                    for (x, tid) in v.i64s_mut().iter_mut().zip(tids) {
                        let row = table.row(*tid);
                        *x = match (system, &row) {
                            (ScanColumn::Ctid, _) => tid.0,
                            (ScanColumn::Xmin, Some(r)) => r.xmin().0 as i64,
                            (ScanColumn::Xmax, Some(r)) => r.xmax().0 as i64,
                            (ScanColumn::Cmin, Some(r)) => r.cmin().0 as i64,
                            (ScanColumn::Cmax, Some(r)) => r.cmax().0 as i64,
                            _ => 0,
                        };
                    }
                    Rc::new(v)
                }
            });
        }
        Ok(Batch { columns: out, sel: Sel::All(tids.len()) })
    }

    /// During EvalPlanQual, the one row this scan has.
    pub fn epq_row(&self, cx: &ExecCx<'_>) -> Result<Option<Batch>> {
        match cx.run.epq {
            Some(e) if e.rte == self.rte => self.fetch(cx, &[e.tid]).map(Some),
            _ => Ok(None),
        }
    }
}

struct SeqScanPlan {
    columns: ScanColumns,
    zones: Vec<(usize, BoundOp, CExpr)>,
    sample: Option<Sample>,
}

/// TABLESAMPLE BERNOULLI or SYSTEM. Which rows are in depends on the seed and the row's place alone, so REPEATABLE repeats;
/// a SYSTEM sample takes whole row groups.
struct Sample {
    system: bool,
    percent: CExpr,
    seed: Option<CExpr>,
}

const BERNOULLI: Oid = 3313;
const SYSTEM: Oid = 3314;

impl Sample {
    fn compile(c: &mut Compiler<'_, '_>, s: &TableSample) -> Result<Sample> {
        let (percent, system) = match (s.args.first(), s.method) {
            (Some(p), BERNOULLI) => (p, false),
            (Some(p), SYSTEM) => (p, true),
            _ => return Err(Error::unsupported("this TABLESAMPLE method")),
        };
        let seed = s.repeatable.as_ref().map(|e| c.expr(e)).transpose()?;
        Ok(Sample { system, percent: c.expr(percent)?, seed })
    }

    /// The seed, and the hashes that are in: those below the limit.
    fn start(&self, cx: &mut ExecCx<'_>) -> Result<(u64, u64)> {
        let p = self.percent.eval_row(cx, Row::None)?;
        if p.d().is_null() {
            return Err(err!(INVALID_TABLESAMPLE_ARGUMENT, "TABLESAMPLE parameter cannot be null"));
        }
        let p = p.d().f64();
        if !(0.0..=100.0).contains(&p) {
            return Err(err!(INVALID_TABLESAMPLE_ARGUMENT, "sample percentage must be between 0 and 100"));
        }
        let limit = (p / 100.0 * (1u64 << 32) as f64) as u64;
        let seed = match &self.seed {
            None => cx.host.random(),
            Some(e) => {
                let v = e.eval_row(cx, Row::None)?;
                if v.d().is_null() {
                    return Err(err!(INVALID_TABLESAMPLE_REPEAT, "TABLESAMPLE REPEATABLE parameter cannot be null"));
                }
                hash::word(v.d().f64().to_bits())
            }
        };
        Ok((seed, limit))
    }

    fn select(&self, (seed, limit): (u64, u64), group: usize, sel: &Sel) -> Sel {
        let is_in = |place: u64| hash::word(seed ^ hash::word(place)) >> 32 < limit;
        if self.system {
            return if is_in(group as u64) { sel.clone() } else { Sel::All(0) };
        }
        sel.filter(|i| is_in((group as u64) << 16 | i as u64))
    }
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    rel: &ScanRel,
    zones: &[ZoneFilter],
    sample: Option<&TableSample>,
) -> Result<Rc<dyn PlanNode>> {
    let sample = sample.map(|s| Sample::compile(c, s)).transpose()?;
    let mut list = Vec::with_capacity(zones.len());
    for z in zones {
        if z.attno > 0 {
            list.push((z.attno as usize - 1, z.bound.op, c.expr(&z.bound.value)?));
        }
    }
    Ok(Rc::new(SeqScanPlan { columns: ScanColumns::new(rel)?, zones: list, sample }))
}

impl PlanNode for SeqScanPlan {
    fn start(self: Rc<Self>, _: &Run) -> Box<dyn Operator> {
        Box::new(SeqScanOp { plan: self, scan: None, sample: (0, 0), done: false })
    }
}

struct SeqScanOp {
    plan: Rc<SeqScanPlan>,
    scan: Option<TableScan>,
    sample: (u64, u64),
    done: bool,
}

impl SeqScanPlan {
    /// Zone filters with their values; `None` when no row can match.
    fn zone_filters(&self, cx: &mut ExecCx<'_>) -> Result<Option<Vec<Zone>>> {
        let mut out = Vec::with_capacity(self.zones.len());
        for (column, op, value) in &self.zones {
            let v = value.eval_row(cx, Row::None)?;
            let d = v.d();
            if d.is_null() && !matches!(op, BoundOp::IsNull | BoundOp::IsNotNull) {
                return Ok(None);
            }
            let zone = match op {
                BoundOp::Eq => Zone::new(*column, Some(d), Some(d)),
                BoundOp::Lt | BoundOp::Le => Zone::new(*column, None, Some(d)),
                BoundOp::Gt | BoundOp::Ge => Zone::new(*column, Some(d), None),
                BoundOp::IsNull | BoundOp::IsNotNull | BoundOp::In => None,
            };
            out.extend(zone);
        }
        Ok(Some(out))
    }
}

impl Operator for SeqScanOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, _want: usize) -> Result<Step> {
        if self.done {
            return Ok(Step::Done);
        }
        if cx.run.epq.is_some()
            && let Some(b) = self.plan.columns.epq_row(cx)?
        {
            self.done = true;
            return Ok(Step::Batch(b));
        }
        if cx.budget < 0 {
            return Ok(Step::Yield);
        }
        let scan = match &mut self.scan {
            Some(s) => s,
            none => {
                if let Some(s) = &self.plan.sample {
                    self.sample = s.start(cx)?;
                }
                let table = cx.store.table(self.plan.columns.storage)?;
                let mut scan = TableScan::new(&table, self.plan.columns.storage_columns());
                if !self.plan.zones.is_empty() {
                    match self.plan.zone_filters(cx)? {
                        Some(z) => scan = scan.with_filters(z),
                        None => {
                            self.done = true;
                            return Ok(Step::Done);
                        }
                    }
                }
                none.insert(scan)
            }
        };
        match scan.next(&cx.snapshot)? {
            Some(s) => {
                spend(cx, s.batch.len());
                let sel = match &self.plan.sample {
                    None => s.batch.sel,
                    Some(sample) => sample.select(self.sample, s.group, &s.batch.sel),
                };
                Ok(Step::Batch(Batch { columns: self.plan.columns.complete(s.batch.columns), sel }))
            }
            None => {
                self.done = true;
                Ok(Step::Done)
            }
        }
    }

    fn rescan(&mut self, _: &mut ExecCx<'_>) -> Result<()> {
        self.scan = None;
        self.done = false;
        Ok(())
    }
}
