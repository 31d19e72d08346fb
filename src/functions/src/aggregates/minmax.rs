//! `min` and `max`. Among equals that can be told apart (`1.0` and `1.00`) the one PostgreSQL's transition function keeps is
//! kept: nearly always the later.

use std::cmp::Ordering;

use tusklet_adt::float::{cmp_float4, cmp_float8};
use tusklet_adt::interval::Interval;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::cmp_bpchar;
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Call, CallSite, Datum, Out, Sel, Value, Vector};

use super::{dense, each, try_each};
use crate::batch::Elem;
use crate::bind::Arg;

/// Fixed-width values under an order the compiler sees.
trait Better<A> {
    /// Whether the new value `x` replaces `s`.
    fn better(x: A, s: A) -> bool;
}

struct Fixed<A, B> {
    states: Vec<Option<A>>,
    give: fn(A) -> Datum<'static>,
    by: std::marker::PhantomData<B>,
}

impl<A: Elem, B: Better<A>> Accumulator for Fixed<A, B> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, None);
    }

    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = A::col(v);
        if let Some(all) = dense(v, a, sel, groups).filter(|_| v.validity.is_all_set()) {
            let (Some(state), Some(first)) = (self.states.first_mut(), all.first()) else { return Ok(()) };
            let mut best = state.unwrap_or(*first);
            for x in all {
                best = if B::better(*x, best) { *x } else { best };
            }
            *state = Some(best);
            return Ok(());
        }
        let states = &mut self.states;
        each(v, sel, groups, |i, g| match &mut states[g] {
            Some(s) if !B::better(a[i], *s) => {}
            s => *s = Some(a[i]),
        });
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let Some(v) = self.states[group] {
            out.set((self.give)(v));
        }
        Ok(())
    }
}

struct Max;
struct Min;

macro_rules! ints {
    ($($t:ty),*) => {$(
        impl Better<$t> for Max {
            #[inline(always)]
            fn better(x: $t, s: $t) -> bool { x > s }
        }
        impl Better<$t> for Min {
            #[inline(always)]
            fn better(x: $t, s: $t) -> bool { x < s }
        }
    )*};
}

ints!(i16, i32, i64);

macro_rules! floats {
    ($($t:ty, $cmp:path);*) => {$(
        impl Better<$t> for Max {
            #[inline(always)]
            fn better(x: $t, s: $t) -> bool { $cmp(s, x) != Ordering::Greater }
        }
        impl Better<$t> for Min {
            #[inline(always)]
            fn better(x: $t, s: $t) -> bool { $cmp(s, x) != Ordering::Less }
        }
    )*};
}

floats!(f32, cmp_float4; f64, cmp_float8);

macro_rules! fixed {
    ($t:ty, $by:ty, $give:expr) => {
        AggSpec {
            make: |_| Box::new(Fixed::<$t, $by> { states: Vec::new(), give: $give, by: std::marker::PhantomData }),
        }
    };
}

pub const MAX_I16: AggSpec = fixed!(i16, Max, Datum::I16);
pub const MIN_I16: AggSpec = fixed!(i16, Min, Datum::I16);
pub const MAX_I32: AggSpec = fixed!(i32, Max, Datum::I32);
pub const MIN_I32: AggSpec = fixed!(i32, Min, Datum::I32);
pub const MAX_I64: AggSpec = fixed!(i64, Max, Datum::I64);
pub const MIN_I64: AggSpec = fixed!(i64, Min, Datum::I64);
pub const MAX_F32: AggSpec = fixed!(f32, Max, Datum::F32);
pub const MIN_F32: AggSpec = fixed!(f32, Min, Datum::F32);
pub const MAX_F64: AggSpec = fixed!(f64, Max, Datum::F64);
pub const MIN_F64: AggSpec = fixed!(f64, Min, Datum::F64);

/// Values of any type under a function.
struct General {
    states: Vec<Value>,
    compare: fn(&mut Call<'_>, u32, Datum<'_>, Datum<'_>) -> Result<Ordering>,
    /// The order of the kept value against a new one that makes the new one win.
    wins: Ordering,
    /// Whether the new one wins among equals.
    later: bool,
    ty: u32,
}

impl Accumulator for General {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Value::Null);
    }

    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let General { states, compare, wins, later, ty } = self;
        try_each(call, v, sel, groups, |call, i, g| {
            let x = v.get(i);
            let s = &mut states[g];
            let replace = s.is_null() || {
                let order = compare(call, *ty, s.as_datum(), x)?;
                order == *wins || (*later && order == Ordering::Equal)
            };
            if replace {
                *s = x.to_value();
            }
            Ok(())
        })
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        out.set(self.states[group].as_datum());
        Ok(())
    }
}

fn general(
    site: &CallSite,
    wins: Ordering,
    later: bool,
    compare: fn(&mut Call<'_>, u32, Datum<'_>, Datum<'_>) -> Result<Ordering>,
) -> Box<dyn Accumulator> {
    Box::new(General { states: Vec::new(), compare, wins, later, ty: site.args.last().map_or(0, |t| t.oid) })
}

macro_rules! both {
    ($max:ident, $min:ident, $later:expr, $cmp:expr) => {
        pub const $max: AggSpec = AggSpec { make: |site| general(site, Ordering::Less, $later, $cmp) };
        pub const $min: AggSpec = AggSpec { make: |site| general(site, Ordering::Greater, $later, $cmp) };
    };
}

both!(MAX_BYTES, MIN_BYTES, false, |_, _, a, b| Ok(a.bytes().cmp(b.bytes())));
both!(MAX_BPCHAR, MIN_BPCHAR, false, |_, _, a, b| Ok(cmp_bpchar(a.str(), b.str())));
both!(MAX_NUMERIC, MIN_NUMERIC, true, |_, _, a, b| Ok(Numeric::cmp_encoded(a.bytes(), b.bytes())));
both!(MAX_INTERVAL, MIN_INTERVAL, true, |_, _, a, b| Ok(Interval::arg(a).cmp(&Interval::arg(b))));
both!(MAX_TIMETZ, MIN_TIMETZ, true, |_, _, a, b| Ok(TimeTz::arg(a).cmp(&TimeTz::arg(b))));
both!(MAX_INET, MIN_INET, true, |_, _, a, b| Ok(Inet::arg(a).cmp(&Inet::arg(b))));
both!(MAX_ANY, MIN_ANY, true, |call, ty, a, b| {
    let collation = call.site.collation;
    call.cx.compare(ty, collation, a, b)
});
