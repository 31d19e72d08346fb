//! What the tests by chance share: a world that stands still, and chance from a seed.

use std::cell::Cell;
use std::rc::Rc;

use tusklet_engine::database::Environment;

/// A world where no time passes.
pub struct Still(Cell<u64>);

impl Still {
    /// The same from the start every time.
    pub fn new() -> Rc<Still> {
        Rc::new(Still(Cell::new(1)))
    }
}

impl Environment for Still {
    fn now(&self) -> i64 {
        700_000_000_000_000
    }

    fn entropy(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

/// Marsaglia's xorshift.
pub struct Random(pub u64);

impl Random {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    /// One of these.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}
