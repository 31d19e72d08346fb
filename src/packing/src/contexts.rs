//! What the second part is sorted into, and from what its numbers are guessed.

use crate::mixing::{Context, mix};

/// What a stream holds.
#[derive(Clone, Copy)]
pub enum Stream {
    /// Operators, between zeros. `0xff` stands before a load or store that is not aligned naturally.
    Operator,
    /// Declarations of locals.
    Locals,
    /// Types of blocks, numbers of globals: nearly always the same.
    Type,
    /// Everything else but numbers, as it stands.
    Other,
}

/// Streams.
pub const STREAMS: usize = 4;

/// What numbers are.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A local.
    Local,
    /// A constant; its sign is its lowest bit.
    Constant,
    /// The offset of a load or store.
    Offset,
    /// The function called.
    Call,
    /// The depth of a branch.
    Branch,
}

/// The kinds, and behind them the head.
pub const KINDS: usize = 6;

/// Zeros before and behind operators, so that there are always some to look at.
pub const MARGIN: usize = 8;

/// Bits of a function's number.
pub const FUNCTION: u32 = 16;

/// What was last seen, for [`Context`]s. Numbers are one more than they are: zero is none.
#[derive(Default)]
pub struct Seen {
    function: u32,
    local: u32,
    local_before: u32,
    highest_local: u32,
    offset: u32,
    branch: u32,
}

impl Seen {
    /// At the start of a function.
    pub fn new(function: u32) -> Seen {
        Seen { function, ..Seen::default() }
    }

    /// What a number of a kind is guessed from; its operator is at `at`.
    pub fn context(&self, kind: Kind, operators: &[u8], at: usize) -> Context {
        let o = |i: usize| u32::from(operators[at + i - MARGIN]);
        // Up to three operators behind, up to six before.
        let next = o(MARGIN + 1);
        let next2 = next | o(MARGIN + 2) << 8;
        let next3 = next2 | o(MARGIN + 3) << 16;
        let last = o(MARGIN - 1);
        let last2 = last | o(MARGIN - 2) << 8;
        let last3 = last2 | o(MARGIN - 3) << 16;
        let last4 = last3 | o(MARGIN - 4) << 24;
        let op = o(MARGIN);
        let (row, models) = match kind {
            Kind::Local => (
                if op == 0x20 { last } else { 0xe0 + op },
                [
                    mix(op | next2 << 8, self.local),
                    mix(op | next << 8 | last << 16, self.highest_local),
                    mix(op, self.function),
                    mix(mix(op | next2 << 8, last2), self.local << 16 | self.local_before),
                ],
            ),
            Kind::Constant => (next, [last | next << 8, mix(next3, last), mix(next2, self.offset), mix(last3, next)]),
            Kind::Offset => {
                (op, [mix(op, self.offset), op | last2 << 8, mix(op | last3 << 8, self.offset), mix(op, self.local)])
            }
            Kind::Call => (0, [last3, last | next << 8, mix(last4, o(MARGIN - 5) | o(MARGIN - 6) << 8), 0]),
            Kind::Branch => (
                0,
                [
                    op | last << 8,
                    mix(mix(op | last2 << 8, next2), self.branch),
                    mix(op | last << 8, self.local),
                    mix(last4, next3),
                ],
            ),
        };
        Context { kind: kind as usize, row: row as usize, models }
    }

    /// A number of a kind.
    pub fn see(&mut self, kind: Kind, n: u32) {
        match kind {
            Kind::Local => {
                self.local_before = self.local;
                self.local = n.wrapping_add(1);
                self.highest_local = self.highest_local.max(self.local);
            }
            Kind::Offset => self.offset = n.wrapping_add(1),
            Kind::Branch => self.branch = n.wrapping_add(1),
            Kind::Constant | Kind::Call => {}
        }
    }
}

/// What a number of the head (`split/head.rs` of xtask) is; it is guessed from its column and the last two that stood there.
#[derive(Clone, Copy)]
pub enum Column {
    /// How many things follow.
    Count,
    /// Types of imports, then of functions: each is no less than the one before.
    Type,
    /// The slots imports come from, each as its distance from the one before.
    Slot,
    /// Segments of the table of functions: how many slots lie between, and how many functions follow.
    Gap,
    /// A segment's functions, each as its distance from the one before.
    Function,
}

/// Of the head's numbers: by column, the last two.
#[derive(Default)]
pub struct Columns([[u32; 2]; 5]);

impl Columns {
    /// What the next number is guessed from.
    pub fn context(&self, column: Column) -> Context {
        let [a, b] = self.0[column as usize];
        let c = column as u32;
        Context { kind: KINDS - 1, row: c as usize, models: [c, mix(c, a + 1), mix(mix(c, a), b + 1), 0] }
    }

    /// A number in its column.
    pub fn see(&mut self, column: Column, n: u32) {
        let last = &mut self.0[column as usize];
        *last = [n, last[0]];
    }
}

/// The natural alignments of the loads and stores `0x28` to `0x3e`.
pub const NATURAL: &[u8; 23] =
    b"\x02\x03\x02\x03\x00\x00\x01\x01\x00\x00\x01\x01\x02\x02\x02\x03\x02\x03\x00\x01\x00\x01\x02";
