//! `min` and `max`. Among equals that can be told apart (`1.0` and `1.00`) the one PostgreSQL's transition function keeps is
//! kept: nearly always the later.

use std::cmp::Ordering;

use tusklet_adt::float::{cmp_float4, cmp_float8};
use tusklet_adt::interval::Interval;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric_small::{self, quick_rank};
use tusklet_adt::time::TimeTz;
use tusklet_adt::varchar::cmp_bpchar;
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, BytesColumn, Call, CallSite, Datum, Out, Sel, Value, Vector, View};

use super::{dense, each, try_each};
use crate::batch::Elem;
use crate::bind::Arg;
use crate::numeric::quick;

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

    #[cfg_attr(tuned, optimize(speed))]
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

/// Bytes under an order that a number tells for most of them.
trait Ranked {
    /// Whether the later of equals is kept.
    const LATER: bool;
    /// A number whose order is that of the values when two differ.
    fn rank(a: &BytesColumn, i: usize) -> Option<i64>;
    /// The order.
    fn cmp(a: &[u8], b: &[u8]) -> Ordering;
}

struct Text;

impl Ranked for Text {
    const LATER: bool = false;

    #[inline(always)]
    fn rank(a: &BytesColumn, i: usize) -> Option<i64> {
        let v = &a.views()[i];
        let first = match a.get(i).first_chunk() {
            Some(b) if v.len() > View::INLINE => u64::from_le_bytes(*b),
            _ => v.words().0,
        };
        Some((first.swap_bytes() ^ 1 << 63) as i64)
    }

    #[inline]
    fn cmp(a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }
}

struct Numerics;

impl Ranked for Numerics {
    const LATER: bool = true;

    #[inline(always)]
    fn rank(a: &BytesColumn, i: usize) -> Option<i64> {
        let bits = quick_rank(quick(a, i)?)?.to_bits() as i64;
        // A double's bits are in order but for the sign.
        Some(bits ^ (bits >> 63 & i64::MAX))
    }

    #[inline]
    fn cmp(a: &[u8], b: &[u8]) -> Ordering {
        numeric_small::cmp(a, b)
    }
}

struct Extreme<R> {
    /// The kept value's rank, and the value.
    states: Vec<(Option<i64>, Option<Vec<u8>>)>,
    max: bool,
    by: std::marker::PhantomData<R>,
}

impl<R: Ranked> Accumulator for Extreme<R> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, (None, None));
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let Some(a) = v.bytes() else { return Ok(()) };
        let (states, max) = (&mut self.states, self.max);
        each(v, sel, groups, |i, g| {
            let rank = R::rank(a, i);
            let (best, kept) = &mut states[g];
            let order = match (rank, *best, &*kept) {
                (Some(x), Some(s), _) if x != s => x.cmp(&s),
                (_, _, Some(s)) => R::cmp(a.get(i), s),
                (_, _, None) => if max { Ordering::Greater } else { Ordering::Less },
            };
            if order == (if max { Ordering::Greater } else { Ordering::Less }) || R::LATER && order.is_eq() {
                *best = rank;
                let kept = kept.get_or_insert_default();
                kept.clear();
                kept.extend_from_slice(a.get(i));
            }
        });
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let (_, Some(v)) = &self.states[group] {
            out.bytes(v);
        }
        Ok(())
    }
}

macro_rules! extreme {
    ($by:ty, $max:literal) => {
        AggSpec { make: |_| Box::new(Extreme::<$by> { states: Vec::new(), max: $max, by: std::marker::PhantomData }) }
    };
}

pub const MAX_BYTES: AggSpec = extreme!(Text, true);
pub const MIN_BYTES: AggSpec = extreme!(Text, false);
pub const MAX_NUMERIC: AggSpec = extreme!(Numerics, true);
pub const MIN_NUMERIC: AggSpec = extreme!(Numerics, false);

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

    #[cfg_attr(tuned, optimize(speed))]
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

both!(MAX_BPCHAR, MIN_BPCHAR, false, |_, _, a, b| Ok(cmp_bpchar(a.str(), b.str())));
both!(MAX_INTERVAL, MIN_INTERVAL, true, |_, _, a, b| Ok(Interval::arg(a).cmp(&Interval::arg(b))));
both!(MAX_TIMETZ, MIN_TIMETZ, true, |_, _, a, b| Ok(TimeTz::arg(a).cmp(&TimeTz::arg(b))));
both!(MAX_INET, MIN_INET, true, |_, _, a, b| Ok(Inet::arg(a).cmp(&Inet::arg(b))));
both!(MAX_ANY, MIN_ANY, true, |call, ty, a, b| {
    let collation = call.site.collation;
    call.cx.compare(ty, collation, a, b)
});
