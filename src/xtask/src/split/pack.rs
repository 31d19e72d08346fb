//! The second part as it travels: what its code says, sorted by what it is. Operators stay bytes, in which brotli finds what is alike; numbers are
//! told by context (the crate `packing`). The file is a WebAssembly module that unpacks, with a custom section `packed`; the build unpacks what it
//! packed and compares.
//!
//! The section holds, as numbers of wasm's own kind (LEB128): of the head (`head.rs`) the lengths of sections and of entries and how many entries
//! there are; the number of functions, the lengths of the code and of the module, the lengths of the streams; then these bytes one after the
//! other, and behind them the numbers told by context, the head's first. A body's length is not told: it is counted.

use tusklet_packing::contexts::{Column, Columns, FUNCTION, KINDS, Kind, MARGIN, NATURAL, STREAMS, Seen, Stream};
use tusklet_packing::mixing::{Encoder, Numbers};
use wasm_encoder::{RawSection, Section};
use wasmparser::{Parser, Payload};

use super::head::Head;
use super::module::{leb, signed};

struct Packer<'a> {
    body: &'a [u8],
    at: usize,
    streams: [Vec<u8>; STREAMS],
    /// Kind, operator's place, number; by function.
    numbers: Vec<Vec<(Kind, usize, u32)>>,
}

impl Packer<'_> {
    fn byte(&mut self) -> Result<u8, String> {
        let b = *self.body.get(self.at).ok_or("a body that ends too early")?;
        self.at += 1;
        Ok(b)
    }

    /// Moves a number into a stream; gives it, cut to 32 bits.
    fn number(&mut self, to: Stream) -> Result<u32, String> {
        let (mut n, mut shift) = (0u32, 0);
        loop {
            let b = self.byte()?;
            self.streams[to as usize].push(b);
            n |= u32::from(b & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if b & 0x80 == 0 {
                return Ok(n);
            }
        }
    }

    /// Keeps a number for later: what comes behind it tells of it too.
    fn later(&mut self, kind: Kind) -> Result<(), String> {
        let (mut n, mut shift, from) = (0u32, 0, self.at);
        let last = loop {
            let b = self.byte()?;
            n |= u32::from(b & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if b & 0x80 == 0 {
                break b;
            }
        };
        let mut shortest = Vec::new();
        if let Kind::Constant = kind {
            if shift < 32 && last & 0x40 != 0 {
                n |= u32::MAX << shift;
            }
            signed(&mut shortest, n as i32);
            n = n << 1 ^ (n as i32 >> 31) as u32;
        } else {
            leb(&mut shortest, n);
        }
        if shortest != self.body[from..self.at] {
            return Err("a number that is longer than it needs to be".into());
        }
        let at = self.streams[Stream::Operator as usize].len() - 1;
        self.numbers.last_mut().ok_or("no function")?.push((kind, at, n));
        Ok(())
    }

    fn bytes(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let b = self.byte()?;
            self.streams[Stream::Other as usize].push(b);
        }
        Ok(())
    }

    /// Alignment and offset.
    fn place(&mut self) -> Result<(), String> {
        self.number(Stream::Other)?;
        self.later(Kind::Offset)
    }

    fn function(&mut self) -> Result<(), String> {
        use Stream::*;
        self.numbers.push(Vec::new());
        for _ in 0..self.number(Locals)? {
            self.number(Locals)?;
            let ty = self.byte()?;
            self.streams[Locals as usize].push(ty);
        }
        while self.at < self.body.len() {
            let op = self.byte()?;
            if let 0x28..=0x3e = op {
                if self.body.get(self.at) == Some(&NATURAL[usize::from(op - 0x28)]) {
                    self.streams[Operator as usize].push(op);
                    self.at += 1;
                } else {
                    self.streams[Operator as usize].extend([0xff, op]);
                    self.number(Other)?;
                }
                self.later(Kind::Offset)?;
                continue;
            }
            self.streams[Operator as usize].push(op);
            match op {
                0x02..=0x04 | 0x23 | 0x24 => drop(self.number(Type)?),
                0x0c | 0x0d => self.later(Kind::Branch)?,
                0x0e => {
                    for _ in 0..=self.number(Other)? {
                        self.number(Other)?;
                    }
                }
                0x10 => self.later(Kind::Call)?,
                0x11 => {
                    self.number(Other)?;
                    self.number(Other)?;
                }
                0x20..=0x22 => self.later(Kind::Local)?,
                0x25 | 0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => drop(self.number(Other)?),
                0x41 => self.later(Kind::Constant)?,
                0x42 => drop(self.number(Other)?),
                0x43 => self.bytes(4)?,
                0x44 => self.bytes(8)?,
                0xfc => {
                    let numbers = match self.number(Other)? {
                        0..=7 => 0,
                        8 | 10 | 12 | 14 => 2,
                        9 | 11 | 13 | 15..=17 => 1,
                        n => return Err(format!("an operator this tool does not know: 0xfc {n}")),
                    };
                    for _ in 0..numbers {
                        self.number(Other)?;
                    }
                }
                0xfd => match self.number(Other)? {
                    0..=11 | 92 | 93 => self.place()?,
                    12 | 13 => self.bytes(16)?,
                    21..=34 => self.bytes(1)?,
                    84..=91 => {
                        self.place()?;
                        self.bytes(1)?;
                    }
                    _ => {}
                },
                0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
                _ => return Err(format!("an operator this tool does not know: {op:#x}")),
            }
        }
        Ok(())
    }
}

/// The module `wasm` as it travels, behind the one that unpacks it.
pub fn pack(wasm: &[u8], unpacker: &[u8]) -> Result<Vec<u8>, String> {
    let mut code = None;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|e| e.to_string())? {
            Payload::CodeSectionStart { range, .. } => code = Some(range),
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    let code = code.filter(|code| code.end == wasm.len()).ok_or("the code is not what the module ends with")?;
    let head = Head::read(wasm)?;
    let mut packer = Packer { body: &[], at: 0, streams: Default::default(), numbers: Vec::new() };
    packer.streams[Stream::Operator as usize].extend([0; MARGIN]);
    for body in &bodies {
        (packer.body, packer.at) = (&wasm[body.clone()], 0);
        packer.function()?;
    }
    packer.streams[Stream::Operator as usize].extend([0; MARGIN]);
    let numbers = encode(head.numbers, &packer)?;
    let name = b"packed";
    let mut section = vec![name.len() as u8];
    section.extend_from_slice(name);
    let (entries, count) = head.entries;
    let fixed = [head.sections.len(), entries.len(), count as usize, bodies.len(), code.len(), wasm.len()];
    for n in fixed.into_iter().chain(packer.streams.iter().map(Vec::len)) {
        leb(&mut section, n as u32);
    }
    section.extend(head.sections);
    section.extend(entries);
    packer.streams.iter().for_each(|s| section.extend_from_slice(s));
    section.extend_from_slice(&numbers);
    // Without the unpacker's own custom sections: names.
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    let own = Parser::new(0).parse_all(unpacker).filter_map(|payload| payload.ok()?.as_section());
    for (id, range) in own.filter(|&(id, _)| id != 0) {
        RawSection { id, data: &unpacker[range] }.append_to(&mut out);
    }
    RawSection { id: 0, data: &section }.append_to(&mut out);
    Ok(out)
}

fn encode(head: Vec<(Column, u32)>, packer: &Packer<'_>) -> Result<Vec<u8>, String> {
    let operators = &packer.streams[Stream::Operator as usize];
    let mut numbers = Numbers::new(Encoder::default(), KINDS);
    let mut columns = Columns::default();
    for (column, n) in head {
        numbers.number(&columns.context(column), n);
        columns.see(column, n);
    }
    for (function, list) in packer.numbers.iter().enumerate() {
        let mut seen = Seen::new(function as u32);
        for &(kind, at, n) in list {
            let cx = seen.context(kind, operators, at);
            match kind {
                Kind::Call if n >> FUNCTION != 0 => return Err("too many functions".into()),
                Kind::Call => numbers.fixed(&cx, n, FUNCTION),
                _ => numbers.number(&cx, n),
            };
            seen.see(kind, n);
        }
    }
    Ok(numbers.coder.finish())
}
