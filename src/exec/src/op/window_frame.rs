//! Window frames: which rows of its partition each row's functions look at.

use std::rc::Rc;

use tusklet_error::{Result, err};
use tusklet_ir::{Frame, FrameBound, FrameExclude, FrameMode, SortKey, TypeRef};
use tusklet_vector::{Datum, Value, Vector};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::{CCall, CExpr};
use crate::row::Row;

/// A compiled bound.
enum Bound {
    First,
    Current,
    Last,
    Preceding(CExpr),
    Following(CExpr),
}

/// A compiled frame clause.
pub(crate) struct CFrame {
    mode: FrameMode,
    start: Bound,
    end: Bound,
    pub exclude: FrameExclude,
    in_range: [Option<CCall>; 2],
    /// The first ORDER BY column: its place, descending, NULLs first.
    order: Option<(usize, bool, bool)>,
}

impl CFrame {
    pub fn compile(c: &mut Compiler<'_, '_>, f: &Frame, order: &[SortKey]) -> Result<CFrame> {
        let mut types = [None, None];
        let mut bound = |c: &mut Compiler<'_, '_>, b: &FrameBound, which: usize| -> Result<Bound> {
            Ok(match b {
                FrameBound::UnboundedPreceding => Bound::First,
                FrameBound::CurrentRow => Bound::Current,
                FrameBound::UnboundedFollowing => Bound::Last,
                FrameBound::Preceding(e) => {
                    types[which] = Some(e.ty);
                    Bound::Preceding(c.expr(e)?)
                }
                FrameBound::Following(e) => {
                    types[which] = Some(e.ty);
                    Bound::Following(c.expr(e)?)
                }
            })
        };
        let start = bound(c, &f.start, 0)?;
        let end = bound(c, &f.end, 1)?;
        let mut in_range = [None, None];
        for (which, func) in [f.start_in_range, f.end_in_range].into_iter().enumerate() {
            if let (Some(offset), Some(key), true) = (types[which], order.first(), func != 0) {
                let ty = TypeRef::new(key.ty);
                let mut call = c.binary(func, ty, ty, f.in_range_collation)?;
                let flag = TypeRef::new(crate::types::BOOL);
                call.site.args = vec![ty, ty, offset, flag, flag];
                in_range[which] = Some(call);
            }
        }
        Ok(CFrame {
            mode: f.mode,
            start,
            end,
            exclude: f.exclude,
            in_range,
            order: order.first().map(|k| (k.column as usize, k.desc, k.nulls_first)),
        })
    }

    /// The bounds' offsets, evaluated once.
    pub fn offsets(&self, cx: &mut ExecCx<'_>) -> Result<[Value; 2]> {
        let mut out = [Value::Null, Value::Null];
        for (i, (b, name)) in [(&self.start, "starting"), (&self.end, "ending")].into_iter().enumerate() {
            let (Bound::Preceding(e) | Bound::Following(e)) = b else { continue };
            let v = e.value(cx, Row::None)?;
            if v.is_null() {
                return Err(err!(NULL_VALUE_NOT_ALLOWED, "frame {} offset must not be null"; name));
            }
            if self.mode != FrameMode::Range && v.as_datum().int() < 0 {
                return Err(err!(INVALID_PRECEDING_OR_FOLLOWING_SIZE, "frame {} offset must not be negative"; name));
            }
            out[i] = v;
        }
        Ok(out)
    }

    /// Frames only ever grow at the end: aggregates go on from row to row.
    pub fn starts_first(&self) -> bool {
        matches!(self.start, Bound::First) && self.exclude == FrameExclude::NoOthers
    }
}

/// A partition: its rows and their peer groups.
pub(crate) struct Partition {
    pub start: usize,
    pub end: usize,
    /// Starts of the peer groups, then `end`.
    pub groups: Vec<usize>,
}

impl Partition {
    /// The number of the peer group of a row.
    pub fn group(&self, row: usize) -> usize {
        self.groups.partition_point(|g| *g <= row).saturating_sub(1)
    }

    /// The peers of a row.
    pub fn peers(&self, row: usize) -> (usize, usize) {
        let g = self.group(row);
        (self.groups[g], self.groups.get(g + 1).copied().unwrap_or(self.end))
    }
}

/// Finds the frames of a partition's rows, one after the other.
pub(crate) struct Frames<'f> {
    frame: &'f CFrame,
    part: &'f Partition,
    columns: &'f [Rc<Vector>],
    offsets: &'f [Value; 2],
    /// RANGE with offsets: where the last row's frame began and ended, from where the search goes on.
    head: usize,
    tail: usize,
}

impl<'f> Frames<'f> {
    pub fn new(
        frame: &'f CFrame,
        part: &'f Partition,
        columns: &'f [Rc<Vector>],
        offsets: &'f [Value; 2],
    ) -> Frames<'f> {
        Frames { frame, part, columns, offsets, head: part.start, tail: part.start }
    }

    /// The frame of `row`, exclusion not considered: `start..end`, empty when `start >= end`.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn of(&mut self, cx: &mut ExecCx<'_>, row: usize) -> Result<(usize, usize)> {
        let (lo, hi) = (self.part.start, self.part.end);
        let offset = |i: usize| usize::try_from(self.offsets[i].as_datum().int()).unwrap_or(0);
        let (start, end) = match self.frame.mode {
            FrameMode::Rows => {
                let start = match self.frame.start {
                    Bound::First => lo,
                    Bound::Current => row,
                    Bound::Last => hi,
                    Bound::Preceding(_) => row.saturating_sub(offset(0)).max(lo),
                    Bound::Following(_) => row.saturating_add(offset(0)).min(hi),
                };
                let end = match self.frame.end {
                    Bound::First => lo,
                    Bound::Current => row + 1,
                    Bound::Last => hi,
                    Bound::Preceding(_) => (row + 1).saturating_sub(offset(1)).max(lo),
                    Bound::Following(_) => (row + 1).saturating_add(offset(1)).min(hi),
                };
                (start, end)
            }
            FrameMode::Groups => {
                let g = self.part.group(row);
                let at = |g: usize| self.part.groups.get(g).copied().unwrap_or(hi);
                let start = match self.frame.start {
                    Bound::First => lo,
                    Bound::Current => at(g),
                    Bound::Last => hi,
                    Bound::Preceding(_) => at(g.saturating_sub(offset(0))),
                    Bound::Following(_) => at(g.saturating_add(offset(0))),
                };
                let end = match self.frame.end {
                    Bound::First => lo,
                    Bound::Current => at(g + 1),
                    Bound::Last => hi,
                    Bound::Preceding(_) => (g + 1).checked_sub(offset(1)).map_or(lo, at),
                    Bound::Following(_) => at((g + 1).saturating_add(offset(1))),
                };
                (start, end)
            }
            FrameMode::Range => {
                let start = match &self.frame.start {
                    Bound::First => lo,
                    Bound::Current => self.part.peers(row).0,
                    Bound::Last => hi,
                    Bound::Preceding(_) => self.range_head(cx, row, true)?,
                    Bound::Following(_) => self.range_head(cx, row, false)?,
                };
                let end = match &self.frame.end {
                    Bound::First => lo,
                    Bound::Current => self.part.peers(row).1,
                    Bound::Last => hi,
                    Bound::Preceding(_) => self.range_tail(cx, row, true)?,
                    Bound::Following(_) => self.range_tail(cx, row, false)?,
                };
                (start, end)
            }
        };
        Ok((start, end.max(start)))
    }

    fn ordered(&self, row: usize) -> Datum<'f> {
        match self.frame.order {
            Some((c, _, _)) => self.columns.get(c).map_or(Datum::Null, |v| v.get(row)),
            None => Datum::Null,
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn in_range(
        &self,
        cx: &mut ExecCx<'_>,
        which: usize,
        value: Datum<'_>,
        base: Datum<'_>,
        sub: bool,
        less: bool,
    ) -> Result<bool> {
        let Some(call) = &self.frame.in_range[which] else {
            return Err(tusklet_error::Error::internal("frame has no in_range function"));
        };
        let offset = self.offsets[which].as_datum();
        Ok(call.call(cx, &[value, base, offset, Datum::Bool(sub), Datum::Bool(less)])?.as_datum().bool())
    }

    /// As `update_frameheadpos`.
    #[cfg_attr(tuned, optimize(speed))]
    fn range_head(&mut self, cx: &mut ExecCx<'_>, row: usize, preceding: bool) -> Result<usize> {
        let (_, desc, nulls_first) = self.frame.order.unwrap_or((0, false, false));
        let (sub, less) = if desc { (!preceding, true) } else { (preceding, false) };
        let base = self.ordered(row);
        while self.head < self.part.end {
            let v = self.ordered(self.head);
            let stop = match (v.is_null(), base.is_null()) {
                (false, false) => self.in_range(cx, 0, v, base, sub, less)?,
                (null, base_null) if nulls_first => !null || base_null,
                (null, base_null) => null || !base_null,
            };
            if stop {
                break;
            }
            self.head += 1;
        }
        Ok(self.head)
    }

    /// As `update_frametailpos`.
    #[cfg_attr(tuned, optimize(speed))]
    fn range_tail(&mut self, cx: &mut ExecCx<'_>, row: usize, preceding: bool) -> Result<usize> {
        let (_, desc, nulls_first) = self.frame.order.unwrap_or((0, false, false));
        let (sub, less) = if desc { (!preceding, false) } else { (preceding, true) };
        let base = self.ordered(row);
        while self.tail < self.part.end {
            let v = self.ordered(self.tail);
            let stop = match (v.is_null(), base.is_null()) {
                (false, false) => !self.in_range(cx, 1, v, base, sub, less)?,
                (null, base_null) if nulls_first => !null && base_null,
                (null, base_null) => null && !base_null,
            };
            if stop {
                break;
            }
            self.tail += 1;
        }
        Ok(self.tail)
    }
}

/// The parts of a frame that EXCLUDE leaves, at most three, in order.
pub(crate) fn remaining(
    part: &Partition,
    exclude: FrameExclude,
    row: usize,
    (start, end): (usize, usize),
) -> [(usize, usize); 3] {
    let cut = |a: usize, b: usize| (a.max(start), b.min(end).max(a.max(start)));
    match exclude {
        FrameExclude::NoOthers => [(start, end), (0, 0), (0, 0)],
        FrameExclude::CurrentRow => [cut(start, row), cut(row + 1, end), (0, 0)],
        FrameExclude::Group => {
            let (a, b) = part.peers(row);
            [cut(start, a), cut(b, end), (0, 0)]
        }
        FrameExclude::Ties => {
            let (a, b) = part.peers(row);
            [cut(start, a), cut(row, row + 1), cut(b, end)]
        }
    }
}
