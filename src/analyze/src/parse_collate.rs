//! Which collation each node computes with (`parse_collate.c`).
//!
//! A collation is explicit (COLLATE), implicit (a column's, a type's), or none. Among a node's inputs explicit beats implicit
//! and another than the default beats the default; two different ones of equal rank conflict: at once for explicit ones, only
//! when somebody needs to know for implicit ones.

use tusklet_catalog::builtin::oids;
use tusklet_error::{Error, Result, Span, err};
use tusklet_ir::{Expr, ExprKind, FromNode, Oid, Query, SubLinkKind, Target};

use crate::parse_node::{Analyzer, location};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Strength {
    None,
    Implicit,
    Conflict,
    Explicit,
}

#[derive(Clone, Copy, Debug)]
struct State {
    collation: Oid,
    strength: Strength,
    span: Span,
    collation2: Oid,
    span2: Span,
}

const START: State =
    State { collation: 0, strength: Strength::None, span: Span::NONE, collation2: 0, span2: Span::NONE };

impl Analyzer<'_> {
    /// Every expression of the query itself; its subqueries had theirs (`assign_query_collations`).
    pub fn assign_query_collations(&mut self, q: &mut Query) -> Result<()> {
        for t in q.targets.iter_mut().chain(&mut q.returning) {
            self.target_collations(t, START)?;
        }
        for e in
            q.filter.iter_mut().chain(&mut q.having).chain(&mut q.limit).chain(&mut q.offset).chain(&mut q.merge_on)
        {
            self.assign_expr_collations(e)?;
        }
        let mut from = std::mem::take(&mut q.from);
        for f in &mut from {
            self.from_collations(f)?;
        }
        q.from = from;
        for w in &mut q.windows {
            for b in [&mut w.frame.start, &mut w.frame.end] {
                if let tusklet_ir::FrameBound::Preceding(e) | tusklet_ir::FrameBound::Following(e) = b {
                    self.assign_expr_collations(e)?;
                }
            }
        }
        if let Some(c) = &mut q.on_conflict {
            for t in &mut c.set {
                self.assign_expr_collations(&mut t.expr)?;
            }
            for e in c.filter.iter_mut().chain(&mut c.predicate).chain(&mut c.elements) {
                self.assign_expr_collations(e)?;
            }
        }
        for a in &mut q.merge_actions {
            if let Some(e) = &mut a.cond {
                self.assign_expr_collations(e)?;
            }
            for t in &mut a.targets {
                self.assign_expr_collations(&mut t.expr)?;
            }
        }
        Ok(())
    }

    fn from_collations(&mut self, n: &mut FromNode) -> Result<()> {
        if let FromNode::Join { left, right, on, .. } = n {
            self.from_collations(left)?;
            self.from_collations(right)?;
            if let Some(e) = on {
                self.assign_expr_collations(e)?;
            }
        }
        Ok(())
    }

    /// One expression and all below it.
    pub fn assign_expr_collations(&mut self, e: &mut Expr) -> Result<()> {
        let mut s = START;
        self.collate(e, &mut s)
    }

    /// A target, whose collation must be known if it is sorted or grouped by; `s` with it.
    fn target_collations(&mut self, t: &mut Target, mut s: State) -> Result<State> {
        self.collate(&mut t.expr, &mut s)?;
        if s.strength == Strength::Conflict && t.sort_ref != 0 {
            return Err(self.mismatch(&s));
        }
        Ok(s)
    }

    fn mismatch(&self, s: &State) -> Error {
        let name = |o: Oid| self.cat.collation_name(o).unwrap_or_default();
        err!(
            COLLATION_MISMATCH,
            "collation mismatch between implicit collations \"{}\" and \"{}\"";
            name(s.collation),
            name(s.collation2)
        )
        .hint("You can choose the collation by applying the COLLATE clause to one or both expressions.")
        .at(s.span2)
    }

    /// The collation several expressions agree on; without one, 0 when that is fine (`select_common_collation`).
    pub fn common_collation(&mut self, exprs: &mut [Expr], none_ok: bool) -> Result<Oid> {
        let mut s = START;
        for e in exprs {
            self.collate(e, &mut s)?;
        }
        if s.strength == Strength::Conflict {
            if none_ok {
                return Ok(0);
            }
            return Err(self.mismatch(&s));
        }
        Ok(s.collation)
    }

    fn collate_all<'e>(&mut self, list: impl IntoIterator<Item = &'e mut Expr>, s: &mut State) -> Result<()> {
        for e in list {
            self.collate(e, s)?;
        }
        Ok(())
    }

    fn collate_each<'e>(&mut self, list: impl IntoIterator<Item = &'e mut Expr>) -> Result<()> {
        for e in list {
            self.assign_expr_collations(e)?;
        }
        Ok(())
    }

    fn collate(&mut self, e: &mut Expr, up: &mut State) -> Result<()> {
        let at = location(e);
        let type_collation = self.cat.type_collation(e.ty.oid);
        let mut s = START;
        match &mut e.kind {
            ExprKind::Const(_)
            | ExprKind::Var(_)
            | ExprKind::Column(_)
            | ExprKind::Param(_)
            | ExprKind::CaseTest
            | ExprKind::DomainValue
            | ExprKind::SetToDefault => {
                let state = leaf(e.collation, at);
                return self.merge(state, up);
            }
            ExprKind::Collate(arg) => {
                self.assign_expr_collations(arg)?;
                let state = State { collation: e.collation, strength: Strength::Explicit, span: e.span, ..START };
                return self.merge(state, up);
            }
            ExprKind::Field { arg, .. } => {
                self.assign_expr_collations(arg)?;
                let state = leaf(e.collation, at);
                return self.merge(state, up);
            }
            ExprKind::Row { fields, .. } => return self.collate_each(fields.iter_mut()),
            ExprKind::RowCompare { left, right, collations, .. } => {
                for (i, (l, r)) in left.iter_mut().zip(right.iter_mut()).enumerate() {
                    let mut s = START;
                    self.collate(l, &mut s)?;
                    self.collate(r, &mut s)?;
                    if let Some(c) = collations.get_mut(i) {
                        *c = if s.strength == Strength::Conflict { 0 } else { s.collation };
                    }
                }
                return Ok(());
            }
            ExprKind::ToDomain { arg, .. } => {
                self.collate(arg, &mut s)?;
                let state = if type_collation == 0 {
                    START
                } else if type_collation == oids::COLLATION_DEFAULT {
                    s
                } else {
                    leaf(type_collation, at)
                };
                e.collation = if state.strength == Strength::Conflict { 0 } else { state.collation };
                return self.merge(state, up);
            }
            ExprKind::Aggregate(a) => {
                if let Some(f) = &mut a.filter {
                    self.assign_expr_collations(f)?;
                }
                match a.kind {
                    b'n' => {
                        for t in &mut a.args {
                            let own = self.target_collations(t, if t.junk { START } else { s })?;
                            if !t.junk {
                                s = own;
                            }
                        }
                    }
                    b'h' => {
                        let plain = a.direct.len() - a.args.len().min(a.direct.len());
                        let n = a.direct.len();
                        let one = a.args.len() == 1;
                        self.collate_all(a.direct[..plain].iter_mut(), &mut s)?;
                        for (d, t) in a.direct[plain..n].iter_mut().zip(&mut a.args) {
                            let mut pair = START;
                            self.collate(d, &mut pair)?;
                            self.collate(&mut t.expr, &mut pair)?;
                            // Direct and aggregated argument are compared: they need one collation.
                            if pair.collation != t.expr.collation && pair.strength > Strength::None {
                                let arg = t.expr.clone();
                                let (ty, span) = (arg.ty, arg.span);
                                let form = tusklet_ir::CoercionForm::Implicit;
                                t.expr = Expr::make(ExprKind::Relabel { arg, form }, ty, pair.collation, span);
                            }
                            if one {
                                self.merge(pair, &mut s)?;
                            }
                        }
                    }
                    _ => {
                        let one = a.args.len() == 1;
                        self.collate_all(a.direct.iter_mut(), &mut s)?;
                        for t in &mut a.args {
                            if one {
                                self.collate(&mut t.expr, &mut s)?;
                            } else {
                                self.assign_expr_collations(&mut t.expr)?;
                            }
                        }
                    }
                }
            }
            ExprKind::Window(w) => {
                self.collate_all(w.args.iter_mut(), &mut s)?;
                if let Some(f) = &mut w.filter {
                    self.assign_expr_collations(f)?;
                }
            }
            ExprKind::Case { arg, whens, default } => {
                if let Some(a) = arg {
                    self.assign_expr_collations(a)?;
                }
                for w in whens {
                    self.assign_expr_collations(&mut w.cond)?;
                    self.collate(&mut w.result, &mut s)?;
                }
                self.collate(default, &mut s)?;
            }
            ExprKind::Subscript { container, upper, lower, assign, .. } => {
                self.collate_each(upper.iter_mut().flatten())?;
                self.collate_each(lower.iter_mut().flatten().flatten())?;
                self.collate(container, &mut s)?;
                if let Some(a) = assign {
                    self.collate(a, &mut s)?;
                }
            }
            ExprKind::SubLink(l) => {
                if let Some(t) = &mut l.test {
                    self.collate(t, &mut s)?;
                }
                if let Some(t) = l.query.targets.first().filter(|t| !t.junk) {
                    if matches!(l.kind, SubLinkKind::Expr | SubLinkKind::Array | SubLinkKind::Multi) {
                        let state = leaf(t.expr.collation, location(&t.expr));
                        self.merge(state, &mut s)?;
                    }
                }
            }
            ExprKind::ArrayCoerce { arg, element, .. } => {
                self.collate(arg, &mut s)?;
                // The element is the array's, with the array's collation.
                let c = s.collation;
                set_case_test(element, c);
                self.assign_expr_collations(element)?;
            }
            ExprKind::And(v) | ExprKind::Or(v) => self.collate_each(v.iter_mut())?,
            ExprKind::Call(_)
            | ExprKind::Not(_)
            | ExprKind::Coalesce(_)
            | ExprKind::MinMax { .. }
            | ExprKind::NullIf(_)
            | ExprKind::Distinct(_)
            | ExprKind::NullTest { .. }
            | ExprKind::BoolTest { .. }
            | ExprKind::ScalarArray { .. }
            | ExprKind::Array { .. }
            | ExprKind::Xml { .. }
            | ExprKind::XmlTable(_)
            | ExprKind::FieldStore { .. }
            | ExprKind::Relabel { .. }
            | ExprKind::ViaIo { .. }
            | ExprKind::ConvertRowtype { .. }
            | ExprKind::SqlValue(_)
            | ExprKind::CurrentOf { .. }
            | ExprKind::NextVal(_)
            | ExprKind::SubPlan(_)
            | ExprKind::Grouping { .. }
            | ExprKind::NamedArg { .. }
            | ExprKind::WholeRow { .. } => {
                let mut failed = Ok(());
                tusklet_ir::visit::children_mut(e, &mut |c| {
                    if failed.is_ok() {
                        failed = self.collate(c, &mut s);
                    }
                });
                failed?;
            }
        }
        let state = if type_collation == 0 {
            State { span: at, ..START }
        } else if s.strength > Strength::None {
            s
        } else {
            leaf(type_collation, at)
        };
        e.collation = if state.strength == Strength::Conflict { 0 } else { state.collation };
        let input = if s.strength == Strength::Conflict { 0 } else { s.collation };
        match &mut e.kind {
            ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) => c.input_collation = input,
            ExprKind::MinMax { input_collation, .. } | ExprKind::ScalarArray { input_collation, .. } => {
                *input_collation = input
            }
            ExprKind::Aggregate(a) => a.input_collation = input,
            ExprKind::Window(w) => w.input_collation = input,
            _ => {}
        }
        self.merge(state, up)
    }

    fn merge(&self, s: State, up: &mut State) -> Result<()> {
        if s.strength > up.strength {
            *up = s;
            return Ok(());
        }
        if s.strength < up.strength || s.collation == up.collation {
            return Ok(());
        }
        match s.strength {
            Strength::None | Strength::Conflict => {}
            Strength::Implicit => {
                if up.collation == oids::COLLATION_DEFAULT {
                    *up = s;
                } else if s.collation != oids::COLLATION_DEFAULT {
                    up.strength = Strength::Conflict;
                    up.collation2 = s.collation;
                    up.span2 = s.span;
                }
            }
            Strength::Explicit => {
                let name = |o: Oid| self.cat.collation_name(o).unwrap_or_default();
                return Err(err!(
                    COLLATION_MISMATCH,
                    "collation mismatch between explicit collations \"{}\" and \"{}\"";
                    name(up.collation),
                    name(s.collation)
                )
                .at(s.span));
            }
        }
        Ok(())
    }
}

fn leaf(collation: Oid, span: Span) -> State {
    let strength = if collation != 0 { Strength::Implicit } else { Strength::None };
    State { collation, strength, span, ..START }
}

fn set_case_test(e: &mut Expr, collation: Oid) {
    tusklet_ir::visit::walk_mut(e, &mut |x| {
        if matches!(x.kind, ExprKind::CaseTest) {
            x.collation = collation;
        }
    });
}
