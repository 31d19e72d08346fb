//! The implementations a shell hands to the engine, by name.
//!
//! There are two thousand kernels, and a page downloads their table. A pointer to each name and a tag beside each function cost more than the
//! names: so names are one text, and a kernel's place among them is its place in a list of bare functions.

use crate::kernel::{AggSpec, BatchFn, Kernel, ScalarFn, SetFn};
use crate::key::{KeyFn, KeyOrder};

/// The implementations a shell hands to the engine: names are `prosrc`s, each list sorted by name. Aggregates are named
/// `transition function's prosrc/final function's prosrc` (`-` for none), as `int4_avg_accum/int8_avg`; one that is not
/// listed runs its transition function row by row. Keys are named by the B-tree comparison function's `prosrc`; one that
/// is not listed orders natively.
#[derive(Clone, Copy)]
pub struct KernelTable {
    /// Functions.
    pub kernels: Kernels,
    /// Aggregates with accumulators of their own.
    pub aggregates: &'static [(&'static str, AggSpec)],
    /// Key bytes of types that do not order by their physical value.
    pub keys: &'static [(&'static str, KeyFn)],
}

fn find<T: Copy>(list: &'static [(&'static str, T)], name: &str) -> Option<T> {
    list.binary_search_by(|(n, _)| (*n).cmp(name)).ok().map(|i| list[i].1)
}

impl KernelTable {
    /// The function of that `prosrc`.
    pub fn kernel(&self, prosrc: &str) -> Option<Kernel> {
        self.kernels.find(prosrc)
    }

    /// The aggregate of that name.
    pub fn aggregate(&self, name: &str) -> Option<AggSpec> {
        find(self.aggregates, name)
    }

    /// How values compared by that function order; `inner` says what containers contain ([`KeyFn`]).
    pub fn key(&self, prosrc: &str, inner: u32) -> KeyOrder {
        find(self.keys, prosrc).map_or(KeyOrder::Native, |f| KeyOrder::Custom(f, inner))
    }
}

/// A kernel with its name.
pub type Entry = (&'static str, Kernel);

/// Of so many names one is found by bisection, the others by going on from there.
const STEP: usize = 32;

/// Kernels, as [`kernels!`](crate::kernels!) puts them.
#[derive(Clone, Copy)]
pub struct Kernels {
    /// The names of functions of one row, ascending, each with a zero behind it.
    names: &'static [u8],
    /// Where every [`STEP`]-th name starts.
    starts: &'static [u16],
    /// The functions of these names.
    scalars: &'static [ScalarFn],
    /// Those that have a twin for columns, by their place.
    batches: &'static [(u16, BatchFn)],
    sets: &'static [(&'static str, SetFn)],
}

impl Kernels {
    fn find(&self, name: &str) -> Option<Kernel> {
        let Some(i) = self.place(name.as_bytes()) else { return find(self.sets, name).map(Kernel::Set) };
        let scalar = self.scalars[i];
        Some(match self.batches.binary_search_by_key(&i, |b| usize::from(b.0)) {
            Ok(b) => Kernel::Batch(self.batches[b].1, scalar),
            Err(_) => Kernel::Scalar(scalar),
        })
    }

    fn place(&self, name: &[u8]) -> Option<usize> {
        let from = |start: u16| self.names[usize::from(start)..].split(|&b| b == 0);
        let step =
            self.starts.partition_point(|&start| from(start).next().is_some_and(|n| n <= name)).checked_sub(1)?;
        let within = from(self.starts[step]).take(STEP).position(|n| n == name)?;
        Some(step * STEP + within)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let text = |n| std::str::from_utf8(n).unwrap_or_default();
        self.names.split(|&b| b == 0).map(text).filter(|n| !n.is_empty()).chain(self.sets.iter().map(|s| s.0))
    }
}

/// How long the parts of [`Kernels`] are.
pub struct Sizes {
    /// Bytes of names.
    pub text: usize,
    /// Functions of one row.
    pub scalars: usize,
    /// Functions of columns.
    pub batches: usize,
    /// Set-returning functions.
    pub sets: usize,
}

impl Sizes {
    /// Of these entries.
    pub const fn of(entries: &[Entry]) -> Sizes {
        let mut s = Sizes { text: 0, scalars: 0, batches: 0, sets: 0 };
        let mut i = 0;
        while i < entries.len() {
            match entries[i].1 {
                Kernel::Set(_) => s.sets += 1,
                Kernel::Batch(..) | Kernel::Scalar(_) => {
                    s.text += entries[i].0.len() + 1;
                    s.scalars += 1;
                    s.batches += matches!(entries[i].1, Kernel::Batch(..)) as usize;
                }
            }
            i += 1;
        }
        s
    }

    /// Names that bisection looks at.
    pub const fn starts(&self) -> usize {
        self.scalars.div_ceil(STEP)
    }
}

/// What [`Kernels`] refers to.
pub struct Stored<const TEXT: usize, const STARTS: usize, const SCALARS: usize, const BATCHES: usize, const SETS: usize>
{
    names: [u8; TEXT],
    starts: [u16; STARTS],
    scalars: [ScalarFn; SCALARS],
    batches: [(u16, BatchFn); BATCHES],
    sets: [(&'static str, SetFn); SETS],
}

impl<const TEXT: usize, const STARTS: usize, const SCALARS: usize, const BATCHES: usize, const SETS: usize>
    Stored<TEXT, STARTS, SCALARS, BATCHES, SETS>
{
    /// Puts sorted entries apart, while compiling.
    pub const fn new(entries: &[Entry]) -> Self {
        let mut s = Stored {
            names: [0; TEXT],
            starts: [0; STARTS],
            scalars: [|_, _, _| Ok(()); SCALARS],
            batches: [(0, |_, _, _, _| Ok(())); BATCHES],
            sets: [("", |_, _| Err(tusklet_error::Error::internal(""))); SETS],
        };
        let (mut text, mut scalar, mut batch, mut set, mut i) = (0, 0, 0, 0, 0);
        while i < entries.len() {
            let (name, kernel) = entries[i];
            i += 1;
            let f = match kernel {
                Kernel::Set(f) => {
                    s.sets[set] = (name, f);
                    set += 1;
                    continue;
                }
                Kernel::Scalar(f) => f,
                Kernel::Batch(columns, f) => {
                    s.batches[batch] = (scalar as u16, columns);
                    batch += 1;
                    f
                }
            };
            assert!(text <= u16::MAX as usize);
            if scalar % STEP == 0 {
                s.starts[scalar / STEP] = text as u16;
            }
            s.scalars[scalar] = f;
            scalar += 1;
            let mut b = 0;
            while b < name.len() {
                s.names[text + b] = name.as_bytes()[b];
                b += 1;
            }
            text += name.len() + 1;
        }
        s
    }

    /// A view of them.
    pub const fn get(&'static self) -> Kernels {
        Kernels {
            names: &self.names,
            starts: &self.starts,
            scalars: &self.scalars,
            batches: &self.batches,
            sets: &self.sets,
        }
    }
}

/// [`Kernels`] of a constant, `&[Entry]`, sorted by name.
#[macro_export]
macro_rules! kernels {
    ($entries:expr) => {{
        use $crate::kernel_table::{Sizes, Stored};
        const SIZES: Sizes = Sizes::of($entries);
        static STORED: Stored<
            { SIZES.text },
            { SIZES.starts() },
            { SIZES.scalars },
            { SIZES.batches },
            { SIZES.sets },
        > = Stored::new($entries);
        STORED.get()
    }};
}
