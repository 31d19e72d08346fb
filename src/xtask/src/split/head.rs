//! What stands before the second part's code, as numbers: its lists of functions go by type and place, so that nearly everything is the step from
//! the one before.

use wasmparser::{ElementItems, ElementKind, Parser, Payload, TypeRef};

use tusklet_packing::contexts::Column;

use super::base36;
use super::module::{constant, leb, text};

/// What stands before the code.
#[derive(Default)]
pub struct Head {
    /// The sections before that of imports.
    pub sections: Vec<u8>,
    /// The entries of the section of imports that are no functions, and how many they are.
    pub entries: (Vec<u8>, u32),
    /// Everything else.
    pub numbers: Vec<(Column, u32)>,
}

fn distance(from: &mut u32, to: u32) -> u32 {
    let d = to.wrapping_sub(*from) as i32;
    *from = to;
    (d << 1 ^ d >> 31) as u32
}

impl Head {
    /// Takes a second part's head apart; refuses what has no place in numbers.
    pub fn read(wasm: &[u8]) -> Result<Head, String> {
        let mut head = Head::default();
        let numbers = &mut head.numbers;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(text)?;
            let section = payload.as_section();
            match payload {
                Payload::ImportSection(reader) => {
                    let range = section.ok_or("no section")?.1;
                    let mut entries = Vec::new();
                    let (mut regular, mut others) = (0, 0);
                    let (mut ty, mut slot) = (0, 0);
                    for import in reader.into_imports() {
                        let import = import.map_err(text)?;
                        let TypeRef::Func(t) = import.ty else {
                            others += 1;
                            continue;
                        };
                        let s = u32::from_str_radix(import.name, 36).map_err(|e| e.to_string())?;
                        // No module, the name, a function, its type.
                        let mut type_bytes = Vec::new();
                        leb(&mut type_bytes, t);
                        regular += 3 + base36(s).len() + type_bytes.len();
                        entries.push((Column::Type, t.checked_sub(ty).ok_or("imports are not in the order of types")?));
                        entries.push((Column::Slot, distance(&mut slot, s)));
                        ty = t;
                    }
                    numbers.push((Column::Count, entries.len() as u32 / 2));
                    let lengths = [range.len() as u32, others + entries.len() as u32 / 2].map(|n| {
                        let mut bytes = Vec::new();
                        leb(&mut bytes, n);
                        bytes.len()
                    });
                    numbers.extend(entries);
                    head.sections = wasm[..range.start - lengths[0] - 1].to_vec();
                    head.entries = (wasm[range.start + lengths[1]..range.end - regular].to_vec(), others);
                }
                Payload::FunctionSection(reader) => {
                    numbers.push((Column::Count, reader.count()));
                    let mut ty = 0;
                    for t in reader {
                        let t = t.map_err(text)?;
                        numbers
                            .push((Column::Type, t.checked_sub(ty).ok_or("functions are not in the order of types")?));
                        ty = t;
                    }
                }
                Payload::ElementSection(reader) => {
                    numbers.push((Column::Count, reader.count()));
                    let (mut slot, mut function) = (0, 0);
                    for element in reader {
                        let element = element.map_err(text)?;
                        let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(items)) =
                            (element.kind, element.items)
                        else {
                            return Err("a segment of another kind".into());
                        };
                        let offset = constant(&offset_expr)?;
                        numbers.push((Column::Gap, offset.checked_sub(slot).ok_or("segments are out of order")?));
                        numbers.push((Column::Gap, items.count()));
                        slot = offset + items.count();
                        for f in items {
                            numbers.push((Column::Function, distance(&mut function, f.map_err(text)?)));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(head)
    }
}
