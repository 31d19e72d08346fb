//! Numbers as bits that cost what they surprise: a few models each guess the next bit from a context of their own, a small network weighs the
//! guesses by how right they have been, and a range coder writes the bit by the sum.
//!
//! Brotli knows of a byte the two bytes before it. Which local is read or how far a frame's field is away depends on other things: on the
//! operators around, on the local used before. That is what contexts say (`contexts.rs`).

use alloc::vec;
use alloc::vec::Vec;

/// Models for each number.
pub const MODELS: usize = 4;

/// Slots of each model, as a power of two.
const SLOTS: u32 = 19;

/// Rows of weights for each kind of number.
const ROWS: usize = 512;

/// A probability is learnt quickly at first, and never slower than by a part of this.
const STEADY: i16 = 5;

/// How fast the network learns.
const RATE: i32 = 30;

/// The logistic function at every 128th of -2047 to 2047, twelve bits for eight.
const LOGISTIC: [i16; 33] = [
    1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607, 3785, 3901,
    3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094,
];

/// Two numbers as one that stands for both.
pub fn mix(a: u32, b: u32) -> u32 {
    let h = (a ^ b.wrapping_mul(0x9e37_79b1)).wrapping_mul(0x85eb_ca6b);
    h ^ h >> 15
}

/// What a number is guessed from.
pub struct Context {
    /// Its kind: each has slots of its own.
    pub kind: usize,
    /// Which row of weights.
    pub row: usize,
    /// What each model knows.
    pub models: [u32; MODELS],
}

/// Writes a bit, or gives the one that was written; bits that are likely cost little.
pub trait Coder {
    /// `probability`, in 4096, is that of 1.
    fn code(&mut self, bit: u32, probability: u32) -> u32;
}

/// Numbers through a coder, and what was learnt from those that went before.
pub struct Numbers<C> {
    /// The coder.
    pub coder: C,
    /// By kind and model: probabilities less a half in twelve bits, and how often they were learnt in four.
    slots: Vec<i16>,
    weights: Vec<[i32; MODELS]>,
    /// A sum of evidence as a probability of 12 bits, and the inverse.
    squash: Vec<i16>,
    stretch: Vec<i16>,
    /// How much of an error is learnt, by how often something was.
    learn: [i32; 16],
}

impl<C: Coder> Numbers<C> {
    /// For so many kinds.
    pub fn new(coder: C, kinds: usize) -> Numbers<C> {
        let mut squash = Vec::with_capacity(4096);
        let mut stretch = vec![2047; 4096];
        let mut p = 0;
        for i in 0..4096 {
            let (at, part) = (i >> 7, (i & 127) as i32);
            let (from, to) = (i32::from(LOGISTIC[at]), i32::from(LOGISTIC[at + 1]));
            squash.push(((from * (128 - part) + to * part + 64) >> 7) as i16);
            while i > 0 && p <= squash[i] {
                stretch[p as usize] = i as i16 - 2048;
                p += 1;
            }
        }
        let mut learn = [0; 16];
        (0..).zip(&mut learn).for_each(|(n, part)| *part = 131_072 / (2 * n + 3));
        let slots = vec![0; (kinds * MODELS) << SLOTS];
        Numbers { coder, slots, weights: vec![[25_000; MODELS]; kinds * ROWS], squash, stretch, learn }
    }

    /// Up to three bits, highest first, or as many ones as there are before a zero: the slots of a group of eight lie side by side, for the
    /// sake of caches. `next` says, by the node and the bit, which node follows; 8 and more end it.
    #[inline(always)]
    fn group(
        &mut self,
        cx: &Context,
        prefix: u32,
        mut node: usize,
        mut bit_at: impl FnMut() -> u32,
        mut next: impl FnMut(usize, u32) -> usize,
    ) {
        let mut at = [0; MODELS];
        for i in 0..MODELS {
            let hash = (cx.models[i] ^ prefix).wrapping_mul(0x9e37_79b1) >> (35 - SLOTS);
            at[i] = ((cx.kind * MODELS + i) << SLOTS) + (hash << 3) as usize;
        }
        let weights = &mut self.weights[cx.kind * ROWS + cx.row];
        while node < 8 {
            let slots = at.map(|at| self.slots[at + node]);
            let guesses = slots.map(|slot| i32::from(self.stretch[((slot >> 4) + 2048) as usize & 4095]));
            let sum = (0..MODELS).map(|i| guesses[i].wrapping_mul(weights[i]) >> 8).sum::<i32>() >> 8;
            let p = i32::from(self.squash[(sum.clamp(-2047, 2047) + 2048) as usize & 4095]);
            let bit = self.coder.code(bit_at(), p as u32);
            let error = ((bit << 12) as i32 - p) * RATE;
            let goal = if bit == 1 { 2047 } else { -2048 };
            for i in 0..MODELS {
                weights[i] += (guesses[i] * error + 0x8000) >> 16;
                let (p, n) = (i32::from(slots[i] >> 4), slots[i] & 15);
                let p = p + ((goal - p) * self.learn[n as usize] >> 16);
                self.slots[at[i] + node] = (p << 4) as i16 | (n + i16::from(n < STEADY));
            }
            node = next(node, bit);
        }
    }

    /// Any number: in unary how many bits it has, then these. A coder that reads is given anything.
    #[inline(never)]
    pub fn number(&mut self, cx: &Context, n: u32) -> u32 {
        let bits = 63 - (u64::from(n) + 1).leading_zeros();
        let (mut length, mut ended) = (0, false);
        let mut told = 0;
        while !ended {
            self.group(
                cx,
                length >> 3,
                0,
                || {
                    told += 1;
                    u32::from(told <= bits)
                },
                |node, bit| {
                    ended = bit == 0;
                    length += bit;
                    if ended { 8 } else { node + 1 }
                },
            );
        }
        self.fixed(cx, n.wrapping_add(1), length)
            .wrapping_add(if length < 32 { 1 << length } else { 0 })
            .wrapping_sub(1)
    }

    /// The lower `bits` bits of a number.
    #[inline(never)]
    pub fn fixed(&mut self, cx: &Context, n: u32, bits: u32) -> u32 {
        let (mut prefix, mut left, mut told, mut value) = (bits << 24, bits, bits, 0u32);
        while left > 0 {
            let mut last = 1;
            self.group(
                cx,
                prefix,
                1,
                || {
                    told -= 1;
                    n >> told & 1
                },
                |node, bit| {
                    value = value << 1 | bit;
                    left -= 1;
                    last = node << 1 | bit as usize;
                    if left == 0 { 8 } else { last }
                },
            );
            prefix = mix(prefix, last as u32);
        }
        value
    }
}

/// Reads what [`Encoder`] wrote.
pub struct Decoder<'a> {
    from: &'a [u8],
    at: usize,
    range: u32,
    code: u32,
}

impl<'a> Decoder<'a> {
    /// From its first byte on.
    pub fn new(from: &'a [u8]) -> Decoder<'a> {
        let code = from.iter().take(4).fold(0, |code, &b| code << 8 | u32::from(b));
        Decoder { from, at: 4, range: i32::MAX as u32, code }
    }
}

impl Coder for Decoder<'_> {
    #[inline(always)]
    fn code(&mut self, _: u32, probability: u32) -> u32 {
        let bound = (self.range >> 12) * probability;
        let bit = u32::from(self.code < bound);
        if bit == 1 {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        while self.range < 1 << 23 {
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(self.from.get(self.at).copied().unwrap_or(0));
            self.at += 1;
        }
        bit
    }
}

/// Writes bits.
pub struct Encoder {
    low: u64,
    range: u32,
    /// Bytes that a carry may still change: the first of them, and how many.
    pending: u8,
    run: usize,
    out: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder { low: 0, range: i32::MAX as u32, pending: 0, run: 0, out: Vec::new() }
    }
}

impl Coder for Encoder {
    fn code(&mut self, bit: u32, probability: u32) -> u32 {
        let bound = (self.range >> 12) * probability;
        if bit == 1 {
            self.range = bound;
        } else {
            self.low += u64::from(bound);
            self.range -= bound;
        }
        while self.range < 1 << 23 {
            self.range <<= 8;
            self.shift();
        }
        bit
    }
}

impl Encoder {
    /// A byte leaves `low`, unless a carry may still come.
    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            for i in 0..self.run {
                self.out.push(if i == 0 { self.pending } else { 0xff }.wrapping_add(carry));
            }
            (self.run, self.pending) = (0, (self.low >> 24) as u8);
        }
        self.run += 1;
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    /// What was written.
    pub fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.shift();
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut seed = 1u32;
        let numbers: Vec<u32> = (0..20_000)
            .map(|i| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                [u32::MAX, seed >> (seed & 31), i, 0][(seed >> 30) as usize]
            })
            .collect();
        let cx = |i: usize| Context { kind: i & 1, row: i & 7, models: [i as u32 & 3, 7, i as u32, 0] };
        let mut writer = Numbers::new(Encoder::default(), 2);
        for (i, &n) in numbers.iter().enumerate() {
            writer.number(&cx(i), n);
            writer.fixed(&cx(i), n, 9);
        }
        let bytes = writer.coder.finish();
        let mut reader = Numbers::new(Decoder::new(&bytes), 2);
        for (i, &n) in numbers.iter().enumerate() {
            assert_eq!(reader.number(&cx(i), 0), n, "the {i}th");
            assert_eq!(reader.fixed(&cx(i), 0, 9), n & 511, "the {i}th");
        }
    }
}
