//! `bool_and`, `bool_or`, `every`, `bit_and`, `bit_or`, `bit_xor`.

use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Call, Datum, Out, Sel, Vector};

use super::each;
use crate::batch::Elem;

/// Folds values; NULL without any.
struct Fold<A> {
    states: Vec<Option<A>>,
    fold: fn(A, A) -> A,
    give: fn(A) -> Datum<'static>,
}

impl<A: Elem> Accumulator for Fold<A> {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, None);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let a = A::col(v);
        let (states, fold) = (&mut self.states, self.fold);
        each(v, sel, groups, |i, g| {
            let s = &mut states[g];
            *s = Some(s.map_or(a[i], |s| fold(s, a[i])));
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

macro_rules! fold {
    ($t:ty, |$a:ident, $b:ident| $e:expr, $give:expr) => {
        AggSpec { make: |_| Box::new(Fold::<$t> { states: Vec::new(), fold: |$a, $b| $e, give: $give }) }
    };
}

pub const BOOL_AND: AggSpec = fold!(u8, |a, b| a & b, |v| Datum::Bool(v != 0));
pub const BOOL_OR: AggSpec = fold!(u8, |a, b| a | b, |v| Datum::Bool(v != 0));
pub const AND_I16: AggSpec = fold!(i16, |a, b| a & b, Datum::I16);
pub const OR_I16: AggSpec = fold!(i16, |a, b| a | b, Datum::I16);
pub const XOR_I16: AggSpec = fold!(i16, |a, b| a ^ b, Datum::I16);
pub const AND_I32: AggSpec = fold!(i32, |a, b| a & b, Datum::I32);
pub const OR_I32: AggSpec = fold!(i32, |a, b| a | b, Datum::I32);
pub const XOR_I32: AggSpec = fold!(i32, |a, b| a ^ b, Datum::I32);
pub const AND_I64: AggSpec = fold!(i64, |a, b| a & b, Datum::I64);
pub const OR_I64: AggSpec = fold!(i64, |a, b| a | b, Datum::I64);
pub const XOR_I64: AggSpec = fold!(i64, |a, b| a ^ b, Datum::I64);
