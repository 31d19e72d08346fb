//! Window functions over input sorted by partition and order.
//!
//! The input is kept whole; partitions and peer groups are found by key bytes; each call fills one column. An aggregate
//! whose frames begin at the partition's start takes every row once and tells its result in between; one with a moving
//! start begins anew whenever the start moves.

use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_error::{Error, Result, TryVec, err, filled};
use tusklet_ir::{Frame, FrameExclude, Plan, SortKey, WindowCall};
use tusklet_vector::{BATCH, Batch, Datum, Phys, Sel, Value, Vector};

use super::aggcall::{AggCall, AggState};
use super::window_frame::{CFrame, Frames, Partition, remaining};
use super::{Compiled, Operator, PlanNode, pull};
use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::executor::Step;
use crate::expr::CExpr;
use crate::order::Order;
use crate::rowstore::RowStore;
use crate::run::{Deps, Run};
use crate::types::phys;

struct WindowPlan {
    input: Rc<Compiled>,
    partition: Order,
    order: Order,
    frame: CFrame,
    calls: Vec<Call>,
    types: Rc<[Phys]>,
    deps: Rc<[u32]>,
}

struct Call {
    what: What,
    args: Vec<CExpr>,
    phys: Phys,
}

enum What {
    Aggregate(Box<AggCall>),
    Own(Function),
}

/// The pure window functions.
#[derive(Clone, Copy, PartialEq)]
enum Function {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    /// Rows back (lag) or forth (lead).
    Offset {
        lead: bool,
    },
    FirstValue,
    LastValue,
    NthValue,
}

fn function(src: &str) -> Option<Function> {
    Some(match src {
        "window_row_number" => Function::RowNumber,
        "window_rank" => Function::Rank,
        "window_dense_rank" => Function::DenseRank,
        "window_percent_rank" => Function::PercentRank,
        "window_cume_dist" => Function::CumeDist,
        "window_ntile" => Function::Ntile,
        "window_lag" | "window_lag_with_offset" | "window_lag_with_offset_and_default" => {
            Function::Offset { lead: false }
        }
        "window_lead" | "window_lead_with_offset" | "window_lead_with_offset_and_default" => {
            Function::Offset { lead: true }
        }
        "window_first_value" => Function::FirstValue,
        "window_last_value" => Function::LastValue,
        "window_nth_value" => Function::NthValue,
        _ => return None,
    })
}

fn call(c: &mut Compiler<'_, '_>, w: &WindowCall, moving: bool) -> Result<Call> {
    let name = c.called(w.func, "function")?.name.clone();
    if w.aggregate {
        let agg = AggCall::compile_window(c, w, moving)?;
        return Ok(Call { phys: agg.phys, what: What::Aggregate(Box::new(agg)), args: vec![] });
    }
    // One that a user made of an internal function is that function.
    let f = match builtin::proc(w.func) {
        Some(p) => function(p.src()),
        None => c.cx.catalog.proc(w.func).and_then(|p| function(&p.source)),
    };
    let Some(f) = f else {
        return Err(Error::unsupported(filled!("window function {}"; name)));
    };
    let args = c.exprs(&w.args)?;
    let phys = match f {
        Function::RowNumber | Function::Rank | Function::DenseRank => Phys::I64,
        Function::PercentRank | Function::CumeDist => Phys::F64,
        Function::Ntile => Phys::I32,
        _ => w.args.first().map_or(Phys::I64, |a| phys(&c.cx.catalog, a.ty.oid)),
    };
    Ok(Call { what: What::Own(f), args, phys })
}

pub(crate) fn compile(
    c: &mut Compiler<'_, '_>,
    input: &Plan,
    partition: &[SortKey],
    order: &[SortKey],
    frame: &Frame,
    calls: &[WindowCall],
) -> Result<Rc<dyn PlanNode>> {
    let types = c.phys_of(&input.columns);
    let ((input, calls, frame_c), deps) = c.tracked(|c| {
        let input = c.plan(input)?;
        let frame = CFrame::compile(c, frame, order)?;
        let moving = !frame.starts_first();
        let calls: Vec<Call> = calls.iter().map(|w| call(c, w, moving)).try_vec()?;
        Ok((input, calls, frame))
    })?;
    Ok(Rc::new(WindowPlan {
        input,
        partition: Order::new(c, partition)?,
        order: Order::new(c, order)?,
        frame: frame_c,
        calls,
        types,
        deps,
    }))
}

impl PlanNode for WindowPlan {
    fn start(self: Rc<Self>, run: &Run) -> Box<dyn Operator> {
        let mut deps = Deps::new(&self.deps);
        deps.note(run);
        Box::new(WindowOp {
            input: self.input.start(run),
            rows: RowStore::new(&self.types),
            plan: self,
            deps,
            out: None,
            at: 0,
        })
    }
}

struct WindowOp {
    plan: Rc<WindowPlan>,
    input: Box<dyn Operator>,
    deps: Deps,
    rows: RowStore,
    /// All columns of the output, once computed.
    out: Option<Vec<Rc<Vector>>>,
    at: usize,
}

/// Some rows of the input with what a call wants of them.
struct Chunk {
    args: Vec<Rc<Vector>>,
    sel: Sel,
}

impl WindowPlan {
    /// Partitions with their peer groups.
    #[cfg_attr(tuned, optimize(speed))]
    fn partitions(&self, batch: &Batch, n: usize) -> Vec<Partition> {
        let mut out: Vec<Partition> = Vec::new();
        let (mut part, mut peer) = (Vec::new(), Vec::new());
        let (mut last_part, mut last_peer) = (Vec::new(), Vec::new());
        for row in 0..n {
            self.partition.row_key(batch, row, &mut part);
            self.order.row_key(batch, row, &mut peer);
            match out.last_mut() {
                Some(p) if part == last_part => {
                    p.end = row + 1;
                    if peer != last_peer {
                        p.groups.push(row);
                    }
                }
                _ => out.push(Partition { start: row, end: row + 1, groups: vec![row] }),
            }
            std::mem::swap(&mut part, &mut last_part);
            std::mem::swap(&mut peer, &mut last_peer);
        }
        for p in &mut out {
            p.groups.push(p.end);
        }
        out
    }

    /// An expression's values for all rows.
    fn column(&self, cx: &mut ExecCx<'_>, e: &CExpr, batch: &Batch, n: usize) -> Result<Vector> {
        let mut out = Vector::empty(e.phys);
        for from in (0..n).step_by(BATCH) {
            let to = n.min(from + BATCH);
            let chunk = slice(batch, from, to);
            let (v, _, failed) = crate::expr::eval_some(cx, &[Some(e)], &chunk);
            if let Some(e) = failed {
                return Err(e);
            }
            if let Some(v) = v.first() {
                out.extend_from(v, 0..to - from);
            }
        }
        Ok(out)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn compute(&self, cx: &mut ExecCx<'_>, columns: Vec<Rc<Vector>>, n: usize) -> Result<Vec<Rc<Vector>>> {
        let batch = Batch { columns, sel: Sel::All(n) };
        let parts = self.partitions(&batch, n);
        let offsets = if n > 0 { self.frame.offsets(cx)? } else { [Value::Null, Value::Null] };
        let mut out = batch.columns.clone();
        for call in &self.calls {
            let mut result = Vector::zeroed(call.phys, n);
            match &call.what {
                What::Aggregate(a) => {
                    let mut chunks = Vec::new();
                    for from in (0..n).step_by(BATCH) {
                        let (args, sel) = a.arguments(cx, &slice(&batch, from, n.min(from + BATCH)))?;
                        chunks.push(Chunk { args, sel });
                    }
                    for p in &parts {
                        self.aggregate(cx, a, p, &chunks, &batch, &offsets, &mut result)?;
                    }
                }
                What::Own(f) => {
                    let mut args = Vec::with_capacity(call.args.len());
                    for e in &call.args {
                        args.push(self.column(cx, e, &batch, n)?);
                    }
                    for p in &parts {
                        self.own(cx, *f, p, &args, &batch, &offsets, &mut result)?;
                    }
                }
            }
            out.push(Rc::new(result));
        }
        Ok(out)
    }

    #[allow(clippy::too_many_arguments)]
    #[cfg_attr(tuned, optimize(speed))]
    fn aggregate(
        &self,
        cx: &mut ExecCx<'_>,
        call: &AggCall,
        part: &Partition,
        chunks: &[Chunk],
        batch: &Batch,
        offsets: &[Value; 2],
        out: &mut Vector,
    ) -> Result<()> {
        let mut frames = Frames::new(&self.frame, part, &batch.columns, offsets);
        let mut state: Option<AggState> = None;
        // What the state holds: rows `from..to`; and the row that shows its result.
        let (mut from, mut to) = (0, 0);
        let mut shown: Option<usize> = None;
        let grows = self.frame.starts_first();
        for row in part.start..part.end {
            cx.check_every(row)?;
            let frame = frames.of(cx, row)?;
            if self.frame.exclude != FrameExclude::NoOthers {
                let mut s = call.start();
                s.resize(call, 1);
                for (a, b) in remaining(part, self.frame.exclude, row, frame) {
                    feed(cx, call, &mut s, chunks, a, b)?;
                }
                s.finish(cx, call, 0, out, row)?;
                continue;
            }
            let (a, b) = frame;
            // Rows that left the frame are taken away where there is an inverse; else the state begins anew.
            if let (Some(s), true) = (&mut state, call.can_retreat() && a > from && a < to && b >= to) {
                if retreat(cx, call, s, chunks, from, a)? {
                    from = a;
                    shown = None;
                }
            }
            let goes_on = state.is_some() && a == from && b >= to && (grows || a < b);
            if !goes_on {
                let mut s = call.start();
                s.resize(call, 1);
                state = Some(s);
                (from, to) = (a, a);
                shown = None;
            }
            let Some(s) = &mut state else { continue };
            if b > to {
                feed(cx, call, s, chunks, to, b)?;
                to = b;
                shown = None;
            }
            match shown {
                Some(r) => {
                    let v = out.value(r);
                    out.set(row, v.as_datum());
                }
                None => {
                    s.finish(cx, call, 0, out, row)?;
                    shown = Some(row);
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    #[cfg_attr(tuned, optimize(speed))]
    fn own(
        &self,
        cx: &mut ExecCx<'_>,
        f: Function,
        part: &Partition,
        args: &[Vector],
        batch: &Batch,
        offsets: &[Value; 2],
        out: &mut Vector,
    ) -> Result<()> {
        let n = part.end - part.start;
        let arg = |i: usize, row: usize| args.get(i).map_or(Datum::Null, |v| v.get(row));
        match f {
            Function::RowNumber => {
                (part.start..part.end).for_each(|r| out.set(r, Datum::I64((r - part.start) as i64 + 1)))
            }
            Function::Rank | Function::DenseRank | Function::PercentRank | Function::CumeDist => {
                for (g, w) in part.groups.windows(2).enumerate() {
                    let before = (w[0] - part.start) as f64;
                    let d = match f {
                        Function::Rank => Datum::I64((w[0] - part.start) as i64 + 1),
                        Function::DenseRank => Datum::I64(g as i64 + 1),
                        Function::PercentRank => Datum::F64(if n > 1 { before / (n - 1) as f64 } else { 0.0 }),
                        _ => Datum::F64((w[1] - part.start) as f64 / n as f64),
                    };
                    (w[0]..w[1]).for_each(|r| out.set(r, d));
                }
            }
            Function::Ntile => {
                let d = arg(0, part.start);
                if d.is_null() {
                    (part.start..part.end).for_each(|r| out.set(r, Datum::Null));
                    return Ok(());
                }
                if d.int() <= 0 {
                    return Err(err!(INVALID_ARGUMENT_FOR_NTILE, "argument of ntile must be greater than zero"));
                }
                // The first `n % buckets` buckets have one row more than the rest.
                let buckets = d.int() as usize;
                let (size, more) = (n / buckets, n % buckets);
                for k in 0..n {
                    let big = more * (size + 1);
                    let b = if k < big { k / (size + 1) } else { more + (k - big) / size.max(1) };
                    out.set(part.start + k, Datum::I32(b as i32 + 1));
                }
            }
            Function::Offset { lead } => {
                for row in part.start..part.end {
                    let offset = if args.len() > 1 { arg(1, row) } else { Datum::I32(1) };
                    if offset.is_null() {
                        out.set(row, Datum::Null);
                        continue;
                    }
                    let offset = if lead { offset.int() } else { -offset.int() };
                    let to = row as i64 + offset;
                    let inside = to >= part.start as i64 && to < part.end as i64;
                    out.set(row, if inside { arg(0, to as usize) } else { arg(2, row) });
                }
            }
            Function::FirstValue | Function::LastValue | Function::NthValue => {
                let mut frames = Frames::new(&self.frame, part, &batch.columns, offsets);
                for row in part.start..part.end {
                    cx.check_every(row)?;
                    let frame = frames.of(cx, row)?;
                    let parts = remaining(part, self.frame.exclude, row, frame);
                    let found = match f {
                        Function::FirstValue => nth(&parts, 0),
                        Function::LastValue => parts.iter().rev().find(|(a, b)| a < b).map(|(_, b)| b - 1),
                        _ => match arg(1, row) {
                            Datum::Null => None,
                            d if d.int() <= 0 => {
                                return Err(err!(
                                    INVALID_ARGUMENT_FOR_NTH_VALUE,
                                    "argument of nth_value must be greater than zero"
                                ));
                            }
                            d => nth(&parts, d.int() as usize - 1),
                        },
                    };
                    out.set(row, found.map_or(Datum::Null, |r| arg(0, r)));
                }
            }
        }
        Ok(())
    }
}

/// The `k`-th row of a frame in parts.
fn nth(parts: &[(usize, usize); 3], mut k: usize) -> Option<usize> {
    for (a, b) in parts {
        let n = b.saturating_sub(*a);
        if k < n {
            return Some(a + k);
        }
        k -= n;
    }
    None
}

fn slice(batch: &Batch, from: usize, to: usize) -> Batch {
    let columns = batch.columns.iter().map(|c| Rc::new(c.gather(from..to))).collect();
    Batch::new(columns, to - from)
}

/// Gives an aggregate the rows `from..to`.
#[cfg_attr(tuned, optimize(speed))]
fn feed(
    cx: &mut ExecCx<'_>,
    call: &AggCall,
    state: &mut AggState,
    chunks: &[Chunk],
    from: usize,
    to: usize,
) -> Result<()> {
    each_chunk(chunks, from, to, &mut |chunk, sel| {
        state.update(cx, call, &chunk.args, sel, &[])?;
        Ok(true)
    })?;
    Ok(())
}

/// Takes the rows `from..to` away; `false` when that cannot be done.
fn retreat(
    cx: &mut ExecCx<'_>,
    call: &AggCall,
    state: &mut AggState,
    chunks: &[Chunk],
    from: usize,
    to: usize,
) -> Result<bool> {
    each_chunk(chunks, from, to, &mut |chunk, sel| state.retreat(cx, call, &chunk.args, sel))
}

/// Calls `f` for the rows `from..to` that a call wants, chunk by chunk, as long as it answers `true`.
#[cfg_attr(tuned, optimize(speed))]
fn each_chunk(
    chunks: &[Chunk],
    from: usize,
    to: usize,
    f: &mut dyn FnMut(&Chunk, &Sel) -> Result<bool>,
) -> Result<bool> {
    let mut at = from;
    while at < to {
        let c = at / BATCH;
        let base = c * BATCH;
        let end = to.min(base + BATCH);
        let Some(chunk) = chunks.get(c) else { break };
        let (a, b) = ((at - base) as u16, (end - base) as u16);
        let rows: Vec<u16> = match &chunk.sel {
            Sel::All(n) => (a..b.min(*n as u16)).collect(),
            Sel::Rows(r) => {
                let r = &r[r.partition_point(|i| *i < a)..r.partition_point(|i| *i < b)];
                r.to_vec()
            }
        };
        if !f(chunk, &Sel::Rows(Rc::new(rows)))? {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}

impl ExecCx<'_> {
    /// Looks for a cancel now and then in long loops.
    fn check_every(&mut self, row: usize) -> Result<()> {
        if row % 4096 == 0 { self.host.check_interrupts() } else { Ok(()) }
    }
}

impl Operator for WindowOp {
    #[cfg_attr(tuned, optimize(speed))]
    fn next(&mut self, cx: &mut ExecCx<'_>, want: usize) -> Result<Step> {
        while self.out.is_none() {
            match pull!(self.input, cx, usize::MAX) {
                Some(b) => self.rows.push(&b),
                None => {
                    let n = self.rows.rows;
                    let rows = std::mem::replace(&mut self.rows, RowStore::new(&self.plan.types));
                    self.rows.rows = n;
                    let columns = rows.columns.into_iter().map(Rc::new).collect();
                    let plan = self.plan.clone();
                    self.out = Some(plan.compute(cx, columns, n)?);
                }
            }
        }
        let n = self.rows.rows;
        let to = n.min(self.at + want.clamp(1, BATCH));
        if self.at >= to {
            return Ok(Step::Done);
        }
        let columns = self.out.iter().flatten().map(|c| Rc::new(c.gather(self.at..to))).collect();
        let b = Batch::new(columns, to - self.at);
        self.at = to;
        Ok(Step::Batch(b))
    }

    fn rescan(&mut self, cx: &mut ExecCx<'_>) -> Result<()> {
        self.at = 0;
        if self.deps.changed(&cx.run) || self.out.is_none() {
            self.out = None;
            self.rows = RowStore::new(&self.plan.types);
            self.input.rescan(cx)?;
        }
        Ok(())
    }
}
