//! A module taken apart as far as splitting needs: sections as they stand, function bodies with the places where they name functions.

use wasmparser::{ElementItems, ElementKind, ExternalKind, FunctionBody, Operator, Parser, Payload, TypeRef, ValType};

/// One function, without its length.
pub struct Body<'a> {
    /// Locals and code.
    pub bytes: &'a [u8],
    /// Calls, and accesses to globals: from and to in `bytes`, the operator's byte, the index it names.
    pub sites: Vec<Site>,
    /// It does what only the module that owns tables and segments can do.
    pub pinned: bool,
}

/// An operator with an index that differs between the parts.
#[derive(Clone, Copy)]
pub struct Site {
    /// Where the operator starts in the body.
    pub from: usize,
    /// Where the next one starts.
    pub to: usize,
    /// What it names.
    pub target: Target,
}

/// What an operator names.
#[derive(Clone, Copy)]
pub enum Target {
    /// `call`.
    Call(u32),
    /// `ref.func`; whoever has one stays where it is.
    RefFunc(u32),
    /// `global.get` and `global.set`, with the operator's byte.
    Global(u8, u32),
}

/// An active segment of the table of functions.
pub struct Element {
    /// Its first place.
    pub offset: u32,
    /// Functions.
    pub functions: Vec<u32>,
}

/// A type of function.
pub struct Signature {
    /// Parameters.
    pub params: usize,
    /// Neither parameters nor results.
    pub bare: bool,
}

/// A module.
#[derive(Default)]
pub struct Module<'a> {
    /// Sections as they stand, by id.
    pub raw: Vec<(u8, &'a [u8])>,
    /// Types.
    pub signatures: Vec<Signature>,
    /// Module, name and type index of the imported functions.
    pub imports: Vec<(&'a str, &'a str, u32)>,
    /// Type index of each defined function.
    pub functions: Vec<u32>,
    /// Entries of each table, and its type's byte.
    pub tables: Vec<(u32, u8)>,
    /// Pages of the memory at the start.
    pub pages: u64,
    /// Value type's byte, and whether it changes.
    pub globals: Vec<(u8, bool)>,
    /// Name, kind, index.
    pub exports: Vec<(&'a str, ExternalKind, u32)>,
    /// Table entries.
    pub elements: Vec<Element>,
    /// Defined functions.
    pub bodies: Vec<Body<'a>>,
}

fn value_byte(ty: ValType) -> Result<u8, String> {
    Ok(match ty {
        ValType::I32 => 0x7f,
        ValType::I64 => 0x7e,
        ValType::F32 => 0x7d,
        ValType::F64 => 0x7c,
        ValType::V128 => 0x7b,
        ValType::Ref(r) if r.is_func_ref() => 0x70,
        ValType::Ref(r) if r.is_extern_ref() => 0x6f,
        ValType::Ref(_) => return Err("a reference type this tool does not know".into()),
    })
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> Result<u32, String> {
    let mut ops = expr.get_operators_reader();
    match ops.read().map_err(text)? {
        Operator::I32Const { value } => Ok(value as u32),
        other => Err(format!("a table offset that is no constant: {other:?}")),
    }
}

/// What the reader says, as an outcome's text.
fn text(e: wasmparser::BinaryReaderError) -> String {
    e.to_string()
}

impl<'a> Module<'a> {
    /// Takes `bytes` apart; refuses what the split would get wrong.
    pub fn read(bytes: &'a [u8]) -> Result<Module<'a>, String> {
        let mut m = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(text)?;
            if let Some((id, range)) = payload.as_section()
                && id != 0
            {
                m.raw.push((id, &bytes[range]));
            }
            match payload {
                Payload::TypeSection(reader) => {
                    for ty in reader.into_iter_err_on_gc_types() {
                        let ty = ty.map_err(text)?;
                        m.signatures.push(Signature {
                            params: ty.params().len(),
                            bare: ty.params().is_empty() && ty.results().is_empty(),
                        });
                    }
                }
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        let import = import.map_err(text)?;
                        let TypeRef::Func(ty) = import.ty else {
                            return Err(format!("an import that is no function: {}", import.name));
                        };
                        m.imports.push((import.module, import.name, ty));
                    }
                }
                Payload::FunctionSection(reader) => {
                    for ty in reader {
                        m.functions.push(ty.map_err(text)?);
                    }
                }
                Payload::TableSection(reader) => {
                    for table in reader {
                        let ty = table.map_err(text)?.ty;
                        if ty.maximum.is_some() {
                            return Err("a table that cannot grow".into());
                        }
                        m.tables.push((ty.initial as u32, value_byte(ValType::Ref(ty.element_type))?));
                    }
                }
                Payload::MemorySection(reader) => {
                    for memory in reader {
                        m.pages = memory.map_err(text)?.initial;
                    }
                }
                Payload::GlobalSection(reader) => {
                    for global in reader {
                        let ty = global.map_err(text)?.ty;
                        m.globals.push((value_byte(ty.content_type)?, ty.mutable));
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let e = export.map_err(text)?;
                        m.exports.push((e.name, e.kind, e.index));
                    }
                }
                Payload::StartSection { .. } => return Err("a start function".into()),
                Payload::ElementSection(reader) => {
                    for element in reader {
                        let element = element.map_err(text)?;
                        let ElementKind::Active { table_index, offset_expr } = element.kind else {
                            return Err("a segment that is not active".into());
                        };
                        if table_index.unwrap_or(0) != 0 {
                            return Err("a segment of another table".into());
                        }
                        let ElementItems::Functions(items) = element.items else {
                            return Err("a segment of expressions".into());
                        };
                        let functions = items.into_iter().collect::<Result<_, _>>().map_err(text)?;
                        m.elements.push(Element { offset: constant(&offset_expr)?, functions });
                    }
                }
                Payload::CodeSectionEntry(body) => m.bodies.push(read_body(&body)?),
                _ => {}
            }
        }
        if m.tables.first().is_none_or(|&(_, ty)| ty != 0x70) {
            return Err("the first table is not one of functions".into());
        }
        Ok(m)
    }

    /// A section as it stands.
    pub fn section(&self, id: u8) -> Option<&'a [u8]> {
        self.raw.iter().find(|&&(i, _)| i == id).map(|&(_, bytes)| bytes)
    }
}

fn read_body<'a>(body: &FunctionBody<'a>) -> Result<Body<'a>, String> {
    let bytes = body.as_bytes();
    let base = body.range().start;
    let mut ops = body.get_operators_reader().map_err(text)?;
    let mut out = Body { bytes, sites: Vec::new(), pinned: false };
    while !ops.eof() {
        let from = ops.original_position() - base;
        let op = ops.read().map_err(text)?;
        let to = ops.original_position() - base;
        let target = match op {
            Operator::Call { function_index } => Target::Call(function_index),
            Operator::RefFunc { function_index } => {
                out.pinned = true;
                Target::RefFunc(function_index)
            }
            Operator::GlobalGet { global_index } => Target::Global(0x23, global_index),
            Operator::GlobalSet { global_index } => Target::Global(0x24, global_index),
            Operator::ReturnCall { .. } => return Err("a tail call".into()),
            Operator::CallIndirect { table_index, .. } if table_index != 0 => {
                return Err("a call through another table".into());
            }
            Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSize { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::MemoryInit { .. }
            | Operator::DataDrop { .. } => {
                out.pinned = true;
                continue;
            }
            _ => continue,
        };
        out.sites.push(Site { from, to, target });
    }
    Ok(out)
}

/// Appends an unsigned number as wasm writes it.
pub fn leb(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A section's entries with more behind them.
pub fn extended(section: &[u8], more: u32, entries: &[u8]) -> Vec<u8> {
    let (mut count, mut shift, mut at) = (0u32, 0, 0);
    loop {
        let byte = section[at];
        count |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut out = Vec::with_capacity(section.len() + entries.len() + 5);
    leb(&mut out, count + more);
    out.extend_from_slice(&section[at..]);
    out.extend_from_slice(entries);
    out
}
