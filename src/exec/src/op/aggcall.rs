//! One aggregate call: its arguments, its states for all groups, and the rows it must sort before it may look at them.
//!
//! Most built-in aggregates have an accumulator of their own ([`tusklet_vector::AggSpec`]), which takes whole columns. The
//! rest run their transition function row by row, as PostgreSQL does. An aggregate with DISTINCT or ORDER BY keeps its
//! arguments until the end, and takes them in order, group by group.

use std::any::Any;
use std::rc::Rc;

use tusklet_catalog::builtin;
use tusklet_catalog::live::AggregateParts;
use tusklet_error::{Error, Result, TryVec, err, filled};
use tusklet_ir::{Aggregate, Expr, Oid, SortKey};
use tusklet_vector::hashing::{ByteSet, KeyTable};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{
    Accumulator, AggSpec, Batch, Call, CallContext, CallSite, Datum, Out, Phys, Sel, TypeKind, TypeRef, Value, Vector,
};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::{CExpr, eval_filter};
use crate::func::{Func, aggregate_parts, relabel};
use crate::order::{Order, SortedKeys};
use crate::rowstore::RowStore;
use crate::types::{INT4, phys};

/// A compiled aggregate.
pub(crate) struct AggCall {
    how: How,
    /// Direct arguments of ordered-set aggregates, then the aggregated ones, then what is only sorted by.
    args: Vec<CExpr>,
    /// How many of them the aggregate sees.
    seen: usize,
    /// How many of them are direct ones.
    pub direct: usize,
    filter: Option<CExpr>,
    /// The order of `args` in which it takes rows; and that by groups, whose numbers are the column after them.
    order: Option<[Order; 2]>,
    /// Keys over `args` that decide DISTINCT.
    distinct: Vec<(usize, KeyPart)>,
    site: CallSite,
    pub phys: Phys,
}

enum How {
    Spec(AggSpec),
    Generic(Box<Transition>),
    Hypothetical(Rank),
}

/// The hypothetical-set aggregates: where the direct arguments would stand among the rows.
#[derive(Clone, Copy)]
enum Rank {
    Rank,
    Dense,
    Percent,
    CumeDist,
}

fn rank(final_fn: &str) -> Option<Rank> {
    Some(match final_fn {
        "hypothetical_rank_final" => Rank::Rank,
        "hypothetical_dense_rank_final" => Rank::Dense,
        "hypothetical_percent_rank_final" => Rank::Percent,
        "hypothetical_cume_dist_final" => Rank::CumeDist,
        _ => return None,
    })
}

/// What a hypothetical-set aggregate counts.
#[derive(Clone, Default)]
struct Standing {
    rows: u64,
    before: u64,
    same: u64,
    /// Keys before it, for `dense_rank`.
    distinct: ByteSet,
}

/// An aggregate by its transition function.
struct Transition {
    func: Rc<Func>,
    site: CallSite,
    phys: Phys,
    /// The inverse transition function of the moving form.
    inverse: Option<Rc<Func>>,
    /// How many arguments in front are direct ones, which only the final function sees.
    direct: usize,
    init: Value,
    /// The first value that is not NULL becomes the state: a strict function without initial value.
    adopt: bool,
    finish: Option<(Rc<Func>, CallSite)>,
    /// NULLs passed to the final function after the state.
    extra: usize,
}

/// The result type of an aggregate, polymorphism resolved from the arguments.
fn result_type(cx: &mut ExecCx<'_>, declared: &[TypeRef], actual: &[TypeRef], result: Oid) -> Result<Oid> {
    let element = |t: Oid| matches!(t, 2283 | 2776 | 3500 | 5077 | 5079);
    let array = |t: Oid| matches!(t, 2277 | 5078);
    if !element(result) && !array(result) && !matches!(result, 3831 | 5080 | 4537 | 4538) {
        return Ok(result);
    }
    for (d, a) in declared.iter().zip(actual) {
        if d.oid == result || element(d.oid) && element(result) {
            return Ok(a.oid);
        }
        let desc = cx.type_desc(a.oid)?;
        if element(d.oid) && array(result) {
            return Ok(desc.array);
        }
        if array(d.oid)
            && element(result)
            && let TypeKind::Array(e) = desc.kind
        {
            return Ok(e);
        }
        if matches!(d.oid, 3831 | 5080) && matches!(result, 4537 | 4538) {
            if let Some(r) = builtin::range(a.oid) {
                return Ok(r.multirange());
            }
            if let Some(tusklet_catalog::live::TypeEntryKind::Range { multirange, .. }) =
                cx.catalog.user_type(a.oid).map(|t| &t.kind)
            {
                return Ok(*multirange);
            }
        }
        if matches!(d.oid, 4537 | 4538) && matches!(result, 4537 | 4538) {
            return Ok(a.oid);
        }
    }
    Ok(result)
}

impl AggCall {
    pub fn compile(c: &mut Compiler<'_, '_>, a: &Aggregate) -> Result<AggCall> {
        let mut exprs: Vec<&Expr> = a.direct.iter().collect();
        let direct = exprs.len();
        let plain = a.args.iter().filter(|t| !t.junk);
        exprs.extend(plain.map(|t| &t.expr));
        let seen = exprs.len();
        exprs.extend(a.args.iter().filter(|t| t.junk).map(|t| &t.expr));
        let refs: Vec<u32> =
            a.args.iter().filter(|t| !t.junk).chain(a.args.iter().filter(|t| t.junk)).map(|t| t.sort_ref).collect();
        let place = |target: u32| refs.iter().position(|r| *r == target).map(|i| direct + i);
        let mut order: Vec<SortKey> = Vec::new();
        let mut distinct = Vec::new();
        for (once, s) in a.order_by.iter().map(|s| (false, s)).chain(a.distinct.iter().map(|s| (true, s))) {
            let Some(column) = place(s.target) else { continue };
            let key = SortKey {
                column: column as u32,
                ty: exprs[column].ty.oid,
                cmp: s.cmp,
                collation: exprs[column].collation,
                desc: s.desc,
                nulls_first: s.nulls_first,
            };
            if once {
                distinct.push((column, c.key_part(&key)));
            }
            if !once || !order.iter().any(|o| o.column == key.column) {
                order.push(key);
            }
        }
        let types: Vec<TypeRef> = exprs[..seen].iter().map(|e| e.ty).collect();
        let filter = a.filter.as_ref().map(|f| c.expr(f)).transpose()?;
        let args: Vec<CExpr> = exprs.into_iter().map(|e| c.expr(e)).try_vec()?;
        c.called(a.func, "aggregate")?;
        let mut call = AggCall::bind(c, a.func, types, a.input_collation, a.trans_type, a.variadic)?;
        call.args = args;
        call.seen = seen;
        call.direct = direct;
        call.filter = filter;
        // An ordered-set aggregate's own functions sort, if anyone does.
        let sorts = !matches!(&call.how, How::Generic(_)) || a.direct.is_empty() && !is_ordered_set(c, a.func)?;
        if sorts && !order.is_empty() {
            let group = SortKey { column: call.args.len() as u32, ty: INT4, cmp: 0, collation: 0, desc: false, nulls_first: false };
            let alone = Order::new(c, &order)?;
            order.insert(0, group);
            call.order = Some([alone, Order::new(c, &order)?]);
            call.distinct = distinct;
        }
        Ok(call)
    }

    /// An aggregate used as a window function; `moving` when its frame's start moves.
    pub fn compile_window(c: &mut Compiler<'_, '_>, w: &tusklet_ir::WindowCall, moving: bool) -> Result<AggCall> {
        let types = w.args.iter().map(|e| e.ty).collect();
        let filter = w.filter.as_ref().map(|f| c.expr(f)).transpose()?;
        let args = c.exprs(&w.args)?;
        let mut call = AggCall::bind(c, w.func, types, w.input_collation, w.trans_type, false)?;
        call.seen = args.len();
        call.args = args;
        call.filter = filter;
        // PostgreSQL's own give the same either way.
        let user = w.func >= builtin::FIRST_NORMAL_OBJECT_ID;
        if moving && user && !call.args.iter().chain(&call.filter).any(|e| e.volatile) {
            call.make_moving(c, w.func)?;
        }
        Ok(call)
    }

    fn bind(
        c: &mut Compiler<'_, '_>,
        func: Oid,
        types: Vec<TypeRef>,
        collation: Oid,
        trans_type: Oid,
        variadic: bool,
    ) -> Result<AggCall> {
        let parts = aggregate_parts(&c.cx.catalog, func)?;
        let declared = c.cx.func(func)?;
        let result = result_type(c.cx, &declared.site.args, &types, declared.site.result.oid)?;
        let site = CallSite { func, args: types, result: TypeRef::new(result), collation, variadic, columns: None };
        let src = |f: Oid| if f == 0 { "-" } else { builtin::proc(f).map_or("?", |p| p.src()) };
        let name = filled!("{}/{}"; src(parts.trans), src(parts.final_fn));
        let how = match c.kernels().aggregate(&name) {
            Some(spec) if func < builtin::FIRST_NORMAL_OBJECT_ID || is_builtin(&parts) => How::Spec(spec),
            _ if parts.kind == b'h' && rank(src(parts.final_fn)).is_some() => {
                How::Hypothetical(rank(src(parts.final_fn)).unwrap_or(Rank::Rank))
            }
            _ => How::Generic(Box::new(transition(c, &parts, &site, trans_type, &declared.name)?)),
        };
        Ok(AggCall {
            how,
            args: vec![],
            seen: 0,
            direct: 0,
            filter: None,
            order: None,
            distinct: vec![],
            phys: phys(&c.cx.catalog, result),
            site,
        })
    }

    /// `args`, the direct ones replaced by what they are in another batch of the same rows.
    pub fn with_direct(
        &self,
        cx: &mut ExecCx<'_>,
        batch: &Batch,
        sel: &Sel,
        args: &[Rc<Vector>],
    ) -> Result<Vec<Rc<Vector>>> {
        let mut all = args.to_vec();
        for (a, v) in self.args.iter().zip(&mut all).take(if sel.is_empty() { 0 } else { self.direct }) {
            *v = a.eval(cx, batch, sel)?;
        }
        Ok(all)
    }

    /// The call's arguments for the selected rows that pass its filter, up to the first failing one.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn arguments(&self, cx: &mut ExecCx<'_>, batch: &Batch) -> Result<(Vec<Rc<Vector>>, Sel)> {
        let mut sel = batch.sel.clone();
        if let Some(f) = &self.filter {
            let (s, failed) = eval_filter(cx, f, batch);
            if let Some(e) = failed {
                return Err(e);
            }
            sel = s;
        }
        if sel.is_empty() {
            return Ok((self.args.iter().map(|a| Rc::new(Vector::empty(a.phys))).collect(), sel));
        }
        let mut args = Vec::with_capacity(self.args.len());
        for a in &self.args {
            args.push(if a.volatile {
                let (mut v, _, failed) =
                    crate::expr::eval_some(cx, &[Some(a)], &Batch { columns: batch.columns.clone(), sel: sel.clone() });
                if let Some(e) = failed {
                    return Err(e);
                }
                match v.pop() {
                    Some(v) => v,
                    None => return Err(Error::internal("aggregate argument is missing")),
                }
            } else {
                a.eval(cx, batch, &sel)?
            });
        }
        Ok((args, sel))
    }

    /// States for no groups yet.
    pub fn start(&self) -> AggState {
        let acc = match &self.how {
            How::Spec(s) => Acc::Own((s.make)(&self.site)),
            How::Generic(_) => Acc::Generic(Vec::new()),
            How::Hypothetical(_) => Acc::Hypothetical(Vec::new()),
        };
        let types: Vec<Phys> = self.args.iter().map(|a| a.phys).collect();
        let sorts = self.order.is_some() && !matches!(self.how, How::Hypothetical(_));
        let alone = self.order.as_ref().is_some_and(|[o, _]| o.keys.len() == 1);
        let counts = self.site.func == builtin::oids::F_COUNT_ANY && alone && self.distinct.len() == 1;
        let seen = counts.then_some(None);
        let buffer = (sorts && !counts).then(|| (RowStore::new(&types), Vec::new()));
        AggState { acc, extra: None, buffer, seen, groups: 0 }
    }
}

fn is_ordered_set(c: &Compiler<'_, '_>, func: Oid) -> Result<bool> {
    Ok(aggregate_parts(&c.cx.catalog, func)?.kind != b'n')
}

/// Whether the parts are those of one of PostgreSQL's own aggregates, whose accumulator may then stand for them.
fn is_builtin(parts: &AggregateParts) -> bool {
    builtin::Aggregate::all().any(|a| {
        a.transfn() == parts.trans
            && a.finalfn() == parts.final_fn
            && a.transtype() == parts.trans_type
            && a.kind() == parts.kind
            && a.initval() == parts.init.as_deref()
    })
}

impl AggCall {
    /// Runs the aggregate by its moving form (`msfunc`, `minvfunc`), if it has one and is run function by function.
    fn make_moving(&mut self, c: &mut Compiler<'_, '_>, func: Oid) -> Result<()> {
        let mut parts = aggregate_parts(&c.cx.catalog, func)?;
        if !matches!(self.how, How::Generic(_)) || parts.moving[0] == 0 {
            return Ok(());
        }
        let inverse = c.cx.func(parts.moving[1])?;
        // The plain form's parts take its place.
        (parts.trans, parts.final_fn, parts.trans_type) = (parts.moving[0], parts.moving[2], parts.moving[3]);
        parts.final_extra = parts.moving_extra;
        parts.init = parts.moving_init.take();
        let name = c.cx.func(func)?.name.clone();
        let mut t = transition(c, &parts, &self.site, 0, &name)?;
        t.inverse = Some(inverse);
        self.how = How::Generic(Box::new(t));
        Ok(())
    }

    /// Whether rows can be taken away again.
    pub fn can_retreat(&self) -> bool {
        matches!(&self.how, How::Generic(t) if t.inverse.is_some())
    }
}

fn transition(
    c: &mut Compiler<'_, '_>,
    parts: &AggregateParts,
    site: &CallSite,
    trans_type: Oid,
    name: &str,
) -> Result<Transition> {
    const INTERNAL: Oid = 2281;
    let trans_type = if trans_type == 0 { parts.trans_type } else { trans_type };
    if trans_type == INTERNAL {
        return Err(Error::unsupported(filled!("aggregate {}"; name)));
    }
    let func = c.cx.func(parts.trans)?;
    let state = TypeRef::new(trans_type);
    let init = match &parts.init {
        Some(text) => c.cx.input(state, text)?,
        None => Value::Null,
    };
    let mut args = vec![state];
    let direct = if parts.kind == b'n' { 0 } else { (parts.direct_args.max(0) as usize).min(site.args.len()) };
    args.extend_from_slice(&site.args[direct..]);
    let adopt = func.strict && init.is_null();
    let trans_site = CallSite { func: parts.trans, args, result: state, collation: site.collation, variadic: false, columns: None };
    let finish = match parts.final_fn {
        0 => None,
        f => {
            let func = c.cx.func(f)?;
            let mut args = vec![state];
            args.extend_from_slice(if parts.final_extra { &site.args } else { &site.args[..direct] });
            let site = CallSite { func: f, args, result: site.result, collation: site.collation, variadic: false, columns: None };
            Some((func, site))
        }
    };
    Ok(Transition {
        func,
        phys: phys(&c.cx.catalog, trans_type),
        site: trans_site,
        init,
        adopt,
        finish,
        inverse: None,
        direct,
        extra: if parts.final_extra { site.args.len() - direct } else { 0 },
    })
}

enum Acc {
    Own(Box<dyn Accumulator>),
    /// One state a group.
    Generic(Vec<State>),
    Hypothetical(Vec<Standing>),
}

/// A group's state of an aggregate by its functions.
#[derive(Clone, Default)]
struct State {
    /// `None` until the first value of a function that adopts it.
    value: Option<Value>,
    /// The direct arguments, from the group's first row.
    direct: Option<Vec<Value>>,
    /// Rows that moved it, for the inverse.
    rows: usize,
}

/// The states of one aggregate for all groups.
pub(crate) struct AggState {
    acc: Acc,
    extra: Option<Box<dyn Any>>,
    buffer: Option<(RowStore, Vec<u32>)>,
    /// The values seen so far, made with the first of them, for `count(DISTINCT …)`: it does not care about their order.
    seen: Option<Option<KeyTable>>,
    groups: usize,
}

impl AggState {
    /// There are now `groups` groups.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn resize(&mut self, call: &AggCall, groups: usize) {
        if groups <= self.groups {
            return;
        }
        self.groups = groups;
        match (&mut self.acc, &call.how) {
            (Acc::Own(a), _) => a.resize(groups),
            (Acc::Generic(s), How::Generic(t)) => {
                let value = if t.adopt { None } else { Some(t.init.clone()) };
                s.resize(groups, State { value, ..State::default() });
            }
            (Acc::Hypothetical(s), _) => s.resize(groups, Standing::default()),
            (Acc::Generic(_), _) => {}
        }
    }

    /// Takes rows, in order; `groups[k]` is the group of the `k`-th, none means group 0 for all.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn update(
        &mut self,
        cx: &mut ExecCx<'_>,
        call: &AggCall,
        args: &[Rc<Vector>],
        sel: &Sel,
        groups: &[u32],
    ) -> Result<()> {
        if sel.is_empty() {
            return Ok(());
        }
        if let Some(seen) = &mut self.seen {
            let mut columns: Vec<&Vector> = args.iter().take(1).map(|a| &**a).collect();
            let mut of = Vector::zeroed(Phys::I32, if groups.is_empty() { 0 } else { sel.row(sel.len() - 1) + 1 });
            for (i, g) in sel.iter().zip(groups) {
                of.i32s_mut()[i] = *g as i32;
            }
            if !groups.is_empty() {
                columns.push(&of);
            }
            let seen = seen.get_or_insert_with(|| {
                let types: Vec<Phys> = columns.iter().map(|c| c.phys()).collect();
                let parts: Vec<KeyPart> = call.distinct.iter().map(|(_, p)| *p).chain([KeyPart::ASC]).collect();
                KeyTable::new(&types, &parts[..types.len().min(parts.len())], false)
            });
            let mut next = seen.count() as u32;
            let mut numbers = Vec::new();
            seen.numbers(&columns, sel, true, &mut numbers);
            let (mut rows, mut fresh) = (Vec::new(), Vec::new());
            for (k, i) in sel.iter().enumerate() {
                if numbers[k] == next {
                    next += 1;
                    rows.push(i as u16);
                    fresh.extend(groups.get(k));
                }
            }
            return self.feed(cx, call, args, &Sel::Rows(Rc::new(rows)), &fresh);
        }
        if let Some((rows, of)) = &mut self.buffer {
            rows.push(&Batch { columns: args.to_vec(), sel: sel.clone() });
            match groups {
                [] => of.resize(rows.rows, 0),
                g => of.extend_from_slice(g),
            }
            return Ok(());
        }
        self.feed(cx, call, args, sel, groups)
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn feed(
        &mut self,
        cx: &mut ExecCx<'_>,
        call: &AggCall,
        args: &[Rc<Vector>],
        sel: &Sel,
        groups: &[u32],
    ) -> Result<()> {
        let args = &args[..call.seen.min(args.len())];
        match (&mut self.acc, &call.how) {
            (Acc::Own(a), _) => {
                let refs: Vec<&Vector> = args.iter().map(|v| &**v).collect();
                let mut kernel = Call { cx, site: &call.site, extra: &mut self.extra, row: 0 };
                a.update(&mut kernel, &refs, sel, groups)
            }
            (Acc::Generic(states), How::Generic(t)) => {
                for (k, i) in sel.iter().enumerate() {
                    let g = groups.get(k).copied().unwrap_or(0) as usize;
                    let Some(state) = states.get_mut(g) else { continue };
                    if t.direct > 0 && state.direct.is_none() {
                        state.direct = Some(args.iter().take(t.direct).map(|a| a.value(i)).collect());
                    }
                    let args = &args[t.direct.min(args.len())..];
                    if t.func.strict && args.iter().any(|a| a.is_null(i)) {
                        continue;
                    }
                    state.rows += 1;
                    let Some(old) = &mut state.value else {
                        state.value = Some(args.first().map_or(Value::Null, |a| relabel(a.get(i), t.phys).to_value()));
                        continue;
                    };
                    if t.func.strict && old.is_null() {
                        continue;
                    }
                    let old = std::mem::take(old);
                    let mut datums: Vec<Datum<'_>> = Vec::with_capacity(args.len() + 1);
                    datums.push(old.as_datum());
                    datums.extend(args.iter().map(|a| a.get(i)));
                    state.value = Some(t.func.call_at(cx, &t.site, &mut self.extra, t.phys, &datums)?);
                    if t.inverse.is_some() && state.value.as_ref().is_some_and(Value::is_null) {
                        return Err(err!(
                            NULL_VALUE_NOT_ALLOWED,
                            "moving-aggregate transition function must not return null"
                        ));
                    }
                }
                Ok(())
            }
            (Acc::Hypothetical(states), _) => {
                let Some([order, _]) = &call.order else { return Ok(()) };
                // The direct arguments come first, as many as are sorted by.
                let direct = order.keys.len();
                let (mut key, mut keys) = (Vec::new(), [vec![], vec![]]);
                for (k, i) in sel.iter().enumerate() {
                    let g = groups.get(k).copied().unwrap_or(0) as usize;
                    let Some(state) = states.get_mut(g) else { continue };
                    state.rows += 1;
                    match order.compare_at(cx, i, args, direct, &mut keys)? {
                        std::cmp::Ordering::Less => {
                            state.before += 1;
                            if matches!(call.how, How::Hypothetical(Rank::Dense)) {
                                key.clear();
                                order.keys.iter().for_each(|(c, p, _)| p.write_row(&args[*c], i, &mut key));
                                state.distinct.insert(&key);
                            }
                        }
                        std::cmp::Ordering::Equal => state.same += 1,
                        std::cmp::Ordering::Greater => {}
                    }
                }
                Ok(())
            }
            (Acc::Generic(_), _) => Ok(()),
        }
    }

    /// Takes rows of group 0 away again by the inverse transition function; `false` when that cannot be done and the rows that
    /// are left must be given anew (`advance_windowaggregate_base`).
    pub fn retreat(&mut self, cx: &mut ExecCx<'_>, call: &AggCall, args: &[Rc<Vector>], sel: &Sel) -> Result<bool> {
        let (Acc::Generic(states), How::Generic(t)) = (&mut self.acc, &call.how) else { return Ok(false) };
        let (Some(state), Some(inverse)) = (states.first_mut(), &t.inverse) else { return Ok(false) };
        let args = &args[..call.seen.min(args.len())];
        for i in sel.iter() {
            if inverse.strict && args.iter().any(|a| a.is_null(i)) {
                continue;
            }
            let Some(old) = state.value.as_mut().filter(|v| !(inverse.strict && v.is_null())) else { return Ok(false) };
            // The last row is not taken away: the state starts anew.
            if state.rows <= 1 {
                return Ok(false);
            }
            state.rows -= 1;
            let old = std::mem::take(old);
            let mut datums: Vec<Datum<'_>> = vec![old.as_datum()];
            datums.extend(args.iter().map(|a| a.get(i)));
            let new = inverse.call_at(cx, &t.site, &mut self.extra, t.phys, &datums)?;
            if new.is_null() {
                return Ok(false);
            }
            state.value = Some(new);
        }
        Ok(true)
    }

    /// All rows were given: those kept for sorting are taken now.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn settle(&mut self, cx: &mut ExecCx<'_>, call: &AggCall) -> Result<()> {
        let Some((mut rows, of)) = self.buffer.take() else { return Ok(()) };
        let Some([alone, grouped]) = &call.order else { return Ok(()) };
        let mut order = if self.groups > 1 {
            let mut groups = Vector::zeroed(Phys::I32, of.len());
            groups.i32s_mut().iter_mut().zip(&of).for_each(|(to, g)| *to = *g as i32);
            rows.columns.push(groups);
            let order = grouped.sorted(cx, &rows.columns, of.len())?;
            rows.columns.pop();
            order
        } else {
            alone.sorted(cx, &rows.columns, of.len())?
        };
        if !call.distinct.is_empty() {
            let mut same = SortedKeys::default();
            for i in 0..of.len() {
                same.add(|out| call.distinct.iter().for_each(|(c, p)| p.write_row(&rows.columns[*c], i, out)));
            }
            order.dedup_by(|b, a| of[*a as usize] == of[*b as usize] && same.key(*a) == same.key(*b));
        }
        for chunk in order.chunks(tusklet_vector::BATCH) {
            let b = rows.gather(chunk);
            let groups: Vec<u32> = chunk.iter().map(|i| of[*i as usize]).collect();
            self.feed(cx, call, &b.columns, &b.sel, &groups)?;
        }
        Ok(())
    }

    /// Writes a group's result.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn finish(
        &mut self,
        cx: &mut ExecCx<'_>,
        call: &AggCall,
        group: usize,
        out: &mut Vector,
        row: usize,
    ) -> Result<()> {
        match (&mut self.acc, &call.how) {
            (Acc::Own(a), _) => {
                let mut o = Out::new(out, row);
                let mut kernel = Call { cx, site: &call.site, extra: &mut self.extra, row: 0 };
                a.finish(&mut kernel, group, &mut o)?;
                o.finish();
            }
            (Acc::Generic(states), How::Generic(t)) => {
                let state = states.get(group).cloned().unwrap_or_default();
                let value = state.value.unwrap_or_default();
                let v = match &t.finish {
                    None => value,
                    Some((f, site)) => {
                        let mut args = vec![value.as_datum()];
                        args.extend(state.direct.iter().flatten().map(|d| d.as_datum()));
                        args.resize(1 + t.direct + t.extra, Datum::Null);
                        f.call_at(cx, site, &mut None, call.phys, &args)?
                    }
                };
                out.set(row, v.as_datum());
            }
            (Acc::Hypothetical(states), How::Hypothetical(rank)) => {
                let s = states.get(group).cloned().unwrap_or_default();
                out.set(
                    row,
                    match rank {
                        Rank::Rank => Datum::I64(s.before as i64 + 1),
                        Rank::Dense => Datum::I64(s.distinct.len() as i64 + 1),
                        Rank::Percent if s.rows == 0 => Datum::F64(0.0),
                        Rank::Percent => Datum::F64(s.before as f64 / s.rows as f64),
                        Rank::CumeDist => Datum::F64((s.before + s.same + 1) as f64 / (s.rows + 1) as f64),
                    },
                );
            }
            (Acc::Generic(_) | Acc::Hypothetical(_), _) => {}
        }
        Ok(())
    }
}
