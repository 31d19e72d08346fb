//! `cargo xtask instrument` and `cargo xtask split`: one WebAssembly module in two, by use.
//!
//! A page that shows its first row has run a third of the engine. The rest is put into a second module that is fetched when the first row
//! is there. Which function goes where is not guessed: `instrument` makes a copy of the module in which every function notes that it was
//! entered, a training run (`scripts/train.mjs`) executes what ordinary pages do, and `split` takes what never ran out of the first part.
//!
//! # How the parts call each other
//!
//! Both use one memory, one table of functions and the first part's globals.
//!
//! - First to second: the function's place is taken by a stub of the same type, `if loaded = 0 then call load; args; call_indirect slot`.
//!   The import `load` returns when the second part is there, or throws. So every call is right whenever it comes; nobody has to know
//!   beforehand what a statement will run. A function whose address is taken keeps its slot: the stub stands there until the second
//!   part's table segments, which are written when it is instantiated, overwrite it with the function itself.
//! - Second to first: functions the second part calls stand in the table too, and it imports them by slot: the import's name is the slot's
//!   number to base 36, and the loader answers with `table.get`. That is two bytes a function in the first part; an export would be ten.
//!
//! The first part exports the flag `loaded` under the name `cold:<hash>`, the table as `cold.table` and the globals the second part needs as
//! `cold.g<index>`. The second imports the memory from a module named by the same hash, so that parts of different builds do not link.
//!
//! Function bodies are copied as they stand but for the indices in `call`, `global.get` and `global.set`.

mod module;
mod pack;

use std::collections::BTreeMap;
use std::fs;

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection, FunctionSection, ImportSection,
    RawSection, SectionId, TableSection,
};
use wasmparser::ExternalKind;

use crate::Outcome;
use module::{Body, Module, Target, extended, leb};

/// A body of this many bytes is not worth a stub.
const SMALL: usize = 24;

/// `instrument IN OUT`: each defined function sets a global of its own, exported as `ran<index>`.
pub fn instrument(args: &[&str]) -> Outcome {
    let &[input, output] = args else { return Err("usage: cargo xtask instrument IN OUT".into()) };
    let bytes = read(input)?;
    let m = Module::read(&bytes)?;
    let first = m.globals.len() as u32;
    let mut out = wasm_encoder::Module::new();
    for &(id, section) in &m.raw {
        match id {
            6 => {
                // i32, mutable, i32.const 0, end.
                let data = extended(section, m.bodies.len() as u32, &[0x7f, 1, 0x41, 0, 0x0b].repeat(m.bodies.len()));
                out.section(&RawSection { id, data: &data });
            }
            7 => {
                let mut entries = Vec::new();
                for i in 0..m.bodies.len() as u32 {
                    let name = format!("ran{i}");
                    leb(&mut entries, name.len() as u32);
                    entries.extend_from_slice(name.as_bytes());
                    entries.push(3);
                    leb(&mut entries, first + i);
                }
                out.section(&RawSection { id, data: &extended(section, m.bodies.len() as u32, &entries) });
            }
            10 => {
                let mut code = CodeSection::new();
                for (i, body) in m.bodies.iter().enumerate() {
                    let start = body.code_start()?;
                    let mut new = body.bytes[..start].to_vec();
                    new.extend_from_slice(&[0x41, 1, 0x24]);
                    leb(&mut new, first + i as u32);
                    new.extend_from_slice(&body.bytes[start..]);
                    code.raw(&new);
                }
                out.section(&code);
            }
            _ => {
                out.section(&RawSection { id, data: section });
            }
        }
    }
    write(output, &out.finish())
}

/// `split IN PROFILE OUT COLD PACKED`: PROFILE has the numbers of the functions that ran, as `ran<number>` counts them; PACKED is COLD as it
/// travels.
pub fn split(args: &[&str]) -> Outcome {
    let &[input, profile, primary, secondary, packed] = args else {
        return Err("usage: cargo xtask split IN PROFILE OUT COLD PACKED".into());
    };
    let bytes = read(input)?;
    let profile = fs::read_to_string(profile).map_err(|e| format!("{profile}: {e}"))?;
    let mut m = Module::read(&bytes)?;
    let mut ran = vec![false; m.bodies.len()];
    for word in profile.split_ascii_whitespace() {
        let i: usize = word.parse().map_err(|_| format!("not a function's number: {word}"))?;
        *ran.get_mut(i).ok_or("the profile is of another module")? = true;
    }
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for b in bytes.iter().chain(profile.as_bytes()) {
        hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
    }
    let same = fold(&mut m);
    for (i, &f) in same.iter().enumerate() {
        if ran[i] {
            ran[f] = true;
        }
    }
    let parts = Split::new(&m, &same, ran, format!("{:08x}", hash as u32 ^ (hash >> 32) as u32));
    write(primary, &parts.primary()?)?;
    let cold = parts.secondary()?;
    write(secondary, &cold)?;
    write(packed, &pack::pack(&cold)?)?;
    let [stay, go] = [true, false].map(|hot| (0..same.len()).filter(|&i| same[i] == i && parts.hot[i] == hot).count());
    println!(
        "{stay} functions stay, {go} go, {} stubs; {} were the same as others",
        parts.stubs.len(),
        same.len() - stay - go
    );
    Ok(())
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("{path}: {e}"))
}

fn write(path: &str, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes).map_err(|e| format!("{path}: {e}"))
}

impl Body<'_> {
    /// Where the locals end.
    fn code_start(&self) -> Result<usize, String> {
        let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(self.bytes, 0));
        let reader = body.get_operators_reader().map_err(|e| e.to_string())?;
        Ok(reader.original_position())
    }
}

/// Functions that do the same become one: copies of generic code in different crates, closures that differ in their types only. Gives each
/// defined function's representative; everything in the module that names a function then names that. All are taken for the same until
/// their code tells them apart, by what they call at last: so copies that call themselves or each other are found, too.
fn fold(m: &mut Module<'_>) -> Vec<usize> {
    let imports = m.imports.len() as u32;
    let to = |same: &[usize], f: u32| if f < imports { f } else { imports + same[(f - imports) as usize] as u32 };
    let pinned: Vec<bool> = m.bodies.iter().map(|b| b.pinned).collect();
    let mut same: Vec<usize> = (0..m.bodies.len()).map(|i| if pinned[i] { i } else { 0 }).collect();
    let mut kinds = 0;
    loop {
        let mut known: BTreeMap<(u32, Vec<u8>), usize> = BTreeMap::new();
        let next = |(i, body)| match pinned[i] {
            true => i,
            false => *known.entry((m.functions[i], rewritten(body, |f| to(&same, f), |g| g))).or_insert(i),
        };
        same = m.bodies.iter().enumerate().map(next).collect();
        if known.len() == kinds {
            break;
        }
        kinds = known.len();
    }
    for site in m.bodies.iter_mut().flat_map(|b| &mut b.sites) {
        if let Target::Call(f) | Target::RefFunc(f) = &mut site.target {
            *f = to(&same, *f);
        }
    }
    m.elements.iter_mut().flat_map(|e| &mut e.functions).for_each(|f| *f = to(&same, *f));
    for export in m.exports.iter_mut().filter(|e| e.1 == ExternalKind::Func) {
        export.2 = to(&same, export.2);
    }
    same
}

/// Who goes where. Functions are named by their index in the whole module, imports first.
struct Split<'m, 'a> {
    m: &'m Module<'a>,
    hash: String,
    /// By defined function, its representative.
    same: &'m [usize],
    /// By defined function: whether it stays in the first part.
    hot: Vec<bool>,
    /// Functions of the second part that the first calls, exports or has in its table; with the slot.
    stubs: BTreeMap<u32, u32>,
    /// Functions of the first part that the second calls; with the slot.
    shared: BTreeMap<u32, u32>,
    /// The first slot beyond the module's own: `shared` ones without a slot come first, then `stubs` without one.
    first_slot: u32,
    /// Of the slots beyond, how many are the shared ones'.
    shared_slots: Vec<u32>,
    stub_slots: Vec<u32>,
    /// Globals the second part uses.
    globals: Vec<u32>,
    load_type: u32,
}

impl<'m, 'a> Split<'m, 'a> {
    fn new(m: &'m Module<'a>, same: &'m [usize], ran: Vec<bool>, hash: String) -> Self {
        let imports = m.imports.len() as u32;
        let mut hot: Vec<bool> = ran.iter().zip(&m.bodies).map(|(&ran, body)| ran || body.pinned).collect();
        // Small functions that call nothing are not worth a stub.
        for (h, body) in hot.iter_mut().zip(&m.bodies) {
            *h |= body.bytes.len() <= SMALL && body.sites.iter().all(|s| !matches!(s.target, Target::Call(_)));
        }
        let is_hot = |f: u32| f < imports || hot[(f - imports) as usize];
        let mut slot_of: BTreeMap<u32, u32> = BTreeMap::new();
        for element in &m.elements {
            for (i, &f) in element.functions.iter().enumerate() {
                slot_of.entry(f).or_insert(element.offset + i as u32);
            }
        }
        let mut stubs: BTreeMap<u32, u32> = BTreeMap::new();
        let mut shared: BTreeMap<u32, u32> = BTreeMap::new();
        let mut globals = Vec::new();
        for &f in slot_of.keys().filter(|&&f| !is_hot(f)) {
            stubs.insert(f, 0);
        }
        for &(_, kind, index) in &m.exports {
            if kind == ExternalKind::Func && !is_hot(index) {
                stubs.insert(index, 0);
            }
        }
        for i in (0..same.len()).filter(|&i| same[i] == i) {
            let here = hot[i];
            for site in &m.bodies[i].sites {
                match site.target {
                    Target::Call(f) | Target::RefFunc(f) if here && !is_hot(f) => {
                        stubs.insert(f, 0);
                    }
                    Target::Call(f) if !here && is_hot(f) => {
                        shared.insert(f, 0);
                    }
                    Target::Global(_, g) if !here && !globals.contains(&g) => globals.push(g),
                    _ => {}
                }
            }
        }
        globals.sort_unstable();
        let first_slot = m.tables[0].0;
        let load_type = m.signatures.iter().position(|s| s.bare).unwrap_or(m.signatures.len()) as u32;
        let mut split = Split {
            m,
            hash,
            same,
            hot,
            stubs,
            shared,
            first_slot,
            shared_slots: vec![],
            stub_slots: vec![],
            globals,
            load_type,
        };
        // New slots go by the order of functions, which makes lists of them regular.
        let imported = (0..imports).filter(|f| split.shared.contains_key(f));
        let (staying, going) = (imported.chain(split.part(true)).collect::<Vec<_>>(), split.part(false));
        let mut next = first_slot;
        for (order, list, own) in
            [(staying, &mut split.shared, &mut split.shared_slots), (going, &mut split.stubs, &mut split.stub_slots)]
        {
            for f in order {
                let Some(slot) = list.get_mut(&f) else { continue };
                *slot = slot_of.get(&f).copied().unwrap_or_else(|| {
                    own.push(f);
                    next += 1;
                    next - 1
                });
            }
        }
        split
    }

    fn imports(&self) -> u32 {
        self.m.imports.len() as u32
    }

    /// Whether it represents itself.
    fn alone(&self, i: u32) -> bool {
        self.same[i as usize] == i as usize
    }

    fn table_size(&self) -> u32 {
        self.first_slot + (self.shared_slots.len() + self.stub_slots.len()) as u32
    }

    /// The functions of one part, by type and code: what is alike compresses best side by side, 4 % better than in the linker's order.
    fn part(&self, hot: bool) -> Vec<u32> {
        let imports = self.imports();
        let mut part: Vec<u32> = (0..self.hot.len() as u32)
            .filter(|&i| self.hot[i as usize] == hot && self.alone(i))
            .map(|i| imports + i)
            .collect();
        part.sort_by_key(|f| (self.m.functions[(f - imports) as usize], self.m.bodies[(f - imports) as usize].bytes));
        part
    }

    /// The functions of the first part in their order: those that stay, then the stubs, which compress best next to their like.
    fn kept(&self) -> Vec<u32> {
        let imports = self.imports();
        let mut kept = self.part(true);
        let mut stubs: Vec<(u32, u32, u32)> =
            self.stubs.iter().map(|(&f, &slot)| (self.m.functions[(f - imports) as usize], slot, f)).collect();
        stubs.sort_unstable();
        kept.extend(stubs.iter().map(|s| s.2));
        kept
    }

    fn primary(&self) -> Result<Vec<u8>, String> {
        let m = self.m;
        let imports = self.imports();
        let kept = self.kept();
        // One import more: `load`.
        let places: BTreeMap<u32, u32> = kept.iter().enumerate().map(|(at, &f)| (f, imports + 1 + at as u32)).collect();
        let index = |f: u32| if f < imports { f } else { places[&f] };
        let loaded = m.globals.len() as u32;
        let mut out = wasm_encoder::Module::new();
        let mut elements_done = false;
        let mut types = m.section(1).unwrap_or(&[0]).to_vec();
        if self.load_type as usize == m.signatures.len() {
            types = extended(&types, 1, &[0x60, 0, 0]);
        }
        for &(id, section) in &m.raw {
            match id {
                1 => {
                    out.section(&RawSection { id, data: &types });
                }
                2 => {
                    let module = m.imports.first().map_or("env", |i| i.0);
                    let mut entry = Vec::new();
                    for name in [module, "load"] {
                        leb(&mut entry, name.len() as u32);
                        entry.extend_from_slice(name.as_bytes());
                    }
                    entry.push(0);
                    leb(&mut entry, self.load_type);
                    out.section(&RawSection { id, data: &extended(section, 1, &entry) });
                }
                3 => {
                    let mut functions = FunctionSection::new();
                    for &f in &kept {
                        functions.function(m.functions[(f - imports) as usize]);
                    }
                    out.section(&functions);
                }
                4 => {
                    let mut tables = TableSection::new();
                    for (i, &(size, ty)) in m.tables.iter().enumerate() {
                        tables.table(table_type(if i == 0 { self.table_size() } else { size }, ty));
                    }
                    out.section(&tables);
                }
                6 => {
                    out.section(&RawSection { id, data: &extended(section, 1, &[0x7f, 1, 0x41, 0, 0x0b]) });
                }
                7 => {
                    let mut exports = ExportSection::new();
                    for &(name, kind, at) in &m.exports {
                        match kind {
                            ExternalKind::Func => exports.export(name, ExportKind::Func, index(at)),
                            ExternalKind::Table => exports.export(name, ExportKind::Table, at),
                            ExternalKind::Memory => exports.export(name, ExportKind::Memory, at),
                            ExternalKind::Global => exports.export(name, ExportKind::Global, at),
                            _ => return Err(format!("export {name} is of a kind this tool does not know")),
                        };
                    }
                    exports.export(&format!("cold:{}", self.hash), ExportKind::Global, loaded);
                    exports.export("cold.table", ExportKind::Table, 0);
                    for &g in &self.globals {
                        exports.export(&format!("cold.g{g}"), ExportKind::Global, g);
                    }
                    out.section(&exports);
                }
                9 => {
                    let mut elements = ElementSection::new();
                    for e in &m.elements {
                        let functions: Vec<u32> = e.functions.iter().map(|&f| index(f)).collect();
                        elements.active(
                            None,
                            &ConstExpr::i32_const(e.offset as i32),
                            Elements::Functions(functions.into()),
                        );
                    }
                    let functions: Vec<u32> = self.shared_slots.iter().map(|&f| index(f)).collect();
                    elements.active(
                        None,
                        &ConstExpr::i32_const(self.first_slot as i32),
                        Elements::Functions(functions.into()),
                    );
                    out.section(&elements);
                    elements_done = true;
                }
                10 => {
                    let mut code = CodeSection::new();
                    for &f in &kept {
                        let i = (f - imports) as usize;
                        let body = if self.hot[i] { rewritten(&m.bodies[i], index, |g| g) } else { self.stub(f) };
                        code.raw(&body);
                    }
                    out.section(&code);
                }
                _ => {
                    out.section(&RawSection { id, data: section });
                }
            }
        }
        if !elements_done {
            return Err("no table segment: nothing to split".into());
        }
        Ok(out.finish())
    }

    fn stub(&self, f: u32) -> Vec<u8> {
        let ty = self.m.functions[(f - self.imports()) as usize];
        let mut out = vec![0, 0x23];
        leb(&mut out, self.m.globals.len() as u32);
        // i32.eqz, if without a result, call, end.
        out.extend_from_slice(&[0x45, 0x04, 0x40, 0x10]);
        leb(&mut out, self.imports());
        out.push(0x0b);
        for p in 0..self.m.signatures[ty as usize].params as u32 {
            out.push(0x20);
            leb(&mut out, p);
        }
        out.push(0x41);
        signed(&mut out, self.stubs[&f] as i32);
        out.push(0x11);
        leb(&mut out, ty);
        out.extend_from_slice(&[0, 0x0b]);
        out
    }

    fn secondary(&self) -> Result<Vec<u8>, String> {
        let m = self.m;
        let imports = self.imports();
        let mut names = ImportSection::new();
        names.import(
            &self.hash,
            "memory",
            wasm_encoder::MemoryType {
                minimum: m.pages,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: None,
            },
        );
        names.import("", "cold.table", table_type(self.table_size(), 0x70));
        for &g in &self.globals {
            let (ty, mutable) = m.globals[g as usize];
            names.import(
                "",
                &format!("cold.g{g}"),
                wasm_encoder::GlobalType { val_type: value_type(ty)?, mutable, shared: false },
            );
        }
        let mut index: BTreeMap<u32, u32> = BTreeMap::new();
        let type_of = |f: u32| if f < imports { m.imports[f as usize].2 } else { m.functions[(f - imports) as usize] };
        let mut shared: Vec<(u32, u32, u32)> = self.shared.iter().map(|(&f, &slot)| (type_of(f), slot, f)).collect();
        shared.sort_unstable();
        for (ty, slot, f) in shared {
            names.import("", &base36(slot), wasm_encoder::EntityType::Function(ty));
            index.insert(f, index.len() as u32);
        }
        let mut functions = FunctionSection::new();
        let mut code = CodeSection::new();
        let cold = self.part(false);
        for &f in &cold {
            index.insert(f, self.shared.len() as u32 + functions.len());
            functions.function(m.functions[(f - imports) as usize]);
        }
        for &f in &cold {
            code.raw(&rewritten(
                &m.bodies[(f - imports) as usize],
                |f| index[&f],
                |g| self.globals.binary_search(&g).unwrap_or_default() as u32,
            ));
        }
        // Runs of neighbouring slots, one segment each.
        let mut slots: BTreeMap<u32, u32> = self.stubs.iter().map(|(&f, &slot)| (slot, index[&f])).collect();
        for e in &m.elements {
            for (i, f) in e.functions.iter().enumerate() {
                if *f >= imports && !self.hot[(f - imports) as usize] {
                    slots.insert(e.offset + i as u32, index[f]);
                }
            }
        }
        let mut elements = ElementSection::new();
        let mut run: Option<(u32, Vec<u32>)> = None;
        for (slot, f) in slots {
            match &mut run {
                Some((from, list)) if *from + list.len() as u32 == slot => list.push(f),
                _ => {
                    flush(&mut elements, run.take());
                    run = Some((slot, vec![f]));
                }
            }
        }
        flush(&mut elements, run);
        let mut out = wasm_encoder::Module::new();
        out.section(&RawSection { id: SectionId::Type as u8, data: m.section(1).unwrap_or(&[0]) });
        out.section(&names).section(&functions).section(&elements).section(&code);
        Ok(out.finish())
    }
}

fn flush(elements: &mut ElementSection, run: Option<(u32, Vec<u32>)>) {
    if let Some((from, list)) = run {
        elements.active(None, &ConstExpr::i32_const(from as i32), Elements::Functions(list.into()));
    }
}

/// A body with other indices.
fn rewritten(body: &Body<'_>, function: impl Fn(u32) -> u32, global: impl Fn(u32) -> u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.bytes.len());
    let mut at = 0;
    for site in &body.sites {
        out.extend_from_slice(&body.bytes[at..site.from]);
        let (op, index) = match site.target {
            Target::Call(f) => (0x10, function(f)),
            Target::RefFunc(f) => (0xd2, function(f)),
            Target::Global(op, g) => (op, global(g)),
        };
        out.push(op);
        leb(&mut out, index);
        at = site.to;
    }
    out.extend_from_slice(&body.bytes[at..]);
    out
}

fn table_type(size: u32, ty: u8) -> wasm_encoder::TableType {
    let element_type = if ty == 0x70 { wasm_encoder::RefType::FUNCREF } else { wasm_encoder::RefType::EXTERNREF };
    wasm_encoder::TableType { element_type, minimum: u64::from(size), maximum: None, table64: false, shared: false }
}

fn value_type(byte: u8) -> Result<wasm_encoder::ValType, String> {
    Ok(match byte {
        0x7f => wasm_encoder::ValType::I32,
        0x7e => wasm_encoder::ValType::I64,
        0x7d => wasm_encoder::ValType::F32,
        0x7c => wasm_encoder::ValType::F64,
        _ => return Err("a global of a type this tool does not know".into()),
    })
}

fn signed(out: &mut Vec<u8>, mut n: i32) {
    loop {
        let byte = n as u8 & 0x7f;
        n >>= 7;
        if (n == 0 && byte & 0x40 == 0) || (n == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// As JavaScript's `toString(36)`.
fn base36(mut n: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(n % 36) as usize]);
        n /= 36;
        if n == 0 {
            break;
        }
    }
    digits.iter().rev().map(|&b| b as char).collect()
}

#[cfg(test)]
mod tests;
