//! Windows (`transformWindowDefinitions`).

use tusklet_catalog::builtin::{self, oids};
use tusklet_error::{Result, Span, err};
use tusklet_ir::{
    Expr, Frame, FrameBound, FrameExclude, FrameMode, Oid, SortClause, Target, TypeRef, Window,
};
use tusklet_syntax::ast;

use crate::parse_clause::check_var_free;
use crate::parse_coerce::CoercionContext;
use crate::parse_group::flat_row;
use crate::parse_node::{Analyzer, Clause, WindowState, location};

impl Analyzer<'_> {
    /// The windows of this level, named ones first, then those of OVER clauses.
    pub fn transform_windows(&mut self, targets: &mut Vec<Target>) -> Result<Vec<Window>> {
        let mut out: Vec<Window> = vec![];
        let mut next = 0;
        // A window's own expressions cannot add windows, so the list is complete here.
        while let Some(WindowState { def, inline }) = self.ps().windows.get(next).cloned() {
            next += 1;
            let w = self.transform_window(&def, inline, &out, targets)?;
            out.push(w);
        }
        Ok(out)
    }

    fn transform_window(
        &mut self,
        def: &ast::WindowDef,
        inline: bool,
        done: &[Window],
        targets: &mut Vec<Target>,
    ) -> Result<Window> {
        let ast::WindowDef { name, refname, partition_clause, order_clause, frame, span } = def;
        let span = *span;
        let name = if inline { None } else { name.as_ref() };
        if let Some(n) = name {
            if done.iter().any(|w| w.name == *n) {
                return Err(err!(WINDOWING_ERROR, "window \"{}\" is already defined"; n).at(span));
            }
        }
        let base = match refname {
            Some(r) => match done.iter().find(|w| w.name == *r) {
                Some(w) => Some(w),
                None => return Err(err!(UNDEFINED_OBJECT, "window \"{}\" does not exist"; r).at(span)),
            },
            None => None,
        };
        let own_order = self.transform_sort(order_clause, targets, Clause::WindowOrder, true)?;
        let mut own_partition = vec![];
        for e in partition_clause.iter().flat_map(flat_row) {
            self.group_expr(e, targets, &mut own_partition, &own_order, Clause::WindowPartition, true)?;
        }
        let written = frame.is_some();
        let ordered = !own_order.is_empty();
        let base_name = refname.clone().unwrap_or_default();
        let (partition_by, order_by) = match base {
            None => (own_partition, own_order),
            Some(b) => {
                if !own_partition.is_empty() {
                    return Err(err!(WINDOWING_ERROR, "cannot override PARTITION BY clause of window \"{}\""; base_name)
                    .at(span));
                }
                if ordered && !b.order_by.is_empty() {
                    return Err(
                        err!(WINDOWING_ERROR, "cannot override ORDER BY clause of window \"{}\""; base_name).at(span)
                    );
                }
                (b.partition_by.clone(), if ordered { own_order } else { b.order_by.clone() })
            }
        };
        if base.is_some_and(|b| b.frame.written) {
            let e = err!(
                WINDOWING_ERROR, "cannot copy window \"{}\" because it has a frame clause"; base_name
            ).at(span);
            return Err(if name.is_some() || ordered || written {
                e
            } else {
                e.hint("Omit the parentheses in this OVER clause.")
            });
        }
        let frame = self.transform_frame(frame.as_ref(), &order_by, targets, span)?;
        Ok(Window { name: name.cloned().unwrap_or_default(), base: base_name, partition_by, order_by, frame })
    }

    fn transform_frame(
        &mut self,
        frame: Option<&ast::WindowFrame>,
        order: &[SortClause],
        targets: &[Target],
        span: Span,
    ) -> Result<Frame> {
        let Some(ast::WindowFrame { mode, start, end, exclusion, span: _ }) = frame else {
            return Ok(Frame {
                mode: FrameMode::Range,
                start: FrameBound::UnboundedPreceding,
                end: FrameBound::CurrentRow,
                exclude: FrameExclude::NoOthers,
                written: false,
                start_in_range: 0,
                end_in_range: 0,
                in_range_collation: 0,
            });
        };
        let mode = match mode {
            ast::FrameMode::Range => FrameMode::Range,
            ast::FrameMode::Rows => FrameMode::Rows,
            ast::FrameMode::Groups => FrameMode::Groups,
        };
        let end = end.as_ref().unwrap_or(&ast::FrameBound::CurrentRow);
        let offset = |b: &ast::FrameBound| matches!(b, ast::FrameBound::Preceding(_) | ast::FrameBound::Following(_));
        let (mut family, mut opcintype, mut collation) = (0, 0, 0);
        if mode == FrameMode::Range && (offset(start) || offset(end)) {
            let [key] = order else {
                return Err(err!(
                    WINDOWING_ERROR,
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column"
                )
                .at(span));
            };
            if let Some(m) = builtin::amops_by_operator(key.sort_op)
                .find(|m| m.method() == oids::AM_BTREE && matches!(m.strategy(), 1 | 5) && m.left() == m.right())
            {
                (family, opcintype) = (m.family(), m.left());
            }
            if let Some(t) = targets.iter().find(|t| t.sort_ref == key.target) {
                collation = t.expr.collation;
            }
        }
        if mode == FrameMode::Groups && order.is_empty() {
            return Err(err!(WINDOWING_ERROR, "GROUPS mode requires an ORDER BY clause").at(span));
        }
        let (start, start_in_range) = self.frame_bound(start, mode, family, opcintype)?;
        let (end, end_in_range) = self.frame_bound(end, mode, family, opcintype)?;
        let exclude = match exclusion {
            ast::FrameExclusion::NoOthers => FrameExclude::NoOthers,
            ast::FrameExclusion::CurrentRow => FrameExclude::CurrentRow,
            ast::FrameExclusion::Group => FrameExclude::Group,
            ast::FrameExclusion::Ties => FrameExclude::Ties,
        };
        let written = !(mode == FrameMode::Range
            && matches!(start, FrameBound::UnboundedPreceding)
            && matches!(end, FrameBound::CurrentRow)
            && exclude == FrameExclude::NoOthers)
            || frame.is_some();
        Ok(Frame { mode, start, end, exclude, written, start_in_range, end_in_range, in_range_collation: collation })
    }

    fn frame_bound(&mut self, b: &ast::FrameBound, mode: FrameMode, family: Oid, opcintype: Oid) -> Result<(FrameBound, Oid)> {
        Ok(match b {
            ast::FrameBound::UnboundedPreceding => (FrameBound::UnboundedPreceding, 0),
            ast::FrameBound::UnboundedFollowing => (FrameBound::UnboundedFollowing, 0),
            ast::FrameBound::CurrentRow => (FrameBound::CurrentRow, 0),
            ast::FrameBound::Preceding(e) => {
                let (e, f) = self.frame_offset(e, mode, family, opcintype)?;
                (FrameBound::Preceding(e), f)
            }
            ast::FrameBound::Following(e) => {
                let (e, f) = self.frame_offset(e, mode, family, opcintype)?;
                (FrameBound::Following(e), f)
            }
        })
    }

    fn frame_offset(&mut self, e: &ast::Expr, mode: FrameMode, family: Oid, opcintype: Oid) -> Result<(Expr, Oid)> {
        let (e, func, name) = match mode {
            FrameMode::Rows => {
                let e = self.transform_expr(e, Clause::WindowFrameRows)?;
                (self.coerce_to_specific_type(e, TypeRef::new(oids::INT8), "ROWS")?, 0, "ROWS")
            }
            FrameMode::Groups => {
                let e = self.transform_expr(e, Clause::WindowFrameGroups)?;
                (self.coerce_to_specific_type(e, TypeRef::new(oids::INT8), "GROUPS")?, 0, "GROUPS")
            }
            FrameMode::Range => {
                let e = self.transform_expr(e, Clause::WindowFrameRange)?;
                let from = e.ty.oid;
                let preferred = if from != oids::UNKNOWN { from } else { opcintype };
                let (mut funcs, mut matches) = (0, 0);
                let (mut chosen, mut func) = (0, 0);
                for p in builtin::amprocs_of_family(family).filter(|p| p.left() == opcintype && p.number() == 3) {
                    funcs += 1;
                    if !self.can_coerce_type(&[from], &[p.right()], CoercionContext::Implicit) {
                        continue;
                    }
                    matches += 1;
                    if chosen != preferred {
                        chosen = p.right();
                        func = p.function();
                    }
                }
                const WHAT: &str = "RANGE with offset PRECEDING/FOLLOWING";
                let column = self.type_name(opcintype);
                let given = self.type_name(from);
                if funcs == 0 {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "{WHAT} is not supported for column type {column}")
                        .at(location(&e)));
                }
                if matches == 0 {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "{WHAT} is not supported for column type {column} and offset type {given}"
                    )
                    .hint("Cast the offset value to an appropriate type.")
                    .at(location(&e)));
                }
                if matches != 1 && chosen != preferred {
                    return Err(err!(
                        FEATURE_NOT_SUPPORTED,
                        "{WHAT} has multiple interpretations for column type {column} and offset type {given}"
                    )
                    .hint("Cast the offset value to the exact intended type.")
                    .at(location(&e)));
                }
                (self.coerce_to_specific_type(e, TypeRef::new(chosen), "RANGE")?, func, "RANGE")
            }
        };
        check_var_free(&e, name)?;
        Ok((e, func))
    }
}
