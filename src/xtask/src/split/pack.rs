//! The second part as it travels: what its code says, sorted by what it is, so that brotli finds more alike (a tenth less). The file stays a
//! WebAssembly module, empty but for a custom section `packed`; `pkg/src/unpack.ts` makes the module of it again, and the build compares.
//!
//! The section holds, as numbers of wasm's own kind (LEB128): the length of what stands before the code section, that of what stands behind
//! it, the number of functions, the lengths of the streams; then these bytes one after the other. A body's length is not told: it is counted.

use wasmparser::{Parser, Payload};

use super::module::leb;

/// What a stream holds; `unpack.ts` has the same order.
#[derive(Clone, Copy)]
enum Stream {
    /// Operators. `0xff` stands before a load or store that is not aligned naturally.
    Operator,
    /// Declarations of locals.
    Locals,
    /// Numbers of locals.
    Local,
    /// Small and large constants.
    Constant,
    /// Offsets of loads and stores.
    Offset,
    /// Functions called.
    Call,
    /// Depths of branches.
    Branch,
    /// Types of blocks, numbers of globals: nearly always the same.
    Type,
    /// Everything else, as it stands.
    Other,
}

const STREAMS: usize = 9;

/// The natural alignments of the loads and stores `0x28` to `0x3e`.
const NATURAL: &[u8; 23] = b"\x02\x03\x02\x03\x00\x00\x01\x01\x00\x00\x01\x01\x02\x02\x02\x03\x02\x03\x00\x01\x00\x01\x02";

struct Packer<'a> {
    body: &'a [u8],
    at: usize,
    streams: [Vec<u8>; STREAMS],
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
        self.number(Stream::Offset).map(drop)
    }

    fn function(&mut self) -> Result<(), String> {
        use Stream::*;
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
                self.number(Offset)?;
                continue;
            }
            self.streams[Operator as usize].push(op);
            match op {
                0x02..=0x04 | 0x23 | 0x24 => drop(self.number(Type)?),
                0x0c | 0x0d => drop(self.number(Branch)?),
                0x0e => {
                    for _ in 0..=self.number(Other)? {
                        self.number(Other)?;
                    }
                }
                0x10 => drop(self.number(Call)?),
                0x11 => {
                    self.number(Other)?;
                    self.number(Other)?;
                }
                0x20..=0x22 => drop(self.number(Local)?),
                0x25 | 0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => drop(self.number(Other)?),
                0x41 => drop(self.number(Constant)?),
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

/// The module `wasm` as it travels.
pub fn pack(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let mut code = None;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|e| e.to_string())? {
            Payload::CodeSectionStart { range, .. } => code = Some(range),
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    let code = code.ok_or("no code")?;
    // Its id and its length stand before its contents.
    let mut length = Vec::new();
    leb(&mut length, code.len() as u32);
    let before = &wasm[..code.start - length.len() - 1];
    let behind = &wasm[code.end..];
    let mut packer = Packer { body: &[], at: 0, streams: Default::default() };
    for body in &bodies {
        (packer.body, packer.at) = (&wasm[body.clone()], 0);
        packer.function()?;
    }
    let name = b"packed";
    let mut section = vec![name.len() as u8];
    section.extend_from_slice(name);
    for n in [before.len(), behind.len(), bodies.len()].into_iter().chain(packer.streams.iter().map(Vec::len)) {
        leb(&mut section, n as u32);
    }
    section.extend_from_slice(before);
    section.extend_from_slice(behind);
    packer.streams.iter().for_each(|s| section.extend_from_slice(s));
    let mut out = b"\0asm\x01\0\0\0\0".to_vec();
    leb(&mut out, section.len() as u32);
    out.extend_from_slice(&section);
    Ok(out)
}
