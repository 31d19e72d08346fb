//! `count(*)`, `count(x)` and `regr_count(y, x)`.

use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Bitmap, Call, Out, Sel, Vector};

/// Counts rows whose first `ARGS` arguments are not NULL.
#[derive(Default)]
struct Count<const ARGS: usize>(Vec<i64>);

impl<const ARGS: usize> Accumulator for Count<ARGS> {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups, 0);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, _: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let args = &args[..ARGS.min(args.len())];
        if args.iter().any(|a| a.constant && a.is_null(0)) {
            return Ok(());
        }
        let valid = args.iter().filter(|a| !a.constant).fold(Bitmap::all_set(), |b, a| b.and(&a.validity));
        match (groups.is_empty(), valid.is_all_set()) {
            (true, true) => {
                if let Some(n) = self.0.first_mut() {
                    *n += sel.len() as i64;
                }
            }
            (true, false) => {
                let n = sel.iter().filter(|i| valid.get(*i)).count();
                if let Some(c) = self.0.first_mut() {
                    *c += n as i64;
                }
            }
            (false, true) => {
                for g in groups {
                    self.0[*g as usize] += 1;
                }
            }
            (false, false) => {
                for (i, g) in sel.iter().zip(groups) {
                    self.0[*g as usize] += valid.get(i) as i64;
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        out.i64(self.0[group]);
        Ok(())
    }

    fn memory(&self) -> usize {
        self.0.len() * 8
    }
}

pub const COUNT_ALL: AggSpec = AggSpec { make: |_| Box::new(Count::<0>::default()) };
pub const COUNT: AggSpec = AggSpec { make: |_| Box::new(Count::<1>::default()) };
pub const COUNT_PAIRS: AggSpec = AggSpec { make: |_| Box::new(Count::<2>::default()) };
