//! The module out of its streams (`split/pack.rs` of xtask has the format).

use alloc::vec::Vec;

use crate::contexts::{Column, Columns, FUNCTION, KINDS, Kind, MARGIN, NATURAL, STREAMS, Seen, Stream};
use crate::mixing::{Decoder, Numbers};

/// Takes a number off a header.
#[inline(never)]
fn word(from: &mut &[u8]) -> usize {
    let (mut n, mut shift) = (0, 0);
    loop {
        let b = from[0];
        *from = &from[1..];
        n |= usize::from(b & 0x7f) << shift;
        shift += 7;
        if b < 0x80 {
            return n;
        }
    }
}

/// Appends an unsigned number as wasm writes it.
#[inline(never)]
fn leb(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed number.
#[inline(never)]
fn signed(out: &mut Vec<u8>, mut n: i32) {
    while !(-64..64).contains(&n) {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8 & 0x7f);
}

fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    leb(out, contents.len() as u32);
    out.extend_from_slice(contents);
}

/// A number whose sign is its lowest bit.
fn unfolded(n: u32) -> i32 {
    (n >> 1) as i32 ^ -((n & 1) as i32)
}

/// The numbers of the head, by column.
struct HeadReader<'x, 'a> {
    numbers: &'x mut Numbers<Decoder<'a>>,
    columns: Columns,
}

impl HeadReader<'_, '_> {
    #[inline(never)]
    fn next(&mut self, column: Column) -> u32 {
        let n = self.numbers.number(&self.columns.context(column), 0);
        self.columns.see(column, n);
        n
    }

    /// A number that is `last` and a distance.
    fn step(&mut self, column: Column, last: u32) -> u32 {
        last.wrapping_add(unfolded(self.next(column)) as u32)
    }
}

/// A part on its way.
pub struct Unpacker<'a> {
    streams: [&'a [u8]; STREAMS],
    /// What was read of each.
    at: [usize; STREAMS],
    numbers: Numbers<Decoder<'a>>,
    seen: Seen,
    /// Functions there are, and functions that are there.
    functions: u32,
    done: u32,
    /// The function at work.
    body: Vec<u8>,
    /// The module.
    pub out: Vec<u8>,
}

impl<'a> Unpacker<'a> {
    /// Reads everything before the functions.
    pub fn new(packed: &'a [u8]) -> Unpacker<'a> {
        let mut rest = packed;
        let mut word = || word(&mut rest);
        let [sections, entries, others, functions, code, length] = [(); 6].map(|()| word());
        let lengths = [(); STREAMS].map(|()| word());
        let mut piece = |length| {
            let (piece, more) = rest.split_at(length);
            rest = more;
            piece
        };
        let (sections, entries) = (piece(sections), piece(entries));
        let streams = lengths.map(&mut piece);
        let mut numbers = Numbers::new(Decoder::new(rest), KINDS);
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(sections);
        head(&mut out, entries, others as u32, &mut numbers);
        out.push(10);
        leb(&mut out, code as u32);
        leb(&mut out, functions as u32);
        let mut at = [0; STREAMS];
        at[Stream::Operator as usize] = MARGIN;
        let functions = functions as u32;
        Unpacker { streams, at, numbers, seen: Seen::new(0), functions, done: 0, body: Vec::new(), out }
    }

    /// Unpacks up to so many functions; whether that was all.
    pub fn step(&mut self, count: u32) -> bool {
        for _ in 0..count.min(self.functions - self.done) {
            self.seen = Seen::new(self.done);
            self.body.clear();
            self.function();
            leb(&mut self.out, self.body.len() as u32);
            self.out.extend_from_slice(&self.body);
            self.done += 1;
        }
        self.done == self.functions
    }

    fn byte(&mut self, stream: Stream) -> u8 {
        let b = self.streams[stream as usize][self.at[stream as usize]];
        self.at[stream as usize] += 1;
        b
    }

    fn bytes(&mut self, count: usize) {
        for _ in 0..count {
            let b = self.byte(Stream::Other);
            self.body.push(b);
        }
    }

    /// Moves a number of a stream, and gives it.
    #[inline(never)]
    fn moved(&mut self, stream: Stream) -> u32 {
        let (mut n, mut shift) = (0, 0);
        loop {
            let b = self.byte(stream);
            self.body.push(b);
            // Numbers of 64 bits are moved only.
            n |= if shift < 32 { u32::from(b & 0x7f) << shift } else { 0 };
            shift += 7;
            if b < 0x80 {
                return n;
            }
        }
    }

    /// A number told by context.
    #[inline(never)]
    fn told(&mut self, kind: Kind) {
        let at = self.at[Stream::Operator as usize] - 1;
        let cx = self.seen.context(kind, self.streams[Stream::Operator as usize], at);
        let n = match kind {
            Kind::Call => self.numbers.fixed(&cx, 0, FUNCTION),
            _ => self.numbers.number(&cx, 0),
        };
        self.seen.see(kind, n);
        match kind {
            Kind::Constant => signed(&mut self.body, unfolded(n)),
            _ => leb(&mut self.body, n),
        }
    }

    fn place(&mut self) {
        self.moved(Stream::Other);
        self.told(Kind::Offset);
    }

    fn function(&mut self) {
        for _ in 0..self.moved(Stream::Locals) {
            self.moved(Stream::Locals);
            let ty = self.byte(Stream::Locals);
            self.body.push(ty);
        }
        let mut depth = 1;
        while depth > 0 {
            let mut op = self.byte(Stream::Operator);
            let odd = op == 0xff;
            if odd {
                op = self.byte(Stream::Operator);
            }
            self.body.push(op);
            match op {
                0x28..=0x3e => {
                    if odd {
                        self.moved(Stream::Other);
                    } else {
                        self.body.push(NATURAL[usize::from(op - 0x28)]);
                    }
                    self.told(Kind::Offset);
                }
                0x20..=0x22 => self.told(Kind::Local),
                0x41 => self.told(Kind::Constant),
                0x10 => self.told(Kind::Call),
                0x0c | 0x0d => self.told(Kind::Branch),
                0x02..=0x04 => {
                    depth += 1;
                    self.moved(Stream::Type);
                }
                0x23 | 0x24 => drop(self.moved(Stream::Type)),
                0x0b => depth -= 1,
                0x0e => {
                    for _ in 0..=self.moved(Stream::Other) {
                        self.moved(Stream::Other);
                    }
                }
                0x11 => {
                    self.moved(Stream::Other);
                    self.moved(Stream::Other);
                }
                0x25 | 0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 | 0x42 => drop(self.moved(Stream::Other)),
                0x43 => self.bytes(4),
                0x44 => self.bytes(8),
                0xfc => {
                    let numbers = match self.moved(Stream::Other) {
                        0..=7 => 0,
                        8 | 10 | 12 | 14 => 2,
                        _ => 1,
                    };
                    for _ in 0..numbers {
                        self.moved(Stream::Other);
                    }
                }
                0xfd => match self.moved(Stream::Other) {
                    0..=11 | 92 | 93 => self.place(),
                    12 | 13 => self.bytes(16),
                    21..=34 => self.bytes(1),
                    84..=91 => {
                        self.place();
                        self.bytes(1);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

/// Imports, types of functions, segments of the table.
fn head(out: &mut Vec<u8>, entries: &[u8], others: u32, numbers: &mut Numbers<Decoder<'_>>) {
    let mut head = HeadReader { numbers, columns: Columns::default() };
    let mut contents = Vec::new();
    let count = head.next(Column::Count);
    leb(&mut contents, others + count);
    contents.extend_from_slice(entries);
    let (mut ty, mut slot) = (0, 0);
    for _ in 0..count {
        ty += head.next(Column::Type);
        slot = head.step(Column::Slot, slot);
        // No module, the slot's number to base 36, a function.
        let digits = (0..7).rev().find(|&i| slot / 36u32.saturating_pow(i) > 0).unwrap_or(0);
        contents.extend([0, digits as u8 + 1]);
        let digit = |i| b"0123456789abcdefghijklmnopqrstuvwxyz"[(slot / 36u32.saturating_pow(i) % 36) as usize];
        contents.extend((0..=digits).rev().map(digit));
        contents.push(0);
        leb(&mut contents, ty);
    }
    section(out, 2, &contents);

    contents.clear();
    let (count, mut ty) = (head.next(Column::Count), 0);
    leb(&mut contents, count);
    for _ in 0..count {
        ty += head.next(Column::Type);
        leb(&mut contents, ty);
    }
    section(out, 3, &contents);

    contents.clear();
    let (count, mut slot, mut function) = (head.next(Column::Count), 0, 0);
    leb(&mut contents, count);
    for _ in 0..count {
        slot += head.next(Column::Gap);
        // An active segment: i32.const, end.
        contents.extend([0, 0x41]);
        signed(&mut contents, slot as i32);
        contents.push(0x0b);
        let run = head.next(Column::Gap);
        leb(&mut contents, run);
        slot += run;
        for _ in 0..run {
            function = head.step(Column::Function, function);
            leb(&mut contents, function);
        }
    }
    section(out, 9, &contents);
}
